/* The command line of shuyu-witness. */
#ifndef WITNESS_SRC_OPTIONS_H
#define WITNESS_SRC_OPTIONS_H

#include <stdbool.h>

struct witness_options {
    const char *state;
    const char *logs;
    const char *listen;
    const char *init; /* name of the key to make; NULL: serve */
    bool show_key;
    bool verbose;
};

/* Fill *ret, or end the process: 64 for a wrong call, 0 after --help and the like. */
void witness_options_parse(int argc, char **argv, struct witness_options *ret);

#endif
