/*
 * Regions of cell-key blocks against brute force: random conditions and keys over a small table, most of them
 * strange. What is accepted must be a box, and exactly the rows that SQL's three-valued logic lets through;
 * what is told apart must be exactly what the key tells apart. SHUYU_SEED=... repeats a run.
 */
#include "test_cellkey_kit.h"

#include "src/region.h"
#include "test_region_eval.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 10000, NODES = 14, AGES = 9, TOWNS = 3, DAYS = 40 };

#define DAY_LO 18250 /* 2019-12-20 */

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* ---- a small table ---- */

static struct sy_dataset_def *small(struct kit *k)
{
    struct sy_dataset_def *d = ck_residents(k);
    d->fields[R_AGE].hi = AGES - 1;
    d->fields[R_TOWN].n_values = TOWNS;
    d->fields[R_BORN].nullable = true;
    d->fields[R_BORN].lo = DAY_LO;
    d->fields[R_BORN].hi = DAY_LO + DAYS - 1;
    return d;
}

/* ---- random expressions ---- */

struct making {
    struct kit *k;
    uint64_t *seed;
    struct kit_expr e[64];
    size_t n;
    int64_t column; /* that conditions are about, mostly */
};

static size_t put(struct making *m, struct kit_expr e)
{
    m->e[m->n] = e;
    return m->n++;
}

static size_t put1(struct making *m, const char *op, size_t a)
{
    return put(m, (struct kit_expr){.op = op, .args = {a}, .n_args = 1});
}

static size_t put2(struct making *m, const char *op, size_t a, size_t b)
{
    return put(m, (struct kit_expr){.op = op, .args = {a, b}, .n_args = 2});
}

static bool chance(struct making *m, uint64_t one_in)
{
    return next(m->seed) % one_in == 0;
}

static int64_t some_column(struct making *m)
{
    static const int64_t columns[] = {R_AGE, R_TOWN, R_MALE, R_BORN};
    return chance(m, 12) ? columns[next(m->seed) % LEN(columns)] : m->column;
}

static size_t some_literal(struct making *m, int64_t column, bool whole)
{
    static const char *const towns[] = {"a", "b", "c", "bb", "z"};
    if (chance(m, 15)) {
        return put(m, (struct kit_expr){.op = "null",
                                        .s = column == R_TOWN             ? "str"
                                             : column == R_MALE           ? "bool"
                                             : column == R_BORN && !whole ? "date"
                                                                          : "int"});
    }
    if (column == R_TOWN) {
        return put(m, (struct kit_expr){.op = "str", .s = towns[next(m->seed) % LEN(towns)]});
    }
    if (column == R_MALE) {
        return put(m, (struct kit_expr){.op = "bool", .i = (int64_t)(next(m->seed) % 2)});
    }
    int64_t n = (int64_t)(next(m->seed) % (column == R_BORN ? DAYS + 4 : AGES + 4)) - 2;
    return column == R_BORN && !whole ? put(m, (struct kit_expr){.op = "date", .i = DAY_LO + n})
                                      : put(m, (struct kit_expr){.op = "int", .i = n});
}

/* A field, perhaps a part of a date, perhaps arithmetic (which no region may know). */
static size_t some_variable(struct making *m, int64_t column, bool *ret_whole)
{
    static const char *const parts[] = {"year", "quarter", "month"};
    static const char *const units[] = {"year", "quarter", "month", "week"};
    size_t at = put(m, (struct kit_expr){.op = "col", .i = column});
    *ret_whole = column == R_AGE;
    if (column == R_BORN && chance(m, 2)) {
        *ret_whole = true;
        return put1(m, parts[next(m->seed) % LEN(parts)], at);
    }
    if (column == R_BORN && chance(m, 3)) {
        at = put1(m, "trunc", at);
        m->e[at].s = units[next(m->seed) % LEN(units)];
        return at;
    }
    if (column == R_AGE && chance(m, 20)) {
        size_t one = put(m, (struct kit_expr){.op = "int", .i = 1});
        return put2(m, "add", at, one);
    }
    return at;
}

static int64_t literal_of_part(struct making *m, size_t at)
{
    const char *op = m->e[at].op;
    return strcmp(op, "year") == 0      ? 2018 + (int64_t)(next(m->seed) % 4)
           : strcmp(op, "month") == 0   ? (int64_t)(next(m->seed) % 14)
           : strcmp(op, "quarter") == 0 ? (int64_t)(next(m->seed) % 6)
                                        : INT64_MIN;
}

static size_t literal_for(struct making *m, int64_t column, size_t variable, bool whole)
{
    int64_t part = literal_of_part(m, variable);
    return part != INT64_MIN ? put(m, (struct kit_expr){.op = "int", .i = part})
                             : some_literal(m, column, whole);
}

static size_t some_atom(struct making *m)
{
    static const char *const all[] = {"eq", "ne", "lt", "le", "gt", "ge"};
    bool whole;
    int64_t column = some_column(m);
    size_t v = some_variable(m, column, &whole);
    if (chance(m, 8)) {
        return put1(m, "is_null", v);
    }
    size_t a = literal_for(m, column, v, whole);
    if (chance(m, 5)) {
        size_t b = literal_for(m, column, v, whole);
        return put(m, (struct kit_expr){.op = "in", .args = {v, a, b}, .n_args = 3});
    }
    const char *op = all[next(m->seed) % (column == R_MALE ? 2 : LEN(all))];
    return chance(m, 3) ? put2(m, op, a, v) : put2(m, op, v, a);
}

static size_t some_condition(struct making *m)
{
    size_t a = some_atom(m);
    while (m->n < NODES && !chance(m, 3)) {
        uint64_t die = next(m->seed) % 5;
        a = die == 0   ? put1(m, "not", a)
            : die == 1 ? put2(m, "or", a, some_atom(m))
                       : put2(m, "and", a, some_atom(m));
        m->column = chance(m, 6) ? (int64_t)(1 + next(m->seed) % 4) : m->column;
    }
    return a;
}

/* ---- the comparison ---- */

static const struct region_seg *segment(const struct region *g, int64_t column, int64_t v)
{
    static const struct region_seg everything = {INT64_MIN, INT64_MAX, 0};
    for (size_t i = 0; i < g->n_dims; i++) {
        if ((int64_t)g->dims[i].col != column) {
            continue;
        }
        for (size_t j = 0; j < g->dims[i].values.n; j++) {
            const struct region_seg *s = &g->dims[i].values.seg[j];
            if (s->lo <= v && v <= s->hi) {
                return s;
            }
        }
        return NULL;
    }
    return &everything;
}

static int64_t position(struct value v)
{
    return v.null ? RULES_REGION_NULL : v.s.p != NULL ? v.s.p[0] - 'a' : v.v;
}

static bool in_box(const struct region *g, const struct row *r)
{
    return segment(g, R_AGE, position(r->age)) != NULL &&
           segment(g, R_TOWN, position(r->town)) != NULL &&
           segment(g, R_MALE, position(r->male)) != NULL &&
           segment(g, R_BORN, position(r->born)) != NULL;
}

static struct value label(struct value v)
{
    static const char letters[] = "abc";
    return v.null ? v : (struct value){.s = sy_view(letters + v.v, 1)};
}

/* Row i of all there can be. */
static struct row row_at(size_t i)
{
    struct row r;
    r.age = (struct value){.null = i % (AGES + 1) == AGES, .v = (int64_t)(i % (AGES + 1))};
    i /= AGES + 1;
    r.town =
        label((struct value){.null = i % (TOWNS + 1) == TOWNS, .v = (int64_t)(i % (TOWNS + 1))});
    i /= TOWNS + 1;
    r.male = (struct value){.v = (int64_t)(i % 2)};
    i /= 2;
    r.born = (struct value){.null = i == DAYS, .v = DAY_LO + (int64_t)i};
    return r;
}

enum { N_ROWS = (AGES + 1) * (TOWNS + 1) * 2 * (DAYS + 1) };

static void same_rows(const struct region *g, const struct sy_plan_expr *e, size_t n)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        struct row r = row_at(i);
        struct value v = value_of(e, n, &r);
        bool kept = !v.null && v.v == 1;
        if (kept != in_box(g, &r)) {
            fail_msg("row %zu: %s by the condition, %s the box", i, kept ? "kept" : "dropped",
                     kept ? "outside" : "inside");
        }
    }
}

static sy_status build(struct making *m, struct ck_list where, struct ck_list key,
                       struct sy_plan **ret_plan, struct region *ret)
{
    struct kit *k = m->k;
    struct sy_plan *p = ck_plan(k, where, key, NULL, 0, false);
    struct sy_plan_types *types = kit_alloc(k, 1, sizeof(*types));
    struct sy_dataset_def *d = small(k);
    struct region_case c = {.plan = p, .types = types};
    *ret_plan = p;
    memset(&k->err, 0, sizeof(k->err));
    if (key.n > 0) { /* labels as typing wants them */
        const struct sy_view *labels;
        struct sy_plan *bare = ck_plan(k, where, CK_NONE, NULL, 0, false);
        SY_TRY(sy_plan_type(bare, d, 1, &k->arena, types, &k->err));
        struct sy_type t[64] = {0};
        struct sy_typer typer;
        struct sy_expr_scope scope = {types->rels[0].cols, types->rels[0].n_cols,
                                      p->blocks[0].exprs, t};
        SY_TRY(sy_typer_init(&typer, NULL, 0, d, 1, &k->arena, &k->err));
        for (size_t i = 0; i < key.n; i++) {
            SY_TRY(sy_type_expr(&typer, &scope, i, &k->err));
        }
        SY_TRY(sy_type_labels(&t[key.n - 1], &k->arena, &labels, &p->blocks[0].keys[0].n_labels,
                              &k->err));
        p->blocks[0].keys[0].labels = (struct sy_view *)(uintptr_t)labels;
        p->blocks[0].keys[0].nullable = t[key.n - 1].nullable;
    }
    SY_TRY(sy_plan_type(p, d, 1, &k->arena, types, &k->err));
    return region_build(&c, &k->arena, ret, &k->err);
}

static uint64_t seed_of(void)
{
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) | 1 : 20261122;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static void test_conditions(void **state)
{
    struct kit *k = *state;
    uint64_t seed = seed_of();
    size_t boxes = 0;
    size_t refused = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct making m = {.k = k, .seed = &seed, .column = (int64_t)(1 + next(&seed) % 4)};
        struct sy_plan *p;
        struct region g;
        some_condition(&m);
        sy_status s = build(&m, (struct ck_list){m.e, m.n}, CK_NONE, &p, &g);
        if (sy_ok(s)) {
            same_rows(&g, p->rels[1].exprs, m.n);
            boxes++;
        }
        refused += s.code == SY_E_PRIVACY;
        if (!sy_ok(s) && s.code != SY_E_PRIVACY && s.code != SY_E_PLAN) {
            fail_msg("%s %s %s", sy_code_name(s.code), k->err.field, k->err.reason);
        }
        sy_arena_deinit(&k->arena);
        k->arena = (struct sy_arena){.ceiling = (size_t)1 << 30};
    }
    print_message("# %zu boxes, %zu refused, of %d\n", boxes, refused, ROUNDS);
    assert_true(boxes > ROUNDS / 5);
    assert_true(refused > ROUNDS / 20);
}

/* ---- keys ---- */

static bool same_value(struct value a, struct value b)
{
    return a.null || b.null ? a.null == b.null : order(&a, &b) == 0;
}

/* Two rows are of one class exactly when the key has one value for them. */
static void same_classes(const struct region *g, const struct sy_plan_expr *e, size_t n,
                         int64_t column)
{
    for (size_t i = 0; i < N_ROWS; i += 37) {
        for (size_t j = 0; j < N_ROWS; j += 41) {
            struct row a = row_at(i);
            struct row b = row_at(j);
            int64_t x = position(cell(&a, column));
            int64_t y = position(cell(&b, column));
            const struct region_seg *s = segment(g, column, x);
            const struct region_seg *t = segment(g, column, y);
            assert_true(s != NULL && t != NULL);
            bool one = s->cls == t->cls && (s->cls != RULES_REGION_EACH || x == y);
            if (one != same_value(value_of(e, n, &a), value_of(e, n, &b))) {
                fail_msg("rows %zu and %zu: told apart %d", i, j, !one);
            }
        }
    }
}

static size_t some_key(struct making *m, int64_t column)
{
    bool whole;
    size_t when[3];
    size_t then[4];
    m->column = column;
    if (chance(m, 3)) {
        return some_variable(m, column, &whole);
    }
    if (chance(m, 4)) {
        return some_atom(m);
    }
    struct kit_expr e = {.op = "case", .n_args = 0};
    size_t n = 1 + next(m->seed) % 3;
    for (size_t i = 0; i < n; i++) {
        when[i] = some_atom(m);
        then[i] = put(m, (struct kit_expr){.op = "int", .i = (int64_t)(next(m->seed) % 3)});
    }
    then[n] = put(m, (struct kit_expr){.op = "int", .i = (int64_t)(next(m->seed) % 3)});
    for (size_t i = 0; i < n; i++) {
        e.args[e.n_args++] = when[i];
        e.args[e.n_args++] = then[i];
    }
    e.args[e.n_args++] = then[n];
    return put(m, e);
}

static void test_keys(void **state)
{
    struct kit *k = *state;
    uint64_t seed = seed_of();
    size_t boxes = 0;
    for (size_t i = 0; i < ROUNDS / 20; i++) {
        struct making m = {.k = k, .seed = &seed};
        struct sy_plan *p;
        struct region g;
        int64_t column = (int64_t)(1 + next(&seed) % 4);
        some_key(&m, column);
        sy_status s = build(&m, CK_NONE, (struct ck_list){m.e, m.n}, &p, &g);
        bool other = sy_ok(s) && (g.n_dims != 1 || (int64_t)g.dims[0].col != column);
        if (sy_ok(s) && !other) {
            same_classes(&g, p->blocks[0].exprs, m.n, column);
            boxes++;
        }
        sy_arena_deinit(&k->arena);
        k->arena = (struct sy_arena){.ceiling = (size_t)1 << 30};
    }
    print_message("# %zu keys compared\n", boxes);
    assert_true(boxes > ROUNDS / 20 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conditions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_region", tests, NULL, NULL);
}
