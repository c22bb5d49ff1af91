/* Shapes: reading them, the relation they stand for, and which answers they touch. */
#include "wire/post_shape.h"

#include <string.h>

static const char ROUND[] = "round:";

/* --- reading ---------------------------------------------------------------------------------------------- */

/* A positive decimal, with as many digits as it is written with. */
static bool parse_step(struct sy_view text, struct sy_shape *ret)
{
    const uint8_t *dot = text.n == 0 ? NULL : memchr(text.p, '.', text.n);
    size_t digits = dot == NULL ? 0 : text.n - (size_t)(dot - text.p) - 1;
    if (digits > SY_PLAN_SCALE_MAX || (dot != NULL && digits == 0)) {
        return false;
    }
    ret->scale = (uint32_t)digits;
    return sy_decimal_parse(text, ret->scale, &ret->round) && ret->round > 0;
}

sy_status sy_shape_parse(const struct sy_view *list, size_t n, struct sy_shape *ret,
                         struct sy_error *reterr)
{
    struct sy_view head = sy_view_str(ROUND);
    struct sy_shape s = {0};
    size_t i = 0;
    *ret = s;
    if (i < n && sy_view_is(list[i], "nonnegative")) {
        s.nonnegative = true;
        i++;
    }
    if (i < n && sy_view_starts(list[i], head)) {
        i += parse_step(sy_view(list[i].p + head.n, list[i].n - head.n), &s) ? 1 : 0;
    }
    if (i < n) {
        return sy_fail(reterr, SY_E_FIELD, "shape",
                       "a shape is nonnegative, then round:N with a number N above 0 of at most %d "
                       "decimals",
                       SY_PLAN_SCALE_MAX);
    }
    *ret = s;
    return SY_OK;
}

bool sy_shape_is_none(const struct sy_shape *s)
{
    return !s->nonnegative && s->round == 0;
}

bool sy_shape_acts(const struct sy_plan *plan, const struct sy_plan_out *o)
{
    if (!sy_view_is(o->op, "figure")) {
        return false;
    }
    const struct sy_plan_figure *f = &plan->blocks[o->block].figures[o->a];
    return !sy_view_is(f->fn, "sum") || f->lo >= 0;
}

/* --- the generated relation --------------------------------------------------------------------------------- */

struct making {
    struct sy_plan_rel *r;
    struct sy_arena *arena;
    bool full;
};

static uint64_t add(struct making *m, const char *op, const uint64_t *args, size_t n)
{
    struct sy_plan_expr *e = &m->r->exprs[m->r->n_exprs];
    *e = (struct sy_plan_expr){.op = sy_view_str(op), .n_args = n};
    if (n > 0) {
        e->args = sy_arena_alloc(m->arena, n, sizeof *e->args);
        m->full = m->full || e->args == NULL;
    }
    for (size_t i = 0; !m->full && i < n; i++) {
        e->args[i] = args[i];
    }
    return m->r->n_exprs++;
}

static uint64_t add_number(struct making *m, int64_t i, uint32_t scale)
{
    uint64_t at = add(m, "int", NULL, 0);
    m->r->exprs[at].i = i;
    m->r->exprs[at].scale = scale;
    return at;
}

/* The step is a column of its own kind of number: x / N rounded, times N. */
static uint64_t shaped(struct making *m, uint64_t x, const struct sy_shape *s, uint64_t zero,
                       uint64_t step)
{
    if (s->nonnegative) {
        uint64_t below = add(m, "lt", (uint64_t[]){x, zero}, 2);
        x = add(m, "case", (uint64_t[]){below, zero, x}, 3); /* a withheld figure stays NULL */
    }
    if (s->round > 0) {
        x = add(m, "div", (uint64_t[]){x, step}, 2);
        x = add(m, "round", &x, 1);
        x = add(m, "mul", (uint64_t[]){x, step}, 2);
    }
    return x;
}

static bool alloc_rel(const struct sy_plan *plan, size_t block, struct sy_arena *arena,
                      struct sy_plan_rel *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_outs; i++) {
        n += plan->outs[i].block == block ? 1 : 0;
    }
    *ret = (struct sy_plan_rel){.op = sy_view_str("project"), .n_in = 1};
    ret->in = sy_arena_alloc(arena, 1, sizeof *ret->in);
    ret->exprs = sy_arena_alloc(arena, 6 * n + 2, sizeof *ret->exprs);
    ret->outs = sy_arena_alloc(arena, n + 1, sizeof *ret->outs);
    ret->names = sy_arena_alloc(arena, n + 1, sizeof *ret->names);
    return ret->in != NULL && ret->exprs != NULL && ret->outs != NULL && ret->names != NULL;
}

bool sy_shape_project(const struct sy_plan *plan, size_t block, const struct sy_shape *s,
                      uint64_t in, struct sy_arena *arena, struct sy_plan_rel *ret)
{
    struct making m = {.r = ret, .arena = arena};
    if (!alloc_rel(plan, block, arena, ret)) {
        return false;
    }
    uint64_t zero = s->nonnegative ? add_number(&m, 0, 0) : 0;
    uint64_t step = s->round > 0 ? add_number(&m, s->round, s->scale) : 0;
    ret->in[0] = in;
    for (size_t i = 0; i < plan->n_outs; i++) {
        const struct sy_plan_out *o = &plan->outs[i];
        if (o->block == block) {
            uint64_t x = add(&m, "col", NULL, 0);
            ret->exprs[x].i = (int64_t)ret->n_outs;
            ret->names[ret->n_names++] = o->name;
            ret->outs[ret->n_outs++] = sy_shape_acts(plan, o) ? shaped(&m, x, s, zero, step) : x;
        }
    }
    return !m.full;
}

/* --- checking ------------------------------------------------------------------------------------------------ */

static bool same_rel(const struct sy_plan_rel *a, const struct sy_plan_rel *b)
{
    SY_BUF_CLEANUP struct sy_buf x = sy_buf(SY_MP_REQUEST.bytes);
    SY_BUF_CLEANUP struct sy_buf y = sy_buf(SY_MP_REQUEST.bytes);
    return sy_ok(sy_record_encode(&sy_plan_rel_desc, a, &x)) &&
           sy_ok(sy_record_encode(&sy_plan_rel_desc, b, &y)) &&
           sy_view_eq(sy_buf_view(&x), sy_buf_view(&y));
}

static bool reads(const struct sy_plan_rel *r, size_t rel)
{
    for (size_t i = 0; i < r->n_in; i++) {
        if (r->in[i] == rel) {
            return true;
        }
    }
    return false;
}

/* Is relation i + 1 the generated one, and the only one that reads i? */
static bool shaped_next(const struct sy_plan *plan, size_t block, const struct sy_shape *s,
                        size_t i, struct sy_arena *arena)
{
    const struct sy_plan_post *post = &plan->post[0];
    struct sy_plan_rel want;
    if (i + 1 >= post->n_rels || !sy_shape_project(plan, block, s, i, arena, &want)) {
        return false;
    }
    for (size_t k = i + 2; k < post->n_rels; k++) {
        if (reads(&post->rels[k], i)) {
            return false;
        }
    }
    return same_rel(&post->rels[i + 1], &want);
}

static bool acts_somewhere(const struct sy_plan *plan, size_t block)
{
    for (size_t i = 0; i < plan->n_outs; i++) {
        if (plan->outs[i].block == block && sy_shape_acts(plan, &plan->outs[i])) {
            return true;
        }
    }
    return false;
}

/* What the literals before everything else say that relation i + 1 does to block i. */
static bool read_shape(const struct sy_plan *plan, size_t block, size_t i, struct sy_arena *arena,
                       struct sy_shape *ret)
{
    const struct sy_plan_post *post = &plan->post[0];
    const struct sy_plan_rel *r = i + 1 < post->n_rels ? &post->rels[i + 1] : NULL;
    size_t at = 0;
    *ret = (struct sy_shape){0};
    if (r == NULL || !sy_view_is(r->op, "project")) {
        return false;
    }
    if (r->n_exprs > 0 && sy_view_is(r->exprs[0].op, "int") && r->exprs[0].i == 0) {
        ret->nonnegative = true;
        at++;
    }
    if (at < r->n_exprs && sy_view_is(r->exprs[at].op, "int") && r->exprs[at].i > 0) {
        ret->round = r->exprs[at].i;
        ret->scale = (uint32_t)r->exprs[at].scale;
    }
    return !sy_shape_is_none(ret) && shaped_next(plan, block, ret, i, arena);
}

static bool same_shape(const struct sy_shape *a, const struct sy_shape *b)
{
    return a->nonnegative == b->nonnegative && a->round == b->round && a->scale == b->scale;
}

bool sy_shape_of(const struct sy_plan *plan, size_t block, struct sy_arena *arena,
                 struct sy_shape *ret)
{
    size_t found = 0;
    *ret = (struct sy_shape){0};
    for (size_t i = 0; plan->n_post == 1 && i < plan->post[0].n_rels; i++) {
        const struct sy_plan_rel *r = &plan->post[0].rels[i];
        struct sy_shape s;
        if (!sy_view_is(r->op, "block") || !sy_view_eq(r->source, plan->blocks[block].name)) {
            continue;
        }
        if (!read_shape(plan, block, i, arena, &s) || (found > 0 && !same_shape(&s, ret))) {
            *ret = (struct sy_shape){0};
            return false;
        }
        *ret = s;
        found++;
    }
    if (found == 0 || !acts_somewhere(plan, block)) {
        *ret = (struct sy_shape){0};
    }
    return !sy_shape_is_none(ret);
}

bool sy_shape_kept(const struct sy_plan *plan, size_t block, const struct sy_shape *s,
                   struct sy_arena *arena)
{
    struct sy_shape is;
    return sy_shape_is_none(s) || (sy_shape_of(plan, block, arena, &is) && same_shape(&is, s));
}

/* --- which answers are touched ------------------------------------------------------------------------------- */

/* For each column of each relation a set of blocks, whose shaped figures it is made of. */
struct tracing {
    const struct sy_plan *plan;
    const struct sy_post_types *types;
    uint64_t shaped; /* blocks */
    uint64_t **cols;
    struct sy_arena *arena;
};

static void trace_block(struct tracing *t, size_t i)
{
    const struct sy_plan *p = t->plan;
    size_t n = 0;
    for (size_t k = 0; k < p->n_outs; k++) {
        const struct sy_plan_out *o = &p->outs[k];
        if (sy_view_eq(p->blocks[o->block].name, p->post[0].rels[i].source) &&
            n < t->types->rels[i].n_cols) {
            uint64_t bit = UINT64_C(1) << o->block;
            t->cols[i][n++] = sy_shape_acts(p, o) ? t->shaped & bit : 0;
        }
    }
}

/* Of expression e, from those before it. Columns of a join's right side stand behind the left's. */
static uint64_t trace_expr(const struct tracing *t, const struct sy_plan_rel *r, size_t at,
                           const uint64_t *before)
{
    const struct sy_plan_expr *e = &r->exprs[at];
    uint64_t ret = 0;
    if (sy_view_is(e->op, "col")) {
        return t->cols[r->in[0]][e->i];
    }
    for (size_t i = 0; i < e->n_args; i++) {
        ret |= before[e->args[i]];
    }
    return ret;
}

/* What each out of a relation is made of; NULL: the arena is full. */
static uint64_t *trace_outs(struct tracing *t, const struct sy_plan_rel *r)
{
    uint64_t *exprs = sy_arena_alloc(t->arena, r->n_exprs + 1, sizeof *exprs);
    uint64_t *outs = sy_arena_alloc(t->arena, r->n_outs + 1, sizeof *outs);
    for (size_t i = 0; exprs != NULL && i < r->n_exprs; i++) {
        exprs[i] = trace_expr(t, r, i, exprs);
    }
    for (size_t i = 0; exprs != NULL && outs != NULL && i < r->n_outs; i++) {
        outs[i] = exprs[r->outs[i]];
    }
    return exprs == NULL ? NULL : outs;
}

/* Columns of functions, behind the first `n`: of one argument each, or of any of the arguments. */
static void trace_fns(const struct sy_plan_rel *r, const uint64_t *outs, size_t first,
                      uint64_t *ret)
{
    bool each = r->n_outs - first == r->n_fns;
    uint64_t all = 0;
    for (size_t i = first; i < r->n_outs; i++) {
        all |= outs[i];
    }
    for (size_t i = 0; i < r->n_fns; i++) {
        ret[i] = each ? outs[first + i] : all;
    }
}

static bool trace_made(struct tracing *t, size_t i)
{
    const struct sy_plan_rel *r = &t->plan->post[0].rels[i];
    size_t n_in = t->types->rels[r->in[0]].n_cols;
    uint64_t *outs = trace_outs(t, r);
    if (outs == NULL) {
        return false;
    }
    if (sy_view_is(r->op, "window")) {
        memcpy(t->cols[i], t->cols[r->in[0]], n_in * sizeof *outs);
        trace_fns(r, outs, (size_t)(r->n_keys + r->n_order), t->cols[i] + n_in);
        return true;
    }
    size_t n = sy_view_is(r->op, "reduce") ? (size_t)r->n_keys : r->n_outs;
    memcpy(t->cols[i], outs, n * sizeof *outs);
    if (n < r->n_outs) {
        trace_fns(r, outs, n, t->cols[i] + n);
    }
    return true;
}

/* Rows of inputs as they are: beside each other (join), or one after the other. */
static void trace_copied(struct tracing *t, size_t i)
{
    const struct sy_plan_rel *r = &t->plan->post[0].rels[i];
    bool beside = sy_view_is(r->op, "join");
    size_t at = 0;
    for (size_t k = 0; k < r->n_in; k++) {
        size_t n = t->types->rels[r->in[k]].n_cols;
        for (size_t c = 0; c < n; c++) {
            t->cols[i][at + c] |= t->cols[r->in[k]][c];
        }
        at += beside ? n : 0;
    }
}

static bool trace_rel(struct tracing *t, size_t i)
{
    static const char *const makes[] = {"project", "reduce", "window"};
    const struct sy_plan_rel *r = &t->plan->post[0].rels[i];
    t->cols[i] = sy_arena_alloc(t->arena, t->types->rels[i].n_cols + 1, sizeof **t->cols);
    if (t->cols[i] == NULL) {
        return false;
    }
    if (sy_view_is(r->op, "block")) {
        trace_block(t, i);
        return true;
    }
    for (size_t k = 0; k < sizeof makes / sizeof makes[0]; k++) {
        if (sy_view_is(r->op, makes[k])) {
            return trace_made(t, i);
        }
    }
    trace_copied(t, i);
    return true;
}

/* i x 10^-scale as text; NULL when the arena is full. */
static const char *decimal(int64_t i, uint32_t scale, struct sy_arena *arena)
{
    long long one = 1;
    for (uint32_t k = 0; k < scale; k++) {
        one *= 10;
    }
    return scale == 0
               ? sy_arena_printf(arena, "%lld", (long long)i)
               : sy_arena_printf(arena, "%lld.%0*lld", i / one, (int)scale, (long long)i % one);
}

struct sy_view sy_shape_text(const struct sy_shape *s, struct sy_arena *arena)
{
    if (s->round == 0) {
        return sy_view_str(s->nonnegative ? "nonnegative" : "");
    }
    const char *step = decimal(s->round, s->scale, arena);
    const char *text = step == NULL ? NULL
                                    : sy_arena_printf(arena, "%srounded to %s",
                                                      s->nonnegative ? "nonnegative, " : "", step);
    return text == NULL ? (struct sy_view){0} : sy_view_str(text);
}

/* What the blocks of a set have in common; several shapes are told apart nowhere but in the plan. */
static struct sy_view label_of(uint64_t set, const struct sy_shape *shapes, struct sy_arena *arena)
{
    size_t first = (size_t)__builtin_ctzll(set);
    for (size_t i = first; i < SY_PLAN_BLOCKS_MAX; i++) {
        if ((set >> i & 1) != 0 && !same_shape(&shapes[i], &shapes[first])) {
            return sy_view_str("shaped in several ways");
        }
    }
    return sy_shape_text(&shapes[first], arena);
}

sy_status sy_shape_labels(const struct sy_plan *plan, const struct sy_post_types *types,
                          struct sy_arena *arena, struct sy_view *ret, struct sy_error *reterr)
{
    const struct sy_plan_post *post = &plan->post[0];
    struct tracing t = {.plan = plan, .types = types, .arena = arena};
    struct sy_shape *shapes = sy_arena_alloc(arena, SY_PLAN_BLOCKS_MAX, sizeof *shapes);
    t.cols = sy_arena_alloc(arena, post->n_rels + 1, sizeof *t.cols);
    bool full = t.cols == NULL || shapes == NULL;
    memset(ret, 0, post->n_outs * sizeof *ret);
    for (size_t i = 0; !full && i < plan->n_blocks; i++) {
        t.shaped |= sy_shape_of(plan, i, arena, &shapes[i]) ? UINT64_C(1) << i : 0;
    }
    for (size_t i = 0; !full && t.shaped != 0 && i < post->n_rels; i++) {
        full = !trace_rel(&t, i);
    }
    for (size_t i = 0; !full && t.shaped != 0 && i < post->n_outs; i++) {
        uint64_t set = t.cols[post->n_rels - 1][post->outs[i].col];
        ret[i] = set == 0 ? (struct sy_view){0} : label_of(set, shapes, arena);
        full = set != 0 && ret[i].p == NULL;
    }
    return full ? sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL) : SY_OK;
}
