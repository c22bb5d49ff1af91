/*
 * What: product.call by name. The verification is in verify_product.c; the answer is read as a run's.
 */
#include "client/product.h"

#include "base/time.h"
#include "client/answer.h"
#include "client/session.h"
#include "wire/product.h"

sy_status client_product_request(const shuyu_product_question *q, struct sy_buf *args,
                                 shuyu_request *ret, struct sy_error *err)
{
    struct sy_run_param params[CLIENT_PARAMS_MAX];
    if (q == NULL || q->product == NULL || q->grant == NULL || q->model == NULL ||
        q->purpose == NULL) {
        return sy_fail(err, SY_E_USAGE, "question", "product, grant, model and purpose are needed");
    }
    SY_TRY(client_run_params(q->params, q->n_params, params, err));
    struct sy_product_call call = {.params = params,
                                   .n_params = q->n_params,
                                   .price = q->price,
                                   .purpose = sy_view_str(q->purpose)};
    memcpy(call.model, q->model, 32);
    sy_status s = sy_record_encode(&sy_product_call_desc, &call, args);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "params", "names and values are UTF-8 text");
    }
    *ret = (shuyu_request){.method = "product.call",
                           .grant = q->grant,
                           .subject = q->product,
                           .args = client_bytes(sy_buf_view(args))};
    return SY_OK;
}

shuyu_status shuyu_product_call(shuyu_session *s, const shuyu_product_question *question,
                                shuyu_answer **ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct client_call *c = NULL;
    shuyu_reply *reply = NULL;
    shuyu_request request;
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(CLIENT_PRODUCT_MAX);
    if (ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "ret", NULL);
    }
    *ret = NULL;
    if (s == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "session", NULL);
    }
    sy_status st = client_product_request(question, &args, &request, &err);
    if (sy_ok(st)) {
        st = client_call_new(s->profile, &request, sy_now_s(), &c, &err);
    }
    if (sy_ok(st)) {
        st = client_call_through(s, c, -1, &reply, &err);
    }
    shuyu_status code = client_give_answer(st, &err, reply, ret, reterr);
    client_call_free(c);
    return code;
}
