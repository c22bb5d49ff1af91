/*
 * shuyu-witness: make a key, or serve. In the order of every role: hygiene, own start (folder, key, logs),
 * listen, ready, serve.
 */
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/log.h"
#include "notify.h"
#include "options.h"
#include "witness/server.h"

enum { EXIT_NOT_STARTED = 70 };

/* No core file and no tracing: both would show the key. */
static sy_status hygiene(void)
{
    const struct rlimit none = {0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        sodium_init() < 0) {
        return sy_status_of(SY_E_KERNEL);
    }
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    return SY_OK;
}

static sy_status print_key(const struct proof_vkey *key)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(512);
    SY_TRY(proof_vkey_format(key, &text));
    (void)printf("%.*s\n", SY_PV(sy_buf_view(&text)));
    return fflush(stdout) == 0 ? SY_OK : sy_status_of(SY_E_IO);
}

static sy_status init(const struct witness_options *o, struct sy_error *err)
{
    struct proof_vkey key;
    SY_TRY(witness_store_init(o->state, sy_view_str(o->init), &key, err));
    return print_key(&key);
}

static sy_status show_key(const struct witness_options *o, struct sy_error *err)
{
    struct witness_store store = {.dirfd = -1, .lockfd = -1};
    SY_TRY(witness_store_open(o->state, &store, err));
    sy_status s = print_key(&store.key);
    witness_store_close(&store);
    return s;
}

static sy_status open_witness(const struct witness_options *o, struct witness *ret,
                              struct sy_error *err)
{
    struct witness_store store = {.dirfd = -1, .lockfd = -1};
    SY_BUF_CLEANUP struct sy_buf list = sy_buf(PROOF_POLICY_MAX);
    sy_status s = sy_read_file_at(AT_FDCWD, o->logs, &list);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "logs", "the list of logs cannot be read: %s",
                       sy_code_text(s.code));
    }
    SY_TRY(witness_store_open(o->state, &store, err));
    return witness_open(&store, sy_buf_view(&list), ret, err);
}

static sy_status serve(const struct witness_options *o, struct sy_error *err, int *ret_code)
{
    static struct witness witness;
    static struct witness_server server;
    SY_TRY(open_witness(o, &witness, err));
    sy_status s = witness_server_open(&server, &witness, o->listen, err);
    if (sy_ok(s)) {
        sy_log(SY_LOG_INFO, "serving", SY_LOGF_ID("witness", sy_view_str(witness.store.key.name)),
               SY_LOGF_N("logs", witness.n_logs));
        (void)printf("ready %s\n", server.address);
        (void)fflush(stdout);
        witness_notify_ready();
        *ret_code = witness_server_run(&server);
    }
    witness_close(&witness);
    return s;
}

static sy_status run(const struct witness_options *o, struct sy_error *err, int *ret_code)
{
    SY_TRY(hygiene());
    if (o->init != NULL) {
        return init(o, err);
    }
    return o->show_key ? show_key(o, err) : serve(o, err, ret_code);
}

int main(int argc, char **argv)
{
    struct witness_options options;
    struct sy_error err = {0};
    int code = 0;
    witness_options_parse(argc, argv, &options);
    sy_log_setup("witness", options.verbose ? SY_LOG_DEBUG : SY_LOG_INFO);
    sy_status s = run(&options, &err, &code);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "not started", SY_LOGF_CODE(s.code));
        (void)fprintf(stderr, "shuyu-witness: %s%s%s\n", err.field,
                      err.field[0] != '\0' ? ": " : "",
                      err.code != 0 ? err.reason : sy_code_text(s.code));
        return EXIT_NOT_STARTED;
    }
    return code;
}
