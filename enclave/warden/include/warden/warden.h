/*
 * The warden: the enclave's daemon. It holds keys, ledger, budgets and policies, and turns signed
 * requests into logged decisions (DESIGN sections 2 and 3). Flow of a request:
 *
 *   conn.c frame -> call.c open, identify -> method.c prepare (inputs) -> rules_decide
 *     -> record.c append + apply -> [end of round: one fsync] -> method.c effect, reply
 *   runs go on: run_work.c worker -> release.c noise -> run.c, record.c answer -> [fsync]
 *     -> slot ends -> reply
 *
 * Runs in: warden. Trusts: its own ledger and key store after verification; nobody else.
 * Holds: everything (DESIGN section 2). May block: on fsync: the ledger's once a round, the key
 * store's and the answer store's when they change.
 * Threads: all of struct warden belongs to the loop's thread.
 */
#ifndef WARDEN_WARDEN_H
#define WARDEN_WARDEN_H

#include "ledger/ledger.h"
#include "proof/envelope.h"
#include "rules/decide.h"
#include "rules/rows.h"
#include "rules/state.h"
#include "vault/vault.h"
#include "warden/conn.h"
#include "warden/courier.h"
#include "warden/loop.h"
#include "warden/snapshot.h"
#include "warden/staging.h"
#include "wire/event.h"

struct warden_call;
struct warden_run;
struct warden_exposure;
struct warden_product_test;
struct warden_ingest;
struct warden_witnesses;

/* Keys of the domain in guarded memory, borrowed from the vault. */
struct warden_keys {
    uint8_t box_pub[32], sign_pub[32];
    const uint8_t *box_secret;  /* 32 */
    const uint8_t *sign_secret; /* 64, Ed25519: the warden's own acts, its replies */
};

enum { WARDEN_SHARDS_MAX = VAULT_LOG_KEYS_MAX };

/* The logs that were closed before the one in use (shard.h). */
struct warden_closed {
    struct ledger *ledger[WARDEN_SHARDS_MAX];
    uint64_t base[WARDEN_SHARDS_MAX]; /* entries in the logs before each */
    size_t n;
};

struct warden {
    struct warden_loop *loop;
    struct vault *vault;
    struct ledger *ledger;       /* the log in use */
    uint64_t base;               /* entries in the logs before it: its first entry's number */
    struct warden_closed closed; /* those */
    struct rules_state *state;
    struct warden_keys keys;
    uint8_t domain[32];
    struct sy_view genesis; /* canonical bytes of entry 0's args */
    struct sy_view purpose; /* production or test */
    char log_vkey[320];     /* of the key in force (log_key.h) */
    uint8_t seat[32];       /* of this folder; zero: no standby's (promote.h) */
    uint64_t promotion; /* entry by which this folder came to lead; 0: the domain was born in it */
    int zygote;         /* seqpacket edge */
    int listener;       /* local clients */
    int control;        /* supervisor's edge */
    int dir;            /* the domain's folder */
    struct warden_watch *control_watch, *listener_watch;
    struct warden_conn *gateway;   /* NULL while it restarts */
    struct warden_courier courier; /* for outbound HTTP */
    struct warden_conn *
        *conns; /* every open connection, the gateway's and the courier's included */
    size_t n_conns, cap_conns;
    uint64_t last_conn;
    struct warden_call *calls;   /* all that live */
    struct warden_call *waiting; /* appended this round; acted on after the commit */
    struct warden_call **waiting_tail;
    struct warden_run *runs;                   /* in flight or not yet told (run.c) */
    struct warden_exposure *exposures;         /* reports in flight (exposure.c) */
    struct warden_product_test *product_tests; /* tests in flight (product_test.c) */
    struct warden_ingest *ingests;             /* files being taken in (ingest.h) */
    struct warden_stagings stagings;           /* files that come in parts (staging.h) */
    struct warden_witnesses *witnesses;        /* NULL: no policy was adopted (witness.h) */
    struct warden_snapshots snapshots;
    bool own_due;           /* own data of grants that are over may be left (own.h) */
    bool noise_due;         /* noise keys of ended epochs may be needed no more (stop.h) */
    uint64_t noise_at_ns;   /* when that may be looked at again, monotonic */
    struct sy_buf stopping; /* grants that events of this round stopped (stop.h) */
    uint8_t shares_at[32];  /* whose deposits the clock looked at last; zero: begin (share.h) */
    int64_t last_time;      /* of the newest entry */
    uint64_t noted_size;    /* entries at the checkpoint that the key store last noted */
    bool appended;          /* something to commit this round */
    bool unpublished;       /* committed, but not yet in the public tiles */
    bool publish_later;     /* a timer has them written */
    bool failed;            /* the ledger refuses: stop, fail closed */
    bool rolled_back;       /* failed, because a witness has seen another log */
};

#endif
