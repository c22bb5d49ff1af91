/*
 * From CSV to batches. libcsv splits the text into cells and rows; what a cell means is decided here
 * while its bytes are still in libcsv's buffer, so nothing is copied or allocated for a cell.
 * Invariants: libcsv runs strict, since what a stray quote means cannot be told; it is given its
 * whole buffer of INGEST_CELL_BYTES at the start and cannot grow it; after the first error the
 * callbacks do nothing; a row is in the batch exactly when it is counted as kept.
 * Source: RFC 4180; csv(3) of libcsv 3.0.3.
 */
#include "ingest_csv.h"

#include <csv.h>
#include <stdlib.h>

#include "ingest_columns.h"
#include "ingest_parts.h"
#include "ingest_quality.h"
#include "ingest_text.h"
#include "ingest_unit_rows.h"

#define NO_FEED UINT32_MAX

/* A column of the file that a field is made of: its only one, or a part of its key. */
struct feed {
    uint32_t field, part;
    uint32_t next; /* feed of the same column, or NO_FEED */
    bool found;    /* the column is there */
};

struct ingest {
    const struct sy_dataset_def *def;
    ingest_sink_fn *sink;
    void *ctx;
    struct sy_error error; /* the first */
    struct csv_parser csv;
    struct ingest_columns columns;
    struct ingest_quality quality;
    uint64_t bytes; /* raw, read so far */

    bool past_header;
    uint32_t *first; /* per column of the file: its first feed, or NO_FEED */
    struct feed *feeds;
    size_t n_feeds;
    size_t n_columns; /* of the file */

    struct ingest_parts *parts;         /* per field */
    struct ingest_unit_rows *unit_rows; /* per field */
    uint32_t *composite, *capped;       /* the fields that have parts, a cap */
    size_t n_composite, n_capped;

    size_t n_cells;          /* of the current row, so far */
    enum ingest_rule broken; /* what rejects the current row; FINE = it stays */
    size_t broken_field;

    struct ingest_value value; /* scratch; here, so that it is not cleared for each cell */
    struct ingest_text text;
};

static bool failed(const struct ingest *in)
{
    return in->error.code != 0;
}

static void fail(struct ingest *in, int32_t code, const char *field, const char *reason)
{
    if (!failed(in)) {
        (void)sy_fail(&in->error, code, field, reason == NULL ? NULL : "%s", reason);
    }
}

static void fail_field(struct ingest *in, int32_t code, size_t field, const char *reason)
{
    char name[sizeof(in->error.field)];
    sy_view_to_cstr(in->def->fields[field].name, name, sizeof(name));
    fail(in, code, name, reason);
}

/* --- the header -------------------------------------------------------------------------------- */

static struct sy_view source_of(const struct sy_field_def *field, size_t part)
{
    if (field->n_sources > 0) {
        return field->sources[part];
    }
    return field->source.n > 0 ? field->source : field->name;
}

/* Everything that this column feeds, as a chain from the last one to the first. */
static uint32_t claim(struct ingest *in, struct sy_view title)
{
    uint32_t head = NO_FEED;
    for (size_t i = 0; i < in->n_feeds; i++) {
        struct feed *f = &in->feeds[i];
        if (!sy_view_eq(source_of(&in->def->fields[f->field], f->part), title)) {
            continue;
        }
        if (f->found) {
            fail_field(in, SY_E_DATA, f->field, "the file has the column of this field twice");
        }
        f->found = true;
        f->next = head;
        head = (uint32_t)i;
    }
    return head;
}

static void take_title(struct ingest *in, struct sy_view title)
{
    if (in->n_columns == INGEST_HEADER_MAX) {
        fail(in, SY_E_DATA, NULL, "the file has too many columns");
        return;
    }
    in->first[in->n_columns++] = claim(in, ingest_trim(title));
}

static void end_header(struct ingest *in)
{
    in->past_header = true;
    for (size_t i = 0; i < in->n_feeds; i++) {
        if (!in->feeds[i].found) {
            fail_field(in, SY_E_DATA, in->feeds[i].field,
                       "the file has no column for this field; see the source "
                       "column in its catalogue entry, and the file's encoding");
        }
    }
}

/* --- cells ------------------------------------------------------------------------------------- */

static void reject(struct ingest *in, size_t field, enum ingest_rule rule)
{
    in->broken = rule;
    in->broken_field = field;
}

static sy_status take_null(struct ingest *in, size_t field, enum ingest_rule rule)
{
    if (rule == INGEST_ENCODING || !in->def->fields[field].nullable) {
        reject(in, field, rule);
        return SY_OK;
    }
    if (rule != INGEST_MISSING) {
        ingest_quality_note(&in->quality, field, rule);
    }
    return ingest_columns_set_null(&in->columns, field);
}

static sy_status take_value(struct ingest *in, size_t field)
{
    if (in->value.how != INGEST_FINE) {
        ingest_quality_note(&in->quality, field, in->value.how);
    }
    return ingest_columns_set(&in->columns, field, &in->value);
}

/* A field's value is read into in->value, or broke a rule. */
static void take(struct ingest *in, size_t field, enum ingest_rule rule)
{
    sy_status s = rule == INGEST_FINE ? take_value(in, field) : take_null(in, field, rule);
    if (s.code == SY_E_LIMIT) {
        fail_field(in, SY_E_DATA, field, "the field has too many different texts");
    } else if (!sy_ok(s)) {
        fail_field(in, s.code, field, NULL);
    }
}

static void take_cell(struct ingest *in, const struct feed *f, struct sy_view cell)
{
    const struct ingest_spec *spec = &in->columns.all[f->field].spec;
    if (in->parts[f->field].n > 0) { /* taken at the end of the row */
        ingest_parts_set(&in->parts[f->field], f->part, spec, cell, &in->value);
    } else {
        take(in, f->field, ingest_value_read(spec, cell, &in->value));
    }
}

static void on_cell(void *text, size_t n, void *ctx)
{
    struct ingest *in = ctx;
    if (failed(in)) {
        return;
    }
    struct sy_view cell = sy_view(text, n);
    if (!in->past_header) {
        take_title(in, cell);
        return;
    }
    size_t i = in->n_cells++;
    uint32_t feed = i < in->n_columns ? in->first[i] : NO_FEED;
    for (; feed != NO_FEED && in->broken == INGEST_FINE; feed = in->feeds[feed].next) {
        take_cell(in, &in->feeds[feed], cell);
    }
}

/* --- rows -------------------------------------------------------------------------------------- */

static void send_batch(struct ingest *in)
{
    struct sy_ingest_batch batch = {.bytes = in->bytes};
    ingest_columns_show(&in->columns, &batch);
    sy_status s = in->sink(in->ctx, &batch);
    if (!sy_ok(s)) {
        fail(in, s.code, NULL, NULL);
    }
    ingest_columns_clear(&in->columns);
}

static void take_composites(struct ingest *in)
{
    for (size_t i = 0; i < in->n_composite && in->broken == INGEST_FINE; i++) {
        size_t field = in->composite[i];
        take(in, field, ingest_parts_join(&in->parts[field], &in->value));
    }
}

/* Reject a row that is one too many for a unit, or repeats a key. */
static void check_caps(struct ingest *in)
{
    for (size_t i = 0; i < in->n_capped && in->broken == INGEST_FINE; i++) {
        size_t field = in->capped[i];
        struct sy_view id = ingest_columns_value(&in->columns, field);
        if (id.n > 0 && !ingest_unit_rows_left(&in->unit_rows[field], id)) {
            reject(in, field, INGEST_UNIT_ROWS);
        }
    }
}

static void count_units(struct ingest *in)
{
    for (size_t i = 0; i < in->n_capped; i++) {
        size_t field = in->capped[i];
        struct sy_view id = ingest_columns_value(&in->columns, field);
        sy_status s = id.n > 0 ? ingest_unit_rows_add(&in->unit_rows[field], id) : SY_OK;
        if (!sy_ok(s)) {
            fail_field(in, s.code, field, NULL);
        }
    }
}

static void keep_row(struct ingest *in)
{
    if (in->quality.rows_kept >= in->def->max_rows) {
        fail(in, SY_E_DATA, "max_rows",
             "the file has more rows than the catalogue entry's max_rows");
        return;
    }
    count_units(in);
    ingest_quality_keep(&in->quality);
    ingest_columns_keep(&in->columns);
    if (ingest_columns_full(&in->columns)) {
        send_batch(in);
    }
}

static void end_row(struct ingest *in)
{
    if (in->n_cells != in->n_columns) {
        reject(in, in->def->n_fields, INGEST_COLUMNS);
    }
    take_composites(in);
    check_caps(in);
    if (in->broken == INGEST_FINE) {
        keep_row(in);
    } else {
        ingest_quality_reject(&in->quality, in->broken_field, in->broken);
        ingest_columns_drop(&in->columns);
    }
    for (size_t i = 0; i < in->n_composite; i++) {
        ingest_parts_clear(&in->parts[in->composite[i]]);
    }
    in->n_cells = 0;
    in->broken = INGEST_FINE;
}

static void on_row(int terminator, void *ctx)
{
    struct ingest *in = ctx;
    (void)terminator;
    if (failed(in)) {
        return;
    }
    if (in->past_header) {
        end_row(in);
    } else {
        end_header(in);
    }
}

/* --- libcsv ------------------------------------------------------------------------------------ */

static void *no_growth(void *p, size_t n_bytes)
{
    (void)p, (void)n_bytes;
    return NULL;
}

static void fail_csv(struct ingest *in)
{
    if (csv_error(&in->csv) == CSV_EPARSE) {
        fail(in, SY_E_DATA, NULL,
             "the file's quoting is broken: a quote inside a cell must be "
             "doubled and the cell quoted, and every quote closed; the row "
             "after the last one counted is the one to look at");
        return;
    }
    fail(in, SY_E_DATA, NULL, "a cell is longer than 1 MiB, or a quote is not closed");
}

static void on_text(void *ctx, struct sy_view text)
{
    struct ingest *in = ctx;
    if (!failed(in) && csv_parse(&in->csv, text.p, text.n, on_cell, on_row, in) != text.n) {
        fail_csv(in);
    }
}

sy_status ingest_feed(struct ingest *in, struct sy_view raw)
{
    in->bytes += raw.n;
    if (!failed(in)) {
        ingest_text_feed(&in->text, raw);
    }
    return sy_status_of(in->error.code);
}

sy_status ingest_finish(struct ingest *in)
{
    if (!failed(in)) {
        ingest_text_end(&in->text);
    }
    if (!failed(in) && csv_fini(&in->csv, on_cell, on_row, in) != 0) {
        fail_csv(in);
    }
    if (!in->past_header) {
        fail(in, SY_E_DATA, NULL, "the file is empty: its first row must name the columns");
    }
    if (!failed(in) && in->columns.rows > 0) {
        send_batch(in);
    }
    return sy_status_of(in->error.code);
}

/* --- the end message --------------------------------------------------------------------------- */

const struct sy_error *ingest_error(const struct ingest *in)
{
    return &in->error;
}

sy_status ingest_send_end(struct ingest *in, const struct sy_error *error)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_quality quality = {0};
    SY_TRY(ingest_quality_report(&in->quality, in->def, &arena, &quality));
    quality.bytes = in->bytes;
    struct sy_ingest_batch end = {
        .bytes = in->bytes, .end = true, .quality = &quality, .n_quality = 1};
    if (error != NULL && error->code != 0) {
        end.error = sy_view_str(sy_code_name(error->code));
        end.field = sy_view_str(error->field);
        end.reason = sy_view_str(error->reason);
    }
    return in->sink(in->ctx, &end);
}

/* --- life -------------------------------------------------------------------------------------- */

static sy_status init_csv(struct ingest *in)
{
    if (csv_init(&in->csv, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    csv_set_realloc_func(&in->csv, no_growth);
    in->csv.entry_buf = calloc(INGEST_CELL_BYTES, 1);
    in->csv.entry_size = INGEST_CELL_BYTES;
    return in->csv.entry_buf != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

/* Per field and per column of the file. */
static sy_status allocate(struct ingest *in)
{
    size_t n = in->def->n_fields;
    size_t n_feeds = 0;
    for (size_t i = 0; i < n; i++) {
        n_feeds += in->def->fields[i].n_sources > 0 ? in->def->fields[i].n_sources : 1;
    }
    in->first = calloc(INGEST_HEADER_MAX, sizeof(*in->first));
    in->feeds = calloc(n_feeds, sizeof(*in->feeds));
    in->parts = calloc(n, sizeof(*in->parts));
    in->unit_rows = calloc(n, sizeof(*in->unit_rows));
    in->composite = calloc(n, sizeof(*in->composite));
    in->capped = calloc(n, sizeof(*in->capped));
    bool all = in->first != NULL && in->feeds != NULL && in->parts != NULL &&
               in->unit_rows != NULL && in->composite != NULL && in->capped != NULL;
    return all ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

static sy_status init_field(struct ingest *in, uint32_t field)
{
    const struct sy_field_def *f = &in->def->fields[field];
    SY_TRY(ingest_parts_init(&in->parts[field], f->n_sources));
    uint32_t part = 0;
    do {
        in->feeds[in->n_feeds++] = (struct feed){field, part, NO_FEED, false};
    } while (++part < f->n_sources);
    if (f->n_sources > 0) {
        in->composite[in->n_composite++] = field;
    }
    if (f->rows > 0) {
        in->unit_rows[field].cap = f->rows;
        in->capped[in->n_capped++] = field;
    }
    return SY_OK;
}

static sy_status init(struct ingest *in, struct sy_error *reterr)
{
    SY_TRY(init_csv(in));
    SY_TRY(ingest_columns_init(&in->columns, in->def, reterr));
    SY_TRY(ingest_quality_init(&in->quality, in->def->n_fields));
    SY_TRY(allocate(in));
    for (uint32_t i = 0; i < in->def->n_fields; i++) {
        SY_TRY(init_field(in, i));
    }
    sy_status s = ingest_text_init(&in->text, in->def->encoding, on_text, in);
    return s.code == SY_E_FIELD ? sy_fail(reterr, s.code, "encoding", "utf-8 or gb18030") : s;
}

sy_status ingest_new(const struct sy_dataset_def *def, ingest_sink_fn *sink, void *ctx,
                     struct ingest **ret, struct sy_error *reterr)
{
    struct ingest *in = calloc(1, sizeof(*in));
    if (in == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    in->def = def;
    in->sink = sink;
    in->ctx = ctx;
    sy_status s = init(in, reterr);
    if (!sy_ok(s)) {
        ingest_free(in);
        return s;
    }
    *ret = in;
    return SY_OK;
}

void ingest_free(struct ingest *in)
{
    if (in == NULL) {
        return;
    }
    if (in->csv.realloc_func != NULL) {
        csv_free(&in->csv);
    }
    for (size_t i = 0; i < in->n_composite; i++) {
        ingest_parts_deinit(&in->parts[in->composite[i]]);
    }
    for (size_t i = 0; i < in->n_capped; i++) {
        ingest_unit_rows_deinit(&in->unit_rows[in->capped[i]]);
    }
    ingest_columns_deinit(&in->columns);
    ingest_quality_deinit(&in->quality);
    free(in->first);
    free(in->feeds);
    free(in->parts);
    free(in->unit_rows);
    free(in->composite);
    free(in->capped);
    free(in);
}
