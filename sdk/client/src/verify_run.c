/*
 * What: a run's two entries, charge and answer, and the commitment that ties the bytes to them. An
 * answer given again at no charge comes with the charge it was first made under, which must be the
 * same question of the same party under the same grant, and with the entry of this very request,
 * which says that this is the answer to it now: an older one, of data since replaced, is refused.
 * Source: DESIGN section 3; wire/event.h.
 */
#include <string.h>

#include "client/reply.h"

static sy_status no_run(struct sy_error *err, const char *field, const char *why)
{
    return sy_fail(err, SY_E_PROOF, field, "%s", why);
}

static bool has_param(const struct sy_run *r, const struct sy_run_param *p)
{
    for (size_t i = 0; i < r->n_params; i++) {
        if (sy_view_eq(r->params[i].name, p->name) && sy_view_eq(r->params[i].value, p->value)) {
            return true;
        }
    }
    return false;
}

/* The same parameters, in whatever order (a name occurs once: the rules saw to it). */
static bool same_params(struct sy_view a, struct sy_view b, struct sy_arena *arena)
{
    struct sy_run x;
    struct sy_run y;
    if (!sy_ok(sy_record_decode(&sy_run_desc, a, &SY_MP_REQUEST, arena, &x, NULL)) ||
        !sy_ok(sy_record_decode(&sy_run_desc, b, &SY_MP_REQUEST, arena, &y, NULL)) ||
        x.n_params != y.n_params) {
        return false;
    }
    for (size_t i = 0; i < x.n_params; i++) {
        if (!has_param(&y, &x.params[i]) || !has_param(&x, &y.params[i])) {
            return false;
        }
    }
    return true;
}

/* A charge of the same question, made by an earlier request. */
static bool same_question(const struct client_call *c, const struct client_entry *charge,
                          struct sy_arena *arena)
{
    const struct sy_header *ours = &c->parsed.header;
    const struct sy_header *h = &charge->header;
    uint8_t digest[32];
    const struct sy_logged_request *q = &charge->event.request;
    proof_args_digest(digest, q->salt, q->args, q->secret);
    return memcmp(digest, h->body, 32) == 0 && sy_view_eq(h->method, ours->method) &&
           sy_view_eq(h->party, ours->party) && memcmp(h->domain, ours->domain, 32) == 0 &&
           memcmp(h->grant, ours->grant, 32) == 0 && memcmp(h->subject, ours->subject, 32) == 0 &&
           same_params(q->args, c->args, arena);
}

static sy_status check_charge(const struct client_call *c, const struct client_entry *charge,
                              struct sy_arena *arena, struct sy_error *err)
{
    if (!sy_view_is(charge->event.type, "charge") || charge->event.verdict.code != 0 ||
        charge->event.verdict.stored != 0) {
        return no_run(err, "charge", "the first proof is not of a charge that was run");
    }
    if (!charge->ours && !same_question(c, charge, arena)) {
        return no_run(err, "charge", "the charge is of another request");
    }
    return SY_OK;
}

bool client_is_answer(const struct client_entry *e)
{
    return sy_view_is(e->event.type, "answer") && sy_view_is(e->header.method, "job.answer") &&
           sy_view_is(e->header.party, "warden") && e->event.verdict.code == 0;
}

static sy_status check_answer(const struct client_entry *charge, const struct client_entry *answer,
                              struct sy_error *err)
{
    if (!client_is_answer(answer)) {
        return no_run(err, "answer", "the second proof is not of an answer by the warden");
    }
    if (answer->event.inputs.charge != charge->at.index || answer->at.index <= charge->at.index) {
        return no_run(err, "answer", "the answer is to another charge");
    }
    return SY_OK;
}

static sy_status check_commit(const struct client_entry *charge, const struct client_entry *answer,
                              struct sy_view result, struct sy_error *err)
{
    uint8_t commit[32];
    proof_answer_commit(commit, charge->event.inputs.salt, result);
    if (memcmp(commit, answer->event.inputs.commit, 32) != 0) {
        return sy_fail(err, SY_E_DIGEST, "answer",
                       "these are not the bytes that the log commits to");
    }
    return SY_OK;
}

bool client_same_data(const struct sy_answer *a, const struct sy_inputs *in)
{
    bool same = a->n_data == in->n_data;
    for (size_t i = 0; same && i < a->n_data; i++) {
        same = sy_view_eq(a->data[i].dataset, in->data[i].dataset) &&
               a->data[i].version == in->data[i].version &&
               memcmp(a->data[i].header, in->data[i].header, 32) == 0;
    }
    return same;
}

bool client_same_price(const struct sy_answer *a, const struct sy_verdict *v)
{
    bool same = a->n_spends == v->n_spends;
    for (size_t i = 0; same && i < a->n_spends; i++) {
        same = sy_view_eq(a->spends[i].ns, v->spends[i].ns) &&
               a->spends[i].rho == v->spends[i].rho && a->spends[i].delta == v->spends[i].delta &&
               a->spends[i].cells == v->spends[i].cells;
    }
    return same;
}

/* What the answer says of itself is what the log charged for. */
static sy_status check_facts(const struct client_entry *charge, struct sy_view result,
                             struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = CLIENT_ANSWER_BYTES};
    struct sy_answer a;
    SY_TRY(sy_record_decode(&sy_answer_desc, result, &SY_MP_LARGE, &arena, &a, err));
    if (memcmp(a.grant, charge->header.grant, 32) != 0 ||
        memcmp(a.model, charge->header.subject, 32) != 0) {
        return no_run(err, "answer", "the answer is of another grant or model");
    }
    if (!client_same_price(&a, &charge->event.verdict)) {
        return no_run(err, "answer", "the log charged another price");
    }
    return client_same_data(&a, &charge->event.inputs)
               ? SY_OK
               : no_run(err, "answer", "the log charged for other data");
}

/* Unless the charge is ours, our own entry must be there too and point to this answer. */
static sy_status check_pointer(const shuyu_reply *r, struct sy_error *err)
{
    const struct client_entry *answer = &r->entries[1];
    if (r->entries[0].ours) {
        return SY_OK;
    }
    if (r->n_entries != 3 || !r->entries[2].ours) {
        return no_run(err, "proofs", "an answer given again, without the entry of this request");
    }
    const struct client_entry *own = &r->entries[2];
    return sy_view_is(own->event.type, "answer") && own->event.verdict.code == 0 &&
                   own->event.verdict.stored == answer->at.index + 1 &&
                   own->at.index > answer->at.index
               ? SY_OK
               : no_run(err, "proofs", "the request was answered by another entry");
}

sy_status client_verify_run(const struct client_call *c, shuyu_reply *r, struct sy_error *err)
{
    if (r->n_entries < 2) {
        return r->code != 0 ? SY_OK /* a claim: it gives nothing */
                            : no_run(err, "proofs", "charge and answer are not proven");
    }
    const struct client_entry *charge = &r->entries[0];
    const struct client_entry *answer = &r->entries[1];
    bool answered = sy_view_is(answer->event.inputs.outcome, "ok");
    SY_TRY(check_charge(c, charge, &r->arena, err));
    SY_TRY(check_answer(charge, answer, err));
    SY_TRY(check_pointer(r, err));
    if (answered != (r->code == 0)) {
        return no_run(err, "answer", "the log records another outcome of this run");
    }
    if (answered) {
        SY_TRY(check_commit(charge, answer, r->opened.reply.result, err));
        r->answer = r->opened.reply.result;
        return check_facts(charge, r->opened.reply.result, err);
    }
    r->logged = true;
    r->entry = answer->at.index;
    return SY_OK;
}
