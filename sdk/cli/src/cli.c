/*
 * What: what commands share: options, the profile and session, calls, listing, ids, files. Invariant:
 * whatever goes wrong is said once, on stderr, with what to do, and becomes an exit status.
 */
#include "cli/out.h"
#include "cli/yaml.h"
#include "shuyu/staff.h"

#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "base/fdio.h"

const char *cli_option(const struct cli *c, const char *name)
{
    for (size_t i = 0; i < c->n_options; i++) {
        if (strcmp(c->options[i].name, name) == 0) {
            return c->options[i].value != NULL ? c->options[i].value : "";
        }
    }
    return NULL;
}

const char *cli_need(struct cli *c, const char *name)
{
    const char *v = cli_option(c, name);
    if (v == NULL || *v == '\0') {
        cli_usage("--%s is missing", name);
        return NULL;
    }
    return v;
}

static bool is_switch(const char *name)
{
    static const char *const switches[] = {
        "accept",  "all",      "approve", "dcat",     "help",   "json", "no-redistribution",
        "offered", "overdue",  "quiet",   "reject",   "return", "show", "solved",
        "stale",   "unsolved", "version", "withdrawn"};
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (strcmp(name, switches[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* An option's name up to '='; its value is what follows, or the next word. Words taken, 0 = none left. */
static size_t parse_option(struct cli *c, const char *word, const char *next, struct cli_option *o)
{
    const char *name = word + 2, *eq = strchr(name, '=');
    o->name = eq == NULL ? name : sy_arena_printf(&c->arena, "%.*s", (int)(eq - name), name);
    if (eq != NULL || is_switch(o->name)) {
        o->value = eq != NULL ? eq + 1 : NULL;
        return 1;
    }
    o->value = next;
    return next != NULL ? 2 : 0;
}

int cli_parse(struct cli *c, size_t n, const char *const *words)
{
    for (size_t i = 0; i < n;) {
        if (c->n_args == CLI_ARGS_MAX || c->n_options == CLI_ARGS_MAX) {
            return cli_usage("too many arguments");
        }
        if (strncmp(words[i], "--", 2) != 0) {
            c->args[c->n_args++] = words[i++];
            continue;
        }
        size_t taken =
            parse_option(c, words[i], i + 1 < n ? words[i + 1] : NULL, &c->options[c->n_options++]);
        if (taken == 0) {
            return cli_usage("%s needs a value", words[i]);
        }
        i += taken;
    }
    return 0;
}

void cli_end(struct cli *c)
{
    shuyu_close(c->session);
    shuyu_profile_close(c->profile);
    sy_arena_deinit(&c->arena);
}

void cli_say(const struct cli *c, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (!c->json && !c->quiet) {
        vprintf(fmt, args);
    }
    va_end(args);
}

int cli_usage(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("shuyu: ", stderr);
    vfprintf(stderr, fmt, args);
    fputs("\n", stderr);
    va_end(args);
    return 2;
}

static int status_of(int code)
{
    static const int by_category[] = {
        [SHUYU_CAT_OK] = 0,    [SHUYU_CAT_USAGE] = 1,   [SHUYU_CAT_DENIED] = 1,
        [SHUYU_CAT_QUOTA] = 1, [SHUYU_CAT_CRYPTO] = 3,  [SHUYU_CAT_IO] = 4,
        [SHUYU_CAT_BUSY] = 4,  [SHUYU_CAT_INTERNAL] = 4};
    unsigned category = (unsigned)code >> 8;
    return category < sizeof(by_category) / sizeof(by_category[0]) ? by_category[category] : 4;
}

static int print_error(struct cli *c, int code, const char *field, const char *reason, bool logged,
                       uint64_t entry)
{
    if (c->json) {
        json_t *j = json_pack("{s:s,s:s,s:s,s:b,s:I}", "error", shuyu_error_name(code), "field",
                              field, "reason", *reason ? reason : shuyu_error_text(code), "logged",
                              logged, "entry", (json_int_t)entry);
        json_dumpf(j, stderr, JSON_COMPACT);
        fputs("\n", stderr);
        json_decref(j);
        return status_of(code);
    }
    fprintf(stderr, "refused (%s): %s%s%s\n", shuyu_error_name(code), field, *field ? ": " : "",
            *reason ? reason : shuyu_error_text(code));
    if (logged) {
        fprintf(stderr, "  logged as entry %" PRIu64 ", proof verified\n", entry);
    }
    return status_of(code);
}

int cli_fail(struct cli *c)
{
    return print_error(c, c->err.code, c->err.field, c->err.reason, c->err.logged, c->err.entry);
}

int cli_fail_error(struct cli *c, const struct sy_error *e)
{
    print_error(c, e->code, e->field, e->reason, false, 0);
    return 2;
}

/* Columns that the text takes on a terminal; a Chinese character takes two. */
static int columns_of(struct sy_view v)
{
    mbstate_t state = {0};
    int sum = 0;
    for (size_t i = 0; i < v.n;) {
        wchar_t w = L' ';
        size_t n = mbrtowc(&w, (const char *)v.p + i, v.n - i, &state);
        if (n == 0 || n > v.n - i) { /* not UTF-8: a byte is a column */
            state = (mbstate_t){0};
            n = 1;
        }
        sum += wcwidth(w) > 0 ? wcwidth(w) : 1;
        i += n;
    }
    return sum;
}

int cli_run_other(char **words)
{
    char self[4096], path[4200];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n < 0 ? 0 : n] = '\0';
    snprintf(path, sizeof(path), "%s/%s", n < 0 ? "." : dirname(self), words[0]);
    if (access(path, X_OK) == 0) {
        execv(path, words);
    }
    execvp(words[0], words);
    return cli_usage("%s is not installed", words[0]);
}

void cli_point(const struct cli *c, struct sy_view text, uint64_t pos)
{
    if (c->json) {
        return;
    }
    size_t from = pos > text.n ? text.n : (size_t)pos, to = from;
    pos = from;
    while (from > 0 && text.p[from - 1] != '\n') {
        from--;
    }
    while (to < text.n && text.p[to] != '\n') {
        to++;
    }
    fprintf(stderr, "  %.*s\n  %*s^\n", (int)(to - from), (const char *)text.p + from,
            columns_of(sy_view(text.p + from, pos - from)), "");
}

bool cli_profile(struct cli *c, int *ret_status)
{
    if (c->profile == NULL && shuyu_profile_open(c->home, &c->profile, &c->err) != SHUYU_OK) {
        *ret_status = cli_fail(c);
        return false;
    }
    return true;
}

static void show_progress(void *ctx, uint64_t rows, uint64_t bytes)
{
    const struct cli *c = ctx;
    if (!c->quiet && isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%" PRIu64 " rows, %" PRIu64 " MB", rows, bytes / 1000000);
    }
}

bool cli_connect(struct cli *c, int *ret_status)
{
    if (!cli_profile(c, ret_status)) {
        return false;
    }
    if (c->session != NULL) {
        return true;
    }
    shuyu_options o = {
        .on_progress = show_progress, .progress_ctx = c, .call_timeout_ms = 3600 * 1000};
    shuyu_status s = c->local != NULL
                         ? shuyu_open_local(c->profile, c->local, &o, &c->session, &c->err)
                         : shuyu_open(c->profile, c->address, &o, &c->session, &c->err);
    if (s != SHUYU_OK) {
        *ret_status = cli_fail(c);
    }
    return s == SHUYU_OK;
}

/* --- calls ---------------------------------------------------------------------------------------------- */

static bool encode(struct cli *c, const struct sy_desc *desc, const void *rec, struct sy_buf *b,
                   shuyu_bytes *ret, int *ret_status)
{
    if (desc == NULL) {
        return true;
    }
    sy_status s = sy_record_encode(desc, rec, b);
    if (!sy_ok(s)) {
        struct sy_error e = {0};
        sy_fail(&e, s.code, desc->name, NULL);
        *ret_status = cli_fail_error(c, &e);
        return false;
    }
    *ret = (shuyu_bytes){b->p, b->n};
    return true;
}

/* The request's own entry; of a charge, whose proofs are two, the first. */
static void take_entry(const struct cli_ask *ask, const shuyu_reply *reply)
{
    shuyu_proof proof;
    if (ask->ret_entry != NULL && shuyu_reply_proof(reply, 0, &proof) == SHUYU_OK) {
        *ask->ret_entry = proof.index;
    }
}

static int take_result(struct cli *c, const struct cli_ask *ask, shuyu_reply *reply)
{
    struct sy_error e = {0};
    take_entry(ask, reply);
    shuyu_bytes got = shuyu_reply_result(reply);
    struct sy_view copy = sy_arena_copy(&c->arena, sy_view(got.data, got.n));
    if (ask->result_desc == NULL) {
        return 0;
    }
    sy_status s =
        sy_record_decode(ask->result_desc, copy, &SY_MP_LARGE, &c->arena, ask->ret_result, &e);
    return sy_ok(s) ? 0 : cli_fail_error(c, &e);
}

/* --cosign FILE: what would be sent goes into a file, for the second of two people to sign. */
static int write_prepared(struct cli *c, const shuyu_request *r)
{
    int status = 0;
    shuyu_buffer b = {0};
    const char *path = cli_need(c, "cosign");
    if (path == NULL) {
        return 2;
    }
    if (shuyu_prepare(c->profile, r, &b, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    bool written = cli_write_file(c, path, sy_view(b.data, b.n), &status);
    shuyu_buffer_free(&b);
    if (!written) {
        return status;
    }
    if (c->json) {
        (void)cli_print_json(json_pack("{s:s,s:s}", "method", r->method, "prepared", path));
    }
    cli_say(c,
            "%s is prepared in %s, good for an hour. Now the second person of the party:\n"
            "  shuyu --home MEMBER sign %s\nand either of the two: shuyu send %s\n",
            r->method, path, path, path);
    return CLI_PREPARED;
}

int cli_call(struct cli *c, const struct cli_ask *ask)
{
    int status = 0;
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(CLI_BYTES_MAX);
    SY_BUF_CLEANUP struct sy_buf secret = sy_buf(CLI_BYTES_MAX);
    secret.wipe = true;
    shuyu_request r = {.method = ask->method, .grant = ask->grant, .subject = ask->subject};
    if (!encode(c, ask->args_desc, ask->args, &args, &r.args, &status) ||
        !encode(c, ask->secret_desc, ask->secret, &secret, &r.secret, &status) ||
        !cli_connect(c, &status)) {
        return status;
    }
    if (cli_option(c, "cosign") != NULL && !shuyu_is_read(ask->method)) {
        return ask->fd > 0 ? cli_usage("what comes with a file is sent at once: no --cosign")
                           : write_prepared(c, &r);
    }
    shuyu_reply *reply = NULL;
    shuyu_status s = ask->fd > 0 ? shuyu_call_with_fd(c->session, &r, ask->fd, &reply, &c->err)
                                 : shuyu_call(c->session, &r, &reply, &c->err);
    if (s == SHUYU_OK) {
        status = take_result(c, ask, reply);
    } else {
        status = s == ask->expected ? status_of(s) : cli_fail(c);
    }
    shuyu_reply_free(reply);
    return status;
}

int cli_rows(struct cli *c, const char *prefix, cli_row_fn *f, void *ctx)
{
    struct sy_list args = {.prefix = sy_view_str(prefix)};
    struct sy_state_rows rows = {.more = true};
    while (rows.more) {
        struct cli_ask ask = {.method = "state.list",
                              .args_desc = &sy_list_desc,
                              .args = &args,
                              .result_desc = &sy_state_rows_desc,
                              .ret_result = &rows};
        int status = cli_call(c, &ask);
        if (status != 0) {
            return status;
        }
        for (size_t i = 0; i < rows.n_rows; i++) {
            if (!f(ctx, rows.rows[i].key, rows.rows[i].value)) {
                return 0;
            }
            args.after = rows.rows[i].key;
        }
    }
    return 0;
}

/* --- ids ------------------------------------------------------------------------------------------------- */

void cli_hex(char *ret, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        snprintf(ret + 2 * i, 3, "%02x", p[i]);
    }
    ret[2 * n] = '\0';
}

struct id_search {
    struct sy_view wanted; /* prefix/digits */
    size_t n_prefix, n_found;
    uint8_t id[32];
};

static bool match_id(void *ctx, struct sy_view key, struct sy_view value)
{
    (void)value;
    struct id_search *s = ctx;
    if (sy_view_starts(key, s->wanted) &&
        cli_yaml_value(CLI_B32, sy_view(key.p + s->n_prefix, key.n - s->n_prefix), s->id)) {
        s->n_found++;
    }
    return s->n_found < 2;
}

bool cli_id(struct cli *c, const char *state_prefix, const char *text, uint8_t ret[32],
            int *ret_status)
{
    if (text == NULL) {
        *ret_status = 2;
        return false;
    }
    if (cli_yaml_value(CLI_B32, sy_view_str(text), ret)) {
        return true;
    }
    char *wanted = sy_arena_printf(&c->arena, "%s%s", state_prefix, text);
    struct id_search s = {.wanted = sy_view_str(wanted), .n_prefix = strlen(state_prefix)};
    *ret_status = strlen(text) < 6 ? cli_usage("%s: give at least 6 digits of the id", text)
                                   : cli_rows(c, state_prefix, match_id, &s);
    if (*ret_status == 0 && s.n_found != 1) {
        *ret_status = cli_usage("%s: %s", text,
                                s.n_found == 0 ? "no such id" : "not unique; give more digits");
    }
    memcpy(ret, s.id, 32);
    return *ret_status == 0;
}

bool cli_id_arg(struct cli *c, const char *state_prefix, uint8_t ret[32], int *ret_status)
{
    if (c->n_args != 1) {
        *ret_status = cli_usage("give one id");
        return false;
    }
    return cli_id(c, state_prefix, c->args[0], ret, ret_status);
}

/* --- rows and texts ------------------------------------------------------------------------------- */

const char *cli_text(struct cli *c, struct sy_view v)
{
    return (const char *)sy_arena_copy(&c->arena, v.n > 0 ? v : sy_view_str("-")).p;
}

const char *cli_decimal(struct cli *c, int64_t value, unsigned scale)
{
    uint64_t p = 1, m = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    for (unsigned i = 0; i < scale; i++) {
        p *= 10;
    }
    return scale == 0 ? sy_arena_printf(&c->arena, "%" PRId64, value)
                      : sy_arena_printf(&c->arena, "%s%" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "",
                                        m / p, (int)scale, m % p);
}

bool cli_member(struct cli *c, struct sy_view row, const char *key, struct sy_view *ret)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    struct sy_view v = {0};
    if (!sy_ok(sy_mp_open(row, &SY_MP_LARGE, &doc, NULL))) {
        return false;
    }
    const msgpack_object *o = sy_mp_get(&doc.root, key);
    if (o == NULL || !sy_mp_text_or_bin(o, &v)) {
        return false;
    }
    *ret = sy_arena_copy(&c->arena, v);
    return true;
}

bool cli_review_args(struct cli *c, struct sy_review *ret, int *ret_status)
{
    static const char *const decisions[] = {"approve", "reject", "return"};
    const char *decision = NULL;
    size_t n = 0;
    for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
        if (cli_option(c, decisions[i]) != NULL) {
            decision = decisions[i];
            n++;
        }
    }
    if (n != 1) {
        *ret_status = cli_usage("give --approve or --reject (or --return, for applications)");
        return false;
    }
    *ret = (struct sy_review){.decision = sy_view_str(decision),
                              .opinion = sy_view_str(cli_option(c, "opinion")),
                              .feasibility = sy_view_str(cli_option(c, "feasibility")),
                              .compliance = sy_view_str(cli_option(c, "compliance")),
                              .risk = sy_view_str(cli_option(c, "risk")),
                              .value = sy_view_str(cli_option(c, "value"))};
    return true;
}

/* --- files ------------------------------------------------------------------------------------------------- */

bool cli_read_file(struct cli *c, const char *path, struct sy_view *ret, int *ret_status)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
    if (!sy_ok(sy_read_file_at(AT_FDCWD, path, &b))) {
        *ret_status = cli_usage("%s: cannot be read", path);
        return false;
    }
    *ret = sy_arena_copy(&c->arena, sy_buf_view(&b));
    return true;
}

static bool write_file(const char *path, struct sy_view content, mode_t mode, int *ret_status)
{
    bool out = strcmp(path, "-") == 0;
    SY_FD_CLEANUP int fd =
        out ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    bool closed = out || mode != 0600 || (fd >= 0 && fchmod(fd, mode) == 0); /* an older file too */
    if (fd < 0 || !closed || !sy_ok(sy_write_all(fd, content.p, content.n))) {
        *ret_status = cli_usage("%s: cannot be written", path);
        return false;
    }
    return true;
}

bool cli_write_file(struct cli *c, const char *path, struct sy_view content, int *ret_status)
{
    (void)c;
    return write_file(path, content, 0644, ret_status);
}

bool cli_write_secret(struct cli *c, const char *path, struct sy_view content, int *ret_status)
{
    (void)c;
    return write_file(path, content, 0600, ret_status);
}
