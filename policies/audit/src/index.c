/*
 * What: the file of the index: its tables, its binding to one log, and bringing it up to date.
 * Invariant: it changes in one transaction, which ends only when the log's leaves gave the signed root.
 */
#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arith.h"
#include "chain.h"
#include "proof/merkle.h"

/* Made when entries are in, which is faster than keeping them sorted all along. What is not here is found by
 * reading the table, which takes a second for ten million entries. */
#define SEARCHES                                                                                   \
    "CREATE INDEX entry_party ON entry(party);"                                                    \
    "CREATE INDEX entry_grant ON entry(grant_);"                                                   \
    "CREATE INDEX entry_model ON entry(model);"                                                    \
    "CREATE INDEX entry_refused ON entry(code) WHERE code <> 0;"                                   \
    "CREATE INDEX entry_link ON entry(link) WHERE link IS NOT NULL;"                               \
    "CREATE INDEX about_dataset ON about(dataset, version, entry);"

#define TABLES                                                                                     \
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"                  \
    "CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"                        \
    "CREATE TABLE entry(entry INTEGER PRIMARY KEY, time INTEGER, type INTEGER, method INTEGER,"    \
    " party INTEGER, role INTEGER, scene INTEGER, grant_ INTEGER, model INTEGER, code INTEGER,"    \
    " body INTEGER, link INTEGER);"                                                                \
    "CREATE TABLE about(entry INTEGER, dataset INTEGER, version INTEGER,"                          \
    " PRIMARY KEY(entry, dataset)) WITHOUT ROWID;"                                                 \
    "CREATE TABLE party(id INTEGER PRIMARY KEY, role INTEGER);"                                    \
    "CREATE TABLE grant_(id INTEGER PRIMARY KEY, entry INTEGER, scene INTEGER,"                    \
    " developer INTEGER);"                                                                         \
    "CREATE TABLE grant_dataset(grant_ INTEGER, dataset INTEGER,"                                  \
    " PRIMARY KEY(grant_, dataset)) WITHOUT ROWID;"                                                \
    "CREATE TABLE model(id INTEGER PRIMARY KEY, entry INTEGER, grant_ INTEGER, name INTEGER);"     \
    "CREATE TABLE key_(id INTEGER PRIMARY KEY, member INTEGER);"                                   \
    "CREATE TABLE signed(entry INTEGER, member INTEGER,"                                           \
    " PRIMARY KEY(member, entry)) WITHOUT ROWID;"

static const char *const SQL[INDEX_STMT_N] = {
    [INDEX_ADD_NAME] = "INSERT INTO name VALUES(?,?)",
    [INDEX_ADD_ENTRY] = "INSERT INTO entry VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
    [INDEX_ADD_ABOUT] = "INSERT OR IGNORE INTO about VALUES(?,?,?)",
    [INDEX_ADD_PARTY] = "INSERT OR IGNORE INTO party VALUES(?,?)",
    [INDEX_ADD_GRANT] = "INSERT OR IGNORE INTO grant_ VALUES(?,?,?,?)",
    [INDEX_ADD_GRANT_DATASET] = "INSERT OR IGNORE INTO grant_dataset VALUES(?,?)",
    [INDEX_ADD_KEY] = "INSERT OR IGNORE INTO key_ VALUES(?,?)",
    [INDEX_ADD_SIGNED] = "INSERT OR IGNORE INTO signed VALUES(?,?)",
    [INDEX_ADD_MODEL] = "INSERT OR IGNORE INTO model VALUES(?,?,?,?)",
    [INDEX_GRANT_DATASETS] =
        "INSERT INTO about SELECT ?1, dataset, 0 FROM grant_dataset WHERE grant_ = ?2",
    [INDEX_LINKED] = "SELECT scene, grant_, model FROM entry WHERE entry = ?",
    [INDEX_COPY_ABOUT] = "INSERT INTO about SELECT ?1, dataset, version FROM about WHERE entry ="
                         " (SELECT link FROM entry WHERE entry = ?2)",
};

sy_status index_fail(const struct audit_index *x, struct sy_error *err)
{
    int code = sqlite3_errcode(x->db) & 0xff;
    bool broken = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_CONSTRAINT;
    return sy_fail(err,
                   broken                 ? SY_E_TAMPERED
                   : code == SQLITE_NOMEM ? SY_E_NO_MEMORY
                   : code == SQLITE_FULL  ? SY_E_NO_SPACE
                   : code == SQLITE_BUSY  ? SY_E_BUSY
                                          : SY_E_IO,
                   "index", "%s%s", sqlite3_errmsg(x->db), broken ? ": use --rebuild" : "");
}

sy_status index_exec(struct audit_index *x, const char *sql, struct sy_error *err)
{
    return sqlite3_exec(x->db, sql, NULL, NULL, NULL) == SQLITE_OK ? SY_OK : index_fail(x, err);
}

sqlite3_stmt *index_bind(struct audit_index *x, enum index_stmt which, const int64_t *numbers,
                         size_t n)
{
    sqlite3_stmt *s = x->stmts[which];
    for (size_t i = 0; i < n; i++) {
        if (numbers[i] == INDEX_NULL) {
            sqlite3_bind_null(s, (int)i + 1);
        } else {
            sqlite3_bind_int64(s, (int)i + 1, numbers[i]);
        }
    }
    return s;
}

sy_status index_put(struct audit_index *x, enum index_stmt which, const int64_t *numbers, size_t n,
                    struct sy_error *err)
{
    sqlite3_stmt *s = index_bind(x, which, numbers, n);
    int code = sqlite3_step(s);
    sqlite3_reset(s);
    return code == SQLITE_DONE ? SY_OK : index_fail(x, err);
}

/* --- the file ------------------------------------------------------------------------------------- */

static sy_status open_db(struct audit_index *x, const char *path, struct sy_error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW |
                SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &x->db, flags, NULL) != SQLITE_OK) {
        return x->db == NULL ? sy_fail(err, SY_E_NO_MEMORY, NULL, NULL) : index_fail(x, err);
    }
    sqlite3_db_config(x->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(x->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return SY_OK;
}

/* All that a file of these tables says about itself, or NULL. To be freed with sqlite3_free. */
static char *schema_of(sqlite3 *db)
{
    static const char sql[] =
        "SELECT group_concat(type || ' ' || name || ' ' || coalesce(sql, ''), ';') "
        "FROM (SELECT * FROM sqlite_schema ORDER BY type, name)";
    sqlite3_stmt *q = NULL;
    char *text = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
        const unsigned char *found = sqlite3_column_text(q, 0);
        text = sqlite3_mprintf("%s", found == NULL ? "" : (const char *)found);
    }
    sqlite3_finalize(q);
    return text;
}

/* BOUNDARY: the file lies beside the log, so it may have come with it: no trigger, view or table but
 * ours is opened. An empty file gets the tables. */
static sy_status check_schema(struct audit_index *x, bool *ret_fresh, struct sy_error *err)
{
    sqlite3 *model = NULL;
    char *found = schema_of(x->db);
    char *wanted = NULL;
    if (sqlite3_open(":memory:", &model) == SQLITE_OK &&
        sqlite3_exec(model, TABLES SEARCHES, NULL, NULL, NULL) == SQLITE_OK) {
        wanted = schema_of(model);
    }
    sqlite3_close(model);
    *ret_fresh = found != NULL && found[0] == '\0';
    bool ours = *ret_fresh || (found != NULL && wanted != NULL && strcmp(found, wanted) == 0);
    sqlite3_free(found);
    sqlite3_free(wanted);
    if (!ours) {
        return sy_fail(err, SY_E_TAMPERED, "index", "not an index of this program: use --rebuild");
    }
    return *ret_fresh ? index_exec(x, TABLES, err) : SY_OK;
}

static sy_status prepare(struct audit_index *x, struct sy_error *err)
{
    for (size_t i = 0; i < INDEX_STMT_N; i++) {
        if (sqlite3_prepare_v3(x->db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT, &x->stmts[i], NULL) !=
            SQLITE_OK) {
            return index_fail(x, err);
        }
    }
    return SY_OK;
}

/* --- the binding ---------------------------------------------------------------------------------- */

static sy_status put_meta(struct audit_index *x, const char *key, struct sy_view value,
                          struct sy_error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(x->db, "INSERT OR REPLACE INTO meta VALUES(?,?)", -1, &s, NULL) !=
        SQLITE_OK) {
        return index_fail(x, err);
    }
    sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_blob(s, 2, value.p, (int)value.n, SQLITE_STATIC);
    int code = sqlite3_step(s);
    sqlite3_finalize(s);
    return code == SQLITE_DONE ? SY_OK : index_fail(x, err);
}

/* At most `cap` bytes of a value; false when it is not there, or longer. */
static bool get_meta(struct audit_index *x, const char *key, uint8_t *ret, size_t cap,
                     size_t *ret_n)
{
    sqlite3_stmt *s = NULL;
    bool ok = sqlite3_prepare_v2(x->db, "SELECT value FROM meta WHERE key = ?", -1, &s, NULL) ==
                  SQLITE_OK &&
              sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_step(s) == SQLITE_ROW;
    *ret_n = ok ? (size_t)sqlite3_column_bytes(s, 0) : 0;
    ok = ok && *ret_n > 0 && *ret_n <= cap;
    if (ok) {
        memcpy(ret, sqlite3_column_blob(s, 0), *ret_n);
    }
    sqlite3_finalize(s);
    return ok;
}

static sy_status bind_tree(struct audit_index *x, struct sy_error *err)
{
    uint8_t size[8];
    sy_store_le64(size, x->tree.size);
    SY_TRY(put_meta(x, "origin", x->tree.origin, err));
    SY_TRY(put_meta(x, "size", sy_view(size, sizeof(size)), err));
    return put_meta(x, "root", sy_view(x->tree.root, sizeof(x->tree.root)), err);
}

/* The log that the file was made of. */
static sy_status read_binding(struct audit_index *x, bool fresh, struct proof_checkpoint *ret,
                              struct sy_error *err)
{
    uint8_t size[8];
    size_t n[3] = {0};
    *ret = (struct proof_checkpoint){.origin = x->tree.origin};
    if (fresh) {
        proof_merkle_empty(ret->root);
        return SY_OK;
    }
    bool there = get_meta(x, "origin", (uint8_t *)x->origin, PROOF_NAME_MAX, &n[0]) &&
                 get_meta(x, "size", size, sizeof(size), &n[1]) && n[1] == sizeof(size) &&
                 get_meta(x, "root", ret->root, sizeof(ret->root), &n[2]) &&
                 n[2] == sizeof(ret->root);
    if (!there) {
        return sy_fail(err, SY_E_TAMPERED, "index", "it names no log: use --rebuild");
    }
    if (!sy_view_eq(sy_view(x->origin, n[0]), x->tree.origin)) {
        return sy_fail(err, SY_E_ROLLBACK, "index", "it is of the log %.*s: use --rebuild",
                       SY_PV(sy_view(x->origin, n[0])));
    }
    ret->size = sy_load_le64(size);
    if (ret->size > x->tree.size) {
        return sy_fail(
            err, SY_E_ROLLBACK, "index",
            "it has %llu entries, this log %llu: was the log rolled back? Or use --rebuild",
            (unsigned long long)ret->size, (unsigned long long)x->tree.size);
    }
    return SY_OK;
}

/* --- the log -------------------------------------------------------------------------------------- */

static sy_status same_root(const struct proof_frontier *tree, const uint8_t root[32], int32_t code,
                           const char *field, const char *why, struct sy_error *err)
{
    uint8_t found[PROOF_HASH_BYTES];
    proof_frontier_root(tree, found);
    return memcmp(found, root, sizeof(found)) == 0 ? SY_OK : sy_fail(err, code, field, "%s", why);
}

static sy_status take_entry(struct audit_index *x, const struct audit_export *log, uint64_t i,
                            bool known, struct chain *chain, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    uint8_t hash[PROOF_HASH_BYTES];
    struct audit_record r = {0};
    SY_TRY(audit_entry(log, i, &arena, &r.entry, err));
    if (!known || chain_turns(r.entry.leaf)) {
        SY_TRY(audit_record_read(log, i, &arena, &r, err));
    }
    if (!known) {
        SY_TRY(index_take(x, i, &r, &arena, err));
    }
    audit_record_hash(&r, hash);
    return chain_take(chain, i, r.entry.leaf, r.open ? &r.event : NULL, hash, err);
}

/* Go through the log: what the file knows must be its beginning, all of it what the checkpoint signs. */
static sy_status take_log(struct audit_index *x, const struct audit_export *log,
                          const struct proof_checkpoint *before, struct sy_error *err)
{
    struct chain chain = {0};
    for (uint64_t i = 0; i <= audit_size(log); i++) {
        if (i == before->size) {
            SY_TRY(same_root(
                &chain.tree, before->root, SY_E_ROLLBACK, "index",
                "this log is not the continuation of the one it was made of: use --rebuild", err));
        }
        if (i < audit_size(log)) {
            SY_TRY(take_entry(x, log, i, i < before->size, &chain, err));
        }
    }
    x->n_new = audit_size(log) - before->size;
    if (chain.tree.size != x->n_signed) {
        return sy_fail(err, SY_E_PROOF, "checkpoint", "%llu entries exported, %llu signed",
                       (unsigned long long)chain.tree.size, (unsigned long long)x->n_signed);
    }
    return same_root(&chain.tree, x->tree.root, SY_E_PROOF, "checkpoint",
                     "the exported entries are not those that the checkpoint signs", err);
}

static sy_status update(struct audit_index *x, const struct audit_export *log, struct sy_error *err)
{
    struct proof_checkpoint before;
    bool fresh;
    SY_TRY(index_exec(x, "BEGIN IMMEDIATE", err));
    SY_TRY(check_schema(x, &fresh, err));
    SY_TRY(read_binding(x, fresh, &before, err));
    SY_TRY(prepare(x, err));
    SY_TRY(index_names_load(x, err));
    SY_TRY(take_log(x, log, &before, err));
    if (fresh) {
        SY_TRY(index_exec(x, SEARCHES, err));
    }
    if (fresh || x->n_new > 0) {
        SY_TRY(bind_tree(x, err));
    }
    return index_exec(x, "COMMIT", err);
}

static sy_status remove_file(const char *path, struct sy_error *err)
{
    char journal[4096];
    (void)snprintf(journal, sizeof(journal), "%s-journal", path);
    (void)unlink(journal);
    if (unlink(path) != 0 && access(path, F_OK) == 0) {
        return sy_fail(err, SY_E_IO, "index", "%s: can't be removed", path);
    }
    return SY_OK;
}

sy_status audit_index_open(const char *path, enum audit_index_open how,
                           const struct audit_export *x, const struct proof_vkey *log,
                           struct audit_index **ret, struct sy_error *reterr)
{
    AUDIT_INDEX_CLEANUP struct audit_index *ix = calloc(1, sizeof(*ix));
    *ret = NULL;
    if (ix == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    ix->texts.ceiling = (size_t)1 << 32;
    ix->traits = sy_buf((size_t)1 << 32);
    SY_TRY(proof_checkpoint_verify(audit_checkpoint(x), log, &ix->tree, reterr));
    ix->n_signed = ix->tree.size;
    ix->tree.size = audit_size(x);
    if (how == AUDIT_INDEX_REBUILD) {
        SY_TRY(remove_file(path, reterr));
    }
    SY_TRY(open_db(ix, how == AUDIT_INDEX_MEMORY ? ":memory:" : path, reterr));
    SY_TRY(update(ix, x, reterr));
    *ret = ix;
    ix = NULL;
    return SY_OK;
}

void audit_index_close(struct audit_index *x)
{
    if (x == NULL) {
        return;
    }
    for (size_t i = 0; i < INDEX_STMT_N; i++) {
        sqlite3_finalize(x->stmts[i]);
    }
    sqlite3_close(x->db); /* rolls back what was not committed */
    free(x->slots);
    sy_arena_deinit(&x->texts);
    sy_buf_deinit(&x->traits);
    free(x);
}

void audit_index_tree(const struct audit_index *x, struct proof_checkpoint *ret, uint64_t *ret_new)
{
    *ret = x->tree;
    *ret_new = x->n_new;
}
