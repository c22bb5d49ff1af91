/*
 * A confined process tries what the gateway must never do. Each attempt is made in a child, first
 * unconfined, where it must work (so that "blocked" is told from "failed anyway"), then confined.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/confine.h"
#include "gateway/http.h"
#include "role/confine.h"

static char dir[] = "/tmp/gateway-confine-XXXXXX";
static int dirfd_public;

enum { WORKED = 0, BLOCKED = 1, SETUP_FAILED = 99 };

static int read_outside(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0 ? WORKED : BLOCKED;
}

static int read_public(void)
{
    size_t n = 0;
    return gw_http_read_file(dirfd_public, "checkpoint", NULL, &n).code == 0 && n == 5 ? WORKED
                                                                                       : BLOCKED;
}

static int write_public(void)
{
    return openat(dirfd_public, "new", O_WRONLY | O_CREAT, 0600) >= 0 ? WORKED : BLOCKED;
}

static int list_public(void)
{
    return openat(dirfd_public, ".", O_RDONLY | O_DIRECTORY) >= 0 ? WORKED : BLOCKED;
}

static int make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? WORKED : BLOCKED;
}

static int make_process(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid > 0 ? WORKED : BLOCKED;
}

static int run_program(void)
{
    execl("/bin/true", "/bin/true", (char *)NULL);
    return BLOCKED;
}

static int run_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
               ? WORKED
               : BLOCKED;
}

static int signal_parent(void)
{
    return kill(getppid(), 0) == 0 ? WORKED : BLOCKED;
}

static int be_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? WORKED : BLOCKED;
}

static int in_child(int (*attempt)(void), bool confined)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct sy_error err = {0};
        if (confined && (!sy_ok(role_confine_process(&dirfd_public, 1, &err)) ||
                         !sy_ok(gw_confine_enter(dirfd_public, GW_UID_DEFAULT, 64, &err)))) {
            (void)fprintf(stderr, "%s\n", err.reason);
            _exit(SETUP_FAILED);
        }
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void attempts(void **state)
{
    static const struct {
        const char *name;
        int (*attempt)(void);
        int confined; /* what becomes of it */
    } rows[] = {
        {"read a public file", read_public, WORKED},
        {"read another file", read_outside, BLOCKED},
        {"write beside the public files", write_public, BLOCKED},
        {"list the public files", list_public, BLOCKED},
        {"make a socket", make_socket, BLOCKED},
        {"signal its parent", signal_parent, BLOCKED},
        {"make a process", make_process, -SIGSYS},
        {"run a program", run_program, -SIGSYS},
        {"make memory executable", run_memory, -SIGSYS},
        {"be traced", be_traced, -SIGSYS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int before = in_child(rows[i].attempt, false);
        int after = in_child(rows[i].attempt, true);
        if (before != WORKED || after != rows[i].confined) {
            fail_msg("%s: unconfined %d, confined %d, want %d", rows[i].name, before, after,
                     rows[i].confined);
        }
    }
}

static int make_public(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    dirfd_public = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(dirfd_public, "checkpoint", O_WRONLY | O_CREAT, 0644);
    assert_true(fd >= 0 && write(fd, "12345", 5) == 5 && close(fd) == 0);
    return chmod(dir, 0755);
}

static int remove_public(void **state)
{
    (void)state;
    (void)unlinkat(dirfd_public, "checkpoint", 0);
    (void)unlinkat(dirfd_public, "new", 0);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(attempts)};
    return cmocka_run_group_tests_name("gateway-confine", tests, make_public, remove_public);
}
