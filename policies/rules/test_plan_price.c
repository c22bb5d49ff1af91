/*
 * What plans cost: by hand for one, two and several owners of a row, in each namespace, over blocks;
 * and what is refused because of a price, a reach, a threshold, a support, the number of cells or
 * columns, or the post stage.
 */
#include "test_kit.h"

#include <string.h>

static struct kit *kit_of(void **state)
{
    return *state;
}

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_granted(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static struct world births_world(struct kit *k)
{
    struct world w = kit_world(k);
    w.plan = kit_births_plan(k);
    return w;
}

static struct world wide_world(struct kit *k)
{
    struct world w = kit_world(k);
    w.plan = kit_wide_plan(k);
    return w;
}

static void passes(struct world *w, struct rules_plan_facts *ret)
{
    sy_status s = kit_check(w, ret);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), w->k->err.field, w->k->err.reason);
    }
}

/* A field of the world's catalogue, to be spoilt. */
static struct sy_field_def *field(struct world *w, const char *dataset, const char *name)
{
    for (size_t i = 0; i < w->defs.n; i++) {
        struct sy_dataset_def *d = &w->defs.defs[i];
        for (size_t f = 0; sy_view_is(d->id, dataset) && f < d->n_fields; f++) {
            if (sy_view_is(d->fields[f].name, name)) {
                return &d->fields[f];
            }
        }
    }
    fail_msg("no field %s.%s", dataset, name);
    return NULL;
}

static void check_spend(const struct rules_plan_facts *f, size_t i, const char *ns, uint64_t rho)
{
    assert_true(i < f->n_spends);
    assert_true(sy_view_is(f->spends[i].ns, ns));
    assert_int_equal(f->spends[i].rho, rho);
    assert_int_equal(f->spends[i].left, 0);
    assert_int_equal(f->spends[i].spent, 0);
}

/* ---- by hand ---- */

/* By the child. A mother has at most 3 rows, so 3 children, and may be a child herself: F = 1 + 2 x 3.
 * A clinic, which the grant does not show, has at most 4: F = 2 x 4. Ascending by namespace. */
static void test_owners(void **state)
{
    struct world w = births_world(kit_of(state));
    struct rules_plan_facts f;
    passes(&w, &f);
    assert_int_equal(f.n_spends, 2);
    check_spend(&f, 0, "clinic", 64 * 5000000);
    check_spend(&f, 1, "person", 49 * 5000000);
    assert_int_equal(f.blocks[0].rho, 5000000); /* noise is for one unit of the track */
    assert_int_equal(f.blocks[0].track->n_others, 2);
    /* share 0.0025, 2 groups: sqrt(2 / 0.005) = 20; x 6000 */
    assert_int_equal(f.blocks[0].figures[0].noise, 20);
    assert_int_equal(f.blocks[0].figures[1].noise, 120000);
}

/* By the mother, now that a child has at most one row: F = 1 + 2 x 1 and 2 x 4. */
static void test_other_track(void **state)
{
    struct world w = births_world(kit_of(state));
    struct rules_plan_facts f;
    field(&w, "births", "child")->rows = 1;
    w.plan->rels[0].names = KIT_STRS(w.k, "mother", "weight", "born");
    passes(&w, &f);
    assert_int_equal(f.n_spends, 2);
    check_spend(&f, 0, "clinic", 64 * 5000000);
    check_spend(&f, 1, "person", 9 * 5000000);
}

/* Without the clinic's cap nothing bounds it; without the mother's, nothing the child's track. */
static void test_no_cap(void **state)
{
    struct world w = births_world(kit_of(state));
    struct rules_plan_facts f;
    field(&w, "births", "clinic")->rows = 0;
    check_code(kit_check(&w, &f), SY_E_PRIVACY);
    w = births_world(kit_of(state));
    field(&w, "births", "mother")->rows = 0;
    check_code(kit_check(&w, &f), SY_E_PRIVACY);
    w = births_world(kit_of(state)); /* the mother's track: a child has no cap */
    w.plan->rels[0].names = KIT_STRS(w.k, "mother", "weight", "born");
    check_code(kit_check(&w, &f), SY_E_PRIVACY);
}

/* The dataset joined to itself on the child: reaches add, 6 and 8: F = 13 and 16. */
static void test_self_join(void **state)
{
    struct world w = births_world(kit_of(state));
    struct rules_plan_facts f;
    struct sy_plan_rel *rels = kit_alloc(w.k, 3, sizeof(*rels));
    struct sy_plan_expr e[] = {col(&w, 0), col(&w, 3), call(&w, "eq", 0, 1)};
    rels[0] = rels[1] = w.plan->rels[0];
    rels[2] = (struct sy_plan_rel){.exprs = list(&w, e, 3),
                                   .n_exprs = 3,
                                   .in = NUMS(&w, 0, 1),
                                   .n_in = 2,
                                   .kind = V("inner"),
                                   .op = V("join"),
                                   .outs = NUMS(&w, 2),
                                   .n_outs = 1};
    w.plan->rels = rels;
    w.plan->n_rels = 3;
    w.plan->blocks[0].rel = 2;
    w.plan->blocks[0].rho = 1000000;
    passes(&w, &f);
    check_spend(&f, 0, "clinic", 256 * 1000000);
    check_spend(&f, 1, "person", 169 * 1000000);
}

/* Four blocks. births: two scans of births joined: clinic 256, person 169 x 0.002; people 0.003 (events
 * and persons have one owner each); streets 0.1 with a delta; areas are public. */
static void test_blocks(void **state)
{
    struct world w = wide_world(kit_of(state));
    struct rules_plan_facts f;
    w.plan->blocks[0].rho = 1000000;
    passes(&w, &f);
    assert_int_equal(f.n_spends, 2);
    check_spend(&f, 0, "clinic", 256 * 1000000);
    check_spend(&f, 1, "person", 169 * 1000000 + 3000000 + 100000000);
    assert_int_equal(f.spends[0].delta, 0);
    assert_int_equal(f.spends[1].delta, 1000000);
    assert_int_equal(f.n_blocks, 4);
    assert_int_equal(f.cells_max, 4 + 1 + 4096 + 3);
    assert_int_equal(f.grade, 3);
    assert_null(f.blocks[3].track);
    assert_int_equal(f.blocks[3].kind, RULES_NOISE_NONE);
    assert_int_equal(f.blocks[3].figures[0].half, 0);
    assert_true(f.blocks[2].open && f.blocks[2].tau > 0);
    assert_int_equal(f.blocks[1].kind, RULES_NOISE_LAPLACE);
    assert_int_equal(f.rows_out, 3);
    assert_int_equal(f.post.n_rels, 6);
}

/* ---- the pack's price of one run ---- */

static void test_run_limit(void **state)
{
    struct world w = births_world(kit_of(state));
    struct rules_plan_facts f;
    w.pack->rho_run_max = 64 * 5000000;
    passes(&w, &f);
    w.pack->rho_run_max--;
    check_code(kit_check(&w, &f), SY_E_BUDGET);
    assert_string_equal(w.k->err.field, "blocks[0].rho");
    w = wide_world(kit_of(state));
    w.plan->blocks[0].rho = 1000000;
    w.pack->rho_run_max = 272000000; /* what the blocks cost persons together */
    passes(&w, &f);
    w.pack->rho_run_max--;
    check_code(kit_check(&w, &f), SY_E_BUDGET);
    assert_string_equal(w.k->err.field, "blocks[2].rho");
}

/* No reach wraps into a small price. */
static void test_overflow(void **state)
{
    static const uint64_t caps[] = {
        UINT64_C(1) << 31,       UINT64_C(1) << 32, UINT64_C(1) << 40,
        (UINT64_C(1) << 61) + 5, UINT64_C(1) << 63, UINT64_MAX,
    };
    for (size_t i = 0; i < LEN(caps); i++) {
        struct world w = births_world(kit_of(state));
        struct rules_plan_facts f;
        field(&w, "births", i % 2 == 0 ? "clinic" : "mother")->rows = caps[i];
        w.plan->blocks[0].rho = 1;
        w.pack->rho_run_max = UINT64_C(1) << 40;
        check_code(kit_check(&w, &f), SY_E_BUDGET);
        assert_int_equal(f.n_spends, 0);
    }
}

/* ---- thresholds ---- */

/* Too many cells to fill with zeros: they leave through thresholds although they are declared. */
static void test_sparse(void **state)
{
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    w.plan->blocks[0].sparse = true;
    w.plan->blocks[0].delta = 1000000;
    w.pack->cells_max = 5; /* fewer than the 6 that are declared */
    passes(&w, &f);
    assert_true(f.blocks[0].open);
    assert_int_equal(f.blocks[0].n_cells, 5);
    assert_int_equal(f.blocks[0].keys[1].n_cells, 3);
    assert_false(f.blocks[0].keys[1].open);
    assert_int_equal(f.spends[0].delta, 1000000);
    /* share 0.2 / 4, 2 groups: sqrt(2 / 0.1) = 4.5; tau = 1 + 5 sqrt(2 ln(2 / 1e-9)) */
    assert_int_equal(f.blocks[0].units_noise, 5);
    assert_int_equal(f.blocks[0].tau, 1 + 33);
    w.plan->blocks[0].delta = 0;
    check_code(kit_check(&w, &f), SY_E_BUDGET);
}

/* ---- refusals ---- */

typedef void mutate(struct world *w);

#define M(name, ...)                                                                               \
    static void name(struct world *w)                                                              \
    {                                                                                              \
        struct sy_plan *p = w->plan;                                                               \
        struct sy_plan_block *b = p->blocks;                                                       \
        struct sy_plan_post *post = p->post;                                                       \
        (void)b;                                                                                   \
        (void)post;                                                                                \
        __VA_ARGS__                                                                                \
    }

M(m_hidden, p->rels[0].names = KIT_STRS(w->k, "clinic", "weight", "born");)
M(m_sparse_owned, b[0].sparse = true; b[0].delta = 1000000;)
M(m_delta_owned, b[0].delta = 1;)
M(m_delta, b[1].delta = 1;)
M(m_delta_sum, b[2].delta = RULES_DELTA_ONE;)
M(m_support, w->pack->support_min = 1001;)
M(m_support_none, p->params[0].support = 0;)
M(m_cells_one, w->pack->cells_max = 3;)
M(m_cells_sum, w->pack->cells_max = 7;)
M(m_mechanism, b[1].mechanism = V("exact");)
M(m_exact_noised, b[3].mechanism = V("gauss");)
M(m_exact_paid, b[3].rho = 1;)
M(m_exact_ns, b[3].ns = V("person"); b[3].groups = b[3].rows = 1; b[3].mechanism = V("gauss");
  b[3].rho = 1000;)
M(m_unit, b[1].unit = 1;)
M(m_ns_public, b[1].ns = (struct sy_view){0}; b[1].groups = b[1].rows = b[1].rho = 0;
  b[1].mechanism = V("exact");)
M(m_groups, b[1].groups = 17;)
M(m_rows, b[1].rows = 101;)
M(m_rho_zero, b[1].rho = 0;)
M(m_names, b[1].name = b[0].name;)
M(m_no_post, p->n_post = 0;)
M(m_no_figure, p->outs[3].op = V("key"); p->outs[3].block = 0;)
M(m_union_public, p->rels[11].in[1] = 12;)
M(m_window_other, p->rels[1].exprs[0].i = 1;)
M(m_window_none, p->rels[1].n_keys = 0; p->rels[1].outs++; p->rels[1].n_outs--;)
M(m_reduce_other, p->rels[4].exprs[0].i = 1; p->rels[5].exprs[0].i = 1;)
M(m_post_source, post->rels[1].source = V("deaths");)
M(m_post_no_block, post->rels[1].source = V("areas");) /* three rows, and the join names no key */
M(m_post_op, post->rels[3].op = V("scan");)
M(m_post_forward, post->rels[2].in[1] = 3;)
M(m_post_col, post->rels[3].exprs[2].i = 4;)
M(m_post_label, post->rels[3].exprs[3].op = V("like");)
M(m_post_fn, post->rels[4].fns[0] = V("median");)
M(m_post_frame, post->rels[4].kind = V("range");)
M(m_post_join, post->rels[2].kind = V("semi");)
M(m_post_out, post->outs[2].col = 5;)
M(m_post_name, post->outs[2].name = post->outs[1].name;)
M(m_post_scale, post->outs[1].scale = 10;)
M(m_post_no_outs, post->n_outs = 0;)
M(m_post_no_rels, post->n_rels = 0;)
M(
    m_columns, struct sy_plan_rel *all = kit_alloc(w->k, p->n_rels + 24, sizeof(*all));
    memcpy(all, p->rels, p->n_rels * sizeof(*all));
    for (size_t i = 0; i < 24; i++) { all[p->n_rels + i] = p->rels[12]; } p->rels = all;
    p->n_rels += 24;)

static void test_refusals(void **state)
{
    static const struct {
        const char *name;
        mutate *spoil;
        int32_t code;
        const char *field;
    } cases[] = {
#define C(f, code, field) {#f, f, code, field}
        C(m_hidden, SY_E_FIELD_DENIED, "births.clinic"),
        C(m_sparse_owned, SY_E_PRIVACY, "blocks[0].k"),
        C(m_delta_owned, SY_E_BUDGET, "blocks[0].d"),
        C(m_delta, SY_E_BUDGET, "blocks[1].d"),
        C(m_delta_sum, SY_E_BUDGET, "blocks[2].rho"),
        C(m_support, SY_E_PRIVACY, "params[0].support"),
        C(m_support_none, SY_E_PRIVACY, "params[0].support"),
        C(m_cells_one, SY_E_LIMIT, "blocks[0].k"),
        C(m_cells_sum, SY_E_LIMIT, "blocks[3].k"),
        C(m_mechanism, SY_E_PRIVACY, "blocks[1].m"),
        C(m_exact_noised, SY_E_PLAN, NULL),
        C(m_exact_paid, SY_E_BUDGET, "blocks[3].rho"),
        C(m_exact_ns, SY_E_PLAN, NULL),
        C(m_unit, SY_E_PLAN, NULL),
        C(m_ns_public, SY_E_PRIVACY, "blocks[1].ns"),
        C(m_groups, SY_E_LIMIT, "blocks[1].g"),
        C(m_rows, SY_E_LIMIT, "blocks[1].ro"),
        C(m_rho_zero, SY_E_BUDGET, "rho"),
        C(m_names, SY_E_PLAN, "blocks[1].n"),
        C(m_no_post, SY_E_PLAN, "post"),
        C(m_no_figure, SY_E_ROW_LEVEL, "outs"),
        C(m_union_public, SY_E_PLAN, NULL),
        C(m_window_other, SY_E_PRIVACY, "rels[1]"),
        C(m_window_none, SY_E_PRIVACY, "rels[1]"),
        C(m_reduce_other, SY_E_PRIVACY, "rels[4]"),
        C(m_post_source, SY_E_PLAN, NULL),
        C(m_post_no_block, SY_E_PLAN, NULL),
        C(m_post_op, SY_E_PLAN, NULL),
        C(m_post_forward, SY_E_PLAN, NULL),
        C(m_post_col, SY_E_PLAN, NULL),
        C(m_post_label, SY_E_PLAN, NULL),
        C(m_post_fn, SY_E_PLAN, NULL),
        C(m_post_frame, SY_E_PLAN, NULL),
        C(m_post_join, SY_E_PLAN, NULL),
        C(m_post_out, SY_E_PLAN, NULL),
        C(m_post_name, SY_E_PLAN, NULL),
        C(m_post_scale, SY_E_PLAN, NULL),
        C(m_post_no_outs, SY_E_PLAN, NULL),
        C(m_post_no_rels, SY_E_PLAN, NULL),
        C(m_columns, SY_E_LIMIT, "rels"),
#undef C
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct world w = wide_world(kit_of(state));
        struct rules_plan_facts f;
        w.plan->blocks[0].rho = 1000000;
        passes(&w, &f);
        cases[i].spoil(&w);
        sy_status s = kit_check(&w, &f);
        bool there = cases[i].field == NULL || strcmp(cases[i].field, w.k->err.field) == 0;
        if (s.code != cases[i].code || !there) {
            fail_msg("%s: %s (%s: %s), want %s %s", cases[i].name, sy_code_name(s.code),
                     w.k->err.field, w.k->err.reason, sy_code_name(cases[i].code),
                     cases[i].field == NULL ? "" : cases[i].field);
        }
        assert_null(f.blocks);
        assert_null(f.spends);
    }
    print_message("# %zu mutated plans refused\n", LEN(cases));
}

/* Parameters of public plans need no support. */
static void test_public_support(void **state)
{
    struct world w = wide_world(kit_of(state));
    struct rules_plan_facts f;
    w.plan->rels += 12; /* the streets */
    w.plan->n_rels = 1;
    w.plan->blocks += 3;
    w.plan->n_blocks = 1;
    w.plan->blocks[0].rel = 0;
    w.plan->outs += 6;
    w.plan->n_outs = 2;
    w.plan->outs[0].block = w.plan->outs[1].block = 0;
    w.plan->n_post = 0;
    w.plan->params[0].support = 0;
    kit_sources(w.k, w.plan);
    passes(&w, &f);
    assert_int_equal(f.n_spends, 0);
}

/* ---- the answer's length ---- */

/* Undeclared labels: as long as any may be, as many as may be kept. */
static void test_open_lengths(void **state)
{
    struct world w = wide_world(kit_of(state));
    struct rules_plan_facts f;
    struct sy_plan_post *post = w.plan->post;
    post->rels[0].source = V("streets");
    post->n_rels = 1;
    post->n_outs = 2;
    post->outs[1].col = 1;
    w.plan->blocks[0].rho = 1000000;
    passes(&w, &f);
    assert_int_equal(f.rows_out, SY_POST_ROWS_MAX);
    assert_true(f.answer_bytes >= (size_t)SY_POST_ROWS_MAX * (RULES_LABEL_BYTES_MAX + 36));
    w.plan->n_post = 0; /* the same block by itself */
    w.plan->blocks += 2;
    w.plan->n_blocks = 1;
    w.plan->outs += 4;
    w.plan->n_outs = 2;
    w.plan->outs[0].block = w.plan->outs[1].block = 0;
    passes(&w, &f);
    assert_int_equal(f.rows_out, 4096);
    assert_true(f.answer_bytes >= (size_t)4096 * (RULES_LABEL_BYTES_MAX + 36));
    assert_true(f.answer_bytes < (size_t)2 * 4096 * (RULES_LABEL_BYTES_MAX + 36));
}

/* The post stage may show texts of its own, and values of parameters. */
static void test_post_texts(void **state)
{
    enum { LONG = 60000 };
    struct world w = wide_world(kit_of(state));
    struct rules_plan_facts f;
    char *text = kit_alloc(w.k, LONG, 1);
    memset(text, 'x', LONG);
    struct sy_plan_post *post = w.plan->post;
    w.plan->blocks[0].rho = 1000000;
    w.plan->blocks[2] = w.plan->blocks[1]; /* nothing open */
    w.plan->blocks[2].name = V("streets");
    w.plan->outs[4] = w.plan->outs[5] = w.plan->outs[3];
    w.plan->outs[4].block = w.plan->outs[5].block = 2;
    w.plan->outs[5].name = V("again");
    passes(&w, &f);
    size_t before = f.answer_bytes;
    post->rels[3].exprs[0] = (struct sy_plan_expr){.op = V("str"), .s = sy_view(text, LONG)};
    passes(&w, &f);
    assert_int_equal(f.rows_out, 1 + 2); /* the first three years */
    /* both are rounded up to a block */
    assert_true(f.answer_bytes + SY_REPLY_BLOCK > before + (size_t)3 * (LONG - 36));
    post->rels[3].exprs[0].s = V("short"); /* no longer than the year that stood there */
    passes(&w, &f);
    assert_true(f.answer_bytes <= before && before - f.answer_bytes <= SY_REPLY_BLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_track, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_self_join, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_run_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sparse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_public_support, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_post_texts, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_plan_price", tests, NULL, NULL);
}
