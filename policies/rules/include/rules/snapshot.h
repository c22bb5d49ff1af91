/*
 * A state as bytes, so that it need not be folded again: one canonical MessagePack map
 *
 *   { "digest": bin, the running digest,  "rows": { key: bin, ... } in key order,  "rules": version }
 *
 * Equal states give equal bytes, on every machine: an auditor who replays a log can compare. What is
 * read here is believed only under a signed note that names its SHA-256 (proof/snapshot.h).
 *
 * Runs in: warden, audit tool. Trusts: nothing: rows may come from a disk that somebody wrote to.
 * Holds: no secret. May block/alloc: allocates; sink and source may block. Threads: writing only reads the
 * state, and may be done by another thread than the owner's, of a clone (rules/state.h).
 * Source: DESIGN section 3; docs/internals.md "Snapshots".
 */
#ifndef RULES_SNAPSHOT_H
#define RULES_SNAPSHOT_H

#include "rules/state.h"

/* Takes the next bytes (1 byte to about 9 MiB, borrowed); any status but OK ends the writing and is handed up. */
typedef sy_status (*rules_snapshot_sink)(void *ctx, struct sy_view bytes);

/* Write the state. Errors of the sink, SY_E_NO_MEMORY, SY_E_INTERNAL (a key that is no text). */
SY_MUST sy_status rules_snapshot_write(const struct rules_state *s, rules_snapshot_sink sink,
                                       void *ctx);

/* At most so many bytes will be written. */
uint64_t rules_snapshot_bytes(const struct rules_state *s);

/* Gives exactly the next n bytes (1 <= n <= RULES_VALUE_MAX), borrowed until the next call;
 * SY_E_TAMPERED when there are not so many left. */
typedef sy_status (*rules_snapshot_source)(void *ctx, size_t n, struct sy_view *ret);

/*
 * Read a state; the caller owns *ret, and sees to it that nothing is left in the source and that the
 * digest of the bytes is the one that was signed.
 * SY_E_TAMPERED (field "rows": not what writing gives, in any respect), SY_E_STATE (field "rules": written
 * under another version of the rules), errors of the source, SY_E_NO_MEMORY; *ret is then NULL.
 */
SY_MUST sy_status rules_snapshot_read(rules_snapshot_source next, void *ctx,
                                      struct rules_state **ret, struct sy_error *reterr);

#endif
