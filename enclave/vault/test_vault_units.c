/* Unit maps and per-unit keys: stable codes, order of the file not told, damage found, crashes. */
#include "test_fixture.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/subject.h"

enum { PERSONS = 1000 };

/* A dataset with nothing but a unit column. */
static void only_units(struct fixture *f, const char *id)
{
    f->def.id = sy_view_str(id);
    f->def.n_fields = 1;
}

static struct sy_view ids_of(struct fixture *f, const unsigned *persons, size_t n)
{
    uint8_t *p = sy_arena_alloc(&f->arena, n, 12), *at = p;
    for (size_t i = 0; i < n; i++) {
        int len = snprintf((char *)at + 1, 11, "p%u", persons[i]);
        *at = (uint8_t)len;
        at += 1 + len;
    }
    return sy_view(p, (size_t)(at - p));
}

static struct vault_writer *write_beside(struct fixture *f, const unsigned *persons, size_t n,
                                         bool guest)
{
    struct sy_ingest_column c = {.ids = ids_of(f, persons, n), .width = 4};
    struct sy_ingest_batch batch = {.columns = &c, .n_columns = 1, .rows = n};
    struct vault_attempt a = {.def = &f->def, .keys = &f->keys, .version = 1, .guest = guest};
    struct vault_writer *w = NULL;
    check_ok(vault_writer_begin(f->v, &a, &w, NULL));
    check_ok(vault_writer_add(w, &batch, NULL));
    return w;
}

static struct vault_writer *write_persons(struct fixture *f, const unsigned *persons, size_t n)
{
    return write_beside(f, persons, n, false);
}

/* Codes that a version of these persons has, in row order. */
static const uint8_t *codes_of(struct fixture *f, const unsigned *persons, size_t n)
{
    struct sy_dataset_version version;
    struct vault_column c;
    int fd = -1;
    check_ok(vault_writer_finish(write_persons(f, persons, n), &f->arena, &version, NULL));
    check_ok(fixture_read(f, &version, F_UNIT, "", &c, &fd, NULL));
    struct sy_view bytes = fixture_bytes(f, fd);
    close(fd);
    return bytes.p;
}

static uint64_t units_of(struct fixture *f)
{
    uint64_t units = 0;
    check_ok(vault_units(f->v, sy_view_str("person"), &units, NULL));
    return units;
}

static void number(unsigned *persons, unsigned first, unsigned step)
{
    for (unsigned i = 0; i < PERSONS; i++) {
        persons[i] = (first + i * step) % PERSONS;
    }
}

/* The same persons in two orders in two domains' first batch: codes differ by key, not by order. */
static void stable_and_unordered(void **state)
{
    struct fixture *f = *state;
    unsigned up[PERSONS], mixed[PERSONS];
    number(up, 0, 1);
    number(mixed, 17, 7);
    only_units(f, "visits");
    const uint8_t *a = codes_of(f, up, PERSONS);
    assert_int_equal(units_of(f), PERSONS);
    fixture_reopen(f);
    const uint8_t *b = codes_of(f, mixed, PERSONS);
    assert_int_equal(units_of(f), PERSONS);
    size_t ascending = 0;
    for (size_t i = 0; i < PERSONS; i++) {
        assert_int_equal(sy_load_le32(b + 4 * i), sy_load_le32(a + 4 * (size_t)mixed[i]));
        assert_true(sy_load_le32(a + 4 * i) < PERSONS);
        ascending += i > 0 && sy_load_le32(a + 4 * i) > sy_load_le32(a + 4 * i - 4);
    }
    assert_true(ascending > 400 && ascending < 600); /* in the file's order all 999 would ascend */
}

/* Another dataset of the namespace has the same codes; new persons get the next ones. */
static void across_datasets(void **state)
{
    struct fixture *f = *state;
    unsigned persons[PERSONS], more[] = {5, 2000, 6, 2001, 2000};
    number(persons, 0, 1);
    only_units(f, "visits");
    const uint8_t *a = codes_of(f, persons, PERSONS);
    struct sy_dataset_keys first = f->keys;
    uint8_t share[32];
    memcpy(share, f->share, 32);
    check_ok(vault_dataset_create(f->v, sy_view_str("claims"), NULL, &f->keys, NULL));
    only_units(f, "claims");
    struct sy_dataset_version version;
    struct vault_version *ver = NULL;
    struct vault_column c;
    check_ok(vault_writer_finish(write_persons(f, more, 5), &f->arena, &version, NULL));
    check_ok(vault_version_open(f->v, &f->keys, NULL, &version, &ver, NULL));
    struct vault_ask ask = {&f->def.fields[F_UNIT], {0}, NULL};
    int fd = memfd_create("u", MFD_CLOEXEC);
    check_ok(vault_column_read(ver, &ask, fd, &f->arena, &c, NULL));
    const uint8_t *b = fixture_bytes(f, fd).p;
    close(fd);
    vault_version_close(ver);
    assert_int_equal(sy_load_le32(b), sy_load_le32(a + 20));
    assert_int_equal(sy_load_le32(b + 8), sy_load_le32(a + 24));
    assert_int_equal(sy_load_le32(b + 4), sy_load_le32(b + 16));
    assert_int_equal(sy_load_le32(b + 4) + sy_load_le32(b + 12), 1000 + 1001);
    assert_int_equal(units_of(f), PERSONS + 2);
    f->keys = first;
}

/* Codes of an attempt that a crash or an abort ended are not remembered, nor in the way. */
static void unfinished(void **state)
{
    struct fixture *f = *state;
    unsigned first[] = {1, 2, 3}, lost[] = {4, 5, 6, 7}, later[] = {8, 1};
    char map[512];
    struct stat before, after;
    only_units(f, "visits");
    const uint8_t *a = codes_of(f, first, 3);
    snprintf(map, sizeof(map), "%s/data/units/person", f->path);
    assert_int_equal(stat(map, &before), 0);
    vault_writer_abort(write_persons(f, lost, 4));
    assert_int_equal(stat(map, &after), 0);
    assert_true(after.st_size > before.st_size); /* as after a crash: a tail nobody remembers */
    assert_int_equal(units_of(f), 3);
    fixture_reopen(f);
    const uint8_t *b = codes_of(f, later, 2);
    assert_int_equal(sy_load_le32(b), 3);
    assert_int_equal(sy_load_le32(b + 4), sy_load_le32(a));
    assert_int_equal(units_of(f), 4);
}

/* More units than the catalogue declares: refused, and the namespace is as it was. */
static void too_many_units(void **state)
{
    struct fixture *f = *state;
    struct sy_dataset_version version;
    struct sy_error e = {0};
    unsigned persons[PERSONS];
    number(persons, 0, 1);
    only_units(f, "small");
    f->def.units = PERSONS - 1;
    check_code(vault_writer_finish(write_persons(f, persons, PERSONS), &f->arena, &version, &e),
               SY_E_DATA);
    assert_string_equal(e.field, "units");
    assert_int_equal(units_of(f), 0);
    check_ok(vault_writer_finish(write_persons(f, persons, PERSONS - 1), &f->arena, &version, &e));
    assert_int_equal(units_of(f), PERSONS - 1);
}

static int32_t finish_code(struct fixture *f, struct vault_writer *w)
{
    struct sy_dataset_version version;
    return vault_writer_finish(w, &f->arena, &version, NULL).code;
}

/* Units that others brought along do not take up what the catalogue declares, known before or not. */
static void guests(void **state)
{
    struct fixture *f = *state;
    unsigned brought[] = {1, 2, 11}, own[] = {11, 12, 13, 14};
    only_units(f, "small");
    f->def.units = 2;
    assert_int_equal(finish_code(f, write_persons(f, own, 1)), 0);
    assert_int_equal(finish_code(f, write_beside(f, brought, 3, true)), 0);
    fixture_reopen(f);
    assert_int_equal(finish_code(f, write_persons(f, own, 3)), SY_E_DATA);
    assert_int_equal(finish_code(f, write_persons(f, own, 2)), 0);
    assert_int_equal(finish_code(f, write_beside(f, own, 2, true)), 0); /* brings nobody along */
    assert_int_equal(finish_code(f, write_persons(f, own, 3)), SY_E_DATA);
    assert_int_equal(units_of(f), 4);
}

/* Whom an attempt that ends in vain brought along, beside a department's, takes nothing of what is declared. */
static void guests_in_vain(void **state)
{
    struct fixture *f = *state;
    unsigned brought[] = {1, 2, 3, 4, 5}, own[] = {11, 12, 13};
    only_units(f, "small");
    f->def.units = 2;
    struct vault_writer *department = write_persons(f, own, 1);
    struct vault_writer *guest = write_beside(f, brought, 5, true);
    vault_writer_abort(guest);
    assert_int_equal(finish_code(f, department), 0); /* makes the codes of both durable */
    assert_int_equal(units_of(f), 6);
    fixture_reopen(f);
    assert_int_equal(finish_code(f, write_persons(f, own, 3)), SY_E_DATA);
    assert_int_equal(finish_code(f, write_persons(f, own, 2)), 0);
}

/* A guest's rows have an end, whoever they name; a department's are its own matter. */
static void guest_rows(void **state)
{
    struct fixture *f = *state;
    enum { FULL = VAULT_GUEST_ROWS_MAX / SY_MORSEL_ROWS };
    unsigned *persons = calloc(SY_MORSEL_ROWS, sizeof(*persons));
    assert_non_null(persons);
    only_units(f, "visits");
    f->def.max_rows = UINT32_MAX;
    struct sy_ingest_column c = {.ids = ids_of(f, persons, SY_MORSEL_ROWS), .width = 4};
    struct sy_ingest_batch b = {.columns = &c, .n_columns = 1, .rows = SY_MORSEL_ROWS};
    struct vault_writer *guest = write_beside(f, persons, 1, true);
    struct vault_writer *department = write_persons(f, persons, 1);
    for (unsigned batch = 0; batch <= FULL; batch++) {
        check_code(vault_writer_add(guest, &b, NULL), batch < FULL ? 0 : SY_E_DATA);
        check_ok(vault_writer_add(department, &b, NULL));
    }
    vault_writer_abort(guest);
    vault_writer_abort(department);
    free(persons);
}

/* Two attempts at once share the map: whichever finishes makes the codes of both durable. */
static void two_writers(void **state)
{
    struct fixture *f = *state;
    unsigned one[] = {1, 2}, two[] = {3, 4};
    struct sy_dataset_version version;
    only_units(f, "visits");
    struct vault_writer *a = write_persons(f, one, 2), *b = write_persons(f, two, 2);
    check_ok(vault_writer_finish(b, &f->arena, &version, NULL));
    vault_writer_abort(a);
    assert_int_equal(units_of(f), 4);
    fixture_reopen(f);
    assert_int_equal(sy_load_le32(codes_of(f, (unsigned[]){9}, 1)), 4);
}

/* --- one subject -------------------------------------------------------------------------------- */

static struct vault_subject *subject(struct fixture *f, const char *id)
{
    struct vault_subject *s = NULL;
    check_ok(vault_subject_open(f->v, sy_view_str("person"), sy_view_str(id), &s, NULL));
    return s;
}

static uint64_t code_of(struct fixture *f, const char *id)
{
    struct vault_subject *s = subject(f, id);
    uint64_t code = 7;
    check_ok(vault_subject_code(s, &code));
    vault_subject_close(s);
    return code;
}

/* The code is that of the column; who was never taken in, or only by an attempt that did not finish, is
 * nobody. Several blocks, and after a start too. */
static void subjects(void **state)
{
    struct fixture *f = *state;
    unsigned first[PERSONS], more[] = {5, 2000, 2001}, lost[] = {3000};
    char id[24];
    assert_int_equal(code_of(f, "p1"), VAULT_SUBJECT_NOBODY); /* nobody was taken in at all */
    assert_int_equal(units_of(f), 0);
    number(first, 17, 7);
    only_units(f, "visits");
    const uint8_t *a = codes_of(f, first, PERSONS), *b = codes_of(f, more, 3);
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < PERSONS; i += 37) {
            snprintf(id, sizeof(id), "p%u", first[i]);
            assert_int_equal(code_of(f, id), sy_load_le32(a + 4 * i));
        }
        assert_int_equal(code_of(f, "p2000"), sy_load_le32(b + 4));
        assert_int_equal(code_of(f, "p2001"), sy_load_le32(b + 8));
        assert_int_equal(code_of(f, "p2002"), VAULT_SUBJECT_NOBODY);
        assert_int_equal(code_of(f, "P5"), VAULT_SUBJECT_NOBODY); /* bytes are bytes */
        fixture_reopen(f);
    }
    struct vault_writer *w = write_persons(f, lost, 1);
    assert_int_equal(code_of(f, "p3000"), VAULT_SUBJECT_NOBODY);
    struct vault_subject *before = subject(f, "p3000");
    struct sy_dataset_version version;
    uint64_t code = 7;
    check_ok(vault_writer_finish(w, &f->arena, &version, NULL));
    check_ok(vault_subject_code(before, &code));
    assert_int_equal(code, VAULT_SUBJECT_NOBODY); /* as it was when the handle was opened */
    vault_subject_close(before);
    assert_int_equal(code_of(f, "p3000"), PERSONS + 2);
    struct vault_subject *s = NULL;
    check_code(vault_subject_open(f->v, sy_view_str("person"), (struct sy_view){0}, &s, NULL),
               SY_E_FIELD);
    check_code(vault_subject_open(f->v, sy_view_str("../x"), sy_view_str("p1"), &s, NULL),
               SY_E_FIELD);
    assert_null(s);
}

/* --- damage ----------------------------------------------------------------------------------- */

static sy_status try_begin(struct fixture *f, struct sy_error *e)
{
    struct vault_attempt attempt = {.def = &f->def, .keys = &f->keys, .version = 2};
    struct vault_writer *w = NULL;
    sy_status s = vault_writer_begin(f->v, &attempt, &w, e);
    vault_writer_abort(w);
    return s;
}

static void expect_block(struct fixture *f, unsigned block, const char *what, size_t at)
{
    struct sy_error e = {0};
    char want[64];
    snprintf(want, sizeof(want), "units/person/block %u", block);
    sy_status s = try_begin(f, &e);
    if (s.code != SY_E_TAMPERED || strcmp(e.field, want) != 0) {
        fail_msg("%s %zu: %s %s", what, at, sy_code_name(s.code), e.field);
    }
}

static void damaged(void **state)
{
    struct fixture *f = *state;
    unsigned one[] = {1, 2, 3}, two[] = {4, 5, 6};
    char map[512];
    enum { BLOCK = 24 + 12 + 48 + 16 };
    only_units(f, "visits");
    codes_of(f, one, 3);
    codes_of(f, two, 3);
    snprintf(map, sizeof(map), "%s/data/units/person", f->path);
    int fd = open(map, O_RDWR | O_CLOEXEC);
    struct sy_view whole = fixture_bytes(f, fd);
    assert_int_equal(whole.n, 2 * BLOCK);
    for (size_t i = 0; i < whole.n; i++) {
        uint8_t b = whole.p[i] ^ 1;
        assert_int_equal(pwrite(fd, &b, 1, (off_t)i), 1);
        struct vault_subject *s = subject(f, "p1");
        uint64_t code;
        check_code(vault_subject_code(s, &code), SY_E_TAMPERED);
        vault_subject_close(s);
        expect_block(f, i < BLOCK ? 0 : 1, "flipped", i);
        assert_int_equal(pwrite(fd, whole.p + i, 1, (off_t)i), 1);
    }
    static const off_t CUTS[] = {2 * BLOCK - 1, BLOCK + 1, BLOCK, BLOCK - 1, 0};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(ftruncate(fd, CUTS[i]), 0);
        expect_block(f, CUTS[i] >= BLOCK ? 1 : 0, "cut", (size_t)CUTS[i]);
        assert_int_equal(pwrite(fd, whole.p, whole.n, 0), (ssize_t)whole.n);
    }
    assert_int_equal(pwrite(fd, whole.p + BLOCK, BLOCK, 0), BLOCK);
    assert_int_equal(pwrite(fd, whole.p, BLOCK, BLOCK), BLOCK);
    expect_block(f, 0, "swapped", 0);
    assert_int_equal(pwrite(fd, whole.p, whole.n, 0), (ssize_t)whole.n);
    check_ok(try_begin(f, NULL));
    close(fd);
}

/* A block of the same number, authentic but from a tail that was cut off, is not the one that was
 * committed; and the memory of a map that exists cannot be taken away. */
static void replayed(void **state)
{
    struct fixture *f = *state;
    unsigned one[] = {1, 2, 3}, lost[] = {4, 5, 6}, two[] = {7, 8, 9};
    char map[512], item[256];
    only_units(f, "visits");
    codes_of(f, one, 3);
    snprintf(map, sizeof(map), "%s/data/units/person", f->path);
    int fd = open(map, O_RDWR | O_CLOEXEC);
    vault_writer_abort(write_persons(f, lost, 3));
    struct sy_view tail = fixture_bytes(f, fd);
    codes_of(f, two, 3);
    assert_int_equal(lseek(fd, 0, SEEK_END), (off_t)tail.n);
    assert_int_equal(pwrite(fd, tail.p, tail.n, 0), (ssize_t)tail.n);
    expect_block(f, 2, "replayed", 0); /* all blocks open, but their chain is another */
    snprintf(item, sizeof(item), "%s/keys/store/units:person.key", f->path);
    unlink(item);
    uint64_t units = 0;
    check_code(vault_units(f->v, sy_view_str("person"), &units, NULL), SY_E_TAMPERED);
    check_code(try_begin(f, NULL), SY_E_TAMPERED);
    close(fd);
}

/* --- per-unit keys ---------------------------------------------------------------------------- */

static struct sy_view keys_of(struct fixture *f, enum vault_unit_key kind, const uint8_t *salt,
                              uint64_t n)
{
    struct vault_unit_keys_ask ask = {kind, sy_view_str("person"), salt, n};
    int fd = memfd_create("keys", MFD_CLOEXEC);
    check_ok(vault_unit_keys(f->v, &ask, fd, NULL));
    struct sy_view bytes = fixture_bytes(f, fd);
    close(fd);
    assert_int_equal(bytes.n, 8 * n);
    return bytes;
}

/* Permanent, one for each namespace, and none that a worker ever sees. */
static void cellkeys(void **state)
{
    struct fixture *f = *state;
    VAULT_SECRET_CLEANUP struct vault_secret a = {0}, again = {0}, other = {0}, none = {0};
    check_ok(vault_cellkey(f->v, sy_view_str("person"), &a, NULL));
    struct sy_view record = keys_of(f, VAULT_UNIT_KEY_RECORD, NULL, 4);
    fixture_reopen(f);
    check_ok(vault_cellkey(f->v, sy_view_str("person"), &again, NULL));
    check_ok(vault_cellkey(f->v, sy_view_str("org"), &other, NULL));
    assert_int_equal(a.n, 32);
    assert_memory_equal(a.p, again.p, 32);
    assert_memory_not_equal(a.p, other.p, 32);
    uint8_t stream[32], nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    crypto_stream_chacha20(stream, sizeof(stream), nonce, a.p);
    assert_memory_not_equal(stream, record.p, 32); /* record keys are made under another key */
    check_code(vault_cellkey(f->v, sy_view_str("../x"), &none, NULL), SY_E_FIELD);
}

static void unit_keys(void **state)
{
    struct fixture *f = *state;
    uint8_t salt[32] = {1}, other[32] = {2};
    enum { N = 100003 };
    struct sy_view a = keys_of(f, VAULT_UNIT_KEY_SELECT, salt, N);
    struct sy_view record = keys_of(f, VAULT_UNIT_KEY_RECORD, NULL, N);
    fixture_reopen(f);
    assert_true(sy_view_eq(a, keys_of(f, VAULT_UNIT_KEY_SELECT, salt, N)));
    assert_true(sy_view_eq(record, keys_of(f, VAULT_UNIT_KEY_RECORD, NULL, N)));
    assert_false(sy_view_eq(a, keys_of(f, VAULT_UNIT_KEY_SELECT, other, N)));
    assert_false(sy_view_eq(a, record));
    struct sy_view part = keys_of(f, VAULT_UNIT_KEY_SELECT, salt, 40000);
    assert_memory_equal(part.p, a.p,
                        part.n); /* a unit's key does not depend on how many there are */
    assert_memory_not_equal(a.p, a.p + (1 << 18), 64); /* pieces go on in the stream */
    keys_of(f, VAULT_UNIT_KEY_SELECT, salt, 0);
    struct vault_unit_keys_ask bad[] = {
        {VAULT_UNIT_KEY_SELECT, sy_view_str("person"), NULL, 1},
        {VAULT_UNIT_KEY_RECORD, sy_view_str("person"), salt, 1},
        {VAULT_UNIT_KEY_NONE, sy_view_str("person"), NULL, 1},
        {VAULT_UNIT_KEY_N, sy_view_str("person"), NULL, 1},
    };
    int fd = memfd_create("keys", MFD_CLOEXEC);
    for (size_t i = 0; i < 4; i++) {
        check_code(vault_unit_keys(f->v, &bad[i], fd, NULL), SY_E_USAGE);
    }
    struct vault_unit_keys_ask ns = {VAULT_UNIT_KEY_RECORD, sy_view_str("../x"), NULL, 1};
    check_code(vault_unit_keys(f->v, &ns, fd, NULL), SY_E_FIELD);
    close(fd);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(stable_and_unordered),
        T(across_datasets),
        T(unfinished),
        T(too_many_units),
        T(guests),
        T(guests_in_vain),
        T(guest_rows),
        T(two_writers),
        T(subjects),
        T(damaged),
        T(replayed),
        T(unit_keys),
        T(cellkeys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
