/*
 * Fuzz target: any bytes as a plan; one that types against a small catalogue has its post stage typed and
 * run on made-up tables. Besides not crashing: rows stay within their bound, no two have the same
 * keys, values are canonical, what is not noisy is the same in all lanes, and lane 0 does not depend on
 * the others.
 */
#include <math.h>
#include <stdlib.h>

#include "wire/post.h"

#define STR(s)                                                                                     \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

enum { LANES = 3, ROWS = 40 };

static struct sy_view ages[] = {STR("0-4"), STR("5-9"), STR("10-14")};
static struct sy_view drugs[] = {STR("zinc"), STR("aspirin"), STR("5-9"), STR("x")};

static struct sy_field_def person_fields[] = {
    {.name = STR("id"), .type = STR("unit"), .ref = STR("person"), .grade = 2},
    {.name = STR("age"),
     .type = STR("enum"),
     .values = ages,
     .n_values = 3,
     .nullable = true,
     .grade = 2},
    {.name = STR("male"), .type = STR("bool"), .grade = 2},
    {.name = STR("year"), .type = STR("int32"), .lo = 2018, .hi = 2020, .grade = 2},
    {.name = STR("fee"), .type = STR("int32"), .hi = 1000, .grade = 2},
    {.name = STR("drug"), .type = STR("text"), .grade = 2},
};

static struct sy_field_def public_fields[] = {
    {.name = STR("age"), .type = STR("enum"), .values = ages, .n_values = 3, .grade = 1},
    {.name = STR("n"), .type = STR("int32"), .hi = 100000, .grade = 1},
};

static struct sy_dataset_def defs[] = {
    {.id = STR("d"),
     .ns = STR("person"),
     .unit = STR("id"),
     .fields = person_fields,
     .n_fields = 6,
     .max_rows = 1000,
     .membership = 2,
     .units = 1000},
    {.id = STR("p"), .fields = public_fields, .n_fields = 2, .max_rows = 100, .membership = 1},
};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* --- tables ---------------------------------------------------------------------------------------------------- */

static size_t key_values(const struct sy_plan_key *k)
{
    return k->open ? sizeof drugs / sizeof drugs[0] : k->n_labels + (k->nullable ? 1 : 0);
}

/* The key's value in a row: rows count through the product of all values. */
static size_t key_value(const struct sy_plan_block *b, size_t key, size_t row)
{
    for (size_t i = b->n_keys; i-- > key + 1;) {
        row /= key_values(&b->keys[i]);
    }
    return row % key_values(&b->keys[key]);
}

static size_t table_rows(const struct sy_plan_block *b)
{
    size_t n = 1;
    for (size_t i = 0; i < b->n_keys; i++) {
        n *= key_values(&b->keys[i]);
        n = n > ROWS ? ROWS : n;
    }
    return n;
}

static struct sy_view key_text(const struct sy_plan_key *k, size_t value)
{
    const struct sy_view *labels = k->open ? drugs : k->labels;
    return !k->open && value >= k->n_labels ? (struct sy_view){0} : labels[value];
}

/* Figures of all sizes, and NULL; only the lanes behind the first depend on `world`. */
static double figure(size_t row, size_t col, size_t lane, unsigned world)
{
    static const double values[] = {0.0, 1.0, -3.0, 17.5, 1e300, -0.0, 250.0, 1e-300};
    size_t at = row * 7 + col * 3 + (lane == 0 ? 0 : lane + world);
    return at % 11 == 10 ? (double)NAN : values[at % 8];
}

static void fill_column(const struct sy_plan_block *b, const struct sy_plan_out *o, size_t col,
                        size_t n_rows, unsigned world, struct sy_post_column *c)
{
    bool key = sy_view_is(o->op, "key");
    for (size_t row = 0; row < n_rows; row++) {
        int64_t v = 0;
        struct sy_view text = {0};
        if (key) {
            text = key_text(&b->keys[o->a], key_value(b, o->a, row));
        }
        c->texts[row] = text;
        bool number = text.p != NULL && sy_decimal_parse(text, 0, &v);
        for (size_t lane = 0; lane < LANES; lane++) {
            double noised = figure(row, col, b->ns.n == 0 ? 0 : lane, world);
            c->lanes[row * LANES + lane] = !key ? noised : number ? (double)v : (double)NAN;
        }
    }
}

static bool fill(const struct sy_plan *plan, const struct sy_post_block *blocks, size_t b,
                 unsigned world, struct sy_arena *arena, struct sy_post_table *t)
{
    *t = (struct sy_post_table){.n_rows = table_rows(&plan->blocks[b]), .n_cols = blocks[b].n_cols};
    t->cols = sy_arena_alloc(arena, t->n_cols + 1, sizeof *t->cols);
    size_t col = 0;
    for (size_t i = 0; t->cols != NULL && i < plan->n_outs; i++) {
        if (plan->outs[i].block != b) {
            continue;
        }
        struct sy_post_column *c = &t->cols[col];
        c->kind = blocks[b].cols[col].kind;
        c->lanes = sy_arena_alloc(arena, ROWS * LANES, sizeof(double));
        c->texts = sy_arena_alloc(arena, ROWS, sizeof(struct sy_view));
        if (c->lanes == NULL || c->texts == NULL) {
            return false;
        }
        fill_column(&plan->blocks[b], &plan->outs[i], col++, t->n_rows, world, c);
    }
    return t->cols != NULL;
}

/* --- what must hold ------------------------------------------------------------------------------------------------ */

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static const struct sy_post_col *type_of(const struct sy_plan *plan,
                                         const struct sy_post_types *types, size_t col)
{
    return &types->rels[types->n_rels - 1].cols[plan->post[0].outs[col].col];
}

static void check_values(const struct sy_plan *plan, const struct sy_post_types *types,
                         const struct sy_post_table *t)
{
    for (size_t c = 0; c < t->n_cols; c++) {
        const struct sy_post_col *type = type_of(plan, types, c);
        require(t->cols[c].kind == type->kind && type->kind != SY_POST_NONE);
        for (size_t i = 0; type->kind != SY_POST_LABEL && i < t->n_rows * LANES; i++) {
            double v = t->cols[c].lanes[i];
            require(isfinite(v) ? v != 0.0 || !signbit(v) : same_bits(v, (double)NAN));
            require(type->kind != SY_POST_BOOL || isnan(v) || v == 0.0 || v == 1.0);
            require(type->noisy || same_bits(v, t->cols[c].lanes[i - i % LANES]));
        }
    }
}

static bool same_cell(const struct sy_post_column *a, size_t row_a, const struct sy_post_column *b,
                      size_t row_b)
{
    if (a->kind == SY_POST_LABEL) {
        return (a->texts[row_a].p == NULL) == (b->texts[row_b].p == NULL) &&
               sy_view_eq(a->texts[row_a], b->texts[row_b]);
    }
    return same_bits(a->lanes[row_a * LANES], b->lanes[row_b * LANES]);
}

/* Another world differs in the simulated lanes only: rows, labels and lane 0 are the same. */
static void check_same(const struct sy_post_table *a, const struct sy_post_table *b)
{
    require(a->n_rows == b->n_rows && a->n_cols == b->n_cols);
    for (size_t c = 0; c < a->n_cols; c++) {
        for (size_t row = 0; row < a->n_rows; row++) {
            require(same_cell(&a->cols[c], row, &b->cols[c], row));
        }
    }
}

static bool shows_key(const struct sy_plan *plan, size_t col)
{
    for (size_t i = 0; i < plan->post[0].n_outs; i++) {
        if (plan->post[0].outs[i].col == col) {
            return true;
        }
    }
    return false;
}

/* Are all key columns of the last relation among the answer's, and is there one? */
static bool shows_keys(const struct sy_plan *plan, const struct sy_post_types *types)
{
    const struct sy_post_rel_types *last = &types->rels[types->n_rels - 1];
    size_t n = 0;
    for (size_t c = 0; c < last->n_cols; c++) {
        if (last->cols[c].key && !shows_key(plan, c)) {
            return false;
        }
        n += last->cols[c].key ? 1 : 0;
    }
    return n > 0;
}

static void check_keys(const struct sy_plan *plan, const struct sy_post_types *types,
                       const struct sy_post_table *t)
{
    size_t n = t->n_rows > ROWS ? ROWS : t->n_rows;
    for (size_t a = 0; shows_keys(plan, types) && a < n; a++) {
        for (size_t b = 0; b < a; b++) {
            bool same = true;
            for (size_t c = 0; c < t->n_cols; c++) {
                same = same &&
                       (!type_of(plan, types, c)->key || same_cell(&t->cols[c], a, &t->cols[c], b));
            }
            require(!same);
        }
    }
}

/* --- one input ------------------------------------------------------------------------------------------------------- */

/* One run on the tables of this world; false where something did not fit. */
static bool run(const struct sy_plan *plan, const struct sy_plan_types *plan_types,
                const struct sy_post_types *types, unsigned world, struct sy_arena *arena,
                struct sy_post_table *ret)
{
    static const uint64_t first[SY_PLAN_PARAMS_MAX];
    struct sy_post_table tables[SY_PLAN_BLOCKS_MAX];
    struct sy_post_block *blocks;
    size_t n;
    if (!sy_ok(sy_post_blocks(plan, plan_types, arena, &blocks, &n, NULL))) {
        return false;
    }
    for (size_t b = 0; b < n; b++) {
        if (!fill(plan, blocks, b, world, arena, &tables[b])) {
            return false;
        }
    }
    sy_status st = sy_post_run(plan, types, first, tables, LANES, arena, ret, NULL);
    require(sy_ok(st) || st.code == SY_E_LIMIT || st.code == SY_E_NO_MEMORY);
    return sy_ok(st);
}

static void check_plan(const struct sy_plan *plan, const struct sy_plan_types *plan_types,
                       const struct sy_post_types *types, struct sy_arena *arena)
{
    struct sy_post_table t;
    struct sy_post_table other;
    for (size_t i = 0; i < types->n_rels; i++) {
        require(types->rels[i].rows <= SY_POST_ROWS_MAX);
    }
    require(types->values <= SY_POST_VALUES_MAX && types->work <= SY_POST_WORK_MAX);
    if (!run(plan, plan_types, types, 0, arena, &t)) {
        return;
    }
    require(t.n_rows <= types->rels[types->n_rels - 1].rows);
    check_values(plan, types, &t);
    check_keys(plan, types, &t);
    if (run(plan, plan_types, types, 1, arena, &other)) {
        check_same(&t, &other);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan plan;
    struct sy_plan_types plan_types;
    struct sy_post_types types;
    struct sy_error err = {0};
    if (!sy_ok(sy_record_decode(&sy_plan_desc, sy_view(data, size), &SY_MP_REQUEST, &arena, &plan,
                                NULL)) ||
        !sy_ok(
            sy_plan_type(&plan, defs, sizeof defs / sizeof defs[0], &arena, &plan_types, NULL))) {
        return 0;
    }
    sy_status st = sy_post_type(&plan, &plan_types, &arena, &types, &err);
    if (sy_ok(st)) {
        check_plan(&plan, &plan_types, &types, &arena);
    } else {
        require(st.code == SY_E_NO_MEMORY || (st.code == SY_E_PLAN && err.reason[0] != 0));
    }
    return 0;
}
