/*
 * model.check: would this model be accepted, what would it do, what would it cost? The rules' part:
 * under which catalogue it is judged (a grant, or a proposal that need not be filed), and the same
 * checks that model.register makes, whose refusal is here a result and not a verdict. Reviewers may ask under
 * any grant in force, developers under their own. Nothing is
 * registered, no data is touched, and a draft is not asked whether its budget is still there.
 *
 * BOUNDARY: the plan comes from a worker; nothing about it is believed.
 */
#include "method.h"
#include "rules/render.h"

/* ---- under what ---- */

static sy_status draft_read(const struct rules_state *s, const struct sy_check *a,
                            struct sy_arena *arena, struct rules_grant *ret, struct sy_error *err)
{
    SY_TRY(sy_record_decode(&sy_proposal_desc, a->proposal, &SY_MP_REQUEST, arena, &ret->proposal,
                            err));
    SY_TRY(proposal_defs(s, &ret->proposal, arena, &ret->defs, err));
    return pack_read(s, arena, &ret->pack, err);
}

sy_status rules_check_read(const struct rules_state *s, const uint8_t grant[32],
                           const struct sy_check *check, struct sy_arena *arena,
                           struct rules_grant *ret, struct sy_error *reterr)
{
    memset(ret, 0, sizeof(*ret));
    if (!is_zero32(grant)) {
        return rules_grant_read(s, grant, arena, ret, reterr);
    }
    struct rules_grant g = {0};
    SY_TRY(draft_read(s, check, arena, &g, reterr));
    *ret = g;
    return SY_OK;
}

/* A draft that would be refused when filed is refused here, but for what its budget asks. */
static sy_status draft_check(struct ask *c, const struct sy_check *a)
{
    struct sy_proposal p;
    SY_TRY(sy_record_decode(&sy_proposal_desc, a->proposal, &SY_MP_REQUEST, c->arena, &p, c->err));
    SY_TRY(proposal_own(c, &p));
    return proposal_sound(c->state, &p, c->in->time, c->arena, c->err);
}

sy_status decide_check(struct ask *c)
{
    const struct sy_check *a = c->args;
    const uint8_t *grant = c->req->header.grant;
    if (is_zero32(grant) == (a->proposal.n == 0)) {
        return sy_fail(c->err, SY_E_FIELD, "proposal", "under a grant, or under a proposal");
    }
    if (is_zero32(grant)) {
        SY_TRY(draft_check(c, a));
    } else {
        struct sy_row_grant g;
        struct sy_proposal p;
        SY_TRY(grant_row(c->state, grant, c->arena, &g, &p, c->err));
        SY_TRY(sy_view_is(c->party.role, "developer")
                   ? grant_usable(c, &g, &p)
                   : rules_grant_in_force(&g, &p, c->in->time, c->err));
    }
    return manifest_form(&a->model, c->err);
}

/* ---- what it would do ---- */

static struct sy_check_figure figure_row(const struct sy_plan_block *b,
                                         const struct rules_block_facts *k, size_t j)
{
    const struct rules_figure_facts *f = &k->figures[j];
    bool exact = k->kind == RULES_NOISE_NONE && !k->cellkey;
    return (struct sy_check_figure){.block = b->name,
                                    .bound = exact ? 0 : f->reach.rows * f->reach.bound,
                                    .half = f->half,
                                    .mechanism = b->mechanism,
                                    .name = b->figures[j].name,
                                    .noise = f->noise,
                                    .scale = f->scale};
}

static sy_status figures_list(const struct sy_plan *plan, const struct rules_plan_facts *facts,
                              struct sy_arena *arena, struct sy_check_result *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_blocks; i++) {
        n += plan->blocks[i].n_figures;
    }
    ret->figures = sy_arena_alloc(arena, n + 1, sizeof(*ret->figures));
    if (ret->figures == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        for (size_t j = 0; j < plan->blocks[i].n_figures; j++) {
            ret->figures[ret->n_figures++] = figure_row(&plan->blocks[i], &facts->blocks[i], j);
        }
    }
    return SY_OK;
}

static sy_status rendering(const struct rules_plan_case *k, const struct rules_plan_facts *facts,
                           struct sy_arena *arena, struct sy_check_result *ret)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(RULES_RENDER_MAX);
    SY_TRY(rules_plan_render(k, facts, arena, &b));
    ret->rendering = sy_arena_copy(arena, sy_buf_view(&b));
    return ret->rendering.p == NULL ? sy_status_of(SY_E_NO_MEMORY) : SY_OK;
}

static sy_status judge(const struct rules_grant *g, const struct sy_model_def *def,
                       struct sy_view bytes, struct sy_arena *arena, struct sy_check_result *ret,
                       struct sy_error *err)
{
    struct sy_plan *plan = sy_arena_alloc(arena, 1, sizeof(*plan));
    struct rules_plan_facts facts;
    if (plan == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(plan_decode(bytes, arena, plan, err));
    struct rules_plan_case k = {plan, &g->defs, &g->pack, &g->proposal};
    SY_TRY(rules_plan_check(&k, arena, &facts, err));
    SY_TRY(manifest_check(plan, def, arena, err));
    SY_TRY(figures_list(plan, &facts, arena, ret));
    SY_TRY(rendering(&k, &facts, arena, ret));
    ret->cells = facts.cells_max;
    ret->plan = bytes;
    ret->slot_ms = facts.size.slot_ms;
    ret->spends = facts.spends;
    ret->n_spends = facts.n_spends;
    return SY_OK;
}

/* The block that an error's path begins with: "blocks[i]...", "post...". */
static struct sy_view block_of(const struct sy_model_def *def, const char *path)
{
    static const char head[] = "blocks[";
    if (strncmp(path, "post", strlen("post")) == 0) {
        return sy_view_str("post");
    }
    if (strncmp(path, head, strlen(head)) != 0) {
        return (struct sy_view){0};
    }
    size_t i = 0;
    for (const char *p = path + strlen(head); *p >= '0' && *p <= '9' && i < def->n_blocks; p++) {
        i = i * 10 + (size_t)(*p - '0');
    }
    return i < def->n_blocks ? def->blocks[i].name : (struct sy_view){0};
}

static sy_status refusal(const struct sy_model_def *def, const struct sy_error *why,
                         struct sy_arena *arena, struct sy_check_result *ret)
{
    *ret = (struct sy_check_result){.refused = true, .code = sy_view_str(sy_code_name(why->code))};
    ret->block = block_of(def, why->field);
    ret->construct = sy_arena_copy(arena, sy_view_str(why->field));
    ret->reason = sy_arena_copy(
        arena, sy_view_str(why->reason[0] != '\0' ? why->reason : sy_code_text(why->code)));
    bool full = (ret->construct.p == NULL && why->field[0] != '\0') || ret->reason.p == NULL;
    return full ? sy_status_of(SY_E_NO_MEMORY) : SY_OK;
}

sy_status rules_check_plan(const struct rules_grant *g, const struct sy_model_def *def,
                           struct sy_view plan, struct sy_arena *arena, struct sy_check_result *ret,
                           struct sy_error *reterr)
{
    struct sy_error why = {0};
    memset(ret, 0, sizeof(*ret));
    sy_status s = judge(g, def, plan, arena, ret, &why);
    enum sy_category kind = sy_category_of(s.code);
    if (!sy_ok(s) && (kind == SY_CAT_USAGE || kind == SY_CAT_DENIED || kind == SY_CAT_QUOTA)) {
        s = refusal(def, &why, arena, ret);
    }
    if (!sy_ok(s)) {
        memset(ret, 0, sizeof(*ret));
        return sy_fail(reterr, s.code, why.field, NULL);
    }
    return s;
}
