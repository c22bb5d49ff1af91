/*
 * witness.adopt: the agency says who cosigns the log's checkpoints, and how many of them are enough. The
 * policy is in the ledger, so that whoever replays it knows which quorum held when.
 *
 * A policy that could never be met would stop every answer that waits for it: so a quorum is accepted only when
 * those witnesses that the domain can ask, being named with a URL, could meet it. And a plan whose answers
 * would wait is not charged as long as nobody is named to wait for.
 *
 * Source: DESIGN section 3; C2SP tlog-policy; docs/witness.md.
 */
#include "method.h"
#include "proof/policy.h"
#include "rules/log.h"
#include "wire/url.h"

enum {
    URL_MAX = 255,
    LINE_EXTRA =
        4 + 1 + 108 + 1,  /* of a signature line: dash and space, space, base64 of 80 bytes */
    CHECKPOINT_EXTRA = 80 /* of a checkpoint: size, root, ends of lines */
};

bool rules_model_waits(const struct rules_model *m)
{
    uint64_t from = m->grant.pack.quorum_from;
    return from > 0 && m->facts.grade >= from;
}

sy_status witness_ready(struct ask *c, const struct rules_model *m)
{
    struct sy_view value;
    struct sy_row_witness row = {0};
    if (!rules_model_waits(m)) {
        return SY_OK;
    }
    if (rules_state_get(c->state, sy_view_str("witness"), &value)) {
        SY_TRY(rules_state_read(c->state, sy_view_str("witness"), &sy_row_witness_desc, c->arena,
                                &row, c->err));
    }
    return row.quorum
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "witness",
                         "answers of this grade wait for a quorum of witnesses, and the agency "
                         "has not adopted a policy that names one");
}

/* ---- the policy ---- */

/* The key that the domain's log signs with must be one of the policy's; before the log changes to another
 * one, a policy that names both is due. */
static sy_status log_is_named(struct ask *c, const struct proof_policy *p, struct proof_vkey *ret)
{
    struct sy_row_log log;
    SY_TRY(rules_log_read(c->state, c->arena, &log, c->err));
    SY_TRY(proof_vkey_parse(log.key, ret, c->err));
    for (size_t i = 0; i < p->n_logs; i++) {
        const struct proof_vkey *k = &p->logs[i].key;
        if (strcmp(k->name, ret->name) == 0 && memcmp(k->key, ret->key, sizeof(ret->key)) == 0) {
            return SY_OK;
        }
    }
    return sy_fail(c->err, SY_E_FIELD, "policy", "no log line has the key of this domain's log");
}

/* A cosigned checkpoint, at its longest: origin, size and root, two lines of the log, one of each witness. */
static size_t cosigned_bytes(const struct proof_policy *p, const struct proof_vkey *log)
{
    size_t bytes = CHECKPOINT_EXTRA + 3 * strlen(log->name) + 2 * LINE_EXTRA;
    for (size_t i = 0; i < p->n_witnesses; i++) {
        bytes += strlen(p->witnesses[i].key.name) + LINE_EXTRA;
    }
    return bytes;
}

/* What was refused before there was one parser of URLs, for those words: logs have them, and are decided again. */
static bool is_form(struct sy_view v)
{
    bool fine = v.n <= URL_MAX && (sy_view_starts(v, sy_view_str("http://")) ||
                                   sy_view_starts(v, sy_view_str("https://")));
    for (size_t i = 0; fine && i < v.n; i++) {
        fine = v.p[i] > ' ' && v.p[i] < 0x7F && v.p[i] != '@' && v.p[i] != '#' && v.p[i] != '?';
    }
    return fine;
}

static sy_status url_check(const struct proof_policy_witness *w, struct sy_error *err)
{
    struct sy_error why = {0};
    if (!is_form(w->url)) {
        return sy_fail(err, SY_E_FIELD, "policy",
                       "a witness's URL is http:// or https://, at most %d bytes, without user, "
                       "query and fragment",
                       URL_MAX);
    }
    return sy_ok(sy_url_base_check(w->url, URL_MAX, &why))
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "policy",
                         "the URL of witness %.*s (at most %d bytes) can't be asked: %s",
                         SY_PV(w->name), URL_MAX, why.reason);
}

/* Could those be enough whom the domain can ask? */
static sy_status can_be_met(const struct proof_policy *p, struct sy_error *err)
{
    bool asked[SY_WITNESSES_MAX] = {false};
    for (size_t i = 0; i < p->n_witnesses; i++) {
        asked[i] = p->witnesses[i].url.n > 0;
        if (asked[i]) {
            SY_TRY(url_check(&p->witnesses[i], err));
        }
    }
    return proof_policy_is_met(p, asked)
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "policy",
                         "the witnesses that have a URL could not meet the quorum");
}

static sy_status policy_check(struct ask *c, const struct proof_policy *p)
{
    struct proof_vkey log;
    SY_TRY(log_is_named(c, p, &log));
    if (p->n_witnesses > SY_WITNESSES_MAX || cosigned_bytes(p, &log) > SY_COSIGNED_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "policy",
                       "at most %d witnesses, whose cosignatures take at most %d bytes",
                       SY_WITNESSES_MAX, SY_COSIGNED_MAX);
    }
    return can_be_met(p, c->err);
}

sy_status decide_witness(struct ask *c)
{
    const struct sy_witness_adopt *a = c->args;
    struct proof_policy p;
    if (a->policy.n > SY_POLICY_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "policy", "at most %d bytes", SY_POLICY_MAX);
    }
    SY_TRY(proof_policy_parse(a->policy, c->arena, &p, c->err));
    return policy_check(c, &p);
}

sy_status apply_witness(struct change *x)
{
    const struct sy_witness_adopt *a = x->args;
    struct proof_policy p;
    struct rules_key key = rules_key_id("", sy_view_str("witness"));
    SY_TRY(proof_policy_parse(a->policy, x->arena, &p, x->err));
    struct sy_row_witness row = {
        .entry = x->entry, .policy = a->policy, .quorum = p.quorum != PROOF_POLICY_NONE};
    return effect_put(x->effect, &key, &sy_row_witness_desc, &row, x->err);
}
