/*
 * The reviewer's text says what the plan does and can't be forged or blown up; random damage of plan
 * bytes never crashes check or rendering, and what still passes is still priced and noised.
 */
#include "test_kit.h"

#include <stdlib.h>
#include <string.h>

static struct kit *kit_of(void **state)
{
    return *state;
}

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

/* ---- rendering ---- */

static void test_render(void **state)
{
    static const char *const wanted[] = {
        "persons.weight  g3  mask none",
        "persons.id  g3  mask none  (unit of person)",
        "inner join of r0 and r1 on r0.id = r1.id",
        "rows of r2 where (r1.event in ('htn', 'diabetes')) and (r0.age >= $min_age)",
        "key male := r0.male  {false, true}",
        "clamped to [30.0, 200.0]",
        "noise scale 2323.8",
        "weight = w / n, within [30.0, 200.0]",
        "rho 0.2, delta 0 of the budget of person",
        "$min_age (int) one of 18, 40"};
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(kit_check(&w, &f));
    struct rules_plan_case c = {w.plan, &w.defs, w.pack, w.proposal};
    check_ok(rules_plan_render(&c, &f, &w.k->arena, &b));
    check_ok(sy_buf_add(&b, "", 1));
    for (size_t i = 0; i < LEN(wanted); i++) {
        if (strstr((const char *)b.p, wanted[i]) == NULL) {
            fail_msg("'%s' is not in:\n%s", wanted[i], (const char *)b.p);
        }
    }
}

/* clang-format off */
/* Every operator, four blocks, three owners, a post stage: the whole text. */
static const char *const WIDE[] = {
    "Reads",
    "  r0  dataset births  protects person  membership g3",
    "    births.child  g3  mask none  (unit of person)",
    "    births.weight  g3  mask none",
    "    births.born  g2  mask none",
    "    births.mother  not read  (unit of person, at most 3 rows each)",
    "    births.clinic  not read  (unit of clinic, at most 4 rows each)",
    "  r3  dataset births  protects person  membership g3",
    "    births.child  g3  mask none  (unit of person)",
    "    births.weight  g3  mask none",
    "    births.born  g2  mask none",
    "    births.mother  not read  (unit of person, at most 3 rows each)",
    "    births.clinic  not read  (unit of clinic, at most 4 rows each)",
    "  r6  dataset persons  protects person  membership g3",
    "    persons.id  g3  mask none  (unit of person)",
    "    persons.age  g2  mask none",
    "    persons.street  g2  mask none",
    "  r7  dataset events  protects person  membership g3",
    "    events.id  g3  mask none  (unit of person)",
    "    events.event  g3  mask none",
    "  r12  dataset streets  protects nobody (public)  membership g1",
    "    streets.town  g1  mask none",
    "    streets.area  g1  mask none",
    "Parameters",
    "  $year (period, years beginning 10-01) one of 2019, 2020, 2020-Q1; each selects at least 1000 units, says the developer",
    "Steps",
    "  r1  rows of r0, and beside each, among those of its (r0.child) in order of (r0.born desc)",
    "        r1.c3 := row_number()",
    "        r1.c4 := lag(r0.weight)",
    "        r1.c5 := sum(r0.weight) up to the current row",
    "  r2  rows of r1 where (r1.c3 = 1) and (r0.born >= period_start($year)) and (r0.born <= period_end($year))",
    "  r4  one row of r3 for each (r3.child)",
    "        r4.c1 := arg_max(r3.weight by r3.born)",
    "        r4.c2 := count(distinct date_trunc('quarter', r3.born))",
    "  r5  inner join of r2 and r4 on r0.child = r3.child",
    "  r8  rows of r7 where (r7.event like '%t%''') or (r7.event >= 'htn') or (prefix(r7.event, 1) = 's')",
    "  r9  columns of r6",
    "  r10  columns of r8",
    "        r10.c1 := 50",
    "  r11  all rows of r9, r10, column by column",
    "        r11.c0 := r6.id, r7.id",
    "        r11.c1 := r6.age, r10.c1",
    "Block births of r5 by gauss, grade g3",
    "    one person, named by r0.child, counts in at most 2 cells, with 1 rows each",
    "    and is charged rho 0.001, delta 0",
    "    one person also owns rows of up to 6 units of person: charged (1 + 2 x 6)^2 = 169 x rho",
    "    one clinic also owns rows of up to 8 units of person: charged (2 x 8)^2 = 256 x rho",
    "    key year := year(r0.born)  {2018, 2019, 2020, 2021}",
    "    figure grams := sum(coalesce(r1.c4, r0.weight))  each value clamped to [500, 6000]  noise scale 268329, 95 % within +-525915",
    "    figure n := units  noise scale 45, 95 % within +-88",
    "    column year = year",
    "    column weight = grams / n, within [500.0, 6000.0]",
    "    column n = n",
    "Block people of r11 by laplace, grade g3",
    "    one person, named by r11.c0, counts in at most 2 cells, with 1 rows each",
    "    and is charged rho 0.003, delta 0",
    "    figure rows := count  noise scale 26, 95 % within +-78",
    "    column people = rows",
    "Block streets of r6 by gauss, grade g3",
    "    one person, named by r6.id, counts in at most 2 cells, with 1 rows each",
    "    and is charged rho 0.1, delta 0.000000001",
    "    key street := r6.street  undeclared values, only above a noisy threshold",
    "    figure n := units  noise scale 5, 95 % within +-10",
    "    at most 4096 cells, each shown from a noised count of 34 units on (noise scale 5)",
    "    column street = street",
    "    column n = n",
    "Block areas of r12 by exact, grade g1",
    "    key town := r12.town  {a, b, c}",
    "    figure ha := sum(r12.area)  each value clamped to [0, 50]  exact",
    "    column town = town",
    "    column \"ha / n\" = ha",
    "After the release",
    "  p0  what block births released",
    "  p1  what block people released",
    "  p2  left join of p0 and p1 on true",
    "  p3  columns of p2",
    "        p3.c1 := round((births.n / people.people) * 1000, 2)",
    "        p3.c2 := sqrt(births.n)",
    "  p4  rows of p3, and beside each, among all in order of (births.year)",
    "        p4.c3 := sum(p3.c1) up to the row before",
    "        p4.c4 := lag(p3.c1)",
    "  p5  rows of p4 in order of (p3.c1 desc, births.year), the first 3",
    "Answer",
    "    column year = births.year, 0 decimals",
    "    column rate = p3.c1, 2 decimals",
    "    column \"so far\" = p4.c3, 2 decimals",
    "Cost of a run",
    "    rho 0.256, delta 0 of the budget of clinic",
    "    rho 0.272, delta 0.000000001 of the budget of person",
    "    at most 4104 cells, answered after 350 ms",
};
/* clang-format on */

/* The text of the wide plan, in the arena, after `spoil`. */
static const char *wide_text(struct kit *k, void (*spoil)(struct sy_plan *p))
{
    struct world w = kit_world(k);
    struct rules_plan_facts f;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    w.plan = kit_wide_plan(k);
    w.plan->blocks[0].rho = 1000000;
    spoil(w.plan);
    sy_status s = kit_check(&w, &f);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), k->err.field, k->err.reason);
    }
    struct rules_plan_case c = {w.plan, &w.defs, w.pack, w.proposal};
    check_ok(rules_plan_render(&c, &f, &k->arena, &b));
    check_ok(sy_buf_add(&b, "", 1));
    return (const char *)sy_arena_copy(&k->arena, sy_buf_view(&b)).p;
}

static void as_it_is(struct sy_plan *p)
{
    (void)p;
}

static void test_render_wide(void **state)
{
    const char *text = wide_text(kit_of(state), as_it_is);
    for (size_t i = 0; i < LEN(WIDE); i++) {
        size_t n = strcspn(text, "\n");
        if (n != strlen(WIDE[i]) || memcmp(text, WIDE[i], n) != 0) {
            fail_msg("line %zu is\n%.*s\nwant\n%s", i, (int)n, text, WIDE[i]);
        }
        text += n + 1;
    }
    assert_string_equal(text, "");
}

static void hide(struct sy_plan *p)
{
    p->outs[1].name = V("exact\" := births.n\xe2\x80\xae");
    p->outs[2].name = V("a\xc2\x85\xe2\x81\xa6\xef\xbb\xbf"
                        "b");
    p->outs[3].name = V("\xe4\xba\xba\xe5\x8f\xa3");
    p->blocks[1].figures[0].name = V("rows\nBlock x");
    p->rels[8].exprs[1].s = V("' or '");
}

/* What is not seen, or moves what is seen, is shown as "?"; a name that is no plain word is quoted, and
 * a quote inside a literal is doubled. */
static void test_render_names(void **state)
{
    static const char *const wanted[] = {
        "column \"exact? := births.n???\" = grams / n",
        "column \"a????????b\" = n\n",
        "column \"\xe4\xba\xba\xe5\x8f\xa3\" = \"rows?Block x\"\n",
        "like ''' or ''')",
        "births.\"a????????b\" / people.\"\xe4\xba\xba\xe5\x8f\xa3\"",
    };
    const char *text = wide_text(kit_of(state), hide);
    for (size_t i = 0; i < LEN(wanted); i++) {
        if (strstr(text, wanted[i]) == NULL) {
            fail_msg("'%s' is not in:\n%s", wanted[i], text);
        }
    }
}

/* Labels can't forge lines of the reviewer's text, and sharing can't blow it up. */
static void test_render_hostile(void **state)
{
    enum { DEEP = 60 };
    struct world w = kit_world(kit_of(state));
    struct rules_plan_facts f;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_plan_expr e[DEEP + 3] = {{.op = V("bool"), .i = 1}};
    for (uint64_t i = 1; i < DEEP; i++) {
        e[i] = call(&w, i % 2 == 0 ? "and" : "or", i - 1, i - 1);
    }
    struct sy_plan_rel *r = &w.plan->rels[3];
    r->exprs = list(&w, e, DEEP);
    r->n_exprs = DEEP;
    r->outs[0] = DEEP - 1;
    w.plan->outs[2].name = V("a\nCost of a run\n    nothing");
    check_ok(kit_check(&w, &f));
    struct rules_plan_case c = {w.plan, &w.defs, w.pack, w.proposal};
    check_ok(rules_plan_render(&c, &f, &w.k->arena, &b));
    assert_true(b.n < 20000);
    check_ok(sy_buf_add(&b, "", 1));
    assert_non_null(strstr((const char *)b.p, "a?Cost of a run?"));
}

/* A chain of sharing in the post stage's second project (column 1): x + x, its square, that + that, ... */
static void entangle(struct sy_plan *p)
{
    enum { DEEP = 40 };
    static struct sy_plan_expr e[DEEP];
    static uint64_t args[DEEP][2];
    struct sy_plan_rel *r = &p->post[0].rels[3];
    for (size_t i = 0; i < r->n_exprs; i++) {
        e[i] = r->exprs[i];
    }
    for (size_t i = r->n_exprs; i < DEEP; i++) {
        args[i][0] = args[i][1] = i == r->n_exprs ? r->outs[1] : i - 1;
        e[i] = (struct sy_plan_expr){
            .op = V(i % 2 == 0 ? "add" : "sub"), .args = args[i], .n_args = 2};
    }
    r->exprs = e;
    r->n_exprs = DEEP;
    r->outs[1] = DEEP - 1;
}

/* What would be cut is shown in steps, each of which says all: nothing of a formula is hidden. */
static void test_render_steps(void **state)
{
    const char *text = wide_text(kit_of(state), entangle);
    const char *stage = strstr(text, "After the release");
    assert_non_null(stage);
    assert_null(strstr(stage, "\xe2\x80\xa6"));
    assert_non_null(strstr(stage, " := p3.e37 + p3.e37\n"));
    assert_non_null(strstr(stage, "p3.c1 := p3.e38 - p3.e38\n"));
}

/* ---- random damage ---- */

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void still_priced(const struct world *w, const struct rules_plan_facts *f)
{
    for (size_t i = 0; i < f->n_spends; i++) {
        assert_true(f->spends[i].rho > 0 && f->spends[i].rho <= w->pack->rho_run_max);
    }
    for (size_t i = 0; i < f->n_blocks; i++) {
        const struct rules_block_facts *k = &f->blocks[i];
        for (size_t j = 0; j < k->n_figures; j++) {
            assert_int_equal(k->figures[j].noise > 0, k->track != NULL);
        }
        assert_true(k->track == NULL || (f->n_spends > 0 && (!k->open || k->tau > 1)));
    }
}

/* Change a few bytes of the plan; what still decodes is checked and, if it passes, rendered. */
static void damage(struct world *w, uint64_t *seed, size_t rounds)
{
    struct sy_view bytes = kit_encode(w->k, &sy_plan_desc, w->plan);
    uint8_t *copy = malloc(bytes.n);
    size_t decoded = 0;
    size_t passed = 0;
    for (size_t i = 0; i < rounds; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        SY_BUF_CLEANUP struct sy_buf text = sy_buf(RULES_RENDER_MAX);
        struct sy_plan plan;
        struct rules_plan_facts f;
        memcpy(copy, bytes.p, bytes.n);
        for (uint64_t n = 1 + next(seed) % 2; n > 0; n--) {
            copy[next(seed) % bytes.n] =
                (uint8_t)(next(seed) % 3 == 0 ? next(seed) : next(seed) % 16);
        }
        if (!sy_ok(sy_record_decode(&sy_plan_desc, sy_view(copy, bytes.n), &SY_MP_REQUEST, &arena,
                                    &plan, NULL))) {
            continue;
        }
        decoded++;
        struct rules_plan_case c = {&plan, &w->defs, w->pack, w->proposal};
        if (sy_ok(rules_plan_check(&c, &arena, &f, NULL))) {
            passed++;
            still_priced(w, &f);
            check_ok(rules_plan_render(&c, &f, &arena, &text));
        }
    }
    free(copy);
    print_message("# %zu damaged, %zu decoded, %zu pass\n", rounds, decoded, passed);
    assert_true(decoded > 100);
    assert_true(passed > 20);
}

static void test_fuzz(void **state)
{
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) | 1 : 88172645463325253ULL;
    struct world w = kit_world(kit_of(state));
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    damage(&w, &seed, 10000);
    w.plan = kit_wide_plan(w.k);
    w.plan->blocks[0].rho = 1000000;
    damage(&w, &seed, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_render, setup, teardown),
        cmocka_unit_test_setup_teardown(test_render_wide, setup, teardown),
        cmocka_unit_test_setup_teardown(test_render_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_render_hostile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_render_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fuzz, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_plan_render", tests, NULL, NULL);
}
