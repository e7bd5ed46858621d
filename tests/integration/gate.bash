# shellcheck shell=bash
# shellcheck disable=SC2034 # globals are for the tests
# What tests of publishing share, on top of helper.bash: a real registry behind gate.py.

GATE=$ROOT/tests/integration/gate.py
PASSWORD='open sesame'

gate_setup()
{
	common_setup
	need_command skopeo skopeo
	{ [ -n "${BT_MIRROR:-}" ] && curl -sSf -o "$T/ping" "http://$BT_MIRROR/v2/" 2>/dev/null; } ||
		start_peers mirror
	LOG=$T/gate.log
	PUSH_FLAGS=(--retry-for 0)
}

# gate OPTION...: sets REG, IMAGE and the CI data of a project whose registry is that gate
gate()
{
	local name=gate$RANDOM
	: >"$LOG"
	python3 "$GATE" "$BT_MIRROR" --ready "$T/$name" --log "$LOG" "$@" </dev/null >"$T/$name.out" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/$name" || fail "the gate does not start: $(cat "$T/$name.out")"
	REG=$(cat "$T/$name")
	IMAGE=$REG/group/$NAME
	cleaned "$IMAGE"
	given "CI_REGISTRY=$REG" "CI_REGISTRY_IMAGE=$REG/group/$NAME"
}

login() { given CI_REGISTRY_USER=builder "CI_JOB_TOKEN=$1"; }

push() { bt_push "${PUSH_FLAGS[@]}" "$@"; }

push_ok()
{
	push "$@"
	expect_status 0
}

# published: tags in the registry, sorted, on one line
published()
{
	curl -sS "http://$BT_MIRROR/v2/group/$NAME/tags/list" | jq -r '.tags // [] | sort | join(" ")'
}

expect_published() { expect_equal "$(published)" "$1"; }

# digest_of TAG: as skopeo sees it
digest_of() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$BT_MIRROR/group/$NAME:$1"; }

# written: tags that were written, in order, one a line
written() { sed -n "s|^PUT /v2/group/$NAME/manifests/\([^ :]*\) 201 .*|\1|p" "$LOG"; }
