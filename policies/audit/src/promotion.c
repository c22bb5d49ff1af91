/* The tree that a promotion names. */
#include "promotion.h"

#include <string.h>

sy_status promotion_check(const struct sy_event *event, uint64_t base,
                          const struct proof_frontier *before, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_promote a;
    uint8_t root[PROOF_HASH_BYTES];
    if (!sy_view_is(event->type, "promote") || event->verdict.code != 0) {
        return SY_OK;
    }
    SY_TRY(sy_record_decode(&sy_promote_desc, event->request.args, &SY_MP_REQUEST, &arena, &a,
                            reterr));
    proof_frontier_root(before, root);
    return a.size == base + before->size && memcmp(a.root, root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(reterr, SY_E_PROOF, "root",
                         "the promotion was signed for another history than the one before it");
}
