/*
 * Giving up capabilities and the ways to regain them. libcap would be one more library in every
 * process; four system calls do it.
 * Invariant: success means that the kernel itself reported every set as empty afterwards.
 */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"
#include "sandbox/seal.h"

struct cap_sets {
    struct __user_cap_data_struct half[_LINUX_CAPABILITY_U32S_3]; /* low and high 32 */
};

static bool get_caps(struct cap_sets *ret)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capget, &head, ret->half) == 0;
}

static bool set_no_caps(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct cap_sets none = {0};
    return syscall(SYS_capset, &head, none.half) == 0;
}

static bool are_empty(const struct cap_sets *caps)
{
    uint32_t any = 0;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        any |= caps->half[i].effective | caps->half[i].permitted | caps->half[i].inheritable;
    }
    return any == 0;
}

/* The kernel answers EINVAL past the last capability it knows. */
static bool drop_bounding(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            return false;
        }
    }
    return true;
}

static bool may_set_caps(const struct cap_sets *caps)
{
    return (caps->half[0].effective & (1U << CAP_SETPCAP)) != 0;
}

/* root means nothing, and none of this can be undone. */
#define SECUREBITS (SECURE_ALL_BITS & ~(unsigned)SECBIT_KEEP_CAPS)

static sy_status drop_with_setpcap(struct sy_error *reterr)
{
    if (!drop_bounding()) {
        return sandbox_fail(reterr, "capability bounding set");
    }
    if (prctl(PR_SET_SECUREBITS, (unsigned long)(SECUREBITS | SECURE_ALL_LOCKS), 0, 0, 0) != 0) {
        return sandbox_fail(reterr, "securebits");
    }
    return SY_OK;
}

sy_status sandbox_enter_no_capabilities(bool bounding, struct sy_error *reterr)
{
    struct cap_sets caps = {0};
    if (!get_caps(&caps)) {
        return sandbox_fail(reterr, "capabilities cannot be read");
    }
    if (may_set_caps(&caps)) {
        SY_TRY(drop_with_setpcap(reterr));
    } else if (bounding) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox",
                       "the user namespace gives no CAP_SETPCAP: the bounding set would stay");
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || !set_no_caps()) {
        return sandbox_fail(reterr, "capabilities cannot be dropped");
    }
    if (!get_caps(&caps) || !are_empty(&caps)) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox", "capabilities are left after dropping all");
    }
    return SY_OK;
}

sy_status sandbox_enter_no_privileges(struct sy_error *reterr)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return sandbox_fail(reterr, "no_new_privs");
    }
    /* READ_IMPLIES_EXEC would turn every readable mapping into code, past the filter's PROT_EXEC */
    if (personality(PER_LINUX) < 0) {
        return sandbox_fail(reterr, "personality");
    }
    return SY_OK;
}
