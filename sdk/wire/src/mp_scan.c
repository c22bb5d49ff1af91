/*
 * The pre-scan: walks msgpack headers without allocating and without recursion, so that nothing a
 * stranger sends reaches the allocating parser before its depth, its number of values and its size
 * are known to be within limits.
 * Invariant: every value still owed (by the containers that are open) needs at least one byte. A
 * header that owes more values than there is room for bytes is refused at that header, which is
 * why five bytes that claim 2^28 elements cost nothing.
 * The whole first byte space is covered by fixed forms and a table; 0xc1 is never used.
 */
#include "wire/mp.h"

enum { DEPTH_MAX = 16 };

enum shape { BAD = 0, SCALAR, BLOB, ARRAY, MAP };

struct form {
    enum shape shape;
    uint8_t count_bytes;   /* big-endian length or count after the first byte */
    uint8_t payload_bytes; /* fixed bytes after that (for ext: its type is one of them) */
};

/* First bytes 0xc0 to 0xdf. Source: MessagePack specification, formats. */
static const struct form FORMS[32] = {
    {SCALAR, 0, 0},  {BAD, 0, 0},    {SCALAR, 0, 0}, {SCALAR, 0, 0}, /* nil, -, false, true */
    {BLOB, 1, 0},    {BLOB, 2, 0},   {BLOB, 4, 0},                   /* bin */
    {BLOB, 1, 1},    {BLOB, 2, 1},   {BLOB, 4, 1},                   /* ext */
    {SCALAR, 0, 4},  {SCALAR, 0, 8},                                 /* float */
    {SCALAR, 0, 1},  {SCALAR, 0, 2}, {SCALAR, 0, 4}, {SCALAR, 0, 8}, /* uint */
    {SCALAR, 0, 1},  {SCALAR, 0, 2}, {SCALAR, 0, 4}, {SCALAR, 0, 8}, /* int */
    {SCALAR, 0, 2},  {SCALAR, 0, 3}, {SCALAR, 0, 5}, {SCALAR, 0, 9}, /* fixext */
    {SCALAR, 0, 17},                                                 /* fixext 16 */
    {BLOB, 1, 0},    {BLOB, 2, 0},   {BLOB, 4, 0},                   /* str */
    {ARRAY, 2, 0},   {ARRAY, 4, 0},  {MAP, 2, 0},    {MAP, 4, 0},
};

/* One walk. `room` is how many bytes the object may take in all: those at hand for a whole message,
 * the limit for a stream that is still arriving. */
struct walk {
    struct sy_view in;
    size_t pos;
    size_t room;
    int32_t no_room; /* the code when the object cannot fit `room` */
    size_t depth_max;
    size_t values_left;       /* that may still be announced */
    uint64_t owed;            /* values announced and not yet begun */
    size_t depth;             /* open containers */
    uint64_t open[DEPTH_MAX]; /* values each of them still waits for */
};

/* What a header says. */
struct head {
    enum shape shape;
    uint64_t count;   /* values inside a container */
    uint64_t payload; /* bytes to step over */
};

static uint64_t load_be(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

/* The forms that keep their count in the first byte. */
static bool read_fixed(uint8_t first, struct head *ret)
{
    if (first <= 0x7F || first >= 0xE0) {
        *ret = (struct head){SCALAR, 0, 0};
    } else if (first <= 0x8F) {
        *ret = (struct head){MAP, 2 * (uint64_t)(first & 0x0F), 0};
    } else if (first <= 0x9F) {
        *ret = (struct head){ARRAY, first & 0x0F, 0};
    } else if (first <= 0xBF) {
        *ret = (struct head){BLOB, 0, first & 0x1F};
    } else {
        return false;
    }
    return true;
}

static sy_status read_head(struct walk *w, struct head *ret)
{
    if (w->pos == w->in.n) {
        return sy_status_of(SY_E_CLOSED);
    }
    uint8_t first = w->in.p[w->pos++];
    if (read_fixed(first, ret)) {
        return SY_OK;
    }
    const struct form *f = &FORMS[first - 0xC0];
    if (f->shape == BAD) {
        return sy_status_of(SY_E_NOT_CANONICAL);
    }
    if (f->count_bytes > w->in.n - w->pos) {
        return sy_status_of(SY_E_CLOSED);
    }
    uint64_t n = load_be(w->in.p + w->pos, f->count_bytes);
    w->pos += f->count_bytes;
    *ret = (struct head){f->shape, 0, f->payload_bytes};
    if (f->shape == BLOB) {
        ret->payload += n;
    } else {
        ret->count = f->shape == MAP ? 2 * n : n;
    }
    return SY_OK;
}

/* Can the bytes and values this header announces, with all that was owed before, still fit? */
static sy_status check_room(struct walk *w, const struct head *h)
{
    if (h->count > w->values_left) {
        return sy_status_of(SY_E_LIMIT);
    }
    w->values_left -= h->count;
    w->owed += h->count; /* no overflow: values_left bounds the sum */
    size_t left = w->pos <= w->room ? w->room - w->pos : 0;
    bool over = w->pos > w->room || h->payload > left || w->owed > left - h->payload;
    return over ? sy_status_of(w->no_room) : SY_OK;
}

/* Count one value as begun; close the containers that it completes. */
static void begin_value(struct walk *w)
{
    w->owed--;
    if (w->depth > 0) {
        w->open[w->depth - 1]--;
    }
}

static sy_status open_container(struct walk *w, const struct head *h)
{
    if (h->shape != ARRAY && h->shape != MAP) {
        return SY_OK;
    }
    if (w->depth == w->depth_max) {
        return sy_status_of(SY_E_LIMIT);
    }
    w->open[w->depth++] = h->count;
    return SY_OK;
}

static sy_status step(struct walk *w)
{
    struct head h;
    SY_TRY(read_head(w, &h));
    begin_value(w);
    SY_TRY(check_room(w, &h));
    if (h.payload > w->in.n - w->pos) {
        return sy_status_of(SY_E_CLOSED);
    }
    w->pos += h.payload;
    SY_TRY(open_container(w, &h));
    while (w->depth > 0 && w->open[w->depth - 1] == 0) {
        w->depth--;
    }
    return SY_OK;
}

static sy_status walk_one(struct walk *w, const struct sy_mp_limits *limits)
{
    if (limits->values == 0) {
        return sy_status_of(SY_E_LIMIT);
    }
    w->depth_max = limits->depth < DEPTH_MAX ? limits->depth : DEPTH_MAX;
    w->values_left = limits->values - 1;
    w->owed = 1;
    while (w->owed > 0) {
        SY_TRY(step(w));
    }
    return SY_OK;
}

sy_status sy_mp_scan(struct sy_view bytes, const struct sy_mp_limits *limits,
                     struct sy_error *reterr)
{
    if (bytes.n > limits->bytes) {
        return sy_fail(reterr, SY_E_LIMIT, NULL, NULL);
    }
    struct walk w = {.in = bytes, .room = bytes.n, .no_room = SY_E_NOT_CANONICAL};
    sy_status s = walk_one(&w, limits);
    if (s.code == SY_E_LIMIT) {
        return sy_fail(reterr, SY_E_LIMIT, NULL, NULL);
    }
    if (!sy_ok(s)) {
        return sy_fail(reterr, SY_E_NOT_CANONICAL, NULL, "the bytes are not a whole msgpack value");
    }
    if (w.pos != bytes.n) {
        return sy_fail(reterr, SY_E_NOT_CANONICAL, NULL, "bytes follow the msgpack value");
    }
    return SY_OK;
}

sy_status sy_mp_frame(struct sy_view bytes, const struct sy_mp_limits *limits, size_t *ret_n,
                      struct sy_error *reterr)
{
    struct walk w = {.in = bytes, .room = limits->bytes, .no_room = SY_E_LIMIT};
    sy_status s = walk_one(&w, limits);
    if (sy_ok(s)) {
        *ret_n = w.pos;
        return s;
    }
    if (s.code == SY_E_CLOSED && bytes.n < limits->bytes) {
        return s;
    }
    /* More bytes cannot help: the object is malformed, or it would end past the limit. */
    return sy_fail(reterr, s.code == SY_E_CLOSED ? SY_E_LIMIT : s.code, NULL, NULL);
}
