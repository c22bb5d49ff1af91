#include "plans_met.h"

#include <stdlib.h>

#include "effect.h"

enum { PLACES = 1024 };

struct plan_met {
    uint8_t model[32];
    struct sy_arena arena;
    struct sy_plan plan;
};

/* A place is filled once, whole. */
struct plans_met {
    struct plan_met *plans[PLACES];
};

struct plans_met *plans_met_new(void)
{
    return calloc(1, sizeof(struct plans_met));
}

static void plan_free(struct plan_met *p)
{
    if (p != NULL) {
        sy_arena_deinit(&p->arena);
        free(p);
    }
}

void plans_met_free(struct plans_met *k)
{
    for (size_t i = 0; k != NULL && i < PLACES; i++) {
        plan_free(k->plans[i]);
    }
    free(k);
}

static struct plan_met *plan_new(const uint8_t model[32], struct sy_view bytes)
{
    struct plan_met *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    p->arena.ceiling = EFFECT_WORK_BYTES;
    memcpy(p->model, model, sizeof(p->model));
    struct sy_view copy = sy_arena_copy(&p->arena, bytes);
    if (copy.p == NULL ||
        !sy_ok(sy_record_decode(&sy_plan_desc, copy, &SY_MP_REQUEST, &p->arena, &p->plan, NULL))) {
        plan_free(p);
        return NULL;
    }
    return p;
}

/* Where this model is, or belongs; PLACES: nowhere, for all places are taken. Ids are hashes, so they spread by
 * themselves; of two that meet the second goes on to the next free place. */
static size_t place_of(const struct plans_met *k, const uint8_t model[32],
                       const struct plan_met **ret)
{
    for (size_t i = 0; i < PLACES; i++) {
        const size_t at = ((size_t)(model[0] | model[1] << 8) + i) % PLACES;
        *ret = __atomic_load_n(&k->plans[at], __ATOMIC_ACQUIRE);
        if (*ret == NULL || memcmp((*ret)->model, model, sizeof((*ret)->model)) == 0) {
            return at;
        }
    }
    *ret = NULL;
    return PLACES;
}

void plans_met_add(struct plans_met *k, const uint8_t model[32], struct sy_view plan)
{
    const struct plan_met *there;
    const size_t at = place_of(k, model, &there);
    if (at < PLACES && there == NULL) {
        __atomic_store_n(&k->plans[at], plan_new(model, plan), __ATOMIC_RELEASE);
    }
}

const struct sy_plan *plans_met_find(const struct plans_met *k, const uint8_t model[32])
{
    const struct plan_met *there;
    (void)place_of(k, model, &there);
    return there == NULL ? NULL : &there->plan;
}
