#include "ci/event.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

static const struct {
	const char *raw, *word;
} words[] = {
	{"push", "push"},
	{"webhook", "push"},      /* Buildkite, Codemagic */
	{"IndividualCI", "push"}, /* Azure */
	{"BatchedCI", "push"},
	{"branch", "push"},     /* Xcode Cloud */
	{"postsubmit", "push"}, /* Prow */
	{"tag", "tag"},
	{"pull_request", "pull_request"},
	{"pull_request_target", "pull_request"}, /* GitHub */
	{"pull_request_review", "pull_request"},
	{"pull_request_review_comment", "pull_request"},
	{"pull_request_comment", "pull_request"}, /* Gitea */
	{"pull_request_closed", "pull_request"},  /* Woodpecker */
	{"pull_request_metadata", "pull_request"},
	{"merge_request_event", "pull_request"}, /* GitLab */
	{"external_pull_request_event", "pull_request"},
	{"PullRequest", "pull_request"},          /* Azure */
	{"PULL_REQUEST_CREATED", "pull_request"}, /* CodeBuild */
	{"PULL_REQUEST_UPDATED", "pull_request"},
	{"PULL_REQUEST_REOPENED", "pull_request"},
	{"PULL_REQUEST_MERGED", "pull_request"},
	{"PULL_REQUEST_CLOSED", "pull_request"},
	{"presubmit", "pull_request"}, /* Prow */
	{"batch", "merge_group"},
	{"patchset", "pull_request"}, /* builds.sr.ht */
	{"PROPOSED", "pull_request"}, /* Spacelift */
	{"pr", "pull_request"},       /* Xcode Cloud */
	{"merge_group", "merge_group"},
	{"schedule", "schedule"},
	{"cron", "schedule"},     /* Travis, Drone, Woodpecker */
	{"periodic", "schedule"}, /* Prow */
	{"manual", "manual"},
	{"web", "manual"},               /* GitLab */
	{"workflow_dispatch", "manual"}, /* GitHub */
	{"ui", "manual"},                /* Buildkite */
	{"api", "api"},
	{"repository_dispatch", "api"}, /* GitHub */
	{"trigger", "trigger"},         /* GitLab */
	{"pipeline", "trigger"},        /* GitLab */
	{"parent_pipeline", "trigger"}, /* GitLab */
	{"workflow_run", "trigger"},    /* GitHub */
	{"trigger_job", "trigger"},     /* Buildkite */
	{"ResourceTrigger", "trigger"}, /* Azure */
	{"release", "release"},
	{"deployment", "deployment"},
	{"promote", "deployment"}, /* Drone */
	{"rollback", "deployment"},
};

const char *
event_word(const char *raw)
{
	size_t i;

	for (i = 0; raw && i < ARRAY_LEN(words); i++)
		if (strcasecmp(raw, words[i].raw) == 0)
			return words[i].word;
	return raw;
}

bool
event_is_pull(const char *word)
{
	return word && (strcmp(word, "pull_request") == 0 || strcmp(word, "merge_group") == 0);
}
