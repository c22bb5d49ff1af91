/*
 * What: a developer's own data (docs/scheme/fusion.md): define, confirm, put, list, show.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "cli/compile.h"
#include "cli/out.h"
#include "proof/hash.h"
#include "wire/own.h"

enum { RAW_MAX = 1 << 30 };

/* ---- define ---- */

/* The raw file's length and digest: what the operator confirms, and what alone will come in. */
static bool raw_file(const char *path, struct sy_own *ret, int *ret_status)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(RAW_MAX);
    if (!sy_ok(sy_read_file_at(AT_FDCWD, path, &b))) {
        *ret_status = cli_usage("%s: cannot be read", path);
        return false;
    }
    ret->bytes = b.n;
    proof_sha256_one(ret->content, sy_buf_view(&b));
    return true;
}

int cli_own_define(struct cli *c)
{
    int status = 0;
    struct sy_error e = {0};
    struct sy_own a;
    const char *raw = cli_need(c, "file");
    if (raw == NULL || c->n_args != 1) {
        return raw == NULL ? 2 : cli_usage("give one file that defines the data");
    }
    if (!sy_ok(cli_compile_own(c->args[0], &c->arena, &a, &e))) {
        return cli_fail_error(c, &e);
    }
    if (!raw_file(raw, &a, &status)) {
        return status;
    }
    status = cli_call(
        c, &(struct cli_ask){.method = "own.define", .args_desc = &sy_own_desc, .args = &a});
    if (status == 0 && c->json) {
        return cli_print_json(cli_json_record(&sy_own_desc, &a));
    }
    if (status == 0) {
        cli_say(c,
                "%.*s is declared: %" PRIu64
                " bytes\nName it in a scene, among the datasets and as "
                "own_data; the operator confirms it under the grant.\n",
                SY_PV(a.def.id), a.bytes);
    }
    return status;
}

/* ---- confirm ---- */

/* The grant that names it: --grant, or what the row says. */
static bool grant_of(struct cli *c, const char *dataset, uint8_t ret[32], int *ret_status)
{
    const char *given = cli_option(c, "grant");
    struct sy_view row = {0};
    struct sy_view grant = {0};
    if (given != NULL) {
        return cli_id(c, "grant/", given, ret, ret_status);
    }
    *ret_status = cli_find(c, "own/", sy_view_str(dataset), &row);
    if (*ret_status != 0) {
        return false;
    }
    if (row.p == NULL || !cli_member(c, row, "grant", &grant) || grant.n != 32) {
        *ret_status = cli_usage("%s: no scene names it", dataset);
        return false;
    }
    memcpy(ret, grant.p, 32);
    return true;
}

int cli_own_confirm(struct cli *c)
{
    int status = 0;
    uint8_t grant[32];
    struct sy_review r;
    if (c->n_args != 1) {
        return cli_usage("give one own dataset");
    }
    if (!cli_review_args(c, &r, &status) || !grant_of(c, c->args[0], grant, &status)) {
        return status;
    }
    const struct sy_own_confirm a = {
        .dataset = sy_view_str(c->args[0]), .decision = r.decision, .opinion = r.opinion};
    status = cli_call(c, &(struct cli_ask){.method = "own.confirm",
                                           .grant = grant,
                                           .args_desc = &sy_own_confirm_desc,
                                           .args = &a});
    if (status == 0) {
        cli_say(c, "%s: %.*s recorded\n", c->args[0], SY_PV(r.decision));
    }
    return status;
}

/* ---- put ---- */

static void progress(void *ctx, uint64_t sent, uint64_t of)
{
    const struct cli *c = ctx;
    if (!c->quiet && isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " bytes", sent, of);
    }
}

/* What came of it, by the last part's reply. */
static int put_result(struct cli *c, const shuyu_reply *reply)
{
    struct sy_ingest_result r;
    shuyu_bytes bytes = shuyu_reply_result(reply);
    if (!sy_ok(sy_record_decode(&sy_ingest_result_desc, sy_view(bytes.data, bytes.n), &SY_MP_LARGE,
                                &c->arena, &r, NULL))) {
        return cli_usage("the domain's result does not read");
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_ingest_result_desc, &r));
    }
    if (!c->quiet) {
        fputs(isatty(STDERR_FILENO) ? "\r" : "", stderr);
        cli_quality_print(&r);
    }
    return 0;
}

int cli_own_put(struct cli *c)
{
    int status = 0;
    uint8_t grant[32];
    shuyu_reply *reply = NULL;
    if (c->n_args != 2) {
        return cli_usage("usage: shuyu own put DATASET FILE [--grant ID]");
    }
    SY_FD_CLEANUP int fd = open(c->args[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cli_usage("%s: cannot be read", c->args[1]);
    }
    if (!grant_of(c, c->args[0], grant, &status) || !cli_connect(c, &status)) {
        return status;
    }
    const shuyu_own_file file = {.grant = grant,
                                 .dataset = c->args[0],
                                 .fd = fd,
                                 .on_progress = progress,
                                 .progress_ctx = c};
    shuyu_status s = shuyu_own_put(c->session, &file, &reply, &c->err);
    status = s == SHUYU_OK ? put_result(c, reply) : cli_fail(c);
    shuyu_reply_free(reply);
    return status;
}

/* ---- list, show ---- */

static bool read_row(struct cli *c, struct sy_view row, struct sy_own_row *ret)
{
    return sy_ok(sy_record_decode(&sy_own_row_desc, row, &SY_MP_LARGE, &c->arena, ret, NULL));
}

static json_t *own_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_own_row r;
    if (!read_row(c, row, &r)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_own_row_desc, &r);
    json_object_set_new(j, "dataset", cli_json_text(id));
    return j;
}

/* The proposal or grant that names it; "-": none. */
static const char *grant_text(struct cli *c, const struct sy_own_row *r)
{
    static const uint8_t none[32] = {0};
    char hex[65];
    if (memcmp(r->grant, none, 32) == 0) {
        return "-";
    }
    cli_hex(hex, r->grant, 32);
    return sy_arena_printf(&c->arena, "%s", hex);
}

static bool own_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_own_row r;
    if (!read_row(c, row, &r)) {
        return false;
    }
    ret[0] = cli_text(c, id);
    ret[1] = cli_text(c, r.status);
    ret[2] = cli_text(c, r.developer);
    ret[3] = sy_arena_printf(&c->arena, "%.12s", grant_text(c, &r));
    ret[4] = sy_arena_printf(&c->arena, "%" PRIu64, r.bytes);
    ret[5] = cli_text(c, r.statement.source);
    return true;
}

static bool own_print(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_own_row r;
    char content[65], evidence[65];
    if (!read_row(c, row, &r)) {
        return false;
    }
    cli_hex(content, r.content, 32);
    cli_hex(evidence, r.statement.evidence, 32);
    printf("%.*s\nstatus     %.*s\ndeveloper  %.*s\ngrant      %s\n", SY_PV(id), SY_PV(r.status),
           SY_PV(r.developer), grant_text(c, &r));
    printf("file       %" PRIu64 " bytes, SHA-256 %s\n", r.bytes, content);
    printf("source     %.*s\nbasis      %.*s\nevidence   SHA-256 %s\n", SY_PV(r.statement.source),
           SY_PV(r.statement.basis), evidence);
    if (r.statement.text.n > 0) {
        printf("text       %.*s\n", SY_PV(r.statement.text));
    }
    if (r.decided > 0) {
        printf("operator   entry %" PRIu64 ": %.*s\n", r.decided, SY_PV(r.opinion));
    }
    if (r.parts > 0) {
        printf("parts      %" PRIu64 " of %" PRIu64 " came in\n", r.next, r.parts);
    }
    if (r.loaded > 0) {
        printf("published  entry %" PRIu64 "\n", r.loaded);
    }
    if (r.erased > 0) {
        printf("erased     entry %" PRIu64 "\n", r.erased);
    }
    return true;
}

static const char *const own_headers[] = {"DATASET", "STATUS", "DEVELOPER",
                                          "GRANT",   "BYTES",  "SOURCE"};
static const struct cli_kind_view own_view = {{"own/"}, own_headers, 6,
                                              own_json, own_cells,   own_print};

int cli_own_list(struct cli *c)
{
    return cli_list(c, &own_view);
}

int cli_own_show(struct cli *c)
{
    return c->n_args == 1 ? cli_show(c, &own_view, sy_view_str(c->args[0]))
                          : cli_usage("give one own dataset");
}
