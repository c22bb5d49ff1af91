/*
 * Types of groups and windows: one row per function in the tables. A result can be NULL where its
 * argument can, or where there may be no row to take it from. Grades: a function of a group tells about
 * its arguments; one of a window also about what parts and orders the rows, and, where ties are broken
 * by the whole row, about every column.
 */
#include "plan_type_rel.h"

/* A function's call: what it is over, its arguments, and its result. */
struct call {
    struct rel *x;
    const struct sy_type *a, *b;
    struct sy_type *ret;
};

#define CALL_FAIL(c, ...) PLAN_FAIL((c)->x->err, "f", __VA_ARGS__)

/* --- results ------------------------------------------------------------------------------------ */

static sy_status call_count(struct call *c)
{
    c->ret->kind = SY_TYPE_INT;
    c->ret->hi = (int64_t)c->x->in[0]->rows;
    return SY_OK;
}

static sy_status call_distinct(struct call *c)
{
    return c->a->open ? CALL_FAIL(c, "count_distinct: undeclared text is not compared")
                      : call_count(c);
}

/* A number of the row in its partition. */
static sy_status call_rank(struct call *c)
{
    c->ret->kind = SY_TYPE_INT;
    c->ret->lo = 1;
    c->ret->hi = (int64_t)sy_max_u64(1, c->x->in[0]->rows);
    return SY_OK;
}

/* A group, and a frame, have 1 to `rows` rows. */
static sy_status call_sum(struct call *c)
{
    const struct sy_type *a = c->a;
    sy_i128 rows = c->x->in[0]->rows;
    c->ret->kind = SY_TYPE_INT;
    c->ret->scale = a->scale;
    c->ret->nullable = a->nullable;
    c->ret->nothing = a->nothing;
    if (a->kind != SY_TYPE_INT || !plan_value(a->lo < 0 ? a->lo * rows : a->lo, &c->ret->lo) ||
        !plan_value(a->hi > 0 ? a->hi * rows : a->hi, &c->ret->hi)) {
        return CALL_FAIL(c, "sum: not an integer, or the worst case leaves +-2^62");
    }
    return SY_OK;
}

/* One of the argument's values, no longer a copy of its row's column. */
static void value_of(struct call *c)
{
    *c->ret = *c->a;
    plan_forget_source(c->ret);
}

static sy_status call_min_max(struct call *c)
{
    if (c->a->kind != SY_TYPE_INT && c->a->kind != SY_TYPE_DATE) {
        return CALL_FAIL(c, "min and max take integers and dates");
    }
    value_of(c);
    return SY_OK;
}

/* A value of some row: not a unit, which would be another row's, nor undeclared text. */
static sy_status call_value(struct call *c)
{
    if (c->a->kind == SY_TYPE_UNIT || c->a->open) {
        return CALL_FAIL(c, "the value taken is an integer, a date, a boolean or a declared label");
    }
    value_of(c);
    return SY_OK;
}

/* The row before or after, if there is one. */
static sy_status call_neighbour(struct call *c)
{
    SY_TRY(call_value(c));
    c->ret->nullable = true;
    return SY_OK;
}

/* Rows without a value or without `by` are skipped, maybe all. */
static sy_status call_arg(struct call *c)
{
    if (c->b->kind != SY_TYPE_INT && c->b->kind != SY_TYPE_DATE) {
        return CALL_FAIL(c, "arg_max and arg_min go by an integer or a date");
    }
    SY_TRY(call_value(c));
    c->ret->nullable = c->a->nullable || c->b->nullable;
    if (c->b->nothing && !c->a->nothing) {
        *c->ret = (struct sy_type){
            .kind = c->a->kind, .scale = c->a->scale, .nullable = true, .nothing = true};
    }
    return SY_OK;
}

/* --- the tables --------------------------------------------------------------------------------- */

struct fn {
    const char *name;
    size_t n_args;
    bool framed; /* looks at the window's frame */
    bool by_row; /* breaks ties by the whole row */
    sy_status (*type)(struct call *);
};

static const struct fn GROUP_FNS[] = {
    {"count", 1, false, false, call_count}, {"count_distinct", 1, false, false, call_distinct},
    {"sum", 1, false, false, call_sum},     {"min", 1, false, false, call_min_max},
    {"max", 1, false, false, call_min_max}, {"arg_max", 2, false, false, call_arg},
    {"arg_min", 2, false, false, call_arg},
};

static const struct fn WINDOW_FNS[] = {
    {"row_number", 0, false, true, call_rank},  {"rank", 0, false, false, call_rank},
    {"dense_rank", 0, false, false, call_rank}, {"lag", 1, false, true, call_neighbour},
    {"lead", 1, false, true, call_neighbour},   {"first", 1, false, true, call_value},
    {"sum", 1, true, false, call_sum},          {"count", 1, true, false, call_count},
    {"min", 1, true, false, call_min_max},      {"max", 1, true, false, call_min_max},
};

/* A list of functions, their arguments among outs[first..). */
struct calls {
    const struct fn *fns;
    size_t n_fns;
    size_t first;
};

static const struct fn *find_fn(const struct calls *l, struct sy_view name)
{
    for (size_t i = 0; i < l->n_fns; i++) {
        if (sy_view_is(name, l->fns[i].name)) {
            return &l->fns[i];
        }
    }
    return NULL;
}

/* Every function is known, and together they take all outs that are left. */
static sy_status check_calls(struct rel *x, const struct calls *l)
{
    size_t n_args = 0;
    for (size_t i = 0; i < x->r->n_fns; i++) {
        const struct fn *f = find_fn(l, x->r->fns[i]);
        if (f == NULL) {
            return PLAN_FAIL(x->err, "f", "there is no function %.*s here", SY_PV(x->r->fns[i]));
        }
        n_args += f->n_args;
    }
    return l->first <= x->r->n_outs && n_args == x->r->n_outs - l->first
               ? SY_OK
               : PLAN_FAIL(x->err, "x", "one expression for each key, order and argument");
}

static const struct sy_type *out_type(const struct rel *x, size_t i)
{
    return &x->ret->exprs[x->r->outs[i]];
}

/* Type the functions into cols[at..). grade: of what parts and orders; row_grade: of the whole row. */
static sy_status type_calls(struct rel *x, const struct calls *l, size_t at, uint64_t grade,
                            uint64_t row_grade)
{
    size_t next = l->first;
    for (size_t i = 0; i < x->r->n_fns; i++) {
        const struct fn *f = find_fn(l, x->r->fns[i]);
        struct call c = {x, NULL, NULL, &x->ret->cols[at + i]};
        bool by_row = f->by_row || (f->framed && sy_view_is(x->r->kind, "rows"));
        uint64_t g = by_row ? sy_max_u64(grade, row_grade) : grade;
        for (size_t k = 0; k < f->n_args; k++, next++) {
            if (sy_view_is(x->r->exprs[x->r->outs[next]].op, "str")) {
                return PLAN_FAIL(x->err, "x", "a text literal is no argument");
            }
            *(k == 0 ? &c.a : &c.b) = out_type(x, next);
            g = sy_max_u64(g, out_type(x, next)->grade);
        }
        SY_TRY(f->type(&c));
        c.ret->grade = g;
    }
    return SY_OK;
}

/* --- reduce ------------------------------------------------------------------------------------- */

sy_status plan_type_reduce(struct rel *x)
{
    uint64_t n_keys = x->r->n_keys;
    SY_TRY(plan_rel_exprs(x, x->in[0]->cols, x->in[0]->n_cols));
    if (n_keys == 0 || n_keys > x->r->n_outs) {
        return PLAN_FAIL(x->err, "nk", "at least one key");
    }
    struct calls l = {GROUP_FNS, sizeof GROUP_FNS / sizeof GROUP_FNS[0], (size_t)n_keys};
    SY_TRY(check_calls(x, &l));
    SY_TRY(plan_rel_names(x, l.first + x->r->n_fns));
    SY_TRY(plan_rel_cols(x, l.first + x->r->n_fns));
    x->ret->grade = x->in[0]->grade;
    x->ret->rows = x->in[0]->rows;
    for (size_t i = 0; i < n_keys; i++) {
        x->ret->cols[i] = *out_type(x, i);
        x->ret->grade = sy_max_u64(x->ret->grade, x->ret->cols[i].grade);
    }
    SY_TRY(plan_unique_first(x, l.first));
    return type_calls(x, &l, l.first, 0, 0);
}

/* --- window ------------------------------------------------------------------------------------- */

static bool is_frame(struct sy_view kind)
{
    return sy_view_is(kind, "all") || sy_view_is(kind, "range") || sy_view_is(kind, "rows");
}

static sy_status check_window(struct rel *x)
{
    const struct sy_plan_rel *r = x->r;
    if (!is_frame(r->kind)) {
        return PLAN_FAIL(x->err, "k", "a frame is all, range or rows");
    }
    if (r->n_keys > r->n_outs || r->n_order > r->n_outs - r->n_keys) {
        return PLAN_FAIL(x->err, "nk", "more keys and orders than expressions");
    }
    if (r->n_fns == 0 || (r->n_names != 0 && r->n_names != r->n_fns)) {
        return PLAN_FAIL(x->err, "n", "at least one function, and no names or one for each");
    }
    bool flags = r->n_desc == r->n_order;
    for (size_t i = 0; flags && i < r->n_desc; i++) {
        flags = r->desc[i] <= 1;
    }
    return flags ? SY_OK : PLAN_FAIL(x->err, "d", "a direction, 0 or 1, for each order");
}

/* Order is by value, or by position in a label set whose positions are in order. */
static sy_status check_order(struct rel *x, const struct sy_type *o)
{
    if (o->kind == SY_TYPE_STR) {
        return plan_labels_ascending(x->t, o, x->err);
    }
    return o->kind != SY_TYPE_UNIT ? SY_OK : PLAN_FAIL(x->err, "", "units have no order");
}

sy_status plan_type_window(struct rel *x)
{
    const struct sy_rel_types *in = x->in[0];
    SY_TRY(plan_rel_exprs(x, in->cols, in->n_cols));
    SY_TRY(check_window(x));
    size_t n_keys = (size_t)x->r->n_keys;
    size_t first = n_keys + (size_t)x->r->n_order;
    struct calls l = {WINDOW_FNS, sizeof WINDOW_FNS / sizeof WINDOW_FNS[0], first};
    SY_TRY(check_calls(x, &l));
    SY_TRY(plan_rel_cols(x, in->n_cols + x->r->n_fns));
    x->ret->grade = in->grade;
    x->ret->rows = in->rows;
    uint64_t grade = 0;
    uint64_t row_grade = 0;
    for (size_t i = 0; i < in->n_cols; i++) {
        x->ret->cols[i] = in->cols[i];
        row_grade = sy_max_u64(row_grade, in->cols[i].grade);
    }
    for (size_t i = 0; i < first; i++) {
        grade = sy_max_u64(grade, out_type(x, i)->grade);
        if (i >= n_keys) {
            SY_TRY(plan_path(check_order(x, out_type(x, i)), x->err, "x", i));
        }
    }
    SY_TRY(plan_unique_kept(x));
    return type_calls(x, &l, in->n_cols, grade, row_grade);
}
