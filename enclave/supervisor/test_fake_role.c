/*
 * A stand-in for zygote, warden, courier and gateway in the supervisor's test: takes its descriptors, talks
 * over its edges just enough to prove them, and writes what happens to it to standard error. The
 * zygote is a real one (it drops root, seals workers), whose workers echo one byte.
 *
 *   fake_role --fd NAME=N ... --role=zygote|warden|courier|gateway [--die] [--mute] [--deaf] [--wrong] [--lone]
 *     --die: exit 3 before ready; --mute: never ready; --deaf: go on after the hang-up;
 *     --wrong: say something that is not "ready"; --lone: do not try the zygote
 */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "sandbox/process.h"
#include "sandbox/zygote.h"

enum { CONTROL, ZYGOTE, WARDEN, GATEWAY, DOMAIN, PUBLIC, LOCAL, LISTEN, COURIER, N_SLOTS };

struct fake {
    const char *role;
    bool die;
    bool mute;
    bool deaf;
    bool wrong;
    bool lone;
    struct sandbox_fd_slot slots[N_SLOTS];
};

static void say(const struct fake *f, const char *what)
{
    (void)dprintf(STDERR_FILENO, "fake %s %s\n", f->role, what);
}

static bool is(const struct fake *f, const char *role)
{
    return strcmp(f->role, role) == 0;
}

/* "fds 0 1 2 3 4": what is really open. */
static void say_fds(const struct fake *f)
{
    char text[256] = "fds";
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL) {
        return;
    }
    bool open[64] = {false};
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        int fd = (int)strtol(e->d_name, NULL, 10);
        open[fd & 63] = e->d_name[0] != '.' && fd != dirfd(dir);
    }
    (void)closedir(dir);
    for (int fd = 0; fd < 64; fd++) {
        size_t n = strlen(text);
        if (open[fd]) {
            (void)snprintf(text + n, sizeof(text) - n, " %d", fd);
        }
    }
    say(f, text);
}

static void say_environment(const struct fake *f)
{
    for (char **e = environ; *e != NULL; e++) {
        char text[256];
        if (strstr(*e, "SAN_OPTIONS=") == NULL) {
            (void)snprintf(text, sizeof(text), "env %s", *e);
            say(f, text);
        }
    }
}

static void parse(struct fake *f, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--fd") == 0 && i + 1 < argc) {
            struct sy_error e = {0};
            if (!sy_ok(sandbox_fd_take(argv[++i], f->slots, N_SLOTS, &e))) {
                (void)dprintf(STDERR_FILENO, "fake: %s\n", e.reason);
                _exit(4);
            }
        }
        f->role = strncmp(argv[i], "--role=", 7) == 0 ? argv[i] + 7 : f->role;
        f->die |= strcmp(argv[i], "--die") == 0;
        f->mute |= strcmp(argv[i], "--mute") == 0;
        f->deaf |= strcmp(argv[i], "--deaf") == 0;
        f->wrong |= strcmp(argv[i], "--wrong") == 0;
        f->lone |= strcmp(argv[i], "--lone") == 0;
    }
}

/* Courier and gateway prove their edge to the warden: a byte there and back. A courier is there before the
 * warden, and ends well when that never comes. */
static void prove_edge(const struct fake *f)
{
    uint8_t b = 0;
    int fd = f->slots[WARDEN].fd;
    if (!sy_ok(sy_write_all(fd, "x", 1)) || !sy_ok(sy_read_all(fd, &b, 1)) || b != 'x') {
        _exit(is(f, "courier") ? 0 : 5);
    }
    say(f, "edge");
}

/* The warden's side of it. */
static void echo(struct fake *f, size_t slot)
{
    uint8_t b = 0;
    int *fd = &f->slots[slot].fd;
    if (!sy_ok(sy_read_all(*fd, &b, 1)) || !sy_ok(sy_write_all(*fd, &b, 1))) {
        say(f, slot == GATEWAY ? "lost-gateway" : "lost-courier");
        sy_fd_close(fd);
    }
}

static int run_worker(void *ctx, uint8_t kind, int sock)
{
    (void)ctx;
    (void)kind;
    uint8_t b = 0;
    return sy_ok(sy_read_all(sock, &b, 1)) && sy_ok(sy_write_all(sock, &b, 1)) ? 0 : 1;
}

static void be_zygote(const struct fake *f)
{
    struct sandbox_worker_ops ops = {.run = run_worker, .control_fd = f->slots[CONTROL].fd};
    sy_status s = sandbox_zygote_serve(f->slots[WARDEN].fd, &ops, NULL);
    say(f, sy_ok(s) ? "hang-up" : "failed");
    _exit(0);
}

/* The warden proves its edge to the zygote: a job there and back. */
static void prove_zygote(const struct fake *f)
{
    const struct sandbox_limits limits = {
        .as_bytes = 1ULL << 32, .cpu_s = 5, .n_files = 16, .n_procs = 1};
    SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
    uint8_t b = 0;
    if (!sy_ok(sandbox_spawn(f->slots[ZYGOTE].fd, &limits, 0, &job)) ||
        !sy_ok(sy_write_all(job.sock, "y", 1)) || !sy_ok(sy_read_all(job.sock, &b, 1)) ||
        b != 'y') {
        _exit(7);
    }
    say(f, "worker");
}

static void serve_control(struct fake *f)
{
    uint8_t what = 0;
    int fd = -1;
    if (!sy_ok(sandbox_control_next(f->slots[CONTROL].fd, &what, &fd))) {
        say(f, "hang-up");
        while (f->deaf) {
            (void)pause();
        }
        _exit(0);
    }
    if (what == SANDBOX_CONTROL_GATEWAY || what == SANDBOX_CONTROL_COURIER) {
        bool is_gateway = what == SANDBOX_CONTROL_GATEWAY;
        struct sandbox_fd_slot *slot = &f->slots[is_gateway ? GATEWAY : COURIER];
        say(f, is_gateway ? "new-gateway" : "new-courier");
        sy_fd_close(&slot->fd);
        slot->fd = fd;
    }
}

static void serve(struct fake *f)
{
    bool is_warden = is(f, "warden");
    struct pollfd p[] = {{.fd = f->slots[CONTROL].fd, .events = POLLIN},
                         {.fd = is_warden ? f->slots[GATEWAY].fd : -1, .events = POLLIN},
                         {.fd = is_warden ? f->slots[COURIER].fd : -1, .events = POLLIN}};
    if (poll(p, 3, -1) <= 0) {
        return;
    }
    if (p[0].revents != 0) {
        serve_control(f);
    } else if (p[1].revents != 0) {
        echo(f, GATEWAY);
    } else if (p[2].revents != 0) {
        echo(f, COURIER);
    }
}

int main(int argc, char **argv)
{
    struct fake f = {.role = "",
                     .slots = {{"control", SANDBOX_FD_UNIX_SEQPACKET, false, -1},
                               {"zygote", SANDBOX_FD_UNIX_SEQPACKET, true, -1},
                               {"warden", SANDBOX_FD_UNIX_SEQPACKET, true, -1},
                               {"gateway", SANDBOX_FD_UNIX_STREAM, true, -1},
                               {"domain", SANDBOX_FD_DIRECTORY, true, -1},
                               {"public", SANDBOX_FD_DIRECTORY, true, -1},
                               {"local", SANDBOX_FD_UNIX_LISTENER, true, -1},
                               {"listen", SANDBOX_FD_TCP_LISTENER, true, -1},
                               {"courier", SANDBOX_FD_UNIX_STREAM, true, -1}}};
    for (int i = 1; i < argc; i++) { /* the same name is a stream for courier and gateway */
        if (strcmp(argv[i], "--role=gateway") == 0 || strcmp(argv[i], "--role=courier") == 0) {
            f.slots[WARDEN].type = SANDBOX_FD_UNIX_STREAM;
        }
    }
    parse(&f, argc, argv);
    say(&f, "start");
    say_fds(&f);
    say_environment(&f);
    if (f.die) {
        _exit(3);
    }
    if (is(&f, "zygote") && !f.mute && !f.deaf && !f.wrong) {
        be_zygote(&f);
    }
    if (is(&f, "warden") && !f.wrong && !f.mute && !f.lone) {
        prove_zygote(&f);
    }
    if (is(&f, "gateway")) {
        prove_edge(&f);
    }
    if (!f.mute && !sy_ok(sandbox_control_send(f.slots[CONTROL].fd, f.wrong ? '?' : 'r', -1))) {
        _exit(6);
    }
    if (is(&f, "courier") && !f.mute && !f.wrong) {
        prove_edge(&f);
    }
    for (;;) {
        serve(&f);
    }
}
