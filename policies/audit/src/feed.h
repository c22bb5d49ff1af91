/* The records of an export, one after the other; it may begin at any entry. Threads: one. */
#ifndef AUDIT_SRC_FEED_H
#define AUDIT_SRC_FEED_H

#include "base/arena.h"
#include "base/buf.h"
#include "proof/note.h"
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

/* The first entry of the log whose key this is: the one behind the close that names its origin, if that lies ahead here,
 * else `base`. What can't be read ends the search: it is found out when it is taken, or lies behind what is signed. */
uint64_t feed_base(struct feed *f, const struct proof_vkey *key, uint64_t base);

#endif
