/*
 * What makes two runs the same question: grant, model, parameters, data versions. The same question has one answer.
 *
 * Runs in: warden, audit tool. Trusts: who filled the request's facts. Pure. Threads: any. Source: DESIGN section 3.
 */
#ifndef RULES_QUESTION_H
#define RULES_QUESTION_H

#include "rules/decide.h"
#include "rules/rows.h"

/* Parameters as positions in the plan's declared values, in plan order; the data that it was worked out for; hash:
 * SHA-256("shuyu-question-1" || grant || model || params as u64le || header of each version); key: of the row
 * question/HEX. */
struct rules_asked {
    uint64_t *params;
    size_t n_params;
    const struct sy_data_ref *data;
    uint8_t hash[32];
    struct rules_key key;
};

/* What a run asks. All borrowed. */
struct question {
    const struct rules_request
        *req; /* its header: grant, and subject = the model, or the product */
    const struct sy_plan *plan;
    const struct sy_run *run;
    const struct sy_data_ref *data; /* versions, in the order of plan.sources */
    size_t n_data;
};

/* Work it out, or find it among the request's facts; *ret lives as long as arena and facts. SY_E_FIELD (field =
 * "params.NAME", as rules_run_params), SY_E_NO_MEMORY. */
SY_MUST sy_status question_asked(const struct question *q, struct sy_arena *arena,
                                 const struct rules_asked **ret, struct sy_error *err);

#endif
