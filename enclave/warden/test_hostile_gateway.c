/*
 * A gateway that lies about certificates, codes and order, and frames that are no relays.
 */
#include "test_hostile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "wire/job.h"
#include "wire/rpc.h"

/* ---- a hostile gateway ---- */

/* Another party's certificate, or none at all: the signer is who signed. */
static void test_wrong_fingerprints(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "40");
    static const uint8_t ones[32] = {1};
    const uint8_t *wrong[] = {kit_party(&d->k, "rival")->tls, kit_party(&d->k, "agency")->tls,
                              ones};
    for (size_t i = 0; i < LEN(wrong); i++) {
        c.tls = wrong[i];
        assert_true(domain_ask(d, &c) != 0);
    }
    assert_int_equal(d->orders->n_runs, 0);
}

/* A file can only be ingested by who can pass it: on the gateway's edge nothing is published, even
 * with the fingerprint of the local socket. */
static void test_ingest_through_the_gateway(void **state)
{
    struct domain *d = *state;
    static const uint8_t zero[32];
    struct sy_ingest in = {.dataset = V("persons")};
    struct domain_call c = {.party = "health",
                            .method = "dataset.ingest",
                            .tls = zero,
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    assert_true(domain_ask(d, &c) != 0);
    c.tls = NULL;
    assert_true(domain_ask(d, &c) != 0);
}

/* An early refusal of a valid request decides nothing: it is charged and answered. */
static void test_early_codes(void **state)
{
    struct domain *d = *state;
    static const int64_t codes[] = {SY_E_BUDGET, -1, INT64_MAX};
    static const char *const ages[] = {"18", "40", "60"};
    for (size_t i = 0; i < LEN(codes); i++) {
        struct domain_call c = domain_run(d, ages[i]);
        c.early = codes[i];
        struct domain_reply r =
            domain_await(d, "acme", domain_relay(d, &c, domain_envelope(d, &c)));
        check_answer(d, &r);
        note_charge(&r, true);
    }
}

/* And no early code does not help a request that is to be refused. */
static void test_no_early_code(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "17"); /* not a declared value */
    assert_int_equal(domain_ask(d, &c), SY_E_FIELD);
    c = domain_run(d, "18");
    c.party = "rival";
    assert_int_equal(domain_ask(d, &c), SY_E_GRANT);
    c.method = "scene.final_review";
    assert_int_equal(domain_ask(d, &c), SY_E_ROLE);
}

/* The same envelope many times, before, during and after: one charge, one answer, the same bytes. */
static void test_duplicates(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "60");
    struct sy_view envelope = domain_envelope(d, &c);
    uint32_t ids[5];
    struct sy_view first = {0};
    for (size_t i = 0; i < LEN(ids); i++) {
        ids[i] = domain_relay(d, &c, envelope);
    }
    for (size_t i = 0; i < LEN(ids); i++) {
        struct domain_reply r = domain_await(d, "acme", ids[i]);
        if (r.error.code == 0) {
            check_answer(d, &r);
            assert_int_equal(first.n, 0); /* the others hear that it is under way */
            first = r.reply.result;
            note_charge(&r, true);
        } else {
            assert_int_equal(r.error.code, SY_E_BUSY);
        }
    }
    assert_true(first.n > 0);
    struct domain_reply again = domain_await(d, "acme", domain_relay(d, &c, envelope));
    assert_true(sy_view_eq(again.reply.result, first));
    assert_int_equal(d->orders->n_runs, 1);
}

/* A refused run again: the same refusal, no second worker. */
static void test_duplicate_of_a_refusal(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "60");
    struct sy_view envelope = domain_envelope(d, &c);
    d->orders->run[0] = MANY_UNITS;
    struct domain_reply r = domain_await(d, "acme", domain_relay(d, &c, envelope));
    check_refusal(&r);
    note_charge(&r, false);
    struct domain_reply again = domain_await(d, "acme", domain_relay(d, &c, envelope));
    check_refusal(&again);
    assert_int_equal(again.bytes, r.bytes);
    assert_int_equal(d->orders->n_runs, 1);
}

/* Requests in another order than they were made: each is decided by itself. */
static void test_reordered(void **state)
{
    struct domain *d = *state;
    struct domain_call calls[3];
    struct sy_view envelopes[3];
    uint32_t ids[3];
    static const char *const ages[] = {"18", "17", "40"};
    for (size_t i = 0; i < 3; i++) {
        calls[i] = domain_run(d, ages[i]);
        envelopes[i] = domain_envelope(d, &calls[i]);
    }
    for (size_t i = 3; i-- > 0;) {
        ids[i] = domain_relay(d, &calls[i], envelopes[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        struct domain_reply r = domain_await(d, "acme", ids[i]);
        assert_int_equal(r.error.code, i == 1 ? SY_E_FIELD : 0);
        if (i != 1) {
            note_charge(&r, true);
        }
    }
}

/* One byte changed, anywhere: never allowed, never charged. */
static void test_altered_envelopes(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "75");
    struct sy_view envelope = domain_envelope(d, &c);
    uint8_t *bytes = kit_alloc(&d->k, envelope.n, 1);
    for (size_t at = 0; at < envelope.n; at += 3) {
        memcpy(bytes, envelope.p, envelope.n);
        bytes[at] ^= (uint8_t)(1U << (at % 8));
        uint32_t id = domain_relay(d, &c, sy_view(bytes, envelope.n));
        struct domain_reply r = domain_await(d, "acme", id);
        if (r.error.code == 0) {
            fail_msg("byte %zu changed, and it was allowed", at);
        }
    }
    for (size_t n = 0; n < envelope.n; n += 17) {
        struct domain_reply r =
            domain_await(d, "acme", domain_relay(d, &c, sy_view(envelope.p, n)));
        assert_true(r.error.code != 0);
    }
    assert_int_equal(d->orders->n_runs, 0);
}

/* The frame's method is not the signed one; methods that are only the warden's own. */
static void test_other_methods(void **state)
{
    struct domain *d = *state;
    static const char *const frames[] = {"status.domain", "model.review", "job.answer", "relay"};
    static const char *const own[] = {"job.answer", "dataset.publish", "grant.expire", "genesis",
                                      "no.such"};
    struct domain_call c = domain_run(d, "75");
    struct sy_view envelope = domain_envelope(d, &c);
    uint64_t size = domain_size(d);
    for (size_t i = 0; i < LEN(frames); i++) {
        c.method = frames[i];
        assert_true(domain_await(d, "acme", domain_relay(d, &c, envelope)).error.code != 0);
    }
    for (size_t i = 0; i < LEN(own); i++) {
        static const char *const parties[] = {"acme", "warden"};
        struct domain_call o = {.party = parties[i % 2],
                                .method = own[i],
                                .grant = d->k.grant,
                                .tls = kit_party(&d->k, "acme")->tls};
        assert_true(domain_ask(d, &o) != 0);
    }
    assert_int_equal(domain_size(d), size);
}

/* ---- frames that are not relays ---- */

static void bad_params(struct sy_buf *b, size_t i)
{
    uint8_t tls[33] = {1};
    bool text = i == 3;
    check_ok(sy_rpc_put_request(b, 1000 + (uint32_t)i, i == 6 ? "status.ping" : "relay",
                                i == 0   ? 0
                                : i == 1 ? 3
                                : i == 2 ? 5
                                         : 4));
    if (i == 0) {
        return;
    }
    check_ok(text ? sy_mp_put_str(b, sy_view_str("tls"))
                  : sy_mp_put_bin(b, sy_view(tls, i == 4 ? 31 : 32)));
    check_ok(i == 5 ? sy_mp_put_u64(b, 7) : sy_mp_put_str(b, V("model.run")));
    check_ok(i == 7 ? sy_mp_put_nil(b) : sy_mp_put_bin(b, V("x")));
    if (i != 1) {
        check_ok(i == 8 ? sy_mp_put_u64(b, UINT64_MAX) : sy_mp_put_i64(b, 0));
    }
    if (i == 2) {
        check_ok(sy_mp_put_nil(b));
    }
}

static void test_bad_params(void **state)
{
    struct domain *d = *state;
    for (size_t i = 0; i < 9; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
        bad_params(&b, i);
        domain_say(d, sy_buf_view(&b));
        struct domain_reply r = domain_await(d, "acme", 1000 + (uint32_t)i);
        assert_false(r.sealed);
        assert_true(r.error.code != 0);
    }
    domain_say(d, V("\x93\x02\xa4head\x90"));      /* a notification */
    domain_say(d, V("\x94\x01\x05\xc0\xc0"));      /* a response to nothing */
    domain_say(d, V("\xc0\x90\xa1x\x94\x09\x01")); /* no messages */
    domain_say(d, V("\x01\x90"));
    struct domain_call c = domain_run(d, "17");
    assert_int_equal(domain_ask(d, &c), SY_E_FIELD); /* it goes on */
}

/* A gateway that breaks the framing, or passes descriptors, is cut off; the next one is served. */
static void test_broken_gateways(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "17");
    static const char *const junk[] = {"\xc1", "\xc6\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff"};
    for (size_t i = 0; i < LEN(junk); i++) {
        domain_say(d, V(junk[i]));
        assert_true(domain_cut_off(d));
        domain_new_gateway(d);
        assert_int_equal(domain_ask(d, &c), SY_E_FIELD);
    }
    check_ok(sy_send_fds(d->gateway, V("\x94"), &d->dir, 1));
    assert_true(domain_cut_off(d));
    domain_new_gateway(d);
    assert_int_equal(domain_ask(d, &c), SY_E_FIELD);
}

/* A gateway that leaves in the middle of a run: the run is settled, and the next gateway can ask for
 * its outcome with the same envelope. */
static void test_gateway_leaves_during_a_run(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "80");
    struct sy_view envelope = domain_envelope(d, &c);
    (void)domain_relay(d, &c, envelope);
    for (int i = 0; i < 200 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    domain_new_gateway(d);
    usleep((SLOT_MS + 500) * 1000);
    struct domain_reply r = domain_await(d, "acme", domain_relay(d, &c, envelope));
    check_answer(d, &r);
    note_charge(&r, true);
    assert_int_equal(d->orders->n_runs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOSTILES(test_wrong_fingerprints), WITH_HOSTILES(test_ingest_through_the_gateway),
        WITH_HOSTILES(test_early_codes),        WITH_HOSTILES(test_no_early_code),
        WITH_HOSTILES(test_duplicates),         WITH_HOSTILES(test_duplicate_of_a_refusal),
        WITH_HOSTILES(test_reordered),          WITH_HOSTILES(test_altered_envelopes),
        WITH_HOSTILES(test_other_methods),      WITH_HOSTILES(test_bad_params),
        WITH_HOSTILES(test_broken_gateways),    WITH_HOSTILES(test_gateway_leaves_during_a_run),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_hostile_gateway", tests, NULL, NULL);
}
