/*
 * What is remembered of calls with a key: one outcome for one question, and room that ends.
 */
#include "check.h"

#include <sodium.h>
#include <stdio.h>

#include "bridge/keys.h"

static struct bridge_keys K;

static int setup(void **state)
{
    (void)state;
    K = (struct bridge_keys){0};
    return sodium_init() < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    bridge_keys_deinit(&K);
    return 0;
}

static int get(const char *text, const char *body, struct bridge_key **ret)
{
    uint8_t digest[32];
    bridge_key_digest(digest, sy_view_str("product"), sy_view_str(body));
    return bridge_keys_add(&K, sy_view_str(text), digest, ret).code;
}

static int look(const char *text, const char *body)
{
    uint8_t digest[32];
    struct bridge_key *key = NULL;
    bridge_key_digest(digest, sy_view_str("product"), sy_view_str(body));
    return bridge_keys_find(&K, sy_view_str(text), digest, &key).code;
}

static void start(const char *text, void *call)
{
    struct bridge_key *key = NULL;
    assert_int_equal(get(text, "q", &key), 0);
    key->call = call;
}

static void test_one_outcome(void **state)
{
    (void)state;
    int call = 0;
    struct bridge_key *key = NULL;
    assert_int_equal(look("a", "q"), SY_E_NOT_FOUND);
    start("a", &call);
    assert_int_equal(look("a", "q"), SY_E_EXISTS);
    assert_int_equal(look("a", "other"), SY_E_DENIED);
    assert_int_equal(get("a", "q", &key), SY_E_EXISTS);
    assert_int_equal(key->state, BRIDGE_KEY_RUNNING);
    assert_ptr_equal(key->call, &call);
    assert_int_equal(get("a", "other", &key), SY_E_DENIED);
    bridge_keys_done(&K, &call, 200, sy_view_str("answer"));
    assert_int_equal(get("a", "q", &key), SY_E_EXISTS);
    assert_int_equal(key->state, BRIDGE_KEY_DONE);
    assert_int_equal(key->status, 200);
    assert_true(sy_view_is(sy_buf_view(&key->body), "answer"));
    assert_null(key->call); /* the call's memory may be another's by now */
    assert_int_equal(get("b", "q", &key), 0);
}

static void test_forgotten(void **state)
{
    (void)state;
    int call = 0;
    struct bridge_key *key = NULL;
    start("a", &call);
    bridge_keys_forget(&K, &call);
    assert_int_equal(get("a", "other", &key), 0);       /* anew, for whatever question */
    bridge_keys_done(&K, &call, 200, sy_view_str("x")); /* of no key any more */
    assert_int_equal(key->state, BRIDGE_KEY_RUNNING);
}

static void test_digest(void **state)
{
    uint8_t a[32];
    uint8_t b[32];
    (void)state;
    bridge_key_digest(a, sy_view_str("ab"), sy_view_str("c"));
    bridge_key_digest(b, sy_view_str("a"), sy_view_str("bc"));
    assert_memory_not_equal(a, b, 32);
}

/* Outcomes make room for younger ones, and are then known to have been. */
static void test_bytes(void **state)
{
    (void)state;
    static uint8_t large[BRIDGE_OUTCOME_MAX];
    int calls[4];
    struct bridge_key *key = NULL;
    char name[8];
    for (int i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof(name), "k%d", i);
        start(name, &calls[i]);
        bridge_keys_done(&K, &calls[i], 200, sy_view(large, sizeof(large)));
        assert_true(K.n_bytes <= BRIDGE_KEPT_MAX);
    }
    assert_int_equal(get("k0", "q", &key), SY_E_EXISTS);
    assert_int_equal(key->state, BRIDGE_KEY_BARE);
    assert_int_equal(get("k3", "q", &key), SY_E_EXISTS);
    assert_int_equal(key->state, BRIDGE_KEY_DONE);
    assert_int_equal(key->body.n, sizeof(large));
}

/* The oldest finished key gives way; one of a call under way never does. */
static void test_places(void **state)
{
    (void)state;
    int first = 0;
    int other = 0;
    struct bridge_key *key = NULL;
    char name[16];
    start("first", &first);
    for (int i = 1; i < BRIDGE_KEYS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "k%d", i);
        start(name, &other);
        bridge_keys_done(&K, &other, 200, sy_view_str("x"));
    }
    assert_int_equal(get("new", "q", &key), 0);
    key->call = &other;
    assert_int_equal(get("k2", "q", &key), SY_E_EXISTS);
    assert_int_equal(get("first", "q", &key), SY_E_EXISTS);
    assert_int_equal(key->state, BRIDGE_KEY_RUNNING);
    assert_int_equal(get("k1", "q", &key), 0); /* forgotten: it was the oldest finished one */
}

/* With every place taken by calls under way there is no more room. */
static void test_full(void **state)
{
    (void)state;
    struct bridge_key *key = NULL;
    char name[16];
    for (int i = 0; i < BRIDGE_KEYS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "k%d", i);
        start(name, &K);
    }
    assert_int_equal(get("new", "q", &key), SY_E_BUSY);
}

static void test_form(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    assert_true(bridge_key_is(sy_view_str("8e03978e-40d5-43dd-bc93-6894a57f9324")));
    assert_true(bridge_key_is(sy_view_str("\"quoted\"")));
    assert_false(bridge_key_is(sy_view_str("")));
    assert_false(bridge_key_is(sy_view_str("a b")));
    assert_false(bridge_key_is(sy_view_str("键")));
    for (size_t i = 0; i < BRIDGE_KEY_MAX; i++) {
        check_ok(sy_buf_add_str(&b, "a"));
    }
    assert_true(bridge_key_is(sy_buf_view(&b)));
    check_ok(sy_buf_add_str(&b, "a"));
    assert_false(bridge_key_is(sy_buf_view(&b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_outcome, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_form, setup, teardown),
    };
    return cmocka_run_group_tests_name("bridge_keys", tests, NULL, NULL);
}
