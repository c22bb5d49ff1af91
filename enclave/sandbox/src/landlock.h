/* Landlock rulesets: everything handled, nothing allowed but what is listed. */
#ifndef SANDBOX_SRC_LANDLOCK_H
#define SANDBOX_SRC_LANDLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* What stays allowed beneath one open directory. */
struct sandbox_beneath {
    int dirfd;
    uint64_t allowed; /* KERNEL_FS_* bits */
};

/* Restrict the calling thread and its future threads. no_new_privs must be set. */
SY_MUST sy_status sandbox_landlock_restrict(const struct sandbox_beneath *allowed, size_t n_allowed,
                                            struct sy_error *reterr);

#endif
