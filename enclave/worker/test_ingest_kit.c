/* See test_ingest.h. */
#include "test_ingest.h"

#include "base/arith.h"
#include "wire/mask.h"

sy_status run_sink(void *ctx, const struct sy_ingest_batch *batch)
{
    struct run *r = ctx;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    struct sy_ingest_batch copy;
    check_ok(sy_record_encode(&sy_ingest_batch_desc, batch, &b));
    struct sy_view bytes = sy_arena_copy(&r->arena, sy_buf_view(&b));
    assert_non_null(bytes.p);
    check_ok(sy_record_decode(&sy_ingest_batch_desc, bytes, &SY_MP_LARGE, &r->arena, &copy, NULL));
    r->largest = b.n > r->largest ? b.n : r->largest;
    assert_false(r->end.end); /* nothing comes behind the end */
    if (copy.end) {
        r->end = copy;
        return SY_OK;
    }
    assert_true(r->n_batches < RUN_BATCHES_MAX);
    assert_true(copy.rows > 0 && copy.rows <= SY_MORSEL_ROWS);
    r->batches[r->n_batches++] = copy;
    return SY_OK;
}

void run_file(struct run *r, const struct sy_dataset_def *def, struct sy_view file, size_t step)
{
    struct ingest *in = NULL;
    *r = (struct run){.arena.ceiling = (size_t)1 << 30};
    check_ok(ingest_new(def, run_sink, r, &in, NULL));
    step = step == 0 ? file.n : step;
    for (size_t at = 0; at < file.n && sy_ok(r->status); at += step) {
        r->status = ingest_feed(in, sy_view(file.p + at, sy_min_u64(step, file.n - at)));
    }
    if (sy_ok(r->status)) {
        r->status = ingest_finish(in);
    }
    check_ok(ingest_send_end(in, ingest_error(in)));
    assert_true(r->end.end);
    assert_int_equal(r->end.bytes, r->end.quality[0].bytes);
    ingest_free(in);
}

void run_free(struct run *r)
{
    sy_arena_deinit(&r->arena);
}

size_t run_rows(const struct run *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_batches; i++) {
        n += r->batches[i].rows;
    }
    return n;
}

/* The batch that holds the row; *row becomes the row within it. */
static const struct sy_ingest_column *column_of(const struct run *r, size_t column, size_t *row)
{
    size_t i = 0;
    for (; i < r->n_batches && *row >= r->batches[i].rows; i++) {
        *row -= r->batches[i].rows;
    }
    assert_true(i < r->n_batches && column < r->batches[i].n_columns);
    return &r->batches[i].columns[column];
}

int64_t run_number(const struct run *r, size_t column, size_t row)
{
    const struct sy_ingest_column *c = column_of(r, column, &row);
    uint64_t v = 0;
    for (size_t i = c->width; i-- > 0;) {
        v = v << 8 | c->data.p[row * c->width + i];
    }
    return c->width == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

bool run_null(const struct run *r, size_t column, size_t row)
{
    const struct sy_ingest_column *c = column_of(r, column, &row);
    return c->nulls.n > 0 && (c->nulls.p[row / 8] >> (row % 8) & 1) != 0;
}

struct sy_view run_id(const struct run *r, size_t column, size_t row)
{
    const struct sy_ingest_column *c = column_of(r, column, &row);
    const uint8_t *p = c->ids.p;
    for (; row > 0; row--) {
        p += 1 + *p;
    }
    return sy_view(p + 1, *p);
}

struct sy_view run_text(const struct run *r, size_t column, size_t row)
{
    size_t code = (size_t)run_number(r, column, row);
    for (size_t i = 0; i < r->n_batches; i++) {
        const struct sy_ingest_column *c = &r->batches[i].columns[column];
        if (code < c->n_dict) {
            return c->dict[code];
        }
        code -= c->n_dict;
    }
    fail_msg("code without a label");
    return sy_view_str("");
}

struct sy_quality_rule run_count(const struct run *r, const char *field, const char *rule)
{
    const struct sy_quality *q = &r->end.quality[0];
    for (size_t i = 0; i < q->n_rules; i++) {
        if (sy_view_is(q->rules[i].field, field) && sy_view_is(q->rules[i].rule, rule)) {
            return q->rules[i];
        }
    }
    return (struct sy_quality_rule){0};
}

void run_expect_rows(const struct run *r, uint64_t rows_in, uint64_t rows_kept)
{
    uint64_t rejected = 0;
    if (!sy_ok(r->status)) {
        fail_msg("%s: %.*s: %.*s", sy_code_name(r->status.code), SY_PV(r->end.field),
                 SY_PV(r->end.reason));
    }
    assert_int_equal(r->end.error.n, 0);
    assert_int_equal(r->end.quality[0].rows_in, rows_in);
    assert_int_equal(r->end.quality[0].rows_kept, rows_kept);
    assert_int_equal(run_rows(r), rows_kept);
    for (size_t i = 0; i < r->end.quality[0].n_rules; i++) {
        rejected += r->end.quality[0].rules[i].rejected;
    }
    assert_int_equal(rows_in, rows_kept + rejected);
}

void run_expect_error(const struct run *r, const char *code, const char *field)
{
    assert_string_equal(sy_code_name(r->status.code), code);
    assert_true(sy_view_is(r->end.error, code));
    if (!sy_view_is(r->end.field, field)) {
        fail_msg("field \"%.*s\", want \"%s\"", SY_PV(r->end.field), field);
    }
    assert_true(r->end.reason.n > 0);
}

struct sy_dataset_def def_of(struct sy_field_def *fields, size_t n)
{
    return (struct sy_dataset_def){.encoding = STR("utf-8"),
                                   .fields = fields,
                                   .n_fields = n,
                                   .id = STR("t"),
                                   .max_rows = 1000000,
                                   .department = STR("d"),
                                   .title = STR("t"),
                                   .membership = 1};
}
