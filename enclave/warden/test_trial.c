/*
 * A product's release on trial: sound releases pass, releases with a tenth of their noise, with thresholds off or with
 * cells of too few units fail, by the figure that each of them spoils; worlds that do not fit the plan are refused.
 * The samplers of this program are built with the switches of base/weak.h.
 */
#include "test_scene.h"

#include <math.h>
#include <string.h>

#include "test_trial_weak.h"
#include "trial.h"

enum { ALL = 0, WITHOUT = 1, CELLS = 3 };

/* A unit with rows in two declared cells, and its worlds. */
struct trying {
    struct scene *worlds[2];
    struct sy_view bytes[2];
    struct trial_unit unit;
    struct trial trial;
    uint8_t seed[32];
};

static struct sy_view encoded(struct scene *s)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_record_encode(&sy_run_result_desc, &s->result, &b));
    return sy_arena_copy(&s->w.k->arena, sy_buf_view(&b));
}

static void ready(struct trying *t)
{
    for (int i = 0; i < 2; i++) {
        t->bytes[i] = encoded(t->worlds[i]);
    }
    t->unit = (struct trial_unit){.ns = t->worlds[0]->model.facts.blocks[0].ns, .code = 5};
    t->trial = (struct trial){.release = &t->worlds[0]->release,
                              .seed = t->seed,
                              .units = &t->unit,
                              .n_units = 1,
                              .units_max = 1,
                              .worlds = t->bytes};
}

static void show(struct world *w)
{
    show_all(w);
}

/* 40 | 41 | 500 units; the unit weighs 70 kg and is in the first two. */
static struct trying *declared(struct kit *k)
{
    static const int64_t UNITS[CELLS] = {40, 41, 500};
    struct trying *t = kit_alloc(k, 1, sizeof(*t));
    t->seed[0] = 1;
    for (int w = 0; w < 2; w++) {
        t->worlds[w] = scene_new(k, show);
        for (uint64_t i = 0; i < CELLS; i++) {
            int64_t n = UNITS[i] - (w == WITHOUT && i < 2 ? 1 : 0);
            put(add_cell(t->worlds[w], 0, i, (uint64_t)n), n, n * 700, n);
        }
    }
    ready(t);
    return t;
}

static struct trial_outcome tried(struct kit *k, const struct trying *t)
{
    struct trial_outcome o = {0};
    sy_status s = warden_trial(&t->trial, &k->arena, &o, &k->err);
    if (!sy_ok(s)) {
        fail_msg("trial: %s %s", sy_code_name(s.code), k->err.reason);
    }
    return o;
}

static struct kit *begin(void **state, enum sy_weakness w)
{
    trial_weaken(w);
    return *state;
}

/* ---- scores ---- */

static void test_advantage(void **state)
{
    enum { N = 2000 };
    double a[N], b[N];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        a[i] = 10 + (double)(i % 7);
        b[i] = (double)(i % 7);
    }
    assert_true(fabs(trial_advantage(a, b, N) - 1) < 1e-9);
    assert_true(trial_advantage(b, a, N) < 1e-9); /* worse than a guess is no gain */
    for (size_t i = 0; i < N; i++) {
        a[i] = b[i] = (double)((i * 2654435761U) % 1000);
    }
    assert_true(trial_advantage(a, b, N) < 0.1);
    for (size_t i = 0; i < N; i++) { /* two fifths of each agree */
        a[i] = i % 5 < 2 ? 1 : 2;
        b[i] = i % 5 < 2 ? 1 : 0;
    }
    assert_true(fabs(trial_advantage(a, b, N) - 0.6) < 1e-9);
}

static void test_worse(void **state)
{
    struct trial_mark m = {0, INFINITY};
    (void)state;
    trial_worse(&m, (struct trial_mark){0.1, 0.5});
    trial_worse(&m, (struct trial_mark){0.05, 0.2});
    trial_worse(&m, (struct trial_mark){0.4, 0.9});
    assert_true(fabs(m.limit - 0.2) < 1e-9);
    trial_worse(&m, (struct trial_mark){1, 7}); /* nobody gains more than everything */
    assert_true(fabs(m.limit - 1) < 1e-9);
}

/* ---- noised cells ---- */

static void test_sound(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k);
    struct trial_outcome o = tried(k, t);
    assert_true(o.passed);
    assert_false(o.moot);
    assert_true(o.advantage <= o.limit && o.recall <= o.recall_limit);
    assert_true(o.limit < 60 && o.draws == TRIAL_DRAWS_MAX);
    assert_true(o.advantage > 5); /* the attacker is one: it gains what the noise leaves it */
}

static void test_a_tenth_of_the_noise(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NOISE_010);
    struct trying *t = declared(k);
    struct trial_outcome o = tried(k, t);
    assert_false(o.passed);
    assert_true(o.advantage > o.limit);
}

/* The same seed, the same outcome; figures come from the seed and from nothing before. */
static void test_again(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k), *other = declared(k);
    struct trial_outcome a = tried(k, t), b = tried(k, t);
    assert_memory_equal(&a, &b, sizeof(a));
    other->seed[0] = 77;
    b = tried(k, other);
    assert_true(b.passed);
}

static void test_moot(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k);
    t->bytes[WITHOUT] = t->bytes[ALL];
    struct trial_outcome o = tried(k, t);
    assert_true(o.moot && o.passed);
}

/* Data of nobody, or of people who all count nowhere, look like any other data. */
static void test_nobody(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k);
    struct trial_outcome full = tried(k, t);
    t->trial.n_units = 0;
    struct trial_outcome o = tried(k, t);
    assert_true(o.moot && o.passed);
    assert_int_equal(o.price, full.price);
    assert_int_equal(o.draws, full.draws);
    t->trial.units_max = 0;
    assert_true(tried(k, t).passed);
}

/* What leaves beside the verdict is the plan's: the price of anybody, not the part of who was drawn. */
static void test_price(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k), *light = declared(k);
    struct scene *s = light->worlds[WITHOUT];
    s->figures[0][1] = light->worlds[ALL]->figures[0][1];
    s->figures[1][1] = light->worlds[ALL]->figures[1][1];
    ready(light);
    struct trial_outcome a = tried(k, t), b = tried(k, light);
    assert_true(b.limit < a.limit); /* the unit's own part shows in its limit */
    assert_int_equal(a.price, b.price);
    assert_int_equal(a.draws, b.draws);
    assert_true(a.price >= a.limit && a.price < 100);
}

/* A price that allows everything is told: such a trial can say nothing of membership. */
static void test_no_bound(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k);
    t->worlds[ALL]->model.facts.spends[0].rho = 1770000000;
    struct trial_outcome o = tried(k, t);
    assert_int_equal(o.price, 100);
}

/* A unit of another namespace than the block's is in none of its cells. */
static void test_other_namespace(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k);
    t->unit.ns = V("household");
    struct trial_outcome o = tried(k, t);
    assert_true(o.moot);
}

/* ---- found keys ---- */

static struct scene *open_world(struct kit *k)
{
    struct scene *s = scene_new(k, open_street);
    s->columns[1] = (struct sy_run_column){.dict = KIT_STRS(k, "Zulu Road", "Alder Way"),
                                           .n_dict = 2,
                                           .field = V("street"),
                                           .type = V("text"),
                                           .width = 4};
    s->columns[0] = (struct sy_run_column){.field = V("age"), .type = V("int32"), .width = 4};
    s->release.n_columns = 2;
    return s;
}

/* The unit lives alone in its street; another street has many. */
static struct trying *alone(struct kit *k)
{
    struct trying *t = kit_alloc(k, 1, sizeof(*t));
    t->seed[0] = 2;
    for (int w = 0; w < 2; w++) {
        t->worlds[w] = open_world(k);
        put(add_cell(t->worlds[w], 0, 0, 4000), 4000, 4000 * 700, 4000);
        if (w == ALL) {
            put(add_cell(t->worlds[w], 1, 0, 1), 1, 700, 1);
        }
    }
    ready(t);
    return t;
}

static void test_found_key(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = alone(k);
    struct trial_outcome o = tried(k, t);
    assert_true(o.passed);
    assert_int_equal(o.recall, 0);
}

/* Without the threshold the text of a row is in the answer, and with it that somebody is in the data. */
static void test_threshold_off(void **state)
{
    struct kit *k = begin(state, SY_WEAK_THRESHOLD_OFF);
    struct trying *t = alone(k);
    struct trial_outcome o = tried(k, t);
    assert_false(o.passed);
    assert_int_equal(o.recall, 100);
    assert_true(o.recall > o.recall_limit && o.advantage > o.limit);
}

/* ---- BOUNDARY ---- */

static void refused(struct kit *k, struct trying *t, int32_t code)
{
    struct trial_outcome o = {.advantage = 99};
    ready(t);
    assert_int_equal(warden_trial(&t->trial, &k->arena, &o, &k->err).code, code);
    assert_int_equal(o.advantage, 99);
}

static void test_misfits(void **state)
{
    struct kit *k = begin(state, SY_WEAK_NONE);
    struct trying *t = declared(k);
    t->worlds[WITHOUT]->result.n_blocks = 0;
    refused(k, t, SY_E_FIELD);
    t = declared(k);
    t->worlds[ALL]->result.ok = false;
    refused(k, t, SY_E_FIELD);
    t = declared(k);
    memcpy(t->worlds[ALL]->keys[1], t->worlds[ALL]->keys[0], sizeof(t->worlds[ALL]->keys[0]));
    refused(k, t, SY_E_FIELD);
    t = declared(k);
    t->worlds[WITHOUT]->cells[0].units = 0;
    refused(k, t, SY_E_FIELD);
    t = declared(k);
    t->worlds[WITHOUT]->cells[0].n_figures--;
    refused(k, t, SY_E_FIELD);
    t = declared(k);
    t->worlds[ALL]->cells[0].figures[0] = t->worlds[ALL]->model.facts.blocks[0].figures[0].hi + 1;
    refused(k, t, SY_E_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_advantage),
        cmocka_unit_test(test_worse),
        WITH_KIT(test_sound),
        WITH_KIT(test_a_tenth_of_the_noise),
        WITH_KIT(test_again),
        WITH_KIT(test_moot),
        WITH_KIT(test_nobody),
        WITH_KIT(test_price),
        WITH_KIT(test_no_bound),
        WITH_KIT(test_other_namespace),
        WITH_KIT(test_found_key),
        WITH_KIT(test_threshold_off),
        WITH_KIT(test_misfits),
    };
    return cmocka_run_group_tests_name("warden_trial", tests, NULL, NULL);
}
