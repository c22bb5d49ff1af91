/* Reading test_plan_text.h. */
#include "test_plan_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

enum { LIST_MAX = 64, EXPRS_MAX = 256, RELS_MAX = 32 };

struct reader {
    const char *at;
    struct sy_arena *arena;
    struct sy_plan *plan;
    struct sy_plan_rel *rel; /* of a block: its expressions only */
};

static void *make(struct reader *r, size_t n, size_t size)
{
    void *p = sy_arena_alloc(r->arena, n, size);
    assert_non_null(p);
    return p;
}

static void blanks(struct reader *r)
{
    while (*r->at == ' ') {
        r->at++;
    }
}

static bool take(struct reader *r, char c)
{
    blanks(r);
    if (*r->at != c) {
        return false;
    }
    r->at++;
    return true;
}

/* A word up to a blank, a parenthesis, a colon or the end; empty when there is none. */
static struct sy_view word(struct reader *r)
{
    blanks(r);
    const char *from = r->at;
    while (*r->at != 0 && (strchr(" ():\n", *r->at) == NULL || strncmp(r->at, "(x)", 3) == 0)) {
        r->at += *r->at == '(' ? 3 : 1; /* "(x)" belongs to count(x) */
    }
    return sy_view(from, (size_t)(r->at - from));
}

static uint64_t number(struct reader *r)
{
    struct sy_view w = word(r);
    assert_true(w.n > 0 && isdigit(w.p[0]));
    return strtoull((const char *)w.p, NULL, 10);
}

static struct sy_view quoted(struct reader *r)
{
    const char *from = ++r->at;
    while (*r->at != '\'') {
        assert_true(*r->at != 0);
        r->at++;
    }
    return sy_view(from, (size_t)(r->at++ - from));
}

/* An integer, or the days of a date YYYY-MM-DD. */
static int64_t integer(struct sy_view w)
{
    int y, m, d;
    int32_t days;
    if (w.n == 10 && sscanf((const char *)w.p, "%4d-%2d-%2d", &y, &m, &d) == 3) {
        assert_true(sy_days_of_date(y, m, d, &days));
        return days;
    }
    return strtoll((const char *)w.p, NULL, 10);
}

static uint64_t expr(struct reader *r)
{
    struct sy_plan_expr e = {0};
    e.args = make(r, LIST_MAX, sizeof *e.args);
    assert_true(take(r, '('));
    e.op = word(r);
    while (!take(r, ')')) {
        if (*r->at == '(') {
            e.args[e.n_args++] = expr(r);
        } else if (*r->at == '\'') {
            e.s = quoted(r);
        } else if (*r->at == 'k') {
            r->at += 2;
            e.scale = number(r);
        } else {
            e.i = integer(word(r));
        }
    }
    assert_true(r->rel->n_exprs < EXPRS_MAX);
    r->rel->exprs[r->rel->n_exprs] = e;
    return r->rel->n_exprs++;
}

static void inputs(struct reader *r, size_t n)
{
    r->rel->in = make(r, n, sizeof *r->rel->in);
    for (size_t i = 0; i < n; i++) {
        r->rel->in[r->rel->n_in++] = number(r);
    }
}

static void words(struct reader *r, struct sy_view **ret, size_t *ret_n)
{
    *ret = make(r, LIST_MAX, sizeof **ret);
    for (struct sy_view w = word(r); w.n != 0; w = word(r)) {
        (*ret)[(*ret_n)++] = w;
    }
}

static void expressions(struct reader *r)
{
    assert_true(take(r, ':'));
    r->rel->exprs = make(r, EXPRS_MAX, sizeof *r->rel->exprs);
    r->rel->outs = make(r, LIST_MAX, sizeof *r->rel->outs);
    blanks(r);
    while (*r->at == '(') {
        r->rel->outs[r->rel->n_outs++] = expr(r);
        blanks(r);
    }
}

static void name_columns(struct reader *r, size_t n)
{
    r->rel->names = make(r, n, sizeof *r->rel->names);
    for (size_t i = 0; i < n; i++) {
        r->rel->names[r->rel->n_names++] = sy_view_str("x");
    }
}

static void read_scan(struct reader *r)
{
    r->rel->source = word(r);
    words(r, &r->rel->names, &r->rel->n_names);
}

static void read_filter(struct reader *r)
{
    inputs(r, 1);
    expressions(r);
}

static void read_project(struct reader *r)
{
    inputs(r, 1);
    expressions(r);
    name_columns(r, r->rel->n_outs);
}

static void read_join(struct reader *r)
{
    r->rel->kind = word(r);
    inputs(r, 2);
    expressions(r);
}

static void read_union(struct reader *r)
{
    r->rel->in = make(r, LIST_MAX, sizeof *r->rel->in);
    for (blanks(r); isdigit((unsigned char)*r->at); blanks(r)) {
        r->rel->in[r->rel->n_in++] = number(r);
    }
}

static void read_reduce(struct reader *r)
{
    inputs(r, 1);
    r->rel->n_keys = number(r);
    words(r, &r->rel->fns, &r->rel->n_fns);
    expressions(r);
    name_columns(r, (size_t)r->rel->n_keys + r->rel->n_fns);
}

static void read_window(struct reader *r)
{
    inputs(r, 1);
    r->rel->n_keys = number(r);
    struct sy_view order = word(r);
    r->rel->desc = make(r, order.n, sizeof *r->rel->desc);
    for (size_t i = 0; i < order.n && order.p[i] != '-'; i++) {
        r->rel->desc[r->rel->n_desc++] = order.p[i] == 'd' ? 1 : 0;
    }
    r->rel->n_order = r->rel->n_desc;
    r->rel->kind = word(r);
    words(r, &r->rel->fns, &r->rel->n_fns);
    expressions(r);
    name_columns(r, r->rel->n_fns);
}

static struct sy_view name_of(struct reader *r, char letter, size_t i)
{
    char *p = make(r, 8, 1);
    snprintf(p, 8, "%c%zu", letter, i % 1000);
    return sy_view_str(p);
}

static void read_figure(struct reader *r, struct sy_view fn, struct sy_plan_block *b)
{
    struct sy_plan_figure *f = &b->figures[b->n_figures];
    long long lo = 0;
    long long hi = 0;
    f->name = name_of(r, 'f', b->n_figures++);
    f->has_arg = !sy_view_is(fn, "count") && !sy_view_is(fn, "units");
    f->fn = sy_view_is(fn, "units") ? fn : sy_view_str("count");
    if (sscanf((const char *)fn.p, "sum=%lld,%lld", &lo, &hi) == 2) {
        f->fn = sy_view_str("sum");
        f->lo = lo;
        f->hi = hi;
    }
}

static void block_expressions(struct reader *r, struct sy_plan_block *b)
{
    struct sy_plan_rel list = {0};
    size_t out = 0;
    r->rel = &list;
    expressions(r);
    b->exprs = list.exprs;
    b->n_exprs = list.n_exprs;
    for (size_t i = 0; i < b->n_keys; i++) {
        b->keys[i].expr = list.outs[out++];
    }
    for (size_t i = 0; i < b->n_figures; i++) {
        b->figures[i].expr = b->figures[i].has_arg ? list.outs[out++] : 0;
    }
    assert_int_equal(out, list.n_outs);
}

static void read_block(struct reader *r)
{
    struct sy_plan *p = r->plan;
    struct sy_view *figures = NULL;
    size_t n_figures = 0;
    p->blocks = p->blocks == NULL ? make(r, SY_PLAN_BLOCKS_MAX, sizeof *p->blocks) : p->blocks;
    struct sy_plan_block *b = &p->blocks[p->n_blocks];
    b->name = name_of(r, 'b', p->n_blocks++);
    p->n_rels--;
    b->rel = number(r);
    b->unit = number(r);
    b->ns = word(r);
    b->groups = number(r);
    b->rows = number(r);
    b->sparse = sy_view_is(word(r), "sparse");
    b->n_keys = (size_t)number(r);
    bool exact = sy_view_is(b->ns, "-");
    b->ns = exact ? (struct sy_view){0} : b->ns;
    b->mechanism = sy_view_str(exact ? "exact" : "gauss");
    b->keys = make(r, b->n_keys + 1, sizeof *b->keys);
    for (size_t i = 0; i < b->n_keys; i++) {
        b->keys[i].name = name_of(r, 'k', i);
    }
    words(r, &figures, &n_figures);
    b->figures = make(r, n_figures, sizeof *b->figures);
    for (size_t i = 0; i < n_figures; i++) {
        read_figure(r, figures[i], b);
    }
    block_expressions(r, b);
}

void plan_text(const char *text, struct sy_arena *arena, struct sy_plan *ret)
{
    static const struct {
        const char *op;
        void (*read)(struct reader *);
    } ops[] = {{"scan", read_scan},       {"filter", read_filter}, {"join", read_join},
               {"project", read_project}, {"union", read_union},   {"reduce", read_reduce},
               {"window", read_window},   {"block", read_block}};
    struct reader r = {.at = text, .arena = arena, .plan = ret};
    ret->rels = make(&r, RELS_MAX, sizeof *ret->rels);
    for (;;) {
        r.rel = &ret->rels[ret->n_rels++];
        r.rel->op = word(&r);
        size_t i = 0;
        while (i < sizeof ops / sizeof ops[0] && !sy_view_is(r.rel->op, ops[i].op)) {
            i++;
        }
        assert_true(i < sizeof ops / sizeof ops[0]);
        ops[i].read(&r);
        blanks(&r);
        if (*r.at++ != '\n') {
            break;
        }
    }
    if (r.at[-1] != 0) {
        fail_msg("plan text: %s", r.at - 1);
    }
}

/* --- what types ask for ---------------------------------------------------------------------------------- */

static void finish_block(struct sy_typer *t, const struct sy_rel_types *rel,
                         struct sy_plan_block *b)
{
    struct sy_error err = {0};
    struct sy_type *types = sy_arena_alloc(t->arena, b->n_exprs + 1, sizeof *types);
    assert_non_null(types);
    struct sy_expr_scope scope = {rel->cols, rel->n_cols, b->exprs, types};
    for (size_t i = 0; i < b->n_exprs; i++) {
        if (!sy_ok(sy_type_expr(t, &scope, i, &err))) {
            fail_msg("%s: %s", err.field, err.reason);
        }
    }
    for (size_t i = 0; i < b->n_keys; i++) {
        struct sy_plan_key *k = &b->keys[i];
        const struct sy_view *labels;
        check_ok(sy_type_labels(&types[k->expr], t->arena, &labels, &k->n_labels, &err));
        k->labels = (struct sy_view *)(uintptr_t)labels;
        k->open = types[k->expr].open;
        k->nullable = types[k->expr].nullable;
    }
    for (size_t i = 0; i < b->n_figures; i++) {
        struct sy_plan_figure *f = &b->figures[i];
        const struct sy_type *type = &types[f->expr];
        if (sy_view_is(f->fn, "sum")) {
            f->scale = type->scale;
            f->lo = f->lo < type->lo ? type->lo : f->lo;
            f->hi = f->hi > type->hi ? type->hi : f->hi;
        }
    }
}

static void add_source(struct sy_plan *p, struct sy_view dataset)
{
    for (size_t i = 0; i < p->n_sources; i++) {
        if (sy_view_eq(p->sources[i].dataset, dataset)) {
            return;
        }
    }
    p->sources[p->n_sources++].dataset = dataset;
}

static void add_outs(struct sy_plan *p, size_t block)
{
    const struct sy_plan_block *b = &p->blocks[block];
    for (size_t i = 0; i < b->n_keys + b->n_figures; i++) {
        bool key = i < b->n_keys;
        size_t a = key ? i : i - b->n_keys;
        p->outs[p->n_outs++] =
            (struct sy_plan_out){.block = block,
                                 .op = sy_view_str(key ? "key" : "figure"),
                                 .a = a,
                                 .name = key ? b->keys[a].name : b->figures[a].name};
    }
}

void plan_text_finish(struct sy_plan *p, struct sy_arena *arena)
{
    struct sy_error err = {0};
    struct sy_typer t = {0};
    struct sy_rel_types *types = sy_arena_alloc(arena, p->n_rels, sizeof *types);
    p->sources = sy_arena_alloc(arena, p->n_rels, sizeof *p->sources);
    p->outs = sy_arena_alloc(arena, SY_PLAN_OUTS_MAX, sizeof *p->outs);
    assert_true(types != NULL && p->sources != NULL && p->outs != NULL);
    p->v = SY_PLAN_SCHEMA;
    p->n_post = p->n_blocks > 1 ? 1 : 0;
    p->post = sy_arena_alloc(arena, 1, sizeof *p->post);
    check_ok(sy_typer_init(&t, p->params, p->n_params, world_defs, WORLD_DATASETS, arena, &err));
    for (size_t i = 0; i < p->n_rels; i++) {
        if (!sy_ok(sy_type_rel(&t, p->rels, i, types, &err))) {
            fail_msg("%s: %s", err.field, err.reason);
        }
        if (sy_view_is(p->rels[i].op, "scan")) {
            add_source(p, p->rels[i].source);
        }
    }
    for (size_t i = 0; i < p->n_blocks; i++) {
        finish_block(&t, &types[p->blocks[i].rel], &p->blocks[i]);
        add_outs(p, i);
    }
}
