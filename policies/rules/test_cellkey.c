/*
 * The plan check of cell-key blocks: an honest plan passes with the facts one computes by hand; each rule of
 * docs/privacy/cellkey.md, "What may be asked", has a plan that breaks it and nothing else.
 */
#include "test_cellkey_kit.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    ck_domain(&k);
    ck_grant(&k, "acme", NULL);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* A plan under check. */
struct bench {
    struct kit *k;
    struct sy_plan *plan;
    struct sy_pack *pack;
    struct rules_grant grant;
    struct rules_plan_facts facts;
};

static struct bench bench_of(struct kit *k, struct sy_plan *p)
{
    struct bench b = {.k = k, .plan = p, .pack = ck_pack(k, 1)};
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &b.grant, &k->err));
    return b;
}

static sy_status check(struct bench *b)
{
    struct rules_plan_case c = {b->plan, &b->grant.defs, b->pack, &b->grant.proposal};
    memset(&b->k->err, 0, sizeof(b->k->err));
    return rules_plan_check(&c, &b->k->arena, &b->facts, &b->k->err);
}

static void check_passes(struct bench *b)
{
    sy_status s = check(b);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), b->k->err.field, b->k->err.reason);
    }
}

/* ---- honest plans ---- */

static struct sy_plan *adults(struct kit *k)
{
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    return ck_plan(k, CK(CK_COL(R_AGE), CK_INT(18), CK_F2("ge", 0, 1)), CK(CK_COL(R_TOWN)), towns,
                   LEN(towns), true);
}

static void add_figure(struct sy_plan_block *b, struct sy_plan_figure f)
{
    b->figures[b->n_figures++] = f;
}

static const struct sy_plan_figure FEES = {.expr = 1,
                                           .fn = {(const uint8_t *)"sum", 3},
                                           .has_arg = true,
                                           .hi = 5000,
                                           .name = {(const uint8_t *)"fees", 4},
                                           .scale = 2};

/* visits by department; r0 visits */
static struct sy_plan *visits(struct kit *k)
{
    static const char *const depts[] = {"er", "icu", "opd", "ward"};
    struct sy_plan *p = ck_plan(k, CK_NONE, CK(CK_COL(V_DEPT)), depts, LEN(depts), false);
    p->rels[0].source = V("visits");
    p->rels[0].names = KIT_STRS(k, "id", "day", "dept", "cost", "delta");
    p->rels[0].n_names = 5;
    p->sources[0].dataset = V("visits");
    proof_sha256_one(p->sources[0].def, kit_encode(k, &sy_dataset_def_desc, ck_visits(k)));
    p->blocks[0].rows = 20;
    p->blocks[0].groups = 4;
    return p;
}

static struct sy_plan_expr *more(struct kit *k, struct sy_plan_block *b, struct ck_list add)
{
    struct sy_plan_expr *e = kit_alloc(k, b->n_exprs + add.n, sizeof(*e));
    if (b->n_exprs > 0) {
        memcpy(e, b->exprs, b->n_exprs * sizeof(*e));
    }
    memcpy(e + b->n_exprs, kit_exprs(k, add.e, add.n), add.n * sizeof(*e));
    b->exprs = e;
    b->n_exprs += add.n;
    return e;
}

static void test_honest(void **state)
{
    struct kit *k = *state;
    struct sy_plan *p = adults(k);
    more(k, &p->blocks[0], CK(CK_COL(R_FEE)));
    add_figure(&p->blocks[0], (struct sy_plan_figure){.fn = V("count"), .name = V("rows")});
    add_figure(&p->blocks[0], FEES);
    struct bench b = bench_of(k, p);
    check_passes(&b);
    const struct rules_block_facts *f = &b.facts.blocks[0];
    assert_true(f->cellkey);
    assert_int_equal(f->kind, RULES_NOISE_NONE);
    assert_int_equal(f->n_cells, 7);
    assert_int_equal(b.facts.n_spends, 1);
    assert_int_equal(b.facts.spends[0].cells, 3 * 7); /* three figures */
    assert_int_equal(b.facts.spends[0].rho, 0);
    assert_int_equal(f->figures[0].noise, 0);
    assert_int_equal(f->figures[0].half, 1 + 2); /* the table's, and half of round 5 */
    assert_int_equal(f->figures[1].reach.rows, 1);
    assert_memory_equal(f->figures[0].measure, f->figures[1].measure, 16); /* one row each */
    assert_int_equal(f->figures[2].half, 5000 * 196 / 100 + 1);
    assert_memory_not_equal(f->figures[0].measure, f->figures[2].measure, 16);
}

/* 20 rows a unit: rows are no units, and a sum may move by 20 bounds. */
static void test_rows(void **state)
{
    struct kit *k = *state;
    struct sy_plan *p = visits(k);
    more(k, &p->blocks[0], CK(CK_COL(V_COST)));
    add_figure(&p->blocks[0], (struct sy_plan_figure){.fn = V("count"), .name = V("rows")});
    add_figure(&p->blocks[0],
               (struct sy_plan_figure){
                   .expr = 1, .fn = V("sum"), .has_arg = true, .hi = 100000, .name = V("cost")});
    struct bench b = bench_of(k, p);
    check_passes(&b);
    const struct rules_figure_facts *f = b.facts.blocks[0].figures;
    assert_memory_not_equal(f[0].measure, f[1].measure, 16);
    assert_int_equal(f[1].half, 20 * 196 / 100 + 1 + 2);
    assert_int_equal(f[2].half, 20 * 100000 / 100 * 196 + 1);
    b.plan->blocks[0].rows = 50; /* wider than the data can be: the data's bound counts */
    check_passes(&b);
    assert_int_equal(b.facts.blocks[0].figures[1].reach.rows, 20);
}

/* A measure is the field's, whatever it is called, wherever it stands. */
static void test_measures(void **state)
{
    struct kit *k = *state;
    uint8_t first[16];
    struct sy_plan *p = adults(k);
    more(k, &p->blocks[0], CK(CK_COL(R_FEE)));
    add_figure(&p->blocks[0], FEES);
    struct bench b = bench_of(k, p);
    check_passes(&b);
    memcpy(first, b.facts.blocks[0].figures[1].measure, 16);
    p->blocks[0].figures[0] = FEES;
    p->blocks[0].figures[0].name = V("other");
    p->blocks[0].n_figures = 1;
    b = bench_of(k, p);
    check_passes(&b);
    assert_memory_equal(first, b.facts.blocks[0].figures[0].measure, 16);
}

/* ---- joins ---- */

/* r0 residents r1 visits r2 joined by the unit; by department. Columns: 6 of residents, 5 of visits. */
static struct sy_plan *joined(struct kit *k)
{
    static const char *const depts[] = {"er", "icu", "opd", "ward"};
    struct sy_plan *p = ck_plan(k, CK(CK_COL(0), CK_COL(6), CK_F2("eq", 0, 1)),
                                CK(CK_COL(6 + V_DEPT)), depts, LEN(depts), false);
    struct sy_plan_rel *r = kit_alloc(k, 3, sizeof(*r));
    r[0] = p->rels[0];
    r[1] = visits(k)->rels[0];
    r[2] = p->rels[1];
    r[2].op = V("join");
    r[2].kind = V("inner");
    r[2].in = kit_nums(k, (const uint64_t[]){0, 1}, 2);
    r[2].n_in = 2;
    p->rels = r;
    p->n_rels = 3;
    p->blocks[0].rel = 2;
    p->blocks[0].rows = 20;
    p->blocks[0].groups = 4;
    struct sy_plan_source *s = kit_alloc(k, 2, sizeof(*s));
    s[0] = p->sources[0];
    s[1] = visits(k)->sources[0];
    p->sources = s;
    p->n_sources = 2;
    return p;
}

/* r0 residents r1 areas r2 joined by the town's code; by region. Columns: 6 of residents, 2 of areas. */
static struct sy_plan *in_areas(struct kit *k)
{
    static const char *const regions[] = {"north", "south"};
    struct sy_plan *p = joined(k);
    const struct kit_expr on[] = {CK_COL(R_TOWN), CK_COL(6), CK_F2("eq", 0, 1)};
    const struct kit_expr key[] = {CK_COL(7)};
    p->rels[1].source = V("areas");
    p->rels[1].names = KIT_STRS(k, "town", "region");
    p->rels[1].n_names = 2;
    p->rels[2].exprs = kit_exprs(k, on, LEN(on));
    p->sources[1].dataset = V("areas");
    proof_sha256_one(p->sources[1].def, kit_encode(k, &sy_dataset_def_desc, ck_areas(k)));
    p->blocks[0].exprs = kit_exprs(k, key, LEN(key));
    p->blocks[0].keys[0].labels = KIT_STRS(k, "north", "south");
    p->blocks[0].keys[0].n_labels = LEN(regions);
    p->blocks[0].rows = p->blocks[0].groups = 1;
    return p;
}

static void test_joins(void **state)
{
    struct kit *k = *state;
    struct bench b = bench_of(k, joined(k));
    check_passes(&b);
    b = bench_of(k, in_areas(k));
    check_passes(&b);
    b.plan->rels[1].names = KIT_STRS(k, "region", "town");
    const struct kit_expr by_region[] = {CK_COL(R_TOWN), CK_COL(7), CK_F2("eq", 0, 1)};
    b.plan->rels[2].exprs = kit_exprs(k, by_region, LEN(by_region));
    const struct kit_expr key[] = {CK_COL(6)};
    b.plan->blocks[0].exprs = kit_exprs(k, key, LEN(key));
    check_passes(&b); /* the code column, wherever it stands */
}

/* ---- what may not be asked ---- */

typedef struct sy_plan *mutation(struct kit *k);

static struct sy_plan *with_where(struct kit *k, struct ck_list where)
{
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    return ck_plan(k, where, CK(CK_COL(R_TOWN)), towns, LEN(towns), true);
}

static struct sy_plan *m_two_fields(struct kit *k)
{
    return with_where(
        k, CK(CK_COL(R_AGE), CK_INT(18), CK_F2("ge", 0, 1), CK_COL(R_MALE), CK_F2("or", 2, 3)));
}

static struct sy_plan *m_fields_compared(struct kit *k)
{
    return with_where(k, CK(CK_COL(R_BORN), CK_F1("year", 0), CK_COL(R_AGE), CK_F2("eq", 1, 2)));
}

static struct sy_plan *m_arithmetic(struct kit *k)
{
    return with_where(
        k, CK(CK_COL(R_AGE), CK_INT(1), CK_F2("add", 0, 1), CK_INT(19), CK_F2("ge", 2, 3)));
}

static struct sy_plan *m_mod(struct kit *k)
{
    return with_where(
        k, CK(CK_COL(R_AGE), CK_INT(2), CK_F2("mod", 0, 1), CK_INT(0), CK_F2("eq", 2, 3)));
}

static struct sy_plan *m_case_condition(struct kit *k)
{
    return with_where(k, CK(CK_COL(R_AGE), CK_INT(18), CK_F2("ge", 0, 1), CK_COL(R_MALE),
                            {.op = "bool"}, CK_F3("case", 2, 3, 4)));
}

static struct sy_plan *m_coalesce(struct kit *k)
{
    return with_where(
        k, CK(CK_COL(R_AGE), CK_INT(0), CK_F2("coalesce", 0, 1), CK_INT(5), CK_F2("lt", 2, 3)));
}

static struct sy_plan *m_like(struct kit *k)
{
    return with_where(k, CK(CK_COL(R_TOWN), {.op = "like", .args = {0}, .n_args = 1, .s = "a%"}));
}

static struct sy_plan *m_not_two(struct kit *k)
{
    return with_where(k, CK(CK_COL(R_AGE), CK_INT(18), CK_F2("ge", 0, 1), CK_COL(R_MALE),
                            CK_F2("and", 2, 3), CK_F1("not", 4)));
}

static struct sy_plan *m_nobody(struct kit *k)
{
    return with_where(k, CK({.op = "bool"}));
}

static struct sy_plan *with_key(struct kit *k, struct ck_list key)
{
    static const char *const labels[] = {"0", "1"};
    return ck_plan(k, CK_NONE, key, labels, LEN(labels), false);
}

static struct sy_plan *m_key_two_fields(struct kit *k)
{
    return with_key(k, CK(CK_COL(R_AGE), CK_INT(18), CK_F2("ge", 0, 1), CK_COL(R_MALE), CK_INT(0),
                          CK_INT(1), {.op = "case", .args = {2, 4, 3, 5, 4}, .n_args = 5}));
}

static struct sy_plan *m_key_field_result(struct kit *k)
{
    return with_key(k, CK(CK_COL(R_AGE), CK_INT(1), CK_F2("le", 0, 1), CK_COL(R_MALE),
                          CK_F1("bool_int", 3), CK_INT(0), CK_F3("case", 2, 4, 5)));
}

static struct sy_plan *m_key_mod(struct kit *k)
{
    struct sy_plan *p = with_key(k, CK(CK_COL(R_AGE), CK_INT(2), CK_F2("mod", 0, 1)));
    p->blocks[0].keys[0].nullable = true;
    return p;
}

static struct sy_plan *with_figure(struct kit *k, struct ck_list exprs, struct sy_plan_figure f)
{
    struct sy_plan *p = adults(k);
    more(k, &p->blocks[0], exprs);
    f.expr = p->blocks[0].n_exprs - 1;
    f.name = V("figure");
    add_figure(&p->blocks[0], f);
    return p;
}

static struct sy_plan *m_sum_scaled(struct kit *k)
{
    return with_figure(
        k, CK(CK_COL(R_FEE), {.op = "int", .i = 2}, CK_F2("mul", 1, 2)),
        (struct sy_plan_figure){.fn = V("sum"), .has_arg = true, .hi = 10000, .scale = 2});
}

static struct sy_plan *m_sum_case(struct kit *k)
{
    return with_figure(k, CK(CK_COL(R_MALE), CK_F1("bool_int", 1)),
                       (struct sy_plan_figure){.fn = V("sum"), .has_arg = true, .hi = 1});
}

static struct sy_plan *m_sum_bounds(struct kit *k)
{
    return with_figure(
        k, CK(CK_COL(R_FEE)),
        (struct sy_plan_figure){.fn = V("sum"), .has_arg = true, .hi = 4999, .scale = 2});
}

static struct sy_plan *m_sum_twice(struct kit *k)
{
    struct sy_plan *p = with_figure(
        k, CK(CK_COL(R_FEE)),
        (struct sy_plan_figure){.fn = V("sum"), .has_arg = true, .hi = 5000, .scale = 2});
    add_figure(&p->blocks[0], FEES);
    return p;
}

static struct sy_plan *m_sum_negative(struct kit *k)
{
    struct sy_plan *p = visits(k);
    more(k, &p->blocks[0], CK(CK_COL(V_DELTA)));
    add_figure(
        &p->blocks[0],
        (struct sy_plan_figure){
            .expr = 1, .fn = V("sum"), .has_arg = true, .hi = 10, .lo = -10, .name = V("delta")});
    return p;
}

static struct sy_plan *m_count_nullable(struct kit *k)
{
    return with_figure(k, CK(CK_COL(R_AGE)),
                       (struct sy_plan_figure){.fn = V("count"), .has_arg = true});
}

static struct sy_plan *m_units_of(struct kit *k)
{
    return with_figure(k, CK(CK_COL(R_MALE)),
                       (struct sy_plan_figure){.fn = V("units"), .has_arg = true});
}

static struct sy_plan *m_rho(struct kit *k)
{
    struct sy_plan *p = adults(k);
    p->blocks[0].rho = 1;
    return p;
}

static struct sy_plan *m_sparse(struct kit *k)
{
    struct sy_plan *p = adults(k);
    p->blocks[0].sparse = true;
    return p;
}

static struct sy_plan *m_rows_cut(struct kit *k)
{
    struct sy_plan *p = visits(k);
    p->blocks[0].rows = 19;
    return p;
}

static struct sy_plan *m_groups_cut(struct kit *k)
{
    struct sy_plan *p = visits(k);
    p->blocks[0].groups = 3;
    return p;
}

static struct sy_plan *m_semi(struct kit *k)
{
    struct sy_plan *p = joined(k);
    const struct kit_expr key[] = {CK_COL(R_TOWN)};
    p->rels[2].kind = V("semi");
    p->blocks[0].exprs = kit_exprs(k, key, 1);
    p->blocks[0].keys[0].labels = KIT_STRS(k, "a", "b", "c", "d", "e", "f");
    p->blocks[0].keys[0].n_labels = 6;
    p->blocks[0].keys[0].nullable = true;
    return p;
}

static struct sy_plan *m_left(struct kit *k)
{
    struct sy_plan *p = joined(k);
    p->rels[2].kind = V("left");
    p->blocks[0].keys[0].nullable = true;
    return p;
}

/* joined by a column that many rows of the public table have */
static struct sy_plan *m_multiplied(struct kit *k)
{
    struct sy_plan *p = in_areas(k);
    const struct kit_expr on[] = {CK_COL(R_TOWN), CK_COL(7), CK_F2("eq", 0, 1)};
    p->rels[2].exprs = kit_exprs(k, on, LEN(on));
    return p;
}

static struct sy_plan *m_self_join(struct kit *k)
{
    struct sy_plan *p = joined(k);
    const struct kit_expr key[] = {CK_COL(R_TOWN)};
    p->rels[1] = p->rels[0];
    p->n_sources = 1;
    p->blocks[0].exprs = kit_exprs(k, key, 1);
    p->blocks[0].keys[0].labels = KIT_STRS(k, "a", "b", "c", "d", "e", "f");
    p->blocks[0].keys[0].n_labels = 6;
    p->blocks[0].keys[0].nullable = true;
    return p;
}

/* a condition over both tables in the join */
static struct sy_plan *m_join_filter(struct kit *k)
{
    struct sy_plan *p = joined(k);
    const struct kit_expr on[] = {CK_COL(0),         CK_COL(6),         CK_F2("eq", 0, 1),
                                  CK_COL(R_BORN),    CK_COL(6 + V_DAY), CK_F2("lt", 3, 4),
                                  CK_F2("and", 2, 5)};
    p->rels[2].exprs = kit_exprs(k, on, LEN(on));
    p->rels[2].n_exprs = LEN(on);
    p->rels[2].outs = kit_nums(k, (const uint64_t[]){6}, 1);
    return p;
}

static struct sy_plan *m_union(struct kit *k)
{
    struct sy_plan *p = adults(k);
    struct sy_plan_rel *r = kit_alloc(k, 2, sizeof(*r));
    r[0] = p->rels[0];
    r[1] = (struct sy_plan_rel){
        .op = V("union"), .in = kit_nums(k, (const uint64_t[]){0, 0}, 2), .n_in = 2};
    p->rels = r;
    return p;
}

static void test_refusals(void **state)
{
    struct kit *k = *state;
    static const struct {
        const char *name;
        mutation *make;
        const char *path; /* part of the error's field */
    } cases[] = {
#define M(f, path) {#f, f, path}
        M(m_two_fields, "rels[1].e"),
        M(m_fields_compared, "rels[1].e"),
        M(m_arithmetic, "rels[1].e"),
        M(m_mod, "rels[1].e"),
        M(m_case_condition, "rels[1].e"),
        M(m_coalesce, "rels[1].e"),
        M(m_like, "rels[1].e"),
        M(m_not_two, "rels[1].e"),
        M(m_nobody, "rels[1].e"),
        M(m_key_two_fields, "blocks[0].k"),
        M(m_key_field_result, "blocks[0].k"),
        M(m_key_mod, "blocks[0].k"),
        M(m_sum_scaled, "blocks[0].f"),
        M(m_sum_case, "blocks[0].f"),
        M(m_sum_bounds, "blocks[0].f"),
        M(m_sum_twice, "blocks[0].f"),
        M(m_sum_negative, "blocks[0].f"),
        M(m_count_nullable, "blocks[0].f"),
        M(m_units_of, "blocks[0].f"),
        M(m_rho, "blocks[0].rho"),
        M(m_sparse, "blocks[0].k"),
        M(m_rows_cut, "blocks[0].ro"),
        M(m_groups_cut, "blocks[0].g"),
        M(m_semi, "rels[2].o"),
        M(m_left, "rels[2].o"),
        M(m_multiplied, "rels[2].e"),
        M(m_self_join, "rels[1].o"),
        M(m_join_filter, "rels[2].e"),
        M(m_union, "rels[1].o"),
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct bench b = bench_of(k, cases[i].make(k));
        sy_status s = check(&b);
        if (s.code != SY_E_PRIVACY || strstr(k->err.field, cases[i].path) == NULL ||
            strncmp(k->err.reason, "cellkey: ", 9) != 0) {
            fail_msg("%s: %s %s %s", cases[i].name, sy_code_name(s.code), k->err.field,
                     k->err.reason);
        }
    }
}

/* The pack decides whether there is such a mechanism at all, and for which grades. */
static void test_pack_allows(void **state)
{
    struct kit *k = *state;
    struct bench b = bench_of(k, adults(k));
    b.pack->grades[1].n_mechanisms = 2;
    check_code(check(&b), SY_E_PRIVACY);
    b = bench_of(k, adults(k));
    b.pack->n_cellkey = 0;
    check_code(check(&b), SY_E_PRIVACY);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_honest), T(test_rows),     T(test_measures),
        T(test_joins),  T(test_refusals), T(test_pack_allows),
    };
    return cmocka_run_group_tests_name("rules_cellkey", tests, NULL, NULL);
}
