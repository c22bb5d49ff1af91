/*
 * Catalogue records: a dataset's definition. Everything the checks rely on (types, bounds, value
 * sets, units, grades) comes from here, never from the data (DESIGN section 4.2).
 */
#ifndef WIRE_CATALOG_H
#define WIRE_CATALOG_H

#include "wire/schema.h"

enum { SY_LABEL_BYTES_MAX = 256 }; /* of a text: plain UTF-8, not empty */

/* A field. `type`:
 *   int32 int64   integers within [lo, hi]
 *   decimal       value x 10^scale as int64 within [lo, hi] (also scaled)
 *   date          days since 1970-01-01 within [lo, hi]
 *   bool          0 or 1
 *   enum          one of `values` (declared value set; stored as its position)
 *   text          undeclared dictionary string; may be a group key only through noisy thresholds
 *   unit          identifier of a unit of namespace `ref`, stored as a namespace-wide dense code. Every
 *                 unit column of a protected dataset owns the row: the birth of a child is a row about
 *                 the child and about the mother. rows: most rows of a version that one unit may have
 *                 in this column (0: no cap). Ingest enforces it, as it enforces bounds: it is a public
 *                 constraint of the data, and a column without a cap can only be the unit that a model
 *                 bounds by, so at most one column, the dataset's `unit`, may be without
 *                 On any other field rows is 0 or 1: 1 declares a key, no value in two rows (a code table's
 *                 code), so that a join on it multiplies nothing
 * grade: 1..4 (g1..g4). source: name of the column in the raw file ("" = name). sources: of a unit,
 * two or more columns that together name it (a composite key; `source` is then "").
 * grain: any so many neighbouring values (days of a date, labels of an enum) hold at least the pack's
 * units_min units, by public knowledge; 0: not known (enum, bool: 1). The guard against differencing
 * refuses g2 questions that differ by less (docs/privacy/cellkey.md).
 * klass: what kind of thing the column holds; derive: what is stored of `source` instead of it (both:
 * wire/identity.h). */
#define SY_FIELD_DEF_FIELDS(F, S, L)                                                               \
    F(str, derive, "derive", SY_OPT)                                                               \
    F(u64, grade, "grade", 0)                                                                      \
    F(u64, grain, "grain", SY_OPT)                                                                 \
    F(i64, hi, "hi", SY_OPT)                                                                       \
    F(str, klass, "klass", SY_OPT)                                                                 \
    F(i64, lo, "lo", SY_OPT)                                                                       \
    F(str, measure, "measure", SY_OPT)                                                             \
    F(str, name, "name", 0)                                                                        \
    F(bool, nullable, "nullable", SY_OPT)                                                          \
    F(str, ref, "ref", SY_OPT)                                                                     \
    F(u64, rows, "rows", SY_OPT)                                                                   \
    F(u64, scale, "scale", SY_OPT)                                                                 \
    F(str, source, "source", SY_OPT)                                                               \
    F(strs, sources, "sources", SY_OPT)                                                            \
    F(str, title, "title", SY_OPT)                                                                 \
    F(str, type, "type", 0)                                                                        \
    F(strs, values, "values", SY_OPT)
SY_RECORD(field_def, SY_FIELD_DEF_FIELDS)

/* A dataset. ns/unit: unit namespace and the field that names the unit; both "" for unprotected
 * (g1) data. max_rows bounds every version and sizes every sum. custodian: the party that holds
 * the second key share (wire/custody.h). encoding of the raw file: utf-8 | gb18030. dummy_rows: rows that dummy data
 * must have. turnover: at least so many units come, leave or change between one version and the next, by
 * public knowledge; 0: not known, and then no two versions are asked about by cell keys
 * (docs/privacy/cellkey.md). units: most units that the dataset's namespace may hold (0: not declared);
 * a version is not published when it holds more. Sizes dummy data, and what can occur in an answer. */
#define SY_DATASET_DEF_FIELDS(F, S, L)                                                             \
    F(str, custodian, "custodian", SY_OPT)                                                         \
    F(str, department, "department", 0)                                                            \
    F(u64, dummy_rows, "dummy_rows", SY_OPT)                                                       \
    F(str, encoding, "encoding", 0)                                                                \
    L(field_def, fields, "fields", 0)                                                              \
    F(str, id, "id", 0)                                                                            \
    F(str, lawful_basis, "lawful_basis", SY_OPT)                                                   \
    F(u64, max_rows, "max_rows", 0)                                                                \
    F(u64, membership, "membership", 0)                                                            \
    F(str, ns, "ns", SY_OPT)                                                                       \
    F(str, title, "title", 0)                                                                      \
    F(u64, turnover, "turnover", SY_OPT)                                                           \
    F(str, unit, "unit", SY_OPT)                                                                   \
    F(u64, units, "units", SY_OPT)                                                                 \
    F(str, update_cycle, "update_cycle", SY_OPT)
SY_RECORD(dataset_def, SY_DATASET_DEF_FIELDS)

/* One column of a published version, as its header binds it. min/max are encrypted in the file. */
#define SY_COLUMN_VERSION_FIELDS(F, S, L)                                                          \
    F(u64, bytes, "bytes", 0)                                                                      \
    F(u64, chunks, "chunks", 0)                                                                    \
    F(b32, header, "header", 0)                                                                    \
    F(str, name, "name", 0)                                                                        \
    F(u64, nulls, "nulls", SY_OPT)
SY_RECORD(column_version, SY_COLUMN_VERSION_FIELDS)

/* A published version. version counts from 1. header: digest over all columns' headers, rows and
 * the wrapped key; report: commitment to the sealed quality report. */
#define SY_DATASET_VERSION_FIELDS(F, S, L)                                                         \
    F(b16, attempt, "attempt", 0)                                                                  \
    L(column_version, columns, "columns", 0)                                                       \
    F(str, dataset, "dataset", 0)                                                                  \
    F(b32, def, "def", 0)                                                                          \
    F(b32, header, "header", 0)                                                                    \
    F(b32, report, "report", 0)                                                                    \
    F(u64, rows, "rows", SY_OPT)                                                                   \
    F(u64, suite, "suite", 0)                                                                      \
    F(u64, version, "version", 0)
SY_RECORD(dataset_version, SY_DATASET_VERSION_FIELDS)

/* A quality report, sealed to the department: rule -> count, never a value. */
#define SY_QUALITY_RULE_FIELDS(F, S, L)                                                            \
    F(u64, coerced, "coerced", SY_OPT)                                                             \
    F(str, field, "field", SY_OPT)                                                                 \
    F(u64, nulled, "nulled", SY_OPT)                                                               \
    F(u64, rejected, "rejected", SY_OPT)                                                           \
    F(str, rule, "rule", 0)
SY_RECORD(quality_rule, SY_QUALITY_RULE_FIELDS)

#define SY_QUALITY_FIELDS(F, S, L)                                                                 \
    F(u64, bytes, "bytes", SY_OPT)                                                                 \
    F(str, dataset, "dataset", 0)                                                                  \
    F(u64, rows_in, "rows_in", SY_OPT)                                                             \
    F(u64, rows_kept, "rows_kept", SY_OPT)                                                         \
    L(quality_rule, rules, "rules", SY_OPT)                                                        \
    F(u64, units, "units", SY_OPT)
SY_RECORD(quality, SY_QUALITY_FIELDS)

#endif
