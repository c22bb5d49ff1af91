/*
 * What a process outside the enclave takes from itself before it reads a byte from the network: core
 * files, tracing, root, capabilities, the file system but for what it names, and the system calls that
 * it does not need. None of it can be undone. In this order:
 *
 *   role_confine_process    first of all
 *   own start               keys, files of its own, the loop
 *   role_confine_identity   open files, root, no_new_privs
 *   role_confine_files      Landlock
 *   threads, if any         Landlock holds for the threads that a confined one starts
 *   role_confine_calls      seccomp, for all threads
 *
 * Runs in: gateway, courier. Trusts: nobody. Holds: nothing. May block/alloc: never.
 * Threads: as above. Errors: SY_E_KERNEL naming the step.
 * Source: prctl(2), landlock(7), seccomp(2).
 */
#ifndef ROLE_CONFINE_H
#define ROLE_CONFINE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

/* No dumps, empty environment, umask 077, SIGPIPE ignored, every descriptor above 2 closed but `keep`
 * (at most 16; -1 entries are skipped). */
SY_MUST sy_status role_confine_process(const int *keep, size_t n_keep, struct sy_error *reterr);

/* n_files open files at most, uid and gid `uid` when started as root, no_new_privs. Also SY_E_KERNEL
 * when the limit of open files cannot be had. */
SY_MUST sy_status role_confine_identity(uid_t uid, size_t n_files, struct sy_error *reterr);

/* Landlock: only files beneath (or at) these descriptors can be opened, for reading; -1 entries are
 * skipped. No TCP port can be bound, and none be connected to unless may_connect; no abstract sockets,
 * no signals to others. An older kernel handles less; the filter then still denies what matters. */
SY_MUST sy_status role_confine_files(const int *readable, size_t n_readable, bool may_connect,
                                     struct sy_error *reterr);

struct role_calls {
    const unsigned *calls; /* SYS_... */
    size_t n;
};

/* A call that is allowed when argument `arg` is one of these values; else it fails with EPERM. */
struct role_call_if {
    unsigned call;
    unsigned arg;
    unsigned values[2];
};

/* What a role needs, and what ends it, beside what is common to all (confine_filter.c): serving a loop,
 * reading files, memory that is never executable; exec, fork, ptrace and the like kill. */
struct role_filter {
    struct role_calls allowed;
    struct role_calls killed;
    const struct role_call_if *allowed_if;
    size_t n_allowed_if;
};

/* The system call filter. What is neither allowed nor killed fails with EPERM, which libraries that
 * probe can cope with; in sanitizer builds it stays possible. */
SY_MUST sy_status role_confine_calls(const struct role_filter *filter, struct sy_error *reterr);

#endif
