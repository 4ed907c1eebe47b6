#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Training with two processes that load the data, as PyTorch's DataLoader runs them: an index queue for each
worker, one queue for what they bring, two items ordered ahead for each.

The truth: 'decode', the trainer waits for decode_image, which the workers compute; 'read', it waits for the
file of samples, which they read; 'healthy', it is done with an item after they have brought the next ones.
"""
import multiprocessing
import os
import sys
import zlib

WORKERS, AHEAD = 2, 2
SAMPLES, SAMPLE_BYTES = 512, 16384
READS = 16                    # of a sample


def decode_image(raw):
    pixels, checksum = zlib.decompress(raw), 0
    for p in pixels:
        checksum = (checksum * 31 + p) & 0xffffff
    return checksum


def read_sample(fd, index):
    got = 0
    for k in range(READS):
        at = (index * READS + k) * 7919 % SAMPLES * SAMPLE_BYTES
        got += len(os.pread(fd, SAMPLE_BYTES, at))
        os.posix_fadvise(fd, at, SAMPLE_BYTES, os.POSIX_FADV_DONTNEED)
    return got


def load(how, path, orders, items):
    raw = zlib.compress(bytes(range(256)) * (1600 if how == 'decode' else 20))
    fd = os.open(path, os.O_RDONLY) if how == 'read' else -1
    for index in iter(orders.get, None):
        items.put((index, read_sample(fd, index) if how == 'read' else decode_image(raw)))


def train_step(weights, label, rounds):
    for _ in range(rounds):
        weights = [(w * 29 + label) % 1009 for w in weights]
    return weights


def make_samples(path):
    with open(path, 'wb') as f:
        f.write(os.urandom(SAMPLES * SAMPLE_BYTES))
        f.flush()
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main():
    how, path = sys.argv[1:]
    if how == 'read':
        make_samples(path)
    items = multiprocessing.Queue()
    queues = [multiprocessing.Queue() for _ in range(WORKERS)]
    for orders in queues:
        multiprocessing.Process(target=load, args=(how, path, orders, items), daemon=True).start()
    for i in range(WORKERS * AHEAD):
        queues[i % WORKERS].put(i)
    print('training', flush=True)
    weights, step = list(range(1000)), WORKERS * AHEAD
    while True:
        _, label = items.get()
        queues[step % WORKERS].put(step)
        weights = train_step(weights, label, 200 if how == 'healthy' else 40)
        step += 1


if __name__ == '__main__':
    main()
