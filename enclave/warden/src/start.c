/*
 * What: from a folder to a serving domain. Order: keys, ledger, replay, memory of checkpoints, sweep.
 * Invariant: nothing is served before the whole log was decided again by the present rules, up to a snapshot
 * that the log's key signed or from its beginning, and the key store agrees that no newer ledger was ever signed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/log.h"
#include "payload.h"
#include "proof/leaf.h"
#include "share.h"
#include "warden/domain.h"
#include "warden/log_key.h"
#include "warden/own.h"
#include "warden/promote.h"
#include "warden/record.h"
#include "warden/run.h"
#include "warden/shard.h"
#include "warden/work.h"

enum { FILE_MAX = 1 << 16, KEEP_MAX = 4096 };

/* --- genesis --------------------------------------------------------------------------------------- */

static sy_status record_genesis(struct warden *w, const struct sy_logged_request *logged,
                                struct sy_arena *arena, struct sy_error *err)
{
    struct rules_request r = {.header_bytes = logged->header,
                              .args = logged->args,
                              .sigs = logged->sigs,
                              .n_sigs = logged->n_sigs};
    memcpy(r.salt, logged->salt, sizeof(r.salt));
    SY_TRY(
        sy_record_decode(&sy_header_desc, logged->header, &SY_MP_REQUEST, arena, &r.header, err));
    struct sy_inputs in = {.time = warden_time(w)};
    struct rules_decision d = {0};
    uint64_t entry = 0;
    SY_TRY(rules_decide(w->state, &r, &in, arena, &d, err));
    if (d.kind != RULES_KIND_EVENT || d.verdict.code != 0) {
        return sy_fail(
            err, SY_E_SIGNATURE, "genesis",
            "the genesis is not valid; have agency and operator sign it (shuyu domain sign)");
    }
    SY_TRY(warden_record(w, &r, &in, &d, &entry, err));
    return ledger_commit(w->ledger, err);
}

static sy_status first_start(struct warden *w, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_logged_request logged;
    if (!sy_ok(sy_read_file_at(w->dir, "genesis.req", &b))) {
        return sy_fail(err, SY_E_NOT_FOUND, "genesis.req",
                       "this folder holds no domain; run shuyu init");
    }
    SY_TRY(sy_record_decode(&sy_logged_request_desc, sy_buf_view(&b), &SY_MP_REQUEST, &arena,
                            &logged, err));
    return record_genesis(w, &logged, &arena, err);
}

/* --- replay ------------------------------------------------------------------------------------------ */

static sy_status replay_entry(struct warden *w, uint64_t i, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct ledger_entry entry;
    struct sy_event event;
    SY_TRY(warden_entry(w, i, &arena, &entry, err));
    SY_TRY(sy_record_decode(&sy_event_desc, entry.body, &SY_MP_LARGE, &arena, &event, err));
    SY_TRY(proof_leaf_names(entry.leaf, &event, err));
    sy_status s = rules_replay(w->state, &event, i, err);
    w->last_time = event.inputs.time;
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "replay differs", SY_LOGF_N("entry", i), SY_LOGF_CODE(s.code));
    }
    return s;
}

static sy_status replay(struct warden *w, struct sy_error *err)
{
    uint64_t from = 0;
    bool more = true;
    SY_TRY(warden_snapshot_restore(w, &from, err));
    while (more) {
        for (; from < warden_log_size(w); from++) {
            SY_TRY(replay_entry(w, from, err));
        }
        SY_TRY(warden_logs_go_on(w, &more, err));
    }
    return warden_logs_check(w, err);
}

/* The key store remembers, apart from the ledger, how far the log had come. */
static sy_status check_memory(struct warden *w, struct sy_error *err)
{
    uint64_t size = 0;
    uint8_t noted[32], root[32];
    vault_last_checkpoint(w->vault, &size, noted);
    if (size == 0) {
        return SY_OK;
    }
    if (size > warden_log_size(w)) {
        return sy_fail(err, SY_E_ROLLBACK, "ledger", "the ledger is older than the keys remember");
    }
    SY_TRY(warden_log_root(w, size, root));
    return memcmp(root, noted, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(err, SY_E_ROLLBACK, "ledger",
                         "the ledger is not the one the keys remember");
}

/* Builds without slots, or weakened for tests, open test domains only. genesis.req is checked here, and
 * again as entry 0 of the log it belongs to (the ledger's origin and key are its). */
static sy_status may_open(const struct sy_genesis *g, struct sy_error *err)
{
#if defined(SY_BENCH_BUILD) || defined(SY_WEAK_BUILD)
    if (!sy_view_is(g->purpose, "test")) {
        return sy_fail(err, SY_E_DENIED, "purpose", "this build opens test domains only");
    }
#else
    (void)g;
    (void)err;
#endif
    return SY_OK;
}

static sy_status read_genesis(struct warden *w, struct sy_error *err)
{
    static struct sy_arena arena; /* as long as the process */
    struct sy_view bytes;
    struct sy_genesis g;
    if (!rules_state_get(w->state, sy_view_str("genesis"), &bytes)) {
        return sy_fail(err, SY_E_INTERNAL, "genesis", NULL);
    }
    w->genesis = sy_arena_copy(&arena, bytes);
    SY_TRY(sy_record_decode(&sy_genesis_desc, w->genesis, &SY_MP_REQUEST, &arena, &g, err));
    w->purpose = g.purpose;
    proof_domain_id(w->domain, w->genesis);
    SY_TRY(may_open(&g, err));
    return SY_OK;
}

/* --- leftovers ----------------------------------------------------------------------------------------- */

static sy_status erase_deposits(struct warden *w)
{
    struct sy_view prefix = sy_view_str("grant/"), key = {0}, value;
    while (rules_state_next(w->state, prefix, key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_grant row;
        uint8_t id[32];
        SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &arena, &row, NULL));
        proof_grant_id(id, row.proposal);
        bool stands = sy_view_is(row.status, "active") || sy_view_is(row.status, "suspended") ||
                      sy_view_is(row.status, "awaiting"); /* of the last two: what follows */
        if (!stands) {
            SY_TRY(warden_forget_grant(w, id));
        }
    }
    return warden_shares_sweep(w);
}

static sy_status sweep(struct warden *w)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_dataset_version *keep = sy_arena_alloc(&arena, KEEP_MAX, sizeof(*keep));
    struct sy_view prefix = sy_view_str("version/"), key = {0}, value;
    size_t n = 0;
    uint64_t removed = 0;
    while (keep != NULL && n < KEEP_MAX && rules_state_next(w->state, prefix, key, &key, &value)) {
        struct sy_row_version row;
        SY_TRY(sy_record_decode(&sy_row_version_desc, value, &SY_MP_LARGE, &arena, &row, NULL));
        keep[n++] = row.version;
    }
    if (keep != NULL) {
        SY_TRY(warden_history_keep(w, &arena, KEEP_MAX, keep, &n));
    }
    if (keep == NULL || n == KEEP_MAX) {
        return SY_OK; /* too many to be sure: leave them, they are only disk space */
    }
    SY_TRY(vault_sweep(w->vault, keep, n, &removed, NULL));
    if (removed > 0) {
        sy_log(SY_LOG_INFO, "unfinished write attempts removed", SY_LOGF_N("attempts", removed));
    }
    return SY_OK;
}

/* --- opening ---------------------------------------------------------------------------------------------- */

static sy_status open_ledger(struct warden *w, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_logged_request logged;
    struct sy_genesis g;
    if (!sy_ok(sy_read_file_at(w->dir, "genesis.req", &b))) {
        return sy_fail(err, SY_E_NOT_FOUND, "genesis.req",
                       "this folder holds no domain; run shuyu init");
    }
    SY_TRY(sy_record_decode(&sy_logged_request_desc, sy_buf_view(&b), &SY_MP_REQUEST, &arena,
                            &logged, err));
    SY_TRY(sy_record_decode(&sy_genesis_desc, logged.args, &SY_MP_REQUEST, &arena, &g, err));
    SY_TRY(may_open(&g, err));
    return warden_logs_open(w, g.name, err);
}

static sy_status open_vault(struct warden *w, struct sy_error *err)
{
    SY_TRY(vault_open(w->dir, &w->vault, err));
    const struct vault_domain_keys *k = vault_domain_keys(w->vault);
    memcpy(w->keys.box_pub, k->box.pub, sizeof(w->keys.box_pub));
    memcpy(w->keys.sign_pub, k->warden.pub, sizeof(w->keys.sign_pub));
    w->keys.box_secret = k->box.secret;
    w->keys.sign_secret = k->warden.secret;
    return SY_OK;
}

sy_status warden_domain_fold(struct warden *w, struct sy_error *reterr)
{
    w->state = rules_state_new();
    if (w->state == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(warden_seat_read(w, reterr));
    SY_TRY(open_vault(w, reterr));
    SY_TRY(open_ledger(w, reterr));
    SY_TRY(replay(w, reterr));
    return check_memory(w, reterr);
}

sy_status warden_domain_open(struct warden *w, struct sy_error *reterr)
{
    SY_TRY(warden_domain_fold(w, reterr));
    if (warden_log_size(w) == 0) {
        SY_TRY(first_start(w, reterr));
    }
    SY_TRY(read_genesis(w, reterr));
    SY_TRY(warden_shard_resume(w, reterr));
    SY_TRY(warden_log_open(w, reterr));
    SY_TRY(warden_lead(w, reterr));
    SY_TRY(warden_shard_request(w, reterr));
    SY_TRY(ledger_publish(w->ledger, reterr));
    warden_note(w);
    SY_TRY(erase_deposits(w));
    SY_TRY(warden_payloads_settle(w));
    SY_TRY(warden_own_settle(w));
    SY_TRY(sweep(w));
    SY_TRY(warden_history_forget(w));
    sy_log(SY_LOG_INFO, "domain open", SY_LOGF_N("entries", warden_log_size(w)));
    return SY_OK;
}

/* --- expiry ------------------------------------------------------------------------------------------------ */

/* The first active or suspended grant whose time is over; false when there is none. */
static bool next_expired(struct warden *w, uint8_t ret[32])
{
    struct sy_view prefix = sy_view_str("grant/"), key = {0}, value;
    int64_t now = warden_time(w);
    while (rules_state_next(w->state, prefix, key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_grant row;
        struct sy_proposal p;
        if (!sy_ok(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &arena, &row, NULL)) ||
            !sy_ok(sy_record_decode(&sy_proposal_desc, row.proposal, &SY_MP_LARGE, &arena, &p,
                                    NULL))) {
            continue;
        }
        bool live = sy_view_is(row.status, "active") || sy_view_is(row.status, "awaiting") ||
                    sy_view_is(row.status, "suspended");
        if (live && now > p.not_after) {
            proof_grant_id(ret, row.proposal);
            return true;
        }
    }
    return false;
}

void warden_domain_tick(struct warden *w)
{
    warden_shares_tick(w);
    uint8_t id[32];
    while (!w->failed && next_expired(w, id)) {
        struct sy_inputs in = {0};
        uint64_t entry = 0;
        if (!sy_ok(warden_act(w, "grant.expire", id, (struct sy_view){0}, &in, &entry, NULL))) {
            return;
        }
    }
}
