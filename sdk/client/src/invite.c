/*
 * What: invitations: made by the agency, read by the invited. The invited cannot check the agency's
 * signature (they have no key of hers yet; the domain checks it): the file itself must come by a
 * way they trust.
 */
#include "client/invite.h"

#include <sodium.h>

#include "base/time.h"
#include "client/buffer.h"
#include "client/join.h"

#define SY_T struct sy_invite_file
SY_RECORD_DESC(invite_file, SY_INVITE_FILE_FIELDS)
#undef SY_T

enum { INVITE_MAX = 8192 };

sy_status client_invite_sound(const shuyu_profile *p, const char *id, const char *name,
                              int64_t lifetime_s, struct sy_error *err)
{
    if (!client_profile_pinned(p)) {
        return sy_fail(err, SY_E_STATE, "profile", "pin the domain first: guests must know it");
    }
    if (!client_is_id(id)) {
        return sy_fail(err, SY_E_FIELD, "id", "an identifier is 1..64 of a-z 0-9 . _ -");
    }
    if (name == NULL || name[0] == '\0' || strlen(name) > 256 ||
        !sy_view_is_utf8(sy_view_str(name))) {
        return sy_fail(err, SY_E_FIELD, "name", "1..256 bytes of UTF-8");
    }
    return lifetime_s >= 1 && lifetime_s <= CLIENT_INVITE_LIFE_MAX_S
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "lifetime_s", "1 second to 90 days");
}

static sy_status check_what(const shuyu_profile *p, const shuyu_invitation *w, struct sy_error *err)
{
    SY_TRY(client_invite_sound(p, w->party, w->name, w->lifetime_s, err));
    return w->role != NULL && w->role[0] != '\0' && strlen(w->role) < CLIENT_ROLE_MAX
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "role", "no such role");
}

static sy_status invite(const shuyu_profile *p, const shuyu_invitation *w, struct sy_buf *b,
                        struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf inner = sy_buf(INVITE_MAX);
    uint8_t sig[PROOF_SIGNATURE_BYTES];
    SY_TRY(check_what(p, w, err));
    struct sy_invite v = {.ctx = sy_view_str(CLIENT_INVITE_CONTEXT),
                          .expiry = sy_now_s() + w->lifetime_s,
                          .log = sy_view_str(p->pins.log),
                          .name = sy_view_str(w->name),
                          .party = sy_view_str(w->party),
                          .role = sy_view_str(w->role)};
    memcpy(v.box, p->pins.box, 32);
    memcpy(v.domain, p->pins.domain, 32);
    memcpy(v.warden, p->pins.warden, 32);
    randombytes_buf(v.nonce, sizeof(v.nonce));
    SY_TRY(sy_record_encode(&sy_invite_desc, &v, &inner));
    proof_sign(sig, sy_buf_view(&inner), p->sign_secret);
    struct sy_invite_file file = {.invite = sy_buf_view(&inner), .sig = sy_view(sig, sizeof(sig))};
    return sy_record_encode(&sy_invite_file_desc, &file, b);
}

shuyu_status shuyu_profile_invite(const shuyu_profile *agency, const shuyu_invitation *what,
                                  shuyu_buffer *ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf((size_t)2 * INVITE_MAX);
    if (agency == NULL || what == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    shuyu_status code = client_give(invite(agency, what, &b, &err), &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}

sy_status client_invite_parse(struct sy_view bytes, const char *party, int64_t now_s,
                              struct sy_arena *arena, struct client_invite *ret,
                              struct sy_error *err)
{
    const struct sy_invite *v = &ret->says;
    SY_TRY(sy_record_decode(&sy_invite_file_desc, bytes, &SY_MP_REQUEST, arena, &ret->file, err));
    SY_TRY(sy_record_decode(&sy_invite_desc, ret->file.invite, &SY_MP_REQUEST, arena, &ret->says,
                            err));
    if (!sy_view_is(v->ctx, CLIENT_INVITE_CONTEXT)) {
        return sy_fail(err, SY_E_FIELD, "invite.ctx", "this is not an invitation");
    }
    if (!sy_view_is(v->party, party)) {
        return sy_fail(err, SY_E_PARTY, "invite.party", "the invitation is for another party");
    }
    if (v->expiry < now_s) {
        return sy_fail(err, SY_E_EXPIRED, "invite.expiry", "ask the agency for a new invitation");
    }
    return SY_OK;
}
