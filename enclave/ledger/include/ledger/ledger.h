/*
 * The ledger: an append-only log that is durable before it is believed, and the database of the
 * domain (state = fold of its events).
 *
 * An entry is a leaf, which is public and hashed into a Merkle tree, and beside it a salt and a
 * body, which the leaf commits to (proof/leaf.h). Appending is in two steps: ledger_append buffers,
 * ledger_commit makes everything buffered durable together with a signed checkpoint that covers it,
 * by one write and one fdatasync. Only then may an answer, a receipt or a checkpoint leave the
 * process. ledger_publish brings the public files (tiles, bundles, checkpoint) up to date; call it
 * after the answer was given: they can always be made again from the segments.
 *
 *   DIR/segments/NNNNNNNN   write-ahead segments, preallocated and zero-filled
 *   DIR/snapshots/          the state after so many entries (ledger/snapshot.h)
 *   DIR/public/             checkpoint, checkpoint.cosigned, tile/...: what the gateway may serve
 *
 * After a crash ledger_open goes back to the last durable checkpoint. It refuses when that would
 * lose an entry that can have been acknowledged: then bytes were changed, and it says where.
 *
 * Runs in: warden. Trusts: the bytes of its own folder for nothing but the form of a torn write;
 * that the newest checkpoint was not taken away is for the key store's memory and for witnesses to
 * find (ledger_root, ledger_consistency). Holds: the log's signing key, borrowed. May block/alloc:
 * everything may block on the disk; memory grows by 80 to 160 bytes an entry.
 * Threads: one at a time for each ledger; it has one of its own for public files (ledger_publish_start).
 * Source: DESIGN section 3; reference/audit-log sections 1.3 and 2; C2SP tlog-tiles.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "proof/receipt.h"

struct ledger;

enum {
    LEDGER_LEAF_MAX = 65535,   /* bytes; a bundle's length prefix has two */
    LEDGER_BODY_MAX = 4 << 20, /* bytes */
    LEDGER_SALT_BYTES = 32,
    LEDGER_READ_MAX = LEDGER_LEAF_MAX + LEDGER_BODY_MAX + 4096, /* bytes to read any entry into */
    LEDGER_SEGMENT_MIN = 64 << 10,
    LEDGER_SEGMENT_DEFAULT = 16 << 20,
    LEDGER_SEGMENT_MAX = 1 << 30,
    LEDGER_KEYS_MAX = 17,   /* keys that a log can have had */
    LEDGER_SIGNERS_MAX = 2, /* keys that sign a checkpoint together, while one follows the other */
};

/* A key of the log. */
struct ledger_key {
    struct proof_vkey vkey; /* type Ed25519 */
    const uint8_t *secret;  /* PROOF_SECRET_BYTES, borrowed; NULL: retired, it only verifies */
};

struct ledger_options {
    const struct proof_vkey *log; /* copied; its name is the origin; type Ed25519 */
    const uint8_t *secret;        /* PROOF_SECRET_BYTES; borrowed while it signs; NULL: retired */
    size_t segment_bytes;         /* of new segments, a multiple of 4096; 0 = the default */
    bool create;                  /* make a new ledger where there is none */
    /* Further keys of the same name, whose checkpoints are in the log or may be: copied, but for their
     * secrets, which are not used before ledger_sign_by. At most LEDGER_KEYS_MAX - 1. */
    const struct ledger_key *others;
    size_t n_others;
    /* The folder for public files, borrowed for the call; NULL: DIR/public. On the same file system. */
    const int *public_dir;
};

/* An entry; all borrowed. */
struct ledger_entry {
    struct sy_view leaf; /* 1..LEDGER_LEAF_MAX bytes */
    const uint8_t *salt; /* LEDGER_SALT_BYTES; may be NULL (zeros) when body is empty */
    struct sy_view body; /* at most LEDGER_BODY_MAX bytes */
};

/*
 * Open the ledger in a folder, recover, and lock it. dirfd: the folder DIR, borrowed for the call.
 * Everything is read and checked: framing, the chain of records, that each leaf commits to its
 * body, each checkpoint's signature and root; or, where a snapshot is signed, everything from the segment on
 * that holds its last entry, while what lies before it is proved by roots and checked when it is read
 * (ledger/snapshot.h). The public checkpoint, if it verifies, must not know
 * more than the segments do.
 * (Which keys must have signed the newest checkpoint follows from the log's own content: that is for the
 * caller to look at, who reads it.)
 * SY_E_NOT_FOUND (no ledger here and create is false), SY_E_BUSY (another process, or this one, has
 * it open), SY_E_TAMPERED (reterr->field names the segment, the reason the offset), SY_E_ROLLBACK
 * (a published checkpoint is ahead of the segments), SY_E_USAGE (keys or segment size), SY_E_NO_SPACE,
 * SY_E_IO, SY_E_NO_MEMORY. On error nothing is open, and only a torn tail may have been cleared.
 * The last batch is written and synced once more, for a sync may have failed before: this costs one
 * write of what is left of the segment.
 * Close with ledger_close. The public files are as they were: call ledger_publish.
 */
SY_MUST sy_status ledger_open(int dirfd, const struct ledger_options *options, struct ledger **ret,
                              struct sy_error *reterr);

/* Forget what was not committed, unlock and free. NULL-safe. */
void ledger_close(struct ledger *l);

/*
 * Buffer an entry; *ret_index is its number once committed. The leaf of an entry with a body must
 * be a public leaf that commits to salt and body; an entry without body may have any leaf that is
 * not of that form.
 * SY_E_LIMIT (too large), SY_E_DIGEST (leaf and body do not belong together), SY_E_BUSY (the batch
 * has grown to a whole segment: commit, then append again), SY_E_NO_SPACE, SY_E_READ_ONLY,
 * SY_E_NO_MEMORY, SY_E_IO. On error the ledger is as before.
 */
SY_MUST sy_status ledger_append(struct ledger *l, const struct ledger_entry *entry,
                                uint64_t *ret_index, struct sy_error *reterr);

/*
 * Make everything appended durable under a new signed checkpoint: one pwrite, one fdatasync. With
 * nothing appended it does nothing. SY_E_NO_SPACE: the entries stay buffered; commit again when
 * there is room, or ledger_drop. SY_E_READ_ONLY (any other failure): whether the batch is on disk is
 * unknown; nothing is acknowledged and nothing taken any more until the ledger is opened again.
 * What was committed before stays readable in either case.
 */
SY_MUST sy_status ledger_commit(struct ledger *l, struct sy_error *reterr);

/*
 * Have checkpoints signed by these keys from the next commit on: 1..LEDGER_SIGNERS_MAX of the log's name, in
 * the order of their lines, each with its secret, borrowed while it signs. After ledger_open it is
 * options.log that signs, if it has its secret, else nobody: a commit is SY_E_USAGE then. What was
 * committed stays as it was signed. Two keys sign together while one follows the other (`log.rotate`):
 * a verifier that knows either takes the checkpoint.
 * SY_E_USAGE: no such keys; SY_E_LIMIT: more than LEDGER_KEYS_MAX in all. Nothing changed then.
 */
SY_MUST sy_status ledger_sign_by(struct ledger *l, const struct ledger_key *keys, size_t n_keys,
                                 struct sy_error *reterr);

/* Sign another text as checkpoints are signed, and verify one: by the keys of now, and under any key of
 * the log (proof_note_sign, proof_note_verify). The note is appended to *b; SY_E_USAGE when nobody signs. */
SY_MUST sy_status ledger_sign_note(const struct ledger *l, struct sy_view text, struct sy_buf *b);
SY_MUST sy_status ledger_verify_note(const struct ledger *l, struct sy_view bytes,
                                     struct proof_note *ret, struct sy_error *reterr);

/* Forget what was appended since the last commit. */
void ledger_drop(struct ledger *l);

/*
 * Bring the public folder up to the last commit: full tiles and bundles, the partial ones of every
 * committed checkpoint since the last full one, then `checkpoint`. Files appear whole (temporary
 * file, rename) and are not synced. The first call after ledger_open checks every file and makes
 * missing or altered ones again. It also prepares the next segment ahead of need.
 * SY_E_NO_SPACE, SY_E_IO, SY_E_TAMPERED (a segment changed under us), SY_E_NO_MEMORY: nothing but
 * the public folder is affected, and the next call tries again.
 */
SY_MUST sy_status ledger_publish(struct ledger *l, struct sy_error *reterr);

/*
 * Publish a checkpoint of this ledger that witnesses have cosigned: `note` is one that ledger_checkpoint
 * gave, with their lines below. It becomes the public file `checkpoint.cosigned`, and `checkpoint` too as
 * long as none newer is published. SY_E_NO_SPACE, SY_E_IO: the files are as they were, or one of them is new.
 */
SY_MUST sy_status ledger_publish_cosigned(struct ledger *l, struct sy_view note, uint64_t size,
                                          struct sy_error *reterr);

/*
 * The same by a thread of the ledger's own: at once OK, and the files follow, `checkpoint` last. For who must
 * not wait for them. SY_E_BUSY: files are being written, or were begun less than 50 ms ago: call again, for what
 * was committed since is not in them. A failure of an earlier call is told by the next; the call after that
 * tries again. The first call after ledger_open is as ledger_publish, which also waits for what was begun.
 */
SY_MUST sy_status ledger_publish_start(struct ledger *l, struct sy_error *reterr);

/* Is a call of it still to be told the outcome of files that were begun? */
bool ledger_publish_works(const struct ledger *l);

/* Committed entries, and appended ones that are not. */
uint64_t ledger_size(const struct ledger *l);
uint64_t ledger_pending(const struct ledger *l);

/* The last committed checkpoint as signed note; valid until the next commit or close. */
struct sy_view ledger_checkpoint(const struct ledger *l);

/* Append the receipt of a committed entry against the last committed checkpoint (at most about
 * 4 KiB). O(log size). SY_E_NOT_FOUND (index), SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status ledger_receipt(const struct ledger *l, uint64_t index, struct sy_buf *b);

/* The same against an older checkpoint of this log, which the caller kept: it lies in the log's past, so
 * the entry must be below its size. SY_E_PROOF when it is not of this log as it was. */
SY_MUST sy_status ledger_receipt_under(const struct ledger *l, uint64_t index,
                                       struct sy_view checkpoint, struct sy_buf *b);

/* Root of the first `size` entries. SY_E_NOT_FOUND when size > ledger_size. O(log size). */
SY_MUST sy_status ledger_root(const struct ledger *l, uint64_t size, uint8_t ret[PROOF_HASH_BYTES]);

/* Proof that the tree of `before` entries is a prefix of that of `after` (1 <= before <= after <=
 * ledger_size; else SY_E_NOT_FOUND). O(log size). */
SY_MUST sy_status ledger_consistency(const struct ledger *l, uint64_t before, uint64_t after,
                                     struct proof_path *ret);

/* Path of entry `index` in the tree of the first `size` entries (index < size <= ledger_size; else
 * SY_E_NOT_FOUND): for a receipt against an earlier checkpoint. O(log size). */
SY_MUST sy_status ledger_inclusion(const struct ledger *l, uint64_t index, uint64_t size,
                                   struct proof_path *ret);

/*
 * Read a committed entry from its segment. *b is overwritten; *ret's pointers lie in it. A ceiling
 * of LEDGER_READ_MAX holds any entry. Frame, leaf and body are checked against what was read at
 * open.
 * SY_E_NOT_FOUND (index), SY_E_TAMPERED, SY_E_IO, SY_E_LIMIT (the buffer's ceiling).
 */
SY_MUST sy_status ledger_read(struct ledger *l, uint64_t index, struct sy_buf *b,
                              struct ledger_entry *ret, struct sy_error *reterr);

/* Called for one entry; any status but OK ends the walk and is handed up. The entry is borrowed. */
typedef sy_status (*ledger_visit)(void *data, uint64_t index, const struct ledger_entry *entry);

/* Visit the committed entries from `first` on, in order. Errors of ledger_read and of visit. The
 * visitor must not append, commit or close. */
SY_MUST sy_status ledger_each(struct ledger *l, uint64_t first, ledger_visit visit, void *data,
                              struct sy_error *reterr);

#endif
