/*
 * Identifiers and commitments. Every part behind the context string but the last has a fixed
 * length, so two different inputs never hash the same bytes.
 */
#include "proof/ids.h"

void proof_domain_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view genesis)
{
    PROOF_SHA256(ret, "shuyu-domain-1", genesis);
}

void proof_grant_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view proposal)
{
    PROOF_SHA256(ret, "shuyu-proposal-1", proposal);
}

void proof_model_id(uint8_t ret[PROOF_HASH_BYTES], const uint8_t grant[PROOF_HASH_BYTES],
                    struct sy_view plan, struct sy_view model_def)
{
    uint8_t plan_hash[PROOF_HASH_BYTES];
    uint8_t def_hash[PROOF_HASH_BYTES];
    proof_sha256_one(plan_hash, plan);
    proof_sha256_one(def_hash, model_def);
    PROOF_SHA256(ret, "shuyu-model-1", sy_view(grant, PROOF_HASH_BYTES),
                 sy_view(plan_hash, sizeof(plan_hash)), sy_view(def_hash, sizeof(def_hash)));
}

void proof_announcement_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view announcement)
{
    PROOF_SHA256(ret, "shuyu-announcement-1", announcement);
}

void proof_qualify_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view application)
{
    PROOF_SHA256(ret, "shuyu-qualify-1", application);
}

void proof_agreement_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view agreement)
{
    PROOF_SHA256(ret, "shuyu-agreement-1", agreement);
}

void proof_product_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view product)
{
    PROOF_SHA256(ret, "shuyu-product-1", product);
}

void proof_answer_commit(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_HASH_BYTES],
                         struct sy_view answer)
{
    PROOF_SHA256(ret, "shuyu-answer-1", sy_view(salt, PROOF_HASH_BYTES), answer);
}
