/*
 * Staff of a party: the people who act for it, each with keys of their own (docs/scheme/staff.md). The first
 * three duties are those of the separated administrators; whoever has `business` does the rest.
 *   system 系统管理员   keys and staff            security 安全管理员   stops, incidents, reviews of risk, training
 *   audit  审计管理员   reads the log             business 业务          everything else
 *
 * Source: scheme articles 9 (roles), 24 (who did what), 25 (training, confidentiality).
 */
#ifndef WIRE_STAFF_H
#define WIRE_STAFF_H

#include "wire/schema.h"

#define SY_STAFF_CONTEXT "shuyu-staff-invite-1"
#define SY_STAFF_DUTIES  "audit business security system"

/* A member, as the rota keeps it; row staff/PARTY/ID. id is never used again. duties: ascending. confidential: SHA-256
 * of the signed confidentiality agreement (zero: none was filed). course, trained_until: the last training on
 * record and how long it counts, UTC s. status: active | revoked. entry: of the enrolment. */
#define SY_STAFF_FIELDS(F, S, L)                                                                   \
    F(b32, box, "box", 0)                                                                          \
    F(b32, confidential, "confidential", SY_OPT)                                                   \
    F(str, course, "course", SY_OPT)                                                               \
    F(strs, duties, "duties", 0)                                                                   \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, id, "id", 0)                                                                            \
    F(str, name, "name", 0)                                                                        \
    F(str, party, "party", 0)                                                                      \
    F(b32, sign, "sign", 0)                                                                        \
    F(str, status, "status", 0)                                                                    \
    F(b32, tls, "tls", 0)                                                                          \
    F(i64, trained_until, "trained_until", SY_OPT)
SY_RECORD(staff, SY_STAFF_FIELDS)

/* Whose a key is that no row party/ holds: a member's, or one that a party or member had before; row key/HEX, of the
 * signing key, the box key, or the certificate's fingerprint. It stays for ever, so that none is ever used again. staff:
 * the member; empty: the party's own. use: sign | box | tls. live: it counts. entry: that brought or retired it. */
#define SY_HELD_KEY_FIELDS(F, S, L)                                                                \
    F(u64, entry, "entry", 0)                                                                      \
    F(bool, live, "live", SY_OPT)                                                                  \
    F(str, party, "party", 0)                                                                      \
    F(str, staff, "staff", SY_OPT)                                                                 \
    F(str, use, "use", 0)
SY_RECORD(held_key, SY_HELD_KEY_FIELDS)

/* An invitation to join a party, signed over its canonical bytes by a member with the duty `system` or by the party's
 * own key; ctx = SY_STAFF_CONTEXT. As the invitation of a party (wire/methods.h), it tells the invited what to pin. */
#define SY_STAFF_INVITE_FIELDS(F, S, L)                                                            \
    F(b32, box, "box", 0)                                                                          \
    F(b32, confidential, "confidential", SY_OPT)                                                   \
    F(str, ctx, "ctx", 0)                                                                          \
    F(b32, domain, "domain", 0)                                                                    \
    F(strs, duties, "duties", 0)                                                                   \
    F(i64, expiry, "expiry", 0)                                                                    \
    F(str, id, "id", 0)                                                                            \
    F(str, log, "log", 0)                                                                          \
    F(str, name, "name", 0)                                                                        \
    F(b16, nonce, "nonce", 0)                                                                      \
    F(str, party, "party", 0)                                                                      \
    F(str, role, "role", 0)                                                                        \
    F(b32, warden, "warden", 0)
SY_RECORD(staff_invite, SY_STAFF_INVITE_FIELDS)

/* staff.enrol: signed by the new key `sign`; header.party = invite.party. invite_key: who signed the invitation. */
#define SY_STAFF_ENROL_FIELDS(F, S, L)                                                             \
    F(b32, box, "box", 0)                                                                          \
    F(bin, invite, "invite", 0)                                                                    \
    F(b32, invite_key, "invite_key", 0)                                                            \
    F(bin, invite_sig, "invite_sig", 0)                                                            \
    F(b32, sign, "sign", 0)                                                                        \
    F(b32, tls, "tls", 0)
SY_RECORD(staff_enrol, SY_STAFF_ENROL_FIELDS)

/* staff.revoke: for good. */
#define SY_STAFF_REVOKE_FIELDS(F, S, L)                                                            \
    F(str, id, "id", 0)                                                                            \
    F(str, text, "text", SY_OPT)
SY_RECORD(staff_revoke, SY_STAFF_REVOKE_FIELDS)

/* staff.train: `course` counts until `until`; confidential: digest of the agreement, when it is filed now. */
#define SY_STAFF_TRAIN_FIELDS(F, S, L)                                                             \
    F(b32, confidential, "confidential", SY_OPT)                                                   \
    F(str, course, "course", 0)                                                                    \
    F(str, id, "id", 0)                                                                            \
    F(i64, until, "until", 0)
SY_RECORD(staff_train, SY_STAFF_TRAIN_FIELDS)

/* staff.rotate (a member's keys), party.rotate (a party's own): signed by the old key and by `sign`. */
#define SY_NEW_KEYS_FIELDS(F, S, L)                                                                \
    F(b32, box, "box", 0)                                                                          \
    F(b32, sign, "sign", 0)                                                                        \
    F(b32, tls, "tls", 0)
SY_RECORD(new_keys, SY_NEW_KEYS_FIELDS)

/* party.revoke (agency): ends a party's enrolment for good; a developer's grants are revoked with it. */
#define SY_PARTY_REVOKE_FIELDS(F, S, L)                                                            \
    F(str, ground, "ground", 0)                                                                    \
    F(str, party, "party", 0)                                                                      \
    F(str, text, "text", SY_OPT)
SY_RECORD(party_revoke, SY_PARTY_REVOKE_FIELDS)

#endif
