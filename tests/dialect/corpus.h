/*
 * The corpora: models with their plain references.
 *
 *   policies/packs/health/models/ID.yaml with policies/packs/health/reference/ID.sql
 *   tests/dialect/honest/NAME.corpus: documents separated by a line "---", each a model file and,
 *   after a line "=== plain", its reference; or, after a line "=== refused", one line CODE: why. Those
 *   are what analysts would write and the rules refuse; they count against the 95 %
 * A reference has one query per block, after a line "-- block: NAME" (one block: none needed), and
 * returns one row per contributing row: the unit's raw id, the block's keys in order, and for each
 * figure column in order its argument (the constant 1 for counts). $NAME is a parameter's value,
 * $NAME_start and $NAME_end a period's first and last day.
 */
#ifndef DIALECT_CORPUS_H
#define DIALECT_CORPUS_H

#include "base/arena.h"
#include "wire/methods.h"

struct honest {
    const char *source; /* file, and number of the document in it */
    struct sy_model_def model;
    struct sy_view plain;
    const char *refused; /* the code it is refused with; NULL: it is to be accepted */
    const char *why;
};

struct corpus {
    struct sy_arena arena;
    struct honest *models;
    size_t n;
};

/* Everything below the source root. */
void corpus_read(struct corpus *c, const char *root);
void corpus_free(struct corpus *c);

/* The reference of a block; n 0 when there is none. */
struct sy_view corpus_plain(const struct honest *h, struct sy_view block);

#endif
