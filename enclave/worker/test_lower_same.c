/*
 * The row-level half of the dialect against a plain database on native tables: windows, unions, outer
 * joins, aggregates per unit, subqueries that stand for a value, dates and labels. Where the dialect
 * says more than SQL does (ties, truncation, rows of nobody) the plain text says it in its own way.
 */
#include "test_plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_SEEDS = 3 };

struct same {
    const char *sql;
    const char *plain; /* NULL: the same text */
};

static const struct same SAME[] = {
    /* windows */
    {"SELECT count(*) n, sum(r) r, sum(day - l) l, sum(u - day) u, sum(f - day) f FROM (SELECT id, "
     "day, row_number() OVER (PARTITION BY id ORDER BY day) r, lag(day) OVER (PARTITION BY id "
     "ORDER "
     "BY day) l, lead(day, 1) OVER (PARTITION BY id ORDER BY day) u, first_value(day) OVER "
     "(PARTITION BY id ORDER BY day DESC) f FROM events) x",
     NULL},
    {"SELECT sum(k) k, sum(d) d FROM (SELECT id, rank() OVER w k, dense_rank() OVER w d FROM "
     "events "
     "WINDOW w AS (PARTITION BY id ORDER BY code DESC)) x",
     NULL},
    {"SELECT sum(least(s, 90000000)) s, sum(c) c, sum(least(w, 90000000)) w, sum(m) m, sum(q) q, "
     "sum(k) k FROM (SELECT id, sum(cost) OVER "
     "(PARTITION BY id ORDER BY day) s, count(*) OVER (PARTITION BY id ORDER BY day DESC) c, "
     "sum(cost) OVER (PARTITION BY id ORDER BY day, cost ROWS UNBOUNDED PRECEDING) w, max(cost) "
     "OVER "
     "(PARTITION BY id) m, min(cost) OVER (PARTITION BY id ORDER BY day ROWS BETWEEN UNBOUNDED "
     "PRECEDING AND UNBOUNDED FOLLOWING) q, count(*) OVER (PARTITION BY id ORDER BY code ROWS "
     "UNBOUNDED PRECEDING) k FROM events) x",
     NULL},
    {"SELECT sum(a) a FROM (SELECT id, avg(cost) OVER (PARTITION BY id) a FROM events) x",
     "SELECT sum(a) / 1000.0 a FROM (SELECT sum(cost) OVER (PARTITION BY id) * 1000 // count(cost) "
     "OVER (PARTITION BY id) a FROM events) x"},
    {"SELECT sum(c) c, count(*) FILTER (WHERE o) o FROM (SELECT id, count(*) FILTER (WHERE cost > "
     "50000) OVER (PARTITION BY id ORDER BY day) c, bool_or(event = 'mi') OVER (PARTITION BY id) o "
     "FROM events) x",
     NULL},
    {"SELECT count(*) FILTER (WHERE a) a, count(*) FILTER (WHERE b) b FROM (SELECT id, max(cost > "
     "90000) OVER (PARTITION BY id) a, min(cost > 1000) OVER (PARTITION BY id ORDER BY day) b FROM "
     "events) x",
     NULL},
    {"SELECT count(*) n, sum(cost) s FROM (SELECT id, cost FROM events QUALIFY row_number() OVER "
     "(PARTITION BY id ORDER BY day, cost) = 1) x",
     NULL},
    {"SELECT count(*) n, sum(cost) s FROM (SELECT id, cost, rank() OVER (PARTITION BY id ORDER BY "
     "day DESC) AS k FROM events QUALIFY k <= 3 AND sum(cost) OVER (PARTITION BY id) > 100000) x",
     NULL},
    {"SELECT count(*) n, sum(c) c FROM (SELECT id, event, count(*) c, rank() OVER (PARTITION BY id "
     "ORDER BY count(*) DESC) r FROM events GROUP BY id, event) x WHERE r = 1",
     NULL},
    {"SELECT count(*) n, sum(g) g FROM (SELECT mother, day - lag(day) OVER (PARTITION BY mother "
     "ORDER BY day) AS g, sum(gram) OVER (PARTITION BY mother ORDER BY day) s FROM births) x WHERE "
     "s > "
     "1 AND g > 3",
     "SELECT count(*) n, sum(g) g FROM (SELECT mother, day - lag(day) OVER (PARTITION BY mother "
     "ORDER BY day) AS g, sum(gram) OVER (PARTITION BY mother ORDER BY day) s FROM births WHERE "
     "mother IS NOT NULL) x WHERE s > 1 AND g > 3"},
    {"SELECT count(*) n FROM (SELECT b.mother, b.day FROM births b JOIN persons p ON p.id = "
     "b.mother WHERE b.child IS NOT NULL QUALIFY row_number() OVER (PARTITION BY p.id ORDER BY "
     "b.day) = 1) x",
     NULL},
    {"SELECT coast, sum(r) r FROM (SELECT coast, rank() OVER (ORDER BY pop) r FROM towns) GROUP BY "
     "coast",
     NULL},
    /* unions and distinct rows */
    {"SELECT x, count(*) n, sum(v) v FROM (SELECT id, 'p' x, bmi v FROM persons UNION ALL SELECT "
     "id, "
     "'e', cost FROM events UNION ALL SELECT id, 'n', NULL FROM events) u GROUP BY x",
     NULL},
    {"SELECT count(*) n FROM (SELECT id, event FROM events UNION SELECT id, 'mi' FROM persons) u",
     NULL},
    {"SELECT event, count(*) n FROM (SELECT DISTINCT event, id FROM events) u GROUP BY event",
     NULL},
    {"WITH c AS (SELECT id, cost FROM events), d AS (SELECT id, cost FROM c WHERE cost > 100 UNION "
     "ALL SELECT id, cost FROM c WHERE cost > 90000) SELECT count(*) n, sum(cost) s FROM d",
     NULL},
    {"SELECT count(*) n FROM persons p WHERE id IN (SELECT id FROM events WHERE event = 'mi' UNION "
     "ALL SELECT mother FROM births)",
     "SELECT count(*) n FROM persons p WHERE id IN (SELECT id FROM events WHERE event = 'mi' UNION "
     "ALL SELECT mother FROM births WHERE mother IS NOT NULL)"},
    /* groups of a unit */
    {"SELECT count(*) n, sum(n) s FROM (SELECT id, count(*) n FROM events GROUP BY id HAVING "
     "count(*) > 2 AND max(cost) > 90000) x",
     NULL},
    {"SELECT count(*) n, sum(m) s FROM (SELECT id, event, max(cost) - min(cost) AS m FROM events "
     "GROUP BY 1, event HAVING m > 100) x",
     NULL},
    {"SELECT sum(d) d, sum(k) k, count(*) FILTER (WHERE o) o, count_if(a) a, sum(least(f, "
     "9000000)) f FROM (SELECT "
     "id, count(DISTINCT event) d, count(DISTINCT event) FILTER (WHERE cost > 50000) k, "
     "bool_or(cost "
     "> 99000) o, bool_and(cost > 0) a, sum(cost) FILTER (WHERE event = 'mi') f FROM events GROUP "
     "BY "
     "id) x",
     NULL},
    {"SELECT sum(a) a FROM (SELECT id, avg(cost) a FROM events GROUP BY id) x",
     "SELECT sum(a) / 1000.0 a FROM (SELECT sum(cost) * 1000 // count(cost) a FROM events GROUP BY "
     "id) x"},
    {"SELECT sum(x) x, sum(y) y, sum(f) f, sum(l) l FROM (SELECT id, arg_max(cost, day) x, "
     "min_by(cost, day) y, first(cost ORDER BY day DESC) f, last(cost ORDER BY day DESC) l FROM "
     "events GROUP BY id) q",
     "SELECT sum(x) x, sum(y) y, sum(x) f, sum(y) l FROM (SELECT (SELECT max(cost) FROM events b "
     "WHERE b.id = a.id AND b.day = a.hi) x, (SELECT min(cost) FROM events b WHERE b.id = a.id AND "
     "b.day = a.lo) y FROM (SELECT id, max(day) hi, min(day) lo FROM events WHERE cost IS NOT NULL "
     "GROUP BY id) a) q"},
    {"SELECT sum(x) x FROM (SELECT id, arg_max(cost, day) FILTER (WHERE event = 'mi') x FROM "
     "events "
     "GROUP BY id) q",
     "SELECT sum(x) x FROM (SELECT (SELECT max(cost) FROM events b WHERE b.id = a.id AND b.day = "
     "a.hi "
     "AND event = 'mi') x FROM (SELECT id, max(day) hi FROM events WHERE cost IS NOT NULL AND "
     "event "
     "= 'mi' GROUP BY id) a) q"},
    {"SELECT count(*) n, sum(least(a, 99)) a, sum(b) b, sum(least(c, 99)) c FROM (SELECT p.id, "
     "(SELECT count(*) FROM "
     "events e WHERE e.id = p.id AND e.event = 'mi') a, 1 + (SELECT max(cost) FROM events e WHERE "
     "e.id = p.id) b, count(*) c FROM persons p JOIN events x ON x.id = p.id GROUP BY p.id HAVING "
     "(SELECT min(cost) FROM events e WHERE e.id = p.id) < 50000) q",
     NULL},
    /* subqueries that stand for a value */
    {"SELECT count(*) n FROM persons WHERE id IN (SELECT id FROM events WHERE event = 'mi') OR "
     "male",
     NULL},
    {"SELECT count(*) n FROM persons WHERE male OR NOT id IN (SELECT id FROM events WHERE cost > "
     "95000)",
     NULL},
    {"SELECT count(*) n FROM persons WHERE town IN (SELECT town FROM towns WHERE coast) OR age > "
     "50",
     NULL},
    {"SELECT sum(CASE WHEN EXISTS (SELECT 1 FROM events e WHERE e.id = p.id AND cost > 90000) THEN "
     "age ELSE 1 END) s FROM persons p",
     NULL},
    {"SELECT count(*) n FROM persons p WHERE NOT EXISTS (SELECT 1 FROM events e WHERE p.id = e.id "
     "AND event = 'ckd') OR age > 60",
     NULL},
    {"SELECT EXISTS (SELECT 1 FROM events e WHERE e.id = p.id AND cost > 90000) x, count(*) n FROM "
     "persons p GROUP BY x",
     NULL},
    {"SELECT count(*) n FROM persons p WHERE (SELECT max(day) FROM events e WHERE e.id = p.id AND "
     "cost > 0) > birth + 20000",
     NULL},
    {"SELECT sum((SELECT count(*) FROM events e WHERE e.id = p.id AND event = 'mi')) s, "
     "sum((SELECT "
     "avg(cost) FROM events e WHERE e.id = p.id)) a FROM persons p",
     "SELECT sum((SELECT count(*) FROM events e WHERE e.id = p.id AND event = 'mi')) s, "
     "sum((SELECT "
     "sum(cost) * 1000 // count(cost) FROM events e WHERE e.id = p.id)) / 1000.0 a FROM persons p"},
    {"SELECT count(*) n FROM (SELECT id, (SELECT count(*) FROM stays s WHERE s.id = e.id AND s.day "
     "= "
     "e.day) c FROM events e) x WHERE c = 0",
     NULL},
    {"SELECT sum((SELECT max(pop) FROM towns t WHERE t.town = p.town)) s FROM persons p", NULL},
    /* joins */
    {"SELECT count(*) n, sum(p.age) a, count(e.cost) c FROM events e RIGHT JOIN persons p ON p.id "
     "= "
     "e.id AND e.cost > 50000",
     NULL},
    {"SELECT count(*) n, sum(age) a FROM events e RIGHT JOIN persons p USING (id) WHERE male",
     NULL},
    {"SELECT town, count(*) n FROM towns t LEFT JOIN persons p USING (town) GROUP BY town",
     "SELECT town, count(*) n FROM towns t JOIN persons p USING (town) GROUP BY town"},
    {"SELECT count(*) n FROM persons p RIGHT JOIN towns t ON t.town = p.town AND p.age > 50",
     "SELECT count(*) n FROM persons p JOIN towns t ON t.town = p.town AND p.age > 50"},
    {"SELECT coast, count(*) n FROM persons p JOIN towns t ON t.pop BETWEEN p.age AND p.age * 5 "
     "GROUP BY coast",
     NULL},
    {"SELECT count(*) n, sum(gram) g FROM births b JOIN persons m ON b.mother = m.id WHERE m.age > "
     "20",
     NULL},
    {"SELECT count(*) n, sum(k) k FROM (SELECT mother, count(*) k FROM births GROUP BY mother) x",
     "SELECT count(*) n, sum(k) k FROM (SELECT mother, count(*) k FROM births WHERE mother IS NOT "
     "NULL GROUP BY mother) x"},
    {"SELECT town, count(*) n FROM (SELECT town, age + 1 a FROM persons) x WHERE a > 30 GROUP BY "
     "town",
     NULL},
    /* dates */
    {"SELECT quarter(day) q, isodow(day) i, count(*) n FROM events GROUP BY ALL", NULL},
    {"SELECT extract(dow FROM day) d, date_part('quarter', day) q, count(*) n FROM events GROUP BY "
     "ALL",
     NULL},
    {"SELECT sum(day - date_trunc('month', day)) m, sum(day - date_trunc('week', day)) w, sum(day "
     "- "
     "date_trunc('quarter', day)) q, sum(day - date_trunc('year', day)) y, sum(last_day(day) - "
     "day) "
     "l, sum(day - date_trunc('day', day)) d FROM events",
     "SELECT sum(day - date_trunc('month', day)::DATE) m, sum(day - date_trunc('week', day)::DATE) "
     "w, sum(day - date_trunc('quarter', day)::DATE) q, sum(day - date_trunc('year', day)::DATE) "
     "y, "
     "sum(last_day(day) - day) l, 0 d FROM events"},
    {"SELECT sum(date_diff('year', birth, day)) y, sum(date_diff('quarter', birth, day)) q, "
     "sum(date_diff('month', birth, day)) m, sum(date_diff('week', birth, day)) w, "
     "sum(date_diff('day', birth, day)) d FROM persons p JOIN events e ON p.id = e.id",
     "SELECT sum(date_diff('year', birth, day)) y, sum(date_diff('quarter', birth, day)) q, "
     "sum(date_diff('month', birth, day)) m, sum((date_trunc('week', day)::DATE - "
     "date_trunc('week', "
     "birth)::DATE) // 7) w, sum(date_diff('day', birth, day)) d FROM persons p JOIN events e ON "
     "p.id "
     "= e.id"},
    {"SELECT sum(date_sub('year', birth, day)) y, sum(datesub('quarter', birth, day)) q, "
     "sum(date_sub('month', birth, day)) m, sum(date_sub('week', birth, day)) w, "
     "sum(date_sub('day', "
     "birth, day)) d FROM persons p JOIN events e ON p.id = e.id",
     NULL},
    {"SELECT sum(day + INTERVAL 3 MONTH - day) a, sum(day - INTERVAL '2 years' - day) b, sum(day + "
     "INTERVAL 2 WEEK - day) c, sum(day - INTERVAL (5) DAY - day) d, sum(INTERVAL 1 QUARTER + day "
     "- "
     "day) e, sum(day + to_years(1) - day) f FROM events",
     "SELECT sum((day + INTERVAL 3 MONTH)::DATE - day) a, sum((day - INTERVAL '2 years')::DATE - "
     "day) b, sum((day + INTERVAL 2 WEEK)::DATE - day) c, sum((day - INTERVAL 5 DAY)::DATE - day) "
     "d, "
     "sum((INTERVAL 1 QUARTER + day)::DATE - day) e, sum((day + to_years(1))::DATE - day) f FROM "
     "events"},
    {"SELECT sum(day + INTERVAL (month(day)) MONTH - day) a FROM events",
     "SELECT sum((day + to_months(month(day)::INTEGER))::DATE - day) a FROM events"},
    /* labels */
    {"SELECT left(code, 1) k, count(*) n FROM events WHERE code LIKE 'I%' OR code LIKE '_0_' GROUP "
     "BY k",
     NULL},
    {"SELECT substr(code, 1, 2) k, count(*) n FROM events WHERE code NOT LIKE '%0' GROUP BY k",
     NULL},
    {"SELECT count(*) FILTER (WHERE starts_with(code, 'I')) a, count(*) FILTER (WHERE code ^@ "
     "'中') "
     "b, count(*) FILTER (WHERE prefix(code, 'A0')) c, count(*) FILTER (WHERE code BETWEEN 'A01' "
     "AND "
     "'I21') d FROM events",
     NULL},
    /* numbers and choice */
    {"SELECT sum(round(bmi)) a, sum(round(bmi - 40.0)) b, sum(sign(bmi - 40)) c, sum(round(age, "
     "0)) "
     "d, sum(round(bmi * 0.25, 2)) e FROM persons",
     NULL},
    {"SELECT count(*) FILTER (WHERE age IS DISTINCT FROM 30) a, count(*) FILTER (WHERE bmi IS NOT "
     "DISTINCT FROM age) b, count(*) FILTER (WHERE age IS NOT DISTINCT FROM NULL) c FROM persons",
     NULL},
    {"SELECT sum(if(age > 40, 1, 0)) a, sum(ifnull(age, 7)) b, count(note) FILTER (WHERE cost > 5) "
     "c FROM persons p JOIN events e ON p.id = e.id",
     NULL},
    {"SELECT town, sum(age) FILTER (WHERE male) s, count_if(bmi > 40) c, count(DISTINCT id) u FROM "
     "persons GROUP BY town",
     NULL},
};

/* (date_diff of weeks: the plain database counts from 1970 toward zero on both sides of it, so its own
 * count of weeks across that year is one short; boundaries crossed are counted from Mondays.) */

/* --- rows as text ----------------------------------------------------------------------------------- */

static struct world the_world;
static struct rows ours, theirs;

static void append_number(char *row, double v)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%.6f", v);
    plain_append(row, text, (size_t)n);
}

static void append_out(char *row, const struct world_run *r, const struct sy_run_cell *c,
                       const struct sy_plan_out *o)
{
    const struct sy_plan_block *b = &r->def.plan.blocks[0];
    if (sy_view_is(o->op, "figure")) {
        double v = (double)c->figures[o->a];
        for (uint64_t i = 0; i < b->figures[o->a].scale; i++) {
            v /= 10;
        }
        append_number(row, v);
        return;
    }
    const struct sy_plan_key *k = &b->keys[o->a];
    bool null = c->key[o->a] == k->n_labels;
    struct sy_view label = null ? sy_view_str("NULL") : k->labels[c->key[o->a]];
    plain_append(row, (const char *)label.p, label.n);
}

static void our_rows(const struct world_run *r, struct rows *ret)
{
    const struct sy_plan *p = &r->def.plan;
    ret->n = r->result.blocks[0].n_cells;
    for (size_t i = 0; i < ret->n; i++) {
        ret->text[i][0] = 0;
        for (size_t k = 0; k < p->n_outs; k++) {
            append_out(ret->text[i], r, &r->result.blocks[0].cells[i], &p->outs[k]);
        }
    }
    plain_sort(ret);
}

/* Keys as text, figures as numbers; no rows to sum is 0 here. */
static void their_rows(const char *sql, const struct sy_plan *plan, struct rows *ret)
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

static uint64_t first_seed(void)
{
    const char *set = getenv("SHUYU_SEED");
    uint64_t seed = set != NULL ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* A total over nobody: plain SQL has a row of zeros, the worker no cell. */
static bool of_nobody(void)
{
    return ours.n == 0 && theirs.n == 1 && strspn(theirs.text[0], "0.|") == strlen(theirs.text[0]);
}

static bool same(const struct same *s)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    bool public = strstr(s->sql, "FROM towns) GROUP") != NULL;
    struct world_model m = {.sql = s->sql, .mechanism = public ? "exact" : NULL};
    world_ask(&the_world, &m, NULL, &r, &arena);
    our_rows(&r, &ours);
    their_rows(s->plain == NULL ? s->sql : s->plain, &r.def.plan, &theirs);
    bool equal = of_nobody() || (ours.n == theirs.n && ours.n > 0);
    for (size_t i = 0; equal && i < ours.n; i++) {
        equal = strcmp(ours.text[i], theirs.text[i]) == 0;
    }
    if (!equal) {
        print_error("%s:\n  %zu rows %s, want %zu rows %s\n", s->sql, ours.n,
                    ours.n > 0 ? ours.text[0] : "", theirs.n, theirs.n > 0 ? theirs.text[0] : "");
    }
    return equal;
}

static void test_same_numbers_as_plain_sql(void **state)
{
    (void)state;
    size_t wrong = 0;
    uint64_t first = first_seed();
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        world_fill(&the_world, first + seed, 40, 100 * seed * seed);
        plain_world(&the_world, false);
        for (size_t i = 0; i < sizeof SAME / sizeof SAME[0]; i++) {
            wrong += same(&SAME[i]) ? 0 : 1;
        }
    }
    assert_int_equal(wrong, 0);
}

/* The statistical year 2000 that begins in October, against its days written out. */
static void test_periods(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    static struct sy_view years[] = {V("1999"), V("2000-Q2")};
    static struct sy_plan_param p = {.name = V("y"),
                                     .kind = V("period"),
                                     .calendar = V("10-01"),
                                     .values = years,
                                     .n_values = 2};
    static const char *const days[] = {"DATE '1998-10-01' AND DATE '1999-09-30'",
                                       "DATE '2000-01-01' AND DATE '2000-03-31'"};
    struct world_model m = {.sql =
                                "SELECT count(*) n, sum(period_end($y) - day) d FROM events WHERE "
                                "day BETWEEN period_start($y) AND period_end($y)",
                            .params = &p,
                            .n_params = 1};
    world_fill(&the_world, first_seed(), 40, 4000);
    plain_world(&the_world, false);
    for (uint64_t i = 0; i < 2; i++) {
        struct world_run r;
        char plain[256];
        world_ask(&the_world, &m, &i, &r, &arena);
        snprintf(plain, sizeof plain,
                 "SELECT count(*) n, sum(%s - day) d FROM events WHERE day BETWEEN %s",
                 strstr(days[i], "AND ") + 4, days[i]);
        our_rows(&r, &ours);
        their_rows(plain, &r.def.plan, &theirs);
        assert_int_equal(ours.n, 1);
        assert_string_equal(ours.text[0], theirs.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_numbers_as_plain_sql),
                                       cmocka_unit_test(test_periods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
