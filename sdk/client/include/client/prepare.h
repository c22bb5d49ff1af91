/*
 * The file of a request that is signed by two before it is sent.
 */
#ifndef CLIENT_PREPARE_H
#define CLIENT_PREPARE_H

#include "client/call.h"

/* body: sealed to the domain; request: what the signatures cover, as the log will keep it. */
#define SY_PREPARED_FIELDS(F, S, L)                                                                \
    F(bin, body, "body", 0)                                                                        \
    S(logged_request, request, "request", 0)
SY_RECORD(prepared, SY_PREPARED_FIELDS)

#endif
