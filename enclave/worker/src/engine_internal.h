/*
 * Inside the DuckDB engine: engine_duckdb.c (database, settings, parsing), engine_feed.c (columns into
 * vectors), engine_sql.c (plan -> SQL), engine_block.c (bounding SQL, results).
 */
#ifndef WORKER_ENGINE_INTERNAL_H
#define WORKER_ENGINE_INTERNAL_H

#include "duckdb_api.h"
#include "engine.h"

struct engine {
    duckdb_database db;
    duckdb_connection con;
    const struct engine_job *job;    /* while running */
    const struct engine_column *key; /* per-unit selection keys of the job */
};

/* Register the table function sy_scan(rel) and the scalar functions sy_rank, sy_mix, sy_label. */
SY_MUST sy_status engine_feed_register(struct engine *e);

/* The job's column of a scan and field, or NULL. `ret_i` (may be NULL): its position. */
const struct engine_column *engine_find_column(const struct engine_job *job, uint64_t scan,
                                               struct sy_view field, size_t *ret_i);

/* Text of SQL under construction; the first error sticks in st. */
struct sql {
    const struct engine_job *job;
    struct sy_buf buf;
    sy_status st;
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
/* "WITH ... " for relations that are read more than once; then sql_rel for the block's relation. */
void sql_with(struct sql *s, const struct sy_plan_block *b);
void sql_rel(struct sql *s, size_t rel);
/* A whole block as one statement. */
void sql_block(struct sql *s, size_t block);

#endif
