/*
 * Who cosigns the log: which policies the agency may adopt, that they are in the state, and that no run is
 * charged whose answer would wait for a quorum that nobody was named for.
 */
#include "test_kit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proof/policy.h"

enum { TEXT = 40000 };

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

static const char *log_vkey(struct kit *k)
{
    struct sy_genesis g;
    check_ok(rules_state_read(k->state, V("genesis"), &sy_genesis_desc, &k->arena, &g, NULL));
    return sy_arena_printf(&k->arena, "%.*s", SY_PV(g.log));
}

/* The vkey of a witness that nobody runs. */
static const char *witness(struct kit *k, const char *name)
{
    struct proof_vkey key;
    uint8_t pub[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    randombytes_buf(pub, sizeof(pub));
    check_ok(proof_vkey_make(V(name), PROOF_SIG_COSIGNATURE, pub, &key));
    check_ok(proof_vkey_format(&key, &b));
    return sy_arena_printf(&k->arena, "%.*s", SY_PV(sy_buf_view(&b)));
}

static int32_t adopt(struct kit *k, const char *party, const char *text)
{
    struct sy_witness_adopt a = {.policy = V(text)};
    return kit_call(k, party, "witness.adopt", &sy_witness_adopt_desc, &a, NULL, NULL);
}

static const char *two_of_three(struct kit *k)
{
    return sy_arena_printf(
        &k->arena,
        "log %s\nwitness a %s http://127.0.0.1:1\nwitness b %s https://b.example\n"
        "witness c %s\ngroup g 2 a b c\nquorum g\n",
        log_vkey(k), witness(k, "a.example"), witness(k, "b.example"), witness(k, "c.example"));
}

static struct sy_row_witness row(struct kit *k)
{
    struct sy_row_witness r;
    check_ok(rules_state_read(k->state, V("witness"), &sy_row_witness_desc, &k->arena, &r, NULL));
    return r;
}

static void test_adopt(void **state)
{
    static const char *const others[] = {"operator", "health", "acme", "audit"};
    struct kit *k = *state;
    kit_ready(k);
    const char *text = two_of_three(k);
    for (size_t i = 0; i < LEN(others); i++) {
        assert_int_equal(adopt(k, others[i], text), SY_E_ROLE);
    }
    assert_int_equal(adopt(k, "agency", text), 0);
    assert_true(sy_view_is(k->type, "witness"));
    struct sy_row_witness r = row(k);
    assert_true(sy_view_is(r.policy, text));
    assert_true(r.quorum);
    const char *none = sy_arena_printf(&k->arena, "log %s\nquorum none\n", log_vkey(k));
    assert_int_equal(adopt(k, "agency", none), 0);
    r = row(k);
    assert_false(r.quorum);
    assert_true(sy_view_is(r.policy, none));
}

static void expect(struct kit *k, int32_t code, const char *what, const char *text)
{
    int32_t got = adopt(k, "agency", text);
    if (got != code) {
        fail_msg("%s: %s, want %s", what, sy_code_name(got), sy_code_name(code));
    }
}

static const char *of_url(struct kit *k, const char *url)
{
    return sy_arena_printf(&k->arena, "log %s\nwitness a %s %s\nquorum a\n", log_vkey(k),
                           witness(k, "a.example"), url);
}

static void test_refused(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    const char *log = log_vkey(k), *w = witness(k, "a.example");
    char *text = kit_alloc(k, TEXT, 1);
    expect(k, SY_E_FIELD, "not a policy", "quorum\n");
    expect(k, SY_E_FIELD, "empty", "");
    snprintf(text, TEXT, "witness a %s http://a\nquorum a\n", w);
    expect(k, SY_E_FIELD, "no log", text);
    snprintf(text, TEXT, "log example.org/log+aa\nquorum none\n");
    expect(k, SY_E_FIELD, "a log key that is none", text);
    snprintf(text, TEXT, "log %s\nwitness a %s\nquorum a\n", log, w);
    expect(k, SY_E_FIELD, "a quorum that cannot be asked", text);
    snprintf(text, TEXT, "log %s\nwitness a %s http://a\nwitness b %s\ngroup g all a b\nquorum g\n",
             log, w, witness(k, "b.example"));
    expect(k, SY_E_FIELD, "half of the quorum cannot be asked", text);
    expect(k, SY_E_FIELD, "ftp", of_url(k, "ftp://a.example"));
    assert_true(sy_view_is(k->verdict.reason, /* as older logs have it, word by word */
                           "a witness's URL is http:// or https://, at most 255 bytes, without "
                           "user, query and fragment"));
    expect(k, SY_E_FIELD, "user in the URL", of_url(k, "https://me@a.example"));
    expect(k, SY_E_FIELD, "query in the URL", of_url(k, "https://a.example/?x"));
    expect(k, SY_E_FIELD, "fragment in the URL", of_url(k, "https://a.example/#x"));
    expect(k, SY_E_FIELD, "not ASCII", of_url(k, "https://a.example/\xc3\xa9"));
    expect(k, SY_E_FIELD, "a path of other bytes", of_url(k, "https://a.example/\\x"));
    expect(k, SY_E_FIELD, "no host", of_url(k, "https:///x"));
    expect(k, SY_E_FIELD, "an address in an old form", of_url(k, "http://127.1/"));
    expect(k, SY_E_FIELD, "a port that is none", of_url(k, "http://a.example:0/"));
    memset(text, 'a', 300);
    memcpy(text, "https://", 8);
    text[256] = '\0';
    expect(k, SY_E_FIELD, "256 bytes of URL", of_url(k, text));
    text[255] = '\0';
    expect(k, 0, "255 bytes of URL", of_url(k, text));
}

/* Another log of the same name is another log. */
static void test_other_log(void **state)
{
    struct kit *k = *state;
    struct proof_vkey own, other;
    uint8_t pub[32] = {1, 2, 3};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    kit_ready(k);
    check_ok(proof_vkey_parse(V(log_vkey(k)), &own, NULL));
    check_ok(proof_vkey_make(V(own.name), PROOF_SIG_ED25519, pub, &other));
    check_ok(proof_vkey_format(&other, &b));
    const char *text =
        sy_arena_printf(&k->arena, "log %.*s\nquorum none\n", SY_PV(sy_buf_view(&b)));
    expect(k, SY_E_FIELD, "the same name, another key", text);
    text = sy_arena_printf(&k->arena, "log %.*s\nlog %s\nquorum none\n", SY_PV(sy_buf_view(&b)),
                           log_vkey(k));
    expect(k, 0, "both keys", text);
}

/* n witnesses with names of `bytes` bytes, any of them enough. */
static const char *many(struct kit *k, size_t n, size_t bytes)
{
    char *text = kit_alloc(k, TEXT, 1);
    size_t at = (size_t)snprintf(text, TEXT, "log %s\n", log_vkey(k));
    char name[256];
    for (size_t i = 0; i < n; i++) {
        memset(name, 'w', bytes);
        snprintf(name + bytes - 2, 4, "%02zu", i);
        at += (size_t)snprintf(text + at, TEXT - at, "witness w%zu %s http://h%zu\n", i,
                               witness(k, name), i);
    }
    at += (size_t)snprintf(text + at, TEXT - at, "group g any");
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(text + at, TEXT - at, " w%zu", i);
    }
    snprintf(text + at, TEXT - at, "\nquorum g\n");
    return text;
}

static void test_sizes(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    expect(k, 0, "16 witnesses", many(k, SY_WITNESSES_MAX, 20));
    expect(k, SY_E_LIMIT, "17 witnesses", many(k, SY_WITNESSES_MAX + 1, 20));
    expect(k, SY_E_LIMIT, "16 with long names", many(k, SY_WITNESSES_MAX, 200));
    char *text = kit_alloc(k, TEXT, 1);
    int n = snprintf(text, TEXT, "log %s\nquorum none\n#", log_vkey(k));
    memset(text + n, 'x', (size_t)(TEXT - 1 - n));
    text[SY_POLICY_MAX - 1] = '\n';
    text[SY_POLICY_MAX] = '\0';
    expect(k, 0, "as long as may be", text);
    text[SY_POLICY_MAX - 1] = 'x';
    text[SY_POLICY_MAX] = '\n';
    text[SY_POLICY_MAX + 1] = '\0';
    expect(k, SY_E_LIMIT, "a byte too long", text);
}

static uint64_t grade(struct kit *k)
{
    struct rules_model m;
    check_ok(rules_model_read(k->state, k->model, &k->arena, &m, NULL));
    return m.facts.grade;
}

static bool waits(struct kit *k)
{
    struct rules_model m;
    check_ok(rules_model_read(k->state, k->model, &k->arena, &m, NULL));
    return rules_model_waits(&m);
}

static void test_quorum_from(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    uint64_t g = grade(k);
    assert_in_range(g, 2, 3);
    struct sy_pack *p = kit_pack_record(k, 100);
    p->quorum_from = 5;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p->quorum_from = g + 1;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_false(waits(k));
    assert_int_equal(kit_run(k, "18"), 0); /* below: nobody waits */
    p->version++;
    p->quorum_from = g;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_true(waits(k));
    assert_int_equal(kit_run(k, "40"), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "witness"));
    const char *none = sy_arena_printf(&k->arena, "log %s\nquorum none\n", log_vkey(k));
    expect(k, 0, "nobody", none);
    assert_int_equal(kit_run(k, "40"), SY_E_STATE);
    expect(k, 0, "two of three", two_of_three(k));
    assert_int_equal(kit_run(k, "40"), 0);
    assert_true(sy_view_is(k->type, "charge"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adopt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quorum_from, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_witness", tests, NULL, NULL);
}
