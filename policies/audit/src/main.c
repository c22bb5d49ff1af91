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
#include "audit/text.h"
#include "cmd.h"

enum { SHOWN_MAX = 1 << 16 };

/* Reasons quote what a log or an index says: it must not drive the terminal. */
static void print_text(struct sy_view v)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SHOWN_MAX);
    if (sy_ok(audit_text(&b, v))) {
        printf("%.*s", SY_PV(sy_buf_view(&b)));
    }
}

/* Takes the reference. */
static void print_json(json_t *j)
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
        print_json(j);
    } else {
        printf("FAILED (%s): ", sy_code_name(e->code));
        print_text(sy_view_str(e->reason[0] ? e->reason : sy_code_text(e->code)));
        puts("");
    }
    return 1;
}

bool cmd_key(const struct options *o, const struct audit_export *x, struct proof_vkey *ret,
             struct sy_error *err)
{
    struct sy_view text = o->log != NULL ? sy_view_str(o->log) : audit_vkey(x);
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
        text.n--;
    }
    return sy_ok(proof_vkey_parse(text, ret, err));
}

static int verb_verify(const struct options *o, struct audit_export *x)
{
    struct sy_error err = {0};
    struct proof_vkey key;
    struct audit_summary sum;
    if (!cmd_key(o, x, &key, &err) || !sy_ok(audit_verify(x, &key, &sum, &err))) {
        return cmd_fail(o, &err);
    }
    if (o->json) {
        printf("{\"ok\":true,\"entries\":%" PRIu64 ",\"bodies\":%" PRIu64 "}\n", sum.n_entries,
               sum.n_bodies);
    } else {
        printf("verified: %" PRIu64 " entries under one signed checkpoint of %s; %" PRIu64
               " bodies open their commitments\n",
               sum.n_entries, key.name, sum.n_bodies);
    }
    return 0;
}

static void print_mismatch(void *ctx, uint64_t entry, const struct sy_event *event,
                           const struct sy_error *what)
{
    const struct options *o = ctx;
    if (o->json) {
        json_t *j =
            json_pack("{s:I,s:s%,s:s,s:s}", "entry", (json_int_t)entry, "type", event->type.p,
                      event->type.n, "field", what->field, "reason", what->reason);
        print_json(j);
    } else {
        printf("entry %" PRIu64 " (", entry);
        print_text(event->type);
        printf("): %s: ", what->field);
        print_text(sy_view_str(what->reason[0] ? what->reason : sy_code_text(what->code)));
        puts("");
    }
}

static int verb_replay(const struct options *o, struct audit_export *x)
{
    struct sy_error err = {0};
    struct proof_vkey key;
    struct audit_summary sum;
    if (!cmd_key(o, x, &key, &err) || !sy_ok(audit_verify(x, &key, &sum, &err)) ||
        !sy_ok(audit_replay(x, print_mismatch, (void *)(uintptr_t)o, &sum, &err))) {
        return cmd_fail(o, &err);
    }
    if (o->json) {
        printf("{\"ok\":true,\"replayed\":%" PRIu64 "}\n", sum.n_entries);
    } else {
        printf("replayed: %" PRIu64
               " decisions, every verdict, budget figure and state digest agrees\n",
               sum.n_entries);
    }
    return 0;
}

/* --- which ----------------------------------------------------------------------------------------- */

static const struct verb {
    const char *name;
    cmd_fn *run;
    bool has_export, has_what; /* arguments; without an export both may be left out */
} VERBS[] = {
    {"verify", verb_verify, true, false}, {"replay", verb_replay, true, false},
    {"index", cmd_index, true, false},    {"show", cmd_show, true, false},
    {"trace", cmd_trace, true, true},     {"schema", cmd_schema, false, false},
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
    options_parse(argc, argv, &o);
    if (sodium_init() < 0) {
        return 2;
    }
    for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
        if (strcmp(VERBS[i].name, o.verb) == 0) {
            return run_verb(&VERBS[i], &o);
        }
    }
    fprintf(stderr, "shuyu-audit: %s: use verify, replay, index, show, trace or schema\n", o.verb);
    return 2;
}
