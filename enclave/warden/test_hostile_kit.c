/*
 * What: the workers of test_hostile.h, and the look through the log at the end.
 */
#include "test_hostile.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "warden/record.h"
#include "wire/job.h"

enum { JUNK = 1 << 20, MAX_CHARGES = 64 };

/* ---- workers ---- */

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

int hostile_setup(void **state)
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

size_t files_in(int dir, const char *name)
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

int hostile_teardown(void **state)
{
    domain_stop(*state, look);
    return 0;
}

void note_charge(const struct domain_reply *r, bool ok)
{
    assert_true(n_charges < MAX_CHARGES);
    assert_int_equal(r->reply.n_proofs, 2);
    charges[n_charges].entry = r->reply.proofs[0].index;
    charges[n_charges++].ok = ok;
    n_ok += ok;
}

void check_refusal(const struct domain_reply *r)
{
    assert_true(r->sealed);
    assert_int_equal(r->error.code, SY_E_REFUSED);
    assert_string_equal(r->error.field, "");
    assert_string_equal(r->error.reason, "the run was refused; it stays charged");
    assert_int_equal(r->reply.result.n, 0);
}

void check_answer(struct domain *d, const struct domain_reply *r)
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

struct asked ask_run(struct domain *d, enum script script, const char *age)
{
    struct domain_call c = domain_run(d, age);
    d->orders->run[d->n_runs++ % DOMAIN_RUNS] = script;
    struct asked a = {.script = script, .from = sy_mono_ns()};
    a.id = domain_relay(d, &c, domain_envelope(d, &c));
    return a;
}

size_t settle(struct domain *d, const struct asked *a)
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

void note_version(void)
{
    n_versions++;
}

void note_model(void)
{
    n_models++;
}
