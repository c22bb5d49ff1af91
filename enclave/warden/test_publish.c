/*
 * Public files that cannot be written, at once or in the background: nobody waits for them and nothing stops, but
 * they are tried again, after a pause, until they are there; also when the log does not grow any more.
 */
#include "test_witness_kit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "warden/record.h"

enum { PAUSE_MS = 1000 }; /* between two attempts */

/* As the warden does after each round of its loop. */
static void on_round(void *ctx)
{
    warden_publish(ctx);
}

/* In so many milliseconds from now. */
static void in_ms(uint64_t ms, void (*step)(void *ctx))
{
    assert_true(warden_timer_add(W.w.loop, sy_mono_ns() + ms * 1000000, step, NULL) != 0);
}

static int setup(void **state)
{
    int made = scene_setup(state);
    warden_loop_free(W.w.loop);
    W.w.loop = warden_loop_new(on_round, &W.w);
    return W.w.loop == NULL ? -1 : made;
}

/* One entry more, committed as the warden does. */
static void commit_one(void)
{
    struct ledger_entry e = {.leaf = V("an entry")};
    uint64_t index = 0;
    check_ok(ledger_append(W.w.ledger, &e, &index, NULL));
    check_ok(ledger_commit(W.w.ledger, NULL));
    W.w.unpublished = true;
}

static bool is_public(void)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    return sy_ok(sy_read_file_at(W.dir, "public/checkpoint", &b)) &&
           sy_view_eq(sy_buf_view(&b), ledger_checkpoint(W.w.ledger));
}

/* A folder where the file should be: no file can take its place. */
static void obstruct(void)
{
    (void)unlinkat(W.dir, "public/checkpoint", 0);
    assert_int_equal(mkdirat(W.dir, "public/checkpoint", 0700), 0);
}

static void clear_way(void)
{
    assert_int_equal(unlinkat(W.dir, "public/checkpoint", AT_REMOVEDIR), 0);
}

static void not_yet(void *ctx)
{
    (void)ctx;
    assert_false(is_public());
    assert_true(W.w.unpublished);
}

static void by_now(void *ctx)
{
    (void)ctx;
    assert_true(is_public());
    assert_false(W.w.unpublished);
    warden_loop_stop(W.w.loop);
}

static void test_at_once(void **state)
{
    (void)state;
    obstruct();
    commit_one();
    warden_publish(&W.w); /* the first is written by the caller's thread */
    assert_true(W.w.unpublished);
    assert_true(W.w.publish_later);
    assert_false(W.w.failed);
    clear_way();
    warden_publish(&W.w); /* every round asks, and it is too early */
    not_yet(NULL);
    in_ms(PAUSE_MS / 2, not_yet);
    in_ms(PAUSE_MS * 3 / 2, by_now);
    warden_loop_run(W.w.loop);
}

/* The last entry for a while: nothing else comes that would have the files looked at. */
static void obstructed_entry(void *ctx)
{
    (void)ctx;
    assert_true(is_public());
    obstruct();
    commit_one();
}

static void still_tried(void *ctx)
{
    (void)ctx;
    assert_true(W.w.unpublished);
    assert_false(W.w.failed);
    clear_way();
}

static void test_in_the_background(void **state)
{
    (void)state;
    commit_one();
    in_ms(100, obstructed_entry);
    in_ms(600, still_tried);
    in_ms(600 + 2 * PAUSE_MS, by_now);
    warden_publish(&W.w);
    warden_loop_run(W.w.loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(at_once), TEST(in_the_background)};
    return cmocka_run_group_tests_name("warden_publish", tests, NULL, NULL);
}
