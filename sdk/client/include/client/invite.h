/*
 * The invitation file: one canonical record. It is what an invited party trusts.
 */
#ifndef CLIENT_INVITE_H
#define CLIENT_INVITE_H

#include "client/profile.h"
#include "wire/methods.h"

/* invite: canonical sy_invite; sig: the agency's Ed25519 signature over those bytes. */
#define SY_INVITE_FILE_FIELDS(F, S, L)                                                             \
    F(bin, invite, "invite", 0)                                                                    \
    F(bin, sig, "sig", 0)
SY_RECORD(invite_file, SY_INVITE_FILE_FIELDS)

enum { CLIENT_INVITE_LIFE_MAX_S = 90 * 86400 };
#define CLIENT_INVITE_CONTEXT "shuyu-invite-1"

/* An invitation file and what it says. */
struct client_invite {
    struct sy_invite_file file;
    struct sy_invite says;
};

/* Decode an invitation and judge what can be judged without the agency's key: form, context, the
 * party, expiry at now_s. Views point into bytes. SY_E_FIELD, SY_E_PARTY, SY_E_EXPIRED, errors of
 * sy_record_decode. */
SY_MUST sy_status client_invite_parse(struct sy_view bytes, const char *party, int64_t now_s,
                                      struct sy_arena *arena, struct client_invite *ret,
                                      struct sy_error *err);

#endif
