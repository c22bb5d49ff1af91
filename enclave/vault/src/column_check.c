/*
 * BOUNDARY: a batch comes from an ingest worker that parsed a stranger's file. Whatever it checked
 * is checked again here, for every value: sizes, widths, bounds and value sets of the catalogue,
 * codes, identifiers. Nothing is written, so a refused batch leaves the attempt as it was.
 */
#include "column_writer.h"

#include <stdlib.h>

#include "base/arith.h"
#include "column_value.h"

static sy_status refuse(const char *why, const char **ret_why)
{
    *ret_why = why;
    return sy_status_of(SY_E_DATA);
}

static bool any_null(struct sy_view bits, uint64_t n_rows)
{
    for (uint64_t i = 0; i < n_rows && bits.n > 0; i++) {
        if (column_bit(bits.p, i)) {
            return true;
        }
    }
    return false;
}

static sy_status check_shape(const struct column_writer *c, const struct sy_ingest_column *in,
                             uint64_t n_rows, const char **ret_why)
{
    bool unit = c->type == COLUMN_UNIT;
    if (in->width != c->head.width) {
        return refuse("the column has another width", ret_why);
    }
    if (in->data.n != (unit ? 0 : c->head.width * n_rows) || (!unit && in->ids.n != 0)) {
        return refuse("the column's size is not rows times width", ret_why);
    }
    if (in->nulls.n != 0 && in->nulls.n != (n_rows + 7) / 8) {
        return refuse("the null bitmap has the wrong size", ret_why);
    }
    if (!c->head.has_nulls && any_null(in->nulls, n_rows)) {
        return refuse("a value is missing in a field that is not nullable", ret_why);
    }
    return SY_OK;
}

/* Exactly n_rows identifiers of at most 64 bytes; an empty one is NULL. */
static sy_status check_ids(const struct column_writer *c, struct sy_view ids, uint64_t n_rows,
                           const char **ret_why)
{
    size_t at = 0;
    for (uint64_t i = 0; i < n_rows; i++) {
        if (at >= ids.n || ids.p[at] > 64 || ids.p[at] >= ids.n - at) {
            return refuse("an identifier is too long or cut off", ret_why);
        }
        if (ids.p[at] == 0 && !c->head.has_nulls) {
            return refuse("a unit is missing in a field that is not nullable", ret_why);
        }
        at += 1U + ids.p[at];
    }
    return at == ids.n ? SY_OK : refuse("there are more identifiers than rows", ret_why);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct unit_hash));
}

static bool any_twice(const struct column_writer *c, struct unit_hash *hashes, size_t n)
{
    qsort(hashes, n, sizeof(*hashes), by_hash);
    for (size_t i = 0; i < n; i++) {
        if ((i > 0 && by_hash(&hashes[i - 1], &hashes[i]) == 0) ||
            unit_table_find(&c->labels, &hashes[i]) != UNIT_ABSENT) {
            return true;
        }
    }
    return false;
}

/* Is every label new to the column? Two codes of one label would be two cells of one key. */
static sy_status check_unique(const struct column_writer *c, const struct sy_ingest_column *in,
                              const char **ret_why)
{
    if (in->n_dict == 0) {
        return SY_OK;
    }
    struct unit_hash *hashes = calloc(in->n_dict, sizeof(*hashes));
    if (hashes == NULL) {
        *ret_why = sy_code_text(SY_E_NO_MEMORY);
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < in->n_dict; i++) {
        hashes[i] = column_label_hash(c, in->dict[i]);
    }
    bool twice = any_twice(c, hashes, in->n_dict);
    free(hashes);
    return twice ? refuse("a label is there already", ret_why) : SY_OK;
}

static sy_status check_labels(const struct column_writer *c, const struct sy_ingest_column *in,
                              const char **ret_why)
{
    uint64_t bytes = c->dict_bytes;
    if (in->n_dict > 0 && c->type != COLUMN_TEXT) {
        return refuse("labels in a field that is not text", ret_why);
    }
    for (size_t i = 0; i < in->n_dict; i++) {
        if (!sy_view_is_text(in->dict[i], SY_LABEL_BYTES_MAX)) {
            return refuse("a label is not plain text of 1 to 256 bytes", ret_why);
        }
        bytes += 4 + in->dict[i].n;
    }
    if (bytes > DICT_MAX_BYTES || in->n_dict > SY_LIST_MAX ||
        (c->type == COLUMN_TEXT && c->hi + (int64_t)in->n_dict >= SY_LIST_MAX)) {
        return refuse("the field has too many different texts", ret_why);
    }
    return check_unique(c, in, ret_why);
}

static sy_status check_values(const struct column_writer *c, const struct sy_ingest_column *in,
                              uint64_t n_rows, const char **ret_why)
{
    int64_t hi = c->hi + (int64_t)in->n_dict;
    bool is_signed = column_is_number(c->type);
    for (uint64_t i = 0; i < n_rows; i++) {
        int64_t v = column_load(in->data.p, c->head.width, is_signed, i);
        if ((v < c->lo || v > hi) && (in->nulls.n == 0 || !column_bit(in->nulls.p, i))) {
            return refuse("a value is outside the catalogue's bounds or value set", ret_why);
        }
    }
    return SY_OK;
}

sy_status column_check(const struct column_writer *c, const struct sy_ingest_column *in,
                       uint64_t n_rows, const char **ret_why)
{
    SY_TRY(check_shape(c, in, n_rows, ret_why));
    SY_TRY(check_labels(c, in, ret_why));
    return c->type == COLUMN_UNIT ? check_ids(c, in->ids, n_rows, ret_why)
                                  : check_values(c, in, n_rows, ret_why);
}
