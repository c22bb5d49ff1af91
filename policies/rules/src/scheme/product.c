/*
 * The life of a product: filed by its developer, reported on and reviewed (product_review.c), published, registered,
 * withdrawn. A product is its hash: whatever is changed is another product, with reviews of its own.
 *
 * Invariants: submitted -> returned | rejected | published | withdrawn, published -> withdrawn, and nothing else;
 * opinions are of the report that the row names; codes are written once.
 * Source: scheme articles 11, 19, 20, 22; docs/scheme/products.md.
 */
#include "product.h"
#include "proof/ids.h"
#include "qualify.h"

enum { CODE_MAX = 64 };

/* ---- reading ---- */

sy_status rules_product_read(const struct rules_state *s, const uint8_t id[32],
                             struct sy_arena *arena, struct rules_product *ret,
                             struct sy_error *reterr)
{
    struct rules_key key = rules_key_hash("product/", id);
    struct sy_view value;
    struct rules_product p;
    *ret = (struct rules_product){0};
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "header.subject", "there is no such product");
    }
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_product_row_desc, arena, &p.row, reterr));
    SY_TRY(
        sy_record_decode(&sy_product_desc, p.row.product, &SY_MP_REQUEST, arena, &p.def, reterr));
    *ret = p;
    return SY_OK;
}

sy_status rules_product_on_sale(const struct rules_product *p, struct sy_error *reterr)
{
    if (!control(RULES_CTL_WITHDRAWN_STOPS, sy_view_is(p->row.status, "published"))) {
        return sy_fail(reterr, SY_E_STATE, "product", "the product is %.*s", SY_PV(p->row.status));
    }
    return SY_OK;
}

sy_status rules_asked_model(const struct rules_state *s, const struct sy_header *h,
                            struct sy_arena *arena, uint8_t ret[32], struct sy_error *reterr)
{
    struct rules_product p;
    const uint8_t *from = h->subject;
    if (sy_view_is(h->method, "product.call") || sy_view_is(h->method, "product.test")) {
        SY_TRY(rules_product_read(s, h->subject, arena, &p, reterr));
        from = p.def.model;
    }
    memcpy(ret, from, 32);
    return SY_OK;
}

sy_status product_section(const struct rules_state *s, struct sy_arena *arena,
                          struct sy_pack *ret_pack, const struct sy_pack_product **ret,
                          struct sy_error *err)
{
    SY_TRY(pack_read(s, arena, ret_pack, err));
    *ret = scheme_product(ret_pack);
    return *ret != NULL ? SY_OK
                        : sy_fail(err, SY_E_STATE, "pack", "the pack has no rules for products");
}

sy_status product_put(struct change *x, const uint8_t id[32], const struct sy_product_row *row)
{
    struct rules_key key = rules_key_hash("product/", id);
    return effect_put(x->effect, &key, &sy_product_row_desc, row, x->err);
}

sy_status product_asked(struct ask *c, struct rules_product *ret)
{
    return rules_product_read(c->state, c->req->header.subject, c->arena, ret, c->err);
}

sy_status product_changed(struct change *x, struct rules_product *ret)
{
    return rules_product_read(x->state, x->req->header.subject, x->arena, ret, x->err);
}

sy_status product_in(struct ask *c, const struct rules_product *p, const char *status)
{
    return sy_view_is(p->row.status, status) ? SY_OK
                                             : sy_fail(c->err, SY_E_STATE, "product",
                                                       "the product is %.*s", SY_PV(p->row.status));
}

/* ---- submit ---- */

/* The grant is the developer's, in force, and what the header says; the model is approved under it. */
static sy_status model_bound(struct ask *c, const struct sy_product *p, struct rules_model *m)
{
    bool same = memcmp(p->grant, c->req->header.grant, 32) == 0;
    struct sy_row_grant g;
    struct sy_proposal proposal;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &proposal, c->err));
    SY_TRY(grant_usable(c, &g, &proposal));
    SY_TRY(rules_model_read(c->state, p->model, c->arena, m, c->err));
    same = same && memcmp(m->row.grant, p->grant, 32) == 0;
    if (!control(RULES_CTL_PRODUCT_BOUND, same)) {
        return sy_fail(c->err, SY_E_GRANT, "grant",
                       "header, product and model name different grants");
    }
    if (!control(RULES_CTL_PRODUCT_MODEL, sy_view_is(m->row.status, "approved"))) {
        return sy_fail(c->err, SY_E_REVIEW, "model", "the model is %.*s, not approved",
                       SY_PV(m->row.status));
    }
    return plan_about_subject(&m->plan)
               ? sy_fail(c->err, SY_E_STATE, "model",
                         "a model about one subject is asked with its consent, not as a product")
               : SY_OK;
}

/* The operator's part is what operator and developer agreed on, where the pack wants agreements. */
static sy_status fee_agreed(struct ask *c, const struct sy_pack *pack, const struct sy_product *p)
{
    struct sy_row_standing row;
    struct agreement a = {0};
    if (scheme_qualify(pack) == NULL) {
        return SY_OK;
    }
    SY_TRY(standing_read(c->state, c->party.party, c->arena, &row, c->err));
    if (!is_zero32(row.agreement)) {
        SY_TRY(agreement_read(c->state, row.agreement, c->arena, &a, c->err));
    }
    return control(RULES_CTL_FEE_AGREED, p->fee_permille == a.said.fee_permille)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "fee_permille", "the agreement says %llu/1000",
                         (unsigned long long)a.said.fee_permille);
}

static sy_status fresh(struct ask *c)
{
    uint8_t id[32];
    struct sy_view value;
    proof_product_id(id, c->req->args);
    struct rules_key key = rules_key_hash("product/", id);
    return rules_state_get(c->state, rules_key_view(&key), &value)
               ? sy_fail(c->err, SY_E_EXISTS, "product", "this very product was filed before")
               : SY_OK;
}

/* Article 11: who operates the platform takes no part in what is delivered on it. */
static sy_status by_developer(struct ask *c)
{
    if (!control(RULES_CTL_OPERATOR_NO_PRODUCTS, !sy_view_is(c->party.role, "operator"))) {
        return sy_fail(c->err, SY_E_ROLE, "party", "the operator files no products");
    }
    return standing_open(c, c->party.party);
}

sy_status decide_product_submit(struct ask *c)
{
    const struct sy_product *p = c->args;
    const struct sy_pack_product *section;
    struct sy_pack pack;
    struct rules_model *m = sy_arena_alloc(c->arena, 1, sizeof(*m));
    if (m == NULL) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(product_section(c->state, c->arena, &pack, &section, c->err));
    SY_TRY(by_developer(c));
    SY_TRY(product_form(p, c->err));
    SY_TRY(product_prices(p, section, c->err));
    SY_TRY(fee_agreed(c, &pack, p));
    SY_TRY(model_bound(c, p, m));
    SY_TRY(product_scope(p, &m->grant.proposal, c->err));
    SY_TRY(product_sources(c->state, p, m, c->arena, c->err));
    SY_TRY(product_schema(p, m, c->err));
    return fresh(c);
}

sy_status apply_product_submit(struct change *x)
{
    uint8_t id[32];
    struct sy_product_row row = {.developer = x->req->header.party,
                                 .entry = x->entry,
                                 .product = x->req->args,
                                 .status = sy_view_str("submitted")};
    struct sy_row_grant g;
    struct sy_proposal grant;
    SY_TRY(grant_row(x->state, x->req->header.grant, x->arena, &g, &grant, x->err));
    SY_TRY(product_fused(x->state, &grant, x->arena, &row.fused, &row.n_fused, x->err));
    proof_product_id(id, x->req->args);
    return product_put(x, id, &row);
}

/* ---- publish, register, withdraw ---- */

/* Has this role approved, where the pack has it review? */
static bool released(const struct rules_product *p, const struct sy_pack_product *section,
                     const char *role)
{
    struct sy_view r = sy_view_str(role);
    return !view_in(r, section->reviewers, section->n_reviewers) ||
           product_has_opinion(&p->row, r, "approve");
}

sy_status decide_product_publish(struct ask *c)
{
    const struct sy_pack_product *section;
    struct rules_product p;
    struct sy_pack pack;
    struct sy_row_grant g;
    struct sy_proposal proposal;
    SY_TRY(product_section(c->state, c->arena, &pack, &section, c->err));
    SY_TRY(product_asked(c, &p));
    SY_TRY(product_in(c, &p, "submitted"));
    if (!control(RULES_CTL_SECURITY_REVIEW, released(&p, section, "security"))) {
        return sy_fail(c->err, SY_E_REVIEW, "security",
                       "the security authority has not approved the last report");
    }
    if (!control(RULES_CTL_AGENCY_RELEASE, released(&p, section, "agency"))) {
        return sy_fail(c->err, SY_E_REVIEW, "agency",
                       "the agency has not approved the last report");
    }
    SY_TRY(standing_open(c, p.row.developer));
    SY_TRY(grant_row(c->state, p.def.grant, c->arena, &g, &proposal, c->err));
    return rules_grant_in_force(&g, &proposal, c->in->time, c->err);
}

/* The platforms beside the domain hear of it. */
static sy_status tell(struct change *x, const char *kind, struct sy_view record)
{
    struct rules_key key = rules_key_hash("product/", x->req->header.subject);
    return sync_queue(x, kind, &key, record);
}

sy_status apply_product_publish(struct change *x)
{
    struct rules_product p;
    SY_TRY(product_changed(x, &p));
    p.row.published = x->entry;
    p.row.status = sy_view_str("published");
    SY_TRY(tell(x, "product", p.row.product));
    return product_put(x, x->req->header.subject, &p.row);
}

static sy_status code_free(struct ask *c, const char *field, struct sy_view want,
                           struct sy_view has)
{
    if (want.n > 0 && has.n > 0) {
        return sy_fail(c->err, SY_E_EXISTS, field, "it is registered as %.*s", SY_PV(has));
    }
    return want.n == 0 || is_text(want, CODE_MAX)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, field, "a code has at most %d bytes", CODE_MAX);
}

sy_status decide_product_register(struct ask *c)
{
    const struct sy_product_codes *a = c->args;
    struct rules_product p;
    SY_TRY(product_asked(c, &p));
    SY_TRY(product_in(c, &p, "published"));
    if (a->exchange.n == 0 && a->registration.n == 0) {
        return sy_fail(c->err, SY_E_FIELD, "exchange", "give a code");
    }
    SY_TRY(code_free(c, "exchange", a->exchange, p.row.exchange));
    return code_free(c, "registration", a->registration, p.row.registration);
}

sy_status apply_product_register(struct change *x)
{
    const struct sy_product_codes *a = x->args;
    struct rules_product p;
    SY_TRY(product_changed(x, &p));
    p.row.exchange = a->exchange.n > 0 ? a->exchange : p.row.exchange;
    p.row.registration = a->registration.n > 0 ? a->registration : p.row.registration;
    SY_TRY(tell(x, "registration", x->req->args));
    return product_put(x, x->req->header.subject, &p.row);
}

/* Developers and departments act on what is theirs; agency and security authority on all. */
static sy_status may_withdraw(struct ask *c, const struct rules_product *p)
{
    if (sy_view_is(c->party.role, "developer")) {
        return sy_view_eq(c->party.party, p->row.developer)
                   ? SY_OK
                   : sy_fail(c->err, SY_E_DENIED, "product", "the product is another developer's");
    }
    for (size_t i = 0; i < p->def.n_sources && sy_view_is(c->party.role, "department"); i++) {
        struct dataset d;
        SY_TRY(dataset_read(c->state, p->def.sources[i].dataset, c->arena, &d, c->err));
        if (sy_view_eq(d.def.department, c->party.party)) {
            return SY_OK;
        }
    }
    return sy_view_is(c->party.role, "department")
               ? sy_fail(c->err, SY_E_DENIED, "product", "none of its sources is this department's")
               : SY_OK;
}

sy_status decide_product_withdraw(struct ask *c)
{
    const struct sy_order *a = c->args;
    struct rules_product p;
    struct sy_pack pack;
    SY_TRY(product_asked(c, &p));
    SY_TRY(may_withdraw(c, &p));
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    SY_TRY(ground_check(c, &pack, a->ground));
    return word_in(p.row.status, "submitted published") ? SY_OK : product_in(c, &p, "published");
}

sy_status apply_product_withdraw(struct change *x)
{
    const struct sy_order *a = x->args;
    struct rules_product p;
    SY_TRY(product_changed(x, &p));
    if (sy_view_is(p.row.status, "published")) {
        SY_TRY(tell(x, "withdrawal", x->req->args));
    }
    p.row.status = sy_view_str("withdrawn");
    p.row.ground = a->ground;
    return product_put(x, x->req->header.subject, &p.row);
}
