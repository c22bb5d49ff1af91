/*
 * What: frame reassembly. Invariants: start <= in.n; bytes before `start` are dead and dropped by the
 * next reserve; an unfinished frame is at most limits->bytes long, so the buffer's ceiling is that
 * plus one read. The search for a frame's end starts afresh each time, which is cheap because the
 * limits are narrow (see the header) and strings and blobs are skipped by their length.
 */
#include "gateway/frames.h"

const struct sy_mp_limits GW_FRAME_CLIENT = {
    .bytes = 1 << 20, .depth = GW_FRAME_DEPTH, .values = GW_FRAME_VALUES};
const struct sy_mp_limits GW_FRAME_WARDEN = {
    .bytes = (64 << 20) + 4096, .depth = GW_FRAME_DEPTH, .values = GW_FRAME_VALUES};

void gw_frames_init(struct gw_frames *f, const struct sy_mp_limits *limits)
{
    *f = (struct gw_frames){.in = sy_buf(limits->bytes + 2 * (size_t)GW_READ_BYTES),
                            .limits = limits};
}

void gw_frames_deinit(struct gw_frames *f)
{
    if (f != NULL) {
        sy_buf_deinit(&f->in);
        f->start = 0;
    }
}

struct sy_view gw_frames_rest(const struct gw_frames *f)
{
    size_t n = f->in.n - f->start;
    return n == 0 ? (struct sy_view){0} : sy_view(f->in.p + f->start, n);
}

/* An idle connection keeps no large buffer. */
static void drop_dead_bytes(struct gw_frames *f)
{
    if (f->start == f->in.n && f->in.cap > GW_READ_BYTES) {
        sy_buf_deinit(&f->in);
    } else {
        sy_buf_consume(&f->in, f->start);
    }
    f->start = 0;
}

uint8_t *gw_frames_reserve(struct gw_frames *f, size_t n_bytes)
{
    drop_dead_bytes(f);
    return sy_buf_reserve(&f->in, n_bytes);
}

sy_status gw_frames_add(struct gw_frames *f, struct sy_view bytes)
{
    drop_dead_bytes(f);
    return sy_buf_add_view(&f->in, bytes);
}

void gw_frames_skip(struct gw_frames *f, size_t n_bytes)
{
    size_t rest = f->in.n - f->start;
    f->start += n_bytes < rest ? n_bytes : rest;
}

sy_status gw_frames_next(struct gw_frames *f, struct sy_view *ret, struct sy_error *reterr)
{
    struct sy_view rest = gw_frames_rest(f);
    if (rest.n == 0) {
        return sy_status_of(SY_E_CLOSED);
    }
    size_t n = 0;
    SY_TRY(sy_mp_frame(rest, f->limits, &n, reterr));
    *ret = sy_view(rest.p, n);
    f->start += n;
    return SY_OK;
}
