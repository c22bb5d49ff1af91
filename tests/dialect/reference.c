#include "reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "check.h"
#include "reference_text.h"
#include "reference_values.h"

enum { KEYS = SY_PLAN_KEYS_MAX, ARGS = 32 };

/* One contributing row; afterwards one (unit, cell) pair, then one cell. */
struct row {
    uint64_t unit;
    uint64_t key[KEYS];
    int64_t x[ARGS];
    bool null[ARGS];
};

struct pair {
    uint64_t unit, rank;
    uint64_t key[KEYS];
    uint64_t n[ARGS]; /* rows of each figure */
    sy_i128 s[ARGS];
};

struct cell {
    uint64_t key[KEYS];
    uint64_t units;
    sy_i128 f[ARGS];
};

struct reference {
    struct bench *b;
    struct asking *a;
    const struct sy_plan_block *block;
    const struct sy_block_types *types;
    size_t ordinal;
    struct sy_arena arena;
    struct row *rows;
    size_t n_rows;
    struct pair *pairs;
    size_t n_pairs;
    struct cell *cells;
    size_t n_cells;
    struct ref_value *values; /* of distinct figures */
    size_t n_values;
    const char *why;
};

static size_t compared_keys; /* for qsort: one thread */

static int by_keys(const uint64_t *a, const uint64_t *b)
{
    for (size_t k = 0; k < compared_keys; k++) {
        if (a[k] != b[k]) {
            return a[k] < b[k] ? -1 : 1;
        }
    }
    return 0;
}

static int by_unit(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    return a->unit != b->unit ? (a->unit < b->unit ? -1 : 1) : by_keys(a->key, b->key);
}

static int by_rank(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    if (a->unit != b->unit) {
        return a->unit < b->unit ? -1 : 1;
    }
    return a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : 0;
}

static int by_cell(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    return by_keys(a->key, b->key);
}

/* --- rows ----------------------------------------------------------------------------------------- */

static bool fault(struct reference *r, const char *what, struct sy_view v, size_t at)
{
    r->why = sy_arena_printf(&r->a->arena, "%.*s: %s %zu", SY_PV(v), what, at);
    return false;
}

static const struct dict *dict_of_key(const struct reference *r, const struct sy_type *t)
{
    const struct sy_plan_rel *scan = &r->a->plan.rels[t->scan];
    const struct table *table = tables_find(r->b->ts, scan->source);
    const struct sy_field_def *f = tables_field(table->def, scan->names[t->scan_col]);
    return &table->texts[f - table->def->fields];
}

static bool key_position(struct reference *r, size_t k, struct sy_view text, uint64_t *ret)
{
    const struct sy_plan_key *key = &r->block->keys[k];
    if (key->open) {
        const struct dict *d = dict_of_key(r, &r->types->keys[k]);
        *ret = text.p == NULL ? d->n : dict_find(d, text);
        return *ret <= d->n || fault(r, "unknown text of open key", text, k);
    }
    *ret = key->n_labels;
    for (size_t i = 0; text.p != NULL && i < key->n_labels; i++) {
        *ret = sy_view_eq(key->labels[i], text) ? i : *ret;
    }
    bool known = text.p == NULL ? key->nullable : *ret < key->n_labels;
    return known || fault(r, "no label of key", text.p == NULL ? sy_view_str("NULL") : text, k);
}

/* A number at the figure's scale; further digits are cut off, as the dialect's division does. */
static bool number(struct sy_view text, uint32_t scale, int64_t *ret)
{
    if (sy_view_is(text, "true") || sy_view_is(text, "false")) {
        *ret = sy_view_is(text, "true") ? 1 : 0;
        return true;
    }
    const uint8_t *dot = memchr(text.p, '.', text.n);
    size_t most = dot == NULL ? text.n : (size_t)(dot - text.p) + 1 + scale;
    struct sy_view cut = sy_view(text.p, text.n < most ? text.n : most);
    if (cut.n > 0 && cut.p[cut.n - 1] == '.') {
        cut.n--;
    }
    return sy_decimal_parse(cut, scale, ret);
}

/* A value that is counted once: the number, the day, the place of the label, the unit's code. */
static bool take_value(struct reference *r, size_t figure, struct sy_view text, int64_t *ret)
{
    const struct sy_type *t = &r->types->exprs[r->block->figures[figure].expr];
    bool ok = false;
    if (t->kind == SY_TYPE_INT || t->kind == SY_TYPE_BOOL) {
        ok = number(text, t->scale, ret);
    } else if (t->kind == SY_TYPE_DATE) {
        struct sy_plan_param day = {.kind = sy_view_str("date"), .values = &text, .n_values = 1};
        ok = sy_plan_param_value(&day, 0, ret);
    } else if (t->kind == SY_TYPE_UNIT) {
        *ret = dict_find(&tables_space(r->b->ts, t->ns)->ids, text);
        ok = *ret != UINT32_MAX;
    }
    for (size_t i = 0; t->kind == SY_TYPE_STR && !ok && i < t->n_labels; i++) {
        *ret = (int64_t)i;
        ok = sy_view_eq(t->labels[i], text);
    }
    return ok || fault(r, "no value to count", text, figure);
}

static bool take_figure(struct reference *r, size_t figure, struct sy_view text, struct row *to)
{
    const struct sy_plan_figure *f = &r->block->figures[figure];
    to->null[figure] = f->has_arg && text.p == NULL;
    if (sy_view_is(f->fn, "distinct") && text.p != NULL) {
        return take_value(r, figure, text, &to->x[figure]);
    }
    if (!sy_view_is(f->fn, "sum") || text.p == NULL) {
        return true;
    }
    if (!number(text, (uint32_t)f->scale, &to->x[figure])) {
        return fault(r, "no number for figure", text, figure);
    }
    to->x[figure] = to->x[figure] < f->lo ? f->lo : to->x[figure] > f->hi ? f->hi : to->x[figure];
    return true;
}

/* Columns: the unit, the key columns, the figure columns, each in the order of the select list. */
static bool take_row(struct reference *r, const struct sy_view *cells, size_t n, struct row *to)
{
    const struct sy_plan *p = &r->a->plan;
    size_t at = 1;
    for (int figures = 0; figures < 2; figures++) {
        for (size_t i = 0; i < p->n_outs; i++) {
            const struct sy_plan_out *o = &p->outs[i];
            bool key = sy_view_is(o->op, "key");
            if (o->block != r->ordinal || key == (figures == 1)) {
                continue;
            }
            if (at >= n) {
                return fault(r, "the reference has too few columns:", sy_view_str(""), n);
            }
            bool ok = key ? key_position(r, (size_t)o->a, cells[at], &to->key[o->a])
                          : take_figure(r, (size_t)o->a, cells[at], to);
            if (ok && sy_view_is(o->op, "ratio")) {
                ok = take_figure(r, (size_t)o->b, cells[at], to);
            }
            if (!ok) {
                return false;
            }
            at++;
        }
    }
    return at == n || fault(r, "the reference has more columns than", sy_view_str(""), at);
}

static bool take_rows(struct reference *r, struct plain *p, struct sy_view sql)
{
    SY_ARENA_CLEANUP struct sy_arena a = {.ceiling = (size_t)8 << 30};
    struct plain_rows rows;
    const char *error = NULL;
    if (!plain_query(p, sql, &a, &rows, &error)) {
        r->why = sy_arena_printf(&r->a->arena, "the reference does not run: %s", error);
        return false;
    }
    r->rows = sy_arena_alloc(&r->arena, rows.n + 1, sizeof *r->rows);
    assert_non_null(r->rows);
    for (size_t i = 0; i < rows.n; i++) {
        const struct sy_view *cells = rows.cells + i * rows.n_columns;
        struct row *to = &r->rows[r->n_rows];
        if (r->block->ns.n != 0 && cells[0].p == NULL) {
            continue; /* nobody's row */
        }
        if (r->block->ns.n != 0) {
            to->unit = dict_find(&tables_space(r->b->ts, r->block->ns)->ids, cells[0]);
            if (to->unit == UINT32_MAX) {
                return fault(r, "unknown unit in row", cells[0], i);
            }
        }
        if (!take_row(r, cells, rows.n_columns, to)) {
            return false;
        }
        r->n_rows++;
    }
    return true;
}

/* --- bounding -------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static uint64_t mix2(uint64_t a, uint64_t b)
{
    return mix(mix(a + UINT64_C(0x9e3779b97f4a7c15)) ^ b);
}

static uint64_t label_hash(struct sy_view v)
{
    uint64_t h = v.n;
    for (size_t i = 0; i < v.n; i++) {
        h = mix2(h, v.p[i]);
    }
    return h;
}

static uint64_t cell_hash(const struct reference *r, const uint64_t *key)
{
    bool open = false;
    uint64_t ordinal = 0, chain = 0;
    for (size_t k = 0; k < r->block->n_keys; k++) {
        const struct sy_plan_key *d = &r->block->keys[k];
        open = open || d->open;
        ordinal = ordinal * (d->n_labels + (d->nullable ? 1 : 0)) + key[k];
        if (d->open) {
            const struct dict *t = dict_of_key(r, &r->types->keys[k]);
            chain = mix2(chain, key[k] < t->n ? label_hash(t->texts[key[k]]) : 0);
        } else {
            chain = mix2(chain, key[k]);
        }
    }
    return open ? chain : ordinal;
}

/* What a value is ranked by: its place in its interval, or the unit's own key. */
static uint64_t value_hash(const struct reference *r, const struct sy_type *t, int64_t x)
{
    bool ordered = t->kind == SY_TYPE_INT || t->kind == SY_TYPE_DATE;
    return t->kind == SY_TYPE_UNIT ? ask_key(r->b, t->ns, (uint64_t)x)
                                   : (uint64_t)x - (ordered ? (uint64_t)t->lo : 0);
}

static void add_values(struct reference *r, const struct row *x)
{
    for (size_t i = 0; i < r->block->n_figures; i++) {
        const struct sy_plan_figure *f = &r->block->figures[i];
        if (!sy_view_is(f->fn, "distinct") || x->null[i]) {
            continue;
        }
        struct ref_value *v = &r->values[r->n_values++];
        uint64_t hash = value_hash(r, &r->types->exprs[f->expr], x->x[i]);
        *v = (struct ref_value){.figure = i, .unit = x->unit, .x = x->x[i]};
        v->rank = r->block->ns.n == 0 ? 0 : mix2(ask_key(r->b, r->block->ns, x->unit), hash);
        memcpy(v->key, x->key, sizeof v->key);
    }
}

static void add_row(struct reference *r, const struct row *x)
{
    struct pair *p = r->n_pairs == 0 ? NULL : &r->pairs[r->n_pairs - 1];
    if (p == NULL || p->unit != x->unit || by_keys(p->key, x->key) != 0) {
        p = &r->pairs[r->n_pairs++];
        p->unit = x->unit;
        memcpy(p->key, x->key, sizeof p->key);
        p->rank = mix2(ask_key(r->b, r->block->ns, x->unit), cell_hash(r, x->key));
    }
    for (size_t i = 0; i < r->block->n_figures; i++) {
        p->n[i] += x->null[i] ? 0 : 1;
        p->s[i] += x->null[i] ? 0 : x->x[i];
    }
}

static void add_pair(struct reference *r, const struct pair *p)
{
    struct cell *c = r->n_cells == 0 ? NULL : &r->cells[r->n_cells - 1];
    if (c == NULL || by_keys(c->key, p->key) != 0) {
        c = &r->cells[r->n_cells++];
        memcpy(c->key, p->key, sizeof c->key);
    }
    c->units++;
    for (size_t i = 0; i < r->block->n_figures; i++) {
        const struct sy_plan_figure *f = &r->block->figures[i];
        bool over = r->block->ns.n != 0 && p->n[i] > r->block->rows;
        sy_i128 rows = over ? (sy_i128)r->block->rows : (sy_i128)p->n[i];
        if (sy_view_is(f->fn, "units")) {
            c->f[i] += p->n[i] > 0 ? 1 : 0;
        } else if (sy_view_is(f->fn, "sum")) {
            c->f[i] += over ? p->s[i] * rows / (sy_i128)p->n[i] : p->s[i];
        } else if (!sy_view_is(f->fn, "distinct")) {
            c->f[i] += rows;
        }
    }
}

/* At most `groups` cells of each unit: those of lowest rank. */
static void keep_groups(struct reference *r)
{
    size_t kept = 0, of_unit = 0;
    qsort(r->pairs, r->n_pairs, sizeof *r->pairs, by_rank);
    for (size_t i = 0; i < r->n_pairs; i++) {
        of_unit = i > 0 && r->pairs[i].unit == r->pairs[i - 1].unit ? of_unit + 1 : 0;
        if (of_unit < r->block->groups) {
            struct pair p = r->pairs[i];
            uint64_t unit = r->pairs[i].unit;
            r->pairs[kept] = p;
            r->pairs[kept++].unit = unit;
        }
    }
    r->n_pairs = kept;
}

static int by_pair(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    return a->unit != b->unit ? (a->unit < b->unit ? -1 : 1) : by_keys(a->key, b->key);
}

/* Values of kept (unit, cell) pairs, bounded and counted. */
static void count_values(struct reference *r)
{
    size_t n_keys = r->block->n_keys, kept = 0;
    qsort(r->pairs, r->n_pairs, sizeof *r->pairs, by_pair);
    for (size_t i = 0; i < r->n_values; i++) {
        struct pair p = {.unit = r->values[i].unit};
        memcpy(p.key, r->values[i].key, sizeof p.key);
        if (bsearch(&p, r->pairs, r->n_pairs, sizeof p, by_pair) != NULL) {
            r->values[kept++] = r->values[i];
        }
    }
    uint64_t rows = r->block->ns.n == 0 ? UINT64_MAX : r->block->rows;
    kept = ref_values_bound(r->values, kept, n_keys, rows);
    kept = ref_values_merge(r->values, kept, n_keys);
    for (size_t i = 0; i < r->n_cells; i++) {
        for (size_t k = 0; k < r->block->n_figures; k++) {
            if (sy_view_is(r->block->figures[k].fn, "distinct")) {
                r->cells[i].f[k] =
                    (sy_i128)ref_values_count(r->values, kept, n_keys, k, r->cells[i].key);
            }
        }
    }
}

static size_t distinct_figures(const struct reference *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->block->n_figures; i++) {
        n += sy_view_is(r->block->figures[i].fn, "distinct") ? 1 : 0;
    }
    return n;
}

static void bound(struct reference *r)
{
    compared_keys = r->block->n_keys;
    r->values = sy_arena_alloc(&r->arena, r->n_rows * distinct_figures(r) + 1, sizeof *r->values);
    assert_non_null(r->values);
    r->pairs = sy_arena_alloc(&r->arena, r->n_rows + 1, sizeof *r->pairs);
    r->cells = sy_arena_alloc(&r->arena, r->n_rows + 1, sizeof *r->cells);
    assert_true(r->pairs != NULL && r->cells != NULL);
    qsort(r->rows, r->n_rows, sizeof *r->rows, by_unit);
    for (size_t i = 0; i < r->n_rows; i++) {
        add_row(r, &r->rows[i]);
        add_values(r, &r->rows[i]);
    }
    if (r->block->ns.n != 0) {
        keep_groups(r);
    }
    qsort(r->pairs, r->n_pairs, sizeof *r->pairs, by_cell);
    for (size_t i = 0; i < r->n_pairs; i++) {
        add_pair(r, &r->pairs[i]);
    }
    if (r->n_values > 0) {
        count_values(r);
    }
}

/* --- comparing ------------------------------------------------------------------------------------- */

static bool differs(struct reference *r, size_t i, const char *what, sy_i128 engine, sy_i128 plain)
{
    r->why = sy_arena_printf(&r->a->arena, "cell %zu, %s: engine %lld, reference %lld", i, what,
                             (long long)engine, (long long)plain);
    return false;
}

static bool compare(struct reference *r, const struct sy_run_block *got)
{
    for (size_t i = 0; i < got->n_cells && i < r->n_cells; i++) {
        const struct sy_run_cell *x = &got->cells[i];
        const struct cell *y = &r->cells[i];
        if (by_keys(x->key, y->key) != 0) {
            return differs(r, i, "key", (sy_i128)x->key[0], (sy_i128)y->key[0]);
        }
        if (r->block->ns.n != 0 && x->units != y->units) {
            return differs(r, i, "units", x->units, y->units);
        }
        for (size_t k = 0; k < r->block->n_figures; k++) {
            if (x->figures[k] != y->f[k]) {
                char name[128];
                sy_view_to_cstr(r->block->figures[k].name, name, sizeof name);
                return differs(r, i, name, x->figures[k], y->f[k]);
            }
        }
    }
    return got->n_cells == r->n_cells ||
           differs(r, 0, "number of cells", (sy_i128)got->n_cells, (sy_i128)r->n_cells);
}

bool reference_compare(struct bench *b, struct asking *a, size_t block, struct plain *p,
                       struct sy_view plain, const uint64_t *params, const char **ret_why,
                       size_t *ret_cells)
{
    struct reference r = {.b = b,
                          .a = a,
                          .block = &a->plan.blocks[block],
                          .types = &a->types.blocks[block],
                          .ordinal = block,
                          .arena = {.ceiling = (size_t)16 << 30}};
    bool ok = take_rows(&r, p, reference_text(&a->plan, plain, params, &r.arena));
    if (ok) {
        bound(&r);
        /* a reference without rows in a block without keys has no cell, and neither has the engine */
        ok = compare(&r, &a->result.blocks[block]);
    }
    *ret_why = r.why;
    *ret_cells = r.n_cells;
    sy_arena_deinit(&r.arena);
    return ok;
}
