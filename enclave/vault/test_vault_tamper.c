/* Any byte of a version that was flipped, cut off, moved or replayed is found and named. */
#include "test_fixture.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 300007, HEAD = 128, CHUNK_HEAD = 16, TAG = 16 };

/* A column's file, and where its chunks stand. */
struct victim {
    struct fixture *f;
    struct sy_dataset_version version;
    int field;
    char path[512];
    uint8_t *bytes;
    size_t n;
    size_t at[16]; /* of chunk i; at[n_chunks] = end */
    size_t n_chunks;
};

static struct sy_view slurp(struct fixture *f, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct sy_view v = fixture_bytes(f, fd);
    close(fd);
    return v;
}

static void spill(const char *path, const uint8_t *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    check_ok(sy_write_all(fd, p, n));
    close(fd);
}

static struct victim victim_of(struct fixture *f, struct sy_dataset_version version, int field)
{
    struct victim v = {.f = f, .version = version, .field = field};
    fixture_column_path(f, &version, field, v.path);
    struct sy_view b = slurp(f, v.path);
    v.bytes = (uint8_t *)(uintptr_t)b.p;
    v.n = b.n;
    size_t at = HEAD;
    while (at < v.n) {
        v.at[v.n_chunks++] = at;
        at += CHUNK_HEAD + sy_load_le32(v.bytes + at + 4) + TAG;
    }
    v.at[v.n_chunks] = at;
    assert_int_equal(at, v.n);
    assert_int_equal(v.n_chunks, version.columns[field].chunks);
    return v;
}

static void check_named(struct victim *v, const char *part, const char *what, size_t where)
{
    struct vault_column c;
    struct sy_error e = {0};
    char want[128], name[65];
    int fd = -1;
    sy_view_to_cstr(v->f->def.fields[v->field].name, name, sizeof(name));
    snprintf(want, sizeof(want), "visits/%d/%s/%s", (int)v->version.version, name, part);
    sy_status s = fixture_read(v->f, &v->version, v->field, "", &c, &fd, &e);
    if (s.code != SY_E_TAMPERED || strcmp(e.field, want) != 0) {
        fail_msg("%s at %zu: %s \"%s\", want %s", what, where, sy_code_name(s.code), e.field, want);
    }
    assert_non_null(strstr(e.reason, want));
}

static void check_chunk(struct victim *v, size_t chunk, const char *what, size_t where)
{
    char part[32];
    snprintf(part, sizeof(part), "chunk %zu", chunk);
    check_named(v, part, what, where);
}

static void check_whole(struct victim *v)
{
    struct vault_column c;
    int fd = -1;
    check_ok(fixture_read(v->f, &v->version, v->field, "", &c, &fd, NULL));
    close(fd);
}

static void flip(struct victim *v, size_t at, unsigned bits)
{
    int fd = open(v->path, O_WRONLY | O_CLOEXEC);
    uint8_t b = v->bytes[at] ^ (uint8_t)bits;
    assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
    close(fd);
}

static void flip_and_check(struct victim *v, size_t at, const char *part)
{
    flip(v, at, 1U << (at % 8));
    check_named(v, part, "flipped", at);
    flip(v, at, 0);
}

/* Every byte of the file's header; every byte of each chunk's head; first, middle and last byte of
 * its ciphertext and of its tag. */
static void flips_in(struct victim *v)
{
    for (size_t i = 0; i < HEAD; i++) {
        flip_and_check(v, i, "header");
    }
    for (size_t c = 0; c < v->n_chunks; c++) {
        size_t body = v->at[c] + CHUNK_HEAD, tag = v->at[c + 1] - TAG;
        char part[32];
        snprintf(part, sizeof(part), "chunk %zu", c);
        for (size_t i = 0; i < CHUNK_HEAD; i++) {
            flip_and_check(v, v->at[c] + i, part);
        }
        size_t at[] = {body, body + (tag - body) / 2, tag - 1, tag, tag + TAG / 2, tag + TAG - 1};
        for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
            flip_and_check(v, at[i], part);
        }
    }
    check_whole(v);
}

static void flips(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, ROWS, 1);
    static const int FIELDS[] = {F_COST, F_NOTE, F_SEX, F_UNIT};
    for (size_t i = 0; i < 4; i++) {
        struct victim v = victim_of(f, version, FIELDS[i]);
        flips_in(&v);
    }
}

/* Cut at each border of a chunk, a byte before and after, within the header, and to nothing. */
static void truncations(void **state)
{
    struct fixture *f = *state;
    struct victim v = victim_of(f, fixture_version(f, ROWS, 1), F_COST);
    for (size_t c = 0; c < v.n_chunks; c++) {
        assert_int_equal(truncate(v.path, (off_t)v.at[c]), 0);
        check_chunk(&v, c, "cut at", v.at[c]);
        spill(v.path, v.bytes, v.n);
        assert_int_equal(truncate(v.path, (off_t)v.at[c + 1] - 1), 0);
        check_chunk(&v, c, "cut before", v.at[c + 1]);
        spill(v.path, v.bytes, v.n);
        assert_int_equal(truncate(v.path, (off_t)v.at[c] + 1), 0);
        check_chunk(&v, c, "cut after", v.at[c]);
        spill(v.path, v.bytes, v.n);
    }
    static const off_t SHORT[] = {0, 1, HEAD - 1};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(truncate(v.path, SHORT[i]), 0);
        check_named(&v, "header", "cut to", (size_t)SHORT[i]);
        spill(v.path, v.bytes, v.n);
    }
    assert_int_equal(unlink(v.path), 0);
    check_named(&v, "header", "removed", 0);
    spill(v.path, v.bytes, v.n);
    check_whole(&v);
}

/* A byte, or a chunk again, behind the last one. */
static void additions(void **state)
{
    struct fixture *f = *state;
    struct victim v = victim_of(f, fixture_version(f, ROWS, 1), F_COST);
    size_t last = v.at[v.n_chunks - 1];
    uint8_t *more = sy_arena_alloc(&f->arena, v.n + (v.n - last), 1);
    memcpy(more, v.bytes, v.n);
    memcpy(more + v.n, v.bytes + last, v.n - last);
    spill(v.path, more, v.n + 1);
    check_chunk(&v, v.n_chunks, "a byte more", v.n);
    spill(v.path, more, v.n + (v.n - last));
    check_chunk(&v, v.n_chunks, "a chunk more", v.n);
}

/* Two full chunks of values change places, with and without their heads. */
static void swapped_chunks(void **state)
{
    struct fixture *f = *state;
    struct victim v = victim_of(f, fixture_version(f, ROWS, 1), F_COST);
    size_t a = v.at[0], b = 0, n = v.at[1] - v.at[0], second = 0;
    for (size_t c = 1; c < v.n_chunks && b == 0; c++) {
        if (v.bytes[v.at[c]] == v.bytes[a] && v.at[c + 1] - v.at[c] == n) {
            b = v.at[c];
            second = c;
        }
    }
    assert_true(second > 0);
    for (size_t skip = 0; skip <= CHUNK_HEAD; skip += CHUNK_HEAD) {
        uint8_t *swapped = sy_arena_alloc(&f->arena, v.n, 1);
        memcpy(swapped, v.bytes, v.n);
        memcpy(swapped + a + skip, v.bytes + b + skip, n - skip);
        memcpy(swapped + b + skip, v.bytes + a + skip, n - skip);
        spill(v.path, swapped, v.n);
        check_chunk(&v, 0, "swapped", skip);
    }
    /* A chunk replayed in place of a later one. */
    uint8_t *replayed = sy_arena_alloc(&f->arena, v.n, 1);
    memcpy(replayed, v.bytes, v.n);
    memcpy(replayed + b + CHUNK_HEAD, v.bytes + a + CHUNK_HEAD, n - CHUNK_HEAD);
    spill(v.path, replayed, v.n);
    check_chunk(&v, second, "replayed", b);
}

/* Files of two columns of one type change places: sex and alive have the same size. */
static void swapped_columns(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version = fixture_version(f, 5000, 1);
    struct victim a = victim_of(f, version, F_SEX), b = victim_of(f, version, F_ALIVE);
    assert_int_equal(a.n, b.n);
    spill(a.path, b.bytes, b.n);
    spill(b.path, a.bytes, a.n);
    check_named(&a, "header", "swapped", 0);
    check_named(&b, "header", "swapped", 0);
    spill(a.path, a.bytes, a.n);
    check_whole(&a);
    spill(a.path, b.bytes, HEAD); /* the other's header over this one's chunks */
    check_named(&a, "header", "other header", 0);
}

/* A column, a chunk and a whole attempt of an older version with the same rows. */
static void older_version(void **state)
{
    struct fixture *f = *state;
    struct victim old = victim_of(f, fixture_version(f, ROWS, 1), F_COST);
    struct victim now = victim_of(f, fixture_version(f, ROWS, 2), F_COST);
    assert_int_equal(old.n, now.n);
    spill(now.path, old.bytes, old.n);
    check_named(&now, "header", "older column", 0);
    uint8_t *mixed = sy_arena_alloc(&f->arena, now.n, 1);
    memcpy(mixed, now.bytes, now.n);
    memcpy(mixed + now.at[1], old.bytes + now.at[1], now.at[2] - now.at[1]);
    spill(now.path, mixed, now.n);
    check_chunk(&now, 1, "older chunk", now.at[1]);
    memcpy(mixed, now.bytes, now.n);
    memcpy(mixed, old.bytes, HEAD);
    spill(now.path, mixed, now.n);
    check_named(&now, "header", "older header", 0);
    spill(now.path, now.bytes, now.n);
    check_whole(&now);
    check_whole(&old);
}

static void expect_version(struct fixture *f, const struct sy_dataset_version *version,
                           const char *what, size_t where)
{
    struct vault_column c;
    struct sy_error e = {0};
    int fd = -1;
    sy_status s = fixture_read(f, version, F_AGE, "", &c, &fd, &e);
    if (s.code != SY_E_TAMPERED || strcmp(e.field, "visits/1/header") != 0) {
        fail_msg("%s %zu: %s %s", what, where, sy_code_name(s.code), e.field);
    }
}

/* From the path of a column to that of the version file beside it. */
static void to_version_file(char path[512])
{
    size_t at = (size_t)(strrchr(path, '/') - path);
    snprintf(path + at, 512 - at, "/version");
}

/* Every byte of the version file, its end, another attempt's file. */
static void version_file(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version one = fixture_version(f, 500, 1), other = fixture_version(f, 500, 1);
    struct victim v = victim_of(f, one, F_AGE), w = victim_of(f, other, F_AGE);
    to_version_file(v.path);
    to_version_file(w.path);
    struct sy_view mine = slurp(f, v.path), theirs = slurp(f, w.path);
    v.bytes = (uint8_t *)(uintptr_t)mine.p;
    for (size_t i = 0; i < mine.n; i++) {
        flip(&v, i, 1U << (i % 8));
        expect_version(f, &one, "flipped", i);
        flip(&v, i, 0);
    }
    spill(v.path, mine.p, mine.n - 1);
    expect_version(f, &one, "cut", 0);
    spill(v.path, theirs.p, theirs.n);
    expect_version(f, &one, "other attempt's", 0);
    assert_int_equal(unlink(v.path), 0);
    expect_version(f, &one, "removed", 0);
    spill(v.path, mine.p, mine.n);
    check_whole(&v);
}

/* The ledger's record decides: one that differs in anything is not this version. */
static void other_record(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version one = fixture_version(f, 500, 1), r = one;
    r.rows++;
    expect_version(f, &r, "rows", 0);
    r = one;
    r.header[7] ^= 1;
    expect_version(f, &r, "header", 0);
    r = one;
    r.def[0] ^= 1;
    expect_version(f, &r, "def", 0);
    r = one;
    r.attempt[0] ^= 1;
    expect_version(f, &r, "attempt", 0);
    r = one;
    r.n_columns--;
    expect_version(f, &r, "columns", 0);
    one.columns[F_AGE].header[0] ^= 1;
    expect_version(f, &one, "column header", 0);
    one.columns[F_AGE].header[0] ^= 1;
    struct victim v = victim_of(f, one, F_AGE);
    v.version.columns[F_AGE].chunks++;
    check_named(&v, "header", "chunks", 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(flips),           T(truncations),   T(additions),    T(swapped_chunks),
        T(swapped_columns), T(older_version), T(version_file), T(other_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
