#!/usr/bin/env python3
"""What a CI system makes of a template of ci/templates.

    templates.py document FILE [INPUT=VALUE...]     the filled-in document, as JSON, for its schema
    templates.py script FILE [INPUT=VALUE...]       the commands that its runner would execute, as one bash script

An input that has no default and no value is an error, as it is for the CI system.
"""
import json
import re
import shlex
import sys

import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 as CI systems read it: 'on' is a word."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag != 'tag:yaml.org,2002:bool' or first in 'tTfF']
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def values_of(declared, given):
    """Values of the declared inputs: {name: {'default': ...}}."""
    unknown = set(given) - set(declared)
    if unknown:
        sys.exit('no such input: ' + ', '.join(sorted(unknown)))
    values = {name: given.get(name, (rule or {}).get('default')) for name, rule in declared.items()}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        sys.exit('input without a value: ' + ', '.join(missing))
    return values


def filled(text, pattern, values):
    return re.sub(pattern, lambda match: str(values[match.group(1)]), text)


def lines(commands):
    return '\n'.join(['set -eo pipefail', *commands, ''])


def gitlab(text, given):
    spec, job = text.split('\n---\n', 1)
    values = values_of(yaml.load(spec, Loader)['spec']['inputs'], given)
    document = yaml.load(filled(job, r'\$\[\[ inputs\.([a-z-]+) \]\]', values), Loader)
    return document, lines(command for entry in document.values() for command in entry['script'])


def condition(text, values):
    """The one form of 'if' that the templates use."""
    match = re.fullmatch(r"inputs\.([a-z-]+) == '([^']*)'", text)
    if not match:
        sys.exit('condition not understood: ' + text)
    return str(values[match.group(1)]) == match.group(2)


def action(text, given):
    document = yaml.load(text, Loader)
    values = values_of({k: v if not v.get('required') else {} for k, v in document['inputs'].items()}, given)
    expression = r'\$\{\{ inputs\.([a-z-]+) \}\}'
    runs = document['runs']
    if runs['using'] == 'docker':
        words = [filled(word, expression, values) for word in runs['args']]
        return document, lines([shlex.join(['buildtools', *words])])
    commands = []
    for step in runs['steps']:
        if not condition(step.get('if', "inputs.path == '%s'" % values['path']), values):
            continue
        env = ''.join('export %s=%s\n' % (key, shlex.quote(filled(value, expression, values)))
                      for key, value in step['env'].items())
        commands.append('(\n%s%s\n)' % (env, step['run']))
        commands.append('while read -r folder; do PATH=$folder:$PATH; done <"$GITHUB_PATH"')
    return document, lines(commands)


def azure(text, given):
    declared = yaml.load(text, Loader)
    values = values_of({row['name']: row for row in declared['parameters']}, given)
    document = yaml.load(filled(text, r'\$\{\{ parameters\.([a-z-]+) \}\}', values), Loader)
    commands = []
    for step in document['steps']:
        # what a step logs as an order takes effect in the next one
        commands.append('log=$(\nset -e\n%s\n)\nprintf "%%s\\n" "$log"' % step['script'])
        commands.append('PATH=$(sed -n "s/^##vso.task.prependpath.//p" <<<"$log"):$PATH')
    return document, lines(commands)


def plain(path):
    """A format whose commands are a list of texts at the end of PATH."""
    def read(text, given):
        document = yaml.load(text, Loader)
        values_of({}, given)
        entry = document
        for key in path:
            entry = entry[key]
        return document, lines(entry)
    return read


def tekton(text, given):
    document = yaml.load(text, Loader)
    values = values_of({row['name']: row for row in document['spec']['params']}, given)
    step, = document['spec']['steps']
    words = [filled(word, r'\$\(params\.([a-z]+)\)', values).replace('$(results.metadata.path)', 'metadata.json')
             for word in step['command'] + step['args']]
    return document, lines([shlex.join(words)])


def found(pattern):
    """A language that is not read: what PATTERN finds in it."""
    def read(text, given):
        values_of({}, given)
        commands = [command for match in re.findall(pattern, text, re.S) for command in match.strip().splitlines()]
        if not commands:
            sys.exit('no command found')
        return None, lines(command.strip() for command in commands)
    return read


READERS = {
    'gitlab/': gitlab, 'github/': action, 'github-container/': action, 'azure/': azure, 'tekton/': tekton,
    'bitbucket/': plain(['pipelines', 'default', 0, 'step', 'script']),
    'drone/': plain(['steps', 0, 'commands']), 'woodpecker/': plain(['steps', 0, 'commands']),
    'jenkins/': found(r"sh '([^']*)'"), 'teamcity/': found(r'scriptContent = """(.*?)"""'),
}


def main():
    what, path, *rest = sys.argv[1:]
    with open(path, encoding='utf-8') as file:
        text = file.read()
    reader = next(reader for folder, reader in READERS.items() if '/templates/' + folder in path)
    document, script = reader(text, dict(word.split('=', 1) for word in rest))
    print(json.dumps(document) if what == 'document' else script)


main()
