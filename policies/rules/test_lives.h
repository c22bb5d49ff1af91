/*
 * A domain that lives at random, guided towards runs: the generator of test_scheme_property.c. It looks at the oracle
 * for what is missing next, never at the rules' state.
 */
#ifndef RULES_TEST_LIVES_H
#define RULES_TEST_LIVES_H

#include "test_oracle.h"
#include "wire/qualify.h"

enum { LIVES_NOTES = 48, LIVES_DAY = 86400 };

struct gen {
    struct kit k;
    struct oracle o;
    uint64_t rng, seed;
    uint64_t seen; /* events that the oracle has seen */
    const struct sy_announcement *notes[LIVES_NOTES];
    uint8_t note_ids[LIVES_NOTES][32];
    size_t n_notes;
    unsigned runs, calls;
};

/* Random numbers of this life; 0 <= below(n) < n; chance of so many in a hundred. */
uint64_t below(struct gen *g, uint64_t n);
bool chance(struct gen *g, uint64_t percent);

/* Who does it: nearly always who should. */
const char *by(struct gen *g, size_t party);

#define PICK(g, list) ((list)[below((g), LEN(list))])

/* What this party needs next on its way to an agreement (test_lives_qualify.c). */
void qualify(struct gen *g, size_t party);
/* The operator's whole grant in force, as the oracle knows it; NULL. */
const struct or_agreement *whole_of(struct gen *g);

/* A request with these inputs, whatever comes of it. */
void act(struct gen *g, const char *party, const char *method, const struct sy_desc *desc,
         const void *args, const uint8_t *grant, const uint8_t *subject, struct sy_inputs in);

/* What a product of this model needs next; a call of any product (test_lives_product.c). */
void sell(struct gen *g, const struct or_grant *a, const struct or_model *m);
void call_something(struct gen *g);

/* One step of a life. */
void step(struct gen *g);

#endif
