/*
 * Power cuts. A ledger lives on a disk that forgets (disk.h): it appends, commits, acknowledges and
 * publishes, its process dies now and then, a sync fails now and then, and before any of its
 * write-side calls the power may go. What is then left of the disk is opened, and must hold every
 * acknowledged entry, receipt and checkpoint; must publish, and must go on.
 *
 * The same lives on disks that lie about syncs, and with an acknowledgement that comes too early,
 * must be found out: else the claims above would hold for nothing.
 *
 *   test_power [CUTS]
 */
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "base/fdio.h"
#include "disk.h"
#include "history.h"

enum {
    CUTS_DEFAULT = 400,
    CUT_ONE_IN = 3,      /* calls */
    LIE_CUTS_MAX = 4000, /* by then a liar must have been found out */
    PATH_BYTES = 128,
};

/* How a world is wrong on purpose. */
struct flaw {
    enum disk_lie lie;
    bool acks_early; /* before the commit */
};

static struct world {
    char base[PATH_BYTES];
    char disk[PATH_BYTES];  /* where the ledger lives */
    char after[PATH_BYTES]; /* what a power cut leaves */
    struct flaw flaw;
    struct ledger *l;
    struct history h;
    uint64_t run;
    unsigned long cuts;
    unsigned long broken; /* cuts after which a claim did not hold */
    unsigned long bad_syncs;
    unsigned long deaths;
    unsigned long full; /* times that the disk had no room at first */
    char why[HISTORY_WHY_MAX];
    struct proof_vkey log;
    uint8_t secret[PROOF_SECRET_BYTES];
} W;

static unsigned long cuts_wanted = CUTS_DEFAULT;
static uint64_t seed;
static uint64_t rng;

static uint64_t chance(void)
{
    return history_random(&rng);
}

static uint64_t below(uint64_t n)
{
    return chance() % n;
}

static bool is_flawed(void)
{
    return W.flaw.lie != DISK_HONEST || W.flaw.acks_early;
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
    struct ledger_options o = {&W.log, W.secret, LEDGER_SEGMENT_MIN, create};
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
    if (!history_holds(&W.h, l, W.why)) {
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

/* Before each call: the power may go here. Life then goes on as if it had not. */
static void maybe_cut(void)
{
    if (below(CUT_ONE_IN) != 0 || W.broken > 0) {
        return;
    }
    disk_cut(W.after);
    W.cuts++;
    if (!survives(W.after)) {
        W.broken++;
        if (!is_flawed()) {
            fail_msg("cut %lu, before call %lu: %s", W.cuts, disk_calls(), W.why);
        }
    }
    remove_folder(W.after);
}

/* --- life --------------------------------------------------------------------------------------- */

static void attach(void)
{
    disk_attach(W.disk, chance, maybe_cut);
}

static void acknowledge(uint64_t first)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HISTORY_RECORD_MAX);
    uint64_t n = ledger_size(W.l);
    check_ok(history_ack(W.l, W.run, first, first + below(n - first), &b));
    assert_true(history_take(&W.h, sy_buf_view(&b)));
}

/* A world with a flaw may be found out here as well. */
static void must_hold(void)
{
    if (!history_holds(&W.h, W.l, W.why)) {
        W.broken++;
        if (!is_flawed()) {
            fail_msg("after %lu cuts: %s", W.cuts, W.why);
        }
    }
}

/* The process is dead, or its disk failed: another one opens the ledger on the same machine. */
static void restart(void)
{
    struct sy_error err = {0};
    ledger_close(W.l);
    W.l = NULL;
    disk_die_after(0);
    disk_fill(0);
    if (below(4) == 0) {
        disk_fail_sync(1 + (unsigned)below(2));
    }
    sy_status s = open_at(W.disk, true, &W.l, &err);
    if (!sy_ok(s) && disk_has_failed()) { /* refusing is all it can do; once more */
        W.bad_syncs++;
        s = open_at(W.disk, true, &W.l, &err);
    }
    disk_fail_sync(0);
    if (!sy_ok(s)) {
        fail_msg("after a restart: %s %s", sy_code_name(s.code), err.reason);
    }
    must_hold();
    W.run++;
}

/* What was acknowledged before it was committed: entries as they were appended, with no proof. */
static void acknowledge_early(uint64_t first, uint64_t n)
{
    char head[128];
    (void)snprintf(head, sizeof(head), "ack %" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", W.run, first,
                   n, 0);
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
    W.full++;
    return history_append(W.l, W.run, NULL);
}

/* Commit. On a full disk the batch waits for room, or gives way to a smaller one. */
static sy_status commit(uint64_t size)
{
    sy_status s = ledger_commit(W.l, NULL);
    if (s.code != SY_E_NO_SPACE) {
        return s;
    }
    W.full++;
    assert_int_equal(ledger_size(W.l), size);
    if (below(2) == 0 && !W.flaw.acks_early) {
        ledger_drop(W.l);
        check_ok(history_append(W.l, W.run, NULL));
    }
    return ledger_commit(W.l, NULL);
}

/* A batch; false when the ledger has stopped. */
static bool batch(void)
{
    sy_status s = SY_OK;
    uint64_t first = ledger_size(W.l);
    uint64_t n = 1 + below(5);
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
        assert_true(disk_has_failed());
        check_stopped(s);
        return false;
    }
    if (!W.flaw.acks_early) {
        acknowledge(first);
    }
    return true;
}

static void live(void)
{
    uint64_t n_batches = 2 + below(14);
    bool dies = below(2) == 0;
    if (dies) {
        disk_die_after(1 + (unsigned)below(60));
    }
    for (uint64_t i = 0; i < n_batches && W.broken == 0; i++) {
        disk_fail_sync(!dies && below(10) == 0 ? 1 : 0);
        disk_fill(!dies && below(8) == 0 ? 1 : 0);
        if (!batch() || (below(3) == 0 && !sy_ok(ledger_publish(W.l, NULL)))) {
            assert_true(disk_has_failed());
            break;
        }
    }
    W.deaths += dies && disk_has_failed();
    W.bad_syncs += !dies && disk_has_failed();
    restart();
}

/* The power does go: what is left is the world from here on. */
static void outage(void)
{
    struct sy_error err = {0};
    disk_cut(W.after);
    ledger_close(W.l);
    W.l = NULL;
    disk_detach();
    remove_folder(W.disk);
    assert_int_equal(rename(W.after, W.disk), 0);
    attach();
    sy_status s = open_at(W.disk, W.h.n == 0, &W.l, &err);
    if (!sy_ok(s)) {
        fail_msg("after an outage: %s %s", sy_code_name(s.code), err.reason);
    }
    must_hold();
    W.run++;
}

/* One ledger from its first call on: a few lives and outages. */
static void one_world(void)
{
    history_init(&W.h);
    assert_int_equal(mkdir(W.disk, 0700), 0);
    attach();
    check_ok(open_at(W.disk, true, &W.l, NULL));
    disk_lie(W.flaw.lie);
    for (int i = 0; i < 6 && W.broken == 0; i++) {
        live();
        if (i % 2 == 1 && !is_flawed()) {
            outage();
        }
    }
    ledger_close(W.l);
    W.l = NULL;
    disk_detach();
    remove_folder(W.disk);
    history_deinit(&W.h);
}

static void run_worlds(struct flaw flaw, unsigned long n_cuts)
{
    W.flaw = flaw;
    W.cuts = W.broken = 0;
    W.deaths = W.bad_syncs = W.full = 0;
    while (W.cuts < n_cuts && W.broken == 0) {
        one_world();
    }
}

/* --- tests -------------------------------------------------------------------------------------- */

static void test_power_cuts(void **state)
{
    (void)state;
    run_worlds((struct flaw){0}, cuts_wanted);
    while (W.deaths == 0 || W.bad_syncs == 0 || W.full == 0) { /* few cuts may have met none */
        one_world();
    }
    print_message("# %lu power cuts; between them %lu deaths, %lu failed syncs, %lu full disks\n",
                  W.cuts, W.deaths, W.bad_syncs, W.full);
    assert_true(W.cuts >= cuts_wanted);
}

/* The controls: each must be found out. */
static void find_out(struct flaw flaw, const char *name)
{
    run_worlds(flaw, LIE_CUTS_MAX);
    print_message("# %s: found out at cut %lu: %s\n", name, W.cuts, W.why);
    assert_true(W.broken > 0);
}

static void test_lying_data_sync_is_found_out(void **state)
{
    (void)state;
    find_out((struct flaw){.lie = DISK_LIES_DATA}, "data syncs that do nothing");
}

static void test_lying_folder_sync_is_found_out(void **state)
{
    (void)state;
    find_out((struct flaw){.lie = DISK_LIES_FOLDERS}, "folder syncs that do nothing");
}

static void test_early_acknowledgement_is_found_out(void **state)
{
    (void)state;
    find_out((struct flaw){.acks_early = true}, "acknowledged before the commit");
}

static int make_base(void **state)
{
    (void)state;
    /* In memory where possible: what is durable is our own book-keeping. */
    const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(W.base, sizeof(W.base), "%s/power-XXXXXX", tmp);
    if (mkdtemp(W.base) == NULL) {
        return -1;
    }
    (void)snprintf(W.disk, sizeof(W.disk), "%.64s/disk", W.base);
    (void)snprintf(W.after, sizeof(W.after), "%.64s/after", W.base);
    history_key(&W.log, W.secret);
    return 0;
}

static int drop_base(void **state)
{
    (void)state;
    ledger_close(W.l);
    W.l = NULL;
    disk_detach();
    remove_folder(W.base);
    history_deinit(&W.h);
    return 0;
}

static void choose_seed(void)
{
    const char *given = getenv("SHUYU_SEED");
    seed = given == NULL ? 0 : strtoull(given, NULL, 10);
    if (seed == 0) {
        seed = 1 + randombytes_uniform(INT32_MAX - 1);
    }
    rng = seed << 32;
    printf("# SHUYU_SEED=%" PRIu64 "\n", seed);
}

#define power_test(f) cmocka_unit_test_setup_teardown(f, make_base, drop_base)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        power_test(test_power_cuts),
        power_test(test_lying_data_sync_is_found_out),
        power_test(test_lying_folder_sync_is_found_out),
        power_test(test_early_acknowledgement_is_found_out),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    cuts_wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : CUTS_DEFAULT;
    choose_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
