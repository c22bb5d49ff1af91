/*
 * The witness's HTTP: POST /add-checkpoint, GET /HEX/checkpoint, GET /. One request of a connection at a
 * time, keep-alive, plain HTTP: TLS is the business of the reverse proxy in front, and of the network.
 * What stands in the way of nobody is limited: connections, bytes of heads and bodies, and the time that
 * a request may take to arrive.
 *
 * Runs in: witness. Trusts: nobody. Holds: requests while they arrive. May block: while a checkpoint is
 * stored, all connections wait. Threads: the loop's.
 * Source: RFC 9110, RFC 9112, C2SP tlog-witness v1.0.0.
 */
#ifndef WITNESS_SERVER_H
#define WITNESS_SERVER_H

#include <llhttp.h>
#include <uv.h>

#include "witness/witness.h"

enum {
    WITNESS_CONNS_MAX = 512,
    WITNESS_HEAD_MAX = 8192,    /* bytes of a request's head; more is 431 */
    WITNESS_TARGET_MAX = 128,   /* bytes of a path; more is 414 */
    WITNESS_REQUEST_MS = 10000, /* for a request to arrive, and for an answer to be taken */
    WITNESS_IDLE_MS = 60000,    /* between requests */
    WITNESS_LINGER_MS = 2000,   /* for the client to end its side */
};

struct witness_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_signal_t term;
    uv_signal_t interrupt;
    uv_timer_t sweep;
    struct witness *witness;
    struct witness_conn *conns; /* a list */
    size_t n_conns;
    int exit_code;
    bool is_stopping;
    char address[64]; /* HOST:PORT as it is bound */
    char read_bytes[16384];
};

/* Listen on HOST:PORT (numbers; [HOST]:PORT for IPv6; port 0 takes a free one). `witness` is borrowed.
 * SY_E_FIELD (address), SY_E_IO. ret must not move afterwards. */
SY_MUST sy_status witness_server_open(struct witness_server *ret, struct witness *witness,
                                      const char *address, struct sy_error *reterr);

/* Serve until SIGTERM or SIGINT, or until something could not be stored; everything is closed on return.
 * 0, or 1 after a failure. */
int witness_server_run(struct witness_server *server);

#endif
