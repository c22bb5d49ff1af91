/* See test_fake.h; the requests' bytes are those of sandbox/zygote.h's permit table. */
#include "test_fake.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"

enum { SPAWN = 2, KILL = 4, REQUEST = 28, ANSWER = 12, JOBS = 4096 };

struct zygote {
    int sock;
    fake_worker *run;
    void *ctx;
    uint32_t n;
    uint32_t of_kind[256];
    pid_t pids[JOBS];
};

static void answer(const struct zygote *z, uint8_t id, uint32_t job, int fd)
{
    uint8_t bytes[ANSWER] = {id};
    sy_store_le32(bytes + 8, job);
    if (!sy_ok(sy_send_fds(z->sock, sy_view(bytes, sizeof(bytes)), &fd, fd >= 0 ? 1 : 0))) {
        _exit(0);
    }
}

static void spawn(struct zygote *z, uint8_t kind, int sock)
{
    uint32_t number = ++z->n;
    uint32_t of_kind = ++z->of_kind[kind];
    pid_t pid = number < JOBS ? fork() : -1;
    if (pid == 0) {
        close(z->sock);
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        z->run(z->ctx, kind, of_kind, sock);
        _exit(0);
    }
    if (pid < 0) {
        _exit(3);
    }
    z->pids[number] = pid;
    SY_FD_CLEANUP int pidfd = pidfd_open(pid, 0);
    answer(z, SPAWN + 1, number, pidfd);
}

static void serve(struct zygote *z)
{
    uint8_t r[REQUEST];
    size_t n = 0, n_fds = 0;
    for (;;) {
        SY_FD_CLEANUP int fd = -1;
        if (!sy_ok(sy_recv_fds(z->sock, r, sizeof(r), &n, &fd, 1, &n_fds)) || n != REQUEST) {
            return;
        }
        if (r[0] == SPAWN && n_fds == 1) {
            spawn(z, r[1], fd);
        } else {
            uint32_t job = sy_load_le32(r + 4);
            (void)kill(job <= z->n && job > 0 ? z->pids[job] : 0, SIGKILL);
            answer(z, KILL + 1, 0, -1);
        }
    }
}

void fake_start(struct fake *f, fake_worker *run, void *ctx)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0) {
        static struct zygote z;
        close(ends[0]);
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        signal(SIGPIPE, SIG_IGN);
        fake_die_as_usual();
        z = (struct zygote){.sock = ends[1], .run = run, .ctx = ctx};
        serve(&z);
        _exit(0);
    }
    close(ends[1]);
    f->sock = ends[0];
}

void fake_stop(struct fake *f)
{
    sy_fd_close(&f->sock);
    if (f->pid > 0) {
        (void)kill(f->pid, SIGKILL); /* its workers follow: their parent-death signal */
        assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
        f->pid = 0;
    }
}

void fake_say(int sock, struct sy_view record)
{
    uint8_t prefix[4];
    sy_store_le32(prefix, (uint32_t)record.n);
    if (!sy_ok(sy_write_all(sock, prefix, sizeof(prefix))) ||
        !sy_ok(sy_write_all(sock, record.p, record.n))) {
        _exit(0); /* the warden has had enough */
    }
}

bool fake_hear(int sock, struct sy_buf *b, size_t *ret_fds)
{
    uint8_t prefix[4];
    int fds[SY_FDS_MAX];
    size_t n = 0;
    *ret_fds = 0;
    sy_status s = sy_recv_fds(sock, prefix, sizeof(prefix), &n, fds, SY_FDS_MAX, ret_fds);
    if (!sy_ok(s) || !sy_ok(sy_read_all(sock, prefix + n, sizeof(prefix) - n))) {
        return false;
    }
    for (size_t i = 0; i < *ret_fds; i++) {
        close(fds[i]);
    }
    size_t length = sy_load_le32(prefix);
    uint8_t *to = sy_buf_reserve(b, length);
    if (to == NULL || !sy_ok(sy_read_all(sock, to, length))) {
        return false;
    }
    b->n += length;
    return true;
}

void fake_hang(void)
{
    for (;;) {
        (void)pause();
    }
}

size_t fake_open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;
    assert_non_null(d);
    while (readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    return n;
}

void fake_die_as_usual(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
}
