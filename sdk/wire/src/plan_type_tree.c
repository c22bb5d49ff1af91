/*
 * Typing of a block whose last key is a tree (wire/plan.h, `tree`): one additive figure over declared
 * cells, noised, so that sums over cells of the last key mean something and leave with noise of
 * their own.
 */
#include "plan_type_internal.h"

static sy_status check_bins(const struct sy_type *last, struct sy_error *err)
{
    return last->kind == SY_TYPE_INT && !last->nullable
               ? SY_OK
               : PLAN_FAIL(err, "t", "the last key of bins is an integer that is never NULL");
}

static sy_status check_total(const struct sy_type *last, struct sy_error *err)
{
    (void)last;
    (void)err;
    return SY_OK;
}

sy_status plan_tree_type(const struct sy_plan_block *b, const struct sy_block_types *types,
                         struct sy_error *err)
{
    static const struct {
        const char *name;
        sy_status (*check)(const struct sy_type *last, struct sy_error *err);
    } shapes[] = {{"bins", check_bins}, {"total", check_total}};
    if (b->tree.n == 0) {
        return SY_OK;
    }
    bool noisy = sy_view_is(b->mechanism, "gauss") || sy_view_is(b->mechanism, "laplace");
    if (b->ns.n == 0 || !noisy) {
        return PLAN_FAIL(err, "t", "a tree is for figures that gauss or laplace noise protects");
    }
    if (types->open || b->n_keys == 0) {
        return PLAN_FAIL(err, "t", "a tree has declared keys only, one at least, no threshold");
    }
    bool additive = sy_view_is(b->figures[0].fn, "count") || sy_view_is(b->figures[0].fn, "units");
    if (b->n_figures != 1 || !additive) {
        return PLAN_FAIL(err, "t", "a tree has one figure, count or units");
    }
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (sy_view_is(b->tree, shapes[i].name)) {
            return shapes[i].check(&types->keys[b->n_keys - 1], err);
        }
    }
    return PLAN_FAIL(err, "t", "a tree is bins or total");
}
