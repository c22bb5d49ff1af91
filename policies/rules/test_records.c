/*
 * The records that the tests' domain is made of: pack, catalogue, proposal, manifest, plan. Each
 * call makes a fresh, sound copy that a test may spoil.
 */
#include "test_kit.h"

#include <string.h>

struct sy_pack *kit_pack_record(struct kit *k, uint64_t version)
{
    struct sy_pack *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_pack){.cells_max = 4096,
                          .consent = true,
                          .groups_max = 16,
                          .id = V("test"),
                          .rho_run_max = 500000000,
                          .rows_max = 100,
                          .support_min = 100,
                          .term_max_s = 5 * 366 * 86400,
                          .version = version,
                          .n_budgets = 2,
                          .n_grades = 4,
                          .n_sizes = 2,
                          .n_grounds = 2};
    p->budgets = kit_alloc(k, 2, sizeof(*p->budgets));
    p->budgets[0] = (struct sy_pack_budget){.delta = 100000000,
                                            .ns = V("person"),
                                            .recover_delta = 1000,
                                            .recover_rho = 300000000,
                                            .rho = 4000000000};
    p->budgets[1] =
        (struct sy_pack_budget){.delta = 100000000, .ns = V("clinic"), .rho = 4000000000};
    p->grades = kit_alloc(k, 4, sizeof(*p->grades));
    for (size_t i = 0; i < 4; i++) {
        p->grades[i].grade = i + 1;
        p->grades[i].n_mechanisms = i == 0 ? 3 : i == 3 ? 0 : 2;
        p->grades[i].mechanisms =
            i == 0 ? KIT_STRS(k, "exact", "gauss", "laplace") : KIT_STRS(k, "gauss", "laplace");
    }
    p->sizes = kit_alloc(k, 2, sizeof(*p->sizes));
    p->sizes[0] = (struct sy_pack_size){4, 200000, 512, 350, 2000};
    p->sizes[1] = (struct sy_pack_size){40, 20000000, 4096, 4000, 20000};
    p->grounds = kit_alloc(k, 2, sizeof(*p->grounds));
    p->grounds[0] =
        (struct sy_pack_ground){.code = V("incident"),
                                .roles = KIT_STRS(k, "agency", "operator", "department"),
                                .n_roles = 3};
    p->grounds[1] = (struct sy_pack_ground){
        .code = V("request"), .roles = KIT_STRS(k, "developer", "agency"), .n_roles = 2};
    return p;
}

static struct sy_dataset_def *dataset(struct kit *k, const char *id, const char *department,
                                      const struct sy_field_def *fields, size_t n)
{
    struct sy_dataset_def *d = kit_alloc(k, 1, sizeof(*d));
    *d = (struct sy_dataset_def){.custodian = V("agency"),
                                 .department = V(department),
                                 .encoding = V("utf-8"),
                                 .fields = kit_alloc(k, n, sizeof(*fields)),
                                 .id = V(id),
                                 .max_rows = 100000,
                                 .membership = 3,
                                 .n_fields = n,
                                 .ns = V("person"),
                                 .title = V(id),
                                 .unit = V("id")};
    memcpy(d->fields, fields, n * sizeof(*fields));
    return d;
}

struct sy_dataset_def *kit_persons(struct kit *k)
{
    const struct sy_field_def fields[] = {
        {.grade = 3, .name = V("id"), .ref = V("person"), .type = V("unit")},
        {.grade = 2, .hi = 120, .name = V("age"), .type = V("int32")},
        {.grade = 2, .name = V("male"), .type = V("bool")},
        {.grade = 3,
         .hi = 3000,
         .lo = 200,
         .name = V("weight"),
         .scale = 1,
         .nullable = true,
         .type = V("decimal")},
        {.grade = 2, .klass = V("code"), .name = V("street"), .type = V("text")},
        {.grade = 4, .name = V("hiv"), .type = V("bool")},
        {.grade = 2,
         .name = V("town"),
         .type = V("enum"),
         .values = KIT_STRS(k, "a", "b", "c"),
         .n_values = 3},
    };
    return dataset(k, "persons", "health", fields, LEN(fields));
}

struct sy_dataset_def *kit_events(struct kit *k)
{
    const struct sy_field_def fields[] = {
        {.grade = 3, .name = V("id"), .ref = V("person"), .type = V("unit")},
        {.grade = 3,
         .name = V("event"),
         .type = V("enum"),
         .values = KIT_STRS(k, "diabetes", "htn", "stroke"),
         .n_values = 3},
        {.grade = 3, .hi = 20000, .lo = -20000, .name = V("days"), .type = V("int32")},
    };
    return dataset(k, "events", "clinic", fields, LEN(fields));
}

/* Three units own each row: the child, the mother, and the clinic, which the grant does not show. */
struct sy_dataset_def *kit_births(struct kit *k)
{
    const struct sy_field_def fields[] = {
        {.grade = 3, .name = V("clinic"), .ref = V("clinic"), .rows = 4, .type = V("unit")},
        {.grade = 3, .name = V("child"), .ref = V("person"), .type = V("unit")},
        {.grade = 3,
         .name = V("mother"),
         .ref = V("person"),
         .rows = 3,
         .sources = KIT_STRS(k, "mother_id_type", "mother_id"),
         .n_sources = 2,
         .type = V("unit")},
        {.grade = 3, .hi = 8000, .lo = 200, .name = V("weight"), .type = V("int32")},
        {.grade = 2, .hi = 18992, .lo = 17532, .name = V("born"), .type = V("date")},
    };
    struct sy_dataset_def *d = dataset(k, "births", "clinic", fields, LEN(fields));
    d->unit = V("child");
    return d;
}

struct sy_dataset_def *kit_streets(struct kit *k)
{
    const struct sy_field_def fields[] = {
        {.grade = 1, .hi = 999999, .lo = 0, .name = V("code"), .type = V("int32")},
        {.grade = 1,
         .name = V("town"),
         .type = V("enum"),
         .values = KIT_STRS(k, "a", "b", "c"),
         .n_values = 3},
        {.grade = 1, .hi = 50, .lo = 0, .name = V("area"), .type = V("int32")},
    };
    struct sy_dataset_def *d = dataset(k, "streets", "health", fields, LEN(fields));
    d->ns = d->unit = d->custodian = (struct sy_view){0};
    d->membership = 1;
    return d;
}

static struct sy_prop_dataset asked(struct kit *k, const char *id, const char *const *names,
                                    size_t n)
{
    struct sy_prop_dataset d = {.dataset = V(id), .n_fields = n};
    d.fields = kit_alloc(k, n, sizeof(*d.fields));
    for (size_t i = 0; i < n; i++) {
        d.fields[i] = (struct sy_prop_field){.name = V(names[i]), .reason = V("needed")};
    }
    return d;
}

struct sy_proposal *kit_proposal(struct kit *k)
{
    static const char *const persons[] = {"id", "age", "male", "weight", "street", "town"};
    static const char *const events[] = {"id", "event"};
    static const char *const births[] = {"child", "mother", "weight", "born"};
    static const char *const streets[] = {"code", "town", "area"};
    struct sy_proposal *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_proposal){.calls = 5,
                              .datasets = kit_alloc(k, 4, sizeof(*p->datasets)),
                              .n_datasets = 4,
                              .delta = 10000000,
                              .developer = V("acme"),
                              .mechanisms = KIT_STRS(k, "gauss", "laplace", "exact"),
                              .n_mechanisms = 3,
                              .not_after = k->time + 86400 * 365,
                              .not_before = k->time,
                              .overruns = 1,
                              .purpose = V("burden of disease"),
                              .rho = 1000000000,
                              .scene = V("burden"),
                              .title = V("burden")};
    memcpy(p->domain, k->domain, 32);
    p->datasets[0] = asked(k, "persons", persons, LEN(persons));
    p->datasets[1] = asked(k, "events", events, LEN(events));
    p->datasets[2] = asked(k, "streets", streets, LEN(streets));
    p->datasets[3] = asked(k, "births", births, LEN(births));
    return p;
}

static struct sy_plan_param *params(struct kit *k)
{
    struct sy_plan_param *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_plan_param){.kind = V("int"),
                                .name = V("min_age"),
                                .support = 200,
                                .values =
                                    KIT_STRS(k, "18", "40", "60", "75", "80", "85", "90", "95"),
                                .n_values = 8};
    return p;
}

struct sy_model_def *kit_model_def(struct kit *k)
{
    struct sy_model_def *d = kit_alloc(k, 1, sizeof(*d));
    *d = (struct sy_model_def){.blocks = kit_alloc(k, 1, sizeof(*d->blocks)),
                               .n_blocks = 1,
                               .name = V("burden"),
                               .params = params(k),
                               .n_params = 1,
                               .title = V("burden")};
    d->blocks[0] = (struct sy_model_block){.clamps = kit_alloc(k, 1, sizeof(*d->blocks->clamps)),
                                           .n_clamps = 1,
                                           .groups = 2,
                                           .mechanism = V("gauss"),
                                           .name = V("main"),
                                           .rho = 200000000,
                                           .rows = 3,
                                           .sql = V("SELECT ...")};
    d->blocks[0].clamps[0] =
        (struct sy_model_clamp){.figure = V("weight"), .hi = V("200"), .lo = V("30.0")};
    return d;
}

struct sy_plan_expr *kit_exprs(struct kit *k, const struct kit_expr *lines, size_t n)
{
    struct sy_plan_expr *e = kit_alloc(k, n, sizeof(*e));
    for (size_t i = 0; i < n; i++) {
        e[i] = (struct sy_plan_expr){.i = lines[i].i,
                                     .scale = lines[i].scale,
                                     .n_args = lines[i].n_args,
                                     .op = V(lines[i].op),
                                     .s = V(lines[i].s)};
        e[i].args = kit_nums(k, lines[i].args, lines[i].n_args);
    }
    return e;
}

static uint64_t *one(struct kit *k, uint64_t v)
{
    uint64_t *p = kit_alloc(k, 2, sizeof(*p));
    p[0] = v;
    p[1] = v + 1;
    return p;
}

/* r0 persons(id age male weight) r1 events(id event) r2 join on id r3 filter; by sex and event. */
static void plan_rels(struct kit *k, struct sy_plan *p)
{
    static const struct kit_expr on[] = {
        {.op = "col", .i = 0}, {.op = "col", .i = 4}, {.op = "eq", .args = {0, 1}, .n_args = 2}};
    static const struct kit_expr where[] = {{.op = "col", .i = 5},
                                            {.op = "str", .s = "htn"},
                                            {.op = "str", .s = "diabetes"},
                                            {.op = "in", .args = {0, 1, 2}, .n_args = 3},
                                            {.op = "col", .i = 1},
                                            {.op = "param", .i = 0},
                                            {.op = "ge", .args = {4, 5}, .n_args = 2},
                                            {.op = "and", .args = {3, 6}, .n_args = 2}};
    p->n_rels = 4;
    p->rels = kit_alloc(k, 4, sizeof(*p->rels));
    p->rels[0] = (struct sy_plan_rel){.names = KIT_STRS(k, "id", "age", "male", "weight"),
                                      .n_names = 4,
                                      .op = V("scan"),
                                      .source = V("persons")};
    p->rels[1] = (struct sy_plan_rel){
        .names = KIT_STRS(k, "id", "event"), .n_names = 2, .op = V("scan"), .source = V("events")};
    p->rels[2] = (struct sy_plan_rel){.exprs = kit_exprs(k, on, LEN(on)),
                                      .n_exprs = LEN(on),
                                      .in = one(k, 0),
                                      .n_in = 2,
                                      .kind = V("inner"),
                                      .op = V("join"),
                                      .outs = one(k, 2),
                                      .n_outs = 1};
    p->rels[3] = (struct sy_plan_rel){.exprs = kit_exprs(k, where, LEN(where)),
                                      .n_exprs = LEN(where),
                                      .in = one(k, 2),
                                      .n_in = 1,
                                      .op = V("filter"),
                                      .outs = one(k, 7),
                                      .n_outs = 1};
}

static void plan_block(struct kit *k, struct sy_plan *p)
{
    static const struct kit_expr lines[] = {
        {.op = "col", .i = 2}, {.op = "col", .i = 5}, {.op = "col", .i = 3}};
    struct sy_plan_block *b = kit_alloc(k, 1, sizeof(*b));
    *b = (struct sy_plan_block){.exprs = kit_exprs(k, lines, LEN(lines)),
                                .n_exprs = LEN(lines),
                                .groups = 2,
                                .mechanism = V("gauss"),
                                .name = V("main"),
                                .ns = V("person"),
                                .rel = 3,
                                .rho = 200000000,
                                .rows = 3,
                                .n_figures = 3,
                                .n_keys = 2};
    b->figures = kit_alloc(k, 3, sizeof(*b->figures));
    b->figures[0] = (struct sy_plan_figure){.fn = V("units"), .name = V("persons")};
    b->figures[1] = (struct sy_plan_figure){.expr = 2,
                                            .fn = V("sum"),
                                            .has_arg = true,
                                            .hi = 2000,
                                            .lo = 300,
                                            .name = V("w"),
                                            .scale = 1};
    b->figures[2] =
        (struct sy_plan_figure){.expr = 2, .fn = V("count"), .has_arg = true, .name = V("n")};
    b->keys = kit_alloc(k, 2, sizeof(*b->keys));
    b->keys[0] = (struct sy_plan_key){
        .expr = 0, .labels = KIT_STRS(k, "false", "true"), .n_labels = 2, .name = V("male")};
    b->keys[1] = (struct sy_plan_key){.expr = 1,
                                      .labels = KIT_STRS(k, "diabetes", "htn", "stroke"),
                                      .n_labels = 3,
                                      .name = V("event")};
    p->blocks = b;
    p->n_blocks = 1;
}

struct sy_plan *kit_plan(struct kit *k)
{
    struct sy_plan *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_plan){.v = SY_PLAN_SCHEMA, .params = params(k), .n_params = 1};
    plan_rels(k, p);
    plan_block(k, p);
    p->n_outs = 4;
    p->outs = kit_alloc(k, 4, sizeof(*p->outs));
    p->outs[0] = (struct sy_plan_out){.a = 0, .name = V("male"), .op = V("key")};
    p->outs[1] = (struct sy_plan_out){.a = 1, .name = V("event"), .op = V("key")};
    p->outs[2] = (struct sy_plan_out){.a = 0, .name = V("persons"), .op = V("figure")};
    p->outs[3] = (struct sy_plan_out){
        .a = 1, .b = 2, .hi = 2000, .lo = 300, .name = V("weight"), .op = V("ratio"), .scale = 1};
    p->n_sources = 2;
    p->sources = kit_alloc(k, 2, sizeof(*p->sources));
    p->sources[0].dataset = V("persons");
    p->sources[1].dataset = V("events");
    proof_sha256_one(p->sources[0].def, kit_encode(k, &sy_dataset_def_desc, kit_persons(k)));
    proof_sha256_one(p->sources[1].def, kit_encode(k, &sy_dataset_def_desc, kit_events(k)));
    return p;
}

struct sy_plan *kit_plan_here(struct kit *k)
{
    struct sy_plan *p = kit_plan(k);
    for (size_t i = 0; i < p->n_sources; i++) {
        struct rules_key key = rules_key_id("dataset/", p->sources[i].dataset);
        struct sy_row_dataset row;
        check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_dataset_desc, &k->arena,
                                  &row, NULL));
        memcpy(p->sources[i].def, row.digest, 32);
    }
    return p;
}
