/*
 * Identifiers and commitments: each is SHA-256 over its own context string, so that no value of
 * one kind can be passed off as another. Inputs are canonical bytes or fixed 32-byte values.
 *
 * Runs in: warden, SDK, auditor, rules. Trusts: nobody. Holds: nothing. May block/alloc: as
 * proof_sha256. Threads: pure functions. Source: wire/methods.h, wire/event.h, DESIGN section 2.
 */
#ifndef PROOF_IDS_H
#define PROOF_IDS_H

#include "proof/hash.h"

/* SHA-256("shuyu-domain-1" || canonical sy_genesis). */
void proof_domain_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view genesis);

/* SHA-256("shuyu-proposal-1" || canonical sy_proposal): also the grant's id and the associated data
 * of its key shares. */
void proof_grant_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view proposal);

/* SHA-256("shuyu-model-1" || grant || SHA-256(plan) || SHA-256(canonical sy_model_def)). */
void proof_model_id(uint8_t ret[PROOF_HASH_BYTES], const uint8_t grant[PROOF_HASH_BYTES],
                    struct sy_view plan, struct sy_view model_def);

/* SHA-256("shuyu-announcement-1" || canonical sy_announcement), SHA-256("shuyu-qualify-1" || canonical
 * sy_qualify_apply), SHA-256("shuyu-agreement-1" || canonical sy_agreement): wire/qualify.h. */
void proof_announcement_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view announcement);
void proof_qualify_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view application);
void proof_agreement_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view agreement);

/* SHA-256("shuyu-product-1" || canonical sy_product). */
void proof_product_id(uint8_t ret[PROOF_HASH_BYTES], struct sy_view product);

/* SHA-256("shuyu-answer-1" || salt || canonical sy_answer); salt: 32 bytes, the charge's. */
void proof_answer_commit(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_HASH_BYTES],
                         struct sy_view answer);

#endif
