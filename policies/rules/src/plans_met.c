#include "plans_met.h"

#include <stdlib.h>

#include "effect.h"

enum { PLACES = 64 };

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

/* Ids are hashes, so they spread by themselves. */
void plans_met_add(struct plans_met *k, const uint8_t model[32], struct sy_view plan)
{
    if (__atomic_load_n(&k->plans[model[0] % PLACES], __ATOMIC_RELAXED) == NULL) {
        __atomic_store_n(&k->plans[model[0] % PLACES], plan_new(model, plan), __ATOMIC_RELEASE);
    }
}

const struct sy_plan *plans_met_find(const struct plans_met *k, const uint8_t model[32])
{
    const struct plan_met *p = __atomic_load_n(&k->plans[model[0] % PLACES], __ATOMIC_ACQUIRE);
    return p != NULL && memcmp(p->model, model, sizeof(p->model)) == 0 ? &p->plan : NULL;
}
