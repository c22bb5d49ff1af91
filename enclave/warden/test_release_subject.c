/*
 * The release of an answer about one subject: one row whatever came, a declared label or "unknown", the
 * same bytes for "not in the data" and "not known there"; every result that no subject can have is refused.
 */
#include "test_kit.h"

#include <string.h>

#include "warden/release.h"
#include "wire/consent.h"

struct scene {
    struct world w;
    struct rules_model model;
    uint64_t key[2];
    int64_t figures[2];
    struct sy_run_cell cells[2];
    struct sy_run_block block;
    struct sy_run_result result;
    struct warden_release release;
    uint8_t seed[32];
    struct sy_error err;
};

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_granted(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static struct scene *scene_new(struct kit *k, bool nullable)
{
    struct scene *s = kit_alloc(k, 1, sizeof(*s));
    s->w = kit_world(k);
    s->w.pack = kit_subject_pack(k, 2);
    s->w.proposal = kit_subject_proposal(k);
    s->w.plan = kit_subject_plan(k);
    if (nullable) {
        s->w.defs.defs[0].fields[1].nullable = true;
        s->w.plan->blocks[0].keys[0].nullable = true;
    }
    sy_status st = kit_check(&s->w, &s->model.facts);
    if (!sy_ok(st)) {
        fail_msg("plan: %s %s %s", sy_code_name(st.code), k->err.field, k->err.reason);
    }
    s->model.plan = *s->w.plan;
    s->model.grant.defs = s->w.defs;
    s->cells[0] = (struct sy_run_cell){
        .key = s->key, .n_key = 1, .figures = s->figures, .n_figures = 0, .units = 1};
    s->cells[1] = s->cells[0];
    s->block = (struct sy_run_block){.cells = s->cells, .n_cells = 1};
    s->result = (struct sy_run_result){.blocks = &s->block, .n_blocks = 1, .ok = true};
    s->release = (struct warden_release){.model = &s->model, .result = &s->result, .seed = s->seed};
    return s;
}

/* Encoded, as it would leave. */
static struct sy_view released(struct scene *s, const char *want)
{
    struct sy_answer a = {0};
    sy_status st = warden_release(&s->release, &s->w.k->arena, &a, &s->err);
    if (!sy_ok(st)) {
        fail_msg("release: %s %s", sy_code_name(st.code), s->err.reason);
    }
    assert_int_equal(a.rows, 1);
    assert_int_equal(a.n_columns, 1);
    assert_true(sy_view_is(a.columns[0].kind, "key"));
    assert_true(sy_view_is(a.columns[0].mechanism, "subject"));
    assert_int_equal(a.columns[0].n_values, 0);
    assert_int_equal(a.columns[0].n_texts, 1);
    assert_true(sy_view_is(a.columns[0].texts[0], want));
    return kit_encode(s->w.k, &sy_answer_desc, &a);
}

static void test_labels(void **state)
{
    struct scene *s = scene_new(*state, true);
    s->key[0] = 0;
    (void)released(s, "false");
    s->key[0] = 1;
    (void)released(s, "true");
    s->key[0] = 2;
    struct sy_view null = released(s, SY_SUBJECT_UNKNOWN);
    s->block.n_cells = 0;
    assert_true(sy_view_eq(null, released(s, SY_SUBJECT_UNKNOWN)));
}

static void refused(struct scene *s, const char *why)
{
    struct sy_answer a = {.rows = 77};
    sy_status st = warden_release(&s->release, &s->w.k->arena, &a, &s->err);
    if (st.code != SY_E_FIELD || a.rows != 77) {
        fail_msg("%s: %s", why, sy_code_name(st.code));
    }
}

static void test_refused(void **state)
{
    struct scene *s = scene_new(*state, false);
    (void)released(s, "false");
    s->key[0] = 2;
    refused(s, "the NULL cell of a key that has none");
    s->key[0] = UINT64_MAX;
    refused(s, "a cell beyond the key");
    s->key[0] = 0;
    s->block.n_cells = 2;
    refused(s, "two cells of one subject");
    s->block.n_cells = 1;
    s->cells[0].units = 2;
    refused(s, "two units");
    s->cells[0].units = 0;
    refused(s, "no unit");
    s->cells[0].units = 1;
    s->cells[0].n_figures = 1;
    refused(s, "a figure");
    s->cells[0].n_figures = 0;
    s->cells[0].n_key = 2;
    refused(s, "two keys");
    s->cells[0].n_key = 0;
    refused(s, "no key");
    s->cells[0].n_key = 1;
    s->result.ok = false;
    refused(s, "a worker that failed");
    s->result.ok = true;
    (void)released(s, "false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_labels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
