/*
 * shuyu-audit: verify, replay, search and trace an exported log, on the auditor's own machine with the
 * auditor's own build. Exit status: 0 all good, 1 something does not hold, 2 wrong call.
 */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "audit/line.h"
#include "audit/log_key.h"
#include "audit/text.h"
#include "cmd.h"
#include "online.h"

enum { SHOWN_MAX = 1 << 16 };

/* Reasons quote what a log or an index says: it must not drive the terminal. */
void cmd_print_text(struct sy_view v)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SHOWN_MAX);
    if (sy_ok(audit_text(&b, v))) {
        printf("%.*s", SY_PV(sy_buf_view(&b)));
    }
}

void cmd_print_json(json_t *j)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SHOWN_MAX);
    if (sy_ok(audit_json_line(&b, j))) {
        printf("%.*s", SY_PV(sy_buf_view(&b)));
    }
}

int cmd_fail(const struct options *o, const struct sy_error *e)
{
    if (o->json) {
        json_t *j = json_pack("{s:b,s:s,s:s,s:s}", "ok", 0, "error", sy_code_name(e->code), "field",
                              e->field, "reason", e->reason);
        cmd_print_json(j);
    } else {
        printf("FAILED (%s): ", sy_code_name(e->code));
        cmd_print_text(sy_view_str(e->reason[0] ? e->reason : sy_code_text(e->code)));
        puts("");
    }
    return 1;
}

bool cmd_pinned_key(const struct options *o, const struct audit_export *x, struct proof_vkey *ret,
                    struct sy_error *err)
{
    struct sy_view text = o->log != NULL ? sy_view_str(o->log) : audit_vkey(x);
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
        text.n--;
    }
    return sy_ok(proof_vkey_parse(text, ret, err));
}

bool cmd_key(const struct options *o, const struct audit_export *x, struct proof_vkey *ret,
             struct sy_error *err)
{
    return cmd_pinned_key(o, x, ret, err) && sy_ok(audit_log_key(x, ret, err));
}

/* --- which ----------------------------------------------------------------------------------------- */

static const struct verb {
    const char *name;
    cmd_fn *run;
    bool has_export, has_what; /* arguments; without an export both may be left out */
} VERBS[] = {
    {"verify", cmd_verify, true, false},     {"replay", cmd_replay, true, false},
    {"index", cmd_index, true, false},       {"show", cmd_show, true, false},
    {"trace", cmd_trace, true, true},        {"schema", cmd_schema, false, false},
    {"snapshot", cmd_snapshot, true, false}, {"follow", cmd_follow, false, false},
    {"disclose", cmd_disclose, true, false},
};

static int run_verb(const struct verb *v, const struct options *o)
{
    struct sy_error err = {0};
    struct audit_export *x = NULL;
    if ((v->has_export && o->dir == NULL) || v->has_what != (o->what != NULL)) {
        fprintf(stderr, "shuyu-audit: %s takes %s\n", v->name,
                v->has_what     ? "an export, and an entry or a receipt"
                : v->has_export ? "one export"
                                : "at most one event type");
        return 2;
    }
    if (v->has_export && !sy_ok(audit_open(o->dir, &x, &err))) {
        return cmd_fail(o, &err);
    }
    int status = v->run(o, x);
    audit_close(x);
    return status;
}

int main(int argc, char **argv)
{
    struct options o;
    if (argc > 1 && strcmp(argv[1], "erase") == 0) {
        return online_erase(argv + 2);
    }
    options_parse(argc, argv, &o);
    if (sodium_init() < 0) {
        return 2;
    }
    for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
        if (strcmp(VERBS[i].name, o.verb) == 0) {
            return run_verb(&VERBS[i], &o);
        }
    }
    fprintf(
        stderr,
        "shuyu-audit: %s: use verify, replay, index, show, trace, snapshot, disclose or schema\n",
        o.verb);
    return 2;
}
