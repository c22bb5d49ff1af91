/*
 * The only paths that are served over HTTPS, after c2sp.org/tlog-tiles: /checkpoint, /tile/L/N[.p/W],
 * /tile/entries/N[.p/W], and / for people; beside them /checkpoint.cosigned, the newest that a quorum of
 * witnesses has cosigned. The same of a later log of the domain stands below /log/N, from 2 on; /next of a
 * closed log says where it goes on. Pure: bytes in, verdict out.
 *
 * Runs in: gateway. Trusts: nobody. Holds: nothing. May block/alloc: never. Threads: any.
 */
#ifndef GATEWAY_PATH_H
#define GATEWAY_PATH_H

#include "base/view.h"

enum gw_path_kind {
    GW_PATH_NONE = 0, /* nothing that is served */
    GW_PATH_ABOUT,    /* "/" */
    GW_PATH_CHECKPOINT,
    GW_PATH_FULL,    /* a full tile or bundle: never changes */
    GW_PATH_PARTIAL, /* a partial one: never changes, but may be deleted */
    GW_PATH_N
};

enum {
    GW_PATH_MAX = 96,      /* bytes of the longest path that is served */
    GW_PATH_LOGS_MAX = 65, /* logs that a domain can have (rules/log.h) */
};

/* What is it? Anything but the exact forms is NONE: L is 0..63 without leading zeros, a log's number 2..GW_PATH_LOGS_MAX, a tile's N is x123/x456/789
 * in groups of three digits without a leading group x000, W is 1..255 without leading zeros. No query,
 * no escapes, no dots but ".p". On all but NONE and ABOUT, the path without its first byte is safe to
 * open relative to the public directory. */
enum gw_path_kind gw_path_classify(struct sy_view path);

#endif
