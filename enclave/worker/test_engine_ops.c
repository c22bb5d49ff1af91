/*
 * Relations and expressions of the engine, row by row: each plan is typed, its statement is run on
 * random worlds, and the rows must be those of independently written SQL over native tables, or
 * values worked out by hand. Every row must also lie within what typing promised.
 */
#include "test_plain.h"
#include "test_plan_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "src/engine_internal.h"

enum { N_SEEDS = 3 };

static struct world w;
static struct rows ours, theirs;

/* --- running a relation ---------------------------------------------------------------------------------- */

struct ask {
    struct world_run run;
    struct engine_job job;
    struct sy_rel_types *types; /* of the last relation */
};

static void type_rels(struct ask *a, struct sy_arena *arena)
{
    struct sy_error err = {0};
    struct sy_typer t = {0};
    struct sy_plan *p = &a->run.def.plan;
    check_ok(sy_typer_init(&t, p->params, p->n_params, world_defs, WORLD_DATASETS, arena, &err));
    a->run.types.rels = sy_arena_alloc(arena, p->n_rels, sizeof *a->run.types.rels);
    assert_non_null(a->run.types.rels);
    for (size_t i = 0; i < p->n_rels; i++) {
        if (!sy_ok(sy_type_rel(&t, p->rels, i, a->run.types.rels, &err))) {
            fail_msg("%s: %s", err.field, err.reason);
        }
    }
    a->types = &a->run.types.rels[p->n_rels - 1];
}

static void prepare(struct ask *a, const char *text, const struct sy_plan_param *param,
                    uint64_t *position, struct sy_arena *arena)
{
    struct sy_plan plan = {.v = SY_PLAN_SCHEMA,
                           .params = (struct sy_plan_param *)(uintptr_t)param,
                           .n_params = param == NULL ? 0 : 1};
    plan_text(text, arena, &plan);
    world_columns(&w, &plan, &a->run, arena);
    a->run.def.params = position;
    a->run.def.n_params = plan.n_params;
    type_rels(a, arena);
    a->job =
        (struct engine_job){.def = &a->run.def, .types = &a->run.types, .columns = a->run.columns};
}

static void put_labels(struct sql *s, const struct sy_view *labels, size_t n)
{
    sql_put(s, "[");
    for (size_t i = 0; i < n; i++) {
        sql_put(s, "%s'%.*s'", i == 0 ? "" : ",", SY_PV(labels[i]));
    }
    sql_put(s, "]");
}

/* Column i as the text that a plain database shows. */
static void put_shown(struct sql *s, const struct sy_type *t, size_t i)
{
    sql_put(s, "%s(", i == 0 ? "SELECT " : ",");
    if (t->kind == SY_TYPE_DATE) {
        sql_put(s, "DATE '1970-01-01'+c%zu", i);
    } else if (t->kind == SY_TYPE_STR) {
        put_labels(s, t->open ? w.dict : t->labels, t->open ? w.n_dict : t->n_labels);
        sql_put(s, "[c%zu::BIGINT+1]", i);
    } else {
        sql_put(s, "c%zu", i);
    }
    sql_put(s, ")::VARCHAR");
}

static void put_broken(struct sql *s, const struct sy_type *t, size_t i)
{
    sql_put(s, "%s count(*) FILTER (", i == 0 ? "SELECT (" : "+");
    if (t->nothing) {
        sql_put(s, "c%zu IS NOT NULL)", i);
        return;
    }
    if (t->kind == SY_TYPE_INT || t->kind == SY_TYPE_DATE) {
        sql_put(s, "c%zu NOT BETWEEN (%lld) AND (%lld)", i, (long long)t->lo, (long long)t->hi);
    } else {
        sql_put(s, "false");
    }
    sql_put(s, "%s", t->nullable ? ")" : "");
    if (!t->nullable) {
        sql_put(s, " OR c%zu IS NULL)", i);
    }
}

/* The relation's rows, shown or, `broken`, the number of values outside of their types. */
static void rows_of(struct ask *a, bool broken, struct rows *ret)
{
    struct engine *e = world_engine();
    struct sql s = {.job = &a->job, .buf = sy_buf(1 << 20), .st = SY_OK};
    struct sy_plan_block b = {.rel = a->run.def.plan.n_rels - 1};
    duckdb_result r;
    sql_with(&s, &b);
    for (size_t i = 0; i < a->types->n_cols; i++) {
        (broken ? put_broken : put_shown)(&s, &a->types->cols[i], i);
    }
    sql_put(&s, "%s FROM ", broken ? ")::VARCHAR" : "");
    sql_rel(&s, (size_t)b.rel);
    check_ok(s.st);
    check_ok(sy_buf_add(&s.buf, "", 1));
    e->job = &a->job;
    if (duckdb_query(e->con, (const char *)s.buf.p, &r) != DuckDBSuccess) {
        fail_msg("%s: %s", (const char *)s.buf.p, duckdb_result_error(&r));
    }
    e->job = NULL;
    plain_text_rows(&r, broken ? 1 : a->types->n_cols, ret);
    sy_buf_deinit(&s.buf);
}

/* Rows of the plan's last relation; how many columns. One parameter at most, at `position`. */
static size_t ask(const char *text, const struct sy_plan_param *param, uint64_t position,
                  struct rows *ret)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct ask a = {0};
    prepare(&a, text, param, &position, &arena);
    rows_of(&a, true, ret);
    if (strcmp(ret->text[0], "0|") != 0) {
        fail_msg("%s: %s values outside of their types", text, ret->text[0]);
    }
    rows_of(&a, false, ret);
    return a.types->n_cols;
}

static void same_rows(const char *what, const struct rows *x, const struct rows *want)
{
    if (x->n != want->n) {
        fail_msg("%s: %zu rows, want %zu", what, x->n, want->n);
    }
    for (size_t i = 0; i < x->n; i++) {
        if (strcmp(x->text[i], want->text[i]) != 0) {
            fail_msg("%s: %s, want %s", what, x->text[i], want->text[i]);
        }
    }
}

/* --- against plain SQL ------------------------------------------------------------------------------------ */

struct op_case {
    const char *plan, *sql;
};

/* Events in the order id, event, day, cost, code. */
#define EVENTS    "scan events id event day cost code\n"
#define PAIRS     "scan persons id birth\nscan events id day\njoin inner 0 1 : (eq (col 0) (col 2))\n"
#define PAIRS_SQL "FROM persons p JOIN events e ON p.id = e.id"

static const struct op_case CASES[] = {
    /* dates */
    {EVENTS "project 0 : (quarter (col 2)) (isodow (col 2)) (year (col 2)) (month (col 2)) (day "
            "(col 2))",
     "SELECT quarter(day), isodow(day), year(day), month(day), day(day) FROM events"},
    {EVENTS "project 0 : (trunc (col 2) 'year') (trunc (col 2) 'quarter') (trunc (col 2) 'month') "
            "(trunc (col 2) 'week')",
     "SELECT make_date(year(day), 1, 1), make_date(year(day), 3 * quarter(day) - 2, 1), "
     "make_date(year(day), month(day), 1), day - (isodow(day) - 1)::INTEGER FROM events"},
    {PAIRS "project 2 : (years (col 1) (col 3)) (years (col 3) (col 1)) (months (col 1) (col 3)) "
           "(months (col 3) (col 1))",
     "SELECT date_sub('year', birth, day), date_sub('year', day, birth), "
     "date_sub('month', birth, day), date_sub('month', day, birth) " PAIRS_SQL},
    {EVENTS "project 0 : (add_months (col 2) (mod (col 3) (int 30))) (add_months (col 2) (null "
            "'int'))",
     "SELECT (day + to_months((cost % 30)::INTEGER))::DATE, NULL FROM events"},
    /* labels */
    {EVENTS "project 0 : (like (col 4) 'I%') (like (col 4) '%1') (like (col 4) '_0_') (like (col "
            "4) '') (like (col 4) '%') (like (col 4) 'nope') (like (col 4) '中_') (like (col 4) "
            "'%中') (like (col 4) 'É_%') (like (col 4) '%0%')",
     "SELECT code LIKE 'I%', code LIKE '%1', code LIKE '_0_', code LIKE '', code LIKE '%', code "
     "LIKE 'nope', code LIKE '中_', code LIKE '%中', code LIKE 'É_%', code LIKE '%0%' FROM "
     "events"},
    {EVENTS "project 0 : (like (coalesce (col 4) (str 'none')) '%o%') (like (str 'I20') 'I%') "
            "(like (case (like (col 4) '%1') (col 4) (null 'str')) '_2%')",
     "SELECT coalesce(code, 'none') LIKE '%o%', true, CASE WHEN code LIKE '%1' THEN code END LIKE "
     "'_2%' FROM events"},
    {EVENTS "project 0 : (prefix (col 4) 1) (prefix (col 4) 2) (prefix (col 4) 9) (prefix (prefix "
            "(col 4) 2) 1) (prefix (col 1) 2)",
     "SELECT left(code, 1), left(code, 2), code, left(code, 1), left(event, 2) FROM events"},
    {EVENTS
     "project 0 : (eq (prefix (col 4) 1) (str 'I')) (in (prefix (col 4) 1) (str 'A') (str "
     "'中') (str 'none')) (case (eq (prefix (col 4) 1) (str 'A')) (prefix (col 4) 1) (col 1))",
     "SELECT left(code, 1) = 'I', left(code, 1) IN ('A', '中', 'none'), CASE WHEN left(code, 1) = "
     "'A' THEN left(code, 1) ELSE event END FROM events"},
    {EVENTS "project 0 : (lt (col 4) (str 'I10')) (le (col 4) (str 'I10')) (gt (col 4) (str "
            "'I10')) (ge (col 4) (str 'I10'))",
     "SELECT code < 'I10', code <= 'I10', code > 'I10', code >= 'I10' FROM events"},
    {EVENTS "project 0 : (lt (col 4) (str 'I15')) (le (col 4) (str 'I15')) (gt (col 4) (str "
            "'I15')) (ge (col 4) (str 'I15'))",
     "SELECT code < 'I15', code <= 'I15', code > 'I15', code >= 'I15' FROM events"},
    {EVENTS "project 0 : (lt (str 'B') (col 4)) (le (str 'B20') (col 4)) (gt (str 'B20') (col 4)) "
            "(ge (str 'B20') (col 4)) (lt (col 4) (str 'A')) (ge (col 4) (str 'A')) (gt (col 4) "
            "(str '丰')) (le (col 4) (str '丰')) (lt (str 'a') (str 'b')) (ge (str 'a') (str 'b'))",
     "SELECT 'B' < code, 'B20' <= code, 'B20' > code, 'B20' >= code, code < 'A', code >= 'A', code "
     "> '丰', code <= '丰', true, false FROM events"},
    {EVENTS "scan events id code\njoin inner 0 1 : (and (eq (col 0) (col 5)) (lt (col 4) (col "
            "6)))\nproject 2 : (col 4) (col 6) (ge (col 6) (col 4))",
     "SELECT a.code, b.code, b.code >= a.code FROM events a JOIN events b ON a.id = b.id AND "
     "a.code < b.code"},
    {"scan towns town motto\nproject 0 : (col 0) (col 1) (eq (col 1) (str 'rash')) (ne (str "
     "'nope') "
     "(col 1)) (in (col 1) (str 'gout') (str 'nope'))",
     "SELECT town, motto, motto = 'rash', motto <> 'nope', motto IN ('gout', 'nope') FROM towns"},
    /* union */
    {EVENTS "scan persons id age birth\nproject 0 : (col 0) (col 3) (col 2) (bool 1)\nproject 1 : "
            "(col 0) (col 1) (col 2) (gt (col 1) (int 50))\nunion 2 3",
     "SELECT id, cost, day, true FROM events UNION ALL SELECT id, age, birth, age > 50 FROM "
     "persons"},
    {EVENTS "scan persons id town\nproject 0 : (col 0) (col 1) (col 4)\nproject 1 : (col 0) (col "
            "1) (null 'str')\nproject 0 : (col 0) (str 'south') (prefix (col 4) 1)\nunion 2 3 4 2",
     "SELECT id, event, code FROM events UNION ALL SELECT id, town, NULL FROM persons UNION ALL "
     "SELECT id, 'south', left(code, 1) FROM events UNION ALL SELECT id, event, code FROM events"},
    /* reduce */
    {EVENTS "reduce 0 1 count_distinct count_distinct count_distinct count_distinct count : (col "
            "0) (col 1) (col 2) (mod (col 3) (int 5)) (gt (col 3) (int 10)) (col 3)",
     "SELECT id, count(DISTINCT event), count(DISTINCT day), count(DISTINCT cost % 5), "
     "count(DISTINCT cost > 10), count(cost) FROM events GROUP BY id"},
    {"scan stays id org day cost\nreduce 0 1 count_distinct min : (col 0) (col 1) (col 2)",
     "SELECT id, count(DISTINCT org), min(day) FROM stays GROUP BY id"},
    {"scan stays id org day cost\nreduce 0 1 arg_max arg_min arg_max arg_min : (col 0) (col 3) "
     "(col 2) (col 3) (col 2) (mod (col 3) (int 3)) (col 2) (mod (col 3) (int 3)) (col 2)",
     "SELECT id, (SELECT max(cost) FROM stays b WHERE b.id = a.id AND b.day = max(a.day)), "
     "(SELECT min(cost) FROM stays b WHERE b.id = a.id AND b.day = min(a.day)), "
     "(SELECT max(cost % 3) FROM stays b WHERE b.id = a.id AND b.day = max(a.day)), "
     "(SELECT min(cost % 3) FROM stays b WHERE b.id = a.id AND b.day = min(a.day)) FROM stays a "
     "GROUP BY id"},
    {EVENTS "reduce 0 1 arg_max arg_min arg_max arg_min arg_max : (col 0) (col 4) (trunc (col 2) "
            "'year') (col 4) (trunc (col 2) 'year') (col 3) (year (col 2)) (gt (col 3) (int 500)) "
            "(year (col 2)) (col 2) (mod (col 3) (int 4))",
     "SELECT id, max(code) FILTER (code IS NOT NULL AND year(day) = yc), min(code) FILTER (code IS "
     "NOT NULL AND year(day) = yd), max(cost) FILTER (year(day) = ym), min(cost > 500) FILTER "
     "(year(day) = yn), max(day) FILTER (cost % 4 = c4) FROM (SELECT *, max(year(day)) FILTER "
     "(code IS NOT NULL) OVER p yc, min(year(day)) FILTER (code IS NOT NULL) OVER p yd, "
     "max(year(day)) FILTER (cost IS NOT NULL) OVER p ym, min(year(day)) FILTER (cost IS NOT NULL) "
     "OVER p yn, max(cost % 4) OVER p c4 FROM events WINDOW p AS (PARTITION BY id)) GROUP BY id"},
    {EVENTS "reduce 0 1 arg_max arg_min : (col 0) (mul (col 3) (int 10000000000)) (mul (mod (col "
            "3) (int 7)) (int 1000000000000)) (mul (neg (col 3)) (int 10000000000)) (mul (mod (col "
            "3) (int 7)) (int 1000000000000))",
     "SELECT id, max(cost * 10000000000) FILTER (cost % 7 = hi), min(-cost * 10000000000) FILTER "
     "(cost % 7 = lo) FROM (SELECT *, max(cost % 7) OVER p hi, min(cost % 7) OVER p lo FROM events "
     "WINDOW p AS (PARTITION BY id)) GROUP BY id"},
    /* windows */
    {"scan stays id org day cost\nwindow 0 1 a all row_number rank dense_rank : (col 0) (col 2)",
     "SELECT id, org, day, cost, row_number() OVER (PARTITION BY id ORDER BY day, org NULLS LAST, "
     "cost), rank() OVER (PARTITION BY id ORDER BY day), dense_rank() OVER (PARTITION BY id ORDER "
     "BY day) FROM stays"},
    {EVENTS "window 0 1 da all row_number rank lag lead first : (col 0) (mod (col 3) (int 5)) (col "
            "4) (col 3) (col 4) (col 2)",
     "SELECT *, row_number() OVER o, rank() OVER (PARTITION BY id ORDER BY cost % 5 DESC NULLS "
     "LAST, code NULLS LAST), lag(cost) OVER o, lead(code) OVER o, first_value(day) OVER o FROM "
     "(SELECT id, event, day, cost, code FROM events) WINDOW o AS (PARTITION BY id ORDER BY cost % "
     "5 DESC NULLS LAST, code NULLS LAST, list_position(['htn', 'diabetes', 'mi', 'ckd'], event) "
     "NULLS LAST, day, cost NULLS LAST)"},
    {"scan stays id org day cost\nwindow 0 1 a rows sum count min max : (col 0) (col 2) (col 3) "
     "(col 1) (col 3) (col 3)\nwindow 1 1 a range sum count min max : (col 0) (col 2) (col 3) (col "
     "1) (col 3) (col 3)\nwindow 2 1 - all sum count min max : (col 0) (col 3) (col 1) (col 3) "
     "(col 2)",
     "SELECT *, sum(cost) OVER r, count(org) OVER r, min(cost) OVER r, max(cost) OVER r, sum(cost) "
     "OVER g, count(org) OVER g, min(cost) OVER g, max(cost) OVER g, sum(cost) OVER a, count(org) "
     "OVER a, min(cost) OVER a, max(day) OVER a FROM stays WINDOW r AS (PARTITION BY id ORDER BY "
     "day, org NULLS LAST, cost ROWS UNBOUNDED PRECEDING), g AS (PARTITION BY id ORDER BY day "
     "RANGE UNBOUNDED PRECEDING), a AS (PARTITION BY id)"},
    {"scan stays id org day cost\nunion 0 0\nwindow 1 1 a rows sum count : (col 0) (col 2) (col 3) "
     "(col 1)\nwindow 2 1 a range sum : (col 0) (col 2) (col 3)",
     "SELECT *, sum(cost) OVER r, count(org) OVER r, sum(cost) OVER g FROM (SELECT * FROM stays "
     "UNION "
     "ALL SELECT * FROM stays) WINDOW r AS (PARTITION BY id ORDER BY day, org NULLS LAST, cost "
     "ROWS "
     "UNBOUNDED PRECEDING), g AS (PARTITION BY id ORDER BY day RANGE UNBOUNDED PRECEDING)"},
    {EVENTS "window 0 2 - all count sum : (col 0) (eq (col 1) (str 'mi')) (bool 1) (col 3)",
     "SELECT id, event, day, cost, code, count(*) OVER p, sum(cost) OVER p FROM events WINDOW p AS "
     "(PARTITION BY id, event = 'mi')"},
    {EVENTS "window 0 1 - all row_number : (col 0)\nfilter 1 : (eq (col 5) (int 1))\nproject 2 : "
            "(col 0) (col 3)",
     "SELECT id, (SELECT cost FROM events b WHERE b.id IS NOT DISTINCT FROM a.id ORDER BY "
     "list_position(['htn', 'diabetes', 'mi', 'ckd'], event) NULLS LAST, day, cost NULLS LAST, "
     "code NULLS LAST LIMIT 1) FROM (SELECT DISTINCT id FROM events) a"},
    /* shared relations */
    {EVENTS "filter 0 : (gt (col 3) (int 1000))\nreduce 1 1 count : (col 0) (bool 1)\njoin inner 1 "
            "2 : (eq (col 0) (col 5))\njoin semi 3 2 : (and (eq (col 0) (col 7)) (gt (col 6) (int "
            "2)))\nproject 4 : (col 0) (col 3) (col 6)",
     "SELECT id, cost, n FROM (SELECT *, count(*) OVER (PARTITION BY id) n FROM events WHERE cost "
     "> "
     "1000 AND id IS NOT NULL) WHERE n > 2"},
};

static void check_case(const struct op_case *c)
{
    static char whole[8192];
    size_t n_cols = ask(c->plan, NULL, 0, &ours);
    snprintf(whole, sizeof whole, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (%s)", c->sql);
    duckdb_result r = plain_query(whole);
    plain_text_rows(&r, n_cols, &theirs);
    same_rows(c->sql, &ours, &theirs);
}

static void test_rows_as_plain_sql(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        world_fill(&w, 100 + seed, 40, 100 * seed);
        plain_world(&w, true);
        for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
            check_case(&CASES[i]);
        }
    }
}

static void test_no_rows(void **state)
{
    (void)state;
    world_fill(&w, 1, 0, 0);
    w.n_towns = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        ask(CASES[i].plan, NULL, 0, &ours);
        assert_int_equal(ours.n, 0);
    }
}

/* --- by hand ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *expr, *want;
} HAND[] = {
    {"(add_months (date 2001-01-31) (int 1))", "2001-02-28|"},
    {"(add_months (date 2000-01-31) (int 1))", "2000-02-29|"},
    {"(add_months (date 2000-02-29) (int 12))", "2001-02-28|"},
    {"(add_months (date 2000-02-29) (int -48))", "1996-02-29|"},
    {"(add_months (date 2000-03-31) (int -1))", "2000-02-29|"},
    {"(add_months (date 1900-01-31) (int 1))", "1900-02-28|"},
    {"(add_months (date 0001-01-01) (int 119987))", "9999-12-01|"},
    {"(add_months (date 9999-12-31) (int -119987))", "0001-01-31|"},
    {"(months (date 2001-01-31) (date 2001-02-28))", "1|"},
    {"(months (date 2001-01-30) (date 2001-02-27))", "0|"},
    {"(months (date 2001-02-28) (date 2001-01-31))", "-1|"},
    {"(months (date 2001-01-15) (date 2001-02-14))", "0|"},
    {"(months (date 2001-01-15) (date 2001-02-15))", "1|"},
    {"(months (date 0001-01-01) (date 9999-12-31))", "119987|"},
    {"(years (date 2000-02-29) (date 2001-02-28))", "1|"},
    {"(years (date 2000-02-29) (date 2001-02-27))", "0|"},
    {"(years (date 2001-06-15) (date 2000-06-16))", "0|"},
    {"(years (date 2001-06-15) (date 2000-06-15))", "-1|"},
    {"(years (date 9999-12-31) (date 0001-01-01))", "-9998|"},
    {"(trunc (date 2024-12-31) 'week')", "2024-12-30|"},
    {"(trunc (date 2023-01-01) 'week')", "2022-12-26|"},
    {"(trunc (date 2023-11-05) 'quarter')", "2023-10-01|"},
    {"(trunc (date 1969-12-31) 'month')", "1969-12-01|"},
    {"(trunc (date 1969-12-31) 'year')", "1969-01-01|"},
    {"(isodow (date 1970-01-01))", "4|"},
    {"(isodow (date 2023-01-01))", "7|"},
    {"(quarter (date 2023-03-31))", "1|"},
    {"(quarter (date 2023-04-01))", "2|"},
    {"(prefix (str '中心') 1)", "中|"},
    {"(like (str '100%') '100%')", "true|"},
    {"(like (str 'ab') 'a_b')", "false|"},
    {"(like (str 'aXbXb') 'a%b')", "true|"},
    {"(like (str 'aab') '%ab')", "true|"},
    {"(like (null 'str') '%')", "NULL|"},
    {"(lt (null 'str') (str 'a'))", "NULL|"},
    {"(prefix (null 'str') 1)", "NULL|"},
    {"(years (null 'date') (date 2000-01-01))", "NULL|"},
};

static void test_by_hand(void **state)
{
    (void)state;
    world_fill(&w, 1, 1, 1);
    for (size_t i = 0; i < sizeof HAND / sizeof HAND[0]; i++) {
        char plan[256];
        snprintf(plan, sizeof plan,
                 "scan towns pop\nfilter 0 : (eq (col 0) (int 100))\nproject 1 : %s", HAND[i].expr);
        ask(plan, NULL, 0, &ours);
        assert_int_equal(ours.n, 1);
        if (strcmp(ours.text[0], HAND[i].want) != 0) {
            fail_msg("%s: %s, want %s", HAND[i].expr, ours.text[0], HAND[i].want);
        }
    }
}

/* --- parameters ---------------------------------------------------------------------------------------------- */

static void test_periods(void **state)
{
    (void)state;
    static struct sy_view values[] = {V("1990"), V("1991-Q1"), V("1991-12")};
    static const char *const want[][2] = {{"1989-10-01|1990-09-30|", "1990-01-01|1990-12-31|"},
                                          {"1990-10-01|1990-12-31|", "1991-01-01|1991-03-31|"},
                                          {"1991-09-01|1991-09-30|", "1991-12-01|1991-12-31|"}};
    world_fill(&w, 1, 1, 1);
    for (uint64_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct sy_plan_param p = {.kind = V("period"),
                                      .name = V("y"),
                                      .calendar = sy_view_str(k == 0 ? "10-01" : ""),
                                      .values = values,
                                      .n_values = 3};
            ask("scan towns pop\nfilter 0 : (eq (col 0) (int 100))\nproject 1 : (pstart 0) (pend "
                "0)",
                &p, i, &ours);
            assert_string_equal(ours.text[0], want[i][k]);
        }
    }
}

/* A text parameter: its value among the labels of a set, and against patterns. */
static void test_text_parameters(void **state)
{
    (void)state;
    static struct sy_view values[] = {V("I10"), V("none"), V("A"), V("中一")};
    struct sy_plan_param p = {.kind = V("str"), .name = V("c"), .values = values, .n_values = 4};
    world_fill(&w, 3, 20, 300);
    plain_world(&w, true);
    for (uint64_t i = 0; i < 4; i++) {
        char sql[512];
        size_t n =
            ask(EVENTS "project 0 : (lt (col 4) (param 0)) (ge (param 0) (col 4)) (eq (prefix "
                       "(col 4) 1) (prefix (param 0) 1)) (like (param 0) '%1%')",
                &p, i, &ours);
        snprintf(
            sql, sizeof sql,
            "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (SELECT code < v, v >= code, left(code, 1) "
            "= left(v, 1), v LIKE '%%1%%' FROM events, (SELECT '%.*s' v))",
            SY_PV(values[i]));
        duckdb_result r = plain_query(sql);
        plain_text_rows(&r, n, &theirs);
        same_rows(sql, &ours, &theirs);
    }
}

/* --- equals ---------------------------------------------------------------------------------------------------- */

/* Undeclared text settles ties by what it says: another order of the dictionary, as other units' rows
 * would make it, changes nothing. */
static void test_dictionary_order_is_without_effect(void **state)
{
    (void)state;
    static const char *const plan = "scan events id note\nwindow 0 1 - all row_number : (col "
                                    "0)\nwindow 1 1 - rows count : (col "
                                    "0) (col 1)";
    world_fill(&w, 4, 10, 400);
    ask(plan, NULL, 0, &theirs);
    for (size_t i = 0; i < w.n_events; i++) {
        int64_t v = w.event[4].v[i];
        w.event[4].v[i] = v == WORLD_NULL ? v : (v + 2) % (int64_t)w.n_dict;
    }
    struct sy_view dict[8];
    memcpy(dict, w.dict, sizeof dict);
    for (size_t i = 0; i < w.n_dict; i++) {
        w.dict[(i + 2) % w.n_dict] = dict[i];
    }
    ask(plan, NULL, 0, &ours);
    same_rows(plan, &ours, &theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_as_plain_sql),
        cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_periods),
        cmocka_unit_test(test_text_parameters),
        cmocka_unit_test(test_dictionary_order_is_without_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
