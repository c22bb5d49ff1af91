/*
 * Fuzz target: any bytes as a raw file, with a catalogue that has every type, in both encodings
 * and in pieces whose length the input chooses. Besides not crashing: each batch encodes, the rows
 * sent are the rows counted, and the figures add up.
 */
#include <stdlib.h>

#include "ingest_csv.h"
#include "ingest_text.h"

#define STR(s)                                                                                     \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static struct sy_view labels[] = {STR("x"), STR("一"), STR("cardiac arrest")};

static struct sy_field_def fields[] = {
    {.name = STR("id"), .type = STR("unit")},
    {.name = STR("a"), .type = STR("int32"), .lo = -5, .hi = 120, .nullable = true},
    {.name = STR("b"), .type = STR("int64")},
    {.name = STR("c"), .type = STR("decimal"), .scale = 2, .nullable = true},
    {.name = STR("d"), .type = STR("date"), .nullable = true},
    {.name = STR("e"), .type = STR("bool"), .nullable = true},
    {.name = STR("f"), .type = STR("enum"), .values = labels, .n_values = 3, .nullable = true},
    {.name = STR("g"), .type = STR("text"), .nullable = true},
    {.name = STR("h"), .source = STR("a"), .type = STR("text"), .nullable = true},
};

struct seen {
    struct sy_buf message;
    uint64_t rows;
};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static sy_status sink(void *ctx, const struct sy_ingest_batch *batch)
{
    struct seen *seen = ctx;
    uint64_t rejected = 0;
    sy_buf_clear(&seen->message);
    require(sy_ok(sy_record_encode(&sy_ingest_batch_desc, batch, &seen->message)));
    seen->rows += batch->rows;
    for (size_t i = 0; batch->end && i < batch->quality[0].n_rules; i++) {
        rejected += batch->quality[0].rules[i].rejected;
    }
    require(!batch->end || batch->quality[0].rows_in == batch->quality[0].rows_kept + rejected);
    require(!batch->end || batch->error.n > 0 || batch->quality[0].rows_kept == seen->rows);
    return SY_OK;
}

static void feed(struct ingest *in, const uint8_t *data, size_t size, size_t step)
{
    for (size_t at = 0; at < size; at += step) {
        size_t n = step < size - at ? step : size - at;
        if (!sy_ok(ingest_feed(in, sy_view(data + at, n)))) {
            return;
        }
    }
    (void)!sy_ok(ingest_finish(in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First byte: bit 0 the encoding, the rest the length of a piece. The file is what follows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sy_dataset_def def = {.encoding = STR("utf-8"),
                                 .fields = fields,
                                 .id = STR("fuzz"),
                                 .n_fields = sizeof(fields) / sizeof(fields[0]),
                                 .max_rows = 1000};
    struct seen seen = {.message = sy_buf(SY_JOB_MESSAGE_MAX)};
    struct ingest *in = NULL;
    if (size == 0) {
        return 0;
    }
    require(sy_ok(ingest_text_prepare()));
    if ((data[0] & 1) != 0) {
        def.encoding = sy_view_str("gb18030");
    }
    require(sy_ok(ingest_new(&def, sink, &seen, &in, NULL)));
    feed(in, data + 1, size - 1, 1 + (data[0] >> 1));
    require(sy_ok(ingest_send_end(in, ingest_error(in))));
    ingest_free(in);
    sy_buf_deinit(&seen.message);
    return 0;
}
