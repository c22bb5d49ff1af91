/*
 * Following a log that grows, in exports of any beginning; and one that does not grow as it should: two
 * histories under one key are proved, an older state is told apart from them, lies are named, and the copy is
 * never worse than before.
 */
#include "test_log_kit.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/follow.h"
#include "base/arith.h"
#include "base/fdio.h"
#include "proof/fork.h"

enum { ACTS = 60, FILE_MAX = 32 << 20 };

static struct log_kit L;
static struct {
    char copy[96];
    struct audit_follow *f;
    uint64_t differences, first; /* told of, and the entry of the first */
    char field[64];
} W;

static void see(void *ctx, uint64_t entry, const struct sy_event *event,
                const struct rules_difference *d)
{
    (void)ctx;
    (void)event;
    if (W.differences++ > 0) {
        return;
    }
    W.first = entry;
    (void)snprintf(W.field, sizeof(W.field), "%s", d->field);
}

static sy_status open_copy(void)
{
    const struct audit_follow_told told = {.difference = see};
    audit_follow_close(W.f);
    W.f = NULL;
    return audit_follow_open(W.copy, &L.key, &told, &W.f, NULL);
}

static int setup(void **state)
{
    (void)state;
    memset(&W, 0, sizeof(W));
    log_kit_init(&L, "follow.example/log");
    log_kit_random(&L, log_kit_seed(), ACTS);
    (void)snprintf(W.copy, sizeof(W.copy), "%s/copy", L.dir);
    check_ok(open_copy());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[256];
    audit_follow_close(W.f);
    static const char *const names[] = {"entries", "checkpoint", "log.vkey"};
    for (size_t i = 0; i < LEN(names); i++) {
        (void)snprintf(command, sizeof(command), "%s/%s", W.copy, names[i]);
        (void)unlink(command);
    }
    (void)rmdir(W.copy);
    log_kit_free(&L);
    return 0;
}

static sy_status take(struct audit_grown *ret)
{
    return audit_follow_take(W.f, L.dir, ret, NULL);
}

/* The export without its first `first` entries. */
static void drop_first(uint64_t first)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    size_t at = 0;
    int dir = open(L.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(sy_read_file_at(dir, "entries", &b));
    for (uint64_t i = 0; i < first; i++) {
        at += 4 + sy_load_le32(b.p + at);
    }
    check_ok(sy_replace_file_at(dir, "entries", sy_view(b.p + at, b.n - at), 0644));
    (void)close(dir);
}

/* Entry i has another salt, and so another leaf: another history with the same decisions. */
static void change(size_t i)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_event e;
    check_ok(sy_record_decode(&sy_event_desc, L.entries[i].body, &SY_MP_LARGE, &arena, &e, NULL));
    L.entries[i].salt[0] ^= 1;
    log_kit_put(&L, i, &e);
}

static void grow_to(size_t n)
{
    struct audit_grown g;
    log_kit_write(&L, n);
    uint64_t from = audit_follow_size(W.f);
    check_ok(take(&g));
    assert_int_equal(g.from, from);
    assert_int_equal(g.to, n);
    assert_int_equal(audit_follow_size(W.f), n);
}

/* --- growing --------------------------------------------------------------------------------------------------- */

static void test_growth(void **state)
{
    (void)state;
    for (size_t n = 1; n < L.n; n += 1 + log_kit_pick(&L, 9)) {
        grow_to(n);
        if (log_kit_pick(&L, 3) == 0) {
            check_ok(open_copy());
            assert_int_equal(audit_follow_size(W.f), n);
        }
    }
    grow_to(L.n);
    struct audit_grown g;
    check_ok(take(&g));
    assert_int_equal(g.from, L.n);
    assert_int_equal(W.differences, 0);
    struct audit_export *x = NULL;
    struct audit_summary sum;
    check_ok(audit_open(W.copy, &x, NULL));
    check_ok(audit_verify(x, &L.key, &sum, NULL));
    assert_int_equal(sum.n_entries, L.n);
    audit_close(x);
}

static void test_parts(void **state)
{
    struct audit_grown g;
    (void)state;
    for (size_t n = 5; n <= L.n; n += 7) {
        size_t kept = (size_t)audit_follow_size(W.f);
        log_kit_write(&L, n);
        drop_first(log_kit_pick(&L, kept + 1));
        check_ok(take(&g));
        assert_int_equal(audit_follow_size(W.f), n);
    }
    size_t kept = (size_t)audit_follow_size(W.f);
    if (kept + 1 < L.n) {
        log_kit_write(&L, L.n);
        drop_first(kept + 1); /* one is missing */
        check_code(take(&g), SY_E_TAMPERED);
        assert_int_equal(audit_follow_size(W.f), kept);
    }
}

/* --- another history --------------------------------------------------------------------------------------------- */

static void check_fork(uint64_t before, uint64_t after)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_FORK_MAX);
    struct audit_grown g;
    struct sy_error err = {0};
    uint64_t size = audit_follow_size(W.f);
    check_code(audit_follow_take(W.f, L.dir, &g, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "fork");
    char want[64];
    (void)snprintf(want, sizeof(want), "fork-%u-%u", (unsigned)before, (unsigned)after);
    assert_string_equal(g.evidence, want);
    int dir = open(W.copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(sy_read_file_at(dir, g.evidence, &b));
    check_ok(proof_fork_verify(sy_buf_view(&b), &L.key, 1, NULL));
    (void)unlinkat(dir, g.evidence, 0);
    (void)close(dir);
    assert_int_equal(audit_follow_size(W.f), size);
}

static void test_fork(void **state)
{
    (void)state;
    size_t kept = L.n / 2;
    grow_to(kept);
    change(log_kit_pick(&L, kept));
    log_kit_write(&L, L.n);
    check_fork(kept, L.n);
    log_kit_write(&L, kept);
    check_fork(kept, kept);
    check_ok(open_copy());
    assert_int_equal(audit_follow_size(W.f), kept);
}

static void test_fork_behind(void **state)
{
    (void)state;
    size_t kept = L.n - 3;
    grow_to(kept);
    size_t i = log_kit_pick(&L, kept / 2);
    change(i);
    log_kit_write(&L, kept / 2 + 1);
    check_fork(kept / 2 + 1, kept);
}

/* Of a part that begins where the copy ends nothing can be proved: the whole is asked for. */
static void test_fork_part(void **state)
{
    struct audit_grown g;
    (void)state;
    size_t kept = L.n / 2;
    grow_to(kept);
    change(0);
    log_kit_write(&L, L.n);
    drop_first(kept);
    check_code(take(&g), SY_E_PROOF);
    assert_true(g.wants_all);
    assert_int_equal(audit_follow_size(W.f), kept);
}

static void test_rollback(void **state)
{
    struct audit_grown g;
    (void)state;
    grow_to(L.n);
    log_kit_write(&L, L.n / 3);
    check_code(take(&g), SY_E_ROLLBACK);
    assert_string_equal(g.evidence, "");
    drop_first(L.n / 3); /* as it is asked for: nothing beyond */
    check_code(take(&g), SY_E_ROLLBACK);
    assert_int_equal(audit_follow_size(W.f), L.n);
}

/* --- wrong exports --------------------------------------------------------------------------------------------------- */

static void test_lie(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_event e;
    (void)state;
    size_t kept = L.n - 10, lie = L.n - 5;
    grow_to(kept);
    assert_int_equal(W.differences, 0);
    check_ok(sy_record_decode(&sy_event_desc, L.entries[lie].body, &SY_MP_LARGE, &arena, &e, NULL));
    e.state[3] ^= 1;
    log_kit_put(&L, lie, &e);
    grow_to(L.n); /* the log is whole; what it says is not right */
    assert_true(audit_follow_mismatches(W.f) >= 1); /* the next digest stands on this one */
    assert_int_equal(W.first, lie);
    assert_string_equal(W.field, "state");
}

static void test_bodies(void **state)
{
    struct audit_grown g;
    (void)state;
    size_t kept = L.n / 2;
    grow_to(kept);
    log_kit_hide(&L, L.n - 2);
    log_kit_write(&L, L.n);
    check_code(take(&g), SY_E_DENIED);
    assert_int_equal(audit_follow_size(W.f), kept);
}

/* Every kind of damage on the way: an error, and the copy stands. */
static void test_damage(void **state)
{
    (void)state;
    size_t kept = L.n / 2;
    grow_to(kept);
    log_kit_write(&L, L.n);
    SY_BUF_CLEANUP struct sy_buf good = sy_buf(FILE_MAX);
    int dir = open(L.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(sy_read_file_at(dir, "entries", &good));
    size_t new_ = 0;
    for (size_t i = 0; i < kept; i++) {
        new_ += 4 + sy_load_le32(good.p + new_);
    }
    for (size_t i = 0; i < 400; i++) {
        struct audit_grown g;
        size_t at = new_ + log_kit_pick(&L, good.n - new_);
        uint8_t bit = (uint8_t)(1U << log_kit_pick(&L, 8));
        good.p[at] ^= bit;
        check_ok(sy_replace_file_at(dir, "entries", sy_buf_view(&good), 0644));
        good.p[at] ^= bit;
        sy_status s = take(&g);
        if (sy_ok(s) || audit_follow_size(W.f) != kept) {
            fail_msg("byte %zu: a changed export was taken", at);
        }
    }
    check_ok(sy_replace_file_at(dir, "entries", sy_buf_view(&good), 0644));
    (void)close(dir);
    struct audit_grown g;
    check_ok(take(&g));
    assert_int_equal(g.to, L.n);
}

/* Entries that came to the disk without their checkpoint are cut off; a copy that was changed is noticed. */
static void test_kept(void **state)
{
    SY_BUF_CLEANUP struct sy_buf good = sy_buf(FILE_MAX), more = sy_buf(FILE_MAX);
    (void)state;
    grow_to(L.n / 2);
    audit_follow_close(W.f);
    W.f = NULL;
    int dir = open(W.copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(sy_read_file_at(dir, "entries", &good));
    check_ok(sy_buf_add_view(&more, sy_buf_view(&good)));
    check_ok(sy_buf_add(&more, good.p, good.n / 3));
    check_ok(sy_replace_file_at(dir, "entries", sy_buf_view(&more), 0644));
    check_ok(open_copy());
    assert_int_equal(audit_follow_size(W.f), L.n / 2);
    sy_buf_clear(&more);
    check_ok(sy_read_file_at(dir, "entries", &more));
    assert_true(sy_view_eq(sy_buf_view(&more), sy_buf_view(&good)));
    good.p[good.n / 2] ^= 1;
    check_ok(sy_replace_file_at(dir, "entries", sy_buf_view(&good), 0644));
    assert_false(sy_ok(open_copy()));
    good.p[good.n / 2] ^= 1;
    check_ok(sy_replace_file_at(dir, "entries", sy_view(good.p, good.n - 1), 0644));
    assert_false(sy_ok(open_copy()));
    (void)close(dir);
}

static void test_second(void **state)
{
    const struct audit_follow_told told = {.difference = see};
    struct audit_follow *second = NULL;
    (void)state;
    check_code(audit_follow_open(W.copy, &L.key, &told, &second, NULL), SY_E_BUSY);
}

/* --- proofs ---------------------------------------------------------------------------------------------------------- */

static void test_consistency(void **state)
{
    enum { MOST = 70 };
    uint8_t hashes[MOST][PROOF_HASH_BYTES];
    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        proof_merkle_leaf(hashes[i], sy_view(&i, sizeof(i)));
    }
    for (uint64_t after = 1; after <= MOST; after++) {
        for (uint64_t before = 1; before <= after; before++) {
            struct proof_path path;
            struct proof_tree a = {.size = before}, b = {.size = after};
            audit_range_root(hashes[0], 0, before, a.root);
            audit_range_root(hashes[0], 0, after, b.root);
            audit_consistency(hashes[0], before, after, &path);
            check_ok(proof_merkle_check_consistency(&a, &b, &path));
            a.root[0] ^= 1;
            check_code(proof_merkle_check_consistency(&a, &b, &path), SY_E_PROOF);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_growth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fork, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fork_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fork_part, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rollback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lie, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second, setup, teardown),
        cmocka_unit_test(test_consistency),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("audit_follow", tests, NULL, NULL);
}
