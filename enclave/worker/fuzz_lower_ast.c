/*
 * Fuzz target: any bytes as the parser's syntax tree, lowered against a catalogue with every type, two
 * namespaces and public tables. First byte: bit 0 clear: the bytes are a block's tree; set: a fixed block
 * is lowered first, and they are the post stage's; bits 1 and 2 declare the parameters y and a. Besides not crashing: a refusal says code, reason and
 * hint, and a plan that comes out decodes, types and keeps its units.
 */
#include <stdlib.h>
#include <string.h>

#include "lower.h"
#include "wire/plan_unit.h"

#define STR(s)                                                                                     \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static struct sy_view towns[] = {STR("north"), STR("south"), STR("east")};
static struct sy_view codes[] = {STR("A00"), STR("A01"), STR("I10"), STR("I21"), STR("Z00")};
static struct sy_view years[] = {STR("2019"), STR("2020")};
static struct sy_view ages[] = {STR("20"), STR("65")};

static struct sy_field_def persons[] = {
    {.name = STR("id"), .type = STR("unit"), .ref = STR("person"), .grade = 3},
    {.name = STR("male"), .type = STR("bool"), .grade = 2},
    {.name = STR("age"), .type = STR("int32"), .hi = 120, .grade = 2, .nullable = true},
    {.name = STR("bmi"), .type = STR("decimal"), .scale = 1, .hi = 800, .grade = 3},
    {.name = STR("birth"), .type = STR("date"), .lo = -25567, .hi = 18262, .grade = 3},
    {.name = STR("town"), .type = STR("enum"), .values = towns, .n_values = 3, .grade = 2},
};
static struct sy_field_def events[] = {
    {.name = STR("id"), .type = STR("unit"), .ref = STR("person"), .grade = 3, .nullable = true},
    {.name = STR("code"), .type = STR("enum"), .values = codes, .n_values = 5, .grade = 3},
    {.name = STR("day"), .type = STR("date"), .hi = 18262, .grade = 3},
    {.name = STR("cost"), .type = STR("int64"), .lo = -9, .hi = 9999, .grade = 3, .nullable = true},
    {.name = STR("note"), .type = STR("text"), .grade = 3, .nullable = true},
};
static struct sy_field_def stays[] = {
    {.name = STR("id"), .type = STR("unit"), .ref = STR("person"), .rows = 9, .grade = 3},
    {.name = STR("org"), .type = STR("unit"), .ref = STR("org"), .grade = 3},
    {.name = STR("day"), .type = STR("date"), .hi = 18262, .grade = 3},
};
static struct sy_field_def places[] = {
    {.name = STR("town"), .type = STR("enum"), .values = towns, .n_values = 3, .grade = 1},
    {.name = STR("pop"), .type = STR("int32"), .hi = 1000000, .grade = 1},
};

static struct sy_dataset_def defs[] = {
    {.id = STR("persons"),
     .fields = persons,
     .n_fields = 6,
     .max_rows = 1000,
     .membership = 2,
     .ns = STR("person"),
     .unit = STR("id")},
    {.id = STR("events"),
     .fields = events,
     .n_fields = 5,
     .max_rows = 1000,
     .membership = 3,
     .ns = STR("person"),
     .unit = STR("id")},
    {.id = STR("stays"),
     .fields = stays,
     .n_fields = 3,
     .max_rows = 1000,
     .membership = 3,
     .ns = STR("org"),
     .unit = STR("org")},
    {.id = STR("towns"), .fields = places, .n_fields = 2, .max_rows = 10, .membership = 1},
};
enum { N_DEFS = sizeof defs / sizeof defs[0] };

/* SELECT town, count(*) AS n FROM persons GROUP BY town, as the parser writes it. */
static const char BLOCK[] =
    "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"modifiers\":[],"
    "\"cte_map\":{\"map\":[]},\"select_list\":[{\"class\":\"COLUMN_REF\",\"type\":\"COLUMN_REF\","
    "\"alias\":\"\",\"query_location\":7,\"column_names\":[\"town\"]},{\"class\":\"FUNCTION\","
    "\"type\":\"FUNCTION\",\"alias\":\"n\",\"query_location\":13,\"function_name\":\"count_star\","
    "\"schema\":\"\",\"children\":[],\"filter\":null,\"order_bys\":{\"type\":\"ORDER_MODIFIER\","
    "\"orders\":[]},\"distinct\":false,\"is_operator\":false,\"export_state\":false,\"catalog\":"
    "\"\"}],\"from_table\":{\"type\":\"BASE_TABLE\",\"alias\":\"\",\"sample\":null,"
    "\"query_location\":32,\"schema_name\":\"\",\"table_name\":\"persons\",\"column_name_alias\":"
    "[],\"catalog_name\":\"\",\"at_clause\":null},\"where_clause\":null,\"group_expressions\":[{"
    "\"class\":\"COLUMN_REF\",\"type\":\"COLUMN_REF\",\"alias\":\"\",\"query_location\":49,"
    "\"column_names\":[\"town\"]}],\"group_sets\":[[0]],\"aggregate_handling\":"
    "\"STANDARD_HANDLING\",\"having\":null,\"sample\":null,\"qualify\":null}}]}";

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The trees that the next texts have. */
struct trees {
    struct sy_view tree[2];
    size_t at;
};

static bool hand_over(void *parser, struct sy_view sql, struct sy_arena *arena,
                      struct sy_view *ret_json)
{
    struct trees *t = parser;
    (void)sql;
    *ret_json = sy_arena_copy(arena, t->tree[t->at < 1 ? t->at++ : 1]);
    return ret_json->p != NULL;
}

static void check_units(const struct sy_plan *p, const struct sy_plan_types *types,
                        struct sy_arena *arena)
{
    struct sy_error err = {0};
    struct sy_rel_units *units = sy_arena_alloc(arena, p->n_rels + 1, sizeof *units);
    require(units != NULL);
    for (size_t i = 0; i < p->n_rels; i++) {
        require(sy_ok(sy_unit_rel(p->rels, i, types->rels, units, arena, &err)));
    }
    for (size_t i = 0; i < p->n_blocks; i++) {
        const struct sy_plan_block *b = &p->blocks[i];
        bool tracked = b->ns.n != 0 && sy_unit_track(&units[b->rel], (size_t)b->unit) != NULL;
        require(tracked || !units[b->rel].is_protected);
    }
}

static void check_result(const struct sy_lower_result *r, struct sy_arena *arena)
{
    struct sy_plan plan;
    struct sy_plan_types types;
    struct sy_error err = {0};
    if (r->plan.n == 0) {
        require(r->code.n != 0 && r->construct.n != 0 && r->reason.n != 0 && r->hint.n != 0);
        return;
    }
    require(sy_ok(sy_record_decode(&sy_plan_desc, r->plan, &SY_MP_REQUEST, arena, &plan, &err)));
    require(sy_ok(sy_plan_type(&plan, defs, N_DEFS, arena, &types, &err)));
    check_units(&plan, &types, arena);
}

static void lower(struct trees *t, uint8_t flags, struct sy_arena *arena)
{
    static struct sy_view digests[N_DEFS];
    static uint8_t digest[32];
    static struct sy_plan_param declared[] = {
        {.name = STR("y"), .kind = STR("period"), .values = years, .n_values = 2},
        {.name = STR("a"), .kind = STR("int"), .values = ages, .n_values = 2}};
    static struct sy_model_block block = {.name = STR("b"),
                                          .sql = STR("SELECT town, count(*) AS n FROM persons "
                                                     "GROUP BY town"),
                                          .mechanism = STR("gauss"),
                                          .groups = 3,
                                          .rows = 2,
                                          .rho = 1000,
                                          .delta = 1000};
    static const char post[] = "SELECT town, n FROM b";
    struct sy_plan_param params[2];
    size_t n_params = 0;
    for (size_t i = 0; i < 2; i++) {
        if ((flags & (2u << i)) != 0) {
            params[n_params++] = declared[i];
        }
    }
    struct sy_lower_job job = {
        .datasets = defs, .n_datasets = N_DEFS, .defs = digests, .n_defs = N_DEFS};
    struct sy_lower_result r;
    for (size_t i = 0; i < N_DEFS; i++) {
        digests[i] = sy_view(digest, sizeof digest);
    }
    job.model = (struct sy_model_def){.name = STR("m"),
                                      .title = STR("m"),
                                      .blocks = &block,
                                      .n_blocks = 1,
                                      .post = sy_view_str((flags & 1) != 0 ? post : ""),
                                      .params = params,
                                      .n_params = n_params};
    sy_status st = worker_lower(&job, hand_over, t, arena, &r);
    require(sy_ok(st));
    check_result(&r, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct trees t = {0};
    if (size == 0) {
        return 0;
    }
    bool post = (data[0] & 1) != 0;
    struct sy_view given = sy_view(data + 1, size - 1);
    t.tree[0] = post ? sy_view_str(BLOCK) : given;
    t.tree[1] = given;
    lower(&t, data[0], &arena);
    return 0;
}
