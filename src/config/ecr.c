#include "config/ecr.h"

#include "config/config.h"

static bool
is_one_of(struct str s, const char *const *words)
{
	for (; *words; words++)
		if (str_iis(s, *words))
			return true;
	return false;
}

static bool
is_label(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.s[i];
		bool alnum =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alnum && (i == 0 || (c != '-' && c != '_')))
			return false;
	}
	return s.len > 0;
}

static bool
is_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.len > 0;
}

static bool
parse_public(struct str name, struct ecr_url *out)
{
	static const char *const hosts[] = {"public.ecr.aws", "ecr-public.aws.com", NULL};

	if (!is_one_of(name, hosts))
		return false;
	out->is_public = true;
	/* the only region that gives out tokens for it */
	out->region = STR("us-east-1");
	return true;
}

static bool
parse_private(struct str name, struct ecr_url *out)
{
	static const char *const services[] = {"ecr", "ecr-fips", NULL};
	static const char *const joined[] = {"dkr-ecr", "dkr-ecr-fips", NULL};
	static const char *const domains[] = {"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu",
		"on.aws", "on.amazonwebservices.com.cn", "sc2s.sgov.gov", "c2s.ic.gov",
		"cloud.adc-e.uk", "csp.hci.ic.gov", NULL};
	struct str part;

	if (!str_cut(&name, '.', &out->account) || !is_label(out->account))
		return false;
	if (!str_cut(&name, '.', &part))
		return false;
	if (str_iis(part, "dkr")) {
		if (!str_cut(&name, '.', &part) || !is_one_of(part, services))
			return false;
	} else if (!is_one_of(part, joined)) {
		return false;
	}
	return str_cut(&name, '.', &out->region) && is_label(out->region) &&
	       is_one_of(name, domains);
}

bool
ecr_url_parse(struct str url, struct ecr_url *out)
{
	struct str name, port;
	bool has_path;

	*out = (struct ecr_url){0};
	has_path = str_cut(&url, '/', &out->host);
	if (has_path)
		out->path = url;
	else
		out->host = url;
	port = out->host;
	if (!str_cut(&port, ':', &name))
		name = out->host;
	else if (!is_digits(port))
		return false;
	if (has_path && !out->path.len)
		return false;
	return parse_public(name, out) || parse_private(name, out);
}

bool
config_is_ecr_url(const char *url)
{
	struct ecr_url u;

	if (!ecr_url_parse(str_from(url), &u) || u.is_public)
		return false;
	return is_digits(u.account) && (u.account.len == 12 || u.account.len == 9);
}
