/*
 * An entry as one line: for people, as JSON, and as syslog.
 *
 * JSON lines have one schema for each event type, named in the line ("shuyu.charge/1"); an entry whose body
 * was not exported has "shuyu.closed/1": its leaf and the digest that it commits to. Lines and schemas are
 * both made from the descriptors of the wire records, so every field of a record is in them. Rules:
 *   bytes                       lower-case hexadecimal
 *   integers                    numbers up to 2^53, decimal strings beyond (as in `shuyu --json`)
 *   time, expiry, not_*         RFC 3339 in UTC; a number where the year has not four digits
 *   bytes that hold a record    that record as an object (header, arguments, plan, pack, invitation,
 *                               consent); where they are no such record, hexadecimal
 *   fields that a record leaves out (zero, empty) are left out here
 * A version counts up when a field goes or changes its meaning; new fields do not change it.
 *
 * Syslog lines: RFC 5424, facility 13 (log audit), severity by verdict, one structured element.
 *
 * Runs in: the auditor's machine. Trusts: nothing: texts are as hostile as their signers (audit/text.h).
 * Threads: pure functions.
 */
#ifndef AUDIT_LINE_H
#define AUDIT_LINE_H

#include <jansson.h>

#include "audit/record.h"
#include "base/buf.h"

enum { AUDIT_LINE_VERSION = 1, AUDIT_LINE_MAX = 256 << 20 };

/* What the lines of one log have in common. */
struct audit_line_place {
    const char *origin; /* of the log: syslog's host name */
    struct sy_arena *arena;
};

/* Append one line with its newline. SY_E_NO_MEMORY, SY_E_LIMIT. */
typedef sy_status audit_line_fn(const struct audit_line_place *at, const struct audit_record *r,
                                struct sy_buf *b);
SY_MUST sy_status audit_line_table(const struct audit_line_place *at, const struct audit_record *r,
                                   struct sy_buf *b);
SY_MUST sy_status audit_line_json(const struct audit_line_place *at, const struct audit_record *r,
                                  struct sy_buf *b);
SY_MUST sy_status audit_line_syslog(const struct audit_line_place *at, const struct audit_record *r,
                                    struct sy_buf *b);

/* A decoded record as JSON; NULL out of memory. method: whose arguments a sy_logged_request carries; may be
 * NULL. The caller owns the result. */
json_t *audit_json_record(const struct sy_desc *desc, const void *record,
                          const struct rules_method *method, struct sy_arena *arena);

/* The JSON Schema (2020-12) of one event type's lines, or of "closed"; NULL when no method makes such an
 * event. The caller owns the result. */
json_t *audit_json_schema(const char *type);

/* Type i of those that have a schema, "closed" among them; NULL past the last. */
const char *audit_json_type(size_t i);

/* Append this value as one line that is safe on a terminal; takes the reference. */
SY_MUST sy_status audit_json_line(struct sy_buf *b, json_t *j);

#endif
