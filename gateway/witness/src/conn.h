/* A connection of the witness's server: its reading, its parser, its one answer at a time. */
#ifndef WITNESS_SRC_CONN_H
#define WITNESS_SRC_CONN_H

#include "witness/server.h"

struct witness_conn {
    struct witness_server *server;
    struct witness_conn *next;
    struct witness_conn *prev;
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    llhttp_t parser;
    struct sy_buf in;   /* owned; bytes that the parser has not taken */
    struct sy_buf body; /* owned; of the request that arrives */
    struct sy_buf out;  /* owned; the answer on its way */
    char target[WITNESS_TARGET_MAX];
    size_t n_target; /* may count past the maximum */
    size_t n_head;   /* bytes of the request's head so far */
    bool is_begun;   /* a request is unfinished */
    bool is_complete;
    bool is_too_large; /* its body is */
    bool is_writing;
    bool is_last;      /* after this answer the connection ends */
    bool is_lingering; /* our side has ended */
    bool is_closed;
    uint64_t deadline_ms; /* by the loop's clock */
};

/* Take a connection that waits at the listener. */
void witness_conn_accept(struct witness_server *server);

/* Close at once; idempotent. */
void witness_conn_drop(struct witness_conn *c);

/* For a stop: close now, or after the answer that is on its way. */
void witness_conn_finish(struct witness_conn *c);

/* Answer what the parser has found: a complete request, or with `status` what is wrong with it. http.c. */
void witness_conn_answer(struct witness_conn *c, unsigned status);

/* Send c->out, then go on or end. */
void witness_conn_send(struct witness_conn *c);

/* Prepare the parser of a new connection. http.c. */
void witness_http_init(struct witness_conn *c);

/* Give the parser what came; answers at most one request. http.c. */
void witness_http_input(struct witness_conn *c);

#endif
