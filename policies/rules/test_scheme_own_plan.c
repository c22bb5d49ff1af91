/*
 * Plans that read a developer's own data: each mechanism but noise is refused, whatever the grades would allow; and so
 * are own rows about people that count without a department's.
 */
#include "test_cellkey_kit.h"

#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* The same world, in which this dataset is somebody's own data. */
static void make_own(struct world *w, const char *id, const char *own)
{
    for (size_t i = 0; i < w->defs.n; i++) {
        if (sy_view_is(w->defs.defs[i].id, id)) {
            w->defs.defs[i].id = V(own);
        }
    }
    for (size_t i = 0; i < w->proposal->n_datasets; i++) {
        if (sy_view_is(w->proposal->datasets[i].dataset, id)) {
            w->proposal->datasets[i].dataset = V(own);
        }
    }
    for (size_t i = 0; i < w->plan->n_sources; i++) {
        if (sy_view_is(w->plan->sources[i].dataset, id)) {
            w->plan->sources[i].dataset = V(own);
        }
    }
    for (size_t i = 0; i < w->plan->n_rels; i++) {
        if (sy_view_is(w->plan->rels[i].source, id)) {
            w->plan->rels[i].source = V(own);
        }
    }
}

static void *grown(struct kit *k, const void *list, size_t n, size_t size)
{
    return memcpy(kit_alloc(k, n + 1, size), list, n * size);
}

/* The same world, in which this one scan reads own data that is like the dataset it read. */
static void own_like(struct world *w, size_t at)
{
    struct rules_defs *d = &w->defs;
    struct sy_view *source = &w->plan->rels[at].source;
    size_t def = 0;
    size_t asked = 0;
    size_t read = 0;
    while (!sy_view_eq(d->defs[def].id, *source)) {
        def++;
    }
    while (!sy_view_eq(w->proposal->datasets[asked].dataset, *source)) {
        asked++;
    }
    while (!sy_view_eq(w->plan->sources[read].dataset, *source)) {
        read++;
    }
    d->defs = grown(w->k, d->defs, d->n, sizeof(*d->defs));
    d->digests = grown(w->k, d->digests, d->n, sizeof(*d->digests));
    d->granted = grown(w->k, d->granted, d->n, sizeof(*d->granted));
    d->defs[d->n] = d->defs[def];
    d->digests[d->n] = d->digests[def];
    d->granted[d->n] = d->granted[def];
    size_t n = w->proposal->n_datasets++;
    w->proposal->datasets = grown(w->k, w->proposal->datasets, n, sizeof(*w->proposal->datasets));
    w->proposal->datasets[n] = w->proposal->datasets[asked];
    size_t n_read = w->plan->n_sources++;
    w->plan->sources = grown(w->k, w->plan->sources, n_read, sizeof(*w->plan->sources));
    w->plan->sources[n_read] = w->plan->sources[read];
    *source = d->defs[d->n++].id = w->proposal->datasets[n].dataset =
        w->plan->sources[n_read].dataset = V("own.like");
}

/* The plan as it is, and then when it reads own data. */
static int32_t becomes(struct world *w, const char *id, const char *own)
{
    struct rules_plan_facts facts;
    check_ok(kit_check(w, &facts));
    make_own(w, id, own);
    return kit_check(w, &facts).code;
}

static struct world of(struct kit *k, struct sy_plan *plan, struct sy_pack *pack,
                       struct sy_proposal *p)
{
    struct world w = kit_world(k);
    w.plan = plan;
    w.pack = pack;
    w.proposal = p;
    return w;
}

/* Four blocks, one of them exact over public streets. */
static struct world wide(struct kit *k)
{
    struct sy_plan *p = kit_wide_plan(k);
    p->blocks[0].rho = 1000000;
    return of(k, p, kit_pack_record(k, 1), kit_proposal(k));
}

/* Blocks by noise, one of which reads own data, and an exact one over public data of a department. */
static void noise_may_be_fused(struct kit *k)
{
    struct world w = wide(k);
    struct rules_plan_facts facts;
    own_like(&w, 3);
    check_ok(kit_check(&w, &facts));
}

static void refused(struct kit *k, struct world *w, const char *id)
{
    assert_int_equal(becomes(w, id, "own.rows"), SY_E_PRIVACY);
    assert_non_null(strstr(k->err.reason, "own data"));
    assert_non_null(strstr(k->err.field, "].m"));
}

/* Exactly how many of its rows meet public ones. */
static void no_exact_matches(struct kit *k)
{
    struct world w = wide(k);
    refused(k, &w, "streets");
}

/* Cells of chosen people, by cell keys; and beside noise. */
static void no_cell_keys(struct kit *k)
{
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    ck_domain(k);
    ck_grant(k, "acme", NULL);
    struct sy_plan *p = ck_plan(k, CK_NONE, CK(CK_COL(R_TOWN)), towns, LEN(towns), true);
    struct world w = of(k, p, ck_pack(k, 1), ck_proposal(k, "acme"));
    refused(k, &w, "residents");
}

static void no_single_subject(struct kit *k)
{
    kit_subject_granted(k);
    struct world w = of(k, kit_subject_plan(k), kit_subject_pack(k, 2), kit_subject_proposal(k));
    refused(k, &w, "persons");
}

static void control_fusion_noised(void **state)
{
    static void (*const cases[])(struct kit *) = {noise_may_be_fused, no_exact_matches};
    static void (*const alone[])(struct kit *) = {no_cell_keys, no_single_subject};
    struct kit *k = *state;
    kit_granted(k);
    for (size_t i = 0; i < LEN(cases); i++) {
        cases[i](k);
    }
    for (size_t i = 0; i < LEN(alone); i++) {
        kit_free(k);
        kit_init(k);
        alone[i](k);
    }
}

/* ---- own rows about people meet a department's ---- */

static void check_met(struct world *w, const char *field)
{
    struct rules_plan_facts facts;
    sy_status s = kit_check(w, &facts);
    assert_int_equal(s.code, field == NULL ? 0 : SY_E_PRIVACY);
    if (field != NULL) {
        assert_string_equal(w->k->err.field, field);
        assert_non_null(strstr(w->k->err.reason, "inner join"));
    }
}

/* Persons by town and age, joined with a table of two columns, its second or first like one of theirs. */
struct pair {
    const char *right, *names[2], *kind;
    int64_t on;    /* column of persons that equals the right side's first */
    bool own[2];   /* which side is own data */
    bool together; /* what counts needs a department's row */
};

static struct world joined(struct kit *k, const struct pair *c)
{
    const struct kit_expr on[] = {{.op = "col", .i = c->on},
                                  {.op = "col", .i = 3},
                                  {.op = "eq", .args = {0, 1}, .n_args = 2}};
    struct sy_plan *p = kit_tree_plan(k);
    p->rels = grown(k, p->rels, 2, sizeof(*p->rels));
    p->rels[1] = (struct sy_plan_rel){.op = V("scan"),
                                      .source = V(c->right),
                                      .names = kit_strs(k, c->names, LEN(c->names)),
                                      .n_names = LEN(c->names)};
    p->rels[2] = (struct sy_plan_rel){.op = V("join"),
                                      .kind = V(c->kind),
                                      .in = kit_nums(k, (const uint64_t[]){0, 1}, 2),
                                      .n_in = 2,
                                      .exprs = kit_exprs(k, on, LEN(on)),
                                      .n_exprs = LEN(on),
                                      .outs = kit_nums(k, (const uint64_t[]){2}, 1),
                                      .n_outs = 1};
    p->n_rels = 3;
    p->blocks[0].rel = 2;
    kit_sources(k, p);
    return of(k, p, kit_pack_record(k, 1), kit_proposal(k));
}

static void joins(struct kit *k)
{
#define EVENTS                                                                                     \
    "events",                                                                                      \
    {                                                                                              \
        "id", "event"                                                                              \
    }
#define STREETS                                                                                    \
    "streets",                                                                                     \
    {                                                                                              \
        "town", "area"                                                                             \
    }
    static const struct pair cases[] = {
        {EVENTS, "inner", 0, {false, true}, true},   {EVENTS, "inner", 0, {true, false}, true},
        {EVENTS, "inner", 0, {true, true}, false},   {EVENTS, "semi", 0, {false, true}, true},
        {EVENTS, "semi", 0, {true, false}, true},    {EVENTS, "semi", 0, {true, true}, false},
        {EVENTS, "left", 0, {false, true}, true},    {EVENTS, "left", 0, {true, false}, false},
        {EVENTS, "left", 0, {true, true}, false},    {EVENTS, "anti", 0, {false, true}, true},
        {EVENTS, "anti", 0, {true, false}, false},   {EVENTS, "anti", 0, {true, true}, false},
        {STREETS, "inner", 1, {false, true}, true}, /* a table of codes, about nobody */
        {STREETS, "inner", 1, {true, false}, false}, {STREETS, "left", 1, {true, false}, false},
        {STREETS, "semi", 1, {false, true}, true},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct world w = joined(k, &cases[i]);
        check_met(&w, NULL); /* nobody's own */
        if (cases[i].own[0]) {
            make_own(&w, "persons", "own.left");
        }
        if (cases[i].own[1]) {
            make_own(&w, cases[i].right, "own.right");
        }
        check_met(&w, cases[i].together ? NULL : "blocks[0].r");
    }
}

static void by_itself(struct kit *k)
{
    struct world w = of(k, kit_tree_plan(k), kit_pack_record(k, 1), kit_proposal(k));
    make_own(&w, "persons", "own.rows");
    check_met(&w, "blocks[0].r");
}

/* Through windows, filters, projections, groups and unions; each block for itself. */
static void through_all(struct kit *k)
{
    static const struct {
        const char *id;
        const char *field;
    } cases[] = {{"births", "blocks[0].r"}, /* meets itself only */
                 {"persons", "blocks[1].r"},
                 {"events", "blocks[1].r"}};
    for (size_t i = 0; i < LEN(cases); i++) {
        struct world w = wide(k);
        make_own(&w, cases[i].id, "own.rows");
        check_met(&w, cases[i].field);
    }
    struct world w = wide(k);
    own_like(&w, 0);
    check_met(&w, NULL);
}

static void control_fusion_met(void **state)
{
    struct kit *k = *state;
    kit_granted(k);
    joins(k);
    by_itself(k);
    through_all(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(control_fusion_noised, setup, teardown),
        cmocka_unit_test_setup_teardown(control_fusion_met, setup, teardown)};
    return cmocka_run_group_tests_name("rules_scheme_own_plan", tests, NULL, NULL);
}
