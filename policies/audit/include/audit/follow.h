/*
 * A verified copy of a log that grows with it. The copy is a folder of the form of an export (audit/export.h),
 * so that whatever reads exports reads it too; new entries come in exports that begin where it ends
 * (`shuyu log export --first N`), or earlier.
 *
 * What is taken continues what is kept, entry for entry: bodies open their leaves, and the leaves of old and
 * new together have the root that the log signed. Then every new decision is replayed. A log that shows
 * something else than it showed before is caught here, and where its own signatures contradict each other,
 * that is kept as evidence (proof/fork.h) in COPY/fork-A-B, A and B the sizes of the two trees.
 *
 * Runs in: the auditor's machine. Trusts: the log's key alone. Holds: nothing secret. May block/alloc: 32
 * bytes of memory an entry, and the folded state. Threads: one. Processes: one a copy, by a lock.
 */
#ifndef AUDIT_FOLLOW_H
#define AUDIT_FOLLOW_H

#include "audit/export.h"
#include "proof/merkle.h"
#include "rules/replay.h"

struct audit_follow;

/* Told of each difference between an entry and these rules. */
struct audit_follow_told {
    void (*difference)(void *ctx, uint64_t entry, const struct sy_event *event,
                       const struct rules_difference *d);
    void *ctx;
};

/*
 * Open a copy, verify and replay what it keeps, and cut off entries that a crash left without their
 * checkpoint. The folder is made when missing. log: NULL = the copy's own log.vkey, and for a new copy that
 * of the first export. SY_E_BUSY (another one follows here), SY_E_TAMPERED, SY_E_DIGEST, SY_E_PROOF,
 * SY_E_SIGNATURE: what is kept does not hold.
 */
SY_MUST sy_status audit_follow_open(const char *dir, const struct proof_vkey *log,
                                    const struct audit_follow_told *told, struct audit_follow **ret,
                                    struct sy_error *reterr);
void audit_follow_close(struct audit_follow *f); /* NULL-safe */

/* Entries kept, and those of them that did not replay. */
uint64_t audit_follow_size(const struct audit_follow *f);
uint64_t audit_follow_mismatches(const struct audit_follow *f);

struct audit_grown {
    uint64_t from, to; /* entries before and after */
    bool wants_all;    /* on SY_E_PROOF: only an export from entry 0 on can show what is wrong */
    char evidence[64]; /* file in the copy, when a fork was proved; else empty */
};

/*
 * Take what an export has beyond the copy. Durable on OK.
 * SY_E_TAMPERED, field "fork": the log signed two histories; ret->evidence. SY_E_ROLLBACK: it shows an older
 * state of the same history, all signatures true. SY_E_PROOF: the entries are not those that the checkpoint
 * signs (see wants_all). SY_E_DENIED: bodies are missing. SY_E_UNSIGNED, SY_E_SIGNATURE, SY_E_DIGEST. The copy is
 * as before then.
 */
SY_MUST sy_status audit_follow_take(struct audit_follow *f, const char *export_dir,
                                    struct audit_grown *ret, struct sy_error *reterr);

/* Consistency of the first `before` of n leaf hashes with the first `after`: 1 <= before <= after <= n.
 * O(after). For evidence. */
void audit_consistency(const uint8_t *hashes, uint64_t before, uint64_t after,
                       struct proof_path *ret);

/* Root of the hashes [from, to); from < to. */
void audit_range_root(const uint8_t *hashes, uint64_t from, uint64_t to,
                      uint8_t ret[PROOF_HASH_BYTES]);

#endif
