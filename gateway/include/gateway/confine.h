/*
 * What the gateway takes from itself before it reads a byte from the network (role/confine.h). It is the
 * process that strangers talk to, so: no root, no capabilities, nothing of the file system but reading
 * beneath the public directory, no connection but those that it accepts, and only the system calls that
 * serving needs.
 *
 * Runs in: gateway. Trusts: nobody. Holds: nothing. May block/alloc: never.
 * Threads: single-threaded callers only. Errors: SY_E_KERNEL naming the step.
 */
#ifndef GATEWAY_CONFINE_H
#define GATEWAY_CONFINE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

enum { GW_UID_DEFAULT = 65533 };

/* Last before serving, in this order: descriptors raised to n_files, root dropped to uid (when root),
 * no_new_privs, Landlock, seccomp. In sanitizer builds calls that serving does not need stay possible;
 * exec, fork, ptrace and the like kill the process in every build. */
SY_MUST sy_status gw_confine_enter(int public_dirfd, uid_t uid, size_t n_files,
                                   struct sy_error *reterr);

#endif
