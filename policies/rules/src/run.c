/*
 * model.run and job.answer: a run is charged before anything is computed, and what it costs follows
 * from plan and grant alone. The same question (grant, model, parameters, data versions) has one
 * answer: it is given again at no charge, after the same checks. The answer entry closes the
 * charge; whatever its outcome, the price stays spent.
 *
 * Invariants: calls and overruns only grow (a resumption resets overruns); a charge is closed once;
 * a question row exists only for an ok answer; nothing here depends on a protected row, except that
 * an outcome other than ok counts as an overrun.
 * Source: DESIGN sections 3, 4.5, 4.7.
 */
#include "base/weak.h"
#include "guard.h"
#include "memo.h"
#include "question.h"
#include "scheme/own.h"
#include "state_internal.h"
#include "wire/plan_type.h"

static sy_status version_keep(struct memo_version *kept, struct sy_view bytes, struct sy_error *err)
{
    memo_clear(&kept->at);
    struct sy_view copy = sy_arena_copy(&kept->at.arena, bytes);
    if (copy.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_record_decode(&sy_row_version_desc, copy, &SY_MP_LARGE, &kept->at.arena, &kept->row,
                            err));
    kept->at.valid = true;
    return SY_OK;
}

sy_status version_read(const struct rules_state *s, struct sy_view dataset, struct sy_arena *arena,
                       struct sy_row_version *ret, struct sy_error *err)
{
    struct memo_version *kept = state_memo(s) == NULL ? NULL : memo_version(state_memo(s), dataset);
    bool same = kept != NULL && kept->at.valid && kept->catalogue == state_catalogue(s) &&
                sy_view_eq(kept->row.version.dataset, dataset);
    if (!same) {
        struct rules_key key = rules_key_id("version/", dataset);
        struct sy_view value;
        if (!rules_state_get(s, rules_key_view(&key), &value)) {
            return sy_fail(err, SY_E_STATE, "data", "dataset %.*s has no published version",
                           SY_PV(dataset));
        }
        if (kept == NULL || !memo_free_for(&kept->at, state_generation(s))) {
            return sy_record_decode(&sy_row_version_desc, value, &SY_MP_LARGE, arena, ret, err);
        }
        SY_TRY(version_keep(kept, value, err));
        kept->catalogue = state_catalogue(s);
    }
    kept->at.used = state_generation(s);
    *ret = kept->row;
    return SY_OK;
}

sy_status rules_run_data(const struct rules_state *s, const struct sy_plan *plan,
                         struct sy_arena *arena, struct sy_data_ref **ret, size_t *ret_n,
                         struct sy_error *reterr)
{
    struct sy_data_ref *refs = sy_arena_alloc(arena, plan->n_sources + 1, sizeof(*refs));
    if (refs == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_sources; i++) {
        struct sy_row_version row;
        SY_TRY(version_read(s, plan->sources[i].dataset, arena, &row, reterr));
        refs[i].dataset = plan->sources[i].dataset;
        refs[i].version = row.version.version;
        memcpy(refs[i].header, row.version.header, 32);
    }
    *ret = refs;
    *ret_n = plan->n_sources;
    return SY_OK;
}

/* The value given for a parameter; NULL unless exactly one is. */
static const struct sy_run_param *given(const struct sy_run *run, struct sy_view name)
{
    const struct sy_run_param *one = NULL;
    for (size_t i = 0; i < run->n_params; i++) {
        if (sy_view_eq(run->params[i].name, name)) {
            if (one != NULL) {
                return NULL;
            }
            one = &run->params[i];
        }
    }
    return one;
}

static sy_status bad_param(struct sy_arena *arena, struct sy_view name, struct sy_error *err)
{
    const char *field = sy_arena_printf(arena, "params.%.*s", SY_PV(name));
    return sy_fail(err, SY_E_FIELD, field == NULL ? "params" : field,
                   "give each declared parameter once, with one of its declared values");
}

sy_status rules_run_params(const struct sy_plan *plan, const struct sy_run *run,
                           struct sy_arena *arena, uint64_t **ret, size_t *ret_n,
                           struct sy_error *reterr)
{
    uint64_t *positions = sy_arena_alloc(arena, plan->n_params + 1, sizeof(*positions));
    if (positions == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_params; i++) {
        const struct sy_run_param *p = given(run, plan->params[i].name);
        if (p == NULL || !sy_plan_param_position(&plan->params[i], p->value, &positions[i])) {
            return bad_param(arena, plan->params[i].name, reterr);
        }
    }
    if (run->n_params != plan->n_params) {
        return sy_fail(reterr, SY_E_FIELD, "params", "the model declares %zu parameters",
                       plan->n_params);
    }
    *ret = positions;
    *ret_n = plan->n_params;
    return SY_OK;
}

/* ---- decide: run ---- */

sy_status run_same_data(struct ask *c, const struct sy_plan *plan)
{
    struct sy_data_ref *want;
    size_t n;
    SY_TRY(rules_run_data(c->state, plan, c->arena, &want, &n, c->err));
    bool same = n == c->in->n_data;
    for (size_t i = 0; same && i < n; i++) {
        const struct sy_data_ref *got = &c->in->data[i];
        same = sy_view_eq(want[i].dataset, got->dataset) && want[i].version == got->version &&
               memcmp(want[i].header, got->header, 32) == 0;
    }
    return same
               ? SY_OK
               : sy_fail(c->err, SY_E_INTERNAL, "inputs.data", "not the latest published versions");
}

sy_status run_model_usable(struct ask *c, const struct rules_model *m)
{
    bool same = memcmp(m->row.grant, c->req->header.grant, 32) == 0;
    if (!control(RULES_CTL_MODEL_OF_GRANT, same)) {
        return sy_fail(c->err, SY_E_GRANT, "header.subject", "the model belongs to another grant");
    }
    bool reviewed = sy_view_is(m->row.status, "approved") || sy_weak(SY_WEAK_LIE_RUN);
    if (!control(RULES_CTL_MODEL_REVIEWED, reviewed)) {
        return sy_fail(c->err, SY_E_REVIEW, "header.subject", "the model is %.*s, not approved",
                       SY_PV(m->row.status));
    }
    return witness_ready(c, m);
}

/* One namespace's price: the grant's share of it, then the lifetime account. */
static sy_status spend_fits(struct ask *c, const struct rules_grant *g, const struct sy_spend *p)
{
    struct sy_row_budget b;
    SY_TRY(budget_read(c->state, p->ns, c->arena, &b, c->err));
    return budget_pays(&b, grant_share(&g->account, p->ns), p, c->err);
}

/* Calls, then every namespace: a run that one of them can't pay is charged to none. (The pack's price
 * of one run is in the plan check.) */
sy_status run_affordable(struct ask *c, const struct rules_model *m)
{
    const struct rules_grant *g = &m->grant;
    if (!control(RULES_CTL_CALLS, g->account.calls < g->proposal.calls)) {
        return sy_fail(c->err, SY_E_CALLS, "header.grant", NULL);
    }
    for (size_t i = 0; i < m->facts.n_spends; i++) {
        SY_TRY(spend_fits(c, g, &m->facts.spends[i]));
    }
    return SY_OK;
}

/* The verdict of a question that has an answer: it again, at no charge. */
static sy_status stored_answer(struct ask *c, const struct rules_key *key, bool *ret)
{
    struct sy_view value;
    struct sy_row_question row;
    *ret = rules_state_get(c->state, rules_key_view(key), &value);
    if (!*ret) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(c->state, rules_key_view(key), &sy_row_question_desc, c->arena, &row,
                            c->err));
    if (sy_weak(SY_WEAK_FREE_REPEATS)) {
        return SY_OK;
    }
    c->verdict->stored = row.answer + 1;
    c->type = "answer";
    return SY_OK;
}

/* Grant first: the refusals a gateway gives early, in its order. */
sy_status run_grant(struct ask *c)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    SY_TRY(grant_usable(c, &g, &p));
    return standing_open(c, g.developer);
}

/* A weak build's: the charge says a little less than was spent. */
static sy_status weak_understate(struct ask *c)
{
    struct sy_verdict *v = c->verdict;
    struct sy_spend *less = sy_arena_alloc(c->arena, v->n_spends + 1, sizeof(*less));
    if (less == NULL) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    memcpy(less, v->spends, v->n_spends * sizeof(*less));
    less[0].rho -= v->n_spends > 0 && less[0].rho > 0 ? 1 : 0;
    v->spends = less;
    return SY_OK;
}

sy_status run_charge(struct ask *c, const uint8_t model[32], const struct sy_run *run)
{
    struct rules_model *m = sy_arena_alloc(c->arena, 1, sizeof(*m));
    const struct rules_asked *asked;
    bool stored;
    if (m == NULL) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_model_read(c->state, model, c->arena, m, c->err));
    SY_TRY(run_model_usable(c, m));
    if (plan_about_subject(&m->plan)) {
        return sy_fail(c->err, SY_E_STATE, "header.subject",
                       "this model answers about one subject: ask with a consent token");
    }
    SY_TRY(own_runnable(c->state, &m->plan, c->req->header.grant, c->arena, c->err));
    const struct question q = {c->req, &m->plan, run, c->in->data, c->in->n_data};
    SY_TRY(question_asked(&q, c->arena, &asked, c->err));
    SY_TRY(run_same_data(c, &m->plan));
    SY_TRY(stored_answer(c, &asked->key, &stored));
    if (stored && !sy_weak(SY_WEAK_FREE_REPEATS)) {
        return SY_OK;
    }
    SY_TRY(run_affordable(c, m));
    SY_TRY(guard_check(c, m, asked->params));
    if (is_zero32(c->in->salt)) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.salt", "a charge needs a fresh salt");
    }
    c->verdict->spends = m->facts.spends;
    c->verdict->n_spends = stored ? 0 : m->facts.n_spends; /* stored: in a weak build only */
    if (sy_weak(SY_WEAK_LIE_BUDGET)) {
        return weak_understate(c);
    }
    return SY_OK;
}

sy_status decide_run(struct ask *c)
{
    SY_TRY(run_grant(c));
    return run_charge(c, c->req->header.subject, c->args);
}

/* ---- apply: run ---- */

static sy_status put_charge(struct change *x, const struct rules_model *m, const struct run_case *k)
{
    struct sy_row_charge row;
    struct rules_key key = rules_key_charge(x->entry);
    SY_TRY(charge_fill(x, m, &row));
    memcpy(row.model, k->model, 32);
    if (k->product != NULL) {
        memcpy(row.product, k->product, 32);
    }
    row.fen = k->fen;
    row.month = k->month;
    const struct rules_asked *asked;
    const struct question q = {x->req, &m->plan, k->run, row.data, row.n_data};
    SY_TRY(question_asked(&q, x->arena, &asked, x->err));
    row.params = asked->params;
    row.n_params = asked->n_params;
    memcpy(row.question, asked->hash, 32);
    SY_TRY(guard_apply(x, m, row.params));
    return effect_put(x->effect, &key, &sy_row_charge_desc, &row, x->err);
}

sy_status run_charged(struct change *x, const struct run_case *k)
{
    if (x->event->verdict.stored > 0) {
        return SY_OK; /* nothing was charged */
    }
    struct rules_model *m = sy_arena_alloc(x->arena, 1, sizeof(*m));
    if (m == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_model_read(x->state, k->model, x->arena, m, x->err));
    struct sy_row_account *a = &m->grant.account;
    a->calls++;
    if (!sy_weak(SY_WEAK_LATE_CHARGE)) {
        bool free = sy_weak(SY_WEAK_FREE_REPEATS) && x->event->verdict.n_spends == 0;
        SY_TRY(budget_spend(x, a, m->facts.spends, free ? 0 : m->facts.n_spends));
    }
    SY_TRY(put_charge(x, m, k)); /* now: it says what is left after it */
    return account_put(x, m->row.grant, a);
}

sy_status apply_run(struct change *x)
{
    const struct run_case k = {.model = x->req->header.subject, .run = x->args};
    return run_charged(x, &k);
}

/* ---- answer ---- */

sy_status decide_answer(struct ask *c)
{
    struct rules_key key = rules_key_charge(c->in->charge);
    struct sy_row_answer row;
    if (state_find(c->state, rules_key_view(&key)) == NULL) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "charge", NULL);
    }
    bool answered;
    SY_TRY(rules_charge_answer(c->state, c->in->charge, &row, &answered, c->err));
    if (answered) {
        return sy_fail(c->err, SY_E_STATE, "inputs.charge", "the charge has its answer");
    }
    if (!word_in(c->in->outcome, "ok refused") || is_zero32(c->in->commit)) {
        return sy_fail(c->err, SY_E_FIELD, "inputs.outcome",
                       "ok or refused, with the commitment to what is answered");
    }
    if (sy_weak(SY_WEAK_LEAF_TELLS) && !sy_view_is(c->in->outcome, "ok")) {
        c->type = "overrun";
    }
    return SY_OK;
}

/* A weak build's: the price of a refused run goes back. */
static sy_status weak_refund(struct change *x, const struct sy_row_charge *charge)
{
    struct sy_row_account a;
    SY_TRY(account_row(x->state, charge->grant, x->arena, &a, x->err));
    for (size_t i = 0; i < charge->n_spends; i++) {
        const struct sy_spend *p = &charge->spends[i];
        struct sy_row_grant_share *h = grant_share(&a, p->ns);
        struct rules_key key = rules_key_id("budget/", p->ns);
        struct sy_row_budget b;
        SY_TRY(budget_read(x->state, p->ns, x->arena, &b, x->err));
        h->rho_spent -= p->rho;
        h->delta_spent -= p->delta;
        b.spent_rho -= p->rho;
        b.spent_delta -= p->delta;
        b.held_rho += p->rho;
        b.held_delta += p->delta;
        SY_TRY(effect_put(x->effect, &key, &sy_row_budget_desc, &b, x->err));
    }
    return account_put(x, charge->grant, &a);
}

/* A weak build's: the price is spent now, as far as there is something left. */
static sy_status weak_late_charge(struct change *x, const struct sy_row_charge *charge)
{
    struct sy_row_account a;
    SY_TRY(account_row(x->state, charge->grant, x->arena, &a, x->err));
    if (!sy_ok(budget_spend(x, &a, charge->spends, charge->n_spends))) {
        return SY_OK;
    }
    return account_put(x, charge->grant, &a);
}

/* An ok answer can be given again; anything else counts against the grant's allowance. */
static sy_status settle(struct change *x, const struct sy_row_charge *charge)
{
    if (sy_view_is(x->in->outcome, "ok") && charge->once) {
        return SY_OK; /* the next question about this subject is another one */
    }
    if (sy_view_is(x->in->outcome, "ok")) {
        struct sy_row_question row = {.answer = x->entry, .charge = x->in->charge};
        memcpy(row.commit, x->in->commit, 32);
        struct rules_key key = rules_key_hash("question/", charge->question);
        return effect_put(x->effect, &key, &sy_row_question_desc, &row, x->err);
    }
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(x->state, charge->grant, x->arena, &g, &p, x->err));
    g.overruns++;
    if (sy_weak(SY_WEAK_REFUND_ON_ERROR)) {
        SY_TRY(weak_refund(x, charge));
    }
    struct rules_key key = rules_key_hash("grant/", charge->grant);
    return effect_put(x->effect, &key, &sy_row_grant_desc, &g, x->err);
}

sy_status apply_answer(struct change *x)
{
    struct sy_row_charge row;
    SY_TRY(charge_row(x->state, x->in->charge, x->arena, &row, x->err));
    if (sy_weak(SY_WEAK_LATE_CHARGE)) {
        SY_TRY(weak_late_charge(x, &row));
    }
    SY_TRY(settle(x, &row));
    if (!is_zero32(row.product)) {
        SY_TRY(meter_answer(x, &row));
    }
    const struct sy_row_answer answer = {.entry = x->entry, .ok = sy_view_is(x->in->outcome, "ok")};
    struct rules_key key = rules_key_answer(x->in->charge);
    return effect_put(x->effect, &key, &sy_row_answer_desc, &answer, x->err);
}
