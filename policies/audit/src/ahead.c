/*
 * Batches of entries in a ring: prepared in any order, taken in order, settled in any, retired in order.
 * Invariants, under the lock: retired <= settling <= taken <= claimed. Batches below `retired` are gone; from
 * there to `settling` somebody settles them or they are settled, to `taken` they wait for it, to `claimed`
 * somebody prepares them or they are ready; and the ring never holds more than it has places for.
 */
#include "ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = AHEAD_BATCH, RING_PER_THREAD = 4, THREADS_MAX = 64 };
#define ARENA_CEILING ((size_t)1 << 30)

struct batch {
    bool ready, settled;
    size_t n; /* entries that were taken */
    struct sy_arena arena;
    struct ahead_entry entries[BATCH];
};

struct pool {
    const struct ahead *a;
    uint64_t n; /* batches in all; fewer when taking one has failed */
    uint64_t claimed, taken, settling, retired;
    struct batch *ring;
    uint64_t places;
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t ready, room;
    pthread_t threads[THREADS_MAX];
    size_t n_threads;
};

/* ---- preparing ---- */

static void prepare_entry(const struct ahead *a, uint64_t i, struct sy_arena *arena,
                          struct ahead_entry *e)
{
    struct sy_error why = {0};
    *e = (struct ahead_entry){0};
    e->s = a->prepare(a->x, i, a->how, arena, e, &why);
    if (sy_ok(e->s)) {
        return;
    }
    e->why = sy_arena_alloc(arena, 1, sizeof(*e->why));
    if (e->why != NULL) {
        *e->why = why;
    } else {
        e->s = sy_status_of(SY_E_NO_MEMORY);
    }
}

static struct batch *place(const struct pool *p, uint64_t batch)
{
    return &p->ring[batch % p->places];
}

static uint64_t first_of(uint64_t batch)
{
    return batch * BATCH;
}

static uint64_t end_of(const struct pool *p, uint64_t batch)
{
    uint64_t end = first_of(batch) + BATCH;
    return end < audit_size(p->a->x) ? end : audit_size(p->a->x);
}

/* The lock is held before and after, not meanwhile. */
static void prepare(struct pool *p)
{
    const uint64_t batch = p->claimed++;
    struct batch *b = place(p, batch);
    (void)pthread_mutex_unlock(&p->lock);
    sy_arena_clear(&b->arena);
    for (uint64_t i = first_of(batch); i < end_of(p, batch); i++) {
        prepare_entry(p->a, i, &b->arena, &b->entries[i - first_of(batch)]);
    }
    (void)pthread_mutex_lock(&p->lock);
    b->ready = true;
    (void)pthread_cond_signal(&p->ready);
}

/* ---- settling ---- */

/* The same with the lock. */
static void settle(struct pool *p)
{
    struct batch *b = place(p, p->settling++);
    (void)pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < b->n; i++) {
        p->a->settle(p->a->ctx, &b->entries[i]);
    }
    (void)pthread_mutex_lock(&p->lock);
    b->settled = true;
    (void)pthread_cond_signal(&p->ready);
}

/* ---- what all do ---- */

/* Batches that may be prepared. After a failure, more were claimed than there are. */
static uint64_t room(const struct pool *p)
{
    const uint64_t end = p->retired + p->places < p->n ? p->retired + p->places : p->n;
    return p->claimed < end ? end - p->claimed : 0;
}

/* A helper that has nothing to do sleeps until half of the ring waits for one: to be woken for each batch costs about
 * as much as settling it. The caller never waits for that: while helpers sleep, what is not to be done is ready, and
 * once nothing is ready, more than half is to be done. */
static void wake(struct pool *p)
{
    if (p->taken - p->settling + room(p) >= p->places / 2) {
        (void)pthread_cond_signal(&p->room);
    }
}

/* The oldest batch first: that makes room. False: there is nothing to do. */
static bool work(struct pool *p)
{
    if (p->settling < p->taken) {
        settle(p);
    } else if (room(p) > 0) {
        prepare(p);
    } else {
        return false;
    }
    return true;
}

static void *help(void *arg)
{
    struct pool *p = arg;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (!work(p)) {
            (void)pthread_cond_wait(&p->room, &p->lock);
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- what the caller does ---- */

/* On its way from the processor that prepared or settled it, while the one before it is taken or retired. */
static void fetch(const struct batch *b, uint64_t i)
{
    enum { LINE = 64 };
    const char *e = (const char *)&b->entries[i < BATCH ? i : 0];
    for (size_t at = 0; at < sizeof(b->entries[0]); at += LINE) {
        __builtin_prefetch(e + at);
    }
}

static sy_status take(struct pool *p, struct sy_error *err)
{
    struct batch *b = place(p, p->taken);
    const uint64_t first = first_of(p->taken);
    const uint64_t n = end_of(p, p->taken) - first;
    sy_status s = SY_OK;
    (void)pthread_mutex_unlock(&p->lock);
    if (p->a->expect != NULL) {
        p->a->expect(p->a->ctx, b->entries, (size_t)n);
    }
    for (b->n = 0; b->n < n && sy_ok(s); b->n += sy_ok(s) ? 1 : 0) {
        fetch(b, b->n + 1);
        s = p->a->take(p->a->ctx, first + b->n, &b->entries[b->n], &b->arena, err);
    }
    (void)pthread_mutex_lock(&p->lock);
    p->taken++;
    p->n = sy_ok(s) ? p->n : p->taken;
    if (p->a->settle == NULL) { /* then it is */
        b->settled = true;
        p->settling = p->taken;
    }
    wake(p);
    return s;
}

static void retire(struct pool *p)
{
    struct batch *b = place(p, p->retired);
    (void)pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; p->a->retire != NULL && i < b->n; i++) {
        p->a->retire(p->a->ctx, first_of(p->retired) + i, &b->entries[i]);
    }
    (void)pthread_mutex_lock(&p->lock);
    b->ready = b->settled = false;
    p->retired++;
    wake(p);
}

/* Whatever comes next; when nothing does, something useful meanwhile. */
static sy_status run(struct pool *p, struct sy_error *err)
{
    sy_status s = SY_OK;
    (void)pthread_mutex_lock(&p->lock);
    while (p->retired < p->n) {
        if (p->retired < p->taken && place(p, p->retired)->settled) {
            retire(p);
        } else if (p->taken < p->n && p->taken < p->claimed && place(p, p->taken)->ready) {
            s = take(p, err);
        } else if (!work(p)) {
            (void)pthread_cond_wait(&p->ready, &p->lock);
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    return s;
}

/* ---- the pool ---- */

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* Fewer threads than wanted are no error: the caller does the work itself. */
static void start(struct pool *p, unsigned wanted)
{
    while (p->n_threads + 1 < wanted && p->n_threads < THREADS_MAX &&
           pthread_create(&p->threads[p->n_threads], NULL, help, p) == 0) {
        p->n_threads++;
    }
}

static void stop(struct pool *p)
{
    (void)pthread_mutex_lock(&p->lock);
    p->stop = true;
    (void)pthread_cond_broadcast(&p->room);
    (void)pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++) {
        (void)pthread_join(p->threads[i], NULL);
    }
    for (uint64_t i = 0; i < p->places; i++) {
        sy_arena_deinit(&p->ring[i].arena);
    }
}

sy_status ahead_run(const struct ahead *a, struct sy_error *reterr)
{
    const unsigned wanted = a->threads == 0 ? processors() : a->threads;
    struct pool p = {.a = a,
                     .n = audit_size(a->x) / BATCH + (audit_size(a->x) % BATCH != 0 ? 1 : 0),
                     .places = (uint64_t)RING_PER_THREAD * wanted,
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .ready = PTHREAD_COND_INITIALIZER,
                     .room = PTHREAD_COND_INITIALIZER};
    p.ring = calloc(p.places, sizeof(*p.ring));
    if (p.ring == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (uint64_t i = 0; i < p.places; i++) {
        p.ring[i].arena.ceiling = ARENA_CEILING;
    }
    start(&p, wanted);
    sy_status s = run(&p, reterr);
    stop(&p);
    free(p.ring);
    return s;
}
