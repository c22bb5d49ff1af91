/*
 * Unit maps: coding identifiers, over the append-only file that keeps the codes (unit_file.h). Loading
 * cuts off what lies beyond the last finished version: none uses those codes.
 * Invariants: a block is in the file before its codes are in the table; a code, once committed,
 * belongs to its unit for ever; after any failed write `broken` stops the map, since file and table
 * may differ.
 */
#include "unit_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "unit_file.h"
#include "vault_state.h"

struct unit_map {
    struct unit_map *next;
    unsigned refs;
    bool broken;
    struct unit_table table;
    struct unit_file file;
};

/* --- loading ---------------------------------------------------------------------------------- */

static sy_status add_hashes(void *ctx, const struct unit_hash *hashes, size_t n)
{
    struct unit_map *map = ctx;
    SY_TRY(unit_table_reserve(&map->table, n));
    for (size_t i = 0; i < n; i++) {
        if (!unit_table_add(&map->table, &hashes[i])) {
            return sy_status_of(SY_E_TAMPERED);
        }
    }
    return SY_OK;
}

/* Blocks up to what the key store remembers; then cut off what an unfinished attempt left. */
static sy_status open_map(struct vault *v, struct unit_map *map)
{
    SY_TRY(unit_file_open(v, true, &map->file));
    SY_TRY(unit_file_read(&map->file, add_hashes, map));
    return ftruncate(map->file.fd, (off_t)map->file.kept.bytes) == 0
               ? SY_OK
               : sy_fail_errno(NULL, errno, "truncate");
}

static void free_map(struct unit_map *map)
{
    unit_file_close(&map->file);
    unit_table_deinit(&map->table);
    free(map);
}

static struct unit_map *find_loaded(struct vault *v, struct sy_view ns)
{
    struct unit_map *map = v->maps;
    while (map != NULL && !sy_view_is(ns, map->file.ns)) {
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
        map->file.fd = -1;
        sy_view_to_cstr(ns, map->file.ns, sizeof(map->file.ns));
        sy_status s = open_map(v, map);
        if (!sy_ok(s)) {
            struct vault_name at =
                vault_name("units/%s/block %" PRIu64, map->file.ns, map->file.now.blocks);
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
        SY_TRY(unit_file_hash(&map->file, id, &ret[i]));
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

/* The hashes that the table lacks, sorted, each once. */
static size_t find_fresh(struct unit_map *map, const struct unit_hash *rows, struct sy_view ids,
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
    return sort_unique(fresh, n);
}

/* Give them the next codes, in the order of the hashes. */
static sy_status add_new(struct unit_map *map, const struct unit_hash *fresh, size_t n, bool guest)
{
    SY_TRY(unit_table_reserve(&map->table, n));
    if (n > 0) {
        SY_TRY(unit_file_append(&map->file, fresh, n));
    }
    map->file.now.guests += guest ? n : 0;
    return add_hashes(map, fresh, n);
}

static sy_status code_rows(struct unit_map *map, struct sy_view ids, size_t n_rows, bool guest,
                           struct unit_hash *rows, uint32_t *ret_codes)
{
    struct unit_hash *fresh = rows + n_rows;
    SY_TRY(hash_rows(map, ids, n_rows, rows));
    size_t n = find_fresh(map, rows, ids, n_rows, fresh);
    SY_TRY(add_new(map, fresh, n, guest));
    const uint8_t *at = ids.p;
    for (size_t i = 0; i < n_rows; i++) {
        ret_codes[i] = at[0] == 0 ? 0 : (uint32_t)unit_table_find(&map->table, &rows[i]);
        at += 1 + at[0];
    }
    return SY_OK;
}

sy_status vault_map_code(struct unit_map *map, struct sy_view ids, size_t n_rows, bool guest,
                         uint32_t *ret_codes)
{
    if (map->broken || n_rows > UNIT_BLOCK_HASHES) {
        return sy_status_of(map->broken ? SY_E_IO : SY_E_USAGE);
    }
    struct unit_hash *rows = calloc(n_rows + 1, 2 * sizeof(*rows));
    if (rows == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s = code_rows(map, ids, n_rows, guest, rows, ret_codes);
    map->broken = !sy_ok(s);
    free(rows);
    return s;
}

uint64_t vault_map_codes(const struct unit_map *map)
{
    return map->file.now.codes;
}

uint64_t vault_map_guests(const struct unit_map *map)
{
    return map->file.now.guests;
}

/* All of it also when nothing is new: the syncs are what takes long, and whoever sees how long must not learn
 * whether the namespace knew everybody in a file. */
sy_status vault_map_commit(struct vault *v, struct unit_map *map)
{
    if (map->broken) {
        return sy_status_of(SY_E_IO);
    }
    if (fsync(map->file.fd) != 0) {
        map->broken = true;
        return sy_fail_errno(NULL, errno, "fsync unit map");
    }
    SY_TRY(vault_sync(v->units_fd));
    SY_TRY(unit_extent_put(v, map->file.ns, &map->file.now));
    map->file.kept = map->file.now;
    return SY_OK;
}

/* --- public ----------------------------------------------------------------------------------- */

sy_status vault_units(struct vault *v, struct sy_view ns, uint64_t *ret_units,
                      struct sy_error *reterr)
{
    SY_TRY(vault_blame(vault_check_id(ns), "ns", reterr));
    struct unit_extent e = {0};
    bool is_new = false;
    struct vault_name name = vault_name("units/%.*s", SY_PV(ns));
    struct vault_name id = vault_name("%.*s", SY_PV(ns));
    SY_TRY(vault_blame(unit_extent_find(v, id.s, &e, &is_new), name.s, reterr));
    *ret_units = e.codes;
    return SY_OK;
}
