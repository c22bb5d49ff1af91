/*
 * Batches. Invariants: between rows every null bit from `rows` on is 0, so that a dropped row need
 * only take back what it set itself; a NULL's value bytes are 0; labels of a dropped row are not in
 * the dictionary.
 */
#include "ingest_columns.h"

#include <stdlib.h>

#include "base/arith.h"
#include "wire/mask.h"

/* Fields of a row in the batch, variable parts apart. */
static size_t row_bytes(const struct sy_dataset_def *def)
{
    size_t n = 1;
    for (size_t i = 0; i < def->n_fields; i++) {
        n += sy_field_width(&def->fields[i]) + 1;
    }
    return n;
}

static sy_status init_column(struct ingest_column *c, const struct sy_field_def *def,
                             size_t cap_rows)
{
    SY_TRY(ingest_spec_init(def, &c->spec));
    c->dict = ingest_dict();
    c->ids = sy_buf(SY_JOB_MESSAGE_MAX);
    c->width = sy_field_width(def);
    bool is_unit = c->spec.store == INGEST_STORE_ID;
    c->data = is_unit ? NULL : calloc(cap_rows, c->width);
    c->nulls = calloc((cap_rows + 7) / 8, 1);
    bool is_text = c->spec.store == INGEST_STORE_TEXT;
    c->labels = is_text ? calloc(cap_rows, sizeof(*c->labels)) : NULL;
    bool ok = c->nulls != NULL && (is_unit || c->data != NULL) && (!is_text || c->labels != NULL);
    return ok ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

static void deinit_column(struct ingest_column *c)
{
    ingest_spec_deinit(&c->spec);
    ingest_dict_deinit(&c->dict);
    sy_buf_deinit(&c->ids);
    free(c->data);
    free(c->nulls);
    free(c->labels);
}

void ingest_columns_deinit(struct ingest_columns *c)
{
    for (size_t i = 0; i < c->n; i++) {
        deinit_column(&c->all[i]);
    }
    free(c->all);
    free(c->wire);
    *c = (struct ingest_columns){0};
}

static sy_status allocate(struct ingest_columns *c, const struct sy_dataset_def *def)
{
    c->all = calloc(def->n_fields, sizeof(*c->all));
    c->wire = calloc(def->n_fields, sizeof(*c->wire));
    c->cap_rows = sy_min_u64(SY_MORSEL_ROWS, INGEST_BATCH_BYTES / row_bytes(def));
    return c->all != NULL && c->wire != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

static sy_status init_columns(struct ingest_columns *c, const struct sy_dataset_def *def,
                              struct sy_error *reterr)
{
    SY_TRY(allocate(c, def));
    for (; c->n < def->n_fields; c->n++) {
        const struct sy_field_def *field = &def->fields[c->n];
        sy_status s = init_column(&c->all[c->n], field, c->cap_rows);
        if (!sy_ok(s)) {
            char name[64];
            sy_view_to_cstr(field->name, name, sizeof(name));
            deinit_column(&c->all[c->n]);
            return sy_fail(reterr, s.code, name, "the catalogue entry of this field is unusable");
        }
    }
    return SY_OK;
}

sy_status ingest_columns_init(struct ingest_columns *ret, const struct sy_dataset_def *def,
                              struct sy_error *reterr)
{
    *ret = (struct ingest_columns){0};
    if (def->n_fields == 0 || def->n_fields > INGEST_FIELDS_MAX) {
        return sy_fail(reterr, SY_E_FIELD, "fields", "a dataset has 1 to %d fields",
                       INGEST_FIELDS_MAX);
    }
    sy_status s = init_columns(ret, def, reterr);
    if (!sy_ok(s)) {
        ingest_columns_deinit(ret);
    }
    return s;
}

/* --- one row ----------------------------------------------------------------------------------- */

/* Little-endian: the low bytes first, whatever the width. */
static inline void store(struct ingest_column *c, size_t row, uint64_t v)
{
    uint8_t *at = c->data + row * c->width;
    switch (c->width) {
    case 1:
        *at = (uint8_t)v;
        break;
    case 4:
        sy_store_le32(at, (uint32_t)v);
        break;
    case 8:
        sy_store_le64(at, v);
        break;
    default:
        for (size_t i = 0; i < c->width; i++) {
            at[i] = (uint8_t)(v >> (8 * i));
        }
    }
}

static sy_status add_id(struct ingest_column *c, struct sy_view id)
{
    uint8_t *at = sy_buf_reserve(&c->ids, id.n + 1);
    if (at == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    at[0] = (uint8_t)id.n;
    if (id.n > 0) {
        memcpy(at + 1, id.p, id.n);
    }
    c->ids.n += id.n + 1;
    return SY_OK;
}

sy_status ingest_columns_set(struct ingest_columns *c, size_t i, const struct ingest_value *value)
{
    struct ingest_column *column = &c->all[i];
    if (column->spec.store == INGEST_STORE_ID) {
        return add_id(column, value->text);
    }
    uint32_t code = 0;
    if (column->spec.store == INGEST_STORE_TEXT) {
        SY_TRY(ingest_dict_code(&column->dict, value->text, &code));
        store(column, c->rows, code);
        return SY_OK;
    }
    store(column, c->rows, (uint64_t)value->n);
    return SY_OK;
}

sy_status ingest_columns_set_null(struct ingest_columns *c, size_t i)
{
    struct ingest_column *column = &c->all[i];
    column->nulls[c->rows / 8] |= (uint8_t)(1U << (c->rows % 8));
    column->any_null = true;
    if (column->spec.store == INGEST_STORE_ID) {
        return add_id(column, sy_view_str(""));
    }
    store(column, c->rows, 0);
    return SY_OK;
}

struct sy_view ingest_columns_value(const struct ingest_columns *c, size_t i)
{
    const struct ingest_column *column = &c->all[i];
    if (column->data != NULL) {
        bool null = (column->nulls[c->rows / 8] >> (c->rows % 8) & 1) != 0;
        return sy_view(column->data + c->rows * column->width, null ? 0 : column->width);
    }
    const uint8_t *at = column->ids.p + column->ids_mark;
    return sy_view(at + 1, at[0]);
}

void ingest_columns_keep(struct ingest_columns *c)
{
    for (size_t i = 0; i < c->n; i++) {
        c->all[i].ids_mark = c->all[i].ids.n;
        c->all[i].dict_mark = c->all[i].dict.n;
    }
    c->rows++;
}

void ingest_columns_drop(struct ingest_columns *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct ingest_column *column = &c->all[i];
        column->ids.n = column->ids_mark;
        ingest_dict_cut(&column->dict, column->dict_mark);
        column->nulls[c->rows / 8] &= (uint8_t) ~(1U << (c->rows % 8));
    }
}

/* --- the batch --------------------------------------------------------------------------------- */

static size_t new_label_bytes(const struct ingest_column *c)
{
    return c->dict_sent < c->dict.n ? c->dict.text.n - c->dict.labels[c->dict_sent].at : 0;
}

bool ingest_columns_full(const struct ingest_columns *c)
{
    size_t bytes = 0;
    for (size_t i = 0; i < c->n; i++) {
        bytes += c->all[i].ids.n + new_label_bytes(&c->all[i]);
    }
    return c->rows == c->cap_rows || bytes >= INGEST_BATCH_BYTES;
}

/* Units have no null bitmap: an empty identifier says it. */
static void show_column(struct ingest_column *c, size_t rows, struct sy_ingest_column *ret)
{
    bool is_unit = c->spec.store == INGEST_STORE_ID;
    *ret = (struct sy_ingest_column){
        .data = sy_view(c->data, is_unit ? 0 : c->width * rows),
        .dict = c->labels,
        .n_dict = c->dict.n - c->dict_sent,
        .ids = sy_buf_view(&c->ids),
        .width = c->width,
    };
    if (c->any_null && !is_unit) {
        ret->nulls = sy_view(c->nulls, (rows + 7) / 8);
    }
    for (size_t i = 0; i < ret->n_dict; i++) {
        c->labels[i] = ingest_dict_label(&c->dict, c->dict_sent + i);
    }
}

void ingest_columns_show(struct ingest_columns *c, struct sy_ingest_batch *ret)
{
    for (size_t i = 0; i < c->n; i++) {
        show_column(&c->all[i], c->rows, &c->wire[i]);
    }
    ret->columns = c->wire;
    ret->n_columns = c->n;
    ret->rows = c->rows;
}

void ingest_columns_clear(struct ingest_columns *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct ingest_column *column = &c->all[i];
        memset(column->nulls, 0, (c->cap_rows + 7) / 8);
        column->any_null = false;
        column->dict_sent = column->dict.n;
        sy_buf_clear(&column->ids);
        column->ids_mark = 0;
    }
    c->rows = 0;
}
