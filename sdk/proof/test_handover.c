/*
 * Hand-overs of a log's key: two lines on one checkpoint, read by who knows one key, the other, or both; and
 * what makes a hand-over believed, each part taken away in turn.
 */
#include "check.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proof/envelope.h"
#include "proof/handover.h"
#include "proof/ids.h"
#include "wire/staff.h"

#define NAME     "example.com/log"
#define ROOT_B64 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

struct key {
    struct proof_vkey vkey;
    uint8_t secret[PROOF_SECRET_BYTES];
};

struct world {
    struct sy_arena arena;
    struct key old, next, stranger;
    uint8_t agency_secret[PROOF_SECRET_BYTES], other_secret[PROOF_SECRET_BYTES];
    struct sy_genesis genesis;
    struct sy_view genesis_bytes;
    /* The order, before it is signed: spoil it. */
    struct sy_log_rotate args;
    struct sy_header header;
    struct sy_event event;
    const uint8_t *signer;
};

static struct world W;

static void make_key(struct key *k, const char *name)
{
    uint8_t pub[PROOF_KEY_BYTES];
    crypto_sign_keypair(pub, k->secret);
    check_ok(proof_vkey_make(sy_view_str(name), PROOF_SIG_ED25519, pub, &k->vkey));
}

static struct sy_view encode(const struct sy_desc *desc, const void *record)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    check_ok(sy_record_encode(desc, record, &b));
    struct sy_view copy = sy_arena_copy(&W.arena, sy_buf_view(&b));
    assert_non_null(copy.p);
    return copy;
}

static struct sy_view vkey_text(const struct proof_vkey *k)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    check_ok(proof_vkey_format(k, &b));
    return sy_arena_copy(&W.arena, sy_buf_view(&b));
}

static struct sy_party party(const char *id, const uint8_t sign[32])
{
    struct sy_party p = {.name = sy_view_str(id),
                         .party = sy_view_str(id),
                         .role = sy_view_str(id),
                         .status = sy_view_str("active")};
    memcpy(p.sign, sign, 32);
    return p;
}

static int setup(void **state)
{
    uint8_t agency[32], other[32];
    (void)state;
    W = (struct world){0};
    make_key(&W.old, NAME);
    make_key(&W.next, NAME);
    make_key(&W.stranger, NAME);
    crypto_sign_keypair(agency, W.agency_secret);
    crypto_sign_keypair(other, W.other_secret);
    W.genesis = (struct sy_genesis){.agency = party("agency", agency),
                                    .operator_ = party("operator", other),
                                    .log = vkey_text(&W.old.vkey),
                                    .name = sy_view_str(NAME),
                                    .purpose = sy_view_str("test")};
    W.genesis_bytes = encode(&sy_genesis_desc, &W.genesis);
    W.args =
        (struct sy_log_rotate){.log = vkey_text(&W.next.vkey), .stage = sy_view_str("overlap")};
    W.header = (struct sy_header){.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                                  .expiry = 1,
                                  .method = sy_view_str("log.rotate"),
                                  .party = sy_view_str("agency"),
                                  .suite = SY_SUITE_INTL};
    memset(W.header.nonce, 7, sizeof(W.header.nonce));
    proof_domain_id(W.header.domain, W.genesis_bytes);
    W.event = (struct sy_event){.type = sy_view_str("log")};
    W.signer = W.agency_secret;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&W.arena);
    return 0;
}

/* Close the order as it is now, and ask whether it hands over from the old key. */
static sy_status order(struct proof_vkey *ret)
{
    struct sy_logged_request *r = &W.event.request;
    struct sy_signature *sig = sy_arena_alloc(&W.arena, 1, sizeof(*sig));
    uint8_t *bytes = sy_arena_alloc(&W.arena, 64, 1);
    assert_true(sig != NULL && bytes != NULL);
    r->args = encode(&sy_log_rotate_desc, &W.args);
    proof_args_digest(W.header.body, r->salt, r->args, r->secret);
    r->header = encode(&sy_header_desc, &W.header);
    proof_sign(bytes, r->header, W.signer);
    (void)crypto_sign_ed25519_sk_to_pk(sig->key, W.signer);
    sig->sig = sy_view(bytes, 64);
    r->sigs = sig;
    r->n_sigs = 1;
    return proof_handover_order(&W.event, W.genesis_bytes, &W.old.vkey, &W.arena, ret, NULL);
}

static void test_order(void **state)
{
    (void)state;
    struct proof_vkey to = {0};
    check_ok(order(&to));
    assert_memory_equal(to.key, W.next.vkey.key, 32);
}

static void test_order_of_others(void **state)
{
    (void)state;
    struct proof_vkey to = W.stranger.vkey;
    W.signer = W.other_secret; /* the operator, in the agency's name */
    check_code(order(&to), SY_E_UNSIGNED);
    W.header.party = sy_view_str("operator"); /* in its own */
    check_code(order(&to), SY_E_PROOF);
    W.signer = W.agency_secret;
    W.header.party = sy_view_str("agency");
    W.header.domain[3] ^= 1; /* of another domain */
    check_code(order(&to), SY_E_PROOF);
    W.header.domain[3] ^= 1;
    W.genesis.time = 5; /* another genesis than the one signed for */
    W.genesis_bytes = encode(&sy_genesis_desc, &W.genesis);
    check_code(order(&to), SY_E_PROOF);
    assert_memory_equal(to.key, W.stranger.vkey.key, 32);
}

/* A request of the agency that changes its key: from one to the next, as it was logged. */
static struct sy_view change_of_key(const uint8_t *from, const uint8_t *to)
{
    struct sy_logged_request r = {0};
    struct sy_header h = W.header;
    struct sy_new_keys keys = {0};
    struct sy_signature *sigs = sy_arena_alloc(&W.arena, 2, sizeof(*sigs));
    uint8_t *bytes = sy_arena_alloc(&W.arena, 128, 1);
    assert_true(sigs != NULL && bytes != NULL);
    (void)crypto_sign_ed25519_sk_to_pk(keys.sign, to);
    h.method = sy_view_str("party.rotate");
    r.args = encode(&sy_new_keys_desc, &keys);
    proof_args_digest(h.body, r.salt, r.args, r.secret);
    r.header = encode(&sy_header_desc, &h);
    const uint8_t *const by[] = {from, to};
    for (size_t i = 0; i < 2; i++) {
        proof_sign(bytes + 64 * i, r.header, by[i]);
        (void)crypto_sign_ed25519_sk_to_pk(sigs[i].key, by[i]);
        sigs[i].sig = sy_view(bytes + 64 * i, 64);
    }
    r.sigs = sigs;
    r.n_sigs = 2;
    return encode(&sy_logged_request_desc, &r);
}

/* The agency has another key by now, and another again: the order leads to it from genesis on, or is none. */
static void test_order_by_later_key(void **state)
{
    (void)state;
    struct proof_vkey to = {0};
    uint8_t pub[32], second[PROOF_SECRET_BYTES], third[PROOF_SECRET_BYTES];
    crypto_sign_keypair(pub, second);
    crypto_sign_keypair(pub, third);
    struct sy_view links[] = {change_of_key(W.agency_secret, second), change_of_key(second, third)};
    W.signer = third;
    check_code(order(&to), SY_E_UNSIGNED);
    W.args.agency = links;
    W.args.n_agency = 1;
    check_code(order(&to), SY_E_UNSIGNED); /* not all the way */
    W.args.n_agency = 2;
    check_ok(order(&to));
    assert_memory_equal(to.key, W.next.vkey.key, 32);
    W.signer = second; /* the key before it signs no order any more */
    check_code(order(&to), SY_E_UNSIGNED);
    W.signer = W.agency_secret;
    check_code(order(&to), SY_E_UNSIGNED);
    W.signer = third;
    struct sy_view swapped[] = {links[1], links[0]};
    W.args.agency = swapped;
    check_code(order(&to), SY_E_UNSIGNED);
    W.args.agency = links;
    links[1] = change_of_key(W.other_secret, third); /* by whoever likes */
    check_code(order(&to), SY_E_UNSIGNED);
    W.header.party = sy_view_str("operator"); /* another party's change of key */
    links[1] = change_of_key(second, third);
    W.header.party = sy_view_str("agency");
    check_code(order(&to), SY_E_PROOF);
}

static void test_order_of_other_things(void **state)
{
    (void)state;
    struct proof_vkey to;
    W.args.stage = sy_view_str("retire");
    check_code(order(&to), SY_E_PROOF);
    W.args.stage = sy_view_str("overlap");
    W.header.method = sy_view_str("scene.revoke");
    check_code(order(&to), SY_E_PROOF);
    W.header.method = sy_view_str("log.rotate");
    W.event.verdict.code = SY_E_STATE; /* refused */
    check_code(order(&to), SY_E_PROOF);
    W.event.verdict.code = 0;
    W.event.type = sy_view_str("refuse");
    check_code(order(&to), SY_E_PROOF);
    W.event.type = sy_view_str("log");
    check_ok(order(&to));
    W.args.log = vkey_text(&W.stranger.vkey); /* other arguments under the agency's signature */
    W.event.request.args = encode(&sy_log_rotate_desc, &W.args);
    check_code(proof_handover_order(&W.event, W.genesis_bytes, &W.old.vkey, &W.arena, &to, NULL),
               SY_E_DIGEST);
}

static void test_order_of_unfit_keys(void **state)
{
    (void)state;
    struct proof_vkey to;
    struct key odd;
    make_key(&odd, "example.com/other");
    W.args.log = vkey_text(&odd.vkey);
    check_code(order(&to), SY_E_FIELD);
    W.args.log = vkey_text(&W.old.vkey); /* itself */
    check_code(order(&to), SY_E_FIELD);
    check_ok(proof_vkey_make(sy_view_str(NAME), PROOF_SIG_COSIGNATURE, odd.vkey.key, &odd.vkey));
    W.args.log = vkey_text(&odd.vkey);
    check_code(order(&to), SY_E_FIELD);
}

/* --- checkpoints ---------------------------------------------------------------------------------- */

static struct sy_view note(const char *text, const struct key *const *by, size_t n)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(proof_note_sign(sy_view_str(text), &by[0]->vkey, by[0]->secret, &b));
    for (size_t i = 1; i < n; i++) {
        check_ok(proof_note_sign_line(sy_view_str(text), &by[i]->vkey, by[i]->secret, 0, &b));
    }
    return sy_arena_copy(&W.arena, sy_buf_view(&b));
}

#define TEXT_9 NAME "\n9\n" ROOT_B64 "\n"

static sy_status handed(struct sy_view checkpoint, uint64_t entry)
{
    struct proof_checkpoint c;
    return proof_handover_checkpoint(checkpoint, &W.old.vkey, &W.next.vkey, entry, &c, NULL);
}

static void test_checkpoint_of_both(void **state)
{
    (void)state;
    const struct key *both[] = {&W.old, &W.next}, *turned[] = {&W.next, &W.old};
    const struct key *with[] = {&W.old, &W.stranger, &W.next}, *first[] = {&W.old, &W.stranger};
    check_ok(handed(note(TEXT_9, both, 2), 8));
    check_ok(handed(note(TEXT_9, turned, 2), 0));
    check_ok(handed(note(TEXT_9, with, 3), 8));
    check_code(handed(note(TEXT_9, both, 2), 9), SY_E_PROOF); /* the order is not under it */
    check_code(handed(note(TEXT_9, both, 1), 8), SY_E_UNSIGNED);
    check_code(handed(note(TEXT_9, turned, 1), 8), SY_E_UNSIGNED);
    check_code(handed(note(TEXT_9, first, 2), 8), SY_E_UNSIGNED);
    check_code(handed(note("example.com/other\n9\n" ROOT_B64 "\n", both, 2), 8), SY_E_PROOF);
}

/* Whoever knows one of two keys takes the checkpoint; a line of a known key that does not verify spoils it. */
static void test_old_and_new_readers(void **state)
{
    (void)state;
    const struct key *both[] = {&W.old, &W.next};
    struct proof_checkpoint c;
    struct sy_view text = note(TEXT_9, both, 2);
    check_ok(proof_checkpoint_verify(text, &W.old.vkey, &c, NULL));
    check_ok(proof_checkpoint_verify(text, &W.next.vkey, &c, NULL));
    check_code(proof_checkpoint_verify(text, &W.stranger.vkey, &c, NULL), SY_E_UNSIGNED);
    struct proof_vkey keys[] = {W.old.vkey, W.stranger.vkey, W.next.vkey};
    struct proof_note_match m[3];
    check_ok(proof_checkpoint_verify_any(text, keys, 3, &c, m, NULL));
    assert_true(m[0].valid && !m[1].valid && m[2].valid && c.size == 9);
    uint8_t *p = (uint8_t *)(uintptr_t)text.p;
    p[text.n - 8] = p[text.n - 8] == 'A' ? 'B' : 'A'; /* in the new key's signature */
    check_ok(proof_checkpoint_verify(text, &W.old.vkey, &c, NULL));
    check_code(proof_checkpoint_verify(text, &W.next.vkey, &c, NULL), SY_E_SIGNATURE);
    check_code(proof_checkpoint_verify_any(text, keys, 3, &c, m, NULL), SY_E_SIGNATURE);
    check_code(handed(text, 8), SY_E_SIGNATURE);
    struct key odd;
    make_key(&odd, "example.com/other");
    keys[1] = odd.vkey;
    check_code(proof_checkpoint_verify_any(text, keys, 3, &c, m, NULL), SY_E_USAGE);
    check_code(proof_checkpoint_verify_any(text, keys, 0, &c, m, NULL), SY_E_USAGE);
}

/* --- a close ---------------------------------------------------------------------------------------- */

/* The entry that closes the old key's log, and goes on as `next`. */
static sy_status close_at(const struct key *next, const struct proof_tree *before,
                          struct proof_vkey *ret)
{
    struct sy_log_close a = {.log = vkey_text(&next->vkey), .size = before->size};
    memcpy(a.root, before->root, sizeof(a.root));
    struct sy_logged_request *r = &W.event.request;
    struct sy_signature *sig = sy_arena_alloc(&W.arena, 1, sizeof(*sig));
    uint8_t *bytes = sy_arena_alloc(&W.arena, 64, 1);
    W.event.type = sy_view_str("close");
    W.header.method = sy_view_str("log.close");
    r->args = encode(&sy_log_close_desc, &a);
    proof_args_digest(W.header.body, r->salt, r->args, r->secret);
    r->header = encode(&sy_header_desc, &W.header);
    proof_sign(bytes, r->header, W.signer);
    (void)crypto_sign_ed25519_sk_to_pk(sig->key, W.signer);
    sig->sig = sy_view(bytes, 64);
    r->sigs = sig;
    r->n_sigs = 1;
    return proof_handover_order(&W.event, W.genesis_bytes, &W.old.vkey, &W.arena, ret, NULL);
}

static sy_status close_to(const struct key *next, struct proof_vkey *ret)
{
    return close_at(next, &(struct proof_tree){.size = 8}, ret);
}

/* The last leaf's path: the roots of the full subtrees before it (RFC 6962 section 2.1.1). */
static void last_path(const struct proof_frontier *before, struct proof_path *ret)
{
    *ret = (struct proof_path){0};
    for (size_t l = 0; l < PROOF_PATH_MAX; l++) {
        if ((before->size >> l & 1) != 0) {
            memcpy(ret->hash[ret->n++], before->hash[l], PROOF_HASH_BYTES);
        }
    }
}

/* A close for exactly these leaves, behind them; and for one more or less, another root, another path. */
static void check_place(const struct proof_frontier *f, const struct key *next)
{
    struct proof_vkey to;
    struct proof_path path;
    struct proof_tree before = {.size = f->size};
    struct proof_frontier after = *f;
    uint8_t leaf[PROOF_HASH_BYTES] = {77}, root[PROOF_HASH_BYTES];
    proof_frontier_root(f, before.root);
    last_path(f, &path);
    proof_frontier_add(&after, leaf);
    proof_frontier_root(&after, root);
    check_ok(proof_merkle_check_inclusion(f->size, f->size + 1, leaf, &path, root));
    check_ok(close_at(next, &before, &to));
    check_ok(proof_handover_place(&W.event, f->size, &path, &W.arena, NULL));
    check_code(proof_handover_place(&W.event, f->size + 1, &path, &W.arena, NULL), SY_E_PROOF);
    path.hash[path.n][3] = 1;
    path.n++;
    check_code(proof_handover_place(&W.event, f->size, &path, &W.arena, NULL), SY_E_PROOF);
    path.n--;
    before.root[9] ^= 1; /* a fork of the same length */
    check_ok(close_at(next, &before, &to));
    check_code(proof_handover_place(&W.event, f->size, &path, &W.arena, NULL), SY_E_PROOF);
    before.root[9] ^= 1;
    before.size++; /* signed for, and never carried out there */
    check_ok(close_at(next, &before, &to));
    check_code(proof_handover_place(&W.event, f->size, &path, &W.arena, NULL), SY_E_PROOF);
}

static void test_close_at_its_place(void **state)
{
    (void)state;
    struct key next;
    struct proof_vkey to;
    struct proof_frontier f = {0};
    const struct proof_path none = {0};
    make_key(&next, NAME "/2");
    for (uint8_t i = 0; i < 35; i++) {
        uint8_t leaf[PROOF_HASH_BYTES] = {i};
        check_place(&f, &next);
        proof_frontier_add(&f, leaf);
    }
    W.event.type = sy_view_str("log");
    W.header.method = sy_view_str("log.rotate");
    check_ok(order(&to)); /* an overlap stands anywhere */
    check_ok(proof_handover_place(&W.event, 8, &none, &W.arena, NULL));
}

static void test_close(void **state)
{
    (void)state;
    struct key next;
    struct proof_vkey to = W.stranger.vkey;
    struct proof_checkpoint c;
    make_key(&next, NAME "/2");
    const struct key *old[] = {&W.old}, *new[] = {&next};
    check_ok(close_to(&next, &to));
    assert_memory_equal(to.key, next.vkey.key, 32);
    struct sy_view last = note(TEXT_9, old, 1);
    check_ok(proof_handover_checkpoint(last, &W.old.vkey, &to, 8, &c, NULL));
    assert_int_equal(c.size, 9);
    check_code(proof_handover_checkpoint(last, &W.old.vkey, &to, 7, &c, NULL), SY_E_PROOF);
    check_code(proof_handover_checkpoint(last, &W.old.vkey, &to, UINT64_MAX, &c, NULL), SY_E_PROOF);
    check_code(proof_handover_checkpoint(note(TEXT_9, new, 1), &W.old.vkey, &to, 8, &c, NULL),
               SY_E_UNSIGNED);
    check_code(close_to(&W.next, &to), SY_E_FIELD); /* of the same log */
    W.signer = W.other_secret;
    check_code(close_to(&next, &to), SY_E_UNSIGNED);
    W.signer = W.agency_secret;
    W.event.verdict.code = SY_E_STATE;
    check_code(close_to(&next, &to), SY_E_PROOF); /* refused */
    W.event.verdict.code = 0;
    check_ok(close_to(&next, &to));
    W.event.type = sy_view_str("log"); /* and nothing is both */
    check_code(proof_handover_order(&W.event, W.genesis_bytes, &W.old.vkey, &W.arena, &to, NULL),
               SY_E_PROOF);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_by_later_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_of_other_things, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_of_unfit_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint_of_both, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_and_new_readers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close, setup, teardown),
        cmocka_unit_test_setup_teardown(test_close_at_its_place, setup, teardown),
    };
    return cmocka_run_group_tests_name("proof_handover", tests, NULL, NULL);
}
