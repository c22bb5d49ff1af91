#!/usr/bin/env python3
"""PURPOSE: a production domain is opened by the build that ships, and by no weakened one. purpose.py PURPOSE"""
import kit
import domain  # kit has put its folder in the path


class Production(domain.Domain):
    def shuyu(self, party, *args, **how):
        return super().shuyu(party, *["production" if a == "test" else a for a in args], **how)


def opened(_):
    with Production() as d:
        d.birth()
        try:
            d.start()
        except domain.NotStarted as e:
            return 0, 1, False, [str(e)[-300:]]
    return 1, 1, True, []


TABLE = {"PURPOSE": ("who may open a production domain", "domains opened", opened)}

if __name__ == "__main__":
    kit.attack(TABLE)
