/* See test_oracle.h: products, from their submission to a buyer's call. */
#include "test_oracle_see.h"

#include "wire/product.h"

static struct or_product *product_of(const struct seen *s)
{
    struct or_product *p = FIND(s->o, products, s->r->header.subject);
    assert_non_null(p);
    return p;
}

void see_submit(const struct seen *s)
{
    const struct sy_product *a = s->args;
    struct or_product *p = ADD(s->o, products);
    *p = (struct or_product){0};
    proof_product_id(p->id, s->r->args);
    memcpy(p->grant, a->grant, 32);
    memcpy(p->model, a->model, 32);
}

/* A new report asks both reviewers again. */
void see_report(const struct seen *s)
{
    struct or_product *p = product_of(s);
    p->reported = true;
    p->agency = p->security = false;
}

void see_product_review(const struct seen *s)
{
    const struct sy_product_review *a = s->args;
    struct or_product *p = product_of(s);
    bool yes = sy_view_is(a->decision, "approve");
    p->over = p->over || !yes;
    p->agency = p->agency || (yes && p->reported && s->party == OR_AGENCY);
    p->security = p->security || (yes && p->reported && s->party == OR_SECURITY);
}

void see_publish(const struct seen *s)
{
    struct or_product *p = product_of(s);
    p->told = true;
    p->published = p->agency && p->security && !p->over && s->party == OR_AGENCY;
}

void see_codes(const struct seen *s)
{
    const struct sy_product_codes *a = s->args;
    struct or_product *p = product_of(s);
    p->exchange = p->exchange || a->exchange.n > 0;
    p->registration = p->registration || a->registration.n > 0;
}

void see_subscribe(const struct seen *s)
{
    struct or_product *p = product_of(s);
    bool sold = p->published && p->exchange && p->registration;
    p->told_buyers |= 1U << s->party;
    p->buyers |= sold ? 1U << s->party : 0;
}

void see_unsubscribe(const struct seen *s)
{
    const struct sy_unsubscribe *a = s->args;
    struct or_product *p = product_of(s);
    p->told_buyers &= ~(1U << oracle_party(s->o, a->buyer));
    p->buyers &= p->told_buyers;
}

void see_product_end(const struct seen *s)
{
    product_of(s)->over = true;
}

const char *oracle_forbids_call(const struct oracle *o, const struct sy_header *call, int64_t now)
{
    const struct or_product *p = NULL;
    const struct or_grant *g = NULL;
    size_t buyer = oracle_party(o, call->party);
    for (size_t i = 0; i < o->n_products; i++) {
        p = memcmp(o->products[i].id, call->subject, 32) == 0 ? &o->products[i] : p;
    }
    if (p == NULL || !p->published || p->over) {
        return "the product is not published, or no more";
    }
    if ((p->buyers & 1U << buyer) == 0 || memcmp(p->grant, call->grant, 32) != 0) {
        return "the buyer has not subscribed to a registered product of this grant";
    }
    for (size_t i = 0; i < o->n_grants; i++) {
        g = memcmp(o->grants[i].id, p->grant, 32) == 0 ? &o->grants[i] : g;
    }
    if (g == NULL) {
        return "there is no such grant";
    }
    struct sy_header run = {.party = sy_view_str(o->parties[g->developer])};
    memcpy(run.grant, p->grant, 32);
    memcpy(run.subject, p->model, 32);
    return oracle_forbids(o, &run, now);
}
