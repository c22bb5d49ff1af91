/*
 * Compilers from YAML to the records that the domain takes: pack, catalogue entry, scene, model.
 * Formats: policies/packs/demo has an example of each; docs/packs.md describes every key.
 * All: views live in the arena; SY_E_FIELD with file:line:column on error.
 */
#ifndef CLI_COMPILE_H
#define CLI_COMPILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/catalogue.h"
#include "wire/methods.h"
#include "wire/own.h"
#include "wire/pack.h"
#include "wire/product.h"
#include "wire/qualify.h"
#include "wire/supervise.h"

SY_MUST sy_status cli_compile_pack(const char *path, struct sy_arena *arena, struct sy_pack *ret,
                                   struct sy_error *reterr);
SY_MUST sy_status cli_compile_dataset(const char *path, struct sy_arena *arena,
                                      struct sy_dataset_def *ret, struct sy_error *reterr);
/* developer, domain and the dates (from now on, for `term`) are filled in by the caller, who passes
 * the present time. */
SY_MUST sy_status cli_compile_scene(const char *path, int64_t now, struct sy_arena *arena,
                                    struct sy_proposal *ret, struct sy_error *reterr);
/* A description and an offer of a dataset (docs/scheme/catalogue.md), without version and digests. */
SY_MUST sy_status cli_compile_entry(const char *path, struct sy_arena *arena, struct sy_entry *ret,
                                    struct sy_error *reterr);
SY_MUST sy_status cli_compile_offer(const char *path, struct sy_arena *arena, struct sy_offer *ret,
                                    struct sy_error *reterr);
SY_MUST sy_status cli_compile_model(const char *path, struct sy_arena *arena,
                                    struct sy_model_def *ret, struct sy_error *reterr);

/* A product, but for what the model decides: grant, model, scene, purpose and parameters are zero, and columns are those
 * that the file gives titles. */
SY_MUST sy_status cli_compile_product(const char *path, struct sy_arena *arena,
                                      struct sy_product *ret, struct sy_error *reterr);

/* An evaluation (docs/scheme/supervision.md), without the digest of its report. */
SY_MUST sy_status cli_compile_evaluate(const char *path, struct sy_arena *arena,
                                       struct sy_evaluate *ret, struct sy_error *reterr);

/* A proposal as the scene file that compiles to it at `now` (write_scene.c): with the term that is left, at least a
 * second. Appended to *ret. SY_E_NO_MEMORY, also past the buffer's ceiling. */
SY_MUST sy_status cli_write_scene(const struct sy_proposal *p, int64_t now, struct sy_buf *ret,
                                  struct sy_error *reterr);

/* Announcement, application, agreement (wire/qualify.h; part of the commands, not of the compilers' library: the papers
 * that they name are hashed). Domain, parties and the ids of what they refer to are the caller's. */
SY_MUST sy_status cli_compile_announcement(const char *path, struct sy_arena *arena,
                                           struct sy_announcement *ret, struct sy_error *reterr);
SY_MUST sy_status cli_compile_qualify(const char *path, struct sy_arena *arena,
                                      struct sy_qualify_apply *ret, struct sy_error *reterr);
SY_MUST sy_status cli_compile_agreement(const char *path, struct sy_arena *arena,
                                        struct sy_agreement *ret, struct sy_error *reterr);

/* A developer's own data (docs/scheme/fusion.md; its papers are hashed), without length and digest of the raw file. */
SY_MUST sy_status cli_compile_own(const char *path, struct sy_arena *arena, struct sy_own *ret,
                                  struct sy_error *reterr);

/* The SHA-256 of a paper: of a file, whose name is relative to the folder of `beside` (NULL: to the working folder), or
 * written out as 64 hexadecimal digits. SY_E_NOT_FOUND. */
SY_MUST sy_status cli_paper(const char *beside, struct sy_view text, struct sy_arena *arena,
                            uint8_t ret[32], struct sy_error *reterr);

#endif
