/* What is worked out of a request before its turn: facts, the row of its question, and that row's hash only once. */
#include "test_kit.h"

#include "method.h"
#include "question.h"
#include "rules/replay.h"

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

struct prepared {
    struct sy_event event;
    struct rules_facts facts;
    struct rules_request req;
};

static struct prepared *prepare(struct kit *k, size_t i)
{
    static struct prepared p;
    check_ok(
        sy_record_decode(&sy_event_desc, k->events[i], &SY_MP_LARGE, &k->arena, &p.event, NULL));
    check_ok(rules_request_prepare(&p.event, true, &k->arena, &p.facts, &p.req, NULL));
    return &p;
}

static void test_method(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    for (size_t i = 0; i < k->entry; i++) {
        const struct prepared *p = prepare(k, i);
        assert_ptr_equal(p->facts.method, method_find(p->req.header.method));
        assert_non_null(p->facts.method);
        assert_ptr_equal(request_method(&p->req), p->facts.method);
    }
    struct rules_request bare = prepare(k, 0)->req;
    bare.facts = NULL;
    assert_ptr_equal(request_method(&bare), method_find(bare.header.method));
}

/* The row that the answer leaves is the one that the run was to look for. */
static void test_question(void **state)
{
    struct kit *k = *state;
    struct rules_key key;
    struct sy_view value;
    kit_ready(k);
    check_ok(rules_state_remember(k->state));
    assert_int_equal(kit_run(k, "40"), 0);
    const uint64_t charge = k->entry - 1;
    struct prepared *p = prepare(k, charge);
    assert_true(question_expected(k->state, &p->req, &p->event.inputs, &k->arena, &key));
    assert_false(rules_state_get(k->state, rules_key_view(&key), &value));
    assert_int_equal(kit_answer(k, charge, "ok"), 0);
    assert_true(rules_state_get(k->state, rules_key_view(&key), &value));

    struct rules_state *other = rules_state_clone(k->state); /* remembers nothing */
    assert_false(question_expected(other, &p->req, &p->event.inputs, &k->arena, &key));
    rules_state_free(other);
    p->req.header.subject[0] ^= 1; /* no such model */
    assert_false(question_expected(k->state, &p->req, &p->event.inputs, &k->arena, &key));
    p->req.header.subject[0] ^= 1;
    p->facts.args = NULL;
    assert_false(question_expected(k->state, &p->req, &p->event.inputs, &k->arena, &key));
    p->req.facts = NULL;
    assert_false(question_expected(k->state, &p->req, &p->event.inputs, &k->arena, &key));
    p = prepare(k, charge + 1); /* no run */
    assert_false(question_expected(k->state, &p->req, &p->event.inputs, &k->arena, &key));
}

static void hash_of(struct kit *k, const struct question *q, uint8_t ret[32])
{
    check_ok(question_hash(k->state, q, &k->arena, ret));
}

/* Remembered or not, in whatever order they are asked: a question's hash is that of its bytes. */
static void test_remembered(void **state)
{
    enum { N = 300, MANY = 40 };
    struct kit *k = *state;
    struct sy_header h = {.nonce = {7}};
    uint64_t params[MANY] = {0};
    struct sy_data_ref data = {.header = {9}};
    uint8_t plain[N][32], again[32];
    kit_ready(k);
    for (size_t i = 0; i < 2 * (size_t)N;
         i++) { /* without memory; then with it, all in one place */
        const size_t at = i % N;
        struct question q = {&h, params, at % 2 == 0 ? 1 : MANY, &data, at % 3 == 0 ? 0 : 1};
        params[0] = at;
        h.grant[0] = at % 5 == 0;
        h.subject[31] = at % 7 == 0;
        if (i == N) {
            check_ok(rules_state_remember(k->state));
        }
        hash_of(k, &q, i < N ? plain[i] : again);
        if (i >= N) {
            assert_memory_equal(again, plain[at], 32);
            hash_of(k, &q, again);
            assert_memory_equal(again, plain[at], 32);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_method, setup, teardown),
        cmocka_unit_test_setup_teardown(test_question, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remembered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
