/*
 * shuyu: the command line of all roles. One table says which words make a command, what it takes and
 * what it does; --help and the man page come from it. `shuyu-audit`, `shuyu-bridge`, `shuyu-dev` and
 * `shuyu-witness` are programs of their own, run git-style as `shuyu audit` and so on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

struct row {
    const char *words;
    cli_command *run;
    const char *takes;
    const char *help;
};

static const struct row rows[] = {
    {"init", cli_init, "--domain DIR --agency FILE --operator FILE [--name NAME] [--purpose test]",
     "make a new data domain; agency and operator then sign it"},
    {"sign", cli_sign, "FILE [--show]",
     "print what it asks for, and add this profile's signature: to a domain's genesis, to a "
     "promotion, or to what --cosign wrote; --show: print only"},
    {"send", cli_send, "FILE", "send a request that was prepared with --cosign and signed by two"},
    {"serve", cli_serve, "--domain DIR [--listen HOST:PORT]",
     "run a domain (supervisor in the foreground)"},
    {"domain standby", cli_domain_standby, "--standby DIR --genesis FILE [--master-key FILE]",
     "make the folder of a warm standby, for shuyu-copier (operator)"},
    {"domain promote", cli_domain_promote, "--standby DIR",
     "ask for the promotion of a standby; agency and operator then sign it"},
    {"doctor", cli_doctor, "", "what this machine has and lacks for a domain"},
    {"status", cli_status, "", "the domain's sign of life"},
    {"party new", cli_party_new, "--party ID", "make a profile with fresh keys in --home"},
    {"party record", cli_party_record, "--name NAME --role ROLE [--out FILE]",
     "public record, for init"},
    {"party pin", cli_party_pin, "--genesis FILE --address HOST:PORT --role ROLE",
     "trust the domain of this genesis"},
    {"party invite", cli_party_invite, "--party ID --role ROLE --name NAME [--days N] --out FILE",
     "invite a party (agency)"},
    {"party enrol", cli_party_enrol, "--invite FILE [--address HOST:PORT]",
     "enrol by an invitation; makes the profile where there is none"},
    {"party list", cli_party_list, "", "enrolled parties"},
    {"party rotate", cli_party_rotate, "", "give the party other keys, signed by old and new"},
    {"party revoke", cli_party_revoke, "PARTY --ground CODE [--text TEXT]",
     "end a party's enrolment, and a developer's grants with it (agency)"},
    {"party staff invite", cli_staff_invite,
     "--id ID --name NAME --duty system|security|audit|business,... [--confidential FILE] [--days "
     "N] "
     "--out FILE",
     "invite a member to the party's staff (duty system, or the party's own key)"},
    {"party staff enrol", cli_staff_enrol, "--invite FILE [--address HOST:PORT]",
     "join a party's staff by an invitation; makes the profile and its keys"},
    {"party staff rotate", cli_staff_rotate, "",
     "give this member other keys, signed by old and new"},
    {"party staff revoke", cli_staff_revoke, "ID [--text TEXT]",
     "end a member's enrolment at once (duty system)"},
    {"party staff train", cli_staff_train, "ID --course TEXT --days N [--confidential FILE]",
     "record a training, and a confidentiality agreement (duty security)"},
    {"party staff list", cli_staff_list, "", "the rota: own staff; all, for agency and auditor"},
    {"party staff entrust", cli_staff_entrust, "ID --out FILE",
     "let a member open key shares of the party (the party's own key)"},
    {"party staff keep", cli_staff_keep, "FILE", "take what was entrusted"},
    {"pack compile", cli_pack_compile, "FILE.yaml --out FILE", "compile a policy pack"},
    {"pack show", cli_pack_show, "FILE.yaml",
     "every figure of a policy pack, as the domain will see it"},
    {"pack adopt", cli_pack_adopt, "FILE.yaml", "adopt a policy pack (agency)"},
    {"dataset define", cli_dataset_define, "FILE.yaml",
     "enter a dataset into the catalogue (department)"},
    {"dataset ingest", cli_dataset_ingest, "DATASET FILE",
     "ingest a raw file; needs --local (department)"},
    {"dataset list", cli_dataset_list, "", "the catalogue"},
    {"dataset show", cli_dataset_show, "DATASET", "fields, types, grades and value sets"},
    {"own define", cli_own_define, "FILE.yaml --file RAW",
     "declare own data that is to be fused: what it is, and which file (developer)"},
    {"own confirm", cli_own_confirm, "DATASET --approve|--reject --opinion TEXT [--grant ID]",
     "confirm a developer's own data under the grant that names it (operator)"},
    {"own put", cli_own_put, "DATASET FILE [--grant ID]",
     "send the confirmed file into the domain, sealed (developer)"},
    {"own list", cli_own_list, "", "developers' own data, and how far it has come"},
    {"own show", cli_own_show, "DATASET", "one: its statement, its grant, its end"},
    {"catalog describe", cli_catalog_describe, "FILE.yaml",
     "describe a dataset for the catalogue: its core metadata (department)"},
    {"catalog approve", cli_catalog_approve, "DATASET [--return] [--opinion TEXT]",
     "take the description that waits into the catalogue, or return it (agency)"},
    {"catalog withdraw", cli_catalog_withdraw, "DATASET --text TEXT",
     "take a dataset out of the catalogue (department, agency)"},
    {"catalog offer", cli_catalog_offer, "FILE.yaml",
     "offer a dataset in the operation catalogue (operator)"},
    {"catalog unoffer", cli_catalog_unoffer, "DATASET", "offer it no longer (operator)"},
    {"catalog list", cli_catalog_list, "[--stale] [--offered]",
     "what is described and offered, and how fresh its data are"},
    {"catalog show", cli_catalog_show, "DATASET [VERSION]", "a dataset's core metadata"},
    {"catalog search", cli_catalog_search, "TEXT ...", "where the catalogue has all these words"},
    {"catalog diff", cli_catalog_diff, "DATASET [A B]", "what changed between two versions"},
    {"catalog export", cli_catalog_export, "--dcat [--out FILE]",
     "the catalogue in the terms of W3C DCAT, as JSON-LD"},
    {"demand file", cli_demand_file,
     "--developer ID --sector ID --title TEXT --items TEXT --scene TEXT",
     "ask for data that the catalogue has not (operator)"},
    {"demand review", cli_demand_review, "DEMAND --approve|--reject [--opinion TEXT]",
     "review a demand (agency, department of the sector)"},
    {"demand list", cli_demand_list, "", "demands, and what became of them"},
    {"ticket open", cli_ticket_open,
     "DATASET --grant ID --quality WORD --rule CODE [--field NAME] [--found-by WORD] [--text TEXT]",
     "report a problem of quality, without any value (developer, operator)"},
    {"ticket fix", cli_ticket_fix, "TICKET --data VERSION [--text TEXT]",
     "name the data version that fixes it (department)"},
    {"ticket close", cli_ticket_close, "TICKET --solved|--unsolved|--withdrawn [--text TEXT]",
     "say whether the fix solved it (who opened it, agency)"},
    {"ticket list", cli_ticket_list, "[--overdue]", "tickets and their deadlines"},
    {"qualify announce", cli_qualify_announce, "FILE.yaml|--join ID",
     "announce whom the scheme looks for; for developers agency and operator each (agency, "
     "operator)"},
    {"qualify announced", cli_qualify_announced, "", "what was announced"},
    {"qualify apply", cli_qualify_apply, "FILE.yaml --announcement ID",
     "apply for qualification (operator, developer)"},
    {"qualify withdraw", cli_qualify_withdraw, "ID [--text TEXT]",
     "withdraw the own application (operator, developer)"},
    {"qualify opinion", cli_qualify_opinion,
     "ID --opinion FILE --experts N [--scores ASPECT=POINTS,...] [--text TEXT]",
     "record what the experts found (agency, operator)"},
    {"qualify decide", cli_qualify_decide, "ID --approve|--reject --minutes FILE [--text TEXT]",
     "record what the body decided; the last approval opens the public notice (agency, operator)"},
    {"qualify notices", cli_qualify_notices, "", "public notices, and until when to object"},
    {"qualify object", cli_qualify_object, "ID --text TEXT [--evidence FILE] [--behalf WHOM]",
     "object to an applicant; the agency for whoever is not enrolled"},
    {"qualify settle", cli_qualify_settle,
     "ID --objection N --outcome upheld|dismissed --text TEXT", "settle an objection (agency)"},
    {"qualify list", cli_qualify_list, "", "applications for qualification"},
    {"qualify show", cli_qualify_show, "ID", "one application, and how far it came"},
    {"agreement offer", cli_agreement_offer, "FILE.yaml --application ID [--parent ID]",
     "offer an agreement to an approved applicant (agency, operator)"},
    {"agreement accept", cli_agreement_accept, "ID --commitment FILE",
     "sign it, with the data security commitment (operator, developer)"},
    {"agreement file", cli_agreement_file, "ID --number NUMBER",
     "put it on the agency's file, which opens access (operator)"},
    {"agreement terminate", cli_agreement_terminate, "ID --ground CODE [--text TEXT]",
     "end a qualification at once, with all grants under it (agency; the party on its own ground)"},
    {"agreement list", cli_agreement_list, "", "agreements"},
    {"agreement show", cli_agreement_show, "ID", "one agreement"},
    {"scene apply", cli_scene_apply, "FILE.yaml", "apply for a scene (developer)"},
    {"scene list", cli_scene_list, "", "applications and grants"},
    {"scene show", cli_scene_show, "ID", "one application or grant"},
    {"scene first-review", cli_scene_first,
     "ID --approve|--reject|--return [--opinion TEXT] [--feasibility TEXT] [--compliance TEXT] "
     "[--risk "
     "TEXT] "
     "[--value TEXT]",
     "first review (operator)"},
    {"scene comment", cli_scene_comment, "ID [--text TEXT]",
     "ask or answer about an application; without --text: all that was said"},
    {"scene consent", cli_scene_consent, "ID --approve|--reject|--return [--opinion TEXT]",
     "consent; approval hands over the department's key shares, if it holds any (department)"},
    {"scene final-review", cli_scene_final, "ID --approve|--reject|--return [--opinion TEXT]",
     "final review; approval hands over the agency's key shares (agency)"},
    {"scene exposure", cli_scene_exposure, "ID [--quasi DATASET.FIELD,...]",
     "how closely a grant's columns describe single units (operator, agency)"},
    {"scene meter", cli_scene_meter, "ID", "which granted fields are read, and by how many runs"},
    {"scene shrink", cli_scene_shrink, "ID --out FILE.yaml [--ran]",
     "write the application for a grant with only the fields that are read (developer)"},
    {"scene suspend", cli_scene_suspend, "ID --ground CODE [--text TEXT]", "stop a grant at once"},
    {"scene lift", cli_scene_lift, "ID --ground CODE [--text TEXT]",
     "take back this party's own suspension"},
    {"scene resume", cli_scene_resume, "ID --ground CODE [--text TEXT]",
     "start it again, when nobody else holds it (agency)"},
    {"scene revoke", cli_scene_revoke, "ID --ground CODE [--text TEXT]", "end it for good"},
    {"model register", cli_model_register, "FILE.yaml --grant ID", "register a model (developer)"},
    {"model review", cli_model_review, "ID --approve|--reject [--opinion TEXT]",
     "review a model (operator)"},
    {"model check", cli_model_check, "FILE.yaml --grant ID|--scene FILE.yaml",
     "would it be accepted? what is refused, where, why, what to write instead"},
    {"model explain", cli_model_explain, "FILE.yaml --grant ID|--scene FILE.yaml",
     "what the reviewer will read"},
    {"model cost", cli_model_cost, "FILE.yaml --grant ID|--scene FILE.yaml",
     "price and expected error of every figure; no data is touched"},
    {"model bounds", cli_model_bounds, "FILE.yaml --public FILE.yaml --grant ID|--scene FILE.yaml",
     "which clamp has the least expected error, by public knowledge; no data is touched"},
    {"model test", cli_model_test,
     "FILE.yaml [NAME=VALUE ...] --catalogue DIR [--pack FILE.yaml] [--public DIR] [--seed N] "
     "[--keep DIR]",
     "run it on dummy data in a throw-away domain"},
    {"model list", cli_model_list, "", "models"},
    {"model show", cli_model_show, "ID", "one model: its SQL and status"},
    {"run", cli_run, "MODEL [NAME=VALUE ...] [--receipt FILE]",
     "run a model and print the verified answer"},
    {"product submit", cli_product_submit, "FILE.yaml --model ID",
     "file a product of an approved model (developer)"},
    {"product report", cli_product_report, "ID",
     "make the report of the five checks (agency, security)"},
    {"product test", cli_product_test, "ID [--all]",
     "test a product's answers inside the domain, or list its tests (agency, operator)"},
    {"product review", cli_product_review,
     "ID --approve|--return|--reject --report DIGEST [--opinion TEXT]",
     "review a product by its last report (agency, security)"},
    {"product publish", cli_product_publish, "ID", "publish what was approved (agency)"},
    {"product register", cli_product_register, "ID [--exchange CODE] [--registration CODE]",
     "enter its numbers at the data exchange and in the register (agency, operator)"},
    {"product withdraw", cli_product_withdraw, "ID --ground CODE [--text TEXT]",
     "take a product from sale at once"},
    {"product list", cli_product_list, "", "products, and how far they have come"},
    {"product show", cli_product_show, "ID", "one product: schema, price, sources, reviews"},
    {"product subscribe", cli_product_subscribe,
     "ID --purpose CODE --no-redistribution [--contract FILE]",
     "subscribe to a product for one of its uses (buyer)"},
    {"product unsubscribe", cli_product_unsubscribe, "ID [--buyer ID] [--text TEXT]",
     "end a subscription (buyer: its own; agency)"},
    {"product buyers", cli_product_buyers, "", "who subscribed to what, for what"},
    {"product call", cli_product_call, "ID [NAME=VALUE ...] --purpose CODE [--receipt FILE]",
     "call a product and print the verified answer (buyer)"},
    {"product statement", cli_product_statement, "ID --month YYYY-MM",
     "calls and money of a month, by buyer"},
    {"product misuse", cli_product_misuse, "", "calls that were refused as disguised use"},
    {"consent issue", cli_consent_issue,
     "[NAME=VALUE ...] --grant ID --model ID --id TEXT [--minutes N] --out FILE",
     "sign a subject's consent to one question (issuer)"},
    {"subject ask", cli_subject_ask, "[NAME=VALUE ...] --token FILE --id TEXT [--receipt FILE]",
     "ask about one subject who consented: yes, no, a band, unknown (developer)"},
    {"subject trail", cli_subject_trail, "--ns NAMESPACE --id TEXT",
     "who asked about this subject, and when (agency, for the subject)"},
    {"payload read", cli_payload_read, "ENTRY", "whom this question was about (auditor, agency)"},
    {"payload erase", cli_payload_erase, "--ns NAMESPACE --id TEXT",
     "destroy what is kept of this subject's questions; the log stays (agency)"},
    {"budget recover", cli_budget_recover,
     "NAMESPACE [--rho N] [--delta N] --ground CODE [--text TEXT]",
     "give back spent budget, within what the pack allows a year (agency)"},
    {"inspect open", cli_inspect_open,
     "PARTY --scope business,system,usage,security --title TEXT [--file FILE]",
     "open an inspection of an operator or developer (agency, security, sector's department)"},
    {"inspect finding", cli_inspect_finding, "ENTRY --text TEXT --days N [--file FILE]",
     "state a finding, to be mended within N working days"},
    {"inspect mend", cli_inspect_mend, "ENTRY --finding N --text TEXT [--file FILE]",
     "say that a finding is mended (the inspected party)"},
    {"inspect close", cli_inspect_close, "ENTRY [--text TEXT]",
     "close an inspection whose findings are all mended"},
    {"inspect list", cli_inspect_list, "", "inspections"},
    {"inspect show", cli_inspect_show, "ENTRY", "one inspection and its findings"},
    {"order correct", cli_order_correct,
     "PARTY --ground CODE --days N --text TEXT [--inspection ENTRY] [--file FILE]",
     "order a party to correct; its access closes at once (agency, sector's department)"},
    {"order mend", cli_order_mend, "ENTRY --text TEXT --file FILE",
     "report that what an order asks for is done (the party)"},
    {"order mended", cli_order_mended, "ENTRY --accept|--reject [--text TEXT]",
     "accept that report, which opens access again, or reject it (its issuer, or the agency)"},
    {"order cancel", cli_order_cancel, "ENTRY [--text TEXT]",
     "after the deadline: revoke the party's grants (agency)"},
    {"order list", cli_order_list, "", "orders to correct"},
    {"order show", cli_order_show, "ENTRY", "one order"},
    {"incident report", cli_incident_report,
     "--kind leak|tamper|misuse|linkage|availability --text TEXT [--found TIME] [--grants ID,...] "
     "[--datasets ID,...] [--all] [--file FILE]",
     "report an incident and stop what it affects, in one act"},
    {"incident update", cli_incident_update,
     "ENTRY --text TEXT [--grants ID,...] [--datasets ID,...] [--all] [--file FILE]",
     "say what more is known, and stop what more is affected"},
    {"incident close", cli_incident_close, "ENTRY --measures TEXT [--file FILE]",
     "close an incident (agency)"},
    {"incident list", cli_incident_list, "", "incidents"},
    {"incident show", cli_incident_show, "ENTRY", "one incident"},
    {"incident notice", cli_incident_notice, "ENTRY [--lang zh|en] [--out FILE]",
     "the report of an incident as a text, for whoever is told on paper"},
    {"emergency plan", cli_emergency_plan, "--title TEXT --file FILE [--departments ID,...]",
     "put an emergency plan in force (agency)"},
    {"emergency show", cli_emergency_show, "", "the emergency plan in force"},
    {"drill record", cli_drill_record, "--participants ID,... --text TEXT --file FILE [--at TIME]",
     "record a drill of the emergency plan (agency)"},
    {"drill list", cli_drill_list, "", "drills"},
    {"evaluate record", cli_evaluate_record, "FILE.yaml --file FILE",
     "record an evaluation of an operator or developer (agency)"},
    {"evaluate list", cli_evaluate_list, "", "evaluations"},
    {"report figures", cli_report_figures, "YEAR", "the figures of a year's report, counted now"},
    {"report annual", cli_report_annual, "YEAR --file FILE [--revenue FEN] [--text TEXT]",
     "file the yearly operating report, with the ledger's own figures (operator)"},
    {"report list", cli_report_list, "", "yearly reports"},
    {"disclose publish", cli_disclose_publish, "DIR",
     "publish a folder of `shuyu audit disclose` by its digest (agency, operator)"},
    {"disclose list", cli_disclose_list, "", "what was disclosed"},
    {"due", cli_due, "[--within DURATION]",
     "everything with a deadline that is near or over; status 5: something is over"},
    {"risk report", cli_risk_report, "",
     "risks of linkage and aggregation (operator, agency, security)"},
    {"risk stop", cli_risk_stop, "GRANT [--found TIME] [--text TEXT] [--report FILE]",
     "stop a grant and report hidden relations, in one act; write the figures down"},
    {"budget", cli_budget, "", "privacy budgets of the unit namespaces"},
    {"sync list", cli_sync_list, "",
     "what the platforms beside the domain are told, and have taken"},
    {"sync district", cli_sync_district, "", "what the district's catalogue announces"},
    {"audit rerun", cli_audit_rerun, "ENTRY ...|--all [--since TIME]",
     "have the domain run answers again, noise included, and say which match (auditor, agency); "
     "needs --local"},
    {"log witnesses", cli_log_witnesses, "", "how the log's witnesses stand"},
    {"log adopt-witnesses", cli_log_adopt_witnesses, "FILE",
     "have these cosign the log (agency); a policy: docs/witness.md"},
    {"log trust-witnesses", cli_log_trust_witnesses, "FILE",
     "count these witnesses in what this profile verifies"},
    {"log receipt", cli_log_receipt, "ENTRY [--out FILE]",
     "a receipt of an entry against what the witnesses have cosigned, verified"},
    {"log check", cli_log_check, "[FILE]",
     "does the log continue what this profile has seen, and FILE (a checkpoint or receipt)?"},
    {"log rotate", cli_log_rotate, "announce | overlap VKEY | retire VKEY",
     "give the log another key: each step by the operator, then by the agency"},
    {"log shard", cli_log_shard, "--domain DIR --origin NAME",
     "ask that the log be closed and go on as another; agency and operator then sign it"},
    {"log follow", cli_log_follow, "", "trust the log's present key, by its verified hand-overs"},
    {"log export", cli_log_export, "--out DIR [--first ENTRY]", "export the log for shuyu-audit"},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]), WORDS_MAX = 3 };

static int print_help(FILE *to)
{
    fputs("usage: shuyu [--home DIR] [--local SOCKET | --address HOST:PORT] [--json] [--quiet] "
          "COMMAND ...\n\n",
          to);
    for (size_t i = 0; i < N_ROWS; i++) {
        fprintf(to, "  %-20s %s\n", rows[i].words, rows[i].help);
    }
    fputs("  audit ...            search, verify and replay an exported log (shuyu-audit)\n"
          "  bridge ...           products over HTTP and JSON, on this machine (shuyu-bridge)\n"
          "  dev ...              a throw-away domain on dummy data (shuyu-dev)\n"
          "  witness ...          cosign the checkpoints of other people's logs (shuyu-witness)\n\n"
          "'shuyu COMMAND --help' shows what a command takes; the manual is shuyu(1).\n"
          "--home: profile folder, else $SHUYU_HOME, else ~/.shuyu\n"
          "--cosign FILE: write the request to a file, for a second person to sign, instead of "
          "sending it\n"
          "Exit status: 0 done, 1 refused, 2 wrong call, 3 does not verify, 4 no connection.\n",
          to);
    return to == stdout ? 0 : 2;
}

static size_t n_words(const char *words)
{
    size_t n = 1;
    for (; *words != '\0'; words++) {
        n += *words == ' ';
    }
    return n;
}

/* The row whose words these begin with; NULL: none. */
static const struct row *row_of(size_t n, const char *const *given)
{
    char texts[WORDS_MAX][128] = {""};
    for (size_t i = 0; i < n && i < WORDS_MAX; i++) {
        snprintf(texts[i], sizeof(texts[i]), "%.80s%s%.40s", i > 0 ? texts[i - 1] : "",
                 i > 0 ? " " : "", given[i]);
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].words, texts[n_words(rows[i].words) - 1]) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The row whose words the arguments begin with; its words are taken off. */
static const struct row *find_row(struct cli *c)
{
    const struct row *row = row_of(c->n_args, c->args);
    if (row != NULL) {
        size_t n = n_words(row->words);
        c->n_args -= n;
        memmove(c->args, c->args + n, c->n_args * sizeof(c->args[0]));
    }
    return row;
}

static const char *default_home(struct cli *c)
{
    const char *env = getenv("SHUYU_HOME"), *home = getenv("HOME");
    return env != NULL ? env : sy_arena_printf(&c->arena, "%s/.shuyu", home != NULL ? home : ".");
}

/* Is --NAME one of all commands' options, or does this command's usage name it? */
static bool takes_option(const struct row *row, const char *name)
{
    static const char globals[] =
        "--home --local --address --json --quiet --help --version --cosign ";
    const char *texts[] = {globals, row->takes};
    size_t n = strlen(name);
    for (size_t i = 0; n > 0 && i < 2; i++) {
        for (const char *at = strstr(texts[i], "--"); at != NULL; at = strstr(at + 2, "--")) {
            if (strncmp(at + 2, name, n) == 0 && strcspn(at + 2, " |]") == n) {
                return true;
            }
        }
    }
    return false;
}

static int check_options(const struct cli *c, const struct row *row)
{
    for (size_t i = 0; i < c->n_options; i++) {
        if (!takes_option(row, c->options[i].name)) {
            return cli_usage("%s takes no --%s; see 'shuyu %s --help'", row->words,
                             c->options[i].name, row->words);
        }
    }
    return 0;
}

/* What acts at once, whatever stands beside it: for these there is no second person to wait for. */
static int check_cosign(const struct cli *c, const struct row *row)
{
    static const char *const alone[] = {"own put",
                                        "party enrol",
                                        "party rotate",
                                        "party staff enrol",
                                        "party staff rotate",
                                        "product call",
                                        "product test",
                                        "run",
                                        "send",
                                        "sign",
                                        "subject ask"};
    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
        if (cli_option(c, "cosign") != NULL && strcmp(row->words, alone[i]) == 0) {
            return cli_usage("%s takes no --cosign: it acts at once", row->words);
        }
    }
    return 0;
}

static int run_command(struct cli *c)
{
    const struct row *row = find_row(c);
    if (row == NULL) {
        return c->n_args == 0 && cli_option(c, "help") != NULL ? print_help(stdout)
                                                               : print_help(stderr);
    }
    if (cli_option(c, "help") != NULL) {
        printf("usage: shuyu %s %s\n%s\n", row->words, row->takes, row->help);
        return 0;
    }
    int status = check_options(c, row);
    status = status != 0 ? status : check_cosign(c, row);
    return status != 0 ? status : row->run(c);
}

static bool is_other_program(const char *word)
{
    return strcmp(word, "audit") == 0 || strcmp(word, "bridge") == 0 || strcmp(word, "dev") == 0 ||
           strcmp(word, "witness") == 0;
}

int main(int argc, char **argv)
{
    static struct cli c;
    cli_locale();
    bool own = argc > 2 && row_of(2, (const char *const *)(uintptr_t)(argv + 1)) !=
                               NULL; /* `audit rerun` is ours */
    if (argc > 1 && !own && is_other_program(argv[1])) {
        char name[32];
        snprintf(name, sizeof(name), "shuyu-%s", argv[1]);
        argv[1] = name;
        return cli_run_other(argv + 1);
    }
    if (cli_parse(&c, (size_t)(argc > 0 ? argc - 1 : 0),
                  (const char *const *)(uintptr_t)(argv + (argc > 0))) != 0) {
        return 2;
    }
    if (cli_option(&c, "version") != NULL) {
        printf("shuyu %s\n", shuyu_version());
        return 0;
    }
    c.home = cli_option(&c, "home") != NULL ? cli_option(&c, "home") : default_home(&c);
    c.local = cli_option(&c, "local");
    c.address = cli_option(&c, "address");
    c.json = cli_option(&c, "json") != NULL;
    c.quiet = cli_option(&c, "quiet") != NULL;
    int status = run_command(&c);
    cli_end(&c);
    return status == CLI_PREPARED ? 0 : status;
}
