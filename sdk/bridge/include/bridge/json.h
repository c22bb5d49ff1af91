/*
 * JSON, appended to a buffer: for answers, whose figures are exact decimals. Other documents are jansson's.
 * Texts are UTF-8 already, as every text of a record is. Source: RFC 8259.
 */
#ifndef BRIDGE_JSON_H
#define BRIDGE_JSON_H

#include <jansson.h>

#include "base/buf.h"

/* A string with its quotes. SY_E_LIMIT, SY_E_NO_MEMORY. */
SY_MUST sy_status bridge_put_text(struct sy_buf *b, struct sy_view text);

/* A number: value x 10^-scale, all its digits. scale: at most 18. */
SY_MUST sy_status bridge_put_decimal(struct sy_buf *b, int64_t value, uint64_t scale);

/* Lower-case hex of 32 bytes, with quotes. */
SY_MUST sy_status bridge_put_hash(struct sy_buf *b, const uint8_t hash[32]);

/* A document, compact; takes it over. SY_E_NO_MEMORY (also for NULL), SY_E_LIMIT. */
SY_MUST sy_status bridge_put_json(struct sy_buf *b, json_t *document);

/* A text as jansson's; NULL when out of memory. */
json_t *bridge_text(struct sy_view text);

#endif
