/* See test_own_kit.h. */
#include "test_own_kit.h"

#include <string.h>

#include "proof/hash.h"

enum { CONTENT = 0x5c, KEYS = 0x11, PART = 9 };

struct sy_pack *own_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = kit_pack_record(k, version);
    p->n_scheme = 1;
    p->scheme = product_pack(k, version)->scheme;
    p->scheme->n_scene = 1;
    p->scheme->scene = kit_alloc(k, 1, sizeof(*p->scheme->scene));
    *p->scheme->scene = (struct sy_pack_scene){
        .reason_min = SCENE_REASON, .review_days = SCENE_DAYS, .rounds_max = SCENE_ROUNDS};
    p->scheme->n_fusion = 1;
    p->scheme->fusion = kit_alloc(k, 1, sizeof(*p->scheme->fusion));
    *p->scheme->fusion = (struct sy_pack_fusion){.bytes = OWN_BYTES_MAX, .grade = OWN_GRADE};
    return p;
}

void own_begin(struct kit *k)
{
    scene_begin(k);
    assert_int_equal(kit_adopt(k, own_pack(k, 3)), 0);
}

struct sy_own *own_record(struct kit *k)
{
    struct sy_own *a = kit_alloc(k, 1, sizeof(*a));
    *a = (struct sy_own){.bytes = OWN_BYTES,
                         .def = *kit_events(k),
                         .statement = {.basis = V("购销合同第 7 条"), .source = V("门店会员登记")}};
    a->def.id = V(OWN_ID);
    a->def.department = V("acme");
    memset(a->content, CONTENT, 32);
    memset(a->statement.evidence, 0x77, 32);
    return a;
}

int32_t own_define_by(struct kit *k, const char *party, const struct sy_own *a)
{
    struct sy_dataset_keys keys;
    memset(&keys, KEYS, sizeof(keys));
    memset(keys.department, 0, sizeof(keys.department)); /* own data has no third holder */
    k->extra = (struct sy_inputs){.keys = &keys, .n_keys = 1};
    int32_t code = kit_call(k, party, "own.define", &sy_own_desc, a, NULL, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t own_define(struct kit *k, const struct sy_own *a)
{
    return own_define_by(k, "acme", a);
}

struct sy_proposal *own_proposal(struct kit *k)
{
    struct sy_proposal *p = scene_proposal(k);
    struct sy_prop_dataset *all = kit_alloc(k, p->n_datasets + 1, sizeof(*all));
    memcpy(all, p->datasets, p->n_datasets * sizeof(*all));
    all[p->n_datasets] = all[1]; /* the fields of events */
    all[p->n_datasets].dataset = V(OWN_ID);
    p->datasets = all;
    p->n_datasets++;
    p->application->own_data = KIT_STRS(k, OWN_ID);
    p->application->n_own_data = 1;
    return p;
}

void own_granted(struct kit *k)
{
    own_begin(k);
    assert_int_equal(own_define(k, own_record(k)), 0);
    assert_int_equal(kit_apply(k, own_proposal(k)), 0);
    scene_approved(k);
}

int32_t own_confirm(struct kit *k, const char *decision)
{
    const struct sy_own_confirm a = {
        .dataset = V(OWN_ID), .decision = V(decision), .opinion = V("papers were seen")};
    return kit_call(k, "operator", "own.confirm", &sy_own_confirm_desc, &a, k->grant, NULL);
}

struct rules_request *own_part(struct kit *k, uint64_t part, uint64_t parts)
{
    const struct sy_own_put a = {.dataset = V(OWN_ID), .part = part, .parts = parts};
    struct rules_request *r = kit_request(k, "acme", "own.put", &sy_own_put_desc, &a);
    memset(r->secret_digest, PART, 32);
    proof_args_digest(r->header.body, r->salt, r->args, r->secret_digest);
    memcpy(r->header.grant, k->grant, 32);
    kit_sign(k, r, kit_party(k, "acme"));
    return r;
}

int32_t own_put_with(struct kit *k, uint64_t part, uint64_t parts, const struct sy_own_staged *held)
{
    struct sy_own_staged one = *held;
    k->extra = (struct sy_inputs){.own = &one, .n_own = 1};
    int32_t code = kit_send(k, own_part(k, part, parts));
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t own_put(struct kit *k, uint64_t part, uint64_t parts)
{
    bool last = part + 1 == parts;
    struct sy_own_staged held = {.bytes = last ? OWN_BYTES : part + 1, .parts = part + 1};
    memset(held.content, last ? CONTENT : (int)part + 1, 32);
    return own_put_with(k, part, parts, &held);
}

int32_t own_publish(struct kit *k)
{
    return kit_publish(k, &own_record(k)->def, 1);
}

int32_t own_erased(struct kit *k)
{
    struct sy_own_erased a = {.dataset = V(OWN_ID)};
    if (own_row(k).loaded > 0) {
        memset(a.header, 0x21, 32); /* kit_publish's version 1 */
    }
    return kit_call(k, "warden", "own.erased", &sy_own_erased_desc, &a, k->grant, NULL);
}

void own_loaded_domain(struct kit *k)
{
    own_granted(k);
    assert_int_equal(own_confirm(k, "approve"), 0);
    assert_int_equal(own_put(k, 0, 2), 0);
    assert_int_equal(own_put(k, 1, 2), 0);
    assert_int_equal(own_publish(k), 0);
}

struct sy_own_row own_row(struct kit *k)
{
    struct sy_own_row row;
    check_ok(rules_state_read(k->state, V("own/" OWN_ID), &sy_own_row_desc, &k->arena, &row, NULL));
    return row;
}

struct sy_plan *own_plan(struct kit *k)
{
    struct sy_plan *p = kit_plan(k);
    for (size_t i = 0; i < p->n_rels; i++) {
        if (sy_view_is(p->rels[i].source, "events")) {
            p->rels[i].source = V(OWN_ID);
        }
    }
    for (size_t i = 0; i < p->n_sources; i++) {
        if (sy_view_is(p->sources[i].dataset, "events")) {
            p->sources[i].dataset = V(OWN_ID);
            proof_sha256_one(p->sources[i].def,
                             kit_encode(k, &sy_dataset_def_desc, &own_record(k)->def));
        }
    }
    return p;
}

void own_model(struct kit *k)
{
    assert_int_equal(kit_register(k, kit_model_def(k), own_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
}

int32_t own_run(struct kit *k, const char *age)
{
    struct sy_run_param param = {.name = V("min_age"), .value = V(age)};
    const struct sy_run run = {.params = &param, .n_params = 1};
    return kit_run_plan(k, own_plan(k), &run);
}

/* ---- what tests share ---- */

int own_setup(void **state)
{
    static struct product_kit p; /* its domain comes first, and most tests need no more */
    memset(&p, 0, sizeof(p));
    kit_init(&p.k);
    *state = &p;
    return 0;
}

int own_teardown(void **state)
{
    kit_free(*state);
    return 0;
}

bool own_says(struct kit *k, const char *what)
{
    char reason[256];
    sy_view_to_cstr(k->verdict.reason, reason, sizeof(reason));
    return strstr(reason, what) != NULL;
}

void own_status_is(struct kit *k, const char *status)
{
    assert_true(sy_view_is(own_row(k).status, status));
}

struct sy_proposal *own_other_scene(struct kit *k)
{
    struct sy_proposal *p = own_proposal(k);
    p->scene = V("other");
    return p;
}
