/* A large log, made by the rules and signed by real keys (log.c). */
#ifndef BENCH_LOG_H
#define BENCH_LOG_H

#include <stdint.h>

#include "audit/export.h"
#include "bench.h"

/* Write the export of such a log into a new folder. At least about thirty entries. */
void log_make(const char *folder, uint64_t entries);

/* The log of a million entries (SHUYU_BENCH_ENTRIES: of so many), made on first use; kept until the end. */
struct audit_export *log_million(void);

#endif
