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
                              const struct sy_view *links, size_t n_links, struct sy_view genesis,
                              struct sy_arena *arena, struct sy_error *reterr)
{
    struct sy_genesis g;
    uint8_t domain[PROOF_HASH_BYTES], key[PROOF_KEY_BYTES];
    SY_TRY(sy_record_decode(&sy_genesis_desc, genesis, &SY_MP_REQUEST, arena, &g, reterr));
    proof_domain_id(domain, genesis);
    SY_TRY(check_request(r, h, &g, domain, reterr));
    SY_TRY(proof_agency_key(&g, domain, links, n_links, arena, key, reterr));
    return proof_verify_request(r->header, h, r->sigs, r->n_sigs, key, reterr);
}

/* log.rotate, stage overlap: another key of this log. */
static sy_status overlap_order(const struct sy_event *event, const struct sy_header *h,
                               struct sy_view genesis, const struct proof_vkey *from,
                               struct sy_arena *arena, struct proof_vkey *ret_to,
                               struct sy_error *reterr)
{
    const struct sy_logged_request *r = &event->request;
    struct sy_log_rotate args;
    SY_TRY(sy_record_decode(&sy_log_rotate_desc, r->args, &SY_MP_REQUEST, arena, &args, reterr));
    SY_TRY(check_agency(r, h, args.agency, args.n_agency, genesis, arena, reterr));
    if (!sy_view_is(args.stage, "overlap")) {
        return sy_fail(reterr, SY_E_PROOF, "handover", "the entry does not order a hand-over");
    }
    SY_TRY(proof_vkey_parse(args.log, ret_to, reterr));
    return proof_handover_keys(from, ret_to, reterr);
}

/* log.close: the first key of the next log. */
static sy_status close_order(const struct sy_event *event, const struct sy_header *h,
                             struct sy_view genesis, const struct proof_vkey *from,
                             struct sy_arena *arena, struct proof_vkey *ret_to,
                             struct sy_error *reterr)
{
    const struct sy_logged_request *r = &event->request;
    struct sy_log_close args;
    SY_TRY(sy_record_decode(&sy_log_close_desc, r->args, &SY_MP_REQUEST, arena, &args, reterr));
    SY_TRY(check_agency(r, h, args.agency, args.n_agency, genesis, arena, reterr));
    SY_TRY(proof_vkey_parse(args.log, ret_to, reterr));
    bool fits = ret_to->type == PROOF_SIG_ED25519 && strcmp(from->name, ret_to->name) != 0;
    return fits ? SY_OK
                : sy_fail(reterr, SY_E_FIELD, "log", "no Ed25519 key of another log's name");
}

static const struct order {
    const char *method, *type;
    sy_status (*read)(const struct sy_event *event, const struct sy_header *h,
                      struct sy_view genesis, const struct proof_vkey *from, struct sy_arena *arena,
                      struct proof_vkey *ret_to, struct sy_error *reterr);
} ORDERS[] = {{"log.rotate", "log", overlap_order}, {"log.close", "close", close_order}};

sy_status proof_handover_order(const struct sy_event *event, struct sy_view genesis,
                               const struct proof_vkey *from, struct sy_arena *arena,
                               struct proof_vkey *ret_to, struct sy_error *reterr)
{
    struct sy_header h;
    struct proof_vkey to;
    SY_TRY(sy_record_decode(&sy_header_desc, event->request.header, &SY_MP_REQUEST, arena, &h,
                            reterr));
    for (size_t i = 0; i < sizeof(ORDERS) / sizeof(ORDERS[0]); i++) {
        const struct order *o = &ORDERS[i];
        if (event->verdict.code == 0 && sy_view_is(h.method, o->method) &&
            sy_view_is(event->type, o->type)) {
            SY_TRY(o->read(event, &h, genesis, from, arena, &to, reterr));
            *ret_to = to;
            return SY_OK;
        }
    }
    return sy_fail(reterr, SY_E_PROOF, "handover", "the entry does not order a hand-over");
}

/* The tree without its last leaf, number `order`: the last leaf's path is the roots of the full subtrees before it,
 * the smallest first. False: it is no path of that leaf. RFC 6962 section 2.1. */
static bool root_before(uint64_t order, const struct proof_path *path,
                        uint8_t ret[PROOF_HASH_BYTES])
{
    if (path->n != (size_t)__builtin_popcountll(order)) {
        return false;
    }
    if (path->n == 0) {
        proof_merkle_empty(ret);
        return true;
    }
    memcpy(ret, path->hash[0], PROOF_HASH_BYTES);
    for (size_t i = 1; i < path->n; i++) {
        proof_merkle_node(ret, path->hash[i], ret);
    }
    return true;
}

sy_status proof_handover_place(const struct sy_event *event, uint64_t order,
                               const struct proof_path *path, struct sy_arena *arena,
                               struct sy_error *reterr)
{
    struct sy_log_close args;
    uint8_t root[PROOF_HASH_BYTES];
    if (!sy_view_is(event->type, "close")) {
        return SY_OK;
    }
    SY_TRY(sy_record_decode(&sy_log_close_desc, event->request.args, &SY_MP_REQUEST, arena, &args,
                            reterr));
    return args.size == order && root_before(order, path, root) &&
                   memcmp(root, args.root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(reterr, SY_E_PROOF, "handover",
                         "the close was signed for another history than the one before it");
}

/* The closed log's last: by its key, with the close as the last entry. */
static sy_status closing_checkpoint(struct sy_view checkpoint, const struct proof_vkey *from,
                                    uint64_t order, struct proof_checkpoint *ret,
                                    struct sy_error *reterr)
{
    struct proof_checkpoint c;
    SY_TRY(proof_checkpoint_verify(checkpoint, from, &c, reterr));
    if (order == UINT64_MAX || c.size != order + 1) {
        return sy_fail(reterr, SY_E_PROOF, "handover", "the close is not the log's last entry");
    }
    *ret = c;
    return SY_OK;
}

sy_status proof_handover_checkpoint(struct sy_view checkpoint, const struct proof_vkey *from,
                                    const struct proof_vkey *to, uint64_t order,
                                    struct proof_checkpoint *ret, struct sy_error *reterr)
{
    const struct proof_vkey keys[] = {*from, *to};
    struct proof_note_match matches[2];
    struct proof_checkpoint c;
    if (strcmp(from->name, to->name) != 0) {
        return closing_checkpoint(checkpoint, from, order, ret, reterr);
    }
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
