/*
 * Small readers and writers of line-based text, shared by notes, checkpoints, receipts, evidence and
 * messages of witnesses: strict decimals, strict base64, one line at a time.
 */
#ifndef PROOF_SRC_TEXT_H
#define PROOF_SRC_TEXT_H

#include "base/buf.h"
#include "base/status.h"
#include "proof/merkle.h"

/* Take the next line off *rest, without its "\n"; false when no newline is left. */
bool text_line(struct sy_view *rest, struct sy_view *ret_line);

/* What follows `word` in the line; false when the line begins otherwise. */
bool text_after(struct sy_view line, const char *word, struct sy_view *ret);

/* A decimal without sign and leading zeros ("0" itself is fine), at most UINT64_MAX. */
bool text_u64(struct sy_view v, uint64_t *ret);

/* Standard base64 with padding and no unused bits set, decoding to between 1 and cap bytes. */
bool text_base64(struct sy_view v, uint8_t *ret, size_t cap, size_t *ret_n);

/* The same, decoding to exactly n bytes. */
bool text_base64_exact(struct sy_view v, uint8_t *ret, size_t n);

/* Append base64 of the bytes. SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status text_add_base64(struct sy_buf *b, struct sy_view bytes);

/* A path: a line of base64 for each hash, then a blank line. Take it off *rest: at most `most`
 * (<= PROOF_PATH_MAX) hashes. Append it; errors of sy_buf_add, part of it may then be there. */
bool text_path(struct sy_view *rest, size_t most, struct proof_path *ret);
SY_MUST sy_status text_add_path(struct sy_buf *b, const struct proof_path *path);

#endif
