/* Walking, opening and erasing permitted files. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"

enum { NOISE = 4096, FRESH_S = 2 };

/* --- walking -------------------------------------------------------------------------------------- */

struct walk {
    struct list *ret;
    const struct kinds_root *root; /* NULL: names only, of one folder */
    struct sy_error *err;
};

static sy_status walk_folder(struct walk *w, int dir, const char *path, unsigned depth);

static uint64_t nanoseconds(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t mark_of(const struct stat *st)
{
    struct timespec now = {0};
    uint64_t mark = nanoseconds(st->st_mtim) ^ ((uint64_t)st->st_ino << 32) ^ (uint64_t)st->st_size;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - st->st_mtim.tv_sec < FRESH_S ? mark ^ nanoseconds(now) : mark;
}

/* Gone is what the disk says is gone. Whoever takes the list erases what it does not name. */
static sy_status gone_or_failed(const struct walk *w, const char *what)
{
    return errno == ENOENT ? SY_OK : sy_fail_errno(w->err, errno, what);
}

static sy_status walk_entry(struct walk *w, int dir, const char *path, const char *name,
                            unsigned depth)
{
    char full[COPIER_NAME_MAX];
    struct stat st;
    int n = snprintf(full, sizeof(full), "%s%s%s", path, path[0] == '\0' ? "" : "/", name);
    if (n < 0 || (size_t)n >= sizeof(full)) {
        return SY_OK; /* none of ours */
    }
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return gone_or_failed(w, "look at a file");
    }
    if (w->root != NULL && S_ISDIR(st.st_mode) && depth > 0) {
        SY_FD_CLEANUP int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return sub < 0 ? gone_or_failed(w, "open folder") : walk_folder(w, sub, full, depth - 1);
    }
    bool wanted = w->root == NULL || (depth == 0 && kinds_root_of(full) == w->root);
    bool sized = w->root != NULL && !w->root->marked;
    uint64_t number = sized ? (uint64_t)st.st_size : mark_of(&st);
    return S_ISREG(st.st_mode) && wanted ? list_add(w->ret, full, number) : SY_OK;
}

/* NULL at the end. */
static sy_status next_entry(const struct walk *w, DIR *d, struct dirent **ret)
{
    errno = 0;
    *ret = readdir(d);
    return *ret != NULL || errno == 0 ? SY_OK : sy_fail_errno(w->err, errno, "list folder");
}

static sy_status walk_folder(struct walk *w, int dir, const char *path, unsigned depth)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        sy_status s = sy_fail_errno(w->err, errno, "list folder");
        sy_fd_close(&fd);
        return s;
    }
    struct dirent *e = NULL;
    sy_status s = next_entry(w, d, &e);
    while (sy_ok(s) && e != NULL) {
        if (e->d_name[0] != '.') {
            s = walk_entry(w, dir, path, e->d_name, depth);
        }
        s = sy_ok(s) ? next_entry(w, d, &e) : s;
    }
    (void)closedir(d); /* and fd with it */
    return s;
}

static sy_status walk_path(struct walk *w, int dir, const char *path, const char *prefix,
                           unsigned depth)
{
    SY_FD_CLEANUP int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return sy_fail_errno(w->err, errno, "open folder");
    }
    return walk_folder(w, fd, prefix, depth);
}

sy_status files_list(int dir, struct list *ret, struct sy_error *reterr)
{
    for (size_t i = 0; i < KINDS_N_ROOTS; i++) {
        struct walk w = {ret, &KINDS_ROOTS[i], reterr};
        SY_TRY(walk_path(&w, dir, KINDS_ROOTS[i].path, KINDS_ROOTS[i].path, KINDS_ROOTS[i].depth));
    }
    list_sort(ret);
    return SY_OK;
}

sy_status files_names(int dir, const char *folder, struct list *ret, struct sy_error *reterr)
{
    struct walk w = {ret, NULL, reterr};
    SY_TRY(walk_path(&w, dir, folder, "", 0));
    list_sort(ret);
    return SY_OK;
}

/* --- opening --------------------------------------------------------------------------------------- */

/* One folder deeper; *fd is replaced. */
static sy_status descend(int *fd, const char *name, bool make, struct sy_error *err)
{
    if (make && mkdirat(*fd, name, 0700) != 0 && errno != EEXIST) {
        return sy_fail_errno(err, errno, "make folder");
    }
    /* also when it is there: a crash may have ended whoever made it before it was synced */
    if (make && fsync(*fd) != 0) {
        return sy_fail_errno(err, errno, "sync folder");
    }
    int sub = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sub < 0) {
        return errno == ENOENT ? sy_fail(err, SY_E_NOT_FOUND, name, NULL)
                               : sy_fail_errno(err, errno, "open folder");
    }
    sy_fd_close(fd);
    *fd = sub;
    return SY_OK;
}

/* BOUNDARY: names come from the other end; nothing but what the list permits is ever opened. */
static sy_status find_folder(int dir, const char *path, bool make, int *ret_fd,
                             const char **ret_name, struct sy_error *err)
{
    if (kinds_root_of(path) == NULL) {
        return sy_fail(err, SY_E_DENIED, "name", "a standby keeps no such file");
    }
    SY_FD_CLEANUP int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return sy_fail_errno(err, errno, "open folder");
    }
    char part[COPIER_NAME_MAX];
    for (size_t n; path[n = strcspn(path, "/")] == '/'; path += n + 1) {
        memcpy(part, path, n);
        part[n] = '\0';
        SY_TRY(descend(&fd, part, make, err));
    }
    *ret_fd = fd;
    *ret_name = path;
    fd = -1;
    return SY_OK;
}

sy_status files_folder(int dir, const char *path, int *ret_fd, const char **ret_name,
                       struct sy_error *reterr)
{
    return find_folder(dir, path, true, ret_fd, ret_name, reterr);
}

sy_status files_open(int dir, const char *path, int *ret_fd, struct sy_error *reterr)
{
    const char *name = NULL;
    SY_FD_CLEANUP int folder = -1;
    SY_TRY(find_folder(dir, path, false, &folder, &name, reterr));
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? sy_fail(reterr, SY_E_NOT_FOUND, "name", NULL)
                               : sy_fail_errno(reterr, errno, "open file");
    }
    *ret_fd = fd;
    return SY_OK;
}

/* --- erasing ---------------------------------------------------------------------------------------- */

static sy_status overwrite(int fd)
{
    uint8_t noise[NOISE];
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return sy_status_of(SY_E_IO);
    }
    for (uint64_t left = (uint64_t)st.st_size; left > 0;) {
        size_t n = (size_t)sy_min_u64(left, sizeof(noise));
        randombytes_buf(noise, n);
        SY_TRY(sy_write_all(fd, noise, n));
        left -= n;
    }
    return fsync(fd) == 0 ? SY_OK : sy_status_of(SY_E_IO);
}

sy_status files_erase(int folder, const char *name, struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? SY_OK : sy_fail_errno(reterr, errno, "open to erase");
    }
    sy_status s = overwrite(fd);
    if (sy_ok(s) && (unlinkat(folder, name, 0) != 0 || fsync(folder) != 0)) {
        s = sy_status_of(SY_E_IO);
    }
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "erase", "a file could not be erased");
}
