/*
 * What: models: register, review, list, show. A refusal of the dialect comes with the construct, its
 * place in the SQL and what to write instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compile.h"
#include "cli/out.h"

int cli_model_send(struct cli *c, const uint8_t grant[32], const struct sy_model_def *def,
                   struct sy_model_result *ret)
{
    struct cli_ask ask = {.method = "model.register",
                          .grant = grant,
                          .args_desc = &sy_model_def_desc,
                          .args = def,
                          .result_desc = &sy_model_result_desc,
                          .ret_result = ret};
    int status = cli_call(c, &ask);
    if (status != 0) {
        cli_point_at(c, def->sql);
    }
    return status;
}

int cli_model_register(struct cli *c)
{
    int status = 0;
    uint8_t grant[32];
    struct sy_error e = {0};
    struct sy_model_def def;
    struct sy_model_result r;
    char hex[65];
    const char *id = cli_need(c, "grant");
    if (id == NULL || c->n_args != 1) {
        return id == NULL ? 2 : cli_usage("give one model file");
    }
    if (!sy_ok(cli_compile_model(c->args[0], &c->arena, &def, &e))) {
        return cli_fail_error(c, &e);
    }
    if (!cli_id(c, "grant/", id, grant, &status)) {
        return status;
    }
    status = cli_model_send(c, grant, &def, &r);
    if (status != 0) {
        return status;
    }
    cli_hex(hex, r.model, 32);
    if (c->json) {
        return cli_print_json(
            json_pack("{s:s,s:s%}", "model", hex, "rendering", r.rendering.p, r.rendering.n));
    }
    printf("registered: %s\n\n%.*s", hex, SY_PV(r.rendering));
    return 0;
}

int cli_model_review(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    struct sy_review r;
    if (!cli_review_args(c, &r, &status) || !cli_id_arg(c, "model/", id, &status)) {
        return status;
    }
    struct cli_ask ask = {
        .method = "model.review", .subject = id, .args_desc = &sy_review_desc, .args = &r};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "model %s\n", sy_view_is(r.decision, "approve") ? "approved" : "rejected");
    }
    return status;
}

/* --- list, show ---------------------------------------------------------------------------------------- */

struct model_row {
    struct sy_view status, developer, grant;
    struct sy_model_def def;
};

static bool read_model(struct cli *c, struct sy_view row, struct model_row *ret)
{
    struct sy_view def = {0};
    return cli_member(c, row, "def", &def) && cli_member(c, row, "status", &ret->status) &&
           cli_member(c, row, "developer", &ret->developer) &&
           cli_member(c, row, "grant", &ret->grant) && ret->grant.n == 32 &&
           sy_ok(sy_record_decode(&sy_model_def_desc, def, &SY_MP_REQUEST, &c->arena, &ret->def,
                                  NULL));
}

static json_t *model_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    char grant[65];
    struct model_row m = {0};
    if (!read_model(c, row, &m)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_model_def_desc, &m.def);
    cli_hex(grant, m.grant.p, 32);
    json_object_set_new(j, "id", cli_json_text(id));
    json_object_set_new(j, "status", cli_json_text(m.status));
    json_object_set_new(j, "developer", cli_json_text(m.developer));
    json_object_set_new(j, "grant", json_string(grant));
    return j;
}

static bool model_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct model_row m = {0};
    char rho[32];
    if (!read_model(c, row, &m)) {
        return false;
    }
    ret[0] = cli_text(c, sy_view(id.p, id.n > 12 ? 12 : id.n));
    ret[1] = cli_text(c, m.status);
    ret[2] = cli_text(c, m.def.name);
    ret[3] = cli_text(c, m.def.mechanism);
    ret[4] = cli_text(c, sy_view_str(cli_nano_text(m.def.rho, rho, sizeof(rho))));
    ret[5] = cli_text(c, m.def.title);
    return true;
}

static bool print_model(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct model_row m = {0};
    char rho[32], grant[65];
    if (!read_model(c, row, &m)) {
        return false;
    }
    cli_hex(grant, m.grant.p, 32);
    printf("id         %.*s\nstatus     %.*s\ntitle      %.*s\npurpose    %.*s\n"
           "developer  %.*s\ngrant      %s\nprice      rho %s a run, by %.*s\n\n%.*s\n",
           SY_PV(id), SY_PV(m.status), SY_PV(m.def.title), SY_PV(m.def.purpose), SY_PV(m.developer),
           grant, cli_nano_text(m.def.rho, rho, sizeof(rho)), SY_PV(m.def.mechanism),
           SY_PV(m.def.sql));
    return true;
}

static const char *const model_headers[] = {"ID", "STATUS", "NAME", "MECHANISM", "RHO", "TITLE"};
static const struct cli_kind_view model_view = {{"model/"}, model_headers, 6,
                                                model_json, model_cells,   print_model};

int cli_model_list(struct cli *c)
{
    return cli_list(c, &model_view);
}

int cli_model_show(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    char hex[65];
    if (!cli_id_arg(c, "model/", id, &status)) {
        return status;
    }
    cli_hex(hex, id, 32);
    return cli_show(c, &model_view, sy_view(hex, 64));
}
