/*
 * Dummy data: tables made from catalogue entries alone, so that a developer can try a model before
 * applying. Nothing of any real table is in them; each file is labelled as synthetic by its name,
 * DATASET.dummy.csv, and its units by theirs, DUMMY00000001.
 *
 *   rows        exactly dummy_rows; fewer where a key has not so many values
 *   units       one pool a namespace. One dataset of the namespace is its registry, whatever the order of
 *               `defs`: of those whose max_rows can hold all `units`, the one with the fewest max_rows, then
 *               with the most dummy_rows. It makes the pool, a unit a row (at most its `units`), and every
 *               unit occurs in it. The others draw from the pool, a few units often and many seldom, so
 *               joins find partners. Where a unit may have `rows` rows at most it has so many, and rows
 *               beyond the pool's are about units that the registry does not list. A composite unit has
 *               its identifier in each of its columns
 *   numbers     within [lo, hi], both ends included; decimals gather around the middle. Undeclared
 *               bounds: 0 to 9,999, dates 2000-01-01 to 2024-12-31
 *   enum        from the declared values, the first ones more often; every value can occur
 *   keys        integers, dates and declared values that are keys: all different, as far as they go
 *   text        one of a dozen made-up labels
 *   identity and telephone numbers, addresses: valid, of nobody (dummy_identity.h)
 *   keys        (`rows` 1 of a field that is no unit) ascending, no value twice, never NULL
 *   NULL        about 5 % of a nullable field, never a unit
 *   columns     named as in the raw file; where two fields share one, it suits the first of them
 *
 * The same entries and seed give the same bytes, on every machine; a dataset's rows do not depend on
 * which others are written with it, its namespace's registry apart.
 * The files are UTF-8, whatever encoding the entry declares: ingest them with it set to utf-8.
 * Threads: no shared state. Allocates. Blocks: on the disk.
 */
#ifndef CLI_DUMMY_H
#define CLI_DUMMY_H

#include "wire/catalog.h"

/* Write one file for each of defs[n_defs] into the existing folder out_dir, replacing what is there.
 * SY_E_FIELD (field: the dataset or field): a dataset id that cannot be a file name, or a field that
 * no value fits (unknown type, lo > hi, enum without values). SY_E_IO, SY_E_NO_SPACE, SY_E_NOT_FOUND
 * (no such folder), SY_E_NO_MEMORY: files written before it stay. */
SY_MUST sy_status cli_dummy_write(const struct sy_dataset_def *const *defs, size_t n_defs,
                                  uint64_t seed, const char *out_dir, struct sy_error *reterr);

#endif
