/*
 * Packs: what their cell-key section must not say, each rule with a pack that breaks it and nothing else.
 */
#include "test_cellkey_kit.h"

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    ck_domain(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

typedef void spoil(struct kit *k, struct sy_pack *p);

static void p_units(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].units_min = 1;
}

static void p_grade3(struct kit *k, struct sy_pack *p)
{
    p->grades[2].mechanisms = KIT_STRS(k, "gauss", "cellkey");
}

static void p_missing(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->n_cellkey = 0;
}

static void p_two(struct kit *k, struct sy_pack *p)
{
    struct sy_pack_cellkey *two = kit_alloc(k, 2, sizeof(*two));
    two[0] = two[1] = p->cellkey[0];
    p->cellkey = two;
    p->n_cellkey = 2;
}

static void p_short(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].n_table = 10;
}

static void p_mean(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].table[11].cum[0] += 1 << 20;
}

static void p_last(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].table[11].cum[2]--;
}

static void p_order(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].table[11].noise[0] = 1;
}

/* Eleven units, shown as 10 or 12: fine. Ten, shown as 9 or 11: never. */
static void p_small(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].table[10] = p->cellkey[0].table[11];
}

static void p_empty(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].table[0] = p->cellkey[0].table[11];
}

static void p_round(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].round = 0;
}

static void p_nk(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].nk_n = 3;
}

static void p_permille(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].nk_permille = 1001;
}

static void p_protect(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].protect = 0;
}

static void p_sigma(struct kit *k, struct sy_pack *p)
{
    (void)k;
    p->cellkey[0].sum_sigma = 0;
}

static void test_packs(void **state)
{
    struct kit *k = *state;
    static const struct {
        const char *name;
        spoil *spoil;
        int32_t code;
    } cases[] = {
#define P(f, code) {#f, f, code}
        P(p_units, SY_E_FIELD),    P(p_grade3, SY_E_PRIVACY), P(p_missing, SY_E_FIELD),
        P(p_two, SY_E_FIELD),      P(p_short, SY_E_FIELD),    P(p_mean, SY_E_FIELD),
        P(p_last, SY_E_FIELD),     P(p_order, SY_E_FIELD),    P(p_small, SY_E_PRIVACY),
        P(p_empty, SY_E_PRIVACY),  P(p_round, SY_E_FIELD),    P(p_nk, SY_E_FIELD),
        P(p_permille, SY_E_FIELD), P(p_protect, SY_E_FIELD),  P(p_sigma, SY_E_FIELD),
    };
    assert_int_equal(kit_adopt(k, ck_pack(k, 2)), 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_pack *p = ck_pack(k, 3);
        cases[i].spoil(k, p);
        int32_t code = kit_adopt(k, p);
        if (code != cases[i].code) {
            fail_msg("%s: %s %.*s", cases[i].name, sy_code_name(code), SY_PV(k->verdict.reason));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_packs, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_cellkey_pack", tests, NULL, NULL);
}
