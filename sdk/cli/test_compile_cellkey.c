/*
 * The cell-key section of a pack: its figures as written, and each way of being wrong with its place.
 */
#include "cli/compile.h"
#include "test_written.h"

/* Line 1 to 12, then the section. */
static const char head[] = "id: p\n"
                           "version: 1\n"
                           "consent: yes\n"
                           "term_max: 365d\n"
                           "rho_run_max: 0.05\n"
                           "groups_max: 64\n"
                           "rows_max: 1000\n"
                           "cells_max: 8192\n"
                           "budgets: [{ns: person, rho: 4, delta: 1e-7, cells: 4000}]\n"
                           "grades: [{grade: 1, mechanisms: [exact]}]\n"
                           "sizes: []\n"
                           "grounds: []\n";
static const char section[] = "cellkey:\n"
                              "  units_min: 2\n"
                              "  round: 5\n"
                              "  protect: 3\n"
                              "  sum_sigma: 256\n"
                              "  nk_n: 2\n"
                              "  nk_permille: 900\n"
                              "  p_permille: 100\n"
                              "  table:\n"
                              "    - {noise: [0], cum: [4294967296]}\n"
                              "    - {noise: [0], cum: [4294967296]}\n"
                              "    - {noise: [-2, 0, 2], cum: [1000, 4294966296, 4294967296]}\n";

static sy_status compile(const char *from, const char *to, struct sy_arena *a, struct sy_pack *ret,
                         struct sy_error *err)
{
    const char *at = strstr(section, from);
    FILE *f = fopen(written, "wb");
    assert_non_null(f);
    assert_non_null(at);
    assert_true(
        fprintf(f, "%s%.*s%s%s", head, (int)(at - section), section, to, at + strlen(from)) > 0);
    assert_int_equal(fclose(f), 0);
    return cli_compile_pack(written, a, ret, err);
}

static void test_figures(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_pack p;
    check_ok(compile("", "", &a, &p, NULL));
    assert_int_equal(p.budgets[0].cells, 4000);
    assert_int_equal(p.n_cellkey, 1);
    const struct sy_pack_cellkey *c = p.cellkey;
    assert_int_equal(c->units_min, 2);
    assert_int_equal(c->round, 5);
    assert_int_equal(c->protect, 3);
    assert_int_equal(c->sum_sigma, 256);
    assert_int_equal(c->nk_n, 2);
    assert_int_equal(c->nk_permille, 900);
    assert_int_equal(c->p_permille, 100);
    assert_int_equal(c->n_table, 3);
    assert_int_equal(c->table[2].n_noise, 3);
    assert_int_equal(c->table[2].noise[0], -2);
    assert_int_equal(c->table[2].cum[1], 4294966296);
    check_ok(compile("  nk_n: 2\n  nk_permille: 900\n", "", &a, &p, NULL));
    assert_int_equal(p.cellkey[0].nk_n, 0);
}

static void test_wrong(void **state)
{
    (void)state;
    static const char row[] = "{noise: [-2, 0, 2], cum: [1000, 4294966296, 4294967296]}";
    static const struct {
        const char *from, *to, *want;
    } w[] = {
        {"  round: 5\n", "", "14:3: round is missing"},
        {"  round: 5\n", "  rounds: 5\n", "15:3: unknown key rounds"},
        {"units_min: 2", "units_min: 3", "22:5: table has 3 rows, for 0, 1, ... units"},
        {row, "{noise: [-2, 0], cum: [1000, 4294966296, 4294967296]}",
         "24:7: noise and cum have the same number of items"},
        {row, "{noise: [], cum: []}", "24:7: noise and cum have the same number of items"},
        {row, "{noise: [-2, 0, 2], cum: [1000, 4294966296, 4294967295]}",
         "24:7: the last cum is 2^32"},
        {row, "{noise: [-2, 0, 2], cum: [1000, 1000, 4294967296]}", "24:7: noise and cum ascend"},
        {row, "{noise: [-2, 2, 0], cum: [1000, 4294966296, 4294967296]}",
         "24:7: noise and cum ascend"},
        {row, "{noise: [-2, 0, 2], cum: [1000, 4294966296, 4294967297]}",
         "24:7: noise and cum ascend"},
        {row, "{noise: [-2, 0, 2.5], cum: [1000, 4294966296, 4294967296]}",
         "24:7: noise and cum are whole numbers"},
        {row, "{noise: [-2, 0, 2], cum: [100000, 4294966296, 4294967296]}",
         "24:7: the mean of the noise is not 0"},
        {row, "{noise: [-2, 0, 2]}", "24:7: cum is missing"},
        {"  - {noise: [0], cum: [4294967296]}\n", "  - zero\n", "22:7: expected keys and values"},
    };
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++) {
        SY_ARENA_CLEANUP struct sy_arena a = {0};
        struct sy_pack p;
        struct sy_error err = {0};
        sy_status s = compile(w[i].from, w[i].to, &a, &p, &err);
        if (s.code != SY_E_FIELD || strstr(err.reason, w[i].want) == NULL) {
            fail_msg("%zu: %s, not %s", i, sy_ok(s) ? "accepted" : err.reason, w[i].want);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_file, drop_file)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_figures), TEST(test_wrong)};
    return cmocka_run_group_tests_name("compile_cellkey", tests, NULL, NULL);
}
