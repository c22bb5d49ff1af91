/*
 * What: addresses: "host:port", "[v6]:port", "unix:PATH".
 */
#include "client/address.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"

static sy_status bad(struct sy_error *err)
{
    return sy_fail(err, SY_E_FIELD, "address", "want host:port, [v6]:port or unix:PATH");
}

static bool is_port(const char *s)
{
    size_t n = strspn(s, "0123456789");
    long v = n >= 1 && n <= 5 && s[n] == '\0' ? strtol(s, NULL, 10) : 0;
    return v >= 1 && v <= 65535;
}

/* The host's bytes, without brackets; 0 long when malformed. A v6 number needs its brackets. */
static struct sy_view host_of(const char *text, const char *colon)
{
    struct sy_view h = sy_view(text, (size_t)(colon - text));
    if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']') {
        return sy_view(h.p + 1, h.n - 2);
    }
    bool odd = h.n > 0 && (memchr(h.p, ':', h.n) != NULL || memchr(h.p, '[', h.n) != NULL);
    return odd ? (struct sy_view){0} : h;
}

sy_status client_address_parse(const char *text, struct client_address *ret, struct sy_error *err)
{
    struct client_address a = {0};
    if (strncmp(text, "unix:", 5) == 0) {
        a.local = true;
        if (text[5] == '\0' || strlen(text + 5) >= sizeof(a.host)) {
            return bad(err);
        }
        sy_view_to_cstr(sy_view_str(text + 5), a.host, sizeof(a.host));
        *ret = a;
        return SY_OK;
    }
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !is_port(colon + 1)) {
        return bad(err);
    }
    struct sy_view host = host_of(text, colon);
    if (host.n == 0 || host.n >= sizeof(a.host)) {
        return bad(err);
    }
    sy_view_to_cstr(host, a.host, sizeof(a.host));
    sy_view_to_cstr(sy_view_str(colon + 1), a.port, sizeof(a.port));
    *ret = a;
    return SY_OK;
}
