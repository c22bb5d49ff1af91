/* Every record of the wire, for tests and fuzzers that walk them all. */
#ifndef WIRE_RECORDS_H
#define WIRE_RECORDS_H

#include "wire/schema.h"

extern const struct sy_desc *const sy_records[];
extern const size_t sy_n_records;

#endif
