/*
 * What the bridge's tests share: a product with a parameter of each kind, and the pages in which a domain lists
 * it.
 */
#ifndef BRIDGE_TEST_KIT_H
#define BRIDGE_TEST_KIT_H

#include "check.h"

#include <sodium.h>
#include <stdio.h>

#include "bridge/shelf.h"
#include "proof/ids.h"

#define KIT_TEXTS(...)                                                                             \
    (struct sy_view[])                                                                             \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* A product over the answer of the client's test domain: 性别, n, mean. */
static inline struct sy_product kit_product(const char *name)
{
    static struct sy_view years[3], flags[2], sexes[2], days[2], periods[3], cuts[2];
    static struct sy_plan_param params[6];
    static struct sy_product_column columns[3];
    static struct sy_product_use uses[2];
    static struct sy_product_source sources[1];
    years[0] = sy_view_str("2019"), years[1] = sy_view_str("2020"), years[2] = sy_view_str("-3");
    flags[0] = sy_view_str("false"), flags[1] = sy_view_str("true");
    sexes[0] = sy_view_str("女"), sexes[1] = sy_view_str("男\"");
    days[0] = sy_view_str("2020-01-01"), days[1] = sy_view_str("2020-02-01");
    periods[0] = sy_view_str("2020"), periods[1] = sy_view_str("2020-Q3");
    periods[2] = sy_view_str("2020-03");
    cuts[0] = sy_view_str("0.50"), cuts[1] = sy_view_str("12.25");
    params[0] = (struct sy_plan_param){
        .kind = sy_view_str("int"), .name = sy_view_str("year"), .values = years, .n_values = 3};
    params[1] = (struct sy_plan_param){
        .kind = sy_view_str("bool"), .name = sy_view_str("urban"), .values = flags, .n_values = 2};
    params[2] = (struct sy_plan_param){
        .kind = sy_view_str("str"), .name = sy_view_str("sex"), .values = sexes, .n_values = 2};
    params[3] = (struct sy_plan_param){
        .kind = sy_view_str("date"), .name = sy_view_str("since"), .values = days, .n_values = 2};
    params[4] = (struct sy_plan_param){.kind = sy_view_str("period"),
                                       .name = sy_view_str("when"),
                                       .values = periods,
                                       .n_values = 3};
    params[5] = (struct sy_plan_param){.kind = sy_view_str("int"),
                                       .name = sy_view_str("cut"),
                                       .scale = 2,
                                       .values = cuts,
                                       .n_values = 2};
    columns[0] = (struct sy_product_column){
        .kind = sy_view_str("key"), .name = sy_view_str("性别"), .title = sy_view_str("性别")};
    columns[1] = (struct sy_product_column){.kind = sy_view_str("figure"),
                                            .measure = sy_view_str("人"),
                                            .mechanism = sy_view_str("gauss"),
                                            .name = sy_view_str("n"),
                                            .title = sy_view_str("人数")};
    columns[2] = (struct sy_product_column){.kind = sy_view_str("figure"),
                                            .mechanism = sy_view_str("gauss"),
                                            .name = sy_view_str("mean"),
                                            .scale = 2};
    uses[0] = (struct sy_product_use){sy_view_str("planning"), sy_view_str("服务规划")};
    uses[1] = (struct sy_product_use){sy_view_str("research"), sy_view_str("研究")};
    sources[0] = (struct sy_product_source){sy_view_str("授权"), sy_view_str("visits")};
    struct sy_product p = {.columns = columns,
                           .n_columns = 3,
                           .form = sy_view_str("service"),
                           .klass = sy_view_str("industry"),
                           .name = sy_view_str(name),
                           .params = params,
                           .n_params = 6,
                           .price = 250,
                           .purpose = sy_view_str("规划医疗服务"),
                           .scene = sy_view_str("burden"),
                           .sources = sources,
                           .n_sources = 1,
                           .title = sy_view_str("就诊人次"),
                           .uses = uses,
                           .n_uses = 2,
                           .version = sy_view_str("1.0")};
    memset(p.grant, 0x11, 32);
    memset(p.model, 0x22, 32);
    return p;
}

/* One page of rows in the making. */
struct kit_page {
    struct sy_arena arena;
    struct sy_state_row rows[16];
    size_t n;
    bool more;
};

static inline void kit_add(struct kit_page *page, const char *key, const struct sy_desc *desc,
                           const void *record)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_record_encode(desc, record, &b));
    assert_true(page->n < 16);
    page->rows[page->n].key = sy_arena_copy(&page->arena, sy_view_str(key));
    page->rows[page->n++].value = sy_arena_copy(&page->arena, sy_buf_view(&b));
}

/* A product's row under its true id, which goes to ret_hex; status: of the row. */
static inline void kit_add_product(struct kit_page *page, const struct sy_product *p,
                                   const char *status, char ret_hex[65])
{
    char key[128];
    uint8_t id[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_record_encode(&sy_product_desc, p, &b));
    proof_product_id(id, sy_buf_view(&b));
    sodium_bin2hex(ret_hex, 65, id, 32);
    struct sy_product_row row = {.developer = sy_view_str("acme"),
                                 .entry = 3,
                                 .exchange = sy_view_str("SD-2026-7"),
                                 .product = sy_buf_view(&b),
                                 .published = 9,
                                 .status = sy_view_str(status)};
    (void)snprintf(key, sizeof(key), "product/%.64s", ret_hex);
    kit_add(page, key, &sy_product_row_desc, &row);
}

static inline void kit_subscribe(struct kit_page *page, const char *hex, const char *buyer,
                                 const char *status)
{
    char key[160];
    struct sy_subscription sub = {.buyer = sy_view_str(buyer),
                                  .entry = 12,
                                  .price = 250,
                                  .purpose = sy_view_str("planning"),
                                  .status = sy_view_str(status)};
    assert_int_equal(sodium_hex2bin(sub.product, 32, hex, 64, NULL, NULL, NULL), 0);
    (void)snprintf(key, sizeof(key), "subscription/%.64s/%.64s", hex, buyer);
    kit_add(page, key, &sy_subscription_desc, &sub);
}

/* The page's bytes, in its arena. */
static inline struct sy_view kit_bytes(struct kit_page *page)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_state_rows rows = {.more = page->more, .rows = page->rows, .n_rows = page->n};
    check_ok(sy_record_encode(&sy_state_rows_desc, &rows, &b));
    return sy_arena_copy(&page->arena, sy_buf_view(&b));
}

/* A closed shelf of the two pages. */
static inline struct bridge_shelf *kit_shelf(struct kit_page *products, struct kit_page *subs)
{
    struct bridge_shelf *s = bridge_shelf_new();
    bool more = true;
    struct sy_view after;
    assert_non_null(s);
    check_ok(bridge_shelf_take(s, 0, kit_bytes(products), "shop", &more, &after));
    assert_false(more);
    check_ok(bridge_shelf_take(s, 1, kit_bytes(subs), "shop", &more, &after));
    check_ok(bridge_shelf_close(s));
    return s;
}

#endif
