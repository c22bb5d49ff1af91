/*
 * Texts of a log on their way to people: a log may hold any text that somebody signed, and none of it may
 * drive a terminal, break a line, or leave the quotes it was put in.
 *
 * Runs in: the auditor's machine. Trusts: nothing. Threads: pure functions.
 * Source: RFC 3629; Unicode 15 (general categories Cc, Cf, Zl, Zp); RFC 5424 section 6.3.3.
 */
#ifndef AUDIT_TEXT_H
#define AUDIT_TEXT_H

#include "base/buf.h"

/* Append `v` as printable UTF-8: controls, format characters (bidirectional marks among them) and line
 * separators as \u{HEX}, bytes that are no UTF-8 as \x{HEX}, a backslash doubled. */
SY_MUST sy_status audit_text(struct sy_buf *b, struct sy_view v);

/* The same, between the quotes of a syslog parameter: `"`, `\` and `]` with a backslash before them. */
SY_MUST sy_status audit_text_param(struct sy_buf *b, struct sy_view v);

/* The same, between the quotes of a Graphviz string. */
SY_MUST sy_status audit_text_dot(struct sy_buf *b, struct sy_view v);

/* Append JSON, whose string contents may hold anything printable or not but no raw control below U+0020:
 * the characters that audit_text hides become \uXXXX, which leaves the value as it was. */
SY_MUST sy_status audit_text_json(struct sy_buf *b, struct sy_view json);

/* Append RFC 3339 when the year has four digits, else the number of seconds. */
SY_MUST sy_status audit_text_time(struct sy_buf *b, int64_t utc_s);

/* Has this time a form with four digits of year? */
bool audit_time_is_civil(int64_t utc_s);

#endif
