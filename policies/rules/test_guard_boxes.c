/*
 * The guard where several fields, other tables or other versions of the data are between two questions.
 */
#include "test_cellkey_kit.h"

#include <stdio.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    ck_domain(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* age >= n */
static struct sy_plan *from_age(struct kit *k, int64_t n)
{
    return ck_plan(k, CK(CK_COL(R_AGE), CK_INT(n), CK_F2("ge", 0, 1)), CK_NONE, NULL, 0, false);
}

static int32_t ask_from_age(struct kit *k, const char *party, int64_t n)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "from.%lld.%llu", (long long)n,
                   (unsigned long long)k->entry);
    return ck_ask(k, party, from_age(k, n), name, NULL);
}

/* 0 below `edge`, 1 from it on */
static struct sy_plan *by_band(struct kit *k, int64_t edge)
{
    static const char *const labels[] = {"0", "1"};
    return ck_plan(k, CK_NONE,
                   CK(CK_COL(R_AGE), CK_INT(edge), CK_F2("lt", 0, 1), CK_INT(0), CK_INT(1),
                      CK_F3("case", 2, 3, 4)),
                   labels, LEN(labels), false);
}

/* ---- cells that cross ---- */

/* By: is the field below the edge? And by `male`, if wanted. */
static struct sy_plan *by_edge(struct kit *k, int64_t col, int64_t edge, bool male)
{
    static const char *const two[] = {"false", "true"};
    const struct kit_expr ages[] = {CK_COL(col), CK_INT(edge), CK_F2("lt", 0, 1), CK_COL(R_MALE)};
    const struct kit_expr days[] = {CK_COL(col), CK_DATE(edge), CK_F2("lt", 0, 1), CK_COL(R_MALE)};
    struct sy_plan *p = ck_plan(k, CK_NONE, CK(CK_COL(R_MALE)), two, 2, col == R_AGE);
    struct sy_plan_block *b = p->blocks;
    b->exprs = kit_exprs(k, col == R_AGE ? ages : days, LEN(ages));
    b->n_exprs = LEN(ages);
    b->keys[0].expr = 2;
    if (male) {
        b->keys[b->n_keys++] = (struct sy_plan_key){
            .expr = 3, .labels = kit_strs(k, two, 2), .n_labels = 2, .name = V("male")};
    }
    return p;
}

/* Everybody by one field, and by another: fine. With a third, a cell of the one and a cell of the other may
 * differ by one person. */
static void test_crossing_keys(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ck_ask(k, "acme", by_band(k, 18), "k1", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", by_edge(k, R_BORN, 9000, false), "k2", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", by_edge(k, R_BORN, 10, false), "k3", NULL),
                     SY_E_DIFFERENCING); /* ten days: below the grain */
    assert_int_equal(ck_ask(k, "acme", by_edge(k, R_AGE, 18, true), "k4", NULL),
                     SY_E_DIFFERENCING); /* crosses k2 */
}

/* The same cells divided further, or added up: fine. */
static void test_finer_keys(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ck_ask(k, "acme", by_edge(k, R_AGE, 18, false), "k1", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", by_edge(k, R_AGE, 18, true), "k2", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", ck_plan(k, CK_NONE, CK_NONE, NULL, 0, false), "k3", NULL),
                     0);
    assert_int_equal(ck_ask(k, "acme", by_edge(k, R_BORN, 9000, true), "k4", NULL),
                     SY_E_DIFFERENCING);
}

/* ---- other versions ---- */

/* Who came since may be one person. */
static void test_versions(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ask_from_age(k, "acme", 18), 0);
    assert_int_equal(kit_publish(k, ck_visits(k), 2), 0); /* another table */
    assert_int_equal(ask_from_age(k, "acme", 18), 0);
    assert_int_equal(kit_publish(k, ck_residents(k), 2), 0);
    assert_int_equal(ask_from_age(k, "acme", 18), SY_E_DIFFERENCING);
    assert_int_equal(ask_from_age(k, "acme", 60), SY_E_DIFFERENCING);
    struct sy_plan *p =
        ck_plan(k, CK(CK_COL(R_AGE), CK_INT(17), CK_F2("le", 0, 1)), CK_NONE, NULL, 0, false);
    assert_int_equal(ck_ask(k, "acme", p, "others", NULL), 0); /* nobody is in both */
}

/* visits, by department (key), or of some departments */
static struct sy_plan *of_visits(struct kit *k, bool by_dept, bool by_cost)
{
    static const char *const depts[] = {"er", "icu", "opd", "ward"};
    static const char *const two[] = {"false", "true"};
    const struct kit_expr by[] = {CK_COL(V_DEPT), CK_COL(V_COST), CK_INT(500), CK_F2("lt", 1, 2)};
    struct sy_plan *p = ck_plan(k, CK_NONE, CK_NONE, NULL, 0, false);
    struct sy_plan_block *b = p->blocks;
    p->rels[0].source = V("visits");
    p->rels[0].names = KIT_STRS(k, "id", "day", "dept", "cost", "delta");
    p->rels[0].n_names = 5;
    p->sources[0].dataset = V("visits");
    proof_sha256_one(p->sources[0].def, kit_encode(k, &sy_dataset_def_desc, ck_visits(k)));
    b->rows = 20;
    b->groups = 8;
    b->exprs = kit_exprs(k, by, LEN(by));
    b->n_exprs = LEN(by);
    if (by_dept) {
        b->keys[b->n_keys++] = (struct sy_plan_key){
            .expr = 0, .labels = kit_strs(k, depts, 4), .n_labels = 4, .name = V("dept")};
    }
    if (by_cost) {
        b->keys[b->n_keys++] = (struct sy_plan_key){
            .expr = 3, .labels = kit_strs(k, two, 2), .n_labels = 2, .name = V("cheap")};
    }
    return p;
}

/* The catalogue promises that fifty units change: enough for all people by one field, not for a part of them. */
static void test_turnover(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ck_ask(k, "acme", of_visits(k, true, false), "v1", NULL), 0);
    assert_int_equal(kit_publish(k, ck_visits(k), 2), 0);
    assert_int_equal(ck_ask(k, "acme", of_visits(k, true, false), "v2", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", of_visits(k, false, false), "v3", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", of_visits(k, true, true), "v4", NULL), SY_E_DIFFERENCING);
}

/* ---- other tables ---- */

/* Residents with a visit: a join may leave one person out. Visits alone are about something else. */
static void test_other_tables(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    struct sy_plan *r = ck_plan(k, CK_NONE, CK_NONE, NULL, 0, false);
    assert_int_equal(ck_ask(k, "acme", r, "residents", NULL), 0);
    struct sy_plan *p = of_visits(k, false, false);
    const struct kit_expr on[] = {CK_COL(0), CK_COL(6), CK_F2("eq", 0, 1)};
    struct sy_plan_rel *rels = kit_alloc(k, 3, sizeof(*rels));
    rels[0] = r->rels[0];
    rels[1] = p->rels[0];
    rels[2] = (struct sy_plan_rel){.op = V("join"),
                                   .kind = V("inner"),
                                   .exprs = kit_exprs(k, on, LEN(on)),
                                   .n_exprs = LEN(on),
                                   .in = kit_nums(k, (const uint64_t[]){0, 1}, 2),
                                   .n_in = 2,
                                   .outs = kit_nums(k, (const uint64_t[]){2}, 1),
                                   .n_outs = 1};
    struct sy_plan_source *s = kit_alloc(k, 2, sizeof(*s));
    s[0] = r->sources[0];
    s[1] = p->sources[0];
    p->rels = rels;
    p->n_rels = 3;
    p->sources = s;
    p->n_sources = 2;
    p->blocks[0].rel = 2;
    p->blocks[0].n_exprs = 0;
    p->blocks[0].groups = 1;
    assert_int_equal(ck_ask(k, "acme", p, "both", NULL), SY_E_DIFFERENCING);
    assert_int_equal(ck_ask(k, "acme", of_visits(k, true, false), "visits", NULL), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_crossing_keys), T(test_finer_keys),   T(test_versions),
        T(test_turnover),      T(test_other_tables),
    };
    return cmocka_run_group_tests_name("rules_guard_boxes", tests, NULL, NULL);
}
