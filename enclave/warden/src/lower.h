/*
 * Lowering: a model's text goes to a worker that holds no data, and a plan comes back, as bytes, or a refusal.
 * Shared by model.register and model.check, which have the rules judge the plan.
 */
#ifndef WARDEN_LOWER_H
#define WARDEN_LOWER_H

#include "rules/model.h"
#include "warden/call.h"
#include "wire/job.h"

/* What became of it: a plan, or a refusal under one of our codes with texts of bounded length. Valid as
 * long as the call. */
typedef void warden_lowered_fn(struct warden_call *c, const struct sy_lower_result *r);

/* How many of each method may be lowered at once. */
extern const struct warden_room warden_lower_room;

/* Start lowering `model` against the catalogue of `defs`; both are used during the call only. OK: `done`
 * is called once, later; it must end the call or give it on. Errors: nothing was started. */
SY_MUST sy_status warden_lower(struct warden_call *c, const struct sy_model_def *model,
                               const struct rules_defs *defs, warden_lowered_fn *done,
                               struct sy_error *err);

#endif
