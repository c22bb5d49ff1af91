/*
 * The command line: what every command gets and uses. A command is a row of the table in main.c and a
 * function below; it connects with cli_connect, calls with cli_call, and prints with cli/out.h. The
 * functions below also serve shuyu-dev, which acts for several parties: one struct cli each.
 *
 * Exit status: 0 done; 1 the domain refused (the reason is printed, and its log entry if it was
 * logged); 2 the call was wrong (usage, files); 3 something does not verify; 4 no connection.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "shuyu/shuyu.h"
#include "wire/methods.h"
#include "wire/pack.h"

enum { CLI_BYTES_MAX = 32 << 20, CLI_ARGS_MAX = 64 };

/* A long option given on the command line. */
struct cli_option {
    const char *name;
    const char *value; /* NULL for a switch */
};

struct cli {
    const char *home;    /* profile folder */
    const char *address; /* NULL = the pinned one */
    const char *local;   /* path of the domain's local socket; NULL = over the gateway */
    bool json;
    bool quiet;                     /* results only: no sentence about what was done */
    const char *args[CLI_ARGS_MAX]; /* after the command's words */
    size_t n_args;
    struct cli_option options[CLI_ARGS_MAX];
    size_t n_options;
    shuyu_profile *profile; /* opened on first use */
    shuyu_session *session;
    struct sy_arena arena;
    shuyu_error err;
};

/* A command's result: 0 or an exit status. CLI_PREPARED: the request went into the file of --cosign, and nothing came of
 * it yet; the program ends with 0. */
enum { CLI_PREPARED = 256 };
typedef int cli_command(struct cli *c);

/* First call of a program: the user's locale, and UTF-8 in any case. */
void cli_locale(void);

/* Split words into plain arguments and options: --name value | --name=value | --switch. Views of the
 * words are kept. 0, or 2 after printing. */
int cli_parse(struct cli *c, size_t n, const char *const *words);

/* Close what was opened and free what was allocated. */
void cli_end(struct cli *c);

/* Value of --NAME, or NULL; cli_need prints what is missing and returns NULL. */
const char *cli_option(const struct cli *c, const char *name);
const char *cli_need(struct cli *c, const char *name);

/* Print c->err, or a sy_error, and give the exit status that goes with it. */
int cli_fail(struct cli *c);
int cli_fail_error(struct cli *c, const struct sy_error *e);
int cli_usage(const char *fmt, ...) SY_PRINTF(1, 2);

/* A sentence about what was done, on stdout; nothing with --json or --quiet. */
void cli_say(const struct cli *c, const char *fmt, ...) SY_PRINTF(2, 3);

/* Show the line of this text with a caret under byte `pos`, on stderr. */
void cli_point(const struct cli *c, struct sy_view text, uint64_t pos);

/* Open the profile; connect. False after printing why (status in *ret_status). */
bool cli_profile(struct cli *c, int *ret_status);
bool cli_connect(struct cli *c, int *ret_status);

/* One call. args and secret: a descriptor and record each, NULL for none. result_desc may be NULL, else
 * ret_result is filled (views live as long as the arena). On refusal or failure it is printed and its
 * exit status returned; 0 = done. */
struct cli_ask {
    const char *method;
    const uint8_t *grant, *subject;
    const struct sy_desc *args_desc;
    const void *args;
    const struct sy_desc *secret_desc;
    const void *secret;
    const struct sy_desc *result_desc;
    void *ret_result;
    int fd;              /* handed over when > 0 */
    int expected;        /* a code whose refusal is not printed; its status is still returned */
    uint64_t *ret_entry; /* of the request in the log; NULL: not asked for */
};
int cli_call(struct cli *c, const struct cli_ask *ask);

/* Every visible row under a prefix of the state, in pages: f(ctx, key, value) each. */
typedef bool cli_row_fn(void *ctx, struct sy_view key, struct sy_view value);
int cli_rows(struct cli *c, const char *prefix, cli_row_fn *f, void *ctx);

/* 32 bytes from 64 hex digits, or from a unique prefix of at least 6 digits of a key under the state
 * prefix ("grant/"). False after printing. */
bool cli_id(struct cli *c, const char *state_prefix, const char *text, uint8_t ret[32],
            int *ret_status);

/* As cli_id, of the command's only argument. */
bool cli_id_arg(struct cli *c, const char *state_prefix, uint8_t ret[32], int *ret_status);

/* Lower-case hex into a buffer of 2 n + 1. */
void cli_hex(char *ret, const uint8_t *p, size_t n);

/* A C string of the text, in the arena; "-" when it is empty. For cells. */
const char *cli_text(struct cli *c, struct sy_view v);

/* Decimal text of value x 10^-scale, in the arena. */
const char *cli_decimal(struct cli *c, int64_t value, unsigned scale);

/* A str or bin member of a state row, by key, copied into the arena; false when it has none. Rows are
 * read by key, so that the command line needs no record of the rules. */
bool cli_member(struct cli *c, struct sy_view row, const char *key, struct sy_view *ret);

/* The profile in --home; where there is none, one is made for the party that this invitation is to (cmd_staff.c). */
bool cli_guest_profile(struct cli *c, struct sy_view invitation, int *ret_status);
/* --local as "unix:PATH", or --address; NULL: neither (cmd_staff.c). */
const char *cli_where(struct cli *c);

/* Whole file into the arena. False after printing. */
bool cli_read_file(struct cli *c, const char *path, struct sy_view *ret, int *ret_status);
/* Write a file (mode 0644), or stdout for "-". */
bool cli_write_file(struct cli *c, const char *path, struct sy_view content, int *ret_status);
/* The same with mode 0600, for what only its owner may read. */
bool cli_write_secret(struct cli *c, const char *path, struct sy_view content, int *ret_status);

/* The parts of an identifier, from --id; "-" reads them from standard input, a part a line. ret: room for
 * CLI_ARGS_MAX. False after printing. */
bool cli_ids(struct cli *c, const char **ret, size_t *ret_n, int *ret_status);

/* --approve, --reject or --return, and the opinions that go with a review. */
bool cli_review_args(struct cli *c, struct sy_review *ret, int *ret_status);

/* Path of a program of this build, in the arena: beside this one when installed, else in its build
 * folder. */
const char *cli_program(struct cli *c, const char *name, const char *build_folder);

/* Become another program of this build (words[0], NULL at the end): from beside this one, or from PATH.
 * Returns only after printing why it could not. */
int cli_run_other(char **words);

/* What commands send, for callers that have the records already. 0 or an exit status, after printing.
 * cli_scene_file fills in developer and domain and gives the proposal's id. */
int cli_pack_send(struct cli *c, const struct sy_pack *pack);
int cli_dataset_send(struct cli *c, const struct sy_dataset_def *def);
int cli_scene_file(struct cli *c, struct sy_proposal *p, char ret_id[65]);
int cli_model_send(struct cli *c, const uint8_t grant[32], const struct sy_model_def *def,
                   struct sy_model_result *ret);

/* Ask a model; params: NAME=VALUE each. The answer is verified; end it with shuyu_answer_free. */
int cli_ask_model(struct cli *c, const uint8_t grant[32], const uint8_t model[32],
                  const char *const *params, size_t n, shuyu_answer **ret);
/* Print its table, intervals, cost and data. */
void cli_answer_print(struct cli *c, const shuyu_answer *a);

/* Commands, by file. */
cli_command cli_init, cli_sign, cli_serve, cli_status; /* cmd_domain.c */
cli_command cli_domain_standby, cli_domain_promote, cli_log_shard;
cli_command cli_doctor; /* cmd_doctor.c */
cli_command cli_party_new, cli_party_record, cli_party_pin, cli_party_invite, cli_party_enrol,
    cli_party_list; /* cmd_party.c */
cli_command cli_staff_invite, cli_staff_enrol, cli_staff_rotate, cli_staff_revoke, cli_staff_train,
    cli_staff_list, cli_staff_entrust, cli_staff_keep, cli_party_rotate, cli_party_revoke,
    cli_send; /* cmd_staff.c */
cli_command cli_pack_compile, cli_pack_show, cli_pack_adopt, cli_dataset_define, cli_dataset_ingest,
    cli_dataset_list, cli_dataset_show; /* cmd_dataset.c */
cli_command cli_scene_apply, cli_scene_list, cli_scene_show, cli_scene_first, cli_scene_consent,
    cli_scene_final, cli_scene_suspend, cli_scene_resume, cli_scene_revoke;       /* cmd_scene.c */
cli_command cli_model_register, cli_model_review, cli_model_list, cli_model_show; /* cmd_model.c */
cli_command cli_scene_lift;                                                       /* cmd_scene.c */
cli_command cli_scene_comment;                                                    /* cmd_talk.c */
cli_command cli_scene_meter, cli_scene_shrink;                                    /* cmd_meter.c */
cli_command cli_own_define, cli_own_confirm, cli_own_put, cli_own_list,
    cli_own_show; /* cmd_own.c */
cli_command cli_qualify_announce, cli_qualify_apply, cli_qualify_withdraw, cli_qualify_opinion,
    cli_qualify_decide, cli_qualify_object, cli_qualify_settle; /* cmd_qualify.c */
cli_command cli_qualify_announced, cli_qualify_list, cli_qualify_notices,
    cli_qualify_show; /* cmd_qualify_show.c */
cli_command cli_agreement_offer, cli_agreement_accept, cli_agreement_file, cli_agreement_terminate,
    cli_agreement_list, cli_agreement_show; /* cmd_agreement.c */
cli_command cli_scene_exposure;             /* cmd_exposure.c */
cli_command cli_model_bounds;               /* cmd_bounds.c */
cli_command cli_model_check, cli_model_explain, cli_model_cost, cli_model_test; /* cmd_check.c */
cli_command cli_consent_issue, cli_subject_ask;                                 /* cmd_subject.c */
cli_command cli_payload_read, cli_payload_erase, cli_subject_trail;             /* cmd_payload.c */
cli_command cli_run;                                                            /* cmd_run.c */
cli_command cli_audit_rerun;                                                    /* cmd_audit.c */
cli_command cli_budget_recover;                                                 /* cmd_budget.c */
cli_command cli_inspect_open, cli_inspect_finding, cli_inspect_mend, cli_inspect_close,
    cli_inspect_list, cli_inspect_show; /* cmd_inspect.c */
cli_command cli_order_correct, cli_order_mend, cli_order_mended, cli_order_cancel, cli_order_list,
    cli_order_show;
cli_command cli_incident_report, cli_incident_update, cli_incident_close, cli_incident_list,
    cli_incident_show, cli_incident_notice; /* cmd_incident.c */
cli_command cli_emergency_plan, cli_emergency_show, cli_drill_record, cli_drill_list,
    cli_evaluate_record, cli_evaluate_list; /* cmd_evaluate.c */
cli_command cli_report_annual, cli_report_figures, cli_report_list, cli_disclose_publish,
    cli_disclose_list;                        /* cmd_annual.c */
cli_command cli_due;                          /* cmd_due.c */
cli_command cli_risk_report, cli_risk_stop;   /* cmd_risk.c */
cli_command cli_sync_list, cli_sync_district; /* cmd_sync.c */
cli_command cli_log_witnesses, cli_log_adopt_witnesses, cli_log_trust_witnesses,
    cli_log_receipt;                        /* cmd_witnesses.c */
cli_command cli_log_check;                  /* cmd_log_check.c */
cli_command cli_log_rotate, cli_log_follow; /* cmd_log_keys.c */
cli_command cli_catalog_describe, cli_catalog_approve, cli_catalog_withdraw, cli_catalog_offer,
    cli_catalog_unoffer;                                            /* cmd_catalog.c */
cli_command cli_catalog_list, cli_catalog_show, cli_catalog_search; /* cmd_catalog_show.c */
cli_command cli_catalog_diff;                                       /* cmd_catalog_diff.c */
cli_command cli_catalog_export;                                     /* cmd_catalog_dcat.c */
cli_command cli_demand_file, cli_demand_review, cli_demand_list;    /* cmd_demand.c */
cli_command cli_ticket_open, cli_ticket_fix, cli_ticket_close, cli_ticket_list; /* cmd_ticket.c */
cli_command cli_product_submit, cli_product_report, cli_product_review, cli_product_publish,
    cli_product_register, cli_product_withdraw; /* cmd_product.c */
cli_command cli_product_test;                   /* cmd_product_test.c */
cli_command cli_product_list, cli_product_show, cli_product_buyers,
    cli_product_misuse; /* cmd_product_show.c */
cli_command cli_product_subscribe, cli_product_unsubscribe, cli_product_call,
    cli_product_statement;              /* cmd_product_call.c */
cli_command cli_budget, cli_log_export; /* cmd_log.c */

#endif
