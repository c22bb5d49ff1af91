/*
 * The ledger in memory and its writing end; read.c has the reading end. Entries go as framed records
 * into one buffer; a commit puts the signed checkpoint behind them and writes the buffer by one
 * pwrite and one fdatasync.
 *
 * Invariants:
 *   - what is in `committed` is on disk and signed; nothing else is shown, proved or handed out;
 *   - bytes of the segment behind out.high are zeros; [out.at, out.high) may hold pieces of a failed
 *     write and is zeroed durably before the next one, so that a torn write never mixes two batches;
 *   - a batch lies within one segment, and a segment's first batch begins with its head; a batch
 *     that grows beyond the segment moves to the next one before it is written;
 *   - after a failed sync, of whichever thread, the page cache says nothing about the disk: read_only from that
 *     moment until opened again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "ledger_private.h"
#include "skip.h"

enum { PAGE = 4096 };

/* --- entries in memory -------------------------------------------------------------------------- */

sy_status ledger_place(struct ledger *l, uint64_t index, struct place *ret, struct sy_error *reterr)
{
    if (index < l->skipped.n) {
        return skip_place(l, index, ret, reterr);
    }
    memcpy(ret, l->places.p + (index - l->skipped.n) * sizeof(*ret), sizeof(*ret));
    return SY_OK;
}

sy_status ledger_note_entry(struct ledger *l, struct sy_view leaf, struct place place)
{
    uint8_t hash[PROOF_HASH_BYTES];
    size_t n_before = l->places.n;
    l->places.n = (l->tree.size - l->skipped.n) * sizeof(place); /* over what was dropped */
    sy_status s = sy_buf_add(&l->places, &place, sizeof(place));
    if (sy_ok(s)) {
        proof_merkle_leaf(hash, leaf);
        s = tree_add(&l->tree, hash);
    }
    if (!sy_ok(s)) {
        l->places.n = n_before;
    }
    return s;
}

/* --- committing -------------------------------------------------------------------------------- */

/* A write failed in a way that leaves the disk's state unknown. */
static sy_status give_up(struct ledger *l, struct sy_error *reterr)
{
    l->read_only = true;
    return sy_fail(reterr, SY_E_READ_ONLY, NULL,
                   "writing the ledger failed; open it again to recover");
}

static sy_status add_head(const struct ledger *l, uint32_t segment, struct sy_buf *b,
                          struct chain *chain)
{
    struct record_head head = {segment, l->committed.size, l->segment_bytes,
                               sy_view_str(keys_name(&l->keys))};
    return record_add_head(b, chain, &head);
}

static sy_status sign_checkpoint(const struct ledger *l, struct sy_buf *note)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(RECORD_CHECKPOINT_MAX);
    struct proof_checkpoint c = {.origin = sy_view_str(keys_name(&l->keys)), .size = l->tree.size};
    tree_root(&l->tree, c.size, c.root);
    SY_TRY(proof_checkpoint_encode(&c, &text));
    return keys_sign(&l->keys, sy_buf_view(&text), note);
}

/* One write, one sync. On SY_E_NO_SPACE nothing is decided and it may be tried again. */
static sy_status write_batch(struct ledger *l, struct sy_error *reterr)
{
    struct writing *out = &l->out;
    sy_status s = SY_OK;
    if (out->high > out->at) {
        s = segment_clear(out->fd, out->at, out->high, reterr);
    }
    if (sy_ok(s)) {
        out->high = out->at + l->batch.n;
        s = segment_write(out->fd, sy_buf_view(&l->batch), out->at, reterr);
    }
    if (s.code == SY_E_NO_SPACE) {
        return s;
    }
    if (!sy_ok(s) || fdatasync(out->fd) != 0 ||
        l->read_only) { /* or meanwhile, on another thread */
        return give_up(l, reterr);
    }
    return SY_OK;
}

static void settle(struct ledger *l, struct sy_buf *note)
{
    l->out.at += l->batch.n;
    l->out.high = l->out.at;
    sy_buf_clear(&l->batch);
    sy_buf_deinit(&l->committed.note);
    l->committed = (struct committed){.size = l->tree.size,
                                      .segment = l->out.number,
                                      .at = l->out.at,
                                      .chain = l->chain,
                                      .note = *note};
    *note = (struct sy_buf){0};
    publish_note_size(l, l->committed.size);
}

/* Checkpoint the tree as it is. On error the batch is as before. */
static sy_status commit_batch(struct ledger *l, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(RECORD_CHECKPOINT_MAX);
    struct chain chain = l->chain;
    size_t n_before = l->batch.n;
    sy_status s = sign_checkpoint(l, &note);
    if (sy_ok(s)) {
        struct sy_view text = sy_buf_view(&note);
        s = record_add(&l->batch, &l->chain, RECORD_CHECKPOINT, &text, 1);
    }
    s = sy_ok(s) ? write_batch(l, reterr) : sy_fail(reterr, s.code, NULL, NULL);
    if (sy_ok(s)) {
        settle(l, &note);
    } else {
        l->batch.n = n_before;
        l->chain = chain;
    }
    return s;
}

sy_status ledger_commit(struct ledger *l, struct sy_error *reterr)
{
    if (l->read_only) {
        return give_up(l, reterr);
    }
    return ledger_pending(l) == 0 ? SY_OK : commit_batch(l, reterr);
}

void ledger_drop(struct ledger *l)
{
    tree_truncate(&l->tree, l->committed.size);
    l->chain = l->committed.chain;
    sy_buf_clear(&l->batch);
}

/* --- appending --------------------------------------------------------------------------------- */

/* Bytes a batch needs besides its entries, at most. */
static size_t overhead(const struct ledger *l)
{
    return record_bytes(strlen(keys_name(&l->keys)) + RECORD_HEAD_BYTES) +
           record_bytes(RECORD_CHECKPOINT_MAX);
}

/* Make `number` the segment that is written, from `at` on. */
static sy_status open_writing(struct ledger *l, uint32_t number, size_t at, struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = -1;
    size_t n = 0;
    SY_TRY(segment_open(l->segments, number, &fd, &n, reterr));
    if (n < l->segment_bytes) {
        SY_TRY(segment_clear(fd, n, l->segment_bytes, reterr));
        n = l->segment_bytes;
    }
    sy_fd_close(&l->out.fd);
    l->out.fd = fd;
    l->out.number = number;
    l->out.capacity = n;
    l->out.at = at;
    l->out.high = at;
    fd = -1;
    return SY_OK;
}

/* The batch as it reads at the beginning of a segment: the chain runs through the head there, so
 * each record is framed anew. */
static sy_status reframe(const struct ledger *l, uint32_t segment, struct sy_buf *b,
                         struct chain *chain)
{
    struct record rec;
    *chain = l->committed.chain;
    SY_TRY(add_head(l, segment, b, chain));
    for (size_t at = 0; at < l->batch.n; at += record_bytes(rec.payload.n)) {
        if (!record_parse(sy_view(l->batch.p + at, l->batch.n - at), &rec)) {
            return sy_status_of(SY_E_INTERNAL);
        }
        if (rec.kind == RECORD_ENTRY) {
            SY_TRY(record_add(b, chain, rec.kind, &rec.payload, 1));
        }
    }
    return SY_OK;
}

/* Say anew where the entries of the batch lie. */
static void move_places(struct ledger *l)
{
    struct record rec;
    uint8_t *place = l->places.p + (l->committed.size - l->skipped.n) * sizeof(struct place);
    for (size_t at = 0; record_parse(sy_view(l->batch.p + at, l->batch.n - at), &rec);
         at += record_bytes(rec.payload.n)) {
        if (rec.kind == RECORD_ENTRY) {
            struct place moved = {l->out.number, (uint32_t)at, (uint32_t)rec.payload.n};
            memcpy(place, &moved, sizeof(moved));
            place += sizeof(moved);
        }
    }
}

sy_status ledger_fill_next(struct ledger *l, size_t n_bytes, struct sy_error *reterr)
{
    struct segment_draft *next = &l->out.next;
    if (next->fd < 0) {
        SY_TRY(segment_draft_begin(l->segments, l->segment_bytes, next, reterr));
    }
    if (n_bytes < l->segment_bytes) {
        return segment_draft_fill(l->segments, next, n_bytes, reterr);
    }
    SY_TRY(segment_draft_finish(l->segments, next, l->out.number + 1, reterr));
    l->out.next_ready = true;
    return SY_OK;
}

sy_status ledger_prepare_next(struct ledger *l, size_t n_bytes, struct sy_error *reterr)
{
    sy_status s = ledger_fill_next(l, n_bytes, reterr);
    return s.code == SY_E_READ_ONLY ? give_up(l, reterr) : s;
}

/* Go on in the next segment, with the batch. On error all is as before. */
static sy_status roll(struct ledger *l, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf batch = sy_buf(LEDGER_SEGMENT_MAX);
    struct chain chain;
    uint32_t next = l->out.number + 1;
    publish_settle(l); /* whatever became of it, what is missing is made here */
    if (l->read_only) {
        return give_up(l, reterr);
    }
    if (!l->out.next_ready) {
        SY_TRY(ledger_prepare_next(l, l->segment_bytes, reterr));
    }
    sy_status s = reframe(l, next, &batch, &chain);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    SY_TRY(open_writing(l, next, 0, reterr));
    l->out.next_ready = false;
    sy_buf_deinit(&l->batch);
    l->batch = batch;
    batch = (struct sy_buf){0};
    l->chain = chain;
    move_places(l);
    return SY_OK;
}

/* Make sure that the entry and a checkpoint fit behind the batch. */
static sy_status find_room(struct ledger *l, size_t n_entry, struct sy_error *reterr)
{
    size_t need = n_entry + overhead(l);
    if (need <= l->out.capacity - l->out.at - l->batch.n) {
        return SY_OK;
    }
    if (need > l->segment_bytes) {
        return sy_fail(reterr, SY_E_LIMIT, "body", "the entry is larger than a segment");
    }
    if (l->out.at == 0 || l->batch.n > l->segment_bytes - need) {
        return sy_fail(reterr, SY_E_BUSY, NULL, "the batch is full; commit it first");
    }
    return roll(l, reterr);
}

static sy_status check_entry(const struct ledger_entry *entry, struct sy_error *reterr)
{
    if (entry->leaf.n == 0 || entry->leaf.n > LEDGER_LEAF_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "leaf", "a leaf has 1 to 65535 bytes");
    }
    if (entry->body.n > LEDGER_BODY_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "body", "the body of an entry is too long");
    }
    if (!sy_ok(record_check_entry(entry))) {
        return sy_fail(reterr, SY_E_DIGEST, "leaf", "the leaf does not commit to salt and body");
    }
    return SY_OK;
}

/* Add the record, and before it the segment's head where one is due. */
static sy_status add_entry(struct ledger *l, const struct ledger_entry *entry)
{
    if (l->out.at + l->batch.n == 0) {
        SY_TRY(add_head(l, l->out.number, &l->batch, &l->chain));
    }
    struct place place = {l->out.number, (uint32_t)(l->out.at + l->batch.n),
                          (uint32_t)(RECORD_ENTRY_FIXED + entry->leaf.n + entry->body.n)};
    SY_TRY(record_add_entry(&l->batch, &l->chain, entry));
    return ledger_note_entry(l, entry->leaf, place);
}

sy_status ledger_append(struct ledger *l, const struct ledger_entry *entry, uint64_t *ret_index,
                        struct sy_error *reterr)
{
    if (l->read_only) {
        return give_up(l, reterr);
    }
    SY_TRY(check_entry(entry, reterr));
    SY_TRY(find_room(l, record_entry_bytes(entry), reterr));
    size_t n_before = l->batch.n;
    struct chain chain = l->chain;
    sy_status s = add_entry(l, entry);
    if (!sy_ok(s)) {
        l->batch.n = n_before;
        l->chain = chain;
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    *ret_index = l->tree.size - 1;
    return SY_OK;
}

/* --- opening and closing ----------------------------------------------------------------------- */

static sy_status check_options(const struct ledger_options *o, struct sy_error *reterr)
{
    size_t n = o->segment_bytes;
    if (n != 0 && (n < LEDGER_SEGMENT_MIN || n > LEDGER_SEGMENT_MAX || n % PAGE != 0)) {
        return sy_fail(reterr, SY_E_USAGE, "segment_bytes", "not a possible size of a segment");
    }
    return SY_OK;
}

static sy_status open_folder(int dir, const char *name, mode_t mode, bool create, int *ret,
                             struct sy_error *reterr)
{
    bool made = create && mkdirat(dir, name, mode) == 0;
    if (create && !made && errno != EEXIST) {
        return sy_fail_errno(reterr, errno, "create ledger folder");
    }
    *ret = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret >= 0 && (!made || fchmod(*ret, mode) == 0)) { /* whatever the umask */
        return SY_OK;
    }
    return errno == ENOENT ? sy_fail(reterr, SY_E_NOT_FOUND, name, "there is no ledger here")
                           : sy_fail_errno(reterr, errno, "open ledger folder");
}

static sy_status open_public(struct ledger *l, const int *given, struct sy_error *reterr)
{
    if (given == NULL) {
        return open_folder(l->dir, "public", 0755, true, &l->public_dir, reterr);
    }
    l->public_dir = openat(*given, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return l->public_dir >= 0 ? SY_OK : sy_fail_errno(reterr, errno, "open public folder");
}

/* The lock is on an open folder, not a file: it needs no cleaning up and goes with the process. */
static sy_status lock_folders(struct ledger *l, int dirfd, const struct ledger_options *o,
                              struct sy_error *reterr)
{
    const bool create = o->create;
    l->dir = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->dir < 0) {
        return sy_fail_errno(reterr, errno, "open ledger folder");
    }
    if (flock(l->dir, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? sy_fail(reterr, SY_E_BUSY, NULL, "another process has this ledger open")
                   : sy_fail_errno(reterr, errno, "lock ledger");
    }
    SY_TRY(open_folder(l->dir, "segments", 0700, create, &l->segments, reterr));
    /* The other folders can be made again from the segments, so they may be missing. */
    SY_TRY(open_public(l, o->public_dir, reterr));
    SY_TRY(open_folder(l->dir, "snapshots", 0700, true, &l->snapshots, reterr));
    if (create && fsync(l->dir) != 0) {
        return sy_fail_errno(reterr, errno, "sync ledger folder");
    }
    return SY_OK;
}

/* A new ledger begins with the signed checkpoint of nothing. */
static sy_status begin(struct ledger *l, bool create, struct sy_error *reterr)
{
    uint32_t n = 0;
    if (!create) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "segments", "there is no ledger here");
    }
    SY_TRY(segment_count(l->segments, &n, reterr));
    if (n == 0) {
        SY_TRY(segment_prepare(l->segments, 1, l->segment_bytes, reterr));
    }
    SY_TRY(open_writing(l, 1, 0, reterr));
    sy_status s = add_head(l, 1, &l->batch, &l->chain);
    return sy_ok(s) ? commit_batch(l, reterr) : sy_fail(reterr, s.code, NULL, NULL);
}

/* Recovery has brought the bytes to the disk; their files' names may still be in memory only, if it was
 * the process that died and not the machine. */
static sy_status resume(struct ledger *l, struct sy_error *reterr)
{
    SY_TRY(open_writing(l, l->committed.segment, l->committed.at, reterr));
    return fsync(l->segments) == 0 ? SY_OK : sy_fail_errno(reterr, errno, "sync segment folder");
}

static sy_status start(struct ledger *l, int dirfd, const struct ledger_options *o,
                       struct sy_error *reterr)
{
    SY_TRY(lock_folders(l, dirfd, o, reterr));
    SY_TRY(recover_segments(l, reterr));
    return l->committed.note.n == 0 ? begin(l, o->create, reterr) : resume(l, reterr);
}

sy_status ledger_open(int dirfd, const struct ledger_options *options, struct ledger **ret,
                      struct sy_error *reterr)
{
    SY_TRY(check_options(options, reterr));
    struct ledger *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    *l = (struct ledger){.dir = -1,
                         .segments = -1,
                         .public_dir = -1,
                         .snapshots = -1,
                         .segment_bytes = options->segment_bytes == 0 ? LEDGER_SEGMENT_DEFAULT
                                                                      : options->segment_bytes,
                         .places = sy_buf(SIZE_MAX / 4),
                         .skipped.segments = sy_buf(SIZE_MAX / 4),
                         .committed.note = sy_buf(RECORD_CHECKPOINT_MAX),
                         .out = {.fd = -1, .next.fd = -1},
                         .batch = sy_buf(LEDGER_SEGMENT_MAX),
                         .read_fd = -1};
    tree_init(&l->tree);
    sy_status s = keys_init(&l->keys, options, reterr);
    if (sy_ok(s)) {
        s = start(l, dirfd, options, reterr);
    }
    if (!sy_ok(s)) {
        ledger_close(l);
        return s;
    }
    *ret = l;
    return SY_OK;
}

void ledger_close(struct ledger *l)
{
    if (l == NULL) {
        return;
    }
    l->publisher = publisher_free(l->publisher);
    segment_draft_drop(l->segments, &l->out.next);
    sy_fd_close(&l->out.fd);
    sy_fd_close(&l->read_fd);
    sy_fd_close(&l->segments);
    sy_fd_close(&l->public_dir);
    sy_fd_close(&l->snapshots);
    sy_fd_close(&l->dir);
    skip_nothing(l);
    tree_deinit(&l->tree);
    sy_buf_deinit(&l->places);
    sy_buf_deinit(&l->batch);
    sy_buf_deinit(&l->committed.note);
    free(l);
}
