/*
 * subject.ask: a question about one consenting subject (docs/privacy/subject.md). The issuer's token says
 * who (a salted commitment), under which grant, by which model, with which asserted values, and when; it
 * is good for one charge. What the log keeps is the token; who the subject is, and what was asserted, the
 * warden read from the request's secret, and says here as flags and as a keyed pseudonym that only counts.
 *
 * Invariants: a token is used once, whatever comes of it; the counters grow before the run and are never
 * given back; everything that is refused here follows from the request, the token and the counters of
 * earlier requests, never from a protected row.
 */
#include "base/weak.h"
#include "method.h"
#include "proof/consent.h"
#include "proof/hash.h"

static sy_status refuse(struct ask *c, int32_t code, const char *field, const char *why)
{
    return sy_fail(c->err, code, field, "%s", why);
}

/* ---- the token ---- */

static sy_status token_scope(struct ask *c, const struct sy_consent *t)
{
    const struct sy_header *h = &c->req->header;
    if (memcmp(t->domain, h->domain, 32) != 0) {
        return refuse(c, SY_E_DENIED, "token.domain", "the consent is for another domain");
    }
    if (memcmp(t->grant, h->grant, 32) != 0) {
        return refuse(c, SY_E_DENIED, "token.grant", "the consent is for another grant");
    }
    return memcmp(t->model, h->subject, 32) == 0
               ? SY_OK
               : refuse(c, SY_E_DENIED, "token.model", "the consent is for another model");
}

struct token_read {
    struct ask *c;
    const struct sy_subject_ask *a;
};

static sy_status token_by(void *ctx, const uint8_t key[32])
{
    const struct token_read *t = ctx;
    return proof_consent_verify(t->a->token, t->a->sig, key, t->c->err);
}

static sy_status token_signed(struct ask *c, const struct sy_subject_ask *a,
                              const struct sy_consent *t)
{
    struct token_read by = {c, a};
    struct sy_party issuer;
    SY_TRY(party_active(c->state, t->issuer, c->arena, &issuer, c->err));
    if (!sy_view_is(issuer.role, "issuer")) {
        return refuse(c, SY_E_ROLE, "token.issuer", "only issuers collect consent");
    }
    sy_status s = party_vouches(c, &issuer, "business", token_by, &by);
    return control(RULES_CTL_SUBJECT_CONSENT, sy_ok(s)) ? SY_OK : s;
}

static sy_status token_time(struct ask *c, const struct sy_consent *t,
                            const struct sy_pack_subject *limits)
{
    int64_t life;
    if (!sy_sub_i64(t->not_after, t->not_before, &life) || life < 0 ||
        (uint64_t)life > limits->token_max_s) {
        return sy_fail(c->err, SY_E_FIELD, "token.not_after", "a consent lasts at most %llu s",
                       (unsigned long long)limits->token_max_s);
    }
    if (c->in->time < t->not_before) {
        return refuse(c, SY_E_EXPIRED, "token.not_before", "the consent does not hold yet");
    }
    return c->in->time <= t->not_after
               ? SY_OK
               : refuse(c, SY_E_EXPIRED, "token.not_after", "the consent is out of date");
}

static sy_status token_unused(struct ask *c, const struct sy_consent *t)
{
    struct rules_key key = rules_key_consent(t->issuer, t->nonce);
    struct sy_view value;
    bool used = rules_state_get(c->state, rules_key_view(&key), &value);
    return control(RULES_CTL_CONSENT_ONCE, !used || sy_weak(SY_WEAK_TOKEN_REUSE))
               ? SY_OK
               : refuse(c, SY_E_REPLAYED, "token.nonce", "the consent was used already");
}

/* ---- what the secret opened ---- */

static sy_status opened(struct ask *c)
{
    const struct sy_subject_inputs *in = c->in->n_subject == 1 ? c->in->subject : NULL;
    if (in == NULL || !in->opens) {
        return refuse(c, SY_E_DENIED, "secret.id",
                      "identifier and salt are not those of the consent");
    }
    if (!in->asserted_ok) {
        return refuse(c, SY_E_DENIED, "secret.asserted",
                      "the asserted values are not those of the consent, or not values that the "
                      "model takes");
    }
    return SY_OK;
}

/* ---- how often ---- */

static uint64_t window_of(const struct sy_inputs *in, const struct sy_pack_subject *limits)
{
    return in->time < 0 ? 0 : (uint64_t)in->time / limits->window_s;
}

/* Questions in this window so far. */
static sy_status asked(const struct rules_state *s, const struct rules_key *key, uint64_t window,
                       struct sy_arena *arena, uint64_t *ret, struct sy_error *err)
{
    struct sy_view value;
    struct sy_row_asked row = {0};
    *ret = 0;
    if (!rules_state_get(s, rules_key_view(key), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(s, rules_key_view(key), &sy_row_asked_desc, arena, &row, err));
    *ret = row.window == window ? row.n : 0;
    return SY_OK;
}

static sy_status below(struct ask *c, struct rules_key key, uint64_t max,
                       const struct sy_pack_subject *limits, bool *ret)
{
    uint64_t n;
    SY_TRY(asked(c->state, &key, window_of(c->in, limits), c->arena, &n, c->err));
    *ret = n < max;
    return SY_OK;
}

/* The pseudonym is looked at last, when everything else is allowed: the warden puts it into no other
 * request's inputs, or a token that nobody signed would get anybody's pseudonym told. */
static sy_status not_too_often(struct ask *c, struct sy_view ns,
                               const struct sy_pack_subject *limits)
{
    bool fine;
    SY_TRY(below(c, rules_key_id("asker/", c->req->header.party), limits->developer_max, limits,
                 &fine));
    if (!fine) {
        return refuse(c, SY_E_RATE, "party",
                      "you have asked about subjects as often as the pack allows");
    }
    uint64_t erased;
    if (is_zero32(c->in->subject[0].who) ||
        rules_is_erased(c->state, c->in->subject[0].who, &erased)) {
        return refuse(c, SY_E_INTERNAL, "inputs.subject", "no name to count under");
    }
    SY_TRY(
        below(c, rules_key_subject(ns, c->in->subject[0].who), limits->subject_max, limits, &fine));
    return fine ? SY_OK
                : refuse(c, SY_E_RATE, "subject",
                         "this subject was asked about as often as the pack allows");
}

/* ---- decide ---- */

static sy_status token_good(struct ask *c, const struct sy_pack_subject *limits)
{
    const struct sy_subject_ask *a = c->args;
    struct sy_consent t;
    SY_TRY(proof_consent_read(a->token, c->arena, &t, c->err));
    SY_TRY(token_scope(c, &t));
    SY_TRY(token_signed(c, a, &t));
    SY_TRY(token_time(c, &t, limits));
    return token_unused(c, &t);
}

static sy_status model_read(struct ask *c, struct rules_model *m)
{
    SY_TRY(run_grant(c));
    SY_TRY(rules_model_read(c->state, c->req->header.subject, c->arena, m, c->err));
    SY_TRY(run_model_usable(c, m));
    return plan_about_subject(&m->plan)
               ? SY_OK
               : refuse(c, SY_E_STATE, "header.subject",
                        "this model answers about many: run it, without a consent token");
}

sy_status decide_subject(struct ask *c)
{
    struct rules_model *m = sy_arena_alloc(c->arena, 1, sizeof(*m));
    if (m == NULL) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(model_read(c, m));
    const struct sy_pack_subject *limits = m->grant.pack.subject; /* the plan check wants one */
    SY_TRY(token_good(c, limits));
    SY_TRY(opened(c));
    SY_TRY(run_same_data(c, &m->plan));
    SY_TRY(run_affordable(c, m));
    if (is_zero32(c->in->salt)) {
        return refuse(c, SY_E_INTERNAL, "inputs.salt", "a charge needs a fresh salt");
    }
    SY_TRY(not_too_often(c, m->plan.blocks[0].ns, limits));
    c->verdict->spends = m->facts.spends;
    c->verdict->n_spends = m->facts.n_spends;
    return SY_OK;
}

/* ---- apply ---- */

static sy_status count(struct change *x, struct rules_key key, const struct sy_pack_subject *limits)
{
    struct sy_row_asked row = {.window = window_of(x->in, limits)};
    SY_TRY(asked(x->state, &key, row.window, x->arena, &row.n, x->err));
    row.n++;
    return effect_put(x->effect, &key, &sy_row_asked_desc, &row, x->err);
}

static sy_status put_charge(struct change *x, const struct rules_model *m, struct sy_view token)
{
    struct sy_row_charge row;
    struct rules_key key = rules_key_charge(x->entry);
    SY_TRY(charge_fill(x, m, &row));
    row.once = true;
    row.n_params = m->plan.n_params;
    row.params = sy_arena_alloc(x->arena, row.n_params + 1, sizeof(*row.params));
    if (row.params == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    PROOF_SHA256(row.question, "shuyu-subject-question-1", token);
    return effect_put(x->effect, &key, &sy_row_charge_desc, &row, x->err);
}

static sy_status spend(struct change *x, struct rules_model *m)
{
    struct sy_row_account *a = &m->grant.account;
    a->calls++;
    SY_TRY(budget_spend(x, a, m->facts.spends, m->facts.n_spends));
    return account_put(x, m->row.grant, a);
}

sy_status apply_subject(struct change *x)
{
    const struct sy_subject_ask *a = x->args;
    struct rules_model *m = sy_arena_alloc(x->arena, 1, sizeof(*m));
    struct sy_consent t;
    if (m == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_model_read(x->state, x->req->header.subject, x->arena, m, x->err));
    SY_TRY(proof_consent_read(a->token, x->arena, &t, x->err));
    const struct sy_pack_subject *limits = m->grant.pack.subject;
    if (x->in->n_subject != 1 || limits == NULL || limits->window_s == 0 ||
        !plan_about_subject(&m->plan)) { /* a log may claim what decide refuses */
        return sy_fail(x->err, SY_E_INTERNAL, "inputs.subject", "a question about nobody");
    }
    struct sy_row_consent used = {.entry = x->entry};
    struct rules_key key = rules_key_consent(t.issuer, t.nonce);
    SY_TRY(effect_put(x->effect, &key, &sy_row_consent_desc, &used, x->err));
    SY_TRY(count(x, rules_key_subject(m->plan.blocks[0].ns, x->in->subject[0].who), limits));
    SY_TRY(count(x, rules_key_id("asker/", x->req->header.party), limits));
    SY_TRY(spend(x, m)); /* first: the charge says what is left after it */
    return put_charge(x, m, a->token);
}
