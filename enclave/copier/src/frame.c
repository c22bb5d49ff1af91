/* Frames on a pipe. */
#include "frame.h"

#include "base/arith.h"
#include "base/fdio.h"

#define SY_T struct sy_copy_frame
SY_RECORD_DESC(copy_frame, SY_COPY_FRAME_FIELDS)
#undef SY_T

enum { PREFIX = 4 };

sy_status frame_write(int fd, const struct sy_copy_frame *f, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FRAME_MAX + PREFIX);
    uint8_t prefix[PREFIX] = {0};
    SY_TRY(sy_buf_add(&b, prefix, sizeof(prefix)));
    SY_TRY(sy_record_encode(&sy_copy_frame_desc, f, &b));
    sy_store_le32(b.p, (uint32_t)(b.n - PREFIX));
    sy_status s = sy_write_all(fd, b.p, b.n);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "pipe", "the other end takes nothing any more");
}

static sy_status cut_off(sy_status s, struct sy_error *err)
{
    return sy_fail(err, s.code == SY_E_CLOSED ? SY_E_FRAME : s.code, "pipe",
                   "the stream ended within a frame");
}

/* BOUNDARY: the stream comes from another machine. */
sy_status frame_read(int fd, struct sy_buf *b, struct sy_arena *arena, struct sy_copy_frame *ret,
                     struct sy_error *reterr)
{
    uint8_t prefix[PREFIX];
    sy_status s = sy_read_all(fd, prefix, 1);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "pipe", "the stream ended");
    }
    s = sy_read_all(fd, prefix + 1, sizeof(prefix) - 1);
    if (!sy_ok(s)) {
        return cut_off(s, reterr);
    }
    size_t n = sy_load_le32(prefix);
    sy_buf_clear(b);
    if (n == 0 || n > FRAME_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "frame", "no frame is of this length");
    }
    uint8_t *p = sy_buf_reserve(b, n);
    if (p == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    s = sy_read_all(fd, p, n);
    if (!sy_ok(s)) {
        return cut_off(s, reterr);
    }
    b->n = n;
    return sy_record_decode(&sy_copy_frame_desc, sy_buf_view(b), &SY_MP_LARGE, arena, ret, reterr);
}
