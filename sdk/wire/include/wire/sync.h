/*
 * What a domain and the platforms beside it exchange: the city's, which is told of catalogue entries, of the
 * registration of assets and of the publication of products; the district's, which tells of entries and versions of
 * its own catalogue. Metadata only: there is no field that could hold a row.
 *
 *   POST URL/items      body: a canonical sy_sync_item       answer 200: a canonical sy_sync_receipt
 *   GET  URL/entries?after=N                                 answer 200: a canonical sy_sync_page
 *
 * An item is one entry of the domain's log and is named by it: sent again, it is the same item, and the platform
 * gives the same receipt. Receipts and pages are signed by the platform's key, which the pack names: the courier
 * between is trusted with nothing. Signed are the canonical bytes of the record without `sig`.
 *
 * Source: scheme articles 16, 19.
 */
#ifndef WIRE_SYNC_H
#define WIRE_SYNC_H

#include "wire/schema.h"

#define SY_SYNC_TYPE    "application/vnd.shuyu.sync"
#define SY_SYNC_RECEIPT "shuyu-sync-receipt-1"
#define SY_SYNC_PAGE    "shuyu-sync-page-1"

enum {
    SY_SYNC_PAGE_MAX = 256,        /* announcements of a page */
    SY_SYNC_KNOWN_MAX = 32 << 10,  /* resource codes that are kept of one platform */
    SY_SYNC_NUMBER_MAX = 128,      /* bytes */
    SY_SYNC_RECORD_MAX = 248 << 10 /* bytes of a record in an item, so that the courier takes it */
};

/* entry: of the act, which with domain and kind names the item. kind: catalogue | registration | product | withdrawal.
 * key: the state row that `record` is, canonical. digest: SHA-256 of a record above SY_SYNC_RECORD_MAX, in its place. */
#define SY_SYNC_ITEM_FIELDS(F, S, L)                                                               \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(b32, domain, "domain", 0)                                                                    \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, key, "key", 0)                                                                          \
    F(str, kind, "kind", 0)                                                                        \
    F(bin, record, "record", SY_OPT)                                                               \
    F(i64, time, "time", 0)
SY_RECORD(sync_item, SY_SYNC_ITEM_FIELDS)

/* digest: SHA-256 of the canonical item; number: under which the platform keeps it; time: when it took it. */
#define SY_SYNC_RECEIPT_FIELDS(F, S, L)                                                            \
    F(str, ctx, "ctx", 0)                                                                          \
    F(b32, digest, "digest", 0)                                                                    \
    F(b32, domain, "domain", 0)                                                                    \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, kind, "kind", 0)                                                                        \
    F(str, number, "number", 0)                                                                    \
    F(bin, sig, "sig", SY_OPT)                                                                     \
    F(i64, time, "time", 0)
SY_RECORD(sync_receipt, SY_SYNC_RECEIPT_FIELDS)

/* An entry of the district's catalogue, or a newer version of its data: announced, never sent. digest: of the
 * entry's record there. */
#define SY_SYNC_NEWS_FIELDS(F, S, L)                                                               \
    F(b32, digest, "digest", 0)                                                                    \
    F(str, provider, "provider", 0)                                                                \
    F(str, res_code, "res_code", 0)                                                                \
    F(i64, time, "time", 0)                                                                        \
    F(str, title, "title", 0)                                                                      \
    F(u64, version, "version", 0)
SY_RECORD(sync_news, SY_SYNC_NEWS_FIELDS)

/* after: as it was asked for; next: what to ask for then. None new: next = after, no news. */
#define SY_SYNC_PAGE_FIELDS(F, S, L)                                                               \
    F(u64, after, "after", SY_OPT)                                                                 \
    F(str, ctx, "ctx", 0)                                                                          \
    F(b32, domain, "domain", 0)                                                                    \
    L(sync_news, news, "news", SY_OPT)                                                             \
    F(u64, next, "next", SY_OPT)                                                                   \
    F(bin, sig, "sig", SY_OPT)
SY_RECORD(sync_page, SY_SYNC_PAGE_FIELDS)

/* --- methods: the warden's own acts ------------------------------------------------------------------------------- */

/* sync.delivered: what a platform answered for an item, canonical; sync.pulled: a page with news. platform: its
 * code in the pack. */
#define SY_SYNC_ACT_FIELDS(F, S, L)                                                                \
    F(bin, answer, "answer", 0)                                                                    \
    F(str, platform, "platform", 0)
SY_RECORD(sync_act, SY_SYNC_ACT_FIELDS)

/* --- rows, as state.list gives them -------------------------------------------------------------------------------- */

/* outbox/PLATFORM/N/KIND, while the item of entry N waits. item: canonical, as it will be sent. */
#define SY_SYNC_WAITING_FIELDS(F, S, L)                                                            \
    F(bin, item, "item", 0)                                                                        \
    F(i64, time, "time", 0)
SY_RECORD(sync_waiting, SY_SYNC_WAITING_FIELDS)

/* delivered/PLATFORM/N/KIND. digest: of the canonical item; key: of the row it was about; number, taken: of the
 * receipt, which entry `receipt` holds. */
#define SY_SYNC_DONE_FIELDS(F, S, L)                                                               \
    F(b32, digest, "digest", 0)                                                                    \
    F(str, key, "key", 0)                                                                          \
    F(str, number, "number", 0)                                                                    \
    F(u64, receipt, "receipt", 0)                                                                  \
    F(i64, taken, "taken", 0)                                                                      \
    F(i64, time, "time", 0)
SY_RECORD(sync_done, SY_SYNC_DONE_FIELDS)

/* pulled/PLATFORM: how far its announcements were read. known: resource codes that are kept of it. */
#define SY_SYNC_CURSOR_FIELDS(F, S, L)                                                             \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, known, "known", SY_OPT)                                                                 \
    F(u64, next, "next", 0)
SY_RECORD(sync_cursor, SY_SYNC_CURSOR_FIELDS)

/* district/PLATFORM/RES_CODE: the newest announcement; entry: of sync.pulled. */
#define SY_SYNC_KNOWN_FIELDS(F, S, L)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    S(sync_news, news, "news", 0)
SY_RECORD(sync_known, SY_SYNC_KNOWN_FIELDS)

#endif
