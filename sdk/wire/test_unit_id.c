/*
 * The normal form of unit identifiers: whoever ingests and whoever asks must mean the same bytes. Fixed
 * cases; random texts, whose normal form is normal and says the same again; the stored form of numbers
 * that name people.
 */
#include "check.h"

#include <stdlib.h>
#include <time.h>

#include "wire/unit_id.h"

static struct sy_view v(const char *text)
{
    return sy_view_str(text);
}

static void assert_joined(const char *const *parts, size_t n, int32_t code, const char *want)
{
    struct sy_view views[SY_UNIT_ID_PARTS_MAX + 1];
    uint8_t id[SY_UNIT_ID_BYTES];
    size_t n_id = 7;
    for (size_t i = 0; i < n; i++) {
        views[i] = v(parts[i]);
    }
    check_code(sy_unit_id_join(views, n, id, &n_id), code);
    if (!sy_view_is(sy_view(id, n_id), want)) {
        fail_msg("%s: %.*s", want, (int)n_id, (const char *)id);
    }
}

static void one_part(void **state)
{
    static const struct {
        const char *written;
        int32_t code;
        const char *want;
    } cases[] = {
        {"AB-1001", 0, "AB-1001"},
        {"ab-1001", 0, "AB-1001"},
        {" \t\r\nab-1001 \v\f", 0, "AB-1001"},
        {"\xE3\x80\x80"
         "ab\xE3\x80\x80",
         0, "AB"},                         /* U+3000 at both ends */
        {"ＡＢ－１００１", 0, "AB-1001"},  /* full width */
        {"ａｂ\xE3\x80\x80ｃ", 0, "AB C"}, /* and between words a blank */
        {"张三", 0, "张三"},
        {"éa", 0, "éA"}, /* only ASCII letters have capitals here */
        {"", SY_E_FIELD, ""},
        {" \xE3\x80\x80 ", SY_E_FIELD, ""},
        {"\xFF\xFE", SY_E_FIELD, ""},
        {"a\xE3\x80", SY_E_FIELD, ""},
        {"0123456789012345678901234567890123456789012345678901234567890123", 0,
         "0123456789012345678901234567890123456789012345678901234567890123"},
        {"01234567890123456789012345678901234567890123456789012345678901234", SY_E_LIMIT, ""},
        {"０１２３４５６７８９０１２３４５６７８９０１２３４５６７８９０１２３４５６７８９", 0,
         "0123456789012345678901234567890123456789"}, /* 120 bytes become 40 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_joined(&cases[i].written, 1, cases[i].code, cases[i].want);
    }
}

static void several_parts(void **state)
{
    static const char *const fine[] = {" a1 ", "ｂ２"};
    static const char *const empty[] = {"a1", " "};
    static const char *const joined[] = {"a1\x1Fz", "b2"};
    static const char *const alone[] = {"a1\x1Fz"};
    const char *many[SY_UNIT_ID_PARTS_MAX + 1];
    const char *const longest[] = {"0123456789012345678901234567890123456789",
                                   "01234567890123456789012", "0"};
    (void)state;
    assert_joined(fine, 2, 0,
                  "A1\x1F"
                  "B2");
    assert_joined(empty, 2, SY_E_FIELD, "");
    assert_joined(joined, 2, SY_E_FIELD, ""); /* or A1|Z,B2 and A1,Z|B2 would be one unit */
    assert_joined(alone, 1, 0, "A1\x1FZ");
    assert_joined(longest, 2, 0,
                  "0123456789012345678901234567890123456789\x1F"
                  "01234567890123456789012");
    assert_joined(longest, 3, SY_E_LIMIT, "");
    assert_joined(NULL, 0, SY_E_FIELD, "");
    for (size_t i = 0; i <= SY_UNIT_ID_PARTS_MAX; i++) {
        many[i] = "7";
    }
    struct sy_view views[SY_UNIT_ID_PARTS_MAX];
    uint8_t id[SY_UNIT_ID_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < SY_UNIT_ID_PARTS_MAX; i++) {
        views[i] = v("7");
    }
    check_ok(sy_unit_id_join(views, SY_UNIT_ID_PARTS_MAX, id, &n));
    assert_int_equal(n, 2 * SY_UNIT_ID_PARTS_MAX - 1);
    assert_joined(many, SY_UNIT_ID_PARTS_MAX + 1, SY_E_FIELD, "");
}

static uint64_t roll; /* splitmix64: repeatable by its seed */

static size_t pick(size_t n)
{
    roll += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = roll;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ z >> 31) % n);
}

/* Bytes of blanks, letters, digits, wide forms and rubbish. */
static size_t random_text(uint8_t *p)
{
    static const char *const pieces[] = {
        " ",    "\t",           "a",   "Z", "7", "-", "Ａ", "ｚ", "９", "　", "张",
        "\xFF", "\xEF\xBD\x9F", "\x1F"};
    size_t n = 0;
    for (size_t left = pick(12); left > 0; left--) {
        const char *piece = pieces[pick(sizeof(pieces) / sizeof(pieces[0]))];
        memcpy(p + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

static void random_texts(void **state)
{
    const char *fixed = getenv("SHUYU_SEED");
    unsigned seed = fixed != NULL ? (unsigned)atoi(fixed) : (unsigned)time(NULL);
    size_t n_normal = 0;
    (void)state;
    print_message("SHUYU_SEED=%u\n", seed);
    roll = seed;
    for (int i = 0; i < 20000; i++) {
        uint8_t text[64], id[SY_UNIT_ID_BYTES], again[SY_UNIT_ID_BYTES];
        size_t n = 0, n_again = 0;
        struct sy_view written = sy_view(text, random_text(text));
        if (!sy_ok(sy_unit_id_join(&written, 1, id, &n))) {
            assert_int_equal(n, 0);
            continue;
        }
        n_normal++;
        struct sy_view once = sy_view(id, n);
        assert_true(n >= 1 && n <= SY_UNIT_ID_BYTES);
        check_ok(sy_unit_id_join(&once, 1, again, &n_again));
        assert_true(sy_view_eq(once, sy_view(again, n_again)));
        for (size_t k = 0; k < n; k++) {
            assert_false(id[k] >= 'a' && id[k] <= 'z');
        }
    }
    assert_true(n_normal > 1000);
}

static void stored_form(void **state)
{
    static const struct {
        const char *klass, *id, *want;
    } cases[] = {
        {"", "11010519491231002X", "11010519491231002X"},
        {"idno", "11010519491231002X", "11010519491231002X"},
        {"idno", "110105491231002", "11010519491231002X"}, /* of 1989, the same person */
        {"", "110105491231002", "110105491231002"},
        {"idno", "110105491231003", "110105194912310038"},
        {"idno", "11010519491231002Y", "11010519491231002Y"}, /* nobody's: left alone */
        {"phone", "+86 138-0013-8000", "13800138000"},
        {"phone", "12", "12"},
        {"other", "+86 138-0013-8000", "+86 138-0013-8000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t id[SY_UNIT_ID_BYTES];
        size_t n = 0;
        sy_unit_id_stored(v(cases[i].klass), v(cases[i].id), id, &n);
        if (!sy_view_is(sy_view(id, n), cases[i].want)) {
            fail_msg("%s %s: %.*s", cases[i].klass, cases[i].id, (int)n, (const char *)id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_part),
        cmocka_unit_test(several_parts),
        cmocka_unit_test(random_texts),
        cmocka_unit_test(stored_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
