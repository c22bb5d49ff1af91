/*
 * Jobs of kind 'l' and 'r'. BOUNDARY: the record is decoded strictly, the plan is typed again against
 * the catalogue entries that came with it, and every descriptor must be a sealed memory file of exactly
 * the size that its column's layout needs before it is mapped.
 */
#include "worker_job.h"

#include "cellkey.h"
#include "lower.h"
#include "sandbox/memfd.h"
#include "worker_msg.h"

/* --- lower ---------------------------------------------------------------------------------------- */

int worker_lower_job(const struct engine_ops *ops, struct engine *e, int job_sock)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    WORKER_MSG_CLEANUP struct worker_msg m = {0};
    struct sy_lower_job job;
    struct sy_lower_result result = {0};
    struct sy_error err = {0};
    sy_status st = worker_msg_read(job_sock, &m);
    if (sy_ok(st)) {
        st = sy_record_decode(&sy_lower_job_desc, sy_buf_view(&m.record), &SY_MP_LARGE, &arena,
                              &job, &err);
    }
    if (sy_ok(st)) {
        st = worker_lower(&job, ops->parse, e, &arena, &result);
    }
    if (!sy_ok(st)) {
        result = (struct sy_lower_result){.code = sy_view_str("internal")};
    }
    return sy_ok(worker_msg_write(job_sock, &sy_lower_result_desc, &result)) ? 0 : 1;
}

/* --- run ------------------------------------------------------------------------------------------ */

struct run {
    struct sy_arena arena;
    struct worker_msg m;
    struct sy_run_job job;
    struct sy_plan_types types;
    struct engine_column *columns;
    struct sandbox_map *maps;
};

static sy_status map_column(struct run *r, size_t i)
{
    uint64_t size;
    SY_TRY(engine_column_size(&r->job, i, &size));
    SY_TRY(sandbox_memfd_map(r->m.fds[i], size, &r->maps[i]));
    sy_fd_close(&r->m.fds[i]);
    struct sy_view bytes = sy_view(r->maps[i].p, r->maps[i].n);
    return engine_column_bytes(&r->job, i, bytes, &r->columns[i]);
}

static sy_status open_run(struct run *r, int sock)
{
    struct sy_error err = {0};
    struct sy_run_job *job = &r->job;
    SY_TRY(worker_msg_read(sock, &r->m));
    SY_TRY(sy_record_decode(&sy_run_job_desc, sy_buf_view(&r->m.record), &SY_MP_LARGE, &r->arena,
                            job, &err));
    SY_TRY(sy_plan_type(&job->plan, job->datasets, job->n_datasets, &r->arena, &r->types, &err));
    SY_TRY(engine_check_job(job));
    if (job->n_columns != r->m.n_fds) {
        return sy_status_of(SY_E_FIELD);
    }
    r->columns = sy_arena_alloc(&r->arena, job->n_columns + 1, sizeof *r->columns);
    r->maps = sy_arena_alloc(&r->arena, job->n_columns + 1, sizeof *r->maps);
    if (r->columns == NULL || r->maps == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < job->n_columns; i++) {
        SY_TRY(map_column(r, i));
    }
    return SY_OK;
}

static void close_run(struct run *r)
{
    for (size_t i = 0; r->maps != NULL && i < r->job.n_columns; i++) {
        sandbox_map_close(&r->maps[i]);
    }
    worker_msg_free(&r->m);
    sy_arena_deinit(&r->arena);
}

/* What cellkey blocks withhold. */
static sy_status withhold(struct run *r, struct sy_run_result *result)
{
    const struct sy_plan *plan = &r->job.plan;
    for (size_t i = 0; i < plan->n_blocks; i++) {
        if (sy_view_is(plan->blocks[i].mechanism, "cellkey")) {
            SY_TRY(
                worker_cellkey(&plan->blocks[i], &r->job.cellkey, &r->arena, &result->blocks[i]));
        }
    }
    return SY_OK;
}

int worker_run_job(const struct engine_ops *ops, struct engine *e, int job_sock)
{
    struct run r = {.arena = {.ceiling = SY_RESULT_BYTES}};
    struct sy_run_result result = {0};
    sy_status st = open_run(&r, job_sock);
    if (sy_ok(st)) {
        struct engine_job job = {.def = &r.job, .types = &r.types, .columns = r.columns};
        st = ops->run(e, &job, &r.arena, &result);
    }
    if (sy_ok(st)) {
        st = withhold(&r, &result);
    }
    result.ok = sy_ok(st);
    if (!result.ok) {
        result = (struct sy_run_result){0};
    }
    st = worker_msg_write(job_sock, &sy_run_result_desc, &result);
    close_run(&r);
    return sy_ok(st) ? 0 : 1;
}
