/*
 * What of a request is worked out before its turn, on any thread: all that needs no state. Invariant: facts follow from
 * the event alone.
 */
#include "method.h"
#include "proof/envelope.h"
#include "rules/replay.h"

enum { AHEAD_ARGS_MAX = 4096 };

/* Arguments that are none of the method's are left to the decision, which says so; so are long ones, which can
 * take a thousand times their size: whoever prepares does so for many entries at once, and all were to fit. */
static sy_status decode_args(const struct rules_request *req, struct sy_arena *arena,
                             struct rules_facts *facts)
{
    const struct sy_desc *desc = facts->method == NULL ? NULL : facts->method->pub.args;
    if (desc == NULL || req->args.n > AHEAD_ARGS_MAX) {
        return SY_OK;
    }
    void *args = sy_arena_alloc(arena, 1, desc->size_bytes);
    if (args == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    bool fine = sy_ok(sy_record_decode(desc, req->args, &SY_MP_REQUEST, arena, args, NULL));
    facts->args = fine ? args : NULL;
    return SY_OK;
}

static sy_status check_signatures(const struct rules_request *req, bool verify,
                                  struct sy_arena *arena, struct rules_facts *facts)
{
    bool *good = sy_arena_alloc(arena, req->n_sigs + 1, sizeof(*good));
    if (good == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < req->n_sigs; i++) {
        const struct sy_signature *s = &req->sigs[i];
        good[i] = !verify || sy_ok(proof_verify(s->sig, req->header_bytes, s->key));
    }
    facts->signed_by = good;
    return SY_OK;
}

sy_status rules_request_prepare(const struct sy_event *event, bool verify, struct sy_arena *arena,
                                struct rules_facts *ret_facts, struct rules_request *ret,
                                struct sy_error *reterr)
{
    uint8_t digest[32];
    *ret_facts = (struct rules_facts){0};
    SY_TRY(rules_request_of_event(event, arena, ret, reterr));
    ret_facts->method = method_find(ret->header.method);
    proof_sha256_one(ret_facts->header_hash, ret->header_bytes);
    proof_args_digest(digest, ret->salt, ret->args, ret->secret_digest);
    ret_facts->body = memcmp(digest, ret->header.body, 32) == 0;
    struct rules_key *nonce = sy_arena_alloc(arena, 1, sizeof(*nonce));
    if (nonce != NULL) {
        *nonce = rules_key_nonce(ret->header.party, ret->header.nonce);
    }
    ret_facts->nonce = nonce;
    sy_status s = nonce == NULL ? sy_status_of(SY_E_NO_MEMORY) : decode_args(ret, arena, ret_facts);
    s = sy_ok(s) ? check_signatures(ret, verify, arena, ret_facts) : s;
    ret->facts = ret_facts;
    return sy_ok(s) ? s : sy_fail(reterr, s.code, NULL, NULL);
}
