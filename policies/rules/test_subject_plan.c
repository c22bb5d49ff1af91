/*
 * Plans and packs for questions about one consenting subject: an honest plan and what the reviewer reads of
 * it, and every rule that such a plan must keep, each broken once.
 */
#include "test_kit.h"

#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_subject_granted(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* ---- plans ---- */

static struct world world_of(struct kit *k)
{
    struct world w = kit_world(k);
    w.pack = kit_subject_pack(k, 2);
    w.proposal = kit_subject_proposal(k);
    w.plan = kit_subject_plan(k);
    return w;
}

static void test_plan_facts(void **state)
{
    struct world w = world_of(*state);
    struct rules_plan_facts f;
    sy_status s = kit_check(&w, &f);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), w.k->err.field, w.k->err.reason);
    }
    assert_true(f.blocks[0].subject);
    assert_int_equal(f.blocks[0].kind, RULES_NOISE_NONE);
    assert_int_equal(f.rows_out, 1);
    assert_int_equal(f.n_spends, 1);
    assert_int_equal(f.spends[0].rho, 0);
    assert_int_equal(f.grade, 3);
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(RULES_RENDER_MAX);
    struct rules_plan_case c = {w.plan, &w.defs, w.pack, w.proposal};
    check_ok(rules_plan_render(&c, &f, &w.k->arena, &text));
    check_ok(sy_buf_add(&text, "", 1));
    if (strstr((const char *)text.p, "one consenting person, named by r0.id") == NULL) {
        fail_msg("%s", (const char *)text.p);
    }
    assert_non_null(strstr((const char *)text.p, "asserted by the consent token, from 0 to 150"));
}

/* Two labels of a text, one of them called as given. */
static void text_key(struct world *w, const char *const *labels, size_t n)
{
    struct sy_plan_block *b = &w->plan->blocks[0];
    struct kit_expr e[128] = {{.op = "col", .i = 1}, {.op = "param"}};
    size_t at = 2;
    uint64_t args[4];
    e[at++] = (struct kit_expr){.op = "ge", .args = {0, 1}, .n_args = 2};
    uint64_t last = at;
    e[at++] = (struct kit_expr){.op = "str", .s = labels[n - 1]};
    for (size_t i = n - 1; i-- > 0;) {
        args[0] = at;
        e[at++] = (struct kit_expr){.op = "str", .s = labels[i]};
        args[1] = last;
        last = at;
        e[at++] = (struct kit_expr){.op = "case", .args = {2, args[0], args[1]}, .n_args = 3};
    }
    b->exprs = kit_exprs(w->k, e, at);
    b->n_exprs = at;
    b->keys[0] = (struct sy_plan_key){
        .expr = last, .labels = kit_strs(w->k, labels, n), .n_labels = n, .name = V("ok")};
}

static void banded(struct world *w)
{
    text_key(w, (const char *const[]){"young", "old"}, 2);
}

#define P(name, ...)                                                                               \
    static void name(struct world *w)                                                              \
    {                                                                                              \
        struct sy_plan *p = w->plan;                                                               \
        struct sy_plan_block *b = &p->blocks[0];                                                   \
        (void)p;                                                                                   \
        (void)b;                                                                                   \
        __VA_ARGS__                                                                                \
    }

P(p_as_it_is, )
P(p_banded, banded(w);)
P(p_core, p->rels[0].names = KIT_STRS(w->k, "id", "hiv");
  b->exprs = kit_exprs(w->k, (const struct kit_expr[]){{.op = "col", .i = 1}}, 1); b->n_exprs = 1;
  b->keys[0].expr = 0; p->n_params = 0; p->rels[1].fns = KIT_STRS(w->k, "arg_max");
  p->rels[1].exprs = kit_exprs(
      w->k, (const struct kit_expr[]){{.op = "col"}, {.op = "col", .i = 1}, {.op = "int", .i = 1}},
      3);
  p->rels[1].n_exprs = 3; p->rels[1].outs = NUMS(w, 0, 1, 2); p->rels[1].n_outs = 3;)
P(p_no_pack_section, w->pack->n_subject = 0;)
P(p_pack_grade, w->pack->grades[2].n_mechanisms = 2;)
P(p_not_granted, w->proposal->mechanisms = KIT_STRS(w->k, "gauss");)
P(p_many_rows, b->rel = 0;)
P(p_groups, b->groups = 2;)
P(p_rho, b->rho = 1;)
P(p_sparse, b->sparse = true;)
P(p_figure, b->figures = kit_alloc(w->k, 1, sizeof(*b->figures)); b->n_figures = 1;
  b->figures[0] = (struct sy_plan_figure){.fn = V("count"), .name = V("n")};)
P(p_two_keys, b->keys[1] = b->keys[0]; b->keys[1].name = V("again"); b->n_keys = 2;)
P(p_chosen, p->params[0].asserted = false; p->params[0].support = 200;)
P(p_asserted_range, p->params[0].values = KIT_STRS(w->k, "150", "0");)
P(p_asserted_one, p->params[0].n_values = 1;)
P(
    p_int_key, b->keys[0].expr = 0; struct sy_view *l = kit_alloc(w->k, 121, sizeof(*l));
    for (size_t i = 0; i < 121;
         i++) { l[i] = V(sy_arena_printf(&w->k->arena, "%zu", i)); } b->keys[0]
        .labels = l;
    b->keys[0].n_labels = 121;)
P(p_unknown, text_key(w, (const char *const[]){"young", "unknown"}, 2);)
P(
    p_many_labels, const char *l[33]; for (size_t i = 0; i < 33; i++) {
        l[i] = sy_arena_printf(&w->k->arena, "band %zu", i);
    } text_key(w, l, 33);)
P(p_mother, p->rels[0].source = V("births"); p->rels[0].names = KIT_STRS(w->k, "child", "weight");
  p->params[0].values = KIT_STRS(w->k, "200", "8000"); kit_sources(w->k, p);)
P(p_ordinary, b->mechanism = V("gauss"); b->rho = 100000;
  b->figures = kit_alloc(w->k, 1, sizeof(*b->figures)); b->n_figures = 1;
  b->figures[0] = (struct sy_plan_figure){.fn = V("count"), .name = V("n")};
  p->outs[1] = (struct sy_plan_out){.name = V("n"), .op = V("figure")}; p->n_outs = 2;
  w->proposal->mechanisms = KIT_STRS(w->k, "gauss");)
P(p_two_blocks, p->blocks[1] = *b; p->blocks[1].name = V("more"); p->n_blocks = 2;
  p->post = kit_alloc(w->k, 1, sizeof(*p->post)); p->n_post = 1; p->outs[1] = p->outs[0];
  p->outs[1].block = 1; p->n_outs = 2;)

static void test_plans(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct world *w);
        int32_t code;
        const char *field;
    } cases[] = {
#define C(f, code, field) {#f, f, code, field}
        C(p_as_it_is, 0, ""),
        C(p_banded, 0, ""),
        C(p_core, 0, ""),
        C(p_no_pack_section, SY_E_PRIVACY, "blocks[0].m"),
        C(p_pack_grade, SY_E_PRIVACY, "blocks[0].m"),
        C(p_not_granted, SY_E_PRIVACY, "blocks[0].m"),
        C(p_many_rows, SY_E_PRIVACY, "blocks[0].r"),
        C(p_groups, SY_E_PRIVACY, "blocks[0].g"),
        C(p_rho, SY_E_PRIVACY, "blocks[0].g"),
        C(p_sparse, SY_E_PRIVACY, "blocks[0].k"),
        C(p_figure, SY_E_PLAN, "blocks[0].k"),
        C(p_two_keys, SY_E_PLAN, "blocks[0].k"),
        C(p_chosen, SY_E_PRIVACY, "params[0].a"),
        C(p_asserted_range, SY_E_PLAN, "params[0].v"),
        C(p_asserted_one, SY_E_PLAN, "params[0].v"),
        C(p_int_key, SY_E_PRIVACY, "blocks[0].k"),
        C(p_unknown, SY_E_PRIVACY, "blocks[0].k"),
        C(p_many_labels, SY_E_LIMIT, "blocks[0].k"),
        C(p_mother, SY_E_PRIVACY, "blocks[0].u"),
        C(p_ordinary, SY_E_PRIVACY, "params[0].a"),
        C(p_two_blocks, SY_E_PRIVACY, "blocks[0].m"),
#undef C
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct world w = world_of(*state);
        struct rules_plan_facts f;
        cases[i].spoil(&w);
        sy_status s = kit_check(&w, &f);
        if (s.code != cases[i].code || strcmp(w.k->err.field, cases[i].field) != 0) {
            fail_msg("%s: %s %s: %s", cases[i].name, sy_code_name(s.code), w.k->err.field,
                     w.k->err.reason);
        }
    }
}

/* ---- one form ---- */

static void of_klass(struct world *w, const char *klass)
{
    for (size_t i = 0; i < w->defs.n; i++) {
        for (size_t f = 0; f < w->defs.defs[i].n_fields; f++) {
            struct sy_field_def *field = &w->defs.defs[i].fields[f];
            field->klass = sy_view_is(field->type, "unit") ? V(klass) : field->klass;
        }
    }
}

/* Whichever way the rows come, identifiers are brought to the form that ingest stored. */
static void test_klass(void **state)
{
    for (int united = 0; united < 2; united++) {
        struct world w = world_of(*state);
        struct rules_plan_facts f;
        struct sy_plan *p = w.plan;
        of_klass(&w, "idno");
        if (united != 0) {
            struct sy_plan_rel *r = kit_alloc(w.k, 3, sizeof(*r));
            r[0] = p->rels[0];
            r[1] = (struct sy_plan_rel){.op = V("union"), .in = NUMS(&w, 0, 0), .n_in = 2};
            r[2] = p->rels[1];
            r[2].in = NUMS(&w, 1);
            p->rels = r;
            p->n_rels = 3;
            p->blocks[0].rel = 2;
        }
        check_ok(kit_check(&w, &f));
        assert_true(sy_view_is(f.blocks[0].klass, "idno"));
        of_klass(&w, "");
        check_ok(kit_check(&w, &f));
        assert_int_equal(f.blocks[0].klass.n, 0);
    }
}

/* ---- packs ---- */

static void test_packs(void **state)
{
    struct kit *k = *state;
    struct sy_pack *p = kit_subject_pack(k, 3);
    p->n_subject = 0;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p = kit_subject_pack(k, 3);
    p->subject[0].window_s = 0;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p = kit_subject_pack(k, 3);
    p->grades[3].mechanisms = KIT_STRS(k, "gauss");
    assert_int_equal(kit_adopt(k, p), SY_E_PRIVACY);
    assert_int_equal(kit_adopt(k, kit_subject_pack(k, 3)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plan_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_klass, setup, teardown),
        cmocka_unit_test_setup_teardown(test_packs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
