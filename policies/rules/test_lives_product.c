/* See test_lives.h: from an approved model to a buyer's call. */
#include "test_lives.h"
#include "test_product_kit.h"

#include <string.h>

static const struct or_product *product_of(struct gen *g, const uint8_t model[32])
{
    for (size_t i = g->o.n_products; i > 0; i--) {
        if (memcmp(g->o.products[i - 1].model, model, 32) == 0) {
            return &g->o.products[i - 1];
        }
    }
    return NULL;
}

/* Free of charge, for the public interest, with the lawful basis that the catalogue names. */
static void submit(struct gen *g, const struct or_grant *a, const struct or_model *m)
{
    if (g->o.n_products + 2 >= OR_MANY) {
        return;
    }
    memcpy(g->k.grant, a->id, 32);
    memcpy(g->k.model, m->id, 32);
    struct sy_product *p = product_record(&g->k);
    p->fee_permille = 0;
    p->klass = V("public");
    p->name = V(sy_arena_printf(&g->k.arena, "product.%u", (unsigned)g->k.nonce));
    p->price = 0;
    p->scene = V(a->scene);
    for (size_t i = 0; i < p->n_sources; i++) {
        p->sources[i].basis = V("《基本医疗卫生与健康促进法》第九十六条");
    }
    act(g, by(g, a->developer), "product.submit", &sy_product_desc, p, a->id, NULL,
        (struct sy_inputs){0});
}

/* What product.report has printed: the digest of the last report. */
static struct sy_product_review opinion(struct gen *g, const struct or_product *p)
{
    struct rules_key key = rules_key_hash("product/", p->id);
    struct sy_product_row row;
    struct sy_product_review r = {.decision = V(chance(g, 95) ? "approve" : "reject"),
                                  .opinion = V("read")};
    check_ok(rules_state_read(g->k.state, rules_key_view(&key), &sy_product_row_desc, &g->k.arena,
                              &row, NULL));
    memcpy(r.report, row.report, 32);
    return r;
}

static void simple(struct gen *g, size_t party, const char *method, const struct or_product *p)
{
    act(g, by(g, party), method, NULL, NULL, NULL, p->id, (struct sy_inputs){0});
}

static void release(struct gen *g, const struct or_product *p)
{
    if ((!p->reported && !chance(g, 5)) || chance(g, 5)) {
        simple(g, chance(g, 50) ? OR_AGENCY : OR_SECURITY, "product.report", p);
    } else if ((p->agency && p->security) || chance(g, 12)) {
        simple(g, OR_AGENCY, "product.publish", p);
    } else {
        const struct sy_product_review r = opinion(g, p);
        bool agency = p->agency || (!p->security && p->id[0] % 2 == 0); /* in this order, or that */
        size_t next = agency ? OR_SECURITY : OR_AGENCY;
        act(g, by(g, next), "product.review", &sy_product_review_desc, &r, NULL, p->id,
            (struct sy_inputs){0});
    }
}

static void offer_to_buyers(struct gen *g, const struct or_product *p)
{
    const struct sy_product_codes codes = {
        .exchange =
            V(p->exchange ? "" : sy_arena_printf(&g->k.arena, "SD%u", (unsigned)g->k.nonce)),
        .registration =
            V(p->exchange ? sy_arena_printf(&g->k.arena, "R%u", (unsigned)g->k.nonce) : "")};
    const struct sy_subscribe s = {.no_redistribution = true, .purpose = V("planning")};
    if ((p->exchange && p->registration) || chance(g, 12)) {
        act(g, by(g, OR_SHOP), "product.subscribe", &sy_subscribe_desc, &s, NULL, p->id,
            (struct sy_inputs){0});
    } else {
        act(g, by(g, OR_AGENCY), "product.register", &sy_product_codes_desc, &codes, NULL, p->id,
            (struct sy_inputs){0});
    }
}

static void buy(struct gen *g, const struct or_product *p)
{
    static const char *const uses[] = {"planning", "planning", "planning", "research"};
    struct sy_product_call c = product_args(&g->k, PICK(g, uses), chance(g, 50) ? "40" : "60");
    struct sy_inputs in = {0};
    c.price = 0;
    memcpy(c.model, p->model, 32);
    memset(in.salt, (int)below(g, 250) + 1, 32);
    check_ok(rules_run_data(g->k.state, kit_plan(&g->k), &g->k.arena, &in.data, &in.n_data, NULL));
    act(g, by(g, OR_SHOP), "product.call", &sy_product_call_desc, &c, p->grant, p->id, in);
}

static void leave(struct gen *g, const struct or_product *p)
{
    const struct sy_order o = {.ground = V("incident")};
    const struct sy_unsubscribe u = {.buyer = V("shop")};
    if (chance(g, 40)) {
        act(g, by(g, OR_AGENCY), "product.withdraw", &sy_order_desc, &o, NULL, p->id,
            (struct sy_inputs){0});
    } else {
        act(g, by(g, OR_SHOP), "product.unsubscribe", &sy_unsubscribe_desc, &u, NULL, p->id,
            (struct sy_inputs){0});
    }
}

void sell(struct gen *g, const struct or_grant *a, const struct or_model *m)
{
    const struct or_product *p = product_of(g, m->id);
    if (p == NULL || (p->over && chance(g, 60))) {
        submit(g, a, m);
    } else if (!p->told) {
        release(g, p);
    } else if ((p->told_buyers & 1U << OR_SHOP) == 0 && !chance(g, 10)) {
        offer_to_buyers(g, p);
    } else if (chance(g, 10)) {
        leave(g, p);
    } else {
        buy(g, p);
    }
}

void call_something(struct gen *g)
{
    if (g->o.n_products > 0) {
        buy(g, &g->o.products[below(g, g->o.n_products)]);
    }
}
