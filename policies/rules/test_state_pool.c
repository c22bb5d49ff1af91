/*
 * The pool: blocks of random sizes do not overlap and start at cache lines, memory comes back when blocks do, in
 * whatever order, and a pool that was left lives as long as its last block. SHUYU_SEED repeats it.
 */
#include "check.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state_pool.h"

static const bool POOLED = POOL_BYPASSED == 0; /* else every block is malloc's */

enum {
    BLOCKS = 4000,
    TURNS = 100000,
    KEPT_AT_MOST = 3 * (64 << 10), /* a slab a size */
    ODDS = 4096                    /* what malloc keeps for a next time */
};

struct held {
    uint8_t *p; /* NULL: none */
    size_t n;
    uint8_t fill;
};

static struct held blocks[BLOCKS];
static uint64_t chance;

static uint32_t pick(uint32_t n)
{
    chance = chance * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(chance >> 33) % n;
}

static int seed(void **state)
{
    const char *text = getenv("SHUYU_SEED");
    (void)state;
    chance = text == NULL ? 0 : strtoull(text, NULL, 10);
    if (chance == 0) {
        FILE *f = fopen("/dev/urandom", "rbe");
        assert_non_null(f);
        assert_int_equal(fread(&chance, sizeof(chance), 1, f), 1);
        (void)fclose(f);
        chance %= 1U << 31;
    }
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)chance);
    return 0;
}

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

static void take(struct pool *p, struct held *h, size_t n)
{
    *h = (struct held){.p = pool_take(p, n), .n = n, .fill = (uint8_t)pick(256)};
    assert_non_null(h->p);
    assert_true(!POOLED || (uintptr_t)h->p % 64 == 0);
    memset(h->p, h->fill, n);
}

static void give(struct held *h)
{
    for (size_t i = 0; i < h->n; i++) {
        assert_int_equal(h->p[i], h->fill);
    }
    pool_give(h->p);
    h->p = NULL;
}

static void test_blocks_are_apart(void **state)
{
    struct pool *p = pool_new();
    (void)state;
    for (size_t i = 0; i < TURNS; i++) {
        struct held *h = &blocks[pick(BLOCKS)];
        if (h->p == NULL) {
            take(p, h, 1 + pick(POOL_BLOCK_MAX));
        } else {
            give(h);
        }
    }
    pool_leave(p); /* before its blocks are given back */
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].p != NULL) {
            give(&blocks[i]);
        }
    }
}

static void test_same_block_again(void **state)
{
    struct pool *p = pool_new();
    (void)state;
    void *first = pool_take(p, 100);
    pool_give(first);
    void *second = pool_take(p, 120); /* as many lines */
    assert_true(!POOLED || first == second);
    pool_give(second);
    pool_leave(p);
    pool_leave(NULL);
}

/* Given back in the order in which they were taken: each slab in turn is the only one with room. */
static void test_memory_comes_back(void **state)
{
    (void)state;
    for (int leave_first = 0; POOLED && leave_first < 2; leave_first++) {
        const size_t before = in_use();
        struct pool *p = pool_new();
        for (size_t i = 0; i < BLOCKS; i++) {
            take(p, &blocks[i], i % 2 == 0 ? 64 : POOL_BLOCK_MAX);
        }
        assert_true(in_use() - before > (size_t)BLOCKS / 2 * POOL_BLOCK_MAX);
        if (leave_first == 1) {
            pool_leave(p);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            give(&blocks[i]);
        }
        if (leave_first == 0) {
            assert_true(in_use() - before <= KEPT_AT_MOST);
            pool_leave(p);
        }
        assert_true(in_use() < before + ODDS);
    }
}

/* Slabs come from there first, as long as some do, and are freed like all others. */
struct source {
    size_t left, taken;
};

static void *piece(void *ctx)
{
    struct source *s = ctx;
    void *p = NULL;
    if (s->left > 0) {
        s->left--;
        s->taken++;
        assert_int_equal(posix_memalign(&p, RULES_PIECE_ALIGN, RULES_PIECE_BYTES), 0);
    }
    return p;
}

static void test_pieces(void **state)
{
    (void)state;
    struct source from = {.left = 3};
    const struct rules_pieces pieces = {piece, &from};
    const size_t before = in_use();
    struct pool *p = pool_new();
    pool_pieces(p, &pieces);
    for (size_t i = 0; i < 5; i++) { /* each size a slab; the last two are malloc's own */
        take(p, &blocks[i], 64 * (i + 1));
    }
    assert_int_equal(from.taken, POOLED ? 3 : 0);
    from.left = 1;
    pool_pieces(p, NULL);
    take(p, &blocks[5], 640);
    assert_int_equal(from.taken, POOLED ? 3 : 0);
    pool_leave(p);
    for (size_t i = 0; i <= 5; i++) {
        give(&blocks[i]);
    }
    assert_true(!POOLED || in_use() < before + ODDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_blocks_are_apart, seed),
                                       cmocka_unit_test(test_same_block_again),
                                       cmocka_unit_test(test_memory_comes_back),
                                       cmocka_unit_test(test_pieces)};
    return cmocka_run_group_tests_name("rules_state_pool", tests, NULL, NULL);
}
