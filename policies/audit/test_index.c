/*
 * The index of an exported log: the same content however it was made, and of this log or refused.
 */
#include "test_log_kit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fdio.h"

enum { DUMP_MAX = 16 << 20, ACTS = 150 };

static struct log_kit L;

static int setup(void **state)
{
    log_kit_init(&L, "example.org/log");
    log_kit_random(&L, log_kit_seed(), ACTS);
    *state = &L;
    return 0;
}

static int setup_small(void **state)
{
    log_kit_init(&L, "example.org/log");
    log_kit_small(&L);
    *state = &L;
    return 0;
}

static int teardown(void **state)
{
    log_kit_free(*state);
    return 0;
}

static sy_status open_at(struct log_kit *l, const char *name, size_t n, enum audit_index_open how,
                         struct audit_index **ret, struct sy_error *err)
{
    struct audit_export *x = log_kit_open(l, n);
    sy_status s = audit_index_open(log_kit_path(l, name), how, x, &l->key, ret, err);
    if (!sy_ok(s)) {
        audit_close(x);
        return s;
    }
    audit_index_close(*ret);
    audit_close(x);
    return s;
}

static sy_status make(struct log_kit *l, const char *name, size_t n, enum audit_index_open how)
{
    struct audit_index *ix = NULL;
    struct sy_error err = {0};
    sy_status s = open_at(l, name, n, how, &ix, &err);
    if (!sy_ok(s)) {
        assert_int_equal(err.code, s.code);
    }
    return s;
}

/* --- content --------------------------------------------------------------------------------------- */

static void dump_table(sqlite3 *db, const char *table, struct sy_buf *b)
{
    sqlite3_stmt *s = NULL;
    char sql[64];
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    check_ok(sy_buf_printf(b, "--- %s\n", table));
    while (sqlite3_step(s) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            int n = sqlite3_column_bytes(s, i);
            check_ok(sy_buf_printf(b, "%d:", sqlite3_column_type(s, i)));
            check_ok(sy_buf_add_view(b, sy_view(sqlite3_column_blob(s, i), (size_t)n)));
            check_ok(sy_buf_add_str(b, "|"));
        }
        check_ok(sy_buf_add_str(b, "\n"));
    }
    sqlite3_finalize(s);
}

/* Every row of every table, in order. */
static struct sy_view dump(struct log_kit *l, const char *name)
{
    static const char *const TABLES[] = {"meta",   "name",          "entry", "about", "party",
                                         "grant_", "grant_dataset", "model", "key_",  "signed"};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(DUMP_MAX);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(log_kit_path(l, name), &db), SQLITE_OK);
    for (size_t i = 0; i < LEN(TABLES); i++) {
        dump_table(db, TABLES[i], &b);
    }
    sqlite3_close(db);
    return sy_arena_copy(&l->k.arena, sy_buf_view(&b));
}

static void test_continue(void **state)
{
    struct log_kit *l = *state;
    check_ok(make(l, "whole", l->n, AUDIT_INDEX_USE));
    struct sy_view whole = dump(l, "whole");
    for (size_t n = 0; n < l->n; n += 1 + log_kit_pick(l, 40)) {
        check_ok(make(l, "parts", n, AUDIT_INDEX_USE));
    }
    assert_false(sy_view_eq(dump(l, "parts"), whole));
    check_ok(make(l, "parts", l->n, AUDIT_INDEX_USE));
    struct sy_view parts = dump(l, "parts");
    assert_int_equal(parts.n, whole.n);
    assert_memory_equal(parts.p, whole.p, whole.n);
    check_ok(make(l, "parts", l->n, AUDIT_INDEX_USE)); /* nothing new: nothing changes */
    assert_true(sy_view_eq(dump(l, "parts"), whole));
    check_ok(make(l, "parts", l->n / 2, AUDIT_INDEX_REBUILD));
    check_ok(make(l, "parts", l->n, AUDIT_INDEX_REBUILD));
    assert_true(sy_view_eq(dump(l, "parts"), whole));
}

/* --- the binding ----------------------------------------------------------------------------------- */

static void test_rollback(void **state)
{
    struct log_kit *l = *state;
    check_ok(make(l, "i", l->n, AUDIT_INDEX_USE));
    struct sy_view before = dump(l, "i");
    check_code(make(l, "i", l->n - 1, AUDIT_INDEX_USE), SY_E_ROLLBACK);
    assert_true(sy_view_eq(dump(l, "i"), before));
    check_ok(make(l, "i", l->n - 1, AUDIT_INDEX_REBUILD));
    check_ok(make(l, "i", l->n, AUDIT_INDEX_USE));
    assert_true(sy_view_eq(dump(l, "i"), before));
}

/* Another history: one earlier entry differs, signed by the log's own key. */
static void test_fork(void **state)
{
    struct log_kit *l = *state;
    check_ok(make(l, "i", l->n - 2, AUDIT_INDEX_USE));
    l->entries[l->n - 3].salt[0] ^= 1;
    struct sy_event ev;
    check_ok(sy_record_decode(&sy_event_desc, l->entries[l->n - 3].body, &SY_MP_LARGE, &l->k.arena,
                              &ev, NULL));
    log_kit_put(l, l->n - 3, &ev);
    check_code(make(l, "i", l->n, AUDIT_INDEX_USE), SY_E_ROLLBACK);
    check_code(make(l, "i", l->n - 2, AUDIT_INDEX_USE), SY_E_ROLLBACK);
    check_ok(make(l, "i", l->n, AUDIT_INDEX_REBUILD));
}

static void test_other_log(void **state)
{
    struct log_kit *l = *state;
    check_ok(make(l, "i", l->n, AUDIT_INDEX_USE));
    uint8_t key[32];
    memcpy(key, l->key.key, sizeof(key));
    check_ok(proof_vkey_make(V("example.org/other"), PROOF_SIG_ED25519, key, &l->key));
    check_code(make(l, "i", l->n, AUDIT_INDEX_USE), SY_E_ROLLBACK);
    check_ok(make(l, "i", l->n, AUDIT_INDEX_REBUILD));
}

/* A log that does not verify is not taken in, not even the part before the fault. */
static void test_unverified(void **state)
{
    struct log_kit *l = *state;
    struct audit_index *ix = NULL;
    check_ok(make(l, "i", l->n - 4, AUDIT_INDEX_USE));
    struct sy_view before = dump(l, "i");
    uint8_t *body = (uint8_t *)(uintptr_t)l->entries[l->n - 1].body.p;
    body[l->entries[l->n - 1].body.n / 2] ^= 1;
    struct sy_error err = {0};
    check_code(open_at(l, "i", l->n, AUDIT_INDEX_USE, &ix, &err), SY_E_DIGEST);
    assert_non_null(strstr(err.reason, "entry"));
    assert_true(sy_view_eq(dump(l, "i"), before));
    body[l->entries[l->n - 1].body.n / 2] ^= 1;
    log_kit_write(l, l->n);
    struct sy_view note = log_kit_note(l, l->n - 1); /* a checkpoint of another size */
    SY_FD_CLEANUP int fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(sy_replace_file_at(fd, "checkpoint", note, 0600));
    struct audit_export *x = NULL;
    check_ok(audit_open(l->dir, &x, NULL));
    check_code(audit_index_open(log_kit_path(l, "i"), AUDIT_INDEX_USE, x, &l->key, &ix, &err),
               SY_E_PROOF);
    audit_close(x);
    assert_true(sy_view_eq(dump(l, "i"), before));
}

/* --- hostile files --------------------------------------------------------------------------------- */

static void change(struct log_kit *l, const char *name, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(log_kit_path(l, name), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_hostile_file(void **state)
{
    struct log_kit *l = *state;
    static const struct {
        const char *sql;
        int32_t code;
    } LIES[] = {
        {"CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END", SY_E_TAMPERED},
        {"CREATE VIEW v AS SELECT 1", SY_E_TAMPERED},
        {"DROP TABLE about", SY_E_TAMPERED},
        {"DELETE FROM meta", SY_E_TAMPERED},
        {"UPDATE meta SET value = x'00' WHERE key = 'size'", SY_E_TAMPERED},
        {"UPDATE meta SET value = zeroblob(32) WHERE key = 'root'", SY_E_ROLLBACK},
        {"UPDATE meta SET value = zeroblob(8) WHERE key = 'size'", SY_E_ROLLBACK},
        {"UPDATE name SET id = 100000 WHERE id = 2", SY_E_TAMPERED},
    };
    for (size_t i = 0; i < LEN(LIES); i++) {
        check_ok(make(l, "i", l->n - 1, AUDIT_INDEX_REBUILD));
        change(l, "i", LIES[i].sql);
        sy_status s = make(l, "i", l->n, AUDIT_INDEX_USE);
        if (s.code != LIES[i].code) {
            fail_msg("%s: %s", LIES[i].sql, sy_code_name(s.code));
        }
    }
    SY_FD_CLEANUP int fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(
        sy_replace_file_at(fd, "i", V("these are not the tables you look for, not at all"), 0600));
    check_code(make(l, "i", l->n, AUDIT_INDEX_USE), SY_E_TAMPERED);
    check_ok(make(l, "i", l->n, AUDIT_INDEX_REBUILD));
}

/* --- questions ---------------------------------------------------------------------------------- */

struct found {
    uint64_t at[KIT_EVENTS];
    size_t n;
};

static sy_status note(void *ctx, uint64_t entry, struct sy_error *err)
{
    struct found *f = ctx;
    (void)err;
    f->at[f->n++] = entry;
    return SY_OK;
}

/* Quotes are values; a verdict of no name is an error. */
static void test_questions(void **state)
{
    struct log_kit *l = *state;
    struct audit_index *ix = NULL;
    struct found f = {0};
    struct audit_export *x = log_kit_open(l, l->n);
    check_ok(audit_index_open(NULL, AUDIT_INDEX_MEMORY, x, &l->key, &ix, NULL));
    check_ok(
        audit_index_find(ix, &(const struct audit_filter){.party = "' OR 1=1 --"}, note, &f, NULL));
    assert_int_equal(f.n, 0);
    check_code(
        audit_index_find(ix, &(const struct audit_filter){.verdict = "maybe"}, note, &f, NULL),
        SY_E_FIELD);
    audit_index_close(ix);
    audit_close(x);
}

/* An index that names other entries than it should: the entry itself says no. */
static void test_lying_index(void **state)
{
    struct log_kit *l = *state;
    struct audit_index *ix = NULL;
    struct found f = {0};
    struct audit_record r;
    check_ok(make(l, "i", l->n, AUDIT_INDEX_USE));
    change(l, "i",
           "UPDATE entry SET party = (SELECT id FROM name WHERE text = 'rival')"
           " WHERE entry = 20");
    struct audit_export *x = log_kit_open(l, l->n);
    check_ok(audit_index_open(log_kit_path(l, "i"), AUDIT_INDEX_USE, x, &l->key, &ix, NULL));
    struct audit_filter q = {.party = "rival", .has_range = true, .first = 20, .last = 20};
    check_ok(audit_index_find(ix, &q, note, &f, NULL));
    assert_int_equal(f.n, 1);
    check_ok(audit_record_read(x, 20, &l->k.arena, &r, NULL));
    assert_false(audit_filter_fits(&q, &r));
    audit_index_close(ix);
    audit_close(x);
}

int main(void)
{
#define R(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define S(name) cmocka_unit_test_setup_teardown(name, setup_small, teardown)
    const struct CMUnitTest tests[] = {
        R(test_continue),   S(test_rollback),     S(test_fork),      S(test_other_log),
        S(test_unverified), S(test_hostile_file), S(test_questions), S(test_lying_index),
    };
    return cmocka_run_group_tests_name("audit_index", tests, NULL, NULL);
}
