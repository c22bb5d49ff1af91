/*
 * Expressions of the post stage, row by row: each relation's list is prepared once (operators looked up,
 * literals and parameters fixed), then for every row each expression is computed in all of its lanes
 * from earlier ones. A value that is the same in all lanes is computed once.
 */
#include "post_run_internal.h"

/* --- operators: one lane ---------------------------------------------------------------------------------- */

typedef double op_fn(const struct sy_plan_expr *e, const double *x, size_t n);

#define OP(name, value)                                                                            \
    static double name(const struct sy_plan_expr *e, const double *x, size_t n)                    \
    {                                                                                              \
        (void)e, (void)n;                                                                          \
        return (value);                                                                            \
    }

/* A comparison, NULL when an operand is. */
#define COMPARE(x, op)                                                                             \
    (post_is_null((x)[0]) || post_is_null((x)[1]) ? POST_NULL : (x)[0] op(x)[1] ? 1.0 : 0.0)

OP(op_add, x[0] + x[1])
OP(op_sub, x[0] - x[1])
OP(op_mul, x[0] * x[1])
OP(op_div, x[1] == 0.0 ? POST_NULL : x[0] / x[1])
OP(op_mod, x[1] == 0.0 ? POST_NULL : fmod(x[0], x[1]))
OP(op_neg, -x[0])
OP(op_abs, fabs(x[0]))
OP(op_round, post_round(x[0], e->i))
OP(op_sqrt, sqrt(x[0]))
OP(op_exp, post_exp(x[0]))
OP(op_ln, post_ln(x[0]))
OP(op_eq, COMPARE(x, ==))
OP(op_ne, COMPARE(x, !=))
OP(op_lt, COMPARE(x, <))
OP(op_le, COMPARE(x, <=))
OP(op_gt, COMPARE(x, >))
OP(op_ge, COMPARE(x, >=))
OP(op_not, 1.0 - x[0])
OP(op_is_null, post_is_null(x[0]) ? 1.0 : 0.0)

/* The least (sign 1) or greatest (-1) of what is not NULL. */
static double extreme(const double *x, size_t n, double sign)
{
    double best = POST_NULL;
    for (size_t i = 0; i < n; i++) {
        if (!post_is_null(x[i]) && (post_is_null(best) || sign * x[i] < sign * best)) {
            best = x[i];
        }
    }
    return best;
}

OP(op_least, extreme(x, n, 1.0))
OP(op_greatest, extreme(x, n, -1.0))

/* `wins` if any operand is it, else NULL if any is, else the other. */
static double logic(const double *x, size_t n, double wins)
{
    double ret = 1.0 - wins;
    for (size_t i = 0; i < n; i++) {
        if (x[i] == wins) {
            return wins;
        }
        ret = post_is_null(x[i]) ? POST_NULL : ret;
    }
    return ret;
}

OP(op_and, logic(x, n, 0.0))
OP(op_or, logic(x, n, 1.0))

static double op_in(const struct sy_plan_expr *e, const double *x, size_t n)
{
    (void)e;
    for (size_t i = 1; i < n; i++) {
        if (x[0] == x[i]) {
            return 1.0;
        }
    }
    return post_is_null(x[0]) ? POST_NULL : 0.0;
}

static double op_case(const struct sy_plan_expr *e, const double *x, size_t n)
{
    (void)e;
    for (size_t i = 0; i + 1 < n; i += 2) {
        if (x[i] == 1.0) {
            return x[i + 1];
        }
    }
    return x[n - 1];
}

static double op_coalesce(const struct sy_plan_expr *e, const double *x, size_t n)
{
    (void)e;
    size_t i = 0;
    while (i + 1 < n && post_is_null(x[i])) {
        i++;
    }
    return x[i];
}

static const struct {
    const char *name;
    op_fn *fn;
} OPS[] = {
    {"add", op_add},
    {"sub", op_sub},
    {"mul", op_mul},
    {"div", op_div},
    {"mod", op_mod},
    {"neg", op_neg},
    {"abs", op_abs},
    {"least", op_least},
    {"greatest", op_greatest},
    {"round", op_round},
    {"sqrt", op_sqrt},
    {"exp", op_exp},
    {"ln", op_ln},
    {"eq", op_eq},
    {"ne", op_ne},
    {"lt", op_lt},
    {"le", op_le},
    {"gt", op_gt},
    {"ge", op_ge},
    {"and", op_and},
    {"or", op_or},
    {"not", op_not},
    {"is_null", op_is_null},
    {"in", op_in},
    {"case", op_case},
    {"coalesce", op_coalesce},
};

static op_fn *find_op(struct sy_view name)
{
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        if (sy_view_is(name, OPS[i].name)) {
            return OPS[i].fn;
        }
    }
    return NULL;
}

/* --- a list of expressions ---------------------------------------------------------------------------------- */

struct node {
    const struct sy_plan_expr *e;
    op_fn *fn;                     /* NULL: a column or a constant */
    const struct post_column *col; /* a column; else NULL */
    const double *now;             /* this row's lanes */
    double *own;                   /* room for them, unless a column */
    size_t width;
};

struct eval {
    struct node *nodes;
    size_t n;
    double *args; /* of one operator, one lane */
};

static double param_value(const struct post_run *run, const struct sy_plan_expr *e)
{
    const struct sy_plan_param *p = &run->plan->params[e->i];
    uint64_t at = run->params[e->i];
    int64_t v = 0;
    double id = POST_NULL;
    if (sy_view_is(p->kind, "int") || sy_view_is(p->kind, "bool")) {
        return sy_plan_param_value(p, at, &v) ? post_decimal(v, p->scale) : POST_NULL;
    }
    return post_label_id(&run->labels, p->values[at], &id) ? id : POST_NULL;
}

static double constant(const struct post_run *run, const struct sy_plan_expr *e)
{
    double v = POST_NULL;
    if (sy_view_is(e->op, "param")) {
        v = param_value(run, e);
    } else if (sy_view_is(e->op, "str")) {
        v = post_label_id(&run->labels, e->s, &v) ? v : POST_NULL;
    } else if (!sy_view_is(e->op, "null")) {
        v = post_decimal(e->i, e->scale);
    }
    return v;
}

static sy_status prepare_node(struct post_run *run, const struct post_table *in, bool noisy,
                              struct node *node)
{
    if (sy_view_is(node->e->op, "col")) {
        node->col = &in->cols[node->e->i];
        node->width = node->col->width;
        return SY_OK;
    }
    node->width = noisy ? run->n_lanes : 1;
    SY_TRY(post_alloc(run, node->width, sizeof *node->own, &node->own));
    node->now = node->own;
    node->fn = find_op(node->e->op);
    if (node->fn == NULL) {
        node->own[0] = constant(run, node->e);
    }
    return SY_OK;
}

static sy_status prepare(struct post_run *run, size_t rel, const struct post_table *in,
                         struct eval *ret)
{
    const struct sy_plan_rel *r = &run->post->rels[rel];
    size_t most = 0;
    ret->n = r->n_exprs;
    SY_TRY(post_alloc(run, ret->n, sizeof *ret->nodes, &ret->nodes));
    for (size_t i = 0; i < ret->n; i++) {
        ret->nodes[i].e = &r->exprs[i];
        most = r->exprs[i].n_args > most ? r->exprs[i].n_args : most;
        SY_TRY(prepare_node(run, in, run->types->rels[rel].exprs[i].noisy, &ret->nodes[i]));
    }
    return post_alloc(run, most, sizeof *ret->args, &ret->args);
}

/* |x| in lanes where x is on the other side of zero than in lane 0: nothing is left of it. Else no lane would
 * be near zero, though the truth may be, and the lower end of an interval would never reach it. */
static void fold(const struct node *x, struct node *node)
{
    for (size_t lane = 1; lane < node->width; lane++) {
        node->own[lane] = x->now[0] * x->now[lane] < 0 ? 0 : node->own[lane];
    }
}

static void compute(struct eval *v, struct node *node)
{
    for (size_t lane = 0; lane < node->width; lane++) {
        for (size_t j = 0; j < node->e->n_args; j++) {
            const struct node *a = &v->nodes[node->e->args[j]];
            v->args[j] = a->now[a->width == 1 ? 0 : lane];
        }
        node->own[lane] = post_canon(node->fn(node->e, v->args, node->e->n_args));
    }
    if (node->fn == op_abs) {
        fold(&v->nodes[node->e->args[0]], node);
    }
}

static void eval_row(struct eval *v, size_t row)
{
    for (size_t i = 0; i < v->n; i++) {
        struct node *node = &v->nodes[i];
        if (node->col != NULL) {
            node->now = node->col->v + row * node->width;
        } else if (node->fn != NULL) {
            compute(v, node);
        }
    }
}

/* Types of the outs: those of the expressions. */
static sy_status new_outs(struct post_run *run, size_t rel, size_t n_rows, struct post_table *ret)
{
    const struct sy_plan_rel *r = &run->post->rels[rel];
    struct sy_post_col *cols;
    SY_TRY(post_alloc(run, r->n_outs, sizeof *cols, &cols));
    for (size_t i = 0; i < r->n_outs; i++) {
        cols[i] = run->types->rels[rel].exprs[r->outs[i]];
    }
    return post_new_table(run, cols, r->n_outs, n_rows, ret);
}

sy_status post_eval(struct post_run *run, size_t i, const struct post_table *in,
                    struct post_table *ret)
{
    const struct sy_plan_rel *r = &run->post->rels[i];
    struct eval v;
    SY_TRY(prepare(run, i, in, &v));
    SY_TRY(new_outs(run, i, in->n_rows, ret));
    for (size_t row = 0; row < in->n_rows; row++) {
        eval_row(&v, row);
        for (size_t c = 0; c < r->n_outs; c++) {
            const struct post_column *col = &ret->cols[c];
            memcpy(col->v + row * col->width, v.nodes[r->outs[c]].now, col->width * sizeof *col->v);
        }
    }
    return SY_OK;
}
