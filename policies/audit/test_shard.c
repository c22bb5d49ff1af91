/*
 * Two logs of one domain in one export: verified, replayed, indexed, followed, receipts of both; and what an operator
 * who holds every key of both logs can write that does not go on from the log before, each named.
 */
#include "test_log_kit.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/follow.h"
#include "audit/log_key.h"
#include "audit/replay.h"
#include "audit/snapshot.h"
#include "audit/trace.h"
#include "base/fdio.h"
#include "proof/merkle.h"
#include "proof/receipt.h"
#include "rules/shard.h"

#define NAME "PeterNeumann"
/* The published secret seed of KIT_LOG, which the kit's genesis names. */
static const char SEED[] = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";

struct key {
    struct proof_vkey vkey;
    uint8_t secret[PROOF_SECRET_BYTES];
};

static struct log_kit L;
static struct key first, second, stranger;
static size_t base; /* where the second log begins */
static struct sy_log_open opened;

static void make_key(struct key *key, const char *name, const uint8_t seed[32])
{
    uint8_t pub[32];
    crypto_sign_seed_keypair(pub, key->secret, seed);
    check_ok(proof_vkey_make(V(name), PROOF_SIG_ED25519, pub, &key->vkey));
}

static struct sy_view text_of(const struct key *key)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    check_ok(proof_vkey_format(&key->vkey, &b));
    return sy_arena_copy(&L.k.arena, sy_buf_view(&b));
}

/* The root of entries [from, to). */
static void root_of(size_t from, size_t to, uint8_t ret[32])
{
    struct proof_frontier tree = {0};
    for (size_t i = from; i < to; i++) {
        uint8_t hash[32];
        proof_merkle_leaf(hash, L.entries[i].leaf);
        proof_frontier_add(&tree, hash);
    }
    proof_frontier_root(&tree, ret);
}

static struct sy_view sign_tree(const struct key *by, uint64_t size, const uint8_t root[32])
{
    struct proof_checkpoint c = {.origin = V(by->vkey.name), .size = size};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024), note = sy_buf(4096);
    memcpy(c.root, root, sizeof(c.root));
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &by->vkey, by->secret, &note));
    return sy_arena_copy(&L.k.arena, sy_buf_view(&note));
}

static struct sy_view checkpoint(const struct key *by, size_t from, size_t to)
{
    uint8_t root[32];
    root_of(from, to, root);
    return sign_tree(by, to - from, root);
}

/* ---- the two logs ---- */

static void close_log(struct kit *k)
{
    struct sy_log_close a = {.log = text_of(&second), .size = k->entry};
    log_kit_entries(&L);
    root_of(0, k->entry, a.root);
    struct rules_request *r = kit_request(k, "agency", "log.close", &sy_log_close_desc, &a);
    struct sy_signature *sigs = kit_alloc(k, 2, sizeof(*sigs));
    uint8_t *bytes = kit_alloc(k, 64, 1);
    sigs[0] = r->sigs[0];
    proof_sign(bytes, r->header_bytes, kit_party(k, "operator")->secret);
    memcpy(sigs[1].key, kit_party(k, "operator")->sign, 32);
    sigs[1].sig = sy_view(bytes, 64);
    r->sigs = sigs;
    r->n_sigs = 2;
    assert_int_equal(kit_send(k, r), 0);
}

static void open_log(struct kit *k)
{
    log_kit_entries(&L);
    base = k->entry;
    opened = (struct sy_log_open){
        .checkpoint = checkpoint(&first, 0, base), .log = text_of(&first), .size = base};
    root_of(0, base, opened.root);
    memcpy(opened.state, rules_state_digest(k->state), 32);
    check_ok(rules_state_sum(k->state, opened.snapshot, NULL));
    assert_int_equal(kit_call(k, "warden", "log.open", &sy_log_open_desc, &opened, NULL, NULL), 0);
}

static int setup(void **state)
{
    uint8_t seed[32];
    (void)state;
    log_kit_init(&L, NAME);
    assert_int_equal(sodium_hex2bin(seed, 32, SEED, 64, NULL, NULL, NULL), 0);
    make_key(&first, NAME, seed);
    memset(seed, 2, 32);
    make_key(&second, NAME "/2", seed);
    memset(seed, 3, 32);
    make_key(&stranger, NAME "/other", seed);
    L.key = first.vkey;
    memcpy(L.secret, first.secret, sizeof(L.secret));
    kit_ready(&L.k);
    assert_int_equal(kit_run(&L.k, "40"), 0);
    close_log(&L.k);
    open_log(&L.k);
    assert_int_equal(kit_run(&L.k, "60"), 0);
    assert_int_equal(kit_run(&L.k, "75"), 0);
    log_kit_entries(&L);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_kit_free(&L);
    return 0;
}

static void put_file(const char *name, struct sy_view bytes)
{
    SY_FD_CLEANUP int dir = open(L.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(sy_replace_file_at(dir, name, bytes, 0600));
}

/* An export of n entries, pinned to the first key, whose last log (from `from` on) is signed by `by`. */
static void write_export(size_t n, size_t from, const struct key *by)
{
    log_kit_write(&L, n);
    put_file("checkpoint", checkpoint(by, from, n));
}

static struct audit_export *open_export(size_t n, size_t from, const struct key *by)
{
    struct audit_export *x = NULL;
    write_export(n, from, by);
    check_ok(audit_open(L.dir, &x, NULL));
    return x;
}

/* ---- replay ---- */

struct named {
    uint64_t entry;
    char found[512];
    size_t n;
};

static void on_mismatch(void *ctx, const struct audit_mismatch *m)
{
    struct named *f = ctx;
    if (f->n++ == 0) {
        f->entry = m->entry;
    }
    size_t at = strlen(f->found);
    (void)snprintf(f->found + at, sizeof(f->found) - at, "%s: %s; ", m->field, m->expected);
}

static struct named replay(size_t n, const struct key *by)
{
    struct named f = {.entry = UINT64_MAX};
    const struct audit_replay_how how = {.threads = 1, .mismatch = on_mismatch, .ctx = &f};
    struct audit_replayed sum;
    struct audit_export *x = open_export(n, base, by);
    sy_status s = audit_replay(x, &how, &sum, NULL);
    assert_true(sy_ok(s) == (f.n == 0));
    audit_close(x);
    return f;
}

/* ---- what holds ---- */

static void test_whole(void **state)
{
    (void)state;
    struct audit_summary sum;
    struct proof_vkey key = first.vkey;
    struct audit_export *x = open_export(L.n, base, &second);
    check_ok(audit_log_key(x, &key, NULL)); /* from the first log's key, by the close */
    assert_memory_equal(key.key, second.vkey.key, 32);
    check_ok(audit_log_key(x, &key, NULL));
    check_ok(audit_verify(x, &key, &sum, NULL));
    assert_int_equal(sum.n_entries, L.n);
    key = stranger.vkey;
    check_ok(audit_log_key(x, &key, NULL)); /* nothing leads from it */
    assert_memory_equal(key.key, stranger.vkey.key, 32);
    audit_close(x);
    assert_int_equal(replay(L.n, &second).n, 0);
}

static void test_closed_alone(void **state)
{
    (void)state;
    struct audit_summary sum;
    struct audit_export *x = open_export(base, 0, &first);
    check_ok(audit_verify(x, &first.vkey, &sum, NULL));
    audit_close(x);
}

/* RFC 6962 section 2.1.1: the path of entry `at` among [from, to), nearest first. */
static void path_of(size_t from, size_t to, size_t at, struct proof_path *ret)
{
    size_t half = 1;
    if (to - from == 1) {
        return;
    }
    while (half * 2 < to - from) {
        half *= 2;
    }
    const size_t middle = from + half;
    const bool left = at < middle;
    path_of(left ? from : middle, left ? middle : to, at, ret);
    root_of(left ? middle : from, left ? to : middle, ret->hash[ret->n++]);
}

static struct sy_view receipt(size_t from, size_t to, size_t i, const struct key *by)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct proof_receipt r = {.index = i - from, .checkpoint = checkpoint(by, from, to)};
    path_of(from, to, i, &r.path);
    check_ok(proof_receipt_format(&r, &b));
    return sy_arena_copy(&L.k.arena, sy_buf_view(&b));
}

static void test_receipts(void **state)
{
    (void)state;
    uint64_t entry = 0;
    struct audit_export *x = open_export(L.n, base, &second);
    const size_t old = base - 2, new = base + 1;
    check_ok(audit_receipt_entry(x, &second.vkey, receipt(0, base, old, &first), &entry, NULL));
    assert_int_equal(entry, old);
    check_ok(audit_receipt_entry(x, &second.vkey, receipt(0, base - 1, 1, &first), &entry, NULL));
    assert_int_equal(entry, 1);
    check_ok(audit_receipt_entry(x, &second.vkey, receipt(base, L.n, new, &second), &entry, NULL));
    assert_int_equal(entry, new);
    assert_false(sy_ok(
        audit_receipt_entry(x, &second.vkey, receipt(0, base, old, &stranger), &entry, NULL)));
    assert_false(
        sy_ok(audit_receipt_entry(x, &second.vkey, receipt(1, base, old, &first), &entry, NULL)));
    audit_close(x);
}

static void test_index(void **state)
{
    (void)state;
    struct audit_index *ix = NULL;
    struct audit_export *x = open_export(L.n, base, &second);
    const char *path = log_kit_path(&L, "index.db");
    for (int i = 0; i < 2; i++) { /* made, then taken up again */
        check_ok(audit_index_open(path, AUDIT_INDEX_USE, x, &second.vkey, &ix, NULL));
        audit_index_close(ix);
    }
    audit_close(x);
}

static sy_status count_bytes(void *ctx, struct sy_view bytes)
{
    *(size_t *)ctx += bytes.n;
    return SY_OK;
}

/* The state carried over is the one that a replay of the old log gives, rows and all. */
static void test_carried(void **state)
{
    (void)state;
    size_t n = 0;
    struct proof_snapshot snap;
    struct audit_export *x = open_export(base, 0, &first);
    check_ok(audit_snapshot(x, base, count_bytes, &n, &snap, NULL));
    assert_true(n > 0);
    assert_memory_equal(snap.state, opened.state, 32);
    assert_memory_equal(snap.rows, opened.snapshot, 32);
    assert_memory_equal(snap.root, opened.root, 32);
    assert_int_equal(snap.size, opened.size);
    audit_close(x);
}

static void test_follow(void **state)
{
    (void)state;
    char copy[] = "/tmp/shuyu-copy-XXXXXX", path[128];
    const struct audit_follow_told told = {0};
    struct audit_follow *f = NULL;
    struct audit_grown g;
    assert_non_null(mkdtemp(copy));
    check_ok(audit_follow_open(copy, NULL, &told, &f, NULL));
    write_export(base - 2, 0, &first);
    check_ok(audit_follow_take(f, L.dir, &g, NULL));
    write_export(L.n - 1, base, &second); /* over the boundary */
    check_ok(audit_follow_take(f, L.dir, &g, NULL));
    assert_int_equal(g.from, base - 2);
    assert_int_equal(g.to, L.n - 1);
    audit_follow_close(f);
    check_ok(audit_follow_open(copy, NULL, &told, &f, NULL)); /* from what is kept */
    assert_int_equal(audit_follow_size(f), L.n - 1);
    write_export(L.n, base, &second);
    check_ok(audit_follow_take(f, L.dir, &g, NULL));
    assert_int_equal(audit_follow_size(f), L.n);
    assert_int_equal(audit_follow_mismatches(f), 0);
    L.entries[L.n - 1].salt[0] ^= 1; /* another second log, signed: evidence */
    struct sy_event e;
    check_ok(sy_record_decode(&sy_event_desc, L.entries[L.n - 1].body, &SY_MP_LARGE, &L.k.arena, &e,
                              NULL));
    log_kit_put(&L, L.n - 1, &e);
    write_export(L.n, base, &second);
    check_code(audit_follow_take(f, L.dir, &g, NULL), SY_E_TAMPERED);
    assert_true(g.evidence[0] != '\0');
    (void)snprintf(path, sizeof(path), "%s/%s", copy, g.evidence);
    assert_int_equal(unlink(path), 0);
    audit_follow_close(f);
    static const char *const names[] = {"entries", "checkpoint", "log.vkey"};
    for (size_t i = 0; i < LEN(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", copy, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(copy);
}

/* ---- what does not hold ---- */

/* The first entry of the second log says something else, signed by the warden as any act of its. */
static void say(const struct sy_log_open *a)
{
    struct sy_event e;
    const struct rules_request *r = kit_request(&L.k, "warden", "log.open", &sy_log_open_desc, a);
    check_ok(
        sy_record_decode(&sy_event_desc, L.entries[base].body, &SY_MP_LARGE, &L.k.arena, &e, NULL));
    e.request.args = r->args;
    e.request.header = r->header_bytes;
    memcpy(e.request.salt, r->salt, 32);
    e.request.sigs = (struct sy_signature *)(uintptr_t)r->sigs;
    e.request.n_sigs = r->n_sigs;
    log_kit_put(&L, base, &e);
}

static sy_status verify(size_t n, const struct key *by, struct sy_error *err)
{
    struct audit_summary sum;
    struct audit_export *x = open_export(n, base, by);
    *err = (struct sy_error){0};
    sy_status s = audit_verify(x, &by->vkey, &sum, err);
    audit_close(x);
    return s;
}

static void test_other_state(void **state)
{
    (void)state;
    struct sy_error err;
    for (int i = 0; i < 2; i++) {
        struct sy_log_open a = opened;
        (i == 0 ? a.state : a.snapshot)[9] ^= 1;
        say(&a);
        check_ok(verify(L.n, &second, &err)); /* the tree can't know */
        struct named f = replay(L.n, &second);
        assert_int_equal(f.entry, base);
        assert_non_null(strstr(f.found, i == 0 ? "not the state at" : "not the rows at"));
    }
}

static void test_other_end(void **state)
{
    (void)state;
    struct sy_error err;
    struct sy_log_open a = opened;
    a.size = base - 1; /* truly signed, of the log before its close */
    root_of(0, base - 1, a.root);
    a.checkpoint = checkpoint(&first, 0, base - 1);
    say(&a);
    check_code(verify(L.n, &second, &err), SY_E_PROOF);
    assert_string_equal(err.field, "shard");
    assert_non_null(strstr(err.reason, "another size"));
    assert_int_equal(replay(L.n, &second).entry, base);
    a = opened;
    a.root[3] ^= 1; /* two roots of one size, both signed */
    a.checkpoint = sign_tree(&first, base, a.root);
    say(&a);
    check_code(verify(L.n, &second, &err), SY_E_PROOF);
    assert_non_null(strstr(err.reason, "another root"));
    a = opened;
    a.checkpoint = sign_tree(&stranger, base, a.root);
    a.log = text_of(&stranger);
    say(&a);
    assert_false(sy_ok(verify(L.n, &second, &err)) && replay(L.n, &second).n == 0);
}

/* The same close, and another log: of another name, or of the same name with other entries. */
static void test_second_second(void **state)
{
    (void)state;
    struct sy_error err;
    struct audit_summary sum;
    struct proof_vkey key = first.vkey;
    check_code(verify(L.n, &stranger, &err), SY_E_PROOF);
    assert_string_equal(err.field, "shard");
    struct audit_export *x = open_export(L.n, base, &stranger);
    check_ok(audit_log_key(
        x, &key, NULL)); /* leads to the key that the close names: it signed nothing here */
    check_code(audit_verify(x, &key, &sum, NULL), SY_E_UNSIGNED);
    audit_close(x);
    const struct proof_vkey keys[] = {second.vkey, first.vkey};
    const struct sy_view notes[] = {checkpoint(&second, base, L.n - 1), checkpoint(&first, 0, base),
                                    checkpoint(&first, 0, base - 3)};
    struct sy_event e;
    for (int other = 0; other < 2; other++) {
        x = open_export(L.n, base, &second);
        for (size_t i = 0; i < LEN(notes); i++) {
            const struct audit_kept kept = {.note = notes[i], .keys = keys, .n_keys = 2};
            bool fork = other == 1 && i == 0;
            err = (struct sy_error){0};
            sy_status s = audit_verify_since(x, &second.vkey, &kept, &sum, &err);
            if (s.code != (fork ? SY_E_ROLLBACK : 0)) {
                fail_msg("%d, note %zu: %s %s", other, i, err.field, err.reason);
            }
            assert_true(!fork || strstr(err.reason, "two histories") != NULL);
        }
        audit_close(x);
        check_ok(sy_record_decode(&sy_event_desc, L.entries[base + 1].body, &SY_MP_LARGE,
                                  &L.k.arena, &e, NULL));
        L.entries[base + 1].salt[0] ^= 1;
        log_kit_put(&L, base + 1, &e);
    }
}

/* An entry slipped in behind the close, with the trees signed over it. */
static void test_behind(void **state)
{
    (void)state;
    struct sy_error err;
    memmove(&L.entries[base + 1], &L.entries[base], (L.n - base) * sizeof(L.entries[0]));
    L.entries[base] = L.entries[base - 2];
    L.n++;
    base++;
    for (size_t i = base - 1; i < L.n; i++) {
        L.entries[i].index = i;
    }
    struct sy_log_open a = opened;
    a.size = base;
    root_of(0, base, a.root);
    a.checkpoint = checkpoint(&first, 0, base);
    say(&a);
    check_code(verify(L.n, &second, &err), SY_E_PROOF);
    assert_non_null(strstr(err.reason, "behind the close"));
    assert_int_equal(replay(L.n, &second).entry, base - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receipts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_index, setup, teardown),
        cmocka_unit_test_setup_teardown(test_carried, setup, teardown),
        cmocka_unit_test_setup_teardown(test_follow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_behind, setup, teardown),
    };
    return cmocka_run_group_tests_name("audit_shard", tests, NULL, NULL);
}
