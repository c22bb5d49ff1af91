/*
 * A product's call as a request. Threads: pure functions.
 */
#ifndef CLIENT_PRODUCT_H
#define CLIENT_PRODUCT_H

#include "base/buf.h"
#include "client/error.h"

enum { CLIENT_PRODUCT_MAX = 1 << 18 };

/* Arguments into *args (empty, CLIENT_PRODUCT_MAX), and a request that borrows them and the question. SY_E_USAGE,
 * SY_E_FIELD. */
SY_MUST sy_status client_product_request(const shuyu_product_question *q, struct sy_buf *args,
                                         shuyu_request *ret, struct sy_error *err);

#endif
