/* See test_ingest.h. */
#include "test_ingest.h"

#include <string.h>
#include <unistd.h>

#include "wire/job.h"
#include "wire/mask.h"

enum { LABELS = 20000, LABEL_BYTES = 100 };

static void fill_labels(struct sy_ingest_column *c, bool big, struct sy_arena *a)
{
    size_t n = big ? LABELS : 1;
    c->dict = sy_arena_alloc(a, n, sizeof(*c->dict));
    c->n_dict = n;
    for (size_t i = 0; i < n; i++) {
        c->dict[i] = V(sy_arena_printf(a, "%0*zu", big ? LABEL_BYTES : 5, i));
    }
}

/* Other units in every row; of a column with a cap, in the first `same` rows one and the same. */
static void fill_units(const struct sy_field_def *f, uint64_t same, struct sy_ingest_column *c,
                       struct sy_arena *a)
{
    uint8_t *bytes = sy_arena_alloc(a, INGEST_ROWS, 3);
    for (size_t i = 0; i < INGEST_ROWS; i++) {
        char unit = (char)(f->rows > 0 && i < same ? '0' : '0' + i);
        memcpy(bytes + i * 3, (char[]){2, 'u', unit}, 3);
    }
    c->ids = sy_view(bytes, INGEST_ROWS * 3);
}

static void fill_column(const struct sy_field_def *f, int script, struct sy_ingest_column *c,
                        struct sy_arena *a)
{
    c->width = sy_field_width(f);
    if (sy_view_is(f->type, "unit")) {
        bool capped = script == INGEST_AT_CAP || script == INGEST_OVER;
        fill_units(f, capped ? f->rows : 0, c, a);
        return;
    }
    uint8_t *bytes = sy_arena_alloc(a, INGEST_ROWS, 16);
    for (size_t i = 0; i < INGEST_ROWS; i++) {
        for (size_t b = 0; b < c->width; b++) {
            bytes[i * c->width + b] = (uint8_t)((uint64_t)f->lo >> (8 * b));
        }
    }
    c->data = sy_view(bytes, INGEST_ROWS * c->width);
    c->nulls = f->nullable ? sy_view(sy_arena_alloc(a, 1, 1), 1) : (struct sy_view){0};
    if (sy_view_is(f->type, "text")) {
        fill_labels(c, script == INGEST_BIG, a);
    }
}

static void say_batch(int sock, const struct sy_ingest_batch *batch)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8 << 20);
    if (sy_ok(sy_record_encode(&sy_ingest_batch_desc, batch, &b))) {
        fake_say(sock, sy_buf_view(&b));
    }
}

static void say_rows(const struct sy_ingest_job *job, int script, int sock, struct sy_arena *a)
{
    struct sy_ingest_batch batch = {.rows = INGEST_ROWS, .n_columns = job->def.n_fields};
    batch.columns = sy_arena_alloc(a, job->def.n_fields, sizeof(*batch.columns));
    for (size_t i = 0; i < job->def.n_fields; i++) {
        fill_column(&job->def.fields[i], script, &batch.columns[i], a);
    }
    batch.n_columns -= script == INGEST_SHORT;
    say_batch(sock, &batch);
    if (script == INGEST_OVER) { /* sound by itself */
        for (size_t i = 0; i < job->def.n_fields; i++) {
            fill_column(&job->def.fields[i], INGESTS, &batch.columns[i], a);
        }
        say_batch(sock, &batch);
    }
}

void ingest_worker(struct domain_orders *o, int sock)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(SY_JOB_MESSAGE_MAX);
    struct sy_ingest_job job;
    struct sy_quality q = {.rows_in = INGEST_ROWS, .rows_kept = INGEST_ROWS, .units = INGEST_ROWS};
    struct sy_ingest_batch end = {.end = true, .quality = &q, .n_quality = 1};
    size_t n_fds = 0;
    if (!fake_hear(sock, &bytes, &n_fds) || n_fds != 1 ||
        !sy_ok(sy_record_decode(&sy_ingest_job_desc, sy_buf_view(&bytes), &SY_MP_LARGE, &a, &job,
                                NULL))) {
        return;
    }
    q.dataset = job.def.id;
    say_rows(&job, o->ingest, sock, &a);
    if (o->ingest == INGEST_LEAVES) {
        return;
    }
    if (o->ingest == INGEST_STALLS) {
        (void)__atomic_fetch_add(&o->n_runs, 1, __ATOMIC_SEQ_CST);
        fake_hang();
    }
    end.n_quality = o->ingest != INGEST_NO_QUALITY && o->ingest != INGEST_TALKS;
    if (o->ingest == INGEST_TALKS) { /* a value of the file where a name belongs */
        end.error = V("data");
        end.field = end.reason = V("Mr Li of 5 Alder Way has it");
    }
    say_batch(sock, &end);
    usleep(200000);
}
