#include "question.h"

#include "memo.h"
#include "proof/hash.h"
#include "state_internal.h"

/* Grant, model, parameters, versions. */
static struct sy_view question_bytes(const struct question *q, struct sy_arena *arena)
{
    const size_t n = 64 + q->n_params * 8 + q->n_data * 32;
    uint8_t *bytes = sy_arena_alloc(arena, n, 1);
    if (bytes == NULL) {
        return (struct sy_view){0};
    }
    uint8_t *to = bytes + 64;
    memcpy(bytes, q->header->grant, 32);
    memcpy(bytes + 32, q->header->subject, 32);
    for (size_t i = 0; i < q->n_params; i++, to += 8) {
        sy_store_le64(to, q->params[i]);
    }
    for (size_t i = 0; i < q->n_data; i++, to += 32) {
        memcpy(to, q->data[i].header, 32);
    }
    return sy_view(bytes, n);
}

static void keep(struct memo_question *kept, struct sy_view bytes, const uint8_t hash[32])
{
    if (bytes.n <= sizeof(kept->bytes)) {
        memcpy(kept->bytes, bytes.p, bytes.n);
        memcpy(kept->hash, hash, sizeof(kept->hash));
        kept->n = bytes.n;
    }
}

/* A run is decided and applied on the same question, and soon asked for it beforehand: it is hashed once. */
sy_status question_hash(const struct rules_state *s, const struct question *q,
                        struct sy_arena *arena, uint8_t ret[32])
{
    struct memo_question *kept =
        state_memo(s) == NULL ? NULL : memo_question(state_memo(s), q->header->nonce);
    struct sy_view bytes = question_bytes(q, arena);
    if (bytes.p == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (kept != NULL && sy_view_eq(sy_view(kept->bytes, kept->n), bytes)) {
        memcpy(ret, kept->hash, sizeof(kept->hash));
        return SY_OK;
    }
    PROOF_SHA256(ret, "shuyu-question-1", bytes);
    if (kept != NULL) {
        keep(kept, bytes, ret);
    }
    return SY_OK;
}

bool question_expected(const struct rules_state *s, const struct rules_request *req,
                       const struct sy_inputs *in, struct sy_arena *arena, struct rules_key *ret)
{
    uint8_t hash[32];
    uint64_t *params;
    struct question q = {.header = &req->header, .data = in->data, .n_data = in->n_data};
    const struct rules_model *m = model_kept(s, req->header.subject);
    if (m == NULL || req->facts == NULL || req->facts->args == NULL ||
        !sy_view_is(req->header.method, "model.run") ||
        !sy_ok(rules_run_params(&m->plan, req->facts->args, arena, &params, &q.n_params, NULL))) {
        return false;
    }
    q.params = params;
    if (!sy_ok(question_hash(s, &q, arena, hash))) {
        return false;
    }
    *ret = rules_key_hash("question/", hash);
    return true;
}
