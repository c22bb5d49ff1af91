/*
 * Models that must be refused, each with its code, its construct and where the text names it: the
 * attacks T08 to T13 and T27 to T39 (sampling, casts, overflow, probing by pattern, self-joins, exact
 * thresholds, order, planner), everything outside the dialect, and what the grant does not hold.
 */
#include "test_world.h"

#include <stdio.h>

struct hostile {
    const char *sql;
    const char *code;
    const char *construct;
    const char *at; /* text that starts at the position; NULL: not checked */
};

#define P "SELECT count(*) FROM persons WHERE "
#define Q "SELECT count(*) FROM persons "

static const struct hostile HOSTILE[] = {
    /* statements */
    {"", "sql", "syntax", NULL},
    {"SELEC 1", "sql", "syntax", "SELEC"},
    {"SELECT count(*) FROM persons WHERE age >", "sql", "syntax", NULL},
    {"SELECT count(*) FROM persons; SELECT count(*) FROM events", "sql", "several statements", ";"},
    {"DELETE FROM persons", "sql", "statement", NULL},
    {"CREATE TABLE t AS SELECT * FROM persons", "sql", "statement", NULL},
    {"ATTACH 'x.db'", "sql", "statement", NULL},
    {"COPY persons TO 'x.csv'", "sql", "statement", NULL},
    {"SET threads = 1", "sql", "statement", NULL},
    {"PIVOT persons ON town USING count(*)", "sql", "statement", NULL},
    {"DESCRIBE persons", "row_level", "SELECT", NULL},
    {"SUMMARIZE persons", "row_level", "SELECT", NULL},
    {"SELECT count(*) FROM (DESCRIBE persons)", "sql", "DESCRIBE", NULL},
    {"EXPLAIN SELECT count(*) FROM persons", "sql", "statement", NULL},
    {"VALUES (1)", "row_level", "SELECT", NULL},
    {"SELECT count(*)", "sql", "FROM", NULL},
    {"SELECT 1", "sql", "FROM", NULL},
    /* rows */
    {"SELECT id, age FROM persons", "row_level", "SELECT", "id, age"},
    {"SELECT * FROM persons", "row_level", "SELECT", "*"},
    {"FROM persons", "row_level", "SELECT", NULL},
    {"SELECT town FROM persons GROUP BY town", "row_level", "SELECT", "town"},
    {"SELECT id, count(*) FROM persons GROUP BY id", "row_level", "id", NULL},
    {"SELECT id, count(*) FROM persons GROUP BY 1", "row_level", "id", NULL},
    {"SELECT count(*), id FROM persons GROUP BY ALL", "row_level", "id", NULL},
    /* T09 sampling */
    {"SELECT count(*) FROM persons TABLESAMPLE 10%", "sql", "SAMPLE", "TABLESAMPLE"},
    {"SELECT count(*) FROM persons USING SAMPLE 10", "sql", "SAMPLE", "SAMPLE"},
    {"SELECT count(*) FROM persons TABLESAMPLE bernoulli(1) REPEATABLE (7)", "sql", "SAMPLE", NULL},
    {P "random() < 0.1", "sql", "random", "random"},
    {P "hash(age) % 2 = 0", "sql", "hash", "hash"},
    {P "age = setseed(0.5)", "sql", "setseed", "setseed"},
    /* T08 hash-like predicates */
    {P "floor(100 * age) = 3", "sql", "floor", "floor"},
    {P "age ** 2 = 4", "sql", "**", NULL},
    {P "id * 2 = 4", "sql", "expression", "* 2"},
    {P "id % 7 = 1", "sql", "expression", "% 7"},
    {P "id = 5", "sql", "expression", "= 5"},
    {P "id IN (1, 2)", "sql", "expression", "IN"},
    {P "id > 3", "sql", "expression", "> 3"},
    /* T10, T11, T13 errors that depend on a row */
    {"SELECT sum(age::SMALLINT) FROM persons", "privacy", "CAST", "::"},
    {"SELECT sum(CAST(town AS INTEGER)) FROM persons", "privacy", "CAST", "CAST"},
    {"SELECT sum(TRY_CAST(town AS INTEGER)) FROM persons", "privacy", "CAST", NULL},
    {"SELECT sum(bmi::INTEGER) FROM persons", "privacy", "CAST", "::"},
    {P "bmi::VARCHAR = '3'", "privacy", "CAST", "::"},
    {P "error('x')", "sql", "error", "error"},
    {P "sqrt(age) > 2", "sql", "sqrt", "sqrt"},
    {P "ln(age) > 2", "sql", "ln", "ln"},
    {P "make_date(2000, age, 1) > birth", "sql", "make_date", "make_date"},
    {P "strptime(town, '%Y') > birth", "sql", "strptime", "strptime"},
    {P "repeat(town, 1000000000) = 'a'", "sql", "repeat", "repeat"},
    {P "age = (SELECT age FROM persons)", "sql", "subquery", NULL},
    {P "age > (SELECT max(age) FROM persons)", "sql", "subquery", NULL},
    {"SELECT sum(cost * 100000000000000) FROM events", "sql", "expression", "* 1"},
    {"SELECT sum(cost * cost * cost) FROM events", "sql", "query", NULL},
    {P "age < 99999999999999999999", "sql", "HUGEINT", NULL},
    {P "age < 1e3", "sql", "DOUBLE", "1e3"},
    {P "bmi < 1.12345678901", "sql", "literal", "1.1"},
    {P "birth < '2001-02-30'", "sql", "2001-02-30", NULL},
    {P "birth + 99999999 > birth", "sql", "expression", "+ 9"},
    /* T28, T29 aggregates that single out */
    {"SELECT max(age) FROM persons", "privacy", "max", "max"},
    {"SELECT town, min(bmi) FROM persons GROUP BY town", "privacy", "min", "min"},
    {"SELECT first(town) FROM persons", "privacy", "first", "first"},
    {"SELECT any_value(age) FROM persons", "privacy", "any_value", NULL},
    {"SELECT arg_max(town, age) FROM persons", "privacy", "arg_max", NULL},
    {"SELECT mode(town) FROM persons", "privacy", "mode", NULL},
    {"SELECT quantile_disc(age, 1.0) FROM persons", "privacy", "quantile_disc", NULL},
    {"SELECT median(age) FROM persons", "privacy", "median", NULL},
    {"SELECT string_agg(town, ',') FROM persons", "privacy", NULL, NULL},
    {"SELECT list(age) FROM persons", "privacy", "list", NULL},
    {"SELECT histogram(age) FROM persons", "privacy", "histogram", NULL},
    {"SELECT bit_xor(age) FROM persons", "privacy", "bit_xor", NULL},
    {"SELECT product(age) FROM persons", "privacy", "product", NULL},
    {"SELECT stddev(age) FROM persons", "privacy", "stddev", NULL},
    {"SELECT sum(hash(town)) FROM persons", "sql", "hash", "hash"},
    {"SELECT sum(DISTINCT age) FROM persons", "sql", "sum", "sum"},
    {"SELECT sum(town) FROM persons", "sql", "sum", "sum"},
    {"SELECT sum(id) FROM persons", "sql", "sum", "sum"},
    {"SELECT sum(age ORDER BY bmi) FROM persons", "sql", "ORDER BY", "ORDER"},
    {"SELECT count(*) FILTER (WHERE male) FROM persons", "sql", "FILTER", "FILTER"},
    {"SELECT sum(count(*)) FROM persons", "sql", "sum", NULL},
    {"SELECT sum(age) / count(*) FROM persons", "sql", "aggregate", "/ count"},
    {"SELECT count(*) + 1 FROM persons", "sql", "aggregate", "+ 1"},
    /* T38 distinct counts */
    {"SELECT count(DISTINCT note) FROM events", "privacy", "count(DISTINCT)", "count"},
    {"SELECT count(DISTINCT town) FROM persons", "privacy", "count(DISTINCT)", "count"},
    {"SELECT count(DISTINCT age + 1) FROM persons", "privacy", "count(DISTINCT)", "count"},
    {"SELECT count(DISTINCT town) FROM towns", "privacy", "count(DISTINCT)", "count"},
    {"SELECT count(DISTINCT e.id) FROM persons p LEFT JOIN events e ON p.id = e.id", "privacy",
     "count(DISTINCT)", "count"},
    /* T30 probing text */
    {P "town LIKE 'n%'", "sql", "~~", NULL},
    {P "town NOT ILIKE 'n%'", "sql", NULL, NULL},
    {P "town SIMILAR TO 'n.*'", "sql", "regexp_full_match", NULL},
    {P "regexp_matches(town, 'n')", "sql", "regexp_matches", NULL},
    {P "starts_with(town, 'n')", "sql", "starts_with", NULL},
    {P "town < 'o'", "sql", "expression", "< 'o'"},
    {P "town[1] = 'n'", "sql", NULL, NULL},
    {P "substring(town, 1, 1) = 'n'", "sql", "substring", NULL},
    {P "town || 'x' = 'northx'", "sql", "||", NULL},
    {P "upper(town) = 'N'", "sql", "upper", NULL},
    {P "length(town) = 5", "sql", "length", NULL},
    {P "town COLLATE nocase = 'NORTH'", "sql", NULL, NULL},
    {"SELECT coalesce(note, 'x') n, count(*) FROM events GROUP BY 1", "sql", "expression", NULL},
    {"SELECT count(*) FROM events a JOIN events b ON a.id = b.id AND a.note = b.note", "sql",
     "expression", "= b.note"},
    /* T31 parameters */
    {P "age = $free", "sql", "free", "$free"},
    {P "age = ?", "sql", NULL, NULL},
    /* T32 fan-out */
    {"SELECT count(*) FROM persons, events", "privacy", "CROSS JOIN", NULL},
    {"SELECT count(*) FROM persons CROSS JOIN towns", "privacy", "CROSS JOIN", NULL},
    {"SELECT count(*) FROM persons p JOIN events e ON true", "privacy", "JOIN", "JOIN"},
    {"SELECT count(*) FROM persons p JOIN events e ON p.age = e.cost", "privacy", "JOIN", "JOIN"},
    {"SELECT count(*) FROM persons p JOIN events e ON p.id = e.id OR p.age = 3", "privacy", "JOIN",
     "JOIN"},
    {"SELECT count(*) FROM persons p JOIN events e ON p.id <> e.id", "sql", "expression",
     "<> e.id"},
    {"SELECT count(*) FROM persons p JOIN events e ON NOT p.id = e.id", "sql", "expression", NULL},
    {"SELECT count(*) FROM persons p JOIN events e ON NOT (p.id = e.id AND p.age = 3)", "privacy",
     "JOIN", "JOIN"},
    {"SELECT count(*) FROM persons p JOIN persons q ON p.town = q.town", "privacy", "JOIN", "JOIN"},
    {"SELECT count(*) FROM persons p JOIN towns t ON p.town = t.town JOIN events e ON e.cost = "
     "t.pop",
     "privacy", "JOIN", "JOIN events"},
    {"SELECT count(*) FROM persons NATURAL JOIN events", "sql", "NATURAL JOIN", "NATURAL"},
    {"SELECT count(*) FROM persons p RIGHT JOIN events e ON p.id = e.id", "sql", "RIGHT", "RIGHT"},
    {"SELECT count(*) FROM persons p FULL JOIN events e ON p.id = e.id", "sql", NULL, "FULL"},
    {"SELECT count(*) FROM persons p ASOF JOIN events e ON p.id = e.id AND p.birth >= e.day", "sql",
     "ASOF", NULL},
    {"SELECT count(*) FROM persons p POSITIONAL JOIN events e", "sql", "POSITIONAL", NULL},
    {"SELECT count(*) FROM persons p SEMI JOIN events e ON p.id = e.id", "sql", "SEMI", NULL},
    /* T33 thresholds on exact figures, groups over many units */
    {"SELECT town, count(*) FROM persons GROUP BY town HAVING count(*) > 5", "privacy", "HAVING",
     "HAVING"},
    {P "id IN (SELECT id FROM events GROUP BY id HAVING count(*) > 1000)", "privacy", "HAVING",
     "HAVING"},
    {"SELECT count(*) FROM (SELECT town, count(*) n FROM persons GROUP BY town) WHERE n > 3",
     "privacy", "GROUP BY", NULL},
    {"SELECT count(*) FROM (SELECT count(*) n FROM persons)", "privacy", "GROUP BY", NULL},
    {P "town IN (SELECT town FROM persons WHERE age = 3)", "privacy", "IN (SELECT)", NULL},
    {"SELECT count(*) FROM towns WHERE town IN (SELECT town FROM persons)", "privacy",
     "IN (SELECT)", NULL},
    {"SELECT count(*) FROM towns t WHERE EXISTS (SELECT 1 FROM persons p WHERE p.town = t.town)",
     "privacy", "IN (SELECT)", NULL},
    {"SELECT count(*) FROM persons WHERE EXISTS (SELECT 1 FROM events)", "privacy", "IN (SELECT)",
     NULL},
    {"SELECT count(*) FROM persons p WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.cost > "
     "p.age)",
     "privacy", "IN (SELECT)", NULL},
    {P "id IN (SELECT id FROM events) OR male", "sql", "subquery", NULL},
    {P "(id IN (SELECT id FROM events)) = male", "sql", "subquery", NULL},
    {P "id > ANY (SELECT id FROM events)", "sql", "subquery", NULL},
    {P "id IN (SELECT id, event FROM events)", "sql", NULL, NULL},
    {"SELECT count(*) FROM (SELECT id, avg(cost) a FROM events GROUP BY id)", "privacy", "avg",
     "avg"},
    {"SELECT count(*) FROM (SELECT id, first(note) a FROM events GROUP BY id)", "privacy", "first",
     "first"},
    {"SELECT count(*) FROM (SELECT id, count(DISTINCT note) a FROM events GROUP BY id)", "sql",
     "aggregate option", NULL},
    {"SELECT sum(CASE WHEN id IN (SELECT id FROM events) THEN 1 END) FROM persons", "sql",
     "subquery", NULL},
    /* T27, T36 order and keys */
    {"SELECT town, count(*) FROM persons GROUP BY town ORDER BY 2", "sql", "ORDER BY", "ORDER"},
    {"SELECT town, count(*) FROM persons GROUP BY town LIMIT 1", "sql", "LIMIT", "LIMIT"},
    {"SELECT DISTINCT town FROM persons", "sql", "DISTINCT", "DISTINCT"},
    {"SELECT count(*) FROM (SELECT id FROM persons LIMIT 5)", "sql", "LIMIT", "LIMIT"},
    {"SELECT count(*) FROM (SELECT id FROM persons ORDER BY age LIMIT 5)", "sql", "ORDER BY",
     "ORDER"},
    {"SELECT count(*) FROM (SELECT DISTINCT id FROM events)", "sql", "DISTINCT", "DISTINCT"},
    {"SELECT birth, count(*) FROM persons GROUP BY birth", "sql", "birth", NULL},
    {"SELECT bmi, count(*) FROM persons GROUP BY bmi", "sql", "bmi", NULL},
    {"SELECT cost, count(*) FROM events GROUP BY cost", "sql", "cost", NULL},
    {"SELECT town, count(*) FROM persons", "sql", "town", "town"},
    {"SELECT age, town, count(*) FROM persons GROUP BY town", "sql", "age", "age"},
    {"SELECT count(*) FROM persons GROUP BY town", "sql", "GROUP BY", "GROUP"},
    {"SELECT town, count(*) FROM persons GROUP BY 3", "sql", "GROUP BY", "3"},
    {"SELECT town, count(*) FROM persons GROUP BY ROLLUP (town)", "sql", "GROUPING SETS", "GROUP"},
    {"SELECT town, male, count(*) FROM persons GROUP BY GROUPING SETS ((town), (male))", "sql",
     "GROUPING SETS", "GROUP"},
    {"SELECT town AS n, count(*) AS n FROM persons GROUP BY town", "sql", "n", NULL},
    {"SELECT count(*) FROM persons WHERE count(*) > 3", "sql", "count_star", NULL},
    {"SELECT year(day) y, month(day) m, day(day) d, event, count(*) FROM events GROUP BY ALL",
     "sql", NULL, NULL},
    /* windows, sets, recursion, lists */
    {"SELECT sum(age) OVER (PARTITION BY town) FROM persons", "sql", "OVER", "sum"},
    {"SELECT count(*) FROM (SELECT id, row_number() OVER (ORDER BY age) r FROM persons)", "sql",
     "OVER", NULL},
    {"SELECT count(*) FROM persons QUALIFY row_number() OVER () = 1", "sql", "QUALIFY", "QUALIFY"},
    {"SELECT count(*) FROM persons UNION ALL SELECT count(*) FROM events", "sql", "UNION", NULL},
    {"SELECT count(*) FROM (SELECT id FROM persons EXCEPT SELECT id FROM events)", "sql", "UNION",
     NULL},
    {"WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 2) SELECT count(*) FROM r", "sql",
     "WITH RECURSIVE", "RECURSIVE"},
    {"WITH a AS (SELECT id FROM persons) SELECT count(*) FROM events", "sql", "a", NULL},
    {"WITH a AS MATERIALIZED (SELECT id FROM persons) SELECT count(*) FROM a", "sql",
     "MATERIALIZED", "MATERIALIZED"},
    {P "list_contains([1, 2], age)", "sql", "list_contains", NULL},
    {"SELECT sum(list_sum(list_transform([age], x -> x + 1))) FROM persons", "sql", NULL, NULL},
    {"SELECT count(COLUMNS('a')) FROM persons", "sql", "*", NULL},
    {"SELECT count(*) FROM (SELECT * FROM persons)", "sql", "*", "*"},
    {"SELECT count(*) FROM (SELECT p.* FROM persons p)", "sql", "*", NULL},
    {"SELECT count(*) FROM (SELECT * EXCLUDE (age) FROM persons)", "sql", "*", NULL},
    {"SELECT count({'a': age}) FROM persons", "sql", NULL, NULL},
    /* T37 and what is not a granted dataset */
    {"SELECT count(*) FROM 'secret.csv'", "sql", "secret.csv", "'secret.csv'"},
    {"SELECT count(*) FROM read_csv('/etc/passwd')", "sql", "table function", NULL},
    {"SELECT count(*) FROM range(10)", "sql", "table function", NULL},
    {"SELECT count(*) FROM duckdb_tables()", "sql", "table function", NULL},
    {"SELECT count(*) FROM sy_scan(0)", "sql", "table function", NULL},
    {"SELECT count(*) FROM (VALUES (1), (2)) t", "sql", "VALUES", NULL},
    {"SELECT count(*) FROM information_schema.tables", "grant", "information_schema.tables", NULL},
    {"SELECT count(*) FROM main.persons", "grant", "main.persons", "main.persons"},
    {"SELECT count(*) FROM memory.main.persons", "sql", "schema", NULL},
    {"SELECT count(*) FROM insured", "grant", "insured", "insured"},
    {"SELECT count(*) FROM persons p JOIN insured i ON i.id = p.id", "grant", "insured", "insured"},
    {P "current_setting('home_directory') = 'x'", "sql", "current_setting", NULL},
    {P "birth < now()", "sql", "now", NULL},
    {P "birth < current_date", "field_denied", "current_date", NULL},
    {P "birth < today()", "sql", "today", NULL},
    {P "age + INTERVAL 1 DAY > birth", "sql", NULL, NULL},
    /* fields outside the grant */
    {P "hiv", "field_denied", "hiv", "hiv"},
    {"SELECT sum(salary) FROM persons", "field_denied", "salary", "salary"},
    {"SELECT p.salary, count(*) FROM persons p GROUP BY 1", "field_denied", "salary", "p.salary"},
    {P "persons.hiv", "field_denied", "hiv", "persons.hiv"},
    {"SELECT count(*) FROM persons p WHERE persons.age > 3", "field_denied", "age", "persons.age"},
    {"SELECT count(*) FROM persons JOIN events USING (hiv)", "field_denied", "hiv", NULL},
    {P "rowid = 3", "field_denied", "rowid", "rowid"},
    /* names */
    {"SELECT count(*) FROM persons p JOIN events e ON id = id", "sql", "id", "id"},
    {"SELECT count(*) FROM persons JOIN persons ON persons.id = persons.id", "sql", "persons",
     NULL},
    {"SELECT count(*) FROM persons WHERE a.b.c = 3", "sql", "schema", NULL},
    /* kinds */
    {P "age", "sql", "condition", "age"},
    {P "age AND male", "sql", "condition", "age"},
    {P "age = 'x'", "sql", "expression", "= 'x'"},
    {P "male = 1", "sql", "expression", "= 1"},
    {P "age IS DISTINCT FROM 3", "sql", "IS DISTINCT FROM", NULL},
    {P "age IN (3, NULL)", "sql", NULL, NULL},
    {P "age IN (3, bmi)", "sql", "IN", NULL},
    {P "town = ''", "sql", "''", NULL},
    {P "extract(hour FROM birth) = 3", "sql", "hour", NULL},
    {P "datediff('month', birth, birth) = 3", "sql", "month", NULL},
    {"SELECT CASE WHEN age > 3 THEN 'a' ELSE 3 END k, count(*) FROM persons GROUP BY k", "sql",
     "expression", NULL},
    {Q "WHERE town NOT IN (SELECT event FROM (SELECT event FROM events) x)", "privacy",
     "IN (SELECT)", NULL},
};

static void check_position(const struct hostile *h, const struct sy_lower_result *r)
{
    const char *at = h->at == NULL ? NULL : strstr(h->sql, h->at);
    if (h->at == NULL) {
        return;
    }
    assert_non_null(at);
    /* the name may stand earlier too: the text at the position is what counts */
    if (r->pos >= strlen(h->sql) || strncmp(h->sql + r->pos, h->at, strlen(h->at)) != 0) {
        fail_msg("%s: position %llu, want \"%s\"", h->sql, (unsigned long long)r->pos, h->at);
    }
}

static void test_hostile_models_are_refused(void **state)
{
    (void)state;
    assert_true(sizeof HOSTILE / sizeof HOSTILE[0] >= 80);
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        const struct hostile *h = &HOSTILE[i];
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_model m = {.sql = h->sql};
        struct sy_lower_result r = world_lower(&m, &arena);
        bool construct = h->construct == NULL || sy_view_is(r.construct, h->construct);
        if (r.plan.n != 0 || !sy_view_is(r.code, h->code) || !construct) {
            fail_msg("%s: %.*s [%.*s] %.*s, want %s [%s]", h->sql, SY_PV(r.code),
                     SY_PV(r.construct), SY_PV(r.reason), h->code,
                     h->construct == NULL ? "" : h->construct);
        }
        assert_true(r.reason.n != 0 && r.hint.n != 0);
        check_position(h, &r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile_models_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
