/*
 * Jobs: the messages between the warden and one sealed worker, over the job's own stream socket.
 * Every message is a 4-byte little-endian length and one canonical record; descriptors ride on the
 * first byte of the message that names them (base/fdio.h). The warden speaks first.
 *
 *   kind 'l' lower:   warden -> sy_lower_job; worker -> sy_lower_result
 *   kind 'r' run:     warden -> sy_run_job + one memfd per column (in order); worker -> sy_run_result
 *   kind 'i' ingest:  warden -> sy_ingest_job + the raw file's descriptor;
 *                     worker -> sy_ingest_batch, as many as it takes; the last has `end` set. Flow
 *                     control is the socket's.
 *   kind 'e' exposure: in wire/exposure.h
 *
 * A worker's message is untrusted: BOUNDARY checks are in enclave/warden and policies/rules.
 *
 * Column memfd layout (little-endian, sealed read-only; n = rows): values at 0 (width x n bytes),
 * then, when nulls, at align64(width x n) a bitmap of (n + 7) / 8 bytes with bit = 1 for NULL
 * (a NULL's value bytes are 0). Types and widths: int32 4, int64 8, decimal 8, date 4, bool 1,
 * enum 1, 2 or 4 (smallest that holds the declared set), text 4, unit 4 (dense code; NULL: bit set).
 * key (per-unit selection key) 8, indexed by unit code.
 */
#ifndef WIRE_JOB_H
#define WIRE_JOB_H

#include "wire/catalog.h"
#include "wire/methods.h"
#include "wire/pack.h"
#include "wire/plan.h"

/* Kinds of jobs, as the zygote is asked for them. */
enum { SY_JOB_LOWER = 'l', SY_JOB_RUN = 'r', SY_JOB_INGEST = 'i' };

/* A worker's address space: its job's memory, and more for code, stacks and mapped columns. */
enum { SY_JOB_SLACK_MIB = 2048 };

enum { SY_MORSEL_ROWS = 122880, SY_CHUNK_BYTES = 1 << 20, SY_JOB_MESSAGE_MAX = 64 << 20 };

/* lower: the model and the catalogue entries it may bind to. Present are the granted fields, and behind
 * them the other unit columns, whose units own the rows all the same: of datasets[i] the first granted[i]
 * fields may be read (all, when the list is empty). */
#define SY_LOWER_JOB_FIELDS(F, S, L)                                                               \
    L(dataset_def, datasets, "datasets", 0)                                                        \
    F(u64s, granted, "granted", SY_OPT)                                                            \
    S(model_def, model, "model", 0)                                                                \
    F(bins, defs, "x_defs", 0)
SY_RECORD(lower_job, SY_LOWER_JOB_FIELDS)
/* defs[i]: the 32-byte digest of datasets[i]'s full catalogue entry, copied into the plan. */
#define SY_LOWER_RESULT_FIELDS(F, S, L)                                                            \
    F(str, block, "block", SY_OPT)                                                                 \
    F(str, code, "code", SY_OPT)                                                                   \
    F(str, construct, "construct", SY_OPT)                                                         \
    F(str, hint, "hint", SY_OPT)                                                                   \
    F(bin, plan, "plan", SY_OPT)                                                                   \
    F(u64, pos, "pos", SY_OPT)                                                                     \
    F(str, reason, "reason", SY_OPT)
SY_RECORD(lower_result, SY_LOWER_RESULT_FIELDS)
/* refusal: the block ("" = none, "post" = the post stage), code name, the construct, its byte position
 * in that SQL (from 0), why, what to write instead. */

/* One column of a run. scan = ordinal of the scan relation in plan.rels; a "key" column holds the
 * selection keys of the units of namespace `ns` and has field "" (one for each namespace that a
 * limited block, or one that counts distinct values, protects, or whose units such a block counts); a
 * "record" column likewise the permanent record keys, 8 bytes each (one for each namespace that a
 * cellkey block protects). dict: text labels by code, for text fields. */
#define SY_RUN_COLUMN_FIELDS(F, S, L)                                                              \
    F(strs, dict, "dict", SY_OPT)                                                                  \
    F(str, field, "field", SY_OPT)                                                                 \
    F(str, ns, "ns", SY_OPT)                                                                       \
    F(bool, nulls, "nulls", SY_OPT)                                                                \
    F(u64, rows, "rows", SY_OPT)                                                                   \
    F(u64, scan, "scan", SY_OPT)                                                                   \
    F(str, type, "type", 0)                                                                        \
    F(u64, width, "width", 0)
SY_RECORD(run_column, SY_RUN_COLUMN_FIELDS)
/* What withholding in cellkey blocks depends on, of the pack's sy_pack_cellkey: no noise, no key. */
#define SY_RUN_CELLKEY_FIELDS(F, S, L)                                                             \
    F(u64, nk_n, "nk_n", SY_OPT)                                                                   \
    F(u64, nk_permille, "nk_permille", SY_OPT)                                                     \
    F(u64, p_permille, "p_permille", SY_OPT)                                                       \
    F(u64, protect, "protect", SY_OPT)                                                             \
    F(u64, units_min, "units_min", SY_OPT)
SY_RECORD(run_cellkey, SY_RUN_CELLKEY_FIELDS)
#define SY_RUN_JOB_FIELDS(F, S, L)                                                                 \
    F(strs, asserted, "asserted", SY_OPT)                                                          \
    S(run_cellkey, cellkey, "cellkey", SY_OPT)                                                     \
    F(u64, cells_max, "cells_max", 0)                                                              \
    L(run_column, columns, "columns", 0)                                                           \
    L(dataset_def, datasets, "datasets", 0)                                                        \
    F(u64, memory_mib, "memory_mib", 0)                                                            \
    F(u64s, params, "params", SY_OPT)                                                              \
    S(plan, plan, "plan", 0)                                                                       \
    F(u64, subject, "subject", SY_OPT)                                                             \
    F(u64, threads, "threads", 0)                                                                  \
    F(u64s, without, "without", SY_OPT)
SY_RECORD(run_job, SY_RUN_JOB_FIELDS)
/* subject: of a plan with subject blocks, 1 + the code of the one unit whose rows count (0: none);
 * asserted: texts of its asserted parameters, in the order of plan.params. without: for each block, 1 + the code of the
 * one unit whose rows do not count in it (0: all count); no list: all count everywhere. */
/* One non-empty cell. key[i]: position of the label (labels' count = the NULL cell) for declared
 * keys; for open keys position in the column's dict, dict's count = NULL. units: distinct units.
 * cellkey blocks only: ck = sum of the record keys of its units modulo 2^64; tops: for each figure its two
 * largest contributions of one unit, largest first. tree blocks have the exact leaves only. */
#define SY_RUN_CELL_FIELDS(F, S, L)                                                                \
    F(u64, ck, "ck", SY_OPT)                                                                       \
    F(i64s, figures, "f", SY_OPT)                                                                  \
    F(u64s, key, "k", SY_OPT)                                                                      \
    F(i64s, tops, "t", SY_OPT)                                                                     \
    F(u64, units, "u", SY_OPT)
SY_RECORD(run_cell, SY_RUN_CELL_FIELDS)
/* How a withheld cell at ordinal p stays hidden from all margins: together with the cell at q it spans a
 * box (the cells that have in each key p's or q's position), and all cells of the box are withheld. The
 * warden checks it. p and q are cell ordinals (mixed radix). */
#define SY_RUN_BOX_FIELDS(F, S, L)                                                                 \
    F(u64, p, "p", SY_OPT)                                                                         \
    F(u64, q, "q", SY_OPT)
SY_RECORD(run_box, SY_RUN_BOX_FIELDS)
#define SY_RUN_BLOCK_FIELDS(F, S, L)                                                               \
    L(run_box, boxes, "b", SY_OPT)                                                                 \
    L(run_cell, cells, "c", SY_OPT)
SY_RECORD(run_block, SY_RUN_BLOCK_FIELDS)
/* ok false: any failure; no message ever leaves the worker. */
#define SY_RUN_RESULT_FIELDS(F, S, L)                                                              \
    L(run_block, blocks, "blocks", SY_OPT)                                                         \
    F(bool, ok, "ok", SY_OPT)
SY_RECORD(run_result, SY_RUN_RESULT_FIELDS)
/* Memory that the largest result takes once it is decoded, with room to spare: a ceiling for arenas. */
enum { SY_RESULT_BYTES = 512 << 20 };

/* ingest: rows of the raw file, checked and typed, in batches of at most SY_MORSEL_ROWS rows.
 * Columns in the order of def.fields: `data` holds width x rows bytes as in the memfd layout, `nulls`
 * the bitmap or nothing. unit columns come as `ids`: the normalised identifiers (1..64 bytes each,
 * empty = NULL) as u8 length + bytes, since only the vault can code them. text columns come coded
 * over a growing dictionary: `dict` has the labels that are new in this batch, in code order. */
#define SY_INGEST_JOB_FIELDS(F, S, L) S(dataset_def, def, "def", 0)
SY_RECORD(ingest_job, SY_INGEST_JOB_FIELDS)
#define SY_INGEST_COLUMN_FIELDS(F, S, L)                                                           \
    F(bin, data, "data", SY_OPT)                                                                   \
    F(strs, dict, "dict", SY_OPT)                                                                  \
    F(bin, ids, "ids", SY_OPT)                                                                     \
    F(bin, nulls, "nulls", SY_OPT)                                                                 \
    F(u64, width, "width", 0)
SY_RECORD(ingest_column, SY_INGEST_COLUMN_FIELDS)
/* end: the last message: no columns, the quality figures, error "" or a code name (+ field, reason
 * without any value). bytes: read so far, for progress. */
#define SY_INGEST_BATCH_FIELDS(F, S, L)                                                            \
    F(u64, bytes, "bytes", SY_OPT)                                                                 \
    L(ingest_column, columns, "columns", SY_OPT)                                                   \
    F(bool, end, "end", SY_OPT)                                                                    \
    F(str, error, "error", SY_OPT)                                                                 \
    F(str, field, "field", SY_OPT)                                                                 \
    L(quality, quality, "quality", SY_OPT)                                                         \
    F(str, reason, "reason", SY_OPT)                                                               \
    F(u64, rows, "rows", SY_OPT)
SY_RECORD(ingest_batch, SY_INGEST_BATCH_FIELDS)

#endif
