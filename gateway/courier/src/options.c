/* What: glibc argp over a table of setters. */
#include "courier/options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "role/handoff.h"

/* argp finds it by name, so it must not be hidden as our other symbols are */
__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-courier " COURIER_VERSION;

enum { KEY_FD = 1000, KEY_CA, KEY_UID, KEY_VERBOSE = 'v' };

static const struct role_fd FDS[COURIER_FD_N] = {
    [COURIER_FD_WARDEN] = {"warden", ROLE_FD_UNIX_STREAM, false},
    [COURIER_FD_CONTROL] = {"control", ROLE_FD_UNIX_SEQPACKET, true},
};

static const struct argp_option OPTIONS[] = {
    {"fd", KEY_FD, "NAME=N", 0, "descriptor N is: warden (unix stream), control (unix seqpacket)",
     0},
    {"ca", KEY_CA, "FILE", 0,
     "PEM file of the authorities that https servers may be vouched for by "
     "(/etc/ssl/certs/ca-certificates.crt)",
     0},
    {"uid", KEY_UID, "UID", 0, "become this user and group when started as root (65532)", 0},
    {"verbose", KEY_VERBOSE, NULL, 0, "log more", 0},
    {0}};

static error_t set_fd(struct courier_options *o, char *arg, struct argp_state *state)
{
    struct sy_error err = {0};
    if (!sy_ok(role_fd_take(FDS, o->fds, COURIER_FD_N, arg, &err))) {
        argp_error(state, "--fd %s: %s", arg, err.reason);
    }
    return 0;
}

static error_t set_ca(struct courier_options *o, char *arg, struct argp_state *state)
{
    (void)state;
    o->ca = arg;
    return 0;
}

static error_t set_uid(struct courier_options *o, char *arg, struct argp_state *state)
{
    char *end = NULL;
    errno = 0;
    unsigned long n = strtoul(arg, &end, 10);
    if (arg[0] < '1' || arg[0] > '9' || *end != '\0' || errno != 0 || n >= UINT32_MAX) {
        argp_error(state, "%s: not the number of a user", arg);
    }
    o->uid = (uid_t)n;
    return 0;
}

static error_t set_verbose(struct courier_options *o, char *arg, struct argp_state *state)
{
    (void)arg;
    (void)state;
    o->verbose = true;
    return 0;
}

static const struct {
    int key;
    error_t (*set)(struct courier_options *o, char *arg, struct argp_state *state);
} SETTERS[] = {{KEY_FD, set_fd}, {KEY_CA, set_ca}, {KEY_UID, set_uid}, {KEY_VERBOSE, set_verbose}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    for (size_t i = 0; i < sizeof(SETTERS) / sizeof(SETTERS[0]); i++) {
        if (SETTERS[i].key == key) {
            return SETTERS[i].set(state->input, arg, state);
        }
    }
    return ARGP_ERR_UNKNOWN;
}

void courier_options_parse(int argc, char **argv, struct courier_options *ret)
{
    static const struct argp argp = {
        .options = OPTIONS,
        .parser = parse,
        .doc = "The courier of a Shuyu data domain: all HTTP that leaves it, asked for by the "
               "warden. It is started by shuyu-supervisor.\v"
               "It holds no key and no file of the domain, and listens nowhere. Exit codes: 0 "
               "stopped as asked (or the resolver's files were replaced: it must start afresh to "
               "read them), 1 the warden is gone, 64 usage, 70 could not start."};
    *ret = (struct courier_options){.ca = "/etc/ssl/certs/ca-certificates.crt",
                                    .uid = COURIER_UID_DEFAULT};
    role_fds_init(ret->fds, COURIER_FD_N);
    argp_err_exit_status = 64;
    (void)argp_parse(&argp, argc, argv, ARGP_NO_ARGS, NULL, ret);
}

sy_status courier_options_check(const struct courier_options *o, struct sy_error *reterr)
{
    return role_fds_check(FDS, o->fds, COURIER_FD_N, reterr);
}
