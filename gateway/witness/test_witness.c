/*
 * The witness on a real folder: what is stored and read again, whose files are refused, the key file, the
 * lock, evidence, and the answers of the service.
 */
#include "test_log.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "proof/cosign.h"
#include "proof/fork.h"
#include "witness/witness.h"

static struct {
    char folder[64];
    struct proof_vkey key;
    struct test_log log;
    struct test_log second;
} world;

static int make_world(void **state)
{
    (void)state;
    (void)snprintf(world.folder, sizeof(world.folder), "/tmp/shuyu-witness-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    check_ok(witness_store_init(world.folder, sy_view_str("example.com/w"), &world.key, NULL));
    log_make(&world.log, "example.com/log");
    log_make(&world.second, "example.com/second");
    return 0;
}

static void remove_below(const char *folder)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && unlink(path) != 0) {
            remove_below(path);
        }
    }
    (void)closedir(dir);
    (void)rmdir(folder);
}

static int drop_world(void **state)
{
    (void)state;
    remove_below(world.folder);
    return 0;
}

static void add_log(const struct proof_vkey *key, struct sy_buf *b)
{
    check_ok(sy_buf_add_str(b, "log "));
    check_ok(proof_vkey_format(key, b));
    check_ok(sy_buf_add_str(b, "\n"));
}

static sy_status open_with(struct witness *w, struct sy_view list, struct sy_error *err)
{
    struct witness_store store;
    SY_TRY(witness_store_open(world.folder, &store, err));
    return witness_open(&store, list, w, err);
}

static void start(struct witness *w)
{
    SY_BUF_CLEANUP struct sy_buf list = sy_buf(4096);
    add_log(&world.log.key, &list);
    add_log(&world.second.key, &list);
    check_ok(open_with(w, sy_buf_view(&list), NULL));
}

/* One request; the answer's body goes to *body unless that is NULL. */
static unsigned ask(struct witness *w, const struct test_log *log, uint64_t old, uint64_t size,
                    uint64_t fork, uint64_t now_s, struct sy_buf *body)
{
    SY_BUF_CLEANUP struct sy_buf request = sy_buf(1 << 16);
    struct witness_answer a = {0};
    log_ask(log, old, size, fork, &request);
    witness_add_checkpoint(w, sy_buf_view(&request), now_s, &a);
    if (body != NULL) {
        sy_buf_clear(body);
        check_ok(sy_buf_add_view(body, sy_buf_view(&a.body)));
    }
    sy_buf_deinit(&a.body);
    return a.status;
}

static void test_cosigns_and_remembers(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf line = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf taken = sy_buf(4096);
    struct witness w;
    struct witness_answer a = {0};
    uint64_t time_s = 0;
    start(&w);
    assert_int_equal(ask(&w, &world.log, 0, 3, LOG_TRUE, 1000, &line), 200);
    log_sign(&world.log, 3, LOG_TRUE, &note);
    check_ok(proof_witness_take(sy_buf_view(&note), sy_buf_view(&line), &world.key, &taken, &time_s,
                                NULL));
    assert_int_equal(time_s, 1000);
    witness_close(&w);
    start(&w); /* another process, as it were */
    assert_int_equal(ask(&w, &world.log, 0, 3, LOG_TRUE, 1001, &line), 409);
    assert_true(sy_view_is(sy_buf_view(&line), "3\n"));
    assert_int_equal(ask(&w, &world.log, 3, 3, LOG_TRUE, 900, &line), 200);
    assert_true(sy_view_eq(sy_buf_view(&line), sy_buf_view(&taken))); /* the clock went back */
    assert_int_equal(ask(&w, &world.log, 3, 5, LOG_TRUE, 1002, NULL), 200);
    assert_int_equal(ask(&w, &world.log, 3, 6, LOG_TRUE, 1002, &line), 409);
    assert_true(sy_view_is(sy_buf_view(&line), "5\n"));
    assert_int_equal(ask(&w, &world.second, 0, 9, LOG_TRUE, 1002, NULL), 200);
    witness_get_checkpoint(&w, sy_view_str(w.logs[0].hex), &a);
    struct proof_vkey keys[2] = {world.log.key, world.key};
    struct proof_note parsed;
    struct proof_note_match match[2];
    check_ok(proof_note_verify(sy_buf_view(&a.body), keys, 2, &parsed, match, NULL));
    assert_true(a.status == 200 && match[0].valid && match[1].valid && match[1].time_s == 1002);
    sy_buf_deinit(&a.body);
    witness_close(&w);
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "old", "old 1\n\n", "old 1\n\nlog\n1\n\n"};
    struct witness w;
    struct test_log stranger;
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(4096);
    start(&w);
    log_make(&stranger, "example.com/stranger");
    assert_int_equal(ask(&w, &stranger, 0, 3, LOG_TRUE, 1003, NULL), 404);
    log_make(&stranger, "example.com/log");
    assert_int_equal(ask(&w, &stranger, 5, 6, LOG_TRUE, 1003, NULL), 403);
    assert_int_equal(ask(&w, &world.log, 5, 3, LOG_TRUE, 1003, NULL), 400);
    assert_int_equal(ask(&w, &world.log, 3, 6, LOG_TRUE, 1003, &body), 409);
    assert_true(sy_view_is(sy_buf_view(&body), "5\n"));
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct witness_answer a = {0};
        witness_add_checkpoint(&w, sy_view_str(BAD[i]), 1003, &a);
        assert_true(a.status == 400 && a.body.n > 1 && a.body.p[a.body.n - 1] == '\n');
        sy_buf_deinit(&a.body);
    }
    struct witness_answer a = {0};
    witness_get_checkpoint(&w, sy_view_str("00"), &a);
    assert_int_equal(a.status, 404);
    sy_buf_deinit(&a.body);
    witness_close(&w);
}

/* The evidence files of the folder; with a key, each of them is verified. */
static size_t count_evidence(const struct proof_vkey *key)
{
    char path[128];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "%s/evidence", world.folder);
    DIR *dir = opendir(path);
    for (const struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir)) {
        SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_FORK_MAX);
        if (e->d_name[0] != '.') {
            check_ok(sy_read_file_at(dirfd(dir), e->d_name, &text));
            check_ok(proof_fork_verify(sy_buf_view(&text), key, 1, NULL));
            n++;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return n;
}

static void test_evidence(void **state)
{
    (void)state;
    struct witness w;
    start(&w);
    assert_int_equal(count_evidence(&world.log.key), 0);
    assert_int_equal(ask(&w, &world.log, 5, 5, 4, 1004, NULL), 422);
    assert_int_equal(count_evidence(&world.log.key), 1);
    assert_int_equal(ask(&w, &world.log, 3, 5, 4, 1005, NULL), 409); /* the same contradiction */
    assert_int_equal(count_evidence(&world.log.key), 1);
    assert_int_equal(ask(&w, &world.log, 5, 9, 2, 1006, NULL), 422);
    assert_int_equal(count_evidence(&world.log.key), 2);
    for (uint64_t size = 10; size < LOG_LEAVES; size++) {
        assert_int_equal(ask(&w, &world.log, 5, size, 0, 1007, NULL), 422);
        assert_int_equal(ask(&w, &world.log, 5, size, 1, 1007, NULL), 422);
    }
    assert_int_equal(count_evidence(&world.log.key), WITNESS_EVIDENCE_MAX);
    assert_int_equal(ask(&w, &world.log, 5, 6, LOG_TRUE, 1008, NULL),
                     200); /* the history we are in */
    witness_close(&w);
}

/* --- the folder -------------------------------------------------------------------------------------- */
static void path_of(const char *name, char ret[256])
{
    (void)snprintf(ret, 256, "%s/%s", world.folder, name);
}

static void checkpoint_file(const struct test_log *log, char ret[256])
{
    char hex[WITNESS_HEX_BYTES + 1];
    char name[128];
    witness_hex(sy_view_str(log->key.name), hex);
    (void)snprintf(name, sizeof(name), "%s.checkpoint", hex);
    path_of(name, ret);
}

static void replace(const char *path, struct sy_view content)
{
    check_ok(sy_replace_file_at(AT_FDCWD, path, content, 0600));
}

static void check_not_started(int32_t code)
{
    SY_BUF_CLEANUP struct sy_buf list = sy_buf(4096);
    struct witness w;
    struct sy_error err = {0};
    add_log(&world.log.key, &list);
    check_code(open_with(&w, sy_buf_view(&list), &err), code);
    assert_true(err.code == code && err.reason[0] != '\0');
}

/* Any changed byte of a stored checkpoint that matters, another log's, or an older key's: no start. */
static void test_damaged(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1 << 16);
    SY_BUF_CLEANUP struct sy_buf other = sy_buf(1 << 16);
    char path[256];
    char second[256];
    checkpoint_file(&world.log, path);
    checkpoint_file(&world.second, second);
    check_ok(sy_read_file_at(AT_FDCWD, path, &text));
    check_ok(sy_read_file_at(AT_FDCWD, second, &other));
    struct proof_note note;
    check_ok(proof_note_parse(sy_buf_view(&text), &note, NULL));
    for (size_t i = 0; i < note.text.n; i += 5) {
        text.p[i] ^= 1;
        replace(path, sy_buf_view(&text));
        check_not_started(SY_E_TAMPERED);
        text.p[i] ^= 1;
    }
    replace(path, sy_buf_view(&other));
    check_not_started(SY_E_TAMPERED);
    replace(path, sy_view_str(""));
    check_not_started(SY_E_TAMPERED);
    replace(path, sy_view(text.p, text.n / 2));
    check_not_started(SY_E_TAMPERED);
    replace(path, sy_buf_view(&text));
    struct witness w;
    start(&w);
    assert_int_equal(w.logs[0].known.tree.size, 6);
    witness_close(&w);
}

static void test_lock(void **state)
{
    (void)state;
    struct witness w;
    struct proof_vkey key;
    start(&w);
    check_not_started(SY_E_BUSY);
    check_code(witness_store_init(world.folder, sy_view_str("x"), &key, NULL), SY_E_BUSY);
    witness_close(&w);
    start(&w);
    witness_close(&w);
}

static void test_key_file(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(4096);
    struct proof_vkey key;
    struct stat st;
    char path[256];
    path_of("key", path);
    check_ok(sy_read_file_at(AT_FDCWD, path, &text));
    assert_true(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    check_code(witness_store_init(world.folder, sy_view_str("x"), &key, NULL), SY_E_EXISTS);
    for (size_t i = 0; i < text.n; i++) {
        text.p[i] ^= 2;
        replace(path, sy_buf_view(&text));
        check_not_started(SY_E_FIELD);
        text.p[i] ^= 2;
        replace(path, sy_view(text.p, i));
        check_not_started(SY_E_FIELD);
    }
    replace(path, sy_buf_view(&text));
    assert_int_equal(chmod(path, 0640), 0);
    check_not_started(SY_E_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    struct witness w;
    start(&w);
    assert_memory_equal(w.store.key.key, world.key.key, PROOF_KEY_BYTES);
    witness_close(&w);
    assert_int_equal(unlink(path), 0);
    check_not_started(SY_E_NOT_FOUND);
    check_code(witness_store_init(world.folder, sy_view_str("a b"), &key, NULL), SY_E_FIELD);
    /* With another key nothing that is stored is its own. */
    check_ok(witness_store_init(world.folder, sy_view_str("example.com/w"), &key, NULL));
    check_not_started(SY_E_TAMPERED);
    replace(path, sy_buf_view(&text));
}

static void test_lists(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "# none\n", "log x\n", "quorum none\n"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct witness w;
        struct sy_error err = {0};
        check_code(open_with(&w, sy_view_str(BAD[i]), &err), SY_E_FIELD);
        assert_true(err.reason[0] != '\0');
    }
    struct witness_store store;
    check_code(witness_store_open("/nonexistent/witness", &store, NULL), SY_E_NOT_FOUND);
}

/* After something could not be stored, nothing is cosigned any more, and what was known is known. */
static void test_failed_store(void **state)
{
    (void)state;
    struct witness w;
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(4096);
    start(&w);
    int dirfd = w.store.dirfd;
    w.store.dirfd =
        open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* no files can be made there */
    assert_int_equal(ask(&w, &world.log, 6, 7, LOG_TRUE, 1010, &body), 500);
    assert_null(memmem(body.p, body.n, "\xe2\x80\x94", 3));
    (void)close(w.store.dirfd);
    w.store.dirfd = dirfd;
    assert_true(w.has_failed && w.logs[0].known.tree.size == 6);
    assert_int_equal(ask(&w, &world.log, 6, 7, LOG_TRUE, 1011, NULL), 500);
    witness_close(&w);
    start(&w);
    assert_int_equal(ask(&w, &world.log, 6, 7, LOG_TRUE, 1012, NULL), 200);
    witness_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosigns_and_remembers),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_key_file),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_failed_store),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_world, drop_world);
}
