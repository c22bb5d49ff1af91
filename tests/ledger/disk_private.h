/*
 * Between the two halves of the disk: disk.c keeps what is durable and what has changed since,
 * disk_calls.c carries system calls out and tells it. A node stands for a file or a folder; its
 * number is good until disk_detach.
 */
#ifndef TESTS_LEDGER_DISK_PRIVATE_H
#define TESTS_LEDGER_DISK_PRIVATE_H

#include <sys/types.h>

#include "disk.h"

enum { DISK_NONE = -1, DISK_SECTOR = 512, DISK_NAME_MAX = 127 };

/* What is to become of a call. */
enum disk_fate { DISK_PASS /* not ours: carry out, say nothing */, DISK_DO, DISK_REFUSE };

/* A call that writes to this node (or DISK_NONE) is about to be made. */
enum disk_fate disk_enter(int node);

/* The node with this inode number; DISK_NONE when there is none, and while we are not watching. */
int disk_find(ino_t ino);

/* A new file or folder appeared under a name. */
void disk_made(int folder, const char *name, ino_t ino, bool is_folder);

/* A node that exists appeared under a name (rename). */
void disk_named(int folder, const char *name, int node);

/* A name went. */
void disk_unnamed(int folder, const char *name);

/* A node has lost its last name: its inode number may be used again. NONE is ignored. */
void disk_orphaned(int node);

/* A file was emptied, durably (which it may be). */
void disk_emptied(int node);

/* Bytes were written and not synced. */
void disk_wrote(int node, const void *p, size_t n, size_t at);

/* How many of n bytes there is room for; 0 = ENOSPC. */
size_t disk_room(size_t n);

/* A sync was asked for. False: it is to fail. */
bool disk_sync(int node);

#endif
