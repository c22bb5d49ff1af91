/*
 * What: snapshots of the state. Invariants: what is frozen is the fold of exactly the committed entries; while
 * one is under way its thread touches the frozen copy and its own file only, and the loop's thread frees
 * both; a snapshot that fails costs nothing but the time of the next start.
 */
#include "warden/snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/time.h"
#include "ledger/snapshot.h"
#include "rules/snapshot.h"
#include "warden/record.h"

enum { LONG_LOG = 32 /* parts of it between two snapshots */ };

static const uint64_t REREAD_NS = 4000000, REREAD_EVERY_NS = 100000000;

struct warden_making {
    struct warden *w;
    struct rules_state *frozen;
    struct ledger_snapshot *file;
    pthread_t thread;
    atomic_bool stop;
    sy_status made;
};

/* --- using ----------------------------------------------------------------------------------------- */

static sy_status take_rows(void *ctx, size_t n, struct sy_view *ret)
{
    return ledger_rows_take(ctx, n, ret);
}

static sy_status read_rows(struct warden *w, const struct proof_snapshot *s,
                           struct rules_state **ret, struct sy_error *err)
{
    struct ledger_rows *rows = NULL;
    struct sy_error ignored;
    SY_TRY(ledger_rows_open(w->ledger, s, &rows, err));
    sy_status st = rules_snapshot_read(take_rows, rows, ret, err);
    sy_status closed = ledger_rows_close(rows, sy_ok(st) ? err : &ignored);
    return sy_ok(st) ? closed : st;
}

/* The last entry it covers states the digest of the state after it. */
static sy_status check_digest(struct warden *w, const struct proof_snapshot *s,
                              const struct rules_state *state, int64_t *ret_time,
                              struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_event event;
    const uint8_t *digest = rules_state_digest(state);
    SY_TRY(warden_entry_event(w, w->base + s->size - 1, &arena, &event, err));
    *ret_time = event.inputs.time;
    bool same = memcmp(digest, s->state, sizeof(s->state)) == 0 &&
                memcmp(digest, event.state, sizeof(event.state)) == 0;
    return same ? SY_OK
                : sy_fail(err, SY_E_TAMPERED, "state", "not the state that its last entry states");
}

static sy_status use(struct warden *w, const struct proof_snapshot *s, struct sy_error *err)
{
    RULES_STATE_CLEANUP struct rules_state *state = NULL;
    int64_t time = 0;
    SY_TRY(read_rows(w, s, &state, err));
    SY_TRY(check_digest(w, s, state, &time, err));
    rules_state_free(w->state);
    w->state = state;
    w->last_time = time;
    state = NULL;
    return SY_OK;
}

sy_status warden_snapshot_restore(struct warden *w, uint64_t *ret_from, struct sy_error *reterr)
{
    struct proof_snapshot s;
    *ret_from = 0;
    for (uint64_t below = UINT64_MAX; ledger_snapshot_next(w->ledger, below, &s); below = s.size) {
        struct sy_error err = {0};
        sy_status st = use(w, &s, &err);
        if (sy_ok(st)) {
            sy_log(SY_LOG_INFO, "state taken from a snapshot", SY_LOGF_N("entries", s.size),
                   SY_LOGF_N("unread", ledger_unread(w->ledger)));
            w->snapshots.last = s.size;
            *ret_from = w->base + s.size;
            return SY_OK;
        }
        if (st.code == SY_E_NO_MEMORY) {
            return sy_fail(reterr, st.code, NULL, NULL);
        }
        sy_log(SY_LOG_WARN, "snapshot passed over", SY_LOGF_N("entries", s.size),
               SY_LOGF_CODE(st.code), SY_LOGF_ID("field", sy_view_str(err.field)));
    }
    return SY_OK;
}

/* --- making ---------------------------------------------------------------------------------------- */

static void forget(struct warden_making *m)
{
    m->w->snapshots.making = NULL;
    ledger_snapshot_drop(m->file);
    rules_state_free(m->frozen);
    free(m);
}

static sy_status add_rows(void *ctx, struct sy_view bytes)
{
    struct warden_making *m = ctx;
    return atomic_load(&m->stop) ? sy_status_of(SY_E_STOPPING)
                                 : ledger_snapshot_add(m->file, bytes);
}

/* On the loop's thread: the rows are durable, or something went wrong. */
static void made(void *ctx)
{
    struct warden_making *m = ctx;
    struct warden *w = m->w;
    uint64_t size = ledger_snapshot_size(m->file);
    pthread_join(m->thread, NULL);
    sy_status s = ledger_snapshot_sign(w->ledger, m->file, rules_state_digest(m->frozen), NULL);
    s = sy_ok(m->made) ? s : m->made;
    m->file = NULL;
    sy_log(sy_ok(s) ? SY_LOG_INFO : SY_LOG_WARN, sy_ok(s) ? "snapshot made" : "snapshot not made",
           SY_LOGF_N("entries", size), SY_LOGF_CODE(s.code));
    forget(m);
}

static void *maker_main(void *ctx)
{
    struct warden_making *m = ctx;
    m->made = rules_snapshot_write(m->frozen, add_rows, m);
    if (sy_ok(m->made)) {
        m->made = ledger_snapshot_sync(m->file);
    }
    while (!warden_post(m->w->loop, made, m)) { /* out of memory: the loop frees some */
    }
    return NULL;
}

static sy_status begin(struct warden *w)
{
    struct warden_making *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    m->w = w;
    m->frozen = rules_state_clone(w->state);
    sy_status s = m->frozen == NULL ? sy_status_of(SY_E_NO_MEMORY)
                                    : ledger_snapshot_begin(w->ledger, &m->file, NULL);
    if (sy_ok(s) && pthread_create(&m->thread, NULL, maker_main, m) != 0) {
        s = sy_status_of(SY_E_BUSY);
    }
    if (!sy_ok(s)) {
        forget(m);
        return s;
    }
    w->snapshots.making = m;
    return SY_OK;
}

void warden_snapshot_round(struct warden *w)
{
    struct warden_snapshots *all = &w->snapshots;
    uint64_t size = ledger_size(w->ledger);
    uint64_t every = all->every == 0 ? WARDEN_SNAPSHOT_EVERY : all->every;
    if (w->base > 0 && all->last == 0) {
        every = 1; /* so that no start needs to decide the closed logs again */
    }
    if (w->failed || all->making != NULL || size - all->last < sy_max_u64(every, size / LONG_LOG) ||
        ledger_pending(w->ledger) > 0) {
        return;
    }
    all->last = size;
    sy_status s = warden_has_room_for(w, rules_snapshot_bytes(w->state))
                      ? begin(w)
                      : sy_status_of(SY_E_NO_SPACE);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_WARN, "snapshot not made", SY_LOGF_N("entries", size), SY_LOGF_CODE(s.code));
    }
}

void warden_snapshot_close(struct warden *w)
{
    struct warden_making *m = w->snapshots.making;
    if (m != NULL) {
        atomic_store(&m->stop, true);
        pthread_join(m->thread, NULL);
        forget(m);
    }
}

/* --- reading what was not read --------------------------------------------------------------------- */

static void stop_altered(struct warden *w, sy_status s, const struct sy_error *err)
{
    sy_log(SY_LOG_ERROR, "an old entry of the ledger is not what was committed; stopping",
           SY_LOGF_CODE(s.code), SY_LOGF_ID("field", sy_view_str(err->field)));
    w->failed = true;
    warden_loop_stop(w->loop);
}

/* Some of it; true: there is more, and nothing is wrong. */
static bool reread_some(struct warden *w)
{
    uint64_t end = sy_mono_ns() + REREAD_NS;
    do {
        struct sy_error err = {0};
        sy_status s = ledger_reread(w->ledger, &err);
        if (s.code == SY_E_TAMPERED) {
            stop_altered(w, s, &err);
        } else if (!sy_ok(s) && s.code != SY_E_NO_SPACE) {
            sy_log(SY_LOG_WARN, "old entries of the ledger cannot be read", SY_LOGF_CODE(s.code));
        }
        if (!sy_ok(s)) {
            return false; /* anything else: again in a second */
        }
    } while (ledger_unread(w->ledger) > 0 && sy_mono_ns() < end);
    if (ledger_unread(w->ledger) == 0) {
        sy_log(SY_LOG_INFO, "entries before the snapshot read and found right");
    }
    return ledger_unread(w->ledger) > 0;
}

static void reread(void *ctx)
{
    struct warden *w = ctx;
    w->snapshots.rereading =
        !w->failed && reread_some(w) &&
        warden_timer_add(w->loop, sy_mono_ns() + REREAD_EVERY_NS, reread, w) != 0;
}

void warden_snapshot_tick(struct warden *w)
{
    if (!w->failed && !w->snapshots.rereading && ledger_unread(w->ledger) > 0) {
        reread(w);
    }
}
