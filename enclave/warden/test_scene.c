/*
 * What: scenes of test_scene.h.
 */
#include "test_scene.h"

#include <string.h>

int scene_setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_granted(&k);
    *state = &k;
    return 0;
}

int scene_teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* ---- making a scene ---- */

void show_all(struct world *w)
{
    static const char *const names[SCENE_FIGURES] = {"persons", "w", "n"};
    struct sy_plan *p = w->plan;
    struct sy_plan_out *outs = kit_alloc(w->k, 6, sizeof(*outs));
    memcpy(outs, p->outs, 2 * sizeof(*outs));
    for (size_t i = 0; i < SCENE_FIGURES; i++) {
        outs[2 + i] = (struct sy_plan_out){.a = i, .name = V(names[i]), .op = V("figure")};
    }
    outs[5] = p->outs[3];
    p->outs = outs;
    p->n_outs = 6;
}

void open_street(struct world *w)
{
    struct sy_plan_block *b = &w->plan->blocks[0];
    show_all(w);
    w->plan->rels[0].names = KIT_STRS(w->k, "id", "age", "street", "weight");
    b->keys[0] = (struct sy_plan_key){.name = V("street"), .open = true};
    b->delta = 1000000;
}

static void scene_check(struct scene *s)
{
    sy_status st = kit_check(&s->w, &s->model.facts);
    if (!sy_ok(st)) {
        fail_msg("plan: %s %s %s", sy_code_name(st.code), s->w.k->err.field, s->w.k->err.reason);
    }
    s->model.plan = *s->w.plan;
    s->model.grant.defs = s->w.defs;
}

struct scene *scene_new(struct kit *k, void (*make)(struct world *w))
{
    struct scene *s = kit_alloc(k, 1, sizeof(*s));
    s->w = kit_world(k);
    make(&s->w);
    scene_check(s);
    s->blocks[0].cells = s->cells;
    s->result = (struct sy_run_result){.blocks = s->blocks, .n_blocks = 1, .ok = true};
    s->release = (struct warden_release){
        .model = &s->model, .result = &s->result, .columns = s->columns, .seed = s->seed};
    memset(s->seed, 42, sizeof(s->seed));
    return s;
}

struct sy_run_cell *add_cell(struct scene *s, uint64_t a, uint64_t b, uint64_t units)
{
    size_t i = s->blocks[0].n_cells++;
    assert_true(i < SCENE_CELLS);
    s->keys[i][0] = a;
    s->keys[i][1] = b;
    s->cells[i] = (struct sy_run_cell){.figures = s->figures[i],
                                       .n_figures = s->model.facts.blocks[0].n_figures,
                                       .key = s->keys[i],
                                       .n_key = s->model.facts.blocks[0].n_keys,
                                       .units = units};
    return &s->cells[i];
}

void put(struct sy_run_cell *c, int64_t a, int64_t b, int64_t d)
{
    c->figures[0] = a;
    c->figures[1] = b;
    c->figures[2] = d;
}

struct sy_answer released(struct scene *s)
{
    struct sy_answer a = {0};
    int64_t exact[SCENE_CELLS][4];
    memcpy(exact, s->figures, sizeof(exact));
    sy_status st = warden_release(&s->release, &s->w.k->arena, &a, &s->err);
    if (!sy_ok(st)) {
        fail_msg("release: %s %s", sy_code_name(st.code), s->err.reason);
    }
    memcpy(s->figures, exact, sizeof(exact));
    return a;
}

static bool same_column(const struct sy_answer_column *a, const struct sy_answer_column *b)
{
    size_t bytes = a->n_values * sizeof(int64_t);
    bool same = a->n_values == b->n_values && a->n_withheld == b->n_withheld &&
                a->n_texts == b->n_texts && memcmp(a->values, b->values, bytes) == 0 &&
                memcmp(a->lo, b->lo, bytes) == 0 && memcmp(a->hi, b->hi, bytes) == 0;
    for (size_t i = 0; same && i < a->n_texts; i++) {
        same = sy_view_eq(a->texts[i], b->texts[i]);
    }
    return same;
}

bool same_answer(const struct sy_answer *a, const struct sy_answer *b)
{
    bool same = a->n_columns == b->n_columns && a->rows == b->rows;
    for (size_t i = 0; same && i < a->n_columns; i++) {
        struct sy_answer_column x = a->columns[i], y = b->columns[i];
        int64_t none = 0;
        x.values = x.values == NULL ? &none : x.values;
        y.values = y.values == NULL ? &none : y.values;
        x.lo = x.lo == NULL ? &none : x.lo;
        y.lo = y.lo == NULL ? &none : y.lo;
        x.hi = x.hi == NULL ? &none : x.hi;
        y.hi = y.hi == NULL ? &none : y.hi;
        same = same_column(&x, &y);
    }
    return same;
}

bool refuses(struct scene *s, release_fn *release)
{
    struct sy_answer a, before;
    memset(&a, 0xA5, sizeof(a));
    memcpy(&before, &a, sizeof(a));
    sy_status st = release(&s->release, &s->w.k->arena, &a, &s->err);
    return st.code == SY_E_FIELD && memcmp(&a, &before, sizeof(a)) == 0;
}
