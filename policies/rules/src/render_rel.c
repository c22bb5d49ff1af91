/*
 * Relations as text. Columns carry names made here from dataset and field, or from block and column
 * (a renamed column keeps showing where it comes from); a computed column gets a name of its own and
 * a line with its expression. Relations are listed in plan order under their numbers, so a line never
 * hides what another does.
 */
#include "render_internal.h"

static sy_status no_memory(void)
{
    return sy_status_of(SY_E_NO_MEMORY);
}

sy_status render_rels_new(struct renderer *r, const struct sy_plan_rel *list, size_t n, char letter,
                          struct render_rels *ret)
{
    *ret = (struct render_rels){.plan = r->c->plan,
                                .list = list,
                                .n = n,
                                .letter = letter,
                                .n_cols = sy_arena_alloc(r->arena, n + 1, sizeof(*ret->n_cols)),
                                .cols = sy_arena_alloc(r->arena, n + 1, sizeof(*ret->cols)),
                                .arena = r->arena,
                                .b = r->b};
    return ret->n_cols == NULL || ret->cols == NULL ? no_memory() : SY_OK;
}

/* ---- names ---- */

static struct render_scope rel_scope(const struct render_rels *s, size_t i,
                                     const struct sy_view *cols, size_t n_cols)
{
    const struct sy_plan_rel *rel = &s->list[i];
    return (struct render_scope){.plan = s->plan,
                                 .exprs = rel->exprs,
                                 .n_exprs = rel->n_exprs,
                                 .cols = cols,
                                 .n_cols = n_cols,
                                 .arena = s->arena};
}

static sy_status rel_expr(struct render_rels *s, size_t i, const struct sy_view *cols,
                          size_t n_cols, uint64_t at, struct sy_view *ret)
{
    struct render_scope scope = rel_scope(s, i, cols, n_cols);
    *ret = render_expr(&scope, at);
    return ret->p == NULL ? no_memory() : SY_OK;
}

/* Expression `at` over the columns of input 0. */
static sy_status in_expr(struct render_rels *s, size_t i, uint64_t at, struct sy_view *ret)
{
    size_t in = (size_t)s->list[i].in[0];
    return rel_expr(s, i, s->cols[in], s->n_cols[in], at, ret);
}

static sy_status name_column(struct render_rels *s, size_t i, size_t k)
{
    char *name = sy_arena_printf(s->arena, "%c%zu.c%zu", s->letter, i, k);
    if (name == NULL) {
        return no_memory();
    }
    s->cols[i][k] = sy_view_str(name);
    return SY_OK;
}

/* Column k is expression outs[k] of input 0: a copy keeps its source's text. */
static sy_status name_out(struct render_rels *s, size_t i, size_t k)
{
    const struct sy_plan_rel *rel = &s->list[i];
    bool copy = sy_view_is(rel->exprs[rel->outs[k]].op, "col");
    return copy ? in_expr(s, i, rel->outs[k], &s->cols[i][k]) : name_column(s, i, k);
}

/* The line of a column that is not a copy. */
static sy_status define_out(struct render_rels *s, size_t i, size_t k)
{
    const struct sy_plan_rel *rel = &s->list[i];
    size_t in = (size_t)rel->in[0];
    struct render_scope scope = rel_scope(s, i, s->cols[in], s->n_cols[in]);
    if (sy_view_is(rel->exprs[rel->outs[k]].op, "col")) {
        return SY_OK;
    }
    scope.given = s->given;
    struct sy_view text = render_expr(&scope, rel->outs[k]);
    if (text.p == NULL) {
        return no_memory();
    }
    return sy_buf_printf(s->b, "        %.*s := %.*s\n", SY_PV(s->cols[i][k]), SY_PV(text));
}

static void copy_columns(struct render_rels *s, size_t i, size_t in)
{
    memcpy(s->cols[i], s->cols[in], s->n_cols[in] * sizeof(struct sy_view));
}

/* "(a, b desc)" of expressions outs[from .. from + n) of input 0. */
static sy_status put_list(struct render_rels *s, size_t i, size_t from, size_t n,
                          const uint64_t *desc, size_t n_desc)
{
    SY_TRY(sy_buf_add_str(s->b, "("));
    for (size_t k = 0; k < n; k++) {
        struct sy_view text;
        SY_TRY(in_expr(s, i, s->list[i].outs[from + k], &text));
        SY_TRY(sy_buf_printf(s->b, "%s%.*s%s", k > 0 ? ", " : "", SY_PV(text),
                             k < n_desc && desc[k] != 0 ? " desc" : ""));
    }
    return sy_buf_add_str(s->b, ")");
}

/* ---- functions of reductions and windows ---- */

struct fn_text {
    const char *fn;
    const char *open; /* "count(distinct " */
    size_t n_args;
    const char *between; /* of several arguments */
    bool framed;         /* in a window: says over which rows */
};

static const struct fn_text FNS[] = {
    {"count", "count(", 1, "", true},
    {"sum", "sum(", 1, "", true},
    {"product", "product(", 1, "", true},
    {"avg", "avg(", 1, "", true},
    {"min", "min(", 1, "", true},
    {"max", "max(", 1, "", true},
    {"count_distinct", "count(distinct ", 1, "", false},
    {"arg_max", "arg_max(", 2, " by ", false},
    {"arg_min", "arg_min(", 2, " by ", false},
    {"row_number", "row_number(", 0, "", false},
    {"rank", "rank(", 0, "", false},
    {"dense_rank", "dense_rank(", 0, "", false},
    {"lag", "lag(", 1, "", false},
    {"lead", "lead(", 1, "", false},
    {"first", "first(", 1, "", false},
    {"last", "last(", 1, "", false},
    {"quantile", "quantile of (", 3, ", ", false}, /* value, weight, q */
};

static const struct fn_text *fn_text(struct sy_view fn)
{
    static const struct fn_text unknown = {"", "?(", 0, "", false};
    for (size_t i = 0; i < sizeof(FNS) / sizeof(FNS[0]); i++) {
        if (sy_view_is(fn, FNS[i].fn)) {
            return &FNS[i];
        }
    }
    return &unknown;
}

static const char *frame_text(const struct sy_plan_rel *rel)
{
    static const struct {
        const char *kind;
        const char *text;
    } FRAMES[] = {{"all", " over all of them"},
                  {"range", " up to the current row and its equals"},
                  {"rows", " up to the current row"},
                  {"before", " up to the row before"}};
    for (size_t i = 0; i < sizeof(FRAMES) / sizeof(FRAMES[0]); i++) {
        if (sy_view_is(rel->kind, FRAMES[i].kind)) {
            return FRAMES[i].text;
        }
    }
    return "";
}

/* The lines of fns: their arguments follow one another from outs[at] on; the first makes column k. */
static sy_status put_fns(struct render_rels *s, size_t i, size_t at, size_t k)
{
    const struct sy_plan_rel *rel = &s->list[i];
    for (size_t f = 0; f < rel->n_fns; f++, k++) {
        const struct fn_text *t = fn_text(rel->fns[f]);
        SY_TRY(name_column(s, i, k));
        SY_TRY(sy_buf_printf(s->b, "        %.*s := %s", SY_PV(s->cols[i][k]), t->open));
        for (size_t a = 0; a < t->n_args && at < rel->n_outs; a++, at++) {
            struct sy_view text;
            SY_TRY(in_expr(s, i, rel->outs[at], &text));
            SY_TRY(sy_buf_printf(s->b, "%s%.*s", a > 0 ? t->between : "", SY_PV(text)));
        }
        SY_TRY(sy_buf_printf(s->b, ")%s\n", t->framed ? frame_text(rel) : ""));
    }
    return SY_OK;
}

/* ---- operators ---- */

typedef sy_status rel_fn(struct render_rels *s, size_t i);

static sy_status do_scan(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    for (size_t k = 0; k < rel->n_names; k++) {
        struct sy_view name = render_clean(s->arena, rel->names[k], RENDER_NAME_MAX);
        char *text = sy_arena_printf(s->arena, "%c%zu.%.*s", s->letter, i, SY_PV(name));
        if (text == NULL) {
            return no_memory();
        }
        s->cols[i][k] = sy_view_str(text);
    }
    return SY_OK;
}

/* In a post stage: what a block has released. */
static sy_status do_block(struct render_rels *s, size_t i)
{
    const struct sy_plan *plan = s->plan;
    const char *block = render_name(s->arena, s->list[i].source);
    size_t k = 0;
    for (size_t o = 0; o < plan->n_outs && k < s->n_cols[i]; o++) {
        const struct sy_plan_block *b = &plan->blocks[plan->outs[o].block];
        if (!sy_view_eq(b->name, s->list[i].source)) {
            continue;
        }
        const char *name = render_name(s->arena, plan->outs[o].name);
        char *text =
            name == NULL || block == NULL ? NULL : sy_arena_printf(s->arena, "%s.%s", block, name);
        if (text == NULL) {
            return no_memory();
        }
        s->cols[i][k++] = sy_view_str(text);
    }
    return sy_buf_printf(s->b, "  %c%zu  what block %s released\n", s->letter, i, block);
}

static sy_status do_filter(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    size_t in = (size_t)rel->in[0];
    struct sy_view text;
    copy_columns(s, i, in);
    SY_TRY(in_expr(s, i, rel->outs[0], &text));
    return sy_buf_printf(s->b, "  %c%zu  rows of %c%zu where %.*s\n", s->letter, i, s->letter, in,
                         SY_PV(text));
}

static sy_status do_project(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    SY_TRY(sy_buf_printf(s->b, "  %c%zu  columns of %c%zu\n", s->letter, i, s->letter,
                         (size_t)rel->in[0]));
    SY_TRY(render_steps(s, i, &s->given));
    for (size_t k = 0; k < rel->n_outs; k++) {
        SY_TRY(name_out(s, i, k));
        SY_TRY(define_out(s, i, k));
    }
    s->given = NULL;
    return SY_OK;
}

static sy_status do_join(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    size_t a = (size_t)rel->in[0];
    size_t b = (size_t)rel->in[1];
    struct sy_view *both = sy_arena_alloc(s->arena, s->n_cols[a] + s->n_cols[b] + 1, sizeof(*both));
    struct sy_view text;
    if (both == NULL) {
        return no_memory();
    }
    memcpy(both, s->cols[a], s->n_cols[a] * sizeof(*both));
    memcpy(both + s->n_cols[a], s->cols[b], s->n_cols[b] * sizeof(*both));
    memcpy(s->cols[i], both, s->n_cols[i] * sizeof(*both));
    SY_TRY(rel_expr(s, i, both, s->n_cols[a] + s->n_cols[b], rel->outs[0], &text));
    return sy_buf_printf(s->b, "  %c%zu  %.*s join of %c%zu and %c%zu on %.*s\n", s->letter, i,
                         SY_PV(rel->kind), s->letter, a, s->letter, b, SY_PV(text));
}

static sy_status do_union(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    SY_TRY(sy_buf_printf(s->b, "  %c%zu  all rows of", s->letter, i));
    for (size_t n = 0; n < rel->n_in; n++) {
        SY_TRY(sy_buf_printf(s->b, "%s %c%zu", n > 0 ? "," : "", s->letter, (size_t)rel->in[n]));
    }
    SY_TRY(sy_buf_add_str(s->b, ", column by column\n"));
    for (size_t k = 0; k < s->n_cols[i]; k++) {
        SY_TRY(name_column(s, i, k));
        SY_TRY(sy_buf_printf(s->b, "        %.*s :=", SY_PV(s->cols[i][k])));
        for (size_t n = 0; n < rel->n_in; n++) {
            SY_TRY(sy_buf_printf(s->b, "%s %.*s", n > 0 ? "," : "", SY_PV(s->cols[rel->in[n]][k])));
        }
        SY_TRY(sy_buf_add_str(s->b, "\n"));
    }
    return SY_OK;
}

static sy_status do_reduce(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    size_t n_keys = (size_t)rel->n_keys;
    SY_TRY(sy_buf_printf(s->b, "  %c%zu  one row of %c%zu for each ", s->letter, i, s->letter,
                         (size_t)rel->in[0]));
    SY_TRY(put_list(s, i, 0, n_keys, NULL, 0));
    SY_TRY(sy_buf_add_str(s->b, "\n"));
    for (size_t k = 0; k < n_keys; k++) {
        SY_TRY(name_out(s, i, k));
        SY_TRY(define_out(s, i, k));
    }
    return put_fns(s, i, n_keys, n_keys);
}

static sy_status do_window(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    size_t in = (size_t)rel->in[0];
    copy_columns(s, i, in);
    SY_TRY(sy_buf_printf(s->b, "  %c%zu  rows of %c%zu, and beside each, among ", s->letter, i,
                         s->letter, in));
    if (rel->n_keys == 0) {
        SY_TRY(sy_buf_add_str(s->b, "all"));
    } else {
        SY_TRY(sy_buf_add_str(s->b, "those of its "));
        SY_TRY(put_list(s, i, 0, (size_t)rel->n_keys, NULL, 0));
    }
    if (rel->n_order > 0) {
        SY_TRY(sy_buf_add_str(s->b, " in order of "));
        SY_TRY(put_list(s, i, (size_t)rel->n_keys, (size_t)rel->n_order, rel->desc, rel->n_desc));
    }
    SY_TRY(sy_buf_add_str(s->b, "\n"));
    return put_fns(s, i, (size_t)(rel->n_keys + rel->n_order), s->n_cols[in]);
}

static sy_status do_sort(struct render_rels *s, size_t i)
{
    const struct sy_plan_rel *rel = &s->list[i];
    size_t in = (size_t)rel->in[0];
    copy_columns(s, i, in);
    SY_TRY(sy_buf_printf(s->b, "  %c%zu  rows of %c%zu in order of ", s->letter, i, s->letter, in));
    SY_TRY(put_list(s, i, 0, (size_t)rel->n_order, rel->desc, rel->n_desc));
    if (rel->limit > 0) {
        SY_TRY(sy_buf_printf(s->b, ", the first %llu", (unsigned long long)rel->limit));
    }
    return sy_buf_add_str(s->b, "\n");
}

struct rel_text {
    const char *op;
    rel_fn *put;
};

static const struct rel_text RELS[] = {
    {"scan", do_scan},       {"block", do_block},   {"filter", do_filter},
    {"project", do_project}, {"join", do_join},     {"union", do_union},
    {"reduce", do_reduce},   {"window", do_window}, {"sort", do_sort},
};

sy_status render_rel(struct render_rels *s, size_t i)
{
    s->cols[i] = sy_arena_alloc(s->arena, s->n_cols[i] + 1, sizeof(struct sy_view));
    if (s->cols[i] == NULL) {
        return no_memory();
    }
    for (size_t k = 0; k < sizeof(RELS) / sizeof(RELS[0]); k++) {
        if (sy_view_is(s->list[i].op, RELS[k].op)) {
            return RELS[k].put(s, i);
        }
    }
    return sy_fail(NULL, SY_E_PLAN, "rels", "no such operator");
}
