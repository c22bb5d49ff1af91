/*
 * Inside the DuckDB engine: engine_duckdb.c (database, settings, parsing, running), engine_feed.c
 * (columns into vectors), engine_expr.c, engine_label.c, engine_rel.c, engine_window.c (plan -> SQL),
 * engine_block.c (bounding SQL), engine_distinct.c (of different values), engine_result.c (rows -> cells).
 */
#ifndef WORKER_ENGINE_INTERNAL_H
#define WORKER_ENGINE_INTERNAL_H

#include "duckdb_api.h"
#include "engine.h"

struct engine {
    duckdb_database db;
    duckdb_connection con;
    const struct engine_job *job; /* while running */
    const struct engine_column
        *key; /* keys of the block's units: record keys in a cellkey block, else
                                      * selection keys */
};

/* Register the table function sy_scan(rel) and the scalar functions sy_rank, sy_mix,
 * sy_label, sy_record. */
SY_MUST sy_status engine_feed_register(struct engine *e);

/* The job's column of a scan and field, or NULL. `ret_i` (may be NULL): its position. */
const struct engine_column *engine_find_column(const struct engine_job *job, uint64_t scan,
                                               struct sy_view field, size_t *ret_i);

/* The column that an open text is a copy of, or NULL. */
const struct engine_column *engine_text_column(const struct engine_job *job,
                                               const struct sy_type *t, size_t *ret_i);

/* --- SQL under construction -------------------------------------------------------------------------- */

/* Text of one statement; the first error sticks in st. */
struct sql {
    const struct engine_job *job;
    struct sy_buf buf;
    sy_status st;
    bool shared[SY_PLAN_RELS_MAX]; /* relations that the statement reads more than once */
};

void sql_put(struct sql *s, const char *fmt, ...) SY_PRINTF(2, 3);

/* A list of expressions over the columns of one relation, or of a join's two. */
struct sql_scope {
    const struct sy_plan_expr *exprs;
    const struct sy_type *types;
    size_t
        n_left; /* columns from here on belong to `r`, earlier ones to `l`; SIZE_MAX: no aliases */
};

void sql_expr(struct sql *s, const struct sql_scope *scope, size_t i);

/* The scope of a relation's expressions. */
struct sql_scope sql_scope_of(const struct sql *s, size_t rel);

/* "WITH ... " for relations that the block reads more than once; then sql_rel for its relation. */
void sql_with(struct sql *s, const struct sy_plan_block *b);
void sql_rel(struct sql *s, size_t rel);
/* The SELECT of a reduce or of a window; in engine_window.c. */
void sql_reduce(struct sql *s, size_t rel);
void sql_window(struct sql *s, size_t rel);

/* --- expressions and labels --------------------------------------------------------------------------- */

/* One expression in its list. */
struct sql_at {
    struct sql *s;
    const struct sql_scope *scope;
    size_t i;
    size_t depth;
};

const struct sy_plan_expr *sql_at_expr(const struct sql_at *a);
const struct sy_type *sql_at_type(const struct sql_at *a, size_t arg);
/* Expression i of the same list, one level deeper; argument number arg. */
void sql_put_expr(const struct sql_at *from, size_t i);
void sql_put_arg(const struct sql_at *a, size_t arg);

/* The text of a literal or of a parameter's value of this run; false for anything else. */
bool sql_literal_text(const struct sql_at *a, size_t i, struct sy_view *ret);

/* The text that the request asserts for parameter p, or {NULL, 0} when its value is chosen from the
 * declared ones. */
struct sy_view engine_asserted(const struct sy_run_job *job, size_t p);

/* Open "[code, ...][" when codes of `from` are not those of `to`; the caller puts a code of `from`, and
 * sql_map_close. False: nothing was put, the codes agree. */
bool sql_map_open(struct sql *s, const struct sy_type *from, const struct sy_type *to);
void sql_map_close(struct sql *s);

/* Expression i as an ordinal among the labels of `to`. */
void sql_put_label(const struct sql_at *a, size_t i, const struct sy_type *to);
/* lt, le, gt, ge of labels; `op` in SQL. */
void sql_put_label_order(const struct sql_at *a, const char *op);
void sql_put_like(const struct sql_at *a);
void sql_put_prefix(const struct sql_at *a);

/* Does text match a pattern of LIKE: % any characters, _ one character, no escapes. */
bool sql_like(struct sy_view text, struct sy_view pattern);

/* --- blocks ------------------------------------------------------------------------------------------- */

/* How a block's statement looks, from plan and types alone. */
struct sql_shape {
    const struct sy_plan_block *b;
    const struct sy_block_types *t;
    struct sql_scope scope;
    bool exact;       /* no unit */
    bool cellkey;     /* figures come with cell keys and largest contributions */
    bool subject;     /* about one unit, the job's `subject`, which is in one cell at most */
    uint64_t without; /* 1 + code of the unit whose rows do not count; 0: all do */
    bool limited;     /* a unit may have more cells than it may keep */
    bool
        apart; /* with an open key each is a column of its own; else they make one, the cell's ordinal */
    bool distinct; /* some figure counts different values, of units */
    bool worlds;   /* a first column says which world */
    size_t n_key_columns;
};

struct sql_shape sql_shape_of(const struct engine_job *job, size_t block);

/* A whole block as one statement. Columns: the world as BIGINT (worlds only), keys as BIGINT, units as
 * BIGINT (0 without a unit), figures as HUGEINT, and what sql_cellkey puts. */
void sql_block(struct sql *s, size_t block);

/* Pieces of it: the contributing rows, with keys k0.., arguments x0.. and the unit u; names of the key
 * columns, each behind `of`; what ranks a cell; the world of u, "" when there is one only. */
void sql_rows(struct sql *s, const struct sql_shape *h);
void sql_key_names(struct sql *s, const struct sql_shape *h, const char *of);
void sql_cell_hash(struct sql *s, const struct sql_shape *h);
void sql_world(struct sql *s, const struct sql_shape *h);

/* Different values: what stands before and behind the statement of a block with such figures; in
 * engine_distinct.c. */
bool sql_is_distinct(const struct sy_plan_figure *f);
void sql_distinct_open(struct sql *s, const struct sql_shape *h);
void sql_distinct_close(struct sql *s, const struct sql_shape *h);
/* Are all selection keys there that the choice of values needs? own: those of the block's units, or NULL. */
bool engine_distinct_ready(const struct engine_job *job, const struct sql_shape *h,
                           const struct engine_column *own);
/* Selection keys of the units that distinct figure i counts; NULL: none. *ret_i: their column. */
const struct engine_column *engine_values_key(const struct engine_job *job,
                                              const struct sql_shape *h, size_t i, size_t *ret_i);

/* What one unit of a cell adds to figure i, after bounding. Not of distinct figures. */
void sql_contribution(struct sql *s, const struct sql_shape *h, size_t i);

/* Of a cellkey block, the sum of the cell's record keys, and for each figure its two largest
 * contributions, as HUGEINT; in engine_cellkey.c, like their reading. */
void sql_cellkey(struct sql *s, const struct sql_shape *h);

/* Set ck and tops of *ret from the row's columns from `at` on. False: a number does not fit. */
bool engine_cellkey_read(duckdb_data_chunk chunk, size_t at, idx_t row, struct sy_run_cell *ret);

/* Read the statement's rows into ret[0..n_rets), one for each world (else one), ordered by key. */
SY_MUST sy_status engine_result_read(const struct engine_job *job, size_t block,
                                     duckdb_result result, struct sy_arena *arena,
                                     struct sy_run_block *ret, size_t n_rets);

/* --- many worlds at once (tests) ----------------------------------------------------------------------- */

/* Run a job whose unit codes are world x job->worlds_units + unit, worlds 0 .. n_worlds - 1, and whose
 * key columns have worlds_units keys: ret[block x n_worlds + world] is what the block would give on that
 * world's rows alone. The statements are those of a run with the world as one more group key. Blocks
 * without a unit are the same in each world. */
SY_MUST sy_status engine_duckdb_worlds(struct engine *e, const struct engine_job *job,
                                       size_t n_worlds, struct sy_arena *arena,
                                       struct sy_run_block **ret);

#endif
