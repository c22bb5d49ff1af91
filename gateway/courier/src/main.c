/*
 * shuyu-courier: the start-up recipe, in the order that every role follows: take descriptors, hygiene, own
 * start (trusted authorities, loop), confinement, ready, serve. No connection is made before the
 * process is confined.
 */
#include <stdio.h>

#include "base/log.h"
#include "courier/options.h"
#include "courier/tls.h"
#include "role/confine.h"
#include "role/handoff.h"

enum { EXIT_NOT_STARTED = 70 };

/* As long as the process: a lookup in one of its threads may outlive the loop. */
static struct courier courier;

static sy_status start(struct courier_options *o, struct courier *c, struct sy_error *err)
{
    SSL_CTX *tls = NULL;
    bool trusts = false;
    SY_TRY(courier_options_check(o, err));
    SY_TRY(role_confine_process(o->fds, COURIER_FD_N, err));
    SY_TRY(courier_tls_new(o->ca, &tls, &trusts, err));
    if (!trusts) {
        sy_log(SY_LOG_WARN, "no file of trusted authorities: https will fail");
    }
    SY_TRY(courier_open(c, tls, o->fds, err));
    SY_TRY(courier_confine_files(o->uid, &c->files, err));
    SY_TRY(courier_start_threads());
    SY_TRY(courier_confine_calls(err));
    return role_say_ready(o->fds[COURIER_FD_CONTROL]);
}

int main(int argc, char **argv)
{
    struct courier_options options;
    struct sy_error err = {0};
    courier_options_parse(argc, argv, &options);
    sy_log_setup("courier", options.verbose ? SY_LOG_DEBUG : SY_LOG_INFO);
    sy_status s = start(&options, &courier, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "not started", SY_LOGF_CODE(s.code));
        (void)fprintf(stderr, "shuyu-courier: %s\n",
                      err.code != 0 ? err.reason : sy_code_text(s.code));
        return EXIT_NOT_STARTED;
    }
    sy_log(SY_LOG_INFO, "serving");
    int code = courier_run(&courier);
    role_fds_close(options.fds, COURIER_FD_N);
    return code;
}
