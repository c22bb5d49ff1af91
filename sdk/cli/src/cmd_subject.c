/*
 * What: consent tokens (issuer) and questions about one consenting subject (developer). The identifier may
 * be read from standard input, so that it is in no list of processes and in no history.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "cli/out.h"

enum { MINUTES = 15, MINUTES_MAX = 60 * 24 * 366 };

struct subject {
    const char *id[CLI_ARGS_MAX];
    size_t n_id;
    shuyu_param asserted[CLI_ARGS_MAX];
};

/* One part of the identifier a line. */
static int read_lines(struct cli *c, const char **ids, size_t *n)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    b.wipe = true;
    if (!sy_ok(sy_read_to_end(STDIN_FILENO, &b))) {
        return cli_usage("the identifier cannot be read from standard input");
    }
    char *text = sy_arena_printf(&c->arena, "%.*s", SY_PV(sy_buf_view(&b)));
    for (char *line = text; line != NULL && *line != '\0' && *n < CLI_ARGS_MAX;) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end++ = '\0';
        }
        ids[(*n)++] = line;
        line = end;
    }
    return 0;
}

bool cli_ids(struct cli *c, const char **ret, size_t *ret_n, int *ret_status)
{
    *ret_status = 0;
    *ret_n = 0;
    for (size_t i = 0; i < c->n_options && *ret_status == 0; i++) {
        const struct cli_option *o = &c->options[i];
        if (strcmp(o->name, "id") != 0) {
            continue;
        }
        if (strcmp(o->value, "-") == 0) {
            *ret_status = read_lines(c, ret, ret_n);
        } else if (*ret_n < CLI_ARGS_MAX) {
            ret[(*ret_n)++] = o->value;
        }
    }
    if (*ret_status == 0 && *ret_n == 0) {
        *ret_status = cli_usage("--id is missing");
    }
    return *ret_status == 0;
}

static int read_subject(struct cli *c, struct subject *s)
{
    for (size_t i = 0; i < c->n_args; i++) {
        char *copy = sy_arena_printf(&c->arena, "%s", c->args[i]);
        char *eq = strchr(copy, '=');
        if (eq == NULL) {
            return cli_usage("%s: write NAME=VALUE", copy);
        }
        *eq = '\0';
        s->asserted[i] = (shuyu_param){copy, eq + 1};
    }
    int status = 0;
    (void)cli_ids(c, s->id, &s->n_id, &status);
    return status;
}

static bool read_minutes(struct cli *c, int64_t *ret_s)
{
    const char *text = cli_option(c, "minutes");
    char *end = NULL;
    long n = text != NULL ? strtol(text, &end, 10) : MINUTES;
    *ret_s = (int64_t)n * 60;
    return (end == NULL || *end == '\0') && n >= 1 && n <= MINUTES_MAX;
}

int cli_consent_issue(struct cli *c)
{
    int status = 0;
    uint8_t grant[32], model[32];
    static struct subject s;
    shuyu_buffer b = {0};
    const char *g = cli_need(c, "grant"), *m = cli_need(c, "model"), *out = cli_need(c, "out");
    shuyu_consent what = {.grant = grant, .model = model, .id = s.id, .asserted = s.asserted};
    if (g == NULL || m == NULL || out == NULL) {
        return 2;
    }
    if (!read_minutes(c, &what.lifetime_s)) {
        return cli_usage("--minutes: 1 to %d", MINUTES_MAX);
    }
    status = read_subject(c, &s);
    if (status != 0 || !cli_profile(c, &status) || !cli_id(c, "grant/", g, grant, &status) ||
        !cli_id(c, "model/", m, model, &status)) {
        return status;
    }
    what.n_id = s.n_id;
    what.n_asserted = c->n_args;
    if (shuyu_consent_issue(c->profile, &what, &b, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    if (cli_write_secret(c, out, sy_view(b.data, b.n), &status)) {
        cli_say(c, "consent for one question, valid %" PRId64 " minutes: %s\n",
                what.lifetime_s / 60, out);
    }
    shuyu_buffer_free(&b);
    return status;
}

/* A verification is answered in words; a band says itself. */
static const char *in_words(const char *label)
{
    return strcmp(label, "true") == 0 ? "yes" : strcmp(label, "false") == 0 ? "no" : label;
}

static int print(struct cli *c, const shuyu_answer *a)
{
    const char *label = shuyu_answer_text(a, 0, 0);
    shuyu_facts f;
    shuyu_answer_facts(a, &f);
    if (label == NULL) {
        return cli_usage("the answer has no label");
    }
    if (c->json) {
        json_t *j = cli_answer_json(c, a);
        json_object_set_new(j, "answer", json_string(in_words(label)));
        return cli_print_json(j);
    }
    printf("%s\n", in_words(label));
    cli_say(c, "log      charge %" PRIu64 ", answer %" PRIu64 ": receipt and commitment verified\n",
            f.charge, f.answer);
    return 0;
}

int cli_subject_ask(struct cli *c)
{
    int status = 0;
    static struct subject s;
    struct sy_view token;
    shuyu_answer *a = NULL;
    const char *path = cli_need(c, "token"), *receipt = cli_option(c, "receipt");
    if (path == NULL) {
        return 2;
    }
    status = read_subject(c, &s);
    if (status != 0 || !cli_read_file(c, path, &token, &status) || !cli_connect(c, &status)) {
        return status;
    }
    shuyu_subject_question q = {.consent = {token.p, token.n},
                                .id = s.id,
                                .n_id = s.n_id,
                                .asserted = s.asserted,
                                .n_asserted = c->n_args};
    if (shuyu_subject_ask(c->session, &q, &a, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    status = print(c, a);
    if (receipt != NULL) {
        (void)cli_write_file(c, receipt, sy_view_str(shuyu_answer_receipt(a)), &status);
    }
    shuyu_answer_free(a);
    return status;
}
