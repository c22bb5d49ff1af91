/*
 * Envelopes and replies: what every request but status.ping wears (DESIGN section 2).
 *
 * A call is [0, id, method, [envelope]] where `envelope` is bin: the canonical sy_envelope record.
 * Signed message = the canonical header bytes (the header carries its context string). Body = sealed
 * box (suite 1: X25519 + XSalsa20-Poly1305, libsodium crypto_box_seal) to the domain's box key, over
 * a canonical sy_body. header.body = SHA-256("shuyu-args-1" || salt || SHA-256(args) ||
 * SHA-256(secret)). The log keeps args, salt and SHA-256(secret), so that a replayer re-checks the
 * signature without ever seeing a secret. The nonce is the request's identifier.
 * A result is bin: a sealed box to the party's box key over sodium_pad(canonical sy_reply, length),
 * where the length is fixed by the method, or for runs by the plan. A sealed box does not say who
 * closed it, so the warden signs what is inside: reply.sig = Ed25519 of the domain's warden key
 * (genesis.warden) over "shuyu-reply-1" || SHA-256(header bytes of the request) || SHA-256(canonical
 * sy_reply without sig). The header names party, domain, method and nonce: a signed reply answers
 * that one request and no other.
 */
#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include "wire/schema.h"

#define SY_REQUEST_CONTEXT "shuyu-request-1"
#define SY_REPLY_CONTEXT   "shuyu-reply-1"
enum { SY_SUITE_INTL = 1, SY_REPLY_BLOCK = 1024, SY_ENVELOPE_LIFE_MAX_S = 3600 };

#define SY_SIGNATURE_FIELDS(F, S, L)                                                               \
    F(b32, key, "key", 0)                                                                          \
    F(bin, sig, "sig", 0)
SY_RECORD(signature, SY_SIGNATURE_FIELDS)

#define SY_HEADER_FIELDS(F, S, L)                                                                  \
    F(b32, body, "body", 0)                                                                        \
    F(str, ctx, "ctx", 0)                                                                          \
    F(b32, domain, "domain", 0)                                                                    \
    F(i64, expiry, "expiry", 0)                                                                    \
    F(b32, grant, "grant", SY_OPT)                                                                 \
    F(str, method, "method", 0)                                                                    \
    F(b16, nonce, "nonce", 0)                                                                      \
    F(str, party, "party", 0)                                                                      \
    F(b32, subject, "subject", SY_OPT)                                                             \
    F(u64, suite, "suite", 0)
SY_RECORD(header, SY_HEADER_FIELDS)

#define SY_ENVELOPE_FIELDS(F, S, L)                                                                \
    F(bin, body, "body", 0)                                                                        \
    F(bin, header, "header", 0)                                                                    \
    L(signature, sigs, "sigs", SY_OPT)
SY_RECORD(envelope, SY_ENVELOPE_FIELDS)

#define SY_BODY_FIELDS(F, S, L)                                                                    \
    F(bin, args, "args", 0)                                                                        \
    F(b32, salt, "salt", 0)                                                                        \
    F(bin, secret, "secret", SY_OPT)
SY_RECORD(body, SY_BODY_FIELDS)

/* Proof that the outcome is entry `index` of the log: body + salt give the leaf, receipt is a
 * c2sp.org/tlog-proof@v1 text. */
#define SY_ENTRY_PROOF_FIELDS(F, S, L)                                                             \
    F(bin, body, "body", 0)                                                                        \
    F(u64, index, "index", SY_OPT)                                                                 \
    F(bin, leaf, "leaf", 0)                                                                        \
    F(str, receipt, "receipt", 0)                                                                  \
    F(b32, salt, "salt", 0)
SY_RECORD(entry_proof, SY_ENTRY_PROOF_FIELDS)

/* error (code name) "" = success. `proofs` has the entry that records it; of a run charge and answer,
 * and third, when an answer is given again, this request's own entry. nonce: the request's. sig: 64
 * bytes, always there in a reply that counts; absent only from the bytes it signs.
 * cosigned: with proofs, the newest checkpoint that a quorum of the domain's witnesses has cosigned, with
 * their lines (docs/witness.md), and cosigned_time the earliest time that a fresh one of them states; entries
 * from its size on are the exposed window: only the domain vouches for them yet. Absent: no quorum so far. When it
 * covers all entries of `proofs`, their receipts are against this very checkpoint. */
#define SY_REPLY_FIELDS(F, S, L)                                                                   \
    F(str, cosigned, "cosigned", SY_OPT)                                                           \
    F(u64, cosigned_time, "cosigned_time", SY_OPT)                                                 \
    F(str, error, "error", SY_OPT)                                                                 \
    F(str, field, "field", SY_OPT)                                                                 \
    F(b16, nonce, "nonce", SY_OPT)                                                                 \
    L(entry_proof, proofs, "proofs", SY_OPT)                                                       \
    F(str, reason, "reason", SY_OPT)                                                               \
    F(bin, result, "result", SY_OPT)                                                               \
    F(bin, sig, "sig", SY_OPT)
SY_RECORD(reply, SY_REPLY_FIELDS)

#endif
