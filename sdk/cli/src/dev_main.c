/*
 * shuyu-dev: try a model on dummy data in a throw-away domain. Here: the command line, and what is
 * printed. Nothing that it prints comes from a real table, and all of it says so.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/compile.h"
#include "cli/out.h"
#include "dev.h"
#include "dummy.h"

enum {
    DUMMY_ROWS = 1000, /* where the entry does not say */
    ENTRIES_MAX = 1024,
};

static const char usage[] =
    "usage: shuyu-dev [--pack FILE.yaml] [--public DIR] [--seed N] [--keep DIR] [--json]\n"
    "                 CATALOGUE... -- MODEL.yaml [NAME=VALUE ...]\n"
    "       shuyu-dev data CATALOGUE... --out DIR [--seed N]\n\n"
    "Try a model on dummy data made from catalogue entries alone, in a throw-away domain with the\n"
    "same engine and checks as the real one; or only write the dummy tables. CATALOGUE is an "
    "entry\n"
    "(a YAML file) or a folder of entries.\n\n"
    "  --pack FILE   policy pack to try it under (default: the demonstration pack, with a budget\n"
    "                for every unit namespace of the entries)\n"
    "  --public DIR  take a public table OFFICE.TABLE from DIR/TABLE.csv (UTF-8) where it is "
    "there\n"
    "  --seed N      another seed gives other dummy data (default 1)\n"
    "  --keep DIR    make the domain in this new folder and leave it\n"
    "  --out DIR     where `data` writes DATASET.dummy.csv\n"
    "  --json        the result as JSON\n"
    "Exit status: 0 done, 1 refused, 2 wrong call, 3 does not verify, 4 the domain did not "
    "start.\n";

/* --- command line ------------------------------------------------------------------------------------ */

static int read_entry(struct dev *d, const char *file)
{
    struct sy_error e = {0};
    if (d->n_defs == ENTRIES_MAX || file == NULL) {
        return cli_usage("more than %d catalogue entries", ENTRIES_MAX);
    }
    struct sy_dataset_def *def = &d->defs[d->n_defs++];
    if (!sy_ok(cli_compile_dataset(file, &d->arena, def, &e))) {
        return cli_fail_error(&d->developer, &e);
    }
    if (def->dummy_rows == 0) {
        def->dummy_rows = def->max_rows < DUMMY_ROWS ? def->max_rows : DUMMY_ROWS;
    }
    return 0;
}

static int is_yaml(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static int read_folder(struct dev *d, const char *folder)
{
    struct dirent **list = NULL;
    int status = 0, n = scandir(folder, &list, is_yaml, alphasort);
    for (int i = 0; i < n; i++) {
        if (status == 0) {
            status = read_entry(d, sy_arena_printf(&d->arena, "%s/%s", folder, list[i]->d_name));
        }
        free(list[i]);
    }
    free(list);
    return n > 0 ? status : cli_usage("%s: no catalogue entries (*.yaml) there", folder);
}

static int read_entries(struct dev *d, const char *const *files, size_t n)
{
    int status = 0;
    d->defs = sy_arena_alloc(&d->arena, ENTRIES_MAX, sizeof(*d->defs));
    if (n == 0 || d->defs == NULL) {
        return cli_usage("give catalogue files, or a folder of them; see shuyu-dev --help");
    }
    for (size_t i = 0; status == 0 && i < n; i++) {
        struct stat st;
        bool is_folder = stat(files[i], &st) == 0 && S_ISDIR(st.st_mode);
        status = is_folder ? read_folder(d, files[i]) : read_entry(d, files[i]);
    }
    return status;
}

static int read_options(struct dev *d, const struct cli *c)
{
    static const char *const known[] = {"pack", "public", "seed", "keep", "out", "json"};
    for (size_t i = 0; i < c->n_options; i++) {
        bool ok = false;
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
            ok |= strcmp(c->options[i].name, known[k]) == 0;
        }
        if (!ok) {
            return cli_usage("there is no --%s; see shuyu-dev --help", c->options[i].name);
        }
    }
    const char *seed = cli_option(c, "seed");
    char *end = NULL;
    errno = 0;
    d->seed = seed != NULL ? strtoull(seed, &end, 10) : 1;
    if (seed != NULL && (errno != 0 || *seed < '0' || *seed > '9' || *end != '\0')) {
        return cli_usage("--seed takes a whole number");
    }
    d->pack_file = cli_option(c, "pack");
    d->public_ = cli_option(c, "public");
    d->keep = cli_option(c, "keep");
    d->out = cli_option(c, "out");
    d->json = cli_option(c, "json") != NULL;
    d->developer.json = d->json;
    return 0;
}

/* Words after "--": the model and its parameters. */
static int read_model(struct dev *d, const char *const *words, size_t n)
{
    struct sy_error e = {0};
    if (n == 0) {
        return cli_usage("give `--` and a model file after the catalogue; see shuyu-dev --help");
    }
    d->params = words + 1;
    d->n_params = n - 1;
    for (size_t i = 0; i < d->n_params; i++) {
        if (strchr(d->params[i], '=') == NULL) {
            return cli_usage("%s: write NAME=VALUE", d->params[i]);
        }
    }
    return sy_ok(cli_compile_model(words[0], &d->arena, &d->model_def, &e))
               ? 0
               : cli_fail_error(&d->developer, &e);
}

/* --- data -------------------------------------------------------------------------------------------- */

static int write_data(struct dev *d)
{
    struct sy_error e = {0};
    const struct sy_dataset_def **list = sy_arena_alloc(&d->arena, d->n_defs + 1, sizeof(*list));
    if (d->out == NULL || list == NULL) {
        return cli_usage("--out is missing");
    }
    if (mkdir(d->out, 0755) != 0 && errno != EEXIST) {
        return cli_usage("%s: the folder cannot be made", d->out);
    }
    for (size_t i = 0; i < d->n_defs; i++) {
        list[i] = &d->defs[i];
    }
    if (!sy_ok(cli_dummy_write(list, d->n_defs, d->seed, d->out, &e))) {
        return cli_fail_error(&d->developer, &e);
    }
    for (size_t i = 0; !d->json && i < d->n_defs; i++) {
        printf("%s: %s/%.*s.dummy.csv\n", DEV_LABEL, d->out, SY_PV(d->defs[i].id));
    }
    return 0;
}

/* --- results ----------------------------------------------------------------------------------------- */

static void print_caps(const struct dev *d)
{
    char cap[32];
    for (size_t i = 0; i < d->pack.n_budgets; i++) {
        const struct sy_pack_budget *b = &d->pack.budgets[i];
        printf("lifetime cap of %.*s in this pack: rho %s\n", SY_PV(b->ns),
               cli_nano_text(b->rho, cap, sizeof(cap)));
    }
}

static void print_result(struct dev *d)
{
    printf("%s: people are made up from the catalogue alone; no figure below says anything about "
           "anybody\n\n%.*s\n",
           DEV_LABEL, SY_PV(d->model.rendering));
    print_caps(d);
    for (size_t i = 0; i < d->n_left_out; i++) {
        printf("left out %.*s: the pack has no mechanism for its grade\n", SY_PV(d->left_out[i]));
    }
    for (size_t i = 0; i < d->n_params; i++) {
        printf("%s%s", i == 0 ? "params   " : " ", d->params[i]);
    }
    puts(d->n_params > 0 ? "\n" : "");
    cli_answer_print(&d->developer, d->answer);
    printf("\n%s\n", DEV_LABEL);
    if (d->keep != NULL) {
        printf("kept in %s; start it with: shuyu serve --domain %s\n", d->keep, d->domain);
    }
}

static json_t *texts_json(const struct sy_view *list, size_t n)
{
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(out, cli_json_text(list[i]));
    }
    return out;
}

static int print_result_json(struct dev *d)
{
    json_t *params = json_array();
    for (size_t i = 0; i < d->n_params; i++) {
        json_array_append_new(params, json_string(d->params[i]));
    }
    return cli_print_json(json_pack("{s:b,s:s,s:o,s:o,s:o,s:o}", "synthetic", 1, "label", DEV_LABEL,
                                    "rendering", cli_json_text(d->model.rendering), "params",
                                    params, "left_out", texts_json(d->left_out, d->n_left_out),
                                    "answer", cli_answer_json(&d->developer, d->answer)));
}

/* --- main -------------------------------------------------------------------------------------------- */

static int try_model(struct dev *d)
{
    int status = dev_run(d);
    if (status == 0 && d->json) {
        status = print_result_json(d);
    } else if (status == 0) {
        print_result(d);
    }
    return status;
}

static void end(struct dev *d)
{
    shuyu_answer_free(d->answer);
    for (size_t i = 0; i < d->n_departments; i++) {
        cli_end(&d->departments[i]);
    }
    cli_end(&d->developer);
    cli_end(&d->operator_);
    cli_end(&d->agency);
    dev_place_end();
    sy_arena_deinit(&d->arena);
}

static int print_help(const struct cli *c)
{
    if (cli_option(c, "help") != NULL) {
        fputs(usage, stdout);
    } else {
        printf("shuyu-dev %s\n", shuyu_version());
    }
    return 0;
}

/* c: the words before "--"; rest: those after it. */
static int run(struct dev *d, const struct cli *c, const char *const *rest, size_t n_rest)
{
    bool data = c->n_args > 0 && strcmp(c->args[0], "data") == 0;
    if (cli_option(c, "help") != NULL || cli_option(c, "version") != NULL) {
        return print_help(c);
    }
    int status = read_options(d, c);
    status = status != 0 ? status : read_entries(d, c->args + data, c->n_args - data);
    if (status != 0 || data) {
        return status != 0 ? status : write_data(d);
    }
    status = read_model(d, rest, n_rest);
    return status != 0 ? status : try_model(d);
}

int main(int argc, char **argv)
{
    static struct dev d;
    static struct cli c;
    const char *const *words = (const char *const *)(uintptr_t)(argv + (argc > 0));
    size_t n = (size_t)(argc > 0 ? argc - 1 : 0), before = 0;
    cli_locale();
    while (before < n && strcmp(words[before], "--") != 0) {
        before++;
    }
    size_t from = before < n ? before + 1 : n;
    int status = cli_parse(&c, before, words);
    status = status != 0 ? status : run(&d, &c, words + from, n - from);
    cli_end(&c);
    end(&d);
    return status;
}
