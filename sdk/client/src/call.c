/*
 * What: requests out, responses in. Invariants: the envelope is made once and never changes, so
 * that its nonce makes repetitions safe; nothing of a reply is looked at before the warden's
 * signature for this request holds, and nothing is reachable before client_verify_* agreed.
 */
#include "client/call.h"

#include <stdlib.h>

#include <sodium.h>

#include "client/reply.h"
#include "client/witnesses.h"

enum { ENVELOPE_MAX = 1 << 20, FRAME_MAX = (64 << 20) + 4096 };

const struct sy_mp_limits CLIENT_FRAME_LIMITS = {.bytes = FRAME_MAX, .depth = 4, .values = 64};

/* --- out -------------------------------------------------------------------------------------- */

sy_status client_request_sound(const struct shuyu_profile *p, const shuyu_request *r,
                               struct sy_error *err)
{
    if (!client_profile_pinned(p)) {
        return sy_fail(err, SY_E_STATE, "profile",
                       "the profile does not pin all keys of a domain: enrol or pin it again");
    }
    if (r->method == NULL || strlen(r->method) > 64 || r->method[0] == '\0') {
        return sy_fail(err, SY_E_FIELD, "method", "1..64 bytes");
    }
    if (r->args.n > 0 && r->args.data == NULL) {
        return sy_fail(err, SY_E_USAGE, "args", NULL);
    }
    return SY_OK;
}

void client_header_fill(const struct shuyu_profile *p, const shuyu_request *r, int64_t expiry,
                        struct sy_header *h)
{
    *h = (struct sy_header){
        .expiry = expiry, .method = sy_view_str(r->method), .party = sy_view_str(p->pins.party)};
    memcpy(h->domain, p->pins.domain, 32);
    if (r->grant != NULL) {
        memcpy(h->grant, r->grant, 32);
    }
    if (r->subject != NULL) {
        memcpy(h->subject, r->subject, 32);
    }
}

/* The first signature is the sender's (docs/scheme/staff.md). */
static sy_status make(struct client_call *c, const shuyu_request *r, const uint8_t *sender,
                      int64_t now_s, struct sy_error *err)
{
    const struct shuyu_profile *p = c->profile;
    const uint8_t *const secrets[2] = {sender != NULL ? sender : p->sign_secret, p->sign_secret};
    struct sy_header header;
    c->args = sy_arena_copy(&c->arena, client_view(r->args));
    if (r->args.n > 0 && c->args.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    struct proof_request request = {.args = c->args,
                                    .secret = client_view(r->secret),
                                    .domain_box = p->pins.box,
                                    .secrets = secrets,
                                    .n_secrets = sender != NULL ? 2 : 1};
    client_header_fill(p, r, now_s + CLIENT_LIFE_S, &header);
    sy_status s = proof_envelope_make(&request, &header, &c->envelope);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "request", NULL);
    }
    return proof_envelope_parse(sy_buf_view(&c->envelope), &c->arena, &c->parsed, err);
}

sy_status client_call_new(struct shuyu_profile *p, const shuyu_request *request, int64_t now_s,
                          struct client_call **ret, struct sy_error *err)
{
    return client_call_new_by(p, request, NULL, now_s, ret, err);
}

sy_status client_call_new_by(struct shuyu_profile *p, const shuyu_request *request,
                             const uint8_t *sender, int64_t now_s, struct client_call **ret,
                             struct sy_error *err)
{
    if (p == NULL) {
        (void)sy_fail(err, SY_E_STATE, "profile", "a session without a profile can only ping");
        return sy_status_of(SY_E_STATE);
    }
    SY_TRY(client_request_sound(p, request, err));
    struct client_call *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    c->profile = p;
    c->envelope = sy_buf(ENVELOPE_MAX);
    sy_view_to_cstr(sy_view_str(request->method), c->method, sizeof(c->method));
    (void)client_log_base(&p->pins, &c->first); /* 0 when it is not known */
    sy_status s = client_seen_get(p, &c->seen, err);
    if (sy_ok(s)) {
        s = make(c, request, sender, now_s, err);
    }
    if (!sy_ok(s)) {
        client_call_free(c);
        return s;
    }
    *ret = c;
    return SY_OK;
}

void client_call_free(struct client_call *c)
{
    if (c == NULL) {
        return;
    }
    sodium_memzero((void *)(uintptr_t)c->args.p, c->args.n); /* our own copy */
    sy_arena_deinit(&c->arena);
    sy_buf_deinit(&c->envelope);
    free(c);
}

sy_status client_call_frame(const struct client_call *c, uint32_t id, struct sy_buf *b)
{
    SY_TRY(sy_rpc_put_request(b, id, c->method, 1));
    return sy_mp_put_bin(b, sy_buf_view(&c->envelope));
}

/* --- in --------------------------------------------------------------------------------------- */

/* The largest tree of the reply becomes what later replies are measured by. */
static sy_status note_tree(const struct client_call *c, const shuyu_reply *r, struct sy_error *err)
{
    const struct proof_tree *largest = NULL;
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct proof_tree *t = &r->entries[i].at.tree;
        if (r->entries[i].closed) {
            continue;
        }
        largest = largest == NULL || t->size > largest->size ? t : largest;
    }
    return largest == NULL ? SY_OK : client_seen_note(c->profile, largest, err);
}

static sy_status open_and_verify(struct client_call *c, struct sy_view sealed, shuyu_reply *r,
                                 struct sy_error *err)
{
    const struct shuyu_profile *p = c->profile;
    struct proof_reply_open how = {.request = &c->parsed,
                                   .warden = p->pins.warden,
                                   .box_public = p->box_public,
                                   .box_secret = p->box_secret};
    SY_TRY(proof_reply_open(sealed, &how, &r->opened, err));
    const struct sy_reply *reply = &r->opened.reply;
    if (reply->error.n > 0) {
        char name[32];
        sy_view_to_cstr(reply->error, name, sizeof(name));
        r->code = sy_code_of_name(name);
        r->code = r->code == 0 ? SY_E_INTERNAL : r->code;
    }
    SY_TRY(client_verify_entries(c, r, err));
    SY_TRY(client_verify_outcome(c, r, err));
    SY_TRY(client_verify_witnessed(c, r, err));
    return note_tree(c, r, err);
}

/* Peer's text for people: no control characters. */
static void put_text(struct sy_view v, char *ret, size_t cap)
{
    sy_view_to_cstr(v, ret, cap);
    for (char *ch = ret; *ch != '\0'; ch++) {
        if ((unsigned char)*ch < 0x20 || *ch == 0x7F) {
            *ch = '?';
        }
    }
}

/* A refusal that came sealed: its words, and the reply when it is proven. */
static sy_status give_refusal(shuyu_reply *r, shuyu_reply **ret, struct sy_error *err)
{
    int32_t code = r->code;
    (void)sy_fail(err, code, NULL, NULL);
    put_text(r->opened.reply.field, err->field, sizeof(err->field));
    if (r->opened.reply.reason.n > 0) {
        put_text(r->opened.reply.reason, err->reason, sizeof(err->reason));
    }
    if (r->logged) {
        *ret = r;
    } else {
        shuyu_reply_free(r);
    }
    return sy_status_of(code);
}

sy_status client_call_judge(struct client_call *c, const struct sy_rpc_msg *response,
                            shuyu_reply **ret, struct sy_error *err)
{
    struct sy_view sealed;
    *ret = NULL;
    if (sy_rpc_error(response->error, err)) {
        return sy_status_of(err->code); /* in clear: a claim of whoever is at the other end */
    }
    if (!sy_mp_bin(response->result, &sealed)) {
        return sy_fail(err, SY_E_FRAME, "result", "the reply is not sealed");
    }
    shuyu_reply *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = open_and_verify(c, sealed, r, err);
    if (!sy_ok(s)) {
        shuyu_reply_free(r);
        return s;
    }
    if (r->code != 0) {
        return give_refusal(r, ret, err);
    }
    *ret = r;
    return SY_OK;
}
