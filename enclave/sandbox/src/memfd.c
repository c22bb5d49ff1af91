/*
 * Sealed memory files. Both sides ask the kernel and nobody else: the maker reads its seals back
 * after setting them, the receiver reads seals and size before mapping.
 * Invariant: F_GET_SEALS answers only for memory files, and only those can carry F_SEAL_WRITE, so
 * "all seals set" also proves the file's type. With F_SEAL_SHRINK and F_SEAL_GROW set before the
 * size is read, the size cannot change between check and use (no SIGBUS in the worker).
 */
#include "sandbox/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "kernel.h"

/* What the receiver insists on. F_SEAL_EXEC comes with MFD_NOEXEC_SEAL, the others from us. */
#define OUR_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define ALL_SEALS (OUR_SEALS | KERNEL_F_SEAL_EXEC)

sy_status sandbox_memfd_create(const char *name, int *ret_fd)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | KERNEL_MFD_NOEXEC_SEAL);
    if (fd < 0) {
        return sy_status_of(errno == EINVAL ? SY_E_KERNEL : SY_E_IO);
    }
    *ret_fd = fd;
    return SY_OK;
}

sy_status sandbox_memfd_append(int fd, struct sy_view bytes)
{
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_WRITE) != 0) {
        return sy_status_of(seals < 0 ? SY_E_IO : SY_E_DENIED);
    }
    for (size_t at = 0, n = 0; at < bytes.n; at += n) {
        n = sy_min_u64(bytes.n - at, SANDBOX_MEMFD_STEP_BYTES);
        SY_TRY(sy_write_all(fd, bytes.p + at, n));
    }
    return SY_OK;
}

/* The plain fstat call: libc's wrapper uses one that takes a path, which the worker's filter
 * refuses. The kernel's struct is libc's on x86-64 and arm64. */
static bool has_size(int fd, uint64_t size_bytes)
{
    struct stat st = {0};
    if (syscall(SYS_fstat, fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0) {
        return false;
    }
    return (uint64_t)st.st_size == size_bytes;
}

static bool has_seals(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

sy_status sandbox_memfd_seal(int fd, uint64_t size_bytes)
{
    if (!has_size(fd, size_bytes)) {
        return sy_status_of(SY_E_STATE);
    }
    if (fcntl(fd, F_ADD_SEALS, OUR_SEALS) != 0 || !has_seals(fd)) {
        return sy_status_of(SY_E_IO);
    }
    return SY_OK;
}

/* Hand on what a cleanup would close. */
static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

sy_status sandbox_memfd_make(const char *name, struct sy_view content, int *ret_fd)
{
    SY_FD_CLEANUP int fd = -1;
    SY_TRY(sandbox_memfd_create(name, &fd));
    SY_TRY(sandbox_memfd_append(fd, content));
    SY_TRY(sandbox_memfd_seal(fd, content.n));
    *ret_fd = take_fd(&fd);
    return SY_OK;
}

sy_status sandbox_memfd_check(int fd, uint64_t size_bytes)
{
    /* BOUNDARY: the sender sealed it; seals first, then the size that they hold in place. */
    if (!has_seals(fd) || !has_size(fd, size_bytes)) {
        return sy_status_of(SY_E_TAMPERED);
    }
    return SY_OK;
}

sy_status sandbox_memfd_map(int fd, uint64_t size_bytes, struct sandbox_map *ret)
{
    SY_TRY(sandbox_memfd_check(fd, size_bytes));
    if (size_bytes == 0) {
        *ret = (struct sandbox_map){0};
        return SY_OK;
    }
    void *p = mmap(NULL, (size_t)size_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *ret = (struct sandbox_map){.p = p, .n = (size_t)size_bytes};
    return SY_OK;
}

void sandbox_map_close(struct sandbox_map *map)
{
    if (map == NULL || map->p == NULL) {
        return;
    }
    (void)munmap((void *)(uintptr_t)map->p, map->n);
    *map = (struct sandbox_map){0};
}
