/*
 * log.rotate: the steps in their order, by whom each is asked and confirmed, what each one must name, and what
 * the log is found to say afterwards. Every event is replayed by the kit's second state.
 */
#include "test_kit.h"

#include <sodium.h>
#include <stdio.h>

#include "rules/log.h"

#define NAME "PeterNeumann"
/* The published secret seed of KIT_LOG. */
static const char SEED[] = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";

struct key {
    struct proof_vkey vkey;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct sy_view text;
};

static struct key first, second, third;

static void make_key(struct kit *k, struct key *key, const uint8_t seed[32])
{
    uint8_t pub[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    crypto_sign_seed_keypair(pub, key->secret, seed);
    check_ok(proof_vkey_make(V(NAME), PROOF_SIG_ED25519, pub, &key->vkey));
    check_ok(proof_vkey_format(&key->vkey, &b));
    key->text = sy_arena_copy(&k->arena, sy_buf_view(&b));
}

static int setup(void **state)
{
    static struct kit k;
    uint8_t seed[32], other[32];
    kit_init(&k);
    *state = &k;
    assert_int_equal(kit_genesis(&k), 0);
    assert_int_equal(sodium_hex2bin(seed, 32, SEED, 64, NULL, NULL, NULL), 0);
    make_key(&k, &first, seed);
    assert_true(sy_view_is(first.text, KIT_LOG));
    memset(other, 2, 32);
    make_key(&k, &second, other);
    memset(other, 3, 32);
    make_key(&k, &third, other);
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static struct sy_row_log row(struct kit *k)
{
    struct sy_row_log r;
    check_ok(rules_log_read(k->state, &k->arena, &r, NULL));
    return r;
}

static int32_t ask(struct kit *k, const char *party, const char *stage, struct sy_view log)
{
    struct sy_log_rotate a = {.log = log, .stage = V(stage)};
    return kit_call(k, party, "log.rotate", &sy_log_rotate_desc, &a, NULL, NULL);
}

/* A checkpoint over the first n entries, signed by these. */
static struct sy_view checkpoint(struct kit *k, uint64_t n, const struct key *a,
                                 const struct key *b)
{
    struct proof_checkpoint c = {.origin = V(NAME), .size = n};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024), note = sy_buf(4096);
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &a->vkey, a->secret, &note));
    if (b != NULL) {
        check_ok(proof_note_sign_line(sy_buf_view(&text), &b->vkey, b->secret, 0, &note));
    }
    return sy_arena_copy(&k->arena, sy_buf_view(&note));
}

static int32_t announce(struct kit *k, struct sy_view made)
{
    k->extra = (struct sy_inputs){.log = made};
    int32_t code = ask(k, "agency", "announce", (struct sy_view){0});
    k->extra = (struct sy_inputs){0};
    return code;
}

static int32_t retire(struct kit *k, struct sy_view log, struct sy_view note)
{
    k->extra = (struct sy_inputs){.checkpoint = note};
    int32_t code = ask(k, "agency", "retire", log);
    k->extra = (struct sy_inputs){0};
    return code;
}

static void to_announced(struct kit *k)
{
    assert_int_equal(ask(k, "operator", "announce", (struct sy_view){0}), 0);
    assert_int_equal(announce(k, second.text), 0);
}

static void to_overlap(struct kit *k)
{
    to_announced(k);
    assert_int_equal(ask(k, "operator", "overlap", second.text), 0);
    assert_int_equal(ask(k, "agency", "overlap", second.text), 0);
}

static void test_whole(void **state)
{
    struct kit *k = *state;
    struct sy_row_handover h;
    assert_true(sy_view_is(row(k).stage, "single") && sy_view_is(row(k).key, KIT_LOG));
    assert_int_equal(row(k).number, 1);
    to_announced(k);
    assert_true(sy_view_is(row(k).stage, "announced") && sy_view_eq(row(k).next, second.text));
    assert_false(rules_log_overlaps(&(struct sy_row_log){.stage = row(k).stage}));
    assert_int_equal(ask(k, "operator", "overlap", second.text), 0);
    assert_true(sy_view_is(row(k).stage, "announced") && sy_view_is(row(k).asked, "overlap"));
    uint64_t order = k->entry;
    assert_int_equal(ask(k, "agency", "overlap", second.text), 0);
    assert_true(sy_view_is(k->type, "log"));
    assert_true(sy_view_is(row(k).stage, "overlap") && row(k).entry == order);
    assert_true(sy_view_is(row(k).key, KIT_LOG) && row(k).asked.n == 0);
    assert_int_equal(ask(k, "operator", "retire", second.text), 0);
    struct sy_view note = checkpoint(k, k->entry, &first, &second);
    check_code(rules_handover_read(k->state, 1, &k->arena, &h, NULL), SY_E_NOT_FOUND);
    assert_int_equal(retire(k, second.text, note), 0);
    assert_true(sy_view_is(row(k).stage, "single") && sy_view_eq(row(k).key, second.text));
    assert_true(row(k).number == 2 && row(k).next.n == 0);
    check_ok(rules_handover_read(k->state, 1, &k->arena, &h, NULL));
    assert_true(sy_view_is(h.from, KIT_LOG) && sy_view_eq(h.to, second.text));
    assert_true(h.entry == order && sy_view_eq(h.checkpoint, note));
    /* and again, from the second to the third */
    assert_int_equal(ask(k, "operator", "announce", (struct sy_view){0}), 0);
    assert_int_equal(announce(k, third.text), 0);
    assert_true(sy_view_eq(row(k).next, third.text) && row(k).number == 2);
}

static void test_who(void **state)
{
    struct kit *k = *state;
    struct sy_view none = {0};
    assert_int_equal(kit_enrol(k, "watcher", "auditor"), 0);
    assert_int_equal(ask(k, "watcher", "announce", none), SY_E_ROLE);
    assert_int_equal(ask(k, "agency", "announce", none), SY_E_REVIEW); /* before the operator */
    assert_int_equal(ask(k, "operator", "announce", none), 0);
    assert_int_equal(ask(k, "operator", "announce", none), SY_E_EXISTS); /* it can't confirm */
    assert_true(sy_view_is(row(k).stage, "single"));
    assert_int_equal(announce(k, second.text), 0);
    assert_int_equal(ask(k, "agency", "overlap", second.text), SY_E_REVIEW);
    assert_int_equal(ask(k, "operator", "overlap", second.text), 0);
    assert_int_equal(ask(k, "operator", "overlap", second.text), SY_E_EXISTS);
    assert_true(sy_view_is(row(k).stage, "announced"));
}

static void test_order_of_steps(void **state)
{
    struct kit *k = *state;
    struct sy_view none = {0};
    assert_int_equal(ask(k, "operator", "overlap", second.text), SY_E_STATE);
    assert_int_equal(ask(k, "operator", "retire", second.text), SY_E_STATE);
    assert_int_equal(ask(k, "operator", "single", none), SY_E_STATE);
    to_announced(k);
    assert_int_equal(ask(k, "operator", "announce", none), SY_E_STATE);
    assert_int_equal(ask(k, "operator", "retire", second.text), SY_E_STATE);
    assert_int_equal(ask(k, "operator", "overlap", second.text), 0);
    assert_int_equal(ask(k, "agency", "overlap", second.text), 0);
    assert_int_equal(ask(k, "operator", "overlap", second.text), SY_E_STATE);
    assert_int_equal(ask(k, "operator", "announce", none), SY_E_STATE);
}

/* What the parties name must be what was announced: nobody slips another key in. */
static void test_other_keys(void **state)
{
    struct kit *k = *state;
    struct sy_view none = {0};
    assert_int_equal(ask(k, "operator", "announce", second.text), SY_E_FIELD);
    to_announced(k);
    assert_int_equal(ask(k, "operator", "overlap", third.text), SY_E_FIELD);
    assert_int_equal(ask(k, "operator", "overlap", none), SY_E_FIELD);
    assert_int_equal(ask(k, "operator", "overlap", V(KIT_LOG)), SY_E_FIELD);
    assert_int_equal(ask(k, "operator", "overlap", second.text), 0);
    assert_int_equal(ask(k, "agency", "overlap", third.text), SY_E_FIELD);
    assert_int_equal(ask(k, "agency", "overlap", second.text), 0);
    assert_int_equal(ask(k, "operator", "retire", V(KIT_LOG)), SY_E_FIELD);
}

/* A key that cannot follow is the warden's fault, or a forger's; without one nothing is recorded. */
static void test_made_keys(void **state)
{
    struct kit *k = *state;
    struct key odd = second;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    assert_int_equal(ask(k, "operator", "announce", (struct sy_view){0}), 0);
    uint64_t entries = k->entry;
    assert_int_equal(announce(k, (struct sy_view){0}), SY_E_INTERNAL);
    assert_true(strcmp(k->err.field, "inputs.log") == 0 && k->entry == entries);
    assert_int_equal(announce(k, V(KIT_LOG)), SY_E_FIELD);
    check_ok(proof_vkey_make(V("another"), PROOF_SIG_ED25519, second.vkey.key, &odd.vkey));
    check_ok(proof_vkey_format(&odd.vkey, &b));
    assert_int_equal(announce(k, sy_buf_view(&b)), SY_E_FIELD);
    assert_int_equal(announce(k, V("no vkey")), SY_E_FIELD);
    assert_true(row(k).next.n == 0 && sy_view_is(row(k).asked, "announce"));
    assert_int_equal(announce(k, second.text), 0);
}

/* The old key goes only when there is a checkpoint that leads its followers on. */
static void test_kept_checkpoint(void **state)
{
    struct kit *k = *state;
    to_overlap(k);
    uint64_t order = row(k).entry;
    assert_int_equal(ask(k, "operator", "retire", second.text), 0);
    assert_int_equal(retire(k, second.text, (struct sy_view){0}), SY_E_INTERNAL);
    assert_string_equal(k->err.field, "inputs.checkpoint");
    assert_int_equal(retire(k, second.text, checkpoint(k, order, &first, &second)), SY_E_PROOF);
    assert_int_equal(retire(k, second.text, checkpoint(k, order + 1, &first, NULL)), SY_E_UNSIGNED);
    assert_int_equal(retire(k, second.text, checkpoint(k, order + 1, &second, NULL)),
                     SY_E_UNSIGNED);
    assert_int_equal(retire(k, second.text, checkpoint(k, order + 1, &first, &third)),
                     SY_E_UNSIGNED);
    assert_int_equal(retire(k, second.text, V("no note")), SY_E_FIELD);
    assert_true(sy_view_is(row(k).stage, "overlap") && row(k).number == 1);
    assert_int_equal(retire(k, second.text, checkpoint(k, order + 1, &first, &second)), 0);
}

/* With witnesses: the policy names the new key before the old one goes. */
static void test_witnesses(void **state)
{
    struct kit *k = *state;
    const char *w =
        "witness w1 remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 "
        "https://w.example/\nquorum w1\n";
    struct sy_witness_adopt a;
    a.policy = V(sy_arena_printf(&k->arena, "log " KIT_LOG "\n%s", w));
    assert_int_equal(kit_call(k, "agency", "witness.adopt", &sy_witness_adopt_desc, &a, NULL, NULL),
                     0);
    to_overlap(k);
    assert_int_equal(ask(k, "operator", "retire", second.text), 0);
    struct sy_view note = checkpoint(k, k->entry, &first, &second);
    assert_int_equal(retire(k, second.text, note), SY_E_STATE);
    a.policy =
        V(sy_arena_printf(&k->arena, "log " KIT_LOG "\nlog %.*s\n%s", SY_PV(second.text), w));
    assert_int_equal(kit_call(k, "agency", "witness.adopt", &sy_witness_adopt_desc, &a, NULL, NULL),
                     0);
    assert_int_equal(retire(k, second.text, note), 0);
}

/* An invitation names a key that the log is read by; who knows only the first is led on. */
static void test_invitations(void **state)
{
    struct kit *k = *state;
    to_announced(k);
    const struct {
        const char *id;
        struct sy_view log;
        int32_t before, after; /* the overlap */
    } CASES[] = {{"p1", V(KIT_LOG), 0, 0},
                 {"p2", second.text, SY_E_FIELD, 0},
                 {"p3", third.text, SY_E_FIELD, SY_E_FIELD}};
    for (int after = 0; after < 2; after++) {
        for (size_t i = 0; i < LEN(CASES); i++) {
            char id[16];
            (void)snprintf(id, sizeof(id), "%s-%d", CASES[i].id, after);
            struct kit_party *p = kit_new_party(k, id);
            struct sy_invite v = kit_invite(k, p->id, "auditor");
            v.log = CASES[i].log;
            assert_int_equal(kit_enrol_by(k, p->id, &v), after ? CASES[i].after : CASES[i].before);
        }
        if (after == 0) {
            assert_int_equal(ask(k, "operator", "overlap", second.text), 0);
            assert_int_equal(ask(k, "agency", "overlap", second.text), 0);
        }
    }
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_of_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_checkpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_witnesses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invitations, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_log", tests, NULL, NULL);
}
