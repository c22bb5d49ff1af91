/* A reference's text with the values of a run's parameters in it: tests/dialect/corpus.h says how they are
 * written. */
#ifndef DIALECT_REFERENCE_TEXT_H
#define DIALECT_REFERENCE_TEXT_H

#include "base/arena.h"
#include "wire/plan.h"

/* Without the semicolon and blanks at its end. */
struct sy_view reference_text(const struct sy_plan *plan, struct sy_view sql,
                              const uint64_t *params, struct sy_arena *arena);

#endif
