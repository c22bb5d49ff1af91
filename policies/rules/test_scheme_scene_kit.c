/* See test_scheme_scene_kit.h. */
#include "test_scheme_scene_kit.h"

#include <string.h>

void scene_begin(struct kit *k)
{
    kit_catalogue(k);
    struct sy_pack *p = kit_pack_record(k, 2);
    p->n_scheme = 1;
    p->scheme = kit_alloc(k, 1, sizeof(*p->scheme));
    p->scheme->n_scene = 1;
    p->scheme->scene = kit_alloc(k, 1, sizeof(*p->scheme->scene));
    *p->scheme->scene = (struct sy_pack_scene){
        .reason_min = SCENE_REASON, .review_days = SCENE_DAYS, .rounds_max = SCENE_ROUNDS};
    assert_int_equal(kit_adopt(k, p), 0);
}

struct sy_proposal *scene_proposal(struct kit *k)
{
    struct sy_proposal *p = kit_proposal(k);
    p->n_application = 1;
    p->application = kit_alloc(k, 2, sizeof(*p->application));
    *p->application = (struct sy_application){
        .benefit = V("Lower costs of care."),
        .class_ = V("public"),
        .domain = V("health"),
        .market = V("Three insurers asked."),
        .own_data = KIT_STRS(k, "wards", "pharmacies"),
        .n_own_data = 2,
        .products_planned = KIT_STRS(k, "service", "report"),
        .n_products_planned = 2,
        .revenue_plan = V("Half to the operator."),
        .route = V("Counts with noise."),
    };
    for (size_t i = 0; i < p->n_datasets; i++) {
        for (size_t f = 0; f < p->datasets[i].n_fields; f++) {
            p->datasets[i].fields[f].reason = V("needed for the rates");
        }
    }
    return p;
}

struct sy_proposal *scene_other(struct kit *k)
{
    struct sy_proposal *p = scene_proposal(k);
    p->calls = 50;
    return p;
}

struct sy_review scene_words(const char *decision)
{
    return (struct sy_review){.compliance = V("lawful"),
                              .decision = V(decision),
                              .feasibility = V("it can be done"),
                              .opinion = V("see the four points"),
                              .risk = V("small"),
                              .value = V("large")};
}

int32_t scene_send(struct kit *k, const char *party, const char *method, const struct sy_review *r)
{
    k->extra = (struct sy_inputs){.share_ok = strcmp(method, "scene.final_review") == 0};
    int32_t code = kit_call(k, party, method, &sy_review_desc, r, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t scene_judge(struct kit *k, const char *party, const char *method, const char *decision)
{
    const struct sy_review r = scene_words(decision);
    return scene_send(k, party, method, &r);
}

int32_t scene_say(struct kit *k, const char *party, const char *text)
{
    const struct sy_comment a = {.text = V(text)};
    return kit_call(k, party, "scene.comment", &sy_comment_desc, &a, k->grant, NULL);
}

void scene_reviewed(struct kit *k)
{
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(scene_judge(k, "clinic", "scene.consent", "approve"), 0);
}

void scene_approved(struct kit *k)
{
    scene_reviewed(k);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
}

struct sy_row_proposal scene_row(struct kit *k)
{
    struct rules_key key = rules_key_hash("proposal/", k->grant);
    struct sy_row_proposal row;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_proposal_desc, &k->arena,
                              &row, NULL));
    return row;
}

bool scene_has_grant(struct kit *k)
{
    struct rules_key key = rules_key_hash("grant/", k->grant);
    struct sy_view value;
    return rules_state_get(k->state, rules_key_view(&key), &value);
}

struct sy_row_grant scene_grant(struct kit *k, const uint8_t id[32])
{
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_row_grant row;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_grant_desc, &k->arena, &row,
                              NULL));
    return row;
}

const struct sy_proposal *scene_granted(struct kit *k, const uint8_t id[32])
{
    struct sy_proposal *p = kit_alloc(k, 1, sizeof(*p));
    check_ok(sy_record_decode(&sy_proposal_desc, scene_grant(k, id).proposal, &SY_MP_REQUEST,
                              &k->arena, p, NULL));
    return p;
}
