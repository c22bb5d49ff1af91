/*
 * What: tickets about the quality of data: open, fix, close, list. A ticket is found by its number alone; the dataset
 * that its row stands under is looked up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "catalogue.h"

/* "DATASET/N" of a ticket's key, or of what follows its prefix. */
static uint64_t number_of(struct sy_view key)
{
    enum { DIGITS = 20 };
    char digits[DIGITS + 1];
    size_t n = key.n >= DIGITS ? DIGITS : key.n;
    sy_view_to_cstr(sy_view(key.p + key.n - n, n), digits, sizeof(digits));
    return strtoull(digits, NULL, 10);
}

static bool read_ticket(struct cli *c, struct sy_view row, struct sy_ticket_row *ret,
                        struct sy_ticket *ret_ticket)
{
    return sy_ok(sy_record_decode(&sy_ticket_row_desc, row, &SY_MP_LARGE, &c->arena, ret, NULL)) &&
           sy_ok(sy_record_decode(&sy_ticket_desc, ret->ticket, &SY_MP_LARGE, &c->arena, ret_ticket,
                                  NULL));
}

struct pick {
    struct cli *c;
    uint64_t number;        /* the one that is looked for; 0: by bytes */
    struct sy_view sent;    /* the last one that says just this */
    struct sy_view dataset; /* found: its dataset */
    uint64_t found;
};

static bool pick_row(void *ctx, struct sy_view key, struct sy_view value)
{
    struct pick *p = ctx;
    struct sy_ticket_row row;
    struct sy_ticket t;
    if (!read_ticket(p->c, value, &row, &t)) {
        return true;
    }
    bool it = p->sent.n > 0 ? sy_view_eq(row.ticket, p->sent) : number_of(key) == p->number;
    if (it) {
        p->dataset = t.dataset;
        p->found = number_of(key);
    }
    return true;
}

/* The number in the only argument, and the dataset of that ticket. */
static bool ticket_arg(struct cli *c, struct pick *p, int *status)
{
    *p = (struct pick){.c = c};
    if (c->n_args != 1) {
        *status = cli_usage("give the number of one ticket");
        return false;
    }
    if (!cli_number_arg(c, 0, "ticket", &p->number, status)) {
        return false;
    }
    *status = cli_rows(c, "ticket/", pick_row, p);
    if (*status == 0 && p->dataset.n == 0) {
        *status = cli_usage("%s: there is no such ticket that you may see", c->args[0]);
    }
    return *status == 0;
}

/* ---- open ---- */

static int send_ticket(struct cli *c, const uint8_t grant[32], const struct sy_ticket *t,
                       uint64_t *ret)
{
    SY_BUF_CLEANUP struct sy_buf sent = sy_buf(CLI_BYTES_MAX);
    struct cli_ask ask = {
        .method = "ticket.open", .grant = grant, .args_desc = &sy_ticket_desc, .args = t};
    int status = cli_call(c, &ask);
    if (status != 0 || !sy_ok(sy_record_encode(&sy_ticket_desc, t, &sent))) {
        return status;
    }
    struct pick p = {.c = c, .sent = sy_buf_view(&sent)};
    status = cli_rows(c, "ticket/", pick_row, &p);
    *ret = p.found;
    return status;
}

int cli_ticket_open(struct cli *c)
{
    uint8_t grant[32];
    uint64_t number = 0;
    int status = 0;
    const char *quality = cli_need(c, "quality"), *rule = cli_need(c, "rule");
    const char *found_by = cli_option(c, "found-by");
    if (c->n_args != 1 || quality == NULL || rule == NULL) {
        return c->n_args != 1 ? cli_usage("give one dataset") : 2;
    }
    if (!cli_id(c, "grant/", cli_need(c, "grant"), grant, &status)) {
        return status;
    }
    struct sy_ticket t = {.dataset = sy_view_str(c->args[0]),
                          .field = sy_view_str(cli_option(c, "field")),
                          .found_by = sy_view_str(found_by != NULL ? found_by : "use"),
                          .quality = sy_view_str(quality),
                          .rule = sy_view_str(rule),
                          .text = sy_view_str(cli_option(c, "text"))};
    status = send_ticket(c, grant, &t, &number);
    if (status != 0 || c->json) {
        return status != 0 ? status
                           : cli_print_json(json_pack("{s:I}", "ticket", (json_int_t)number));
    }
    printf("opened: ticket %" PRIu64 "\n", number);
    return 0;
}

/* ---- fix, close ---- */

int cli_ticket_fix(struct cli *c)
{
    struct pick p;
    int status = 0;
    uint64_t version;
    char *end = NULL;
    const char *data = cli_need(c, "data");
    if (data == NULL) {
        return 2;
    }
    version = strtoull(data, &end, 10);
    if (*data < '0' || *data > '9' || *end != '\0') {
        return cli_usage("--data: the number of the data version that fixes it");
    }
    if (!ticket_arg(c, &p, &status)) {
        return status;
    }
    struct sy_ticket_fix a = {.dataset = p.dataset,
                              .text = sy_view_str(cli_option(c, "text")),
                              .ticket = p.found,
                              .version = version};
    struct cli_ask ask = {.method = "ticket.fix", .args_desc = &sy_ticket_fix_desc, .args = &a};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "ticket %" PRIu64 ": fixed by data version %" PRIu64 "\n", a.ticket, version);
    }
    return status;
}

int cli_ticket_close(struct cli *c)
{
    static const char *const outcomes[] = {"solved", "unsolved", "withdrawn"};
    struct pick p;
    int status = 0;
    const char *outcome = NULL;
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        if (cli_option(c, outcomes[i]) != NULL) {
            outcome = outcomes[i];
            n++;
        }
    }
    if (n != 1) {
        return cli_usage("give --solved, --unsolved or --withdrawn");
    }
    if (!ticket_arg(c, &p, &status)) {
        return status;
    }
    struct sy_ticket_close a = {.dataset = p.dataset,
                                .outcome = sy_view_str(outcome),
                                .text = sy_view_str(cli_option(c, "text")),
                                .ticket = p.found};
    struct cli_ask ask = {.method = "ticket.close", .args_desc = &sy_ticket_close_desc, .args = &a};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "ticket %" PRIu64 ": %s\n", a.ticket, outcome);
    }
    return status;
}

/* ---- list ---- */

/* Is it left out of a list of what is overdue? */
static bool left_out(const struct cli *c, const struct sy_ticket_row *row)
{
    return cli_option(c, "overdue") != NULL && !sy_ticket_overdue(row, sy_now_s());
}

static json_t *ticket_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_ticket_row r;
    struct sy_ticket t;
    if (!read_ticket(c, row, &r, &t) || left_out(c, &r)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_ticket_row_desc, &r);
    json_object_set_new(j, "number", json_integer((json_int_t)number_of(id)));
    json_object_set_new(j, "ticket", cli_json_record(&sy_ticket_desc, &t));
    json_object_set_new(j, "overdue", json_boolean(sy_ticket_overdue(&r, sy_now_s())));
    return j;
}

static bool ticket_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_ticket_row r;
    struct sy_ticket t;
    char deadline[21];
    if (!read_ticket(c, row, &r, &t) || left_out(c, &r)) {
        return false;
    }
    sy_time_format(r.deadline, deadline);
    ret[0] = sy_arena_printf(&c->arena, "%" PRIu64, number_of(id));
    ret[1] = cli_text(c, r.status);
    ret[2] = sy_arena_printf(&c->arena, "%s%s", deadline,
                             sy_ticket_overdue(&r, sy_now_s()) ? " overdue" : "");
    ret[3] = cli_text(c, t.dataset);
    ret[4] = cli_text(c, t.field);
    ret[5] = cli_text(c, t.quality);
    ret[6] = cli_text(c, t.rule);
    ret[7] = cli_text(c, r.party);
    return true;
}

int cli_ticket_list(struct cli *c)
{
    static const char *const headers[] = {"TICKET", "STATUS",  "DEADLINE", "DATASET",
                                          "FIELD",  "QUALITY", "RULE",     "OPENED BY"};
    static const struct cli_kind_view view = {{"ticket/"}, headers,      8,
                                              ticket_json, ticket_cells, NULL};
    return cli_list(c, &view);
}
