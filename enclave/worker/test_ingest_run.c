/*
 * The job as the warden sees it: worker_ingest_run in a child, the file through a descriptor. Also
 * the real tables, where they are, and memory over a long file.
 */
#include "test_ingest_job.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "ingest.h"

static int prepare(void **state)
{
    (void)state;
    return sy_ok(worker_ingest_prepare()) ? 0 : 1;
}

/* --- jobs -------------------------------------------------------------------------------------- */

struct job {
    int sock;
    pid_t pid;
    long peak_kib; /* of the worker, after job_end */
};

static void job_start(struct job *job)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    job->pid = fork();
    assert_true(job->pid >= 0);
    if (job->pid == 0) {
        (void)close(ends[0]);
        _exit(worker_ingest_run(ends[1]));
    }
    (void)close(ends[1]);
    job->sock = ends[0];
}

static int job_end(struct job *job)
{
    struct rusage use = {0};
    int status = 0;
    sy_fd_close(&job->sock);
    assert_int_equal(wait4(job->pid, &status, 0, &use), job->pid);
    job->peak_kib = use.ru_maxrss;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

struct totals {
    uint64_t rows, batches;
    struct sy_quality quality;
    char error[32], field[64];
};

static void drain(int sock, struct totals *ret)
{
    SY_BUF_CLEANUP struct sy_buf message = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = (size_t)256 << 20};
    struct sy_ingest_batch batch = {0};
    *ret = (struct totals){0};
    for (job_recv(sock, &message, &arena, &batch); !batch.end;
         job_recv(sock, &message, &arena, &batch)) {
        ret->rows += batch.rows;
        ret->batches++;
    }
    if (batch.n_quality == 1) {
        ret->quality = batch.quality[0]; /* only its numbers are looked at */
    }
    sy_view_to_cstr(batch.error, ret->error, sizeof(ret->error));
    sy_view_to_cstr(batch.field, ret->field, sizeof(ret->field));
}

static void run_job(const struct sy_dataset_def *def, int file, struct totals *ret)
{
    struct job job;
    job_start(&job);
    job_send(job.sock, def, file);
    drain(job.sock, ret);
    assert_int_equal(job_end(&job), 0);
}

static int file_of(const char *text)
{
    int fd = memfd_create("raw", MFD_CLOEXEC);
    assert_true(fd >= 0);
    check_ok(sy_write_all(fd, text, strlen(text)));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static struct sy_field_def pair[] = {
    {.name = STR("id"), .type = STR("unit")},
    {.name = STR("n"), .type = STR("int32"), .lo = 0, .hi = 1000000000},
};

static void test_a_job(void **state)
{
    (void)state;
    const struct sy_dataset_def def = def_of(pair, 2);
    SY_FD_CLEANUP int file = file_of("id,n\na,1\nb,2\n,3\n");
    struct totals t;
    run_job(&def, file, &t);
    assert_string_equal(t.error, "");
    assert_int_equal(t.rows, 2);
    assert_int_equal(t.quality.rows_in, 3);
    assert_int_equal(t.quality.bytes, 16);
}

static void test_jobs_that_fail_say_so(void **state)
{
    (void)state;
    struct sy_dataset_def def = def_of(pair, 2);
    struct totals t;
    run_job(&def, -1, &t);
    assert_string_equal(t.error, "usage");
    SY_FD_CLEANUP int empty = file_of("");
    run_job(&def, empty, &t);
    assert_string_equal(t.error, "data");
    SY_FD_CLEANUP int no_column = file_of("id,m\na,1\n");
    run_job(&def, no_column, &t);
    assert_string_equal(t.error, "data");
    assert_string_equal(t.field, "n");
    SY_FD_CLEANUP int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    run_job(&def, folder, &t);
    assert_string_equal(t.error, "io");
    struct sy_field_def bad[] = {{.name = STR("id"), .type = STR("float")}};
    def = def_of(bad, 1);
    SY_FD_CLEANUP int file = file_of("id\n1\n");
    run_job(&def, file, &t);
    assert_string_equal(t.error, "field");
    assert_string_equal(t.field, "id");
}

static void test_nonsense_on_the_socket(void **state)
{
    (void)state;
    static const struct sy_view cases[] = {STR("\xFF\xFF\xFF\xFF"), STR("\x01\0\0\0\xC1"),
                                           STR("\0\0\0\0"), STR("\x05\0\0\0\x80")};
    static const char *const codes[] = {"limit", "not_canonical", "limit", "closed"};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct job job;
        struct totals t;
        job_start(&job);
        check_ok(sy_write_all(job.sock, cases[i].p, cases[i].n));
        assert_int_equal(shutdown(job.sock, SHUT_WR), 0);
        drain(job.sock, &t);
        assert_string_equal(t.error, codes[i]);
        assert_int_equal(job_end(&job), 0);
    }
}

static void test_a_warden_that_hangs_up(void **state)
{
    (void)state;
    const struct sy_dataset_def def = def_of(pair, 2);
    SY_FD_CLEANUP int file = file_of("id,n\na,1\n");
    struct job job;
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    job_start(&job);
    assert_int_equal(shutdown(job.sock, SHUT_RD), 0);
    job_send(job.sock, &def, file);
    assert_int_equal(job_end(&job), 1);
}

/* --- pipes ------------------------------------------------------------------------------------- */

/* A child that writes `bytes_max` bytes of rows; its read end. */
static int long_pipe(size_t bytes_max, pid_t *ret_pid)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    *ret_pid = fork();
    assert_true(*ret_pid >= 0);
    if (*ret_pid != 0) {
        (void)close(ends[1]);
        return ends[0];
    }
    struct sy_buf b = sy_buf(1 << 20);
    bool ok = sy_ok(sy_buf_add_str(&b, "id,n\n"));
    for (size_t i = 0, sent = 0; ok && sent < bytes_max; i++) {
        ok = sy_ok(sy_buf_printf(&b, "P%09zu,%zu\n", i * 7919 % 1000003, i));
        if (b.n > 60000) {
            ok = ok && sy_ok(sy_write_all(ends[1], b.p, b.n));
            sent += b.n;
            sy_buf_clear(&b);
        }
    }
    _exit(ok ? 0 : 1);
}

static long peak_of(size_t bytes, struct totals *ret)
{
    struct sy_dataset_def def = def_of(pair, 2);
    struct job job;
    pid_t writer = 0;
    int status = 0;
    def.max_rows = UINT32_MAX;
    SY_FD_CLEANUP int file = long_pipe(bytes, &writer);
    job_start(&job);
    job_send(job.sock, &def, file);
    sy_fd_close(&file);
    drain(job.sock, ret);
    assert_int_equal(job_end(&job), 0);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    return job.peak_kib;
}

/* The sanitizers' allocator keeps freed blocks for a while: there only the counts are checked. */
static void test_constant_memory(void **state)
{
    (void)state;
#ifdef SY_SANITIZED
    const size_t size = (size_t)10 << 20;
    const long growth_kib = LONG_MAX;
#else
    const size_t size = (size_t)200 << 20;
    const long growth_kib = 64 * 1024;
#endif
    struct totals t;
    long small = peak_of(1000, &t);
    long large = peak_of(size, &t);
    assert_string_equal(t.error, "");
    assert_true(t.quality.bytes >= size);
    assert_int_equal(t.rows, t.quality.rows_in);
    print_message("# %zu MiB through a pipe: %ld KiB above a small file\n", size >> 20,
                  large - small);
    assert_true(large - small < growth_kib);
}

/* --- real tables ------------------------------------------------------------------------------- */

enum { FOLDER_BYTES = 4096 };

/* This repository's own tables. */
static const char *own_folder(char *ret)
{
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    (void)snprintf(ret, FOLDER_BYTES, "%s/tests/data", root != NULL ? root : ".");
    return ret;
}

/* Where larger ones may be: $SHUYU_SHARED/data, or ../shared/data beside the source. */
static const char *shared_folder(char *ret)
{
    const char *given = getenv("SHUYU_SHARED");
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    (void)snprintf(ret, FOLDER_BYTES, "%s%s",
                   given != NULL  ? given
                   : root != NULL ? root
                                  : ".",
                   given != NULL ? "/data" : "/../shared/data");
    return ret;
}

/* A file through a pipe, unpacked by zstd if its name ends so. */
static int open_table(const char *folder, const char *name, pid_t *ret_pid)
{
    char path[FOLDER_BYTES + 128];
    int ends[2];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    bool packed = strstr(name, ".zst") != NULL;
    *ret_pid = fork();
    assert_true(*ret_pid >= 0);
    if (*ret_pid == 0) {
        (void)dup2(ends[1], 1);
        (void)execlp(packed ? "zstd" : "cat", packed ? "zstd" : "cat", packed ? "-dcq" : path,
                     packed ? path : (char *)NULL, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    return ends[0];
}

static void ingest_table(const char *folder, const char *name, struct sy_dataset_def *def,
                         struct totals *ret)
{
    pid_t pid = 0;
    int status = 0;
    SY_FD_CLEANUP int file = open_table(folder, name, &pid);
    run_job(def, file, ret);
    sy_fd_close(&file);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_string_equal(ret->error, "");
    assert_int_equal(status, 0);
}

static void test_real_persons(void **state)
{
    (void)state;
    struct sy_field_def fields[] = {
        {.name = STR("id"), .type = STR("unit")},
        {.name = STR("age"), .type = STR("int32"), .lo = 0, .hi = 120},
        {.name = STR("male"), .type = STR("bool")},
        {.name = STR("weight"),
         .type = STR("decimal"),
         .scale = 1,
         .lo = 200,
         .hi = 3000,
         .nullable = true},
        {.name = STR("bmi"),
         .type = STR("decimal"),
         .scale = 1,
         .lo = 80,
         .hi = 1000,
         .nullable = true},
        {.name = STR("futime"), .type = STR("int32"), .lo = 0, .hi = 10000},
        {.name = STR("status"), .type = STR("bool")},
    };
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    char folder[FOLDER_BYTES];
    struct totals t;
    ingest_table(own_folder(folder), "nafld1_persons.csv.zst", &def, &t);
    assert_int_equal(t.rows, 17549);
    assert_int_equal(t.quality.rows_kept, 17549);
}

static void test_real_measurements(void **state)
{
    (void)state;
    struct sy_view tests[] = {STR("chol"), STR("dbp"), STR("fib4"),
                              STR("hdl"),  STR("sbp"), STR("smoke")};
    struct sy_field_def fields[] = {
        {.name = STR("id"), .type = STR("unit")},
        {.name = STR("days"), .type = STR("int32"), .lo = -20000, .hi = 20000},
        {.name = STR("test"), .type = STR("enum"), .values = tests, .n_values = 6},
        {.name = STR("value"),
         .type = STR("decimal"),
         .scale = 1,
         .lo = 0,
         .hi = 3000,
         .nullable = true},
    };
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    char folder[FOLDER_BYTES];
    struct totals t;
    ingest_table(own_folder(folder), "nafld2_measurements.csv.zst", &def, &t);
    assert_int_equal(t.rows, 400123);
    assert_int_equal(t.batches, 4);
    assert_true(t.quality.n_rules >= 2); /* rounding, and pressures out of bounds */
}

static struct sy_field_def village[] = {
    {.name = STR("code"), .type = STR("int64"), .lo = 0, .hi = 999999999999},
    {.name = STR("name"), .type = STR("text")},
    {.name = STR("street"), .source = STR("streetCode"), .type = STR("int64")},
    {.name = STR("area"), .source = STR("areaCode"), .type = STR("int32")},
};

static void test_real_gb18030_villages(void **state)
{
    (void)state;
    struct sy_dataset_def def = def_of(village, N_OF(village));
    char folder[FOLDER_BYTES];
    struct totals t;
    def.encoding = sy_view_str("gb18030");
    ingest_table(shared_folder(folder), "china_villages_shandong.gb18030.csv.zst", &def, &t);
    assert_int_equal(t.rows, 62074);
    assert_int_equal(t.quality.rows_in, 62074);
    assert_int_equal(t.quality.n_rules, 0);
}

static void test_real_rare_characters(void **state)
{
    (void)state;
    struct sy_dataset_def def = def_of(village, N_OF(village));
    char folder[FOLDER_BYTES];
    struct totals t;
    ingest_table(shared_folder(folder), "china_villages_rare_chars.csv", &def, &t);
    assert_int_equal(t.rows, 44);
    assert_int_equal(t.quality.n_rules, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job),
        cmocka_unit_test(test_jobs_that_fail_say_so),
        cmocka_unit_test(test_nonsense_on_the_socket),
        cmocka_unit_test(test_a_warden_that_hangs_up),
        cmocka_unit_test(test_constant_memory),
        cmocka_unit_test(test_real_persons),
        cmocka_unit_test(test_real_measurements),
        /* only where the larger tables are: */
        cmocka_unit_test(test_real_gb18030_villages),
        cmocka_unit_test(test_real_rare_characters),
    };
    enum { N_SHARED = 2 };
    char folder[FOLDER_BYTES];
    bool all = access(shared_folder(folder), R_OK) == 0;
    if (!all) {
        print_message("# skipped: %d tests of tables that are not here; set SHUYU_SHARED\n",
                      N_SHARED);
    }
    return _cmocka_run_group_tests("ingest_run", tests, N_OF(tests) - (all ? 0 : N_SHARED), prepare,
                                   NULL);
}
