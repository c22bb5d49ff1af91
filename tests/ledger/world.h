/*
 * A world: a ledger that lives on a disk that forgets (disk.h), and what was seen of it from outside
 * (history.h). Before any of its write-side calls the power may be cut; what is then left of the disk
 * is opened, and must hold everything that was seen, must publish, and must go on.
 *
 * There is one world at a time, W. A claim that does not hold fails the test, unless the world has a
 * flaw: then it is counted.
 */
#ifndef TESTS_LEDGER_WORLD_H
#define TESTS_LEDGER_WORLD_H

#include "disk.h"
#include "history.h"

enum { WORLD_PATH_MAX = 128 };

/* How a world is wrong on purpose. */
struct flaw {
    enum disk_lie lie;
    bool acks_early; /* before the commit */
};

/* When the power is cut. */
enum cuts { CUTS_NONE, CUTS_ALL /* before every call */, CUTS_SOME };

struct world {
    char base[WORLD_PATH_MAX];
    char disk[WORLD_PATH_MAX];  /* where the ledger lives */
    char after[WORLD_PATH_MAX]; /* what a power cut leaves */
    struct proof_vkey log;
    uint8_t secret[PROOF_SECRET_BYTES];

    struct flaw flaw;
    enum cuts mode;
    bool outages; /* now and then a cut is the end of this world's present: `after` follows it */
    bool worst;   /* nothing survives that was not synced */
    bool gone;    /* the power has gone, and `after` is what there is */
    uint64_t run;
    struct ledger *l;
    struct history h;

    /* What happened, since the counters were last cleared. */
    struct {
        unsigned long cuts;
        unsigned long broken; /* cuts and restarts after which a claim did not hold */
        unsigned long deaths; /* of the process */
        unsigned long outages;
        unsigned long bad_syncs;
        unsigned long full;    /* times that the disk had no room at first */
        unsigned long kept;    /* snapshots that were made */
        unsigned long skipped; /* starts, after a cut or a death, that did not read everything */
    } n;
    char why[HISTORY_WHY_MAX]; /* the claim that broke */
};

extern struct world W;

/* Numbers that follow from the seed. */
void world_seed(uint64_t seed);
uint64_t world_below(uint64_t n);

/* A folder for worlds; false when it cannot be. And its removal, world included. */
bool world_set_up(void);
void world_tear_down(void);

/* An empty ledger on an empty disk, and its end. */
void world_begin(struct flaw flaw, enum cuts mode, bool outages);
void world_end(void);

/* Append n entries, commit and acknowledge. False: the ledger has stopped, as it may when its disk
 * failed or its process died, and has been seen to take nothing more. */
bool world_batch(uint64_t n);

/* Publish; false as above. */
bool world_publish(void);

/* Make a snapshot. False: the ledger has stopped, or its process died; the disk failed. */
bool world_snapshot(void);

/* The process ends, if it has not; another one opens what there is, on this machine or, when the
 * power has gone, on what is left. fail_sync: the first opening meets a failing sync with this
 * number (0 = none). */
void world_reopen(unsigned fail_sync);

/* Cut the power here and now: the next world_reopen finds what is left. */
void world_outage(void);

#endif
