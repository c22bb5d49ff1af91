/*
 * Framed stream connections: the gateway's edge, the courier's, and local clients. Bytes in are cut into whole
 * MessagePack-RPC frames within limits; bytes out are queued up to a ceiling, past which the peer is
 * dropped (it does not read). A local client may pass one descriptor with a frame.
 */
#ifndef WARDEN_CONN_H
#define WARDEN_CONN_H

#include "base/buf.h"
#include "warden/loop.h"

enum warden_conn_kind { WARDEN_CONN_GATEWAY = 1, WARDEN_CONN_LOCAL, WARDEN_CONN_COURIER };

struct warden_conn;

/* What a connection tells its owner. frame: valid during the call only. passed_fd: -1 or a
 * descriptor that the callee now owns. gone: the connection is freed right after. */
struct warden_conn_ops {
    void (*frame)(void *ctx, struct warden_conn *conn, struct sy_view frame, int passed_fd);
    void (*gone)(void *ctx, struct warden_conn *conn);
};

/* Take over `fd` (closed with the connection). NULL when out of memory; fd is closed then. */
struct warden_conn *warden_conn_open(struct warden_loop *loop, int fd, enum warden_conn_kind kind,
                                     uint64_t id, const struct warden_conn_ops *ops, void *ctx);
/* Drop at once; `gone` is called. Freed as soon as nobody is inside it, so a caller that is not its own
 * callback must not touch it again. Idempotent while inside. */
void warden_conn_drop(struct warden_conn *c);

/* The id given at opening; never given twice, so a late reply finds its asker or nobody. */
uint64_t warden_conn_id(const struct warden_conn *c);
enum warden_conn_kind warden_conn_kind(const struct warden_conn *c);

/* Queue one frame and write what the socket takes. Drops the connection when the peer does not
 * read. The frame is copied. */
void warden_conn_send(struct warden_conn *c, struct sy_view frame);

#endif
