/*
 * Kernel constants that the distribution's headers lag behind on, and the Landlock calls that libc
 * has no wrapper for. Numbers are the kernel's stable ABI. Source: linux/memfd.h, linux/fcntl.h,
 * linux/landlock.h of Linux 6.15; landlock(7).
 */
#ifndef SANDBOX_SRC_KERNEL_H
#define SANDBOX_SRC_KERNEL_H

#include <stdint.h>

/* memfd_create(2): not executable, and sealed so (Linux 6.3). */
#define KERNEL_MFD_NOEXEC_SEAL 0x0008U
#define KERNEL_F_SEAL_EXEC     0x0020

/* struct landlock_ruleset_attr as of ABI 6; older kernels refuse it, which is what we want. */
struct kernel_landlock_ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

struct kernel_landlock_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

#define KERNEL_LANDLOCK_VERSION      1U /* landlock_create_ruleset flag: answer the ABI */
#define KERNEL_LANDLOCK_RULE_BENEATH 1

/* Landlock access bits, by the ABI that brought them. */
#define KERNEL_FS_EXECUTE     (1ULL << 0) /* ABI 1: bits 0 to 12 */
#define KERNEL_FS_WRITE_FILE  (1ULL << 1)
#define KERNEL_FS_READ_FILE   (1ULL << 2)
#define KERNEL_FS_READ_DIR    (1ULL << 3)
#define KERNEL_FS_REMOVE_DIR  (1ULL << 4)
#define KERNEL_FS_REMOVE_FILE (1ULL << 5)
#define KERNEL_FS_MAKE_CHAR   (1ULL << 6)
#define KERNEL_FS_MAKE_DIR    (1ULL << 7)
#define KERNEL_FS_MAKE_REG    (1ULL << 8)
#define KERNEL_FS_MAKE_SOCK   (1ULL << 9)
#define KERNEL_FS_MAKE_FIFO   (1ULL << 10)
#define KERNEL_FS_MAKE_BLOCK  (1ULL << 11)
#define KERNEL_FS_MAKE_SYM    (1ULL << 12)
#define KERNEL_FS_REFER       (1ULL << 13) /* ABI 2 */
#define KERNEL_FS_TRUNCATE    (1ULL << 14) /* ABI 3 */
#define KERNEL_FS_IOCTL_DEV   (1ULL << 15) /* ABI 5 */
#define KERNEL_FS_ALL         ((1ULL << 16) - 1)
#define KERNEL_NET_ALL        3ULL /* ABI 4: bind TCP, connect TCP */
#define KERNEL_SCOPE_ALL      3ULL /* ABI 6: abstract unix sockets, signals */

/* ABI 7 added logging flags only, no access bits. */
#define KERNEL_LANDLOCK_NEEDED 6 /* Linux 6.12 */

#endif
