/*
 * What: consent tokens (issuer) and questions about one subject (developer). Invariant: identifier and
 * asserted values leave this file as commitments, or in the part of a request that is sealed and not
 * logged; buffers that held them are wiped.
 */
#include "client/subject.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "client/answer.h"
#include "client/buffer.h"
#include "client/session.h"
#include "proof/consent.h"
#include "wire/unit_id.h"

enum { ASSERTED_MAX = 64, TOKEN_MAX = 8192 };

/* --- values ----------------------------------------------------------------------------------- */

static sy_status read_id(const char *const *id, size_t n, struct sy_view ret[SY_UNIT_ID_PARTS_MAX],
                         struct sy_error *err)
{
    if (id == NULL || n == 0 || n > SY_UNIT_ID_PARTS_MAX) {
        return sy_fail(err, SY_E_FIELD, "id", "give the identifier, or its 2 to %d parts",
                       SY_UNIT_ID_PARTS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        if (id[i] == NULL) {
            return sy_fail(err, SY_E_FIELD, "id", "a part is missing");
        }
        ret[i] = sy_view_str(id[i]);
    }
    return SY_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct sy_run_param *x = a;
    const struct sy_run_param *y = b;
    return sy_view_cmp(x->name, y->name);
}

/* Ascending by name, which is how they are committed to. */
static sy_status read_asserted(const shuyu_param *from, size_t n,
                               struct sy_run_param ret[ASSERTED_MAX], struct sy_error *err)
{
    if (n > ASSERTED_MAX || (n > 0 && from == NULL)) {
        return sy_fail(err, SY_E_FIELD, "asserted", "at most %d values", ASSERTED_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        if (from[i].name == NULL || from[i].value == NULL) {
            return sy_fail(err, SY_E_FIELD, "asserted", "a value has a name and a text");
        }
        ret[i] = (struct sy_run_param){.name = sy_view_str(from[i].name),
                                       .value = sy_view_str(from[i].value)};
    }
    qsort(ret, n, sizeof(*ret), by_name);
    return SY_OK;
}

/* --- issuing ---------------------------------------------------------------------------------- */

static sy_status commit_subject(const shuyu_consent *w, const uint8_t salt[32],
                                struct sy_consent *t, struct sy_error *err)
{
    struct sy_view parts[SY_UNIT_ID_PARTS_MAX];
    uint8_t id[SY_UNIT_ID_BYTES];
    size_t n = 0;
    SY_TRY(read_id(w->id, w->n_id, parts, err));
    sy_status s = sy_unit_id_join(parts, w->n_id, id, &n);
    if (sy_ok(s)) {
        proof_subject_commit(t->subject, salt, sy_view(id, n));
    }
    sodium_memzero(id, sizeof(id));
    return sy_ok(s) ? s : sy_fail(err, s.code, "id", "1 to %d bytes of text", SY_UNIT_ID_BYTES);
}

static sy_status commit_asserted(const shuyu_consent *w, const uint8_t salt[32],
                                 struct sy_consent *t, struct sy_error *err)
{
    struct sy_run_param values[ASSERTED_MAX];
    SY_TRY(read_asserted(w->asserted, w->n_asserted, values, err));
    struct sy_asserted all = {.values = values, .n_values = w->n_asserted};
    sy_status s = proof_asserted_commit(t->asserted, salt, &all);
    return sy_ok(s) ? s : sy_fail(err, s.code, "asserted", "each name once, as UTF-8 text");
}

static sy_status fill_token(const shuyu_profile *p, const shuyu_consent *w, const uint8_t salt[32],
                            struct sy_consent *t, struct sy_error *err)
{
    if (!client_profile_pinned(p)) {
        return sy_fail(err, SY_E_STATE, "profile", "pin the domain first: a consent names it");
    }
    if (w->grant == NULL || w->model == NULL) {
        return sy_fail(err, SY_E_FIELD, "model", "a consent is for one model under one grant");
    }
    if (w->lifetime_s < 1 || w->lifetime_s > INT32_MAX) {
        return sy_fail(err, SY_E_FIELD, "lifetime_s", "at least a second, and not for ever");
    }
    *t = (struct sy_consent){.ctx = sy_view_str(SY_CONSENT_CONTEXT),
                             .issuer = sy_view_str(p->pins.party),
                             .not_before = w->not_before != 0 ? w->not_before : sy_now_s()};
    t->not_after = t->not_before + w->lifetime_s;
    memcpy(t->domain, p->pins.domain, 32);
    memcpy(t->grant, w->grant, 32);
    memcpy(t->model, w->model, 32);
    randombytes_buf(t->nonce, sizeof(t->nonce));
    SY_TRY(commit_subject(w, salt, t, err));
    return commit_asserted(w, salt, t, err);
}

static sy_status issue(const shuyu_profile *p, const shuyu_consent *w, struct sy_buf *b,
                       struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf token = sy_buf(TOKEN_MAX);
    struct sy_consent_file file;
    struct sy_consent t;
    uint8_t sig[PROOF_SIGNATURE_BYTES];
    randombytes_buf(file.salt, sizeof(file.salt));
    SY_TRY(fill_token(p, w, file.salt, &t, err));
    SY_TRY(sy_record_encode(&sy_consent_desc, &t, &token));
    proof_sign(sig, sy_buf_view(&token), p->sign_secret);
    file.sig = sy_view(sig, sizeof(sig));
    file.token = sy_buf_view(&token);
    return sy_record_encode(&sy_consent_file_desc, &file, b);
}

shuyu_status shuyu_consent_issue(const shuyu_profile *issuer, const shuyu_consent *what,
                                 shuyu_buffer *ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)2 * TOKEN_MAX);
    b.wipe = true;
    if (issuer == NULL || what == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    shuyu_status code = client_give(issue(issuer, what, &b, &err), &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}

/* --- asking ----------------------------------------------------------------------------------- */

void client_subject_init(struct client_subject_ask *a)
{
    *a = (struct client_subject_ask){.args = sy_buf(CLIENT_SUBJECT_MAX),
                                     .secret = sy_buf(CLIENT_SUBJECT_MAX),
                                     .arena = {.ceiling = CLIENT_SUBJECT_MAX}};
    a->secret.wipe = true;
    a->arena.wipe = true;
}

void client_subject_deinit(struct client_subject_ask *a)
{
    sy_buf_deinit(&a->args);
    sy_buf_deinit(&a->secret);
    sy_arena_deinit(&a->arena);
}

static sy_status read_file(const shuyu_subject_question *q, struct client_subject_ask *a,
                           struct sy_consent_file *ret, struct sy_error *err)
{
    struct sy_consent t;
    struct sy_view bytes = sy_view(q->consent.data, q->consent.n);
    SY_TRY(sy_record_decode(&sy_consent_file_desc, bytes, &SY_MP_REQUEST, &a->arena, ret, err));
    SY_TRY(proof_consent_read(ret->token, &a->arena, &t, err));
    memcpy(a->grant, t.grant, sizeof(a->grant));
    memcpy(a->model, t.model, sizeof(a->model));
    return SY_OK;
}

/* The gateway sees how long a request is: not how long the identifier is. */
static sy_status encode_padded(struct sy_subject_secret *s, struct sy_buf *b)
{
    enum { HEAD = 6, BLOCK = SY_SUBJECT_SECRET_BLOCK }; /* key and header of up to 255 bytes */
    static const uint8_t zeros[BLOCK];
    SY_TRY(sy_record_encode(&sy_subject_secret_desc, s, b));
    size_t over = (b->n + HEAD) % BLOCK;
    s->pad = sy_view(zeros, BLOCK - over);
    sodium_memzero(b->p, b->n);
    b->n = 0;
    return sy_record_encode(&sy_subject_secret_desc, s, b);
}

static sy_status put_secret(const shuyu_subject_question *q, const struct sy_consent_file *file,
                            struct client_subject_ask *a, struct sy_error *err)
{
    struct sy_view parts[SY_UNIT_ID_PARTS_MAX];
    struct sy_run_param values[ASSERTED_MAX];
    SY_TRY(read_id(q->id, q->n_id, parts, err));
    SY_TRY(read_asserted(q->asserted, q->n_asserted, values, err));
    struct sy_subject_secret s = {
        .asserted = {.values = values, .n_values = q->n_asserted}, .id = parts, .n_id = q->n_id};
    memcpy(s.salt, file->salt, sizeof(s.salt));
    sy_status st = encode_padded(&s, &a->secret);
    sodium_memzero(s.salt, sizeof(s.salt));
    return sy_ok(st) ? st : sy_fail(err, st.code, "id", "identifier and values are UTF-8 text");
}

sy_status client_subject_make(const shuyu_subject_question *q, struct client_subject_ask *a,
                              struct sy_error *err)
{
    struct sy_consent_file file;
    if (q == NULL) {
        return sy_fail(err, SY_E_USAGE, "question", NULL);
    }
    SY_TRY(read_file(q, a, &file, err));
    SY_TRY(put_secret(q, &file, a, err));
    struct sy_subject_ask ask = {.sig = file.sig, .token = file.token};
    SY_TRY(sy_record_encode(&sy_subject_ask_desc, &ask, &a->args));
    a->request = (shuyu_request){.method = "subject.ask",
                                 .grant = a->grant,
                                 .subject = a->model,
                                 .args = client_bytes(sy_buf_view(&a->args)),
                                 .secret = client_bytes(sy_buf_view(&a->secret))};
    return SY_OK;
}

shuyu_status shuyu_subject_ask(shuyu_session *s, const shuyu_subject_question *question,
                               shuyu_answer **ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct client_call *c = NULL;
    struct client_subject_ask a;
    shuyu_reply *reply = NULL;
    if (ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "ret", NULL);
    }
    *ret = NULL;
    if (s == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "session", NULL);
    }
    client_subject_init(&a);
    sy_status st = client_subject_make(question, &a, &err);
    st = sy_ok(st) ? client_call_new(s->profile, &a.request, sy_now_s(), &c, &err) : st;
    st = sy_ok(st) ? client_call_through(s, c, -1, &reply, &err) : st;
    shuyu_status code = client_give_answer(st, &err, reply, ret, reterr);
    client_call_free(c);
    client_subject_deinit(&a);
    return code;
}
