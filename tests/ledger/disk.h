/*
 * A disk that forgets. It stands between the ledger and its write-side system calls (the linker's
 * --wrap), lets them all happen, and keeps apart what of them would survive if the power failed at
 * this moment: bytes that were synced, names whose folder was synced. What was not synced survives
 * as chance has it: of a file each sector of 512 bytes in any of the versions written since, of a
 * folder the first few changes since.
 *
 * One folder at a time; all else passes through. Threads: one.
 * Source: what POSIX promises of fsync, and no more; sectors are written whole or not at all.
 */
#ifndef TESTS_LEDGER_DISK_H
#define TESTS_LEDGER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a lying disk reports as synced and is not. */
enum disk_lie { DISK_HONEST = 0, DISK_LIES_DATA = 1, DISK_LIES_FOLDERS = 2 };

/* Watch a folder. What is in it now counts as durable. `before` is called before each write-side
 * call in it takes place; calls made from there are not watched. */
void disk_attach(const char *folder, uint64_t (*chance)(void), void (*before)(void));

/* Lie from now on. */
void disk_lie(enum disk_lie lie);

/* Watch no more, forget all. */
void disk_detach(void);

/* Make `folder`, and in it what is left after a power cut now. */
void disk_cut(const char *folder);

/* The process dies n calls from now (1 = at the next): from there on no call has any effect, and all
 * fail. 0 = not. */
void disk_die_after(unsigned n);

/* The next n-th sync from now fails with EIO (1 = the next; 0 = none). As on Linux, what it should
 * have written is then clean in the cache, on the disk or not, and no later sync brings it there. */
void disk_fail_sync(unsigned n);

/* The disk is full at the n-th write at an offset from now (1 = the next; 0 = none): half of it is
 * written, the other half gets ENOSPC; after that there is room again. */
void disk_fill(unsigned n);

/* Has the sync failed, or the process died, since it was asked for? */
bool disk_has_failed(void);

/* Write-side calls seen since attach. */
unsigned long disk_calls(void);

#endif
