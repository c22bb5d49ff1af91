/* Asks one question and prints the verified table with its 95 % intervals, and the receipt.
 *   example-burden PROFILE GRANT MODEL [NAME=VALUE]...      GRANT, MODEL: 64 hexadecimal digits */
#include <shuyu/shuyu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void from_hex(const char *hex, uint8_t ret[32])
{
    for (size_t i = 0; i < 32 && strlen(hex) == 64; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        ret[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void print_table(const shuyu_answer *a)
{
    char cell[128], interval[80];
    for (size_t row = 0; row < shuyu_answer_rows(a); row++) {
        for (size_t col = 0; col < shuyu_answer_columns(a); col++) {
            shuyu_answer_format(a, col, row, cell, sizeof cell);
            shuyu_answer_format_interval(a, col, row, interval, sizeof interval);
            printf("%12s %-20s", cell, interval);
        }
        putchar('\n');
    }
    printf("\n%s", shuyu_answer_receipt(a));
}

int main(int argc, char **argv)
{
    shuyu_error e = {0};
    shuyu_profile *me = NULL;
    shuyu_session *s = NULL;
    shuyu_answer *a = NULL;
    uint8_t grant[32] = {0}, model[32] = {0};
    shuyu_param params[16];
    shuyu_question q = {grant, model, params, 0};
    if (argc < 4) {
        fprintf(stderr, "usage: %s PROFILE GRANT MODEL [NAME=VALUE]...\n", argv[0]);
        return 2;
    }
    from_hex(argv[2], grant);
    from_hex(argv[3], model);
    for (int i = 4; i < argc && q.n_params < 16; i++) {
        params[q.n_params].name = strtok(argv[i], "=");
        params[q.n_params++].value = strtok(NULL, "");
    }
    if (shuyu_profile_open(argv[1], &me, &e) || shuyu_open(me, NULL, NULL, &s, &e) ||
        shuyu_run(s, &q, &a, &e)) {
        fprintf(stderr, "%s %s: %s\n", shuyu_error_name(e.code), e.field, e.reason);
    } else {
        print_table(a);
    }
    shuyu_answer_free(a);
    shuyu_close(s);
    shuyu_profile_close(me);
    return e.code == 0 ? 0 : 1;
}
