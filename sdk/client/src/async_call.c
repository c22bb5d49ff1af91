/*
 * What: the calls of an asynchronous client: queued, sent, repeated with the same envelope, ended
 * once. Invariant: a call is out of the list before its callback runs, so the callback may start,
 * cancel or close whatever it likes; loops over the list start again after each callback.
 */
#include <stdlib.h>

#include <sodium.h>

#include "base/arith.h"
#include "base/time.h"
#include "client/async.h"
#include "client/product.h"
#include "client/subject.h"

enum { BACKOFF_MIN_MS = 25, BACKOFF_MAX_MS = 2000 };

static void call_free(struct shuyu_async_call *k)
{
    client_call_free(k->call);
    free(k);
}

static void unlink_call(struct shuyu_async_call *k)
{
    struct shuyu_async_call **at = &k->client->calls;
    while (*at != k) {
        at = &(*at)->next;
    }
    *at = k->next;
}

/* --- ending ----------------------------------------------------------------------------------- */

static void end_call(struct shuyu_async_call *k, sy_status s, struct sy_error *err,
                     shuyu_reply *reply)
{
    shuyu_error error = {0};
    unlink_call(k);
    if (k->on_run != NULL) {
        shuyu_answer *answer = NULL;
        shuyu_status code = client_give_answer(s, err, reply, &answer, &error);
        k->on_run(k->ctx, code, answer, &error);
    } else {
        shuyu_reply *given = NULL;
        shuyu_status code = client_give_reply(s, err, reply, &given, &error);
        k->on_call(k->ctx, code, given, &error);
    }
    call_free(k);
}

/* A refusal in clear is anybody's word. It says nothing of an earlier send, which may have been carried out; and
 * that nothing was sent is this client's alone to say. */
static bool is_no_outcome(const struct shuyu_async_call *k, const struct sy_rpc_msg *m)
{
    struct sy_error claimed = {0};
    return sy_rpc_error(m->error, &claimed) && (k->n_sends > 1 || claimed.code == SY_E_TIMEOUT);
}

void client_async_response(struct shuyu_async *c, const struct sy_rpc_msg *m)
{
    struct shuyu_async_call *k = c->calls;
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    while (k != NULL && !(k->sent && k->id == m->id)) {
        k = k->next;
    }
    if (k == NULL) {
        return; /* cancelled meanwhile */
    }
    sy_status s = client_call_judge(k->call, m, &reply, &err);
    if (reply == NULL && client_repeat(s.code)) {
        k->sent = false;
        k->send_ms =
            client_now_ms() + k->backoff_ms / 2 + randombytes_uniform((uint32_t)k->backoff_ms);
        k->backoff_ms = sy_min_u64(k->backoff_ms * 2, BACKOFF_MAX_MS);
        client_async_wake(c);
        return;
    }
    if (is_no_outcome(k, m)) {
        s = sy_fail(&err, SY_E_TIMEOUT, "answer",
                    "no outcome (%s, in clear); the domain may have carried it out",
                    sy_code_name(s.code));
    }
    end_call(k, s, &err, reply);
}

static struct shuyu_async_call *expired(const struct shuyu_async *c, uint64_t now_ms)
{
    struct shuyu_async_call *k = c->closing ? NULL : c->calls;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): who is freed was unlinked before */
    while (k != NULL && k->deadline_ms > now_ms) {
        k = k->next;
    }
    return k;
}

void client_async_expire(struct shuyu_async *c, uint64_t now_ms)
{
    struct shuyu_async_call *k = NULL;
    while ((k = expired(c, now_ms)) != NULL) {
        struct sy_error err = {0};
        sy_status s = k->n_sends > 0
                          ? sy_fail(&err, SY_E_TIMEOUT, "answer",
                                    "no answer in time; the domain may have carried it out")
                          : sy_fail(&err, SY_E_TIMEOUT, "connection",
                                    "no connection in time; nothing was sent");
        end_call(k, s, &err, NULL);
    }
}

void client_async_drop_calls(struct shuyu_async *c)
{
    while (c->calls != NULL) {
        struct shuyu_async_call *k = c->calls;
        c->calls = k->next;
        call_free(k);
    }
}

void shuyu_async_cancel(shuyu_async_call *call)
{
    if (call != NULL) {
        unlink_call(call);
        call_free(call);
    }
}

/* --- sending ---------------------------------------------------------------------------------- */

static sy_status send_call(struct shuyu_async *c, struct shuyu_async_call *k, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(2 << 20);
    k->id = c->next_id++;
    SY_TRY(client_call_frame(k->call, k->id, &frame));
    k->n_sends++; /* a part of it may be out even when this fails */
    SY_TRY(client_link_send(&c->link, sy_buf_view(&frame), err));
    k->sent = true;
    return SY_OK;
}

sy_status client_async_send_due(struct shuyu_async *c, uint64_t now_ms, struct sy_error *err)
{
    for (struct shuyu_async_call *k = c->calls; k != NULL; k = k->next) {
        if (!k->sent && k->send_ms <= now_ms) {
            SY_TRY(send_call(c, k, err));
        }
    }
    return SY_OK;
}

void client_async_unsend(struct shuyu_async *c)
{
    for (struct shuyu_async_call *k = c->calls; k != NULL; k = k->next) {
        k->sent = false;
    }
}

uint64_t client_async_next_ms(const struct shuyu_async *c)
{
    uint64_t next = UINT64_MAX;
    for (const struct shuyu_async_call *k = c->calls; k != NULL; k = k->next) {
        next = sy_min_u64(next, k->deadline_ms);
        if (!k->sent && c->state == CLIENT_ASYNC_UP) {
            next = sy_min_u64(next, k->send_ms);
        }
    }
    return next;
}

/* --- starting --------------------------------------------------------------------------------- */

static sy_status start(struct shuyu_async *c, const shuyu_request *request,
                       struct shuyu_async_call **ret, struct sy_error *err)
{
    if (c->closing) {
        return sy_fail(err, SY_E_STATE, NULL, "the client is closing");
    }
    struct shuyu_async_call *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = client_call_new(c->profile, request, sy_now_s(), &k->call, err);
    if (!sy_ok(s)) {
        free(k);
        return s;
    }
    k->client = c;
    k->deadline_ms = client_now_ms() + c->options.call_timeout_ms;
    k->backoff_ms = BACKOFF_MIN_MS;
    struct shuyu_async_call **at = &c->calls;
    while (*at != NULL) {
        at = &(*at)->next; /* in the order asked */
    }
    *at = k;
    client_async_wake(c);
    *ret = k;
    return SY_OK;
}

shuyu_status shuyu_async_send(shuyu_async *c, const shuyu_request *request,
                              shuyu_async_call_fn done, void *ctx, shuyu_async_call **ret_call,
                              shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct shuyu_async_call *k = NULL;
    if (c == NULL || request == NULL || done == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "request", NULL);
    }
    sy_status s = start(c, request, &k, &err);
    if (k != NULL) {
        k->on_call = done;
        k->ctx = ctx;
    }
    if (k != NULL && ret_call != NULL) {
        *ret_call = k;
    }
    return client_give(s, &err, reterr);
}

static sy_status start_run(struct shuyu_async *c, const shuyu_question *question,
                           struct shuyu_async_call **ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(1 << 18);
    SY_TRY(client_question_args(question, &args, err));
    shuyu_request request = {.method = "model.run",
                             .grant = question->grant,
                             .subject = question->model,
                             .args = client_bytes(sy_buf_view(&args))};
    return start(c, &request, ret, err);
}

/* A call whose outcome is an answer, once it was started with status s. */
static shuyu_status give_run(struct shuyu_async_call *k, sy_status s, struct sy_error *err,
                             shuyu_async_run_fn done, void *ctx, shuyu_async_call **ret_call,
                             shuyu_error *reterr)
{
    if (k != NULL) {
        k->on_run = done;
        k->ctx = ctx;
    }
    if (k != NULL && ret_call != NULL) {
        *ret_call = k;
    }
    return client_give(s, err, reterr);
}

shuyu_status shuyu_async_run(shuyu_async *c, const shuyu_question *question,
                             shuyu_async_run_fn done, void *ctx, shuyu_async_call **ret_call,
                             shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct shuyu_async_call *k = NULL;
    if (c == NULL || question == NULL || done == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "question", NULL);
    }
    sy_status s = start_run(c, question, &k, &err);
    return give_run(k, s, &err, done, ctx, ret_call, reterr);
}

shuyu_status shuyu_async_subject(shuyu_async *c, const shuyu_subject_question *question,
                                 shuyu_async_run_fn done, void *ctx, shuyu_async_call **ret_call,
                                 shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct shuyu_async_call *k = NULL;
    struct client_subject_ask a;
    if (c == NULL || question == NULL || done == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "question", NULL);
    }
    client_subject_init(&a);
    sy_status s = client_subject_make(question, &a, &err);
    s = sy_ok(s) ? start(c, &a.request, &k, &err) : s;
    client_subject_deinit(&a);
    return give_run(k, s, &err, done, ctx, ret_call, reterr);
}

static sy_status start_product(struct shuyu_async *c, const shuyu_product_question *question,
                               struct shuyu_async_call **ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(CLIENT_PRODUCT_MAX);
    shuyu_request request;
    SY_TRY(client_product_request(question, &args, &request, err));
    return start(c, &request, ret, err);
}

shuyu_status shuyu_async_product(shuyu_async *c, const shuyu_product_question *question,
                                 shuyu_async_run_fn done, void *ctx, shuyu_async_call **ret_call,
                                 shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct shuyu_async_call *k = NULL;
    if (c == NULL || question == NULL || done == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "question", NULL);
    }
    sy_status s = start_product(c, question, &k, &err);
    return give_run(k, s, &err, done, ctx, ret_call, reterr);
}
