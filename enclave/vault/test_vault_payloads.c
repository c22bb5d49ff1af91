/* Personal payloads: names, files, what does not open, destroying, sweeping. Power cuts are in tests/ledger. */
#include "test_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/payload.h"

enum { PATH_BYTES = 512, NAME = VAULT_NAME_BYTES };

static struct sy_view ns(void)
{
    return sy_view_str("person");
}

static void who(struct fixture *f, const char *space, const char *id, uint8_t ret[NAME])
{
    check_ok(vault_payload_who(f->v, sy_view_str(space), sy_view_str(id), ret, NULL));
}

static void put(struct fixture *f, const char *id, uint64_t entry, const char *text)
{
    check_ok(vault_payload_put(f->v, ns(), sy_view_str(id), entry, sy_view_str(text), NULL));
}

static sy_status try_get(struct fixture *f, const uint8_t name[NAME], uint64_t entry,
                         struct sy_buf *b)
{
    struct sy_error e = {0};
    sy_status s = vault_payload_get(f->v, name, entry, b, &e);
    assert_true(sy_ok(s) || strcmp(e.field, "payloads") == 0);
    return s;
}

static void expect(struct fixture *f, const uint8_t name[NAME], uint64_t entry, const char *text)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    check_ok(sy_buf_add_str(&b, "before:"));
    check_ok(try_get(f, name, entry, &b));
    assert_int_equal(b.n, 7 + strlen(text));
    assert_memory_equal(b.p + 7, text, strlen(text));
}

static void expect_not(struct fixture *f, const uint8_t name[NAME], uint64_t entry, int32_t code)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    check_code(try_get(f, name, entry, &b), code);
    assert_int_equal(b.n, 0);
}

static size_t n_kept(struct fixture *f, const uint8_t name[NAME])
{
    uint64_t *entries = NULL;
    size_t n = 0;
    check_ok(vault_payload_list(f->v, name, &f->arena, &entries, &n, NULL));
    for (size_t i = 1; i < n; i++) {
        assert_true(entries[i - 1] < entries[i]);
    }
    return n;
}

/* --- looking at the folder ------------------------------------------------------------------------ */

static struct {
    const void *p; /* searched for */
    size_t n;
    size_t files, hits, keys;
    char last[PATH_BYTES]; /* payload file seen last */
} seen;

static int look(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    if (type != FTW_F) {
        return 0;
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    assert_true(sy_ok(sy_read_file_at(AT_FDCWD, path, &b)));
    const char *name = path + ftw->base;
    seen.keys += strncmp(name, "asked:", 6) == 0;
    seen.hits += seen.n > 0 && b.n > 0 && memmem(b.p, b.n, seen.p, seen.n) != NULL;
    if (strstr(path, "/payloads/") != NULL) {
        seen.files++;
        snprintf(seen.last, sizeof(seen.last), "%s", path);
    }
    return 0;
}

static void look_around(const struct fixture *f, const void *p, size_t n)
{
    memset(&seen, 0, sizeof(seen));
    seen.p = p;
    seen.n = n;
    assert_int_equal(nftw(f->path, look, 16, FTW_PHYS), 0);
}

/* Path of a payload; there must be no other subject's at this moment. */
static void payload_path(const struct fixture *f, const uint8_t name[NAME], uint64_t entry,
                         char ret[PATH_BYTES])
{
    char hex[2 * NAME + 1], tail[32], folder[PATH_BYTES];
    sodium_bin2hex(hex, sizeof(hex), name, NAME);
    snprintf(folder, sizeof(folder), "%s/payloads/%s", f->path, hex);
    snprintf(tail, sizeof(tail), ".%020llu.pay", (unsigned long long)entry);
    look_around(f, NULL, 0);
    snprintf(ret, PATH_BYTES, "%.200s/%.64s%.25s", folder, strrchr(seen.last, '/') + 1, tail);
    assert_int_equal(access(ret, F_OK), 0);
}

static void read_file(const char *path, struct sy_buf *b)
{
    sy_buf_clear(b);
    check_ok(sy_read_file_at(AT_FDCWD, path, b));
}

static void write_file(const char *path, struct sy_view bytes)
{
    check_ok(sy_replace_file_at(AT_FDCWD, path, bytes, 0600));
}

/* --- names ---------------------------------------------------------------------------------------- */

static void names(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], b[NAME];
    struct sy_error e = {0};
    check_code(vault_payload_find(f->v, ns(), sy_view_str("p1"), a, &e), SY_E_NOT_FOUND);
    assert_string_equal(e.field, "subject");
    who(f, "person", "p1", a);
    fixture_reopen(f);
    who(f, "person", "p1", b);
    assert_memory_equal(a, b, NAME);
    check_ok(vault_payload_find(f->v, ns(), sy_view_str("p1"), b, NULL));
    assert_memory_equal(a, b, NAME);
    who(f, "person", "p2", b);
    assert_memory_not_equal(a, b, NAME);
    who(f, "staff", "p1", b);
    assert_memory_not_equal(a, b, NAME);
    look_around(f, a, NAME); /* nor does the disk tell a name in clear */
    assert_int_equal(seen.hits, 0);
    assert_int_equal(seen.keys, 3);
    uint8_t long_id[65] = {'x'};
    check_code(vault_payload_who(f->v, ns(), sy_view(long_id, 65), a, NULL), SY_E_FIELD);
    check_code(vault_payload_who(f->v, ns(), (struct sy_view){0}, a, NULL), SY_E_FIELD);
    check_code(vault_payload_who(f->v, sy_view_str("../x"), sy_view_str("p1"), a, NULL),
               SY_E_FIELD);
}

/* --- keeping -------------------------------------------------------------------------------------- */

static void kept(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], b[NAME];
    check_code(vault_payload_put(f->v, ns(), sy_view_str("p1"), 7, sy_view_str("x"), NULL),
               SY_E_NOT_FOUND);
    who(f, "person", "p1", a);
    who(f, "person", "p2", b);
    assert_int_equal(n_kept(f, a), 0);
    put(f, "p1", 7, "MARKER-SEVEN");
    put(f, "p1", UINT64_C(9999999999), "much later");
    put(f, "p1", 8, "");
    put(f, "p2", 9, "another");
    fixture_reopen(f);
    expect(f, a, 7, "MARKER-SEVEN");
    expect(f, a, UINT64_C(9999999999), "much later");
    expect(f, a, 8, "");
    expect(f, b, 9, "another");
    expect_not(f, a, 9, SY_E_NOT_FOUND); /* another's */
    expect_not(f, b, 7, SY_E_NOT_FOUND);
    assert_int_equal(n_kept(f, a), 3);
    put(f, "p1", 7, "once more"); /* what a crash left under this entry gives way */
    expect(f, a, 7, "once more");
    assert_int_equal(n_kept(f, a), 3);
    look_around(f, "MARKER", 6);
    assert_int_equal(seen.hits, 0);
    assert_int_equal(seen.files, 4);
}

static void sizes(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[VAULT_PAYLOAD_MAX_BYTES + 1];
    static const size_t lengths[] = {0, 1, 128, 256, 1023};
    uint8_t a[NAME];
    who(f, "person", "p1", a);
    off_t first = 0;
    for (size_t i = 0; i < 5; i++) {
        char path[PATH_BYTES];
        struct stat st;
        check_ok(
            vault_payload_put(f->v, ns(), sy_view_str("p1"), i, sy_view(bytes, lengths[i]), NULL));
        payload_path(f, a, i, path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        first = first == 0 ? st.st_size : first;
        assert_int_equal(st.st_size, first);
    }
    check_ok(vault_payload_put(f->v, ns(), sy_view_str("p1"), 5,
                               sy_view(bytes, VAULT_PAYLOAD_MAX_BYTES), NULL));
    check_code(
        vault_payload_put(f->v, ns(), sy_view_str("p1"), 6, sy_view(bytes, sizeof(bytes)), NULL),
        SY_E_LIMIT);
    expect_not(f, a, 6, SY_E_NOT_FOUND);
}

/* Every byte of a file; a file under another entry, with another subject. */
static void sealed(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], b[NAME];
    char path[PATH_BYTES], other[PATH_BYTES];
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(1 << 16), theirs = sy_buf(1 << 16);
    who(f, "person", "p2", b);
    put(f, "p2", 7, "theirs");
    payload_path(f, b, 7, other);
    read_file(other, &theirs);
    check_ok(vault_payload_shred(f->v, b));
    who(f, "person", "p1", a);
    put(f, "p1", 7, "mine");
    put(f, "p1", 8, "mine, too");
    payload_path(f, a, 7, path);
    payload_path(f, a, 8, other);
    read_file(path, &file);
    for (size_t i = 0; i < file.n; i += i < 40 ? 1 : 97) {
        file.p[i] ^= 1;
        write_file(path, sy_buf_view(&file));
        expect_not(f, a, 7, i == 8 || i == 9 ? SY_E_SUITE : SY_E_TAMPERED);
        file.p[i] ^= 1;
    }
    write_file(other, sy_buf_view(&file)); /* 7 in the place of 8 */
    expect_not(f, a, 8, SY_E_TAMPERED);
    write_file(path, sy_buf_view(&theirs)); /* another's */
    expect_not(f, a, 7, SY_E_TAMPERED);
    write_file(path, sy_view(file.p, 20));
    expect_not(f, a, 7, SY_E_TAMPERED);
    write_file(path, sy_buf_view(&file));
    expect(f, a, 7, "mine");
}

/* --- destroying ----------------------------------------------------------------------------------- */

static void key_path(const struct fixture *f, const char *payload, char ret[PATH_BYTES])
{
    snprintf(ret, PATH_BYTES, "%s/keys/store/asked:%.64s.key", f->path, strrchr(payload, '/') + 1);
    assert_int_equal(access(ret, F_OK), 0);
}

static void erased(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], b[NAME], again[NAME], before[128], after[128];
    char path[PATH_BYTES], key[PATH_BYTES];
    who(f, "person", "p1", a);
    put(f, "p1", 7, "of p1");
    put(f, "p1", 9, "of p1, later");
    payload_path(f, a, 7, path);
    key_path(f, path, key);
    who(f, "person", "p2", b);
    put(f, "p2", 8, "of p2");
    int fd = open(key, O_RDONLY | O_CLOEXEC);
    ssize_t n = pread(fd, before, sizeof(before), 0);
    assert_true(n > 64);
    check_ok(vault_payload_shred(f->v, a));
    assert_int_equal(pread(fd, after, sizeof(after), 0), n); /* overwritten, not just unlinked */
    close(fd);
    for (ssize_t i = 0; i + 16 <= n; i += 8) {
        assert_memory_not_equal(before + i, after + i, 8);
        look_around(f, before + i, 16);
        assert_int_equal(seen.hits, 0);
    }
    assert_int_equal(access(path, F_OK), -1);
    expect_not(f, a, 7, SY_E_NOT_FOUND);
    check_code(vault_payload_find(f->v, ns(), sy_view_str("p1"), again, NULL), SY_E_NOT_FOUND);
    assert_int_equal(n_kept(f, a), 0);
    check_ok(vault_payload_shred(f->v, a)); /* once more: nothing to do */
    fixture_reopen(f);
    expect(f, b, 8, "of p2");
    who(f, "person", "p1", again);
    assert_memory_not_equal(a, again, NAME);
    put(f, "p1", 12, "anew");
    check_ok(vault_payload_shred(f->v, a));
    expect(f, again, 12, "anew");
}

/* Copies of what was destroyed, put back: the start shreds again what the log says is erased. */
static void put_back(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], again[NAME];
    char path[PATH_BYTES], key[PATH_BYTES], folder[PATH_BYTES];
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(1 << 16), item = sy_buf(1 << 16);
    who(f, "person", "p1", a);
    put(f, "p1", 7, "of p1");
    payload_path(f, a, 7, path);
    key_path(f, path, key);
    read_file(path, &file);
    read_file(key, &item);
    check_ok(vault_payload_shred(f->v, a));

    /* both: readable again, until it is shredded again */
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(path, sy_buf_view(&file));
    write_file(key, sy_buf_view(&item));
    expect(f, a, 7, "of p1");
    check_ok(vault_payload_shred(f->v, a));
    assert_int_equal(access(key, F_OK), -1);

    /* the key alone: the name is known again, and can be dropped by the identifier */
    write_file(key, sy_buf_view(&item));
    check_ok(vault_payload_find(f->v, ns(), sy_view_str("p1"), again, NULL));
    assert_memory_equal(a, again, NAME);
    check_ok(vault_payload_forget(f->v, ns(), sy_view_str("p1")));
    check_ok(vault_payload_forget(f->v, ns(), sy_view_str("p1")));
    who(f, "person", "p1", again);
    assert_memory_not_equal(a, again, NAME);

    /* the payload alone, beside a newer key: without its key nothing opens, and the newer key stays */
    put(f, "p1", 12, "anew");
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(path, sy_buf_view(&file));
    expect_not(f, a, 7, SY_E_TAMPERED);
    check_ok(vault_payload_shred(f->v, a));
    assert_int_equal(access(folder, F_OK), -1);
    expect(f, again, 12, "anew");
}

/* An overwriting that a crash cut short leaves an item that does not open: the next one ends it. */
static void half_erased(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], again[NAME];
    char path[PATH_BYTES], key[PATH_BYTES];
    SY_BUF_CLEANUP struct sy_buf item = sy_buf(1 << 16);
    who(f, "person", "p1", a);
    put(f, "p1", 7, "of p1");
    payload_path(f, a, 7, path);
    key_path(f, path, key);
    read_file(key, &item);
    randombytes_buf(item.p, item.n);
    write_file(key, sy_buf_view(&item));
    expect_not(f, a, 7, SY_E_TAMPERED);
    check_code(vault_payload_who(f->v, ns(), sy_view_str("p1"), again, NULL), SY_E_TAMPERED);
    check_ok(vault_payload_shred(f->v, a));
    assert_int_equal(access(key, F_OK), -1);
    who(f, "person", "p1", again);
    assert_memory_not_equal(a, again, NAME);
}

/* --- sweeping ------------------------------------------------------------------------------------- */

/* The ledger of these tests: ten entries, the seventh about one subject. */
static sy_status belongs(void *ctx, const uint8_t name[VAULT_NAME_BYTES], uint64_t entry, bool *ret)
{
    *ret = entry == 7 && memcmp(name, ctx, VAULT_NAME_BYTES) == 0;
    return SY_OK;
}

static sy_status cannot_tell(void *ctx, const uint8_t name[VAULT_NAME_BYTES], uint64_t entry,
                             bool *ret)
{
    (void)ctx, (void)name, (void)entry, (void)ret;
    return sy_status_of(SY_E_IO);
}

static void swept(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], b[NAME], again[NAME];
    char path[PATH_BYTES], temp[PATH_BYTES];
    uint64_t removed = 0;
    who(f, "person", "p1", a);
    put(f, "p1", 7, "in the log");
    put(f, "p1", 10, "its entry never came");
    put(f, "p1", 3, "its entry became another's");
    payload_path(f, a, 7, path);
    snprintf(temp, sizeof(temp), "%.*s/half.pay.tmp", (int)(strrchr(path, '/') - path), path);
    write_file(temp, sy_view_str("half"));
    who(f, "person", "p2", b);
    put(f, "p2", 7, "of an entry about somebody else");
    check_code(vault_payload_sweep(f->v, cannot_tell, NULL, &removed), SY_E_IO);
    assert_int_equal(removed, 0);
    check_ok(vault_payload_sweep(f->v, belongs, a, &removed));
    assert_int_equal(removed, 4); /* entries 10 and 3, the temp file, p2 */
    expect(f, a, 7, "in the log");
    expect_not(f, a, 10, SY_E_NOT_FOUND);
    expect_not(f, a, 3, SY_E_NOT_FOUND);
    assert_int_equal(access(temp, F_OK), -1);
    check_code(vault_payload_find(f->v, ns(), sy_view_str("p2"), again, NULL), SY_E_NOT_FOUND);
    look_around(f, NULL, 0);
    assert_int_equal(seen.files, 1);
    assert_int_equal(seen.keys, 1);
    check_ok(vault_payload_sweep(f->v, belongs, a, &removed));
    assert_int_equal(removed, 0);
}

/* A question that was not recorded after all leaves nothing: not the key of a subject that has no other. */
static void taken_back(void **state)
{
    struct fixture *f = *state;
    uint8_t a[NAME], b[NAME], again[NAME];
    who(f, "person", "p1", a);
    put(f, "p1", 7, "in the log");
    put(f, "p1", 10, "not recorded");
    who(f, "person", "p2", b);
    put(f, "p2", 10, "nor was this one");
    check_ok(vault_payload_take_back(f->v, a, 10));
    expect(f, a, 7, "in the log");
    expect_not(f, a, 10, SY_E_NOT_FOUND);
    expect(f, b, 10, "nor was this one");
    check_ok(vault_payload_take_back(f->v, b, 10));
    check_code(vault_payload_find(f->v, ns(), sy_view_str("p2"), again, NULL), SY_E_NOT_FOUND);
    look_around(f, NULL, 0);
    assert_int_equal(seen.files, 1);
    assert_int_equal(seen.keys, 1);
    check_ok(vault_payload_take_back(f->v, b, 10)); /* once more: nothing to do */
    expect(f, a, 7, "in the log");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(names),    T(kept),        T(sizes), T(sealed),     T(erased),
        T(put_back), T(half_erased), T(swept), T(taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
