/*
 * Inside the asynchronous client: a connection (async.c) and its calls (async_call.c).
 *
 * Runs in: SDK. May block: on the profile's small files only. Threads: the loop's.
 * Lifetime: the client lives until its timer, its socket and a name resolution under way have
 * ended; libuv memory dies in their callbacks, nowhere else.
 */
#ifndef CLIENT_ASYNC_H
#define CLIENT_ASYNC_H

#include <uv.h>

#include "client/answer.h"
#include "client/session.h"
#include "shuyu/async.h"

enum client_async_state {
    CLIENT_ASYNC_DOWN = 1, /* no connection; the next try at retry_ms */
    CLIENT_ASYNC_RESOLVING,
    CLIENT_ASYNC_CONNECTING, /* TCP, then TLS */
    CLIENT_ASYNC_UP,
    CLIENT_ASYNC_DROPPING /* the socket is being closed */
};

struct shuyu_async_call {
    struct shuyu_async_call *next;
    struct shuyu_async *client;
    struct client_call *call;
    uint32_t id;      /* of the frame last sent */
    bool sent;        /* on the present connection */
    unsigned n_sends; /* on this one and on those before it */
    uint64_t send_ms; /* not before this */
    uint64_t deadline_ms;
    uint64_t backoff_ms;
    shuyu_async_run_fn on_run; /* one of the two */
    shuyu_async_call_fn on_call;
    void *ctx;
};

struct shuyu_async {
    uv_loop_t *loop;
    struct shuyu_profile *profile;
    struct client_address address;
    shuyu_options options;
    uv_timer_t timer;
    uv_tcp_t tcp;
    uv_connect_t connecting;
    uv_getaddrinfo_t resolving;
    struct addrinfo *found;  /* owned; addresses of the host ... */
    struct addrinfo *trying; /* ... and the one in turn */
    struct client_link link; /* while connecting or up */
    enum client_async_state state;
    uint64_t retry_ms;      /* DOWN: the next try */
    uint64_t connect_by_ms; /* CONNECTING: until then */
    uint64_t backoff_ms;
    uint32_t next_id;
    struct shuyu_async_call *calls;
    shuyu_async_open_fn on_open;
    void *open_ctx;
    bool told;        /* on_open has been, or will not be, called */
    unsigned pending; /* handles and requests that still have to end */
    bool closing;
    shuyu_async_close_fn on_closed;
    void *closed_ctx;
    char chunk[65536];
};

/* Wake the client up in the loop's next round. */
void client_async_wake(struct shuyu_async *c);

/* Calls: put what is due on the link; a frame came; end what is out of time; forget what was sent
 * (the connection is gone); the earliest moment at which one of them wants attention. */
SY_MUST sy_status client_async_send_due(struct shuyu_async *c, uint64_t now_ms,
                                        struct sy_error *err);
void client_async_response(struct shuyu_async *c, const struct sy_rpc_msg *m);
void client_async_expire(struct shuyu_async *c, uint64_t now_ms);
void client_async_unsend(struct shuyu_async *c);
uint64_t client_async_next_ms(const struct shuyu_async *c);
void client_async_drop_calls(struct shuyu_async *c);

#endif
