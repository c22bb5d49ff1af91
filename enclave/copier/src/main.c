/*
 * shuyu-copier: keeps a standby of a domain. `send` reads the domain's folder, `take` writes the standby's,
 * and a pipe lies between them, over ssh for example; `copy` is both on one machine. What passes is
 * ciphertext and signed records: columns, answers, sealed key items, the log; never the master key, and never
 * a custodian's deposited share (src/kinds.h).
 *
 * Exit status: 0 done, 1 something does not hold or a disk or pipe failed, 2 wrong call.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "send.h"
#include "take.h"

enum { HAVE_MAX = 1 << 30, QUIET_ROUNDS = 30, EVERY_MAX = 86400 };

struct options {
    const char *verb, *a, *b; /* a, b: folders */
    const char *have, *genesis, *master;
    unsigned every_s;
    bool once;
};

static volatile sig_atomic_t stopped;

static void on_stop(int signal_)
{
    (void)signal_;
    stopped = 1;
}

/* --- verbs --------------------------------------------------------------------------------------------- */

static sy_status verb_init(const struct options *o, struct sy_error *err)
{
    if (o->genesis == NULL) {
        return sy_fail(err, SY_E_USAGE, "--genesis", "needed: the domain's genesis.req");
    }
    return place_init(o->a, o->genesis, o->master, err);
}

static sy_status verb_have(const struct options *o, struct sy_error *err)
{
    struct place p;
    sy_status s = place_open(o->a, &p, err);
    s = sy_ok(s) ? take_have(&p, STDOUT_FILENO, err) : s;
    place_close(&p);
    return s;
}

static sy_status take_from(const char *path, int in, int out, struct sy_error *err)
{
    struct place p;
    sy_status s = place_open(path, &p, err);
    s = sy_ok(s) ? take_rounds(&p, in, out, err) : s;
    place_close(&p);
    return s;
}

static sy_status verb_take(const struct options *o, struct sy_error *err)
{
    return take_from(o->a, STDIN_FILENO, STDOUT_FILENO, err);
}

static void wait_a_while(unsigned seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds};
    (void)nanosleep(&t, NULL); /* a signal ends it, as it should */
}

static sy_status send_to(const struct options *o, struct sy_view have, int out,
                         struct sy_error *err)
{
    struct sending s = {0};
    struct sigaction stop = {.sa_handler =
                                 on_stop}; /* between two rounds, and the pipe ends well */
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    SY_FD_CLEANUP int dir = open(o->a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return sy_fail(err, SY_E_NOT_FOUND, "domain", "there is no such folder");
    }
    sy_status done = send_init(dir, out, have, &s, err);
    for (unsigned quiet = 0; sy_ok(done) && !stopped; quiet++) {
        bool sent = false;
        done = send_round(&s, quiet >= QUIET_ROUNDS, &sent, err);
        quiet = sent ? 0 : quiet;
        if (o->once) {
            break;
        }
        if (done.code == SY_E_STATE) {
            done = SY_OK; /* a new domain: it will publish */
        }
        if (sy_ok(done)) {
            wait_a_while(o->every_s);
        }
    }
    send_deinit(&s);
    return done;
}

static sy_status verb_send(const struct options *o, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf have = sy_buf(HAVE_MAX);
    sy_status s = o->have == NULL ? SY_OK : sy_read_file_at(AT_FDCWD, o->have, &have);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "--have", "the file cannot be read");
    }
    return send_to(o, sy_buf_view(&have), STDOUT_FILENO, err);
}

static sy_status read_have(const char *path, struct sy_buf *ret, struct sy_error *err)
{
    struct place p;
    sy_status s = place_open(path, &p, err);
    int fd = memfd_create("have", MFD_CLOEXEC);
    s = !sy_ok(s) ? s : fd < 0 ? sy_fail_errno(err, errno, "memfd") : take_have(&p, fd, err);
    if (sy_ok(s)) {
        s = lseek(fd, 0, SEEK_SET) == 0 ? sy_read_to_end(fd, ret) : sy_status_of(SY_E_IO);
    }
    sy_fd_close(&fd);
    place_close(&p);
    return s;
}

static void complain(const char *verb, sy_status s, const struct sy_error *err)
{
    (void)fprintf(stderr, "shuyu-copier: %s (%s): %s\n", verb, sy_code_name(s.code),
                  err->reason[0] != '\0' ? err->reason : sy_code_text(s.code));
}

/* Both ends here, with a pipe between them. */
static sy_status verb_copy(const struct options *o, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf have = sy_buf(HAVE_MAX);
    int ends[2], status = 0;
    SY_TRY(read_have(o->b, &have, err));
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return sy_fail_errno(err, errno, "pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[1]);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
        sy_status s = take_from(o->b, ends[0], STDOUT_FILENO, err);
        if (!sy_ok(s)) {
            complain("take", s, err);
        }
        _exit(sy_ok(s) ? 0 : 1);
    }
    (void)close(ends[0]);
    sy_status s =
        pid < 0 ? sy_fail_errno(err, errno, "fork") : send_to(o, sy_buf_view(&have), ends[1], err);
    (void)close(ends[1]);
    bool good =
        pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return sy_ok(s) && !good ? sy_fail(err, SY_E_CLOSED, "take", "the standby took no more") : s;
}

static const struct verb {
    const char *name;
    sy_status (*run)(const struct options *o, struct sy_error *err);
    bool two; /* folders */
} VERBS[] = {{"init", verb_init, false},
             {"have", verb_have, false},
             {"send", verb_send, false},
             {"take", verb_take, false},
             {"copy", verb_copy, true}};

/* --- command line ---------------------------------------------------------------------------------------- */

enum { OPT_HAVE = 256, OPT_GENESIS, OPT_MASTER, OPT_EVERY, OPT_ONCE };

static const struct argp_option OPTIONS[] = {
    {"genesis", OPT_GENESIS, "FILE", 0, "init: the domain's genesis.req; whose log is trusted", 0},
    {"master-key", OPT_MASTER, "FILE", 0, "init: copy the domain's keys/master.key from here", 0},
    {"have", OPT_HAVE, "FILE", 0, "send: what `have' printed at the other end; only the rest goes",
     0},
    {"every", OPT_EVERY, "SECONDS", 0, "send, copy: between two looks (1)", 0},
    {"once", OPT_ONCE, NULL, 0, "send, copy: one round, and end", 0},
    {0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    const char **words[] = {&o->verb, &o->a, &o->b};
    char *end = NULL;
    switch (key) {
    case OPT_HAVE:
        o->have = arg;
        return 0;
    case OPT_GENESIS:
        o->genesis = arg;
        return 0;
    case OPT_MASTER:
        o->master = arg;
        return 0;
    case OPT_EVERY:
        o->every_s = (unsigned)strtoul(arg, &end, 10);
        if (*arg == '\0' || *end != '\0' || o->every_s < 1 || o->every_s > EVERY_MAX) {
            argp_error(state, "--every wants 1 to %d seconds", EVERY_MAX);
        }
        return 0;
    case OPT_ONCE:
        o->once = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= sizeof(words) / sizeof(words[0])) {
            return ARGP_ERR_UNKNOWN;
        }
        *words[state->arg_num] = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-copier " SHUYU_VERSION;

/* Key items pass through: no core file, nobody attaches. */
static void harden(void)
{
    const struct rlimit none = {0};
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        sy_log(SY_LOG_WARN, "this process could not be hardened");
    }
}

static int run(const struct options *o)
{
    struct sy_error err = {0};
    for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
        const struct verb *v = &VERBS[i];
        if (o->verb == NULL || strcmp(v->name, o->verb) != 0) {
            continue;
        }
        if (o->a == NULL || v->two != (o->b != NULL)) {
            (void)fprintf(stderr, "shuyu-copier: %s takes %s\n", v->name,
                          v->two ? "the domain's folder and the standby's" : "one folder");
            return 2;
        }
        sy_status s = v->run(o, &err);
        if (!sy_ok(s)) {
            complain(v->name, s, &err);
        }
        return sy_ok(s) ? 0 : s.code == SY_E_USAGE ? 2 : 1;
    }
    (void)fprintf(stderr, "shuyu-copier: use init, have, send, take or copy; see --help\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        OPTIONS,
        parse_option,
        "init STANDBY --genesis FILE\nhave STANDBY\nsend DOMAIN\ntake STANDBY\ncopy DOMAIN STANDBY",
        "Keep a warm standby of a Shuyu domain: `shuyu-copier send DOMAIN | ssh HOST shuyu-copier "
        "take STANDBY'.",
        NULL,
        NULL,
        NULL};
    struct options o = {.every_s = 1};
    sy_log_setup("copier", SY_LOG_INFO);
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (sodium_init() < 0) {
        return 1;
    }
    harden();
    return run(&o);
}
