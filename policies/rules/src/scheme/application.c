/*
 * What an application for a scene has to say: what the scene is for, how it is developed, what comes of it, and why
 * each field is needed. The words are for the reviewers; here they are only there or not.
 *
 * Source: scheme articles 4 (forms of products), 17 (what an application contains), 18 (minimum necessity, own data),
 * 21 (public interest or industry).
 */
#include "catalogue.h"
#include "qualify.h"
#include "scene.h"
#include "wire/own.h"

#define CLASSES "public industry"

enum { TEXT_MAX = 4096, NAME_BYTES = 256, OWN_DATA_MAX = 32 };

const struct sy_application *proposal_application(const struct sy_proposal *p)
{
    return p->n_application == 1 ? &p->application[0] : NULL;
}

static sy_status texts_check(const struct sy_application *a, struct sy_error *err)
{
    const struct {
        const char *field;
        struct sy_view text;
    } all[] = {
        {"application.benefit", a->benefit},
        {"application.domain", a->domain},
        {"application.market", a->market},
        {"application.route", a->route},
        {"application.revenue_plan", a->revenue_plan},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!is_text(all[i].text, TEXT_MAX)) {
            return sy_fail(err, SY_E_FIELD, all[i].field, "say this in 1 to %d bytes", TEXT_MAX);
        }
    }
    return SY_OK;
}

static sy_status lists_check(const struct sy_application *a, struct sy_error *err)
{
    bool fine = a->n_products_planned > 0 && word_in(a->class_, CLASSES);
    for (size_t i = 0; i < a->n_products_planned; i++) {
        fine = fine && word_in(a->products_planned[i], SY_PRODUCT_FORMS) &&
               !view_in(a->products_planned[i], a->products_planned, i);
    }
    if (!fine) {
        return sy_fail(err, SY_E_FIELD, "application.products_planned",
                       "class %s, and forms of products: %s", CLASSES, SY_PRODUCT_FORMS);
    }
    fine = a->n_own_data <= OWN_DATA_MAX;
    for (size_t i = 0; i < a->n_own_data; i++) {
        fine =
            fine && is_text(a->own_data[i], NAME_BYTES) && !view_in(a->own_data[i], a->own_data, i);
    }
    return fine ? SY_OK
                : sy_fail(err, SY_E_FIELD, "application.own_data",
                          "names of own data, each once, at most %d", OWN_DATA_MAX);
}

/* Characters of valid UTF-8. */
static size_t characters(struct sy_view text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        n += (text.p[i] & 0xc0) != 0x80;
    }
    return n;
}

static sy_status reasons_check(const struct sy_pack_scene *want, const struct sy_prop_dataset *d,
                               struct sy_error *err)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_prop_field *f = &d->fields[i];
        bool given = sy_view_is(f->mask, "drop") ||
                     (is_text(f->reason, TEXT_MAX) && characters(f->reason) >= want->reason_min);
        if (!control(RULES_CTL_NECESSITY_REASON, given)) {
            return sy_fail(err, SY_E_FIELD, "reason",
                           "say in at least %llu characters why the scene needs %.*s.%.*s",
                           (unsigned long long)want->reason_min, SY_PV(d->dataset), SY_PV(f->name));
        }
    }
    return SY_OK;
}

sy_status application_check(const struct sy_pack_scene *want, const struct sy_proposal *p,
                            struct sy_error *err)
{
    const struct sy_application *a = proposal_application(p);
    if (want != NULL && !control(RULES_CTL_SCENE_APPLICATION, a != NULL)) {
        return sy_fail(err, SY_E_FIELD, "application",
                       "say what the scene is for, how it is developed and what comes of it");
    }
    if (a == NULL && p->n_application > 0) {
        return sy_fail(err, SY_E_FIELD, "application", "one application");
    }
    if (a != NULL) {
        SY_TRY(texts_check(a, err));
        SY_TRY(lists_check(a, err));
    }
    for (size_t i = 0; want != NULL && i < p->n_datasets; i++) {
        SY_TRY(reasons_check(want, &p->datasets[i], err));
    }
    return SY_OK;
}

sy_status application_offered(struct ask *c, const struct sy_pack *pack,
                              const struct sy_proposal *p)
{
    for (size_t i = 0; scheme_catalogue(pack) != NULL && i < p->n_datasets; i++) {
        if (sy_is_own(p->datasets[i].dataset)) {
            continue; /* nobody offers it */
        }
        SY_TRY(offer_check(c->state, p->datasets[i].dataset, c->in->time, c->arena, c->err));
    }
    return SY_OK;
}

sy_status application_allowed(struct ask *c, const struct sy_pack *pack,
                              const struct sy_proposal *p)
{
    struct sy_party developer;
    sy_status s = party_active(c->state, p->developer, c->arena, &developer, NULL);
    if (!sy_ok(s)) {
        return sy_fail(c->err, s.code, "developer", "the developer's enrolment was revoked");
    }
    SY_TRY(standing_open(c, p->developer));
    return scheme_qualify(pack) != NULL ? agreement_covers(c, p) : SY_OK;
}
