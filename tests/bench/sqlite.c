/*
 * What durable appends are compared with: SQLite in process, write-ahead log, synchronous=FULL, one
 * commit an entry, on the same file system. It keeps the bytes; there is no tree, no signature, no proof.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "bench.h"

struct sqlite_peer {
    sqlite3 *db;
    sqlite3_stmt *insert;
};

static void check(const struct sqlite_peer *p, int rc, int want)
{
    if (rc != want) {
        bench_die("SQLite: %s", sqlite3_errmsg(p->db));
    }
}

static void command(const struct sqlite_peer *p, const char *sql)
{
    check(p, sqlite3_exec(p->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

struct sqlite_peer *sqlite_peer_open(const char *file)
{
    struct sqlite_peer *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        bench_die("out of memory");
    }
    check(p, sqlite3_open(file, &p->db), SQLITE_OK);
    command(p, "PRAGMA journal_mode = WAL");
    command(p, "PRAGMA synchronous = FULL");
    command(p, "CREATE TABLE entry (id INTEGER PRIMARY KEY, leaf BLOB, salt BLOB, body BLOB)");
    check(p,
          sqlite3_prepare_v2(p->db, "INSERT INTO entry (leaf, salt, body) VALUES (?, ?, ?)", -1,
                             &p->insert, NULL),
          SQLITE_OK);
    return p;
}

static void bind(const struct sqlite_peer *p, int at, struct sy_view v)
{
    check(p, sqlite3_bind_blob(p->insert, at, v.p, (int)v.n, SQLITE_STATIC), SQLITE_OK);
}

void sqlite_peer_append(struct sqlite_peer *p, const struct ledger_entry *e)
{
    bind(p, 1, e->leaf);
    bind(p, 2, sy_view(e->salt, LEDGER_SALT_BYTES));
    bind(p, 3, e->body);
    check(p, sqlite3_step(p->insert), SQLITE_DONE);
    check(p, sqlite3_reset(p->insert), SQLITE_OK);
}

void sqlite_peer_close(struct sqlite_peer *p)
{
    (void)sqlite3_finalize(p->insert);
    check(p, sqlite3_close(p->db), SQLITE_OK);
    free(p);
}
