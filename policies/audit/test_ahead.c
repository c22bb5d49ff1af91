/*
 * Entries that are prepared ahead: whatever the number of threads, each one is prepared, taken, settled and retired
 * once, in order where the order counts, and helpers that had nothing to do come back.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

#include "audit/export.h"
#include "base/fdio.h"
#include "src/ahead.h"

enum { N = 1000, NEVER = N + 1 };

/* How far each entry came. */
enum { NOTHING, PREPARED, EXPECTED, TAKEN, SETTLED, RETIRED };

static struct life {
    atomic_int stage[N];
    uint64_t taken, retired;
    uint64_t fails; /* the first that is not taken */
    useconds_t slow;
    pthread_t caller;
    atomic_int by_helpers, wrong;
} L;

/* On any thread: what is wrong is told by the caller's. */
static void step(uint64_t i, int from)
{
    L.wrong += atomic_fetch_add(&L.stage[i], 1) == from ? 0 : 1;
}

static sy_status on_prepare(const struct audit_export *x, uint64_t i, const void *how,
                            struct sy_arena *arena, struct ahead_entry *ret, struct sy_error *err)
{
    (void)x, (void)arena;
    L.wrong += how == &L ? 0 : 1;
    step(i, NOTHING);
    ret->entry.index = i;
    L.by_helpers += pthread_equal(pthread_self(), L.caller) ? 0 : 1;
    return i % 3 == 0 ? sy_fail(err, SY_E_DENIED, "entries", "entry %d", (int)i) : SY_OK;
}

static void on_expect(void *ctx, const struct ahead_entry *entries, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        step(entries[i].entry.index, PREPARED);
    }
}

static sy_status on_take(void *ctx, uint64_t i, struct ahead_entry *e, struct sy_arena *arena,
                         struct sy_error *err)
{
    (void)ctx, (void)arena;
    assert_int_equal(i, L.taken++);
    assert_int_equal(i, e->entry.index);
    assert_int_equal(e->s.code, i % 3 == 0 ? SY_E_DENIED : SY_OK.code);
    assert_int_equal(e->why != NULL, i % 3 == 0);
    if (i % AHEAD_BATCH == 0 && L.slow > 0) {
        (void)usleep(L.slow);
    }
    if (i == L.fails) {
        return sy_fail(err, SY_E_TAMPERED, NULL, "here");
    }
    step(i, EXPECTED);
    return SY_OK;
}

static void on_settle(void *ctx, struct ahead_entry *e)
{
    (void)ctx;
    step(e->entry.index, TAKEN);
}

static void on_retire(void *ctx, uint64_t i, struct ahead_entry *e)
{
    (void)ctx;
    assert_int_equal(i, L.retired++);
    assert_int_equal(i, e->entry.index);
    step(i, SETTLED);
}

static const char *const FILES[] = {"entries", "checkpoint", "log.vkey"};

static void put_file(int dir, const char *name, const void *p, size_t n)
{
    SY_FD_CLEANUP int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    check_ok(sy_write_all(fd, p, n));
}

/* Records there are, and nothing in them: what an entry holds is prepare's affair. */
static struct audit_export *blank_export(size_t n)
{
    char dir[] = "/tmp/shuyu-ahead-XXXXXX";
    struct audit_export *x = NULL;
    uint8_t none[N * 4] = {0}; /* prefixes of empty records */
    assert_non_null(mkdtemp(dir));
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put_file(fd, FILES[0], none, n * 4);
    put_file(fd, FILES[1], "c", 1);
    put_file(fd, FILES[2], "k", 1);
    check_ok(audit_open(dir, &x, NULL));
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        assert_int_equal(unlinkat(fd, FILES[i], 0), 0);
    }
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(audit_size(x), n);
    return x;
}

static sy_status live(const struct audit_export *x, unsigned threads, uint64_t fails,
                      useconds_t slow, struct sy_error *err)
{
    const struct ahead a = {.x = x,
                            .threads = threads,
                            .prepare = on_prepare,
                            .how = &L,
                            .expect = on_expect,
                            .take = on_take,
                            .settle = on_settle,
                            .retire = on_retire};
    memset(&L, 0, sizeof(L));
    L.fails = fails;
    L.slow = slow;
    L.caller = pthread_self();
    sy_status s = ahead_run(&a, err);
    assert_int_equal(L.wrong, 0);
    return s;
}

static void test_order(void **state)
{
    static const size_t SIZES[] = {0, 1, 2, 63, 64, 65, 128, 501, 960, 999, N};
    (void)state;
    for (unsigned threads = 0; threads <= 8; threads++) {
        for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
            const size_t n = SIZES[i];
            struct audit_export *x = blank_export(n);
            check_ok(live(x, threads, NEVER, 0, NULL));
            assert_int_equal(L.retired, n);
            assert_int_equal(L.taken, n);
            for (size_t k = 0; k < n; k++) {
                assert_int_equal(L.stage[k], RETIRED);
            }
            audit_close(x);
        }
    }
}

/* What came before is finished, what comes after is not begun. */
static void test_failure(void **state)
{
    static const uint64_t WHERE[] = {0, 1, 63, 64, 65, 500, N - 1};
    struct audit_export *x = blank_export(N);
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++) {
        for (size_t i = 0; i < sizeof(WHERE) / sizeof(WHERE[0]); i++) {
            struct sy_error e = {0};
            check_code(live(x, threads, WHERE[i], 0, &e), SY_E_TAMPERED);
            assert_string_equal(e.reason, "here");
            assert_int_equal(L.retired, WHERE[i]);
            assert_int_equal(L.taken, WHERE[i] + 1);
            assert_true(WHERE[i] == 0 || L.stage[WHERE[i] - 1] == RETIRED);
        }
    }
    audit_close(x);
}

/* Deciding takes longer than all else: helpers fill the ring, sleep, and are woken to fill it again. How much longer it
 * has to take depends on what else the machine does; who sleeps for good fills it once, however long. */
static void test_helpers_come_back(void **state)
{
    enum { SHORT_US = 2000, LONG_US = 256 * SHORT_US };
    struct audit_export *x = blank_export(N);
    (void)state;
    for (unsigned threads = 2; threads <= 3; threads++) {
        useconds_t slow = SHORT_US;
        for (L.by_helpers = 0; L.by_helpers <= N * 3 / 4 && slow <= LONG_US; slow *= 2) {
            check_ok(live(x, threads, NEVER, slow, NULL));
            assert_int_equal(L.retired, N);
        }
        assert_true(L.by_helpers > N * 3 / 4);
    }
    audit_close(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_helpers_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
