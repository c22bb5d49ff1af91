/*
 * What: a request that two people sign before it is sent. The file of a prepared request holds what is signed in clear
 * (header, arguments, salt, digest of the secret), so that the second person sees what it is, and the body as it will
 * go, sealed to the domain: a secret in it is for nobody else. Invariant: the sealed body is never opened or made anew;
 * what is sent is what was prepared, with more signatures.
 * Source: docs/scheme/staff.md; wire/envelope.h.
 */
#include "client/prepare.h"

#include <stdlib.h>

#include <sodium.h>

#include "base/time.h"
#include "client/buffer.h"
#include "client/reply.h"
#include "client/session.h"
#include "shuyu/staff.h"

#define SY_T struct sy_prepared
SY_RECORD_DESC(prepared, SY_PREPARED_FIELDS)
#undef SY_T

enum {
    FILE_MAX = 4 << 20,
    BODY_MAX = 1 << 20,
    SKEW_S = 60 /* between this clock and the domain's */
};

/* --- preparing -------------------------------------------------------------------------------- */

static void digest_secret(struct sy_view secret, uint8_t ret[32])
{
    memset(ret, 0, 32);
    if (secret.n > 0) {
        proof_sha256_one(ret, secret);
    }
}

/* Fill in what the header says of the body, and seal that. */
static sy_status seal_body(const shuyu_profile *p, const shuyu_request *r, struct sy_header *h,
                           struct sy_prepared *file, struct sy_buf *sealed)
{
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(BODY_MAX);
    struct sy_body body = {.args = client_view(r->args), .secret = client_view(r->secret)};
    clear.wipe = true;
    randombytes_buf(body.salt, sizeof(body.salt));
    digest_secret(body.secret, file->request.secret);
    memcpy(file->request.salt, body.salt, sizeof(body.salt));
    file->request.args = body.args;
    proof_args_digest(h->body, body.salt, body.args, file->request.secret);
    SY_TRY(sy_record_encode(&sy_body_desc, &body, &clear));
    return proof_seal(sy_buf_view(&clear), p->pins.box, sealed);
}

static sy_status prepare(const shuyu_profile *p, const shuyu_request *r, struct sy_buf *b,
                         struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf header = sy_buf(BODY_MAX);
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(BODY_MAX + PROOF_SEAL_BYTES);
    struct sy_prepared file = {0};
    struct sy_header h;
    uint8_t bytes[PROOF_SIGNATURE_BYTES];
    SY_TRY(client_request_sound(p, r, err));
    client_header_fill(p, r, sy_now_s() + SY_ENVELOPE_LIFE_MAX_S - SKEW_S, &h);
    h.ctx = sy_view_str(SY_REQUEST_CONTEXT);
    h.suite = SY_SUITE_INTL;
    randombytes_buf(h.nonce, sizeof(h.nonce));
    SY_TRY(seal_body(p, r, &h, &file, &sealed));
    SY_TRY(sy_record_encode(&sy_header_desc, &h, &header));
    proof_sign(bytes, sy_buf_view(&header), p->sign_secret);
    struct sy_signature sig = {.sig = sy_view(bytes, sizeof(bytes))};
    memcpy(sig.key, p->sign_public, 32);
    file.body = sy_buf_view(&sealed);
    file.request.header = sy_buf_view(&header);
    file.request.sigs = &sig;
    file.request.n_sigs = 1;
    return sy_record_encode(&sy_prepared_desc, &file, b);
}

shuyu_status shuyu_prepare(const shuyu_profile *p, const shuyu_request *request, shuyu_buffer *ret,
                           shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    if (p == NULL || request == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    shuyu_status code = client_give(prepare(p, request, &b, &err), &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* The sender's signature stands first: the domain takes the connection for its, and seals the reply to its box. */
static sy_status own_first(const shuyu_profile *p, struct sy_logged_request *r,
                           struct sy_error *err)
{
    for (size_t i = 0; i < r->n_sigs; i++) {
        if (memcmp(r->sigs[i].key, p->sign_public, 32) == 0) {
            struct sy_signature own = r->sigs[i];
            r->sigs[i] = r->sigs[0];
            r->sigs[0] = own;
            return SY_OK;
        }
    }
    return sy_fail(err, SY_E_UNSIGNED, "sigs", "sign it with this profile first: shuyu sign");
}

static sy_status call_of(struct client_call *c, struct sy_view bytes, struct sy_error *err)
{
    struct sy_prepared file;
    struct sy_view copy = sy_arena_copy(&c->arena, bytes);
    if (copy.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_record_decode(&sy_prepared_desc, copy, &SY_MP_REQUEST, &c->arena, &file, err));
    SY_TRY(own_first(c->profile, &file.request, err));
    struct sy_envelope e = {.body = file.body,
                            .header = file.request.header,
                            .sigs = file.request.sigs,
                            .n_sigs = file.request.n_sigs};
    SY_TRY(sy_record_encode(&sy_envelope_desc, &e, &c->envelope));
    SY_TRY(proof_envelope_parse(sy_buf_view(&c->envelope), &c->arena, &c->parsed, err));
    c->args = file.request.args;
    if (c->parsed.header.method.n >= sizeof(c->method) ||
        memcmp(c->parsed.header.domain, c->profile->pins.domain, 32) != 0) {
        return sy_fail(err, SY_E_FIELD, "header", "this is for another domain");
    }
    sy_view_to_cstr(c->parsed.header.method, c->method, sizeof(c->method));
    return client_seen_get(c->profile, &c->seen, err);
}

static sy_status send_prepared(shuyu_session *s, struct sy_view bytes, shuyu_reply **ret,
                               struct sy_error *err)
{
    if (s->profile == NULL || !client_profile_pinned(s->profile)) {
        return sy_fail(err, SY_E_STATE, "profile", "a pinned profile sends it");
    }
    struct client_call *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    c->profile = s->profile;
    c->envelope = sy_buf(FILE_MAX);
    sy_status st = call_of(c, bytes, err);
    if (sy_ok(st)) {
        st = client_call_through(s, c, -1, ret, err);
    }
    client_call_free(c);
    return st;
}

shuyu_status shuyu_send_prepared(shuyu_session *s, shuyu_bytes prepared, shuyu_reply **ret,
                                 shuyu_error *reterr)
{
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    if (s == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "session", NULL);
    }
    sy_status st = send_prepared(s, client_view(prepared), &reply, &err);
    return client_give_reply(st, &err, reply, ret, reterr);
}
