/*
 * Unit maps: coding identifiers, and the append-only file that keeps the codes.
 *
 * The key store remembers (blocks, codes, bytes, chain) of the last finished version; the file may
 * be longer after a crash. Loading checks every block and the chain over their tags up to what is
 * remembered, and cuts off the rest: no finished version uses those codes.
 * Invariants: blocks have random nonces, because after a cut the same block number is written again
 * under the same key; a block is in the file before its codes are in the table; a code, once
 * committed, belongs to its unit for ever; after any failed write `broken` stops the map, since
 * file and table may differ.
 */
#include "unit_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "crypt.h"
#include "files.h"
#include "unit_table.h"
#include "vault_state.h"
#include "wire/envelope.h"
#include "wire/job.h"

enum {
    HEAD_BYTES = 24,
    BLOCK_HASHES = SY_MORSEL_ROWS,
    BLOCK_MAX_BYTES = BLOCK_HASHES * 16,
    MEMORY_BYTES = 56,
};

static const uint8_t MAGIC[8] = {'S', 'H', 'U', 'Y', 'U', 'M', 'A', 'P'};

/* What the key store remembers of a map. */
struct extent {
    uint64_t blocks;
    uint64_t codes;
    uint64_t bytes;
    uint8_t chain[32];
};

struct unit_map {
    struct unit_map *next;
    char ns[65];
    unsigned refs;
    int fd;
    bool broken;
    struct vault_secret seal_key;
    struct vault_hmac hmac;
    struct unit_table table;
    struct extent kept; /* as in the key store */
    struct extent now;
};

/* --- the item "units:NS" ---------------------------------------------------------------------- */

static sy_status load_extent(const struct vault *v, const char *ns, struct extent *ret)
{
    uint8_t b[MEMORY_BYTES];
    SY_TRY(vault_item_fixed(v, vault_name("units:%s", ns).s, b, sizeof(b)));
    *ret = (struct extent){sy_load_le64(b), sy_load_le64(b + 8), sy_load_le64(b + 16), {0}};
    memcpy(ret->chain, b + 24, 32);
    return SY_OK;
}

static sy_status put_extent(const struct vault *v, const char *ns, const struct extent *e)
{
    uint8_t b[MEMORY_BYTES];
    sy_store_le64(b, e->blocks);
    sy_store_le64(b + 8, e->codes);
    sy_store_le64(b + 16, e->bytes);
    memcpy(b + 24, e->chain, 32);
    return vault_shelf_put(&v->items, vault_name("units:%s", ns).s, sy_view(b, sizeof(b)));
}

/* A namespace that was never used has neither item, nor key, nor file. If the item alone is gone,
 * someone took it away: starting over would give old codes to new units. */
static sy_status find_extent(const struct vault *v, const char *ns, struct extent *ret,
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
    *ret = (struct extent){0};
    *ret_new = true;
    return SY_OK;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static sy_status chain_on(struct extent *e, const uint8_t *block, size_t n_bytes, uint64_t n_codes)
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

static sy_status aad_of(const struct unit_map *map, const uint8_t *head, struct sy_buf *aad)
{
    SY_TRY(sy_buf_add(aad, head, HEAD_BYTES));
    return sy_buf_add_str(aad, map->ns);
}

/* Append one block of hashes[n], n <= BLOCK_HASHES. */
static sy_status append_block(struct unit_map *map, const struct unit_hash *hashes, size_t n)
{
    SY_BUF_CLEANUP struct sy_buf aad = sy_buf(256);
    SY_BUF_CLEANUP struct sy_buf block = sy_buf(HEAD_BYTES + BLOCK_MAX_BYTES + CRYPT_SEAL_BYTES);
    uint8_t head[HEAD_BYTES];
    write_head(head, (uint32_t)(n * sizeof(*hashes)), map->now.blocks);
    SY_TRY(aad_of(map, head, &aad));
    SY_TRY(sy_buf_add(&block, head, HEAD_BYTES));
    SY_TRY(vault_seal(vault_secret_view(&map->seal_key), sy_buf_view(&aad),
                      sy_view(hashes, n * sizeof(*hashes)), &block));
    if (lseek(map->fd, (off_t)map->now.bytes, SEEK_SET) < 0) {
        return sy_status_of(SY_E_IO);
    }
    SY_TRY(sy_write_all(map->fd, block.p, block.n));
    return chain_on(&map->now, block.p, block.n, n);
}

/* The next block's bytes into *block; its head must be what a block here has. */
static sy_status read_block(struct unit_map *map, struct sy_buf *block)
{
    uint8_t head[HEAD_BYTES], want[HEAD_BYTES];
    SY_TRY(sy_read_all(map->fd, head, sizeof(head)));
    uint32_t bytes = sy_load_le32(head + 12);
    write_head(want, bytes, map->now.blocks);
    if (memcmp(head, want, sizeof(head)) != 0 || bytes == 0 || bytes > BLOCK_MAX_BYTES ||
        bytes % sizeof(struct unit_hash) != 0) {
        return sy_status_of(SY_E_TAMPERED);
    }
    SY_TRY(sy_buf_add(block, head, sizeof(head)));
    uint8_t *rest = sy_buf_reserve(block, bytes + CRYPT_SEAL_BYTES);
    if (rest == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(sy_read_all(map->fd, rest, bytes + CRYPT_SEAL_BYTES));
    block->n += bytes + CRYPT_SEAL_BYTES;
    return SY_OK;
}

static sy_status add_hashes(struct unit_map *map, const struct unit_hash *hashes, size_t n)
{
    SY_TRY(unit_table_reserve(&map->table, n));
    for (size_t i = 0; i < n; i++) {
        if (!unit_table_add(&map->table, &hashes[i])) {
            return sy_status_of(SY_E_TAMPERED);
        }
    }
    return SY_OK;
}

static sy_status load_block(struct unit_map *map)
{
    SY_BUF_CLEANUP struct sy_buf aad = sy_buf(256);
    SY_BUF_CLEANUP struct sy_buf block = sy_buf(HEAD_BYTES + BLOCK_MAX_BYTES + CRYPT_SEAL_BYTES);
    SY_TRY(read_block(map, &block));
    SY_TRY(aad_of(map, block.p, &aad));
    size_t bytes = block.n - HEAD_BYTES - CRYPT_SEAL_BYTES;
    struct unit_hash *hashes = calloc(1, bytes);
    if (hashes == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s =
        vault_unseal(vault_secret_view(&map->seal_key), sy_buf_view(&aad),
                     sy_view(block.p + HEAD_BYTES, block.n - HEAD_BYTES), (uint8_t *)hashes);
    s = sy_ok(s) ? add_hashes(map, hashes, bytes / sizeof(*hashes)) : s;
    free(hashes);
    return sy_ok(s) ? chain_on(&map->now, block.p, block.n, bytes / sizeof(*hashes)) : s;
}

/* --- loading ---------------------------------------------------------------------------------- */

static bool same_extent(const struct extent *a, const struct extent *b)
{
    return a->blocks == b->blocks && a->codes == b->codes && a->bytes == b->bytes &&
           memcmp(a->chain, b->chain, 32) == 0;
}

/* Blocks up to what the key store remembers; then cut off what an unfinished attempt left. */
static sy_status load_blocks(struct unit_map *map)
{
    while (map->now.blocks < map->kept.blocks) {
        sy_status s = load_block(map);
        if (s.code == SY_E_CLOSED) {
            s = sy_status_of(SY_E_TAMPERED); /* the file ends too early */
        }
        SY_TRY(s);
    }
    if (!same_extent(&map->now, &map->kept)) {
        return sy_status_of(SY_E_TAMPERED);
    }
    return ftruncate(map->fd, (off_t)map->kept.bytes) == 0 ? SY_OK
                                                           : sy_fail_errno(NULL, errno, "truncate");
}

static sy_status derive_keys(struct vault *v, struct unit_map *map)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0}, hash_key = {0};
    SY_TRY(vault_shelf_key(&v->items, vault_name("unit:%s", map->ns).s, &key));
    SY_TRY(vault_hkdf_named(vault_secret_view(&key), (struct sy_view){0}, "shuyu-unit-map-1",
                            (struct sy_view){0}, &map->seal_key));
    SY_TRY(vault_hkdf_named(vault_secret_view(&key), (struct sy_view){0}, "shuyu-unit-code-1",
                            (struct sy_view){0}, &hash_key));
    return vault_hmac_open(vault_secret_view(&hash_key), &map->hmac);
}

/* A new namespace's item comes first: from then on a missing one is an attack. */
static sy_status open_map(struct vault *v, struct unit_map *map)
{
    bool is_new = false;
    SY_TRY(find_extent(v, map->ns, &map->kept, &is_new));
    if (is_new) {
        SY_TRY(put_extent(v, map->ns, &map->kept));
    }
    SY_TRY(derive_keys(v, map));
    map->fd = openat(v->units_fd, map->ns, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (map->fd < 0) {
        return sy_fail_errno(NULL, errno, "open unit map");
    }
    return load_blocks(map);
}

static void free_map(struct unit_map *map)
{
    vault_secret_free(&map->seal_key);
    vault_hmac_close(&map->hmac);
    unit_table_deinit(&map->table);
    sy_fd_close(&map->fd);
    free(map);
}

static struct unit_map *find_loaded(struct vault *v, struct sy_view ns)
{
    struct unit_map *map = v->maps;
    while (map != NULL && !sy_view_is(ns, map->ns)) {
        map = map->next;
    }
    return map;
}

sy_status vault_map_take(struct vault *v, struct sy_view ns, struct unit_map **ret,
                         struct sy_error *reterr)
{
    SY_TRY(vault_blame(vault_check_id(ns), "ns", reterr));
    struct unit_map *map = find_loaded(v, ns);
    if (map == NULL) {
        map = calloc(1, sizeof(*map));
        if (map == NULL) {
            return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
        }
        map->fd = -1;
        sy_view_to_cstr(ns, map->ns, sizeof(map->ns));
        sy_status s = open_map(v, map);
        if (!sy_ok(s)) {
            struct vault_name at = vault_name("units/%s/block %" PRIu64, map->ns, map->now.blocks);
            free_map(map);
            return vault_blame(s, at.s, reterr);
        }
        map->next = v->maps;
        v->maps = map;
    }
    map->refs++;
    *ret = map;
    return SY_OK;
}

void vault_map_release(struct vault *v, struct unit_map *map)
{
    if (map == NULL || --map->refs > 0) {
        return;
    }
    struct unit_map **at = &v->maps;
    while (*at != map) {
        at = &(*at)->next;
    }
    *at = map->next;
    free_map(map);
}

void vault_maps_free(struct vault *v)
{
    while (v->maps != NULL) {
        struct unit_map *map = v->maps;
        v->maps = map->next;
        free_map(map);
    }
}

/* --- coding ----------------------------------------------------------------------------------- */

/* Hashes of all rows; consecutive rows of one unit, as in most files, are hashed once. */
static sy_status hash_rows(struct unit_map *map, struct sy_view ids, size_t n_rows,
                           struct unit_hash *ret)
{
    struct sy_view last = {0};
    const uint8_t *at = ids.p;
    for (size_t i = 0; i < n_rows; i++) {
        struct sy_view id = sy_view(at + 1, at[0]);
        at += 1 + id.n;
        if (i > 0 && sy_view_eq(id, last)) {
            ret[i] = ret[i - 1];
            continue;
        }
        uint8_t mac[32];
        SY_TRY(vault_hmac(&map->hmac, id, mac));
        memcpy(ret[i].b, mac, sizeof(ret[i].b));
        last = id;
    }
    return SY_OK;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct unit_hash));
}

/* Sort, and drop what stands twice; returns how many are left. */
static size_t sort_unique(struct unit_hash *hashes, size_t n)
{
    size_t kept = 0;
    qsort(hashes, n, sizeof(*hashes), by_hash);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || by_hash(&hashes[i], &hashes[kept - 1]) != 0) {
            hashes[kept++] = hashes[i];
        }
    }
    return kept;
}

/* Give the hashes that the table lacks the next codes, in the order of the hashes. */
static sy_status add_new(struct unit_map *map, const struct unit_hash *rows, struct sy_view ids,
                         size_t n_rows, struct unit_hash *fresh)
{
    size_t n = 0;
    const uint8_t *at = ids.p;
    for (size_t i = 0; i < n_rows; i++) {
        if (at[0] != 0 && unit_table_find(&map->table, &rows[i]) == UNIT_ABSENT) {
            fresh[n++] = rows[i];
        }
        at += 1 + at[0];
    }
    n = sort_unique(fresh, n);
    SY_TRY(unit_table_reserve(&map->table, n));
    if (n > 0) {
        SY_TRY(append_block(map, fresh, n));
    }
    return add_hashes(map, fresh, n);
}

static sy_status code_rows(struct unit_map *map, struct sy_view ids, size_t n_rows,
                           struct unit_hash *rows, struct unit_hash *fresh, uint32_t *ret_codes)
{
    SY_TRY(hash_rows(map, ids, n_rows, rows));
    SY_TRY(add_new(map, rows, ids, n_rows, fresh));
    const uint8_t *at = ids.p;
    for (size_t i = 0; i < n_rows; i++) {
        ret_codes[i] = at[0] == 0 ? 0 : (uint32_t)unit_table_find(&map->table, &rows[i]);
        at += 1 + at[0];
    }
    return SY_OK;
}

sy_status vault_map_code(struct unit_map *map, struct sy_view ids, size_t n_rows,
                         uint32_t *ret_codes)
{
    if (map->broken || n_rows > BLOCK_HASHES) {
        return sy_status_of(map->broken ? SY_E_IO : SY_E_USAGE);
    }
    struct unit_hash *rows = calloc(n_rows + 1, 2 * sizeof(*rows));
    if (rows == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s = code_rows(map, ids, n_rows, rows, rows + n_rows, ret_codes);
    map->broken = !sy_ok(s);
    free(rows);
    return s;
}

uint64_t vault_map_codes(const struct unit_map *map)
{
    return map->now.codes;
}

sy_status vault_map_commit(struct vault *v, struct unit_map *map)
{
    if (map->broken) {
        return sy_status_of(SY_E_IO);
    }
    if (same_extent(&map->now, &map->kept)) {
        return SY_OK;
    }
    if (fsync(map->fd) != 0) {
        map->broken = true;
        return sy_fail_errno(NULL, errno, "fsync unit map");
    }
    SY_TRY(vault_sync(v->units_fd));
    SY_TRY(put_extent(v, map->ns, &map->now));
    map->kept = map->now;
    return SY_OK;
}

/* --- public ----------------------------------------------------------------------------------- */

sy_status vault_units(struct vault *v, struct sy_view ns, uint64_t *ret_units,
                      struct sy_error *reterr)
{
    SY_TRY(vault_blame(vault_check_id(ns), "ns", reterr));
    struct extent e = {0};
    bool is_new = false;
    struct vault_name name = vault_name("units/%.*s", SY_PV(ns));
    struct vault_name id = vault_name("%.*s", SY_PV(ns));
    SY_TRY(vault_blame(find_extent(v, id.s, &e, &is_new), name.s, reterr));
    *ret_units = e.codes;
    return SY_OK;
}
