#include "stock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { READY_MAX = 16, PAGE = 4096 };

struct stock {
    size_t align, bytes;
    pthread_mutex_t lock;
    atomic_size_t n; /* written under the lock */
    void *ready[READY_MAX];
};

struct stock *stock_new(size_t align, size_t bytes)
{
    struct stock *s = calloc(1, sizeof(*s));
    if (s != NULL) {
        s->align = align;
        s->bytes = bytes;
        (void)pthread_mutex_init(&s->lock, NULL);
    }
    return s;
}

void stock_free(struct stock *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        free(s->ready[i]);
    }
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

static void *piece(const struct stock *s)
{
    void *p = NULL;
    if (posix_memalign(&p, s->align, s->bytes) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < s->bytes; i += PAGE) {
        ((volatile char *)p)[i] = 0;
    }
    return p;
}

/* False: somebody else was faster. */
static int put(struct stock *s, void *p)
{
    (void)pthread_mutex_lock(&s->lock);
    const int room = s->n < READY_MAX;
    if (room) {
        s->ready[s->n] = p;
        s->n++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return room;
}

void stock_fill(struct stock *s)
{
    while (atomic_load_explicit(&s->n, memory_order_relaxed) < READY_MAX) {
        void *p = piece(s);
        if (p == NULL) {
            return;
        }
        if (!put(s, p)) {
            free(p);
        }
    }
}

void *stock_take(void *stock)
{
    struct stock *s = stock;
    void *p = NULL;
    (void)pthread_mutex_lock(&s->lock);
    if (s->n > 0) {
        s->n--;
        p = s->ready[s->n];
    }
    (void)pthread_mutex_unlock(&s->lock);
    return p;
}
