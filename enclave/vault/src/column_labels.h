/* Labels of a column after its mask: dictionary and re-numbering of codes. Private to the vault. */
#ifndef VAULT_SRC_COLUMN_LABELS_H
#define VAULT_SRC_COLUMN_LABELS_H

#include "base/arena.h"
#include "vault/column.h"
#include "wire/mask.h"

struct column_labels {
    struct sy_view *labels; /* by new code */
    size_t n;
    uint32_t *map; /* old code -> new code; NULL = codes stay */
    size_t n_map;
};

/* The labels of a text column from its label stream (u32 length + bytes each), copied into `arena`.
 * SY_E_TAMPERED when they do not end at its end. */
SY_MUST sy_status column_labels_parse(struct sy_view stream, struct sy_arena *arena,
                                      struct column_labels *ret);

/* Apply mask "pseudonym" or "prefix" to l; other masks change nothing. */
SY_MUST sy_status column_labels_mask(struct column_labels *l, const struct sy_mask *mask,
                                     const struct vault_secret *scene_key, struct sy_arena *arena);

#endif
