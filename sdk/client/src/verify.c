/*
 * What: does a reply's proof hold? Each entry is opened from the outside in: checkpoint signature
 * by the pinned log key, inclusion of the leaf, leaf to body, body to event, event to our request.
 * Invariants: what is decoded is exactly what was committed to (canonical bytes); a success of a
 * method that the domain logs is believed only with the entry of this very request.
 * Source: DESIGN sections 2, 3; wire/event.h; C2SP tlog-proof.
 */
#include <string.h>

#include "client/closed.h"
#include "client/reply.h"
#include "proof/leaf.h"

enum { PROOFS_MAX = 8 };

/* What the domain answers without logging it. Any other success must be proven. */
static const char *const READS[] = {
    "dataset.share", "due.list",      "log.entries",       "log.growth", "log.keys",
    "log.receipt",   "model.check",   "product.statement", "state.list", "risk.report",
    "scene.meter",   "status.domain", "witness.status"};

static bool is_read(const char *method)
{
    for (size_t i = 0; i < sizeof(READS) / sizeof(READS[0]); i++) {
        if (strcmp(method, READS[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool shuyu_is_read(const char *method)
{
    return method != NULL && is_read(method);
}

/* --- one entry -------------------------------------------------------------------------------- */

/*
 * In a log that was closed before the pinned one, by the key that closed it. Whoever keeps such a key, or a disk from
 * before the close, can sign more under it: what counts is the one tree that was closed, in its place among the logs.
 */
static sy_status open_closed(const struct shuyu_profile *p, const uint8_t leaf[PROOF_HASH_BYTES],
                             struct client_entry *e, struct sy_error *err)
{
    struct client_closed c;
    for (const char *at = p->pins.log_closed; client_closed_next(&at, &c);) {
        if (!sy_ok(proof_receipt_verify(e->proof->receipt, &c.key, leaf, &e->at, NULL))) {
            continue;
        }
        e->closed = true;
        e->base = c.base;
        return e->at.tree.size == c.tree.size &&
                       memcmp(e->at.tree.root, c.tree.root, sizeof(c.tree.root)) == 0
                   ? SY_OK
                   : sy_fail(err, SY_E_ROLLBACK, "receipt",
                             "of a log that was closed, in a state that is not its last");
    }
    return sy_status_of(SY_E_UNSIGNED);
}

static sy_status open_receipt(const struct shuyu_profile *p, struct client_entry *e,
                              struct sy_error *err)
{
    uint8_t leaf[PROOF_HASH_BYTES];
    proof_merkle_leaf(leaf, e->proof->leaf);
    sy_status s = proof_receipt_verify(e->proof->receipt, &p->log_key, leaf, &e->at, err);
    if (s.code != SY_E_UNSIGNED) {
        return s;
    }
    s = open_closed(p, leaf, e, err);
    return s.code != SY_E_UNSIGNED
               ? s
               : sy_fail(err, s.code, "receipt",
                         "not signed by the log key that is pinned; if the log was given "
                         "another, follow it to that (shuyu log follow)");
}

/* Entries are numbered through all logs of the domain, receipts say the place in their own. */
static sy_status check_index(const struct shuyu_profile *p, struct client_entry *e,
                             struct sy_error *err)
{
    uint64_t base = 0;
    const bool known = client_log_base(&p->pins, &base);
    const uint64_t before = e->proof->index - e->at.index;
    bool fits = e->proof->index >= e->at.index;
    if (e->closed || known) {
        fits = fits && before == (e->closed ? e->base : base);
    }
    e->base = before;
    e->place = e->at.index;
    e->at.index = e->proof->index;
    return fits ? SY_OK : sy_fail(err, SY_E_PROOF, "index", "the receipt is for another entry");
}

/* The receipt's checkpoint: signed by the pinned log, and not behind what was seen before we asked.
 * */
static sy_status check_receipt(const struct client_call *c, struct client_entry *e,
                               struct sy_error *err)
{
    SY_TRY(open_receipt(c->profile, e, err));
    SY_TRY(check_index(c->profile, e, err));
    if (e->closed) {
        return SY_OK;
    }
    if (e->at.tree.size < c->seen.size) {
        return sy_fail(err, SY_E_ROLLBACK, "receipt", "the log is shorter than it was before");
    }
    if (e->at.tree.size == c->seen.size && memcmp(e->at.tree.root, c->seen.root, 32) != 0) {
        return sy_fail(err, SY_E_ROLLBACK, "receipt", "two logs of one size: the log was forked");
    }
    return SY_OK;
}

/* Salt and body open the leaf, and the leaf's clear part agrees with the event. */
static sy_status check_body(struct client_entry *e, struct sy_arena *arena, struct sy_error *err)
{
    SY_TRY(proof_leaf_check(e->proof->leaf, e->proof->salt, e->proof->body, err));
    SY_TRY(sy_record_decode(&sy_event_desc, e->proof->body, &SY_MP_LARGE, arena, &e->event, err));
    SY_TRY(sy_record_decode(&sy_header_desc, e->event.request.header, &SY_MP_REQUEST, arena,
                            &e->header, err));
    return sy_ok(proof_leaf_names(e->proof->leaf, &e->event, err))
               ? SY_OK
               : sy_fail(err, SY_E_PROOF, "leaf", "the leaf's type or day is not the event's");
}

/* The header is ours and the arguments are those it was signed over. */
static bool is_ours(const struct client_call *c, const struct client_entry *e)
{
    return sy_view_eq(e->event.request.header, c->parsed.outer.header) &&
           sy_view_eq(e->event.request.args, c->args);
}

static sy_status verify_entry(const struct client_call *c, struct client_entry *e,
                              struct sy_arena *arena, struct sy_error *err)
{
    SY_TRY(check_receipt(c, e, err));
    SY_TRY(check_body(e, arena, err));
    e->ours = is_ours(c, e);
    e->receipt = (const char *)sy_arena_copy(arena, e->proof->receipt).p;
    return e->receipt != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* Two trees of one size in one reply must be one tree, if they are of one log; and those of the pinned log are. */
static sy_status one_log(const shuyu_reply *r, size_t n, struct sy_error *err)
{
    const struct proof_tree *last = &r->entries[n].at.tree;
    for (size_t i = 0; i < n; i++) {
        const struct client_entry *a = &r->entries[i], *b = &r->entries[n];
        const struct proof_tree *t = &a->at.tree;
        if (!a->closed && !b->closed && a->base != b->base) {
            return sy_fail(err, SY_E_PROOF, "index", "the receipt is for another entry");
        }
        if (a->base == b->base && a->closed == b->closed && t->size == last->size &&
            memcmp(t->root, last->root, 32) != 0) {
            return sy_fail(err, SY_E_ROLLBACK, "receipt",
                           "two logs of one size: the log was forked");
        }
    }
    return SY_OK;
}

/* What was asked after a log was closed is not in it. */
static sy_status check_own(const struct client_call *c, const struct client_entry *e,
                           struct sy_error *err)
{
    return e->at.index >= c->first
               ? SY_OK
               : sy_fail(err, SY_E_ROLLBACK, "receipt",
                         "the request is in a log that was closed before it was made");
}

sy_status client_verify_entries(const struct client_call *c, shuyu_reply *r, struct sy_error *err)
{
    const struct sy_reply *reply = &r->opened.reply;
    if (reply->n_proofs > PROOFS_MAX) {
        return sy_fail(err, SY_E_LIMIT, "proofs", "more proofs than a reply may have");
    }
    r->entries = sy_arena_alloc(&r->arena, reply->n_proofs + 1, sizeof(*r->entries));
    if (r->entries == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < reply->n_proofs; i++) {
        r->entries[i].proof = &reply->proofs[i];
        SY_TRY(verify_entry(c, &r->entries[i], &r->arena, err));
        SY_TRY(one_log(r, i, err));
        r->n_entries = i + 1;
        if (r->entries[i].ours) {
            SY_TRY(check_own(c, &r->entries[i], err));
            r->own = &r->entries[i];
        }
    }
    return SY_OK;
}

/* --- what the log says against what the reply says -------------------------------------------- */

/* The id and the plan of a registered model follow from what was logged. */
static sy_status check_model(const struct client_call *c, const shuyu_reply *r,
                             struct sy_error *err)
{
    struct sy_model_result m;
    uint8_t id[32];
    SY_TRY(sy_record_decode(&sy_model_result_desc, r->opened.reply.result, &SY_MP_LARGE,
                            (struct sy_arena *)&r->arena, &m, err));
    proof_model_id(id, c->parsed.header.grant, m.plan, c->args);
    if (!sy_view_eq(m.plan, r->own->event.inputs.plan) || memcmp(id, m.model, 32) != 0) {
        return sy_fail(err, SY_E_DIGEST, "model", "the result is not the model that was logged");
    }
    return SY_OK;
}

/* The outcome of a re-run is an entry of its own, which names the entry of this request. */
static sy_status check_rerun(const struct client_call *c, const shuyu_reply *r,
                             struct sy_error *err)
{
    struct sy_arena *arena = (struct sy_arena *)&r->arena;
    struct sy_rerun asked;
    struct sy_rerun_result said;
    SY_TRY(sy_record_decode(&sy_rerun_desc, c->args, &SY_MP_REQUEST, arena, &asked, err));
    SY_TRY(sy_record_decode(&sy_rerun_result_desc, r->opened.reply.result, &SY_MP_REQUEST, arena,
                            &said, err));
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct client_entry *e = &r->entries[i];
        struct sy_reran logged;
        if (sy_view_is(e->header.method, "audit.reran") && sy_view_is(e->header.party, "warden") &&
            e->event.verdict.code == 0 &&
            sy_ok(sy_record_decode(&sy_reran_desc, e->event.request.args, &SY_MP_REQUEST, arena,
                                   &logged, NULL)) &&
            logged.rerun == r->own->at.index && logged.charge == asked.charge &&
            said.charge == asked.charge && logged.code == said.code &&
            sy_view_eq(logged.outcome, said.outcome)) {
            return SY_OK;
        }
    }
    return sy_fail(err, SY_E_PROOF, "outcome", "the log does not say what the reply says");
}

static sy_status check_success(const struct client_call *c, shuyu_reply *r, struct sy_error *err)
{
    if (is_read(c->method)) {
        return SY_OK;
    }
    if (r->own == NULL) {
        return sy_fail(err, SY_E_PROOF, "proofs", "no proof that this request was logged");
    }
    if (r->own->event.verdict.code != 0) {
        return sy_fail(err, SY_E_PROOF, "proofs", "the log says that this was refused");
    }
    if (strcmp(c->method, "audit.rerun") == 0) {
        return check_rerun(c, r, err);
    }
    return strcmp(c->method, "model.register") == 0 ? check_model(c, r, err) : SY_OK;
}

/* A refusal that the log records for this request, with this code. Others are claims: an unlogged
 * refusal can only deny, never give anything. */
static sy_status check_refusal(shuyu_reply *r, struct sy_error *err)
{
    if (r->own == NULL || r->own->event.verdict.code == 0) {
        return SY_OK;
    }
    if (r->own->event.verdict.code != (uint64_t)r->code) {
        return sy_fail(err, SY_E_PROOF, "error", "the log names another reason of refusal");
    }
    r->logged = true;
    r->entry = r->own->at.index;
    return SY_OK;
}

sy_status client_verify_outcome(const struct client_call *c, shuyu_reply *r, struct sy_error *err)
{
    bool run = strcmp(c->method, "model.run") == 0 || strcmp(c->method, "subject.ask") == 0;
    bool product = strcmp(c->method, "product.call") == 0;
    bool refused_by_rules = r->own != NULL && r->own->event.verdict.code != 0;
    bool ran = !refused_by_rules && (r->code == 0 || r->code == SY_E_REFUSED);
    if (ran && (run || product)) {
        return product ? client_verify_product(c, r, err) : client_verify_run(c, r, err);
    }
    return r->code == 0 ? check_success(c, r, err) : check_refusal(r, err);
}
