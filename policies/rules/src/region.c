/*
 * The relations of a cell-key block, as far as they keep its rows a box (region.h): tables, narrowed field
 * by field, joined so that no row is multiplied.
 */
#include "region.h"

#include "method.h"

/* What is known of a relation below: how many tables, whose rows, how many of one unit. */
struct below {
    size_t n_scans;
    bool is_protected;
    uint64_t cap;
};

struct walk {
    struct region_work *w;
    struct below *below; /* per relation; n_scans 0: not seen */
};

static sy_status walk_rel(struct walk *k, uint64_t rel);

static const struct sy_plan_rel *rel_of(const struct walk *k, uint64_t rel)
{
    return &k->w->c->plan->rels[rel];
}

static struct region_node node_of(const struct walk *k, uint64_t rel, size_t i)
{
    const struct sy_plan_rel *r = rel_of(k, rel);
    return (struct region_node){.exprs = r->exprs,
                                .types = k->w->c->types->rels[rel].exprs,
                                .in = {r->in[0], r->n_in > 1 ? r->in[1] : 0},
                                .n_in = r->n_in,
                                .i = i};
}

static const char *path_of(struct region_work *w, const char *list, uint64_t i, const char *part)
{
    const char *path =
        sy_arena_printf(w->pool.arena, "%s[%llu].%s", list, (unsigned long long)i, part);
    return path == NULL ? list : path;
}

/* Rows that one unit may have; the plan check has made sure that one column names it. */
static uint64_t cap_of(const struct sy_dataset_def *d)
{
    uint64_t cap = UINT64_MAX;
    for (size_t i = 0; i < d->n_fields; i++) {
        bool unit = sy_view_is(d->fields[i].type, "unit");
        cap = unit && d->fields[i].rows > 0 ? sy_min_u64(cap, d->fields[i].rows) : cap;
    }
    return cap;
}

static sy_status walk_scan(struct walk *k, uint64_t rel)
{
    const struct sy_dataset_def *d = k->w->c->types->rels[rel].def;
    struct region *r = k->w->ret;
    for (size_t i = 0; i < r->n_sources; i++) {
        if (sy_view_eq(r->sources[i]->id, d->id)) {
            return region_refuse(k->w, "it reads one table twice");
        }
    }
    if (r->n_sources == REGION_SOURCES_MAX) {
        return region_full(k->w);
    }
    r->sources[r->n_sources++] = d;
    bool is_protected = d->ns.n > 0;
    k->below[rel] = (struct below){1, is_protected, is_protected ? cap_of(d) : 1};
    return SY_OK;
}

/* ---- joins ---- */

/* One side of the equation that joins. */
struct link_side {
    const struct below *below;
    const struct sy_type *type;
};

/* Can a row of the other side meet more than one of this? */
static bool finds_one(const struct link_side *s)
{
    return s->below->n_scans == 1 && s->type->field->rows == 1;
}

/* Is conjunct n an equation of a column of each side? */
static bool is_link(const struct walk *k, const struct region_node *n)
{
    const struct sy_plan_expr *e = region_expr(n);
    size_t left = k->w->c->types->rels[n->in[0]].n_cols;
    if (!sy_view_is(e->op, "eq")) {
        return false;
    }
    const struct sy_plan_expr *a = &n->exprs[e->args[0]];
    const struct sy_plan_expr *b = &n->exprs[e->args[1]];
    return sy_view_is(a->op, "col") && sy_view_is(b->op, "col") &&
           ((size_t)a->i < left) != ((size_t)b->i < left);
}

static sy_status link_side(struct walk *k, uint64_t rel, const struct region_node *n, size_t arg,
                           struct link_side *ret)
{
    struct region_node a = region_arg(n, arg);
    struct region_leaf leaf;
    bool is_leaf;
    bool right = (size_t)region_expr(&a)->i >= k->w->c->types->rels[n->in[0]].n_cols;
    SY_TRY(region_follow(k->w, &a, &leaf, &is_leaf));
    if (!is_leaf) {
        return region_refuse(k->w, "tables are joined by their columns, not by what is computed");
    }
    struct link_side *s = &ret[right ? 1 : 0];
    s->below = &k->below[rel_of(k, rel)->in[right ? 1 : 0]];
    s->type = &k->w->c->types->rels[leaf.rel].cols[leaf.col];
    return s->type->field == NULL ? region_refuse(k->w, "an unknown column") : SY_OK;
}

static sy_status link(struct walk *k, uint64_t rel, const struct region_node *n)
{
    struct link_side side[2];
    struct below *b = &k->below[rel];
    SY_TRY(link_side(k, rel, n, 0, side));
    SY_TRY(link_side(k, rel, n, 1, side));
    bool left = side[0].below->is_protected;
    bool right = side[1].below->is_protected;
    bool units = side[0].type->kind == SY_TYPE_UNIT;
    if (left && right && !units) {
        return region_refuse(k->w, "tables about units are joined by the unit");
    }
    /* the side that is met once: of a protected and a public table the public one */
    bool one_left = finds_one(&side[0]) && (left == right || right);
    bool one_right = finds_one(&side[1]) && (left == right || left);
    if (!one_left && !one_right) {
        return region_refuse(k->w, "one table must be joined by a column that is declared rows: 1, "
                                   "so that no row is multiplied");
    }
    const struct below *many = side[one_right ? 0 : 1].below;
    b->is_protected = left || right;
    b->cap = left == right ? many->cap : side[left ? 0 : 1].below->cap;
    b->n_scans = side[0].below->n_scans + side[1].below->n_scans;
    return SY_OK;
}

/* The parts of a conjunction: the link, once, and conditions. */
static sy_status join_on(struct walk *k, uint64_t rel, struct region_node n, size_t *n_links)
{
    if (n.depth > REGION_DEPTH_MAX || ++k->w->steps > REGION_STEPS_MAX) {
        return region_full(k->w);
    }
    if (sy_view_is(region_expr(&n)->op, "and")) {
        for (size_t i = 0; i < region_expr(&n)->n_args; i++) {
            SY_TRY(join_on(k, rel, region_arg(&n, i), n_links));
        }
        return SY_OK;
    }
    if (!is_link(k, &n)) {
        return region_where(k->w, n);
    }
    if ((*n_links)++ > 0) {
        return region_refuse(k->w, "tables are joined by one equation");
    }
    return link(k, rel, &n);
}

static sy_status walk_join(struct walk *k, uint64_t rel)
{
    const struct sy_plan_rel *r = rel_of(k, rel);
    size_t n_links = 0;
    if (!sy_view_is(r->kind, "inner")) {
        return region_refuse(k->w, "outer, semi and anti joins");
    }
    SY_TRY(walk_rel(k, r->in[0]));
    SY_TRY(walk_rel(k, r->in[1]));
    k->w->path = path_of(k->w, "rels", rel, "e");
    SY_TRY(join_on(k, rel, node_of(k, rel, (size_t)r->outs[0]), &n_links));
    return n_links == 1 ? SY_OK : region_refuse(k->w, "a join without an equation");
}

/* ---- relations ---- */

static sy_status walk_rel(struct walk *k, uint64_t rel)
{
    const struct sy_plan_rel *r = rel_of(k, rel);
    k->w->path = path_of(k->w, "rels", rel, "o");
    if (k->below[rel].n_scans > 0) {
        return region_refuse(k->w, "it reads one relation twice");
    }
    if (sy_view_is(r->op, "scan")) {
        return walk_scan(k, rel);
    }
    if (sy_view_is(r->op, "join")) {
        return walk_join(k, rel);
    }
    if (!word_in(r->op, "filter project")) {
        return region_refuse(k->w, "subqueries that group, number or unite rows");
    }
    SY_TRY(walk_rel(k, r->in[0]));
    k->below[rel] = k->below[r->in[0]];
    k->w->path = path_of(k->w, "rels", rel, "e");
    return sy_view_is(r->op, "filter") ? region_where(k->w, node_of(k, rel, (size_t)r->outs[0]))
                                       : SY_OK;
}

static sy_status walk_keys(struct walk *k)
{
    const struct region_case *c = k->w->c;
    const struct sy_plan_block *b = &c->plan->blocks[c->block];
    for (size_t i = 0; i < b->n_keys; i++) {
        struct region_node n = {.exprs = b->exprs,
                                .types = c->types->blocks[c->block].exprs,
                                .in = {b->rel},
                                .n_in = 1,
                                .i = (size_t)b->keys[i].expr};
        k->w->path = path_of(k->w, "blocks", c->block, "k");
        SY_TRY(region_key(k->w, n));
    }
    return SY_OK;
}

sy_status region_build(const struct region_case *c, struct sy_arena *arena, struct region *ret,
                       struct sy_error *err)
{
    struct region_work w = {.c = c,
                            .ret = ret,
                            .pool = {.arena = arena, .left = REGION_POOL_SEGS},
                            .err = err,
                            .path = "blocks"};
    struct walk k = {.w = &w,
                     .below = sy_arena_alloc(arena, c->plan->n_rels + 1, sizeof(*k.below))};
    uint64_t rel = c->plan->blocks[c->block].rel;
    *ret = (struct region){.dims = sy_arena_alloc(arena, REGION_DIMS_MAX, sizeof(*ret->dims))};
    if (k.below == NULL || ret->dims == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(walk_rel(&k, rel));
    SY_TRY(walk_keys(&k));
    ret->cap = k.below[rel].cap;
    return SY_OK;
}
