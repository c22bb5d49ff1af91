/*
 * The tree in memory. Invariant: hash i of level l is right for every i < size >> l; what lies beyond
 * is left over from a longer tree and is written again before it is looked at, so going back is only
 * a matter of `size`. Proofs follow the definitions of RFC 6962 section 2.1 from the root downwards;
 * the left part of a split is always full and therefore at hand, only the right edge is hashed.
 */
#include "tree.h"

#define LEVEL_MAX_BYTES (SIZE_MAX / 4)

void tree_init(struct tree *t)
{
    *t = (struct tree){0};
    for (unsigned l = 0; l < PROOF_PATH_MAX; l++) {
        t->level[l] = sy_buf(LEVEL_MAX_BYTES);
    }
}

void tree_deinit(struct tree *t)
{
    for (unsigned l = 0; l < PROOF_PATH_MAX; l++) {
        sy_buf_deinit(&t->level[l]);
    }
    t->size = 0;
}

static uint8_t *hash_at(const struct tree *t, unsigned level, uint64_t i)
{
    return t->level[level].p + i * PROOF_HASH_BYTES;
}

/* Make hash i of a level writable; i is at most one beyond the last. */
static sy_status make_room(struct sy_buf *level, uint64_t i)
{
    if (i * PROOF_HASH_BYTES < level->n) {
        return SY_OK;
    }
    if (sy_buf_reserve(level, PROOF_HASH_BYTES) == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    level->n += PROOF_HASH_BYTES;
    return SY_OK;
}

/* A leaf at an odd place completes a pair, and so on upwards while places are odd. All room is made
 * before the tree changes. */
sy_status tree_add(struct tree *t, const uint8_t leaf_hash[PROOF_HASH_BYTES])
{
    uint64_t at = t->size;
    SY_TRY(make_room(&t->level[0], at));
    for (unsigned l = 0; ((at >> l) & 1) != 0; l++) {
        SY_TRY(make_room(&t->level[l + 1], at >> (l + 1)));
    }
    memcpy(hash_at(t, 0, at), leaf_hash, PROOF_HASH_BYTES);
    for (unsigned l = 0; ((at >> l) & 1) != 0; l++) {
        uint64_t right = at >> l;
        proof_merkle_node(hash_at(t, l + 1, right >> 1), hash_at(t, l, right - 1),
                          hash_at(t, l, right));
    }
    t->size++;
    return SY_OK;
}

void tree_truncate(struct tree *t, uint64_t size)
{
    t->size = size;
}

/* The largest power of two below n; n >= 2. */
static uint64_t split(uint64_t n)
{
    return 1ULL << (63 - __builtin_clzll(n - 1));
}

/* Root of n >= 1 leaves from `first` on, where first is a multiple of the power of two >= n. */
static void range_root(const struct tree *t, uint64_t first, uint64_t n, uint8_t *ret)
{
    if ((n & (n - 1)) == 0) {
        unsigned l = (unsigned)__builtin_ctzll(n);
        memcpy(ret, hash_at(t, l, first >> l), PROOF_HASH_BYTES);
        return;
    }
    uint64_t k = split(n);
    uint8_t left[PROOF_HASH_BYTES];
    range_root(t, first, k, left);
    range_root(t, first + k, n - k, ret);
    proof_merkle_node(ret, left, ret);
}

void tree_root(const struct tree *t, uint64_t size, uint8_t ret[PROOF_HASH_BYTES])
{
    if (size == 0) {
        proof_merkle_empty(ret);
    } else {
        range_root(t, 0, size, ret);
    }
}

static void push(const struct tree *t, uint64_t first, uint64_t n, struct proof_path *p)
{
    range_root(t, first, n, p->hash[p->n++]);
}

/* The walks below meet the hash nearest the root first. */
static void reverse(struct proof_path *p)
{
    for (size_t i = 0; i < p->n / 2; i++) {
        uint8_t h[PROOF_HASH_BYTES];
        memcpy(h, p->hash[i], sizeof(h));
        memcpy(p->hash[i], p->hash[p->n - 1 - i], sizeof(h));
        memcpy(p->hash[p->n - 1 - i], h, sizeof(h));
    }
}

void tree_path(const struct tree *t, uint64_t index, uint64_t size, struct proof_path *ret)
{
    uint64_t first = 0;
    ret->n = 0;
    for (uint64_t n = size; n > 1;) {
        uint64_t k = split(n);
        if (index - first < k) {
            push(t, first + k, n - k, ret);
            n = k;
        } else {
            push(t, first, k, ret);
            first += k;
            n -= k;
        }
    }
    reverse(ret);
}

void tree_consistency(const struct tree *t, uint64_t before, uint64_t after, struct proof_path *ret)
{
    uint64_t first = 0;
    uint64_t n = after;
    ret->n = 0;
    while (before - first != n) {
        uint64_t k = split(n);
        if (before - first <= k) {
            push(t, first + k, n - k, ret);
            n = k;
        } else {
            push(t, first, k, ret);
            first += k;
            n -= k;
        }
    }
    /* A part that begins at 0 is the old tree itself, whose root the verifier has. */
    if (first != 0) {
        push(t, first, n, ret);
    }
    reverse(ret);
}

struct sy_view tree_hashes(const struct tree *t, unsigned level, uint64_t first, uint64_t n)
{
    return sy_view(hash_at(t, level, first), n * PROOF_HASH_BYTES);
}
