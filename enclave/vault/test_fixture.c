#include "test_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/mask.h"

static const struct {
    const char *name, *type;
    int64_t lo, hi;
    bool nullable;
} FIELDS[N_FIELDS] = {
    [F_UNIT] = {"person", "unit", 0, 0, true},
    [F_AGE] = {"age", "int32", 0, 120, true},
    [F_COST] = {"cost", "int64", -1000, INT64_C(4) << 40, true},
    [F_PAID] = {"paid", "decimal", 0, INT64_C(1) << 40, false},
    [F_BORN] = {"born", "date", -40000, 20000, true},
    [F_ALIVE] = {"alive", "bool", 0, 0, true},
    [F_SEX] = {"sex", "enum", 0, 0, true},
    [F_NOTE] = {"note", "text", 0, 0, true},
    [F_WARD] = {"ward", "enum", 0, 0, false},
};

static const char *const NOTES[FIXTURE_NOTES] = {"咳嗽", "cough", "咳血", "fever", "x"};

enum { WARDS = 300 };

static void make_def(struct fixture *f)
{
    struct sy_field_def *fields = sy_arena_alloc(&f->arena, N_FIELDS, sizeof(*fields));
    struct sy_view *sexes = sy_arena_alloc(&f->arena, 3, sizeof(*sexes));
    struct sy_view *wards = sy_arena_alloc(&f->arena, WARDS, sizeof(*wards));
    for (int i = 0; i < 3; i++) {
        sexes[i] = sy_view_str((const char *[]){"male", "female", "other"}[i]);
    }
    for (int i = 0; i < WARDS; i++) {
        wards[i] = sy_view_str(sy_arena_printf(&f->arena, "W%03d", i));
    }
    for (int i = 0; i < N_FIELDS; i++) {
        fields[i] = (struct sy_field_def){.name = sy_view_str(FIELDS[i].name),
                                          .type = sy_view_str(FIELDS[i].type),
                                          .lo = FIELDS[i].lo,
                                          .hi = FIELDS[i].hi,
                                          .nullable = FIELDS[i].nullable,
                                          .grade = 3};
    }
    fields[F_UNIT].ref = sy_view_str("person");
    fields[F_SEX].values = sexes;
    fields[F_SEX].n_values = 3;
    fields[F_WARD].values = wards;
    fields[F_WARD].n_values = WARDS;
    f->def = (struct sy_dataset_def){.id = sy_view_str("visits"),
                                     .ns = sy_view_str("person"),
                                     .unit = sy_view_str("person"),
                                     .max_rows = 1 << 22,
                                     .fields = fields,
                                     .n_fields = N_FIELDS};
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    uint8_t box[80];
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(4096);
    f->arena.ceiling = (size_t)1 << 30;
    snprintf(f->path, sizeof(f->path), "/tmp/shuyu-vault-XXXXXX");
    if (mkdtemp(f->path) == NULL) {
        return -1;
    }
    f->dirfd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(vault_create(f->dirfd, &f->v, NULL));
    make_def(f);
    crypto_box_keypair(f->custodian_pk, f->custodian_sk);
    f->boxes.custodian = f->custodian_pk;
    f->shares.custodian = f->share;
    check_ok(vault_dataset_create(f->v, f->def.id, &f->boxes, &f->keys, NULL));
    check_ok(vault_sealed_share(f->v, f->def.id, SY_HOLDER_CUSTODIAN, &sealed, NULL));
    assert_int_equal(sealed.n, sizeof(box));
    assert_int_equal(
        crypto_box_seal_open(f->share, sealed.p, sealed.n, f->custodian_pk, f->custodian_sk), 0);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    vault_close(f->v);
    close(f->dirfd);
    sy_arena_deinit(&f->arena);
    nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

void fixture_reopen(struct fixture *f)
{
    vault_close(f->v);
    f->v = NULL;
    check_ok(vault_open(f->dirfd, &f->v, NULL));
}

/* --- rows ------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * UINT64_C(0x9E3779B97F4A7C15);
    return x ^ (x >> 29);
}

bool fixture_null(int field, uint64_t row)
{
    return FIELDS[field].nullable && field != F_UNIT && mix(row * 16 + (uint64_t)field) % 11 == 0;
}

int64_t fixture_value(int field, uint64_t row)
{
    uint64_t h = mix(row * 32 + (uint64_t)field);
    int64_t span[N_FIELDS] = {[F_AGE] = 121,
                              [F_COST] = INT64_C(4) << 40,
                              [F_PAID] = 1 << 30,
                              [F_BORN] = 60000,
                              [F_ALIVE] = 2,
                              [F_SEX] = 3,
                              [F_NOTE] = FIXTURE_NOTES,
                              [F_WARD] = WARDS};
    return FIELDS[field].lo + (int64_t)(h >> 1) % span[field];
}

const char *fixture_note(uint64_t code)
{
    return NOTES[code];
}

/* The order of persons in the file is not that of their names. */
void fixture_id(uint64_t row, char ret[24])
{
    snprintf(ret, 24, "id%llu", (unsigned long long)(mix(row / 3) % 100000000));
}

static void fill_ids(struct fixture *f, uint64_t first, uint64_t n, struct sy_ingest_column *c)
{
    uint8_t *at = sy_arena_alloc(&f->arena, n, 24);
    uint8_t *p = at;
    for (uint64_t i = 0; i < n; i++) {
        char id[24] = "";
        if ((first + i) % 97 != 0) { /* every 97th is missing */
            fixture_id(first + i, id);
        }
        *at++ = (uint8_t)strlen(id);
        memcpy(at, id, strlen(id));
        at += strlen(id);
    }
    c->ids = sy_view(p, (size_t)(at - p));
}

static void fill_values(struct fixture *f, int field, uint64_t first, uint64_t n,
                        struct sy_ingest_column *c)
{
    uint8_t *data = sy_arena_alloc(&f->arena, n, c->width);
    uint8_t *nulls = sy_arena_alloc(&f->arena, (n + 7) / 8, 1);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t v = (uint64_t)fixture_value(field, first + i);
        for (uint64_t b = 0; b < c->width; b++) {
            data[i * c->width + b] = (uint8_t)(v >> (8 * b));
        }
        if (fixture_null(field, first + i)) {
            nulls[i / 8] |= (uint8_t)(1U << (i % 8)); /* its value stays: the vault must zero it */
        }
    }
    c->data = sy_view(data, n * c->width);
    c->nulls = FIELDS[field].nullable ? sy_view(nulls, (n + 7) / 8) : (struct sy_view){0};
}

struct sy_ingest_batch fixture_batch(struct fixture *f, uint64_t first, uint64_t n)
{
    struct sy_ingest_column *columns = sy_arena_alloc(&f->arena, N_FIELDS, sizeof(*columns));
    for (int i = 0; i < N_FIELDS; i++) {
        columns[i].width = sy_field_width(&f->def.fields[i]);
        if (i == F_UNIT) {
            fill_ids(f, first, n, &columns[i]);
        } else {
            fill_values(f, i, first, n, &columns[i]);
        }
    }
    if (first == 0) {
        columns[F_NOTE].dict = sy_arena_alloc(&f->arena, FIXTURE_NOTES, sizeof(struct sy_view));
        columns[F_NOTE].n_dict = FIXTURE_NOTES;
        for (uint64_t i = 0; i < FIXTURE_NOTES; i++) {
            columns[F_NOTE].dict[i] = sy_view_str(NOTES[i]);
        }
    }
    return (struct sy_ingest_batch){.columns = columns, .n_columns = N_FIELDS, .rows = n};
}

struct vault_writer *fixture_begin(struct fixture *f, uint64_t number)
{
    struct vault_writer *w = NULL;
    struct vault_attempt attempt = {.def = &f->def, .keys = &f->keys, .version = number};
    check_ok(vault_writer_begin(f->v, &attempt, &w, NULL));
    return w;
}

/* Batches of an odd size, so that no bitmap, morsel or chunk falls together with one. */
struct sy_dataset_version fixture_version(struct fixture *f, uint64_t n_rows, uint64_t number)
{
    struct vault_writer *w = fixture_begin(f, number);
    struct sy_dataset_version version;
    for (uint64_t at = 0; at < n_rows; at += 100003) {
        struct sy_ingest_batch batch = fixture_batch(f, at, sy_min_u64(n_rows - at, 100003));
        struct sy_error e = {0};
        sy_status s = vault_writer_add(w, &batch, &e);
        if (!sy_ok(s)) {
            fail_msg("%s: %s", e.field, e.reason);
        }
    }
    assert_int_equal(vault_writer_rows(w), n_rows);
    check_ok(vault_writer_finish(w, &f->arena, &version, NULL));
    return version;
}

/* --- reading ---------------------------------------------------------------------------------- */

sy_status fixture_read(struct fixture *f, const struct sy_dataset_version *version, int field,
                       const char *mask, struct vault_column *ret, int *ret_fd,
                       struct sy_error *reterr)
{
    VAULT_SECRET_CLEANUP struct vault_secret scene = {0};
    struct vault_version *ver = NULL;
    *ret_fd = -1;
    SY_TRY(vault_version_open(f->v, &f->keys, &f->shares, version, &ver, reterr));
    check_ok(vault_scene_key(f->v, sy_view_str("burden"), &scene));
    struct vault_ask ask = {&f->def.fields[field], sy_view_str(mask), &scene};
    int fd = memfd_create("column", MFD_CLOEXEC);
    assert_true(fd >= 0);
    sy_status s = vault_column_read(ver, &ask, fd, &f->arena, ret, reterr);
    vault_version_close(ver);
    if (!sy_ok(s)) {
        assert_int_equal(lseek(fd, 0, SEEK_END), 0); /* nothing unverified is left */
        close(fd);
        return s;
    }
    *ret_fd = fd;
    return SY_OK;
}

struct sy_view fixture_bytes(struct fixture *f, int fd)
{
    off_t n = lseek(fd, 0, SEEK_END);
    uint8_t *p = sy_arena_alloc(&f->arena, (size_t)n, 1);
    assert_non_null(p);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    check_ok(sy_read_all(fd, p, (size_t)n));
    return sy_view(p, (size_t)n);
}

void fixture_column_path(const struct fixture *f, const struct sy_dataset_version *version,
                         int field, char ret[512])
{
    char hex[33];
    sodium_bin2hex(hex, sizeof(hex), version->attempt, sizeof(version->attempt));
    snprintf(ret, 512, "%s/data/visits/%s/c%04d", f->path, hex, field);
}
