/*
 * Replay for auditors: every event is decided again, every difference is told, and replay goes on with what
 * the log says, so that each lie is named and not only the first.
 *
 * Fields of differences, and what stands beside them:
 *   request          the event should not be in the log at all; found: its type
 *   FIELD            the same, when rules_decide names a field ("inputs.time": time went back)
 *   rules            schema and version of the rules
 *   type             of the event ("charge", "refuse"), or why these rules would log nothing
 *   verdict          "allowed", or the refusal's code and reason
 *   verdict.field, verdict.reason, verdict.stored
 *   spends           how many namespaces pay
 *   spends.NS.F      a budget figure: rho, delta, cells, spent, left, cells_spent, cells_left
 *   state            the digest of the state afterwards, or why the event can't follow the state before
 * Texts quote figures, codes and the reasons of refusals, never a value of a row of data.
 *
 * Runs in: audit tool. Trusts: nobody, but who filled rules_facts. Holds: no secret. May block/alloc:
 * allocates. Threads: a replayer has one owner; rules_request_prepare is pure and runs on any thread.
 * Source: DESIGN section 3.
 */
#ifndef RULES_REPLAY_H
#define RULES_REPLAY_H

#include "rules/decide.h"

/*
 * The request of a logged event, with what can be worked out without the state.
 *
 * verify   verify every signature; without it they are taken as good, which no audit may be content with
 * arena    owns lists, decoded arguments and *ret_facts' contents; must outlive the request
 *
 * Errors of the decoder for a header that is none, SY_E_NO_MEMORY. Arguments that do not decode, a body that
 * is another and signatures that do not verify are no errors here: the facts do not vouch for them, and
 * rules_decide finds out itself.
 */
SY_MUST sy_status rules_request_prepare(const struct sy_event *event, bool verify,
                                        struct sy_arena *arena, struct rules_facts *ret_facts,
                                        struct rules_request *ret, struct sy_error *reterr);

/* What differs. Texts are borrowed for the call. */
struct rules_difference {
    const char *field;
    const char *expected; /* what these rules say */
    const char *found;    /* what the log says */
};
typedef void rules_difference_fn(void *ctx, const struct rules_difference *d);

struct rules_replayer;

/* Replays onto `state`, which must outlive it, and which from now on remembers (rules_state_remember). NULL
 * when out of memory. */
struct rules_replayer *rules_replayer_new(struct rules_state *state);
/* NULL-safe. */
void rules_replayer_free(struct rules_replayer *r);
static inline void rules_replayer_freep(struct rules_replayer **r)
{
    rules_replayer_free(*r);
}
#define RULES_REPLAYER_CLEANUP __attribute__((cleanup(rules_replayer_freep)))

/* Memory for rows comes in pieces. Whoever first touches fresh memory waits for the kernel, page by page, which is a
 * twentieth of what a replayer does; who has threads makes pieces ready. take: RULES_PIECE_BYTES of malloc's memory,
 * aligned to RULES_PIECE_ALIGN and the state's to free from then on; NULL: none is ready; asked on the replayer's
 * thread. */
enum { RULES_PIECE_ALIGN = 64 << 10, RULES_PIECE_BYTES = RULES_PIECE_ALIGN - 64 };
struct rules_pieces {
    void *(*take)(void *ctx);
    void *ctx;
};
/* From now on, and until rules_replayer_free. */
void rules_replayer_pieces(struct rules_replayer *r, const struct rules_pieces *from);

/*
 * Replay the next event as entry `entry`; `tell` is called for each difference. Afterwards the state is what
 * the log claims: these rules' rows for the event as logged, and the logged digest. An event that can't
 * follow leaves the rows as they were.
 * SY_E_NO_MEMORY only: the state is then unchanged.
 */
SY_MUST sy_status rules_replayer_next(struct rules_replayer *r, const struct sy_event *event,
                                      const struct rules_request *request, uint64_t entry,
                                      rules_difference_fn *tell, void *ctx,
                                      struct sy_error *reterr);

/* What a prepared model.run asks, once the replayer has met its model: into *facts, which are req's own. On any thread,
 * while the replayer lives; `event` and `arena` as for rules_request_prepare. */
void rules_replayer_ask(const struct rules_replayer *r, const struct sy_event *event,
                        const struct rules_request *req, struct sy_arena *arena,
                        struct rules_facts *facts);

/* The next requests to be replayed, as they were prepared: have memory fetch what lies in their way, for all of them
 * together, which is faster than for one after the other; and meet their models. */
void rules_replayer_expect(struct rules_replayer *r, const struct rules_request *const *requests,
                           size_t n);

/*
 * The same in three steps, for who has threads. Whether the rows of an entry come to the digest that the log
 * claims needs nothing of the entries before it but the digest that the log claims there: so seals are worked out
 * on any thread, several at once, while the replay goes on.
 */
struct state_row;
struct rules_seal {
    struct state_row **rows; /* that the entry wrote, held; NULL: nothing is left to work out */
    size_t n;
    bool worked;                     /* the digest is worked out; without it, nothing is told */
    bool differs;                    /* then: it is another than the log's */
    uint8_t before[32], claimed[32]; /* as logged */
    uint8_t digest[32];              /* as it should be, once worked out */
};

/* rules_replayer_next, but for the field `state` of an event that can follow. The seal holds rows of the state, in a
 * list in `arena`, until rules_seal_release. What is too much to be held, and all without an arena (NULL), is worked
 * out within this call. After an error there is nothing to release. */
SY_MUST sy_status rules_replayer_fold(struct rules_replayer *r, const struct sy_event *event,
                                      const struct rules_request *request, uint64_t entry,
                                      struct sy_arena *arena, struct rules_seal *ret,
                                      rules_difference_fn *tell, void *ctx,
                                      struct sy_error *reterr);

/* Work out the digest: on any thread. */
void rules_seal_work(struct rules_seal *seal);

/* Tell when it is another than the log's; what nobody has worked out is worked out first. */
void rules_seal_tell(struct rules_seal *seal, rules_difference_fn *tell, void *ctx);

/* Let go of the rows, worked out or not: on the replayer's thread, while its state lives. Again does nothing. */
void rules_seal_release(struct rules_seal *seal);

#endif
