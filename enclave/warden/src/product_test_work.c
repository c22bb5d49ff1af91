/*
 * What: the work of a product's test: one worker after the other computes a world (all rows; without one unit), on columns
 * that are filled once, and a thread puts the release on trial. Invariants: one thread at a time (`busy`); a world is
 * kept only when its question was sent in full; nothing here records or tells anything.
 */
#include <fcntl.h>

#include "base/fdio.h"
#include "base/log.h"
#include "product_test.h"

static const uint64_t MS = 1000000;

void product_test_give_up(struct warden_product_test *t, const char *cause)
{
    t->run.cause = t->run.cause != NULL ? t->run.cause : cause;
    warden_job_stop(&t->run.job);
}

static void next_world(struct warden_product_test *t);

static void post_back(struct warden_product_test *t, warden_fn done)
{
    while (!warden_post(t->run.w->loop, done, t)) { /* out of memory: the loop frees some */
    }
}

/* Join; false when the test has been settled meanwhile, and is freed if it has been told. */
static bool come_back(struct warden_product_test *t)
{
    pthread_join(t->run.thread, NULL);
    t->run.busy = false;
    if (t->run.finished) {
        warden_run_let_go(&t->run);
        product_test_leave(t);
        return false;
    }
    return true;
}

static bool start_thread(struct warden_product_test *t, void *(*body)(void *))
{
    t->run.busy = pthread_create(&t->run.thread, NULL, body, t) == 0;
    return t->run.busy;
}

static sy_status judge(struct warden_product_test *t)
{
    struct warden_run *r = &t->run;
    struct warden_release release = {.model = &r->model,
                                     .columns = r->columns,
                                     .n_columns = r->n_feeds,
                                     .params = r->row.params};
    struct trial trial = {.release = &release,
                          .seed = r->seed.p,
                          .units = t->units,
                          .n_units = t->n_units,
                          .units_max = SY_PRODUCT_TEST_UNITS,
                          .worlds = t->worlds};
    struct sy_error err = {0};
    return warden_trial(&trial, &r->arena, &t->outcome, &err);
}

static void judged(void *ctx)
{
    struct warden_product_test *t = ctx;
    if (!come_back(t)) {
        return;
    }
    t->found = sy_ok(t->run.worked);
    if (!t->found) {
        sy_log(SY_LOG_WARN, "trial", SY_LOGF_CODE(t->run.worked.code));
        product_test_give_up(t, "trial");
    }
}

static void *judge_main(void *ctx)
{
    struct warden_product_test *t = ctx;
    t->run.worked = judge(t);
    post_back(t, judged);
    return NULL;
}

/* Keep a world as it came; go on with the next, or judge. */
static void keep_world(struct warden_product_test *t)
{
    struct sy_view *to = &t->worlds[t->n_worlds];
    *to = sy_arena_copy(&t->run.arena, sy_buf_view(&t->run.early));
    if (t->run.early.n == 0 || to->p == NULL) {
        product_test_give_up(t, "crash");
        return;
    }
    sy_buf_clear(&t->run.early);
    t->n_worlds++;
    if (t->n_worlds <= t->n_units) {
        next_world(t);
    } else if (!start_thread(t, judge_main)) {
        product_test_give_up(t, "thread");
    }
}

static void sent(void *ctx)
{
    struct warden_product_test *t = ctx;
    if (!come_back(t)) {
        return;
    }
    if (!sy_ok(t->run.worked)) {
        product_test_give_up(t, "feed");
    } else if (t->run.cause == NULL && t->run.job.ended) {
        keep_world(t);
    }
}

/* Whom to leave out of world n: nobody of the first. */
static sy_status leave_out(struct warden_product_test *t)
{
    struct warden_run *r = &t->run;
    const struct trial_unit *u = t->n_worlds > 0 ? &t->units[t->n_worlds - 1] : NULL;
    if (r->without == NULL) {
        r->without = sy_arena_alloc(&r->arena, r->model.plan.n_blocks + 1, sizeof(*r->without));
    }
    if (r->without == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < r->model.plan.n_blocks; i++) {
        bool of_block = u != NULL && sy_view_eq(r->model.facts.blocks[i].ns, u->ns);
        r->without[i] = of_block ? u->code + 1 : 0;
    }
    return SY_OK;
}

/* The columns are filled once; the workers map the same sealed memory one after the other. */
static sy_status feed(struct warden_product_test *t)
{
    if (t->n_worlds == 0) {
        SY_TRY(warden_run_fill(&t->run));
        SY_TRY(product_test_units(&t->run, t->run.seed.p, SY_PRODUCT_TEST_UNITS, t->units,
                                  &t->n_units));
    }
    SY_TRY(leave_out(t));
    return warden_run_send(&t->run);
}

static void *feed_main(void *ctx)
{
    struct warden_product_test *t = ctx;
    t->run.worked = feed(t);
    post_back(t, sent);
    return NULL;
}

/* --- the worker -------------------------------------------------------------------------------------- */

static bool take_message(void *ctx, struct sy_view message)
{
    struct warden_product_test *t = ctx;
    if (!sy_ok(sy_buf_add_view(&t->run.early, message))) {
        t->run.cause = "memory";
    }
    return false;
}

static void job_end(void *ctx, enum warden_job_end end)
{
    static const char *const causes[] = {
        [WARDEN_JOB_DONE] = NULL, [WARDEN_JOB_OVERRUN] = "overrun", [WARDEN_JOB_CRASH] = "crash"};
    struct warden_product_test *t = ctx;
    t->run.cause = t->run.cause != NULL ? t->run.cause : causes[end];
    if (!t->run.busy && t->run.cause == NULL && !t->run.finished) {
        keep_world(t);
    }
}

bool product_test_start_world(struct warden_product_test *t)
{
    struct warden_run *r = &t->run;
    const struct sy_pack_size *size = &r->model.facts.size;
    struct warden_job_caps caps = {.kind = SY_JOB_RUN,
                                   .memory_mib = size->memory_mib,
                                   .cpu_s = size->cpu_s,
                                   .wall_ns = size->wall_ms * MS};
    sy_fd_close(&r->feed_sock);
    r->job = (struct warden_job){.message = take_message, .end = job_end, .ctx = t};
    if (!sy_ok(warden_job_start(r->w, &r->job, &caps, NULL))) {
        r->job.ended = true;
        return false;
    }
    r->feed_sock = fcntl(r->job.worker.sock, F_DUPFD_CLOEXEC, 3);
    return r->feed_sock >= 0 && start_thread(t, feed_main);
}

static void next_world(struct warden_product_test *t)
{
    if (!product_test_start_world(t)) {
        product_test_give_up(t, "worker");
    }
}
