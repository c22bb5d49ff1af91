/*
 * What: the keys of the log: giving it another one, in three steps of two parties, and coming to trust it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "proof/handover.h"
#include "wire/staff.h"

static void print_rotated(struct cli *c, const struct sy_log_rotated *r)
{
    if (c->json) {
        (void)cli_print_json(json_pack("{s:o,s:o,s:o,s:o}", "stage", cli_json_text(r->stage),
                                       "asked", cli_json_text(r->asked), "key",
                                       cli_json_text(r->key), "next", cli_json_text(r->next)));
        return;
    }
    printf("stage  %s\nkey    %s\n", cli_text(c, r->stage), cli_text(c, r->key));
    if (r->next.n > 0) {
        printf("next   %s\n", cli_text(c, r->next));
    }
    if (r->asked.n > 0) {
        cli_say(c, "the step \"%s\" waits for the agency\n", cli_text(c, r->asked));
    }
}

/* --- the agency's own key, when it is not the one of genesis any more ------------------------------- */

/* The entries in which this party changed its own signing key. */
struct changes {
    struct cli *c;
    uint64_t entries[PROOF_AGENCY_LINKS_MAX];
    size_t n;
};

static bool note_change(void *ctx, struct sy_view key, struct sy_view value)
{
    struct changes *h = ctx;
    struct sy_held_key row;
    (void)key;
    bool own = sy_ok(sy_record_decode(&sy_held_key_desc, value, &SY_MP_REQUEST, &h->c->arena, &row,
                                      NULL)) &&
               sy_view_is(row.party, shuyu_profile_party(h->c->profile)) && row.staff.n == 0 &&
               sy_view_is(row.use, "sign");
    if (own && h->n < PROOF_AGENCY_LINKS_MAX) {
        h->entries[h->n++] = row.entry;
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The signed request of an entry, as it was logged. */
static int logged_request(struct cli *c, uint64_t entry, struct sy_view *ret)
{
    const struct sy_log_range range = {.first = entry, .n = 1};
    struct sy_log_entries page = {0};
    struct sy_event event;
    struct sy_error e = {0};
    struct cli_ask ask = {.method = "log.entries",
                          .args_desc = &sy_log_range_desc,
                          .args = &range,
                          .result_desc = &sy_log_entries_desc,
                          .ret_result = &page};
    int status = cli_call(c, &ask);
    if (status != 0 || page.n_entries != 1) {
        return status != 0 ? status
                           : cli_usage("entry %llu is not there", (unsigned long long)entry);
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    if (!sy_ok(sy_record_decode(&sy_event_desc, page.entries[0].body, &SY_MP_LARGE, &c->arena,
                                &event, &e)) ||
        !sy_ok(sy_record_encode(&sy_logged_request_desc, &event.request, &b))) {
        return cli_fail_error(c, &e);
    }
    *ret = sy_arena_copy(&c->arena, sy_buf_view(&b));
    return 0;
}

/* What leads from genesis's key to this profile's, oldest first: the order carries it. */
static int fill_agency(struct cli *c, struct sy_log_rotate *args)
{
    struct changes h = {.c = c};
    int status = cli_rows(c, "key/", note_change, &h);
    args->agency = sy_arena_alloc(&c->arena, h.n + 1, sizeof(*args->agency));
    if (status != 0 || args->agency == NULL) {
        return status != 0 ? status : cli_usage("out of memory");
    }
    qsort(h.entries, h.n, sizeof(h.entries[0]), ascending);
    for (size_t i = 0; i < h.n && status == 0; i++) {
        status = logged_request(c, h.entries[i], &args->agency[args->n_agency++]);
    }
    return status;
}

/* log rotate announce | overlap VKEY | retire VKEY */
int cli_log_rotate(struct cli *c)
{
    bool named = c->n_args > 0 && strcmp(c->args[0], "announce") != 0;
    if (c->n_args != (named ? 2 : 1)) {
        return cli_usage("log rotate announce, log rotate overlap VKEY, log rotate retire VKEY");
    }
    struct sy_log_rotate args = {.stage = sy_view_str(c->args[0]),
                                 .log = named ? sy_view_str(c->args[1]) : (struct sy_view){0}};
    struct sy_log_rotated rotated = {0};
    int status = 0;
    if (!cli_profile(c, &status)) {
        return status;
    }
    if (strcmp(shuyu_profile_role(c->profile), "agency") == 0 &&
        strcmp(c->args[0], "overlap") == 0) {
        status = fill_agency(c, &args);
    }
    if (status != 0) {
        return status;
    }
    struct cli_ask ask = {.method = "log.rotate",
                          .args_desc = &sy_log_rotate_desc,
                          .args = &args,
                          .result_desc = &sy_log_rotated_desc,
                          .ret_result = &rotated};
    status = cli_call(c, &ask);
    if (status == 0) {
        print_rotated(c, &rotated);
    }
    return status;
}

/* log follow: pin the key that signs today, by way of the hand-overs from the one pinned. */
int cli_log_follow(struct cli *c)
{
    int status = 0;
    size_t n = 0;
    if (c->n_args > 0) {
        return cli_usage("log follow takes no argument");
    }
    if (!cli_connect(c, &status)) {
        return status;
    }
    if (shuyu_log_follow(c->session, &n, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    const char *log = shuyu_profile_log(c->profile);
    if (c->json) {
        (void)cli_print_json(json_pack("{s:I,s:s}", "followed", (json_int_t)n, "log", log));
    } else {
        printf("%s\n", log);
        cli_say(c,
                n > 0 ? "this profile trusts it now: %zu hand-over(s) verified\n"
                      : "the key that this profile trusts: %zu hand-overs\n",
                n);
    }
    return 0;
}
