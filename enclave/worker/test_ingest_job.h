/*
 * For the tests that play the warden: start an ingest job on a socket with a file's descriptor, and
 * read its messages.
 */
#ifndef WORKER_TEST_INGEST_JOB_H
#define WORKER_TEST_INGEST_JOB_H

#include "test_ingest.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"

/* Send the job with the descriptor (borrowed; -1 = none) as wire/job.h says. */
static inline void job_send(int sock, const struct sy_dataset_def *def, int file)
{
    const struct sy_ingest_job job = {.def = *def};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    check_ok(sy_buf_add(&b, "\0\0\0\0", 4));
    check_ok(sy_record_encode(&sy_ingest_job_desc, &job, &b));
    sy_store_le32(b.p, (uint32_t)(b.n - 4));
    check_ok(sy_send_fds(sock, sy_view(b.p, 1), &file, file < 0 ? 0 : 1));
    check_ok(sy_write_all(sock, b.p + 1, b.n - 1));
}

/* The next message, in `message` and `arena` (both cleared first). */
static inline void job_recv(int sock, struct sy_buf *message, struct sy_arena *arena,
                            struct sy_ingest_batch *ret)
{
    uint8_t head[4];
    sy_buf_clear(message);
    sy_arena_deinit(arena);
    check_ok(sy_read_all(sock, head, sizeof(head)));
    size_t n = sy_load_le32(head);
    assert_true(n <= SY_JOB_MESSAGE_MAX);
    uint8_t *at = sy_buf_reserve(message, n);
    assert_non_null(at);
    check_ok(sy_read_all(sock, at, n));
    message->n = n;
    check_ok(sy_record_decode(&sy_ingest_batch_desc, sy_buf_view(message), &SY_MP_LARGE, arena, ret,
                              NULL));
}

#endif
