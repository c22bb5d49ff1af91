/*
 * Products beside their controls: the machine-made report, the life of a product, calls and meters, who sees what.
 */
#include "test_product_kit.h"

#include <string.h>

enum { JANUARY_2027 = 202701, FEBRUARY_2027 = 202702, DAY = 86400 };

/* ---- the report ---- */

static const struct sy_product_check *check_of(const struct sy_product_report *r, const char *code)
{
    for (size_t i = 0; i < r->n_checks; i++) {
        if (sy_view_is(r->checks[i].code, code)) {
            return &r->checks[i];
        }
    }
    fail_msg("no check %s", code);
    return NULL;
}

/* Five checks in the article's order; figures as the plan check has them; one answer costs 0.2 of zCDP, so it tells
 * at most sqrt(0.1) = 0.3162 about membership, and all that the grant may spend, 1.0 and a delta of 1e-8, sqrt(0.5) =
 * 0.7071 and one thousandth. */
static void report_says_what_leaves(void **state)
{
    struct product_kit *p = *state;
    static const char *const CODES[] = {"purpose", "sources", "exposure", "personal", "other"};
    assert_int_equal(product_report(p, "agency"), 0);
    struct sy_product_report r = product_last_report(p);
    assert_int_equal(r.n_checks, LEN(CODES));
    for (size_t i = 0; i < LEN(CODES); i++) {
        assert_true(sy_view_is(r.checks[i].code, CODES[i]));
        assert_true(r.checks[i].passed);
    }
    assert_int_equal(r.advantage, 317);
    assert_int_equal(r.advantage_all, 709);
    assert_int_equal(r.calls, 5);
    assert_int_equal(r.support, 200);
    assert_int_equal(r.grade, 3);
    assert_int_equal(r.n_figures, 3);
    for (size_t i = 0; i < r.n_figures; i++) {
        assert_false(r.figures[i].bare);
        assert_true(r.figures[i].noise > 0);
        assert_true(sy_view_is(r.figures[i].ns, "person"));
    }
    assert_int_equal(r.n_reads, 6);
    assert_true(sy_view_is(r.reads[3].field, "weight"));
    assert_int_equal(r.reads[3].grade, 3);
    assert_memory_equal(r.product, p->id, 32);
}

/* What it may be used for is of the moment: a stopped grant, and one that is spent, are findings. */
static void report_finds_what_stops_it(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(kit_order(&p->k, "agency", "scene.suspend", "incident"), 0);
    assert_int_equal(product_report(p, "agency"), 0);
    struct sy_product_report r = product_last_report(p);
    assert_false(check_of(&r, "other")->passed);
    assert_int_equal(check_of(&r, "other")->n_findings, 1);
    assert_true(check_of(&r, "exposure")->passed);
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_REVIEW);
    assert_int_equal(product_review(p, "guard", "return"), 0);
    struct sy_product_row row = product_row(p);
    assert_true(sy_view_is(row.status, "returned"));
    assert_int_equal(row.n_opinions, 1);
    assert_true(sy_view_is(row.opinions[0].opinion, "read"));
    assert_int_equal(product_report(p, "agency"), SY_E_STATE);
}

/* Reviews are of one report: a new one asks everybody again. */
static void a_new_report_resets_the_reviews(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_REVIEW); /* none was made yet */
    assert_int_equal(product_report(p, "guard"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_EXISTS);
    uint8_t first[32];
    memcpy(first, p->report, 32);
    assert_int_equal(product_report(p, "agency"), 0); /* in the same second, and another report */
    assert_memory_not_equal(first, p->report, 32);
    assert_int_equal(product_row(p).n_opinions, 0);
    assert_int_equal(product_review(p, "agency", "approve"), 0);
    assert_int_equal(product_act(p, "agency", "product.publish"), SY_E_REVIEW);
    assert_int_equal(product_review(p, "guard", "approve"), 0);
    assert_int_equal(product_act(p, "agency", "product.publish"), 0);
}

/* ---- form ---- */

typedef void spoil_fn(struct kit *k, struct sy_product *r);

static void bad_form(struct kit *k, struct sy_product *r)
{
    (void)k;
    r->form = V("gadget");
}
static void bad_class(struct kit *k, struct sy_product *r)
{
    (void)k;
    r->klass = V("free");
}
static void no_uses(struct kit *k, struct sy_product *r)
{
    (void)k;
    r->n_uses = 0;
}
static void use_twice(struct kit *k, struct sy_product *r)
{
    (void)k;
    r->uses[1].code = r->uses[0].code;
}
static void small_cap(struct kit *k, struct sy_product *r)
{
    (void)k;
    r->cap = PRODUCT_PRICE - 1;
}
static void other_param(struct kit *k, struct sy_product *r)
{
    r->params = kit_alloc(k, 1, sizeof(*r->params));
    *r->params = *kit_plan(k)->params;
    r->params[0].n_values--;
}
static void other_column(struct kit *k, struct sy_product *r)
{
    (void)k;
    r->columns[2].mechanism = V("exact");
}
static void fewer_columns(struct kit *k, struct sy_product *r)
{
    (void)k;
    r->n_columns--;
}

/* What a product says of itself and of its model is compared, and nothing is changed by what is refused. */
static void what_is_not_so_is_refused(void **state)
{
    struct product_kit *p = *state;
    static spoil_fn *const SPOIL[] = {bad_form,  bad_class,   no_uses,      use_twice,
                                      small_cap, other_param, other_column, fewer_columns};
    for (size_t i = 0; i < LEN(SPOIL); i++) {
        struct sy_product *r = product_record(&p->k);
        SPOIL[i](&p->k, r);
        assert_int_equal(product_submit(p, r), SY_E_FIELD);
        assert_int_equal(product_row(p).entry, 0);
    }
    assert_int_equal(product_submit(p, product_record(&p->k)), 0);
    assert_int_equal(product_submit(p, product_record(&p->k)), SY_E_EXISTS);
}

/* Without the section nobody files a product; nobody sells another's; a model about one subject is none. */
static void who_may_file(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_submit_by(p, "rival", product_record(&p->k)), SY_E_GRANT);
    assert_int_equal(product_submit_by(p, "shop", product_record(&p->k)), SY_E_ROLE);
    assert_int_equal(kit_adopt(&p->k, kit_pack_record(&p->k, 3)), 0);
    assert_int_equal(product_submit(p, product_record(&p->k)), SY_E_STATE);
}

/* ---- what was planned ---- */

/* As product_setup, of a scene whose application plans reports for the public interest. */
static int setup_planned(void **state)
{
    static struct product_kit p;
    memset(&p, 0, sizeof(p));
    struct kit *k = &p.k;
    kit_init(k);
    kit_catalogue(k);
    struct sy_proposal *scene = kit_proposal(k);
    struct sy_application a = {.benefit = V("b"),
                               .class_ = V("public"),
                               .domain = V("d"),
                               .market = V("m"),
                               .products_planned = KIT_STRS(k, "report", "service"),
                               .n_products_planned = 2,
                               .revenue_plan = V("r"),
                               .route = V("r")};
    scene->application = &a;
    scene->n_application = 1;
    assert_int_equal(kit_apply(k, scene), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    assert_int_equal(kit_adopt(k, product_pack(k, 2)), 0);
    *state = &p;
    return 0;
}

static void only_what_was_planned(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k); /* for industry */
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    r->klass = V("public");
    r->price = 0;
    r->form = V("tool");
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    r->form = V("report");
    assert_int_equal(product_submit(p, r), 0);
}

/* ---- calls and meters ---- */

/* The charge is of the product's model, for the product, by the buyer: so it can be resumed, and run again. */
static void check_charge(struct product_kit *p, uint64_t entry)
{
    struct rules_key key = rules_key_charge(entry);
    struct sy_row_charge row;
    check_ok(rules_state_read(p->k.state, rules_key_view(&key), &sy_row_charge_desc, &p->k.arena,
                              &row, NULL));
    assert_memory_equal(row.model, p->k.model, 32);
    assert_memory_equal(row.product, p->id, 32);
    assert_true(sy_view_is(row.party, "shop"));
    assert_int_equal(row.fen, PRODUCT_PRICE);
    assert_int_equal(row.month, JANUARY_2027);
}

/* A call is charged to the developer's grant; the same question of another buyer is answered from the first, at no
 * charge, but billed; a run that came to nothing is billed to nobody. */
static void calls_are_metered(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_subscribe(p, "store", "research"), 0);
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_true(sy_view_is(p->k.type, "charge"));
    assert_int_equal(p->k.verdict.fen, PRODUCT_PRICE);
    assert_int_equal(p->k.verdict.spends[0].rho, 200000000);
    check_charge(p, p->k.entry - 1);
    assert_int_equal(kit_answer(&p->k, p->k.entry - 1, "ok"), 0);
    assert_int_equal(product_call(p, "store", "research", "40"), 0);
    assert_true(sy_view_is(p->k.type, "answer"));
    assert_int_equal(p->k.verdict.n_spends, 0);
    assert_int_equal(p->k.verdict.fen, PRODUCT_PRICE);
    assert_int_equal(product_call(p, "shop", "planning", "60"), 0);
    assert_int_equal(kit_answer(&p->k, p->k.entry - 1, "refused"), 0);
    struct sy_product_meter m = product_meter(p, "shop", JANUARY_2027);
    assert_int_equal(m.calls, 2);
    assert_int_equal(m.refused, 1);
    assert_int_equal(m.fen, PRODUCT_PRICE);
    assert_int_equal(product_meter(p, "store", JANUARY_2027).fen, PRODUCT_PRICE);
    p->k.time += 20 * DAY; /* 4 February of the pack's clock */
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_int_equal(product_meter(p, "shop", FEBRUARY_2027).calls, 1);
    assert_int_equal(product_meter(p, "shop", JANUARY_2027).calls, 2);
}

/* The developer's own questions are other questions: one's price is never the other's. */
static void own_runs_are_apart(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(kit_run(&p->k, "40"), 0);
    assert_int_equal(kit_answer(&p->k, p->k.entry - 1, "ok"), 0);
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_true(sy_view_is(p->k.type, "charge"));
}

static struct sy_product_statement statement(struct product_kit *p, const char *role,
                                             const char *party, uint64_t month)
{
    struct sy_party caller = {.party = V(party), .role = V(role)};
    struct sy_product_statement s;
    check_ok(rules_product_statement(p->k.state, &caller, p->id, month, &p->k.arena, &s, NULL));
    return s;
}

static void statements_add_up(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_subscribe(p, "store", "research"), 0);
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_int_equal(kit_answer(&p->k, p->k.entry - 1, "ok"), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(product_call(p, "store", "research", "40"), 0);
    }
    struct sy_product_statement all = statement(p, "agency", "agency", JANUARY_2027);
    assert_int_equal(all.n_lines, 2);
    assert_int_equal(all.calls, 4);
    assert_int_equal(all.fen, 4 * PRODUCT_PRICE);
    assert_int_equal(all.fee, 4 * PRODUCT_PRICE / 10);
    assert_true(sy_view_is(all.lines[0].buyer, "shop"));
    assert_int_equal(all.lines[1].calls, 3);
    struct sy_product_statement own = statement(p, "buyer", "store", JANUARY_2027);
    assert_int_equal(own.n_lines, 1);
    assert_int_equal(own.fen, 3 * PRODUCT_PRICE);
    assert_int_equal(statement(p, "agency", "agency", FEBRUARY_2027).n_lines, 0);
    struct sy_product_month month = {.month = JANUARY_2027};
    assert_int_equal(
        kit_call(&p->k, "acme", "product.statement", &sy_product_month_desc, &month, NULL, p->id),
        0);
    assert_int_equal(
        kit_call(&p->k, "rival", "product.statement", &sy_product_month_desc, &month, NULL, p->id),
        SY_E_DENIED);
    month.month = 202713;
    assert_int_equal(
        kit_call(&p->k, "shop", "product.statement", &sy_product_month_desc, &month, NULL, p->id),
        SY_E_FIELD);
}

/* A product for the public interest has free calls each month; a cap ends what a buyer pays. */
static void free_calls_and_caps(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    r->klass = V("public");
    r->price = 60;
    r->cap = 100;
    assert_int_equal(product_submit(p, r), 0);
    product_release(p);
    assert_int_equal(product_register(p, "E", "R"), 0);
    struct sy_subscribe s = {.no_redistribution = true, .price = 60, .purpose = V("planning")};
    assert_int_equal(
        kit_call(&p->k, "shop", "product.subscribe", &sy_subscribe_desc, &s, NULL, p->id), 0);
    struct sy_product_call c = product_args(&p->k, "planning", "40");
    static const uint64_t BILLS[] = {0, 0, 60, 40, 0};
    assert_int_equal(product_call_with(p, "shop", &c, NULL), SY_E_STATE); /* another price */
    c.price = 60;
    for (size_t i = 0; i < LEN(BILLS); i++) {
        assert_int_equal(product_call_with(p, "shop", &c, NULL), 0);
        assert_int_equal(p->k.verdict.fen, BILLS[i]);
        if (i == 0) {
            assert_int_equal(kit_answer(&p->k, p->k.entry - 1, "ok"), 0);
        }
    }
    assert_int_equal(product_meter(p, "shop", JANUARY_2027).fen, 100);
}

/* Whatever stops the grant stops the product, from the next entry on; what starts it again, too. */
static void a_stopped_grant_answers_nothing(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_int_equal(kit_answer(&p->k, p->k.entry - 1, "ok"), 0);
    assert_int_equal(kit_order(&p->k, "agency", "scene.suspend", "incident"), 0);
    assert_int_equal(product_call(p, "shop", "planning", "40"), SY_E_SUSPENDED);
    assert_int_equal(product_call(p, "shop", "planning", "60"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(&p->k, "agency", "scene.resume", "incident"), 0);
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_int_equal(kit_order(&p->k, "agency", "scene.revoke", "incident"), 0);
    assert_int_equal(product_call(p, "shop", "planning", "40"), SY_E_GRANT);
    assert_int_equal(product_meter(p, "shop", JANUARY_2027).calls, 2);
}

/* A call of shop's that was charged and has no answer yet. */
static const struct rules_request *unfinished(struct product_kit *p)
{
    struct kit *k = &p->k;
    struct sy_product_call c = product_args(k, "planning", "40");
    struct rules_request *r = kit_request(k, "shop", "product.call", &sy_product_call_desc, &c);
    memcpy(r->header.grant, k->grant, 32);
    memcpy(r->header.subject, p->id, 32);
    kit_sign(k, r, kit_party(k, "shop"));
    k->extra = (struct sy_inputs){0};
    memset(k->extra.salt, 9, 32);
    check_ok(
        rules_run_data(k->state, kit_plan(k), &k->arena, &k->extra.data, &k->extra.n_data, NULL));
    assert_int_equal(kit_send(k, r), 0);
    k->extra = (struct sy_inputs){0};
    return r;
}

/* What the same envelope comes to now: 0 when it is resumed. */
static uint64_t sent_again(struct product_kit *p, const struct rules_request *r)
{
    struct rules_decision d;
    check_ok(kit_decide(&p->k, r, &d));
    assert_int_equal(d.kind, d.verdict.code == 0 ? RULES_KIND_RESUME : RULES_KIND_REFUSED);
    return d.verdict.code;
}

/* An unfinished call is resumed while the product is on sale, and not after. */
static void a_withdrawn_call_is_not_resumed(void **state)
{
    struct product_kit *p = *state;
    const struct rules_request *r = unfinished(p);
    assert_int_equal(sent_again(p, r), 0);
    assert_int_equal(product_order(p, "agency", "incident"), 0);
    assert_int_equal(sent_again(p, r), SY_E_STATE);
}

/* Nor for a buyer that has not subscribed any more, or for something else now. */
static void a_call_ends_with_its_subscription(void **state)
{
    struct product_kit *p = *state;
    struct sy_unsubscribe end = {.buyer = V("shop")};
    const struct rules_request *r = unfinished(p);
    assert_int_equal(sent_again(p, r), 0);
    assert_int_equal(
        kit_call(&p->k, "agency", "product.unsubscribe", &sy_unsubscribe_desc, &end, NULL, p->id),
        0);
    assert_int_equal(sent_again(p, r), SY_E_DISGUISED);
    assert_int_equal(product_subscribe(p, "shop", "research"), 0);
    assert_int_equal(sent_again(p, r), SY_E_DISGUISED);
}

/* ---- who sees what ---- */

static bool sees(struct product_kit *p, const char *role, const char *party, struct rules_key key)
{
    struct sy_party caller = {.party = V(party), .role = V(role)};
    struct sy_view value;
    assert_true(rules_state_get(p->k.state, rules_key_view(&key), &value));
    return rules_row_visible(p->k.state, &caller, rules_key_view(&key), value);
}

static void reports_are_for_reviewers(void **state)
{
    struct product_kit *p = *state;
    struct rules_key key = rules_key_hash("product_report/", p->id);
    assert_int_equal(product_report(p, "agency"), 0);
    assert_true(sees(p, "agency", "agency", key));
    assert_true(sees(p, "security", "guard", key));
    assert_true(sees(p, "auditor", "audit", key));
    assert_false(sees(p, "developer", "acme", key));
    assert_false(sees(p, "operator", "operator", key));
    assert_false(sees(p, "buyer", "shop", key));
    key = rules_key_hash("product/", p->id);
    assert_true(sees(p, "developer", "acme", key));
    assert_true(sees(p, "department", "clinic", key));
    assert_false(sees(p, "developer", "rival", key));
    assert_false(sees(p, "buyer", "shop", key)); /* it is not on sale */
}

static void buyers_see_their_own(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_int_equal(product_call(p, "store", "planning", "40"), SY_E_DISGUISED);
    assert_true(sees(p, "buyer", "store", rules_key_hash("product/", p->id)));
    struct rules_key meter = rules_key_of_product("meter/", p->id, V("shop"), JANUARY_2027);
    struct rules_key subscription = rules_key_of_product("subscription/", p->id, V("shop"), 0);
    struct rules_key misuse = rules_key_of_product("misuse/", p->id, V("store"), 0);
    assert_true(sees(p, "buyer", "shop", meter));
    assert_false(sees(p, "buyer", "store", meter));
    assert_true(sees(p, "developer", "acme", meter));
    assert_false(sees(p, "developer", "rival", meter));
    assert_true(sees(p, "buyer", "shop", subscription));
    assert_false(sees(p, "buyer", "store", subscription));
    assert_true(sees(p, "operator", "operator", misuse));
    assert_true(sees(p, "agency", "agency", misuse));
    assert_false(sees(p, "buyer", "store", misuse));
}

/* May the party read the body of the last event? */
static bool reads_last(struct product_kit *p, const char *party, const char *role)
{
    struct kit *k = &p->k;
    struct sy_party caller = {.party = V(party), .role = V(role)};
    struct sy_event e;
    check_ok(sy_record_decode(&sy_event_desc, k->events[k->entry - 1], &SY_MP_LARGE, &k->arena, &e,
                              NULL));
    return rules_event_visible(k->state, &caller, &e);
}

/* What a buyer or a developer asks of the data is not told to those whose data or grant it is, refused or not. */
static void questions_are_the_askers_own(void **state)
{
    struct product_kit *p = *state;
    for (int i = 0; i < 4; i++) {
        int32_t code = i == 0   ? product_call(p, "shop", "planning", "40")
                       : i == 1 ? product_call(p, "shop", "planning", "41")
                       : i == 2 ? product_call(p, "shop", "research", "40")
                                : kit_run(&p->k, "41");
        assert_int_equal(code == 0, i == 0);
        assert_int_equal(reads_last(p, "shop", "buyer"), i < 3);
        assert_int_equal(reads_last(p, "acme", "developer"), i == 3);
        assert_false(reads_last(p, "health", "department"));
        assert_false(reads_last(p, "store", "buyer"));
        assert_true(reads_last(p, "agency", "agency"));
        assert_true(reads_last(p, "audit", "auditor"));
    }
}

#define WITH(setup, f) cmocka_unit_test_setup_teardown(f, setup, product_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(product_setup_filed, report_says_what_leaves),
        WITH(product_setup_filed, report_finds_what_stops_it),
        WITH(product_setup_filed, a_new_report_resets_the_reviews),
        WITH(product_setup, what_is_not_so_is_refused),
        WITH(product_setup, who_may_file),
        WITH(setup_planned, only_what_was_planned),
        WITH(product_setup_sold, calls_are_metered),
        WITH(product_setup_sold, own_runs_are_apart),
        WITH(product_setup_sold, statements_add_up),
        WITH(product_setup, free_calls_and_caps),
        WITH(product_setup_sold, a_stopped_grant_answers_nothing),
        WITH(product_setup_sold, a_withdrawn_call_is_not_resumed),
        WITH(product_setup_sold, a_call_ends_with_its_subscription),
        WITH(product_setup_filed, reports_are_for_reviewers),
        WITH(product_setup_sold, buyers_see_their_own),
        WITH(product_setup_sold, questions_are_the_askers_own),
    };
    return cmocka_run_group_tests_name("rules_scheme_product_life", tests, NULL, NULL);
}
