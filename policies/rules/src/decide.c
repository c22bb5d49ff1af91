/*
 * decide: from a request to a decision. First everything that makes a request ours at all (its
 * failures have no entry), then the nonce (the same envelope has one outcome for ever), then the
 * gates and the method's own function, whose result, yes or no, is the verdict that is logged.
 *
 * Invariants: a refusal of the policy is a verdict, never a status; a status from inside (no
 * memory, a row that does not decode) is never a verdict, because another machine would not repeat
 * it.
 */
#include "base/weak.h"
#include "memo.h"
#include "method.h"
#include "proof/hash.h"
#include "state_internal.h"

bool word_in(struct sy_view word, const char *list)
{
    while (*list != '\0') {
        size_t n = strcspn(list, " ");
        if (sy_view_eq(word, sy_view(list, n))) {
            return true;
        }
        list += n + (list[n] == ' ' ? 1 : 0);
    }
    return false;
}

bool is_id(struct sy_view v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t ch = v.p[i];
        bool fine = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '.' ||
                    ch == '_' || ch == '-';
        if (!fine) {
            return false;
        }
    }
    return v.n >= 1 && v.n <= RULES_ID_MAX;
}

bool is_text(struct sy_view v, size_t max)
{
    return sy_view_is_text(v, max);
}

bool is_zero32(const uint8_t p[32])
{
    uint64_t words[4];
    memcpy(words, p, sizeof(words));
    return (words[0] | words[1] | words[2] | words[3]) == 0;
}

bool view_in(struct sy_view v, const struct sy_view *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_eq(v, list[i])) {
            return true;
        }
    }
    return false;
}

/* Is this a refusal to log, or trouble of this machine? */
static bool is_policy(sy_status s)
{
    enum sy_category cat = sy_category_of(s.code);
    return cat != SY_CAT_IO && cat != SY_CAT_BUSY && cat != SY_CAT_INTERNAL;
}

/* A refusal is logged once: what comes under a known nonce is refused without an entry of its own. */
static sy_status refuse(struct ask *c, sy_status why, struct rules_decision *ret)
{
    bool known = ret->kind != RULES_KIND_NONE;
    if (c->err->code != why.code) {
        (void)sy_fail(c->err, why.code, NULL, NULL);
    }
    struct sy_view field = sy_arena_copy(c->arena, sy_view_str(c->err->field));
    struct sy_view reason = sy_arena_copy(c->arena, sy_view_str(c->err->reason));
    if (field.n != strlen(c->err->field) || reason.n != strlen(c->err->reason)) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    ret->kind = known ? RULES_KIND_REFUSED : RULES_KIND_EVENT;
    ret->type = known ? (struct sy_view){0} : sy_view_str("refuse");
    ret->verdict =
        (struct sy_verdict){.code = (uint64_t)why.code, .field = field, .reason = reason};
    return SY_OK;
}

/* Allowed: the method's event, or a read. */
static void allow(const struct ask *c, struct rules_decision *ret)
{
    bool read = (c->method->pub.flags & RULES_M_READ) != 0;
    ret->kind = read ? RULES_KIND_READ : RULES_KIND_EVENT;
    ret->type = read ? (struct sy_view){0} : sy_view_str(c->type);
    ret->verdict = *c->verdict;
}

/* Time never goes back: the warden's fault if it does. */
static sy_status clock_check(struct ask *c)
{
    const struct state_row *at = state_find(c->state, sy_view_str("clock"));
    if (at == NULL) {
        return SY_OK;
    }
    struct sy_row_clock row;
    SY_TRY(state_decode(c->state, at, &sy_row_clock_desc, c->arena, &row, c->err));
    if (c->in->time < row.time) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.time", "time went back");
    }
    return SY_OK;
}

const struct rules_key *request_nonce(const struct rules_request *req, struct rules_key *room)
{
    if (req->facts != NULL && req->facts->nonce != NULL) {
        return req->facts->nonce;
    }
    *room = rules_key_nonce(req->header.party, req->header.nonce);
    return room;
}

void request_hash(const struct rules_request *req, uint8_t ret[32])
{
    if (req->facts != NULL) {
        memcpy(ret, req->facts->header_hash, 32);
    } else {
        proof_sha256_one(ret, req->header_bytes);
    }
}

/* Of a key among the request's facts, which lives until apply asks; NULL: nothing is said. */
static void fresh_keep(const struct rules_state *s, const struct rules_key *key)
{
    if (state_memo(s) != NULL) {
        *memo_fresh(state_memo(s)) = (struct memo_fresh){key, state_generation(s)};
    }
}

bool nonce_is_fresh(const struct rules_state *s, const struct rules_key *key)
{
    const struct memo_fresh *f = state_memo(s) == NULL ? NULL : memo_fresh(state_memo(s));
    struct sy_view value;
    return (f != NULL && f->key == key && f->generation == state_generation(s)) ||
           !rules_state_get(s, rules_key_view(key), &value);
}

/* What is known of the nonce: nothing (NONE), a recorded outcome, an open charge, or a replay
 * (REFUSED). */
static sy_status nonce_check(struct ask *c, struct rules_decision *ret)
{
    struct rules_key room;
    const struct rules_key *key = request_nonce(c->req, &room);
    struct sy_view value;
    bool fresh = !rules_state_get(c->state, rules_key_view(key), &value);
    fresh_keep(c->state, fresh && key != &room ? key : NULL);
    if (control(RULES_CTL_NONCE, fresh)) {
        return SY_OK;
    }
    struct sy_row_nonce row;
    SY_TRY(rules_state_read(c->state, rules_key_view(key), &sy_row_nonce_desc, c->arena, &row,
                            c->err));
    uint8_t digest[32];
    request_hash(c->req, digest);
    ret->kind = RULES_KIND_REFUSED;
    ret->entry = row.entry;
    if (memcmp(digest, row.header, 32) != 0) {
        return sy_fail(c->err, SY_E_REPLAYED, "header.nonce", NULL);
    }
    ret->kind = RULES_KIND_RECORDED;
    if (row.charge) {
        struct sy_row_answer answer;
        bool answered;
        SY_TRY(rules_charge_answer(c->state, row.entry, &answer, &answered, c->err));
        ret->kind = answered ? RULES_KIND_RECORDED : RULES_KIND_RESUME;
        ret->entry = answered ? answer.entry : row.entry;
    }
    if (sy_weak(SY_WEAK_NONCE_REUSE)) {
        ret->kind = RULES_KIND_NONE;
    }
    return SY_OK;
}

/* An unfinished charge is resumed only while its grant is in force, and its product on sale and subscribed to. */
static sy_status resume_check(struct ask *c)
{
    if (sy_view_is(c->req->header.method, "product.call")) {
        SY_TRY(ask_args(c));
        SY_TRY(product_resumable(c));
    }
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    return rules_grant_in_force(&g, &p, c->in->time, c->err);
}

static sy_status judge(struct ask *c, struct rules_decision *ret)
{
    SY_TRY(nonce_check(c, ret));
    if (ret->kind != RULES_KIND_NONE && c->signers != NULL) {
        SY_TRY(staff_gate(c)); /* another member may have signed the same header, for its outcome */
    }
    if (ret->kind == RULES_KIND_RECORDED) {
        return SY_OK;
    }
    if (ret->kind == RULES_KIND_RESUME) {
        return resume_check(c);
    }
    SY_TRY(ask_gates(c));
    SY_TRY(c->method->decide(c));
    allow(c, ret);
    return SY_OK;
}

/* A new signer: its arguments carry the keys; nothing that fails here has an entry. */
static sy_status judge_new(struct ask *c, struct rules_decision *ret)
{
    SY_TRY(header_life(&c->req->header, c->in->time, false, c->err));
    SY_TRY(ask_args(c));
    SY_TRY(c->method->decide(c));
    allow(c, ret);
    return SY_OK;
}

static sy_status decide(struct ask *c, struct rules_decision *ret)
{
    fresh_keep(c->state, NULL); /* of the request before */
    c->method = request_method(c->req);
    if (c->method == NULL) {
        return sy_fail(c->err, SY_E_METHOD, "header.method", NULL);
    }
    c->type = c->method->pub.type;
    SY_TRY(shard_gate(c));
    SY_TRY(ask_form(c));
    SY_TRY(clock_check(c));
    SY_TRY(ask_signer(c));
    SY_TRY(ask_signature(c));
    if (!c->known) {
        return judge_new(c, ret);
    }
    sy_status s = judge(c, ret);
    return sy_ok(s) || !is_policy(s) ? s : refuse(c, s, ret);
}

sy_status rules_decide(const struct rules_state *state, const struct rules_request *request,
                       const struct sy_inputs *inputs, struct sy_arena *arena,
                       struct rules_decision *ret, struct sy_error *reterr)
{
    struct sy_error own = {0};
    struct sy_verdict verdict = {0};
    struct ask c = {.state = state,
                    .req = request,
                    .in = inputs,
                    .arena = arena,
                    .verdict = &verdict,
                    .err = &own};
    *ret = (struct rules_decision){0};
    sy_status s = decide(&c, ret);
    if (arena
            ->failed) { /* of this machine, at this moment: never a verdict, which others must repeat */
        s = sy_fail(&own, SY_E_NO_MEMORY, NULL, NULL);
    }
    if (!sy_ok(s)) {
        *ret = (struct rules_decision){0};
        if (own.code != s.code) {
            (void)sy_fail(&own, s.code, NULL, NULL);
        }
        if (reterr != NULL) {
            *reterr = own;
        }
    }
    return s;
}

void rules_event_fill(const struct rules_request *request, const struct sy_inputs *inputs,
                      const struct rules_decision *decision, struct sy_event *ret)
{
    *ret = (struct sy_event){.inputs = *inputs,
                             .rules = SY_RULES_VERSION,
                             .schema = SY_EVENT_SCHEMA,
                             .type = decision->type,
                             .verdict = decision->verdict};
    ret->request = (struct sy_logged_request){
        .args = request->args, .header = request->header_bytes, .n_sigs = request->n_sigs};
    ret->request.sigs = (struct sy_signature *)(uintptr_t)request->sigs; /* only read */
    memcpy(ret->request.salt, request->salt, 32);
    memcpy(ret->request.secret, request->secret_digest, 32);
}

sy_status rules_request_of_event(const struct sy_event *event, struct sy_arena *arena,
                                 struct rules_request *ret, struct sy_error *reterr)
{
    struct sy_header header;
    SY_TRY(sy_record_decode(&sy_header_desc, event->request.header, &SY_MP_REQUEST, arena, &header,
                            reterr));
    *ret = (struct rules_request){.header = header,
                                  .header_bytes = event->request.header,
                                  .args = event->request.args,
                                  .sigs = event->request.sigs,
                                  .n_sigs = event->request.n_sigs};
    memcpy(ret->salt, event->request.salt, 32);
    memcpy(ret->secret_digest, event->request.secret, 32);
    return SY_OK;
}
