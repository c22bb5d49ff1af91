/*
 * The one world of the power tests. Invariant: what is in W.h was acknowledged, or read, before the
 * moment of any cut that is judged by it.
 */
#include "world.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "base/fdio.h"
#include "kept.h"
#include "ledger/snapshot.h"

enum { CUT_ONE_IN = 3 /* calls */, OUTAGE_ONE_IN = 40 /* cuts */, OPENS_MAX = 20 };

struct world W;

static uint64_t rng;

void world_seed(uint64_t seed)
{
    rng = seed << 32;
}

uint64_t world_below(uint64_t n)
{
    return history_random(&rng) % n;
}

/* What the disk decides by. */
static uint64_t disk_chance(void)
{
    return W.worst ? 0 : history_random(&rng);
}

static bool is_flawed(void)
{
    return W.flaw.lie != DISK_HONEST || W.flaw.acks_early;
}

static void broke(void)
{
    W.n.broken++;
    if (!is_flawed()) {
        fail_msg("cut %lu, before call %lu: %s", W.n.cuts, disk_calls(), W.why);
    }
}

/* A world with a flaw may be found out anywhere. */
static void must_hold(void)
{
    if (!history_holds(&W.h, W.l, W.why) || !kept_holds(W.l, W.why, NULL)) {
        broke();
    }
}

/* --- folders ------------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_folder(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static sy_status open_at(const char *path, bool create, struct ledger **ret, struct sy_error *err)
{
    struct ledger_options o = {
        .log = &W.log, .secret = W.secret, .segment_bytes = LEDGER_SEGMENT_MIN, .create = create};
    SY_FD_CLEANUP int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? sy_status_of(SY_E_IO) : ledger_open(dir, &o, ret, err);
}

/* --- after a power cut --------------------------------------------------------------------------- */

static bool complain(const char *what, sy_status s, const struct sy_error *err)
{
    (void)snprintf(W.why, sizeof(W.why), "%s: %s %.40s %.120s", what, sy_code_name(s.code),
                   err->field, err->reason);
    return false;
}

/* The ledger that is left holds what was seen, publishes, and takes more. */
static bool goes_on(struct ledger *l)
{
    struct sy_error err = {0};
    W.n.skipped += ledger_unread(l) > 0;
    if (!history_holds(&W.h, l, W.why) || !kept_holds(l, W.why, NULL) ||
        !kept_reread(l, W.why, NULL)) {
        return false;
    }
    sy_status s = ledger_publish(l, &err);
    for (int i = 0; sy_ok(s) && i < 2; i++) {
        s = history_append(l, UINT64_MAX - 1, &err);
    }
    if (sy_ok(s)) {
        s = ledger_commit(l, &err);
    }
    return sy_ok(s) || complain("it does not go on", s, &err);
}

static bool survives(const char *folder)
{
    struct sy_error err = {0};
    struct ledger *l = NULL;
    sy_status s = open_at(folder, false, &l, &err);
    if (s.code == SY_E_NOT_FOUND && W.h.n == 0) { /* it never began */
        s = open_at(folder, true, &l, &err);
    }
    bool fine = sy_ok(s) ? goes_on(l) : complain("it does not open", s, &err);
    ledger_close(l);
    return fine;
}

void world_outage(void)
{
    disk_cut(W.after);
    W.gone = true;
    W.n.outages++;
    disk_die_after(1);
}

/* Before each call: the power may go here. Mostly life then goes on as if it had not. */
static void maybe_cut(void)
{
    if (W.gone || W.n.broken > 0 || W.mode == CUTS_NONE ||
        (W.mode == CUTS_SOME && world_below(CUT_ONE_IN) != 0)) {
        return;
    }
    if (W.outages && world_below(OUTAGE_ONE_IN) == 0) {
        world_outage();
        return;
    }
    disk_cut(W.after);
    W.n.cuts++;
    if (!survives(W.after)) {
        broke();
    }
    remove_folder(W.after);
}

/* --- life --------------------------------------------------------------------------------------- */

static void acknowledge(uint64_t first)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HISTORY_RECORD_MAX);
    uint64_t n = ledger_size(W.l);
    check_ok(history_ack(W.l, W.run, first, first + world_below(n - first), &b));
    assert_true(history_take(&W.h, sy_buf_view(&b)));
}

/* The flaw: entries are given out as they were appended, with no proof. */
static void acknowledge_early(uint64_t first, uint64_t n)
{
    char head[128];
    (void)snprintf(head, sizeof(head), "ack %" PRIu64 " %" PRIu64 " %" PRIu64 " 0\n", W.run, first,
                   n);
    struct history *h = &W.h;
    struct sy_buf proofs = h->proofs;
    h->proofs = sy_buf(SIZE_MAX / 4);
    assert_true(history_take(h, sy_view_str(head)));
    sy_buf_deinit(&h->proofs);
    h->proofs = proofs;
}

/* A ledger that has stopped takes nothing, and shows what it has. */
static void check_stopped(sy_status why)
{
    assert_true(disk_has_failed());
    must_hold();
    if (why.code != SY_E_READ_ONLY) { /* no new segment could be made: the batch is as it was */
        check_code(why, SY_E_IO);
        return;
    }
    check_code(history_append(W.l, W.run, NULL), SY_E_READ_ONLY);
    check_code(ledger_commit(W.l, NULL), SY_E_READ_ONLY);
}

/* Append one; when there was no room for a new segment, there is at the second try. */
static sy_status append(void)
{
    sy_status s = history_append(W.l, W.run, NULL);
    if (s.code != SY_E_NO_SPACE) {
        return s;
    }
    W.n.full++;
    return history_append(W.l, W.run, NULL);
}

/* Commit. On a full disk the batch waits for room, or gives way to a smaller one. */
static sy_status commit(uint64_t size)
{
    sy_status s = ledger_commit(W.l, NULL);
    if (s.code != SY_E_NO_SPACE) {
        return s;
    }
    W.n.full++;
    assert_int_equal(ledger_size(W.l), size);
    if (world_below(2) == 0 && !W.flaw.acks_early) {
        ledger_drop(W.l);
        check_ok(history_append(W.l, W.run, NULL));
    }
    return ledger_commit(W.l, NULL);
}

bool world_batch(uint64_t n)
{
    sy_status s = SY_OK;
    uint64_t first = ledger_size(W.l);
    for (uint64_t i = 0; sy_ok(s) && i < n; i++) {
        s = append();
    }
    if (sy_ok(s) && W.flaw.acks_early) {
        acknowledge_early(first, n);
    }
    if (sy_ok(s)) {
        s = commit(first);
    }
    if (!sy_ok(s)) {
        check_stopped(s);
    } else if (!W.flaw.acks_early) {
        acknowledge(first);
    }
    return sy_ok(s);
}

bool world_publish(void)
{
    bool fine = sy_ok(ledger_publish(W.l, NULL));
    assert_true(fine || disk_has_failed());
    return fine;
}

bool world_snapshot(void)
{
    sy_status s = kept_make(W.l);
    W.n.kept += sy_ok(s);
    assert_true(sy_ok(s) || s.code == SY_E_STATE || disk_has_failed());
    if (s.code == SY_E_READ_ONLY) {
        check_stopped(s);
    }
    return sy_ok(s) || s.code == SY_E_STATE;
}

/* --- beginnings and ends ------------------------------------------------------------------------- */

static void attach(void)
{
    disk_attach(W.disk, disk_chance, maybe_cut);
    disk_lie(W.flaw.lie);
}

/* What the power cut has left is the disk from here on. */
static void follow_outage(void)
{
    disk_detach();
    remove_folder(W.disk);
    assert_int_equal(rename(W.after, W.disk), 0);
    W.gone = false;
    attach();
}

/* Whoever asks is shown what was found: it must not be lost again. */
static void see_checkpoint(void)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HISTORY_RECORD_MAX);
    check_ok(sy_buf_add_str(&b, "note\n"));
    check_ok(sy_buf_add_view(&b, ledger_checkpoint(W.l)));
    assert_true(history_take(&W.h, sy_buf_view(&b)));
}

/* Open what there is. Refusing is all that a ledger can do when a sync fails. */
static bool try_open(unsigned fail_sync)
{
    struct sy_error err = {0};
    if (W.gone) {
        follow_outage();
    }
    disk_die_after(0);
    disk_fill(0);
    disk_fail_sync(fail_sync);
    sy_status s = open_at(W.disk, true, &W.l, &err);
    if (!sy_ok(s) && !disk_has_failed()) {
        fail_msg("it does not open: %s %s %s", sy_code_name(s.code), err.field, err.reason);
    }
    W.n.bad_syncs += fail_sync > 0 && disk_has_failed();
    return sy_ok(s);
}

void world_reopen(unsigned fail_sync)
{
    ledger_close(W.l);
    W.l = NULL;
    for (int i = 0; !try_open(i == 0 ? fail_sync : 0); i++) {
        assert_true(i < OPENS_MAX);
    }
    disk_fail_sync(0);
    W.n.skipped += ledger_unread(W.l) > 0;
    must_hold();
    see_checkpoint();
    W.run++;
}

void world_begin(struct flaw flaw, enum cuts mode, bool outages)
{
    history_init(&W.h);
    W.mode = mode;
    W.outages = outages;
    W.worst = W.gone = false;
    W.flaw = (struct flaw){0};
    assert_int_equal(mkdir(W.disk, 0700), 0);
    attach();
    world_reopen(0);
    W.flaw = flaw; /* from here on: a ledger that never began has little to lose */
    disk_lie(flaw.lie);
}

void world_end(void)
{
    ledger_close(W.l);
    W.l = NULL;
    disk_detach();
    remove_folder(W.disk);
    remove_folder(W.after);
    history_deinit(&W.h);
}

bool world_set_up(void)
{
    /* In memory where possible: what is durable is the disk's book-keeping. */
    const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    W = (struct world){0};
    (void)snprintf(W.base, sizeof(W.base), "%s/power-XXXXXX", tmp);
    if (mkdtemp(W.base) == NULL) {
        return false;
    }
    (void)snprintf(W.disk, sizeof(W.disk), "%.64s/disk", W.base);
    (void)snprintf(W.after, sizeof(W.after), "%.64s/after", W.base);
    history_key(&W.log, W.secret);
    return true;
}

void world_tear_down(void)
{
    world_end();
    remove_folder(W.base);
}
