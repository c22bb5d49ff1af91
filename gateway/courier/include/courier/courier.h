/*
 * The courier: one libuv loop between the warden's edge and the world outside. To follow one request:
 *
 *   edge.c frame -> url.c -> errand.c: name (uv_getaddrinfo) -> connection -> tls.c -> http.c request
 *     -> response within its limits -> edge.c answer
 *
 * It holds no key, no folder of the domain and no listening socket; it can connect to TCP ports and ask the
 * resolver. Taken over, it can drop, delay, read and forge what goes through it, which is checked by the
 * warden and by whoever is asked: checkpoints and cosignatures are signed.
 *
 * libuv rule: a handle's memory is freed in its close callback and nowhere else.
 *
 * Runs in: courier. Trusts: the warden, for which URLs are asked. Holds: requests under way.
 * May block/alloc: allocates up to SY_COURIER_AT_ONCE requests. Threads: the loop's; lookups of names run
 * in libuv's pool.
 */
#ifndef COURIER_COURIER_H
#define COURIER_COURIER_H

#include <openssl/ssl.h>
#include <uv.h>

#include "base/buf.h"
#include "courier/confine.h"
#include "wire/courier.h"

enum courier_fd {
    COURIER_FD_WARDEN = 0, /* connected unix stream: the warden's edge */
    COURIER_FD_CONTROL,    /* connected unix seqpacket: ready, stop; may be absent */
    COURIER_FD_N
};

enum { COURIER_READ_BYTES = 65536 };

struct courier_errand;

struct courier {
    uv_loop_t loop;
    uv_pipe_t edge;
    uv_poll_t control;
    uv_signal_t term;
    uv_timer_t sweep; /* looks at the resolver's files, and whether a stop is over */
    struct sy_buf in; /* owned; an unfinished frame of the edge */
    SSL_CTX *tls;     /* owned */
    struct courier_errand *errands;
    size_t n_errands; /* allocated ones: also those that are answered and wait for their handles */
    struct courier_files files;
    bool is_edge_open;
    bool is_stopping;
    int exit_code;
    char read_bytes[COURIER_READ_BYTES]; /* where libuv reads to; consumed within the callback */
};

/* Take over the edge (fds; -1 afterwards) and the TLS settings. The control descriptor stays the caller's
 * to close. On error nothing more is to be called and the process ends: SY_E_NO_MEMORY, SY_E_IO. */
SY_MUST sy_status courier_open(struct courier *c, SSL_CTX *tls, int fds[COURIER_FD_N],
                               struct sy_error *reterr);

/* Have libuv start its threads: after Landlock, before the filter. */
SY_MUST sy_status courier_start_threads(void);

/* Serve until stopped. 0 after a stop that the supervisor asked for, or when the resolver's files were
 * replaced, which only a new process can read; 1 when the warden is gone or broke the edge's rules. */
int courier_run(struct courier *c);

/* Begin to stop, from any callback; what is under way is not answered. The first call's code counts. */
void courier_stop(struct courier *c, int exit_code);

/* For every handle: where libuv reads to. */
void courier_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret);

/* ---- edge.c ---- */

SY_MUST sy_status courier_edge_open(struct courier *c, int fd, struct sy_error *reterr);
void courier_edge_close(struct courier *c);

/* The one answer to a request: s OK with *answer, or *e. */
void courier_edge_answer(struct courier *c, uint32_t id, const struct sy_courier_answer *answer);
void courier_edge_refuse(struct courier *c, uint32_t id, const struct sy_error *e);

/* ---- errand.c ---- */

/* Carry out a request; its answer goes to the edge. */
void courier_errand_start(struct courier *c, uint32_t id, const struct sy_courier_ask *ask);

/* End all without an answer. */
void courier_errands_drop(struct courier *c);

#endif
