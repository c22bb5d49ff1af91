/*
 * The cell-key section of a pack. What no pack may say: noise that moves the expected count, that shows a
 * cell where nobody is, or that shows one of fewer than units_min units; a table that is no distribution.
 * And how wide the 95 % interval of a noised count is.
 *
 * Source: docs/privacy/cellkey.md; wire/pack.h. Tables are made by policies/packs/ptable.py.
 */
#include "pack_cellkey.h"

#define CUM_ONE (UINT64_C(1) << 32)

enum {
    ROWS_MAX = 4096,         /* of the table */
    VALUES_MAX = 1024,       /* of one row */
    NOISE_MAX = 1 << 20,     /* |noise| */
    UNITS_MAX = 1 << 20,     /* units_min, round, protect */
    MEAN_TOLERANCE = 1 << 16 /* |sum of noise x probability| x 2^32: rounding to integers */
};

static sy_status bad(struct sy_error *err, const char *field, const char *why)
{
    return sy_fail(err, SY_E_FIELD, field, "%s", why);
}

/* ---- the table ---- */

/* 2^32 x P(noise = noise[i]). */
static uint64_t weight(const struct sy_pack_ptable *t, size_t i)
{
    return t->cum[i] - (i == 0 ? 0 : t->cum[i - 1]);
}

static bool is_distribution(const struct sy_pack_ptable *t)
{
    bool fine = t->n_noise >= 1 && t->n_noise <= VALUES_MAX && t->n_cum == t->n_noise &&
                t->cum[t->n_cum - 1] == CUM_ONE;
    for (size_t i = 0; fine && i < t->n_noise; i++) {
        fine = t->noise[i] >= -NOISE_MAX && t->noise[i] <= NOISE_MAX && t->cum[i] > 0 &&
               (i == 0 || (t->noise[i] > t->noise[i - 1] && t->cum[i] > t->cum[i - 1]));
    }
    return fine;
}

static bool is_unbiased(const struct sy_pack_ptable *t)
{
    int64_t sum = 0; /* below 2^10 x 2^20 x 2^32 */
    for (size_t i = 0; i < t->n_noise; i++) {
        sum += t->noise[i] * (int64_t)weight(t, i);
    }
    return sum >= -MEAN_TOLERANCE && sum <= MEAN_TOLERANCE;
}

/* May a cell of n units leave as what this row makes of it? An empty cell leaves as it is, a shown one as 0
 * or as units_min and more. What would not be shown anyway has no row to obey. */
static bool is_shown_well(const struct sy_pack_ptable *t, uint64_t n, uint64_t units_min)
{
    bool fine = true;
    for (size_t i = 0; i < t->n_noise; i++) {
        int64_t shown = (int64_t)n + t->noise[i];
        fine = fine &&
               (n == 0 ? shown == 0 : n < units_min || shown == 0 || shown >= (int64_t)units_min);
    }
    return fine;
}

static sy_status table_check(const struct sy_pack_cellkey *c, struct sy_error *err)
{
    static const char at[] = "pack.cellkey.table";
    if (c->n_table <= c->units_min || c->n_table > ROWS_MAX) {
        return bad(err, at, "a row for each number of units from 0 to units_min, and more");
    }
    for (size_t n = 0; n < c->n_table; n++) {
        const struct sy_pack_ptable *t = &c->table[n];
        if (!is_distribution(t)) {
            return sy_fail(err, SY_E_FIELD, at,
                           "row %zu: noise and cum ascend together, the last cum is 2^32", n);
        }
        if (!is_unbiased(t)) {
            return sy_fail(err, SY_E_FIELD, at, "row %zu: its mean is not 0", n);
        }
        if (!is_shown_well(t, n, c->units_min)) {
            return sy_fail(err, SY_E_PRIVACY, at,
                           "row %zu: it shows a count from 1 to units_min - 1", n);
        }
    }
    return SY_OK;
}

/* ---- the rest ---- */

static bool in(uint64_t v, uint64_t lo, uint64_t hi)
{
    return v >= lo && v <= hi;
}

static sy_status numbers_check(const struct sy_pack_cellkey *c, struct sy_error *err)
{
    const struct {
        const char *field;
        bool fine;
        const char *why;
    } rules[] = {
        {"pack.cellkey.units_min", in(c->units_min, 2, UNITS_MAX), "at least 2 units"},
        {"pack.cellkey.round", in(c->round, 1, UNITS_MAX), "1 (no rounding) or more"},
        {"pack.cellkey.protect", in(c->protect, 1, UNITS_MAX), "at least one unit"},
        {"pack.cellkey.sum_sigma", in(c->sum_sigma, 1, 1 << 16), "1 to 65536, in 1/256"},
        {"pack.cellkey.nk_n", c->nk_n <= 2, "the largest one or two contributors; 0: no rule"},
        {"pack.cellkey.nk_permille",
         c->nk_n == 0 ? c->nk_permille == 0 : in(c->nk_permille, 1, 1000),
         "1 to 1000 with nk_n, else 0"},
        {"pack.cellkey.p_permille", c->p_permille <= 1000, "0 (no rule) to 1000"},
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!rules[i].fine) {
            return bad(err, rules[i].field, rules[i].why);
        }
    }
    return SY_OK;
}

static bool grade_names(const struct sy_pack *p, const char *mechanism)
{
    for (size_t i = 0; i < p->n_grades; i++) {
        if (view_in(sy_view_str(mechanism), p->grades[i].mechanisms, p->grades[i].n_mechanisms)) {
            return true;
        }
    }
    return false;
}

sy_status pack_cellkey_check(const struct sy_pack *p, struct sy_error *err)
{
    if (p->n_cellkey == 0) {
        return grade_names(p, "cellkey")
                   ? bad(err, "pack.cellkey",
                         "a grade names cellkey, and its parameters are missing")
                   : SY_OK;
    }
    if (p->n_cellkey > 1) {
        return bad(err, "pack.cellkey", "at most one set of parameters");
    }
    SY_TRY(numbers_check(&p->cellkey[0], err));
    return table_check(&p->cellkey[0], err);
}

/* ---- intervals ---- */

/* 2^32 x P(|noise| <= w). */
static uint64_t within(const struct sy_pack_ptable *t, uint64_t w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < t->n_noise; i++) {
        bool inside = t->noise[i] >= -(int64_t)w && t->noise[i] <= (int64_t)w;
        sum += inside ? weight(t, i) : 0;
    }
    return sum;
}

uint64_t pack_cellkey_half(const struct sy_pack_cellkey *c)
{
    const uint64_t want = (CUM_ONE * 19 + 19) / 20; /* 95 %, rounded up */
    uint64_t w = 0;
    for (size_t n = c->units_min; n < c->n_table; n++) {
        while (within(&c->table[n], w) < want) { /* ends: the row is a distribution */
            w++;
        }
    }
    return w + c->round / 2;
}
