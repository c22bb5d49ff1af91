/*
 * Each reason to refuse, by changing one thing of a sound request or record: what has no entry
 * because nobody known signed it, and what is logged. A refused request changes nothing but clock
 * and nonce.
 */
#include "test_kit.h"

#include <stdio.h>
#include <string.h>

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

/* ---- requests ---- */

struct forge {
    struct kit *k;
    struct rules_request *r;
};

typedef void forge_fn(struct forge *f);

static void resign(struct forge *f)
{
    kit_sign(f->k, f->r, kit_party(f->k, "acme"));
}

static void f_suite(struct forge *f)
{
    f->r->header.suite = 2;
    resign(f);
}
static void f_ctx(struct forge *f)
{
    f->r->header.ctx = V("shuyu-invite-1");
    resign(f);
}
static void f_domain(struct forge *f)
{
    f->r->header.domain[0] ^= 1;
    resign(f);
}
static void f_method(struct forge *f)
{
    f->r->header.method = V("scene.steal");
    resign(f);
}
static void f_ping(struct forge *f)
{
    f->r->header.method = V("status.ping");
    resign(f);
}
static void f_party(struct forge *f)
{
    f->r->header.party = V("nobody");
    resign(f);
}
static void f_party_id(struct forge *f)
{
    f->r->header.party = V("ac/me");
    resign(f);
}
static void f_warden(struct forge *f)
{
    f->r->header.party = V("warden");
    kit_sign(f->k, f->r, kit_party(f->k, "warden"));
}
static void f_unsigned(struct forge *f)
{
    f->r->n_sigs = 0;
}
static void f_other_key(struct forge *f)
{
    kit_sign(f->k, f->r, kit_party(f->k, "rival"));
}
static void f_sig(struct forge *f)
{
    ((uint8_t *)(uintptr_t)f->r->sigs->sig.p)[5] ^= 1;
}
static void f_header(struct forge *f)
{
    f->r->header.expiry++;
}
static void f_args(struct forge *f)
{
    f->r->args.n--;
}
static void f_salt(struct forge *f)
{
    f->r->salt[0] ^= 1;
}
static void f_tls(struct forge *f)
{
    memcpy(f->k->extra.tls, kit_party(f->k, "rival")->tls, 32);
}
static void f_expired(struct forge *f)
{
    f->r->header.expiry = f->k->time - 1;
    resign(f);
}
static void f_long_life(struct forge *f)
{
    f->r->header.expiry = f->k->time + 3601;
    resign(f);
}
static void f_role(struct forge *f)
{
    f->r->header.method = V("pack.adopt");
    resign(f);
}
static void f_local(struct forge *f)
{
    struct sy_ingest a = {.dataset = V("persons")};
    f->r = kit_request(f->k, "health", "dataset.ingest", &sy_ingest_desc, &a);
    memcpy(f->k->extra.tls, kit_party(f->k, "health")->tls, 32);
}
static void f_secret(struct forge *f)
{
    memset(f->r->secret_digest, 9, 32);
    proof_args_digest(f->r->header.body, f->r->salt, f->r->args, f->r->secret_digest);
    resign(f);
}
static void f_no_grant(struct forge *f)
{
    struct sy_run a = {0};
    f->r = kit_request(f->k, "acme", "model.run", &sy_run_desc, &a);
}
static void f_bad_args(struct forge *f)
{
    f->r->args = V("\x80"); /* an empty map */
    proof_args_digest(f->r->header.body, f->r->salt, f->r->args, NULL);
    resign(f);
}
static void f_sound(struct forge *f)
{
    (void)f;
}

static void test_requests(void **state)
{
    static const struct {
        const char *name;
        forge_fn *spoil;
        int32_t code;
        bool logged;
    } cases[] = {
#define C(f, code, logged) {#f, f, code, logged}
        C(f_suite, SY_E_SUITE, false),
        C(f_ctx, SY_E_FIELD, false),
        C(f_domain, SY_E_FIELD, false),
        C(f_method, SY_E_METHOD, false),
        C(f_ping, SY_E_METHOD, false),
        C(f_party, SY_E_PARTY, false),
        C(f_party_id, SY_E_FIELD, false),
        C(f_warden, SY_E_PARTY, false),
        C(f_unsigned, SY_E_UNSIGNED, false),
        C(f_other_key, SY_E_UNSIGNED, false),
        C(f_sig, SY_E_SIGNATURE, false),
        C(f_header, SY_E_FIELD, false),
        C(f_args, SY_E_DIGEST, false),
        C(f_salt, SY_E_DIGEST, false),
        C(f_tls, SY_E_PARTY, false),
        C(f_expired, SY_E_EXPIRED, true),
        C(f_long_life, SY_E_FIELD, true),
        C(f_role, SY_E_ROLE, true),
        C(f_local, SY_E_DENIED, true),
        C(f_secret, SY_E_FIELD, true),
        C(f_no_grant, SY_E_FIELD, true),
        C(f_bad_args, SY_E_FIELD, true),
        C(f_sound, 0, true),
#undef C
    };
    struct kit *k = *state;
    kit_catalogue(k);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct forge f = {
            k, kit_request(k, "acme", "scene.apply", &sy_proposal_desc, kit_proposal(k))};
        uint64_t entry = k->entry;
        cases[i].spoil(&f);
        int32_t code = kit_send(k, f.r);
        k->extra = (struct sy_inputs){0};
        if (code != cases[i].code || (k->entry != entry) != cases[i].logged) {
            fail_msg("%s: %s (%s), want %s", cases[i].name, sy_code_name(code), k->err.reason,
                     sy_code_name(cases[i].code));
        }
        if (!cases[i].logged) {
            assert_int_equal(k->err.code, cases[i].code);
        } else if (cases[i].code != 0) {
            assert_true(sy_view_is(k->type, "refuse"));
            assert_true(k->verdict.reason.n > 0);
        }
    }
    print_message("# %zu forged requests\n", LEN(cases));
}

/* A refusal writes the clock and the nonce, nothing else. */
static void test_refusal_changes_nothing(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    RULES_STATE_CLEANUP struct rules_state *before = rules_state_clone(k->state);
    assert_int_equal(kit_run(k, "17"), SY_E_FIELD);
    assert_int_equal(rules_state_n_rows(k->state), rules_state_n_rows(before) + 1);
    struct sy_view key = {0};
    struct sy_view value;
    struct sy_view now;
    while (rules_state_next(before, (struct sy_view){0}, key, &key, &value)) {
        assert_true(rules_state_get(k->state, key, &now));
        assert_true(sy_view_eq(value, now) || sy_view_is(key, "clock"));
    }
}

static void test_time(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    k->time--;
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_INTERNAL);
}

/* ---- founding and enrolment ---- */

static void test_enrol(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_enrol(k, "early", "developer"), SY_E_STATE);
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_genesis(k), SY_E_EXISTS);
    assert_int_equal(kit_enrol(k, "acme", "developer"), 0);
    assert_int_equal(kit_enrol(k, "boss", "agency"), SY_E_ROLE);
    assert_int_equal(kit_enrol(k, "king", "operator"), SY_E_ROLE);
    k->n_parties -= 2; /* keys come from positions: forget the two that were refused */
    assert_int_equal(kit_enrol(k, "buyer-1", "buyer"), 0);
    k->n_parties--; /* the same key and certificate under another name */
    assert_int_equal(kit_enrol(k, "twin", "buyer"), SY_E_EXISTS);
}

/* What an invitation tells the invited to trust must be what genesis says: domain, keys, log. */
static void test_invite_to_another_domain(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    kit_new_party(k, "acme");
    struct sy_invite honest = kit_invite(k, "acme", "developer");
    struct sy_invite spoilt[4] = {honest, honest, honest, honest};
    spoilt[0].domain[31] ^= 1;
    spoilt[1].box[31] ^= 1;
    spoilt[2].warden[31] ^= 1;
    spoilt[3].log = V("test+00000000+AAAB");
    for (size_t i = 0; i < LEN(spoilt); i++) {
        assert_int_equal(kit_enrol_by(k, "acme", &spoilt[i]), SY_E_FIELD);
    }
    assert_int_equal(kit_enrol_by(k, "acme", &honest), 0);
}

static void test_second_genesis_by_stranger(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    struct rules_request *r = kit_request(k, "agency", "genesis", NULL, NULL);
    r->header.party = V("other");
    kit_sign(k, r, kit_party(k, "agency"));
    uint64_t entry = k->entry;
    assert_true(kit_send(k, r) != 0);
    assert_int_equal(k->entry, entry);
}

/* ---- models and runs ---- */

static void test_register(void **state)
{
    struct kit *k = *state;
    kit_granted(k);
    struct sy_model_def *d = kit_model_def(k);
    struct sy_plan *p = kit_plan(k);
    struct sy_lower_error low = {
        .code = V("sql"), .field = V("sql@7"), .reason = V("SELECT * is not in the dialect")};
    k->extra = (struct sy_inputs){.lower = &low, .n_lower = 1};
    assert_int_equal(kit_call(k, "acme", "model.register", &sy_model_def_desc, d, k->grant, NULL),
                     SY_E_SQL);
    assert_true(sy_view_is(k->verdict.field, "sql@7"));
    low.code = V("no_memory"); /* nothing but a refusal can come of lowering */
    k->extra = (struct sy_inputs){.lower = &low, .n_lower = 1};
    assert_int_equal(kit_call(k, "acme", "model.register", &sy_model_def_desc, d, k->grant, NULL),
                     SY_E_SQL);
    d->blocks[0].rho = 100000000; /* the manifest says less than the plan */
    assert_int_equal(kit_register(k, d, p), SY_E_PLAN);
    d = kit_model_def(k);
    d->blocks[0].groups = 1;
    assert_int_equal(kit_register(k, d, p), SY_E_PLAN);
    d = kit_model_def(k);
    d->params[0].n_values = 3;
    assert_int_equal(kit_register(k, d, p), SY_E_PLAN);
    d = kit_model_def(k);
    k->extra = (struct sy_inputs){.plan = kit_encode(k, &sy_plan_desc, p)};
    assert_int_equal(kit_call(k, "rival", "model.register", &sy_model_def_desc, d, k->grant, NULL),
                     SY_E_GRANT);
    k->extra = (struct sy_inputs){0};
    p->rels[0].names[3] = V("hiv");
    assert_int_equal(kit_register(k, d, p), SY_E_FIELD_DENIED);
    assert_true(sy_view_is(k->verdict.field, "persons.hiv"));
    assert_int_equal(kit_register(k, d, kit_plan(k)), 0);
    assert_int_equal(kit_register(k, d, kit_plan(k)), SY_E_EXISTS);
    assert_int_equal(kit_review(k, "operator", "model.review", "reject"), 0);
    assert_int_equal(kit_run(k, "40"), SY_E_REVIEW);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), SY_E_STATE);
}

static int32_t run_with(struct kit *k, const struct sy_run_param *params, size_t n)
{
    struct sy_run run = {.n_params = n};
    run.params = kit_alloc(k, n, sizeof(*params));
    if (n > 0) {
        memcpy(run.params, params, n * sizeof(*params));
    }
    k->extra = (struct sy_inputs){0};
    memset(k->extra.salt, 1, 32);
    check_ok(
        rules_run_data(k->state, kit_plan(k), &k->arena, &k->extra.data, &k->extra.n_data, NULL));
    int32_t code = kit_call(k, "acme", "model.run", &sy_run_desc, &run, k->grant, k->model);
    k->extra = (struct sy_inputs){0};
    return code;
}

static void test_params(void **state)
{
    struct kit *k = *state;
    const struct sy_run_param twice[] = {{.name = V("min_age"), .value = V("40")},
                                         {.name = V("min_age"), .value = V("40")}};
    const struct sy_run_param unknown[] = {{.name = V("min_age"), .value = V("40")},
                                           {.name = V("id"), .value = V("7")}};
    const struct sy_run_param undeclared[] = {{.name = V("min_age"), .value = V("41")}};
    kit_ready(k);
    assert_int_equal(run_with(k, NULL, 0), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "params.min_age"));
    assert_int_equal(run_with(k, twice, 2), SY_E_FIELD);
    assert_int_equal(run_with(k, unknown, 2), SY_E_FIELD);
    assert_int_equal(run_with(k, undeclared, 1), SY_E_FIELD);
    assert_int_equal(run_with(k, twice, 1), 0);
}

/* A run is checked against the pack of today, not of the day the model was approved. */
static void test_pack_tightens(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    struct sy_pack *p = kit_pack_record(k, 2);
    p->rho_run_max = 100000000;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(kit_run(k, "60"), SY_E_BUDGET);
    assert_int_equal(kit_run(k, "40"), SY_E_BUDGET); /* the stored answer is decided again too */
}

/* The warden's own mistakes are not verdicts. */
static void test_warden_faults(void **state)
{
    struct kit *k = *state;
    struct sy_run_param param = {.name = V("min_age"), .value = V("40")};
    struct sy_run run = {.params = &param, .n_params = 1};
    kit_ready(k);
    uint64_t entry = k->entry;
    k->extra = (struct sy_inputs){0};
    assert_int_equal(kit_call(k, "acme", "model.run", &sy_run_desc, &run, k->grant, k->model),
                     SY_E_INTERNAL); /* no data versions */
    check_ok(
        rules_run_data(k->state, kit_plan(k), &k->arena, &k->extra.data, &k->extra.n_data, NULL));
    assert_int_equal(kit_call(k, "acme", "model.run", &sy_run_desc, &run, k->grant, k->model),
                     SY_E_INTERNAL); /* no salt */
    assert_int_equal(k->entry, entry);
    k->extra = (struct sy_inputs){0};
    assert_int_equal(kit_answer(k, 3, "ok"), SY_E_NOT_FOUND);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Validly signed nonsense in every record that a party can send: always a decision, never a crash. */
static void test_damaged_args(void **state)
{
    enum { ROUNDS = 1500 };
    struct kit *k = *state;
    uint64_t seed = 88172645463325252ULL;
    kit_granted(k);
    struct sy_proposal *p = kit_proposal(k);
    p->scene = V("other");
    struct sy_pack_adopt adopt = {.pack = kit_encode(k, &sy_pack_desc, kit_pack_record(k, 2))};
    struct sy_dataset_def *def = kit_streets(k);
    def->id = V("streets-2");
    struct sy_check asked = {.model = *kit_model_def(k),
                             .proposal = kit_encode(k, &sy_proposal_desc, p)};
    const struct {
        const char *party;
        const char *method;
        const struct sy_desc *desc;
        const void *args;
    } sound[] = {
        {"acme", "scene.apply", &sy_proposal_desc, p},
        {"agency", "pack.adopt", &sy_pack_adopt_desc, &adopt},
        {"health", "dataset.define", &sy_dataset_def_desc, def},
        {"acme", "model.register", &sy_model_def_desc, kit_model_def(k)},
        {"acme", "model.check", &sy_check_desc, &asked},
    };
    size_t allowed = 0;
    k->extra.plan = kit_encode(k, &sy_plan_desc, kit_plan(k));
    for (size_t i = 0; i < ROUNDS * LEN(sound); i++) {
        size_t m = i % LEN(sound);
        struct rules_decision d;
        struct rules_request *r =
            kit_request(k, sound[m].party, sound[m].method, sound[m].desc, sound[m].args);
        uint8_t *bytes = (uint8_t *)(uintptr_t)r->args.p;
        bytes[next(&seed) % r->args.n] = (uint8_t)next(&seed);
        bool drafted = sound[m].args == &asked;
        memcpy(r->header.grant, k->grant, drafted ? 0 : 32);
        proof_args_digest(r->header.body, r->salt, r->args, NULL);
        kit_sign(k, r, kit_party(k, sound[m].party));
        check_ok(kit_decide(k, r, &d));
        assert_int_equal(d.kind,
                         drafted && d.verdict.code == 0 ? RULES_KIND_READ : RULES_KIND_EVENT);
        allowed += d.verdict.code == 0;
    }
    print_message("# %zu of %zu still sound\n", allowed, ROUNDS * LEN(sound));
}

/* Too little memory is no verdict: another machine, with more of it, would not repeat it. */
static void test_memory(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    struct sy_run_param param = {.name = V("min_age"), .value = V("40")};
    struct sy_run run = {.params = &param, .n_params = 1};
    struct rules_request *r = kit_request(k, "acme", "model.run", &sy_run_desc, &run);
    struct sy_inputs in = {.time = k->time};
    size_t refused = 0, allowed = 0;
    memcpy(r->header.grant, k->grant, 32);
    memcpy(r->header.subject, k->model, 32);
    memcpy(in.tls, kit_party(k, "acme")->tls, 32);
    memset(in.salt, 7, 32);
    kit_sign(k, r, kit_party(k, "acme"));
    check_ok(rules_run_data(k->state, kit_plan(k), &k->arena, &in.data, &in.n_data, NULL));
    for (size_t room = 16; room < (1 << 16); room += 16) {
        SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = room};
        struct rules_decision d;
        sy_status s = rules_decide(k->state, r, &in, &arena, &d, NULL);
        if (s.code != SY_E_NO_MEMORY && (!sy_ok(s) || d.verdict.code != 0)) {
            fail_msg("%zu bytes: %s, %llu", room, sy_code_name(s.code),
                     (unsigned long long)d.verdict.code);
        }
        refused += s.code == SY_E_NO_MEMORY;
        allowed += sy_ok(s);
    }
    print_message("# %zu without enough, %zu with\n", refused, allowed);
    assert_true(refused > 4 && allowed > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusal_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_enrol, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invite_to_another_domain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_genesis_by_stranger, setup, teardown),
        cmocka_unit_test_setup_teardown(test_register, setup, teardown),
        cmocka_unit_test_setup_teardown(test_params, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pack_tightens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_args, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_refuse", tests, NULL, NULL);
}
