/*
 * Model SQL -> plan, in a worker that holds no data. The engine parses the text to a syntax tree (it
 * never binds or runs it); the tree is walked by whitelist, names are bound against the catalogue
 * entries of the job, and every expression is typed as it is built (wire/plan_type.h).
 *
 * The worker is not trusted to be right: policies/rules checks the plan again. Nothing here depends on
 * data, so a refusal may say everything: the construct, its byte position, why, what to write instead.
 */
#ifndef WORKER_LOWER_H
#define WORKER_LOWER_H

#include "base/arena.h"
#include "wire/job.h"

struct engine;

/* The syntax tree of `sql` as JSON text, from the engine's own parser. */
typedef bool worker_parse_fn(void *parser, struct sy_view sql, struct sy_arena *arena,
                             struct sy_view *ret_json);

/* Lower job->model against job->datasets. On success ret->plan holds the canonical plan; a refusal
 * fills code, construct, pos, reason and hint. Status is not OK only when the worker itself failed
 * (no memory, engine gone). *ret lives in the arena. */
SY_MUST sy_status worker_lower(const struct sy_lower_job *job, worker_parse_fn *parse, void *parser,
                               struct sy_arena *arena, struct sy_lower_result *ret);

#endif
