/*
 * What the warden asks about the platforms beside the domain (wire/sync.h): what waits to be sent, and whether an
 * answer that came back is what it must be before it is recorded.
 *
 * Runs in: warden, audit tool. Trusts: nothing that comes back (BOUNDARY: signatures are verified here). Holds: no
 * secret. May block/alloc: allocates. Threads: pure over a state nobody writes meanwhile.
 * Source: scheme articles 16, 19.
 */
#ifndef RULES_SYNC_H
#define RULES_SYNC_H

#include "rules/state.h"
#include "wire/scheme_pack.h"
#include "wire/sync.h"

/* The platforms of the pack in force, in the arena; none: *ret_n = 0. Errors of rows that do not decode. */
SY_MUST sy_status rules_sync_platforms(const struct rules_state *s, struct sy_arena *arena,
                                       const struct sy_pack_platform **ret, size_t *ret_n,
                                       struct sy_error *reterr);

/* The oldest item that waits for the platform, canonical and borrowed from the arena; *ret empty: none. */
SY_MUST sy_status rules_sync_next(const struct rules_state *s, struct sy_view platform,
                                  struct sy_arena *arena, struct sy_view *ret,
                                  struct sy_error *reterr);

/* How far the platform's announcements were read; 0 at first. */
SY_MUST sy_status rules_sync_cursor(const struct rules_state *s, struct sy_view platform,
                                    struct sy_arena *arena, uint64_t *ret, struct sy_error *reterr);

/* Would these bytes be recorded as the platform's receipt (sync.delivered), or as its page (sync.pulled)? A page
 * without news is OK, and not recorded: *ret_news says how many there are. SY_E_FIELD (what it is not), SY_E_SIGNATURE,
 * SY_E_STATE (nothing waits for it; the page does not follow the last one), SY_E_DIGEST (a receipt for something else),
 * SY_E_LIMIT (more resource codes than SY_SYNC_KNOWN_MAX), errors of sy_record_decode. */
SY_MUST sy_status rules_sync_receipt(const struct rules_state *s, struct sy_view platform,
                                     struct sy_view answer, struct sy_arena *arena,
                                     struct sy_error *reterr);
SY_MUST sy_status rules_sync_page(const struct rules_state *s, struct sy_view platform,
                                  struct sy_view answer, struct sy_arena *arena, size_t *ret_news,
                                  struct sy_error *reterr);

#endif
