/*
 * Landlock: a second wall behind the empty root and the filter for workers, the main one against
 * the file system for daemons. Every right the kernel's ABI 7 knows is handled, hence denied.
 * Invariant: a kernel that cannot handle all of them is refused, not served with less.
 */
#include "landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"
#include "fail.h"
#include "kernel.h"
#include "sandbox/seal.h"

static sy_status check_abi(struct sy_error *reterr)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, KERNEL_LANDLOCK_VERSION);
    if (abi < 0) {
        return sandbox_fail(reterr, "Landlock is not available");
    }
    if (abi < KERNEL_LANDLOCK_NEEDED) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox",
                       "Landlock ABI %ld is too old: %d (Linux 6.12) is needed", abi,
                       KERNEL_LANDLOCK_NEEDED);
    }
    return SY_OK;
}

static sy_status allow_beneath(int ruleset, const struct sandbox_beneath *b,
                               struct sy_error *reterr)
{
    struct kernel_landlock_beneath rule = {.allowed_access = b->allowed, .parent_fd = b->dirfd};
    if (syscall(SYS_landlock_add_rule, ruleset, KERNEL_LANDLOCK_RULE_BENEATH, &rule, 0) != 0) {
        return sandbox_fail(reterr, "Landlock rule");
    }
    return SY_OK;
}

sy_status sandbox_landlock_restrict(const struct sandbox_beneath *allowed, size_t n_allowed,
                                    struct sy_error *reterr)
{
    SY_TRY(check_abi(reterr));
    struct kernel_landlock_ruleset all = {.handled_access_fs = KERNEL_FS_ALL,
                                          .handled_access_net = KERNEL_NET_ALL,
                                          .scoped = KERNEL_SCOPE_ALL};
    SY_FD_CLEANUP int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (ruleset < 0) {
        return sandbox_fail(reterr, "Landlock ruleset");
    }
    for (size_t i = 0; i < n_allowed; i++) {
        SY_TRY(allow_beneath(ruleset, &allowed[i], reterr));
    }
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        return sandbox_fail(reterr, "Landlock restriction");
    }
    return SY_OK;
}

sy_status sandbox_enter_landlock(struct sy_error *reterr)
{
    return sandbox_landlock_restrict(NULL, 0, reterr);
}
