/*
 * What the courier takes from itself before it connects to anybody (role/confine.h): it may open the few
 * files by which the system's resolver works, make IPv4 and IPv6 sockets and connect them. It cannot bind,
 * listen, start a program or a thread, or reach a unix socket that it was not given. Modules of the name
 * service switch that are not built into libc stay unread, so names are looked up in the hosts file and
 * by DNS.
 *
 * Runs in: courier. Trusts: nobody. Holds: nothing. Threads: see role/confine.h.
 */
#ifndef COURIER_CONFINE_H
#define COURIER_CONFINE_H

#include <sys/stat.h>

#include "base/status.h"

enum { COURIER_UID_DEFAULT = 65532, COURIER_FILES_N = 5 };

/* Which files the resolver's are: a right to read goes with the file, not with its name. */
struct courier_files {
    struct {
        dev_t dev;
        ino_t ino;
    } is[COURIER_FILES_N];
};

/* Identity and Landlock, in this order; threads come after it. uid: to become when started as root. */
SY_MUST sy_status courier_confine_files(uid_t uid, struct courier_files *ret,
                                        struct sy_error *reterr);

/* seccomp, the last. */
SY_MUST sy_status courier_confine_calls(struct sy_error *reterr);

/* Were the resolver's files replaced by others, which this process may not read? */
bool courier_files_changed(const struct courier_files *files);

#endif
