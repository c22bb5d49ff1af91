#include "question.h"

#include "proof/hash.h"
#include "rules/model.h"

static sy_status hash(const struct question *q, struct sy_arena *arena, struct rules_asked *to)
{
    const struct sy_header *h = &q->req->header;
    const size_t n = to->n_params * 8 + q->n_data * 32;
    uint8_t *bytes = sy_arena_alloc(arena, n + 1, 1);
    if (bytes == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < to->n_params; i++) {
        sy_store_le64(bytes + i * 8, to->params[i]);
    }
    for (size_t i = 0; i < q->n_data; i++) {
        memcpy(bytes + to->n_params * 8 + i * 32, q->data[i].header, 32);
    }
    PROOF_SHA256(to->hash, "shuyu-question-1", sy_view(h->grant, 32), sy_view(h->subject, 32),
                 sy_view(bytes, n));
    return SY_OK;
}

/* Facts are of model.run, whose arguments are the run, and of the inputs of the very event. */
static const struct rules_asked *among_facts(const struct question *q)
{
    const struct rules_facts *f = q->req->facts;
    bool same = f != NULL && f->asked != NULL && f->args == q->run && f->asked->data == q->data;
    return same ? f->asked : NULL;
}

sy_status question_asked(const struct question *q, struct sy_arena *arena,
                         const struct rules_asked **ret, struct sy_error *err)
{
    *ret = among_facts(q);
    if (*ret != NULL) {
        return SY_OK;
    }
    struct rules_asked *to = sy_arena_alloc(arena, 1, sizeof(*to));
    if (to == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_run_params(q->plan, q->run, arena, &to->params, &to->n_params, err));
    SY_TRY(hash(q, arena, to));
    to->data = q->data;
    to->key = rules_key_hash("question/", to->hash);
    *ret = to;
    return SY_OK;
}
