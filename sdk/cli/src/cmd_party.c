/*
 * What: commands about parties: profiles, public records, invitations, enrolment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "wire/event.h"

int cli_party_new(struct cli *c)
{
    const char *party = cli_need(c, "party");
    char hex[65];
    if (party == NULL) {
        return 2;
    }
    if (shuyu_profile_create(c->home, party, &c->profile, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    cli_hex(hex, shuyu_profile_sign_key(c->profile), 32);
    if (c->json) {
        return cli_print_json(json_pack("{s:s,s:s}", "party", party, "sign", hex));
    }
    cli_say(c, "profile of %s made in %s\n", party, c->home);
    return 0;
}

int cli_party_record(struct cli *c)
{
    int status = 0;
    const char *name = cli_need(c, "name"), *role = cli_need(c, "role"),
               *out = cli_option(c, "out");
    shuyu_buffer b = {0};
    if (name == NULL || role == NULL || !cli_profile(c, &status)) {
        return status != 0 ? status : 2;
    }
    if (shuyu_profile_record(c->profile, name, role, &b, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    (void)cli_write_file(c, out != NULL ? out : "-", sy_view(b.data, b.n), &status);
    shuyu_buffer_free(&b);
    return status;
}

/* The genesis a profile starts to trust: agency and operator have it on paper, so to say. */
int cli_party_pin(struct cli *c)
{
    int status = 0;
    struct sy_view in;
    struct sy_logged_request logged;
    struct sy_genesis g;
    struct sy_header h;
    struct sy_error e = {0};
    char log[256];
    const char *genesis = cli_need(c, "genesis"), *address = cli_option(c, "address");
    if (genesis == NULL || !cli_profile(c, &status) || !cli_read_file(c, genesis, &in, &status)) {
        return status != 0 ? status : 2;
    }
    if (!sy_ok(sy_record_decode(&sy_logged_request_desc, in, &SY_MP_REQUEST, &c->arena, &logged,
                                &e)) ||
        !sy_ok(
            sy_record_decode(&sy_genesis_desc, logged.args, &SY_MP_REQUEST, &c->arena, &g, &e)) ||
        !sy_ok(
            sy_record_decode(&sy_header_desc, logged.header, &SY_MP_REQUEST, &c->arena, &h, &e))) {
        return cli_fail_error(c, &e);
    }
    sy_view_to_cstr(g.log, log, sizeof(log));
    shuyu_pins pins = {.role = cli_option(c, "role"),
                       .address = address,
                       .domain = h.domain,
                       .domain_box = g.box,
                       .log = log,
                       .warden = g.warden};
    return shuyu_profile_pin(c->profile, &pins, &c->err) == SHUYU_OK ? 0 : cli_fail(c);
}

int cli_party_invite(struct cli *c)
{
    int status = 0;
    const char *days = cli_option(c, "days"), *out = cli_need(c, "out");
    shuyu_invitation what = {.party = cli_need(c, "party"),
                             .role = cli_need(c, "role"),
                             .name = cli_need(c, "name"),
                             .lifetime_s = (days != NULL ? strtol(days, NULL, 10) : 14) * 86400};
    shuyu_buffer b = {0};
    if (out == NULL || what.party == NULL || what.role == NULL || what.name == NULL) {
        return 2;
    }
    if (!cli_profile(c, &status)) {
        return status;
    }
    if (shuyu_profile_invite(c->profile, &what, &b, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    (void)cli_write_file(c, out, sy_view(b.data, b.n), &status);
    shuyu_buffer_free(&b);
    return status;
}

int cli_party_enrol(struct cli *c)
{
    int status = 0;
    struct sy_view in;
    const char *invite = cli_need(c, "invite");
    if (invite == NULL || !cli_read_file(c, invite, &in, &status) ||
        !cli_guest_profile(c, in, &status)) {
        return status != 0 ? status : 2;
    }
    if (shuyu_enrol(c->profile, (shuyu_bytes){in.p, in.n}, cli_where(c), &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    cli_say(c, "%s is enrolled\n", shuyu_profile_party(c->profile));
    return 0;
}

/* --- list ---------------------------------------------------------------------------------------------- */

static bool read_party(struct cli *c, struct sy_view row, struct sy_party *ret)
{
    return sy_ok(sy_record_decode(&sy_party_desc, row, &SY_MP_REQUEST, &c->arena, ret, NULL));
}

static json_t *party_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    (void)id;
    struct sy_party p;
    return read_party(c, row, &p) ? cli_json_record(&sy_party_desc, &p) : NULL;
}

static bool party_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    (void)id;
    struct sy_party p;
    if (!read_party(c, row, &p)) {
        return false;
    }
    struct sy_view fields[] = {p.party, p.role, p.status, p.name};
    for (size_t i = 0; i < 4; i++) {
        ret[i] = cli_text(c, fields[i]);
    }
    return true;
}

int cli_party_list(struct cli *c)
{
    static const char *const headers[] = {"PARTY", "ROLE", "STATUS", "NAME"};
    static const struct cli_kind_view view = {{"party/"}, headers,     4,
                                              party_json, party_cells, NULL};
    return cli_list(c, &view);
}
