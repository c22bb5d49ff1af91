/*
 * What: agreements: offer, accept, file, terminate, list, show. What the offer has to name besides its own text, the
 * whole grant above it and the grantee's last agreement, is looked up, so that nobody copies it by hand.
 */
#include "qualify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "proof/ids.h"

static bool read_agreement(struct cli *c, struct sy_view row, struct sy_row_agreement *ret,
                           struct sy_agreement *ret_said)
{
    return sy_ok(
               sy_record_decode(&sy_row_agreement_desc, row, &SY_MP_LARGE, &c->arena, ret, NULL)) &&
           sy_ok(sy_record_decode(&sy_agreement_desc, ret->agreement, &SY_MP_REQUEST, &c->arena,
                                  ret_said, NULL));
}

/* --- offer -------------------------------------------------------------------------------------------- */

/* The party's agreement that its standing names; zero when it has none yet. */
static int last_agreement(struct cli *c, struct sy_view party, uint8_t ret[32])
{
    struct sy_view row = {0}, id = {0};
    int status = cli_find(c, "standing/", party, &row);
    memset(ret, 0, 32);
    if (status == 0 && row.p != NULL && cli_member(c, row, "agreement", &id) && id.n == 32) {
        memcpy(ret, id.p, 32);
    }
    return status;
}

/* Everything that follows from the application and the parties. */
static int complete(struct cli *c, struct sy_agreement *a)
{
    struct sy_row_qualify q;
    int status = qualify_row(c, "qualify/", a->application, &sy_row_qualify_desc, &q);
    if (status != 0) {
        return status;
    }
    a->grantee = q.party;
    a->grantor = sy_view_str(shuyu_profile_party(c->profile));
    status = last_agreement(c, q.party, a->prev);
    if (status != 0 || sy_view_is(q.kind, "operator")) {
        return status;
    }
    const char *parent = cli_option(c, "parent");
    if (parent != NULL) {
        return cli_id(c, "agreement/", parent, a->parent, &status) ? 0 : status;
    }
    return last_agreement(c, a->grantor, a->parent);
}

int cli_agreement_offer(struct cli *c)
{
    struct sy_error e = {0};
    struct sy_agreement a;
    int status = 0;
    const char *application = cli_need(c, "application");
    if (c->n_args != 1 || application == NULL) {
        return c->n_args != 1 ? cli_usage("give one agreement file") : 2;
    }
    if (!sy_ok(cli_compile_agreement(c->args[0], &c->arena, &a, &e))) {
        return cli_fail_error(c, &e);
    }
    if (!cli_id(c, "qualify/", application, a.application, &status) || !cli_profile(c, &status)) {
        return status;
    }
    status = complete(c, &a);
    if (status != 0) {
        return status;
    }
    struct qualify_say say = {.method = "agreement.offer",
                              .what = "agreement",
                              .desc = &sy_agreement_desc,
                              .args = &a,
                              .domain = a.domain,
                              .hash = proof_agreement_id};
    return qualify_say(c, &say);
}

/* --- accept, file, terminate -------------------------------------------------------------------------- */

int cli_agreement_accept(struct cli *c)
{
    int status = 0;
    struct sy_agreement_accept a = {0};
    if (!qualify_paper(c, "commitment", true, a.commitment, &status)) {
        return status;
    }
    return qualify_act(c, &(struct qualify_act){.method = "agreement.accept",
                                                .prefix = "agreement/",
                                                .desc = &sy_agreement_accept_desc,
                                                .args = &a,
                                                .said = ": signed by both; it is to be filed"});
}

int cli_agreement_file(struct cli *c)
{
    const char *number = cli_need(c, "number");
    const struct sy_agreement_file f = {.filing_no = sy_view_str(number)};
    if (number == NULL) {
        return 2;
    }
    return qualify_act(c, &(struct qualify_act){.method = "agreement.file",
                                                .prefix = "agreement/",
                                                .desc = &sy_agreement_file_desc,
                                                .args = &f,
                                                .said = ": on file; access is open"});
}

int cli_agreement_terminate(struct cli *c)
{
    const char *ground = cli_need(c, "ground");
    const struct sy_agreement_end e = {.ground = sy_view_str(ground),
                                       .text = sy_view_str(cli_option(c, "text"))};
    if (ground == NULL) {
        return 2;
    }
    return qualify_act(c, &(struct qualify_act){.method = "agreement.terminate",
                                                .prefix = "agreement/",
                                                .desc = &sy_agreement_end_desc,
                                                .args = &e,
                                                .said = ": ended, and every grant under it"});
}

/* --- list, show --------------------------------------------------------------------------------------- */

/* Expiry is no status of the row: it follows from the time. */
static const char *status_text(struct cli *c, const struct sy_row_agreement *r,
                               const struct sy_agreement *a)
{
    bool over = sy_now_s() > a->not_after && !sy_view_is(r->status, "terminated");
    return over ? "expired" : cli_text(c, r->status);
}

static json_t *agreement_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_row_agreement r;
    struct sy_agreement a;
    if (!read_agreement(c, row, &r, &a)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_row_agreement_desc, &r);
    json_object_set_new(j, "agreement", cli_json_record(&sy_agreement_desc, &a));
    json_object_set_new(j, "id", cli_json_text(id));
    json_object_set_new(j, "status", json_string(status_text(c, &r, &a)));
    return j;
}

static bool agreement_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_row_agreement r;
    struct sy_agreement a;
    char from[21], until[21];
    if (!read_agreement(c, row, &r, &a)) {
        return false;
    }
    sy_time_format(a.not_before, from);
    sy_time_format(a.not_after, until);
    ret[0] = cli_text(c, sy_view(id.p, id.n > 12 ? 12 : id.n));
    ret[1] = status_text(c, &r, &a);
    ret[2] = cli_text(c, a.grantor);
    ret[3] = cli_text(c, a.grantee);
    ret[4] = cli_text(c, sy_view_str(from));
    ret[5] = cli_text(c, sy_view_str(until));
    ret[6] = cli_text(c, r.filing_no);
    return true;
}

static void print_id(const char *name, const uint8_t id[32])
{
    static const uint8_t none[32];
    char hex[65];
    cli_hex(hex, id, 32);
    if (memcmp(id, none, 32) != 0) {
        printf("%-10s %s\n", name, hex);
    }
}

static void print_text(const char *name, struct sy_view text)
{
    if (text.n > 0) {
        printf("%-10s %.*s\n", name, SY_PV(text));
    }
}

static bool print_agreement(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_row_agreement r;
    struct sy_agreement a;
    char from[21], until[21];
    if (!read_agreement(c, row, &r, &a)) {
        return false;
    }
    sy_time_format(a.not_before, from);
    sy_time_format(a.not_after, until);
    printf(
        "id         %.*s\nstatus     %s\ngrantor    %.*s\ngrantee    %.*s\nterm       %s to %s\n",
        SY_PV(id), status_text(c, &r, &a), SY_PV(a.grantor), SY_PV(a.grantee), from, until);
    print_id("parent", a.parent);
    print_id("follows", a.prev);
    print_text("filed", r.filing_no);
    print_text("ground", r.ground);
    print_id("ended by", r.cascade);
    print_text("fee", a.fee);
    for (size_t i = 0; i < a.n_datasets; i++) {
        print_text("dataset", a.datasets[i]);
    }
    for (size_t i = 0; i < a.n_clauses; i++) {
        printf("clause     %.*s: %.*s\n", SY_PV(a.clauses[i].code), SY_PV(a.clauses[i].text));
    }
    return true;
}

static const char *const agreement_headers[] = {"ID",   "STATUS", "GRANTOR", "GRANTEE",
                                                "FROM", "UNTIL",  "FILED"};
static const struct cli_kind_view agreement_view = {
    {"agreement/", NULL}, agreement_headers, 7, agreement_json, agreement_cells, print_agreement};

int cli_agreement_list(struct cli *c)
{
    return cli_list(c, &agreement_view);
}

int cli_agreement_show(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    char hex[65];
    if (!cli_id_arg(c, "agreement/", id, &status)) {
        return status;
    }
    cli_hex(hex, id, 32);
    return cli_show(c, &agreement_view, sy_view_str(hex));
}
