/*
 * What: the commands that look into a log: index, show, trace, schema. Invariant: what is printed was read
 * from the log, under its signed checkpoint; the index only says where.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/line.h"
#include "base/fdio.h"
#include "cmd.h"
#include "proof/receipt.h"

enum { PATH_BYTES = 4096 };

static bool index_path(const struct options *o, char ret[PATH_BYTES])
{
    int n = o->index != NULL ? snprintf(ret, PATH_BYTES, "%s", o->index)
                             : snprintf(ret, PATH_BYTES, "%s/index.db", o->dir);
    return n > 0 && n < PATH_BYTES;
}

sy_status cmd_index_open(const struct options *o, const struct audit_export *x,
                         struct audit_index **ret, struct proof_vkey *ret_key, struct sy_error *err)
{
    char path[PATH_BYTES];
    if (!index_path(o, path)) {
        return sy_fail(err, SY_E_FIELD, "index", "its path is too long");
    }
    if (!cmd_key(o, x, ret_key, err)) {
        return sy_status_of(err->code);
    }
    bool file = !o->scan && (o->index != NULL || access(path, F_OK) == 0);
    return audit_index_open(path, file ? AUDIT_INDEX_USE : AUDIT_INDEX_MEMORY, x, ret_key, ret,
                            err);
}

/* --- index ------------------------------------------------------------------------------------------ */

int cmd_index(const struct options *o, struct audit_export *x)
{
    AUDIT_INDEX_CLEANUP struct audit_index *ix = NULL;
    struct sy_error err = {0};
    struct proof_vkey key;
    struct proof_checkpoint tree;
    char path[PATH_BYTES];
    uint64_t fresh;
    if (!index_path(o, path) || !cmd_key(o, x, &key, &err) ||
        !sy_ok(audit_index_open(path, o->rebuild ? AUDIT_INDEX_REBUILD : AUDIT_INDEX_USE, x, &key,
                                &ix, &err))) {
        return cmd_fail(o, &err);
    }
    audit_index_tree(ix, &tree, &fresh);
    printf(o->json ? "{\"ok\":true,\"entries\":%" PRIu64 ",\"new\":%" PRIu64 "}\n"
                   : "indexed: %" PRIu64 " entries, %" PRIu64 " of them new\n",
           tree.size, fresh);
    return 0;
}

/* --- show ------------------------------------------------------------------------------------------- */

struct showing {
    const struct audit_export *x;
    const struct options *o;
    const char *origin;
    audit_line_fn *line;
};

static sy_status show_entry(void *ctx, uint64_t entry, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = AUDIT_LINE_MAX};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(AUDIT_LINE_MAX);
    const struct showing *s = ctx;
    struct audit_line_place at = {s->origin, &arena};
    struct audit_record r;
    SY_TRY(audit_record_read(s->x, entry, &arena, &r, err));
    if (!audit_filter_fits(&s->o->filter, &r)) {
        return sy_fail(err, SY_E_TAMPERED, "index",
                       "entry %" PRIu64 " is not what it says: use --rebuild", entry);
    }
    sy_status st = s->line(&at, &r, &b);
    if (!sy_ok(st)) {
        return sy_fail(err, st.code, NULL, "entry %" PRIu64 ": %s", entry, sy_code_text(st.code));
    }
    return fwrite(b.p, 1, b.n, stdout) == b.n ? SY_OK
                                              : sy_fail(err, SY_E_IO, NULL, "output was closed");
}

int cmd_show(const struct options *o, struct audit_export *x)
{
    AUDIT_INDEX_CLEANUP struct audit_index *ix = NULL;
    struct sy_error err = {0};
    struct proof_vkey key;
    struct showing s = {x, o, key.name,
                        o->syslog ? audit_line_syslog
                        : o->json ? audit_line_json
                                  : audit_line_table};
    if (!sy_ok(cmd_index_open(o, x, &ix, &key, &err)) ||
        !sy_ok(audit_index_find(ix, &o->filter, show_entry, &s, &err))) {
        return cmd_fail(o, &err);
    }
    return 0;
}

/* --- trace ------------------------------------------------------------------------------------------ */

/* A number, or a file with a receipt. */
static sy_status traced_entry(const struct options *o, const struct audit_export *x,
                              const struct proof_vkey *key, uint64_t *ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
    char *end;
    *ret = strtoull(o->what, &end, 10);
    if (o->what[0] >= '0' && o->what[0] <= '9' && *end == '\0') {
        return *ret < audit_size(x) ? SY_OK
                                    : sy_fail(err, SY_E_NOT_FOUND, "entry",
                                              "the export has %" PRIu64 " entries", audit_size(x));
    }
    if (!sy_ok(sy_read_file_at(AT_FDCWD, o->what, &text))) {
        return sy_fail(err, SY_E_NOT_FOUND, "receipt",
                       "%.100s: neither a number nor a receipt that can be read", o->what);
    }
    return audit_receipt_entry(x, key, sy_buf_view(&text), ret, err);
}

int cmd_trace(const struct options *o, struct audit_export *x)
{
    AUDIT_INDEX_CLEANUP struct audit_index *ix = NULL;
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = AUDIT_LINE_MAX};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(AUDIT_LINE_MAX);
    struct sy_error err = {0};
    struct proof_vkey key;
    struct audit_trace t;
    uint64_t entry;
    audit_trace_fn *print = o->dot    ? audit_trace_dot
                            : o->json ? audit_trace_json
                                      : audit_trace_text;
    if (!sy_ok(cmd_index_open(o, x, &ix, &key, &err)) ||
        !sy_ok(traced_entry(o, x, &key, &entry, &err)) ||
        !sy_ok(audit_trace(x, ix, entry, &arena, &t, &err))) {
        return cmd_fail(o, &err);
    }
    sy_status s = print(&t, o->lang, &b);
    if (!sy_ok(s)) {
        sy_fail(&err, s.code, NULL, NULL);
        return cmd_fail(o, &err);
    }
    return fwrite(b.p, 1, b.n, stdout) == b.n ? 0 : 1;
}

/* --- schema ----------------------------------------------------------------------------------------- */

static int print_schema(const char *type, size_t flags)
{
    json_t *j = audit_json_schema(type);
    if (j == NULL) {
        fprintf(stderr, "shuyu-audit: no event type of that name\n");
        return 2;
    }
    int status = json_dumpf(j, stdout, flags | JSON_SORT_KEYS) == 0 ? 0 : 1;
    puts("");
    json_decref(j);
    return status;
}

int cmd_schema(const struct options *o, struct audit_export *x)
{
    (void)x;
    int status = 0;
    const char *type = o->dir;
    if (type != NULL) {
        return print_schema(type, JSON_INDENT(2));
    }
    for (size_t i = 0; status == 0 && (type = audit_json_type(i)) != NULL; i++) {
        status = print_schema(type, JSON_COMPACT);
    }
    return status;
}
