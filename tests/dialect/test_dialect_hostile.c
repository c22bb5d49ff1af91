/*
 * The hostile corpus: models that must be refused, each with its code, and mutations of honest ones.
 *
 *   test_dialect_hostile CATALOGUE PACK [--write FILE | --pairs N]
 *
 * tests/dialect/hostile/NAME.txt: written by hand (hostile.h).
 * tests/dialect/hostile/mutations.txt: CODE TAB MODEL TAB KIND TAB NTH, what became of each mutation.
 * Whatever is accepted passes the neighbour test. --write FILE writes mutations.txt anew, to be read by a
 * person before it is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "corpus.h"
#include "hostile.h"
#include "mutate.h"
#include "neighbours.h"

enum { PAIRS = 20, LINE_MAX_BYTES = 1 << 17, NTH_MAX = 3 };

struct suite {
    struct bench b;
    struct corpus c;
    uint64_t seed;
    size_t pairs;
    size_t n, failed, accepted; /* cases */
    size_t lines;               /* of TAP: failures, and what they come to */
    FILE *write;
};

static void report(struct suite *s, bool ok, const char *what, const char *detail)
{
    s->n++;
    s->failed += ok ? 0 : 1;
    if (!ok) {
        printf("not ok %zu %s\n# %s\n", ++s->lines, what, detail);
        fflush(stdout);
    }
}

/* Accepted: then it must have the neighbour property. Every world runs alone too: a model that lets other
 * people's rows decide about one's own would see, among all worlds at once, the same others in both
 * worlds of a pair, and nothing would move. */
static bool is_harmless(struct suite *s, struct asking *a, const char **why)
{
    struct neighbours n = {.pairs = s->pairs, .alone = s->pairs < PAIRS ? s->pairs : PAIRS};
    s->accepted++;
    return neighbours_check(&s->b, a, s->seed + s->n, &n, why);
}

static void one_case(struct suite *s, const struct sy_model_def *model, const char *want,
                     const char *what)
{
    struct asking a;
    const char *why = "";
    char detail[1024];
    bool accepted = ask_check(&s->b, model, &a);
    const char *code = ask_code(&a);
    bool harmless = !accepted || is_harmless(s, &a, &why);
    bool as_said = strcmp(code, want) == 0;
    snprintf(detail, sizeof detail, "wanted %s, got %s (%.*s: %.*s%s) %s", want, code,
             SY_PV(a.lowered.construct), SY_PV(a.lowered.reason), a.refused.reason, why);
    report(s, as_said && harmless, what, detail);
    ask_end(&a);
}

/* --- written by hand ---------------------------------------------------------------------------------- */

static void by_hand(struct suite *s, const char *root)
{
    struct hostiles h;
    hostiles_read(&h, root);
    for (size_t i = 0; i < h.n; i++) {
        one_case(s, &h.cases[i].model, h.cases[i].code, h.cases[i].where);
    }
    hostiles_free(&h);
}

/* --- mutations ---------------------------------------------------------------------------------------- */

static const struct honest *find_model(const struct suite *s, const char *source)
{
    for (size_t i = 0; i < s->c.n; i++) {
        if (strcmp(s->c.models[i].source, source) == 0) {
            return &s->c.models[i];
        }
    }
    return NULL;
}

static size_t kind_of(const char *name)
{
    size_t i = 0;
    while (i < mutate_kinds() && strcmp(mutate_name(i), name) != 0) {
        i++;
    }
    return i;
}

static void mutation_line(struct suite *s, size_t number, char *line)
{
    char code[64], source[256], kind[64], what[1024];
    unsigned long long nth;
    struct sy_model_def m;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    if (sscanf(line, "%63[^\t]\t%255[^\t]\t%63[^\t]\t%llu", code, source, kind, &nth) != 4) {
        fail_msg("mutations.txt:%zu: CODE TAB MODEL TAB KIND TAB NTH", number);
    }
    const struct honest *h = find_model(s, source);
    size_t k = kind_of(kind);
    snprintf(what, sizeof what, "mutations.txt:%zu %s %s %llu", number, source, kind, nth);
    if (h == NULL || k == mutate_kinds() || !mutate(&h->model, k, nth, &arena, &m)) {
        report(s, false, what, "there is no such mutation any more");
        return;
    }
    one_case(s, &m, code, what);
}

static void mutations(struct suite *s, const char *folder)
{
    static char line[LINE_MAX_BYTES];
    char path[1024];
    snprintf(path, sizeof path, "%s/mutations.txt", folder);
    FILE *f = fopen(path, "rbe");
    assert_non_null(f);
    for (size_t i = 1; fgets(line, sizeof line, f) != NULL; i++) {
        line[strcspn(line, "\n")] = '\0';
        mutation_line(s, i, line);
    }
    fclose(f);
}

/* What becomes of mutations of this model: every kind at one place, those of loose joins at more. */
static void write_model(struct suite *s, const struct honest *h, size_t number)
{
    for (size_t k = 0; k < mutate_kinds(); k++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_model_def m;
        struct asking a;
        uint64_t nth = (number * 131 + k * 17) % 997;
        if ((number + k) % 8 != 0 || !mutate(&h->model, k, nth, &arena, &m)) {
            continue; /* an eighth of all pairs of model and kind */
        }
        (void)ask_check(&s->b, &m, &a);
        fprintf(s->write, "%s\t%s\t%s\t%llu\n", ask_code(&a), h->source, mutate_name(k),
                (unsigned long long)nth);
        ask_end(&a);
    }
}

static void summary(struct suite *s)
{
    printf("%s %zu every hostile model is refused as it should be # %zu models, %zu accepted and "
           "harmless, %zu wrong\n",
           s->failed == 0 ? "ok" : "not ok", s->lines + 1, s->n, s->accepted, s->failed);
    printf("%s %zu at least 1000 of them\n1..%zu\n", s->n >= 1000 ? "ok" : "not ok", s->lines + 2,
           s->lines + 2);
}

int main(int argc, char **argv)
{
    static struct suite s;
    struct tables ts = {0};
    char folder[512];
    const char *root = getenv("SHUYU_SOURCE_ROOT"), *seed = getenv("SHUYU_SEED");
    if (argc < 3 || root == NULL) {
        fputs("usage: SHUYU_SOURCE_ROOT=... test_dialect_hostile CATALOGUE PACK [--write FILE | "
              "--pairs "
              "N]\n",
              stderr);
        return 2;
    }
    s.pairs = argc == 5 && strcmp(argv[3], "--pairs") == 0 ? strtoull(argv[4], NULL, 10) : PAIRS;
    s.seed = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("# SHUYU_SEED=%llu\n", (unsigned long long)s.seed);
    snprintf(folder, sizeof folder, "%s/tests/dialect/hostile", root);
    tables_catalogue(&ts, argv[1]);
    bench_open(&s.b, &ts, argv[2]);
    s.b.seed = s.seed;
    corpus_read(&s.c, root);
    if (argc == 5 && strcmp(argv[3], "--write") == 0) {
        s.write = fopen(argv[4], "wbe");
        assert_non_null(s.write);
        for (size_t i = 0; i < s.c.n; i++) {
            write_model(&s, &s.c.models[i], i);
        }
        fclose(s.write);
    } else {
        by_hand(&s, root);
        mutations(&s, folder);
        summary(&s);
    }
    corpus_free(&s.c);
    bench_close(&s.b);
    sy_arena_deinit(&ts.arena);
    return 0;
}
