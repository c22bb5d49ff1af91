/* A test domain with its three processes, made by every party's own commands (domain.sh). */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "bench.h"

enum { LINE_MAX_BYTES = 128, LOWS = 60, HIGHS = 60 }; /* as in domain/small-model.yaml */

static struct {
    shuyu_profile *profile;
    shuyu_session *session; /* NULL: not made yet */
    struct model small;
    size_t asked;
} domain;

const char *domain_do(const char *verb, const char *argument)
{
    const char *argv[] = {BENCH_DOMAIN_SH, bench.build, bench.work, verb, argument, NULL};
    return program_run(argv);
}

void domain_hash(const char *text, const char *word, size_t n, uint8_t ret[32])
{
    size_t length = strlen(word);
    size_t got = 0;
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line != 0) {
        if (strncmp(line, word, length) == 0 && line[length] == ' ' && n-- == 0) {
            (void)sodium_hex2bin(ret, 32, line + length + 1, 64, NULL, &got, NULL);
            break;
        }
    }
    if (got != 32) {
        bench_die("the domain gave no %s", word);
    }
}

/* --- making it -------------------------------------------------------------------------------- */

/* "ready HOST:PORT": the address. */
static void read_ready(int fd, char ret[LINE_MAX_BYTES])
{
    char line[LINE_MAX_BYTES];
    size_t n = 0;
    while (n + 1 < sizeof(line) && read(fd, line + n, 1) == 1 && line[n] != '\n') {
        n++;
    }
    line[n] = '\0';
    if (sscanf(line, "ready %127s", ret) != 1) {
        bench_die("the domain did not start");
    }
}

static void start_supervisor(char ret_address[LINE_MAX_BYTES])
{
    static const int none[2] = {-1, -1};
    const char *argv[] = {bench_build("enclave/supervisor/shuyu-supervisor"),
                          "--domain",
                          bench_work("domain"),
                          "--listen",
                          "127.0.0.1:0",
                          NULL};
    SY_FD_CLEANUP int out = -1;
    program_start(argv, none, &out);
    read_ready(out, ret_address);
}

static void give_up(const char *what, const shuyu_error *e)
{
    program_show_log();
    bench_die("%s: %s %s: %s", what, shuyu_error_name(e->code), e->field, e->reason);
}

static void make_domain(void)
{
    char address[LINE_MAX_BYTES];
    shuyu_error e = {0};
    bench_say("making a domain");
    (void)domain_do("make", NULL);
    start_supervisor(address);
    (void)domain_do("enrol", address);
    const char *text = domain_do("small", NULL);
    domain_hash(text, "grant", 0, domain.small.grant);
    domain_hash(text, "model", 0, domain.small.id);
    if (shuyu_profile_open(bench_work("acme"), &domain.profile, &e) != SHUYU_OK ||
        shuyu_open(domain.profile, NULL, NULL, &domain.session, &e) != SHUYU_OK) {
        give_up("connecting", &e);
    }
}

shuyu_session *domain_session(void)
{
    if (domain.session == NULL) {
        make_domain();
    }
    return domain.session;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* The gateway lets one party ask about a hundred times a second. */
enum { PAUSE_NS = 12000000 };

double domain_ask(const struct model *m, const shuyu_param *params, size_t n_params,
                  shuyu_answer **ret)
{
    shuyu_error e = {0};
    shuyu_answer *a = NULL;
    shuyu_facts facts;
    shuyu_question q = {m->grant, m->id, params, n_params};
    shuyu_session *session = domain_session();
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    (void)nanosleep(&pause, NULL);
    double start = bench_now();
    if (shuyu_run(session, &q, &a, &e) != SHUYU_OK) {
        give_up("a run", &e);
    }
    double seconds = bench_now() - start;
    shuyu_answer_facts(a, &facts);
    if (facts.stored) {
        bench_die("an answer came from the store");
    }
    if (ret != NULL) {
        *ret = a;
    } else {
        shuyu_answer_free(a);
    }
    return seconds;
}

double domain_ask_small(void)
{
    char low[24], high[24];
    shuyu_param params[] = {{"low", low}, {"high", high}};
    (void)domain_session();
    if (domain.asked == LOWS * HIGHS) {
        bench_die("no questions left");
    }
    snprintf(low, sizeof(low), "%zu", domain.asked % LOWS);
    snprintf(high, sizeof(high), "%zu", LOWS + domain.asked / LOWS);
    domain.asked++;
    return domain_ask(&domain.small, params, 2, NULL);
}
