/*
 * Jobs of files. Invariants: between publisher_start and publisher_settle the job belongs to the thread;
 * after a failed step nothing more of the job is done, so that `checkpoint`, its last file, never comes
 * before what it needs.
 */
#include "publisher.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/time.h"
#include "ledger_private.h"

enum { OPS_MAX = 1 << 20, CONTENT_MAX = 1 << 30 };

static const uint64_t EVERY_NS = 50000000; /* from one job's start to the next's */

enum kind { PUT, DROP, PREPARE };

struct op {
    enum kind kind;
    char path[TILES_PATH_MAX]; /* PUT */
    size_t at, n;              /* PUT: in content; PREPARE: n bytes */
    int level;                 /* DROP */
    uint64_t number;
};

enum state { IDLE, COLLECTING, GIVEN, ENDED };

struct publisher {
    struct ledger *l;
    pthread_t thread;
    pthread_mutex_t lock; /* guards state and stop; the rest goes with the state */
    pthread_cond_t moved;
    enum state state;
    bool stop;
    struct sy_buf ops, content;
    sy_status outcome;
    uint64_t started_ns;
};

/* --- the thread's side ---------------------------------------------------------------------------- */

/* That the next segment is not ready shows where it is needed, unless the disk can't be trusted any more: then
 * nothing is acknowledged from this moment on, whenever the job is settled. */
static sy_status prepare(struct publisher *p, const struct op *op)
{
    sy_status s = ledger_fill_next(p->l, op->n, NULL);
    if (s.code != SY_E_READ_ONLY) {
        return SY_OK;
    }
    atomic_store(&p->l->read_only, true);
    return s;
}

static sy_status run_op(struct publisher *p, const struct op *op)
{
    switch (op->kind) {
    case PUT:
        return publish_put(p->l, op->path, sy_view(p->content.p + op->at, op->n), NULL);
    case DROP:
        publish_drop(p->l, op->level, op->number);
        return SY_OK;
    case PREPARE:
        return prepare(p, op);
    }
    return SY_OK;
}

static sy_status run_ops(struct publisher *p)
{
    for (size_t at = 0; at < p->ops.n; at += sizeof(struct op)) {
        struct op op;
        memcpy(&op, p->ops.p + at, sizeof(op));
        SY_TRY(run_op(p, &op));
    }
    return SY_OK;
}

static void *work(void *arg)
{
    struct publisher *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->state != GIVEN) {
            pthread_cond_wait(&p->moved, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        sy_status s = run_ops(p);
        pthread_mutex_lock(&p->lock);
        p->outcome = s;
        p->state = ENDED;
        pthread_cond_broadcast(&p->moved);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* --- the ledger's side ---------------------------------------------------------------------------- */

static enum state state_of(struct publisher *p)
{
    pthread_mutex_lock(&p->lock);
    enum state s = p->state;
    pthread_mutex_unlock(&p->lock);
    return s;
}

static void move(struct publisher *p, enum state to)
{
    pthread_mutex_lock(&p->lock);
    p->state = to;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
}

static struct publisher *new_publisher(struct ledger *l)
{
    struct publisher *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    p->l = l;
    p->ops = sy_buf(OPS_MAX * sizeof(struct op));
    p->content = sy_buf(CONTENT_MAX);
    if (pthread_mutex_init(&p->lock, NULL) != 0 || pthread_cond_init(&p->moved, NULL) != 0 ||
        pthread_create(&p->thread, NULL, work, p) != 0) {
        free(p);
        return NULL;
    }
    return p;
}

struct publisher *publisher_free(struct publisher *p)
{
    sy_status ignored;
    if (p == NULL) {
        return NULL;
    }
    (void)publisher_settle(p, false, &ignored);
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
    (void)pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->moved);
    pthread_mutex_destroy(&p->lock);
    sy_buf_deinit(&p->ops);
    sy_buf_deinit(&p->content);
    free(p);
    return NULL;
}

bool publisher_collects(struct publisher *p)
{
    return p != NULL && state_of(p) == COLLECTING;
}

bool publisher_works(struct publisher *p)
{
    enum state s = p == NULL ? IDLE : state_of(p);
    return s == GIVEN || s == ENDED;
}

sy_status publisher_begin(struct ledger *l)
{
    if (l->publisher == NULL) {
        l->publisher = new_publisher(l);
    }
    struct publisher *p = l->publisher;
    if (p == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    uint64_t now = sy_mono_ns();
    if (state_of(p) != IDLE || (p->started_ns != 0 && now - p->started_ns < EVERY_NS)) {
        return sy_status_of(SY_E_BUSY);
    }
    p->started_ns = now;
    sy_buf_clear(&p->ops);
    sy_buf_clear(&p->content);
    move(p, COLLECTING);
    return SY_OK;
}

static sy_status add(struct publisher *p, const struct op *op)
{
    return sy_buf_add(&p->ops, op, sizeof(*op));
}

sy_status publisher_put(struct publisher *p, const char *path, struct sy_view content)
{
    struct op op = {.kind = PUT, .at = p->content.n, .n = content.n};
    sy_view_to_cstr(sy_view_str(path), op.path, sizeof(op.path));
    SY_TRY(sy_buf_add_view(&p->content, content));
    return add(p, &op);
}

sy_status publisher_drop(struct publisher *p, int level, uint64_t number)
{
    return add(p, &(struct op){.kind = DROP, .level = level, .number = number});
}

sy_status publisher_prepare(struct publisher *p, size_t n_bytes)
{
    return add(p, &(struct op){.kind = PREPARE, .n = n_bytes});
}

void publisher_start(struct publisher *p)
{
    move(p, GIVEN);
}

void publisher_forget(struct publisher *p)
{
    move(p, IDLE);
}

bool publisher_settle(struct publisher *p, bool ended, sy_status *ret)
{
    bool settled = false;
    if (p == NULL) {
        return false;
    }
    pthread_mutex_lock(&p->lock);
    while (!ended && p->state == GIVEN) {
        pthread_cond_wait(&p->moved, &p->lock);
    }
    if (p->state == ENDED) {
        p->state = IDLE;
        *ret = p->outcome;
        settled = true;
    }
    pthread_mutex_unlock(&p->lock);
    return settled;
}
