/*
 * A raw CSV file, piece by piece, -> batches of checked, typed columns and a quality report.
 *
 *   file      RFC 4180: comma, quotes doubled inside quotes, LF, CRLF or CR; empty lines are
 *             skipped; blanks around a cell, outside its quotes, do not count. UTF-8 (with or
 *             without a byte order mark) or GB18030, as the catalogue entry says.
 *   header    the first row. Each field's column is found by its `source`, else its name, those of a
 *             composite key by `sources`; other columns are ignored, whatever is in them.
 *   cells     ingest_value.h. NULL = empty. What breaks a rule becomes NULL in a nullable field
 *             (`nulled`), else the row is rejected; text that is not valid in the file's encoding, or
 *             a row with more or fewer cells than the header, always rejects the row.
 *   caps      a row that would be one too many for a unit in a field with `rows` is rejected
 *             ("unit-rows"): the first in the file stay.
 *   refused   the whole file, SY_E_DATA: no header, a column missing or there twice, broken quoting,
 *             a cell above INGEST_CELL_BYTES, too many labels, more rows kept than max_rows.
 *
 * Neither errors nor reports hold a value. Memory: constant, but for the dictionaries of text
 * fields and for the counts of capped units (16 to 43 bytes a unit).
 * Runs in: the sealed worker. Trusts: the catalogue entry (decoded, but checked here for what this
 * code relies on), nothing of the file. Threads: one owner.
 */
#ifndef WORKER_INGEST_CSV_H
#define WORKER_INGEST_CSV_H

#include "wire/job.h"

enum { INGEST_CELL_BYTES = 1 << 20, INGEST_HEADER_MAX = 16384 };

struct ingest;

/* Takes one message; borrowed during the call. Any status but OK stops the ingest. */
typedef sy_status ingest_sink_fn(void *ctx, const struct sy_ingest_batch *batch);

/* Start on a file. `def` is borrowed until ingest_free. SY_E_FIELD (reterr: which) when the
 * catalogue entry cannot be ingested; SY_E_STATE: GB18030 and not ingest_text_prepare()d;
 * SY_E_NO_MEMORY. */
SY_MUST sy_status ingest_new(const struct sy_dataset_def *def, ingest_sink_fn *sink, void *ctx,
                             struct ingest **ret, struct sy_error *reterr);
/* NULL-safe. */
void ingest_free(struct ingest *in);

/* The next raw bytes, cut anywhere. Batches go to the sink. The first error sticks: SY_E_DATA, what
 * the sink said, SY_E_NO_MEMORY. */
SY_MUST sy_status ingest_feed(struct ingest *in, struct sy_view raw);

/* The file ended: the last rows go to the sink. Errors as ingest_feed. */
SY_MUST sy_status ingest_finish(struct ingest *in);

/* Why it failed; code 0 when it did not. */
const struct sy_error *ingest_error(const struct ingest *in);

/* Give the sink the end message: quality figures, and `error` (NULL or code 0: none). */
SY_MUST sy_status ingest_send_end(struct ingest *in, const struct sy_error *error);

#endif
