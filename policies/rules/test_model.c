/*
 * Models: a plan that says anything else than its manifest is refused, whatever it is; runs that several
 * namespaces pay are charged to all or to none; model.check answers what model.register would.
 */
#include "test_kit.h"
#include "wire/post_shape.h"

#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* ---- the manifest beside the plan ---- */

#define M(name, ...)                                                                               \
    static void name(struct kit *k, struct sy_model_def *d, struct sy_plan *p)                     \
    {                                                                                              \
        struct sy_model_block *b = d->blocks;                                                      \
        (void)k;                                                                                   \
        (void)b;                                                                                   \
        (void)p;                                                                                   \
        __VA_ARGS__                                                                                \
    }

static void implied_post(struct kit *k, struct sy_plan *p)
{
    static const struct kit_expr e[] = {
        {.op = "col", .i = 0}, {.op = "col", .i = 2}, {.op = "sqrt", .args = {1}, .n_args = 1}};
    struct sy_plan_post *post = kit_alloc(k, 1, sizeof(*post));
    post->n_rels = 2;
    post->rels = kit_alloc(k, 2, sizeof(*post->rels));
    post->rels[0] = (struct sy_plan_rel){.op = V("block"), .source = V("main")};
    post->rels[1] = (struct sy_plan_rel){.exprs = kit_exprs(k, e, LEN(e)),
                                         .n_exprs = LEN(e),
                                         .in = kit_nums(k, (const uint64_t[]){0}, 1),
                                         .n_in = 1,
                                         .names = KIT_STRS(k, "sex", "root"),
                                         .n_names = 2,
                                         .op = V("project"),
                                         .outs = kit_nums(k, (const uint64_t[]){0, 2}, 2),
                                         .n_outs = 2};
    post->n_outs = 2;
    post->outs = kit_alloc(k, 2, sizeof(*post->outs));
    post->outs[0] = (struct sy_plan_post_out){.col = 0, .name = V("sex")};
    post->outs[1] = (struct sy_plan_post_out){.col = 1, .name = V("root"), .scale = 1};
    p->post = post;
    p->n_post = 1;
}

/* The count of block main, at least 0 and in steps of 5; its other columns as they are. */
static void shaped_post(struct kit *k, struct sy_plan *p, int64_t step)
{
    struct sy_shape s = {.nonnegative = true, .round = step};
    struct sy_plan_post *post = kit_alloc(k, 1, sizeof(*post));
    post->n_rels = 2;
    post->rels = kit_alloc(k, 3, sizeof(*post->rels));
    post->rels[0] = (struct sy_plan_rel){.op = V("block"), .source = V("main")};
    assert_true(sy_shape_project(p, 0, &s, 0, &k->arena, &post->rels[1]));
    post->n_outs = 1;
    post->outs = kit_alloc(k, 1, sizeof(*post->outs));
    for (size_t i = 0; i < p->n_outs; i++) {
        if (sy_shape_acts(p, &p->outs[i])) {
            post->outs[0] = (struct sy_plan_post_out){.col = i, .name = V("n")};
        }
    }
    p->post = post;
    p->n_post = 1;
}

static void shape_said(struct kit *k, struct sy_model_block *b)
{
    b->shape = KIT_STRS(k, "nonnegative", "round:5");
    b->n_shape = 2;
}

/* Ages three times over: more cells than are ever filled with zeros. */
static void many_cells(struct kit *k, struct sy_plan *p)
{
    enum { AGES = 121 };
    static const char *const names[] = {"a", "b", "c"};
    struct sy_plan_block *b = &p->blocks[0];
    struct sy_view *labels = kit_alloc(k, AGES, sizeof(*labels));
    for (size_t i = 0; i < AGES; i++) {
        labels[i] = V(sy_arena_printf(&k->arena, "%zu", i));
    }
    b->exprs[0].i = 1;
    b->keys = kit_alloc(k, 3, sizeof(*b->keys));
    b->n_keys = 3;
    for (size_t i = 0; i < 3; i++) {
        b->keys[i] = (struct sy_plan_key){.labels = labels, .n_labels = AGES, .name = V(names[i])};
    }
    b->sparse = true;
    b->delta = 1000000;
}

M(m_name, b->name = V("other");)
M(m_mechanism, b->mechanism = V("laplace");)
M(m_groups, b->groups = 1;)
M(m_rows, b->rows = 4;)
M(m_rho, b->rho++;)
M(m_rho_less, b->rho--;)
M(m_delta, b->delta = 1;)
M(m_threshold, b->threshold = true;)
M(m_tree, b->tree = V("bins");)
M(m_sparse, p->blocks[0].sparse = true; p->blocks[0].delta = 1000000; b->delta = 1000000;)
M(m_clamp_lo, b->clamps[0].lo = V("30.1");)
M(m_clamp_hi, b->clamps[0].hi = V("199.9");)
M(m_clamp_wide_plan, p->blocks[0].figures[1].hi = 2500;)
M(m_clamp_digits, b->clamps[0].hi = V("200.05");)
M(m_clamp_text, b->clamps[0].hi = V("1e3");)
M(m_clamp_none, b->clamps[0].figure = V("w");)
M(m_clamp_key, b->clamps[0].figure = V("male");)
M(m_clamp_count, b->clamps[0].figure = V("persons"); b->clamps[0].lo = b->clamps[0].hi = V("0");)
M(m_param_name, d->params[0].name = V("age");)
M(m_param_kind, d->params[0].kind = V("str");)
M(m_param_scale, d->params[0].scale = 1;)
M(m_param_values, d->params[0].n_values = 3;)
M(m_param_value, d->params[0].values[2] = V("61");)
M(m_param_support, d->params[0].support = 201;)
M(m_param_calendar, d->params[0].calendar = V("10-01");)
M(m_param_less, d->n_params = 0;)
M(m_post_missing, d->post = V("SELECT ...");)
M(m_blocks_none, d->n_blocks = 0;)
M(m_blocks_two, struct sy_model_block *two = kit_alloc(k, 2, sizeof(*two)); two[0] = two[1] = *b;
  two[1].name = V("more"); d->blocks = two; d->n_blocks = 2; d->post = V("SELECT ...");)
M(m_blocks_no_post, struct sy_model_block *two = kit_alloc(k, 2, sizeof(*two));
  two[0] = two[1] = *b; two[1].name = V("more"); d->blocks = two; d->n_blocks = 2;)
M(m_blocks_same, struct sy_model_block *two = kit_alloc(k, 2, sizeof(*two)); two[0] = two[1] = *b;
  d->blocks = two; d->n_blocks = 2; d->post = V("SELECT ...");)
M(m_block_post, b->name = V("post"); p->blocks[0].name = V("post");)
M(m_block_unnamed, b->name = (struct sy_view){0};)

M(m_shape, shape_said(k, b);)
M(m_shape_other, shape_said(k, b); shaped_post(k, p, 10);)
M(m_shape_loose, shape_said(k, b); shaped_post(k, p, 5); p->post[0].rels[1].outs[2] = 4;)
M(m_shape_passed, shape_said(k, b); shaped_post(k, p, 5);
  p->post[0].rels[2] = (struct sy_plan_rel){.op = V("union"),
                                            .in = kit_nums(k, (const uint64_t[]){0, 1}, 2),
                                            .n_in = 2};
  p->post[0].n_rels = 3;)
M(m_shape_words, b->shape = KIT_STRS(k, "round:0"); b->n_shape = 1;)
M(v_shape, shape_said(k, b); shaped_post(k, p, 5);)
M(v_shape_unsaid, shaped_post(k, p, 5);)

M(v_as_it_is, )
M(v_no_clamps, b->n_clamps = 0;)
M(v_wide_clamp, b->clamps[0].hi = V("300"); b->clamps[0].lo = V("-5");)
M(v_threshold, b->threshold = true; b->delta = 1000000; p->blocks[0].sparse = true;
  p->blocks[0].delta = 1000000;)
M(v_many_cells, many_cells(k, p); b->delta = 1000000;)
M(v_many_cells_said, many_cells(k, p); b->delta = 1000000; b->threshold = true;)
M(v_implied_post, implied_post(k, p);)
M(v_post, implied_post(k, p); d->post = V("SELECT ...");)

static void test_manifest(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct kit *k, struct sy_model_def *d, struct sy_plan *p);
        int32_t code;
        const char *field;
    } cases[] = {
#define C(f, code, field) {#f, f, code, field}
        C(m_name, SY_E_PLAN, "blocks[0].name"),
        C(m_mechanism, SY_E_PLAN, "blocks[0].mechanism"),
        C(m_groups, SY_E_PLAN, "blocks[0].groups"),
        C(m_rows, SY_E_PLAN, "blocks[0].groups"),
        C(m_rho, SY_E_PLAN, "blocks[0].rho"),
        C(m_rho_less, SY_E_PLAN, "blocks[0].rho"),
        C(m_delta, SY_E_PLAN, "blocks[0].delta"),
        C(m_threshold, SY_E_PLAN, "blocks[0].threshold"),
        C(m_tree, SY_E_PLAN, "blocks[0].tree"),
        C(m_sparse, SY_E_PLAN, "blocks[0].threshold"),
        C(m_clamp_lo, SY_E_PLAN, "blocks[0].clamps"),
        C(m_clamp_hi, SY_E_PLAN, "blocks[0].clamps"),
        C(m_clamp_wide_plan, SY_E_PLAN, "blocks[0].clamps"),
        C(m_clamp_digits, SY_E_PLAN, "blocks[0].clamps"),
        C(m_clamp_text, SY_E_PLAN, "blocks[0].clamps"),
        C(m_clamp_none, SY_E_PLAN, "blocks[0].clamps"),
        C(m_clamp_key, SY_E_PLAN, "blocks[0].clamps"),
        C(m_clamp_count, SY_E_PLAN, "blocks[0].clamps"),
        C(m_param_name, SY_E_PLAN, "params"),
        C(m_param_kind, SY_E_PLAN, "params"),
        C(m_param_scale, SY_E_PLAN, "params"),
        C(m_param_values, SY_E_PLAN, "params"),
        C(m_param_value, SY_E_PLAN, "params"),
        C(m_param_support, SY_E_PLAN, "params"),
        C(m_param_calendar, SY_E_PLAN, "params"),
        C(m_param_less, SY_E_PLAN, "params"),
        C(m_post_missing, SY_E_PLAN, "post"),
        C(m_blocks_none, SY_E_FIELD, "blocks"),
        C(m_blocks_two, SY_E_PLAN, "blocks"),
        C(m_blocks_no_post, SY_E_FIELD, "post"),
        C(m_blocks_same, SY_E_FIELD, "blocks"),
        C(m_block_post, SY_E_FIELD, "blocks"),
        C(m_block_unnamed, SY_E_FIELD, "blocks"),
        C(m_shape, SY_E_PLAN, "blocks[0].shape"),
        C(m_shape_other, SY_E_PLAN, "blocks[0].shape"),
        C(m_shape_loose, SY_E_PLAN, "blocks[0].shape"),
        C(m_shape_passed, SY_E_PLAN, "blocks[0].shape"),
        C(m_shape_words, SY_E_FIELD, "shape"),
        C(v_shape, 0, ""),
        C(v_shape_unsaid, 0, ""),
        C(v_as_it_is, 0, ""),
        C(v_no_clamps, 0, ""),
        C(v_wide_clamp, 0, ""),
        C(v_threshold, 0, ""),
        C(v_many_cells, 0, ""),
        C(v_many_cells_said, 0, ""),
        C(v_implied_post, 0, ""),
        C(v_post, 0, ""),
#undef C
    };
    struct kit *k = *state;
    kit_granted(k);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_model_def *d = kit_model_def(k);
        struct sy_plan *p = kit_plan(k);
        cases[i].spoil(k, d, p);
        int32_t code = kit_register(k, d, p);
        if (code != cases[i].code || !sy_view_is(k->verdict.field, cases[i].field)) {
            fail_msg("%s: %s %.*s: %.*s", cases[i].name, sy_code_name(code),
                     SY_PV(k->verdict.field), SY_PV(k->verdict.reason));
        }
    }
}

/* A public block's bounds and price are none, whatever the manifest says; its mechanism counts. */
static void test_public_block(void **state)
{
    struct kit *k = *state;
    kit_granted(k);
    struct sy_plan *p = kit_wide_plan(k);
    struct sy_model_def *d = kit_model_def(k);
    p->blocks[0].rho = 1000000;
    d->params = p->params;
    d->post = V("SELECT ...");
    d->blocks = kit_alloc(k, p->n_blocks, sizeof(*d->blocks));
    d->n_blocks = p->n_blocks;
    for (size_t i = 0; i < p->n_blocks; i++) {
        const struct sy_plan_block *b = &p->blocks[i];
        d->blocks[i] = (struct sy_model_block){.delta = b->delta,
                                               .groups = b->groups,
                                               .mechanism = b->mechanism,
                                               .name = b->name,
                                               .rho = b->rho,
                                               .rows = b->rows,
                                               .sql = V("SELECT ...")};
    }
    d->blocks[3].groups = d->blocks[3].rows = d->blocks[3].rho = 7;
    d->blocks[2].threshold = true; /* its key is open: a threshold anyway */
    struct sy_model_clamp clamp = {.figure = V("weight"), .hi = V("6000"), .lo = V("500")};
    struct sy_model_clamp foreign = {.figure = V("weight"), .hi = V("6000"), .lo = V("0")};
    d->blocks[3].clamps = &foreign; /* a column of another block */
    d->blocks[3].n_clamps = 1;
    assert_int_equal(kit_register(k, d, p), SY_E_PLAN);
    assert_true(sy_view_is(k->verdict.field, "blocks[3].clamps"));
    d->blocks[3].n_clamps = 0;
    d->blocks[0].clamps = &clamp;
    d->blocks[0].n_clamps = 1;
    d->blocks[1].rho++;
    assert_int_equal(kit_register(k, d, p), SY_E_PLAN);
    assert_true(sy_view_is(k->verdict.field, "blocks[1].rho"));
    d->blocks[1].rho--;
    d->blocks[3].mechanism = V("gauss");
    assert_int_equal(kit_register(k, d, p), SY_E_PLAN);
    d->blocks[3].mechanism = V("exact");
    assert_int_equal(kit_register(k, d, p), 0);
}

/* ---- several payers ---- */

static struct sy_row_budget budget(struct kit *k, const char *ns)
{
    struct sy_row_budget b;
    struct rules_key key = rules_key_id("budget/", V(ns));
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_budget_desc, &k->arena, &b, NULL));
    return b;
}

/* A grant whose share of every namespace is rho, and the births model, approved. */
static void births_ready(struct kit *k, uint64_t rho)
{
    kit_catalogue(k);
    struct sy_proposal *p = kit_proposal(k);
    p->rho = rho;
    p->calls = 50;
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_register(k, kit_births_def(k), kit_births_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
}

static int32_t run(struct kit *k)
{
    struct sy_run args = {0};
    return kit_run_plan(k, kit_births_plan(k), &args);
}

enum { PERSON = 49 * 5000000, CLINIC = 64 * 5000000 };

static void test_two_payers(void **state)
{
    struct kit *k = *state;
    births_ready(k, 2 * (uint64_t)CLINIC);
    assert_int_equal(run(k), 0);
    assert_int_equal(k->verdict.n_spends, 2);
    assert_true(sy_view_is(k->verdict.spends[0].ns, "clinic"));
    assert_true(sy_view_is(k->verdict.spends[1].ns, "person"));
    assert_int_equal(k->verdict.spends[0].rho, CLINIC);
    assert_int_equal(k->verdict.spends[1].rho, PERSON);
    struct rules_key key = rules_key_charge(k->entry - 1);
    struct sy_row_charge c;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_charge_desc, &k->arena, &c, NULL));
    assert_int_equal(c.n_spends, 2);
    assert_int_equal(c.spends[1].rho, PERSON);
    assert_int_equal(budget(k, "clinic").spent_rho, CLINIC);
    assert_int_equal(budget(k, "clinic").held_rho, CLINIC);
    assert_int_equal(budget(k, "person").spent_rho, PERSON);
    assert_int_equal(budget(k, "person").held_rho, 2 * CLINIC - PERSON);
    assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
    assert_int_equal(run(k), 0); /* the last that the clinics can pay; persons could pay more */
    assert_int_equal(budget(k, "clinic").held_rho, 0);
    struct sy_row_budget before = budget(k, "person");
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_publish(k, kit_births(k), 2), 0); /* a new question */
    assert_int_equal(run(k), SY_E_BUDGET);
    assert_int_equal(k->verdict.n_spends, 0);
    assert_int_equal(budget(k, "clinic").spent_rho, 2 * CLINIC);
    assert_int_equal(budget(k, "person").spent_rho, before.spent_rho);
    assert_int_equal(budget(k, "person").held_rho, before.held_rho);
    assert_int_equal(kit_order(k, "acme", "scene.revoke", "request"), 0);
    assert_int_equal(budget(k, "person").held_rho, 0); /* what was not spent is given back */
    assert_int_equal(budget(k, "person").spent_rho, 2 * PERSON);
}

/* One billionth short in one namespace: nobody is charged, no call is used. */
static void test_one_short(void **state)
{
    struct kit *k = *state;
    births_ready(k, CLINIC - 1);
    assert_int_equal(run(k), SY_E_BUDGET);
    assert_non_null(strstr((const char *)k->verdict.reason.p, "clinic"));
    assert_int_equal(k->verdict.n_spends, 0);
    assert_int_equal(budget(k, "person").spent_rho, 0);
    assert_int_equal(budget(k, "person").held_rho, CLINIC - 1);
    assert_int_equal(budget(k, "clinic").spent_rho, 0);
    struct sy_row_account a = kit_account(k);
    assert_int_equal(a.calls, 0);
    assert_int_equal(a.shares[0].rho_spent, 0);
    assert_int_equal(a.shares[1].rho_spent, 0);
}

/* The other way round: persons have paid for another model and can't pay for this one. */
static void test_other_short(void **state)
{
    struct kit *k = *state;
    uint8_t births[32];
    births_ready(k, 200000000 + PERSON - 1);
    memcpy(births, k->model, 32);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    assert_int_equal(kit_run(k, "40"), 0);
    memcpy(k->model, births, 32);
    assert_int_equal(run(k), SY_E_BUDGET);
    assert_non_null(strstr((const char *)k->verdict.reason.p, "person"));
    assert_int_equal(budget(k, "clinic").spent_rho, 0);
    assert_int_equal(budget(k, "person").spent_rho, 200000000);
}

static void test_just_enough(void **state)
{
    struct kit *k = *state;
    births_ready(k, CLINIC);
    assert_int_equal(run(k), 0);
    assert_int_equal(budget(k, "clinic").held_rho, 0);
    assert_int_equal(budget(k, "person").held_rho, CLINIC - PERSON);
}

/* ---- model.check ---- */

static int32_t check(struct kit *k, const char *party, const struct sy_check *c,
                     const uint8_t *grant)
{
    return kit_call(k, party, "model.check", &sy_check_desc, c, grant, NULL);
}

static struct sy_view draft(struct kit *k, const struct sy_proposal *p)
{
    return kit_encode(k, &sy_proposal_desc, p);
}

static void test_check_asked(void **state)
{
    struct kit *k = *state;
    kit_granted(k);
    uint64_t entry = k->entry;
    struct sy_proposal *p = kit_proposal(k);
    struct sy_check c = {.model = *kit_births_def(k)};
    assert_int_equal(check(k, "acme", &c, k->grant), 0);
    assert_int_equal(check(k, "rival", &c, k->grant), SY_E_GRANT);
    assert_int_equal(check(k, "operator", &c, k->grant), 0); /* a reviewer may ask under any */
    assert_int_equal(check(k, "agency", &c, k->grant), 0);
    assert_int_equal(check(k, "health", &c, k->grant), SY_E_ROLE);
    entry += 2; /* an allowed read is not logged, a refusal is */
    assert_int_equal(k->entry, entry);
    assert_int_equal(check(k, "acme", &c, NULL), SY_E_FIELD); /* under nothing */
    c.proposal = draft(k, p);
    assert_int_equal(check(k, "acme", &c, k->grant), SY_E_FIELD); /* under both */
    assert_int_equal(check(k, "acme", &c, NULL), 0); /* its scene is live: it need not be filed */
    assert_int_equal(check(k, "rival", &c, NULL), SY_E_DENIED);
    assert_int_equal(check(k, "operator", &c, NULL), SY_E_DENIED);
    p->rho = UINT64_MAX; /* what the budget has left is not asked */
    c.proposal = draft(k, p);
    assert_int_equal(check(k, "acme", &c, NULL), 0);
    p->rho = 1;
    p->domain[0] ^= 1;
    c.proposal = draft(k, p);
    assert_int_equal(check(k, "acme", &c, NULL), SY_E_FIELD);
    p->domain[0] ^= 1;
    p->not_after = k->time - 1;
    p->not_before = k->time - 86400;
    c.proposal = draft(k, p);
    assert_int_equal(check(k, "acme", &c, NULL), SY_E_EXPIRED);
    p->not_after = k->time + 86400;
    p->datasets[0].fields[1].name = V("hiv");
    c.proposal = draft(k, p);
    assert_int_equal(check(k, "acme", &c, NULL), SY_E_PRIVACY);
    c.proposal = V("nonsense");
    assert_true(check(k, "acme", &c, NULL) != 0);
    c.proposal = draft(k, kit_proposal(k));
    c.model.n_blocks = 0;
    assert_int_equal(check(k, "acme", &c, NULL), SY_E_FIELD);
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    struct sy_check again = {.model = *kit_births_def(k)};
    assert_int_equal(check(k, "acme", &again, k->grant), SY_E_SUSPENDED);
}

static void check_result(struct kit *k, const struct rules_grant *g, const struct sy_model_def *d,
                         const struct sy_plan *p, struct sy_check_result *ret)
{
    struct sy_view bytes = kit_encode(k, &sy_plan_desc, p);
    check_ok(rules_check_plan(g, d, bytes, &k->arena, ret, &k->err));
    assert_true(kit_encode(k, &sy_check_result_desc, ret).n > 0);
}

/* Under a grant and under the draft of one, the answer is the same. */
static void test_check_accepted(void **state)
{
    struct kit *k = *state;
    static const uint8_t none[32];
    kit_granted(k);
    struct sy_check c = {.model = *kit_births_def(k), .proposal = draft(k, kit_proposal(k))};
    for (int drafted = 0; drafted < 2; drafted++) {
        struct rules_grant g;
        struct sy_check_result r;
        check_ok(
            rules_check_read(k->state, drafted == 1 ? none : k->grant, &c, &k->arena, &g, &k->err));
        check_result(k, &g, &c.model, kit_births_plan(k), &r);
        assert_false(r.refused);
        assert_int_equal(r.cells, 4);
        assert_int_equal(r.slot_ms, 350);
        assert_int_equal(r.n_spends, 2);
        assert_int_equal(r.spends[0].rho, CLINIC);
        assert_int_equal(r.n_figures, 2);
        assert_true(sy_view_is(r.figures[1].name, "grams"));
        assert_true(sy_view_is(r.figures[1].block, "births"));
        assert_true(sy_view_is(r.figures[1].mechanism, "gauss"));
        assert_int_equal(r.figures[1].bound, 6000);
        assert_int_equal(r.figures[1].noise, 120000);
        assert_int_equal(r.figures[1].half, 235196); /* 1.959964 x 120000 - 1/2 */
        assert_int_equal(r.figures[0].noise, 20);
        assert_true(r.rendering.n > 100);
        check_result(k, &g, kit_model_def(k), kit_plan(k), &r);
        assert_int_equal(r.figures[1].bound, 3 * 2000); /* rows x the widest value */
        assert_int_equal(r.figures[1].scale, 1);
        assert_true(r.plan.n > 0);
    }
}

static void test_check_refused(void **state)
{
    struct kit *k = *state;
    struct rules_grant g;
    struct sy_check_result r;
    kit_granted(k);
    struct sy_check c = {.model = *kit_births_def(k)};
    check_ok(rules_check_read(k->state, k->grant, &c, &k->arena, &g, &k->err));
    struct sy_plan *p = kit_births_plan(k);
    p->blocks[0].rho = 10000000; /* too dear for the clinics */
    check_result(k, &g, &c.model, p, &r);
    assert_true(r.refused);
    assert_true(sy_view_is(r.code, "budget"));
    assert_true(sy_view_is(r.block, "births"));
    assert_true(sy_view_is(r.construct, "blocks[0].rho"));
    assert_int_equal(r.n_spends, 0);
    assert_int_equal(r.n_figures, 0);
    assert_int_equal(r.plan.n, 0);
    p = kit_births_plan(k);
    p->blocks[0].rho--; /* not what the manifest says */
    check_result(k, &g, &c.model, p, &r);
    assert_true(r.refused && sy_view_is(r.code, "plan"));
    assert_int_equal(r.n_figures, 0);
    p = kit_births_plan(k);
    p->rels[0].names = KIT_STRS(k, "child", "weight", "clinic");
    check_result(k, &g, &c.model, p, &r);
    assert_true(r.refused && sy_view_is(r.construct, "births.clinic"));
    assert_int_equal(r.block.n, 0);
    struct sy_plan *wide = kit_wide_plan(k);
    wide->blocks[0].rho = 1000000;
    wide->post[0].outs[1].col = 9;
    check_result(k, &g, &c.model, wide, &r);
    assert_true(r.refused && sy_view_is(r.block, "post"));
    check_ok(rules_check_plan(&g, &c.model, V("nonsense"), &k->arena, &r, &k->err));
    assert_true(r.refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_manifest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_public_block, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_payers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_short, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_short, setup, teardown),
        cmocka_unit_test_setup_teardown(test_just_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_model", tests, NULL, NULL);
}
