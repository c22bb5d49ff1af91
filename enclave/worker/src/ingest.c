/*
 * The job around the parser: message in, file in, batches out.
 * Invariants: whatever goes wrong with the job or the file, the last message is an end message with
 * a code, and there is only one.
 */
#include "ingest.h"

#include <errno.h>
#include <unistd.h>

#include "ingest_csv.h"
#include "ingest_text.h"
#include "worker_msg.h"

enum { READ_BYTES = 256 << 10 };

sy_status worker_ingest_prepare(void)
{
    return ingest_text_prepare();
}

/* A sink; ctx: the job's socket. */
static sy_status send_batch(void *ctx, const struct sy_ingest_batch *batch)
{
    return worker_msg_write(*(const int *)ctx, &sy_ingest_batch_desc, batch);
}

/* --- the file ---------------------------------------------------------------------------------- */

static sy_status read_some(int fd, uint8_t *p, size_t *ret_n)
{
    ssize_t n;
    do {
        n = read(fd, p, READ_BYTES);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return sy_status_of(SY_E_IO);
    }
    *ret_n = (size_t)n;
    return SY_OK;
}

static sy_status pump(struct ingest *in, int fd, uint8_t *buffer)
{
    for (;;) {
        size_t n = 0;
        SY_TRY(read_some(fd, buffer, &n));
        if (n == 0) {
            return ingest_finish(in);
        }
        SY_TRY(ingest_feed(in, sy_view(buffer, n)));
    }
}

/* Read the whole file; what stopped it goes into the end message. */
static sy_status ingest_file(struct ingest *in, int fd)
{
    SY_BUF_CLEANUP struct sy_buf room = sy_buf(READ_BYTES);
    uint8_t *buffer = sy_buf_reserve(&room, READ_BYTES);
    sy_status s = buffer == NULL ? sy_status_of(SY_E_NO_MEMORY) : pump(in, fd, buffer);
    struct sy_error error = *ingest_error(in);
    if (!sy_ok(s) && error.code == 0) {
        (void)sy_fail(&error, s.code, NULL, NULL);
    }
    return ingest_send_end(in, &error);
}

/* --- the job ----------------------------------------------------------------------------------- */

/* The end of a job that never came to reading. */
static sy_status send_refusal(int sock, sy_status why, struct sy_error *error)
{
    if (error->code == 0) {
        (void)sy_fail(error, why.code, NULL, NULL);
    }
    const struct sy_ingest_batch end = {
        .end = true,
        .error = sy_view_str(sy_code_name(error->code)),
        .field = sy_view_str(error->field),
        .reason = sy_view_str(error->reason),
    };
    return send_batch(&sock, &end);
}

static sy_status read_job(int sock, struct worker_msg *m, struct sy_arena *arena,
                          struct sy_ingest_job *ret, struct sy_error *reterr)
{
    SY_TRY(worker_msg_read(sock, m));
    SY_TRY(sy_record_decode(&sy_ingest_job_desc, sy_buf_view(&m->record), &SY_MP_LARGE, arena, ret,
                            reterr));
    return m->n_fds == 1 ? SY_OK : sy_fail(reterr, SY_E_USAGE, "file", "one descriptor is needed");
}

static sy_status serve(int sock, struct worker_msg *m, struct sy_arena *arena)
{
    struct sy_ingest_job job;
    struct sy_error error = {0};
    struct ingest *in = NULL;
    sy_status s = read_job(sock, m, arena, &job, &error);
    if (sy_ok(s)) {
        s = ingest_new(&job.def, send_batch, &sock, &in, &error);
    }
    if (!sy_ok(s)) {
        return send_refusal(sock, s, &error);
    }
    s = ingest_file(in, m->fds[0]);
    ingest_free(in);
    return s;
}

int worker_ingest_run(int job_sock)
{
    WORKER_MSG_CLEANUP struct worker_msg message = {0};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    return sy_ok(serve(job_sock, &message, &arena)) ? 0 : 1;
}
