/*
 * Bounded aggregates once more, independently: from the rows that a plain query returns, by the words of
 * wire/plan.h (sy_plan_block) alone. What the engine computes must be equal, cell by cell.
 */
#ifndef DIALECT_REFERENCE_H
#define DIALECT_REFERENCE_H

#include "asking.h"

/* Run `plain` and compare with block `block` of a->result. False: *ret_why says what differs. */
bool reference_compare(struct bench *b, struct asking *a, size_t block, struct plain *p,
                       struct sy_view plain, const uint64_t *params, const char **ret_why,
                       size_t *ret_cells);

#endif
