/*
 * What: the memory of the largest checkpoint, a file `seen` for each log: one line of fixed length,
 * "SIZE(20 digits) ROOT(64 hex)\n", replaced in place by one write. Shared by all processes that
 * use the profile, through a file lock. Not fsynced: what a crash of this machine loses is an old
 * log's chance to pass for a new one, once, and a sync would cost each answer a disk's turn.
 * Invariant: its size never shrinks.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <sodium.h>

#include "base/fdio.h"
#include "client/profile.h"
#include "proof/hash.h"

enum { LINE_BYTES = 20 + 1 + 64 + 1 };

static sy_status bad(struct sy_error *err)
{
    return sy_fail(
        err, SY_E_TAMPERED, "seen",
        "the profile's memory of checkpoints is damaged; only if you know why, remove it");
}

static sy_status io(struct sy_error *err)
{
    return sy_fail_errno(err, errno, "profile file 'seen'");
}

static sy_status parse(const char line[LINE_BYTES], struct proof_tree *ret, struct sy_error *err)
{
    char digits[21] = "";
    char *end = NULL;
    size_t n = 0;
    memcpy(digits, line, 20);
    errno = 0;
    uint64_t size = strtoull(digits, &end, 10);
    if (strspn(digits, "0123456789") != 20 || errno != 0 || line[20] != ' ' ||
        line[LINE_BYTES - 1] != '\n' ||
        sodium_hex2bin(ret->root, 32, line + 21, 64, NULL, &n, NULL) != 0 || n != 32) {
        return bad(err);
    }
    ret->size = size;
    return SY_OK;
}

/* Take over what another process wrote, when it is larger. Under both locks. */
static sy_status refresh(struct shuyu_profile *p, struct sy_error *err)
{
    char line[LINE_BYTES];
    struct proof_tree on_disk = {0};
    ssize_t n = pread(p->seen_fd, line, sizeof(line), 0);
    if (n < 0) {
        return io(err);
    }
    if (n == 0) {
        return SY_OK;
    }
    if (n != LINE_BYTES) {
        return bad(err);
    }
    SY_TRY(parse(line, &on_disk, err));
    if (on_disk.size > p->seen.size) {
        p->seen = on_disk;
    }
    return SY_OK;
}

static sy_status store(struct shuyu_profile *p, struct sy_error *err)
{
    char line[LINE_BYTES + 1];
    char hex[65];
    sodium_bin2hex(hex, sizeof(hex), p->seen.root, 32);
    (void)snprintf(line, sizeof(line), "%020" PRIu64 " %s\n", p->seen.size, hex);
    return pwrite(p->seen_fd, line, LINE_BYTES, 0) == LINE_BYTES ? SY_OK : io(err);
}

static void lock(struct shuyu_profile *p)
{
    pthread_mutex_lock(&p->lock);
    while (flock(p->seen_fd, LOCK_EX) != 0 && errno == EINTR) {
    }
}

static void unlock(struct shuyu_profile *p)
{
    (void)flock(p->seen_fd, LOCK_UN);
    pthread_mutex_unlock(&p->lock);
}

struct sy_view client_log_name(const struct client_pins *pins)
{
    return sy_view(pins->log, strcspn(pins->log, "+"));
}

void client_memory_name(const struct client_pins *pins, const char *kind, struct sy_view log,
                        char ret[CLIENT_MEMORY_NAME_MAX])
{
    uint8_t of[PROOF_HASH_BYTES];
    char hex[17];
    proof_sha256(of, (const struct sy_view[]){sy_view(pins->domain, sizeof(pins->domain)), log}, 2);
    sodium_bin2hex(hex, sizeof(hex), of, 8);
    (void)snprintf(ret, CLIENT_MEMORY_NAME_MAX, "%s.%s", kind, hex);
}

sy_status client_seen_open(struct shuyu_profile *p, const struct client_pins *pins,
                           struct sy_error *err)
{
    char name[CLIENT_MEMORY_NAME_MAX] = "seen"; /* of no log yet */
    struct proof_tree ignored;
    if (pins->log[0] != '\0') {
        client_memory_name(pins, "seen", client_log_name(pins), name);
    }
    if (strcmp(name, p->seen_name) == 0) {
        return SY_OK;
    }
    int fd = openat(p->dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return io(err);
    }
    pthread_mutex_lock(&p->lock);
    sy_fd_close(&p->seen_fd);
    p->seen_fd = fd;
    p->seen = (struct proof_tree){0};
    memcpy(p->seen_name, name, sizeof(name));
    pthread_mutex_unlock(&p->lock);
    return client_seen_get(p, &ignored, err);
}

sy_status client_seen_read(const struct shuyu_profile *p, const char *name, struct proof_tree *ret,
                           struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LINE_BYTES);
    *ret = (struct proof_tree){0};
    sy_status s = sy_read_file_at(p->dirfd, name, &b);
    if (s.code == SY_E_NOT_FOUND || (sy_ok(s) && b.n == 0)) {
        return SY_OK;
    }
    return sy_ok(s) && b.n == LINE_BYTES ? parse((const char *)b.p, ret, err) : bad(err);
}

sy_status client_seen_get(struct shuyu_profile *p, struct proof_tree *ret, struct sy_error *err)
{
    lock(p);
    sy_status s = refresh(p, err);
    if (sy_ok(s)) {
        *ret = p->seen;
    }
    unlock(p);
    return s;
}

static sy_status note(struct shuyu_profile *p, const struct proof_tree *tree, struct sy_error *err)
{
    SY_TRY(refresh(p, err));
    if (tree->size < p->seen.size) {
        return SY_OK; /* judged by the caller against what was seen when it asked */
    }
    if (tree->size == p->seen.size) {
        return memcmp(tree->root, p->seen.root, 32) == 0
                   ? SY_OK
                   : sy_fail(err, SY_E_ROLLBACK, "receipt",
                             "two logs of one size: the log was forked");
    }
    p->seen = *tree;
    return store(p, err);
}

sy_status client_seen_note(struct shuyu_profile *p, const struct proof_tree *tree,
                           struct sy_error *err)
{
    lock(p);
    sy_status s = note(p, tree, err);
    unlock(p);
    return s;
}

sy_status client_seen_forget(struct shuyu_profile *p, struct sy_error *err)
{
    lock(p);
    sy_status s = ftruncate(p->seen_fd, 0) == 0 ? SY_OK : io(err);
    if (sy_ok(s)) {
        p->seen = (struct proof_tree){0};
    }
    unlock(p);
    return s;
}
