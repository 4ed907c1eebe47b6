# SPDX-License-Identifier: MIT
"""What holds for every run of `prony load`, whatever it loads."""
import json
import subprocess

import jsonschema

from loads import Load

INCONCLUSIVE = 3


class Proof:
    """Runs prony; `secrets` may not be in anything that it writes."""

    def __init__(self, prony, tap, secrets=()):
        self.prony, self.tap, self.secrets = prony, tap, secrets
        said = subprocess.run([prony, 'schema', 'run'], capture_output=True, text=True, check=True).stdout
        self.validator = jsonschema.Draft202012Validator(json.loads(said))

    def load(self, *words, before=lambda: None, **more):
        """Once more, and once again, where this host was too busy to make so little load."""
        for _ in range(3):
            before()
            load = Load(self.prony, [*map(str, words), '-q'], **more)
            if not load.limited:
                break
        return load

    def faults(self, load, status=0):
        """Of a run that measured: its exit status, its books, its form, its silence. A host that is too busy even the
        third time is told by the exit status, and all else holds as ever."""
        status = INCONCLUSIVE if load.limited else status
        faults = [] if load.status == status else [f'exit status {load.status}, wanted {status}']
        p = load.phase
        if not p:
            return faults + ['no phase'] + load.told()
        if p['scheduled'] != p['sent'] + p['unsent']:
            faults.append(f'{p["scheduled"]} scheduled, {p["sent"]} sent, {p["unsent"]} unsent')
        if p['sent'] != p['answered'] + p['errors'] + p['timeouts'] + p['in_flight']:
            faults.append(f'{p["sent"]} sent do not end: {p}')
        faults += [f'run.json: {e.json_path}: {e.message}' for e in self.validator.iter_errors(load.run)][:3]
        faults += self.leaks(load)
        return faults + load.told() if faults else []

    def leaks(self, load):
        texts = {'stdout': load.out, 'stderr': load.err, **load.texts}
        return [f'{name} holds the secret {secret}' for name, text in texts.items() for secret in self.secrets
                if secret in text]

    def row(self, name, load, faults=(), status=0):
        faults = [*self.faults(load, status), *faults]
        self.tap.row(name, faults + [json.dumps(load.phase)[:1500]] if faults else [])

    def refused(self, name, load, status, *says):
        """It did not measure: one message that says so, and what to do."""
        faults = [] if load.status == status else [f'exit status {load.status}, wanted {status}']
        faults += [f'"{word}" is not said' for word in says if word not in load.err]
        if len(load.messages()) != 1 or len(load.next_steps()) != 1:
            faults.append('wanted one message and one next step')
        faults += self.leaks(load)
        self.tap.row(name, faults + load.told() if faults else [])


def equal(what, got, wanted):
    return [] if got == wanted else [f'{what}: {got}, wanted {wanted}']


def near(what, got, wanted, tolerance):
    return [] if got is not None and abs(got - wanted) <= tolerance else [f'{what}: {got}, wanted {wanted} ± {tolerance}']
