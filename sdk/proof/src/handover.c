/*
 * Hand-overs. Invariant: the new key is only ever taken from arguments whose digest the agency signed; what
 * the log's writer can add by itself (inputs, verdict, checkpoints) is never enough.
 */
#include "proof/handover.h"

#include <string.h>

#include "proof/envelope.h"
#include "proof/ids.h"
#include "wire/staff.h"

sy_status proof_handover_keys(const struct proof_vkey *from, const struct proof_vkey *to,
                              struct sy_error *reterr)
{
    bool fits = to->type == PROOF_SIG_ED25519 && strcmp(from->name, to->name) == 0 &&
                memcmp(from->key, to->key, sizeof(from->key)) != 0;
    return fits ? SY_OK
                : sy_fail(reterr, SY_E_FIELD, "log", "no other Ed25519 key of this log's name");
}

/* Of genesis's agency, for this domain; the digest of these arguments is in the header. */
static sy_status check_request(const struct sy_logged_request *r, const struct sy_header *h,
                               const struct sy_genesis *g, const uint8_t domain[PROOF_HASH_BYTES],
                               struct sy_error *reterr)
{
    uint8_t body[PROOF_HASH_BYTES];
    if (memcmp(domain, h->domain, PROOF_HASH_BYTES) != 0 ||
        !sy_view_eq(h->party, g->agency.party)) {
        return sy_fail(reterr, SY_E_PROOF, "handover", "not an order of this domain's agency");
    }
    proof_args_digest(body, r->salt, r->args, r->secret);
    return memcmp(body, h->body, sizeof(body)) == 0
               ? SY_OK
               : sy_fail(reterr, SY_E_DIGEST, "handover", "the arguments are not those signed");
}

/* One change of the agency's key: from *key on. */
static sy_status take_link(struct sy_view link, const struct sy_genesis *g,
                           const uint8_t domain[PROOF_HASH_BYTES], struct sy_arena *arena,
                           uint8_t key[PROOF_KEY_BYTES], struct sy_error *reterr)
{
    struct sy_logged_request r;
    struct sy_header h;
    struct sy_new_keys keys;
    SY_TRY(sy_record_decode(&sy_logged_request_desc, link, &SY_MP_REQUEST, arena, &r, reterr));
    SY_TRY(sy_record_decode(&sy_header_desc, r.header, &SY_MP_REQUEST, arena, &h, reterr));
    if (!sy_view_is(h.method, "party.rotate")) {
        return sy_fail(reterr, SY_E_PROOF, "agency", "not a change of the agency's key");
    }
    SY_TRY(check_request(&r, &h, g, domain, reterr));
    SY_TRY(proof_verify_request(r.header, &h, r.sigs, r.n_sigs, key, reterr));
    SY_TRY(sy_record_decode(&sy_new_keys_desc, r.args, &SY_MP_REQUEST, arena, &keys, reterr));
    SY_TRY(proof_verify_request(r.header, &h, r.sigs, r.n_sigs, keys.sign, reterr));
    memcpy(key, keys.sign, PROOF_KEY_BYTES);
    return SY_OK;
}

sy_status proof_agency_key(const struct sy_genesis *genesis, const uint8_t domain[PROOF_HASH_BYTES],
                           const struct sy_view *links, size_t n, struct sy_arena *arena,
                           uint8_t ret[PROOF_KEY_BYTES], struct sy_error *reterr)
{
    uint8_t key[PROOF_KEY_BYTES];
    memcpy(key, genesis->agency.sign, sizeof(key));
    if (n > PROOF_AGENCY_LINKS_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "agency", "at most %d changes of the agency's key",
                       PROOF_AGENCY_LINKS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(take_link(links[i], genesis, domain, arena, key, reterr));
    }
    memcpy(ret, key, sizeof(key));
    return SY_OK;
}

/* Signed by the agency's key, to which the order's own links lead. */
static sy_status check_agency(const struct sy_logged_request *r, const struct sy_header *h,
                              const struct sy_log_rotate *args, struct sy_view genesis,
                              struct sy_arena *arena, struct sy_error *reterr)
{
    struct sy_genesis g;
    uint8_t domain[PROOF_HASH_BYTES], key[PROOF_KEY_BYTES];
    SY_TRY(sy_record_decode(&sy_genesis_desc, genesis, &SY_MP_REQUEST, arena, &g, reterr));
    proof_domain_id(domain, genesis);
    SY_TRY(check_request(r, h, &g, domain, reterr));
    SY_TRY(proof_agency_key(&g, domain, args->agency, args->n_agency, arena, key, reterr));
    return proof_verify_request(r->header, h, r->sigs, r->n_sigs, key, reterr);
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
    SY_TRY(sy_record_decode(&sy_log_rotate_desc, r->args, &SY_MP_REQUEST, arena, &args, reterr));
    SY_TRY(check_agency(r, &h, &args, genesis, arena, reterr));
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
