/*
 * Power cuts. A ledger lives on a disk that forgets (world.h): it appends, commits, acknowledges and
 * publishes, its process dies now and then, a sync fails now and then, the disk is full now and then,
 * and before any of its write-side calls the power may go.
 *
 * The same lives on disks that lie about syncs, and with an acknowledgement that comes too early,
 * must be found out: else the claims would hold for nothing.
 *
 *   ledger_power [CUTS]
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"

#include "world.h"

enum {
    CUTS_DEFAULT = 300,
    LIE_CUTS_MAX = 4000, /* by then a liar must have been found out */
    LIVES = 6,           /* of a world */
    ROLL_CALLS = 14,     /* a roll to the next segment is over by then */
    ROLL_BATCHES = 6,    /* after it */
};

static unsigned long cuts_wanted = CUTS_DEFAULT;

/* --- random lives ------------------------------------------------------------------------------- */

/* A snapshot, one of whose four syncs may fail. */
static bool keep(bool dies)
{
    if (!world_publish()) { /* a start from it wants tiles */
        return false;
    }
    disk_fail_sync(dies ? 0 : (unsigned)world_below(8));
    return world_snapshot();
}

/* Some batches, until something happens; then another process. */
static void live(void)
{
    uint64_t n_batches = 2 + world_below(14);
    bool dies = world_below(2) == 0;
    disk_die_after(dies ? 1 + (unsigned)world_below(60) : 0);
    for (uint64_t i = 0; i < n_batches && W.n.broken == 0; i++) {
        disk_fail_sync(!dies && world_below(10) == 0 ? 1 : 0);
        disk_fill(!dies && world_below(8) == 0 ? 1 : 0);
        if (!world_batch(1 + world_below(5)) || (world_below(3) == 0 && !world_publish()) ||
            (world_below(5) == 0 && !keep(dies))) {
            break;
        }
    }
    W.n.deaths += dies && !W.gone && disk_has_failed();
    W.n.bad_syncs += !dies && !W.gone && disk_has_failed();
    world_reopen((unsigned)world_below(6) % 4); /* one of the first three syncs, or none */
}

static void one_world(struct flaw flaw)
{
    bool honest = flaw.lie == DISK_HONEST && !flaw.acks_early;
    world_begin(flaw, CUTS_SOME, honest);
    for (int i = 0; i < LIVES && W.n.broken == 0; i++) {
        live();
    }
    world_end();
}

static void test_power_cuts(void **state)
{
    (void)state;
    while (W.n.cuts < cuts_wanted || W.n.deaths == 0 || W.n.bad_syncs == 0 || W.n.full == 0 ||
           W.n.outages == 0 || W.n.kept == 0 || W.n.skipped == 0) {
        one_world((struct flaw){0});
    }
    print_message(
        "# %lu power cuts that were gone back from and %lu that were not; between them "
        "%lu deaths, %lu failed syncs, %lu full disks; %lu snapshots, %lu starts from one\n",
        W.n.cuts, W.n.outages, W.n.deaths, W.n.bad_syncs, W.n.full, W.n.kept, W.n.skipped);
}

/* --- at the turn from one segment to the next ----------------------------------------------------- */

static bool has_second_segment(void)
{
    char path[WORLD_PATH_MAX + 32];
    struct stat st;
    (void)snprintf(path, sizeof(path), "%s/segments/00000002", W.disk);
    return stat(path, &st) == 0;
}

/* Batches until the second segment is there, or the process has died; the calls that it
 * took. The same each time. */
static unsigned long fill_first(unsigned die_after)
{
    W.run = 1;
    disk_die_after(die_after);
    while (!has_second_segment() && world_batch(4)) {
    }
    return disk_calls();
}

/* Cut at each call of what follows, with nothing surviving that was not synced. */
static void follow_worst(unsigned fail_sync)
{
    W.worst = true;
    world_reopen(fail_sync);
    W.mode = CUTS_ALL;
    for (int i = 0; i < ROLL_BATCHES; i++) {
        assert_true(world_batch(1));
    }
    W.mode = CUTS_NONE;
}

/* The process dies, or the power goes, at each call around the turn; then syncs fail, or not. */
static void test_every_end_at_a_turn(void **state)
{
    (void)state;
    world_begin((struct flaw){0}, CUTS_NONE, false);
    unsigned long begun = disk_calls();
    unsigned long turn = fill_first(0) - begun;
    world_end();
    for (unsigned i = 0; i < ROLL_CALLS; i++) {
        for (unsigned variant = 0; variant < 6; variant++) {
            world_begin((struct flaw){0}, CUTS_NONE, false);
            (void)fill_first((unsigned)turn - ROLL_CALLS / 2 + i);
            while (!disk_has_failed() && world_batch(1)) {
            }
            if (variant >= 3) {
                world_outage();
            }
            follow_worst(variant % 3);
            world_end();
        }
    }
    print_message("# %lu power cuts\n", W.n.cuts);
    assert_true(W.n.cuts > 1000);
}

/* --- the controls: each must be found out --------------------------------------------------------- */

static void find_out(struct flaw flaw, const char *name)
{
    while (W.n.cuts < LIE_CUTS_MAX && W.n.broken == 0) {
        one_world(flaw);
    }
    print_message("# %s: found out at cut %lu: %s\n", name, W.n.cuts, W.why);
    assert_true(W.n.broken > 0);
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

/* --- set-up ------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    return world_set_up() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    world_tear_down();
    return 0;
}

static void choose_seed(void)
{
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given == NULL ? 0 : strtoull(given, NULL, 10);
    if (seed == 0) {
        seed = 1 + randombytes_uniform(INT32_MAX - 1);
    }
    world_seed(seed);
    printf("# SHUYU_SEED=%" PRIu64 "\n", seed);
}

#define power_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        power_test(test_power_cuts),
        power_test(test_every_end_at_a_turn),
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
