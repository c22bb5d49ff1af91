/*
 * The table of scalar functions, in parts by topic. A row says everything about its function: how SQL
 * calls it, which operator of the plan it becomes, what it takes and gives, and what it gives where
 * mathematics has no answer; tests/golden/dialect_functions.txt is printed from these rows.
 */
#ifndef WORKER_LOWER_FUNC_H
#define WORKER_LOWER_FUNC_H

#include "lower_dialect.h"
#include "lower_internal.h"

/* One call being lowered: its arguments are positions of c->list. */
struct call {
    struct ctx *c;
    const char *op; /* of the plan */
    const json_t *node;
    size_t *args;
    size_t n;
    uint64_t pos;
};

struct function {
    const char *name, *op;
    size_t min, max; /* arguments */
    sy_status (*lower)(struct call *, size_t *);
    const char *types, *errors;
    bool raw; /* the children are not lowered first */
};

extern const struct function LOWER_NUMBERS[], LOWER_DATES[], LOWER_LABELS[];
extern const size_t LOWER_N_NUMBERS, LOWER_N_DATES, LOWER_N_LABELS;

/* The plan's operator over the arguments as they are. */
sy_status fn_plain(struct call *k, size_t *ret);
/* Refused as a call of this name, with this reason. */
sy_status fn_refuse(const struct call *k, const char *reason);
/* The text, or the whole number, that an argument literally is; false, and nothing or 0, when it is
 * anything else. */
bool fn_text(const struct call *k, size_t i, struct sy_view *ret);
bool fn_whole(const struct call *k, size_t i, int64_t *ret);

#endif
