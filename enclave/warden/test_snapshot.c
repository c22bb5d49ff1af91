/*
 * Snapshots in the warden: made of a frozen state while the domain goes on, and believed at a start only when the
 * last entry states that state, whoever signed.
 */
#include "test_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/snapshot.h"
#include "proof/leaf.h"
#include "rules/snapshot.h"
#include "warden/warden.h"

enum { DAY_S = 86400 };

static struct {
    struct kit k;
    struct warden w;
    struct proof_vkey log;
    uint8_t secret[PROOF_SECRET_BYTES];
    char path[64];
} F;

/* --- files ------------------------------------------------------------------------------------------ */

static void remove_tree(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        (void)unlinkat(at, name, 0);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            remove_tree(fd, e->d_name);
        }
    }
    (void)closedir(d);
    (void)unlinkat(at, name, AT_REMOVEDIR);
}

/* --- a domain of the kit's events in a ledger ------------------------------------------------------ */

static void open_log(void)
{
    struct ledger_options o = {.log = &F.log, .secret = F.secret, .create = true};
    check_ok(ledger_open(F.w.dir, &o, &F.w.ledger, NULL));
}

static void append(uint64_t i)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(PROOF_LEAF_MAX);
    struct sy_event event;
    uint8_t salt[LEDGER_SALT_BYTES] = {(uint8_t)i, 1};
    uint64_t index = 0;
    check_ok(sy_record_decode(&sy_event_desc, F.k.events[i], &SY_MP_LARGE, &arena, &event, NULL));
    check_ok(proof_leaf_make(event.type, (uint32_t)(event.inputs.time / DAY_S), salt, F.k.events[i],
                             &leaf));
    struct ledger_entry entry = {sy_buf_view(&leaf), salt, F.k.events[i]};
    check_ok(ledger_append(F.w.ledger, &entry, &index, NULL));
    assert_int_equal(index, i);
}

/* Decide entries from..to-1 onto a state. */
static void decide(struct rules_state *s, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_event event;
        check_ok(
            sy_record_decode(&sy_event_desc, F.k.events[i], &SY_MP_LARGE, &arena, &event, NULL));
        check_ok(rules_replay(s, &event, i, NULL));
    }
}

/* The domain takes in entries up to `to`: appended, committed, and in its state. */
static void go_on(uint64_t to)
{
    uint64_t from = ledger_size(F.w.ledger);
    for (uint64_t i = from; i < to; i++) {
        append(i);
    }
    check_ok(ledger_commit(F.w.ledger, NULL));
    decide(F.w.state, from, to);
}

static int setup(void **state)
{
    uint8_t pub[32];
    (void)state;
    memset(&F, 0, sizeof(F));
    kit_init(&F.k);
    kit_ready(&F.k);
    for (int age = 30; age < 40; age += 2) {
        char text[8];
        (void)snprintf(text, sizeof(text), "%d", age);
        uint64_t charge = F.k.entry;
        if (kit_run(&F.k, text) == 0) {
            assert_int_equal(kit_answer(&F.k, charge, "ok"), 0);
        }
    }
    (void)snprintf(F.path, sizeof(F.path), "/tmp/warden-snapshot-XXXXXX");
    crypto_sign_keypair(pub, F.secret);
    if (mkdtemp(F.path) == NULL ||
        !sy_ok(proof_vkey_make(sy_view_str("example.org/log"), PROOF_SIG_ED25519, pub, &F.log))) {
        return -1;
    }
    F.w.dir = open(F.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    F.w.state = rules_state_new();
    open_log();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    warden_snapshot_close(&F.w);
    warden_loop_free(F.w.loop);
    ledger_close(F.w.ledger);
    rules_state_free(F.w.state);
    (void)close(F.w.dir);
    remove_tree(AT_FDCWD, F.path);
    kit_free(&F.k);
    return 0;
}

static sy_status add_rows(void *ctx, struct sy_view bytes)
{
    return ledger_snapshot_add(ctx, bytes);
}

/* Sign a snapshot of what is committed, with the rows of this state and this digest. */
static void forge(const struct rules_state *rows, const uint8_t digest[32])
{
    struct ledger_snapshot *s = NULL;
    check_ok(ledger_snapshot_begin(F.w.ledger, &s, NULL));
    check_ok(rules_snapshot_write(rows, add_rows, s));
    check_ok(ledger_snapshot_sync(s));
    check_ok(ledger_snapshot_sign(F.w.ledger, s, digest, NULL));
}

/* A start: how many entries need no deciding; the rest is decided, and the end must be the kit's. */
static uint64_t start(void)
{
    uint64_t from = 99;
    rules_state_free(F.w.state);
    F.w.state = rules_state_new();
    F.w.last_time = 0;
    ledger_close(F.w.ledger);
    open_log();
    uint64_t size = ledger_size(F.w.ledger);
    check_ok(warden_snapshot_restore(&F.w, &from, NULL));
    assert_true(from <= size);
    if (from > 0) {
        assert_memory_equal(rules_state_digest(F.w.state), F.k.digests[from - 1], 32);
        assert_true(F.w.last_time >= KIT_START);
    } else {
        assert_int_equal(rules_state_n_rows(F.w.state), 0);
        assert_int_equal(F.w.last_time, 0);
    }
    decide(F.w.state, from, size);
    assert_memory_equal(rules_state_digest(F.w.state), F.k.digests[size - 1], 32);
    return from;
}

/* --- using one -------------------------------------------------------------------------------------- */

static void test_start(void **state)
{
    (void)state;
    go_on(10);
    assert_int_equal(start(), 0); /* there is none */
    forge(F.w.state, F.k.digests[9]);
    assert_int_equal(start(), 10);
    go_on(15);
    assert_int_equal(start(), 10);
}

/* Signed by the right key, whole, of these entries, and of another state: a warden that erred or was made to. */
static void test_other_state(void **state)
{
    RULES_STATE_CLEANUP struct rules_state *older = rules_state_new();
    (void)state;
    go_on(10);
    forge(F.w.state, F.k.digests[9]);
    go_on(15);
    decide(older, 0, 14);
    forge(older, F.k.digests[14]); /* the digest that the entry states, the rows of one before */
    assert_int_equal(start(), 10);
    forge(older, F.k.digests[13]); /* in itself consistent */
    assert_int_equal(start(), 10);
    forge(F.w.state, F.k.digests[3]); /* right rows, a wrong word about them */
    assert_int_equal(start(), 10);
    forge(F.w.state, F.k.digests[14]); /* the control */
    assert_int_equal(start(), 15);
}

static sy_status add_to(void *ctx, struct sy_view bytes)
{
    return sy_buf_add_view(ctx, bytes);
}

/* Rows that were changed on the disk, wherever: most such bytes lie in values, where nothing but the digest
 * shows it. */
static void test_altered_rows(void **state)
{
    (void)state;
    go_on(10);
    forge(F.w.state, F.k.digests[9]);
    int fd = openat(F.w.dir, "snapshots/10.rows", O_RDWR | O_CLOEXEC);
    off_t n = lseek(fd, 0, SEEK_END);
    assert_true(n > 1000);
    for (off_t at = 0; at < n; at += 331) {
        uint8_t byte = 0;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_int_equal(start(), 0);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    (void)close(fd);
    assert_int_equal(start(), 10);
}

/* Signed rows that are none of ours, or of other rules. */
static void test_other_rows(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 24);
    (void)state;
    go_on(12);
    check_ok(rules_snapshot_write(F.w.state, add_to, &b));
    for (int i = 0; i < 3; i++) {
        struct ledger_snapshot *s = NULL;
        b.p[b.n - 1] = i == 0 ? 0x7F : SY_RULES_VERSION; /* the version comes last */
        size_t n = i == 1 ? b.n - 1 : b.n;
        check_ok(ledger_snapshot_begin(F.w.ledger, &s, NULL));
        check_ok(ledger_snapshot_add(s, sy_view(b.p, n)));
        check_ok(ledger_snapshot_sync(s));
        check_ok(ledger_snapshot_sign(F.w.ledger, s, F.k.digests[11], NULL));
        assert_int_equal(start(), i == 2 ? 12 : 0);
    }
}

/* --- making one ------------------------------------------------------------------------------------- */

static void stop_when_made(void *ctx)
{
    const struct warden *w = ctx;
    if (w->snapshots.making == NULL) {
        warden_loop_stop(w->loop);
    }
}

static uint64_t newest(void)
{
    struct proof_snapshot s = {0};
    return ledger_snapshot_next(F.w.ledger, UINT64_MAX, &s) ? s.size : 0;
}

static void test_made(void **state)
{
    (void)state;
    F.w.snapshots.every = 8;
    F.w.loop = warden_loop_new(stop_when_made, &F.w);
    go_on(7);
    warden_snapshot_round(&F.w);
    assert_null(F.w.snapshots.making); /* not yet */
    go_on(8);
    append(8);
    warden_snapshot_round(&F.w);
    assert_null(F.w.snapshots.making); /* an entry is pending */
    ledger_drop(F.w.ledger);
    go_on(9);
    warden_snapshot_round(&F.w);
    assert_non_null(F.w.snapshots.making);
    assert_int_equal(newest(), 0); /* its note comes from the loop */
    go_on(20);                     /* the domain goes on meanwhile */
    warden_snapshot_round(&F.w);   /* one at a time */
    warden_loop_run(F.w.loop);
    assert_null(F.w.snapshots.making);
    assert_int_equal(newest(), 9);
    assert_memory_equal(rules_state_digest(F.w.state), F.k.digests[19], 32);
    assert_int_equal(start(), 9);
}

/* The process ends while one is under way. */
static void test_given_up(void **state)
{
    (void)state;
    F.w.snapshots.every = 1;
    F.w.loop = warden_loop_new(stop_when_made, &F.w);
    for (uint64_t n = 2; n < 12; n++) {
        go_on(n);
        warden_snapshot_round(&F.w);
        assert_non_null(F.w.snapshots.making);
        warden_snapshot_close(&F.w);
        assert_null(F.w.snapshots.making);
        assert_int_equal(newest(), 0);
    }
    assert_int_equal(start(), 0);
    warden_snapshot_close(&F.w); /* none: nothing */
}

#define domain_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {domain_test(test_start),      domain_test(test_other_state),
                                       domain_test(test_other_rows), domain_test(test_altered_rows),
                                       domain_test(test_made),       domain_test(test_given_up)};
    return sodium_init() < 0 ? 1
                             : cmocka_run_group_tests_name("warden_snapshot", tests, NULL, NULL);
}
