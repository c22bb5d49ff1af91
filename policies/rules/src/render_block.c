/*
 * A block as text: whom it protects, by which column and within which bounds, what it costs and what
 * it costs others, its keys, its figures with their noise, and the columns that it releases.
 */
#include "render_internal.h"

enum { LABELS_SHOWN = 16 };

static sy_status no_memory(void)
{
    return sy_status_of(SY_E_NO_MEMORY);
}

static sy_status block_expr(struct renderer *r, size_t i, uint64_t at, struct sy_view *ret)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[i];
    struct render_scope s = {.plan = r->c->plan,
                             .exprs = b->exprs,
                             .n_exprs = b->n_exprs,
                             .cols = r->rels.cols[b->rel],
                             .n_cols = r->rels.n_cols[b->rel],
                             .arena = r->arena};
    *ret = render_expr(&s, at);
    return ret->p == NULL ? no_memory() : SY_OK;
}

/* ---- bounds and price ---- */

static sy_status put_other(struct renderer *r, const struct sy_track *t,
                           const struct sy_track_other *o)
{
    bool own = sy_view_eq(o->ns, t->ns);
    unsigned long long reach = o->units;
    unsigned long long factor = 2 * reach + (own ? 1 : 0);
    return sy_buf_printf(r->b,
                         "    one %.*s also owns rows of up to %llu units of %.*s: charged "
                         "(%s2 x %llu)^2 = %llu x rho\n",
                         SY_PV(o->ns), reach, SY_PV(t->ns), own ? "1 + " : "", reach,
                         factor * factor);
}

static sy_status put_subject(struct renderer *r, size_t i)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[i];
    return sy_buf_printf(
        r->b,
        "    answers about one consenting %.*s, named by %.*s: which of the labels below holds "
        "for\n"
        "    this one, or \"unknown\". Exact, not differentially private; only against a consent\n"
        "    token that is used once, and limited in how often\n",
        SY_PV(b->ns), SY_PV(r->rels.cols[b->rel][b->unit]));
}

static sy_status put_cellkey(struct renderer *r, size_t i)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[i];
    const struct sy_pack_cellkey *c = &r->c->pack->cellkey[0];
    return sy_buf_printf(
        r->b,
        "    cell keys over %.*s, named by %.*s: the same contributors carry the same noise. Not\n"
        "    differentially private. Cells of fewer than %llu units, dominated sums, and what "
        "could\n"
        "    be had back from margins are withheld, without a reason; counts are rounded to %llu.\n"
        "    Charged %llu cells of the lifetime budget\n",
        SY_PV(b->ns), SY_PV(r->rels.cols[b->rel][b->unit]), (unsigned long long)c->units_min,
        (unsigned long long)c->round, (unsigned long long)r->facts->blocks[i].n_cells);
}

static sy_status put_bounds(struct renderer *r, size_t i)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[i];
    const struct sy_track *t = r->facts->blocks[i].track;
    if (r->facts->blocks[i].subject) {
        return put_subject(r, i);
    }
    if (r->facts->blocks[i].cellkey) {
        return put_cellkey(r, i);
    }
    char *rho = render_fixed(r->arena, b->rho, 9);
    char *delta = render_fixed(r->arena, b->delta, 15);
    if (rho == NULL || delta == NULL) {
        return no_memory();
    }
    if (t == NULL) {
        return SY_OK;
    }
    SY_TRY(sy_buf_printf(
        r->b, "    one %.*s, named by %.*s, counts in at most %llu cells, with %llu rows each\n",
        SY_PV(b->ns), SY_PV(r->rels.cols[b->rel][b->unit]), (unsigned long long)b->groups,
        (unsigned long long)b->rows));
    SY_TRY(sy_buf_printf(r->b, "    and is charged rho %s, delta %s\n", rho, delta));
    for (size_t k = 0; k < t->n_others; k++) {
        SY_TRY(put_other(r, t, &t->others[k]));
    }
    return SY_OK;
}

/* ---- keys and figures ---- */

static sy_status put_labels(struct renderer *r, const struct sy_plan_key *k)
{
    SY_TRY(sy_buf_add_str(r->b, "{"));
    for (size_t i = 0; i < k->n_labels && i < LABELS_SHOWN; i++) {
        struct sy_view label = render_clean(r->arena, k->labels[i], RENDER_NAME_MAX);
        SY_TRY(sy_buf_printf(r->b, "%s%.*s", i > 0 ? ", " : "", SY_PV(label)));
    }
    if (k->n_labels > LABELS_SHOWN) {
        SY_TRY(sy_buf_printf(r->b, ", ... %zu in all", k->n_labels));
    }
    return sy_buf_printf(r->b, "}%s\n", k->nullable ? " and NULL" : "");
}

static sy_status put_key(struct renderer *r, size_t i, const struct sy_plan_key *k)
{
    struct sy_view text;
    const char *name = render_name(r->arena, k->name);
    SY_TRY(block_expr(r, i, k->expr, &text));
    if (name == NULL) {
        return no_memory();
    }
    SY_TRY(sy_buf_printf(r->b, "    key %s := %.*s  ", name, SY_PV(text)));
    return k->open ? sy_buf_add_str(r->b, "undeclared values, only above a noisy threshold\n")
                   : put_labels(r, k);
}

static sy_status put_clamp(struct renderer *r, int64_t lo, int64_t hi, uint64_t scale,
                           const char *before)
{
    char *from = render_decimal(r->arena, lo, scale);
    char *to = render_decimal(r->arena, hi, scale);
    return from == NULL || to == NULL ? no_memory()
                                      : sy_buf_printf(r->b, "%s[%s, %s]", before, from, to);
}

static sy_status put_noise(struct renderer *r, const struct rules_figure_facts *k)
{
    if (k->noise == 0 && k->half > 0) {
        char *half = render_decimal(r->arena, (int64_t)k->half, k->scale);
        return half == NULL ? no_memory()
                            : sy_buf_printf(r->b, "  noise by cell key, 95 %% within +-%s\n", half);
    }
    if (k->noise == 0) {
        return sy_buf_add_str(r->b, "  exact\n");
    }
    char *noise = render_decimal(r->arena, (int64_t)k->noise, k->scale);
    char *half = render_decimal(r->arena, (int64_t)k->half, k->scale);
    return noise == NULL || half == NULL
               ? no_memory()
               : sy_buf_printf(r->b, "  noise scale %s, 95 %% within +-%s\n", noise, half);
}

static sy_status put_figure(struct renderer *r, size_t i, size_t j)
{
    const struct sy_plan *plan = r->c->plan;
    const struct sy_plan_figure *f = &plan->blocks[i].figures[j];
    const char *name = render_name(r->arena, f->name);
    if (name == NULL) {
        return no_memory();
    }
    SY_TRY(sy_buf_printf(r->b, "    figure %s := %.*s", name, SY_PV(f->fn)));
    if (f->has_arg || sy_view_is(f->fn, "sum")) {
        struct sy_view text;
        SY_TRY(block_expr(r, i, f->expr, &text));
        SY_TRY(sy_buf_printf(r->b, "(%.*s)", SY_PV(text)));
    }
    if (sy_view_is(f->fn, "sum")) {
        SY_TRY(put_clamp(r, f->lo, f->hi, f->scale, "  each value clamped to "));
    }
    if (sy_view_is(f->fn, "distinct") && plan->blocks[i].ns.n > 0) {
        SY_TRY(sy_buf_printf(r->b, "  different values, of each %.*s at most %llu in a cell",
                             SY_PV(plan->blocks[i].ns), (unsigned long long)plan->blocks[i].rows));
    }
    return put_noise(r, &r->facts->blocks[i].figures[j]);
}

/* ---- what it releases ---- */

static sy_status put_out(struct renderer *r, const struct sy_plan_out *o)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[o->block];
    bool key = sy_view_is(o->op, "key");
    const char *name = render_name(r->arena, o->name);
    const char *of = render_name(r->arena, key ? b->keys[o->a].name : b->figures[o->a].name);
    if (name == NULL || of == NULL) {
        return no_memory();
    }
    SY_TRY(sy_buf_printf(r->b, "    column %s = %s", name, of));
    if (sy_view_is(o->op, "ratio")) {
        const char *by = render_name(r->arena, b->figures[o->b].name);
        if (by == NULL) {
            return no_memory();
        }
        SY_TRY(sy_buf_printf(r->b, " / %s", by));
        SY_TRY(put_clamp(r, o->lo, o->hi, o->scale, ", within "));
    }
    return sy_buf_add_str(r->b, "\n");
}

static sy_status put_threshold(struct renderer *r, size_t i)
{
    const struct rules_block_facts *k = &r->facts->blocks[i];
    if (!k->open) {
        return SY_OK;
    }
    if (k->tau == 0) {
        return sy_buf_printf(r->b, "    at most %llu cells, those with rows\n",
                             (unsigned long long)k->n_cells);
    }
    return sy_buf_printf(r->b,
                         "    at most %llu cells, each shown from a noised count of %lld units on "
                         "(noise scale %llu)\n",
                         (unsigned long long)k->n_cells, (long long)k->tau,
                         (unsigned long long)k->units_noise);
}

static sy_status put_tree(struct renderer *r, size_t i)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[i];
    const struct rules_tree_facts *t = &r->facts->blocks[i].tree;
    const char *last = t->leaves == 0 ? "" : render_name(r->arena, b->keys[b->n_keys - 1].name);
    if (last == NULL) {
        return no_memory();
    }
    return t->leaves == 0
               ? SY_OK
               : sy_buf_printf(
                     r->b,
                     "    sums over %s are noised too: %llu levels of %s, which share rho; "
                     "cells are fitted to all of them\n",
                     last, (unsigned long long)t->levels,
                     t->fan == 2 && !sy_view_is(b->tree, "total") ? "pairs, pairs of pairs"
                                                                  : "cells and their total");
}

sy_status render_block(struct renderer *r, size_t i)
{
    const struct sy_plan *plan = r->c->plan;
    const struct sy_plan_block *b = &plan->blocks[i];
    const char *name = render_name(r->arena, b->name);
    if (name == NULL) {
        return no_memory();
    }
    SY_TRY(sy_buf_printf(r->b, "Block %s of r%llu by %.*s, grade g%llu\n", name,
                         (unsigned long long)b->rel, SY_PV(b->mechanism),
                         (unsigned long long)r->facts->blocks[i].grade));
    SY_TRY(put_bounds(r, i));
    for (size_t k = 0; k < b->n_keys; k++) {
        SY_TRY(put_key(r, i, &b->keys[k]));
    }
    for (size_t j = 0; j < b->n_figures; j++) {
        SY_TRY(put_figure(r, i, j));
    }
    SY_TRY(put_threshold(r, i));
    SY_TRY(put_tree(r, i));
    for (size_t o = 0; o < plan->n_outs; o++) {
        if (plan->outs[o].block == i) {
            SY_TRY(put_out(r, &plan->outs[o]));
        }
    }
    return SY_OK;
}
