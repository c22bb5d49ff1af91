/*
 * Models on random worlds against the same text run by a plain database on native tables (text, dates,
 * decimals), which shares no line with lowering or bounding; then bounding against a computation by
 * hand. The plain tables leave out rows without a unit, which must never count.
 */
#include "test_plain.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_SEEDS = 4 };

/* --- rows as text ------------------------------------------------------------------------------------ */

static void append_number(char *row, double v)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%.6f", v);
    plain_append(row, text, (size_t)n);
}

/* Keys as text, figures as numbers; no rows to sum is 0 here. */
static void plain_rows(const char *sql, const struct sy_plan *plan, struct rows *ret)
{
    char whole[4096];
    snprintf(whole, sizeof whole, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (%s)", sql);
    duckdb_result r = plain_query(whole);
    ret->n = 0;
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(r)) != NULL;) {
        for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++) {
            char *row = ret->text[ret->n++];
            row[0] = 0;
            for (size_t k = 0; k < plan->n_outs; k++) {
                char v[ROW_TEXT] = "";
                bool there = plain_value(chunk, k, i, v);
                if (sy_view_is(plan->outs[k].op, "key")) {
                    plain_append(row, there ? v : "NULL", there ? strlen(v) : 4);
                } else {
                    append_number(row, there ? strtod(v, NULL) : 0);
                }
            }
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&r);
    plain_sort(ret);
}

static double scaled(int64_t v, uint64_t scale)
{
    double p = 1;
    for (uint64_t i = 0; i < scale; i++) {
        p *= 10;
    }
    return (double)v / p;
}

static void append_out(char *row, const struct world *w, const struct world_run *r,
                       const struct sy_run_cell *c, const struct sy_plan_out *o)
{
    const struct sy_plan_block *b = &r->def.plan.blocks[0];
    if (sy_view_is(o->op, "key")) {
        const struct sy_plan_key *k = &b->keys[o->a];
        const struct sy_view *labels = k->open ? w->dict : k->labels;
        bool null = c->key[o->a] == (k->open ? w->n_dict : k->n_labels);
        struct sy_view label = null ? sy_view_str("NULL") : labels[c->key[o->a]];
        plain_append(row, (const char *)label.p, label.n);
    } else if (sy_view_is(o->op, "ratio")) {
        int64_t n = c->figures[o->b];
        append_number(row,
                      n == 0 ? 0 : scaled(c->figures[o->a], b->figures[o->a].scale) / (double)n);
    } else {
        append_number(row, scaled(c->figures[o->a], b->figures[o->a].scale));
    }
}

static void our_rows(const struct world *w, const struct world_run *r, struct rows *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < r->result.blocks[0].n_cells; i++) {
        char *row = ret->text[ret->n++];
        row[0] = 0;
        for (size_t k = 0; k < r->def.plan.n_outs; k++) {
            append_out(row, w, r, &r->result.blocks[0].cells[i], &r->def.plan.outs[k]);
        }
    }
    if (ret->n == 0 &&
        r->def.plan.blocks[0].n_keys == 0) { /* the warden fills empty cells with 0 */
        ret->n = 1;
        ret->text[0][0] = 0;
        for (size_t k = 0; k < r->def.plan.n_outs; k++) {
            append_number(ret->text[0], 0);
        }
    }
    plain_sort(ret);
}

static struct world the_world;
static struct rows ours, theirs;

static void compare(const struct world_model *m)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    world_ask(&the_world, m, NULL, &r, &arena);
    our_rows(&the_world, &r, &ours);
    plain_rows(m->sql, &r.def.plan, &theirs);
    if (ours.n != theirs.n) {
        fail_msg("%s: %zu rows, want %zu", m->sql, ours.n, theirs.n);
    }
    for (size_t i = 0; i < ours.n; i++) {
        if (strcmp(ours.text[i], theirs.text[i]) != 0) {
            fail_msg("%s: %s, want %s", m->sql, ours.text[i], theirs.text[i]);
        }
    }
}

/* --- the dialect -------------------------------------------------------------------------------------- */

static const struct world_model HONEST[] = {
    {.sql = "SELECT count(*) FROM persons"},
    {.sql = "select COUNT(*) as N from PERSONS P where p.AGE >= 18"},
    {.sql = "SELECT \"town\", count(*) FROM persons GROUP BY \"town\""},
    {.sql = "SELECT e.event, p.male, count(DISTINCT p.id) AS persons FROM persons p JOIN events e "
            "ON p.id = e.id WHERE e.event IN ('htn','diabetes') GROUP BY 1,2"},
    {.sql = "SELECT count(*) n, count(age) a, sum(age) s, avg(age) m, avg(bmi) b FROM persons"},
    {.sql = "SELECT town, sum(bmi) s FROM persons WHERE age BETWEEN 20 AND 70 GROUP BY ALL"},
    {.sql = "SELECT town, count(*) FROM persons WHERE bmi > 25.05 GROUP BY town"},
    {.sql =
         "SELECT CASE WHEN age < 18 THEN 'child' WHEN age < 65 THEN 'adult' WHEN age IS NOT NULL "
         "THEN 'old' END AS band, male, count(*) n FROM persons GROUP BY band, male"},
    {.sql = "SELECT CASE town WHEN 'north' THEN 'n' ELSE town END t, count(*) FROM persons GROUP "
            "BY t"},
    {.sql = "SELECT coalesce(event, 'none') e, count(*) FROM events GROUP BY e"},
    {.sql = "SELECT event, count(*) FROM events GROUP BY event"},
    {.sql =
         "SELECT event, count(*) FROM events WHERE event <> 'mi' OR event IS NULL GROUP BY event"},
    {.sql = "SELECT note, count(*) n FROM events GROUP BY note"},
    {.sql = "SELECT note, event, count(DISTINCT id) n FROM events WHERE note IS NOT NULL GROUP BY "
            "note, event"},
    {.sql = "SELECT year(day) y, count(*) FROM events GROUP BY y"},
    {.sql = "SELECT extract(month FROM day) m, count(*) FROM events WHERE day >= DATE '1990-05-17' "
            "GROUP BY m"},
    {.sql = "SELECT day(day) d, sum(cost) FROM events WHERE day < '2000-01-01' GROUP BY d"},
    {.sql = "SELECT sum(datediff('day', p.birth, e.day)) d, sum(e.day - p.birth) e, count(*) n "
            "FROM persons p JOIN events e USING (id)"},
    {.sql = "SELECT count(*) n FROM events WHERE day - DATE '1980-01-01' > 400 AND day + 30 < "
            "DATE '2010-01-01'"},
    {.sql = "SELECT sum(abs(cost)) a, sum(-cost) b, sum(cost % 7) c, sum(cost // 7) d, "
            "sum(mod(cost, -13)) e, sum(cost * 2 - 1) f FROM events"},
    {.sql = "SELECT sum(least(cost, 50)) a, sum(greatest(cost, 100, 5)) b, "
            "sum(nullif(cost % 2, 0)) c FROM events"},
    {.sql = "SELECT sum(cost // (cost % 3)) a FROM events"},
    {.sql = "SELECT sum(bmi + 1.25) a, sum(bmi * 0.5) b, sum(age + bmi) c FROM persons"},
    {.sql = "SELECT sum(male) m, avg(male::INTEGER) a, sum(age > 40) o FROM persons"},
    {.sql = "SELECT sum(CASE WHEN male AND age >= 40 THEN 1 ELSE 0 END) n FROM persons"},
    {.sql = "SELECT NOT male AS f, count(*) FROM persons GROUP BY 1"},
    {.sql = "SELECT age % 10 AS digit, count(*) FROM persons GROUP BY digit"},
    {.sql =
         "SELECT age // 10 * 10 AS band, count(*) FROM persons WHERE age IS NOT NULL GROUP BY 1"},
    {.sql = "SELECT count(*) n FROM persons WHERE town NOT IN ('north', 'west') AND NOT male"},
    {.sql = "SELECT count(*) n FROM persons WHERE age NOT BETWEEN 30 AND 90 OR bmi IS NULL"},
    {.sql =
         "SELECT t.coast, sum(t.pop) s, count(*) n FROM persons p JOIN towns t ON p.town = t.town "
         "GROUP BY t.coast"},
    {.sql = "SELECT t.coast, count(*) n FROM persons p LEFT JOIN towns t ON p.town = t.town AND "
            "t.pop > 150 GROUP BY 1"},
    {.sql =
         "SELECT e.event, count(*) n FROM persons p LEFT JOIN events e ON p.id = e.id AND e.cost > "
         "50000 GROUP BY e.event"},
    {.sql = "SELECT t.town, count(DISTINCT p.id) n FROM towns t JOIN persons p USING (town) GROUP "
            "BY 1"},
    {.sql =
         "SELECT count(*) n, sum(v) s, sum(m) m FROM (SELECT id, count(*) AS v, max(cost) m FROM "
         "events GROUP BY id) q WHERE v >= 3"},
    {.sql =
         "WITH v AS (SELECT id, count(*) AS n, sum(cost) AS c, min(day) AS first FROM events WHERE "
         "event = 'htn' GROUP BY id) SELECT p.town, count(*) k, sum(least(v.n, 500)) n, "
         "sum(least(c, 9000000)) c, sum(first - birth) d FROM persons p JOIN v ON v.id = p.id "
         "GROUP BY p.town",
     .rows = 1},
    {.sql = "WITH a AS (SELECT id, town FROM persons WHERE male), b AS (SELECT id FROM a WHERE "
            "town = 'south') SELECT count(*) n FROM b"},
    {.sql = "WITH v AS (SELECT id, count(*) n FROM events GROUP BY id) SELECT count(*) k FROM v a "
            "JOIN "
            "v b ON a.id = b.id WHERE a.n >= 2"},
    {.sql =
         "SELECT count(*) n FROM persons WHERE id IN (SELECT id FROM events WHERE event = 'htn') "
         "AND id NOT IN (SELECT id FROM events WHERE event = 'mi')"},
    {.sql = "SELECT town, count(*) n FROM persons p WHERE EXISTS (SELECT 1 FROM events e WHERE "
            "e.id = p.id AND e.day > p.birth AND event = 'htn') GROUP BY town"},
    {.sql = "SELECT count(*) n FROM persons p WHERE NOT EXISTS (SELECT * FROM events WHERE "
            "events.id = p.id AND cost > 90000)"},
    {.sql = "SELECT count(*) n FROM persons WHERE town IN (SELECT town FROM towns WHERE coast)"},
    {.sql =
         "SELECT count(*) n FROM persons WHERE town NOT IN (SELECT town FROM towns WHERE coast)"},
    {.sql = "SELECT hi - lo AS spread, count(*) n FROM (SELECT id, max(age) hi, min(age) lo FROM "
            "persons GROUP BY id) GROUP BY 1"},
    {.sql = "SELECT town, sum(pop) p, avg(pop) a, count(*) n FROM towns GROUP BY town",
     .mechanism = "exact"},
    {.sql = "SELECT coast, count(*) FROM towns WHERE pop > 100 GROUP BY coast",
     .mechanism = "exact"},
    {.sql = "SELECT a.x, count(*) FROM (SELECT id AS i, town AS x FROM persons) a(k) GROUP BY a.x"},
    {.sql = "SELECT count(*) n FROM persons WHERE true AND NOT false AND (1 < 2 OR NULL)"},
    /* labels, dates */
    {.sql =
         "SELECT left(code, 1) c, count(*) n FROM events WHERE code LIKE '%1' OR code >= 'I' GROUP "
         "BY c"},
    {.sql = "SELECT count(*) n FROM events WHERE starts_with(code, 'I') AND code BETWEEN 'I1' AND "
            "'I5'"},
    {.sql = "SELECT quarter(day) q, isodow(day) w, count(*) n FROM events GROUP BY q, w"},
    {.sql =
         "SELECT least(date_sub('year', birth, day), 99) a, sum(date_sub('month', birth, day)) m "
         "FROM persons p JOIN events e USING (id) GROUP BY a"},
    {.sql =
         "SELECT count(*) n FROM events WHERE date_trunc('month', day) = DATE '1990-05-01' OR day "
         "+ INTERVAL 3 MONTH > DATE '2015-01-31'"},
    /* per unit */
    {.sql =
         "SELECT code, count(*) n, sum(c) c FROM (SELECT id, arg_max(code, day) code, max(cost) c "
         "FROM events GROUP BY id) GROUP BY code"},
    {.sql = "SELECT least(k, 4) k, count(*) n FROM (SELECT id, count(DISTINCT event) k FROM events "
            "GROUP BY id "
            "HAVING count(*) >= 2) GROUP BY 1"},
    {.sql =
         "SELECT code, count(*) n FROM (SELECT id, code, row_number() OVER (PARTITION BY id ORDER "
         "BY day DESC, cost) r FROM events) WHERE r <= 2 GROUP BY code"},
    {.sql = "SELECT event, sum(cost - prev) d, count(*) n FROM (SELECT id, event, cost, lag(cost) "
            "OVER (PARTITION BY id ORDER BY day, cost) prev FROM events) WHERE prev < cost GROUP "
            "BY event"},
    {.sql = "SELECT male, sum(greatest(least(s, 100000), -1000)) s FROM persons p JOIN (SELECT id, "
            "sum(cost) OVER "
            "(PARTITION BY id ORDER BY day) s FROM events) e ON e.id = p.id GROUP BY male"},
    {.sql =
         "SELECT x, count(*) n FROM (SELECT id, event AS x FROM events UNION ALL SELECT id, town "
         "FROM persons) GROUP BY x"},
    {.sql = "SELECT mother IS NULL m, count(*) n, sum(gram) g FROM births GROUP BY m"},
    {.sql = "SELECT org IS NULL o, count(DISTINCT id) n, sum(cost) c FROM stays GROUP BY o"},
};

static void test_same_numbers_as_plain_sql(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        world_fill(&the_world, seed, 40, 60 * seed * seed);
        plain_world(&the_world, false);
        for (size_t i = 0; i < sizeof HONEST / sizeof HONEST[0]; i++) {
            compare(&HONEST[i]);
        }
    }
}

static void test_parameters(void **state)
{
    (void)state;
    static struct sy_view ages[] = {V("20"), V("50")};
    static struct sy_view days[] = {V("1985-06-01"), V("2001-01-01")};
    static struct sy_view events[] = {V("mi"), V("other"), V("htn")};
    static struct sy_plan_param params[] = {
        {.name = V("age"), .kind = V("int"), .values = ages, .n_values = 2},
        {.name = V("since"), .kind = V("date"), .values = days, .n_values = 2},
        {.name = V("event"), .kind = V("str"), .values = events, .n_values = 3}};
    static const char *const plains[] = {
        "SELECT count(*) n FROM persons p JOIN events e ON p.id = e.id WHERE age >= 50 AND day >= "
        "DATE '1985-06-01' AND event = 'htn'",
        "SELECT count(*) n FROM persons p JOIN events e ON p.id = e.id WHERE age >= 20 AND day >= "
        "DATE '2001-01-01' AND event = 'mi'"};
    static const uint64_t positions[2][3] = {{1, 0, 2}, {0, 1, 0}};
    struct world_model m = {
        .sql =
            "SELECT count(*) n FROM persons p JOIN events e ON p.id = e.id WHERE age >= $age AND "
            "day >= $since AND event = $event",
        .params = params,
        .n_params = 3};
    world_fill(&the_world, 5, 40, 2000);
    plain_world(&the_world, false);
    for (size_t i = 0; i < 2; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        world_ask(&the_world, &m, positions[i], &r, &arena);
        our_rows(&the_world, &r, &ours);
        plain_rows(plains[i], &r.def.plan, &theirs);
        assert_int_equal(theirs.n, 1);
        assert_string_equal(ours.text[0], theirs.text[0]);
    }
}

static void test_empty_tables(void **state)
{
    (void)state;
    world_fill(&the_world, 1, 0, 0);
    the_world.n_towns = 0;
    for (size_t i = 0; i < sizeof HONEST / sizeof HONEST[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        world_ask(&the_world, &HONEST[i], NULL, &r, &arena);
        assert_int_equal(r.result.blocks[0].n_cells, 0);
    }
}

/* --- bounding by hand ----------------------------------------------------------------------------------- */

/* Counts and sums of cost by event with `rows` rows a unit and cell, all groups kept. */
static void expect_bounded(const struct world *w, int64_t rows, int64_t want[5][3])
{
    memset(want, 0, 5 * sizeof want[0]);
    for (int64_t u = 0; u < WORLD_UNITS; u++) {
        for (int64_t e = 0; e < 5; e++) {
            int64_t n = 0;
            int64_t n_cost = 0;
            int64_t sum = 0;
            for (size_t i = 0; i < w->n_events; i++) {
                int64_t at = w->event[1].v[i] == WORLD_NULL ? 4 : w->event[1].v[i];
                if (w->event[0].v[i] == u && at == e) {
                    n++;
                    n_cost += w->event[3].v[i] != WORLD_NULL;
                    sum += w->event[3].v[i] != WORLD_NULL ? w->event[3].v[i] : 0;
                }
            }
            want[e][0] += n > 0;
            want[e][1] += n < rows ? n : rows;
            want[e][2] += n_cost > rows ? sum * rows / n_cost : sum;
        }
    }
}

static void test_rows_per_unit_are_bounded(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {1, 2, 5, 1000};
    world_fill(&the_world, 7, 20, 3000);
    for (size_t i = 0; i < 4; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_model m = {.sql =
                                    "SELECT event, count(DISTINCT id) u, count(*) n, sum(cost) s "
                                    "FROM events GROUP BY event",
                                .groups = 5,
                                .rows = bounds[i]};
        struct world_run r;
        int64_t want[5][3];
        world_ask(&the_world, &m, NULL, &r, &arena);
        expect_bounded(&the_world, (int64_t)bounds[i], want);
        assert_int_equal(r.result.blocks[0].n_cells, 5);
        for (size_t c = 0; c < 5; c++) {
            const struct sy_run_cell *cell = &r.result.blocks[0].cells[c];
            assert_int_equal(cell->key[0], c);
            assert_int_equal(cell->units, want[c][0]);
            for (size_t f = 0; f < 3; f++) {
                assert_int_equal(cell->figures[f], want[c][f]);
            }
        }
    }
}

static uint64_t total_units(const struct world_run *r)
{
    uint64_t n = 0;
    for (size_t i = 0; i < r->result.blocks[0].n_cells; i++) {
        n += r->result.blocks[0].cells[i].units;
    }
    return n;
}

static void test_groups_per_unit_are_bounded(void **state)
{
    (void)state;
    world_fill(&the_world, 8, 20, 4000); /* every unit with events has all five cells */
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model all = {.sql =
                                  "SELECT event, count(DISTINCT id) n FROM events GROUP BY event"};
    struct world_model two = {.sql = all.sql, .groups = 2};
    struct world_run whole;
    struct world_run bounded;
    world_ask(&the_world, &all, NULL, &whole, &arena);
    world_ask(&the_world, &two, NULL, &bounded, &arena);
    assert_int_equal(total_units(&bounded), total_units(&whole) / 5 * 2);
}

static void test_the_choice_depends_on_the_key(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT event, count(DISTINCT id) n FROM events GROUP BY event",
                            .groups = 1};
    struct world_run a;
    struct world_run b;
    world_fill(&the_world, 9, 20, 4000);
    world_ask(&the_world, &m, NULL, &a, &arena);
    world_ask(&the_world, &m, NULL, &b, &arena);
    assert_int_equal(a.result.blocks[0].n_cells, b.result.blocks[0].n_cells);
    bool differs = false;
    for (uint64_t k = 0; k < 8 && !differs; k++) {
        for (size_t i = 0; i < WORLD_UNITS; i++) {
            the_world.keys[i] += 1 + k;
        }
        world_ask(&the_world, &m, NULL, &b, &arena);
        for (size_t i = 0; i < b.result.blocks[0].n_cells; i++) {
            differs = differs || i >= a.result.blocks[0].n_cells ||
                      b.result.blocks[0].cells[i].units != a.result.blocks[0].cells[i].units;
        }
    }
    assert_true(differs);
}

/* --- the boundary ----------------------------------------------------------------------------------------- */

static void test_columns_must_fit(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT town, count(*) FROM persons GROUP BY town"};
    struct world_run r;
    uint64_t size;
    world_fill(&the_world, 1, 10, 10);
    world_ask(&the_world, &m, NULL, &r, &arena);
    struct sy_run_column saved = r.def.columns[0];
    r.def.columns[0].width = 8;
    check_code(engine_column_size(&r.def, 0, &size), SY_E_FIELD);
    r.def.columns[0] = saved;
    r.def.columns[0].rows = 11; /* unlike the other column of its scan */
    check_code(engine_check_job(&r.def), SY_E_FIELD);
    r.def.columns[0].rows = UINT64_MAX / 2;
    check_code(engine_column_size(&r.def, 0, &size), SY_E_FIELD);
    r.def.columns[0] = saved;
    r.def.columns[0].scan = 9;
    check_code(engine_check_job(&r.def), SY_E_FIELD);
    r.def.columns[0] = saved;
    r.def.n_columns--; /* the keys may be missing, a field may not */
    check_ok(engine_check_job(&r.def));
    r.def.n_columns--;
    check_code(engine_check_job(&r.def), SY_E_FIELD);
}

static void test_limited_blocks_need_their_keys(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT town, count(*) FROM persons GROUP BY town", .groups = 1};
    struct world_run r;
    world_fill(&the_world, 1, 10, 10);
    world_ask(&the_world, &m, NULL, &r, &arena);
    r.def.n_columns--;
    struct engine_job job = {.def = &r.def, .types = &r.types, .columns = r.columns};
    check_code(engine_duckdb.run(world_engine(), &job, &arena, &r.result), SY_E_FIELD);
}

static void test_cells_are_capped(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {.sql = "SELECT town, count(*) FROM persons GROUP BY town"};
    struct world_run r;
    world_fill(&the_world, 1, 30, 10);
    world_ask(&the_world, &m, NULL, &r, &arena);
    r.def.cells_max = 2;
    struct engine_job job = {.def = &r.def, .types = &r.types, .columns = r.columns};
    check_code(engine_duckdb.run(world_engine(), &job, &arena, &r.result), SY_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_numbers_as_plain_sql),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_empty_tables),
        cmocka_unit_test(test_rows_per_unit_are_bounded),
        cmocka_unit_test(test_groups_per_unit_are_bounded),
        cmocka_unit_test(test_the_choice_depends_on_the_key),
        cmocka_unit_test(test_columns_must_fit),
        cmocka_unit_test(test_limited_blocks_need_their_keys),
        cmocka_unit_test(test_cells_are_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
