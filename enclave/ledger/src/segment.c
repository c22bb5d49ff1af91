/*
 * Segment files. Invariants: a file with a segment's name is complete and its name durable, for it
 * is renamed only after its bytes were synced; files are written at offsets, never appended to.
 */
#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"

#define TEMP_NAME "next.tmp"

enum { CHUNK_BYTES = 1 << 20, NAME_DIGITS = 8 };

void segment_name(char ret[SEGMENT_NAME_MAX], uint32_t number)
{
    (void)snprintf(ret, SEGMENT_NAME_MAX, "%08u", number);
}

/* 0 for names that are none of ours. */
static uint32_t number_of(const char *name)
{
    uint32_t n = 0;
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return 0;
        }
        n = n * 10 + (uint32_t)(name[i] - '0');
    }
    return name[NAME_DIGITS] == '\0' ? n : 0;
}

/* The largest number, and how many there are. */
static sy_status scan(int dir, uint32_t *ret_max, uint32_t *ret_n)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        sy_fd_close(&fd);
        return sy_status_of(SY_E_IO);
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        uint32_t n = number_of(e->d_name);
        *ret_n += n > 0;
        *ret_max = n > *ret_max ? n : *ret_max;
    }
    (void)closedir(d);
    return SY_OK;
}

sy_status segment_count(int dir, uint32_t *ret, struct sy_error *reterr)
{
    uint32_t max = 0;
    uint32_t n = 0;
    (void)unlinkat(dir, TEMP_NAME, 0);
    if (!sy_ok(scan(dir, &max, &n))) {
        return sy_fail_errno(reterr, errno, "list segments");
    }
    for (uint32_t i = 1; n != max && i <= max; i++) {
        char name[SEGMENT_NAME_MAX];
        segment_name(name, i);
        if (faccessat(dir, name, F_OK, 0) != 0) {
            return sy_fail(reterr, SY_E_TAMPERED, name, "the segment is missing");
        }
    }
    *ret = max;
    return SY_OK;
}

sy_status segment_write(int fd, struct sy_view bytes, size_t at, struct sy_error *reterr)
{
    while (bytes.n > 0) {
        ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return sy_fail_errno(reterr, n == 0 ? EIO : errno, "write segment");
        }
        bytes = sy_view(bytes.p + n, bytes.n - (size_t)n);
        at += (size_t)n;
    }
    return SY_OK;
}

static sy_status write_zeros(int fd, size_t from, size_t to, struct sy_error *reterr)
{
    uint8_t *zeros = calloc(1, CHUNK_BYTES);
    sy_status s = zeros == NULL ? sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL) : SY_OK;
    while (sy_ok(s) && from < to) {
        size_t n = sy_min_u64(to - from, CHUNK_BYTES);
        s = segment_write(fd, sy_view(zeros, n), from, reterr);
        from += n;
    }
    free(zeros);
    return s;
}

sy_status segment_clear(int fd, size_t from, size_t to, struct sy_error *reterr)
{
    SY_TRY(write_zeros(fd, from, to, reterr));
    return segment_sync(fd, reterr);
}

sy_status segment_sync(int fd, struct sy_error *reterr)
{
    return fdatasync(fd) == 0 ? SY_OK : sy_fail(reterr, SY_E_IO, NULL, "sync segment failed");
}

sy_status segment_remove(int dir, uint32_t number, struct sy_error *reterr)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(name, number);
    return unlinkat(dir, name, 0) == 0 ? SY_OK
                                       : sy_fail_errno(reterr, errno, "remove unused segment");
}

/* Of a file that nothing refers to yet: a full disk is no more than that. */
static sy_status sync_new(int fd, struct sy_error *reterr)
{
    if (fsync(fd) == 0) {
        return SY_OK;
    }
    return errno == ENOSPC || errno == EDQUOT
               ? sy_fail_errno(reterr, errno, "sync segment")
               : sy_fail(reterr, SY_E_READ_ONLY, NULL, "sync segment failed");
}

/* --- drafts ------------------------------------------------------------------------------------- */

void segment_draft_drop(int dir, struct segment_draft *d)
{
    if (d->fd >= 0) {
        sy_fd_close(&d->fd);
        (void)unlinkat(dir, TEMP_NAME, 0);
    }
}

sy_status segment_draft_begin(int dir, size_t n_bytes, struct segment_draft *d,
                              struct sy_error *reterr)
{
    *d = (struct segment_draft){.n_bytes = n_bytes};
    d->fd = openat(dir, TEMP_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (d->fd < 0) {
        return sy_fail_errno(reterr, errno, "create segment");
    }
    /* One extent where the file system can; where it cannot, the zeros allocate. */
    if (fallocate(d->fd, 0, 0, (off_t)n_bytes) != 0 && errno != EOPNOTSUPP) {
        sy_status s = sy_fail_errno(reterr, errno, "allocate segment");
        segment_draft_drop(dir, d);
        return s;
    }
    return SY_OK;
}

sy_status segment_draft_fill(int dir, struct segment_draft *d, size_t to, struct sy_error *reterr)
{
    if (to <= d->filled) {
        return SY_OK;
    }
    sy_status s = write_zeros(d->fd, d->filled, to, reterr);
    if (!sy_ok(s)) {
        segment_draft_drop(dir, d);
        return s;
    }
    /* Only to have it done by the time it is synced; what it returns says nothing of that. */
    (void)sync_file_range(d->fd, (off_t)d->filled, (off_t)(to - d->filled), SYNC_FILE_RANGE_WRITE);
    d->filled = to;
    return SY_OK;
}

/* The filled draft gets its name. On error it is still a draft, or gone. */
static sy_status name_draft(int dir, struct segment_draft *d, const char *name,
                            struct sy_error *reterr)
{
    SY_TRY(sync_new(d->fd, reterr));
    if (renameat(dir, TEMP_NAME, dir, name) != 0) {
        return sy_fail_errno(reterr, errno, "rename segment");
    }
    sy_fd_close(&d->fd);
    if (fsync(dir) != 0) {
        (void)unlinkat(dir, name, 0);
        return sy_fail(reterr, SY_E_READ_ONLY, NULL, "sync segment folder failed");
    }
    return SY_OK;
}

sy_status segment_draft_finish(int dir, struct segment_draft *d, uint32_t number,
                               struct sy_error *reterr)
{
    char name[SEGMENT_NAME_MAX];
    if (number > SEGMENT_NUMBER_MAX) {
        segment_draft_drop(dir, d);
        return sy_fail(reterr, SY_E_LIMIT, "segments", "no number is left for a new segment");
    }
    segment_name(name, number);
    SY_TRY(segment_draft_fill(dir, d, d->n_bytes, reterr));
    sy_status s = name_draft(dir, d, name, reterr);
    if (!sy_ok(s)) {
        segment_draft_drop(dir, d);
    }
    return s;
}

sy_status segment_prepare(int dir, uint32_t number, size_t n_bytes, struct sy_error *reterr)
{
    struct segment_draft d;
    SY_TRY(segment_draft_begin(dir, n_bytes, &d, reterr));
    return segment_draft_finish(dir, &d, number, reterr);
}

/* --- opening and reading ------------------------------------------------------------------------ */

sy_status segment_open(int dir, uint32_t number, int *ret_fd, size_t *ret_bytes,
                       struct sy_error *reterr)
{
    char name[SEGMENT_NAME_MAX];
    struct stat st;
    segment_name(name, number);
    int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return sy_fail(reterr, SY_E_NOT_FOUND, name, "the segment is missing");
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        sy_status s = sy_fail_errno(reterr, errno, "open segment");
        sy_fd_close(&fd);
        return s;
    }
    *ret_fd = fd;
    *ret_bytes = (size_t)st.st_size;
    return SY_OK;
}

sy_status segment_read(int fd, uint8_t *ret, size_t n, size_t at, size_t *ret_n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, ret + got, n - got, (off_t)(at + got));
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0) {
            return sy_status_of(SY_E_IO);
        }
        if (r == 0) {
            break;
        }
        got += (size_t)r;
    }
    *ret_n = got;
    return SY_OK;
}
