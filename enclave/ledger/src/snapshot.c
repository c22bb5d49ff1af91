/*
 * Snapshot files. Invariants: a note is written only after its rows are durable under their name; rows that
 * have no note are never read; a note counts only while one of the log's keys has signed it, and rows only
 * when their digest is the note's.
 */
#include "ledger/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "base/log.h"
#include "ledger_private.h"

#define TEMP_NAME "next.tmp"

enum {
    NAME_MAX_BYTES = 32,
    SYNC_BYTES = 8 << 20, /* so that no later commit has to wait for more than this */
    READ_BYTES = 1 << 20, /* at a time */
    TAKE_MAX = 16 << 20,  /* bytes that can be asked for at once */
    NOTES_MAX = 64,       /* looked at; two is usual */
};

struct ledger_snapshot {
    struct proof_snapshot note; /* size and root; rows once synced */
    int dir; /* of our own: the thread that writes has nothing else of the ledger but: */
    atomic_bool *read_only; /* set when a sync fails */
    int fd;
    struct proof_hasher *hasher;
    size_t unsynced;  /* bytes */
    sy_status worked; /* the first failure of the thread that writes */
};

struct ledger_rows {
    int fd;
    struct proof_hasher *hasher;
    struct sy_buf in; /* read ahead */
    size_t taken;     /* of it */
    uint8_t want[PROOF_HASH_BYTES];
};

/* --- names ------------------------------------------------------------------------------------- */

static void name_of(char ret[NAME_MAX_BYTES], uint64_t size, const char *what)
{
    (void)snprintf(ret, NAME_MAX_BYTES, "%llu.%s", (unsigned long long)size, what);
}

/* The size in a name of ours; false for any other name. */
static bool size_of(const char *name, const char *what, uint64_t *ret)
{
    char again[NAME_MAX_BYTES];
    char *end;
    *ret = strtoull(name, &end, 10);
    name_of(again, *ret, what);
    return strcmp(name, again) == 0;
}

struct listing {
    uint64_t sizes[NOTES_MAX]; /* of notes, largest first */
    size_t n;
};

static void list_note(struct listing *list, uint64_t size)
{
    size_t at = list->n;
    if (at == NOTES_MAX && list->sizes[at - 1] > size) {
        return;
    }
    at -= at == NOTES_MAX ? 1 : 0;
    list->n = at + 1;
    for (; at > 0 && list->sizes[at - 1] < size; at--) {
        list->sizes[at] = list->sizes[at - 1];
    }
    list->sizes[at] = size;
}

/* The notes there are. A folder that cannot be read has none. */
static void list_notes(int dir, struct listing *ret)
{
    ret->n = 0;
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        sy_fd_close(&fd);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        uint64_t size = 0;
        if (size_of(e->d_name, "note", &size)) {
            list_note(ret, size);
        }
    }
    (void)closedir(d);
}

/* --- notes ------------------------------------------------------------------------------------- */

/* BOUNDARY: whoever writes the disk can put any file here. */
static sy_status read_note(const struct ledger *l, uint64_t size, struct proof_snapshot *ret)
{
    char name[NAME_MAX_BYTES];
    struct proof_note note;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_SNAPSHOT_MAX);
    name_of(name, size, "note");
    SY_TRY(sy_read_file_at(l->snapshots, name, &b));
    SY_TRY(keys_verify_live(&l->keys, sy_buf_view(&b), &note));
    SY_TRY(proof_snapshot_parse(note.text, sy_view_str(keys_name(&l->keys)), ret, NULL));
    return ret->size == size ? SY_OK : sy_status_of(SY_E_FIELD);
}

/* The largest of the list below `below` that is signed. */
static bool next_signed(const struct ledger *l, const struct listing *list, uint64_t below,
                        struct proof_snapshot *ret)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->sizes[i] < below && sy_ok(read_note(l, list->sizes[i], ret))) {
            return true;
        }
    }
    return false;
}

bool snapshot_newest(const struct ledger *l, struct proof_snapshot *ret)
{
    struct listing list;
    list_notes(l->snapshots, &list);
    return next_signed(l, &list, UINT64_MAX, ret);
}

static bool fits(const struct ledger *l, const struct proof_snapshot *s)
{
    uint8_t root[PROOF_HASH_BYTES];
    if (s->size > l->committed.size) {
        return false;
    }
    tree_root(&l->tree, s->size, root);
    return memcmp(root, s->root, sizeof(root)) == 0;
}

bool ledger_snapshot_next(const struct ledger *l, uint64_t below, struct proof_snapshot *ret)
{
    struct listing list;
    list_notes(l->snapshots, &list);
    while (next_signed(l, &list, below, ret)) {
        if (fits(l, ret)) {
            return true;
        }
        below = ret->size;
    }
    return false;
}

sy_status snapshot_check_all(const struct ledger *l, struct sy_error *reterr)
{
    struct listing list;
    struct proof_snapshot s;
    list_notes(l->snapshots, &list);
    for (size_t i = 0; i < list.n; i++) {
        char name[NAME_MAX_BYTES];
        name_of(name, list.sizes[i], "note");
        sy_status st = read_note(l, list.sizes[i], &s);
        if (!sy_ok(st)) {
            sy_log(SY_LOG_WARN, "snapshot passed over", SY_LOGF_N("entries", list.sizes[i]),
                   SY_LOGF_CODE(st.code));
        } else if (s.size > l->committed.size) {
            return sy_fail(reterr, SY_E_ROLLBACK, "snapshots",
                           "%s is signed over %llu entries, the segments hold %llu", name,
                           (unsigned long long)s.size, (unsigned long long)l->committed.size);
        } else if (!fits(l, &s)) {
            return sy_fail(reterr, SY_E_TAMPERED, "snapshots", "%s is signed over other entries",
                           name);
        }
    }
    return SY_OK;
}

/* --- making one -------------------------------------------------------------------------------- */

sy_status ledger_snapshot_begin(struct ledger *l, struct ledger_snapshot **ret,
                                struct sy_error *reterr)
{
    if (l->committed.size == 0 || ledger_pending(l) > 0 || l->read_only) {
        return sy_fail(reterr, SY_E_STATE, "snapshot", "only what is committed can be kept");
    }
    struct ledger_snapshot *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    s->read_only = &l->read_only;
    s->note.size = l->committed.size;
    tree_root(&l->tree, s->note.size, s->note.root);
    s->dir = openat(l->snapshots, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->fd = openat(l->snapshots, TEMP_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                   0600);
    if (s->dir < 0 || s->fd < 0) {
        sy_status st = sy_fail_errno(reterr, errno, "create snapshot");
        ledger_snapshot_drop(s);
        return st;
    }
    s->hasher = proof_hasher_new();
    *ret = s;
    return SY_OK;
}

uint64_t ledger_snapshot_size(const struct ledger_snapshot *s)
{
    return s->note.size;
}

/* A failed sync: a full disk is no more than that; anything else takes all trust in the disk. */
static sy_status unsynced(struct ledger_snapshot *s)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    s->worked = sy_status_of(full ? SY_E_NO_SPACE : SY_E_READ_ONLY);
    if (!full) {
        atomic_store(s->read_only, true);
    }
    return s->worked;
}

sy_status ledger_snapshot_add(struct ledger_snapshot *s, struct sy_view bytes)
{
    SY_TRY(s->worked);
    s->worked = sy_write_all(s->fd, bytes.p, bytes.n);
    SY_TRY(s->worked);
    proof_hasher_add(s->hasher, bytes);
    s->unsynced += bytes.n;
    if (s->unsynced < SYNC_BYTES) {
        return SY_OK;
    }
    s->unsynced = 0;
    return fdatasync(s->fd) == 0 ? SY_OK : unsynced(s);
}

/* What is older than the newest complete one before this. */
static void remove_older(const struct ledger_snapshot *s)
{
    struct listing list;
    bool kept = false;
    list_notes(s->dir, &list);
    for (size_t i = 0; i < list.n; i++) {
        char name[NAME_MAX_BYTES];
        if (!kept) {
            kept = list.sizes[i] < s->note.size;
            continue;
        }
        name_of(name, list.sizes[i], "note");
        (void)unlinkat(s->dir, name, 0);
        name_of(name, list.sizes[i], "rows");
        (void)unlinkat(s->dir, name, 0);
    }
}

/* Rows whose note was never written. */
static void remove_unsigned(const struct ledger_snapshot *s)
{
    int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        sy_fd_close(&fd);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char note[NAME_MAX_BYTES];
        uint64_t size = 0;
        if (size_of(e->d_name, "rows", &size)) {
            name_of(note, size, "note");
            if (faccessat(s->dir, note, F_OK, 0) != 0) {
                (void)unlinkat(s->dir, e->d_name, 0);
            }
        }
    }
    (void)closedir(d);
}

sy_status ledger_snapshot_sync(struct ledger_snapshot *s)
{
    char name[NAME_MAX_BYTES];
    SY_TRY(s->worked);
    proof_hasher_end(s->hasher, s->note.rows);
    s->hasher = NULL;
    if (fsync(s->fd) != 0) {
        return unsynced(s);
    }
    remove_older(s);
    remove_unsigned(s);
    name_of(name, s->note.size, "rows");
    if (renameat(s->dir, TEMP_NAME, s->dir, name) != 0) {
        s->worked = sy_fail_errno(NULL, errno, "rename snapshot");
        return s->worked;
    }
    return fsync(s->dir) == 0 ? SY_OK : unsynced(s);
}

static sy_status write_note(struct ledger *l, const struct ledger_snapshot *s,
                            struct sy_error *reterr)
{
    char name[NAME_MAX_BYTES];
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_SNAPSHOT_MAX);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(PROOF_SNAPSHOT_MAX);
    name_of(name, s->note.size, "note");
    sy_status st = proof_snapshot_encode(sy_view_str(keys_name(&l->keys)), &s->note, &text);
    if (sy_ok(st)) {
        st = keys_sign(&l->keys, sy_buf_view(&text), &note);
    }
    if (sy_ok(st)) {
        st = sy_replace_file_at(l->snapshots, name, sy_buf_view(&note), 0600);
        st = st.code == SY_E_IO ? sy_status_of(SY_E_READ_ONLY) : st; /* it may have been the sync */
    }
    return sy_ok(st) ? st : sy_fail(reterr, st.code, "snapshot", "its note cannot be written");
}

sy_status ledger_snapshot_sign(struct ledger *l, struct ledger_snapshot *s,
                               const uint8_t state[PROOF_HASH_BYTES], struct sy_error *reterr)
{
    sy_status st = s->worked;
    memcpy(s->note.state, state, sizeof(s->note.state));
    if (!sy_ok(st)) {
        st = sy_fail(reterr, st.code, "snapshot", "its rows could not be written");
    } else if (s->hasher != NULL || !fits(l, &s->note)) {
        st = sy_fail(reterr, SY_E_STATE, "snapshot", "its rows are not complete");
    } else {
        st = write_note(l, s, reterr);
    }
    if (st.code == SY_E_READ_ONLY) {
        l->read_only = true;
    }
    ledger_snapshot_drop(s);
    return st;
}

void ledger_snapshot_drop(struct ledger_snapshot *s)
{
    if (s == NULL) {
        return;
    }
    sy_fd_close(&s->fd);
    sy_fd_close(&s->dir);
    proof_hasher_drop(s->hasher);
    free(s);
}

/* --- reading rows ------------------------------------------------------------------------------ */

sy_status ledger_rows_open(const struct ledger *l, const struct proof_snapshot *s,
                           struct ledger_rows **ret, struct sy_error *reterr)
{
    char name[NAME_MAX_BYTES];
    name_of(name, s->size, "rows");
    int fd = openat(l->snapshots, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? sy_fail(reterr, SY_E_NOT_FOUND, "rows", "the rows are missing")
                               : sy_fail_errno(reterr, errno, "open snapshot");
    }
    struct ledger_rows *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        sy_fd_close(&fd);
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    *r = (struct ledger_rows){
        .fd = fd, .hasher = proof_hasher_new(), .in = sy_buf(TAKE_MAX + READ_BYTES)};
    memcpy(r->want, s->rows, sizeof(r->want));
    *ret = r;
    return SY_OK;
}

/* Have n bytes at hand, or all there are. */
static sy_status read_ahead(struct ledger_rows *r, size_t n)
{
    sy_buf_consume(&r->in, r->taken);
    r->taken = 0;
    while (r->in.n < n) {
        size_t got = 0;
        uint8_t *p = sy_buf_reserve(&r->in, READ_BYTES);
        if (p == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
        ssize_t k = read(r->fd, p, READ_BYTES);
        if (k < 0 && errno == EINTR) {
            continue;
        }
        if (k < 0) {
            return sy_fail_errno(NULL, errno, "read snapshot");
        }
        got = (size_t)k;
        if (got == 0) {
            return SY_OK;
        }
        proof_hasher_add(r->hasher, sy_view(p, got));
        r->in.n += got;
    }
    return SY_OK;
}

sy_status ledger_rows_take(struct ledger_rows *r, size_t n, struct sy_view *ret)
{
    if (n > TAKE_MAX) {
        return sy_status_of(SY_E_TAMPERED);
    }
    if (r->in.n - r->taken < n) {
        SY_TRY(read_ahead(r, n));
    }
    if (r->in.n - r->taken < n) {
        return sy_status_of(SY_E_TAMPERED);
    }
    *ret = sy_view(r->in.p + r->taken, n);
    r->taken += n;
    return SY_OK;
}

sy_status ledger_rows_close(struct ledger_rows *r, struct sy_error *reterr)
{
    uint8_t digest[PROOF_HASH_BYTES];
    struct sy_view more;
    sy_status s = ledger_rows_take(r, 1, &more);
    proof_hasher_end(r->hasher, digest);
    bool right = s.code == SY_E_TAMPERED && memcmp(digest, r->want, sizeof(digest)) == 0;
    sy_fd_close(&r->fd);
    sy_buf_deinit(&r->in);
    free(r);
    if (right) {
        return SY_OK;
    }
    return sy_fail(reterr, sy_ok(s) ? SY_E_TAMPERED : s.code, "rows",
                   "the rows are not those that were signed");
}

/* --- what was skipped -------------------------------------------------------------------------- */

uint64_t ledger_unread(const struct ledger *l)
{
    return l->skipped.n - l->skipped.reread;
}

sy_status ledger_reread(struct ledger *l, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    uint64_t first = l->skipped.reread;
    uint64_t end = sy_min_u64(first + TILES_WIDTH, l->skipped.n);
    for (uint64_t i = first; i < end; i++) {
        struct ledger_entry entry;
        sy_status s = ledger_read(l, i, &b, &entry, reterr);
        if (!sy_ok(s)) {
            bool gone = s.code == SY_E_NOT_FOUND; /* its segment */
            return gone ? sy_fail(reterr, SY_E_TAMPERED, "segments", "a segment is missing") : s;
        }
    }
    if (end - first == TILES_WIDTH) {
        SY_TRY(publish_bundle(l, first / TILES_WIDTH, reterr));
    }
    l->skipped.reread = end;
    return SY_OK;
}
