/* Figures of whole answers: through TLS, gateway, warden, ledger, sealed worker, noise and back. */
#include <stdlib.h>

#include "bench.h"

enum { FIXED_RUNS = 240, WARM_UP = 20, RATIO_ROUNDS = 7, THREADS = 2 };

void figure_answer_fixed(void)
{
    struct figure f = FIGURE("answer_fixed_ms", "ms");
    struct samples s = {0};
    for (size_t i = 0; i < WARM_UP; i++) {
        (void)domain_ask_small();
    }
    for (size_t i = 0; i < FIXED_RUNS; i++) {
        samples_add(&s, domain_ask_small() * 1e3);
    }
    figure_times(&f, &s);
    figure_print(&f);
}

void figure_ingest(void)
{
    struct figure f = FIGURE("ingest_mb_per_s", "MB/s");
    uint64_t bytes = 0;
    (void)visits_file(&bytes);
    f.value = (double)bytes / 1e6 / visits_ingest();
    f.runs = 1;
    figure_print(&f);
}

/* Which towns of a person are kept differs, the total hardly: else two things are compared. */
static void check_totals(int64_t ours, int64_t peers)
{
    if (llabs(ours - peers) > peers / 100) {
        bench_die("the answers differ: %lld and %lld visits", (long long)ours, (long long)peers);
    }
}

struct rounds {
    struct samples fixed, whole, peer, net, ratio; /* ms, the last apart */
};

static void ratio_round(struct rounds *r, struct peer *p, size_t n)
{
    int64_t ours = 0, peers = 0;
    for (int i = 0; i < 5; i++) {
        samples_add(&r->fixed, domain_ask_small() * 1e3);
    }
    samples_add(&r->whole, visits_ask(n, &ours) * 1e3);
    samples_add(&r->peer, peer_ask(p, &peers) * 1e3);
    check_totals(ours, peers);
    bench_say("round %zu: %.0f ms, the peer %.0f ms", n, r->whole.v[n - 1], r->peer.v[n - 1]);
}

static void finish_rounds(struct rounds *r)
{
    double fixed = samples_median(&r->fixed);
    for (size_t i = 0; i < r->whole.n; i++) {
        double net = r->whole.v[i] - fixed;
        samples_add(&r->net, net);
        samples_add(&r->ratio, net / r->peer.v[i]);
    }
}

/* Question 0 and the peer's first run only warm up; the others are measured in turns. */
void figure_answer_ratio(void)
{
    struct figure f = FIGURE("answer_ratio_10m", "ms");
    struct rounds r = {0};
    int64_t ignored = 0;
    (void)visits_ask(0, &ignored);
    struct peer *p = peer_open(visits_file(NULL), THREADS);
    (void)peer_ask(p, &ignored);
    for (size_t i = 1; i <= RATIO_ROUNDS; i++) {
        ratio_round(&r, p, i);
    }
    peer_close(p);
    finish_rounds(&r);
    figure_times(&f, &r.net);
    f.peer = "duckdb in process, bounded SQL, native tables";
    f.peer_value = samples_median(&r.peer);
    f.ratio = samples_median(&r.ratio);
    figure_print(&f);
}

_Static_assert(RATIO_ROUNDS + 1 <= LARGE_MODELS, "a question for every round");
