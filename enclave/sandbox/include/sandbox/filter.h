/*
 * System call filters as tables: a filter is a name, what happens to a call that no row names, and
 * rows. Compiled by libseccomp for the machine's own architecture (checked first by the compiled
 * program; any other, x32 included, is killed). The rendered tables are kept in
 * enclave/sandbox/filters.txt and compared by a test, so that a change of rights shows as a diff.
 *
 * Runs in: zygote (compiles once, before it forks), worker, warden, gateway (enter).
 * Threads: tables are constant; a program belongs to its owner. May allocate: compile, render.
 * Source: seccomp(2), seccomp_rule_add(3); the worker's list: engine.md section 2/6.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <linux/filter.h>

#include "base/buf.h"
#include "base/status.h"

enum sandbox_verdict {
    SANDBOX_ALLOW = 1,
    SANDBOX_REFUSE, /* the call fails with the row's errno: libraries probe and cope */
    SANDBOX_KILL,   /* the whole process dies of SIGSYS */
    SANDBOX_VERDICT_N
};

/* When a row applies. Arguments are compared as the 64-bit values that the kernel is given. */
enum sandbox_condition {
    SANDBOX_ALWAYS = 0,
    SANDBOX_ARG_IS,     /* (arg & mask) == value */
    SANDBOX_ARG_IS_NOT, /* arg != value; mask unused */
    SANDBOX_CONDITION_N
};

struct sandbox_rule {
    const char *syscall;          /* its Linux name */
    enum sandbox_verdict verdict; /* never the filter's `otherwise` */
    int err;                      /* of SANDBOX_REFUSE, else 0 */
    enum sandbox_condition condition;
    unsigned arg; /* 0..5 */
    uint64_t mask;
    uint64_t value;
};

struct sandbox_filter {
    const char *name;
    enum sandbox_verdict otherwise;    /* of calls without a row */
    const struct sandbox_filter *base; /* its rows apply too, unless a row here names the same call;
                                          NULL = none; must have the same `otherwise` */
    const struct sandbox_rule *rules;
    size_t n_rules;
};

/* The sealed worker: kill by default. */
extern const struct sandbox_filter sandbox_filter_worker;
/* Long-running daemons after start-up: allow by default; no new programs or processes, no tracing,
 * no mounts, no sockets but unix ones. */
extern const struct sandbox_filter sandbox_filter_daemon;
#ifdef SY_SANITIZED
/* The worker's list and what AddressSanitizer's runtime needs; in sanitizer builds only. */
extern const struct sandbox_filter sandbox_filter_sanitized;
#endif

/* The filter of this build's workers: sandbox_filter_worker, or in a sanitizer build
 * sandbox_filter_sanitized. */
const struct sandbox_filter *sandbox_worker_filter(void);

/* A compiled filter. {0} = none. */
struct sandbox_program {
    struct sock_filter *ops; /* heap */
    unsigned short n_ops;
};

/* Compile for this machine. The caller owns *ret. A row of an ALLOW filter's deny list whose call
 * this architecture lacks is left out; in a KILL filter a missing SANDBOX_ALLOW row is an error.
 * SY_E_KERNEL: libseccomp refuses (reason says which row). SY_E_NO_MEMORY. */
SY_MUST sy_status sandbox_program_compile(const struct sandbox_filter *filter,
                                          struct sandbox_program *ret, struct sy_error *reterr);

/* Free and set to {0}; NULL-safe. */
void sandbox_program_free(struct sandbox_program *program);

/* Append the table as text, one row a line, for the snapshot. Statuses of sy_buf_printf. */
SY_MUST sy_status sandbox_filter_render(const struct sandbox_filter *filter, struct sy_buf *ret);

#endif
