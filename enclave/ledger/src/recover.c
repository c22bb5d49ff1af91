/*
 * Recovery: read every segment from the first record on, rebuild the tree, and find the last durable
 * checkpoint.
 *
 * A batch (entries and the checkpoint over them) is one write. When the machine stops in it, the
 * disk may hold any of its sectors and not the others, the checkpoint's among them; nothing of it
 * was ever acknowledged. What was not written is still zeros, because segments are zero-filled
 * beforehand and a tail that was cut is zeroed again. So damage is a torn write, and is cut, only if
 *   - nothing lies behind it that was written after this batch had been synced: no later segment in
 *     use, no signed checkpoint but this batch's own, no published checkpoint of more entries; and
 *   - the damaged record misses a whole sector; or ends in zeros with nothing behind it, as a write
 *     that was cut short does.
 * Anything else was changed after it was acknowledged: SY_E_TAMPERED with segment and offset. Who
 * can write this disk can always cut off whole batches: that is for the key store's memory of
 * checkpoints and for witnesses to find.
 *
 * After a sync has failed, the page cache calls clean what never came to the disk, and no later sync
 * brings it there. So what the last batch and the room behind it read as is written once more, and
 * segments that hold nothing acknowledged are removed, before anyone is told what there is.
 *
 * Where a signed snapshot says that the state up to some entry need not be folded again, the segments before
 * that entry are skipped (skip.h). What can be wrong is then found exactly as without: anything unusual in
 * what is read leads to a full reading; entries that were skipped are checked when they are read.
 *
 * Invariants: *committed is only ever moved by a checkpoint whose signature, size and root are right;
 * nothing on disk changes before the whole ledger was judged.
 */
#include <stdio.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "base/log.h"
#include "ledger_private.h"
#include "skip.h"

enum { SECTOR = 512 };

struct recovery {
    struct ledger *l;
    struct sy_buf bytes; /* the segment being read, whole */
    uint32_t number;
    uint32_t n_segments;
    uint32_t last_used;    /* last segment that is not all zeros; 0 = none */
    uint32_t open_segment; /* the walk ended here with a batch that has no checkpoint; 0 = not */
    size_t open_at;        /* and there is where it ended */
    size_t last_batch;     /* where in its segment the last committed batch begins */
};

static sy_status tampered(struct sy_error *reterr, uint32_t segment, size_t at, const char *what)
{
    char field[sizeof(((struct sy_error *)0)->field)];
    char name[SEGMENT_NAME_MAX];
    segment_name(name, segment);
    (void)snprintf(field, sizeof(field), "segments/%s", name);
    return sy_fail(reterr, SY_E_TAMPERED, field, "byte %zu: %s", at, what);
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* --- loading ----------------------------------------------------------------------------------- */

/* Add n zeros, for the file's bytes or in their stead. */
static sy_status add_zeros(struct sy_buf *b, size_t n)
{
    uint8_t *p = sy_buf_reserve(b, n);
    if (p == NULL && n > 0) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (n > 0) {
        memset(p, 0, n);
        b->n += n;
    }
    return SY_OK;
}

/* The head says how long the segment was made; bytes that are missing since count as zeros. */
static sy_status extend(struct sy_buf *b)
{
    struct record rec;
    struct record_head head;
    if (record_parse(sy_buf_view(b), &rec) && rec.kind == RECORD_HEAD &&
        record_parse_head(rec.payload, &head) && head.segment_bytes > b->n &&
        head.segment_bytes <= LEDGER_SEGMENT_MAX) {
        return add_zeros(b, head.segment_bytes - b->n);
    }
    return SY_OK;
}

static sy_status load(struct recovery *r, uint32_t number, struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = -1;
    size_t n = 0;
    size_t got = 0;
    r->number = number;
    sy_buf_clear(&r->bytes);
    SY_TRY(segment_open(r->l->segments, number, &fd, &n, reterr));
    if (n > LEDGER_SEGMENT_MAX) {
        return tampered(reterr, number, 0, "the segment is longer than any can be");
    }
    sy_status s = add_zeros(&r->bytes, n);
    if (sy_ok(s)) {
        s = segment_read(fd, r->bytes.p, n, 0, &got);
    }
    if (sy_ok(s)) {
        s = extend(&r->bytes);
    }
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "segments", "the segment cannot be read");
}

/* The loaded segment from an offset on. */
static struct sy_view from(const struct recovery *r, size_t at)
{
    return sy_view(r->bytes.p + at, r->bytes.n - at);
}

/* Where in this segment the batch after the last checkpoint begins. */
static size_t batch_start(const struct recovery *r)
{
    return r->l->committed.segment == r->number ? r->l->committed.at : 0;
}

/* --- one record after the other ---------------------------------------------------------------- */

static sy_status take_head(struct recovery *r, const struct record *rec, size_t at,
                           struct sy_error *reterr)
{
    struct record_head head;
    if (at != 0 || !record_parse_head(rec->payload, &head) || head.number != r->number ||
        head.first_entry != r->l->tree.size || !sy_view_is(head.origin, keys_name(&r->l->keys))) {
        return tampered(reterr, r->number, at, "not the head of this segment of this log");
    }
    return SY_OK;
}

static sy_status take_entry(struct recovery *r, const struct record *rec, size_t at,
                            struct sy_error *reterr)
{
    struct ledger_entry entry;
    if (!record_parse_entry(rec->payload, &entry) || !sy_ok(record_check_entry(&entry))) {
        return tampered(reterr, r->number, at, "the leaf does not commit to the body");
    }
    struct place place = {r->number, (uint32_t)at, (uint32_t)rec->payload.n};
    sy_status s = ledger_note_entry(r->l, entry.leaf, place);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, NULL, NULL);
}

static sy_status take_checkpoint(struct recovery *r, const struct record *rec, size_t at,
                                 struct sy_error *reterr)
{
    struct ledger *l = r->l;
    struct proof_checkpoint c;
    uint8_t root[PROOF_HASH_BYTES];
    if (!sy_ok(keys_checkpoint(&l->keys, rec->payload, &c))) {
        return tampered(reterr, r->number, at, "the checkpoint's signature does not verify");
    }
    tree_root(&l->tree, l->tree.size, root);
    if (c.size != l->tree.size || memcmp(c.root, root, sizeof(root)) != 0) {
        return tampered(reterr, r->number, at, "the checkpoint is not of the entries before it");
    }
    sy_buf_clear(&l->committed.note);
    sy_status s = sy_buf_add_view(&l->committed.note, rec->payload);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    r->last_batch = batch_start(r);
    l->committed.size = c.size;
    l->committed.segment = r->number;
    l->committed.at = at + record_bytes(rec->payload.n);
    l->committed.chain = l->chain;
    publish_note_size(l, c.size);
    return SY_OK;
}

static sy_status take(struct recovery *r, const struct record *rec, size_t at,
                      struct sy_error *reterr)
{
    if (!record_follows(rec, from(r, at), &r->l->chain)) {
        return tampered(reterr, r->number, at, "the record does not follow the one before it");
    }
    if ((at == 0) != (rec->kind == RECORD_HEAD)) {
        return tampered(reterr, r->number, at, "a segment has one head, at its beginning");
    }
    switch (rec->kind) {
    case RECORD_HEAD:
        return take_head(r, rec, at, reterr);
    case RECORD_ENTRY:
        return take_entry(r, rec, at, reterr);
    case RECORD_CHECKPOINT:
        return take_checkpoint(r, rec, at, reterr);
    case RECORD_NONE:
    case RECORD_N:
        break;
    }
    return sy_fail(reterr, SY_E_INTERNAL, NULL, NULL);
}

/* --- damage ------------------------------------------------------------------------------------ */

/* Does the record at `at` miss a whole sector? If its frame is right it is the payload's sectors
 * that count, else the frame's own. Where a sector began in an older batch only the rest is looked
 * at, for the older bytes are there in any case. */
static bool misses_sector(const struct recovery *r, size_t at)
{
    size_t n = 0;
    bool framed = record_frame(from(r, at), &n);
    size_t end = sy_min_u64(r->bytes.n, at + RECORD_HEAD_BYTES + (framed ? n : 0));
    for (size_t s = at - at % SECTOR; s < end; s += SECTOR) {
        size_t begin = sy_max_u64(s, batch_start(r));
        if (all_zero(r->bytes.p + begin, sy_min_u64(s + SECTOR, r->bytes.n) - begin)) {
            return true;
        }
    }
    return false;
}

/* Does the segment end in zeros from inside the record at `at` on? */
static bool is_cut_short(const struct recovery *r, size_t at)
{
    size_t n = 0;
    size_t last = r->bytes.n;
    while (last > at && r->bytes.p[last - 1] == 0) {
        last--;
    }
    return last < at + RECORD_HEAD_BYTES ||
           (record_frame(from(r, at), &n) && last < at + RECORD_HEAD_BYTES + n);
}

/* The number a batch's own checkpoint must have: one for each entry, one for the segment's head if
 * the batch begins with it, one for itself. */
static bool is_own(const struct recovery *r, const struct record *rec, uint64_t size)
{
    const struct committed *c = &r->l->committed;
    uint64_t n_head = batch_start(r) == 0 ? 1 : 0;
    return size >= c->size && rec->seq == c->chain.seq + n_head + (size - c->size) + 1;
}

/* Is there a signed checkpoint behind the damage that is not the damaged batch's own? */
static bool has_later_checkpoint(const struct recovery *r, size_t at)
{
    for (size_t i = at; r->bytes.n - i >= RECORD_HEAD_BYTES; i += RECORD_ALIGN) {
        struct record rec;
        struct proof_checkpoint c;
        if (record_parse(from(r, i), &rec) && rec.kind == RECORD_CHECKPOINT &&
            sy_ok(keys_checkpoint(&r->l->keys, rec.payload, &c)) && !is_own(r, &rec, c.size)) {
            return true;
        }
    }
    return false;
}

static sy_status judge(const struct recovery *r, size_t at, struct sy_error *reterr)
{
    if (has_later_checkpoint(r, at)) {
        return tampered(reterr, r->number, at, "damaged, and a later checkpoint is signed");
    }
    if (!misses_sector(r, at) && !is_cut_short(r, at)) {
        return tampered(reterr, r->number, at, "damaged, but not by a write that was interrupted");
    }
    return SY_OK;
}

/* --- the walk ---------------------------------------------------------------------------------- */

/* Read the records of the loaded segment up to zeros or damage. */
static sy_status walk(struct recovery *r, struct sy_error *reterr)
{
    size_t at = 0;
    struct record rec;
    while (record_parse(from(r, at), &rec)) {
        SY_TRY(take(r, &rec, at, reterr));
        at += record_bytes(rec.payload.n);
    }
    bool damaged = !all_zero(from(r, at).p, from(r, at).n);
    if (damaged) {
        SY_TRY(judge(r, at, reterr));
    }
    if (damaged || r->l->chain.seq != r->l->committed.chain.seq) {
        r->open_segment = r->number;
        r->open_at = at;
    }
    return SY_OK;
}

/* first: the segment to begin with; those before it are in use. */
static sy_status walk_from(struct recovery *r, uint32_t first, struct sy_error *reterr)
{
    r->last_used = first - 1;
    for (uint32_t i = first; i <= r->n_segments; i++) {
        SY_TRY(load(r, i, reterr));
        if (all_zero(r->bytes.p, r->bytes.n)) {
            continue;
        }
        if (r->open_segment != 0) {
            return tampered(reterr, r->open_segment, r->open_at,
                            "a batch without checkpoint, and a later segment is in use");
        }
        if (r->last_used + 1 != i) {
            return tampered(reterr, r->last_used + 1, 0, "empty, and a later segment is in use");
        }
        r->last_used = i;
        SY_TRY(walk(r, reterr));
    }
    return SY_OK;
}

/* A checkpoint we published is proof of what was acknowledged, whatever became of the segments. */
static sy_status check_published(struct ledger *l, struct sy_error *reterr)
{
    bool found = false;
    struct proof_tree tree;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(publish_read_checkpoint(l, &found, &tree));
    if (!found) {
        return SY_OK;
    }
    if (tree.size > l->committed.size) {
        return sy_fail(reterr, SY_E_ROLLBACK, "public/checkpoint",
                       "%llu entries are published, the segments hold %llu",
                       (unsigned long long)tree.size, (unsigned long long)l->committed.size);
    }
    tree_root(&l->tree, tree.size, root);
    if (memcmp(root, tree.root, sizeof(root)) != 0) {
        return sy_fail(reterr, SY_E_TAMPERED, "public/checkpoint",
                       "a checkpoint of other entries was signed with this key");
    }
    return SY_OK;
}

/* Write the last batch once more, and zeros behind it. */
static sy_status renew(struct recovery *r, struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = -1;
    size_t n = 0;
    struct committed *c = &r->l->committed;
    SY_TRY(load(r, c->segment, reterr));
    SY_TRY(segment_open(r->l->segments, c->segment, &fd, &n, reterr));
    memset(r->bytes.p + c->at, 0, r->bytes.n - c->at);
    SY_TRY(segment_write(fd, from(r, r->last_batch), r->last_batch, reterr));
    return segment_sync(fd, reterr);
}

/* Make the disk what was found to be committed, and go back to it in memory. The highest segment
 * goes first: there is never a gap. */
static sy_status cut(struct recovery *r, struct sy_error *reterr)
{
    struct ledger *l = r->l;
    for (uint32_t i = r->n_segments; i > l->committed.segment; i--) {
        SY_TRY(segment_remove(l->segments, i, reterr));
    }
    if (l->committed.segment != 0) {
        SY_TRY(renew(r, reterr));
    }
    tree_truncate(&l->tree, l->committed.size);
    l->chain = l->committed.chain;
    return SY_OK;
}

/* --- from a snapshot ---------------------------------------------------------------------------- */

/* Read what lies behind the snapshot; the tree over all of it must have the signed roots. */
static sy_status walk_behind(struct recovery *r, const struct proof_snapshot *snap,
                             struct sy_error *reterr)
{
    struct ledger *l = r->l;
    uint32_t first = 1;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(skip_to(l, snap->size, r->n_segments, &first, reterr));
    SY_TRY(walk_from(r, first, reterr));
    if (l->committed.size < snap->size) {
        return sy_fail(reterr, SY_E_TAMPERED, "segments", "they end before the snapshot");
    }
    tree_root(&l->tree, snap->size, root);
    return memcmp(root, snap->root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(reterr, SY_E_TAMPERED, "snapshots", "not a snapshot of these entries");
}

/* Whatever is wrong behind a snapshot, or with it, is for a full reading to judge. */
static sy_status walk_all(struct recovery *r, struct sy_error *reterr)
{
    struct proof_snapshot snap;
    struct sy_error why = {0};
    if (snapshot_newest(r->l, &snap)) {
        sy_status s = walk_behind(r, &snap, &why);
        if (sy_ok(s)) {
            return s;
        }
        sy_log(SY_LOG_WARN, "no start from the snapshot: reading the whole ledger",
               SY_LOGF_N("entries", snap.size), SY_LOGF_CODE(s.code),
               SY_LOGF_ID("field", sy_view_str(why.field)));
        skip_nothing(r->l);
        *r = (struct recovery){.l = r->l, .bytes = r->bytes, .n_segments = r->n_segments};
    }
    return walk_from(r, 1, reterr);
}

sy_status recover_segments(struct ledger *l, struct sy_error *reterr)
{
    struct recovery r = {.l = l, .bytes = sy_buf(2 * (size_t)LEDGER_SEGMENT_MAX)};
    SY_TRY(segment_count(l->segments, &r.n_segments, reterr));
    sy_status s = walk_all(&r, reterr);
    if (sy_ok(s)) {
        s = check_published(l, reterr);
    }
    if (sy_ok(s)) {
        s = snapshot_check_all(l, reterr);
    }
    if (sy_ok(s)) {
        s = cut(&r, reterr);
    }
    sy_buf_deinit(&r.bytes);
    return s;
}
