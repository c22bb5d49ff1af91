/*
 * The rows of the state, and their keys. `HEX` is 64 lower-case hexadecimal digits.
 *
 *   genesis            sy_genesis                 entry 0, as signed
 *   domain             sy_row_domain              its id = SHA-256("shuyu-domain-1" || genesis)
 *   pack               sy_row_pack                the policy pack in force
 *   witness            sy_row_witness             the witnesses' policy in force
 *   log                sy_row_log                 the log's keys; none: genesis.log alone
 *   log/N              sy_row_handover            N = number of the key that was retired, 20 decimal digits
 *   clock              sy_row_clock               time of the last event
 *   epoch              sy_row_epoch               who leads since the last promotion; none: epoch 1
 *   party/ID           sy_party                   (replica)
 *   dataset/ID         sy_row_dataset
 *   version/DATASET    sy_row_version             the latest published version
 *   scene/DEVELOPER/ID sy_row_scene               its one live proposal or grant
 *   proposal/HEX       sy_row_proposal
 *   grant/HEX          sy_row_grant               (replica) HEX = the proposal's hash
 *   account/HEX        sy_row_account             (replica) what it may use and has used; HEX likewise
 *   deposit/HEX        sy_row_deposits            departments that deposited key shares for it; HEX likewise (rules/custody.h)
 *   model/HEX          sy_row_model               (replica)
 *   budget/NS          sy_row_budget
 *   charge/N           sy_row_charge              N = entry of the charge, 20 decimal digits
 *   answer/N           sy_row_answer              what became of charge N; none: nothing yet
 *   question/HEX       sy_row_question            a stored answer
 *   rerun/N            sy_row_rerun               N = entry of the request that asked for it
 *   nonce/PARTY/HEX    sy_row_nonce               HEX here = 32 digits
 *   region/NS/N        sy_row_region              whom charge N asked about by cell keys (rules/guard.h)
 *   guard/PARTY        sy_row_guard               what the guard refused it
 *
 *   consent/ISSUER/HEX sy_row_consent             a consent token that was used; HEX = 32 digits of its nonce
 *   subject/NS/HEX     sy_row_asked               questions about one subject; HEX = its name (vault/payload.h)
 *   erased/HEX         sy_row_erased              what was kept of one subject is to be destroyed; HEX likewise
 *   asker/PARTY        sy_row_asked               questions about subjects by one developer
 *
 * Units: rho in 1e-9 zCDP, delta in 1e-15, times in UTC seconds. Entries are ledger indexes.
 */
#ifndef RULES_ROWS_H
#define RULES_ROWS_H

#include "wire/event.h"
#include "wire/pack.h"

#define SY_ROW_DOMAIN_FIELDS(F, S, L) F(b32, id, "id", 0)
SY_RECORD(row_domain, SY_ROW_DOMAIN_FIELDS)

/* pack: the canonical sy_pack. */
#define SY_ROW_PACK_FIELDS(F, S, L)                                                                \
    F(u64, entry, "entry", 0)                                                                      \
    F(bin, pack, "pack", 0)
SY_RECORD(row_pack, SY_ROW_PACK_FIELDS)

/* policy: the text as the agency signed it; quorum: it asks for cosignatures at all. */
#define SY_ROW_WITNESS_FIELDS(F, S, L)                                                             \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, policy, "policy", 0)                                                                    \
    F(bool, quorum, "quorum", SY_OPT)
SY_RECORD(row_witness, SY_ROW_WITNESS_FIELDS)

/* See rules/log.h. key: in force, the number-th of the domain's log keys (from 1); next: follows it. stage: single |
 * announced | overlap | closed; asked: the stage that the operator has asked for; entry: of the agency's overlap, or
 * of the close. Of a log that follows a closed one (rules/shard.h): shard: which log of the domain it is (0: the
 * first), base: entries in the logs before it, first: the number of its first key. */
#define SY_ROW_LOG_FIELDS(F, S, L)                                                                 \
    F(str, asked, "asked", SY_OPT)                                                                 \
    F(u64, base, "base", SY_OPT)                                                                   \
    F(u64, entry, "entry", SY_OPT)                                                                 \
    F(u64, first, "first", SY_OPT)                                                                 \
    F(str, key, "key", 0)                                                                          \
    F(str, next, "next", SY_OPT)                                                                   \
    F(u64, number, "number", 0)                                                                    \
    F(u64, shard, "shard", SY_OPT)                                                                 \
    F(str, stage, "stage", 0)
SY_RECORD(row_log, SY_ROW_LOG_FIELDS)

/* checkpoint: signed by both; entry: of the agency's overlap, which it covers. Where `to` is the key of the next log:
 * signed by `from`, and entry, of the close, is the last that it covers. */
#define SY_ROW_HANDOVER_FIELDS(F, S, L)                                                            \
    F(str, checkpoint, "checkpoint", 0)                                                            \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, from, "from", 0)                                                                        \
    F(str, to, "to", 0)
SY_RECORD(row_handover, SY_ROW_HANDOVER_FIELDS)

#define SY_ROW_CLOCK_FIELDS(F, S, L)                                                               \
    F(u64, entry, "entry", SY_OPT)                                                                 \
    F(i64, time, "time", 0)
SY_RECORD(row_clock, SY_ROW_CLOCK_FIELDS)

/* See rules/epoch.h. entry: of the promotion. */
#define SY_ROW_EPOCH_FIELDS(F, S, L)                                                               \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, number, "number", 0)                                                                    \
    F(b32, seat, "seat", 0)
SY_RECORD(row_epoch, SY_ROW_EPOCH_FIELDS)

/* def: the canonical sy_dataset_def as the department signed it; digest = SHA-256(def), which plans
 * and versions name; keys: none or one (protected datasets always have one). */
#define SY_ROW_DATASET_FIELDS(F, S, L)                                                             \
    F(bin, def, "def", 0)                                                                          \
    F(b32, digest, "digest", 0)                                                                    \
    F(u64, entry, "entry", 0)                                                                      \
    L(dataset_keys, keys, "keys", SY_OPT)
SY_RECORD(row_dataset, SY_ROW_DATASET_FIELDS)

#define SY_ROW_VERSION_FIELDS(F, S, L)                                                             \
    F(u64, entry, "entry", 0)                                                                      \
    S(dataset_version, version, "version", 0)
SY_RECORD(row_version, SY_ROW_VERSION_FIELDS)

/* proposal: the scene's last one; grant: the live grant that it would shrink; returns: how often it, and what it
 * replaces, was returned. */
#define SY_ROW_SCENE_FIELDS(F, S, L)                                                               \
    F(b32, grant, "grant", SY_OPT)                                                                 \
    F(b32, proposal, "proposal", 0)                                                                \
    F(u64, returns, "returns", SY_OPT)
SY_RECORD(row_scene, SY_ROW_SCENE_FIELDS)

/* One signed review. step: first_review | consent | final_review | model. */
#define SY_ROW_REVIEW_FIELDS(F, S, L)                                                              \
    F(str, decision, "decision", 0)                                                                \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, party, "party", 0)                                                                      \
    F(str, step, "step", 0)
SY_RECORD(row_review, SY_ROW_REVIEW_FIELDS)

/* proposal: the canonical sy_proposal. status: filed | rejected | returned | granted. Where the pack has a section
 * for scenes: comments: their entries; due: when it lapses if it is still filed then (UTC s); turn: the role that is
 * to act next while it is filed. consent: when it was filed the pack asked for the departments' consent. */
#define SY_ROW_PROPOSAL_FIELDS(F, S, L)                                                            \
    F(u64s, comments, "comments", SY_OPT)                                                          \
    F(bool, consent, "consent", SY_OPT)                                                            \
    F(i64, due, "due", SY_OPT)                                                                     \
    F(u64, entry, "entry", 0)                                                                      \
    F(bin, proposal, "proposal", 0)                                                                \
    L(row_review, reviews, "reviews", SY_OPT)                                                      \
    F(str, status, "status", 0)                                                                    \
    F(str, turn, "turn", SY_OPT)
SY_RECORD(row_proposal, SY_ROW_PROPOSAL_FIELDS)

/* A grant's share of one namespace's budget: spent <= rho, and likewise for delta. */
#define SY_ROW_GRANT_SHARE_FIELDS(F, S, L)                                                         \
    F(u64, cells, "cells", SY_OPT)                                                                 \
    F(u64, cells_spent, "cells_spent", SY_OPT)                                                     \
    F(u64, delta, "delta", SY_OPT)                                                                 \
    F(u64, delta_spent, "delta_spent", SY_OPT)                                                     \
    F(str, ns, "ns", 0)                                                                            \
    F(u64, rho, "rho", SY_OPT)                                                                     \
    F(u64, rho_spent, "rho_spent", SY_OPT)
SY_RECORD(row_grant_share, SY_ROW_GRANT_SHARE_FIELDS)

/* What one party holds a grant for; entry: of its act. */
#define SY_ROW_HOLD_FIELDS(F, S, L)                                                                \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, ground, "ground", 0)                                                                    \
    F(str, party, "party", 0)
SY_RECORD(row_hold, SY_ROW_HOLD_FIELDS)

/* What a grant may use and has used: calls so far; shares: one per unit namespace the datasets touch. Apart from the
 * grant, whose row stays as it is while every run writes this one. */
#define SY_ROW_ACCOUNT_FIELDS(F, S, L)                                                             \
    F(u64, calls, "calls", SY_OPT)                                                                 \
    L(row_grant_share, shares, "shares", SY_OPT)
SY_RECORD(row_account, SY_ROW_ACCOUNT_FIELDS)

/* holds: of a suspended grant, who stopped it and has not lifted that, each party once.
 * status: active | suspended | awaiting (a deposit, after a promotion) | revoked | expired (the last two are
 * final). ground: of the last order; overruns: so far; exposures: reports asked for. */
#define SY_ROW_GRANT_FIELDS(F, S, L)                                                               \
    F(str, developer, "developer", 0)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, exposures, "exposures", SY_OPT)                                                         \
    F(str, ground, "ground", SY_OPT)                                                               \
    L(row_hold, holds, "holds", SY_OPT)                                                            \
    F(u64, overruns, "overruns", SY_OPT)                                                           \
    F(bin, proposal, "proposal", 0)                                                                \
    F(str, status, "status", 0)
SY_RECORD(row_grant, SY_ROW_GRANT_FIELDS)

/* Shares that departments deposited for a proposal or a grant since it was last stopped, each party once: with which
 * entry, in which epoch. No row: none. */
#define SY_ROW_DEPOSIT_FIELDS(F, S, L)                                                             \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, epoch, "epoch", 0)                                                                      \
    F(str, party, "party", 0)
SY_RECORD(row_deposit, SY_ROW_DEPOSIT_FIELDS)
#define SY_ROW_DEPOSITS_FIELDS(F, S, L) L(row_deposit, deposits, "deposits", 0)
SY_RECORD(row_deposits, SY_ROW_DEPOSITS_FIELDS)

/* What a plan reads: the fields of one dataset, each once. */
#define SY_ROW_READS_FIELDS(F, S, L)                                                               \
    F(str, dataset, "dataset", 0)                                                                  \
    F(strs, fields, "fields", 0)
SY_RECORD(row_reads, SY_ROW_READS_FIELDS)

/* status: registered | approved | rejected. def, plan: canonical sy_model_def and sy_plan. */
#define SY_ROW_MODEL_FIELDS(F, S, L)                                                               \
    F(bin, def, "def", 0)                                                                          \
    F(str, developer, "developer", 0)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    F(b32, grant, "grant", 0)                                                                      \
    F(bin, plan, "plan", 0)                                                                        \
    L(row_reads, reads, "reads", 0)                                                                \
    L(row_review, reviews, "reviews", SY_OPT)                                                      \
    F(str, status, "status", 0)
SY_RECORD(row_model, SY_ROW_MODEL_FIELDS)

/* Lifetime account of a namespace: spent + held <= cap at every entry. held: what live grants have
 * reserved and not spent; spent never shrinks. recovered: what the agency gave back in all, which is part
 * of the cap; year: of that, since recover_since; recover_rho, recover_delta: the most that a year may
 * give back, fixed with the cap. */
#define SY_ROW_BUDGET_FIELDS(F, S, L)                                                              \
    F(u64, cap_cells, "cap_cells", SY_OPT)                                                         \
    F(u64, cap_delta, "cap_delta", SY_OPT)                                                         \
    F(u64, cap_rho, "cap_rho", SY_OPT)                                                             \
    F(u64, held_cells, "held_cells", SY_OPT)                                                       \
    F(u64, held_delta, "held_delta", SY_OPT)                                                       \
    F(u64, held_rho, "held_rho", SY_OPT)                                                           \
    F(u64, recover_delta, "recover_delta", SY_OPT)                                                 \
    F(u64, recover_rho, "recover_rho", SY_OPT)                                                     \
    F(i64, recover_since, "recover_since", SY_OPT)                                                 \
    F(u64, recovered_delta, "recovered_delta", SY_OPT)                                             \
    F(u64, recovered_rho, "recovered_rho", SY_OPT)                                                 \
    F(u64, spent_cells, "spent_cells", SY_OPT)                                                     \
    F(u64, spent_delta, "spent_delta", SY_OPT)                                                     \
    F(u64, spent_rho, "spent_rho", SY_OPT)                                                         \
    F(u64, year_delta, "year_delta", SY_OPT)                                                       \
    F(u64, year_rho, "year_rho", SY_OPT)
SY_RECORD(row_budget, SY_ROW_BUDGET_FIELDS)

/* A paid run; the row never changes. params: positions in the declared values; epoch: of its noise, 0 = the first;
 * salt: of the charge (noise); once: of a question about one subject, whose answer is never given to another request. What the run stands on, so that it can be run again long
 * after: pack, published: entries that adopted the pack and published the data versions (in the order of
 * data). spends: with what the grant's shares had left after it. product, fen, month: of a buyer's call: which
 * product, what it is billed, unless it comes to nothing, and in which month (wire/product.h). */
#define SY_ROW_CHARGE_FIELDS(F, S, L)                                                              \
    L(data_ref, data, "data", 0)                                                                   \
    F(u64, epoch, "epoch", SY_OPT)                                                                 \
    F(u64, fen, "fen", SY_OPT)                                                                     \
    F(b32, grant, "grant", 0)                                                                      \
    F(b32, model, "model", 0)                                                                      \
    F(u64, month, "month", SY_OPT)                                                                 \
    F(b16, nonce, "nonce", 0)                                                                      \
    F(bool, once, "once", SY_OPT)                                                                  \
    F(u64, pack, "pack", 0)                                                                        \
    F(u64s, params, "params", SY_OPT)                                                              \
    F(str, party, "party", 0)                                                                      \
    F(b32, product, "product", SY_OPT)                                                             \
    F(u64s, published, "published", SY_OPT)                                                        \
    F(b32, question, "question", 0)                                                                \
    F(b32, salt, "salt", 0)                                                                        \
    L(spend, spends, "spends", 0)
SY_RECORD(row_charge, SY_ROW_CHARGE_FIELDS)

/* entry: of the answer; ok: figures were released, or else the run was refused. */
#define SY_ROW_ANSWER_FIELDS(F, S, L)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    F(bool, ok, "ok", SY_OPT)
SY_RECORD(row_answer, SY_ROW_ANSWER_FIELDS)

/* commit: of the stored answer; charge: its charge's entry; answer: its answer's entry. */
#define SY_ROW_QUESTION_FIELDS(F, S, L)                                                            \
    F(u64, answer, "answer", 0)                                                                    \
    F(u64, charge, "charge", 0)                                                                    \
    F(b32, commit, "commit", 0)
SY_RECORD(row_question, SY_ROW_QUESTION_FIELDS)

/* A re-run that somebody asked for. outcome: match | mismatch | unable, absent while it is open; code: why it
 * could not be run; reran: entry of the outcome. */
#define SY_ROW_RERUN_FIELDS(F, S, L)                                                               \
    F(u64, charge, "charge", 0)                                                                    \
    F(u64, code, "code", SY_OPT)                                                                   \
    F(str, outcome, "outcome", SY_OPT)                                                             \
    F(u64, reran, "reran", SY_OPT)
SY_RECORD(row_rerun, SY_ROW_RERUN_FIELDS)

/* What became of an envelope: entry = the event that recorded it; header = SHA-256 of the header bytes; charge: that
 * event is a charge, and what became of the envelope is what became of it (answer/N). */
#define SY_ROW_NONCE_FIELDS(F, S, L)                                                               \
    F(bool, charge, "charge", SY_OPT)                                                              \
    F(u64, entry, "entry", SY_OPT)                                                                 \
    F(b32, header, "header", 0)
SY_RECORD(row_nonce, SY_ROW_NONCE_FIELDS)

/* One field of a region: which of its values, before any mask, are asked for, and which of them are
 * told apart. seg: triples lo, hi, class, ascending and disjoint, of values (positions of labels;
 * RULES_REGION_NULL: NULL); class RULES_REGION_EACH: each value is told apart from all others. */
#define SY_REGION_DIM_FIELDS(F, S, L)                                                              \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, field, "field", 0)                                                                      \
    F(i64s, seg, "seg", SY_OPT)
SY_RECORD(region_dim, SY_REGION_DIM_FIELDS)

/* The rows that one block asked about: its datasets, and the fields that restrict or divide them, both
 * ascending. A field that is not there is neither restricted nor told apart. */
#define SY_REGION_BOX_FIELDS(F, S, L)                                                              \
    L(region_dim, dims, "dims", SY_OPT)                                                            \
    F(strs, sources, "sources", 0)
SY_RECORD(region_box, SY_REGION_BOX_FIELDS)

/* How many earlier regions of another party this one overlapped. */
#define SY_REGION_NEAR_FIELDS(F, S, L)                                                             \
    F(u64, n, "n", 0)                                                                              \
    F(str, party, "party", 0)
SY_RECORD(region_near, SY_REGION_NEAR_FIELDS)

/* One charge's regions of one namespace; params: positions in the declared values. */
#define SY_ROW_REGION_FIELDS(F, S, L)                                                              \
    L(region_box, boxes, "boxes", 0)                                                               \
    F(b32, grant, "grant", 0)                                                                      \
    F(b32, model, "model", 0)                                                                      \
    L(region_near, near, "near", SY_OPT)                                                           \
    F(u64s, params, "params", SY_OPT)                                                              \
    F(str, party, "party", 0)
SY_RECORD(row_region, SY_ROW_REGION_FIELDS)

/* entry: of the last refusal. */
#define SY_ROW_GUARD_FIELDS(F, S, L)                                                               \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, refused, "refused", 0)
SY_RECORD(row_guard, SY_ROW_GUARD_FIELDS)

/* entry: of the charge that used it. */
#define SY_ROW_CONSENT_FIELDS(F, S, L) F(u64, entry, "entry", 0)
SY_RECORD(row_consent, SY_ROW_CONSENT_FIELDS)

/* n: questions charged in the window number `window` (time / pack.subject.window_s), refused or not. */
#define SY_ROW_ASKED_FIELDS(F, S, L)                                                               \
    F(u64, n, "n", 0)                                                                              \
    F(u64, window, "window", SY_OPT)
SY_RECORD(row_asked, SY_ROW_ASKED_FIELDS)

/* entry: of the erasure; n: payloads that it destroys. */
#define SY_ROW_ERASED_FIELDS(F, S, L)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, n, "n", 0)
SY_RECORD(row_erased, SY_ROW_ERASED_FIELDS)

#define RULES_REGION_NULL INT64_MIN
#define RULES_REGION_EACH INT64_C(-1)

enum { RULES_ID_MAX = 64, RULES_KEY_CAP = 192 };

/* A key as text, NUL-terminated; n = 0 when a part does not fit (no row has the empty key). What stands behind the
 * text is anything: a key is copied and compared by its view, never as a whole. */
struct rules_key {
    size_t n;
    char text[RULES_KEY_CAP + 1];
};

/* "PREFIX" + id, e.g. rules_key_id("party/", id). */
struct rules_key rules_key_id(const char *prefix, struct sy_view id);
/* "PREFIX" + lower-case hex of 32 bytes, e.g. rules_key_hash("grant/", header.grant). */
struct rules_key rules_key_hash(const char *prefix, const uint8_t hash[32]);
/* "PREFIX" + 20 digits; "PREFIX" + id + "/" + 20 digits: what is counted, in order. */
struct rules_key rules_key_number(const char *prefix, uint64_t n);
struct rules_key rules_key_numbered(const char *prefix, struct sy_view id, uint64_t n);
/* The number that such a key ends with. */
uint64_t rules_number_of_key(struct sy_view key);
/* "PREFIX" + 64 hex digits + "/" + party; and, when month is not 0, + "/" + 6 digits: of a product and a party. */
struct rules_key rules_key_of_product(const char *prefix, const uint8_t product[32],
                                      struct sy_view party, uint64_t month);
/* "charge/" + 20 digits. */
struct rules_key rules_key_charge(uint64_t entry);
/* "answer/" + 20 digits: of the charge. */
struct rules_key rules_key_answer(uint64_t charge);
/* "rerun/" + 20 digits. */
struct rules_key rules_key_rerun(uint64_t entry);
/* "log/" + 20 digits. */
struct rules_key rules_key_handover(uint64_t number);
/* "region/NS/" + 20 digits. */
struct rules_key rules_key_region(struct sy_view ns, uint64_t entry);
struct rules_key rules_key_nonce(struct sy_view party, const uint8_t nonce[16]);
/* "consent/ISSUER/" + 32 hex digits; "subject/NS/" + 64. */
struct rules_key rules_key_consent(struct sy_view issuer, const uint8_t nonce[16]);
struct rules_key rules_key_subject(struct sy_view ns, const uint8_t who[32]);
struct rules_key rules_key_scene(struct sy_view developer, struct sy_view scene);

static inline struct sy_view rules_key_view(const struct rules_key *k)
{
    return sy_view(k->text, k->n);
}

/* Every row record, for tests and fuzzers. */
extern const struct sy_desc *const rules_rows[];
extern const size_t rules_n_rows;

#endif
