/*
 * A product by itself: names, texts and forms; and its prices, within what the pack allows.
 * Source: scheme articles 4 (forms), 21 (public interest free or at most at cost, industry paid; the operator's fee).
 */
#include "product.h"

#define CLASSES "public industry"

enum { VERSION_MAX = 64 };

static sy_status bad(struct sy_error *err, const char *field, const char *why)
{
    return sy_fail(err, SY_E_FIELD, field, "%s", why);
}

/* Texts that a column may have for people. */
static bool text_or_none(struct sy_view v)
{
    return v.n == 0 || is_text(v, SY_PRODUCT_TEXT_MAX);
}

static sy_status uses_form(const struct sy_product *p, struct sy_error *err)
{
    bool fine = p->n_uses >= 1 && p->n_uses <= SY_PRODUCT_USES_MAX;
    for (size_t i = 0; fine && i < p->n_uses; i++) {
        fine = is_id(p->uses[i].code) && is_text(p->uses[i].title, SY_PRODUCT_TEXT_MAX);
        for (size_t k = 0; fine && k < i; k++) {
            fine = !sy_view_eq(p->uses[i].code, p->uses[k].code);
        }
    }
    return fine ? SY_OK : bad(err, "uses", "1 to 16 uses, each with its own code and a title");
}

static sy_status columns_form(const struct sy_product *p, struct sy_error *err)
{
    for (size_t i = 0; i < p->n_columns; i++) {
        if (!text_or_none(p->columns[i].title) || !text_or_none(p->columns[i].measure)) {
            return bad(err, "columns", "title and measure are texts of at most 256 bytes");
        }
    }
    return SY_OK;
}

sy_status product_form(const struct sy_product *p, struct sy_error *err)
{
    if (!is_id(p->name) || !is_text(p->title, SY_PRODUCT_TEXT_MAX) ||
        !is_text(p->version, VERSION_MAX)) {
        return bad(err, "name", "a name, a title and a version are required");
    }
    if (!control(RULES_CTL_SIX_FORMS, word_in(p->form, SY_PRODUCT_FORMS))) {
        return bad(err, "form", "one of: " SY_PRODUCT_FORMS);
    }
    if (!word_in(p->klass, CLASSES)) {
        return bad(err, "klass", "public or industry");
    }
    SY_TRY(uses_form(p, err));
    return columns_form(p, err);
}

/* Public interest: free or at most at cost; industry: paid. */
static sy_status price_class(const struct sy_product *p, const struct sy_pack_product *pack,
                             struct sy_error *err)
{
    bool industry = sy_view_is(p->klass, "industry");
    bool fits = industry ? p->price > 0 : p->price <= pack->public_price_max;
    if (!control(RULES_CTL_PRICE_CLASS, fits)) {
        return sy_fail(err, SY_E_LIMIT, "price",
                       industry ? "a product for industry is paid for"
                                : "for the public interest a call costs at most %llu fen",
                       (unsigned long long)pack->public_price_max);
    }
    return SY_OK;
}

sy_status product_prices(const struct sy_product *p, const struct sy_pack_product *pack,
                         struct sy_error *err)
{
    bool industry = sy_view_is(p->klass, "industry");
    SY_TRY(price_class(p, pack, err));
    if (!control(RULES_CTL_PRICE_CAP, !industry || p->price <= pack->price_max)) {
        return sy_fail(err, SY_E_LIMIT, "price", "a call costs at most %llu fen",
                       (unsigned long long)pack->price_max);
    }
    if (!control(RULES_CTL_FEE_CAP, p->fee_permille <= pack->fee_permille_max)) {
        return sy_fail(err, SY_E_LIMIT, "fee_permille", "the operator's part is at most %llu/1000",
                       (unsigned long long)pack->fee_permille_max);
    }
    if (p->cap != 0 && p->cap < p->price) {
        return bad(err, "cap", "a month's cap is at least the price of one call");
    }
    return SY_OK;
}
