/*
 * The domain's place on the machine. Names below the domain's folder are always resolved from its
 * descriptor, so that moving or replacing the folder while we run changes nothing.
 * Invariants: one supervisor per domain (a lock on the run folder, which goes with its descriptor
 * even in a crash); a listening socket is open before any role starts and stays open over a
 * gateway's death, so that connections wait instead of failing.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "supervisor.h"

#define LISTEN_BACKLOG 511

/* ---- folders ---- */

static int open_folder(int dirfd, const char *name)
{
    return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

sy_status place_open(struct supervisor *s, struct sy_error *reterr)
{
    s->domain_fd = open_folder(AT_FDCWD, s->settings->domain);
    if (s->domain_fd < 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "domain", "the domain's folder cannot be opened: %s",
                       strerror(errno));
    }
    if (mkdirat(s->domain_fd, "run", 0750) != 0 && errno != EEXIST) {
        return sy_fail_errno(reterr, errno, "making the run folder");
    }
    s->run_fd = open_folder(s->domain_fd, "run");
    if (s->run_fd < 0) {
        return sy_fail_errno(reterr, errno, "opening the run folder");
    }
    if (flock(s->run_fd, LOCK_EX | LOCK_NB) != 0) {
        return sy_fail(reterr, SY_E_BUSY, "domain", "another supervisor runs this domain");
    }
    return SY_OK;
}

sy_status place_open_public(struct supervisor *s, struct sy_error *reterr)
{
    int *fd = &s->held[ROLE_GATEWAY][HAND_PUBLIC];
    sy_fd_close(fd);
    *fd = open_folder(s->domain_fd, "ledger/public");
    if (*fd < 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "domain", "ledger/public cannot be opened: %s",
                       strerror(errno));
    }
    return SY_OK;
}

/* ---- pid files ---- */

sy_status place_write_pid(const struct supervisor *s, const char *name, pid_t pid)
{
    char file[64];
    char text[32];
    (void)snprintf(file, sizeof(file), "%s.pid", name);
    (void)snprintf(text, sizeof(text), "%d\n", (int)pid);
    return sy_replace_file_at(s->run_fd, file, sy_view_str(text), 0644);
}

void place_remove_pid(const struct supervisor *s, const char *name)
{
    char file[64];
    (void)snprintf(file, sizeof(file), "%s.pid", name);
    (void)unlinkat(s->run_fd, file, 0);
}

/* ---- local socket ---- */

/* Through /proc for our own run folder: sun_path has 108 bytes, the domain's path may have more. */
static sy_status local_name(const struct supervisor *s, struct sockaddr_un *ret,
                            struct sy_error *reterr)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = s->settings->local != NULL
                ? snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", s->settings->local)
                : snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/local.sock",
                           s->run_fd);
    if (n < 0 || (size_t)n >= sizeof(ret->sun_path)) {
        return sy_fail(reterr, SY_E_FIELD, "local", "the path is longer than %zu bytes",
                       sizeof(ret->sun_path) - 1);
    }
    return SY_OK;
}

/* Hand on what a cleanup would close. */
static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* A socket left over by a crash; anything else with that name is not ours to remove. */
static void remove_socket(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        (void)unlink(path);
    }
}

static sy_status listen_local(struct supervisor *s, struct sy_error *reterr)
{
    struct sockaddr_un name;
    SY_TRY(local_name(s, &name, reterr));
    SY_FD_CLEANUP int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    remove_socket(name.sun_path);
    mode_t before = umask(0117); /* 0660: the ingesting department's group may connect */
    int e = bind(fd, (const struct sockaddr *)&name, sizeof(name));
    (void)umask(before);
    if (e != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        return sy_fail(reterr, SY_E_IO, "local", "the local socket cannot be made: %s",
                       strerror(errno));
    }
    s->held[ROLE_WARDEN][HAND_LOCAL] = take_fd(&fd);
    return SY_OK;
}

/* ---- TCP ---- */

/* "HOST:PORT", "[IPV6]:PORT", ":PORT" (all addresses). */
static sy_status split_address(const char *text, char host[256], char port[16],
                               struct sy_error *reterr)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - text);
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    if (colon == NULL || n >= 256 || strlen(colon + 1) >= 16 || colon[1] == '\0') {
        return sy_fail(reterr, SY_E_FIELD, "listen", "--listen wants HOST:PORT");
    }
    memcpy(host, text, n);
    host[n] = '\0';
    (void)snprintf(port, 16, "%s", colon + 1);
    return SY_OK;
}

static int listen_on(const struct addrinfo *a)
{
    int on = 1;
    SY_FD_CLEANUP int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        return -1;
    }
    return take_fd(&fd);
}

/* What was really bound (port 0 picks one). */
static sy_status write_address(struct supervisor *s, int fd, struct sy_error *reterr)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);
    char host[64] = "";
    char port[8] = "";
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0 ||
        getnameinfo((struct sockaddr *)&a, n, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return sy_fail_errno(reterr, errno, "reading the bound address");
    }
    if (strchr(host, ':') != NULL) {
        (void)snprintf(s->address, sizeof(s->address), "[%s]:%s", host, port);
    } else {
        (void)snprintf(s->address, sizeof(s->address), "%s:%s", host, port);
    }
    return SY_OK;
}

static sy_status listen_tcp(struct supervisor *s, struct sy_error *reterr)
{
    char host[256] = "";
    char port[16] = "";
    struct addrinfo *found = NULL;
    const struct addrinfo want = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                  .ai_socktype = SOCK_STREAM};
    SY_TRY(split_address(s->settings->listen, host, port, reterr));
    int e = getaddrinfo(*host == '\0' ? NULL : host, port, &want, &found);
    if (e != 0) {
        return sy_fail(reterr, SY_E_FIELD, "listen", "%s: %s", s->settings->listen,
                       gai_strerror(e));
    }
    int fd = listen_on(found);
    int saved = errno;
    freeaddrinfo(found);
    if (fd < 0) {
        return sy_fail(reterr, SY_E_IO, "listen", "cannot listen on %s: %s", s->settings->listen,
                       strerror(saved));
    }
    s->held[ROLE_GATEWAY][HAND_LISTEN] = fd;
    return write_address(s, fd, reterr);
}

sy_status place_listen(struct supervisor *s, struct sy_error *reterr)
{
    s->held[ROLE_WARDEN][HAND_DOMAIN] = s->domain_fd;
    SY_TRY(listen_tcp(s, reterr));
    return listen_local(s, reterr);
}

void place_close(struct supervisor *s)
{
    struct sockaddr_un name;
    if (s->held[ROLE_WARDEN][HAND_LOCAL] >= 0 && sy_ok(local_name(s, &name, NULL))) {
        remove_socket(name.sun_path);
    }
    place_remove_pid(s, "supervisor");
}

/* ---- programs ---- */

/* Our own folder, without a slash at the end. */
static sy_status own_folder(char *ret, size_t cap, struct sy_error *reterr)
{
    ssize_t n = readlink("/proc/self/exe", ret, cap - 1);
    if (n <= 0) {
        return sy_fail_errno(reterr, errno, "finding our own program");
    }
    ret[n] = '\0';
    char *slash = strrchr(ret, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    return SY_OK;
}

/* Next to us (installed), else in its folder of a build tree. */
static sy_status find_program(struct supervisor *s, enum role role, const char *folder,
                              struct sy_error *reterr)
{
    const char *between[] = {"/", ROLES[role].sibling};
    for (size_t i = 0; i < 2; i++) {
        char path[sizeof(s->programs[role]) * 2];
        (void)snprintf(path, sizeof(path), "%s/%s/%s", folder, between[i], ROLES[role].program);
        if (s->settings->bin[role] != NULL) {
            (void)snprintf(path, sizeof(path), "%s", s->settings->bin[role]);
        }
        if (access(path, X_OK) == 0 && strlen(path) < sizeof(s->programs[role])) {
            memcpy(s->programs[role], path, strlen(path) + 1);
            return SY_OK;
        }
    }
    return sy_fail(reterr, SY_E_NOT_FOUND, "bin", "no program for the %s: give --bin %s=PATH",
                   ROLES[role].name, ROLES[role].name);
}

sy_status place_find_programs(struct supervisor *s, struct sy_error *reterr)
{
    char folder[sizeof(s->programs[0])];
    SY_TRY(own_folder(folder, sizeof(folder), reterr));
    for (size_t role = 0; role < N_ROLES; role++) {
        SY_TRY(find_program(s, (enum role)role, folder, reterr));
    }
    return SY_OK;
}
