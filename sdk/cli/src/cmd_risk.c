/*
 * What: risks of linkage and aggregation (scheme article 28), for operator, agency and security: `risk report`
 * shows them, `risk stop` reports hidden relations, which stops the grant in the same act, and then writes the figures to
 * a file: a file that cannot be written must not keep it running.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "supervise.h"

enum { NUMBER = 32 };

static int ask_report(struct cli *c, struct sy_risk_report *ret)
{
    struct cli_ask ask = {
        .method = "risk.report", .result_desc = &sy_risk_report_desc, .ret_result = ret};
    return cli_call(c, &ask);
}

/* --- tables ----------------------------------------------------------------------------------------- */

static const char *count(struct cli *c, uint64_t n)
{
    const char *text = sy_arena_printf(&c->arena, "%" PRIu64, n);
    return text == NULL ? "" : text;
}

static const char *rho(struct cli *c, uint64_t nano)
{
    char text[NUMBER];
    return cli_text(c, sy_view_str(cli_nano_text(nano, text, sizeof(text))));
}

static void print_spaces(struct cli *c, const struct sy_risk_report *r)
{
    static const char *const headers[] = {"NAMESPACE", "CAP RHO", "SPENT",   "RESERVED",
                                          "CAP CELLS", "SPENT",   "RESERVED"};
    struct cli_table *t = cli_table_new(headers, 7);
    for (size_t i = 1; i < 7; i++) {
        cli_table_right(t, i);
    }
    for (size_t i = 0; i < r->n_spaces; i++) {
        const struct sy_risk_space *s = &r->spaces[i];
        cli_table_row(t, (const char *const[]){cli_text(c, s->ns), rho(c, s->cap_rho),
                                               rho(c, s->spent_rho), rho(c, s->held_rho),
                                               count(c, s->cap_cells), count(c, s->spent_cells),
                                               count(c, s->held_cells)});
    }
    cli_table_print(t);
}

static void print_pairs(struct cli *c, const struct sy_risk_report *r)
{
    static const char *const headers[] = {"NAMESPACE", "QUESTIONS OF", "OVERLAP THOSE OF", "PAIRS"};
    struct cli_table *t = cli_table_new(headers, 4);
    cli_table_right(t, 3);
    for (size_t i = 0; i < r->n_pairs; i++) {
        const struct sy_risk_pair *p = &r->pairs[i];
        cli_table_row(t, (const char *const[]){cli_text(c, p->ns), cli_text(c, p->a),
                                               cli_text(c, p->b), count(c, p->n)});
    }
    cli_table_print(t);
}

static void print_fields(struct cli *c, const struct sy_risk_report *r)
{
    static const char *const headers[] = {"DATASET", "FIELD", "QUESTIONS"};
    struct cli_table *t = cli_table_new(headers, 3);
    cli_table_right(t, 2);
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct sy_risk_field *f = &r->fields[i];
        cli_table_row(t, (const char *const[]){cli_text(c, f->dataset), cli_text(c, f->field),
                                               count(c, f->n)});
    }
    cli_table_print(t);
}

static void print_refusals(struct cli *c, const struct sy_risk_report *r)
{
    static const char *const headers[] = {"REFUSED BY THE GUARD", "TIMES", "LAST ENTRY"};
    struct cli_table *t = cli_table_new(headers, 3);
    cli_table_right(t, 1);
    cli_table_right(t, 2);
    for (size_t i = 0; i < r->n_refusals; i++) {
        const struct sy_risk_refusal *f = &r->refusals[i];
        cli_table_row(
            t, (const char *const[]){cli_text(c, f->party), count(c, f->n), count(c, f->entry)});
    }
    cli_table_print(t);
}

int cli_risk_report(struct cli *c)
{
    struct sy_risk_report r;
    int status = ask_report(c, &r);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_risk_report_desc, &r));
    }
    print_spaces(c, &r);
    printf("\nquestions answered by cell keys: %" PRIu64 "\n\n", r.regions);
    print_pairs(c, &r);
    putchar('\n');
    print_fields(c, &r);
    putchar('\n');
    print_refusals(c, &r);
    return 0;
}

/* --- stop ------------------------------------------------------------------------------------------- */

/* What was stopped, by which entry, why; and the figures at that time. */
static json_t *stop_json(const uint8_t grant[32], uint64_t incident, struct sy_view text,
                         const struct sy_risk_report *r)
{
    char id[65];
    char now[21];
    cli_hex(id, grant, 32);
    sy_time_format(sy_now_s(), now);
    return json_pack("{s:s,s:I,s:o,s:s,s:o}", "stopped", id, "incident", (json_int_t)incident,
                     "text", cli_json_text(text), "time", now, "risk",
                     cli_json_record(&sy_risk_report_desc, r));
}

static int write_report(struct cli *c, json_t *report, const char *path)
{
    int status = 0;
    char *text = report == NULL ? NULL : json_dumps(report, JSON_INDENT(2) | JSON_SORT_KEYS);
    if (text == NULL) {
        return cli_usage("the report cannot be made; the grant is stopped");
    }
    if (cli_write_file(c, path, sy_view_str(text), &status)) {
        cli_say(c, "report written to %s\n", path);
    }
    free(text);
    return status;
}

int cli_risk_stop(struct cli *c)
{
    int status = 0;
    uint8_t grant[32];
    struct sy_risk_report r;
    uint64_t entry = 0;
    const char *path = cli_option(c, "report");
    const char *text = cli_option(c, "text");
    struct sy_view named = sy_view(grant, sizeof(grant));
    struct sy_incident_report a = {
        .affected = {.grants = &named, .n_grants = 1},
        .kind = sy_view_str("linkage"),
        .text = sy_view_str(text != NULL ? text : "hidden relations between data")};
    if (!cli_id_arg(c, "grant/", grant, &status) || !sup_time(c, "found", 0, &a.found, &status)) {
        return status;
    }
    struct cli_ask ask = {.method = "incident.report",
                          .args_desc = &sy_incident_report_desc,
                          .args = &a,
                          .ret_entry = &entry};
    status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    cli_say(c, "the grant is stopped and the incident reported: entry %" PRIu64 "\n", entry);
    status = ask_report(c, &r);
    if (status != 0) {
        return status;
    }
    json_t *report = stop_json(grant, entry, a.text, &r);
    if (path == NULL) {
        return cli_print_json(report);
    }
    status = write_report(c, report, path);
    json_decref(report);
    return status;
}
