/*
 * Every honest model that is accepted has the neighbour property (neighbours.h).
 *
 *   test_dialect_neighbours CATALOGUE PACK [PAIRS [NAME]]
 *
 * The seed is printed; SHUYU_SEED sets it. A negative control first: a model whose price was computed
 * from too small a sensitivity must be caught.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "corpus.h"
#include "neighbours.h"

enum { PAIRS = 20, ALONE = 5, CONTROL_PAIRS = 50 };

struct suite {
    struct bench b;
    uint64_t seed;
    size_t pairs, n, failed, moved;
};

static void one_model(struct suite *s, const struct honest *h)
{
    struct asking a;
    const char *why = "";
    if (ask_check(&s->b, &h->model, &a)) {
        struct neighbours n = {.pairs = s->pairs, .alone = ALONE};
#ifndef SY_SANITIZED
        n.sealed = true;
#endif
        bool ok = neighbours_check(&s->b, &a, s->seed + 7919 * s->n, &n, &why);
        s->n++;
        s->moved += n.moved;
        s->failed += ok ? 0 : 1;
        printf("%s %zu %s # %zu of %zu pairs differ%s%s\n", ok ? "ok" : "not ok", s->n, h->source,
               n.moved, s->pairs, ok ? "" : ": ", ok ? "" : why);
        fflush(stdout);
    }
    ask_end(&a);
}

/* What the rules take to be the reach of a unit is halved: the check must see it. */
static void control(struct suite *s, const struct corpus *c)
{
    bool caught = false;
    for (size_t i = 0; i < c->n && !caught; i++) {
        struct asking a;
        const char *why = NULL;
        if (ask_check(&s->b, &c->models[i].model, &a) && a.plan.blocks[0].ns.n != 0) {
            for (size_t k = 0; k < a.facts.blocks[0].n_figures; k++) {
                a.facts.blocks[0].figures[k].reach.bound /= 2;
            }
            struct neighbours n = {.pairs = CONTROL_PAIRS};
            caught = !neighbours_check(&s->b, &a, s->seed + i, &n, &why);
        }
        ask_end(&a);
    }
    printf("%s %zu half the sensitivity is caught\n", caught ? "ok" : "not ok", ++s->n);
}

int main(int argc, char **argv)
{
    static struct suite s = {.pairs = PAIRS};
    struct tables ts = {0};
    struct corpus c;
    const char *root = getenv("SHUYU_SOURCE_ROOT"), *seed = getenv("SHUYU_SEED");
    if (argc < 3 || root == NULL) {
        fputs(
            "usage: SHUYU_SOURCE_ROOT=... test_dialect_neighbours CATALOGUE PACK [PAIRS [NAME]]\n",
            stderr);
        return 2;
    }
    s.seed = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    s.pairs = argc > 3 ? strtoull(argv[3], NULL, 10) : PAIRS;
    printf("# SHUYU_SEED=%llu\n", (unsigned long long)s.seed);
    tables_catalogue(&ts, argv[1]);
    bench_open(&s.b, &ts, argv[2]);
    s.b.seed = s.seed;
    corpus_read(&c, root);
    control(&s, &c);
    for (size_t i = 0; i < c.n; i++) {
        if (argc < 5 || strstr(c.models[i].source, argv[4]) != NULL) {
            one_model(&s, &c.models[i]);
        }
    }
    printf("# %zu pairs differ in all\n1..%zu\n", s.moved, s.n);
    corpus_free(&c);
    bench_close(&s.b);
    sy_arena_deinit(&ts.arena);
    return 0;
}
