/*
 * What: token, Host, Origin, and the address to listen on. Invariant: whatever cannot be read is refused.
 */
#include "bridge/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

enum { RANDOM_BYTES = 32, HOST_MAX = 64, PORT_DIGITS = 5 };

/* ---- the token ---- */

static sy_status keep(struct bridge_token *t, struct sy_view text, struct sy_error *reterr)
{
    uint8_t *p = sodium_malloc(BRIDGE_TOKEN_MAX);
    if (p == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, "token", NULL);
    }
    memcpy(p, text.p, text.n);
    *t = (struct bridge_token){.text = p, .n = text.n};
    return SY_OK;
}

sy_status bridge_token_make(int dirfd, const char *name, struct bridge_token *ret,
                            struct sy_error *reterr)
{
    uint8_t bytes[RANDOM_BYTES];
    char hex[2 * RANDOM_BYTES + 2];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes));
    sy_status s = keep(ret, sy_view(hex, sizeof(hex) - 2), reterr);
    hex[sizeof(hex) - 2] = '\n';
    if (sy_ok(s)) {
        s = sy_replace_file_at(dirfd, name, sy_view(hex, sizeof(hex) - 1), 0600);
        if (!sy_ok(s)) {
            bridge_token_deinit(ret);
            s = sy_fail(reterr, s.code, "token", "the file %s cannot be written", name);
        }
    }
    sodium_memzero(hex, sizeof(hex));
    sodium_memzero(bytes, sizeof(bytes));
    return s;
}

static bool is_token_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-._~+/=", c) != NULL);
}

/* The line without its end; empty when it is none of ours. */
static struct sy_view one_line(struct sy_view text)
{
    size_t n = text.n > 0 && text.p[text.n - 1] == '\n' ? text.n - 1 : text.n;
    for (size_t i = 0; i < n; i++) {
        if (!is_token_byte(text.p[i])) {
            return (struct sy_view){0};
        }
    }
    return n >= BRIDGE_TOKEN_MIN && n <= BRIDGE_TOKEN_MAX ? sy_view(text.p, n)
                                                          : (struct sy_view){0};
}

static sy_status check_file(int fd, const char *path, struct sy_error *reterr)
{
    struct stat st;
    if (fd < 0) {
        return sy_fail(reterr, errno == ENOENT ? SY_E_NOT_FOUND : SY_E_IO, "token-file",
                       "%s cannot be read", path);
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return sy_fail(reterr, SY_E_IO, "token-file", "%s is not a file", path);
    }
    return st.st_uid == geteuid() && (st.st_mode & 077) == 0
               ? SY_OK
               : sy_fail(reterr, SY_E_DENIED, "token-file",
                         "%s is not for its owner alone: chmod 600", path);
}

sy_status bridge_token_load(const char *path, struct bridge_token *ret, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf((size_t)BRIDGE_TOKEN_MAX + 2);
    SY_FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    text.wipe = true;
    SY_TRY(check_file(fd, path, reterr));
    sy_status s = sy_read_to_end(fd, &text);
    struct sy_view line = sy_ok(s) ? one_line(sy_buf_view(&text)) : (struct sy_view){0};
    if (line.n == 0) {
        return sy_fail(reterr, SY_E_FIELD, "token-file",
                       "%s is not one line of %d to %d letters and digits", path, BRIDGE_TOKEN_MIN,
                       BRIDGE_TOKEN_MAX);
    }
    return keep(ret, line, reterr);
}

void bridge_token_deinit(struct bridge_token *t)
{
    if (t != NULL) {
        sodium_free(t->text);
        *t = (struct bridge_token){0};
    }
}

bool bridge_token_is(const struct bridge_token *t, struct sy_view authorization)
{
    static const char scheme[] = "Bearer ";
    size_t n = sizeof(scheme) - 1;
    if (t->text == NULL || authorization.n != n + t->n ||
        strncasecmp((const char *)authorization.p, scheme, n) != 0) {
        return false;
    }
    return sodium_memcmp(authorization.p + n, t->text, t->n) == 0;
}

/* ---- Host and Origin ---- */

static bool is_port(struct sy_view v)
{
    unsigned port = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9') {
            return false;
        }
        port = port * 10 + (unsigned)(v.p[i] - '0');
    }
    return v.n >= 1 && v.n <= PORT_DIGITS && port <= UINT16_MAX;
}

bool bridge_host_is_loopback(struct sy_view host)
{
    static const char *const NAMES[] = {"127.0.0.1", "[::1]", "localhost"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        size_t n = strlen(NAMES[i]);
        if (host.n >= n && strncasecmp((const char *)host.p, NAMES[i], n) == 0) {
            return host.n == n ||
                   (host.p[n] == ':' && is_port(sy_view(host.p + n + 1, host.n - n - 1)));
        }
    }
    return false;
}

unsigned bridge_guard(const struct bridge_token *t, const struct bridge_request *q,
                      const char **ret_reason)
{
    if (!bridge_host_is_loopback(q->headers[BRIDGE_HOST])) {
        *ret_reason = "the Host header does not name this machine's loopback";
        return 400;
    }
    if (q->headers[BRIDGE_ORIGIN].p != NULL) {
        *ret_reason = "requests of pages in a browser are not answered";
        return 403;
    }
    if (!bridge_token_is(t, q->headers[BRIDGE_AUTHORIZATION])) {
        *ret_reason = "the bearer token is missing or wrong: it stands in the bridge's token file";
        return 401;
    }
    return 0;
}

/* ---- where to listen ---- */

static bool parse_host(const char *host, uint16_t port, struct sockaddr_storage *ret)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        memcpy(ret, &four, sizeof(four));
        return ntohl(four.sin_addr.s_addr) == INADDR_LOOPBACK;
    }
    if (inet_pton(AF_INET6, host, &six.sin6_addr) != 1) {
        return false;
    }
    memcpy(ret, &six, sizeof(six));
    return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

sy_status bridge_address_parse(const char *text, struct sockaddr_storage *ret,
                               struct sy_error *reterr)
{
    char host[HOST_MAX];
    const char *colon = strrchr(text, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - text);
    bool is_six = n > 2 && text[0] == '[' && text[n - 1] == ']';
    size_t n_host = is_six ? n - 2 : n;
    *ret = (struct sockaddr_storage){0};
    if (n > 0 && n_host < sizeof(host) && is_port(sy_view_str(colon + 1))) {
        memcpy(host, text + is_six, n_host);
        host[n_host] = '\0';
        bool has_colon = strchr(host, ':') != NULL;
        if (has_colon == is_six && parse_host(host, (uint16_t)strtoul(colon + 1, NULL, 10), ret)) {
            return SY_OK;
        }
    }
    return sy_fail(reterr, SY_E_FIELD, "listen",
                   "%s: give 127.0.0.1:PORT or [::1]:PORT; other addresses are for others", text);
}
