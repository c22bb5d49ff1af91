/*
 * What: the life of a request inside the warden. Invariants: every call ends in exactly one of
 * warden_call_result or warden_call_refuse, which free it; before the sender is known to hold an
 * enrolled key, errors go back in clear and nothing is logged; afterwards every reply is signed with
 * the warden's key as the answer to this request's header, and sealed.
 */
#include "warden/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "payload.h"
#include "warden/promote.h"
#include "warden/record.h"
#include "warden/witness.h"
#include "wire/rpc.h"

enum { REPLY_MAX = 64 << 20, FRAME_EXTRA = 64 };

static struct warden_conn *find_conn(struct warden *w, uint64_t id)
{
    for (size_t i = 0; i < w->n_conns; i++) {
        if (warden_conn_id(w->conns[i]) == id) {
            return w->conns[i];
        }
    }
    return NULL; /* gone: the caller will ask again with the same envelope */
}

static void send_error(struct warden *w, const struct warden_origin *o, const struct sy_error *e)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct warden_conn *conn = find_conn(w, o->conn);
    if (conn != NULL && sy_ok(sy_rpc_put_error(&b, o->rpc_id, e))) {
        warden_conn_send(conn, sy_buf_view(&b));
    }
}

static void call_free(struct warden_call *c)
{
    *c->live_at = c->live_next;
    if (c->live_next != NULL) {
        c->live_next->live_at = c->live_at;
    }
    sy_fd_close(&c->passed_fd);
    proof_opened_deinit(&c->opened);
    sy_arena_deinit(&c->arena);
    free(c);
}

/* End in clear: the sender is nobody we know, or the reply could not be sealed. */
static void refuse_in_clear(struct warden_call *c, const struct sy_error *e)
{
    struct warden_origin o = {.conn = c->conn, .rpc_id = c->rpc_id};
    warden_payload_take_back(c);
    send_error(c->w, &o, e);
    call_free(c);
}

/* A question about one subject is a run like any other: it takes the same room. */
static bool same_work(const struct warden_method *a, const struct warden_method *b)
{
    return a == b || (a->done != NULL && a->done == b->done);
}

bool warden_call_room(struct warden_call *c, const struct warden_room *room)
{
    size_t in_all = 0, of_party = 0;
    for (const struct warden_call *o = c->w->calls; o != NULL; o = o->live_next) {
        bool same = !o->held && same_work(o->method, c->method);
        in_all += same;
        of_party += same && sy_view_eq(o->request.header.party, c->request.header.party);
    }
    if (in_all <= room->in_all && of_party <= room->of_party) {
        return true;
    }
    warden_call_clear(c, SY_E_BUSY, "too many of these at once; send the same request again");
    return false;
}

void warden_call_clear(struct warden_call *c, int32_t code, const char *reason)
{
    struct sy_error err = {0};
    sy_fail(&err, code, NULL, "%s", reason);
    refuse_in_clear(c, &err);
}

/* Have the witnesses seen all that this reply proves? */
static bool is_covered(const struct warden_call *c)
{
    bool covered = true;
    for (size_t i = 0; i < c->n_entries; i++) {
        covered = covered && warden_witness_covers(c->w, c->entries[i]);
    }
    return covered;
}

static sy_status add_proofs(struct warden_call *c, struct sy_reply *reply, struct sy_error *err)
{
    bool covered = is_covered(c);
    reply->proofs = sy_arena_alloc(&c->arena, c->n_entries + 1, sizeof(*reply->proofs));
    if (reply->proofs == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < c->n_entries; i++) {
        SY_TRY(warden_entry_proof(c->w, c->entries[i], covered, &c->arena, &reply->proofs[i], err));
        reply->n_proofs = i + 1;
    }
    if (c->n_entries > 0) {
        struct warden_quorum q = warden_witness_quorum(c->w);
        reply->cosigned = q.note;
        reply->cosigned_time = q.time_s;
    }
    return SY_OK;
}

static size_t reply_length(const struct warden_call *c, const struct sy_reply *reply)
{
    if (c->reply_bytes != 0) {
        return c->reply_bytes;
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(REPLY_MAX);
    b.wipe = true; /* it may say whom an entry is about */
    return sy_ok(sy_record_encode(&sy_reply_desc, reply, &b)) ? proof_reply_length(b.n) : 0;
}

static sy_status seal_reply(struct warden_call *c, struct sy_reply *reply, struct sy_buf *frame,
                            struct sy_error *err)
{
    SY_TRY(add_proofs(c, reply, err));
    size_t length = reply_length(c, reply);
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(length + FRAME_EXTRA + PROOF_SEAL_BYTES);
    struct proof_reply_seal how = {.request = &c->envelope,
                                   .warden_secret = c->w->keys.sign_secret,
                                   .party_box = c->box,
                                   .length_bytes = length};
    SY_TRY(proof_reply_seal(reply, &how, &sealed));
    SY_TRY(sy_rpc_put_result_head(frame, c->rpc_id));
    return sy_mp_put_bin(frame, sy_buf_view(&sealed));
}

static void end_call(struct warden_call *c, struct sy_reply *reply)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(REPLY_MAX + FRAME_EXTRA);
    warden_payload_take_back(c);
    sy_status s = seal_reply(c, reply, &frame, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "reply not sealed", SY_LOGF_CODE(s.code));
        sy_fail(&err, SY_E_INTERNAL, NULL, NULL);
        refuse_in_clear(c, &err);
        return;
    }
    struct warden_conn *conn = find_conn(c->w, c->conn);
    if (conn != NULL) {
        warden_conn_send(conn, sy_buf_view(&frame));
    }
    call_free(c);
}

void warden_call_result(struct warden_call *c, struct sy_view result)
{
    struct sy_reply reply = {.result = result};
    end_call(c, &reply);
}

void warden_call_refuse(struct warden_call *c, const struct sy_error *e)
{
    struct sy_reply reply = {.error = sy_view_str(sy_code_name(e->code)),
                             .field = sy_view_str(e->field),
                             .reason = sy_view_str(e->reason)};
    end_call(c, &reply);
}

void warden_call_record(struct warden_call *c, const struct sy_desc *desc, const void *record)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(REPLY_MAX);
    b.wipe = true; /* it may say whom an entry is about */
    sy_status s = sy_record_encode(desc, record, &b);
    if (sy_ok(s)) {
        warden_call_result(c, sy_buf_view(&b));
        return;
    }
    struct sy_error err = {0};
    sy_fail(&err, SY_E_INTERNAL, NULL, NULL);
    warden_call_refuse(c, &err);
}

/* --- after the commit --------------------------------------------------------------------------- */

static void refuse_by_verdict(struct warden_call *c)
{
    const struct sy_verdict *v = &c->decision.verdict;
    struct sy_error err = {.code = (int32_t)v->code};
    sy_view_to_cstr(v->field, err.field, sizeof(err.field));
    sy_view_to_cstr(v->reason, err.reason, sizeof(err.reason));
    warden_call_refuse(c, &err);
}

static void call_done(struct warden_call *c)
{
    if (c->decision.verdict.code != 0) {
        refuse_by_verdict(c);
    } else if (c->method->done != NULL) {
        c->method->done(c);
    } else {
        warden_call_result(c, (struct sy_view){0});
    }
}

void warden_calls_committed(struct warden *w)
{
    struct warden_call *c = w->waiting;
    w->waiting = NULL;
    w->waiting_tail = &w->waiting;
    while (c != NULL) {
        struct warden_call *next = c->next;
        c->next = NULL;
        call_done(c);
        c = next;
    }
}

/* --- deciding ----------------------------------------------------------------------------------- */

/* Seal replies to the enrolled box key of who signed; for an enrolment, which has just enrolled itself, that
 * is the key its own args name. */
static bool find_box(struct warden_call *c)
{
    return rules_reply_box(c->w->state, &c->request, &c->arena, c->box);
}

/* Before anything is charged or changed: whatever a full disk would cut short is not begun. */
static bool no_room(struct warden_call *c)
{
    struct sy_error err = {0};
    if (warden_has_room(c->w)) {
        return false;
    }
    sy_fail(&err, SY_E_READ_ONLY, NULL,
            "the domain's disk is full: nothing was recorded or charged");
    refuse_in_clear(c, &err);
    return true;
}

/* If this disk is an older one, as a witness says, what was spent would be spent again. */
static bool must_not_charge(struct warden_call *c)
{
    const struct rules_decision *d = &c->decision;
    bool charges =
        d->kind == RULES_KIND_RESUME ||
        (d->verdict.code == 0 && (d->verdict.n_spends > 0 || sy_view_is(d->type, "charge")));
    if (!charges || !warden_witness_claimed(c->w)) {
        return false;
    }
    warden_call_clear(
        c, SY_E_BUSY,
        "a witness says that it saw another log than this one: nothing is charged until a "
        "quorum of witnesses has seen this one (shuyu log witnesses); ask again");
    return true;
}

static void record_and_wait(struct warden_call *c)
{
    struct sy_error err = {0};
    uint64_t entry = 0;
    bool had_box = find_box(c); /* whoever ends their own enrolment has none afterwards */
    sy_status s = warden_record(c->w, &c->request, &c->inputs, &c->decision, &entry, &err);
    if ((sy_ok(s) && c->decision.verdict.code == 0) || c->w->failed) {
        c->kept_at = 0; /* it is the entry's now; whether there is one, the next start will know */
    }
    if (sy_ok(s) && !find_box(c) && !had_box) {
        /* recorded: the same envelope will get its outcome */
        s = sy_fail(&err, SY_E_NO_MEMORY, NULL, NULL);
    }
    if (!sy_ok(s)) {
        refuse_in_clear(c, &err);
        return;
    }
    c->entries[c->n_entries++] = entry;
    *c->w->waiting_tail = c;
    c->w->waiting_tail = &c->next;
}

/* The same envelope again: its recorded outcome, never a second effect. */
static void call_again(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_event event;
    sy_status s = warden_entry_event(c->w, c->decision.entry, &c->arena, &event, &err);
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    c->entries[c->n_entries++] = c->decision.entry;
    c->decision.verdict = event.verdict;
    c->inputs = event.inputs;
    if (event.verdict.code != 0) {
        refuse_by_verdict(c);
    } else if (c->method->again != NULL) {
        c->method->again(c);
    } else {
        call_done(c);
    }
}

static void call_read(struct warden_call *c)
{
    if (c->method->read != NULL) {
        c->method->read(c);
        return;
    }
    struct sy_error err = {0};
    sy_fail(&err, SY_E_INTERNAL, "method", NULL);
    warden_call_refuse(c, &err);
}

void warden_call_decide(struct warden_call *c)
{
    struct sy_error err = {0};
    c->inputs.time = warden_time(c->w);
    sy_status s = rules_decide(c->w->state, &c->request, &c->inputs, &c->arena, &c->decision, &err);
    if (!sy_ok(s)) {
        refuse_in_clear(c, &err);
        return;
    }
    bool writes = c->decision.kind == RULES_KIND_EVENT || c->decision.kind == RULES_KIND_RESUME;
    if (writes && (no_room(c) || must_not_charge(c))) {
        return;
    }
    if (c->decision.kind == RULES_KIND_EVENT) {
        record_and_wait(c);
    } else if (!find_box(c)) {
        sy_fail(&err, SY_E_PARTY, NULL, NULL);
        refuse_in_clear(c, &err);
    } else if (c->decision.kind == RULES_KIND_READ) {
        call_read(c);
    } else if (c->decision.kind == RULES_KIND_REFUSED) {
        refuse_by_verdict(c);
    } else {
        call_again(c); /* RECORDED, and RESUME, which `again` of model.run tells apart */
    }
}

/* --- opening ------------------------------------------------------------------------------------ */

static void fill_request(struct warden_call *c)
{
    struct rules_request *r = &c->request;
    r->header = c->envelope.header;
    r->header_bytes = c->envelope.outer.header;
    r->args = c->opened.args;
    memcpy(r->salt, c->opened.salt, sizeof(r->salt));
    memcpy(r->secret_digest, c->opened.secret_digest, sizeof(r->secret_digest));
    r->sigs = c->envelope.outer.sigs;
    r->n_sigs = c->envelope.outer.n_sigs;
}

static sy_status open_call(struct warden_call *c, struct sy_view method, struct sy_view envelope,
                           struct sy_error *err)
{
    struct sy_view copy = sy_arena_copy(&c->arena, envelope);
    if (envelope.n > 0 && copy.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(proof_envelope_parse(copy, &c->arena, &c->envelope, err));
    /* BOUNDARY: the frame's method is outside the signature; only the header's counts. */
    if (!sy_view_eq(method, c->envelope.header.method)) {
        return sy_fail(err, SY_E_FIELD, "header.method",
                       "the frame and the header name two methods");
    }
    const struct warden_keys *k = &c->w->keys;
    SY_TRY(proof_envelope_open(&c->envelope, k->box_pub, k->box_secret, &c->opened, err));
    fill_request(c);
    c->method = warden_method_find(method);
    return c->method != NULL ? SY_OK : sy_fail(err, SY_E_METHOD, NULL, NULL);
}

static struct warden_call *call_new(struct warden *w, const struct warden_origin *o)
{
    struct warden_call *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return NULL;
    }
    c->w = w;
    c->live_next = w->calls;
    c->live_at = &w->calls;
    if (w->calls != NULL) {
        w->calls->live_at = &c->live_next;
    }
    w->calls = c;
    c->conn = o->conn;
    c->rpc_id = o->rpc_id;
    c->passed_fd = o->passed_fd;
    c->arena.ceiling = (size_t)REPLY_MAX * 2;
    c->arena.wipe = true; /* key shares pass here */
    memcpy(c->inputs.tls, o->tls, sizeof(c->inputs.tls));
    c->inputs.early = (uint64_t)o->early;
    return c;
}

void warden_call_start(struct warden *w, const struct warden_origin *origin, struct sy_view method,
                       struct sy_view envelope)
{
    struct sy_error err = {0};
    struct warden_call *c = call_new(w, origin);
    if (c == NULL) {
        int fd = origin->passed_fd;
        sy_fd_close(&fd);
        sy_fail(&err, SY_E_NO_MEMORY, NULL, NULL);
        send_error(w, origin, &err);
        return;
    }
    if (warden_is_fenced(w)) {
        warden_call_clear(c, SY_E_BUSY,
                          "this domain was promoted and waits for its witnesses; ask again");
        return;
    }
    if (!sy_ok(open_call(c, method, envelope, &err))) {
        refuse_in_clear(c, &err);
        return;
    }
    if (c->method->prepare == NULL || c->method->prepare(c)) {
        warden_call_decide(c);
    }
}
