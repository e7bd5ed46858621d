#!/usr/bin/env bats
# Checklist rows R-11 to R-16 for Amazon ECR: login and repositories, against an AWS that checks every signature. The
# registry itself is nowhere: a proxy that nobody listens at stands for it, so that these runs end behind the login.

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
