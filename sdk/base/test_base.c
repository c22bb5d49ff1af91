/*
 * Tests of the base library's values: error table and details, views and UTF-8, ceilings of buffers
 * and arenas, exact roots, and the log's escaping. SHUYU_SEED=... repeats a random test.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/arith.h"
#include "base/buf.h"
#include "base/log.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- status ---- */

static const int32_t ALL_CODES[] = {
#define CODE(code, cat, n, name, text) code,
    SY_ERRORS(CODE)
#undef CODE
};

static void test_codes_and_names_are_one_to_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(ALL_CODES); i++) {
        int32_t code = ALL_CODES[i];
        assert_int_equal(sy_code_of_name(sy_code_name(code)), code);
        assert_string_not_equal(sy_code_text(code), "unknown error");
        assert_string_not_equal(sy_category_name(sy_category_of(code)), "unknown");
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(ALL_CODES[k], code);
        }
    }
}

static void test_unknown_codes_have_safe_names(void **state)
{
    (void)state;
    assert_string_equal(sy_code_name(12345678), "unknown");
    assert_string_equal(sy_code_name(-1), "unknown");
    assert_string_equal(sy_code_text(-1), "unknown error");
    assert_string_equal(sy_code_name(0), "ok");
    assert_int_equal(sy_code_of_name("ok"), 0);
    assert_int_equal(sy_code_of_name(""), 0);
    assert_string_equal(sy_category_name(SY_CAT_N), "unknown");
    assert_string_equal(sy_category_name(sy_category_of(-1)), "unknown");
}

static void test_fail_fills_and_truncates(void **state)
{
    (void)state;
    struct sy_error e = {0};
    check_code(sy_fail(NULL, SY_E_BUDGET, "f", "x"), SY_E_BUDGET);
    check_code(sy_fail(&e, SY_E_BUDGET, NULL, NULL), SY_E_BUDGET);
    assert_int_equal(e.code, SY_E_BUDGET);
    assert_string_equal(e.field, "");
    assert_string_equal(e.reason, sy_code_text(SY_E_BUDGET));
    /* 200 characters of three bytes: 255 bytes of room hold 85 of them, 63 hold 21. */
    char text[601];
    for (size_t i = 0; i < 200; i++) {
        memcpy(text + 3 * i, "\xE6\x95\xB0", 3);
    }
    text[600] = '\0';
    check_code(sy_fail(&e, SY_E_FIELD, text, "%s", text), SY_E_FIELD);
    assert_int_equal(strlen(e.field), 63);
    assert_int_equal(strlen(e.reason), 255);
    assert_true(sy_view_is_utf8(sy_view_str(e.field)) && sy_view_is_utf8(sy_view_str(e.reason)));
    check_code(sy_fail(&e, SY_E_FIELD, text, "a%s", text), SY_E_FIELD);
    assert_int_equal(strlen(e.reason), 253);
    assert_true(sy_view_is_utf8(sy_view_str(e.reason)));
}

static void test_fail_may_quote_the_detail_it_replaces(void **state)
{
    (void)state;
    struct sy_error e = {0};
    check_code(sy_fail(&e, SY_E_DATA, "row", "inner"), SY_E_DATA);
    check_code(sy_fail(&e, SY_E_SQL, e.field, "outer: %s", e.reason), SY_E_SQL);
    assert_string_equal(e.field, "row");
    assert_string_equal(e.reason, "outer: inner");
}

static void test_errno_chooses_the_code(void **state)
{
    (void)state;
    struct sy_error e = {0};
    check_code(sy_fail_errno(&e, ENOSPC, "write"), SY_E_NO_SPACE);
    check_code(sy_fail_errno(&e, EDQUOT, "write"), SY_E_NO_SPACE);
    check_code(sy_fail_errno(&e, ENOMEM, "map"), SY_E_NO_MEMORY);
    check_code(sy_fail_errno(&e, EIO, "fsync segment"), SY_E_IO);
    assert_string_equal(e.reason, "fsync segment: Input/output error");
    check_code(sy_fail_errno(&e, 99999, "x"), SY_E_IO);
    assert_string_equal(e.reason, "x: unknown error");
}

static sy_status try_both(sy_status first, int *ret_reached)
{
    SY_TRY(first);
    *ret_reached += 1;
    return SY_OK;
}

static void test_try_passes_errors_up(void **state)
{
    (void)state;
    int reached = 0;
    check_ok(try_both(SY_OK, &reached));
    check_code(try_both(sy_status_of(SY_E_RATE), &reached), SY_E_RATE);
    assert_int_equal(reached, 1);
    assert_int_equal(sy_category_of(SY_E_RATE), SY_CAT_QUOTA);
}

/* ---- view ---- */

static void test_views_compare_bytewise(void **state)
{
    (void)state;
    struct sy_view none = {0};
    assert_true(sy_view_eq(none, sy_view_str("")));
    assert_true(sy_view_eq(sy_view_str(NULL), none));
    assert_true(sy_view_is(sy_view_str("ab"), "ab"));
    assert_false(sy_view_is(sy_view("a\0b", 3), "a"));
    assert_true(sy_view_cmp(sy_view_str("a"), sy_view_str("ab")) < 0);
    assert_true(sy_view_cmp(sy_view_str("b"), sy_view_str("ab")) > 0);
    assert_true(sy_view_cmp(sy_view_str("\xC3\xA9"), sy_view_str("z")) > 0);
    assert_int_equal(sy_view_cmp(none, none), 0);
    assert_true(sy_view_starts(sy_view_str("abc"), sy_view_str("ab")));
    assert_true(sy_view_starts(none, none));
    assert_false(sy_view_starts(sy_view_str("a"), sy_view_str("ab")));
}

static void test_utf8_accepts_exactly_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *p;
        size_t n;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"a", 1, true},
        {"\x7F", 1, true},
        {"\xC2\x80", 2, true},
        {"\xDF\xBF", 2, true},
        {"\xE0\xA0\x80", 3, true},
        {"\xED\x9F\xBF", 3, true},
        {"\xEE\x80\x80", 3, true},
        {"\xEF\xBF\xBF", 3, true},
        {"\xF0\x90\x80\x80", 4, true},
        {"\xF4\x8F\xBF\xBF", 4, true},
        {"\x00", 1, false},                 /* NUL */
        {"a\0b", 3, false},                 /* NUL inside */
        {"\x80", 1, false},                 /* lone continuation */
        {"\xC0\x80", 2, false},             /* overlong NUL */
        {"\xC1\xBF", 2, false},             /* overlong */
        {"\xE0\x9F\xBF", 3, false},         /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, false},     /* overlong */
        {"\xED\xA0\x80", 3, false},         /* surrogate */
        {"\xED\xBF\xBF", 3, false},         /* surrogate */
        {"\xF4\x90\x80\x80", 4, false},     /* past U+10FFFF */
        {"\xF5\x80\x80\x80", 4, false},     /* never a first byte */
        {"\xFF", 1, false},                 /* never a byte */
        {"\xC3", 1, false},                 /* cut */
        {"\xE6\x95", 2, false},             /* cut */
        {"\xF0\x9F\x98", 3, false},         /* cut */
        {"\xE6\x95\x41", 3, false},         /* bad third */
        {"\xF0\x9F\x98\x41", 4, false},     /* bad fourth */
        {"\xF0\x9F\x41\x80", 4, false},     /* bad third of four */
        {"\xC3\x41", 2, false},             /* bad second */
        {"ok\xE6\x95\xB0ok\xFF", 8, false}, /* bad at the end */
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        if (sy_view_is_utf8(sy_view(cases[i].p, cases[i].n)) != cases[i].valid) {
            fail_msg("case %zu", i);
        }
    }
}

static void test_to_cstr_cuts_at_a_character(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t cap;
        const char *want;
    } cases[] = {
        {"abc", 4, "abc"},
        {"abc", 3, "ab"},
        {"abc", 1, ""},
        {"", 1, ""},
        {"a\xC3\xA9", 4, "a\xC3\xA9"},
        {"a\xC3\xA9", 3, "a"},
        {"\xE6\x95\xB0", 3, ""},
        {"x\xF0\x9F\x98\x80y", 5, "x"},
        {"x\xF0\x9F\x98\x80y", 4, "x"},
        {"x\xF0\x9F\x98\x80y", 3, "x"},
        {"x\xF0\x9F\x98\x80y", 6, "x\xF0\x9F\x98\x80"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char out[16];
        memset(out, '#', sizeof(out));
        sy_view_to_cstr(sy_view_str(cases[i].in), out, cases[i].cap);
        assert_string_equal(out, cases[i].want);
        assert_int_equal(out[cases[i].cap], '#');
    }
    /* Bytes that are no UTF-8 still give a terminated string that is not longer than it may be. */
    char out[8];
    sy_view_to_cstr(sy_view("\x80\x80\x80\x80\x80\x80\x80\x80\x80", 9), out, sizeof(out));
    assert_true(strlen(out) < sizeof(out));
    sy_view_to_cstr((struct sy_view){0}, out, sizeof(out));
    assert_string_equal(out, "");
}

/* ---- buf ---- */

static void test_buf_grows_to_its_ceiling_only(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(100);
    for (int i = 0; i < 100; i++) {
        check_ok(sy_buf_add(&b, &(uint8_t){(uint8_t)i}, 1));
        assert_true(b.cap <= 100);
    }
    check_code(sy_buf_add(&b, "x", 1), SY_E_LIMIT);
    check_code(sy_buf_add(&b, "x", SIZE_MAX), SY_E_LIMIT);
    check_ok(sy_buf_add(&b, NULL, 0));
    assert_null(sy_buf_reserve(&b, 1));
    assert_int_equal(b.n, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(b.p[i], i);
    }
}

static void test_buf_failed_appends_change_nothing(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(5);
    check_ok(sy_buf_add_str(&b, "abc"));
    check_code(sy_buf_add_str(&b, "def"), SY_E_LIMIT);
    check_code(sy_buf_printf(&b, "%d", 123), SY_E_LIMIT);
    assert_true(sy_view_is(sy_buf_view(&b), "abc"));
    check_ok(sy_buf_printf(&b, "%d", 12)); /* exactly full: no room for a NUL is needed */
    assert_true(sy_view_is(sy_buf_view(&b), "abc12"));
    sy_buf_clear(&b);
    assert_int_equal(b.n, 0);
    check_ok(sy_buf_add_view(&b, sy_view_str("hello")));
    sy_buf_deinit(&b);
    assert_null(b.p);
    check_ok(sy_buf_add_str(&b, "again"));
    sy_buf_deinit(NULL);
}

static void test_buf_out_of_memory(void **state)
{
    (void)state;
#ifndef SY_SANITIZED /* a sanitizer aborts on a huge request */
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SIZE_MAX);
    check_ok(sy_buf_add_str(&b, "abc"));
    assert_null(sy_buf_reserve(&b, SIZE_MAX / 4));
    assert_true(sy_view_is(sy_buf_view(&b), "abc"));
#endif
}

static void test_buf_reserve_and_consume(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1000);
    uint8_t *at = sy_buf_reserve(&b, 10);
    assert_non_null(at);
    memcpy(at, "0123456789", 10);
    assert_int_equal(b.n, 0);
    b.n += 10;
    sy_buf_consume(&b, 0);
    sy_buf_consume(&b, 4);
    assert_true(sy_view_is(sy_buf_view(&b), "456789"));
    sy_buf_consume(&b, 6);
    assert_int_equal(b.n, 0);
}

static void test_buf_wipes_what_it_gives_up(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
    b.wipe = true;
    check_ok(sy_buf_add_str(&b, "secret-secret"));
    sy_buf_consume(&b, 7);
    assert_true(sy_view_is(sy_buf_view(&b), "secret"));
    for (size_t i = b.n; i < 13; i++) {
        assert_int_equal(b.p[i], 0);
    }
    sy_buf_clear(&b);
    for (size_t i = 0; i < b.cap; i++) {
        assert_int_equal(b.p[i], 0);
    }
    SY_BUF_CLEANUP struct sy_buf grows = sy_buf(4096);
    grows.wipe = true;
    for (int i = 0; i < 100; i++) {
        check_ok(sy_buf_printf(&grows, "%03d,", i));
    }
    assert_int_equal(grows.n, 400);
    assert_true(sy_view_starts(sy_buf_view(&grows), sy_view_str("000,001,002,")));
}

/* ---- arena ---- */

static void test_arena_zeroes_and_aligns(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    for (size_t i = 0; i < 2000; i++) {
        uint8_t *p = sy_arena_alloc(&a, i % 37, 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < (i % 37) * 3; k++) {
            assert_int_equal(p[k], 0);
            p[k] = 0xFF;
        }
    }
    assert_non_null(sy_arena_alloc(&a, 100000, 1)); /* larger than a block */
    sy_arena_deinit(&a);
    assert_null(a.head);
    assert_non_null(sy_arena_alloc(&a, 1, 1));
    sy_arena_deinit(NULL);
}

/* Rounds of one size: from the third on, the block that is kept is enough, so they get the same memory. */
static void test_arena_settles(void **state)
{
    (void)state;
    for (size_t n = 1; n < 2000; n += n / 8 + 1) {
        SY_ARENA_CLEANUP struct sy_arena a = {0};
        const uint8_t *first[8];
        for (size_t round = 0; round < 8; round++) {
            sy_arena_clear(&a);
            first[round] = sy_arena_alloc(&a, 1, 64);
            for (size_t i = 1; i < n; i++) {
                assert_non_null(sy_arena_alloc(&a, 1, 64));
            }
        }
        for (size_t round = 3; round < 8; round++) {
            assert_ptr_equal(first[round], first[2]);
        }
    }
}

static void test_arena_keeps_its_ceiling(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {.ceiling = 1024};
    assert_null(sy_arena_alloc(&a, SIZE_MAX, 2));
    assert_null(sy_arena_alloc(&a, SIZE_MAX, 1));
    assert_null(sy_arena_alloc(&a, 1025, 1));
    assert_non_null(sy_arena_alloc(&a, 1024, 1));
    assert_null(sy_arena_alloc(&a, 1, 1));
    assert_null(sy_arena_copy(&a, sy_view_str("x")).p);
    assert_null(sy_arena_copy(&a, sy_view("x", SIZE_MAX)).p);
    assert_null(sy_arena_printf(&a, "x"));
    SY_ARENA_CLEANUP struct sy_arena standard = {0};
    assert_null(sy_arena_alloc(&standard, ((size_t)64 << 20) + 1, 1));
    assert_int_equal(standard.used, 0);
}

static void test_arena_copies_and_prints(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_view v = sy_arena_copy(&a, sy_view("a\0b", 3));
    assert_int_equal(v.n, 3);
    assert_memory_equal(v.p, "a\0b", 4);
    v = sy_arena_copy(&a, (struct sy_view){0});
    assert_non_null(v.p);
    assert_int_equal(v.n, 0);
    char *s = sy_arena_printf(&a, "%s-%d", "row", 42);
    assert_string_equal(s, "row-42");
    s = sy_arena_printf(&a, "%9000d", 7);
    assert_int_equal(strlen(s), 9000);
}

/* ---- arith ---- */

static void test_checked_arithmetic(void **state)
{
    (void)state;
    uint64_t u = 7;
    assert_true(sy_add_u64(UINT64_MAX - 1, 1, &u) && u == UINT64_MAX);
    assert_false(sy_add_u64(UINT64_MAX, 1, &u));
    assert_true(u == UINT64_MAX);
    assert_false(sy_sub_u64(1, 2, &u));
    assert_false(sy_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &u));
    int64_t i = 7;
    assert_false(sy_sub_i64(INT64_MIN, 1, &i));
    assert_false(sy_mul_i64(INT64_MIN, -1, &i));
    assert_int_equal(i, 7);
    size_t n = 7;
    assert_false(sy_mul_size(SIZE_MAX, 2, &n));
    sy_u128 w = 7;
    const sy_u128 top = ~(sy_u128)0;
    assert_false(sy_add_u128(top, 1, &w));
    assert_true(sy_mul_u128(UINT64_MAX, UINT64_MAX, &w) && w == top - 2 * (sy_u128)UINT64_MAX);
    sy_i128 x = 7;
    assert_false(sy_mul_i128((sy_i128)(top >> 1), 2, &x));
    assert_true(x == 7);
    assert_true(sy_min_i64(-1, 1) == -1 && sy_max_i64(-1, 1) == 1);
    assert_true(sy_min_u64(1, 2) == 1 && sy_max_u64(1, 2) == 2);
}

static void test_isqrt_edges(void **state)
{
    (void)state;
    const sy_u128 top = ~(sy_u128)0;
    const sy_u128 largest_square = (sy_u128)UINT64_MAX * UINT64_MAX;
    static const uint64_t small[] = {0, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4};
    for (unsigned x = 0; x < N_OF(small); x++) {
        assert_true(sy_isqrt_ceil_u128(x) == small[x]);
    }
    assert_true(sy_isqrt_ceil_u128(largest_square) == UINT64_MAX);
    assert_true(sy_isqrt_ceil_u128(largest_square - 1) == UINT64_MAX);
    assert_true(sy_isqrt_ceil_u128(largest_square + 1) == UINT64_MAX); /* does not fit: saturates */
    assert_true(sy_isqrt_ceil_u128(top) == UINT64_MAX);
    const uint64_t roots[] = {3, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 63};
    for (size_t i = 0; i < N_OF(roots); i++) {
        sy_u128 square = (sy_u128)roots[i] * roots[i];
        assert_true(sy_isqrt_ceil_u128(square) == roots[i]);
        assert_true(sy_isqrt_ceil_u128(square - 1) == roots[i]);
        assert_true(sy_isqrt_ceil_u128(square + 1) == roots[i] + 1);
    }
}

/* A seed that a failing run prints, so that it can be repeated: SHUYU_SEED=... */
static uint64_t start_random(void)
{
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("# seed %llu\n", (unsigned long long)seed);
    return seed;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void test_isqrt_is_the_smallest_root(void **state)
{
    (void)state;
    uint64_t seed = start_random();
    for (int i = 0; i < 20000; i++) {
        sy_u128 x = (sy_u128)next_random(&seed) << 64 | next_random(&seed);
        x >>= 2 + next_random(&seed) % 126;
        sy_u128 r = sy_isqrt_ceil_u128(x);
        assert_true(r * r >= x);
        assert_true(r == 0 || (r - 1) * (r - 1) < x);
    }
}

static void test_little_endian_bytes(void **state)
{
    (void)state;
    uint8_t p[9] = {0};
    sy_store_le64(p + 1, UINT64_C(0x0102030405060708));
    assert_int_equal(p[1], 8);
    assert_int_equal(p[8], 1);
    assert_true(sy_load_le64(p + 1) == UINT64_C(0x0102030405060708));
    sy_store_le32(p + 1, 0xFFFEFDFCu);
    assert_true(sy_load_le32(p + 1) == 0xFFFEFDFCu);
}

/* ---- log ---- */

/* Run one log call with stderr in a pipe and give back what it wrote. */
static void capture(enum sy_log_level level, struct sy_view id, char *ret, size_t cap)
{
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(dup2(p[1], STDERR_FILENO) >= 0);
    sy_log(level, "text", SY_LOGF_ID("id", id), SY_LOGF_CODE(SY_E_BUDGET), SY_LOGF_N("rows", 12u),
           SY_LOGF_MS("took", -3));
    sy_log(level, "bare");
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(p[1]);
    ssize_t n = read(p[0], ret, cap - 1);
    ret[n > 0 ? n : 0] = '\0';
    close(p[0]);
}

static void test_log_lines(void **state)
{
    (void)state;
    char out[4096];
    sy_log_setup("warden", SY_LOG_WARN);
    capture(SY_LOG_WARN, sy_view_str("party-1"), out, sizeof(out));
    assert_non_null(strstr(out, "Z warden warn: text id=party-1 code=budget rows=12 took=-3ms\n"));
    assert_non_null(strstr(out, "Z warden warn: bare\n"));
    capture(SY_LOG_INFO, sy_view_str("x"), out, sizeof(out));
    assert_string_equal(out, "");
    capture((enum sy_log_level)99, sy_view_str("x"), out, sizeof(out));
    assert_string_equal(out, "");
    sy_log_setup("shuyu", SY_LOG_INFO);
}

static void test_log_escapes_identifiers(void **state)
{
    (void)state;
    static const struct {
        const char *p;
        size_t n;
        const char *want;
    } cases[] = {
        {"a\nb", 3, " id=a\\x0ab code="},
        {"a b=c", 5, " id=a\\x20b\\x3dc code="},
        {"\x1B[2J", 4, " id=\\x1b[2J code="},
        {"a\0b", 3, " id=a\\x00b code="},
        {"\\\"", 2, " id=\\x5c\\x22 code="},
        {"\xC2\x9B", 2, " id=\\xc2\\x9b code="},
        {"\xE6\x95\xB0", 3, " id=\xE6\x95\xB0 code="},
        {"\xC3\xA9\xFF", 3, " id=\\xc3\\xa9\\xff code="},
        {"", 0, " id= code="},
    };
    char out[4096];
    for (size_t i = 0; i < N_OF(cases); i++) {
        capture(SY_LOG_ERROR, sy_view(cases[i].p, cases[i].n), out, sizeof(out));
        if (strstr(out, cases[i].want) == NULL) {
            fail_msg("case %zu: %s", i, out);
        }
    }
}

static void test_log_bounds_lines(void **state)
{
    (void)state;
    char out[8192];
    char id[200];
    for (size_t i = 0; i < sizeof(id); i++) {
        id[i] = "\xE6\x95\xB0"[i % 3];
    }
    capture(SY_LOG_ERROR, sy_view(id, 198), out, sizeof(out));
    const char *at = strstr(out, "id=");
    assert_non_null(at);
    assert_int_equal(strcspn(at, " "), 3 + 96);
    /* Many long fields: one line, cut, ended. */
    memset(id, '\n', sizeof(id));
    struct sy_log_field fields[20];
    for (size_t i = 0; i < N_OF(fields); i++) {
        fields[i] = (struct sy_log_field)SY_LOGF_ID("id", sy_view(id, 96));
    }
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(dup2(p[1], STDERR_FILENO) >= 0);
    sy_log_write(SY_LOG_ERROR, "t", fields, N_OF(fields));
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(p[1]);
    ssize_t n = read(p[0], out, sizeof(out));
    close(p[0]);
    assert_true(n > 1000 && n <= 2048);
    assert_int_equal(out[n - 1], '\n');
    assert_null(memchr(out, '\n', (size_t)n - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_and_names_are_one_to_one),
        cmocka_unit_test(test_unknown_codes_have_safe_names),
        cmocka_unit_test(test_fail_fills_and_truncates),
        cmocka_unit_test(test_fail_may_quote_the_detail_it_replaces),
        cmocka_unit_test(test_errno_chooses_the_code),
        cmocka_unit_test(test_try_passes_errors_up),
        cmocka_unit_test(test_views_compare_bytewise),
        cmocka_unit_test(test_utf8_accepts_exactly_rfc_3629),
        cmocka_unit_test(test_to_cstr_cuts_at_a_character),
        cmocka_unit_test(test_buf_grows_to_its_ceiling_only),
        cmocka_unit_test(test_buf_failed_appends_change_nothing),
        cmocka_unit_test(test_buf_out_of_memory),
        cmocka_unit_test(test_buf_reserve_and_consume),
        cmocka_unit_test(test_buf_wipes_what_it_gives_up),
        cmocka_unit_test(test_arena_zeroes_and_aligns),
        cmocka_unit_test(test_arena_settles),
        cmocka_unit_test(test_arena_keeps_its_ceiling),
        cmocka_unit_test(test_arena_copies_and_prints),
        cmocka_unit_test(test_checked_arithmetic),
        cmocka_unit_test(test_isqrt_edges),
        cmocka_unit_test(test_isqrt_is_the_smallest_root),
        cmocka_unit_test(test_little_endian_bytes),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_log_escapes_identifiers),
        cmocka_unit_test(test_log_bounds_lines),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
