/*
 * What: model bounds: which clamp of a sum or an average has the least expected error, by a published
 * distribution and by the domain's own price list (model.check, which touches no data). First the upper end is
 * tried with the lowest one as wide as can be, then the lower end with the best upper one.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bounds.h"
#include "check_ask.h"
#include "cli/out.h"

enum { TRIES_MAX = 2 * CLI_BOUNDS_STEPS_MAX };

/* One clamp that was tried. */
struct
try {
    const struct cli_bounds_point *lo, *hi;
    double bias, noise, error;
};

struct search {
    struct cli *c;
    struct cli_check k;
    struct cli_bounds b;
    struct sy_model_clamp *clamp; /* of the model, to be changed */
    struct try tries[TRIES_MAX];
    size_t n_tries;
};

/* The block of the figure; the only one when the file names none. */
static struct sy_model_block *find_block(struct search *s)
{
    struct sy_model_def *m = &s->k.check.model;
    for (size_t i = 0; i < m->n_blocks; i++) {
        bool only = s->b.block.n == 0 && m->n_blocks == 1;
        if (only || sy_view_eq(m->blocks[i].name, s->b.block)) {
            s->b.block = m->blocks[i].name;
            return &m->blocks[i];
        }
    }
    return NULL;
}

/* The clamp of the figure, added where the model has none. */
static int find_clamp(struct search *s)
{
    struct sy_model_block *block = find_block(s);
    if (block == NULL) {
        return cli_usage("the public file names no block of this model");
    }
    struct sy_model_clamp *list = sy_arena_alloc(&s->c->arena, block->n_clamps + 1, sizeof(*list));
    if (list == NULL) {
        return cli_usage("out of memory");
    }
    for (size_t i = 0; i < block->n_clamps; i++) {
        list[i] = block->clamps[i];
        s->clamp = sy_view_eq(list[i].figure, s->b.figure) ? &list[i] : s->clamp;
    }
    if (s->clamp == NULL) {
        s->clamp = &list[block->n_clamps++];
        s->clamp->figure = s->b.figure;
    }
    block->clamps = list;
    return 0;
}

static const struct sy_check_figure *find_figure(const struct search *s,
                                                 const struct sy_check_result *r)
{
    for (size_t i = 0; i < r->n_figures; i++) {
        if (sy_view_eq(r->figures[i].block, s->b.block) &&
            sy_view_eq(r->figures[i].name, s->b.figure)) {
            return &r->figures[i];
        }
    }
    return NULL;
}

/* Ask the domain what this clamp costs in noise. */
static int try_clamp(struct search *s, size_t lo, size_t hi)
{
    static const double HALF_TO_DEVIATION = 1.959963984540054; /* of a 95 % interval */
    struct sy_check_result r;
    struct try *t = &s->tries[s->n_tries];
    *t = (struct try){.lo = &s->b.points[lo], .hi = &s->b.points[hi]};
    s->clamp->lo = t->lo->text;
    s->clamp->hi = t->hi->text;
    int status = cli_check_ask(s->c, &s->k, &r);
    if (status != 0 || r.refused) {
        return status != 0 ? status : cli_check_refusal(s->c, &s->k.check.model, &r);
    }
    const struct sy_check_figure *f = find_figure(s, &r);
    if (f == NULL) {
        return cli_usage("the model has no figure %.*s", SY_PV(s->b.figure));
    }
    t->bias = cli_bounds_bias(&s->b, t->lo->value, t->hi->value);
    t->noise = (double)f->half / HALF_TO_DEVIATION / pow(10, (double)f->scale) /
               (s->b.average ? (double)s->b.population : 1);
    t->error = hypot(t->bias, t->noise);
    s->n_tries++;
    return 0;
}

static size_t best_of(const struct search *s)
{
    size_t best = 0;
    for (size_t i = 1; i < s->n_tries; i++) {
        best = s->tries[i].error < s->tries[best].error ? i : best;
    }
    return best;
}

static int try_all(struct search *s)
{
    size_t upper[CLI_BOUNDS_STEPS_MAX], lower[CLI_BOUNDS_STEPS_MAX];
    size_t n_upper = cli_bounds_steps(&s->b, true, upper);
    size_t n_lower = cli_bounds_steps(&s->b, false, lower);
    int status = 0;
    for (size_t i = 0; status == 0 && i < n_upper; i++) {
        status = upper[i] > 0 ? try_clamp(s, 0, upper[i]) : 0;
    }
    size_t hi = status == 0 && s->n_tries > 0 ? (size_t)(s->tries[best_of(s)].hi - s->b.points) : 0;
    for (size_t i = 0; status == 0 && i < n_lower; i++) {
        status = lower[i] > 0 && lower[i] < hi ? try_clamp(s, lower[i], hi) : 0;
    }
    return status;
}

static json_t *json_of(const struct search *s)
{
    json_t *list = json_array();
    size_t best = best_of(s);
    for (size_t i = 0; i < s->n_tries; i++) {
        const struct try *t = &s->tries[i];
        json_array_append_new(list, json_pack("{s:o,s:o,s:f,s:f,s:f,s:b}", "lo",
                                              cli_json_text(t->lo->text), "hi",
                                              cli_json_text(t->hi->text), "bias", t->bias, "noise",
                                              t->noise, "error", t->error, "best", i == best));
    }
    return json_pack("{s:o,s:f,s:o}", "figure", cli_json_text(s->b.figure), "expected",
                     cli_bounds_expected(&s->b), "tries", list);
}

static void print_tries(const struct search *s)
{
    static const char *const headers[] = {"LO", "HI", "BIAS", "NOISE", "EXPECTED ERROR", "%", ""};
    struct cli_table *t = cli_table_new(headers, 7);
    size_t best = best_of(s);
    double whole = fabs(cli_bounds_expected(&s->b));
    for (size_t i = 0; i < 6; i++) {
        cli_table_right(t, i);
    }
    for (size_t i = 0; i < s->n_tries; i++) {
        const struct try *k = &s->tries[i];
        struct sy_arena *a = &s->c->arena;
        cli_table_row(t,
                      (const char *const[]){
                          cli_text(s->c, k->lo->text), cli_text(s->c, k->hi->text),
                          sy_arena_printf(a, "%.6g", k->bias), sy_arena_printf(a, "%.6g", k->noise),
                          sy_arena_printf(a, "%.6g", k->error),
                          whole > 0 ? sy_arena_printf(a, "%.3f", 100 * k->error / whole) : "-",
                          i == best ? "best" : ""});
    }
    cli_table_print(t);
    cli_say(s->c,
            "By the public file alone: %.*s is expected to be about %.6g. No data was "
            "touched.\n",
            SY_PV(s->b.figure), cli_bounds_expected(&s->b));
}

int cli_model_bounds(struct cli *c)
{
    struct sy_error e = {0};
    struct search *s = sy_arena_alloc(&c->arena, 1, sizeof(*s));
    const char *file = cli_need(c, "public");
    if (s == NULL || file == NULL) {
        return 2;
    }
    s->c = c;
    if (!sy_ok(cli_bounds_read(file, &c->arena, &s->b, &e))) {
        return cli_fail_error(c, &e);
    }
    int status = cli_check_read(c, &s->k);
    status = status != 0 ? status : find_clamp(s);
    status = status != 0 ? status : try_all(s);
    if (status != 0) {
        return status;
    }
    if (s->n_tries == 0) {
        return cli_usage("the public file leaves no room for a clamp");
    }
    if (c->json) {
        return cli_print_json(json_of(s));
    }
    print_tries(s);
    return 0;
}
