/*
 * Files on their way in, part by part: what a developer sends of its own data (own.put, wire/own.h) is kept in a memory
 * file of the warden until it is whole, and never on a disk. A part is added once its entry is durable; what a restart
 * or a pause of WARDEN_STAGING_IDLE_S loses begins again with part 0. One file of a party at a time: another one takes its place. All
 * of them together hold at most WARDEN_STAGING_BYTES, reserved with part 0 by the length that the file was declared
 * with, so that nobody finds room for a beginning and none for the end.
 *
 * Runs in: warden. Trusts: the rules, for the order of parts. Holds: raw rows, in memory that ends with the process.
 * May block/alloc: allocates. Threads: the loop's. Source: wire/own.h; docs/scheme/fusion.md.
 */
#ifndef WARDEN_STAGING_H
#define WARDEN_STAGING_H

#include "base/status.h"
#include "base/view.h"
#include "wire/own.h"

enum {
    WARDEN_STAGING_BYTES = 256 << 20, /* of all files together */
    WARDEN_STAGING_IDLE_S = 600       /* without a part, a file is given up */
};

/* Which file; all borrowed. */
struct warden_staging_key {
    struct sy_view party, dataset;
    const uint8_t *grant; /* 32 */
};

/* All files that are on their way. {NULL} = none. */
struct warden_stagings {
    struct warden_staging *first;
};

/* What would be held with `bytes` as part number `part`: *ret, with its content when it is the `last`; parts 0 when
 * nothing is there to which it could be added. Changes nothing. SY_E_BUSY: the file is being taken in, or (part 0)
 * there is no room for of_bytes more. */
SY_MUST sy_status warden_staging_look(const struct warden_stagings *all,
                                      const struct warden_staging_key *key,
                                      const struct sy_own_put *put, uint64_t of_bytes,
                                      struct sy_view bytes, struct sy_own_staged *ret);

/* Add the part. Part 0 begins the file and ends whatever else the party had begun. SY_E_STATE: there is nothing to
 * which it could be added, or the file would be longer than of_bytes; SY_E_BUSY as above; SY_E_NO_MEMORY. After an
 * error nothing is held under this key, unless it is being taken in. */
SY_MUST sy_status warden_staging_add(struct warden_stagings *all,
                                     const struct warden_staging_key *key, uint64_t part,
                                     uint64_t of_bytes, struct sy_view bytes);

/* The whole file, sealed against every change and at its beginning; the caller owns *ret_fd. Its room is taken until
 * warden_staging_drop. SY_E_STATE: none is held, or it was taken before, or (BOUNDARY) what is held, by the hasher of
 * its own bytes, is not the file of `of_bytes` bytes and this content[32] that the operator confirmed. */
SY_MUST sy_status warden_staging_take(struct warden_stagings *all,
                                      const struct warden_staging_key *key, uint64_t of_bytes,
                                      const uint8_t content[32], int *ret_fd);

/* Forget the file, whatever is held of it. */
void warden_staging_drop(struct warden_stagings *all, const struct warden_staging_key *key);

/* Forget every file of a grant that has ended, or (grant NULL) every one whose last part came longer ago than
 * the idle time before `now_ns`; not those being taken in, whose ingest drops them. */
void warden_staging_end(struct warden_stagings *all, const uint8_t *grant, uint64_t now_ns);

#endif
