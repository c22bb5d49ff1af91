/*
 * Charge, answer, recover, promote: what the ledger promises about releases, as a model for spin.
 *
 * Two wardens with a log each: 0 is the primary, 1 a standby that copies the primary's durable log until it is
 * promoted. A client asks NONCES questions, again and again, and keeps what it was last told about the log.
 * WITNESSES cosign checkpoints. Every step of a warden is atomic, and a crash may come between any two: then
 * what was appended since the last commit is on the disk, or is not. Once, the crash may be the restoring of an
 * older disk. Once, the standby may be promoted, whether the primary is dead or not.
 *
 * README.md says what each step stands for, and which mistakes (MISTAKE_...) break which claim.
 *
 *   -DNONCES=2 -DCAP=1   questions, and how many of them the budget pays for
 *   -DCRASHES=1 -DROLLBACK=1 -DPROMOTE=1   what may happen
 *   -DQUORUM=2           a figure leaves when so many witnesses have cosigned its entry; 0: there are none
 *   -DONLY=n             assert claim n alone; 0: all
 */
#ifndef NONCES
#define NONCES 2
#endif
#ifndef CAP
#define CAP 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef ROLLBACK
#define ROLLBACK 1
#endif
#ifndef PROMOTE
#define PROMOTE 1
#endif
#ifndef QUORUM
#define QUORUM 2
#endif
#ifndef ONLY
#define ONLY 0
#endif
#define WITNESSES 3
#define LENGTH 6 /* entries of a log: two for each charge, one for the epoch, one to spare */
#define SALTS 7

/* An entry in a byte: its kind, which question, the charge's salt, the epoch of the noise. */
#define CHARGE 1
#define ANSWER 2
#define EPOCH 3
#define entry(kind, nonce, salt, epoch) (kind + 4 * (nonce) + 16 * (salt) + 128 * (epoch))
#define kind_of(e) ((e) & 3)
#define nonce_of(e) (((e) >> 2) & 3)
#define salt_of(e) (((e) >> 4) & 7)

typedef history {
    byte e[LENGTH];
    byte n
}

typedef warden {
    byte e[LENGTH];       /* the log */
    byte mem, durable;    /* entries appended, entries on the disk */
    byte charge[NONCES];  /* 1 + where the log has it; 0: nowhere. Folded from the log */
    byte answer[NONCES];
    byte spent;           /* charges in the log */
    bool running[NONCES]; /* a worker is at it */
    bool told[NONCES];    /* since the warden was started */
    byte got[WITNESSES];  /* 1 + the size that this witness cosigned; 0: none */
    bool refused[WITNESSES];
    bool leader, up, serving;
    byte epoch            /* of the noise; folded from the log, as the part of leader is */
}

warden d[2];
history witness[WITNESSES];

/* The world outside: the longest acknowledged beginning of a log, and what was told. */
history kept;
byte value[NONCES]; /* 1 + the answer's salt and epoch */
byte released;      /* different figures that left */
bool alarm;         /* a reply did not continue what is kept */

byte salts = 0;        /* fresh ones so far */
bool diverged = false; /* a disk was restored, or the standby promoted */
bool reign = false;    /* the standby has served */
bool halted = false;   /* the standby follows no more */

hidden byte k, x;
hidden byte same;

/* --- claims ----------------------------------------------------------------------------------------------------- */

bool uncharged, overspent, twice, unfenced, lost, stuck;

#define claim(number, broken, condition)                     \
    if                                                       \
    :: (ONLY == 0 || ONLY == number) && !(condition) ->      \
        broken = true;                                       \
        assert(!broken)                                      \
    :: else                                                  \
    fi

/* Losing what was acknowledged is prevented by a quorum, and while nothing can diverge; else it is detected. */
#define prevented (QUORUM > 0 || !diverged)

/* --- logs ------------------------------------------------------------------------------------------------------- */

#define append(w, what)        \
    d[w].e[d[w].mem] = what;   \
    d[w].mem = d[w].mem + 1

/* same: is h a beginning of the first `size` entries of w's log? */
inline compare(w, h, size)
{
    same = (h.n <= size);
    k = 0;
    do
    :: k < h.n && same -> same = (h.e[k] == d[w].e[k]); k++
    :: else -> break
    od
}

/* same: do h and the first `size` entries of w's log not contradict each other? */
inline agree(w, h, size)
{
    same = true;
    k = 0;
    do
    :: k < h.n && k < size && same -> same = (h.e[k] == d[w].e[k]); k++
    :: else -> break
    od
}

inline copy(h, w, size)
{
    k = 0;
    do
    :: k < size -> h.e[k] = d[w].e[k]; k++
    :: else -> break
    od;
    h.n = size
}

/* State is a fold of the log. */
inline fold(w)
{
    k = 0;
    do
    :: k < NONCES -> d[w].charge[k] = 0; d[w].answer[k] = 0; k++
    :: else -> break
    od;
    d[w].spent = 0;
    d[w].epoch = 0;
    k = 0;
    do
    :: k < d[w].mem ->
        x = d[w].e[k];
        k++;
        if
        :: kind_of(x) == CHARGE -> d[w].charge[nonce_of(x)] = k; d[w].answer[nonce_of(x)] = 0; d[w].spent++
        :: kind_of(x) == ANSWER -> d[w].answer[nonce_of(x)] = k
        :: else -> d[w].epoch = 1
        fi
    :: else -> break
    od;
    x = 0
}

/* --- witnesses --------------------------------------------------------------------------------------------------- */

#define cosigned(w, size) \
    ((d[w].got[0] > size) + (d[w].got[1] > size) + (d[w].got[2] > size) >= QUORUM)
#define hopeless(w) (d[w].refused[0] + d[w].refused[1] + d[w].refused[2] > WITNESSES - QUORUM)

/* No quorum's word is for a log that contradicts what was acknowledged; and the old primary has none for an entry of
 * its own once the standby has served. (It may have it for a beginning, by words from before: a warden that serves
 * on these releases nothing, because each figure needs a quorum for its own entry.) */
inline won_quorum(w, v)
{
    agree(w, kept, d[w].durable);
    claim(5, lost, same);
    if
    :: w == 0 && reign -> compare(1, witness[v], d[1].durable); claim(4, unfenced, same)
    :: else
    fi
}

/* Witness v is shown w's durable log: it cosigns what continues the longest it has seen, and remembers. */
inline ask_witness(w, v)
{
#ifdef MISTAKE_NO_CONSISTENCY
    same = true;
#else
    compare(w, witness[v], d[w].durable);
#endif
    if
    :: same ->
        copy(witness[v], w, d[w].durable);
        d[w].got[v] = d[w].durable + 1
#ifndef MISTAKE_ASK_AGAIN
    :: else -> d[w].refused[v] = true
#else
    :: else
#endif
    fi;
    if
    :: same && cosigned(w, d[w].durable) -> won_quorum(w, v)
    :: else
    fi
}

/* --- what a warden does -------------------------------------------------------------------------------------------- */

#ifdef MISTAKE_COUNT_ANSWERS
#define paid(w) ((d[w].answer[0] > 0) + (NONCES > 1 && d[w].answer[NONCES - 1] > 0))
#else
#define paid(w) d[w].spent
#endif
#ifdef MISTAKE_FORGET_NONCE
#define new_question(w, i) (d[w].charge[i] == 0 || d[w].answer[i] > 0)
#else
#define new_question(w, i) (d[w].charge[i] == 0)
#endif
#define may_charge(w, i) \
    (d[w].serving && new_question(w, i) && paid(w) < CAP && d[w].mem + 2 <= LENGTH && salts < SALTS)

inline add_charge(w, i)
{
    claim(3, twice, d[w].charge[i] == 0);
    append(w, entry(CHARGE, i, salts, 0));
    salts++;
    d[w].charge[i] = d[w].mem;
    d[w].answer[i] = 0;
    d[w].told[i] = false;
    d[w].spent++
}

inline commit(w)
{
    d[w].durable = d[w].mem
}

#ifdef MISTAKE_LATE_CHARGE
#define may_run_from(w, i) true
#else
#define may_run_from(w, i) (d[w].charge[i] <= d[w].durable)
#endif
#ifdef MISTAKE_NO_RESUME
bool fresh[4]; /* of warden and question: charged since the start */
#define may_resume(w, i) fresh[2 * w + i]
#define set_fresh(w, i, yes) fresh[2 * w + i] = yes
#else
#define may_resume(w, i) true
#define set_fresh(w, i, yes) skip
#endif
#define may_run(w, i)                                                                    \
    (d[w].serving && d[w].charge[i] > 0 && d[w].answer[i] == 0 && !d[w].running[i] &&    \
     may_run_from(w, i) && may_resume(w, i))

inline start_run(w, i)
{
    claim(1, uncharged, d[w].charge[i] <= d[w].durable);
    d[w].running[i] = true
}

inline settle(w, i)
{
    append(w, entry(ANSWER, i, salt_of(d[w].e[d[w].charge[i] - 1]), d[w].epoch));
    d[w].answer[i] = d[w].mem;
    d[w].running[i] = false
}

#ifdef MISTAKE_ACK_BEFORE_SYNC
#define is_durable(w, size) true
#else
#define is_durable(w, size) (size <= d[w].durable)
#endif
#ifdef MISTAKE_NO_WAIT
#define is_witnessed(w, i) true
#elif defined(MISTAKE_WITNESS_CHARGE)
#define is_witnessed(w, i) (QUORUM == 0 || cosigned(w, d[w].charge[i]))
#else
#define is_witnessed(w, i) (QUORUM == 0 || cosigned(w, d[w].answer[i]))
#endif
#define may_tell(w, i)                                                                            \
    (d[w].serving && d[w].answer[i] > 0 && !d[w].told[i] && is_durable(w, d[w].answer[i]) &&      \
     is_witnessed(w, i))

/* The client verifies that the reply's log continues the one it knows, and keeps the longer one. */
inline receive(w, i)
{
    compare(w, kept, d[w].mem);
    claim(5, lost, same || !prevented);
    if
    :: same && kept.n < d[w].answer[i] -> copy(kept, w, d[w].answer[i])
    :: !same -> alarm = true
    :: else
    fi;
#ifdef MISTAKE_FORGETFUL_CLIENT
    k = 0;
    do
    :: k < LENGTH -> kept.e[k] = 0; k++
    :: else -> break
    od;
    kept.n = 0
#endif
}

inline tell(w, i)
{
    d[w].told[i] = true;
    claim(1, uncharged, d[w].charge[i] > 0 && d[w].charge[i] <= d[w].durable);
    receive(w, i);
    x = 1 + (d[w].e[d[w].answer[i] - 1] >> 4);
    if
    :: value[i] != x ->
        released++;
        claim(3, twice, value[i] == 0 || alarm);
        claim(2, overspent, released <= CAP || alarm);
        value[i] = x
    :: else
    fi;
    x = 0
}

inline serve(w)
{
    d[w].serving = true;
    reign = reign || w == 1;
    compare(w, kept, d[w].mem);
    claim(5, lost, same || diverged)
}

/* Who leads follows from the log, as everything does: a promotion that was not durable has not been. */
inline recover(w)
{
    d[w].up = true;
    fold(w);
#ifndef MISTAKE_ROLE_OUTSIDE
    d[w].leader = (w == 0 || d[w].epoch > 0)
#endif
}

#define others_entry d[0].e[d[1].mem]

/* The standby takes the next entry of a log that continues its own. */
inline follow()
{
    k = 0;
    same = true;
    do
    :: k < d[1].mem && same -> same = (d[0].e[k] == d[1].e[k]); k++
    :: else -> break
    od;
    if
    :: same -> append(1, others_entry); d[1].durable = d[1].mem
    :: else -> halted = true /* it says so; somebody may still promote it */
    fi
}

/* What concerns one question. */
#define question(w, i)                                                       \
    :: d_step { may_charge(w, i) -> add_charge(w, i); set_fresh(w, i, true) }    \
    :: d_step { may_run(w, i) -> start_run(w, i) }                                 \
    :: d_step { d[w].running[i] && d[w].mem < LENGTH -> settle(w, i) }       \
    :: d_step { may_tell(w, i) -> tell(w, i) }

#define may_ask(w, v)                                                                       \
    (QUORUM > 0 && d[w].leader && d[w].up && !d[w].refused[v] && d[w].got[v] <= d[w].durable)

proctype Warden(byte w)
{
end:
    do
    question(w, 0)
#if NONCES > 1
    question(w, 1)
#endif
    :: d_step { d[w].up && d[w].durable < d[w].mem -> commit(w) }
    :: d_step { may_ask(w, 0) -> ask_witness(w, 0) }
    :: d_step { may_ask(w, 1) -> ask_witness(w, 1) }
    :: d_step { may_ask(w, 2) -> ask_witness(w, 2) }
    :: d_step { !d[w].up -> recover(w) }
    :: d_step { d[w].leader && d[w].up && !d[w].serving && d[w].mem == d[w].durable &&
                cosigned(w, d[w].durable) -> serve(w) }
    :: d_step { w == 1 && PROMOTE > 0 && !d[1].leader && !halted && d[1].up && d[0].up && d[1].mem < d[0].durable -> follow() }
    od
}

/* --- what happens to wardens -------------------------------------------------------------------------------------- */

/* Nothing of the process is left; beyond the disk's entries there is nothing. */
inline forget(w)
{
    d[w].mem = d[w].durable;
    d[w].up = false;
    d[w].serving = false;
    k = d[w].mem;
    do
    :: k < LENGTH -> d[w].e[k] = 0; k++
    :: else -> break
    od;
    k = 0;
    do
    :: k < NONCES -> d[w].running[k] = false; d[w].told[k] = false; set_fresh(w, k, false); k++
    :: else -> break
    od;
    k = 0;
    do
    :: k < WITNESSES -> d[w].got[k] = 0; d[w].refused[k] = false; k++
    :: else -> break
    od
}

inline crash(w)
{
    if
    :: d[w].durable < d[w].mem -> d[w].durable = d[w].mem /* it had reached the disk */
    :: true
    fi;
    forget(w)
}

/* Somebody puts back an older disk, of any age. */
inline restore(w)
{
    diverged = true;
    do
    :: d[w].durable > 0 -> d[w].durable = d[w].durable - 1
    :: true -> break
    od;
    forget(w)
}

inline promote()
{
    diverged = true;
    d[1].leader = true;
    append(1, entry(EPOCH, 0, 0, 1));
    fold(1);
#ifdef MISTAKE_NO_FENCE
    serve(1)
#endif
}

proctype World()
{
    byte crashes = CRASHES;
    byte rollbacks = ROLLBACK;
    byte promotions = PROMOTE;
    do
    :: atomic { crashes > 0 && d[0].up -> crashes--; crash(0) }
    :: atomic { crashes > 0 && d[1].up && d[1].leader -> crashes--; crash(1) }
    :: atomic { rollbacks > 0 && d[0].up && d[0].durable > 0 -> rollbacks--; restore(0) }
    :: d_step { promotions > 0 && d[1].up && d[1].mem < LENGTH -> promotions--; promote() }
    :: break
    od
}

/* Nothing can happen any more. Who serves, and is not cut off from a quorum, has answered what it charged. */
#define settled(w, i) (!d[w].serving || d[w].charge[i] == 0 || d[w].told[i] || (QUORUM > 0 && hopeless(w)))

proctype End()
{
end:
    d_step {
        timeout ->
        claim(6, stuck, settled(0, 0) && settled(1, 0) && settled(0, NONCES - 1) && settled(1, NONCES - 1));
        claim(6, stuck, d[0].serving || d[1].serving || (QUORUM > 0 && hopeless(0)))
    }
}

init {
    d_step {
        d[0].leader = true;
        d[0].up = true;
        d[0].serving = true;
        d[1].up = true
    }
    atomic {
        run Warden(0);
        run Warden(1);
        run World();
        run End()
    }
}
