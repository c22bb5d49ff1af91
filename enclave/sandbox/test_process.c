/*
 * Hygiene of daemons: descriptors by number are what they are said to be, nothing else stays open,
 * root is dropped for good, and the last step of the warden leaves it exactly its folder.
 * The one-way steps are taken in child processes; a child's exit status is the number of the check
 * that failed.
 */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "sandbox/process.h"

#define FILTERED (1000 + SIGSYS)

/* Exit status of `act` in a child, or 1000 + signal. */
static int in_child(int (*act)(void *arg), void *arg)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(act(arg));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- descriptors by number ---- */

enum sample {
    SEQPACKET,
    STREAM,
    DATAGRAM,
    UNIX_LISTENER,
    TCP_LISTENER,
    TCP_IDLE,
    DIRECTORY,
    REGULAR,
    N_SAMPLES
};

static void make_samples(int ret[N_SAMPLES])
{
    int pair[2];
    struct sockaddr_un any = {.sun_family = AF_UNIX}; /* the kernel picks a name */
    const int types[] = {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, pair), 0);
        ret[SEQPACKET + i] = pair[0];
        assert_int_equal(close(pair[1]), 0);
    }
    ret[UNIX_LISTENER] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(ret[UNIX_LISTENER], (struct sockaddr *)&any, sizeof(sa_family_t)), 0);
    assert_int_equal(listen(ret[UNIX_LISTENER], 1), 0);
    ret[TCP_LISTENER] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(listen(ret[TCP_LISTENER], 1), 0);
    ret[TCP_IDLE] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ret[DIRECTORY] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ret[REGULAR] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static void close_samples(int fds[N_SAMPLES])
{
    for (size_t i = 0; i < N_SAMPLES; i++) {
        assert_true(fds[i] > STDERR_FILENO);
        sy_fd_close(&fds[i]);
    }
}

/* Which sample is of which type: exactly the listed one. */
static void test_types_are_told_apart(void **state)
{
    (void)state;
    static const enum sample of_type[SANDBOX_FD_TYPE_N] = {
        [SANDBOX_FD_UNIX_SEQPACKET] = SEQPACKET,    [SANDBOX_FD_UNIX_STREAM] = STREAM,
        [SANDBOX_FD_UNIX_LISTENER] = UNIX_LISTENER, [SANDBOX_FD_TCP_LISTENER] = TCP_LISTENER,
        [SANDBOX_FD_DIRECTORY] = DIRECTORY,         [SANDBOX_FD_FILE] = REGULAR};
    int fds[N_SAMPLES];
    make_samples(fds);
    for (int type = SANDBOX_FD_UNIX_SEQPACKET; type < SANDBOX_FD_TYPE_N; type++) {
        for (size_t i = 0; i < N_SAMPLES; i++) {
            sy_status s = sandbox_fd_check(fds[i], (enum sandbox_fd_type)type, NULL);
            assert_int_equal(sy_ok(s), i == of_type[type]);
        }
        check_code(sandbox_fd_check(-1, (enum sandbox_fd_type)type, NULL), SY_E_FIELD);
    }
    check_code(sandbox_fd_check(fds[0], SANDBOX_FD_TYPE_N, NULL), SY_E_USAGE);
    close_samples(fds);
}

/* before, the number, after */
static sy_status take(struct sandbox_fd_slot slots[3], const char *before, int fd,
                      const char *after)
{
    char arg[64];
    (void)snprintf(arg, sizeof(arg), "%s%d%s", before, fd, after);
    return sandbox_fd_take(arg, slots, 3, NULL);
}

#define SLOTS                                                                                      \
    {                                                                                              \
        {"control", SANDBOX_FD_UNIX_SEQPACKET, false, -1},                                         \
            {"gateway", SANDBOX_FD_UNIX_STREAM, false, -1},                                        \
            {"other", SANDBOX_FD_UNIX_SEQPACKET, true, -1},                                        \
    }

static void test_slots_refuse_what_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        enum sample sample;
        const char *after;
    } refused[] = {{"control=", STREAM, ""},
                   {"gateway=", SEQPACKET, ""},
                   {"contro=", SEQPACKET, ""},
                   {"controls=", SEQPACKET, ""},
                   {"control", SEQPACKET, ""},
                   {"control=+", SEQPACKET, ""},
                   {"control= ", SEQPACKET, ""},
                   {"control=", SEQPACKET, "x"},
                   {"control=0", SEQPACKET, ""},
                   {"control=-", SEQPACKET, ""},
                   {"control=", SEQPACKET, "9999"},
                   {"=", SEQPACKET, ""},
                   {"control=99999999999", SEQPACKET, ""}};
    static const char *const whole[] = {"control=", "control=2", "control=0", ""};
    int fds[N_SAMPLES];
    struct sandbox_fd_slot slots[3] = SLOTS;
    make_samples(fds);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        check_code(take(slots, refused[i].before, fds[refused[i].sample], refused[i].after),
                   SY_E_FIELD);
    }
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        check_code(sandbox_fd_take(whole[i], slots, 3, NULL), SY_E_FIELD);
    }
    assert_int_equal(slots[0].fd, -1);
    close_samples(fds);
}

static void test_slots_take_each_once(void **state)
{
    (void)state;
    int fds[N_SAMPLES];
    struct sandbox_fd_slot slots[3] = SLOTS;
    make_samples(fds);
    check_ok(take(slots, "control=", fds[SEQPACKET], ""));
    check_code(take(slots, "control=", fds[SEQPACKET], ""), SY_E_FIELD); /* again */
    check_code(take(slots, "other=", fds[SEQPACKET], ""), SY_E_FIELD);   /* same number */
    check_ok(take(slots, "gateway=", fds[STREAM], ""));
    assert_int_equal(slots[0].fd, fds[SEQPACKET]);
    close_samples(fds);
}

static void test_mandatory_slots_are_missed(void **state)
{
    (void)state;
    struct sandbox_fd_slot slots[3] = SLOTS;
    struct sy_error e = {0};
    slots[0].fd = 3;
    check_code(sandbox_fds_check(slots, 3, &e), SY_E_FIELD);
    assert_non_null(strstr(e.reason, "gateway"));
    slots[1].fd = 4;
    check_ok(sandbox_fds_check(slots, 3, &e)); /* "other" is optional */
}

/* ---- hygiene ---- */

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int act_close_others(void *arg)
{
    (void)arg;
    for (int fd = 10; fd < 20; fd++) {
        if (dup2(STDERR_FILENO, fd) != fd) {
            return 1;
        }
    }
    const int keep[] = {15, -1, 11, 1, 15};
    if (!sy_ok(sandbox_close_others(keep, 5, NULL))) {
        return 2;
    }
    for (int fd = 0; fd < 100; fd++) {
        if (is_open(fd) != (fd <= STDERR_FILENO || fd == 11 || fd == 15)) {
            return fd + 3;
        }
    }
    return sy_ok(sandbox_close_others(NULL, 0, NULL)) && !is_open(11) ? 0 : 255;
}

static void test_others_are_closed(void **state)
{
    (void)state;
    assert_int_equal(in_child(act_close_others, NULL), 0);
}

static int act_enter_process(void *arg)
{
    (void)arg;
    struct sandbox_fd_slot slots[] = {{"data", SANDBOX_FD_DIRECTORY, false, -1}};
    int dir = open("/", O_RDONLY | O_DIRECTORY);   // NOLINT(android-cloexec-open): it becomes so
    int stray = open("/", O_RDONLY | O_DIRECTORY); // NOLINT(android-cloexec-open)
    char name[32];
    struct rlimit core = {1, 1};
    (void)snprintf(name, sizeof(name), "data=%d", dir);
    if (setenv("LD_PRELOAD", "x", 1) != 0 || !sy_ok(sandbox_fd_take(name, slots, 1, NULL)) ||
        !sy_ok(sandbox_enter_process(slots, 1, NULL))) {
        return 1;
    }
    if (!is_open(dir) || is_open(stray) || (fcntl(dir, F_GETFD) & FD_CLOEXEC) == 0) {
        return 2;
    }
    const char *zone = getenv("TZ");
    if (getenv("LD_PRELOAD") != NULL || zone == NULL || strcmp(zone, "UTC") != 0) {
        return 3;
    }
    if (prctl(PR_GET_DUMPABLE) != 0 || getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) {
        return 4;
    }
    return umask(0) == 077 ? 0 : 5;
}

static void test_process_hygiene(void **state)
{
    (void)state;
    assert_int_equal(in_child(act_enter_process, NULL), 0);
}

static void *do_nothing(void *arg)
{
    (void)pause();
    return arg;
}

static int act_with_thread(void *arg)
{
    (void)arg;
    pthread_t t;
    if (!sy_ok(sandbox_check_single_threaded(NULL)) ||
        pthread_create(&t, NULL, do_nothing, NULL) != 0) {
        return 1;
    }
    int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return sandbox_check_single_threaded(NULL).code == SY_E_STATE &&
                   sandbox_enter_warden(dir, NULL).code == SY_E_STATE
               ? 0
               : 2;
}

static void test_threads_are_noticed(void **state)
{
    (void)state;
    assert_int_equal(in_child(act_with_thread, NULL), 0);
}

static int act_drop(void *arg)
{
    (void)arg;
    int signal = 0;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || !sy_ok(sandbox_drop_to(65534, 65533, NULL))) {
        return 1;
    }
    if (getuid() != 65534 || getgid() != 65533 || getgroups(0, NULL) != 0 || setuid(0) == 0) {
        return 2;
    }
    if (prctl(PR_GET_PDEATHSIG, &signal) != 0 || signal != SIGTERM) {
        return 3;
    }
    /* again is fine, another is not */
    return sy_ok(sandbox_drop_to(65534, 65533, NULL)) &&
                   sandbox_drop_to(65532, 65533, NULL).code == SY_E_DENIED
               ? 0
               : 4;
}

static void test_root_is_dropped_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        check_skip("needs root");
    }
    assert_int_equal(in_child(act_drop, NULL), 0);
}

/* ---- roles ---- */

struct place {
    char path[64];
    int dir;
    int tcp; /* listening, on any port */
};

static int setup_place(void **state)
{
    static struct place p;
    (void)snprintf(p.path, sizeof(p.path), "/tmp/shuyu-process-XXXXXX");
    assert_non_null(mkdtemp(p.path));
    p.dir = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p.dir >= 0);
    check_ok(sy_replace_file_at(p.dir, "tile", sy_view_str("t"), 0644));
    p.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(listen(p.tcp, 1), 0);
    *state = &p;
    return 0;
}

static int teardown_place(void **state)
{
    struct place *p = *state;
    (void)unlinkat(p->dir, "tile", 0);
    (void)unlinkat(p->dir, "new", 0);
    sy_fd_close(&p->dir);
    sy_fd_close(&p->tcp);
    return rmdir(p->path);
}

static int open_errno(int dir, const char *name, int flags)
{
    int fd = openat(dir, name, flags | O_CLOEXEC, 0600);
    int e = fd < 0 ? errno : 0;
    sy_fd_close(&fd);
    return e;
}

/* What the warden must no longer be able to do. */
static int check_closed_in(const struct place *p)
{
    if (open_errno(AT_FDCWD, "/etc/passwd", O_RDONLY) != EACCES ||
        open_errno(p->dir, "../new", O_WRONLY | O_CREAT) != EACCES) {
        return 10;
    }
    if (socket(AF_INET, SOCK_DGRAM, 0) >= 0 || errno != EACCES) {
        return 11;
    }
    int pidfd = pidfd_open(getppid(), 0);
    if (pidfd < 0 || pidfd_send_signal(pidfd, 0, NULL, 0) == 0 || errno != EPERM) {
        return 12;
    }
    return setuid(0) == 0 && getuid() != 0 ? 13 : 0;
}

static void *answer(void *arg)
{
    *(int *)arg = 42;
    return NULL;
}

static int check_thread_starts(void)
{
    pthread_t t;
    int got = 0;
    return pthread_create(&t, NULL, answer, &got) == 0 && pthread_join(t, NULL) == 0 && got == 42
               ? 0
               : 20;
}

static int act_warden(void *arg)
{
    const struct place *p = arg;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(100);
    int pair[2];
    if (!sy_ok(sandbox_enter_warden(p->dir, NULL))) {
        return 1;
    }
    if (!sy_ok(sy_replace_file_at(p->dir, "new", sy_view_str("n"), 0600)) ||
        !sy_ok(sy_read_file_at(p->dir, "new", &b)) || unlinkat(p->dir, "new", 0) != 0 ||
        mkdirat(p->dir, "sub", 0700) != 0 || unlinkat(p->dir, "sub", AT_REMOVEDIR) != 0) {
        return 2;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return 3;
    }
    if (accept(p->tcp, NULL, NULL) >= 0 || errno != EAGAIN) {
        return 4; /* accepting is not in the way */
    }
    int e = check_closed_in(p);
    return e != 0 ? e : check_thread_starts();
}

static void test_warden_keeps_its_folder_only(void **state)
{
    assert_int_equal(in_child(act_warden, *state), 0);
}

static int act_exec(void *arg)
{
    const struct place *p = arg;
    char *const argv[] = {(char[]){"/bin/true"}, NULL};
    if (!sy_ok(sandbox_enter_warden(p->dir, NULL))) {
        return 1;
    }
    (void)execve(argv[0], argv, argv + 1);
    return 2;
}

static int act_fork(void *arg)
{
    const struct place *p = arg;
    if (!sy_ok(sandbox_enter_warden(p->dir, NULL))) {
        return 1;
    }
    pid_t pid = fork();
    _exit(pid == 0 ? 3 : 2);
}

static void test_warden_starts_nothing(void **state)
{
    assert_int_equal(in_child(act_exec, *state), FILTERED);
    assert_int_equal(in_child(act_fork, *state), FILTERED);
}

static int act_not_a_directory(void *arg)
{
    const struct place *p = arg;
    return sandbox_enter_warden(p->tcp, NULL).code == SY_E_FIELD ? 0 : 1;
}

static void test_warden_needs_a_directory(void **state)
{
    assert_int_equal(in_child(act_not_a_directory, *state), 0);
}

/* ---- control edge ---- */

static void make_control(int ret[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret), 0);
}

static void test_control_carries_bytes_and_descriptors(void **state)
{
    (void)state;
    int pair[2];
    uint8_t what = 0;
    int fd = -1;
    make_control(pair);
    check_ok(sandbox_control_ready(pair[0]));
    check_ok(sandbox_control_next(pair[1], &what, NULL));
    assert_int_equal(what, SANDBOX_CONTROL_READY);
    check_ok(sandbox_control_send(pair[1], SANDBOX_CONTROL_GATEWAY, pair[1]));
    check_ok(sandbox_control_next(pair[0], &what, &fd));
    check_ok(sandbox_fd_check(fd, SANDBOX_FD_UNIX_SEQPACKET, NULL));
    sy_fd_close(&fd);
    sy_fd_close(&pair[0]);
    sy_fd_close(&pair[1]);
}

static void test_control_refuses_the_rest(void **state)
{
    (void)state;
    int pair[2];
    uint8_t what = 0;
    int fd = -1;
    make_control(pair);
    check_ok(sandbox_control_send(pair[1], SANDBOX_CONTROL_GATEWAY, pair[1]));
    check_code(sandbox_control_next(pair[0], &what, NULL), SY_E_FRAME); /* none was wanted */
    check_ok(sy_write_all(pair[1], "rr", 2));
    check_code(sandbox_control_next(pair[0], &what, &fd), SY_E_FRAME);
    sy_fd_close(&pair[1]);
    check_code(sandbox_control_next(pair[0], &what, &fd), SY_E_CLOSED);
    sy_fd_close(&pair[0]);
}

#define WITH_PLACE(t) cmocka_unit_test_setup_teardown(t, setup_place, teardown_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_are_told_apart),
        cmocka_unit_test(test_slots_refuse_what_does_not_fit),
        cmocka_unit_test(test_slots_take_each_once),
        cmocka_unit_test(test_mandatory_slots_are_missed),
        cmocka_unit_test(test_others_are_closed),
        cmocka_unit_test(test_process_hygiene),
        cmocka_unit_test(test_threads_are_noticed),
        cmocka_unit_test(test_root_is_dropped_for_good),
        WITH_PLACE(test_warden_keeps_its_folder_only),
        WITH_PLACE(test_warden_starts_nothing),
        WITH_PLACE(test_warden_needs_a_directory),
        cmocka_unit_test(test_control_carries_bytes_and_descriptors),
        cmocka_unit_test(test_control_refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
