/*
 * Lowering and running inside the real seal, over the job's socket with real memory files: what was
 * opened before the filter is enough, several threads included; a file that is not sealed, or not of
 * its column's size, ends in ok = false and says nothing else.
 */
#include "test_world.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/memfd.h"
#include "sandbox/seal.h"
#include "worker_job.h"
#include "worker_msg.h"

static sy_status prepare(void *ctx, uint8_t kind, const struct sandbox_limits *limits)
{
    (void)kind;
    return engine_duckdb.prepare(ctx, 2, limits->as_bytes / 2);
}

static int run(void *ctx, uint8_t kind, int job_sock)
{
    return kind == 'l' ? worker_lower_job(&engine_duckdb, ctx, job_sock)
                       : worker_run_job(&engine_duckdb, ctx, job_sock);
}

/* Fork, seal, run; the warden's end of the job's socket. */
static int start(uint8_t kind, struct sandbox_child *ret)
{
    static const struct sandbox_worker_ops ops = {.prepare = prepare, .run = run};
    const struct sandbox_limits limits = {
        .as_bytes = (uint64_t)3 << 30, .cpu_s = 60, .n_files = 80, .n_procs = 16};
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
                                            .ctx = world_engine(),
                                            .kind = kind,
                                            .job_sock = ends[1],
                                            .null_fd = null_fd,
                                            .parent_pidfd = self};
    check_ok(sandbox_fork_sealed(&sealing, ret, &e));
    (void)close(ends[1]);
    sandbox_program_free(&program);
    return ends[0];
}

static void finish(struct sandbox_child *child, int sock)
{
    int status = 0;
    (void)close(sock);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    (void)close(child->pidfd);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("the worker ended with %#x", (unsigned)status);
    }
}

static void ask(int sock, const struct sy_desc *desc, const void *record, const int *fds,
                size_t n_fds, struct worker_msg *ret)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    check_ok(sy_record_encode(desc, record, &b));
    uint8_t head[4] = {(uint8_t)b.n, (uint8_t)(b.n >> 8), (uint8_t)(b.n >> 16), 0};
    check_ok(sy_send_fds(sock, sy_view(head, 4), fds, n_fds));
    check_ok(sy_write_all(sock, b.p, b.n));
    check_ok(worker_msg_read(sock, ret));
}

static struct world w;

static int column_file(const struct engine_column *c, bool sealed)
{
    size_t n = c->def->rows * c->def->width;
    n = c->nulls != NULL ? (size_t)(c->nulls - c->values) + (c->def->rows + 7) / 8 : n;
    int fd = -1;
    check_ok(sandbox_memfd_create("column", &fd));
    check_ok(sandbox_memfd_append(fd, sy_view(c->values, n)));
    if (sealed) {
        check_ok(sandbox_memfd_seal(fd, n));
    }
    return fd;
}

enum spoil { GOOD, UNSEALED, WRONG_ROWS, MISSING };

static void run_sealed(enum spoil spoil, struct sy_run_result *ret, struct sy_arena *arena)
{
    struct world_model m = {.sql =
                                "SELECT event, sum(cost) s, count(*) n FROM events GROUP BY event",
                            .groups = 2,
                            .rows = 9};
    WORKER_MSG_CLEANUP struct worker_msg answer = {0};
    struct world_run r;
    struct sy_error err = {0};
    int fds[SY_FDS_MAX];
    world_fill(&w, 3, 40, 3000);
    world_ask(&w, &m, NULL, &r, arena);
    for (size_t i = 0; i < r.def.n_columns; i++) {
        fds[i] = column_file(&r.columns[i], !(spoil == UNSEALED && i == 1));
    }
    r.def.columns[0].rows -= spoil == WRONG_ROWS ? 8 : 0;
    r.def.threads = 2;
    r.def.memory_mib = 512;
    struct sandbox_child child = {.pidfd = -1};
    int sock = start('r', &child);
    ask(sock, &sy_run_job_desc, &r.def, fds, r.def.n_columns - (spoil == MISSING ? 1 : 0), &answer);
    struct sy_view bytes = sy_arena_copy(arena, sy_buf_view(&answer.record));
    check_ok(sy_record_decode(&sy_run_result_desc, bytes, &SY_MP_LARGE, arena, ret, &err));
    finish(&child, sock);
    for (size_t i = 0; i < r.def.n_columns; i++) {
        (void)close(fds[i]);
    }
    if (spoil == GOOD) { /* as unsealed, in process */
        assert_int_equal(ret->blocks[0].n_cells, r.result.blocks[0].n_cells);
        for (size_t i = 0; i < ret->blocks[0].n_cells; i++) {
            assert_memory_equal(ret->blocks[0].cells[i].figures,
                                r.result.blocks[0].cells[i].figures, 16);
        }
    }
}

static void test_runs_sealed(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_run_result result;
    run_sealed(GOOD, &result, &arena);
    assert_true(result.ok);
}

static void test_bad_columns_give_nothing(void **state)
{
    (void)state;
    static const enum spoil spoils[] = {UNSEALED, WRONG_ROWS, MISSING};
    for (size_t i = 0; i < 3; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_run_result result;
        run_sealed(spoils[i], &result, &arena);
        assert_false(result.ok);
        assert_int_equal(result.n_blocks, 0);
    }
}

static void test_lowers_sealed(void **state)
{
    (void)state;
    static struct sy_view digests[WORLD_DATASETS];
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    WORKER_MSG_CLEANUP struct worker_msg answer = {0};
    struct sy_lower_result result;
    struct sy_error err = {0};
    struct sy_lower_job job = {.datasets = world_defs,
                               .n_datasets = WORLD_DATASETS,
                               .defs = digests,
                               .n_defs = WORLD_DATASETS};
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        digests[i] = sy_view_str("11111111111111111111111111111111");
    }
    struct sy_model_block block = {.name = sy_view_str("main"),
                                   .sql =
                                       sy_view_str("SELECT town, count(*) FROM persons GROUP BY 1"),
                                   .mechanism = sy_view_str("gauss"),
                                   .groups = 1,
                                   .rows = 1,
                                   .rho = 5};
    job.model = (struct sy_model_def){
        .name = sy_view_str("m"), .title = sy_view_str("m"), .blocks = &block, .n_blocks = 1};
    struct sandbox_child child = {.pidfd = -1};
    int sock = start('l', &child);
    ask(sock, &sy_lower_job_desc, &job, NULL, 0, &answer);
    check_ok(sy_record_decode(&sy_lower_result_desc, sy_buf_view(&answer.record), &SY_MP_LARGE,
                              &arena, &result, &err));
    finish(&child, sock);
    assert_true(result.plan.n != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_sealed),
        cmocka_unit_test(test_bad_columns_give_nothing),
        cmocka_unit_test(test_lowers_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
