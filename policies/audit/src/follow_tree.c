/* Roots and consistency proofs over a list of leaf hashes. */
#include <string.h>

#include "audit/follow.h"

void audit_range_root(const uint8_t *hashes, uint64_t from, uint64_t to,
                      uint8_t ret[PROOF_HASH_BYTES])
{
    struct proof_frontier f = {0};
    for (uint64_t i = from; i < to; i++) {
        proof_frontier_add(&f, hashes + i * PROOF_HASH_BYTES);
    }
    proof_frontier_root(&f, ret);
}

/* The largest power of two below n; n >= 2. */
static uint64_t split(uint64_t n)
{
    uint64_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    return k;
}

/* RFC 6962 section 2.1.2, from the top down: what stands beside the path comes out last to first. */
void audit_consistency(const uint8_t *hashes, uint64_t before, uint64_t after,
                       struct proof_path *ret)
{
    uint8_t beside[PROOF_PATH_MAX][PROOF_HASH_BYTES];
    uint64_t from = 0, to = after;
    size_t n = 0;
    ret->n = 0;
    while (before < to && n < PROOF_PATH_MAX - 1) {
        uint64_t middle = from + split(to - from);
        bool left = before <= middle;
        audit_range_root(hashes, left ? middle : from, left ? to : middle, beside[n++]);
        from = left ? from : middle;
        to = left ? middle : to;
    }
    if (from > 0) { /* the old tree is no subtree of the new one: its last part is told too */
        audit_range_root(hashes, from, to, ret->hash[ret->n++]);
    }
    while (n > 0) {
        memcpy(ret->hash[ret->n++], beside[--n], PROOF_HASH_BYTES);
    }
}
