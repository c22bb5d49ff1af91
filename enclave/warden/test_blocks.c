/*
 * A real warden and models of several blocks: two namespaces are read, given their selection keys, charged and
 * released in one run; model.check says what would become of a model, and touches nothing; and an ingest
 * worker that lets a unit have too many rows publishes nothing.
 */
#include "test_ingest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "wire/job.h"

/* What a run worker says about the second block. */
enum script { HONEST = 0, SECOND_TOO_HIGH, SECOND_MISSING };
enum lowering { LOWERS = 0, LOWER_REFUSES, LOWER_LEAVES };
enum { RHO_PEOPLE = 2000000, RHO_BEDS = 3000000 };

static const char *const refusal[] = {"beds", "sql", "random()", "volatile functions are refused",
                                      "leave it out"};

/* ---- workers ---- */

static void run_worker(struct domain_orders *o, enum script s, int sock)
{
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX), b = sy_buf(1 << 16);
    int64_t people[] = {4000}, beds[] = {70, 9000};
    uint64_t b_key[] = {1}, p_key[] = {2};
    struct sy_run_cell cells[] = {
        {.figures = people, .n_figures = 1, .key = p_key, .n_key = 1, .units = 4000},
        {.figures = beds, .n_figures = 2, .key = b_key, .n_key = 1, .units = 70}};
    struct sy_run_block blocks[] = {{.cells = &cells[0], .n_cells = 1},
                                    {.cells = &cells[1], .n_cells = 1}};
    struct sy_run_result r = {
        .blocks = blocks, .n_blocks = s == SECOND_MISSING ? 1 : 2, .ok = true};
    beds[1] = s == SECOND_TOO_HIGH ? INT64_C(1) << 50 : beds[1];
    if (!fake_hear(sock, &job, &o->job_fds) || job.n > sizeof(o->job)) {
        return;
    }
    memcpy(o->job, job.p, job.n);
    o->job_bytes = job.n;
    if (sy_ok(sy_record_encode(&sy_run_result_desc, &r, &b))) {
        fake_say(sock, sy_buf_view(&b));
        (void)shutdown(sock, SHUT_WR);
    }
    usleep(200000);
}

static void lower_worker(const struct domain_orders *o, int sock)
{
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX), b = sy_buf(1 << 20);
    struct sy_lower_result r = {.plan = sy_view(o->plan, o->plan_bytes)};
    size_t n_fds = 0;
    if (!fake_hear(sock, &job, &n_fds) || o->lower == LOWER_LEAVES) {
        return;
    }
    if (o->lower == LOWER_REFUSES) {
        r = (struct sy_lower_result){.block = V(refusal[0]),
                                     .code = V(refusal[1]),
                                     .construct = V(refusal[2]),
                                     .reason = V(refusal[3]),
                                     .hint = V(refusal[4]),
                                     .pos = 17};
    }
    if (sy_ok(sy_record_encode(&sy_lower_result_desc, &r, &b))) {
        fake_say(sock, sy_buf_view(&b));
    }
    usleep(200000);
}

static void worker(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    struct domain_orders *o = ctx;
    if (kind == SY_JOB_LOWER) {
        lower_worker(o, sock);
    } else if (kind == SY_JOB_INGEST) {
        ingest_worker(o, sock);
    } else {
        (void)__atomic_fetch_add(&o->n_runs, 1, __ATOMIC_SEQ_CST);
        run_worker(o, (enum script)o->run[(number - 1) % DOMAIN_RUNS], sock);
    }
}

static int setup(void **state)
{
    static struct domain d;
    domain_start(&d, worker);
    domain_prepare(&d);
    *state = &d;
    return 0;
}

static int teardown(void **state)
{
    domain_stop(*state, NULL);
    return 0;
}

/* ---- a model of two blocks ---- */

static struct sy_plan_expr leaf(const char *op, int64_t i)
{
    return (struct sy_plan_expr){.i = i, .op = V(op)};
}

static struct sy_plan_expr *exprs(struct kit *k, const struct sy_plan_expr *e, size_t n)
{
    struct sy_plan_expr *p = kit_alloc(k, n, sizeof(*p));
    memcpy(p, e, n * sizeof(*p));
    return p;
}

#define U64S(k, ...)                                                                               \
    kit_nums((k), (const uint64_t[]){__VA_ARGS__},                                                 \
             sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void add_source(struct kit *k, struct sy_plan *p, const struct sy_dataset_def *def)
{
    struct sy_plan_source *s = &p->sources[p->n_sources++];
    s->dataset = def->id;
    proof_sha256_one(s->def, kit_encode(k, &sy_dataset_def_desc, def));
}

/* people: persons by town; beds: clinics and their beds by kind. Each may choose one cell a unit. */
static void add_blocks(struct kit *k, struct sy_plan *p)
{
    struct sy_plan_expr people[] = {leaf("col", 1)}, beds[] = {leaf("col", 1), leaf("col", 2)};
    p->blocks = kit_alloc(k, 2, sizeof(*p->blocks));
    p->n_blocks = 2;
    for (size_t i = 0; i < 2; i++) {
        p->blocks[i] =
            (struct sy_plan_block){.figures = kit_alloc(k, 2, sizeof(struct sy_plan_figure)),
                                   .n_figures = i + 1,
                                   .groups = 1,
                                   .keys = kit_alloc(k, 1, sizeof(struct sy_plan_key)),
                                   .n_keys = 1,
                                   .mechanism = V("gauss"),
                                   .name = V(i == 0 ? "people" : "beds"),
                                   .ns = V(i == 0 ? "person" : "clinic"),
                                   .rel = i,
                                   .rho = i == 0 ? RHO_PEOPLE : RHO_BEDS,
                                   .rows = 1};
        p->blocks[i].figures[0] = (struct sy_plan_figure){.fn = V("units"), .name = V("n")};
    }
    p->blocks[0].exprs = exprs(k, people, 1);
    p->blocks[0].n_exprs = 1;
    p->blocks[0].keys[0] = (struct sy_plan_key){
        .labels = KIT_STRS(k, "a", "b", "c"), .n_labels = 3, .name = V("town")};
    p->blocks[1].exprs = exprs(k, beds, 2);
    p->blocks[1].n_exprs = 2;
    p->blocks[1].keys[0] = (struct sy_plan_key){
        .labels = KIT_STRS(k, "day", "night"), .n_labels = 2, .name = V("kind")};
    p->blocks[1].figures[1] = (struct sy_plan_figure){
        .expr = 1, .fn = V("sum"), .has_arg = true, .hi = 500, .name = V("beds")};
}

/* town, persons, all beds, persons a bed. */
static void add_post(struct kit *k, struct sy_plan *p)
{
    struct sy_plan_expr sum[] = {leaf("col", 1)}, all[] = {leaf("bool", 1)};
    struct sy_plan_expr e[] = {leaf("col", 0), leaf("col", 1), leaf("col", 2), leaf("div", 0)};
    struct sy_plan_post *post = kit_alloc(k, 1, sizeof(*post));
    static const char *const names[] = {"town", "n", "beds", "each"};
    e[3].args = U64S(k, 1, 2);
    e[3].n_args = 2;
    post->rels = kit_alloc(k, 5, sizeof(*post->rels));
    post->n_rels = 5;
    post->rels[0] = (struct sy_plan_rel){.op = V("block"), .source = V("people")};
    post->rels[1] = (struct sy_plan_rel){.op = V("block"), .source = V("beds")};
    post->rels[2] = (struct sy_plan_rel){.exprs = exprs(k, sum, 1),
                                         .n_exprs = 1,
                                         .fns = KIT_STRS(k, "sum"),
                                         .n_fns = 1,
                                         .in = U64S(k, 1),
                                         .n_in = 1,
                                         .names = KIT_STRS(k, "beds"),
                                         .n_names = 1,
                                         .op = V("reduce"),
                                         .outs = U64S(k, 0),
                                         .n_outs = 1};
    post->rels[3] = (struct sy_plan_rel){.exprs = exprs(k, all, 1),
                                         .n_exprs = 1,
                                         .in = U64S(k, 0, 2),
                                         .n_in = 2,
                                         .kind = V("inner"),
                                         .op = V("join"),
                                         .outs = U64S(k, 0),
                                         .n_outs = 1};
    post->rels[4] = (struct sy_plan_rel){.exprs = exprs(k, e, 4),
                                         .n_exprs = 4,
                                         .in = U64S(k, 3),
                                         .n_in = 1,
                                         .names = kit_strs(k, names, 4),
                                         .n_names = 4,
                                         .op = V("project"),
                                         .outs = U64S(k, 0, 1, 2, 3),
                                         .n_outs = 4};
    post->outs = kit_alloc(k, 4, sizeof(*post->outs));
    post->n_outs = 4;
    for (size_t i = 0; i < 4; i++) {
        post->outs[i] =
            (struct sy_plan_post_out){.col = i, .name = V(names[i]), .scale = i == 3 ? 3 : 0};
    }
    p->post = post;
    p->n_post = 1;
}

static struct sy_plan *two_blocks(struct kit *k)
{
    struct sy_plan *p = kit_alloc(k, 1, sizeof(*p));
    *p = (struct sy_plan){.v = SY_PLAN_SCHEMA};
    p->sources = kit_alloc(k, 2, sizeof(*p->sources));
    add_source(k, p, kit_persons(k));
    add_source(k, p, domain_beds(k));
    p->rels = kit_alloc(k, 2, sizeof(*p->rels));
    p->n_rels = 2;
    p->rels[0] = (struct sy_plan_rel){
        .names = KIT_STRS(k, "id", "town"), .n_names = 2, .op = V("scan"), .source = V("persons")};
    p->rels[1] = (struct sy_plan_rel){.names = KIT_STRS(k, "clinic", "kind", "beds"),
                                      .n_names = 3,
                                      .op = V("scan"),
                                      .source = V("beds")};
    add_blocks(k, p);
    add_post(k, p);
    p->outs = kit_alloc(k, 4, sizeof(*p->outs));
    p->outs[0] = (struct sy_plan_out){.name = V("town"), .op = V("key")};
    p->outs[1] = (struct sy_plan_out){.name = V("n"), .op = V("figure")};
    p->outs[2] = (struct sy_plan_out){.block = 1, .name = V("kind"), .op = V("key")};
    p->outs[3] = (struct sy_plan_out){.a = 1, .block = 1, .name = V("beds"), .op = V("figure")};
    p->n_outs = 4;
    return p;
}

static struct sy_model_def *two_blocks_def(struct kit *k, const struct sy_plan *p)
{
    struct sy_model_def *d = kit_alloc(k, 1, sizeof(*d));
    *d = (struct sy_model_def){.blocks = kit_alloc(k, 2, sizeof(*d->blocks)),
                               .n_blocks = 2,
                               .name = V("beds"),
                               .post = V("SELECT ..."),
                               .title = V("persons a bed")};
    for (size_t i = 0; i < 2; i++) {
        d->blocks[i] = (struct sy_model_block){.groups = p->blocks[i].groups,
                                               .mechanism = p->blocks[i].mechanism,
                                               .name = p->blocks[i].name,
                                               .rho = p->blocks[i].rho,
                                               .rows = p->blocks[i].rows,
                                               .sql = V("SELECT ...")};
    }
    return d;
}

static void order_plan(struct domain *d, const struct sy_plan *p)
{
    struct sy_view bytes = kit_encode(&d->k, &sy_plan_desc, p);
    assert_true(bytes.n <= DOMAIN_PLAN_MAX);
    memcpy(d->orders->plan, bytes.p, bytes.n);
    d->orders->plan_bytes = bytes.n;
}

/* ---- a run ---- */

static struct domain_reply run_of(struct domain *d, enum script script)
{
    struct sy_run run = {0};
    struct domain_call c = {.party = "acme",
                            .method = "model.run",
                            .grant = d->k.grant,
                            .subject = d->k.model,
                            .args = kit_encode(&d->k, &sy_run_desc, &run)};
    d->orders->run[d->n_runs++ % DOMAIN_RUNS] = (int)script;
    return domain_await(d, "acme", domain_relay(d, &c, domain_envelope(d, &c)));
}

/* One column of selection keys for each namespace, by name and by descriptor. */
static void check_job(struct domain *d)
{
    struct sy_run_job job;
    size_t n_keys[2] = {0}, n_data = 0;
    check_ok(sy_record_decode(&sy_run_job_desc, sy_view(d->orders->job, d->orders->job_bytes),
                              &SY_MP_LARGE, &d->k.arena, &job, NULL));
    for (size_t i = 0; i < job.n_columns; i++) {
        const struct sy_run_column *c = &job.columns[i];
        if (!sy_view_is(c->type, "key")) {
            n_data++;
            continue;
        }
        assert_int_equal(c->field.n, 0);
        assert_int_equal(c->rows, INGEST_ROWS);
        n_keys[0] += sy_view_is(c->ns, "person");
        n_keys[1] += sy_view_is(c->ns, "clinic");
    }
    assert_int_equal(n_keys[0], 1);
    assert_int_equal(n_keys[1], 1);
    assert_int_equal(n_data, 5);
    assert_int_equal(job.n_columns, 7);
    assert_int_equal(d->orders->job_fds, 7);
}

static void check_spends(const struct sy_answer *a, const struct sy_verdict *v)
{
    static const char *const spaces[] = {"clinic", "person"};
    static const uint64_t rhos[] = {RHO_BEDS, RHO_PEOPLE};
    assert_int_equal(a->n_spends, 2);
    assert_int_equal(v->n_spends, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(sy_view_is(a->spends[i].ns, spaces[i]));
        assert_true(sy_view_is(v->spends[i].ns, spaces[i]));
        assert_int_equal(a->spends[i].rho, rhos[i]);
        assert_int_equal(v->spends[i].rho, rhos[i]);
        assert_int_equal(a->spends[i].spent, rhos[i]);
        assert_int_equal(a->spends[i].spent + a->spends[i].left, 1000000000);
    }
}

static void check_table(const struct sy_answer *a)
{
    static const char *const towns[] = {"a", "b", "c"};
    assert_int_equal(a->rows, 3);
    assert_int_equal(a->n_columns, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_true(sy_view_is(a->columns[0].texts[i], towns[i]));
        assert_true(sy_view_is(a->columns[1].mechanism, "post"));
        assert_true(a->columns[1].lo[i] < a->columns[1].values[i]);
        assert_true(a->columns[1].hi[i] > a->columns[1].values[i]);
    }
    /* 4,000 persons of town c and 9,000 beds, give or take some standard deviations of 16 and 11,000 */
    assert_in_range(a->columns[1].values[2], 3800, 4200);
    assert_true(a->columns[2].values[0] != 9000);
    assert_int_equal(a->columns[2].values[0], a->columns[2].values[2]);
}

static void test_two_namespaces(void **state)
{
    struct domain *d = *state;
    struct sy_plan *p = two_blocks(&d->k);
    struct sy_answer a;
    struct sy_event charge;
    domain_model(d, two_blocks_def(&d->k, p), p);
    struct domain_reply r = run_of(d, HONEST);
    assert_int_equal(r.error.code, 0);
    check_ok(
        sy_record_decode(&sy_answer_desc, r.reply.result, &SY_MP_LARGE, &d->k.arena, &a, NULL));
    check_ok(sy_record_decode(&sy_event_desc, r.reply.proofs[0].body, &SY_MP_LARGE, &d->k.arena,
                              &charge, NULL));
    assert_true(sy_view_is(charge.type, "charge"));
    check_job(d);
    check_table(&a);
    check_spends(&a, &charge.verdict);
}

/* What is wrong with the second block refuses the whole run. */
static void test_second_block_is_checked(void **state)
{
    struct domain *d = *state;
    struct sy_plan *p = two_blocks(&d->k);
    domain_model(d, two_blocks_def(&d->k, p), p);
    for (int s = SECOND_TOO_HIGH; s <= SECOND_MISSING; s++) {
        struct domain_reply r = run_of(d, (enum script)s);
        assert_int_equal(r.error.code, SY_E_REFUSED);
        assert_int_equal(r.reply.n_proofs, 2);
    }
    assert_int_equal(run_of(d, HONEST).error.code, 0);
}

/* ---- model.check ---- */

static struct domain_reply check_as(struct domain *d, const char *party, const struct sy_check *c,
                                    const uint8_t *grant)
{
    struct domain_call call = {.party = party,
                               .method = "model.check",
                               .grant = grant,
                               .args = kit_encode(&d->k, &sy_check_desc, c)};
    return domain_await(d, party, domain_relay(d, &call, domain_envelope(d, &call)));
}

static struct sy_check_result result_of(struct domain *d, const struct domain_reply *r)
{
    struct sy_check_result c = {0};
    if (r->error.code != 0) {
        fail_msg("%s %s %s", sy_code_name(r->error.code), r->error.field, r->error.reason);
    }
    assert_int_equal(r->reply.n_proofs, 0); /* a read */
    check_ok(sy_record_decode(&sy_check_result_desc, r->reply.result, &SY_MP_LARGE, &d->k.arena, &c,
                              NULL));
    return c;
}

static void check_accepted(struct domain *d, const struct sy_check_result *c)
{
    if (c->refused) {
        fail_msg("%.*s %.*s %.*s", SY_PV(c->code), SY_PV(c->construct), SY_PV(c->reason));
    }
    assert_int_equal(c->cells, 5);
    assert_int_equal(c->slot_ms, 1500);
    assert_true(c->rendering.n > 0);
    assert_true(sy_view_eq(c->plan, sy_view(d->orders->plan, d->orders->plan_bytes)));
    assert_int_equal(c->n_spends, 2);
    assert_int_equal(c->spends[0].rho, RHO_BEDS);
    assert_int_equal(c->spends[1].rho, RHO_PEOPLE);
    assert_int_equal(c->n_figures, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(sy_view_is(c->figures[i].mechanism, "gauss"));
        assert_true(c->figures[i].half > c->figures[i].noise && c->figures[i].noise > 0);
        assert_int_equal(c->figures[i].bound, i == 2 ? 500 : 1);
    }
}

static struct sy_check ordered_check(struct domain *d)
{
    struct sy_plan *p = two_blocks(&d->k);
    order_plan(d, p);
    d->orders->lower = LOWERS;
    return (struct sy_check){.model = *two_blocks_def(&d->k, p)};
}

static void move(const struct domain *d, const char *from, const char *to)
{
    assert_int_equal(renameat(d->dir, from, d->dir, to), 0);
}

/* With the data out of reach a run is refused, and a check is what it was; nothing is logged. */
static void test_check_touches_no_data(void **state)
{
    struct domain *d = *state;
    struct sy_check check = ordered_check(d);
    domain_model(d, &check.model, two_blocks(&d->k));
    move(d, "data/persons", "data/persons-away");
    move(d, "data/beds", "data/beds-away");
    assert_int_equal(run_of(d, HONEST).error.code, SY_E_REFUSED);
    uint64_t size = domain_size(d);
    unsigned runs = d->orders->n_runs;
    struct domain_reply r = check_as(d, "acme", &check, d->k.grant);
    struct sy_check_result c = result_of(d, &r);
    check_accepted(d, &c);
    assert_int_equal(domain_size(d), size);
    assert_int_equal(d->orders->n_runs, runs);
    move(d, "data/persons-away", "data/persons");
    move(d, "data/beds-away", "data/beds");
}

static void check_parts(const struct sy_check_result *c, const char *const *want, uint64_t pos)
{
    assert_true(c->refused);
    assert_true(sy_view_is(c->block, want[0]));
    assert_true(sy_view_is(c->code, want[1]));
    assert_true(sy_view_is(c->construct, want[2]));
    assert_true(sy_view_is(c->reason, want[3]));
    assert_true(sy_view_is(c->hint, want[4]));
    assert_int_equal(c->pos, pos);
    assert_int_equal(c->plan.n, 0);
}

/* What the worker refuses comes part by part; so does what the rules refuse, and a worker that is gone. */
static void test_check_refused(void **state)
{
    static const char *const gone[] = {
        "", "limit", "", "the model is too large or too deep to be lowered; simplify it", ""};
    struct domain *d = *state;
    struct sy_check check = ordered_check(d);
    uint64_t size = domain_size(d);
    d->orders->lower = LOWER_REFUSES;
    struct domain_reply r = check_as(d, "acme", &check, d->k.grant);
    struct sy_check_result c = result_of(d, &r);
    check_parts(&c, refusal, 17);
    d->orders->lower = LOWER_LEAVES;
    r = check_as(d, "acme", &check, d->k.grant);
    c = result_of(d, &r);
    check_parts(&c, gone, 0);
    check = ordered_check(d);
    check.model.blocks[1].rho++; /* the plan says another price */
    r = check_as(d, "acme", &check, d->k.grant);
    c = result_of(d, &r);
    assert_true(c.refused);
    assert_true(c.code.n > 0 && c.reason.n > 0);
    assert_int_equal(domain_size(d), size);
}

/* The same words in model.register's one line. */
static void test_register_names_the_block(void **state)
{
    struct domain *d = *state;
    struct sy_check check = ordered_check(d);
    struct domain_call call = {.party = "acme",
                               .method = "model.register",
                               .grant = d->k.grant,
                               .args = kit_encode(&d->k, &sy_model_def_desc, &check.model)};
    d->orders->lower = LOWER_REFUSES;
    assert_int_equal(domain_ask(d, &call), SY_E_SQL);
    assert_string_equal(d->k.err.reason, "block beds, at byte 17, random(): volatile functions are "
                                         "refused; leave it out");
}

/* Under a proposal that was never filed; its budget and scene are nobody's yet. */
static void test_check_of_a_draft(void **state)
{
    struct domain *d = *state;
    struct sy_check check = ordered_check(d);
    struct sy_proposal *p = domain_proposal(d);
    p->scene = V("another");
    check.proposal = kit_encode(&d->k, &sy_proposal_desc, p);
    struct domain_reply r = check_as(d, "acme", &check, NULL);
    struct sy_check_result c = result_of(d, &r);
    check_accepted(d, &c);
    p->datasets[p->n_datasets - 1].n_fields = 2; /* a draft without the beds themselves */
    check.proposal = kit_encode(&d->k, &sy_proposal_desc, p);
    r = check_as(d, "acme", &check, NULL);
    c = result_of(d, &r);
    assert_true(c.refused);
    assert_true(sy_view_is(c.code, "field_denied"));
}

/* Another's draft, another's grant, both, neither: refused before anything is lowered. */
static void test_check_of_anothers(void **state)
{
    struct domain *d = *state;
    struct sy_check plain = ordered_check(d), draft = plain;
    draft.proposal = kit_encode(&d->k, &sy_proposal_desc, domain_proposal(d));
    assert_int_equal(check_as(d, "rival", &draft, NULL).error.code, SY_E_DENIED);
    assert_true(check_as(d, "rival", &plain, d->k.grant).error.code != 0);
    assert_int_equal(check_as(d, "operator", &plain, d->k.grant).error.code,
                     0); /* a reviewer may */
    assert_int_equal(check_as(d, "operator", &draft, NULL).error.code, SY_E_DENIED);
    assert_int_equal(check_as(d, "clinic", &plain, d->k.grant).error.code, SY_E_ROLE);
    assert_int_equal(check_as(d, "acme", &plain, NULL).error.code, SY_E_FIELD);
    assert_int_equal(check_as(d, "acme", &draft, d->k.grant).error.code, SY_E_FIELD);
}

/* ---- unit caps at ingest ---- */

static struct domain_reply ingest(struct domain *d, int script)
{
    struct sy_ingest in = {.dataset = V("births")};
    struct domain_call c = {.party = "clinic",
                            .method = "dataset.ingest",
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    SY_FD_CLEANUP int sock = domain_local(d);
    SY_FD_CLEANUP int file = openat(d->dir, "agency.party", O_RDONLY | O_CLOEXEC);
    d->orders->ingest = script;
    return domain_ask_local(d, sock, &c, file);
}

static void test_unit_caps(void **state)
{
    struct domain *d = *state;
    assert_int_equal(ingest(d, INGEST_AT_CAP).error.code, 0);
    struct domain_reply r = ingest(d, INGEST_OVER);
    assert_int_equal(r.error.code, SY_E_DATA);
    assert_string_equal(r.error.field, "clinic");
    assert_int_equal(ingest(d, INGESTS).error.code, 0);
}

#define WITH_DOMAIN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DOMAIN(test_two_namespaces),           WITH_DOMAIN(test_second_block_is_checked),
        WITH_DOMAIN(test_check_touches_no_data),    WITH_DOMAIN(test_check_refused),
        WITH_DOMAIN(test_register_names_the_block), WITH_DOMAIN(test_check_of_a_draft),
        WITH_DOMAIN(test_check_of_anothers),        WITH_DOMAIN(test_unit_caps),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_blocks", tests, NULL, NULL);
}
