/*
 * Another key for the log, in a real warden: each step as requests of operator and agency, the checkpoints
 * that come of it, the warden killed after each step and between a step's halves, and what log.keys gives to
 * whoever knows an old key only.
 */
#include "test_domain.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "proof/handover.h"
#include "proof/leaf.h"
#include "proof/receipt.h"
#include "rules/log.h"
#include "warden/log_key.h"

static struct domain D;

static void worker(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    (void)ctx;
    (void)kind;
    (void)number;
    (void)sock; /* nobody runs anything here */
}

static int setup(void **state)
{
    domain_start(&D, worker);
    *state = &D;
    return 0;
}

static int teardown(void **state)
{
    domain_stop(*state, NULL);
    return 0;
}

/* --- asking --------------------------------------------------------------------------------------- */

static struct domain_call call_of(const char *party, const char *stage, const char *log)
{
    struct sy_log_rotate a = {.log = V(log), .stage = V(stage)};
    return (struct domain_call){
        .party = party, .method = "log.rotate", .args = kit_encode(&D.k, &sy_log_rotate_desc, &a)};
}

/* How the log stands after the step. */
static struct sy_log_rotated step(const char *party, const char *stage, const char *log)
{
    struct domain_call c = call_of(party, stage, log);
    struct sy_log_rotated r;
    struct domain_reply reply =
        domain_await(&D, party, domain_relay(&D, &c, domain_envelope(&D, &c)));
    if (reply.error.code != 0) {
        fail_msg("%s by %s: %s %s", stage, party, reply.error.field, reply.error.reason);
    }
    assert_int_equal(reply.reply.n_proofs, 1);
    check_ok(sy_record_decode(&sy_log_rotated_desc, reply.reply.result, &SY_MP_LARGE, &D.k.arena,
                              &r, NULL));
    return r;
}

static const char *text_of(struct sy_view v)
{
    return sy_arena_printf(&D.k.arena, "%.*s", SY_PV(v));
}

/* Announce; the new vkey. */
static const char *announce(void)
{
    struct sy_log_rotated r = step("operator", "announce", "");
    assert_true(sy_view_is(r.asked, "announce") && sy_view_is(r.stage, "single"));
    r = step("agency", "announce", "");
    assert_true(sy_view_is(r.stage, "announced") && r.asked.n == 0 && r.next.n > 0);
    return text_of(r.next);
}

static void overlap(const char *vkey)
{
    (void)step("operator", "overlap", vkey);
    struct sy_log_rotated r = step("agency", "overlap", vkey);
    assert_true(sy_view_is(r.stage, "overlap") && sy_view_is(r.next, vkey));
}

static void retire(const char *vkey)
{
    (void)step("operator", "retire", vkey);
    struct sy_log_rotated r = step("agency", "retire", vkey);
    assert_true(sy_view_is(r.stage, "single") && sy_view_is(r.key, vkey));
}

/* --- checkpoints ------------------------------------------------------------------------------------ */

/* Who has signed the newest checkpoint: the bits of keys[i]. */
static unsigned signers(const char *const *keys, size_t n)
{
    unsigned bits = 0;
    struct sy_log_range range = {.n = 1};
    struct domain_call ask = {.party = "operator",
                              .method = "log.entries",
                              .args = kit_encode(&D.k, &sy_log_range_desc, &range)};
    struct sy_log_entries page;
    struct domain_reply reply =
        domain_await(&D, "operator", domain_relay(&D, &ask, domain_envelope(&D, &ask)));
    check_ok(sy_record_decode(&sy_log_entries_desc, reply.reply.result, &SY_MP_LARGE, &D.k.arena,
                              &page, NULL));
    for (size_t i = 0; i < n; i++) {
        struct proof_vkey k;
        struct proof_checkpoint c;
        check_ok(proof_vkey_parse(V(keys[i]), &k, NULL));
        sy_status s = proof_checkpoint_verify(page.checkpoint, &k, &c, NULL);
        assert_true(sy_ok(s) || s.code == SY_E_UNSIGNED);
        bits |= sy_ok(s) ? 1U << i : 0;
    }
    return bits;
}

static bool has_item(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "keys/store/%s.key", name);
    return faccessat(D.dir, path, F_OK, 0) == 0;
}

/* --- log.keys ----------------------------------------------------------------------------------------- */

static struct sy_log_keys log_keys(void)
{
    struct domain_call c = {.party = "operator", .method = "log.keys"};
    struct sy_log_keys keys;
    struct domain_reply reply =
        domain_await(&D, "operator", domain_relay(&D, &c, domain_envelope(&D, &c)));
    assert_int_equal(reply.error.code, 0);
    check_ok(sy_record_decode(&sy_log_keys_desc, reply.reply.result, &SY_MP_LARGE, &D.k.arena,
                              &keys, NULL));
    return keys;
}

/* Does hand-over i lead from one vkey to the other? */
static void check_handover(const struct sy_log_keys *keys, size_t i, const char *from,
                           const char *to)
{
    const struct sy_entry_proof *p = &keys->proofs[i];
    struct sy_event event;
    struct proof_vkey old, new, named;
    struct proof_receipt r;
    struct proof_checkpoint c;
    uint8_t leaf[PROOF_HASH_BYTES];
    check_ok(proof_vkey_parse(V(from), &old, NULL));
    check_ok(proof_vkey_parse(V(to), &new, NULL));
    check_ok(proof_leaf_check(p->leaf, p->salt, p->body, NULL));
    check_ok(sy_record_decode(&sy_event_desc, p->body, &SY_MP_LARGE, &D.k.arena, &event, NULL));
    check_ok(proof_handover_order(&event, keys->genesis, &old, &D.k.arena, &named, NULL));
    assert_memory_equal(named.key, new.key, 32);
    check_ok(proof_receipt_parse(p->receipt, &r, NULL));
    check_ok(proof_handover_checkpoint(r.checkpoint, &old, &new, r.index, &c, NULL));
    proof_merkle_leaf(leaf, p->leaf);
    check_ok(proof_merkle_check_inclusion(r.index, c.size, leaf, &r.path, c.root));
    assert_int_equal(r.index, p->index);
}

/* --- tests --------------------------------------------------------------------------------------------- */

static void test_rotation(void **state)
{
    (void)state;
    const char *keys[2] = {text_of(D.log), NULL};
    assert_int_equal(log_keys().n_proofs, 0);
    keys[1] = announce();
    assert_int_equal(signers(keys, 2), 1); /* announced, it signs nothing */
    assert_int_equal(log_keys().n_proofs, 0);
    overlap(keys[1]);
    assert_int_equal(signers(keys, 2), 3);
    struct sy_log_keys k = log_keys();
    assert_int_equal(k.n_proofs, 1);
    check_handover(&k, 0, keys[0], keys[1]);
    assert_true(has_item("domain:log"));
    retire(keys[1]);
    assert_int_equal(signers(keys, 2), 2);
    assert_false(has_item("domain:log"));
    assert_true(has_item("log:2") && has_item("logpub:1"));
    k = log_keys(); /* still proven to who knows the first key only */
    assert_int_equal(k.n_proofs, 1);
    check_handover(&k, 0, keys[0], keys[1]);
}

static void test_two_rotations(void **state)
{
    (void)state;
    const char *keys[3] = {text_of(D.log), NULL, NULL};
    for (size_t i = 1; i < 3; i++) {
        keys[i] = announce();
        overlap(keys[i]);
        retire(keys[i]);
    }
    assert_int_equal(signers(keys, 3), 4);
    domain_restart(&D, NULL);
    struct sy_log_keys k = log_keys();
    assert_int_equal(k.n_proofs, 2);
    check_handover(&k, 0, keys[0], keys[1]);
    check_handover(&k, 1, keys[1], keys[2]);
    assert_false(has_item("domain:log") || has_item("log:2"));
}

/* Killed after every single request. */
static void test_restarts(void **state)
{
    (void)state;
    static const struct {
        const char *stage;
        unsigned signers; /* once the agency has confirmed */
    } STEPS[] = {{"announce", 1}, {"overlap", 3}, {"retire", 2}};
    const char *keys[2] = {text_of(D.log), NULL};
    unsigned now = 1;
    size_t n = 1;
    for (size_t i = 0; i < 3; i++) {
        const char *log = n == 2 ? keys[1] : "";
        (void)step("operator", STEPS[i].stage, log);
        domain_restart(&D, NULL);
        assert_int_equal(signers(keys, n), now);
        struct sy_log_rotated r = step("agency", STEPS[i].stage, log);
        if (i == 0) {
            keys[1] = text_of(r.next);
            n = 2;
        }
        domain_restart(&D, NULL);
        now = STEPS[i].signers;
        assert_int_equal(signers(keys, n), now);
        (void)domain_size(&D);
    }
    struct domain_call again = call_of("operator", "announce", "");
    assert_int_equal(domain_ask(&D, &again), 0);
    assert_int_equal(signers(keys, n), 2);
}

static void make_key_aside(struct domain *d)
{
    struct vault *v = NULL;
    check_ok(vault_open(d->dir, &v, NULL));
    check_ok(vault_log_key_make(v, NULL));
    vault_close(v);
}

/* The key was made, and the machine stopped before an entry named it: the next announcement takes it. */
static void test_crash_before_the_event(void **state)
{
    (void)state;
    struct stat before, after;
    (void)step("operator", "announce", "");
    domain_restart(&D, make_key_aside);
    assert_int_equal(fstatat(D.dir, "keys/store/log:2.key", &before, 0), 0);
    struct sy_log_rotated r = step("agency", "announce", "");
    assert_int_equal(fstatat(D.dir, "keys/store/log:2.key", &after, 0), 0);
    assert_true(before.st_ino == after.st_ino && !has_item("log:3"));
    overlap(text_of(r.next));
    const char *keys[2] = {text_of(D.log), text_of(r.next)};
    assert_int_equal(signers(keys, 2), 3);
}

static struct sy_buf kept_secret;

static void put_secret_back(struct domain *d)
{
    check_ok(
        sy_replace_file_at(d->dir, "keys/store/domain:log.key", sy_buf_view(&kept_secret), 0600));
    assert_int_equal(unlinkat(d->dir, "keys/store/logpub:1.key", 0), 0);
}

/* The retirement was recorded, and the machine stopped before the secret was erased. */
static void test_crash_before_the_erasure(void **state)
{
    (void)state;
    kept_secret = sy_buf(4096);
    check_ok(sy_read_file_at(D.dir, "keys/store/domain:log.key", &kept_secret));
    const char *keys[2] = {text_of(D.log), announce()};
    overlap(keys[1]);
    retire(keys[1]);
    domain_restart(&D, put_secret_back);
    assert_false(has_item("domain:log"));
    assert_true(has_item("logpub:1"));
    assert_int_equal(signers(keys, 2), 2);
    sy_buf_deinit(&kept_secret);
}

static struct ledger_key stolen;

static void steal_first_key(struct domain *d)
{
    static uint8_t secret[PROOF_SECRET_BYTES];
    const struct vault_sign_key *keys;
    struct vault *v = NULL;
    check_ok(vault_open(d->dir, &v, NULL));
    (void)vault_log_keys(v, &keys);
    memcpy(secret, keys[0].secret, sizeof(secret));
    stolen.secret = secret;
    check_ok(proof_vkey_parse(d->log, &stolen.vkey, NULL));
    vault_close(v);
}

/* The retired key signs once more, over an entry that was never decided. */
static void sign_with_stolen_key(struct domain *d, struct warden *w)
{
    struct ledger_entry entry = {.leaf = V("slipped in")};
    struct sy_error err = {0};
    uint64_t index = 0;
    (void)d;
    check_ok(warden_log_open(w, NULL));
    check_ok(ledger_sign_by(w->ledger, &stolen, 1, NULL));
    check_ok(ledger_append(w->ledger, &entry, &index, NULL));
    check_ok(ledger_commit(w->ledger, NULL));
    check_code(warden_log_open(w, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "ledger");
}

/* Whoever kept the old key can't go on with the log after it was retired. */
static void test_stolen_old_key(void **state)
{
    (void)state;
    domain_restart(&D, steal_first_key);
    const char *vkey = announce();
    overlap(vkey);
    retire(vkey);
    domain_stop(&D, sign_with_stolen_key);
}

static void sign_in_overlap_alone(struct domain *d, struct warden *w)
{
    struct ledger_entry entry = {.leaf = V("slipped in")};
    uint64_t index = 0;
    (void)d;
    check_ok(warden_log_open(w, NULL));
    check_ok(ledger_sign_by(w->ledger, &stolen, 1, NULL));
    check_ok(ledger_append(w->ledger, &entry, &index, NULL));
    check_ok(ledger_commit(w->ledger, NULL));
    check_code(warden_log_open(w, NULL), SY_E_TAMPERED);
}

/* Nor with one of two lines while both keys sign. */
static void test_one_line_in_overlap(void **state)
{
    (void)state;
    domain_restart(&D, steal_first_key);
    overlap(announce());
    domain_stop(&D, sign_in_overlap_alone);
}

/* Forged, out of order, by others: the log goes on as it was, and no key is made. */
static void test_refusals(void **state)
{
    (void)state;
    struct domain_call c = call_of("agency", "announce", "");
    assert_int_equal(domain_ask(&D, &c), SY_E_REVIEW);
    assert_false(has_item("log:2"));
    c = call_of("operator", "retire", "");
    assert_int_equal(domain_ask(&D, &c), SY_E_STATE);
    const char *vkey = announce();
    c = call_of("agency", "overlap", vkey);
    assert_int_equal(domain_ask(&D, &c), SY_E_REVIEW);
    c = call_of("operator", "overlap", text_of(D.log));
    assert_int_equal(domain_ask(&D, &c), SY_E_FIELD);
    const char *keys[2] = {text_of(D.log), vkey};
    assert_int_equal(signers(keys, 2), 1);
}

/* The same envelope again is the same step, not the next one. */
static void test_again(void **state)
{
    (void)state;
    (void)step("operator", "announce", "");
    struct domain_call c = call_of("agency", "announce", "");
    struct sy_view envelope = domain_envelope(&D, &c);
    for (int i = 0; i < 2; i++) {
        struct domain_reply r = domain_await(&D, "agency", domain_relay(&D, &c, envelope));
        assert_int_equal(r.error.code, 0);
    }
    assert_false(has_item("log:3"));
    domain_restart(&D, NULL);
    struct domain_reply r = domain_await(&D, "agency", domain_relay(&D, &c, envelope));
    assert_int_equal(r.error.code, 0);
    assert_true(has_item("log:2") && !has_item("log:3"));
}

#define key_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        key_test(test_rotation),
        key_test(test_two_rotations),
        key_test(test_restarts),
        key_test(test_crash_before_the_event),
        key_test(test_crash_before_the_erasure),
        cmocka_unit_test_setup(test_stolen_old_key, setup),
        cmocka_unit_test_setup(test_one_line_in_overlap, setup),
        key_test(test_refusals),
        key_test(test_again),
    };
    return cmocka_run_group_tests_name("warden_log_key", tests, NULL, NULL);
}
