/*
 * The commands of shuyu-audit. Exit status: 0 all good, 1 something does not hold, 2 wrong call.
 */
#ifndef AUDIT_SRC_CMD_H
#define AUDIT_SRC_CMD_H

#include "audit/index.h"
#include "audit/trace.h"

struct options {
    const char *verb, *dir, *what; /* what: the second argument */
    const char *log;               /* verifier key */
    const char *index;             /* path; NULL: in the export */
    struct audit_filter filter;
    bool json, syslog, dot, rebuild, scan;
    enum audit_lang lang;
};

/* Parse the command line; exits with status 2 when it is wrong. */
void options_parse(int argc, char **argv, struct options *ret);

/* Print the error; 1. */
int cmd_fail(const struct options *o, const struct sy_error *e);

/* The log's key: --log, else the export's own. */
bool cmd_key(const struct options *o, const struct audit_export *x, struct proof_vkey *ret,
             struct sy_error *err);

/* The index that shows and traces go by: the file if there is one, else one in memory. */
SY_MUST sy_status cmd_index_open(const struct options *o, const struct audit_export *x,
                                 struct audit_index **ret, struct proof_vkey *ret_key,
                                 struct sy_error *err);

typedef int cmd_fn(const struct options *o, struct audit_export *x);
cmd_fn cmd_index, cmd_show, cmd_trace;
cmd_fn cmd_schema; /* without an export: x is NULL */

#endif
