/*
 * Tests of descriptors: files replaced atomically, whole reads and writes, descriptors passed
 * without a leak. Leaks are counted in /proc/self/fd, so nothing else may open descriptors
 * meanwhile.
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- files ---- */

/* A folder of its own for each test, with its descriptor. */
struct folder {
    char path[64];
    int fd;
};

static int make_folder(void **state)
{
    static struct folder f;
    snprintf(f.path, sizeof(f.path), "%s", "/tmp/shuyu-base-XXXXXX");
    if (mkdtemp(f.path) == NULL) {
        return -1;
    }
    f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &f;
    return f.fd < 0 ? -1 : 0;
}

static void remove_all(int dirfd)
{
    DIR *d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY));
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (unlinkat(dirfd, e->d_name, 0) != 0) {
            (void)unlinkat(dirfd, e->d_name, AT_REMOVEDIR);
        }
    }
    closedir(d);
}

static int remove_folder(void **state)
{
    struct folder *f = *state;
    remove_all(f->fd);
    close(f->fd);
    return rmdir(f->path);
}

static size_t count_entries(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        n += e->d_name[0] == '.' ? 0 : 1;
    }
    closedir(d);
    return n;
}

static size_t count_fds(void)
{
    return count_entries("/proc/self/fd");
}

static void check_file(int dirfd, const char *name, const char *want)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_read_file_at(dirfd, name, &b));
    assert_true(sy_view_is(sy_buf_view(&b), want));
}

static void test_replace_is_atomic_and_leaves_no_temp(void **state)
{
    struct folder *f = *state;
    size_t fds = count_fds();
    mode_t mask = umask(0077);
    check_ok(sy_replace_file_at(f->fd, "a", sy_view_str("one"), 0640));
    umask(mask);
    struct stat st;
    assert_int_equal(fstatat(f->fd, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    check_file(f->fd, "a", "one");
    int old = openat(f->fd, "a", O_RDONLY | O_CLOEXEC);
    check_ok(sy_replace_file_at(f->fd, "a", sy_view_str("two, longer"), 0600));
    check_file(f->fd, "a", "two, longer");
    char three[4] = "";
    check_ok(sy_read_all(old, three, 3)); /* who had the old file open still has all of it */
    assert_string_equal(three, "one");
    close(old);
    check_ok(sy_replace_file_at(f->fd, "a", (struct sy_view){0}, 0600));
    check_file(f->fd, "a", "");
    assert_int_equal(count_entries(f->path), 1);
    assert_int_equal(count_fds(), fds);
}

static void test_replace_removes_what_a_crash_left(void **state)
{
    struct folder *f = *state;
    check_ok(sy_replace_file_at(f->fd, "a", sy_view_str("old"), 0600));
    /* A link in the temp file's place must not lead the write elsewhere. */
    assert_int_equal(symlinkat("victim", f->fd, "a.tmp"), 0);
    check_ok(sy_replace_file_at(f->fd, "a", sy_view_str("new"), 0600));
    check_file(f->fd, "a", "new");
    assert_int_equal(count_entries(f->path), 1);
}

static void test_failed_replace_keeps_the_old_file(void **state)
{
    struct folder *f = *state;
    size_t fds = count_fds();
    assert_int_equal(mkdirat(f->fd, "dir", 0700), 0);
    check_ok(sy_replace_file_at(f->fd, "dir/in", sy_view_str("x"), 0600));
    check_file(f->fd, "dir/in", "x");
    check_code(sy_replace_file_at(f->fd, "dir", sy_view_str("x"), 0600), SY_E_IO);
    check_code(sy_replace_file_at(f->fd, "none/a", sy_view_str("x"), 0600), SY_E_NOT_FOUND);
    char *name = malloc(5001);
    memset(name, 'n', 5000);
    name[5000] = '\0';
    check_code(sy_replace_file_at(f->fd, name, sy_view_str("x"), 0600), SY_E_USAGE);
    free(name);
    check_code(sy_replace_file_at(-1, "a", sy_view_str("x"), 0600), SY_E_IO);
    assert_int_equal(count_entries(f->path), 1); /* dir only: no temp file stays */
    assert_int_equal(unlinkat(f->fd, "dir/in", 0), 0);
    assert_int_equal(count_fds(), fds);
}

static void test_reading_keeps_to_the_ceiling(void **state)
{
    struct folder *f = *state;
    check_ok(sy_replace_file_at(f->fd, "a", sy_view_str("12345"), 0600));
    SY_BUF_CLEANUP struct sy_buf exact = sy_buf(7);
    check_ok(sy_buf_add_str(&exact, "ab"));
    check_ok(sy_read_file_at(f->fd, "a", &exact));
    assert_true(sy_view_is(sy_buf_view(&exact), "ab12345"));
    SY_BUF_CLEANUP struct sy_buf small = sy_buf(6);
    check_ok(sy_buf_add_str(&small, "ab"));
    check_code(sy_read_file_at(f->fd, "a", &small), SY_E_LIMIT);
    assert_true(sy_view_is(sy_buf_view(&small), "ab"));
    check_code(sy_read_file_at(f->fd, "none", &small), SY_E_NOT_FOUND);
    check_code(sy_read_file_at(f->fd, ".", &small), SY_E_IO);
    check_code(sy_read_to_end(-1, &small), SY_E_IO);
    assert_true(sy_view_is(sy_buf_view(&small), "ab"));
}

static void test_large_files_come_whole(void **state)
{
    struct folder *f = *state;
    const size_t n = 300001;
    uint8_t *p = malloc(n);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(i % 251); /* a prime: chunks that came twice or not at all would show */
    }
    check_ok(sy_replace_file_at(f->fd, "a", sy_view(p, n), 0600));
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(n);
    check_ok(sy_read_file_at(f->fd, "a", &b));
    assert_true(sy_view_eq(sy_buf_view(&b), sy_view(p, n)));
    free(p);
}

static void test_full_disk_is_its_own_code(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        check_skip("no /dev/full");
    }
    check_code(sy_write_all(fd, "x", 1), SY_E_NO_SPACE);
}

/* ---- pipes and sockets ---- */

static void test_whole_reads_and_writes(void **state)
{
    (void)state;
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    char got[5] = "";
    check_ok(sy_write_all(p[1], "abcdef", 6));
    check_ok(sy_write_all(p[1], NULL, 0));
    check_ok(sy_read_all(p[0], got, 4));
    assert_string_equal(got, "abcd");
    sy_fd_close(&p[1]);
    assert_int_equal(p[1], -1);
    check_code(sy_read_all(p[0], got, 3), SY_E_CLOSED); /* two bytes, then the end */
    check_code(sy_read_all(-1, got, 1), SY_E_IO);
    sy_fd_close(&p[0]);
    sy_fd_close(&p[0]);
    sy_fd_close(NULL);
}

static void test_closed_pipe_is_closed(void **state)
{
    (void)state;
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    sy_fd_close(&p[0]);
    check_code(sy_write_all(p[1], "x", 1), SY_E_CLOSED);
    signal(SIGPIPE, before);
    sy_fd_close(&p[1]);
}

static void test_fd_close_keeps_errno(void **state)
{
    (void)state;
    int fd = 1000000; /* not open: close would set EBADF */
    errno = ENOSPC;
    sy_fd_close(&fd);
    assert_int_equal(errno, ENOSPC);
}

static void open_pair(int type, int ret[2])
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret), 0);
}

static void close_pair(int pair[2])
{
    sy_fd_close(&pair[0]);
    sy_fd_close(&pair[1]);
}

static void test_descriptors_pass(void **state)
{
    (void)state;
    static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM};
    for (size_t i = 0; i < N_OF(types); i++) {
        size_t fds = count_fds();
        int pair[2];
        int p[2];
        open_pair(types[i], pair);
        assert_int_equal(pipe2(p, 0), 0);
        check_ok(sy_send_fds(pair[0], sy_view_str("take"), p, 2));
        uint8_t bytes[16];
        int got[4] = {-1, -1, -1, -1};
        size_t n = 0;
        size_t n_fds = 0;
        check_ok(sy_recv_fds(pair[1], bytes, sizeof(bytes), &n, got, 4, &n_fds));
        assert_int_equal(n, 4);
        assert_int_equal(n_fds, 2);
        assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
        check_ok(sy_write_all(got[1], "y", 1));
        char y = 0;
        check_ok(sy_read_all(p[0], &y, 1));
        assert_int_equal(y, 'y');
        close_pair(got);
        close_pair(p);
        close_pair(pair);
        assert_int_equal(count_fds(), fds);
    }
}

/* Send n copies of a descriptor, receive at most `max`; the code, and nothing left open. */
static void check_passing(size_t n, size_t max, int32_t want)
{
    size_t fds = count_fds();
    int pair[2];
    int sent[SY_FDS_MAX];
    open_pair(SOCK_SEQPACKET, pair);
    for (size_t i = 0; i < n; i++) {
        sent[i] = pair[0];
    }
    check_ok(sy_send_fds(pair[0], sy_view_str("x"), sent, n));
    uint8_t byte;
    int got[SY_FDS_MAX];
    size_t n_bytes = 77;
    size_t n_got = 0;
    check_code(sy_recv_fds(pair[1], &byte, 1, &n_bytes, got, max, &n_got), want);
    assert_int_equal(n_got, want == 0 ? n : 0);
    assert_int_equal(n_bytes, want == 0 ? 1 : 77);
    for (size_t i = 0; i < n_got; i++) {
        sy_fd_close(&got[i]);
    }
    close_pair(pair);
    assert_int_equal(count_fds(), fds);
}

static void test_too_many_descriptors_do_not_leak(void **state)
{
    (void)state;
    check_passing(0, 0, 0);
    check_passing(1, 0, SY_E_FRAME);
    check_passing(1, 1, 0);
    check_passing(2, 1, SY_E_FRAME);
    check_passing(3, 1, SY_E_FRAME);
    check_passing(64, 63, SY_E_FRAME);
    check_passing(SY_FDS_MAX, SY_FDS_MAX, 0);
}

/* A peer that does not keep to SY_FDS_MAX: the kernel takes up to 253. */
static void send_many(int sock, size_t n)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * 253)];
    } control;
    memset(&control, 0, sizeof(control));
    struct iovec iov = {.iov_base = (char[]){'x'}, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int) * n);
    for (size_t i = 0; i < n; i++) {
        memcpy(CMSG_DATA(head) + i * sizeof(int), &sock, sizeof(int));
    }
    assert_int_equal(sendmsg(sock, &msg, MSG_NOSIGNAL), 1);
}

static void test_hostile_descriptor_counts(void **state)
{
    (void)state;
    static const size_t counts[] = {65, 66, 67, 253};
    for (size_t i = 0; i < N_OF(counts); i++) {
        size_t fds = count_fds();
        int pair[2];
        open_pair(SOCK_SEQPACKET, pair);
        send_many(pair[0], counts[i]);
        uint8_t byte;
        int got[SY_FDS_MAX];
        size_t n = 0;
        size_t n_got = 0;
        check_code(sy_recv_fds(pair[1], &byte, 1, &n, got, SY_FDS_MAX, &n_got), SY_E_FRAME);
        close_pair(pair);
        assert_int_equal(count_fds(), fds);
    }
}

static void test_messages_are_not_cut(void **state)
{
    (void)state;
    size_t fds = count_fds();
    int pair[2];
    open_pair(SOCK_SEQPACKET, pair);
    check_ok(sy_send_fds(pair[0], sy_view_str("longer"), &pair[0], 1));
    uint8_t bytes[5];
    int got[1];
    size_t n = 0;
    size_t n_fds = 0;
    check_code(sy_recv_fds(pair[1], bytes, 5, &n, got, 1, &n_fds), SY_E_FRAME);
    assert_int_equal(n_fds, 0);
    close_pair(pair);
    assert_int_equal(count_fds(), fds);
}

static void test_send_refuses_misuse(void **state)
{
    (void)state;
    int pair[2];
    int many[SY_FDS_MAX + 1] = {0};
    open_pair(SOCK_SEQPACKET, pair);
    check_code(sy_send_fds(pair[0], (struct sy_view){0}, NULL, 0), SY_E_USAGE);
    check_code(sy_send_fds(pair[0], sy_view_str("x"), many, SY_FDS_MAX + 1), SY_E_USAGE);
    check_code(sy_send_fds(pair[0], sy_view_str("x"), (int[]){-1}, 1), SY_E_IO);
    uint8_t *large = calloc(1, 8 << 20);
    check_code(sy_send_fds(pair[0], sy_view(large, 8 << 20), NULL, 0), SY_E_LIMIT);
    free(large);
    close_pair(pair);
}

static void test_closed_and_silent_peers(void **state)
{
    (void)state;
    uint8_t byte;
    size_t n = 0;
    size_t n_fds = 0;
    int pair[2];
    open_pair(SOCK_SEQPACKET, pair);
    const struct timeval soon = {.tv_usec = 1000};
    assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
    check_code(sy_recv_fds(pair[1], &byte, 1, &n, NULL, 0, &n_fds), SY_E_TIMEOUT);
    sy_fd_close(&pair[0]);
    check_code(sy_recv_fds(pair[1], &byte, 1, &n, NULL, 0, &n_fds), SY_E_CLOSED);
    check_code(sy_send_fds(pair[1], sy_view_str("x"), NULL, 0), SY_E_CLOSED);
    check_code(sy_recv_fds(-1, &byte, 1, &n, NULL, 0, &n_fds), SY_E_IO);
    close_pair(pair);
}

static void test_stream_takes_large_messages(void **state)
{
    (void)state;
    enum { SIZE = 4 << 20 };
    size_t fds = count_fds();
    int pair[2];
    open_pair(SOCK_STREAM, pair);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* the other half of the conversation: a full socket blocks the sender */
        uint8_t *p = calloc(1, SIZE);
        sy_status s = p == NULL ? sy_status_of(SY_E_NO_MEMORY)
                                : sy_send_fds(pair[0], sy_view(p, SIZE), &pair[0], 1);
        _exit(sy_ok(s) ? 0 : 1);
    }
    sy_fd_close(&pair[0]);
    size_t total = 0;
    size_t total_fds = 0;
    uint8_t *chunk = malloc(65536);
    while (total < SIZE) {
        size_t n = 0;
        size_t n_fds = 0;
        int got[2] = {-1, -1};
        check_ok(sy_recv_fds(pair[1], chunk, 65536, &n, got, 2, &n_fds));
        total += n;
        total_fds += n_fds;
        close_pair(got);
    }
    free(chunk);
    assert_int_equal(total, SIZE);
    assert_int_equal(total_fds, 1);
    close_pair(pair);
    assert_int_equal(count_fds(), fds);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_replace_is_atomic_and_leaves_no_temp),
        WITH_FOLDER(test_replace_removes_what_a_crash_left),
        WITH_FOLDER(test_failed_replace_keeps_the_old_file),
        WITH_FOLDER(test_reading_keeps_to_the_ceiling),
        WITH_FOLDER(test_large_files_come_whole),
        cmocka_unit_test(test_full_disk_is_its_own_code),
        cmocka_unit_test(test_whole_reads_and_writes),
        cmocka_unit_test(test_closed_pipe_is_closed),
        cmocka_unit_test(test_fd_close_keeps_errno),
        cmocka_unit_test(test_descriptors_pass),
        cmocka_unit_test(test_too_many_descriptors_do_not_leak),
        cmocka_unit_test(test_hostile_descriptor_counts),
        cmocka_unit_test(test_messages_are_not_cut),
        cmocka_unit_test(test_send_refuses_misuse),
        cmocka_unit_test(test_closed_and_silent_peers),
        cmocka_unit_test(test_stream_takes_large_messages),
    };
    return cmocka_run_group_tests_name("base_fdio", tests, NULL, NULL);
}
