/*
 * Whom this profile counts as witnesses of the domain's log: the file `witnesses` in its folder, a
 * c2sp.org/tlog-policy text, optional; and what it makes of a cosigned checkpoint.
 *
 * Runs in: SDK. Trusts: the profile's folder; what a domain sends is judged by the policy alone.
 * Holds: the parsed policy. May block: on the file. Threads: pure functions over a profile.
 */
#ifndef CLIENT_WITNESSES_H
#define CLIENT_WITNESSES_H

#include "client/profile.h"
#include "client/reply.h"
#include "proof/policy.h"

struct client_witnesses {
    struct sy_arena arena; /* of the text and the policy */
    struct proof_policy policy;
};

/* Read the file into p->witnesses; none is no error. SY_E_FIELD with the line, SY_E_IO, SY_E_NO_MEMORY. */
SY_MUST sy_status client_witnesses_load(struct shuyu_profile *p, struct sy_error *err);
void client_witnesses_free(struct shuyu_profile *p);

/*
 * Does a quorum of the profile's policy stand under this checkpoint of the pinned log? Cosignatures of
 * any time count: a witness cannot have cosigned, earlier, what was logged only now. False in *ret_met
 * without a policy, and when the policy asks for no cosignature at all. SY_E_SIGNATURE and others of
 * proof_policy_judge when the note does not hold.
 */
SY_MUST sy_status client_witnesses_judge(const struct shuyu_profile *p, struct sy_view note,
                                         struct proof_checkpoint *ret, bool *ret_met,
                                         struct sy_error *err);

/* What a reply says of witnesses, verified: fills r->witnessed. SY_E_ROLLBACK (the cosigned checkpoint and a
 * receipt's are two logs of one size), SY_E_FIELD, SY_E_UNSIGNED, SY_E_SIGNATURE, SY_E_PROOF. */
SY_MUST sy_status client_verify_witnessed(const struct client_call *c, shuyu_reply *r,
                                          struct sy_error *err);

#endif
