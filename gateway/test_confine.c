/*
 * What the gateway must never do, tried by a confined process (test_attempts.h).
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/confine.h"
#include "gateway/http.h"
#include "role/confine.h"
#include "test_attempts.h"

static char dir[] = "/tmp/gateway-confine-XXXXXX";
static int dirfd_public;

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

static bool prepare(bool is_confined)
{
    struct sy_error err = {0};
    if (is_confined && (!sy_ok(role_confine_process(&dirfd_public, 1, &err)) ||
                        !sy_ok(gw_confine_enter(dirfd_public, GW_UID_DEFAULT, 64, &err)))) {
        (void)fprintf(stderr, "%s\n", err.reason);
        return false;
    }
    return true;
}

static void attempts(void **state)
{
    static const struct attempt rows[] = {
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
    attempts_make(rows, sizeof(rows) / sizeof(rows[0]), prepare);
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
