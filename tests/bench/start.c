/* How long an answer waits for its worker: the real zygote, the real seal, no data. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fdio.h"
#include "bench.h"
#include "sandbox/process.h"
#include "sandbox/zygote.h"

enum { RUNS = 240, WARM_UP = 10, WAIT_MS = 5000 };

static void make_pair(int ret[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) != 0) {
        bench_die("socketpair: %s", strerror(errno));
    }
}

/* The zygote, ready; the socket to ask it. The control edge stays open as long as the bench. */
static int start_zygote(void)
{
    const char *argv[] = {bench_build("enclave/worker/shuyu-worker"),
                          "--fd",
                          "control=10",
                          "--fd",
                          "warden=11",
                          NULL};
    int control[2], warden[2];
    uint8_t what = 0;
    make_pair(control);
    make_pair(warden);
    program_start(argv, (const int[2]){control[1], warden[1]}, NULL);
    sy_fd_close(&control[1]);
    sy_fd_close(&warden[1]);
    bench_ok(sandbox_control_next(control[0], &what, NULL), NULL, "the zygote's start");
    return warden[0];
}

/* An empty run job: the sealed worker reads it, refuses it, and says so: the first byte. */
static double start_one(int zygote)
{
    static const uint8_t empty_job[] = {1, 0, 0, 0, 0x80};
    const struct sandbox_limits limits = {
        .as_bytes = (uint64_t)3 << 30, .cpu_s = 10, .n_files = 80, .n_procs = 16};
    struct sandbox_job job = SANDBOX_JOB_NULL;
    uint8_t first = 0;
    double start = bench_now();
    bench_ok(sandbox_spawn(zygote, &limits, 'r', &job), NULL, "spawn");
    bench_ok(sy_write_all(job.sock, empty_job, sizeof(empty_job)), NULL, "a job's socket");
    bench_ok(sy_read_all(job.sock, &first, 1), NULL, "a worker's first byte");
    double seconds = bench_now() - start;
    bench_ok(sandbox_job_wait(&job, WAIT_MS), NULL, "a worker's end");
    sandbox_job_close(&job);
    return seconds;
}

void figure_job_start(void)
{
    struct figure f = FIGURE("job_start_ms", "ms");
    struct samples s = {0};
    SY_FD_CLEANUP int zygote = start_zygote();
    for (size_t i = 0; i < WARM_UP; i++) {
        (void)start_one(zygote);
    }
    for (size_t i = 0; i < RUNS; i++) {
        samples_add(&s, start_one(zygote) * 1e3);
    }
    figure_times(&f, &s);
    figure_print(&f);
}
