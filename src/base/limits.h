/*
 * Caps on everything that comes from outside. A size read from a peer, a file
 * or the environment is checked against one of these before memory is taken.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	LIMIT_HTTP_HEAD = 64 * 1024,        /* status line and header fields of one response */
	LIMIT_HTTP_HEADERS = 128,           /* header fields of one response */
	LIMIT_ERROR_BODY = 64 * 1024,       /* body of an error response that is kept */
	LIMIT_JSON = 16 * 1024 * 1024,      /* one JSON document */
	LIMIT_CONFIG = 1024 * 1024,         /* .buildtools.yaml, BUILDTOOLS_CONTENT, config.json */
	LIMIT_DOCKERFILE = 8 * 1024 * 1024, /* a Dockerfile */
	LIMIT_EVENT_JSON = 8 * 1024 * 1024, /* GITHUB_EVENT_PATH */
	LIMIT_GIT_FILE = 16 * 1024 * 1024,  /* HEAD, a ref, packed-refs, config */
	LIMIT_PROPERTIES = 1024 * 1024,     /* TeamCity parameter files */
	LIMIT_GRPC_MESSAGE = 16 * 1024 * 1024, /* one gRPC message, both directions */
	LIMIT_STREAM_LINE = 1024 * 1024,       /* one line of a JSON stream of the Engine */
	LIMIT_PATH = 4096,                     /* a path we hand to the kernel */
	LIMIT_CA_FILE = 4 * 1024 * 1024,       /* a file of certificates or with a key */
	LIMIT_CERT_CHAIN = 128 * 1024,         /* certificates that one TLS peer sends */
	LIMIT_LOG_LINE = 16 * 1024,            /* a line of build output; longer ones are wrapped */
};

#endif
