/*
 * What: reads one published file. BOUNDARY: the path was matched against the whitelist (path.c); still
 * the kernel is asked to stay beneath the directory and to follow no link, and Landlock stands behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"
#include "gateway/http.h"

static int open_beneath(int dirfd, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

sy_status gw_http_read_file(int dirfd, const char *path, struct sy_buf *b, size_t *ret_n)
{
    struct stat st;
    SY_FD_CLEANUP int fd = open_beneath(dirfd, path);
    if (fd < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV;
        return sy_status_of(absent ? SY_E_NOT_FOUND : SY_E_IO);
    }
    if (fstat(fd, &st) != 0) {
        return sy_status_of(SY_E_IO);
    }
    if (!S_ISREG(st.st_mode)) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    if (st.st_size < 0 || st.st_size > GW_HTTP_FILE_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    if (b != NULL) {
        SY_TRY(sy_read_to_end(fd, b));
    }
    *ret_n = b != NULL ? b->n : (size_t)st.st_size;
    return SY_OK;
}
