/*
 * One release under test: a checked model of the kit's plan, a worker's result that a case may spoil, a
 * seed. The caller of scene_new owns nothing: all of it lies in the kit's arena.
 */
#ifndef WARDEN_TEST_SCENE_H
#define WARDEN_TEST_SCENE_H

#include "test_kit.h"

#include "mechanisms/release.h"
#include "warden/release.h"

enum { SCENE_CELLS = 64, SCENE_FIGURES = 3 };

struct scene {
    struct world w;
    struct rules_model model;
    struct sy_run_cell cells[SCENE_CELLS];
    uint64_t keys[SCENE_CELLS][4];
    int64_t figures[SCENE_CELLS][4];
    struct sy_run_block blocks[2];
    struct sy_run_result result;
    struct sy_run_column columns[2];
    struct warden_release release;
    uint8_t seed[MECH_SEED_BYTES];
    struct sy_error err;
};

typedef sy_status release_fn(const struct warden_release *c, struct sy_arena *arena,
                             struct sy_answer *ret, struct sy_error *reterr);

/* A kit with a granted model, as cmocka's state. */
int scene_setup(void **state);
int scene_teardown(void **state);
#define WITH_KIT(t) cmocka_unit_test_setup_teardown(t, scene_setup, scene_teardown)

static inline struct kit *kit_of(void **state)
{
    return *state;
}

/* Let the plan show all figures of the block, and the ratio: a `make` for scene_new, or part of one. */
void show_all(struct world *w);

/* As show_all, with the street for the key: one that is found, not declared. */
void open_street(struct world *w);

/* An empty result for the plan that `make` makes of the kit's. */
struct scene *scene_new(struct kit *k, void (*make)(struct world *w));

/* A further cell with key (a, b) of as many units. */
struct sy_run_cell *add_cell(struct scene *s, uint64_t a, uint64_t b, uint64_t units);

/* Its figures. */
void put(struct sy_run_cell *c, int64_t a, int64_t b, int64_t d);

/* A result is released once: its figures are put back, so that a case may go on with it. */
struct sy_answer released(struct scene *s);

/* All columns, values, intervals and texts are the same. */
bool same_answer(const struct sy_answer *a, const struct sy_answer *b);

/* Does it refuse, and leave the answer as it was? */
bool refuses(struct scene *s, release_fn *release);

/* A function that spoils the result: c is its second cell, f its block's facts. */
#define SPOIL(name, ...)                                                                           \
    static void name(struct scene *s)                                                              \
    {                                                                                              \
        struct sy_run_cell *c = &s->cells[1];                                                      \
        const struct rules_block_facts *f = &s->model.facts.blocks[0];                             \
        (void)c;                                                                                   \
        (void)f;                                                                                   \
        __VA_ARGS__                                                                                \
    }

#endif
