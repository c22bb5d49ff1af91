/*
 * What: who a question about one subject is about. Invariants: the identifier and the asserted values are
 * only ever in the call's secret and in the run's arena, both wiped, and sealed in the subject's payload, which
 * is durable before the charge is decided; nothing of them is logged, and what the rules are told (do they open the token's commitments, under which pseudonym is this counted)
 * depends on the request alone, never on whether anybody of this name is in the data.
 */
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "payload.h"
#include "proof/consent.h"
#include "rules/decide.h"
#include "vault/payload.h"
#include "warden/record.h"
#include "warden/run.h"
#include "warden/shard.h"
#include "warden/work.h"
#include "wire/plan_type.h"
#include "wire/unit_id.h"

/* --- the secret ----------------------------------------------------------------------------------------- */

struct opening {
    struct sy_subject_secret secret;
    uint8_t normal[SY_UNIT_ID_BYTES]; /* what the issuer committed to */
    size_t n_normal;
    uint8_t stored[SY_UNIT_ID_BYTES]; /* what ingest stored, if it did */
    size_t n_stored;
};

/* BOUNDARY: a developer's bytes. Decoded strictly, the identifier brought to the one normal form; whether they
 * are what the issuer signed is judged by the commitments. */
static sy_status open_secret(struct warden_call *c, struct sy_view klass, struct opening *ret)
{
    if (c->opened.secret.n > SY_SUBJECT_SECRET_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    SY_TRY(sy_record_decode(&sy_subject_secret_desc, c->opened.secret, &SY_MP_REQUEST, &c->arena,
                            &ret->secret, NULL));
    SY_TRY(sy_unit_id_join(ret->secret.id, ret->secret.n_id, ret->normal, &ret->n_normal));
    sy_unit_id_stored(klass, sy_view(ret->normal, ret->n_normal), ret->stored, &ret->n_stored);
    return SY_OK;
}

static const struct sy_run_param *asserted_value(const struct sy_asserted *a, struct sy_view name)
{
    for (size_t i = 0; i < a->n_values; i++) {
        if (sy_view_eq(a->values[i].name, name)) {
            return &a->values[i];
        }
    }
    return NULL;
}

/* Every asserted parameter has a value that it may have, and there is no other. (Names are distinct: the
 * commitment takes them in ascending order only.) */
static bool values_fit(const struct sy_plan *plan, const struct sy_asserted *a)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_params; i++) {
        const struct sy_plan_param *p = &plan->params[i];
        const struct sy_run_param *v = asserted_value(a, p->name);
        int64_t unused;
        n += p->asserted ? 1 : 0;
        if (p->asserted && (v == NULL || !sy_plan_asserted_value(p, v->value, &unused))) {
            return false;
        }
    }
    return n == a->n_values;
}

/* --- what the rules are told ---------------------------------------------------------------------------- */

static bool asserted_opens(const struct sy_consent *t, const struct opening *o)
{
    uint8_t commit[PROOF_HASH_BYTES];
    return sy_ok(proof_asserted_commit(commit, o->secret.salt, &o->secret.asserted)) &&
           sodium_memcmp(commit, t->asserted, sizeof(commit)) == 0;
}

/* A salt of zeros is none: whoever reads the log could try identifiers against the commitment. */
static bool subject_opens(const struct sy_consent *t, const struct opening *o)
{
    uint8_t commit[PROOF_HASH_BYTES];
    if (sodium_is_zero(o->secret.salt, sizeof(o->secret.salt))) {
        return false;
    }
    proof_subject_commit(commit, o->secret.salt, sy_view(o->normal, o->n_normal));
    return sodium_memcmp(commit, t->subject, sizeof(commit)) == 0;
}

static sy_status read_token(struct warden_call *c, struct sy_consent *ret)
{
    struct sy_subject_ask a;
    SY_TRY(sy_record_decode(&sy_subject_ask_desc, c->request.args, &SY_MP_REQUEST, &c->arena, &a,
                            NULL));
    return proof_consent_read(a.token, &c->arena, ret, NULL);
}

/* Would the question be allowed, were this told of it? */
static bool would_allow(struct warden_call *c, struct sy_subject_inputs told)
{
    struct rules_decision d = {0};
    struct sy_inputs in = c->inputs;
    in.subject = &told;
    in.n_subject = 1;
    in.time = warden_time(c->w);
    sy_status s = rules_decide(c->w->state, &c->request, &in, &c->arena, &d, NULL);
    return sy_ok(s) && d.kind == RULES_KIND_EVENT && d.verdict.code == 0;
}

/* Would the question be allowed, were the subject one that nobody has asked about? Only then is its name
 * looked up: the log keeps it, and whoever could have it told of identifiers by tokens of his own making could
 * tell, with somebody who reads the log, whom the others ask about. */
static bool who_wanted(struct warden_call *c, struct sy_subject_inputs told)
{
    randombytes_buf(told.who, sizeof(told.who));
    return would_allow(c, told);
}

/* The subject's name, and, when the question will be charged, its secret as the payload of the entry that comes
 * next: whatever is in the log of a subject can be opened until it is erased. Decided here and recorded
 * without anything in between; when it is not recorded after all, the end of the call takes the payload back,
 * and of a crash in between the start sweeps what is left. */
static sy_status name_and_keep(struct warden_call *c, struct sy_view ns, const struct opening *o,
                               struct sy_subject_inputs *in)
{
    struct warden *w = c->w;
    struct sy_view id = sy_view(o->stored, o->n_stored);
    SY_TRY(warden_payload_who(w, ns, id, in->who));
    if (!warden_has_room(w) || !would_allow(c, *in)) {
        return SY_OK;
    }
    uint64_t entry = warden_log_next(w);
    SY_TRY(vault_payload_put(w->vault, ns, id, entry, c->opened.secret, NULL));
    memcpy(c->kept_who, in->who, sizeof(c->kept_who));
    c->kept_at = entry + 1;
    return SY_OK;
}

/* Whatever does not open is told so, and the rules refuse it. */
static sy_status tell(struct warden_call *c, const struct rules_model *m, struct opening *o)
{
    const struct rules_block_facts *block = &m->facts.blocks[0];
    struct sy_subject_inputs *in = sy_arena_alloc(&c->arena, 1, sizeof(*in));
    struct sy_consent t;
    if (in == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    c->inputs.subject = in;
    c->inputs.n_subject = 1;
    sy_status s = read_token(c, &t);
    s = sy_ok(s) ? open_secret(c, block->klass, o) : s;
    if (!sy_ok(s) || !subject_opens(&t, o)) {
        return s.code == SY_E_NO_MEMORY ? s : SY_OK;
    }
    in->opens = true;
    in->asserted_ok = asserted_opens(&t, o) && values_fit(&m->plan, &o->secret.asserted);
    return who_wanted(c, *in) ? name_and_keep(c, block->ns, o, in) : SY_OK;
}

bool warden_subject_prepare(struct warden_call *c)
{
    struct opening o = {0};
    struct rules_model m;
    if (!warden_run_prepare(c)) {
        return false;
    }
    if (!sy_ok(rules_model_read(c->w->state, c->request.header.subject, &c->arena, &m, NULL)) ||
        !m.facts.blocks[0].subject) {
        return true; /* the rules say what is wrong */
    }
    sy_status s = tell(c, &m, &o);
    sodium_memzero(&o, sizeof(o));
    if (!sy_ok(s)) { /* a disk that fails is no verdict: nothing is decided, nothing is logged */
        sy_log(SY_LOG_ERROR, "subject not told", SY_LOGF_CODE(s.code));
        bool full = s.code == SY_E_NO_SPACE;
        warden_call_clear(
            c, full ? SY_E_READ_ONLY : SY_E_INTERNAL,
            "nothing was recorded or charged: the question could not be read or kept");
        return false;
    }
    return true;
}

/* --- the run -------------------------------------------------------------------------------------------- */

static sy_status copy_asserted(struct warden_run *r, const struct sy_asserted *a)
{
    const struct sy_plan *plan = &r->model.plan;
    r->asserted = sy_arena_alloc(&r->arena, plan->n_params + 1, sizeof(*r->asserted));
    if (r->asserted == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < plan->n_params; i++) {
        const struct sy_run_param *v = asserted_value(a, plan->params[i].name);
        if (!plan->params[i].asserted || v == NULL) {
            continue;
        }
        struct sy_view copy = sy_arena_copy(&r->arena, v->value);
        if (copy.p == NULL && v->value.n > 0) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
        r->asserted[r->n_asserted++] = copy;
    }
    return SY_OK;
}

sy_status warden_run_subject(struct warden_run *r, struct sy_error *err)
{
    const struct rules_block_facts *block = &r->model.facts.blocks[0];
    struct opening o = {0};
    if (!block->subject) {
        return SY_OK;
    }
    sy_status s = open_secret(r->call, block->klass, &o);
    s = sy_ok(s) ? copy_asserted(r, &o.secret.asserted) : s;
    s = sy_ok(s) ? vault_subject_open(r->w->vault, block->ns, sy_view(o.stored, o.n_stored),
                                      &r->subject, err)
                 : s;
    sodium_memzero(&o, sizeof(o));
    return sy_ok(s) ? s : sy_fail(err, s.code, "subject", NULL);
}
