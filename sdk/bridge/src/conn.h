/* A connection of the bridge's server, and what the files that answer it say to each other. */
#ifndef BRIDGE_SRC_CONN_H
#define BRIDGE_SRC_CONN_H

#include "bridge/params.h"
#include "bridge/server.h"

enum bridge_wait {
    BRIDGE_WAITS_NOT = 0,
    BRIDGE_WAITS_SHELF, /* for the list of products */
    BRIDGE_WAITS_CALL,  /* for conn.call */
};

struct bridge_conn {
    struct bridge_server *server;
    struct bridge_conn *next;
    struct bridge_conn *prev;
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct bridge_reader reader;
    struct sy_buf in;  /* owned; bytes that the reader has not taken */
    struct sy_buf out; /* owned; the answer on its way */
    enum bridge_wait waits;
    struct bridge_call *call; /* that it waits for; borrowed */
    bool is_writing;
    bool is_last;      /* after this answer the connection ends */
    bool is_lingering; /* our side has ended */
    bool is_closed;
    uint64_t deadline_ms; /* by the loop's clock */
};

/* An answer. body is copied. */
struct bridge_reply {
    unsigned status;
    const char *type; /* of the body */
    const char *more; /* further header lines, each with its CR LF; "" none */
    struct sy_view body;
};

#define BRIDGE_JSON    "application/json"
#define BRIDGE_PROBLEM "application/problem+json"

/* ---- conn.c ---- */

/* Take a connection that waits at the listener. */
void bridge_conn_accept(struct bridge_server *s);

/* Close at once; idempotent. */
void bridge_conn_drop(struct bridge_conn *c);

/* For a stop: close now, or after the answer that is on its way or waited for. */
void bridge_conn_finish(struct bridge_conn *c);

/* Its time is up: answer that it waited too long, or drop it. */
void bridge_conn_expire(struct bridge_conn *c);

/* Answer the request that was read, once. */
void bridge_conn_answer(struct bridge_conn *c, const struct bridge_reply *reply);
void bridge_conn_problem(struct bridge_conn *c, unsigned status, const shuyu_error *e);

/* Leave the connection waiting: an answer will come from elsewhere. */
void bridge_conn_wait(struct bridge_conn *c, enum bridge_wait waits, struct bridge_call *call);

/* ---- route.c ---- */

/* Answer a request that is whole, or have it wait. */
void bridge_route(struct bridge_conn *c);

/* Answer it now that the shelf is there; is_new: it was fetched for this request. */
void bridge_route_on(struct bridge_conn *c, bool is_new);

/* ---- fetch.c ---- */

/* Have the shelf fetched, if that is not under way. All that wait for it are answered by its end. */
void bridge_fetch_start(struct bridge_server *s);

/* Give up when its time is over, or in any case. */
void bridge_fetch_expire(struct bridge_server *s, bool at_once);

/* ---- call.c ---- */

/* Call a product. The outcome goes to all connections that wait for *ret, and to its key in server.keys. Returns
 * SHUYU_OK, or an error of the SDK; SHUYU_E_BUSY: too many are under way. The shelf is held meanwhile. */
SHUYU_MUST shuyu_status bridge_call_start(struct bridge_server *s,
                                          const struct bridge_product *product,
                                          const struct bridge_ask *ask, struct bridge_call **ret,
                                          shuyu_error *reterr);

/* Nobody waits for this call any more: cancel it, unless a key does. */
void bridge_call_leave(struct bridge_server *s, struct bridge_call *call);

/* Its outcome belongs to a key. */
void bridge_call_keep(struct bridge_call *call);

/* Cancel all. */
void bridge_calls_drop(struct bridge_server *s);

#endif
