/*
 * Merkle trees of RFC 6962. The two verifications are those of RFC 9162, written as the walk from
 * the leaves to the root that they describe: fn is the position of the node we hold at the present
 * level, sn that of the last node of the level. Invariants: a path longer than the walk is refused
 * (sn reaches 0 first), so is a shorter one (sn is not 0 at the end); nothing is accepted on an
 * equality of sizes alone.
 */
#include "proof/merkle.h"

static sy_status verdict(bool ok)
{
    return ok ? SY_OK : sy_status_of(SY_E_PROOF);
}

static bool hash_eq(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, PROOF_HASH_BYTES) == 0;
}

void proof_merkle_empty(uint8_t ret[PROOF_HASH_BYTES])
{
    proof_sha256(ret, NULL, 0);
}

void proof_merkle_leaf(uint8_t ret[PROOF_HASH_BYTES], struct sy_view entry)
{
    static const uint8_t tag[1] = {0x00};
    proof_sha256(ret, (const struct sy_view[]){sy_view(tag, 1), entry}, 2);
}

void proof_merkle_node(uint8_t ret[PROOF_HASH_BYTES], const uint8_t left[PROOF_HASH_BYTES],
                       const uint8_t right[PROOF_HASH_BYTES])
{
    uint8_t node[1 + 2 * PROOF_HASH_BYTES];
    node[0] = 0x01;
    memcpy(node + 1, left, PROOF_HASH_BYTES);
    memcpy(node + 1 + PROOF_HASH_BYTES, right, PROOF_HASH_BYTES);
    proof_sha256_one(ret, sy_view(node, sizeof(node)));
}

/* Where a walk stands: our node's position in its level, and the level's last position. */
struct walk {
    uint64_t fn;
    uint64_t sn;
};

/* Is the sibling on the left? Our node is a right child, or the last of an odd level, which climbs
 * unchanged until it is one. Leaves the walk at that level. */
static bool sibling_is_left(struct walk *w)
{
    if ((w->fn & 1) == 0 && w->fn != w->sn) {
        return false;
    }
    while ((w->fn & 1) == 0 && w->fn != 0) {
        w->fn >>= 1;
        w->sn >>= 1;
    }
    return true;
}

static void climb(struct walk *w)
{
    w->fn >>= 1;
    w->sn >>= 1;
}

sy_status proof_merkle_check_inclusion(uint64_t index, uint64_t size,
                                       const uint8_t leaf_hash[PROOF_HASH_BYTES],
                                       const struct proof_path *path,
                                       const uint8_t root[PROOF_HASH_BYTES])
{
    if (index >= size || path->n > PROOF_PATH_MAX) {
        return verdict(false);
    }
    struct walk w = {index, size - 1};
    uint8_t r[PROOF_HASH_BYTES];
    memcpy(r, leaf_hash, sizeof(r));
    for (size_t i = 0; i < path->n; i++) {
        if (w.sn == 0) {
            return verdict(false);
        }
        if (sibling_is_left(&w)) {
            proof_merkle_node(r, path->hash[i], r);
        } else {
            proof_merkle_node(r, r, path->hash[i]);
        }
        climb(&w);
    }
    return verdict(w.sn == 0 && hash_eq(r, root));
}

/* From the largest full subtree at the end of the old tree (its root is `seed`) up to both roots; false
 * when the path is not as long as the walk. */
static bool walk_both(struct walk w, const uint8_t *seed, const uint8_t (*rest)[PROOF_HASH_BYTES],
                      size_t n_rest, uint8_t fr[PROOF_HASH_BYTES], uint8_t sr[PROOF_HASH_BYTES])
{
    memcpy(fr, seed, PROOF_HASH_BYTES);
    memcpy(sr, seed, PROOF_HASH_BYTES);
    for (size_t i = 0; i < n_rest; i++) {
        if (w.sn == 0) {
            return false;
        }
        if (sibling_is_left(&w)) {
            proof_merkle_node(fr, rest[i], fr);
            proof_merkle_node(sr, rest[i], sr);
        } else {
            proof_merkle_node(sr, sr, rest[i]);
        }
        climb(&w);
    }
    return w.sn == 0;
}

/* The walk from `size` to after's size, 1 <= size < after->size. An old tree that is full is itself the
 * subtree to start from; its root is not in the path, and comes as `full_root`. */
static bool walk_path(uint64_t size, const uint8_t *full_root, const struct proof_tree *after,
                      const struct proof_path *path, uint8_t ret_root[PROOF_HASH_BYTES])
{
    if (path->n == 0 || path->n > PROOF_PATH_MAX) {
        return false;
    }
    struct walk w = {size - 1, after->size - 1};
    while ((w.fn & 1) != 0) {
        climb(&w);
    }
    uint8_t sr[PROOF_HASH_BYTES];
    size_t n_used = full_root != NULL ? 0 : 1;
    const uint8_t *seed = full_root != NULL ? full_root : path->hash[0];
    return walk_both(w, seed, &path->hash[n_used], path->n - n_used, ret_root, sr) &&
           hash_eq(sr, after->root);
}

static bool is_full(uint64_t size)
{
    return (size & (size - 1)) == 0;
}

sy_status proof_merkle_check_consistency(const struct proof_tree *before,
                                         const struct proof_tree *after,
                                         const struct proof_path *path)
{
    if (before->size < 1 || before->size > after->size) {
        return verdict(false);
    }
    if (before->size == after->size) {
        return verdict(path->n == 0 && hash_eq(before->root, after->root));
    }
    uint8_t root[PROOF_HASH_BYTES];
    const uint8_t *full_root = is_full(before->size) ? before->root : NULL;
    return verdict(walk_path(before->size, full_root, after, path, root) &&
                   hash_eq(root, before->root));
}

sy_status proof_merkle_prefix(uint64_t size, const struct proof_tree *after,
                              const struct proof_path *path, uint8_t ret_root[PROOF_HASH_BYTES])
{
    uint8_t root[PROOF_HASH_BYTES];
    if (size < 1 || size > after->size) {
        return verdict(false);
    }
    if (size == after->size) {
        memcpy(root, after->root, sizeof(root));
        SY_TRY(verdict(path->n == 0));
    } else {
        SY_TRY(verdict(!is_full(size) && walk_path(size, NULL, after, path, root)));
    }
    memcpy(ret_root, root, sizeof(root));
    return SY_OK;
}

sy_status proof_merkle_check_growth(const struct proof_tree *before, const struct proof_tree *after,
                                    const struct proof_path *path)
{
    if (before->size != 0) {
        return proof_merkle_check_consistency(before, after, path);
    }
    uint8_t empty[PROOF_HASH_BYTES];
    proof_merkle_empty(empty);
    bool ok = path->n == 0 && hash_eq(before->root, empty);
    return verdict(ok && (after->size != 0 || hash_eq(after->root, empty)));
}

/* As adding one to a binary counter: each carry joins two full subtrees of the same height. */
void proof_frontier_add(struct proof_frontier *f, const uint8_t leaf_hash[PROOF_HASH_BYTES])
{
    uint8_t carry[PROOF_HASH_BYTES];
    memcpy(carry, leaf_hash, sizeof(carry));
    unsigned level = 0;
    for (; ((f->size >> level) & 1) != 0; level++) {
        proof_merkle_node(carry, f->hash[level], carry);
    }
    memcpy(f->hash[level], carry, sizeof(carry));
    f->size++;
}

/* The subtrees join from the right: the smallest ones lie lowest. */
void proof_frontier_root(const struct proof_frontier *f, uint8_t ret[PROOF_HASH_BYTES])
{
    bool begun = false;
    proof_merkle_empty(ret);
    for (unsigned level = 0; level < PROOF_PATH_MAX; level++) {
        if (((f->size >> level) & 1) == 0) {
            continue;
        }
        if (begun) {
            proof_merkle_node(ret, f->hash[level], ret);
        } else {
            memcpy(ret, f->hash[level], PROOF_HASH_BYTES);
            begun = true;
        }
    }
}
