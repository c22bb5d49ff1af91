/*
 * The ledger's records. A public leaf is the canonical array
 *   [1, type, UTC day, SHA-256("shuyu-body-1" || salt32 || body)]
 * and `body` is a canonical sy_event. decide() reads (state, request, inputs); what it was given and
 * what it answered is all here, so a replayer needs nothing else (DESIGN section 3).
 */
#ifndef WIRE_EVENT_H
#define WIRE_EVENT_H

#include "wire/methods.h"
#include "wire/own.h"

enum { SY_EVENT_SCHEMA = 1, SY_RULES_VERSION = 2, SY_LEAF_SCHEMA = 1 };

/* The signed request as the log keeps it (the secret itself is not kept). */
#define SY_LOGGED_REQUEST_FIELDS(F, S, L)                                                          \
    F(bin, args, "args", 0)                                                                        \
    F(bin, header, "header", 0)                                                                    \
    F(b32, salt, "salt", 0)                                                                        \
    F(b32, secret, "secret", SY_OPT)                                                               \
    L(signature, sigs, "sigs", SY_OPT)
SY_RECORD(logged_request, SY_LOGGED_REQUEST_FIELDS)

/* A dataset's public key and the commitments to the shares of its private key, platform's and custodian's:
 * SHA-256("shuyu-share-1" || share32). department: where there is a third share, which the dataset's department
 * holds (wire/custody.h): SHA-256("shuyu-share-department-1" || share32). */
#define SY_DATASET_KEYS_FIELDS(F, S, L)                                                            \
    F(b32, custodian, "custodian", 0)                                                              \
    F(b32, department, "department", SY_OPT)                                                       \
    F(b32, platform, "platform", 0)                                                                \
    F(b32, pub, "pub", 0)
SY_RECORD(dataset_keys, SY_DATASET_KEYS_FIELDS)

/* What the warden adds to a request; recorded so that decide() is a pure function of the log.
 *   time        UTC s, never less than the entry before            (every event)
 *   tls         fingerprint of the connection, zero on the local socket
 *   keys        dataset.define, own.define: the key pair made for it
 *   share_ok    consent / final review / resume: the sender's shares fit the ledger's commitments
 *   plan        model.register: the lowered plan; empty when lowering failed, with `lower` the error
 *   salt, data  model.run: fresh random salt of the charge, data versions it will read
 *   early       code the gateway refused with, re-decided here; 0 = none
 *   version     dataset.publish (warden): the finished version
 *   own         own.put: what the warden holds with this part
 *   log         log.rotate, announce: vkey of the key made for it
 *   checkpoint  log.rotate, retire: the newest checkpoint, signed by the old key and the new one
 *   subject     subject.ask, payload.erase: what opening its secret gave; none when it did not open
 *   charge      job.answer (warden): entry of the charge; outcome: ok | refused;
 *               commit = SHA-256("shuyu-answer-1" || salt || canonical answer) */
#define SY_LOWER_ERROR_FIELDS(F, S, L)                                                             \
    F(str, code, "code", 0)                                                                        \
    F(str, field, "field", SY_OPT)                                                                 \
    F(str, reason, "reason", 0)
SY_RECORD(lower_error, SY_LOWER_ERROR_FIELDS)

/* opens: identifier and salt open the token's subject commitment; asserted_ok: so do the asserted values
 * theirs, and each is one that its parameter allows; who: the subject's name in the namespace of
 * the model's unit, drawn at random when it is first asked about and linked to it by a key that can be
 * destroyed (vault/payload.h); kept: of payload.erase, how many payloads there are. None of it depends on
 * data. */
#define SY_SUBJECT_INPUTS_FIELDS(F, S, L)                                                          \
    F(bool, asserted_ok, "asserted_ok", SY_OPT)                                                    \
    F(u64, kept, "kept", SY_OPT)                                                                   \
    F(bool, opens, "opens", SY_OPT)                                                                \
    F(b32, who, "who", SY_OPT)
SY_RECORD(subject_inputs, SY_SUBJECT_INPUTS_FIELDS)

#define SY_INPUTS_FIELDS(F, S, L)                                                                  \
    F(u64, charge, "charge", SY_OPT)                                                               \
    F(str, checkpoint, "checkpoint", SY_OPT)                                                       \
    F(b32, commit, "commit", SY_OPT)                                                               \
    L(data_ref, data, "data", SY_OPT)                                                              \
    F(u64, early, "early", SY_OPT)                                                                 \
    L(dataset_keys, keys, "keys", SY_OPT)                                                          \
    F(str, log, "log", SY_OPT)                                                                     \
    L(lower_error, lower, "lower", SY_OPT)                                                         \
    F(str, outcome, "outcome", SY_OPT)                                                             \
    L(own_staged, own, "own", SY_OPT)                                                              \
    F(bin, plan, "plan", SY_OPT)                                                                   \
    F(b32, salt, "salt", SY_OPT)                                                                   \
    F(bool, share_ok, "share_ok", SY_OPT)                                                          \
    L(subject_inputs, subject, "subject", SY_OPT)                                                  \
    F(i64, time, "time", 0)                                                                        \
    F(b32, tls, "tls", SY_OPT)                                                                     \
    L(dataset_version, version, "version", SY_OPT)
SY_RECORD(inputs, SY_INPUTS_FIELDS)
/* (lists used as "zero or one" for sub-records that may be absent) */

/* verdict: code 0 = allowed; else a refusal that is itself logged (type "refuse"). spends:
 * what a charge cost; stored: the answer entry returned again at no charge, as entry + 1; fen: what a buyer's call is
 * billed (wire/product.h). */
#define SY_VERDICT_FIELDS(F, S, L)                                                                 \
    F(u64, code, "code", SY_OPT)                                                                   \
    F(u64, fen, "fen", SY_OPT)                                                                     \
    F(str, field, "field", SY_OPT)                                                                 \
    F(str, reason, "reason", SY_OPT)                                                               \
    L(spend, spends, "spends", SY_OPT)                                                             \
    F(u64, stored, "stored", SY_OPT)
SY_RECORD(verdict, SY_VERDICT_FIELDS)

#define SY_EVENT_FIELDS(F, S, L)                                                                   \
    S(inputs, inputs, "inputs", 0)                                                                 \
    S(logged_request, request, "request", 0)                                                       \
    F(u64, rules, "rules", 0)                                                                      \
    F(u64, schema, "schema", 0)                                                                    \
    F(b32, state, "state", 0)                                                                      \
    F(str, type, "type", 0)                                                                        \
    S(verdict, verdict, "verdict", 0)
SY_RECORD(event, SY_EVENT_FIELDS)

/* Entry 0: args of the genesis request, which the agency and the operator both sign (their keys are
 * made elsewhere). Domain id = SHA-256("shuyu-domain-1" || canonical genesis). warden: the key that
 * signs the warden's own acts and its replies; box: the domain's X25519 key; log: vkey of the checkpoints. */
#define SY_GENESIS_FIELDS(F, S, L)                                                                 \
    S(party, agency, "agency", 0)                                                                  \
    F(b32, box, "box", 0)                                                                          \
    F(str, log, "log", 0)                                                                          \
    F(str, name, "name", 0)                                                                        \
    S(party, operator_, "operator", 0)                                                             \
    F(str, purpose, "purpose", 0)                                                                  \
    F(i64, time, "time", 0)                                                                        \
    F(b32, warden, "warden", 0)
SY_RECORD(genesis, SY_GENESIS_FIELDS)

#endif
