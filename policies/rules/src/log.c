/*
 * log.rotate: another key for the log. The key is made by the warden when the agency confirms the
 * announcement (inputs.log); agency and operator name it from then on, so that nobody who holds the machine
 * alone can put a key of its own in its place. When the old key is retired, a checkpoint that both have signed
 * goes into the log (inputs.checkpoint): what shows the order to those who only know the old key.
 *
 * Invariants: one step after the other, none twice; the operator has asked before the agency confirms; a
 * key in force has the name of the log and follows one that signed the log up to then.
 * Source: DESIGN section 3; proof/handover.h; docs/log-keys.md.
 */
#include "rules/log.h"

#include "method.h"
#include "proof/handover.h"
#include "proof/policy.h"

/* Where the log stands, the step from there, and where that leads. */
static const struct step {
    const char *from, *step, *to;
} STEPS[] = {
    {"single", "announce", "announced"},
    {"announced", "overlap", "overlap"},
    {"overlap", "retire", "single"},
};

enum { N_STEPS = sizeof(STEPS) / sizeof(STEPS[0]) };

sy_status rules_log_read(const struct rules_state *s, struct sy_arena *arena,
                         struct sy_row_log *ret, struct sy_error *reterr)
{
    struct sy_view value;
    struct sy_genesis g;
    if (rules_state_get(s, sy_view_str("log"), &value)) {
        return rules_state_read(s, sy_view_str("log"), &sy_row_log_desc, arena, ret, reterr);
    }
    SY_TRY(genesis_read(s, arena, &g, reterr));
    *ret = (struct sy_row_log){.key = g.log, .number = 1, .stage = sy_view_str("single")};
    return SY_OK;
}

bool rules_log_overlaps(const struct sy_row_log *row)
{
    return sy_view_is(row->stage, "overlap");
}

bool rules_log_closed(const struct sy_row_log *row)
{
    return sy_view_is(row->stage, "closed");
}

uint64_t rules_log_first(const struct sy_row_log *row)
{
    return row->first > 0 ? row->first : 1;
}

sy_status rules_handover_read(const struct rules_state *s, uint64_t number, struct sy_arena *arena,
                              struct sy_row_handover *ret, struct sy_error *reterr)
{
    struct rules_key key = rules_key_handover(number);
    return rules_state_read(s, rules_key_view(&key), &sy_row_handover_desc, arena, ret, reterr);
}

static const struct step *step_from(struct sy_view stage)
{
    size_t i = 0;
    while (i + 1 < N_STEPS && !sy_view_is(stage, STEPS[i].from)) {
        i++;
    }
    return &STEPS[i];
}

/* Is it the step that is due, and does it name the key that it is about? */
static sy_status step_check(struct ask *c, const struct sy_row_log *row)
{
    const struct sy_log_rotate *a = c->args;
    const struct step *due = step_from(row->stage);
    if (!sy_view_is(a->stage, due->step)) {
        return sy_fail(c->err, SY_E_STATE, "stage", "the next step is %s", due->step);
    }
    if (!sy_view_eq(a->log, row->next)) {
        return sy_fail(c->err, SY_E_FIELD, "log",
                       row->next.n > 0 ? "not the key that was announced"
                                       : "the domain makes the key: name none");
    }
    if (row->number - rules_log_first(row) + 1 >= RULES_LOG_KEYS_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "log", "a log has at most %d keys: close it",
                       RULES_LOG_KEYS_MAX);
    }
    if (row->number >= RULES_DOMAIN_KEYS_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "log", "a domain's logs have at most %d keys",
                       RULES_DOMAIN_KEYS_MAX);
    }
    return SY_OK;
}

/* The warden's part of an announcement. */
static sy_status announce_check(struct ask *c, const struct sy_row_log *row)
{
    struct proof_vkey key, next;
    if (c->in->log.n == 0) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.log", "no key was made");
    }
    SY_TRY(proof_vkey_parse(row->key, &key, c->err));
    SY_TRY(proof_vkey_parse(c->in->log, &next, c->err));
    return proof_handover_keys(&key, &next, c->err);
}

/* Witnesses that know the old key only would cosign nothing any more. */
sy_status log_witnesses_check(struct ask *c, const struct proof_vkey *next)
{
    struct sy_view value;
    struct sy_row_witness row;
    struct proof_policy p;
    if (!rules_state_get(c->state, sy_view_str("witness"), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(c->state, sy_view_str("witness"), &sy_row_witness_desc, c->arena, &row,
                            c->err));
    SY_TRY(proof_policy_parse(row.policy, c->arena, &p, c->err));
    for (size_t i = 0; i < p.n_logs; i++) {
        if (memcmp(p.logs[i].key.key, next->key, sizeof(next->key)) == 0) {
            return SY_OK;
        }
    }
    return sy_fail(c->err, SY_E_STATE, "witness",
                   "adopt a policy of witnesses that names the new key first");
}

/* And of a retirement. That the checkpoint is of these entries is for who can see the tree. */
static sy_status retire_check(struct ask *c, const struct sy_row_log *row)
{
    struct proof_vkey key, next;
    struct proof_checkpoint ignored;
    if (c->in->checkpoint.n == 0) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.checkpoint", "no checkpoint was given");
    }
    SY_TRY(proof_vkey_parse(row->key, &key, c->err));
    SY_TRY(proof_vkey_parse(row->next, &next, c->err));
    SY_TRY(log_witnesses_check(c, &next));
    return proof_handover_checkpoint(c->in->checkpoint, &key, &next, row->entry - row->base,
                                     &ignored, c->err); /* its place in this log's tree */
}

/* Whoever knows only genesis must come to the key that signs this order. */
sy_status log_agency_check(struct ask *c, const struct sy_view *links, size_t n)
{
    struct sy_genesis g;
    uint8_t key[32];
    SY_TRY(genesis_read(c->state, c->arena, &g, c->err));
    SY_TRY(proof_agency_key(&g, c->req->header.domain, links, n, c->arena, key, c->err));
    return memcmp(key, c->party.sign, sizeof(key)) == 0
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "agency",
                         "the agency's key is another than genesis names: give what led to it");
}

static sy_status confirm_check(struct ask *c, const struct sy_row_log *row)
{
    const struct sy_log_rotate *a = c->args;
    if (!sy_view_eq(row->asked, a->stage)) {
        return sy_fail(c->err, SY_E_REVIEW, "stage", "the operator asks for it first");
    }
    if (sy_view_is(a->stage, "announce")) {
        return announce_check(c, row);
    }
    return sy_view_is(a->stage, "retire") ? retire_check(c, row)
                                          : log_agency_check(c, a->agency, a->n_agency);
}

sy_status decide_rotate(struct ask *c)
{
    const struct sy_log_rotate *a = c->args;
    struct sy_row_log row;
    SY_TRY(rules_log_read(c->state, c->arena, &row, c->err));
    SY_TRY(step_check(c, &row));
    if (sy_view_is(c->party.role, "agency")) {
        return confirm_check(c, &row);
    }
    return sy_view_eq(row.asked, a->stage)
               ? sy_fail(c->err, SY_E_EXISTS, "stage", "it was asked for: the agency confirms it")
               : SY_OK;
}

/* The key in force goes, the next one comes. */
static sy_status hand_over(struct change *x, struct sy_row_log *row)
{
    struct sy_row_handover h = {
        .checkpoint = x->in->checkpoint, .entry = row->entry, .from = row->key, .to = row->next};
    struct rules_key key = rules_key_handover(row->number);
    SY_TRY(effect_put(x->effect, &key, &sy_row_handover_desc, &h, x->err));
    row->key = row->next;
    row->next = (struct sy_view){0};
    row->entry = 0;
    row->number++;
    return SY_OK;
}

static sy_status take_step(struct change *x, struct sy_row_log *row)
{
    const struct sy_log_rotate *a = x->args;
    row->stage = sy_view_str(step_from(row->stage)->to);
    row->asked = (struct sy_view){0};
    if (sy_view_is(a->stage, "announce")) {
        row->next = x->in->log;
    } else if (sy_view_is(a->stage, "overlap")) {
        row->entry = x->entry;
    } else {
        return hand_over(x, row);
    }
    return SY_OK;
}

sy_status apply_rotate(struct change *x)
{
    const struct sy_log_rotate *a = x->args;
    struct sy_party party;
    struct sy_row_log row;
    struct rules_key key = rules_key_id("", sy_view_str("log"));
    SY_TRY(rules_log_read(x->state, x->arena, &row, x->err));
    SY_TRY(party_active(x->state, x->req->header.party, x->arena, &party, x->err));
    if (sy_view_is(party.role, "agency")) {
        SY_TRY(take_step(x, &row));
    } else {
        row.asked = a->stage;
    }
    return effect_put(x->effect, &key, &sy_row_log_desc, &row, x->err);
}
