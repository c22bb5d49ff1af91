/*
 * The sending end: rounds over a domain's folder, which may be in use. It reads; it locks and writes nothing.
 * May block: on the disk and on the pipe. Threads: one.
 */
#ifndef COPIER_SEND_H
#define COPIER_SEND_H

#include "ledger/mirror.h"
#include "list.h"

struct sending {
    int dir; /* the domain's folder, borrowed */
    int out;
    struct ledger_where log; /* what comes next of the ledger */
    struct list known;       /* files that the other end has, with sizes or marks (files.h) */
    struct list items;       /* of the key store, as they were sent, with their marks */
    struct list strange;     /* key items of unknown kinds that were reported */
    uint64_t sent;           /* entries at the end of the last round; UINT64_MAX: none yet */
};

/* From what `take_have` printed; empty: nothing is there yet. SY_E_FIELD: not of that form. On error too,
 * end it with send_deinit. */
SY_MUST sy_status send_init(int dir, int out, struct sy_view have, struct sending *ret,
                            struct sy_error *reterr);
void send_deinit(struct sending *s);

/*
 * One round, if the log has grown since the last (`always`: in any case; keys may be erased without an entry).
 * *ret_sent: was there one? SY_E_STATE: the domain has not published anything yet. SY_E_CLOSED: the other end is gone.
 */
SY_MUST sy_status send_round(struct sending *s, bool always, bool *ret_sent,
                             struct sy_error *reterr);

#endif
