/* What the compilers of the file formats share: rows of key tables, lists of structs. */
#ifndef CLI_COMPILE_INTERNAL_H
#define CLI_COMPILE_INTERNAL_H

#include <stddef.h>

#include "cli/compile.h"
#include "cli/yaml.h"

#define KEY(type, key, kind, required)                                                             \
    {                                                                                              \
#key, kind, required, offsetof(type, key), 0                                               \
    }
#define KEYS(type, key, required)                                                                  \
    {                                                                                              \
#key, CLI_TEXTS, required, offsetof(type, key), offsetof(type, n_##key)                    \
    }
#define N(table) (sizeof(table) / sizeof((table)[0]))

/* Room for n + 1 things, zeroed; *s is SY_E_NO_MEMORY when there is none. */
void *cli_alloc(struct sy_arena *a, size_t n, size_t size, struct sy_error *err, sy_status *s);

/* Fill a list of structs from a sequence of mappings (NULL: an empty list). */
SY_MUST sy_status cli_fill_list(struct cli_yaml *y, const yaml_node_t *seq,
                                const struct cli_key *keys, size_t n_keys, size_t size,
                                struct sy_arena *a, void **ret, size_t *ret_n,
                                struct sy_error *err);

/* The `cellkey` section into ret->cellkey; at = NULL: there is none (compile_cellkey.c). */
SY_MUST sy_status cli_compile_cellkey(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                                      struct sy_pack *ret, struct sy_error *err);

/* The `scheme` section into ret->scheme; at = NULL: there is none (compile_scheme.c). */
SY_MUST sy_status cli_compile_scheme(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                                     struct sy_pack *ret, struct sy_error *err);

/* A dataset's definition from the mapping `at` (compile.c). */
SY_MUST sy_status cli_fill_dataset(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                                   struct sy_dataset_def *ret, struct sy_error *err);

/* The `application` of a scene into ret->application; at = NULL: there is none (compile_application.c). */
SY_MUST sy_status cli_compile_application(struct cli_yaml *y, const yaml_node_t *at,
                                          struct sy_arena *a, struct sy_proposal *ret,
                                          struct sy_error *err);

#endif
