/*
 * Plans of accepted models: minimal (only the fields, relations and expressions that reach the answer),
 * canonical, with outs in SELECT order; positions and names of refusals in texts that are not ASCII; hints
 * that lead somewhere.
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
        .sql = "SELECT town AS \"limit\", count(*) /* LIMIT */ FROM persons -- LIMIT\n"
               "WHERE town <> 'LIMIT' GROUP BY town LIMIT 1"};
    struct sy_lower_result r = world_lower(&m, &arena);
    assert_true(sy_view_is(r.construct, "LIMIT"));
    assert_memory_equal(m.sql + r.pos, "LIMIT 1", 7);
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

static const struct sy_plan_rel *rel_of(const struct sy_plan *p, const char *op, size_t nth)
{
    for (size_t i = 0; i < p->n_rels; i++) {
        if (sy_view_is(p->rels[i].op, op) && nth-- == 0) {
            return &p->rels[i];
        }
    }
    fail_msg("no %s in the plan", op);
    return NULL;
}

/* A RIGHT JOIN is the LEFT JOIN of the tables turned round; rows of nobody are not kept. */
static void test_outer_joins(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT count(e.cost) n FROM events e RIGHT JOIN persons p ON p.id = e.id"};
    struct sy_plan p = lower(&m, &arena);
    const struct sy_plan_rel *j = rel_of(&p, "join", 0);
    assert_true(sy_view_is(j->kind, "left"));
    assert_true(sy_view_is(p.rels[j->in[0]].source, "persons"));
    assert_true(sy_view_is(p.rels[j->in[1]].source, "events"));
    m.sql =
        "SELECT t.town, count(*) n FROM towns t LEFT JOIN persons p ON p.town = t.town GROUP BY 1";
    p = lower(&m, &arena);
    assert_true(sy_view_is(rel_of(&p, "join", 0)->kind, "inner"));
    m.sql =
        "SELECT t.town, count(*) n FROM persons p LEFT JOIN towns t ON p.town = t.town GROUP BY 1";
    p = lower(&m, &arena);
    assert_true(sy_view_is(rel_of(&p, "join", 0)->kind, "left"));
}

static void test_windows_of_one_kind_share_a_relation(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql =
            "SELECT count(*) n FROM (SELECT id, lag(day) OVER (PARTITION BY id ORDER BY day DESC) "
            "a, row_number() OVER (PARTITION BY id ORDER BY day DESC) b, sum(cost) OVER (PARTITION "
            "BY id ORDER BY day) c, sum(cost) OVER (PARTITION BY id ORDER BY day ROWS UNBOUNDED "
            "PRECEDING) d, max(cost) OVER (PARTITION BY id ORDER BY day ROWS BETWEEN UNBOUNDED "
            "PRECEDING AND UNBOUNDED FOLLOWING) e, count(*) OVER (PARTITION BY id) f FROM events) "
            "x WHERE a IS NULL AND b = 1 AND c > 1 AND d > 1 AND e > 1 AND f > 1"};
    struct sy_plan p = lower(&m, &arena);
    static const struct {
        const char *kind;
        uint64_t n_order;
        size_t n_fns;
    } want[] = {{"all", 1, 2}, {"range", 1, 1}, {"rows", 1, 1}, {"all", 0, 2}};
    for (size_t i = 0; i < 4; i++) {
        const struct sy_plan_rel *w = rel_of(&p, "window", i);
        assert_true(sy_view_is(w->kind, want[i].kind));
        assert_int_equal(w->n_keys, 1);
        assert_int_equal(w->n_order, want[i].n_order);
        assert_int_equal(w->n_fns, want[i].n_fns);
    }
    assert_int_equal(rel_of(&p, "window", 0)->desc[0], 1);
    assert_int_equal(rel_of(&p, "window", 1)->desc[0], 0);
}

static void test_unions_are_flat(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT sum(v) s FROM (SELECT id, age v FROM persons UNION ALL "
                                   "SELECT id, bmi FROM persons UNION ALL SELECT id, NULL FROM "
                                   "events) x"};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(rel_of(&p, "union", 0)->n_in, 3);
    assert_int_equal(p.blocks[0].figures[0].scale, 1); /* of bmi: the others were rescaled */
    assert_int_equal(p.blocks[0].figures[0].hi, 1200);
}

/* Where the unit is not selected it rides along, so that the rows still say whose they are. */
static void test_the_unit_rides_along(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT town, count(*) n FROM (SELECT town, age + 1 a FROM persons) x WHERE a > 3 "
               "GROUP BY town"};
    struct sy_plan p = lower(&m, &arena);
    const struct sy_plan_rel *r = rel_of(&p, "project", 0);
    assert_int_equal(r->n_names, 3);
    assert_true(sy_view_is(r->names[2], "unit"));
    assert_int_equal(p.blocks[0].unit, 2);
}

/* A join on the mother keeps the mother's track; of a birth alone it is the child's, its own. */
static void test_alternative_units(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT count(*) n FROM births b JOIN persons p ON b.mother = p.id"};
    struct sy_plan p = lower(&m, &arena);
    const struct sy_plan_rel *births = rel_of(&p, "scan", 0);
    assert_int_equal(births->n_names, 1);
    assert_true(sy_view_is(births->names[0], "mother"));
    m.sql = "SELECT count(*) n FROM births";
    p = lower(&m, &arena);
    assert_true(sy_view_is(p.rels[0].names[0], "child"));
}

static struct sy_lower_result lower_births(struct sy_field_def *fields, const char *sql,
                                           struct sy_arena *arena)
{
    static uint64_t granted[] = {2}; /* of three: the last one only owns the rows */
    struct sy_dataset_def def = {0};
    struct sy_view digest = sy_view_str("44444444444444444444444444444444");
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        def = sy_view_is(world_defs[i].id, "births") ? world_defs[i] : def;
    }
    def.fields = fields;
    def.n_fields = 3;
    struct sy_model_block block = {.name = V("main"),
                                   .sql = sy_view_str(sql),
                                   .mechanism = V("gauss"),
                                   .groups = 1,
                                   .rows = 1,
                                   .rho = 1000};
    struct sy_lower_job job = {.datasets = &def,
                               .n_datasets = 1,
                               .granted = granted,
                               .n_granted = 1,
                               .defs = &digest,
                               .n_defs = 1,
                               .model = {.blocks = &block, .n_blocks = 1}};
    struct sy_lower_result r;
    check_ok(worker_lower(&job, engine_duckdb.parse, world_engine(), arena, &r));
    return r;
}

/* The own unit column is not granted: it cannot be read, and the rows are the other unit's, if how many
 * rows an own unit has is capped. */
static void test_units_that_are_not_granted(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_field_def fields[] = {*world_field(sy_view_str("births"), sy_view_str("mother")),
                                    *world_field(sy_view_str("births"), sy_view_str("gram")),
                                    *world_field(sy_view_str("births"), sy_view_str("child"))};
    struct sy_plan p;
    struct sy_error err = {0};
    struct sy_lower_result r = lower_births(fields, "SELECT count(*) n FROM births", &arena);
    assert_true(r.plan.n != 0);
    check_ok(sy_record_decode(&sy_plan_desc, r.plan, &SY_MP_REQUEST, &arena, &p, &err));
    assert_int_equal(p.rels[0].n_names, 1);
    assert_true(sy_view_is(p.rels[0].names[0], "mother"));
    r = lower_births(fields, "SELECT count(*) n FROM births WHERE child IS NULL", &arena);
    assert_true(sy_view_is(r.code, "field_denied") && sy_view_is(r.construct, "child"));
    fields[2].rows = 0;
    r = lower_births(fields, "SELECT count(*) n FROM births", &arena);
    assert_true(sy_view_is(r.code, "privacy") && sy_view_is(r.construct, "births"));
    fields[2].rows = 1;
    fields[0] = *world_field(sy_view_str("births"), sy_view_str("day"));
    r = lower_births(fields, "SELECT count(*) n FROM births", &arena);
    assert_true(sy_view_is(r.code, "privacy") && sy_view_is(r.construct, "births"));
    assert_int_equal(r.pos, strlen("SELECT count(*) n FROM "));
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

/* A sum and an average share a sum: both may say its bounds, if they say the same. */
static void test_clamps_of_one_sum_agree(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_clamp c[] = {{V("s"), V("60"), V("10.5")}, {V("a"), V("60.0"), V("10.5")}};
    struct sy_model_block b = {.name = V("main"),
                               .sql = V("SELECT sum(bmi) s, avg(bmi) a FROM persons"),
                               .clamps = c,
                               .n_clamps = 2};
    struct world_model m = {.blocks = &b, .n_blocks = 1};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.blocks[0].figures[0].lo, 105);
    assert_int_equal(p.blocks[0].figures[0].hi, 600);
    static const struct sy_model_clamp other[] = {
        {V("a"), V("60"), V("11")}, {V("a"), V("61"), V("10.5")}, {V("a"), V("x"), V("10.5")}};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        c[1] = other[i];
        struct sy_lower_result r = world_lower(&m, &arena);
        assert_true(r.plan.n == 0 && sy_view_is(r.construct, "a"));
    }
}

/* The reason and the way out are the refused text's own, not a neighbour's. */
static void test_hints_work(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *reason;
    } rows[] = {
        {"SELECT count(*) FROM (SELECT mother, child, lag(day) OVER (PARTITION BY mother ORDER BY "
         "day) l FROM births)",
         "a column of other units"},
        {"SELECT count(*) FROM (SELECT lag(day) OVER (ORDER BY day) l FROM births)",
         "looks at one unit's only"},
        {"SELECT count(*) FROM (SELECT mother, child, lag(max(day)) OVER (PARTITION BY mother "
         "ORDER "
         "BY max(day)) l FROM births GROUP BY mother, child)",
         "a column of other units"},
        /* what the first hint says */
        {"SELECT count(*) FROM (SELECT mother, lag(day) OVER (PARTITION BY mother ORDER BY day) l "
         "FROM births)",
         NULL},
        {"SELECT count(*) FROM (SELECT mother, lag(day) OVER (PARTITION BY mother ORDER BY day) l "
         "FROM (SELECT mother, day FROM births GROUP BY mother, day))",
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_model m = {.sql = rows[i].sql};
        struct sy_lower_result r = world_lower(&m, &arena);
        char reason[256];
        sy_view_to_cstr(r.reason, reason, sizeof reason);
        bool right =
            rows[i].reason == NULL ? r.plan.n != 0 : strstr(reason, rows[i].reason) != NULL;
        if (!right) {
            fail_msg("%s: %s", rows[i].sql, reason);
        }
    }
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
        cmocka_unit_test(test_outer_joins),
        cmocka_unit_test(test_windows_of_one_kind_share_a_relation),
        cmocka_unit_test(test_unions_are_flat),
        cmocka_unit_test(test_the_unit_rides_along),
        cmocka_unit_test(test_alternative_units),
        cmocka_unit_test(test_units_that_are_not_granted),
        cmocka_unit_test(test_mechanism_fits_the_data),
        cmocka_unit_test(test_clamps_of_one_sum_agree),
        cmocka_unit_test(test_hints_work),
        cmocka_unit_test(test_deep_and_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
