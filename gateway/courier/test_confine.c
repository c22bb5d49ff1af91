/*
 * What the courier must never do, and what it must be able to, tried by a confined process
 * (test_attempts.h).
 */
#include "check.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "courier/confine.h"
#include "courier/courier.h"
#include "role/confine.h"
#include "test_attempts.h"

static struct sockaddr_in server; /* a listener of the test's */
static struct sockaddr_un local;  /* another, on a unix socket */

static int read_hosts(void)
{
    return open("/etc/hosts", O_RDONLY) >= 0 ? WORKED : BLOCKED;
}

static int write_file(void)
{
    char path[] = "/tmp/courier-confine-XXXXXX";
    int fd = mkstemp(path);
    (void)unlink(path);
    return fd >= 0 ? WORKED : BLOCKED;
}

static int list_folder(void)
{
    return open("/", O_RDONLY | O_DIRECTORY) >= 0 ? WORKED : BLOCKED;
}

static int connect_to(int family, const void *to, socklen_t n)
{
    int fd = socket(family, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, to, n) == 0 ? WORKED : BLOCKED;
}

static int connect_tcp(void)
{
    return connect_to(AF_INET, &server, sizeof(server));
}

static int connect_unix(void)
{
    return connect_to(AF_UNIX, &local, sizeof(local));
}

static int find_name(void)
{
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    return getaddrinfo("localhost", "80", &hints, &found) == 0 ? WORKED : BLOCKED;
}

static int make_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? WORKED : BLOCKED;
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

/* The same from a thread of libuv's pool, which is where names are looked up. */
static uv_loop_t loop;
static int (*in_pool)(void);
static int of_pool;

static void work(uv_work_t *w)
{
    (void)w;
    of_pool = in_pool();
}

static void worked(uv_work_t *w, int status)
{
    (void)w;
    (void)status;
}

static int run_in_pool(int (*attempt)(void))
{
    uv_work_t w;
    in_pool = attempt;
    of_pool = SETUP_FAILED;
    if (uv_queue_work(&loop, &w, work, worked) == 0) {
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    }
    return of_pool;
}

static int read_other_in_pool(void)
{
    return run_in_pool(read_outside);
}

static int connect_unix_in_pool(void)
{
    return run_in_pool(connect_unix);
}

static int find_name_in_pool(void)
{
    return run_in_pool(find_name);
}

static bool confine(void)
{
    struct sy_error err = {0};
    struct courier_files files;
    bool good = sy_ok(role_confine_process(NULL, 0, &err)) && uv_loop_init(&loop) == 0 &&
                sy_ok(courier_confine_files(COURIER_UID_DEFAULT, &files, &err)) &&
                sy_ok(courier_start_threads()) && sy_ok(courier_confine_calls(&err)) &&
                !courier_files_changed(&files);
    if (!good) {
        (void)fprintf(stderr, "%s\n", err.reason);
    }
    return good;
}

static bool prepare(bool is_confined)
{
    return is_confined ? confine() : uv_loop_init(&loop) == 0;
}

static void attempts(void **state)
{
    static const struct attempt rows[] = {
        {"read a file of the resolver", read_hosts, WORKED},
        {"connect to a port", connect_tcp, WORKED},
        {"look up a name", find_name, WORKED},
        {"look up a name in the pool", find_name_in_pool, WORKED},
        {"read another file", read_outside, BLOCKED},
        {"read another file in the pool", read_other_in_pool, BLOCKED},
        {"write a file", write_file, BLOCKED},
        {"list a folder", list_folder, BLOCKED},
        {"connect to a unix socket", connect_unix, BLOCKED},
        {"connect to a unix socket in the pool", connect_unix_in_pool, BLOCKED},
        {"make a netlink socket", make_netlink, BLOCKED},
        {"signal its parent", signal_parent, BLOCKED},
        {"bind a port", bind_port, -SIGSYS},
        {"listen", listen_unbound, -SIGSYS},
        {"make a process", make_process, -SIGSYS},
        {"make a thread", make_thread, -SIGSYS},
        {"run a program", run_program, -SIGSYS},
        {"make memory executable", run_memory, -SIGSYS},
        {"be traced", be_traced, -SIGSYS},
    };
    (void)state;
    attempts_make(rows, sizeof(rows) / sizeof(rows[0]), prepare);
}

/* Other files than those that it may read are noticed. */
static void replaced_files(void **state)
{
    struct courier_files files;
    (void)state;
    memset(&files, 0xff, sizeof(files));
    assert_true(courier_files_changed(&files));
}

static int open_servers(void **state)
{
    (void)state;
    socklen_t n = sizeof(server);
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(tcp, (struct sockaddr *)&server, sizeof(server)), 0);
    assert_int_equal(getsockname(tcp, (struct sockaddr *)&server, &n), 0);
    int unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    local = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(local.sun_path, sizeof(local.sun_path), "/tmp/courier-confine-%d.sock",
                   (int)getpid());
    assert_int_equal(bind(unix_fd, (struct sockaddr *)&local, sizeof(local)), 0);
    assert_int_equal(chmod(local.sun_path, 0777), 0); /* so that not its mode is what blocks */
    return listen(tcp, 64) == 0 && listen(unix_fd, 64) == 0 ? 0 : -1;
}

static int close_servers(void **state)
{
    (void)state;
    return unlink(local.sun_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(attempts),
                                       cmocka_unit_test(replaced_files)};
    return cmocka_run_group_tests_name("courier-confine", tests, open_servers, close_servers);
}
