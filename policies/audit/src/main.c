/*
 * shuyu-audit: verify, replay and show an exported log, on the auditor's own machine with the
 * auditor's own build. Exit status: 0 all good, 1 something does not hold, 2 wrong call.
 */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/export.h"
#include "base/time.h"

struct options {
    const char *verb, *dir, *log;
    const char *party, *type, *method, *grant;
    bool json;
};

typedef int verb_fn(const struct options *o, struct audit_export *x);

static int fail(const struct options *o, const struct sy_error *e)
{
    if (o->json) {
        json_t *j = json_pack("{s:b,s:s,s:s,s:s}", "ok", 0, "error", sy_code_name(e->code), "field",
                              e->field, "reason", e->reason);
        json_dumpf(j, stdout, 0);
        puts("");
        json_decref(j);
    } else {
        printf("FAILED (%s): %s\n", sy_code_name(e->code),
               e->reason[0] ? e->reason : sy_code_text(e->code));
    }
    return 1;
}

static bool read_key(const struct options *o, const struct audit_export *x, struct proof_vkey *ret,
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
    if (!read_key(o, x, &key, &err) || !sy_ok(audit_verify(x, &key, &sum, &err))) {
        return fail(o, &err);
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
        json_dumpf(j, stdout, 0);
        puts("");
        json_decref(j);
    } else {
        printf("entry %" PRIu64 " (%.*s): %s: %s\n", entry, SY_PV(event->type), what->field,
               what->reason[0] ? what->reason : sy_code_text(what->code));
    }
}

static int verb_replay(const struct options *o, struct audit_export *x)
{
    struct sy_error err = {0};
    struct proof_vkey key;
    struct audit_summary sum;
    if (!read_key(o, x, &key, &err) || !sy_ok(audit_verify(x, &key, &sum, &err)) ||
        !sy_ok(audit_replay(x, print_mismatch, (void *)(uintptr_t)o, &sum, &err))) {
        return fail(o, &err);
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

/* --- show ------------------------------------------------------------------------------------------------ */

static bool wanted(const struct options *o, const struct sy_event *ev, const struct sy_header *h)
{
    char grant[65];
    sodium_bin2hex(grant, sizeof(grant), h->grant, sizeof(h->grant));
    return (o->party == NULL || sy_view_is(h->party, o->party)) &&
           (o->type == NULL || sy_view_is(ev->type, o->type)) &&
           (o->method == NULL || sy_view_is(h->method, o->method)) &&
           (o->grant == NULL || strncmp(grant, o->grant, strlen(o->grant)) == 0);
}

/* What each namespace was charged; units as in the log. */
static json_t *spends_json(const struct sy_verdict *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->n_spends; i++) {
        const struct sy_spend *s = &v->spends[i];
        json_array_append_new(list, json_pack("{s:s%,s:I,s:I,s:I}", "ns", s->ns.p, s->ns.n, "rho",
                                              (json_int_t)s->rho, "delta", (json_int_t)s->delta,
                                              "cells", (json_int_t)s->cells));
    }
    return list;
}

static void print_spends(const struct sy_verdict *v)
{
    for (size_t i = 0; i < v->n_spends; i++) {
        const struct sy_spend *s = &v->spends[i];
        printf("%s%.*s rho %" PRIu64 ".%09" PRIu64, i == 0 ? ": " : ", ", SY_PV(s->ns),
               s->rho / 1000000000, s->rho % 1000000000);
        if (s->cells > 0) {
            printf(" cells %" PRIu64, s->cells);
        }
    }
}

static void print_entry(const struct options *o, uint64_t i, const struct sy_event *ev,
                        const struct sy_header *h)
{
    char when[21], grant[65];
    const char *verdict =
        ev->verdict.code == 0 ? "allowed" : sy_code_name((int32_t)ev->verdict.code);
    sy_time_format(ev->inputs.time, when);
    sodium_bin2hex(grant, sizeof(grant), h->grant, sizeof(h->grant));
    if (o->json) {
        json_t *j = json_pack(
            "{s:I,s:s,s:s%,s:s%,s:s%,s:s,s:s,s:s%,s:s%,s:o}", "entry", (json_int_t)i, "time", when,
            "type", ev->type.p, ev->type.n, "party", h->party.p, h->party.n, "method", h->method.p,
            h->method.n, "grant", grant, "verdict", verdict, "field",
            ev->verdict.field.n ? (const char *)ev->verdict.field.p : "", ev->verdict.field.n,
            "reason", ev->verdict.reason.n ? (const char *)ev->verdict.reason.p : "",
            ev->verdict.reason.n, "spends", spends_json(&ev->verdict));
        json_dumpf(j, stdout, JSON_COMPACT);
        puts("");
        json_decref(j);
        return;
    }
    printf("%5" PRIu64 "  %s  %-8.*s  %-12.*s  %-18.*s  %s%s%.*s", i, when, SY_PV(ev->type),
           SY_PV(h->party), SY_PV(h->method), verdict, ev->verdict.reason.n ? ": " : "",
           SY_PV(ev->verdict.reason));
    print_spends(&ev->verdict);
    puts("");
}

static int verb_show(const struct options *o, struct audit_export *x)
{
    for (uint64_t i = 0; i < audit_size(x); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_error err = {0};
        struct sy_log_entry e;
        struct sy_event ev;
        struct sy_header h;
        if (!sy_ok(audit_entry(x, i, &arena, &e, &err))) {
            return fail(o, &err);
        }
        if (e.body.n == 0) {
            continue; /* not this reader's to see */
        }
        if (!sy_ok(sy_record_decode(&sy_event_desc, e.body, &SY_MP_LARGE, &arena, &ev, &err)) ||
            !sy_ok(sy_record_decode(&sy_header_desc, ev.request.header, &SY_MP_REQUEST, &arena, &h,
                                    &err))) {
            return fail(o, &err);
        }
        if (wanted(o, &ev, &h)) {
            print_entry(o, i, &ev, &h);
        }
    }
    return 0;
}

/* --- command line ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    verb_fn *run;
} verbs[] = {{"verify", verb_verify}, {"replay", verb_replay}, {"show", verb_show}};

static const struct argp_option argp_options[] = {
    {"json", 'j', NULL, 0, "JSON lines", 0},
    {"log", 'l', "VKEY", 0, "Verifier key of the log, instead of the export's log.vkey", 0},
    {"party", 'p', "ID", 0, "show: only this party's entries", 0},
    {"type", 't', "TYPE", 0, "show: only this event type (charge, answer, refuse, ...)", 0},
    {"method", 'm', "NAME", 0, "show: only this method", 0},
    {"grant", 'g', "HEX", 0, "show: only this grant (a prefix will do)", 0},
    {0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    const struct {
        int key;
        const char **to;
    } texts[] = {
        {'l', &o->log}, {'p', &o->party}, {'t', &o->type}, {'m', &o->method}, {'g', &o->grant}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].key == key) {
            *texts[i].to = arg;
            return 0;
        }
    }
    if (key == 'j') {
        o->json = true;
        return 0;
    }
    if (key == ARGP_KEY_ARG && state->arg_num < 2) {
        *(state->arg_num == 0 ? &o->verb : &o->dir) = arg;
        return 0;
    }
    if (key == ARGP_KEY_END && o->dir == NULL) {
        argp_usage(state);
    }
    return key == ARGP_KEY_ARG ? ARGP_ERR_UNKNOWN : 0;
}

__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-audit " SHUYU_VERSION;

int main(int argc, char **argv)
{
    static const struct argp argp = {argp_options,
                                     parse_option,
                                     "verify|replay|show EXPORT",
                                     "Verify, replay or show a log exported by `shuyu log export`.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct options o = {0};
    struct sy_error err = {0};
    struct audit_export *x = NULL;
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (sodium_init() < 0) {
        return 2;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, o.verb) == 0) {
            if (!sy_ok(audit_open(o.dir, &x, &err))) {
                return fail(&o, &err);
            }
            int status = verbs[i].run(&o, x);
            audit_close(x);
            return status;
        }
    }
    fprintf(stderr, "shuyu-audit: %s: use verify, replay or show\n", o.verb);
    return 2;
}
