/*
 * Where a log of a given size keeps its hashes and entries: the files of tlog-tiles.
 *
 *   tile/<L>/<N>[.p/<W>]         hash tiles: 256 hashes of level 8 x L, W of them in a partial one
 *   tile/entries/<N>[.p/<W>]     entry bundles: 256 entries, each uint16 big-endian length || bytes
 *   N in groups of three digits, all but the last with an x before: 1234067 -> x001/x234/067
 *
 * Runs in: warden. Trusts: its caller. Holds: nothing. May block/alloc: no. Threads: pure functions.
 * Source: C2SP tlog-tiles v0.1.0; reference/audit-log 1.3.
 */
#ifndef LEDGER_TILES_H
#define LEDGER_TILES_H

#include <stddef.h>
#include <stdint.h>

enum {
    TILES_WIDTH = 256,   /* hashes in a full tile, entries in a full bundle */
    TILES_LEVELS = 8,    /* levels that 2^64 entries can fill */
    TILES_PATH_MAX = 64, /* bytes of a path, NUL included */
    TILES_ENTRIES = -1,  /* "level" of the entry bundles */
};

/* Full tiles of a level, 0..7 or TILES_ENTRIES, in a log of `size` entries. */
uint64_t tiles_full(uint64_t size, int level);

/* Hashes in the level's last, partial tile; 0 = there is none. */
unsigned tiles_partial(uint64_t size, int level);

/* Hash tiles of all levels, partial ones included. */
uint64_t tiles_count(uint64_t size);

/* Path under the public folder. width: 1..255 for a partial tile, 0 or 256 for a full one. */
void tiles_path(char ret[TILES_PATH_MAX], int level, uint64_t number, unsigned width);

/* Folder of a tile's partial forms ("tile/0/005.p"). */
void tiles_partial_folder(char ret[TILES_PATH_MAX], int level, uint64_t number);

#endif
