/*
 * What the dialect accepts, as text: printed from the tables that lowering works from, and equal to
 * tests/golden/dialect_functions.txt. Every row is tried: an example of it is lowered, and the plan holds
 * an operator that the row names. With the argument "print" the program prints the text instead:
 *
 *   test_dialect_golden print > tests/golden/dialect_functions.txt
 */
#include "src/lower_dialect.h"
#include "test_world.h"

#include <stdio.h>
#include <stdlib.h>

/* How an example stands in a model; %s: the example, or the row's name. */
#define SCALAR "SELECT count(*) FROM persons p JOIN events e ON p.id = e.id WHERE (%s) IS NOT NULL"
#define GROUP  "SELECT count(*) FROM (SELECT id, %s x FROM events GROUP BY id) q WHERE x IS NOT NULL"
#define WINDOW                                                                                     \
    "SELECT count(*) FROM (SELECT id, %s OVER (PARTITION BY id ORDER BY day) x FROM events) q "    \
    "WHERE x IS NOT NULL"
#define BLOCK "SELECT %s x FROM persons p JOIN events e ON p.id = e.id"

static const struct section {
    const char *title;
    dialect_rows *rows;
    const char *model;
} SECTIONS[] = {{"operators", lower_operator_row, SCALAR},
                {"casts", lower_cast_row, SCALAR},
                {"numbers and choice", lower_function_row, SCALAR},
                {"dates", lower_date_row, SCALAR},
                {"labels", lower_label_row, SCALAR},
                {"aggregates of a group inside a query", lower_aggregate_row, GROUP},
                {"window functions inside a query", lower_window_row, WINDOW},
                {"aggregates of a block", lower_figure_row, BLOCK}};
enum { N_SECTIONS = sizeof SECTIONS / sizeof SECTIONS[0] };

/* --- the text --------------------------------------------------------------------------------------- */

static void print_dialect(struct sy_buf *b)
{
    check_ok(sy_buf_add_str(
        b, "# What the dialect accepts: name | operator of the plan | types | what it gives where\n"
           "# mathematics has no answer. Unless a row says otherwise, NULL gives NULL. int: a "
           "number with\n"
           "# a fixed count of decimal digits; whole: one without; label: of a declared value "
           "set.\n"));
    for (size_t s = 0; s < N_SECTIONS; s++) {
        struct dialect_row r;
        check_ok(sy_buf_printf(b, "\n## %s\n", SECTIONS[s].title));
        for (size_t i = 0; SECTIONS[s].rows(i, &r); i++) {
            check_ok(sy_buf_printf(b, "%s | %s | %s | %s\n", r.name, r.plan, r.types, r.errors));
        }
    }
}

static void test_the_list_is_as_its_file_says(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf now = sy_buf(1 << 20);
    char path[4096];
    static char then[1 << 20];
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    assert_non_null(root);
    snprintf(path, sizeof path, "%s/tests/golden/dialect_functions.txt", root);
    FILE *f = fopen(path, "rbe");
    assert_non_null(f);
    size_t n = fread(then, 1, sizeof then - 1, f);
    fclose(f);
    print_dialect(&now);
    assert_int_equal(n, now.n);
    assert_memory_equal(then, now.p, n);
}

/* --- every row is true ------------------------------------------------------------------------------ */

/* Examples by name where the name alone, called without arguments, is not one. */
static const struct {
    const char *name, *example;
} EXAMPLES[] = {
    {"var_pop", "var_pop(bmi)"},
    {"var_samp", "var_samp(bmi)"},
    {"variance", "variance(bmi)"},
    {"stddev_pop", "stddev_pop(bmi)"},
    {"stddev_samp", "stddev_samp(bmi)"},
    {"stddev", "stddev(bmi)"},
    {"covar_pop", "covar_pop(bmi, age)"},
    {"covar_samp", "covar_samp(bmi, age)"},
    {"corr", "corr(bmi, age)"},
    {"regr_count", "regr_count(bmi, age)"},
    {"regr_avgx", "regr_avgx(bmi, age)"},
    {"regr_avgy", "regr_avgy(bmi, age)"},
    {"regr_slope", "regr_slope(bmi, age)"},
    {"regr_intercept", "regr_intercept(bmi, age)"},
    {"regr_r2", "regr_r2(bmi, age)"},
    {"regr_coef", "regr_coef(1, bmi, age)"},
    {"=", "age = 3"},
    {"<>", "age <> 3"},
    {"<", "code < 'I10'"},
    {"<=", "bmi <= 3.5"},
    {">", "day > birth"},
    {">=", "age >= bmi"},
    {"IS NOT DISTINCT FROM", "age IS NOT DISTINCT FROM 3"},
    {"IS DISTINCT FROM", "age IS DISTINCT FROM 3"},
    {"BETWEEN", "age BETWEEN 3 AND 4"},
    {"AND", "age = 3 AND male"},
    {"OR", "age = 3 OR male"},
    {"NOT", "NOT male"},
    {"IS NULL", "age IS NULL"},
    {"IS NOT NULL", "age IS NOT NULL"},
    {"IN", "town IN ('north', 'south')"},
    {"NOT IN", "town NOT IN ('north', 'south')"},
    {"coalesce", "coalesce(age, 3)"},
    {"CASE", "CASE WHEN male THEN 1 ELSE 2 END"},
    {"CAST AS DATE", "CAST('2001-01-01' AS DATE)"},
    {"CAST AS BOOLEAN", "CAST('t' AS BOOLEAN)"},
    {"CAST AS INTEGER", "CAST(male AS INTEGER)"},
    {"CAST AS BIGINT", "CAST(male AS BIGINT)"},
    {"+", "age + 1"},
    {"-", "age - 1"},
    {"*", "age * 2"},
    {"/", "age / 2"},
    {"//", "age // 2"},
    {"%", "age % 2"},
    {"mod", "mod(age, 2)"},
    {"abs", "abs(cost)"},
    {"sign", "sign(cost)"},
    {"round", "round(bmi)"},
    {"least", "least(age, 3)"},
    {"greatest", "greatest(age, 3)"},
    {"nullif", "nullif(age, 3)"},
    {"iff", "iff(male, 1, 2)"},
    {"date_part", "date_part('quarter', day)"},
    {"datepart", "datepart('month', day)"},
    {"date_trunc", "date_trunc('week', day)"},
    {"datetrunc", "datetrunc('year', day)"},
    {"date_diff", "date_diff('month', birth, day)"},
    {"datediff", "datediff('day', birth, day)"},
    {"date_sub", "date_sub('year', birth, day)"},
    {"datesub", "datesub('month', birth, day)"},
    {"period_start", "period_start($p)"},
    {"period_end", "period_end($p)"},
    {"~~", "code LIKE 'I%'"},
    {"!~~", "code NOT LIKE 'I%'"},
    {"starts_with", "starts_with(code, 'I')"},
    {"prefix", "prefix(code, 'I')"},
    {"^@", "code ^@ 'I'"},
    {"left", "left(code, 2)"},
    {"substr", "substr(code, 1, 2)"},
    {"substring", "substring(code, 1, 2)"},
    {"count", "count(event)"},
    {"count_if", "count_if(cost > 3)"},
    {"countif", "countif(cost > 3)"},
    {"bool_and", "bool_and(cost > 3)"},
    {"bool_or", "bool_or(cost > 3)"},
    {"arg_max", "arg_max(event, day)"},
    {"argmax", "argmax(event, day)"},
    {"max_by", "max_by(event, day)"},
    {"arg_min", "arg_min(event, day)"},
    {"argmin", "argmin(event, day)"},
    {"min_by", "min_by(event, day)"},
    {"last", "last(event ORDER BY day)"},
    {"row_number", "row_number()"},
    {"rank", "rank()"},
    {"dense_rank", "dense_rank()"},
    {"count_star", "count(*)"},
};

/* first takes an ORDER BY inside, but not of a window. Functions of one argument take `cost`, of a date
 * `day`. */
static void example(const struct section *s, const char *name, char *ret, size_t n)
{
    bool window = s->rows == lower_window_row;
    bool date = s->rows == lower_date_row;
    const char *found = NULL;
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof EXAMPLES[0]; i++) {
        found = strcmp(EXAMPLES[i].name, name) == 0 ? EXAMPLES[i].example : found;
    }
    if (!window && strcmp(name, "first") == 0) {
        found = "first(event ORDER BY day)";
    }
    if (strncmp(name, "INTERVAL n ", 11) == 0) {
        snprintf(ret, n, "day + INTERVAL 3 %s", name + 11);
    } else if (found != NULL) {
        snprintf(ret, n, "%s", found);
    } else {
        snprintf(ret, n, "%s(%s)", name, date ? "day" : "cost");
    }
}

static bool names_word(const char *words, struct sy_view op)
{
    for (const char *at = words; (at = memmem(at, strlen(at), op.p, op.n)) != NULL; at++) {
        bool starts = at == words || strchr(" (", at[-1]) != NULL;
        if (starts && (at[op.n] == 0 || strchr(" (),", at[op.n]) != NULL)) {
            return true;
        }
    }
    return false;
}

/* Does the plan do what the row says: by an operator, a function of a relation, or a literal? */
static bool plan_has(const struct sy_plan *p, const char *words)
{
    for (size_t i = 0; i < p->n_rels; i++) {
        for (size_t k = 0; k < p->rels[i].n_exprs; k++) {
            if (names_word(words, p->rels[i].exprs[k].op)) {
                return true;
            }
        }
        for (size_t k = 0; k < p->rels[i].n_fns; k++) {
            if (names_word(words, p->rels[i].fns[k])) {
                return true;
            }
        }
    }
    for (size_t i = 0; i < p->n_blocks; i++) {
        for (size_t k = 0; k < p->blocks[i].n_figures; k++) {
            if (names_word(words, p->blocks[i].figures[k].fn)) {
                return true;
            }
        }
    }
    return false;
}

static bool row_is_true(const struct section *s, const struct dialect_row *r)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    static struct sy_view years[] = {V("2001")};
    static struct sy_plan_param period = {
        .name = V("p"), .kind = V("period"), .values = years, .n_values = 1};
    struct sy_plan plan;
    struct sy_error err = {0};
    char text[256];
    char sql[1024];
    example(s, r->name, text, sizeof text);
    const char *hole = strstr(s->model, "%s");
    snprintf(sql, sizeof sql, "%.*s%s%s", (int)(hole - s->model), s->model, text, hole + 2);
    struct world_model m = {
        .sql = sql, .params = &period, .n_params = strstr(text, "$p") != NULL ? 1 : 0};
    struct sy_lower_result l = world_lower(&m, &arena);
    if (l.plan.n == 0) {
        print_error("%s: %.*s: %.*s\n", sql, SY_PV(l.construct), SY_PV(l.reason));
        return false;
    }
    check_ok(sy_record_decode(&sy_plan_desc, l.plan, &SY_MP_REQUEST, &arena, &plan, &err));
    if (!plan_has(&plan, r->plan)) {
        print_error("%s: no %s in the plan\n", sql, r->plan);
        return false;
    }
    return r->types[0] != 0 && r->errors[0] != 0;
}

static void test_every_row_is_true(void **state)
{
    (void)state;
    size_t wrong = 0;
    size_t n = 0;
    for (size_t s = 0; s < N_SECTIONS; s++) {
        struct dialect_row r;
        for (size_t i = 0; SECTIONS[s].rows(i, &r); i++) {
            wrong += row_is_true(&SECTIONS[s], &r) ? 0 : 1;
            n++;
        }
    }
    assert_int_equal(wrong, 0);
    assert_true(n > 80);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_list_is_as_its_file_says),
                                       cmocka_unit_test(test_every_row_is_true)};
    if (argc == 2 && strcmp(argv[1], "print") == 0) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
        print_dialect(&b);
        return fwrite(b.p, 1, b.n, stdout) == b.n ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
