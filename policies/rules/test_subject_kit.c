/*
 * A pack, a proposal and a plan for questions about one consenting subject. Each call makes a fresh, sound
 * copy that a test may spoil.
 */
#include "test_kit.h"

#include <string.h>

struct sy_pack *kit_subject_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = kit_pack_record(k, version);
    for (size_t g = 1; g < 3; g++) {
        p->grades[g].mechanisms = KIT_STRS(k, "gauss", "laplace", "subject");
        p->grades[g].n_mechanisms = 3;
    }
    p->grades[3].mechanisms = KIT_STRS(k, "subject");
    p->grades[3].n_mechanisms = 1;
    p->subject = kit_alloc(k, 1, sizeof(*p->subject));
    p->n_subject = 1;
    p->subject[0] = (struct sy_pack_subject){.developer_max = KIT_DEVELOPER_MAX,
                                             .subject_max = KIT_SUBJECT_MAX,
                                             .token_max_s = KIT_TOKEN_MAX_S,
                                             .window_s = KIT_WINDOW_S};
    return p;
}

struct sy_proposal *kit_subject_proposal(struct kit *k)
{
    static const char *const persons[] = {"id", "age", "hiv", "town", "street"};
    static const char *const births[] = {"child", "mother", "weight"};
    struct sy_proposal *p = kit_proposal(k);
    p->calls = 20;
    p->mechanisms = KIT_STRS(k, "subject");
    p->n_mechanisms = 1;
    p->rho = 0;
    p->delta = 0;
    p->n_datasets = 2;
    const struct {
        const char *id;
        const char *const *names;
        size_t n;
    } asked[] = {{"persons", persons, LEN(persons)}, {"births", births, LEN(births)}};
    for (size_t i = 0; i < LEN(asked); i++) {
        struct sy_prop_dataset *d = &p->datasets[i];
        *d = (struct sy_prop_dataset){.dataset = V(asked[i].id), .n_fields = asked[i].n};
        d->fields = kit_alloc(k, asked[i].n, sizeof(*d->fields));
        for (size_t j = 0; j < asked[i].n; j++) {
            d->fields[j] =
                (struct sy_prop_field){.name = V(asked[i].names[j]), .reason = V("needed")};
        }
    }
    return p;
}

static struct sy_plan_param *params(struct kit *k)
{
    struct sy_plan_param *p = kit_alloc(k, 2, sizeof(*p));
    p[0] = (struct sy_plan_param){.asserted = true,
                                  .kind = V("int"),
                                  .name = V("least"),
                                  .values = KIT_STRS(k, "0", "150"),
                                  .n_values = 2};
    return p;
}

/* r0 persons(id age hiv)  r1 r0 by id, max(age), max(hiv)  : is the subject's age at least $least? */
struct sy_plan *kit_subject_plan(struct kit *k)
{
    static const struct kit_expr copy[] = {{.op = "col", .i = 0}, {.op = "col", .i = 1}};
    static const struct kit_expr ask[] = {
        {.op = "col", .i = 1}, {.op = "param"}, {.op = "ge", .args = {0, 1}, .n_args = 2}};
    struct sy_plan *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_plan){.v = SY_PLAN_SCHEMA, .params = params(k), .n_params = 1};
    p->rels = kit_alloc(k, 2, sizeof(*p->rels));
    p->n_rels = 2;
    p->rels[0] = (struct sy_plan_rel){
        .names = KIT_STRS(k, "id", "age"), .n_names = 2, .op = V("scan"), .source = V("persons")};
    p->rels[1] = (struct sy_plan_rel){.exprs = kit_exprs(k, copy, LEN(copy)),
                                      .n_exprs = LEN(copy),
                                      .fns = KIT_STRS(k, "max"),
                                      .n_fns = 1,
                                      .in = kit_nums(k, (const uint64_t[]){0}, 1),
                                      .n_in = 1,
                                      .names = KIT_STRS(k, "id", "age"),
                                      .n_names = 2,
                                      .n_keys = 1,
                                      .op = V("reduce"),
                                      .outs = kit_nums(k, (const uint64_t[]){0, 1}, 2),
                                      .n_outs = 2};
    struct sy_plan_block *b = kit_alloc(k, 2, sizeof(*b));
    *b = (struct sy_plan_block){.exprs = kit_exprs(k, ask, LEN(ask)),
                                .n_exprs = LEN(ask),
                                .groups = 1,
                                .keys = kit_alloc(k, 2, sizeof(*b->keys)),
                                .n_keys = 1,
                                .mechanism = V("subject"),
                                .name = V("main"),
                                .ns = V("person"),
                                .rel = 1,
                                .rows = 1};
    b->keys[0] = (struct sy_plan_key){.expr = 2,
                                      .labels = KIT_STRS(k, "false", "true"),
                                      .n_labels = 2,
                                      .nullable = false,
                                      .name = V("ok")};
    p->blocks = b;
    p->n_blocks = 1;
    p->outs = kit_alloc(k, 2, sizeof(*p->outs));
    p->outs[0] = (struct sy_plan_out){.name = V("ok"), .op = V("key")};
    p->n_outs = 1;
    kit_sources(k, p);
    return p;
}

struct sy_model_def *kit_subject_def(struct kit *k)
{
    struct sy_model_def *d = kit_model_def(k);
    d->params = kit_subject_plan(k)->params;
    d->blocks[0].n_clamps = 0;
    d->blocks[0].groups = d->blocks[0].rows = 1;
    d->blocks[0].rho = 0;
    d->blocks[0].mechanism = V("subject");
    return d;
}

static void want(struct kit *k, int32_t code, const char *step)
{
    if (code != 0) {
        fail_msg("%s: %s %.*s %.*s", step, sy_code_name(code), SY_PV(k->verdict.field),
                 SY_PV(k->verdict.reason));
    }
}

void kit_subject_granted(struct kit *k)
{
    kit_catalogue(k);
    want(k, kit_enrol(k, "issuer", "issuer"), "enrol");
    want(k, kit_adopt(k, kit_subject_pack(k, 2)), "adopt");
    want(k, kit_apply(k, kit_subject_proposal(k)), "apply");
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}
