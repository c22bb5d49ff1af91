/*
 * The inside of a ledger, shared by its own files: ledger.c (append, commit), read.c, recover.c
 * (open) and publish.c (public folder).
 */
#ifndef LEDGER_SRC_LEDGER_PRIVATE_H
#define LEDGER_SRC_LEDGER_PRIVATE_H

#include <stdatomic.h>

#include "keys.h"
#include "ledger/tiles.h"
#include "proof/snapshot.h"
#include "publisher.h"
#include "record.h"
#include "segment.h"
#include "tree.h"

/* Where an entry's record lies. */
struct place {
    uint32_t segment;
    uint32_t at; /* offset of the record */
    uint32_t n;  /* bytes of its payload */
};

/* State as of a signed checkpoint that is durable. */
struct committed {
    uint64_t size; /* entries */
    uint32_t segment;
    size_t at; /* offset behind the checkpoint's record; the next batch begins there */
    struct chain chain;
    struct sy_buf note; /* the signed checkpoint; empty = there is none yet */
};

/* The segment being written. */
struct writing {
    int fd;
    uint32_t number;
    size_t capacity;
    size_t at;                 /* where the next batch goes; 0 = the segment has no head yet */
    size_t high;               /* bytes behind this are zero on disk */
    bool next_ready;           /* segment number + 1 is prepared */
    struct segment_draft next; /* or is in the making */
};

/* Which partial widths of a level's current tile have been committed to and written. */
struct partials {
    uint64_t number; /* of the tile */
    uint64_t wanted[TILES_WIDTH / 64];
    uint64_t written[TILES_WIDTH / 64];
};

/* The public folder: levels 0..7, then the bundles. */
enum { PUBLIC_LEVELS = TILES_LEVELS + 1 };

struct publishing {
    uint64_t full[PUBLIC_LEVELS]; /* tiles of the level known to be right */
    struct partials partials[PUBLIC_LEVELS];
    uint64_t size; /* of the checkpoint in place; meaningful once `checked` */
    bool checked;  /* a whole pass has been made since open */
};

/* Segments that were not read when the ledger was opened (skip.h). */
struct skipped {
    uint64_t n;             /* entries in them, from the first on */
    struct sy_buf segments; /* struct skipped_segment each */
    uint64_t reread;        /* entries 0..reread-1 were read since */
};

struct ledger {
    int dir; /* locked */
    int segments;
    int public_dir;
    int snapshots;
    struct keys keys;
    size_t segment_bytes;

    struct tree tree;     /* committed and pending entries */
    struct sy_buf places; /* struct place of each entry of the tree from skipped.n on */
    struct skipped skipped;
    struct committed committed;
    struct writing out;
    struct sy_buf batch; /* records since the last commit */
    struct chain chain;  /* at the end of the batch */
    /* A write failed in an unknown state: set by whichever thread saw it, at once, and never taken back. */
    atomic_bool read_only;

    int read_fd; /* the segment last read from, or -1 */
    uint32_t read_number;
    struct publishing publishing;
    struct publisher *publisher;      /* NULL until ledger_publish_start */
    struct publishing before_started; /* `publishing` before its job */
    sy_status untold;                 /* the outcome of a job that failed, until it is told */
};

/* recover.c: read all segments into *l (tree, places, committed), clear a torn tail, and make durable
 * what is left. */
SY_MUST sy_status recover_segments(struct ledger *l, struct sy_error *reterr);

/* ledger.c: where an entry lies; index < tree.size. Errors of skip_place. */
SY_MUST sy_status ledger_place(struct ledger *l, uint64_t index, struct place *ret,
                               struct sy_error *reterr);

/* ledger.c: remember an entry that was read or appended. SY_E_NO_MEMORY: unchanged. */
SY_MUST sy_status ledger_note_entry(struct ledger *l, struct sy_view leaf, struct place place);

/* ledger.c: make the segment after the one that is written, up to that many of its bytes: all of them, and it
 * is ready. Errors of segment_prepare; on SY_E_READ_ONLY the ledger takes no more. */
SY_MUST sy_status ledger_prepare_next(struct ledger *l, size_t n_bytes, struct sy_error *reterr);

/* ledger.c: the same, but that the caller sees to SY_E_READ_ONLY; from the publisher's thread too, while its
 * job is not settled. */
SY_MUST sy_status ledger_fill_next(struct ledger *l, size_t n_bytes, struct sy_error *reterr);

/* publish.c: wait for the job that the publisher has, if it has one; ledger_publish_start tells its outcome.
 * Before whatever else touches the next segment or what is published. */
void publish_settle(struct ledger *l);

/* publish.c: write a file, and take a tile's partial forms away, now; from any thread. */
SY_MUST sy_status publish_put(const struct ledger *l, const char *path, struct sy_view content,
                              struct sy_error *reterr);
void publish_drop(const struct ledger *l, int level, uint64_t number);

/* read.c: the leaf of an entry from its segment, checked against the tree; appended to *b. */
SY_MUST sy_status ledger_read_leaf(struct ledger *l, uint64_t index, struct sy_buf *b,
                                   struct sy_error *reterr);

/* publish.c: a checkpoint of that size exists from now on. */
void publish_note_size(struct ledger *l, uint64_t size);

/* publish.c: the first `size` entries were taken from tiles of level 0, and checkpoints of any size up to
 * it may exist. */
void publish_note_skipped(struct ledger *l, uint64_t size);

/* publish.c: check the bundle of entries that were read, and make it again where it is not right. */
SY_MUST sy_status publish_bundle(struct ledger *l, uint64_t number, struct sy_error *reterr);

/* snapshot.c: the newest snapshot that one of the log's keys has signed; false when there is none. */
bool snapshot_newest(const struct ledger *l, struct proof_snapshot *ret);

/* snapshot.c: does every signed snapshot fit the ledger as recovered? SY_E_ROLLBACK, SY_E_TAMPERED. */
SY_MUST sy_status snapshot_check_all(const struct ledger *l, struct sy_error *reterr);

/* publish.c: the public checkpoint, if there is one that verifies. */
SY_MUST sy_status publish_read_checkpoint(struct ledger *l, bool *ret_found,
                                          struct proof_tree *ret);

#endif
