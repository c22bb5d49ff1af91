/*
 * Mirrors. Invariants: `held` is only moved by a checkpoint whose signature, size and root are right, and
 * only when the records before it are on the disk; bytes behind held.where are zeros, so that the ledger's
 * own recovery finds the form that it knows.
 */
#include "ledger/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "record.h"
#include "segment.h"

/* What a checkpoint has confirmed. */
struct held {
    struct ledger_where where;
    struct chain chain;
    struct proof_frontier tree;
};

struct ledger_mirror {
    int dir; /* locked */
    int segments;
    struct proof_vkey keys[LEDGER_KEYS_MAX];
    size_t n_keys;
    struct ledger_seen seen;
    struct held held;
};

/* A walk over records, from a confirmed place on. */
struct walk {
    struct ledger_mirror *m;
    struct held now, good; /* after the last record; after the last checkpoint */
    uint64_t capacity;     /* of a new segment, from its head; 0: none began */
};

/* --- records -------------------------------------------------------------------------------------- */

static sy_status bad(const struct walk *w, const char *what, struct sy_error *reterr)
{
    return sy_fail(reterr, SY_E_TAMPERED, "records", "segment %u, byte %llu: %s",
                   (unsigned)w->now.where.segment, (unsigned long long)w->now.where.at, what);
}

static sy_status walk_head(struct walk *w, const struct record *rec, struct sy_error *reterr)
{
    struct record_head head;
    bool fits = w->now.where.at == 0 && record_parse_head(rec->payload, &head) &&
                head.number == w->now.where.segment && head.first_entry == w->now.tree.size &&
                sy_view_is(head.origin, w->m->keys[0].name) &&
                head.segment_bytes >= LEDGER_SEGMENT_MIN &&
                head.segment_bytes <= LEDGER_SEGMENT_MAX;
    if (!fits) {
        return bad(w, "not the head of this segment of this log", reterr);
    }
    w->capacity = head.segment_bytes;
    return SY_OK;
}

static sy_status walk_entry(struct walk *w, const struct record *rec, struct sy_error *reterr)
{
    struct ledger_entry entry;
    uint8_t hash[PROOF_HASH_BYTES];
    if (!record_parse_entry(rec->payload, &entry) || !sy_ok(record_check_entry(&entry))) {
        return bad(w, "the leaf does not commit to the body", reterr);
    }
    if (w->m->seen.entry != NULL) {
        w->m->seen.entry(w->m->seen.ctx, w->now.tree.size, &entry);
    }
    proof_merkle_leaf(hash, entry.leaf);
    proof_frontier_add(&w->now.tree, hash);
    return SY_OK;
}

/* Signed by one of the keys. */
static sy_status checkpoint_verify(const struct ledger_mirror *m, struct sy_view note,
                                   struct proof_checkpoint *ret, struct sy_error *reterr)
{
    sy_status s = proof_checkpoint_verify(note, &m->keys[0], ret, reterr);
    for (size_t i = 1; i < m->n_keys && !sy_ok(s); i++) {
        s = proof_checkpoint_verify(note, &m->keys[i], ret, reterr);
    }
    return s;
}

static sy_status walk_checkpoint(struct walk *w, const struct record *rec, struct sy_error *reterr)
{
    struct proof_checkpoint c;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(checkpoint_verify(w->m, rec->payload, &c, reterr));
    proof_frontier_root(&w->now.tree, root);
    if (c.size != w->now.tree.size || memcmp(c.root, root, sizeof(root)) != 0) {
        return bad(w, "the checkpoint is not of the entries before it", reterr);
    }
    if (w->m->seen.checkpoint != NULL) {
        w->m->seen.checkpoint(w->m->seen.ctx, w->m);
    }
    return SY_OK;
}

typedef sy_status walk_fn(struct walk *w, const struct record *rec, struct sy_error *reterr);
static walk_fn *const WALKS[RECORD_N] = {
    [RECORD_HEAD] = walk_head, [RECORD_ENTRY] = walk_entry, [RECORD_CHECKPOINT] = walk_checkpoint};

/* BOUNDARY: whoever sends records is not trusted; each is checked as recovery checks it. */
static sy_status walk_record(struct walk *w, const struct record *rec, struct sy_view bytes,
                             struct sy_error *reterr)
{
    if (!record_follows(rec, bytes, &w->now.chain)) {
        return sy_fail(reterr, SY_E_ROLLBACK, "records",
                       "segment %u, byte %llu: these records do not continue the log that is held",
                       (unsigned)w->now.where.segment, (unsigned long long)w->now.where.at);
    }
    if ((w->now.where.at == 0) != (rec->kind == RECORD_HEAD)) {
        return bad(w, "a segment has one head, at its beginning", reterr);
    }
    SY_TRY(WALKS[rec->kind](w, rec, reterr));
    w->now.where.at += record_bytes(rec->payload.n);
    if (rec->kind == RECORD_CHECKPOINT) {
        w->good = w->now;
    }
    return SY_OK;
}

/* Records up to the end of the bytes, or up to something that is none. */
static sy_status walk_bytes(struct walk *w, struct sy_view bytes, size_t *ret_n,
                            struct sy_error *reterr)
{
    struct record rec;
    *ret_n = 0;
    while (*ret_n < bytes.n && record_parse(sy_view(bytes.p + *ret_n, bytes.n - *ret_n), &rec)) {
        struct sy_view left = sy_view(bytes.p + *ret_n, bytes.n - *ret_n);
        SY_TRY(walk_record(w, &rec, left, reterr));
        *ret_n += record_bytes(rec.payload.n);
    }
    return SY_OK;
}

/* --- opening ---------------------------------------------------------------------------------------- */

static sy_status load_segment(int dir, uint32_t number, size_t at, struct sy_buf *b,
                              struct sy_error *reterr)
{
    char name[SEGMENT_NAME_MAX];
    struct stat st;
    size_t got = 0;
    segment_name(name, number);
    SY_FD_CLEANUP int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    sy_buf_clear(b);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return errno == ENOENT ? sy_fail(reterr, SY_E_NOT_FOUND, name, "the segment is missing")
                               : sy_fail_errno(reterr, errno, "open segment");
    }
    if (st.st_size > LEDGER_SEGMENT_MAX) {
        return sy_fail(reterr, SY_E_TAMPERED, "segments", "a segment is longer than any can be");
    }
    size_t want = (size_t)st.st_size > at ? (size_t)st.st_size - at : 0;
    if (want > 0 && sy_buf_reserve(b, want) == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = want == 0 ? SY_OK : segment_read(fd, b->p, want, at, &got);
    b->n = got;
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "segments", "a segment cannot be read");
}

static bool all_zero(struct sy_view v)
{
    return v.n == 0 || (v.p[0] == 0 && memcmp(v.p, v.p + 1, v.n - 1) == 0);
}

/* Where the good records of the segment last walked end, if there is anything behind them. */
struct rest {
    uint32_t segment; /* 0: nothing is to be cleared */
    size_t at;
};

/* One segment more. After a rest nothing may follow: pieces do not reach over the end of a segment. */
static sy_status read_segment(struct ledger_mirror *m, uint32_t number, struct sy_buf *b,
                              struct rest *rest, struct sy_error *reterr)
{
    struct walk w = {.m = m, .now = m->held, .good = m->held};
    size_t n = 0;
    w.now.where = (struct ledger_where){number, 0};
    SY_TRY(load_segment(m->segments, number, 0, b, reterr));
    if (all_zero(sy_buf_view(b))) {
        return SY_OK;
    }
    sy_status s = rest->segment != 0 ? sy_status_of(SY_E_ROLLBACK)
                                     : walk_bytes(&w, sy_buf_view(b), &n, reterr);
    if (s.code == SY_E_ROLLBACK) {
        return bad(&w, "these records do not follow those of the segment before", reterr);
    }
    SY_TRY(s);
    bool here = w.good.where.segment == number;
    size_t end = here ? (size_t)w.good.where.at : 0;
    m->held = w.good;
    if (!all_zero(sy_view(b->p + end, b->n - end))) {
        *rest = (struct rest){number, end};
    }
    return SY_OK;
}

/* What is behind was never acknowledged, or was damaged since: whoever sends will send it again, and the key
 * store's memory of checkpoints knows how far the log had come. */
static sy_status clear(const struct ledger_mirror *m, const struct rest *rest,
                       struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = -1;
    size_t n = 0;
    if (rest->segment == 0) {
        return SY_OK;
    }
    SY_TRY(segment_open(m->segments, rest->segment, &fd, &n, reterr));
    return segment_clear(fd, rest->at, n, reterr);
}

static sy_status read_segments(struct ledger_mirror *m, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    struct rest rest = {0};
    uint32_t n_segments = 0;
    SY_TRY(segment_count(m->segments, &n_segments, reterr));
    for (uint32_t i = 1; i <= n_segments; i++) {
        SY_TRY(read_segment(m, i, &b, &rest, reterr));
    }
    return clear(m, &rest, reterr);
}

static sy_status open_folders(struct ledger_mirror *m, int dirfd, struct sy_error *reterr)
{
    m->dir = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->dir < 0) {
        return sy_fail_errno(reterr, errno, "open ledger folder");
    }
    if (flock(m->dir, LOCK_EX | LOCK_NB) != 0) {
        return sy_fail(reterr, SY_E_BUSY, "ledger", "another process has this ledger open");
    }
    bool made = mkdirat(m->dir, "segments", 0700) == 0;
    m->segments = openat(m->dir, "segments", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (m->segments < 0 || (made && fsync(m->dir) != 0)) {
        return sy_fail_errno(reterr, errno, "open segment folder");
    }
    return SY_OK;
}

sy_status ledger_mirror_open(int dirfd, const struct proof_vkey *keys, size_t n_keys,
                             const struct ledger_seen *seen, struct ledger_mirror **ret,
                             struct sy_error *reterr)
{
    if (n_keys < 1 || n_keys > LEDGER_KEYS_MAX) {
        return sy_fail(reterr, SY_E_USAGE, "keys", "1 to %d keys", LEDGER_KEYS_MAX);
    }
    struct ledger_mirror *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    m->dir = m->segments = -1;
    m->n_keys = n_keys;
    memcpy(m->keys, keys, n_keys * sizeof(*keys));
    m->seen = seen == NULL ? (struct ledger_seen){0} : *seen;
    m->held.where = (struct ledger_where){1, 0};
    sy_status s = open_folders(m, dirfd, reterr);
    s = sy_ok(s) ? read_segments(m, reterr) : s;
    if (!sy_ok(s)) {
        ledger_mirror_close(m);
        return s;
    }
    *ret = m;
    return SY_OK;
}

void ledger_mirror_close(struct ledger_mirror *m)
{
    if (m != NULL) {
        sy_fd_close(&m->segments);
        sy_fd_close(&m->dir);
        free(m);
    }
}

struct ledger_where ledger_mirror_where(const struct ledger_mirror *m)
{
    return m->held.where;
}

struct proof_tree ledger_mirror_tree(const struct ledger_mirror *m)
{
    struct proof_tree t = {.size = m->held.tree.size};
    proof_frontier_root(&m->held.tree, t.root);
    return t;
}

sy_status ledger_mirror_trust(struct ledger_mirror *m, const struct proof_vkey *key,
                              struct sy_error *reterr)
{
    if (key->type != PROOF_SIG_ED25519 || strcmp(key->name, m->keys[0].name) != 0) {
        return sy_fail(reterr, SY_E_USAGE, "keys", "not a key of this log");
    }
    for (size_t i = 0; i < m->n_keys; i++) {
        if (memcmp(m->keys[i].key, key->key, sizeof(key->key)) == 0) {
            return SY_OK;
        }
    }
    if (m->n_keys == LEDGER_KEYS_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "keys", "no log has so many keys");
    }
    m->keys[m->n_keys++] = *key;
    return SY_OK;
}

/* --- taking ------------------------------------------------------------------------------------------ */

/* How much of a piece at `where` is held: all of it, its beginning, or nothing. SY_E_STATE behind a gap. */
static sy_status overlap(const struct ledger_mirror *m, struct ledger_where where, size_t n,
                         size_t *ret, struct sy_error *reterr)
{
    struct ledger_where held = m->held.where;
    bool next = where.segment == held.segment + 1 && where.at == 0 && held.at > 0;
    *ret = 0;
    if (where.segment < held.segment) {
        *ret = n;
    } else if (where.segment == held.segment && where.at <= held.at) {
        *ret = (size_t)sy_min_u64(n, held.at - where.at);
    } else if (!next) {
        return sy_fail(reterr, SY_E_STATE, "records", "the records before these are missing");
    }
    return SY_OK;
}

static sy_status compare(const struct ledger_mirror *m, struct ledger_where where,
                         struct sy_view piece, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    if (piece.n == 0) {
        return SY_OK;
    }
    SY_TRY(load_segment(m->segments, where.segment, (size_t)where.at, &b, reterr));
    bool same = b.n >= piece.n && memcmp(b.p, piece.p, piece.n) == 0;
    return same ? SY_OK
                : sy_fail(reterr, SY_E_ROLLBACK, "records",
                          "segment %u: other records than those that are held",
                          (unsigned)where.segment);
}

static sy_status write_piece(const struct ledger_mirror *m, struct ledger_where where,
                             struct sy_view piece, uint64_t capacity, struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = -1;
    size_t n = 0;
    if (where.at == 0) {
        SY_TRY(segment_prepare(m->segments, where.segment, (size_t)capacity, reterr));
    }
    SY_TRY(segment_open(m->segments, where.segment, &fd, &n, reterr));
    SY_TRY(segment_write(fd, piece, (size_t)where.at, reterr));
    return segment_sync(fd, reterr);
}

static sy_status take_new(struct ledger_mirror *m, struct ledger_where where, struct sy_view piece,
                          struct sy_error *reterr)
{
    struct walk w = {.m = m, .now = m->held, .good = m->held};
    size_t n = 0;
    w.now.where = where;
    if (where.at + piece.n > LEDGER_SEGMENT_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "records", "no segment is so long");
    }
    SY_TRY(walk_bytes(&w, piece, &n, reterr));
    if (w.good.where.segment != where.segment || w.good.where.at != where.at + piece.n) {
        return bad(&w, "not whole records that end in a checkpoint", reterr);
    }
    SY_TRY(write_piece(m, where, piece, w.capacity, reterr));
    m->held = w.good;
    return SY_OK;
}

sy_status ledger_mirror_take(struct ledger_mirror *m, struct ledger_where where,
                             struct sy_view piece, struct sy_error *reterr)
{
    size_t n_old = 0;
    SY_TRY(overlap(m, where, piece.n, &n_old, reterr));
    SY_TRY(compare(m, where, sy_view(piece.p, n_old), reterr));
    if (n_old == piece.n) {
        return SY_OK;
    }
    return take_new(m, ledger_where_after(where, n_old), sy_view(piece.p + n_old, piece.n - n_old),
                    reterr);
}

/* --- reading at the other end ------------------------------------------------------------------------- */

/* Cut *b behind the last checkpoint of at most `size` entries; stop at one once there is enough. */
static void cut_piece(struct sy_buf *b, uint64_t size, size_t soft_max)
{
    struct record rec;
    size_t good = 0;
    for (size_t at = 0; good < soft_max && record_parse(sy_view(b->p + at, b->n - at), &rec);) {
        struct proof_note note;
        struct proof_checkpoint c;
        at += record_bytes(rec.payload.n);
        bool is = rec.kind == RECORD_CHECKPOINT &&
                  sy_ok(proof_note_parse(rec.payload, &note, NULL)) &&
                  sy_ok(proof_checkpoint_parse(note.text, &c, NULL));
        if (is && c.size > size) {
            break;
        }
        good = is ? at : good;
    }
    b->n = good;
}

sy_status ledger_piece_read(int dirfd, struct ledger_where *where, uint64_t size, size_t soft_max,
                            struct sy_buf *b, struct sy_error *reterr)
{
    SY_FD_CLEANUP int dir =
        openat(dirfd, "segments", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "ledger/segments", "there is no ledger here");
    }
    SY_TRY(load_segment(dir, where->segment, (size_t)where->at, b, reterr));
    cut_piece(b, size, soft_max);
    if (b->n > 0 || where->at == 0) {
        return SY_OK;
    }
    struct ledger_where next = {where->segment + 1, 0};
    sy_status s = load_segment(dir, next.segment, 0, b, NULL);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK; /* nothing more yet */
    }
    SY_TRY(s);
    cut_piece(b, size, soft_max);
    *where = b->n > 0 ? next : *where;
    return SY_OK;
}
