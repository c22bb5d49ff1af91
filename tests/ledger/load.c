/*
 * A single writer on the real library, as the warden is one: append, commit, and only then say so, on
 * a socket, then publish. It is there to be killed and failed from outside.
 *
 *   ledger_load load DIR RUN BATCHES EVERY   the socket is descriptor 3 (SOCK_SEQPACKET): `begin`,
 *                                            acknowledgements (history.h), `stopped CODE`, `end`;
 *                                            publishes after every EVERY batches, and makes a snapshot
 *                                            after every three times EVERY
 *   ledger_load early DIR RUN BATCHES EVERY  the same with a fault: says so before it commits
 *   ledger_load check DIR HISTORY            opens what is left; HISTORY has u32 length || record
 *                                            each; prints size and root, once published
 *
 * Status: 0 fine, 2 usage, 3 the ledger stopped, 4 it did not open, 5 a claim of it does not hold.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "kept.h"

enum { FINE = 0, USAGE = 2, STOPPED = 3, NOT_OPEN = 4, BROKEN = 5 };
enum { SOCKET = 3, TRIES = 3, FILE_MAX = 256 << 20 };

struct load {
    struct ledger *l;
    struct history h;
    uint64_t run;
    uint64_t rng;
    bool early;
};

static sy_status open_at(const char *path, bool create, struct ledger **ret, struct sy_error *err)
{
    struct proof_vkey log;
    static uint8_t secret[PROOF_SECRET_BYTES]; /* borrowed by the ledger */
    history_key(&log, secret);
    struct ledger_options o = {
        .log = &log, .secret = secret, .segment_bytes = LEDGER_SEGMENT_MIN, .create = create};
    SY_FD_CLEANUP int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? sy_status_of(SY_E_IO) : ledger_open(dir, &o, ret, err);
}

static void say(struct sy_view record)
{
    if (send(SOCKET, record.p, record.n, MSG_NOSIGNAL) < 0) {
        exit(USAGE); /* nobody listens */
    }
}

static int broken(const char *what, sy_status s, const char *why)
{
    (void)fprintf(stderr, "%s: %s %s\n", what, sy_code_name(s.code), why);
    return BROKEN;
}

/* --- loading ------------------------------------------------------------------------------------ */

/* The entries of a batch are durable: remember and say so. */
static bool acknowledge(struct load *a, uint64_t first)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HISTORY_RECORD_MAX);
    uint64_t n = ledger_size(a->l) - first;
    uint64_t index = first + history_random(&a->rng) % n;
    if (!sy_ok(history_ack(a->l, a->run, first, index, &b)) ||
        !history_take(&a->h, sy_buf_view(&b))) {
        return false;
    }
    say(sy_buf_view(&b));
    return true;
}

/* The fault: what is still to be committed is given out, with a receipt of something older. */
static void acknowledge_early(const struct load *a)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HISTORY_RECORD_MAX);
    if (sy_ok(sy_buf_printf(&b, "ack %" PRIu64 " %" PRIu64 " %" PRIu64 " 0\n", a->run,
                            ledger_size(a->l), ledger_pending(a->l))) &&
        sy_ok(ledger_receipt(a->l, 0, &b))) {
        say(sy_buf_view(&b));
    }
}

/* Commit; a full disk may have room again, and until then everything can be read. */
static sy_status commit(struct load *a)
{
    char why[HISTORY_WHY_MAX] = "";
    sy_status s = ledger_commit(a->l, NULL);
    for (int i = 0; i < TRIES && s.code == SY_E_NO_SPACE; i++) {
        if (!history_holds(&a->h, a->l, why)) {
            return sy_status_of(SY_E_TAMPERED);
        }
        s = ledger_commit(a->l, NULL);
    }
    return s;
}

/* Append as many entries as there is room for, up to n; the status of the last. */
static sy_status append(struct load *a, uint64_t n)
{
    sy_status s = SY_OK;
    for (uint64_t i = 0; sy_ok(s) && i < n; i++) {
        s = history_append(a->l, a->run, NULL);
    }
    return s;
}

static sy_status batch(struct load *a)
{
    uint64_t first = ledger_size(a->l);
    bool early = a->early && first > 0;
    sy_status s = append(a, 1 + history_random(&a->rng) % 4);
    if (s.code == SY_E_NO_SPACE) { /* refused; the next may fit */
        s = append(a, 1);
    }
    if (early) {
        acknowledge_early(a);
    }
    if (ledger_pending(a->l) == 0) {
        return s;
    }
    SY_TRY(commit(a));
    if (!early && !acknowledge(a, first)) {
        return sy_status_of(SY_E_INTERNAL);
    }
    return s;
}

/* The ledger takes no more: it must say so again, and still show what it has. */
static int stop(struct load *a, sy_status s)
{
    char why[HISTORY_WHY_MAX] = "";
    char record[64];
    int n = snprintf(record, sizeof(record), "stopped %s", sy_code_name(s.code));
    if (s.code == SY_E_READ_ONLY) {
        if (a->early) {
            acknowledge_early(a);
        }
        if (history_append(a->l, a->run, NULL).code != SY_E_READ_ONLY ||
            ledger_commit(a->l, NULL).code != SY_E_READ_ONLY) {
            return broken("it takes more after it has stopped", s, why);
        }
    }
    if (!history_holds(&a->h, a->l, why)) {
        return broken("stopped, and", s, why);
    }
    say(sy_view((const uint8_t *)record, (size_t)n));
    return STOPPED;
}

static int load_all(struct load *a, uint64_t batches, uint64_t every)
{
    sy_status s = SY_OK;
    for (uint64_t i = 0; i < batches; i++) {
        s = batch(a);
        if (s.code == SY_E_NO_SPACE ||
            s.code == SY_E_IO) { /* refused, nothing is lost: once more */
            s = batch(a);
        }
        if (!sy_ok(s)) {
            return stop(a, s);
        }
        if (i % every == every - 1) {
            (void)sy_ok(ledger_publish(a->l, NULL)); /* tried again the next time */
        }
        if (i % (3 * every) == 3 * every - 1) {
            (void)sy_ok(kept_make(a->l)); /* so is this; a failed sync shows at once */
        }
    }
    return FINE;
}

static int run_load(char **argv, bool early)
{
    struct sy_error err = {0};
    struct load a = {.run = strtoull(argv[3], NULL, 10), .early = early};
    a.rng = a.run << 32;
    history_init(&a.h);
    say(sy_view_str("begin"));
    sy_status s = open_at(argv[2], true, &a.l, &err);
    if (!sy_ok(s)) {
        (void)fprintf(stderr, "open: %s %s %s\n", sy_code_name(s.code), err.field, err.reason);
        return NOT_OPEN;
    }
    int status = load_all(&a, strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
    ledger_close(a.l);
    say(sy_view_str("end"));
    history_deinit(&a.h);
    return status;
}

/* --- checking ----------------------------------------------------------------------------------- */

static bool read_history(const char *path, struct history *h)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    if (!sy_ok(sy_read_file_at(AT_FDCWD, path, &b))) {
        return false;
    }
    for (size_t at = 0; at < b.n;) {
        size_t n = b.n - at >= 4 ? sy_load_le32(b.p + at) : SIZE_MAX;
        if (n > b.n - at - 4 || !history_take(h, sy_view(b.p + at + 4, n))) {
            return false;
        }
        at += 4 + n;
    }
    return true;
}

static int check_open(struct ledger *l, const struct history *h)
{
    char why[HISTORY_WHY_MAX] = "";
    uint8_t root[PROOF_HASH_BYTES];
    char hex[2 * PROOF_HASH_BYTES + 1];
    struct sy_error err = {0};
    if (!history_holds(h, l, why) || !kept_holds(l, why, NULL) || !kept_reread(l, why, NULL)) {
        return broken("after the crash", SY_OK, why);
    }
    sy_status s = ledger_publish(l, &err);
    if (!sy_ok(s) || !sy_ok(ledger_root(l, ledger_size(l), root))) {
        return broken("publish", s, err.reason);
    }
    printf("%" PRIu64 " %s\n", ledger_size(l),
           sodium_bin2hex(hex, sizeof(hex), root, sizeof(root)));
    return FINE;
}

static int run_check(char **argv)
{
    struct history h;
    struct ledger *l = NULL;
    struct sy_error err = {0};
    history_init(&h);
    if (!read_history(argv[3], &h)) {
        return broken("the history cannot be: a number was given twice", SY_OK, "");
    }
    sy_status s = open_at(argv[2], h.n == 0, &l, &err); /* it may never have begun */
    int status = sy_ok(s) ? check_open(l, &h) : broken("it does not open", s, err.reason);
    ledger_close(l);
    history_deinit(&h);
    return status;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0 || argc < 4) {
        return USAGE;
    }
    if (strcmp(argv[1], "check") == 0) {
        return run_check(argv);
    }
    return argc == 6 ? run_load(argv, strcmp(argv[1], "early") == 0) : USAGE;
}
