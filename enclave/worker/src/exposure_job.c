/*
 * The job of kind 'e'. BOUNDARY: the record is decoded strictly, and every descriptor must be a sealed
 * memory file of exactly the size that its column's layout needs before it is mapped. What goes back are
 * counts; no failure says why.
 */
#include "base/arith.h"
#include "exposure.h"
#include "sandbox/memfd.h"
#include "worker_msg.h"

struct job {
    struct sy_arena arena;
    struct worker_msg m;
    struct sy_exposure_job job;
    struct sandbox_map *maps;
    struct exposure_column *columns;
};

static bool width_fits(const struct sy_run_column *c, uint64_t role)
{
    bool known = c->width == 1 || c->width == 2 || c->width == 4 || c->width == 8;
    return role == SY_EXPOSURE_UNIT ? c->width == 4 : known && role <= SY_EXPOSURE_SECRET;
}

static sy_status map_column(struct job *j, size_t i)
{
    const struct sy_run_column *c = &j->job.columns[i];
    uint64_t values, padded;
    if (!width_fits(c, j->job.roles[i]) || c->rows >= UINT32_MAX ||
        !sy_mul_u64(c->width, c->rows, &values) || !sy_add_u64(values, 63, &padded)) {
        return sy_status_of(SY_E_FIELD);
    }
    bool nulls = c->nulls && c->rows > 0;
    padded &= ~UINT64_C(63);
    SY_TRY(
        sandbox_memfd_map(j->m.fds[i], nulls ? padded + (c->rows + 7) / 8 : values, &j->maps[i]));
    sy_fd_close(&j->m.fds[i]);
    j->columns[i] =
        (struct exposure_column){j->maps[i].p, nulls ? j->maps[i].p + padded : NULL, c->width};
    return SY_OK;
}

static sy_status open_job(struct job *j, int sock)
{
    struct sy_error err = {0};
    SY_TRY(worker_msg_read(sock, &j->m));
    SY_TRY(sy_record_decode(&sy_exposure_job_desc, sy_buf_view(&j->m.record), &SY_MP_LARGE,
                            &j->arena, &j->job, &err));
    size_t n = j->job.n_columns;
    j->maps = sy_arena_alloc(&j->arena, n + 1, sizeof(*j->maps));
    j->columns = sy_arena_alloc(&j->arena, n + 1, sizeof(*j->columns));
    if (n != j->m.n_fds || n != j->job.n_roles || j->job.tables > n) {
        return sy_status_of(SY_E_FIELD);
    }
    if (j->maps == NULL || j->columns == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(map_column(j, i));
    }
    return SY_OK;
}

/* The columns of one table by role, all of one length, with exactly one unit. */
static sy_status table_of(struct job *j, uint64_t table, struct exposure_input *ret)
{
    size_t n = j->job.n_columns, units = 0;
    struct exposure_column *by_role[] = {
        [SY_EXPOSURE_QUASI] = sy_arena_alloc(&j->arena, n, sizeof(struct exposure_column)),
        [SY_EXPOSURE_SECRET] = sy_arena_alloc(&j->arena, n, sizeof(struct exposure_column))};
    size_t counts[SY_EXPOSURE_SECRET + 1] = {0};
    if (by_role[SY_EXPOSURE_QUASI] == NULL || by_role[SY_EXPOSURE_SECRET] == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        const struct sy_run_column *c = &j->job.columns[i];
        uint64_t role = j->job.roles[i];
        if (c->scan != table) {
            continue;
        }
        if (counts[0] + counts[1] + counts[2] > 0 && c->rows != ret->rows) {
            return sy_status_of(SY_E_FIELD);
        }
        ret->rows = c->rows;
        if (role == SY_EXPOSURE_UNIT) {
            ret->unit = j->columns[i];
            units++;
        } else {
            by_role[role][counts[role]] = j->columns[i];
        }
        counts[role]++;
    }
    ret->quasi = by_role[SY_EXPOSURE_QUASI];
    ret->n_quasi = counts[SY_EXPOSURE_QUASI];
    ret->secrets = by_role[SY_EXPOSURE_SECRET];
    ret->n_secrets = counts[SY_EXPOSURE_SECRET];
    return units == 1 ? SY_OK : sy_status_of(SY_E_FIELD);
}

static sy_status count(struct job *j, struct sy_exposure_result *ret)
{
    ret->tables = sy_arena_alloc(&j->arena, j->job.tables + 1, sizeof(*ret->tables));
    if (ret->tables == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    ret->n_tables = j->job.tables;
    for (uint64_t t = 0; t < j->job.tables; t++) {
        struct exposure_input in = {0};
        SY_TRY(table_of(j, t, &in));
        SY_TRY(worker_exposure(&in, &j->arena, &ret->tables[t]));
    }
    return SY_OK;
}

int worker_exposure_job(int job_sock)
{
    struct job j = {0};
    struct sy_exposure_result result = {0};
    sy_status s = open_job(&j, job_sock);
    s = sy_ok(s) ? count(&j, &result) : s;
    result.ok = sy_ok(s);
    if (!result.ok) {
        result = (struct sy_exposure_result){0};
    }
    s = worker_msg_write(job_sock, &sy_exposure_result_desc, &result);
    for (size_t i = 0; j.maps != NULL && i < j.job.n_columns; i++) {
        sandbox_map_close(&j.maps[i]);
    }
    worker_msg_free(&j.m);
    sy_arena_deinit(&j.arena);
    return sy_ok(s) ? 0 : 1;
}
