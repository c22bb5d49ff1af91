/*
 * A grant that was resumed again before its stop came to bite is left alone: the row decides, not the
 * memory of it.
 */
#include "warden/stop.h"

#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "share.h"
#include "warden/own.h"
#include "warden/record.h"
#include "warden/run.h"
#include "warden/work.h"

enum { ID_BYTES = 32 };
/* One event may stop every grant. */
static const size_t STOPS_MAX = (size_t)ID_BYTES * RULES_EFFECT_ROWS_MAX;

static const uint64_t NOISE_NS = UINT64_C(60000000000);

static const char GRANTS[] = "grant/", PROPOSALS[] = "proposal/";

/* An application that was turned down: deposits may lie for it already. */
static bool turned_down(struct sy_view key, struct sy_view value)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_proposal row;
    return sy_view_starts(key, sy_view_str(PROPOSALS)) && value.n > 0 &&
           sy_ok(
               sy_record_decode(&sy_row_proposal_desc, value, &SY_MP_LARGE, &arena, &row, NULL)) &&
           (sy_view_is(row.status, "rejected") || sy_view_is(row.status, "returned"));
}

/* False for rows of other kinds, for active grants, and for rows that do not decode (rules make none). */
static bool stopped_row(struct sy_view key, struct sy_view value)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_grant row;
    return sy_view_starts(key, sy_view_str("grant/")) && value.n > 0 &&
           sy_ok(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &arena, &row, NULL)) &&
           !sy_view_is(row.status, "active");
}

static bool id_of(struct sy_view key, uint8_t ret[32])
{
    const size_t n = sy_view_starts(key, sy_view_str(GRANTS)) ? strlen(GRANTS) : strlen(PROPOSALS);
    size_t got = 0;
    return key.n == n + 64 &&
           sodium_hex2bin(ret, 32, (const char *)key.p + n, 64, NULL, &got, NULL) == 0 && got == 32;
}

sy_status warden_stops_note(struct warden *w, const struct rules_effect *effect)
{
    struct sy_view key, value;
    if (w->stopping.ceiling == 0) {
        w->stopping = sy_buf(STOPS_MAX);
    }
    for (size_t i = 0; rules_effect_row(effect, i, &key, &value); i++) {
        uint8_t id[32];
        if ((stopped_row(key, value) || turned_down(key, value)) && id_of(key, id)) {
            SY_TRY(sy_buf_add(&w->stopping, id, sizeof(id)));
        }
    }
    return SY_OK;
}

static bool is_stopped(struct warden *w, const uint8_t id[32])
{
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_view value;
    return rules_state_get(w->state, rules_key_view(&key), &value) &&
           stopped_row(rules_key_view(&key), value);
}

/* The last charge of an ended epoch may have been of a grant that was stopped. */
void warden_stops_tick(struct warden *w)
{
    uint64_t now = sy_mono_ns();
    if (!w->noise_due || now < w->noise_at_ns) {
        return;
    }
    w->noise_at_ns = now + NOISE_NS;
    sy_status s = warden_history_forget(w);
    w->noise_due = !sy_ok(s);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "a noise key of an ended epoch is left; tried again in a minute",
               SY_LOGF_CODE(s.code));
    }
}

/* False: shares are left. */
static bool bite(struct warden *w, const uint8_t id[32])
{
    if (!is_stopped(w, id)) {
        return sy_ok(warden_shares_settle(w, id)); /* turned down; nothing of an active grant */
    }
    warden_runs_stop(w, id);
    w->own_due = true;
    return sy_ok(warden_forget_grant(w, id));
}

void warden_stops_bite(struct warden *w)
{
    SY_BUF_CLEANUP struct sy_buf now = w->stopping;
    w->stopping = sy_buf(STOPS_MAX); /* ending a run may record, and that may stop a grant */
    struct sy_view ids = sy_buf_view(&now);
    for (size_t at = 0; at + 32 <= ids.n; at += 32) {
        if (bite(w, ids.p + at)) {
            continue;
        }
        bool again = sy_ok(sy_buf_add(&w->stopping, ids.p + at, 32));
        sy_log(SY_LOG_ERROR, again ? "shares of a stopped grant are left; tried again next round"
                                   : "shares of a stopped grant are left; erased at next start");
    }
    w->noise_due = w->noise_due || ids.n > 0;
    if (w->own_due) {
        warden_own_erase(w);
    }
}

static bool is_held_by(const struct warden *w, const uint8_t id[32], uint64_t entry)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_row_grant row;
    if (!sy_ok(rules_state_read(w->state, rules_key_view(&key), &sy_row_grant_desc, &arena, &row,
                                NULL))) {
        return true; /* when in doubt, something is left */
    }
    for (size_t i = 0; i < row.n_holds; i++) {
        if (row.holds[i].entry == entry) {
            return true;
        }
    }
    return false;
}

uint64_t warden_stops_left(const struct warden *w, uint64_t entry)
{
    struct sy_view ids = sy_buf_view(&w->stopping);
    uint64_t n = 0;
    for (size_t at = 0; at + ID_BYTES <= ids.n; at += ID_BYTES) {
        n += is_held_by(w, ids.p + at, entry);
    }
    return n;
}
