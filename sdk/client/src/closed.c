/*
 * What: the line `log_closed` of a profile. Invariant: what is read of it is exactly what was written; anything else is
 * the line's end, so that a damaged one makes less believed, never more.
 */
#include "client/closed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

enum { WORDS = 4 };

/* The next word, which a space or the line's end follows. */
static struct sy_view word(const char **at)
{
    const size_t n = strcspn(*at, " ");
    const struct sy_view ret = sy_view(*at, n);
    *at += n + ((*at)[n] == ' ');
    return ret;
}

static bool number(struct sy_view v, uint64_t *ret)
{
    char text[24];
    if (v.n == 0 || v.n > 20 || strspn((const char *)v.p, "0123456789") < v.n) {
        return false;
    }
    sy_view_to_cstr(v, text, sizeof(text));
    *ret = strtoull(text, NULL, 10);
    return true;
}

bool client_closed_next(const char **at, struct client_closed *ret)
{
    size_t n = 0;
    *ret = (struct client_closed){0};
    const struct sy_view base = word(at), size = word(at), root = word(at), key = word(at);
    return number(base, &ret->base) && number(size, &ret->tree.size) && root.n == 64 &&
           sodium_hex2bin(ret->tree.root, 32, (const char *)root.p, root.n, NULL, &n, NULL) == 0 &&
           n == 32 && sy_ok(proof_vkey_parse(key, &ret->key, NULL));
}

/* Without its last four words. */
static void drop_last(char *text)
{
    for (size_t i = 0; i < WORDS; i++) {
        char *space = strrchr(text, ' ');
        *(space != NULL ? space : text) = '\0';
    }
}

sy_status client_closed_add(struct client_pins *pins, const struct client_closed *closed)
{
    SY_BUF_CLEANUP struct sy_buf key = sy_buf(CLIENT_VKEY_MAX - 1);
    char hex[65], one[CLIENT_VKEY_MAX + 128];
    SY_TRY(proof_vkey_format(&closed->key, &key));
    sodium_bin2hex(hex, sizeof(hex), closed->tree.root, 32);
    int n = snprintf(one, sizeof(one), "%" PRIu64 " %" PRIu64 " %s %.*s", closed->base,
                     closed->tree.size, hex, (int)key.n, (const char *)key.p);
    while (pins->log_closed[0] != '\0' &&
           (size_t)n + 1 + strlen(pins->log_closed) >= sizeof(pins->log_closed)) {
        drop_last(pins->log_closed);
    }
    const size_t had = strlen(pins->log_closed);
    memmove(pins->log_closed + n + (had > 0), pins->log_closed, had + 1);
    memcpy(pins->log_closed, one, (size_t)n);
    if (had > 0) {
        pins->log_closed[n] = ' ';
    }
    return SY_OK;
}
