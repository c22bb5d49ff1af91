/*
 * What an auditor waits for, over a log of a million entries: verification and replay, beside one thread that
 * only hashes the same leaves and bodies; and what the warden pays for a signed request, beside the signature's
 * verification alone.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "audit/replay.h"
#include "log.h"
#include "proof/envelope.h"

enum { LOG_ENTRIES = 1000000, AUDIT_ROUNDS = 3, REQUESTS = 4000 };

/* --- the log ------------------------------------------------------------------------------------------- */

static struct million {
    struct audit_export *x;
    struct proof_vkey key;
    struct sy_view *parts; /* every leaf and body */
    size_t n_parts;
} million;

static uint64_t entries_wanted(void)
{
    const char *text = getenv("SHUYU_BENCH_ENTRIES");
    uint64_t n = text == NULL ? 0 : strtoull(text, NULL, 10);
    return n < 100 ? LOG_ENTRIES : n;
}

static void collect_parts(struct million *m)
{
    m->parts = calloc(2 * audit_size(m->x), sizeof(*m->parts));
    for (uint64_t i = 0; m->parts != NULL && i < audit_size(m->x); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_log_entry e;
        bench_ok(audit_entry(m->x, i, &arena, &e, NULL), NULL, "entry");
        m->parts[m->n_parts++] = e.leaf;
        m->parts[m->n_parts++] = e.body;
    }
}

static const struct million *get_million(void)
{
    struct sy_error e = {0};
    if (million.x == NULL) {
        const char *folder = bench_work("million");
        bench_say("making a log of %llu entries", (unsigned long long)entries_wanted());
        log_make(folder, entries_wanted());
        bench_ok(audit_open(folder, &million.x, &e), &e, "log");
        struct sy_view text = audit_vkey(million.x);
        while (text.n > 0 && text.p[text.n - 1] == '\n') {
            text.n--;
        }
        bench_ok(proof_vkey_parse(text, &million.key, &e), &e, "key");
        collect_parts(&million);
    }
    return &million;
}

struct audit_export *log_million(void)
{
    return get_million()->x;
}

static double hash_all(const struct million *m)
{
    uint8_t sum[PROOF_HASH_BYTES] = {0};
    uint8_t hash[PROOF_HASH_BYTES];
    double start = bench_now();
    for (size_t i = 0; i < m->n_parts; i++) {
        proof_sha256_one(hash, m->parts[i]);
        sum[0] ^= hash[0];
    }
    double seconds = bench_now() - start;
    bench_say("hashed, %u", (unsigned)sum[0]); /* so that none is left out */
    return seconds;
}

/* --- verify and replay --------------------------------------------------------------------------------- */

static double verify_all(const struct million *m)
{
    struct audit_summary sum;
    struct sy_error e = {0};
    double start = bench_now();
    bench_ok(audit_verify(m->x, &m->key, &sum, &e), &e, "verify");
    return bench_now() - start;
}

static void no_mismatch(void *ctx, const struct audit_mismatch *m)
{
    (void)ctx;
    bench_die("entry %llu does not replay: %s: expected %s, found %s", (unsigned long long)m->entry,
              m->field, m->expected, m->found);
}

static double replay(const struct million *m, bool signatures)
{
    const struct audit_replay_how how = {.no_signatures = !signatures, .mismatch = no_mismatch};
    struct audit_replayed sum;
    struct sy_error e = {0};
    double start = bench_now();
    bench_ok(audit_replay(m->x, &how, &sum, &e), &e, "replay");
    return bench_now() - start;
}

static double replay_unsigned(const struct million *m)
{
    return replay(m, false);
}

static double replay_signed(const struct million *m)
{
    return replay(m, true);
}

static void against_hashing(const char *name, double (*run)(const struct million *m), size_t rounds)
{
    static struct samples ours, peers;
    const struct million *m = get_million();
    struct figure f = FIGURE(name, "entries/s");
    const double n = (double)audit_size(m->x);
    ours.n = peers.n = 0;
    for (size_t i = 0; i < rounds; i++) {
        samples_add(&peers, hash_all(m));
        samples_add(&ours, run(m));
    }
    figure_rates(&f, &ours, n);
    f.peer = "SHA-256 of the same leaves and bodies, one thread";
    f.peer_value = n / samples_median(&peers);
    f.ratio = f.value / f.peer_value;
    figure_print(&f);
}

void figure_verify(void)
{
    against_hashing("verify_entries_per_s", verify_all, AUDIT_ROUNDS);
}

void figure_replay(void)
{
    against_hashing("replay_entries_per_s", replay_unsigned, AUDIT_ROUNDS);
}

void figure_replay_signed(void)
{
    against_hashing("replay_signed_entries_per_s", replay_signed, 1);
}

/* --- requests ------------------------------------------------------------------------------------------ */

struct asking {
    uint8_t sign[32], secret[PROOF_SECRET_BYTES];
    uint8_t box[PROOF_BOX_BYTES], box_secret[PROOF_BOX_BYTES];
    struct sy_buf *envelopes;
};

static void make_envelope(struct asking *a, struct sy_buf *b)
{
    static const uint8_t args[] = {0x80};
    const uint8_t *secrets[] = {a->secret};
    struct sy_header h = {
        .method = sy_view_str("model.run"), .party = sy_view_str("acme"), .expiry = 1800000000};
    struct proof_request request = {.args = sy_view(args, sizeof(args)),
                                    .domain_box = a->box,
                                    .secrets = secrets,
                                    .n_secrets = 1};
    randombytes_buf(h.grant, sizeof(h.grant));
    randombytes_buf(h.subject, sizeof(h.subject));
    *b = sy_buf(1 << 16);
    bench_ok(proof_envelope_make(&request, &h, b), NULL, "envelope");
}

/* What the warden does to a request before it decides: parse, unseal, compare, verify. */
static double open_one(const struct asking *a, size_t i)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    PROOF_OPENED_CLEANUP struct proof_opened opened = {0};
    struct proof_envelope e;
    struct sy_error err = {0};
    double start = bench_now();
    bench_ok(proof_envelope_parse(sy_buf_view(&a->envelopes[i]), &arena, &e, &err), &err, "parse");
    bench_ok(proof_envelope_open(&e, a->box, a->box_secret, &opened, &err), &err, "open");
    bench_ok(proof_verify_request(e.outer.header, &e.header, e.outer.sigs, e.outer.n_sigs, a->sign,
                                  &err),
             &err, "verify");
    return bench_now() - start;
}

static double verify_one(const struct asking *a, size_t i)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct proof_envelope e;
    struct sy_error err = {0};
    bench_ok(proof_envelope_parse(sy_buf_view(&a->envelopes[i]), &arena, &e, &err), &err, "parse");
    double start = bench_now();
    bench_ok(proof_verify(e.outer.sigs[0].sig, e.outer.header, a->sign), NULL, "verify");
    return bench_now() - start;
}

void figure_requests(void)
{
    struct figure f = FIGURE("signed_requests_per_s", "requests/s");
    struct asking a = {.envelopes = calloc(REQUESTS, sizeof(*a.envelopes))};
    double ours = 0;
    double peers = 0;
    crypto_sign_keypair(a.sign, a.secret);
    crypto_box_keypair(a.box, a.box_secret);
    for (size_t i = 0; a.envelopes != NULL && i < REQUESTS; i++) {
        make_envelope(&a, &a.envelopes[i]);
    }
    for (size_t i = 0; a.envelopes != NULL && i < REQUESTS; i++) {
        ours += open_one(&a, i);
        peers += verify_one(&a, i);
        sy_buf_deinit(&a.envelopes[i]);
    }
    f.value = REQUESTS / ours;
    f.runs = REQUESTS;
    f.peer = "Ed25519 verification of the same headers";
    f.peer_value = REQUESTS / peers;
    f.ratio = f.value / f.peer_value;
    figure_print(&f);
    free(a.envelopes);
}
