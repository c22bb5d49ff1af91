/*
 * A log may say anything. Whatever it claims to have been allowed, with whatever inputs, replay names it and goes on:
 * for every method, under every party, an entry that no honest warden would have written.
 */
#include "test_kit.h"

#include "proof/consent.h"
#include "rules/replay.h"
#include "wire/consent.h"
#include "wire/payload.h"

static void count_one(void *ctx, const struct rules_difference *d)
{
    size_t *n = ctx;
    (void)d;
    (*n)++;
}

static void follow(struct rules_replayer *r, struct kit *k, const struct sy_event *event,
                   uint64_t entry, size_t *told)
{
    struct rules_facts facts;
    struct rules_request req;
    struct sy_event e;
    check_ok(sy_record_decode(&sy_event_desc, kit_encode(k, &sy_event_desc, event), &SY_MP_LARGE,
                              &k->arena, &e, NULL));
    check_ok(rules_request_prepare(&e, true, &k->arena, &facts, &req, NULL));
    check_ok(rules_replayer_next(r, &e, &req, entry, count_one, told, NULL));
}

/* The kit's own log. */
static struct rules_state *honest(struct kit *k)
{
    struct rules_state *s = rules_state_new();
    for (uint64_t i = 0; i < k->entry; i++) {
        struct sy_event e;
        check_ok(sy_record_decode(&sy_event_desc, k->events[i], &SY_MP_LARGE, &k->arena, &e, NULL));
        check_ok(rules_replay(s, &e, i, NULL));
    }
    return s;
}

/* An allowed request of this method, with this record and no inputs at all. */
static struct sy_event forged(struct kit *k, const char *party, const struct rules_method *m,
                              const void *args)
{
    struct rules_request *r = kit_request(k, party, m->name, m->args, args);
    const struct sy_inputs in = {.time = k->time + 1};
    const struct rules_decision d = {.kind = RULES_KIND_EVENT, .type = sy_view_str(m->type)};
    struct sy_event e;
    memcpy(r->header.grant, k->grant, 32);
    memcpy(r->header.subject, k->model, 32);
    kit_sign(k, r, kit_party(k, party));
    rules_event_fill(r, &in, &d, &e);
    return e;
}

static void forge(struct kit *k, const struct rules_state *s, const char *party,
                  const struct rules_method *m, const void *args)
{
    RULES_STATE_CLEANUP struct rules_state *copy = rules_state_clone(s);
    RULES_REPLAYER_CLEANUP struct rules_replayer *r = rules_replayer_new(copy);
    struct sy_event e = forged(k, party, m, args);
    size_t told = 0;
    follow(r, k, &e, k->entry, &told);
    if (told == 0) {
        fail_msg("%s by %s replays", m->name, party);
    }
    follow(r, k, &e, k->entry + 1, &told); /* and on, from wherever that led */
}

static void test_every_method(void **state)
{
    static const char *const PARTIES[] = {"acme", "agency", "health", "warden"};
    static struct kit k;
    const struct rules_method *m;
    (void)state;
    kit_init(&k);
    kit_ready(&k);
    assert_int_equal(kit_run(&k, "40"), 0);
    assert_int_equal(kit_answer(&k, k.entry - 1, "ok"), 0);
    RULES_STATE_CLEANUP struct rules_state *s = honest(&k);
    for (size_t i = 0; (m = rules_method_at(i)) != NULL; i++) {
        for (size_t p = 0; p < LEN(PARTIES); p++) {
            void *blank = m->args == NULL ? NULL : kit_alloc(&k, 1, m->args->size_bytes);
            forge(&k, s, PARTIES[p], m, blank);
        }
    }
    kit_free(&k);
}

/* A token that reads, on a model about many, in a domain whose pack knows no subjects. */
static void test_about_nobody(void **state)
{
    static struct kit k;
    static const uint8_t sig[64];
    const struct rules_method *m = rules_method_find(V("subject.ask"));
    (void)state;
    kit_init(&k);
    kit_ready(&k);
    RULES_STATE_CLEANUP struct rules_state *s = honest(&k);
    struct sy_consent t = {.ctx = V(SY_CONSENT_CONTEXT), .issuer = V("issuer")};
    memcpy(t.domain, k.domain, 32);
    memcpy(t.grant, k.grant, 32);
    memcpy(t.model, k.model, 32);
    const struct sy_subject_ask ask = {.sig = sy_view(sig, sizeof(sig)),
                                       .token = kit_encode(&k, &sy_consent_desc, &t)};
    forge(&k, s, "acme", m, &ask);
    kit_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_method),
        cmocka_unit_test(test_about_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
