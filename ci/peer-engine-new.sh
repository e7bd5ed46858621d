# shellcheck shell=bash
# A Docker Engine that is newer than the distribution's, read by peers.sh:
#
#   engine-new   the Docker Engine of Debian 13 with containerd's image store
#
# dockerd and containerd are taken out of their packages and run from a folder beside the system, with nothing installed.
# They want no newer C library than Debian 12 has; runc would, so the system's own serves both Engines. The packages come
# once for all states below out/peers/programs, from the archive that the system itself uses.

engine_new_suite=trixie

# engine_new_programs: dockerd, containerd and its shim, into the folder that is printed
engine_new_programs()
{
	local dir=$programs/engine-$engine_new_suite
	mkdir -p "$programs"
	(
		flock 8
		! [ -x "$dir/dockerd" ] || exit 0
		need apt-get apt
		say 'engine-new: fetching packages'
		rm -rf "$dir.part" && mkdir -p "$dir.part" && cd "$dir.part" || exit 1
		engine_new_fetch && engine_new_unpack || exit 1
		./dockerd --version >&2 && ./containerd --version >&2 || exit 1
		rm -rf apt ./*.deb && mv "$dir.part" "$dir"
	) 8>"$programs/engine-new.lock" >&2 || die 'engine-new: no programs'
	printf '%s\n' "$dir"
}

# engine_new_fetch: the packages into the current folder, with package lists of its own
engine_new_fetch()
{
	local options
	mkdir -p apt/lists/partial apt/cache/archives/partial
	"$here/vendor/sources" "$engine_new_suite" deb apt/parts || return 1
	options=(-qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/apt/parts"
		-o "Dir::State::lists=$PWD/apt/lists" -o "Dir::Cache=$PWD/apt/cache" -o APT::Sandbox::User=root
		-o Acquire::Languages=none -o Acquire::Retries=3)
	apt-get "${options[@]}" update && apt-get "${options[@]}" download docker.io containerd
}

engine_new_unpack()
{
	local program
	while read -r program; do
		dpkg-deb --fsys-tarfile "${program%% *}"_*.deb | tar -xO "${program##* }" >"${program##*/}" || return 1
		chmod 755 "${program##*/}"
	done <<-'END'
		docker.io ./usr/sbin/dockerd
		containerd ./usr/bin/containerd
		containerd ./usr/bin/containerd-shim-runc-v2
	END
}

start_engine_new()
{
	local bin
	need runc runc
	bin=$(engine_new_programs)
	engine_start engine-new "$bin" containerd
}

stop_engine_new() { engine_stop engine-new; }
env_engine_new() { engine_env engine-new ENGINE_NEW; }
