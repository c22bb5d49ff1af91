/*
 * The supervisor as a process: order of start, what each role is handed, restart of courier and gateway,
 * fail-closed end when zygote or warden dies, orderly and forced stop. Its roles are stand-ins
 * (test_fake_role.c) that write a trace to standard error, which is a file here.
 */
#include "check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"

#define SECOND 1000000000ULL

struct fixture {
    char domain[64];
    int domain_fd;
    pid_t pid;        /* supervisor; 0 when none */
    int out;          /* its standard output, read end */
    char trace[80];   /* file of its standard error */
    char text[16384]; /* last read of the trace */
};

/* ---- fixture ---- */

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->out = -1;
    (void)snprintf(f->domain, sizeof(f->domain), "/tmp/shuyu-supervisor-XXXXXX");
    assert_non_null(mkdtemp(f->domain));
    (void)snprintf(f->trace, sizeof(f->trace), "%s/trace", f->domain);
    f->domain_fd = open(f->domain, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(f->domain_fd >= 0);
    assert_int_equal(mkdirat(f->domain_fd, "ledger", 0700), 0);
    assert_int_equal(mkdirat(f->domain_fd, "ledger/public", 0755), 0);
    *state = f;
    return 0;
}

static void remove_files(int dirfd, const char *folder)
{
    int fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir)) {
        (void)unlinkat(fd, e->d_name, 0);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->pid > 0) {
        (void)kill(f->pid, SIGKILL);
        (void)waitpid(f->pid, NULL, 0);
    }
    sy_fd_close(&f->out);
    remove_files(f->domain_fd, "run");
    remove_files(f->domain_fd, ".");
    (void)unlinkat(f->domain_fd, "run", AT_REMOVEDIR);
    (void)unlinkat(f->domain_fd, "ledger/public", AT_REMOVEDIR);
    (void)unlinkat(f->domain_fd, "ledger", AT_REMOVEDIR);
    sy_fd_close(&f->domain_fd);
    (void)rmdir(f->domain);
    free(f);
    return 0;
}

static const char *needed_env(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        fail_msg("%s is not set", name);
    }
    return value != NULL ? value : "";
}

/* The command line of a supervisor of fakes, plus `more` (NULL-terminated). */
static void build_argv(const struct fixture *f, const char *const *more, char ret[24][300],
                       char *argv[25])
{
    static const char *const roles[] = {"zygote", "warden", "courier", "gateway"};
    size_t n = 0;
    const char *fixed[] = {needed_env("SHUYU_SUPERVISOR"), "--domain", f->domain, "--listen",
                           "127.0.0.1:0"};
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(ret[n++], 300, "%s", fixed[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(ret[n++], 300, "--bin=%s=%s", roles[i], needed_env("SHUYU_FAKE_ROLE"));
        (void)snprintf(ret[n++], 300, "--arg=%s=--role=%s", roles[i], roles[i]);
    }
    for (size_t i = 0; more != NULL && more[i] != NULL && n < 24; i++) {
        (void)snprintf(ret[n++], 300, "%s", more[i]);
    }
    for (size_t i = 0; i < n; i++) {
        argv[i] = ret[i];
    }
    argv[n] = NULL;
}

static pid_t launch(struct fixture *f, const char *const *more, int *ret_out)
{
    static char words[24][300];
    char *argv[25];
    int ends[2];
    build_argv(f, more, words, argv);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int trace = open(f->trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        (void)setenv("SECRET", "x", 1);
        (void)setenv("LD_LIBRARY_PATH", "/nowhere", 1);
        (void)dup2(trace, STDERR_FILENO);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(trace, 30); /* a stray descriptor that must not reach a role */
        (void)execv(argv[0], argv);
        _exit(126);
    }
    (void)close(ends[1]);
    *ret_out = ends[0];
    return pid;
}

static void start(struct fixture *f, const char *const *more)
{
    f->pid = launch(f, more, &f->out);
}

/* One line of standard output, without its newline; false at its end. */
static bool read_line(int fd, char *ret, size_t cap)
{
    size_t n = 0;
    while (n + 1 < cap && sy_ok(sy_read_all(fd, ret + n, 1)) && ret[n] != '\n') {
        n++;
    }
    bool whole = ret[n] == '\n';
    ret[n] = '\0';
    return whole;
}

/* Waits for "ready"; returns the port. */
static unsigned long await_ready(struct fixture *f)
{
    static const char head[] = "ready 127.0.0.1:";
    char line[100] = "";
    if (!read_line(f->out, line, sizeof(line)) || strncmp(line, head, sizeof(head) - 1) != 0) {
        fail_msg("no ready: %s", line);
    }
    return strtoul(line + sizeof(head) - 1, NULL, 10);
}

static void read_trace(struct fixture *f)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(sizeof(f->text) - 1);
    sy_status s = sy_read_file_at(f->domain_fd, "trace", &b);
    assert_true(sy_ok(s) || s.code == SY_E_NOT_FOUND); /* not begun yet */
    sy_view_to_cstr(sy_buf_view(&b), f->text, sizeof(f->text));
}

/* How often the trace has the line. */
static size_t count(struct fixture *f, const char *line)
{
    size_t n = 0;
    read_trace(f);
    for (const char *at = strstr(f->text, line); at != NULL; at = strstr(at + 1, line)) {
        n++;
    }
    return n;
}

static void nap(void)
{
    struct timespec t = {.tv_nsec = 10000000};
    (void)nanosleep(&t, NULL);
}

static void await_count(struct fixture *f, const char *line, size_t n)
{
    uint64_t until = sy_mono_ns() + 20 * SECOND;
    while (count(f, line) < n) {
        if (sy_mono_ns() > until) {
            fail_msg("not %zu times: %s\n%s", n, line, f->text);
        }
        nap();
    }
}

/* 0 when there is no such file. */
static pid_t pid_of(struct fixture *f, const char *role)
{
    char name[64];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(32);
    (void)snprintf(name, sizeof(name), "run/%s.pid", role);
    if (!sy_ok(sy_read_file_at(f->domain_fd, name, &b)) || !sy_ok(sy_buf_add(&b, "", 1))) {
        return 0;
    }
    return (pid_t)strtol((const char *)b.p, NULL, 10);
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void await_gone(pid_t pid)
{
    uint64_t until = sy_mono_ns() + 10 * SECOND;
    while (is_alive(pid)) {
        assert_true(sy_mono_ns() < until);
        nap();
    }
}

/* The supervisor's exit status, and how long it took. */
static int await_exit(struct fixture *f, uint64_t *ret_ns)
{
    int status = 0;
    uint64_t from = sy_mono_ns();
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    f->pid = 0;
    *ret_ns = sy_mono_ns() - from;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- start ---- */

static const char *place_in(const struct fixture *f, const char *line)
{
    const char *at = strstr(f->text, line);
    if (at == NULL) {
        fail_msg("missing: %s\n%s", line, f->text);
    }
    return at;
}

static void test_roles_start_in_order(void **state)
{
    struct fixture *f = *state;
    start(f, NULL);
    (void)await_ready(f);
    read_trace(f);
    const char *zygote = place_in(f, "ready role=zygote");
    const char *warden = place_in(f, "ready role=warden");
    const char *courier = place_in(f, "ready role=courier");
    assert_true(place_in(f, "fake zygote start") < zygote);
    assert_true(zygote < place_in(f, "fake courier start"));
    assert_true(courier < place_in(f, "fake warden start"));
    assert_true(place_in(f, "fake warden worker") < warden);
    assert_true(place_in(f, "fake warden start") < place_in(f, "fake courier edge"));
    assert_true(warden < place_in(f, "fake gateway start"));
    assert_true(place_in(f, "fake gateway edge") < place_in(f, "ready role=gateway"));
}

static void test_each_role_gets_its_descriptors_only(void **state)
{
    struct fixture *f = *state;
    start(f, NULL);
    (void)await_ready(f);
    read_trace(f);
    (void)place_in(f, "fake zygote fds 0 1 2 3 5\n");
    (void)place_in(f, "fake warden fds 0 1 2 3 4 6 7 9 11\n");
    (void)place_in(f, "fake courier fds 0 1 2 3 5\n");
    (void)place_in(f, "fake gateway fds 0 1 2 3 5 8 10\n");
}

static void test_environment_is_clean(void **state)
{
    struct fixture *f = *state;
    start(f, NULL);
    (void)await_ready(f);
    assert_int_equal(count(f, "fake warden env PATH=/usr/bin:/bin\n"), 1);
    assert_int_equal(count(f, "fake warden env LANG=C.UTF-8\n"), 1);
    assert_int_equal(count(f, "fake warden env TZ=UTC\n"), 1);
    assert_int_equal(count(f, "fake warden env "), 3);
}

static void test_sockets_and_pid_files(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    start(f, NULL);
    unsigned long port = await_ready(f);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    SY_FD_CLEANUP int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(sock, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(fstatat(f->domain_fd, "run/local.sock", &st, 0), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_int_equal(pid_of(f, "supervisor"), f->pid);
    assert_true(is_alive(pid_of(f, "zygote")));
    assert_true(is_alive(pid_of(f, "warden")));
    assert_true(is_alive(pid_of(f, "courier")));
    assert_true(is_alive(pid_of(f, "gateway")));
}

/* ---- death ---- */

/* Killed three times; `other`, which is started again too, is left alone. */
static void check_started_again(struct fixture *f, const char *role, const char *other)
{
    char ready[64];
    char renewed[64];
    char edge[64];
    (void)snprintf(ready, sizeof(ready), "ready role=%s", role);
    (void)snprintf(renewed, sizeof(renewed), "fake warden new-%s", role);
    (void)snprintf(edge, sizeof(edge), "fake %s edge", role);
    start(f, NULL);
    (void)await_ready(f);
    pid_t warden = pid_of(f, "warden");
    pid_t left_alone = pid_of(f, other);
    for (size_t i = 1; i <= 3; i++) {
        pid_t before = pid_of(f, role);
        assert_int_equal(kill(before, SIGKILL), 0);
        await_count(f, ready, i + 1);
        assert_int_not_equal(pid_of(f, role), before);
        assert_int_equal(count(f, renewed), i);
        assert_int_equal(count(f, edge), i + 1); /* the fresh edge works */
    }
    assert_int_equal(pid_of(f, "warden"), warden);
    assert_int_equal(pid_of(f, other), left_alone);
    assert_true(is_alive(f->pid));
}

static void test_gateway_is_started_again(void **state)
{
    check_started_again(*state, "gateway", "courier");
}

static void test_courier_is_started_again(void **state)
{
    check_started_again(*state, "courier", "gateway");
}

static void check_death_stops_all(struct fixture *f, const char *role)
{
    static const char *const roles[] = {"zygote", "warden", "courier", "gateway"};
    pid_t pids[4];
    char line[64];
    uint64_t took = 0;
    start(f, NULL);
    (void)await_ready(f);
    for (size_t i = 0; i < 4; i++) {
        pids[i] = pid_of(f, roles[i]);
    }
    assert_int_equal(kill(pid_of(f, role), SIGKILL), 0);
    assert_int_equal(await_exit(f, &took), 1);
    assert_true(took < 3 * SECOND);
    for (size_t i = 0; i < 4; i++) {
        assert_false(is_alive(pids[i]));
        assert_int_equal(pid_of(f, roles[i]), 0);
    }
    (void)snprintf(line, sizeof(line), "stopped because a role died role=%s\n", role);
    assert_int_equal(count(f, line), 1);
}

static void test_warden_death_stops_all(void **state)
{
    check_death_stops_all(*state, "warden");
}

static void test_zygote_death_stops_all(void **state)
{
    check_death_stops_all(*state, "zygote");
}

static void test_deaf_roles_are_killed(void **state)
{
    struct fixture *f = *state;
    const char *more[] = {"--arg=zygote=--deaf", "--arg=gateway=--deaf", "--arg=warden=--lone",
                          NULL};
    uint64_t took = 0;
    start(f, more);
    (void)await_ready(f);
    assert_int_equal(kill(pid_of(f, "warden"), SIGKILL), 0);
    assert_int_equal(await_exit(f, &took), 1);
    assert_true(took < 4 * SECOND);
}

static void check_failed_start(struct fixture *f, const char *arg, const char *role)
{
    const char *more[] = {arg, NULL};
    char line[64];
    uint64_t took = 0;
    start(f, more);
    assert_false(read_line(f->out, line, sizeof(line)));
    assert_int_equal(await_exit(f, &took), 1);
    (void)snprintf(line, sizeof(line), "stopped because a role died role=%s\n", role);
    assert_int_equal(count(f, line), 1);
}

static void test_zygote_that_cannot_start(void **state)
{
    check_failed_start(*state, "--arg=zygote=--die", "zygote");
    assert_int_equal(count(*state, "fake warden start"), 0);
}

static void test_gateway_that_cannot_start(void **state)
{
    check_failed_start(*state, "--arg=gateway=--die", "gateway");
}

static void test_role_that_says_nonsense(void **state)
{
    check_failed_start(*state, "--arg=warden=--wrong", "warden");
    assert_int_equal(count(*state, "fake gateway start"), 0);
}

static void test_program_that_is_not_there(void **state)
{
    struct fixture *f = *state;
    const char *more[] = {"--bin=warden=/nowhere/warden", NULL};
    uint64_t took = 0;
    start(f, more);
    assert_int_equal(await_exit(f, &took), 1);
    assert_int_equal(count(f, "no program for the warden"), 1);
}

static void test_children_die_with_the_supervisor(void **state)
{
    struct fixture *f = *state;
    uint64_t took = 0;
    start(f, NULL);
    (void)await_ready(f);
    pid_t warden = pid_of(f, "warden");
    pid_t zygote = pid_of(f, "zygote");
    assert_int_equal(kill(f->pid, SIGKILL), 0);
    assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
    await_gone(warden);
    await_gone(zygote);
    /* and nothing that it left behind is in the way of the next one */
    start(f, NULL);
    (void)await_ready(f);
    assert_int_equal(kill(f->pid, SIGTERM), 0);
    assert_int_equal(await_exit(f, &took), 0);
}

/* ---- stop ---- */

static void test_orderly_stop(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    uint64_t took = 0;
    start(f, NULL);
    (void)await_ready(f);
    assert_int_equal(kill(f->pid, SIGTERM), 0);
    assert_int_equal(await_exit(f, &took), 0);
    assert_true(took < 2 * SECOND);
    assert_int_equal(count(f, " hang-up\n"), 4);
    read_trace(f);
    assert_true(place_in(f, "fake warden hang-up") < place_in(f, "fake zygote hang-up"));
    assert_int_equal(fstatat(f->domain_fd, "run/local.sock", &st, 0), -1);
    assert_int_equal(pid_of(f, "supervisor"), 0);
    assert_int_equal(pid_of(f, "gateway"), 0);
}

static void test_stop_while_starting(void **state)
{
    struct fixture *f = *state;
    const char *more[] = {"--arg=warden=--mute", NULL};
    uint64_t took = 0;
    start(f, more);
    await_count(f, "fake warden start", 1);
    assert_int_equal(kill(f->pid, SIGINT), 0);
    assert_int_equal(await_exit(f, &took), 0);
    assert_int_equal(count(f, "fake gateway start"), 0);
}

static void test_one_supervisor_per_domain(void **state)
{
    struct fixture *f = *state;
    int out = -1;
    int status = 0;
    const char *more[] = {"--foreground", NULL};
    start(f, NULL);
    (void)await_ready(f);
    pid_t second = launch(f, more, &out);
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_int_equal(count(f, "another supervisor runs this domain"), 1);
    assert_int_equal(pid_of(f, "supervisor"), f->pid);
    assert_int_equal(faccessat(f->domain_fd, "run/local.sock", F_OK, 0), 0);
    sy_fd_close(&out);
}

/* ---- command line ---- */

static void test_background(void **state)
{
    struct fixture *f = *state;
    int out = -1;
    int status = 0;
    char line[100];
    const char *more[] = {"--background", NULL};
    pid_t first = launch(f, more, &out);
    assert_true(read_line(out, line, sizeof(line)));
    assert_int_equal(strncmp(line, "ready 127.0.0.1:", 16), 0);
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_false(read_line(out, line, sizeof(line))); /* nobody keeps our pipe open */
    pid_t supervisor = pid_of(f, "supervisor");
    assert_true(is_alive(supervisor));
    assert_int_equal(faccessat(f->domain_fd, "run/log", F_OK, 0), 0);
    assert_int_equal(kill(supervisor, SIGTERM), 0);
    await_gone(supervisor);
    sy_fd_close(&out);
}

static void check_usage(struct fixture *f, const char *word)
{
    const char *more[] = {word, NULL};
    int out = -1;
    int status = 0;
    pid_t pid = launch(f, more, &out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 64);
    sy_fd_close(&out);
}

static void test_wrong_usage(void **state)
{
    struct fixture *f = *state;
    check_usage(f, "--bin=nobody=/bin/true");
    check_usage(f, "--arg=zygote");
    check_usage(f, "--no-such-option");
    check_usage(f, "stray");
    assert_int_equal(count(f, "fake "), 0);
}

static void test_version(void **state)
{
    struct fixture *f = *state;
    const char *more[] = {"--version", NULL};
    int out = -1;
    int status = 0;
    char line[100];
    pid_t pid = launch(f, more, &out);
    assert_true(read_line(out, line, sizeof(line)));
    assert_int_equal(strncmp(line, "shuyu-supervisor ", 17), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    sy_fd_close(&out);
}

#define WITH_DOMAIN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DOMAIN(test_roles_start_in_order),
        WITH_DOMAIN(test_each_role_gets_its_descriptors_only),
        WITH_DOMAIN(test_environment_is_clean),
        WITH_DOMAIN(test_sockets_and_pid_files),
        WITH_DOMAIN(test_gateway_is_started_again),
        WITH_DOMAIN(test_courier_is_started_again),
        WITH_DOMAIN(test_warden_death_stops_all),
        WITH_DOMAIN(test_zygote_death_stops_all),
        WITH_DOMAIN(test_deaf_roles_are_killed),
        WITH_DOMAIN(test_zygote_that_cannot_start),
        WITH_DOMAIN(test_gateway_that_cannot_start),
        WITH_DOMAIN(test_role_that_says_nonsense),
        WITH_DOMAIN(test_program_that_is_not_there),
        WITH_DOMAIN(test_children_die_with_the_supervisor),
        WITH_DOMAIN(test_orderly_stop),
        WITH_DOMAIN(test_stop_while_starting),
        WITH_DOMAIN(test_one_supervisor_per_domain),
        WITH_DOMAIN(test_background),
        WITH_DOMAIN(test_wrong_usage),
        WITH_DOMAIN(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
