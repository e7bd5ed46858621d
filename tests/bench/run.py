#!/usr/bin/env python3
"""Whole-process figures of the program and of its peers, taken in turn in one run (`make bench`).

    run.py [--runs N] [--only NAME] [--scratch FOLDER]

Peers are buildctl and buildx, against the same BuildKit daemon: BT_BUILDKIT, BT_BUILDCTL and BT_BUILDX name them.
Each line has the median of the runs, then minimum and maximum: wall and processor time in milliseconds, and the largest
resident memory of one more run. The program's own times include what nobody else does: deciding names, tags and registry.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, 'out/bin/build')
HOST, BUILDCTL, BUILDX = (os.environ.get(name) for name in ('BT_BUILDKIT', 'BT_BUILDCTL', 'BT_BUILDX'))

# 50 000 files and 400 MB, in folders of 500
FILES, FILE_SIZE, FOLDER = 50_000, 8_000, 500
BIG = 2_000_000_000


def measure(command, folder, env):
    """One run: (wall ms, processor ms). A failure ends everything: there is nothing to compare then."""
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit('%s ends with %d:\n%s' % (command, process.returncode, log.read()[-3000:].decode(errors='replace')))
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def memory(command, folder, env):
    """MiB of one more run. A program starts with the memory of who started it on its account: so that is a small one."""
    with tempfile.NamedTemporaryFile('r') as file:
        measure(['time', '-q', '-f', '%M', '-o', file.name, *command], folder, env)
        return int(file.read()) / 1024


def prune():
    subprocess.run([BUILDCTL, '--addr', HOST, 'prune', '--all'], check=True, stdout=subprocess.DEVNULL)


def clients(arguments):
    """The same build by each: {name: command}. `arguments` is (ours, buildctl's, buildx's)."""
    ours, buildctl, buildx = arguments
    return {
        'build': [BUILD, '--no-login', '--no-stages', '--progress=quiet', '-o', *ours],
        'buildctl': [BUILDCTL, '--addr', HOST, 'build', '--progress=plain', '--frontend=dockerfile.v0',
                     '--local=context=.', '--local=dockerfile=.', *buildctl],
        'buildx': [BUILDX, 'build', '--builder=bench', '--progress=quiet', '--provenance=false', *buildx, '.'],
    }


def nowhere():
    """A result that goes nowhere, so that the context is all there is to send."""
    return ['type=image'], ['--output=type=image'], ['--output=type=image']


def to_folder(folder):
    return ['type=local,dest=' + folder], ['--output=type=local,dest=' + folder], ['--output=type=local,dest=' + folder]


def tree(folder):
    random.seed(1)
    for first in range(0, FILES, FOLDER):
        os.makedirs('%s/data/%05d' % (folder, first))
        for number in range(first, first + FOLDER):
            with open('%s/data/%05d/%05d' % (folder, first, number), 'wb') as file:
                file.write(random.randbytes(FILE_SIZE))


def big(folder):
    with open(folder + '/big', 'wb') as file:
        for _ in range(BIG // 10_000_000):
            file.write(random.randbytes(10_000_000))


class Bench:
    def __init__(self, scratch, runs):
        self.scratch = scratch
        self.runs = runs
        self.env = {'PATH': os.environ['PATH'], 'HOME': scratch, 'BUILDKIT_HOST': HOST, 'CI_PROJECT_NAME': 'bench',
                    'CI_COMMIT_SHA': 40 * '1', 'CI_COMMIT_REF_NAME': 'main'}

    def context(self, name, fill, dockerfile):
        folder = os.path.join(self.scratch, name)
        if not os.path.isdir(folder):
            os.mkdir(folder)
            fill(folder)
            with open(folder + '/Dockerfile', 'w', encoding='utf-8') as file:
                file.write(dockerfile)
        return folder

    def compare(self, title, commands, folder, before=lambda: None):
        """Alternates between the commands."""
        figures = {name: [] for name in commands}
        for _ in range(self.runs):
            for name, command in commands.items():
                before()
                figures[name].append(measure(command, folder, self.env))
        print('\n%-50s %27s %27s %10s' % (title, 'wall ms', 'processor ms', 'MiB'))
        for name, rows in figures.items():
            cells = ['%.1f (%.1f-%.1f)' % (statistics.median(column), min(column), max(column)) for column in zip(*rows)]
            before()
            print('%-50s %27s %27s %10.1f' % (name, *cells, memory(commands[name], folder, self.env)), flush=True)

    def version(self):
        self.compare('--version', {'build': [BUILD, '--version'], 'buildctl': [BUILDCTL, '--version'],
                                   'buildx': [BUILDX, 'version']}, self.scratch)

    def first(self):
        folder = self.context('tree', tree, 'FROM scratch\nCOPY data /data\n')
        self.compare('context of 50 000 files and 400 MB, first transfer', clients(nowhere()), folder, prune)

    def unchanged(self):
        folder = self.context('tree', tree, 'FROM scratch\nCOPY data /data\n')
        commands = clients(nowhere())
        for command in commands.values():
            measure(command, folder, self.env)
        self.compare('the same context, nothing changed', commands, folder)

    def file(self):
        folder = self.context('file', big, 'FROM scratch\nCOPY big /\n')
        self.compare('2 GB in one file', clients(nowhere()), folder, prune)

    def export(self):
        folder = self.context('tree', tree, 'FROM scratch\nCOPY data /data\n')
        target = os.path.join(self.scratch, 'exported')
        commands = clients(to_folder(target))
        self.compare('export of 50 000 files', commands, folder, lambda: shutil.rmtree(target, ignore_errors=True))


CASES = ('version', 'first', 'unchanged', 'file', 'export')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--only', choices=CASES)
    parser.add_argument('--scratch', default='/tmp')
    options = parser.parse_args()
    if not (HOST and BUILDCTL and BUILDX):
        sys.exit('BT_BUILDKIT, BT_BUILDCTL and BT_BUILDX name what to compare with')
    with tempfile.TemporaryDirectory(prefix='bt-bench.', dir=options.scratch) as scratch:
        bench = Bench(scratch, options.runs)
        subprocess.run([BUILDX, 'create', '--name=bench', '--driver=remote', HOST], env=bench.env, check=True,
                       stdout=subprocess.DEVNULL)
        for name in CASES:
            if options.only in (None, name):
                getattr(bench, name)()


main()
