/* Failures of sealing: always SY_E_KERNEL, naming the step's feature and the system's reason. */
#ifndef SANDBOX_SRC_FAIL_H
#define SANDBOX_SRC_FAIL_H

#include <errno.h>
#include <string.h>

#include "base/status.h"

/* errno -> SY_E_KERNEL with "what: text". `what` is a literal. */
static inline sy_status sandbox_fail(struct sy_error *reterr, const char *what)
{
    return sy_fail(reterr, SY_E_KERNEL, "sandbox", "%s: %s", what, strerror(errno));
}

#endif
