/*
 * What: what a domain keeps, erasably, of questions about one subject: read it, tell the subject who asked, erase
 * it. Invariant: what is shown of an entry is what the log commits to, or it is said not to be.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/time.h"
#include "cli/out.h"
#include "proof/hash.h"
#include "wire/event.h"
#include "wire/payload.h"

/* --- whom ----------------------------------------------------------------------------------------- */

/* The request's length on the network tells nothing of the identifier's. */
static bool pad(struct cli *c, struct sy_whom *w)
{
    enum { HEAD = 6, BLOCK = SY_SUBJECT_SECRET_BLOCK }; /* key and header of up to 255 bytes */
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
    b.wipe = true;
    if (!sy_ok(sy_record_encode(&sy_whom_desc, w, &b))) {
        return false;
    }
    size_t n = BLOCK - (b.n + HEAD) % BLOCK;
    w->pad = sy_view(sy_arena_alloc(&c->arena, n, 1), n);
    return w->pad.p != NULL;
}

/* From --ns and --id. False after printing. */
static bool read_whom(struct cli *c, const char **ret_ns, struct sy_whom *ret, int *ret_status)
{
    const char *ids[CLI_ARGS_MAX];
    size_t n = 0;
    *ret_status = 2;
    *ret_ns = cli_need(c, "ns");
    if (c->n_args > 0) {
        *ret_status = cli_usage("%s: unexpected; identifiers go with --id", c->args[0]);
        return false;
    }
    if (*ret_ns == NULL || !cli_ids(c, ids, &n, ret_status)) {
        return false;
    }
    *ret = (struct sy_whom){.id = sy_arena_alloc(&c->arena, n, sizeof(*ret->id)), .n_id = n};
    for (size_t i = 0; ret->id != NULL && i < n; i++) {
        ret->id[i] = sy_view_str(ids[i]);
    }
    bool fine = ret->id != NULL && getrandom(ret->salt, sizeof(ret->salt), 0) == sizeof(ret->salt);
    if (!fine || !pad(c, ret)) {
        *ret_status = cli_usage("--id: 1 to 64 bytes of text");
        return false;
    }
    return true;
}

/* --- payload read --------------------------------------------------------------------------------- */

static bool read_entry(const char *text, uint64_t *ret)
{
    char *end = NULL;
    *ret = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

/* Is this the secret whose digest entry `index` of the log has? */
static int check_digest(struct cli *c, uint64_t index, struct sy_view secret, bool *ret)
{
    struct sy_log_range range = {.first = index, .n = 1};
    struct sy_log_entries page = {0};
    struct sy_event event;
    uint8_t digest[32];
    struct cli_ask ask = {.method = "log.entries",
                          .args_desc = &sy_log_range_desc,
                          .args = &range,
                          .result_desc = &sy_log_entries_desc,
                          .ret_result = &page};
    int status = cli_call(c, &ask);
    proof_sha256_one(digest, secret);
    *ret = status == 0 && page.n_entries == 1 && page.entries[0].index == index &&
           sy_ok(sy_record_decode(&sy_event_desc, page.entries[0].body, &SY_MP_LARGE, &c->arena,
                                  &event, NULL)) &&
           memcmp(digest, event.request.secret, sizeof(digest)) == 0;
    return status;
}

static int print_erased(struct cli *c, const struct sy_payload *p)
{
    if (c->json) {
        return cli_print_json(
            json_pack("{s:I,s:I}", "entry", (json_int_t)p->entry, "erased", (json_int_t)p->erased));
    }
    printf("entry %" PRIu64 ": erased, by entry %" PRIu64 "\n", p->entry, p->erased);
    return 0;
}

static int print_secret(struct cli *c, uint64_t entry, const struct sy_subject_secret *s)
{
    if (c->json) {
        json_t *j = cli_json_record(&sy_subject_secret_desc, s);
        json_object_set_new(j, "entry", json_integer((json_int_t)entry));
        (void)json_object_del(j, "pad");
        return cli_print_json(j);
    }
    printf("entry %" PRIu64 ":", entry);
    for (size_t i = 0; i < s->n_id; i++) {
        printf(" %.*s", SY_PV(s->id[i]));
    }
    printf("\n");
    for (size_t i = 0; i < s->asserted.n_values; i++) {
        const struct sy_run_param *v = &s->asserted.values[i];
        printf("  %.*s=%.*s\n", SY_PV(v->name), SY_PV(v->value));
    }
    cli_say(c, "It is what the log commits to. Personal: not to be passed on.\n");
    return 0;
}

int cli_payload_read(struct cli *c)
{
    struct sy_payload_read args;
    struct sy_payload got = {0};
    struct sy_subject_secret secret;
    struct sy_error err = {0};
    bool same = false;
    if (c->n_args != 1 || !read_entry(c->args[0], &args.entry)) {
        return cli_usage("give the number of one entry");
    }
    struct cli_ask ask = {.method = "payload.read",
                          .args_desc = &sy_payload_read_desc,
                          .args = &args,
                          .result_desc = &sy_payload_desc,
                          .ret_result = &got};
    int status = cli_call(c, &ask);
    if (status != 0 || got.erased != 0) {
        return status != 0 ? status : print_erased(c, &got);
    }
    status = check_digest(c, args.entry, got.secret, &same);
    if (status != 0) {
        return status;
    }
    if (!same) {
        (void)cli_usage("entry %" PRIu64 ": what the domain keeps is not what the log commits to",
                        args.entry);
        return 3;
    }
    return sy_ok(sy_record_decode(&sy_subject_secret_desc, got.secret, &SY_MP_REQUEST, &c->arena,
                                  &secret, &err))
               ? print_secret(c, args.entry, &secret)
               : cli_fail_error(c, &err);
}

/* --- payload erase -------------------------------------------------------------------------------- */

int cli_payload_erase(struct cli *c)
{
    int status = 0;
    const char *ns = NULL;
    struct sy_whom whom;
    struct sy_erase_result ret = {0};
    if (!read_whom(c, &ns, &whom, &status)) {
        return status;
    }
    struct sy_erase args = {.ns = sy_view_str(ns)};
    struct cli_ask ask = {.method = "payload.erase",
                          .args_desc = &sy_erase_desc,
                          .args = &args,
                          .secret_desc = &sy_whom_desc,
                          .secret = &whom,
                          .result_desc = &sy_erase_result_desc,
                          .ret_result = &ret};
    status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_erase_result_desc, &ret));
    }
    cli_say(c, "erased: what was kept of %" PRIu64 " questions; the log says so, and not of whom\n",
            ret.n);
    return 0;
}

/* --- subject trail -------------------------------------------------------------------------------- */

static void add_question(struct cli *c, const struct sy_trail_question *q, json_t *json,
                         struct cli_table *table)
{
    char time[21], model[65], grant[65];
    if (json != NULL) {
        json_array_append_new(json, cli_json_record(&sy_trail_question_desc, q));
        return;
    }
    sy_time_format(q->time, time);
    cli_hex(model, q->model, 32);
    cli_hex(grant, q->grant, 32);
    const char *cells[] = {sy_arena_printf(&c->arena, "%" PRIu64, q->entry),
                           time,
                           cli_text(c, q->party),
                           cli_text(c, q->issuer),
                           sy_arena_printf(&c->arena, "%.12s", model),
                           sy_arena_printf(&c->arena, "%.12s", grant)};
    cli_table_row(table, cells);
}

/* All pages, into one of the two. */
static int fetch_trail(struct cli *c, struct sy_trail_ask *args, const struct sy_whom *whom,
                       json_t *json, struct cli_table *table)
{
    struct sy_trail page = {.more = true};
    while (page.more) {
        struct cli_ask ask = {.method = "subject.trail",
                              .args_desc = &sy_trail_ask_desc,
                              .args = args,
                              .secret_desc = &sy_whom_desc,
                              .secret = whom,
                              .result_desc = &sy_trail_desc,
                              .ret_result = &page};
        int status = cli_call(c, &ask);
        if (status != 0) {
            return status;
        }
        for (size_t i = 0; i < page.n_questions; i++) {
            args->after = page.questions[i].entry;
            add_question(c, &page.questions[i], json, table);
        }
    }
    return 0;
}

int cli_subject_trail(struct cli *c)
{
    static const char *const headers[] = {"ENTRY", "TIME", "ASKED BY", "CONSENT", "MODEL", "GRANT"};
    int status = 0;
    const char *ns = NULL;
    struct sy_whom whom;
    if (!read_whom(c, &ns, &whom, &status)) {
        return status;
    }
    struct sy_trail_ask args = {.ns = sy_view_str(ns)};
    json_t *json = c->json ? json_array() : NULL;
    struct cli_table *table = c->json ? NULL : cli_table_new(headers, 6);
    status = fetch_trail(c, &args, &whom, json, table);
    if (status != 0) {
        json_decref(json);
        cli_table_free(table);
        return status;
    }
    if (json != NULL) {
        return cli_print_json(json);
    }
    cli_table_print(table);
    return 0;
}
