#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CPU per request of prony's generator and of wrk, in one run against the same nginx.

usage: bench/load/run.py build/prony [connections]

Closed loop, one thread, generator and nginx each on a core of its own; the two take turns and the
median of three is printed. CPU is user and system time of the generator's process, so the figure
does not depend on how fast the server is, and little on what else the machine does. Skips (exit
77) without nginx or without two cores; prints prony's figure alone without wrk.
"""
import json, os, re, resource, shutil, socket, statistics, subprocess, sys, tempfile, time

SECONDS, ROUNDS = 3, 3
CONF = """daemon off; master_process off; pid {0}/pid; error_log {0}/error;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {0}/b;
proxy_temp_path {0}/p; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
server {{ listen 127.0.0.1:{1}; location / {{ return 200 "ok\\n"; }} }} }}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def measure(command, count):
    """CPU microseconds per request of one command pinned to core 0."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(["taskset", "-c", "0", *command], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1e6 * cpu / count(out.stdout)


def wait_for(port):
    for _ in range(100):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("nginx did not start")


def main():
    prony, connections = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "64"
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx or (os.cpu_count() or 1) < 2:
        print("skipped: needs nginx and two cores")
        return 77
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    tools = {"prony": ([prony, "load", url, "--closed", "--connections", connections, "--for",
                        f"{SECONDS}s", "--json", "--quiet"],
                       lambda out: json.loads(out)["evidence"]["phases"][-1]["sent"])}
    if shutil.which("wrk"):
        tools["wrk"] = (["wrk", "-t1", "-c", connections, f"-d{SECONDS}s", url],
                        lambda out: int(re.search(r"(\d+) requests in", out)[1]))
    costs = {name: [] for name in tools}
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/conf", "w") as f:
            f.write(CONF.format(folder, port))
        server = subprocess.Popen(["taskset", "-c", "1", nginx, "-c", f"{folder}/conf",
                                   "-p", folder], stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            for _ in range(ROUNDS):
                for name, (command, count) in tools.items():
                    costs[name].append(measure(command, count))
        finally:
            server.terminate()
            server.wait()
    middle = {name: statistics.median(c) for name, c in costs.items()}
    for name in tools:
        each = " ".join(f"{c:.2f}" for c in costs[name])
        print(f"{name:6} {middle[name]:6.2f} CPU-us/request at {connections} connections ({each})")
    if "wrk" in middle:
        print(f"ratio  {middle['prony'] / middle['wrk']:.2f}")
    return 0


sys.exit(main())
