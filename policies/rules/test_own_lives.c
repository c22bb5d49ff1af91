/*
 * Own data in random lives: acts in and out of order, of two scenes that both want it. An account kept from the accepted
 * acts alone, much simpler than the rules, says of each accepted one whether it could come now: no run without a live
 * grant that names the data, the operator's confirmation, and the confirmed bytes. Everything replays (kit_send).
 */
#include "test_own_kit.h"

#include <string.h>

enum { LIVES = 60, ACTS = 130, SCENES = 2, PARTS = 2, DAY_S = 86400, REVIEWED = 3 };

/* What became of one scene's application. */
struct told_scene {
    bool filed, granted, active, over;
    int64_t at;    /* when it was filed */
    bool approved; /* its model */
    uint8_t grant[32], model[32];
};

struct life {
    struct kit k;
    uint64_t rng;
    struct told_scene scenes[SCENES];
    bool defined, confirmed, rejected, published, erased, right;
    size_t bound; /* the scene that names it; SCENES: none */
    uint64_t next;
    unsigned runs, erasures, refused;
};

static uint64_t below(struct life *l, uint64_t n)
{
    l->rng = l->rng * 6364136223846793005u + 1442695040888963407u;
    return (l->rng >> 33) % n;
}

static bool done(struct life *l, int32_t code)
{
    l->refused += code != 0;
    return code == 0;
}

/* A scene, mostly the one that has the data; its ids are the kit's for the next act. */
static struct told_scene *use(struct life *l, size_t *ret)
{
    *ret = l->bound < SCENES && below(l, 5) > 0 ? l->bound : below(l, SCENES);
    memcpy(l->k.grant, l->scenes[*ret].grant, 32);
    memcpy(l->k.model, l->scenes[*ret].model, 32);
    return &l->scenes[*ret];
}

static bool lives(const struct told_scene *s)
{
    return s->granted && !s->over;
}

/* ---- acts ---- */

static void define(struct life *l)
{
    if (done(l, own_define(&l->k, own_record(&l->k)))) {
        assert_false(l->defined);
        l->defined = true;
    }
}

static void apply(struct life *l)
{
    size_t i;
    struct told_scene *s = use(l, &i);
    struct sy_proposal *p = i == 0 ? own_proposal(&l->k) : own_other_scene(&l->k);
    p->calls = 20 + l->k.entry; /* another proposal each time */
    if (!done(l, kit_apply(&l->k, p))) {
        return;
    }
    const struct told_scene *had = l->bound < SCENES ? &l->scenes[l->bound] : NULL;
    assert_true(l->defined && !l->erased);
    assert_true(had == NULL || !had->granted); /* a grant keeps it for good */
    bool waits =
        had != NULL && had->filed && l->k.time - had->at < DAY_S; /* nobody lapses in a day */
    assert_false(waits);
    *s = (struct told_scene){.filed = true, .at = l->k.time};
    memcpy(s->grant, l->k.grant, 32);
    l->bound = i;
}

static void review(struct life *l)
{
    size_t i;
    struct told_scene *s = use(l, &i);
    bool no = below(l, 8) == 0;
    (void)done(l, scene_judge(&l->k, "operator", "scene.first_review", "approve"));
    (void)done(l, scene_judge(&l->k, "health", "scene.consent", "approve"));
    (void)done(l, scene_judge(&l->k, "clinic", "scene.consent", "approve"));
    if (done(l, scene_judge(&l->k, "agency", "scene.final_review", no ? "reject" : "approve"))) {
        s->filed = false;
        s->granted = s->active = !no;
        assert_true(no || l->bound == i);
    }
}

static void confirm(struct life *l)
{
    size_t i;
    struct told_scene *s = use(l, &i);
    bool no = below(l, 10) == 0;
    if (done(l, own_confirm(&l->k, no ? "reject" : "approve"))) {
        assert_true(l->bound == i && s->active && lives(s) && !l->confirmed && !l->rejected);
        l->confirmed = !no;
        l->rejected = no;
    }
}

/* A part, sometimes another one, sometimes with other bytes, sometimes after the warden lost what it held. */
static void put(struct life *l)
{
    size_t i;
    const struct told_scene *s = use(l, &i);
    uint64_t part = below(l, 4) == 0 ? below(l, PARTS) : l->next % PARTS;
    bool last = part + 1 == PARTS;
    bool right = below(l, 5) > 0;
    struct sy_own_staged held = {.bytes = last ? OWN_BYTES : 1, .parts = part + 1};
    memcpy(held.content, own_record(&l->k)->content, 32);
    held.content[0] ^= !right;
    held.parts = below(l, 8) == 0 ? 0 : held.parts;
    if (done(l, own_put_with(&l->k, part, PARTS, &held))) {
        assert_true(l->bound == i && s->active && lives(s) && l->confirmed && !l->published);
        assert_true(part == 0 || part == l->next);
        assert_true(held.parts == part + 1 && (right || !last));
        l->next = part + 1;
        l->right = last;
    }
}

static void publish(struct life *l)
{
    if (done(l, own_publish(&l->k))) {
        const struct told_scene *s = &l->scenes[l->bound];
        assert_true(l->confirmed && l->right && l->next == PARTS && !l->published && !l->erased);
        assert_true(s->active && lives(s));
        l->published = true;
    }
}

static void model(struct life *l)
{
    size_t i;
    struct told_scene *s = use(l, &i);
    int32_t code = kit_register(&l->k, kit_model_def(&l->k), own_plan(&l->k));
    if (done(l, code) && done(l, kit_review(&l->k, "operator", "model.review", "approve"))) {
        assert_true(s->active && lives(s) && l->bound == i);
        s->approved = true;
        memcpy(s->model, l->k.model, 32);
    }
}

static void run(struct life *l)
{
    static const char *const ages[] = {"18", "40", "60", "75"};
    size_t i;
    const struct told_scene *s = use(l, &i);
    if (done(l, own_run(&l->k, ages[below(l, LEN(ages))]))) {
        assert_true(l->published && !l->erased && l->confirmed && l->right);
        assert_true(l->bound == i && s->active && lives(s) && s->approved);
        l->runs++;
    }
}

static void order(struct life *l)
{
    size_t i;
    struct told_scene *s = use(l, &i);
    switch (below(l, 8)) {
    case 0:
        if (done(l, kit_order(&l->k, "acme", "scene.revoke", "request"))) {
            s->over = true;
        }
        return;
    case 1:
    case 2:
        if (done(l, kit_order(&l->k, "agency", "scene.suspend", "incident"))) {
            s->active = false;
        }
        return;
    default:
        if (done(l, kit_order(&l->k, "agency", "scene.resume", "incident"))) {
            s->active = true;
        }
    }
}

static void erase(struct life *l)
{
    size_t i;
    const struct told_scene *s = use(l, &i);
    if (l->defined && done(l, own_erased(&l->k))) {
        assert_true(l->bound == i && s->over && !l->erased);
        l->erased = true;
        l->erasures++;
    }
}

static void wait_days(struct life *l)
{
    l->k.time += below(l, 6) == 0 ? (int64_t)20 * DAY_S : 60;
}

static void life(struct life *l)
{
    static void (*const acts[])(struct life *) = {define, apply, review,  review,  confirm,  put,
                                                  put,    put,   publish, publish, model,    run,
                                                  run,    run,   order,   erase,   wait_days};
    l->bound = SCENES;
    own_begin(&l->k);
    for (size_t n = 0; n < ACTS && l->k.entry + REVIEWED + 2 < KIT_EVENTS; n++) {
        acts[below(l, LEN(acts))](l);
    }
}

static void test_lives(void **state)
{
    static struct life l;
    unsigned runs = 0, erasures = 0, refused = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        memset(&l, 0, sizeof(l));
        l.rng = seed;
        kit_init(&l.k);
        life(&l);
        kit_free(&l.k);
        runs += l.runs;
        erasures += l.erasures;
        refused += l.refused;
    }
    print_message("# %u runs, %u erasures, %u refusals\n", runs, erasures, refused);
    assert_true(runs > LIVES && erasures > LIVES / 10 && refused > LIVES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lives)};
    return cmocka_run_group_tests_name("rules_own_lives", tests, NULL, NULL);
}
