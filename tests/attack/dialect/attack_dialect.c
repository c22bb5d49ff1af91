/*
 * Attacks by what a model says: the hostile corpus (tests/dialect/hostile), mutations of honest models, and
 * models and catalogues without what protects them, through the lowering and the rules of production. The
 * figure is how many were let in that must not be, or move further for one unit than their price says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "corpus.h"
#include "hostile.h"
#include "mutate.h"
#include "neighbours.h"
#include "test_kit.h"

enum { PAIRS = 10, PAIRS_FULL = 100, ALONE = 5, PARAMS_MAX = 16 };

static struct bench bench;
static struct tables catalogue;
static const char *root;
static size_t tried, wrong;

static void open_bench(void)
{
    char folder[512], pack[512];
    root = getenv("SHUYU_SOURCE_ROOT");
    assert_non_null(root);
    snprintf(folder, sizeof folder, "%s/policies/packs/health/catalogue", root);
    snprintf(pack, sizeof pack, "%s/policies/packs/health/pack.yaml", root);
    tables_catalogue(&catalogue, folder);
    bench_open(&bench, &catalogue, pack);
    bench.seed = attack_seed();
}

static void close_bench(void)
{
    bench_close(&bench);
    sy_arena_deinit(&catalogue.arena);
}

static struct attack_verdict verdict(void)
{
    close_bench();
    fprintf(stderr, "%zu models tried\n", tried);
    struct attack_verdict v = attack_at_most("models let in, or moved too far", (double)wrong, 0);
    v.pass = v.pass && tried > 0;
    return v;
}

static void count(bool let_in, const char *what)
{
    tried++;
    wrong += let_in;
    if (let_in) {
        fprintf(stderr, "let in: %s\n", what);
    }
}

/* One model: wrong when it is accepted though `code` is another, or accepted and not bounded. */
static void try_model(const struct sy_model_def *model, const char *code, const char *what,
                      bool neighbours)
{
    struct asking a;
    const char *why = "";
    bool accepted = ask_check(&bench, model, &a);
    bool bad = accepted && strcmp(code, "accepted") != 0;
    if (accepted && !bad && neighbours) {
        struct neighbours n = {.pairs = attack_number(PAIRS, PAIRS_FULL), .alone = ALONE};
        bad = !neighbours_check(&bench, &a, attack_seed() + tried, &n, &why);
    }
    count(bad, what);
    ask_end(&a);
}

static void corpus_of(const char *tag)
{
    struct hostiles h;
    hostiles_read(&h, root);
    for (size_t i = 0; i < h.n; i++) {
        if (hostile_is(&h.cases[i], tag)) {
            try_model(&h.cases[i].model, h.cases[i].code, h.cases[i].where, true);
        }
    }
    hostiles_free(&h);
}

static struct attack_verdict tagged(const char *tag)
{
    open_bench();
    corpus_of(tag);
    return verdict();
}

#define TAGGED(tag)                                                                                \
    static struct attack_verdict tag(void)                                                         \
    {                                                                                              \
        return tagged(#tag);                                                                       \
    }
TAGGED(T09)
TAGGED(T10)
TAGGED(T11)
TAGGED(T12)
TAGGED(T13)
TAGGED(T28)
TAGGED(T29)
TAGGED(T30)
TAGGED(T32)
TAGGED(T33)
TAGGED(T36)
TAGGED(T37)
TAGGED(T42)
TAGGED(T43)

/* --- parameters that could select one person ----------------------------------------------------------- */

/* Does the model read protected rows, and has it a parameter? */
static bool has_selector(const struct sy_model_def *m)
{
    struct asking a;
    bool has = ask_check(&bench, m, &a) && a.plan.n_params > 0 && a.facts.blocks[0].ns.n > 0;
    ask_end(&a);
    return has;
}

/* Every honest model with a parameter, without its word for how many units each value selects. */
static struct attack_verdict selection(void)
{
    struct corpus c;
    open_bench();
    corpus_of("T31");
    corpus_read(&c, root);
    for (size_t i = 0; i < c.n; i++) {
        struct sy_model_def m = c.models[i].model;
        struct sy_plan_param params[PARAMS_MAX];
        if (m.n_params <= PARAMS_MAX && has_selector(&m)) {
            memcpy(params, m.params, m.n_params * sizeof *params);
            params[attack_below(m.n_params)].support = bench.pack.support_min - 1;
            m.params = params;
            try_model(&m, "privacy", c.models[i].source, false);
        }
    }
    corpus_free(&c);
    return verdict();
}

/* --- sums without bounds --------------------------------------------------------------------------------- */

/* Each field that has bounds, declared without them. */
static void define_without_bounds(void)
{
    static struct kit k;
    kit_init(&k);
    assert_int_equal(kit_genesis(&k), 0);
    assert_int_equal(kit_enrol(&k, "health", "department"), 0);
    assert_int_equal(kit_enrol(&k, "clinic", "department"), 0);
    struct sy_dataset_def *(*const make[])(struct kit *) = {kit_persons, kit_events, kit_births};
    for (size_t d = 0; d < 3; d++) {
        for (size_t f = 0; f < make[d](&k)->n_fields; f++) {
            struct sy_dataset_def *def = make[d](&k);
            if (def->fields[f].lo != 0 || def->fields[f].hi != 0) {
                def->fields[f].lo = def->fields[f].hi = 0;
                def->id = sy_view_str(sy_arena_printf(&k.arena, "d%zu-%zu", d, f));
                count(kit_define(&k, def) == 0, "a field without bounds");
            }
        }
    }
    kit_free(&k);
}

static struct attack_verdict bounds(void)
{
    open_bench();
    corpus_of("T39");
    define_without_bounds();
    return verdict();
}

/* --- mutations -------------------------------------------------------------------------------------------- */

static const struct honest *model_of(const struct corpus *c, const char *source)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->models[i].source, source) == 0) {
            return &c->models[i];
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

static void one_mutation(const struct corpus *c, const char *line)
{
    char code[64], source[256], kind[64];
    unsigned long long nth;
    struct sy_model_def m;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    assert_int_equal(sscanf(line, "%63[^\t]\t%255[^\t]\t%63[^\t]\t%llu", code, source, kind, &nth),
                     4);
    const struct honest *h = model_of(c, source);
    if (h != NULL && mutate(&h->model, kind_of(kind), nth, &arena, &m)) {
        bool neighbours = attack_full() || attack_below(8) == 0;
        try_model(&m, code, line, neighbours);
    }
}

static struct attack_verdict mutations(void)
{
    char path[512], line[1024];
    struct corpus c;
    open_bench();
    corpus_of("T45");
    corpus_read(&c, root);
    snprintf(path, sizeof path, "%s/tests/dialect/hostile/mutations.txt", root);
    FILE *f = fopen(path, "rbe");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        one_mutation(&c, line);
    }
    fclose(f);
    corpus_free(&c);
    struct attack_verdict v = verdict();
    v.pass = v.pass && tried >= 500;
    return v;
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T09", "sampling as subset generator", T09},
        {"T10", "error channel: casts", T10},
        {"T11", "error channel: arithmetic", T11},
        {"T12", "error channel without an error", T12},
        {"T13", "TRY as a shield", T13},
        {"T28", "one row's value", T28},
        {"T29", "strings and bits", T29},
        {"T30", "patterns on text", T30},
        {"T31", "parameter that selects one person", selection},
        {"T32", "joins that multiply", T32},
        {"T33", "nested thresholds", T33},
        {"T36", "order by data", T36},
        {"T37", "metadata", T37},
        {"T39", "sums without bounds", bounds},
        {"T42", "selector columns", T42},
        {"T43", "histogram edges", T43},
        {"T45", "malicious models", mutations},
    };
    return attack_main(argc, argv, attacks, sizeof attacks / sizeof attacks[0]);
}
