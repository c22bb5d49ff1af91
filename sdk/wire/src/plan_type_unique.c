/*
 * Which columns of a relation no two of its rows agree in. A group has one row; what keeps or drops rows
 * keeps that so; and where a join's condition fixes such columns of the right side by the left row alone,
 * a left row finds at most one right row, and the join has no more rows than its left side. NULL counts
 * as a value here, which is what GROUP BY makes of it; a join's equation never holds for it.
 */
#include "plan_type_rel.h"

bool *plan_conjuncts(const struct sy_plan_rel *r, struct sy_arena *arena)
{
    bool *c = sy_arena_alloc(arena, r->n_exprs + 1, sizeof(*c));
    if (c == NULL) {
        return NULL;
    }
    c[r->outs[0]] = true;
    for (size_t i = (size_t)r->outs[0] + 1; i-- > 0;) { /* arguments are earlier positions */
        const struct sy_plan_expr *e = &r->exprs[i];
        for (size_t k = 0; c[i] && sy_view_is(e->op, "and") && k < e->n_args; k++) {
            c[e->args[k]] = true;
        }
    }
    return c;
}

static sy_status no_memory(struct rel *x)
{
    return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status new_marks(struct rel *x, bool **ret)
{
    *ret = sy_arena_alloc(x->t->arena, x->ret->n_cols + 1, sizeof(**ret));
    return *ret == NULL ? no_memory(x) : SY_OK;
}

static void mark(bool *marks, size_t from, const bool *of, size_t n)
{
    memcpy(marks + from, of, n * sizeof(*marks));
}

sy_status plan_unique_first(struct rel *x, size_t n)
{
    SY_TRY(new_marks(x, &x->ret->unique));
    for (size_t i = 0; i < n; i++) {
        x->ret->unique[i] = true;
    }
    return SY_OK;
}

sy_status plan_unique_kept(struct rel *x)
{
    if (x->in[0]->unique == NULL) {
        return SY_OK;
    }
    SY_TRY(new_marks(x, &x->ret->unique));
    mark(x->ret->unique, 0, x->in[0]->unique, x->in[0]->n_cols);
    return SY_OK;
}

sy_status plan_unique_copied(struct rel *x)
{
    const struct sy_rel_types *in = x->in[0];
    bool *marks;
    SY_TRY(new_marks(x, &marks));
    for (size_t c = 0; in->unique != NULL && c < in->n_cols; c++) {
        size_t i = 0;
        while (i < x->r->n_outs && !(sy_view_is(x->r->exprs[x->r->outs[i]].op, "col") &&
                                     (uint64_t)x->r->exprs[x->r->outs[i]].i == c)) {
            i++;
        }
        if (in->unique[c] && i == x->r->n_outs) {
            return SY_OK; /* without this column the others may repeat */
        }
        if (in->unique[c]) {
            marks[i] = true;
        }
    }
    x->ret->unique = in->unique == NULL ? NULL : marks;
    return SY_OK;
}

/* --- joins -------------------------------------------------------------------------------------- */

/* One side of a join, as the condition's columns number it. */
struct side {
    const struct sy_rel_types *rel;
    size_t from;
};

/* Which expressions one row of this side settles: they read no column of the other. */
static sy_status settled_by(struct rel *x, const struct side *s, bool **ret)
{
    bool *settled = sy_arena_alloc(x->t->arena, x->r->n_exprs + 1, sizeof(*settled));
    *ret = settled;
    if (settled == NULL) {
        return no_memory(x);
    }
    for (size_t i = 0; i < x->r->n_exprs; i++) {
        const struct sy_plan_expr *e = &x->r->exprs[i];
        settled[i] = !sy_view_is(e->op, "col") ||
                     ((size_t)e->i >= s->from && (size_t)e->i < s->from + s->rel->n_cols);
        for (size_t k = 0; settled[i] && k < e->n_args; k++) {
            settled[i] = settled[e->args[k]];
        }
    }
    return SY_OK;
}

/* Does a row of `of` find at most one of `s`? Every unique column of s equals what that row settles. */
static sy_status finds_one(struct rel *x, const bool *conjunct, const struct side *of,
                           const struct side *s, bool *ret)
{
    bool *settled;
    *ret = false;
    if (s->rel->unique == NULL) {
        return SY_OK;
    }
    bool *fixed = sy_arena_alloc(x->t->arena, s->rel->n_cols + 1, sizeof(*fixed));
    SY_TRY(settled_by(x, of, &settled));
    for (size_t i = 0; fixed != NULL && i < x->r->n_exprs; i++) {
        const struct sy_plan_expr *e = &x->r->exprs[i];
        for (size_t k = 0; conjunct[i] && sy_view_is(e->op, "eq") && k < 2; k++) {
            const struct sy_plan_expr *c = &x->r->exprs[e->args[k]];
            size_t col = sy_view_is(c->op, "col") ? (size_t)c->i - s->from : SIZE_MAX;
            if (col < s->rel->n_cols && settled[e->args[1 - k]]) {
                fixed[col] = true;
            }
        }
    }
    *ret = fixed != NULL;
    for (size_t i = 0; *ret && i < s->rel->n_cols; i++) {
        *ret = fixed[i] || !s->rel->unique[i];
    }
    return fixed == NULL ? no_memory(x) : SY_OK;
}

/* A row of the join is a pair, known by what makes both its rows known; or by one of them, where that
 * finds at most one of the other. */
static sy_status pair_marks(struct rel *x, bool by_left, bool by_right)
{
    const struct sy_rel_types *left = x->in[0];
    const struct sy_rel_types *right = x->in[1];
    if ((by_left && left->unique == NULL) || (by_right && right->unique == NULL)) {
        return SY_OK;
    }
    SY_TRY(new_marks(x, &x->ret->unique));
    if (by_left) {
        mark(x->ret->unique, 0, left->unique, left->n_cols);
    }
    if (by_right) {
        mark(x->ret->unique, left->n_cols, right->unique, right->n_cols);
    }
    return SY_OK;
}

sy_status plan_unique_join(struct rel *x, bool outer)
{
    const struct side left = {x->in[0], 0};
    const struct side right = {x->in[1], x->in[0]->n_cols};
    bool right_once;
    bool left_once;
    bool *conjunct = plan_conjuncts(x->r, x->t->arena);
    if (conjunct == NULL) {
        return no_memory(x);
    }
    SY_TRY(finds_one(x, conjunct, &left, &right, &right_once));
    SY_TRY(finds_one(x, conjunct, &right, &left, &left_once));
    left_once = left_once && !outer; /* left rows that find nothing stay beside */
    uint64_t fan = sy_max_u64(right.rel->rows, outer ? 1 : 0);
    x->ret->rows = plan_rows_mul(left.rel->rows, fan);
    x->ret->rows = right_once ? sy_min_u64(x->ret->rows, left.rel->rows) : x->ret->rows;
    x->ret->rows = left_once ? sy_min_u64(x->ret->rows, right.rel->rows) : x->ret->rows;
    return pair_marks(x, !left_once || right_once, !right_once);
}
