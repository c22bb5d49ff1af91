/*
 * Places by the first byte of an id: ids are hashes, so they spread by themselves.
 * Source of the other hash: Fowler, Noll, Vo, FNV-1a with 32 bits.
 */
#include "memo.h"

#include <stdlib.h>

#include "effect.h"

enum { PLACES = 256, FINDS = 32 };

struct rules_memo {
    struct memo_model models[PLACES];
    struct memo_grant grants[PLACES];
    struct memo_version versions[PLACES];
    struct memo_account account;
    struct memo_fresh fresh;
    struct memo_find finds[FINDS];
};

/* As much room as without memory: whatever can be judged then can be kept. */
struct rules_memo *memo_new(void)
{
    struct rules_memo *m = calloc(1, sizeof(*m));
    for (size_t i = 0; m != NULL && i < PLACES; i++) {
        m->models[i].at.arena.ceiling = EFFECT_WORK_BYTES;
        m->grants[i].at.arena.ceiling = EFFECT_WORK_BYTES;
        m->versions[i].at.arena.ceiling = EFFECT_WORK_BYTES;
        m->account.at.arena.ceiling = EFFECT_WORK_BYTES;
    }
    return m;
}

void memo_free(struct rules_memo *m)
{
    for (size_t i = 0; m != NULL && i < PLACES; i++) {
        sy_arena_deinit(&m->models[i].at.arena);
        sy_arena_deinit(&m->grants[i].at.arena);
        sy_arena_deinit(&m->versions[i].at.arena);
        sy_arena_deinit(&m->account.at.arena);
    }
    free(m);
}

bool memo_free_for(const struct memo_place *p, uint64_t generation)
{
    return !p->valid || p->used != generation;
}

bool memo_same_state(const struct memo_place *p, uint64_t generation)
{
    return p->valid && p->used == generation;
}

void memo_clear(struct memo_place *p)
{
    p->valid = false;
    sy_arena_clear(&p->arena);
}

struct memo_model *memo_model(struct rules_memo *m, const uint8_t id[32])
{
    return &m->models[id[0]];
}

struct memo_grant *memo_grant(struct rules_memo *m, const uint8_t id[32])
{
    return &m->grants[id[0]];
}

struct memo_fresh *memo_fresh(struct rules_memo *m)
{
    return &m->fresh;
}

/* There are a dozen such keys: they differ in length or at their ends. */
struct memo_find *memo_find(struct rules_memo *m, struct sy_view key)
{
    return &m->finds[(key.n + 7u * key.p[0] + 3u * key.p[key.n - 1]) % FINDS];
}

struct memo_account *memo_account(struct rules_memo *m)
{
    return &m->account;
}

/* Names do not spread by themselves: FNV-1a. */
struct memo_version *memo_version(struct rules_memo *m, struct sy_view dataset)
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < dataset.n; i++) {
        h = (h ^ dataset.p[i]) * 16777619U;
    }
    return &m->versions[h % PLACES];
}
