/*
 * What: the end of a developer's own data. Invariants: erased first, recorded then; what the log calls erased is not
 * here, neither on the disk nor open in memory; a grant that is only stopped erases nothing.
 */
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "warden/ingest.h"
#include "warden/own.h"
#include "warden/record.h"
#include "warden/work.h"

enum { ARGS_MAX = 1024 };

/* One row of own/, and the dataset's id in its key. */
struct own {
    struct sy_view dataset;
    struct sy_own_row row;
};

static sy_status read_own(struct sy_view key, struct sy_view value, struct sy_arena *arena,
                          struct own *ret)
{
    const size_t skip = strlen("own/");
    ret->dataset = sy_arena_copy(arena, sy_view(key.p + skip, key.n - skip));
    return sy_record_decode(&sy_own_row_desc, value, &SY_MP_LARGE, arena, &ret->row, NULL);
}

/* Is the grant it came under over for good? A proposal that became no grant is none. */
static bool is_over(struct warden *w, const struct own *o, struct sy_arena *arena)
{
    struct rules_key key = rules_key_hash("grant/", o->row.grant);
    struct sy_row_grant row;
    return sy_ok(rules_state_read(w->state, rules_key_view(&key), &sy_row_grant_desc, arena, &row,
                                  NULL)) &&
           !sy_view_is(row.status, "active") && !sy_view_is(row.status, "awaiting") &&
           !sy_view_is(row.status, "suspended");
}

static sy_status record_erased(struct warden *w, const struct own *o, struct sy_arena *arena)
{
    struct sy_own_erased act = {.dataset = o->dataset};
    struct rules_key key = rules_key_id("version/", o->dataset);
    struct sy_row_version version;
    struct sy_inputs in = {0};
    uint64_t entry = 0;
    if (sy_ok(rules_state_read(w->state, rules_key_view(&key), &sy_row_version_desc, arena,
                               &version, NULL))) {
        memcpy(act.header, version.version.header, sizeof(act.header));
    }
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(ARGS_MAX);
    SY_TRY(sy_record_encode(&sy_own_erased_desc, &act, &args));
    return warden_act(w, "own.erased", o->row.grant, sy_buf_view(&args), &in, &entry, NULL);
}

/* SY_E_BUSY: a thread still reads what a run opened; it comes back soon, for its worker is gone. */
static sy_status end_own(struct warden *w, const struct own *o, struct sy_arena *arena)
{
    warden_staging_end(&w->stagings, o->row.grant, 0);
    warden_ingests_stop(w, o->row.grant);
    SY_TRY(warden_runs_hold(w, o->row.grant) ? sy_status_of(SY_E_BUSY) : SY_OK);
    SY_TRY(vault_dataset_shred(w->vault, o->dataset, NULL));
    return record_erased(w, o, arena);
}

/* The first whose grant is over, after *key, and which the log does not call erased. */
static bool next_due(struct warden *w, struct sy_arena *arena, struct sy_view *key, struct own *ret)
{
    struct sy_view value;
    while (rules_state_next(w->state, sy_view_str("own/"), *key, key, &value)) {
        if (sy_ok(read_own(*key, value, arena, ret)) && !sy_view_is(ret->row.status, "erased") &&
            is_over(w, ret, arena)) {
            return true;
        }
    }
    return false;
}

void warden_own_erase(struct warden *w)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_view key = {0};
    struct own o;
    w->own_due = false;
    while (!w->failed && next_due(w, &arena, &key, &o)) {
        key = sy_arena_copy(&arena, key); /* the act moves the rows */
        sy_status s = key.p == NULL ? sy_status_of(SY_E_NO_MEMORY) : end_own(w, &o, &arena);
        if (!sy_ok(s)) {
            sy_log(s.code == SY_E_BUSY ? SY_LOG_INFO : SY_LOG_ERROR,
                   "own data of a grant that is over is left; tried again",
                   SY_LOGF_ID("dataset", o.dataset), SY_LOGF_CODE(s.code));
            w->own_due = true;
        }
        if (key.p == NULL) {
            return;
        }
    }
}

void warden_own_tick(struct warden *w)
{
    warden_staging_end(&w->stagings, NULL, sy_mono_ns());
    if (w->own_due) {
        warden_own_erase(w);
    }
}

sy_status warden_own_settle(struct warden *w)
{
    struct sy_view key = {0}, value;
    while (rules_state_next(w->state, sy_view_str("own/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct own o;
        SY_TRY(read_own(key, value, &arena, &o));
        if (sy_view_is(o.row.status, "erased") && vault_dataset_is_there(w->vault, o.dataset)) {
            SY_TRY(vault_dataset_shred(w->vault, o.dataset, NULL));
            sy_log(SY_LOG_WARN, "own data that was erased lay here still; erased",
                   SY_LOGF_ID("dataset", o.dataset));
        }
    }
    w->own_due = true; /* the first tick records what is over and was not erased yet */
    return SY_OK;
}
