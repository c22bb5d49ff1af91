/*
 * Start-up of the long-running processes: what each does first (hygiene), how it takes the
 * descriptors that the supervisor hands it, how the two talk, and the warden's last step before
 * serving (a worker's steps are in seal.h). A role's main runs, in this order:
 *
 *   sandbox_fd_take for each --fd     sandbox_fds_check     sandbox_enter_process
 *   its own start: keys, ledger       sandbox_enter_warden  threads, if any
 *   sandbox_control_ready             serve until sandbox_control_next gives SY_E_CLOSED
 *
 * Runs in: warden, zygote. Gateway and courier, which may link nothing of the enclave, follow
 * the same order by themselves (gateway/role). Trusts: the supervisor, but checks each
 * descriptor.
 * Threads: single-threaded callers only. Errors: SY_E_KERNEL with the missing feature in reterr.
 */
#ifndef SANDBOX_PROCESS_H
#define SANDBOX_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

/* ---- Descriptors given by number ---- */

enum sandbox_fd_type {
    SANDBOX_FD_UNIX_SEQPACKET = 1, /* connected pair */
    SANDBOX_FD_UNIX_STREAM,        /* connected pair */
    SANDBOX_FD_UNIX_LISTENER,      /* stream, listening */
    SANDBOX_FD_TCP_LISTENER,       /* IPv4 or IPv6, listening */
    SANDBOX_FD_DIRECTORY,
    SANDBOX_FD_FILE, /* regular */
    SANDBOX_FD_TYPE_N
};

/* Is this an open descriptor of exactly this type? SY_E_FIELD with a reason if not. */
SY_MUST sy_status sandbox_fd_check(int fd, enum sandbox_fd_type type, struct sy_error *reterr);

/* One descriptor that a process can be given. */
struct sandbox_fd_slot {
    const char *name; /* as in --fd NAME=N */
    enum sandbox_fd_type type;
    bool optional;
    int fd; /* -1 until taken; then owned by the process */
};

/* Take one "NAME=N" argument into its slot: the number is a plain decimal above 2, used once, and
 * the descriptor has the slot's type; it is made close-on-exec. SY_E_FIELD; slots unchanged. */
SY_MUST sy_status sandbox_fd_take(const char *arg, struct sandbox_fd_slot *slots, size_t n_slots,
                                  struct sy_error *reterr);

/* Were all mandatory slots filled? SY_E_FIELD naming the first that was not. */
SY_MUST sy_status sandbox_fds_check(const struct sandbox_fd_slot *slots, size_t n_slots,
                                    struct sy_error *reterr);

/* ---- Hygiene ---- */

/* No core file and no attaching or reading by others of the same uid. */
SY_MUST sy_status sandbox_no_dumps(struct sy_error *reterr);

/* Exactly PATH, LANG=C.UTF-8 and TZ=UTC. */
SY_MUST sy_status sandbox_clear_env(struct sy_error *reterr);

/* Close every descriptor above 2 that is not in keep (any order, n_keep <= 32). */
SY_MUST sy_status sandbox_close_others(const int *keep, size_t n_keep, struct sy_error *reterr);

/* SY_E_STATE when the process has more than one thread; needs /proc. */
SY_MUST sy_status sandbox_check_single_threaded(struct sy_error *reterr);

/* Become uid:gid without supplementary groups, for good (verified), keeping the parent-death signal
 * that the kernel forgets on such a change. When not root: OK if it is that uid already, else
 * SY_E_DENIED. */
SY_MUST sy_status sandbox_drop_to(uid_t uid, gid_t gid, struct sy_error *reterr);

/* All of the above but the drop, plus: ambient capabilities cleared, umask 077, SIGPIPE ignored.
 * Keeps the descriptors of the filled slots. */
SY_MUST sy_status sandbox_enter_process(const struct sandbox_fd_slot *slots, size_t n_slots,
                                        struct sy_error *reterr);

/* ---- Last step before serving ---- */

/* The warden: no capabilities, no_new_privs; Landlock: read, write, create and remove beneath
 * data_dirfd only, no TCP, no abstract sockets, no signals to others; sandbox_filter_daemon.
 * Descriptors opened before stay usable; threads may be started afterwards. */
SY_MUST sy_status sandbox_enter_warden(int data_dirfd, struct sy_error *reterr);

/* ---- Control edge (SOCK_SEQPACKET, one byte a message) ---- */

#define SANDBOX_CONTROL_READY 'r' /* role -> supervisor: serving */
/* supervisor -> warden, with one descriptor: its end of the edge to the new gateway, or courier */
#define SANDBOX_CONTROL_GATEWAY 'g'
#define SANDBOX_CONTROL_COURIER 'c'

SY_MUST sy_status sandbox_control_ready(int control);

/* The next message: its byte, and its descriptor or -1 (the caller owns it). With ret_fd NULL a
 * descriptor is a violation. SY_E_CLOSED: the other side hung up, i.e. stop. SY_E_FRAME: broken. */
SY_MUST sy_status sandbox_control_next(int control, uint8_t *ret_what, int *ret_fd);

/* Send one byte and, unless fd is -1, a borrowed descriptor. */
SY_MUST sy_status sandbox_control_send(int control, uint8_t what, int fd);

#endif
