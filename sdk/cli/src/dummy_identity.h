/*
 * Dummy identifiers that name nobody: raw cells of columns that hold identity numbers, telephone
 * numbers or addresses (wire/identity.h), made so that ingest accepts them and finds in them what the
 * catalogue derives of them. Sequence numbers start at 000, which no office gives out.
 * Threads: pure. Allocates: into the caller's buffer only.
 */
#ifndef CLI_DUMMY_IDENTITY_H
#define CLI_DUMMY_IDENTITY_H

#include "base/buf.h"
#include "wire/identity.h"

struct dummy_catalogue {
    const struct sy_dataset_def *const *defs;
    size_t n_defs;
};

/* What the column of the raw file must look like: the class of the fields that are made of it, in this
 * dataset; SY_KLASS_OTHER for every other column. */
enum sy_klass dummy_identity_klass(const struct sy_dataset_def *def, struct sy_view column);

/* Write the cell of person `who` (any number; the same person has the same identifier in every
 * table, different persons different numbers as far as the declared values reach) in quotes.
 * SY_E_NO_MEMORY, SY_E_LIMIT: of the buffer. */
SY_MUST sy_status dummy_identity_put(const struct dummy_catalogue *catalogue, enum sy_klass klass,
                                     uint64_t who, struct sy_buf *out);

#endif
