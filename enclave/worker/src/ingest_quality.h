/*
 * The quality report in the making: how often which rule applied to which field. Counts only; no
 * value ever comes near it. What happens to a row is noted while its cells are read and counts once
 * it is known whether the row stays: of a kept row, what was made NULL or coerced; of a rejected row,
 * the one rule that rejected it, so that rows_in = rows_kept + the sum of `rejected`.
 * Threads: one owner.
 */
#ifndef WORKER_INGEST_QUALITY_H
#define WORKER_INGEST_QUALITY_H

#include "base/arena.h"
#include "ingest_value.h"

struct ingest_count {
    uint64_t coerced, nulled, rejected;
};

/* Something that happened to a cell of the current row. */
struct ingest_note {
    uint32_t field;
    enum ingest_rule rule;
};

struct ingest_quality {
    struct ingest_count *counts; /* [field][rule]; one more "field" for rules of whole rows */
    struct ingest_note *notes;   /* at most one a field */
    size_t n_fields, n_notes;
    uint64_t rows_in, rows_kept;
};

SY_MUST sy_status ingest_quality_init(struct ingest_quality *q, size_t n_fields);
void ingest_quality_deinit(struct ingest_quality *q);

/* A cell of the current row became NULL or was coerced. */
static inline void ingest_quality_note(struct ingest_quality *q, size_t field,
                                       enum ingest_rule rule)
{
    q->notes[q->n_notes++] = (struct ingest_note){(uint32_t)field, rule};
}

/* The current row stays / is rejected by a rule of this field (n_fields: of the whole row). */
void ingest_quality_keep(struct ingest_quality *q);
void ingest_quality_reject(struct ingest_quality *q, size_t field, enum ingest_rule rule);

/* The report: rules that applied at least once, in catalogue order. Lists live in the arena; names
 * are borrowed from `def`. SY_E_NO_MEMORY. */
SY_MUST sy_status ingest_quality_report(const struct ingest_quality *q,
                                        const struct sy_dataset_def *def, struct sy_arena *arena,
                                        struct sy_quality *ret);

#endif
