/*
 * Blocks of a model: whose contributions are bounded, bounds narrower than the catalogue's, thresholds,
 * several blocks in one plan, and the post stage made of a SELECT that says more than a block can.
 */
#include "test_post_kit.h"

#include <math.h>

static struct sy_plan lower(const struct world_model *m, struct sy_arena *arena)
{
    struct sy_plan plan;
    struct sy_error err = {0};
    struct sy_lower_result r = world_lower(m, arena);
    if (r.plan.n == 0) {
        fail_msg("%s: %.*s at %llu: %.*s", m->sql == NULL ? "" : m->sql, SY_PV(r.construct),
                 (unsigned long long)r.pos, SY_PV(r.reason));
    }
    check_ok(sy_record_decode(&sy_plan_desc, r.plan, &SY_MP_REQUEST, arena, &plan, &err));
    return plan;
}

static struct sy_plan lower_block(const struct sy_model_block *b, struct sy_arena *arena)
{
    struct world_model m = {.blocks = b, .n_blocks = 1};
    return lower(&m, arena);
}

/* The name of the scanned column that is the block's unit, traced through one scan. */
static struct sy_view unit_of(const struct sy_plan *p)
{
    const struct sy_plan_rel *r = &p->rels[p->blocks[0].rel];
    assert_true(sy_view_is(r->op, "scan"));
    return r->names[p->blocks[0].unit];
}

/* --- the unit ------------------------------------------------------------------------------------- */

static void test_the_unit_is_the_datasets_own_unless_named_or_counted(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *unit, *want, *ns;
    } cases[] = {
        {"SELECT count(*) FROM births", "", "child", "person"},
        {"SELECT count(*) FROM births", "mother", "mother", "person"},
        {"SELECT count(*) FROM births b", "b.mother", "mother", "person"},
        {"SELECT count(*) FROM births b", "B.Mother", "mother", "person"},
        {"SELECT count(*) FROM births", "child", "child", "person"},
        {"SELECT count(DISTINCT mother) FROM births", "", "mother", "person"},
        {"SELECT count(DISTINCT child) FROM births", "", "child", "person"},
        {"SELECT count(*) * 1.0 / count(DISTINCT mother) FROM births", "", "mother", "person"},
        {"SELECT count(DISTINCT mother) FROM births", "mother", "mother", "person"},
        {"SELECT count(*) FROM stays", "", "id", "person"},
        {"SELECT count(*) FROM stays", "org", "org", "org"},
        {"SELECT count(DISTINCT org) FROM stays", "", "org", "org"},
        {"SELECT count(DISTINCT gram) g, count(DISTINCT mother) m FROM births", "", "mother",
         "person"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_model_block b = {.name = sy_view_str("main"),
                                   .sql = sy_view_str(cases[i].sql),
                                   .unit = sy_view_str(cases[i].unit)};
        struct sy_plan p = lower_block(&b, &arena);
        if (!sy_view_is(unit_of(&p), cases[i].want)) {
            fail_msg("%s by %s: %.*s", cases[i].sql, cases[i].unit, SY_PV(unit_of(&p)));
        }
        assert_true(sy_view_is(p.blocks[0].ns, cases[i].ns));
    }
}

static void test_a_unit_survives_what_keeps_its_column(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block b = {
        .name = sy_view_str("main"),
        .unit = sy_view_str("m"),
        .sql = sy_view_str("SELECT sum(n) FROM (SELECT mother AS m, count(*) n FROM births "
                           "GROUP BY mother) x")};
    struct sy_plan p = lower_block(&b, &arena);
    assert_true(sy_view_is(p.rels[p.blocks[0].rel].op, "reduce"));
    assert_int_equal(p.blocks[0].unit, 0);
}

/* --- clamps --------------------------------------------------------------------------------------- */

static struct sy_plan clamped(const char *sql, const char *figure, const char *lo, const char *hi,
                              struct sy_arena *arena)
{
    struct sy_model_clamp *c = sy_arena_alloc(arena, 1, sizeof *c);
    *c = (struct sy_model_clamp){sy_view_str(figure), sy_view_str(hi), sy_view_str(lo)};
    struct sy_model_block b = {
        .name = sy_view_str("main"), .sql = sy_view_str(sql), .clamps = c, .n_clamps = 1};
    return lower_block(&b, arena);
}

static void test_clamps_narrow_the_sum_behind_a_column(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan p = clamped("SELECT sum(cost) c FROM events", "c", "0", "5000", &arena);
    assert_int_equal(p.blocks[0].figures[0].lo, 0);
    assert_int_equal(p.blocks[0].figures[0].hi, 5000);
    p = clamped("SELECT town, avg(bmi) a FROM persons GROUP BY town", "a", "10.5", "60", &arena);
    assert_int_equal(p.blocks[0].figures[0].lo, 105); /* one digit */
    assert_int_equal(p.blocks[0].figures[0].hi, 600);
    assert_int_equal(p.outs[1].scale, 4); /* and the average stays within them */
    assert_int_equal(p.outs[1].lo, 105000);
    assert_int_equal(p.outs[1].hi, 600000);
    p = clamped("SELECT sum(cost) a, sum(cost) b FROM events", "b", "1", "2", &arena);
    assert_int_equal(p.blocks[0].n_figures, 1);
    assert_int_equal(p.blocks[0].figures[0].hi, 2);
    p = clamped("SELECT sum(cost) / count(*) AS mean_cost FROM events", "mean_cost_1", "0", "7",
                &arena);
    assert_int_equal(p.blocks[0].figures[0].hi, 7);
}

/* --- thresholds ----------------------------------------------------------------------------------- */

#define DAYS                                                                                       \
    "SELECT year(day) y, month(day) m, day(day) d, code, count(*) n FROM events GROUP BY ALL"

static void test_many_cells_leave_through_thresholds(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block b = {.name = sy_view_str("main"), .sql = sy_view_str(DAYS), .delta = 9};
    struct sy_plan p = lower_block(&b, &arena);
    assert_true(p.blocks[0].sparse);
    assert_int_equal(p.blocks[0].delta, 9);
    b.sql = sy_view_str("SELECT town, count(*) n FROM persons GROUP BY town");
    p = lower_block(&b, &arena);
    assert_false(p.blocks[0].sparse);
    b.threshold = true;
    p = lower_block(&b, &arena);
    assert_true(p.blocks[0].sparse);
}

/* --- several blocks ------------------------------------------------------------------------------- */

static void test_blocks_share_one_plan(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block blocks[] = {
        {.name = V("a"),
         .sql = V("SELECT town, count(*) n FROM persons GROUP BY town"),
         .groups = 1,
         .rows = 2,
         .rho = 3},
        {.name = V("b"),
         .sql = V("SELECT count(*) n, sum(cost) s FROM events WHERE event = 'mi'"),
         .mechanism = V("laplace"),
         .rho = 4},
        {.name = V("w"),
         .sql = V("SELECT town, sum(pop) w FROM towns GROUP BY town"),
         .mechanism = V("exact")},
    };
    struct world_model m = {.blocks = blocks,
                            .n_blocks = 3,
                            .post = "SELECT a.town, a.n / b.n * w.w AS x FROM a CROSS JOIN b "
                                    "JOIN w ON w.town = a.town"};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.n_blocks, 3);
    assert_int_equal(p.n_sources, 3);
    assert_int_equal(p.n_outs, 6);
    assert_true(sy_view_is(p.blocks[0].name, "a") && sy_view_is(p.blocks[1].name, "b"));
    assert_int_equal(p.blocks[0].rows, 2);
    assert_int_equal(p.blocks[1].rho, 4);
    assert_true(sy_view_is(p.blocks[1].mechanism, "laplace"));
    assert_int_equal(p.outs[2].block, 1);
    assert_int_equal(p.outs[4].block, 2);
    assert_int_equal(p.blocks[2].groups + p.blocks[2].rows + p.blocks[2].rho, 0);
    assert_true(sy_view_is(p.rels[p.blocks[1].rel].op, "filter"));
}

/* One block's columns stay though another block of the same dataset does not read them. */
static void test_each_block_reads_what_it_needs(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block blocks[] = {
        {.name = V("a"), .sql = V("SELECT sum(age) n FROM persons")},
        {.name = V("b"), .sql = V("SELECT sum(bmi) n FROM persons WHERE male")},
    };
    struct world_model m = {
        .blocks = blocks, .n_blocks = 2, .post = "SELECT a.n + b.n AS x FROM a CROSS JOIN b"};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.n_rels, 3);
    assert_int_equal(p.rels[0].n_names, 2);
    assert_true(sy_view_is(p.rels[0].names[1], "age"));
    assert_int_equal(p.rels[1].n_names, 3);
    assert_true(sy_view_is(p.rels[1].names[2], "bmi"));
}

static void test_a_parameter_may_be_used_in_any_part(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    static struct sy_view values[] = {V("5"), V("10")};
    struct sy_plan_param params[] = {
        {.name = V("k"), .kind = V("int"), .values = values, .n_values = 2},
        {.name = V("age"), .kind = V("int"), .values = values, .n_values = 2}};
    struct sy_model_block blocks[] = {
        {.name = V("a"), .sql = V("SELECT count(*) n FROM persons WHERE age > $age")}};
    struct world_model m = {.blocks = blocks,
                            .n_blocks = 1,
                            .params = params,
                            .n_params = 2,
                            .post = "SELECT n * $k AS x FROM a"};
    (void)lower(&m, &arena);
    m.post = "SELECT n AS x FROM a";
    struct sy_lower_result r = world_lower(&m, &arena);
    assert_true(sy_view_is(r.construct, "k") && r.block.n == 0);
}

/* --- figures -------------------------------------------------------------------------------------- */

static void test_figures_under_a_filter(void **state)
{
    (void)state;
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct world_model m = {
        .sql = "SELECT count(*) FILTER (WHERE male) a, sum(age) FILTER (WHERE male) b, "
               "count_if(male AND age > 30) c, sum(male) d, count(age) e FROM persons"};
    world_fill(&w, 42, 60, 10);
    world_ask(&w, &m, NULL, &r, &arena);
    int64_t want[5] = {0};
    for (size_t i = 0; i < w.n_persons; i++) {
        bool male = w.person[1].v[i] == 1;
        bool aged = w.person[2].v[i] != WORLD_NULL;
        want[0] += male;
        want[1] += male && aged ? w.person[2].v[i] : 0;
        want[2] += male && aged && w.person[2].v[i] > 30;
        want[3] += male;
        want[4] += aged;
    }
    assert_int_equal(r.def.plan.n_post, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(r.result.blocks[0].cells[0].figures[r.def.plan.outs[i].a], want[i]);
    }
}

/* Units that have a row for which something holds: by FILTER, by CASE, by what an outer join found. */
static void test_units_under_a_condition(void **state)
{
    (void)state;
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct world_model m = {
        .sql =
            "SELECT count(DISTINCT e.id) FILTER (WHERE e.cost > 50000) a, "
            "count(DISTINCT CASE WHEN e.cost > 50000 THEN e.id END) b, "
            "count(DISTINCT e.id) FILTER (WHERE e.cost IS NULL) c, "
            "count(DISTINCT p.id) d FROM events e LEFT JOIN persons p ON p.id = e.id AND p.male"};
    world_fill(&w, 42, 40, 300);
    world_ask(&w, &m, NULL, &r, &arena);
    bool has[3][WORLD_UNITS] = {{false}};
    for (size_t i = 0; i < w.n_events; i++) {
        int64_t u = w.event[0].v[i];
        for (size_t k = 0; u != WORLD_NULL && k < 3; k++) {
            int64_t cost = w.event[3].v[i];
            bool male = false;
            for (size_t p = 0; p < w.n_persons; p++) {
                male = male || (w.person[0].v[p] == u && w.person[1].v[p] == 1);
            }
            bool holds[3] = {cost != WORLD_NULL && cost > 50000, cost == WORLD_NULL, male};
            has[k][u] = has[k][u] || holds[k];
        }
    }
    int64_t n[3] = {0};
    for (size_t k = 0; k < 3; k++) {
        for (size_t u = 0; u < WORLD_UNITS; u++) {
            n[k] += has[k][u];
        }
    }
    const int64_t want[4] = {n[0], n[0], n[1], n[2]};
    assert_true(n[0] > 0 && n[1] > 0 && n[2] > 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(r.result.blocks[0].cells[0].figures[r.def.plan.outs[i].a], want[i]);
    }
}

/* --- the post stage of one SELECT ----------------------------------------------------------------- */

struct town {
    double n, ages, aged;
};

static void count_towns(const struct world *w, struct town ret[3])
{
    memset(ret, 0, 3 * sizeof *ret);
    for (size_t i = 0; i < w->n_persons; i++) {
        struct town *t = &ret[w->person[5].v[i]];
        bool aged = w->person[2].v[i] != WORLD_NULL;
        t->n++;
        t->ages += aged ? (double)w->person[2].v[i] : 0;
        t->aged += aged ? 1 : 0;
    }
}

static void test_expressions_over_aggregates(void **state)
{
    (void)state;
    static struct world w;
    static const char *const names[] = {"north", "south", "east"};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct town want[3];
    struct world_model m = {
        .sql =
            "SELECT town, sum(age) * 1000.0 / count(*) AS rate, count(*) AS n, "
            "CASE WHEN count(*) > 20 THEN 'many' ELSE 'few' END AS size, round(avg(age), 1) AS a "
            "FROM persons GROUP BY town"};
    world_fill(&w, 7, 60, 10);
    count_towns(&w, want);
    post_ask(&w, &m, NULL, &r, &t, &arena);
    assert_int_equal(t.n_rows, 3);
    assert_int_equal(t.n_cols, 5);
    for (size_t i = 0; i < 3; i++) {
        assert_true(post_is(&t, i, 0, names[i]));
        post_near(post_number(&t, i, 1), want[i].ages * 1000 / want[i].n);
        post_near(post_number(&t, i, 2), want[i].n);
        assert_true(post_is(&t, i, 3, want[i].n > 20 ? "many" : "few"));
        post_near(post_number(&t, i, 4), round(want[i].ages / want[i].aged * 10) / 10);
    }
    const struct sy_plan_post_out *o = r.def.plan.post[0].outs;
    assert_true(o[1].scale == 6 && o[2].scale == 0 && o[3].scale == 0 && o[4].scale == 1);
}

static void test_having_order_and_limit(void **state)
{
    (void)state;
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct town want[3];
    struct world_model m = {
        .sql = "SELECT town, count(*) AS n FROM persons GROUP BY town ORDER BY n DESC LIMIT 2"};
    world_fill(&w, 3, 61, 10);
    count_towns(&w, want);
    post_ask(&w, &m, NULL, &r, &t, &arena);
    assert_int_equal(t.n_rows, 2);
    double most = fmax(want[0].n, fmax(want[1].n, want[2].n));
    post_near(post_number(&t, 0, 1), most);
    assert_true(post_number(&t, 1, 1) <= most);
    m.sql = "SELECT town, count(*) AS n FROM persons GROUP BY town HAVING n > 20 AND town <> "
            "'south' ORDER BY sum(age), 1";
    post_ask(&w, &m, NULL, &r, &t, &arena);
    size_t rows = (size_t)(want[0].n > 20 ? 1 : 0) + (want[2].n > 20 ? 1 : 0);
    assert_int_equal(t.n_rows, rows);
    assert_int_equal(t.n_cols, 2); /* the sum only orders */
    for (size_t i = 0; i < t.n_rows; i++) {
        assert_true(post_number(&t, i, 1) > 20 && !post_is(&t, i, 0, "south"));
    }
}

static void test_windows_over_aggregates(void **state)
{
    (void)state;
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct town want[3];
    struct world_model m = {
        .sql = "SELECT town, sum(count(*)) OVER (ORDER BY town) AS so_far, "
               "count(*) / sum(count(*)) OVER () AS share FROM persons GROUP BY town"};
    world_fill(&w, 5, 50, 10);
    count_towns(&w, want);
    post_ask(&w, &m, NULL, &r, &t, &arena);
    double sum = 0;
    for (size_t i = 0; i < 3; i++) { /* labels in declared order */
        sum += want[i].n;
        post_near(post_number(&t, i, 1), sum);
        post_near(post_number(&t, i, 2), want[i].n / 50);
    }
}

/* Columns of the block have names of their own, keys may stand only inside an expression. */
static void test_names_of_an_implicit_block(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT CASE WHEN town = 'south' THEN 's' ELSE 'n' END AS side, count(*) AS town_2, "
               "sum(age) / count(*) AS r FROM persons GROUP BY town HAVING max(1) IS NULL"};
    struct sy_lower_result refused = world_lower(&m, &arena);
    assert_true(sy_view_is(refused.construct, "max")); /* not for a block, not even here */
    m.sql = "SELECT CASE WHEN town = 'south' THEN 's' ELSE 'n' END AS side, count(*) AS town_2, "
            "sum(age) / count(*) AS r FROM persons GROUP BY town HAVING sum(age) > 3 AND "
            "count(DISTINCT id) > 2";
    struct sy_plan p = lower(&m, &arena);
    static const char *const want[] = {"town", "town_2", "r_1", "count"};
    assert_int_equal(p.n_outs, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(sy_view_is(p.outs[i].name, want[i]));
    }
    assert_int_equal(p.post[0].n_outs, 3);
    assert_true(sy_view_is(p.post[0].outs[0].name, "side"));
}

/* A key is known by what it says, wherever it stands and however its columns are qualified. */
static void test_keys_inside_expressions(void **state)
{
    (void)state;
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct world_model m = {
        .sql = "SELECT (p.age // 30) * 30 AS first_year, count(*) AS n FROM persons p GROUP BY "
               "age // 30"};
    world_fill(&w, 9, 50, 10);
    post_ask(&w, &m, NULL, &r, &t, &arena);
    assert_int_equal(t.n_rows, 6); /* 0 .. 4 and NULL */
    for (size_t i = 0; i < 5; i++) {
        double n = 0;
        for (size_t k = 0; k < w.n_persons; k++) {
            int64_t age = w.person[2].v[k];
            n += age != WORLD_NULL && age / 30 == (int64_t)i ? 1 : 0;
        }
        post_near(post_number(&t, i, 0), 30 * (double)i);
        post_near(post_number(&t, i, 1), n);
    }
}

/* --- pruning -------------------------------------------------------------------------------------- */

static void test_functions_nobody_reads_are_dropped(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT sum(last_cost) s FROM (SELECT id, arg_max(cost, day) last_cost, "
               "arg_min(event, day) first_event, count(*) n FROM events GROUP BY id) x"};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.n_rels, 2);
    assert_int_equal(p.rels[0].n_names, 3); /* id, day, cost */
    assert_int_equal(p.rels[1].n_fns, 1);
    assert_true(sy_view_is(p.rels[1].fns[0], "arg_max"));
    assert_int_equal(p.rels[1].n_outs, 3);
}

static void test_idle_windows_are_dropped(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .sql = "SELECT count(*) n FROM (SELECT id, row_number() OVER (PARTITION BY id ORDER BY "
               "day) r, cost FROM events) x WHERE cost > 3"};
    struct sy_plan p = lower(&m, &arena);
    for (size_t i = 0; i < p.n_rels; i++) {
        assert_false(sy_view_is(p.rels[i].op, "window"));
    }
    m.sql = "SELECT count(*) n FROM (SELECT id, row_number() OVER (PARTITION BY id ORDER BY "
            "day) r, lag(cost) OVER (PARTITION BY id ORDER BY day) l FROM events) x WHERE r = 1";
    p = lower(&m, &arena);
    size_t windows = 0;
    for (size_t i = 0; i < p.n_rels; i++) {
        windows += sy_view_is(p.rels[i].op, "window") ? p.rels[i].n_fns : 0;
        assert_false(sy_view_is(p.rels[i].op, "scan") && p.rels[i].n_names != 2);
    }
    assert_int_equal(windows, 1);
}

/* The parts are one shared relation and a filter over it, of which a join reads a further column. */
static void test_parts_of_a_union_keep_the_same_columns(void **state)
{
    (void)state;
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct world_model m = {
        .sql = "WITH a AS (SELECT id, coalesce(cost, 0) AS c, coalesce(event, 'ckd') AS e FROM "
               "events) SELECT count(*) n, sum(x.c) c FROM (SELECT id, c, e FROM a UNION ALL "
               "SELECT id, c, e FROM a WHERE c > 50000) x JOIN a ON a.id = x.id AND a.e = 'htn'"};
    world_fill(&w, 11, 20, 120);
    world_ask(&w, &m, NULL, &r, &arena);
    int64_t n = 0;
    int64_t c = 0;
    for (size_t i = 0; i < w.n_events; i++) {
        int64_t cost = w.event[3].v[i] == WORLD_NULL ? 0 : w.event[3].v[i];
        for (size_t k = 0; k < w.n_events; k++) {
            bool pair = w.event[0].v[i] != WORLD_NULL && w.event[0].v[i] == w.event[0].v[k] &&
                        w.event[1].v[k] == 0;
            int64_t times = pair ? (cost > 50000 ? 2 : 1) : 0;
            n += times;
            c += times * cost;
        }
    }
    const struct sy_run_cell *cell = &r.result.blocks[0].cells[0];
    assert_int_equal(cell->figures[r.def.plan.outs[0].a], n);
    assert_int_equal(cell->figures[r.def.plan.outs[1].a], c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_unit_is_the_datasets_own_unless_named_or_counted),
        cmocka_unit_test(test_a_unit_survives_what_keeps_its_column),
        cmocka_unit_test(test_clamps_narrow_the_sum_behind_a_column),
        cmocka_unit_test(test_many_cells_leave_through_thresholds),
        cmocka_unit_test(test_blocks_share_one_plan),
        cmocka_unit_test(test_each_block_reads_what_it_needs),
        cmocka_unit_test(test_a_parameter_may_be_used_in_any_part),
        cmocka_unit_test(test_figures_under_a_filter),
        cmocka_unit_test(test_units_under_a_condition),
        cmocka_unit_test(test_expressions_over_aggregates),
        cmocka_unit_test(test_having_order_and_limit),
        cmocka_unit_test(test_windows_over_aggregates),
        cmocka_unit_test(test_names_of_an_implicit_block),
        cmocka_unit_test(test_keys_inside_expressions),
        cmocka_unit_test(test_functions_nobody_reads_are_dropped),
        cmocka_unit_test(test_idle_windows_are_dropped),
        cmocka_unit_test(test_parts_of_a_union_keep_the_same_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
