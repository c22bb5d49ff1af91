/*
 * An event that stops every grant there can be in one effect: each is remembered, so that its runs end and its shares
 * go. What leaves a grant active, or is no grant, is not.
 */
#include "check.h"

#include "effect.h"
#include "method.h"
#include "warden/stop.h"

enum { MANY = 40000, ID = 32 };

static void put(struct rules_effect *e, const char *prefix, uint32_t number, const char *status)
{
    static const uint8_t proposal = 0;
    uint8_t id[ID] = {0};
    sy_store_le32(id, number);
    struct rules_key key = rules_key_hash(prefix, id);
    struct sy_row_grant row = {.developer = sy_view_str("acme"),
                               .entry = 1,
                               .proposal = sy_view(&proposal, 1),
                               .status = sy_view_str(status)};
    check_ok(effect_put(e, &key, &sy_row_grant_desc, &row, NULL));
}

static void test_all_at_once(void **state)
{
    struct warden w = {0};
    RULES_EFFECT_CLEANUP struct rules_effect *e = effect_alloc();
    uint8_t first[ID] = {0};
    (void)state;
    assert_non_null(e);
    for (uint32_t i = 0; i < MANY; i++) {
        put(e, "grant/", i, i % 2 == 0 ? "suspended" : "revoked");
    }
    put(e, "grant/", MANY, "active");
    put(e, "model/", MANY + 1, "suspended");
    check_ok(warden_stops_note(&w, e));
    assert_int_equal(w.stopping.n, MANY * ID);
    assert_memory_equal(w.stopping.p, first, ID);
    sy_buf_deinit(&w.stopping);
}

static struct warden W;

/* A grant that is suspended by the act of an entry, and whose shares are left. */
static void left_by(uint32_t number, uint64_t entry)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    uint8_t id[ID] = {0};
    sy_store_le32(id, number);
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_row_hold holds[2] = {
        {.entry = 3, .ground = sy_view_str("x"), .party = sy_view_str("a")},
        {.entry = entry, .ground = sy_view_str("x"), .party = sy_view_str("b")}};
    struct sy_row_grant row = {.developer = sy_view_str("acme"),
                               .status = sy_view_str("suspended"),
                               .holds = holds,
                               .n_holds = 2};
    check_ok(sy_record_encode(&sy_row_grant_desc, &row, &b));
    check_ok(rules_state_put_raw(W.state, rules_key_view(&key), sy_buf_view(&b)));
    check_ok(sy_buf_add(&W.stopping, id, ID));
}

/* Who stopped a grant is told what of it is left, and nothing of others' acts. */
static void test_left(void **state)
{
    uint8_t unknown[ID] = {9};
    (void)state;
    W = (struct warden){.state = rules_state_new(), .stopping = sy_buf(1024)};
    assert_int_equal(warden_stops_left(&W, 7), 0);
    left_by(1, 7);
    left_by(2, 8);
    left_by(3, 7);
    assert_int_equal(warden_stops_left(&W, 7), 2);
    assert_int_equal(warden_stops_left(&W, 8), 1);
    assert_int_equal(warden_stops_left(&W, 9), 0);
    check_ok(sy_buf_add(&W.stopping, unknown, ID)); /* when in doubt, it is said */
    assert_int_equal(warden_stops_left(&W, 9), 1);
    sy_buf_deinit(&W.stopping);
    rules_state_free(W.state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once),
                                       cmocka_unit_test(test_left)};
    return cmocka_run_group_tests_name("warden_stop", tests, NULL, NULL);
}
