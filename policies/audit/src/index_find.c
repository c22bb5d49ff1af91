/*
 * What: questions to the index. Invariant: what people typed is bound as a value, never part of the SQL.
 */
#include "base/buf.h"
#include "index.h"

/* How a filter's text narrows the search; ? is the text. An id's beginning: from it up to it with 'g' behind,
 * which sorts after every hexadecimal digit. */
#define NAMED "(SELECT id FROM name WHERE text = ?)"
#define BEGUN "SELECT id FROM name WHERE text >= ? AND text < ? || 'g'"

static const struct narrow {
    size_t offset; /* in struct audit_filter */
    const char *sql;
} NARROWS[] = {
    {offsetof(struct audit_filter, party), "party = " NAMED},
    {offsetof(struct audit_filter, member),
     "entry IN (SELECT entry FROM signed WHERE member = " NAMED ")"},
    {offsetof(struct audit_filter, role), "role = " NAMED},
    {offsetof(struct audit_filter, scene), "scene = " NAMED},
    {offsetof(struct audit_filter, type), "type = " NAMED},
    {offsetof(struct audit_filter, method), "method = " NAMED},
    {offsetof(struct audit_filter, grant), "grant_ IN (" BEGUN ")"},
    {offsetof(struct audit_filter, model),
     "model IN (" BEGUN " UNION SELECT id FROM model WHERE name = " NAMED ")"},
    {offsetof(struct audit_filter, dataset),
     "entry IN (SELECT entry FROM about WHERE dataset = " NAMED " UNION SELECT e.entry FROM about a"
     " JOIN entry e ON e.link = a.entry WHERE e.link IS NOT NULL AND a.dataset = " NAMED ")"},
};

enum { SQL_MAX = 4096, VALUES_MAX = 32 };

struct question {
    struct sy_buf sql;
    const char *texts[VALUES_MAX]; /* NULL: the number */
    int64_t numbers[VALUES_MAX];
    size_t n;
};

static sy_status add_text(struct question *q, const char *sql, const char *text)
{
    for (const char *p = sql; (p = strchr(p, '?')) != NULL; p++) {
        q->texts[q->n++] = text;
    }
    return sy_buf_add_str(&q->sql, sql);
}

static sy_status add_number(struct question *q, const char *sql, int64_t number)
{
    q->numbers[q->n++] = number;
    return sy_buf_add_str(&q->sql, sql);
}

static sy_status add_texts(struct question *q, const struct audit_filter *f)
{
    for (size_t i = 0; i < sizeof(NARROWS) / sizeof(NARROWS[0]); i++) {
        const char *text = *(const char *const *)((const char *)f + NARROWS[i].offset);
        if (text != NULL) {
            SY_TRY(sy_buf_add_str(&q->sql, " AND "));
            SY_TRY(add_text(q, NARROWS[i].sql, text));
        }
    }
    return SY_OK;
}

static sy_status add_verdict(struct question *q, const char *verdict, struct sy_error *err)
{
    if (verdict == NULL) {
        return SY_OK;
    }
    if (strcmp(verdict, "refused") == 0) {
        return sy_buf_add_str(&q->sql, " AND code <> 0");
    }
    if (strcmp(verdict, "allowed") == 0) {
        return sy_buf_add_str(&q->sql, " AND code = 0");
    }
    int32_t code = sy_code_of_name(verdict);
    if (code == 0) {
        return sy_fail(err, SY_E_FIELD, "verdict",
                       "%.60s: neither allowed nor refused nor the name of a code", verdict);
    }
    return add_number(q, " AND code <> 0 AND code = ?", code);
}

static int64_t bounded(uint64_t v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static sy_status add_bounds(struct question *q, const struct audit_filter *f)
{
    if (f->has_since) {
        SY_TRY(add_number(q, " AND time >= ?", f->since));
    }
    if (f->has_until) {
        SY_TRY(add_number(q, " AND time < ?", f->until));
    }
    if (f->has_range) {
        SY_TRY(add_number(q, " AND entry >= ?", bounded(f->first)));
        SY_TRY(add_number(q, " AND entry <= ?", bounded(f->last)));
    }
    SY_TRY(sy_buf_add_str(&q->sql, " ORDER BY entry"));
    return f->limit > 0 ? add_number(q, " LIMIT ?", bounded(f->limit)) : SY_OK;
}

static sy_status ask(struct question *q, const struct audit_filter *f, struct sy_error *err)
{
    SY_TRY(sy_buf_add_str(&q->sql, "SELECT entry FROM entry WHERE 1"));
    SY_TRY(add_texts(q, f));
    SY_TRY(add_verdict(q, f->verdict, err));
    SY_TRY(add_bounds(q, f));
    return sy_buf_add(&q->sql, "", 1);
}

/* Every row's first number to `found`. */
static sy_status each(struct audit_index *x, sqlite3_stmt *s, audit_found_fn *found, void *ctx,
                      struct sy_error *err)
{
    sy_status st = SY_OK;
    int code = SQLITE_DONE;
    while (sy_ok(st) && (code = sqlite3_step(s)) == SQLITE_ROW) {
        uint64_t entry = (uint64_t)sqlite3_column_int64(s, 0);
        st = entry < x->tree.size
                 ? found(ctx, entry, err)
                 : sy_fail(err, SY_E_TAMPERED, "index",
                           "it names an entry that the log has not: use --rebuild");
    }
    return sy_ok(st) && code != SQLITE_DONE ? index_fail(x, err) : st;
}

static sy_status answer(struct audit_index *x, const struct question *q, audit_found_fn *found,
                        void *ctx, struct sy_error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(x->db, (const char *)q->sql.p, -1, &s, NULL) != SQLITE_OK) {
        return index_fail(x, err);
    }
    for (size_t i = 0; i < q->n; i++) {
        if (q->texts[i] != NULL) {
            sqlite3_bind_text(s, (int)i + 1, q->texts[i], -1, SQLITE_STATIC);
        } else {
            sqlite3_bind_int64(s, (int)i + 1, q->numbers[i]);
        }
    }
    sy_status st = each(x, s, found, ctx, err);
    sqlite3_finalize(s);
    return st;
}

sy_status audit_index_find(struct audit_index *x, const struct audit_filter *filter,
                           audit_found_fn *found, void *ctx, struct sy_error *reterr)
{
    struct question q = {.sql = sy_buf(SQL_MAX)};
    sy_status s = ask(&q, filter, reterr);
    s = sy_ok(s) ? answer(x, &q, found, ctx, reterr) : s;
    sy_buf_deinit(&q.sql);
    return s;
}

/* --- origins -------------------------------------------------------------------------------------- */

/* ?1: a name, ?2: a number. */
static const char *const ORIGINS[AUDIT_OF_N] = {
    [AUDIT_OF_GRANT] = "SELECT entry FROM grant_ WHERE id = (SELECT id FROM name WHERE text = ?1)",
    [AUDIT_OF_MODEL] = "SELECT entry FROM model WHERE id = (SELECT id FROM name WHERE text = ?1)",
    [AUDIT_OF_DATASET] =
        "SELECT max(a.entry) FROM about a JOIN entry e USING(entry) WHERE a.dataset ="
        " (SELECT id FROM name WHERE text = ?1) AND a.version = 0 AND e.code = 0 AND a.entry < ?2"
        " AND e.method IN (SELECT id FROM name WHERE text IN ('dataset.define', 'own.define'))",
    [AUDIT_OF_VERSION] =
        "SELECT min(a.entry) FROM about a JOIN entry e USING(entry) WHERE a.dataset ="
        " (SELECT id FROM name WHERE text = ?1) AND a.version = ?2 AND e.code = 0"
        " AND e.method = (SELECT id FROM name WHERE text = 'dataset.publish')",
    [AUDIT_OF_CHARGE] =
        "SELECT min(entry) FROM entry WHERE link = ?2 AND link IS NOT NULL AND code = 0"
        " AND method = (SELECT id FROM name WHERE text = 'job.answer')",
};

static sqlite3_stmt *prepare_two(struct audit_index *x, const char *sql, struct sy_view id,
                                 uint64_t n)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(x->db, sql, -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_text(s, 1, id.n == 0 ? "" : (const char *)id.p, (int)id.n, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, bounded(n));
    }
    return s;
}

bool audit_index_origin(struct audit_index *x, enum audit_origin_kind kind, struct sy_view id,
                        uint64_t n, uint64_t *ret_entry)
{
    sqlite3_stmt *s = prepare_two(x, ORIGINS[kind], id, n);
    bool found = s != NULL && sqlite3_step(s) == SQLITE_ROW &&
                 sqlite3_column_type(s, 0) != SQLITE_NULL &&
                 (uint64_t)sqlite3_column_int64(s, 0) < x->tree.size;
    if (found) {
        *ret_entry = (uint64_t)sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return found;
}

sy_status audit_index_readers(struct audit_index *x, struct sy_view dataset, uint64_t version,
                              audit_found_fn *found, void *ctx, struct sy_error *reterr)
{
    static const char sql[] =
        "SELECT a.entry FROM about a JOIN entry e USING(entry) WHERE a.dataset ="
        " (SELECT id FROM name WHERE text = ?1) AND a.version = ?2 AND e.code = 0 AND e.type ="
        " (SELECT id FROM name WHERE text = 'charge') ORDER BY a.entry";
    sqlite3_stmt *s = prepare_two(x, sql, dataset, version);
    sy_status st = s == NULL ? index_fail(x, reterr) : each(x, s, found, ctx, reterr);
    sqlite3_finalize(s);
    return st;
}
