/*
 * What: defaults and token buckets. Buckets lie in a fixed table; a key may lie in any of WINDOW
 * rows from where its first bytes point. When all are taken by others, the fullest is given up: a full
 * bucket says no more than an absent one, so forgetting is always in the caller's favour, and nobody
 * can make the gateway hold more than the table.
 * Invariant: level <= burst * 1000.
 */
#include "gateway/limits.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4096, WINDOW = 16 };

const struct gw_limits GW_LIMITS_DEFAULT = {
#define LIMIT_DEFAULT(field, option, value, least, most, help) .field = (value),
    GW_LIMITS(LIMIT_DEFAULT)
#undef LIMIT_DEFAULT
};

struct bucket {
    uint8_t key[GW_KEY_BYTES];
    uint64_t level; /* thousandths of a request, as of at_ms */
    uint64_t at_ms;
    bool used;
};

struct gw_buckets {
    uint64_t rate; /* a second, hence thousandths a millisecond */
    uint64_t full; /* thousandths */
    struct bucket rows[ROWS];
};

struct gw_buckets *gw_buckets_new(uint64_t rate, uint64_t burst)
{
    struct gw_buckets *b = calloc(1, sizeof(*b));
    if (b != NULL) {
        b->rate = rate;
        b->full = burst * GW_COST_REQUEST;
    }
    return b;
}

void gw_buckets_free(struct gw_buckets *b)
{
    free(b);
}

/* What the bucket holds now. Elapsed time is cut where the bucket is full anyway: no overflow. */
static uint64_t level_now(const struct gw_buckets *b, const struct bucket *row, uint64_t now_ms)
{
    if (!row->used) {
        return b->full;
    }
    uint64_t elapsed = now_ms - row->at_ms;
    uint64_t missing = b->full - row->level;
    return elapsed > missing / b->rate ? b->full : row->level + elapsed * b->rate;
}

static struct bucket *find(struct gw_buckets *b, const uint8_t key[GW_KEY_BYTES], uint64_t now_ms)
{
    uint32_t at;
    memcpy(&at, key, sizeof(at));
    struct bucket *best = NULL;
    for (uint32_t i = 0; i < WINDOW; i++) {
        struct bucket *row = &b->rows[(at + i) % ROWS];
        if (row->used && memcmp(row->key, key, GW_KEY_BYTES) == 0) {
            return row;
        }
        if (best == NULL || level_now(b, row, now_ms) > level_now(b, best, now_ms)) {
            best = row;
        }
    }
    *best = (struct bucket){.level = b->full, .at_ms = now_ms, .used = true};
    memcpy(best->key, key, GW_KEY_BYTES);
    return best;
}

bool gw_buckets_take(struct gw_buckets *b, const uint8_t key[GW_KEY_BYTES], uint64_t cost,
                     uint64_t now_ms, uint64_t *ret_wait_ms)
{
    struct bucket *row = find(b, key, now_ms);
    row->level = level_now(b, row, now_ms);
    row->at_ms = now_ms;
    if (row->level < cost) {
        *ret_wait_ms = (cost - row->level + b->rate - 1) / b->rate;
        return false;
    }
    row->level -= cost;
    return true;
}

/* The first byte tells the kinds apart; the rest is zero-filled. */
void gw_address_key(const struct sockaddr *sa, uint8_t ret[GW_KEY_BYTES])
{
    memset(ret, 0, GW_KEY_BYTES);
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        ret[4] = 4;
        memcpy(ret, &in.sin_addr, 4);
        return;
    }
    if (sa->sa_family != AF_INET6) {
        return;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof(in6));
    bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
    ret[mapped ? 4 : 8] = mapped ? 4 : 6;
    memcpy(ret, in6.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 8);
}
