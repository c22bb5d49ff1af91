/*
 * shuyu-gateway: the start-up recipe, in the order that every role follows: take descriptors, hygiene,
 * own start (TLS key, loop), confinement, ready, serve. No byte of the network is read before the
 * process is confined.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateway/confine.h"
#include "gateway/gateway.h"
#include "gateway/options.h"
#include "gateway/tls.h"
#include "role/confine.h"

enum { EXIT_NOT_STARTED = 70, FILES_BESIDE_CLIENTS = 64 };

static sy_status start(struct gw_options *o, struct gw *gw, struct sy_error *err)
{
    SSL_CTX *tls = NULL;
    int public_dirfd = o->handoff.fds[GW_FD_PUBLIC];
    SY_TRY(gw_handoff_check(&o->handoff, err));
    SY_TRY(role_confine_process(o->handoff.fds, GW_FD_N, err));
    SY_TRY(gw_tls_server_new(o->tls_cert, o->tls_key, &tls, err));
    SY_TRY(gw_open(gw, &o->limits, tls, &o->handoff, err));
    SY_TRY(gw_confine_enter(public_dirfd, o->uid, o->limits.max_conns + FILES_BESIDE_CLIENTS, err));
    return gw_handoff_ready(&o->handoff);
}

int main(int argc, char **argv)
{
    struct gw_options options;
    struct sy_error err = {0};
    gw_options_parse(argc, argv, &options);
    sy_log_setup("gateway", options.verbose ? SY_LOG_DEBUG : SY_LOG_INFO);
    struct gw *gw = calloc(1, sizeof(*gw));
    sy_status s = gw == NULL ? sy_status_of(SY_E_NO_MEMORY) : start(&options, gw, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "not started", SY_LOGF_CODE(s.code));
        (void)fprintf(stderr, "shuyu-gateway: %s\n",
                      err.code != 0 ? err.reason : sy_code_text(s.code));
        return EXIT_NOT_STARTED;
    }
    sy_log(SY_LOG_INFO, "serving");
    int code = gw_run(gw);
    gw_handoff_close(&options.handoff);
    free(gw);
    return code;
}
