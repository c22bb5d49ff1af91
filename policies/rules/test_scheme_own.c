/*
 * A developer's own data (fusion): whose it is, who confirms it, and which bytes come in.
 */
#include "test_own_kit.h"

#include <string.h>

/* ---- whose it is ---- */

static void control_fusion_own(void **state)
{
    struct kit *k = *state;
    own_begin(k);
    struct sy_dataset_def *taken = kit_events(k);
    taken->id = V(OWN_ID); /* a department's, under an id of own data */
    assert_int_equal(kit_define(k, taken), SY_E_DENIED);
    struct sy_own *a = own_record(k);
    a->def.id = V("events2"); /* a developer's, that looks like a department's */
    assert_int_equal(own_define(k, a), SY_E_DENIED);
    assert_int_equal(own_define_by(k, "rival", own_record(k)), SY_E_DENIED); /* in acme's name */
    a = own_record(k);
    memset(a->statement.evidence, 0, 32);
    assert_int_equal(own_define(k, a), SY_E_FIELD);
    a = own_record(k);
    a->statement.source = V("");
    assert_int_equal(own_define(k, a), SY_E_FIELD);
    assert_int_equal(own_define(k, own_record(k)), 0);
    struct sy_proposal *p = own_proposal(k); /* acme's data in another's scene */
    p->developer = V("rival");
    assert_int_equal(kit_call(k, "rival", "scene.apply", &sy_proposal_desc, p, NULL, NULL),
                     SY_E_NOT_FOUND);
    assert_int_equal(kit_apply(k, own_proposal(k)), 0);
}

typedef void spoil_fn(struct kit *k, struct sy_own *a);

static void too_large(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->bytes = OWN_BYTES_MAX + 1;
}
static void of_no_bytes(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->bytes = 0;
}
static void of_unknown_bytes(struct kit *k, struct sy_own *a)
{
    (void)k;
    memset(a->content, 0, 32);
}
static void counts_people(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->def.units = 1000;
}
static void low_field(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->def.fields[2].grade = OWN_GRADE - 1;
}
static void low_membership(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->def.membership = OWN_GRADE - 1;
}
static void own_namespace(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->def.ns = a->def.fields[0].ref = V("member");
}
static void own_custody(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->def.custodian = V("acme");
}
static void other_form(struct kit *k, struct sy_own *a)
{
    (void)k;
    a->def.fields[0].klass = V("idno"); /* the catalogue's are stored as they are written */
}
static void people_in_public(struct kit *k, struct sy_own *a)
{
    struct sy_dataset_def zones = *kit_streets(k);
    a->def.fields = zones.fields;
    a->def.n_fields = zones.n_fields;
    a->def.fields[1] =
        (struct sy_field_def){.grade = 1, .klass = V("name"), .name = V("name"), .type = V("text")};
    a->def.membership = 1;
    a->def.ns = a->def.unit = a->def.custodian = (struct sy_view){0};
}

/* Whoever chooses the rows declares nothing that protection rests on. */
static void a_definition_is_sound(void **state)
{
    static spoil_fn *const spoil[] = {too_large,  of_no_bytes,     of_unknown_bytes, counts_people,
                                      low_field,  low_membership,  own_namespace,    own_custody,
                                      other_form, people_in_public};
    struct kit *k = *state;
    own_begin(k);
    for (size_t i = 0; i < LEN(spoil); i++) {
        struct sy_own *a = own_record(k);
        spoil[i](k, a);
        int32_t code = own_define(k, a);
        if (code != SY_E_FIELD && code != SY_E_LIMIT && code != SY_E_PARTY) {
            fail_msg("case %zu: %s", i, sy_code_name(code));
        }
    }
    assert_int_equal(own_define(k, own_record(k)), 0);
    assert_int_equal(own_define(k, own_record(k)), SY_E_EXISTS);
}

/* The section by itself: beside one for scenes, with a size and a grade that something may leave for. */
static void the_packs_section(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    struct sy_pack *p = own_pack(k, 3);
    p->scheme->n_scene = 0;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "pack.scheme.fusion"));
    p = own_pack(k, 3);
    p->scheme->fusion->bytes = 0;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p->scheme->fusion->bytes = (UINT64_C(1) << 30) + 1;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p = own_pack(k, 3);
    p->scheme->fusion->grade = 1; /* public: not of people */
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p->scheme->fusion->grade = 5; /* the pack has four */
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    assert_int_equal(kit_adopt(k, own_pack(k, 3)), 0);
}

/* Where the pack says nothing about fusion, nothing is fused. */
static void without_a_section(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(own_define(k, own_record(k)), SY_E_STATE);
}

/* ---- which scene ---- */

static void control_fusion_named(void **state)
{
    struct kit *k = *state;
    own_begin(k);
    assert_int_equal(own_define(k, own_record(k)), 0);
    struct sy_proposal *p = own_proposal(k);
    p->application->n_own_data = 0; /* it takes what it does not speak of */
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "application.own_data"));
    p = own_proposal(k);
    p->n_datasets--; /* it speaks of what it does not take */
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    assert_int_equal(kit_apply(k, own_proposal(k)), 0);
}

static void control_fusion_scene(void **state)
{
    struct kit *k = *state;
    uint8_t first[32];
    own_begin(k);
    assert_int_equal(own_define(k, own_record(k)), 0);
    assert_int_equal(kit_apply(k, own_proposal(k)), 0);
    memcpy(first, k->grant, 32);
    assert_int_equal(kit_apply(k, own_other_scene(k)), SY_E_EXISTS); /* while that is reviewed */
    memcpy(k->grant, first, 32);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "reject"), 0);
    assert_int_equal(kit_apply(k, own_other_scene(k)), 0); /* it was never granted */
    assert_memory_equal(own_row(k).grant, k->grant, 32);
    scene_approved(k);
    memcpy(first, k->grant, 32);
    assert_int_equal(kit_apply(k, own_proposal(k)), SY_E_EXISTS); /* while that is in force */
    memcpy(k->grant, first, 32);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_apply(k, own_proposal(k)), SY_E_EXISTS); /* while it is stopped */
    memcpy(k->grant, first, 32);
}

/* What a grant has is another's to confirm and to fill only under that grant. */
static void under_its_grant(void **state)
{
    struct kit *k = *state;
    uint8_t with[32];
    own_granted(k);
    memcpy(with, k->grant, 32);
    struct sy_proposal *p = scene_proposal(k);
    p->scene = V("plain");
    p->application->n_own_data = 0;
    assert_int_equal(kit_apply(k, p), 0);
    scene_approved(k);
    assert_int_equal(own_confirm(k, "approve"), SY_E_GRANT);
    memcpy(k->grant, with, 32);
    assert_int_equal(own_confirm(k, "approve"), 0);
}

/* What is applied for today is judged again by the pack of the day when it is granted. */
static void fusion_forbidden_meanwhile(void **state)
{
    struct kit *k = *state;
    own_begin(k);
    assert_int_equal(own_define(k, own_record(k)), 0);
    assert_int_equal(kit_apply(k, own_proposal(k)), 0);
    scene_reviewed(k);
    struct sy_pack *p = own_pack(k, 4);
    p->scheme->n_fusion = 0;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_DENIED);
    assert_int_equal(kit_adopt(k, own_pack(k, 5)), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
}

/* Its scene for less. */
static struct sy_proposal *smaller(struct kit *k)
{
    struct sy_proposal *p = own_proposal(k);
    p->datasets[0].n_fields--;
    p->calls = 3;
    memcpy(p->application->shrinks, k->grant, 32);
    return p;
}

/* A smaller grant of the same scene takes it along. */
static void a_smaller_grant_keeps_it(void **state)
{
    struct kit *k = *state;
    uint8_t larger[32];
    own_loaded_domain(k);
    memcpy(larger, k->grant, 32);
    assert_int_equal(kit_apply(k, smaller(k)), 0);
    assert_memory_equal(own_row(k).grant, larger, 32); /* until that is granted */
    scene_approved(k);
    assert_memory_equal(own_row(k).grant, k->grant, 32);
    own_status_is(k, "loaded");
    assert_int_equal(own_erased(k), SY_E_STATE); /* its grant lives */
    own_model(k);
    assert_int_equal(own_run(k, "40"), 0);
}

/* ---- what comes in ---- */

static void control_fusion_confirmed(void **state)
{
    struct kit *k = *state;
    own_granted(k);
    assert_int_equal(own_put(k, 0, 2), SY_E_STATE);
    assert_int_equal(own_confirm(k, "maybe"), SY_E_FIELD);
    assert_int_equal(own_confirm(k, "approve"), 0);
    assert_int_equal(own_confirm(k, "reject"), SY_E_STATE); /* decided */
    assert_int_equal(own_put(k, 0, 2), 0);
}

static void what_was_rejected(void **state)
{
    struct kit *k = *state;
    own_granted(k);
    assert_int_equal(own_confirm(k, "reject"), 0);
    own_status_is(k, "rejected");
    assert_int_equal(own_put(k, 0, 1), SY_E_STATE);
    assert_int_equal(own_confirm(k, "approve"), SY_E_STATE);
    assert_int_equal(kit_apply(k, smaller(k)), SY_E_STATE); /* nor by another way */
    assert_true(own_says(k, "rejected"));
}

static void control_fusion_content(void **state)
{
    struct kit *k = *state;
    struct sy_own_staged held = {.bytes = OWN_BYTES, .parts = 1};
    own_granted(k);
    assert_int_equal(own_confirm(k, "approve"), 0);
    memcpy(held.content, own_row(k).content, 32);
    held.content[31] ^= 1; /* other bytes, as many */
    assert_int_equal(own_put_with(k, 0, 1, &held), SY_E_DIGEST);
    held.content[31] ^= 1;
    held.bytes--;
    assert_int_equal(own_put_with(k, 0, 1, &held), SY_E_DIGEST);
    held.bytes = OWN_BYTES + 1; /* more than was confirmed, before the last part */
    assert_int_equal(own_put_with(k, 0, 2, &held), SY_E_DIGEST);
    held.bytes = OWN_BYTES;
    assert_int_equal(own_publish(k), SY_E_STATE); /* none of them is in */
    assert_int_equal(own_put_with(k, 0, 1, &held), 0);
    assert_int_equal(own_publish(k), 0);
    assert_int_equal(own_put_with(k, 0, 1, &held), SY_E_STATE); /* it comes in once */
}

static void parts_come_in_order(void **state)
{
    struct kit *k = *state;
    const struct sy_own_staged none = {0};
    own_granted(k);
    assert_int_equal(own_confirm(k, "approve"), 0);
    struct rules_request *empty = own_part(k, 0, 3); /* of no bytes */
    memset(empty->secret_digest, 0, 32);
    proof_args_digest(empty->header.body, empty->salt, empty->args, empty->secret_digest);
    kit_sign(k, empty, kit_party(k, "acme"));
    assert_int_equal(kit_send(k, empty), SY_E_FIELD);
    assert_int_equal(own_put(k, 1, 3), SY_E_STATE); /* not the first */
    assert_int_equal(own_put(k, 0, 0), SY_E_FIELD);
    assert_int_equal(own_put(k, 3, 3), SY_E_FIELD);
    assert_int_equal(own_put(k, 0, 3), 0);
    assert_int_equal(own_put(k, 0, 3), 0); /* it starts again */
    assert_int_equal(own_put(k, 2, 3), SY_E_STATE);
    assert_int_equal(own_put(k, 1, 2), SY_E_STATE);             /* of another number of parts */
    assert_int_equal(own_put_with(k, 1, 3, &none), SY_E_STATE); /* the warden lost what it held */
    assert_int_equal(own_put(k, 1, 3), 0);
    assert_int_equal(own_publish(k), SY_E_STATE); /* one is missing */
    assert_int_equal(own_row(k).next, 2);
}

/* A part that is sent again under its own envelope has had its outcome. */
static void a_replay_does_nothing(void **state)
{
    struct kit *k = *state;
    struct sy_own_staged held = {.bytes = 1, .parts = 1};
    own_granted(k);
    assert_int_equal(own_confirm(k, "approve"), 0);
    struct rules_request *r = own_part(k, 0, 2);
    k->extra = (struct sy_inputs){.own = &held, .n_own = 1};
    assert_int_equal(kit_send(k, r), 0);
    uint64_t entry = k->entry;
    assert_int_equal(kit_send(k, r), 0);
    assert_int_equal(k->entry, entry);
    k->extra = (struct sy_inputs){0};
    assert_int_equal(own_put(k, 1, 2), 0);
    assert_int_equal(kit_send(k, r), 0); /* later too */
    assert_int_equal(own_row(k).next, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, own_setup, own_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(control_fusion_own),       TEST(a_definition_is_sound),
        TEST(the_packs_section),        TEST(without_a_section),
        TEST(control_fusion_named),     TEST(control_fusion_scene),
        TEST(under_its_grant),          TEST(fusion_forbidden_meanwhile),
        TEST(a_smaller_grant_keeps_it), TEST(control_fusion_confirmed),
        TEST(what_was_rejected),        TEST(control_fusion_content),
        TEST(parts_come_in_order),      TEST(a_replay_does_nothing)};
    return cmocka_run_group_tests_name("rules_scheme_own", tests, NULL, NULL);
}
