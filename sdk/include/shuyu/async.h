/*
 * The same client without blocking, on the caller's libuv loop. Verification is the very code of
 * shuyu.h; only the waiting differs.
 *
 * Threads: everything belongs to the loop's thread; callbacks come from uv_run, never from within
 * the call that starts something. The profile, shared and borrowed, must outlive the client.
 * libuv writes without MSG_NOSIGNAL: the program must ignore SIGPIPE (shuyu.h needs no such thing).
 * Needs libuv 1.44 or newer; this header does not need <uv.h>.
 */
#ifndef SHUYU_ASYNC_H
#define SHUYU_ASYNC_H

#include <shuyu/shuyu.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s; /* uv_loop_t */

/* A connection with any number of calls in flight, made anew by itself when it is lost. */
typedef struct shuyu_async shuyu_async;

/* A call in flight; valid until its callback begins, or until it is cancelled. */
typedef struct shuyu_async_call shuyu_async_call;

/* The connection stands (status 0), or could not be made. Comes once. */
typedef void (*shuyu_async_open_fn)(shuyu_async *c, void *ctx, shuyu_status status,
                                    const shuyu_error *error);

/* The outcome of a run: as shuyu_run gives it. The callee owns `answer` (shuyu_answer_free). */
typedef void (*shuyu_async_run_fn)(void *ctx, shuyu_status status, shuyu_answer *answer,
                                   const shuyu_error *error);

/* The outcome of a call: as shuyu_call gives it. The callee owns `reply` (shuyu_reply_free). */
typedef void (*shuyu_async_call_fn)(void *ctx, shuyu_status status, shuyu_reply *reply,
                                    const shuyu_error *error);

/* All handles are closed and the client is gone. */
typedef void (*shuyu_async_close_fn)(void *ctx);

/*
 * Begin to connect to a gateway. address NULL = the pinned one; options may be NULL (on_progress is
 * not used). Calls may be started at once; they wait. When the first connection cannot be made,
 * on_open says so, and the client goes on trying for the calls that wait, until their time is up.
 * SHUYU_E_STATE (no address), SHUYU_E_FIELD (address), SHUYU_E_IO, SHUYU_E_NO_MEMORY: *ret is
 * untouched and no callback comes. End with shuyu_async_close.
 */
SHUYU_MUST SHUYU_API shuyu_status shuyu_async_open(struct uv_loop_s *loop, shuyu_profile *p,
                                                   const char *address,
                                                   const shuyu_options *options, shuyu_async **ret,
                                                   shuyu_error *reterr);

/* Ask to be told when the connection stands. At most one; replaces the one before. */
SHUYU_API void shuyu_async_on_open(shuyu_async *c, shuyu_async_open_fn on_open, void *ctx);

/* Start a run, a question about one subject, a call of a product, or any call; the arguments are copied. OK: the callback comes exactly once, unless
 * the call is cancelled; *ret_call (may be NULL) names it. An outcome SHUYU_E_TIMEOUT with field "connection" says
 * that nothing was sent, with field "answer" that the domain may have carried it out. SHUYU_E_STATE (not pinned, or closing),
 * SHUYU_E_FIELD, SHUYU_E_NO_MEMORY: no callback comes. */
SHUYU_MUST SHUYU_API shuyu_status shuyu_async_run(shuyu_async *c, const shuyu_question *question,
                                                  shuyu_async_run_fn done, void *ctx,
                                                  shuyu_async_call **ret_call, shuyu_error *reterr);
SHUYU_MUST SHUYU_API shuyu_status shuyu_async_subject(shuyu_async *c,
                                                      const shuyu_subject_question *question,
                                                      shuyu_async_run_fn done, void *ctx,
                                                      shuyu_async_call **ret_call,
                                                      shuyu_error *reterr);
SHUYU_MUST SHUYU_API shuyu_status shuyu_async_product(shuyu_async *c,
                                                      const shuyu_product_question *question,
                                                      shuyu_async_run_fn done, void *ctx,
                                                      shuyu_async_call **ret_call,
                                                      shuyu_error *reterr);
SHUYU_MUST SHUYU_API shuyu_status shuyu_async_send(shuyu_async *c, const shuyu_request *request,
                                                   shuyu_async_call_fn done, void *ctx,
                                                   shuyu_async_call **ret_call,
                                                   shuyu_error *reterr);

/* Stop waiting: no callback comes. The domain may carry the call out all the same; a run that was
 * sent stays charged. `call` is gone afterwards. */
SHUYU_API void shuyu_async_cancel(shuyu_async_call *call);

/* Disconnect and free; calls in flight end as if cancelled. on_closed (may be NULL) comes last,
 * when the loop may be closed as far as this client is concerned. NULL-safe. */
SHUYU_API void shuyu_async_close(shuyu_async *c, shuyu_async_close_fn on_closed, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
