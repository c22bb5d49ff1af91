/*
 * shuyu-bridge: in the order of every role: hygiene, own start (profile, token, listener), confinement, ready,
 * serve.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>

#include "base/fdio.h"
#include "base/log.h"
#include "bridge/confine.h"
#include "bridge/server.h"
#include "options.h"

enum { EXIT_NOT_STARTED = 70 };

static struct bridge_server server;

static sy_status open_profile(const struct bridge_options *o, shuyu_profile **ret,
                              struct sy_error *err)
{
    shuyu_error e = {0};
    shuyu_status s = shuyu_profile_open(o->home, ret, &e);
    return s == SHUYU_OK ? SY_OK : sy_fail(err, s, e.field, "%s", e.reason);
}

/* What would fail with the first request, said at the start. */
static sy_status check_start(const struct bridge_options *o, const shuyu_profile *profile,
                             struct sy_error *err)
{
    struct sockaddr_storage at;
    if (shuyu_profile_domain(profile) == NULL || shuyu_profile_warden(profile) == NULL) {
        return sy_fail(err, SY_E_STATE, "home", "the profile is of no domain yet: enrol it first");
    }
    return bridge_address_parse(o->listen, &at, err);
}

static sy_status get_token(const struct bridge_options *o, struct bridge_token *ret,
                           struct sy_error *err)
{
    if (o->token_file != NULL) {
        return bridge_token_load(o->token_file, ret, err);
    }
    SY_FD_CLEANUP int dirfd = open(o->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0) {
        return sy_fail(err, SY_E_IO, "home", "the profile's folder cannot be opened");
    }
    return bridge_token_make(dirfd, "bridge.token", ret, err);
}

static sy_status start(const struct bridge_options *o, shuyu_profile *profile, struct sy_error *err)
{
    struct bridge_setup setup = {.listen = o->listen,
                                 .address = o->address,
                                 .profile = profile,
                                 .wait_ms = (uint64_t)o->wait_s * 1000};
    SY_TRY(check_start(o, profile, err));
    SY_TRY(get_token(o, &setup.token, err));
    sy_status s = bridge_server_open(&server, &setup, err);
    if (!sy_ok(s)) {
        bridge_token_deinit(&setup.token);
        return s;
    }
    return bridge_confine(err);
}

static sy_status run(const struct bridge_options *o, struct sy_error *err)
{
    shuyu_profile *profile = NULL;
    SY_TRY(bridge_confine_process(err));
    if (sodium_init() < 0) {
        return sy_fail(err, SY_E_INTERNAL, NULL, "libsodium does not start");
    }
    SY_TRY(open_profile(o, &profile, err));
    sy_status s = start(o, profile, err);
    if (sy_ok(s)) {
        sy_log(SY_LOG_INFO, "serving");
        (void)printf("ready %s\n", server.address);
        (void)fflush(stdout);
        bridge_server_run(&server);
    }
    shuyu_profile_close(profile);
    return s;
}

int main(int argc, char **argv)
{
    struct bridge_options options;
    struct sy_error err = {0};
    bridge_options_parse(argc, argv, &options);
    sy_log_setup("bridge", options.verbose ? SY_LOG_DEBUG : SY_LOG_INFO);
    sy_status s = run(&options, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "not started", SY_LOGF_CODE(s.code));
        (void)fprintf(stderr, "shuyu-bridge: %s%s%s\n", err.field, err.field[0] != '\0' ? ": " : "",
                      err.code != 0 ? err.reason : sy_code_text(s.code));
        return EXIT_NOT_STARTED;
    }
    return 0;
}
