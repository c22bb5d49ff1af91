/*
 * What: from an invitation to an enrolled, pinned profile. Invariant: the profile's file changes
 * only after the domain's verified answer; until then the new pins live in memory, and are taken
 * back when it fails.
 */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "client/address.h"
#include "client/invite.h"
#include "client/join.h"
#include "client/reply.h"
#include "client/session.h"

/* The pins that the invitation gives; a local address is for this call only. */
static sy_status pins_of(const shuyu_profile *p, const struct client_join *j,
                         struct client_pins *ret, struct sy_error *err)
{
    char role[CLIENT_ROLE_MAX];
    char log[CLIENT_VKEY_MAX];
    if (j->role.n >= sizeof(role) || j->log.n >= sizeof(log)) {
        return sy_fail(err, SY_E_FIELD, "invite", "role or log key is too long");
    }
    sy_view_to_cstr(j->role, role, sizeof(role));
    sy_view_to_cstr(j->log, log, sizeof(log));
    bool local = strncmp(j->address, "unix:", 5) == 0;
    shuyu_pins pins = {.role = role,
                       .address = local ? NULL : j->address,
                       .domain = j->domain,
                       .domain_box = j->box,
                       .log = log,
                       .warden = j->warden};
    SY_TRY(client_pins_merge(&p->pins, &pins, ret, err));
    if (j->staff != NULL) {
        sy_view_to_cstr(sy_view_str(j->staff), ret->staff, sizeof(ret->staff));
    }
    return SY_OK;
}

static sy_status make_args(const shuyu_profile *p, const struct sy_invite_file *file,
                           struct sy_buf *b)
{
    struct sy_enrol e = {.invite = file->invite, .invite_sig = file->sig};
    memcpy(e.box, p->box_public, 32);
    memcpy(e.sign, p->sign_public, 32);
    memcpy(e.tls, p->tls_fingerprint, 32);
    return sy_record_encode(&sy_enrol_desc, &e, b);
}

/* Refused because it is enrolled already, in a reply sealed to this very box key: then an earlier
 * success was lost on the way. */
static bool done_before(sy_status s, const shuyu_reply *reply)
{
    return s.code == SY_E_EXISTS && reply != NULL && reply->logged;
}

static sy_status ask(shuyu_profile *p, const struct client_address *a, const struct client_join *j,
                     uint64_t *ret_base, struct sy_error *err)
{
    shuyu_session *s = NULL;
    shuyu_reply *reply = NULL;
    struct client_call *c = NULL;
    shuyu_request request = {.method = j->method, .args = client_bytes(j->args)};
    SY_TRY(client_session_open(p, a, NULL, &s, err));
    sy_status st = client_call_new(p, &request, sy_now_s(), &c, err);
    if (sy_ok(st)) {
        st = client_call_through(s, c, -1, &reply, err);
    }
    st = done_before(st, reply) ? SY_OK : st;
    if (sy_ok(st) && reply != NULL && reply->own != NULL) {
        *ret_base = reply->own->at.index - reply->own->place;
    }
    shuyu_reply_free(reply);
    client_call_free(c);
    shuyu_close(s);
    return st;
}

/* Pin in memory, ask, and only then on disk. */
static sy_status join_pinned(shuyu_profile *p, struct client_pins *next,
                             const struct client_address *a, const struct client_join *j,
                             struct sy_error *err)
{
    struct client_pins old = p->pins;
    SY_TRY(client_profile_set(p, next, false, err));
    uint64_t base = 0;
    sy_status s = ask(p, a, j, &base, err);
    if (sy_ok(s)) {
        client_log_base_set(next, base);
        s = client_profile_set(p, next, true, err);
    }
    if (!sy_ok(s)) {
        sy_status back = client_profile_set(p, &old, false, NULL);
        (void)back; /* the old pins were fine before */
    }
    return s;
}

sy_status client_join(shuyu_profile *p, const struct client_join *j, struct sy_error *err)
{
    struct client_address a;
    struct client_pins next;
    SY_TRY(client_address_parse(j->address, &a, err));
    SY_TRY(pins_of(p, j, &next, err));
    return join_pinned(p, &next, &a, j, err);
}

static sy_status enrol(shuyu_profile *p, struct sy_view invitation, const char *address,
                       struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(1 << 16);
    struct client_invite v;
    SY_TRY(client_invite_parse(invitation, p->pins.party, sy_now_s(), &arena, &v, err));
    SY_TRY(make_args(p, &v.file, &args));
    const struct client_join j = {.method = "party.enrol",
                                  .role = v.says.role,
                                  .log = v.says.log,
                                  .domain = v.says.domain,
                                  .box = v.says.box,
                                  .warden = v.says.warden,
                                  .address = address,
                                  .args = sy_buf_view(&args)};
    return client_join(p, &j, err);
}

shuyu_status shuyu_enrol(shuyu_profile *p, shuyu_bytes invitation, const char *address,
                         shuyu_error *reterr)
{
    struct sy_error err = {0};
    if (p == NULL || address == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    return client_give(enrol(p, client_view(invitation), address, &err), &err, reterr);
}
