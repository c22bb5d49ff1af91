/* The command line (--help). Runs in: courier. Trusts: the supervisor. Threads: before the loop. */
#ifndef COURIER_OPTIONS_H
#define COURIER_OPTIONS_H

#include <sys/types.h>

#include "courier/courier.h"

struct courier_options {
    int fds[COURIER_FD_N]; /* owned */
    const char *ca;        /* borrowed: PEM file of trusted authorities */
    uid_t uid;             /* to become when started as root */
    bool verbose;
};

/* Fill *ret; prints and exits on --help and on mistakes, as argp does (64). */
void courier_options_parse(int argc, char **argv, struct courier_options *ret);

/* Is every descriptor there that must be? SY_E_FIELD. */
SY_MUST sy_status courier_options_check(const struct courier_options *o, struct sy_error *reterr);

#endif
