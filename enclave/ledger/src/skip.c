/*
 * Skipping. Invariants: nothing here is believed: a wrong tile gives a wrong root, and recovery, which holds
 * the tree against signed roots, then reads everything; a wrong place gives an entry that is not the tree's,
 * which ledger_read refuses. Places of a segment are noted whole or not at all.
 */
#include "skip.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/fdio.h"

enum {
    HEAD_BYTES = 512, /* more than any segment's first record */
    HASHES_MAX = TILES_WIDTH * PROOF_HASH_BYTES,
};

struct skipped_segment {
    uint64_t first;       /* entry */
    struct sy_buf places; /* struct place each; empty = not looked at yet */
};

static struct skipped_segment *segment_at(const struct ledger *l, size_t i)
{
    return (struct skipped_segment *)(void *)l->skipped.segments.p + i;
}

static size_t n_skipped(const struct ledger *l)
{
    return l->skipped.segments.n / sizeof(struct skipped_segment);
}

void skip_nothing(struct ledger *l)
{
    for (size_t i = 0; i < n_skipped(l); i++) {
        sy_buf_deinit(&segment_at(l, i)->places);
    }
    sy_buf_deinit(&l->skipped.segments);
    l->skipped.n = 0;
    l->skipped.reread = 0;
    tree_truncate(&l->tree, 0);
    sy_buf_clear(&l->places);
    sy_buf_clear(&l->committed.note);
    l->committed = (struct committed){.note = l->committed.note};
    l->chain = (struct chain){0};
    l->publishing = (struct publishing){0};
}

/* --- heads of segments ------------------------------------------------------------------------- */

static sy_status misread(uint32_t number, const char *what, struct sy_error *reterr)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(name, number);
    return sy_fail(reterr, SY_E_TAMPERED, name, "%s", what);
}

/* The first record. *ret_used: false when the segment is still zeros. */
static sy_status read_head(struct ledger *l, uint32_t number, struct record *ret_rec,
                           struct record_head *ret, bool *ret_used, uint8_t bytes[HEAD_BYTES],
                           struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = -1;
    size_t n = 0;
    SY_TRY(segment_open(l->segments, number, &fd, &n, reterr));
    sy_status s = segment_read(fd, bytes, HEAD_BYTES, 0, &n);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "segments", "the segment cannot be read");
    }
    struct sy_view v = sy_view(bytes, n);
    size_t n_payload = 0;
    *ret_used = record_frame(v, &n_payload);
    if (*ret_used && (!record_parse(v, ret_rec) || ret_rec->kind != RECORD_HEAD ||
                      ret_rec->seq == 0 || !record_parse_head(ret_rec->payload, ret) ||
                      ret->number != number || !sy_view_is(ret->origin, keys_name(&l->keys)))) {
        return misread(number, "not the head of this segment of this log", reterr);
    }
    return SY_OK;
}

/* Note every segment up to the last that begins with an entry below `size`; the chain is then where it stands
 * before that one. */
static sy_status read_heads(struct ledger *l, uint64_t size, uint32_t n_segments,
                            struct sy_error *reterr)
{
    for (uint32_t i = 1; i <= n_segments; i++) {
        uint8_t bytes[HEAD_BYTES];
        struct record rec;
        struct record_head head;
        bool used = false;
        SY_TRY(read_head(l, i, &rec, &head, &used, bytes, reterr));
        if (!used || (i > 1 && head.first_entry >= size)) {
            break;
        }
        struct skipped_segment at = {head.first_entry, sy_buf(SIZE_MAX / 4)};
        if (i > 1 ? at.first < segment_at(l, i - 2)->first : at.first != 0) {
            return misread(i, "it begins before the one before it", reterr);
        }
        l->chain.seq = rec.seq - 1;
        memcpy(l->chain.prev, rec.prev, sizeof(l->chain.prev));
        sy_status s = sy_buf_add(&l->skipped.segments, &at, sizeof(at));
        if (!sy_ok(s)) {
            return sy_fail(reterr, s.code, NULL, NULL);
        }
    }
    return SY_OK;
}

/* --- tiles ------------------------------------------------------------------------------------- */

/* A tile file of exactly `width` hashes. */
static bool read_tile(const struct ledger *l, uint64_t number, unsigned width, struct sy_buf *b)
{
    char path[TILES_PATH_MAX];
    tiles_path(path, 0, number, width);
    sy_buf_clear(b);
    return sy_ok(sy_read_file_at(l->public_dir, path, b)) && b->n == width * PROOF_HASH_BYTES;
}

/* At least `least` leaf hashes of a tile: the full one, or a partial one. */
static bool find_tile(const struct ledger *l, uint64_t number, unsigned least, struct sy_buf *b)
{
    for (unsigned width = TILES_WIDTH; width >= least; width--) {
        if (read_tile(l, number, width, b)) {
            return true;
        }
    }
    return false;
}

static sy_status load_tile(struct ledger *l, uint64_t number, unsigned n, struct sy_buf *b,
                           struct sy_error *reterr)
{
    bool found = n == TILES_WIDTH ? read_tile(l, number, n, b) : find_tile(l, number, n, b);
    if (!found) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "public/tile", "a tile is missing or too short");
    }
    for (unsigned i = 0; i < n; i++) {
        sy_status s = tree_add(&l->tree, b->p + (size_t)i * PROOF_HASH_BYTES);
        if (!sy_ok(s)) {
            return sy_fail(reterr, s.code, NULL, NULL);
        }
    }
    return SY_OK;
}

static sy_status load_tree(struct ledger *l, uint64_t n, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HASHES_MAX + 1);
    for (uint64_t i = 0; i < tiles_full(n, 0); i++) {
        SY_TRY(load_tile(l, i, TILES_WIDTH, &b, reterr));
    }
    unsigned rest = tiles_partial(n, 0);
    return rest == 0 ? SY_OK : load_tile(l, tiles_full(n, 0), rest, &b, reterr);
}

sy_status skip_to(struct ledger *l, uint64_t size, uint32_t n_segments, uint32_t *ret_first,
                  struct sy_error *reterr)
{
    SY_TRY(read_heads(l, size, n_segments, reterr));
    size_t n = n_skipped(l);
    if (n <= 1) {
        skip_nothing(l);
        *ret_first = 1;
        return SY_OK;
    }
    l->skipped.n = segment_at(l, n - 1)->first;
    l->skipped.segments.n -= sizeof(struct skipped_segment); /* the last of them is read */
    SY_TRY(load_tree(l, l->skipped.n, reterr));
    l->committed.size = l->skipped.n;
    l->committed.segment = (uint32_t)n - 1;
    l->committed.chain = l->chain;
    publish_note_skipped(l, l->skipped.n);
    *ret_first = (uint32_t)n;
    return SY_OK;
}

/* --- places ------------------------------------------------------------------------------------ */

/* The place of each entry among the records of a segment. */
static sy_status find_places(struct sy_view bytes, uint32_t number, struct sy_buf *places)
{
    size_t n = 0;
    for (size_t at = 0; record_frame(sy_view(bytes.p + at, bytes.n - at), &n);
         at += record_bytes(n)) {
        struct place place = {number, (uint32_t)at, (uint32_t)n};
        if (record_frame_kind(sy_view(bytes.p + at, bytes.n - at)) == RECORD_ENTRY) {
            SY_TRY(sy_buf_add(places, &place, sizeof(place)));
        }
    }
    return SY_OK;
}

static sy_status load_places(struct ledger *l, uint32_t number, struct sy_buf *places,
                             struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = -1;
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(LEDGER_SEGMENT_MAX);
    size_t n = 0;
    SY_TRY(segment_open(l->segments, number, &fd, &n, reterr));
    if (n > LEDGER_SEGMENT_MAX) {
        return misread(number, "the segment is longer than any can be", reterr);
    }
    uint8_t *p = sy_buf_reserve(&bytes, n);
    if (p == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = segment_read(fd, p, n, 0, &n);
    if (sy_ok(s)) {
        s = find_places(sy_view(p, n), number, places);
    }
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "segments", "the segment cannot be read");
}

/* The segment that holds an entry. */
static size_t segment_of(const struct ledger *l, uint64_t index)
{
    size_t lo = 0;
    size_t hi = n_skipped(l);
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (segment_at(l, mid)->first <= index) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return lo;
}

sy_status skip_place(struct ledger *l, uint64_t index, struct place *ret, struct sy_error *reterr)
{
    size_t i = segment_of(l, index);
    struct skipped_segment *g = segment_at(l, i);
    uint64_t end = i + 1 < n_skipped(l) ? segment_at(l, i + 1)->first : l->skipped.n;
    if (g->places.n == 0) {
        sy_status s = load_places(l, (uint32_t)i + 1, &g->places, reterr);
        if (sy_ok(s) && g->places.n != (end - g->first) * sizeof(*ret)) {
            s = misread((uint32_t)i + 1, "entries are missing in it", reterr);
        }
        if (!sy_ok(s)) {
            sy_buf_deinit(&g->places);
            return s;
        }
    }
    memcpy(ret, g->places.p + (index - g->first) * sizeof(*ret), sizeof(*ret));
    return SY_OK;
}
