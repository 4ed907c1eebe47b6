# SPDX-License-Identifier: MIT
"""Node services as they are started everywhere: no flag, no inspector. What is asked for is the
JavaScript function, beside the kind."""
from cases import case


def plain(name, script, kinds, where, *words):
    @case(name, kinds, where=where, needs=['node'])
    def start(stage):
        argv = [w(stage) if callable(w) else w for w in words]
        return [stage.start([stage.program('node'), stage.sources / script, *argv])]


plain('node-named-json', 'node_json.js', ['cpu.event-loop'], 'serializeCatalog')
plain('node-named-regex', 'node_regex.js', ['cpu.event-loop'], 'validateEmail')
plain('node-named-pool', 'node_pool.js', ['contention.workers', 'cpu.hot-function'], 'hashPassword')
plain('node-named-fsync', 'node_fsync.js', ['io.blocking-call', 'io.disk.sync'], 'appendJournal',
      lambda stage: stage.folder / 'journal')
