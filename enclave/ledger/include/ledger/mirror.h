/*
 * A copy of somebody else's ledger, record for record: what a standby keeps, so that it can be opened as a
 * ledger (ledger.h) on the day it is promoted. Nothing is signed here: the records carry the log's own
 * checkpoints, and each is taken only when it follows the chain, its entries commit to their bodies and the
 * checkpoint behind them is signed and has their root.
 *
 * A place is a segment and an offset in it. Pieces are whole records that end in a checkpoint; they come
 * from ledger_piece_read at the other end. A piece is durable before ledger_mirror_take returns; taking one
 * again does nothing, so whoever sends may begin anywhere at or before the mirror's place.
 *
 * Runs in: copier. Trusts: the log's keys alone. Holds: nothing secret; bodies are in the clear on this
 * disk as on the other. May block/alloc: yes. Threads: one at a time for each mirror.
 * Source: DESIGN section 3; src/record.h for the records.
 */
#ifndef LEDGER_MIRROR_H
#define LEDGER_MIRROR_H

#include "ledger/ledger.h"
#include "proof/merkle.h"

struct ledger_mirror;

struct ledger_where {
    uint32_t segment; /* from 1 */
    uint64_t at;      /* bytes into it */
};

/* Told of every entry, as it is read or taken: before its checkpoint was, so it is a hint. Then of every
 * checkpoint that holds: all entries before it are the log's. NULL: nobody. Neither may call the mirror,
 * but for ledger_mirror_trust. */
struct ledger_seen {
    void (*entry)(void *ctx, uint64_t index, const struct ledger_entry *entry);
    void (*checkpoint)(void *ctx, struct ledger_mirror *m);
    void *ctx;
};

/* Another key of the log, that entries under a good checkpoint name. SY_E_LIMIT (LEDGER_KEYS_MAX), SY_E_USAGE
 * (of another name or type). OK when it is trusted already. */
SY_MUST sy_status ledger_mirror_trust(struct ledger_mirror *m, const struct proof_vkey *key,
                                      struct sy_error *reterr);

/*
 * Open or begin the mirror in the folder `dirfd` (a domain's ledger folder; borrowed), lock it and read all
 * of it. keys: of the log, any of which may have signed a checkpoint; copied, 1..LEDGER_KEYS_MAX.
 * seen: copied; may be NULL.
 * What lies behind the last good checkpoint, left by a crash, is cleared.
 * SY_E_USAGE (keys), SY_E_BUSY (somebody has it open), SY_E_TAMPERED (bytes behind which a checkpoint is
 * signed do not verify), SY_E_IO, SY_E_NO_SPACE, SY_E_NO_MEMORY.
 */
SY_MUST sy_status ledger_mirror_open(int dirfd, const struct proof_vkey *keys, size_t n_keys,
                                     const struct ledger_seen *seen, struct ledger_mirror **ret,
                                     struct sy_error *reterr);
void ledger_mirror_close(struct ledger_mirror *m); /* NULL-safe */

/* Where the next piece goes; and the tree that is held. */
struct ledger_where ledger_mirror_where(const struct ledger_mirror *m);
struct proof_tree ledger_mirror_tree(const struct ledger_mirror *m);

/*
 * Take a piece that lies at `where` in the other ledger. What is held already is compared. SY_E_STATE
 * (records before it are missing), SY_E_ROLLBACK (it is another history than the one held: the other ledger
 * was rolled back, or forked), SY_E_TAMPERED (records, entries or root do not fit), SY_E_SIGNATURE,
 * SY_E_UNSIGNED, SY_E_NO_SPACE, SY_E_IO, SY_E_NO_MEMORY. On error the mirror is as before; after SY_E_IO it
 * must be closed.
 */
SY_MUST sy_status ledger_mirror_take(struct ledger_mirror *m, struct ledger_where where,
                                     struct sy_view piece, struct sy_error *reterr);

/*
 * Read the next piece of a ledger that may be in use, without its lock: from *where on, at most up to the
 * checkpoint of `size` entries, and no further once it has `soft_max` bytes. *b is overwritten, empty when
 * there is nothing; *where is where the bytes begin (the next segment, if the one before was at its end).
 * Only what is published is durable for sure (public/checkpoint): give its size. Nothing is verified.
 * SY_E_NOT_FOUND (no such folder), SY_E_IO, SY_E_NO_MEMORY.
 */
SY_MUST sy_status ledger_piece_read(int dirfd, struct ledger_where *where, uint64_t size,
                                    size_t soft_max, struct sy_buf *b, struct sy_error *reterr);

/* Behind a piece. */
static inline struct ledger_where ledger_where_after(struct ledger_where w, size_t n_bytes)
{
    return (struct ledger_where){w.segment, w.at + n_bytes};
}

#endif
