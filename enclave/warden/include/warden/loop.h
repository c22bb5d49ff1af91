/*
 * The warden's event loop: poll(2) over descriptors, monotonic timers, and completions posted by
 * the threads that work for a run (run_work.c). All state of the domain is touched by this one
 * thread; other threads only hold what their task was given. After every round of ready callbacks
 * `after` runs once: that is where the ledger commits everything the round appended (group commit).
 */
#ifndef WARDEN_LOOP_H
#define WARDEN_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct warden_loop;
struct warden_watch;

typedef void (*warden_ready_fn)(void *ctx, short revents);
typedef void (*warden_fn)(void *ctx);

/* A new loop whose `after(ctx)` ends every round; NULL when out of memory or descriptors. */
struct warden_loop *warden_loop_new(warden_fn after, void *ctx);
struct warden_loop *warden_loop_free(struct warden_loop *loop);

/* Watch fd (borrowed) for POLLIN/POLLOUT; hang-up and error are always reported. NULL when full. */
struct warden_watch *warden_watch_add(struct warden_loop *loop, int fd, short events,
                                      warden_ready_fn ready, void *ctx);
void warden_watch_events(struct warden_watch *w, short events);

/* Stop watching; safe from inside any callback. NULL-safe. */
void warden_watch_remove(struct warden_watch *w);

/* Call fn(ctx) once at the monotonic time `at_ns` (sy_mono_ns). Returns its id, 0 when full. */
uint64_t warden_timer_add(struct warden_loop *loop, uint64_t at_ns, warden_fn fn, void *ctx);
void warden_timer_cancel(struct warden_loop *loop, uint64_t id);

/* From any thread: have fn(ctx) called by the loop's thread soon. False when out of memory. */
bool warden_post(struct warden_loop *loop, warden_fn fn, void *ctx);

/* Run until warden_loop_stop. */
void warden_loop_run(struct warden_loop *loop);
void warden_loop_stop(struct warden_loop *loop);

#endif
