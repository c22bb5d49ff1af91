/*
 * Messages between warden and zygote: fixed sizes, little-endian, every byte accounted for.
 *   request (28): id, kind, 0, 0, job u32, as_bytes u64, cpu_s u32, n_files u32, n_procs u32
 *   answer  (12): id, 0, 0, 0, code i32, job u32
 * Fields that a request does not use are 0.
 */
#ifndef SANDBOX_SRC_MESSAGE_H
#define SANDBOX_SRC_MESSAGE_H

#include "base/arith.h"
#include "sandbox/seal.h"

enum { REQUEST_BYTES = 28, ANSWER_BYTES = 12 };

enum request_id { REQUEST_SPAWN = 2, REQUEST_KILL = 4 };

/* The answer to request id r is r + 1. */
#define ANSWER_TO(r) ((uint8_t)((r) + 1))

struct request {
    uint8_t id;
    uint8_t kind;
    uint32_t job;
    struct sandbox_limits limits;
};

struct answer {
    uint8_t id;
    int32_t code;
    uint32_t job;
};

static inline void request_encode(const struct request *r, uint8_t ret[REQUEST_BYTES])
{
    ret[0] = r->id;
    ret[1] = r->kind;
    ret[2] = ret[3] = 0;
    sy_store_le32(ret + 4, r->job);
    sy_store_le64(ret + 8, r->limits.as_bytes);
    sy_store_le32(ret + 16, r->limits.cpu_s);
    sy_store_le32(ret + 20, r->limits.n_files);
    sy_store_le32(ret + 24, r->limits.n_procs);
}

/* False unless exactly one request's bytes are there and its padding is 0. */
static inline bool request_parse(const uint8_t *p, size_t n, struct request *ret)
{
    if (n != REQUEST_BYTES || p[2] != 0 || p[3] != 0) {
        return false;
    }
    *ret = (struct request){.id = p[0],
                            .kind = p[1],
                            .job = sy_load_le32(p + 4),
                            .limits = {.as_bytes = sy_load_le64(p + 8),
                                       .cpu_s = sy_load_le32(p + 16),
                                       .n_files = sy_load_le32(p + 20),
                                       .n_procs = sy_load_le32(p + 24)}};
    return true;
}

static inline void answer_encode(const struct answer *a, uint8_t ret[ANSWER_BYTES])
{
    ret[0] = a->id;
    ret[1] = ret[2] = ret[3] = 0;
    sy_store_le32(ret + 4, (uint32_t)a->code);
    sy_store_le32(ret + 8, a->job);
}

static inline bool answer_parse(const uint8_t *p, size_t n, struct answer *ret)
{
    if (n != ANSWER_BYTES || p[1] != 0 || p[2] != 0 || p[3] != 0) {
        return false;
    }
    *ret = (struct answer){
        .id = p[0], .code = (int32_t)sy_load_le32(p + 4), .job = sy_load_le32(p + 8)};
    return true;
}

#endif
