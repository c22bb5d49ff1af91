/*
 * What: commands about a party's staff, and about its own keys (docs/scheme/staff.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "cli/out.h"
#include "proof/hash.h"
#include "shuyu/staff.h"
#include "wire/staff.h"

enum { DUTIES_MAX = 8, DAY_S = 86400 };

/* --- joining ------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* --duty audit,business: split, and ascending. */
static size_t duties_of(struct cli *c, const char *text, const char **ret)
{
    size_t n = 0;
    while (*text != '\0' && n < DUTIES_MAX) {
        size_t len = strcspn(text, ",");
        ret[n++] = sy_arena_printf(&c->arena, "%.*s", (int)len, text);
        text += len + (text[len] == ',' ? 1 : 0);
    }
    qsort(ret, n, sizeof(*ret), by_text);
    return n;
}

/* SHA-256 of a file: what is on record of a paper. */
static bool file_digest(struct cli *c, const char *path, uint8_t ret[32], int *ret_status)
{
    struct sy_view in;
    if (!cli_read_file(c, path, &in, ret_status)) {
        return false;
    }
    proof_sha256_one(ret, in);
    return true;
}

int cli_staff_invite(struct cli *c)
{
    int status = 0;
    uint8_t digest[32];
    const char *duties[DUTIES_MAX];
    const char *days = cli_option(c, "days"), *out = cli_need(c, "out"),
               *paper = cli_option(c, "confidential"), *list = cli_need(c, "duty");
    shuyu_staff_invitation what = {.id = cli_need(c, "id"),
                                   .name = cli_need(c, "name"),
                                   .duties = duties,
                                   .lifetime_s =
                                       (days != NULL ? strtol(days, NULL, 10) : 14) * DAY_S};
    shuyu_buffer b = {0};
    if (out == NULL || list == NULL || what.id == NULL || what.name == NULL) {
        return 2;
    }
    what.n_duties = duties_of(c, list, duties);
    if ((paper != NULL && !file_digest(c, paper, digest, &status)) || !cli_profile(c, &status)) {
        return status;
    }
    what.confidential = paper != NULL ? digest : NULL;
    if (shuyu_staff_invite(c->profile, &what, &b, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    (void)cli_write_file(c, out, sy_view(b.data, b.n), &status);
    shuyu_buffer_free(&b);
    return status;
}

bool cli_guest_profile(struct cli *c, struct sy_view invitation, int *ret_status)
{
    char party[65];
    if (shuyu_profile_open(c->home, &c->profile, &c->err) == SHUYU_OK) {
        return true;
    }
    if (c->err.code != SHUYU_E_NOT_FOUND ||
        shuyu_invitation_party((shuyu_bytes){invitation.p, invitation.n}, party, &c->err) !=
            SHUYU_OK ||
        shuyu_profile_create(c->home, party, &c->profile, &c->err) != SHUYU_OK) {
        *ret_status = cli_fail(c);
        return false;
    }
    return true;
}

const char *cli_where(struct cli *c)
{
    return c->local != NULL ? sy_arena_printf(&c->arena, "unix:%s", c->local) : c->address;
}

/* Keys, certificate, profile and enrolment, in one go: the invitation says whose staff it is. */
int cli_staff_enrol(struct cli *c)
{
    int status = 0;
    struct sy_view in;
    const char *invite = cli_need(c, "invite"), *where = cli_where(c);
    if (invite == NULL || !cli_read_file(c, invite, &in, &status) ||
        !cli_guest_profile(c, in, &status)) {
        return status != 0 ? status : 2;
    }
    if (where == NULL) {
        return cli_usage("--address is missing");
    }
    if (shuyu_staff_enrol(c->profile, (shuyu_bytes){in.p, in.n}, where, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    const char *party = shuyu_profile_party(c->profile), *id = shuyu_profile_staff(c->profile);
    if (c->json) {
        return cli_print_json(json_pack("{s:s,s:s}", "party", party, "id", id));
    }
    cli_say(c, "%s is a member of %s's staff\n", id, party);
    return 0;
}

/* --- other keys --------------------------------------------------------------------------------------- */

static int rotate(struct cli *c, bool member)
{
    int status = 0;
    char hex[65];
    if (!cli_profile(c, &status)) {
        return status;
    }
    if ((shuyu_profile_staff(c->profile)[0] != '\0') != member) {
        return cli_usage(member ? "this profile is the party's own: shuyu party rotate"
                                : "this profile is a member's: shuyu party staff rotate");
    }
    if (shuyu_rotate(c->profile, cli_where(c), &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    cli_hex(hex, shuyu_profile_sign_key(c->profile), 32);
    if (c->json) {
        return cli_print_json(
            json_pack("{s:s,s:s}", "party", shuyu_profile_party(c->profile), "sign", hex));
    }
    cli_say(c, "the keys in %s are new; the old ones count no more\n", c->home);
    return 0;
}

int cli_staff_rotate(struct cli *c)
{
    return rotate(c, true);
}

int cli_party_rotate(struct cli *c)
{
    return rotate(c, false);
}

/* --- acts --------------------------------------------------------------------------------------------- */

static int act(struct cli *c, const char *method, const struct sy_desc *desc, const void *args,
               const char *done)
{
    struct cli_ask ask = {.method = method, .args_desc = desc, .args = args};
    int status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%s\n", done);
    }
    return status;
}

int cli_staff_revoke(struct cli *c)
{
    struct sy_staff_revoke a = {.text = sy_view_str(cli_option(c, "text"))};
    if (c->n_args != 1) {
        return cli_usage("give one member's id");
    }
    a.id = sy_view_str(c->args[0]);
    return act(c, "staff.revoke", &sy_staff_revoke_desc, &a, "revoked: its keys count no more");
}

int cli_staff_train(struct cli *c)
{
    int status = 0;
    const char *course = cli_need(c, "course"), *days = cli_need(c, "days"),
               *paper = cli_option(c, "confidential");
    if (course == NULL || days == NULL) {
        return 2;
    }
    if (c->n_args != 1) {
        return cli_usage("give one member's id");
    }
    struct sy_staff_train a = {.course = sy_view_str(course),
                               .id = sy_view_str(c->args[0]),
                               .until = sy_now_s() + strtol(days, NULL, 10) * DAY_S};
    if (paper != NULL && !file_digest(c, paper, a.confidential, &status)) {
        return status;
    }
    return act(c, "staff.train", &sy_staff_train_desc, &a, "on record");
}

int cli_party_revoke(struct cli *c)
{
    const char *ground = cli_need(c, "ground");
    if (ground == NULL) {
        return 2;
    }
    if (c->n_args != 1) {
        return cli_usage("give one party's id");
    }
    struct sy_party_revoke a = {.ground = sy_view_str(ground),
                                .party = sy_view_str(c->args[0]),
                                .text = sy_view_str(cli_option(c, "text"))};
    return act(c, "party.revoke", &sy_party_revoke_desc, &a,
               "revoked: it and its staff do nothing more, and a developer's grants are gone");
}

/* --- custody ------------------------------------------------------------------------------------------ */

static bool read_staff(struct cli *c, struct sy_view row, struct sy_staff *ret)
{
    return sy_ok(sy_record_decode(&sy_staff_desc, row, &SY_MP_REQUEST, &c->arena, ret, NULL));
}

/* The box key that the rota names: nothing is taken from elsewhere. */
static int member_box(struct cli *c, const char *id, uint8_t ret[32])
{
    struct sy_view row = {0};
    struct sy_staff m;
    char *key = sy_arena_printf(&c->arena, "%s/%s", shuyu_profile_party(c->profile), id);
    int status = cli_find(c, "staff/", sy_view_str(key), &row);
    if (status != 0) {
        return status;
    }
    if (row.p == NULL || !read_staff(c, row, &m) || !sy_view_is(m.status, "active")) {
        return cli_usage("%s: the party has no such member", id);
    }
    memcpy(ret, m.box, 32);
    return 0;
}

int cli_staff_entrust(struct cli *c)
{
    int status = 0;
    uint8_t box[32];
    const char *out = cli_need(c, "out");
    shuyu_buffer b = {0};
    if (out == NULL || c->n_args != 1) {
        return out == NULL ? 2 : cli_usage("give one member's id");
    }
    if (!cli_profile(c, &status)) {
        return status;
    }
    status = member_box(c, c->args[0], box);
    if (status != 0) {
        return status;
    }
    if (shuyu_custody_give(c->profile, box, &b, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    (void)cli_write_file(c, out, sy_view(b.data, b.n), &status);
    shuyu_buffer_free(&b);
    return status;
}

int cli_staff_keep(struct cli *c)
{
    int status = 0;
    struct sy_view in;
    if (c->n_args != 1) {
        return cli_usage("give one file");
    }
    if (!cli_profile(c, &status) || !cli_read_file(c, c->args[0], &in, &status)) {
        return status;
    }
    if (shuyu_custody_take(c->profile, (shuyu_bytes){in.p, in.n}, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    cli_say(c, "this profile opens what is sealed to its party\n");
    return 0;
}

/* --- list --------------------------------------------------------------------------------------------- */

static json_t *staff_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    (void)id;
    struct sy_staff m;
    return read_staff(c, row, &m) ? cli_json_record(&sy_staff_desc, &m) : NULL;
}

static const char *duties_text(struct cli *c, const struct sy_staff *m)
{
    const char *text = "";
    for (size_t i = 0; i < m->n_duties; i++) {
        text = sy_arena_printf(&c->arena, "%s%s%.*s", text, i > 0 ? " " : "", SY_PV(m->duties[i]));
    }
    return text;
}

static bool staff_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    static const uint8_t none[32];
    (void)id;
    struct sy_staff m;
    char when[21];
    if (!read_staff(c, row, &m)) {
        return false;
    }
    sy_time_format(m.trained_until, when);
    ret[0] = cli_text(c, m.party);
    ret[1] = cli_text(c, m.id);
    ret[2] = duties_text(c, &m);
    ret[3] = cli_text(c, m.status);
    ret[4] = m.trained_until == 0 ? "-" : sy_arena_printf(&c->arena, "%.10s", when);
    ret[5] = memcmp(m.confidential, none, 32) == 0 ? "-" : "filed";
    ret[6] = cli_text(c, m.name);
    return true;
}

int cli_staff_list(struct cli *c)
{
    static const char *const headers[] = {"PARTY",   "MEMBER",          "DUTIES", "STATUS",
                                          "TRAINED", "CONFIDENTIALITY", "NAME"};
    static const struct cli_kind_view view = {{"staff/"}, headers,     7,
                                              staff_json, staff_cells, NULL};
    return cli_list(c, &view);
}

/* --- two persons -------------------------------------------------------------------------------------- */

int cli_send(struct cli *c)
{
    int status = 0;
    struct sy_view in;
    shuyu_reply *reply = NULL;
    shuyu_proof proof = {0};
    if (c->n_args != 1) {
        return cli_usage("give one file");
    }
    if (!cli_read_file(c, c->args[0], &in, &status) || !cli_connect(c, &status)) {
        return status;
    }
    shuyu_status s = shuyu_send_prepared(c->session, (shuyu_bytes){in.p, in.n}, &reply, &c->err);
    if (s != SHUYU_OK) {
        status = cli_fail(c);
    } else if (shuyu_reply_proof(reply, 0, &proof) == SHUYU_OK && c->json) {
        status = cli_print_json(json_pack("{s:I}", "entry", (json_int_t)proof.index));
    } else {
        cli_say(c, "done: entry %llu of the log, proof verified\n",
                (unsigned long long)proof.index);
    }
    shuyu_reply_free(reply);
    return status;
}
