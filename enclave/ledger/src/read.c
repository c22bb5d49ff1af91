/*
 * The reading end of the ledger: proofs from the tree in memory, entries from their segments. Only
 * what is committed is shown. Invariant: an entry handed out has a right frame, its leaf is the one
 * in the tree and commits to its body, whatever has happened to the segment since it was opened.
 */
#include "base/arith.h"
#include "base/fdio.h"
#include "ledger_private.h"

enum { LEAF_READ_BYTES = 512 }; /* more than any leaf of ours, with its frame */

/* --- what is committed ------------------------------------------------------------------------- */

uint64_t ledger_size(const struct ledger *l)
{
    return l->committed.size;
}

uint64_t ledger_pending(const struct ledger *l)
{
    return l->tree.size - l->committed.size;
}

struct sy_view ledger_checkpoint(const struct ledger *l)
{
    return sy_buf_view(&l->committed.note);
}

sy_status ledger_receipt(const struct ledger *l, uint64_t index, struct sy_buf *b)
{
    struct proof_receipt r = {.index = index, .checkpoint = ledger_checkpoint(l)};
    if (index >= l->committed.size) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    tree_path(&l->tree, index, l->committed.size, &r.path);
    return proof_receipt_format(&r, b);
}

sy_status ledger_inclusion(const struct ledger *l, uint64_t index, uint64_t size,
                           struct proof_path *ret)
{
    if (index >= size || size > l->committed.size) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    tree_path(&l->tree, index, size, ret);
    return SY_OK;
}

sy_status ledger_receipt_under(const struct ledger *l, uint64_t index, struct sy_view checkpoint,
                               struct sy_buf *b)
{
    struct proof_receipt r = {.index = index, .checkpoint = checkpoint};
    struct proof_checkpoint c;
    uint8_t root[PROOF_HASH_BYTES];
    if (!sy_ok(keys_checkpoint(&l->keys, checkpoint, &c)) || c.size > l->committed.size) {
        return sy_status_of(SY_E_PROOF);
    }
    tree_root(&l->tree, c.size, root);
    if (memcmp(root, c.root, sizeof(root)) != 0) {
        return sy_status_of(SY_E_PROOF);
    }
    if (index >= c.size) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    tree_path(&l->tree, index, c.size, &r.path);
    return proof_receipt_format(&r, b);
}

sy_status ledger_sign_by(struct ledger *l, const struct ledger_key *keys, size_t n_keys,
                         struct sy_error *reterr)
{
    return keys_sign_by(&l->keys, keys, n_keys, reterr);
}

sy_status ledger_sign_note(const struct ledger *l, struct sy_view text, struct sy_buf *b)
{
    return keys_sign(&l->keys, text, b);
}

sy_status ledger_verify_note(const struct ledger *l, struct sy_view bytes, struct proof_note *ret,
                             struct sy_error *reterr)
{
    return keys_verify(&l->keys, bytes, ret, reterr);
}

sy_status ledger_root(const struct ledger *l, uint64_t size, uint8_t ret[PROOF_HASH_BYTES])
{
    if (size > l->committed.size) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    tree_root(&l->tree, size, ret);
    return SY_OK;
}

sy_status ledger_consistency(const struct ledger *l, uint64_t before, uint64_t after,
                             struct proof_path *ret)
{
    if (before < 1 || before > after || after > l->committed.size) {
        return sy_status_of(SY_E_NOT_FOUND);
    }
    tree_consistency(&l->tree, before, after, ret);
    return SY_OK;
}

/* --- reading back ------------------------------------------------------------------------------ */

static sy_status changed(struct place place, struct sy_error *reterr)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(name, place.segment);
    return sy_fail(reterr, SY_E_TAMPERED, name, "byte %u: the entry is not what was written",
                   place.at);
}

/* A descriptor of the segment: the one being written, or the one last read from. */
static sy_status reading(struct ledger *l, uint32_t number, int *ret, struct sy_error *reterr)
{
    if (number == l->out.number) {
        *ret = l->out.fd;
        return SY_OK;
    }
    if (l->read_fd < 0 || l->read_number != number) {
        size_t n = 0;
        sy_fd_close(&l->read_fd);
        sy_status s = segment_open(l->segments, number, &l->read_fd, &n, reterr);
        if (s.code == SY_E_NOT_FOUND) { /* it held entries: somebody took it away */
            char name[SEGMENT_NAME_MAX];
            segment_name(name, number);
            return sy_fail(reterr, SY_E_TAMPERED, name, "the segment is missing");
        }
        SY_TRY(s);
        l->read_number = number;
    }
    *ret = l->read_fd;
    return SY_OK;
}

/* Put n bytes of the record, from offset `from` in it, at the end of *b. */
static sy_status read_piece(struct ledger *l, struct place place, size_t from, size_t n,
                            struct sy_buf *b, struct sy_error *reterr)
{
    int fd = -1;
    size_t got = 0;
    SY_TRY(reading(l, place.segment, &fd, reterr));
    uint8_t *p = sy_buf_reserve(b, n);
    if (p == NULL) {
        return sy_fail(reterr, SY_E_LIMIT, NULL, "no room for the entry");
    }
    sy_status s = segment_read(fd, p, n, place.at + from, &got);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    b->n += got;
    return got == n ? SY_OK : changed(place, reterr);
}

static bool is_leaf(const struct ledger *l, uint64_t index, struct sy_view leaf)
{
    uint8_t hash[PROOF_HASH_BYTES];
    proof_merkle_leaf(hash, leaf);
    return memcmp(hash, tree_hashes(&l->tree, 0, index, 1).p, sizeof(hash)) == 0;
}

sy_status ledger_read(struct ledger *l, uint64_t index, struct sy_buf *b, struct ledger_entry *ret,
                      struct sy_error *reterr)
{
    if (index >= l->committed.size) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "index", "the ledger has no such entry");
    }
    struct place place;
    struct record rec;
    struct ledger_entry entry;
    sy_buf_clear(b);
    SY_TRY(ledger_place(l, index, &place, reterr));
    SY_TRY(read_piece(l, place, 0, record_bytes(place.n), b, reterr));
    if (!record_parse(sy_buf_view(b), &rec) || rec.kind != RECORD_ENTRY ||
        !record_parse_entry(rec.payload, &entry) || !is_leaf(l, index, entry.leaf) ||
        !sy_ok(record_check_entry(&entry))) {
        return changed(place, reterr);
    }
    *ret = entry;
    return SY_OK;
}

sy_status ledger_read_leaf(struct ledger *l, uint64_t index, struct sy_buf *b,
                           struct sy_error *reterr)
{
    struct place place;
    SY_TRY(ledger_place(l, index, &place, reterr));
    const size_t skip = RECORD_HEAD_BYTES + RECORD_ENTRY_FIXED;
    SY_BUF_CLEANUP struct sy_buf piece = sy_buf(skip + LEDGER_LEAF_MAX);
    size_t n_first = sy_min_u64(LEAF_READ_BYTES, RECORD_HEAD_BYTES + place.n);
    SY_TRY(read_piece(l, place, 0, n_first, &piece, reterr));
    size_t n_leaf = sy_load_le32(piece.p + RECORD_HEAD_BYTES);
    if (n_leaf > LEDGER_LEAF_MAX || n_leaf > place.n - RECORD_ENTRY_FIXED) {
        return changed(place, reterr);
    }
    if (skip + n_leaf > n_first) {
        SY_TRY(read_piece(l, place, n_first, skip + n_leaf - n_first, &piece, reterr));
    }
    struct sy_view leaf = sy_view(piece.p + skip, n_leaf);
    if (!is_leaf(l, index, leaf)) {
        return changed(place, reterr);
    }
    sy_status s = sy_buf_add_view(b, leaf);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, NULL, NULL);
}

sy_status ledger_each(struct ledger *l, uint64_t first, ledger_visit visit, void *data,
                      struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    for (uint64_t i = first; i < l->committed.size; i++) {
        struct ledger_entry entry;
        SY_TRY(ledger_read(l, i, &b, &entry, reterr));
        SY_TRY(visit(data, i, &entry));
    }
    return SY_OK;
}
