/*
 * Counting classes by sorting: rows in the order of (quasi-identifiers, measured column) stand class by
 * class, and in a class value by value. k measures the unit column, l a sensitive one. The order of equal
 * rows never shows. Merge sort, because a library's may ask the machine how much memory it has, which a
 * sealed worker must not.
 */
#include "exposure.h"

struct ranking {
    const struct exposure_input *in;
    struct exposure_column measured;
    uint32_t *rows, *spare;
    uint32_t n;
    uint32_t *least; /* of each unit, by code; NOBODY where no row is its */
    uint64_t n_codes;
};

static const uint32_t NOBODY = UINT32_MAX;

static bool is_null(const struct exposure_column *c, uint64_t row)
{
    return c->nulls != NULL && (c->nulls[row / 8] >> (row % 8) & 1) != 0;
}

static uint64_t value_of(const struct exposure_column *c, uint64_t row)
{
    uint64_t v = 0;
    memcpy(&v, c->values + row * c->width, c->width);
    return v;
}

static int compare_column(const struct exposure_column *c, uint32_t a, uint32_t b)
{
    bool null_a = is_null(c, a), null_b = is_null(c, b);
    if (null_a || null_b) {
        return null_a - null_b;
    }
    uint64_t x = value_of(c, a), y = value_of(c, b);
    return (x > y) - (x < y);
}

static int compare_class(const struct ranking *r, uint32_t a, uint32_t b)
{
    int order = 0;
    for (size_t i = 0; order == 0 && i < r->in->n_quasi; i++) {
        order = compare_column(&r->in->quasi[i], a, b);
    }
    return order;
}

static int compare(const struct ranking *r, uint32_t a, uint32_t b)
{
    int order = compare_class(r, a, b);
    return order != 0 ? order : compare_column(&r->measured, a, b);
}

/* rows[from .. middle) and rows[middle .. to), each in order, into spare. */
static void merge(struct ranking *r, uint32_t from, uint32_t middle, uint32_t to)
{
    uint32_t a = from, b = middle;
    for (uint32_t at = from; at < to; at++) {
        bool first = b == to || (a < middle && compare(r, r->rows[a], r->rows[b]) <= 0);
        r->spare[at] = first ? r->rows[a++] : r->rows[b++];
    }
}

static uint32_t at_most(uint64_t n, uint32_t max)
{
    return n < max ? (uint32_t)n : max;
}

static void sort(struct ranking *r)
{
    for (uint64_t run = 1; run < r->n; run *= 2) {
        for (uint64_t from = 0; from < r->n; from += 2 * run) {
            merge(r, (uint32_t)from, at_most(from + run, r->n), at_most(from + 2 * run, r->n));
        }
        uint32_t *sorted = r->spare;
        r->spare = r->rows;
        r->rows = sorted;
    }
}

/* The class that begins at `from`: its end, and how many different values of the measured column. */
static uint32_t class_end(const struct ranking *r, uint32_t from, uint32_t *ret_different)
{
    uint32_t to = from + 1;
    *ret_different = 1;
    for (; to < r->n && compare_class(r, r->rows[to - 1], r->rows[to]) == 0; to++) {
        *ret_different += compare_column(&r->measured, r->rows[to - 1], r->rows[to]) != 0 ? 1 : 0;
    }
    return to;
}

static void note(struct ranking *r, uint32_t from, uint32_t to, uint32_t different)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t *least = &r->least[value_of(&r->in->unit, r->rows[i])];
        *least = different < *least ? different : *least;
    }
}

/* Units whose least is below each step, and how many units there are. */
static sy_status count_units(const struct ranking *r, struct sy_arena *arena,
                             struct sy_exposure_figure *ret, uint64_t *ret_units)
{
    static const uint32_t steps[SY_EXPOSURE_N_STEPS] = SY_EXPOSURE_STEPS;
    ret->below = sy_arena_alloc(arena, SY_EXPOSURE_N_STEPS, sizeof(*ret->below));
    if (ret->below == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    ret->n_below = SY_EXPOSURE_N_STEPS;
    *ret_units = 0;
    for (uint64_t u = 0; u < r->n_codes; u++) {
        *ret_units += r->least[u] != NOBODY ? 1 : 0;
        for (size_t i = 0; i < SY_EXPOSURE_N_STEPS; i++) {
            ret->below[i] += r->least[u] < steps[i] ? 1 : 0;
        }
    }
    return SY_OK;
}

static sy_status measure(struct ranking *r, const struct exposure_column *measured,
                         struct sy_arena *arena, struct sy_exposure_figure *ret,
                         struct sy_exposure_table *table)
{
    *ret = (struct sy_exposure_figure){0};
    r->measured = *measured;
    memset(r->least, 0xFF, r->n_codes * sizeof(*r->least));
    sort(r);
    table->classes = 0;
    for (uint32_t from = 0, to = 0; from < r->n; from = to, table->classes++) {
        uint32_t different = 0;
        to = class_end(r, from, &different);
        note(r, from, to, different);
        ret->fewest = from == 0 || different < ret->fewest ? different : ret->fewest;
    }
    return count_units(r, arena, ret, &table->units);
}

/* Rows that some unit owns; codes from 0 to the largest that occurs. */
static sy_status rank_rows(struct ranking *r, struct sy_arena *arena)
{
    const struct exposure_input *in = r->in;
    r->rows = sy_arena_alloc(arena, in->rows + 1, sizeof(*r->rows));
    r->spare = sy_arena_alloc(arena, in->rows + 1, sizeof(*r->spare));
    if (r->rows == NULL || r->spare == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (uint64_t row = 0; row < in->rows; row++) {
        if (is_null(&in->unit, row)) {
            continue;
        }
        uint64_t code = value_of(&in->unit, row);
        r->n_codes = code < r->n_codes ? r->n_codes : code + 1;
        r->rows[r->n++] = (uint32_t)row;
    }
    r->least = sy_arena_alloc(arena, r->n_codes + 1, sizeof(*r->least));
    return r->least != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

sy_status worker_exposure(const struct exposure_input *in, struct sy_arena *arena,
                          struct sy_exposure_table *ret)
{
    struct ranking r = {.in = in};
    struct sy_exposure_table table = {0};
    if (in->rows >= UINT32_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    SY_TRY(rank_rows(&r, arena));
    table.l = sy_arena_alloc(arena, in->n_secrets + 1, sizeof(*table.l));
    if (table.l == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    table.n_l = in->n_secrets;
    for (size_t i = 0; i < in->n_secrets; i++) {
        SY_TRY(measure(&r, &in->secrets[i], arena, &table.l[i], &table));
    }
    SY_TRY(measure(&r, &in->unit, arena, &table.k, &table));
    *ret = table;
    return SY_OK;
}
