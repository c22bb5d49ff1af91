/*
 * What the log says of a developer's own data to an auditor and to the public: where it came from, who confirmed it, that
 * it is gone; and which products may hold it.
 */
#include "../rules/test_own_kit.h"
#include "test_log_kit.h"

#include <string.h>

#include "audit/disclose.h"
#include "audit/trace.h"

enum { YEAR = 2027, YEAR_S = 366 * 86400 }; /* of KIT_START */

static struct log_kit L;
static struct product_kit P;

/* A domain with a run over own data and a product of it, whose log is L's. */
static int setup(void **state)
{
    (void)state;
    log_kit_init(&L, "example.org/log");
    kit_free(&L.k);
    memset(&P, 0, sizeof(P));
    kit_init(&P.k);
    own_loaded_domain(&P.k);
    own_model(&P.k);
    assert_int_equal(own_run(&P.k, "40"), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    L.k = P.k; /* which log_kit_free frees */
    log_kit_free(&L);
    return 0;
}

static struct audit_export *exported(void)
{
    L.k = P.k;
    log_kit_entries(&L);
    struct audit_export *x = log_kit_open(&L, L.n);
    P.k = L.k; /* with what its arena has grown by */
    return x;
}

static const char *detail_of(const struct audit_trace *t, enum audit_step_kind kind,
                             const char *begins)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct audit_step *s = &t->steps[i];
        if (s->kind == kind && s->found && strncmp(s->detail, begins, strlen(begins)) == 0) {
            return s->detail;
        }
    }
    fail_msg("no step %s of %s", audit_step_label(kind, AUDIT_EN), begins);
    return "";
}

static void trace_of(struct audit_export *x, uint64_t entry, struct audit_trace *ret)
{
    struct audit_index *ix;
    check_ok(audit_index_open(NULL, AUDIT_INDEX_MEMORY, x, &L.key, &ix, NULL));
    check_ok(audit_trace(x, ix, entry, &P.k.arena, ret, NULL));
    audit_index_close(ix);
}

/* An answer leads back to the statement of what was fused, and to who confirmed it; and, once it is over, to the proof. */
static void test_trace(void **state)
{
    struct audit_trace t;
    (void)state;
    uint64_t charge = P.k.entry - 1;
    assert_int_equal(kit_answer(&P.k, charge, "ok"), 0);
    assert_int_equal(kit_order(&P.k, "acme", "scene.revoke", "request"), 0);
    assert_int_equal(own_erased(&P.k), 0);
    assert_int_equal(own_run(&P.k, "40"), SY_E_GRANT); /* and an act after the end */
    struct audit_export *x = exported();
    trace_of(x, charge + 1, &t);
    assert_string_equal(detail_of(&t, AUDIT_STEP_DEFINITION, OWN_ID), OWN_ID ": 门店会员登记");
    assert_string_equal(detail_of(&t, AUDIT_STEP_DEFINITION, "persons"), "persons");
    assert_string_equal(detail_of(&t, AUDIT_STEP_CONFIRM, OWN_ID),
                        OWN_ID ": approve: papers were seen");
    trace_of(x, L.n - 1, &t); /* of its grant, up to then */
    assert_string_equal(detail_of(&t, AUDIT_STEP_ERASED, OWN_ID), OWN_ID);
    assert_string_equal(detail_of(&t, AUDIT_STEP_CONFIRM, OWN_ID),
                        OWN_ID ": approve: papers were seen");
    audit_close(x);
}

static struct sy_view file_of(const struct audit_disclosure *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->files[i].name, name) == 0) {
            return d->files[i].bytes;
        }
    }
    fail_msg("no file %s", name);
    return (struct sy_view){0};
}

static size_t times(struct sy_view text, const char *what)
{
    size_t n = 0;
    for (const uint8_t *p = text.p; p != NULL; p = p == NULL ? NULL : p + 1) {
        p = memmem(p, text.n - (size_t)(p - text.p), what, strlen(what));
        n += p != NULL;
    }
    return n;
}

/* The public reads of a product what may be in it, and of own data nothing else. */
static void test_disclosed(void **state)
{
    static const char *const files[] = {"products.csv", "disclosure.json", "disclosure.html"};
    struct audit_disclosure d;
    (void)state;
    assert_int_equal(kit_enrol(&P.k, "guard", "security"), 0);
    struct sy_product *r = product_record(&P.k);
    r->klass = V("public");
    r->price = 0;
    r->sources[1] = (struct sy_product_source){.basis = V("购销合同第 7 条"), .dataset = V(OWN_ID)};
    assert_int_equal(product_submit(&P, r), 0);
    product_release(&P);
    P.k.time += YEAR_S;
    assert_int_equal(kit_enrol(&P.k, "shop", "buyer"), 0); /* the year is over */
    struct audit_export *x = exported();
    check_ok(audit_disclose(x, YEAR, &P.k.arena, &d, NULL));
    for (size_t i = 0; i < LEN(files); i++) {
        assert_int_equal(times(file_of(&d, files[i]), OWN_ID ": 门店会员登记"), 1);
        assert_int_equal(times(file_of(&d, files[i]), OWN_ID), 1);
    }
    assert_int_equal(times(file_of(&d, "resources.csv"), OWN_ID), 0);
    assert_int_equal(times(file_of(&d, "grants.csv"), OWN_ID), 0);
    audit_close(x);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_trace), TEST(test_disclosed)};
    return cmocka_run_group_tests_name("audit_own", tests, NULL, NULL);
}
