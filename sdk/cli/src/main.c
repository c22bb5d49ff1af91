/*
 * shuyu: the command line of all roles. One table says which words make a command, what it takes and
 * what it does; --help and the man page come from it. `shuyu-audit`, `shuyu-dev` and `shuyu-witness` are
 * programs of their own, run git-style as `shuyu audit`, `shuyu dev` and `shuyu witness`.
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
    {"sign", cli_sign, "FILE",
     "add this party's signature to a domain's genesis, or to a promotion"},
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
     "enrol by an invitation"},
    {"party list", cli_party_list, "", "enrolled parties"},
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
    {"scene apply", cli_scene_apply, "FILE.yaml", "apply for a scene (developer)"},
    {"scene list", cli_scene_list, "", "applications and grants"},
    {"scene show", cli_scene_show, "ID", "one application or grant"},
    {"scene first-review", cli_scene_first,
     "ID --approve|--reject [--opinion TEXT] [--feasibility TEXT] [--compliance TEXT] [--risk "
     "TEXT] "
     "[--value TEXT]",
     "first review (operator)"},
    {"scene consent", cli_scene_consent, "ID --approve|--reject [--opinion TEXT]",
     "consent (department)"},
    {"scene final-review", cli_scene_final, "ID --approve|--reject [--opinion TEXT]",
     "final review; approval hands over the custodian's key shares (agency)"},
    {"scene exposure", cli_scene_exposure, "ID [--quasi DATASET.FIELD,...]",
     "how closely a grant's columns describe single units (operator, agency)"},
    {"scene suspend", cli_scene_suspend, "ID --ground CODE [--text TEXT]", "stop a grant at once"},
    {"scene resume", cli_scene_resume, "ID --ground CODE [--text TEXT]", "resume it (agency)"},
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
    {"risk report", cli_risk_report, "",
     "risks of linkage and aggregation (operator, agency, security)"},
    {"risk stop", cli_risk_stop, "GRANT --ground CODE [--text TEXT] [--report FILE]",
     "stop a grant at once and write down why"},
    {"budget", cli_budget, "", "privacy budgets of the unit namespaces"},
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
    {"log follow", cli_log_follow, "", "trust the log's present key, by its verified hand-overs"},
    {"log export", cli_log_export, "--out DIR [--first ENTRY]", "export the log for shuyu-audit"},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static int print_help(FILE *to)
{
    fputs("usage: shuyu [--home DIR] [--local SOCKET | --address HOST:PORT] [--json] [--quiet] "
          "COMMAND ...\n\n",
          to);
    for (size_t i = 0; i < N_ROWS; i++) {
        fprintf(to, "  %-20s %s\n", rows[i].words, rows[i].help);
    }
    fputs("  audit ...            search, verify and replay an exported log (shuyu-audit)\n"
          "  dev ...              a throw-away domain on dummy data (shuyu-dev)\n"
          "  witness ...          cosign the checkpoints of other people's logs (shuyu-witness)\n\n"
          "'shuyu COMMAND --help' shows what a command takes; the manual is shuyu(1).\n"
          "--home: profile folder, else $SHUYU_HOME, else ~/.shuyu\n"
          "Exit status: 0 done, 1 refused, 2 wrong call, 3 does not verify, 4 no connection.\n",
          to);
    return to == stdout ? 0 : 2;
}

static const struct row *row_of(const char *first, const char *second)
{
    char two[128];
    snprintf(two, sizeof(two), "%s %s", first, second);
    for (size_t i = 0; i < N_ROWS; i++) {
        bool pair = strchr(rows[i].words, ' ') != NULL;
        if (strcmp(rows[i].words, pair ? two : first) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The row whose words the arguments begin with; its words are taken off. */
static const struct row *find_row(struct cli *c)
{
    const struct row *row =
        c->n_args == 0 ? NULL : row_of(c->args[0], c->n_args > 1 ? c->args[1] : "");
    if (row != NULL) {
        size_t n = strchr(row->words, ' ') != NULL ? 2 : 1;
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
    static const char globals[] = "--home --local --address --json --quiet --help --version ";
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
    return status != 0 ? status : row->run(c);
}

static bool is_other_program(const char *word)
{
    return strcmp(word, "audit") == 0 || strcmp(word, "dev") == 0 || strcmp(word, "witness") == 0;
}

int main(int argc, char **argv)
{
    static struct cli c;
    cli_locale();
    bool own =
        argc > 2 && row_of(argv[1], argv[2]) != NULL; /* `audit rerun` is a command of ours */
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
    return status;
}
