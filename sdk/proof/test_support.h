/* Shared by the tests of proofs and of the ledger: hex, slow reference trees, published vectors. */
#ifndef PROOF_TEST_SUPPORT_H
#define PROOF_TEST_SUPPORT_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#include "base/fdio.h"
#include "proof/merkle.h"

/* Hex to bytes; returns how many. */
static inline size_t from_hex(const char *hex, uint8_t *ret, size_t cap)
{
    size_t n = 0;
    assert_int_equal(sodium_hex2bin(ret, cap, hex, strlen(hex), NULL, &n, NULL), 0);
    return n;
}

static inline void assert_hash(const uint8_t *got, const char *want_hex)
{
    char hex[2 * PROOF_HASH_BYTES + 1];
    sodium_bin2hex(hex, sizeof(hex), got, PROOF_HASH_BYTES);
    assert_string_equal(hex, want_hex);
}

/* The definitions of RFC 6962 section 2.1, word for word and slow, over leaf hashes. */
static inline uint64_t split_of(uint64_t n)
{
    uint64_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    return k;
}

static inline void slow_root(const uint8_t (*leaf)[PROOF_HASH_BYTES], uint64_t n, uint8_t *ret)
{
    if (n == 0) {
        proof_merkle_empty(ret);
        return;
    }
    if (n == 1) {
        memcpy(ret, leaf[0], PROOF_HASH_BYTES);
        return;
    }
    uint8_t l[PROOF_HASH_BYTES];
    uint8_t r[PROOF_HASH_BYTES];
    uint64_t k = split_of(n);
    slow_root(leaf, k, l);
    slow_root(leaf + k, n - k, r);
    proof_merkle_node(ret, l, r);
}

static inline void slow_push(struct proof_path *p, const uint8_t (*leaf)[PROOF_HASH_BYTES],
                             uint64_t n)
{
    slow_root(leaf, n, p->hash[p->n++]);
}

static inline void slow_path(const uint8_t (*leaf)[PROOF_HASH_BYTES], uint64_t n, uint64_t m,
                             struct proof_path *p)
{
    if (n == 1) {
        return;
    }
    uint64_t k = split_of(n);
    if (m < k) {
        slow_path(leaf, k, m, p);
        slow_push(p, leaf + k, n - k);
    } else {
        slow_path(leaf + k, n - k, m - k, p);
        slow_push(p, leaf, k);
    }
}

static inline void slow_proof(const uint8_t (*leaf)[PROOF_HASH_BYTES], uint64_t n, uint64_t m,
                              bool is_whole, struct proof_path *p)
{
    if (m == n) {
        if (!is_whole) {
            slow_push(p, leaf, n);
        }
        return;
    }
    uint64_t k = split_of(n);
    if (m <= k) {
        slow_proof(leaf, k, m, is_whole, p);
        slow_push(p, leaf + k, n - k);
    } else {
        slow_proof(leaf + k, n - k, m - k, false, p);
        slow_push(p, leaf, k);
    }
}

/* Folder of the published vectors that are not kept in the tree; skips the test, saying so, when
 * they are not there. */
static inline const char *vectors_folder(void)
{
    static char path[4096];
    const char *given = getenv("SHUYU_VECTORS");
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    if (given != NULL) {
        (void)snprintf(path, sizeof(path), "%s", given);
    } else {
        (void)snprintf(path, sizeof(path), "%s/../shared/vectors", root == NULL ? "." : root);
    }
    if (access(path, R_OK) != 0) {
        return NULL;
    }
    return path;
}

#endif
