/*
 * What: a recogniser for the paths of a tile log. It moves a cursor over the bytes and accepts only at
 * their end; every byte of an accepted path was matched by name, so nothing hostile can hide in one.
 */
#include "gateway/path.h"

struct cursor {
    struct sy_view rest;
};

static bool take_text(struct cursor *c, const char *text)
{
    struct sy_view v = sy_view_str(text);
    if (!sy_view_starts(c->rest, v)) {
        return false;
    }
    c->rest = sy_view(c->rest.p + v.n, c->rest.n - v.n);
    return true;
}

static size_t count_digits(struct sy_view v)
{
    size_t n = 0;
    while (n < v.n && v.p[n] >= '0' && v.p[n] <= '9') {
        n++;
    }
    return n;
}

/* A decimal number of 1..3 digits without leading zeros, least..most. */
static bool take_number(struct cursor *c, unsigned least, unsigned most)
{
    size_t n = count_digits(c->rest);
    if (n == 0 || n > 3 || (n > 1 && c->rest.p[0] == '0')) {
        return false;
    }
    unsigned value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (unsigned)(c->rest.p[i] - '0');
    }
    c->rest = sy_view(c->rest.p + n, c->rest.n - n);
    return value >= least && value <= most;
}

static bool take_group(struct cursor *c)
{
    if (count_digits(c->rest) != 3) {
        return false;
    }
    c->rest = sy_view(c->rest.p + 3, c->rest.n - 3);
    return true;
}

/* x001/x234/067: at most six groups of "x" before the last. */
static bool take_index(struct cursor *c)
{
    if (sy_view_starts(c->rest, sy_view_str("x000/"))) {
        return false;
    }
    for (int i = 0; i < 6 && take_text(c, "x"); i++) {
        if (!take_group(c) || !take_text(c, "/")) {
            return false;
        }
    }
    return take_group(c);
}

static enum gw_path_kind classify_tile(struct cursor *c)
{
    bool level = take_text(c, "entries") || take_number(c, 0, 63);
    if (!level || !take_text(c, "/") || !take_index(c)) {
        return GW_PATH_NONE;
    }
    if (c->rest.n == 0) {
        return GW_PATH_FULL;
    }
    bool partial = take_text(c, ".p/") && take_number(c, 1, 255) && c->rest.n == 0;
    return partial ? GW_PATH_PARTIAL : GW_PATH_NONE;
}

/* /log/N before the rest: a later log of the domain. */
static bool take_log(struct cursor *c)
{
    return !take_text(c, "/log/") || take_number(c, 2, GW_PATH_LOGS_MAX);
}

enum gw_path_kind gw_path_classify(struct sy_view path)
{
    struct cursor c = {path};
    if (path.n > GW_PATH_MAX) {
        return GW_PATH_NONE;
    }
    if (sy_view_is(path, "/")) {
        return GW_PATH_ABOUT;
    }
    if (!take_log(&c)) {
        return GW_PATH_NONE;
    }
    if (sy_view_is(c.rest, "/checkpoint") || sy_view_is(c.rest, "/checkpoint.cosigned") ||
        sy_view_is(c.rest, "/next")) {
        return GW_PATH_CHECKPOINT;
    }
    return take_text(&c, "/tile/") ? classify_tile(&c) : GW_PATH_NONE;
}
