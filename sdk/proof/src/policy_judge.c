/*
 * Judging a checkpoint by a policy. Invariant: only witnesses with a verified and fresh cosignature
 * count towards the quorum; what is merely present never does.
 */
#include "proof/policy.h"

bool proof_policy_is_met(const struct proof_policy *policy, const bool *has)
{
    uint32_t n_met[PROOF_POLICY_WITNESSES_MAX + PROOF_POLICY_GROUPS_MAX] = {0};
    if (policy->quorum == PROOF_POLICY_NONE) {
        return true;
    }
    for (size_t i = 0; i < policy->n_nodes; i++) {
        const struct proof_policy_node *node = &policy->nodes[i];
        bool met = node->needed == 0 ? has[node->witness] : n_met[i] >= node->needed;
        if (i == policy->quorum) {
            return met;
        }
        if (met && node->parent != PROOF_POLICY_NONE) {
            n_met[node->parent]++;
        }
    }
    return false;
}

/* The keys that a note is verified with: those of its log, then those of all witnesses. */
struct keys {
    struct proof_vkey at[PROOF_POLICY_ORIGIN_KEYS_MAX + PROOF_POLICY_WITNESSES_MAX];
    size_t n_logs;
    size_t n;
};
_Static_assert(PROOF_POLICY_ORIGIN_KEYS_MAX + PROOF_POLICY_WITNESSES_MAX <= PROOF_NOTE_LINES_MAX,
               "a note is verified with at most so many keys");

static void gather(const struct proof_policy *policy, const struct proof_vkey *log,
                   struct sy_view origin, struct keys *ret)
{
    ret->n_logs = 0;
    if (log != NULL) {
        ret->at[ret->n_logs++] = *log;
    }
    for (size_t i = 0; log == NULL && i < policy->n_logs; i++) {
        if (sy_view_is(origin, policy->logs[i].key.name)) {
            ret->at[ret->n_logs++] = policy->logs[i].key;
        }
    }
    ret->n = ret->n_logs;
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        ret->at[ret->n++] = policy->witnesses[i].key;
    }
}

static bool is_fresh(uint64_t time_s, const struct proof_policy_when *when)
{
    return time_s > when->now_s ? time_s - when->now_s <= when->max_ahead_s
                                : when->now_s - time_s <= when->max_age_s;
}

static void count(const struct proof_policy *policy, const struct proof_note_match *matches,
                  const struct proof_policy_when *when, struct proof_policy_verdict *v)
{
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        /* A cosignature that states no time says nothing about when. */
        v->time_s[i] = matches[i].valid ? matches[i].time_s : 0;
        v->is_fresh[i] = v->time_s[i] != 0 && is_fresh(v->time_s[i], when);
        v->n_cosigned += v->time_s[i] != 0;
        v->n_fresh += v->is_fresh[i];
    }
    v->is_met = proof_policy_is_met(policy, v->is_fresh);
}

static bool any_valid(const struct proof_note_match *matches, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (matches[i].valid) {
            return true;
        }
    }
    return false;
}

sy_status proof_policy_judge(const struct proof_policy *policy, const struct proof_vkey *log,
                             struct sy_view note, const struct proof_policy_when *when,
                             struct proof_policy_verdict *ret, struct sy_error *reterr)
{
    struct proof_note parsed;
    struct proof_policy_verdict v = {0};
    struct proof_note_match matches[PROOF_NOTE_LINES_MAX];
    struct keys keys;
    SY_TRY(proof_note_parse(note, &parsed, reterr));
    SY_TRY(proof_checkpoint_parse(parsed.text, &v.checkpoint, reterr));
    if (log != NULL && !sy_view_is(v.checkpoint.origin, log->name)) {
        return sy_fail(reterr, SY_E_PROOF, "checkpoint.origin",
                       "the checkpoint is of another log than %s", log->name);
    }
    gather(policy, log, v.checkpoint.origin, &keys);
    SY_TRY(proof_note_verify(note, keys.at, keys.n, &parsed, matches, reterr));
    if (!any_valid(matches, keys.n_logs)) {
        return sy_fail(reterr, SY_E_UNSIGNED, "note", "the log has not signed this checkpoint");
    }
    count(policy, matches + keys.n_logs, when, &v);
    *ret = v;
    return SY_OK;
}
