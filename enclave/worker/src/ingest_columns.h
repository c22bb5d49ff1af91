/*
 * The batch under construction: typed columns in catalogue order, in the layout of sy_ingest_batch.
 * One row at a time: each field is set to a value or to NULL, then the row is kept or dropped.
 *
 * Memory: a batch holds at most SY_MORSEL_ROWS rows and about INGEST_BATCH_BYTES, so that its
 * message stays far below SY_JOB_MESSAGE_MAX, however wide the table; text dictionaries stay for the
 * whole file (ingest_dict.h has their ceiling).
 * Threads: one owner.
 */
#ifndef WORKER_INGEST_COLUMNS_H
#define WORKER_INGEST_COLUMNS_H

#include "ingest_value.h"
#include "wire/job.h"

enum { INGEST_BATCH_BYTES = 16 << 20, INGEST_FIELDS_MAX = 1024 };

struct ingest_column {
    struct ingest_spec spec;
    size_t width;   /* bytes of a value */
    uint8_t *data;  /* width x cap_rows; NULL for units */
    uint8_t *nulls; /* bitmap of cap_rows */
    bool any_null;
    struct sy_buf ids;       /* units: u8 length + bytes of each row */
    struct ingest_dict dict; /* text */
    struct sy_view *labels;  /* room for the new labels of a batch */
    size_t ids_mark;         /* ids.n before the current row */
    size_t dict_mark;        /* dict.n before the current row */
    size_t dict_sent;        /* labels that left with earlier batches */
};

struct ingest_columns {
    struct ingest_column *all;
    struct sy_ingest_column *wire; /* as the message shows them */
    size_t n, rows, cap_rows;
};

/* SY_E_FIELD (reterr names the field) when the catalogue entry cannot be ingested; SY_E_NO_MEMORY.
 * On error nothing is owned. The caller owns *ret (ingest_columns_deinit). */
SY_MUST sy_status ingest_columns_init(struct ingest_columns *ret, const struct sy_dataset_def *def,
                                      struct sy_error *reterr);
void ingest_columns_deinit(struct ingest_columns *c);

/* Field i of the current row. Each field must be set once a kept row. SY_E_LIMIT: the dictionary is
 * full. SY_E_NO_MEMORY. */
SY_MUST sy_status ingest_columns_set(struct ingest_columns *c, size_t i,
                                     const struct ingest_value *value);
SY_MUST sy_status ingest_columns_set_null(struct ingest_columns *c, size_t i);

/* What the current row has in field i, already set: the identifier of a unit, else the value's bytes as
 * they are stored; empty: NULL. */
struct sy_view ingest_columns_value(const struct ingest_columns *c, size_t i);

/* The current row is complete / leaves no trace. */
void ingest_columns_keep(struct ingest_columns *c);
void ingest_columns_drop(struct ingest_columns *c);

/* Must the batch go out before the next row? */
bool ingest_columns_full(const struct ingest_columns *c);

/* Fill ret->columns and ret->rows; borrowed until the next call on c. */
void ingest_columns_show(struct ingest_columns *c, struct sy_ingest_batch *ret);

/* The batch went out: start the next one. */
void ingest_columns_clear(struct ingest_columns *c);

#endif
