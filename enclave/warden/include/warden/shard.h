/*
 * The logs of a domain, one after the other (rules/shard.h, docs/shards.md): opening all of them, finding an entry
 * among them, closing one and beginning the next. Entries are numbered through all logs.
 *
 *   DIR/ledger/              the first log (ledger/ledger.h)
 *   DIR/ledger/log/N/        the N-th, from 2 on: segments, snapshots
 *   DIR/ledger/public/log/N/ its public files
 *   .../next                 in the public folder of a closed log: "shuyu-next@v1\n", the next log's vkey, its place
 *   DIR/close.req            a canonical sy_logged_request of method "log.close", to be signed by agency and operator
 *
 * A log is closed while nobody is served: asked for in a folder where no domain runs, carried out by the next
 * start. A crash at any point is ended by the start after it: the close is an entry or it is not, and behind a
 * close the next log is begun, with the key that the close names, before anything else.
 *
 * Runs in: warden. Trusts: the folded log; the vault for keys. Holds: nothing. May block: at start, on the
 * disk. Threads: the loop's.
 */
#ifndef WARDEN_SHARD_H
#define WARDEN_SHARD_H

#include "warden/warden.h"

enum { WARDEN_VKEY_MAX = 512 };

/* Entries in all logs; the number of the entry that is appended next; the log that holds entry `index` (one to come:
 * the log in use), and its place there; the root of its log at `size` entries of all logs (from 1). */
uint64_t warden_log_size(const struct warden *w);
uint64_t warden_log_next(const struct warden *w);
struct ledger *warden_log_at(const struct warden *w, uint64_t index, uint64_t *ret_place);
SY_MUST sy_status warden_log_root(const struct warden *w, uint64_t size, uint8_t ret[32]);

/* Append the receipt of entry `index`, against its log's last checkpoint. Errors of ledger_receipt. */
SY_MUST sy_status warden_log_receipt(const struct warden *w, uint64_t index, struct sy_buf *b);

/* At start: open the first log, of that name, and those that the public folders point on to; a pointer is a hint
 * that spares folding the logs before, and what it leads to is checked (warden_logs_check). */
SY_MUST sy_status warden_logs_open(struct warden *w, struct sy_view name, struct sy_error *reterr);

/* The log in use was folded to its end: if it is closed and the next one was begun, that is the log in use
 * from here on, *ret true. Nothing is made. */
SY_MUST sy_status warden_logs_go_on(struct warden *w, bool *ret, struct sy_error *reterr);

/* BOUNDARY: does each log begin where the one before it ends: size, root, and nothing behind its close? SY_E_TAMPERED. */
SY_MUST sy_status warden_logs_check(struct warden *w, struct sy_error *reterr);

void warden_logs_close(struct warden *w);

/* At start, with all folded: if the log in use is closed, begin the next one (its first entry is durable
 * when this returns), and point to it. SY_E_STATE: this folder does not lead. */
SY_MUST sy_status warden_shard_resume(struct warden *w, struct sy_error *reterr);

/* At start, by who leads: carry out DIR/close.req, if it is there: decided by the rules, and its root must be this
 * log's. Nothing is recorded when it is refused, and the domain does not start: sign what is asked, or remove the file. */
SY_MUST sy_status warden_shard_request(struct warden *w, struct sy_error *reterr);

/* Where nobody runs: make the next log's first key, and write DIR/close.req. *ret_vkey: the key. SY_E_FIELD (origin),
 * SY_E_STATE (another key is on its way, or the folder does not lead), SY_E_BUSY (a domain runs there). */
SY_MUST sy_status warden_shard_ask(int dir, const char *origin, char ret_vkey[WARDEN_VKEY_MAX],
                                   struct sy_error *reterr);

#endif
