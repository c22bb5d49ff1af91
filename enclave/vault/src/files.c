/*
 * Folders and files. Everything is opened relative to a folder's descriptor, never follows a link,
 * and is close-on-exec. Names come from identifiers that vault_check_id passed, or from a folder
 * that is being walked, so none of them holds a slash.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"

enum { ID_MAX_BYTES = 64, NOISE_BYTES = 4096 };

static sy_status io_failed(const char *what)
{
    return errno == ENOENT ? sy_status_of(SY_E_NOT_FOUND) : sy_fail_errno(NULL, errno, what);
}

/* BOUNDARY: identifiers become file names, so they are checked here whoever checked them before. */
sy_status vault_check_id(struct sy_view id)
{
    bool ok = id.n >= 1 && id.n <= ID_MAX_BYTES && id.p[0] != '.';
    for (size_t i = 0; ok && i < id.n; i++) {
        uint8_t c = id.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    }
    return ok ? SY_OK : sy_status_of(SY_E_FIELD);
}

void vault_hex(const uint8_t *p, size_t n, char *ret)
{
    sodium_bin2hex(ret, 2 * n + 1, p, n);
}

sy_status vault_sync(int dirfd)
{
    return fsync(dirfd) == 0 ? SY_OK : io_failed("fsync folder");
}

sy_status vault_folder(int dirfd, const char *name, bool make, int *ret_fd)
{
    if (make && mkdirat(dirfd, name, 0700) == 0) {
        SY_TRY(vault_sync(dirfd));
    } else if (make && errno != EEXIST) {
        return io_failed("make folder");
    }
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return io_failed("open folder");
    }
    *ret_fd = fd;
    return SY_OK;
}

static sy_status overwrite(int fd)
{
    uint8_t noise[NOISE_BYTES];
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return io_failed("stat");
    }
    uint64_t left = (uint64_t)st.st_size;
    while (left > 0) {
        size_t n = (size_t)sy_min_u64(left, sizeof(noise));
        randombytes_buf(noise, n);
        SY_TRY(sy_write_all(fd, noise, n));
        left -= n;
    }
    return fsync(fd) == 0 ? SY_OK : io_failed("fsync");
}

sy_status vault_erase_file(int dirfd, const char *name)
{
    SY_FD_CLEANUP int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? SY_OK : io_failed("open");
    }
    SY_TRY(overwrite(fd));
    if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT) {
        return io_failed("unlink");
    }
    return vault_sync(dirfd);
}

/* NULL at the end. A folder that cannot be read on is no shorter folder: what is missing would count as gone. */
static sy_status next_entry(DIR *dir, struct dirent **ret)
{
    errno = 0;
    *ret = readdir(dir);
    return *ret != NULL || errno == 0 ? SY_OK : sy_fail_errno(NULL, errno, "list folder");
}

sy_status vault_walk(int dirfd, vault_entry_fn fn, void *ctx)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd); /* closedir closes fd too */
    sy_status s = dir == NULL ? io_failed("list folder") : SY_OK;
    if (dir == NULL) {
        sy_fd_close(&fd);
        return s;
    }
    struct dirent *e = NULL;
    s = next_entry(dir, &e);
    while (sy_ok(s) && e != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            s = fn(ctx, dirfd, e->d_name);
        }
        s = sy_ok(s) ? next_entry(dir, &e) : s;
    }
    (void)closedir(dir);
    return s;
}

static sy_status remove_entry(void *ctx, int dirfd, const char *name)
{
    (void)ctx;
    return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? SY_OK : io_failed("unlink");
}

sy_status vault_remove_folder(int dirfd, const char *name)
{
    SY_FD_CLEANUP int fd = -1;
    sy_status s = vault_folder(dirfd, name, false, &fd);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    SY_TRY(vault_walk(fd, remove_entry, NULL));
    if (unlinkat(dirfd, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        return io_failed("remove folder");
    }
    return vault_sync(dirfd);
}

sy_status vault_erase_if_temp(void *ctx, int dirfd, const char *name)
{
    (void)ctx;
    size_t n = strlen(name);
    bool temp = n > 4 && strcmp(name + n - 4, ".tmp") == 0;
    return temp ? vault_erase_file(dirfd, name) : SY_OK;
}
