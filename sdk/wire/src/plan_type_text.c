/*
 * Types of the operators on declared labels. A pattern or a prefix is matched against the public value
 * set, never against stored text; order is the bytewise order of labels, where the catalogue declares
 * the set in that order, so that positions compare as the texts do.
 */
#include "base/weak.h"
#include "plan_type_node.h"

static sy_status want_labels(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_STR, false));
    return node_arg(n, 0)->open && !sy_weak(SY_WEAK_PATTERNS_ON_TEXT)
               ? NODE_FAIL(n, "%.*s: undeclared text has no public value set to match",
                           SY_PV(n->e->op))
               : SY_OK;
}

sy_status plan_type_like(struct node *n)
{
    SY_TRY(want_labels(n));
    if (n->e->s.n > SY_LABEL_BYTES_MAX || !(n->e->s.n == 0 || sy_view_is_utf8(n->e->s))) {
        return NODE_FAIL(n, "like: a pattern is at most %d bytes of text", SY_LABEL_BYTES_MAX);
    }
    node_strict(n);
    return node_bool(n);
}

/* The first `characters` of a text. */
static struct sy_view prefix_of(struct sy_view text, int64_t characters)
{
    size_t n = 0;
    for (int64_t i = 0; i < characters && n < text.n; i++) {
        for (n++; n < text.n && (text.p[n] & 0xC0) == 0x80; n++) {
        }
    }
    return sy_view(text.p, n);
}

sy_status plan_type_prefix(struct node *n)
{
    SY_TRY(want_labels(n));
    const struct sy_type *a = node_arg(n, 0);
    if (n->e->i < 1 || n->e->i > SY_LABEL_BYTES_MAX) {
        return NODE_FAIL(n, "prefix: 1 to %d characters", SY_LABEL_BYTES_MAX);
    }
    node_strict(n);
    n->ret->kind = SY_TYPE_STR;
    struct sy_view *all;
    SY_TRY(plan_labels_new(n->t, a->n_labels, &all, n->err));
    for (size_t i = 0; i < a->n_labels; i++) {
        all[i] = prefix_of(a->labels[i], n->e->i);
    }
    n->ret->labels = all;
    return plan_labels_distinct(all, a->n_labels, &n->ret->n_labels, n->err);
}

/* --- order -------------------------------------------------------------------------------------- */

/* Comparing whole label sets is bounded for all of a plan, as making them is. */
static sy_status charge(struct sy_typer *t, size_t labels, struct sy_error *err)
{
    if (labels > SY_PLAN_LABELS_READ - t->labels_read) {
        return PLAN_FAIL(err, "", "too many comparisons of large label sets");
    }
    t->labels_read += labels;
    return SY_OK;
}

static bool is_ascending(const struct sy_type *a)
{
    for (size_t i = 1; i < a->n_labels; i++) {
        if (sy_view_cmp(a->labels[i - 1], a->labels[i]) >= 0) {
            return false;
        }
    }
    return true;
}

/* Refuse a set that is not in order. The last one found in order is remembered: neighbours in a plan
 * compare one column. */
sy_status plan_labels_ascending(struct sy_typer *t, const struct sy_type *a, struct sy_error *err)
{
    if (a->open) {
        return PLAN_FAIL(err, "", "undeclared text has no order");
    }
    if (t->ascending == a->labels && t->n_ascending == a->n_labels) {
        return SY_OK;
    }
    SY_TRY(charge(t, a->n_labels, err));
    if (!is_ascending(a)) {
        return PLAN_FAIL(err, "",
                         "only label sets that are declared in bytewise order have an order");
    }
    t->ascending = a->labels;
    t->n_ascending = a->n_labels;
    return SY_OK;
}

static bool same_labels(const struct sy_type *a, const struct sy_type *b)
{
    if (a->n_labels != b->n_labels) {
        return false;
    }
    for (size_t i = 0; a->labels != b->labels && i < a->n_labels; i++) {
        if (!sy_view_eq(a->labels[i], b->labels[i])) {
            return false;
        }
    }
    return true;
}

sy_status plan_text_order(struct node *n)
{
    const struct sy_type *a = node_arg(n, 0);
    const struct sy_type *b = node_arg(n, 1);
    bool a_given = node_arg_literal(n, 0) || a->nothing;
    bool b_given = node_arg_literal(n, 1) || b->nothing;
    if (!a_given) {
        SY_TRY(plan_labels_ascending(n->t, a, n->err));
    }
    if (!b_given) {
        SY_TRY(plan_labels_ascending(n->t, b, n->err));
    }
    if (a_given || b_given) {
        return SY_OK;
    }
    SY_TRY(charge(n->t, a->labels == b->labels ? 0 : a->n_labels, n->err));
    return same_labels(a, b)
               ? SY_OK
               : NODE_FAIL(n, "%.*s: labels of two different sets have no order", SY_PV(n->e->op));
}
