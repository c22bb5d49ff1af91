/*
 * Recording: append one decided event to the ledger and fold it into the state. Durable only after
 * the round's commit (DESIGN rule: no audit, no answer).
 */
#ifndef WARDEN_RECORD_H
#define WARDEN_RECORD_H

#include "warden/warden.h"

/* Append the event of an EVENT decision and apply it; rows go to the gateway's replica. On any error
 * nothing changed, except that a ledger which takes no more entries makes the warden stop. */
SY_MUST sy_status warden_record(struct warden *w, const struct rules_request *request,
                                const struct sy_inputs *inputs,
                                const struct rules_decision *decision, uint64_t *ret_entry,
                                struct sy_error *reterr);

/* One of the warden's own acts: a request it signs itself, decided by the same rules. args are
 * canonical bytes; grant may be NULL. inputs->time is set here. */
SY_MUST sy_status warden_act(struct warden *w, const char *method, const uint8_t *grant,
                             struct sy_view args, struct sy_inputs *inputs, uint64_t *ret_entry,
                             struct sy_error *reterr);

/* The end of a round: one fsync for all that was appended, then the calls that waited go on. A failed
 * fsync stops the warden (fail closed). */
void warden_commit(struct warden *w);

/* Erase what a grant that is not in force leaves in the key store: the deposited shares, and, when it is
 * over for good, the key of its pseudonyms. */
SY_MUST sy_status warden_forget_grant(struct warden *w, const uint8_t grant[32]);

/* Has the domain's disk room for what a new entry may lead to: the ledger's next segment, the answers of
 * the runs under way, key notes? Without it nothing new is taken, and nothing is charged; what was
 * recorded is still given, and everything can be read. */
bool warden_has_room(const struct warden *w);

/* The same, after so many bytes more. */
bool warden_has_room_for(const struct warden *w, uint64_t bytes);

/* Note the committed size in the key store's own memory of checkpoints, which makes an older ledger
 * beside newer keys detectable: every second, at every key operation, and at the end. A full
 * disk is waited for, by then nothing new is taken; any other failure stops the warden. */
void warden_note(struct warden *w);

/* Then the public tiles and the checkpoint that the gateway serves. */
void warden_publish(struct warden *w);

/* Read back an entry; its bytes live in the arena. One that was appended in this round is committed
 * first (warden_commit, with all that waits on it): nothing is shown before it is durable.
 * SY_E_NOT_FOUND past the end; SY_E_TAMPERED. */
SY_MUST sy_status warden_entry(struct warden *w, uint64_t index, struct sy_arena *arena,
                               struct ledger_entry *ret, struct sy_error *reterr);

/* Proof of entry `index`, against the newest checkpoint that a quorum has cosigned (its witnesses' lines left
 * out: a reply has them once) when `cosigned`, else against the last committed one; bytes live in
 * the arena. */
SY_MUST sy_status warden_entry_proof(struct warden *w, uint64_t index, bool cosigned,
                                     struct sy_arena *arena, struct sy_entry_proof *ret,
                                     struct sy_error *reterr);

/* Append the receipt of a committed entry against the newest checkpoint with a quorum, its witnesses' lines
 * included or not. SY_E_NOT_FOUND when that does not cover it. */
SY_MUST sy_status warden_quorum_receipt(struct warden *w, uint64_t index, bool with_lines,
                                        struct sy_buf *b);

/* Read back and decode the event of entry `index`. */
SY_MUST sy_status warden_entry_event(struct warden *w, uint64_t index, struct sy_arena *arena,
                                     struct sy_event *ret, struct sy_error *reterr);

/* UTC seconds, never less than the newest entry's time. */
int64_t warden_time(const struct warden *w);

/* Copy a party's row; its views live in the arena. False when it is not enrolled (or for lack of
 * memory). */
bool warden_party(const struct warden *w, struct sy_view id, struct sy_arena *arena,
                  struct sy_party *ret);

#endif
