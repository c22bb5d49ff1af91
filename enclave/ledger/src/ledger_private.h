/*
 * The inside of a ledger, shared by its own files: ledger.c (append, commit), read.c, recover.c
 * (open) and publish.c (public folder).
 */
#ifndef LEDGER_SRC_LEDGER_PRIVATE_H
#define LEDGER_SRC_LEDGER_PRIVATE_H

#include "ledger/tiles.h"
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
    size_t at;       /* where the next batch goes; 0 = the segment has no head yet */
    size_t high;     /* bytes behind this are zero on disk */
    bool next_ready; /* segment number + 1 is prepared */
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

struct ledger {
    int dir; /* locked */
    int segments;
    int public_dir;
    struct proof_vkey log;
    const uint8_t *secret;
    size_t segment_bytes;

    struct tree tree;     /* committed and pending entries */
    struct sy_buf places; /* struct place of each entry of the tree */
    struct committed committed;
    struct writing out;
    struct sy_buf batch; /* records since the last commit */
    struct chain chain;  /* at the end of the batch */
    bool read_only;      /* a write failed in an unknown state */

    int read_fd; /* the segment last read from, or -1 */
    uint32_t read_number;
    struct publishing publishing;
};

/* recover.c: read all segments into *l (tree, places, committed), clear a torn tail, and make durable
 * what is left. */
SY_MUST sy_status recover_segments(struct ledger *l, struct sy_error *reterr);

/* ledger.c: where an entry lies; index < tree.size. */
struct place ledger_place(const struct ledger *l, uint64_t index);

/* ledger.c: remember an entry that was read or appended. SY_E_NO_MEMORY: unchanged. */
SY_MUST sy_status ledger_note_entry(struct ledger *l, struct sy_view leaf, struct place place);

/* ledger.c: make the segment after the one that is written. Errors of segment_prepare; on
 * SY_E_READ_ONLY the ledger takes no more. */
SY_MUST sy_status ledger_prepare_next(struct ledger *l, struct sy_error *reterr);

/* read.c: the leaf of an entry from its segment, checked against the tree; appended to *b. */
SY_MUST sy_status ledger_read_leaf(struct ledger *l, uint64_t index, struct sy_buf *b,
                                   struct sy_error *reterr);

/* publish.c: a checkpoint of that size exists from now on. */
void publish_note_size(struct ledger *l, uint64_t size);

/* publish.c: the public checkpoint, if there is one that verifies. */
SY_MUST sy_status publish_read_checkpoint(struct ledger *l, bool *ret_found,
                                          struct proof_tree *ret);

#endif
