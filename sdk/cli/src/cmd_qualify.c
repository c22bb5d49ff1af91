/*
 * What: from an announcement to the end of a public notice, each role's commands. Every paper is given by file and
 * hashed here.
 */
#include "qualify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/yaml.h"
#include "proof/ids.h"

/* --- shared ------------------------------------------------------------------------------------------- */

int qualify_act(struct cli *c, const struct qualify_act *a)
{
    int status = 0;
    uint8_t id[32];
    if (!cli_id_arg(c, a->prefix, id, &status)) {
        return status;
    }
    struct cli_ask ask = {
        .method = a->method, .subject = id, .args_desc = a->desc, .args = a->args};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%s%s\n", a->method, a->said);
    }
    return status;
}

bool qualify_paper(struct cli *c, const char *name, bool need, uint8_t ret[32], int *ret_status)
{
    struct sy_error e = {0};
    const char *text = cli_option(c, name);
    memset(ret, 0, 32);
    if (text == NULL && !need) {
        return true;
    }
    if (text == NULL || *text == '\0') {
        *ret_status = cli_usage("--%s is missing: a file, or 64 hexadecimal digits", name);
        return false;
    }
    if (!sy_ok(cli_paper(NULL, sy_view_str(text), &c->arena, ret, &e))) {
        *ret_status = cli_fail_error(c, &e);
        return false;
    }
    return true;
}

int qualify_say(struct cli *c, const struct qualify_say *s)
{
    int status = 0;
    uint8_t id[32];
    char hex[65];
    SY_BUF_CLEANUP struct sy_buf sent = sy_buf(CLI_BYTES_MAX);
    if (!cli_profile(c, &status)) {
        return status;
    }
    const uint8_t *domain = shuyu_profile_domain(c->profile);
    if (domain == NULL) {
        return cli_usage("this profile is not enrolled yet");
    }
    memcpy(s->domain, domain, 32);
    if (!sy_ok(sy_record_encode(s->desc, s->args, &sent))) {
        return cli_usage("the %s is too large", s->what);
    }
    struct cli_ask ask = {.method = s->method, .args_desc = s->desc, .args = s->args};
    status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    s->hash(id, sy_buf_view(&sent));
    cli_hex(hex, id, sizeof(id));
    if (c->json) {
        return cli_print_json(json_pack("{s:s}", s->what, hex));
    }
    printf("%s: %s\n", s->what, hex);
    return 0;
}

int qualify_row(struct cli *c, const char *prefix, const uint8_t id[32], const struct sy_desc *desc,
                void *ret)
{
    char hex[65];
    struct sy_view row = {0};
    cli_hex(hex, id, 32);
    int status = cli_find(c, prefix, sy_view_str(hex), &row);
    if (status == 0 && (row.p == NULL ||
                        !sy_ok(sy_record_decode(desc, row, &SY_MP_LARGE, &c->arena, ret, NULL)))) {
        return cli_usage("%s: there is none of this name that you may see", hex);
    }
    return status;
}

/* --- announce, apply ---------------------------------------------------------------------------------- */

/* What the other of the two has announced already, to be said by this party too. */
static int announced(struct cli *c, const char *text, struct sy_announcement *ret)
{
    int status = 0;
    uint8_t id[32];
    struct sy_row_announcement row;
    if (!cli_id(c, "announcement/", text, id, &status)) {
        return status;
    }
    status = qualify_row(c, "announcement/", id, &sy_row_announcement_desc, &row);
    if (status != 0) {
        return status;
    }
    return sy_ok(sy_record_decode(&sy_announcement_desc, row.announcement, &SY_MP_REQUEST,
                                  &c->arena, ret, NULL))
               ? 0
               : cli_usage("%s: the row does not read", text);
}

int cli_qualify_announce(struct cli *c)
{
    struct sy_error e = {0};
    struct sy_announcement a;
    const char *join = cli_option(c, "join");
    if ((join == NULL) == (c->n_args != 1)) {
        return cli_usage("give one announcement file, or --join ID");
    }
    if (join != NULL) {
        int status = announced(c, join, &a);
        if (status != 0) {
            return status;
        }
    } else if (!sy_ok(cli_compile_announcement(c->args[0], &c->arena, &a, &e))) {
        return cli_fail_error(c, &e);
    }
    struct qualify_say say = {.method = "qualify.announce",
                              .what = "announcement",
                              .desc = &sy_announcement_desc,
                              .args = &a,
                              .domain = a.domain,
                              .hash = proof_announcement_id};
    return qualify_say(c, &say);
}

int cli_qualify_apply(struct cli *c)
{
    struct sy_error e = {0};
    struct sy_qualify_apply a;
    int status = 0;
    const char *under = cli_need(c, "announcement");
    if (c->n_args != 1 || under == NULL) {
        return c->n_args != 1 ? cli_usage("give one application file") : 2;
    }
    if (!sy_ok(cli_compile_qualify(c->args[0], &c->arena, &a, &e))) {
        return cli_fail_error(c, &e);
    }
    if (!cli_id(c, "announcement/", under, a.announcement, &status) || !cli_profile(c, &status)) {
        return status;
    }
    a.party = sy_view_str(shuyu_profile_party(c->profile));
    struct qualify_say say = {.method = "qualify.apply",
                              .what = "application",
                              .desc = &sy_qualify_apply_desc,
                              .args = &a,
                              .domain = a.domain,
                              .hash = proof_qualify_id};
    return qualify_say(c, &say);
}

int cli_qualify_withdraw(struct cli *c)
{
    const struct sy_qualify_withdraw w = {.text = sy_view_str(cli_option(c, "text"))};
    return qualify_act(c, &(struct qualify_act){.method = "qualify.withdraw",
                                                .prefix = "qualify/",
                                                .desc = &sy_qualify_withdraw_desc,
                                                .args = &w,
                                                .said = ": the application is withdrawn"});
}

/* --- opinion, decision -------------------------------------------------------------------------------- */

/* ASPECT=POINTS[,...] */
static bool read_scores(struct cli *c, const char *text, struct sy_qualify_opinion *ret)
{
    size_t room = 1;
    for (const char *p = text; *p != '\0'; p++) {
        room += *p == ',' ? 1 : 0;
    }
    ret->scores = sy_arena_alloc(&c->arena, room, sizeof(*ret->scores));
    for (size_t i = 0; ret->scores != NULL && i < room; i++) {
        size_t n = strcspn(text, ","), eq = strcspn(text, "=");
        if (eq >= n || !cli_yaml_value(CLI_COUNT, sy_view(text + eq + 1, n - eq - 1),
                                       &ret->scores[i].points)) {
            return false;
        }
        ret->scores[i].aspect = sy_view(text, eq);
        ret->n_scores = i + 1;
        text += n + (text[n] == ',' ? 1 : 0);
    }
    return ret->n_scores == room;
}

int cli_qualify_opinion(struct cli *c)
{
    int status = 0;
    struct sy_qualify_opinion o = {.text = sy_view_str(cli_option(c, "text"))};
    const char *experts = cli_need(c, "experts"), *scores = cli_option(c, "scores");
    if (experts == NULL || !qualify_paper(c, "opinion", true, o.digest, &status)) {
        return experts == NULL ? 2 : status;
    }
    if (!cli_yaml_value(CLI_COUNT, sy_view_str(experts), &o.experts)) {
        return cli_usage("--experts: %s is no number", experts);
    }
    if (scores != NULL && !read_scores(c, scores, &o)) {
        return cli_usage("--scores: write ASPECT=POINTS,ASPECT=POINTS");
    }
    return qualify_act(c, &(struct qualify_act){.method = "qualify.opinion",
                                                .prefix = "qualify/",
                                                .desc = &sy_qualify_opinion_desc,
                                                .args = &o,
                                                .said = ": recorded"});
}

int cli_qualify_decide(struct cli *c)
{
    int status = 0;
    struct sy_review r;
    struct sy_qualify_decide d = {.text = sy_view_str(cli_option(c, "text"))};
    if (!cli_review_args(c, &r, &status) ||
        !qualify_paper(c, "minutes", true, d.minutes, &status)) {
        return status;
    }
    d.decision = r.decision;
    bool yes = sy_view_is(r.decision, "approve");
    return qualify_act(
        c, &(struct qualify_act){.method = "qualify.decide",
                                 .prefix = "qualify/",
                                 .desc = &sy_qualify_decide_desc,
                                 .args = &d,
                                 .said = yes ? ": approve recorded" : ": reject recorded"});
}

/* --- objections --------------------------------------------------------------------------------------- */

int cli_qualify_object(struct cli *c)
{
    int status = 0;
    const char *text = cli_need(c, "text");
    struct sy_qualify_object o = {.behalf = sy_view_str(cli_option(c, "behalf")),
                                  .text = sy_view_str(text)};
    if (text == NULL || !qualify_paper(c, "evidence", false, o.evidence, &status)) {
        return text == NULL ? 2 : status;
    }
    return qualify_act(c, &(struct qualify_act){.method = "qualify.object",
                                                .prefix = "notice/",
                                                .desc = &sy_qualify_object_desc,
                                                .args = &o,
                                                .said = ": the objection is recorded"});
}

int cli_qualify_settle(struct cli *c)
{
    const char *number = cli_need(c, "objection"), *outcome = cli_need(c, "outcome");
    const char *text = cli_need(c, "text");
    struct sy_qualify_settle s = {.outcome = sy_view_str(outcome), .text = sy_view_str(text)};
    if (number == NULL || outcome == NULL || text == NULL) {
        return 2;
    }
    if (!cli_yaml_value(CLI_COUNT, sy_view_str(number), &s.objection)) {
        return cli_usage("--objection: %s is no number", number);
    }
    return qualify_act(c, &(struct qualify_act){.method = "qualify.settle",
                                                .prefix = "qualify/",
                                                .desc = &sy_qualify_settle_desc,
                                                .args = &s,
                                                .said = ": recorded"});
}
