/*
 * What: `shuyu-audit verify` and `replay`. Invariant: the last line says what holds, and nothing is said to
 * hold that was not looked at: without signatures, or with a kept checkpoint, it says so.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/replay.h"
#include "base/fdio.h"
#include "base/time.h"
#include "cmd.h"

enum { NOTE_MAX = 1 << 16, NS_PER_S = 1000000000, RHO_ONE = 1000000000 };
#define EXACT_MAX (UINT64_C(1) << 53)

/* Verify the export, against the kept checkpoint when there is one. */
static sy_status check(const struct options *o, const struct audit_export *x,
                       struct proof_vkey *ret_key, struct audit_summary *ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(NOTE_MAX);
    struct proof_vkey keys[2];
    if (!cmd_key(o, x, ret_key, err) || !cmd_pinned_key(o, x, &keys[0], err)) {
        return sy_status_of(err->code);
    }
    if (o->kept == NULL) {
        return audit_verify(x, ret_key, ret, err);
    }
    if (!sy_ok(sy_read_file_at(AT_FDCWD, o->kept, &note))) {
        return sy_fail(err, SY_E_NOT_FOUND, "kept", "%s: cannot be read", o->kept);
    }
    keys[1] = *ret_key;
    const struct audit_kept kept = {.note = sy_buf_view(&note), .keys = keys, .n_keys = 2};
    return audit_verify_since(x, ret_key, &kept, ret, err);
}

int cmd_verify(const struct options *o, struct audit_export *x)
{
    struct sy_error err = {0};
    struct proof_vkey key;
    struct audit_summary sum;
    if (!sy_ok(check(o, x, &key, &sum, &err))) {
        return cmd_fail(o, &err);
    }
    if (o->json) {
        cmd_print_json(json_pack("{s:b,s:I,s:I,s:b}", "ok", 1, "entries", (json_int_t)sum.n_entries,
                                 "bodies", (json_int_t)sum.n_bodies, "continues", o->kept != NULL));
        return 0;
    }
    printf("verified: %" PRIu64 " entries under one signed checkpoint of %s; %" PRIu64
           " bodies open their commitments%s\n",
           sum.n_entries, key.name, sum.n_bodies,
           o->kept != NULL ? "; they continue the kept checkpoint" : "");
    return 0;
}

/* --- replay: while it goes on ------------------------------------------------------------------------- */

struct shown {
    const struct options *o;
    json_t *budgets; /* for JSON */
    uint64_t began_ns, said_ns;
    bool said;
};

static void put_text(json_t *j, const char *key, struct sy_view v)
{
    json_object_set_new(j, key, json_stringn(v.n == 0 ? "" : (const char *)v.p, v.n));
}

static void show_mismatch(void *ctx, const struct audit_mismatch *m)
{
    const struct shown *s = ctx;
    if (s->o->json) {
        json_t *j = json_object();
        json_object_set_new(j, "entry", json_integer((json_int_t)m->entry));
        put_text(j, "type", m->type);
        put_text(j, "method", m->method);
        put_text(j, "field", sy_view_str(m->field));
        put_text(j, "expected", sy_view_str(m->expected));
        put_text(j, "found", sy_view_str(m->found));
        cmd_print_json(j);
        return;
    }
    printf("entry %" PRIu64 " (", m->entry);
    cmd_print_text(m->type);
    printf(", ");
    cmd_print_text(m->method);
    printf("): %s: expected ", m->field);
    cmd_print_text(sy_view_str(m->expected));
    printf("; found ");
    cmd_print_text(sy_view_str(m->found));
    puts("");
}

/* Once a second; over one line on a terminal, on a line each where --progress asks for it elsewhere. */
static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct shown *s = ctx;
    const uint64_t now = sy_mono_ns();
    if (now - s->said_ns < NS_PER_S) {
        return;
    }
    s->said_ns = now;
    s->said = true;
    fprintf(stderr, "%sreplayed %" PRIu64 " of %" PRIu64 "%s", isatty(STDERR_FILENO) ? "\r" : "",
            done, total, isatty(STDERR_FILENO) ? "" : "\n");
}

/* As everywhere in our JSON: a decimal string where a number would lose digits. */
static void put_number(json_t *j, const char *key, uint64_t v)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRIu64, v);
    json_object_set_new(j, key, v <= EXACT_MAX ? json_integer((json_int_t)v) : json_string(text));
}

static const struct {
    const char *name;
    size_t offset;
} FIGURES[] = {
#define FIGURE(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct sy_row_budget, name)                                                \
    }
    FIGURE(cap_rho),   FIGURE(held_rho),   FIGURE(spent_rho),
    FIGURE(cap_delta), FIGURE(held_delta), FIGURE(spent_delta),
    FIGURE(cap_cells), FIGURE(held_cells), FIGURE(spent_cells),
#undef FIGURE
};

/* rho in 1e-9, delta in 1e-15, as they are charged. */
static void show_budget(void *ctx, struct sy_view ns, const struct sy_row_budget *b)
{
    const struct shown *s = ctx;
    if (s->o->json) {
        json_t *j = json_object();
        for (size_t i = 0; i < sizeof(FIGURES) / sizeof(FIGURES[0]); i++) {
            uint64_t v;
            memcpy(&v, (const uint8_t *)b + FIGURES[i].offset, sizeof(v));
            put_number(j, FIGURES[i].name, v);
        }
        put_text(j, "namespace", ns);
        json_array_append_new(s->budgets, j);
        return;
    }
    printf("budget of ");
    cmd_print_text(ns);
    printf(": rho %" PRIu64 ".%09" PRIu64 " spent, %" PRIu64 ".%09" PRIu64 " held, of %" PRIu64
           ".%09" PRIu64 "; cells %" PRIu64 " of %" PRIu64 "\n",
           b->spent_rho / RHO_ONE, b->spent_rho % RHO_ONE, b->held_rho / RHO_ONE,
           b->held_rho % RHO_ONE, b->cap_rho / RHO_ONE, b->cap_rho % RHO_ONE, b->spent_cells,
           b->cap_cells);
}

/* --- replay: at the end ------------------------------------------------------------------------------- */

static int json_summary(struct shown *s, const struct audit_replayed *r, const struct sy_error *err)
{
    char hex[65];
    json_t *j = json_pack(
        "{s:b,s:I,s:I,s:I,s:I,s:f,s:s,s:O}", "ok", err->code == 0, "replayed",
        (json_int_t)r->n_entries, "signatures", (json_int_t)r->n_signatures, "mismatches",
        (json_int_t)r->n_mismatches, "differences", (json_int_t)r->n_differences, "seconds",
        (double)(sy_mono_ns() - s->began_ns) / NS_PER_S, "state",
        sodium_bin2hex(hex, sizeof(hex), r->state, sizeof(r->state)), "budgets", s->budgets);
    if (err->code != 0) {
        json_object_set_new(j, "error", json_string(sy_code_name(err->code)));
        put_text(j, "reason", sy_view_str(err->reason));
    }
    cmd_print_json(j);
    return err->code == 0 ? 0 : 1;
}

static int text_summary(const struct shown *s, const struct audit_replayed *r,
                        const struct sy_error *err)
{
    printf("%s: %" PRIu64 " entries decided again in %.1f s, %" PRIu64 " signatures verified%s; ",
           err->code == 0 ? "replayed" : "FAILED (tampered)", r->n_entries,
           (double)(sy_mono_ns() - s->began_ns) / NS_PER_S, r->n_signatures,
           s->o->no_signatures ? " (left out: this is no audit)" : "");
    if (err->code == 0) {
        puts("no mismatch: every verdict, budget figure and state digest agrees");
        return 0;
    }
    printf("%" PRIu64 " entries do not replay, with %" PRIu64 " differences\n", r->n_mismatches,
           r->n_differences);
    return 1;
}

int cmd_replay(const struct options *o, struct audit_export *x)
{
    struct sy_error err = {0};
    struct proof_vkey key;
    struct audit_summary sum;
    struct audit_replayed r;
    struct shown s = {.o = o, .began_ns = sy_mono_ns(), .said_ns = sy_mono_ns()};
    const struct audit_replay_how how = {
        .no_signatures = o->no_signatures,
        .mismatch = show_mismatch,
        .progress = o->progress || isatty(STDERR_FILENO) ? show_progress : NULL,
        .budget = show_budget,
        .ctx = &s};
    if (!sy_ok(check(o, x, &key, &sum, &err))) {
        return cmd_fail(o, &err);
    }
    s.budgets = json_array();
    sy_status st = audit_replay(x, &how, &r, &err);
    if (s.said && isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
    int status;
    if (!sy_ok(st) && st.code != SY_E_TAMPERED) {
        status = cmd_fail(o, &err);
    } else {
        status = o->json ? json_summary(&s, &r, &err) : text_summary(&s, &r, &err);
    }
    json_decref(s.budgets);
    return status == 0 && o->inside ? cmd_inside(o, x) : status;
}
