/*
 * What: inspections (article 27) and orders to correct (article 32).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "supervise.h"

/* ---- inspections ---- */

int cli_inspect_open(struct cli *c)
{
    int status = 0;
    struct sy_inspect_open a = {0};
    if (c->n_args != 1 || cli_need(c, "scope") == NULL) {
        return c->n_args != 1 ? cli_usage("give one party") : 2;
    }
    a.party = sy_view_str(c->args[0]);
    if (!sup_words(c, "scope", &a.scope, &a.n_scope, &status) ||
        !sup_text(c, "title", &a.title, &status) ||
        !sup_digest(c, "file", false, a.digest, &status)) {
        return status;
    }
    return sup_send(c, "inspect.open", &sy_inspect_open_desc, &a, "the inspection is open");
}

int cli_inspect_finding(struct cli *c)
{
    int status = 0;
    struct sy_inspect_finding a = {0};
    if (!cli_number_arg(c, 0, "inspection", &a.inspection, &status) ||
        !sup_text(c, "text", &a.text, &status) || !sup_count(c, "days", 0, &a.days, &status) ||
        !sup_digest(c, "file", false, a.digest, &status)) {
        return status;
    }
    return sup_send(c, "inspect.finding", &sy_inspect_finding_desc, &a, "the finding is recorded");
}

int cli_inspect_mend(struct cli *c)
{
    int status = 0;
    struct sy_inspect_mend a = {0};
    if (!cli_number_arg(c, 0, "inspection", &a.inspection, &status) ||
        !sup_text(c, "text", &a.text, &status) ||
        !sup_count(c, "finding", 0, &a.finding, &status) ||
        !sup_digest(c, "file", false, a.digest, &status)) {
        return status;
    }
    return sup_send(c, "inspect.mend", &sy_inspect_mend_desc, &a, "recorded as mended");
}

int cli_inspect_close(struct cli *c)
{
    int status = 0;
    struct sy_inspect_close a = {.text = sy_view_str(cli_option(c, "text"))};
    if (!cli_number_arg(c, 0, "inspection", &a.inspection, &status)) {
        return status;
    }
    return sup_send(c, "inspect.close", &sy_inspect_close_desc, &a, "the inspection is closed");
}

static json_t *inspection_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    return sup_json(c, &sy_inspection_desc, id, row);
}

static bool inspection_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_inspection v;
    size_t open = 0;
    if (!sy_ok(sy_record_decode(&sy_inspection_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    for (size_t i = 0; i < v.n_findings; i++) {
        open += v.findings[i].mended == 0 ? 1 : 0;
    }
    ret[0] = sy_arena_printf(&c->arena, "%" PRIu64, sup_entry(id));
    ret[1] = v.closed != 0 ? "closed" : "open";
    ret[2] = cli_text(c, v.open.party);
    ret[3] = cli_text(c, v.by);
    ret[4] = sy_arena_printf(&c->arena, "%zu of %zu", open, v.n_findings);
    ret[5] = cli_text(c, v.open.title);
    return ret[0] != NULL && ret[4] != NULL;
}

int cli_inspect_list(struct cli *c)
{
    static const char *const headers[] = {"ENTRY", "STATUS", "PARTY", "BY", "NOT MENDED", "TITLE"};
    static const struct cli_kind_view view = {{"inspection/"}, headers,          6,
                                              inspection_json, inspection_cells, NULL};
    return cli_list(c, &view);
}

static void print_findings(struct cli *c, const struct sy_inspection *v, int64_t offset)
{
    static const char *const headers[] = {"FINDING", "DUE", "MENDED", "LATE", "TEXT"};
    struct cli_table *t = cli_table_new(headers, 5);
    for (size_t i = 0; i < v->n_findings; i++) {
        const struct sy_finding *f = &v->findings[i];
        const char *n = sy_arena_printf(&c->arena, "%zu", i + 1);
        cli_table_row(t, (const char *const[]){n == NULL ? "" : n, sup_local(c, offset, f->due),
                                               sup_local(c, offset, f->mended),
                                               f->late ? "late" : "", cli_text(c, f->text)});
    }
    cli_table_print(t);
}

int cli_inspect_show(struct cli *c)
{
    struct sy_inspection v;
    uint64_t entry;
    int64_t offset;
    int status = sup_row(c, "inspection/", &sy_inspection_desc, &v, &entry);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        json_t *j = cli_json_record(&sy_inspection_desc, &v);
        json_object_set_new(j, "entry", json_integer((json_int_t)entry));
        return cli_print_json(j);
    }
    status = sup_offset(c, &offset);
    if (status != 0) {
        return status;
    }
    printf("entry      %" PRIu64 "\ntitle      %.*s\nparty      %.*s\nby         %.*s\nopened     "
           "%s\nclosed     %s\n",
           entry, SY_PV(v.open.title), SY_PV(v.open.party), SY_PV(v.by),
           sup_local(c, offset, v.opened), sup_local(c, offset, v.closed));
    print_findings(c, &v, offset);
    return 0;
}

/* ---- orders to correct ---- */

int cli_order_correct(struct cli *c)
{
    int status = 0;
    struct sy_order_correct a = {0};
    if (c->n_args != 1) {
        return cli_usage("give one party");
    }
    a.party = sy_view_str(c->args[0]);
    if (!sup_text(c, "ground", &a.ground, &status) || !sup_text(c, "text", &a.text, &status) ||
        !sup_count(c, "days", 0, &a.days, &status) ||
        !sup_count(c, "inspection", 0, &a.inspection, &status) ||
        !sup_digest(c, "file", false, a.digest, &status)) {
        return status;
    }
    return sup_stop(c, "order.correct", &sy_order_correct_desc, &a,
                    "ordered; the party's access is closed and its grants are suspended");
}

int cli_order_mend(struct cli *c)
{
    int status = 0;
    struct sy_order_mend a = {0};
    if (!cli_number_arg(c, 0, "order", &a.order, &status) ||
        !sup_text(c, "text", &a.text, &status) || !sup_digest(c, "file", true, a.digest, &status)) {
        return status;
    }
    return sup_send(c, "order.mend", &sy_order_mend_desc, &a,
                    "reported as mended; whoever gave the order decides, or the agency");
}

int cli_order_mended(struct cli *c)
{
    int status = 0;
    bool yes = cli_option(c, "accept") != NULL;
    struct sy_order_mended a = {.decision = sy_view_str(yes ? "accept" : "reject"),
                                .text = sy_view_str(cli_option(c, "text"))};
    if (yes == (cli_option(c, "reject") != NULL)) {
        return cli_usage("give --accept or --reject");
    }
    if (!cli_number_arg(c, 0, "order", &a.order, &status)) {
        return status;
    }
    return sup_send(c, "order.mended", &sy_order_mended_desc, &a,
                    yes ? "accepted; grants are resumed one by one (scene resume)"
                        : "rejected; access stays closed");
}

int cli_order_cancel(struct cli *c)
{
    int status = 0;
    struct sy_order_cancel a = {.text = sy_view_str(cli_option(c, "text"))};
    if (!cli_number_arg(c, 0, "order", &a.order, &status)) {
        return status;
    }
    return sup_send(c, "order.cancel", &sy_order_cancel_desc, &a,
                    "cancelled; the party's grants are revoked");
}

static json_t *correction_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    return sup_json(c, &sy_correction_desc, id, row);
}

static bool correction_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_correction v;
    char due[21];
    if (!sy_ok(sy_record_decode(&sy_correction_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    sy_time_format(v.due, due);
    ret[0] = sy_arena_printf(&c->arena, "%" PRIu64, sup_entry(id));
    ret[1] = v.reported != 0 && sy_view_is(v.status, "open") ? "reported" : cli_text(c, v.status);
    ret[2] = cli_text(c, v.order.party);
    ret[3] = cli_text(c, v.by);
    ret[4] = cli_text(c, v.order.ground);
    ret[5] = cli_text(c, sy_view_str(due));
    ret[6] = cli_text(c, v.order.text);
    return ret[0] != NULL;
}

static bool correction_print(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_correction v;
    if (!sy_ok(sy_record_decode(&sy_correction_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    printf("entry %" PRIu64 "\n", sup_entry(id));
    cli_print_lines(&sy_correction_desc, &v);
    return true;
}

static const char *const correction_headers[] = {"ENTRY",  "STATUS", "PARTY", "BY",
                                                 "GROUND", "DUE",    "TEXT"};
static const struct cli_kind_view correction_view = {
    {"correction/"}, correction_headers, 7, correction_json, correction_cells, correction_print};

int cli_order_list(struct cli *c)
{
    return cli_list(c, &correction_view);
}

int cli_order_show(struct cli *c)
{
    int status = 0;
    uint64_t entry;
    if (!cli_number_arg(c, 0, "order", &entry, &status)) {
        return status;
    }
    return cli_show(c, &correction_view,
                    sy_view_str(sy_arena_printf(&c->arena, "%020" PRIu64, entry)));
}
