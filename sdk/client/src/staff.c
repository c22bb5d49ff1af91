/*
 * What: a member of a party's staff, from the invitation to a profile of their own. Invariant: the member's keys are
 * made where the member is, and only their public halves leave; the invitation is the one thing that is carried.
 * Source: docs/scheme/staff.md.
 */
#include "wire/staff.h"

#include <sodium.h>

#include "base/time.h"
#include "client/buffer.h"
#include "client/invite.h"
#include "client/join.h"
#include "shuyu/staff.h"

/* What goes from the inviter to the invited: as the file of a party's invitation, and whose signature it is. */
#define SY_STAFF_INVITE_FILE_FIELDS(F, S, L)                                                       \
    F(bin, invite, "invite", 0)                                                                    \
    F(b32, key, "key", 0)                                                                          \
    F(bin, sig, "sig", 0)
SY_RECORD(staff_invite_file, SY_STAFF_INVITE_FILE_FIELDS)
#define SY_T struct sy_staff_invite_file
SY_RECORD_DESC(staff_invite_file, SY_STAFF_INVITE_FILE_FIELDS)
#undef SY_T

enum { FILE_MAX = 16384, DUTIES_MAX = 8 };

static sy_status invite(const shuyu_profile *p, const shuyu_staff_invitation *w, struct sy_buf *b,
                        struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf inner = sy_buf(FILE_MAX / 2);
    struct sy_view duties[DUTIES_MAX];
    uint8_t sig[PROOF_SIGNATURE_BYTES];
    SY_TRY(client_invite_sound(p, w->id, w->name, w->lifetime_s, err));
    if (w->n_duties < 1 || w->n_duties > DUTIES_MAX) {
        return sy_fail(err, SY_E_FIELD, "duties", "some of: " SY_STAFF_DUTIES);
    }
    for (size_t i = 0; i < w->n_duties; i++) {
        duties[i] = sy_view_str(w->duties[i]);
    }
    struct sy_staff_invite v = {.ctx = sy_view_str(SY_STAFF_CONTEXT),
                                .duties = duties,
                                .n_duties = w->n_duties,
                                .expiry = sy_now_s() + w->lifetime_s,
                                .id = sy_view_str(w->id),
                                .log = sy_view_str(p->pins.log),
                                .name = sy_view_str(w->name),
                                .party = sy_view_str(p->pins.party),
                                .role = sy_view_str(p->pins.role)};
    memcpy(v.box, p->pins.box, 32);
    memcpy(v.domain, p->pins.domain, 32);
    memcpy(v.warden, p->pins.warden, 32);
    if (w->confidential != NULL) {
        memcpy(v.confidential, w->confidential, 32);
    }
    randombytes_buf(v.nonce, sizeof(v.nonce));
    SY_TRY(sy_record_encode(&sy_staff_invite_desc, &v, &inner));
    proof_sign(sig, sy_buf_view(&inner), p->sign_secret);
    struct sy_staff_invite_file file = {.invite = sy_buf_view(&inner),
                                        .sig = sy_view(sig, sizeof(sig))};
    memcpy(file.key, p->sign_public, 32);
    return sy_record_encode(&sy_staff_invite_file_desc, &file, b);
}

shuyu_status shuyu_staff_invite(const shuyu_profile *p, const shuyu_staff_invitation *what,
                                shuyu_buffer *ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    if (p == NULL || what == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    shuyu_status code = client_give(invite(p, what, &b, &err), &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}

/* --- joining ---------------------------------------------------------------------------------- */

/* What can be judged without the party's key: the domain judges the rest. */
static sy_status read_invite(const shuyu_profile *p, struct sy_view bytes, struct sy_arena *arena,
                             struct sy_staff_invite_file *file, struct sy_staff_invite *v,
                             struct sy_error *err)
{
    SY_TRY(sy_record_decode(&sy_staff_invite_file_desc, bytes, &SY_MP_REQUEST, arena, file, err));
    SY_TRY(sy_record_decode(&sy_staff_invite_desc, file->invite, &SY_MP_REQUEST, arena, v, err));
    if (!sy_view_is(v->ctx, SY_STAFF_CONTEXT)) {
        return sy_fail(err, SY_E_FIELD, "invite.ctx", "this invites nobody to a party's staff");
    }
    if (!sy_view_is(v->party, p->pins.party)) {
        return sy_fail(err, SY_E_PARTY, "invite.party", "the invitation is to another party");
    }
    return v->expiry >= sy_now_s()
               ? SY_OK
               : sy_fail(err, SY_E_EXPIRED, "invite.expiry", "ask the party for a new invitation");
}

static sy_status make_args(const shuyu_profile *p, const struct sy_staff_invite_file *file,
                           struct sy_buf *b)
{
    struct sy_staff_enrol e = {.invite = file->invite, .invite_sig = file->sig};
    memcpy(e.invite_key, file->key, 32);
    memcpy(e.box, p->box_public, 32);
    memcpy(e.sign, p->sign_public, 32);
    memcpy(e.tls, p->tls_fingerprint, 32);
    return sy_record_encode(&sy_staff_enrol_desc, &e, b);
}

static sy_status enrol(shuyu_profile *p, struct sy_view invitation, const char *address,
                       struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(1 << 16);
    struct sy_staff_invite_file file;
    struct sy_staff_invite v;
    char id[CLIENT_ID_MAX + 1];
    SY_TRY(read_invite(p, invitation, &arena, &file, &v, err));
    if (v.id.n >= sizeof(id)) {
        return sy_fail(err, SY_E_FIELD, "invite.id", NULL);
    }
    sy_view_to_cstr(v.id, id, sizeof(id));
    SY_TRY(make_args(p, &file, &args));
    const struct client_join j = {.method = "staff.enrol",
                                  .role = v.role,
                                  .log = v.log,
                                  .domain = v.domain,
                                  .box = v.box,
                                  .warden = v.warden,
                                  .staff = id,
                                  .address = address,
                                  .args = sy_buf_view(&args)};
    return client_join(p, &j, err);
}

shuyu_status shuyu_staff_enrol(shuyu_profile *p, shuyu_bytes invitation, const char *address,
                               shuyu_error *reterr)
{
    struct sy_error err = {0};
    if (p == NULL || address == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    return client_give(enrol(p, client_view(invitation), address, &err), &err, reterr);
}

/* --- whom an invitation is for ---------------------------------------------------------------- */

static sy_status party_of(struct sy_view bytes, char *ret, size_t cap, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_staff_invite_file staff;
    struct sy_staff_invite member;
    struct sy_invite_file file;
    struct sy_invite guest;
    struct sy_view party;
    if (sy_ok(sy_record_decode(&sy_staff_invite_file_desc, bytes, &SY_MP_REQUEST, &arena, &staff,
                               NULL))) {
        SY_TRY(sy_record_decode(&sy_staff_invite_desc, staff.invite, &SY_MP_REQUEST, &arena,
                                &member, err));
        party = member.party;
    } else {
        SY_TRY(sy_record_decode(&sy_invite_file_desc, bytes, &SY_MP_REQUEST, &arena, &file, err));
        SY_TRY(sy_record_decode(&sy_invite_desc, file.invite, &SY_MP_REQUEST, &arena, &guest, err));
        party = guest.party;
    }
    if (party.n >= cap) {
        return sy_fail(err, SY_E_FIELD, "invite.party", NULL);
    }
    sy_view_to_cstr(party, ret, cap);
    return SY_OK;
}

shuyu_status shuyu_invitation_party(shuyu_bytes invitation, char ret[65], shuyu_error *reterr)
{
    struct sy_error err = {0};
    char party[CLIENT_ID_MAX + 1];
    shuyu_status code =
        client_give(party_of(client_view(invitation), party, sizeof(party), &err), &err, reterr);
    if (code == SHUYU_OK) {
        memcpy(ret, party, sizeof(party));
    }
    return code;
}

const char *shuyu_profile_staff(const shuyu_profile *p)
{
    return p->pins.staff;
}
