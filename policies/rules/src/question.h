/*
 * What makes two runs the same question: grant, model, parameters, data versions. The same question has one answer.
 *
 * Runs in: warden, audit tool. Trusts: nobody. Pure over its arguments (what a state remembers of hashes is of the
 * very bytes that would be hashed). Threads: the state's owner. Source: DESIGN section 3.
 */
#ifndef RULES_QUESTION_H
#define RULES_QUESTION_H

#include "rules/decide.h"
#include "rules/rows.h"

/* All borrowed. params: positions in the declared values, in plan order; data: versions, in the order of plan.sources. */
struct question {
    const struct sy_header *header; /* grant, and subject = the model */
    const uint64_t *params;
    size_t n_params;
    const struct sy_data_ref *data;
    size_t n_data;
};

/* SHA-256("shuyu-question-1" || grant || model || params as u64le || header of each version): of row question/HEX.
 * SY_E_NO_MEMORY. */
SY_MUST sy_status question_hash(const struct rules_state *s, const struct question *q,
                                struct sy_arena *arena, uint8_t ret[32]);

/* The row that a request to come will ask for, as far as can be told now: its model is remembered and stands, and `in`
 * are the inputs it will have. A guess that costs nobody anything but time; what is hashed for it is remembered. */
bool question_expected(const struct rules_state *s, const struct rules_request *req,
                       const struct sy_inputs *in, struct sy_arena *arena, struct rules_key *ret);

#endif
