/*
 * Sending rounds. What is read when decides what a crash at either end may leave: first the memory of
 * checkpoints and how far the log was published, then the keys, then the files, which stay or grow, and the log
 * last, up to where it was. So the standby never holds an entry without what it names, nor a memory of more
 * than it has.
 */
#include "send.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "files.h"
#include "frame.h"

enum { ITEM_MAX = 1 << 16, ITEMS_MAX = 1 << 28 };

/* A round: what was read at its begin. */
struct round {
    struct sending *s;
    struct sy_error *err;
    struct sy_buf memory, note;
    uint64_t size; /* entries published */
    int store;
    struct list items, files; /* names of key items; files with sizes */
};

static sy_status put(const struct round *r, const struct sy_copy_frame *f)
{
    return frame_write(r->s->out, f, r->err);
}

#define FRAME(kind_, ...) (&(struct sy_copy_frame){.kind = sy_view_str(kind_), __VA_ARGS__})

/* --- reading the begin ----------------------------------------------------------------------------------- */

static sy_status read_published(struct round *r)
{
    struct proof_note note;
    struct proof_checkpoint c;
    sy_status s = sy_read_file_at(r->s->dir, "ledger/public/checkpoint", &r->note);
    if (!sy_ok(s)) {
        return sy_fail(r->err, SY_E_STATE, "ledger/public/checkpoint",
                       "the domain has published no checkpoint yet");
    }
    if (faccessat(r->s->dir, "ledger/public/next", F_OK, 0) == 0) {
        return sy_fail(r->err, SY_E_STATE, "ledger/public/next",
                       "the domain's log was closed and goes on as another, which is not copied: "
                       "a standby of it can't be kept (docs/shards.md)");
    }
    SY_TRY(proof_note_parse(sy_buf_view(&r->note), &note, r->err));
    SY_TRY(proof_checkpoint_parse(note.text, &c, r->err));
    r->size = c.size;
    return SY_OK;
}

static sy_status read_begin(struct round *r)
{
    r->store = openat(r->s->dir, "keys/store", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (r->store < 0) {
        return sy_fail(r->err, SY_E_NOT_FOUND, "keys/store", "the folder holds no domain");
    }
    sy_status s = sy_read_file_at(r->store, "checkpoint.key", &r->memory);
    if (!sy_ok(s)) {
        return sy_fail(r->err, s.code, "keys/store/checkpoint", "it cannot be read");
    }
    SY_TRY(read_published(r));
    SY_TRY(files_names(r->s->dir, "keys/store", &r->items, r->err));
    return SY_OK;
}

/* --- keys ------------------------------------------------------------------------------------------------- */

/* A kind that the list does not know stays here, and somebody should know of it; once. */
static sy_status report_strange(struct round *r, const char *name)
{
    if (kinds_item_stays(name) || list_find(&r->s->strange, name) != NULL) {
        return SY_OK;
    }
    sy_log(SY_LOG_WARN, "a key of an unknown kind is not copied",
           SY_LOGF_ID("item", sy_view_str(name)));
    SY_TRY(list_add(&r->s->strange, name, 0));
    list_sort(&r->s->strange);
    return SY_OK;
}

/* One frame of an item, in memory until the files have gone. */
static sy_status load_item(struct round *r, const struct list_item *item, struct list *ret,
                           struct sy_buf *b)
{
    const char *name = item->name;
    const struct list_item *sent = list_find(&r->s->items, name);
    enum kinds_class class = kinds_of_item(name);
    if (class == KINDS_NEVER) {
        return report_strange(r, name);
    }
    if (class == KINDS_MEMORY || (sent != NULL && sent->size == item->size)) {
        return SY_OK;
    }
    size_t before = b->n;
    sy_status s = sy_read_file_at(r->store, name, b);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK; /* erased meanwhile */
    }
    SY_TRY(s);
    return list_add(ret, name, b->n - before);
}

static sy_status load_items(struct round *r, struct list *ret, struct sy_buf *b)
{
    for (size_t i = 0; i < list_count(&r->items); i++) {
        SY_TRY(load_item(r, list_at(&r->items, i), ret, b));
    }
    return SY_OK;
}

static sy_status send_items(struct round *r, const struct list *items, struct sy_view bytes)
{
    for (size_t i = 0; i < list_count(items); i++) {
        const struct list_item *item = list_at(items, i);
        SY_TRY(put(r, FRAME("key", .name = sy_view_str(item->name),
                            .bytes = sy_view(bytes.p, (size_t)item->size))));
        bytes = sy_view(bytes.p + item->size, bytes.n - (size_t)item->size);
    }
    return SY_OK;
}

/* --- files ------------------------------------------------------------------------------------------------- */

static sy_status send_pieces(struct round *r, const char *name, int fd, uint64_t *ret_size)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FRAME_PIECE);
    uint8_t *p = sy_buf_reserve(&b, FRAME_PIECE);
    if (p == NULL) {
        return sy_fail(r->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    bool end = false;
    for (uint64_t at = 0; !end; at = *ret_size) {
        ssize_t n = pread(fd, p, FRAME_PIECE, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return sy_fail_errno(r->err, errno, "read file");
        }
        end = n < FRAME_PIECE;
        *ret_size = at + (uint64_t)n;
        SY_TRY(put(r, FRAME("file", .name = sy_view_str(name), .at = at, .end = end,
                            .bytes = sy_view(p, (size_t)n))));
    }
    return SY_OK;
}

/* A folder whose last file is missing is still being written: its files have their full size before they are
 * whole. Once it is there, they stay as they are. */
static bool is_whole(const struct round *r, const char *name)
{
    char path[COPIER_NAME_MAX];
    const char *last = kinds_root_of(name)->last, *file = strrchr(name, '/') + 1;
    int n =
        last == NULL ? 0 : snprintf(path, sizeof(path), "%.*s%s", (int)(file - name), name, last);
    return last == NULL ||
           (n > 0 && (size_t)n < sizeof(path) && list_find(&r->files, path) != NULL);
}

/* What was sent is known from now on, with its mark, or the size that it was sent with. */
static sy_status send_file(struct round *r, const struct list_item *item, struct list *known)
{
    SY_FD_CLEANUP int fd = -1;
    const struct list_item *have = list_find(&r->s->known, item->name);
    uint64_t size = item->size, number = item->size;
    if (!is_whole(r, item->name)) {
        return SY_OK;
    }
    if (have == NULL || have->size != item->size) {
        sy_status s = files_open(r->s->dir, item->name, &fd, r->err);
        if (s.code == SY_E_NOT_FOUND) {
            return SY_OK; /* swept meanwhile */
        }
        SY_TRY(s);
        SY_TRY(send_pieces(r, item->name, fd, &size));
        number = kinds_root_of(item->name)->marked ? number : size;
    }
    return list_add(known, item->name, number);
}

static sy_status send_files(struct round *r)
{
    struct list known = list_new();
    sy_status s = SY_OK;
    for (size_t i = 0; sy_ok(s) && i < list_count(&r->files); i++) {
        s = send_file(r, list_at(&r->files, i), &known);
    }
    list_deinit(sy_ok(s) ? &r->s->known : &known);
    if (sy_ok(s)) {
        list_sort(&known);
        r->s->known = known;
    }
    return s;
}

/* --- records ------------------------------------------------------------------------------------------------ */

static sy_status send_piece(const struct round *r, struct ledger_where at, struct sy_view piece)
{
    while (piece.n > 0) {
        size_t n = piece.n < FRAME_PIECE ? piece.n : FRAME_PIECE;
        SY_TRY(put(r, FRAME("records", .segment = at.segment, .at = at.at,
                            .bytes = sy_view(piece.p, n), .end = n == piece.n)));
        at = ledger_where_after(at, n);
        piece = sy_view(piece.p + n, piece.n - n);
    }
    return SY_OK;
}

static sy_status send_records(struct round *r)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    SY_FD_CLEANUP int ledger =
        openat(r->s->dir, "ledger", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (ledger < 0) {
        return sy_fail_errno(r->err, errno, "open the ledger's folder");
    }
    for (;;) {
        struct ledger_where at = r->s->log;
        SY_TRY(ledger_piece_read(ledger, &at, r->size, FRAME_PIECE, &b, r->err));
        if (b.n == 0) {
            return SY_OK;
        }
        SY_TRY(send_piece(r, at, sy_buf_view(&b)));
        r->s->log = ledger_where_after(at, b.n);
    }
}

/* --- the round ---------------------------------------------------------------------------------------------- */

static sy_status send_names(struct round *r)
{
    for (size_t i = 0; i < list_count(&r->items); i++) {
        const char *name = list_at(&r->items, i)->name;
        if (kinds_is_named(kinds_of_item(name))) {
            SY_TRY(put(r, FRAME("names", .name = sy_view_str(name))));
        }
    }
    for (size_t i = 0; i < list_count(&r->files); i++) {
        const char *name = list_at(&r->files, i)->name;
        if (kinds_root_of(name)->erasable) {
            SY_TRY(put(r, FRAME("names", .name = sy_view_str(name))));
        }
    }
    return SY_OK;
}

static sy_status send_all(struct round *r)
{
    LIST_CLEANUP struct list items = list_new();
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(ITEMS_MAX);
    SY_TRY(load_items(r, &items, &bytes));
    SY_TRY(files_list(r->s->dir, &r->files, r->err));
    SY_TRY(put(r, FRAME("begin", .bytes = sy_buf_view(&r->note))));
    SY_TRY(send_files(r));
    SY_TRY(send_items(r, &items, sy_buf_view(&bytes)));
    SY_TRY(send_records(r));
    SY_TRY(put(r, FRAME("memory", .bytes = sy_buf_view(&r->memory))));
    SY_TRY(send_names(r));
    return put(r, FRAME("end", .size = r->size));
}

sy_status send_round(struct sending *s, bool always, bool *ret_sent, struct sy_error *reterr)
{
    struct round r = {.s = s,
                      .err = reterr,
                      .memory = sy_buf(ITEM_MAX),
                      .note = sy_buf(PROOF_NOTE_MAX),
                      .store = -1,
                      .items = list_new(),
                      .files = list_new()};
    sy_status done = read_begin(&r);
    *ret_sent = sy_ok(done) && (always || r.size != s->sent);
    if (*ret_sent) {
        done = send_all(&r);
        s->sent = r.size;
        list_deinit(&s->items);
        s->items = r.items;
        r.items = list_new();
    }
    sy_fd_close(&r.store);
    sy_buf_deinit(&r.memory);
    sy_buf_deinit(&r.note);
    list_deinit(&r.items);
    list_deinit(&r.files);
    return done;
}

/* --- what the other end has ---------------------------------------------------------------------------------- */

/* "word NUMBER rest" of a line; *line is what is left of it. */
static bool number_after(struct sy_view *line, const char *word, uint64_t *ret)
{
    size_t n = strlen(word), i = n;
    *ret = 0;
    if (!sy_view_starts(*line, sy_view_str(word))) {
        return false;
    }
    for (; i < line->n && line->p[i] >= '0' && line->p[i] <= '9' && i < n + 19; i++) {
        *ret = *ret * 10 + (uint64_t)(line->p[i] - '0');
    }
    bool good = i > n && (i == line->n || line->p[i] == ' ');
    size_t skip = i == line->n ? i : i + 1;
    *line = sy_view(line->p + skip, line->n - skip);
    return good;
}

static sy_status take_line(struct sending *s, struct sy_view line, struct sy_error *err)
{
    uint64_t a = 0, b = 0;
    char name[COPIER_NAME_MAX];
    struct sy_view rest = line;
    if (number_after(&rest, "file ", &a) && rest.n > 0 && rest.n < sizeof(name)) {
        sy_view_to_cstr(rest, name, sizeof(name));
        const struct kinds_root *root = kinds_root_of(name);
        bool tells =
            root != NULL && !root->marked; /* of others the size says nothing: they go again */
        return tells ? list_add(&s->known, name, a) : SY_OK;
    }
    rest = line;
    if (number_after(&rest, "log ", &a) && a > 0 && a <= UINT32_MAX &&
        number_after(&rest, "", &b) && rest.n == 0) {
        s->log = (struct ledger_where){(uint32_t)a, b};
        return SY_OK;
    }
    return sy_fail(err, SY_E_FIELD, "have", "not what shuyu-copier have prints");
}

/* BOUNDARY: it comes from the standby's machine; a wrong list costs time, or a round that is refused. */
static sy_status take_lines(struct sending *s, struct sy_view have, struct sy_error *err)
{
    static const char FIRST[] = "shuyu-have@v1\n";
    if (have.n > 0 && !sy_view_starts(have, sy_view_str(FIRST))) {
        return sy_fail(err, SY_E_FIELD, "have", "not what shuyu-copier have prints");
    }
    have = have.n == 0 ? have : sy_view(have.p + sizeof(FIRST) - 1, have.n - sizeof(FIRST) + 1);
    while (have.n > 0) {
        const uint8_t *end = memchr(have.p, '\n', have.n);
        size_t n = end == NULL ? have.n : (size_t)(end - have.p);
        SY_TRY(take_line(s, sy_view(have.p, n), err));
        n += end == NULL ? 0 : 1;
        have = sy_view(have.p + n, have.n - n);
    }
    list_sort(&s->known);
    return SY_OK;
}

sy_status send_init(int dir, int out, struct sy_view have, struct sending *ret,
                    struct sy_error *reterr)
{
    *ret = (struct sending){.dir = dir,
                            .out = out,
                            .log = {1, 0},
                            .known = list_new(),
                            .items = list_new(),
                            .strange = list_new(),
                            .sent = UINT64_MAX};
    return take_lines(ret, have, reterr);
}

void send_deinit(struct sending *s)
{
    list_deinit(&s->known);
    list_deinit(&s->items);
    list_deinit(&s->strange);
}
