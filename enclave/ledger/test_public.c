/*
 * The public folder: a published log reproduced byte for byte, the arithmetic of tiles, partial
 * tiles for every checkpoint, and mending of whatever was lost or altered.
 */
#include "test_fixture.h"

#include <time.h>

/* --- a published log with its private key (reference/audit-log 1.10 D) -------------------------- */
#define D_VKEY "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define D_SEED "eca663f499017d2365c27c7a7679158d43cfec1330bdb259290afbd0d21777a0"
#define D_HEAD "example.com/log/testdata\n"
#define D_LINE "\n— example.com/log/testdata M9e0l"

static const char *const D_ENTRIES[15] = {"one",    "two",   "three",    "four",    "five",
                                          "six",    "seven", "eit",      "nain",    "ten",
                                          "ileven", "twelf", "threeten", "fourten", "fivten"};
static const struct {
    uint64_t size;
    const char *checkpoint;
} D_CHECKPOINTS[] = {
    {0, D_HEAD "0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n" D_LINE
               "hxJACzE1KoUdqKuPa+9p6R7dSW8BlEvrg/noo8FkGg6PbJoRNOcdjqjOq89wVvTA60eubCc4oufo5BvIVEg"
               "tQc=\n"},
    {1, D_HEAD "1\n0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=\n" D_LINE
               "hr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/SC"
               "hAM=\n"},
    {2, D_HEAD "2\nT1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=\n" D_LINE
               "lH4NKmlf0u7C8tkJioQOmi7l5ELqljXgKRg6R3G5JJ7vx7emDWo5fpqKuA/Dk/jRrI6il+7QCVirNhyUAWG"
               "oAk=\n"},
    {7, D_HEAD "7\nIrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=\n" D_LINE
               "uA5JhTRUki/BBQD0QNiH6AEJ2pdtsA5CQjqJErViuuKrN6513RCTL2640wXJv0dCed3neRGI6dMzBq9uANf"
               "2Qc=\n"},
    {15, D_HEAD "15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n" D_LINE
                "uh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF7"
                "4ewI=\n"},
};

static void start_published_log(void)
{
    uint8_t seed[32];
    uint8_t pub[32];
    size_t n = 0;
    check_ok(proof_vkey_parse(sy_view_str(D_VKEY), &F.log, NULL));
    sodium_hex2bin(seed, sizeof(seed), D_SEED, strlen(D_SEED), NULL, &n, NULL);
    crypto_sign_seed_keypair(pub, F.secret, seed);
    start_over();
}

static void append_published(uint64_t i)
{
    struct ledger_entry e = {sy_view_str(D_ENTRIES[i]), NULL, {0}};
    uint64_t index = 0;
    check_ok(ledger_append(F.l, &e, &index, NULL));
    check_ok(ledger_commit(F.l, NULL));
}

static void assert_file(const char *name, struct sy_view want)
{
    static uint8_t got[1 << 20];
    size_t n = read_file(name, got, sizeof(got));
    if (!sy_view_eq(sy_view(got, n), want)) {
        fail_msg("%s: %zu bytes, want %zu, or other content", name, n, want.n);
    }
}

static void test_published_checkpoints(void **state)
{
    (void)state;
    start_published_log();
    size_t at = 0;
    for (uint64_t size = 0; size <= 15; size++) {
        if (size > 0) {
            append_published(size - 1);
        }
        if (D_CHECKPOINTS[at].size == size) {
            assert_true(sy_view_is(ledger_checkpoint(F.l), D_CHECKPOINTS[at].checkpoint));
            check_ok(ledger_publish(F.l, NULL));
            assert_file("public/checkpoint", sy_view_str(D_CHECKPOINTS[at].checkpoint));
            at++;
        }
    }
    assert_int_equal(at, sizeof(D_CHECKPOINTS) / sizeof(D_CHECKPOINTS[0]));
    assert_file("public/tile/entries/000.p/2", sy_view("\0\3one\0\3two", 10));
}

static const char *vectors_folder(void)
{
    static char path[4096];
    const char *given = getenv("SHUYU_VECTORS");
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    if (given != NULL) {
        (void)snprintf(path, sizeof(path), "%s", given);
    } else {
        (void)snprintf(path, sizeof(path), "%s/../shared/vectors", root == NULL ? "." : root);
    }
    if (access(path, R_OK) != 0) {
        return NULL;
    }
    return path;
}

static void compare_published(const char *vectors, const char *theirs, const char *ours)
{
    char path[4352];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    (void)snprintf(path, sizeof(path), "%s/tlog/log/%s", vectors, theirs);
    check_ok(sy_read_file_at(AT_FDCWD, path, &b));
    assert_file(ours, sy_buf_view(&b));
}

static void test_published_files(void **state)
{
    (void)state;
    const char *vectors = vectors_folder();
    if (vectors == NULL) {
        check_skip("no published vectors here (set SHUYU_VECTORS)");
    }
    start_published_log();
    for (uint64_t size = 0; size <= 15; size++) {
        char theirs[64];
        char ours[64];
        if (size > 0) {
            append_published(size - 1);
        }
        check_ok(ledger_publish(F.l, NULL));
        (void)snprintf(theirs, sizeof(theirs), "checkpoint.%d", (int)size);
        compare_published(vectors, theirs, "public/checkpoint");
        for (int kind = 0; size > 0 && kind < 2; kind++) {
            const char *level = kind == 0 ? "0" : "entries";
            (void)snprintf(theirs, sizeof(theirs), "tile/%s/000.p/%d", level, (int)size);
            (void)snprintf(ours, sizeof(ours), "public/tile/%s/000.p/%d", level, (int)size);
            compare_published(vectors, theirs, ours);
        }
    }
}

/* --- arithmetic --------------------------------------------------------------------------------- */
static void test_tile_numbers(void **state)
{
    (void)state;
    assert_int_equal(tiles_count(0), 0);
    assert_int_equal(tiles_count(1), 1);
    assert_int_equal(tiles_count(255), 1);
    assert_int_equal(tiles_count(256), 2);
    assert_int_equal(tiles_partial(256, 0), 0);
    assert_int_equal(tiles_partial(256, 1), 1);
    assert_int_equal(tiles_full(70000, 0), 273);
    assert_int_equal(tiles_partial(70000, 0), 112);
    assert_int_equal(tiles_full(70000, 1), 1);
    assert_int_equal(tiles_partial(70000, 1), 17);
    assert_int_equal(tiles_partial(70000, 2), 1);
    assert_int_equal(tiles_count(70000), 277);
    assert_int_equal(tiles_full(70000, TILES_ENTRIES), 273);
    assert_int_equal(tiles_partial(70000, TILES_ENTRIES), 112);
}

static void test_tile_paths(void **state)
{
    (void)state;
    static const struct {
        int level;
        uint64_t number;
        unsigned width;
        const char *want;
    } CASES[] = {
        {0, 5, 0, "tile/0/005"},
        {0, 5, 256, "tile/0/005"},
        {1, 1234, 0, "tile/1/x001/234"},
        {7, 1234067, 3, "tile/7/x001/x234/067.p/3"},
        {TILES_ENTRIES, 0, 255, "tile/entries/000.p/255"},
        {0, 72057594037927935U, 255, "tile/0/x072/x057/x594/x037/x927/935.p/255"},
        {0, UINT64_MAX, 255, "tile/0/x018/x446/x744/x073/x709/x551/615.p/255"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char path[TILES_PATH_MAX];
        tiles_path(path, CASES[i].level, CASES[i].number, CASES[i].width);
        assert_string_equal(path, CASES[i].want);
    }
    char folder[TILES_PATH_MAX];
    tiles_partial_folder(folder, TILES_ENTRIES, 1234);
    assert_string_equal(folder, "tile/entries/x001/234.p");
}

/* --- a log of 70,000 ---------------------------------------------------------------------------- */
struct count {
    uint64_t n_files;
    uint64_t n_hashes; /* at level 0 */
};

static void count_files(int at, const char *name, struct count *c, bool level0)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        struct stat st;
        assert_int_equal(fstatat(at, name, &st, 0), 0);
        c->n_files++;
        c->n_hashes += level0 ? (uint64_t)st.st_size / 32 : 0;
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            count_files(fd, e->d_name, c, level0);
        }
    }
    (void)closedir(d);
}

static void append_small(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint8_t leaf[8] = {0xC1, (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};
        struct ledger_entry e = {sy_view(leaf, sizeof(leaf)), NULL, {0}};
        uint64_t index = 0;
        check_ok(ledger_append(F.l, &e, &index, NULL));
        if (i % 10000 == 9999) {
            check_ok(ledger_commit(F.l, NULL));
        }
    }
    check_ok(ledger_commit(F.l, NULL));
}

static void test_seventy_thousand(void **state)
{
    (void)state;
    struct count hashes[3] = {{0}};
    F.segment_bytes = 1 << 22;
    start_over();
    append_small(70000);
    check_ok(ledger_publish(F.l, NULL));
    count_files(F.dir, "public/tile/0", &hashes[0], true);
    count_files(F.dir, "public/tile/1", &hashes[1], false);
    count_files(F.dir, "public/tile/2", &hashes[2], false);
    assert_int_equal(hashes[0].n_files, 274);
    assert_int_equal(hashes[0].n_hashes, 70000);
    assert_int_equal(hashes[0].n_files + hashes[1].n_files + hashes[2].n_files, 277);
    assert_true(has_file("public/tile/0/272"));
    assert_true(has_file("public/tile/0/273.p/112"));
    assert_true(has_file("public/tile/1/000"));
    assert_true(has_file("public/tile/1/001.p/17"));
    assert_true(has_file("public/tile/2/000.p/1"));
    assert_true(has_file("public/tile/entries/273.p/112"));
    assert_false(has_file("public/tile/1/000.p"));
    close_ledger();
    check_ok(open_ledger(false, NULL));
    assert_int_equal(ledger_size(F.l), 70000);
}

/* --- partial tiles ------------------------------------------------------------------------------ */
static void assert_partial(uint64_t size, bool want)
{
    char path[TILES_PATH_MAX + 8];
    char tail[TILES_PATH_MAX];
    for (int i = 0; i < 2; i++) {
        int level = i == 0 ? 0 : TILES_ENTRIES;
        tiles_path(tail, level, tiles_full(size, level), tiles_partial(size, level));
        (void)snprintf(path, sizeof(path), "public/%s", tail);
        if (has_file(path) != want) {
            fail_msg("%s is %s", path, want ? "missing" : "still there");
        }
    }
}

static void test_partials_for_every_checkpoint(void **state)
{
    (void)state;
    F.segment_bytes = 1 << 20;
    start_over();
    grow(3);
    grow(4); /* not published between */
    check_ok(ledger_publish(F.l, NULL));
    grow(10);
    check_ok(ledger_publish(F.l, NULL));
    assert_partial(3, true);
    assert_partial(7, true);
    assert_partial(17, true);
    assert_partial(8, false);
    grow(200);
    check_ok(ledger_publish(F.l, NULL));
    assert_partial(217, true);
    assert_partial(3, true);
    grow(45);
    check_ok(ledger_publish(F.l, NULL));
    assert_partial(262, true);
    assert_partial(217, false);
    assert_false(has_file("public/tile/0/000.p"));
    assert_true(has_file("public/tile/0/000"));
    assert_true(has_file("public/tile/1/000.p/1"));
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_ok(ledger_publish(F.l, NULL));
    assert_partial(262, true);
}

/* --- mending ------------------------------------------------------------------------------------ */
enum { FILES_MAX = 512 };

struct snapshot {
    size_t n;
    char name[FILES_MAX][96];
    size_t n_bytes[FILES_MAX];
    uint8_t *bytes[FILES_MAX];
};

static void take_snapshot(const char *name, struct snapshot *s)
{
    char full[96];
    static uint8_t bytes[1 << 18];
    int fd = openat(F.dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        assert_true(s->n < FILES_MAX);
        (void)snprintf(s->name[s->n], sizeof(s->name[0]), "%s", name);
        s->n_bytes[s->n] = read_file(name, bytes, sizeof(bytes));
        s->bytes[s->n] = malloc(s->n_bytes[s->n]);
        memcpy(s->bytes[s->n], bytes, s->n_bytes[s->n]);
        s->n++;
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            assert_true(snprintf(full, sizeof(full), "%s/%s", name, e->d_name) < 96);
            take_snapshot(full, s);
        }
    }
    (void)closedir(d);
}

static void assert_snapshot(const struct snapshot *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!has_file(s->name[i])) {
            fail_msg("%s is missing", s->name[i]);
        }
        assert_file(s->name[i], sy_view(s->bytes[i], s->n_bytes[i]));
    }
}

static void drop_snapshot(struct snapshot *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->bytes[i]);
    }
}

static void mend(const struct snapshot *s)
{
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_ok(ledger_publish(F.l, NULL));
    assert_snapshot(s);
}

static void test_mends_every_file(void **state)
{
    (void)state;
    struct snapshot s = {0};
    F.segment_bytes = 1 << 20;
    start_over();
    grow(100);
    grow(170);
    grow(1);
    check_ok(ledger_publish(F.l, NULL));
    take_snapshot("public", &s);
    assert_true(s.n >= 7);
    for (size_t i = 0; i < s.n; i++) {
        uint8_t *p = s.bytes[i];
        size_t n = s.n_bytes[i];
        (void)unlinkat(F.dir, s.name[i], 0);
        mend(&s);
        write_file(s.name[i], p, n - 1);
        mend(&s);
        write_file(s.name[i], p, 0);
        mend(&s);
        p[n / 2] ^= 1;
        write_file(s.name[i], p, n);
        p[n / 2] ^= 1;
        mend(&s);
    }
    remove_tree(F.dir, "public");
    mend(&s);
    drop_snapshot(&s);
}

/* Cosignatures that someone added below our checkpoint stay while it is the newest. */
static void test_keeps_cosignatures(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct proof_vkey witness;
    struct proof_note note;
    grow(2);
    check_ok(ledger_publish(F.l, NULL));
    check_ok(proof_vkey_make(sy_view_str("witness.example"), PROOF_SIG_COSIGNATURE, F.log.key,
                             &witness));
    check_ok(proof_note_parse(ledger_checkpoint(F.l), &note, NULL));
    check_ok(sy_buf_add_view(&b, ledger_checkpoint(F.l)));
    check_ok(proof_note_sign_line(note.text, &witness, F.secret, 7, &b));
    write_file("public/checkpoint", b.p, b.n);
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_ok(ledger_publish(F.l, NULL));
    assert_file("public/checkpoint", sy_buf_view(&b));
    grow(1);
    check_ok(ledger_publish(F.l, NULL));
    assert_file("public/checkpoint", ledger_checkpoint(F.l));
}

/* What strangers may fetch, another user's process may read; the segments it may not. */
static void test_permissions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mode_t want;
    } CASES[] = {{"public", 0755},
                 {"public/tile/entries/000.p", 0755},
                 {"public/checkpoint", 0644},
                 {"public/tile/0/000.p/3", 0644},
                 {"segments", 0700},
                 {"segments/00000001", 0600}};
    mode_t before = umask(0077);
    start_over();
    grow(3);
    check_ok(ledger_publish(F.l, NULL));
    (void)umask(before);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct stat st;
        assert_int_equal(fstatat(F.dir, CASES[i].name, &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, CASES[i].want);
    }
}

/* Written by the ledger's own thread while it goes on: the same files, none earlier than it may be. */
static void test_in_background(void **state)
{
    (void)state;
    struct snapshot s = {0};
    size_t started = 0;
    F.segment_bytes = 256 << 10;
    start_over();
    for (size_t i = 0; i < 400; i++) {
        grow(1 + i % 5);
        sy_status st = ledger_publish_start(F.l, NULL);
        started += sy_ok(st);
        assert_true(sy_ok(st) || st.code == SY_E_BUSY);
        if (i % 40 == 0) {
            const struct timespec pause = {.tv_nsec = 60000000};
            (void)nanosleep(&pause, NULL);
        }
    }
    assert_true(started >= 10 && started < 400);
    check_ok(ledger_publish(F.l, NULL));
    assert_false(has_file("publish.tmp"));
    take_snapshot("public", &s);
    close_ledger();
    remove_tree(F.dir, "public");
    check_ok(open_ledger(false, NULL));
    check_ok(ledger_publish(F.l, NULL));
    for (size_t i = 0; i < s.n; i++) {
        assert_true(has_file(s.name[i]));
    }
    assert_snapshot(&s);
    drop_snapshot(&s);
}

/* Closed while files are being written: they are whole, and opening makes the rest. */
static void test_closed_in_background(void **state)
{
    (void)state;
    check_ok(ledger_publish_start(F.l, NULL)); /* the first is written at once */
    for (size_t i = 0; i < 20; i++) {
        const struct timespec pause = {.tv_nsec = 51000000};
        (void)nanosleep(&pause, NULL);
        grow(1);
        check_ok(ledger_publish_start(F.l, NULL));
        close_ledger();
        check_ok(open_ledger(false, NULL));
        uint8_t note[4096];
        size_t n = read_file("public/checkpoint", note, sizeof(note));
        assert_true(sy_view_eq(sy_view(note, n), ledger_checkpoint(F.l)));
        check_ok(ledger_publish_start(F.l, NULL));
    }
}

/* Is this what the gateway shows? */
static bool is_shown(struct sy_view note)
{
    uint8_t bytes[4096];
    return sy_view_eq(sy_view(bytes, read_file("public/checkpoint", bytes, sizeof(bytes))), note);
}

/* Files that were written in the background and that nobody asked after since are in nobody's way. */
static void test_cosigned_after_background(void **state)
{
    (void)state;
    const struct timespec pause = {.tv_nsec = 51000000};
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    check_ok(ledger_publish_start(F.l, NULL)); /* the first is written at once */
    grow(1);
    check_ok(ledger_publish_start(F.l, NULL));
    for (size_t i = 0; i < 100 && !is_shown(ledger_checkpoint(F.l)); i++) {
        (void)nanosleep(&pause, NULL);
    }
    (void)nanosleep(&pause, NULL); /* it was the last file */
    check_ok(sy_buf_add_view(&note, ledger_checkpoint(F.l)));
    check_ok(sy_buf_add_str(&note, "a witness's line\n"));
    check_ok(ledger_publish_cosigned(F.l, sy_buf_view(&note), ledger_size(F.l), NULL));
    assert_true(is_shown(sy_buf_view(&note)));
}

/* Nothing is left lying about, and nothing half written can be seen. */
static void test_no_temporary_files(void **state)
{
    (void)state;
    struct snapshot s = {0};
    grow(30);
    check_ok(ledger_publish(F.l, NULL));
    take_snapshot("public", &s);
    for (size_t i = 0; i < s.n; i++) {
        assert_null(strstr(s.name[i], "tmp"));
    }
    assert_false(has_file("publish.tmp"));
    drop_snapshot(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ledger_test(test_published_checkpoints),
        ledger_test(test_published_files),
        cmocka_unit_test(test_tile_numbers),
        cmocka_unit_test(test_tile_paths),
        ledger_test(test_seventy_thousand),
        ledger_test(test_partials_for_every_checkpoint),
        ledger_test(test_mends_every_file),
        ledger_test(test_keeps_cosignatures),
        ledger_test(test_permissions),
        ledger_test(test_no_temporary_files),
        ledger_test(test_in_background),
        ledger_test(test_closed_in_background),
        ledger_test(test_cosigned_after_background),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
