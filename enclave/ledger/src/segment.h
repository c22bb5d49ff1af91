/*
 * Segments: the files the ledger writes ahead to. A segment is made whole (zero-filled, synced,
 * renamed into place) before it is used, so that a commit changes no metadata and its fdatasync is
 * cheap; unwritten bytes are zeros, which is how a torn write is told from a changed byte.
 * Threads: one at a time.
 */
#ifndef LEDGER_SRC_SEGMENT_H
#define LEDGER_SRC_SEGMENT_H

#include "base/buf.h"

enum { SEGMENT_NAME_MAX = 32, SEGMENT_NUMBER_MAX = 99999999 };

/* "00000001". number: 1..SEGMENT_NUMBER_MAX. */
void segment_name(char ret[SEGMENT_NAME_MAX], uint32_t number);

/* How many segments a folder has; they must be numbered 1..n without gap. A left-over temporary file
 * is removed. SY_E_TAMPERED (names the gap), SY_E_IO. */
SY_MUST sy_status segment_count(int dir, uint32_t *ret, struct sy_error *reterr);

/*
 * A segment in the making, a piece at a time, so that nobody waits for all of it: what is filled is on its
 * way to the disk at once, and little is left to sync at the end. One at a time for a folder.
 */
struct segment_draft {
    int fd;         /* -1 = there is none */
    size_t n_bytes; /* it will have */
    size_t filled;
};

/* Begin one. SY_E_NO_SPACE, SY_E_IO: nothing is left. */
SY_MUST sy_status segment_draft_begin(int dir, size_t n_bytes, struct segment_draft *d,
                                      struct sy_error *reterr);

/* Fill with zeros up to an offset (at most n_bytes). SY_E_NO_SPACE, SY_E_IO, SY_E_NO_MEMORY: it is dropped. */
SY_MUST sy_status segment_draft_fill(int dir, struct segment_draft *d, size_t to,
                                     struct sy_error *reterr);

/* Fill the rest and give it its name, durably. Errors of segment_prepare; either way there is no draft any
 * more. */
SY_MUST sy_status segment_draft_finish(int dir, struct segment_draft *d, uint32_t number,
                                       struct sy_error *reterr);

/* Take it away. Nothing when there is none. */
void segment_draft_drop(int dir, struct segment_draft *d);

/* Make a zero-filled segment, durable with its name. SY_E_NO_SPACE, SY_E_IO: nothing is left.
 * SY_E_READ_ONLY: a sync failed, and with it all trust in this disk until the ledger is opened again. */
SY_MUST sy_status segment_prepare(int dir, uint32_t number, size_t n_bytes,
                                  struct sy_error *reterr);

/* Open for reading and writing. *ret_bytes: its size. SY_E_NOT_FOUND, SY_E_IO. */
SY_MUST sy_status segment_open(int dir, uint32_t number, int *ret_fd, size_t *ret_bytes,
                               struct sy_error *reterr);

/* Write all bytes at an offset; goes on after EINTR and short writes. SY_E_NO_SPACE, SY_E_IO: some of
 * the bytes may have been written. */
SY_MUST sy_status segment_write(int fd, struct sy_view bytes, size_t at, struct sy_error *reterr);

/* Make what was written durable. SY_E_IO: what is on disk is unknown from here on. */
SY_MUST sy_status segment_sync(int fd, struct sy_error *reterr);

/* Take a segment away; its name is gone for good once the folder is synced. SY_E_IO. */
SY_MUST sy_status segment_remove(int dir, uint32_t number, struct sy_error *reterr);

/* Overwrite [from, to) with zeros and sync. SY_E_NO_SPACE (before the sync), SY_E_IO. */
SY_MUST sy_status segment_clear(int fd, size_t from, size_t to, struct sy_error *reterr);

/* Read up to n bytes at an offset; *ret_n is less than n only at the end of the file. SY_E_IO. */
SY_MUST sy_status segment_read(int fd, uint8_t *ret, size_t n, size_t at, size_t *ret_n);

#endif
