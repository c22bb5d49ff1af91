/*
 * The outbox to the platforms beside the domain, and what they announce. An act that a platform is to hear of puts
 * its item into the outbox in the same event, so that nothing is told that did not happen, and nothing that
 * happened is forgotten; the item leaves the outbox with the platform's signed receipt.
 *
 * Invariants: an item (platform, entry, kind) is in the outbox or delivered, never both, and has one receipt for
 * ever, and fits the courier whatever it is about; a platform's cursor only grows, and its rows are so many at most.
 * Source: scheme articles 16, 19; wire/sync.h.
 */
#include "rules/sync.h"

#include "proof/envelope.h"
#include "proof/hash.h"
#include "scheme.h"
#include "wire/courier.h"

enum { KEY_CAP = 192, RES_CODE_MAX = 64, RECORD_MAX = 1 << 20, ITEM_REST = 4096 };
_Static_assert(SY_SYNC_RECORD_MAX + ITEM_REST <= SY_COURIER_BODY_MAX, "an item fits the courier");

/* ---- platforms ---- */

sy_status rules_sync_platforms(const struct rules_state *s, struct sy_arena *arena,
                               const struct sy_pack_platform **ret, size_t *ret_n,
                               struct sy_error *reterr)
{
    struct sy_pack p;
    struct sy_view value;
    *ret = NULL;
    *ret_n = 0;
    if (!rules_state_get(s, sy_view_str("pack"), &value)) {
        return SY_OK;
    }
    SY_TRY(pack_read(s, arena, &p, reterr));
    const struct sy_pack_sync *sync = scheme_sync(&p);
    if (sync != NULL) {
        *ret = sync->platforms;
        *ret_n = sync->n_platforms;
    }
    return SY_OK;
}

static sy_status platform_find(const struct rules_state *s, struct sy_view code,
                               struct sy_arena *arena, const struct sy_pack_platform **ret,
                               struct sy_error *err)
{
    size_t n;
    SY_TRY(rules_sync_platforms(s, arena, ret, &n, err));
    for (size_t i = 0; i < n; i++, (*ret)++) {
        if (sy_view_eq((*ret)->code, code)) {
            return SY_OK;
        }
    }
    return sy_fail(err, SY_E_FIELD, "platform", "the pack has no such platform");
}

/* ---- keys: outbox/PLATFORM/N/KIND and delivered/PLATFORM/N/KIND ---- */

static struct rules_key item_key(const char *prefix, struct sy_view platform, uint64_t entry,
                                 struct sy_view kind)
{
    char text[KEY_CAP];
    int n = snprintf(text, sizeof(text), "%.*s/%020llu/%.*s", SY_PV(platform),
                     (unsigned long long)entry, SY_PV(kind));
    bool fits = n > 0 && (size_t)n < sizeof(text);
    return rules_key_id(prefix, fits ? sy_view(text, (size_t)n) : (struct sy_view){0});
}

static sy_status waiting_read(const struct rules_state *s, struct sy_view platform, uint64_t entry,
                              struct sy_view kind, struct sy_arena *arena,
                              struct sy_sync_waiting *ret, struct sy_error *err)
{
    struct rules_key key = item_key("outbox/", platform, entry, kind);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_STATE, "entry", "no such item waits for the platform");
    }
    return rules_state_read(s, rules_key_view(&key), &sy_sync_waiting_desc, arena, ret, err);
}

/* ---- the outbox ---- */

static sy_status put_item(struct change *x, const struct sy_pack_platform *to, const char *kind,
                          const struct rules_key *of, struct sy_view record)
{
    struct sy_sync_item item = {.entry = x->entry,
                                .key = rules_key_view(of),
                                .kind = sy_view_str(kind),
                                .time = x->in->time};
    memcpy(item.domain, x->req->header.domain, sizeof(item.domain));
    if (record.n <= SY_SYNC_RECORD_MAX) {
        item.record = record;
    } else {
        proof_sha256_one(item.digest, record); /* or it would hold up all that follow */
    }
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(RECORD_MAX);
    if (!sy_ok(sy_record_encode(&sy_sync_item_desc, &item, &bytes))) {
        return sy_fail(x->err, SY_E_NO_MEMORY, "sync", NULL);
    }
    struct sy_sync_waiting row = {.item = sy_buf_view(&bytes), .time = x->in->time};
    struct rules_key key = item_key("outbox/", to->code, x->entry, item.kind);
    return effect_put(x->effect, &key, &sy_sync_waiting_desc, &row, x->err);
}

sy_status sync_queue(struct change *x, const char *kind, const struct rules_key *of,
                     struct sy_view record)
{
    const struct sy_pack_platform *to;
    size_t n;
    SY_TRY(rules_sync_platforms(x->state, x->arena, &to, &n, x->err));
    for (size_t i = 0; i < n; i++) {
        bool told = view_in(sy_view_str(kind), to[i].push, to[i].n_push);
        if (control(RULES_CTL_PLATFORM_TOLD, !told)) {
            continue;
        }
        SY_TRY(put_item(x, &to[i], kind, of, record));
    }
    return SY_OK;
}

sy_status rules_sync_next(const struct rules_state *s, struct sy_view platform,
                          struct sy_arena *arena, struct sy_view *ret, struct sy_error *reterr)
{
    struct rules_key prefix = rules_key_id("outbox/", platform);
    struct sy_view key, value;
    struct sy_sync_waiting row;
    char text[KEY_CAP];
    int n = snprintf(text, sizeof(text), "%.*s/", SY_PV(rules_key_view(&prefix)));
    *ret = (struct sy_view){0};
    if (n <= 0 || (size_t)n >= sizeof(text) ||
        !rules_state_next(s, sy_view(text, (size_t)n), (struct sy_view){0}, &key, &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(s, key, &sy_sync_waiting_desc, arena, &row, reterr));
    *ret = sy_arena_copy(arena, row.item);
    return ret->p != NULL ? SY_OK : sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
}

/* ---- signed answers ---- */

static sy_status own_domain(const struct rules_state *s, const uint8_t domain[32],
                            struct sy_arena *arena, struct sy_error *err)
{
    struct sy_row_domain row;
    SY_TRY(rules_state_read(s, sy_view_str("domain"), &sy_row_domain_desc, arena, &row, err));
    return memcmp(row.id, domain, 32) == 0
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "domain", "it is for another domain");
}

/* Has the platform signed this record, whose `sig` was taken out? BOUNDARY: what the courier brought is a stranger's
 * until here. */
static sy_status platform_signed(const struct sy_pack_platform *p, const struct sy_desc *desc,
                                 const void *unsigned_record, struct sy_view sig,
                                 struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(RECORD_MAX);
    if (!sy_ok(sy_record_encode(desc, unsigned_record, &bytes))) {
        return sy_fail(err, SY_E_NO_MEMORY, "sync", NULL);
    }
    bool fine = sy_ok(proof_verify(sig, sy_buf_view(&bytes), p->key));
    return control(RULES_CTL_PLATFORM_SIGNED, fine)
               ? SY_OK
               : sy_fail(err, SY_E_SIGNATURE, "sig", "not signed by the platform of the pack");
}

/* A receipt that counts, and what it is for. */
static sy_status receipt_read(const struct rules_state *s, struct sy_view platform,
                              struct sy_view answer, struct sy_arena *arena,
                              struct sy_sync_receipt *ret, struct sy_sync_waiting *ret_for,
                              struct sy_error *err)
{
    const struct sy_pack_platform *p;
    uint8_t digest[32];
    SY_TRY(platform_find(s, platform, arena, &p, err));
    SY_TRY(sy_record_decode(&sy_sync_receipt_desc, answer, &SY_MP_REQUEST, arena, ret, err));
    if (!sy_view_is(ret->ctx, SY_SYNC_RECEIPT) || !is_text(ret->number, SY_SYNC_NUMBER_MAX)) {
        return sy_fail(err, SY_E_FIELD, "receipt", "not a receipt with a number");
    }
    SY_TRY(own_domain(s, ret->domain, arena, err));
    SY_TRY(waiting_read(s, platform, ret->entry, ret->kind, arena, ret_for, err));
    proof_sha256_one(digest, ret_for->item);
    if (memcmp(digest, ret->digest, 32) != 0) {
        return sy_fail(err, SY_E_DIGEST, "digest", "the platform took something else");
    }
    struct sy_sync_receipt bare = *ret;
    bare.sig = (struct sy_view){0};
    return platform_signed(p, &sy_sync_receipt_desc, &bare, ret->sig, err);
}

sy_status rules_sync_receipt(const struct rules_state *s, struct sy_view platform,
                             struct sy_view answer, struct sy_arena *arena, struct sy_error *reterr)
{
    struct sy_sync_receipt r;
    struct sy_sync_waiting of;
    return receipt_read(s, platform, answer, arena, &r, &of, reterr);
}

sy_status decide_delivered(struct ask *c)
{
    const struct sy_sync_act *a = c->args;
    return rules_sync_receipt(c->state, a->platform, a->answer, c->arena, c->err);
}

sy_status apply_delivered(struct change *x)
{
    const struct sy_sync_act *a = x->args;
    struct sy_sync_receipt r;
    struct sy_sync_waiting of;
    struct sy_sync_item item;
    SY_TRY(receipt_read(x->state, a->platform, a->answer, x->arena, &r, &of, x->err));
    SY_TRY(sy_record_decode(&sy_sync_item_desc, of.item, &SY_MP_LARGE, x->arena, &item, x->err));
    struct sy_sync_done done = {
        .key = item.key, .number = r.number, .receipt = x->entry, .taken = r.time, .time = of.time};
    memcpy(done.digest, r.digest, sizeof(done.digest));
    struct rules_key from = item_key("outbox/", a->platform, r.entry, r.kind);
    struct rules_key to = item_key("delivered/", a->platform, r.entry, r.kind);
    SY_TRY(effect_put_bytes(x->effect, &from, (struct sy_view){0}, x->err));
    return effect_put(x->effect, &to, &sy_sync_done_desc, &done, x->err);
}

/* ---- announcements ---- */

static sy_status cursor_read(const struct rules_state *s, struct sy_view platform,
                             struct sy_arena *arena, struct sy_sync_cursor *ret,
                             struct sy_error *err)
{
    struct rules_key key = rules_key_id("pulled/", platform);
    struct sy_view value;
    *ret = (struct sy_sync_cursor){0};
    return rules_state_get(s, rules_key_view(&key), &value)
               ? rules_state_read(s, rules_key_view(&key), &sy_sync_cursor_desc, arena, ret, err)
               : SY_OK;
}

sy_status rules_sync_cursor(const struct rules_state *s, struct sy_view platform,
                            struct sy_arena *arena, uint64_t *ret, struct sy_error *reterr)
{
    struct sy_sync_cursor row;
    sy_status status = cursor_read(s, platform, arena, &row, reterr);
    *ret = row.next;
    return status;
}

static struct rules_key known_key(struct sy_view platform, struct sy_view res_code)
{
    char text[KEY_CAP];
    int n = snprintf(text, sizeof(text), "%.*s/%.*s", SY_PV(platform), SY_PV(res_code));
    bool fits = n > 0 && (size_t)n < sizeof(text);
    return rules_key_id("district/", fits ? sy_view(text, (size_t)n) : (struct sy_view){0});
}

/* How many codes of the page are not known yet. */
static uint64_t codes_new(const struct rules_state *s, struct sy_view platform,
                          const struct sy_sync_page *p)
{
    uint64_t n = 0;
    for (size_t i = 0; i < p->n_news; i++) {
        struct rules_key key = known_key(platform, p->news[i].res_code);
        struct sy_view value;
        bool again = rules_state_get(s, rules_key_view(&key), &value);
        for (size_t k = 0; k < i && !again; k++) {
            again = sy_view_eq(p->news[k].res_code, p->news[i].res_code);
        }
        n += !again;
    }
    return n;
}

static bool is_code(struct sy_view v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t ch = v.p[i];
        if (ch <= ' ' || ch >= 0x7f) {
            return false;
        }
    }
    return v.n >= 1 && v.n <= RES_CODE_MAX;
}

static bool news_sound(const struct sy_sync_news *v)
{
    return is_code(v->res_code) && is_text(v->title, SY_LABEL_BYTES_MAX) &&
           is_text(v->provider, SY_LABEL_BYTES_MAX) && v->version > 0;
}

static sy_status page_sound(const struct sy_sync_page *p, uint64_t cursor, struct sy_error *err)
{
    bool moves = p->n_news == 0 ? p->next == p->after : p->next > p->after;
    if (!sy_view_is(p->ctx, SY_SYNC_PAGE) || p->n_news > SY_SYNC_PAGE_MAX) {
        return sy_fail(err, SY_E_FIELD, "page", "not a page of announcements");
    }
    if (p->after != cursor || !moves) {
        return sy_fail(err, SY_E_STATE, "after", "the page does not follow the last one");
    }
    for (size_t i = 0; i < p->n_news; i++) {
        if (!news_sound(&p->news[i])) {
            return sy_fail(err, SY_E_FIELD, "news", "an announcement is not complete");
        }
    }
    return SY_OK;
}

/* ret_known: how many codes the page leaves known. */
static sy_status page_read(const struct rules_state *s, struct sy_view platform,
                           struct sy_view answer, struct sy_arena *arena, struct sy_sync_page *ret,
                           uint64_t *ret_known, struct sy_error *err)
{
    const struct sy_pack_platform *p;
    struct sy_sync_cursor cursor;
    SY_TRY(platform_find(s, platform, arena, &p, err));
    if (!p->pull) {
        return sy_fail(err, SY_E_FIELD, "platform", "its announcements are not read");
    }
    SY_TRY(sy_record_decode(&sy_sync_page_desc, answer, &SY_MP_REQUEST, arena, ret, err));
    SY_TRY(own_domain(s, ret->domain, arena, err));
    SY_TRY(cursor_read(s, platform, arena, &cursor, err));
    SY_TRY(page_sound(ret, cursor.next, err));
    struct sy_sync_page bare = *ret;
    bare.sig = (struct sy_view){0};
    SY_TRY(platform_signed(p, &sy_sync_page_desc, &bare, ret->sig, err));
    *ret_known = cursor.known + codes_new(s, platform, ret);
    return *ret_known <= SY_SYNC_KNOWN_MAX
               ? SY_OK
               : sy_fail(err, SY_E_LIMIT, "news", "at most %d resource codes of a platform",
                         SY_SYNC_KNOWN_MAX);
}

sy_status rules_sync_page(const struct rules_state *s, struct sy_view platform,
                          struct sy_view answer, struct sy_arena *arena, size_t *ret_news,
                          struct sy_error *reterr)
{
    struct sy_sync_page page;
    uint64_t known;
    *ret_news = 0;
    SY_TRY(page_read(s, platform, answer, arena, &page, &known, reterr));
    *ret_news = page.n_news;
    return SY_OK;
}

sy_status decide_pulled(struct ask *c)
{
    const struct sy_sync_act *a = c->args;
    size_t news;
    SY_TRY(rules_sync_page(c->state, a->platform, a->answer, c->arena, &news, c->err));
    return news > 0 ? SY_OK : sy_fail(c->err, SY_E_STATE, "news", "there is nothing new");
}

static sy_status put_known(struct change *x, struct sy_view platform, const struct sy_sync_news *v)
{
    struct rules_key key = known_key(platform, v->res_code);
    struct sy_sync_known row = {.entry = x->entry, .news = *v};
    return effect_put(x->effect, &key, &sy_sync_known_desc, &row, x->err);
}

sy_status apply_pulled(struct change *x)
{
    const struct sy_sync_act *a = x->args;
    struct sy_sync_page page;
    uint64_t known;
    SY_TRY(page_read(x->state, a->platform, a->answer, x->arena, &page, &known, x->err));
    for (size_t i = 0; i < page.n_news; i++) {
        SY_TRY(put_known(x, a->platform, &page.news[i]));
    }
    struct sy_sync_cursor row = {.entry = x->entry, .known = known, .next = page.next};
    struct rules_key key = rules_key_id("pulled/", a->platform);
    return effect_put(x->effect, &key, &sy_sync_cursor_desc, &row, x->err);
}
