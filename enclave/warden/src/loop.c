/*
 * What: the poll loop. Why own: libuv stays out of the key holder (DESIGN section 2), and a loop
 * over a few dozen descriptors is a page. Invariants: watches are only freed between rounds, so a
 * callback may remove any watch; timers fire in time order; posts keep their order.
 */
#include "warden/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"

enum { WATCHES_MAX = 1024, TIMERS_MAX = 1024 };

struct warden_watch {
    int fd;
    short events;
    bool dead;
    warden_ready_fn ready;
    void *ctx;
};

struct timer {
    uint64_t id;
    uint64_t at_ns;
    warden_fn fn;
    void *ctx;
};

struct post {
    struct post *next;
    warden_fn fn;
    void *ctx;
};

struct warden_loop {
    warden_fn after;
    void *ctx;
    struct warden_watch *watches[WATCHES_MAX];
    size_t n_watches;
    struct timer timers[TIMERS_MAX];
    size_t n_timers;
    uint64_t last_timer;
    pthread_mutex_t lock; /* guards posts */
    struct post *posts, **posts_tail;
    int wake;
    bool stopping;
};

struct warden_loop *warden_loop_new(warden_fn after, void *ctx)
{
    struct warden_loop *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return NULL;
    }
    l->after = after;
    l->ctx = ctx;
    l->posts_tail = &l->posts;
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake < 0 || pthread_mutex_init(&l->lock, NULL) != 0) {
        return warden_loop_free(l);
    }
    return l;
}

struct warden_loop *warden_loop_free(struct warden_loop *l)
{
    if (l == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < l->n_watches; i++) {
        free(l->watches[i]);
    }
    while (l->posts != NULL) {
        struct post *next = l->posts->next;
        free(l->posts);
        l->posts = next;
    }
    if (l->wake >= 0) {
        close(l->wake);
        pthread_mutex_destroy(&l->lock);
    }
    free(l);
    return NULL;
}

struct warden_watch *warden_watch_add(struct warden_loop *l, int fd, short events,
                                      warden_ready_fn ready, void *ctx)
{
    struct warden_watch *w = l->n_watches == WATCHES_MAX ? NULL : calloc(1, sizeof(*w));
    if (w == NULL) {
        return NULL;
    }
    *w = (struct warden_watch){.fd = fd, .events = events, .ready = ready, .ctx = ctx};
    l->watches[l->n_watches++] = w;
    return w;
}

void warden_watch_events(struct warden_watch *w, short events)
{
    w->events = events;
}

void warden_watch_remove(struct warden_watch *w)
{
    if (w != NULL) {
        w->dead = true;
    }
}

uint64_t warden_timer_add(struct warden_loop *l, uint64_t at_ns, warden_fn fn, void *ctx)
{
    if (l->n_timers == TIMERS_MAX) {
        return 0;
    }
    l->timers[l->n_timers++] =
        (struct timer){.id = ++l->last_timer, .at_ns = at_ns, .fn = fn, .ctx = ctx};
    return l->last_timer;
}

void warden_timer_cancel(struct warden_loop *l, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < l->n_timers; i++) {
        if (l->timers[i].id == id) {
            l->timers[i] = l->timers[--l->n_timers];
            return;
        }
    }
}

/* Wake the loop. A full counter wakes it too. After any other failure the post would lie there for
 * ever, and with it a charged run: the process ends, and the next one goes on from the log. */
static void ring(struct warden_loop *l)
{
    static const uint64_t one = 1;
    ssize_t n;
    do {
        n = write(l->wake, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
        sy_log(SY_LOG_ERROR, "the loop cannot be woken", SY_LOGF_CODE(SY_E_IO));
        abort();
    }
}

bool warden_post(struct warden_loop *l, warden_fn fn, void *ctx)
{
    struct post *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return false;
    }
    p->fn = fn;
    p->ctx = ctx;
    pthread_mutex_lock(&l->lock);
    *l->posts_tail = p;
    l->posts_tail = &p->next;
    pthread_mutex_unlock(&l->lock);
    ring(l);
    return true;
}

static void run_posts(struct warden_loop *l)
{
    uint64_t count;
    ssize_t ignored = read(l->wake, &count, sizeof(count));
    (void)ignored;
    pthread_mutex_lock(&l->lock);
    struct post *p = l->posts;
    l->posts = NULL;
    l->posts_tail = &l->posts;
    pthread_mutex_unlock(&l->lock);
    while (p != NULL) {
        struct post *next = p->next;
        p->fn(p->ctx);
        free(p);
        p = next;
    }
}

static size_t earliest_timer(const struct warden_loop *l)
{
    size_t best = 0;
    for (size_t i = 1; i < l->n_timers; i++) {
        if (l->timers[i].at_ns < l->timers[best].at_ns) {
            best = i;
        }
    }
    return best;
}

static void run_timers(struct warden_loop *l)
{
    uint64_t now = sy_mono_ns();
    while (l->n_timers > 0) {
        size_t i = earliest_timer(l);
        if (l->timers[i].at_ns > now) {
            return;
        }
        struct timer t = l->timers[i];
        l->timers[i] = l->timers[--l->n_timers];
        t.fn(t.ctx);
    }
}

/* Milliseconds until the next timer, rounded up so that it has surely come; -1 = none. */
static int poll_timeout(const struct warden_loop *l)
{
    if (l->n_timers == 0) {
        return -1;
    }
    uint64_t now = sy_mono_ns();
    uint64_t at = l->timers[earliest_timer(l)].at_ns;
    if (at <= now) {
        return 0;
    }
    uint64_t ms = (at - now + 999999) / 1000000;
    return ms > 60000 ? 60000 : (int)ms;
}

static void drop_dead(struct warden_loop *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n_watches; i++) {
        if (l->watches[i]->dead) {
            free(l->watches[i]);
        } else {
            l->watches[kept++] = l->watches[i];
        }
    }
    l->n_watches = kept;
}

static void run_ready(struct warden_loop *l, const struct pollfd *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct warden_watch *w = l->watches[i];
        if (!w->dead && fds[i].revents != 0) {
            w->ready(w->ctx, fds[i].revents);
        }
    }
}

void warden_loop_run(struct warden_loop *l)
{
    static struct pollfd fds[WATCHES_MAX + 1]; /* one loop a process */
    while (!l->stopping) {
        drop_dead(l);
        size_t n = l->n_watches;
        for (size_t i = 0; i < n; i++) {
            fds[i] = (struct pollfd){.fd = l->watches[i]->fd, .events = l->watches[i]->events};
        }
        fds[n] = (struct pollfd){.fd = l->wake, .events = POLLIN};
        if (poll(fds, n + 1, poll_timeout(l)) < 0 && errno != EINTR) {
            return;
        }
        run_ready(l, fds, n);
        if (fds[n].revents != 0) {
            run_posts(l);
        }
        run_timers(l);
        l->after(l->ctx);
    }
}

void warden_loop_stop(struct warden_loop *l)
{
    l->stopping = true;
}
