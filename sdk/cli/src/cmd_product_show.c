/*
 * What: lists of products, of subscriptions and of what was refused as disguised use; one product in full.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "product.h"
#include "proof/ids.h"

const char *cli_yuan(struct cli *c, uint64_t fen)
{
    return cli_decimal(c, (int64_t)fen, 2);
}

bool cli_product_read(struct cli *c, struct sy_view id, struct sy_view row, struct cli_product *ret)
{
    *ret = (struct cli_product){0};
    if (!sy_ok(sy_record_decode(&sy_product_row_desc, row, &SY_MP_LARGE, &c->arena, &ret->row,
                                NULL)) ||
        !sy_ok(sy_record_decode(&sy_product_desc, ret->row.product, &SY_MP_REQUEST, &c->arena,
                                &ret->def, NULL))) {
        return false;
    }
    proof_product_id(ret->id, ret->row.product);
    cli_hex(ret->hex, ret->id, 32);
    return sy_view_is(id, ret->hex);
}

int cli_product_arg(struct cli *c, struct cli_product *ret)
{
    int status = 0;
    char hex[65];
    struct sy_view row = {0};
    uint8_t id[32];
    *ret = (struct cli_product){0};
    if (c->n_args == 0) {
        return cli_usage("give a product's id");
    }
    if (!cli_id(c, "product/", c->args[0], id, &status)) {
        return status;
    }
    cli_hex(hex, id, 32);
    status = cli_find(c, "product/", sy_view(hex, 64), &row);
    if (status != 0) {
        return status;
    }
    return row.p != NULL && cli_product_read(c, sy_view(hex, 64), row, ret)
               ? 0
               : cli_usage("%s: there is no such product that you may see", hex);
}

/* --- list, show ----------------------------------------------------------------------------------- */

static json_t *product_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct cli_product p;
    if (!cli_product_read(c, id, row, &p)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_product_row_desc, &p.row);
    json_object_set_new(j, "id", json_string(p.hex));
    json_object_set_new(j, "product", cli_json_record(&sy_product_desc, &p.def));
    return j;
}

static bool product_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct cli_product p;
    if (!cli_product_read(c, id, row, &p)) {
        return false;
    }
    ret[0] = cli_text(c, sy_view(id.p, id.n > 12 ? 12 : id.n));
    ret[1] = cli_text(c, p.row.status);
    ret[2] = cli_text(c, p.def.name);
    ret[3] = cli_text(c, p.def.form);
    ret[4] = cli_text(c, p.def.klass);
    ret[5] = cli_yuan(c, p.def.price);
    ret[6] = cli_text(c, p.row.exchange);
    ret[7] = cli_text(c, p.def.title);
    return true;
}

static void print_schema(const struct sy_product *p)
{
    for (size_t i = 0; i < p->n_params; i++) {
        printf("param      %.*s (%.*s):", SY_PV(p->params[i].name), SY_PV(p->params[i].kind));
        for (size_t v = 0; v < p->params[i].n_values; v++) {
            printf(" %.*s", SY_PV(p->params[i].values[v]));
        }
        putchar('\n');
    }
    for (size_t i = 0; i < p->n_columns; i++) {
        const struct sy_product_column *k = &p->columns[i];
        printf("column     %.*s: %.*s %.*s %.*s %.*s\n", SY_PV(k->name), SY_PV(k->kind),
               SY_PV(k->mechanism), SY_PV(k->title), SY_PV(k->measure));
    }
}

static void print_row(const struct sy_product_row *row)
{
    for (size_t i = 0; i < row->n_opinions; i++) {
        const struct sy_product_opinion *o = &row->opinions[i];
        printf("review     %.*s (%.*s): %.*s, entry %" PRIu64 "%s%.*s\n", SY_PV(o->party),
               SY_PV(o->role), SY_PV(o->decision), o->entry, o->opinion.n > 0 ? ": " : "",
               SY_PV(o->opinion));
    }
    if (row->exchange.n > 0 || row->registration.n > 0) {
        printf("registered exchange %.*s, register %.*s\n", SY_PV(row->exchange),
               SY_PV(row->registration));
    }
    if (row->ground.n > 0) {
        printf("withdrawn  %.*s\n", SY_PV(row->ground));
    }
}

static bool product_print(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct cli_product p;
    char grant[65], model[65];
    if (!cli_product_read(c, id, row, &p)) {
        return false;
    }
    cli_hex(grant, p.def.grant, 32);
    cli_hex(model, p.def.model, 32);
    printf("%.*s\nid         %s\nstatus     %.*s\ndeveloper  %.*s\nmodel      %s\ngrant      %s\n",
           SY_PV(p.def.title), p.hex, SY_PV(p.row.status), SY_PV(p.row.developer), model, grant);
    printf("form       %.*s, %.*s, version %.*s\n", SY_PV(p.def.form), SY_PV(p.def.klass),
           SY_PV(p.def.version));
    printf("price      %s yuan a call", cli_yuan(c, p.def.price));
    if (p.def.cap > 0) {
        printf(", at most %s a month", cli_yuan(c, p.def.cap));
    }
    printf("; the operator's part %" PRIu64 "/1000\n", p.def.fee_permille);
    printf("purpose    %.*s (scene %.*s)\n", SY_PV(p.def.purpose), SY_PV(p.def.scene));
    for (size_t i = 0; i < p.def.n_uses; i++) {
        printf("use        %.*s: %.*s\n", SY_PV(p.def.uses[i].code), SY_PV(p.def.uses[i].title));
    }
    for (size_t i = 0; i < p.row.n_fused; i++) {
        printf("fused      %.*s: %.*s\n", SY_PV(p.row.fused[i].dataset),
               SY_PV(p.row.fused[i].source));
    }
    for (size_t i = 0; i < p.def.n_sources; i++) {
        printf("source     %.*s: %.*s\n", SY_PV(p.def.sources[i].dataset),
               SY_PV(p.def.sources[i].basis));
    }
    print_schema(&p.def);
    print_row(&p.row);
    return true;
}

static const char *const product_headers[] = {"PRODUCT", "STATUS", "NAME",     "FORM",
                                              "CLASS",   "YUAN",   "EXCHANGE", "TITLE"};
static const struct cli_kind_view product_view = {
    {"product/", NULL}, product_headers, sizeof(product_headers) / sizeof(product_headers[0]),
    product_json,       product_cells,   product_print};

int cli_product_list(struct cli *c)
{
    return cli_list(c, &product_view);
}

int cli_product_show(struct cli *c)
{
    struct cli_product p;
    int status = cli_product_arg(c, &p);
    return status != 0 ? status : cli_show(c, &product_view, sy_view(p.hex, 64));
}

/* --- subscriptions, disguised use ------------------------------------------------------------------- */

/* The product's part of a key "HEX/PARTY". */
static const char *short_id(struct cli *c, struct sy_view id)
{
    return cli_text(c, sy_view(id.p, id.n > 12 ? 12 : id.n));
}

static json_t *subscription_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_subscription s;
    (void)id;
    return sy_ok(sy_record_decode(&sy_subscription_desc, row, &SY_MP_REQUEST, &c->arena, &s, NULL))
               ? cli_json_record(&sy_subscription_desc, &s)
               : NULL;
}

static bool subscription_cells(struct cli *c, struct sy_view id, struct sy_view row,
                               const char **ret)
{
    struct sy_subscription s;
    if (!sy_ok(sy_record_decode(&sy_subscription_desc, row, &SY_MP_REQUEST, &c->arena, &s, NULL))) {
        return false;
    }
    ret[0] = short_id(c, id);
    ret[1] = cli_text(c, s.buyer);
    ret[2] = cli_text(c, s.purpose);
    ret[3] = cli_yuan(c, s.price);
    ret[4] = cli_text(c, s.status);
    return true;
}

int cli_product_buyers(struct cli *c)
{
    static const char *const headers[] = {"PRODUCT", "BUYER", "PURPOSE", "YUAN", "STATUS"};
    static const struct cli_kind_view view = {
        {"subscription/", NULL}, headers, sizeof(headers) / sizeof(headers[0]), subscription_json,
        subscription_cells,      NULL};
    return cli_list(c, &view);
}

static json_t *misuse_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_product_misuse m;
    (void)id;
    return sy_ok(
               sy_record_decode(&sy_product_misuse_desc, row, &SY_MP_REQUEST, &c->arena, &m, NULL))
               ? cli_json_record(&sy_product_misuse_desc, &m)
               : NULL;
}

static bool misuse_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_product_misuse m;
    if (!sy_ok(
            sy_record_decode(&sy_product_misuse_desc, row, &SY_MP_REQUEST, &c->arena, &m, NULL))) {
        return false;
    }
    ret[0] = short_id(c, id);
    ret[1] = cli_text(c, m.party);
    ret[2] = sy_arena_printf(&c->arena, "%" PRIu64, m.n);
    ret[3] = cli_text(c, m.field);
    ret[4] = sy_arena_printf(&c->arena, "%" PRIu64, m.entry);
    return true;
}

int cli_product_misuse(struct cli *c)
{
    static const char *const headers[] = {"PRODUCT", "PARTY", "TIMES", "LAST BY", "ENTRY"};
    static const struct cli_kind_view view = {
        {"misuse/", NULL}, headers,      sizeof(headers) / sizeof(headers[0]),
        misuse_json,       misuse_cells, NULL};
    return cli_list(c, &view);
}
