/* The plan of a question (cells.h): conditions, and keys. */
#include "cells.h"

#include <string.h>

enum { WHERE_MAX = 1200 };

struct where {
    struct kit_expr e[WHERE_MAX];
    size_t n;
    size_t all; /* the conjunction so far; SIZE_MAX: nothing */
};

static size_t put(struct where *w, struct kit_expr e)
{
    assert_true(w->n < WHERE_MAX);
    w->e[w->n] = e;
    return w->n++;
}

static void and_condition(struct where *w, int64_t col, const char *op, struct kit_expr value)
{
    size_t a = put(w, (struct kit_expr)CK_COL(col)), b = put(w, value);
    size_t is = put(w, (struct kit_expr)CK_F2(op, a, b));
    w->all = w->all == SIZE_MAX ? is : put(w, (struct kit_expr)CK_F2("and", w->all, is));
}

static void and_interval(struct where *w, int64_t col, const int64_t of[2], int64_t most,
                         struct kit_expr literal)
{
    if (of[0] > 0) {
        literal.i = of[0];
        and_condition(w, col, "ge", literal);
    }
    if (of[1] < most) {
        literal.i = of[1];
        and_condition(w, col, "le", literal);
    }
}

/* col is one of the values, as a condition of its own: a few IN, so that it does not nest deeply. */
static size_t one_of(struct where *w, int64_t col, const struct cells_list *l,
                     struct kit_expr literal)
{
    size_t any = SIZE_MAX;
    for (size_t i = 0; i < l->n;) {
        struct kit_expr in = {.op = "in"};
        in.args[in.n_args++] = put(w, (struct kit_expr)CK_COL(col));
        for (; i < l->n && in.n_args < LEN(in.args); i++) {
            literal.i = l->v[i];
            in.args[in.n_args++] = put(w, literal);
        }
        size_t is = put(w, in);
        any = any == SIZE_MAX ? is : put(w, (struct kit_expr)CK_F2("or", any, is));
    }
    return any;
}

static void and_listed(struct where *w, int64_t col, const struct cells_list *l,
                       struct kit_expr literal)
{
    if (l->n > 0 && !l->as_key) {
        size_t any = one_of(w, col, l, literal);
        w->all = w->all == SIZE_MAX ? any : put(w, (struct kit_expr)CK_F2("and", w->all, any));
    }
}

static struct where where_of(const struct cells_question *q)
{
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    struct where w = {.all = SIZE_MAX};
    struct kit_expr fee = {.op = "int", .scale = 2}, day = {.op = "date"}, age = {.op = "int"};
    for (unsigned i = 0; i < q->wording; i++) { /* everybody has a fee that is no less than 0 */
        and_condition(&w, R_FEE, "ge", fee);
    }
    and_interval(&w, R_AGE, q->age, CELLS_AGE_MAX, age);
    and_interval(&w, R_BORN, q->born, CELLS_BORN_MAX, day);
    and_interval(&w, R_FEE, q->fee, CELLS_FEE_MAX, fee);
    if (q->town >= 0) {
        and_condition(&w, R_TOWN, "eq", (struct kit_expr)CK_STR(towns[q->town]));
    }
    if (q->not_born >= 0) {
        day.i = q->not_born;
        and_condition(&w, R_BORN, "ne", day);
    }
    and_listed(&w, R_FEE, &q->fees, fee);
    and_listed(&w, R_BORN, &q->days, day);
    return w;
}

static void add_key(struct kit *k, struct sy_plan_block *b, size_t expr, const char *name,
                    bool towns)
{
    b->keys[b->n_keys++] = (struct sy_plan_key){
        .expr = expr,
        .labels = towns ? KIT_STRS(k, "a", "b", "c", "d", "e", "f") : KIT_STRS(k, "false", "true"),
        .n_labels = towns ? CELLS_TOWNS : 2,
        .name = sy_view_str(name)};
}

/* Towns and ages may be unknown: one more cell each. */
static void keys_of(struct kit *k, const struct cells_question *q, struct sy_plan_block *b)
{
    struct where w = {.all = SIZE_MAX};
    b->keys = kit_alloc(k, CELLS_KEYS, sizeof(*b->keys));
    b->n_keys = 0;
    if (q->by_town) {
        add_key(k, b, put(&w, (struct kit_expr)CK_COL(R_TOWN)), "town", true);
        b->keys[b->n_keys - 1].nullable = true;
    }
    if (q->by_young) {
        size_t age = put(&w, (struct kit_expr)CK_COL(R_AGE));
        size_t old = put(&w, (struct kit_expr)CK_INT(CELLS_OLD));
        add_key(k, b, put(&w, (struct kit_expr)CK_F2("lt", age, old)), "young", false);
        b->keys[b->n_keys - 1].nullable = true;
    }
    if (q->fees.n > 0 && q->fees.as_key) {
        add_key(k, b, one_of(&w, R_FEE, &q->fees, (struct kit_expr){.op = "int", .scale = 2}),
                "fees", false);
    }
    if (q->days.n > 0 && q->days.as_key) {
        add_key(k, b, one_of(&w, R_BORN, &q->days, (struct kit_expr){.op = "date"}), "days", false);
    }
    if (q->by_male) {
        add_key(k, b, put(&w, (struct kit_expr)CK_COL(R_MALE)), "male", false);
    }
    b->exprs = kit_exprs(k, w.e, w.n);
    b->n_exprs = w.n;
}

static void sum_fees(struct kit *k, struct sy_plan *p)
{
    static const struct kit_expr fee[] = {CK_COL(R_FEE)};
    struct sy_plan_block *b = p->blocks;
    struct sy_plan_expr *all = kit_alloc(k, b->n_exprs + 1, sizeof(*all));
    if (b->n_exprs > 0) {
        memcpy(all, b->exprs, b->n_exprs * sizeof(*all));
    }
    all[b->n_exprs] = *kit_exprs(k, fee, 1);
    b->exprs = all;
    b->figures[b->n_figures++] = (struct sy_plan_figure){.expr = b->n_exprs++,
                                                         .fn = V("sum"),
                                                         .has_arg = true,
                                                         .hi = CELLS_FEE_MAX,
                                                         .name = V("fees"),
                                                         .scale = 2};
    p->outs[p->n_outs++] = (struct sy_plan_out){.a = 1, .name = V("fees"), .op = V("figure")};
}

struct sy_plan *cells_plan(struct kit *k, const struct cells_question *q)
{
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    struct where w = where_of(q);
    struct sy_plan *p = ck_plan(k, (struct ck_list){w.e, w.n}, CK(CK_COL(R_TOWN), CK_COL(R_MALE)),
                                towns, CELLS_TOWNS, false);
    keys_of(k, q, p->blocks);
    if (q->sum_fees) {
        sum_fees(k, p);
    }
    return p;
}
