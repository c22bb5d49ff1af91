/*
 * Sealed memory files: how a column travels from the warden into a worker. The maker writes, seals
 * and sends the descriptor (base/fdio.h); the receiver checks seals and size for itself and maps
 * read-only. After sealing nobody, the maker included, can change, shrink, grow or execute the
 * content, so a check made once holds for the file's life.
 *
 * Runs in: warden (create, append, seal), worker (check, map). Trusts: the kernel's seals.
 * Threads: no shared state; one writer per descriptor. Blocks: never; cost is one copy.
 * Source: memfd_create(2), fcntl(2) "File Sealing"; engine.md section 0.5.
 */
#ifndef SANDBOX_MEMFD_H
#define SANDBOX_MEMFD_H

#include "base/status.h"
#include "base/view.h"

/* Writes go in steps of this many bytes, so that a caller who decrypts into a buffer of this size
 * stays in the processor's cache. */
#define SANDBOX_MEMFD_STEP_BYTES ((size_t)64 << 10)

/* A new, empty memory file: close-on-exec, sealable, never executable. `name` shows in
 * /proc/PID/maps: a literal, never data. The caller owns *ret_fd.
 * SY_E_KERNEL: the kernel is older than 6.3. SY_E_IO: no descriptors left. */
SY_MUST sy_status sandbox_memfd_create(const char *name, int *ret_fd);

/* Append bytes, in steps. After an error (SY_E_IO, SY_E_NO_SPACE) the file holds part of them and
 * is good only for closing. SY_E_DENIED: it is sealed already. */
SY_MUST sy_status sandbox_memfd_append(int fd, struct sy_view bytes);

/* Seal against shrinking, growing, writing and further sealing. size_bytes is what the caller
 * believes it wrote: SY_E_STATE when the file's size differs (nothing sealed then). SY_E_IO when a
 * seal does not take, e.g. while a writable mapping exists; close the file then. */
SY_MUST sy_status sandbox_memfd_seal(int fd, uint64_t size_bytes);

/* create + append + seal of one piece. The caller owns *ret_fd; on error nothing is left open. */
SY_MUST sy_status sandbox_memfd_make(const char *name, struct sy_view content, int *ret_fd);

/* Is this received descriptor a memory file of exactly size_bytes with every seal set?
 * SY_E_TAMPERED if not. Allowed inside the sealed worker. */
SY_MUST sy_status sandbox_memfd_check(int fd, uint64_t size_bytes);

/* A read-only mapping; {NULL, 0} = none. */
struct sandbox_map {
    const uint8_t *p; /* page-aligned; NULL when n is 0 */
    size_t n;         /* bytes */
};

/* Check as sandbox_memfd_check, then map shared and read-only. The descriptor is borrowed and may
 * be closed afterwards; the caller owns *ret and gives it to sandbox_map_close. An empty file maps
 * to {NULL, 0}. SY_E_TAMPERED: the check failed. SY_E_NO_MEMORY: no address space (RLIMIT_AS). */
SY_MUST sy_status sandbox_memfd_map(int fd, uint64_t size_bytes, struct sandbox_map *ret);

/* Unmap and set to {NULL, 0}; NULL-safe, idempotent. */
void sandbox_map_close(struct sandbox_map *map);
#define SANDBOX_MAP_CLEANUP __attribute__((cleanup(sandbox_map_close)))

#endif
