# SPDX-License-Identifier: MIT
"""What a row of the bench is. The rows stand in cases_*.py; MODULES lists those files."""
import importlib

CASES = {}
MODULES = ['cases_native', 'cases_managed']


class Case:
    """What is started, and what the verdict has to say of it.

    kinds     the first finding is one of these; none: nothing may be found
    where     and its place matches this ('PEER' in it: stage.peer)
    anywhere  any finding will do, not only the first
    every     every one of these kinds has to be among the findings
    verdict   of the run; None: any
    number    in the list of forty; None: not one of them
    needs     programs without which the case is skipped
    fast      part of `make test`
    fixed     starts the same service with its fault repaired: p99 of both is compared with the plan
    twin      starts a healthy twin, which must not get the finding; preset: fixed; False: there is none
              (the repair leaves some of it)
    kept      of the kinds, those that the twin has too
    negative  nothing is planted; run three times by --all
    """

    def __init__(self, start, kinds=(), where='', flags=(), verdict=None, anywhere=False, number=None,
                 needs=(), fast=False, fixed=None, twin=None, negative=False, every=(), kept=()):
        self.start, self.kinds, self.where = start, list(kinds), where
        self.flags, self.verdict, self.anywhere = list(flags), verdict, anywhere
        self.number, self.needs, self.fast = number, needs, fast
        self.fixed, self.twin = fixed, fixed if twin is None else twin
        self.negative, self.every, self.kept = negative, list(every), list(kept)


def case(name, kinds=(), **rest):
    """start(stage) returns the words for `prony check`."""
    def add(start):
        if name in CASES:
            raise ValueError(f'two cases are called {name}')
        CASES[name] = Case(start, kinds, **rest)
        return start
    return add


def load_all():
    for module in MODULES:
        importlib.import_module(module)
    return CASES
