/*
 * Batches of entries in a ring: prepared in any order, taken in order. Invariants, under the lock: batches
 * below `taken` are gone, from there to `claimed` they are in the ring and somebody prepares them or they are
 * ready, and the ring never holds more than it has places for.
 */
#include "ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 64, RING_PER_THREAD = 4, THREADS_MAX = 64 };
#define ARENA_CEILING ((size_t)1 << 30)

struct batch {
    bool ready;
    struct sy_arena arena;
    struct ahead_entry entries[BATCH];
};

struct pool {
    const struct ahead *a;
    uint64_t n; /* batches in all */
    uint64_t claimed, taken;
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

static uint64_t first_of(uint64_t batch)
{
    return batch * BATCH;
}

static uint64_t end_of(const struct pool *p, uint64_t batch)
{
    uint64_t end = first_of(batch) + BATCH;
    return end < audit_size(p->a->x) ? end : audit_size(p->a->x);
}

static bool can_claim(const struct pool *p)
{
    return !p->stop && p->claimed < p->n && p->claimed < p->taken + p->places;
}

/* Prepare the next batch; the lock is held before and after, not meanwhile. */
static void claim(struct pool *p)
{
    const uint64_t batch = p->claimed++;
    struct batch *b = &p->ring[batch % p->places];
    (void)pthread_mutex_unlock(&p->lock);
    sy_arena_clear(&b->arena);
    for (uint64_t i = first_of(batch); i < end_of(p, batch); i++) {
        prepare_entry(p->a, i, &b->arena, &b->entries[i - first_of(batch)]);
    }
    (void)pthread_mutex_lock(&p->lock);
    b->ready = true;
    (void)pthread_cond_signal(&p->ready);
}

static void *work(void *arg)
{
    struct pool *p = arg;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->stop && p->claimed < p->n) {
        if (can_claim(p)) {
            claim(p);
        } else {
            (void)pthread_cond_wait(&p->room, &p->lock);
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- taking ---- */

/* Wait for the batch, and do something useful meanwhile. */
static struct batch *next_ready(struct pool *p)
{
    struct batch *b = &p->ring[p->taken % p->places];
    (void)pthread_mutex_lock(&p->lock);
    while (!b->ready) {
        if (can_claim(p)) {
            claim(p);
        } else {
            (void)pthread_cond_wait(&p->ready, &p->lock);
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    return b;
}

static sy_status take_batch(struct pool *p, const struct batch *b, struct sy_error *err)
{
    const uint64_t first = first_of(p->taken);
    for (uint64_t i = first; i < end_of(p, p->taken); i++) {
        SY_TRY(p->a->take(p->a->ctx, i, &b->entries[i - first], err));
    }
    return SY_OK;
}

static void give_back(struct pool *p, struct batch *b)
{
    (void)pthread_mutex_lock(&p->lock);
    b->ready = false;
    p->taken++;
    (void)pthread_cond_signal(&p->room);
    (void)pthread_mutex_unlock(&p->lock);
}

static sy_status take_all(struct pool *p, struct sy_error *err)
{
    while (p->taken < p->n) {
        struct batch *b = next_ready(p);
        SY_TRY(take_batch(p, b, err));
        give_back(p, b);
    }
    return SY_OK;
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
           pthread_create(&p->threads[p->n_threads], NULL, work, p) == 0) {
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
    sy_status s = take_all(&p, reterr);
    stop(&p);
    free(p.ring);
    return s;
}
