/*
 * The plan check: an honest plan passes with the facts one computes by hand; each mutation of it is
 * refused with its code; random damage of plan bytes never crashes and never passes unnoticed.
 */
#include "test_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kit *kit_of(void **state)
{
    return *state;
}

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_granted(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static void test_honest(void **state)
{
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    sy_status s = kit_check(&w, &f);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), w.k->err.field, w.k->err.reason);
    }
    const struct rules_block_facts *b = &f.blocks[0];
    assert_int_equal(f.n_spends, 1);
    assert_true(sy_view_is(f.spends[0].ns, "person"));
    assert_int_equal(f.spends[0].rho, 200000000);
    assert_int_equal(f.spends[0].delta, 0);
    assert_int_equal(f.rows_out, 6);
    assert_int_equal(f.cells_max, 6);
    assert_int_equal(b->track->n_others, 0);
    assert_int_equal(f.rows_max, 100000);
    assert_int_equal(f.size.slot_ms, 350);
    assert_int_equal(f.grade, 3);
    assert_int_equal(b->n_cells, 6);
    assert_int_equal(b->keys[0].n_cells, 2);
    assert_int_equal(b->keys[1].n_cells, 3);
    assert_int_equal(b->units_max, 100000);
    assert_int_equal(b->kind, RULES_NOISE_GAUSS);
    /* share 0.2 / 3; units: sqrt(2 / (2 share)) = 3.87 */
    assert_int_equal(b->figures[0].rho, 66666666);
    assert_int_equal(b->figures[0].noise, 4);
    assert_int_equal(b->figures[0].half, 8); /* 1.96 x 4 - 0.5 = 7.34 */
    /* sum: 3 x 2000 x sqrt(2) / sqrt(0.1333..) = 23237.9 */
    assert_int_equal(b->figures[1].reach.bound, 2000);
    assert_int_equal(b->figures[1].noise, 23238);
    assert_int_equal(b->figures[2].noise, 12);
    assert_int_equal(b->figures[0].hi, 100000);
    assert_int_equal(b->figures[1].lo, 0);
    assert_int_equal(b->figures[1].hi, 100000LL * 3 * 2000);
    assert_int_equal(b->figures[2].hi, 300000);
    assert_int_equal(f.answer_bytes % SY_REPLY_BLOCK, 0);
    assert_true(f.reply_bytes > f.answer_bytes + RULES_PROOF_BYTES);
    assert_int_equal(f.reply_bytes % SY_REPLY_BLOCK, 0);
}

/* The bound on the answer's length holds for the widest answer of this shape. */
static void test_answer_bound(void **state)
{
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    struct sy_spend spend = {
        .delta = UINT64_MAX,
        .left = UINT64_MAX,
        .ns = V("0123456789012345678901234567890123456789012345678901234567890123"),
        .rho = UINT64_MAX,
        .spent = UINT64_MAX};
    struct sy_answer a = {
        .n_columns = 4, .n_data = 2, .n_spends = 1, .spends = &spend, .rows = 6, .time = INT64_MAX};
    check_ok(kit_check(&w, &f));
    memset(a.blind, 0xFF, sizeof(a.blind));
    a.columns = kit_alloc(w.k, 4, sizeof(*a.columns));
    a.data = kit_alloc(w.k, 2, sizeof(*a.data));
    for (size_t i = 0; i < 2; i++) {
        a.data[i].dataset = V("0123456789012345678901234567890123456789012345678901234567890123");
        a.data[i].version = UINT64_MAX;
    }
    for (size_t i = 0; i < 4; i++) {
        struct sy_answer_column *c = &a.columns[i];
        bool key = i < 2;
        *c = (struct sy_answer_column){.kind = V(key ? "key" : "figure"),
                                       .mechanism = V("laplace"),
                                       .name = w.plan->outs[i].name,
                                       .noise = UINT64_MAX,
                                       .scale = 9,
                                       .n_texts = key ? 6 : 0,
                                       .n_values = key ? 0 : 6,
                                       .n_lo = key ? 0 : 6,
                                       .n_hi = key ? 0 : 6,
                                       .n_withheld = key ? 0 : 6};
        c->texts = kit_strs(w.k,
                            (const char *const[]){"diabetes", "diabetes", "diabetes", "diabetes",
                                                  "diabetes", "diabetes"},
                            6);
        int64_t *wide = kit_alloc(w.k, 6, sizeof(*wide));
        uint64_t *held = kit_alloc(w.k, 6, sizeof(*held));
        for (size_t r = 0; r < 6; r++) {
            wide[r] = INT64_MIN;
            held[r] = UINT64_MAX;
        }
        c->values = c->lo = c->hi = wide;
        c->withheld = held;
    }
    assert_true(kit_encode(w.k, &sy_answer_desc, &a).n <= f.answer_bytes);
}

/* ---- honest variants ---- */

static void add_rel(struct world *w, struct sy_plan_rel rel)
{
    struct sy_plan_rel *rels = kit_alloc(w->k, w->plan->n_rels + 1, sizeof(*rels));
    memcpy(rels, w->plan->rels, w->plan->n_rels * sizeof(*rels));
    rels[w->plan->n_rels++] = rel;
    w->plan->rels = rels;
}

static void add_source(struct world *w, const struct sy_dataset_def *d)
{
    struct sy_plan_source *so = kit_alloc(w->k, 3, sizeof(*so));
    memcpy(so, w->plan->sources, 2 * sizeof(*so));
    so[2].dataset = d->id;
    proof_sha256_one(so[2].def, kit_encode(w->k, &sy_dataset_def_desc, d));
    w->plan->sources = so;
    w->plan->n_sources = 3;
}

static void stream_source(struct world *w)
{
    add_source(w, kit_streets(w->k));
}

static void births_source(struct world *w)
{
    add_source(w, kit_births(w->k));
}

/* r4 = scan streets; r5 = join r3, r4 of a kind, on r3.weight = area (any predicate will do). */
static void join_public(struct world *w, const char *kind, bool public_left)
{
    struct sy_plan_expr e[] = {col(w, public_left ? 0 : 1), col(w, public_left ? 3 : 6),
                               call(w, "eq", 0, 1)};
    stream_source(w);
    add_rel(w, (struct sy_plan_rel){.names = KIT_STRS(w->k, "code", "area"),
                                    .n_names = 2,
                                    .op = V("scan"),
                                    .source = V("streets")});
    add_rel(w, (struct sy_plan_rel){.exprs = list(w, e, 3),
                                    .n_exprs = 3,
                                    .in = public_left ? NUMS(w, 4, 3) : NUMS(w, 3, 4),
                                    .n_in = 2,
                                    .kind = V(kind),
                                    .op = V("join"),
                                    .outs = NUMS(w, 2),
                                    .n_outs = 1});
    w->plan->blocks[0].rel = public_left ? 3 : 5; /* every relation is checked, used or not */
}

/* r4 = scan events, or births (child, mother); r5 = join r3, r4 of a kind on the units at (left, right).
 */
static void join_units(struct world *w, const char *kind, const char *dataset, int64_t left,
                       int64_t right)
{
    bool births = strcmp(dataset, "births") == 0;
    struct sy_plan_expr e[] = {col(w, left), col(w, 6 + right), call(w, "eq", 0, 1)};
    if (births) {
        births_source(w);
    }
    add_rel(w, (struct sy_plan_rel){.names = births ? KIT_STRS(w->k, "child", "mother")
                                                    : KIT_STRS(w->k, "id", "event"),
                                    .n_names = 2,
                                    .op = V("scan"),
                                    .source = V(dataset)});
    add_rel(w, (struct sy_plan_rel){.exprs = list(w, e, 3),
                                    .n_exprs = 3,
                                    .in = NUMS(w, 3, 4),
                                    .n_in = 2,
                                    .kind = V(kind),
                                    .op = V("join"),
                                    .outs = NUMS(w, 2),
                                    .n_outs = 1});
    w->plan->blocks[0].rel = 5;
}

static void v_public_inner(struct world *w)
{
    join_public(w, "inner", false);
}
static void v_public_left(struct world *w)
{
    join_public(w, "left", false);
}
static void v_public_semi(struct world *w)
{
    join_public(w, "semi", false);
}
static void v_public_anti(struct world *w)
{
    join_public(w, "anti", false);
}
static void v_semi(struct world *w)
{
    join_units(w, "semi", "events", 0, 0);
}
static void v_anti(struct world *w)
{
    join_units(w, "anti", "events", 0, 0);
}
static void v_left(struct world *w)
{
    join_units(w, "left", "events", 0, 0);
}
static void v_other_unit(struct world *w)
{
    join_units(w, "inner", "events", 4, 0);
} /* events.id = id */
static void v_laplace(struct world *w)
{
    w->plan->blocks[0].mechanism = V("laplace");
}

static void v_project(struct world *w)
{
    struct sy_plan_expr e[] = {col(w, 0), col(w, 1), col(w, 2), col(w, 3), col(w, 4), col(w, 5)};
    add_rel(w, (struct sy_plan_rel){.exprs = list(w, e, 6),
                                    .n_exprs = 6,
                                    .in = NUMS(w, 3),
                                    .n_in = 1,
                                    .names = KIT_STRS(w->k, "a", "b", "c", "d", "e", "f"),
                                    .n_names = 6,
                                    .op = V("project"),
                                    .outs = NUMS(w, 0, 1, 2, 3, 4, 5),
                                    .n_outs = 6});
    w->plan->blocks[0].rel = 4;
}

/* r4 = reduce r3 by keys: one row per person, sex, event, with min(weight). */
static void reduce(struct world *w, bool with_unit)
{
    struct sy_plan_expr e[] = {
        col(w, with_unit ? 0 : 1), col(w, 1), col(w, 2), col(w, 3), col(w, 4), col(w, 5)};
    add_rel(w, (struct sy_plan_rel){.exprs = list(w, e, 6),
                                    .n_exprs = 6,
                                    .in = NUMS(w, 3),
                                    .n_in = 1,
                                    .fns = KIT_STRS(w->k, "min"),
                                    .n_fns = 1,
                                    .names = KIT_STRS(w->k, "a", "b", "c", "d", "e", "f"),
                                    .n_names = 6,
                                    .n_keys = 5,
                                    .op = V("reduce"),
                                    .outs = NUMS(w, 0, 1, 2, 5, 4, 3),
                                    .n_outs = 6});
    struct sy_plan_expr b[] = {col(w, 2), col(w, 3), col(w, 5)};
    w->plan->blocks[0].exprs = list(w, b, 3);
    w->plan->blocks[0].rel = 4;
}
static void v_reduce(struct world *w)
{
    reduce(w, true);
}

/* An undeclared key, with its delta. */
static void v_open_key(struct world *w)
{
    struct sy_plan_block *b = &w->plan->blocks[0];
    w->plan->rels[0].names = KIT_STRS(w->k, "id", "age", "street", "weight");
    b->keys[0] = (struct sy_plan_key){.name = V("street"), .open = true};
    b->delta = 1000000;
}

/* Public data alone: exact. */
static void v_exact(struct world *w)
{
    struct sy_plan_block *b = &w->plan->blocks[0];
    struct sy_plan_expr e[] = {col(w, 1), col(w, 0)};
    w->plan->n_params = 0;
    stream_source(w);
    w->plan->sources += 2;
    w->plan->n_sources = 1;
    w->plan->rels[0] = (struct sy_plan_rel){.names = KIT_STRS(w->k, "area", "town"),
                                            .n_names = 2,
                                            .op = V("scan"),
                                            .source = V("streets")};
    w->plan->n_rels = 1;
    *b = (struct sy_plan_block){.exprs = list(w, e, 2),
                                .n_exprs = 2,
                                .mechanism = V("exact"),
                                .name = V("main"),
                                .figures = b->figures + 1,
                                .n_figures = 1,
                                .keys = b->keys + 1,
                                .n_keys = 1};
    b->figures[0] = (struct sy_plan_figure){
        .expr = 1, .fn = V("sum"), .has_arg = true, .hi = 50, .name = V("area")};
    b->keys[0] = (struct sy_plan_key){
        .labels = KIT_STRS(w->k, "a", "b", "c"), .n_labels = 3, .name = V("town")};
    w->plan->n_outs = 2;
    w->plan->outs++;
    w->plan->outs[0] = (struct sy_plan_out){.name = V("town"), .op = V("key")};
    w->plan->outs[1] = (struct sy_plan_out){.name = V("area"), .op = V("figure")};
}

typedef void mutate(struct world *w);

static void test_variants(void **state)
{
    static const struct {
        const char *name;
        mutate *make;
    } variants[] = {
        {"join a public table", v_public_inner},
        {"left join a public table", v_public_left},
        {"semi join a public table", v_public_semi},
        {"anti join a public table", v_public_anti},
        {"semi join on the unit", v_semi},
        {"anti join on the unit", v_anti},
        {"left join on the unit", v_left},
        {"equal units stand for each other", v_other_unit},
        {"projection that keeps the unit", v_project},
        {"reduction by the unit", v_reduce},
        {"open key", v_open_key},
        {"laplace", v_laplace},
        {"exact", v_exact},
    };
    for (size_t i = 0; i < LEN(variants); i++) {
        struct world w = kit_world(kit_of(state));
        struct rules_plan_facts f;
        variants[i].make(&w);
        sy_status s = kit_check(&w, &f);
        if (!sy_ok(s)) {
            fail_msg("%s: %s %s %s", variants[i].name, sy_code_name(s.code), w.k->err.field,
                     w.k->err.reason);
        }
        assert_int_equal(f.blocks[0].tau > 0, f.blocks[0].open);
        assert_int_equal(f.n_spends == 0, f.blocks[0].ns.n == 0);
    }
}

/* ---- refusals ---- */

#define M(name, ...)                                                                               \
    static void name(struct world *w)                                                              \
    {                                                                                              \
        struct sy_plan *p = w->plan;                                                               \
        struct sy_plan_block *b = &p->blocks[0];                                                   \
        (void)b;                                                                                   \
        __VA_ARGS__                                                                                \
    }

M(m_schema, p->v = 2;)
M(m_posts, p->n_post = 2; p->post = kit_alloc(w->k, 2, sizeof(*p->post));)
M(m_post, p->n_post = 1; p->post = kit_alloc(w->k, 1, sizeof(*p->post));)
M(m_program, p->program = sy_view("\x01", 1);)
M(m_blocks, p->n_blocks = 2; struct sy_plan_block *two = kit_alloc(w->k, 2, sizeof(*two));
  two[0] = *b; two[1] = *b; two[1].name = V("other"); p->blocks = two;)
M(m_no_block, p->n_blocks = 0;)
M(m_no_figure, b->n_figures = 0;)
M(m_keys_only, p->n_outs = 2;)
M(m_no_outs, p->n_outs = 0;)
M(m_field, p->rels[0].names[3] = V("hiv");)
M(m_field_unknown, p->rels[0].names[3] = V("salary");)
M(m_field_dropped, w->proposal->datasets[0].fields[3].mask = V("drop");)
M(m_field_ungranted, w->proposal->datasets[1].fields[1].name = V("days");)
M(m_dataset, p->rels[1].source = V("claims");)
M(m_dataset_ungranted, w->proposal->n_datasets = 1;)
M(m_source_digest, p->sources[0].def[0] ^= 1;)
M(m_source_missing, p->n_sources = 1;)
M(m_source_twice, p->sources[1] = p->sources[0];)
M(m_scan_no_unit, p->rels[1].names = KIT_STRS(w->k, "event"); p->rels[1].n_names = 1;
  p->rels[2].exprs[2] = (struct sy_plan_expr){.op = V("bool"), .i = 1}; p->rels[3].exprs[0].i = 4;
  b->exprs[1].i = 4;)
M(m_join_other, join_units(w, "inner", "births", 0, 1);)
M(m_join_true, p->rels[2].exprs[2] = (struct sy_plan_expr){.op = V("bool"), .i = 1};)
M(m_join_ne, p->rels[2].exprs[2].op = V("ne");)
M(m_join_or, struct sy_plan_expr e[5] = {p->rels[2].exprs[0],
                                         p->rels[2].exprs[1],
                                         p->rels[2].exprs[2],
                                         {.op = V("bool"), .i = 1},
                                         call(w, "or", 2, 3)};
  p->rels[2].exprs = list(w, e, 5); p->rels[2].n_exprs = 5; p->rels[2].outs[0] = 4;)
M(m_join_not, struct sy_plan_expr e[4] = {p->rels[2].exprs[0],
                                          p->rels[2].exprs[1],
                                          p->rels[2].exprs[2],
                                          {.args = NUMS(w, 2), .n_args = 1, .op = V("not")}};
  p->rels[2].exprs = list(w, e, 4); p->rels[2].n_exprs = 4; p->rels[2].outs[0] = 3;)
M(m_join_left_only, p->rels[2].exprs[1].i = 0;)
M(m_join_cross_kind, p->rels[2].kind = V("full");)
M(m_public_preserved, join_public(w, "left", true);)
M(m_public_semi, join_public(w, "semi", true);)
M(m_public_anti, join_public(w, "anti", true);)
M(m_semi_other, join_units(w, "semi", "births", 0, 1);)
M(m_anti_other, join_units(w, "anti", "births", 0, 1);)
M(m_left_other, join_units(w, "left", "births", 0, 1);)
M(m_left_right_unit, join_units(w, "left", "events", 0, 0); b->unit = 6;)
M(m_project_drop, v_project(w); p->rels[4].exprs[0] = col(w, 3); p->rels[4].exprs[4] = col(w, 3);
  b->rel = 3;)
M(m_reduce_drop, reduce(w, false); p->rels[4].exprs[4] = col(w, 1); b->rel = 3; b->exprs[1].i = 5;
  b->exprs[2].i = 3;)
M(m_block_unit, b->unit = 1;)
M(m_block_ns_other, b->ns = V("household");)
M(m_block_public, b->ns = (struct sy_view){0}; b->groups = b->rows = 0; b->unit = 0;
  b->mechanism = V("exact"); b->figures[0].fn = V("count"); b->rho = 0;)
M(m_exact, b->mechanism = V("exact");)
M(m_mechanism_unknown, b->mechanism = V("none");)
M(m_mechanism_pack, w->pack->grades[2].n_mechanisms = 0;)
M(m_mechanism_grant, w->proposal->n_mechanisms = 0;)
M(
    m_core,
    for (size_t i = 0; i < w->defs.defs[0].n_fields; i++) { w->defs.defs[0].fields[i].grade = 4; })
M(m_core_where, w->defs.defs[1].membership = 4;)
M(m_bounds_hi, b->figures[1].hi = 3001;)
M(m_bounds_lo, b->figures[1].lo = 199;)
M(m_bounds_swap, b->figures[1].lo = 900; b->figures[1].hi = 800;)
M(m_bounds_scale, b->figures[1].scale = 2;)
M(m_count_clamp, b->figures[2].hi = 5;)
M(m_fn, b->figures[0].fn = V("max");)
M(m_labels_changed, b->keys[1].labels[0] = V("cancer");)
M(m_labels_order, struct sy_view t = b->keys[1].labels[0];
  b->keys[1].labels[0] = b->keys[1].labels[1]; b->keys[1].labels[1] = t;)
M(m_labels_short, b->keys[1].n_labels = 2;)
M(m_labels_none, b->keys[1].n_labels = 0;)
M(m_key_open, b->keys[1].open = true; b->keys[1].n_labels = 0;)
M(m_key_nullable, b->keys[1].nullable = true;)
M(m_key_unit, b->exprs[0].i = 0;)
M(m_key_weight, b->exprs[0].i = 3;)
M(m_open_no_delta, v_open_key(w); b->delta = 0;)
M(m_cells, w->pack->cells_max = 5;)
M(m_groups, b->groups = 17;)
M(m_groups_zero, b->groups = 0;)
M(m_rows, b->rows = 101;)
M(m_rows_zero, b->rows = 0;)
M(m_rho_zero, b->rho = 0;)
M(m_rho_tiny, b->rho = 2;)
M(m_rho_high, b->rho = 500000001;)
M(m_delta_high, b->delta = 1000000000000000;)
M(m_exact_paid, v_exact(w); p->blocks[0].rho = 1;)
M(m_size, w->pack->n_sizes = 1; w->pack->sizes[0].max_rows = 99999;)
M(m_slot, p->slot_ms = 1;)
M(
    m_sum_range,
    for (size_t i = 0; i < w->defs.defs[0].n_fields; i++) {
        if (sy_view_is(w->defs.defs[0].fields[i].name, "weight")) {
            w->defs.defs[0].fields[i].hi = (int64_t)1 << 50;
        }
    } b->figures[1]
        .hi = (int64_t)1 << 50;)
M(m_forward, p->rels[3].in[0] = 3;)
M(m_col, p->rels[3].exprs[0].i = 6;)
M(m_param, p->rels[3].exprs[5].i = 1;)
M(m_op, p->rels[3].exprs[6].op = V("regexp");)
M(m_rel_op, p->rels[3].op = V("sample");)
M(m_out, p->outs[2].a = 3;)
M(m_out_op, p->outs[2].op = V("row");)

static void test_refusals(void **state)
{
    static const struct {
        const char *name;
        mutate *spoil;
        int32_t code;
    } cases[] = {
#define C(f, code) {#f, f, code}
        C(m_schema, SY_E_PLAN),
        C(m_post, SY_E_PLAN),
        C(m_posts, SY_E_PLAN),
        C(m_program, SY_E_PLAN),
        C(m_blocks, SY_E_PLAN),
        C(m_no_block, SY_E_ROW_LEVEL),
        C(m_no_figure, SY_E_ROW_LEVEL),
        C(m_keys_only, SY_E_ROW_LEVEL),
        C(m_no_outs, SY_E_ROW_LEVEL),
        C(m_field, SY_E_FIELD_DENIED),
        C(m_field_unknown, SY_E_FIELD_DENIED),
        C(m_field_dropped, SY_E_FIELD_DENIED),
        C(m_field_ungranted, SY_E_FIELD_DENIED),
        C(m_dataset, SY_E_FIELD_DENIED),
        C(m_dataset_ungranted, SY_E_FIELD_DENIED),
        C(m_source_digest, SY_E_PLAN),
        C(m_source_missing, SY_E_PLAN),
        C(m_source_twice, SY_E_PLAN),
        C(m_scan_no_unit, SY_E_PRIVACY),
        C(m_join_other, SY_E_PRIVACY),
        C(m_join_true, SY_E_PRIVACY),
        C(m_join_ne, SY_E_PLAN),
        C(m_join_or, SY_E_PRIVACY),
        C(m_join_not, SY_E_PRIVACY),
        C(m_join_left_only, SY_E_PRIVACY),
        C(m_join_cross_kind, SY_E_PLAN),
        C(m_public_preserved, SY_E_PRIVACY),
        C(m_public_semi, SY_E_PRIVACY),
        C(m_public_anti, SY_E_PRIVACY),
        C(m_semi_other, SY_E_PRIVACY),
        C(m_anti_other, SY_E_PRIVACY),
        C(m_left_other, SY_E_PRIVACY),
        C(m_left_right_unit, SY_E_PRIVACY),
        C(m_project_drop, SY_E_PRIVACY),
        C(m_reduce_drop, SY_E_PRIVACY),
        C(m_block_unit, SY_E_PLAN),
        C(m_block_ns_other, SY_E_PLAN),
        C(m_block_public, SY_E_PRIVACY),
        C(m_exact, SY_E_PRIVACY),
        C(m_mechanism_unknown, SY_E_PRIVACY),
        C(m_mechanism_pack, SY_E_PRIVACY),
        C(m_mechanism_grant, SY_E_PRIVACY),
        C(m_core, SY_E_PRIVACY),
        C(m_core_where, SY_E_PRIVACY),
        C(m_bounds_hi, SY_E_PLAN),
        C(m_bounds_lo, SY_E_PLAN),
        C(m_bounds_swap, SY_E_PLAN),
        C(m_bounds_scale, SY_E_PLAN),
        C(m_count_clamp, SY_E_PLAN),
        C(m_fn, SY_E_PLAN),
        C(m_labels_changed, SY_E_PLAN),
        C(m_labels_order, SY_E_PLAN),
        C(m_labels_short, SY_E_PLAN),
        C(m_labels_none, SY_E_PLAN),
        C(m_key_open, SY_E_PLAN),
        C(m_key_nullable, SY_E_PLAN),
        C(m_key_unit, SY_E_PLAN),
        C(m_key_weight, SY_E_PLAN),
        C(m_open_no_delta, SY_E_BUDGET),
        C(m_cells, SY_E_LIMIT),
        C(m_groups, SY_E_LIMIT),
        C(m_groups_zero, SY_E_PLAN),
        C(m_rows, SY_E_LIMIT),
        C(m_rows_zero, SY_E_PLAN),
        C(m_rho_zero, SY_E_BUDGET),
        C(m_rho_tiny, SY_E_BUDGET),
        C(m_rho_high, SY_E_BUDGET),
        C(m_delta_high, SY_E_BUDGET),
        C(m_exact_paid, SY_E_BUDGET),
        C(m_size, SY_E_LIMIT),
        C(m_slot, SY_E_PLAN),
        C(m_sum_range, SY_E_PLAN),
        C(m_forward, SY_E_PLAN),
        C(m_col, SY_E_PLAN),
        C(m_param, SY_E_PLAN),
        C(m_op, SY_E_PLAN),
        C(m_rel_op, SY_E_PLAN),
        C(m_out, SY_E_PLAN),
        C(m_out_op, SY_E_PLAN),
#undef C
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct world w = kit_world(kit_of(state));
        struct rules_plan_facts f;
        cases[i].spoil(&w);
        sy_status s = kit_check(&w, &f);
        if (s.code != cases[i].code) {
            fail_msg("%s: %s (%s: %s), want %s", cases[i].name, sy_code_name(s.code),
                     w.k->err.field, w.k->err.reason, sy_code_name(cases[i].code));
        }
        assert_null(f.blocks);
        assert_int_equal(w.k->err.code, s.code);
    }
    print_message("# %zu mutated plans refused\n", LEN(cases));
}

static void test_denied_field_is_named(void **state)
{
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    m_field(&w);
    check_code(kit_check(&w, &f), SY_E_FIELD_DENIED);
    assert_string_equal(w.k->err.field, "persons.hiv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_honest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_variants, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_denied_field_is_named, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_plan_check", tests, NULL, NULL);
}
