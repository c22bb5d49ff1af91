/*
 * Below a window: unit columns that a query has in its rows but does not use. A window that tells equal
 * rows apart does so by every column, and may not by the codes of other units (wire/plan_unit.h), which
 * would refuse the plainest query over rows that two units own. What is not used is left out first.
 */
#include "lower_internal.h"

bool lower_by_unit(const struct builder *b, const struct sy_plan_rel *r)
{
    const struct sy_rel_units *in = sy_view_is(r->op, "window") ? &b->units[r->in[0]] : NULL;
    for (size_t i = 0; in != NULL && i < r->n_keys; i++) {
        const struct sy_plan_expr *e = &r->exprs[r->outs[i]];
        if (sy_view_is(e->op, "col") && sy_unit_track(in, (size_t)e->i) != NULL) {
            return true;
        }
    }
    return false;
}

/* Mark the columns that a node names. Subqueries were joined before, as columns that are no units'. */
static sy_status mark_read(struct ctx *c, const json_t *node, bool *read, size_t n)
{
    for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
        SY_TRY(mark_read(c, json_array_get(node, i), read, n));
    }
    if (!json_is_object(node) || ast_is(node, "class", "SUBQUERY")) {
        return SY_OK;
    }
    if (ast_is(node, "class", "COLUMN_REF")) {
        bool found = false; /* an alias of the select list: what it stands for is read there */
        size_t ord = 0;
        SY_TRY(lower_column(c, node, &ord, &found));
        if (found && ord < n) {
            read[ord] = true;
        }
        return SY_OK;
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(mark_read(c, json_object_iter_value(it), read, n));
    }
    return SY_OK;
}

/* A column as it is, or TRUE in its place. */
static sy_status column_or_true(struct ctx *c, size_t ord, bool stays, struct name *name,
                                size_t *ret)
{
    struct sy_plan_expr yes = {.op = sy_view_str("bool"), .i = 1};
    name->name = sy_view_str(sy_arena_printf(c->b->arena, "c%zu", ord));
    return stays ? expr_col(c, ord, c->b->pos, ret) : expr_add(c, &yes, c->b->pos, ret);
}

sy_status lower_narrow(struct ctx *c, const json_t *const *nodes, size_t n, struct relval *v,
                       bool *ret)
{
    struct builder *b = c->b;
    const struct relval from = *v;
    struct exprs list = {0};
    struct ctx over = rel_ctx(b, v, &list);
    bool *read = sy_arena_alloc(b->arena, over.n_cols + 1, sizeof *read);
    size_t *outs = sy_arena_alloc(b->arena, over.n_cols + 1, sizeof *outs);
    struct name *names = sy_arena_alloc(b->arena, over.n_cols + 1, sizeof *names);
    if (read == NULL || outs == NULL || names == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(mark_read(c, nodes[i], read, over.n_cols));
    }
    *ret = false;
    for (size_t i = 0; i < over.n_cols; i++) {
        bool stays = read[i] || over.cols[i].kind != SY_TYPE_UNIT;
        *ret = *ret || !stays;
        SY_TRY(column_or_true(&over, i, stays, &names[i], &outs[i]));
    }
    if (!*ret) {
        return SY_OK;
    }
    SY_TRY(lower_project(&over, outs, over.n_cols, names, over.n_cols, v));
    v->names = from.names;
    v->n_names = from.n_names;
    v->lifted = from.lifted;
    return SY_OK;
}
