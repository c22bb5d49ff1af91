/*
 * The commands of shuyu-audit. Exit status: 0 all good, 1 something does not hold, 2 wrong call.
 */
#ifndef AUDIT_SRC_CMD_H
#define AUDIT_SRC_CMD_H

#include <jansson.h>

#include "audit/index.h"
#include "audit/trace.h"

struct options {
    const char *verb, *dir, *what; /* what: the second argument */
    const char *log;               /* verifier key */
    const char *index;             /* path; NULL: in the export */
    const char *home, *local; /* replay --inside: profile folder (NULL: the user's), local socket */
    bool inside;
    const char *from, *address; /* follow: exports of others; the domain's address */
    uint64_t every_s;           /* follow: between two looks */
    bool once;                  /* follow */
    const char *compare,
        *output;       /* snapshot: a signed note; where rows go, or a disclosure. NULL: none */
    const char *check; /* disclose: a folder; NULL: make one */
    uint64_t year;     /* disclose */
    uint64_t size;     /* snapshot: entries; 0: all */
    const char *kept;  /* verify, replay: a checkpoint seen before; NULL: none */
    bool no_signatures, progress; /* replay */
    struct audit_filter filter;
    bool json, syslog, dot, rebuild, scan;
    enum audit_lang lang;
};

/* Parse the command line; exits with status 2 when it is wrong. */
void options_parse(int argc, char **argv, struct options *ret);

/* Print a text of the log as people may see it; a JSON line (takes the reference). */
void cmd_print_text(struct sy_view v);
void cmd_print_json(json_t *j);

/* Print the error; 1. */
int cmd_fail(const struct options *o, const struct sy_error *e);

/* The log's key as the auditor was given it: --log, else the export's own. */
bool cmd_pinned_key(const struct options *o, const struct audit_export *x, struct proof_vkey *ret,
                    struct sy_error *err);

/* The log's key: --log, else the export's own. */
bool cmd_key(const struct options *o, const struct audit_export *x, struct proof_vkey *ret,
             struct sy_error *err);

/* The index that shows and traces go by: the file if there is one, else one in memory. */
SY_MUST sy_status cmd_index_open(const struct options *o, const struct audit_export *x,
                                 struct audit_index **ret, struct proof_vkey *ret_key,
                                 struct sy_error *err);

/* replay --inside, after the export replayed. */
int cmd_inside(const struct options *o, const struct audit_export *x);

typedef int cmd_fn(const struct options *o, struct audit_export *x);
cmd_fn cmd_verify, cmd_replay; /* cmd_check.c */
cmd_fn cmd_disclose, cmd_index, cmd_show, cmd_snapshot, cmd_trace;
cmd_fn cmd_schema, cmd_follow; /* without an export: x is NULL */

#endif
