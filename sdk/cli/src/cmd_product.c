/*
 * What: products on their way to sale: submit, report, review, publish, register, withdraw. A product file says what
 * its author decides; grant, scene, purpose and the schema of a call are read from the model's rows, so that nobody
 * copies them by hand, and the domain compares them all the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/compile.h"
#include "product.h"
#include "proof/hash.h"
#include "proof/ids.h"

/* --- submit: what the model decides ---------------------------------------------------------------- */

static const struct sy_product_column *described(const struct sy_product *file, struct sy_view name)
{
    for (size_t i = 0; i < file->n_columns; i++) {
        if (sy_view_eq(file->columns[i].name, name)) {
            return &file->columns[i];
        }
    }
    return NULL;
}

/* A column of one block's answer, as the domain's release makes it. */
static struct sy_product_column block_column(const struct sy_plan *plan,
                                             const struct sy_plan_out *o)
{
    const struct sy_plan_block *b = &plan->blocks[0];
    bool key = sy_view_is(o->op, "key"), figure = sy_view_is(o->op, "figure");
    uint64_t scale = !figure || o->a >= b->n_figures ? o->scale
                     : b->tree.n > 0                 ? SY_PLAN_TREE_SCALE
                                                     : b->figures[o->a].scale;
    return (struct sy_product_column){.kind = sy_view_str(key ? "key" : "figure"),
                                      .mechanism = key ? (struct sy_view){0} : b->mechanism,
                                      .name = o->name,
                                      .scale = key ? 0 : scale};
}

/* One of the post stage: a number, unless the file calls it a key. */
static struct sy_product_column post_column(const struct sy_plan_post_out *o,
                                            const struct sy_product_column *said)
{
    bool key = said != NULL && sy_view_is(said->kind, "key");
    return (struct sy_product_column){.kind = sy_view_str(key ? "key" : "figure"),
                                      .mechanism = sy_view_str(key ? "" : "post"),
                                      .name = o->name,
                                      .scale = key ? 0 : o->scale};
}

/* The model's columns, with the titles that the file gives them. */
static bool fill_columns(struct cli *c, const struct sy_plan *plan, struct sy_product *p)
{
    const struct sy_product file = *p;
    bool post = plan->n_post == 1;
    size_t n = post ? plan->post[0].n_outs : plan->n_outs;
    p->columns = sy_arena_alloc(&c->arena, n + 1, sizeof(*p->columns));
    p->n_columns = n;
    if (p->columns == NULL || plan->n_blocks == 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct sy_view name = post ? plan->post[0].outs[i].name : plan->outs[i].name;
        const struct sy_product_column *said = described(&file, name);
        p->columns[i] =
            post ? post_column(&plan->post[0].outs[i], said) : block_column(plan, &plan->outs[i]);
        if (said != NULL) {
            p->columns[i].title = said->title;
            p->columns[i].measure = said->measure;
        }
    }
    return true;
}

/* A title for a column that the model has not is a mistake. */
static int check_titles(const struct sy_product *file, const struct sy_product *p)
{
    for (size_t i = 0; i < file->n_columns; i++) {
        if (described(p, file->columns[i].name) == NULL) {
            return cli_usage("columns: the model has no column %.*s", SY_PV(file->columns[i].name));
        }
    }
    return 0;
}

static bool read_row(struct cli *c, const char *prefix, const uint8_t id[32], struct sy_view *ret,
                     int *status)
{
    char hex[65];
    cli_hex(hex, id, 32);
    *status = cli_find(c, prefix, sy_view(hex, 64), ret);
    if (*status == 0 && ret->p == NULL) {
        *status = cli_usage("%s%s: there is none that you may see", prefix, hex);
    }
    return *status == 0;
}

/* Grant, scene, purpose, parameters and columns. */
static int complete(struct cli *c, struct sy_product *p)
{
    const struct sy_product file = *p;
    struct sy_view model = {0}, grant = {0}, id = {0}, plan = {0}, proposal = {0};
    struct sy_plan what;
    struct sy_proposal under;
    int status = 0;
    if (!read_row(c, "model/", p->model, &model, &status)) {
        return status;
    }
    if (!cli_member(c, model, "grant", &id) || id.n != 32 || !cli_member(c, model, "plan", &plan) ||
        !sy_ok(sy_record_decode(&sy_plan_desc, plan, &SY_MP_REQUEST, &c->arena, &what, NULL))) {
        return cli_usage("the model's row does not read");
    }
    memcpy(p->grant, id.p, 32);
    if (!read_row(c, "grant/", p->grant, &grant, &status)) {
        return status;
    }
    if (!cli_member(c, grant, "proposal", &proposal) ||
        !sy_ok(sy_record_decode(&sy_proposal_desc, proposal, &SY_MP_REQUEST, &c->arena, &under,
                                NULL)) ||
        !fill_columns(c, &what, p)) {
        return cli_usage("the grant's row does not read");
    }
    p->scene = under.scene;
    p->purpose = under.purpose;
    p->params = what.params;
    p->n_params = what.n_params;
    return check_titles(&file, p);
}

/* The product's id follows from what is sent. */
static int product_id(const struct sy_product *p, char hex[65])
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
    uint8_t id[32];
    if (!sy_ok(sy_record_encode(&sy_product_desc, p, &b))) {
        return cli_usage("the product does not encode");
    }
    proof_product_id(id, sy_buf_view(&b));
    cli_hex(hex, id, 32);
    return 0;
}

int cli_product_submit(struct cli *c)
{
    int status = 0;
    char hex[65];
    struct sy_error e = {0};
    struct sy_product p;
    const char *model = cli_need(c, "model");
    if (model == NULL || c->n_args != 1) {
        return model == NULL ? 2 : cli_usage("give one product file");
    }
    if (!sy_ok(cli_compile_product(c->args[0], &c->arena, &p, &e))) {
        return cli_fail_error(c, &e);
    }
    if (!cli_id(c, "model/", model, p.model, &status)) {
        return status;
    }
    status = complete(c, &p);
    status = status != 0 ? status : product_id(&p, hex);
    if (status != 0) {
        return status;
    }
    struct cli_ask ask = {
        .method = "product.submit", .grant = p.grant, .args_desc = &sy_product_desc, .args = &p};
    status = cli_call(c, &ask);
    if (status == 0 && c->json) {
        return cli_print_json(json_pack("{s:s}", "product", hex));
    }
    if (status == 0) {
        printf("submitted: %s\n", hex);
    }
    return status;
}

/* --- report --------------------------------------------------------------------------------------- */

static void print_figures(struct cli *c, const struct sy_product_report *r)
{
    static const char *const headers[] = {"BLOCK", "FIGURE", "GRADE", "MECHANISM", "95 % +-"};
    enum { COLUMNS = sizeof(headers) / sizeof(headers[0]) };
    struct cli_table *t = cli_table_new(headers, COLUMNS);
    cli_table_right(t, COLUMNS - 1);
    for (size_t i = 0; i < r->n_figures; i++) {
        const struct sy_product_figure *f = &r->figures[i];
        const char *cells[COLUMNS] = {cli_text(c, f->block), cli_text(c, f->name),
                                      sy_arena_printf(&c->arena, "g%" PRIu64, f->grade),
                                      f->bare ? "UNPROTECTED" : cli_text(c, f->mechanism),
                                      cli_decimal(c, (int64_t)f->half, (unsigned)f->scale)};
        cli_table_row(t, cells);
    }
    cli_table_print(t);
}

static void print_checks(const struct sy_product_report *r)
{
    static const struct {
        const char *code, *title;
    } TITLES[] = {{"purpose", "(一) 用途和使用范围"},
                  {"sources", "(二) 数据来源及合法合规性"},
                  {"exposure", "(三) 原始数据、敏感数据暴露"},
                  {"personal", "(四) 个人信息和商业秘密"},
                  {"other", "(五) 其他"}};
    for (size_t i = 0; i < r->n_checks; i++) {
        const struct sy_product_check *k = &r->checks[i];
        for (size_t t = 0; t < sizeof(TITLES) / sizeof(TITLES[0]); t++) {
            if (sy_view_is(k->code, TITLES[t].code)) {
                printf("%-6s %s\n", k->passed ? "passed" : "FAILED", TITLES[t].title);
            }
        }
        for (size_t f = 0; f < k->n_findings; f++) {
            printf("         %.*s\n", SY_PV(k->findings[f]));
        }
    }
}

static void print_report(struct cli *c, const struct sy_product_report *r, const char *digest)
{
    char rho[32];
    print_checks(r);
    putchar('\n');
    for (size_t i = 0; i < r->n_fused; i++) {
        printf("fused      %.*s: %.*s\n", SY_PV(r->fused[i].dataset), SY_PV(r->fused[i].source));
    }
    print_figures(c, r);
    for (size_t i = 0; i < r->n_spends; i++) {
        printf("price      %.*s: rho %s a question, %" PRIu64 " questions left\n",
               SY_PV(r->spends[i].ns), cli_nano_text(r->spends[i].rho, rho, sizeof(rho)), r->calls);
    }
    printf("membership at most %" PRIu64 "/1000 above a guess from one answer, %" PRIu64
           "/1000 from all of the grant%s\n",
           r->advantage, r->advantage_all, r->advantage == 1000 ? " (no bound is known)" : "");
    printf("report     %s\n", digest);
}

int cli_product_report(struct cli *c)
{
    struct cli_product p;
    struct sy_product_report r;
    char digest[65];
    uint8_t hash[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
    int status = cli_product_arg(c, &p);
    if (status != 0) {
        return status;
    }
    struct cli_ask ask = {.method = "product.report",
                          .subject = p.id,
                          .result_desc = &sy_product_report_desc,
                          .ret_result = &r};
    status = cli_call(c, &ask);
    if (status != 0 || !sy_ok(sy_record_encode(&sy_product_report_desc, &r, &b))) {
        return status != 0 ? status : cli_usage("the report does not read");
    }
    proof_sha256_one(hash, sy_buf_view(&b));
    cli_hex(digest, hash, 32);
    if (c->json) {
        json_t *j = cli_json_record(&sy_product_report_desc, &r);
        json_object_set_new(j, "report", json_string(digest));
        return cli_print_json(j);
    }
    print_report(c, &r, digest);
    return 0;
}

/* --- review --------------------------------------------------------------------------------------- */

/* The report that the reviewer has read, by at least six digits of its digest; it must be the last. */
static int read_digest(struct cli *c, const struct cli_product *p, uint8_t ret[32])
{
    enum { DIGITS_MIN = 6 };
    char hex[65];
    const char *given = cli_need(c, "report");
    size_t n = given == NULL ? 0 : strlen(given);
    cli_hex(hex, p->row.report, 32);
    if (given == NULL) {
        return 2;
    }
    if (n < DIGITS_MIN || n > 64 || strncmp(hex, given, n) != 0) {
        return cli_usage("--report: at least 6 digits of the last report's digest, as 'shuyu "
                         "product report' printed it");
    }
    memcpy(ret, p->row.report, 32);
    return 0;
}

int cli_product_review(struct cli *c)
{
    struct cli_product p;
    struct sy_review said;
    struct sy_product_review r = {0};
    int status = 0;
    if (!cli_review_args(c, &said, &status)) {
        return status;
    }
    status = cli_product_arg(c, &p);
    status = status != 0 ? status : read_digest(c, &p, r.report);
    if (status != 0) {
        return status;
    }
    r.decision = said.decision;
    r.opinion = said.opinion;
    struct cli_ask ask = {.method = "product.review",
                          .subject = p.id,
                          .args_desc = &sy_product_review_desc,
                          .args = &r};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "product: %.*s\n", SY_PV(r.decision));
    }
    return status;
}

/* --- publish, register, withdraw ------------------------------------------------------------------- */

int cli_product_publish(struct cli *c)
{
    struct cli_product p;
    int status = cli_product_arg(c, &p);
    struct cli_ask ask = {.method = "product.publish", .subject = p.id};
    status = status != 0 ? status : cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "published: %s\n", p.hex);
    }
    return status;
}

int cli_product_register(struct cli *c)
{
    struct cli_product p;
    struct sy_product_codes a = {.exchange = sy_view_str(cli_option(c, "exchange")),
                                 .registration = sy_view_str(cli_option(c, "registration"))};
    int status = cli_product_arg(c, &p);
    struct cli_ask ask = {.method = "product.register",
                          .subject = p.id,
                          .args_desc = &sy_product_codes_desc,
                          .args = &a};
    status = status != 0 ? status : cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "registered: %s\n", p.hex);
    }
    return status;
}

int cli_product_withdraw(struct cli *c)
{
    struct cli_product p;
    const char *ground = cli_need(c, "ground");
    if (ground == NULL) {
        return 2;
    }
    struct sy_order a = {.ground = sy_view_str(ground), .text = sy_view_str(cli_option(c, "text"))};
    int status = cli_product_arg(c, &p);
    struct cli_ask ask = {
        .method = "product.withdraw", .subject = p.id, .args_desc = &sy_order_desc, .args = &a};
    status = status != 0 ? status : cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "withdrawn: %s\n", p.hex);
    }
    return status;
}
