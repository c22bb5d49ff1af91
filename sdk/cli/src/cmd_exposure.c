/*
 * What: scene exposure: k-anonymity and l-diversity of what a grant makes visible to workers, for those
 * who review it (operator, agency). Exact figures, sealed to the asker: not to be passed on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "wire/exposure.h"

enum { COLUMNS = 5 + SY_EXPOSURE_N_STEPS, CELL_BYTES = 24 };

/* --quasi A.B.FIELD,A.B.FIELD into a list. */
static bool read_quasi(struct cli *c, struct sy_exposure_ask *ret)
{
    const char *text = cli_option(c, "quasi");
    size_t n = 1;
    for (const char *p = text; p != NULL && *p != '\0'; p++) {
        n += *p == ',' ? 1 : 0;
    }
    ret->quasi = sy_arena_alloc(&c->arena, n, sizeof(*ret->quasi));
    if (ret->quasi == NULL) {
        return false;
    }
    while (text != NULL) {
        const char *end = strchrnul(text, ',');
        ret->quasi[ret->n_quasi++] = sy_view((const uint8_t *)text, (size_t)(end - text));
        text = *end == ',' ? end + 1 : NULL;
    }
    return true;
}

static void print_figure(struct cli *c, struct cli_table *out, const struct sy_exposure_table *t,
                         const struct sy_exposure_figure *f, const char *name)
{
    char cells[COLUMNS][CELL_BYTES];
    const char *row[COLUMNS] = {cli_text(c, t->dataset), name};
    const uint64_t figures[] = {t->classes, t->units, f->fewest};
    for (size_t i = 0; i + 2 < COLUMNS; i++) {
        uint64_t v = i < 3 ? figures[i] : i - 3 < f->n_below ? f->below[i - 3] : 0;
        snprintf(cells[i], sizeof(cells[i]), "%" PRIu64, v);
        row[i + 2] = cells[i];
    }
    cli_table_row(out, row);
}

static void print_tables(struct cli *c, const struct sy_exposure *e)
{
    static const char *const headers[COLUMNS] = {
        "DATASET", "FIGURE", "CLASSES", "UNITS", "FEWEST", "<2", "<3", "<5", "<10", "<20", "<50"};
    struct cli_table *out = cli_table_new(headers, COLUMNS);
    for (size_t i = 2; i < COLUMNS; i++) {
        cli_table_right(out, i);
    }
    for (size_t i = 0; i < e->n_tables; i++) {
        const struct sy_exposure_table *t = &e->tables[i];
        print_figure(c, out, t, &t->k, "k");
        for (size_t k = 0; k < t->n_l; k++) {
            print_figure(c, out, t, &t->l[k],
                         sy_arena_printf(&c->arena, "l of %.*s", SY_PV(t->l[k].field)));
        }
    }
    cli_table_print(out);
    for (size_t i = 0; i < e->n_tables; i++) {
        printf("%.*s: classes agree in", SY_PV(e->tables[i].dataset));
        for (size_t k = 0; k < e->tables[i].n_quasi; k++) {
            printf(" %.*s", SY_PV(e->tables[i].quasi[k]));
        }
        printf("%s\n", e->tables[i].n_quasi == 0 ? " nothing: one class" : "");
    }
    cli_say(c,
            "Exact figures of protected data, for the reviewer who asked: not to be passed on.\n");
}

int cli_scene_exposure(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    struct sy_exposure_ask args = {0};
    struct sy_exposure report;
    if (!cli_id_arg(c, "grant/", id, &status)) {
        return status;
    }
    if (!read_quasi(c, &args)) {
        return cli_usage("too many fields");
    }
    struct cli_ask ask = {.method = "scene.exposure",
                          .grant = id,
                          .args_desc = &sy_exposure_ask_desc,
                          .args = &args,
                          .result_desc = &sy_exposure_desc,
                          .ret_result = &report};
    status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_exposure_desc, &report));
    }
    print_tables(c, &report);
    return 0;
}
