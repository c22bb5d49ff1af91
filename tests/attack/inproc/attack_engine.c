/*
 * Attacks on what the engine computes and what is released of it: sums of numbers that floats cannot hold,
 * the reach of one unit, keys that only one unit has, rows of nobody. By the lowering, the rules, the engine
 * and the release of production, on small tables that are made for each attack (lab.h).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "check.h"
#include "corpus.h"
#include "lab.h"
#include "neighbours.h"
#include "src/ingest_value.h"

/* The one figure of the one cell; 0 when there is no cell. */
static int64_t figure(const struct asking *a, size_t f)
{
    return a->result.blocks[0].n_cells == 0 ? 0 : a->result.blocks[0].cells[0].figures[f];
}

static double apart(int64_t a, int64_t b)
{
    return fabs((double)((sy_i128)a - b));
}

/* --- sums ------------------------------------------------------------------------------------------------ */

/* Units 0 .. n - 1 with `rows` rows each, all of v; the last unit only when it is there. */
static int64_t sum_of(struct lab *l, const struct lab_block *block, size_t n, size_t rows,
                      const int64_t *v, bool all)
{
    struct asking a;
    size_t n_rows = (all ? n : n - 1) * rows;
    lab_rows(l, n_rows, n);
    for (size_t i = 0; i < n_rows; i++) {
        lab_set(l, i, LAB_PERSON, (int64_t)(i / rows));
        lab_set(l, i, LAB_V, v[i]);
    }
    lab_ask(l, block, &a);
    lab_run(l, &a);
    int64_t sum = figure(&a, 0);
    ask_end(&a);
    return sum;
}

/* Values that a running float rounds the same way each time: many of the largest, and pairs that all but
 * cancel. By how much does one unit move the sum beyond its bound? */
static struct attack_verdict rounding(void)
{
    enum { UNITS = 500, ROWS = 4, VALUES = UNITS * ROWS };
    static struct lab l;
    static int64_t v[VALUES];
    const struct lab_block block = {
        .sql = "SELECT sum(v) AS s FROM lab.t", .groups = 1, .rows = ROWS, .rho = 100000000};
    double beyond = -1;
    lab_open(&l, 100000);
    for (size_t round = 0; round < attack_number(10, 100); round++) {
        for (size_t i = 0; i < VALUES; i++) {
            int64_t half = (LAB_V_MAX + 1) / 2;
            v[i] = round == 0 || i >= VALUES - ROWS ? LAB_V_MAX : half + (int64_t)(i % 2);
            v[i] = round > 1 && attack_below(2) == 0 ? LAB_V_MAX : v[i];
        }
        double d = apart(sum_of(&l, &block, UNITS, ROWS, v, true),
                         sum_of(&l, &block, UNITS, ROWS, v, false));
        beyond = fmax(beyond, d - (double)ROWS * LAB_V_MAX);
    }
    lab_close(&l);
    return attack_at_most("one unit's move of a sum beyond its bound", beyond, 0);
}

/* Large numbers that cancel and small ones between them, in every order. */
static struct attack_verdict orders(void)
{
    static struct lab l;
    const struct lab_block block = {
        .sql = "SELECT sum(w) AS s FROM lab.t", .groups = 1, .rows = 1, .rho = 500000000};
    const int64_t big = LAB_W_MAX - 1;
    struct asking a;
    double wrong = 0;
    lab_open(&l, 100000);
    lab_ask(&l, &block, &a);
    for (size_t round = 0; round < attack_number(50, 500); round++) {
        int64_t exact = 0;
        lab_rows(&l, 30, 30);
        for (size_t i = 0; i < 30; i++) {
            int64_t w = i % 3 == 0 ? big : i % 3 == 1 ? 1 : 2 - big;
            size_t at = (i * 7 + round) % 30;
            lab_set(&l, at, LAB_PERSON, (int64_t)((i * 11 + round * 13) % 30));
            lab_set(&l, at, LAB_W, w);
            exact += w;
        }
        lab_run(&l, &a);
        wrong = fmax(wrong, apart(figure(&a, 0), exact));
    }
    ask_end(&a);
    lab_close(&l);
    return attack_at_most("difference between orders of the same rows", wrong, 0);
}

/* The moments that a variance is made of, over numbers whose squares no float holds. */
static struct attack_verdict moments(void)
{
    enum { N = 1024 };
    static struct lab l;
    const struct lab_block block = {.sql = "SELECT sum(x) AS s, sum(x * x) AS q FROM lab.t",
                                    .groups = 1,
                                    .rows = 1,
                                    .rho = 500000000};
    struct asking a;
    double wrong = 0;
    lab_open(&l, N);
    lab_ask(&l, &block, &a);
    for (size_t round = 0; round < attack_number(20, 200); round++) {
        int64_t sum = 0, squares = 0;
        size_t odd = attack_below(N);
        lab_rows(&l, N, N);
        for (size_t i = 0; i < N; i++) {
            int64_t x = i == odd ? 1 : LAB_X_MAX - 1 - 2 * (int64_t)attack_below(3);
            lab_set(&l, i, LAB_PERSON, (int64_t)i);
            lab_set(&l, i, LAB_X, x);
            sum += x;
            squares += x * x;
        }
        lab_run(&l, &a);
        wrong = fmax(wrong, fmax(apart(figure(&a, 0), sum), apart(figure(&a, 1), squares)));
    }
    ask_end(&a);
    lab_close(&l);
    return attack_at_most("error of a moment", wrong, 0);
}

/* --- reach of a unit -------------------------------------------------------------------------------------- */

static double moved_too_far(struct bench *b, struct asking *a, size_t pairs, const char *what)
{
    const char *why = "";
    struct neighbours n = {.pairs = pairs};
    bool ok = neighbours_check(b, a, attack_bits(), &n, &why);
    if (!ok) {
        fprintf(stderr, "%s: %s\n", what, why);
    }
    return ok ? 0 : 1;
}

/* Every honest model, on random pairs of worlds that differ in one unit. */
static struct attack_verdict reach(void)
{
    static struct bench b;
    struct tables ts = {0};
    struct corpus c;
    char path[512];
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    double wrong = 0;
    size_t n = 0;
    assert_non_null(root);
    snprintf(path, sizeof path, "%s/policies/packs/health/catalogue", root);
    tables_catalogue(&ts, path);
    snprintf(path, sizeof path, "%s/policies/packs/health/pack.yaml", root);
    bench_open(&b, &ts, path);
    corpus_read(&c, root);
    for (size_t i = 0; i < c.n; i++) {
        struct asking a;
        if (ask_check(&b, &c.models[i].model, &a)) {
            size_t pairs = attack_number(20, 4000);
            wrong += moved_too_far(&b, &a, pairs, c.models[i].source);
            n += pairs;
        }
        ask_end(&a);
    }
    corpus_free(&c);
    bench_close(&b);
    sy_arena_deinit(&ts.arena);
    fprintf(stderr, "%zu pairs\n", n);
    struct attack_verdict v = attack_at_most("models moved too far by one unit", wrong, 0);
    v.pass = v.pass && n >= attack_number(2000, 1000000);
    return v;
}

/* A person with fifty values that nobody else has. */
static struct attack_verdict distinct(void)
{
    static struct lab l;
    const struct lab_block blocks[] = {
        {.sql = "SELECT count(DISTINCT v) AS n FROM lab.t",
         .groups = 1,
         .rows = 3,
         .rho = 100000000},
        {.sql = "SELECT k, count(DISTINCT v) AS n FROM lab.t GROUP BY k",
         .groups = 2,
         .rows = 3,
         .rho = 100000000}};
    double wrong = 0;
    for (size_t i = 0; i < 2; i++) {
        int64_t counted[2] = {0, 0};
        struct asking a;
        lab_open(&l, 100000);
        for (int there = 0; there < 2; there++) {
            size_t rows = there ? 250 : 200;
            lab_rows(&l, rows, 201);
            for (size_t r = 0; r < rows; r++) {
                lab_set(&l, r, LAB_PERSON, r < 200 ? (int64_t)r : 200);
                lab_set(&l, r, LAB_V, r < 200 ? (int64_t)(r % 5) : 1000 + (int64_t)r);
                lab_set(&l, r, LAB_K, (int64_t)(r % 4));
            }
            lab_ask(&l, &blocks[i], &a);
            lab_run(&l, &a);
            for (size_t c = 0; c < a.result.blocks[0].n_cells; c++) {
                counted[there] += a.result.blocks[0].cells[c].figures[0];
            }
            if (!there) {
                ask_end(&a);
            }
        }
        const struct rules_reach *r = &a.facts.blocks[0].figures[0].reach;
        double most = (double)(r->groups * r->rows * r->bound);
        wrong += apart(counted[1], counted[0]) > most;
        wrong += moved_too_far(&l.bench, &a, attack_number(200, 20000), blocks[i].sql);
        ask_end(&a);
        lab_close(&l);
    }
    return attack_at_most("counts moved too far by one person's values", wrong, 0);
}

/* --- keys ------------------------------------------------------------------------------------------------- */

enum { COMMON = 20, COMMON_UNITS = 40, RARE_ROWS = 1000 };

/* Common texts with many units each, and one text that only one unit has, a thousand times. */
static void fill_texts(struct lab *l)
{
    size_t n = COMMON * COMMON_UNITS;
    char text[16];
    lab_rows(l, n + RARE_ROWS, n + 1);
    for (size_t i = 0; i < n + RARE_ROWS; i++) {
        snprintf(text, sizeof text, i < n ? "t%02zu" : "secret", (i * 7) % COMMON);
        lab_set(l, i, LAB_PERSON, i < n ? (int64_t)i : (int64_t)n);
        lab_set(l, i, LAB_S, lab_text(l, text));
        lab_set(l, i, LAB_K, (int64_t)(i % 2));
    }
}

/* Is the text of one unit shown, or are the others in another order than that of their bytes? */
static double found_keys(struct lab *l, size_t rounds)
{
    const struct lab_block block = {.sql = "SELECT s, count(*) AS n FROM lab.t GROUP BY s",
                                    .groups = 1,
                                    .rows = 1,
                                    .rho = 200000000,
                                    .delta = 10};
    struct asking a;
    double shown = 0;
    lab_ask(l, &block, &a);
    for (size_t i = 0; i < rounds; i++) {
        struct sy_answer answer;
        lab_run(l, &a);
        lab_release(l, &a, &answer);
        for (size_t r = 0; r < answer.rows; r++) {
            struct sy_view text = answer.columns[0].texts[r];
            shown += sy_view_is(text, "secret");
            shown += r > 0 && sy_view_cmp(answer.columns[0].texts[r - 1], text) >= 0;
        }
        shown += answer.rows < COMMON / 2; /* the common ones must be there, or nothing is tested */
    }
    ask_end(&a);
    return shown;
}

/* Are all declared keys there, in their order, though nobody has the last two? */
static double declared_keys(struct lab *l)
{
    const char *labels[] = {"none", "one", "some", "many"};
    const struct lab_block block = {.sql = "SELECT k, count(*) AS n FROM lab.t GROUP BY k",
                                    .groups = 1,
                                    .rows = 1,
                                    .rho = 200000000};
    struct asking a;
    struct sy_answer answer;
    lab_ask(l, &block, &a);
    lab_run(l, &a);
    lab_release(l, &a, &answer);
    double wrong = answer.rows != 4;
    for (size_t r = 0; r < answer.rows && r < 4; r++) {
        wrong += !sy_view_is(answer.columns[0].texts[r], labels[r]);
    }
    ask_end(&a);
    return wrong;
}

static struct attack_verdict keys(void)
{
    static struct lab l;
    lab_open(&l, 100000);
    fill_texts(&l);
    double told = found_keys(&l, attack_number(20, 1000)) + declared_keys(&l);
    lab_close(&l);
    return attack_at_most("keys shown, missing or out of order", told, 0);
}

/* --- rows of nobody, and persons of several names ------------------------------------------------------------ */

/* Figures of 100 persons, with or without a thousand rows that have no person. */
static void with_nobody(struct lab *l, size_t nobody, int64_t ret[3])
{
    const struct lab_block block = {
        .sql = "SELECT count(*) AS n, sum(v) AS s, count(DISTINCT person) AS p FROM lab.t",
        .groups = 1,
        .rows = 2000,
        .rho = 200000000};
    struct asking a;
    lab_rows(l, 100 + nobody, 100);
    for (size_t i = 0; i < 100 + nobody; i++) {
        lab_set(l, i, LAB_PERSON, i < 100 ? (int64_t)i : CELL_NULL);
        lab_set(l, i, LAB_V, 7);
    }
    lab_ask(l, &block, &a);
    lab_run(l, &a);
    for (size_t f = 0; f < 3; f++) {
        ret[f] = figure(&a, f);
    }
    ask_end(&a);
}

static struct attack_verdict nobody(void)
{
    static struct lab l;
    int64_t with[3], without[3];
    double differ = 0;
    lab_open(&l, 100000);
    l.bench.pack.rows_max = 2000;
    with_nobody(&l, 1000, with);
    with_nobody(&l, 0, without);
    for (size_t f = 0; f < 3; f++) {
        differ += apart(with[f], without[f]);
    }
    lab_close(&l);
    return attack_at_most("what rows of nobody add to the figures", differ, 0);
}

/* Ways to write the same identifier: how many come out as somebody else? */
static struct attack_verdict names(void)
{
    static const char *const ways[] = {"A1B2",
                                       "a1b2",
                                       " A1B2",
                                       "A1b2\t",
                                       "\xEF\xBC\xA1\x31\xEF\xBC\xA2\x32",
                                       "\xEF\xBD\x81\xEF\xBC\x91\xEF\xBD\x82\xEF\xBC\x92",
                                       "\xE3\x80\x80"
                                       "A1B2"
                                       "\xE3\x80\x80"};
    const struct sy_field_def def = {.grade = 3,
                                     .name = sy_view_str("person"),
                                     .ref = sy_view_str("person"),
                                     .type = sy_view_str("unit")};
    struct ingest_spec spec;
    double others = 0;
    check_ok(ingest_spec_init(&def, &spec));
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct ingest_value value = {0};
        assert_int_equal(ingest_value_read(&spec, ingest_trim(sy_view_str(ways[i])), &value),
                         INGEST_FINE);
        others += !sy_view_is(value.text, "A1B2");
    }
    ingest_spec_deinit(&spec);
    return attack_at_most("spellings of one person that are another", others, 0);
}

/* --- regressions ---------------------------------------------------------------------------------------------- */

/* How often are coefficients of four persons' rows shown, which fit perfectly? */
static struct attack_verdict regression(void)
{
    enum { PERSONS = 4 };
    static struct lab l;
    const struct lab_block block = {
        .sql = "SELECT regr_slope(least(x, 10), least(v, 10)) AS slope,"
               " regr_intercept(least(x, 10), least(v, 10)) AS level FROM lab.t",
        .groups = 1,
        .rows = 1,
        .rho = UINT64_C(1) << 50}; /* next to no noise: what holds is the rule alone */
    struct asking a;
    double shown = 0, rounds = (double)attack_number(20, 500);
    lab_open(&l, 100000);
    l.bench.pack.rho_run_max = UINT64_C(1) << 60;
    lab_rows(&l, PERSONS, PERSONS);
    for (size_t i = 0; i < PERSONS; i++) {
        lab_set(&l, i, LAB_PERSON, (int64_t)i);
        lab_set(&l, i, LAB_V, i < 2 ? 0 : 10);
        lab_set(&l, i, LAB_X, i < 2 ? 0 : 10);
    }
    for (size_t i = 0; i < (size_t)rounds; i++) {
        struct sy_answer answer;
        lab_ask(&l, &block, &a);
        lab_run(&l, &a);
        lab_release(&l, &a, &answer);
        shown += answer.columns[0].n_withheld < answer.rows ||
                 answer.columns[1].n_withheld < answer.rows;
        ask_end(&a);
    }
    lab_close(&l);
    return attack_at_most("releases that show coefficients of four persons", shown / rounds, 0);
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T23", "repeated rounding of a running sum", rounding},
        {"T24", "order of summands", orders},
        {"T25", "reach of one unit in every aggregate", reach},
        {"T26", "rounding of moments", moments},
        {"T27", "group keys", keys},
        {"T34", "rows of nobody", nobody},
        {"T35", "one person, several identifiers", names},
        {"T38", "different values of one person", distinct},
        {"T44", "model output", regression},
    };
    return attack_main(argc, argv, attacks, sizeof attacks / sizeof attacks[0]);
}
