/*
 * Canonical MessagePack: the only encoding that is signed, hashed or logged.
 *
 * Canonical means: shortest form of every integer, string, binary, array and map header; map keys
 * are str, unique, in ascending bytewise order; text is str and valid UTF-8, bytes are bin; no
 * float, no ext, no trailing byte. Any value has exactly one encoding, so equal bytes = equal value.
 *
 * Reading is three steps, all in sy_mp_open: a non-allocating pre-scan bounds depth, counts and
 * bytes (a five-byte header may claim four billion elements); msgpack-c unpacks; the object is
 * packed again and compared byte for byte. sy_mp_open_loose skips the last step, for MessagePack-RPC
 * frames of foreign clients, which are never hashed.
 * Source: the MessagePack specification; DESIGN section 2; reference/audit-log 1.2.
 */
#ifndef WIRE_MP_H
#define WIRE_MP_H

#include <msgpack.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/status.h"

struct sy_mp_limits {
    size_t bytes;  /* of the whole message */
    size_t depth;  /* nesting of arrays and maps, at most 16 */
    size_t values; /* objects in all, keys included */
};

/* Suited to requests (1 MiB) and to answers and jobs (64 MiB). */
extern const struct sy_mp_limits SY_MP_REQUEST;
extern const struct sy_mp_limits SY_MP_LARGE;

/* A parsed message. `root` and everything below it points into `bytes` (borrowed: keep them alive)
 * and into the zone. */
struct sy_mp_doc {
    msgpack_zone *zone;
    msgpack_object root;
};

/* Pre-scan only: does `bytes` hold exactly one well-formed object within the limits?
 * SY_E_LIMIT, SY_E_NOT_CANONICAL (malformed, truncated, trailing bytes). Allocates nothing. */
SY_MUST sy_status sy_mp_scan(struct sy_view bytes, const struct sy_mp_limits *limits,
                             struct sy_error *reterr);

/* Length of the first complete object in `bytes`: OK and *ret_n; SY_E_CLOSED when more bytes are
 * needed (*ret_n untouched); SY_E_LIMIT / SY_E_NOT_CANONICAL when it can never become valid.
 * Allocates nothing. Resuming costs O(bytes); callers back off by doubling. */
SY_MUST sy_status sy_mp_frame(struct sy_view bytes, const struct sy_mp_limits *limits,
                              size_t *ret_n, struct sy_error *reterr);

/* Parse canonical bytes. On error *ret is empty. */
SY_MUST sy_status sy_mp_open(struct sy_view bytes, const struct sy_mp_limits *limits,
                             struct sy_mp_doc *ret, struct sy_error *reterr);

/* Parse any well-formed msgpack within the limits (foreign frames). */
SY_MUST sy_status sy_mp_open_loose(struct sy_view bytes, const struct sy_mp_limits *limits,
                                   struct sy_mp_doc *ret, struct sy_error *reterr);

void sy_mp_close(struct sy_mp_doc *doc);
#define SY_MP_CLEANUP __attribute__((cleanup(sy_mp_close)))

/* Writers: append one value in canonical form to a buffer. Map keys are the caller's duty (sorted,
 * unique); records go through wire/schema.h, which sees to it. */
SY_MUST sy_status sy_mp_put_nil(struct sy_buf *b);
SY_MUST sy_status sy_mp_put_bool(struct sy_buf *b, bool v);
SY_MUST sy_status sy_mp_put_u64(struct sy_buf *b, uint64_t v);
SY_MUST sy_status sy_mp_put_i64(struct sy_buf *b, int64_t v);
SY_MUST sy_status sy_mp_put_str(struct sy_buf *b, struct sy_view v);
SY_MUST sy_status sy_mp_put_bin(struct sy_buf *b, struct sy_view v);
SY_MUST sy_status sy_mp_put_array(struct sy_buf *b, size_t n);
SY_MUST sy_status sy_mp_put_map(struct sy_buf *b, size_t n);
/* Append bytes that are already one canonical value. */
SY_MUST sy_status sy_mp_put_raw(struct sy_buf *b, struct sy_view canonical);
/* Pack a parsed object canonically (SY_E_NOT_CANONICAL for floats, ext, bad keys or text). */
SY_MUST sy_status sy_mp_put_object(struct sy_buf *b, const msgpack_object *o);

/* Readers of a parsed object: false when the kind or range differs; *ret untouched then. */
bool sy_mp_u64(const msgpack_object *o, uint64_t *ret);
bool sy_mp_i64(const msgpack_object *o, int64_t *ret);
bool sy_mp_bool(const msgpack_object *o, bool *ret);
bool sy_mp_str(const msgpack_object *o, struct sy_view *ret);         /* str only */
bool sy_mp_bin(const msgpack_object *o, struct sy_view *ret);         /* bin only */
bool sy_mp_text_or_bin(const msgpack_object *o, struct sy_view *ret); /* foreign method names */
/* Value under a str key of a map, or NULL. */
const msgpack_object *sy_mp_get(const msgpack_object *map, const char *key);

#endif
