/*
 * Which answers are to be run again: those that the user names, by the entry of the answer or of its charge,
 * or all that the log holds. Nothing is asked of the domain that it would refuse for ever: answers about one
 * subject, and those of grants that are over, are counted and left out.
 */
#ifndef CLI_RERUN_PICK_H
#define CLI_RERUN_PICK_H

#include "cli/cli.h"

/* An answered charge. */
struct rerun_pick {
    uint64_t charge;
    uint8_t grant[32];
    bool about_one; /* a question about one subject */
    bool answered;  /* its answer is ok, and not before --since */
};

/* `at` ascends by charge; lives in the command's arena. */
struct rerun_picks {
    struct rerun_pick *at;
    size_t n, cap;
    size_t n_over;    /* answers left out: their grants are over */
    size_t n_subject; /* left out: they are about one subject */
};

/* Read the whole log. 0, or an exit status after printing. */
int rerun_pick_all(struct cli *c, int64_t since, struct rerun_picks *ret);

/* The charge behind the entry that a word names. 0, or an exit status after printing. */
int rerun_pick_entry(struct cli *c, const char *word, uint64_t *ret_charge);

#endif
