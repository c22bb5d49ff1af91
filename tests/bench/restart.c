/*
 * How long a domain of a million entries takes to start, as warden_domain_open does it (but for its keys): open the
 * ledger, have the state, decide what came since, bring the public folder up to date. From a snapshot that is as
 * old as one ever is, and without one.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "ledger/snapshot.h"
#include "log.h"
#include "rules/decide.h"
#include "rules/snapshot.h"

enum {
    EVERY = 10000,
    PART = 32 /* warden/snapshot.h */,
    BATCH = 64,
    RESTART_ROUNDS = 3,
    REREAD = 20000
};

static struct restarted {
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
    const char *folder;
    uint64_t entries, kept; /* in all; when the snapshot was made */
    double bytes;           /* of memory that a start leaves in use */
} R;

static struct ledger *open_it(bool create)
{
    struct ledger *l = NULL;
    struct sy_error e = {0};
    struct ledger_options o = {.log = &R.key, .secret = R.secret, .create = create};
    SY_FD_CLEANUP int dir = open(R.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench_ok(ledger_open(dir, &o, &l, &e), &e, "ledger");
    return l;
}

/* --- making the domain -------------------------------------------------------------------------------- */

static sy_status add_rows(void *ctx, struct sy_view bytes)
{
    return ledger_snapshot_add(ctx, bytes);
}

static void keep(struct ledger *l, const struct rules_state *state)
{
    struct ledger_snapshot *s = NULL;
    struct sy_error e = {0};
    double start = bench_now();
    RULES_STATE_CLEANUP struct rules_state *frozen = rules_state_clone(state);
    bench_ok(ledger_snapshot_begin(l, &s, &e), &e, "snapshot");
    double begun = bench_now();
    bench_ok(rules_snapshot_write(frozen, add_rows, s), NULL, "rows");
    bench_ok(ledger_snapshot_sync(s), NULL, "rows");
    double written = bench_now();
    bench_ok(ledger_snapshot_sign(l, s, rules_state_digest(frozen), &e), &e, "note");
    bench_say("a snapshot of %zu rows, %.1f MB: the loop's part %.2f and %.2f ms, the other %.0f",
              rules_state_n_rows(state), (double)rules_state_n_bytes(state) / 1e6,
              (begun - start) * 1e3, (bench_now() - written) * 1e3, (written - begun) * 1e3);
}

static void append(struct ledger *l, const struct sy_log_entry *e)
{
    struct ledger_entry entry = {e->leaf, e->salt, e->body};
    struct sy_error err = {0};
    uint64_t index = 0;
    bench_ok(ledger_append(l, &entry, &index, &err), &err, "append");
    if (index % BATCH == BATCH - 1 || index + 1 == R.entries || index + 1 == R.kept) {
        bench_ok(ledger_commit(l, &err), &err, "commit");
    }
}

static void make_domain(void)
{
    uint8_t pub[PROOF_KEY_BYTES];
    struct audit_export *x = log_million();
    RULES_STATE_CLEANUP struct rules_state *state = rules_state_new();
    struct sy_error err = {0};
    R.entries = audit_size(x);
    R.kept = R.entries - (R.entries / PART > EVERY ? R.entries / PART : EVERY) + 1;
    R.folder = bench_work("restart");
    crypto_sign_keypair(pub, R.secret);
    bench_ok(proof_vkey_make(sy_view_str("bench"), PROOF_SIG_ED25519, pub, &R.key), NULL, "key");
    if (R.entries <= EVERY || mkdir(R.folder, 0700) != 0) {
        bench_die("%s: %s", R.folder, R.entries <= EVERY ? "too few entries" : strerror(errno));
    }
    struct ledger *l = open_it(true);
    for (uint64_t i = 0; i < R.entries; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_log_entry e;
        struct sy_event event;
        bench_ok(audit_entry(x, i, &arena, &e, &err), &err, "entry");
        append(l, &e);
        bench_ok(sy_record_decode(&sy_event_desc, e.body, &SY_MP_LARGE, &arena, &event, &err), &err,
                 "event");
        bench_ok(rules_apply(state, &event, i, &err), &err, "apply");
        if (i + 1 == R.kept) {
            rules_state_set_digest(state, event.state);
            keep(l, state);
        }
    }
    bench_ok(ledger_publish(l, &err), &err, "publish");
    ledger_close(l);
}

/* --- starting it ---------------------------------------------------------------------------------------- */

static sy_status take_rows(void *ctx, size_t n, struct sy_view *ret)
{
    return ledger_rows_take(ctx, n, ret);
}

/* The state to go on from; *ret_from: its entries. */
static struct rules_state *restore(struct ledger *l, uint64_t *ret_from)
{
    struct proof_snapshot s;
    struct ledger_rows *rows = NULL;
    struct rules_state *state = NULL;
    struct sy_error e = {0};
    *ret_from = 0;
    if (!ledger_snapshot_next(l, UINT64_MAX, &s)) {
        return rules_state_new();
    }
    bench_ok(ledger_rows_open(l, &s, &rows, &e), &e, "rows");
    bench_ok(rules_snapshot_read(take_rows, rows, &state, &e), &e, "rows");
    bench_ok(ledger_rows_close(rows, &e), &e, "rows");
    *ret_from = s.size;
    return state;
}

static sy_status decide_one(void *data, uint64_t i, const struct ledger_entry *entry)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_event event;
    struct sy_error e = {0};
    bench_ok(sy_record_decode(&sy_event_desc, entry->body, &SY_MP_LARGE, &arena, &event, &e), &e,
             "event");
    bench_ok(rules_replay(data, &event, i, &e), &e, "replay");
    return SY_OK;
}

static double in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return (double)(m.uordblks + m.hblkhd);
}

/* What a domain reads after such a start, 4 ms of each tenth of a second. */
static void reread(struct ledger *l)
{
    struct sy_error e = {0};
    uint64_t before = ledger_unread(l);
    double start = bench_now();
    while (ledger_unread(l) > 0 && before - ledger_unread(l) < REREAD) {
        bench_ok(ledger_reread(l, &e), &e, "reread");
    }
    bench_say("%.2f ms to read 1000 of the %llu skipped entries",
              (bench_now() - start) * 1e6 / (double)(before - ledger_unread(l)),
              (unsigned long long)before);
}

static double start_once(bool from_snapshot)
{
    struct sy_error e = {0};
    uint64_t from = 0;
    double before = in_use();
    double start = bench_now();
    struct ledger *l = open_it(false);
    double opened = bench_now();
    RULES_STATE_CLEANUP struct rules_state *state = restore(l, &from);
    double restored = bench_now();
    bench_ok(ledger_each(l, from, decide_one, state, &e), &e, "replay");
    double decided = bench_now();
    bench_ok(ledger_publish(l, &e), &e, "publish");
    double seconds = bench_now() - start;
    bench_say("open %.0f ms, state %.0f, %llu entries decided %.0f, published %.0f",
              (opened - start) * 1e3, (restored - opened) * 1e3,
              (unsigned long long)(R.entries - from), (decided - restored) * 1e3,
              (start + seconds - decided) * 1e3);
    if ((from > 0) != from_snapshot || (ledger_unread(l) > 0) != from_snapshot) {
        bench_die("not the start that was meant: from %llu", (unsigned long long)from);
    }
    R.bytes = in_use() - before;
    if (from_snapshot) {
        reread(l);
    }
    ledger_close(l);
    return seconds;
}

/* From here on there is no snapshot. */
static void forget_snapshots(void)
{
    char from[4096], to[4096];
    (void)snprintf(from, sizeof(from), "%s/snapshots", R.folder);
    (void)snprintf(to, sizeof(to), "%s/forgotten", R.folder);
    if (rename(from, to) != 0) {
        bench_die("%s: %s", from, strerror(errno));
    }
}

void figure_restart(void)
{
    struct figure f = FIGURE("restart_ms", "ms");
    struct figure memory = FIGURE("restart_bytes_per_entry", "bytes");
    static struct samples s;
    make_domain();
    for (int i = 0; i < RESTART_ROUNDS; i++) {
        samples_add(&s, start_once(true) * 1e3);
    }
    memory.value = R.bytes / (double)R.entries;
    memory.runs = 1;
    forget_snapshots();
    figure_times(&f, &s);
    f.peer = "the whole log read and decided again";
    f.peer_value = start_once(false) * 1e3;
    f.ratio = f.value / f.peer_value;
    figure_print(&f);
    figure_print(&memory);
}
