/*
 * A client's connection. Its states and what each may become (conn.c has the table):
 *
 *   HANDSHAKE -> SNIFF -> RPC | HTTP -> CLOSING -> CLOSED
 *
 * HANDSHAKE  TLS is being agreed. SNIFF: the first decrypted byte will tell the protocol.
 * RPC, HTTP  serving. CLOSING: nothing is read any more, what is queued is sent, then our end, then
 *            the peer's end is awaited for a moment so that it does not lose our last words.
 * CLOSED     handed to uv_close; the struct is freed in the close callback.
 *
 * Back-pressure: a connection is read only while gw_conn_may_read. Nothing else bounds what a client
 * can make us hold, so every source of work asks it before taking the next request.
 *
 * Runs in: gateway. Trusts: nobody. Holds: session keys, sealed answers on their way.
 * May block/alloc: allocates up to the limits. Threads: the loop's.
 */
#ifndef GATEWAY_CONN_H
#define GATEWAY_CONN_H

#include "gateway/gateway.h"
#include "gateway/http.h"
#include "gateway/tls.h"

enum gw_state {
    GW_STATE_NONE = 0,
    GW_HANDSHAKE,
    GW_SNIFF,
    GW_RPC,
    GW_HTTP,
    GW_CLOSING,
    GW_CLOSED,
    GW_STATE_N
};

/* A piece of output, in clear until it is encrypted record by record. */
struct gw_chunk {
    struct gw_chunk *next;
    struct sy_buf bytes; /* owned */
    size_t n_sent;
};

struct gw_conn {
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct gw *gw;
    struct gw_conn *prev, *next;
    enum gw_state state;
    struct gw_tls tls;
    struct gw_frames in; /* decrypted, not yet handled */
    struct gw_http http;
    struct gw_chunk *out_first, *out_last;
    size_t n_out;         /* bytes of chunks not yet encrypted */
    size_t n_writing;     /* encrypted bytes that libuv has and the kernel has not */
    uint64_t n_in_flight; /* relayed, unanswered */
    uint8_t address[GW_KEY_BYTES];
    uint64_t opened_ms;
    uint64_t active_ms;   /* a request or an answer was complete */
    uint64_t request_ms;  /* an unfinished request began; 0 = none */
    uint64_t progress_ms; /* the peer took bytes */
    uint64_t ended_ms;    /* CLOSING: our end was sent; 0 = not yet */
    bool is_reading;      /* uv_read_start is on */
    bool input_ended;     /* the peer sends no more, but may be waiting for answers */
    bool socket_ended;    /* the same, from the kernel: there is nothing more to read */
    bool has_said_end;
};

/* Accept one connection from the listener, or turn it away. */
void gw_conn_accept(struct gw *gw);

/* May another request be taken from this connection now? */
bool gw_conn_may_read(const struct gw_conn *c);

/* Queue bytes for the client, encrypted later by gw_conn_work; *bytes is consumed whatever the result.
 * The connection is dropped past its ceiling. */
void gw_conn_send(struct gw_conn *c, struct sy_buf *bytes);

/* A relayed request was answered. */
void gw_conn_answered(struct gw_conn *c);

/* Handle what was read, send what is queued, start or stop reading. Call it after anything changed; not
 * from within an input function. */
void gw_conn_work(struct gw_conn *c);

/* End politely: answer no more, flush, close. Or at once. Both are idempotent and safe anywhere. */
void gw_conn_close(struct gw_conn *c);
void gw_conn_drop(struct gw_conn *c);

/* Close or drop what took too long; called by the sweep timer. */
void gw_conn_check_time(struct gw_conn *c);

/* --- conn_out.c --- */

/* Encrypt and hand to libuv as much as may be on its way at once. False: the connection is broken. */
bool gw_conn_flush(struct gw_conn *c);
/* Is nothing queued or on its way? */
bool gw_conn_is_flushed(const struct gw_conn *c);
/* Free the queue. */
void gw_conn_out_deinit(struct gw_conn *c);

#endif
