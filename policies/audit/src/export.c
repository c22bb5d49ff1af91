/*
 * What: an export as a mapped file with an index of offsets. Invariant: nothing is believed here; the
 * records are only cut and decoded strictly.
 */
#include "audit/export.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"

enum { PREFIX = 4, NOTE_MAX = 1 << 20 };

struct audit_export {
    const uint8_t *map;
    size_t n;
    struct sy_buf offsets; /* of each record's prefix, and of the end: size_t each */
    uint64_t n_entries;
    struct sy_buf checkpoint, vkey;
};

static bool note_offset(struct audit_export *x, size_t at)
{
    uint8_t *p = sy_buf_reserve(&x->offsets, sizeof(at));
    if (p == NULL) {
        return false;
    }
    memcpy(p, &at, sizeof(at));
    x->offsets.n += sizeof(at);
    return true;
}

static size_t offset_of(const struct audit_export *x, uint64_t i)
{
    size_t at;
    memcpy(&at, x->offsets.p + i * sizeof(at), sizeof(at));
    return at;
}

/* Note where each record begins, and where the last one ends. Once: each look at a prefix waits for memory, and
 * BOUNDARY: somebody may write to the file meanwhile. */
static sy_status index_entries(struct audit_export *x, struct sy_error *err)
{
    size_t at = 0;
    for (x->n_entries = 0; note_offset(x, at); x->n_entries++) {
        const size_t room = x->n - at;
        const size_t n = room < PREFIX ? 0 : sy_load_le32(x->map + at);
        if (room == 0) {
            return SY_OK;
        }
        if (room < PREFIX || room - PREFIX < n) {
            return sy_fail(err, SY_E_TAMPERED, "entries", "cut off after entry %llu",
                           (unsigned long long)x->n_entries);
        }
        at += PREFIX + n;
    }
    return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status map_entries(struct audit_export *x, int dir, struct sy_error *err)
{
    struct stat st;
    SY_FD_CLEANUP int fd = openat(dir, "entries", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return sy_fail(err, SY_E_NOT_FOUND, "entries",
                       "not an export; make one with `shuyu log export`");
    }
    x->n = (size_t)st.st_size;
    if (x->n > 0) {
        void *p = mmap(NULL, x->n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            x->n = 0;
            return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
        }
        x->map = p;
    }
    return index_entries(x, err);
}

sy_status audit_open(const char *dir, struct audit_export **ret, struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct audit_export *x = calloc(1, sizeof(*x));
    if (fd < 0 || x == NULL) {
        free(x);
        return sy_fail(reterr, SY_E_NOT_FOUND, NULL, "%s: no such folder", dir);
    }
    x->checkpoint = sy_buf(NOTE_MAX);
    x->vkey = sy_buf(NOTE_MAX);
    x->offsets = sy_buf(SIZE_MAX);
    sy_status s = map_entries(x, fd, reterr);
    if (sy_ok(s)) {
        s = sy_read_file_at(fd, "checkpoint", &x->checkpoint);
    }
    if (sy_ok(s)) {
        s = sy_read_file_at(fd, "log.vkey", &x->vkey);
    }
    if (!sy_ok(s)) {
        audit_close(x);
        return s;
    }
    *ret = x;
    return SY_OK;
}

void audit_close(struct audit_export *x)
{
    if (x == NULL) {
        return;
    }
    if (x->n > 0) {
        munmap((void *)(uintptr_t)x->map, x->n);
    }
    sy_buf_deinit(&x->checkpoint);
    sy_buf_deinit(&x->vkey);
    sy_buf_deinit(&x->offsets);
    free(x);
}

uint64_t audit_size(const struct audit_export *x)
{
    return x->n_entries;
}

struct sy_view audit_checkpoint(const struct audit_export *x)
{
    return sy_buf_view(&x->checkpoint);
}

struct sy_view audit_vkey(const struct audit_export *x)
{
    return sy_buf_view(&x->vkey);
}

sy_status audit_entry(const struct audit_export *x, uint64_t i, struct sy_arena *arena,
                      struct sy_log_entry *ret, struct sy_error *reterr)
{
    const size_t at = offset_of(x, i) + PREFIX;
    sy_status s =
        sy_record_decode(&sy_log_entry_desc, sy_view(x->map + at, offset_of(x, i + 1) - at),
                         &SY_MP_LARGE, arena, ret, reterr);
    if (s.code == SY_E_NO_MEMORY) {
        return s;
    }
    if (!sy_ok(s) || ret->index != i) {
        return sy_fail(reterr, SY_E_TAMPERED, "entries", "entry %llu is not what it should be",
                       (unsigned long long)i);
    }
    return SY_OK;
}
