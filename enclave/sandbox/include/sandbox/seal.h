/*
 * The one-way steps that turn a freshly forked child into a sealed worker, in the order in which
 * they must be taken. Each sandbox_enter_* gives something up for good and fails closed: SY_E_KERNEL
 * names the feature that is missing, and the caller must then end the process.
 *
 *   parent        die when the zygote dies
 *   descriptors   the job's socket at SANDBOX_JOB_FD, nothing else but standard error
 *   root          the root folder is an empty, read-only file system
 *   limits        address space, processor time, descriptors, threads; no file growth, no cores
 *   capabilities  none, in no set, and none to be had
 *   privileges    no_new_privs, not dumpable
 *   landlock      no file, no TCP, no abstract socket, no signal to others
 *   prepare       the caller's step: last settings, engine threads
 *   silence       standard error becomes /dev/null
 *   seccomp       the filter, on all threads
 *
 * Threads may exist only from `prepare` on: user namespaces and Landlock cover the calling thread
 * alone. After `seccomp` no thread can be started.
 *
 * Runs in: the zygote's children. Trusts: the zygote that forked it. Holds: nothing but one socket.
 * Blocks: no; about 1 ms for all steps, most of it the kernel making namespaces.
 * Source: engine.md section 0.3; clone(2), pivot_root(2), capabilities(7), landlock(7), seccomp(2).
 */
#ifndef SANDBOX_SEAL_H
#define SANDBOX_SEAL_H

#include <sys/types.h>

#include "base/status.h"
#include "sandbox/filter.h"

#define SANDBOX_JOB_FD 3 /* where a sealed worker finds its job's socket */

/* A child that could not be sealed exits with this plus the number of the step, from 0. */
#define SANDBOX_EXIT_UNSEALED 100

/* A job's caps. All four must be set; sandbox_limits_check has the ranges. */
struct sandbox_limits {
    uint64_t as_bytes; /* address space, 64 MiB to 1 TiB; not applied in sanitizer builds, whose
                          shadow memory alone is terabytes */
    uint32_t cpu_s;    /* processor time of all threads, 1 s to 1 day; then SIGKILL */
    uint32_t n_files;  /* descriptors, 8 to 4096 (received columns included) */
    uint32_t n_procs;  /* threads, 1 to 256 */
};

/* SY_E_FIELD naming the limit that is out of range. */
SY_MUST sy_status sandbox_limits_check(const struct sandbox_limits *limits,
                                       struct sy_error *reterr);

/* What a worker program does; kept by reference while the zygote serves. */
struct sandbox_worker_ops {
    /* The step before the filter: start engine threads, lock the configuration. No data is there
     * yet; standard error still works. An error ends the child. NULL = nothing to prepare. */
    sy_status (*prepare)(void *ctx, uint8_t kind, const struct sandbox_limits *limits);
    /* The job, sealed: only what the filter allows works here. job_sock is SANDBOX_JOB_FD, a
     * stream. The result (0..99) is the process's exit status; it exits without atexit handlers. */
    int (*run)(void *ctx, uint8_t kind, int job_sock);
    /* The supervisor's control edge of sandbox_zygote_serve; 0 = none. */
    int control_fd;
};

/* All that a child needs; everything is borrowed until the fork. */
struct sandbox_sealing {
    const struct sandbox_limits *limits;
    const struct sandbox_program *program; /* of sandbox_worker_filter() */
    const struct sandbox_worker_ops *ops;
    void *ctx; /* handed to ops */
    uint8_t kind;
    int job_sock;     /* ends up as SANDBOX_JOB_FD */
    int null_fd;      /* /dev/null, read and write */
    int parent_pidfd; /* of the process that forks */
    bool trial;       /* seal, write the struct sy_error (code 0: sealed) to job_sock, exit; neither
                         prepare nor run is called */
};

/* A child as its parent sees it. */
struct sandbox_child {
    pid_t pid; /* to be reaped by the parent */
    int pidfd; /* close-on-exec; owned by the caller */
};

/* Fork a child into new user, mount, pid, network, ipc, uts and cgroup namespaces, signal handlers
 * reset. As fork(2): pid 0 in the child (pidfd -1). libc's own note of the thread's id is kept
 * right. The calling process must be single-threaded. Needs no privilege. */
SY_MUST sy_status sandbox_enter_namespaces(struct sandbox_child *ret, struct sy_error *reterr);

SY_MUST sy_status sandbox_enter_empty_root(struct sy_error *reterr);
SY_MUST sy_status sandbox_enter_limits(const struct sandbox_limits *limits,
                                       struct sy_error *reterr);
/* Drops effective, permitted, inheritable and ambient sets and locks the securebits. The bounding
 * set needs CAP_SETPCAP: with `bounding` it must end empty too (the worker, in its own user
 * namespace), else what cannot be dropped stays, without effect under no_new_privs. */
SY_MUST sy_status sandbox_enter_no_capabilities(bool bounding, struct sy_error *reterr);
SY_MUST sy_status sandbox_enter_no_privileges(struct sy_error *reterr);
/* Every access Landlock knows up to ABI 7 is denied, the network's and the scopes' included.
 * SY_E_KERNEL below ABI 6 (Linux 6.12). */
SY_MUST sy_status sandbox_enter_landlock(struct sy_error *reterr);
/* TSYNC: all threads or none. no_new_privs must be set. */
SY_MUST sy_status sandbox_enter_filter(const struct sandbox_program *program,
                                       struct sy_error *reterr);

/* Name of step i of the table above; NULL past the last. */
const char *sandbox_step_name(size_t i);

/* Fork, seal and run one worker: the parent gets the child at once, the child never returns. What
 * the child ends with: ops->run's result; or SANDBOX_EXIT_UNSEALED + step; or a signal (SIGSYS: the
 * filter; SIGKILL: the processor time, or whoever holds the pidfd). */
SY_MUST sy_status sandbox_fork_sealed(const struct sandbox_sealing *sealing,
                                      struct sandbox_child *ret, struct sy_error *reterr);

#endif
