/*
 * What: commands about a domain as a whole. init and serve run the enclave's own programs: the command
 * line itself never touches a domain's keys.
 */
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/out.h"

const char *cli_program(struct cli *c, const char *name, const char *build_folder)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0) {
        return name;
    }
    self[n] = '\0';
    const char *here = dirname(self);
    const char *beside = sy_arena_printf(&c->arena, "%s/%s", here, name);
    return access(beside, X_OK) == 0
               ? beside
               : sy_arena_printf(&c->arena, "%s/../../%s/%s", here, build_folder, name);
}

static int run_program(const char *const *argv)
{
    pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        execv(argv[0], (char *const *)(uintptr_t)argv);
        fprintf(stderr, "shuyu: %s cannot be run\n", argv[0]);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return 4;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

int cli_init(struct cli *c)
{
    const char *domain = cli_need(c, "domain"), *agency = cli_need(c, "agency");
    const char *operator_ = cli_need(c, "operator"), *name = cli_option(c, "name");
    const char *purpose = cli_option(c, "purpose");
    if (domain == NULL || agency == NULL || operator_ == NULL) {
        return 2;
    }
    if (mkdir(domain, 0700) != 0 && access(domain, W_OK) != 0) {
        return cli_usage("%s: the folder cannot be made", domain);
    }
    const char *argv[] = {cli_program(c, "shuyu-warden", "enclave/warden"),
                          "--init",
                          "--domain",
                          domain,
                          "--agency",
                          agency,
                          "--operator",
                          operator_,
                          "--name",
                          name != NULL ? name : "shuyu.example/log",
                          "--purpose",
                          purpose != NULL ? purpose : "production",
                          NULL};
    int status = run_program(argv);
    if (status == 0) {
        cli_say(c,
                "Domain made in %s. Now agency and operator each sign %s/genesis.req:\n"
                "  shuyu --home AGENCY sign %s/genesis.req\n  shuyu --home OPERATOR sign "
                "%s/genesis.req\n"
                "then: shuyu serve --domain %s\n",
                domain, domain, domain, domain, domain);
    }
    return status;
}

int cli_domain_standby(struct cli *c)
{
    const char *standby = cli_need(c, "standby"), *genesis = cli_need(c, "genesis");
    const char *master = cli_option(c, "master-key");
    if (standby == NULL || genesis == NULL) {
        return 2;
    }
    const char *argv[] = {
        cli_program(c, "shuyu-copier", "enclave/copier"), "init", standby, "--genesis", genesis,
        master != NULL ? "--master-key" : NULL,           master, NULL};
    int status = run_program(argv);
    if (status == 0) {
        cli_say(c,
                "Standby made in %s. Keep it up to date with\n"
                "  shuyu-copier copy DOMAIN %s    or    shuyu-copier send DOMAIN | ssh HOST "
                "shuyu-copier take %s\n",
                standby, standby, standby);
    }
    return status;
}

int cli_domain_promote(struct cli *c)
{
    const char *standby = cli_need(c, "standby");
    if (standby == NULL) {
        return 2;
    }
    const char *argv[] = {cli_program(c, "shuyu-warden", "enclave/warden"), "--promote", "--domain",
                          standby, NULL};
    int status = run_program(argv);
    if (status == 0) {
        cli_say(
            c,
            "%s/promote.req asks for its promotion, and is good for an hour. Now agency and "
            "operator "
            "each sign it:\n"
            "  shuyu --home AGENCY sign %s/promote.req\n  shuyu --home OPERATOR sign "
            "%s/promote.req\n"
            "then: shuyu serve --domain %s\n"
            "The old domain must not serve again. Where no policy with witnesses is in force, two "
            "that do are detected, not prevented.\n",
            standby, standby, standby, standby);
    }
    return status;
}

int cli_log_shard(struct cli *c)
{
    const char *domain = cli_need(c, "domain"), *origin = cli_need(c, "origin");
    if (domain == NULL || origin == NULL) {
        return 2;
    }
    const char *argv[] = {cli_program(c, "shuyu-warden", "enclave/warden"),
                          "--shard",
                          origin,
                          "--domain",
                          domain,
                          NULL};
    int status = run_program(argv);
    if (status == 0) {
        cli_say(
            c,
            "%s/close.req asks that the log be closed and go on as %s, under the key above, and "
            "is good for an hour. Compare the key on two screens, then agency and operator "
            "each sign it:\n"
            "  shuyu --home AGENCY sign %s/close.req\n  shuyu --home OPERATOR sign "
            "%s/close.req\n"
            "then: shuyu serve --domain %s\n"
            "Where witnesses are in force, their policy names the new key before that.\n",
            domain, origin, domain, domain, domain);
    }
    return status;
}

int cli_serve(struct cli *c)
{
    const char *domain = cli_need(c, "domain"), *listen = cli_option(c, "listen");
    if (domain == NULL) {
        return 2;
    }
    const char *path = cli_program(c, "shuyu-supervisor", "enclave/supervisor");
    execl(path, path, "--domain", domain, "--listen", listen != NULL ? listen : "127.0.0.1:7443",
          NULL);
    return cli_usage("%s cannot be run", path);
}

static bool is_same(const uint8_t *pinned, const uint8_t *claimed)
{
    return pinned != NULL && memcmp(pinned, claimed, 32) == 0;
}

/* What a profile makes of a domain's claims about itself, in a few words. */
static const char *trust_words(const struct cli *c, const shuyu_pong *p)
{
    if (p->is_pinned) {
        return "";
    }
    bool same = is_same(shuyu_profile_domain(c->profile), p->domain) &&
                is_same(shuyu_profile_domain_box(c->profile), p->box) &&
                is_same(shuyu_profile_warden(c->profile), p->warden);
    return same ? "  (its log is said to have another key than this profile trusts: shuyu log "
                  "follow)"
                : "  (NOT the one this profile trusts)";
}

int cli_status(struct cli *c)
{
    int status = 0;
    shuyu_pong p;
    char hex[65], when[21];
    if (!cli_connect(c, &status)) {
        return status;
    }
    if (shuyu_ping(c->session, &p, &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    cli_hex(hex, p.domain, 32);
    sy_time_format(p.time, when);
    if (c->json) {
        return cli_print_json(json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:b}", "domain", hex, "log",
                                        p.log, "purpose", p.purpose, "version", p.version,
                                        "entries", (json_int_t)p.entries, "time", when, "pinned",
                                        p.is_pinned));
    }
    printf("domain   %s%s\npurpose  %s\nlog      %s\nentries  %" PRIu64
           "\ntime     %s\nversion  %s\n",
           hex, trust_words(c, &p), p.purpose, p.log, p.entries, when, p.version);
    if (p.is_pinned) {
        cli_witnesses_lines(c);
    }
    return p.is_pinned ? 0 : 3;
}
