/*
 * Taking a file in: a sealed worker reads it, typed rows come back and are encrypted as they come, and one of the
 * warden's own acts publishes the version. The file is a descriptor that a department passed (dataset.ingest) or one
 * that came in parts (own.put); from here on there is no difference but who hears what.
 *
 * Runs in: warden. Trusts: nothing of the file, nor of the worker that reads it. Holds: encoded rows, one batch at a
 * time. May block/alloc: on fsync, at the end. Threads: the loop's. Source: DESIGN section 4.
 */
#ifndef WARDEN_INGEST_H
#define WARDEN_INGEST_H

#include "warden/call.h"

struct warden_ingest_ask {
    struct sy_view dataset; /* in the catalogue; borrowed for the call */
    int *fd;                /* of the raw file, at its beginning; taken over, and -1 afterwards */
    bool progress;          /* the caller's connection hears of it: only a local one may */
    uint64_t slot_ns;       /* the reply leaves at a multiple of it after the start; 0: at once */
    void (*over)(struct warden_call *c); /* when nothing is under way any more; NULL: nobody asks */
};

/* Take the file in and end the call: with sy_ingest_result once the version is published and durable, or with why
 * not; nothing is left then. */
void warden_ingest_start(struct warden_call *c, const struct warden_ingest_ask *ask);

/* End what is under way under this grant, which is over: nothing of it is published. */
void warden_ingests_stop(struct warden *w, const uint8_t grant[32]);

#endif
