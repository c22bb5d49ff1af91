/*
 * What: glibc argp over a table of options; each stores one word.
 */
#include "options.h"

#include <argp.h>
#include <stddef.h>

enum { EXIT_USAGE = 64, KEY_INIT = 1000, KEY_SHOW };

/* read by the C library, so it must be visible to it */
__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-witness " WITNESS_VERSION;

static const struct argp_option OPTIONS[] = {
    {"state", 's', "DIR", 0, "the witness's folder: its key, what it cosigned, evidence", 1},
    {"logs", 'f', "FILE", 0, "logs to follow: lines 'log VKEY [URL]', as in a witness policy", 1},
    {"listen", 'l', "HOST:PORT", 0, "where to listen, by numbers (127.0.0.1:8460)", 1},
    {"verbose", 'v', NULL, 0, "log every request", 1},
    {"init", KEY_INIT, "NAME", 0, "make the folder and a key of this name, print the vkey, end", 2},
    {"vkey", KEY_SHOW, NULL, 0, "print the vkey of the folder's key, end", 2},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct witness_options *o = state->input;
    switch (key) {
    case 's':
        o->state = arg;
        return 0;
    case 'f':
        o->logs = arg;
        return 0;
    case 'l':
        o->listen = arg;
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case KEY_INIT:
        o->init = arg;
        return 0;
    case KEY_SHOW:
        o->show_key = true;
        return 0;
    case ARGP_KEY_END:
        if (o->state == NULL || (o->logs == NULL && o->init == NULL && !o->show_key)) {
            argp_error(state, "needed: --state and --logs, or --state and --init or --vkey");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void witness_options_parse(int argc, char **argv, struct witness_options *ret)
{
    static const struct argp argp = {.options = OPTIONS,
                                     .parser = parse,
                                     .doc =
                                         "A witness of transparency logs (c2sp.org/tlog-witness): "
                                         "it cosigns a checkpoint only when "
                                         "the log has grown from the one that it cosigned before.\v"
                                         "It speaks plain HTTP; for the network put a reverse "
                                         "proxy with TLS in front. Exit codes: "
                                         "0 stopped as asked, 1 a checkpoint could not be stored, "
                                         "64 usage, 70 could not start."};
    *ret = (struct witness_options){.listen = "127.0.0.1:8460"};
    argp_err_exit_status = EXIT_USAGE;
    (void)argp_parse(&argp, argc, argv, 0, NULL, ret);
}
