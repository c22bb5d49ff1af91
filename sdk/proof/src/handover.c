/*
 * Hand-overs. Invariant: the new key is only ever taken from arguments whose digest the agency signed; what
 * the log's writer can add by itself (inputs, verdict, checkpoints) is never enough.
 */
#include "proof/handover.h"

#include <string.h>

#include "proof/envelope.h"
#include "proof/ids.h"

sy_status proof_handover_keys(const struct proof_vkey *from, const struct proof_vkey *to,
                              struct sy_error *reterr)
{
    bool fits = to->type == PROOF_SIG_ED25519 && strcmp(from->name, to->name) == 0 &&
                memcmp(from->key, to->key, sizeof(from->key)) != 0;
    return fits ? SY_OK
                : sy_fail(reterr, SY_E_FIELD, "log", "no other Ed25519 key of this log's name");
}

/* Signed by genesis's agency, for genesis's domain; the digest of these arguments is in the header. */
static sy_status check_agency(const struct sy_logged_request *r, const struct sy_header *h,
                              struct sy_view genesis, struct sy_arena *arena,
                              struct sy_error *reterr)
{
    struct sy_genesis g;
    uint8_t domain[PROOF_HASH_BYTES], body[PROOF_HASH_BYTES];
    SY_TRY(sy_record_decode(&sy_genesis_desc, genesis, &SY_MP_REQUEST, arena, &g, reterr));
    proof_domain_id(domain, genesis);
    if (memcmp(domain, h->domain, sizeof(domain)) != 0 || !sy_view_eq(h->party, g.agency.party)) {
        return sy_fail(reterr, SY_E_PROOF, "handover", "not an order of this domain's agency");
    }
    proof_args_digest(body, r->salt, r->args, r->secret);
    if (memcmp(body, h->body, sizeof(body)) != 0) {
        return sy_fail(reterr, SY_E_DIGEST, "handover", "the arguments are not those signed");
    }
    return proof_verify_request(r->header, h, r->sigs, r->n_sigs, g.agency.sign, reterr);
}

sy_status proof_handover_order(const struct sy_event *event, struct sy_view genesis,
                               const struct proof_vkey *from, struct sy_arena *arena,
                               struct proof_vkey *ret_to, struct sy_error *reterr)
{
    const struct sy_logged_request *r = &event->request;
    struct sy_header h;
    struct sy_log_rotate args;
    struct proof_vkey to;
    SY_TRY(sy_record_decode(&sy_header_desc, r->header, &SY_MP_REQUEST, arena, &h, reterr));
    if (!sy_view_is(h.method, "log.rotate") || event->verdict.code != 0 ||
        !sy_view_is(event->type, "log")) {
        return sy_fail(reterr, SY_E_PROOF, "handover", "the entry does not order a hand-over");
    }
    SY_TRY(check_agency(r, &h, genesis, arena, reterr));
    SY_TRY(sy_record_decode(&sy_log_rotate_desc, r->args, &SY_MP_REQUEST, arena, &args, reterr));
    if (!sy_view_is(args.stage, "overlap")) {
        return sy_fail(reterr, SY_E_PROOF, "handover", "the entry does not order a hand-over");
    }
    SY_TRY(proof_vkey_parse(args.log, &to, reterr));
    SY_TRY(proof_handover_keys(from, &to, reterr));
    *ret_to = to;
    return SY_OK;
}

sy_status proof_handover_checkpoint(struct sy_view checkpoint, const struct proof_vkey *from,
                                    const struct proof_vkey *to, uint64_t order,
                                    struct proof_checkpoint *ret, struct sy_error *reterr)
{
    const struct proof_vkey keys[] = {*from, *to};
    struct proof_note_match matches[2];
    struct proof_checkpoint c;
    SY_TRY(proof_checkpoint_verify_any(checkpoint, keys, 2, &c, matches, reterr));
    if (!matches[0].valid || !matches[1].valid) {
        return sy_fail(reterr, SY_E_UNSIGNED, "handover", "only one of the two keys has signed");
    }
    if (c.size <= order) {
        return sy_fail(reterr, SY_E_PROOF, "handover", "the checkpoint ends before the order");
    }
    *ret = c;
    return SY_OK;
}
