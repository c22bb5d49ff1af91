/*
 * shuyu-supervisor: the command line, the process's own hygiene, foreground or background.
 * In the background mode the first process waits until the domain is ready (or is not going to be)
 * and exits with that as its status, so that a script may go on when it returns.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "supervisor.h"

#ifndef SHUYU_VERSION
#define SHUYU_VERSION "unversioned"
#endif

/* argp finds it by name, so it must not be hidden as our other symbols are */
__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-supervisor " SHUYU_VERSION;

enum {
    KEY_DOMAIN = 'd',
    KEY_LISTEN = 'l',
    KEY_LOCAL = 'u',
    KEY_FOREGROUND = 'f',
    KEY_BACKGROUND = 'b',
    KEY_BIN = 256, /* no short form */
    KEY_ARG
};

static const struct argp_option OPTIONS[] = {
    {"domain", KEY_DOMAIN, "DIR", 0, "The domain's folder", 0},
    {"listen", KEY_LISTEN, "HOST:PORT", 0, "Where the gateway listens; port 0 picks a free one", 0},
    {"local", KEY_LOCAL, "PATH", 0, "Unix socket for local ingest (DIR/run/local.sock)", 0},
    {"foreground", KEY_FOREGROUND, NULL, 0, "Stay in the foreground (the default)", 0},
    {"background", KEY_BACKGROUND, NULL, 0, "Return when the domain is ready; log to DIR/run/log",
     0},
    {"bin", KEY_BIN, "NAME=PATH", 0, "Program of a role: zygote, courier, warden or gateway", 0},
    {"arg", KEY_ARG, "NAME=ARGUMENT", 0, "One more argument for a role's program (repeatable)", 0},
    {0},
};

static const char DOC[] =
    "Start a Shuyu domain: zygote, courier, warden and gateway, in this order.\v"
    "Prints `ready HOST:PORT' on standard output when all are up. Stops everything and exits with "
    "status 1 when the zygote or the warden dies; starts a courier or gateway that dies again. "
    "SIGTERM stops the domain. Process ids are kept in DIR/run/*.pid.";

/* "NAME=VALUE" of a role; N_ROLES when NAME is none. */
static enum role split_role(const char *text, const char **ret_value)
{
    size_t n = strcspn(text, "=");
    for (size_t i = 0; text[n] == '=' && i < N_ROLES; i++) {
        if (strlen(ROLES[i].name) == n && memcmp(ROLES[i].name, text, n) == 0) {
            *ret_value = text + n + 1;
            return (enum role)i;
        }
    }
    return N_ROLES;
}

static error_t set_domain(struct settings *s, char *value)
{
    s->domain = value;
    return 0;
}

static error_t set_listen(struct settings *s, char *value)
{
    s->listen = value;
    return 0;
}

static error_t set_local(struct settings *s, char *value)
{
    s->local = value;
    return 0;
}

static error_t set_foreground(struct settings *s, char *value)
{
    (void)value;
    s->background = false;
    return 0;
}

static error_t set_background(struct settings *s, char *value)
{
    (void)value;
    s->background = true;
    return 0;
}

static error_t set_bin(struct settings *s, char *value)
{
    const char *path = NULL;
    enum role role = split_role(value, &path);
    if (role == N_ROLES) {
        return EINVAL;
    }
    s->bin[role] = path;
    return 0;
}

static error_t add_arg(struct settings *s, char *value)
{
    const char *arg = NULL;
    enum role role = split_role(value, &arg);
    if (role == N_ROLES || s->n_args[role] == ROLE_ARGS_MAX) {
        return EINVAL;
    }
    s->args[role][s->n_args[role]++] = arg;
    return 0;
}

static const struct {
    int key;
    error_t (*set)(struct settings *s, char *value);
} SETTERS[] = {
    {KEY_DOMAIN, set_domain},         {KEY_LISTEN, set_listen}, {KEY_LOCAL, set_local},
    {KEY_FOREGROUND, set_foreground}, {KEY_BIN, set_bin},       {KEY_ARG, add_arg},
    {KEY_BACKGROUND, set_background},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct settings *s = state->input;
    for (size_t i = 0; i < sizeof(SETTERS) / sizeof(SETTERS[0]); i++) {
        if (SETTERS[i].key == key) {
            if (SETTERS[i].set(s, value) != 0) {
                argp_error(state, "%s: no such role, or too many arguments for it", value);
            }
            return 0;
        }
    }
    if (key == ARGP_KEY_ARG) {
        argp_error(state, "unexpected argument: %s", value);
    }
    if (key == ARGP_KEY_END && (s->domain == NULL || s->listen == NULL)) {
        argp_error(state, "--domain and --listen are needed");
    }
    return ARGP_ERR_UNKNOWN;
}

/* ---- this process ---- */

/* No core file, no attaching, no way for any child to gain privileges by a set-uid program. */
static sy_status harden(struct sy_error *reterr)
{
    const struct rlimit none = {0};
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || close_range(3, ~0U, 0) != 0) {
        return sy_fail_errno(reterr, errno, "hardening the supervisor");
    }
    return SY_OK;
}

static sy_status open_signals(struct supervisor *s, struct sy_error *reterr)
{
    sigset_t stop;
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigaddset(&stop, SIGINT);
    (void)sigaddset(&stop, SIGHUP);
    s->signal_fd = sigprocmask(SIG_BLOCK, &stop, NULL) == 0 ? signalfd(-1, &stop, SFD_CLOEXEC) : -1;
    return s->signal_fd >= 0 ? SY_OK : sy_fail_errno(reterr, errno, "signals");
}

static void supervisor_init(struct supervisor *s, const struct settings *settings)
{
    *s = (struct supervisor){
        .settings = settings, .domain_fd = -1, .run_fd = -1, .signal_fd = -1, .notify_fd = -1};
    memset(s->held, 0xff, sizeof(s->held)); /* all -1 */
    for (size_t i = 0; i < N_ROLES; i++) {
        s->processes[i] = (struct process){.pidfd = -1, .control = -1};
    }
}

/* Everything that can be wrong with the command line or the machine is found out here, before going
 * to the background, while a person may still be looking. */
static sy_status prepare(struct supervisor *s, struct sy_error *reterr)
{
    SY_TRY(open_signals(s, reterr));
    SY_TRY(place_find_programs(s, reterr));
    SY_TRY(place_open(s, reterr));
    return place_listen(s, reterr);
}

static int run(struct supervisor *s)
{
    int status = 1;
    sy_status written = place_write_pid(s, "supervisor", getpid());
    if (sy_ok(written)) {
        status = supervise(s);
    } else {
        sy_log(SY_LOG_ERROR, "the pid file cannot be written", SY_LOGF_CODE(written.code));
    }
    place_close(s);
    return status;
}

/* ---- background ---- */

/* 0 when the domain said ready, 1 when its supervisor ended before that. */
static int await_ready(int fd)
{
    uint8_t what;
    if (sy_ok(sy_read_all(fd, &what, 1))) {
        return 0;
    }
    (void)fprintf(stderr,
                  "shuyu-supervisor: the domain did not start; see run/log in its folder\n");
    return 1;
}

/* Standard error goes on in run/log; standard output is still wanted for "ready". */
static void leave_terminal(const struct supervisor *s)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    SY_FD_CLEANUP int log = openat(s->run_fd, "log", flags, 0640);
    (void)setsid();
    if (log >= 0) {
        (void)dup2(log, STDERR_FILENO);
    }
}

static int run_in_background(struct supervisor *s)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return 1;
    }
    pid_t pid = fork();
    if (pid != 0) {
        (void)close(ends[1]);
        return pid < 0 ? 1 : await_ready(ends[0]);
    }
    (void)close(ends[0]);
    s->notify_fd = ends[1];
    leave_terminal(s);
    return run(s);
}

int main(int argc, char **argv)
{
    static struct settings settings;
    static struct supervisor s;
    const struct argp argp = {.options = OPTIONS, .parser = parse_option, .doc = DOC};
    struct sy_error e = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &settings);
    sy_log_setup("supervisor", SY_LOG_INFO);
    supervisor_init(&s, &settings);
    if (!sy_ok(harden(&e)) || !sy_ok(prepare(&s, &e))) {
        (void)fprintf(stderr, "shuyu-supervisor: %s\n", e.reason);
        return 1;
    }
    return settings.background ? run_in_background(&s) : run(&s);
}
