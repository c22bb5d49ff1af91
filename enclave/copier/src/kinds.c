/* The permit list. */
#include "kinds.h"

#include <string.h>

#include "wire/own.h"

#define SUFFIX ".key"

static const struct {
    const char *
        name; /* of the item; with ':' or '.' at the end: any that begins so. The first that fits counts */
    enum kinds_class class;
    bool stays;
} ITEMS[] = {
    {"domain:log", KINDS_RETIRABLE, false}, /* a key of the log that was retired is gone for good */
    {"log:", KINDS_RETIRABLE, false},
    {"logpub:", KINDS_KEPT, false},
    {"asked", KINDS_ERASABLE, false},
    {"asked:", KINDS_ERASABLE, false},
    {"domain:", KINDS_FIXED, false},
    {"answers", KINDS_FIXED, false},
    {"epoch", KINDS_KEPT, false},
    {"noise:", KINDS_FIXED, false},
    {"dataset:" SY_OWN_PREFIX, KINDS_ENDED, false},
    {"custodian:" SY_OWN_PREFIX, KINDS_ENDED, false},
    {"dataset:", KINDS_KEPT, false},
    {"custodian:", KINDS_KEPT, false},
    {"department:", KINDS_KEPT, false}, /* the third share's box */
    {"select:", KINDS_FIXED, false},
    {"record:", KINDS_FIXED, false},
    {"unit:", KINDS_FIXED, false},
    {"units:", KINDS_KEPT, false},
    {"subject:", KINDS_FIXED, false},
    {"pseudonym:", KINDS_RETIRABLE, false},
    {"checkpoint", KINDS_MEMORY, false},
    {"deposit:", KINDS_NEVER, true},
    {"seat", KINDS_NEVER, true}, /* who leads stays where it leads */
};

const struct kinds_root KINDS_ROOTS[] = {
    {"data/units", 0, false, true, NULL},
    {"data", 2, false, false, "version"},
    {"answers", 0, false, false, NULL},
    {"payloads", 1, true, true, NULL},
};
const size_t KINDS_N_ROOTS = sizeof(KINDS_ROOTS) / sizeof(KINDS_ROOTS[0]);

/* Does the row name this file's item? */
static bool names(const char *row, const char *file)
{
    size_t n = strlen(row), all = strlen(file), suffix = strlen(SUFFIX);
    if (all <= suffix || strcmp(file + all - suffix, SUFFIX) != 0) {
        return false;
    }
    bool begins = row[n - 1] == ':' || row[n - 1] == '.';
    return strncmp(row, file, n) == 0 && (begins ? all > n + suffix : all == n + suffix);
}

static bool plain(const char *s, size_t n)
{
    bool good = n > 0 && s[0] != '.';
    for (size_t i = 0; i < n && good; i++) {
        char c = s[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-' || c == ':';
    }
    return good;
}

static bool temporary(const char *s)
{
    size_t n = strlen(s);
    return n > 4 && strcmp(s + n - 4, ".tmp") == 0;
}

/* The item's row; -1 when there is none. */
static int row_of(const char *file)
{
    for (size_t i = 0; plain(file, strlen(file)) && i < sizeof(ITEMS) / sizeof(ITEMS[0]); i++) {
        if (names(ITEMS[i].name, file)) {
            return (int)i;
        }
    }
    return -1;
}

enum kinds_class kinds_of_item(const char *file)
{
    int row = row_of(file);
    return row < 0 ? KINDS_NEVER : ITEMS[row].class;
}

bool kinds_item_stays(const char *file)
{
    int row = row_of(file);
    return temporary(file) || (row >= 0 && ITEMS[row].stays);
}

bool kinds_is_named(enum kinds_class class)
{
    return class == KINDS_RETIRABLE || class == KINDS_ERASABLE;
}

size_t kinds_ending(const char *path)
{
    static const char begin[] = "data/" SY_OWN_PREFIX;
    size_t skip = strlen("data/");
    return strncmp(path, begin, sizeof(begin) - 1) == 0 ? skip + strcspn(path + skip, "/") : 0;
}

/* Is `rest` `depth` folders and a file, all with plain names? */
static bool fits(const char *rest, unsigned depth)
{
    if (temporary(rest)) {
        return false;
    }
    for (;; depth--) {
        size_t n = strcspn(rest, "/");
        if (!plain(rest, n) || (rest[n] == '/') != (depth > 0)) {
            return false;
        }
        if (depth == 0) {
            return true;
        }
        rest += n + 1;
    }
}

const struct kinds_root *kinds_root_of(const char *path)
{
    if (strlen(path) >= COPIER_NAME_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < KINDS_N_ROOTS; i++) {
        const struct kinds_root *r = &KINDS_ROOTS[i];
        size_t n = strlen(r->path);
        if (strncmp(path, r->path, n) == 0 && path[n] == '/') { /* the first that it lies under */
            return fits(path + n + 1, r->depth) ? r : NULL;
        }
    }
    return NULL;
}
