/*
 * catalog.offer, unoffer: the operation catalogue, in which the operator offers datasets to developers. An offer
 * is derived from the version of the entry that is in the agency's catalogue, and good for that version only: when
 * the entry changes or goes, the operator offers anew. A scene is granted over what is offered, nothing else.
 *
 * Source: scheme articles 6, 7, 8, 17, 18.
 */
#include "catalogue.h"
#include "proof/hash.h"

static sy_status offer_texts(struct ask *c, const struct sy_offer *o)
{
    bool fine = is_text(o->industry, SY_ENTRY_LABEL_MAX) &&
                is_text(o->delivery, SY_ENTRY_LABEL_MAX) && o->n_scenes >= 1 &&
                o->n_scenes <= SY_ENTRY_RELATED_MAX;
    for (size_t i = 0; fine && i < o->n_scenes; i++) {
        fine = is_text(o->scenes[i], SY_ENTRY_LABEL_MAX) && !view_in(o->scenes[i], o->scenes, i);
    }
    return fine ? SY_OK
                : sy_fail(c->err, SY_E_FIELD, "scenes",
                          "industry, delivery, and the scenes that it is for, each once");
}

sy_status decide_offer(struct ask *c)
{
    const struct sy_offer *o = c->args;
    struct sy_pack pack;
    const struct sy_pack_catalogue *terms;
    struct sy_entry_row row;
    struct sy_described version;
    struct sy_entry e;
    uint8_t digest[32];
    SY_TRY(catalogue_terms(c->state, c->arena, &pack, &terms, c->err));
    SY_TRY(entry_read(c->state, o->dataset, c->arena, &row, c->err));
    if (!control(RULES_CTL_AGENCY_CATALOGUE, row.approved > 0)) {
        return sy_fail(c->err, SY_E_STATE, "dataset", "the entry is not in the agency's catalogue");
    }
    uint64_t current = row.approved > 0 ? row.approved : row.described;
    SY_TRY(entry_version(c->state, o->dataset, current, c->arena, &version, &e, c->err));
    proof_sha256_one(digest, version.meta);
    if (o->version != current || memcmp(o->digest, digest, 32) != 0) {
        return sy_fail(c->err, SY_E_STATE, "version", "the catalogue has version %llu",
                       (unsigned long long)current);
    }
    return offer_texts(c, o);
}

sy_status apply_offer(struct change *x)
{
    const struct sy_offer *o = x->args;
    struct rules_key key = rules_key_id("offer/", o->dataset);
    const struct sy_offer_row row = {.entry = x->entry, .offer = x->req->args, .time = x->in->time};
    return effect_put(x->effect, &key, &sy_offer_row_desc, &row, x->err);
}

sy_status decide_unoffer(struct ask *c)
{
    const struct sy_dataset_ref *a = c->args;
    struct rules_key key = rules_key_id("offer/", a->dataset);
    struct sy_view value;
    return rules_state_get(c->state, rules_key_view(&key), &value)
               ? SY_OK
               : sy_fail(c->err, SY_E_NOT_FOUND, "dataset", "the dataset is not offered");
}

sy_status apply_unoffer(struct change *x)
{
    const struct sy_dataset_ref *a = x->args;
    struct rules_key key = rules_key_id("offer/", a->dataset);
    return effect_put_bytes(x->effect, &key, (struct sy_view){0}, x->err);
}

/* ---- may a grant be given over it? ---- */

struct offer_case {
    const struct rules_state *state;
    struct sy_view dataset;
    int64_t now;
    struct sy_arena *arena;
    struct sy_error *err;
    struct sy_pack pack;
    const struct sy_pack_catalogue *terms;
};

static sy_status refuse(struct offer_case *k, int32_t code, const char *why)
{
    return sy_fail(k->err, code, "datasets", "%.*s: %s", SY_PV(k->dataset), why);
}

/* Is it offered, by the version in the catalogue? */
static sy_status offered_check(struct offer_case *k)
{
    struct rules_key key = rules_key_id("offer/", k->dataset);
    struct sy_view value;
    struct sy_offer_row row;
    struct sy_offer o;
    struct sy_entry_row entry;
    bool offered = rules_state_get(k->state, rules_key_view(&key), &value);
    if (!control(RULES_CTL_OFFERED_ONLY, offered)) {
        return refuse(k, SY_E_DENIED, "the operation catalogue does not offer it");
    }
    if (!offered) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(k->state, rules_key_view(&key), &sy_offer_row_desc, k->arena, &row,
                            k->err));
    SY_TRY(sy_record_decode(&sy_offer_desc, row.offer, &SY_MP_REQUEST, k->arena, &o, k->err));
    SY_TRY(entry_read(k->state, k->dataset, k->arena, &entry, k->err));
    return control(RULES_CTL_OFFER_CURRENT, o.version == entry.approved)
               ? SY_OK
               : refuse(k, SY_E_STATE, "its entry has changed; the operator has to offer it anew");
}

/* Days after which data of the entry in the catalogue are stale; 0: never, or there is no such entry. */
static sy_status cycle_days(struct offer_case *k, uint64_t *ret)
{
    struct rules_key key = rules_key_id("entry/", k->dataset);
    struct sy_view value;
    struct sy_entry_row row;
    struct sy_entry e;
    *ret = 0;
    if (!rules_state_get(k->state, rules_key_view(&key), &value)) {
        return SY_OK;
    }
    SY_TRY(entry_read(k->state, k->dataset, k->arena, &row, k->err));
    if (row.approved == 0) {
        return SY_OK;
    }
    SY_TRY(entry_version(k->state, k->dataset, row.approved, k->arena, NULL, &e, k->err));
    for (size_t i = 0; i < k->terms->n_cycles; i++) {
        if (sy_view_eq(k->terms->cycles[i].code, e.update_cycle)) {
            *ret = k->terms->cycles[i].days;
        }
    }
    return SY_OK;
}

static sy_status fresh_check(struct offer_case *k)
{
    const struct sy_pack_calendar *calendar = scheme_calendar(&k->pack);
    struct sy_updated updated;
    uint64_t days;
    SY_TRY(cycle_days(k, &days));
    SY_TRY(updated_read(k->state, k->dataset, k->arena, &updated, k->err));
    int64_t day = updated.version == 0 ? -1 : calendar_day(calendar, updated.time);
    bool stale = sy_entry_stale(days, day, calendar_day(calendar, k->now));
    return control(RULES_CTL_FRESH_DATA, !stale)
               ? SY_OK
               : refuse(k, SY_E_STATE, "its data are older than its update cycle allows");
}

static sy_status tickets_check(struct offer_case *k)
{
    bool overdue;
    uint64_t ticket;
    SY_TRY(ticket_overdue(k->state, k->dataset, k->now, k->arena, &overdue, &ticket, k->err));
    if (!control(RULES_CTL_TICKET_DEADLINE, !overdue)) {
        return sy_fail(k->err, SY_E_STATE, "datasets", "%.*s: quality ticket %llu is overdue",
                       SY_PV(k->dataset), (unsigned long long)ticket);
    }
    return SY_OK;
}

sy_status offer_check(const struct rules_state *s, struct sy_view dataset, int64_t now,
                      struct sy_arena *arena, struct sy_error *err)
{
    struct offer_case k = {.state = s, .dataset = dataset, .now = now, .arena = arena, .err = err};
    SY_TRY(pack_read(s, arena, &k.pack, err));
    k.terms = scheme_catalogue(&k.pack);
    if (k.terms == NULL) {
        return SY_OK;
    }
    SY_TRY(offered_check(&k));
    if (k.terms->stale_blocks) {
        SY_TRY(fresh_check(&k));
    }
    return k.terms->ticket_blocks ? tickets_check(&k) : SY_OK;
}
