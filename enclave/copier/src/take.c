/*
 * Taking rounds. Invariants: a file is whole and synced before it has its name; entries are taken only after
 * everything of the round that they may name; erasing comes last, in a round that is whole.
 */
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "files.h"
#include "frame.h"

enum { ITEM_MAX = 1 << 16, HAVE_MAX = 1 << 30 };
#define INCOMING "incoming"

struct taking {
    struct place *p;
    int out;
    int store; /* keys/store */
    struct sy_error *err;
    const struct sy_copy_frame *f;
    bool begun;                 /* inside a round */
    uint64_t size;              /* entries that the other end has published */
    int file;                   /* being written; -1: none */
    char name[COPIER_NAME_MAX]; /* of that file */
    struct sy_buf records;      /* of a piece */
    struct ledger_where at;     /* where it begins */
    struct list named;          /* erasable names of this round */
};

/* A name as a C string; the decoder has seen to it that there is no NUL in it. */
static sy_status name_of(struct taking *t, char ret[COPIER_NAME_MAX])
{
    if (t->f->name.n == 0 || t->f->name.n >= COPIER_NAME_MAX) {
        return sy_fail(t->err, SY_E_FIELD, "name", "a frame without its name");
    }
    sy_view_to_cstr(t->f->name, ret, COPIER_NAME_MAX);
    return SY_OK;
}

/* --- the round's begin --------------------------------------------------------------------------------- */

/* The other ledger must go on from what is held; by records that are signed, which come later. That it is
 * not shorter, nor another one of the same size, is known at once. */
static sy_status on_begin(struct taking *t)
{
    struct proof_note note;
    struct proof_checkpoint c;
    struct proof_tree held = ledger_mirror_tree(t->p->mirror);
    SY_TRY(proof_note_parse(t->f->bytes, &note, t->err));
    SY_TRY(proof_checkpoint_parse(note.text, &c, t->err));
    bool other = c.size == held.size && memcmp(c.root, held.root, sizeof(held.root)) != 0;
    if (c.size < held.size || other) {
        return sy_fail(t->err, SY_E_ROLLBACK, "checkpoint",
                       "the primary shows %s history of %" PRIu64
                       " entries, this standby holds %" PRIu64,
                       other ? "another" : "a shorter", c.size, held.size);
    }
    t->size = c.size;
    t->begun = true;
    return SY_OK;
}

/* --- files --------------------------------------------------------------------------------------------- */

static sy_status place_file(struct taking *t)
{
    int folder = -1;
    const char *name = NULL;
    if (fsync(t->file) != 0) {
        return sy_fail_errno(t->err, errno, "sync file");
    }
    sy_fd_close(&t->file);
    SY_TRY(files_folder(t->p->dir, t->name, &folder, &name, t->err));
    bool good = renameat(t->p->dir, INCOMING, folder, name) == 0 && fsync(folder) == 0;
    sy_status s = good ? SY_OK : sy_fail_errno(t->err, errno, "place file");
    sy_fd_close(&folder);
    return s;
}

static sy_status on_file(struct taking *t)
{
    char name[COPIER_NAME_MAX];
    SY_TRY(name_of(t, name));
    if (kinds_root_of(name) == NULL) {
        return sy_fail(t->err, SY_E_DENIED, "name", "a standby keeps no such file");
    }
    if (t->f->at == 0) {
        sy_fd_close(&t->file);
        t->file = openat(t->p->dir, INCOMING, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                         0600);
        memcpy(t->name, name, sizeof(name));
    }
    if (t->file < 0 || strcmp(t->name, name) != 0) {
        return sy_fail(t->err, SY_E_FIELD, "at", "a piece of a file that was not begun");
    }
    sy_status s = sy_write_all(t->file, t->f->bytes.p, t->f->bytes.n);
    if (!sy_ok(s)) {
        return sy_fail(t->err, s.code, "file", "it could not be written");
    }
    return t->f->end ? place_file(t) : SY_OK;
}

/* --- keys ---------------------------------------------------------------------------------------------- */

/* For another item of this name. One whose erasure means something does not stay on the disk, unnamed. */
static sy_status make_way(struct taking *t, const char *name)
{
    enum kinds_class class = kinds_of_item(name);
    if (class == KINDS_FIXED || class == KINDS_RETIRABLE) {
        return sy_fail(t->err, SY_E_DENIED, "name", "%s: another key than the one that is held",
                       name);
    }
    return class == KINDS_ERASABLE || class == KINDS_ENDED ? files_erase(t->store, name, t->err)
                                                           : SY_OK;
}

static sy_status put_item(struct taking *t, const char *name)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ITEM_MAX);
    if (t->f->bytes.n == 0 || t->f->bytes.n > ITEM_MAX) {
        return sy_fail(t->err, SY_E_LIMIT, "bytes", "no key item is so long");
    }
    sy_status s = sy_read_file_at(t->store, name, &b);
    if (sy_ok(s) && sy_view_eq(sy_buf_view(&b), t->f->bytes)) {
        return SY_OK; /* spares two syncs for each item and round */
    }
    if (s.code != SY_E_NOT_FOUND) {
        SY_TRY(make_way(t, name));
    }
    s = sy_replace_file_at(t->store, name, t->f->bytes, 0600);
    return sy_ok(s) ? s : sy_fail(t->err, s.code, "keys/store", "an item could not be written");
}

/* BOUNDARY: whatever the other end sends, a deposited share is not taken. */
static sy_status on_key(struct taking *t)
{
    char name[COPIER_NAME_MAX];
    SY_TRY(name_of(t, name));
    enum kinds_class class = kinds_of_item(name);
    if (class == KINDS_NEVER || class == KINDS_MEMORY) {
        return sy_fail(t->err, SY_E_DENIED, "name", "a standby keeps no such key");
    }
    return put_item(t, name);
}

static sy_status on_memory(struct taking *t)
{
    return put_item(t, "checkpoint.key");
}

/* --- records ------------------------------------------------------------------------------------------- */

static sy_status on_records(struct taking *t)
{
    struct ledger_where at = {(uint32_t)t->f->segment, t->f->at};
    if (t->f->segment == 0 || t->f->segment > UINT32_MAX) {
        return sy_fail(t->err, SY_E_FIELD, "segment", "no such segment");
    }
    if (t->records.n == 0) {
        t->at = at;
    }
    if (at.segment != t->at.segment || at.at != t->at.at + t->records.n) {
        return sy_fail(t->err, SY_E_FIELD, "at", "records out of order");
    }
    SY_TRY(sy_buf_add_view(&t->records, t->f->bytes));
    if (!t->f->end) {
        return SY_OK;
    }
    sy_status s = ledger_mirror_take(t->p->mirror, t->at, sy_buf_view(&t->records), t->err);
    sy_buf_clear(&t->records);
    return s;
}

/* --- erasing, and the round's end --------------------------------------------------------------------------- */

static sy_status on_names(struct taking *t)
{
    char name[COPIER_NAME_MAX];
    SY_TRY(name_of(t, name));
    return list_add(&t->named, name, 0);
}

/* BOUNDARY: nobody signed the names. A key that the log needs stays, whatever was not named. */
static bool may_go(const struct taking *t, const char *item)
{
    enum kinds_class class = kinds_of_item(item);
    bool by_log = class == KINDS_RETIRABLE || class == KINDS_ENDED;
    return class == KINDS_ERASABLE || (by_log && place_retired(t->p, item));
}

static sy_status erase_items(struct taking *t)
{
    LIST_CLEANUP struct list held = list_new();
    SY_TRY(files_names(t->p->dir, "keys/store", &held, t->err));
    for (size_t i = 0; i < list_count(&held); i++) {
        const char *name = list_at(&held, i)->name;
        if (list_find(&t->named, name) == NULL && may_go(t, name)) {
            SY_TRY(files_erase(t->store, name, t->err));
        }
    }
    return SY_OK;
}

/* Does it lie in a folder that the log says has ended? */
static bool has_ended(const struct taking *t, const char *path)
{
    char folder[COPIER_NAME_MAX];
    size_t n = kinds_ending(path);
    if (n == 0 || n >= sizeof(folder)) {
        return false;
    }
    memcpy(folder, path, n);
    folder[n] = '\0';
    return place_retired(t->p, folder);
}

static bool file_may_go(const struct taking *t, const char *path)
{
    const struct kinds_root *root = kinds_root_of(path);
    bool unnamed = root != NULL && root->erasable && list_find(&t->named, path) == NULL;
    return unnamed || (root != NULL && has_ended(t, path));
}

/* The folders that it lay in, when they are empty now; one that is not goes with its last file. */
static void remove_folders(const struct taking *t, const char *path)
{
    char folder[COPIER_NAME_MAX];
    (void)snprintf(folder, sizeof(folder), "%s", path);
    for (size_t n = kinds_ending(path); n > 0 && strlen(folder) > n;) {
        *strrchr(folder, '/') = '\0';
        if (unlinkat(t->p->dir, folder, AT_REMOVEDIR) != 0) {
            return;
        }
    }
}

static sy_status erase_files(struct taking *t)
{
    LIST_CLEANUP struct list held = list_new();
    SY_TRY(files_list(t->p->dir, &held, t->err));
    for (size_t i = 0; i < list_count(&held); i++) {
        const char *path = list_at(&held, i)->name, *name = NULL;
        if (!file_may_go(t, path)) {
            continue;
        }
        SY_FD_CLEANUP int folder = -1;
        SY_TRY(files_folder(t->p->dir, path, &folder, &name, t->err));
        SY_TRY(files_erase(folder, name, t->err));
        remove_folders(t, path);
    }
    return SY_OK;
}

static void tell(const struct taking *t)
{
    char line[64];
    int n = snprintf(line, sizeof(line), "copied %" PRIu64 " entries\n", t->size);
    if (t->out >= 0 && n > 0 && !sy_ok(sy_write_all(t->out, line, (size_t)n))) {
        sy_log(SY_LOG_WARN, "nobody reads what was copied");
    }
}

static sy_status on_end(struct taking *t)
{
    if (t->f->size != t->size || ledger_mirror_tree(t->p->mirror).size != t->size) {
        return sy_fail(t->err, SY_E_STATE, "size", "the round did not bring all entries");
    }
    list_sort(&t->named);
    SY_TRY(erase_items(t));
    SY_TRY(erase_files(t));
    SY_TRY(place_note(t->p, t->err));
    list_deinit(&t->named);
    t->named = list_new();
    t->begun = false;
    tell(t);
    return SY_OK;
}

/* --- frames -------------------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    sy_status (*take)(struct taking *t);
} KINDS[] = {{"begin", on_begin},   {"file", on_file},   {"key", on_key}, {"records", on_records},
             {"memory", on_memory}, {"names", on_names}, {"end", on_end}};

static sy_status take_frame(struct taking *t)
{
    bool begins = sy_view_is(t->f->kind, "begin");
    for (size_t i = 0; begins != t->begun && i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (sy_view_is(t->f->kind, KINDS[i].kind)) {
            return KINDS[i].take(t);
        }
    }
    return sy_fail(t->err, SY_E_FIELD, "kind", "a frame out of order, or of an unknown kind");
}

static sy_status take_all(struct taking *t, int in)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FRAME_MAX);
    for (;;) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_copy_frame f;
        sy_status s = frame_read(in, &b, &arena, &f, t->err);
        if (s.code == SY_E_CLOSED && !t->begun) {
            return SY_OK;
        }
        SY_TRY(s);
        t->f = &f;
        SY_TRY(take_frame(t));
    }
}

sy_status take_rounds(struct place *p, int in, int out, struct sy_error *reterr)
{
    struct taking t = {.p = p,
                       .out = out,
                       .store = openat(p->dir, "keys/store", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                       .err = reterr,
                       .file = -1,
                       .records = sy_buf(LEDGER_SEGMENT_MAX),
                       .named = list_new()};
    sy_status s = t.store < 0 ? sy_fail_errno(reterr, errno, "open keys/store") : take_all(&t, in);
    sy_fd_close(&t.store);
    sy_fd_close(&t.file);
    sy_buf_deinit(&t.records);
    list_deinit(&t.named);
    return s;
}

/* --- what is held ------------------------------------------------------------------------------------------ */

sy_status take_have(const struct place *p, int out, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HAVE_MAX);
    LIST_CLEANUP struct list held = list_new();
    struct ledger_where w = ledger_mirror_where(p->mirror);
    SY_TRY(files_list(p->dir, &held, reterr));
    SY_TRY(sy_buf_printf(&b, "shuyu-have@v1\nlog %u %" PRIu64 "\n", (unsigned)w.segment, w.at));
    for (size_t i = 0; i < list_count(&held); i++) {
        const struct list_item *item = list_at(&held, i);
        if (!kinds_root_of(item->name)->marked) {
            SY_TRY(sy_buf_printf(&b, "file %" PRIu64 " %s\n", item->size, item->name));
        }
    }
    return sy_write_all(out, b.p, b.n);
}
