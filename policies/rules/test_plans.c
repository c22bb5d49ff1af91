/*
 * Plans of several namespaces, blocks and operators, for the tests. Each call makes a fresh, sound copy
 * that a test may spoil.
 */
#include "test_kit.h"

#include <string.h>

/* ---- parts ---- */

#define EXPRS(...)                                                                                 \
    (const struct kit_expr[]){__VA_ARGS__},                                                        \
        sizeof((const struct kit_expr[]){__VA_ARGS__}) / sizeof(struct kit_expr)
#define OUTS(...)                                                                                  \
    (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
#define WORDS(...)                                                                                 \
    (const char *const[]){__VA_ARGS__},                                                            \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)
#define COL(n)                                                                                     \
    {                                                                                              \
        .op = "col", .i = (n)                                                                      \
    }
#define INT(n)                                                                                     \
    {                                                                                              \
        .op = "int", .i = (n)                                                                      \
    }
#define STR(text)                                                                                  \
    {                                                                                              \
        .op = "str", .s = (text)                                                                   \
    }
#define ONE(f, a)                                                                                  \
    {                                                                                              \
        .op = (f), .args = {(a)}, .n_args = 1                                                      \
    }
#define TWO(f, a, b)                                                                               \
    {                                                                                              \
        .op = (f), .args = {(a), (b)}, .n_args = 2                                                 \
    }
#define ONE_S(f, a, t)                                                                             \
    {                                                                                              \
        .op = (f), .s = (t), .args = {(a)}, .n_args = 1                                            \
    }
#define ONE_I(f, a, n)                                                                             \
    {                                                                                              \
        .op = (f), .i = (n), .args = {(a)}, .n_args = 1                                            \
    }

static struct sy_plan_rel *add(struct kit *k, struct sy_plan_rel **list, size_t *n, const char *op)
{
    struct sy_plan_rel *all = kit_alloc(k, *n + 1, sizeof(*all));
    if (*n > 0) {
        memcpy(all, *list, *n * sizeof(*all));
    }
    all[*n] = (struct sy_plan_rel){.op = V(op)};
    *list = all;
    return &all[(*n)++];
}

static struct sy_plan_rel *rel(struct kit *k, struct sy_plan *p, const char *op)
{
    return add(k, &p->rels, &p->n_rels, op);
}

static void inputs(struct kit *k, struct sy_plan_rel *r, const uint64_t *in, size_t n)
{
    r->in = kit_nums(k, in, n);
    r->n_in = n;
}

static void named(struct kit *k, struct sy_plan_rel *r, const char *const *words, size_t n)
{
    r->names = kit_strs(k, words, n);
    r->n_names = n;
}

static void computes(struct kit *k, struct sy_plan_rel *r, const struct kit_expr *e, size_t n_e,
                     const uint64_t *outs, size_t n_outs)
{
    r->exprs = kit_exprs(k, e, n_e);
    r->n_exprs = n_e;
    r->outs = kit_nums(k, outs, n_outs);
    r->n_outs = n_outs;
}

static void calls(struct kit *k, struct sy_plan_rel *r, const char *const *fns, size_t n)
{
    r->fns = kit_strs(k, fns, n);
    r->n_fns = n;
}

static void scan(struct kit *k, struct sy_plan *p, const char *dataset, const char *const *fields,
                 size_t n)
{
    struct sy_plan_rel *r = rel(k, p, "scan");
    r->source = V(dataset);
    named(k, r, fields, n);
}

static struct sy_plan_out *out(struct kit *k, struct sy_plan *p, uint64_t block, const char *name,
                               const char *op, uint64_t a)
{
    struct sy_plan_out *all = kit_alloc(k, p->n_outs + 1, sizeof(*all));
    if (p->n_outs > 0) {
        memcpy(all, p->outs, p->n_outs * sizeof(*all));
    }
    all[p->n_outs] = (struct sy_plan_out){.a = a, .block = block, .name = V(name), .op = V(op)};
    p->outs = all;
    return &all[p->n_outs++];
}

static struct sy_plan_block *block(struct kit *k, struct sy_plan *p, const char *name, uint64_t r,
                                   const struct kit_expr *e, size_t n_e)
{
    struct sy_plan_block *all = kit_alloc(k, p->n_blocks + 1, sizeof(*all));
    if (p->n_blocks > 0) {
        memcpy(all, p->blocks, p->n_blocks * sizeof(*all));
    }
    all[p->n_blocks] = (struct sy_plan_block){.exprs = kit_exprs(k, e, n_e),
                                              .n_exprs = n_e,
                                              .figures = kit_alloc(k, 4, sizeof(*all->figures)),
                                              .keys = kit_alloc(k, 4, sizeof(*all->keys)),
                                              .mechanism = V("exact"),
                                              .name = V(name),
                                              .rel = r};
    p->blocks = all;
    return &all[p->n_blocks++];
}

static void noised(struct sy_plan_block *b, const char *mechanism, uint64_t rho)
{
    b->mechanism = V(mechanism);
    b->ns = V("person");
    b->groups = 2;
    b->rows = 1;
    b->rho = rho;
}

static void key(struct kit *k, struct sy_plan_block *b, const char *name, uint64_t expr,
                const char *const *labels, size_t n)
{
    b->keys[b->n_keys++] = (struct sy_plan_key){
        .expr = expr, .labels = kit_strs(k, labels, n), .n_labels = n, .name = V(name)};
}

static void sum(struct sy_plan_block *b, const char *name, uint64_t expr, int64_t lo, int64_t hi)
{
    b->figures[b->n_figures++] = (struct sy_plan_figure){
        .expr = expr, .fn = V("sum"), .has_arg = true, .hi = hi, .lo = lo, .name = V(name)};
}

static void count(struct sy_plan_block *b, const char *name, const char *fn)
{
    b->figures[b->n_figures++] = (struct sy_plan_figure){.fn = V(fn), .name = V(name)};
}

void kit_sources(struct kit *k, struct sy_plan *p)
{
    const struct sy_dataset_def *all[] = {kit_persons(k), kit_events(k), kit_births(k),
                                          kit_streets(k)};
    p->sources = kit_alloc(k, LEN(all), sizeof(*p->sources));
    p->n_sources = 0;
    for (size_t d = 0; d < LEN(all); d++) {
        size_t i = 0;
        while (i < p->n_rels && !sy_view_eq(p->rels[i].source, all[d]->id)) {
            i++;
        }
        if (i < p->n_rels) {
            struct sy_plan_source *s = &p->sources[p->n_sources++];
            s->dataset = all[d]->id;
            proof_sha256_one(s->def, kit_encode(k, &sy_dataset_def_desc, all[d]));
        }
    }
}

static struct sy_plan *empty(struct kit *k)
{
    struct sy_plan *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_plan){.v = SY_PLAN_SCHEMA};
    return p;
}

/* ---- one block, three owners ---- */

/* Births by year, and their weight: bounded by the child. */
struct sy_plan *kit_births_plan(struct kit *k)
{
    struct sy_plan *p = empty(k);
    scan(k, p, "births", WORDS("child", "weight", "born"));
    struct sy_plan_block *b = block(k, p, "births", 0, EXPRS(COL(2), ONE("year", 0), COL(1)));
    noised(b, "gauss", 5000000);
    key(k, b, "year", 1, WORDS("2018", "2019", "2020", "2021"));
    count(b, "n", "units");
    sum(b, "grams", 2, 500, 6000);
    out(k, p, 0, "year", "key", 0);
    out(k, p, 0, "births", "figure", 0);
    out(k, p, 0, "weight", "figure", 1);
    kit_sources(k, p);
    return p;
}

struct sy_model_def *kit_births_def(struct kit *k)
{
    struct sy_model_def *d = kit_alloc(k, 1, sizeof(*d));
    *d = (struct sy_model_def){.blocks = kit_alloc(k, 1, sizeof(*d->blocks)),
                               .n_blocks = 1,
                               .name = V("births"),
                               .title = V("births")};
    d->blocks[0] = (struct sy_model_block){.groups = 2,
                                           .mechanism = V("gauss"),
                                           .name = V("births"),
                                           .rho = 5000000,
                                           .rows = 1,
                                           .sql = V("SELECT ...")};
    return d;
}

/* ---- a tree ---- */

struct sy_plan *kit_tree_plan(struct kit *k)
{
    enum { AGES = 121 };
    const char *ages[AGES];
    struct sy_plan *p = empty(k);
    for (size_t i = 0; i < AGES; i++) {
        ages[i] = sy_arena_printf(&k->arena, "%zu", i);
    }
    scan(k, p, "persons", WORDS("id", "town", "age"));
    struct sy_plan_block *b = block(k, p, "b", 0, EXPRS(COL(1), COL(2)));
    noised(b, "gauss", 2000000);
    b->groups = 1;
    b->tree = V("bins");
    key(k, b, "town", 0, WORDS("a", "b", "c"));
    key(k, b, "age", 1, ages, AGES);
    count(b, "n", "count");
    out(k, p, 0, "town", "key", 0);
    out(k, p, 0, "age", "key", 1);
    out(k, p, 0, "n", "figure", 0);
    kit_sources(k, p);
    return p;
}

/* ---- everything ---- */

/* r0 births  r1 + windows by child  r2 the last birth row of each child, in the statistical year
 * r3 births once more  r4 one row a child  r5 r2 with r4 */
static void wide_births(struct kit *k, struct sy_plan *p)
{
    scan(k, p, "births", WORDS("child", "weight", "born"));
    struct sy_plan_rel *r = rel(k, p, "window");
    inputs(k, r, OUTS(0));
    computes(k, r, EXPRS(COL(0), COL(2), COL(1)), OUTS(0, 1, 2, 2));
    calls(k, r, WORDS("row_number", "lag", "sum"));
    r->kind = V("rows");
    r->n_keys = 1;
    r->n_order = 1;
    r->desc = kit_nums(k, (const uint64_t[]){1}, 1);
    r->n_desc = 1;
    r = rel(k, p, "filter");
    inputs(k, r, OUTS(1));
    computes(k, r,
             EXPRS(COL(3), INT(1), TWO("eq", 0, 1), COL(2), {.op = "pstart"}, {.op = "pend"},
                   TWO("ge", 3, 4), TWO("le", 3, 5), {.op = "and", .args = {2, 6, 7}, .n_args = 3}),
             OUTS(8));
    scan(k, p, "births", WORDS("child", "weight", "born"));
    r = rel(k, p, "reduce");
    inputs(k, r, OUTS(3));
    computes(k, r, EXPRS(COL(0), COL(1), COL(2), ONE_S("trunc", 2, "quarter")), OUTS(0, 1, 2, 3));
    calls(k, r, WORDS("arg_max", "count_distinct"));
    r->n_keys = 1;
    named(k, r, WORDS("child", "last", "quarters"));
    r = rel(k, p, "join");
    inputs(k, r, OUTS(2, 4));
    r->kind = V("inner");
    computes(k, r, EXPRS(COL(0), COL(6), TWO("eq", 0, 1)), OUTS(2));
}

/* r6 persons  r7 events  r8 r7 narrowed by its labels  r9, r10 ids of both  r11 their union
 * r12 streets */
static void wide_persons(struct kit *k, struct sy_plan *p)
{
    scan(k, p, "persons", WORDS("id", "age", "street"));
    scan(k, p, "events", WORDS("id", "event"));
    struct sy_plan_rel *r = rel(k, p, "filter");
    inputs(k, r, OUTS(7));
    computes(k, r,
             EXPRS(COL(1), ONE_S("like", 0, "%t%'"), STR("htn"), TWO("ge", 0, 2),
                   ONE_I("prefix", 0, 1), STR("s"), TWO("eq", 4, 5),
                   {.op = "or", .args = {1, 3, 6}, .n_args = 3}),
             OUTS(7));
    r = rel(k, p, "project");
    inputs(k, r, OUTS(6));
    computes(k, r, EXPRS(COL(0), COL(1)), OUTS(0, 1));
    named(k, r, WORDS("id", "age"));
    r = rel(k, p, "project");
    inputs(k, r, OUTS(8));
    computes(k, r, EXPRS(COL(0), INT(50)), OUTS(0, 1));
    named(k, r, WORDS("id", "age"));
    r = rel(k, p, "union");
    inputs(k, r, OUTS(9, 10));
    scan(k, p, "streets", WORDS("town", "area"));
}

static void wide_blocks(struct kit *k, struct sy_plan *p)
{
    struct sy_plan_block *b = block(k, p, "births", 5,
                                    EXPRS(COL(2), ONE("year", 0), COL(1), COL(8), COL(4),
                                          {.op = "coalesce", .args = {4, 2}, .n_args = 2}));
    noised(b, "gauss", 2000000);
    key(k, b, "year", 1, WORDS("2018", "2019", "2020", "2021"));
    sum(b, "grams", 5, 500, 6000);
    count(b, "n", "units");
    b = block(k, p, "people", 11, EXPRS(COL(1)));
    noised(b, "laplace", 3000000);
    count(b, "rows", "count");
    b = block(k, p, "streets", 6, EXPRS(COL(2)));
    noised(b, "gauss", 100000000);
    b->delta = 1000000;
    b->keys[b->n_keys++] = (struct sy_plan_key){.name = V("street"), .open = true};
    count(b, "n", "units");
    b = block(k, p, "areas", 12, EXPRS(COL(0), COL(1)));
    key(k, b, "town", 0, WORDS("a", "b", "c"));
    sum(b, "ha", 1, 0, 50);
    out(k, p, 0, "year", "key", 0);
    struct sy_plan_out *o = out(k, p, 0, "weight", "ratio", 0);
    o->b = 1;
    o->lo = 5000;
    o->hi = 60000;
    o->scale = 1;
    out(k, p, 0, "n", "figure", 1);
    out(k, p, 1, "people", "figure", 0);
    out(k, p, 2, "street", "key", 0);
    out(k, p, 2, "n", "figure", 0);
    out(k, p, 3, "town", "key", 0);
    out(k, p, 3, "ha / n", "figure", 0);
}

/* p0 births  p1 people  p2 both  p3 a rate  p4 + a running sum  p5 one row  p6 streets  p7 the first
 * p8 towns  p9 p4 and p8, as two columns  ... */
static void wide_post(struct kit *k, struct sy_plan *p)
{
    struct sy_plan_post *post = kit_alloc(k, 1, sizeof(*post));
    struct sy_plan_rel *r = add(k, &post->rels, &post->n_rels, "block");
    r->source = V("births");
    r = add(k, &post->rels, &post->n_rels, "block");
    r->source = V("people");
    r = add(k, &post->rels, &post->n_rels, "join");
    inputs(k, r, OUTS(0, 1));
    r->kind = V("left");
    computes(k, r, EXPRS({.op = "bool", .i = 1}), OUTS(0));
    r = add(k, &post->rels, &post->n_rels, "project");
    inputs(k, r, OUTS(2));
    computes(k, r,
             EXPRS(COL(0), COL(2), COL(3), TWO("div", 1, 2), INT(1000), TWO("mul", 3, 4),
                   ONE_I("round", 5, 2), ONE("sqrt", 1)),
             OUTS(0, 6, 7));
    named(k, r, WORDS("year", "rate", "se"));
    r = add(k, &post->rels, &post->n_rels, "window");
    inputs(k, r, OUTS(3));
    computes(k, r, EXPRS(COL(0), COL(1)), OUTS(0, 1, 1));
    calls(k, r, WORDS("sum", "lag"));
    r->kind = V("before");
    r->n_order = 1;
    r->desc = kit_nums(k, (const uint64_t[]){0}, 1);
    r->n_desc = 1;
    named(k, r, WORDS("running", "last"));
    r = add(k, &post->rels, &post->n_rels, "sort");
    inputs(k, r, OUTS(4));
    computes(k, r, EXPRS(COL(1), COL(0)), OUTS(0, 1));
    r->n_order = 2;
    r->desc = kit_nums(k, (const uint64_t[]){1, 0}, 2);
    r->n_desc = 2;
    r->limit = 3;
    post->n_outs = 3;
    post->outs = kit_alloc(k, 3, sizeof(*post->outs));
    post->outs[0] = (struct sy_plan_post_out){.col = 0, .name = V("year")};
    post->outs[1] = (struct sy_plan_post_out){.col = 1, .name = V("rate"), .scale = 2};
    post->outs[2] = (struct sy_plan_post_out){.col = 3, .name = V("so far"), .scale = 2};
    p->post = post;
    p->n_post = 1;
}

struct sy_plan *kit_wide_plan(struct kit *k)
{
    struct sy_plan *p = empty(k);
    p->params = kit_alloc(k, 1, sizeof(*p->params));
    p->n_params = 1;
    p->params[0] = (struct sy_plan_param){.calendar = V("10-01"),
                                          .kind = V("period"),
                                          .name = V("year"),
                                          .support = 1000,
                                          .values = KIT_STRS(k, "2019", "2020", "2020-Q1"),
                                          .n_values = 3};
    wide_births(k, p);
    wide_persons(k, p);
    wide_blocks(k, p);
    wide_post(k, p);
    kit_sources(k, p);
    return p;
}
