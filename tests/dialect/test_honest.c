/*
 * The honest corpus: every model is accepted, and its bounded aggregates are those of its plain
 * reference, with bounds that do not bind, with the declared ones, and with bounds that bind hard.
 *
 *   test_honest CATALOGUE PACK DATA [NAME]
 *
 * One TAP line a model. A model that is refused is a failure unless the corpus says so, with the reason:
 * at least 95 in 100 must be accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "corpus.h"
#include "reference.h"

enum { WIDE = 1000000 };

struct bounds {
    const char *name;
    uint64_t groups, rows; /* 0: as declared */
};

static const struct bounds BOUNDS[] = {{"wide", WIDE, WIDE}, {"declared", 0, 0}, {"tight", 1, 1}};

static uint64_t random_state;

static uint64_t draw(void)
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Bounds as this round wants them. False: with these the sums' worst case would leave 62 bits. */
static bool set_bounds(struct bench *b, struct asking *a, const struct sy_plan *declared,
                       const struct bounds *with)
{
    struct sy_error e = {0};
    for (size_t i = 0; i < a->plan.n_blocks; i++) {
        struct sy_plan_block *k = &a->plan.blocks[i];
        if (k->ns.n != 0) {
            k->groups = with->groups == 0 ? declared->blocks[i].groups : with->groups;
            k->rows = with->rows == 0 ? declared->blocks[i].rows : with->rows;
        }
    }
    return sy_ok(sy_plan_type(&a->plan, b->ts->defs, b->ts->n_defs, &a->arena, &a->types, &e));
}

static bool one_round(struct bench *b, struct asking *a, const struct honest *h, struct plain *p,
                      const char *bounds, const uint64_t *params, size_t *cells)
{
    const char *why = NULL;
    ask_run(b, a, params);
    for (size_t i = 0; i < a->plan.n_blocks; i++) {
        size_t n = 0;
        struct sy_view plain = corpus_plain(h, a->plan.blocks[i].name);
        if (plain.n == 0) {
            printf("# %s: block %.*s has no reference\n", h->source, SY_PV(a->plan.blocks[i].name));
            return false;
        }
        if (!reference_compare(b, a, i, p, plain, params, &why, &n)) {
            printf("# %s: block %.*s, %s bounds: %s\n", h->source, SY_PV(a->plan.blocks[i].name),
                   bounds, why);
            return false;
        }
        *cells += n;
    }
    return true;
}

static bool equal(struct bench *b, struct asking *a, const struct honest *h, struct plain *p,
                  size_t *cells)
{
    uint64_t params[SY_PLAN_PARAMS_MAX] = {0};
    struct sy_plan declared = a->plan;
    declared.blocks = sy_arena_alloc(&a->arena, a->plan.n_blocks, sizeof *declared.blocks);
    assert_non_null(declared.blocks);
    memcpy(declared.blocks, a->plan.blocks, a->plan.n_blocks * sizeof *declared.blocks);
    ask_feed(b, a);
    for (size_t i = 0; i < sizeof BOUNDS / sizeof BOUNDS[0]; i++) {
        for (size_t k = 0; k < a->plan.n_params; k++) {
            params[k] = i == 1 ? 0 : draw() % a->plan.params[k].n_values;
        }
        struct bounds with = BOUNDS[i];
        while (!set_bounds(b, a, &declared, &with) && with.rows > 1) {
            with.rows /= 10;
        }
        if (!one_round(b, a, h, p, with.name, params, cells)) {
            return false;
        }
    }
    return true;
}

struct tally {
    size_t accepted, refused, failed, empty;
};

static void one_model(struct bench *b, const struct honest *h, struct plain *p, size_t i,
                      struct tally *t)
{
    struct asking a;
    size_t cells = 0;
    if (!ask_check(b, &h->model, &a) && h->refused != NULL &&
        strcmp(ask_code(&a), h->refused) == 0) {
        t->refused++;
        printf("ok %zu %s is refused #%s\n", i, h->source, h->why);
    } else if (a.lowered.plan.n == 0 || a.refused.code != 0 || h->refused != NULL) {
        t->refused++;
        printf("not ok %zu %s\n# refused: %s: %.*s at %llu of %.*s: %.*s%s (%s)\n", i, h->source,
               ask_code(&a), SY_PV(a.lowered.construct), (unsigned long long)a.lowered.pos,
               SY_PV(a.lowered.block), SY_PV(a.lowered.reason), a.refused.reason, a.refused.field);
    } else {
        t->accepted++;
        bool ok = equal(b, &a, h, p, &cells);
        t->failed += ok ? 0 : 1;
        t->empty += cells == 0 ? 1 : 0;
        printf("%s %zu %s # %zu cells\n", ok ? "ok" : "not ok", i, h->source, cells);
    }
    fflush(stdout);
    ask_end(&a);
}

int main(int argc, char **argv)
{
    struct plain p;
    struct tables ts = {0};
    struct bench b;
    struct corpus c;
    struct tally t = {0};
    const char *root = getenv("SHUYU_SOURCE_ROOT"), *seed = getenv("SHUYU_SEED");
    if (argc < 4 || root == NULL) {
        fputs("usage: SHUYU_SOURCE_ROOT=... test_honest CATALOGUE PACK DATA [NAME]\n", stderr);
        return 2;
    }
    random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("# SHUYU_SEED=%llu\n", (unsigned long long)random_state);
    plain_open(&p);
    tables_catalogue(&ts, argv[1]);
    tables_load(&ts, &p, argv[3]);
    bench_open(&b, &ts, argv[2]);
    b.seed = draw();
    corpus_read(&c, root);
    size_t n = 0;
    for (size_t i = 0; i < c.n; i++) {
        if (argc < 5 || strstr(c.models[i].source, argv[4]) != NULL) {
            one_model(&b, &c.models[i], &p, ++n, &t);
        }
    }
    bool most = 100 * t.accepted >= 95 * (t.accepted + t.refused);
    printf("%s %zu at least 95 %% of the honest models are accepted # %zu accepted, %zu refused, "
           "%zu without any cell\n1..%zu\n",
           most ? "ok" : "not ok", n + 1, t.accepted, t.refused, t.empty, n + 1);
    corpus_free(&c);
    bench_close(&b);
    plain_close(&p);
    sy_arena_deinit(&ts.arena);
    return 0;
}
