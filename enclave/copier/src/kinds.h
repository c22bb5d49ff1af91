/*
 * What may go to a standby: a permit list, used at both ends. What is not on it stays where it is, so that a
 * new kind of file or key goes nowhere before somebody has thought about it.
 *
 * Key items (vault/store.h) go as the sealed files that they are. The custodians' deposited shares never go:
 * whoever promotes a standby asks the custodians again. Neither does the master key: the operator carries it
 * once, by hand, so that what passes through a pipe opens for nobody.
 *
 * Threads: pure functions.
 */
#ifndef COPIER_KINDS_H
#define COPIER_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum { COPIER_NAME_MAX = 512 };

enum kinds_class {
    KINDS_NEVER = 0, /* not on the list */
    KINDS_KEPT,      /* goes, and is never erased at the standby */
    KINDS_FIXED,     /* and once it is there, it is never another one */
    KINDS_RETIRABLE, /* fixed; erased at the standby when it is gone here and the log says that it is retired */
    KINDS_ENDED, /* goes; erased at the standby when the log says that what it opens has ended */
    KINDS_ERASABLE, /* goes, and is erased at the standby when it is gone here: its erasure means something */
    KINDS_MEMORY, /* the memory of checkpoints: goes last, behind the log that it speaks of */
};

/* Of a file in keys/store, by its name. */
enum kinds_class kinds_of_item(const char *file);

/* Is it known, and known to stay (so that it need not be reported)? */
bool kinds_item_stays(const char *file);

/* Is it named in a round while it exists, so that its erasure is seen? */
bool kinds_is_named(enum kinds_class class);

/* The folder of a dataset that the log may end, below which this file lies: "data/own.x". 0 when there is none; else the
 * length of that part of the path. */
size_t kinds_ending(const char *path);

/* Folders below the domain's whose files go. */
struct kinds_root {
    const char *path;
    unsigned depth; /* folders between `path` and the files */
    bool erasable;  /* as for items */
    bool
        marked; /* the same size does not mean the same file: it may be cut and written on, or replaced */
    const char *
        last; /* file of a folder that is written when all others are whole; NULL: each is its own */
};
extern const struct kinds_root KINDS_ROOTS[];
extern const size_t KINDS_N_ROOTS;

/* The root under which this file goes: "data/units/person". NULL when it does not: another place, a part of
 * the name that is not made of [A-Za-z0-9._:-] or begins with a dot, a temporary file. */
const struct kinds_root *kinds_root_of(const char *path);

#endif
