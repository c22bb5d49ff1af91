/*
 * The two jobs that need the engine, each from message to message (wire/job.h). What a run's result
 * says about a failure is ok = false and nothing else.
 *
 * Runs in: the sealed worker. Trusts: nobody's sizes, seals or types. Blocks: on the job's socket.
 */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "engine.h"

/* Serve one lowering: 0 when a result was sent. */
int worker_lower_job(const struct engine_ops *ops, struct engine *e, int job_sock);

/* Serve one run: 0 when a result was sent, ok or not. */
int worker_run_job(const struct engine_ops *ops, struct engine *e, int job_sock);

#endif
