/*
 * The gateway: one libuv loop between the network and the warden. To follow one request:
 *
 *   socket -> conn.c (bytes, states) -> tls.c (decrypt) -> rpc.c (frame -> refuse or relay)
 *     -> relay.c (warden's edge; idmap.c whose answer) -> conn_out.c (queue, encrypt) -> socket
 *   socket -> conn.c -> tls.c -> http.c (path.c: what may be asked) -> file of the public directory
 *
 * It holds a TLS key, sessions, rate limits and a read-only replica (replica.h). What it relays is
 * sealed; what it gets back is sealed too. If it is taken over it can drop, delay and count requests.
 *
 * libuv rule: a handle's memory is freed in its close callback and nowhere else.
 *
 * Runs in: gateway. Trusts: the warden's edge, for liveness. Holds: see above. May block/alloc:
 * allocates up to its limits; reads small files of the public directory synchronously.
 * Threads: one.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <openssl/ssl.h>
#include <uv.h>

#include "gateway/frames.h"
#include "gateway/handoff.h"
#include "gateway/idmap.h"
#include "gateway/limits.h"
#include "gateway/replica.h"

/* X(field): what the gateway counts; logged when it changed, and at the end. */
#define GW_STATS(X)                                                                                \
    X(accepted)                                                                                    \
    X(turned_away)                                                                                 \
    X(bad_handshakes)                                                                              \
    X(timeouts)                                                                                    \
    X(bad_frames)                                                                                  \
    X(notifications)                                                                               \
    X(pings)                                                                                       \
    X(relayed)                                                                                     \
    X(refused)                                                                                     \
    X(over_rate)                                                                                   \
    X(answers)                                                                                     \
    X(answers_dropped)                                                                             \
    X(pages)

struct gw_stats {
#define GW_STAT_FIELD(field) uint64_t field;
    GW_STATS(GW_STAT_FIELD)
#undef GW_STAT_FIELD
};

struct gw_conn;

/* What an input function of a connection's state found (conn.h). */
enum gw_step {
    GW_STEP_NONE = 0,
    GW_STEP_AGAIN, /* took something: call again */
    GW_STEP_MORE,  /* needs more bytes */
    GW_STEP_N
};

/* The warden's edge (relay.c). */
struct gw_edge {
    uv_pipe_t pipe;
    struct gw_frames in;
    bool open;
    bool full; /* its queue is over the limit: clients are not read */
};

struct gw {
    uv_loop_t loop;
    uv_tcp_t listener;
    struct gw_edge edge;
    uv_poll_t control;
    uv_signal_t term;
    uv_timer_t sweep;    /* looks for timeouts */
    uv_timer_t stopping; /* first: begins to stop; then: looks whether all is over */
    struct gw_limits limits;
    SSL_CTX *tls;
    struct gw_replica replica;
    struct gw_idmap ids;
    struct gw_buckets *buckets;
    struct gw_conn *conns; /* doubly linked; a connection is in it until its close callback */
    size_t n_conns;
    uint64_t n_output_bytes; /* queued for all connections */
    int public_dirfd;
    bool is_stopping;
    uint64_t stop_ms; /* when it began to stop */
    int exit_code;
    struct gw_stats stats, logged;
    uint64_t logged_ms;
    uint8_t read_bytes[GW_READ_BYTES]; /* where libuv reads to; consumed within the callback */
};

/* Take over the descriptors (they leave *h) and the TLS settings, and listen. On error nothing more is
 * to be called and the process ends: SY_E_NO_MEMORY, SY_E_IO. */
SY_MUST sy_status gw_open(struct gw *gw, const struct gw_limits *limits, SSL_CTX *tls,
                          struct gw_handoff *h, struct sy_error *reterr);

/* Serve until stopped; everything is closed and freed then. Returns the exit code: 0 after a stop that
 * the supervisor asked for, 1 when the warden is gone. */
int gw_run(struct gw *gw);

/* Begin to stop, from any callback: what is in flight gets SY_E_STOPPING, connections are flushed for
 * at most two seconds. The first call's exit code counts. */
void gw_stop(struct gw *gw, int exit_code);

/* For every handle: libuv gives a place to read to. */
void gw_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret);

#endif
