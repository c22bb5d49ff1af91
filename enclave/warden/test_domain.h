/*
 * A whole domain around one real warden: born in a temporary folder, signed by the kit's agency and
 * operator, run by its own main in a child process, with a fake zygote (test_fake.h) behind it and the
 * test in front of it as gateway, supervisor and local client. Parties, records and plans are the
 * rules' kit's.
 */
#ifndef WARDEN_TEST_DOMAIN_H
#define WARDEN_TEST_DOMAIN_H

#include "test_fake.h"
#include "test_kit.h"

#include "warden/domain.h"

enum { DOMAIN_RUNS = 256, DOMAIN_PLAN_MAX = 1 << 16, DOMAIN_STASH = 64, DOMAIN_SENT = 2048 };

/* What the fake workers are told; shared memory. */
struct domain_orders {
    int run[DOMAIN_RUNS]; /* script of the n-th run job */
    unsigned n_runs;      /* run jobs so far */
    int lower, ingest;    /* scripts of those kinds */
    uint8_t plan[DOMAIN_PLAN_MAX];
    size_t plan_bytes;
    uint8_t job[DOMAIN_PLAN_MAX]; /* the last run job, as a worker got it */
    size_t job_bytes, job_fds;
};

/* A frame that came for another request than the awaited. */
struct domain_frame {
    struct sy_buf bytes;
    uint32_t id;
};

struct domain {
    struct kit k;
    char path[64];
    int dir;
    struct fake zygote;
    struct domain_orders *orders;
    pid_t pid; /* the warden's */
    int gateway, control, listener;
    struct sy_buf in;
    struct domain_frame stash[DOMAIN_STASH];
    uint32_t rpc;
    size_t n_runs; /* scripts given out: the n-th run asked for is the n-th worker */
    uint8_t box[KIT_PARTIES][32], box_secret[KIT_PARTIES][32];
    uint8_t domain_box[32], warden[32];
    struct sy_view sent[DOMAIN_SENT]; /* envelopes by request id: a reply is signed for one */
    struct sy_view log;               /* vkey of the log */
};

/* A request before it is sent; spoil it at will. */
struct domain_call {
    const char *party, *method;
    const uint8_t *grant, *subject;
    struct sy_view args, secret;
    const uint8_t *tls; /* NULL = the party's own */
    int64_t early;
};

/* A reply, opened. Views live in the arena of the kit. */
struct domain_reply {
    bool sealed;           /* false: an error in clear */
    struct sy_error error; /* of a refusal, sealed or clear */
    struct sy_reply reply; /* when sealed */
    size_t bytes;          /* sealed length */
};

/* Born, founded, serving; `run` are its workers. */
void domain_start(struct domain *d, fake_worker *run);
/* Stops it (it must end well), then opens it here again, which decides every entry anew, for `look`. */
void domain_stop(struct domain *d, void (*look)(struct domain *d, struct warden *w));
/* Kill the warden as it stands, have `between` (may be NULL) look at the folder that is left, and start it
 * again. Connections are new; what was not answered is not. */
void domain_restart(struct domain *d, void (*between)(struct domain *d));
/* Enrolment, pack, catalogue, versions. */
void domain_catalogue(struct domain *d);
/* And a grant, and a model: what a run needs. */
void domain_prepare(struct domain *d);

/* The party's place among the kit's, and so in `box`. A box key pair for it; its public half. */
size_t domain_party_index(const struct domain *d, const char *id);
const uint8_t *domain_new_box(struct domain *d, const char *id);

/* A dataset of another namespace, "clinic", which the domain has beside the kit's. */
struct sy_dataset_def *domain_beds(struct kit *k);
/* What the domain's developer asks for: the kit's, and the beds. */
struct sy_proposal *domain_proposal(struct domain *d);

/* The custodian's share of a dataset, opened by the agency. */
void domain_share(struct domain *d, const char *dataset, struct sy_share *ret);

/* One step of it again: a version of a dataset; a model, registered and approved (d->k.model). */
void domain_ingest(struct domain *d, const char *department, const char *dataset);
void domain_model(struct domain *d, const struct sy_model_def *def, const struct sy_plan *plan);

/* The canonical envelope of a call; a fresh nonce each time. */
struct sy_view domain_envelope(struct domain *d, const struct domain_call *c);
/* The frame by which the gateway relays it, after whatever *b holds: frames that are said together come in one round of
 * the warden. Relay it. Both return the request's id. */
uint32_t domain_put_relay(struct domain *d, const struct domain_call *c, struct sy_view envelope,
                          struct sy_buf *b);
uint32_t domain_relay(struct domain *d, const struct domain_call *c, struct sy_view envelope);
/* The reply to a request: opened with the party's key, and verified as the warden's word on it. */
struct domain_reply domain_await(struct domain *d, const char *party, uint32_t id);
/* All three; the code of the reply. */
int32_t domain_ask(struct domain *d, const struct domain_call *c);

/* A run of the model. */
struct domain_call domain_run(struct domain *d, const char *age);

/* Raw bytes on the gateway's edge; a new such edge; is the present one still open? */
void domain_say(struct domain *d, struct sy_view bytes);
void domain_new_gateway(struct domain *d);
bool domain_cut_off(struct domain *d);
/* Entries in the log, by a ping on the local socket. */
uint64_t domain_size(struct domain *d);
/* A connection to the local socket. */
int domain_local(struct domain *d);
/* Send an envelope with a descriptor (-1: none) on a local connection, and await the reply there; both. */
void domain_send_local(int sock, const struct domain_call *c, struct sy_view envelope, int fd);
struct domain_reply domain_await_local(struct domain *d, int sock, const struct domain_call *c,
                                       struct sy_view envelope);
struct domain_reply domain_ask_local(struct domain *d, int sock, const struct domain_call *c,
                                     int fd);

#endif
