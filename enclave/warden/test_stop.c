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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once)};
    return cmocka_run_group_tests_name("warden_stop", tests, NULL, NULL);
}
