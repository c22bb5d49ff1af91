/*
 * The blocking driver: one socket, one link, one call at a time.
 *
 * Runs in: SDK. May block: yes, on the socket, never past a deadline. Threads: one at a time.
 */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "client/address.h"
#include "client/link.h"

struct shuyu_session {
    struct shuyu_profile *profile; /* borrowed; NULL = only ping */
    struct client_address address;
    shuyu_options options; /* defaults filled in */
    int fd;                /* -1 = not connected */
    struct client_link link;
    uint32_t next_id;
};

/* Fill in what options leave open. options may be NULL. */
void client_options_fill(const shuyu_options *options, shuyu_options *ret);

/* Milliseconds of the monotonic clock. */
uint64_t client_now_ms(void);

/* Connect a stream socket, non-blocking, by deadline_ms (connect.c). SY_E_NOT_FOUND, SY_E_CLOSED
 * (refused), SY_E_TIMEOUT, SY_E_IO. */
SY_MUST sy_status client_connect(const struct client_address *a, uint64_t deadline_ms, int *ret_fd,
                                 struct sy_error *err);

/* Make a session and its first connection. */
SY_MUST sy_status client_session_open(struct shuyu_profile *p, const struct client_address *a,
                                      const shuyu_options *options, shuyu_session **ret,
                                      struct sy_error *err);

/* One frame to send, and what to wait for. */
struct client_ask {
    uint32_t id;          /* of the frame */
    struct sy_view frame; /* borrowed */
    int pass_fd;          /* -1, or a descriptor (borrowed) to go with the first byte */
    uint64_t deadline_ms;
};

/* Send a frame and wait for its response, which is valid until the next call on the session's link;
 * the caller closes it. On error the session is disconnected. */
SY_MUST sy_status client_exchange(shuyu_session *s, const struct client_ask *ask,
                                  struct sy_rpc_msg *ret, struct sy_error *err);

/* Connect where there is no connection. */
SY_MUST sy_status client_ensure(shuyu_session *s, uint64_t deadline_ms, struct sy_error *err);
void client_disconnect(shuyu_session *s);

/* A call with its repetitions (shuyu_call, shuyu_enrol). pass_fd as above, then sent once only. */
SY_MUST sy_status client_call_through(shuyu_session *s, struct client_call *c, int pass_fd,
                                      shuyu_reply **ret, struct sy_error *err);

#endif
