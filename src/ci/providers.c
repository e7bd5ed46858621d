#include "ci/providers.h"

#include <string.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/mem.h"
#include "ci/vars.h"

/*
 * GitHub Actions and those that copy it. The ref of pull_request is refs/pull/N/merge, that
 * of pull_request_target and of a comment is the base branch: only the event file tells.
 */
#define ACTIONS \
	.file = PROVIDER_FILE_EVENT, .commit = "GITHUB_SHA", \
	.branch = "GITHUB_REF GITHUB_REF_TYPE=branch->${GITHUB_REF_NAME}", \
	.tag = "GITHUB_REF_TYPE=tag->${GITHUB_REF_NAME}", \
	.pull = "event.pull_request.number event.issue.pull_request.url " \
		"event.is_pull=true->${event.issue.number} " \
		"event.workflow_run.event=pull_request->${event.workflow_run.pull_requests.0." \
		"number}", \
	.pull_if = "event.pull_request.head.sha event.pull_request.url GITHUB_HEAD_REF " \
		   "event.is_pull=true event.workflow_run.event=pull_request " \
		   "event.workflow_run.event=pull_request_target", \
	.head = "GITHUB_HEAD_REF event.pull_request.head.ref event.workflow_run.head_branch", \
	.base = "GITHUB_BASE_REF event.pull_request.base.ref event.merge_group.base_ref", \
	.head_commit = "event.pull_request.head.sha event.workflow_run.head_sha", \
	.default_branch = "event.repository.default_branch", .event = "GITHUB_EVENT_NAME", \
	.actor = "GITHUB_TRIGGERING_ACTOR GITHUB_ACTOR", \
	.created = "event.head_commit.id=${GITHUB_SHA}->${event.head_commit.timestamp}", \
	.repository = "GITHUB_REPOSITORY", \
	.repository_url = "${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}", \
	.server_url = "GITHUB_SERVER_URL", .name = "GITHUB_REPOSITORY/ RUNNER_WORKSPACE/"

/* Drone's variables, which Harness sets too. The branch variables hold the target in a pull
 * request. */
#define DRONE \
	.tag = "DRONE_TAG", .pull = "DRONE_PULL_REQUEST", .head = "DRONE_SOURCE_BRANCH", \
	.base = "DRONE_TARGET_BRANCH", .head_commit = "DRONE_COMMIT_SHA", \
	.event = "DRONE_BUILD_EVENT", .actor = "DRONE_COMMIT_AUTHOR", .repository = "DRONE_REPO", \
	.repository_url = "DRONE_REPO_LINK DRONE_GIT_HTTP_URL"

/*
 * The order is that of detection: systems that set another one's variables on purpose
 * stand before that one.
 */
static const struct provider providers[] = {
	{.id = "forgejo",
		.title = "Forgejo",
		.marker = "FORGEJO_ACTIONS",
		.job_url = "${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/"
			   "${GITHUB_RUN_NUMBER}",
		ACTIONS},
	{.id = "gitea",
		.title = "Gitea",
		.marker = "GITEA_ACTIONS",
		.job_url = "${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/"
			   "${GITHUB_RUN_NUMBER}",
		ACTIONS},
	/* "act" on a developer's machine sets GITHUB_ACTIONS and means the same by everything */
	{.id = "github",
		.title = "Github",
		.marker = "GITHUB_ACTIONS",
		.job_url = "${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/"
			   "${GITHUB_RUN_ID}/attempts/${GITHUB_RUN_ATTEMPT} "
			   "${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/"
			   "${GITHUB_RUN_ID}",
		ACTIONS},
	/* CI_OPEN_MERGE_REQUESTS is no proof: branch pipelines have it. CI_COMMIT_REF_NAME is the
	   source branch in merge request pipelines, which may be a fork's "main" */
	{.id = "gitlab",
		.title = "Gitlab",
		.marker = "GITLAB_CI",
		.commit = "CI_COMMIT_SHA",
		.branch = "CI_COMMIT_BRANCH CI_COMMIT_REF_NAME",
		.tag = "CI_COMMIT_TAG",
		.pull = "CI_MERGE_REQUEST_IID CI_MERGE_REQUEST_REF_PATH "
			"CI_EXTERNAL_PULL_REQUEST_IID",
		.pull_if = "CI_MERGE_REQUEST_ID CI_MERGE_REQUEST_SOURCE_BRANCH_NAME "
			   "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
		.head = "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME "
			"CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME CI_COMMIT_REF_NAME",
		.base = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME "
			"CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME",
		.head_commit = "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA "
			       "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA CI_COMMIT_SHA",
		.default_branch = "CI_DEFAULT_BRANCH",
		.event = "CI_PIPELINE_SOURCE",
		.job_url = "CI_JOB_URL CI_PIPELINE_URL",
		.actor = "GITLAB_USER_LOGIN",
		.created = "CI_COMMIT_TIMESTAMP",
		.repository = "CI_PROJECT_PATH",
		.repository_url = "CI_PROJECT_URL",
		.server_url = "CI_SERVER_URL",
		.name = "CI_PROJECT_NAME"},
	{.id = "woodpecker",
		.title = "Woodpecker",
		.marker = "CI=woodpecker",
		.commit = "CI_COMMIT_SHA",
		.branch = "CI_COMMIT_BRANCH",
		.tag = "CI_COMMIT_TAG",
		.pull = "CI_COMMIT_PULL_REQUEST",
		.head = "CI_COMMIT_SOURCE_BRANCH",
		.base = "CI_COMMIT_TARGET_BRANCH",
		.head_commit = "CI_COMMIT_SHA",
		.default_branch = "CI_REPO_DEFAULT_BRANCH",
		.event = "CI_PIPELINE_EVENT",
		.job_url = "CI_STEP_URL CI_PIPELINE_URL",
		.actor = "CI_PIPELINE_AUTHOR",
		.repository = "CI_REPO",
		.repository_url = "CI_REPO_URL",
		.server_url = "CI_FORGE_URL",
		.name = "CI_REPO_NAME"},
	{.id = "harness",
		.title = "Harness",
		.marker = "HARNESS_BUILD_ID",
		.commit = "DRONE_COMMIT_SHA CI_COMMIT_SHA",
		.branch = "DRONE_COMMIT_BRANCH CI_COMMIT_BRANCH",
		.job_url = "CI_BUILD_LINK DRONE_BUILD_LINK",
		DRONE},
	{.id = "drone",
		.title = "Drone",
		.marker = "DRONE CI=drone",
		.commit = "DRONE_COMMIT_SHA",
		.branch = "DRONE_BRANCH",
		.default_branch = "DRONE_REPO_BRANCH",
		.job_url = "DRONE_BUILD_LINK",
		.name = "DRONE_REPO_NAME",
		DRONE},
	/* BUILD_SOURCEBRANCHNAME is the last path element only: "merge", or "main" of a/main */
	{.id = "azure",
		.title = "Azure",
		.marker = "TF_BUILD",
		.commit = "BUILD_SOURCEVERSION",
		.branch = "BUILD_SOURCEBRANCH",
		.pull = "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER SYSTEM_PULLREQUEST_PULLREQUESTID",
		.pull_if = "SYSTEM_PULLREQUEST_SOURCEBRANCH SYSTEM_PULLREQUEST_TARGETBRANCH",
		.head = "SYSTEM_PULLREQUEST_SOURCEBRANCH",
		.base = "SYSTEM_PULLREQUEST_TARGETBRANCH",
		.head_commit = "SYSTEM_PULLREQUEST_SOURCECOMMITID",
		.event = "BUILD_REASON",
		.job_url = "${SYSTEM_TEAMFOUNDATIONCOLLECTIONURI}${SYSTEM_TEAMPROJECT}/_build/"
			   "results?buildId=${BUILD_BUILDID}",
		.actor = "BUILD_REQUESTEDFOR",
		.repository = "BUILD_REPOSITORY_NAME",
		.repository_url = "BUILD_REPOSITORY_URI",
		.server_url = "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
		.name = "BUILD_REPOSITORY_NAME/"},
	{.id = "buildkite",
		.title = "Buildkite",
		.marker = "BUILDKITE",
		.commit = "BUILDKITE_COMMIT",
		.branch = "BUILDKITE_BRANCH",
		.tag = "BUILDKITE_TAG",
		.pull = "BUILDKITE_PULL_REQUEST",
		.head = "BUILDKITE_BRANCH",
		.base = "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
		.head_commit = "BUILDKITE_COMMIT",
		.default_branch = "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
		.event = "BUILDKITE_GITHUB_EVENT BUILDKITE_SOURCE",
		.job_url = "${BUILDKITE_BUILD_URL}#${BUILDKITE_JOB_ID} BUILDKITE_BUILD_URL",
		.actor = "BUILDKITE_BUILD_CREATOR",
		.repository = "BUILDKITE_REPO",
		.repository_url = "BUILDKITE_REPO",
		.name = "BUILDKITE_PIPELINE_SLUG"},
	{.id = "circleci",
		.title = "CircleCI",
		.marker = "CIRCLECI",
		.commit = "CIRCLE_SHA1",
		.branch = "CIRCLE_BRANCH",
		.tag = "CIRCLE_TAG",
		.pull = "CIRCLE_PR_NUMBER CIRCLE_PULL_REQUEST",
		.head = "CIRCLE_BRANCH",
		.head_commit = "CIRCLE_SHA1",
		.job_url = "CIRCLE_BUILD_URL",
		.actor = "CIRCLE_USERNAME",
		.repository = "${CIRCLE_PROJECT_USERNAME}/${CIRCLE_PROJECT_REPONAME}",
		.repository_url = "CIRCLE_REPOSITORY_URL",
		.name = "CIRCLE_PROJECT_REPONAME"},
	{.id = "travis",
		.title = "Travis CI",
		.marker = "TRAVIS",
		.commit = "TRAVIS_COMMIT",
		.branch = "TRAVIS_BRANCH",
		.tag = "TRAVIS_TAG",
		.pull = "TRAVIS_PULL_REQUEST",
		.head = "TRAVIS_PULL_REQUEST_BRANCH",
		.base = "TRAVIS_BRANCH",
		.head_commit = "TRAVIS_PULL_REQUEST_SHA",
		.event = "TRAVIS_EVENT_TYPE",
		.job_url = "TRAVIS_JOB_WEB_URL",
		.repository = "TRAVIS_REPO_SLUG"},
	{.id = "appveyor",
		.title = "AppVeyor",
		.marker = "APPVEYOR",
		.commit = "APPVEYOR_REPO_COMMIT",
		.branch = "APPVEYOR_REPO_BRANCH",
		.tag = "APPVEYOR_REPO_TAG=true->${APPVEYOR_REPO_TAG_NAME}",
		.pull = "APPVEYOR_PULL_REQUEST_NUMBER",
		.head = "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH",
		.base = "APPVEYOR_REPO_BRANCH",
		.head_commit = "APPVEYOR_PULL_REQUEST_HEAD_COMMIT",
		.event = "APPVEYOR_SCHEDULED_BUILD=true->schedule "
			 "APPVEYOR_FORCED_BUILD=true->manual",
		.job_url = "${APPVEYOR_URL}/project/${APPVEYOR_ACCOUNT_NAME}/"
			   "${APPVEYOR_PROJECT_SLUG}/builds/${APPVEYOR_BUILD_ID}/job/"
			   "${APPVEYOR_JOB_ID}",
		.actor = "APPVEYOR_REPO_COMMIT_AUTHOR",
		.created = "APPVEYOR_REPO_COMMIT_TIMESTAMP",
		.repository = "APPVEYOR_REPO_NAME"},
	{.id = "bitbucket",
		.title = "Bitbucket",
		.marker = "BITBUCKET_BUILD_NUMBER BITBUCKET_COMMIT",
		.commit = "BITBUCKET_COMMIT",
		.branch = "BITBUCKET_BRANCH",
		.tag = "BITBUCKET_TAG",
		.pull = "BITBUCKET_PR_ID",
		.head = "BITBUCKET_BRANCH",
		.base = "BITBUCKET_PR_DESTINATION_BRANCH",
		.head_commit = "BITBUCKET_COMMIT",
		.job_url = "https://bitbucket.org/${BITBUCKET_REPO_FULL_NAME}/pipelines/results/"
			   "${BITBUCKET_BUILD_NUMBER}",
		.actor = "BITBUCKET_STEP_TRIGGERER_UUID",
		.repository = "BITBUCKET_REPO_FULL_NAME",
		.repository_url = "BITBUCKET_GIT_HTTP_ORIGIN"},
	{.id = "semaphore",
		.title = "Semaphore",
		.marker = "SEMAPHORE",
		.commit = "SEMAPHORE_GIT_SHA",
		.branch = "SEMAPHORE_GIT_BRANCH",
		.tag = "SEMAPHORE_GIT_TAG_NAME",
		.pull = "SEMAPHORE_GIT_PR_NUMBER",
		.pull_if = "SEMAPHORE_GIT_REF_TYPE=pull-request",
		.head = "SEMAPHORE_GIT_PR_BRANCH SEMAPHORE_GIT_WORKING_BRANCH",
		.base = "SEMAPHORE_GIT_BRANCH",
		.head_commit = "SEMAPHORE_GIT_PR_SHA",
		.event = "SEMAPHORE_WORKFLOW_TRIGGERED_BY_SCHEDULE=true->schedule "
			 "SEMAPHORE_WORKFLOW_TRIGGERED_BY_API=true->api "
			 "SEMAPHORE_WORKFLOW_TRIGGERED_BY_MANUAL_RUN=true->manual "
			 "SEMAPHORE_WORKFLOW_TRIGGERED_BY_HOOK=true->push",
		.job_url = "${SEMAPHORE_ORGANIZATION_URL}/jobs/${SEMAPHORE_JOB_ID}",
		.actor = "SEMAPHORE_WORKFLOW_TRIGGERED_BY",
		.repository = "SEMAPHORE_GIT_REPO_SLUG",
		.repository_url = "SEMAPHORE_GIT_URL"},
	{.id = "cirrus",
		.title = "Cirrus CI",
		.marker = "CIRRUS_CI",
		.commit = "CIRRUS_CHANGE_IN_REPO",
		.branch = "CIRRUS_BRANCH",
		.tag = "CIRRUS_TAG",
		.pull = "CIRRUS_PR",
		.base = "CIRRUS_BASE_BRANCH",
		.default_branch = "CIRRUS_DEFAULT_BRANCH",
		.event = "CIRRUS_CRON->schedule CIRRUS_API_CREATED=true->api",
		.job_url = "https://cirrus-ci.com/task/${CIRRUS_TASK_ID}",
		.repository = "CIRRUS_REPO_FULL_NAME",
		.repository_url = "CIRRUS_REPO_CLONE_URL"},
	{.id = "codebuild",
		.title = "AWS CodeBuild",
		.marker = "CODEBUILD_BUILD_ARN CODEBUILD_BUILD_ID",
		.commit = "CODEBUILD_RESOLVED_SOURCE_VERSION",
		.branch = "CODEBUILD_WEBHOOK_HEAD_REF CODEBUILD_WEBHOOK_TRIGGER~branch/",
		.tag = "CODEBUILD_WEBHOOK_TRIGGER~tag/",
		.pull = "CODEBUILD_WEBHOOK_TRIGGER~pr/ CODEBUILD_SOURCE_VERSION~pr/",
		.head = "CODEBUILD_WEBHOOK_HEAD_REF",
		.base = "CODEBUILD_WEBHOOK_BASE_REF",
		.event = "CODEBUILD_WEBHOOK_EVENT",
		.job_url = "CODEBUILD_BUILD_URL",
		.actor = "CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID CODEBUILD_INITIATOR",
		.repository = "CODEBUILD_SOURCE_REPO_URL",
		.repository_url = "CODEBUILD_SOURCE_REPO_URL"},
	{.id = "codefresh",
		.title = "Codefresh",
		.marker = "CF_BUILD_ID",
		.commit = "CF_REVISION",
		.branch = "CF_BRANCH",
		.tag = "CF_RELEASE_TAG",
		.pull = "CF_PULL_REQUEST_NUMBER",
		.pull_if = "CF_PULL_REQUEST_TARGET",
		.head = "CF_BRANCH",
		.base = "CF_PULL_REQUEST_TARGET",
		.job_url = "CF_BUILD_URL",
		.actor = "CF_BUILD_INITIATOR",
		.repository = "${CF_REPO_OWNER}/${CF_REPO_NAME}",
		.name = "CF_REPO_NAME"},
	{.id = "codemagic",
		.title = "Codemagic",
		.marker = "CM_BUILD_ID",
		.commit = "CM_COMMIT",
		.branch = "CM_BRANCH",
		.tag = "CM_TAG",
		.pull = "CM_PULL_REQUEST_NUMBER",
		.pull_if = "CM_PULL_REQUEST=true",
		.head = "CM_BRANCH",
		.base = "CM_PULL_REQUEST_DEST",
		.head_commit = "CM_COMMIT",
		.event = "CM_TRIGGER_SOURCE",
		.job_url = "https://codemagic.io/app/${CM_PROJECT_ID}/build/${CM_BUILD_ID}",
		.actor = "CM_BUILD_STARTED_BY",
		.repository = "CM_REPO_SLUG"},
	{.id = "bitrise",
		.title = "Bitrise",
		.marker = "BITRISE_IO",
		.commit = "BITRISE_GIT_COMMIT GIT_CLONE_COMMIT_HASH",
		.branch = "BITRISE_GIT_BRANCH",
		.tag = "BITRISE_GIT_TAG",
		.pull = "BITRISE_PULL_REQUEST",
		.head = "BITRISE_GIT_BRANCH",
		.base = "BITRISEIO_GIT_BRANCH_DEST",
		.job_url = "BITRISE_BUILD_URL",
		.repository = "GIT_REPOSITORY_URL",
		.repository_url = "GIT_REPOSITORY_URL"},
	{.id = "screwdriver",
		.title = "Screwdriver",
		.marker = "SCREWDRIVER",
		.commit = "SD_BUILD_SHA",
		.branch = "GIT_BRANCH~origin/ GIT_BRANCH",
		.tag = "SD_TAG_NAME",
		.pull = "SD_PULL_REQUEST",
		.head = "PR_BRANCH_NAME~origin/ PR_BRANCH_NAME~upstream/ PR_BRANCH_NAME",
		.base = "PR_BASE_BRANCH_NAME",
		.event = "SD_SCHEDULED_BUILD=true->schedule",
		.job_url = "SD_UI_BUILD_URL",
		.repository = "SD_PIPELINE_NAME",
		.repository_url = "SCM_URL"},
	{.id = "buddy",
		.title = "Buddy",
		.marker = "BUDDY_WORKSPACE_ID",
		.commit = "BUDDY_EXECUTION_REVISION",
		.branch = "BUDDY_EXECUTION_BRANCH",
		.tag = "BUDDY_EXECUTION_TAG",
		.pull = "BUDDY_RUN_PR_NO BUDDY_EXECUTION_PULL_REQUEST_ID",
		.head = "BUDDY_EXECUTION_PULL_REQUEST_HEAD_BRANCH",
		.base = "BUDDY_RUN_PR_BASE_BRANCH",
		.job_url = "BUDDY_EXECUTION_URL",
		.repository = "BUDDY_REPO_SLUG",
		.repository_url = "BUDDY_SCM_URL"},
	{.id = "vela",
		.title = "Vela",
		.marker = "VELA",
		.commit = "VELA_BUILD_COMMIT",
		.branch = "VELA_BUILD_BRANCH",
		.tag = "VELA_BUILD_TAG",
		.pull = "VELA_BUILD_PULL_REQUEST",
		.head = "VELA_PULL_REQUEST_SOURCE",
		.base = "VELA_PULL_REQUEST_TARGET",
		.head_commit = "VELA_BUILD_COMMIT",
		.default_branch = "VELA_REPO_BRANCH",
		.event = "VELA_BUILD_EVENT",
		.job_url = "VELA_BUILD_LINK",
		.actor = "VELA_BUILD_AUTHOR",
		.repository = "VELA_REPO_FULL_NAME",
		.repository_url = "VELA_REPO_LINK"},
	/* the full ref of the one VCS root tells a pull request better than the logical name does;
	   BUILD_VCS_BRANCH is no variable of TeamCity's but what projects define for this tool */
	{.id = "teamcity",
		.title = "TeamCity",
		.marker = "TEAMCITY_VERSION",
		.file = PROVIDER_FILE_PROPERTIES,
		.commit = "BUILD_VCS_NUMBER build.vcs.number BUILD_VCS_NUMBER_* build.vcs.number.*",
		.branch = "BUILD_VCS_BRANCH teamcity.build.vcs.branch.* "
			  "teamcity.build.branch!<default> vcsroot.branch",
		.pull = "teamcity.pullRequest.number",
		.head = "teamcity.pullRequest.source.branch",
		.base = "teamcity.pullRequest.target.branch",
		.default_branch = "vcsroot.branch",
		.is_default = "teamcity.build.branch.is_default=true",
		.job_url = "BUILD_URL",
		.actor = "teamcity.build.triggeredBy.username",
		.repository = "vcsroot.url",
		.repository_url = "vcsroot.url",
		.server_url = "teamcity.serverUrl",
		.name = "TEAMCITY_PROJECT_NAME"},
	{.id = "bamboo",
		.title = "Bamboo",
		.marker = "bamboo_buildKey bamboo_agentId bamboo_planKey",
		.commit = "bamboo_planRepository_revision bamboo_planRepository_1_revision",
		.branch = "bamboo_planRepository_branchName bamboo_planRepository_1_branchName",
		.pull = "bamboo_repository_pr_key",
		.head = "bamboo_repository_pr_sourceBranch",
		.base = "bamboo_repository_pr_targetBranch",
		.job_url = "bamboo_buildResultsUrl",
		.actor = "bamboo_planRepository_username",
		.repository = "bamboo_planRepository_repositoryUrl",
		.repository_url = "bamboo_planRepository_repositoryUrl"},
	{.id = "gocd",
		.title = "GoCD",
		.marker = "GO_PIPELINE_LABEL",
		.commit = "GO_REVISION GO_REVISION_*",
		.job_url = "${GO_SERVER_URL}/tab/build/detail/${GO_PIPELINE_NAME}/"
			   "${GO_PIPELINE_COUNTER}/${GO_STAGE_NAME}/${GO_STAGE_COUNTER}/"
			   "${GO_JOB_NAME}",
		.actor = "GO_TRIGGER_USER",
		.repository = "GO_MATERIAL_URL",
		.repository_url = "GO_MATERIAL_URL"},
	/* a batch job builds the base with several pull requests merged and has no number; its
	   PULL_BASE_SHA is not what is built */
	{.id = "prow",
		.title = "Prow",
		.marker = "PROW_JOB_ID",
		.commit = "PULL_BASE_SHA",
		.pull_commit = "PULL_PULL_SHA",
		.branch = "PULL_BASE_REF",
		.pull = "PULL_NUMBER",
		.pull_if = "PULL_PULL_SHA JOB_TYPE=presubmit JOB_TYPE=batch",
		.head = "PULL_HEAD_REF",
		.base = "PULL_BASE_REF",
		.head_commit = "PULL_PULL_SHA",
		.event = "JOB_TYPE",
		.repository = "${REPO_OWNER}/${REPO_NAME}",
		.name = "REPO_NAME"},
	{.id = "sourcehut",
		.title = "builds.sr.ht",
		.marker = "CI_NAME=sourcehut",
		.branch = "GIT_REF",
		.pull_if = "PATCHSET_URL BUILD_REASON=patchset",
		.event = "BUILD_REASON",
		.job_url = "JOB_URL",
		.actor = "BUILD_SUBMITTER"},
	{.id = "codeship",
		.title = "CodeShip",
		.marker = "CI_NAME=codeship",
		.commit = "CI_COMMIT_ID",
		.branch = "CI_BRANCH",
		.pull = "CI_PR_NUMBER",
		.head = "CI_BRANCH",
		.repository = "CI_REPO_NAME"},
	{.id = "space",
		.title = "JetBrains Space",
		.marker = "JB_SPACE_EXECUTION_NUMBER",
		.commit = "JB_SPACE_GIT_REVISION",
		.branch = "JB_SPACE_GIT_BRANCH",
		.job_url = "JB_SPACE_EXECUTION_URL",
		.repository = "${JB_SPACE_PROJECT_KEY}/${JB_SPACE_GIT_REPOSITORY_NAME}",
		.name = "JB_SPACE_GIT_REPOSITORY_NAME"},
	{.id = "xcode-cloud",
		.title = "Xcode Cloud",
		.marker = "CI_XCODE_PROJECT CI_XCODE_CLOUD",
		.commit = "CI_COMMIT",
		.branch = "CI_BRANCH",
		.tag = "CI_TAG",
		.pull = "CI_PULL_REQUEST_NUMBER",
		.pull_if = "CI_PULL_REQUEST_SOURCE_BRANCH",
		.head = "CI_PULL_REQUEST_SOURCE_BRANCH",
		.base = "CI_PULL_REQUEST_TARGET_BRANCH",
		.event = "CI_START_CONDITION",
		.job_url = "CI_BUILD_URL",
		.repository = "CI_PULL_REQUEST_TARGET_REPO"},
	{.id = "netlify",
		.title = "Netlify",
		.marker = "NETLIFY",
		.commit = "COMMIT_REF",
		.branch = "BRANCH HEAD",
		.pull = "PULL_REQUEST=true->${REVIEW_ID}",
		.pull_if = "PULL_REQUEST=true",
		.head = "HEAD",
		.job_url = "https://app.netlify.com/sites/${SITE_NAME}/deploys/${DEPLOY_ID}",
		.repository = "REPOSITORY_URL",
		.repository_url = "REPOSITORY_URL"},
	{.id = "vercel",
		.title = "Vercel",
		.marker = "VERCEL",
		.commit = "VERCEL_GIT_COMMIT_SHA",
		.branch = "VERCEL_GIT_COMMIT_REF",
		.pull = "VERCEL_GIT_PULL_REQUEST_ID",
		.head = "VERCEL_GIT_COMMIT_REF",
		.head_commit = "VERCEL_GIT_COMMIT_SHA",
		.repository = "${VERCEL_GIT_REPO_OWNER}/${VERCEL_GIT_REPO_SLUG}",
		.name = "VERCEL_GIT_REPO_SLUG"},
	/* not by a CF_ prefix: Codefresh and Cloud Foundry have it too */
	{.id = "cloudflare",
		.title = "Cloudflare",
		.marker = "CF_PAGES=1 WORKERS_CI=1",
		.commit = "CF_PAGES_COMMIT_SHA WORKERS_CI_COMMIT_SHA",
		.branch = "CF_PAGES_BRANCH WORKERS_CI_BRANCH"},
	{.id = "render",
		.title = "Render",
		.marker = "RENDER",
		.commit = "RENDER_GIT_COMMIT",
		.branch = "RENDER_GIT_BRANCH",
		.pull_if = "IS_PULL_REQUEST=true",
		.head = "RENDER_GIT_BRANCH",
		.head_commit = "RENDER_GIT_COMMIT",
		.repository = "RENDER_GIT_REPO_SLUG"},
	{.id = "spacelift",
		.title = "Spacelift",
		.marker = "TF_VAR_spacelift_run_id",
		.commit = "TF_VAR_spacelift_commit_sha",
		.branch = "TF_VAR_spacelift_commit_branch",
		.pull_if = "TF_VAR_spacelift_run_type=PROPOSED",
		.head = "TF_VAR_spacelift_commit_branch",
		.event = "TF_VAR_spacelift_run_type",
		.job_url = "https://${TF_VAR_spacelift_account_name}.app.spacelift.io/stack/"
			   "${TF_VAR_spacelift_stack_id}/run/${TF_VAR_spacelift_run_id}",
		.actor = "TF_VAR_spacelift_run_trigger",
		.repository = "TF_VAR_spacelift_repository"},
	{.id = "appcircle",
		.title = "Appcircle",
		.marker = "AC_APPCIRCLE",
		.commit = "AC_COMMIT_HASH",
		.branch = "AC_GIT_BRANCH",
		.tag = "AC_GIT_TAG",
		.pull = "AC_GIT_PR",
		.head = "AC_GIT_BRANCH",
		.base = "AC_GIT_TARGET_BRANCH",
		.repository = "AC_GIT_URL",
		.repository_url = "AC_GIT_URL"},
	/* these are substitutions: in the environment only where the user maps them */
	{.id = "cloudbuild",
		.title = "Google Cloud Build",
		.marker = "BUILDER_OUTPUT",
		.commit = "COMMIT_SHA REVISION_ID",
		.branch = "BRANCH_NAME",
		.tag = "TAG_NAME",
		.pull = "_PR_NUMBER",
		.pull_if = "_HEAD_BRANCH _BASE_BRANCH",
		.head = "_HEAD_BRANCH",
		.base = "_BASE_BRANCH",
		.job_url = "https://console.cloud.google.com/cloud-build/builds;region=${LOCATION}/"
			   "${BUILD_ID}?project=${PROJECT_ID}",
		.repository = "REPO_FULL_NAME REPO_NAME",
		.name = "REPO_NAME"},
	{.id = "argo", .title = "Argo Workflows", .marker = "ARGO_NODE_ID ARGO_TEMPLATE"},
	{.id = "concourse",
		.title = "Concourse",
		.marker = "BUILD_PIPELINE_NAME+ATC_EXTERNAL_URL",
		.job_url = "${ATC_EXTERNAL_URL}/teams/${BUILD_TEAM_NAME}/pipelines/"
			   "${BUILD_PIPELINE_NAME}/jobs/${BUILD_JOB_NAME}/builds/${BUILD_NAME}"},
	/* late: these leak into tools that a Jenkins host starts */
	{.id = "jenkins",
		.title = "Jenkins",
		.marker = "JENKINS_URL+BUILD_ID",
		.commit = "GIT_COMMIT ghprbActualCommit",
		.branch = "BRANCH_NAME GIT_LOCAL_BRANCH!detached GIT_BRANCH~origin/ "
			  "GIT_BRANCH!detached",
		.tag = "TAG_NAME",
		.pull = "CHANGE_ID ghprbPullId gitlabMergeRequestIid gitlabMergeRequestId",
		.pull_if = "CHANGE_TARGET gitlabActionType=MERGE",
		.head = "CHANGE_BRANCH ghprbSourceBranch gitlabSourceBranch",
		.base = "CHANGE_TARGET ghprbTargetBranch gitlabTargetBranch",
		.head_commit = "ghprbActualCommit",
		.is_default = "BRANCH_IS_PRIMARY=true",
		.job_url = "BUILD_URL",
		.actor = "BUILD_USER_ID CHANGE_AUTHOR",
		.repository = "GIT_URL GIT_URL_1",
		.repository_url = "GIT_URL GIT_URL_1"},
	{.id = "unknown", .title = "unknown CI"},
	{.id = "none", .title = "none"},
};

/*
 * The reference tool looks at these instead of the markers, in this order. They decide
 * only where no marker does, for environments made by hand.
 */
static const struct {
	const char *variable, *id;
} by_variable[] = {
	{"BUILD_REPOSITORY_NAME", "azure"},
	{"BUILDKITE_PIPELINE_SLUG", "buildkite"},
	{"CI_PROJECT_NAME", "gitlab"},
	{"TEAMCITY_PROJECT_NAME", "teamcity"},
	{"GITHUB_SHA", "github"},
};

const struct provider *
provider_at(size_t i)
{
	return i < ARRAY_LEN(providers) ? &providers[i] : NULL;
}

const struct provider *
provider_by_id(const char *id)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(providers); i++)
		if (strcmp(providers[i].id, id) == 0)
			return &providers[i];
	return NULL;
}

const struct provider *
provider_detect(const struct env *env)
{
	cleanup_arena struct arena scratch = {0};
	const struct vars vars = {.a = &scratch, .env = env};
	size_t i;

	for (i = 0; i < ARRAY_LEN(providers); i++)
		if (vars_test(&vars, providers[i].marker))
			return &providers[i];
	for (i = 0; i < ARRAY_LEN(by_variable); i++)
		if (env_has(env, by_variable[i].variable))
			return provider_by_id(by_variable[i].id);
	return provider_by_id(vars_test(&vars, "CI") ? "unknown" : "none");
}
