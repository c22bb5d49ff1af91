/*
 * For the tests of ingest: run a file given as text through the parser in steps of any size, keep
 * the messages as the warden would see them (encoded and decoded again), and look into them by
 * column and row over all batches.
 */
#ifndef WORKER_TEST_INGEST_H
#define WORKER_TEST_INGEST_H

#include "check.h"

#include "ingest_csv.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))
#define STR(s)                                                                                     \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }
#define TEXT_OF(s) sy_view((s), sizeof(s) - 1) /* with NUL bytes inside */

enum { RUN_BATCHES_MAX = 64 };

struct run {
    struct sy_arena arena;
    struct sy_ingest_batch batches[RUN_BATCHES_MAX];
    size_t n_batches;
    struct sy_ingest_batch end; /* .end false until it came */
    sy_status status;           /* of feed and finish */
    size_t largest;             /* message, bytes */
};

/* A sink for ingest_new; ctx is a struct run. */
sy_status run_sink(void *ctx, const struct sy_ingest_batch *batch);

/* The whole file in steps of `step` bytes (0 = at once). Asserts that the entry is usable and that
 * the end message came. Free with run_free. */
void run_file(struct run *r, const struct sy_dataset_def *def, struct sy_view file, size_t step);
void run_free(struct run *r);
#define RUN_CLEANUP __attribute__((cleanup(run_free)))

/* Over all batches. */
size_t run_rows(const struct run *r);
int64_t run_number(const struct run *r, size_t column, size_t row);
bool run_null(const struct run *r, size_t column, size_t row);
struct sy_view run_id(const struct run *r, size_t column, size_t row);
struct sy_view run_text(const struct run *r, size_t column, size_t row);

/* Figures of the report; zeros when the rule does not appear. */
struct sy_quality_rule run_count(const struct run *r, const char *field, const char *rule);

/* The end message: no error and these rows, or this error in this field. */
void run_expect_rows(const struct run *r, uint64_t rows_in, uint64_t rows_kept);
void run_expect_error(const struct run *r, const char *code, const char *field);

/* A dataset "t" of these fields, utf-8, max_rows 1,000,000. */
struct sy_dataset_def def_of(struct sy_field_def *fields, size_t n);

#endif
