/*
 * A real warden between enemies: behind it, workers that got out of their sandbox and answer with
 * whatever they like; before it, a gateway that lies about certificates, codes and order. Expected each
 * time: it lives, nothing of a worker's bytes leaves, every charge has exactly one answer entry, the
 * refusal is one constant of one length, and the log replays (domain_stop decides every entry again).
 */
#ifndef WARDEN_TEST_HOSTILE_H
#define WARDEN_TEST_HOSTILE_H

#include "test_ingest.h"

enum { MS = 1000000, SLOT_MS = 1500 };

/* What a worker does with a run. */
enum script {
    HONEST = 0,
    /* the answer is what an honest worker's would be */
    EARLY,    /* before it has seen the question: taken if the question was sent, else refused */
    TWICE,    /* the message again behind it */
    WITH_FDS, /* descriptors ride on it */
    TRAILING, /* half a message behind it */
    FIRST_BAD,
    /* no answer */
    NOTHING = FIRST_BAD,
    LEAVES_EARLY,
    DIES,
    HANGS,
    GARBAGE,
    TRUNCATED,
    UNFINISHED,
    NO_LENGTH,
    HUGE_LENGTH,
    JUNK_64,
    NOT_OK,
    NO_BLOCKS,
    TWO_BLOCKS,
    FEW_FIGURES,
    MANY_KEYS,
    FAR_KEY,
    CELL_TWICE,
    NO_UNITS,
    MANY_UNITS,
    SUM_TOO_HIGH,
    SUM_TOO_LOW,
    COUNT_LEAST,
    UNKNOWN_KEY,
    PADDED,
    DEAF, /* hangs, and reads nothing */
    DEAF_WITH_FDS,
    N_SCRIPTS
};

enum lowering {
    LOWERS = 0,
    LOWER_LEAVES,
    LOWER_GARBAGE,
    LOWER_BOTH,
    LOWER_NOISE,
    LOWER_LONG,
    N_LOWERING
};

/* A domain with one model, one grant and four versions, whose workers follow its orders. */
int hostile_setup(void **state);

/* Stops it, and looks through its log: exactly what was noted below happened. */
int hostile_teardown(void **state);

#define WITH_HOSTILES(t) cmocka_unit_test_setup_teardown(t, hostile_setup, hostile_teardown)

/* What the log must hold at the end: charges, each with its one answer entry, versions and models. */
void note_charge(const struct domain_reply *r, bool ok);
void note_version(void);
void note_model(void);

/* The one refusal of a run, whatever happened. */
void check_refusal(const struct domain_reply *r);

/* All declared cells, and nothing that only a worker could have said. */
void check_answer(struct domain *d, const struct domain_reply *r);

struct asked {
    uint32_t id;
    enum script script;
    uint64_t from; /* monotonic, ns */
};

/* Ask a run about this age, of a worker with this script. */
struct asked ask_run(struct domain *d, enum script script, const char *age);

/* Await its outcome, which must be the script's and wait for its slot; it is noted. Returns the bytes of
 * the reply. */
size_t settle(struct domain *d, const struct asked *a);

/* Entries of a folder below `dir`. */
size_t files_in(int dir, const char *name);

#endif
