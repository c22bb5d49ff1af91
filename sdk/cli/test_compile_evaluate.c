/* An evaluation's file, as it should be and with one line spoilt. */
#include "cli/compile.h"
#include "test_written.h"

#define FILE_TEXT                                                                                  \
    "party: acme\nfrom: 2027-01-01\nto: 2027-12-31T16:00:00Z\noutcome: improve\n"                  \
    "departments: [health, clinic]\nthird: 某评估机构\nscores:\n"                             \
    "  - {item: 数据安全, score: 70, of: 100}\n  - {item: 开发能力, score: 0, of: 50}\n"

static void test_sound(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_evaluate e;
    (void)state;
    write_text(FILE_TEXT);
    check_ok(cli_compile_evaluate(written, &arena, &e, NULL));
    assert_true(sy_view_is(e.party, "acme") && sy_view_is(e.outcome, "improve"));
    assert_int_equal(e.from, 1798761600); /* 2027-01-01T00:00:00Z */
    assert_int_equal(e.to, 1830268800);   /* 2027-12-31T16:00:00Z */
    assert_int_equal(e.n_departments, 2);
    assert_true(sy_view_is(e.departments[1], "clinic") && sy_view_is(e.third, "某评估机构"));
    assert_int_equal(e.n_scores, 2);
    assert_true(e.scores[0].score == 70 && e.scores[0].of == 100 && e.scores[1].score == 0);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *from, *to, *want;
    } cases[] = {{"party: acme\n", "", "party"},
                 {"from: 2027-01-01", "from: new year", "from and to are times"},
                 {"score: 70", "score: good", "score"},
                 {"third:", "fourth:", "unknown key fourth"},
                 {"of: 100", "outof: 100", "unknown key outof"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_error err = {0};
        struct sy_evaluate e;
        char text[sizeof(FILE_TEXT) + 64];
        const char *whole = FILE_TEXT;
        const char *at = strstr(whole, cases[i].from);
        assert_non_null(at);
        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, cases[i].to,
                       at + strlen(cases[i].from));
        write_text(text);
        check_code(cli_compile_evaluate(written, &arena, &e, &err), SY_E_FIELD);
        assert_non_null(strstr(err.reason, cases[i].want));
        assert_non_null(strstr(err.reason, written));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sound, make_file, drop_file),
        cmocka_unit_test_setup_teardown(test_wrong, make_file, drop_file),
    };
    return cmocka_run_group_tests_name("compile_evaluate", tests, NULL, NULL);
}
