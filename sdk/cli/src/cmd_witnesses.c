/*
 * What: the witnesses of the domain's log: how they stand, which ones the agency adopts, which ones this
 * profile counts; and receipts against what they have cosigned. (`shuyu witness` is another program: it
 * is one.)
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "cli/out.h"

/* --- how they stand ------------------------------------------------------------------------------- */

static const char *time_text(struct cli *c, uint64_t time_s)
{
    char text[21] = "-";
    if (time_s > 0) {
        sy_time_format((int64_t)time_s, text);
    }
    return cli_text(c, sy_view_str(text));
}

static void print_witnesses(struct cli *c, const struct sy_witness_status *s)
{
    static const char *const headers[] = {"WITNESS", "STATE", "COSIGNED", "AT", "URL"};
    struct cli_table *t = cli_table_new(headers, 5);
    cli_table_right(t, 2);
    for (size_t i = 0; i < s->n_witnesses; i++) {
        const struct sy_witness_peer *p = &s->witnesses[i];
        const char *size = sy_arena_printf(&c->arena, "%" PRIu64, p->size);
        cli_table_row(t, (const char *const[]){cli_text(c, p->name), cli_text(c, p->state),
                                               p->size > 0 ? size : "-", time_text(c, p->time),
                                               cli_text(c, p->url)});
    }
    cli_table_print(t);
}

static void print_window(struct cli *c, const struct sy_witness_status *s)
{
    if (!s->quorum) {
        printf("quorum   none is asked for: another history would only be detected\n");
    } else if (s->quorum_size == 0) {
        printf("quorum   none yet: all %" PRIu64 " entries are exposed\n", s->size);
    } else {
        printf("quorum   %" PRIu64 " of %" PRIu64 " entries, at %s\n", s->quorum_size, s->size,
               time_text(c, s->quorum_time));
    }
    if (s->held) {
        printf("held     a witness claims another log: nothing is charged until a quorum has seen "
               "this one, or the witness cosigns it\n");
    }
}

int cli_log_witnesses(struct cli *c)
{
    struct sy_witness_status s;
    struct cli_ask ask = {
        .method = "witness.status", .result_desc = &sy_witness_status_desc, .ret_result = &s};
    int status = cli_call(c, &ask);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_witness_status_desc, &s));
    }
    if (s.policy.n == 0) {
        printf("no witnesses: the agency has adopted no policy; another history, or a second "
               "leader, is "
               "detected, not prevented\n");
        return 0;
    }
    print_witnesses(c, &s);
    print_window(c, &s);
    return 0;
}

/* What the domain says within a moment: a sign of life does not wait for one that is busy. */
static bool ask_briefly(struct cli *c, struct sy_witness_status *ret)
{
    enum { BRIEFLY_MS = 3000 };
    shuyu_options o = {.connect_timeout_ms = BRIEFLY_MS, .call_timeout_ms = BRIEFLY_MS};
    shuyu_request r = {.method = "witness.status"};
    shuyu_session *session = NULL;
    shuyu_reply *reply = NULL;
    shuyu_error ignored;
    shuyu_status s = c->local != NULL
                         ? shuyu_open_local(c->profile, c->local, &o, &session, &ignored)
                         : shuyu_open(c->profile, c->address, &o, &session, &ignored);
    bool good = s == SHUYU_OK && shuyu_call(session, &r, &reply, &ignored) == SHUYU_OK;
    if (good) {
        shuyu_bytes got = shuyu_reply_result(reply);
        struct sy_view copy = sy_arena_copy(&c->arena, sy_view(got.data, got.n));
        good = sy_ok(
            sy_record_decode(&sy_witness_status_desc, copy, &SY_MP_LARGE, &c->arena, ret, NULL));
    }
    shuyu_reply_free(reply);
    shuyu_close(session);
    return good;
}

void cli_witnesses_lines(struct cli *c)
{
    struct sy_witness_status s = {0};
    if (ask_briefly(c, &s) && s.policy.n > 0) {
        print_window(c, &s);
        print_witnesses(c, &s);
    }
}

/* --- which ones ------------------------------------------------------------------------------------ */

int cli_log_adopt_witnesses(struct cli *c)
{
    struct sy_witness_adopt args = {0};
    int status = 0;
    if (c->n_args != 1) {
        return cli_usage("give the policy's file");
    }
    if (!cli_read_file(c, c->args[0], &args.policy, &status)) {
        return status;
    }
    struct cli_ask ask = {
        .method = "witness.adopt", .args_desc = &sy_witness_adopt_desc, .args = &args};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "adopted; 'shuyu log witnesses' shows how they stand\n");
    }
    return status;
}

int cli_log_trust_witnesses(struct cli *c)
{
    struct sy_view text = {0};
    int status = 0;
    if (c->n_args != 1) {
        return cli_usage("give the policy's file");
    }
    if (!cli_read_file(c, c->args[0], &text, &status) || !cli_profile(c, &status)) {
        return status;
    }
    const char *copy = sy_arena_printf(&c->arena, "%.*s", SY_PV(text));
    if (copy == NULL || strlen(copy) != text.n) {
        return cli_usage("%s: not a text", c->args[0]);
    }
    return shuyu_profile_witnesses(c->profile, copy, &c->err) == SHUYU_OK ? 0 : cli_fail(c);
}

/* --- receipts ---------------------------------------------------------------------------------------- */

/* Whatever the domain sent: the receipt must prove this leaf under the pinned log key. */
static int verify_receipt(struct cli *c, const struct sy_log_receipt *r, const char *text,
                          uint64_t entry, shuyu_witnessed *ret)
{
    uint64_t index = 0;
    shuyu_proof proof = {.leaf = {r->leaf.p, r->leaf.n}, .receipt = text};
    if (shuyu_receipt_verify(shuyu_profile_log(c->profile), &proof, &index, NULL, &c->err) !=
            SHUYU_OK ||
        shuyu_receipt_witnessed(c->profile, text, ret, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    if (index == entry) {
        return 0;
    }
    struct sy_error e = {0};
    sy_fail(&e, SY_E_PROOF, "receipt", "the receipt is for another entry");
    (void)cli_fail_error(c, &e);
    return 3;
}

static const char *window_text(const shuyu_witnessed *w)
{
    if (w->is_cosigned) {
        return "cosigned by a quorum of this profile's witnesses";
    }
    return w->is_judged ? "NOT cosigned by a quorum of this profile's witnesses"
                        : "signed by the log; this profile counts no witnesses";
}

/* The entry's number: digits only. */
static bool read_entry(const char *text, uint64_t *ret)
{
    char *end = NULL;
    size_t n = strspn(text, "0123456789");
    *ret = strtoull(text, &end, 10);
    return n > 0 && n < 20 && text[n] == '\0';
}

static int give_receipt(struct cli *c, const struct sy_log_receipt *r, uint64_t entry)
{
    shuyu_witnessed w = {0};
    const char *out = cli_option(c, "out");
    const char *text = sy_arena_printf(&c->arena, "%.*s", SY_PV(r->receipt));
    int status = text == NULL ? 4 : verify_receipt(c, r, text, entry, &w);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(json_pack("{s:I,s:s,s:b,s:b,s:I}", "entry", (json_int_t)entry,
                                        "receipt", text, "judged", w.is_judged, "cosigned",
                                        w.is_cosigned, "size", (json_int_t)w.size));
    }
    if (cli_write_file(c, out != NULL ? out : "-", sy_view_str(text), &status) && out != NULL) {
        cli_say(c, "entry %" PRIu64 " of %" PRIu64 ": %s\n", entry, w.size, window_text(&w));
    }
    return status;
}

int cli_log_receipt(struct cli *c)
{
    struct sy_log_ref args = {0};
    struct sy_log_receipt r;
    if (c->n_args != 1 || !read_entry(c->args[0], &args.entry)) {
        return cli_usage("give the number of an entry");
    }
    struct cli_ask ask = {.method = "log.receipt",
                          .args_desc = &sy_log_ref_desc,
                          .args = &args,
                          .result_desc = &sy_log_receipt_desc,
                          .ret_result = &r};
    int status = cli_call(c, &ask);
    return status != 0 ? status : give_receipt(c, &r, args.entry);
}
