/*
 * What: the `cellkey` section of a policy pack (docs/packs.md). Tables are long and made by a program
 * (policies/packs/ptable.py), so a row that is no distribution of mean 0 is shown here with its line, before
 * the domain refuses the pack as a whole (policies/rules does, again).
 */
#include "compile_internal.h"
#include "wire/plan_type.h"

#define CUM_ONE (INT64_C(1) << 32)

enum {
    NOISE_MAX = 1 << 20,
    VALUES_MAX = 1024,
    MEAN_TOLERANCE = 1 << 16 /* |sum of noise x weight|, weights over 2^32 */
};

struct cellkey_file {
    struct sy_pack_cellkey c;
    const yaml_node_t *table;
};

static const struct cli_key cellkey_keys[] = {
    {"units_min", CLI_COUNT, true, offsetof(struct cellkey_file, c.units_min), 0},
    {"round", CLI_COUNT, true, offsetof(struct cellkey_file, c.round), 0},
    {"protect", CLI_COUNT, true, offsetof(struct cellkey_file, c.protect), 0},
    {"sum_sigma", CLI_COUNT, true, offsetof(struct cellkey_file, c.sum_sigma), 0},
    {"nk_n", CLI_COUNT, false, offsetof(struct cellkey_file, c.nk_n), 0},
    {"nk_permille", CLI_COUNT, false, offsetof(struct cellkey_file, c.nk_permille), 0},
    {"p_permille", CLI_COUNT, false, offsetof(struct cellkey_file, c.p_permille), 0},
    {"table", CLI_NODE, true, offsetof(struct cellkey_file, table), 0},
};

struct row_file {
    struct sy_view *noise, *cum;
    size_t n_noise, n_cum;
};

static const struct cli_key row_keys[] = {
    KEYS(struct row_file, noise, true),
    KEYS(struct row_file, cum, true),
};

/* The integers of a row; NULL in the right order, or what is wrong. */
static const char *row_read(const struct row_file *f, struct sy_pack_ptable *t)
{
    int64_t last_noise = 0;
    int64_t last_cum = 0;
    int64_t mean = 0;
    if (f->n_noise == 0 || f->n_noise != f->n_cum || f->n_noise > VALUES_MAX) {
        return "noise and cum have the same number of items, 1 to 1024";
    }
    for (size_t i = 0; i < f->n_noise; i++) {
        int64_t cum;
        if (!sy_decimal_parse(f->noise[i], 0, &t->noise[i]) || t->noise[i] > NOISE_MAX ||
            t->noise[i] < -NOISE_MAX || !sy_decimal_parse(f->cum[i], 0, &cum)) {
            return "noise and cum are whole numbers";
        }
        if (cum <= last_cum || cum > CUM_ONE || (i > 0 && t->noise[i] <= last_noise)) {
            return "noise and cum ascend, cum from above 0 to 2^32";
        }
        mean += t->noise[i] * (cum - last_cum);
        t->cum[i] = (uint64_t)cum;
        last_noise = t->noise[i];
        last_cum = cum;
    }
    if (last_cum != CUM_ONE) {
        return "the last cum is 2^32 = 4294967296";
    }
    return mean > MEAN_TOLERANCE || mean < -MEAN_TOLERANCE ? "the mean of the noise is not 0"
                                                           : NULL;
}

static sy_status compile_row(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                             struct sy_pack_ptable *ret, struct sy_error *err)
{
    struct row_file f = {0};
    sy_status s;
    SY_TRY(cli_yaml_fill(y, at, row_keys, N(row_keys), a, &f, err));
    ret->noise = cli_alloc(a, f.n_noise, sizeof(*ret->noise), err, &s);
    SY_TRY(s);
    ret->cum = cli_alloc(a, f.n_cum, sizeof(*ret->cum), err, &s);
    SY_TRY(s);
    ret->n_noise = f.n_noise;
    ret->n_cum = f.n_cum;
    const char *wrong = row_read(&f, ret);
    return wrong == NULL ? SY_OK : cli_yaml_fail(y, at, err, "%s", wrong);
}

sy_status cli_compile_cellkey(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                              struct sy_pack *ret, struct sy_error *err)
{
    struct cellkey_file f = {0};
    sy_status s;
    if (at == NULL) {
        return SY_OK;
    }
    SY_TRY(cli_yaml_fill(y, at, cellkey_keys, N(cellkey_keys), a, &f, err));
    SY_TRY(cli_yaml_items(y, f.table, &f.c.n_table, err));
    if (f.c.n_table <= f.c.units_min) {
        return cli_yaml_fail(y, f.table, err,
                             "table has %zu rows, for 0, 1, ... units; it must pass units_min",
                             f.c.n_table);
    }
    f.c.table = cli_alloc(a, f.c.n_table, sizeof(*f.c.table), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < f.c.n_table; i++) {
        SY_TRY(compile_row(y, cli_yaml_item(y, f.table, i), a, &f.c.table[i], err));
    }
    ret->cellkey = cli_alloc(a, 1, sizeof(*ret->cellkey), err, &s);
    SY_TRY(s);
    ret->cellkey[0] = f.c;
    ret->n_cellkey = 1;
    return SY_OK;
}
