/*
 * From inner statuses to the public error. Threads: pure functions.
 */
#ifndef CLIENT_ERROR_H
#define CLIENT_ERROR_H

#include "base/status.h"
#include "base/view.h"
#include "shuyu/shuyu.h"

/* Give an inner result to the caller: returns its code; on failure fills *reterr (may be NULL) from
 * *e, or from the code's general text where *e is about another code. */
shuyu_status client_give(sy_status s, const struct sy_error *e, shuyu_error *reterr);

/* Misuse seen at the border: code, field (NULL = none) and reason. */
shuyu_status client_misuse(shuyu_error *reterr, int32_t code, const char *field,
                           const char *reason);

static inline struct sy_view client_view(shuyu_bytes b)
{
    return sy_view(b.data, b.n);
}

static inline shuyu_bytes client_bytes(struct sy_view v)
{
    shuyu_bytes b = {v.p, v.n};
    return b;
}

#endif
