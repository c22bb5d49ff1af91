/*
 * What: where a throw-away domain lives and how it ends. Invariant: however the program ends (done, an
 * error, a signal), the supervisor is stopped and the folder is gone, unless it was to be kept. After
 * SIGKILL the kernel still stops the supervisor; only the folder stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "dev.h"

enum { START_TIMEOUT_MS = 30000 };

static pthread_mutex_t ending = PTHREAD_MUTEX_INITIALIZER;
static char place[256]; /* to be removed; "" = nothing */
static pid_t supervisor;

/* --- the end --------------------------------------------------------------------------------------- */

static void remove_tree(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return;
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        sy_fd_close(&fd);
        return;
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            remove_tree(dirfd(dir), e->d_name);
        }
    }
    closedir(dir);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

static void end_place(void)
{
    if (supervisor > 0 && kill(supervisor, SIGTERM) == 0) {
        (void)waitpid(supervisor, NULL, 0);
    }
    supervisor = 0;
    if (place[0] != '\0') {
        remove_tree(AT_FDCWD, place);
    }
    place[0] = '\0';
}

void dev_place_end(void)
{
    pthread_mutex_lock(&ending);
    end_place();
    pthread_mutex_unlock(&ending);
}

/* --- signals --------------------------------------------------------------------------------------- */

static void stop_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGHUP);
}

/* A thread, because the main one may be in the middle of a call: it alone takes the stop signals. */
static void *wait_for_signal(void *unused)
{
    (void)unused;
    sigset_t set;
    int got = 0;
    stop_signals(&set);
    (void)sigwait(&set, &got);
    pthread_mutex_lock(&ending); /* for good: the main thread is not to exit in its own way now */
    end_place();
    _exit(128 + got);
}

static bool watch_signals(void)
{
    sigset_t set;
    pthread_t thread;
    stop_signals(&set);
    return pthread_sigmask(SIG_BLOCK, &set, NULL) == 0 &&
           pthread_create(&thread, NULL, wait_for_signal, NULL) == 0 && pthread_detach(thread) == 0;
}

/* --- the beginning --------------------------------------------------------------------------------- */

int dev_place_make(struct dev *d)
{
    const char *tmp = getenv("TMPDIR");
    if (!watch_signals()) {
        return cli_usage("no thread can be made");
    }
    if (d->keep != NULL) {
        d->dir = d->keep;
        return mkdir(d->keep, 0700) == 0 ? 0 : cli_usage("%s: name a new folder", d->keep);
    }
    int n = snprintf(place, sizeof(place), "%s/shuyu-dev-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof(place) || mkdtemp(place) == NULL) {
        place[0] = '\0';
        return cli_usage("no temporary folder can be made; set TMPDIR");
    }
    d->dir = place;
    return 0;
}

/* In the child: end with the parent, write to its pipe and log, take signals again. */
static void become_supervisor(const char *const *argv, int out, const char *log, pid_t parent)
{
    sigset_t none;
    int err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && err >= 0 &&
        dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0 &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        execv(argv[0], (char *const *)(uintptr_t)argv);
    }
    _exit(127);
}

/* "ready HOST:PORT\n", or nothing when the domain did not start in time. */
static const char *read_address(struct dev *d, int fd)
{
    char line[128] = "";
    size_t n = 0;
    while (n < sizeof(line) - 1 && strchr(line, '\n') == NULL) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got =
            poll(&p, 1, START_TIMEOUT_MS) == 1 ? read(fd, line + n, sizeof(line) - 1 - n) : 0;
        if (got <= 0) {
            return NULL;
        }
        n += (size_t)got;
        line[n] = '\0';
    }
    return strncmp(line, "ready ", 6) == 0
               ? sy_arena_printf(&d->arena, "%.*s", (int)strcspn(line + 6, "\n"), line + 6)
               : NULL;
}

static void show_log(const char *log)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    if (sy_ok(sy_read_file_at(AT_FDCWD, log, &b))) {
        fprintf(stderr, "%.*s", SY_PV(sy_buf_view(&b)));
    }
}

int dev_supervisor_start(struct dev *d)
{
    const char *log = sy_arena_printf(&d->arena, "%s/domain.log", d->dir);
    const char *argv[] = {cli_program(&d->agency, "shuyu-supervisor", "enclave/supervisor"),
                          "--domain",
                          d->domain,
                          "--listen",
                          "127.0.0.1:0",
                          NULL};
    int pipe_fds[2];
    pid_t parent = getpid();
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return cli_usage("no pipe can be made");
    }
    SY_FD_CLEANUP int from = pipe_fds[0];
    supervisor = fork();
    if (supervisor == 0) {
        become_supervisor(argv, pipe_fds[1], log, parent);
    }
    close(pipe_fds[1]);
    d->address = supervisor > 0 ? read_address(d, from) : NULL;
    if (d->address == NULL) {
        show_log(log);
        cli_usage("the test domain did not start; 'shuyu doctor' says what this machine lacks");
        return 4;
    }
    return 0;
}
