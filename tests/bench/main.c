/*
 * shuyu-bench [FIGURE...]: the figures named, or all; --list names them. JSON on standard output,
 * progress on standard error.
 *
 * Two processes: one measures; the other waits for it and for whatever it left running, and then
 * removes the temporary folder, however the first one ended.
 */
#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

struct bench bench;

/* In this order: cheap ones first; what needs a domain; what makes it large last. */
static const struct {
    const char *name;
    void (*measure)(void);
    const char *about;
} FIGURES[] = {
    {"job_start_ms", figure_job_start, "a sealed worker, from asking to its first byte"},
    {"ledger_commits_per_s", figure_ledger_commits, "durable entries, one a commit"},
    {"ledger_appends_batched_per_s", figure_ledger_batched, "durable entries, 64 a commit"},
    {"ledger_appends_per_s", figure_ledger_open_loop,
     "durable entries at open loop, against SQLite"},
    {"ledger_append_ms", figure_ledger_latency, "from due to durable, at 20,000 entries a second"},
    {"gauss_draw_ns", figure_gauss_draw, "one discrete Gaussian value, its stream included"},
    {"decrypt_gb_per_s", figure_decrypt, "a column from the vault into a memory file"},
    {"answer_fixed_ms", figure_answer_fixed, "the smallest question, SDK to SDK"},
    {"signed_requests_per_s", figure_requests, "requests opened and verified as the warden does"},
    {"verify_entries_per_s", figure_verify, "a log of a million entries, by the auditor's code"},
    {"replay_entries_per_s", figure_replay, "the same log decided again, signatures left out"},
    {"replay_signed_entries_per_s", figure_replay_signed, "with every signature verified"},
    {"restart_ms", figure_restart, "a domain of a million entries, from its last snapshot"},
    {"ingest_mb_per_s", figure_ingest, "CSV of ten million rows, through the sealed worker"},
    {"answer_ratio_10m", figure_answer_ratio,
     "grouped count over ten million rows, without the "
     "fixed part, against DuckDB in process"},
};
enum { N_FIGURES = sizeof(FIGURES) / sizeof(FIGURES[0]) };

static char *join(const char *folder, const char *path)
{
    char *text = NULL;
    if (asprintf(&text, "%s/%s", folder, path) < 0) {
        abort();
    }
    return text;
}

const char *bench_build(const char *path)
{
    return join(bench.build, path);
}

const char *bench_work(const char *path)
{
    return join(bench.work, path);
}

/* --- arguments -------------------------------------------------------------------------------- */

static size_t find_figure(const char *name)
{
    size_t i = 0;
    while (i < N_FIGURES && strcmp(FIGURES[i].name, name) != 0) {
        i++;
    }
    return i;
}

static int list_figures(FILE *to)
{
    for (size_t i = 0; i < N_FIGURES; i++) {
        fprintf(to, "%-30s %s\n", FIGURES[i].name, FIGURES[i].about);
    }
    return to == stdout ? 0 : 2;
}

/* Every argument names a figure, or the known ones are listed. */
static bool known_figures(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (find_figure(argv[i]) == N_FIGURES) {
            fprintf(stderr, "shuyu-bench: no figure %s; there are:\n", argv[i]);
            return false;
        }
    }
    return true;
}

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc < 2;
}

/* --- the measuring process -------------------------------------------------------------------- */

static void warn_build(void)
{
#ifndef SY_BENCH_BUILD
    bench_say("this build keeps response slots: configure it with -Dbench=true (./run bench)");
#endif
#ifndef __OPTIMIZE__
    bench_say("this build is not optimised: configure it with --buildtype=release (./run bench)");
#endif
}

static int measure(int argc, char **argv)
{
    if (sodium_init() < 0) {
        bench_die("libsodium does not start");
    }
    warn_build();
    for (size_t i = 0; i < N_FIGURES; i++) {
        if (wanted(FIGURES[i].name, argc, argv)) {
            bench_say("%s: %s", FIGURES[i].name, FIGURES[i].about);
            FIGURES[i].measure();
        }
    }
    return 0;
}

/* --- the waiting process ---------------------------------------------------------------------- */

static volatile sig_atomic_t measuring;

static void pass_on(int signal)
{
    if (measuring > 0) {
        (void)kill(measuring, signal);
    }
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* The measuring process's exit status; waits for all others too, which end when it does. */
static int wait_for_all(pid_t first)
{
    int status = 0;
    int result = 1;
    pid_t pid;
    while ((pid = wait(&status)) > 0 || errno == EINTR) {
        if (pid == first) {
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        }
    }
    return result;
}

static int run(int argc, char **argv)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct sigaction pass = {.sa_handler = pass_on};
    (void)sigaction(SIGINT, &pass, NULL);
    (void)sigaction(SIGTERM, &pass, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)signal(SIGINT, SIG_DFL);
        (void)signal(SIGTERM, SIG_DFL);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        exit(measure(argc, argv));
    }
    measuring = pid;
    return pid < 0 ? 1 : wait_for_all(pid);
}

/* This program is BUILD/tests/bench/shuyu-bench. */
static const char *find_build(void)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0) {
        bench_die("/proc is not there");
    }
    self[n] = '\0';
    return strdup(dirname(dirname(dirname(self))));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        return list_figures(stdout);
    }
    if (!known_figures(argc, argv)) {
        return list_figures(stderr);
    }
    const char *tmp = getenv("TMPDIR");
    char *work = join(tmp != NULL ? tmp : "/tmp", "shuyu-bench-XXXXXX");
    if (mkdtemp(work) == NULL) {
        bench_die("no temporary folder: %s", strerror(errno));
    }
    bench = (struct bench){find_build(), work};
    int status = run(argc, argv);
    (void)nftw(work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(work);
    return status;
}
