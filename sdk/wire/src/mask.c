/*
 * Masks: what a grant lets a worker see of a field. Each kind is one row of a table: its word, how
 * its number is bounded, which types it fits, and how it changes the catalogue entry.
 * Invariants: nothing here depends on a row, so the masked entry may be shown to anyone who may see
 * the catalogue; sy_mask_i64 maps [lo, hi] monotonically into [masked lo, masked hi], so that
 * bounds stay sound for contribution clamps; labels are merged in one way only (first occurrence),
 * so that the rules and the vault number them alike.
 */
#include "wire/mask.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/time.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- types ------------------------------------------------------------------------------------ */

enum { T_INT = 1, T_DECIMAL = 2, T_DATE = 4, T_BOOL = 8, T_ENUM = 16, T_TEXT = 32, T_UNIT = 64 };
enum { T_ALL = 127, T_NUMBER = T_INT | T_DECIMAL, T_LABEL = T_ENUM | T_TEXT };

static const struct {
    const char *name;
    unsigned bit;
    uint64_t width; /* 0 = by the number of values */
} TYPES[] = {
    {"int32", T_INT, 4}, {"int64", T_INT, 8}, {"decimal", T_DECIMAL, 8}, {"date", T_DATE, 4},
    {"bool", T_BOOL, 1}, {"enum", T_ENUM, 0}, {"text", T_TEXT, 4},       {"unit", T_UNIT, 4},
};

static unsigned type_bit(struct sy_view type)
{
    for (size_t i = 0; i < COUNT(TYPES); i++) {
        if (sy_view_is(type, TYPES[i].name)) {
            return TYPES[i].bit;
        }
    }
    return 0;
}

uint64_t sy_field_width(const struct sy_field_def *def)
{
    for (size_t i = 0; i < COUNT(TYPES); i++) {
        if (!sy_view_is(def->type, TYPES[i].name)) {
            continue;
        }
        if (TYPES[i].width != 0) {
            return TYPES[i].width;
        }
        return def->n_values <= UINT8_MAX ? 1 : def->n_values <= UINT16_MAX ? 2 : 4;
    }
    return 0;
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* Unsigned differences, because hi - lo may pass INT64_MAX; the result lies in [lo, v]. */
static int64_t band_of(const struct sy_field_def *def, int64_t width, int64_t v)
{
    uint64_t above = (uint64_t)v - (uint64_t)def->lo;
    return (int64_t)((uint64_t)def->lo + (above - above % (uint64_t)width));
}

/* First day of the month (n_years 0), or of a band of n_years years. Dates outside years 1..9999 are
 * clamped by sy_date_of_days; there is no year 0, so the first band is a year short. */
static int64_t first_day(int64_t days, int64_t n_years)
{
    int year = 0, month = 0, day = 0;
    int32_t first = 0;
    sy_date_of_days((int32_t)sy_min_i64(sy_max_i64(days, INT32_MIN), INT32_MAX), &year, &month,
                    &day);
    if (n_years > 0) {
        year -= year % (int)n_years;
        month = 1;
    }
    return sy_days_of_date(year > 0 ? year : 1, month, 1, &first) ? first : days;
}

int64_t sy_mask_i64(const struct sy_field_def *def, const struct sy_mask *mask, int64_t v)
{
    int64_t within = sy_min_i64(sy_max_i64(v, def->lo), def->hi);
    if (mask->kind == SY_MASK_BAND) {
        return band_of(def, mask->n, within);
    }
    if (mask->kind == SY_MASK_MONTH || mask->kind == SY_MASK_YEAR) {
        return first_day(within, mask->kind == SY_MASK_YEAR ? 1 : 0);
    }
    if (mask->kind == SY_MASK_YEARS) {
        return first_day(within, mask->n);
    }
    return v;
}

/* --- labels ----------------------------------------------------------------------------------- */

struct sy_view sy_mask_prefix(struct sy_view label, int64_t n_chars)
{
    size_t n = 0;
    for (; n < label.n; n++) {
        bool starts_char = (label.p[n] & 0xC0) != 0x80;
        if (starts_char && n_chars-- == 0) {
            break;
        }
    }
    return sy_view(label.p, n);
}

static int by_label(const void *a, const void *b, void *labels)
{
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    const struct sy_view *all = labels;
    int c = sy_view_cmp(all[i], all[j]);
    return c != 0 ? c : (i > j) - (i < j);
}

/* Equal labels stand together after sorting, the first one of the original order in front: point
 * each at it. */
static void find_first(struct sy_view *labels, uint32_t *order, size_t n, uint32_t *ret_first)
{
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)i;
    }
    qsort_r(order, n, sizeof(order[0]), by_label, labels);
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && sy_view_eq(labels[order[i]], labels[order[i - 1]]);
        ret_first[order[i]] = same ? ret_first[order[i - 1]] : order[i];
    }
}

sy_status sy_mask_merge(const struct sy_view *labels, size_t n_labels, struct sy_arena *arena,
                        struct sy_view **ret_labels, size_t *ret_n_labels, uint32_t *ret_map)
{
    uint32_t *order = sy_arena_alloc(arena, n_labels, sizeof(*order));
    struct sy_view *merged = sy_arena_alloc(arena, n_labels, sizeof(*merged));
    if (order == NULL || merged == NULL || n_labels > UINT32_MAX) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    struct sy_view *all = merged; /* a private copy to sort by, overwritten from the front below */
    if (n_labels > 0) {
        memcpy(all, labels, n_labels * sizeof(*all));
    }
    find_first(all, order, n_labels, ret_map);
    size_t n = 0;
    for (size_t i = 0; i < n_labels; i++) {
        if (ret_map[i] == i) {
            merged[n] = labels[i];
            ret_map[i] = (uint32_t)n++;
        } else {
            ret_map[i] = ret_map[ret_map[i]]; /* the first one is before i: numbered already */
        }
    }
    *ret_labels = merged;
    *ret_n_labels = n;
    return SY_OK;
}

/* --- the entry after the mask ----------------------------------------------------------------- */

static sy_status keep(const struct sy_mask *mask, struct sy_arena *arena, struct sy_field_def *def)
{
    (void)mask;
    (void)arena;
    (void)def;
    return SY_OK;
}

/* Labels under a scene's key are not known beforehand: an enum loses its declared value set. */
static sy_status def_pseudonym(const struct sy_mask *mask, struct sy_arena *arena,
                               struct sy_field_def *def)
{
    (void)mask;
    (void)arena;
    if (type_bit(def->type) == T_ENUM) {
        def->type = sy_view_str("text");
        def->values = NULL;
        def->n_values = 0;
    }
    return SY_OK;
}

static sy_status def_bounds(const struct sy_mask *mask, struct sy_arena *arena,
                            struct sy_field_def *def)
{
    (void)arena;
    if (def->lo > def->hi || (def->lo == 0 && def->hi == 0)) {
        return sy_status_of(SY_E_FIELD);
    }
    int64_t hi = sy_mask_i64(def, mask, def->hi);
    def->lo = sy_mask_i64(def, mask, def->lo);
    def->hi = hi;
    return SY_OK;
}

static sy_status def_prefix(const struct sy_mask *mask, struct sy_arena *arena,
                            struct sy_field_def *def)
{
    struct sy_view *cut = sy_arena_alloc(arena, def->n_values, sizeof(*cut));
    uint32_t *map = sy_arena_alloc(arena, def->n_values, sizeof(*map));
    if (cut == NULL || map == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < def->n_values; i++) {
        cut[i] = sy_mask_prefix(def->values[i], mask->n);
    }
    return sy_mask_merge(cut, def->n_values, arena, &def->values, &def->n_values, map);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct {
    enum sy_mask_kind kind;
    unsigned types;
    const char *word;
    int64_t max_n; /* 0 = takes no number */
    sy_status (*change)(const struct sy_mask *mask, struct sy_arena *arena,
                        struct sy_field_def *def);
} MASKS[] = {
    {SY_MASK_NONE, T_ALL, "", 0, keep},
    {SY_MASK_DROP, T_ALL, "drop", 0, NULL},
    {SY_MASK_PSEUDONYM, T_LABEL | T_UNIT, "pseudonym", 0, def_pseudonym},
    {SY_MASK_BAND, T_NUMBER, "band:", INT64_MAX, def_bounds},
    {SY_MASK_MONTH, T_DATE, "date:month", 0, def_bounds},
    {SY_MASK_YEAR, T_DATE, "date:year", 0, def_bounds},
    {SY_MASK_YEARS, T_DATE, "date:years:", SY_MASK_YEARS_MAX, def_bounds},
    {SY_MASK_PREFIX, T_LABEL, "prefix:", SY_MASK_PREFIX_MAX, def_prefix},
};

/* A positive decimal number without sign or leading zero, at most max. */
static bool parse_number(struct sy_view digits, int64_t max, int64_t *ret)
{
    int64_t n = 0;
    if (digits.n == 0 || digits.p[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < digits.n; i++) {
        int64_t digit = digits.p[i] - '0';
        if (digit < 0 || digit > 9 || !sy_mul_i64(n, 10, &n) || !sy_add_i64(n, digit, &n)) {
            return false;
        }
    }
    *ret = n;
    return n <= max;
}

static bool parse_as(size_t row, struct sy_view text, struct sy_mask *ret)
{
    struct sy_view word = sy_view_str(MASKS[row].word);
    struct sy_mask mask = {.kind = MASKS[row].kind};
    if (MASKS[row].max_n == 0) {
        *ret = mask;
        return sy_view_eq(text, word);
    }
    if (!sy_view_starts(text, word) ||
        !parse_number(sy_view(text.p + word.n, text.n - word.n), MASKS[row].max_n, &mask.n)) {
        return false;
    }
    *ret = mask;
    return true;
}

sy_status sy_mask_parse(struct sy_view text, struct sy_mask *ret, struct sy_error *reterr)
{
    struct sy_mask mask = {0};
    for (size_t i = 0; i < COUNT(MASKS); i++) {
        if (parse_as(i, text, &mask)) {
            *ret = mask;
            return SY_OK;
        }
    }
    return sy_fail(
        reterr, SY_E_FIELD, "mask",
        "no such mask; write drop, pseudonym, band:W, date:month, date:year, date:years:N or "
        "prefix:N");
}

static sy_status refuse(const struct sy_field_def *def, int32_t code, const char *reason,
                        struct sy_error *reterr)
{
    char name[sizeof(((struct sy_error *)0)->field)];
    sy_view_to_cstr(def->name, name, sizeof(name));
    return sy_fail(reterr, code, name, "%s", reason);
}

sy_status sy_mask_def(const struct sy_field_def *def, const struct sy_mask *mask,
                      struct sy_arena *arena, struct sy_field_def *ret, struct sy_error *reterr)
{
    size_t row = 0;
    while (row < COUNT(MASKS) && MASKS[row].kind != mask->kind) {
        row++;
    }
    if (row == COUNT(MASKS) || (MASKS[row].types & type_bit(def->type)) == 0) {
        return refuse(def, SY_E_FIELD, "the mask does not fit the field's type", reterr);
    }
    if (MASKS[row].change == NULL) {
        return refuse(def, SY_E_FIELD_DENIED, "the grant drops this field", reterr);
    }
    struct sy_field_def masked = *def;
    sy_status s = MASKS[row].change(mask, arena, &masked);
    if (!sy_ok(s)) {
        return refuse(def, s.code,
                      s.code == SY_E_FIELD ? "the mask needs bounds in the catalogue"
                                           : sy_code_text(s.code),
                      reterr);
    }
    if (!sy_view_is(def->type, "unit") && mask->kind != SY_MASK_NONE) {
        masked.rows = 0; /* values that were distinct may meet: no key any more */
    }
    *ret = masked;
    return SY_OK;
}
