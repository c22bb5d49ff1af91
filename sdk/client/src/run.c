/*
 * What: model.run by name: arguments out, answer in. The verification is that of every call
 * (verify.c, verify_run.c).
 */
#include "base/time.h"
#include "client/answer.h"
#include "client/session.h"

enum { ARGS_MAX = 1 << 18 };

sy_status client_run_params(const shuyu_param *params, size_t n,
                            struct sy_run_param ret[CLIENT_PARAMS_MAX], struct sy_error *err)
{
    if (n > CLIENT_PARAMS_MAX) {
        return sy_fail(err, SY_E_FIELD, "params", "more parameters than a model may have");
    }
    if (n > 0 && params == NULL) {
        return sy_fail(err, SY_E_USAGE, "params", NULL);
    }
    for (size_t i = 0; i < n; i++) {
        if (params[i].name == NULL || params[i].value == NULL) {
            return sy_fail(err, SY_E_FIELD, "params", "a parameter has a name and a value");
        }
        ret[i] = (struct sy_run_param){.name = sy_view_str(params[i].name),
                                       .value = sy_view_str(params[i].value)};
    }
    return SY_OK;
}

sy_status client_question_args(const shuyu_question *q, struct sy_buf *b, struct sy_error *err)
{
    struct sy_run_param params[CLIENT_PARAMS_MAX];
    if (q == NULL || q->grant == NULL || q->model == NULL) {
        return sy_fail(err, SY_E_USAGE, "question", "grant and model are needed");
    }
    SY_TRY(client_run_params(q->params, q->n_params, params, err));
    struct sy_run run = {.params = params, .n_params = q->n_params};
    sy_status s = sy_record_encode(&sy_run_desc, &run, b);
    return sy_ok(s) ? s : sy_fail(err, s.code, "params", "names and values are UTF-8 text");
}

shuyu_status client_give_answer(sy_status s, struct sy_error *err, shuyu_reply *reply,
                                shuyu_answer **ret, shuyu_error *reterr)
{
    shuyu_reply *given = NULL;
    if (!sy_ok(s)) {
        shuyu_status code = client_give_reply(s, err, reply, &given, reterr);
        shuyu_reply_free(given);
        return code;
    }
    return client_give(client_answer_new(reply, ret, err), err, reterr);
}

shuyu_status shuyu_run(shuyu_session *s, const shuyu_question *question, shuyu_answer **ret,
                       shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct client_call *c = NULL;
    shuyu_reply *reply = NULL;
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(ARGS_MAX);
    if (ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "ret", NULL);
    }
    *ret = NULL;
    if (s == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "session", NULL);
    }
    sy_status st = client_question_args(question, &args, &err);
    if (sy_ok(st)) {
        shuyu_request request = {.method = "model.run",
                                 .grant = question->grant,
                                 .subject = question->model,
                                 .args = client_bytes(sy_buf_view(&args))};
        st = client_call_new(s->profile, &request, sy_now_s(), &c, &err);
    }
    if (sy_ok(st)) {
        st = client_call_through(s, c, -1, &reply, &err);
    }
    shuyu_status code = client_give_answer(st, &err, reply, ret, reterr);
    client_call_free(c);
    return code;
}
