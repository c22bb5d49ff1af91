/*
 * What: one request at a time for each platform. What was asked is forgotten when it fails; the outbox in the
 * state is the memory, so a crash between a platform's receipt and its entry in the log sends the item again, and
 * the platform, which knows it by its entry, gives the same receipt.
 */
#include "warden/sync.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "rules/sync.h"
#include "warden/courier.h"
#include "warden/record.h"

enum {
    PEERS_MAX = 8,
    CODE_MAX = 64,
    ASK_MS = 15000,
    FAILURES_MAX = 8,
    ACT_MAX = 1 << 20,
    FULL_PAUSE_S = 60
};
static const uint64_t SECOND_NS = 1000000000;

/* How one platform stands; kept by its code, for a later pack may list others. */
struct peer {
    char code[CODE_MAX + 1];
    bool asking;
    bool away; /* its last answer was none */
    unsigned failures;
    uint64_t at_ns;   /* not before */
    uint64_t pull_ns; /* its announcements, not before */
};

static struct peer peers[PEERS_MAX]; /* one warden a process */

/* A request in flight. */
struct sent {
    struct warden *w;
    struct peer *peer;
    bool pull;
    uint64_t every_s;
};

static struct peer *peer_of(struct sy_view code)
{
    for (size_t i = 0; i < PEERS_MAX; i++) {
        if (peers[i].code[0] == '\0') {
            sy_view_to_cstr(code, peers[i].code, sizeof(peers[i].code));
        }
        if (sy_view_is(code, peers[i].code)) {
            return &peers[i];
        }
    }
    for (size_t i = 0; i < PEERS_MAX; i++) { /* of an earlier pack */
        if (!peers[i].asking) {
            peers[i] = (struct peer){0};
            sy_view_to_cstr(code, peers[i].code, sizeof(peers[i].code));
            return &peers[i];
        }
    }
    return NULL;
}

/* --- how it ended ----------------------------------------------------------------------------------- */

/* Said once: a platform that is away for a week is one line. */
static void fail(struct peer *p, int64_t code)
{
    unsigned shift = p->failures < FAILURES_MAX ? p->failures : FAILURES_MAX;
    p->failures++;
    p->at_ns = sy_mono_ns() + (SECOND_NS << shift);
    if (!p->away) {
        sy_log(SY_LOG_WARN, "a platform does not take what it is told",
               SY_LOGF_ID("platform", sy_view_str(p->code)), SY_LOGF_CODE(code));
    }
    p->away = true;
}

static void thrive(struct peer *p)
{
    if (p->away) {
        sy_log(SY_LOG_INFO, "a platform is there again",
               SY_LOGF_ID("platform", sy_view_str(p->code)));
    }
    p->failures = 0;
    p->away = false;
}

static sy_status record_act(struct warden *w, const char *method, struct sy_view platform,
                            struct sy_view answer)
{
    struct sy_sync_act act = {.answer = answer, .platform = platform};
    struct sy_inputs in = {0};
    uint64_t entry = 0;
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(ACT_MAX);
    SY_TRY(sy_record_encode(&sy_sync_act_desc, &act, &args));
    return warden_act(w, method, NULL, sy_buf_view(&args), &in, &entry, NULL);
}

/* A platform with more to tell than fits a page is asked again before its time, and yet not as fast as it answers:
 * each page stays in the log for good. */
static uint64_t pause_s(uint64_t every_s, size_t news)
{
    return news == SY_SYNC_PAGE_MAX && every_s > FULL_PAUSE_S ? FULL_PAUSE_S : every_s;
}

/* BOUNDARY: what came back is looked at as the rules will, before it becomes an act of the warden's. */
static sy_status take(const struct sent *q, struct sy_view answer)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_view code = sy_view_str(q->peer->code);
    struct sy_error err = {0};
    size_t news = 0;
    if (!q->pull) {
        SY_TRY(rules_sync_receipt(q->w->state, code, answer, &arena, &err));
        return record_act(q->w, "sync.delivered", code, answer);
    }
    SY_TRY(rules_sync_page(q->w->state, code, answer, &arena, &news, &err));
    q->peer->pull_ns = sy_mono_ns() + pause_s(q->every_s, news) * SECOND_NS;
    return news == 0 ? SY_OK : record_act(q->w, "sync.pulled", code, answer);
}

static void on_answer(void *ctx, sy_status s, unsigned http_status, struct sy_view body)
{
    struct sent *q = ctx;
    q->peer->asking = false;
    if (!q->w->failed) {
        int64_t code = sy_ok(s) ? (int64_t)http_status : s.code;
        s = sy_ok(s) && http_status == 200 ? take(q, body) : sy_status_of(SY_E_REFUSED);
        if (sy_ok(s)) {
            thrive(q->peer);
            warden_sync_tick(q->w); /* the next item need not wait */
        } else {
            fail(q->peer, http_status == 200 ? s.code : code);
        }
    }
    free(q);
}

/* --- asking --------------------------------------------------------------------------------------------- */

static sy_status send_sent(struct warden *w, struct peer *p, bool pull, uint64_t every_s,
                           const char *url, struct sy_view body)
{
    struct sent *q = calloc(1, sizeof(*q));
    if (q == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *q = (struct sent){w, p, pull, every_s};
    sy_status s = warden_courier_http(w, pull ? "GET" : "POST", url, pull ? "" : SY_SYNC_TYPE, body,
                                      ASK_MS, on_answer, q, NULL);
    p->asking = sy_ok(s);
    if (!sy_ok(s)) {
        free(q);
    }
    return s;
}

static sy_status ask_news(struct warden *w, struct peer *p, const struct sy_pack_platform *to,
                          const char *base, struct sy_arena *arena)
{
    uint64_t after = 0;
    char domain[65];
    SY_TRY(rules_sync_cursor(w->state, to->code, arena, &after, NULL));
    sodium_bin2hex(domain, sizeof(domain), w->domain, 32);
    char *url = sy_arena_printf(arena, "%s/entries?domain=%s&after=%" PRIu64, base, domain, after);
    return url == NULL ? sy_status_of(SY_E_NO_MEMORY)
                       : send_sent(w, p, true, to->every_s, url, (struct sy_view){0});
}

static sy_status ask_platform(struct warden *w, struct peer *p, const struct sy_pack_platform *to,
                              struct sy_arena *arena)
{
    struct sy_view item;
    size_t n = to->url.n;
    while (n > 0 && to->url.p[n - 1] == '/') {
        n--;
    }
    char *base = sy_arena_printf(arena, "%.*s", SY_PV(sy_view(to->url.p, n)));
    SY_TRY(rules_sync_next(w->state, to->code, arena, &item, NULL));
    if (base == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (item.n == 0) {
        return to->pull && sy_mono_ns() >= p->pull_ns ? ask_news(w, p, to, base, arena) : SY_OK;
    }
    char *url = sy_arena_printf(arena, "%s/items", base);
    return url == NULL ? sy_status_of(SY_E_NO_MEMORY) : send_sent(w, p, false, 0, url, item);
}

void warden_sync_tick(struct warden *w)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    const struct sy_pack_platform *to;
    size_t n;
    if (w->failed || !warden_has_room(w) || /* what comes back is recorded */
        !sy_ok(rules_sync_platforms(w->state, &arena, &to, &n, NULL))) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct peer *p = peer_of(to[i].code);
        if (p == NULL || p->asking || sy_mono_ns() < p->at_ns) {
            continue;
        }
        sy_status s = ask_platform(w, p, &to[i], &arena);
        if (!sy_ok(s)) {
            fail(p, s.code);
        }
    }
}
