/*
 * What: the read methods. Invariant: visibility is the rules' word for every single row and entry
 * (rules_row_visible, rules_event_visible); an entry that the caller may not read still shows its
 * public leaf, so that every reader can verify the whole log.
 */
#include "warden/reads.h"

#include <string.h>

#include "base/time.h"
#include "rules/guard.h"
#include "rules/meter.h"
#include "rules/supervise.h"
#include "share.h"
#include "warden/record.h"
#include "warden/shard.h"
#include "warden/witness.h"

enum { LIST_ROWS = 256, LOG_ENTRIES = 256, BYTES_MAX = 8 << 20 };

static void refuse(struct warden_call *c, sy_status s, struct sy_error *err)
{
    if (err->code == 0) {
        sy_fail(err, s.code, NULL, NULL);
    }
    warden_call_refuse(c, err);
}

static sy_status read_args(struct warden_call *c, const struct sy_desc *desc, void *ret,
                           struct sy_error *err)
{
    return sy_record_decode(desc, c->request.args, &SY_MP_REQUEST, &c->arena, ret, err);
}

/* --- state.list ------------------------------------------------------------------------------------ */

static void fill_rows(struct warden_call *c, const struct sy_list *args,
                      const struct sy_party *caller, struct sy_state_rows *ret)
{
    struct sy_view key = args->after, value;
    size_t bytes = 0;
    while (rules_state_next(c->w->state, args->prefix, key, &key, &value)) {
        if (ret->n_rows == LIST_ROWS || bytes > BYTES_MAX) {
            ret->more = true;
            return;
        }
        if (rules_row_visible(c->w->state, caller, key, value)) {
            ret->rows[ret->n_rows++] = (struct sy_state_row){key, value};
            bytes += key.n + value.n;
        }
    }
}

void warden_read_list(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_list args;
    struct sy_party caller;
    struct sy_state_rows ret = {0};
    sy_status s = read_args(c, &sy_list_desc, &args, &err);
    ret.rows = sy_arena_alloc(&c->arena, LIST_ROWS, sizeof(*ret.rows));
    if (!sy_ok(s) || ret.rows == NULL ||
        !warden_party(c->w, c->request.header.party, &c->arena, &caller)) {
        refuse(c, sy_ok(s) ? sy_status_of(SY_E_NO_MEMORY) : s, &err);
        return;
    }
    fill_rows(c, &args, &caller, &ret);
    warden_call_record(c, &sy_state_rows_desc, &ret);
}

/* --- log.entries ----------------------------------------------------------------------------------- */

static sy_status fill_entry(struct warden_call *c, const struct sy_party *caller, uint64_t index,
                            struct sy_log_entry *ret, struct sy_error *err)
{
    struct ledger_entry entry;
    struct sy_event event;
    SY_TRY(warden_entry(c->w, index, &c->arena, &entry, err));
    SY_TRY(sy_record_decode(&sy_event_desc, entry.body, &SY_MP_LARGE, &c->arena, &event, err));
    ret->index = index;
    ret->leaf = entry.leaf;
    if (rules_event_visible(c->w->state, caller, &event)) {
        ret->body = entry.body;
        memcpy(ret->salt, entry.salt, sizeof(ret->salt));
    }
    return SY_OK;
}

static sy_status fill_entries(struct warden_call *c, const struct sy_log_range *args,
                              struct sy_log_entries *ret, struct sy_error *err)
{
    struct sy_party caller;
    if (!warden_party(c->w, c->request.header.party, &c->arena, &caller)) {
        return sy_fail(err, SY_E_PARTY, NULL, NULL);
    }
    uint64_t size = warden_log_size(c->w);
    uint64_t n = args->n < LOG_ENTRIES ? args->n : LOG_ENTRIES;
    size_t bytes = 0;
    for (uint64_t i = args->first; i < size && ret->n_entries < n && bytes < BYTES_MAX; i++) {
        struct sy_log_entry *e = &ret->entries[ret->n_entries++];
        SY_TRY(fill_entry(c, &caller, i, e, err));
        bytes += e->leaf.n + e->body.n;
    }
    return SY_OK;
}

void warden_read_log(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_log_range args;
    struct sy_log_entries ret = {0};
    sy_status s = read_args(c, &sy_log_range_desc, &args, &err);
    ret.entries = sy_arena_alloc(&c->arena, LOG_ENTRIES, sizeof(*ret.entries));
    if (sy_ok(s) && ret.entries == NULL) {
        s = sy_status_of(SY_E_NO_MEMORY);
    }
    if (sy_ok(s)) {
        ret.checkpoint = sy_arena_copy(&c->arena, ledger_checkpoint(c->w->ledger));
        s = fill_entries(c, &args, &ret, &err);
    }
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_log_entries_desc, &ret);
}

/* --- log.growth, log.receipt, witness.status ---------------------------------------------------------------------- */

/* The log of this name (the first line of its checkpoint): the one in use when none is named; NULL: there is none. */
static const struct ledger *log_of(const struct warden *w, struct sy_view name)
{
    const struct ledger *l = w->ledger;
    for (size_t i = w->closed.n; name.n > 0; i--) {
        struct sy_view note = ledger_checkpoint(l);
        if (sy_view_starts(note, name) && note.n > name.n && note.p[name.n] == '\n') {
            return l;
        }
        if (i == 0) {
            return NULL;
        }
        l = w->closed.ledger[i - 1];
    }
    return l;
}

static sy_status fill_growth(struct warden_call *c, const struct sy_log_since *ask,
                             struct sy_log_growth *ret, struct sy_error *err)
{
    const struct ledger *l = log_of(c->w, ask->log);
    const uint64_t since = ask->since;
    struct proof_path path = {0};
    if (l == NULL) {
        return sy_fail(err, SY_E_NOT_FOUND, "log", "the domain has no log of this name");
    }
    if (since > 0 && since <= ledger_size(l)) {
        SY_TRY(ledger_consistency(l, since, ledger_size(l), &path));
    }
    ret->checkpoint = sy_arena_copy(&c->arena, ledger_checkpoint(l));
    ret->path = sy_arena_copy(&c->arena, sy_view(path.hash, path.n * PROOF_HASH_BYTES));
    return ret->checkpoint.p != NULL && (path.n == 0 || ret->path.p != NULL)
               ? SY_OK
               : sy_status_of(SY_E_NO_MEMORY);
}

void warden_read_growth(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_log_since args;
    struct sy_log_growth ret = {0};
    sy_status s = read_args(c, &sy_log_since_desc, &args, &err);
    if (sy_ok(s)) {
        s = fill_growth(c, &args, &ret, &err);
    }
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_log_growth_desc, &ret);
}

static sy_status fill_receipt(struct warden_call *c, uint64_t index, struct sy_log_receipt *ret,
                              struct sy_error *err)
{
    struct warden *w = c->w;
    struct ledger_entry entry;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
    SY_TRY(warden_entry(w, index, &c->arena, &entry, err));
    SY_TRY(warden_witness_covers(w, index) ? warden_quorum_receipt(w, index, true, &text)
                                           : warden_log_receipt(w, index, &text));
    ret->leaf = entry.leaf;
    ret->receipt = sy_arena_copy(&c->arena, sy_buf_view(&text));
    return ret->receipt.p != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

void warden_read_receipt(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_log_ref args;
    struct sy_log_receipt ret = {0};
    sy_status s = read_args(c, &sy_log_ref_desc, &args, &err);
    if (sy_ok(s)) {
        s = fill_receipt(c, args.entry, &ret, &err);
    }
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_log_receipt_desc, &ret);
}

void warden_read_witnesses(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_witness_status ret;
    sy_status s = warden_witness_report(c->w, &c->arena, &ret, &err);
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_witness_status_desc, &ret);
}

/* --- dataset.share ----------------------------------------------------------------------------------- */

void warden_read_share(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_dataset_ref args;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(4096);
    sy_status s = read_args(c, &sy_dataset_ref_desc, &args, &err);
    struct warden_custody at;
    if (sy_ok(s) && !warden_custody_read(c->w->state, args.dataset, &c->arena, &at)) {
        s = sy_fail(&err, SY_E_NOT_FOUND, "dataset", NULL);
    }
    if (sy_ok(s)) {
        s = vault_sealed_share(c->w->vault, args.dataset,
                               sy_custody_of(&at.def, &at.keys, c->request.header.party), &sealed,
                               &err);
    }
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    struct sy_sealed_share ret = {.dataset = args.dataset, .sealed = sy_buf_view(&sealed)};
    warden_call_record(c, &sy_sealed_share_desc, &ret);
}

/* --- scene.meter -------------------------------------------------------------------------------------- */

void warden_read_meter(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_meter ret;
    sy_status s = rules_meter(c->w->state, c->request.header.grant, &c->arena, &ret, &err);
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_meter_desc, &ret);
}

/* --- risk.report -------------------------------------------------------------------------------------- */

void warden_read_risk(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_risk_report ret;
    sy_status s = rules_risk_report(c->w->state, &c->arena, &ret, &err);
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_risk_report_desc, &ret);
}

/* --- due.list ----------------------------------------------------------------------------------------- */

void warden_read_due(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_due_ask args;
    struct sy_due_list ret;
    struct sy_party caller;
    sy_status s = read_args(c, &sy_due_ask_desc, &args, &err);
    if (sy_ok(s) && !warden_party(c->w, c->request.header.party, &c->arena, &caller)) {
        s = sy_fail(&err, SY_E_PARTY, NULL, NULL);
    }
    if (sy_ok(s)) {
        s = rules_due(c->w->state, &caller, warden_time(c->w), args.within_s, &c->arena, &ret,
                      &err);
    }
    if (!sy_ok(s)) {
        refuse(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_due_list_desc, &ret);
}

/* --- status ------------------------------------------------------------------------------------------- */

void warden_ping_fill(const struct warden *w, struct sy_ping *ret)
{
    *ret = (struct sy_ping){.log = sy_view_str(w->log_vkey),
                            .purpose = w->purpose,
                            .size = warden_log_size(w),
                            .time = sy_now_s(),
                            .version = sy_view_str(SHUYU_VERSION)};
    memcpy(ret->box, w->keys.box_pub, sizeof(ret->box));
    memcpy(ret->domain, w->domain, sizeof(ret->domain));
    memcpy(ret->warden, w->keys.sign_pub, sizeof(ret->warden));
}

void warden_read_status(struct warden_call *c)
{
    struct sy_ping ping;
    warden_ping_fill(c->w, &ping);
    warden_call_record(c, &sy_ping_desc, &ping);
}
