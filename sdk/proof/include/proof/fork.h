/*
 * Evidence that a log forked: two checkpoints that it signed and that cannot both be true, in one file
 * that anyone who holds the log's key can check.
 *
 *   shuyu-fork@v1
 *   first <bytes>               of the first note, that of the smaller tree, or of an equal one
 *   second <bytes>
 *   <base64 hash>               consistency path from the first size to the second; none for equal sizes
 *   ...
 *                               (blank line)
 *   <first note><second note>
 *
 * The path leads to the second root and shows what the second tree has as its first leaves; that root is
 * not the one which the log signed as the first.
 *
 * Runs in: witness (makes), auditor and anybody (verify). Trusts: nobody but the pinned log keys.
 * Holds: nothing. May block/alloc: allocates briefly. Threads: pure functions.
 * Source: reference/audit-log 3 ("two signed inconsistent checkpoints are a portable proof").
 */
#ifndef PROOF_FORK_H
#define PROOF_FORK_H

#include "proof/merkle.h"
#include "proof/note.h"

enum { PROOF_FORK_MAX = 1 << 18 }; /* bytes of the evidence */

/* Evidence in its parts; views of notes. */
struct proof_fork {
    struct sy_view first;
    struct sy_view second;
    struct proof_path path;
};

/* Append the text. The caller vouches for its meaning. SY_E_FIELD (no notes), SY_E_LIMIT, SY_E_NO_MEMORY:
 * buffer unchanged. */
SY_MUST sy_status proof_fork_format(const struct proof_fork *fork, struct sy_buf *b);

/* Parse, strictly, without verifying anything. SY_E_FIELD, SY_E_LIMIT; *ret untouched then. */
SY_MUST sy_status proof_fork_parse(struct sy_view text, struct proof_fork *ret,
                                   struct sy_error *reterr);

/*
 * Did the log with one of these keys (of one origin) sign two trees of which neither is a prefix of the
 * other? OK: it did, beyond doubt. SY_E_FIELD, SY_E_LIMIT (no evidence file), SY_E_UNSIGNED, SY_E_SIGNATURE
 * (not signed by this log), SY_E_PROOF (the two are consistent, of another log, or the path shows nothing).
 */
SY_MUST sy_status proof_fork_verify(struct sy_view text, const struct proof_vkey *keys,
                                    size_t n_keys, struct sy_error *reterr);

#endif
