/*
 * Names and numbers of tiles. A tile of level L holds hashes of subtrees of 256^L leaves; a partial
 * tile is never hashed upwards, so each level simply counts the full tiles of the level below.
 */
#include "ledger/tiles.h"

#include <stdio.h>

enum { LEVEL_BITS = 8, GROUP = 1000 };

/* Hashes (or entries) that a level holds in all. */
static uint64_t units(uint64_t size, int level)
{
    return level == TILES_ENTRIES ? size : size >> (LEVEL_BITS * level);
}

uint64_t tiles_full(uint64_t size, int level)
{
    return units(size, level) / TILES_WIDTH;
}

unsigned tiles_partial(uint64_t size, int level)
{
    return (unsigned)(units(size, level) % TILES_WIDTH);
}

uint64_t tiles_count(uint64_t size)
{
    uint64_t n = 0;
    for (int level = 0; level < TILES_LEVELS; level++) {
        n += tiles_full(size, level) + (tiles_partial(size, level) != 0);
    }
    return n;
}

/* What is written so far never comes near the end: a level, seven groups of four and a width. */
static size_t add_number(char *ret, size_t at, uint64_t number)
{
    unsigned group[7];
    size_t n = 0;
    do {
        group[n++] = (unsigned)(number % GROUP);
        number /= GROUP;
    } while (number != 0);
    while (n-- > 0) {
        at += (size_t)snprintf(ret + at, TILES_PATH_MAX - at, n > 0 ? "/x%03u" : "/%03u", group[n]);
    }
    return at;
}

static size_t begin(char *ret, int level, uint64_t number)
{
    int n = level == TILES_ENTRIES ? snprintf(ret, TILES_PATH_MAX, "tile/entries")
                                   : snprintf(ret, TILES_PATH_MAX, "tile/%d", level);
    return add_number(ret, (size_t)n, number);
}

void tiles_path(char ret[TILES_PATH_MAX], int level, uint64_t number, unsigned width)
{
    size_t at = begin(ret, level, number);
    if (width != 0 && width != TILES_WIDTH) {
        (void)snprintf(ret + at, TILES_PATH_MAX - at, ".p/%u", width);
    }
}

void tiles_partial_folder(char ret[TILES_PATH_MAX], int level, uint64_t number)
{
    size_t at = begin(ret, level, number);
    (void)snprintf(ret + at, TILES_PATH_MAX - at, ".p");
}
