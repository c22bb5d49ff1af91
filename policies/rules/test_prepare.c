/* What is worked out of a request before its turn, and what decide leaves for apply. */
#include "test_kit.h"

#include "effect.h"
#include "method.h"
#include "plans_met.h"
#include "question.h"
#include "rules/model.h"
#include "rules/replay.h"
#include "state_internal.h"

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

static void count_one(void *ctx, const struct rules_difference *d)
{
    size_t *n = ctx;
    (void)d;
    (*n)++;
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

/* ---- questions ---- */

static const struct rules_asked *ask(const struct rules_replayer *r, struct kit *k,
                                     struct prepared *p)
{
    rules_replayer_ask(r, &p->event, &p->req, &k->arena, &p->facts);
    return p->facts.asked;
}

static void expect(struct rules_replayer *r, const struct prepared *p)
{
    const struct rules_request *requests[] = {&p->req};
    rules_replayer_expect(r, requests, 1);
}

/* The row that the answer leaves is the one that the run was to look for. */
static void test_question(void **state)
{
    struct kit *k = *state;
    struct sy_view value;
    kit_ready(k);
    RULES_REPLAYER_CLEANUP struct rules_replayer *r = rules_replayer_new(k->state);
    assert_non_null(r);
    assert_int_equal(kit_run(k, "40"), 0);
    const uint64_t charge = k->entry - 1;
    struct prepared *p = prepare(k, charge);
    assert_null(ask(r, k, p)); /* its model was not met yet */
    expect(r, p);
    const struct rules_asked *asked = ask(r, k, p);
    assert_non_null(asked);
    assert_false(rules_state_get(k->state, rules_key_view(&asked->key), &value));
    assert_int_equal(kit_answer(k, charge, "ok"), 0);
    assert_true(rules_state_get(k->state, rules_key_view(&asked->key), &value));

    p->req.header.subject[0] ^= 1; /* no such model */
    assert_null(ask(r, k, p));
    p->req.header.subject[0] ^= 1;
    p->facts.args = NULL;
    assert_null(ask(r, k, p));
    p = prepare(k, charge + 1); /* no run */
    assert_null(ask(r, k, p));
}

static const struct rules_asked *work_out(struct kit *k, const struct prepared *p,
                                          const struct sy_plan *plan,
                                          const struct sy_data_ref *data)
{
    const struct rules_asked *a = NULL;
    const struct question q = {&p->req, plan, p->facts.args, data, p->event.inputs.n_data};
    check_ok(question_asked(&q, &k->arena, &a, NULL));
    return a;
}

/* What stands among the facts is what is worked out without them, and is used for these very inputs only. */
static void test_asked(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    RULES_REPLAYER_CLEANUP struct rules_replayer *r = rules_replayer_new(k->state);
    assert_int_equal(kit_run(k, "40"), 0);
    struct prepared *p = prepare(k, k->entry - 1);
    struct rules_model m;
    check_ok(rules_model_read(k->state, k->model, &k->arena, &m, NULL));
    const struct rules_asked *plain = work_out(k, p, &m.plan, p->event.inputs.data);
    expect(r, p);
    const struct rules_asked *ahead = ask(r, k, p);
    assert_non_null(ahead);
    assert_ptr_equal(work_out(k, p, &m.plan, p->event.inputs.data), ahead);
    assert_memory_equal(ahead->hash, plain->hash, 32);
    assert_int_equal(ahead->n_params, plain->n_params);
    assert_memory_equal(ahead->params, plain->params, plain->n_params * sizeof(*plain->params));

    struct sy_data_ref *other = kit_alloc(k, p->event.inputs.n_data, sizeof(*other));
    memcpy(other, p->event.inputs.data, p->event.inputs.n_data * sizeof(*other));
    other[0].header[5] ^= 1;
    assert_memory_not_equal(work_out(k, p, &m.plan, other)->hash, plain->hash, 32);
}

/* What apply does not look for again because decide has: a nonce that comes twice keeps its first entry. */
static void test_nonce_twice(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    RULES_REPLAYER_CLEANUP struct rules_replayer *r = rules_replayer_new(s);
    struct rules_key nonce = {0};
    size_t told = 0;
    for (uint64_t i = 0; i < k->entry + 2; i++) { /* the last event three times */
        const struct prepared *p = prepare(k, i < k->entry ? i : k->entry - 1);
        check_ok(rules_replayer_next(r, &p->event, &p->req, i, count_one, &told, NULL));
        nonce = *p->facts.nonce;
        assert_int_equal(told == 0, i < k->entry);
    }
    struct sy_row_nonce row;
    check_ok(
        rules_state_read(s, rules_key_view(&nonce), &sy_row_nonce_desc, &k->arena, &row, NULL));
    assert_int_equal(row.entry, k->entry - 1);
}

/* Does applying this event, as it was prepared, write this row? */
static bool writes(const struct rules_state *s, struct kit *k, const struct prepared *p,
                   struct sy_view key)
{
    RULES_EFFECT_CLEANUP struct rules_effect *e = effect_alloc();
    struct sy_view at, value;
    bool found = false;
    check_ok(effect_fold(e, s, &p->event, &p->req, k->entry, &k->arena, NULL));
    for (size_t i = 0; rules_effect_row(e, i, &at, &value); i++) {
        found = found || sy_view_eq(at, key);
    }
    return found;
}

static bool decides(const struct rules_state *s, struct kit *k, const struct prepared *p)
{
    struct rules_decision d;
    return sy_ok(rules_decide(s, &p->req, &p->event.inputs, &k->arena, &d, NULL));
}

/* What decide found holds for the state and for the request that it looked at, and for no other. */
static void test_fresh_no_more(void **state)
{
    struct kit *k = *state;
    RULES_STATE_CLEANUP struct rules_state *s = NULL;
    kit_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    struct prepared *p = prepare(k, k->entry - 1);
    s = rules_state_new();
    for (uint64_t i = 0; i + 1 < k->entry; i++) {
        struct sy_event e;
        check_ok(sy_record_decode(&sy_event_desc, k->events[i], &SY_MP_LARGE, &k->arena, &e, NULL));
        check_ok(rules_replay(s, &e, i, NULL));
    }
    check_ok(rules_state_remember(s));
    const struct sy_view key = rules_key_view(p->facts.nonce);
    assert_true(decides(s, k, p));
    assert_true(writes(s, k, p, key));
    assert_true(decides(s, k, p));
    check_ok(rules_state_put_raw(s, key, V("somebody else's"))); /* another state */
    assert_false(writes(s, k, p, key));
    check_ok(rules_state_put_raw(s, key, (struct sy_view){0}));
    assert_true(decides(s, k, p));
    struct sy_view used = {0}, value;
    assert_true(rules_state_next(s, V("nonce/"), used, &used, &value));
    struct rules_key *changed = (struct rules_key *)(uintptr_t)p->facts.nonce;
    *changed = rules_key_id("", used); /* another request, in its place */
    p->event.inputs.time = 0;          /* which decide gives up before it looks at the nonce */
    assert_false(decides(s, k, p));
    assert_false(writes(s, k, p, rules_key_view(changed)));
}

/* Two grants' accounts on one state: each is its own, and the caller may change what it gets. */
static void test_accounts_apart(void **state)
{
    struct kit *k = *state;
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    const uint8_t ids[2][32] = {{1}, {2}};
    check_ok(rules_state_remember(s));
    for (size_t i = 0; i < 2; i++) {
        struct sy_row_grant_share share = {.ns = V("person"), .rho = 10 + i};
        struct sy_row_account a = {.calls = 20 + i, .shares = &share, .n_shares = 1};
        struct rules_key key = rules_key_hash("account/", ids[i]);
        check_ok(
            rules_state_put_raw(s, rules_key_view(&key), kit_encode(k, &sy_row_account_desc, &a)));
    }
    for (size_t i = 0; i < 6; i++) {
        struct sy_row_account a;
        check_ok(account_row(s, ids[i % 2], &k->arena, &a, NULL));
        assert_int_equal(a.calls, 20 + i % 2);
        assert_int_equal(a.shares[0].rho, 10 + i % 2);
        a.shares[0].rho = 99;
        check_ok(account_row(s, ids[i % 2], &k->arena, &a, NULL));
        assert_int_equal(a.shares[0].rho, 10 + i % 2);
    }
    const uint8_t none[32] = {3};
    struct sy_row_account a;
    check_code(account_row(s, none, &k->arena, &a, NULL), SY_E_GRANT);
}

/* A hold that an event takes over is the event's own to change, not what the state remembers of the grant. */
static void test_holds_apart(void **state)
{
    struct kit *k = *state;
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    struct sy_row_hold hold = {.entry = 5, .ground = V("order"), .party = V("agency")};
    struct rules_key key = rules_key_hash("grant/", (const uint8_t[32]){1});
    struct sy_row_grant g;
    struct sy_proposal p;
    kit_catalogue(k);
    check_ok(rules_state_remember(s));
    g = (struct sy_row_grant){.developer = V("acme"), .holds = &hold, .n_holds = 1};
    g.proposal = kit_encode(k, &sy_proposal_desc, kit_proposal(k));
    g.status = V("suspended");
    check_ok(rules_state_put_raw(s, rules_key_view(&key), kit_encode(k, &sy_row_grant_desc, &g)));
    key = rules_key_number("correction/", 5);
    check_ok(rules_state_put_raw(s, rules_key_view(&key), V("its order")));
    struct rules_request req = {.header = {.party = V("agency"), .method = V("scene.suspend")}};
    struct change x = {.state = s, .req = &req, .entry = 9, .arena = &k->arena};
    check_ok(grant_row(s, (const uint8_t[32]){1}, &k->arena, &g, &p, NULL));
    check_ok(grant_hold(&x, &g, V("risk")));
    assert_int_equal(g.n_holds, 1);
    assert_int_equal(g.holds[0].entry, 9);
    check_ok(grant_row(s, (const uint8_t[32]){1}, &k->arena, &g, &p, NULL));
    assert_int_equal(g.holds[0].entry, 5);
}

/* ---- what a memory is of ---- */

/* Every kind of row that rules/rows.h and rows_scheme.h name moves what is remembered, but for those of runs. */
static void test_catalogue(void **state)
{
    static const char *const OF_RUNS[] = {"account/1", "answer/1",  "asker/a",     "budget/p",
                                          "charge/1",  "clock",     "consent/a/1", "guard/a",
                                          "meter/1/b", "nonce/a/1", "question/1",  "region/p/1",
                                          "rerun/1",   "scene/a/s", "subject/p/1"};
    static const char *const OTHERS[] = {"genesis",       "domain",
                                         "pack",          "witness",
                                         "log",           "log/1",
                                         "epoch",         "party/a",
                                         "dataset/d",     "version/d",
                                         "proposal/1",    "grant/1",
                                         "deposit/1",     "model/1",
                                         "erased/1",      "standing/a",
                                         "outbox/p/1/k",  "staff/a/b",
                                         "key/1",         "entry/d",
                                         "described/d/1", "rescode/c",
                                         "source/i",      "offer/d",
                                         "updated/d",     "demand/1",
                                         "ticket/d/1",    "announcement/1",
                                         "qualify/1",     "notice/1",
                                         "agreement/1",   "applicant/a",
                                         "product/1",     "subscription/1/b",
                                         "misuse/1/p",    "inspection/1",
                                         "correction/1",  "incident/1",
                                         "drill/1",       "evaluation/p/1",
                                         "annual/2025",   "disclosure/2025/p",
                                         "Account/1",     "{"};
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    (void)state;
    for (size_t i = 0; i < LEN(OF_RUNS) + LEN(OTHERS); i++) {
        const bool of_runs = i < LEN(OF_RUNS);
        const char *key = of_runs ? OF_RUNS[i] : OTHERS[i - LEN(OF_RUNS)];
        const uint64_t before = state_catalogue(s);
        check_ok(rules_state_put_raw(s, V(key), V("row")));
        if ((state_catalogue(s) == before) != of_runs) {
            fail_msg("%s", key);
        }
    }
}

/* ---- plans that were met ---- */

static void test_known(void **state)
{
    struct kit *k = *state;
    SY_BUF_CLEANUP struct sy_buf plan = sy_buf(1 << 16);
    struct plans_met *met = plans_met_new();
    uint8_t id[32] = {3}, same_place[32] = {3, 0, 1}, cut[32] = {4};
    kit_granted(k);
    check_ok(sy_record_encode(&sy_plan_desc, kit_plan(k), &plan));
    struct sy_plan *another = kit_plan(k);
    another->blocks[0].ns = V("other");
    const struct sy_view other = kit_encode(k, &sy_plan_desc, another);
    assert_null(plans_met_find(met, id));
    plans_met_add(met, id, sy_buf_view(&plan));
    assert_int_equal(plans_met_find(met, id)->n_rels, kit_plan(k)->n_rels);
    memset(plan.p, 0, plan.n); /* it has a copy */
    assert_true(
        sy_view_eq(plans_met_find(met, id)->sources[0].dataset, kit_plan(k)->sources[0].dataset));
    assert_null(plans_met_find(met, same_place));
    plans_met_add(met, same_place, other); /* goes on to the next place */
    assert_true(sy_view_eq(plans_met_find(met, same_place)->blocks[0].ns, V("other")));
    assert_false(sy_view_eq(plans_met_find(met, id)->blocks[0].ns, V("other")));
    plans_met_add(met, cut, sy_buf_view(&plan)); /* no plan */
    assert_null(plans_met_find(met, cut));
    plans_met_free(met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_method, setup, teardown),
        cmocka_unit_test_setup_teardown(test_question, setup, teardown),
        cmocka_unit_test_setup_teardown(test_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonce_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fresh_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(test_accounts_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_holds_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_catalogue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
