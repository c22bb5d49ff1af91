#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "check.h"
#include "mechanisms/stream.h"
#include "warden/release.h"

static struct sy_view V(const char *text) {
    return sy_view_str(text);
}

static void
set_fields(struct lab *l)
{
    static struct sy_view labels[4];
    const char *names[] = {"none", "one", "some", "many"};
    for (size_t i = 0; i < 4; i++) {
        labels[i] = V(names[i]);
    }
    l->fields[LAB_PERSON] = (struct sy_field_def){
        .grade = 3, .name = V("person"), .nullable = true, .ref = V("person"), .type = V("unit")};
    l->fields[LAB_V] =
        (struct sy_field_def){.grade = 3, .hi = LAB_V_MAX, .name = V("v"), .type = V("int64")};
    l->fields[LAB_K] = (struct sy_field_def){
        .grade = 3, .name = V("k"), .type = V("enum"), .values = labels, .n_values = 4};
    l->fields[LAB_W] = (struct sy_field_def){
        .grade = 3, .lo = -LAB_W_MAX, .hi = LAB_W_MAX, .name = V("w"), .type = V("int64")};
    l->fields[LAB_X] =
        (struct sy_field_def){.grade = 3, .hi = LAB_X_MAX, .name = V("x"), .type = V("int64")};
    l->fields[LAB_S] =
        (struct sy_field_def){.grade = 3, .klass = V("code"), .name = V("s"), .type = V("text")};
}

void lab_open(struct lab *l, uint64_t max_rows)
{
    char pack[512];
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    assert_non_null(root);
    memset(l, 0, sizeof *l);
    snprintf(pack, sizeof pack, "%s/policies/packs/health/pack.yaml", root);
    set_fields(l);
    l->def = (struct sy_dataset_def){.custodian = V("agency"),
                                     .department = V("health"),
                                     .encoding = V("utf-8"),
                                     .fields = l->fields,
                                     .n_fields = LAB_FIELDS,
                                     .id = V("lab.t"),
                                     .max_rows = max_rows,
                                     .membership = 3,
                                     .ns = V("person"),
                                     .title = V("t"),
                                     .unit = V("person")};
    l->ts.arena.ceiling = (size_t)1 << 30;
    l->ts.defs = &l->def;
    l->ts.n_defs = 1;
    l->ts.t = sy_arena_alloc(&l->ts.arena, 1, sizeof *l->ts.t);
    assert_non_null(l->ts.t);
    l->ts.t[0].def = &l->def;
    l->ts.t[0].texts = sy_arena_alloc(&l->ts.arena, LAB_FIELDS, sizeof *l->ts.t[0].texts);
    l->ts.t[0].cols = sy_arena_alloc(&l->ts.arena, LAB_FIELDS, sizeof *l->ts.t[0].cols);
    assert_true(l->ts.t[0].texts != NULL && l->ts.t[0].cols != NULL);
    bench_open(&l->bench, &l->ts, pack);
    l->bench.seed = attack_seed();
}

void lab_close(struct lab *l)
{
    bench_close(&l->bench);
    sy_arena_deinit(&l->ts.arena);
}

void lab_rows(struct lab *l, size_t n, size_t units)
{
    l->ts.t[0].n_rows = n;
    for (size_t f = 0; f < LAB_FIELDS; f++) {
        l->ts.t[0].cols[f] = sy_arena_alloc(&l->ts.arena, n + 1, sizeof(int64_t));
        assert_non_null(l->ts.t[0].cols[f]);
    }
    tables_space(&l->ts, V("person"))->ids.n = units;
}

void lab_set(struct lab *l, size_t row, size_t field, int64_t value)
{
    l->ts.t[0].cols[field][row] = value;
}

int64_t lab_text(struct lab *l, const char *text)
{
    return dict_code(&l->ts.t[0].texts[LAB_S], V(text), &l->ts.arena);
}

void lab_ask(struct lab *l, const struct lab_block *block, struct asking *a)
{
    struct sy_model_block b = {.name = V("main"),
                               .mechanism = V("gauss"),
                               .sql = V(block->sql),
                               .groups = block->groups,
                               .rows = block->rows,
                               .rho = block->rho,
                               .delta = block->delta};
    struct sy_model_def m = {.blocks = &b, .n_blocks = 1, .name = V("m"), .title = V("m")};
    if (!ask_check(&l->bench, &m, a)) {
        fail_msg("%s: %s: %.*s %s", block->sql, ask_code(a), SY_PV(a->lowered.reason),
                 a->refused.reason);
    }
}

void lab_run(struct lab *l, struct asking *a)
{
    ask_feed(&l->bench, a);
    ask_run(&l->bench, a, NULL);
}

void lab_release(struct lab *l, struct asking *a, struct sy_answer *ret)
{
    uint8_t key[32], salt[32], digest[32] = {0}, seed[MECH_SEED_BYTES];
    struct rules_model *m = sy_arena_alloc(&a->arena, 1, sizeof *m);
    assert_non_null(m);
    for (size_t i = 0; i < 4; i++) {
        sy_store_le64(key + 8 * i, attack_bits());
        sy_store_le64(salt + 8 * i, attack_bits());
    }
    mech_seed(key, salt, digest, seed);
    m->plan = a->plan;
    m->facts = a->facts;
    m->grant.defs = l->bench.defs;
    m->grant.pack = l->bench.pack;
    struct sy_error err = {0};
    a->result.ok = true; /* the worker's to say */
    struct warden_release r = {.model = m,
                               .result = &a->result,
                               .columns = a->job.columns,
                               .n_columns = a->job.n_columns,
                               .seed = seed};
    *ret = (struct sy_answer){0};
    sy_status s = warden_release(&r, &a->arena, ret, &err);
    if (!sy_ok(s)) {
        fail_msg("release: %s %s", sy_code_name(s.code), err.reason);
    }
}
