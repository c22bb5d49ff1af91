/*
 * People of a party: where the domain's pack has a rota of staff, they sign by keys of their own. A profile of a member
 * names the party and, in shuyu_profile_staff, the member; everything of shuyu.h is called with it as with a party's.
 * Once a party has members, its own key only signs for keys and staff; it belongs in a safe.
 *
 * Results, ownership and threads: as in shuyu.h.
 * Source: docs/scheme/staff.md; scheme articles 9, 24, 25.
 */
#ifndef SHUYU_STAFF_H
#define SHUYU_STAFF_H

#include <shuyu/shuyu.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which party is this invitation to, be it as a party or to its staff? ret: NUL-terminated. SHUYU_E_FIELD,
 * SHUYU_E_NOT_CANONICAL. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_invitation_party(shuyu_bytes invitation, char ret[65],
                                                         shuyu_error *reterr);

/* Whom a profile invites. */
typedef struct shuyu_staff_invitation {
    const char *id;            /* identifier of the member within the party, never used again */
    const char *name;          /* of the person, 1..256 bytes */
    const char *const *duties; /* n_duties of: audit business security system; ascending */
    size_t n_duties;
    const uint8_t *
        confidential; /* 32 bytes: SHA-256 of the signed confidentiality agreement; NULL: none yet */
    int64_t lifetime_s; /* 1 s .. 90 days from now */
} shuyu_staff_invitation;

/* Sign an invitation to the staff of this profile's party, with a member's profile that has the duty `system`, or
 * with the party's own. It is what the invited will trust: hand it over so that it cannot be changed on the way.
 * SHUYU_E_STATE (not pinned), SHUYU_E_FIELD, _NO_MEMORY. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_staff_invite(const shuyu_profile *inviter,
                                                     const shuyu_staff_invitation *what,
                                                     shuyu_buffer *ret, shuyu_error *reterr);

/* Join the staff: as shuyu_enrol, with a profile that was created for the party (shuyu_invitation_party). */
SHUYU_MUST SHUYU_API shuyu_status shuyu_staff_enrol(shuyu_profile *p, shuyu_bytes invitation,
                                                    const char *address, shuyu_error *reterr);

/*
 * Give the profile other keys and another certificate: a member's by staff.rotate, a party's own by party.rotate, signed by
 * the old key and the new one. address NULL = the pinned one. The
 * old keys are replaced when the domain's answer is verified; the old box key goes into custody. After any failure the
 * same call goes on with the same new keys. No session may be using the profile. Errors of shuyu_open and shuyu_call.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_rotate(shuyu_profile *p, const char *address,
                                               shuyu_error *reterr);

/*
 * Custody: shares of datasets' keys are sealed to the party's own box key. To let a member open them, seal that key (and
 * those kept from before) to the member's box key, with the party's own profile; the member's profile takes it.
 * box: 32 bytes, as the rota names them. SHUYU_E_FIELD, SHUYU_E_SEAL, SHUYU_E_PARTY, SHUYU_E_LIMIT, SHUYU_E_IO.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_custody_give(const shuyu_profile *own, const uint8_t *box,
                                                     shuyu_buffer *ret, shuyu_error *reterr);
SHUYU_MUST SHUYU_API shuyu_status shuyu_custody_take(const shuyu_profile *member,
                                                     shuyu_bytes sealed, shuyu_error *reterr);

/*
 * For acts that two people sign (the pack's two_person): make the request, signed by this profile, as a file that a second
 * profile of the same party signs with shuyu_sign_logged_request, and that either sends. It is good for an hour. Header
 * and arguments are there to be read; a secret is sealed to the domain. Errors of a call that are found before it is sent.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_prepare(const shuyu_profile *p,
                                                const shuyu_request *request, shuyu_buffer *ret,
                                                shuyu_error *reterr);

/* Send it, as shuyu_call does, with a session of one of those who signed. SHUYU_E_UNSIGNED: this profile has not. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_send_prepared(shuyu_session *s, shuyu_bytes prepared,
                                                      shuyu_reply **ret, shuyu_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
