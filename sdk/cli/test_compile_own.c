/* The file of a developer's own data, as it should be and with one line spoilt. */
#include "cli/compile.h"
#include "test_written.h"

/* SHA-256 of nothing: the evidence is /dev/null. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define FILE_TEXT                                                                                  \
    "dataset:\n"                                                                                   \
    "  id: own.members\n  title: 门店会员\n  department: acme\n  custodian: agency\n"          \
    "  encoding: utf-8\n  ns: person\n  unit: id\n  membership: 3\n  max_rows: 1000\n  fields:\n"  \
    "    - {name: id, type: unit, ref: person, grade: 3}\n"                                        \
    "    - {name: spent, type: int32, grade: 3, lo: 0, hi: 500, measure: 元}\n"                   \
    "statement:\n  source: 门店会员登记\n  basis: 会员协议第 7 条\n  evidence: /dev/null\n"

static void test_sound(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_own a;
    char hex[65] = "";
    (void)state;
    write_text(FILE_TEXT);
    check_ok(cli_compile_own(written, &arena, &a, NULL));
    assert_true(sy_view_is(a.def.id, "own.members") && sy_view_is(a.def.department, "acme"));
    assert_true(sy_is_own(a.def.id));
    assert_int_equal(a.def.n_fields, 2);
    assert_int_equal(a.def.fields[1].hi, 500);
    assert_true(sy_view_is(a.statement.source, "门店会员登记"));
    assert_true(sy_view_is(a.statement.basis, "会员协议第 7 条"));
    assert_int_equal(a.statement.text.n, 0);
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", a.statement.evidence[i]);
    }
    assert_string_equal(hex, EMPTY);
    assert_int_equal(a.bytes, 0); /* the raw file's: the caller's to say */
}

static void test_wrong(void **state)
{
    static const struct {
        const char *from, *to, *want;
    } cases[] = {{"statement:\n", "said:\n", "said"},
                 {"  source: 门店会员登记\n", "", "source"},
                 {"  basis: 会员协议第 7 条\n", "", "basis"},
                 {"/dev/null", "no-such-paper", "no-such-paper"},
                 {"lo: 0, hi: 500, ", "", "lo and hi are missing"},
                 {"id: own.members\n", "id: own.members\n  rows: 1\n", "rows"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_error e = {0};
        struct sy_own a;
        char text[sizeof(FILE_TEXT) + 64];
        const char *at = strstr(FILE_TEXT, cases[i].from);
        assert_non_null(at);
        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - FILE_TEXT), FILE_TEXT,
                       cases[i].to, at + strlen(cases[i].from));
        write_text(text);
        assert_false(sy_ok(cli_compile_own(written, &arena, &a, &e)));
        if (strstr(e.reason, cases[i].want) == NULL && strstr(e.field, cases[i].want) == NULL) {
            fail_msg("case %zu: %s %s", i, e.field, e.reason);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sound, make_file, drop_file),
        cmocka_unit_test_setup_teardown(test_wrong, make_file, drop_file),
    };
    return cmocka_run_group_tests_name("compile_own", tests, NULL, NULL);
}
