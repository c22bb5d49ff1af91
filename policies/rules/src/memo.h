/*
 * What a state remembers of plans, grants and versions (rules_state_remember): how they decode, and what the
 * plan check said. These are pure functions of bytes that a replay would decode again for every run.
 *
 * A kept model, grant or version stands for as long as no row was placed that plans are judged under, to which
 * grants and versions belong (state_catalogue); so results are those of a state without memory. There is room for a few
 * hundred of each; another of the same place takes over.
 *
 * Runs in: audit tool. Trusts: nobody. May block/alloc: allocates. Threads: the state's owner.
 */
#ifndef RULES_MEMO_H
#define RULES_MEMO_H

#include "rules/model.h"

struct rules_memo;

struct rules_memo *memo_new(void);    /* NULL: out of memory */
void memo_free(struct rules_memo *m); /* NULL-safe */

/* What all places have in common. */
struct memo_place {
    bool valid;
    uint64_t used; /* state_generation when it was used last */
    struct sy_arena arena;
};

/* May something else be kept here? Not while the event in hand may still look at what is there: whoever is
 * told no does without memory. */
bool memo_free_for(const struct memo_place *p, uint64_t generation);

/* Was it used on this very state? Then its row is what it was, and its bytes need no comparing. */
bool memo_same_state(const struct memo_place *p, uint64_t generation);

/* Forget what was here. */
void memo_clear(struct memo_place *p);

/* What is kept of a model. */
struct memo_model {
    struct memo_place at;
    uint8_t id[32];
    uint64_t catalogue; /* state_catalogue when it was judged */
    struct rules_model model;
};

/* What is kept of a grant. */
struct memo_grant {
    struct memo_place at;
    uint8_t id[32];
    uint64_t catalogue; /* state_catalogue when it was read, as for the next */
    struct sy_row_grant row;
    struct sy_proposal proposal;
};

/* What is kept of a dataset's latest version. */
struct memo_version {
    struct memo_place at;
    uint64_t catalogue;
    struct sy_row_version row;
};

/* What is kept of a grant's account: the one that was read last, for a run is decided and applied on the same. Its
 * lists live in the arena, its texts in the row, which stands as long as the state does. */
struct memo_account {
    struct memo_place at;
    uint8_t grant[32];
    struct sy_row_account row;
};

/* Where a row of those that plans are judged under is; NULL: there is none. */
enum { MEMO_KEY_MAX = 48 };
struct state_row;
struct memo_find {
    const struct state_row *row;
    uint64_t catalogue; /* when it was looked for */
    size_t n;           /* of the key; 0: nothing was */
    uint8_t key[MEMO_KEY_MAX];
};

/* The nonce that the event in hand was found to be the first of: what decide has looked for, apply need not. */
struct memo_fresh {
    const struct rules_key *key; /* NULL: none */
    uint64_t generation;
};

/* The model with this id, if it is kept and stands; NULL: it is to be read (model.c). */
const struct rules_model *model_kept(const struct rules_state *s, const uint8_t id[32]);

/* The place of this id, whatever is in it. */
struct memo_model *memo_model(struct rules_memo *m, const uint8_t id[32]);
struct memo_grant *memo_grant(struct rules_memo *m, const uint8_t id[32]);
struct memo_version *memo_version(struct rules_memo *m, struct sy_view dataset);
struct memo_account *memo_account(struct rules_memo *m);
struct memo_fresh *memo_fresh(struct rules_memo *m);
struct memo_find *memo_find(struct rules_memo *m, struct sy_view key); /* key.n > 0 */

/* As rules_grant_read, but all of it lives in the arena, and the account is left out: for a memory that outlives the
 * event (grant.c). */
SY_MUST sy_status grant_read_apart(const struct rules_state *s, const uint8_t id[32],
                                   struct sy_arena *arena, struct rules_grant *ret,
                                   struct sy_error *err);

#endif
