/*
 * What: feeds the gateway's replica. Invariant: rows leave in the order in which events were applied,
 * on the edge that carries the replies too, so a reply never overtakes the rows it depends on. The
 * rows hold no secret and no raw value: parties' public keys, which certificates their staff have (not whose), grants and their accounts,
 * models, the log's public keys (DESIGN section 2).
 */
#include "warden/replica.h"
#include "warden/shard.h"

#include "wire/rpc.h"
#include "wire/staff.h"

static const char *const replica_prefixes[] = {"party/", "grant/", "account/",
                                               "model/", "key/",   "log"};
enum { N_PREFIXES = sizeof(replica_prefixes) / sizeof(replica_prefixes[0]), ROW_MAX = 16 << 20 };

bool warden_replica_row(struct sy_view key, struct sy_view value, struct sy_buf *b,
                        struct sy_view *ret)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_held_key row;
    *ret = value;
    if (!sy_view_starts(key, sy_view_str("key/"))) {
        return true;
    }
    if (!sy_ok(sy_record_decode(&sy_held_key_desc, value, &SY_MP_REQUEST, &arena, &row, NULL)) ||
        !sy_view_is(row.use, "tls") || row.staff.n == 0) {
        return false;
    }
    row.staff = sy_view_str("member");
    bool fine = sy_ok(sy_record_encode(&sy_held_key_desc, &row, b));
    *ret = sy_buf_view(b);
    return fine;
}

static void send_row(struct warden *w, struct sy_view key, struct sy_view whole)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ROW_MAX);
    SY_BUF_CLEANUP struct sy_buf less = sy_buf(ROW_MAX);
    struct sy_view value;
    if (warden_replica_row(key, whole, &less, &value) &&
        sy_ok(sy_rpc_put_notify(&b, "replica", 2)) && sy_ok(sy_mp_put_str(&b, key)) &&
        sy_ok(sy_mp_put_bin(&b, value))) {
        warden_conn_send(w->gateway, sy_buf_view(&b));
    }
}

static void send_head(struct warden *w)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ROW_MAX);
    if (sy_ok(sy_rpc_put_notify(&b, "head", 2)) && sy_ok(sy_mp_put_bin(&b, w->genesis)) &&
        sy_ok(sy_mp_put_u64(&b, warden_log_size(w)))) {
        warden_conn_send(w->gateway, sy_buf_view(&b));
    }
}

void warden_replica_tick(struct warden *w)
{
    static uint64_t told; /* one warden a process */
    if (w->gateway != NULL && told != warden_log_size(w)) {
        told = warden_log_size(w);
        send_head(w);
    }
}

void warden_replica_all(struct warden *w)
{
    send_head(w);
    for (size_t i = 0; i < N_PREFIXES && w->gateway != NULL; i++) {
        struct sy_view prefix = sy_view_str(replica_prefixes[i]);
        struct sy_view key = {0}, value;
        while (w->gateway != NULL && rules_state_next(w->state, prefix, key, &key, &value)) {
            send_row(w, key, value);
        }
    }
}

void warden_replica_effect(struct warden *w, const struct rules_effect *effect)
{
    struct sy_view key, value;
    for (size_t i = 0; w->gateway != NULL && rules_effect_row(effect, i, &key, &value); i++) {
        for (size_t p = 0; p < N_PREFIXES && w->gateway != NULL; p++) {
            if (sy_view_starts(key, sy_view_str(replica_prefixes[p]))) {
                send_row(w, key, value);
            }
        }
    }
}
