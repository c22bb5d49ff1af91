/*
 * From a signed request to released figures, as production does it, but for what is not arithmetic: the
 * rules decide and charge (policies/rules), the charge's salt and question make the seed, the facts of the
 * checked plan and the warden's release make the figures. Only the bounded aggregates, which a worker
 * would have sent, are the caller's. Every ask is a new entry with a salt of its own.
 */
#ifndef ATTACK_CHARGES_H
#define ATTACK_CHARGES_H

#include "test_kit.h"

enum { CHARGES_CELLS = 121 * 2 * 3, CHARGES_FIGURES = 3, CHARGES_PARAMS = 8 };

/* What is asked: one block with CHARGES_CELLS declared cells. */
struct charges_model {
    const char *mechanism; /* gauss or laplace */
    uint64_t rho;          /* price of a run, in 1e-9 */
    uint64_t groups;       /* cells that a unit touches */
    size_t n_figures;      /* the first of: sum, count, units */
    uint64_t budget_runs;  /* the grant's share, in runs */
};

struct charges {
    struct kit k;
    struct charges_model model;
    uint8_t noise_key[32];
    uint64_t reach[CHARGES_FIGURES]; /* what one unit moves figure i of one cell by, at most */
    uint64_t base[CHARGES_FIGURES];  /* a bounded figure far from the ends of its range */
    uint64_t charge;                 /* entry of the last charge */
    bool stored;                     /* the last ask was answered from what is stored */
};

/* A domain with the model approved. Everything random is attack_bits(). */
void charges_open(struct charges *c, const struct charges_model *model);
void charges_close(struct charges *c);

/* Ask with the param-th value of its parameter. exact: CHARGES_CELLS x n_figures bounded figures; ret: the
 * released ones, or, when c->stored, untouched. Returns 0 or the code of the refusal. */
int32_t charges_ask(struct charges *c, size_t param, const int64_t *exact, int64_t *ret);

/* Record the outcome ("ok", "refused") of the last charge. */
int32_t charges_answer(struct charges *c, const char *outcome);

/* What the grant has spent of its share, in 1e-9. */
uint64_t charges_spent(struct charges *c);

#endif
