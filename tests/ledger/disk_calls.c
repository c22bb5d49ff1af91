/*
 * The write-side system calls of a program on a disk that forgets: the linker sends them here
 * (--wrap). Each is carried out in the folder and told to disk.c.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_private.h"

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_openat64(int at, const char *path, int flags, ...);
int __real_mkdirat(int at, const char *path, mode_t mode);
int __wrap_mkdirat(int at, const char *path, mode_t mode);
int __real_renameat(int a, const char *from, int b, const char *to);
int __wrap_renameat(int a, const char *from, int b, const char *to);
int __real_unlinkat(int at, const char *path, int flags);
int __wrap_unlinkat(int at, const char *path, int flags);
int __real_fallocate(int fd, int mode, off_t at, off_t n);
int __wrap_fallocate(int fd, int mode, off_t at, off_t n);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);

static int refuse(void)
{
    errno = EIO;
    return -1;
}

static int node_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? disk_find(st.st_ino) : DISK_NONE;
}

/* The node behind a name; NONE when there is no such name. */
static int node_at(int at, const char *path)
{
    struct stat st;
    return fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? disk_find(st.st_ino) : DISK_NONE;
}

/* The folder that a path's last part is in; *ret_name is that part. */
static int parent_of(int at, const char *path, const char **ret_name)
{
    char folder[256];
    const char *slash = strrchr(path, '/');
    *ret_name = slash == NULL ? path : slash + 1;
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (n >= sizeof(folder) || strlen(*ret_name) > DISK_NAME_MAX) {
        return DISK_NONE;
    }
    memcpy(folder, path, n);
    folder[n] = '\0';
    return node_at(at, n == 0 ? "." : folder);
}

/* --- names -------------------------------------------------------------------------------------- */

int __wrap_openat(int at, const char *path, int flags, ...)
{
    va_list args;
    struct stat st;
    const char *name;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    int folder = (flags & O_CREAT) != 0 ? parent_of(at, path, &name) : DISK_NONE;
    enum disk_fate fate = disk_enter(folder);
    if (fate != DISK_DO) {
        return fate == DISK_REFUSE ? refuse() : __real_openat(at, path, flags, mode);
    }
    int there = node_at(at, path);
    int fd = __real_openat(at, path, flags, mode);
    assert(fd >= 0);
    if (there == DISK_NONE && fstat(fd, &st) == 0) {
        disk_made(folder, name, st.st_ino, false);
    } else if ((flags & O_TRUNC) != 0) {
        disk_emptied(there);
    }
    return fd;
}

int __wrap_openat64(int at, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return __wrap_openat(at, path, flags, mode);
}

int __wrap_mkdirat(int at, const char *path, mode_t mode)
{
    struct stat st;
    const char *name;
    int folder = parent_of(at, path, &name);
    enum disk_fate fate = disk_enter(folder);
    if (fate == DISK_REFUSE) {
        return refuse();
    }
    int r = __real_mkdirat(at, path, mode);
    if (fate == DISK_DO && r == 0 && fstatat(at, path, &st, 0) == 0) {
        disk_made(folder, name, st.st_ino, true);
    }
    return r;
}

int __wrap_renameat(int a, const char *from, int b, const char *to)
{
    const char *old_name;
    const char *new_name;
    int source = parent_of(a, from, &old_name);
    int target = parent_of(b, to, &new_name);
    enum disk_fate fate = disk_enter(source);
    if (fate == DISK_REFUSE) {
        return refuse();
    }
    int moved = node_at(a, from);
    int replaced = node_at(b, to);
    int r = __real_renameat(a, from, b, to);
    if (fate == DISK_DO && r == 0) {
        disk_orphaned(replaced);
        disk_named(target, new_name, moved);
        disk_unnamed(source, old_name);
    }
    return r;
}

int __wrap_unlinkat(int at, const char *path, int flags)
{
    const char *name;
    int folder = parent_of(at, path, &name);
    enum disk_fate fate = disk_enter(folder);
    if (fate == DISK_REFUSE) {
        return refuse();
    }
    int gone = node_at(at, path);
    int r = __real_unlinkat(at, path, flags);
    if (fate == DISK_DO && r == 0) {
        disk_orphaned(gone);
        disk_unnamed(folder, name);
    }
    return r;
}

/* --- bytes -------------------------------------------------------------------------------------- */

int __wrap_fallocate(int fd, int mode, off_t at, off_t n)
{
    static const uint8_t zeros[DISK_SECTOR];
    int node = node_of(fd);
    enum disk_fate fate = disk_enter(node);
    if (fate == DISK_REFUSE) {
        return refuse();
    }
    int r = __real_fallocate(fd, mode, at, n);
    for (off_t i = at; fate == DISK_DO && r == 0 && i < at + n; i += DISK_SECTOR) {
        disk_wrote(node, zeros, DISK_SECTOR, (size_t)i); /* whole sectors are asked for */
    }
    return r;
}

int __wrap_fallocate64(int fd, int mode, off_t at, off_t n)
{
    return __wrap_fallocate(fd, mode, at, n);
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
    int node = node_of(fd);
    enum disk_fate fate = disk_enter(node);
    if (fate == DISK_REFUSE) {
        return refuse();
    }
    size_t room = fate == DISK_DO ? disk_room(n) : n;
    if (room == 0) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t r = __real_pwrite(fd, p, room, at);
    if (fate == DISK_DO && r > 0) {
        disk_wrote(node, p, (size_t)r, (size_t)at);
    }
    return r;
}

ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
    return __wrap_pwrite(fd, p, n, at);
}

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    int node = node_of(fd);
    enum disk_fate fate = disk_enter(node);
    if (fate == DISK_REFUSE) {
        return refuse();
    }
    off_t at = fate == DISK_DO ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t r = __real_write(fd, p, n);
    if (fate == DISK_DO && r > 0) {
        disk_wrote(node, p, (size_t)r, (size_t)at);
    }
    return r;
}

/* What is durable is a matter of disk.c's books: the folder itself need not be synced. */
int __wrap_fdatasync(int fd)
{
    int node = node_of(fd);
    enum disk_fate fate = disk_enter(node);
    if (fate == DISK_PASS) {
        return __real_fdatasync(fd);
    }
    return fate == DISK_DO && disk_sync(node) ? 0 : refuse();
}

int __wrap_fsync(int fd)
{
    return __wrap_fdatasync(fd);
}
