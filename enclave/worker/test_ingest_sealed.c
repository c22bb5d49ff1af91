/*
 * Ingest inside the real seal: everything it needs (the GB18030 converter above all) was loaded
 * before, and nothing it does is outside the filter, however long the file, however many labels.
 */
#include "test_ingest_job.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "ingest.h"
#include "sandbox/seal.h"

enum { ROWS = 200000 };

static int run_sealed(void *ctx, uint8_t kind, int job_sock)
{
    (void)ctx;
    (void)kind;
    return worker_ingest_run(job_sock);
}

/* Fork, seal, run; the warden's end of the job's socket. */
static int start(struct sandbox_child *ret)
{
    const struct sandbox_limits limits = {
        .as_bytes = (uint64_t)512 << 20, .cpu_s = 60, .n_files = 16, .n_procs = 4};
    const struct sandbox_worker_ops ops = {.run = run_sealed};
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
                                            .kind = 'i',
                                            .job_sock = ends[1],
                                            .null_fd = null_fd,
                                            .parent_pidfd = self};
    check_ok(sandbox_fork_sealed(&sealing, ret, &e));
    (void)close(ends[1]);
    sandbox_program_free(&program);
    return ends[0];
}

/* 一0 … with a label of its own for each tenth row, in GB18030. */
static int gb18030_file(void)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)32 << 20);
    int fd = memfd_create("raw", MFD_CLOEXEC);
    assert_true(fd >= 0);
    check_ok(sy_buf_add_str(&b, "id,day,name\n"));
    for (int i = 0; i < ROWS; i++) {
        check_ok(sy_buf_printf(&b, "\xA3\xC1%d,2024-02-29,\xD2\xBB%d\n", i, i / 10));
    }
    check_ok(sy_write_all(fd, b.p, b.n));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void test_a_sealed_worker_ingests_gb18030(void **state)
{
    (void)state;
    struct sy_field_def fields[] = {
        {.name = STR("id"), .type = STR("unit")},
        {.name = STR("day"), .type = STR("date")},
        {.name = STR("name"), .type = STR("text")},
    };
    struct sy_dataset_def def = def_of(fields, 3);
    struct sandbox_child child = {.pidfd = -1};
    SY_BUF_CLEANUP struct sy_buf message = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = (size_t)256 << 20};
    struct sy_ingest_batch batch = {0};
    uint64_t rows = 0;
    size_t labels = 0;
    int status = 0;
    def.encoding = sy_view_str("gb18030");
    SY_FD_CLEANUP int file = gb18030_file();
    SY_FD_CLEANUP int sock = start(&child);
    job_send(sock, &def, file);
    for (job_recv(sock, &message, &arena, &batch); !batch.end;
         job_recv(sock, &message, &arena, &batch)) {
        rows += batch.rows;
        labels += batch.columns[2].n_dict;
    }
    assert_int_equal(batch.error.n, 0);
    assert_int_equal(rows, ROWS);
    assert_int_equal(labels, ROWS / 10);
    assert_int_equal(batch.quality[0].rules[0].coerced, ROWS); /* full-width letters */
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    sy_fd_close(&child.pidfd);
}

static int prepare(void **state)
{
    (void)state;
    return sy_ok(worker_ingest_prepare()) ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sealed_worker_ingests_gb18030),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
