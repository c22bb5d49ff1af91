/*
 * Hashes, Merkle trees, leaves and identifiers: published vectors, the definitions themselves as a
 * slow second implementation, and for each acceptance the nearest thing that must be refused.
 */
#include "test_support.h"

#include "proof/ids.h"
#include "proof/leaf.h"
#include "wire/mp.h"

/* --- the reference tree of Certificate Transparency (reference/audit-log 1.10 A) ---------------- */
static const char *const CT_LEAVES[8] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
static const char *const CT_ROOTS[8] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
#define H0 "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define H1 "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
#define H4 "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
static const char *const CT_LEAF_HASHES[8] = {
    H0,
    H1,
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    H4,
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"};
#define H01 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
#define H23 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define H45 "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
#define H67 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
#define H47 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
#define H03 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"

static void ct_leaf(size_t i, uint8_t ret[PROOF_HASH_BYTES])
{
    uint8_t entry[32];
    size_t n = from_hex(CT_LEAVES[i], entry, sizeof(entry));
    proof_merkle_leaf(ret, sy_view(entry, n));
}

static void test_ct_hashes_and_roots(void **state)
{
    (void)state;
    struct proof_frontier f = {0};
    uint8_t h[PROOF_HASH_BYTES];
    proof_frontier_root(&f, h);
    assert_hash(h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < 8; i++) {
        ct_leaf(i, h);
        assert_hash(h, CT_LEAF_HASHES[i]);
        proof_frontier_add(&f, h);
        proof_frontier_root(&f, h);
        assert_hash(h, CT_ROOTS[i]);
    }
    assert_hash(f.hash[3], CT_ROOTS[7]);
}

static void test_ct_inner_nodes(void **state)
{
    (void)state;
    static const char *const WANT[3] = {H23, H45, H67};
    uint8_t pair[4][PROOF_HASH_BYTES];
    uint8_t a[PROOF_HASH_BYTES];
    uint8_t b[PROOF_HASH_BYTES];
    for (size_t i = 0; i < 4; i++) {
        ct_leaf(2 * i, a);
        ct_leaf(2 * i + 1, b);
        proof_merkle_node(pair[i], a, b);
        if (i > 0) {
            assert_hash(pair[i], WANT[i - 1]);
        }
    }
    proof_merkle_node(a, pair[0], pair[1]);
    assert_hash(a, H03);
    proof_merkle_node(b, pair[2], pair[3]);
    assert_hash(b, H47);
}

struct proof_case {
    uint64_t a; /* index, or size before */
    uint64_t b; /* size (after) */
    const char *path[4];
};

static void fill_path(const struct proof_case *c, struct proof_path *p)
{
    p->n = 0;
    for (size_t i = 0; i < 4 && c->path[i] != NULL; i++) {
        (void)from_hex(c->path[i], p->hash[p->n++], PROOF_HASH_BYTES);
    }
}

static void test_ct_inclusion(void **state)
{
    (void)state;
    static const struct proof_case CASES[] = {
        {0, 8, {H1, H23, H47}},
        {5, 8, {H4, H67, H03}},
        {2, 3, {H01}},
        {1, 5, {H0, H23, H4}},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct proof_path p;
        uint8_t leaf[PROOF_HASH_BYTES];
        uint8_t root[PROOF_HASH_BYTES];
        fill_path(&CASES[i], &p);
        ct_leaf(CASES[i].a, leaf);
        (void)from_hex(CT_ROOTS[CASES[i].b - 1], root, sizeof(root));
        check_ok(proof_merkle_check_inclusion(CASES[i].a, CASES[i].b, leaf, &p, root));
        check_code(proof_merkle_check_inclusion(CASES[i].a ^ 1, CASES[i].b, leaf, &p, root),
                   SY_E_PROOF);
        leaf[31] ^= 1;
        check_code(proof_merkle_check_inclusion(CASES[i].a, CASES[i].b, leaf, &p, root),
                   SY_E_PROOF);
    }
}

static void ct_tree(uint64_t size, struct proof_tree *ret)
{
    ret->size = size;
    (void)from_hex(CT_ROOTS[size - 1], ret->root, sizeof(ret->root));
}

static void test_ct_consistency(void **state)
{
    (void)state;
    static const struct proof_case CASES[] = {
        {1, 8, {H1, H23, H47}},
        {6, 8, {H45, H67, H03}},
        {2, 5, {H23, H4}},
        {1, 1, {NULL}},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct proof_path p;
        struct proof_tree a;
        struct proof_tree b;
        fill_path(&CASES[i], &p);
        ct_tree(CASES[i].a, &a);
        ct_tree(CASES[i].b, &b);
        check_ok(proof_merkle_check_consistency(&a, &b, &p));
        a.root[0] ^= 1;
        check_code(proof_merkle_check_consistency(&a, &b, &p), SY_E_PROOF);
        a.root[0] ^= 1;
        b.root[0] ^= 1;
        check_code(proof_merkle_check_consistency(&a, &b, &p), SY_E_PROOF);
    }
}

static void test_growth_from_nothing(void **state)
{
    (void)state;
    struct proof_path none = {0};
    struct proof_tree empty = {0};
    struct proof_tree eight;
    proof_merkle_empty(empty.root);
    ct_tree(8, &eight);
    check_ok(proof_merkle_check_growth(&empty, &eight, &none));
    check_ok(proof_merkle_check_growth(&empty, &empty, &none));
    check_code(proof_merkle_check_consistency(&empty, &eight, &none), SY_E_PROOF);
    check_code(proof_merkle_check_consistency(&empty, &empty, &none), SY_E_PROOF);
    none.n = 1;
    check_code(proof_merkle_check_growth(&empty, &eight, &none), SY_E_PROOF);
    none.n = 0;
    empty.root[0] ^= 1;
    check_code(proof_merkle_check_growth(&empty, &eight, &none), SY_E_PROOF);
}

/* --- against the definitions ------------------------------------------------------------------- */
enum { N_SLOW = 40 };

static void number_leaves(uint8_t (*leaf)[PROOF_HASH_BYTES])
{
    for (size_t i = 0; i < N_SLOW; i++) {
        uint8_t entry = (uint8_t)i;
        proof_merkle_leaf(leaf[i], sy_view(&entry, 1));
    }
}

static void refuse_neighbours(uint64_t index, uint64_t n, const uint8_t *leaf, struct proof_path *p,
                              const uint8_t *root)
{
    check_code(proof_merkle_check_inclusion(index + n, n, leaf, p, root), SY_E_PROOF);
    p->n++;
    check_code(proof_merkle_check_inclusion(index, n, leaf, p, root), SY_E_PROOF);
    p->n--;
    for (size_t i = 0; i < p->n; i++) {
        p->hash[i][i % PROOF_HASH_BYTES] ^= 0x10;
        check_code(proof_merkle_check_inclusion(index, n, leaf, p, root), SY_E_PROOF);
        p->hash[i][i % PROOF_HASH_BYTES] ^= 0x10;
    }
    if (p->n > 0) {
        p->n--;
        check_code(proof_merkle_check_inclusion(index, n, leaf, p, root), SY_E_PROOF);
        p->n++;
    }
}

static void test_every_inclusion(void **state)
{
    (void)state;
    uint8_t leaf[N_SLOW][PROOF_HASH_BYTES];
    number_leaves(leaf);
    for (uint64_t n = 1; n <= N_SLOW; n++) {
        uint8_t root[PROOF_HASH_BYTES];
        slow_root((const uint8_t(*)[PROOF_HASH_BYTES])leaf, n, root);
        for (uint64_t i = 0; i < n; i++) {
            struct proof_path p = {0};
            slow_path((const uint8_t(*)[PROOF_HASH_BYTES])leaf, n, i, &p);
            check_ok(proof_merkle_check_inclusion(i, n, leaf[i], &p, root));
            refuse_neighbours(i, n, leaf[i], &p, root);
        }
    }
}

static void test_every_consistency(void **state)
{
    (void)state;
    uint8_t leaf[N_SLOW][PROOF_HASH_BYTES];
    struct proof_frontier f = {0};
    number_leaves(leaf);
    for (uint64_t b = 1; b <= N_SLOW; b++) {
        struct proof_tree after = {.size = b};
        uint8_t grown[PROOF_HASH_BYTES];
        slow_root((const uint8_t(*)[PROOF_HASH_BYTES])leaf, b, after.root);
        proof_frontier_add(&f, leaf[b - 1]);
        proof_frontier_root(&f, grown);
        assert_memory_equal(grown, after.root, sizeof(grown));
        for (uint64_t a = 1; a <= b; a++) {
            struct proof_path p = {0};
            struct proof_tree before = {.size = a};
            slow_root((const uint8_t(*)[PROOF_HASH_BYTES])leaf, a, before.root);
            slow_proof((const uint8_t(*)[PROOF_HASH_BYTES])leaf, b, a, true, &p);
            check_ok(proof_merkle_check_consistency(&before, &after, &p));
            before.size++;
            check_code(proof_merkle_check_consistency(&before, &after, &p), SY_E_PROOF);
            before.size--;
            p.hash[p.n++][0] ^= 1;
            check_code(proof_merkle_check_consistency(&before, &after, &p), SY_E_PROOF);
        }
    }
}

static void test_oversized_path(void **state)
{
    (void)state;
    struct proof_path p = {.n = PROOF_PATH_MAX + 1};
    struct proof_tree a = {.size = 1};
    struct proof_tree b = {.size = UINT64_MAX};
    check_code(proof_merkle_check_inclusion(0, UINT64_MAX, a.root, &p, b.root), SY_E_PROOF);
    check_code(proof_merkle_check_consistency(&a, &b, &p), SY_E_PROOF);
}

/* --- leaves and identifiers -------------------------------------------------------------------- */
static const uint8_t SALT[PROOF_SALT_BYTES] = {1, 2, 3};

static void make_leaf(struct sy_buf *b)
{
    check_ok(proof_leaf_make(sy_view_str("enrol"), 20000, SALT, sy_view_str("body"), b));
}

static void test_leaf_bytes(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_LEAF_MAX);
    struct proof_leaf leaf;
    uint8_t want[PROOF_HASH_BYTES];
    uint8_t clear[12 + 32 + 4];
    make_leaf(&b);
    memcpy(clear, "shuyu-body-1", 12);
    memcpy(clear + 12, SALT, 32);
    memcpy(clear + 44, "body", 4);
    crypto_hash_sha256(want, clear, sizeof(clear));
    assert_int_equal(b.n, 1 + 1 + 6 + 3 + 2 + 32);
    assert_memory_equal(b.p,
                        "\x94\x01\xa5"
                        "enrol"
                        "\xcd\x4e\x20\xc4\x20",
                        13);
    assert_memory_equal(b.p + 13, want, sizeof(want));
    check_ok(proof_leaf_parse(sy_buf_view(&b), &leaf, NULL));
    assert_true(sy_view_is(leaf.type, "enrol"));
    assert_int_equal(leaf.utc_day, 20000);
    check_ok(proof_leaf_check(sy_buf_view(&b), SALT, sy_view_str("body"), NULL));
}

/* Whatever a flipped leaf parses as, it is no longer the leaf of this body, or of this type or day;
 * and nothing that is not canonical parses at all. */
static void test_leaf_every_byte(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_LEAF_MAX);
    uint8_t before[PROOF_HASH_BYTES];
    uint8_t after[PROOF_HASH_BYTES];
    make_leaf(&b);
    proof_merkle_leaf(before, sy_buf_view(&b));
    for (size_t i = 0; i < b.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct proof_leaf leaf;
            b.p[i] ^= (uint8_t)(1U << bit);
            proof_merkle_leaf(after, sy_buf_view(&b));
            assert_memory_not_equal(before, after, sizeof(after));
            if (sy_ok(proof_leaf_parse(sy_buf_view(&b), &leaf, NULL))) {
                SY_BUF_CLEANUP struct sy_buf again = sy_buf(PROOF_LEAF_MAX);
                check_ok(proof_leaf_encode(&leaf, &again));
                assert_true(sy_view_eq(sy_buf_view(&again), sy_buf_view(&b)));
            }
            if (i < 3 || i >= 11) { /* framing, schema and commitment */
                assert_false(
                    sy_ok(proof_leaf_check(sy_buf_view(&b), SALT, sy_view_str("body"), NULL)));
            }
            b.p[i] ^= (uint8_t)(1U << bit);
        }
    }
}

static void test_leaf_refusals(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_LEAF_MAX);
    struct proof_leaf leaf;
    uint8_t other[PROOF_SALT_BYTES] = {9};
    char long_type[PROOF_LEAF_TYPE_MAX + 2];
    memset(long_type, 'a', sizeof(long_type) - 1);
    long_type[sizeof(long_type) - 1] = '\0';
    make_leaf(&b);
    check_code(proof_leaf_check(sy_buf_view(&b), other, sy_view_str("body"), NULL), SY_E_DIGEST);
    check_code(proof_leaf_check(sy_buf_view(&b), SALT, sy_view_str("bodz"), NULL), SY_E_DIGEST);
    for (size_t n = 0; n < b.n; n++) {
        assert_false(sy_ok(proof_leaf_parse(sy_view(b.p, n), &leaf, NULL)));
    }
    check_ok(sy_buf_add_str(&b, "x"));
    check_code(proof_leaf_parse(sy_buf_view(&b), &leaf, NULL), SY_E_NOT_CANONICAL);
    size_t before = b.n;
    check_code(proof_leaf_make(sy_view_str(""), 1, SALT, sy_view_str("b"), &b), SY_E_FIELD);
    check_code(proof_leaf_make(sy_view_str(long_type), 1, SALT, sy_view_str("b"), &b), SY_E_FIELD);
    assert_int_equal(b.n, before);
    check_code(proof_leaf_parse(sy_view("\x94\x02\xa1"
                                        "a"
                                        "\x01\xc4\x00",
                                        7),
                                &leaf, NULL),
               SY_E_FIELD);
}

/* Each identifier against libsodium's SHA-256 over bytes put together by hand. */
static void test_ids(void **state)
{
    (void)state;
    uint8_t got[PROOF_HASH_BYTES];
    uint8_t want[PROOF_HASH_BYTES];
    uint8_t in[13 + 3 * 32];
    uint8_t zero[32] = {0};
    crypto_hash_sha256(want, (const uint8_t *)"shuyu-domain-1G", 15);
    proof_domain_id(got, sy_view_str("G"));
    assert_memory_equal(got, want, 32);
    crypto_hash_sha256(want, (const uint8_t *)"shuyu-proposal-1P", 17);
    proof_grant_id(got, sy_view_str("P"));
    assert_memory_equal(got, want, 32);
    memcpy(in, "shuyu-model-1", 13);
    memset(in + 13, 7, 32);
    crypto_hash_sha256(in + 45, (const uint8_t *)"plan", 4);
    crypto_hash_sha256(in + 77, (const uint8_t *)"def", 3);
    crypto_hash_sha256(want, in, 109);
    proof_model_id(got, in + 13, sy_view_str("plan"), sy_view_str("def"));
    assert_memory_equal(got, want, 32);
    memcpy(in, "shuyu-answer-1", 14);
    memset(in + 14, 0, 32);
    in[46] = 'A';
    crypto_hash_sha256(want, in, 47);
    proof_answer_commit(got, zero, sy_view_str("A"));
    assert_memory_equal(got, want, 32);
}

/* Piece by piece, with a look ahead that changes nothing. */
static void test_hasher(void **state)
{
    uint8_t want[PROOF_HASH_BYTES], got[PROOF_HASH_BYTES];
    struct proof_hasher *h = proof_hasher_new();
    (void)state;
    proof_hasher_add(h, sy_view_str("one, "));
    proof_sha256_one(want, sy_view_str("one, two"));
    for (int i = 0; i < 2; i++) {
        proof_hasher_peek(h, sy_view_str("two"), got);
        assert_memory_equal(got, want, sizeof(want));
    }
    proof_hasher_add(h, sy_view_str("two"));
    proof_hasher_peek(h, (struct sy_view){0}, got);
    assert_memory_equal(got, want, sizeof(want));
    proof_hasher_end(h, got);
    assert_memory_equal(got, want, sizeof(want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hasher),
        cmocka_unit_test(test_ct_hashes_and_roots),
        cmocka_unit_test(test_ct_inner_nodes),
        cmocka_unit_test(test_ct_inclusion),
        cmocka_unit_test(test_ct_consistency),
        cmocka_unit_test(test_growth_from_nothing),
        cmocka_unit_test(test_every_inclusion),
        cmocka_unit_test(test_every_consistency),
        cmocka_unit_test(test_oversized_path),
        cmocka_unit_test(test_leaf_bytes),
        cmocka_unit_test(test_leaf_every_byte),
        cmocka_unit_test(test_leaf_refusals),
        cmocka_unit_test(test_ids),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
