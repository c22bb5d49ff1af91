/*
 * What: keeps the replica. Invariants: rows are only under the six prefixes; the genesis never
 * changes while the process lives. BOUNDARY: the edge comes from a more trusted process, but what it
 * says is still checked for shape; anything else ends the gateway (relay.c).
 */
#include "gateway/replica.h"

#include "proof/ids.h"
#include "rules/rows.h"
#include "wire/methods.h"

enum { GENESIS_BYTES_MAX = 1 << 20 };

sy_status gw_replica_init(struct gw_replica *r)
{
    *r =
        (struct gw_replica){.state = rules_state_new(), .genesis_bytes = sy_buf(GENESIS_BYTES_MAX)};
    return r->state != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

void gw_replica_deinit(struct gw_replica *r)
{
    if (r != NULL) {
        rules_state_free(r->state);
        sy_buf_deinit(&r->genesis_bytes);
        sy_arena_deinit(&r->arena);
        *r = (struct gw_replica){0};
    }
}

static sy_status first_head(struct gw_replica *r, struct sy_view genesis, struct sy_error *reterr)
{
    SY_TRY(sy_buf_add_view(&r->genesis_bytes, genesis));
    struct sy_view kept = sy_buf_view(&r->genesis_bytes);
    SY_TRY(
        sy_record_decode(&sy_genesis_desc, kept, &SY_MP_REQUEST, &r->arena, &r->genesis, reterr));
    proof_domain_id(r->domain, kept);
    r->has_head = true;
    return SY_OK;
}

static sy_status on_head(struct gw_replica *r, const msgpack_object *at, struct sy_error *reterr)
{
    struct sy_view genesis;
    uint64_t size;
    if (!sy_mp_bin(&at[0], &genesis) || !sy_mp_u64(&at[1], &size)) {
        return sy_fail(reterr, SY_E_FIELD, "head", "not a genesis and a size");
    }
    if (!r->has_head) {
        SY_TRY(first_head(r, genesis, reterr));
    }
    if (!sy_view_eq(genesis, sy_buf_view(&r->genesis_bytes))) {
        return sy_fail(reterr, SY_E_STATE, "head", "the genesis changed");
    }
    r->size = size;
    return SY_OK;
}

static bool is_replicated(struct sy_view key)
{
    static const char *const prefixes[] = {"party/", "grant/", "account/", "model/", "key/", "log"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (sy_view_starts(key, sy_view_str(prefixes[i]))) {
            return true;
        }
    }
    return false;
}

static sy_status on_row(struct gw_replica *r, const msgpack_object *at, struct sy_error *reterr)
{
    struct sy_view key;
    struct sy_view value;
    if (!sy_mp_str(&at[0], &key) || !sy_mp_bin(&at[1], &value) || !is_replicated(key)) {
        return sy_fail(reterr, SY_E_FIELD, "replica", "not a key and a row of the replica");
    }
    if (!r->has_head) {
        return sy_fail(reterr, SY_E_STATE, "replica", "a row came before the head");
    }
    return rules_state_put_raw(r->state, key, value);
}

static const struct {
    const char *method;
    sy_status (*take)(struct gw_replica *, const msgpack_object *, struct sy_error *);
} NOTIFICATIONS[] = {
    {"head", on_head},
    {"replica", on_row},
};

sy_status gw_replica_notify(struct gw_replica *r, const struct sy_rpc_msg *m,
                            struct sy_error *reterr)
{
    for (size_t i = 0; i < sizeof(NOTIFICATIONS) / sizeof(NOTIFICATIONS[0]); i++) {
        if (sy_view_is(m->method, NOTIFICATIONS[i].method)) {
            return m->params->via.array.size == 2
                       ? NOTIFICATIONS[i].take(r, m->params->via.array.ptr, reterr)
                       : sy_fail(reterr, SY_E_FIELD, NOTIFICATIONS[i].method, "not two parameters");
        }
    }
    return sy_fail(reterr, SY_E_METHOD, "notification", NULL);
}

struct sy_view gw_replica_log(const struct gw_replica *r, struct sy_arena *arena)
{
    struct sy_row_log row;
    struct sy_view key = sy_view_str("log"), value;
    bool rotated = rules_state_get(r->state, key, &value) &&
                   sy_ok(rules_state_read(r->state, key, &sy_row_log_desc, arena, &row, NULL));
    return rotated ? row.key : r->genesis.log;
}

sy_status gw_replica_put_ping(const struct gw_replica *r, int64_t now_s, struct sy_buf *b)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_ping ping = {
        .log = gw_replica_log(r, &arena),
        .purpose = r->genesis.purpose,
        .size = r->size,
        .time = now_s,
        .version = sy_view_str(GW_VERSION),
    };
    memcpy(ping.box, r->genesis.box, sizeof(ping.box));
    memcpy(ping.domain, r->domain, sizeof(ping.domain));
    memcpy(ping.warden, r->genesis.warden, sizeof(ping.warden));
    return sy_record_encode(&sy_ping_desc, &ping, b);
}
