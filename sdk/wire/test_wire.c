/*
 * Tests of canonical msgpack: golden bytes of every writer, every way not to be canonical, readers
 * of parsed objects, and random values that must come back as they were.
 */
#include "test_bytes.h"

#include "wire/mp.h"

/* ---- writers ---- */

static void test_numbers_are_shortest(void **state)
{
    (void)state;
    static const struct {
        bool is_signed;
        uint64_t u;
        int64_t i;
        const char *hex;
    } cases[] = {
        {false, 0, 0, "00"},
        {false, 127, 0, "7f"},
        {false, 128, 0, "cc80"},
        {false, 255, 0, "ccff"},
        {false, 256, 0, "cd0100"},
        {false, 65535, 0, "cdffff"},
        {false, 65536, 0, "ce00010000"},
        {false, UINT32_MAX, 0, "ceffffffff"},
        {false, UINT64_C(1) << 32, 0, "cf0000000100000000"},
        {false, UINT64_MAX, 0, "cfffffffffffffffff"},
        {true, 0, 0, "00"},
        {true, 0, 127, "7f"},
        {true, 0, 128, "cc80"},
        {true, 0, 32768, "cd8000"},
        {true, 0, INT64_MAX, "cf7fffffffffffffff"},
        {true, 0, -1, "ff"},
        {true, 0, -32, "e0"},
        {true, 0, -33, "d0df"},
        {true, 0, -128, "d080"},
        {true, 0, -129, "d1ff7f"},
        {true, 0, -32768, "d18000"},
        {true, 0, -32769, "d2ffff7fff"},
        {true, 0, INT32_MIN, "d280000000"},
        {true, 0, (int64_t)INT32_MIN - 1, "d3ffffffff7fffffff"},
        {true, 0, INT64_MIN, "d38000000000000000"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
        check_ok(cases[i].is_signed ? sy_mp_put_i64(&b, cases[i].i)
                                    : sy_mp_put_u64(&b, cases[i].u));
        check_hex(&b, cases[i].hex);
        check_ok(sy_mp_scan(sy_buf_view(&b), &SY_MP_REQUEST, NULL));
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        check_ok(sy_mp_open(sy_buf_view(&b), &SY_MP_REQUEST, &doc, NULL));
        uint64_t u = 0;
        int64_t s = 0;
        assert_true(cases[i].is_signed ? sy_mp_i64(&doc.root, &s) && s == cases[i].i
                                       : sy_mp_u64(&doc.root, &u) && u == cases[i].u);
    }
}

static void test_headers_are_shortest(void **state)
{
    (void)state;
    static const struct {
        char kind;
        size_t n;
        const char *hex;
    } cases[] = {
        {'s', 0, "a0"},
        {'s', 31, "bf"},
        {'s', 32, "d920"},
        {'s', 255, "d9ff"},
        {'s', 256, "da0100"},
        {'s', 65535, "daffff"},
        {'s', 65536, "db00010000"},
        {'b', 0, "c400"},
        {'b', 255, "c4ff"},
        {'b', 256, "c50100"},
        {'b', 65536, "c600010000"},
        {'a', 0, "90"},
        {'a', 15, "9f"},
        {'a', 16, "dc0010"},
        {'a', 65536, "dd00010000"},
        {'m', 0, "80"},
        {'m', 15, "8f"},
        {'m', 16, "de0010"},
        {'m', 65536, "df00010000"},
    };
    char *text = malloc(65536);
    memset(text, 'x', 65536);
    for (size_t i = 0; i < N_OF(cases); i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
        size_t n = cases[i].n;
        size_t body = cases[i].kind == 's' || cases[i].kind == 'b' ? n : 0;
        check_ok(cases[i].kind == 's'   ? sy_mp_put_str(&b, sy_view(text, n))
                 : cases[i].kind == 'b' ? sy_mp_put_bin(&b, sy_view(text, n))
                 : cases[i].kind == 'a' ? sy_mp_put_array(&b, n)
                                        : sy_mp_put_map(&b, n));
        assert_true(b.n >= body);
        b.n -= body;
        check_hex(&b, cases[i].hex);
    }
    free(text);
}

static void test_plain_values(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
    check_ok(sy_mp_put_array(&b, 4));
    check_ok(sy_mp_put_nil(&b));
    check_ok(sy_mp_put_bool(&b, false));
    check_ok(sy_mp_put_bool(&b, true));
    check_ok(sy_mp_put_raw(&b, sy_view("\x01", 1)));
    check_hex(&b, "94 c0 c2 c3 01");
}

static void test_writers_refuse_what_has_no_form(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
    const size_t too_many = (size_t)UINT32_MAX + 1;
    check_code(sy_mp_put_str(&b, sy_view_str("\xFF")), SY_E_NOT_CANONICAL);
    check_code(sy_mp_put_str(&b, sy_view("a\0b", 3)), SY_E_NOT_CANONICAL);
    check_code(sy_mp_put_str(&b, sy_view("", too_many)), SY_E_LIMIT);
    check_code(sy_mp_put_bin(&b, sy_view("", too_many)), SY_E_LIMIT);
    check_code(sy_mp_put_array(&b, too_many), SY_E_LIMIT);
    check_code(sy_mp_put_map(&b, too_many), SY_E_LIMIT);
    assert_int_equal(b.n, 0);
}

static void test_full_buffers_stay_as_they_were(void **state)
{
    (void)state;
    for (size_t room = 1; room < 6; room++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(room);
        check_ok(sy_buf_add(&b, "\xC0", 1));
        check_code(sy_mp_put_str(&b, sy_view_str("hello")), SY_E_LIMIT);
        check_code(sy_mp_put_bin(&b, sy_view_str("hello")), SY_E_LIMIT);
        check_code(sy_mp_put_u64(&b, UINT64_MAX), SY_E_LIMIT);
        check_code(sy_mp_put_i64(&b, INT64_MIN), SY_E_LIMIT);
        check_code(sy_mp_put_raw(&b, sy_view_str("123456")), SY_E_LIMIT);
        assert_int_equal(b.n, 1);
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1);
    check_ok(sy_mp_put_nil(&b));
    check_code(sy_mp_put_nil(&b), SY_E_LIMIT);
    check_code(sy_mp_put_bool(&b, true), SY_E_LIMIT);
    check_code(sy_mp_put_array(&b, 1), SY_E_LIMIT);
    check_code(sy_mp_put_map(&b, 1), SY_E_LIMIT);
    check_hex(&b, "c0");
}

/* ---- reading ---- */

static void test_canonical_bytes_open(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "c0",
        "c2",
        "90",
        "80",
        "a0",
        "c400",
        "a3 e695b0",
        "82 a161 01 a162 02",
        "82 a0 01 a161 02",
        "83 a161 01 a26161 02 a162 03",
        "81 a161 93 c0 c403 ff00ff d080",
        "92 81 a16b 90 80",
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i]);
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
        check_ok(sy_mp_open(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
        check_ok(sy_mp_put_object(&b, &doc.root));
        check_hex(&b, cases[i]);
    }
}

/* Well-formed, so a foreign frame may hold it, but not the one form that is signed. */
static const char *const LOOSE_ONLY[] = {
    "cc05",                                 /* 5 fits the first byte */
    "cd00ff",                               /* 255 fits one byte */
    "ce0000ffff",                           /* and so on */
    "cf00000000ffffffff",                   /* */
    "d005",                                 /* positive in a signed form */
    "d0ff",                                 /* -1 fits the first byte */
    "d1ff80",                               /* -128 */
    "d2ffff8000",                           /* -32768 */
    "d3ffffffff80000000",                   /* -2^31 */
    "d900",                                 /* str 8 for none */
    "d90161",                               /* str 8 for one */
    "da000161",                             /* str 16 */
    "db0000000161",                         /* str 32 */
    "c5000100",                             /* bin 16 for one */
    "c60000000100",                         /* bin 32 */
    "dc0001c0",                             /* array 16 for one */
    "dd00000001c0",                         /* array 32 */
    "de0001a161c0",                         /* map 16 for one */
    "df00000001a161c0",                     /* map 32 */
    "82a162c0a161c0",                       /* keys descend */
    "82a26161c0a161c0",                     /* the longer of two first */
    "82a161c0a161c0",                       /* the same key twice */
    "8101c0",                               /* a number as key */
    "81c0c0",                               /* nil as key */
    "81c40161c0",                           /* bytes as key */
    "8190c0",                               /* an array as key */
    "81a1ffc0",                             /* a key that is not UTF-8 */
    "ca00000000",                           /* float */
    "cb3ff0000000000000",                   /* double */
    "d40100",                               /* fixext 1 */
    "d5010000",                             /* fixext 2 */
    "d60100000000",                         /* fixext 4 */
    "d7010000000000000000",                 /* fixext 8 */
    "d80100000000000000000000000000000000", /* fixext 16 */
    "c70001",                               /* ext 8, empty */
    "c80000 01",                            /* ext 16 */
    "c90000000001",                         /* ext 32 */
    "a1ff",                                 /* not UTF-8 */
    "a100",                                 /* NUL */
    "a3eda080",                             /* a surrogate */
    "a2c080",                               /* an overlong */
    "91cc05",                               /* inside an array */
    "81a161cc05",                           /* inside a map */
    "81a16182a162c0a161c0",                 /* unsorted inside a map */
};

static void test_other_forms_are_not_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(LOOSE_ONLY); i++) {
        struct bytes in = unhex(LOOSE_ONLY[i]);
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        struct sy_error e = {0};
        if (sy_mp_open(view_of(&in), &SY_MP_REQUEST, &doc, &e).code != SY_E_NOT_CANONICAL) {
            fail_msg("opened: %s", LOOSE_ONLY[i]);
        }
        assert_int_equal(e.code, SY_E_NOT_CANONICAL);
        assert_null(doc.zone);
        if (!sy_ok(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL))) {
            fail_msg("refused loosely: %s", LOOSE_ONLY[i]);
        }
    }
}

static void test_malformed_bytes_open_nowhere(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",                 /* nothing */
        "c1",               /* never used */
        "91c1",             /* inside */
        "c0c0",             /* bytes follow */
        "80 80",            /* bytes follow */
        "92c0",             /* an element is missing */
        "81a161",           /* a value is missing */
        "81",               /* an entry is missing */
        "a26b",             /* text is cut */
        "c4",               /* a length is missing */
        "c50001",           /* bytes are missing */
        "cd01",             /* a number is cut */
        "cf00000000000000", /* a number is cut */
        "ca0000",           /* a float is cut */
        "d401",             /* an ext is cut */
        "c70101",           /* an ext is cut */
        "dc00",             /* a count is cut */
        "df000000",         /* a count is cut */
        "c6ffffffff00",     /* claims 4 GiB of bytes */
        "dbffffffff61",     /* claims 4 GiB of text */
        "c9ffffffff01",     /* claims 4 GiB of ext */
        "dc00ff",           /* claims more elements than bytes */
        "92 93 01 02 03",   /* the outer array is short by one */
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i]);
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        struct sy_error e = {0};
        if (sy_mp_scan(view_of(&in), &SY_MP_REQUEST, &e).code != SY_E_NOT_CANONICAL) {
            fail_msg("scanned: %s", cases[i]);
        }
        assert_int_equal(e.code, SY_E_NOT_CANONICAL);
        check_code(sy_mp_open(view_of(&in), &SY_MP_REQUEST, &doc, NULL), SY_E_NOT_CANONICAL);
        check_code(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL), SY_E_NOT_CANONICAL);
        assert_null(doc.zone);
    }
}

/* A random canonical value; maps get the ascending keys a, b, c, ... */
static void put_random(struct sy_buf *b, uint64_t *seed, int depth)
{
    uint64_t r = next_random(seed);
    uint64_t n = r >> 32 & 3;
    switch (r % (depth > 0 ? 8 : 6)) {
    case 0:
        check_ok(sy_mp_put_u64(b, next_random(seed) >> (r >> 8 & 63)));
        break;
    case 1:
        check_ok(sy_mp_put_i64(b, (int64_t)next_random(seed) >> (r >> 8 & 63)));
        break;
    case 2:
        check_ok(sy_mp_put_bool(b, n != 0));
        break;
    case 3:
        check_ok(sy_mp_put_str(b, sy_view("\xE6\x95\xB0\xE6\x8D\xAE"
                                          "abc",
                                          3 * n)));
        break;
    case 4:
        check_ok(sy_mp_put_bin(b, sy_view(seed, 2 * n)));
        break;
    case 5:
        check_ok(sy_mp_put_nil(b));
        break;
    case 6:
        check_ok(sy_mp_put_array(b, n));
        for (uint64_t i = 0; i < n; i++) {
            put_random(b, seed, depth - 1);
        }
        break;
    default:
        check_ok(sy_mp_put_map(b, n));
        for (uint64_t i = 0; i < n; i++) {
            check_ok(sy_mp_put_str(b, sy_view(&"abcd"[i], 1)));
            put_random(b, seed, depth - 1);
        }
        break;
    }
}

static void test_random_values_round_trip(void **state)
{
    (void)state;
    uint64_t seed = start_random();
    for (int i = 0; i < 20000; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
        SY_BUF_CLEANUP struct sy_buf again = sy_buf(1 << 16);
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        put_random(&b, &seed, 5);
        check_ok(sy_mp_open(sy_buf_view(&b), &SY_MP_REQUEST, &doc, NULL));
        check_ok(sy_mp_put_object(&again, &doc.root));
        assert_true(sy_view_eq(sy_buf_view(&b), sy_buf_view(&again)));
    }
}

static void test_put_object_refuses_and_undoes(void **state)
{
    (void)state;
    static const char *const cases[] = {"92 01 ca00000000", "92 a161 a1ff", "91 82a162c0a161c0",
                                        "92 81 a161 8101c0 01", "92 01 d40100"};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i]);
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
        check_ok(sy_mp_put_nil(&b));
        check_ok(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
        check_code(sy_mp_put_object(&b, &doc.root), SY_E_NOT_CANONICAL);
        check_hex(&b, "c0");
    }
    /* Objects made by hand may nest without end: recursion stops all the same. */
    msgpack_object self = {.type = MSGPACK_OBJECT_ARRAY};
    self.via.array.size = 1;
    self.via.array.ptr = &self;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
    check_code(sy_mp_put_object(&b, &self), SY_E_NOT_CANONICAL);
    assert_int_equal(b.n, 0);
    struct bytes in = unhex("93 01 02 c4020000");
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    check_ok(sy_mp_open(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
    SY_BUF_CLEANUP struct sy_buf small = sy_buf(6);
    check_code(sy_mp_put_object(&small, &doc.root), SY_E_LIMIT);
    assert_int_equal(small.n, 0);
}

static void test_readers_check_kind_and_range(void **state)
{
    (void)state;
    /* u64 max, -1, true, str, bin, nil */
    struct bytes in = unhex("96 cfffffffffffffffff ff c3 a161 c40162 c0");
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    check_ok(sy_mp_open(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
    const msgpack_object *at = doc.root.via.array.ptr;
    static const bool want[6][6] = {
        /* u64    i64    bool   str    bin    text or bin */
        {true, false, false, false, false, false}, {false, true, false, false, false, false},
        {false, false, true, false, false, false}, {false, false, false, true, false, true},
        {false, false, false, false, true, true},  {false, false, false, false, false, false},
    };
    for (size_t i = 0; i < 6; i++) {
        uint64_t u = 7;
        int64_t s = 7;
        bool b = false;
        struct sy_view v[3] = {{0}};
        assert_int_equal(sy_mp_u64(&at[i], &u), want[i][0]);
        assert_int_equal(sy_mp_i64(&at[i], &s), want[i][1]);
        assert_int_equal(sy_mp_bool(&at[i], &b), want[i][2]);
        assert_int_equal(sy_mp_str(&at[i], &v[0]), want[i][3]);
        assert_int_equal(sy_mp_bin(&at[i], &v[1]), want[i][4]);
        assert_int_equal(sy_mp_text_or_bin(&at[i], &v[2]), want[i][5]);
        assert_true((u == 7) != want[i][0] && (s == 7) != want[i][1] && b == want[i][2]);
        assert_true((v[0].n == 0) != want[i][3] && (v[1].n == 0) != want[i][4]);
    }
}

static void test_map_lookup(void **state)
{
    (void)state;
    struct bytes in = unhex("83 01 02 a161 03 c40162 04");
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    check_ok(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
    uint64_t v = 0;
    assert_true(sy_mp_u64(sy_mp_get(&doc.root, "a"), &v) && v == 3);
    assert_null(sy_mp_get(&doc.root, "b")); /* a bin key is no str key */
    assert_null(sy_mp_get(&doc.root, ""));
    assert_null(sy_mp_get(sy_mp_get(&doc.root, "a"), "a"));
    assert_null(sy_mp_get(NULL, "a"));
    sy_mp_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_shortest),
        cmocka_unit_test(test_headers_are_shortest),
        cmocka_unit_test(test_plain_values),
        cmocka_unit_test(test_writers_refuse_what_has_no_form),
        cmocka_unit_test(test_full_buffers_stay_as_they_were),
        cmocka_unit_test(test_canonical_bytes_open),
        cmocka_unit_test(test_other_forms_are_not_canonical),
        cmocka_unit_test(test_malformed_bytes_open_nowhere),
        cmocka_unit_test(test_random_values_round_trip),
        cmocka_unit_test(test_put_object_refuses_and_undoes),
        cmocka_unit_test(test_readers_check_kind_and_range),
        cmocka_unit_test(test_map_lookup),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
