/* See test_kit.h. Everything is deterministic: keys from seeds, nonces from a counter. */
#include "test_kit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *kit_alloc(struct kit *k, size_t n, size_t size)
{
    void *p = sy_arena_alloc(&k->arena, n == 0 ? 1 : n, size);
    assert_non_null(p);
    return p;
}

struct sy_view kit_encode(struct kit *k, const struct sy_desc *desc, const void *record)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(16 << 20);
    check_ok(sy_record_encode(desc, record, &b));
    return sy_arena_copy(&k->arena, sy_buf_view(&b));
}

struct sy_view *kit_strs(struct kit *k, const char *const *words, size_t n)
{
    struct sy_view *v = kit_alloc(k, n, sizeof(*v));
    for (size_t i = 0; i < n; i++) {
        v[i] = V(words[i]);
    }
    return v;
}

void kit_init(struct kit *k)
{
    memset(k, 0, sizeof(*k));
    assert_true(sodium_init() >= 0);
    k->arena.ceiling = (size_t)1 << 30;
    k->state = rules_state_new();
    k->shadow = rules_state_new();
    k->time = KIT_START;
    assert_non_null(k->state);
    assert_non_null(k->shadow);
    (void)kit_new_party(k, "agency");
    (void)kit_new_party(k, "operator");
    (void)kit_new_party(k, "warden");
}

void kit_free(struct kit *k)
{
    rules_state_free(k->state);
    rules_state_free(k->shadow);
    sy_arena_deinit(&k->arena);
}

struct kit_party *kit_party(struct kit *k, const char *id)
{
    for (size_t i = 0; i < k->n_parties; i++) {
        if (strcmp(k->parties[i].id, id) == 0) {
            return &k->parties[i];
        }
    }
    fail_msg("no party %s", id);
    return NULL;
}

struct kit_party *kit_new_party(struct kit *k, const char *id)
{
    assert_true(k->n_parties < KIT_PARTIES);
    struct kit_party *p = &k->parties[k->n_parties++];
    uint8_t seed[32] = {0};
    (void)snprintf(p->id, sizeof(p->id), "%s", id);
    seed[0] = (uint8_t)k->n_parties;
    crypto_sign_seed_keypair(p->sign, p->secret, seed);
    memset(p->tls, 0x40 + (int)k->n_parties, 32);
    return p;
}

void kit_sign(struct kit *k, struct rules_request *r, const struct kit_party *by)
{
    struct sy_signature *sig = kit_alloc(k, 1, sizeof(*sig));
    uint8_t *bytes = kit_alloc(k, 64, 1);
    r->header_bytes = kit_encode(k, &sy_header_desc, &r->header);
    proof_sign(bytes, r->header_bytes, by->secret);
    memcpy(sig->key, by->sign, 32);
    sig->sig = sy_view(bytes, 64);
    r->sigs = sig;
    r->n_sigs = 1;
}

struct rules_request *kit_request(struct kit *k, const char *party, const char *method,
                                  const struct sy_desc *desc, const void *args)
{
    struct rules_request *r = kit_alloc(k, 1, sizeof(*r));
    struct sy_header *h = &r->header;
    h->ctx = V(SY_REQUEST_CONTEXT);
    h->suite = SY_SUITE_INTL;
    h->method = V(method);
    h->party = V(party);
    h->expiry = k->time + 600;
    k->nonce++;
    sy_store_le32(h->nonce, k->nonce);
    memcpy(h->domain, k->domain, 32);
    memset(r->salt, 7, 32);
    r->args = desc == NULL ? (struct sy_view){0} : kit_encode(k, desc, args);
    proof_args_digest(h->body, r->salt, r->args, r->secret_digest);
    kit_sign(k, r, kit_party(k, party));
    return r;
}

static struct sy_inputs kit_inputs(struct kit *k, const struct rules_request *r)
{
    struct sy_inputs in = k->extra;
    in.time = k->time;
    const struct rules_method *m = rules_method_find(r->header.method);
    bool local = m != NULL && (m->flags & RULES_M_LOCAL) != 0;
    for (size_t i = 3; i < k->n_parties && in.tls[0] == 0 && !local; i++) {
        if (sy_view_is(r->header.party, k->parties[i].id)) {
            memcpy(in.tls, k->parties[i].tls, 32);
        }
    }
    return in;
}

sy_status kit_decide(struct kit *k, const struct rules_request *r, struct rules_decision *ret)
{
    struct sy_inputs in = kit_inputs(k, r);
    memset(&k->err, 0, sizeof(k->err));
    return rules_decide(k->state, r, &in, &k->arena, ret, &k->err);
}

/* The event through its bytes, into the shadow, as an auditor reads it. */
static void audit(struct kit *k, const struct sy_event *event)
{
    struct sy_event read;
    struct sy_view bytes = kit_encode(k, &sy_event_desc, event);
    check_ok(sy_record_decode(&sy_event_desc, bytes, &SY_MP_LARGE, &k->arena, &read, &k->err));
    sy_status s = rules_replay(k->shadow, &read, k->entry, &k->err);
    if (!sy_ok(s)) {
        fail_msg("replay of %llu: %s %s %s", (unsigned long long)k->entry, sy_code_name(s.code),
                 k->err.field, k->err.reason);
    }
    assert_memory_equal(rules_state_digest(k->state), rules_state_digest(k->shadow), 32);
    assert_true(k->entry < KIT_EVENTS);
    k->events[k->entry] = bytes;
    memcpy(k->digests[k->entry], rules_state_digest(k->state), 32);
}

int32_t kit_send(struct kit *k, const struct rules_request *r)
{
    struct rules_decision d;
    struct sy_event event;
    struct rules_effect *e;
    struct sy_inputs in = kit_inputs(k, r);
    sy_status s = kit_decide(k, r, &d);
    k->verdict = d.verdict;
    k->type = d.type;
    if (!sy_ok(s) || d.kind != RULES_KIND_EVENT) {
        return sy_ok(s) ? (int32_t)d.verdict.code : s.code;
    }
    rules_event_fill(r, &in, &d, &event);
    s = rules_effect_new(k->state, &event, k->entry, &e, &k->err);
    if (!sy_ok(s)) {
        fail_msg("apply: %s %s", k->err.field, k->err.reason);
    }
    memcpy(event.state, rules_effect_digest(e), 32);
    check_ok(rules_effect_commit(k->state, e));
    rules_effect_free(e);
    audit(k, &event);
    k->entry++;
    return (int32_t)d.verdict.code;
}

int32_t kit_call(struct kit *k, const char *party, const char *method, const struct sy_desc *desc,
                 const void *args, const uint8_t *grant, const uint8_t *subject)
{
    struct rules_request *r = kit_request(k, party, method, desc, args);
    if (grant != NULL) {
        memcpy(r->header.grant, grant, 32);
    }
    if (subject != NULL) {
        memcpy(r->header.subject, subject, 32);
    }
    kit_sign(k, r, kit_party(k, party));
    return kit_send(k, r);
}

/* ---- founding ---- */

static struct sy_party founder(struct kit *k, const char *id, const char *role)
{
    struct kit_party *p = kit_party(k, id);
    struct sy_party r = {.name = V(id), .party = V(p->id), .role = V(role), .status = V("active")};
    memset(r.box, 3, 32);
    memcpy(r.sign, p->sign, 32);
    memcpy(r.tls, p->tls, 32);
    return r;
}

int32_t kit_genesis(struct kit *k)
{
    struct sy_genesis g = {
        .log = V(KIT_LOG), .name = V("test domain"), .purpose = V("test"), .time = k->time};
    g.agency = founder(k, "agency", "agency");
    g.operator_ = founder(k, "operator", "operator");
    memset(g.box, 9, 32);
    memcpy(g.warden, kit_party(k, "warden")->sign, 32);
    proof_domain_id(k->domain, kit_encode(k, &sy_genesis_desc, &g));
    struct rules_request *r = kit_request(k, "agency", "genesis", &sy_genesis_desc, &g);
    struct sy_signature *two = kit_alloc(k, 2, sizeof(*two));
    two[0] = r->sigs[0];
    kit_sign(k, r, kit_party(k, "operator"));
    two[1] = r->sigs[0];
    r->sigs = two;
    r->n_sigs = 2;
    return kit_send(k, r);
}

struct sy_invite kit_invite(struct kit *k, const char *id, const char *role)
{
    struct sy_invite v = {.ctx = V("shuyu-invite-1"),
                          .expiry = k->time + 86400,
                          .log = V(KIT_LOG),
                          .name = V(id),
                          .party = V(id),
                          .role = V(role)};
    memset(v.box, 9, 32);
    memcpy(v.domain, k->domain, 32);
    memcpy(v.warden, kit_party(k, "warden")->sign, 32);
    memset(v.nonce, (int)k->n_parties, 16);
    return v;
}

int32_t kit_enrol_by(struct kit *k, const char *id, const struct sy_invite *v)
{
    const struct kit_party *p = kit_party(k, id);
    struct sy_enrol e = {0};
    uint8_t *sig = kit_alloc(k, 64, 1);
    e.invite = kit_encode(k, &sy_invite_desc, v);
    proof_sign(sig, e.invite, kit_party(k, "agency")->secret);
    e.invite_sig = sy_view(sig, 64);
    memset(e.box, 5, 32);
    memcpy(e.sign, p->sign, 32);
    memcpy(e.tls, p->tls, 32);
    return kit_call(k, id, "party.enrol", &sy_enrol_desc, &e, NULL, NULL);
}

int32_t kit_enrol(struct kit *k, const char *id, const char *role)
{
    struct kit_party *p = kit_new_party(k, id);
    struct sy_invite v = kit_invite(k, p->id, role);
    return kit_enrol_by(k, id, &v);
}

/* ---- steps ---- */

int32_t kit_adopt(struct kit *k, const struct sy_pack *p)
{
    struct sy_pack_adopt a = {.pack = kit_encode(k, &sy_pack_desc, p)};
    return kit_call(k, "agency", "pack.adopt", &sy_pack_adopt_desc, &a, NULL, NULL);
}

int32_t kit_define(struct kit *k, const struct sy_dataset_def *d)
{
    struct sy_dataset_keys keys;
    char department[32];
    memset(&keys, 0x11, sizeof(keys));
    memset(keys.department, 0, sizeof(keys.department)); /* no third share */
    sy_view_to_cstr(d->department, department, sizeof(department));
    k->extra = (struct sy_inputs){.keys = &keys, .n_keys = 1};
    int32_t code = kit_call(k, department, "dataset.define", &sy_dataset_def_desc, d, NULL, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t kit_publish(struct kit *k, const struct sy_dataset_def *d, uint64_t version)
{
    struct sy_dataset_version v = {.dataset = d->id,
                                   .columns = kit_alloc(k, d->n_fields, sizeof(*v.columns)),
                                   .n_columns = d->n_fields,
                                   .rows = 1000,
                                   .suite = SY_SUITE_INTL,
                                   .version = version};
    proof_sha256_one(v.def, kit_encode(k, &sy_dataset_def_desc, d));
    memset(v.header, (int)(0x20 + version), 32);
    memset(v.report, 1, 32);
    memset(v.attempt, 1, 16);
    for (size_t i = 0; i < d->n_fields; i++) {
        v.columns[i].name = d->fields[i].name;
    }
    k->extra = (struct sy_inputs){.version = &v, .n_version = 1};
    int32_t code = kit_call(k, "warden", "dataset.publish", NULL, NULL, NULL, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t kit_apply(struct kit *k, const struct sy_proposal *p)
{
    proof_grant_id(k->grant, kit_encode(k, &sy_proposal_desc, p));
    return kit_call(k, "acme", "scene.apply", &sy_proposal_desc, p, NULL, NULL);
}

int32_t kit_review(struct kit *k, const char *party, const char *method, const char *decision)
{
    struct sy_review r = {.decision = V(decision), .opinion = V("seen")};
    bool model = strcmp(method, "model.review") == 0;
    k->extra = (struct sy_inputs){.share_ok = strcmp(method, "scene.final_review") == 0};
    int32_t code = kit_call(k, party, method, &sy_review_desc, &r, model ? NULL : k->grant,
                            model ? k->model : NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t kit_register(struct kit *k, const struct sy_model_def *d, const struct sy_plan *p)
{
    struct sy_view def = kit_encode(k, &sy_model_def_desc, d);
    k->extra = (struct sy_inputs){.plan = kit_encode(k, &sy_plan_desc, p)};
    proof_model_id(k->model, k->grant, k->extra.plan, def);
    int32_t code = kit_call(k, "acme", "model.register", &sy_model_def_desc, d, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t kit_run_plan(struct kit *k, const struct sy_plan *p, const struct sy_run *run)
{
    struct sy_inputs in = {0};
    memset(in.salt, (int)(k->entry % 250) + 1, 32);
    sy_status s = rules_run_data(k->state, p, &k->arena, &in.data, &in.n_data, NULL);
    in.n_data = sy_ok(s) ? in.n_data : 0;
    k->extra = in;
    int32_t code = kit_call(k, "acme", "model.run", &sy_run_desc, run, k->grant, k->model);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t kit_run(struct kit *k, const char *age)
{
    struct sy_run_param param = {.name = V("min_age"), .value = V(age)};
    struct sy_run run = {.params = &param, .n_params = 1};
    return kit_run_plan(k, kit_plan(k), &run);
}

int32_t kit_answer(struct kit *k, uint64_t charge, const char *outcome)
{
    k->extra = (struct sy_inputs){.charge = charge, .outcome = V(outcome)};
    memset(k->extra.commit, 0x33, 32);
    int32_t code = kit_call(k, "warden", "job.answer", NULL, NULL, NULL, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t kit_order(struct kit *k, const char *party, const char *method, const char *ground)
{
    struct sy_order o = {.ground = V(ground)};
    bool expire = strcmp(method, "grant.expire") == 0;
    k->extra = (struct sy_inputs){.share_ok = strcmp(method, "scene.resume") == 0};
    int32_t code = kit_call(k, party, method, expire ? NULL : &sy_order_desc, &o, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

/* ---- stages ---- */

void kit_catalogue(struct kit *k)
{
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
    assert_int_equal(kit_enrol(k, "clinic", "department"), 0);
    assert_int_equal(kit_enrol(k, "acme", "developer"), 0);
    assert_int_equal(kit_enrol(k, "rival", "developer"), 0);
    assert_int_equal(kit_enrol(k, "audit", "auditor"), 0);
    assert_int_equal(kit_adopt(k, kit_pack_record(k, 1)), 0);
    assert_int_equal(kit_define(k, kit_persons(k)), 0);
    assert_int_equal(kit_define(k, kit_events(k)), 0);
    assert_int_equal(kit_define(k, kit_streets(k)), 0);
    assert_int_equal(kit_define(k, kit_births(k)), 0);
    assert_int_equal(kit_publish(k, kit_persons(k), 1), 0);
    assert_int_equal(kit_publish(k, kit_events(k), 1), 0);
    assert_int_equal(kit_publish(k, kit_births(k), 1), 0);
}

void kit_approved(struct kit *k)
{
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}

void kit_granted(struct kit *k)
{
    kit_catalogue(k);
    kit_approved(k);
}

void kit_ready(struct kit *k)
{
    kit_granted(k);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
}

/* ---- plans under check ---- */

struct sy_row_account kit_account_of(struct kit *k, struct sy_view grant_key)
{
    const size_t n = strlen("grant/");
    struct rules_key key = rules_key_id("account/", sy_view(grant_key.p + n, grant_key.n - n));
    struct sy_row_account a;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_account_desc, &k->arena, &a,
                              NULL));
    return a;
}

struct sy_row_account kit_account(struct kit *k)
{
    struct rules_key grant = rules_key_hash("grant/", k->grant);
    return kit_account_of(k, rules_key_view(&grant));
}

struct world kit_world(struct kit *k)
{
    struct rules_grant *g = kit_alloc(k, 1, sizeof(*g));
    struct world w = {
        .k = k, .plan = kit_plan(k), .pack = kit_pack_record(k, 1), .proposal = kit_proposal(k)};
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, g, &k->err));
    w.defs = g->defs;
    return w;
}

sy_status kit_check(struct world *w, struct rules_plan_facts *ret)
{
    struct rules_plan_case c = {w->plan, &w->defs, w->pack, w->proposal};
    memset(&w->k->err, 0, sizeof(w->k->err));
    return rules_plan_check(&c, &w->k->arena, ret, &w->k->err);
}

uint64_t *kit_nums(struct kit *k, const uint64_t *v, size_t n)
{
    uint64_t *p = kit_alloc(k, n, sizeof(*p));
    memcpy(p, v, n * sizeof(*p));
    return p;
}

struct sy_plan_expr col(struct world *w, int64_t i)
{
    (void)w;
    return (struct sy_plan_expr){.i = i, .op = V("col")};
}

struct sy_plan_expr call(struct world *w, const char *op, uint64_t a, uint64_t b)
{
    return (struct sy_plan_expr){.args = NUMS(w, a, b), .n_args = 2, .op = V(op)};
}

struct sy_plan_expr *list(struct world *w, const struct sy_plan_expr *e, size_t n)
{
    struct sy_plan_expr *p = kit_alloc(w->k, n, sizeof(*p));
    memcpy(p, e, n * sizeof(*p));
    return p;
}
