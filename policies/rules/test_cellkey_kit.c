/* See test_cellkey_kit.h. */
#include "test_cellkey_kit.h"

#include <string.h>

/* ---- the pack ---- */

/* Noise -1, 0, 1 for all cells of ten units and more that may have it, none below. */
static struct sy_pack_ptable *table(struct kit *k, size_t *ret_n)
{
    static const int64_t none[] = {0};
    static const uint64_t one[] = {UINT64_C(1) << 32};
    static const int64_t three[] = {-1, 0, 1};
    static const uint64_t thirds[] = {UINT64_C(1) << 30, UINT64_C(3) << 30, UINT64_C(1) << 32};
    enum { ROWS = 12 };
    struct sy_pack_ptable *t = kit_alloc(k, ROWS, sizeof(*t));
    for (size_t i = 0; i < ROWS; i++) {
        bool noised = i + 1 == ROWS;
        t[i].n_noise = t[i].n_cum = noised ? 3 : 1;
        t[i].noise = kit_alloc(k, 3, sizeof(*t[i].noise));
        t[i].cum = kit_alloc(k, 3, sizeof(*t[i].cum));
        memcpy(t[i].noise, noised ? three : none, t[i].n_noise * sizeof(*three));
        memcpy(t[i].cum, noised ? thirds : one, t[i].n_cum * sizeof(*thirds));
    }
    *ret_n = ROWS;
    return t;
}

struct sy_pack *ck_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = kit_pack_record(k, version);
    p->cellkey = kit_alloc(k, 1, sizeof(*p->cellkey));
    p->n_cellkey = 1;
    p->cellkey[0] = (struct sy_pack_cellkey){.nk_n = 2,
                                             .nk_permille = 900,
                                             .p_permille = 100,
                                             .protect = 10,
                                             .round = 5,
                                             .sum_sigma = 256,
                                             .units_min = 10};
    p->cellkey[0].table = table(k, &p->cellkey[0].n_table);
    p->grades[1].mechanisms = KIT_STRS(k, "gauss", "laplace", "cellkey");
    p->grades[1].n_mechanisms = 3;
    p->budgets[0].cells = 200;
    return p;
}

/* ---- the catalogue ---- */

static struct sy_dataset_def *dataset(struct kit *k, const char *id, const struct sy_field_def *f,
                                      size_t n)
{
    struct sy_dataset_def *d = kit_alloc(k, 1, sizeof(*d));
    *d = (struct sy_dataset_def){.custodian = V("agency"),
                                 .department = V("health"),
                                 .encoding = V("utf-8"),
                                 .fields = kit_alloc(k, n, sizeof(*f)),
                                 .id = V(id),
                                 .max_rows = 100000,
                                 .membership = 2,
                                 .n_fields = n,
                                 .ns = V("person"),
                                 .title = V(id),
                                 .unit = V("id")};
    memcpy(d->fields, f, n * sizeof(*f));
    return d;
}

struct sy_dataset_def *ck_residents(struct kit *k)
{
    const struct sy_field_def f[] = {
        {.grade = 2, .name = V("id"), .ref = V("person"), .rows = 1, .type = V("unit")},
        {.grade = 2, .grain = 5, .hi = 120, .name = V("age"), .nullable = true, .type = V("int32")},
        {.grade = 2,
         .name = V("town"),
         .nullable = true,
         .type = V("enum"),
         .values = KIT_STRS(k, "a", "b", "c", "d", "e", "f"),
         .n_values = 6},
        {.grade = 2, .name = V("male"), .type = V("bool")},
        {.grade = 2, .grain = 30, .hi = 20088, .lo = 0, .name = V("born"), .type = V("date")},
        {.grade = 2, .hi = 5000, .name = V("fee"), .scale = 2, .type = V("decimal")},
    };
    return dataset(k, "residents", f, LEN(f));
}

struct sy_dataset_def *ck_visits(struct kit *k)
{
    const struct sy_field_def f[] = {
        {.grade = 2, .name = V("id"), .ref = V("person"), .rows = 20, .type = V("unit")},
        {.grade = 2, .hi = 20088, .lo = 16436, .name = V("day"), .type = V("date")},
        {.grade = 2,
         .grain = 2,
         .name = V("dept"),
         .type = V("enum"),
         .values = KIT_STRS(k, "er", "icu", "opd", "ward"),
         .n_values = 4},
        {.grade = 2, .hi = 100000, .name = V("cost"), .type = V("int32")},
        {.grade = 2, .hi = 10, .lo = -10, .name = V("delta"), .type = V("int32")},
    };
    struct sy_dataset_def *d = dataset(k, "visits", f, LEN(f));
    d->turnover = 50;
    return d;
}

struct sy_dataset_def *ck_areas(struct kit *k)
{
    const struct sy_field_def f[] = {
        {.grade = 1,
         .name = V("town"),
         .rows = 1,
         .type = V("enum"),
         .values = KIT_STRS(k, "a", "b", "c", "d", "e", "f"),
         .n_values = 6},
        {.grade = 1,
         .name = V("region"),
         .type = V("enum"),
         .values = KIT_STRS(k, "north", "south"),
         .n_values = 2},
    };
    struct sy_dataset_def *d = dataset(k, "areas", f, LEN(f));
    d->ns = d->unit = d->custodian = (struct sy_view){0};
    d->membership = 1;
    d->max_rows = 6;
    return d;
}

void ck_domain(struct kit *k)
{
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
    assert_int_equal(kit_enrol(k, "acme", "developer"), 0);
    assert_int_equal(kit_enrol(k, "rival", "developer"), 0);
    assert_int_equal(kit_enrol(k, "watch", "security"), 0);
    assert_int_equal(kit_adopt(k, ck_pack(k, 1)), 0);
    assert_int_equal(kit_define(k, ck_residents(k)), 0);
    assert_int_equal(kit_define(k, ck_visits(k)), 0);
    assert_int_equal(kit_define(k, ck_areas(k)), 0);
    assert_int_equal(kit_publish(k, ck_residents(k), 1), 0);
    assert_int_equal(kit_publish(k, ck_visits(k), 1), 0);
}

/* ---- grants ---- */

static struct sy_prop_dataset asked(struct kit *k, const struct sy_dataset_def *d)
{
    struct sy_prop_dataset p = {.dataset = d->id, .n_fields = d->n_fields};
    p.fields = kit_alloc(k, d->n_fields, sizeof(*p.fields));
    for (size_t i = 0; i < d->n_fields; i++) {
        p.fields[i] = (struct sy_prop_field){.name = d->fields[i].name, .reason = V("needed")};
    }
    return p;
}

struct sy_proposal *ck_proposal(struct kit *k, const char *developer)
{
    struct sy_proposal *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_proposal){.calls = 200,
                              .cells = 60,
                              .datasets = kit_alloc(k, 3, sizeof(*p->datasets)),
                              .n_datasets = 3,
                              .developer = V(developer),
                              .mechanisms = KIT_STRS(k, "cellkey", "gauss", "exact"),
                              .n_mechanisms = 3,
                              .not_after = k->time + 86400 * 365,
                              .not_before = k->time,
                              .overruns = 1,
                              .purpose = V("planning"),
                              .rho = 1000000,
                              .scene = V("planning"),
                              .title = V("planning")};
    memcpy(p->domain, k->domain, 32);
    p->datasets[0] = asked(k, ck_residents(k));
    p->datasets[1] = asked(k, ck_visits(k));
    p->datasets[2] = asked(k, ck_areas(k));
    return p;
}

void ck_grant(struct kit *k, const char *developer, const char *age_mask)
{
    struct sy_proposal *p = ck_proposal(k, developer);
    p->datasets[0].fields[R_AGE].mask = V(age_mask);
    proof_grant_id(k->grant, kit_encode(k, &sy_proposal_desc, p));
    assert_int_equal(kit_call(k, developer, "scene.apply", &sy_proposal_desc, p, NULL, NULL), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}

/* ---- plans ---- */

static void sources(struct kit *k, struct sy_plan *p)
{
    const struct sy_dataset_def *all[] = {ck_residents(k), ck_visits(k), ck_areas(k)};
    p->sources = kit_alloc(k, LEN(all), sizeof(*p->sources));
    p->n_sources = 0;
    for (size_t d = 0; d < LEN(all); d++) {
        bool used = false;
        for (size_t i = 0; i < p->n_rels; i++) {
            used = used || sy_view_eq(p->rels[i].source, all[d]->id);
        }
        if (used) {
            struct sy_plan_source *s = &p->sources[p->n_sources++];
            s->dataset = all[d]->id;
            proof_sha256_one(s->def, kit_encode(k, &sy_dataset_def_desc, all[d]));
        }
    }
}

struct sy_plan *ck_plan(struct kit *k, struct ck_list where, struct ck_list key,
                        const char *const *labels, size_t n_labels, bool nullable)
{
    struct sy_plan *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_plan){.v = SY_PLAN_SCHEMA,
                          .blocks = kit_alloc(k, 1, sizeof(*p->blocks)),
                          .n_blocks = 1,
                          .outs = kit_alloc(k, 2, sizeof(*p->outs)),
                          .rels = kit_alloc(k, 2, sizeof(*p->rels)),
                          .n_rels = where.n > 0 ? 2 : 1};
    p->rels[0] =
        (struct sy_plan_rel){.op = V("scan"),
                             .source = V("residents"),
                             .names = KIT_STRS(k, "id", "age", "town", "male", "born", "fee"),
                             .n_names = 6};
    p->rels[1] = (struct sy_plan_rel){.op = V("filter"),
                                      .exprs = kit_exprs(k, where.e, where.n),
                                      .n_exprs = where.n,
                                      .in = kit_nums(k, (const uint64_t[]){0}, 1),
                                      .n_in = 1,
                                      .outs = kit_nums(k, (const uint64_t[]){where.n - 1}, 1),
                                      .n_outs = 1};
    struct sy_plan_block *b = p->blocks;
    *b = (struct sy_plan_block){.exprs = kit_exprs(k, key.e, key.n),
                                .n_exprs = key.n,
                                .figures = kit_alloc(k, 4, sizeof(*b->figures)),
                                .n_figures = 1,
                                .groups = 1,
                                .keys = kit_alloc(k, 2, sizeof(*b->keys)),
                                .n_keys = key.n > 0 ? 1 : 0,
                                .mechanism = V("cellkey"),
                                .name = V("main"),
                                .ns = V("person"),
                                .rel = p->n_rels - 1,
                                .rows = 1};
    b->figures[0] = (struct sy_plan_figure){.fn = V("units"), .name = V("n")};
    b->keys[0] = (struct sy_plan_key){.expr = key.n > 0 ? key.n - 1 : 0,
                                      .labels = kit_strs(k, labels, n_labels),
                                      .n_labels = n_labels,
                                      .name = V("key"),
                                      .nullable = nullable};
    p->outs[p->n_outs++] = (struct sy_plan_out){.name = V("n"), .op = V("figure")};
    sources(k, p);
    return p;
}

struct sy_plan *ck_with_param(struct kit *k, struct sy_plan *p, const char *const *values, size_t n)
{
    p->params = kit_alloc(k, 1, sizeof(*p->params));
    p->n_params = 1;
    p->params[0] = (struct sy_plan_param){.kind = V("int"),
                                          .name = V("p"),
                                          .support = 1000,
                                          .values = kit_strs(k, values, n),
                                          .n_values = n};
    return p;
}

struct sy_model_def *ck_def(struct kit *k, const struct sy_plan *p, const char *name)
{
    struct sy_model_def *d = kit_alloc(k, 1, sizeof(*d));
    *d = (struct sy_model_def){.blocks = kit_alloc(k, p->n_blocks, sizeof(*d->blocks)),
                               .n_blocks = p->n_blocks,
                               .name = V(name),
                               .params = p->params,
                               .n_params = p->n_params,
                               .title = V(name)};
    for (size_t i = 0; i < p->n_blocks; i++) {
        d->blocks[i] = (struct sy_model_block){.groups = p->blocks[i].groups,
                                               .mechanism = p->blocks[i].mechanism,
                                               .name = p->blocks[i].name,
                                               .rho = p->blocks[i].rho,
                                               .rows = p->blocks[i].rows,
                                               .sql = V("SELECT ...")};
    }
    return d;
}

int32_t ck_run(struct kit *k, const char *developer, const struct sy_plan *p, const char *value)
{
    struct sy_run_param one = {.name = V("p"), .value = V(value)};
    struct sy_run run = {.params = &one, .n_params = value == NULL ? 0 : 1};
    struct sy_inputs in = {0};
    memset(in.salt, (int)(k->entry % 250) + 1, 32);
    check_ok(rules_run_data(k->state, p, &k->arena, &in.data, &in.n_data, NULL));
    k->extra = in;
    int32_t code = kit_call(k, developer, "model.run", &sy_run_desc, &run, k->grant, k->model);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t ck_ask(struct kit *k, const char *developer, const struct sy_plan *p, const char *name,
               const char *value)
{
    struct sy_model_def *d = ck_def(k, p, name);
    struct sy_view def = kit_encode(k, &sy_model_def_desc, d);
    k->extra = (struct sy_inputs){.plan = kit_encode(k, &sy_plan_desc, p)};
    proof_model_id(k->model, k->grant, k->extra.plan, def);
    int32_t code = kit_call(k, developer, "model.register", &sy_model_def_desc, d, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    if (code != 0) {
        fail_msg("register %s: %s %.*s %.*s", name, sy_code_name(code), SY_PV(k->verdict.field),
                 SY_PV(k->verdict.reason));
    }
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    return ck_run(k, developer, p, value);
}
