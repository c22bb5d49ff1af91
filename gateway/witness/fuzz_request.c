/*
 * Fuzz target: any bytes as the body of add-checkpoint, as a witness's answer, as evidence of a fork and as
 * a policy file. Besides not crashing: what parses formats to the same bytes again, and nothing that was
 * not signed by a key is ever accepted.
 */
#include <stdlib.h>

#include "proof/fork.h"
#include "proof/policy.h"
#include "witness/decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* A key whose secret nobody has. */
static struct proof_vkey nobody(enum proof_sig_type type)
{
    static const uint8_t pub[PROOF_KEY_BYTES] = {1};
    struct proof_vkey key;
    require(sy_ok(proof_vkey_make(sy_view_str("example.com/log"), type, pub, &key)));
    return key;
}

static void try_request(struct sy_view bytes)
{
    SY_BUF_CLEANUP struct sy_buf again = sy_buf((size_t)PROOF_WITNESS_ASK_MAX + 1);
    struct proof_vkey key = nobody(PROOF_SIG_ED25519);
    struct proof_witness_ask ask;
    struct witness_request request;
    struct witness_known known;
    struct witness_verdict verdict;
    struct proof_note note;
    if (sy_ok(proof_witness_ask_parse(bytes, &ask, NULL)) &&
        sy_ok(proof_note_parse(ask.checkpoint, &note, NULL))) {
        require(sy_ok(proof_witness_ask_format(&ask, &again)));
        require(sy_view_eq(sy_buf_view(&again), bytes));
    }
    if (sy_ok(witness_request_parse(bytes, &request, NULL))) {
        witness_known_nothing(&known);
        witness_decide(&key, 1, &known, &request, 1, &verdict);
        require(verdict.status == WITNESS_FORBIDDEN && !verdict.is_fork);
    }
}

static void try_answer(struct sy_view bytes)
{
    SY_BUF_CLEANUP struct sy_buf lines = sy_buf(1 << 16);
    struct proof_vkey key = nobody(PROOF_SIG_COSIGNATURE);
    uint64_t n = 0;
    sy_status s = proof_witness_size(bytes, &n, NULL);
    require(sy_ok(s) == (bytes.n > 1 && s.code == 0));
    s = proof_witness_take(bytes, bytes, &key, &lines, &n, NULL);
    require(!sy_ok(s) && lines.n == 0);
}

static void try_fork(struct sy_view bytes)
{
    SY_BUF_CLEANUP struct sy_buf again = sy_buf((size_t)PROOF_FORK_MAX + 1);
    struct proof_vkey key = nobody(PROOF_SIG_ED25519);
    struct proof_fork fork;
    if (sy_ok(proof_fork_parse(bytes, &fork, NULL))) {
        require(sy_ok(proof_fork_format(&fork, &again)));
        require(sy_view_eq(sy_buf_view(&again), bytes));
    }
    require(!sy_ok(proof_fork_verify(bytes, &key, 1, NULL)));
}

static void try_policy(struct sy_view bytes)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_policy policy;
    struct sy_error err = {0};
    bool none[PROOF_POLICY_WITNESSES_MAX] = {false};
    bool all[PROOF_POLICY_WITNESSES_MAX];
    for (size_t i = 0; i < PROOF_POLICY_WITNESSES_MAX; i++) {
        all[i] = true;
    }
    if (!sy_ok(proof_policy_parse(bytes, &arena, &policy, &err))) {
        require(err.code != 0 && err.field[0] != '\0');
        return;
    }
    require(proof_policy_is_met(&policy, all));
    require(proof_policy_is_met(&policy, none) == (policy.quorum == PROOF_POLICY_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_view bytes = sy_view(data, size);
    try_request(bytes);
    try_answer(bytes);
    try_fork(bytes);
    try_policy(bytes);
    return 0;
}
