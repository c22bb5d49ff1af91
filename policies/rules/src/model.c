/*
 * model.register and model.review. The warden had the source lowered by a worker without data; what
 * is registered is the plan, checked here against catalogue, grant and pack, with the prices and
 * bounds the manifest declared: a plan that says anything else than its manifest is refused, so the
 * reviewer may believe the manifest. A model is immutable: its id is the hash of grant, plan and
 * manifest.
 *
 * BOUNDARY: the plan comes from a worker; nothing about it is believed.
 * Source: DESIGN sections 1, 4.1, 4.2.
 */
#include "memo.h"
#include "method.h"
#include "proof/ids.h"
#include "state_internal.h"

sy_status plan_decode(struct sy_view bytes, struct sy_arena *arena, struct sy_plan *ret,
                      struct sy_error *err)
{
    return sy_record_decode(&sy_plan_desc, bytes, &SY_MP_REQUEST, arena, ret, err);
}

static sy_status model_row(const struct rules_state *s, const uint8_t id[32],
                           struct sy_arena *arena, struct sy_row_model *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_hash("model/", id);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "header.subject", "there is no such model");
    }
    return rules_state_read(s, rules_key_view(&key), &sy_row_model_desc, arena, ret, err);
}

typedef sy_status grant_read_fn(const struct rules_state *s, const uint8_t id[32],
                                struct sy_arena *arena, struct rules_grant *ret,
                                struct sy_error *err);

static sy_status model_judged(const struct rules_state *s, const uint8_t id[32],
                              grant_read_fn *grant_read, struct sy_arena *arena,
                              struct rules_model *ret, struct sy_error *reterr)
{
    struct rules_model *m = sy_arena_alloc(arena, 1, sizeof(*m));
    memset(ret, 0, sizeof(*ret));
    if (m == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(model_row(s, id, arena, &m->row, reterr));
    SY_TRY(
        sy_record_decode(&sy_model_def_desc, m->row.def, &SY_MP_REQUEST, arena, &m->def, reterr));
    SY_TRY(plan_decode(m->row.plan, arena, &m->plan, reterr));
    SY_TRY(grant_read(s, m->row.grant, arena, &m->grant, reterr));
    struct rules_plan_case c = {&m->plan, &m->grant.defs, &m->grant.pack, &m->grant.proposal};
    SY_TRY(rules_plan_check(&c, arena, &m->facts, reterr));
    *ret = *m;
    return SY_OK;
}

/* Judge it into the memory; a model that can't be judged is not kept. */
static sy_status model_keep(const struct rules_state *s, const uint8_t id[32],
                            struct memo_model *kept, struct sy_error *reterr)
{
    memo_clear(&kept->at);
    SY_TRY(model_judged(s, id, grant_read_apart, &kept->at.arena, &kept->model, reterr));
    memcpy(kept->id, id, 32);
    kept->catalogue = state_catalogue(s);
    kept->at.valid = true;
    return SY_OK;
}

const struct rules_model *model_kept(const struct rules_state *s, const uint8_t id[32])
{
    const struct memo_model *kept = state_memo(s) == NULL ? NULL : memo_model(state_memo(s), id);
    bool stands = kept != NULL && kept->at.valid && memcmp(kept->id, id, 32) == 0 &&
                  kept->catalogue == state_catalogue(s);
    return stands ? &kept->model : NULL;
}

sy_status rules_model_read(const struct rules_state *s, const uint8_t id[32],
                           struct sy_arena *arena, struct rules_model *ret, struct sy_error *reterr)
{
    struct memo_model *kept = state_memo(s) == NULL ? NULL : memo_model(state_memo(s), id);
    bool same = model_kept(s, id) != NULL;
    if (kept == NULL || (!same && !memo_free_for(&kept->at, state_generation(s)))) {
        return model_judged(s, id, rules_grant_read, arena, ret, reterr);
    }
    memset(ret, 0, sizeof(*ret));
    if (!same) {
        SY_TRY(model_keep(s, id, kept, reterr));
    }
    struct sy_row_account account; /* which every run changes, as it does nothing else of a model */
    kept->at.used = state_generation(s);
    SY_TRY(account_row(s, kept->model.row.grant, arena, &account, reterr));
    *ret = kept->model;
    ret->grant.account = account;
    return SY_OK;
}

/* What lowering refused becomes the verdict. */
static sy_status lower_error(struct ask *c)
{
    const struct sy_inputs *in = c->in;
    if (in->n_lower != 1) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.plan", "neither a plan nor an error");
    }
    char code_name[32];
    char field[64];
    sy_view_to_cstr(in->lower[0].code, code_name, sizeof(code_name));
    sy_view_to_cstr(in->lower[0].field, field, sizeof(field));
    int32_t code = sy_code_of_name(code_name);
    bool usable = sy_category_of(code) == SY_CAT_USAGE || sy_category_of(code) == SY_CAT_DENIED;
    return sy_fail(c->err, usable ? code : SY_E_SQL, field, "%.*s", SY_PV(in->lower[0].reason));
}

static sy_status unregistered(struct ask *c)
{
    uint8_t id[32];
    struct sy_view value;
    proof_model_id(id, c->req->header.grant, c->in->plan, c->req->args);
    struct rules_key key = rules_key_hash("model/", id);
    if (rules_state_get(c->state, rules_key_view(&key), &value)) {
        return sy_fail(c->err, SY_E_EXISTS, "model", "this very model is registered");
    }
    return SY_OK;
}

sy_status decide_register(struct ask *c)
{
    const struct sy_model_def *def = c->args;
    struct rules_grant g;
    struct sy_plan plan;
    struct rules_plan_facts facts;
    SY_TRY(rules_grant_read(c->state, c->req->header.grant, c->arena, &g, c->err));
    SY_TRY(grant_usable(c, &g.row, &g.proposal));
    SY_TRY(manifest_form(def, c->err));
    if (c->in->plan.n == 0) {
        return lower_error(c);
    }
    SY_TRY(plan_decode(c->in->plan, c->arena, &plan, c->err));
    struct rules_plan_case k = {&plan, &g.defs, &g.pack, &g.proposal};
    SY_TRY(rules_plan_check(&k, c->arena, &facts, c->err));
    SY_TRY(manifest_check(&plan, def, c->arena, c->err));
    return unregistered(c);
}

static struct sy_row_reads *reads_of(struct sy_row_reads *list, size_t n, struct sy_view dataset)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_eq(list[i].dataset, dataset)) {
            return &list[i];
        }
    }
    return NULL;
}

/* The fields a plan scans, per dataset, each once: what the gateway compares with the grant. */
static sy_status reads_list(struct change *x, const struct sy_plan *plan, struct sy_row_model *row)
{
    row->reads = sy_arena_alloc(x->arena, plan->n_rels + 1, sizeof(*row->reads));
    if (row->reads == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_rels; i++) {
        const struct sy_plan_rel *r = &plan->rels[i];
        if (!sy_view_is(r->op, "scan")) {
            continue;
        }
        struct sy_row_reads *reads = reads_of(row->reads, row->n_reads, r->source);
        if (reads == NULL) {
            reads = &row->reads[row->n_reads++];
            reads->dataset = r->source;
        }
        struct sy_view *fields =
            sy_arena_alloc(x->arena, reads->n_fields + r->n_names + 1, sizeof(*fields));
        if (fields == NULL) {
            return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
        }
        for (size_t k = 0; k < reads->n_fields; k++) {
            fields[k] = reads->fields[k];
        }
        reads->fields = fields;
        for (size_t k = 0; k < r->n_names; k++) {
            if (!view_in(r->names[k], fields, reads->n_fields)) {
                fields[reads->n_fields++] = r->names[k];
            }
        }
    }
    return SY_OK;
}

sy_status apply_register(struct change *x)
{
    uint8_t id[32];
    struct sy_plan plan;
    struct sy_row_model row = {.def = x->req->args,
                               .developer = x->req->header.party,
                               .entry = x->entry,
                               .plan = x->in->plan,
                               .status = sy_view_str("registered")};
    memcpy(row.grant, x->req->header.grant, 32);
    SY_TRY(plan_decode(x->in->plan, x->arena, &plan, x->err));
    SY_TRY(reads_list(x, &plan, &row));
    proof_model_id(id, row.grant, x->in->plan, x->req->args);
    struct rules_key key = rules_key_hash("model/", id);
    return effect_put(x->effect, &key, &sy_row_model_desc, &row, x->err);
}

sy_status decide_model_review(struct ask *c)
{
    const struct sy_review *a = c->args;
    struct sy_row_model row;
    SY_TRY(model_row(c->state, c->req->header.subject, c->arena, &row, c->err));
    if (!word_in(a->decision, "approve reject")) {
        return sy_fail(c->err, SY_E_FIELD, "decision", "approve or reject");
    }
    if (sy_view_eq(row.developer, c->party.party)) {
        return sy_fail(c->err, SY_E_ROLE, "party", "nobody reviews what they filed");
    }
    if (!sy_view_is(row.status, "registered")) {
        return sy_fail(c->err, SY_E_STATE, "model", "the model is %.*s", SY_PV(row.status));
    }
    return SY_OK;
}

sy_status apply_model_review(struct change *x)
{
    const struct sy_review *a = x->args;
    const uint8_t *id = x->req->header.subject;
    struct sy_row_model row;
    SY_TRY(model_row(x->state, id, x->arena, &row, x->err));
    row.reviews = reviews_with(x, row.reviews, row.n_reviews, "model", a->decision);
    if (row.reviews == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    row.n_reviews++;
    row.status = sy_view_str(sy_view_is(a->decision, "approve") ? "approved" : "rejected");
    struct rules_key key = rules_key_hash("model/", id);
    return effect_put(x->effect, &key, &sy_row_model_desc, &row, x->err);
}
