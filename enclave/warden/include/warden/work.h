/*
 * What needs a worker: lowering a model's SQL, running a model, ingesting a file. Each takes the
 * call, and gives it back to warden_call_decide or ends it.
 */
#ifndef WARDEN_WORK_H
#define WARDEN_WORK_H

#include "warden/call.h"

/* model.register. prepare: false = a worker lowers the SQL, and the call goes on by itself, with the plan or
 * the worker's refusal as input; true = decide now: the rules refuse it whatever the plan, or no worker
 * could be had (the refusal is the input). done: the model's id, plan and rendering. */
bool warden_register_prepare(struct warden_call *c);
void warden_register_done(struct warden_call *c);

/* model.check, a read. prepare: is there room for one more? read: lowered as for model.register, then judged
 * by the rules; the verdict is the result, not a refusal. Nothing is logged, no data is opened. */
bool warden_check_prepare(struct warden_call *c);
void warden_check_read(struct warden_call *c);

/* model.run. prepare: fresh salt and data versions. done: the charge is durable: run it, or give the
 * stored answer. again: the same envelope: resume an open charge with its salt, or repeat the
 * outcome. */
bool warden_run_prepare(struct warden_call *c);
void warden_run_done(struct warden_call *c);
void warden_run_again(struct warden_call *c);

/* subject.ask: a run like any other, but that its secret says whom it is about. prepare: what the rules
 * are told of the secret, as inputs: flags and a pseudonym, nothing else of it. */
bool warden_subject_prepare(struct warden_call *c);

/* audit.rerun. prepare: one at a time for each party, two in all. done: the request is durable: run the charge
 * again, in its slot. again: the same envelope: its outcome, or, when a crash kept it from having one, the
 * re-run. */
bool warden_rerun_prepare(struct warden_call *c);
void warden_rerun_done(struct warden_call *c);
void warden_rerun_again(struct warden_call *c);

/* Stop every run under a grant, at once (suspension, revocation, expiry): its charge is answered
 * as a crash and stays charged. What it read is closed now, or as soon as its thread has come back. */
void warden_runs_stop(struct warden *w, const uint8_t grant[32]);

/* Does a run, a report or a test under this grant hold anything open of what it read? */
bool warden_runs_hold(const struct warden *w, const uint8_t grant[32]);

/* Stop every call of a product, at once (withdrawal). */
void warden_product_stop(struct warden *w, const uint8_t product[32]);

/* dataset.ingest. prepare: close a passed descriptor that is neither a file nor a pipe; the decision follows.
 * done: the descriptor goes to a worker; rows come back typed, are encrypted on the loop's thread as they
 * come, and at the end published by one of the warden's own acts. again: never started twice: refused. */
bool warden_ingest_prepare(struct warden_call *c);
void warden_ingest_done(struct warden_call *c);
void warden_ingest_again(struct warden_call *c);

#endif
