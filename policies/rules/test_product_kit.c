/* See test_product_kit.h. */
#include "test_product_kit.h"

#include <string.h>

#include "proof/hash.h"
#include "proof/ids.h"

struct sy_pack *product_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = kit_pack_record(k, version);
    struct sy_pack_product *section = kit_alloc(k, 1, sizeof(*section));
    *section = (struct sy_pack_product){.fee_permille_max = PRODUCT_FEE_MAX,
                                        .price_max = PRODUCT_PRICE_MAX,
                                        .public_calls = PRODUCT_FREE,
                                        .public_price_max = PRODUCT_PUBLIC_MAX,
                                        .reports_max = PRODUCT_REPORTS,
                                        .reviewers = KIT_STRS(k, "agency", "security"),
                                        .n_reviewers = 2};
    p->scheme = kit_alloc(k, 1, sizeof(*p->scheme));
    p->scheme[0] = (struct sy_pack_scheme){.product = section, .n_product = 1};
    p->n_scheme = 1;
    return p;
}

struct sy_product *product_record(struct kit *k)
{
    const struct sy_product_column columns[] = {
        {.kind = V("key"), .name = V("male")},
        {.kind = V("key"), .name = V("event")},
        {.kind = V("figure"), .measure = V("人"), .mechanism = V("gauss"), .name = V("persons")},
        {.kind = V("figure"), .mechanism = V("gauss"), .name = V("weight"), .scale = 1}};
    const struct sy_product_source sources[] = {
        {.basis = V("基本医疗卫生与健康促进法"), .dataset = V("persons")},
        {.basis = V("基本医疗卫生与健康促进法"), .dataset = V("events")}};
    const struct sy_product_use uses[] = {{V("planning"), V("服务布局")},
                                          {V("research"), V("统计研究")}};
    struct sy_product *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_product){.columns = kit_alloc(k, LEN(columns), sizeof(*columns)),
                             .n_columns = LEN(columns),
                             .fee_permille = 100,
                             .form = V("service"),
                             .klass = V("industry"),
                             .name = V("burden-api"),
                             .params = kit_plan(k)->params,
                             .n_params = 1,
                             .price = PRODUCT_PRICE,
                             .purpose = V("burden of disease"),
                             .scene = V("burden"),
                             .sources = kit_alloc(k, LEN(sources), sizeof(*sources)),
                             .n_sources = LEN(sources),
                             .title = V("疾病负担接口"),
                             .uses = kit_alloc(k, LEN(uses), sizeof(*uses)),
                             .n_uses = LEN(uses),
                             .version = V("1")};
    memcpy(p->columns, columns, sizeof(columns));
    memcpy(p->sources, sources, sizeof(sources));
    memcpy(p->uses, uses, sizeof(uses));
    memcpy(p->grant, k->grant, 32);
    memcpy(p->model, k->model, 32);
    return p;
}

/* ---- acts ---- */

int32_t product_submit_by(struct product_kit *p, const char *party, const struct sy_product *r)
{
    proof_product_id(p->id, kit_encode(&p->k, &sy_product_desc, r));
    return kit_call(&p->k, party, "product.submit", &sy_product_desc, r, p->k.grant, NULL);
}

int32_t product_submit(struct product_kit *p, const struct sy_product *r)
{
    return product_submit_by(p, "acme", r);
}

int32_t product_act(struct product_kit *p, const char *party, const char *method)
{
    return kit_call(&p->k, party, method, NULL, NULL, NULL, p->id);
}

int32_t product_report(struct product_kit *p, const char *party)
{
    int32_t code = product_act(p, party, "product.report");
    memcpy(p->report, product_row(p).report, 32);
    return code;
}

int32_t product_review(struct product_kit *p, const char *party, const char *decision)
{
    struct sy_product_review r = {.decision = V(decision), .opinion = V("read")};
    memcpy(r.report, p->report, 32);
    return kit_call(&p->k, party, "product.review", &sy_product_review_desc, &r, NULL, p->id);
}

int32_t product_register(struct product_kit *p, const char *exchange, const char *registration)
{
    struct sy_product_codes c = {.exchange = V(exchange), .registration = V(registration)};
    return kit_call(&p->k, "agency", "product.register", &sy_product_codes_desc, &c, NULL, p->id);
}

int32_t product_order(struct product_kit *p, const char *party, const char *ground)
{
    struct sy_order o = {.ground = V(ground)};
    return kit_call(&p->k, party, "product.withdraw", &sy_order_desc, &o, NULL, p->id);
}

int32_t product_subscribe(struct product_kit *p, const char *buyer, const char *purpose)
{
    struct sy_subscribe s = {
        .no_redistribution = true, .price = PRODUCT_PRICE, .purpose = V(purpose)};
    return kit_call(&p->k, buyer, "product.subscribe", &sy_subscribe_desc, &s, NULL, p->id);
}

struct sy_product_call product_args(struct kit *k, const char *purpose, const char *age)
{
    struct sy_product_call c = {.params = kit_alloc(k, 1, sizeof(*c.params)),
                                .n_params = 1,
                                .price = PRODUCT_PRICE,
                                .purpose = V(purpose)};
    c.params[0] = (struct sy_run_param){.name = V("min_age"), .value = V(age)};
    memcpy(c.model, k->model, 32);
    return c;
}

int32_t product_call_with(struct product_kit *p, const char *buyer, const struct sy_product_call *c,
                          const uint8_t *grant)
{
    struct kit *k = &p->k;
    struct sy_inputs in = {0};
    memset(in.salt, (int)(k->entry % 250) + 1, 32);
    check_ok(rules_run_data(k->state, kit_plan(k), &k->arena, &in.data, &in.n_data, NULL));
    k->extra = in;
    int32_t code = kit_call(k, buyer, "product.call", &sy_product_call_desc, c,
                            grant == NULL ? k->grant : grant, p->id);
    k->extra = (struct sy_inputs){0};
    return code;
}

int32_t product_call(struct product_kit *p, const char *buyer, const char *purpose, const char *age)
{
    struct sy_product_call c = product_args(&p->k, purpose, age);
    return product_call_with(p, buyer, &c, NULL);
}

void product_release(struct product_kit *p)
{
    assert_int_equal(product_report(p, "agency"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), 0);
    assert_int_equal(product_review(p, "agency", "approve"), 0);
    assert_int_equal(product_act(p, "agency", "product.publish"), 0);
}

/* ---- rows ---- */

static void row(struct product_kit *p, struct rules_key key, const struct sy_desc *desc, void *ret)
{
    struct sy_view value;
    memset(ret, 0, desc->size_bytes);
    if (rules_state_get(p->k.state, rules_key_view(&key), &value)) {
        check_ok(sy_record_decode(desc, sy_arena_copy(&p->k.arena, value), &SY_MP_LARGE,
                                  &p->k.arena, ret, NULL));
    }
}

struct sy_product_row product_row(struct product_kit *p)
{
    struct sy_product_row r;
    row(p, rules_key_hash("product/", p->id), &sy_product_row_desc, &r);
    return r;
}

struct sy_product_meter product_meter(struct product_kit *p, const char *buyer, uint64_t month)
{
    struct sy_product_meter m;
    row(p, rules_key_of_product("meter/", p->id, V(buyer), month), &sy_product_meter_desc, &m);
    return m;
}

struct sy_product_misuse product_misuse(struct product_kit *p, const char *party)
{
    struct sy_product_misuse m;
    row(p, rules_key_of_product("misuse/", p->id, V(party), 0), &sy_product_misuse_desc, &m);
    return m;
}

struct sy_product_report product_last_report(struct product_kit *p)
{
    struct sy_product_report_row r;
    struct sy_product_report report;
    row(p, rules_key_hash("product_report/", p->id), &sy_product_report_row_desc, &r);
    check_ok(sy_record_decode(&sy_product_report_desc, r.report, &SY_MP_REQUEST, &p->k.arena,
                              &report, NULL));
    return report;
}

/* ---- stages ---- */

int product_setup(void **state)
{
    static struct product_kit p;
    memset(&p, 0, sizeof(p));
    kit_init(&p.k);
    kit_ready(&p.k);
    assert_int_equal(kit_adopt(&p.k, product_pack(&p.k, 2)), 0);
    assert_int_equal(kit_enrol(&p.k, "guard", "security"), 0);
    assert_int_equal(kit_enrol(&p.k, "shop", "buyer"), 0);
    assert_int_equal(kit_enrol(&p.k, "store", "buyer"), 0);
    *state = &p;
    return 0;
}

int product_setup_filed(void **state)
{
    (void)product_setup(state);
    struct product_kit *p = *state;
    assert_int_equal(product_submit(p, product_record(&p->k)), 0);
    return 0;
}

int product_setup_sold(void **state)
{
    (void)product_setup_filed(state);
    struct product_kit *p = *state;
    product_release(p);
    assert_int_equal(product_register(p, "JN-2026-001", "370812-0001"), 0);
    assert_int_equal(product_subscribe(p, "shop", "planning"), 0);
    return 0;
}

int product_teardown(void **state)
{
    struct product_kit *p = *state;
    kit_free(&p->k);
    return 0;
}
