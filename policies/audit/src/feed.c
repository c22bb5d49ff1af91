/* Records of an export in order. */
#include "feed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arith.h"
#include "base/fdio.h"

enum { PREFIX = 4, NOTE_MAX = 1 << 20 };

sy_status feed_open(int dir, struct feed *ret, struct sy_error *reterr)
{
    struct stat st;
    *ret = (struct feed){.checkpoint = sy_buf(NOTE_MAX)};
    SY_FD_CLEANUP int fd = openat(dir, "entries", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "entries", "not an export of `shuyu log export`");
    }
    ret->n = (size_t)st.st_size;
    void *p = ret->n == 0 ? NULL : mmap(NULL, ret->n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        ret->n = 0;
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    ret->map = p;
    sy_status s = sy_read_file_at(dir, "checkpoint", &ret->checkpoint);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "checkpoint", "the export has no checkpoint");
}

void feed_close(struct feed *f)
{
    if (f->n > 0) {
        munmap((void *)(uintptr_t)f->map, f->n);
    }
    sy_buf_deinit(&f->checkpoint);
    *f = (struct feed){0};
}

sy_status feed_next(struct feed *f, struct sy_arena *arena, struct sy_log_entry *ret, bool *ret_end,
                    struct sy_error *reterr)
{
    *ret_end = f->at == f->n;
    if (*ret_end) {
        return SY_OK;
    }
    const uint8_t *p = f->map + f->at;
    const size_t room = f->n - f->at;
    const size_t n = room < PREFIX ? 0 : sy_load_le32(p);
    if (room < PREFIX || room - PREFIX < n) {
        return sy_fail(reterr, SY_E_TAMPERED, "entries", "the last entry is cut off");
    }
    f->at += PREFIX + n;
    return sy_record_decode(&sy_log_entry_desc, sy_view(p + PREFIX, n), &SY_MP_LARGE, arena, ret,
                            reterr);
}
