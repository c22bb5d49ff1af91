/*
 * GB18030: every border through every character, bad bytes, byte order marks; and that UTF-8 passes
 * unchanged.
 */
#include "test_ingest.h"

#include <iconv.h>
#include <stdlib.h>

#include "ingest_text.h"

static void collect(void *ctx, struct sy_view text)
{
    check_ok(sy_buf_add_view(ctx, text));
}

/* Decode in steps of `step` bytes, the first piece `first` bytes long. */
static void decode(const char *encoding, struct sy_view raw, size_t first, size_t step,
                   struct sy_buf *out)
{
    struct ingest_text *t = malloc(sizeof(*t));
    assert_non_null(t);
    sy_buf_clear(out);
    check_ok(ingest_text_init(t, sy_view_str(encoding), collect, out));
    for (size_t at = 0, n = first; at < raw.n; at += n, n = step) {
        n = n > raw.n - at ? raw.n - at : n;
        /* a block of its own, so that reads past its end are seen */
        uint8_t *piece = malloc(n == 0 ? 1 : n);
        assert_non_null(piece);
        memcpy(piece, raw.p + at, n);
        ingest_text_feed(t, sy_view(piece, n));
        free(piece);
    }
    ingest_text_end(t);
    free(t);
}

static void expect(const char *encoding, struct sy_view raw, struct sy_view want)
{
    SY_BUF_CLEANUP struct sy_buf out = sy_buf(1 << 20);
    for (size_t first = 1; first <= raw.n; first++) {
        for (size_t step = 1; step <= 5; step++) {
            decode(encoding, raw, first, step, &out);
            assert_true(sy_view_eq(sy_buf_view(&out), want));
        }
    }
    decode(encoding, raw, raw.n, 1, &out);
    assert_true(sy_view_eq(sy_buf_view(&out), want));
}

static int prepare(void **state)
{
    (void)state;
    return sy_ok(ingest_text_prepare()) && sy_ok(ingest_text_prepare()) ? 0 : 1;
}

static void test_gb18030_at_every_border(void **state)
{
    (void)state;
    /* 一 two bytes; 㳇 U+3CC7 four bytes in the BMP; 𠀀 U+20000 four bytes beyond; € A2E3 */
    static const struct sy_view raw = STR("a\xD2\xBB,\x82\x31\x96\x39\x95\x32\x82\x36\"\xA2\xE3\n");
    SY_BUF_CLEANUP struct sy_buf want = sy_buf(256);
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    char out[256];
    char *in = (char *)(uintptr_t)raw.p;
    char *to = out;
    size_t left = raw.n;
    size_t room = sizeof(out);
    assert_int_equal(iconv(cd, &in, &left, &to, &room), 0);
    assert_int_equal(iconv_close(cd), 0);
    check_ok(sy_buf_add(&want, out, sizeof(out) - room));
    assert_non_null(memmem(want.p, want.n, "𠀀", 4));
    assert_non_null(memmem(want.p, want.n, "一,", 4));
    expect("gb18030", raw, sy_buf_view(&want));
}

static void test_bad_gb18030(void **state)
{
    (void)state;
    /* a bad byte costs one 0xFF and swallows no comma, quote or line end */
    expect("gb18030", TEXT_OF("a\x81,b\n"), TEXT_OF("a\xFF,b\n"));
    expect("gb18030", TEXT_OF("\x81\"x\""), TEXT_OF("\xFF\"x\""));
    expect("gb18030", TEXT_OF("x\xFF\xD2\xBB"), TEXT_OF("x\xFF一"));
    expect("gb18030", TEXT_OF("x\xD2"), TEXT_OF("x\xFF"));         /* ends within a character */
    expect("gb18030", TEXT_OF("x\x81\x30\x81"), TEXT_OF("x\xFF")); /* one, however much came */
}

static void test_marks(void **state)
{
    (void)state;
    static const char *const encodings[] = {"utf-8", "gb18030"};
    for (size_t i = 0; i < 2; i++) {
        expect(encodings[i], TEXT_OF("id"), TEXT_OF("id"));
        expect(encodings[i], TEXT_OF(""), TEXT_OF(""));
    }
    expect("utf-8", TEXT_OF("\xEF\xBB\xBFid"), TEXT_OF("id"));
    expect("utf-8", TEXT_OF("\xEF\xBB\xBF\xEF\xBB\xBFid"), TEXT_OF("\xEF\xBB\xBFid"));
    expect("utf-8", TEXT_OF("\xEF\xBB"), TEXT_OF("\xEF\xBB"));
    expect("utf-8", TEXT_OF("\xEF\xBBx"), TEXT_OF("\xEF\xBBx"));
    expect("utf-8", TEXT_OF("\xEFx\xEF\xBB\xBF"), TEXT_OF("\xEFx\xEF\xBB\xBF"));
    expect("utf-8", TEXT_OF("a\xEF\xBB\xBF"), TEXT_OF("a\xEF\xBB\xBF"));
    expect("gb18030", TEXT_OF("\x84\x31\x95\x33id"), TEXT_OF("id"));
}

/* More than one output buffer. */
static void test_long_runs(void **state)
{
    (void)state;
    enum { CHARS = 100000 };
    SY_BUF_CLEANUP struct sy_buf raw = sy_buf(1 << 20);
    SY_BUF_CLEANUP struct sy_buf want = sy_buf(1 << 20);
    SY_BUF_CLEANUP struct sy_buf out = sy_buf(1 << 20);
    for (size_t i = 0; i < CHARS; i++) {
        check_ok(sy_buf_add(&raw, "\xD2\xBB", 2));
        check_ok(sy_buf_add_str(&want, "一"));
    }
    decode("gb18030", sy_buf_view(&raw), 65537, 65537, &out);
    assert_true(sy_view_eq(sy_buf_view(&out), sy_buf_view(&want)));
}

static void test_a_gb18030_table(void **state)
{
    (void)state;
    struct sy_view values[] = {STR("男"), STR("女")};
    struct sy_field_def fields[] = {
        {.name = STR("姓名"), .type = STR("text")},
        {.name = STR("性别"),
         .type = STR("enum"),
         .values = values,
         .n_values = 2,
         .nullable = true},
    };
    struct sy_dataset_def def = def_of(fields, 2);
    def.encoding = sy_view_str("gb18030");
    static const struct sy_view file =
        STR("\xD0\xD5\xC3\xFB,\xD0\xD4\xB1\xF0\n" /* 姓名,性别 */
            "\xD2\xBB\x82\x31\x96\x39,\xC4\xD0\n" /* 一+4 bytes,男 */
            "\xD2\xBB\x81,\xC5\xAE\n"             /* damaged name */
            "\xD2\xBB,\xC5\x81\xFF\n"             /* damaged value: rejected, not NULL */
            "\xD2\xBB,\xC5\xAE\n");
    for (size_t step = 0; step < 6; step++) {
        RUN_CLEANUP struct run r;
        run_file(&r, &def, file, step);
        run_expect_rows(&r, 4, 2);
        assert_int_equal(run_count(&r, "姓名", "encoding").rejected, 1);
        assert_int_equal(run_count(&r, "性别", "encoding").rejected, 1);
        assert_int_equal(run_number(&r, 1, 0), 0);
        assert_int_equal(run_number(&r, 1, 1), 1);
        assert_true(sy_view_is(run_text(&r, 0, 1), "一"));
    }
    RUN_CLEANUP struct run utf8;
    def.encoding = sy_view_str("utf-8"); /* the wrong one: no column is found */
    run_file(&utf8, &def, file, 0);
    run_expect_error(&utf8, "data", "姓名");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gb18030_at_every_border),
        cmocka_unit_test(test_bad_gb18030),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_long_runs),
        cmocka_unit_test(test_a_gb18030_table),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
