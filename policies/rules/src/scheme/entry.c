/*
 * catalog.describe, approve, withdraw: a department describes its dataset, version after version; the agency, whose
 * catalogue it is, takes a version in or returns it. The version in the catalogue stays until another one takes its
 * place. Every version is kept as a row: differences can be read from the state, without the log.
 *
 * Invariants: versions count from 1 without gaps, and each names the digest of the one before; `approved` is a
 * version that the agency approved, or 0. The source rows of a dataset are what its approved version and the one that
 * waits claim.
 * Source: scheme articles 6, 7; docs/scheme/catalogue.md.
 */
#include "catalogue.h"
#include "proof/hash.h"

sy_status catalogue_terms(const struct rules_state *s, struct sy_arena *arena,
                          struct sy_pack *ret_pack, const struct sy_pack_catalogue **ret,
                          struct sy_error *err)
{
    SY_TRY(pack_read(s, arena, ret_pack, err));
    *ret = scheme_catalogue(ret_pack);
    return *ret != NULL ? SY_OK
                        : sy_fail(err, SY_E_STATE, "pack", "the pack in force has no catalogue");
}

sy_status entry_read(const struct rules_state *s, struct sy_view dataset, struct sy_arena *arena,
                     struct sy_entry_row *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("entry/", dataset);
    struct sy_view value;
    *ret = (struct sy_entry_row){0};
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "dataset", "the dataset is not described");
    }
    return rules_state_read(s, rules_key_view(&key), &sy_entry_row_desc, arena, ret, err);
}

sy_status entry_version(const struct rules_state *s, struct sy_view dataset, uint64_t version,
                        struct sy_arena *arena, struct sy_described *ret_row, struct sy_entry *ret,
                        struct sy_error *err)
{
    struct rules_key key = rules_key_numbered("described/", dataset, version);
    struct sy_described row;
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_described_desc, arena, &row, err));
    SY_TRY(sy_record_decode(&sy_entry_desc, row.meta, &SY_MP_REQUEST, arena, ret, err));
    if (ret_row != NULL) {
        *ret_row = row;
    }
    return SY_OK;
}

sy_status updated_read(const struct rules_state *s, struct sy_view dataset, struct sy_arena *arena,
                       struct sy_updated *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("updated/", dataset);
    struct sy_view value;
    *ret = (struct sy_updated){0};
    return rules_state_get(s, rules_key_view(&key), &value)
               ? rules_state_read(s, rules_key_view(&key), &sy_updated_desc, arena, ret, err)
               : SY_OK;
}

/* The row, or one of version 0 for what was never described. */
static sy_status entry_or_new(const struct rules_state *s, struct sy_view dataset,
                              struct sy_arena *arena, struct sy_entry_row *ret,
                              struct sy_error *err)
{
    struct rules_key key = rules_key_id("entry/", dataset);
    struct sy_view value;
    *ret = (struct sy_entry_row){0};
    return rules_state_get(s, rules_key_view(&key), &value)
               ? rules_state_read(s, rules_key_view(&key), &sy_entry_row_desc, arena, ret, err)
               : SY_OK;
}

/* ---- describe ---- */

static sy_status chain_check(struct ask *c, const struct sy_entry *e)
{
    struct sy_entry_row row;
    struct sy_entry last;
    SY_TRY(entry_or_new(c->state, e->dataset, c->arena, &row, c->err));
    if (e->version != row.described + 1) {
        return sy_fail(c->err, SY_E_STATE, "version", "the next version is %llu",
                       (unsigned long long)row.described + 1);
    }
    if (!control(RULES_CTL_ENTRY_CHAIN, memcmp(e->prev, row.digest, 32) == 0)) {
        return sy_fail(c->err, SY_E_DIGEST, "prev", "not the digest of the version before");
    }
    if (row.described == 0) {
        return SY_OK;
    }
    SY_TRY(entry_version(c->state, e->dataset, row.described, c->arena, NULL, &last, c->err));
    return control(RULES_CTL_RES_CODE, sy_view_eq(e->res_code, last.res_code))
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "res_code", "a dataset keeps its resource code");
}

sy_status decide_describe(struct ask *c)
{
    const struct sy_entry *e = c->args;
    struct dataset d;
    SY_TRY(dataset_read(c->state, e->dataset, c->arena, &d, c->err));
    if (!control(RULES_CTL_OWN_ENTRY, sy_view_eq(d.def.department, c->party.party))) {
        return sy_fail(c->err, SY_E_DENIED, "dataset", "a department describes its own datasets");
    }
    SY_TRY(entry_sound(c, e));
    return chain_check(c, e);
}

static sy_status put_code(struct change *x, const char *prefix, struct sy_view code,
                          struct sy_view dataset)
{
    struct rules_key key = rules_key_id(prefix, code);
    const struct sy_code_row row = {.dataset = dataset};
    return effect_put(x->effect, &key, &sy_code_row_desc, &row, x->err);
}

static bool claims(const struct sy_entry_item *item)
{
    return item->code.n > 0 && item->from.n == 0;
}

static sy_status sources_put(struct change *x, const struct sy_entry *e)
{
    for (size_t i = 0; i < e->n_items; i++) {
        if (claims(&e->items[i])) {
            SY_TRY(put_code(x, "source/", e->items[i].code, e->dataset));
        }
    }
    return SY_OK;
}

static bool claimed(const struct sy_entry *keep, struct sy_view code)
{
    for (size_t i = 0; keep != NULL && i < keep->n_items; i++) {
        if (claims(&keep->items[i]) && sy_view_eq(keep->items[i].code, code)) {
            return true;
        }
    }
    return false;
}

/* Free the items that the dataset is the source of, but for those that `keep` (NULL: none) claims. */
static sy_status sources_free(struct change *x, struct sy_view dataset, const struct sy_entry *keep)
{
    static const char prefix[] = "source/";
    const size_t n = sizeof(prefix) - 1;
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(x->state, sy_view_str(prefix), key, &key, &value)) {
        struct sy_code_row row;
        struct sy_view code = sy_view(key.p + n, key.n - n);
        SY_TRY(sy_record_decode(&sy_code_row_desc, value, &SY_MP_REQUEST, x->arena, &row, x->err));
        if (sy_view_eq(row.dataset, dataset) && !claimed(keep, code)) {
            struct rules_key at = rules_key_id(prefix, code);
            SY_TRY(effect_put_bytes(x->effect, &at, (struct sy_view){0}, x->err));
        }
    }
    return SY_OK;
}

static sy_status put_row(struct change *x, struct sy_view dataset, const struct sy_entry_row *row)
{
    struct rules_key key = rules_key_id("entry/", dataset);
    return effect_put(x->effect, &key, &sy_entry_row_desc, row, x->err);
}

static sy_status put_version(struct change *x, struct sy_view dataset, uint64_t version,
                             const struct sy_described *row)
{
    struct rules_key key = rules_key_numbered("described/", dataset, version);
    return effect_put(x->effect, &key, &sy_described_desc, row, x->err);
}

sy_status apply_describe(struct change *x)
{
    const struct sy_entry *e = x->args;
    struct sy_entry_row row;
    const struct sy_described version = {
        .entry = x->entry, .meta = x->req->args, .time = x->in->time};
    SY_TRY(entry_or_new(x->state, e->dataset, x->arena, &row, x->err));
    row.department = x->req->header.party;
    row.described = e->version;
    row.entry = x->entry;
    row.status = sy_view_str("described");
    proof_sha256_one(row.digest, x->req->args);
    SY_TRY(put_code(x, "rescode/", e->res_code, e->dataset));
    SY_TRY(sources_put(x, e));
    SY_TRY(put_version(x, e->dataset, e->version, &version));
    return put_row(x, e->dataset, &row);
}

/* ---- approve ---- */

sy_status decide_catalog_approve(struct ask *c)
{
    const struct sy_entry_review *a = c->args;
    struct sy_entry_row row;
    struct sy_entry e;
    SY_TRY(entry_read(c->state, a->dataset, c->arena, &row, c->err));
    if (!sy_view_is(row.status, "described") || a->version != row.described) {
        return sy_fail(c->err, SY_E_STATE, "version", "version %llu is %.*s",
                       (unsigned long long)row.described, SY_PV(row.status));
    }
    if (memcmp(a->digest, row.digest, 32) != 0) {
        return sy_fail(c->err, SY_E_DIGEST, "digest", "not the version that waits");
    }
    if (!word_in(a->decision, "approve return")) {
        return sy_fail(c->err, SY_E_FIELD, "decision", "approve or return");
    }
    bool back = sy_view_is(a->decision, "return");
    if ((back || a->opinion.n > 0) && !is_text(a->opinion, SY_ENTRY_TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "opinion", "whoever returns an entry says why");
    }
    SY_TRY(entry_version(c->state, a->dataset, a->version, c->arena, NULL, &e, c->err));
    return back ? SY_OK : entry_sound(c, &e); /* the world may have moved since */
}

/* The version that stays in the catalogue when the one that waited does not get in. */
static sy_status approved_entry(struct change *x, struct sy_view dataset,
                                const struct sy_entry_row *row, struct sy_entry *e,
                                const struct sy_entry **ret)
{
    *ret = NULL;
    if (row->approved > 0) {
        SY_TRY(entry_version(x->state, dataset, row->approved, x->arena, NULL, e, x->err));
        *ret = e;
    }
    return SY_OK;
}

static sy_status demands_put(struct change *x, const struct sy_entry *e)
{
    for (size_t i = 0; i < e->n_demands; i++) {
        SY_TRY(demand_put_met(x, e->demands[i], e->dataset));
    }
    return SY_OK;
}

/* The platforms beside the domain hear of it. */
static sy_status tell(struct change *x, const char *kind, struct sy_view dataset,
                      struct sy_view record)
{
    struct rules_key key = rules_key_id("entry/", dataset);
    return sync_queue(x, kind, &key, record);
}

sy_status apply_catalog_approve(struct change *x)
{
    const struct sy_entry_review *a = x->args;
    const bool yes = sy_view_is(a->decision, "approve");
    struct sy_entry_row row;
    struct sy_described version;
    struct sy_entry e;
    const struct sy_entry *keep = &e;
    SY_TRY(entry_read(x->state, a->dataset, x->arena, &row, x->err));
    SY_TRY(entry_version(x->state, a->dataset, a->version, x->arena, &version, &e, x->err));
    version.opinion = a->opinion;
    row.entry = x->entry;
    row.status = sy_view_str(yes ? "approved" : "returned");
    if (yes) {
        row.approved = a->version;
        version.approved = x->entry + 1;
        SY_TRY(demands_put(x, &e));
        SY_TRY(tell(x, "catalogue", a->dataset, version.meta));
    } else {
        SY_TRY(approved_entry(x, a->dataset, &row, &e, &keep));
    }
    SY_TRY(sources_free(x, a->dataset, keep));
    SY_TRY(put_version(x, a->dataset, a->version, &version));
    return put_row(x, a->dataset, &row);
}

/* ---- withdraw ---- */

sy_status decide_catalog_withdraw(struct ask *c)
{
    const struct sy_entry_withdraw *a = c->args;
    struct sy_entry_row row;
    SY_TRY(entry_read(c->state, a->dataset, c->arena, &row, c->err));
    if (!sy_view_is(c->party.role, "agency") && !sy_view_eq(row.department, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "dataset", "the dataset is another department's");
    }
    if (row.approved == 0 && !sy_view_is(row.status, "described")) {
        return sy_fail(c->err, SY_E_STATE, "dataset", "the entry is %.*s", SY_PV(row.status));
    }
    return is_text(a->text, SY_ENTRY_TEXT_MAX)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "text", "whoever withdraws an entry says why");
}

sy_status apply_catalog_withdraw(struct change *x)
{
    const struct sy_entry_withdraw *a = x->args;
    struct rules_key offer = rules_key_id("offer/", a->dataset);
    struct sy_view value;
    struct sy_entry_row row;
    SY_TRY(entry_read(x->state, a->dataset, x->arena, &row, x->err));
    if (row.approved > 0) {
        SY_TRY(tell(x, "withdrawal", a->dataset, x->req->args));
    }
    row.approved = 0;
    row.entry = x->entry;
    row.status = sy_view_str("withdrawn");
    SY_TRY(sources_free(x, a->dataset, NULL));
    if (rules_state_get(x->state, rules_key_view(&offer), &value)) {
        SY_TRY(effect_put_bytes(x->effect, &offer, (struct sy_view){0}, x->err));
    }
    return put_row(x, a->dataset, &row);
}
