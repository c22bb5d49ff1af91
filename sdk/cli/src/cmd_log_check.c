/*
 * What: does the log continue what was seen of it?
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"

static int print_checked(struct cli *c, const shuyu_log_checked *r)
{
    if (c->json) {
        return cli_print_json(
            json_pack("{s:I,s:I}", "entries", (json_int_t)r->size, "since", (json_int_t)r->since));
    }
    if (r->since == 0) {
        printf("%" PRIu64 " entries, kept from now on\n", r->size);
    } else {
        printf("%" PRIu64 " entries: they continue the %" PRIu64 " that were checked last\n",
               r->size, r->since);
    }
    return 0;
}

/* log check [FILE] */
int cli_log_check(struct cli *c)
{
    int status = 0;
    struct sy_view text = {0};
    shuyu_log_checked r;
    if (c->n_args > 1) {
        return cli_usage("log check takes one checkpoint or receipt, or none");
    }
    if (c->n_args == 1 && !cli_read_file(c, c->args[0], &text, &status)) {
        return status;
    }
    const char *kept = c->n_args == 0 ? NULL : sy_arena_printf(&c->arena, "%.*s", SY_PV(text));
    if (c->n_args == 1 && (kept == NULL || strlen(kept) != text.n)) {
        return cli_usage("%s: not a text", c->args[0]);
    }
    if (!cli_connect(c, &status)) {
        return status;
    }
    if (shuyu_log_check(c->session, kept, &r, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    return print_checked(c, &r);
}
