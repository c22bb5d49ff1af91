/*
 * The outbox to the platforms beside the domain and their announcements: an approved entry waits there, leaves with
 * the platform's signed receipt, once; a page of announcements follows the last one. One function named control_x for
 * each control, which fails when that control is switched off.
 */
#include "test_catalogue_kit.h"

#include "proof/hash.h"
#include "rules/sync.h"
#include "scheme/scheme.h"
#include "wire/courier.h"

#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* The kit's pack with a catalogue and two platforms: "city" is told of it all, "district" is read. */
static struct sy_pack *sync_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = cat_pack(k, version);
    struct sy_pack_sync *s = kit_alloc(k, 1, sizeof(*s));
    s->platforms = kit_alloc(k, 2, sizeof(*s->platforms));
    s->n_platforms = 2;
    s->platforms[0] = (struct sy_pack_platform){
        .code = V("city"), .url = V("https://city.example/sync"), .n_push = 4};
    s->platforms[0].push = KIT_STRS(k, "catalogue", "registration", "product", "withdrawal");
    s->platforms[1] = (struct sy_pack_platform){
        .code = V("district"), .url = V("https://district.example"), .pull = true, .every_s = 60};
    memcpy(s->platforms[0].key, kit_party(k, "city")->sign, 32);
    memcpy(s->platforms[1].key, kit_party(k, "district")->sign, 32);
    p->scheme[0].sync = s;
    p->scheme[0].n_sync = 1;
    return p;
}

static void sync_domain(struct kit *k)
{
    cat_domain(k);
    (void)kit_new_party(k, "city");
    (void)kit_new_party(k, "district");
    assert_int_equal(kit_adopt(k, sync_pack(k, 3)), 0);
}

/* What the courier could not fetch is refused when it is adopted. */
static void platforms_have_urls_that_can_be_asked(void **state)
{
    static const char *const bad[] = {"",
                                      "city.example",
                                      "ftp://city.example",
                                      "https://me@city.example/",
                                      "https://city.example/?x",
                                      "https://city.example/#x",
                                      "https://city.example/a b",
                                      "https://127.1/",
                                      "https://city.example:99999/",
                                      "https://\xe5\x9f\x8e.example/"};
    struct kit *k = *state;
    sync_domain(k);
    for (size_t i = 0; i < LEN(bad); i++) {
        struct sy_pack *p = sync_pack(k, 4);
        p->scheme[0].sync->platforms[0].url = V(bad[i]);
        if (kit_adopt(k, p) != SY_E_FIELD) {
            fail_msg("adopted: %s", bad[i]);
        }
    }
    struct sy_pack *p = sync_pack(k, 4);
    p->scheme[0].sync->platforms[0].url = V("http://[::1]:8443/at/");
    assert_int_equal(kit_adopt(k, p), 0);
}

static struct sy_sync_item waiting(struct kit *k, const char *platform)
{
    struct sy_sync_item item = {0};
    struct sy_view bytes;
    check_ok(rules_sync_next(k->state, V(platform), &k->arena, &bytes, NULL));
    if (bytes.n > 0) {
        check_ok(sy_record_decode(&sy_sync_item_desc, bytes, &SY_MP_LARGE, &k->arena, &item, NULL));
    }
    return item;
}

/* What the city would answer for the item that waits, signed by `by`. */
static struct sy_sync_receipt receipt_for(struct kit *k)
{
    struct sy_view bytes;
    struct sy_sync_item item = waiting(k, "city");
    struct sy_sync_receipt r = {.ctx = V(SY_SYNC_RECEIPT),
                                .entry = item.entry,
                                .kind = item.kind,
                                .number = V("济数登〔2026〕17号"),
                                .time = k->time};
    check_ok(rules_sync_next(k->state, V("city"), &k->arena, &bytes, NULL));
    proof_sha256_one(r.digest, bytes);
    memcpy(r.domain, k->domain, 32);
    return r;
}

static struct sy_view sign_record(struct kit *k, const char *by, const struct sy_desc *desc,
                                  const void *record)
{
    uint8_t *sig = kit_alloc(k, 64, 1);
    proof_sign(sig, kit_encode(k, desc, record), kit_party(k, by)->secret);
    return sy_view(sig, 64);
}

static int32_t act(struct kit *k, const char *method, const char *platform, struct sy_view answer)
{
    struct sy_sync_act a = {.answer = answer, .platform = V(platform)};
    return kit_call(k, "warden", method, &sy_sync_act_desc, &a, NULL, NULL);
}

static int32_t deliver(struct kit *k, const char *by, struct sy_sync_receipt r)
{
    r.sig = sign_record(k, by, &sy_sync_receipt_desc, &r);
    return act(k, "sync.delivered", "city", kit_encode(k, &sy_sync_receipt_desc, &r));
}

/* ---- the outbox ---- */

static void control_platform_told(void **state)
{
    struct kit *k = *state;
    sync_domain(k);
    assert_int_equal(waiting(k, "city").key.n, 0);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_int_equal(waiting(k, "city").key.n, 0); /* the agency has not approved */
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    struct sy_sync_item item = waiting(k, "city");
    assert_true(sy_view_is(item.kind, "catalogue") && sy_view_is(item.key, "entry/persons"));
    assert_int_equal(item.entry, k->entry - 1);
    struct sy_entry e;
    check_ok(sy_record_decode(&sy_entry_desc, item.record, &SY_MP_LARGE, &k->arena, &e, NULL));
    assert_true(sy_view_is(e.dataset, "persons"));
    assert_int_equal(waiting(k, "district").key.n, 0); /* it is told nothing */
}

static void items_leave_with_a_receipt_oldest_first(void **state)
{
    struct kit *k = *state;
    sync_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    uint64_t first = waiting(k, "city").entry;
    assert_int_equal(cat_withdraw(k, "health", "persons"), 0);
    assert_int_equal(waiting(k, "city").entry, first);
    struct sy_sync_receipt r = receipt_for(k);
    assert_int_equal(deliver(k, "city", r), 0);
    struct sy_sync_item next = waiting(k, "city");
    assert_true(sy_view_is(next.kind, "withdrawal") && next.entry > first);
    assert_int_equal(deliver(k, "city", r), SY_E_STATE); /* once */
    assert_int_equal(deliver(k, "city", receipt_for(k)), 0);
    assert_int_equal(waiting(k, "city").key.n, 0);
    char key[96];
    snprintf(key, sizeof(key), "delivered/city/%020llu/catalogue", (unsigned long long)first);
    assert_true(cat_has_row(k, key) && cat_sees(k, "agency", key) && !cat_sees(k, "dev", key));
}

/* The item about a record of n bytes, as apply puts it. */
static struct sy_sync_item queued(struct kit *k, size_t n, size_t *ret_bytes)
{
    struct rules_request req = {.header = {.party = V("agency")}};
    struct sy_inputs in = {.time = k->time};
    struct rules_key of = rules_key_id("entry/", V("persons"));
    RULES_EFFECT_CLEANUP struct rules_effect *effect = effect_alloc();
    struct change x = {.state = k->state,
                       .req = &req,
                       .in = &in,
                       .arena = &k->arena,
                       .entry = k->entry,
                       .effect = effect,
                       .err = &k->err};
    struct sy_sync_waiting row;
    struct sy_sync_item item;
    struct sy_view key, value;
    assert_non_null(effect);
    check_ok(sync_queue(&x, "catalogue", &of, sy_view(kit_alloc(k, n, 1), n)));
    assert_true(rules_effect_row(effect, 0, &key, &value));
    value = sy_arena_copy(&k->arena, value);
    check_ok(sy_record_decode(&sy_sync_waiting_desc, value, &SY_MP_LARGE, &k->arena, &row, NULL));
    check_ok(sy_record_decode(&sy_sync_item_desc, row.item, &SY_MP_LARGE, &k->arena, &item, NULL));
    *ret_bytes = row.item.n;
    return item;
}

/* A record that the courier can't take is told of by its digest: it holds up nothing that follows. */
static void large_records_are_told_by_their_digest(void **state)
{
    struct kit *k = *state;
    uint8_t digest[32];
    size_t bytes;
    sync_domain(k);
    struct sy_sync_item item = queued(k, SY_SYNC_RECORD_MAX, &bytes);
    assert_true(item.record.n == SY_SYNC_RECORD_MAX && bytes <= SY_COURIER_BODY_MAX);
    static const size_t large[] = {SY_SYNC_RECORD_MAX + 1, RULES_VALUE_MAX};
    for (size_t i = 0; i < LEN(large); i++) {
        item = queued(k, large[i], &bytes);
        proof_sha256_one(digest, sy_view(kit_alloc(k, large[i], 1), large[i]));
        assert_true(item.record.n == 0 && bytes <= SY_COURIER_BODY_MAX);
        assert_memory_equal(item.digest, digest, 32);
        assert_true(sy_view_is(item.key, "entry/persons"));
    }
}

static void control_platform_signed(void **state)
{
    struct kit *k = *state;
    sync_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    assert_int_equal(deliver(k, "district", receipt_for(k)), SY_E_SIGNATURE);
    assert_int_equal(deliver(k, "city", receipt_for(k)), 0);
}

static void receipts_are_for_what_was_sent(void **state)
{
    struct kit *k = *state;
    sync_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    struct sy_sync_receipt r = receipt_for(k);
    r.digest[0] ^= 1;
    assert_int_equal(deliver(k, "city", r), SY_E_DIGEST);
    r = receipt_for(k);
    r.domain[0] ^= 1;
    assert_int_equal(deliver(k, "city", r), SY_E_FIELD);
    r = receipt_for(k);
    r.entry++;
    assert_int_equal(deliver(k, "city", r), SY_E_STATE);
    r = receipt_for(k);
    r.ctx = V(SY_SYNC_PAGE);
    assert_int_equal(deliver(k, "city", r), SY_E_FIELD);
    r = receipt_for(k);
    r.number = V("");
    assert_int_equal(deliver(k, "city", r), SY_E_FIELD);
    r = receipt_for(k);
    r.sig = sign_record(k, "city", &sy_sync_receipt_desc, &r);
    assert_int_equal(act(k, "sync.delivered", "county", kit_encode(k, &sy_sync_receipt_desc, &r)),
                     SY_E_FIELD);
    assert_int_equal(waiting(k, "city").kind.n > 0, 1);
}

/* ---- announcements ---- */

static struct sy_sync_page *page_after(struct kit *k, uint64_t after, uint64_t next)
{
    struct sy_sync_page *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_sync_page){.after = after, .ctx = V(SY_SYNC_PAGE), .next = next};
    p->news = kit_alloc(k, 1, sizeof(*p->news));
    p->news[0] = (struct sy_sync_news){.provider = V("区民政局"),
                                       .res_code = V("307-1/000017"),
                                       .time = k->time,
                                       .title = V("婚姻登记"),
                                       .version = next};
    p->n_news = 1;
    memcpy(p->domain, k->domain, 32);
    return p;
}

static int32_t pull(struct kit *k, const char *by, const char *platform, struct sy_sync_page *p)
{
    p->sig = (struct sy_view){0};
    p->sig = sign_record(k, by, &sy_sync_page_desc, p);
    return act(k, "sync.pulled", platform, kit_encode(k, &sy_sync_page_desc, p));
}

static void pages_follow_each_other(void **state)
{
    struct kit *k = *state;
    uint64_t at = 9;
    sync_domain(k);
    assert_int_equal(pull(k, "district", "district", page_after(k, 5, 7)), SY_E_STATE);
    assert_int_equal(pull(k, "city", "district", page_after(k, 0, 7)), SY_E_SIGNATURE);
    assert_int_equal(pull(k, "city", "city", page_after(k, 0, 7)), SY_E_FIELD);
    assert_int_equal(pull(k, "district", "district", page_after(k, 0, 7)), 0);
    check_ok(rules_sync_cursor(k->state, V("district"), &k->arena, &at, NULL));
    assert_int_equal(at, 7);
    assert_int_equal(pull(k, "district", "district", page_after(k, 0, 7)), SY_E_STATE);
    assert_int_equal(pull(k, "district", "district", page_after(k, 7, 7)), SY_E_STATE);
    assert_true(cat_sees(k, "dev", "district/district/307-1/000017"));
    struct sy_sync_page *p = page_after(k, 7, 8);
    p->news[0].title = V("");
    assert_int_equal(pull(k, "district", "district", p), SY_E_FIELD);
    p = page_after(k, 7, 8);
    p->news[0].res_code = V("a b");
    assert_int_equal(pull(k, "district", "district", p), SY_E_FIELD);
    p = page_after(k, 7, 7);
    p->n_news = 0;
    assert_int_equal(pull(k, "district", "district", p), SY_E_STATE); /* nothing new is no act */
    assert_int_equal(pull(k, "district", "district", page_after(k, 7, 8)), 0);
}

/* A full page of codes from the number `from` on. */
static struct sy_sync_page *full_page(struct kit *k, uint64_t after, uint64_t from)
{
    struct sy_sync_page *p = page_after(k, after, after + SY_SYNC_PAGE_MAX);
    const struct sy_sync_news first = p->news[0];
    p->news = kit_alloc(k, SY_SYNC_PAGE_MAX, sizeof(*p->news));
    p->n_news = SY_SYNC_PAGE_MAX;
    for (size_t i = 0; i < p->n_news; i++) {
        p->news[i] = first;
        p->news[i].res_code =
            sy_view_str(sy_arena_printf(&k->arena, "307-1/%08llu", (unsigned long long)(from + i)));
    }
    return p;
}

/* A platform fills no more of the state than so many codes; newer versions of those are still read. */
static void a_platform_has_so_many_codes(void **state)
{
    struct kit *k = *state;
    sync_domain(k);
    uint64_t at = 0;
    for (; at < SY_SYNC_KNOWN_MAX; at += SY_SYNC_PAGE_MAX) {
        assert_int_equal(pull(k, "district", "district", full_page(k, at, at)), 0);
    }
    assert_int_equal(pull(k, "district", "district", full_page(k, at, at - SY_SYNC_PAGE_MAX + 1)),
                     SY_E_LIMIT);
    assert_int_equal(pull(k, "district", "district", full_page(k, at, 0)), 0);
    at += SY_SYNC_PAGE_MAX;
    assert_int_equal(pull(k, "district", "district", page_after(k, at, at + 1)), SY_E_LIMIT);
}

static void packs_name_sound_platforms(void **state)
{
    struct kit *k = *state;
    sync_domain(k);
    static const struct sy_view bad_urls[] = {{(const uint8_t *)"ftp://x", 7}, {NULL, 0}};
    for (size_t i = 0; i < LEN(bad_urls); i++) {
        struct sy_pack *p = sync_pack(k, 4);
        p->scheme[0].sync[0].platforms[0].url = bad_urls[i];
        assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    }
    struct sy_pack *p = sync_pack(k, 4);
    p->scheme[0].sync[0].platforms[1].code = V("city");
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p = sync_pack(k, 4);
    p->scheme[0].sync[0].platforms[1].every_s = 0;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p = sync_pack(k, 4);
    p->scheme[0].sync[0].platforms[0].push[1] = V("rows");
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p = sync_pack(k, 4);
    memset(p->scheme[0].sync[0].platforms[0].key, 0, 32);
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    assert_int_equal(kit_adopt(k, sync_pack(k, 4)), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(control_platform_told),
        T(items_leave_with_a_receipt_oldest_first),
        T(control_platform_signed),
        T(receipts_are_for_what_was_sent),
        T(pages_follow_each_other),
        T(packs_name_sound_platforms),
        T(platforms_have_urls_that_can_be_asked),
        T(large_records_are_told_by_their_digest),
        T(a_platform_has_so_many_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
