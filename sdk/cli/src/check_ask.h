/*
 * Asking the domain about a model file (model.check), for the commands that print the answer and for the
 * one that asks for many bounds in turn.
 */
#ifndef CLI_CHECK_ASK_H
#define CLI_CHECK_ASK_H

#include "cli/cli.h"

/* A model and under what it is judged. */
struct cli_check {
    struct sy_check check;
    bool under_grant;
    uint8_t grant[32];
};

/* From the command's one argument and --grant or --scene. 0, or an exit status after printing. */
int cli_check_read(struct cli *c, struct cli_check *ret);

/* 0 with *ret filled (which may be a refusal of the model), or an exit status after printing. */
int cli_check_ask(struct cli *c, const struct cli_check *k, struct sy_check_result *ret);

/* Print what is refused, where, and what to write instead; returns 1. */
int cli_check_refusal(const struct cli *c, const struct sy_model_def *m,
                      const struct sy_check_result *r);

#endif
