/*
 * What: a product's call. Two entries: this very request's own, and the answer that it was given. When the same
 * question was asked before, perhaps by another buyer, the own entry names the answer that was made then; its
 * charge is not shown, so salt and data are held against the commitment and against what was decided on for this
 * request. Source: wire/product.h, docs/scheme/products.md.
 */
#include <string.h>

#include "client/reply.h"
#include "wire/product.h"

static sy_status no_call(struct sy_error *err, const char *field, const char *why)
{
    return sy_fail(err, SY_E_PROOF, field, "%s", why);
}

/* Does the own entry name the answer: by charging for it, or as one that was stored? */
static sy_status check_entries(const struct client_entry *own, const struct client_entry *answer,
                               struct sy_error *err)
{
    bool charged = sy_view_is(own->event.type, "charge") && own->event.verdict.stored == 0;
    bool stored = sy_view_is(own->event.type, "answer") && own->event.verdict.stored != 0;
    if (!own->ours || own->event.verdict.code != 0 || !(charged || stored)) {
        return no_call(err, "charge", "the first proof is not of this request's own entry");
    }
    if (!client_is_answer(answer)) {
        return no_call(err, "answer", "the second proof is not of an answer by the warden");
    }
    bool fits =
        charged
            ? answer->event.inputs.charge == own->at.index && answer->at.index > own->at.index
            : own->event.verdict.stored == answer->at.index + 1 && answer->at.index < own->at.index;
    return fits ? SY_OK : no_call(err, "answer", "the answer is to another request");
}

/* The result is of this product, purpose and buyer, and is billed as the log says and as it was offered, or less. */
static sy_status check_bound(const struct client_call *c, const struct client_entry *own,
                             const struct sy_product_answer *r, const struct sy_product_call *asked,
                             struct sy_error *err)
{
    const struct sy_header *h = &c->parsed.header;
    bool bound = memcmp(r->product, h->subject, 32) == 0 && sy_view_eq(r->buyer, h->party) &&
                 sy_view_eq(r->purpose, asked->purpose) && r->no_redistribution;
    if (!bound) {
        return no_call(err, "answer", "the answer is of another product, purpose or buyer");
    }
    return r->fen <= asked->price && r->fen == own->event.verdict.fen
               ? SY_OK
               : no_call(err, "fen", "the domain bills more than was offered, or than it logged");
}

static sy_status check_commit(const struct client_entry *own, const struct client_entry *answer,
                              const struct sy_product_answer *r, struct sy_error *err)
{
    uint8_t commit[32];
    bool salted =
        own->event.verdict.stored != 0 || memcmp(r->salt, own->event.inputs.salt, 32) == 0;
    proof_answer_commit(commit, r->salt, r->answer);
    return salted && memcmp(commit, answer->event.inputs.commit, 32) == 0
               ? SY_OK
               : sy_fail(err, SY_E_DIGEST, "answer",
                         "these are not the bytes that the log commits to");
}

static sy_status check_facts(const struct client_call *c, const struct client_entry *own,
                             const struct sy_product_answer *r, const struct sy_product_call *asked,
                             struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = CLIENT_ANSWER_BYTES};
    struct sy_answer a;
    SY_TRY(sy_record_decode(&sy_answer_desc, r->answer, &SY_MP_LARGE, &arena, &a, err));
    if (memcmp(a.grant, c->parsed.header.grant, 32) != 0 ||
        memcmp(a.model, asked->model, 32) != 0) {
        return no_call(err, "answer", "the answer is of another grant or model");
    }
    if (own->event.verdict.stored == 0 && !client_same_price(&a, &own->event.verdict)) {
        return no_call(err, "answer", "the log charged another price");
    }
    return client_same_data(&a, &own->event.inputs)
               ? SY_OK
               : no_call(err, "answer", "the log decided on other data");
}

static sy_status check_result(const struct client_call *c, shuyu_reply *r, struct sy_error *err)
{
    const struct client_entry *own = &r->entries[0];
    struct sy_product_call asked;
    struct sy_product_answer said;
    SY_TRY(
        sy_record_decode(&sy_product_call_desc, c->args, &SY_MP_REQUEST, &r->arena, &asked, err));
    SY_TRY(sy_record_decode(&sy_product_answer_desc, r->opened.reply.result, &SY_MP_LARGE,
                            &r->arena, &said, err));
    SY_TRY(check_bound(c, own, &said, &asked, err));
    SY_TRY(check_commit(own, &r->entries[1], &said, err));
    SY_TRY(check_facts(c, own, &said, &asked, err));
    r->answer = said.answer;
    r->fen = said.fen;
    return SY_OK;
}

sy_status client_verify_product(const struct client_call *c, shuyu_reply *r, struct sy_error *err)
{
    if (r->n_entries != 2) {
        return r->code != 0 && r->n_entries < 2
                   ? SY_OK /* a claim: it gives nothing */
                   : no_call(err, "proofs", "this request and its answer are not proven");
    }
    const struct client_entry *answer = &r->entries[1];
    bool answered = sy_view_is(answer->event.inputs.outcome, "ok");
    SY_TRY(check_entries(&r->entries[0], answer, err));
    if (answered != (r->code == 0)) {
        return no_call(err, "answer", "the log records another outcome of this call");
    }
    if (answered) {
        return check_result(c, r, err);
    }
    r->logged = true;
    r->entry = answer->at.index;
    return SY_OK;
}
