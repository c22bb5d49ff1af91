/*
 * What: audit rerun: the domain runs answered charges again, inside, and says whether each answer is what its
 * charge gives. For auditors and the agency, on the domain's own machine. No figure is shown, because none
 * leaves; each outcome is an entry of the log, and its proof was verified before it is printed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/out.h"
#include "rerun_pick.h"

enum outcome { MATCH, MISMATCH, UNABLE, REFUSED, N_OUTCOMES };

static const char *const OUTCOMES[N_OUTCOMES] = {"match", "mismatch", "unable", "refused"};

struct tally {
    size_t n[N_OUTCOMES];
    json_t *lines;
};

/* --- one ---------------------------------------------------------------------------------------------- */

/* A word that we don't know is no match. */
static enum outcome outcome_of(const struct sy_rerun_result *r)
{
    for (size_t i = 0; i < REFUSED; i++) {
        if (sy_view_is(r->outcome, OUTCOMES[i])) {
            return (enum outcome)i;
        }
    }
    return UNABLE;
}

static void show(struct cli *c, struct tally *t, const struct sy_rerun_result *r, enum outcome o)
{
    const char *why = r->code != 0 ? shuyu_error_name((int)r->code) : "";
    t->n[o]++;
    if (c->json) {
        json_t *j = json_pack("{s:I,s:I,s:s}", "answer", (json_int_t)r->answer, "charge",
                              (json_int_t)r->charge, "outcome", OUTCOMES[o]);
        json_object_set_new(j, "code", json_string(why));
        json_array_append_new(t->lines, j);
        return;
    }
    printf("entry %" PRIu64 " (charge %" PRIu64 "): %s%s%s\n", r->answer, r->charge,
           o == MISMATCH ? "MISMATCH" : OUTCOMES[o], *why != '\0' ? ": " : "",
           o == MISMATCH  ? ": the answer is not what its charge gives"
           : *why != '\0' ? shuyu_error_text((int)r->code)
                          : "");
    fflush(stdout);
}

/* A refusal was printed already; it only counts here. Without a connection there is no next one. */
static int ask_one(struct cli *c, struct tally *t, uint64_t charge)
{
    struct sy_rerun args = {.charge = charge};
    struct sy_rerun_result result = {0};
    struct cli_ask ask = {.method = "audit.rerun",
                          .args_desc = &sy_rerun_desc,
                          .args = &args,
                          .result_desc = &sy_rerun_result_desc,
                          .ret_result = &result};
    int status = cli_call(c, &ask);
    if (status == 0) {
        show(c, t, &result, outcome_of(&result));
        return 0;
    }
    if (status != 1) {
        return status;
    }
    t->n[REFUSED]++;
    if (c->json) {
        json_t *j = json_pack("{s:I,s:s,s:s,s:s}", "charge", (json_int_t)charge, "outcome",
                              OUTCOMES[REFUSED], "code", shuyu_error_name(c->err.code), "reason",
                              c->err.reason);
        json_array_append_new(t->lines, j);
    }
    return 0;
}

static void progress(const struct cli *c, size_t i, size_t n)
{
    if (!c->quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)) { /* else lines tell */
        fprintf(stderr, "\r%zu of %zu answers%s", i, n, i == n ? "\n" : "");
    }
}

/* --- several ------------------------------------------------------------------------------------------ */

/* Asked one after the other: each takes the response slot of its model. */
static int ask_named(struct cli *c, struct tally *t)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < c->n_args; i++) {
        uint64_t charge = 0;
        status = rerun_pick_entry(c, c->args[i], &charge);
        if (status == 0) {
            status = ask_one(c, t, charge);
        }
        progress(c, i + 1, c->n_args);
    }
    return status;
}

static int ask_picked(struct cli *c, struct tally *t, const struct rerun_picks *p)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < p->n; i++) {
        status = ask_one(c, t, p->at[i].charge);
        progress(c, i + 1, p->n);
    }
    return status;
}

static int summary(struct cli *c, struct tally *t, const struct rerun_picks *p)
{
    if (c->json) {
        cli_print_json(json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:O}", "match", (json_int_t)t->n[MATCH],
                                 "mismatch", (json_int_t)t->n[MISMATCH], "unable",
                                 (json_int_t)t->n[UNABLE], "refused", (json_int_t)t->n[REFUSED],
                                 "grant_over", (json_int_t)p->n_over, "about_one",
                                 (json_int_t)p->n_subject, "answers", t->lines));
    }
    cli_say(c, "%zu answers run again: %zu match, %zu mismatch, %zu could not be run\n",
            t->n[MATCH] + t->n[MISMATCH] + t->n[UNABLE], t->n[MATCH], t->n[MISMATCH], t->n[UNABLE]);
    if (p->n_over + p->n_subject > 0) {
        cli_say(c, "not asked for: %zu of grants that are over, %zu about one subject\n", p->n_over,
                p->n_subject);
    }
    return t->n[MISMATCH] + t->n[UNABLE] + t->n[REFUSED] == 0 ? 0 : 1;
}

int cli_audit_rerun(struct cli *c)
{
    bool all = cli_option(c, "all") != NULL;
    const char *since = cli_option(c, "since");
    struct rerun_picks picks = {0};
    int64_t from = INT64_MIN;
    if (all == (c->n_args > 0) || (since != NULL && !all)) {
        return cli_usage("give entries, or --all (and --since TIME with it)");
    }
    if (since != NULL && !sy_ok(sy_time_parse(sy_view_str(since), &from))) {
        return cli_usage("--since %s: a date, or a time as RFC 3339 has it", since);
    }
    int status = all ? rerun_pick_all(c, from, &picks) : 0;
    if (status != 0) {
        return status;
    }
    struct tally t = {.lines = json_array()};
    status = all ? ask_picked(c, &t, &picks) : ask_named(c, &t);
    int verdict = summary(c, &t, &picks);
    json_decref(t.lines);
    return status != 0 ? status : verdict;
}
