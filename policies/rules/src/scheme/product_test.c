/*
 * Tests of a product's own answers inside the domain: who may have them made, how often, and what an approval asks of
 * them. What a test does is the warden's (enclave/warden/src/product_test.c); the rules see its outcome only.
 *
 * Invariants: each try has one outcome for ever; the tries of all products of one model, and so of one grant, are so
 * many, with an outcome or without: a new name is no new product here. The last try decides, and a product is
 * immutable, so that no test of another version counts for it.
 * Source: scheme article 19; docs/scheme/products.md.
 */
#include "wire/product_test.h"

#include "product.h"

/* ---- reading ---- */

static sy_status test_row(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                          struct sy_product_test_row *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_hash("product_test/", id);
    struct sy_view value;
    *ret = (struct sy_product_test_row){0};
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return SY_OK; /* never asked for */
    }
    return rules_state_read(s, rules_key_view(&key), &sy_product_test_row_desc, arena, ret, err);
}

/* Of all products of a model, which belongs to one grant. */
static sy_status tries_of(const struct rules_state *s, const uint8_t model[32],
                          struct sy_arena *arena, struct sy_product_tries *ret,
                          struct sy_error *err)
{
    struct rules_key key = rules_key_hash("product_tries/", model);
    struct sy_view value;
    *ret = (struct sy_product_tries){0};
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return SY_OK; /* none yet */
    }
    return rules_state_read(s, rules_key_view(&key), &sy_product_tries_desc, arena, ret, err);
}

static uint64_t tests_max(const struct sy_pack_product *section)
{
    return section->tests_max > 0 ? section->tests_max : SY_PRODUCT_TESTS_DEFAULT;
}

uint64_t rules_product_test_ms(const struct sy_pack *pack)
{
    const struct sy_pack_product *section = scheme_product(pack);
    return section != NULL && section->test_ms > 0 ? section->test_ms : SY_PRODUCT_TEST_MS_DEFAULT;
}

/* Does any figure protect somebody? If not, there is nobody to be taken out. */
static bool protects(const struct rules_model *m)
{
    for (size_t i = 0; i < m->facts.n_blocks; i++) {
        if (m->facts.blocks[i].ns.n > 0) {
            return true;
        }
    }
    return false;
}

static sy_status model_of(const struct rules_state *s, const struct rules_product *p,
                          struct sy_arena *arena, struct rules_model **ret, struct sy_error *err)
{
    *ret = sy_arena_alloc(arena, 1, sizeof(**ret));
    if (*ret == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return rules_model_read(s, p->def.model, arena, *ret, err);
}

/* ---- asking ---- */

/* The grant is in force, the model protects somebody, and the data are those that a run would read now. */
static sy_status testable(struct ask *c, const struct rules_product *p)
{
    struct rules_model *m = NULL;
    SY_TRY(model_of(c->state, p, c->arena, &m, c->err));
    SY_TRY(rules_rerun_in_force(c->state, p->def.grant, c->in->time, c->arena, c->err));
    if (!protects(m)) {
        return sy_fail(c->err, SY_E_STATE, "product",
                       "its answers protect nobody: nothing to test");
    }
    if (is_zero32(c->in->salt)) {
        return sy_fail(c->err, SY_E_INTERNAL, "inputs.salt", "a test needs a fresh salt");
    }
    return run_same_data(c, &m->plan);
}

sy_status decide_product_test(struct ask *c)
{
    const struct sy_pack_product *section;
    struct sy_product_tries tries;
    struct rules_product p;
    struct sy_pack pack;
    SY_TRY(product_section(c->state, c->arena, &pack, &section, c->err));
    SY_TRY(product_asked(c, &p));
    SY_TRY(product_in(c, &p, "submitted"));
    SY_TRY(tries_of(c->state, p.def.model, c->arena, &tries, c->err));
    if (!control(RULES_CTL_TEST_ATTEMPTS, tries.n < tests_max(section))) {
        return sy_fail(c->err, SY_E_LIMIT, "product",
                       "at most %llu tests of all products of one model",
                       (unsigned long long)tests_max(section));
    }
    return testable(c, &p);
}

static sy_status put_row(struct change *x, const uint8_t id[32],
                         const struct sy_product_test_row *row)
{
    struct rules_key key = rules_key_hash("product_test/", id);
    return effect_put(x->effect, &key, &sy_product_test_row_desc, row, x->err);
}

static sy_status count_try(struct change *x, const uint8_t model[32])
{
    struct rules_key key = rules_key_hash("product_tries/", model);
    struct sy_product_tries tries;
    SY_TRY(tries_of(x->state, model, x->arena, &tries, x->err));
    tries.n++;
    return effect_put(x->effect, &key, &sy_product_tries_desc, &tries, x->err);
}

sy_status apply_product_test(struct change *x)
{
    const uint8_t *id = x->req->header.subject;
    struct sy_product_test_row row;
    struct rules_product p;
    SY_TRY(product_changed(x, &p));
    SY_TRY(count_try(x, p.def.model));
    SY_TRY(test_row(x->state, id, x->arena, &row, x->err));
    struct sy_product_try *all = sy_arena_alloc(x->arena, row.n_tries + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < row.n_tries; i++) {
        all[i] = row.tries[i];
    }
    all[row.n_tries++] = (struct sy_product_try){.asked = x->entry};
    row.tries = all;
    return put_row(x, id, &row);
}

/* ---- the outcome ---- */

static struct sy_product_try *try_of(const struct sy_product_test_row *row, uint64_t asked)
{
    for (size_t i = 0; i < row->n_tries; i++) {
        if (row->tries[i].asked == asked) {
            return &row->tries[i];
        }
    }
    return NULL;
}

/* An outcome says all that follows from the plan, or nothing; and its word is its limit's. */
static bool outcome_fits(const struct sy_product_tested *a)
{
    const char *word = a->limit >= SY_PRODUCT_UNBOUNDED ? "unbounded" : "bounded";
    bool empty = a->units == 0 && a->draws == 0 && a->limit == 0 && a->membership.n == 0 &&
                 is_zero32(a->commit);
    bool full = a->units == SY_PRODUCT_TEST_UNITS && a->draws > 0 && a->limit <= 100 &&
                sy_view_is(a->membership, word) && !is_zero32(a->commit);
    return sy_view_is(a->outcome, "unable") ? empty : full && word_in(a->outcome, "passed failed");
}

sy_status decide_product_tested(struct ask *c)
{
    const struct sy_product_tested *a = c->args;
    struct sy_product_test_row row;
    SY_TRY(test_row(c->state, a->product, c->arena, &row, c->err));
    const struct sy_product_try *t = try_of(&row, a->test);
    if (t == NULL || t->entry != 0) {
        return sy_fail(c->err, SY_E_STATE, "test", "no open test of this product");
    }
    return outcome_fits(a) ? SY_OK
                           : sy_fail(c->err, SY_E_FIELD, "outcome",
                                     "passed or failed by the plan's limit, or unable");
}

sy_status apply_product_tested(struct change *x)
{
    const struct sy_product_tested *a = x->args;
    struct sy_product_test_row row;
    SY_TRY(test_row(x->state, a->product, x->arena, &row, x->err));
    struct sy_product_try *t = try_of(&row, a->test);
    if (t == NULL) {
        return sy_fail(x->err, SY_E_INTERNAL, "test", NULL);
    }
    t->entry = x->entry;
    t->tested = x->req->args;
    return put_row(x, a->product, &row);
}

sy_status rules_product_try(const struct rules_state *s, const uint8_t id[32], uint64_t asked,
                            struct sy_arena *arena, struct sy_product_try *ret,
                            struct sy_error *reterr)
{
    struct sy_product_test_row row;
    SY_TRY(test_row(s, id, arena, &row, reterr));
    const struct sy_product_try *t = try_of(&row, asked);
    if (t == NULL) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "test", "no test was asked for as this entry");
    }
    *ret = *t;
    return SY_OK;
}

/* ---- what an approval asks ---- */

/* Has the last try passed? Tries come after the submission, since they name it. */
static sy_status last_passed(struct ask *c, bool *ret)
{
    struct sy_product_test_row row;
    struct sy_product_tested last;
    *ret = false;
    SY_TRY(test_row(c->state, c->req->header.subject, c->arena, &row, c->err));
    if (row.n_tries == 0 || row.tries[row.n_tries - 1].entry == 0) {
        return SY_OK;
    }
    SY_TRY(sy_record_decode(&sy_product_tested_desc, row.tries[row.n_tries - 1].tested,
                            &SY_MP_REQUEST, c->arena, &last, c->err));
    *ret = sy_view_is(last.outcome, "passed");
    return SY_OK;
}

sy_status product_test_passed(struct ask *c, const struct rules_product *p,
                              const struct sy_pack_product *section)
{
    struct rules_model *m = NULL;
    bool passed = true;
    SY_TRY(model_of(c->state, p, c->arena, &m, c->err));
    if (section->test_asked && protects(m)) {
        SY_TRY(last_passed(c, &passed));
    }
    return control(RULES_CTL_PRODUCT_TESTED, passed)
               ? SY_OK
               : sy_fail(c->err, SY_E_REVIEW, "test",
                         "the last test inside the domain must have passed: product test");
}
