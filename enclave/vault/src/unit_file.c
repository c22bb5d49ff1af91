/*
 * The append-only file of a unit map. The key store remembers (blocks, codes, bytes, chain) of the last
 * finished version; the file may be longer after a crash. Reading checks every block and the chain over
 * their tags up to what is remembered; no finished version uses codes beyond.
 * Invariant: blocks have random nonces, because after a cut the same block number is written again under
 * the same key.
 */
#include "unit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "files.h"
#include "vault_state.h"
#include "wire/envelope.h"

enum {
    HEAD_BYTES = 24,
    BLOCK_MAX_BYTES = UNIT_BLOCK_HASHES * 16,
    MEMORY_BYTES = 64,
    MEMORY_BYTES_1 = 56, /* of a map that never had a guest */
};

static const uint8_t MAGIC[8] = {'S', 'H', 'U', 'Y', 'U', 'M', 'A', 'P'};

/* --- the item "units:NS" ---------------------------------------------------------------------- */

static sy_status load_extent(const struct vault *v, const char *ns, struct unit_extent *ret)
{
    struct vault_name name = vault_name("units:%s", ns);
    uint8_t b[MEMORY_BYTES] = {0};
    sy_status s = vault_item_fixed(v, name.s, b, sizeof(b));
    SY_TRY(s.code == SY_E_TAMPERED ? vault_item_fixed(v, name.s, b, MEMORY_BYTES_1) : s);
    *ret = (struct unit_extent){.blocks = sy_load_le64(b),
                                .codes = sy_load_le64(b + 8),
                                .bytes = sy_load_le64(b + 16),
                                .guests = sy_load_le64(b + MEMORY_BYTES_1)};
    memcpy(ret->chain, b + 24, 32);
    return ret->guests <= ret->codes ? SY_OK : sy_status_of(SY_E_TAMPERED);
}

sy_status unit_extent_put(const struct vault *v, const char *ns, const struct unit_extent *e)
{
    uint8_t b[MEMORY_BYTES];
    sy_store_le64(b, e->blocks);
    sy_store_le64(b + 8, e->codes);
    sy_store_le64(b + 16, e->bytes);
    memcpy(b + 24, e->chain, 32);
    sy_store_le64(b + MEMORY_BYTES_1, e->guests);
    return vault_shelf_put(&v->items, vault_name("units:%s", ns).s, sy_view(b, sizeof(b)));
}

/* A namespace that was never used has neither item, nor key, nor file. If the item alone is gone,
 * someone took it away: starting over would give old codes to new units. */
sy_status unit_extent_find(const struct vault *v, const char *ns, struct unit_extent *ret,
                           bool *ret_new)
{
    sy_status s = load_extent(v, ns, ret);
    if (s.code != SY_E_NOT_FOUND) {
        *ret_new = false;
        return s;
    }
    if (vault_shelf_has(&v->items, vault_name("unit:%s", ns).s) ||
        faccessat(v->units_fd, ns, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return sy_status_of(SY_E_TAMPERED);
    }
    *ret = (struct unit_extent){0};
    *ret_new = true;
    return SY_OK;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static sy_status chain_on(struct unit_extent *e, const uint8_t *block, size_t n_bytes,
                          uint64_t n_codes)
{
    struct sy_view parts[] = {sy_view_str("shuyu-units-1"), sy_view(e->chain, 32),
                              sy_view(block + n_bytes - CRYPT_TAG_BYTES, CRYPT_TAG_BYTES)};
    uint8_t chain[32];
    SY_TRY(vault_sha256(parts, 3, chain));
    memcpy(e->chain, chain, 32);
    e->blocks++;
    e->codes += n_codes;
    e->bytes += n_bytes;
    return SY_OK;
}

static void write_head(uint8_t head[HEAD_BYTES], uint32_t bytes, uint64_t index)
{
    memset(head, 0, HEAD_BYTES);
    memcpy(head, MAGIC, 8);
    head[8] = SY_SUITE_INTL;
    sy_store_le32(head + 12, bytes);
    sy_store_le64(head + 16, index);
}

static sy_status aad_of(const struct unit_file *f, const uint8_t *head, struct sy_buf *aad)
{
    SY_TRY(sy_buf_add(aad, head, HEAD_BYTES));
    return sy_buf_add_str(aad, f->ns);
}

sy_status unit_file_append(struct unit_file *f, const struct unit_hash *hashes, size_t n)
{
    SY_BUF_CLEANUP struct sy_buf aad = sy_buf(256);
    SY_BUF_CLEANUP struct sy_buf block = sy_buf(HEAD_BYTES + BLOCK_MAX_BYTES + CRYPT_SEAL_BYTES);
    uint8_t head[HEAD_BYTES];
    write_head(head, (uint32_t)(n * sizeof(*hashes)), f->now.blocks);
    SY_TRY(aad_of(f, head, &aad));
    SY_TRY(sy_buf_add(&block, head, HEAD_BYTES));
    SY_TRY(vault_seal(vault_secret_view(&f->seal_key), sy_buf_view(&aad),
                      sy_view(hashes, n * sizeof(*hashes)), &block));
    if (lseek(f->fd, (off_t)f->now.bytes, SEEK_SET) < 0) {
        return sy_status_of(SY_E_IO);
    }
    SY_TRY(sy_write_all(f->fd, block.p, block.n));
    return chain_on(&f->now, block.p, block.n, n);
}

/* The next block's bytes into *block; its head must be what a block here has. */
static sy_status read_block(struct unit_file *f, struct sy_buf *block)
{
    uint8_t head[HEAD_BYTES], want[HEAD_BYTES];
    SY_TRY(sy_read_all(f->fd, head, sizeof(head)));
    uint32_t bytes = sy_load_le32(head + 12);
    write_head(want, bytes, f->now.blocks);
    if (memcmp(head, want, sizeof(head)) != 0 || bytes == 0 || bytes > BLOCK_MAX_BYTES ||
        bytes % sizeof(struct unit_hash) != 0) {
        return sy_status_of(SY_E_TAMPERED);
    }
    SY_TRY(sy_buf_add(block, head, sizeof(head)));
    uint8_t *rest = sy_buf_reserve(block, bytes + CRYPT_SEAL_BYTES);
    if (rest == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(sy_read_all(f->fd, rest, bytes + CRYPT_SEAL_BYTES));
    block->n += bytes + CRYPT_SEAL_BYTES;
    return SY_OK;
}

static sy_status take_block(struct unit_file *f, unit_take_fn *take, void *ctx)
{
    SY_BUF_CLEANUP struct sy_buf aad = sy_buf(256);
    SY_BUF_CLEANUP struct sy_buf block = sy_buf(HEAD_BYTES + BLOCK_MAX_BYTES + CRYPT_SEAL_BYTES);
    SY_TRY(read_block(f, &block));
    SY_TRY(aad_of(f, block.p, &aad));
    size_t bytes = block.n - HEAD_BYTES - CRYPT_SEAL_BYTES;
    struct unit_hash *hashes = calloc(1, bytes);
    if (hashes == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s =
        vault_unseal(vault_secret_view(&f->seal_key), sy_buf_view(&aad),
                     sy_view(block.p + HEAD_BYTES, block.n - HEAD_BYTES), (uint8_t *)hashes);
    s = sy_ok(s) ? take(ctx, hashes, bytes / sizeof(*hashes)) : s;
    free(hashes);
    return sy_ok(s) ? chain_on(&f->now, block.p, block.n, bytes / sizeof(*hashes)) : s;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool same_extent(const struct unit_extent *a, const struct unit_extent *b)
{
    return a->blocks == b->blocks && a->codes == b->codes && a->bytes == b->bytes &&
           memcmp(a->chain, b->chain, 32) == 0;
}

sy_status unit_file_read(struct unit_file *f, unit_take_fn *take, void *ctx)
{
    while (f->now.blocks < f->kept.blocks) {
        sy_status s = take_block(f, take, ctx);
        if (s.code == SY_E_CLOSED) {
            s = sy_status_of(SY_E_TAMPERED); /* the file ends too early */
        }
        SY_TRY(s);
    }
    f->now.guests = f->kept.guests; /* no block says which codes these are */
    return same_extent(&f->now, &f->kept) ? SY_OK : sy_status_of(SY_E_TAMPERED);
}

/* --- opening ---------------------------------------------------------------------------------- */

static sy_status derive_keys(struct vault *v, struct unit_file *f)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0}, hash_key = {0};
    SY_TRY(vault_shelf_key(&v->items, vault_name("unit:%s", f->ns).s, &key));
    SY_TRY(vault_hkdf_named(vault_secret_view(&key), (struct sy_view){0}, "shuyu-unit-map-1",
                            (struct sy_view){0}, &f->seal_key));
    SY_TRY(vault_hkdf_named(vault_secret_view(&key), (struct sy_view){0}, "shuyu-unit-code-1",
                            (struct sy_view){0}, &hash_key));
    return vault_hmac_open(vault_secret_view(&hash_key), &f->hmac);
}

/* A new namespace's item comes first: from then on a missing one is an attack. */
sy_status unit_file_open(struct vault *v, bool to_write, struct unit_file *f)
{
    bool is_new = false;
    SY_TRY(unit_extent_find(v, f->ns, &f->kept, &is_new));
    if (is_new && !to_write) {
        return SY_OK;
    }
    if (is_new) {
        SY_TRY(unit_extent_put(v, f->ns, &f->kept));
    }
    SY_TRY(derive_keys(v, f));
    int how = to_write ? O_RDWR | O_CREAT : O_RDONLY;
    f->fd = openat(v->units_fd, f->ns, how | O_NOFOLLOW | O_CLOEXEC, 0600);
    return f->fd >= 0 ? SY_OK : sy_fail_errno(NULL, errno, "open unit map");
}

void unit_file_close(struct unit_file *f)
{
    vault_secret_free(&f->seal_key);
    vault_hmac_close(&f->hmac);
    sy_fd_close(&f->fd);
}

sy_status unit_file_hash(struct unit_file *f, struct sy_view id, struct unit_hash *ret)
{
    uint8_t mac[32];
    SY_TRY(vault_hmac(&f->hmac, id, mac));
    memcpy(ret->b, mac, sizeof(ret->b));
    return SY_OK;
}
