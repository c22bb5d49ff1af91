/* What an aggregate inside a query is made of: functions of a reduce, and how its value comes of them. */
#ifndef WORKER_LOWER_AGGREGATE_H
#define WORKER_LOWER_AGGREGATE_H

#include "lower_internal.h"

/* One function of a reduce, over positions of the input list. */
struct fn {
    struct sy_view op;
    size_t args[2];
    size_t n;
};

/* What a call of an aggregate is made of. */
struct aggregate {
    struct fn parts[2];
    size_t n;
    enum finish finish;
};

struct fn lower_fn(const char *op, size_t arg);

/* Functions and arguments of a call, lowered over the rows before grouping. */
sy_status lower_aggregate(struct ctx *in, const json_t *call, struct aggregate *ret);

#endif
