/*
 * Reading one column. The file is walked twice: first null bitmap, labels and ranges, then the
 * values, because masking a value needs to know whether it is NULL and how labels are numbered. A
 * walk decrypts only the chunks it wants; both check every chunk's place, so each byte of the file
 * is verified once.
 * Invariants: no plaintext is used before its chunk's tag has verified; what was written to the
 * caller's descriptor is taken back (truncated) when anything fails; 1 MiB of plaintext is held
 * outside it, and wiped; everything lives in one struct on one thread, so that several columns of
 * an open version can be read at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "column_labels.h"
#include "column_value.h"
#include "format.h"
#include "vault_state.h"
#include "version.h"

enum {
    PIECE_BYTES = 64 << 10,  /* read and decrypted at a time, so that it stays in the cache */
    SLICE_VALUES = 32 << 10, /* masked at a time */
    SLICE_BYTES = SLICE_VALUES * 8,
    TABLE_MAX = 1 << 17, /* values of a number or date that are masked by looking them up */
    BUFFER_BYTES = SY_CHUNK_BYTES + CRYPT_TAG_BYTES,
};

struct reading {
    const struct vault_version *ver;
    const struct vault_ask *ask;
    const struct sy_column_version *record;
    struct sy_mask mask;
    struct sy_field_def masked;
    struct column_head head;
    uint64_t width;  /* after the mask */
    uint64_t number; /* of the chunk under way, for errors */
    int in;
    uint64_t in_bytes; /* size of the file as it is */
    int out;
    struct vault_cipher cipher;
    uint8_t *buffer; /* one chunk and its tag */
    uint8_t *slice;  /* masked values on their way out */
    int64_t *table;  /* masked value of lo + i, or NULL */
    uint8_t bits[SLICE_VALUES / 8];
    uint64_t done[CHUNK_N]; /* plaintext bytes of each kind taken so far */
    bool any_null;
    struct sy_buf label_bytes;
    struct sy_buf range_bytes;
    struct column_labels labels;
    struct sy_arena *arena;
};

/* --- errors ----------------------------------------------------------------------------------- */

static sy_status changed(const struct reading *r, const char *part, struct sy_error *reterr)
{
    const struct sy_dataset_version *v = r->ver->record;
    char at[256];
    (void)snprintf(at, sizeof(at), "%.*s/%" PRIu64 "/%.*s/%s", SY_PV(v->dataset), v->version,
                   SY_PV(r->ask->def->name), part);
    return sy_fail(reterr, SY_E_TAMPERED, at, "%s is missing or was changed", at);
}

/* Give a failure within the walk its name: a file that ends too early was changed, too. */
static sy_status blame_chunk(const struct reading *r, sy_status s, struct sy_error *reterr)
{
    if (s.code == SY_E_TAMPERED || s.code == SY_E_CLOSED) {
        char part[40];
        (void)snprintf(part, sizeof(part), "chunk %" PRIu64, r->number);
        return changed(r, part, reterr);
    }
    return vault_blame(s, "column", reterr);
}

/* --- input ------------------------------------------------------------------------------------ */

static sy_status open_and_digest(struct reading *r, uint8_t head[COLUMN_HEAD_BYTES],
                                 uint8_t ret_digest[32])
{
    size_t index = (size_t)(r->record - r->ver->record->columns);
    r->in = openat(r->ver->fd, column_file(index).s, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (r->in < 0 || fstat(r->in, &st) != 0) {
        return errno == ENOENT ? sy_status_of(SY_E_CLOSED) : sy_fail_errno(NULL, errno, "open");
    }
    r->in_bytes = (uint64_t)st.st_size;
    SY_TRY(sy_read_all(r->in, head, COLUMN_HEAD_BYTES));
    return column_head_digest(head, ret_digest);
}

/* Does the header agree with the ledger's record in everything that both name? */
static bool head_fits(const struct reading *r)
{
    const struct sy_dataset_version *v = r->ver->record;
    const struct column_head *h = &r->head;
    uint8_t identity[32];
    return h->version == v->version && h->rows == v->rows && h->bytes == r->record->bytes &&
           h->chunks == r->record->chunks && memcmp(h->attempt, v->attempt, 16) == 0 &&
           sy_ok(column_identity(v->dataset, r->record->name, h, identity)) &&
           memcmp(identity, h->identity, 32) == 0;
}

static sy_status open_file(struct reading *r, struct sy_error *reterr)
{
    uint8_t head[COLUMN_HEAD_BYTES] = {0}, digest[32] = {0};
    sy_status s = open_and_digest(r, head, digest);
    if (s.code == SY_E_CLOSED || (sy_ok(s) && memcmp(digest, r->record->header, 32) != 0)) {
        return changed(r, "header", reterr);
    }
    SY_TRY(vault_blame(s, "column", reterr));
    s = column_head_parse(head, &r->head);
    if (s.code == SY_E_TAMPERED || (sy_ok(s) && !head_fits(r))) {
        return changed(r, "header", reterr);
    }
    SY_TRY(vault_blame(s, "column", reterr));
    if (r->head.type != column_type_of(r->ask->def->type) ||
        r->head.width != sy_field_width(r->ask->def) ||
        r->head.has_nulls != r->ask->def->nullable) {
        return sy_fail(reterr, SY_E_FIELD, "def", "the version has this field with another type");
    }
    return SY_OK;
}

static sy_status open_cipher(struct reading *r)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(column_key(&r->ver->key, r->record->name, r->head.salt, &key));
    return vault_cipher_open(vault_secret_view(&key), false, &r->cipher);
}

/* The body of the chunk at the file's position into r->buffer, verified. */
static sy_status open_chunk(struct reading *r, const uint8_t head[CHUNK_HEAD_BYTES], size_t n)
{
    SY_TRY(chunk_start(&r->cipher, r->head.identity, head, r->number));
    for (size_t at = 0; at < n; at += PIECE_BYTES) {
        size_t piece = (size_t)sy_min_u64(n - at, PIECE_BYTES);
        SY_TRY(sy_read_all(r->in, r->buffer + at, piece));
        SY_TRY(vault_cipher_update(&r->cipher, r->buffer + at, piece));
    }
    SY_TRY(sy_read_all(r->in, r->buffer + n, CRYPT_TAG_BYTES));
    return vault_cipher_open_end(&r->cipher, r->buffer + n);
}

static sy_status skip_chunk(const struct reading *r, size_t n)
{
    off_t at = lseek(r->in, (off_t)(n + CRYPT_TAG_BYTES), SEEK_CUR);
    if (at < 0) {
        return sy_fail_errno(NULL, errno, "seek");
    }
    return (uint64_t)at <= r->in_bytes ? SY_OK : sy_status_of(SY_E_CLOSED);
}

/* --- output ----------------------------------------------------------------------------------- */

static bool mask_is_number(enum sy_mask_kind kind)
{
    return kind == SY_MASK_BAND || kind == SY_MASK_MONTH || kind == SY_MASK_YEAR ||
           kind == SY_MASK_YEARS;
}

static uint64_t nulls_at(const struct reading *r)
{
    return (r->width * r->head.rows + 63) / 64 * 64;
}

static sy_status write_at(int fd, const uint8_t *p, size_t n, uint64_t at)
{
    if (lseek(fd, (off_t)at, SEEK_SET) < 0) {
        return sy_fail_errno(NULL, errno, "seek");
    }
    return sy_write_all(fd, p, n);
}

/* The null bits of values first.. into r->bits, from where the first walk wrote them. */
static sy_status load_bits(struct reading *r, uint64_t first, size_t n_values)
{
    if (!r->any_null) {
        return SY_OK;
    }
    if (lseek(r->out, (off_t)(nulls_at(r) + first / 8), SEEK_SET) < 0) {
        return sy_fail_errno(NULL, errno, "seek");
    }
    return sy_read_all(r->out, r->bits, (n_values + 7) / 8);
}

/* Calendar arithmetic is slow: where the catalogue's bounds are narrow, do it once a value. */
static sy_status make_table(struct reading *r)
{
    const struct sy_field_def *def = r->ask->def;
    uint64_t last = (uint64_t)def->hi - (uint64_t)def->lo;
    if (!mask_is_number(r->mask.kind) || last >= TABLE_MAX) {
        return SY_OK;
    }
    r->table = calloc(last + 1, sizeof(*r->table));
    if (r->table == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (uint64_t i = 0; i <= last; i++) {
        r->table[i] = sy_mask_i64(def, &r->mask, def->lo + (int64_t)i);
    }
    return SY_OK;
}

static void mask_numbers(const struct reading *r, const uint8_t *in, size_t n)
{
    const struct sy_field_def *def = r->ask->def;
    const int64_t lo = def->lo, hi = def->hi, *table = r->table;
    const uint64_t width = r->width;
    for (size_t i = 0; i < n; i++) {
        int64_t v = column_load(in, width, true, i);
        v = table == NULL ? sy_mask_i64(def, &r->mask, v)
                          : table[sy_min_i64(sy_max_i64(v, lo), hi) - lo];
        column_store(r->slice, width, i, v);
    }
}

/* BOUNDARY: a code beyond the labels cannot come from the writer, whose batches were checked. */
static sy_status mask_codes(const struct reading *r, const uint8_t *in, size_t n)
{
    const struct column_labels *l = &r->labels;
    for (size_t i = 0; i < n; i++) {
        uint64_t code = (uint64_t)column_load(in, r->head.width, false, i);
        bool known = code < l->n_map;
        if (!known && !(r->any_null && column_bit(r->bits, i))) {
            return sy_status_of(SY_E_TAMPERED);
        }
        column_store(r->slice, r->width, i, known ? l->map[code] : 0);
    }
    return SY_OK;
}

/* Mask values in[n] of the column, of which the first is number `first`, into r->slice; a NULL's
 * bytes stay 0. */
static sy_status mask_slice(struct reading *r, const uint8_t *in, uint64_t first, size_t n)
{
    SY_TRY(load_bits(r, first, n));
    if (r->labels.map != NULL) {
        SY_TRY(mask_codes(r, in, n));
    } else {
        mask_numbers(r, in, n);
    }
    for (size_t i = 0; i < n && r->any_null; i++) {
        if (column_bit(r->bits, i)) {
            column_store(r->slice, r->width, i, 0);
        }
    }
    return write_at(r->out, r->slice, n * r->width, first * r->width);
}

static sy_status take_values(struct reading *r, size_t n, uint64_t at)
{
    if (n % r->head.width != 0 || at + n > r->head.width * r->head.rows) {
        return sy_status_of(SY_E_TAMPERED);
    }
    if (r->labels.map == NULL && !mask_is_number(r->mask.kind)) {
        return write_at(r->out, r->buffer, n, at);
    }
    size_t n_values = n / r->head.width;
    for (size_t i = 0; i < n_values; i += SLICE_VALUES) {
        size_t slice = (size_t)sy_min_u64(n_values - i, SLICE_VALUES);
        SY_TRY(mask_slice(r, r->buffer + i * r->head.width, at / r->head.width + i, slice));
    }
    return SY_OK;
}

static sy_status take_nulls(struct reading *r, size_t n, uint64_t at)
{
    if (!r->head.has_nulls || at + n > (r->head.rows + 7) / 8) {
        return sy_status_of(SY_E_TAMPERED);
    }
    r->any_null = r->any_null || !sodium_is_zero(r->buffer, n);
    return write_at(r->out, r->buffer, n, nulls_at(r) + at);
}

static sy_status take_labels(struct reading *r, size_t n, uint64_t at)
{
    (void)at;
    return sy_buf_add(&r->label_bytes, r->buffer, n);
}

static sy_status take_ranges(struct reading *r, size_t n, uint64_t at)
{
    (void)at;
    return sy_buf_add(&r->range_bytes, r->buffer, n);
}

/* --- the walk --------------------------------------------------------------------------------- */

static sy_status take(struct reading *r, const struct chunk_head *h)
{
    static sy_status (*const TAKE[CHUNK_N])(struct reading *, size_t, uint64_t) = {
        [CHUNK_VALUES] = take_values,
        [CHUNK_NULLS] = take_nulls,
        [CHUNK_LABELS] = take_labels,
        [CHUNK_RANGES] = take_ranges,
    };
    SY_TRY(TAKE[h->kind](r, h->bytes, r->done[h->kind]));
    r->done[h->kind] += h->bytes;
    return SY_OK;
}

/* Sizes of value chunks follow from the header, so that a skipped chunk's head, too, is checked. */
static bool chunk_fits(const struct reading *r, const struct chunk_head *h)
{
    if (h->kind < CHUNK_VALUES || h->kind >= CHUNK_N || h->bytes == 0 ||
        h->bytes > SY_CHUNK_BYTES) {
        return false;
    }
    uint64_t values = r->head.width * r->head.rows;
    uint64_t before = h->nth * SY_CHUNK_BYTES;
    return h->kind != CHUNK_VALUES ||
           (before < values && h->bytes == sy_min_u64(values - before, SY_CHUNK_BYTES));
}

/* One chunk; nth counts chunks by kind in this walk. */
static sy_status walk_chunk(struct reading *r, bool values, uint64_t nth[CHUNK_N])
{
    uint8_t head[CHUNK_HEAD_BYTES];
    SY_TRY(sy_read_all(r->in, head, sizeof(head)));
    struct chunk_head h = chunk_head_parse(head);
    if (!chunk_fits(r, &h) || h.nth != nth[h.kind]++) {
        return sy_status_of(SY_E_TAMPERED);
    }
    if ((h.kind == CHUNK_VALUES) != values) {
        return skip_chunk(r, h.bytes);
    }
    SY_TRY(open_chunk(r, head, h.bytes));
    return take(r, &h);
}

/* The file must end where its header says: after the last chunk. */
static sy_status check_end(const struct reading *r)
{
    off_t at = lseek(r->in, 0, SEEK_CUR);
    bool ok = at >= 0 && (uint64_t)at == r->head.bytes && r->in_bytes == r->head.bytes;
    return ok ? SY_OK : sy_status_of(SY_E_TAMPERED);
}

static sy_status walk(struct reading *r, bool values)
{
    uint64_t nth[CHUNK_N] = {0};
    if (lseek(r->in, COLUMN_HEAD_BYTES, SEEK_SET) < 0) {
        return sy_fail_errno(NULL, errno, "seek");
    }
    for (r->number = 0; r->number < r->head.chunks; r->number++) {
        SY_TRY(walk_chunk(r, values, nth));
    }
    return check_end(r);
}

/* --- the whole -------------------------------------------------------------------------------- */

static const struct sy_column_version *find_column(const struct vault_version *ver,
                                                   struct sy_view name)
{
    for (size_t i = 0; i < ver->record->n_columns; i++) {
        if (sy_view_eq(ver->record->columns[i].name, name)) {
            return &ver->record->columns[i];
        }
    }
    return NULL;
}

/* Everything that can be refused before a byte is read. */
static sy_status check_ask(struct reading *r, struct sy_error *reterr)
{
    const struct sy_field_def *def = r->ask->def;
    SY_TRY(sy_mask_parse(r->ask->mask, &r->mask, reterr));
    SY_TRY(sy_mask_def(def, &r->mask, r->arena, &r->masked, reterr));
    bool keyed = r->mask.kind == SY_MASK_PSEUDONYM && !sy_view_is(def->type, "unit");
    if (keyed && (r->ask->scene_key == NULL || r->ask->scene_key->n != VAULT_KEY_BYTES)) {
        (void)sy_fail(reterr, SY_E_USAGE, "scene_key", "a pseudonym needs the scene's key");
        return sy_status_of(SY_E_USAGE);
    }
    r->width = sy_field_width(&r->masked);
    r->record = find_column(r->ver, def->name);
    if (r->record == NULL) {
        (void)sy_fail(reterr, SY_E_FIELD, "def", "the version has no such field");
        return sy_status_of(SY_E_FIELD);
    }
    return SY_OK;
}

static sy_status make_buffers(struct reading *r)
{
    r->buffer = calloc(1, BUFFER_BYTES);
    r->slice = calloc(1, SLICE_BYTES);
    r->label_bytes = sy_buf(DICT_MAX_BYTES);
    r->range_bytes = sy_buf(DICT_MAX_BYTES);
    r->label_bytes.wipe = r->range_bytes.wipe = true;
    return r->buffer != NULL && r->slice != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

static sy_status set_labels(struct reading *r)
{
    if (r->head.type == COLUMN_TEXT) {
        SY_TRY(column_labels_parse(sy_buf_view(&r->label_bytes), r->arena, &r->labels));
    } else if (r->head.type == COLUMN_ENUM) {
        r->labels.labels = r->ask->def->values;
        r->labels.n = r->ask->def->n_values;
    } else {
        return SY_OK;
    }
    return column_labels_mask(&r->labels, &r->mask, r->ask->scene_key, r->arena);
}

static sy_status check_sizes(const struct reading *r)
{
    bool ok = r->done[CHUNK_VALUES] == r->head.width * r->head.rows &&
              r->done[CHUNK_NULLS] == (r->head.has_nulls ? (r->head.rows + 7) / 8 : 0);
    return ok ? SY_OK : sy_status_of(SY_E_TAMPERED);
}

/* Exactly the layout: without a NULL there is no bitmap. A column of no rows is an empty file. */
static sy_status set_size(const struct reading *r, bool nulls)
{
    uint64_t size = nulls ? nulls_at(r) + (r->head.rows + 7) / 8 : r->width * r->head.rows;
    return ftruncate(r->out, (off_t)size) == 0 ? SY_OK : sy_fail_errno(NULL, errno, "truncate");
}

static sy_status fill(struct reading *r)
{
    SY_TRY(make_buffers(r));
    SY_TRY(open_cipher(r));
    SY_TRY(walk(r, false));
    SY_TRY(set_labels(r));
    SY_TRY(make_table(r));
    SY_TRY(walk(r, true));
    SY_TRY(check_sizes(r));
    return set_size(r, r->any_null);
}

static sy_status give_ranges(const struct reading *r, struct vault_column *ret)
{
    size_t n = r->range_bytes.n / 16;
    struct vault_range *ranges = n == 0 ? NULL : sy_arena_alloc(r->arena, n, sizeof(*ranges));
    if (n > 0 && ranges == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        int64_t lo = (int64_t)sy_load_le64(r->range_bytes.p + 16 * i);
        int64_t hi = (int64_t)sy_load_le64(r->range_bytes.p + 16 * i + 8);
        bool some = lo <= hi;
        ranges[i].lo = some ? sy_mask_i64(r->ask->def, &r->mask, lo) : lo;
        ranges[i].hi = some ? sy_mask_i64(r->ask->def, &r->mask, hi) : hi;
    }
    ret->ranges = ranges;
    ret->n_ranges = n;
    return SY_OK;
}

static sy_status give(const struct reading *r, struct vault_column *ret)
{
    struct vault_column c = {
        .column = {.field = r->masked.name,
                   .type = r->masked.type,
                   .width = r->width,
                   .rows = r->head.rows,
                   .nulls = r->any_null},
    };
    if (sy_view_is(r->masked.type, "text")) {
        c.column.dict = r->labels.labels;
        c.column.n_dict = r->labels.n;
    }
    SY_TRY(give_ranges(r, &c));
    *ret = c;
    return SY_OK;
}

static void deinit(struct reading *r)
{
    if (r->buffer != NULL) {
        sodium_memzero(r->buffer, BUFFER_BYTES);
    }
    if (r->slice != NULL) {
        sodium_memzero(r->slice, SLICE_BYTES);
    }
    free(r->buffer);
    free(r->slice);
    free(r->table);
    sy_buf_deinit(&r->label_bytes);
    sy_buf_deinit(&r->range_bytes);
    vault_cipher_close(&r->cipher);
    sy_fd_close(&r->in);
}

static sy_status read_column(struct reading *r, struct vault_column *ret, struct sy_error *reterr)
{
    SY_TRY(check_ask(r, reterr));
    SY_TRY(open_file(r, reterr));
    SY_TRY(blame_chunk(r, fill(r), reterr));
    return vault_blame(give(r, ret), "column", reterr);
}

sy_status vault_column_read(const struct vault_version *ver, const struct vault_ask *ask, int fd,
                            struct sy_arena *arena, struct vault_column *ret,
                            struct sy_error *reterr)
{
    struct reading r = {.ver = ver, .ask = ask, .in = -1, .out = fd, .arena = arena};
    sy_status s = read_column(&r, ret, reterr);
    deinit(&r);
    if (!sy_ok(s) && ftruncate(fd, 0) != 0) {
        return s; /* the caller drops the descriptor anyway */
    }
    return s;
}
