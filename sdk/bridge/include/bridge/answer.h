/*
 * A verified answer as JSON: rows by column name, each figure with its interval and whether it is withheld; what it
 * stands on; the receipt. Figures are exact decimals. Only the SDK makes a shuyu_answer, and only one that verified.
 * Threads: pure functions.
 */
#ifndef BRIDGE_ANSWER_H
#define BRIDGE_ANSWER_H

#include <shuyu/shuyu.h>

#include "base/buf.h"
#include "bridge/shelf.h"

/* Append the document. SY_E_LIMIT (larger than the buffer may be), SY_E_NO_MEMORY. */
SY_MUST sy_status bridge_put_answer(struct sy_buf *b, const struct bridge_product *product,
                                    const shuyu_answer *a);

#endif
