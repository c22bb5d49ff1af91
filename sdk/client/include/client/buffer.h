/*
 * From inner buffers to the public one. Threads: pure functions.
 */
#ifndef CLIENT_BUFFER_H
#define CLIENT_BUFFER_H

#include "base/buf.h"
#include "client/error.h"

/* Hand the content of *b to the caller, who frees it with shuyu_buffer_free; *b is empty then. */
void client_buffer_take(struct sy_buf *b, shuyu_buffer *ret);

#endif
