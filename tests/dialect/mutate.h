/*
 * Mutations of honest models, as a hurried or hostile developer would make them: a join condition
 * loosened, an aggregate exchanged, a row-level column slipped in, a partition without the unit. Each
 * is a small edit of one block's tokens. Which edits are made of a model follows from its name alone,
 * so that their outcomes can be written down (hostile/mutations.txt).
 */
#ifndef DIALECT_MUTATE_H
#define DIALECT_MUTATE_H

#include "base/arena.h"
#include "wire/methods.h"

/* Number of kinds, and the name of one. */
size_t mutate_kinds(void);
const char *mutate_name(size_t kind);

/* The model with mutation `kind` applied at the `nth` place (of block nth modulo blocks) that it fits;
 * false when it fits nowhere. *ret shares everything else with `model`. */
bool mutate(const struct sy_model_def *model, size_t kind, uint64_t nth, struct sy_arena *arena,
            struct sy_model_def *ret);

#endif
