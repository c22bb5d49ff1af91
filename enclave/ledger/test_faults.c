/*
 * Failing disks. The linker hands the ledger's system calls to the wrappers below (--wrap), which
 * fail the Nth of a kind, write only half, or end the process. Whatever happens, what was
 * acknowledged is there afterwards, and what failed was not acknowledged.
 */
#include <errno.h>
#include <sys/wait.h>
#include <time.h>

#include "test_fixture.h"

#include "ledger/snapshot.h"

enum call { WRITE_AT, SYNC_DATA, SYNC, ALLOCATE, RENAME, WRITE, CALLS_N };

/* What happens at the Nth call of a kind from now on; 0 = nothing. */
struct plan {
    enum call call;
    int at;      /* 1 = the next one */
    int n_times; /* how many in a row */
    int err;     /* errno; 0 with `die` = end the process */
    bool half;   /* WRITE_AT: half of it is written first */
    bool die;
};

static struct plan P;
static int seen[CALLS_N];

static bool fails(enum call call)
{
    seen[call]++;
    return P.at != 0 && P.call == call && seen[call] >= P.at && seen[call] < P.at + P.n_times;
}

static void plan(struct plan p)
{
    memset(seen, 0, sizeof(seen));
    P = p;
    if (P.n_times == 0) {
        P.n_times = 1;
    }
}

static int give_up(void)
{
    if (P.die) {
        _exit(9);
    }
    errno = P.err;
    return -1;
}

ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fallocate(int fd, int mode, off_t at, off_t n);
int __wrap_fallocate(int fd, int mode, off_t at, off_t n);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t n);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (!fails(WRITE_AT)) {
        return __real_pwrite(fd, p, n, at);
    }
    if (P.half) {
        ssize_t written = __real_pwrite(fd, p, n / 2, at);
        assert_true(written >= 0);
    }
    return give_up();
}

ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
    return __wrap_pwrite(fd, p, n, at);
}

/* Until another thread has begun such a call, and a moment longer. */
static void wait_for(const int *count)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int n = 0; n < 5000 && *(const volatile int *)count == 0; n++) {
        (void)nanosleep(&pause, NULL);
    }
    assert_true(*(const volatile int *)count > 0);
    (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL); /* it has come back by now */
}

/* The commit's sync and the publisher's overlap: the publisher's fails first. */
static bool both;

int __wrap_fdatasync(int fd)
{
    if (both) {
        seen[SYNC_DATA]++;
        wait_for(&seen[SYNC]);
    }
    return fails(SYNC_DATA) ? give_up() : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
    if (both) {
        wait_for(&seen[SYNC_DATA]);
    }
    return fails(SYNC) ? give_up() : __real_fsync(fd);
}

int __wrap_fallocate(int fd, int mode, off_t at, off_t n)
{
    return fails(ALLOCATE) ? give_up() : __real_fallocate(fd, mode, at, n);
}

int __wrap_fallocate64(int fd, int mode, off_t at, off_t n)
{
    return __wrap_fallocate(fd, mode, at, n);
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
    return fails(RENAME) ? give_up() : __real_renameat(a, from, b, to);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    /* File writes only: cmocka prints through here too. */
    return fd > 2 && fails(WRITE) ? give_up() : __real_write(fd, p, n);
}

static void reopen(void)
{
    plan((struct plan){0});
    close_ledger();
    check_ok(open_ledger(false, NULL));
}

/* --- one write, one sync ------------------------------------------------------------------------- */
static void test_cost_of_a_commit(void **state)
{
    (void)state;
    static const size_t BATCHES[] = {1, 1, 30};
    grow(1);
    for (size_t i = 0; i < 3; i++) {
        plan((struct plan){0});
        grow(BATCHES[i]);
        assert_int_equal(seen[WRITE_AT], 1);
        assert_int_equal(seen[SYNC_DATA], 1);
        assert_int_equal(seen[SYNC] + seen[RENAME] + seen[ALLOCATE] + seen[WRITE], 0);
    }
    plan((struct plan){0});
    check_ok(ledger_commit(F.l, NULL));
    check_ok(ledger_publish(F.l, NULL));
    assert_int_equal(seen[WRITE_AT] + seen[SYNC_DATA] + seen[SYNC], 0);
}

/* --- failures whose outcome is unknown ------------------------------------------------------------ */
static void check_read_only(uint64_t n)
{
    assert_int_equal(ledger_size(F.l), n);
    check_code(try_append(n), SY_E_READ_ONLY);
    check_code(ledger_commit(F.l, NULL), SY_E_READ_ONLY);
    check_ok(ledger_each(F.l, 0, check_one, NULL, NULL));
    check_ok(ledger_publish(F.l, NULL));
    ledger_drop(F.l);
    check_code(try_append(n), SY_E_READ_ONLY);
    check_content(n);
}

static void fail_commit(struct plan p)
{
    uint64_t n = ledger_size(F.l);
    check_ok(try_append(n));
    check_ok(try_append(n + 1));
    plan(p);
    check_code(ledger_commit(F.l, NULL), SY_E_READ_ONLY);
    plan((struct plan){0}); /* the disk works again: it is too late */
    check_read_only(n);
    reopen();
    assert_true(ledger_size(F.l) == n || ledger_size(F.l) == n + 2);
    check_content(ledger_size(F.l));
    grow(1);
    check_content(ledger_size(F.l));
}

static void test_sync_fails(void **state)
{
    (void)state;
    grow(5);
    fail_commit((struct plan){.call = SYNC_DATA, .at = 1, .err = EIO});
    fail_commit((struct plan){.call = SYNC_DATA, .at = 1, .err = ENOSPC});
    fail_commit((struct plan){.call = SYNC_DATA, .at = 1, .err = EDQUOT});
}

static void test_write_fails(void **state)
{
    (void)state;
    grow(5);
    fail_commit((struct plan){.call = WRITE_AT, .at = 1, .err = EIO});
    fail_commit((struct plan){.call = WRITE_AT, .at = 1, .err = EIO, .half = true});
}

static void test_short_and_interrupted_writes(void **state)
{
    (void)state;
    grow(2);
    check_ok(try_append(2));
    plan((struct plan){.call = WRITE_AT, .at = 1, .n_times = 3, .err = EINTR});
    check_ok(ledger_commit(F.l, NULL));
    assert_int_equal(seen[WRITE_AT], 4);
    reopen();
    check_content(3);
}

/* --- a full disk ---------------------------------------------------------------------------------- */
static void full_at_commit(bool half)
{
    uint64_t n = ledger_size(F.l);
    for (uint64_t i = 0; i < 4; i++) {
        check_ok(try_append(n + i));
    }
    plan((struct plan){.call = WRITE_AT, .at = 1, .n_times = 1000, .err = ENOSPC, .half = half});
    for (int i = 0; i < 3; i++) {
        check_code(ledger_commit(F.l, NULL), SY_E_NO_SPACE);
        assert_int_equal(ledger_size(F.l), n);
        assert_int_equal(ledger_pending(F.l), 4);
        check_ok(ledger_each(F.l, 0, check_one, NULL, NULL));
    }
    plan((struct plan){0});
}

static void test_full_disk_then_room(void **state)
{
    (void)state;
    grow(5);
    for (int half = 0; half < 2; half++) {
        uint64_t n = ledger_size(F.l);
        full_at_commit(half == 1);
        check_ok(ledger_commit(F.l, NULL));
        check_content(n + 4);
        reopen();
        check_content(n + 4);
    }
}

/* What a failed write left behind must not show when less is written in its place. */
static void test_full_disk_then_less(void **state)
{
    (void)state;
    grow(5);
    full_at_commit(true);
    ledger_drop(F.l);
    grow(1);
    check_content(6);
    reopen();
    check_content(6);
    full_at_commit(true);
    reopen(); /* the process ended before there was room */
    check_content(6);
}

/* The next segment cannot be made: append says so, and nothing is lost. */
static void full_at_roll(enum call call)
{
    sy_status s = SY_OK;
    uint64_t n = ledger_size(F.l);
    plan((struct plan){.call = call, .at = 1, .n_times = 1000, .err = ENOSPC});
    while (sy_ok(s)) {
        s = try_append(n);
        n += sy_ok(s);
        if (call != WRITE_AT && sy_ok(s)) {
            check_ok(ledger_commit(F.l, NULL));
        }
    }
    check_code(s, SY_E_NO_SPACE);
    check_code(try_append(n), SY_E_NO_SPACE);
    assert_int_equal(ledger_size(F.l) + ledger_pending(F.l), n);
    plan((struct plan){0});
    check_ok(ledger_commit(F.l, NULL));
    check_content(n);
    grow(1);
    reopen();
    check_content(n + 1);
}

static void test_no_room_for_a_segment(void **state)
{
    (void)state;
    grow(1);
    full_at_roll(ALLOCATE);
    full_at_roll(WRITE_AT);
    full_at_roll(SYNC);
    full_at_roll(RENAME);
}

static void test_publish_fails(void **state)
{
    (void)state;
    static const enum call CALLS[] = {WRITE, RENAME};
    for (size_t i = 0; i < 2; i++) {
        for (int at = 1; at < 4; at++) {
            grow(1);
            plan((struct plan){.call = CALLS[i], .at = at, .n_times = 2, .err = ENOSPC});
            check_code(ledger_publish(F.l, NULL), SY_E_NO_SPACE);
            grow(1); /* committing goes on */
            plan((struct plan){0});
            check_ok(ledger_publish(F.l, NULL));
            uint8_t note[4096];
            size_t n = read_file("public/checkpoint", note, sizeof(note));
            assert_true(sy_view_eq(sy_view(note, n), ledger_checkpoint(F.l)));
        }
    }
}

/* In the background a failure is told by the next call, and mended by the one after that. */
static void test_background_fails(void **state)
{
    (void)state;
    static const enum call CALLS[] = {WRITE, RENAME};
    check_ok(ledger_publish(F.l, NULL));
    for (size_t i = 0; i < 2; i++) {
        for (int at = 1; at < 4; at++) {
            grow(1);
            plan((struct plan){.call = CALLS[i], .at = at, .n_times = 2, .err = ENOSPC});
            sy_status s = ledger_publish_start(F.l, NULL);
            for (int n = 0; n < 200 && (sy_ok(s) || s.code == SY_E_BUSY); n++) {
                /* few entries: a segment that fills up meanwhile would meet the same failure */
                const struct timespec pause = {.tv_nsec = 10000000};
                (void)nanosleep(&pause, NULL);
                grow(1); /* there is more to write each time */
                s = ledger_publish_start(F.l, NULL);
            }
            check_code(s, SY_E_NO_SPACE);
            plan((struct plan){0});
            check_ok(ledger_publish_start(F.l, NULL));
            uint8_t note[4096];
            size_t n = read_file("public/checkpoint", note, sizeof(note));
            assert_true(sy_view_eq(sy_view(note, n), ledger_checkpoint(F.l)));
        }
    }
}

static size_t n_segments(void)
{
    size_t n = 0;
    int fd = openat(F.dir, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fdopendir(fd);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        n += e->d_name[0] != '.';
    }
    (void)closedir(d);
    return n;
}

/* How many entries fill a segment, learnt from a ledger that is thrown away. */
static uint64_t entries_of_a_segment(void)
{
    size_t before = n_segments();
    while (n_segments() == before) {
        grow(1);
    }
    uint64_t n = ledger_size(F.l);
    close_ledger();
    remove_tree(F.dir, "segments");
    remove_tree(F.dir, "public");
    check_ok(open_ledger(true, NULL));
    return n;
}

/* A sync that fails on the publisher's thread: nothing is acknowledged from that moment on, though nobody has
 * asked after the job. */
static void sync_fails_behind(bool overlapping)
{
    uint64_t n = entries_of_a_segment() - 2;
    grow(1);
    check_ok(ledger_publish(F.l, NULL));
    while (ledger_size(F.l) < n) {
        grow(1);
    }
    check_ok(try_append(n)); /* before it failed */
    plan((struct plan){.call = SYNC, .at = 1, .n_times = 1, .err = EIO});
    both = overlapping;
    check_ok(ledger_publish_start(F.l, NULL));
    if (!overlapping) {
        wait_for(&seen[SYNC]);
    }
    check_code(ledger_commit(F.l, NULL), SY_E_READ_ONLY);
    both = false;
    ledger_drop(F.l);
    check_read_only(n);
    reopen();
    check_content(ledger_size(F.l)); /* not acknowledged; the overlapping one may be on the disk */
    assert_true(ledger_size(F.l) == n || (overlapping && ledger_size(F.l) == n + 1));
    grow(1);
}

static void test_background_sync_fails(void **state)
{
    (void)state;
    sync_fails_behind(false);
}

static void test_background_sync_fails_meanwhile(void **state)
{
    (void)state;
    sync_fails_behind(true);
}

/* The same of the thread that writes a snapshot's rows. */
static void test_snapshot_sync_fails(void **state)
{
    (void)state;
    struct ledger_snapshot *s = NULL;
    grow(3);
    check_ok(ledger_snapshot_begin(F.l, &s, NULL));
    check_ok(ledger_snapshot_add(s, sy_view_str("rows")));
    plan((struct plan){.call = SYNC, .at = 1, .err = ENOSPC});
    check_code(ledger_snapshot_sync(s), SY_E_NO_SPACE);
    ledger_snapshot_drop(s);
    grow(1); /* a full disk is no more than that */
    check_ok(ledger_snapshot_begin(F.l, &s, NULL));
    check_ok(ledger_snapshot_add(s, sy_view_str("rows")));
    plan((struct plan){.call = SYNC, .at = 1, .err = EIO});
    check_code(ledger_snapshot_sync(s), SY_E_READ_ONLY);
    check_read_only(4);
    ledger_snapshot_drop(s);
}

static void test_open_fails(void **state)
{
    (void)state;
    grow(5);
    close_ledger();
    plan((struct plan){.call = SYNC_DATA, .at = 1, .err = EIO});
    check_code(open_ledger(false, NULL), SY_E_IO);
    plan((struct plan){.call = SYNC, .at = 1, .err = EIO});
    check_code(open_ledger(false, NULL), SY_E_IO);
    reopen();
    check_content(5);
}

/* --- every call fails once ------------------------------------------------------------------------ */

/* A little life of a ledger; returns how many entries were acknowledged. */
static uint64_t live(bool create)
{
    uint64_t n = 0;
    if (!sy_ok(open_ledger(create, NULL))) {
        return 0;
    }
    n = ledger_size(F.l);
    for (uint64_t i = 0; i < 30; i++) {
        uint64_t at = ledger_size(F.l) + ledger_pending(F.l);
        if (sy_ok(try_append(at)) && sy_ok(try_append(at + 1)) && sy_ok(ledger_commit(F.l, NULL))) {
            n = ledger_size(F.l);
        }
        (void)sy_ok(ledger_publish(F.l, NULL));
    }
    close_ledger();
    return n;
}

static void check_afterwards(uint64_t acknowledged)
{
    plan((struct plan){0});
    sy_status s = open_ledger(false, NULL);
    if (s.code == SY_E_NOT_FOUND) { /* it never began */
        assert_int_equal(acknowledged, 0);
        check_ok(open_ledger(true, NULL));
    } else {
        check_ok(s);
    }
    assert_true(ledger_size(F.l) >= acknowledged);
    check_content(ledger_size(F.l));
    check_ok(ledger_publish(F.l, NULL));
    grow(1);
    close_ledger();
}

static void test_every_call_fails_once(void **state)
{
    (void)state;
    static const int ERRORS[] = {EIO, ENOSPC};
    for (int c = 0; c < CALLS_N; c++) {
        for (int e = 0; e < 2; e++) {
            for (int at = 1; at < 200; at += at < 12 ? 1 : 7) {
                close_ledger();
                remove_tree(F.dir, "segments");
                remove_tree(F.dir, "public");
                plan((struct plan){
                    .call = (enum call)c, .at = at, .err = ERRORS[e], .half = at & 1});
                uint64_t n = live(true);
                bool reached = seen[c] >= at;
                check_afterwards(n);
                if (!reached) {
                    break;
                }
            }
        }
    }
}

/* --- the process ends at every call --------------------------------------------------------------- */

/* Live in a child that ends at the planned call; what it acknowledged comes through the pipe. */
static uint64_t live_and_die(struct plan p, bool *ret_died)
{
    int fds[2];
    int status = 0;
    uint64_t n = 0;
    uint8_t byte;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        plan(p);
        if (sy_ok(open_ledger(true, NULL))) {
            for (int i = 0; i < 30; i++) {
                uint64_t at = ledger_size(F.l);
                if (sy_ok(try_append(at)) && sy_ok(ledger_commit(F.l, NULL))) {
                    (void)__real_write(fds[1], "a", 1);
                }
                (void)sy_ok(ledger_publish(F.l, NULL));
            }
        }
        _exit(0);
    }
    (void)close(fds[1]);
    while (read(fds[0], &byte, 1) == 1) {
        n++;
    }
    (void)close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    *ret_died = WIFEXITED(status) && WEXITSTATUS(status) == 9;
    assert_true(*ret_died || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return n;
}

static void test_process_ends_at_every_call(void **state)
{
    (void)state;
    for (int c = 0; c < CALLS_N; c++) {
        bool died = true;
        for (int at = 1; died && at < 200; at += at < 12 ? 1 : 5) {
            close_ledger();
            remove_tree(F.dir, "segments");
            remove_tree(F.dir, "public");
            struct plan p = {.call = (enum call)c, .at = at, .half = at & 1, .die = true};
            uint64_t n = live_and_die(p, &died);
            assert_true(died || n == 30);
            check_afterwards(n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ledger_test(test_cost_of_a_commit),
        ledger_test(test_sync_fails),
        ledger_test(test_write_fails),
        ledger_test(test_short_and_interrupted_writes),
        ledger_test(test_full_disk_then_room),
        ledger_test(test_full_disk_then_less),
        ledger_test(test_no_room_for_a_segment),
        ledger_test(test_publish_fails),
        ledger_test(test_background_fails),
        ledger_test(test_open_fails),
        ledger_test(test_background_sync_fails),
        ledger_test(test_background_sync_fails_meanwhile),
        ledger_test(test_snapshot_sync_fails),
        ledger_test(test_every_call_fails_once),
        ledger_test(test_process_ends_at_every_call),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
