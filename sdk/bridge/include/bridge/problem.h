/*
 * What is answered instead of an answer: application/problem+json with Shuyu's code, field and reason, and the HTTP
 * status that goes with the code, by one table. Source: RFC 9457; docs/errors.md.
 */
#ifndef BRIDGE_PROBLEM_H
#define BRIDGE_PROBLEM_H

#include <shuyu/error.h>

#include "base/buf.h"

/* The HTTP status of an error of the SDK: by code where the table has it, else by category. */
unsigned bridge_status_of(int code);

/* The phrase of a status that is used here ("Not Found"); "Error" for others. */
const char *bridge_phrase_of(unsigned status);

/* Append the document. status: bridge_status_of(e->code), or what HTTP itself demands (405, 413, ...). */
SY_MUST sy_status bridge_put_problem(struct sy_buf *b, unsigned status, const shuyu_error *e);

/* An error of the bridge's own. */
shuyu_error bridge_error(int code, const char *field, const char *reason);

#endif
