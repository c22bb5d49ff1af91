/* Unit maps: table and file together (format: vault/units.h). Private to the vault. */
#ifndef VAULT_SRC_UNIT_MAP_H
#define VAULT_SRC_UNIT_MAP_H

#include "vault/units.h"

struct vault;
struct unit_map;

/* Load a namespace's map, or take another reference to the loaded one. */
SY_MUST sy_status vault_map_take(struct vault *v, struct sy_view ns, struct unit_map **ret,
                                 struct sy_error *reterr);

/* Give a reference back; the last one unloads the map, with codes that were not committed. */
void vault_map_release(struct vault *v, struct unit_map *map);

/* Code the identifiers of `ids` (n_rows times u8 length + bytes; checked by the caller) into
 * ret_codes[n_rows]; 0 for an empty one. New ones are appended to the file, not yet durable; guest: they are counted
 * as guests from now on, whatever becomes of the attempt that names them. After an error the map takes no more units
 * until it is loaded again. */
SY_MUST sy_status vault_map_code(struct unit_map *map, struct sy_view ids, size_t n_rows,
                                 bool guest, uint32_t *ret_codes);

/* Codes given out so far, durable or not. */
uint64_t vault_map_codes(const struct unit_map *map);
/* Of these, those that were made as guests. */
uint64_t vault_map_guests(const struct unit_map *map);

/* Make every code given out so far durable, by the same steps whether there are new ones or not. */
SY_MUST sy_status vault_map_commit(struct vault *v, struct unit_map *map);

/* Unload every map; for vault_close. */
void vault_maps_free(struct vault *v);

#endif
