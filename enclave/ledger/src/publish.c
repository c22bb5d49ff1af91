/*
 * The public folder: hash tiles, entry bundles, checkpoint, as strangers fetch them. All of it
 * follows from the segments, so nothing here is synced, and the first pass after opening compares
 * every file with what it must be.
 *
 * Invariants: a file appears whole, by rename from outside the folder; `checkpoint` is replaced only
 * after every tile it needs is there; partial tiles exist for every checkpoint since the last full
 * tile and go once the full one has come, as tlog-tiles allows.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "ledger_private.h"

/* Files of two threads, which may be at work at the same time. */
#define TEMP_NAME          "publish.tmp"
#define TEMP_NAME_COSIGNED "cosigned.tmp"

enum {
    LENGTH_BYTES = 2,
    BUNDLE_MAX = TILES_WIDTH * (LENGTH_BYTES + LEDGER_LEAF_MAX),
    CHECKPOINT_MAX = 1 << 16, /* cosignatures may be added to the public one */
    LEVEL_BITS = 8,
    PREPARE_STEP = 1 << 20, /* bytes of the next segment at a time */
    PREPARE_JOB = 4 << 20,  /* when nobody waits for it */
};

static int level_of(size_t i)
{
    return i == TILES_LEVELS ? TILES_ENTRIES : (int)i;
}

/* --- which partial widths ----------------------------------------------------------------------- */

static void set_bit(uint64_t *bits, unsigned i)
{
    bits[i / 64] |= 1ULL << (i % 64);
}

static bool has_bit(const uint64_t *bits, unsigned i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

void publish_note_size(struct ledger *l, uint64_t size)
{
    for (size_t i = 0; i < PUBLIC_LEVELS; i++) {
        struct partials *p = &l->publishing.partials[i];
        uint64_t number = tiles_full(size, level_of(i));
        unsigned width = tiles_partial(size, level_of(i));
        if (p->number != number) {
            *p = (struct partials){.number = number};
        }
        if (width != 0) {
            set_bit(p->wanted, width);
        }
    }
}

void publish_note_skipped(struct ledger *l, uint64_t size)
{
    struct publishing *p = &l->publishing;
    for (size_t i = 0; i < PUBLIC_LEVELS; i++) {
        p->partials[i] = (struct partials){.number = tiles_full(size, level_of(i))};
        for (unsigned width = 1; width <= tiles_partial(size, level_of(i)); width++) {
            set_bit(p->partials[i].wanted, width);
        }
    }
    p->full[0] = tiles_full(size, 0);
    p->full[TILES_LEVELS] = tiles_full(size, TILES_ENTRIES); /* bundles: ledger_reread */
}

/* --- files ------------------------------------------------------------------------------------- */

/* Make the folders above a path that exist not yet. */
static void make_parents(int dir, const char *path)
{
    char part[TILES_PATH_MAX];
    for (size_t i = 1; path[i] != '\0'; i++) {
        if (path[i] == '/') {
            memcpy(part, path, i);
            part[i] = '\0';
            /* Public whatever the umask is. A failure shows when a file is put in it. */
            if (mkdirat(dir, part, 0755) == 0 && fchmodat(dir, part, 0755, 0) != 0) {
                return;
            }
        }
    }
}

static sy_status write_temp(const struct ledger *l, const char *temp, struct sy_view content)
{
    SY_FD_CLEANUP int fd =
        openat(l->dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 || fchmod(fd, 0644) != 0) {
        return sy_fail_errno(NULL, errno, "create public file");
    }
    return sy_write_all(fd, content.p, content.n);
}

static sy_status put_by(const struct ledger *l, const char *temp, const char *path,
                        struct sy_view content, struct sy_error *reterr)
{
    sy_status s = write_temp(l, temp, content);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, path, "the public file cannot be written");
    }
    if (renameat(l->dir, temp, l->public_dir, path) == 0) {
        return SY_OK;
    }
    make_parents(l->public_dir, path);
    if (renameat(l->dir, temp, l->public_dir, path) != 0) {
        return sy_fail_errno(reterr, errno, "rename public file");
    }
    return SY_OK;
}

sy_status publish_put(const struct ledger *l, const char *path, struct sy_view content,
                      struct sy_error *reterr)
{
    return put_by(l, TEMP_NAME, path, content, reterr);
}

/* Now, or in its turn by the publisher. */
static sy_status put_file(struct ledger *l, const char *path, struct sy_view content,
                          struct sy_error *reterr)
{
    if (!publisher_collects(l->publisher)) {
        return publish_put(l, path, content, reterr);
    }
    sy_status s = publisher_put(l->publisher, path, content);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, path, "the public file cannot be kept");
}

/* Is this the file's content already? Any trouble with reading it is a no. */
static bool is_file(struct ledger *l, const char *path, struct sy_view content)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(content.n + 1);
    return sy_ok(sy_read_file_at(l->public_dir, path, &b)) && sy_view_eq(sy_buf_view(&b), content);
}

/* Take the partial forms of a tile away. What remains does no harm. */
void publish_drop(const struct ledger *l, int level, uint64_t number)
{
    char path[TILES_PATH_MAX];
    tiles_partial_folder(path, level, number);
    int fd = openat(l->public_dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        sy_fd_close(&fd);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        (void)unlinkat(fd, e->d_name, 0);
    }
    (void)closedir(d);
    (void)unlinkat(l->public_dir, path, AT_REMOVEDIR);
}

static sy_status drop_partials(struct ledger *l, int level, uint64_t number)
{
    if (publisher_collects(l->publisher)) {
        return publisher_drop(l->publisher, level, number);
    }
    publish_drop(l, level, number);
    return SY_OK;
}

/* --- tiles ------------------------------------------------------------------------------------- */

/* The file holds exactly `width` entries, and they are those of the tree. */
static bool is_bundle(struct ledger *l, const char *path, uint64_t first, unsigned width)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(BUNDLE_MAX + 1);
    if (!sy_ok(sy_read_file_at(l->public_dir, path, &b))) {
        return false;
    }
    size_t at = 0;
    for (unsigned i = 0; i < width; i++) {
        uint8_t hash[PROOF_HASH_BYTES];
        if (b.n - at < LENGTH_BYTES) {
            return false;
        }
        size_t n = (size_t)b.p[at] << 8 | b.p[at + 1];
        at += LENGTH_BYTES;
        if (n > b.n - at) {
            return false;
        }
        proof_merkle_leaf(hash, sy_view(b.p + at, n));
        if (memcmp(hash, tree_hashes(&l->tree, 0, first + i, 1).p, sizeof(hash)) != 0) {
            return false;
        }
        at += n;
    }
    return at == b.n;
}

static sy_status add_leaf(struct ledger *l, uint64_t index, struct sy_buf *b,
                          struct sy_error *reterr)
{
    static const uint8_t place[LENGTH_BYTES];
    size_t at = b->n;
    sy_status s = sy_buf_add(b, place, sizeof(place));
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    SY_TRY(ledger_read_leaf(l, index, b, reterr));
    size_t n = b->n - at - LENGTH_BYTES;
    b->p[at] = (uint8_t)(n >> 8);
    b->p[at + 1] = (uint8_t)n;
    return SY_OK;
}

/* check: leave the file that is there if it is right. */
static sy_status put_bundle(struct ledger *l, uint64_t number, unsigned width, bool check,
                            struct sy_error *reterr)
{
    char path[TILES_PATH_MAX];
    uint64_t first = number * TILES_WIDTH;
    tiles_path(path, TILES_ENTRIES, number, width);
    if (check && is_bundle(l, path, first, width)) {
        return SY_OK;
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(BUNDLE_MAX);
    for (unsigned i = 0; i < width; i++) {
        SY_TRY(add_leaf(l, first + i, &b, reterr));
    }
    return put_file(l, path, sy_buf_view(&b), reterr);
}

sy_status publish_bundle(struct ledger *l, uint64_t number, struct sy_error *reterr)
{
    publish_settle(l);
    return put_bundle(l, number, TILES_WIDTH, true, reterr);
}

static sy_status put_tile(struct ledger *l, int level, uint64_t number, unsigned width,
                          struct sy_error *reterr)
{
    char path[TILES_PATH_MAX];
    if (level == TILES_ENTRIES) {
        return put_bundle(l, number, width, !l->publishing.checked, reterr);
    }
    tiles_path(path, level, number, width);
    struct sy_view hashes =
        tree_hashes(&l->tree, (unsigned)level * LEVEL_BITS, number * TILES_WIDTH, width);
    if (!l->publishing.checked && is_file(l, path, hashes)) {
        return SY_OK;
    }
    return put_file(l, path, hashes, reterr);
}

static sy_status publish_level(struct ledger *l, size_t i, struct sy_error *reterr)
{
    int level = level_of(i);
    uint64_t *full = &l->publishing.full[i];
    struct partials *p = &l->publishing.partials[i];
    while (*full < tiles_full(l->committed.size, level)) {
        SY_TRY(put_tile(l, level, *full, TILES_WIDTH, reterr));
        SY_TRY(drop_partials(l, level, *full));
        (*full)++;
    }
    for (unsigned width = 1; width < TILES_WIDTH; width++) {
        if (has_bit(p->wanted, width) && !has_bit(p->written, width)) {
            SY_TRY(put_tile(l, level, p->number, width, reterr));
            set_bit(p->written, width);
        }
    }
    return SY_OK;
}

/* --- checkpoint -------------------------------------------------------------------------------- */

static sy_status read_public(struct ledger *l, struct sy_buf *b)
{
    sy_status s = sy_read_file_at(l->public_dir, "checkpoint", b);
    /* Too long is none of ours, and none at all is the common case of a new folder. */
    return s.code == SY_E_NOT_FOUND || s.code == SY_E_LIMIT ? SY_OK : s;
}

sy_status publish_read_checkpoint(struct ledger *l, bool *ret_found, struct proof_tree *ret)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CHECKPOINT_MAX);
    struct proof_checkpoint c;
    SY_TRY(read_public(l, &b));
    *ret_found = sy_ok(keys_checkpoint(&l->keys, sy_buf_view(&b), &c));
    if (*ret_found) {
        ret->size = c.size;
        memcpy(ret->root, c.root, sizeof(ret->root));
    }
    return SY_OK;
}

/* A checkpoint in place that begins with ours may have witnesses' lines below it: it stays. */
static bool is_published(struct ledger *l)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CHECKPOINT_MAX);
    struct proof_note note;
    return sy_ok(sy_read_file_at(l->public_dir, "checkpoint", &b)) &&
           sy_view_starts(sy_buf_view(&b), ledger_checkpoint(l)) &&
           sy_ok(proof_note_parse(sy_buf_view(&b), &note, NULL));
}

static sy_status publish_checkpoint(struct ledger *l, struct sy_error *reterr)
{
    if (!l->publishing.checked && is_published(l)) {
        return SY_OK;
    }
    return put_file(l, "checkpoint", ledger_checkpoint(l), reterr);
}

/*
 * So that no append has to wait for a segment to be filled with zeros: from half of this one on, the next is
 * made four times as fast, in pieces of at most a step. A failure shows where it is needed.
 */
static size_t prepare_due(const struct ledger *l, size_t step)
{
    const struct writing *out = &l->out;
    size_t half = out->capacity / 2;
    if (out->next_ready || l->read_only || out->at <= half) {
        return 0;
    }
    size_t due = sy_min_u64((uint64_t)4 * (out->at - half), l->segment_bytes);
    size_t filled = out->next.fd < 0 ? 0 : out->next.filled;
    return sy_min_u64(due, filled + step);
}

/* --- a pass ------------------------------------------------------------------------------------ */

/* Write, or collect, what is missing. */
static sy_status pass(struct ledger *l, struct sy_error *reterr)
{
    struct publishing *p = &l->publishing;
    if (p->checked && p->size == l->committed.size) {
        return SY_OK;
    }
    for (size_t i = 0; i < PUBLIC_LEVELS; i++) {
        SY_TRY(publish_level(l, i, reterr));
    }
    SY_TRY(publish_checkpoint(l, reterr));
    p->checked = true;
    p->size = l->committed.size;
    return SY_OK;
}

/* A job was not done to its end: what it was to write is looked at again, file by file. */
static void unpublish(struct ledger *l)
{
    struct publishing *p = &l->publishing;
    memcpy(p->full, l->before_started.full, sizeof(p->full));
    for (size_t i = 0; i < PUBLIC_LEVELS; i++) {
        memset(p->partials[i].written, 0, sizeof(p->partials[i].written));
    }
    p->checked = false;
}

static void take_outcome(struct ledger *l, bool ended)
{
    sy_status s = SY_OK;
    if (publisher_settle(l->publisher, ended, &s) && !sy_ok(s)) {
        unpublish(l);
        l->untold = s;
    }
}

void publish_settle(struct ledger *l)
{
    take_outcome(l, false);
}

sy_status ledger_publish(struct ledger *l, struct sy_error *reterr)
{
    publish_settle(l);
    l->untold = SY_OK; /* what could not be written is written now */
    size_t due = prepare_due(l, PREPARE_STEP);
    if (due > 0) {
        (void)sy_ok(ledger_prepare_next(l, due, NULL));
    }
    return pass(l, reterr);
}

sy_status ledger_publish_cosigned(struct ledger *l, struct sy_view note, uint64_t size,
                                  struct sy_error *reterr)
{
    take_outcome(l, true); /* a job that has ended is none any more */
    SY_TRY(put_by(l, TEMP_NAME_COSIGNED, "checkpoint.cosigned", note, reterr));
    bool newest =
        l->publishing.checked && l->publishing.size == size && !publisher_works(l->publisher);
    return newest ? put_by(l, TEMP_NAME_COSIGNED, "checkpoint", note, reterr) : SY_OK;
}

/* Everything of this pass as one job. */
static sy_status collect(struct ledger *l, struct sy_error *reterr)
{
    size_t due = prepare_due(l, PREPARE_JOB);
    l->before_started = l->publishing;
    if (due > 0) {
        SY_TRY(publisher_prepare(l->publisher, due));
    }
    return pass(l, reterr);
}

bool ledger_publish_works(const struct ledger *l)
{
    return publisher_works(l->publisher);
}

sy_status ledger_publish_start(struct ledger *l, struct sy_error *reterr)
{
    take_outcome(l, true);
    sy_status s = l->untold;
    l->untold = SY_OK;
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "public", "the public files could not be written");
    }
    if (!l->publishing.checked && !publisher_works(l->publisher)) {
        return ledger_publish(l, reterr);
    }
    if (l->publishing.checked && l->publishing.size == l->committed.size) {
        return SY_OK;
    }
    s = publisher_begin(l);
    if (s.code == SY_E_NO_MEMORY) {
        return ledger_publish(l, reterr); /* no thread could be had */
    }
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "public", "the files before are being written");
    }
    s = collect(l, reterr);
    if (sy_ok(s)) {
        publisher_start(l->publisher);
    } else {
        publisher_forget(l->publisher);
        unpublish(l);
    }
    return s;
}
