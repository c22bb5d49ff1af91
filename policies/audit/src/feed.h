/* The records of an export, one after the other; it may begin at any entry. Threads: one. */
#ifndef AUDIT_SRC_FEED_H
#define AUDIT_SRC_FEED_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/event.h"

struct feed {
    const uint8_t *map; /* NULL: no entries */
    size_t n, at;
    struct sy_buf checkpoint;
};

/* Map DIR/entries and read DIR/checkpoint. SY_E_NOT_FOUND, SY_E_NO_MEMORY. Close in any case. */
SY_MUST sy_status feed_open(int dir, struct feed *ret, struct sy_error *reterr);
void feed_close(struct feed *f);

/* The next record; *ret_end at the end of the file. Views point into the map. SY_E_TAMPERED. */
SY_MUST sy_status feed_next(struct feed *f, struct sy_arena *arena, struct sy_log_entry *ret,
                            bool *ret_end, struct sy_error *reterr);

#endif
