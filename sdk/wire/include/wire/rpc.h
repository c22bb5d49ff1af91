/*
 * MessagePack-RPC frames: request [0, id, method, [params]], response [1, id, error, result],
 * notification [2, method, [params]]. Method names arrive as str or (pynvim) bin; ids from 0.
 * Frames need not be canonical; what is inside a signed envelope must be (it travels as bin).
 * Source: the msgpack-rpc specification.
 */
#ifndef WIRE_RPC_H
#define WIRE_RPC_H

#include "wire/mp.h"

enum sy_rpc_kind { SY_RPC_REQUEST = 0, SY_RPC_RESPONSE = 1, SY_RPC_NOTIFY = 2 };

struct sy_rpc_msg {
    enum sy_rpc_kind kind;
    uint32_t id;                  /* requests and responses */
    struct sy_view method;        /* requests and notifications: 1..64 bytes of [a-z0-9_.] */
    const msgpack_object *params; /* array; requests and notifications */
    const msgpack_object *error;  /* responses: nil object when there is none */
    const msgpack_object *result;
    struct sy_mp_doc doc; /* owns all of the above */
};

/* Parse one whole frame. `frame` must outlive *ret. SY_E_FRAME or the limits' errors.
 * When the frame is a request whose id could be read, *ret->id and kind are set even on error,
 * so that a typed error can be returned to it (kind = SY_RPC_REQUEST), else kind = SY_RPC_NOTIFY. */
SY_MUST sy_status sy_rpc_parse(struct sy_view frame, const struct sy_mp_limits *limits,
                               struct sy_rpc_msg *ret, struct sy_error *reterr);
void sy_rpc_close(struct sy_rpc_msg *m);
#define SY_RPC_CLEANUP __attribute__((cleanup(sy_rpc_close)))

/* Append frame heads; the caller appends the params array, or the result, as canonical values. */
SY_MUST sy_status sy_rpc_put_request(struct sy_buf *b, uint32_t id, const char *method,
                                     size_t n_params);
SY_MUST sy_status sy_rpc_put_notify(struct sy_buf *b, const char *method, size_t n_params);
SY_MUST sy_status sy_rpc_put_result_head(struct sy_buf *b, uint32_t id);

/* Append a whole error response: error = {"category","code","field","reason"}, result = nil. */
SY_MUST sy_status sy_rpc_put_error(struct sy_buf *b, uint32_t id, const struct sy_error *e);

/* Read the error object of a response into *ret (unknown names become SY_E_INTERNAL). False when it
 * is nil. */
bool sy_rpc_error(const msgpack_object *o, struct sy_error *ret);

#endif
