/*
 * A column on its way to disk. Values, null bits, labels and ranges are four streams; whichever has
 * a chunk's worth is encrypted in place and appended, so memory stays at one chunk each.
 * Invariants: a key is made for this file alone (random salt) and seals chunk numbers 0, 1, 2, ...
 * once each; the bytes of a NULL are zero; the header is written last, and only then is the file
 * one that the reader could accept.
 */
#include "column_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "column_value.h"
#include "wire/mask.h"

enum { RANGE_BYTES = 16 };

/* --- chunks ----------------------------------------------------------------------------------- */

static sy_status write_two(int fd, struct sy_view a, struct sy_view b)
{
    SY_TRY(sy_write_all(fd, a.p, a.n));
    return sy_write_all(fd, b.p, b.n);
}

/* Seal what the stream holds as the file's next chunk. */
static sy_status flush(struct column_writer *c, enum chunk_kind kind)
{
    struct column_stream *s = &c->streams[kind];
    uint8_t head[CHUNK_HEAD_BYTES];
    chunk_head_encode(&(struct chunk_head){(uint8_t)kind, (uint32_t)s->buf.n, s->nth}, head);
    size_t n = s->buf.n;
    uint8_t *tag = sy_buf_reserve(&s->buf, CRYPT_TAG_BYTES);
    if (tag == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(chunk_start(&c->cipher, c->head.identity, head, c->head.chunks));
    SY_TRY(vault_cipher_update(&c->cipher, s->buf.p, n));
    SY_TRY(vault_cipher_seal_end(&c->cipher, tag));
    s->buf.n += CRYPT_TAG_BYTES;
    SY_TRY(write_two(c->fd, sy_view(head, sizeof(head)), sy_buf_view(&s->buf)));
    c->head.bytes += sizeof(head) + s->buf.n;
    c->head.chunks++;
    s->nth++;
    s->buf.n = 0; /* ciphertext: nothing to wipe */
    return SY_OK;
}

static sy_status stream_add(struct column_writer *c, enum chunk_kind kind, const uint8_t *p,
                            size_t n_bytes)
{
    struct column_stream *s = &c->streams[kind];
    while (n_bytes > 0) {
        size_t n = (size_t)sy_min_u64(n_bytes, SY_CHUNK_BYTES - s->buf.n);
        SY_TRY(sy_buf_add(&s->buf, p, n));
        p += n;
        n_bytes -= n;
        if (s->buf.n == SY_CHUNK_BYTES) {
            SY_TRY(flush(c, kind));
        }
    }
    return SY_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* What a value may be: declared bounds, else what the type holds; codes for the rest. */
static void set_bounds(struct column_writer *c)
{
    const struct sy_field_def *def = c->def;
    bool declared = def->lo != 0 || def->hi != 0;
    int64_t labels = c->type == COLUMN_ENUM   ? (int64_t)def->n_values
                     : c->type == COLUMN_BOOL ? 2
                                              : 0;
    c->lo = 0;
    c->hi = labels - 1;
    if (column_is_number(c->type)) {
        c->lo = declared ? def->lo : c->head.width == 4 ? INT32_MIN : INT64_MIN;
        c->hi = declared ? def->hi : c->head.width == 4 ? INT32_MAX : INT64_MAX;
    }
}

sy_status column_writer_open(struct column_writer *c, int dirfd, size_t index,
                             struct sy_view dataset, const struct vault_secret *version_key)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    c->type = column_type_of(c->def->type);
    c->head.type = (uint8_t)c->type;
    c->head.width = (uint8_t)sy_field_width(c->def);
    c->head.has_nulls = c->def->nullable;
    c->head.bytes = COLUMN_HEAD_BYTES;
    c->range_lo = INT64_MAX;
    c->range_hi = INT64_MIN;
    set_bounds(c);
    for (int k = 0; k < CHUNK_N; k++) {
        c->streams[k].buf = sy_buf(SY_CHUNK_BYTES + CRYPT_TAG_BYTES);
        c->streams[k].buf.wipe = true;
    }
    randombytes_buf(c->head.salt, sizeof(c->head.salt));
    randombytes_buf(c->label_key, sizeof(c->label_key));
    SY_TRY(column_identity(dataset, c->def->name, &c->head, c->head.identity));
    SY_TRY(column_key(version_key, c->def->name, c->head.salt, &key));
    SY_TRY(vault_cipher_open(vault_secret_view(&key), true, &c->cipher));
    c->fd = openat(dirfd, column_file(index).s,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (c->fd < 0) {
        return sy_fail_errno(NULL, errno, "make column file");
    }
    static const uint8_t NO_HEAD[COLUMN_HEAD_BYTES];
    return sy_write_all(c->fd, NO_HEAD, sizeof(NO_HEAD));
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The unit's codes as values; the code of a missing one is zeroed with the other NULLs. */
static sy_status code_units(struct column_writer *c, struct sy_view ids, uint64_t n_rows,
                            uint8_t *values)
{
    SY_TRY(vault_map_code(c->map, ids, n_rows, c->guest, (uint32_t *)(void *)values));
    for (uint64_t i = 0; i < n_rows; i++) {
        column_store(values, 4, i, ((const uint32_t *)(const void *)values)[i]);
    }
    return SY_OK;
}

static sy_status end_morsel(struct column_writer *c)
{
    uint8_t range[RANGE_BYTES];
    sy_store_le64(range, (uint64_t)c->range_lo);
    sy_store_le64(range + 8, (uint64_t)c->range_hi);
    c->range_lo = INT64_MAX;
    c->range_hi = INT64_MIN;
    return stream_add(c, CHUNK_RANGES, range, sizeof(range));
}

/* Is row i of the batch NULL? By the bitmap, or by an empty identifier at *id. */
static bool take_null(const struct sy_ingest_column *in, uint64_t i, const uint8_t **id)
{
    bool null = in->nulls.n > 0 && column_bit(in->nulls.p, i);
    if (in->ids.n > 0) {
        null = null || **id == 0;
        *id += 1 + **id;
    }
    return null;
}

/* Zero the values of NULLs, and append the bitmap and the ranges of finished morsels. */
static sy_status add_side(struct column_writer *c, const struct sy_ingest_column *in,
                          uint64_t n_rows, uint8_t *values)
{
    const uint8_t *id = in->ids.p;
    bool ranged = column_is_number(c->type);
    if (!c->head.has_nulls && !ranged) {
        return SY_OK; /* column_check saw that nothing is NULL */
    }
    for (uint64_t i = 0; i < n_rows; i++) {
        uint64_t row = c->head.rows + i;
        if (take_null(in, i, &id)) {
            column_store(values, c->head.width, i, 0);
            c->null_bits |= (uint8_t)(1U << (row % 8));
        } else if (ranged) {
            int64_t v = column_load(values, c->head.width, true, i);
            c->range_lo = sy_min_i64(c->range_lo, v);
            c->range_hi = sy_max_i64(c->range_hi, v);
        }
        if (row % 8 == 7 && c->head.has_nulls) {
            SY_TRY(stream_add(c, CHUNK_NULLS, &c->null_bits, 1));
            c->null_bits = 0;
        }
        if (ranged && row % SY_MORSEL_ROWS == SY_MORSEL_ROWS - 1) {
            SY_TRY(end_morsel(c));
        }
    }
    return SY_OK;
}

struct unit_hash column_label_hash(const struct column_writer *c, struct sy_view label)
{
    struct unit_hash ret;
    _Static_assert(sizeof(ret.b) == crypto_shorthash_siphashx24_BYTES, "the whole hash");
    _Static_assert(sizeof(c->label_key) == crypto_shorthash_siphashx24_KEYBYTES, "the whole key");
    (void)crypto_shorthash_siphashx24(ret.b, label.p, label.n, c->label_key);
    return ret;
}

static sy_status add_labels(struct column_writer *c, const struct sy_ingest_column *in)
{
    SY_TRY(unit_table_reserve(&c->labels, in->n_dict));
    for (size_t i = 0; i < in->n_dict; i++) {
        uint8_t n[4];
        sy_store_le32(n, (uint32_t)in->dict[i].n);
        SY_TRY(stream_add(c, CHUNK_LABELS, n, sizeof(n)));
        SY_TRY(stream_add(c, CHUNK_LABELS, in->dict[i].p, in->dict[i].n));
        struct unit_hash hash = column_label_hash(c, in->dict[i]);
        (void)unit_table_add(&c->labels, &hash);
        c->dict_bytes += sizeof(n) + in->dict[i].n;
        c->hi++;
    }
    return SY_OK;
}

sy_status column_add(struct column_writer *c, const struct sy_ingest_column *in, uint64_t n_rows,
                     uint8_t *scratch)
{
    if (n_rows == 0) {
        return SY_OK;
    }
    if (c->type == COLUMN_UNIT) {
        SY_TRY(code_units(c, in->ids, n_rows, scratch));
    } else {
        memcpy(scratch, in->data.p, in->data.n);
    }
    SY_TRY(add_labels(c, in));
    SY_TRY(add_side(c, in, n_rows, scratch));
    SY_TRY(stream_add(c, CHUNK_VALUES, scratch, c->head.width * n_rows));
    c->head.rows += n_rows;
    return SY_OK;
}

/* --- closing ---------------------------------------------------------------------------------- */

static sy_status flush_rest(struct column_writer *c)
{
    if (c->head.has_nulls && c->head.rows % 8 != 0) {
        SY_TRY(stream_add(c, CHUNK_NULLS, &c->null_bits, 1));
    }
    if (column_is_number(c->type) && c->head.rows % SY_MORSEL_ROWS != 0) {
        SY_TRY(end_morsel(c));
    }
    for (int k = CHUNK_VALUES; k < CHUNK_N; k++) {
        if (c->streams[k].buf.n > 0) {
            SY_TRY(flush(c, (enum chunk_kind)k));
        }
    }
    return SY_OK;
}

sy_status column_finish(struct column_writer *c, struct sy_column_version *ret)
{
    uint8_t head[COLUMN_HEAD_BYTES];
    SY_TRY(flush_rest(c));
    column_head_encode(&c->head, head);
    if (lseek(c->fd, 0, SEEK_SET) < 0) {
        return sy_fail_errno(NULL, errno, "seek");
    }
    SY_TRY(sy_write_all(c->fd, head, sizeof(head)));
    if (fsync(c->fd) != 0) {
        return sy_fail_errno(NULL, errno, "fsync column");
    }
    ret->bytes = c->head.bytes;
    ret->chunks = c->head.chunks;
    return column_head_digest(head, ret->header);
}

void column_writer_close(struct column_writer *c)
{
    for (int k = 0; k < CHUNK_N; k++) {
        sy_buf_deinit(&c->streams[k].buf);
    }
    unit_table_deinit(&c->labels);
    vault_cipher_close(&c->cipher);
    sy_fd_close(&c->fd);
}
