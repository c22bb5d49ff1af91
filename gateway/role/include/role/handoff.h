/*
 * The descriptors that the supervisor hands over by number (--fd NAME=N): taken once, checked to be
 * what their name says, closed on exec. And the control edge's one word. For the roles outside the
 * enclave, which may link nothing of it (enclave/sandbox/process.h is its counterpart there).
 *
 * Runs in: gateway, courier. Trusts: the supervisor, but checks. Holds: descriptors. May block/alloc:
 * never. Threads: before the loop starts. Source: docs/internals.md "Edges"; socket(7).
 */
#ifndef ROLE_HANDOFF_H
#define ROLE_HANDOFF_H

#include <stddef.h>

#include "base/status.h"

enum role_fd_type {
    ROLE_FD_TCP_LISTENER = 1,
    ROLE_FD_UNIX_STREAM,    /* connected */
    ROLE_FD_UNIX_SEQPACKET, /* connected */
    ROLE_FD_DIRECTORY,
    ROLE_FD_TYPE_N
};

/* What a role is handed: a table of the role's, beside an array of as many descriptors, which are owned
 * and -1 until taken. */
struct role_fd {
    const char *name;
    enum role_fd_type type;
    bool optional;
};

/* No descriptor yet. */
void role_fds_init(int *fds, size_t n);

/* Take one "NAME=N": a known name, once, and an open descriptor of the right type above 2. SY_E_FIELD;
 * fds is unchanged then. */
SY_MUST sy_status role_fd_take(const struct role_fd *table, int *fds, size_t n, const char *arg,
                               struct sy_error *reterr);

/* Is all there but what may be absent? SY_E_FIELD naming the first that is not. */
SY_MUST sy_status role_fds_check(const struct role_fd *table, const int *fds, size_t n,
                                 struct sy_error *reterr);

/* Tell the supervisor that we serve. OK when there is no control edge (-1). */
SY_MUST sy_status role_say_ready(int control);

/* Does the control edge say to stop? The supervisor says nothing else, by hanging up. */
bool role_told_to_stop(int control);

/* Close what is still owned. */
void role_fds_close(int *fds, size_t n);

#endif
