/*
 * What: giving back spent budget. A decision of people, within what the pack allows a year; the domain
 * checks all of it again.
 */
#include "cli/out.h"
#include "cli/yaml.h"

/* --NAME as a number of this kind; 0 when it is not given. */
static bool amount(struct cli *c, const char *name, enum cli_kind kind, uint64_t *ret, int *status)
{
    const char *text = cli_option(c, name);
    *ret = 0;
    if (text == NULL || cli_yaml_value(kind, sy_view_str(text), ret)) {
        return true;
    }
    *status = cli_usage("--%s: %s is no number that fits", name, text);
    return false;
}

int cli_budget_recover(struct cli *c)
{
    int status = 0;
    const char *ground = cli_need(c, "ground");
    if (c->n_args != 1 || ground == NULL) {
        return c->n_args != 1 ? cli_usage("budget recover takes one namespace") : 2;
    }
    struct sy_recover a = {.ground = sy_view_str(ground),
                           .ns = sy_view_str(c->args[0]),
                           .text = sy_view_str(cli_option(c, "text"))};
    if (!amount(c, "rho", CLI_NANO, &a.rho, &status) ||
        !amount(c, "delta", CLI_FEMTO, &a.delta, &status)) {
        return status;
    }
    struct cli_ask ask = {.method = "budget.recover", .args_desc = &sy_recover_desc, .args = &a};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%s: recorded; the lifetime guarantee is weaker by it\n", c->args[0]);
    }
    return status;
}
