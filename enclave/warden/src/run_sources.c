/*
 * What: what a run reads. Everything comes from the rows that were copied at the charge: the model as
 * it was reviewed, the versions it was charged for, the grant's masks. BOUNDARY: the rules have refused a
 * plan beyond its grant; here the vault is asked for nothing beyond it either.
 */
#include <sodium.h>
#include <string.h>

#include "base/weak.h"
#include "sandbox/memfd.h"
#include "share.h"
#include "warden/run.h"

/* Rows that a run stands on, copied so that later events do not move them. */
static sy_status keep_row(struct warden_run *r, struct rules_key key)
{
    struct sy_view value;
    if (!rules_state_get(r->w->state, rules_key_view(&key), &value)) {
        return SY_OK; /* the reader of the row says what is missing */
    }
    return rules_state_put_raw(r->rows, rules_key_view(&key), value);
}

sy_status warden_run_grant_rows(struct warden_run *r, struct sy_error *err)
{
    r->rows = rules_state_new();
    if (r->rows == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(keep_row(r, rules_key_id("", sy_view_str("pack"))));
    SY_TRY(keep_row(r, rules_key_hash("grant/", r->row.grant)));
    SY_TRY(keep_row(r, rules_key_hash("account/", r->row.grant)));
    struct rules_grant g;
    SY_TRY(rules_grant_read(r->w->state, r->row.grant, &r->arena, &g, err));
    for (size_t i = 0; i < g.proposal.n_datasets; i++) {
        SY_TRY(keep_row(r, rules_key_id("dataset/", g.proposal.datasets[i].dataset)));
        SY_TRY(keep_row(r, rules_key_id("version/", g.proposal.datasets[i].dataset)));
    }
    return SY_OK;
}

sy_status warden_run_model_rows(struct warden_run *r, struct sy_error *err)
{
    SY_TRY(warden_run_grant_rows(r, err));
    return keep_row(r, rules_key_hash("model/", r->row.model));
}

sy_status warden_run_rows(struct warden_run *r, struct sy_error *err)
{
    SY_TRY(warden_run_model_rows(r, err));
    SY_TRY(warden_history_rows(r, err));
    return rules_model_read(r->rows, r->row.model, &r->arena, &r->model, err);
}

/* A charge may only run on the versions it was charged for: its noise belongs to them, and must not be
 * drawn again for other data. */
static sy_status same_version(const struct warden_run *r, const struct sy_dataset_version *v,
                              struct sy_error *err)
{
    for (size_t i = 0; i < r->row.n_data; i++) {
        if (sy_view_eq(r->row.data[i].dataset, v->dataset)) {
            return memcmp(r->row.data[i].header, v->header, sizeof(v->header)) == 0
                       ? SY_OK
                       : sy_fail(err, SY_E_STATE, "version", NULL);
        }
    }
    return sy_fail(err, SY_E_INTERNAL, "version", NULL);
}

/* With every share that the dataset's custody asks for: the copies are wiped as soon as it is open. */
static sy_status open_with_deposits(struct warden_run *r, const struct warden_custody *at,
                                    const struct sy_dataset_version *version,
                                    struct vault_version **ret, struct sy_error *err)
{
    VAULT_SECRET_CLEANUP struct vault_secret custodian = {0}, department = {0};
    for (size_t i = 0; i < at->n; i++) {
        bool third = at->holders[i] == SY_HOLDER_DEPARTMENT;
        SY_TRY(vault_deposit_take(r->w->vault, r->row.grant, version->dataset, at->holders[i],
                                  third ? &department : &custodian, err));
    }
    const struct vault_holders shares = {.custodian = custodian.p, .department = department.p};
    return vault_version_open(r->w->vault, &at->keys, &shares, version, ret, err);
}

static sy_status open_version(struct warden_run *r, struct sy_view dataset,
                              const struct vault_version **ret, struct sy_error *err)
{
    struct rules_key vk = rules_key_id("version/", dataset);
    struct warden_custody at;
    struct sy_row_version *v = sy_arena_alloc(&r->arena, 1, sizeof(*v));
    if (v == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_state_read(r->rows, rules_key_view(&vk), &sy_row_version_desc, &r->arena, v, err));
    SY_TRY(same_version(r, &v->version, err));
    if (!warden_custody_read(r->rows, dataset, &r->arena, &at)) {
        return sy_fail(err, SY_E_STATE, "dataset", NULL);
    }
    struct vault_version *ver = NULL;
    SY_TRY(open_with_deposits(r, &at, &v->version, &ver, err));
    r->versions[r->n_versions++] = ver;
    *ret = ver;
    return SY_OK;
}

/* One scene, one grant: pseudonyms are keyed by the grant, so nobody links them across scenes. */
static sy_status pseudonym_key(struct warden_run *r, struct vault_ask *ask)
{
    char name[WARDEN_HEX_BYTES];
    if (!sy_view_is(ask->mask, "pseudonym")) {
        return SY_OK;
    }
    sodium_bin2hex(name, sizeof(name), r->row.grant, sizeof(r->row.grant));
    if (r->pseudonyms.p == NULL) {
        const char *scene = sy_weak(SY_WEAK_ONE_PSEUDONYM_KEY) ? "all" : name;
        SY_TRY(vault_scene_key(r->w->vault, sy_view_str(scene), &r->pseudonyms));
    }
    ask->scene_key = &r->pseudonyms;
    return SY_OK;
}

/* The catalogue's field before the mask, and the grant's mask for it. */
static sy_status field_ask(struct warden_run *r, struct sy_view dataset, struct sy_view field,
                           struct vault_ask *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("dataset/", dataset);
    struct sy_row_dataset d;
    struct sy_dataset_def def;
    SY_TRY(
        rules_state_read(r->rows, rules_key_view(&key), &sy_row_dataset_desc, &r->arena, &d, err));
    SY_TRY(sy_record_decode(&sy_dataset_def_desc, d.def, &SY_MP_LARGE, &r->arena, &def, err));
    for (size_t i = 0; i < def.n_fields; i++) {
        if (sy_view_eq(def.fields[i].name, field)) {
            ret->def = &def.fields[i];
        }
    }
    const struct sy_proposal *p = &r->model.grant.proposal;
    for (size_t i = 0; i < p->n_datasets; i++) {
        for (size_t k = 0;
             sy_view_eq(p->datasets[i].dataset, dataset) && k < p->datasets[i].n_fields; k++) {
            if (sy_view_eq(p->datasets[i].fields[k].name, field)) {
                ret->mask = p->datasets[i].fields[k].mask;
                return ret->def != NULL ? SY_OK : sy_fail(err, SY_E_INTERNAL, "field", NULL);
            }
        }
    }
    /* BOUNDARY: the rules refused a plan beyond its grant; the vault hands out nothing beyond it. */
    return sy_fail(err, SY_E_FIELD_DENIED, NULL, NULL);
}

static sy_status plan_scan(struct warden_run *r, size_t rel, struct sy_error *err)
{
    const struct sy_plan_rel *scan = &r->model.plan.rels[rel];
    const struct vault_version *version = NULL;
    SY_TRY(open_version(r, scan->source, &version, err));
    for (size_t i = 0; i < scan->n_names; i++) {
        if (r->n_feeds >= WARDEN_COLUMNS_MAX) {
            return sy_fail(err, SY_E_LIMIT, "columns", NULL);
        }
        struct warden_feed *f = &r->feeds[r->n_feeds];
        *f = (struct warden_feed){.version = version, .scan = rel, .fd = -1};
        SY_TRY(field_ask(r, scan->source, scan->names[i], &f->ask, err));
        SY_TRY(pseudonym_key(r, &f->ask));
        r->n_feeds++;
    }
    return SY_OK;
}

/* --- units' keys ------------------------------------------------------------------------------------ */

/* Which keys of its units a block needs: record keys for the cell-key method; selection keys only where it
 * chooses among a unit's cells, or among its different values. */
static enum vault_unit_key key_kind(const struct warden_run *r, size_t block)
{
    const struct rules_block_facts *b = &r->model.facts.blocks[block];
    const struct sy_plan_block *p = &r->model.plan.blocks[block];
    bool chooses = !b->subject && (b->open || b->n_cells > p->groups);
    for (size_t i = 0; i < p->n_figures; i++) {
        chooses = chooses || sy_view_is(p->figures[i].fn, "distinct");
    }
    return b->ns.n == 0 ? VAULT_UNIT_KEY_NONE
           : b->cellkey ? VAULT_UNIT_KEY_RECORD
           : chooses    ? VAULT_UNIT_KEY_SELECT
                        : VAULT_UNIT_KEY_NONE;
}

static bool has_keys(const struct warden_run *r, struct sy_view ns, enum vault_unit_key kind)
{
    for (size_t i = 0; i < r->n_keys; i++) {
        if (r->keys[i].kind == kind && sy_view_eq(r->keys[i].ns, ns)) {
            return true;
        }
    }
    return false;
}

static sy_status make_keys(struct warden_run *r, struct sy_view ns, enum vault_unit_key kind,
                           struct sy_error *err)
{
    if (r->n_keys == WARDEN_KEYS_MAX) {
        return sy_fail(err, SY_E_LIMIT, "namespaces", NULL);
    }
    struct warden_unit_keys *k = &r->keys[r->n_keys++];
    *k = (struct warden_unit_keys){.kind = kind, .ns = ns, .fd = -1};
    SY_TRY(vault_units(r->w->vault, ns, &k->n_units, err));
    SY_TRY(sandbox_memfd_create("keys", &k->fd));
    struct vault_unit_keys_ask ask = {.kind = kind,
                                      .ns = ns,
                                      .salt = kind == VAULT_UNIT_KEY_SELECT ? r->row.salt : NULL,
                                      .n_units = k->n_units};
    SY_TRY(vault_unit_keys(r->w->vault, &ask, k->fd, err));
    if (kind == VAULT_UNIT_KEY_RECORD) {
        SY_TRY(vault_cellkey(r->w->vault, ns, &k->noise, err));
    }
    return sandbox_memfd_seal(k->fd, k->n_units * 8);
}

/* Units that a block counts as values are chosen by their own selection keys. */
static sy_status value_keys(struct warden_run *r, size_t block, struct sy_error *err)
{
    const struct rules_block_facts *b = &r->model.facts.blocks[block];
    for (size_t i = 0; i < b->n_figures; i++) {
        struct sy_view ns = b->figures[i].values_ns;
        if (ns.n > 0 && !has_keys(r, ns, VAULT_UNIT_KEY_SELECT)) {
            SY_TRY(make_keys(r, ns, VAULT_UNIT_KEY_SELECT, err));
        }
    }
    return SY_OK;
}

/* One column for each namespace and kind that some block needs. */
static sy_status plan_keys(struct warden_run *r, struct sy_error *err)
{
    for (size_t i = 0; i < r->model.facts.n_blocks; i++) {
        struct sy_view ns = r->model.facts.blocks[i].ns;
        enum vault_unit_key kind = key_kind(r, i);
        if (kind != VAULT_UNIT_KEY_NONE && !has_keys(r, ns, kind)) {
            SY_TRY(make_keys(r, ns, kind, err));
        }
        SY_TRY(value_keys(r, i, err));
    }
    return SY_OK;
}

sy_status warden_run_sources(struct warden_run *r, struct sy_error *err)
{
    const struct sy_plan *p = &r->model.plan;
    r->versions = sy_arena_alloc(&r->arena, p->n_rels + 1, sizeof(*r->versions));
    if (r->versions == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < p->n_rels; i++) {
        if (sy_view_is(p->rels[i].op, "scan")) {
            SY_TRY(plan_scan(r, i, err));
        }
    }
    return plan_keys(r, err);
}
