#!/usr/bin/env python3
"""Custody of key shares with departments. Under `both` a dataset's key is in three: platform, agency, department; its
runs need the deposits of both, after every stop anew, and nobody's earlier message stands in for one. Under `department`
the agency holds nothing. What lies in the key store is looked at after every step."""
import random
import shutil
import subprocess

import domain
import raw
import standby
import stranger

DATASETS = ("nafld.events", "nafld.persons")
OTHERS = "another scene"


def found(d, custody, custodian):
    """Pack, parties, persons and events, with this custody."""
    d.birth()
    d.start()
    pack = d.pack(consent=f"true\ncustody: {custody}")
    with open(pack, "a", encoding="utf-8") as more:
        more.write("scheme:\n  staff:\n    separated: false\n")  # keys change, parties leave
    d.shuyu("agency", "pack", "adopt", pack)
    for party, role in domain.PARTIES.items():
        d.enrol(party, role)
    for name, rows in zip(("persons", "events"), domain.synthetic()):
        path = d.raw(name, rows)
        d.shuyu("health", "dataset", "define",
                d.variant(domain.PACKS / f"{name}.yaml", custodian=custodian))
        d.ingest("health", f"nafld.{name}", path)


def deposits(d, grant):
    """Whose shares lie in the key store for a grant: (holder, dataset)."""
    found_ = set()
    for p in (d.folder / "keys/store").glob(f"deposit:{grant}:*.key"):
        *holder, dataset = p.name[:-len(".key")].split(":")[2:]
        found_.add((holder[0] if holder else "custodian", dataset))
    return found_


def all_of(*holders):
    return {(h, dataset) for h in holders for dataset in DATASETS}


def apply(d, **changes):
    """Applied for and reviewed by the operator."""
    grant = d.shuyu("acme", "scene", "apply", d.scene(**changes))["proposal"]
    d.shuyu("operator", "scene", "first-review", grant, "--approve")
    return grant


def consent(d, grant, party="health"):
    return d.shuyu(party, "scene", "consent", grant, "--approve")


def final(d, grant):
    return d.shuyu("agency", "scene", "final-review", grant, "--approve")


def suspend(d, grant, party="agency"):
    return d.shuyu(party, "scene", "suspend", grant, "--ground", "incident")


def resume(d, grant):
    return d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")


# --- by hand -------------------------------------------------------------------------------------------------

def share_of(party, dataset):
    """The party's share of a dataset's key, opened; None when it gets none."""
    packet, _ = party.envelope("dataset.share", stranger.canonical({"dataset": dataset}))
    code, reply = party.send("dataset.share", packet)
    if code != "":
        return None
    sealed = stranger.unpack(reply["result"])["sealed"]
    return stranger.unseal(sealed, party.keys)


def consent_packet(party, grant, shares):
    """A consent with these shares as its secret."""
    secret = stranger.canonical({"shares": [{"dataset": n, "share": s} for n, s in shares.items()]})
    return party.envelope("scene.consent", stranger.canonical({"decision": "approve"}),
                          grant=bytes.fromhex(grant), secret=secret if shares else b"")[0]


def send(party, packet):
    return party.send("scene.consent", packet)[0]


# --- two custodians ------------------------------------------------------------------------------------------

def test_definition(tap, d):
    e = tap.refused("a department is not named as custodian where both are", "party", d.shuyu,
                    "health", "dataset", "define",
                    d.variant(domain.PACKS / "persons.yaml", id="nafld.other", custodian="health"))
    tap.check("and the refusal says whom the pack wants", e is not None and "two custodians" in e.text, e)
    shown = d.shuyu("acme", "dataset", "show", "nafld.persons")
    tap.check("the catalogue says who holds shares", shown["custody"] == "both" and
              shown["custodian"] == "agency", shown.get("custody"))
    said = subprocess.run([domain.SHUYU, "--address", d.address, "--home", d.work / "acme", "dataset",
                           "show", "nafld.persons"], capture_output=True, text=True, check=False,
                          env=domain.environment()).stdout
    tap.check("in words too", "key shares: the platform, agency and health\n" in said, said)
    store = d.folder / "keys/store"
    tap.check("each holder's sealed share is there", all(
        (store / f"{kind}:nafld.persons.key").exists() for kind in ("custodian", "department")))


def test_shares(tap, d, health, agency):
    """What each holder gets, and that neither is the other's."""
    mine, theirs = share_of(health, "nafld.persons"), share_of(agency, "nafld.persons")
    tap.check("department and agency each open one share", len(mine or b"") == 32 and
              len(theirs or b"") == 32 and mine != theirs)
    tap.check("another developer gets none",
              share_of(raw.Party(d, "acme"), "nafld.persons") is None)
    return {n: share_of(health, n) for n in DATASETS}, {n: share_of(agency, n) for n in DATASETS}


def test_consent(tap, d, health, own, others):
    """Only the department's own shares, all of them, for this application; the packet that was taken."""
    grant = apply(d)
    tap.refused("no final review before the consent", "review", final, d, grant)
    for name, shares in (("without shares", {}), ("with the agency's", others),
                         ("with one of two", dict(list(own.items())[:1])),
                         ("with each other's", dict(zip(own, reversed(own.values()))))):
        code = send(health, consent_packet(health, grant, shares))
        tap.check(f"a consent {name} is refused", code == "share", code)
    tap.check("and nothing of it is kept", not deposits(d, grant), deposits(d, grant))
    tap.refused("nor is any of it a consent", "review", final, d, grant)
    packet = consent_packet(health, grant, own)
    other = apply(d, scene=OTHERS.replace(" ", "-"))
    outer = stranger.unpack(packet)
    header = stranger.unpack(outer["header"])
    header["grant"] = bytes.fromhex(other)
    forged = stranger.canonical({**outer, "header": stranger.canonical(header)})
    code = send(health, forged)
    tap.check("a consent's shares are for one application", code == "signature", code)
    tap.check("and none lies for another", not deposits(d, other), deposits(d, other))
    code = send(health, packet)
    tap.check("with its own shares the department consents", code == "", code)
    tap.check("which lie for this application", deposits(d, grant) == all_of("department"),
              deposits(d, grant))
    d.restart()
    tap.check("through a restart too", deposits(d, grant) == all_of("department"))
    return grant, other, packet


def test_turned_down(tap, d, grant):
    consent(d, grant)
    tap.check("what was deposited for an application", deposits(d, grant) == all_of("department"))
    d.shuyu("agency", "scene", "final-review", grant, "--reject", "--opinion", "no")
    tap.check("is erased when it is turned down", not deposits(d, grant), deposits(d, grant))


def test_granted(tap, d, grant):
    final(d, grant)
    tap.check("the final review brings the agency's shares",
              deposits(d, grant) == all_of("department", "custodian"), deposits(d, grant))
    model = d.model(grant)
    tap.check("with both, models run", d.run(model, "min_age=40")["rows"] == 16)
    return model


def put_back(d, grant, files):
    """The key store as a crash, or somebody with the disk, leaves it: with the deposits of before."""
    d.stop()
    for path, content in files.items():
        path.write_bytes(content)
    there = deposits(d, grant)
    d.start()
    return there


def test_stop(tap, d, health, grant, model, packet):
    """A stop erases everybody's; what was sent before it counts for nothing after it."""
    before = {p: p.read_bytes() for p in (d.folder / "keys/store").glob(f"deposit:{grant}:*")}
    suspend(d, grant)
    tap.check("a suspension erases every deposit", not deposits(d, grant), deposits(d, grant))
    there = put_back(d, grant, before)
    tap.check("what is left of them, or put back, is erased at the next start",
              len(there) == 4 and not deposits(d, grant), (there, deposits(d, grant)))
    code = send(health, packet)
    tap.check("the consent of before, sent again, has its outcome", code == "", code)
    tap.check("and deposits nothing", not deposits(d, grant), deposits(d, grant))
    e = tap.refused("the agency does not resume without the department's share", "share", resume, d,
                    grant)
    tap.check("and the reason names whose is missing", e is not None and "health" in e.text, e)
    tap.check("nothing of the agency's is kept by that", not deposits(d, grant), deposits(d, grant))
    consent(d, grant)
    tap.check("the department consents again", deposits(d, grant) == all_of("department"),
              deposits(d, grant))
    tap.refused("which starts nothing by itself", "suspended", d.run, model, "min_age=50")
    d.restart()
    tap.check("a restart keeps what was deposited since", deposits(d, grant) == all_of("department"),
              deposits(d, grant))
    suspend(d, grant, "health")
    tap.check("a second stop erases it again", not deposits(d, grant), deposits(d, grant))
    tap.refused("who holds the grant does not deposit", "suspended", consent, d, grant)
    d.shuyu("health", "scene", "lift", grant, "--ground", "incident")
    consent(d, grant)
    resume(d, grant)
    tap.check("then it runs again", d.run(model, "min_age=50")["rows"] == 16)


def test_key_store(tap, d, grant, model):
    """Whoever takes one holder's deposits out of the key store, or puts another's in their place, opens nothing."""
    store = d.folder / "keys/store"
    d.stop()
    kept = {}
    for dataset in DATASETS:
        path = store / f"deposit:{grant}:department:{dataset}.key"
        kept[path] = path.read_bytes()
        shutil.copy(store / f"deposit:{grant}:{dataset}.key", path)
    d.start()
    d.shuyu("acme", "status")
    try:
        d.run(model, "min_age=65")
        fine = False
    except domain.Refused as e:
        fine = e.code == "refused"
    tap.check("the agency's deposit does not open as the department's", fine)
    for path in kept:
        path.unlink()
    e = tap.refused("without the department's nothing runs", "share", d.run, model, "min_age=30")
    tap.check("and the reason says who is to send it", e is not None and "health" in e.text, e)
    consent(d, grant)
    tap.check("which it does with another consent", d.run(model, "min_age=30")["rows"] == 16)


def test_promotion(tap, d, grant, model):
    """No deposit travels: after a promotion each holder deposits again."""
    folder = standby.make(d, "standby")
    standby.copier("copy", d.folder, folder, "--once")
    tap.check("the sealed shares go to the standby, the deposits never",
              (folder / "keys/store/department:nafld.persons.key").exists() and
              not list((folder / "keys/store").glob("deposit:*")))
    d.stop()
    d.folder = folder
    d.shuyu(None, "domain", "promote", "--standby", folder)
    for party in ("agency", "operator"):
        d.shuyu(party, "sign", folder / "promote.req")
    d.start()
    tap.refused("promoted, nothing runs", "share", d.run, model, "min_age=70")
    e = tap.refused("and the agency alone starts nothing", "share", resume, d, grant)
    tap.check("for the department's share is missing", e is not None and "health" in e.text, e)
    consent(d, grant)
    resume(d, grant)
    tap.check("with both it runs", d.run(model, "min_age=70")["rows"] == 16)


def both(tap):
    with domain.Domain() as d:
        found(d, "both", "agency")
        health, agency = raw.Party(d, "health"), raw.Party(d, "agency")
        test_definition(tap, d)
        own, others = test_shares(tap, d, health, agency)
        grant, other, packet = test_consent(tap, d, health, own, others)
        test_turned_down(tap, d, other)
        model = test_granted(tap, d, grant)
        test_stop(tap, d, health, grant, model, packet)
        test_key_store(tap, d, grant, model)
        test_promotion(tap, d, grant, model)
        tap.check("the log verifies and replays", len(d.audit()) == 2)


# --- the department alone ------------------------------------------------------------------------------------

def test_keys_change(tap, d, grant, model):
    """The shares are sealed to the box key of then, which the profile keeps."""
    d.shuyu("health", "party", "rotate")
    suspend(d, grant)
    consent(d, grant)
    resume(d, grant)
    tap.check("a department that changed its keys still opens its shares",
              d.run(model, "min_age=50")["rows"] == 16)


def test_leaves(tap, d, grant, model):
    """A department's end of enrolment takes its shares along."""
    d.shuyu("agency", "party", "revoke", "health", "--ground", "breach")
    tap.check("its deposits are erased", not deposits(d, grant), deposits(d, grant))
    tap.refused("and nothing of its data runs", "suspended", d.run, model, "min_age=70")
    e = tap.refused("nor does the agency resume it", "share", resume, d, grant)
    tap.check("for nobody else has its share", e is not None and "health" in e.text, e)


def department(tap):
    with domain.Domain() as d:
        found(d, "department", "health")
        tap.check("the catalogue says so",
                  d.shuyu("acme", "dataset", "show", "nafld.persons")["custody"] == "department")
        tap.refused("the agency is not custodian here", "party", d.shuyu, "health", "dataset",
                    "define", d.variant(domain.PACKS / "persons.yaml", id="nafld.other"))
        grant = apply(d)
        consent(d, grant)
        final(d, grant)
        tap.check("the department's shares are all that there is",
                  deposits(d, grant) == all_of("custodian"), deposits(d, grant))
        model = d.model(grant)
        tap.check("models run", d.run(model, "min_age=40")["rows"] == 16)
        suspend(d, grant)
        tap.refused("the agency alone resumes nothing", "share", resume, d, grant)
        consent(d, grant)
        resume(d, grant)
        tap.check("the department's deposit does", d.run(model, "min_age=65")["rows"] == 16)
        test_keys_change(tap, d, grant, model)
        test_leaves(tap, d, grant, model)
        tap.check("the log verifies and replays", len(d.audit()) == 2)


def main(tap):
    random.seed(domain.seed())
    both(tap)
    department(tap)


if __name__ == "__main__":
    domain.run_tests(main)
