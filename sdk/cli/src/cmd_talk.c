/*
 * What: what is said about an application: with --text, `scene comment` adds a question or an answer; without, it
 * shows all reviews and comments in order, with their words, which are in the log.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/out.h"
#include "scene_row.h"
#include "wire/event.h"

/* One act with its words. */
struct said {
    struct scene_act act;
    struct sy_view party, words;
    int64_t time;
};

static int fetch(struct cli *c, uint64_t entry, struct sy_log_entries *ret)
{
    const struct sy_log_range range = {.first = entry, .n = 1};
    struct cli_ask ask = {.method = "log.entries",
                          .args_desc = &sy_log_range_desc,
                          .args = &range,
                          .result_desc = &sy_log_entries_desc,
                          .ret_result = ret};
    return cli_call(c, &ask);
}

/* The four points and the opinion of a review, in one text. */
static struct sy_view review_words(struct cli *c, const struct sy_review *r)
{
    const struct {
        const char *name;
        struct sy_view text;
    } parts[] = {{"feasibility", r->feasibility},
                 {"compliance", r->compliance},
                 {"risk", r->risk},
                 {"value", r->value},
                 {"opinion", r->opinion}};
    const char *all = "";
    for (size_t i = 0; all != NULL && i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].text.n > 0) {
            all = sy_arena_printf(&c->arena, "%s%s%s: %.*s", all, all[0] == '\0' ? "" : "; ",
                                  parts[i].name, SY_PV(parts[i].text));
        }
    }
    return sy_view_str(all);
}

/* What the entry says; its words are empty when this party may not read it. */
static int read_words(struct cli *c, struct said *s)
{
    struct sy_log_entries page = {0};
    struct sy_event event;
    struct sy_header header;
    struct sy_comment comment;
    struct sy_review review;
    int status = fetch(c, s->act.entry, &page);
    if (status != 0 || page.n_entries != 1 || page.entries[0].body.n == 0 ||
        !sy_ok(sy_record_decode(&sy_event_desc, page.entries[0].body, &SY_MP_LARGE, &c->arena,
                                &event, NULL)) ||
        !sy_ok(sy_record_decode(&sy_header_desc, event.request.header, &SY_MP_REQUEST, &c->arena,
                                &header, NULL))) {
        return status;
    }
    s->party = header.party;
    s->time = event.inputs.time;
    struct sy_view args = event.request.args;
    if (sy_ok(
            sy_record_decode(&sy_comment_desc, args, &SY_MP_REQUEST, &c->arena, &comment, NULL))) {
        s->words = comment.text;
    } else if (sy_ok(sy_record_decode(&sy_review_desc, args, &SY_MP_REQUEST, &c->arena, &review,
                                      NULL))) {
        s->words = review_words(c, &review);
    }
    return 0;
}

static json_t *said_json(const struct said *s)
{
    json_t *j = json_pack("{s:I,s:o,s:o,s:o,s:I}", "entry", (json_int_t)s->act.entry, "party",
                          cli_json_text(s->party), "step", cli_json_text(s->act.step), "text",
                          cli_json_text(s->words), "time", (json_int_t)s->time);
    if (s->act.decision.n > 0) {
        json_object_set_new(j, "decision", cli_json_text(s->act.decision));
    }
    return j;
}

static void print_said(const struct said *s)
{
    char at[21];
    sy_time_format(s->time, at);
    printf("%" PRIu64 "  %s  %.*s  %.*s%s%.*s\n    %.*s\n", s->act.entry, at, SY_PV(s->party),
           SY_PV(s->act.step), s->act.decision.n > 0 ? ": " : "", SY_PV(s->act.decision),
           SY_PV(s->words));
}

static int show(struct cli *c, const char *hex)
{
    struct sy_view row = {0};
    struct scene_row r;
    int status = cli_find(c, "proposal/", sy_view_str(hex), &row);
    if (status != 0 || row.p == NULL || !scene_row_read(c, row, &r)) {
        return status != 0 ? status : cli_usage("%s: no such application", hex);
    }
    json_t *all = json_array();
    for (size_t i = 0; status == 0 && i < r.n_acts; i++) {
        struct said s = {.act = r.acts[i], .party = r.acts[i].party};
        status = read_words(c, &s);
        if (status == 0 && c->json) {
            json_array_append_new(all, said_json(&s));
        } else if (status == 0) {
            print_said(&s);
        }
    }
    if (status == 0 && c->json) {
        json_t *j =
            json_pack("{s:s,s:o,s:O}", "id", hex, "status", cli_json_text(r.status), "said", all);
        scene_row_json(j, &r);
        status = cli_print_json(j);
    } else if (status == 0) {
        scene_row_print(c, &r);
    }
    json_decref(all);
    return status;
}

int cli_scene_comment(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    char hex[65];
    const struct sy_comment said = {.text = sy_view_str(cli_option(c, "text"))};
    if (!cli_id_arg(c, "proposal/", id, &status)) {
        return status;
    }
    if (said.text.n == 0) {
        cli_hex(hex, id, 32);
        return show(c, hex);
    }
    struct cli_ask ask = {
        .method = "scene.comment", .grant = id, .args_desc = &sy_comment_desc, .args = &said};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "recorded\n");
    }
    return status;
}
