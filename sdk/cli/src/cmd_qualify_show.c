/*
 * What: announcements, applications and public notices as people see them. Who may not see an application still sees
 * its notice, and may object to it.
 */
#include "qualify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

enum { SHORT_ID = 12 };

static const char *short_id(struct cli *c, struct sy_view id)
{
    return cli_text(c, sy_view(id.p, id.n > SHORT_ID ? SHORT_ID : id.n));
}

static const char *time_text(struct cli *c, int64_t t)
{
    char text[21];
    sy_time_format(t, text);
    return t == 0 ? "-" : cli_text(c, sy_view_str(text));
}

/* --- announcements ------------------------------------------------------------------------------------ */

static bool read_announcement(struct cli *c, struct sy_view row, struct sy_row_announcement *ret,
                              struct sy_announcement *ret_said)
{
    return sy_ok(sy_record_decode(&sy_row_announcement_desc, row, &SY_MP_LARGE, &c->arena, ret,
                                  NULL)) &&
           sy_ok(sy_record_decode(&sy_announcement_desc, ret->announcement, &SY_MP_REQUEST,
                                  &c->arena, ret_said, NULL));
}

/* Both have to announce that developers are looked for. */
static const char *announcement_status(const struct sy_row_announcement *row,
                                       const struct sy_announcement *a)
{
    int64_t now = sy_now_s();
    if (row->n_signed_by < (sy_view_is(a->kind, "developer") ? 2U : 1U)) {
        return "one signature";
    }
    return now < a->opens ? "not open yet" : now > a->closes ? "closed" : "open";
}

static json_t *announcement_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_row_announcement r;
    struct sy_announcement a;
    if (!read_announcement(c, row, &r, &a)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_announcement_desc, &a);
    json_t *by = json_array();
    for (size_t i = 0; i < r.n_signed_by; i++) {
        json_array_append_new(by, cli_json_text(r.signed_by[i]));
    }
    json_object_set_new(j, "id", cli_json_text(id));
    json_object_set_new(j, "signed_by", by);
    json_object_set_new(j, "status", json_string(announcement_status(&r, &a)));
    return j;
}

static bool announcement_cells(struct cli *c, struct sy_view id, struct sy_view row,
                               const char **ret)
{
    struct sy_row_announcement r;
    struct sy_announcement a;
    if (!read_announcement(c, row, &r, &a)) {
        return false;
    }
    ret[0] = short_id(c, id);
    ret[1] = announcement_status(&r, &a);
    ret[2] = cli_text(c, a.kind);
    ret[3] = time_text(c, a.opens);
    ret[4] = time_text(c, a.closes);
    ret[5] = cli_text(c, a.title);
    return true;
}

static const char *const announcement_headers[] = {"ID",    "STATUS", "KIND",
                                                   "OPENS", "CLOSES", "TITLE"};
static const struct cli_kind_view announcement_view = {
    {"announcement/", NULL}, announcement_headers, 6, announcement_json, announcement_cells, NULL};

int cli_qualify_announced(struct cli *c)
{
    return cli_list(c, &announcement_view);
}

/* --- applications ------------------------------------------------------------------------------------- */

static bool read_application(struct cli *c, struct sy_view row, struct sy_row_qualify *ret,
                             struct sy_qualify_apply *ret_said)
{
    return sy_ok(sy_record_decode(&sy_row_qualify_desc, row, &SY_MP_LARGE, &c->arena, ret, NULL)) &&
           sy_ok(sy_record_decode(&sy_qualify_apply_desc, ret->application, &SY_MP_REQUEST,
                                  &c->arena, ret_said, NULL));
}

static json_t *application_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_row_qualify r;
    struct sy_qualify_apply a;
    if (!read_application(c, row, &r, &a)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_row_qualify_desc, &r);
    json_object_set_new(j, "application", cli_json_record(&sy_qualify_apply_desc, &a));
    json_object_set_new(j, "id", cli_json_text(id));
    return j;
}

static bool application_cells(struct cli *c, struct sy_view id, struct sy_view row,
                              const char **ret)
{
    struct sy_row_qualify r;
    struct sy_qualify_apply a;
    if (!read_application(c, row, &r, &a)) {
        return false;
    }
    ret[0] = short_id(c, id);
    ret[1] = cli_text(c, r.status);
    ret[2] = cli_text(c, r.kind);
    ret[3] = cli_text(c, r.party);
    ret[4] = cli_text(c, a.subject);
    ret[5] = time_text(c, r.notice_until);
    return true;
}

static void print_steps(const struct sy_row_qualify *r)
{
    for (size_t i = 0; i < r->n_opinions; i++) {
        const struct sy_row_qualify_opinion *o = &r->opinions[i];
        printf("opinion    of %" PRIu64 " experts heard by %.*s: %" PRIu64 " points (entry %" PRIu64
               ")\n",
               o->experts, SY_PV(o->party), o->points, o->entry);
    }
    for (size_t i = 0; i < r->n_decisions; i++) {
        const struct sy_row_qualify_decision *d = &r->decisions[i];
        printf("decision   %.*s: %.*s (entry %" PRIu64 ")\n", SY_PV(d->party), SY_PV(d->decision),
               d->entry);
    }
    for (size_t i = 0; i < r->n_objections; i++) {
        const struct sy_row_qualify_objection *o = &r->objections[i];
        struct sy_view outcome = o->settled == 0 ? sy_view_str("open") : o->outcome;
        printf("objection  %zu by %.*s%s%.*s: %.*s (%.*s)\n", i + 1, SY_PV(o->party),
               o->behalf.n > 0 ? " for " : "", SY_PV(o->behalf), SY_PV(o->text), SY_PV(outcome));
    }
}

static bool print_application(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_row_qualify r;
    struct sy_qualify_apply a;
    if (!read_application(c, row, &r, &a)) {
        return false;
    }
    printf("id         %.*s\nstatus     %.*s\nkind       %.*s\nparty      %.*s\nsubject    %.*s "
           "(%.*s)\noperations %.*s\nteam       %.*s\nofficer    %.*s, %.*s\n",
           SY_PV(id), SY_PV(r.status), SY_PV(r.kind), SY_PV(r.party), SY_PV(a.subject),
           SY_PV(a.credit_code), SY_PV(a.operations), SY_PV(a.team), SY_PV(a.officer),
           SY_PV(a.officer_unit));
    if (a.plan.n > 0) {
        printf("plan       %.*s\n", SY_PV(a.plan));
    }
    for (size_t i = 0; i < a.n_lists; i++) {
        printf("list       %.*s: %s\n", SY_PV(a.lists[i].code),
               a.lists[i].clear ? "not on it" : "on it");
    }
    for (size_t i = 0; i < a.n_incidents; i++) {
        printf("incident   %s %.*s\n", time_text(c, a.incidents[i].time),
               SY_PV(a.incidents[i].text));
    }
    print_steps(&r);
    if (r.notice_until != 0) {
        printf("notice     until %s\n", time_text(c, r.notice_until));
    }
    return true;
}

static const char *const application_headers[] = {"ID",    "STATUS",  "KIND",
                                                  "PARTY", "SUBJECT", "NOTICE UNTIL"};
static const struct cli_kind_view application_view = {
    {"qualify/", NULL}, application_headers, 6,
    application_json,   application_cells,   print_application};

int cli_qualify_list(struct cli *c)
{
    return cli_list(c, &application_view);
}

int cli_qualify_show(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    char hex[65];
    if (!cli_id_arg(c, "qualify/", id, &status)) {
        return status;
    }
    cli_hex(hex, id, 32);
    return cli_show(c, &application_view, sy_view_str(hex));
}

/* --- public notices ----------------------------------------------------------------------------------- */

static bool read_notice(struct cli *c, struct sy_view row, struct sy_row_notice *ret)
{
    return sy_ok(sy_record_decode(&sy_row_notice_desc, row, &SY_MP_LARGE, &c->arena, ret, NULL));
}

static json_t *notice_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_row_notice n;
    if (!read_notice(c, row, &n)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_row_notice_desc, &n);
    json_object_set_new(j, "id", cli_json_text(id));
    return j;
}

static bool notice_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_row_notice n;
    if (!read_notice(c, row, &n)) {
        return false;
    }
    ret[0] = short_id(c, id);
    ret[1] = cli_text(c, n.kind);
    ret[2] = cli_text(c, n.party);
    ret[3] = cli_text(c, n.subject);
    ret[4] = time_text(c, n.from);
    ret[5] = time_text(c, n.until);
    return true;
}

static const char *const notice_headers[] = {"ID", "KIND", "PARTY", "SUBJECT", "FROM", "UNTIL"};
static const struct cli_kind_view notice_view = {{"notice/", NULL}, notice_headers, 6,
                                                 notice_json,       notice_cells,   NULL};

int cli_qualify_notices(struct cli *c)
{
    return cli_list(c, &notice_view);
}
