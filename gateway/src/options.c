/*
 * What: glibc argp over two tables: the few options with a meaning of their own, and one row per limit.
 */
#include "gateway/options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/confine.h"

enum { KEY_FD = 1000, KEY_CERT, KEY_KEY, KEY_UID, KEY_LIMIT = 2000 };

/* read by the C library, so it must be visible to it */
__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-gateway " GW_VERSION;

static const struct {
    size_t offset;
    unsigned long long least, most;
} LIMITS[] = {
#define LIMIT_ROW(field, option, value, least, most, help)                                         \
    {offsetof(struct gw_limits, field), least, most},
    GW_LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};
enum { N_LIMITS = sizeof(LIMITS) / sizeof(LIMITS[0]) };

enum limit_index {
#define LIMIT_INDEX(field, option, value, least, most, help) INDEX_##field,
    GW_LIMITS(LIMIT_INDEX)
#undef LIMIT_INDEX
};

#define TEXT(x)  TEXT_(x)
#define TEXT_(x) #x

static const struct argp_option OPTIONS[] = {
    {"fd", KEY_FD, "NAME=N", 0,
     "descriptor N is: listen (TCP, listening), warden (unix stream), public (directory of the "
     "published log), control (unix seqpacket)",
     1},
    {"tls-cert", KEY_CERT, "FILE", 0, "PEM certificate chain; without it one is made in memory", 1},
    {"tls-key", KEY_KEY, "FILE", 0, "its PEM key", 1},
    {"uid", KEY_UID, "UID", 0, "become this user and group when started as root (65533)", 1},
    {"verbose", 'v', NULL, 0, "log more", 1},
    {NULL, 0, NULL, 0, "Limits (and their defaults):", 2},
#define LIMIT_OPTION(field, option, value, least, most, help)                                      \
    {option, KEY_LIMIT + INDEX_##field, "N", 0, help " (" TEXT(value) ")", 2},
    GW_LIMITS(LIMIT_OPTION)
#undef LIMIT_OPTION
        {0}};

static unsigned long long number(const char *arg, unsigned long long least, unsigned long long most,
                                 struct argp_state *state)
{
    char *end = NULL;
    errno = 0;
    unsigned long long n = strtoull(arg, &end, 10);
    if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || errno != 0 || n < least || n > most) {
        argp_error(state, "%s: a number from %llu to %llu is needed", arg, least, most);
    }
    return n;
}

static void set_limit(struct gw_options *o, size_t i, const char *arg, struct argp_state *state)
{
    uint64_t n = number(arg, LIMITS[i].least, LIMITS[i].most, state);
    memcpy((uint8_t *)&o->limits + LIMITS[i].offset, &n, sizeof(n));
}

static void take_fd(struct gw_options *o, const char *arg, struct argp_state *state)
{
    struct sy_error err = {0};
    if (!sy_ok(gw_handoff_take(&o->handoff, arg, &err))) {
        argp_error(state, "--fd %s: %s", arg, err.reason);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct gw_options *o = state->input;
    if (key >= KEY_LIMIT && key < KEY_LIMIT + N_LIMITS) {
        set_limit(o, (size_t)(key - KEY_LIMIT), arg, state);
        return 0;
    }
    switch (key) {
    case KEY_FD:
        take_fd(o, arg, state);
        return 0;
    case KEY_CERT:
        o->tls_cert = arg;
        return 0;
    case KEY_KEY:
        o->tls_key = arg;
        return 0;
    case KEY_UID:
        o->uid = (uid_t)number(arg, 1, UINT32_MAX - 1, state);
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void gw_options_parse(int argc, char **argv, struct gw_options *ret)
{
    static const struct argp argp = {
        .options = OPTIONS,
        .parser = parse,
        .doc =
            "The gateway of a Shuyu data domain: TLS, MessagePack-RPC and HTTPS towards the "
            "network, one edge towards the warden. It is started by shuyu-supervisor.\v"
            "It holds no key but its TLS key, and its certificate vouches for nothing: clients pin "
            "the domain's own keys. Exit codes: 0 stopped as asked, 1 the warden is gone, "
            "64 usage, 70 could not start."};
    *ret = (struct gw_options){.limits = GW_LIMITS_DEFAULT, .uid = GW_UID_DEFAULT};
    gw_handoff_init(&ret->handoff);
    argp_err_exit_status = 64;
    (void)argp_parse(&argp, argc, argv, ARGP_NO_ARGS, NULL, ret);
}
