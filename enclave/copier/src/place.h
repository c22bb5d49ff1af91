/*
 * A standby's folder, as the copier has it. It looks like a domain's own (docs/internals.md), with
 *
 *   DIR/standby      which folder this is: its seat, by which a promotion names it (warden/promote.h)
 *   DIR/copied       what the last whole round left: "size N\ntime T\n"
 *   DIR/incoming     a file on its way
 *
 * Threads: one.
 */
#ifndef COPIER_PLACE_H
#define COPIER_PLACE_H

#include "ledger/mirror.h"
#include "list.h"
#include "wire/event.h"

struct place {
    int dir;  /* the folder */
    int lock; /* its run folder, locked as a supervisor locks it */
    uint8_t seat[32];
    uint8_t leader[32];     /* seat that the log last promoted; zero: none */
    struct sy_buf genesis;  /* canonical args of entry 0 */
    struct proof_vkey key;  /* of the log, after the last hand-over that the log orders */
    struct proof_vkey next; /* ordered by an entry whose checkpoint is still to come */
    bool has_next;
    struct list
        retired; /* key items, each with the entry that retired it; a hint before a checkpoint holds it */
    struct ledger_mirror *mirror;
};

/* What the mirror sees for the place: promotions, orders of another key of the log, what is retired (seen.c). */
struct ledger_seen place_seen(struct place *p);

/* Has the log, as far as it is held, retired this key item: a key of the log with its `retire`, a grant's
 * pseudonyms with its end? Its absence at the primary is then its erasure. Or, by an entry that comes after the
 * erasure, keys of a developer's own data, or the folder that it lay in ("data/own.x")? */
bool place_retired(const struct place *p, const char *item);

/*
 * Make a standby in `path` (made when missing; it must hold no domain and no standby): folders, a fresh
 * seat, and genesis.req from the file `genesis`, whose holder vouches for it: the log's key is in it. master: the
 * master key's file, copied; NULL: the operator puts it at keys/master.key before the promotion.
 * SY_E_EXISTS, SY_E_NOT_FOUND, SY_E_FIELD, SY_E_IO.
 */
SY_MUST sy_status place_init(const char *path, const char *genesis, const char *master,
                             struct sy_error *reterr);

/* Open a standby for taking: lock it, verify what it holds of the log. SY_E_NOT_FOUND (no standby),
 * SY_E_BUSY (a domain or another copier runs here), SY_E_STATE (it was promoted: it takes nothing any
 * more), and the errors of ledger_mirror_open. Close in any case. */
SY_MUST sy_status place_open(const char *path, struct place *ret, struct sy_error *reterr);
void place_close(struct place *p);

/* Remember that a round is whole. */
SY_MUST sy_status place_note(const struct place *p, struct sy_error *reterr);

#endif
