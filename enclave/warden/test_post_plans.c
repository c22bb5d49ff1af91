/*
 * What: plans of test_post_plans.h.
 */
#include "test_post_plans.h"

#include <string.h>

#include "wire/post_shape.h"

static void add_source(struct world *w, size_t i, size_t def)
{
    w->plan->sources[i].dataset = w->defs.defs[def].id;
    memcpy(w->plan->sources[i].def, w->defs.digests[def], 32);
    w->plan->n_sources = i + 1;
}

struct sy_plan_key towns(struct world *w, uint64_t expr)
{
    return (struct sy_plan_key){.expr = expr,
                                .labels = KIT_STRS(w->k, "a", "b", "c"),
                                .n_labels = TOWNS,
                                .name = V("town")};
}

static struct sy_plan_rel post_block(const char *name)
{
    return (struct sy_plan_rel){.op = V("block"), .source = V(name)};
}

static struct sy_plan_expr eq_true(struct world *w)
{
    (void)w;
    return (struct sy_plan_expr){.i = 1, .op = V("bool")};
}

void add_out(struct world *w, uint64_t block, const char *op, uint64_t a, const char *name)
{
    w->plan->outs[w->plan->n_outs++] =
        (struct sy_plan_out){.a = a, .block = block, .name = V(name), .op = V(op)};
}

void add_shown(struct world *w, uint64_t col, const char *name, uint64_t scale)
{
    struct sy_plan_post *p = w->plan->post;
    p->outs[p->n_outs++] = (struct sy_plan_post_out){.col = col, .name = V(name), .scale = scale};
}

/* Blocks 0 and 1 without keys' outs yet, and a post stage that begins with both. */
static void begin_plan(struct world *w)
{
    struct sy_plan *p = w->plan;
    p->blocks = kit_alloc(w->k, 2, sizeof(*p->blocks));
    p->n_blocks = 2;
    p->outs = kit_alloc(w->k, 8, sizeof(*p->outs));
    p->n_outs = 0;
    p->sources = kit_alloc(w->k, 2, sizeof(*p->sources));
    p->rels = kit_alloc(w->k, 2, sizeof(*p->rels));
    p->post = kit_alloc(w->k, 1, sizeof(*p->post));
    p->n_post = 1;
    p->post->rels = kit_alloc(w->k, 6, sizeof(*p->post->rels));
    p->post->rels[0] = post_block("parts");
    p->post->rels[1] = post_block("whole");
    p->post->n_rels = 2;
    p->post->outs = kit_alloc(w->k, 8, sizeof(*p->post->outs));
}

void join_whole(struct world *w)
{
    struct sy_plan_expr all[] = {eq_true(w)};
    w->plan->post->rels[w->plan->post->n_rels++] = (struct sy_plan_rel){.exprs = list(w, all, 1),
                                                                        .n_exprs = 1,
                                                                        .in = NUMS(w, 0, 1),
                                                                        .n_in = 2,
                                                                        .kind = V("inner"),
                                                                        .op = V("join"),
                                                                        .outs = NUMS(w, 0),
                                                                        .n_outs = 1};
}

void project(struct world *w, const struct sy_plan_expr *e, size_t n, uint64_t *outs, size_t n_outs)
{
    struct sy_plan_post *p = w->plan->post;
    static const char *const names[] = {"c0", "c1", "c2", "c3", "c4", "c5"};
    p->rels[p->n_rels] = (struct sy_plan_rel){.exprs = list(w, e, n),
                                              .n_exprs = n,
                                              .in = NUMS(w, p->n_rels - 1),
                                              .n_in = 1,
                                              .names = kit_strs(w->k, names, n_outs),
                                              .n_names = n_outs,
                                              .op = V("project"),
                                              .outs = outs,
                                              .n_outs = n_outs};
    p->n_rels++;
}

/* Public streets: rows and area by town, and the whole area; exact. */
static void exact_blocks(struct world *w)
{
    struct sy_plan *p = w->plan;
    struct sy_plan_expr parts[] = {col(w, 0), col(w, 1)}, whole[] = {col(w, 1)};
    begin_plan(w);
    add_source(w, 0, 2);
    p->n_params = 0;
    p->rels[0] = (struct sy_plan_rel){.names = KIT_STRS(w->k, "town", "area"),
                                      .n_names = 2,
                                      .op = V("scan"),
                                      .source = V("streets")};
    p->n_rels = 1;
    for (size_t i = 0; i < 2; i++) {
        p->blocks[i] =
            (struct sy_plan_block){.figures = kit_alloc(w->k, 2, sizeof(struct sy_plan_figure)),
                                   .mechanism = V("exact"),
                                   .name = V(i == 0 ? "parts" : "whole")};
    }
    p->blocks[0].exprs = list(w, parts, 2);
    p->blocks[0].n_exprs = 2;
    p->blocks[0].keys = kit_alloc(w->k, 1, sizeof(*p->blocks[0].keys));
    p->blocks[0].keys[0] = towns(w, 0);
    p->blocks[0].n_keys = 1;
    p->blocks[0].figures[0] = (struct sy_plan_figure){.fn = V("count"), .name = V("rows")};
    p->blocks[0].figures[1] = (struct sy_plan_figure){
        .expr = 1, .fn = V("sum"), .has_arg = true, .hi = 50, .name = V("area")};
    p->blocks[0].n_figures = 2;
    p->blocks[1].exprs = list(w, whole, 1);
    p->blocks[1].n_exprs = 1;
    p->blocks[1].figures[0] =
        (struct sy_plan_figure){.fn = V("sum"), .has_arg = true, .hi = 50, .name = V("area")};
    p->blocks[1].n_figures = 1;
    add_out(w, 0, "key", 0, "town");
    add_out(w, 0, "figure", 0, "rows");
    add_out(w, 0, "figure", 1, "area");
    add_out(w, 1, "figure", 0, "area");
}

void hand_computed(struct world *w)
{
    struct sy_plan_expr e[] = {col(w, 0),
                               col(w, 2),
                               col(w, 3),
                               call(w, "div", 1, 2),
                               {.i = 100, .op = V("int")},
                               call(w, "mul", 3, 4),
                               col(w, 1),
                               call(w, "div", 1, 6)};
    struct sy_plan_expr by[] = {col(w, 0), col(w, 2)};
    exact_blocks(w);
    join_whole(w);
    w->plan->post->rels[3] = (struct sy_plan_rel){.exprs = list(w, by, 2),
                                                  .n_exprs = 2,
                                                  .fns = KIT_STRS(w->k, "sum"),
                                                  .n_fns = 1,
                                                  .in = NUMS(w, 2),
                                                  .n_in = 1,
                                                  .kind = V("rows"),
                                                  .n_order = 1,
                                                  .desc = NUMS(w, 0),
                                                  .n_desc = 1,
                                                  .names = KIT_STRS(w->k, "running"),
                                                  .n_names = 1,
                                                  .op = V("window"),
                                                  .outs = NUMS(w, 0, 1),
                                                  .n_outs = 2};
    w->plan->post->n_rels = 4;
    struct sy_plan_expr all[9];
    memcpy(all, e, sizeof(e));
    all[8] = col(w, 4);
    project(w, all, 9, NUMS(w, 0, 5, 7, 8), 4);
    add_shown(w, 0, "town", 0);
    add_shown(w, 1, "share", 2);
    add_shown(w, 2, "each", 3);
    add_shown(w, 3, "running", 0);
}

void noised_blocks(struct world *w)
{
    struct sy_plan *p = w->plan;
    struct sy_plan_expr parts[] = {col(w, 1), col(w, 2)};
    begin_plan(w);
    add_source(w, 0, 0);
    p->n_params = 0;
    p->rels[0] = (struct sy_plan_rel){.names = KIT_STRS(w->k, "id", "town", "weight"),
                                      .n_names = 3,
                                      .op = V("scan"),
                                      .source = V("persons")};
    p->n_rels = 1;
    for (size_t i = 0; i < 2; i++) {
        p->blocks[i] =
            (struct sy_plan_block){.figures = kit_alloc(w->k, 2, sizeof(struct sy_plan_figure)),
                                   .n_figures = 1,
                                   .groups = 1,
                                   .mechanism = V("gauss"),
                                   .name = V(i == 0 ? "parts" : "whole"),
                                   .ns = V("person"),
                                   .rho = 2000000,
                                   .rows = 1};
        p->blocks[i].figures[0] = (struct sy_plan_figure){.fn = V("units"), .name = V("n")};
    }
    p->blocks[0].exprs = list(w, parts, 2);
    p->blocks[0].n_exprs = 2;
    p->blocks[0].keys = kit_alloc(w->k, 1, sizeof(*p->blocks[0].keys));
    p->blocks[0].keys[0] = towns(w, 0);
    p->blocks[0].n_keys = 1;
    add_out(w, 0, "key", 0, "town");
    add_out(w, 0, "figure", 0, "n");
    add_out(w, 1, "figure", 0, "all");
}

void shares_of(struct world *w)
{
    struct sy_plan_expr e[] = {col(w, 0), col(w, 1), col(w, 2), call(w, "div", 1, 2)};
    join_whole(w);
    project(w, e, 4, NUMS(w, 0, 1, 2, 3), 4);
    add_shown(w, 0, "town", 0);
    add_shown(w, 1, "n", 0);
    add_shown(w, 2, "all", 0);
    add_shown(w, 3, "share", 6);
}

void noised_shares(struct world *w)
{
    noised_blocks(w);
    shares_of(w);
}

void shaped_shares(struct world *w)
{
    struct sy_shape s = {.nonnegative = true, .round = 50};
    struct sy_plan_expr e[] = {col(w, 0), col(w, 1), col(w, 2), call(w, "div", 1, 2)};
    noised_blocks(w);
    struct sy_plan_post *p = w->plan->post;
    assert_true(sy_shape_project(w->plan, 0, &s, 0, &w->k->arena, &p->rels[1]));
    p->rels[2] = post_block("whole");
    p->n_rels = 3;
    join_whole(w);
    p->rels[3].in = NUMS(w, 1, 2);
    project(w, e, 4, NUMS(w, 0, 1, 2, 3), 4);
    add_shown(w, 0, "town", 0);
    add_shown(w, 1, "n", 0);
    add_shown(w, 2, "all", 0);
    add_shown(w, 3, "share", 6);
}
