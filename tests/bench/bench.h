/*
 * shuyu-bench: the project's speed, one line of JSON per figure.
 *
 *   main.c      the table of figures, arguments, the temporary folder and its removal
 *   measure.c   samples, medians, the JSON line
 *   programs.c  other programs: run to the end, or kept running
 *   domain.c    a test domain, made on first use by domain.sh; questions to it through the SDK
 *   visits.c    ten million rows: the file, its ingest, the questions about them
 *   peer.c      the same bounded statement in DuckDB in process, on native tables
 *   sqlite.c    the same entries in SQLite, a commit each
 *   log.c       a log of a million entries, made by the rules
 *   answer.c start.c ledger.c open_loop.c micro.c audit.c restart.c   the figures
 *
 * Anything that fails ends the program: a figure is measured or not printed. Peers are measured in
 * the same run, in turns with what they are compared with.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <math.h>
#include <shuyu/shuyu.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "ledger/ledger.h"

/* --- main.c ----------------------------------------------------------------------------------- */

/* The build's folder, and a folder for everything that is written; removed at the end. */
struct bench {
    const char *build;
    const char *work;
};
extern struct bench bench;

/* A path below the build's or the work folder; valid until the end. */
const char *bench_build(const char *path);
const char *bench_work(const char *path);

/* --- measure.c -------------------------------------------------------------------------------- */

enum { SAMPLES_MAX = 1024, P99_MIN = 100 };

struct samples {
    double v[SAMPLES_MAX];
    size_t n;
};

void samples_add(struct samples *s, double v);
double samples_median(const struct samples *s);
/* What 99 of 100 stay below; NAN (null) for fewer than P99_MIN samples. */
double samples_p99(const struct samples *s);

/* A figure. NAN and NULL are printed as null. A rate's p99 is what 99 of 100 rounds exceed; p50_ms and
 * p99_ms, printed where they are known, are the latencies at the rate that `value` is. */
struct figure {
    const char *name;
    const char *unit;
    double value; /* the median */
    double p99;
    const char *peer;
    double peer_value;
    double ratio;
    size_t runs;
    double p50_ms, p99_ms;
};
#define FIGURE(name, unit)                                                                         \
    {                                                                                              \
        name, unit, NAN, NAN, NULL, NAN, NAN, 0, NAN, NAN                                          \
    }
void figure_print(const struct figure *f);

/* Median and p99 of the samples, which are times; runs. */
void figure_times(struct figure *f, const struct samples *s);
/* The same of rates: `work` units a sample, which is in seconds. */
void figure_rates(struct figure *f, const struct samples *seconds, double work);

double bench_now(void); /* seconds, monotonic */
void bench_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
__attribute__((noreturn)) void bench_die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* Ends the program unless the status is OK. */
void bench_ok(sy_status s, const struct sy_error *e, const char *what);

/* --- programs.c ------------------------------------------------------------------------------- */

/* Run to the end; standard output becomes text that stays valid. A failure shows what it said and
 * ends the bench. argv[0] is a path. */
const char *program_run(const char *const *argv);

/* Start, with the two descriptors (-1 = none) as its `first_fd` and the next, and leave running: it
 * gets SIGTERM when the bench ends. ret_stdout (NULL = not wanted): the end to read from. */
void program_start(const char *const *argv, const int fds[2], int *ret_stdout);
enum { PROGRAM_FIRST_FD = 10 };

/* The end of what programs said on standard error. */
void program_show_log(void);

/* --- domain.c --------------------------------------------------------------------------------- */

/* A model, and the grant it may be run under. */
struct model {
    uint8_t grant[32];
    uint8_t id[32];
};

/* The developer's session with the domain, which is made and started on first use. */
shuyu_session *domain_session(void);

/* domain.sh BUILD WORK VERB [ARGUMENT]: its output. */
const char *domain_do(const char *verb, const char *argument);

/* The hash of the n-th line "WORD HEX" in text. */
void domain_hash(const char *text, const char *word, size_t n, uint8_t ret[32]);

/* Ask, verify, and make sure that the answer was charged; its seconds. *ret may be NULL. */
double domain_ask(const struct model *m, const shuyu_param *params, size_t n_params,
                  shuyu_answer **ret);

/* Ask the smallest model about the small dataset, a new question each time; its seconds. */
double domain_ask_small(void);

/* --- visits.c --------------------------------------------------------------------------------- */

enum { VISITS = 10000000, VISITORS = 557000, TOWNS = 50, LARGE_MODELS = 8 };
/* As in domain/large-model.yaml: towns a person counts in, and visits to each. */
enum { VISIT_GROUPS = 3, VISIT_ROWS = 20 };

/* The file of rows, written on first use; its path, and its bytes (may be NULL). */
const char *visits_file(uint64_t *ret_bytes);

/* Seconds that its ingest took; done on first use. */
double visits_ingest(void);

/* Ask large model n (0 .. LARGE_MODELS - 1, each once); its seconds. *ret_total: sum of visits. */
double visits_ask(size_t n, int64_t *ret_total);

/* --- peer.c ----------------------------------------------------------------------------------- */

struct peer;

/* Read the file of rows into native tables, with so many threads. */
struct peer *peer_open(const char *file, unsigned threads);
/* The bounded statement; its seconds. *ret_total: sum of visits. */
double peer_ask(struct peer *p, int64_t *ret_total);
void peer_close(struct peer *p);

/* --- sqlite.c --------------------------------------------------------------------------------- */

struct sqlite_peer;

/* A new database with one table, write-ahead log, synchronous=FULL. */
struct sqlite_peer *sqlite_peer_open(const char *file);
/* Insert and commit. */
void sqlite_peer_append(struct sqlite_peer *p, const struct ledger_entry *e);
void sqlite_peer_close(struct sqlite_peer *p);

/* --- the figures ------------------------------------------------------------------------------ */

void figure_answer_fixed(void);
void figure_answer_ratio(void);
void figure_ingest(void);
void figure_job_start(void);
void figure_ledger_commits(void);
void figure_ledger_batched(void);
void figure_ledger_open_loop(void);
void figure_ledger_latency(void);
void figure_gauss_draw(void);
void figure_decrypt(void);
void figure_verify(void);
void figure_replay(void);
void figure_replay_signed(void);
void figure_restart(void);
void figure_requests(void);

#endif
