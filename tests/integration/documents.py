#!/usr/bin/env python3
"""Compares what documents say with what the program knows.

	documents.py ROOT BIN CHECK...

ROOT is this tree or a copy of it, BIN the folder of the program. A check prints "FILE:LINE: what is wrong" for each place and makes the exit status 1.
The tables below are the rules; what a document may say besides is written there, with the reason.
"""

import os
import re
import subprocess
import sys

PAGES = ["man/build.1", "man/push.1", "man/buildtools.1", "man/buildtools.yaml.5", "man/buildtools-environment.7"]
VERBS = ["build", "push", "info", "doctor", "version", "help", "completion"]

# Folders whose documents are about something else.
NOT_READ = {"out", "exported", "tests/data"}

# Flags of other programs that documents speak of.
FOREIGN_FLAGS = {
	"--mount": "RUN of a Dockerfile",
}

# Words in capitals in the sources that look like variables and are none.
NOT_VARIABLES = {
	"COMP_WORDS", "COMP_CWORD", "COMP_LINE", "COMP_POINT",  # bash's, in the completion
	"BUILDKIT_INLINE_CACHE", "BUILDKIT_SYNTAX", "CI_BRANCH_RAW",  # build arguments
	"IMAGE_DIGEST",  # written, not read
	"ECR_PUBLIC",  # AWS's name of a service
	"PULL_REQUEST_CREATED", "PULL_REQUEST_UPDATED", "PULL_REQUEST_REOPENED", "PULL_REQUEST_MERGED",
	"PULL_REQUEST_CLOSED",  # CodeBuild's words for events
}

# Words in capitals in documents that are made up for an example, and variables of other programs.
EXAMPLE_WORDS = {"API_TOKEN", "NPM_TOKEN", "AUTH_TOKEN"}
FOREIGN_WORDS = {"DOCKER_BUILDKIT"}  # docker's command line

# Files and folders of the system or of other tools, which the sources need not name.
SYSTEM_FILES = {"/dev/shm", "/etc/hosts", ".aws"}

# Signals whose 128+N documents name.
SIGNAL_CODES = {130, 143}


class Problems:
	def __init__(self):
		self.n = 0

	def add(self, path, line, text):
		self.n += 1
		print(f"{path}:{line}: {text}" if line else f"{path}: {text}")


problems = Problems()
ROOT = bin_folder = None


def read(path):
	with open(os.path.join(ROOT, path), encoding="utf-8") as f:
		return f.read()


def lines(path):
	return list(enumerate(read(path).split("\n"), 1))


def exists(path):
	return os.path.exists(os.path.join(ROOT, path))


def readers():
	"""All *.md but those of examples and of what is built or copied in."""
	out = []
	for folder, folders, names in os.walk(ROOT):
		inside = os.path.relpath(folder, ROOT)
		folders[:] = sorted(d for d in folders if not d.startswith(".") and os.path.normpath(f"{inside}/{d}") not in NOT_READ)
		out += [os.path.normpath(f"{inside}/{name}") for name in sorted(names) if name.endswith(".md")]
	return out


def run(*words, env=None):
	path = os.path.join(bin_folder, words[0])
	return subprocess.run([path, *words[1:]], capture_output=True, text=True, cwd="/",
		env={"COLUMNS": "200", "HOME": "/nowhere", "PATH": "/usr/bin:/bin", **(env or {})}, timeout=60, check=False)


def sources(ends=(".c", ".h")):
	for folder, folders, names in sorted(os.walk(os.path.join(ROOT, "src"))):
		folders.sort()
		for name in sorted(names):
			if name.endswith(ends):
				yield os.path.relpath(os.path.join(folder, name), ROOT)


def without_comments(text):
	# a string is kept as it is, a comment becomes nothing
	return re.sub(r'("(?:[^"\\\n]|\\.)*")|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.S)


_literals = []


def literals():
	"""All the string constants of the program, joined where the compiler joins them."""
	if not _literals:
		for path in sources():
			text = re.sub(r'"\s*\\?\n?\s*"', "", without_comments(read(path)))
			_literals.extend(re.findall(r'"((?:[^"\\\n]|\\.)*)"', text))
	return _literals


def cells(line):
	return [c.strip() for c in re.split(r"(?<!\\)\|", line.strip().strip("|"))] if line.startswith("|") else []


def in_code(path):
	"""(line number, text, False) of what stands in a document in `backticks`, and (line number, line, True) of fenced blocks.

	Of a table with a column headed "here" that column alone: the others are about other tools.
	"""
	fence, here, table = False, None, False
	for n, line in lines(path):
		row = cells(line)
		if row and not table:
			here = row.index("here") if "here" in row else None
		table = bool(row)
		if line.lstrip().startswith("```"):
			fence = not fence
		elif fence:
			yield n, line, True
		else:
			for text in re.findall(r"`([^`]+)`", row[here] if row and here is not None and here < len(row) else line):
				yield n, text.replace("\\|", "|"), False


def blocks(path):
	"""(line number, language, text) of the fenced blocks of a document, or of the literal displays of a page."""
	start, language, text = 0, "", []
	for n, line in lines(path):
		opens = line.lstrip().startswith("```") or line.startswith((".Bd -literal", ".Ed"))
		if opens and start:
			yield start, language, "\n".join(text)
			start = 0
		elif opens:
			start, language, text = n, line.lstrip().lstrip("`"), []
		elif start:
			text.append(line)


# ---- flags -----------------------------------------------------------------------------------------------------------


def tool_words(verb):
	return [verb] if verb in ("build", "push") else ["buildtools", verb]


def help_flags(verb):
	"""{name: (letter or '', takes a value)}"""
	out = {}
	for m in re.finditer(r"^ +(?:-(\w), )?--([a-z-]+)(=)?", run(*tool_words(verb), "--help").stdout, flags=re.M):
		out[m[2]] = (m[1] or "", bool(m[3]))
	return out


def page_flags(path, verb):
	"""The same out of a manual page, with line numbers behind; of buildtools.1 only the part of that verb."""
	out = {}
	part = path != "man/buildtools.1"
	for n, line in lines(path):
		m = re.match(r"\.It Cm (\w+)", line)
		if path == "man/buildtools.1" and m:
			part = m[1] == verb
		if not part or not line.startswith(".It "):
			continue
		letter = ""
		for f in re.finditer(r"\bFl (Fl )?([a-z][a-z-]*)( Ns =)?", line):
			if f[1]:
				out[f[2]] = (letter, bool(f[3]), n)
				letter = ""
			else:
				letter = f[2]
	return out


def completion_flags(shell, verb):
	script = run("buildtools", "completion", shell).stdout
	out = {}
	if shell == "bash":
		words = re.search(rf"^\t{verb}\) flags='(.*)'", script, flags=re.M)[1].split()
		letter = ""
		for w in words:
			if w.startswith("--"):
				out[w[2:].rstrip("=")] = (letter, w.endswith("="))
				letter = ""
			else:
				letter = w[1:]
	elif shell == "zsh":
		body = re.search(rf"^_buildtools_{verb}\(\) \{{\n(.*?)^\}}", script, flags=re.M | re.S)[1]
		for m in re.finditer(r"^\t\t'\*?(?:'\{-(\w)\+?,--([a-z-]+)(=?)\}'|--([a-z-]+)(=?))\[", body, flags=re.M):
			out[m[2] or m[4]] = (m[1] or "", bool(m[3] or m[5]))
	else:
		of = rf"{verb}" if verb in ("build", "push") else rf"buildtools -n '__fish_seen_subcommand_from {verb}'"
		for m in re.finditer(rf"^complete -c {of} -l ([a-z-]+)(?: -s (\w))?( -x| -r)?", script, flags=re.M):
			out[m[1]] = (m[2] or "", bool(m[3]))
	return out


def compare_flags(path, verb, known, said):
	for name, (letter, value) in sorted(known.items()):
		if name not in said:
			problems.add(path, 0, f"'{verb} --{name}' is missing")
		elif said[name][0] != letter:
			problems.add(path, (said[name] + (0,))[2], f"'{verb} --{name}' is '-{letter}', not '-{said[name][0]}'")
		elif said[name][1] != value:
			problems.add(path, (said[name] + (0,))[2], f"'{verb} --{name}' takes {'a' if value else 'no'} value")
	for name in sorted(set(said) - set(known)):
		problems.add(path, (said[name] + (0,))[2], f"'{verb}' has no flag '--{name}'")


def check_flags():
	for verb in VERBS:
		known = help_flags(verb)
		page = f"man/{verb}.1" if verb in ("build", "push") else "man/buildtools.1"
		if not known:
			problems.add(page, 0, f"'{verb} --help' lists no flags")
		compare_flags(page, verb, known, page_flags(page, verb))
		for shell in ("bash", "zsh", "fish"):
			compare_flags(f"completion {shell}", verb, known, completion_flags(shell, verb))
	check_mentions()


def mentions(path):
	if path.endswith(".md"):
		for n, text, block in in_code(path):
			# in a block only what is ours
			if not block or re.match(r"\s*(\$ )?(build|push|buildtools)\b", text):
				for m in re.finditer(r"(?<![\w-])--([a-z][a-z-]+)", text):
					yield n, m[1]
	else:
		for n, line in lines(path):
			for m in re.finditer(r"(?:\bFl Fl |(?<![\w-])--)([a-z][a-z-]+)", line):
				yield n, m[1]


def check_mentions():
	known = set()
	for verb in VERBS:
		known |= set(help_flags(verb))
	for path in readers() + PAGES:
		for n, name in mentions(path):
			if name in known or "--" + name in FOREIGN_FLAGS:
				continue
			# an alias is known to the program alone
			if "unknown flag" in run("build", "--" + name, "--help").stderr:
				problems.add(path, n, f"there is no flag '--{name}' (of another program? see FOREIGN_FLAGS)")


# ---- environment -----------------------------------------------------------------------------------------------------

VARIABLE = r"(?<![\w.])(_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w])"


def variables_read():
	"""Names that the program looks up, by where they stand: all there are in files that have to do with an environment."""
	out = {}
	for path in sources((".c",)):
		text = without_comments(read(path))
		if not re.search(r"\benv\b|\benv_\w+\(", text):
			continue
		for m in re.finditer(r'\b(?:env_(?:get|raw|has|is|true)|first_of)\(([^;]*?)\)', text, flags=re.S):
			for name in re.findall(r'"(_?[A-Z][A-Z0-9_]*)"', m[1]):
				out.setdefault(name, path)
		for string in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text):
			for name in re.findall(VARIABLE, string):
				out.setdefault(name, path)
	for name in NOT_VARIABLES:
		out.pop(name, None)
	return out


def page_variables():
	for path in PAGES:
		for n, line in lines(path):
			for m in re.finditer(r"\bEv ((?:[\w*]+(?: , )?)+)", line):
				for name in m[1].split(" , "):
					yield path, n, name.strip()


def is_literal_word(word):
	pattern = re.compile(r"(?<!\w)" + re.escape(word) + r"(?!\w)")
	return any(pattern.search(s) for s in literals())


def check_environment():
	said = set()
	for path, n, name in page_variables():
		said.add(name)
		if not is_literal_word(name):
			problems.add(path, n, f"the program knows no variable '{name}'")
	for name, path in sorted(variables_read().items()):
		if name not in said:
			problems.add(path, 0, f"the variable '{name}' is on no manual page (not a variable? see NOT_VARIABLES)")
	scripts = " ".join(read(p) for p in ["Makefile", "vendor/fetch", "Dockerfile"] + scripts_of_ci())
	for path in readers():
		for n, text, _ in in_code(path):
			for name in re.findall(VARIABLE, text):
				if name in EXAMPLE_WORDS | FOREIGN_WORDS or is_literal_word(name) or re.search(rf"\b{name}\b", scripts):
					continue
				problems.add(path, n, f"'{name}' is known neither to the program nor to make and ci/ "
					"(an example, or another program's? see EXAMPLE_WORDS)")


def scripts_of_ci():
	folder = os.path.join(ROOT, "ci")
	return ["ci/" + f for f in sorted(os.listdir(folder)) if os.path.isfile(os.path.join(folder, f))]


# ---- configuration ---------------------------------------------------------------------------------------------------


def config_keys():
	"""All paths, out of the tables of src/config/keys.c; '*' stands for a name that users choose."""
	text = without_comments(read("src/config/keys.c"))
	macros = dict(re.findall(r"#define (\w+)\(\w+\) \\\n((?:.*\\\n)*.*)", text))
	tables = dict(re.findall(r"const struct key (\w+)\[\] =\s*\{(.*?)\n?\};", text, flags=re.S))
	for name, body in tables.items():
		for macro in ("ACCESS", "PROVIDER"):
			body = re.sub(rf"\b{macro}\(\w+\)", lambda _, m=macro: macros[m], body)
		tables[name] = body
	row = re.compile(r'(?:(TEXT|WORD|SECRET|FLAG|MAP)\(|\{\s*\\?\s*)"(\w+)", (?:(KEY_\w+), [^,]*(?:\([^)]*\))?, )?(\w+)')
	out = set()

	def walk(table, prefix):
		for m in row.finditer(tables[table]):
			key = prefix + m[2]
			out.add(key)
			below = m[4] if m[4] in tables else None
			if below:
				walk(below, key + (".*." if m[3] in ("KEY_TARGETS", "KEY_NAMES") else "."))
			if m[3] == "KEY_TAGS":
				known = re.search(r"known\[\] = \{(.*?)END\}", text, flags=re.S)[1]
				out.update(f"{key}.{k}" for k in re.findall(r'\{"(\w+)"', known))

	walk("config_keys", "")
	return out


def key_matches(pattern, key):
	a, b = pattern.split("."), key.split(".")
	return len(a) == len(b) and all(x in ("*", y) for x, y in zip(a, b))


def check_config():
	known = config_keys()
	page = "man/buildtools.yaml.5"
	said = []
	for n, line in lines(page):
		if line.startswith(".It Cm "):
			said += [(n, k) for k in line[len(".It Cm "):].split(" , ")]
	for n, pattern in said:
		if not any(key_matches(pattern, k) for k in known):
			problems.add(page, n, f"the configuration has no key '{pattern}'")
	for key in sorted(known):
		if not any(key_matches(p, key) for _, p in said):
			problems.add(page, 0, f"the key '{key}' is missing")
	words = set(re.findall(r"^\.Ql (\S+)", read(page), flags=re.M))
	rules = without_comments(read("src/ci/tags_rules.c"))
	for name in re.findall(r'\[(?:TYPE|ATTR)_\w+\] = \{?"(\w+)"[,}]', rules):
		if name not in words:
			problems.add(page, 0, f"'{name}' of tag rules is missing")
	check_examples(known)


def check_examples(known):
	top = {k for k in known if "." not in k}
	for path in readers() + [page for page in PAGES if page.endswith(".5")]:
		for n, _, text in blocks(path):
			first = re.search(r"^(\w+):", text, flags=re.M)
			if not first or first[1] not in top or re.search(r"^(image|script|stages|jobs|steps|on):\s*$", text, flags=re.M):
				continue
			done = run("build", "--config", env={"BUILDTOOLS_CONTENT": text})
			if done.returncode:
				problems.add(path, n, "the program refuses this example: " + done.stderr.strip())
		if not path.endswith(".md"):
			continue
		for n, text, block in in_code(path):
			m = re.match(r"([a-z_]+(?:\.\w{2,})+)(?::|$)", text)
			if not block and m and m[1].split(".")[0] in top and m[1] not in known and not exists(m[1]):
				problems.add(path, n, f"the configuration has no key '{m[1]}'")


# ---- exit codes ------------------------------------------------------------------------------------------------------


def check_codes():
	enum = re.search(r"enum exit_code \{(.*?)\};", without_comments(read("src/cmd/cmd.h")), flags=re.S)[1]
	codes = {name: int(n) for name, n in re.findall(r"(EXIT_\w+) = (\d+)", enum)}
	push = {c for name, c in codes.items() if name.startswith("EXIT_PUSH_")}
	signal = {codes["EXIT_SIGNAL"]}
	want = {
		"man/build.1": {codes["EXIT_OK"], codes["EXIT_BUILD"]} | signal,
		"man/push.1": {codes["EXIT_OK"], codes["EXIT_BUILD"]} | push | signal,
		"man/buildtools.1": set(codes.values()) - push - {codes["EXIT_BUILD"]},
	}
	for path, known in want.items():
		part = False
		said = {}
		for n, line in lines(path):
			if line.startswith(".Sh "):
				part = line == ".Sh EXIT STATUS"
			m = re.match(r"\.It Cm (\d+)", line)
			if part and m:
				said[int(m[1])] = n
		for code in sorted(known - set(said)):
			problems.add(path, 0, f"exit status {code} is missing")
		for code in sorted(set(said) - known):
			problems.add(path, said[code], f"the program has no exit status {code} here")
	check_code_table(set(codes.values()) | SIGNAL_CODES)


def check_code_table(known):
	"""Tables of README whose first column is headed 'code', 'exit status' or the like."""
	part = False
	for n, line in lines("README.md"):
		row = cells(line)
		if not row:
			part = False
		elif re.search(r"\b(code|exit|status)\b", row[0], flags=re.I):
			part = True
		elif part:
			for code in map(int, re.findall(r"\d+", row[0].replace("128+N", "128"))):
				if code not in known:
					problems.add("README.md", n, f"the program has no exit status {code}")


# ---- files, links, the map -------------------------------------------------------------------------------------------


def is_named_in_program(path):
	name = os.path.basename(path.rstrip("/"))
	if path in SYSTEM_FILES or name in SYSTEM_FILES:
		return True
	if name.startswith("Dockerfile."):
		name = name[len("Dockerfile"):]
	return any(name in s for s in literals())


def check_files():
	for path in PAGES:
		for n, line in lines(path):
			m = re.match(r"(?:\.It )?\.?Pa (.*)", line)
			if not m:
				continue
			for name in re.split(r" , | [.,;]$|\s", m[1]):
				if name not in ("", ".", ",", ";") and not is_named_in_program(name):
					problems.add(path, n, f"neither the program nor the system knows the file '{name}'")
	for path in readers():
		base = os.path.dirname(path)
		for n, text, _ in in_code(path):
			for name in re.findall(r"(?<![\w/.*$}~:-])(?:\./)?((?:ci|src|tests|vendor|man)/[\w./-]*\w)", text):
				if not exists(name) and not exists(os.path.join(base, name)):
					problems.add(path, n, f"there is no '{name}'")
			if re.fullmatch(r"[\w.-]+\.(yaml|yml|json|md|mk|pem|sh)", text) and not exists(text) and \
					not exists(os.path.join(base, text)) and not is_named_in_program(text):
				problems.add(path, n, f"neither this tree nor the program knows the file '{text}'")
	check_make()


def check_make():
	makefile = read("Makefile")
	targets = set(re.findall(r"^([a-z][\w-]*(?: [a-z][\w-]*)*):", makefile, flags=re.M))
	targets = {t for group in targets for t in group.split()}
	targets |= {t for group in re.findall(r"^\.PHONY: (.*)", makefile, flags=re.M) for t in group.split()}
	places = [(p, n, t) for p in readers() for n, t, _ in in_code(p)]
	places += [("Makefile", n, t[3:]) for n, t in lines("Makefile") if t.startswith("#: ")]
	for path, n, text in places:
		for words in re.findall(r"(?:^|[\s,])make ((?:[\w-]+(?:=\S*)?)(?: \w+=\S+)*)", text):
			for word in words.split():
				name, given, _ = word.partition("=")
				if given and not re.search(rf"\b{name}\b", makefile):
					problems.add(path, n, f"make knows no variable '{name}'")
				elif not given and name not in targets:
					problems.add(path, n, f"make has no target '{name}'")
		for verb in re.findall(r"^buildtools ([a-z]+)$", text):
			if verb not in VERBS:
				problems.add(path, n, f"buildtools has no command '{verb}'")


def anchors(path):
	out = set()
	for _, line in lines(path):
		m = re.match(r"#+ (.*)", line)
		if m:
			out.add(re.sub(r"[^\w -]", "", m[1].lower()).replace(" ", "-"))
	return out


def check_links():
	for path in readers():
		for n, line in lines(path):
			for target in re.findall(r"\]\(([^)\s]+)\)", line):
				if re.match(r"[a-z]+:", target):
					continue
				name, _, anchor = target.partition("#")
				file = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
				if not exists(file):
					problems.add(path, n, f"the link leads to '{target}', which is not there")
				elif anchor and file.endswith(".md") and anchor not in anchors(file):
					problems.add(path, n, f"'{file}' has no heading '#{anchor}'")
	for path in PAGES:
		for n, line in lines(path):
			m = re.match(r"\.Xr (\S+) (\d)", line)
			if m and f"man/{m[1]}.{m[2]}" not in PAGES:
				problems.add(path, n, f"there is no page {m[1]}({m[2]})")


def check_map():
	path = "src/README.md"
	rooms = {d + "/" for d in os.listdir(os.path.join(ROOT, "src")) if os.path.isdir(os.path.join(ROOT, "src", d))}
	said = set()
	for n, line in lines(path):
		row = cells(line)
		m = re.match(r"`(\w+/)`$", row[0]) if row else None
		if m:
			said.add(m[1])
			if m[1] not in rooms:
				problems.add(path, n, f"src/ has no room '{m[1]}'")
			for name in re.findall(r"`([\w.-]+\.[ch])`", row[-1]):
				if not exists(f"src/{m[1]}{name}"):
					problems.add(path, n, f"there is no src/{m[1]}{name}")
		for name in re.findall(r"`((?:\w+/)+[\w-]+\.[ch])`", line):
			if not exists("src/" + name) and not exists(name):
				problems.add(path, n, f"there is no src/{name}")
		for name in re.findall(r"`(\w+/\w+)`", line):
			if name.split("/")[0] + "/" in rooms and not any(
					exists(e) for e in (name, f"src/{name}", f"src/{name}.c", f"src/{name}.h")):
				problems.add(path, n, f"there is no src/{name}")
	for room in sorted(rooms - said):
		problems.add(path, 0, f"the room '{room}' is not on the map")
	for page in PAGES:
		if not exists(page):
			problems.add(page, 0, "there is no such page")
	for name in sorted(os.listdir(os.path.join(ROOT, "man"))):
		if "man/" + name not in PAGES:
			problems.add("man/" + name, 0, "this page is not checked: add it to PAGES")


# ---- numbers ---------------------------------------------------------------------------------------------------------

UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 10**3, "MB": 10**6, "GB": 10**9, "ms": 1, "seconds": 10**3,
	"minutes": 60 * 10**3, "%": 1}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)[ \u00a0]?(KiB|MiB|GiB|KB|MB|GB|ms|seconds|minutes|%)(?!\w)")


def program_size():
	return os.path.getsize(os.path.realpath(os.path.join(bin_folder, "buildtools")))


def constant(path, name):
	m = re.search(rf"\b{name}\b(?: =)? \(?([\d* ]+)", without_comments(read(path)))
	value = 1
	for factor in m[1].replace(" ", "").split("*"):
		value *= int(factor)
	return value


def image_limit(name):
	"""What an image may have: ci/rootfs makes none that is larger."""
	return int(re.search(rf"^finish {name} (\d+)$", read("ci/rootfs"), flags=re.M)[1])


def at_most(measure):
	return lambda said: None if measure() <= said else f"it is {measure()}"


def exactly(measure):
	return lambda said: None if measure() == said else f"it is {measure()}"


# A number with a unit in a document must stand in a line that one of these patterns finds; the check gets it in bytes or
# milliseconds. A number that nobody can check does not belong into a document that is kept true by this test.
NUMBERS = [
	(r"^\| `tool` \|", at_most(lambda: image_limit("tool"))),
	(r"^\| `job` \|", at_most(lambda: image_limit("job"))),
	(r"\b(binary|program|executable)\b.*\b(less than|at most)\b", at_most(program_size)),
	(r"--secret\b|RUN --mount=type=secret", exactly(lambda: constant("src/buildkit/session.h", "BK_SECRET_MAX"))),
	(r"--retry-for", exactly(lambda: {"5m": 300000}[re.search(r'--retry-for="(\w+)"', run("build", "--help").stdout)[1]])),
]


def check_numbers():
	for path in readers():
		fence = False
		for n, line in lines(path):
			if line.lstrip().startswith("```"):
				fence = not fence
			for m in NUMBER.finditer("" if fence else line):
				checks = [check for pattern, check in NUMBERS if re.search(pattern, line)]
				if not checks:
					problems.add(path, n, f"nothing checks '{m[0]}': leave it out or add a rule to NUMBERS")
				for wrong in filter(None, [checks[0](float(m[1]) * UNITS[m[2]])] if checks else []):
					problems.add(path, n, f"'{m[0]}' is not true: {wrong}")


CHECKS = {
	"flags": check_flags,
	"environment": check_environment,
	"config": check_config,
	"codes": check_codes,
	"files": check_files,
	"links": check_links,
	"map": check_map,
	"numbers": check_numbers,
}


def main():
	global ROOT, bin_folder
	if len(sys.argv) < 4 or not set(sys.argv[3:]) <= set(CHECKS):
		sys.exit(f"usage: documents.py ROOT BIN {'|'.join(CHECKS)}...")
	ROOT, bin_folder = map(os.path.abspath, sys.argv[1:3])
	for name in sys.argv[3:]:
		CHECKS[name]()
	sys.exit(1 if problems.n else 0)


main()
