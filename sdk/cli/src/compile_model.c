/*
 * What: model files. One block may stand at the top level; several stand in `blocks`, with a `post`
 * stage over them. A parameter declares its values one by one or as a grid.
 */
#include <string.h>

#include "base/time.h"
#include "compile_internal.h"
#include "wire/plan_type.h"

struct block_file {
    struct sy_model_block b;
    const yaml_node_t *clamps;
};

struct model_file {
    struct sy_model_def m;
    struct block_file one; /* the block at the top level */
    const yaml_node_t *params, *blocks;
};

struct grid {
    struct sy_view from, to, step;
};

struct param_file {
    struct sy_plan_param p;
    const yaml_node_t *grid;
};

#define BLOCK_KEYS(type, at)                                                                       \
    {"mechanism", CLI_TEXT, false, offsetof(type, at b.mechanism), 0},                             \
        {"groups", CLI_COUNT, false, offsetof(type, at b.groups), 0},                              \
        {"rows", CLI_COUNT, false, offsetof(type, at b.rows), 0},                                  \
        {"rho", CLI_NANO, false, offsetof(type, at b.rho), 0},                                     \
        {"delta", CLI_FEMTO, false, offsetof(type, at b.delta), 0},                                \
        {"sql", CLI_TEXT, false, offsetof(type, at b.sql), 0},                                     \
        {"shape", CLI_TEXTS, false, offsetof(type, at b.shape), offsetof(type, at b.n_shape)},     \
        {"threshold", CLI_BOOL, false, offsetof(type, at b.threshold), 0},                         \
        {"tree", CLI_TEXT, false, offsetof(type, at b.tree), 0},                                   \
        {"unit", CLI_TEXT, false, offsetof(type, at b.unit), 0},                                   \
    {                                                                                              \
        "clamps", CLI_NODE, false, offsetof(type, at clamps), 0                                    \
    }

static const struct cli_key model_keys[] = {
    {"name", CLI_TEXT, true, offsetof(struct model_file, m.name), 0},
    {"title", CLI_TEXT, true, offsetof(struct model_file, m.title), 0},
    {"purpose", CLI_TEXT, false, offsetof(struct model_file, m.purpose), 0},
    {"version", CLI_TEXT, false, offsetof(struct model_file, m.version), 0},
    {"definition", CLI_TEXT, false, offsetof(struct model_file, m.definition), 0},
    {"params", CLI_NODE, false, offsetof(struct model_file, params), 0},
    {"blocks", CLI_NODE, false, offsetof(struct model_file, blocks), 0},
    {"post", CLI_TEXT, false, offsetof(struct model_file, m.post), 0},
    BLOCK_KEYS(struct model_file, one.),
};
static const struct cli_key block_keys[] = {
    {"name", CLI_TEXT, true, offsetof(struct block_file, b.name), 0},
    BLOCK_KEYS(struct block_file, ),
};
static const struct cli_key clamp_keys[] = {
    KEY(struct sy_model_clamp, figure, CLI_TEXT, true),
    KEY(struct sy_model_clamp, lo, CLI_TEXT, true),
    KEY(struct sy_model_clamp, hi, CLI_TEXT, true),
};
static const struct cli_key param_keys[] = {
    {"name", CLI_TEXT, true, offsetof(struct param_file, p.name), 0},
    {"type", CLI_TEXT, true, offsetof(struct param_file, p.kind), 0},
    {"scale", CLI_COUNT, false, offsetof(struct param_file, p.scale), 0},
    {"calendar", CLI_TEXT, false, offsetof(struct param_file, p.calendar), 0},
    {"support", CLI_COUNT, false, offsetof(struct param_file, p.support), 0},
    {"asserted", CLI_BOOL, false, offsetof(struct param_file, p.asserted), 0},
    {"values", CLI_TEXTS, false, offsetof(struct param_file, p.values),
     offsetof(struct param_file, p.n_values)},
    {"grid", CLI_NODE, false, offsetof(struct param_file, grid), 0},
};
static const struct cli_key grid_keys[] = {
    KEY(struct grid, from, CLI_TEXT, true),
    KEY(struct grid, to, CLI_TEXT, true),
    KEY(struct grid, step, CLI_TEXT, true),
};

/* --- parameters ---------------------------------------------------------------------------------- */

/* A parameter's text as the integer that a grid counts in: the scaled number, or the day. */
static bool grid_value(const struct sy_plan_param *p, struct sy_view text, int64_t *ret)
{
    struct sy_plan_param one = *p;
    one.kind = sy_view_is(p->kind, "date") ? p->kind : sy_view_str("int");
    one.values = &text;
    one.n_values = 1;
    return sy_plan_param_value(&one, 0, ret);
}

static struct sy_view grid_text(const struct sy_plan_param *p, int64_t v, struct sy_arena *a)
{
    if (sy_view_is(p->kind, "date")) {
        int year, month, day;
        sy_date_of_days((int32_t)v, &year, &month, &day);
        return sy_view_str(sy_arena_printf(a, "%04d-%02d-%02d", year, month, day));
    }
    uint64_t power = 1;
    for (uint64_t i = 0; i < p->scale; i++) {
        power *= 10;
    }
    uint64_t m = v < 0 ? (uint64_t)-v : (uint64_t)v;
    const char *sign = v < 0 ? "-" : "";
    return sy_view_str(
        p->scale == 0 ? sy_arena_printf(a, "%s%llu", sign, (unsigned long long)m)
                      : sy_arena_printf(a, "%s%llu.%0*llu", sign, (unsigned long long)(m / power),
                                        (int)p->scale, (unsigned long long)(m % power)));
}

/* from, from + step, ... up to `to`. */
static sy_status fill_grid(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                           struct sy_plan_param *p, struct sy_error *err)
{
    struct grid g = {0};
    struct sy_plan_param days = {.kind = sy_view_str("int")}; /* dates step in days */
    int64_t from, to, step;
    SY_TRY(cli_yaml_fill(y, at, grid_keys, N(grid_keys), a, &g, err));
    const struct sy_plan_param *by = sy_view_is(p->kind, "date") ? &days : p;
    if (p->scale > SY_PLAN_SCALE_MAX || !grid_value(p, g.from, &from) ||
        !grid_value(p, g.to, &to) || !grid_value(by, g.step, &step) || step <= 0 || to < from ||
        (to - from) / step >= SY_PLAN_PARAM_VALUES_MAX) {
        return cli_yaml_fail(y, at, err, "grid: from, to and step make 1 to %d values",
                             SY_PLAN_PARAM_VALUES_MAX);
    }
    sy_status s;
    p->n_values = (size_t)((to - from) / step) + 1;
    p->values = cli_alloc(a, p->n_values, sizeof(*p->values), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < p->n_values; i++) {
        p->values[i] = grid_text(p, from + (int64_t)i * step, a);
    }
    return SY_OK;
}

static sy_status fill_params(struct cli_yaml *y, const yaml_node_t *seq, struct sy_arena *a,
                             struct sy_model_def *ret, struct sy_error *err)
{
    sy_status s;
    SY_TRY(cli_yaml_items(y, seq, &ret->n_params, err));
    ret->params = cli_alloc(a, ret->n_params, sizeof(*ret->params), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < ret->n_params; i++) {
        const yaml_node_t *at = cli_yaml_item(y, seq, i);
        struct param_file f = {0};
        SY_TRY(cli_yaml_fill(y, at, param_keys, N(param_keys), a, &f, err));
        if ((f.p.n_values > 0) == (f.grid != NULL)) {
            return cli_yaml_fail(y, at, err, "give either values or a grid");
        }
        if (f.grid != NULL) {
            SY_TRY(fill_grid(y, f.grid, a, &f.p, err));
        }
        ret->params[i] = f.p;
    }
    return SY_OK;
}

/* --- blocks -------------------------------------------------------------------------------------- */

static sy_status finish_block(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                              struct block_file *f, struct sy_error *err)
{
    const char *missing = f->b.mechanism.n == 0 ? "mechanism" : f->b.sql.n == 0 ? "sql" : NULL;
    if (missing != NULL) {
        return cli_yaml_fail(y, at, err, "%s is missing", missing);
    }
    return cli_fill_list(y, f->clamps, clamp_keys, N(clamp_keys), sizeof(*f->b.clamps), a,
                         (void **)&f->b.clamps, &f->b.n_clamps, err);
}

static bool has_top_block(const struct model_file *f)
{
    const struct sy_model_block *b = &f->one.b;
    return b->mechanism.n != 0 || b->sql.n != 0 || b->unit.n != 0 || b->rho != 0 || b->delta != 0 ||
           b->threshold || b->tree.n != 0 || b->n_shape != 0 || b->groups != 1 || b->rows != 1 ||
           f->one.clamps != NULL;
}

static sy_status fill_blocks(struct cli_yaml *y, struct model_file *f, struct sy_arena *a,
                             struct sy_error *err)
{
    sy_status s;
    size_t n = 1;
    if (f->blocks != NULL) {
        SY_TRY(cli_yaml_items(y, f->blocks, &n, err));
        if (n == 0 || has_top_block(f)) {
            return cli_yaml_fail(y, f->blocks, err,
                                 "a model has one block at the top level, or a list of blocks");
        }
    }
    f->m.blocks = cli_alloc(a, n, sizeof(*f->m.blocks), err, &s);
    SY_TRY(s);
    f->m.n_blocks = n;
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *at =
            f->blocks == NULL ? cli_yaml_root(y) : cli_yaml_item(y, f->blocks, i);
        struct block_file k = {.b = {.groups = 1, .rows = 1}};
        if (f->blocks == NULL) {
            k = f->one;
            k.b.name = sy_view_str("main");
        } else {
            SY_TRY(cli_yaml_fill(y, at, block_keys, N(block_keys), a, &k, err));
        }
        SY_TRY(finish_block(y, at, a, &k, err));
        f->m.blocks[i] = k.b;
    }
    return SY_OK;
}

sy_status cli_compile_model(const char *path, struct sy_arena *arena, struct sy_model_def *ret,
                            struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct model_file f = {.one = {.b = {.groups = 1, .rows = 1}}};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    SY_TRY(cli_yaml_fill(&y, cli_yaml_root(&y), model_keys, N(model_keys), arena, &f, reterr));
    SY_TRY(fill_params(&y, f.params, arena, &f.m, reterr));
    SY_TRY(fill_blocks(&y, &f, arena, reterr));
    *ret = f.m;
    return SY_OK;
}
