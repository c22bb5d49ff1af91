/*
 * Outbound HTTP, by the courier: a process of its own, which the warden asks over one edge and trusts
 * with nothing. What comes back is a stranger's bytes by a stranger's hands: whoever asked verifies
 * signatures in it, and treats "no answer" as "not known".
 *
 * Each request that was taken gets exactly one completion, later, on the loop's thread: an answer, the
 * courier's error, SY_E_TIMEOUT when the courier itself is silent, or SY_E_CLOSED at once when there is
 * no courier or it died (it is started again; ask again after a while, not at once).
 *
 * Threads: the loop's.
 */
#ifndef WARDEN_COURIER_H
#define WARDEN_COURIER_H

#include "wire/courier.h"

struct warden;
struct warden_conn;
struct warden_errand;

/* The courier's edge, in struct warden. Zero: no courier. */
struct warden_courier {
    struct warden_conn *conn; /* NULL while there is none */
    struct warden_errand *errands;
    size_t n_errands;
    uint32_t last_id;
};

/* The completion. s OK: http_status is 200..599, and body (at most SY_COURIER_BODY_MAX bytes) is valid
 * during the call only. Otherwise both are zero. It may ask again. */
typedef void (*warden_courier_fn)(void *ctx, sy_status s, unsigned http_status,
                                  struct sy_view body);

/*
 * Send verb (GET, POST) to an http:// or https:// URL, within timeout_ms (at most
 * SY_COURIER_TIMEOUT_MAX_MS) in all. Everything is copied. On OK fn(ctx, ...) will be called once, never
 * from inside this call; on an error it will not: SY_E_FIELD, SY_E_LIMIT (the request), SY_E_BUSY (as many
 * as SY_COURIER_AT_ONCE are under way), SY_E_NO_MEMORY.
 */
SY_MUST sy_status warden_courier_http(struct warden *w, const char *verb, const char *url,
                                      const char *content_type, struct sy_view body,
                                      unsigned timeout_ms, warden_courier_fn fn, void *ctx,
                                      struct sy_error *reterr);

/* ---- for main.c ---- */

/* A courier has been started: `conn` is its edge. What was asked of another one has failed before. */
void warden_courier_attach(struct warden *w, struct warden_conn *conn);

/* A frame of its edge. */
void warden_courier_frame(struct warden *w, struct sy_view frame);

/* The edge is gone: what was asked fails with SY_E_CLOSED. */
void warden_courier_gone(struct warden *w);

/* Forget what was asked, at the end of the process; nothing is called. */
void warden_courier_close(struct warden *w);

#endif
