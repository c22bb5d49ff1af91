/*
 * What passes from `send` to `take`: frames, each 4 bytes of length (little-endian) and a canonical record.
 * One way only, so that any pipe will do. A round, which leaves the standby whole, is
 *
 *   begin    bytes: the newest checkpoint that the other ledger published
 *   file     name, bytes: the next piece of a file; end: that was all of it
 *   key      name, bytes: an item of the key store, whole and sealed
 *   records  segment, at, bytes: the next piece of the ledger's records; end: they end in a checkpoint here
 *   memory   bytes: the item "checkpoint"
 *   names    name: an item or file that exists and is erasable (kinds.h); what was not named is erased
 *   end      size: entries that the standby must hold now
 *
 * in this order: what entries name comes before the entries; the memory of checkpoints, read first, comes last.
 *
 * Trusts: nobody; frame_read takes what is of this form and no longer than FRAME_MAX. May block: on the pipe.
 */
#ifndef COPIER_FRAME_H
#define COPIER_FRAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/schema.h"

enum { FRAME_PIECE = 1 << 20, FRAME_MAX = FRAME_PIECE + 4096 };

#define SY_COPY_FRAME_FIELDS(F, S, L)                                                              \
    F(u64, at, "at", SY_OPT)                                                                       \
    F(bin, bytes, "bytes", SY_OPT)                                                                 \
    F(bool, end, "end", SY_OPT)                                                                    \
    F(str, kind, "kind", 0)                                                                        \
    F(str, name, "name", SY_OPT)                                                                   \
    F(u64, segment, "segment", SY_OPT)                                                             \
    F(u64, size, "size", SY_OPT)
SY_RECORD(copy_frame, SY_COPY_FRAME_FIELDS)

/* Write one. SY_E_CLOSED when nobody reads any more. */
SY_MUST sy_status frame_write(int fd, const struct sy_copy_frame *f, struct sy_error *reterr);

/* Read one; *ret's views lie in *b, which is overwritten. SY_E_CLOSED: the pipe ended between two frames.
 * SY_E_FRAME (within one), SY_E_LIMIT, or the decoder's errors: no frame. */
SY_MUST sy_status frame_read(int fd, struct sy_buf *b, struct sy_arena *arena,
                             struct sy_copy_frame *ret, struct sy_error *reterr);

#endif
