/*
 * The unit, tracked through every operator. Invariant of each relation with a namespace: every row
 * belongs to exactly one unit, the marked columns hold that unit's identifier, and taking a unit
 * out of the data takes exactly its rows out of the relation. Proof by operator:
 *
 *   scan     rows of a protected dataset are their unit's by definition; its unit column is there
 *   filter   looks at one row at a time
 *   project  one row from one row; the unit must stay among the columns
 *   join     both protected: an equation of marked columns among the top-level conjuncts pairs rows
 *            of one unit only (inner: both sides' marks hold; left: only the left's, the right's
 *            may be NULL). One protected: its rows are multiplied or dropped by public rows, which
 *            no unit changes; a left join that would keep public rows is refused
 *   semi,    keep a protected row for rows of its own unit (equation as above) or public rows;
 *   anti     public rows chosen by protected ones would have no unit: refused
 *   reduce   groups that contain the unit mix rows of one unit only
 *
 * A relation may depend on one namespace only (for now). Rows whose unit is NULL belong to nobody
 * and are dropped before anything is counted.
 */
#include "plan_internal.h"

static sy_status lost(struct plan_work *w, size_t i, const char *why)
{
    const char *field = sy_arena_printf(w->arena, "rels[%zu]", i);
    return sy_fail(w->err, SY_E_PRIVACY, field == NULL ? "rels" : field, "%s", why);
}

static bool is_protected_rel(const struct unit_rel *u)
{
    return u->ns.n > 0;
}

static bool any_unit(const struct unit_rel *u)
{
    for (size_t k = 0; k < u->n_cols; k++) {
        if (u->unit[k]) {
            return true;
        }
    }
    return false;
}

/* The column that an expression copies, or SIZE_MAX when it computes something. */
static size_t copied_col(const struct sy_plan_rel *r, uint64_t expr)
{
    const struct sy_plan_expr *e = &r->exprs[expr];
    return sy_view_is(e->op, "col") ? (size_t)e->i : SIZE_MAX;
}

static bool marks(const struct unit_rel *u, size_t col)
{
    return col < u->n_cols && u->unit[col];
}

/* ---- operators ---- */

typedef sy_status op_fn(struct plan_work *w, size_t i, struct unit_rel *ret);

static sy_status do_scan(struct plan_work *w, size_t i, struct unit_rel *ret)
{
    const struct sy_plan_rel *r = &w->c->plan->rels[i];
    const struct sy_dataset_def *d = w->types.rels[i].def;
    ret->ns = d->ns;
    ret->units_max = d->ns.n > 0 ? d->max_rows : 0;
    for (size_t k = 0; k < r->n_names; k++) {
        ret->unit[k] = d->ns.n > 0 && sy_view_eq(r->names[k], d->unit);
    }
    if (d->ns.n > 0 && !any_unit(ret)) {
        return lost(w, i, "a protected dataset is read without its unit column");
    }
    return SY_OK;
}

static sy_status do_filter(struct plan_work *w, size_t i, struct unit_rel *ret)
{
    const struct unit_rel *in = &w->units[w->c->plan->rels[i].in[0]];
    ret->ns = in->ns;
    ret->units_max = in->units_max;
    memcpy(ret->unit, in->unit, in->n_cols * sizeof(bool));
    return SY_OK;
}

/* project, and the keys of reduce: the marks of the first n expressions. */
static sy_status carry(struct plan_work *w, size_t i, size_t n, struct unit_rel *ret,
                       const char *why)
{
    const struct sy_plan_rel *r = &w->c->plan->rels[i];
    const struct unit_rel *in = &w->units[r->in[0]];
    ret->ns = in->ns;
    ret->units_max = in->units_max;
    for (size_t k = 0; k < n; k++) {
        ret->unit[k] = marks(in, copied_col(r, r->outs[k]));
    }
    return is_protected_rel(in) && !any_unit(ret) ? lost(w, i, why) : SY_OK;
}

static sy_status do_project(struct plan_work *w, size_t i, struct unit_rel *ret)
{
    return carry(w, i, w->c->plan->rels[i].n_outs, ret, "a projection drops the unit column");
}

static sy_status do_reduce(struct plan_work *w, size_t i, struct unit_rel *ret)
{
    return carry(w, i, w->c->plan->rels[i].n_keys, ret,
                 "an inner GROUP BY of protected rows must contain the unit column");
}

/* Does the condition, in one of its top-level conjuncts, equate the two sides' units? */
static bool equates_units(struct plan_work *w, const struct sy_plan_rel *r,
                          const struct unit_rel *left, const struct unit_rel *right, bool *ret)
{
    bool *conjunct = sy_arena_alloc(w->arena, r->n_exprs + 1, sizeof(*conjunct));
    if (conjunct == NULL) {
        return false;
    }
    *ret = false;
    conjunct[r->outs[0]] = true;
    for (size_t at = (size_t)r->outs[0] + 1; at-- > 0;) { /* arguments are earlier positions */
        const struct sy_plan_expr *e = &r->exprs[at];
        for (size_t k = 0; conjunct[at] && sy_view_is(e->op, "and") && k < e->n_args; k++) {
            conjunct[e->args[k]] = true;
        }
        if (!conjunct[at] || !sy_view_is(e->op, "eq") || e->n_args != 2) {
            continue;
        }
        size_t a = copied_col(r, e->args[0]);
        size_t b = copied_col(r, e->args[1]);
        size_t l = a < b ? a : b;
        size_t g = a < b ? b : a;
        bool pair =
            g != SIZE_MAX && marks(left, l) && g >= left->n_cols && marks(right, g - left->n_cols);
        *ret = *ret || pair;
    }
    return true;
}

static sy_status join_condition(struct plan_work *w, size_t i, const struct unit_rel *left,
                                const struct unit_rel *right)
{
    const struct sy_plan_rel *r = &w->c->plan->rels[i];
    bool same = false;
    if (!is_protected_rel(left) || !is_protected_rel(right)) {
        bool keeps_left = !sy_view_is(r->kind, "inner");
        return keeps_left && is_protected_rel(right)
                   ? lost(w, i, "public rows chosen or kept beside protected ones have no unit")
                   : SY_OK;
    }
    if (!sy_view_eq(left->ns, right->ns)) {
        return lost(w, i, "rows of different unit namespaces can't be joined");
    }
    if (!equates_units(w, r, left, right, &same)) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return same ? SY_OK : lost(w, i, "protected tables join on the unit: add AND a.unit = b.unit");
}

static uint64_t joined_units(const struct sy_plan_rel *r, const struct unit_rel *left,
                             const struct unit_rel *right)
{
    bool both = is_protected_rel(left) && is_protected_rel(right);
    if (both && (sy_view_is(r->kind, "inner") || sy_view_is(r->kind, "semi"))) {
        return sy_min_u64(left->units_max, right->units_max);
    }
    return is_protected_rel(left) ? left->units_max : right->units_max;
}

static sy_status do_join(struct plan_work *w, size_t i, struct unit_rel *ret)
{
    const struct sy_plan_rel *r = &w->c->plan->rels[i];
    const struct unit_rel *left = &w->units[r->in[0]];
    const struct unit_rel *right = &w->units[r->in[1]];
    SY_TRY(join_condition(w, i, left, right));
    ret->ns = is_protected_rel(left) ? left->ns : right->ns;
    ret->units_max = joined_units(r, left, right);
    memcpy(ret->unit, left->unit, left->n_cols * sizeof(bool));
    if (sy_view_is(r->kind, "inner")) {
        memcpy(ret->unit + left->n_cols, right->unit, right->n_cols * sizeof(bool));
    }
    return SY_OK;
}

struct op {
    const char *name;
    op_fn *run;
};

static const struct op OPS[] = {
    {"scan", do_scan},     {"filter", do_filter}, {"project", do_project},
    {"reduce", do_reduce}, {"join", do_join},
};

static sy_status one_rel(struct plan_work *w, size_t i)
{
    struct unit_rel *u = &w->units[i];
    u->n_cols = w->types.rels[i].n_cols;
    u->unit = sy_arena_alloc(w->arena, u->n_cols + 1, sizeof(bool));
    if (u->unit == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t k = 0; k < sizeof(OPS) / sizeof(OPS[0]); k++) {
        if (sy_view_is(w->c->plan->rels[i].op, OPS[k].name)) {
            SY_TRY(OPS[k].run(w, i, u));
            u->units_max = sy_min_u64(u->units_max, w->types.rels[i].rows);
            return SY_OK;
        }
    }
    return lost(w, i, "no rule says what this operator does to units");
}

sy_status plan_units(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    w->units = sy_arena_alloc(w->arena, plan->n_rels + 1, sizeof(*w->units));
    if (w->units == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_rels; i++) {
        SY_TRY(one_rel(w, i));
    }
    return SY_OK;
}
