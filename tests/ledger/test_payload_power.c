/*
 * Power cuts while personal payloads are kept and destroyed. A vault lives on a disk that forgets (disk.h)
 * beside a ledger that is only remembered here: entries and erasures that are durable in it. Before any
 * write-side call the power may go, and now and then a sync fails; what is then left of the disk is opened as the warden's start does, and:
 *
 *   every logged question that is not erased can be read, byte for byte;
 *   of a logged erasure nothing is left, and of one that was acknowledged nothing was left before that start;
 *   nobody has a name that is erased, and there is no file that no entry knows.
 *
 * Disks that lie about syncs must be found out by the same claims.
 *
 *   payload_power [CUTS]
 */
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "base/arena.h"
#include "disk.h"
#include "vault/vault.h"

enum {
    CUTS_DEFAULT = 1500,
    LIE_CUTS_MAX = 4000,
    PATH_BYTES = 128,
    PERSONS = 3,
    STEPS = 12, /* of a world */
    QUESTIONS_MAX = STEPS,
    TEXT_BYTES = 48,
    CUT_ONE_IN = 3
};

struct question {
    uint8_t who[VAULT_NAME_BYTES];
    char text[TEXT_BYTES];
    int person;
};

struct erasure {
    uint8_t who[VAULT_NAME_BYTES];
    int person;
    bool acknowledged;
};

static struct {
    char base[PATH_BYTES], disk[PATH_BYTES], after[PATH_BYTES];
    struct vault *v;
    struct question log[QUESTIONS_MAX]; /* entry i */
    size_t size;
    struct erasure erased[STEPS];
    size_t n_erased;
    unsigned long cuts, broken, bad_syncs;
    char why[256];
} W;

static unsigned long cuts_wanted = CUTS_DEFAULT;
static uint64_t seed_now;

/* --- chance --------------------------------------------------------------------------------------- */

static uint64_t chance(void)
{
    seed_now += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t x = seed_now;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint64_t below(uint64_t n)
{
    return chance() % n;
}

/* --- folders -------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_folder(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct vault *open_vault(const char *path)
{
    struct vault *v = NULL;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sy_status s = fd < 0 ? sy_status_of(SY_E_IO) : vault_open(fd, &v, NULL);
    (void)close(fd);
    return sy_ok(s) ? v : NULL;
}

static size_t files_found;

static int count_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path;
    (void)st;
    (void)ftw;
    files_found += type == FTW_F;
    return 0;
}

/* --- claims --------------------------------------------------------------------------------------- */

static void broke(const char *what, size_t i)
{
    W.broken++;
    (void)snprintf(W.why, sizeof(W.why), "%s %zu", what, i);
}

static const char *const IDS[PERSONS] = {"p1", "p2", "p3"};

static struct sy_view id_of(int person)
{
    return sy_view_str(IDS[person]);
}

static bool is_erased(const uint8_t who[VAULT_NAME_BYTES])
{
    for (size_t i = 0; i < W.n_erased; i++) {
        if (memcmp(W.erased[i].who, who, VAULT_NAME_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool reads(struct vault *v, const struct question *q, uint64_t entry)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    return sy_ok(vault_payload_get(v, q->who, entry, &b, NULL)) &&
           sy_view_is(sy_buf_view(&b), q->text);
}

/* Before the start has done anything: what was acknowledged as destroyed does not open. */
static void check_acknowledged(struct vault *v)
{
    for (size_t i = 0; i < W.n_erased; i++) {
        for (size_t k = 0; k < W.size && W.erased[i].acknowledged; k++) {
            if (memcmp(W.log[k].who, W.erased[i].who, VAULT_NAME_BYTES) == 0 &&
                reads(v, &W.log[k], k)) {
                broke("readable, and acknowledged as erased: entry", k);
            }
        }
    }
}

static sy_status belongs(void *ctx, const uint8_t who[VAULT_NAME_BYTES], uint64_t entry, bool *ret)
{
    (void)ctx;
    *ret = entry < W.size && memcmp(W.log[entry].who, who, VAULT_NAME_BYTES) == 0;
    return SY_OK;
}

/* What the warden does at its start (enclave/warden/src/payload.c). */
static bool settle(struct vault *v)
{
    uint64_t removed = 0;
    bool fine = true;
    for (size_t i = 0; i < W.n_erased; i++) {
        fine = fine && sy_ok(vault_payload_shred(v, W.erased[i].who));
    }
    return fine && sy_ok(vault_payload_sweep(v, belongs, NULL, &removed));
}

static void check_settled(struct vault *v, const char *folder)
{
    char payloads[PATH_BYTES + 16];
    uint8_t who[VAULT_NAME_BYTES];
    size_t live = 0;
    for (size_t k = 0; k < W.size; k++) {
        bool gone = is_erased(W.log[k].who);
        live += !gone;
        if (reads(v, &W.log[k], k) == gone) {
            broke(gone ? "readable, and erased: entry" : "not readable: entry", k);
        }
    }
    for (int p = 0; p < PERSONS; p++) {
        if (sy_ok(vault_payload_find(v, sy_view_str("person"), id_of(p), who, NULL)) &&
            is_erased(who)) {
            broke("goes by an erased name: person", (size_t)p);
        }
    }
    (void)snprintf(payloads, sizeof(payloads), "%s/payloads", folder);
    files_found = 0;
    (void)nftw(payloads, count_file, 16, FTW_PHYS);
    if (files_found != live) {
        broke("files that no entry knows:", files_found);
    }
}

/* Called before each write-side call: the power may go. */
static void maybe_cut(void)
{
    if (below(CUT_ONE_IN) != 0) {
        return;
    }
    W.cuts++;
    disk_cut(W.after);
    struct vault *v = open_vault(W.after);
    if (v == NULL) {
        broke("does not open after cut", W.cuts);
    } else {
        check_acknowledged(v);
        if (!settle(v)) {
            broke("does not settle after cut", W.cuts);
        }
        check_settled(v, W.after);
    }
    vault_close(v);
    remove_folder(W.after);
}

/* --- life ----------------------------------------------------------------------------------------- */

static sy_status name_it(int person, uint8_t ret[VAULT_NAME_BYTES])
{
    struct sy_view ns = sy_view_str("person");
    SY_TRY(vault_payload_who(W.v, ns, id_of(person), ret, NULL));
    if (!is_erased(ret)) {
        return SY_OK;
    }
    SY_TRY(vault_payload_forget(W.v, ns, id_of(person)));
    return vault_payload_who(W.v, ns, id_of(person), ret, NULL);
}

/* An erasure that failed and was not sent again. */
static struct erasure *unfinished(int person)
{
    for (size_t i = 0; i < W.n_erased; i++) {
        if (W.erased[i].person == person && !W.erased[i].acknowledged) {
            return &W.erased[i];
        }
    }
    return NULL;
}

/* As the warden: name, payload, then the entry; without them none. */
static bool ask(int person)
{
    struct question *q = &W.log[W.size];
    q->person = person;
    (void)snprintf(q->text, sizeof(q->text), "%s, question %zu, %016" PRIx64, IDS[person], W.size,
                   chance());
    sy_status s = name_it(person, q->who);
    s = sy_ok(s) ? vault_payload_put(W.v, sy_view_str("person"), id_of(person), W.size,
                                     sy_view_str(q->text), NULL)
                 : s;
    if (!sy_ok(s)) { /* half erased: nobody is asked about before it is whole */
        assert_true(disk_has_failed() || unfinished(person) != NULL);
        return false;
    }
    W.size++; /* the charge is durable */
    return true;
}

/* Questions in the log under this name: without one there is nothing to erase. */
static size_t asked_as(const uint8_t who[VAULT_NAME_BYTES])
{
    size_t n = 0;
    for (size_t k = 0; k < W.size; k++) {
        n += memcmp(W.log[k].who, who, VAULT_NAME_BYTES) == 0;
    }
    return n;
}

static void carry_out(struct erasure *e)
{
    sy_status s = vault_payload_shred(W.v, e->who);
    assert_true(sy_ok(s) || disk_has_failed());
    e->acknowledged = sy_ok(s);
}

/* Logged, then carried out; sent again, some time, when that failed. */
static void erase(int person)
{
    struct erasure *old = unfinished(person), *e = &W.erased[W.n_erased];
    if (old != NULL) {
        carry_out(old);
        return;
    }
    *e = (struct erasure){.person = person};
    if (!sy_ok(vault_payload_find(W.v, sy_view_str("person"), id_of(person), e->who, NULL)) ||
        is_erased(e->who) || asked_as(e->who) == 0) {
        return;
    }
    W.n_erased++; /* the erasure is durable */
    carry_out(e);
}

static void begin(enum disk_lie lie)
{
    W.size = W.n_erased = 0;
    assert_int_equal(mkdir(W.disk, 0700), 0);
    int fd = open(W.disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(vault_create(fd, &W.v, NULL));
    close(fd);
    disk_attach(W.disk, chance, maybe_cut);
    disk_lie(lie);
}

static void end(void)
{
    disk_detach();
    vault_close(W.v);
    remove_folder(W.disk);
}

static void one_world(enum disk_lie lie)
{
    begin(lie);
    for (int i = 0; i < STEPS && W.broken == 0; i++) {
        int person = (int)below(PERSONS);
        bool fails = below(5) == 0;
        disk_fail_sync(fails ? 1 + (unsigned)below(6) : 0);
        if (below(3) == 0) {
            erase(person);
        } else {
            (void)ask(person);
        }
        W.bad_syncs += fails && disk_has_failed();
    }
    disk_fail_sync(0);
    end();
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void test_power_cuts(void **state)
{
    (void)state;
    W.cuts = W.broken = W.bad_syncs = 0;
    while ((W.cuts < cuts_wanted || W.bad_syncs < 3) && W.broken == 0) {
        one_world(DISK_HONEST);
    }
    if (W.broken > 0) {
        fail_msg("after %lu cuts: %s", W.cuts, W.why);
    }
    print_message("# %lu power cuts, %lu failed syncs\n", W.cuts, W.bad_syncs);
}

static void test_liars(void **state)
{
    static const enum disk_lie lies[] = {DISK_LIES_DATA, DISK_LIES_FOLDERS};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        W.cuts = W.broken = 0;
        while (W.cuts < LIE_CUTS_MAX && W.broken == 0) {
            one_world(lies[i]);
        }
        assert_true(W.broken > 0);
        print_message("# a lying disk is found out after %lu cuts: %s\n", W.cuts, W.why);
    }
    W.broken = 0;
}

/* Whether a subject was asked about before is not told by how much there is to write. */
static void test_same_work(void **state)
{
    (void)state;
    begin(DISK_HONEST);
    assert_true(ask(2)); /* the namespace's own key is made */
    unsigned long begun = disk_calls();
    assert_true(ask(0));
    unsigned long first = disk_calls() - begun;
    assert_true(ask(0));
    unsigned long again = disk_calls() - begun - first;
    end();
    assert_true(first > 8);
    assert_int_equal(first, again);
}

/* Killed, or failed, at each single call of an erasure: the next one in the same process, or the start of the
 * next process, ends it. */
static void test_every_end_of_an_erasure(void **state)
{
    unsigned n = 0;
    bool died = true;
    (void)state;
    while (died && W.broken == 0) {
        n++;
        begin(DISK_HONEST);
        assert_true(ask(0));
        assert_true(ask(1));
        assert_true(ask(0));
        struct erasure *e = &W.erased[W.n_erased];
        *e = (struct erasure){.person = 0};
        memcpy(e->who, W.log[0].who, sizeof(e->who));
        W.n_erased++;
        disk_die_after(n);
        sy_status s = vault_payload_shred(W.v, e->who);
        died = disk_has_failed();
        assert_true(died || sy_ok(s));
        disk_die_after(0);
        if (n % 2 == 0) {
            vault_close(W.v);
            W.v = open_vault(W.disk);
            assert_non_null(W.v);
        }
        assert_true(settle(W.v));
        check_settled(W.v, W.disk);
        assert_true(ask(0));
        check_settled(W.v, W.disk);
        end();
    }
    if (W.broken > 0) {
        fail_msg("dead at call %u: %s", n, W.why);
    }
    assert_true(n > 6);
    print_message("# %u places to die\n", n - 1);
}

static int set_up(void **state)
{
    (void)state;
    const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(W.base, sizeof(W.base), "%s/payload-power-XXXXXX", tmp);
    if (mkdtemp(W.base) == NULL) {
        return -1;
    }
    (void)snprintf(W.disk, sizeof(W.disk), "%.90s/disk", W.base);
    (void)snprintf(W.after, sizeof(W.after), "%.90s/after", W.base);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(W.base);
    return 0;
}

int main(int argc, char **argv)
{
    const char *given = getenv("SHUYU_SEED");
    if (sodium_init() < 0) {
        return 1;
    }
    seed_now = given != NULL ? strtoull(given, NULL, 10) : 0;
    seed_now = seed_now != 0 ? seed_now : 1 + randombytes_uniform(INT32_MAX - 1);
    printf("# SHUYU_SEED=%" PRIu64 "\n", seed_now);
    cuts_wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : CUTS_DEFAULT;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_liars),
        cmocka_unit_test(test_same_work),
        cmocka_unit_test(test_every_end_of_an_erasure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
