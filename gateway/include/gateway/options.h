/*
 * The command line (--help): descriptors, certificate files, and the limits of limits.h.
 *
 * Runs in: gateway. Trusts: the supervisor. Holds: nothing after start. Threads: before the loop.
 */
#ifndef GATEWAY_OPTIONS_H
#define GATEWAY_OPTIONS_H

#include <sys/types.h>

#include "gateway/handoff.h"
#include "gateway/limits.h"

struct gw_options {
    struct gw_handoff handoff;
    struct gw_limits limits;
    const char *tls_cert, *tls_key; /* borrowed from argv; NULL = make one */
    uid_t uid;                      /* to become when started as root */
    bool verbose;
};

/* Fill *ret from the command line; prints and exits on --help and on mistakes, as argp does (64). */
void gw_options_parse(int argc, char **argv, struct gw_options *ret);

#endif
