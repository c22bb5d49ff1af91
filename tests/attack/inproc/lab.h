/*
 * One small protected table, and models on it by the code of production: lowered, checked, computed by the
 * engine, released by the warden's code. lab.t has the fields
 *
 *   person  unit of namespace person, nullable      v  integer in [0, LAB_V_MAX]
 *   k       one of four declared labels             w  integer in [-2^39, 2^39]
 *   s       undeclared text                         x  integer in [0, 2^19]
 */
#ifndef ATTACK_LAB_H
#define ATTACK_LAB_H

#include "asking.h"

enum { LAB_PERSON = 0, LAB_V, LAB_K, LAB_W, LAB_S, LAB_X, LAB_FIELDS };

#define LAB_V_MAX ((1 << 24) + 3) /* odd, and one more than a float holds */
#define LAB_W_MAX (INT64_C(1) << 39)
#define LAB_X_MAX (INT64_C(1) << 19)

struct lab {
    struct bench bench;
    struct tables ts;
    struct sy_dataset_def def;
    struct sy_field_def fields[LAB_FIELDS];
};

/* max_rows: the catalogue's. Chance is attack_seed()'s. */
void lab_open(struct lab *l, uint64_t max_rows);
void lab_close(struct lab *l);

/* Room for n rows, all zero; units: how many unit codes there are. */
void lab_rows(struct lab *l, size_t n, size_t units);
void lab_set(struct lab *l, size_t row, size_t field, int64_t value);
/* The code of an undeclared text. */
int64_t lab_text(struct lab *l, const char *text);

/* How a model is bounded and priced. */
struct lab_block {
    const char *sql;
    uint64_t groups, rows, rho, delta;
};

/* Lower and check; it must be accepted. Ends with ask_end. */
void lab_ask(struct lab *l, const struct lab_block *block, struct asking *a);

/* Feed the table as it is now, and compute; a->result. */
void lab_run(struct lab *l, struct asking *a);

/* The released answer of a->result, whose figures it uses up; the seed from chance. */
void lab_release(struct lab *l, struct asking *a, struct sy_answer *ret);

#endif
