/*
 * Typing of plans: what each operator's interval, scale and nullability are, and that every malformed
 * or partial plan is refused with its path. The catalogue has one protected dataset `t` with a field of
 * each kind and one public dataset `u`.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "wire/plan_type.h"

#define V(s)                                                                                       \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }
#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static struct sy_view labels[] = {V("a"), V("b")};
static struct sy_field_def fields[] = {
    {.name = V("id"), .type = V("unit"), .ref = V("person"), .grade = 2},
    {.name = V("n"), .type = V("int32"), .lo = -10, .hi = 20, .grade = 1},
    {.name = V("d"),
     .type = V("decimal"),
     .scale = 2,
     .lo = 0,
     .hi = 500,
     .grade = 3,
     .nullable = true},
    {.name = V("day"), .type = V("date"), .lo = 0, .hi = 400, .grade = 2},
    {.name = V("yes"), .type = V("bool"), .grade = 2},
    {.name = V("e"), .type = V("enum"), .values = labels, .n_values = 2, .grade = 2},
    {.name = V("text"), .type = V("text"), .grade = 4},
    {.name = V("big"),
     .type = V("int64"),
     .lo = -((int64_t)1 << 62),
     .hi = (int64_t)1 << 62,
     .grade = 1},
};
static struct sy_dataset_def defs[] = {
    {.id = V("t"),
     .fields = fields,
     .n_fields = N_OF(fields),
     .max_rows = 1000,
     .membership = 2,
     .ns = V("person"),
     .unit = V("id")},
    {.id = V("u"), .fields = &fields[1], .n_fields = 1, .max_rows = 10, .membership = 1},
};
enum { ID, N, D, DAY, YES, E, TEXT, BIG };

/* --- expressions -------------------------------------------------------------------------------------- */

struct e {
    const char *op;
    int64_t i;
    uint64_t k;
    const char *s;
    uint64_t a[5];
    size_t n;
};

struct expr_case {
    struct e e[6];          /* ends at op NULL; the last one is judged */
    enum sy_type_kind kind; /* NONE: must be refused */
    uint32_t scale;
    int64_t lo, hi;
    bool nullable;
};

#define COL(i)                                                                                     \
    {                                                                                              \
        "col", (i), 0, NULL, {0}, 0                                                                \
    }
#define LIT(v, k)                                                                                  \
    {                                                                                              \
        "int", (v), (k), NULL, {0}, 0                                                              \
    }
#define STR(s)                                                                                     \
    {                                                                                              \
        "str", 0, 0, (s), {0}, 0                                                                   \
    }
#define OP1(op)                                                                                    \
    {                                                                                              \
        (op), 0, 0, NULL, {0}, 1                                                                   \
    }
#define OP2(op)                                                                                    \
    {                                                                                              \
        (op), 0, 0, NULL, {0, 1}, 2                                                                \
    }
#define OP3(op)                                                                                    \
    {                                                                                              \
        (op), 0, 0, NULL, {0, 1, 2}, 3                                                             \
    }

static const struct expr_case EXPRS[] = {
    {{COL(N)}, SY_TYPE_INT, 0, -10, 20, false},
    {{COL(D)}, SY_TYPE_INT, 2, 0, 500, true},
    {{COL(99)}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(-1)}, SY_TYPE_NONE, 0, 0, 0, false},
    {{{"nope", 0, 0, NULL, {0}, 0}}, SY_TYPE_NONE, 0, 0, 0, false},
    {{{"col", N, 3, NULL, {0}, 0}}, SY_TYPE_NONE, 0, 0, 0, false}, /* a field it does not use */
    {{OP1("neg")}, SY_TYPE_NONE, 0, 0, 0, false},                  /* argument not earlier */
    {{COL(N), OP2("neg")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(N), LIT(5, 0), OP2("add")}, SY_TYPE_INT, 0, -5, 25, false},
    {{COL(N), LIT(5, 0), OP2("sub")}, SY_TYPE_INT, 0, -15, 15, false},
    {{COL(N), COL(D), OP2("add")}, SY_TYPE_NONE, 0, 0, 0, false}, /* scales differ */
    {{COL(D), LIT(-3, 2), OP2("add")}, SY_TYPE_INT, 2, -3, 497, true},
    {{COL(D), COL(N), OP2("mul")}, SY_TYPE_INT, 2, -5000, 10000, true},
    {{COL(BIG), LIT(2, 0), OP2("mul")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(BIG), LIT(1, 0), OP2("add")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{LIT(1, 9), LIT(1, 1), OP2("mul")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{LIT(1, 10)}, SY_TYPE_NONE, 0, 0, 0, false},
    {{LIT(INT64_MAX, 0)}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(N), OP1("neg")}, SY_TYPE_INT, 0, -20, 10, false},
    {{COL(N), OP1("abs")}, SY_TYPE_INT, 0, 0, 20, false},
    {{COL(D), COL(N), {"div", 0, 3, NULL, {0, 1}, 2}}, SY_TYPE_INT, 3, -5000, 5000, true},
    {{COL(D), LIT(-2, 0), {"div", 0, 2, NULL, {0, 1}, 2}}, SY_TYPE_INT, 2, -250, 0, true},
    {{COL(D), LIT(2, 0), {"div", 0, 1, NULL, {0, 1}, 2}}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(BIG), LIT(2, 0), {"div", 0, 1, NULL, {0, 1}, 2}}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(N), LIT(7, 0), OP2("mod")}, SY_TYPE_INT, 0, -6, 6, false},
    {{COL(N), COL(N), OP2("mod")}, SY_TYPE_INT, 0, -10, 19, true},
    {{COL(D), {"rescale", 0, 0, NULL, {0}, 1}}, SY_TYPE_INT, 0, 0, 5, true},
    {{COL(D), {"rescale", 4, 0, NULL, {0}, 1}}, SY_TYPE_INT, 4, 0, 50000, true},
    {{COL(D), {"rescale", 10, 0, NULL, {0}, 1}}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(D), LIT(30, 2), OP2("least")}, SY_TYPE_INT, 2, 0, 30, false},
    {{COL(D), LIT(30, 2), OP2("greatest")}, SY_TYPE_INT, 2, 30, 500, false},
    {{COL(DAY), COL(DAY), OP2("sub")}, SY_TYPE_INT, 0, -400, 400, false},
    {{COL(DAY), LIT(5, 0), OP2("add")}, SY_TYPE_DATE, 0, 5, 405, false},
    {{COL(DAY), LIT(3000000, 0), OP2("add")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(DAY), COL(DAY), OP2("add")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(DAY), OP1("year")}, SY_TYPE_INT, 0, 1970, 1971, false},
    {{COL(DAY), OP1("month")}, SY_TYPE_INT, 0, 1, 12, false},
    {{COL(N), OP1("day")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(D), LIT(3, 2), OP2("lt")}, SY_TYPE_BOOL, 0, 0, 1, true},
    {{COL(D), LIT(3, 0), OP2("lt")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(E), STR("zz"), OP2("eq")}, SY_TYPE_BOOL, 0, 0, 1, false},
    {{COL(E), STR("b"), OP2("lt")}, SY_TYPE_BOOL, 0, 0, 1, false},
    {{COL(E), LIT(1, 0), OP2("eq")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(TEXT), STR("b"), OP2("eq")},
     SY_TYPE_NONE,
     0,
     0,
     0,
     false}, /* text of a protected dataset */
    {{COL(TEXT), OP1("is_null")}, SY_TYPE_BOOL, 0, 0, 1, false},
    {{COL(TEXT), COL(E), OP2("eq")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(TEXT), COL(TEXT), OP2("eq")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(ID), COL(ID), OP2("eq")}, SY_TYPE_BOOL, 0, 0, 1, false},
    {{COL(ID), COL(ID), OP2("ne")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(ID), LIT(3, 0), OP2("eq")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(ID), COL(ID), OP2("in")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(ID), OP1("is_null")}, SY_TYPE_BOOL, 0, 0, 1, false},
    {{COL(N), LIT(1, 0), LIT(2, 0), OP3("in")}, SY_TYPE_BOOL, 0, 0, 1, false},
    {{COL(N), COL(N), OP2("in")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(YES), COL(YES), OP2("and")}, SY_TYPE_BOOL, 0, 0, 1, false},
    {{COL(YES), COL(N), OP2("or")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(YES), OP1("bool_int")}, SY_TYPE_INT, 0, 0, 1, false},
    {{COL(YES), LIT(7, 0), COL(N), OP3("case")}, SY_TYPE_INT, 0, -10, 20, false},
    {{COL(YES), COL(D), {"null", 0, 2, "int", {0}, 0}, OP3("case")}, SY_TYPE_INT, 2, 0, 500, true},
    {{COL(YES), COL(N), COL(E), OP3("case")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(YES), COL(TEXT), COL(TEXT), OP3("case")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(YES), COL(ID), COL(ID), OP3("case")}, SY_TYPE_NONE, 0, 0, 0, false},
    {{COL(D), LIT(9, 2), OP2("coalesce")}, SY_TYPE_INT, 2, 0, 500, false},
    {{{"null", 0, 0, "unit", {0}, 0}}, SY_TYPE_NONE, 0, 0, 0, false},
    {{{"bool", 2, 0, NULL, {0}, 0}}, SY_TYPE_NONE, 0, 0, 0, false},
    {{{"date", 9999999, 0, NULL, {0}, 0}}, SY_TYPE_NONE, 0, 0, 0, false},
    {{{"param", 0, 0, NULL, {0}, 0}}, SY_TYPE_NONE, 0, 0, 0, false},
};

static struct sy_type columns[N_OF(fields)];

/* The types of dataset t's fields, from a scan of all of them. */
static void scan_all(struct sy_typer *t, struct sy_arena *arena)
{
    static struct sy_view names[N_OF(fields)];
    static struct sy_plan_rel scan = {
        .op = V("scan"), .source = V("t"), .names = names, .n_names = N_OF(fields)};
    struct sy_rel_types types;
    struct sy_error err = {0};
    for (size_t i = 0; i < N_OF(fields); i++) {
        names[i] = fields[i].name;
    }
    check_ok(sy_typer_init(t, NULL, 0, defs, N_OF(defs), arena, &err));
    check_ok(sy_type_rel(t, &scan, 0, &types, &err));
    memcpy(columns, types.cols, sizeof columns);
}

static void check_expr(struct sy_typer *t, const struct expr_case *c, size_t at)
{
    struct sy_plan_expr exprs[6] = {{0}};
    struct sy_type types[6];
    struct sy_error err = {0};
    struct sy_expr_scope scope = {columns, N_OF(columns), exprs, types};
    size_t last = 0;
    sy_status st = SY_OK;
    for (size_t i = 0; i < 6 && c->e[i].op != NULL && sy_ok(st); i++) {
        exprs[i] = (struct sy_plan_expr){.op = sy_view_str(c->e[i].op),
                                         .i = c->e[i].i,
                                         .scale = c->e[i].k,
                                         .s = sy_view_str(c->e[i].s),
                                         .args = (uint64_t *)(uintptr_t)c->e[i].a,
                                         .n_args = c->e[i].n};
        st = sy_type_expr(t, &scope, i, &err);
        last = i;
    }
    if (c->kind == SY_TYPE_NONE) {
        if (st.code != SY_E_PLAN || strncmp(err.field, "e[", 2) != 0 || err.reason[0] == 0) {
            fail_msg("case %zu must be refused", at);
        }
        return;
    }
    const struct sy_type *r = &types[last];
    if (!sy_ok(st) || r->kind != c->kind || r->scale != c->scale || r->lo != c->lo ||
        r->hi != c->hi || r->nullable != c->nullable) {
        fail_msg("case %zu (%s): %s [%lld, %lld]", at, c->e[last].op, err.reason, (long long)r->lo,
                 (long long)r->hi);
    }
}

static void test_expressions(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_typer t;
    scan_all(&t, &arena);
    for (size_t i = 0; i < N_OF(EXPRS); i++) {
        check_expr(&t, &EXPRS[i], i);
    }
}

/* --- plans -------------------------------------------------------------------------------------------- */

/* count and sum(d) by e over `t` where yes, as a whole plan that tests then spoil. */
struct whole {
    struct sy_plan plan;
    struct sy_plan_rel rels[2];
    struct sy_plan_expr filter[1], exprs[2];
    struct sy_view names[4];
    uint64_t in[1], outs_[1];
    struct sy_plan_block block;
    struct sy_plan_key key;
    struct sy_plan_figure figures[2];
    struct sy_plan_out outs[3];
    struct sy_plan_source source;
};

static void whole_plan(struct whole *w)
{
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < 4; i++) {
        w->names[i] = fields[(const size_t[]){ID, D, YES, E}[i]].name;
    }
    w->filter[0] = (struct sy_plan_expr){.op = V("col"), .i = 2};
    w->rels[0] =
        (struct sy_plan_rel){.op = V("scan"), .source = V("t"), .names = w->names, .n_names = 4};
    w->rels[1] = (struct sy_plan_rel){.op = V("filter"),
                                      .in = w->in,
                                      .n_in = 1,
                                      .exprs = w->filter,
                                      .n_exprs = 1,
                                      .outs = w->outs_,
                                      .n_outs = 1};
    w->exprs[0] = (struct sy_plan_expr){.op = V("col"), .i = 3};
    w->exprs[1] = (struct sy_plan_expr){.op = V("col"), .i = 1};
    w->key = (struct sy_plan_key){.name = V("e"), .labels = labels, .n_labels = 2};
    w->figures[0] = (struct sy_plan_figure){.name = V("n"), .fn = V("count")};
    w->figures[1] = (struct sy_plan_figure){
        .name = V("s"), .fn = V("sum"), .has_arg = true, .expr = 1, .hi = 500, .scale = 2};
    w->block = (struct sy_plan_block){.name = V("main"),
                                      .rel = 1,
                                      .ns = V("person"),
                                      .groups = 1,
                                      .rows = 3,
                                      .mechanism = V("gauss"),
                                      .exprs = w->exprs,
                                      .n_exprs = 2,
                                      .keys = &w->key,
                                      .n_keys = 1,
                                      .figures = w->figures,
                                      .n_figures = 2};
    w->outs[0] = (struct sy_plan_out){.op = V("key"), .name = V("e")};
    w->outs[1] = (struct sy_plan_out){.op = V("figure"), .name = V("n")};
    w->outs[2] = (struct sy_plan_out){
        .op = V("ratio"), .name = V("m"), .a = 1, .b = 0, .scale = 5, .hi = 500000};
    w->source = (struct sy_plan_source){.dataset = V("t")};
    w->plan = (struct sy_plan){.v = SY_PLAN_SCHEMA,
                               .rels = w->rels,
                               .n_rels = 2,
                               .blocks = &w->block,
                               .n_blocks = 1,
                               .outs = w->outs,
                               .n_outs = 3,
                               .sources = &w->source,
                               .n_sources = 1};
}

static sy_status type_whole(const struct whole *w, struct sy_arena *arena,
                            struct sy_plan_types *ret, struct sy_error *err)
{
    *err = (struct sy_error){0};
    return sy_plan_type(&w->plan, defs, N_OF(defs), arena, ret, err);
}

static void test_a_whole_plan(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct whole w;
    struct sy_plan_types t;
    struct sy_error err;
    whole_plan(&w);
    check_ok(type_whole(&w, &arena, &t, &err));
    assert_int_equal(t.rels[0].rows, 1000);
    assert_ptr_equal(t.rels[0].def, &defs[0]);
    assert_int_equal(t.blocks[0].n_cells, 2);
    assert_int_equal(t.blocks[0].grade, 3);
    assert_int_equal(t.blocks[0].keys[0].grade, 2);
    assert_int_equal(t.blocks[0].figures[0].hi, 3);
    assert_int_equal(t.blocks[0].figures[1].hi, 1500);
    assert_int_equal(t.blocks[0].figures[1].grade, 3);
    assert_ptr_equal(t.blocks[0].keys[0].field, &fields[E]);
}

/* Each spoils one thing; `field` is where the error must be. */
static void spoil_version(struct whole *w)
{
    w->plan.v = 2;
}
static void spoil_source(struct whole *w)
{
    w->plan.n_sources = 0;
}
static void spoil_dataset(struct whole *w)
{
    w->rels[0].source = sy_view_str("x");
}
static void spoil_field(struct whole *w)
{
    w->names[3] = sy_view_str("x");
}
static void spoil_repeat(struct whole *w)
{
    w->names[3] = w->names[2];
}
static void spoil_input(struct whole *w)
{
    w->in[0] = 1;
}
static void spoil_condition(struct whole *w)
{
    w->filter[0].i = 1;
}
static void spoil_out(struct whole *w)
{
    w->outs_[0] = 1;
}
static void spoil_stray(struct whole *w)
{
    w->rels[1].kind = sy_view_str("inner");
}
static void spoil_op(struct whole *w)
{
    w->rels[1].op = sy_view_str("sort");
}
static void spoil_rel(struct whole *w)
{
    w->block.rel = 2;
}
static void spoil_ns(struct whole *w)
{
    w->block.ns = sy_view_str("household");
}
static void spoil_unit(struct whole *w)
{
    w->block.unit = 1;
}
static void spoil_groups(struct whole *w)
{
    w->block.groups = 0;
}
static void spoil_exact(struct whole *w)
{
    w->block.ns = sy_view_str("");
}
static void spoil_label(struct whole *w)
{
    w->key.n_labels = 1;
}
static void spoil_nullable(struct whole *w)
{
    w->key.nullable = true;
}
static void spoil_key(struct whole *w)
{
    w->key.expr = 7;
}
static void spoil_clamp(struct whole *w)
{
    w->figures[1].hi = 501;
}
static void spoil_scale(struct whole *w)
{
    w->figures[1].scale = 0;
}
static void spoil_fn(struct whole *w)
{
    w->figures[0].fn = sy_view_str("max");
}
static void spoil_sum(struct whole *w)
{
    w->figures[1].expr = 0;
}
static void spoil_ratio(struct whole *w)
{
    w->outs[2].b = 1;
}
static void spoil_names(struct whole *w)
{
    w->outs[2].name = sy_view_str("n");
}
static void spoil_figure(struct whole *w)
{
    w->outs[1].a = 2;
}

static const struct {
    void (*spoil)(struct whole *);
    const char *field;
} SPOILED[] = {
    {spoil_version, "v"},
    {spoil_source, "sources"},
    {spoil_dataset, "rels[0].s"},
    {spoil_field, "rels[0].n[3]"},
    {spoil_repeat, "rels[0].n[3]"},
    {spoil_input, "rels[1].in"},
    {spoil_condition, "rels[1].x"},
    {spoil_out, "rels[1].x"},
    {spoil_stray, "rels[1]"},
    {spoil_op, "rels[1].o"},
    {spoil_rel, "blocks[0].r"},
    {spoil_ns, "blocks[0].u"},
    {spoil_unit, "blocks[0].u"},
    {spoil_groups, "blocks[0].g"},
    {spoil_exact, "blocks[0].ns"},
    {spoil_label, "blocks[0].k[0].l"},
    {spoil_nullable, "blocks[0].k[0].l"},
    {spoil_key, "blocks[0].k[0].e"},
    {spoil_clamp, "blocks[0].f[1].e"},
    {spoil_scale, "blocks[0].f[1].e"},
    {spoil_fn, "blocks[0].f[0].f"},
    {spoil_sum, "blocks[0].f[1].e"},
    {spoil_ratio, "outs[2].a"},
    {spoil_names, "outs"},
    {spoil_figure, "outs[1].o"},
};

static void test_spoiled_plans_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(SPOILED); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct whole w;
        struct sy_plan_types t;
        struct sy_error err;
        whole_plan(&w);
        SPOILED[i].spoil(&w);
        check_code(type_whole(&w, &arena, &t, &err), SY_E_PLAN);
        if (strcmp(err.field, SPOILED[i].field) != 0) {
            fail_msg("%s: %s, want %s", err.reason, err.field, SPOILED[i].field);
        }
        assert_null(t.rels);
    }
}

static void test_unions_of_labels_keep_their_order(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_typer t;
    struct sy_error err = {0};
    scan_all(&t, &arena);
    uint64_t args[] = {0, 1, 0, 2, 0, 3, 4};
    struct sy_plan_expr e[] = {
        {.op = V("col"), .i = YES},    {.op = V("str"), .s = V("z")},
        {.op = V("col"), .i = E},      {.op = V("str"), .s = V("a")},
        {.op = V("str"), .s = V("c")}, {.op = V("case"), .args = args, .n_args = 7}};
    struct sy_type types[6];
    struct sy_expr_scope scope = {columns, N_OF(columns), e, types};
    for (size_t i = 0; i < 6; i++) {
        check_ok(sy_type_expr(&t, &scope, i, &err));
    }
    static const char *const want[] = {"z", "a", "b", "c"};
    assert_int_equal(types[5].n_labels, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(sy_view_is(types[5].labels[i], want[i]));
    }
    assert_int_equal(types[5].grade, 2);
}

static void test_values_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t scale;
        bool good;
        int64_t v;
    } cases[] = {{"12.50", 3, true, 12500},
                 {"-3", 0, true, -3},
                 {"+3", 1, true, 30},
                 {"1.5", 0, false, 0},
                 {"1.55", 1, false, 0},
                 {"", 0, false, 0},
                 {".5", 1, false, 0},
                 {"5.", 1, false, 0},
                 {"1e3", 0, false, 0},
                 {" 1", 0, false, 0},
                 {"9223372036854775807", 0, false, 0},
                 {"4611686018427387904", 0, true, (int64_t)1 << 62},
                 {"99999999999999999999999999", 0, false, 0}};
    for (size_t i = 0; i < N_OF(cases); i++) {
        int64_t v = 0;
        assert_int_equal(sy_decimal_parse(sy_view_str(cases[i].text), cases[i].scale, &v),
                         cases[i].good);
        assert_int_equal(v, cases[i].v);
    }
    struct sy_view days[] = {V("1970-01-02"), V("1969-12-31"), V("1970-1-1")};
    struct sy_plan_param p = {.kind = V("date"), .values = days, .n_values = 3};
    int64_t day;
    assert_true(sy_plan_param_value(&p, 0, &day) && day == 1);
    assert_true(sy_plan_param_value(&p, 1, &day) && day == -1);
    assert_false(sy_plan_param_value(&p, 2, &day));
    assert_false(sy_plan_param_value(&p, 3, &day));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_a_whole_plan),
        cmocka_unit_test(test_spoiled_plans_are_refused),
        cmocka_unit_test(test_unions_of_labels_keep_their_order),
        cmocka_unit_test(test_values_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
