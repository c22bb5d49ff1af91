#include "worlds.h"

#include <string.h>

#include "check.h"

enum { POOL_MAX = 512, LABELS_NEAR = 4, TEXTS = 5 };

/* Constants that the plan compares with. */
struct pool {
    int64_t ints[POOL_MAX]; /* with their scales */
    uint32_t scales[POOL_MAX];
    size_t n_ints;
    int64_t days[POOL_MAX];
    size_t n_days;
    struct sy_view texts[POOL_MAX];
    size_t n_texts;
};

struct making {
    struct worlds *w;
    const struct sy_plan *plan;
    struct pool pool;
    uint64_t random;
};

static uint64_t draw(struct making *m)
{
    uint64_t z = m->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static bool chance(struct making *m, unsigned percent)
{
    return draw(m) % 100 < percent;
}

/* --- what the plan looks for ----------------------------------------------------------------------- */

static void pool_int(struct pool *p, int64_t v, uint64_t scale)
{
    if (p->n_ints < POOL_MAX) {
        p->scales[p->n_ints] = (uint32_t)scale;
        p->ints[p->n_ints++] = v;
    }
}

static void pool_day(struct pool *p, int64_t v)
{
    if (p->n_days < POOL_MAX) {
        p->days[p->n_days++] = v;
    }
}

static void pool_text(struct pool *p, struct sy_view v)
{
    if (p->n_texts < POOL_MAX) {
        p->texts[p->n_texts++] = v;
    }
}

static void pool_param(struct pool *p, const struct sy_plan_param *d, uint64_t at)
{
    int64_t v = 0, last = 0;
    if (sy_view_is(d->kind, "period")) {
        assert_true(sy_plan_period(d, at, &v, &last));
        pool_day(p, v);
        pool_day(p, last);
    } else if (sy_view_is(d->kind, "str")) {
        pool_text(p, d->values[at]);
    } else if (sy_plan_param_value(d, at, &v)) {
        (void)(sy_view_is(d->kind, "date") ? pool_day(p, v) : pool_int(p, v, d->scale));
    }
}

static void pool_exprs(struct pool *p, const struct sy_plan_expr *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_is(e[i].op, "int")) {
            pool_int(p, e[i].i, e[i].scale);
        } else if (sy_view_is(e[i].op, "date")) {
            pool_day(p, e[i].i);
        } else if (sy_view_is(e[i].op, "str")) {
            pool_text(p, e[i].s);
        }
    }
}

static void fill_pool(struct making *m, const uint64_t *params)
{
    for (size_t i = 0; i < m->plan->n_params; i++) {
        pool_param(&m->pool, &m->plan->params[i], params[i]);
    }
    for (size_t i = 0; i < m->plan->n_rels; i++) {
        pool_exprs(&m->pool, m->plan->rels[i].exprs, m->plan->rels[i].n_exprs);
    }
    for (size_t i = 0; i < m->plan->n_blocks; i++) {
        pool_exprs(&m->pool, m->plan->blocks[i].exprs, m->plan->blocks[i].n_exprs);
    }
}

/* --- values ----------------------------------------------------------------------------------------- */

static int64_t clamp(const struct sy_field_def *f, int64_t v)
{
    return v < f->lo ? f->lo : v > f->hi ? f->hi : v;
}

static int64_t uniform(struct making *m, int64_t lo, int64_t hi)
{
    uint64_t span = (uint64_t)hi - (uint64_t)lo + 1;
    return span == 0 ? (int64_t)draw(m) : (int64_t)((uint64_t)lo + draw(m) % span);
}

static int64_t draw_int(struct making *m, const struct sy_field_def *f)
{
    const struct pool *p = &m->pool;
    if (p->n_ints > 0 && chance(m, 50)) {
        size_t i = draw(m) % p->n_ints;
        if (p->scales[i] == f->scale) {
            return clamp(f, p->ints[i] + uniform(m, -1, 1));
        }
    }
    /* few values, so that rows meet in joins and groups; now and then anything, and the ends */
    return chance(m, 60)   ? clamp(f, f->lo + uniform(m, 0, 5))
           : chance(m, 20) ? (chance(m, 50) ? f->lo : f->hi)
                           : uniform(m, f->lo, f->hi);
}

static int64_t draw_day(struct making *m, const struct sy_field_def *f)
{
    const struct pool *p = &m->pool;
    if (chance(m, 35)) { /* few days, where keys begin, so that rows meet */
        return clamp(f, (p->n_days > 0 ? p->days[0] : f->lo) + uniform(m, 0, WORLD_ROWS / 2));
    }
    if (p->n_days > 1 && chance(m, 50)) {
        int64_t a = p->days[draw(m) % p->n_days], b = p->days[draw(m) % p->n_days];
        return clamp(f, uniform(m, a < b ? a : b, a < b ? b : a));
    }
    if (p->n_days > 0 && chance(m, 70)) {
        return clamp(f, p->days[draw(m) % p->n_days] + uniform(m, -400, 400));
    }
    return uniform(m, f->lo, f->hi);
}

static int64_t draw_label(struct making *m, const struct sy_field_def *f)
{
    const struct pool *p = &m->pool;
    if (p->n_texts > 0 && chance(m, 70)) {
        struct sy_view want = p->texts[draw(m) % p->n_texts];
        for (size_t i = 0; i < f->n_values; i++) {
            if (sy_view_eq(f->values[i], want)) {
                return (int64_t)i;
            }
        }
    }
    size_t few = f->n_values < LABELS_NEAR ? f->n_values : LABELS_NEAR;
    return (int64_t)(draw(m) % (chance(m, 70) ? few : f->n_values));
}

static int64_t draw_text(struct making *m, const struct sy_field_def *f)
{
    (void)f;
    return (int64_t)(draw(m) % TEXTS);
}

static int64_t draw_bool(struct making *m, const struct sy_field_def *f)
{
    (void)f;
    return (int64_t)(draw(m) % 2);
}

static int64_t draw_cell(struct making *m, const struct sy_field_def *f)
{
    static const struct {
        const char *type;
        int64_t (*draw)(struct making *, const struct sy_field_def *);
    } types[] = {{"int32", draw_int}, {"int64", draw_int},  {"decimal", draw_int},
                 {"date", draw_day},  {"enum", draw_label}, {"text", draw_text},
                 {"bool", draw_bool}};
    if (f->nullable && chance(m, 12)) {
        return CELL_NULL;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (sy_view_is(f->type, types[i].type)) {
            return types[i].draw(m, f);
        }
    }
    return CELL_NULL;
}

/* A unit that has not used up its cap; NULL when none is found. Some units have very many rows. */
static int64_t draw_unit(struct making *m, const struct sy_field_def *f, const int64_t *column,
                         size_t n)
{
    for (size_t tries = 0; tries < 8; tries++) {
        uint64_t u = draw(m) % WORLD_UNITS;
        u = chance(m, 40) ? u * u / WORLD_UNITS / 2 : u;
        size_t used = 0;
        for (size_t i = 0; i < n; i++) {
            used += column[i] == (int64_t)u ? 1 : 0;
        }
        if (f->rows == 0 || used < f->rows) {
            return f->nullable && chance(m, 8) ? CELL_NULL : (int64_t)u;
        }
    }
    return CELL_NULL;
}

/* --- worlds ----------------------------------------------------------------------------------------- */

static bool is_read(const struct sy_plan *plan, struct sy_view dataset)
{
    for (size_t i = 0; i < plan->n_rels; i++) {
        if (sy_view_is(plan->rels[i].op, "scan") && sy_view_eq(plan->rels[i].source, dataset)) {
            return true;
        }
    }
    return false;
}

static bool is_unit(const struct sy_field_def *f)
{
    return sy_view_is(f->type, "unit");
}

static void *take(struct sy_arena *a, size_t n, size_t size)
{
    void *p = sy_arena_alloc(a, n + 1, size);
    assert_non_null(p);
    return p;
}

static void make_columns(struct making *m, struct table *t, size_t rows)
{
    static const char *const texts[TEXTS] = {"甲", "乙乙", "c", "dd", "eee"};
    struct sy_arena *a = &m->w->ts.arena;
    t->cols = take(a, t->def->n_fields, sizeof *t->cols);
    t->texts = take(a, t->def->n_fields, sizeof *t->texts);
    for (size_t k = 0; k < t->def->n_fields; k++) {
        t->cols[k] = take(a, rows, sizeof **t->cols);
        for (size_t i = 0; i < TEXTS && sy_view_is(t->def->fields[k].type, "text"); i++) {
            assert_int_equal(dict_code(&t->texts[k], sy_view_str(texts[i]), a), i);
        }
    }
}

/* False: no unit is left whose cap allows the row. */
static bool make_row(struct making *m, struct table *t, size_t from, size_t at)
{
    for (size_t k = 0; k < t->def->n_fields; k++) {
        const struct sy_field_def *f = &t->def->fields[k];
        t->cols[k][at] =
            is_unit(f) ? draw_unit(m, f, t->cols[k] + from, at - from) : draw_cell(m, f);
        if (is_unit(f) && t->cols[k][at] == CELL_NULL && !f->nullable) {
            return false;
        }
    }
    return true;
}

static bool has_unit(const struct table *t, size_t row, const struct absent *x)
{
    for (size_t k = 0; k < t->def->n_fields; k++) {
        const struct sy_field_def *f = &t->def->fields[k];
        if (is_unit(f) && sy_view_eq(f->ref, x->ns) && t->cols[k][row] == (int64_t)x->unit) {
            return true;
        }
    }
    return false;
}

/* Rows [from, to) of a world, once more at `at`, without the absent unit. */
static size_t copy_without(struct table *t, size_t from, size_t to, size_t at,
                           const struct absent *x)
{
    for (size_t i = from; i < to; i++) {
        if (!has_unit(t, i, x)) {
            for (size_t k = 0; k < t->def->n_fields; k++) {
                t->cols[k][at] = t->cols[k][i];
            }
            at++;
        }
    }
    return at;
}

/* From here on units are numbered through all worlds. */
static void number_units(struct worlds *w, struct table *t, const size_t *first)
{
    for (size_t k = 0; k < t->def->n_fields; k++) {
        if (!is_unit(&t->def->fields[k])) {
            continue;
        }
        for (size_t world = 0; world < 2 * w->n_pairs; world++) {
            for (size_t i = first[world]; i < first[world + 1]; i++) {
                t->cols[k][i] += t->cols[k][i] == CELL_NULL ? 0 : (int64_t)(world * WORLD_UNITS);
            }
        }
    }
}

static void make_protected(struct making *m, struct table *t, size_t *first)
{
    size_t at = 0;
    make_columns(m, t, 2 * m->w->n_pairs * WORLD_ROWS);
    for (size_t pair = 0; pair < m->w->n_pairs; pair++) {
        size_t from = at, n = draw(m) % (WORLD_ROWS + 1);
        first[2 * pair] = at;
        for (size_t i = 0; i < n; i++) {
            at += make_row(m, t, from, at) ? 1 : 0;
        }
        first[2 * pair + 1] = at;
        at = copy_without(t, from, at, at, &m->w->absent[pair]);
        first[2 * pair + 2] = at;
    }
    t->n_rows = at;
    number_units(m->w, t, first);
}

/* Keys differ: one after another, dates from a day that the plan looks for. */
static int64_t draw_key(struct making *m, const struct sy_field_def *f, size_t i)
{
    bool near = sy_view_is(f->type, "date") && m->pool.n_days > 0;
    int64_t first = near ? m->pool.days[0] : f->lo;
    int64_t room = f->hi - (int64_t)WORLD_ROWS;
    first = first < room ? first : room;
    return (first > f->lo ? first : f->lo) + (int64_t)i;
}

static void make_public(struct making *m, struct table *t)
{
    make_columns(m, t, WORLD_ROWS);
    t->n_rows = WORLD_ROWS / 2 + draw(m) % (WORLD_ROWS / 2);
    for (size_t i = 0; i < t->n_rows; i++) {
        for (size_t k = 0; k < t->def->n_fields; k++) {
            const struct sy_field_def *f = &t->def->fields[k];
            t->cols[k][i] = f->rows == 1 ? draw_key(m, f, i) : draw_cell(m, f);
        }
    }
}

/* Any namespace that owns rows of what is read. */
static void choose_absent(struct making *m, struct absent *ret)
{
    size_t seen = 0;
    for (size_t i = 0; i < m->w->ts.n_defs; i++) {
        const struct sy_dataset_def *def = &m->w->ts.defs[i];
        for (size_t k = 0; def->ns.n != 0 && is_read(m->plan, def->id) && k < def->n_fields; k++) {
            if (is_unit(&def->fields[k]) && draw(m) % ++seen == 0) {
                ret->ns = def->fields[k].ref;
            }
        }
    }
    ret->unit = draw(m) % WORLD_UNITS;
}

void worlds_make(struct worlds *w, const struct tables *catalogue, const struct sy_plan *plan,
                 const uint64_t *params, size_t n_pairs, uint64_t seed)
{
    struct making m = {.w = w, .plan = plan, .random = seed};
    *w = (struct worlds){.n_pairs = n_pairs};
    w->ts.arena.ceiling = (size_t)4 << 30;
    w->ts.defs = catalogue->defs;
    w->ts.n_defs = catalogue->n_defs;
    w->ts.t = take(&w->ts.arena, w->ts.n_defs, sizeof *w->ts.t);
    w->first = take(&w->ts.arena, w->ts.n_defs, sizeof *w->first);
    w->absent = take(&w->ts.arena, n_pairs, sizeof *w->absent);
    fill_pool(&m, params);
    for (size_t i = 0; i < n_pairs; i++) {
        choose_absent(&m, &w->absent[i]);
    }
    for (size_t i = 0; i < w->ts.n_defs; i++) {
        w->ts.t[i].def = &w->ts.defs[i];
        w->first[i] = take(&w->ts.arena, 2 * n_pairs, sizeof **w->first);
        if (is_read(plan, w->ts.defs[i].id)) {
            (void)(w->ts.defs[i].ns.n != 0 ? make_protected(&m, &w->ts.t[i], w->first[i])
                                           : make_public(&m, &w->ts.t[i]));
        }
    }
}

void worlds_free(struct worlds *w)
{
    sy_arena_deinit(&w->ts.arena);
}

void worlds_one(const struct worlds *w, size_t world, struct tables *ret, struct sy_arena *arena)
{
    *ret = w->ts;
    ret->arena = (struct sy_arena){0};
    ret->t = take(arena, w->ts.n_defs, sizeof *ret->t);
    for (size_t i = 0; i < w->ts.n_defs; i++) {
        struct table *t = &ret->t[i];
        *t = w->ts.t[i];
        if (t->def->ns.n == 0 || t->cols == NULL) {
            continue;
        }
        size_t from = w->first[i][world];
        t->n_rows = w->first[i][world + 1] - from;
        t->cols = take(arena, t->def->n_fields, sizeof *t->cols);
        for (size_t k = 0; k < t->def->n_fields; k++) {
            t->cols[k] = take(arena, t->n_rows, sizeof **t->cols);
            for (size_t r = 0; r < t->n_rows; r++) {
                int64_t v = w->ts.t[i].cols[k][from + r];
                bool unit = is_unit(&t->def->fields[k]) && v != CELL_NULL;
                t->cols[k][r] = unit ? v - (int64_t)(world * WORLD_UNITS) : v;
            }
        }
    }
}
