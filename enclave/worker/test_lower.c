/*
 * Plans of accepted models: minimal (only the fields, relations and expressions that reach the answer),
 * canonical, with outs in SELECT order; positions and names of refusals in texts that are not ASCII.
 */
#include "test_world.h"

#include <stdio.h>

static struct sy_plan lower(const struct world_model *m, struct sy_arena *arena)
{
    struct sy_plan plan;
    struct sy_error err = {0};
    struct sy_lower_result r = world_lower(m, arena);
    if (r.plan.n == 0) {
        fail_msg("%s: %.*s %.*s", m->sql, SY_PV(r.construct), SY_PV(r.reason));
    }
    check_ok(sy_record_decode(&sy_plan_desc, r.plan, &SY_MP_REQUEST, arena, &plan, &err));
    return plan;
}

static void test_scans_read_only_what_is_used(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "WITH q AS (SELECT id, age, bmi, town AS t, male FROM persons WHERE birth > "
               "DATE '1950-01-01') SELECT t, sum(x) s FROM (SELECT q.id, q.t, q.bmi, e.cost AS x, "
               "e.note FROM q JOIN events e ON e.id = q.id) z GROUP BY t"};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.n_sources, 2);
    assert_int_equal(p.n_rels, 4);
    assert_true(sy_view_is(p.rels[0].source, "persons"));
    assert_int_equal(p.rels[0].n_names, 3);
    assert_true(sy_view_is(p.rels[0].names[0], "id"));
    assert_true(sy_view_is(p.rels[0].names[1], "birth"));
    assert_true(sy_view_is(p.rels[0].names[2], "town"));
    assert_true(sy_view_is(p.rels[2].source, "events"));
    assert_int_equal(p.rels[2].n_names, 2);
    assert_memory_equal(p.sources[1].def, "22222222222222222222222222222222", 32);
}

static void test_block_carries_the_models_bounds(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT count(*) n, town FROM persons GROUP BY town",
                            .mechanism = "laplace",
                            .groups = 3,
                            .rows = 7};
    struct sy_plan p = lower(&m, &arena);
    const struct sy_plan_block *b = &p.blocks[0];
    assert_true(sy_view_is(b->name, "main"));
    assert_true(sy_view_is(b->ns, "person"));
    assert_true(sy_view_is(b->mechanism, "laplace"));
    assert_int_equal(b->groups, 3);
    assert_int_equal(b->rows, 7);
    assert_int_equal(b->rho, 1000);
    assert_int_equal(b->unit, 0);
    assert_int_equal(b->keys[0].n_labels, 3);
    assert_false(b->keys[0].nullable);
    assert_true(sy_view_is(p.outs[0].op, "figure"));
    assert_true(sy_view_is(p.outs[1].op, "key"));
    assert_true(sy_view_is(p.outs[1].name, "town"));
}

static void test_averages_share_figures(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql =
                                "SELECT avg(bmi) a, sum(bmi) s, count(bmi) n, count(*) all_ FROM "
                                "persons"};
    struct sy_plan p = lower(&m, &arena);
    const struct sy_plan_block *b = &p.blocks[0];
    assert_int_equal(b->n_figures, 3);
    assert_true(sy_view_is(p.outs[0].op, "ratio"));
    assert_int_equal(p.outs[0].scale, 4);
    assert_int_equal(p.outs[0].lo, 100000);
    assert_int_equal(p.outs[0].hi, 800000);
    assert_int_equal(p.outs[0].a, p.outs[1].a);
    assert_int_equal(p.outs[0].b, p.outs[2].a);
    assert_true(b->figures[p.outs[2].a].has_arg);
    assert_false(b->figures[p.outs[3].a].has_arg);
    assert_int_equal(b->figures[0].lo, 100);
    assert_int_equal(b->figures[0].hi, 800);
    assert_int_equal(b->figures[0].scale, 1);
}

static void test_a_count_of_what_is_never_null_counts_rows(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT count(male) a, count(*) b, count(1) c FROM persons"};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.blocks[0].n_figures, 1);
    assert_int_equal(p.blocks[0].n_exprs, 0);
}

static void test_labels_of_keys(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql =
            "SELECT CASE WHEN age < 3 THEN 'b' WHEN age < 5 THEN 'a' WHEN age < 9 THEN 'b' END k, "
            "male, year(day) y, note, count(*) FROM persons p JOIN events e USING (id) WHERE day "
            ">= "
            "DATE '2000-01-01' GROUP BY ALL"};
    struct sy_plan p = lower(&m, &arena);
    const struct sy_plan_key *k = p.blocks[0].keys;
    assert_int_equal(k[0].n_labels, 2);
    assert_true(k[0].nullable && sy_view_is(k[0].labels[0], "b") &&
                sy_view_is(k[0].labels[1], "a"));
    assert_true(sy_view_is(k[1].labels[0], "false") && !k[1].nullable);
    assert_int_equal(k[2].n_labels, 51); /* 1970..2020, from the catalogue, not from WHERE */
    assert_true(sy_view_is(k[2].labels[0], "1970"));
    assert_true(k[3].open && k[3].nullable && k[3].n_labels == 0);
}

static void test_same_text_same_plan(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model a = {.sql = "SELECT town, count(*) AS n FROM persons GROUP BY town"};
    struct world_model b = {
        .sql = "select P.TOWN as town, COUNT(*) as n -- x\nfrom persons p group by 1"};
    struct sy_lower_result x = world_lower(&a, &arena);
    struct sy_lower_result y = world_lower(&b, &arena);
    assert_true(x.plan.n != 0 && sy_view_eq(x.plan, y.plan));
}

static void test_positions_count_bytes(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT count(*) AS \"人数\" FROM persons WHERE town = '北' AND 年龄 > 3"};
    struct sy_lower_result r = world_lower(&m, &arena);
    assert_true(sy_view_is(r.code, "field_denied"));
    assert_true(sy_view_is(r.construct, "年龄"));
    assert_memory_equal(m.sql + r.pos, "年龄", strlen("年龄"));
}

static void test_keywords_are_not_found_in_text(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT town AS \"order\", count(*) /* ORDER */ FROM persons -- ORDER\n"
               "WHERE town <> 'ORDER' GROUP BY town ORDER BY 1"};
    struct sy_lower_result r = world_lower(&m, &arena);
    assert_true(sy_view_is(r.construct, "ORDER BY"));
    assert_memory_equal(m.sql + r.pos, "ORDER BY 1", 10);
}

static void test_parameters_are_declared_and_used(void **state)
{
    (void)state;
    static struct sy_view twice[] = {V("1"), V("1")};
    static struct sy_view word[] = {V("x")};
    static struct sy_view good[] = {V("1")};
    struct sy_plan_param params[] = {
        {.name = V("a"), .kind = V("int"), .values = good, .n_values = 1}};
    struct world_model m = {
        .sql = "SELECT count(*) FROM persons WHERE age = $a", .params = params, .n_params = 1};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    (void)lower(&m, &arena);
    params[0].values = word;
    assert_true(sy_view_is(world_lower(&m, &arena).code, "sql"));
    params[0].values = twice;
    params[0].n_values = 2;
    assert_true(sy_view_is(world_lower(&m, &arena).code, "sql"));
    params[0].n_values = 1;
    m.sql = "SELECT count(*) FROM persons";
    assert_true(sy_view_is(world_lower(&m, &arena).construct, "a"));
}

static void test_mechanism_fits_the_data(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT count(*) FROM persons", .mechanism = "exact"};
    assert_true(sy_view_is(world_lower(&m, &arena).code, "privacy"));
    m = (struct world_model){.sql = "SELECT count(*) FROM towns", .mechanism = "gauss"};
    assert_true(sy_view_is(world_lower(&m, &arena).code, "sql"));
    m.mechanism = "exact";
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.blocks[0].groups + p.blocks[0].rows + p.blocks[0].rho, 0);
}

static void test_deep_and_long_texts(void **state)
{
    (void)state;
    static char sql[200000];
    static const char *const heads[] = {"(", "-", "NOT ", "1+", "abs("};
    for (size_t k = 0; k < 5; k++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        size_t n = (size_t)snprintf(sql, sizeof sql, "SELECT sum(");
        for (size_t i = 0; i < 8000; i++) {
            n += (size_t)snprintf(sql + n, sizeof sql - n, "%s", heads[k]);
        }
        snprintf(sql + n, sizeof sql - n, "1) FROM persons");
        struct world_model m = {.sql = sql};
        assert_true(world_lower(&m, &arena).plan.n == 0);
    }
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    memset(sql, ' ', 100000);
    sql[100000] = 0;
    struct world_model m = {.sql = sql};
    assert_true(sy_view_is(world_lower(&m, &arena).construct, "size"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scans_read_only_what_is_used),
        cmocka_unit_test(test_block_carries_the_models_bounds),
        cmocka_unit_test(test_averages_share_figures),
        cmocka_unit_test(test_a_count_of_what_is_never_null_counts_rows),
        cmocka_unit_test(test_labels_of_keys),
        cmocka_unit_test(test_same_text_same_plan),
        cmocka_unit_test(test_positions_count_bytes),
        cmocka_unit_test(test_keywords_are_not_found_in_text),
        cmocka_unit_test(test_parameters_are_declared_and_used),
        cmocka_unit_test(test_mechanism_fits_the_data),
        cmocka_unit_test(test_deep_and_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
