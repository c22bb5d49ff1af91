/*
 * An auditor's snapshot of a random life: the bytes that the domain itself writes, at every size; and a state
 * read from it, with the rest of the log decided on top, is the fold of the whole log.
 */
#include "test_log_kit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/snapshot.h"

enum { ACTS = 120, BYTES_MAX = 64 << 20 };

static struct log_kit L;

static int setup(void **state)
{
    (void)state;
    log_kit_init(&L, "example.org/log");
    log_kit_random(&L, log_kit_seed(), ACTS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_kit_free(&L);
    return 0;
}

static sy_status collect(void *ctx, struct sy_view bytes)
{
    return sy_buf_add_view(ctx, bytes);
}

static sy_status take(void *ctx, size_t n, struct sy_view *ret)
{
    struct sy_view *rest = ctx;
    if (n > rest->n) {
        return sy_status_of(SY_E_TAMPERED);
    }
    *ret = sy_view(rest->p, n);
    *rest = sy_view(rest->p + n, rest->n - n);
    return SY_OK;
}

/* Decide entries from..to-1 again on top of a state. */
static void go_on(struct rules_state *s, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_event event;
        check_ok(sy_record_decode(&sy_event_desc, L.entries[i].body, &SY_MP_LARGE, &arena, &event,
                                  NULL));
        check_ok(rules_replay(s, &event, i, NULL));
    }
}

/* What the domain keeps: the fold as it goes on, written. */
static void domain_rows(const struct rules_state *s, struct sy_buf *b)
{
    sy_buf_clear(b);
    check_ok(rules_snapshot_write(s, collect, b));
}

static void test_every_size(void **state)
{
    SY_BUF_CLEANUP struct sy_buf ours = sy_buf(BYTES_MAX), theirs = sy_buf(BYTES_MAX);
    SY_BUF_CLEANUP struct sy_buf end = sy_buf(BYTES_MAX), got = sy_buf(BYTES_MAX);
    RULES_STATE_CLEANUP struct rules_state *walking = rules_state_new();
    struct audit_export *x = log_kit_open(&L, L.n);
    (void)state;
    domain_rows(L.k.state, &end);
    for (uint64_t n = 1; n <= L.n; n++) {
        struct proof_snapshot s;
        uint8_t digest[32];
        go_on(walking, n - 1, n);
        if (n != L.n && log_kit_pick(&L, 6) != 0) {
            continue;
        }
        sy_buf_clear(&theirs);
        check_ok(audit_snapshot(x, n, collect, &theirs, &s, NULL));
        domain_rows(walking, &ours);
        assert_true(sy_view_eq(sy_buf_view(&ours), sy_buf_view(&theirs)));
        assert_int_equal(s.size, n);
        assert_memory_equal(s.state, L.k.digests[n - 1], 32);
        proof_sha256_one(digest, sy_buf_view(&ours));
        assert_memory_equal(s.rows, digest, 32);
        struct proof_checkpoint c;
        check_ok(proof_checkpoint_verify(log_kit_note(&L, n), &L.key, &c, NULL));
        assert_memory_equal(s.root, c.root, 32);

        struct rules_state *read = NULL;
        struct sy_view rest = sy_buf_view(&theirs);
        check_ok(rules_snapshot_read(take, &rest, &read, NULL));
        assert_int_equal(rest.n, 0);
        go_on(read, n, L.n);
        domain_rows(read, &got);
        rules_state_free(read);
        assert_true(sy_view_eq(sy_buf_view(&got), sy_buf_view(&end)));
    }
    audit_close(x);
}

/* An entry that was not decided so: no snapshot of it, nor of any that follow. */
static void test_lie(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(BYTES_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_event event;
    struct proof_snapshot s;
    struct sy_error err = {0};
    size_t lie = L.n / 2;
    (void)state;
    check_ok(
        sy_record_decode(&sy_event_desc, L.entries[lie].body, &SY_MP_LARGE, &arena, &event, NULL));
    event.state[3] ^= 1;
    log_kit_put(&L, lie, &event);
    struct audit_export *x = log_kit_open(&L, L.n);
    check_ok(audit_snapshot(x, lie, collect, &b, &s, NULL));
    sy_buf_clear(&b);
    check_code(audit_snapshot(x, lie + 1, collect, &b, &s, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "state");
    assert_int_equal(b.n, 0);
    check_code(audit_snapshot(x, L.n, collect, &b, &s, NULL), SY_E_TAMPERED);
    audit_close(x);
    log_kit_hide(&L, lie);
    x = log_kit_open(&L, L.n);
    check_code(audit_snapshot(x, L.n, collect, &b, &s, NULL), SY_E_DENIED);
    audit_close(x);
}

static sy_status full(void *ctx, struct sy_view bytes)
{
    (void)ctx;
    (void)bytes;
    return sy_status_of(SY_E_NO_SPACE);
}

static void test_no_room(void **state)
{
    struct proof_snapshot s = {.size = 77};
    struct audit_export *x = log_kit_open(&L, L.n);
    (void)state;
    check_code(audit_snapshot(x, L.n, full, NULL, &s, NULL), SY_E_NO_SPACE);
    assert_int_equal(s.size, 77);
    audit_close(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lie, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("audit_snapshot", tests, NULL, NULL);
}
