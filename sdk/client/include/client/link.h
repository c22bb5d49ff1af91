/*
 * The stream to a domain, free of I/O: plain bytes over the local socket, TLS 1.3 over the network.
 * A driver moves bytes between a socket and this; calls move frames.
 *
 *   socket -> client_link_receive -> client_link_frame -> call
 *   call -> client_link_send -> client_link_output -> socket
 *
 * Runs in: SDK. Trusts: nobody: frames are bounded and parsed strictly. Holds: a connection's
 * state. May block: never. Threads: one at a time.
 */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include "client/call.h"

struct client_link {
    SSL *ssl;           /* NULL = plain */
    BIO *net_in;        /* what came from the socket; owned by ssl */
    BIO *net_out;       /* what goes to the socket; owned by ssl */
    struct sy_buf in;   /* clear bytes not yet taken as frames */
    struct sy_buf out;  /* bytes for the socket */
    struct sy_buf held; /* frames given before the handshake was done */
    size_t frame_bytes; /* of the frame last given; dropped with the next call */
    bool ready;         /* frames flow */
};

/* Begin. p NULL = plain; otherwise TLS with its certificate, and only with its pinned gateway where
 * there is one. SY_E_TLS, SY_E_NO_MEMORY; *l is then empty. */
SY_MUST sy_status client_link_init(struct client_link *l, const struct shuyu_profile *p,
                                   struct sy_error *err);
void client_link_deinit(struct client_link *l);

/* Bytes came from the socket. SY_E_TLS, SY_E_CLOSED (the peer said goodbye), SY_E_LIMIT. After an
 * error the link is of no more use; frames already whole may still be taken. */
SY_MUST sy_status client_link_receive(struct client_link *l, struct sy_view bytes,
                                      struct sy_error *err);

/* Queue a frame. SY_E_TLS, SY_E_LIMIT, SY_E_NO_MEMORY. */
SY_MUST sy_status client_link_send(struct client_link *l, struct sy_view frame,
                                   struct sy_error *err);

/* What is to be written to the socket; the driver consumes from its front (sy_buf_consume). */
static inline struct sy_buf *client_link_output(struct client_link *l)
{
    return &l->out;
}

/* The next whole frame, parsed; its bytes are valid until the next call on this link. OK;
 * SY_E_CLOSED when there is none yet; SY_E_FRAME, SY_E_LIMIT, SY_E_NOT_CANONICAL when there can
 * never be one. */
SY_MUST sy_status client_link_frame(struct client_link *l, struct sy_rpc_msg *ret,
                                    struct sy_error *err);

#endif
