/*
 * Which key vouches for an exported log, when the auditor knows an older one: the hand-overs in the log
 * itself lead from the one to the other (proof/handover.h).
 *
 * Runs in: the auditor's machine. Trusts: the key it is given. Threads: one.
 */
#ifndef AUDIT_LOG_KEY_H
#define AUDIT_LOG_KEY_H

#include "audit/export.h"

/*
 * The key under which the export's checkpoint is to be verified, from the one that is trusted: that same key
 * when it signed the checkpoint or no key handed over, else the last one that it leads to. Each hand-over is
 * verified: the agency's order and the entry that retires the key open their leaves, and the checkpoint
 * kept there is signed by both keys and has the root of the entries before it. Needs their bodies (auditor
 * or agency). O(entries) when the key was changed. That the export as a whole holds is audit_verify's to say.
 * SY_E_PROOF, SY_E_SIGNATURE, SY_E_DIGEST, SY_E_UNSIGNED...: a hand-over does not hold; *key unchanged.
 */
SY_MUST sy_status audit_log_key(const struct audit_export *x, struct proof_vkey *key,
                                struct sy_error *reterr);

#endif
