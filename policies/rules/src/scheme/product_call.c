/*
 * Buyers: who subscribes to a product, for what, and who calls it. A call runs the product's model under its
 * developer's grant, by the same decision as the developer's own run; what is the buyer's own is judged here: that
 * the product is on sale, that this buyer subscribed to it, and that the call is for that very purpose. Whatever
 * does not fit is refused as disguised use (变相使用), and counted.
 *
 * Invariants: one live subscription of a buyer to a product; every accepted call is metered in the same event.
 * Source: scheme articles 18-22; docs/scheme/products.md.
 */
#include "product.h"

enum { TEXT_MAX = 500 };

static sy_status disguised(struct ask *c, const char *field, const char *why)
{
    return sy_fail(c->err, SY_E_DISGUISED, field, "%s", why);
}

static sy_status on_sale(struct ask *c, struct rules_product *ret)
{
    SY_TRY(rules_product_read(c->state, c->req->header.subject, c->arena, ret, c->err));
    return rules_product_on_sale(ret, c->err);
}

static bool has_use(const struct sy_product *p, struct sy_view code)
{
    for (size_t i = 0; i < p->n_uses; i++) {
        if (sy_view_eq(p->uses[i].code, code)) {
            return true;
        }
    }
    return false;
}

/* The buyer's live subscription; false: it has none. */
static sy_status subscribed(const struct rules_state *s, const uint8_t product[32],
                            struct sy_view buyer, struct sy_arena *arena,
                            struct sy_subscription *ret, bool *ret_live, struct sy_error *err)
{
    struct rules_key key = rules_key_of_product("subscription/", product, buyer, 0);
    struct sy_view value;
    *ret_live = false;
    if (rules_state_get(s, rules_key_view(&key), &value)) {
        SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_subscription_desc, arena, ret, err));
        *ret_live = sy_view_is(ret->status, "active");
    }
    return SY_OK;
}

/* ---- subscribe ---- */

static sy_status terms(struct ask *c, const struct rules_product *p)
{
    const struct sy_subscribe *a = c->args;
    if (!has_use(&p->def, a->purpose)) {
        return sy_fail(c->err, SY_E_FIELD, "purpose", "the product has no such use");
    }
    if (a->price != p->def.price) {
        return sy_fail(c->err, SY_E_STATE, "price", "a call costs %llu fen",
                       (unsigned long long)p->def.price);
    }
    return control(RULES_CTL_NO_TRANSFER, a->no_redistribution)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "no_redistribution",
                         "a buyer undertakes to pass nothing on to others");
}

sy_status decide_product_subscribe(struct ask *c)
{
    struct rules_product p;
    struct sy_subscription old = {0};
    bool live;
    SY_TRY(on_sale(c, &p));
    bool registered = p.row.exchange.n > 0 && p.row.registration.n > 0;
    if (!control(RULES_CTL_REGISTERED, registered)) {
        return sy_fail(c->err, SY_E_STATE, "registered",
                       "the product is not registered at exchange and register yet");
    }
    SY_TRY(standing_open(c, c->party.party));
    SY_TRY(terms(c, &p));
    SY_TRY(subscribed(c->state, c->req->header.subject, c->party.party, c->arena, &old, &live,
                      c->err));
    return live ? sy_fail(c->err, SY_E_EXISTS, "subscription", "you have subscribed to it") : SY_OK;
}

static sy_status put_subscription(struct change *x, const struct sy_subscription *row)
{
    struct rules_key key = rules_key_of_product("subscription/", row->product, row->buyer, 0);
    return effect_put(x->effect, &key, &sy_subscription_desc, row, x->err);
}

sy_status apply_product_subscribe(struct change *x)
{
    const struct sy_subscribe *a = x->args;
    struct sy_subscription row = {.buyer = x->req->header.party,
                                  .entry = x->entry,
                                  .price = a->price,
                                  .purpose = a->purpose,
                                  .status = sy_view_str("active")};
    memcpy(row.contract, a->contract, 32);
    memcpy(row.product, x->req->header.subject, 32);
    return put_subscription(x, &row);
}

sy_status decide_product_unsubscribe(struct ask *c)
{
    const struct sy_unsubscribe *a = c->args;
    struct sy_subscription row = {0};
    bool live;
    if (sy_view_is(c->party.role, "buyer") && !sy_view_eq(a->buyer, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "buyer", "a buyer ends its own subscriptions");
    }
    if (!is_id(a->buyer) || (a->text.n > 0 && !is_text(a->text, TEXT_MAX))) {
        return sy_fail(c->err, SY_E_FIELD, "buyer", "name the buyer; a text has at most %d bytes",
                       TEXT_MAX);
    }
    SY_TRY(subscribed(c->state, c->req->header.subject, a->buyer, c->arena, &row, &live, c->err));
    return live ? SY_OK
                : sy_fail(c->err, SY_E_NOT_FOUND, "subscription", "there is no such subscription");
}

sy_status apply_product_unsubscribe(struct change *x)
{
    const struct sy_unsubscribe *a = x->args;
    struct sy_subscription row = {0};
    bool live;
    SY_TRY(subscribed(x->state, x->req->header.subject, a->buyer, x->arena, &row, &live, x->err));
    row.status = sy_view_str("ended");
    return put_subscription(x, &row);
}

/* ---- call ---- */

/* Is this call what this buyer subscribed to? */
static sy_status use_fits(struct ask *c, const struct rules_product *p)
{
    const struct sy_product_call *a = c->args;
    struct sy_subscription row = {0};
    bool live;
    SY_TRY(subscribed(c->state, c->req->header.subject, c->party.party, c->arena, &row, &live,
                      c->err));
    if (!control(RULES_CTL_BUYER_SUBSCRIBED, live)) {
        return disguised(c, "buyer", "you have not subscribed to this product");
    }
    if (!control(RULES_CTL_PURPOSE_BOUND, sy_view_eq(row.purpose, a->purpose))) {
        return disguised(c, "purpose", "you have subscribed to it for another purpose");
    }
    bool same = memcmp(c->req->header.grant, p->def.grant, 32) == 0;
    return control(RULES_CTL_PRODUCT_BOUND, same)
               ? SY_OK
               : disguised(c, "grant", "the product is of another grant");
}

sy_status product_resumable(struct ask *c)
{
    struct rules_product p;
    SY_TRY(on_sale(c, &p));
    return use_fits(c, &p);
}

/* Is the product what the buyer takes it for? */
static sy_status offer_fits(struct ask *c, const struct rules_product *p)
{
    const struct sy_product_call *a = c->args;
    if (!control(RULES_CTL_PRODUCT_BOUND, memcmp(a->model, p->def.model, 32) == 0)) {
        return sy_fail(c->err, SY_E_STATE, "model", "the product is of another model");
    }
    return a->price == p->def.price ? SY_OK
                                    : sy_fail(c->err, SY_E_STATE, "price", "a call costs %llu fen",
                                              (unsigned long long)p->def.price);
}

/* The developer's grant, as if the developer asked. (Whatever holds a developer back stops its grants; a buyer has
 * none, so its standing is looked at.) */
static sy_status grant_open(struct ask *c, const struct rules_product *p)
{
    struct sy_row_grant g;
    struct sy_proposal proposal;
    SY_TRY(standing_open(c, c->party.party));
    SY_TRY(grant_row(c->state, p->def.grant, c->arena, &g, &proposal, c->err));
    return rules_grant_in_force(&g, &proposal, c->in->time, c->err);
}

static struct meter_case metered(const struct sy_header *h, const struct sy_inputs *in,
                                 const struct rules_product *p)
{
    return (struct meter_case){
        .id = h->subject, .buyer = h->party, .def = &p->def, .now = in->time};
}

sy_status decide_product_call(struct ask *c)
{
    const struct sy_product_call *a = c->args;
    const struct sy_run run = {.params = a->params, .n_params = a->n_params};
    struct rules_product p;
    struct sy_product_meter meter;
    SY_TRY(on_sale(c, &p));
    SY_TRY(use_fits(c, &p));
    SY_TRY(offer_fits(c, &p));
    SY_TRY(grant_open(c, &p));
    SY_TRY(run_charge(c, p.def.model, &run));
    struct meter_case k = metered(&c->req->header, c->in, &p);
    return meter_next(c->state, &k, c->arena, &meter, &c->verdict->fen, c->err);
}

sy_status apply_product_call(struct change *x)
{
    const struct sy_product_call *a = x->args;
    const struct sy_run run = {.params = a->params, .n_params = a->n_params};
    struct rules_product p;
    struct sy_product_meter meter;
    uint64_t fen;
    SY_TRY(rules_product_read(x->state, x->req->header.subject, x->arena, &p, x->err));
    struct meter_case k = metered(&x->req->header, x->in, &p);
    SY_TRY(meter_next(x->state, &k, x->arena, &meter, &fen, x->err));
    SY_TRY(meter_put(x, &meter));
    const struct run_case charged = {.model = p.def.model,
                                     .run = &run,
                                     .product = x->req->header.subject,
                                     .fen = fen,
                                     .month = meter.month};
    return run_charged(x, &charged);
}

/* ---- disguised use ---- */

sy_status product_misused(struct change *x)
{
    const struct sy_header *h = &x->req->header;
    struct rules_key key = rules_key_of_product("misuse/", h->subject, h->party, 0);
    struct sy_product_misuse row = {.party = h->party};
    struct sy_view value;
    if (rules_state_get(x->state, rules_key_view(&key), &value)) {
        SY_TRY(rules_state_read(x->state, rules_key_view(&key), &sy_product_misuse_desc, x->arena,
                                &row, x->err));
    }
    memcpy(row.product, h->subject, 32);
    row.entry = x->entry;
    row.field = x->event->verdict.field;
    row.n++;
    return effect_put(x->effect, &key, &sy_product_misuse_desc, &row, x->err);
}
