/*
 * From an invitation to an enrolled, pinned profile: what joining as a party and joining a party's staff share.
 *
 * Runs in: SDK. Trusts: the invitation. May block: on the network. Threads: one at a time.
 */
#ifndef CLIENT_JOIN_H
#define CLIENT_JOIN_H

#include "client/profile.h"

/* An invitation, as it was read; everything is borrowed. */
struct client_join {
    const char *method; /* party.enrol, staff.enrol */
    struct sy_view role, log;
    const uint8_t *domain, *box, *warden; /* 32 bytes each: to be pinned */
    const char *staff;                    /* the member's id; NULL: the party itself */
    const char *address;
    struct sy_view args; /* canonical, of the method */
};

/*
 * Pin in memory, connect, ask, verify, and only then pin on disk; on failure the pins are as before. A refusal
 * because it is enrolled already, in a reply sealed to this very box key, is success: an earlier one was lost on the
 * way. SY_E_FIELD, errors of a call.
 */
SY_MUST sy_status client_join(shuyu_profile *p, const struct client_join *j, struct sy_error *err);

/* May this be asked of an inviting profile: pinned, an identifier, a name, a life? SY_E_STATE, SY_E_FIELD. */
SY_MUST sy_status client_invite_sound(const shuyu_profile *p, const char *id, const char *name,
                                      int64_t lifetime_s, struct sy_error *err);

#endif
