/*
 * Messages of a job's stream socket (wire/job.h), the worker's side: a 4-byte little-endian length, one
 * canonical record, descriptors on the first byte.
 */
#ifndef WORKER_MSG_H
#define WORKER_MSG_H

#include "base/buf.h"
#include "base/fdio.h"
#include "wire/job.h"

/* A received message. Free with worker_msg_free. */
struct worker_msg {
    struct sy_buf record;
    int fds[SY_FDS_MAX]; /* owned; -1 once given away */
    size_t n_fds;
};

/* Read one message of at most SY_JOB_MESSAGE_MAX bytes. Blocks. SY_E_CLOSED, SY_E_FRAME, SY_E_LIMIT,
 * SY_E_NO_MEMORY; *ret is then empty. */
SY_MUST sy_status worker_msg_read(int sock, struct worker_msg *ret);

/* Write one record as one message. Blocks. SY_E_CLOSED, SY_E_LIMIT, those of sy_record_encode. */
SY_MUST sy_status worker_msg_write(int sock, const struct sy_desc *desc, const void *record);

/* NULL-safe, idempotent. */
void worker_msg_free(struct worker_msg *m);
#define WORKER_MSG_CLEANUP __attribute__((cleanup(worker_msg_free)))

#endif
