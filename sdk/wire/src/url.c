/*
 * What: a URL into its parts, from left to right, each by a list of the bytes that it may have.
 * Invariant: every part fits its place, because the whole is at most SY_URL_MAX - 1 bytes here.
 */
#include "wire/url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define IN_NAME LETTERS DIGITS "-._"
#define IN_SIX  DIGITS "ABCDEFabcdef:."
#define IN_PATH LETTERS DIGITS "-._~!$&'()*+,;=:@%/?"

enum { PORT_MAX = 65535, PORT_DIGITS = 5 };

static sy_status refuse(struct sy_error *reterr, const char *why)
{
    return sy_fail(reterr, SY_E_FIELD, "url", "%s", why);
}

/* Move a part of the text into its place. */
static struct sy_view take(struct sy_view *rest, size_t n, char *ret)
{
    struct sy_view part = sy_view(rest->p, n);
    memcpy(ret, part.p, n);
    ret[n] = '\0';
    *rest = sy_view(rest->p + n, rest->n - n);
    return part;
}

static bool skip(struct sy_view *rest, const char *word)
{
    if (!sy_view_starts(*rest, sy_view_str(word))) {
        return false;
    }
    *rest = sy_view(rest->p + strlen(word), rest->n - strlen(word));
    return true;
}

/* How many bytes of the text are in the set. */
static size_t span(struct sy_view text, const char *set)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != '\0' && strchr(set, text.p[n]) != NULL) {
        n++;
    }
    return n;
}

static sy_status parse_six(struct sy_view *rest, struct sy_url *ret, struct sy_error *reterr)
{
    struct in6_addr address;
    size_t n = span(*rest, IN_SIX);
    if (n >= INET6_ADDRSTRLEN) {
        return refuse(reterr, "the address in brackets is too long");
    }
    (void)take(rest, n, ret->host);
    if (!skip(rest, "]") || inet_pton(AF_INET6, ret->host, &address) != 1) {
        return refuse(reterr, "there is no IPv6 address in the brackets");
    }
    ret->is_address = true;
    return SY_OK;
}

/* What ends in a number is an IPv4 address, or nothing: no resolver shall read it in another way. */
static sy_status parse_name(struct sy_view *rest, struct sy_url *ret, struct sy_error *reterr)
{
    struct in_addr address;
    size_t n = span(*rest, IN_NAME);
    if (n == 0 || n > SY_URL_HOST_MAX) {
        return refuse(reterr, "the host is missing or too long");
    }
    (void)take(rest, n, ret->host);
    const char *last = strrchr(ret->host, '.');
    last = last == NULL ? ret->host : last + 1;
    if (strchr("-.", ret->host[0]) != NULL || strstr(ret->host, "..") != NULL || *last == '\0') {
        return refuse(reterr, "the host is not a name");
    }
    ret->is_address = strchr(DIGITS, *last) != NULL;
    if (ret->is_address && inet_pton(AF_INET, ret->host, &address) != 1) {
        return refuse(reterr, "the host is neither a name nor an address");
    }
    return SY_OK;
}

static sy_status parse_port(struct sy_view *rest, struct sy_url *ret, struct sy_error *reterr)
{
    memcpy(ret->port, ret->is_tls ? "443" : "80", ret->is_tls ? 4 : 3);
    if (!skip(rest, ":")) {
        return SY_OK;
    }
    size_t n = span(*rest, DIGITS);
    if (n == 0 || n > PORT_DIGITS || rest->p[0] == '0') {
        return refuse(reterr, "the port is not a number from 1 to 65535");
    }
    (void)take(rest, n, ret->port);
    return strtol(ret->port, NULL, 10) <= PORT_MAX
               ? SY_OK
               : refuse(reterr, "the port is not a number from 1 to 65535");
}

static sy_status parse_authority(struct sy_view *rest, struct sy_url *ret, struct sy_error *reterr)
{
    struct sy_view from = *rest;
    if (skip(rest, "[")) {
        SY_TRY(parse_six(rest, ret, reterr));
    } else {
        SY_TRY(parse_name(rest, ret, reterr));
    }
    SY_TRY(parse_port(rest, ret, reterr));
    struct sy_view whole = from;
    (void)take(&whole, from.n - rest->n, ret->authority);
    return SY_OK;
}

static sy_status parse_target(struct sy_view rest, struct sy_url *ret, struct sy_error *reterr)
{
    size_t at = 0;
    if (rest.n == 0 || rest.p[0] == '?') {
        ret->target[at++] = '/';
    } else if (rest.p[0] != '/') {
        return refuse(reterr, "the host is followed by something that is no path: "
                              "user information and the like are not taken");
    }
    if (span(rest, IN_PATH) != rest.n) {
        return refuse(reterr, "the path has a character that must not be there");
    }
    (void)take(&rest, rest.n, ret->target + at);
    return SY_OK;
}

sy_status sy_url_parse(struct sy_view text, struct sy_url *ret, struct sy_error *reterr)
{
    struct sy_view rest = text;
    *ret = (struct sy_url){0};
    if (text.n + 2 > SY_URL_MAX) {
        return refuse(reterr, "the URL is too long");
    }
    ret->is_tls = skip(&rest, "https://");
    if (!ret->is_tls && !skip(&rest, "http://")) {
        return refuse(reterr, "the URL does not begin with https:// or http://");
    }
    SY_TRY(parse_authority(&rest, ret, reterr));
    return parse_target(rest, ret, reterr);
}

sy_status sy_url_base_check(struct sy_view text, size_t max, struct sy_error *reterr)
{
    struct sy_url url;
    if (text.n > max) {
        return refuse(reterr, "the URL is too long");
    }
    SY_TRY(sy_url_parse(text, &url, reterr));
    return strchr(url.target, '?') == NULL ? SY_OK
                                           : refuse(reterr, "the URL must not have a query");
}
