/*
 * What: what a profile does with its keys apart from calls: its public record, a co-signature under
 * a logged request, opening a sealed box. Invariant: what is signed is the canonical header that
 * was decoded and checked here, never bytes that merely came along.
 */
#include <stdlib.h>

#include <sodium.h>

#include "client/buffer.h"
#include "client/custody.h"
#include "client/prepare.h"
#include "client/profile.h"
#include "wire/event.h"

enum { REQUEST_MAX = 3 << 20, BOX_MAX = 64 << 20 };

void client_buffer_take(struct sy_buf *b, shuyu_buffer *ret)
{
    *ret = (shuyu_buffer){b->p, b->n};
    *b = sy_buf(b->ceiling);
}

void shuyu_buffer_free(shuyu_buffer *b)
{
    if (b != NULL && b->data != NULL) {
        sodium_memzero(b->data, b->n);
        free(b->data);
    }
    if (b != NULL) {
        *b = (shuyu_buffer){NULL, 0};
    }
}

/* --- the public record ------------------------------------------------------------------------ */

static bool is_name(const char *s)
{
    size_t n = s == NULL ? 0 : strlen(s);
    return n >= 1 && n <= 256 && sy_view_is_utf8(sy_view(s, n));
}

static sy_status record(const shuyu_profile *p, const char *name, const char *role,
                        struct sy_buf *b, struct sy_error *err)
{
    if (!is_name(name)) {
        return sy_fail(err, SY_E_FIELD, "name", "1..256 bytes of UTF-8");
    }
    if (role == NULL || role[0] == '\0' || strlen(role) >= CLIENT_ROLE_MAX) {
        return sy_fail(err, SY_E_FIELD, "role", "no such role");
    }
    struct sy_party party = {.name = sy_view_str(name),
                             .party = sy_view_str(p->pins.party),
                             .role = sy_view_str(role),
                             .status = sy_view_str("active")};
    memcpy(party.box, p->box_public, 32);
    memcpy(party.sign, p->sign_public, 32);
    memcpy(party.tls, p->tls_fingerprint, 32);
    return sy_record_encode(&sy_party_desc, &party, b);
}

shuyu_status shuyu_profile_record(const shuyu_profile *p, const char *name, const char *role,
                                  shuyu_buffer *ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(REQUEST_MAX);
    if (p == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    shuyu_status code = client_give(record(p, name, role, &b, &err), &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}

/* --- co-signing ------------------------------------------------------------------------------- */

static sy_status check_logged(const struct sy_logged_request *r, struct sy_arena *arena,
                              struct sy_header *ret, struct sy_error *err)
{
    uint8_t digest[32];
    SY_TRY(sy_record_decode(&sy_header_desc, r->header, &SY_MP_REQUEST, arena, ret, err));
    SY_TRY(proof_header_check(ret, err));
    proof_args_digest(digest, r->salt, r->args, r->secret);
    return memcmp(digest, ret->body, 32) == 0
               ? SY_OK
               : sy_fail(err, SY_E_DIGEST, "header.body", "the header is not over these arguments");
}

static bool method_in(const struct sy_header *h, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_is(h->method, names[i])) {
            return true;
        }
    }
    return false;
}

/* What a second key under it would give away: with it, the first has a proof that the second holds those keys. */
static sy_status check_prepared(const shuyu_profile *p, const struct sy_header *h,
                                struct sy_error *err)
{
    static const char *const never[] = {"party.enrol", "party.rotate", "staff.enrol",
                                        "staff.rotate"};
    if (!sy_view_is(h->party, p->pins.party)) {
        return sy_fail(err, SY_E_PARTY, "header.party", "it is another party's act");
    }
    return method_in(h, never, sizeof(never) / sizeof(never[0]))
               ? sy_fail(err, SY_E_DENIED, "header.method",
                         "new keys are one profile's own matter: nobody signs for another's")
               : SY_OK;
}

/* What two parties sign apart, and nothing else. */
static sy_status check_apart(const struct sy_header *h, struct sy_error *err)
{
    static const char *const apart[] = {"domain.promote", "genesis", "log.close"};
    return method_in(h, apart, sizeof(apart) / sizeof(apart[0]))
               ? SY_OK
               : sy_fail(err, SY_E_DENIED, "header.method",
                         "only a genesis, a promotion or the close of a log is signed so");
}

/* Replace the signature by this key, or add one. */
static sy_status put_signature(const shuyu_profile *p, struct sy_logged_request *r,
                               struct sy_arena *arena, struct sy_error *err)
{
    uint8_t *sig = sy_arena_alloc(arena, 1, PROOF_SIGNATURE_BYTES);
    struct sy_signature *list = sy_arena_alloc(arena, r->n_sigs + 1, sizeof(*list));
    size_t n = 0;
    if (sig == NULL || list == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < r->n_sigs; i++) {
        if (memcmp(r->sigs[i].key, p->sign_public, 32) != 0) {
            list[n++] = r->sigs[i];
        }
    }
    proof_sign(sig, r->header, p->sign_secret);
    memcpy(list[n].key, p->sign_public, 32);
    list[n++].sig = sy_view(sig, PROOF_SIGNATURE_BYTES);
    r->sigs = list;
    r->n_sigs = n;
    return SY_OK;
}

static sy_status sign_one(const shuyu_profile *p, struct sy_logged_request *r, bool prepared,
                          struct sy_arena *arena, struct sy_error *err)
{
    struct sy_header h;
    SY_TRY(check_logged(r, arena, &h, err));
    SY_TRY(prepared ? check_prepared(p, &h, err) : check_apart(&h, err));
    return put_signature(p, r, arena, err);
}

/* A logged request as it is, or one that was prepared (prepare.h). */
static sy_status cosign(const shuyu_profile *p, struct sy_view bytes, struct sy_buf *b,
                        struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_logged_request r;
    struct sy_prepared file;
    if (sy_ok(sy_record_decode(&sy_prepared_desc, bytes, &SY_MP_REQUEST, &arena, &file, NULL))) {
        SY_TRY(sign_one(p, &file.request, true, &arena, err));
        return sy_record_encode(&sy_prepared_desc, &file, b);
    }
    SY_TRY(sy_record_decode(&sy_logged_request_desc, bytes, &SY_MP_REQUEST, &arena, &r, err));
    SY_TRY(sign_one(p, &r, false, &arena, err));
    return sy_record_encode(&sy_logged_request_desc, &r, b);
}

shuyu_status shuyu_sign_logged_request(const shuyu_profile *p, shuyu_bytes request,
                                       shuyu_buffer *ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(REQUEST_MAX + 4096);
    if (p == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    shuyu_status code = client_give(cosign(p, client_view(request), &b, &err), &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}

/* --- unsealing -------------------------------------------------------------------------------- */

shuyu_status shuyu_unseal(const shuyu_profile *p, shuyu_bytes sealed, shuyu_buffer *ret,
                          shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(BOX_MAX);
    b.wipe = true;
    if (p == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    sy_status s = proof_unseal(client_view(sealed), p->box_public, p->box_secret, &b);
    if (s.code == SY_E_SEAL) {
        s = client_custody_unseal(p, client_view(sealed), &b, &err);
    }
    shuyu_status code = client_give(s, &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}
