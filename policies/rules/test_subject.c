/*
 * Asking about one consenting subject: every reason for which a token is refused, and how often one may
 * ask. Each refusal is one change of a case that passes. An auditor's replay follows every event
 * (test_kit.c compares the states).
 */
#include "test_kit.h"

#include <string.h>

#include "proof/consent.h"
#include "wire/payload.h"

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_subject_granted(&k);
    *state = &k;
    return 0;
}

static int setup_ready(void **state)
{
    (void)setup(state);
    struct kit *k = *state;
    assert_int_equal(kit_register(k, kit_subject_def(k), kit_subject_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* ---- asking ---- */

/* One question, with everything a test may want to spoil. */
struct asking {
    struct kit *k;
    const char *signer;
    struct sy_consent token;
    struct sy_subject_inputs said;
    bool told; /* are there inputs at all? */
    bool forged;
    const char *party;
};

static struct asking question(struct kit *k, uint8_t nonce)
{
    struct asking a = {.k = k, .signer = "issuer", .told = true, .party = "acme"};
    struct sy_consent *t = &a.token;
    *t = (struct sy_consent){.ctx = V(SY_CONSENT_CONTEXT),
                             .issuer = V("issuer"),
                             .not_after = k->time + 600,
                             .not_before = k->time - 60};
    memcpy(t->domain, k->domain, 32);
    memcpy(t->grant, k->grant, 32);
    memcpy(t->model, k->model, 32);
    memset(t->nonce, nonce, 16);
    memset(t->subject, 5, 32);
    memset(t->asserted, 6, 32);
    a.said = (struct sy_subject_inputs){.asserted_ok = true, .opens = true};
    memset(a.said.who, nonce, 32); /* a subject of its own, unless the test says otherwise */
    return a;
}

static int32_t ask(struct asking *a)
{
    struct kit *k = a->k;
    uint8_t *sig = kit_alloc(k, 64, 1);
    struct sy_subject_ask args = {.token = kit_encode(k, &sy_consent_desc, &a->token)};
    proof_sign(sig, args.token, kit_party(k, a->signer)->secret);
    sig[0] ^= a->forged ? 1 : 0;
    args.sig = sy_view(sig, 64);
    struct sy_inputs in = {.subject = &a->said, .n_subject = a->told ? 1 : 0};
    memset(in.salt, (int)(k->entry % 250) + 1, 32);
    check_ok(rules_run_data(k->state, kit_subject_plan(k), &k->arena, &in.data, &in.n_data, NULL));
    k->extra = in;
    int32_t code =
        kit_call(k, a->party, "subject.ask", &sy_subject_ask_desc, &args, k->grant, k->model);
    k->extra = (struct sy_inputs){0};
    return code;
}

static uint64_t asked_so_far(struct kit *k, struct rules_key key)
{
    struct sy_row_asked row;
    struct sy_view value;
    if (!rules_state_get(k->state, rules_key_view(&key), &value)) {
        return 0;
    }
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_asked_desc, &k->arena, &row,
                              NULL));
    return row.n;
}

static uint64_t calls(struct kit *k)
{
    return kit_account(k).calls;
}

static void test_answered(void **state)
{
    struct kit *k = *state;
    struct asking a = question(k, 1);
    assert_int_equal(ask(&a), 0);
    assert_true(sy_view_is(k->type, "charge"));
    assert_int_equal(k->verdict.n_spends, 1);
    assert_int_equal(k->verdict.spends[0].rho, 0);
    assert_int_equal(calls(k), 1);
    assert_int_equal(asked_so_far(k, rules_key_subject(V("person"), a.said.who)), 1);
    assert_int_equal(asked_so_far(k, rules_key_id("asker/", V("acme"))), 1);
    uint64_t charge = k->entry - 1;
    assert_int_equal(kit_answer(k, charge, "ok"), 0);
    struct sy_view key = {0};
    struct sy_view value;
    assert_false(rules_state_next(k->state, V("question/"), key, &key, &value)); /* never again */
    struct sy_rerun rerun = {.charge = charge};
    assert_int_equal(kit_call(k, "audit", "audit.rerun", &sy_rerun_desc, &rerun, NULL, NULL),
                     SY_E_DENIED);
    assert_int_equal(ask(&a), SY_E_REPLAYED);
    a.token.nonce[0] ^= 1; /* a new token: a new charge, no stored answer */
    assert_int_equal(ask(&a), 0);
    assert_int_equal(k->verdict.stored, 0);
    assert_int_equal(calls(k), 2);
    assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
}

static void control_subject_consent(void **state)
{
    struct kit *k = *state;
    struct asking a = question(k, 1);
    a.signer = "acme"; /* the developer consents for the subject */
    assert_int_equal(ask(&a), SY_E_SIGNATURE);
    a.signer = "issuer";
    assert_int_equal(ask(&a), 0);
}

static void control_consent_once(void **state)
{
    struct kit *k = *state;
    struct asking a = question(k, 1);
    assert_int_equal(ask(&a), 0);
    assert_int_equal(ask(&a), SY_E_REPLAYED);
    a.token.nonce[0] ^= 1;
    assert_int_equal(ask(&a), 0);
}

#define A(name, ...)                                                                               \
    static void name(struct asking *a)                                                             \
    {                                                                                              \
        struct sy_consent *t = &a->token;                                                          \
        (void)t;                                                                                   \
        __VA_ARGS__                                                                                \
    }

A(a_as_it_is, )
A(a_domain, t->domain[3] ^= 1;)
A(a_grant, t->grant[3] ^= 1;)
A(a_model, t->model[3] ^= 1;)
A(a_ctx, t->ctx = V("shuyu-invite-1");)
A(a_stranger, t->issuer = V("nobody");)
A(a_not_issuer, t->issuer = V("health"); a->signer = "health";)
A(a_developer_signs, t->issuer = V("acme"); a->signer = "acme";)
A(a_other_signer, a->signer = "rival";)
A(a_forged, a->forged = true;)
A(a_expired, t->not_before -= 1000; t->not_after = a->k->time - 1;)
A(a_last_second, t->not_after = a->k->time;)
A(a_early, t->not_before = a->k->time + 1;)
A(a_too_long, t->not_after = t->not_before + KIT_TOKEN_MAX_S + 1;)
A(a_longest, t->not_after = t->not_before + KIT_TOKEN_MAX_S;)
A(a_upside_down, t->not_after = t->not_before - 1;)
A(a_far, t->not_before = INT64_MIN; t->not_after = INT64_MAX;)
A(a_secret, a->told = false;)
A(a_id, a->said.opens = false;)
A(a_asserted, a->said.asserted_ok = false;)
A(a_rival, a->party = "rival";)

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct asking *a);
        int32_t code;
        const char *field;
    } cases[] = {
#define C(f, code, field) {#f, f, code, field}
        C(a_domain, SY_E_DENIED, "token.domain"),
        C(a_grant, SY_E_DENIED, "token.grant"),
        C(a_model, SY_E_DENIED, "token.model"),
        C(a_ctx, SY_E_FIELD, "token.ctx"),
        C(a_stranger, SY_E_PARTY, NULL),
        C(a_not_issuer, SY_E_ROLE, "token.issuer"),
        C(a_developer_signs, SY_E_ROLE, "token.issuer"),
        C(a_other_signer, SY_E_SIGNATURE, "sig"),
        C(a_forged, SY_E_SIGNATURE, "sig"),
        C(a_expired, SY_E_EXPIRED, "token.not_after"),
        C(a_early, SY_E_EXPIRED, "token.not_before"),
        C(a_too_long, SY_E_FIELD, "token.not_after"),
        C(a_upside_down, SY_E_FIELD, "token.not_after"),
        C(a_far, SY_E_FIELD, "token.not_after"),
        C(a_secret, SY_E_DENIED, "secret.id"),
        C(a_id, SY_E_DENIED, "secret.id"),
        C(a_asserted, SY_E_DENIED, "secret.asserted"),
        C(a_rival, SY_E_GRANT, NULL),
        C(a_last_second, 0, ""),
        C(a_longest, 0, ""),
        C(a_as_it_is, 0, ""),
#undef C
    };
    struct kit *k = *state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct asking a = question(k, (uint8_t)(10 + i));
        cases[i].spoil(&a);
        if (cases[i].code != 0) { /* decided without knowing under which pseudonym it would count */
            memset(a.said.who, 0, sizeof(a.said.who));
        }
        int32_t code = ask(&a);
        if (code != cases[i].code ||
            (cases[i].field != NULL && !sy_view_is(k->verdict.field, cases[i].field))) {
            fail_msg("%s: %s %.*s: %.*s", cases[i].name, sy_code_name(code),
                     SY_PV(k->verdict.field), SY_PV(k->verdict.reason));
        }
        /* What is refused uses up nothing: neither the token, nor a count, nor a call. */
        struct rules_key used = rules_key_consent(V("issuer"), a.token.nonce);
        struct sy_view value;
        assert_int_equal(rules_state_get(k->state, rules_key_view(&used), &value), code == 0);
    }
    assert_int_equal(calls(k), 3);
}

/* About one subject twice, by one developer four times; then the window passes. */
static void test_limits(void **state)
{
    struct kit *k = *state;
    for (uint8_t i = 0; i < KIT_SUBJECT_MAX; i++) {
        struct asking a = question(k, (uint8_t)(1 + i));
        memset(a.said.who, 0x77, 32);
        assert_int_equal(ask(&a), 0);
        assert_int_equal(kit_answer(k, k->entry - 1, i == 0 ? "ok" : "refused"), 0);
    }
    struct asking third = question(k, 9);
    memset(third.said.who, 0x77, 32);
    assert_int_equal(ask(&third), SY_E_RATE); /* a refused answer was not given back */
    assert_true(sy_view_is(k->verdict.field, "subject"));
    struct asking other = question(k, 10);
    assert_int_equal(ask(&other), 0);
    other = question(k, 11);
    assert_int_equal(ask(&other), 0);
    other = question(k, 12);
    memset(other.said.who, 0, 32); /* nobody's pseudonym is told in vain */
    assert_int_equal(ask(&other), SY_E_RATE);
    assert_true(sy_view_is(k->verdict.field, "party"));
    third = question(k, 13);
    memset(third.said.who, 0x77, 32); /* and whether others asked about it, neither */
    assert_int_equal(ask(&third), SY_E_RATE);
    assert_true(sy_view_is(k->verdict.field, "party"));
    k->time = (k->time / KIT_WINDOW_S + 1) *
              KIT_WINDOW_S; /* the calendar decides, not the last question */
    struct asking again = question(k, 9);
    memset(again.said.who, 0x77, 32);
    assert_int_equal(ask(&again), 0); /* the token of the refused question was not used up */
    assert_int_equal(asked_so_far(k, rules_key_subject(V("person"), again.said.who)), 1);
}

/* ---- erasing ---- */

/* A request about a subject, with this told of its secret; secret: does it carry one? */
static int32_t about(struct kit *k, const char *party, const char *method,
                     const struct sy_desc *desc, const void *args, bool secret,
                     const struct sy_subject_inputs *told)
{
    struct sy_subject_inputs said = told == NULL ? (struct sy_subject_inputs){0} : *told;
    struct rules_request *r = kit_request(k, party, method, desc, args);
    memset(r->secret_digest, secret ? 9 : 0, 32);
    proof_args_digest(r->header.body, r->salt, r->args, secret ? r->secret_digest : NULL);
    kit_sign(k, r, kit_party(k, party));
    k->extra = (struct sy_inputs){.subject = &said, .n_subject = told == NULL ? 0 : 1};
    int32_t code = kit_send(k, r);
    k->extra = (struct sy_inputs){0};
    return code;
}

static int32_t erase(struct kit *k, const char *party, const char *ns, bool secret,
                     const struct sy_subject_inputs *told)
{
    const struct sy_erase args = {.ns = V(ns)};
    return about(k, party, "payload.erase", &sy_erase_desc, &args, secret, told);
}

static int32_t trail(struct kit *k, const char *party, bool secret,
                     const struct sy_subject_inputs *told)
{
    const struct sy_trail_ask args = {.ns = V("person")};
    return about(k, party, "subject.trail", &sy_trail_ask_desc, &args, secret, told);
}

static int32_t read_payload(struct kit *k, const char *party, uint64_t entry)
{
    struct sy_payload_read args = {.entry = entry};
    return kit_call(k, party, "payload.read", &sy_payload_read_desc, &args, NULL, NULL);
}

static struct sy_subject_inputs kept(uint8_t who, uint64_t n)
{
    struct sy_subject_inputs in = {.kept = n, .opens = true};
    memset(in.who, who, 32);
    return in;
}

/* Who reads the body of the newest entry. */
static bool reads_newest(struct kit *k, const char *party, const char *role)
{
    const struct sy_party p = {.party = V(party), .role = V(role)};
    struct sy_event e;
    check_ok(sy_record_decode(&sy_event_desc, k->events[k->entry - 1], &SY_MP_LARGE, &k->arena, &e,
                              NULL));
    return rules_event_visible(k->state, &p, &e);
}

/* Each refusal is one change of what is allowed at the end; then it is done once and for all. */
static void test_erased(void **state)
{
    static const char *const others[] = {"operator", "health", "acme", "audit", "issuer"};
    struct kit *k = *state;
    struct asking a = question(k, 1);
    uint64_t entry = 0;
    assert_int_equal(ask(&a), 0);
    struct sy_subject_inputs good = kept(1, 1), unknown = kept(2, 1), none = kept(1, 0);
    struct sy_subject_inputs nobody = {.kept = 1, .opens = true}, shut = kept(1, 1);
    shut.opens = false;
    for (size_t i = 0; i < LEN(others); i++) {
        assert_int_equal(erase(k, others[i], "person", true, &good), SY_E_ROLE);
    }
    assert_int_equal(erase(k, "agency", "", true, &good), SY_E_FIELD);
    assert_int_equal(erase(k, "agency", "person", false, &good), SY_E_FIELD);
    assert_int_equal(erase(k, "agency", "person", true, NULL), SY_E_FIELD);
    assert_int_equal(erase(k, "agency", "person", true, &shut), SY_E_FIELD);
    assert_int_equal(erase(k, "agency", "person", true, &unknown), SY_E_NOT_FOUND);
    assert_int_equal(erase(k, "agency", "person", true, &nobody), SY_E_NOT_FOUND);
    assert_int_equal(erase(k, "agency", "person", true, &none), SY_E_NOT_FOUND);
    assert_int_equal(erase(k, "agency", "clinic", true, &good), SY_E_NOT_FOUND);
    assert_false(rules_is_erased(k->state, good.who, &entry));
    assert_int_equal(erase(k, "agency", "person", true, &good), 0);
    assert_true(sy_view_is(k->type, "erase"));
    assert_true(rules_is_erased(k->state, good.who, &entry));
    assert_int_equal(entry, k->entry - 1);
    assert_true(reads_newest(k, "agency", "agency"));
    assert_true(reads_newest(k, "audit", "auditor"));
    assert_false(reads_newest(k, "acme", "developer"));
    assert_false(reads_newest(k, "issuer", "issuer"));
    assert_false(reads_newest(k, "health", "department"));
    assert_false(reads_newest(k, "operator", "operator"));
    assert_int_equal(erase(k, "agency", "person", true, &good), SY_E_STATE);
    assert_false(rules_is_erased(k->state, unknown.who, &entry));
}

/* After an erasure nobody counts under the old name, and under a new one counting begins anew. */
static void test_asked_after_erasure(void **state)
{
    struct kit *k = *state;
    struct sy_subject_inputs good = kept(0x77, 2);
    for (uint8_t i = 1; i <= KIT_SUBJECT_MAX; i++) {
        struct asking a = question(k, i);
        memset(a.said.who, 0x77, 32);
        assert_int_equal(ask(&a), 0);
    }
    assert_int_equal(erase(k, "agency", "person", true, &good), 0);
    struct asking old = question(k, 8);
    memset(old.said.who, 0x77, 32);
    assert_int_equal(ask(&old), SY_E_INTERNAL); /* the warden's mistake: no event */
    memset(old.said.who, 0x78, 32);
    assert_int_equal(ask(&old), 0);
    assert_int_equal(asked_so_far(k, rules_key_subject(V("person"), old.said.who)), 1);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
}

/* Reading and trails: by role, and each is an entry, which only those can read who could have asked. */
static void test_disclosed(void **state)
{
    static const struct {
        const char *party;
        int32_t read, trail;
    } cases[] = {{"agency", 0, 0},
                 {"audit", 0, SY_E_ROLE},
                 {"operator", SY_E_ROLE, SY_E_ROLE},
                 {"health", SY_E_ROLE, SY_E_ROLE},
                 {"acme", SY_E_ROLE, SY_E_ROLE},
                 {"issuer", SY_E_ROLE, SY_E_ROLE}};
    struct kit *k = *state;
    struct asking a = question(k, 1);
    const struct sy_subject_inputs one = kept(1, 1);
    assert_int_equal(ask(&a), 0);
    const uint64_t charge = k->entry - 1;
    for (size_t i = 0; i < LEN(cases); i++) {
        uint64_t before = k->entry;
        assert_int_equal(read_payload(k, cases[i].party, charge), cases[i].read);
        assert_int_equal(k->entry, before + 1);
        assert_true(sy_view_is(k->type, cases[i].read == 0 ? "disclose" : "refuse"));
        assert_int_equal(trail(k, cases[i].party, true, &one), cases[i].trail);
        assert_int_equal(k->entry, before + 2);
        assert_true(sy_view_is(k->type, cases[i].trail == 0 ? "disclose" : "refuse"));
    }
    assert_int_equal(trail(k, "agency", true, &one), 0);
    assert_true(reads_newest(k, "audit", "auditor"));
    assert_false(reads_newest(k, "acme", "developer"));
    assert_false(reads_newest(k, "health", "department"));
}

/* Nobody is told of what is not about one subject, or without saying whom it is about. */
static void test_not_disclosed(void **state)
{
    struct kit *k = *state;
    const struct sy_subject_inputs nobody = {.opens = true};
    struct sy_subject_inputs shut = kept(1, 1);
    shut.opens = false;
    assert_int_equal(read_payload(k, "audit", k->entry - 1), SY_E_NOT_FOUND);
    assert_int_equal(read_payload(k, "audit", UINT64_MAX), SY_E_NOT_FOUND);
    assert_int_equal(trail(k, "agency", false, &nobody), SY_E_FIELD);
    assert_int_equal(trail(k, "agency", true, NULL), SY_E_FIELD);
    assert_int_equal(trail(k, "agency", true, &shut), SY_E_FIELD);
    assert_int_equal(trail(k, "agency", true, &nobody), 0); /* that nobody asked is an answer too */
}

/* A model of one kind is not asked in the way of the other, and a stopped grant answers nobody. */
static void test_wrong_way(void **state)
{
    struct kit *k = *state;
    struct sy_run_param age = {.name = V("least"), .value = V("18")};
    struct sy_run run = {.params = &age, .n_params = 1};
    assert_int_equal(kit_run_plan(k, kit_subject_plan(k), &run), SY_E_STATE);
    struct asking a = question(k, 1);
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    assert_int_equal(ask(&a), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
    assert_int_equal(ask(&a), 0);
}

static bool sees_model(struct kit *k, const char *party, const char *role)
{
    const struct sy_party p = {.party = V(party), .role = V(role)};
    struct sy_view key, value;
    assert_true(rules_state_next(k->state, V("model/"), (struct sy_view){0}, &key, &value));
    return rules_row_visible(k->state, &p, key, value);
}

/* Who collects consent can read what it is to, once it is approved; nobody else's other models. */
static void test_issuer_reads(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_register(k, kit_subject_def(k), kit_subject_plan(k)), 0);
    assert_false(sees_model(k, "issuer", "issuer"));
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    assert_true(sees_model(k, "issuer", "issuer"));
    assert_false(sees_model(k, "rival", "developer"));
    struct kit other;
    kit_init(&other);
    kit_ready(&other);
    assert_true(sees_model(&other, "acme", "developer"));
    assert_false(sees_model(&other, "issuer", "issuer")); /* a model about many */
    kit_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answered, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(control_subject_consent, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(control_consent_once, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_erased, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_asked_after_erasure, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_disclosed, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_not_disclosed, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_way, setup_ready, teardown),
        cmocka_unit_test_setup_teardown(test_issuer_reads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
