/*
 * What: a verified reply as the caller sees it, and the offline check of a kept proof.
 */
#include "client/reply.h"

#include <stdlib.h>

#include "proof/leaf.h"

void shuyu_reply_free(shuyu_reply *r)
{
    if (r == NULL) {
        return;
    }
    proof_reply_deinit(&r->opened);
    sy_arena_deinit(&r->arena);
    free(r);
}

shuyu_bytes shuyu_reply_result(const shuyu_reply *r)
{
    return client_bytes(r->opened.reply.result);
}

size_t shuyu_reply_proofs(const shuyu_reply *r)
{
    return r->n_entries;
}

void client_entry_proof(const struct client_entry *e, shuyu_proof *ret)
{
    *ret = (shuyu_proof){.index = e->at.index,
                         .log_size = e->at.tree.size,
                         .leaf = client_bytes(e->proof->leaf),
                         .salt = {e->proof->salt, sizeof(e->proof->salt)},
                         .body = client_bytes(e->proof->body),
                         .receipt = e->receipt};
}

shuyu_status shuyu_reply_proof(const shuyu_reply *r, size_t i, shuyu_proof *ret)
{
    if (i >= r->n_entries) {
        return SHUYU_E_NOT_FOUND;
    }
    client_entry_proof(&r->entries[i], ret);
    return SHUYU_OK;
}

shuyu_status client_give_reply(sy_status s, const struct sy_error *err, shuyu_reply *reply,
                               shuyu_reply **ret, shuyu_error *reterr)
{
    shuyu_status code = client_give(s, err, reterr);
    if (code != SHUYU_OK && reply != NULL && reterr != NULL) {
        reterr->logged = reply->logged;
        reterr->entry = reply->entry;
    }
    *ret = reply;
    return code;
}

static sy_status verify_kept(const char *log, const shuyu_proof *proof, struct proof_inclusion *ret,
                             struct sy_error *err)
{
    struct proof_vkey key;
    uint8_t leaf_hash[PROOF_HASH_BYTES];
    struct sy_view leaf = client_view(proof->leaf);
    if (log == NULL || proof->receipt == NULL || leaf.n == 0) {
        return sy_fail(err, SY_E_USAGE, "proof", "the log's key, a leaf and a receipt are needed");
    }
    SY_TRY(proof_vkey_parse(sy_view_str(log), &key, err));
    proof_merkle_leaf(leaf_hash, leaf);
    SY_TRY(proof_receipt_verify(sy_view_str(proof->receipt), &key, leaf_hash, ret, err));
    if (proof->body.n == 0) {
        return SY_OK;
    }
    if (proof->salt.n != PROOF_SALT_BYTES) {
        return sy_fail(err, SY_E_FIELD, "salt", "32 bytes");
    }
    return proof_leaf_check(leaf, proof->salt.data, client_view(proof->body), err);
}

shuyu_status shuyu_receipt_verify(const char *log, const shuyu_proof *proof, uint64_t *ret_index,
                                  uint64_t *ret_log_size, shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct proof_inclusion at = {0};
    shuyu_status code = client_give(verify_kept(log, proof, &at, &err), &err, reterr);
    if (code == SHUYU_OK && ret_index != NULL) {
        *ret_index = at.index;
    }
    if (code == SHUYU_OK && ret_log_size != NULL) {
        *ret_log_size = at.tree.size;
    }
    return code;
}
