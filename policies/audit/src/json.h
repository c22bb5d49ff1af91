/*
 * What lines and their schemas agree on: which fields are times, and which bytes hold a record.
 */
#ifndef AUDIT_SRC_JSON_H
#define AUDIT_SRC_JSON_H

#include "audit/line.h"

/* Is this integer field a time? */
bool json_is_time(const struct sy_field *f);

/* The record that this field of bytes holds, or NULL. Arguments depend on the method. */
const struct sy_desc *json_nested(const struct sy_desc *desc, const struct sy_field *f,
                                  const struct rules_method *method);

/* Is this the field that holds a method's arguments? */
bool json_is_args(const struct sy_desc *desc, const struct sy_field *f);

#endif
