/*
 * What: incidents (article 28): reported and stopped in one call, updated, closed; and the notice of one, made from its
 * row, for whoever has to be told on paper.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "supervise.h"

enum { NOTICE_MAX = 1 << 20 };

/* ---- acts ---- */

int cli_incident_report(struct cli *c)
{
    int status = 0;
    struct sy_incident_report a = {0};
    if (!sup_text(c, "kind", &a.kind, &status) || !sup_text(c, "text", &a.text, &status) ||
        !sup_time(c, "found", 0, &a.found, &status) || !sup_affected(c, &a.affected, &status) ||
        !sup_digest(c, "file", false, a.digest, &status)) {
        return status;
    }
    return sup_stop(c, "incident.report", &sy_incident_report_desc, &a,
                    "reported; what it names is stopped");
}

int cli_incident_update(struct cli *c)
{
    int status = 0;
    struct sy_incident_update a = {0};
    if (!cli_number_arg(c, 0, "incident", &a.incident, &status) ||
        !sup_text(c, "text", &a.text, &status) || !sup_affected(c, &a.affected, &status) ||
        !sup_digest(c, "file", false, a.digest, &status)) {
        return status;
    }
    return sup_stop(c, "incident.update", &sy_incident_update_desc, &a, "noted");
}

int cli_incident_close(struct cli *c)
{
    int status = 0;
    struct sy_incident_close a = {0};
    if (!cli_number_arg(c, 0, "incident", &a.incident, &status) ||
        !sup_text(c, "measures", &a.measures, &status) ||
        !sup_digest(c, "file", false, a.digest, &status)) {
        return status;
    }
    return sup_send(c, "incident.close", &sy_incident_close_desc, &a,
                    "closed; grants are resumed one by one (scene resume)");
}

/* ---- lists ---- */

static json_t *incident_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    return sup_json(c, &sy_incident_desc, id, row);
}

static bool incident_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_incident v;
    char found[21];
    if (!sy_ok(sy_record_decode(&sy_incident_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    sy_time_format(v.report.found, found);
    ret[0] = sy_arena_printf(&c->arena, "%" PRIu64, sup_entry(id));
    ret[1] = v.closed != 0 ? "closed" : "open";
    ret[2] = cli_text(c, v.report.kind);
    ret[3] = cli_text(c, v.by);
    ret[4] = cli_text(c, sy_view_str(found));
    ret[5] = v.due == 0 ? "-" : v.late ? "late" : "in time";
    ret[6] = cli_text(c, v.report.text);
    return ret[0] != NULL;
}

static bool incident_print(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_incident v;
    if (!sy_ok(sy_record_decode(&sy_incident_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    printf("entry %" PRIu64 "\n", sup_entry(id));
    cli_print_lines(&sy_incident_desc, &v);
    return true;
}

static const char *const incident_headers[] = {"ENTRY", "STATUS",   "KIND", "BY",
                                               "FOUND", "REPORTED", "TEXT"};
static const struct cli_kind_view incident_view = {{"incident/"}, incident_headers, 7,
                                                   incident_json, incident_cells,   incident_print};

int cli_incident_list(struct cli *c)
{
    return cli_list(c, &incident_view);
}

int cli_incident_show(struct cli *c)
{
    int status = 0;
    uint64_t entry;
    if (!cli_number_arg(c, 0, "incident", &entry, &status)) {
        return status;
    }
    return cli_show(c, &incident_view,
                    sy_view_str(sy_arena_printf(&c->arena, "%020" PRIu64, entry)));
}

/* ---- the notice ---- */

enum words {
    TITLE = 0,
    ENTRY,
    KIND,
    FOUND,
    REPORTED,
    STOPPED,
    DUE,
    BY,
    AFFECTED,
    NOTHING,
    ALL,
    DATASETS,
    GRANTS,
    IN_TIME,
    LATE,
    NO_CLOCK,
    WHAT,
    NOTES,
    MEASURES,
    CLOSED,
    PROOF,
    WORDS_N
};

/* 中文, English. */
static const char *const WORDS[WORDS_N][2] = {
    [TITLE] = {"数据安全事件报告", "Report of a data security incident"},
    [ENTRY] = {"账本编号", "Ledger entry"},
    [KIND] = {"事件类型", "Kind"},
    [FOUND] = {"发现时间", "Found"},
    [REPORTED] = {"报告时间", "Reported"},
    [STOPPED] = {"停止处理时间", "Processing stopped"},
    [DUE] = {"报告时限", "Report due"},
    [BY] = {"报告主体", "Reported by"},
    [AFFECTED] = {"影响并停止的范围", "Affected and stopped"},
    [NOTHING] = {"未指明", "nothing named"},
    [ALL] = {"全部授权", "all grants"},
    [DATASETS] = {"数据资源", "datasets"},
    [GRANTS] = {"授权", "grants"},
    [IN_TIME] = {"按时", "in time"},
    [LATE] = {"逾期", "late"},
    [NO_CLOCK] = {"策略包未规定", "the pack sets no time"},
    [WHAT] = {"情况说明", "What happened"},
    [NOTES] = {"处置过程", "Since then"},
    [MEASURES] = {"处置措施", "Measures"},
    [CLOSED] = {"办结时间", "Closed"},
    [PROOF] = {"凭证：shuyu log receipt", "Proof: shuyu log receipt"},
};

static const struct {
    const char *code, *zh, *en;
} KINDS[] = {{"leak", "泄露", "leak"},
             {"tamper", "篡改", "tampering"},
             {"misuse", "滥用", "misuse"},
             {"linkage", "隐含关系", "hidden relations (linkage)"},
             {"availability", "可用性", "availability"}};

struct notice {
    struct cli *c;
    struct sy_buf *b;
    int64_t offset;
    int lang; /* column of WORDS */
    sy_status s;
};

static void put(struct notice *n, const char *text)
{
    n->s = sy_ok(n->s) ? sy_buf_add_str(n->b, text) : n->s;
}

static void put_view(struct notice *n, struct sy_view v)
{
    n->s = sy_ok(n->s) ? sy_buf_add_view(n->b, v) : n->s;
}

static void line(struct notice *n, enum words word, const char *value)
{
    put(n, WORDS[word][n->lang]);
    put(n, n->lang == 0 ? "：" : ": ");
    put(n, value == NULL ? "" : value);
    put(n, "\n");
}

static void put_list(struct notice *n, enum words word, const struct sy_view *v, size_t count,
                     bool hex)
{
    if (count == 0) {
        return;
    }
    put(n, " ");
    put(n, WORDS[word][n->lang]);
    for (size_t i = 0; i < count; i++) {
        char id[65];
        put(n, " ");
        if (hex && v[i].n == 32) {
            cli_hex(id, v[i].p, 32);
            put(n, id);
        } else {
            put_view(n, v[i]);
        }
    }
}

static void put_affected(struct notice *n, const struct sy_affected *a)
{
    if (!a->all && a->n_datasets == 0 && a->n_grants == 0) {
        put(n, WORDS[NOTHING][n->lang]);
    }
    put(n, a->all ? WORDS[ALL][n->lang] : "");
    put_list(n, DATASETS, a->datasets, a->n_datasets, false);
    put_list(n, GRANTS, a->grants, a->n_grants, true);
    put(n, "\n");
}

static void put_kind(struct notice *n, struct sy_view code)
{
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (sy_view_is(code, KINDS[i].code)) {
            line(n, KIND, n->lang == 0 ? KINDS[i].zh : KINDS[i].en);
        }
    }
}

static void put_notes(struct notice *n, const struct sy_incident *v)
{
    if (v->n_notes > 0) {
        line(n, NOTES, "");
    }
    for (size_t i = 0; i < v->n_notes; i++) {
        put(n, "  ");
        put(n, sup_local(n->c, n->offset, v->notes[i].time));
        put(n, " ");
        put_view(n, v->notes[i].by);
        put(n, " ");
        put_view(n, v->notes[i].text);
        put(n, "\n");
    }
}

static void put_notice(struct notice *n, const struct sy_incident *v, uint64_t entry)
{
    const char *number = sy_arena_printf(&n->c->arena, "%" PRIu64, entry);
    const char *in_time = v->due == 0 ? WORDS[NO_CLOCK][n->lang]
                          : v->late   ? WORDS[LATE][n->lang]
                                      : WORDS[IN_TIME][n->lang];
    put(n, WORDS[TITLE][n->lang]);
    put(n, "\n\n");
    line(n, ENTRY, number);
    put_kind(n, v->report.kind);
    line(n, BY, cli_text(n->c, v->by));
    line(n, FOUND, sup_local(n->c, n->offset, v->report.found));
    line(n, REPORTED, sup_local(n->c, n->offset, v->reported));
    line(n, DUE,
         sy_arena_printf(&n->c->arena, "%s (%s)", sup_local(n->c, n->offset, v->due), in_time));
    line(n, STOPPED, sup_local(n->c, n->offset, v->stopped));
    put(n, WORDS[AFFECTED][n->lang]);
    put(n, n->lang == 0 ? "：" : ": ");
    put_affected(n, &v->report.affected);
    line(n, WHAT, cli_text(n->c, v->report.text));
    put_notes(n, v);
    if (v->closed != 0) {
        line(n, MEASURES, cli_text(n->c, v->measures));
        line(n, CLOSED, sup_local(n->c, n->offset, v->closed));
    }
    put(n, "\n");
    put(n, WORDS[PROOF][n->lang]);
    put(n, " ");
    put(n, number == NULL ? "" : number);
    put(n, "\n");
}

int cli_incident_notice(struct cli *c)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(NOTICE_MAX);
    const char *lang = cli_option(c, "lang");
    const char *out = cli_option(c, "out");
    struct notice n = {.c = c, .b = &b, .lang = lang != NULL && strcmp(lang, "en") == 0};
    struct sy_incident v;
    uint64_t entry;
    if (lang != NULL && strcmp(lang, "en") != 0 && strcmp(lang, "zh") != 0) {
        return cli_usage("--lang en or zh");
    }
    int status = sup_row(c, "incident/", &sy_incident_desc, &v, &entry);
    status = status != 0 ? status : sup_offset(c, &n.offset);
    if (status != 0) {
        return status;
    }
    put_notice(&n, &v, entry);
    if (!sy_ok(n.s)) {
        return cli_usage("the notice does not fit");
    }
    if (c->json) {
        return cli_print_json(json_pack("{s:I,s:o}", "entry", (json_int_t)entry, "notice",
                                        cli_json_text(sy_buf_view(&b))));
    }
    (void)cli_write_file(c, out == NULL ? "-" : out, sy_buf_view(&b), &status);
    return status;
}
