/* What the tests of the wire library share: bytes written as hex, and random bytes. */
#ifndef WIRE_TEST_BYTES_H
#define WIRE_TEST_BYTES_H

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

enum { HEX_MAX = 256 };

struct bytes {
    uint8_t p[HEX_MAX];
    size_t n;
};

/* "93 01 c0 c3" to bytes; blanks are for reading. */
static inline struct bytes unhex(const char *hex)
{
    struct bytes b = {.n = 0};
    for (const char *c = hex; *c != '\0';) {
        if (*c == ' ') {
            c++;
            continue;
        }
        const char pair[3] = {c[0], c[1], '\0'};
        assert_true(b.n < HEX_MAX);
        b.p[b.n++] = (uint8_t)strtoul(pair, NULL, 16);
        c += 2;
    }
    return b;
}

static inline struct sy_view view_of(const struct bytes *b)
{
    return sy_view(b->p, b->n);
}

static inline void check_hex(const struct sy_buf *b, const char *hex)
{
    struct bytes want = unhex(hex);
    assert_int_equal(b->n, want.n);
    if (want.n > 0) {
        assert_memory_equal(b->p, want.p, want.n);
    }
}

static inline uint64_t start_random(void)
{
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("# seed %llu\n", (unsigned long long)seed);
    return seed;
}

/* splitmix64 */
static inline uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline uint64_t below(uint64_t *seed, uint64_t n)
{
    return next_random(seed) % n;
}

/* Bytes that are more often headers than chance would have it. */
static inline struct bytes random_bytes(uint64_t *seed)
{
    struct bytes b = {.n = (size_t)below(seed, 24)};
    for (size_t i = 0; i < b.n; i++) {
        uint64_t r = next_random(seed);
        uint8_t small = (uint8_t)(r >> 8 & 3);
        uint8_t head = (uint8_t)(0xC0 + (r >> 8) % 32);
        b.p[i] = r % 4 == 0   ? (uint8_t)(0x90 | small)
                 : r % 4 == 1 ? (uint8_t)(0x80 | small)
                 : r % 4 == 2 ? head
                              : small;
    }
    return b;
}

#endif
