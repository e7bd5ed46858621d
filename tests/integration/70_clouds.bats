#!/usr/bin/env bats
# Checklist rows R-11 to R-16 for Amazon ECR: login and repositories, against an AWS that checks every signature. The
# registry itself is nowhere: a proxy that nobody listens at stands for it, so that these runs end behind the login;
# or that proxy is a gate before a real registry.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper

ECR=123456789012.dkr.ecr.eu-west-1.amazonaws.com/team

# aws OPTION...: starts it; the program finds it, and a project whose registry is in ECR
aws()
{
	LOG=$T/aws.log
	: >"$LOG"
	python3 "$ROOT/tests/integration/aws.py" --ready "$T/aws" --log "$LOG" "$@" </dev/null >"$T/aws.out" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/aws" || fail "aws.py does not start: $(cat "$T/aws.out")"
	given "ECR_URL=$ECR" "AWS_ENDPOINT_URL=$(cat "$T/aws")" HTTPS_PROXY=http://127.0.0.1:1
	given AWS_ACCESS_KEY_ID=AKIATEST 'AWS_SECRET_ACCESS_KEY=secret/key+of=test' AWS_REGION=us-east-1
	gitlab main
	dockerfile <<-'END'
		FROM scratch
		COPY . /
	END
	FLAGS=(--no-pull --retry-for 0)
}

# asked: the operations, on one line
asked() { jq -r .operation "$LOG" | tr '\n' ' ' | sed 's/ $//'; }

no_secrets() { expect_not_in "$output$stderr" 'secret/key|token-of-ecr'; }

@test "R-11 a refused login ends push with 253, build with 255, and says why" {
	aws --fail GetAuthorizationToken=AccessDeniedException
	bt_push --verbose
	expect_failure 253 "login to '${ECR%/*}': GetAuthorizationToken: AccessDeniedException"
	expect_error 'grant ecr:GetAuthorizationToken'
	no_secrets
	bt_build --verbose
	expect_failure 255 "login to '${ECR%/*}'"
	expect_equal "$(asked)" 'GetAuthorizationToken GetAuthorizationToken'
	no_secrets
}

@test "R-11 a wrong secret and an unknown key are told apart" {
	aws
	given AWS_SECRET_ACCESS_KEY=wrong
	bt_push
	expect_failure 253 "secret key for 'AKIATEST' .*5 characters long, is wrong"
	given AWS_ACCESS_KEY_ID=AKIAOTHER
	bt_push
	expect_failure 253 "does not know the access key 'AKIAOTHER'"
}

@test "R-12 without login AWS is not asked" {
	aws
	bt_push --no-login --retry-for 0
	expect_equal "$(asked)" ''
}

@test "R-13 R-15 push makes the missing repository, below the prefix and in the registry's region" {
	aws
	bt_push --verbose --retry-for 0
	expect_equal "$(asked)" \
		'GetAuthorizationToken GetCallerIdentity DescribeRepositories CreateRepository PutLifecyclePolicy'
	expect_error "created the repository 'team/$NAME'"
	expect_equal "$(jq -r 'select(.operation == "CreateRepository") | .request.repositoryName' "$LOG")" "team/$NAME"
	expect_equal "$(jq -c 'select(.operation == "PutLifecyclePolicy") | .request.lifecyclePolicyText | fromjson' "$LOG")" \
		'{"rules":[{"rulePriority":10,"description":"Only keep 20 images","selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":20},"action":{"type":"expire"}}]}'
	expect_equal "$(jq -r '.scope | split("/")[2]' "$LOG" | sort -u)" eu-west-1
	no_secrets
}

@test "R-13 a repository that is there stays as it is" {
	aws --have "team/$NAME" --account 999999999999
	bt_push --retry-for 0
	expect_equal "$(asked)" 'GetAuthorizationToken GetCallerIdentity DescribeRepositories'
	expect_error "account mismatch, logged in at '999999999999' got '123456789012'"
}

@test "R-14 a repository that cannot be made ends push with 252" {
	aws --fail CreateRepository=LimitExceededException
	bt_push
	expect_failure 252 "repository 'team/$NAME': CreateRepository: LimitExceededException"
}

@test "R-16 the repository is made before a build that pushes" {
	aws
	given BUILDKIT_HOST=tcp://127.0.0.1:1
	bt_build
	expect_failure 255 '127.0.0.1:1'
	expect_equal "$(asked)" \
		'GetAuthorizationToken GetCallerIdentity DescribeRepositories CreateRepository PutLifecyclePolicy'
}

# --- ECR Public ------------------------------------------------------------------------------------------------------

@test "R-13 ECR Public: the repository is made in us-east-1, below the alias, without a policy" {
	aws
	given "ECR_URL=public.ecr.aws/team" AWS_REGION=eu-west-1
	bt_push --verbose --retry-for 0
	expect_equal "$(asked)" 'GetAuthorizationToken DescribeRepositories DescribeRegistries CreateRepository'
	expect_error "created the repository '$NAME'"
	expect_equal "$(jq -c 'select(.operation == "CreateRepository") | .request' "$LOG")" "{\"repositoryName\":\"$NAME\"}"
	expect_equal "$(jq -r .fault "$LOG" | sort -u | paste -sd ' ')" null
	no_secrets
}

@test "R-13 ECR Public: no repository is made under the alias of somebody else" {
	aws --alias us
	given "ECR_URL=public.ecr.aws/team"
	bt_push --retry-for 0
	expect_equal "$(asked)" 'GetAuthorizationToken DescribeRepositories DescribeRegistries'
	expect_error "'team' is no alias of this account's registry"
}

# --- all the way -----------------------------------------------------------------------------------------------------

# ecr_gate: what is at the registry's address; writes to $T/gate.log
ecr_gate()
{
	eval "$("$ROOT/ci/peers.sh" start mirror 2>/dev/null; "$ROOT/ci/peers.sh" env mirror)" ||
		fail 'no registry: install the package docker-registry'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ecr \
		-addext "subjectAltName=DNS:${ECR%/*}" -keyout "$T/key" -out "$T/cert" 2>/dev/null
	python3 "$ROOT/tests/integration/gate.py" "$BT_MIRROR" --ready "$T/gate" --log "$T/gate.log" \
		--connect "$T/cert" "$T/key" --auth basic --user AWS --password token-of-ecr --immutable \
		</dev/null >"$T/gate.out" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/gate" || fail "the gate does not start: $(cat "$T/gate.out")"
	given "HTTPS_PROXY=http://$(cat "$T/gate")" "SSL_CERT_FILE=$T/cert"
}

# layout COMMIT: an image of that commit, in $T/image.tar
layout()
{
	[ -n "${BT_BUILDKIT:-}" ] || eval "$("$ROOT/ci/peers.sh" env buildkit)" ||
		fail 'no BuildKit: ci/peers.sh start buildkit brings it up'
	given "CI_COMMIT_SHA=$1" "BUILDKIT_HOST=$BT_BUILDKIT"
	file content "$1"
	bt_build_ok --no-login -o "type=oci,dest=$T/image.tar"
	given BUILDKIT_HOST=
}

@test "R-13 login, repository and push to ECR, again without harm where no tag can be written twice" {
	local other
	other=$(printf 'a%.0s' {1..40})
	aws
	ecr_gate
	layout "$SHA"
	bt_push --from "$T/image.tar" --retry-for 0
	expect_status 0
	expect_equal "$(asked)" \
		'GetAuthorizationToken GetCallerIdentity DescribeRepositories CreateRepository PutLifecyclePolicy'
	expect_in "$output" "^$ECR/$NAME:latest@sha256:"
	expect_in "$(cat "$T/gate.log")" "^PUT /v2/team/$NAME/manifests/$SHA 201 AWS"
	no_secrets

	: >"$T/gate.log"
	: >"$LOG"
	rm "$T/aws"
	aws --have "team/$NAME" --mutability IMMUTABLE
	given "HTTPS_PROXY=http://$(cat "$T/gate")"
	bt_push --from "$T/image.tar" --retry-for 0
	expect_status 0
	expect_error "'$ECR/$NAME:latest' may not be written again, and is this very image already"

	layout "$other"
	: >"$T/gate.log"
	bt_push --from "$T/image.tar" --retry-for 0
	expect_failure 249 "'$ECR/$NAME:main' is there already, of commit $SHA, and its repository does not let"
	expect_not_in "$(cat "$T/gate.log")" 'PUT|PATCH'
	# nor does a build begin whose result could not be published
	given "BUILDKIT_HOST=tcp://127.0.0.1:1"
	bt_build
	expect_failure 255 "'$ECR/$NAME:main' is there already, of commit $SHA"
}
