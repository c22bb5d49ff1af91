/*
 * log.close and log.open: who closes, naming what; that nothing follows a close but the next log's first entry; that
 * this must name the closed log's end and the state there, in every part; and that all goes on as before.
 * Every event is replayed by the kit's second state.
 */
#include "test_kit.h"

#include <sodium.h>

#include "rules/shard.h"

#define NAME "PeterNeumann"
/* The published secret seed of KIT_LOG. */
static const char SEED[] = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";

struct key {
    struct proof_vkey vkey;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct sy_view text;
};

static struct key first, second, third;

static void make_key(struct kit *k, struct key *key, const char *name, const uint8_t seed[32])
{
    uint8_t pub[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    crypto_sign_seed_keypair(pub, key->secret, seed);
    check_ok(proof_vkey_make(V(name), PROOF_SIG_ED25519, pub, &key->vkey));
    check_ok(proof_vkey_format(&key->vkey, &b));
    key->text = sy_arena_copy(&k->arena, sy_buf_view(&b));
}

static int setup(void **state)
{
    static struct kit k;
    uint8_t seed[32], other[32];
    kit_init(&k);
    *state = &k;
    kit_ready(&k);
    assert_int_equal(sodium_hex2bin(seed, 32, SEED, 64, NULL, NULL, NULL), 0);
    make_key(&k, &first, NAME, seed);
    memset(other, 2, 32);
    make_key(&k, &second, NAME "/2", other);
    memset(other, 3, 32);
    make_key(&k, &third, NAME "/3", other);
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

/* ---- closing ---- */

static struct sy_log_close right_close(struct kit *k, const struct key *next)
{
    struct sy_log_close a = {.log = next->text, .size = k->entry - row(k).base};
    memset(a.root, 9, sizeof(a.root));
    return a;
}

/* Signed by the two named parties; NULL: by one only. */
static int32_t close_by(struct kit *k, const struct sy_log_close *a, const char *one,
                        const char *two)
{
    struct rules_request *r = kit_request(k, one, "log.close", &sy_log_close_desc, a);
    if (two != NULL) {
        struct sy_signature *sigs = kit_alloc(k, 2, sizeof(*sigs));
        uint8_t *bytes = kit_alloc(k, 64, 1);
        sigs[0] = r->sigs[0];
        proof_sign(bytes, r->header_bytes, kit_party(k, two)->secret);
        memcpy(sigs[1].key, kit_party(k, two)->sign, 32);
        sigs[1].sig = sy_view(bytes, 64);
        r->sigs = sigs;
        r->n_sigs = 2;
    }
    return kit_send(k, r);
}

static int32_t close_log(struct kit *k, const struct key *next)
{
    struct sy_log_close a = right_close(k, next);
    return close_by(k, &a, "agency", "operator");
}

static void test_who_closes(void **state)
{
    struct kit *k = *state;
    struct sy_log_close a = right_close(k, &second);
    assert_int_equal(close_by(k, &a, "agency", NULL), SY_E_UNSIGNED);
    a = right_close(k, &second);
    assert_int_equal(close_by(k, &a, "agency", "health"), SY_E_UNSIGNED);
    a = right_close(k, &second);
    assert_int_equal(close_by(k, &a, "operator", "agency"), SY_E_ROLE);
    a = right_close(k, &second);
    assert_int_equal(close_by(k, &a, "acme", "operator"), SY_E_ROLE);
    assert_true(sy_view_is(row(k).stage, "single"));
    assert_int_equal(close_log(k, &second), 0);
    assert_true(sy_view_is(k->type, "close"));
    assert_true(rules_log_closed(&(struct sy_row_log){.stage = row(k).stage}));
    assert_true(sy_view_eq(row(k).next, second.text));
    assert_int_equal(row(k).entry, k->entry - 1);
}

static void test_what_closes(void **state)
{
    struct kit *k = *state;
    struct key same_name, same_key = second;
    uint8_t seed[32];
    memset(seed, 5, 32);
    make_key(k, &same_name, NAME, seed);
    assert_int_equal(sodium_hex2bin(seed, 32, SEED, 64, NULL, NULL, NULL), 0);
    make_key(k, &same_key, NAME "/2", seed);
    const struct key *wrong[] = {&same_name, &same_key, &first};
    for (size_t i = 0; i < LEN(wrong); i++) {
        assert_int_equal(close_log(k, wrong[i]), SY_E_FIELD);
        assert_true(sy_view_is(k->verdict.field, "log"));
    }
    struct sy_log_close a = right_close(k, &second);
    a.size++;
    assert_int_equal(close_by(k, &a, "agency", "operator"), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "size"));
    a = right_close(k, &second);
    a.text = V("a line\nand another");
    assert_int_equal(close_by(k, &a, "agency", "operator"), SY_E_FIELD);
    struct sy_log_rotate rotate = {.stage = V("announce")};
    assert_int_equal(
        kit_call(k, "operator", "log.rotate", &sy_log_rotate_desc, &rotate, NULL, NULL), 0);
    k->extra = (struct sy_inputs){.log = same_name.text};
    assert_int_equal(kit_call(k, "agency", "log.rotate", &sy_log_rotate_desc, &rotate, NULL, NULL),
                     0);
    k->extra = (struct sy_inputs){0};
    assert_int_equal(close_log(k, &second), SY_E_STATE); /* with a rotation half way */
    assert_true(sy_view_is(k->verdict.field, "stage"));
}

/* ---- opening ---- */

static struct sy_view checkpoint(struct kit *k, const struct key *by, uint64_t n, uint8_t root)
{
    struct proof_checkpoint c = {.origin = V(by->vkey.name), .size = n};
    memset(c.root, root, sizeof(c.root));
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024), note = sy_buf(4096);
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &by->vkey, by->secret, &note));
    return sy_arena_copy(&k->arena, sy_buf_view(&note));
}

static struct sy_log_open right_open(struct kit *k, const struct key *closed)
{
    struct sy_log_open a = {.log = closed->text, .size = k->entry - row(k).base};
    a.checkpoint = checkpoint(k, closed, a.size, 7);
    memset(a.root, 7, sizeof(a.root));
    memcpy(a.state, rules_state_digest(k->state), 32);
    check_ok(rules_state_sum(k->state, a.snapshot, NULL));
    return a;
}

static int32_t open_log(struct kit *k, const struct sy_log_open *a)
{
    return kit_call(k, "warden", "log.open", &sy_log_open_desc, a, NULL, NULL);
}

/* Asked of the rules only: a refused act of the warden is never recorded. */
static int32_t would_open(struct kit *k, const struct sy_log_open *a, const char *field)
{
    struct rules_decision d = {0};
    const struct rules_request *r = kit_request(k, "warden", "log.open", &sy_log_open_desc, a);
    check_ok(kit_decide(k, r, &d));
    if (d.verdict.code != 0 && !sy_view_is(d.verdict.field, field)) {
        fail_msg("field %.*s, not %s", SY_PV(d.verdict.field), field);
    }
    return (int32_t)d.verdict.code;
}

static void test_opening(void **state)
{
    struct kit *k = *state;
    struct sy_log_open a = right_open(k, &first);
    assert_int_equal(would_open(k, &a, "log"), SY_E_STATE); /* nothing is closed */
    assert_int_equal(close_log(k, &second), 0);
    const uint64_t base = k->entry;
    a = right_open(k, &first);
    assert_int_equal(open_log(k, &a), 0);
    assert_true(sy_view_is(k->type, "open"));
    const struct sy_row_log r = row(k);
    assert_true(sy_view_is(r.stage, "single") && sy_view_eq(r.key, second.text));
    assert_int_equal(r.number, 2);
    assert_int_equal(r.first, 2);
    assert_int_equal(r.shard, 2);
    assert_int_equal(r.base, base);
    struct sy_row_handover h;
    check_ok(rules_handover_read(k->state, 1, &k->arena, &h, NULL));
    assert_int_equal(h.entry, base - 1);
    assert_true(sy_view_eq(h.checkpoint, a.checkpoint) && sy_view_eq(h.to, second.text));
    a = right_open(k, &second);
    assert_int_equal(would_open(k, &a, "log"), SY_E_STATE); /* it is open */
}

/* Each part of what the first entry names; the digests are of the state, and not of what somebody says. */
static void test_other_opening(void **state)
{
    struct kit *k = *state;
    assert_int_equal(close_log(k, &second), 0);
    const struct sy_log_open right = right_open(k, &first);
    struct sy_log_open a = right;
    a.state[0] ^= 1;
    assert_int_equal(would_open(k, &a, "state"), SY_E_PROOF);
    a = right;
    a.snapshot[31] ^= 1;
    assert_int_equal(would_open(k, &a, "snapshot"), SY_E_PROOF);
    a = right;
    a.root[5] ^= 1;
    assert_int_equal(would_open(k, &a, "root"), SY_E_PROOF);
    a = right;
    a.size--;
    assert_int_equal(would_open(k, &a, "size"), SY_E_PROOF);
    a = right;
    a.size--;
    a.checkpoint = checkpoint(k, &first, a.size, 7); /* signed, and of the log before its close */
    assert_int_equal(would_open(k, &a, "size"), SY_E_PROOF);
    a = right;
    a.log = second.text;
    assert_int_equal(would_open(k, &a, "log"), SY_E_PROOF);
    a = right;
    a.checkpoint = checkpoint(k, &second, a.size, 7);
    assert_int_not_equal(would_open(k, &a, "note"), 0);
    assert_int_equal(would_open(k, &right, ""), 0);
}

/* A party's word, allowed or refused, has no place behind the close. */
static void test_nothing_between(void **state)
{
    struct kit *k = *state;
    assert_int_equal(close_log(k, &second), 0);
    const uint64_t at = k->entry;
    uint8_t digest[32];
    memcpy(digest, rules_state_digest(k->state), 32);
    struct sy_log_rotate rotate = {.stage = V("announce")};
    assert_int_equal(
        kit_call(k, "operator", "log.rotate", &sy_log_rotate_desc, &rotate, NULL, NULL),
        SY_E_STATE);
    assert_string_equal(k->err.field, "log");
    assert_int_equal(close_log(k, &third), SY_E_STATE);
    assert_int_equal(kit_call(k, "acme", "log.rotate", &sy_log_rotate_desc, &rotate, NULL, NULL),
                     SY_E_STATE); /* else a refusal that is logged */
    assert_int_equal(k->entry, at);
    assert_memory_equal(digest, rules_state_digest(k->state), 32);
}

/* The row of the log apart, the state goes on as it was; and a third log follows the second. */
static void test_goes_on(void **state)
{
    struct kit *k = *state;
    struct sy_log_open a;
    assert_int_equal(close_log(k, &second), 0);
    a = right_open(k, &first);
    assert_int_equal(open_log(k, &a), 0);
    const uint64_t base = row(k).base;
    struct sy_log_rotate rotate = {.stage = V("announce")};
    assert_int_equal(
        kit_call(k, "operator", "log.rotate", &sy_log_rotate_desc, &rotate, NULL, NULL), 0);
    assert_int_equal(row(k).base, base);
    assert_int_equal(close_log(k, &first), SY_E_FIELD); /* an origin of before */
    assert_int_equal(close_log(k, &third), 0);
    a = right_open(k, &second);
    assert_int_equal(a.size, k->entry - base);
    assert_int_equal(open_log(k, &a), 0);
    assert_int_equal(row(k).shard, 3);
    assert_int_equal(row(k).number, 3);
    assert_int_equal(row(k).base, k->entry - 1);
}

/* ---- another key of a log after the first ---- */

static int32_t rotate(struct kit *k, const char *party, const char *stage, struct sy_view log)
{
    const struct sy_log_rotate a = {.log = log, .stage = V(stage)};
    return kit_call(k, party, "log.rotate", &sy_log_rotate_desc, &a, NULL, NULL);
}

static int32_t retire(struct kit *k, const struct key *old, const struct key *new, uint64_t size)
{
    struct proof_checkpoint c = {.origin = V(old->vkey.name), .size = size};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024), note = sy_buf(4096);
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &old->vkey, old->secret, &note));
    check_ok(proof_note_sign_line(sy_buf_view(&text), &new->vkey, new->secret, 0, &note));
    k->extra = (struct sy_inputs){.checkpoint = sy_buf_view(&note)};
    const int32_t code = rotate(k, "agency", "retire", new->text);
    k->extra = (struct sy_inputs){0};
    return code;
}

/* Entries are numbered through all logs, a checkpoint counts those of its own. */
static void test_rotates(void **state)
{
    struct kit *k = *state;
    struct key other;
    uint8_t seed[32];
    memset(seed, 6, 32);
    make_key(k, &other, NAME "/2", seed);
    assert_int_equal(close_log(k, &second), 0);
    const struct sy_log_open a = right_open(k, &first);
    assert_int_equal(open_log(k, &a), 0);
    assert_int_equal(rotate(k, "operator", "announce", (struct sy_view){0}), 0);
    k->extra = (struct sy_inputs){.log = other.text};
    assert_int_equal(rotate(k, "agency", "announce", (struct sy_view){0}), 0);
    k->extra = (struct sy_inputs){0};
    assert_int_equal(rotate(k, "operator", "overlap", other.text), 0);
    const uint64_t order = k->entry, place = order - row(k).base;
    assert_int_equal(rotate(k, "agency", "overlap", other.text), 0);
    assert_int_equal(rotate(k, "operator", "retire", other.text), 0);
    assert_int_equal(retire(k, &second, &other, place), SY_E_PROOF); /* before the order */
    assert_true(k->entry - row(k).base < order); /* else the next line would say nothing */
    assert_int_equal(retire(k, &second, &other, place + 1), 0);
    const struct sy_row_log r = row(k);
    assert_true(sy_view_is(r.stage, "single") && sy_view_eq(r.key, other.text));
    assert_true(r.number == 3 && r.first == 2 && r.shard == 2);
    struct sy_row_handover h;
    check_ok(rules_handover_read(k->state, 2, &k->arena, &h, NULL));
    assert_int_equal(h.entry, order);
}

/* With witnesses: the policy names the next log's key before this one is closed. */
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
    assert_int_equal(close_log(k, &second), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "witness"));
    a.policy =
        V(sy_arena_printf(&k->arena, "log " KIT_LOG "\nlog %.*s\n%s", SY_PV(second.text), w));
    assert_int_equal(kit_call(k, "agency", "witness.adopt", &sy_witness_adopt_desc, &a, NULL, NULL),
                     0);
    assert_int_equal(close_log(k, &second), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_closes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_closes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opening, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_opening, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_between, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_witnesses, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_shard", tests, NULL, NULL);
}
