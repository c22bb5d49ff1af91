/*
 * Ingest, the job of kind 'i' (wire/job.h): a department's raw file, which the worker gets as a
 * descriptor, becomes batches of checked, typed columns on the job's socket, and an end message with
 * the quality figures. The file is read once, from where its descriptor stands, with read(2); it is
 * neither mapped nor copied, and a pipe does as well. What is accepted: ingest_csv.h.
 *
 * Runs in: the sealed worker, but for prepare (zygote). Trusts: the warden's message. Holds: the file's
 * descriptor and the job's socket. Blocks: on both; flow control is the socket's.
 */
#ifndef WORKER_INGEST_H
#define WORKER_INGEST_H

#include "base/status.h"

/* Before the zygote forks: loads what a sealed worker could not (the GB18030 converter).
 * SY_E_IO when this machine has none. */
SY_MUST sy_status worker_ingest_prepare(void);

/* Serve one job on its socket, blocking. 0: an end message was sent, with or without an error in it;
 * 1: the socket broke. For sandbox_worker_ops.run. */
int worker_ingest_run(int job_sock);

#endif
