/* What: tests of a product inside the domain: asked for, and shown again to whoever reviews the product. */
#include <inttypes.h>
#include <stdio.h>

#include "product.h"
#include "wire/product_test.h"

/* Nothing here is of the data but the outcome, which is printed before. */
static void print_plan(const struct sy_product_tested *t)
{
    printf("       membership %.*s: by the plan's price an attacker gains at most %" PRIu64
           "/100 over a guess\n",
           SY_PV(t->membership), t->limit);
    if (sy_view_is(t->membership, "unbounded")) {
        printf("       that is next to everything: passing says nothing of membership\n");
    }
    printf("       up to %" PRIu64 " units taken out, %" PRIu64 " draws of either world\n",
           t->units, t->draws);
}

static void print_tested(const struct sy_product_tested *t)
{
    printf("%.*s (entry %" PRIu64 ")\n", SY_PV(t->outcome), t->test);
    if (sy_view_is(t->outcome, "unable")) {
        printf(
            "       nothing was found out: see docs/scheme/products.md, tests inside the domain\n");
        return;
    }
    print_plan(t);
}

/* ---- again, from the row ---- */

static json_t *tries_json(struct cli *c, const struct sy_product_test_row *row)
{
    json_t *all = json_array();
    for (size_t i = 0; i < row->n_tries; i++) {
        const struct sy_product_try *t = &row->tries[i];
        struct sy_product_tested said = {.outcome = sy_view_str("open"), .test = t->asked};
        if (t->entry != 0 && !sy_ok(sy_record_decode(&sy_product_tested_desc, t->tested,
                                                     &SY_MP_REQUEST, &c->arena, &said, NULL))) {
            continue;
        }
        json_array_append_new(all, cli_json_record(&sy_product_tested_desc, &said));
    }
    return all;
}

static void print_tries(struct cli *c, const struct sy_product_test_row *row)
{
    for (size_t i = 0; i < row->n_tries; i++) {
        const struct sy_product_try *t = &row->tries[i];
        struct sy_product_tested said;
        if (t->entry == 0) {
            printf("without an outcome (entry %" PRIu64 ")\n", t->asked);
        } else if (sy_ok(sy_record_decode(&sy_product_tested_desc, t->tested, &SY_MP_REQUEST,
                                          &c->arena, &said, NULL))) {
            print_tested(&said);
        }
    }
}

static int show_tries(struct cli *c, const struct cli_product *p)
{
    struct sy_view bytes = {0};
    struct sy_product_test_row row = {0};
    int status = cli_find(c, "product_test/", sy_view(p->hex, 64), &bytes);
    if (status != 0) {
        return status;
    }
    if (bytes.p != NULL && !sy_ok(sy_record_decode(&sy_product_test_row_desc, bytes, &SY_MP_REQUEST,
                                                   &c->arena, &row, NULL))) {
        return cli_usage("the row of tests does not read");
    }
    if (c->json) {
        return cli_print_json(tries_json(c, &row));
    }
    if (row.n_tries == 0) {
        cli_say(c, "no test that you may see\n");
    }
    print_tries(c, &row);
    return 0;
}

int cli_product_test(struct cli *c)
{
    struct cli_product p;
    struct sy_product_tested t;
    int status = cli_product_arg(c, &p);
    if (status != 0 || cli_option(c, "all") != NULL) {
        return status != 0 ? status : show_tries(c, &p);
    }
    cli_say(c, "testing inside the domain; the outcome comes at a fixed time\n");
    struct cli_ask ask = {.method = "product.test",
                          .subject = p.id,
                          .result_desc = &sy_product_tested_desc,
                          .ret_result = &t};
    status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_product_tested_desc, &t));
    }
    print_tested(&t);
    return 0;
}
