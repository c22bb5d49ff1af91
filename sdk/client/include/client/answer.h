/*
 * A verified answer: the reply it came in, and its table decoded.
 */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include "client/reply.h"

struct client_column {
    const struct sy_answer_column *c;
    const char *name; /* NUL-terminated copies */
    const char *mechanism;
    const char *shaped;
    const char **texts; /* of a key column, one per row; NULL for figures */
};

struct shuyu_answer {
    shuyu_reply *reply; /* owned; everything points into it */
    struct sy_arena arena;
    struct sy_answer a;
    struct client_column *columns;
    const char **datasets;   /* names of a.data */
    const char **namespaces; /* of a.spends */
};

enum { CLIENT_PARAMS_MAX = 64 };

/* Parameters as records; views of the texts. SY_E_FIELD, SY_E_USAGE. */
SY_MUST sy_status client_run_params(const shuyu_param *params, size_t n,
                                    struct sy_run_param ret[CLIENT_PARAMS_MAX],
                                    struct sy_error *err);

/* The arguments of model.run. SY_E_FIELD, SY_E_USAGE. */
SY_MUST sy_status client_question_args(const shuyu_question *q, struct sy_buf *b,
                                       struct sy_error *err);

/* Make the table of a verified reply to a run, which is checked in shape: takes over `reply`
 * whatever happens. SY_E_FIELD and the decoder's errors. */
SY_MUST sy_status client_answer_new(shuyu_reply *reply, shuyu_answer **ret, struct sy_error *err);

/* The outcome of a run, as the public functions give it: takes over reply. */
shuyu_status client_give_answer(sy_status s, struct sy_error *err, shuyu_reply *reply,
                                shuyu_answer **ret, shuyu_error *reterr);

#endif
