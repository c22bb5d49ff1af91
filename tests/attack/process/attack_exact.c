/*
 * attack_exact DOMAIN: the answers of a stopped domain, made again from its own keys and log.
 *
 * A line on the standard input: the positions of two parameters, then for each declared cell of the one key,
 * in order, its exact units, rows and sum, and the rows and sum that were released. Prints for how many
 * lines there is a charge in the log with these parameters whose release gives those very figures.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "mechanisms/stream.h"
#include "rules/model.h"
#include "rules/rows.h"
#include "warden/domain.h"
#include "warden/release.h"
#include "warden/warden.h"

enum { CELLS_MAX = 64, LINE_BYTES = 1 << 14, FIGURES = 2 };

struct line {
    uint64_t params[2];
    size_t n_cells;
    uint64_t units[CELLS_MAX], key[CELLS_MAX];
    int64_t exact[CELLS_MAX][FIGURES], told[CELLS_MAX][FIGURES];
};

/* The next number; false at the end. */
static bool number(char **at, int64_t *ret)
{
    int n = 0;
    if (sscanf(*at, " %" SCNd64 "%n", ret, &n) != 1) {
        return false;
    }
    *at += n;
    return true;
}

static void read_line(char *text, struct line *l)
{
    int64_t v[2 + 2 * FIGURES - 1];
    *l = (struct line){0};
    assert_true(number(&text, &v[0]) && number(&text, &v[1]));
    l->params[0] = (uint64_t)v[0];
    l->params[1] = (uint64_t)v[1];
    while (number(&text, &v[0])) {
        size_t i = l->n_cells++;
        assert_true(i < CELLS_MAX);
        l->units[i] = (uint64_t)v[0];
        assert_true(number(&text, &l->exact[i][0]) && number(&text, &l->exact[i][1]));
        assert_true(number(&text, &l->told[i][0]) && number(&text, &l->told[i][1]));
    }
}

/* The answered charge with these parameters. */
static bool find_charge(const struct warden *w, const struct line *l, struct sy_arena *arena,
                        struct sy_row_charge *ret)
{
    struct sy_view prefix = sy_view_str("charge/"), key = {0}, value;
    while (rules_state_next(w->state, prefix, key, &key, &value)) {
        check_ok(sy_record_decode(&sy_row_charge_desc, value, &SY_MP_LARGE, arena, ret, NULL));
        struct sy_row_answer answer;
        bool answered;
        check_ok(rules_charge_answer(w->state, rules_number_of_key(key), &answer, &answered, NULL));
        if (answered && answer.ok && ret->n_params == 2 &&
            memcmp(ret->params, l->params, sizeof l->params) == 0) {
            return true;
        }
    }
    return false;
}

/* What a worker would send: the cells that have units. */
static size_t fill(struct line *l, struct sy_run_cell *cells)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_cells; i++) {
        l->key[i] = i;
        if (l->units[i] > 0) {
            cells[n++] = (struct sy_run_cell){.figures = l->exact[i],
                                              .n_figures = FIGURES,
                                              .key = &l->key[i],
                                              .n_key = 1,
                                              .units = l->units[i]};
        }
    }
    return n;
}

static bool same(struct warden *w, const struct sy_row_charge *row, struct line *l,
                 struct sy_arena *arena)
{
    struct sy_run_cell cells[CELLS_MAX];
    struct sy_run_block block = {.cells = cells, .n_cells = fill(l, cells)};
    struct sy_run_result result = {.blocks = &block, .n_blocks = 1, .ok = true};
    struct sy_answer answer = {0};
    struct vault_secret key = {0};
    uint8_t seed[MECH_SEED_BYTES];
    struct rules_model *m = sy_arena_alloc(arena, 1, sizeof *m);
    assert_non_null(m);
    check_ok(rules_model_read(w->state, row->model, arena, m, NULL));
    check_ok(vault_noise_key(w->vault, vault_epoch(w->vault), &key));
    mech_seed(key.p, row->salt, row->question, seed);
    vault_secret_free(&key);
    struct warden_release r = {.model = m, .result = &result, .seed = seed, .params = row->params};
    check_ok(warden_release(&r, arena, &answer, NULL));
    bool equal = answer.rows == l->n_cells && answer.n_columns == 1 + FIGURES;
    for (size_t i = 0; equal && i < l->n_cells; i++) {
        for (size_t f = 0; f < FIGURES; f++) {
            equal = equal && answer.columns[1 + f].values[i] == l->told[i][f];
        }
    }
    return equal;
}

int main(int argc, char **argv)
{
    static char text[LINE_BYTES];
    static struct line l;
    struct warden w = {.dir = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1};
    struct sy_error err = {0};
    size_t equal = 0;
    if (w.dir < 0 || !sy_ok(warden_domain_open(&w, &err))) {
        fprintf(stderr, "usage: attack_exact DOMAIN < LINES; %s %s\n", err.field, err.reason);
        return 2;
    }
    while (fgets(text, sizeof text, stdin) != NULL) {
        SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = (size_t)64 << 20};
        struct sy_row_charge row;
        read_line(text, &l);
        equal += find_charge(&w, &l, &arena, &row) && same(&w, &row, &l, &arena);
    }
    printf("%zu\n", equal);
    return 0;
}
