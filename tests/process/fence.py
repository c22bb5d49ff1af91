#!/usr/bin/env python3
"""Promotion under witnesses: what is only detected without them is prevented. The promoted standby says nothing
before a quorum has cosigned its promotion, and from then on the old primary gets none for an entry of its
own, wherever it runs."""
import pathlib
import tempfile

import domain
import standby
import witnesses

PRICE = witnesses.PRICE


def test_promoted(tap, d, model, grant, others, folder):
    others.end(0, 1, 2)
    d.folder = folder
    request = standby.ask_promotion(d, folder)
    for party in ("agency", "operator"):
        d.shuyu(party, "sign", request)
    d.start()
    tap.check("without witnesses the promoted standby starts", d.is_up())
    for party, words in (("agency", ("scene", "resume", grant, "--ground", "incident")),
                         ("auditor", ("log", "export", "--out", d.work / "none")),
                         ("acme", ("run", model, "min_age=42"))):
        tap.refused(f"but tells {party} nothing", ("busy", "timeout"), d.shuyu, party, *words,
                    timeout=4)  # the client asks on
    size = d.entries()
    others.start(0)
    tap.check("one witness of the two that it takes: nothing still", not domain.wait_until(
        lambda: answers(d), 8))
    tap.check("and nothing was recorded meanwhile", d.entries() == size)
    others.start(1)
    witnesses.wait(tap, "a quorum has cosigned the promotion: it serves", lambda: answers(d))
    d.shuyu("agency", "scene", "resume", grant, "--ground", "incident")
    answer = d.run(model, "min_age=42")
    tap.check("and answers", answer["rows"] == 16 and answer["witnessed"]["size"] > 0, answer)
    tap.check("for one price", d.spent() == 2 * PRICE, d.spent())
    d.audit()


def answers(d):
    """Now: a client that is told "busy" asks on for minutes."""
    try:
        d.shuyu("agency", "log", "witnesses", timeout=4)
    except domain.Refused:
        return False
    return True


def test_old(tap, d, model, others, primary, folder):
    """The old primary, on its own machine: it knows nothing of the promotion."""
    d.stop()
    d.folder = primary
    witnesses.refuses(tap, d, "the old primary does not start: the witnesses know another history")
    others.end(0, 1)
    d.start()
    asked = witnesses.Asking(d, model, "min_age=45")
    asked.join(witnesses.OUTAGE_S)
    tap.check("cut off from them it starts, and tells no figure", asked.answer is None,
              (asked.answer, asked.error))
    d.kill_all()
    d.folder = folder
    others.start(0)
    others.start(1)
    d.start()
    witnesses.wait(tap, "the new leader serves on", lambda: answers(d))
    asked.join(witnesses.PATIENCE_S)
    tap.check("and whoever asked the old one is answered by it", asked.answer is not None,
              asked.error)
    tap.check("for one price", d.spent() == 3 * PRICE, d.spent())


def main(tap):
    with witnesses.Watched() as d, tempfile.TemporaryDirectory(prefix="shuyu-fence-") as at:
        d.birth()
        d.start()
        d.populate()
        grant = d.grant(d.scene())
        model = d.model(grant)
        others = witnesses.Others(pathlib.Path(at), d.log_vkey())
        try:
            d.shuyu("agency", "log", "adopt-witnesses", others.policy)
            witnesses.wait(tap, "the primary is watched", d.covered)
            d.run(model, "min_age=40")
            primary = d.folder
            folder = standby.make(d, "standby")
            standby.copier("copy", primary, folder, "--once")
            d.kill_all()
            test_promoted(tap, d, model, grant, others, folder)
            test_old(tap, d, model, others, primary, folder)
        finally:
            others.end(0, 1, 2)


if __name__ == "__main__":
    domain.run_tests(main)
