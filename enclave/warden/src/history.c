/*
 * What: what a charge stands on, long after it was made. The state holds the newest pack and versions only; a
 * charge names the entries that made its own, and they are read back from the log. So a run resumed after a
 * crash, and one that an auditor asks for again, reads what it was charged for and nothing newer; and what it
 * would need is not swept away, and what nobody can need any more, noise of ended epochs, is destroyed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "warden/record.h"
#include "warden/run.h"

static sy_status put_row(struct warden_run *r, const struct rules_key *key,
                         const struct sy_desc *desc, const void *row)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(RULES_VALUE_MAX);
    SY_TRY(sy_record_encode(desc, row, &b));
    return rules_state_put_raw(r->rows, rules_key_view(key), sy_buf_view(&b));
}

static sy_status pack_at(struct warden_run *r, struct sy_error *err)
{
    struct rules_key key = rules_key_id("", sy_view_str("pack"));
    struct sy_row_pack row;
    struct sy_event event;
    struct sy_pack_adopt adopted;
    SY_TRY(
        rules_state_read(r->rows, rules_key_view(&key), &sy_row_pack_desc, &r->arena, &row, err));
    if (row.entry == r->row.pack) {
        return SY_OK;
    }
    SY_TRY(warden_entry_event(r->w, r->row.pack, &r->arena, &event, err));
    SY_TRY(sy_record_decode(&sy_pack_adopt_desc, event.request.args, &SY_MP_LARGE, &r->arena,
                            &adopted, err));
    row = (struct sy_row_pack){.entry = r->row.pack, .pack = adopted.pack};
    return put_row(r, &key, &sy_row_pack_desc, &row);
}

static sy_status published_by(struct warden *w, uint64_t entry, struct sy_arena *arena,
                              struct sy_dataset_version *ret, struct sy_error *err)
{
    struct sy_event event;
    SY_TRY(warden_entry_event(w, entry, arena, &event, err));
    if (event.inputs.n_version != 1) {
        return sy_fail(err, SY_E_INTERNAL, "published", NULL);
    }
    *ret = event.inputs.version[0];
    return SY_OK;
}

static sy_status version_at(struct warden_run *r, size_t i, struct sy_error *err)
{
    struct rules_key key = rules_key_id("version/", r->row.data[i].dataset);
    struct sy_row_version row;
    SY_TRY(rules_state_read(r->rows, rules_key_view(&key), &sy_row_version_desc, &r->arena, &row,
                            err));
    if (row.entry == r->row.published[i]) {
        return SY_OK;
    }
    row.entry = r->row.published[i];
    SY_TRY(published_by(r->w, row.entry, &r->arena, &row.version, err));
    return put_row(r, &key, &sy_row_version_desc, &row);
}

sy_status warden_history_rows(struct warden_run *r, struct sy_error *err)
{
    if (r->row.n_published != r->row.n_data) {
        return sy_fail(err, SY_E_INTERNAL, "published", NULL);
    }
    SY_TRY(pack_at(r, err));
    for (size_t i = 0; i < r->row.n_data; i++) {
        SY_TRY(version_at(r, i, err));
    }
    return SY_OK;
}

/* --- what is kept ---------------------------------------------------------------------------------- */

/* Is the grant not over for good? Charges of one grant mostly follow each other. */
struct lives {
    uint8_t grant[32];
    bool known, yes;
};

static sy_status grant_lives(struct warden *w, const uint8_t grant[32], struct lives *l)
{
    if (l->known && memcmp(l->grant, grant, sizeof(l->grant)) == 0) {
        return SY_OK;
    }
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_hash("grant/", grant);
    struct sy_row_grant row;
    SY_TRY(
        rules_state_read(w->state, rules_key_view(&key), &sy_row_grant_desc, &arena, &row, NULL));
    memcpy(l->grant, grant, sizeof(l->grant));
    l->known = true;
    l->yes = !sy_view_is(row.status, "revoked") && !sy_view_is(row.status, "expired");
    return SY_OK;
}

static bool has_version(const struct sy_dataset_version *keep, size_t n,
                        const struct sy_data_ref *data)
{
    for (size_t i = 0; i < n; i++) {
        if (keep[i].version == data->version && sy_view_eq(keep[i].dataset, data->dataset)) {
            return true;
        }
    }
    return false;
}

static sy_status keep_charge(struct warden *w, const struct sy_row_charge *row,
                             struct sy_arena *arena, size_t max, struct sy_dataset_version *keep,
                             size_t *n)
{
    for (size_t i = 0; i < row->n_data && i < row->n_published && *n < max; i++) {
        if (!has_version(keep, *n, &row->data[i])) {
            SY_TRY(published_by(w, row->published[i], arena, &keep[*n], NULL));
            (*n)++;
        }
    }
    return SY_OK;
}

/* May this charge still be resumed, or run again? The rules' promise (rules_rerun_in_force), but that a suspended
 * grant may be resumed. */
static sy_status charge_lives(struct warden *w, uint64_t charge, const struct sy_row_charge *row,
                              struct lives *l, bool *ret)
{
    struct sy_row_answer answer;
    bool answered;
    SY_TRY(grant_lives(w, row->grant, l));
    SY_TRY(rules_charge_answer(w->state, charge, &answer, &answered, NULL));
    *ret = l->yes && (!answered || answer.ok);
    return SY_OK;
}

sy_status warden_history_keep(struct warden *w, struct sy_arena *arena, size_t max,
                              struct sy_dataset_version *keep, size_t *n)
{
    struct sy_view prefix = sy_view_str("charge/"), key = {0}, value;
    struct lives lives = {0};
    bool superseded = false;
    for (size_t i = 0; i < *n; i++) {
        superseded = superseded || keep[i].version > 1;
    }
    while (superseded && *n < max && rules_state_next(w->state, prefix, key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena scratch = {0};
        struct sy_row_charge row;
        SY_TRY(sy_record_decode(&sy_row_charge_desc, value, &SY_MP_LARGE, &scratch, &row, NULL));
        bool may = false;
        SY_TRY(charge_lives(w, rules_number_of_key(key), &row, &lives, &may));
        if (may) {
            SY_TRY(keep_charge(w, &row, arena, max, keep, n));
        }
    }
    return SY_OK;
}

/* --- what is forgotten ------------------------------------------------------------------------------ */

/* The epoch whose noise a charge has. */
static uint64_t epoch_of(const struct sy_row_charge *row)
{
    return row->epoch == 0 ? 1 : row->epoch;
}

/* Mark the epochs below n that a charge still needs. */
static sy_status mark_needed(struct warden *w, bool *needed, uint64_t n)
{
    struct sy_view prefix = sy_view_str("charge/"), key = {0}, value;
    struct lives lives = {0};
    while (rules_state_next(w->state, prefix, key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena scratch = {0};
        struct sy_row_charge row;
        bool may = false;
        SY_TRY(sy_record_decode(&sy_row_charge_desc, value, &SY_MP_LARGE, &scratch, &row, NULL));
        SY_TRY(charge_lives(w, rules_number_of_key(key), &row, &lives, &may));
        if (may && epoch_of(&row) < n) {
            needed[epoch_of(&row)] = true;
        }
    }
    return SY_OK;
}

static sy_status destroy_rest(struct warden *w, const bool *needed, uint64_t n)
{
    for (uint64_t epoch = 1; epoch < n; epoch++) {
        if (!needed[epoch] && vault_noise_has(w->vault, epoch)) {
            SY_TRY(vault_noise_destroy(w->vault, epoch));
            sy_log(SY_LOG_INFO, "noise key of an ended epoch destroyed", SY_LOGF_N("epoch", epoch));
        }
    }
    return SY_OK;
}

static bool any_past(const struct warden *w, uint64_t n)
{
    for (uint64_t epoch = 1; epoch < n; epoch++) {
        if (vault_noise_has(w->vault, epoch)) {
            return true;
        }
    }
    return false;
}

sy_status warden_history_forget(struct warden *w)
{
    uint64_t now = vault_epoch(w->vault);
    if (!any_past(w, now)) {
        return SY_OK; /* the usual: nothing was ever restored or promoted */
    }
    bool *needed = calloc(now, sizeof(*needed));
    if (needed == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s = mark_needed(w, needed, now);
    s = sy_ok(s) ? destroy_rest(w, needed, now) : s;
    free(needed);
    return s;
}
