/*
 * What the bridge takes from itself before it reads a byte of anybody's (role/confine.h): it may accept on the
 * listener that it has, connect to the gateway, read the few files by which the system's resolver works, and
 * write to the profile's memory of checkpoints, which is open. It cannot bind, listen anew, open another file,
 * start a program or a thread. Modules of the name service switch that are not built into libc stay unread,
 * so the gateway's name is looked up in the hosts file and by DNS.
 *
 * Runs in: bridge. Trusts: nobody. Holds: nothing. Threads: see role/confine.h.
 */
#ifndef BRIDGE_CONFINE_H
#define BRIDGE_CONFINE_H

#include "base/status.h"

enum { BRIDGE_UID = 65531 /* to become when started as root */ };

/* First of all: core files, environment, descriptors, SIGPIPE. */
SY_MUST sy_status bridge_confine_process(struct sy_error *reterr);

/* After the profile, the token and the listener are open; the last step before serving. */
SY_MUST sy_status bridge_confine(struct sy_error *reterr);

#endif
