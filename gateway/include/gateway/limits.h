/*
 * Every ceiling of the gateway, in one table: field, command line option, default, range, help. The
 * struct, the defaults and the options are made from it. And the token buckets, which bound how often
 * one certificate or one address may ask.
 *
 * Runs in: gateway. Trusts: its command line. Holds: fingerprints and addresses of recent callers.
 * May block/alloc: gw_buckets_new allocates once; nothing blocks. Threads: the loop's.
 */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct sockaddr;

/* X(field, option, default, least, most, help) */
#define GW_LIMITS(X)                                                                               \
    X(max_conns, "max-connections", 1024, 1, 16384, "connections at once")                         \
    X(max_per_address, "max-per-address", 128, 1, 16384,                                           \
      "connections of one IPv4 address or IPv6 /64")                                               \
    X(max_in_flight, "max-in-flight", 32, 1, 60,                                                   \
      "unanswered requests of one connection; then it is not read")                                \
    X(rate, "rate", 50, 1, 1000000, "requests a second of one certificate")                        \
    X(burst, "burst", 100, 1, 1000000, "requests that may come at once")                           \
    X(handshake_ms, "handshake-ms", 5000, 100, 600000, "time for the TLS handshake")               \
    X(idle_ms, "idle-ms", 60000, 100, 86400000, "time without a request in flight")                \
    X(request_ms, "request-ms", 15000, 100, 600000,                                                \
      "time from the first to the last byte of a request")                                         \
    X(stall_ms, "stall-ms", 30000, 100, 600000, "time in which a client takes none of its answer") \
    X(output_mib, "output-mib", 128, 1, 1024,                                                      \
      "answers queued for one connection; past it, it is dropped")                                 \
    X(output_all_mib, "output-all-mib", 1024, 1, 65536, "answers queued for all connections")      \
    X(edge_mib, "edge-mib", 8, 1, 1024, "requests queued for the warden; past it no client is read")

struct gw_limits {
#define GW_LIMIT_FIELD(field, option, value, least, most, help) uint64_t field;
    GW_LIMITS(GW_LIMIT_FIELD)
#undef GW_LIMIT_FIELD
};

extern const struct gw_limits GW_LIMITS_DEFAULT;

/* ---- Token buckets ---- */

enum {
    GW_KEY_BYTES = 32,      /* a certificate's fingerprint, or gw_address_key */
    GW_COST_REQUEST = 1000, /* thousandths of a request */
    GW_COST_PAGE = 100      /* a file over HTTPS */
};

struct gw_buckets;

/* rate: requests a second; burst: how many a caller may have saved up. NULL when out of memory. */
struct gw_buckets *gw_buckets_new(uint64_t rate, uint64_t burst);
void gw_buckets_free(struct gw_buckets *b); /* NULL-safe */

/* Take `cost` thousandths of a request from the bucket of `key`. False when it holds less, with
 * *ret_wait_ms (> 0) until it would; nothing is taken then. now_ms never goes back. The table is of
 * fixed size; a caller that it forgets starts with a full bucket. */
bool gw_buckets_take(struct gw_buckets *b, const uint8_t key[GW_KEY_BYTES], uint64_t cost,
                     uint64_t now_ms, uint64_t *ret_wait_ms);

/* The key of a peer's address: IPv4 whole (mapped ones too), IPv6 by its /64, others alike. */
void gw_address_key(const struct sockaddr *sa, uint8_t ret[GW_KEY_BYTES]);

#endif
