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

/* The refusal says "block NAME, at byte N": show the place. */
static void point_at(const struct cli *c, const struct sy_model_def *def)
{
    const char *at = strstr(c->err.reason, "at byte ");
    for (size_t i = 0; at != NULL && i <= def->n_blocks; i++) {
        bool post = i == def->n_blocks;
        struct sy_view name = post ? sy_view_str("post") : def->blocks[i].name;
        char said[128];
        snprintf(said, sizeof(said), "block %.*s, at byte ", SY_PV(name));
        if (strncmp(c->err.reason, said, strlen(said)) == 0) {
            cli_point(c, post ? def->post : def->blocks[i].sql,
                      strtoull(at + strlen("at byte "), NULL, 10));
            return;
        }
    }
}

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
        point_at(c, def);
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

/* The mechanisms of its blocks, each once; and the rho that its blocks declare together. What a run costs
 * is more where rows have several owners: `model cost` says it. */
static const char *mechanisms(struct cli *c, const struct sy_model_def *def)
{
    const char *text = "";
    for (size_t i = 0; i < def->n_blocks; i++) {
        size_t k = 0;
        while (!sy_view_eq(def->blocks[k].mechanism, def->blocks[i].mechanism)) {
            k++;
        }
        if (k == i) {
            text = sy_arena_printf(&c->arena, "%s%s%.*s", text, i == 0 ? "" : " ",
                                   SY_PV(def->blocks[i].mechanism));
        }
    }
    return text;
}

static const char *price(struct cli *c, const struct sy_model_def *def)
{
    char text[32];
    uint64_t rho = 0;
    for (size_t i = 0; i < def->n_blocks; i++) {
        rho += def->blocks[i].rho;
    }
    return sy_arena_printf(&c->arena, "%s", cli_nano_text(rho, text, sizeof(text)));
}

static bool model_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct model_row m = {0};
    if (!read_model(c, row, &m)) {
        return false;
    }
    ret[0] = cli_text(c, sy_view(id.p, id.n > 12 ? 12 : id.n));
    ret[1] = cli_text(c, m.status);
    ret[2] = cli_text(c, m.def.name);
    ret[3] = mechanisms(c, &m.def);
    ret[4] = price(c, &m.def);
    ret[5] = cli_text(c, m.def.title);
    return true;
}

static void print_param(const struct sy_plan_param *p)
{
    printf("param      %.*s (%.*s%s%.*s)", SY_PV(p->name), SY_PV(p->kind),
           p->calendar.n > 0 ? ", years from " : "", SY_PV(p->calendar));
    if (p->support > 0) {
        printf(", each selects at least %" PRIu64 " units", p->support);
    }
    for (size_t i = 0; i < p->n_values; i++) {
        printf("%s%.*s", i == 0 ? ": " : " ", SY_PV(p->values[i]));
    }
    putchar('\n');
}

/* What the manifest says of a block, and its text. */
static void print_block(const struct sy_model_block *b)
{
    char rho[32], delta[32];
    printf("\n-- block %.*s: %.*s", SY_PV(b->name), SY_PV(b->mechanism));
    if (b->rho > 0 || b->delta > 0) {
        printf(", rho %s, delta %s, %" PRIu64 " groups of %" PRIu64 " rows a unit",
               cli_nano_text(b->rho, rho, sizeof(rho)),
               cli_femto_text(b->delta, delta, sizeof(delta)), b->groups, b->rows);
    }
    printf("%s%s%.*s%s%.*s\n", b->threshold ? ", by noisy threshold" : "",
           b->tree.n > 0 ? ", tree of " : "", SY_PV(b->tree), b->unit.n > 0 ? ", bounded by " : "",
           SY_PV(b->unit));
    for (size_t i = 0; i < b->n_shape; i++) {
        printf("-- shape %.*s\n", SY_PV(b->shape[i]));
    }
    for (size_t i = 0; i < b->n_clamps; i++) {
        const struct sy_model_clamp *k = &b->clamps[i];
        printf("-- %.*s within [%.*s, %.*s]\n", SY_PV(k->figure), SY_PV(k->lo), SY_PV(k->hi));
    }
    printf("%.*s\n", SY_PV(b->sql));
}

static void print_def(const struct sy_model_def *def)
{
    if (def->version.n > 0) {
        printf("version    %.*s\n", SY_PV(def->version));
    }
    if (def->definition.n > 0) {
        printf("definition %.*s\n", SY_PV(def->definition));
    }
    for (size_t i = 0; i < def->n_params; i++) {
        print_param(&def->params[i]);
    }
    for (size_t i = 0; i < def->n_blocks; i++) {
        print_block(&def->blocks[i]);
    }
    if (def->post.n > 0) {
        printf("\n-- post\n%.*s\n", SY_PV(def->post));
    }
}

static bool print_model(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct model_row m = {0};
    char grant[65];
    if (!read_model(c, row, &m)) {
        return false;
    }
    cli_hex(grant, m.grant.p, 32);
    printf("id         %.*s\nstatus     %.*s\ntitle      %.*s\npurpose    %.*s\n"
           "developer  %.*s\ngrant      %s\nrho        %s over all blocks, by %s\n",
           SY_PV(id), SY_PV(m.status), SY_PV(m.def.title), SY_PV(m.def.purpose), SY_PV(m.developer),
           grant, price(c, &m.def), mechanisms(c, &m.def));
    print_def(&m.def);
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
