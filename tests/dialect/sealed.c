#include <fcntl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "check.h"
#include "neighbours.h"
#include "sandbox/memfd.h"
#include "sandbox/seal.h"
#include "src/worker_job.h"
#include "src/worker_msg.h"

static sy_status prepare(void *ctx, uint8_t kind, const struct sandbox_limits *limits)
{
    (void)ctx;
    (void)kind;
    (void)limits;
    return SY_OK; /* the bench has prepared its engine, and settings are locked */
}

static int run(void *ctx, uint8_t kind, int job_sock)
{
    (void)kind;
    return worker_run_job(&engine_duckdb, ctx, job_sock);
}

static int start(struct bench *b, struct sandbox_child *ret)
{
    static const struct sandbox_worker_ops ops = {.prepare = prepare, .run = run};
    const struct sandbox_limits limits = {
        .as_bytes = (uint64_t)8 << 30, .cpu_s = 60, .n_files = 80, .n_procs = 16};
    struct sandbox_program program = {0};
    struct sy_error e = {0};
    int ends[2];
    check_ok(sandbox_program_compile(sandbox_worker_filter(), &program, &e));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    SY_FD_CLEANUP int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    SY_FD_CLEANUP int self = pidfd_open(getpid(), 0);
    const struct sandbox_sealing sealing = {.limits = &limits,
                                            .program = &program,
                                            .ops = &ops,
                                            .ctx = b->engine,
                                            .kind = 'r',
                                            .job_sock = ends[1],
                                            .null_fd = null_fd,
                                            .parent_pidfd = self};
    check_ok(sandbox_fork_sealed(&sealing, ret, &e));
    (void)close(ends[1]);
    sandbox_program_free(&program);
    return ends[0];
}

static int column_file(const struct engine_column *c)
{
    size_t n = c->def->rows * c->def->width;
    n = c->nulls != NULL ? (size_t)(c->nulls - c->values) + (c->def->rows + 7) / 8 : n;
    int fd = -1;
    check_ok(sandbox_memfd_create("column", &fd));
    check_ok(sandbox_memfd_append(fd, sy_view(c->values, n)));
    check_ok(sandbox_memfd_seal(fd, n));
    return fd;
}

void sealed_run(struct bench *b, struct asking *a, struct sy_run_result *ret)
{
    WORKER_MSG_CLEANUP struct worker_msg answer = {0};
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX);
    int fds[SY_FDS_MAX], status = 0;
    assert_true(a->job.n_columns <= SY_FDS_MAX);
    a->job.threads = 1;
    a->job.memory_mib = 512;
    check_ok(sy_record_encode(&sy_run_job_desc, &a->job, &job));
    for (size_t i = 0; i < a->job.n_columns; i++) {
        fds[i] = column_file(&a->columns[i]);
    }
    struct sandbox_child child = {.pidfd = -1};
    int sock = start(b, &child);
    uint8_t head[4] = {(uint8_t)job.n, (uint8_t)(job.n >> 8), (uint8_t)(job.n >> 16), 0};
    check_ok(sy_send_fds(sock, sy_view(head, 4), fds, a->job.n_columns));
    check_ok(sy_write_all(sock, job.p, job.n));
    check_ok(worker_msg_read(sock, &answer));
    struct sy_view bytes = sy_arena_copy(&a->arena, sy_buf_view(&answer.record));
    check_ok(sy_record_decode(&sy_run_result_desc, bytes, &SY_MP_LARGE, &a->arena, ret, NULL));
    (void)close(sock);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    (void)close(child.pidfd);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0 && ret->ok);
    for (size_t i = 0; i < a->job.n_columns; i++) {
        (void)close(fds[i]);
    }
}
