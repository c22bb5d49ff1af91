/*
 * The reviewer's text. Columns carry names made here from dataset and field (a renamed column keeps
 * showing where it comes from); a computed column's text is its expression. Relations are listed in
 * plan order under their numbers, so a line never hides what another does.
 *
 * Invariants: the same plan gives the same bytes everywhere (integers only, catalogue order);
 * nothing of the developer's text is shown except labels, names of outputs and parameters, stripped
 * of control characters; rho and delta are exact decimals.
 */
#include "rules/render.h"

#include "method.h"
#include "render_internal.h"
#include "wire/plan_type.h"

enum { NAME_BYTES = 256 };

struct renderer {
    const struct rules_plan_case *c;
    const struct rules_plan_facts *facts;
    struct sy_plan_types types;
    struct sy_view **cols; /* texts of the columns of each relation */
    struct sy_arena *arena;
    struct sy_buf *b;
};

static sy_status no_memory(void)
{
    return sy_status_of(SY_E_NO_MEMORY);
}

/* "0.05" of 50000000 in units of 1e-9: trailing zeros dropped. */
static char *fixed(struct sy_arena *arena, uint64_t v, uint64_t digits)
{
    while (digits > 0 && v % 10 == 0) {
        v /= 10;
        digits--;
    }
    return render_decimal(arena, (int64_t)v, digits);
}

static struct sy_view clean(struct renderer *r, struct sy_view v)
{
    return render_clean(r->arena, v, NAME_BYTES);
}

/* ---- what it reads ---- */

static sy_status put_field(struct renderer *r, const struct sy_prop_dataset *asked,
                           const struct sy_dataset_def *d, struct sy_view name)
{
    const struct sy_field_def *f = def_field(d, name);
    const struct sy_prop_field *p = asked == NULL ? NULL : proposal_field(asked, name);
    struct sy_view mask = p == NULL || p->mask.n == 0 ? sy_view_str("none") : p->mask;
    bool unit = d->ns.n > 0 && sy_view_eq(name, d->unit);
    return sy_buf_printf(r->b, "    %.*s.%.*s  g%llu  mask %.*s%s\n", SY_PV(clean(r, d->id)),
                         SY_PV(clean(r, name)), f == NULL ? 0ULL : (unsigned long long)f->grade,
                         SY_PV(mask), unit ? "  (unit)" : "");
}

static sy_status put_reads(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    SY_TRY(sy_buf_add_str(r->b, "Reads\n"));
    for (size_t i = 0; i < plan->n_rels; i++) {
        const struct sy_dataset_def *d = r->types.rels[i].def;
        if (d == NULL) {
            continue;
        }
        const struct sy_prop_dataset *asked = proposal_dataset(r->c->proposal, d->id);
        struct sy_view ns = d->ns.n > 0 ? d->ns : sy_view_str("nobody (public)");
        SY_TRY(sy_buf_printf(r->b, "  r%zu  dataset %.*s  protects %.*s  membership g%llu\n", i,
                             SY_PV(clean(r, d->id)), SY_PV(ns), (unsigned long long)d->membership));
        for (size_t k = 0; k < plan->rels[i].n_names; k++) {
            SY_TRY(put_field(r, asked, d, plan->rels[i].names[k]));
        }
    }
    return SY_OK;
}

/* ---- how it gets there ---- */

static sy_status rel_expr(struct renderer *r, size_t i, const struct sy_view *cols, size_t n_cols,
                          uint64_t at, struct sy_view *ret)
{
    const struct sy_plan_rel *rel = &r->c->plan->rels[i];
    struct render_scope s = {.plan = r->c->plan,
                             .exprs = rel->exprs,
                             .n_exprs = rel->n_exprs,
                             .cols = cols,
                             .n_cols = n_cols,
                             .arena = r->arena};
    *ret = render_expr(&s, at);
    return ret->p == NULL ? no_memory() : SY_OK;
}

typedef sy_status rel_fn(struct renderer *r, size_t i);

static sy_status do_scan(struct renderer *r, size_t i)
{
    const struct sy_plan_rel *rel = &r->c->plan->rels[i];
    for (size_t k = 0; k < rel->n_names; k++) {
        char *text = sy_arena_printf(r->arena, "r%zu.%.*s", i, SY_PV(clean(r, rel->names[k])));
        if (text == NULL) {
            return no_memory();
        }
        r->cols[i][k] = sy_view_str(text);
    }
    return SY_OK;
}

static sy_status do_filter(struct renderer *r, size_t i)
{
    const struct sy_plan_rel *rel = &r->c->plan->rels[i];
    size_t in = (size_t)rel->in[0];
    size_t n = r->types.rels[in].n_cols;
    memcpy(r->cols[i], r->cols[in], n * sizeof(struct sy_view));
    struct sy_view text;
    SY_TRY(rel_expr(r, i, r->cols[in], n, rel->outs[0], &text));
    return sy_buf_printf(r->b, "  r%zu  rows of r%zu where %.*s\n", i, in, SY_PV(text));
}

/* A projected or grouped column: a copy keeps its source's text, anything else gets a name. */
static sy_status name_out(struct renderer *r, size_t i, size_t k, struct sy_view text, bool copy)
{
    if (copy) {
        r->cols[i][k] = text;
        return SY_OK;
    }
    char *name = sy_arena_printf(r->arena, "r%zu.c%zu", i, k);
    if (name == NULL) {
        return no_memory();
    }
    r->cols[i][k] = sy_view_str(name);
    return sy_buf_printf(r->b, "        %s := %.*s\n", name, SY_PV(text));
}

static sy_status do_project(struct renderer *r, size_t i)
{
    const struct sy_plan_rel *rel = &r->c->plan->rels[i];
    size_t in = (size_t)rel->in[0];
    SY_TRY(sy_buf_printf(r->b, "  r%zu  columns of r%zu\n", i, in));
    for (size_t k = 0; k < rel->n_outs; k++) {
        struct sy_view text;
        SY_TRY(rel_expr(r, i, r->cols[in], r->types.rels[in].n_cols, rel->outs[k], &text));
        SY_TRY(name_out(r, i, k, text, sy_view_is(rel->exprs[rel->outs[k]].op, "col")));
    }
    return SY_OK;
}

static sy_status do_join(struct renderer *r, size_t i)
{
    const struct sy_plan_rel *rel = &r->c->plan->rels[i];
    size_t a = (size_t)rel->in[0];
    size_t b = (size_t)rel->in[1];
    size_t n_a = r->types.rels[a].n_cols;
    size_t n_b = r->types.rels[b].n_cols;
    struct sy_view *both = sy_arena_alloc(r->arena, n_a + n_b + 1, sizeof(*both));
    if (both == NULL) {
        return no_memory();
    }
    memcpy(both, r->cols[a], n_a * sizeof(*both));
    memcpy(both + n_a, r->cols[b], n_b * sizeof(*both));
    memcpy(r->cols[i], both, r->types.rels[i].n_cols * sizeof(*both));
    struct sy_view text;
    SY_TRY(rel_expr(r, i, both, n_a + n_b, rel->outs[0], &text));
    return sy_buf_printf(r->b, "  r%zu  %.*s join of r%zu and r%zu on %.*s\n", i, SY_PV(rel->kind),
                         a, b, SY_PV(text));
}

static sy_status do_reduce(struct renderer *r, size_t i)
{
    const struct sy_plan_rel *rel = &r->c->plan->rels[i];
    size_t in = (size_t)rel->in[0];
    size_t n = r->types.rels[in].n_cols;
    SY_TRY(sy_buf_printf(r->b, "  r%zu  r%zu grouped, row level, by the first %llu of\n", i, in,
                         (unsigned long long)rel->n_keys));
    for (size_t k = 0; k < rel->n_outs; k++) {
        struct sy_view text;
        SY_TRY(rel_expr(r, i, r->cols[in], n, rel->outs[k], &text));
        bool key = k < rel->n_keys;
        if (!key) {
            char *call = sy_arena_printf(r->arena, "%.*s(%.*s)", SY_PV(rel->fns[k - rel->n_keys]),
                                         SY_PV(text));
            if (call == NULL) {
                return no_memory();
            }
            text = sy_view_str(call);
        }
        SY_TRY(name_out(r, i, k, text, key && sy_view_is(rel->exprs[rel->outs[k]].op, "col")));
    }
    return SY_OK;
}

struct rel_text {
    const char *op;
    rel_fn *put;
};

static const struct rel_text RELS[] = {
    {"scan", do_scan}, {"filter", do_filter}, {"project", do_project},
    {"join", do_join}, {"reduce", do_reduce},
};

static sy_status put_steps(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    SY_TRY(sy_buf_add_str(r->b, "Steps\n"));
    for (size_t i = 0; i < plan->n_rels; i++) {
        r->cols[i] = sy_arena_alloc(r->arena, r->types.rels[i].n_cols + 1, sizeof(struct sy_view));
        if (r->cols[i] == NULL) {
            return no_memory();
        }
        for (size_t k = 0; k < sizeof(RELS) / sizeof(RELS[0]); k++) {
            if (sy_view_is(plan->rels[i].op, RELS[k].op)) {
                SY_TRY(RELS[k].put(r, i));
            }
        }
    }
    return SY_OK;
}

/* ---- what comes out ---- */

static sy_status block_expr(struct renderer *r, uint64_t at, struct sy_view *ret)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[0];
    struct render_scope s = {.plan = r->c->plan,
                             .exprs = b->exprs,
                             .n_exprs = b->n_exprs,
                             .cols = r->cols[b->rel],
                             .n_cols = r->types.rels[b->rel].n_cols,
                             .arena = r->arena};
    *ret = render_expr(&s, at);
    return ret->p == NULL ? no_memory() : SY_OK;
}

static sy_status put_key(struct renderer *r, const struct sy_plan_key *k)
{
    struct sy_view text;
    SY_TRY(block_expr(r, k->expr, &text));
    SY_TRY(sy_buf_printf(r->b, "    key %.*s := %.*s  ", SY_PV(clean(r, k->name)), SY_PV(text)));
    if (k->open) {
        return sy_buf_add_str(r->b, "undeclared values, only above a noisy threshold\n");
    }
    SY_TRY(sy_buf_add_str(r->b, "{"));
    for (size_t i = 0; i < k->n_labels && i < 16; i++) {
        SY_TRY(sy_buf_printf(r->b, "%s%.*s", i > 0 ? ", " : "", SY_PV(clean(r, k->labels[i]))));
    }
    return sy_buf_printf(r->b, "%s}%s\n", k->n_labels > 16 ? ", ..." : "",
                         k->nullable ? " and NULL" : "");
}

static sy_status put_figure(struct renderer *r, const struct sy_plan_figure *f,
                            const struct rules_figure_facts *k)
{
    SY_TRY(sy_buf_printf(r->b, "    figure %.*s := %.*s", SY_PV(clean(r, f->name)), SY_PV(f->fn)));
    if (f->has_arg || sy_view_is(f->fn, "sum")) {
        struct sy_view text;
        SY_TRY(block_expr(r, f->expr, &text));
        SY_TRY(sy_buf_printf(r->b, "(%.*s)", SY_PV(text)));
    }
    if (sy_view_is(f->fn, "sum")) {
        char *lo = render_decimal(r->arena, f->lo, f->scale);
        char *hi = render_decimal(r->arena, f->hi, f->scale);
        if (lo == NULL || hi == NULL) {
            return no_memory();
        }
        SY_TRY(sy_buf_printf(r->b, "  each value clamped to [%s, %s]", lo, hi));
    }
    if (k->noise == 0) {
        return sy_buf_add_str(r->b, "  exact\n");
    }
    char *noise = render_decimal(r->arena, (int64_t)k->noise, f->scale);
    return noise == NULL ? no_memory() : sy_buf_printf(r->b, "  noise scale %s\n", noise);
}

static sy_status put_block(struct renderer *r)
{
    const struct sy_plan_block *b = &r->c->plan->blocks[0];
    const struct rules_block_facts *k = &r->facts->blocks[0];
    SY_TRY(sy_buf_printf(r->b, "Block %.*s of r%llu by %.*s, grade g%llu\n",
                         SY_PV(clean(r, b->name)), (unsigned long long)b->rel, SY_PV(b->mechanism),
                         (unsigned long long)k->grade));
    if (b->ns.n > 0) {
        SY_TRY(sy_buf_printf(
            r->b, "    one %.*s counts in at most %llu cells, with %llu rows each\n", SY_PV(b->ns),
            (unsigned long long)b->groups, (unsigned long long)b->rows));
    }
    for (size_t i = 0; i < b->n_keys; i++) {
        SY_TRY(put_key(r, &b->keys[i]));
    }
    for (size_t i = 0; i < b->n_figures; i++) {
        SY_TRY(put_figure(r, &b->figures[i], &k->figures[i]));
    }
    if (k->tau > 0) {
        SY_TRY(sy_buf_printf(r->b, "    shown from a noised count of %lld units on\n",
                             (long long)k->tau));
    }
    return SY_OK;
}

static sy_status put_outs(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    const struct sy_plan_block *b = &plan->blocks[0];
    SY_TRY(sy_buf_add_str(r->b, "Outputs\n"));
    for (size_t i = 0; i < plan->n_outs; i++) {
        const struct sy_plan_out *o = &plan->outs[i];
        struct sy_view name = clean(r, o->name);
        bool key = sy_view_is(o->op, "key");
        struct sy_view a = clean(r, key ? b->keys[o->a].name : b->figures[o->a].name);
        SY_TRY(sy_buf_printf(r->b, "    %.*s = %.*s", SY_PV(name), SY_PV(a)));
        if (sy_view_is(o->op, "ratio")) {
            char *lo = render_decimal(r->arena, o->lo, o->scale);
            char *hi = render_decimal(r->arena, o->hi, o->scale);
            if (lo == NULL || hi == NULL) {
                return no_memory();
            }
            SY_TRY(sy_buf_printf(r->b, " / %.*s, within [%s, %s]",
                                 SY_PV(clean(r, b->figures[o->b].name)), lo, hi));
        }
        SY_TRY(sy_buf_add_str(r->b, "\n"));
    }
    return SY_OK;
}

static sy_status put_params(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    for (size_t i = 0; i < plan->n_params; i++) {
        const struct sy_plan_param *p = &plan->params[i];
        SY_TRY(sy_buf_printf(r->b, "%s  $%.*s (%.*s) one of", i == 0 ? "Parameters\n" : "",
                             SY_PV(clean(r, p->name)), SY_PV(p->kind)));
        for (size_t k = 0; k < p->n_values && k < 32; k++) {
            SY_TRY(sy_buf_printf(r->b, "%s %.*s", k > 0 ? "," : "", SY_PV(clean(r, p->values[k]))));
        }
        SY_TRY(sy_buf_printf(r->b, "%s\n", p->n_values > 32 ? ", ..." : ""));
    }
    return SY_OK;
}

static sy_status put_cost(struct renderer *r)
{
    const struct rules_plan_facts *f = r->facts;
    char *rho = fixed(r->arena, f->rho, 9);
    char *delta = fixed(r->arena, f->delta, 15);
    if (rho == NULL || delta == NULL) {
        return no_memory();
    }
    SY_TRY(sy_buf_add_str(r->b, "Cost of a run\n"));
    if (f->ns.n == 0) {
        SY_TRY(sy_buf_add_str(r->b, "    nothing: public data only\n"));
    } else {
        SY_TRY(sy_buf_printf(r->b, "    rho %s, delta %s of the budget of %.*s\n", rho, delta,
                             SY_PV(f->ns)));
    }
    return sy_buf_printf(r->b, "    at most %llu cells, answered after %llu ms\n",
                         (unsigned long long)f->cells_max, (unsigned long long)f->size.slot_ms);
}

sy_status rules_plan_render(const struct rules_plan_case *c, const struct rules_plan_facts *facts,
                            struct sy_arena *arena, struct sy_buf *b)
{
    struct renderer r = {.c = c, .facts = facts, .arena = arena, .b = b};
    SY_TRY(sy_plan_type(c->plan, c->defs->defs, c->defs->n, arena, &r.types, NULL));
    r.cols = sy_arena_alloc(arena, c->plan->n_rels + 1, sizeof(*r.cols));
    if (r.cols == NULL) {
        return no_memory();
    }
    SY_TRY(put_reads(&r));
    SY_TRY(put_params(&r));
    SY_TRY(put_steps(&r));
    SY_TRY(put_block(&r));
    SY_TRY(put_outs(&r));
    return put_cost(&r);
}
