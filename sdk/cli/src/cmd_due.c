/*
 * What: everything with a deadline that is near or over. Exit status 5 when something is over, for whoever asks once a
 * day.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/yaml.h"
#include "supervise.h"

enum { EXIT_OVER = 5, DAY_S = 86400 };

/* What a code is, for people. */
static const struct {
    const char *code, *title;
} TITLES[] = {{"agreement", "授权协议到期 agreement ends"},
              {"annual_report", "年度运营报告 yearly report"},
              {"correction", "责令改正 order to correct"},
              {"disclosure", "年度信息披露 public disclosure"},
              {"drill", "应急演练 emergency drill"},
              {"evaluation", "定期评估 evaluation"},
              {"finding", "检查问题整改 finding of an inspection"},
              {"incident", "安全事件处置 incident"},
              {"inspection", "定期检查 inspection"},
              {"notice", "公示期 public notice"},
              {"ticket", "数据质量问题 quality ticket"}};

static const char *title_of(struct cli *c, struct sy_view code)
{
    for (size_t i = 0; i < sizeof(TITLES) / sizeof(TITLES[0]); i++) {
        if (sy_view_is(code, TITLES[i].code)) {
            return TITLES[i].title;
        }
    }
    return cli_text(c, code);
}

static const char *when(struct cli *c, const struct sy_due_item *v, int64_t now)
{
    int64_t days = (v->over ? now - v->due : v->due - now) / DAY_S;
    const char *text = sy_arena_printf(
        &c->arena, v->over ? "OVER by %" PRId64 " days" : "in %" PRId64 " days", days);
    return text == NULL ? "" : text;
}

static int print(struct cli *c, const struct sy_due_list *list)
{
    static const char *const headers[] = {"DUE", "", "WHAT", "ID", "PARTY"};
    int64_t offset;
    int status = sup_offset(c, &offset);
    if (status != 0) {
        return status;
    }
    struct cli_table *t = cli_table_new(headers, 5);
    for (size_t i = 0; i < list->n_items; i++) {
        const struct sy_due_item *v = &list->items[i];
        cli_table_row(t, (const char *const[]){sup_local(c, offset, v->due), when(c, v, list->time),
                                               title_of(c, v->code), cli_text(c, v->id),
                                               cli_text(c, v->party)});
    }
    cli_table_print(t);
    return 0;
}

int cli_due(struct cli *c)
{
    struct sy_due_ask a = {0};
    struct sy_due_list list = {0};
    const char *within = cli_option(c, "within");
    if (within != NULL && !cli_yaml_value(CLI_SECONDS, sy_view_str(within), &a.within_s)) {
        return cli_usage("--within: %s is no time, as 30d", within);
    }
    struct cli_ask ask = {.method = "due.list",
                          .args_desc = &sy_due_ask_desc,
                          .args = &a,
                          .result_desc = &sy_due_list_desc,
                          .ret_result = &list};
    bool over = false;
    int status = cli_call(c, &ask);
    for (size_t i = 0; status == 0 && i < list.n_items; i++) {
        over = over || list.items[i].over;
    }
    if (status == 0) {
        status =
            c->json ? cli_print_json(cli_json_record(&sy_due_list_desc, &list)) : print(c, &list);
    }
    return status == 0 && over ? EXIT_OVER : status;
}
