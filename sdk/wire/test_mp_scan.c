/*
 * Tests of the pre-scan: limits of depth, count and size are kept at once and while a frame is
 * still arriving, and on random bytes the scan agrees with what msgpack-c then parses.
 */
#include "test_bytes.h"

#include "wire/mp.h"

static void test_huge_counts_are_refused_at_once(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "dd0fffffff", "ddffffffff", "df0fffffff", "dfffffffff", "91dd0fffffff",
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i]);
        struct sy_mp_doc doc;
        struct sy_error e = {0};
        size_t n = 77;
        check_code(sy_mp_scan(view_of(&in), &SY_MP_REQUEST, &e), SY_E_LIMIT);
        assert_int_equal(e.code, SY_E_LIMIT);
        check_code(sy_mp_open(view_of(&in), &SY_MP_LARGE, &doc, NULL), SY_E_LIMIT);
        check_code(sy_mp_open_loose(view_of(&in), &SY_MP_LARGE, &doc, NULL), SY_E_LIMIT);
        check_code(sy_mp_frame(view_of(&in), &SY_MP_LARGE, &n, NULL), SY_E_LIMIT);
        assert_int_equal(n, 77);
    }
    /* With no limit on values to stop it, the bytes that remain do. */
    const struct sy_mp_limits open_ended = {SIZE_MAX, 16, SIZE_MAX};
    struct bytes in = unhex("dd0fffffff");
    check_code(sy_mp_scan(view_of(&in), &open_ended, NULL), SY_E_NOT_CANONICAL);
}

/* n containers around one another: arrays, maps or both by turns; the innermost empty or not. */
static struct bytes nest(size_t n, char kind, bool empty)
{
    struct bytes b = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        bool map = kind == 'm' || (kind == 'x' && i % 2 == 1);
        bool last = i + 1 == n && empty;
        b.p[b.n++] = (uint8_t)((map ? 0x80 : 0x90) | (last ? 0 : 1));
        if (map && !last) {
            b.p[b.n++] = 0xA0;
        }
    }
    if (!empty) {
        b.p[b.n++] = 0xC0;
    }
    return b;
}

static void test_depth_limit(void **state)
{
    (void)state;
    static const char kinds[] = {'a', 'm', 'x'};
    const struct sy_mp_limits too_generous = {1000, 100, 1000};
    const struct sy_mp_limits two = {1000, 2, 1000};
    for (size_t i = 0; i < 2 * N_OF(kinds); i++) {
        char kind = kinds[i / 2];
        bool empty = i % 2 == 0;
        struct sy_mp_doc doc;
        struct bytes in = nest(16, kind, empty);
        check_ok(sy_mp_open(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
        sy_mp_close(&doc);
        check_code(sy_mp_scan(view_of(&in), &two, NULL), SY_E_LIMIT);
        for (size_t n = 17; n < 120; n += 1 + n / 3) {
            in = nest(n, kind, empty);
            check_code(sy_mp_open(view_of(&in), &SY_MP_REQUEST, &doc, NULL), SY_E_LIMIT);
            check_code(sy_mp_open_loose(view_of(&in), &too_generous, &doc, NULL), SY_E_LIMIT);
            check_code(sy_mp_frame(view_of(&in), &too_generous, &n, NULL), SY_E_LIMIT);
        }
        in = nest(2, kind, empty);
        check_ok(sy_mp_scan(view_of(&in), &two, NULL));
    }
    const struct sy_mp_limits flat = {1000, 0, 1000};
    check_ok(sy_mp_scan(sy_view_str("\x05"), &flat, NULL));
    check_code(sy_mp_scan(sy_view_str("\x90"), &flat, NULL), SY_E_LIMIT);
}

static void test_value_and_byte_limits(void **state)
{
    (void)state;
    struct bytes in = unhex("93 01 81 a161 02 03"); /* 6 values, 7 bytes */
    const struct sy_mp_limits exact = {7, 2, 6};
    const struct sy_mp_limits few = {7, 2, 5};
    const struct sy_mp_limits none = {7, 2, 0};
    const struct sy_mp_limits small = {6, 2, 6};
    check_ok(sy_mp_scan(view_of(&in), &exact, NULL));
    check_code(sy_mp_scan(view_of(&in), &few, NULL), SY_E_LIMIT);
    check_code(sy_mp_scan(view_of(&in), &none, NULL), SY_E_LIMIT);
    check_code(sy_mp_scan(view_of(&in), &small, NULL), SY_E_LIMIT);
}

static void test_frames_wait_for_their_end(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "94 00 ce00010203 a3666f6f 92 c4 03 010203 81 a161 cb0000000000000000",
        "05",
        "d920 6161616161616161616161616161616161616161616161616161616161616161",
        "c70201 0000",
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i]);
        size_t n = 77;
        for (size_t k = 0; k < in.n; k++) {
            check_code(sy_mp_frame(sy_view(in.p, k), &SY_MP_REQUEST, &n, NULL), SY_E_CLOSED);
            assert_int_equal(n, 77);
        }
        check_ok(sy_mp_frame(view_of(&in), &SY_MP_REQUEST, &n, NULL));
        assert_int_equal(n, in.n);
        in.p[in.n++] = 0xC1; /* what follows is the next frame's business */
        check_ok(sy_mp_frame(view_of(&in), &SY_MP_REQUEST, &n, NULL));
        assert_int_equal(n, in.n - 1);
    }
}

static void test_frames_that_can_never_end(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int32_t code;
    } cases[] = {
        {"c1", SY_E_NOT_CANONICAL}, {"92c0c1", SY_E_NOT_CANONICAL},
        {"c411", SY_E_LIMIT},       /* 17 bytes to come, 16 allowed in all */
        {"c6ffffffff", SY_E_LIMIT}, /* */
        {"9f", SY_E_CLOSED},        /* 15 values could still fit */
        {"dc0010", SY_E_LIMIT},     /* 16 could not */
    };
    const struct sy_mp_limits limits = {16, 4, 100};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i].hex);
        size_t n = 77;
        check_code(sy_mp_frame(view_of(&in), &limits, &n, NULL), cases[i].code);
        assert_int_equal(n, 77);
    }
    /* All the bytes that are allowed, and a header still cut: waiting would be for ever. */
    uint8_t cut[16] = {0x92, 0xAD};
    cut[15] = 0xCE;
    size_t n = 77;
    check_code(sy_mp_frame(sy_view(cut, 15), &limits, &n, NULL), SY_E_CLOSED);
    check_code(sy_mp_frame(sy_view(cut, 16), &limits, &n, NULL), SY_E_LIMIT);
}

/* Do all texts and bytes below o lie within the input? Documents promise to borrow, not copy. */
static void check_borrowed(const msgpack_object *o, struct sy_view in)
{
    struct sy_view v = {0};
    if (sy_mp_text_or_bin(o, &v)) {
        assert_true(v.n == 0 || (v.p >= in.p && v.p + v.n <= in.p + in.n));
    }
    for (uint32_t i = 0; o->type == MSGPACK_OBJECT_ARRAY && i < o->via.array.size; i++) {
        check_borrowed(&o->via.array.ptr[i], in);
    }
    for (uint32_t i = 0; o->type == MSGPACK_OBJECT_MAP && i < o->via.map.size; i++) {
        check_borrowed(&o->via.map.ptr[i].key, in);
        check_borrowed(&o->via.map.ptr[i].val, in);
    }
}

static bool opens_in_msgpack_c(struct sy_view in)
{
    msgpack_zone *zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    msgpack_object root;
    size_t at = 0;
    bool ok =
        msgpack_unpack((const char *)in.p, in.n, &at, zone, &root) == MSGPACK_UNPACK_SUCCESS &&
        at == in.n;
    msgpack_zone_free(zone);
    return ok;
}

/* Alone, msgpack-c allocates what a header claims, which is what the scan is there to prevent. */
static bool claims_much(const struct bytes *in)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->p[i] >= 0xDC && in->p[i] <= 0xDF) {
            return true;
        }
    }
    return false;
}

static void test_scan_agrees_with_msgpack_c(void **state)
{
    (void)state;
    uint64_t seed = start_random();
    size_t n_good = 0;
    for (int i = 0; i < 200000; i++) {
        struct bytes in = random_bytes(&seed);
        sy_status s = sy_mp_scan(view_of(&in), &SY_MP_REQUEST, NULL);
        if (!sy_ok(s) && claims_much(&in)) {
            continue;
        }
        assert_int_equal(sy_ok(s), in.n > 0 && opens_in_msgpack_c(view_of(&in)));
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        if (!sy_ok(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL))) {
            assert_false(sy_ok(s));
            continue;
        }
        n_good++;
        check_borrowed(&doc.root, view_of(&in));
        size_t n = 0;
        check_ok(sy_mp_frame(view_of(&in), &SY_MP_REQUEST, &n, NULL));
        assert_int_equal(n, in.n);
        SY_BUF_CLEANUP struct sy_buf again = sy_buf(HEX_MAX);
        SY_MP_CLEANUP struct sy_mp_doc canonical = {0};
        bool opens = sy_ok(sy_mp_open(view_of(&in), &SY_MP_REQUEST, &canonical, NULL));
        bool packs = sy_ok(sy_mp_put_object(&again, &doc.root));
        assert_int_equal(opens, packs && sy_view_eq(sy_buf_view(&again), view_of(&in)));
    }
    assert_true(n_good > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huge_counts_are_refused_at_once),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_value_and_byte_limits),
        cmocka_unit_test(test_frames_wait_for_their_end),
        cmocka_unit_test(test_frames_that_can_never_end),
        cmocka_unit_test(test_scan_agrees_with_msgpack_c),
    };
    return cmocka_run_group_tests_name("wire_mp_scan", tests, NULL, NULL);
}
