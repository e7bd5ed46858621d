#!/usr/bin/env python3
"""What a shell makes of a command line when the user presses Tab.

	complete.py SHELL BIN LINE...

Starts bash or zsh on a terminal, loads what "buildtools completion SHELL" in the folder BIN prints, types each line and a
Tab, and prints what it has become. fish is asked by its own "complete -C", and all that it offers is printed.
"""

import os
import pty
import re
import select
import subprocess
import sys
import time

LIMIT = 60  # seconds; only a guard against hanging

START = {
	"bash": (["bash", "--norc", "--noprofile", "-i"],
		"bind 'set bell-style none'; . <(buildtools completion bash)"),
	"zsh": (["zsh", "-f", "-i"],
		"unsetopt PROMPT_SP ZLE_BRACKETED_PASTE 2>/dev/null; unset zle_bracketed_paste; bindkey -e; autoload -U compinit; "
		"compinit -D -u; zstyle ':completion:*' verbose no; . <(buildtools completion zsh)"),
}


class Terminal:
	def __init__(self, words, env):
		self.pid, self.fd = pty.fork()
		if self.pid == 0:
			os.execvpe(words[0], words, env)
		self.seen = ""

	def type(self, text):
		os.write(self.fd, text.encode())

	def until(self, pattern):
		"""What matches, out of what was not looked at yet."""
		end = time.monotonic() + LIMIT
		while True:
			m = re.search(pattern, self.seen, flags=re.S)
			if m:
				self.seen = self.seen[m.end():]
				return m
			ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
			if not ready:
				sys.exit(f"no '{pattern}' in {self.seen!r}")
			try:
				self.seen += os.read(self.fd, 65536).decode(errors="replace")
			except OSError:
				sys.exit(f"the shell has ended, having said {self.seen!r}")

	def close(self):
		os.close(self.fd)
		os.waitpid(self.pid, 0)


def main():
	shell, folder, *lines = sys.argv[1:]
	env = {"PATH": folder + ":/usr/bin:/bin", "HOME": os.getcwd(), "TERM": "dumb", "PS1": "", "LC_ALL": "C.UTF-8"}
	if shell == "fish":
		for line in lines:
			script = f"buildtools completion fish | source; complete -C '{line}'"
			out = subprocess.run(["fish", "--no-config", "-c", script], env=env, capture_output=True, text=True, check=False)
			sys.stdout.write(re.sub(r"\t.*", "", out.stdout) + out.stderr)
		return
	words, start = START[shell]
	terminal = Terminal(words, env)
	# what was typed is echoed, too: "ready" is only put together by the shell
	terminal.type(f" PS1= PS2= RPS1=; {start}; echo rea''dy\n")
	terminal.until(r"ready\r?\n")
	for line in lines:
		# Home and End, and then the line is text between quotes that the shell prints
		terminal.type(f"{line}\t\x01echo \x27<\x05>\x27\n")
		print(terminal.until(r"\n<([^\n]*)>\r?\n")[1].rstrip())
	terminal.type("\x15exit\n")
	terminal.close()


main()
