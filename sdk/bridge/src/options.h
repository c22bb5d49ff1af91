/* The command line of shuyu-bridge. */
#ifndef BRIDGE_SRC_OPTIONS_H
#define BRIDGE_SRC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct bridge_options {
    char home[4096];
    const char *address; /* NULL: the pinned one */
    const char *listen;
    const char *token_file; /* NULL: a fresh token in home */
    unsigned long wait_s;
    bool verbose;
};

/* Fill *ret, or end the process: 64 for a wrong call, 0 after --help and the like. */
void bridge_options_parse(int argc, char **argv, struct bridge_options *ret);

#endif
