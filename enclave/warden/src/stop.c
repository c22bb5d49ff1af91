/*
 * A grant that was resumed again before its stop came to bite is left alone: the row decides, not the
 * memory of it.
 */
#include "warden/stop.h"

#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "warden/record.h"
#include "warden/work.h"

enum { ID_BYTES = 32 };
/* One event may stop every grant. */
static const size_t STOPS_MAX = (size_t)ID_BYTES * RULES_EFFECT_ROWS_MAX;

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
    const size_t n = strlen("grant/");
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
        if (stopped_row(key, value) && id_of(key, id)) {
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

/* False: shares are left. */
static bool bite(struct warden *w, const uint8_t id[32])
{
    if (!is_stopped(w, id)) {
        return true;
    }
    warden_runs_stop(w, id);
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
}
