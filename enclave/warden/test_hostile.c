/*
 * A real warden between enemies. Behind it, workers that got out of their sandbox and answer with
 * whatever they like; before it, a gateway that lies about certificates, codes and order. Expected each
 * time: it lives, nothing of a worker's bytes leaves, every charge has exactly one answer entry, the
 * refusal is one constant of one length, and the log replays (domain_stop decides every entry again).
 */
#include "test_ingest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "warden/record.h"
#include "wire/job.h"
#include "wire/rpc.h"

enum { MS = 1000000, SLOT_MS = 1500, WAVE = 3, JUNK = 1 << 20, MAX_CHARGES = 64 };

/* ---- workers ---- */

enum script {
    HONEST = 0,
    /* the answer is what an honest worker's would be */
    EARLY,    /* before it has seen the question: taken if the question was sent, else refused */
    TWICE,    /* the message again behind it */
    WITH_FDS, /* descriptors ride on it */
    TRAILING, /* half a message behind it */
    FIRST_BAD,
    /* no answer */
    NOTHING = FIRST_BAD,
    LEAVES_EARLY,
    DIES,
    HANGS,
    GARBAGE,
    TRUNCATED,
    UNFINISHED,
    NO_LENGTH,
    HUGE_LENGTH,
    JUNK_64,
    NOT_OK,
    NO_BLOCKS,
    TWO_BLOCKS,
    FEW_FIGURES,
    MANY_KEYS,
    FAR_KEY,
    CELL_TWICE,
    NO_UNITS,
    MANY_UNITS,
    SUM_TOO_HIGH,
    SUM_TOO_LOW,
    COUNT_LEAST,
    UNKNOWN_KEY,
    PADDED,
    DEAF, /* hangs, and reads nothing */
    DEAF_WITH_FDS,
    N_SCRIPTS
};

/* The result of an honest run, then what the script makes of it. */
static struct sy_view result_of(enum script s, struct sy_arena *a)
{
    static int64_t figures[3] = {3, 1950, 4};
    static uint64_t key[3] = {1, 2, 0};
    static struct sy_run_cell cells[2];
    static struct sy_run_block blocks[2];
    struct sy_run_result r = {.blocks = blocks, .n_blocks = 1, .ok = s != NOT_OK};
    cells[0] = cells[1] = (struct sy_run_cell){
        .figures = figures, .n_figures = 3, .key = key, .n_key = 2, .units = 3};
    blocks[0] = blocks[1] = (struct sy_run_block){.cells = cells, .n_cells = 1};
    switch (s) {
    case NO_BLOCKS:
        r.n_blocks = 0;
        break;
    case TWO_BLOCKS:
        r.n_blocks = 2;
        break;
    case FEW_FIGURES:
        cells[0].n_figures = 2;
        break;
    case MANY_KEYS:
        cells[0].n_key = 3;
        break;
    case FAR_KEY:
        key[1] = 3;
        break;
    case CELL_TWICE:
        blocks[0].n_cells = 2;
        break;
    case NO_UNITS:
        cells[0].units = 0;
        break;
    case MANY_UNITS:
        cells[0].units = 100001;
        break;
    case SUM_TOO_HIGH:
        figures[1] = 600000001;
        break;
    case SUM_TOO_LOW:
        figures[1] = -1;
        break;
    case COUNT_LEAST:
        figures[2] = INT64_MIN;
        break;
    default:
        break;
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    return sy_ok(sy_record_encode(&sy_run_result_desc, &r, &b)) ? sy_arena_copy(a, sy_buf_view(&b))
                                                                : (struct sy_view){0};
}

static void say_prefix(int sock, uint32_t n, struct sy_view bytes)
{
    uint8_t prefix[4];
    sy_store_le32(prefix, n);
    (void)sy_ok(sy_write_all(sock, prefix, sizeof(prefix)));
    (void)sy_ok(sy_write_all(sock, bytes.p, bytes.n));
}

static void say_with_fds(int sock, struct sy_view record)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    int fds[4] = {STDERR_FILENO, sock, sock, sock};
    uint8_t prefix[4];
    sy_store_le32(prefix, (uint32_t)record.n);
    (void)sy_ok(sy_buf_add(&b, prefix, sizeof(prefix)));
    (void)sy_ok(sy_buf_add_view(&b, record));
    (void)sy_ok(sy_send_fds(sock, sy_buf_view(&b), fds, 4));
}

/* 64 MiB in one message, and no end to them. */
static void say_junk(int sock)
{
    static uint8_t junk[JUNK];
    memset(junk, 0x93, sizeof(junk));
    say_prefix(sock, SY_JOB_MESSAGE_MAX, (struct sy_view){0});
    while (sy_ok(sy_write_all(sock, junk, sizeof(junk)))) {
    }
}

/* Its own end of the socket rides on every byte, and it never reads: whoever writes to it waits. */
static void deaf(int sock)
{
    int fds[2] = {sock, sock};
    (void)sy_ok(sy_write_all(sock, "\xff\xff\xff\0", 4));
    while (sy_ok(sy_send_fds(sock, sy_view_str("x"), fds, 2))) {
    }
    fake_hang();
}

static void say_unusual(enum script s, int sock, struct sy_view good, struct sy_arena *a)
{
    uint8_t *more = sy_arena_alloc(a, good.n + 8, 1);
    memcpy(more, good.p, good.n);
    switch (s) {
    case GARBAGE:
        fake_say(sock, sy_view_str("\xc1 not a record, but long enough to be one"));
        break;
    case TRUNCATED:
        fake_say(sock, sy_view(good.p, good.n - 1));
        break;
    case UNFINISHED:
        say_prefix(sock, (uint32_t)good.n, sy_view(good.p, good.n / 2));
        break;
    case NO_LENGTH:
        say_prefix(sock, 0, good);
        break;
    case HUGE_LENGTH:
        say_prefix(sock, UINT32_MAX, good);
        break;
    case JUNK_64:
        say_junk(sock);
        break;
    case PADDED:
        fake_say(sock, sy_view(more, good.n + 1));
        break;
    case UNKNOWN_KEY: /* {blocks, ok} and one more, in order */
        more[0] = 0x83;
        memcpy(more + good.n, "\xa1z\x01", 3);
        fake_say(sock, sy_view(more, good.n + 3));
        break;
    case TWICE:
        fake_say(sock, good);
        fake_say(sock, good);
        break;
    case TRAILING:
        fake_say(sock, good);
        say_prefix(sock, 77, good);
        break;
    case WITH_FDS:
        say_with_fds(sock, good);
        break;
    default:
        fake_say(sock, good);
        break;
    }
}

static void run_worker(enum script s, int sock)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX);
    struct sy_view good = result_of(s, &a);
    size_t n_fds = 0;
    if (s == LEAVES_EARLY || s == DIES) {
        (void)raise(s == DIES ? SIGSEGV : SIGKILL);
    }
    if (s == DEAF) {
        fake_hang();
    }
    if (s == DEAF_WITH_FDS) {
        deaf(sock);
    }
    if (s != EARLY && !fake_hear(sock, &job, &n_fds)) {
        return;
    }
    if (s == HANGS) {
        fake_hang();
    }
    if (s != NOTHING) {
        say_unusual(s, sock, good, &a);
        (void)shutdown(sock, SHUT_WR);
    }
    usleep(200000); /* what is still to be read is read before the end of file */
}

enum lowering {
    LOWERS = 0,
    LOWER_LEAVES,
    LOWER_GARBAGE,
    LOWER_BOTH,
    LOWER_NOISE,
    LOWER_LONG,
    N_LOWERING
};

static void lower_worker(const struct domain_orders *o, int sock)
{
    static char noise[4096];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(16 << 20);
    SY_BUF_CLEANUP struct sy_buf job = sy_buf(SY_JOB_MESSAGE_MAX);
    struct sy_lower_result r = {.plan = sy_view(o->plan, o->plan_bytes)};
    size_t n_fds = 0;
    memset(noise, '%', sizeof(noise));
    if (!fake_hear(sock, &job, &n_fds) || o->lower == LOWER_LEAVES) {
        return;
    }
    if (o->lower == LOWER_LONG) { /* larger than any plan may be */
        r.plan = sy_view(calloc(1, (4 << 20) + 1), (4 << 20) + 1);
    } else if (o->lower == LOWER_GARBAGE) {
        r.plan = sy_view(o->plan, o->plan_bytes / 2);
    } else if (o->lower == LOWER_NOISE) {
        r = (struct sy_lower_result){.code = V("no such code"),
                                     .construct = sy_view(noise, 4096),
                                     .reason = sy_view(noise, 4096),
                                     .hint = sy_view(noise, 4096),
                                     .pos = UINT64_MAX};
    } else if (o->lower == LOWER_BOTH) {
        r.code = V("sql");
        r.reason = V("refused");
    }
    if (sy_ok(sy_record_encode(&sy_lower_result_desc, &r, &b))) {
        fake_say(sock, sy_buf_view(&b));
    }
    usleep(200000);
}

static void worker(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    struct domain_orders *o = ctx;
    if (kind == 'l') {
        lower_worker(o, sock);
    } else if (kind == 'i') {
        ingest_worker(o, sock);
    } else {
        (void)__atomic_fetch_add(&o->n_runs, 1, __ATOMIC_SEQ_CST);
        run_worker((enum script)o->run[(number - 1) % DOMAIN_RUNS], sock);
    }
}

/* ---- fixture, and what must be true at the end ---- */

/* What the log has to say about the charges that were seen: outcome by entry. */
static struct {
    uint64_t entry;
    bool ok;
} charges[MAX_CHARGES];
static size_t n_charges, n_ok, n_versions, n_models;

static int setup(void **state)
{
    static struct domain d;
    n_charges = n_ok = 0;
    n_versions = 4;
    n_models = 1;
    domain_start(&d, worker);
    domain_prepare(&d);
    *state = &d;
    return 0;
}

static size_t files_in(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *at = fd < 0 ? NULL : fdopendir(fd);
    size_t n = 0;
    assert_non_null(at);
    for (const struct dirent *e; (e = readdir(at)) != NULL;) {
        n += e->d_name[0] != '.';
    }
    closedir(at);
    return n;
}

struct tally {
    size_t answers[1024]; /* by the charge's entry */
    bool ok[1024];
    size_t n_charges, n_answers, n_ok, n_publish, n_model;
};

static void count_entry(struct warden *w, uint64_t i, struct tally *t)
{
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_event e;
    check_ok(warden_entry_event(w, i, &a, &e, NULL));
    bool answer = sy_view_is(e.type, "answer") && e.verdict.stored == 0;
    t->n_charges += sy_view_is(e.type, "charge");
    t->n_publish += sy_view_is(e.type, "publish");
    t->n_model += sy_view_is(e.type, "model");
    if (answer) {
        assert_true(e.inputs.charge < 1024);
        t->n_answers++;
        t->answers[e.inputs.charge]++;
        t->ok[e.inputs.charge] = sy_view_is(e.inputs.outcome, "ok");
        t->n_ok += t->ok[e.inputs.charge];
    }
}

static void look(struct domain *d, struct warden *w)
{
    static struct tally t;
    memset(&t, 0, sizeof(t));
    for (uint64_t i = 0; i < ledger_size(w->ledger); i++) {
        count_entry(w, i, &t);
    }
    for (size_t i = 0; i < n_charges; i++) {
        if (t.answers[charges[i].entry] != 1 || t.ok[charges[i].entry] != charges[i].ok) {
            fail_msg("charge %llu: %zu answers, ok %d", (unsigned long long)charges[i].entry,
                     t.answers[charges[i].entry], t.ok[charges[i].entry]);
        }
    }
    assert_int_equal(t.n_charges, n_charges);
    assert_int_equal(t.n_answers, n_charges);
    assert_int_equal(t.n_ok, n_ok);
    assert_int_equal(t.n_publish, n_versions);
    assert_int_equal(t.n_model, n_models);
    assert_int_equal(files_in(d->dir, "answers"), n_ok); /* no other answer was even kept */
}

static int teardown(void **state)
{
    domain_stop(*state, look);
    return 0;
}

static void note_charge(const struct domain_reply *r, bool ok)
{
    assert_true(n_charges < MAX_CHARGES);
    assert_int_equal(r->reply.n_proofs, 2);
    charges[n_charges].entry = r->reply.proofs[0].index;
    charges[n_charges++].ok = ok;
    n_ok += ok;
}

/* The one refusal of a run, whatever happened. */
static void check_refusal(const struct domain_reply *r)
{
    assert_true(r->sealed);
    assert_int_equal(r->error.code, SY_E_REFUSED);
    assert_string_equal(r->error.field, "");
    assert_string_equal(r->error.reason, "the run was refused; it stays charged");
    assert_int_equal(r->reply.result.n, 0);
}

/* All declared cells, and nothing that only a worker could have said. */
static void check_answer(struct domain *d, const struct domain_reply *r)
{
    struct sy_answer a;
    assert_int_equal(r->error.code, 0);
    check_ok(
        sy_record_decode(&sy_answer_desc, r->reply.result, &SY_MP_LARGE, &d->k.arena, &a, NULL));
    assert_int_equal(a.rows, 6);
    assert_int_equal(a.n_columns, 4);
    assert_memory_equal(a.grant, d->k.grant, 32);
    assert_memory_equal(a.model, d->k.model, 32);
}

/* ---- hostile workers ---- */

struct asked {
    uint32_t id;
    enum script script;
    uint64_t from;
};

static struct asked ask_run(struct domain *d, enum script script, const char *age)
{
    struct domain_call c = domain_run(d, age);
    d->orders->run[d->n_runs++ % DOMAIN_RUNS] = script;
    struct asked a = {.script = script, .from = sy_mono_ns()};
    a.id = domain_relay(d, &c, domain_envelope(d, &c));
    return a;
}

static size_t settle(struct domain *d, const struct asked *a)
{
    struct domain_reply r = domain_await(d, "acme", a->id);
    bool ok = a->script == EARLY ? r.error.code == 0 : a->script < FIRST_BAD;
    if (!r.sealed || (r.error.code == 0) != ok) {
        fail_msg("script %d: %s %s %s", a->script, sy_code_name(r.error.code), r.error.field,
                 r.error.reason);
    }
    ok ? check_answer(d, &r) : check_refusal(&r);
    assert_true(sy_mono_ns() - a->from >= (uint64_t)(SLOT_MS - 1) * MS);
    note_charge(&r, ok);
    return r.bytes;
}

/* Some at a time; every reply, answer or refusal, has the same length and waits for its slot. */
static void test_hostile_workers(void **state)
{
    static const char *const ages[] = {"18", "40", "60", "75", "80", "85", "90", "95"};
    struct domain *d = *state;
    struct asked asked[WAVE];
    size_t length = 0;
    for (int first = HONEST; first < N_SCRIPTS; first += WAVE) {
        int n = N_SCRIPTS - first < WAVE ? N_SCRIPTS - first : WAVE;
        for (int i = 0; i < n; i++) {
            int s = first + i;
            asked[i] = ask_run(d, (enum script)s, s < FIRST_BAD ? ages[s] : "95");
        }
        for (int i = 0; i < n; i++) {
            size_t bytes = settle(d, &asked[i]);
            assert_true(length == 0 || bytes == length);
            length = bytes;
        }
    }
    /* and it still serves: the same question as the first, stored, at once and at no charge */
    struct domain_call c = domain_run(d, ages[HONEST]);
    struct domain_reply r = domain_await(d, "acme", domain_relay(d, &c, domain_envelope(d, &c)));
    check_answer(d, &r);
    assert_int_equal(r.bytes, length);
}

/* Persons by street, undeclared: its dictionary goes to the worker. */
static void open_model(struct domain *d)
{
    struct sy_model_def *def = kit_model_def(&d->k);
    struct sy_plan *plan = kit_plan(&d->k);
    struct sy_plan_block *b = &plan->blocks[0];
    plan->rels[0].names = KIT_STRS(&d->k, "id", "age", "street", "weight");
    b->keys[0] = (struct sy_plan_key){.name = V("street"), .open = true};
    def->blocks[0].rho = b->rho = 2000000;
    def->blocks[0].delta = b->delta = 1000000;
    domain_model(d, def, plan);
}

static size_t n_threads(const struct domain *d)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)d->pid);
    return files_in(AT_FDCWD, path);
}

/* A worker that takes nothing, so that whoever feeds it waits in the middle of the job, and that holds
 * its own end of the socket open inside the socket: settled on time all the same, and nobody waits for
 * ever. */
static void test_worker_that_takes_nothing(void **state)
{
    static const enum script scripts[] = {DEAF_WITH_FDS, DEAF, DEAF_WITH_FDS, HONEST};
    struct domain *d = *state;
    d->orders->ingest = INGEST_BIG;
    domain_ingest(d, "health", "persons");
    n_versions++;
    open_model(d);
    n_models++;
    for (size_t i = 0; i < LEN(scripts); i++) {
        struct asked a = ask_run(d, scripts[i], "40");
        struct domain_reply r = domain_await(d, "acme", a.id);
        assert_true(sy_mono_ns() - a.from < (uint64_t)10 * SLOT_MS * MS);
        bool ok = scripts[i] == HONEST;
        assert_int_equal(r.error.code, ok ? 0 : SY_E_REFUSED);
        note_charge(&r, ok);
    }
    for (int i = 0; i < 200 && n_threads(d) > 1; i++) {
        usleep(10000);
    }
    assert_int_equal(n_threads(d), 1);
}

static void test_hostile_lowering(void **state)
{
    struct domain *d = *state;
    struct sy_model_def *def = kit_model_def(&d->k);
    struct domain_call c = {.party = "acme", .method = "model.register", .grant = d->k.grant};
    for (int s = LOWER_LEAVES; s < N_LOWERING; s++) {
        d->orders->lower = s;
        def->blocks[0].rho = 1000000 + (uint64_t)s; /* the plan that comes says another price */
        c.args = kit_encode(&d->k, &sy_model_def_desc, def);
        int32_t code = domain_ask(d, &c);
        if (code == 0) {
            fail_msg("lowering script %d was believed", s);
        }
        assert_true(strlen(d->k.err.reason) < sizeof(d->k.err.reason));
    }
    d->orders->lower = LOWERS; /* a sound plan that is not what the manifest says */
    assert_true(domain_ask(d, &c) != 0);
}

static void test_hostile_ingest(void **state)
{
    struct domain *d = *state;
    struct sy_ingest in = {.dataset = V("persons")};
    struct domain_call c = {.party = "health",
                            .method = "dataset.ingest",
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    for (int s = INGEST_LEAVES; s < N_INGESTION; s++) {
        SY_FD_CLEANUP int sock = domain_local(d);
        SY_FD_CLEANUP int file = openat(d->dir, "agency.party", O_RDONLY | O_CLOEXEC);
        d->orders->ingest = s;
        struct domain_reply r = domain_ask_local(d, sock, &c, file);
        if (r.error.code == 0) {
            fail_msg("ingest script %d was published", s);
        }
        assert_null(strstr(r.error.field, "Li"));
        assert_null(strstr(r.error.reason, "Li"));
    }
}

/* Descriptors that are no file or pipe, or that do not come at all, start nothing. */
static void test_ingest_descriptors(void **state)
{
    struct domain *d = *state;
    struct sy_ingest in = {.dataset = V("persons")};
    struct domain_call c = {.party = "health",
                            .method = "dataset.ingest",
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    int given[] = {-1, d->dir, d->gateway, open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    for (size_t i = 0; i < LEN(given); i++) {
        SY_FD_CLEANUP int sock = domain_local(d);
        struct domain_reply r = domain_ask_local(d, sock, &c, given[i]);
        assert_true(r.error.code != 0);
    }
    sy_fd_close(&given[3]);
}

/* ---- a hostile gateway ---- */

/* Another party's certificate, or none at all: the signer is who signed. */
static void test_wrong_fingerprints(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "40");
    static const uint8_t ones[32] = {1};
    const uint8_t *wrong[] = {kit_party(&d->k, "rival")->tls, kit_party(&d->k, "agency")->tls,
                              ones};
    for (size_t i = 0; i < LEN(wrong); i++) {
        c.tls = wrong[i];
        assert_true(domain_ask(d, &c) != 0);
    }
    assert_int_equal(d->orders->n_runs, 0);
}

/* A file can only be ingested by who can pass it: on the gateway's edge nothing is published, even
 * with the fingerprint of the local socket. */
static void test_ingest_through_the_gateway(void **state)
{
    struct domain *d = *state;
    static const uint8_t zero[32];
    struct sy_ingest in = {.dataset = V("persons")};
    struct domain_call c = {.party = "health",
                            .method = "dataset.ingest",
                            .tls = zero,
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    assert_true(domain_ask(d, &c) != 0);
    c.tls = NULL;
    assert_true(domain_ask(d, &c) != 0);
}

/* An early refusal of a valid request decides nothing: it is charged and answered. */
static void test_early_codes(void **state)
{
    struct domain *d = *state;
    static const int64_t codes[] = {SY_E_BUDGET, -1, INT64_MAX};
    static const char *const ages[] = {"18", "40", "60"};
    for (size_t i = 0; i < LEN(codes); i++) {
        struct domain_call c = domain_run(d, ages[i]);
        c.early = codes[i];
        struct domain_reply r =
            domain_await(d, "acme", domain_relay(d, &c, domain_envelope(d, &c)));
        check_answer(d, &r);
        note_charge(&r, true);
    }
}

/* And no early code does not help a request that is to be refused. */
static void test_no_early_code(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "17"); /* not a declared value */
    assert_int_equal(domain_ask(d, &c), SY_E_FIELD);
    c = domain_run(d, "18");
    c.party = "rival";
    assert_int_equal(domain_ask(d, &c), SY_E_GRANT);
    c.method = "scene.final_review";
    assert_int_equal(domain_ask(d, &c), SY_E_ROLE);
}

/* The same envelope many times, before, during and after: one charge, one answer, the same bytes. */
static void test_duplicates(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "60");
    struct sy_view envelope = domain_envelope(d, &c);
    uint32_t ids[5];
    struct sy_view first = {0};
    for (size_t i = 0; i < LEN(ids); i++) {
        ids[i] = domain_relay(d, &c, envelope);
    }
    for (size_t i = 0; i < LEN(ids); i++) {
        struct domain_reply r = domain_await(d, "acme", ids[i]);
        if (r.error.code == 0) {
            check_answer(d, &r);
            assert_int_equal(first.n, 0); /* the others hear that it is under way */
            first = r.reply.result;
            note_charge(&r, true);
        } else {
            assert_int_equal(r.error.code, SY_E_BUSY);
        }
    }
    assert_true(first.n > 0);
    struct domain_reply again = domain_await(d, "acme", domain_relay(d, &c, envelope));
    assert_true(sy_view_eq(again.reply.result, first));
    assert_int_equal(d->orders->n_runs, 1);
}

/* A refused run again: the same refusal, no second worker. */
static void test_duplicate_of_a_refusal(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "60");
    struct sy_view envelope = domain_envelope(d, &c);
    d->orders->run[0] = MANY_UNITS;
    struct domain_reply r = domain_await(d, "acme", domain_relay(d, &c, envelope));
    check_refusal(&r);
    note_charge(&r, false);
    struct domain_reply again = domain_await(d, "acme", domain_relay(d, &c, envelope));
    check_refusal(&again);
    assert_int_equal(again.bytes, r.bytes);
    assert_int_equal(d->orders->n_runs, 1);
}

/* Requests in another order than they were made: each is decided by itself. */
static void test_reordered(void **state)
{
    struct domain *d = *state;
    struct domain_call calls[3];
    struct sy_view envelopes[3];
    uint32_t ids[3];
    static const char *const ages[] = {"18", "17", "40"};
    for (size_t i = 0; i < 3; i++) {
        calls[i] = domain_run(d, ages[i]);
        envelopes[i] = domain_envelope(d, &calls[i]);
    }
    for (size_t i = 3; i-- > 0;) {
        ids[i] = domain_relay(d, &calls[i], envelopes[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        struct domain_reply r = domain_await(d, "acme", ids[i]);
        assert_int_equal(r.error.code, i == 1 ? SY_E_FIELD : 0);
        if (i != 1) {
            note_charge(&r, true);
        }
    }
}

/* One byte changed, anywhere: never allowed, never charged. */
static void test_altered_envelopes(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "75");
    struct sy_view envelope = domain_envelope(d, &c);
    uint8_t *bytes = kit_alloc(&d->k, envelope.n, 1);
    for (size_t at = 0; at < envelope.n; at += 3) {
        memcpy(bytes, envelope.p, envelope.n);
        bytes[at] ^= (uint8_t)(1U << (at % 8));
        uint32_t id = domain_relay(d, &c, sy_view(bytes, envelope.n));
        struct domain_reply r = domain_await(d, "acme", id);
        if (r.error.code == 0) {
            fail_msg("byte %zu changed, and it was allowed", at);
        }
    }
    for (size_t n = 0; n < envelope.n; n += 17) {
        struct domain_reply r =
            domain_await(d, "acme", domain_relay(d, &c, sy_view(envelope.p, n)));
        assert_true(r.error.code != 0);
    }
    assert_int_equal(d->orders->n_runs, 0);
}

/* The frame's method is not the signed one; methods that are only the warden's own. */
static void test_other_methods(void **state)
{
    struct domain *d = *state;
    static const char *const frames[] = {"status.domain", "model.review", "job.answer", "relay"};
    static const char *const own[] = {"job.answer", "dataset.publish", "grant.expire", "genesis",
                                      "no.such"};
    struct domain_call c = domain_run(d, "75");
    struct sy_view envelope = domain_envelope(d, &c);
    uint64_t size = domain_size(d);
    for (size_t i = 0; i < LEN(frames); i++) {
        c.method = frames[i];
        assert_true(domain_await(d, "acme", domain_relay(d, &c, envelope)).error.code != 0);
    }
    for (size_t i = 0; i < LEN(own); i++) {
        static const char *const parties[] = {"acme", "warden"};
        struct domain_call o = {.party = parties[i % 2],
                                .method = own[i],
                                .grant = d->k.grant,
                                .tls = kit_party(&d->k, "acme")->tls};
        assert_true(domain_ask(d, &o) != 0);
    }
    assert_int_equal(domain_size(d), size);
}

/* ---- frames that are not relays ---- */

static void bad_params(struct sy_buf *b, size_t i)
{
    uint8_t tls[33] = {1};
    bool text = i == 3;
    check_ok(sy_rpc_put_request(b, 1000 + (uint32_t)i, i == 6 ? "status.ping" : "relay",
                                i == 0   ? 0
                                : i == 1 ? 3
                                : i == 2 ? 5
                                         : 4));
    if (i == 0) {
        return;
    }
    check_ok(text ? sy_mp_put_str(b, sy_view_str("tls"))
                  : sy_mp_put_bin(b, sy_view(tls, i == 4 ? 31 : 32)));
    check_ok(i == 5 ? sy_mp_put_u64(b, 7) : sy_mp_put_str(b, V("model.run")));
    check_ok(i == 7 ? sy_mp_put_nil(b) : sy_mp_put_bin(b, V("x")));
    if (i != 1) {
        check_ok(i == 8 ? sy_mp_put_u64(b, UINT64_MAX) : sy_mp_put_i64(b, 0));
    }
    if (i == 2) {
        check_ok(sy_mp_put_nil(b));
    }
}

static void test_bad_params(void **state)
{
    struct domain *d = *state;
    for (size_t i = 0; i < 9; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
        bad_params(&b, i);
        domain_say(d, sy_buf_view(&b));
        struct domain_reply r = domain_await(d, "acme", 1000 + (uint32_t)i);
        assert_false(r.sealed);
        assert_true(r.error.code != 0);
    }
    domain_say(d, V("\x93\x02\xa4head\x90"));      /* a notification */
    domain_say(d, V("\x94\x01\x05\xc0\xc0"));      /* a response to nothing */
    domain_say(d, V("\xc0\x90\xa1x\x94\x09\x01")); /* no messages */
    domain_say(d, V("\x01\x90"));
    struct domain_call c = domain_run(d, "17");
    assert_int_equal(domain_ask(d, &c), SY_E_FIELD); /* it goes on */
}

/* A gateway that breaks the framing, or passes descriptors, is cut off; the next one is served. */
static void test_broken_gateways(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "17");
    static const char *const junk[] = {"\xc1", "\xc6\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff"};
    for (size_t i = 0; i < LEN(junk); i++) {
        domain_say(d, V(junk[i]));
        assert_true(domain_cut_off(d));
        domain_new_gateway(d);
        assert_int_equal(domain_ask(d, &c), SY_E_FIELD);
    }
    check_ok(sy_send_fds(d->gateway, V("\x94"), &d->dir, 1));
    assert_true(domain_cut_off(d));
    domain_new_gateway(d);
    assert_int_equal(domain_ask(d, &c), SY_E_FIELD);
}

/* A gateway that leaves in the middle of a run: the run is settled, and the next gateway can ask for
 * its outcome with the same envelope. */
static void test_gateway_leaves_during_a_run(void **state)
{
    struct domain *d = *state;
    struct domain_call c = domain_run(d, "80");
    struct sy_view envelope = domain_envelope(d, &c);
    (void)domain_relay(d, &c, envelope);
    for (int i = 0; i < 200 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    domain_new_gateway(d);
    usleep((SLOT_MS + 500) * 1000);
    struct domain_reply r = domain_await(d, "acme", domain_relay(d, &c, envelope));
    check_answer(d, &r);
    note_charge(&r, true);
    assert_int_equal(d->orders->n_runs, 1);
}

/* Suspension ends a run at once; it stays charged and has its one answer entry. */
static void test_suspension_during_a_run(void **state)
{
    struct domain *d = *state;
    struct sy_order o = {.ground = V("incident")};
    struct asked a = ask_run(d, HANGS, "85");
    for (int i = 0; i < 200 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    struct domain_call c = {.party = "agency",
                            .method = "scene.suspend",
                            .grant = d->k.grant,
                            .args = kit_encode(&d->k, &sy_order_desc, &o)};
    assert_int_equal(domain_ask(d, &c), 0);
    (void)settle(d, &a);
    c = domain_run(d, "85");
    assert_int_equal(domain_ask(d, &c), SY_E_SUSPENDED);
}

/* The zygote dies under a run, and runs after it find none: refusals, in their slots. */
static void test_no_zygote(void **state)
{
    struct domain *d = *state;
    struct asked a = ask_run(d, HANGS, "85");
    for (int i = 0; i < 200 && d->orders->n_runs == 0; i++) {
        usleep(10000);
    }
    fake_stop(&d->zygote);
    (void)settle(d, &a);
    struct asked b = ask_run(d, NOTHING, "90");
    (void)settle(d, &b);
}

#define WITH_DOMAIN(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DOMAIN(test_hostile_workers),
        WITH_DOMAIN(test_worker_that_takes_nothing),
        WITH_DOMAIN(test_hostile_lowering),
        WITH_DOMAIN(test_hostile_ingest),
        WITH_DOMAIN(test_ingest_descriptors),
        WITH_DOMAIN(test_wrong_fingerprints),
        WITH_DOMAIN(test_ingest_through_the_gateway),
        WITH_DOMAIN(test_early_codes),
        WITH_DOMAIN(test_no_early_code),
        WITH_DOMAIN(test_duplicates),
        WITH_DOMAIN(test_duplicate_of_a_refusal),
        WITH_DOMAIN(test_reordered),
        WITH_DOMAIN(test_altered_envelopes),
        WITH_DOMAIN(test_other_methods),
        WITH_DOMAIN(test_bad_params),
        WITH_DOMAIN(test_broken_gateways),
        WITH_DOMAIN(test_gateway_leaves_during_a_run),
        WITH_DOMAIN(test_suspension_during_a_run),
        WITH_DOMAIN(test_no_zygote),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_hostile", tests, NULL, NULL);
}
