#!/usr/bin/python3
"""How long the first 200 stacks of a process take to get names, with nothing known before.

Copies 200 stacks of a busy Node and a busy Java process by perf events, then times unwinding and naming
all their frames in a fresh `struct symbols` (no cache on disk exists). Goal: 100 ms each. Three runs.

usage: bench/symbol/run.py PRONY
"""
import os, shutil, subprocess, sys, tempfile, time

tool = os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), 'bench/symbol/cold_stacks')
NODE = '''const a = Array.from({ length: 2000 }, (_, i) => ({ k: i, v: 'x' + i }));
function score() { let s = 0; for (const o of a) s += JSON.stringify(o).length; return s; }
function round() { for (let i = 0; i < 5; i++) score(); setTimeout(round, 1); }
round();'''
JAVA = '''public class Spin {
    static long inner(long x) { for (int i = 0; i < 500; i++) x = x * 31 + i; return x; }
    static long work(long x) { StringBuilder s = new StringBuilder(); for (int i = 0; i < 200; i++) s.append(inner(x + i)); return s.length(); }
    public static void main(String[] a) { for (long i = 0; ; i++) work(i); }
}'''


def main():
    folder = tempfile.mkdtemp(prefix='prony-bench-')
    for name, program, text, seconds in (('spin.js', 'node', NODE, 2), ('Spin.java', 'java', JAVA, 6)):
        if not shutil.which(program):
            print(f'{program}: not installed')
            continue
        path = os.path.join(folder, name)
        with open(path, 'w') as f:
            f.write(text)
        p = subprocess.Popen([program, path])
        try:
            time.sleep(seconds)
            for _ in range(3):
                print(f'{program}:', subprocess.run([tool, str(p.pid)], capture_output=True, text=True).stdout.strip())
        finally:
            p.kill()
            p.wait()
    shutil.rmtree(folder)


main()
