/* Records of an export in order. */
#include "feed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "chain.h"
#include "proof/leaf.h"

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

/* Does this entry close a log that goes on as the one whose key this is? */
static sy_status leads_to(const struct sy_log_entry *e, const struct proof_vkey *key,
                          struct sy_arena *arena, bool *ret)
{
    struct sy_event event;
    struct sy_log_close a;
    struct proof_vkey next;
    *ret = false;
    if (!chain_turns(e->leaf)) {
        return SY_OK;
    }
    SY_TRY(proof_leaf_check(e->leaf, e->salt, e->body, NULL));
    SY_TRY(sy_record_decode(&sy_event_desc, e->body, &SY_MP_LARGE, arena, &event, NULL));
    if (!sy_view_is(event.type, "close")) {
        return SY_OK;
    }
    SY_TRY(
        sy_record_decode(&sy_log_close_desc, event.request.args, &SY_MP_REQUEST, arena, &a, NULL));
    SY_TRY(proof_vkey_parse(a.log, &next, NULL));
    *ret = strcmp(next.name, key->name) == 0;
    return SY_OK;
}

uint64_t feed_base(struct feed *f, const struct proof_vkey *key, uint64_t base)
{
    const size_t at = f->at;
    bool end = false, found = false;
    while (!end && !found) {
        SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 256 << 20};
        struct sy_log_entry e;
        sy_status s = feed_next(f, &arena, &e, &end, NULL);
        if (sy_ok(s) && !end) {
            s = leads_to(&e, key, &arena, &found);
        }
        end = end || !sy_ok(s);
        base = found ? e.index + 1 : base;
    }
    f->at = at;
    return base;
}
