/*
 * Requests that agency and operator sign on files, while nobody serves: a canonical sy_logged_request in the
 * domain's folder, written here, signed by `shuyu sign`, carried out by the next start (promote.h, shard.h).
 *
 * Runs in: warden. Trusts: nothing in the file; the rules judge what is read. Holds: nothing. May block: on
 * fsync. Threads: the loop's.
 */
#ifndef WARDEN_SRC_REQUEST_H
#define WARDEN_SRC_REQUEST_H

#include "warden/warden.h"

/* Write DIR/file: method, asked by `party`, with these canonical arguments; good for an hour. w->domain is set. */
SY_MUST sy_status warden_request_write(const struct warden *w, const char *file, const char *method,
                                       struct sy_view party, struct sy_view args,
                                       struct sy_error *reterr);

/* Read it back. *ret and *ret_args (of desc) live in the arena. SY_E_NOT_FOUND: there is none; SY_E_METHOD: it is
 * for another method; the decoder's errors. */
SY_MUST sy_status warden_request_read(const struct warden *w, const char *file, const char *method,
                                      const struct sy_desc *desc, struct sy_arena *arena,
                                      struct rules_request *ret, void *ret_args,
                                      struct sy_error *reterr);

/* What the rules refused, as an error of the start. */
sy_status warden_request_refused(const struct sy_verdict *v, struct sy_error *reterr);

#endif
