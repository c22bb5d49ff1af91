/*
 * Compilers from YAML to the records that the domain takes: pack, catalogue entry, scene, model.
 * Formats: policies/packs/demo has an example of each; docs/packs.md describes every key.
 * All: views live in the arena; SY_E_FIELD with file:line:column on error.
 */
#ifndef CLI_COMPILE_H
#define CLI_COMPILE_H

#include "base/arena.h"
#include "wire/methods.h"
#include "wire/pack.h"

SY_MUST sy_status cli_compile_pack(const char *path, struct sy_arena *arena, struct sy_pack *ret,
                                   struct sy_error *reterr);
SY_MUST sy_status cli_compile_dataset(const char *path, struct sy_arena *arena,
                                      struct sy_dataset_def *ret, struct sy_error *reterr);
/* developer, domain and the dates (from now on, for `term`) are filled in by the caller, who passes
 * the present time. */
SY_MUST sy_status cli_compile_scene(const char *path, int64_t now, struct sy_arena *arena,
                                    struct sy_proposal *ret, struct sy_error *reterr);
SY_MUST sy_status cli_compile_model(const char *path, struct sy_arena *arena,
                                    struct sy_model_def *ret, struct sy_error *reterr);

#endif
