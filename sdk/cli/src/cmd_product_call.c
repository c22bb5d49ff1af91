/*
 * What: products as buyers use them: subscribe, call, the month's statement. Numbers are printed only from an answer
 * that the SDK has verified.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "product.h"
#include "proof/hash.h"

/* --- subscriptions -------------------------------------------------------------------------------- */

/* The digest of the paper that was signed, if a file of it is given. */
static int read_contract(struct cli *c, uint8_t ret[32])
{
    int status = 0;
    struct sy_view file;
    const char *path = cli_option(c, "contract");
    if (path == NULL) {
        return 0;
    }
    if (!cli_read_file(c, path, &file, &status)) {
        return status;
    }
    proof_sha256_one(ret, file);
    return 0;
}

int cli_product_subscribe(struct cli *c)
{
    struct cli_product p;
    const char *purpose = cli_need(c, "purpose");
    if (purpose == NULL) {
        return 2;
    }
    if (cli_option(c, "no-redistribution") == NULL) {
        return cli_usage("say --no-redistribution: what you receive must not be passed on");
    }
    int status = cli_product_arg(c, &p);
    struct sy_subscribe a = {
        .no_redistribution = true, .price = p.def.price, .purpose = sy_view_str(purpose)};
    status = status != 0 ? status : read_contract(c, a.contract);
    struct cli_ask ask = {.method = "product.subscribe",
                          .subject = p.id,
                          .args_desc = &sy_subscribe_desc,
                          .args = &a};
    status = status != 0 ? status : cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "subscribed for %s, at %s yuan a call\n", purpose, cli_yuan(c, p.def.price));
    }
    return status;
}

int cli_product_unsubscribe(struct cli *c)
{
    struct cli_product p;
    int status = 0;
    const char *buyer = cli_option(c, "buyer");
    if (!cli_profile(c, &status)) {
        return status;
    }
    struct sy_unsubscribe a = {
        .buyer = sy_view_str(buyer != NULL ? buyer : shuyu_profile_party(c->profile)),
        .text = sy_view_str(cli_option(c, "text"))};
    status = cli_product_arg(c, &p);
    struct cli_ask ask = {.method = "product.unsubscribe",
                          .subject = p.id,
                          .args_desc = &sy_unsubscribe_desc,
                          .args = &a};
    status = status != 0 ? status : cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "the subscription of %.*s has ended\n", SY_PV(a.buyer));
    }
    return status;
}

/* --- call ----------------------------------------------------------------------------------------- */

static int read_params(struct cli *c, shuyu_param *ret, size_t *ret_n)
{
    *ret_n = c->n_args - 1;
    for (size_t i = 0; i < *ret_n; i++) {
        char *copy = sy_arena_printf(&c->arena, "%s", c->args[i + 1]);
        char *eq = copy == NULL ? NULL : strchr(copy, '=');
        if (eq == NULL) {
            return cli_usage("%s: write NAME=VALUE", c->args[i + 1]);
        }
        *eq = '\0';
        ret[i] = (shuyu_param){copy, eq + 1};
    }
    return 0;
}

static int ask_product(struct cli *c, const struct cli_product *p, shuyu_answer **ret)
{
    shuyu_param params[CLI_ARGS_MAX];
    size_t n;
    const char *purpose = cli_need(c, "purpose");
    int status = purpose == NULL ? 2 : read_params(c, params, &n);
    if (status != 0 || !cli_connect(c, &status)) {
        return status;
    }
    shuyu_product_question q = {.product = p->id,
                                .grant = p->def.grant,
                                .model = p->def.model,
                                .purpose = purpose,
                                .price = p->def.price,
                                .params = params,
                                .n_params = n};
    return shuyu_product_call(c->session, &q, ret, &c->err) == SHUYU_OK ? 0 : cli_fail(c);
}

static int print_answer(struct cli *c, const struct cli_product *p, const shuyu_answer *a)
{
    shuyu_facts f;
    shuyu_answer_facts(a, &f);
    if (c->json) {
        json_t *j = cli_answer_json(c, a);
        json_object_set_new(j, "product", json_string(p->hex));
        json_object_set_new(j, "buyer", json_string(shuyu_profile_party(c->profile)));
        json_object_set_new(j, "purpose", json_string(cli_option(c, "purpose")));
        json_object_set_new(j, "fen", json_integer((json_int_t)f.fen));
        json_object_set_new(j, "no_redistribution", json_true());
        return cli_print_json(j);
    }
    cli_answer_print(c, a);
    printf("billed   %s yuan; for you and this purpose alone, not to be passed on (第二十二条)\n",
           cli_yuan(c, f.fen));
    return 0;
}

int cli_product_call(struct cli *c)
{
    struct cli_product p;
    shuyu_answer *a = NULL;
    const char *receipt = cli_option(c, "receipt");
    int status = cli_product_arg(c, &p);
    status = status != 0 ? status : ask_product(c, &p, &a);
    if (status != 0) {
        return status;
    }
    status = print_answer(c, &p, a);
    if (receipt != NULL) {
        (void)cli_write_file(c, receipt, sy_view_str(shuyu_answer_receipt(a)), &status);
    }
    shuyu_answer_free(a);
    return status;
}

/* --- statement ------------------------------------------------------------------------------------ */

/* "2026-11" or "202611". */
static bool read_month(const char *text, uint64_t *ret)
{
    unsigned year = 0, month = 0;
    int n = 0;
    bool fine = sscanf(text, "%4u-%2u%n", &year, &month, &n) == 2 && text[n] == '\0';
    n = 0;
    fine = fine || (sscanf(text, "%4u%2u%n", &year, &month, &n) == 2 && text[n] == '\0');
    *ret = (uint64_t)year * 100 + month;
    return fine && month >= 1 && month <= 12;
}

static void print_statement(struct cli *c, const struct sy_product_statement *s)
{
    static const char *const headers[] = {"BUYER", "CALLS", "REFUSED", "YUAN", "OPERATOR'S"};
    enum { COLUMNS = sizeof(headers) / sizeof(headers[0]) };
    struct cli_table *t = cli_table_new(headers, COLUMNS);
    for (size_t i = 1; i < COLUMNS; i++) {
        cli_table_right(t, i);
    }
    for (size_t i = 0; i <= s->n_lines; i++) {
        bool sum = i == s->n_lines;
        const struct sy_product_line *l = &s->lines[i];
        const char *cells[COLUMNS] = {
            sum ? "" : cli_text(c, l->buyer),
            sy_arena_printf(&c->arena, "%" PRIu64, sum ? s->calls : l->calls),
            sy_arena_printf(&c->arena, "%" PRIu64, sum ? s->refused : l->refused),
            cli_yuan(c, sum ? s->fen : l->fen), cli_yuan(c, sum ? s->fee : l->fee)};
        cli_table_row(t, cells);
    }
    printf("%.*s, %04" PRIu64 "-%02" PRIu64 "\n", SY_PV(s->title), s->month / 100, s->month % 100);
    cli_table_print(t);
}

int cli_product_statement(struct cli *c)
{
    struct cli_product p;
    struct sy_product_month a;
    struct sy_product_statement s;
    const char *month = cli_need(c, "month");
    if (month == NULL) {
        return 2;
    }
    if (!read_month(month, &a.month)) {
        return cli_usage("--month YYYY-MM");
    }
    int status = cli_product_arg(c, &p);
    struct cli_ask ask = {.method = "product.statement",
                          .subject = p.id,
                          .args_desc = &sy_product_month_desc,
                          .args = &a,
                          .result_desc = &sy_product_statement_desc,
                          .ret_result = &s};
    status = status != 0 ? status : cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_product_statement_desc, &s));
    }
    print_statement(c, &s);
    return 0;
}
