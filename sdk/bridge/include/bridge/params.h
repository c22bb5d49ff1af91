/*
 * The body of a call: { "purpose": CODE, "params": { NAME: VALUE, ... } } against what the product declares. JSON
 * that the product's schema (openapi.h) does not allow is refused here, before anything is signed.
 *
 * Trusts: the product; the body is a stranger's. Threads: pure functions. Source: RFC 8259.
 */
#ifndef BRIDGE_PARAMS_H
#define BRIDGE_PARAMS_H

#include <shuyu/shuyu.h>

#include "bridge/shelf.h"

enum { BRIDGE_PARAMS_MAX = 64 };

/* What is asked; texts are of the arena. */
struct bridge_ask {
    const char *purpose;
    shuyu_param params[BRIDGE_PARAMS_MAX];
    size_t n_params;
};

/*
 * BOUNDARY: read a body. SHUYU_OK, or *reterr says what is wrong: SHUYU_E_USAGE (no JSON object), SHUYU_E_FIELD
 * ("purpose", "params.NAME": missing, unknown, of another type, or not one of the declared values),
 * SHUYU_E_NO_MEMORY.
 */
SHUYU_MUST shuyu_status bridge_ask_read(struct sy_view body, const struct bridge_product *product,
                                        struct sy_arena *arena, struct bridge_ask *ret,
                                        shuyu_error *reterr);

/* How a parameter's values are written in JSON: "boolean", "integer" (of kind int without decimals), "string". */
const char *bridge_param_type(const struct sy_plan_param *p);

/* Is this text a value of an integer that JSON has exactly? */
bool bridge_is_integer(struct sy_view text, int64_t *ret);

#endif
