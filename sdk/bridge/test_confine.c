/*
 * What the bridge must never do, and what it must be able to, tried by a confined process (test_attempts.h).
 */
#include "check.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/confine.h"
#include "test_attempts.h"

static struct sockaddr_in server; /* a listener of the test's */
static int listener = -1;         /* it */
static int memory = -1;           /* an open file, as the profile's memory of checkpoints */

static int find_name(void)
{
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    return getaddrinfo("localhost", "80", &hints, &found) == 0 ? WORKED : BLOCKED;
}

static int connect_tcp(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0 ? WORKED
                                                                                   : BLOCKED;
}

static int accept_one(void)
{
    return connect_tcp() == WORKED && accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0 ? WORKED
                                                                                       : BLOCKED;
}

static int remember(void)
{
    char c = 0;
    return flock(memory, LOCK_EX) == 0 && pwrite(memory, "x", 1, 0) == 1 &&
                   pread(memory, &c, 1, 0) == 1
               ? WORKED
               : BLOCKED;
}

static int write_file(void)
{
    char path[] = "/tmp/bridge-confine-XXXXXX";
    int fd = mkstemp(path);
    (void)unlink(path);
    return fd >= 0 ? WORKED : BLOCKED;
}

static int make_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? WORKED : BLOCKED;
}

static int bind_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 ? WORKED : BLOCKED;
}

static int listen_unbound(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && listen(fd, 1) == 0 ? WORKED : BLOCKED;
}

static void *do_nothing(void *arg)
{
    return arg;
}

static int make_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, do_nothing, NULL) == 0 ? WORKED : BLOCKED;
}

static const struct attempt ATTEMPTS[] = {
    {"find a name", find_name, WORKED},
    {"connect", connect_tcp, WORKED},
    {"accept", accept_one, WORKED},
    {"write what is open", remember, WORKED},
    {"read another file", read_outside, BLOCKED},
    {"write a file", write_file, BLOCKED},
    {"make a unix socket", make_unix, BLOCKED},
    {"signal the parent", signal_parent, BLOCKED},
    {"bind", bind_port, -SIGSYS},
    {"listen", listen_unbound, -SIGSYS},
    {"make a thread", make_thread, -SIGSYS},
    {"make a process", make_process, -SIGSYS},
    {"run a program", run_program, -SIGSYS},
    {"run memory", run_memory, -SIGSYS},
    {"be traced", be_traced, -SIGSYS},
};

static bool prepare(bool is_confined)
{
    return !is_confined || sy_ok(bridge_confine(NULL));
}

static void test_attempts(void **state)
{
    (void)state;
    attempts_make(ATTEMPTS, sizeof(ATTEMPTS) / sizeof(ATTEMPTS[0]), prepare);
}

static int open_all(void **state)
{
    socklen_t n = sizeof(server);
    char path[] = "/tmp/bridge-confine-XXXXXX";
    (void)state;
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memory = mkstemp(path);
    (void)unlink(path);
    return memory >= 0 && bind(listener, (struct sockaddr *)&server, n) == 0 &&
                   listen(listener, 64) == 0 &&
                   getsockname(listener, (struct sockaddr *)&server, &n) == 0
               ? 0
               : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_attempts)};
    return cmocka_run_group_tests_name("bridge_confine", tests, open_all, NULL);
}
