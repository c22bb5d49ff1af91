/*
 * Small readers of line-based text, shared by notes, checkpoints and receipts: strict decimals,
 * strict base64, one line at a time.
 */
#ifndef PROOF_SRC_TEXT_H
#define PROOF_SRC_TEXT_H

#include "base/buf.h"
#include "base/status.h"

/* Take the next line off *rest, without its "\n"; false when no newline is left. */
bool text_line(struct sy_view *rest, struct sy_view *ret_line);

/* A decimal without sign and leading zeros ("0" itself is fine), at most UINT64_MAX. */
bool text_u64(struct sy_view v, uint64_t *ret);

/* Standard base64 with padding and no unused bits set, decoding to between 1 and cap bytes. */
bool text_base64(struct sy_view v, uint8_t *ret, size_t cap, size_t *ret_n);

/* The same, decoding to exactly n bytes. */
bool text_base64_exact(struct sy_view v, uint8_t *ret, size_t n);

/* Append base64 of the bytes. SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status text_add_base64(struct sy_buf *b, struct sy_view bytes);

#endif
