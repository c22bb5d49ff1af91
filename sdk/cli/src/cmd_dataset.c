/*
 * What: packs and the catalogue: compile, adopt, define, ingest, list, show.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "cli/compile.h"
#include "cli/out.h"
#include "wire/custody.h"

static bool compile_pack(struct cli *c, struct sy_pack *ret, int *ret_status)
{
    struct sy_error e = {0};
    if (c->n_args != 1) {
        *ret_status = cli_usage("give one pack file");
        return false;
    }
    bool ok = sy_ok(cli_compile_pack(c->args[0], &c->arena, ret, &e));
    *ret_status = ok ? 0 : cli_fail_error(c, &e);
    return ok;
}

static bool encode_pack(struct cli *c, const struct sy_pack *pack, struct sy_buf *b,
                        int *ret_status)
{
    struct sy_error e = {0};
    sy_status s = sy_record_encode(&sy_pack_desc, pack, b);
    if (!sy_ok(s)) {
        sy_fail(&e, s.code, "pack", NULL);
        *ret_status = cli_fail_error(c, &e);
    }
    return sy_ok(s);
}

int cli_pack_compile(struct cli *c)
{
    int status = 2;
    struct sy_pack pack;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
    const char *out = cli_need(c, "out");
    if (out != NULL && compile_pack(c, &pack, &status) && encode_pack(c, &pack, &b, &status)) {
        (void)cli_write_file(c, out, sy_buf_view(&b), &status);
    }
    return status;
}

int cli_pack_show(struct cli *c)
{
    int status = 0;
    struct sy_pack pack;
    if (!compile_pack(c, &pack, &status)) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_pack_desc, &pack));
    }
    cli_print_lines(&sy_pack_desc, &pack);
    return 0;
}

int cli_pack_send(struct cli *c, const struct sy_pack *pack)
{
    int status = 0;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
    if (!encode_pack(c, pack, &b, &status)) {
        return status;
    }
    struct sy_pack_adopt args = {.pack = sy_buf_view(&b)};
    return cli_call(
        c,
        &(struct cli_ask){.method = "pack.adopt", .args_desc = &sy_pack_adopt_desc, .args = &args});
}

int cli_pack_adopt(struct cli *c)
{
    int status = 0;
    struct sy_pack pack;
    if (!compile_pack(c, &pack, &status)) {
        return status;
    }
    status = cli_pack_send(c, &pack);
    if (status == 0) {
        cli_say(c, "pack adopted\n");
    }
    return status;
}

int cli_dataset_send(struct cli *c, const struct sy_dataset_def *def)
{
    return cli_call(c, &(struct cli_ask){.method = "dataset.define",
                                         .args_desc = &sy_dataset_def_desc,
                                         .args = def});
}

int cli_dataset_define(struct cli *c)
{
    struct sy_error e = {0};
    struct sy_dataset_def def;
    if (c->n_args != 1) {
        return cli_usage("give one catalogue file");
    }
    if (!sy_ok(cli_compile_dataset(c->args[0], &c->arena, &def, &e))) {
        return cli_fail_error(c, &e);
    }
    int status = cli_dataset_send(c, &def);
    if (status == 0) {
        cli_say(c, "%.*s is in the catalogue\n", SY_PV(def.id));
    }
    return status;
}

/* --- ingest -------------------------------------------------------------------------------------------- */

void cli_quality_print(const struct sy_ingest_result *r)
{
    static const char *const headers[] = {"RULE", "FIELD", "REJECTED", "NULLED", "COERCED"};
    printf("version %" PRIu64 ": %" PRIu64 " rows kept of %" PRIu64 ", %" PRIu64 " bytes read\n",
           r->version, r->quality.rows_kept, r->quality.rows_in, r->quality.bytes);
    if (r->quality.n_rules == 0) {
        return;
    }
    struct cli_table *t = cli_table_new(headers, 5);
    for (size_t i = 0; i < r->quality.n_rules; i++) {
        const struct sy_quality_rule *q = &r->quality.rules[i];
        char rule[80], field[80], n[3][24];
        sy_view_to_cstr(q->rule, rule, sizeof(rule));
        sy_view_to_cstr(q->field, field, sizeof(field));
        snprintf(n[0], sizeof(n[0]), "%" PRIu64, q->rejected);
        snprintf(n[1], sizeof(n[1]), "%" PRIu64, q->nulled);
        snprintf(n[2], sizeof(n[2]), "%" PRIu64, q->coerced);
        cli_table_row(t, (const char *const[]){rule, field, n[0], n[1], n[2]});
    }
    cli_table_print(t);
}

static int send_file(struct cli *c, const char *dataset, int fd, uint64_t bytes,
                     struct sy_ingest_result *ret)
{
    struct sy_ingest args = {.dataset = sy_view_str(dataset), .file_bytes = bytes};
    struct cli_ask ask = {.method = "dataset.ingest",
                          .args_desc = &sy_ingest_desc,
                          .args = &args,
                          .result_desc = &sy_ingest_result_desc,
                          .ret_result = ret,
                          .fd = fd};
    return cli_call(c, &ask);
}

int cli_dataset_ingest(struct cli *c)
{
    struct stat st;
    struct sy_ingest_result r;
    if (c->n_args != 2 || c->local == NULL) {
        return cli_usage("usage: shuyu --local DIR/run/local.sock dataset ingest DATASET FILE");
    }
    const char *path = c->args[1];
    SY_FD_CLEANUP int fd =
        strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return cli_usage("%s: cannot be read", path);
    }
    int status = send_file(c, c->args[0], fd, (uint64_t)st.st_size, &r);
    if (status != 0 || c->json) {
        return status != 0 ? status : cli_print_json(cli_json_record(&sy_ingest_result_desc, &r));
    }
    if (!c->quiet) {
        fputs(isatty(STDERR_FILENO) ? "\r" : "", stderr);
        cli_quality_print(&r);
    }
    return 0;
}

/* --- list, show ------------------------------------------------------------------------------------------ */

/* A dataset row of the state holds the canonical definition under "def". */
static bool read_def(struct cli *c, struct sy_view row, struct sy_dataset_def *ret)
{
    struct sy_view def = {0};
    return cli_member(c, row, "def", &def) &&
           sy_ok(sy_record_decode(&sy_dataset_def_desc, def, &SY_MP_LARGE, &c->arena, ret, NULL));
}

/* The commitments of the row's key as far as custody is read from them: is there one to a third share? */
static struct sy_dataset_keys custody_keys(struct sy_view row)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    struct sy_dataset_keys ret = {0};
    if (!sy_ok(sy_mp_open(row, &SY_MP_LARGE, &doc, NULL))) {
        return ret;
    }
    const msgpack_object *keys = sy_mp_get(&doc.root, "keys");
    bool one = keys != NULL && keys->type == MSGPACK_OBJECT_ARRAY && keys->via.array.size == 1;
    if (one && sy_mp_get(&keys->via.array.ptr[0], "department") != NULL) {
        memset(ret.department, 1, sizeof(ret.department));
    }
    return ret;
}

/* Who holds the key's shares beside the platform: as the record has it, and the word for it. */
static json_t *def_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    (void)id;
    struct sy_dataset_def def;
    struct sy_dataset_keys keys = custody_keys(row);
    if (!read_def(c, row, &def)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_dataset_def_desc, &def);
    (void)json_object_set_new(j, "custody", json_string(sy_custody_word(&def, &keys)));
    return j;
}

static const char *holders(struct cli *c, const struct sy_dataset_def *def, struct sy_view row)
{
    struct sy_dataset_keys keys = custody_keys(row);
    if (def->custodian.n == 0) {
        return "the platform alone";
    }
    return sy_custody_third(&keys)
               ? sy_arena_printf(&c->arena, "the platform, %.*s and %.*s", SY_PV(def->custodian),
                                 SY_PV(def->department))
               : sy_arena_printf(&c->arena, "the platform and %.*s", SY_PV(def->custodian));
}

static bool def_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    (void)id;
    struct sy_dataset_def def;
    if (!read_def(c, row, &def)) {
        return false;
    }
    ret[0] = cli_text(c, def.id);
    ret[1] = cli_text(c, def.department);
    ret[2] = cli_text(c, def.ns);
    ret[3] = sy_arena_printf(&c->arena, "g%" PRIu64, def.membership);
    ret[4] = sy_arena_printf(&c->arena, "%zu", def.n_fields);
    ret[5] = cli_text(c, def.title);
    return true;
}

/* The bounds as people write them: dates, decimals. */
static const char *bound(struct cli *c, const struct sy_field_def *f, int64_t v)
{
    char date[21];
    if (!sy_view_is(f->type, "date")) {
        return cli_decimal(c, v, (unsigned)f->scale);
    }
    sy_time_format(v * 86400, date);
    return sy_arena_printf(&c->arena, "%.10s", date);
}

static const char *range(struct cli *c, const struct sy_field_def *f)
{
    if (f->n_values > 0) {
        return sy_arena_printf(&c->arena, "%zu values", f->n_values);
    }
    return f->lo == 0 && f->hi == 0
               ? "-"
               : sy_arena_printf(&c->arena, "%s..%s", bound(c, f, f->lo), bound(c, f, f->hi));
}

static bool print_def(struct cli *c, struct sy_view id, struct sy_view row)
{
    (void)id;
    static const char *const headers[] = {"FIELD", "TYPE", "GRADE", "RANGE", "MEASURE", "TITLE"};
    struct sy_dataset_def def;
    if (!read_def(c, row, &def)) {
        return false;
    }
    struct cli_table *t = cli_table_new(headers, 6);
    printf("%.*s  %.*s\n", SY_PV(def.id), SY_PV(def.title));
    printf("key shares: %s\n", holders(c, &def, row));
    for (size_t i = 0; i < def.n_fields; i++) {
        const struct sy_field_def *f = &def.fields[i];
        cli_table_row(t, (const char *const[]){cli_text(c, f->name), cli_text(c, f->type),
                                               sy_arena_printf(&c->arena, "g%" PRIu64, f->grade),
                                               range(c, f), cli_text(c, f->measure),
                                               cli_text(c, f->title)});
    }
    cli_table_print(t);
    return true;
}

static const char *const def_headers[] = {"DATASET", "DEPARTMENT", "UNITS",
                                          "GRADE",   "FIELDS",     "TITLE"};
static const struct cli_kind_view def_view = {{"dataset/"}, def_headers, 6,
                                              def_json,     def_cells,   print_def};

int cli_dataset_list(struct cli *c)
{
    return cli_list(c, &def_view);
}

int cli_dataset_show(struct cli *c)
{
    return c->n_args == 1 ? cli_show(c, &def_view, sy_view_str(c->args[0]))
                          : cli_usage("give one dataset");
}
