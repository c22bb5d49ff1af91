/*
 * A namespace under attack through cell keys (g2), as production answers it but for the disk: the rules
 * register, decide and charge (guard and lifetime cells included), the sealed worker's code finds boxes, the
 * warden's code withholds and noises with the demo pack's own table. Only the exact cells, which the engine
 * would have computed, are added up here, from the very conditions that the plan is made of.
 *
 * Residents (policies/rules/test_cellkey_kit.h): town, age, day of birth and fee of everybody are known to the
 * attacker; `male` is the secret, true for half of them.
 */
#ifndef ATTACK_CELLS_H
#define ATTACK_CELLS_H

#include "test_cellkey_kit.h"

enum {
    CELLS_TOWNS = 6,
    CELLS_BORN_MAX = 20088,
    CELLS_FEE_MAX = 5000,
    CELLS_AGE_MAX = 120,
    CELLS_OLD = 60,
    CELLS_MOST = 4 * CELLS_TOWNS,
    CELLS_KEYS = 5,
    CELLS_LIST = 120
};

struct cells_person {
    int64_t age, town, born, fee;
    bool male;
    uint64_t key; /* the unit's record key */
};

/* Single values of a field; n 0: no condition. as_key: who has one of them is told apart, nobody left out. */
struct cells_list {
    int64_t v[CELLS_LIST];
    size_t n;
    bool as_key;
};

/* Intervals with both ends; a full interval is no condition. */
struct cells_question {
    int64_t age[2], born[2], fee[2];
    int64_t town;     /* -1: all */
    int64_t not_born; /* -1: nothing left out */
    struct cells_list fees, days;
    bool by_town, by_young,
        by_male;      /* keys, in this order (young: below CELLS_OLD), lists before male */
    bool sum_fees;    /* a second figure: the fees of those asked about */
    unsigned wording; /* same question, other words */
};

/* A key of a question: the position of each of its values; `declared` counts unknown ones too. */
struct cells_key {
    size_t values, declared;
    size_t (*of)(const struct cells_question *q, const struct cells_person *p);
};

struct cells_answer {
    int64_t n[CELLS_MOST]; /* [town][young]...[male], without the keys that are not asked for */
    int64_t fees[CELLS_MOST];
    bool withheld[CELLS_MOST];
};

struct cells {
    struct kit k;
    struct cells_person *people;
    size_t n_people;
    uint8_t space[32]; /* the namespace's key */
    size_t models, published;
};

/* n people from chance, and `budget` cells for their lifetime. */
void cells_open(struct cells *c, size_t n, uint64_t budget);
void cells_close(struct cells *c);

struct cells_person cells_draw(void);

/* Everything. */
struct cells_question cells_all(void);

/* Cells of an answer; those of unknown town or age, where nobody is, are left out. */
size_t cells_in(const struct cells_question *q);

/* Its keys, in order; at most CELLS_KEYS. */
size_t cells_keys(const struct cells_question *q, struct cells_key keys[CELLS_KEYS]);

/* The plan that asks it (cells_plan.c). */
struct sy_plan *cells_plan(struct kit *k, const struct cells_question *q);

/* Is the person among those asked about, and in which cell? */
bool cells_about(const struct cells_question *q, const struct cells_person *p);
size_t cells_of(const struct cells_question *q, const struct cells_person *p);

/* Register, approve and run: 0, or the code of the refusal. */
int32_t cells_ask(struct cells *c, const struct cells_question *q, struct cells_answer *ret);

/* What the answer would be without noise. */
void cells_exact(const struct cells *c, const struct cells_question *q, int64_t n[CELLS_MOST]);

/* The data changed: the next answers are about a new version. */
void cells_publish(struct cells *c);

#endif
