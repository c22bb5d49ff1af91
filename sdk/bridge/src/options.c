/*
 * What: glibc argp over a table of options; each stores one word.
 */
#include "options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 64, WAIT_S = 120, WAIT_MAX_S = 280 };

/* read by the C library, so it must be visible to it */
__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-bridge " BRIDGE_VERSION;

static const struct argp_option OPTIONS[] = {
    {"home", 'h', "DIR", 0, "the buyer's profile; else $SHUYU_HOME, else ~/.shuyu", 1},
    {"address", 'a', "HOST:PORT", 0, "of the domain's gateway; else the pinned one", 1},
    {"listen", 'l', "HOST:PORT", 0, "where to listen: 127.0.0.1 or [::1] (127.0.0.1:8470)", 1},
    {"token-file", 't', "FILE", 0,
     "the bearer token to ask for; else a fresh one, written to DIR/bridge.token", 1},
    {"wait", 'w', "SECONDS", 0, "how long a request waits for its outcome (120)", 1},
    {"verbose", 'v', NULL, 0, "log more", 1},
    {0}};

static error_t parse_wait(const char *arg, struct argp_state *state)
{
    struct bridge_options *o = state->input;
    char *end = NULL;
    o->wait_s = strtoul(arg, &end, 10);
    if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || o->wait_s < 1 || o->wait_s > WAIT_MAX_S) {
        argp_error(state, "--wait: 1 to %d seconds", WAIT_MAX_S);
    }
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct bridge_options *o = state->input;
    switch (key) {
    case 'h':
        (void)snprintf(o->home, sizeof(o->home), "%s", arg);
        return 0;
    case 'a':
        o->address = arg;
        return 0;
    case 'l':
        o->listen = arg;
        return 0;
    case 't':
        o->token_file = arg;
        return 0;
    case 'w':
        return parse_wait(arg, state);
    case 'v':
        o->verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void default_home(struct bridge_options *o)
{
    const char *env = getenv("SHUYU_HOME");
    const char *home = getenv("HOME");
    if (env != NULL) {
        (void)snprintf(o->home, sizeof(o->home), "%s", env);
    } else {
        (void)snprintf(o->home, sizeof(o->home), "%s/.shuyu", home != NULL ? home : ".");
    }
}

void bridge_options_parse(int argc, char **argv, struct bridge_options *ret)
{
    static const struct argp argp = {
        .options = OPTIONS,
        .parser = parse,
        .doc = "Data products for programs that speak HTTP and JSON: on this machine only, signed "
               "with the buyer's profile, and answered with what verified.\v"
               "GET /products, GET /openapi.json, GET /products/NAME/openapi.json, POST "
               "/products/NAME; every request carries the token: Authorization: Bearer TOKEN. Exit "
               "codes: 0 stopped as asked, 64 usage, 70 could not start."};
    *ret = (struct bridge_options){.listen = "127.0.0.1:8470", .wait_s = WAIT_S};
    default_home(ret);
    argp_err_exit_status = EXIT_USAGE;
    (void)argp_parse(&argp, argc, argv, 0, NULL, ret);
}
