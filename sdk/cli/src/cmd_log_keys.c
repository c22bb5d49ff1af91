/*
 * What: the keys of the log: giving it another one, in three steps of two parties, and coming to trust it.
 */
#include <stdio.h>
#include <string.h>

#include "cli/out.h"

static void print_rotated(struct cli *c, const struct sy_log_rotated *r)
{
    if (c->json) {
        (void)cli_print_json(json_pack("{s:o,s:o,s:o,s:o}", "stage", cli_json_text(r->stage),
                                       "asked", cli_json_text(r->asked), "key",
                                       cli_json_text(r->key), "next", cli_json_text(r->next)));
        return;
    }
    printf("stage  %s\nkey    %s\n", cli_text(c, r->stage), cli_text(c, r->key));
    if (r->next.n > 0) {
        printf("next   %s\n", cli_text(c, r->next));
    }
    if (r->asked.n > 0) {
        cli_say(c, "the step \"%s\" waits for the agency\n", cli_text(c, r->asked));
    }
}

/* log rotate announce | overlap VKEY | retire VKEY */
int cli_log_rotate(struct cli *c)
{
    bool named = c->n_args > 0 && strcmp(c->args[0], "announce") != 0;
    if (c->n_args != (named ? 2 : 1)) {
        return cli_usage("log rotate announce, log rotate overlap VKEY, log rotate retire VKEY");
    }
    struct sy_log_rotate args = {.stage = sy_view_str(c->args[0]),
                                 .log = named ? sy_view_str(c->args[1]) : (struct sy_view){0}};
    struct sy_log_rotated rotated = {0};
    struct cli_ask ask = {.method = "log.rotate",
                          .args_desc = &sy_log_rotate_desc,
                          .args = &args,
                          .result_desc = &sy_log_rotated_desc,
                          .ret_result = &rotated};
    int status = cli_call(c, &ask);
    if (status == 0) {
        print_rotated(c, &rotated);
    }
    return status;
}

/* log follow: pin the key that signs today, by way of the hand-overs from the one pinned. */
int cli_log_follow(struct cli *c)
{
    int status = 0;
    size_t n = 0;
    if (c->n_args > 0) {
        return cli_usage("log follow takes no argument");
    }
    if (!cli_connect(c, &status)) {
        return status;
    }
    if (shuyu_log_follow(c->session, &n, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    const char *log = shuyu_profile_log(c->profile);
    if (c->json) {
        (void)cli_print_json(json_pack("{s:I,s:s}", "followed", (json_int_t)n, "log", log));
    } else {
        printf("%s\n", log);
        cli_say(c,
                n > 0 ? "this profile trusts it now: %zu hand-over(s) verified\n"
                      : "the key that this profile trusts: %zu hand-overs\n",
                n);
    }
    return 0;
}
