/*
 * The bridge's HTTP, on the loopback: one request of a connection at a time, keep-alive. A request is answered from
 * the shelf of products (fetch.c), or by one signed call of a product (call.c), which many connections may
 * wait for side by side. What a stranger could hold is limited: connections, bytes, and the time of every phase.
 *
 * Runs in: bridge. Trusts: the SDK's verdict on what the domain says; clients that have the token, to spend the
 * buyer's money. Holds: the profile's keys (in the SDK), the token, outcomes of calls. May block: on the profile's
 * small files. Threads: the loop's. Source: RFC 9110, RFC 9112.
 */
#ifndef BRIDGE_SERVER_H
#define BRIDGE_SERVER_H

#include <shuyu/async.h>
#include <uv.h>

#include "bridge/guard.h"
#include "bridge/keys.h"
#include "bridge/shelf.h"

enum {
    BRIDGE_CONNS_MAX = 128,
    BRIDGE_CALLS_MAX = 64,     /* of products, under way; more is 503 */
    BRIDGE_REQUEST_MS = 10000, /* for a request to arrive */
    BRIDGE_ANSWER_MS = 30000,  /* for an answer to be taken */
    BRIDGE_IDLE_MS = 60000,    /* between requests */
    BRIDGE_LINGER_MS = 2000,   /* for the client to end its side */
    BRIDGE_STOP_MS = 10000,    /* for calls under way, when the bridge is stopped */
    BRIDGE_FETCH_MS = 15000,   /* for the list of products to come */
    BRIDGE_CALL_MS = 280000,   /* for a call, repetitions included: less than its envelope lives */
    BRIDGE_SHELF_LIST_MS = 5000, /* how old a shelf may be that is told about ... */
    BRIDGE_SHELF_CALL_MS = 60000 /* ... or called from */
};

struct bridge_conn;
struct bridge_call;

/* The list of products on its way. */
struct bridge_fetch {
    struct bridge_shelf *shelf; /* in the making; NULL: no fetch is under way */
    size_t prefix;
    shuyu_async_call *call;
    uint64_t deadline_ms;
};

struct bridge_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_signal_t term;
    uv_signal_t interrupt;
    uv_timer_t sweep;
    uv_timer_t stop_timer;
    struct bridge_token token; /* owned */
    shuyu_profile *profile;    /* borrowed */
    shuyu_async *client;       /* owned */
    struct bridge_shelf *shelf;
    uint64_t shelf_ms; /* when it was fetched */
    bool is_stale;     /* whatever its age */
    struct bridge_fetch fetch;
    struct bridge_keys keys;
    struct bridge_call *calls;
    size_t n_calls;
    struct bridge_conn *conns;
    size_t n_conns;
    uint64_t wait_ms; /* how long a request may wait for an outcome */
    bool is_stopping;
    bool is_closed;   /* the client is being closed: the last steps */
    char address[64]; /* HOST:PORT as it is bound */
    char url[80];     /* http://... */
    char read_bytes[16384];
};

struct bridge_setup {
    const char *listen;        /* HOST:PORT of the loopback; port 0 takes a free one */
    const char *address;       /* of the gateway; NULL: the pinned one */
    shuyu_profile *profile;    /* borrowed; outlives the server */
    struct bridge_token token; /* taken over when the server opens */
    uint64_t wait_ms;
};

/* Listen. SY_E_FIELD (addresses), SY_E_STATE (no address is pinned), SY_E_IO, SY_E_NO_MEMORY. ret must not move
 * afterwards. No connection to the domain is made yet. SIGPIPE is ignored by the caller. */
SY_MUST sy_status bridge_server_open(struct bridge_server *ret, const struct bridge_setup *setup,
                                     struct sy_error *reterr);

/* Serve until SIGTERM or SIGINT (or bridge_server_stop); everything is closed and wiped on return. */
void bridge_server_run(struct bridge_server *s);

/* Begin to stop: no new requests; those that wait have BRIDGE_STOP_MS. Idempotent; from the loop's thread. */
void bridge_server_stop(struct bridge_server *s);

#endif
