/*
 * Durable appends at open loop: entries fall due on a schedule, whether or not the ledger keeps up, and an
 * entry's latency runs from the moment it was due to the moment when it is durable under a signed checkpoint.
 * The loop is the warden's: take what is due, commit it, publish, look again; so an entry that comes alone is
 * committed at once, and what falls due during a commit makes the next batch.
 *
 *   ledger_appends_per_s   the highest rate of a ladder that is kept up with: the last entry is durable within
 *                          LATE_S of its time, and 99 of 100 within P99_S, in one of TRIES loads; beside
 *                          SQLite in turns
 *   ledger_append_ms       latency at RATE entries a second; beside it SQLite's with no load at all: one
 *                          entry after the other
 *
 * Where the time goes is said on standard error. Almost all of it is fdatasync; that is why the loop need not
 * go on while the disk syncs: what it could do meanwhile, taking the next batch, is the small rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fdio.h"
#include "bench.h"
#include "proof/leaf.h"

enum {
    BODY_BYTES = 500,
    DAY = 20000,
    RATE = 20000,      /* entries/s */
    RATE_FIRST = 5000, /* of the ladder */
    SECONDS = 10,      /* of the load at RATE */
    STEP_SECONDS = 3,  /* of each load of the ladder */
    SQLITE_ENTRIES = 300,
    LADDER = 24,
    TRIES = 3, /* the disk has bad moments that are not ours */
};

static const double P99_S = 0.020, LATE_S = 0.020, LADDER_FACTOR = 1.25;

/* --- entries and both stores ------------------------------------------------------------------- */

struct made {
    uint8_t salt[PROOF_SALT_BYTES];
    uint8_t body[BODY_BYTES];
    struct sy_buf leaf;
};

static struct ledger_entry make_entry(struct made *m, uint64_t i)
{
    randombytes_buf(m->salt, sizeof(m->salt));
    memcpy(m->body, &i, sizeof(i));
    sy_buf_clear(&m->leaf);
    struct sy_view body = sy_view(m->body, sizeof(m->body));
    bench_ok(proof_leaf_make(sy_view_str("charge"), DAY, m->salt, body, &m->leaf), NULL, "leaf");
    return (struct ledger_entry){sy_buf_view(&m->leaf), m->salt, body};
}

struct log {
    struct ledger *ledger;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct made made;
};

static void open_log(struct log *l, const char *name)
{
    uint8_t pub[PROOF_KEY_BYTES];
    struct proof_vkey key;
    struct sy_error e = {0};
    const char *folder = bench_work(name);
    crypto_sign_keypair(pub, l->secret);
    bench_ok(proof_vkey_make(sy_view_str("bench"), PROOF_SIG_ED25519, pub, &key), NULL, "key");
    struct ledger_options options = {.log = &key, .secret = l->secret, .create = true};
    if (mkdir(folder, 0700) != 0) {
        bench_die("%s: %s", folder, strerror(errno));
    }
    SY_FD_CLEANUP int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench_ok(ledger_open(dir, &options, &l->ledger, &e), &e, "ledger");
    l->made = (struct made){.leaf = sy_buf(PROOF_LEAF_MAX)};
}

static void close_log(struct log *l)
{
    ledger_close(l->ledger);
    sy_buf_deinit(&l->made.leaf);
}

/* --- a load ------------------------------------------------------------------------------------ */

struct load {
    double rate; /* entries a second */
    size_t n;    /* entries */
    double start;
    double *latency; /* seconds, n of them; owned */
    size_t durable;  /* entries so far */
    size_t commits;
    double appending, committing, publishing; /* seconds */
};

static double due_at(const struct load *l, size_t i)
{
    return l->start + (double)i / l->rate;
}

/* Entries that are due by now. */
static size_t n_due(const struct load *l)
{
    double n = (bench_now() - l->start) * l->rate + 1; /* the first is due at the start */
    return n >= (double)l->n ? l->n : n < 0 ? 0 : (size_t)n;
}

static void sleep_until(double at)
{
    struct timespec t = {.tv_sec = (time_t)at};
    t.tv_nsec = (long)((at - (double)t.tv_sec) * 1e9);
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void commit(struct log *log, struct load *l, size_t upto)
{
    struct sy_error e = {0};
    bench_ok(ledger_commit(log->ledger, &e), &e, "commit");
    double now = bench_now();
    while (l->durable < upto) {
        l->latency[l->durable] = now - due_at(l, l->durable);
        l->durable++;
    }
    l->commits++;
}

static void append(struct log *log, struct load *l, size_t i)
{
    uint64_t index = 0;
    struct sy_error e = {0};
    struct ledger_entry entry = make_entry(&log->made, i);
    sy_status s = ledger_append(log->ledger, &entry, &index, &e);
    if (s.code == SY_E_BUSY) { /* the batch has grown to a segment */
        commit(log, l, i);
        s = ledger_append(log->ledger, &entry, &index, &e);
    }
    bench_ok(s, &e, "append");
}

/* As the warden does: if the last files are still being written, in a later round. */
static void publish(struct log *log)
{
    struct sy_error e = {0};
    sy_status s = ledger_publish_start(log->ledger, &e);
    bench_ok(s.code == SY_E_BUSY ? SY_OK : s, &e, "publish");
}

/* Put the load on the log; false when it is given up, having fallen behind by a second. */
static bool run_load(struct log *log, struct load *l)
{
    l->latency = calloc(l->n, sizeof(*l->latency));
    if (l->latency == NULL) {
        bench_die("out of memory");
    }
    l->start = bench_now() + 0.01;
    while (l->durable < l->n) {
        sleep_until(due_at(l, l->durable));
        size_t due = n_due(l);
        double begun = bench_now();
        for (size_t i = l->durable; i < due; i++) {
            append(log, l, i);
        }
        double appended = bench_now();
        commit(log, l, due);
        double committed = bench_now();
        publish(log);
        l->appending += appended - begun;
        l->committing += committed - appended;
        l->publishing += bench_now() - committed;
        if (due > 0 && l->latency[due - 1] > 1) {
            return false;
        }
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the latencies. */
static double share_of(struct load *l, double share)
{
    qsort(l->latency, l->n, sizeof(l->latency[0]), by_value);
    return l->latency[(size_t)(share * (double)(l->n - 1))];
}

/* --- SQLite ------------------------------------------------------------------------------------ */

struct sqlite_run {
    struct sqlite_peer *peer;
    struct made made;
    struct samples seconds; /* of each entry */
};

static void open_sqlite(struct sqlite_run *r, const char *name)
{
    r->peer = sqlite_peer_open(bench_work(name));
    r->made = (struct made){.leaf = sy_buf(PROOF_LEAF_MAX)};
}

/* Its entries a second, over n of them. */
static double run_sqlite(struct sqlite_run *r, size_t n)
{
    double start = bench_now();
    for (size_t i = 0; i < n; i++) {
        double before = bench_now();
        struct ledger_entry e = make_entry(&r->made, i);
        sqlite_peer_append(r->peer, &e);
        samples_add(&r->seconds, bench_now() - before);
    }
    return (double)n / (bench_now() - start);
}

static void close_sqlite(struct sqlite_run *r)
{
    sqlite_peer_close(r->peer);
    sy_buf_deinit(&r->made.leaf);
}

/* --- figures ----------------------------------------------------------------------------------- */

static void say_where(const struct load *l)
{
    double all = bench_now() - l->start;
    bench_say(
        "of the time %.0f %% appending, %.0f %% committing, %.0f %% publishing; %.1f entries a "
        "commit",
        l->appending / all * 100, l->committing / all * 100, l->publishing / all * 100,
        l->commits == 0 ? 0 : (double)l->durable / (double)l->commits);
}

/* One load of the ladder; true when it was kept up with, and *ret says how. */
static bool keeps_up(struct log *log, double rate, struct figure *ret)
{
    struct load l = {.rate = rate, .n = (size_t)(rate * STEP_SECONDS)};
    bool up = run_load(log, &l) && l.latency[l.n - 1] <= LATE_S;
    say_where(&l);
    double p50 = up ? share_of(&l, 0.5) : 0;
    double p99 = up ? share_of(&l, 0.99) : 0;
    up = up && p99 <= P99_S;
    bench_say("%.0f entries/s: %s, p50 %.2f ms, p99 %.2f ms", rate, up ? "kept up" : "not kept up",
              p50 * 1e3, p99 * 1e3);
    if (up) {
        ret->value = rate;
        ret->p50_ms = p50 * 1e3;
        ret->p99_ms = p99 * 1e3;
    }
    free(l.latency);
    return up;
}

static bool keeps_up_once(struct log *log, double rate, struct figure *ret)
{
    for (size_t i = 0; i < TRIES; i++) {
        ret->runs++;
        if (keeps_up(log, rate, ret)) {
            return true;
        }
    }
    return false;
}

void figure_ledger_open_loop(void)
{
    static struct sqlite_run sqlite;
    struct figure f = FIGURE("ledger_appends_per_s", "entries/s");
    struct log log = {0};
    struct samples rates = {0};
    double rate = RATE_FIRST;
    open_log(&log, "open-loop");
    open_sqlite(&sqlite, "peer-rate.sqlite");
    for (size_t i = 0; i < LADDER; i++, rate *= LADDER_FACTOR) {
        samples_add(&rates, run_sqlite(&sqlite, SQLITE_ENTRIES / LADDER));
        if (!keeps_up_once(&log, rate, &f)) {
            break;
        }
    }
    samples_add(&rates, run_sqlite(&sqlite, SQLITE_ENTRIES));
    f.peer = "SQLite, WAL, synchronous=FULL, one commit an entry";
    f.peer_value = samples_median(&rates);
    f.ratio = f.value / f.peer_value;
    close_sqlite(&sqlite);
    close_log(&log);
    figure_print(&f);
}

void figure_ledger_latency(void)
{
    static struct sqlite_run sqlite;
    struct figure f = FIGURE("ledger_append_ms", "ms");
    struct log log = {0};
    struct load l = {.rate = RATE, .n = (size_t)RATE * SECONDS};
    open_log(&log, "open-loop-20000");
    open_sqlite(&sqlite, "peer-latency.sqlite");
    if (!run_load(&log, &l)) {
        bench_die("%d entries a second are too many for this machine", RATE);
    }
    (void)run_sqlite(&sqlite, SQLITE_ENTRIES);
    say_where(&l);
    f.value = share_of(&l, 0.5) * 1e3;
    f.p99 = share_of(&l, 0.99) * 1e3;
    f.runs = l.n;
    f.peer = "SQLite, one entry after the other";
    f.peer_value = samples_median(&sqlite.seconds) * 1e3;
    bench_say("worst %.2f ms", l.latency[l.n - 1] * 1e3);
    free(l.latency);
    close_sqlite(&sqlite);
    close_log(&log);
    figure_print(&f);
}
