/* dockerfile/: instructions, stages, arguments, and the go_mounts rewrite. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dockerfile/dockerfile.h"

#define BUILD "--mount=type=cache,target=/root/.cache/go-build "
#define MOD "--mount=type=cache,target=/go/pkg/mod "
#define BOTH BUILD MOD

/* One line a stage: "name|base|platform|parent|line|flags". */
static char *
show_stages(struct arena *a, const struct dockerfile *df)
{
	char *text = arena_cstr(a, "");
	size_t i;

	for (i = 0; i < df->nstages; i++) {
		const struct dockerfile_stage *st = &df->stages[i];

		text = arena_fmt(a, "%s%s|%s|%s|%d|%zu|%s%s\n", text, st->name ? st->name : "-",
			st->base, st->platform ? st->platform : "-", st->parent, st->line,
			st->is_export ? "export" : "", st->is_shadowed ? "shadowed" : "");
	}
	return text;
}

/* One line an instruction: "line-end_line KEYWORD flag,flag [args] {heredoc,heredoc}". */
static char *
show_instructions(struct arena *a, const struct dockerfile *df)
{
	char *text = arena_cstr(a, "");
	size_t i, k;

	for (i = 0; i < df->ninstructions; i++) {
		const struct dockerfile_instruction *ins = &df->instructions[i];

		text = arena_fmt(a, "%s%zu-%zu %s", text, ins->line, ins->end_line, ins->keyword);
		for (k = 0; k < ins->flags.n; k++)
			text = arena_fmt(a, "%s %s", text, ins->flags.items[k]);
		text = arena_fmt(a, "%s %s" STR_FMT "]", text, ins->json ? "json[" : "[",
			STR_ARG(ins->args));
		for (k = 0; k < ins->nheredocs; k++)
			text = arena_fmt(a, "%s {%s%s%s:" STR_FMT "}", text, ins->heredocs[k].name,
				ins->heredocs[k].expand ? "" : ",quoted",
				ins->heredocs[k].chomp ? ",chomp" : "",
				STR_ARG(ins->heredocs[k].content));
		text = arena_fmt(a, "%s\n", text);
	}
	return text;
}

struct row {
	const char *name, *in, *want;
};

static void
check_rows(
	const struct row *rows, size_t n, char *(*show)(struct arena *, const struct dockerfile *))
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct dockerfile df;
		struct err err = {0};

		assert_row_ok(rows[i].name,
			dockerfile_parse(&a, str_n(in, len), "Dockerfile", &df, &err), &err);
		assert_row_str(rows[i].name, str_from(show(&a, &df)), rows[i].want);
		test_guard_free(in, len);
	}
}

/* B-15, F-7: names follow the Dockerfile's syntax */
static void
b_15_stages(void **state)
{
	static const struct row rows[] = {
		{"one", "FROM alpine\n", "-|alpine|-|-1|1|\n"},
		{"named", "FROM alpine AS build\n", "build|alpine|-|-1|1|\n"},
		{"trailing blank", "FROM x AS y \nRUN a\n", "y|x|-|-1|1|\n"},
		{"trailing tab and CR", "FROM x AS y\t\r\n", "y|x|-|-1|1|\n"},
		{"indented", "  FROM x AS y\n\tFROM y\n", "y|x|-|-1|1|\n-|y|-|0|2|\n"},
		{"no-break space in front",
			"\xc2\xa0"
			"FROM x AS y\n",
			"y|x|-|-1|1|\n"},
		{"tabs", "FROM\tx\tas\ty\n", "y|x|-|-1|1|\n"},
		{"any case", "from x aS BuilD\nFrom build\n", "build|x|-|-1|1|\n-|build|-|0|2|\n"},
		{"names are lowered, references are not", "FROM x AS Build\nFROM Build\n",
			"build|x|-|-1|1|\n-|Build|-|-1|2|\n"},
		{"all characters", "FROM x AS a-b_c.d9\n", "a-b_c.d9|x|-|-1|1|\n"},
		{"platform", "FROM --platform=$BUILDPLATFORM golang:1 AS b\n",
			"b|golang:1|$BUILDPLATFORM|-1|1|\n"},
		{"quoted platform", "FROM --platform=\"linux/amd64\" x\n",
			"-|x|linux/amd64|-1|1|\n"},
		{"continuation", "FROM \\\n  x \\\n# c\n\n  AS \\\n y\nRUN z\n", "y|x|-|-1|1|\n"},
		{"keyword in pieces", "FR\\\nOM x\n", "-|x|-|-1|1|\n"},
		{"starts with the escape character", "\\\nFROM x\n", "-|x|-|-1|1|\n"},
		{"no newline at the end", "FROM x AS y", "y|x|-|-1|1|\n"},
		{"continuation at the end", "FROM x AS y\\", "y|x|-|-1|1|\n"},
		{"CRLF", "FROM x \\\r\n AS y\r\nFROM y\r\n", "y|x|-|-1|1|\n-|y|-|0|3|\n"},
		{"byte order mark",
			"\xef\xbb\xbf"
			"FROM x AS y\n",
			"y|x|-|-1|1|\n"},
		{"comment is no stage", "# FROM a AS b\n  # FROM c AS d\nFROM x\n",
			"-|x|-|-1|3|\n"},
		{"heredoc is no stage", "FROM x\nRUN <<EOF\nFROM a AS b\nEOF\nFROM y AS z\n",
			"-|x|-|-1|1|\nz|y|-|-1|5|\n"},
		{"continued RUN is no stage", "FROM x\nRUN a \\\nFROM b AS c\n", "-|x|-|-1|1|\n"},
		{"export (B-23)",
			"FROM x AS export\nFROM x AS exports-2\nFROM x AS Export3\nFROM x AS noexport\n",
			"export|x|-|-1|1|export\nexports-2|x|-|-1|2|export\n"
			"export3|x|-|-1|3|export\nnoexport|x|-|-1|4|\n"},
		{"same name twice", "FROM x AS a\nFROM a AS b\nFROM b AS a\nFROM a\n",
			"a|x|-|-1|1|shadowed\nb|a|-|0|2|\na|b|-|1|3|\n-|a|-|2|4|\n"},
		{"a stage called like its image", "FROM golang AS golang\nFROM golang\n",
			"golang|golang|-|-1|1|\n-|golang|-|0|2|\n"},
		{"argument in FROM", "ARG V=1\nARG I=\"base\"\nFROM x:$V AS base\nFROM ${I}\n",
			"base|x:$V|-|-1|3|\n-|${I}|-|0|4|\n"},
		{"escape directive", "# escape=`\nFROM x `\nAS y\nRUN a\\\nFROM z AS w\n",
			"y|x|-|-1|2|\nw|z|-|-1|5|\n"},
		{"escape directive behind syntax",
			"#syntax=docker/dockerfile:1\n#  ESCAPE = `  \nFROM x `\n\tAS y\n",
			"y|x|-|-1|3|\n"},
		{"escape directive behind a blank line is a comment",
			"\n# escape=`\nFROM x \\\n AS y\n", "y|x|-|-1|3|\n"},
		{"unknown directive ends directives", "# foo=bar\n# escape=`\nFROM x \\\n AS y\n",
			"y|x|-|-1|3|\n"},
		{"check directive", "# check=skip=all\n# escape=`\nFROM x `\n AS y\n",
			"y|x|-|-1|3|\n"},
		{"shebang",
			"#!/usr/bin/env x\n# syntax=docker/dockerfile\n# escape=`\nFROM x \\\n AS y\n",
			"y|x|-|-1|4|\n"},
		{"two escape characters do not continue", "FROM x\nRUN a \\\\\nFROM y AS z\n",
			"-|x|-|-1|1|\nz|y|-|-1|3|\n"},
		{"blank behind the escape character", "FROM x \\ \t\n AS y\n", "y|x|-|-1|1|\n"},
		{"onbuild", "FROM x\nONBUILD RUN <<E\nFROM a AS b\nE\nFROM y\n",
			"-|x|-|-1|1|\n-|y|-|-1|5|\n"},
		{"comments only", "# nothing\n", ""},
		{"no FROM", "RUN x\n", ""},
		{"foreign frontend", "#syntax=example.com/gockerfile\nrepo: FROM\nFROM a b c d\n",
			""},
		{"foreign frontend with a Dockerfile", "#syntax=example.com/x\nFROM a AS b\n",
			"b|a|-|-1|2|\n"},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows), show_stages);
}

static void
instructions(void **state)
{
	static const struct row rows[] = {
		{"lines joined", "FROM x\nRUN a \\\n  b\\\n\n# c\n   # d\nc\n",
			"1-1 FROM [x]\n2-7 RUN [a   bc]\n"},
		{"flags", "run --mount=type=cache,target=/x --network=none -- --y\n",
			"1-1 RUN --mount=type=cache,target=/x --network=none [--y]\n"},
		{"quotes in flags", "RUN --mount='type=cache,target=/a b' --x=\"y\"z \"w\"\n",
			"1-1 RUN --mount=type=cache,target=/a b --x=yz [\"w\"]\n"},
		{"flags on the next line", "RUN \\\n  --mount=type=ssh \\\n  a\n",
			"1-3 RUN --mount=type=ssh [a]\n"},
		{"flag without arguments", "RUN --x\n", "1-1 RUN --x []\n"},
		{"exec form",
			"RUN [ \"a\", \"b\\n\\\"c\" ]\nCMD []\nRUN [ -f a ] && b\nRUN ['a']\nRUN [1]\n",
			"1-1 RUN json[[ \"a\", \"b\\n\\\"c\" ]]\n2-2 CMD json[[]]\n3-3 RUN [[ -f a ] && b]\n"
			"4-4 RUN [['a']]\n5-5 RUN [[1]]\n"},
		{"exec form, malformed",
			"RUN [\"a\"\nRUN [\"a\",]\nRUN [\"\\x\"]\nRUN [\"a\"] b\nRUN [\"\\u00e4\"]\nRUN [\"\\u00g\"]\nRUN [\"a\n",
			"1-1 RUN [[\"a\"]\n2-2 RUN [[\"a\",]]\n3-3 RUN [[\"\\x\"]]\n4-4 RUN [[\"a\"] b]\n"
			"5-5 RUN json[[\"\\u00e4\"]]\n6-6 RUN [[\"\\u00g\"]]\n7-7 RUN [[\"a]\n"},
		{"heredoc", "RUN <<EOF\na\n b\nEOF\nRUN c\n",
			"1-4 RUN [<<EOF] {EOF:a\n b\n}\n5-5 RUN [c]\n"},
		{"heredoc, empty", "RUN <<EOF\nEOF\n", "1-2 RUN [<<EOF] {EOF:}\n"},
		{"heredoc, quoted", "RUN <<'EOF' cat\na\nEOF\nCOPY <<\"x y\" /z\nx y\n",
			"1-3 RUN [<<'EOF' cat] {EOF,quoted:a\n}\n4-5 COPY [<<\"x y\" /z] {x y,quoted:}\n"},
		{"heredoc, chomp", "RUN <<-EOF\n\ta\n\t\tEOF\n",
			"1-3 RUN [<<-EOF] {EOF,chomp:\ta\n}\n"},
		{"heredoc, not chomped", "RUN <<EOF\n\tEOF\nEOF\n",
			"1-3 RUN [<<EOF] {EOF:\tEOF\n}\n"},
		{"heredocs, two", "COPY <<A <<-B /x/\n1\nA\n2\n\tB\n",
			"1-5 COPY [<<A <<-B /x/] {A:1\n} {B,chomp:2\n}\n"},
		{"heredoc, blank behind", "RUN cat << EOF > /x\na\nEOF\n",
			"1-3 RUN [cat << EOF > /x] {EOF:a\n}\n"},
		{"heredoc, descriptor", "RUN 3<<EOF\na\nEOF\n", "1-3 RUN [3<<EOF] {EOF:a\n}\n"},
		{"heredoc, CRLF", "RUN <<EOF\r\na\r\nEOF\r\nRUN b\r\n",
			"1-3 RUN [<<EOF] {EOF:a\r\n}\n4-4 RUN [b]\n"},
		{"heredoc, end of file", "RUN <<EOF\na\nEOF", "1-3 RUN [<<EOF] {EOF:a\n}\n"},
		{"heredoc, continued line", "RUN a \\\n <<EOF\nb\nEOF\n",
			"1-4 RUN [a  <<EOF] {EOF:b\n}\n"},
		{"heredoc, comment and escape in it are text", "RUN <<EOF\n# a\nb \\\nEOF\n",
			"1-4 RUN [<<EOF] {EOF:# a\nb \\\n}\n"},
		{"heredoc, onbuild", "ONBUILD RUN <<EOF\na\nEOF\n",
			"1-3 ONBUILD [RUN <<EOF] {EOF:a\n}\n"},
		{"heredoc, variable is not one of ours", "RUN <<$E\na\n$E\n",
			"1-3 RUN [<<$E] {$E:a\n}\n"},
		{"heredoc, escaped delimiter", "RUN <<\\EOF\na\nEOF\n",
			"1-3 RUN [<<\\EOF] {EOF:a\n}\n"},
		{"no heredoc: here string", "RUN cat <<<EOF\n", "1-1 RUN [cat <<<EOF]\n"},
		{"no heredoc: glued to a word", "RUN cat<<EOF\n", "1-1 RUN [cat<<EOF]\n"},
		{"no heredoc: quoted", "RUN echo \"<<EOF\" '<<EOF'\n",
			"1-1 RUN [echo \"<<EOF\" '<<EOF']\n"},
		{"no heredoc: shift", "RUN echo $((1<<2))\n", "1-1 RUN [echo $((1<<2))]\n"},
		{"no heredoc: exec form", "RUN [\"a\", \"<<EOF\"]\n",
			"1-1 RUN json[[\"a\", \"<<EOF\"]]\n"},
		{"no heredoc: other instruction", "CMD cat <<EOF\nENV a=<<EOF\n",
			"1-1 CMD [cat <<EOF]\n2-2 ENV [a=<<EOF]\n"},
		{"no heredoc: nothing behind", "RUN a <<\nRUN b <<''\n",
			"1-1 RUN [a <<]\n2-2 RUN [b <<'']\n"},
		{"no heredoc: words that cannot be split",
			"RUN echo ${x^^} <<EOF\nRUN it's <<EOF\n",
			"1-1 RUN [echo ${x^^} <<EOF]\n2-2 RUN [it's <<EOF]\n"},
		{"heredoc behind substitutions",
			"RUN a ${b:-c} $d ${e} \"${f:+'g'}\" \\$ <<EOF\nEOF\n",
			"1-2 RUN [a ${b:-c} $d ${e} \"${f:+'g'}\" \\$ <<EOF] {EOF:}\n"},
		{"no heredoc: a substitution in the delimiter", "RUN a <<E${b:-c}\n",
			"1-1 RUN [a <<E${b:-c}]\n"},
		{"unknown instruction", "FOO bar\n", "1-1 FOO [bar]\n"},
		{"only an escape character", "\\\n", ""},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows), show_instructions);
}

static char *
show_args(struct arena *a, const struct dockerfile *df)
{
	char *text = arena_cstr(a, "");
	size_t i;

	for (i = 0; i < df->nargs; i++)
		text = arena_fmt(a, "%s%s=%s\n", text, df->args[i].name,
			df->args[i].value ? df->args[i].value : "(unset)");
	return text;
}

static void
global_arguments(void **state)
{
	static const struct row rows[] = {
		{"plain", "ARG A=1\nARG B\nFROM x\nARG C=3\n", "A=1\nB=(unset)\n"},
		{"several", "ARG A=1 B=\"2 3\" C='4'\nFROM x\n", "A=1\nB=2 3\nC=4\n"},
		{"earlier ones",
			"ARG A=1\nARG B=x$A-${A}y${C:-d}${A:+e}${A+f}${C-g}${C:+h}\nFROM x\n",
			"A=1\nB=x1-1ydefg\n"},
		{"quoting", "ARG A=1\nARG B='$A'\"$A\\$A\\\"\"\\$A\nFROM x\n",
			"A=1\nB=$A1$A\"$A\n"},
		{"empty", "ARG A=\nARG B=${A:-x}${A-y}\nFROM x\n", "A=\nB=x\n"},
		{"malformed", "ARG A=${\nARG B=\"\nARG C=${B?no}\nARG D=${A#x}\nFROM x\n",
			"A=(unset)\nB=(unset)\nC=(unset)\nD=(unset)\n"},
		{"last one counts", "ARG A=1\nARG A=2\nARG B=$A\nFROM x\n", "A=1\nA=2\nB=2\n"},
		{"nested", "ARG B=${A:-${C:-\"d e\"}f}\nFROM x\n", "B=d ef\n"},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows), show_args);
}

static void
refused(void **state)
{
	static const struct {
		const char *name, *in, *message;
		enum err_kind kind;
	} rows[] = {
		{"empty (B-03)", "", "the Dockerfile cannot be empty", ERR_CONFIG},
		{"blank", " \n\t\r\n\n", "the Dockerfile cannot be empty", ERR_CONFIG},
		{"byte order mark", "\xef\xbb\xbf\n", "the Dockerfile cannot be empty", ERR_CONFIG},
		{"no image", "\nFROM\n", "d/Dockerfile:2: FROM names no image", ERR_CONFIG},
		{"only flags", "FROM --platform=x\n", "d/Dockerfile:1: FROM names no image",
			ERR_CONFIG},
		{"two words", "FROM a b\n", "d/Dockerfile:1: FROM takes an image and", ERR_CONFIG},
		{"as nothing", "FROM a AS\n", "not 'a AS'", ERR_CONFIG},
		{"four words", "FROM a AS b c\n", "not 'a AS b c'", ERR_CONFIG},
		{"comment behind", "FROM a AS b # c\n", "not 'a AS b # c'", ERR_CONFIG},
		{"name starts with a digit", "FROM a\nFROM a AS 1b\n",
			"d/Dockerfile:2: invalid stage name '1b'", ERR_CONFIG},
		{"name with a slash", "FROM a AS b/c\n", "invalid stage name 'b/c'", ERR_CONFIG},
		{"heredoc without end", "FROM a\n\nRUN <<EOF\nx\n",
			"d/Dockerfile:3: unterminated heredoc: no line 'EOF' follows", ERR_CONFIG},
		{"second heredoc without end", "FROM a\nCOPY <<A <<B /\nA\nb\n",
			"no line 'B' follows", ERR_CONFIG},
		{"heredoc ends with another case", "FROM a\nRUN <<EOF\neof\n", "unterminated",
			ERR_CONFIG},
		{"escape", "# escape=x\nFROM a\n",
			"d/Dockerfile:1: the escape character is '\\' or '`', not 'x'", ERR_CONFIG},
		{"escape twice", "# escape=`\n# escape=`\nFROM a\n",
			"d/Dockerfile:2: only one 'escape' directive can be used", ERR_CONFIG},
		{"escape behind a comment stays '\\'", "# hi\n# escape=`\nFROM x `\nRUN b\n",
			"not 'x `'", ERR_CONFIG},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		struct dockerfile df;
		struct err err = {0};

		assert_row_int(rows[i].name,
			dockerfile_parse(&a, str_n(in, len), "d/Dockerfile", &df, &err), -1);
		assert_row_err(rows[i].name, &err, rows[i].kind, rows[i].message);
		test_guard_free(in, len);
	}
}

static void
limits(void **state)
{
	cleanup_buf struct buf text = {0};
	cleanup_arena struct arena a = {0};
	struct dockerfile df;
	struct err err = {0};
	int i;

	(void)state;
	for (i = 0; i < 3000; i++)
		buf_puts(&text, "FROM x\n");
	assert_int_equal(dockerfile_parse(&a, buf_view(&text), "D", &df, &err), -1);
	assert_err(&err, ERR_LIMIT, "D: more than 2048 stages");
	for (i = 0; i < 64000; i++)
		buf_puts(&text, "RUN x\n");
	assert_int_equal(dockerfile_parse(&a, buf_view(&text), "D", &df, &err), -1);
	assert_err(&err, ERR_LIMIT, "too many instructions");
	buf_reset(&text);
	buf_puts(&text, "FROM x\nRUN");
	for (i = 0; i < 300; i++)
		buf_puts(&text, " <<A");
	for (i = 0; i < 300; i++)
		buf_puts(&text, "\nA");
	assert_int_equal(dockerfile_parse(&a, buf_view(&text), "D", &df, &err), -1);
	assert_err(&err, ERR_LIMIT, "D:2: too many heredocs");
	buf_reset(&text);
	for (i = 0; i < 9 * 1024; i++)
		buf_addf(&text, "#%01022d\n", i);
	assert_int_equal(dockerfile_parse(&a, buf_view(&text), "D", &df, &err), -1);
	assert_err(&err, ERR_LIMIT, "D is larger than 8388608 bytes");
}

/* values that double with every line do not */
static void
arguments_cannot_explode(void **state)
{
	cleanup_buf struct buf text = {0};
	cleanup_arena struct arena a = {0};
	struct dockerfile df;
	struct err err = {0};
	int i;

	(void)state;
	buf_puts(&text, "ARG A0=x\n");
	for (i = 1; i < 64; i++)
		buf_addf(&text, "ARG A%d=$A%d\"$A%d\"\n", i, i - 1, i - 1);
	buf_puts(&text, "FROM $A63\n");
	assert_ok(dockerfile_parse(&a, buf_view(&text), "D", &df, &err), &err);
	assert_int_equal(df.nargs, 64);
	assert_int_equal(strlen(df.args[15].value), 1 << 15);
	assert_null(df.args[17].value);
	assert_string_equal(df.args[18].value, "");
	buf_reset(&text);
	buf_puts(&text, "ARG A=");
	for (i = 0; i < 5000; i++)
		buf_puts(&text, "${B:-");
	buf_puts(&text, "\nFROM x\n");
	assert_ok(dockerfile_parse(&a, buf_view(&text), "D", &df, &err), &err);
	assert_null(df.args[0].value);
}

static void
finding_stages(void **state)
{
	cleanup_arena struct arena a = {0};
	struct dockerfile df;
	struct err err = {0};

	(void)state;
	assert_ok(dockerfile_parse(&a,
			  STR("#syntax=docker/dockerfile:1 x\nFROM a AS b\nFROM c\nFROM d AS b\n"),
			  "D", &df, &err),
		&err);
	assert_ptr_equal(dockerfile_find_stage(&df, STR("B")), &df.stages[2]);
	assert_null(dockerfile_find_stage(&df, STR("c")));
	assert_null(dockerfile_find_stage(&df, STR("")));
	assert_str(str_from(df.syntax), "docker/dockerfile:1");
	assert_int_equal(df.escape, '\\');
}

static void
check_go_mounts(const struct row *rows, size_t n)
{
	static char *args[] = {NULL};
	static const struct strlist none = {args, 0, 0};
	size_t i;

	for (i = 0; i < n; i++) {
		const char *want = rows[i].want ? rows[i].want : rows[i].in;
		size_t len = strlen(rows[i].in);
		char *in = test_guard_alloc(rows[i].in, len);
		cleanup_arena struct arena a = {0};
		cleanup_buf struct buf out = {0}, again = {0};
		struct dockerfile df, df2;
		struct err err = {0};
		size_t changed;

		assert_row_ok(rows[i].name,
			dockerfile_parse(&a, str_n(in, len), "Dockerfile", &df, &err), &err);
		changed = dockerfile_go_mounts(&out, str_n(in, len), &df, &none);
		assert_row_str(rows[i].name, buf_view(&out), want);
		assert_row_int(rows[i].name, changed > 0, rows[i].want != NULL);
		assert_row_ok(rows[i].name,
			dockerfile_parse(&a, buf_view(&out), "Dockerfile", &df2, &err), &err);
		assert_row_str(rows[i].name, str_from(show_stages(&a, &df2)), show_stages(&a, &df));
		assert_row_int(
			rows[i].name, dockerfile_go_mounts(&again, buf_view(&out), &df2, NULL), 0);
		assert_row_str(rows[i].name, buf_view(&again), want);
		test_guard_free(in, len);
	}
}

static void
b_21_go_mounts(void **state)
{
	static const struct row rows[] = {
		{"plain stage", "FROM golang:1.22\nRUN go build ./...\n",
			"FROM golang:1.22\nRUN " BOTH "go build ./...\n"},
		{"inherited stage",
			"FROM golang AS base\nFROM base AS b\nRUN go test\nFROM b\nRUN go vet\n",
			"FROM golang AS base\nFROM base AS b\nRUN " BOTH
			"go test\nFROM b\nRUN " BOTH "go vet\n"},
		{"existing mount kept",
			"FROM golang\nRUN --mount=type=cache,target=/root/.cache/go-build go build\n",
			NULL},
		{"other mounts kept", "FROM golang\nRUN --mount=type=secret,id=x go build\n",
			"FROM golang\nRUN " BOTH "--mount=type=secret,id=x go build\n"},
		{"exec form untouched",
			"FROM golang\nRUN [\"go\", \"build\"]\nRUN --network=none [\"go\"]\n",
			NULL},
		{"other stages untouched",
			"FROM alpine\nRUN apk add x\nFROM node AS n\nRUN npm i\n", NULL},
		{"one of several",
			"FROM golang AS g\nRUN a\nFROM scratch\nRUN b\nCOPY --from=g /out /\n",
			"FROM golang AS g\nRUN " BOTH
			"a\nFROM scratch\nRUN b\nCOPY --from=g /out /\n"},
		{"indentation and case kept", "FROM golang\n\t run  go build\n",
			"FROM golang\n\t run " BOTH " go build\n"},
		{"every RUN", "FROM golang\nRUN a\nENV x=y\nRUN b\n",
			"FROM golang\nRUN " BOTH "a\nENV x=y\nRUN " BOTH "b\n"},
		{"no newline at the end", "FROM golang\nRUN a", "FROM golang\nRUN " BOTH "a"},
		{"a stage may hide the image", "FROM alpine AS golang\nFROM golang\nRUN a\n", NULL},
		{"nothing to run", "FROM golang\nRUN\nRUN --network=none\n", NULL},
		{"onbuild untouched", "FROM golang\nONBUILD RUN go build\n", NULL},
		{"no stage yet", "RUN a\n", NULL},
	};

	(void)state;
	check_go_mounts(rows, ARRAY_LEN(rows));
}

/* B-22, F-26 */
static void
b_22_go_mounts_better(void **state)
{
	static const struct row rows[] = {
		{"platform", "FROM --platform=$BUILDPLATFORM golang:1 AS b\nRUN a\n",
			"FROM --platform=$BUILDPLATFORM golang:1 AS b\nRUN " BOTH "a\n"},
		{"library mirror", "FROM host:5000/library/golang:1\nRUN a\n",
			"FROM host:5000/library/golang:1\nRUN " BOTH "a\n"},
		{"other mirror", "FROM host/x/golang@sha256:0\nRUN a\n",
			"FROM host/x/golang@sha256:0\nRUN " BOTH "a\n"},
		{"own image", "FROM golang-1.22:x\nRUN a\n", "FROM golang-1.22:x\nRUN " BOTH "a\n"},
		{"golangci is another",
			"FROM golangci/golangci-lint:v1\nRUN a\nFROM x/golangci-lint\nRUN b\n",
			NULL},
		{"golang in the path is another", "FROM golang/tools\nRUN a\n", NULL},
		{"golang as host", "FROM golang.org/x\nRUN a\n", NULL},
		{"tag is no name", "FROM x:golang\nRUN a\n", NULL},
		{"heredoc body untouched",
			"FROM golang\nRUN <<EOF\nRUN x\nFROM golang\nEOF\nCOPY <<EOF /x\nRUN y\nEOF\n",
			"FROM golang\nRUN " BOTH
			"<<EOF\nRUN x\nFROM golang\nEOF\nCOPY <<EOF /x\nRUN y\nEOF\n"},
		{"tabs", "FROM\tgolang\nRUN\tgo build\n", "FROM\tgolang\nRUN\t" BOTH "go build\n"},
		{"CRLF", "FROM golang\r\nRUN a \\\r\n b\r\n",
			"FROM golang\r\nRUN " BOTH "a \\\r\n b\r\n"},
		{"continuation directly", "FROM golang\nRUN \\\n  go build\n",
			"FROM golang\nRUN " BOTH "\\\n  go build\n"},
		{"continuation glued to the keyword", "FROM golang\nRUN\\\n  go build\n",
			"FROM golang\nRUN\\\n " BOTH " go build\n"},
		{"keyword in pieces", "FROM golang\nRU\\\nN go build\n",
			"FROM golang\nRU\\\nN " BOTH "go build\n"},
		{"continued RUN is one", "FROM golang\nRUN a && \\\nRUN b\n",
			"FROM golang\nRUN " BOTH "a && \\\nRUN b\n"},
		{"comment in it", "FROM golang\nRUN \\\n# c\n go build\n",
			"FROM golang\nRUN " BOTH "\\\n# c\n go build\n"},
		{"attributes in another order",
			"FROM golang\nRUN --mount=target=/root/.cache/go-build,type=cache go build\n",
			NULL},
		{"other key names and a slash at the end",
			"FROM golang\nRUN --mount=type=cache,id=x,dst=/root/.cache/go-build/ a\n"
			"RUN --mount=type=cache,Destination=/root/.cache/go-build a\n",
			NULL},
		{"quoted",
			"FROM golang\nRUN --mount=\"type=cache,target=/root/.cache/go-build\" a\n",
			NULL},
		{"on a continuation line",
			"FROM golang\nRUN --network=none \\\n  --mount=type=cache,target=/root/.cache/go-build \\\n  a\n",
			NULL},
		{"module cache is there",
			"FROM golang\nRUN --mount=type=cache,target=/go/pkg/mod a\n",
			"FROM golang\nRUN " BUILD "--mount=type=cache,target=/go/pkg/mod a\n"},
		{"module cache on a continuation line",
			"FROM golang\nRUN \\\n --mount=sharing=locked,target=/go/pkg/mod/,type=cache \\\n a\n",
			"FROM golang\nRUN " BUILD
			"\\\n --mount=sharing=locked,target=/go/pkg/mod/,type=cache \\\n a\n"},
		{"a mount above",
			"FROM golang\nRUN --mount=type=cache,target=/root/.cache a\n"
			"RUN --mount=type=cache,target=/go a\n",
			"FROM golang\nRUN --mount=type=cache,target=/root/.cache a\n"
			"RUN " BUILD "--mount=type=cache,target=/go a\n"},
		{"a mount of the sources", "FROM golang\nRUN --mount=type=bind,target=. a\n",
			"FROM golang\nRUN " BOTH "--mount=type=bind,target=. a\n"},
		{"a mount that cannot be told",
			"FROM golang\nRUN --mount=type=cache,target=$GOCACHE a\n", NULL},
		{"a mount by the image's variable",
			"FROM golang\nRUN --mount=type=cache,target=${GOPATH}/pkg/mod a\n",
			"FROM golang\nRUN " BUILD
			"--mount=type=cache,target=${GOPATH}/pkg/mod a\n"},
		{"mount named in the command",
			"FROM golang\nRUN echo --mount=type=cache,target=/root/.cache/go-build\n",
			"FROM golang\nRUN " BOTH
			"echo --mount=type=cache,target=/root/.cache/go-build\n"},
		{"a test is no exec form", "FROM golang\nRUN [ -f go.mod ] && go build\n",
			"FROM golang\nRUN " BOTH "[ -f go.mod ] && go build\n"},
		{"argument", "ARG GO=golang\nARG V=1.22\nFROM ${GO}:${V}\nRUN a\nFROM $GO\nRUN b\n",
			"ARG GO=golang\nARG V=1.22\nFROM ${GO}:${V}\nRUN " BOTH
			"a\nFROM $GO\nRUN " BOTH "b\n"},
		{"argument within an argument", "ARG R=host\nARG GO=$R/golang\nFROM $GO\nRUN a\n",
			"ARG R=host\nARG GO=$R/golang\nFROM $GO\nRUN " BOTH "a\n"},
		{"argument in the tag has no default", "ARG V\nFROM golang:$V\nRUN a\n",
			"ARG V\nFROM golang:$V\nRUN " BOTH "a\n"},
		{"argument without default", "ARG GO\nFROM $GO\nRUN a\n", NULL},
		{"argument names a stage", "ARG S=b\nFROM golang AS b\nFROM $S\nRUN a\n",
			"ARG S=b\nFROM golang AS b\nFROM $S\nRUN " BOTH "a\n"},
		{"substitution with a default", "FROM ${GO:-golang}\nRUN a\n",
			"FROM ${GO:-golang}\nRUN " BOTH "a\n"},
		{"escape directive", "# escape=`\nFROM golang\nRUN a `\n RUN b\nRUN c \\\nRUN d\n",
			"# escape=`\nFROM golang\nRUN " BOTH "a `\n RUN b\nRUN " BOTH
			"c \\\nRUN " BOTH "d\n"},
		{"byte order mark",
			"\xef\xbb\xbf"
			"FROM golang\nRUN a\n",
			"\xef\xbb\xbf"
			"FROM golang\nRUN " BOTH "a\n"},
		{"module directory is copied",
			"FROM golang AS g\nRUN go mod download\nFROM golang\nCOPY --from=g /go/pkg/mod /go/pkg/mod\nRUN b\n",
			"FROM golang AS g\nRUN go mod download\nFROM golang\nCOPY --from=g /go/pkg/mod /go/pkg/mod\nRUN " BOTH
			"b\n"},
		{"part of it is copied",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=G /go/pkg/mod/cache/download /x\n",
			NULL},
		{"what holds it is copied",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /a /go/ /x/\n", NULL},
		{"everything is copied",
			"FROM golang AS g\nRUN a\nFROM scratch\nCOPY --from=g / /\n", NULL},
		{"by number", "FROM golang\nRUN a\nFROM x\nCOPY --chown=1 --from=0 go/pkg/mod /x\n",
			NULL},
		{"exec form of COPY",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g [\"/go/pkg/mod\", \"/x\"]\n",
			NULL},
		{"pattern", "FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /go/p*/mod /x\n", NULL},
		{"pattern of many stars",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /go/****************?********g/m?d /x\n",
			NULL},
		{"pattern of a class",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /[e-h]o/pkg/mo* /x\n",
			NULL},
		{"pattern of escapes",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /go/\\p?g/*o* /x\n", NULL},
		{"variable", "FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g $GOPATH/pkg/mod /x\n",
			NULL},
		{"build cache is copied",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /root/.cache /x\n", NULL},
		{"mounted",
			"FROM golang AS g\nRUN a\nFROM x\nRUN --mount=from=g,source=/go/pkg/mod,target=/m b\n",
			NULL},
		{"mounted as a whole",
			"FROM golang AS g\nRUN a\nFROM x\nRUN --mount=type=bind,from=g,target=/m b\n",
			NULL},
		{"what it is based on",
			"FROM golang AS d\nRUN go mod download\nFROM d AS g\nRUN a\nFROM x\nCOPY --from=g /go/pkg/mod /x\n",
			NULL},
		{"other things are copied",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /go/bin/app ${GOPATH}/bin/b /app/$X /out/* /x/\nCOPY /go/pkg/mod /x\nCOPY --from=other /go/pkg/mod /x\n",
			"FROM golang AS g\nRUN " BOTH
			"a\nFROM x\nCOPY --from=g /go/bin/app ${GOPATH}/bin/b /app/$X /out/* /x/\nCOPY /go/pkg/mod /x\nCOPY --from=other /go/pkg/mod /x\n"},
		{"destination does not count",
			"FROM golang AS g\nRUN a\nFROM x\nCOPY --from=g /out /go/pkg/mod\n",
			"FROM golang AS g\nRUN " BOTH
			"a\nFROM x\nCOPY --from=g /out /go/pkg/mod\n"},
	};

	(void)state;
	check_go_mounts(rows, ARRAY_LEN(rows));
}

static void
go_mounts_with_build_args(void **state)
{
	static char go[] = "BASE=golang:1", other[] = "BASE=alpine";
	char *items[] = {go, NULL};
	struct strlist args = {items, 1, 2};
	struct str text = STR("ARG BASE=alpine\nFROM $BASE\nRUN a\n");
	cleanup_arena struct arena a = {0};
	cleanup_buf struct buf out = {0};
	struct dockerfile df;
	struct err err = {0};

	(void)state;
	assert_ok(dockerfile_parse(&a, text, "D", &df, &err), &err);
	assert_int_equal(dockerfile_go_mounts(&out, text, &df, &args), 1);
	assert_str(buf_view(&out), "ARG BASE=alpine\nFROM $BASE\nRUN " BOTH "a\n");
	buf_reset(&out);
	items[0] = other;
	assert_int_equal(dockerfile_go_mounts(&out, text, &df, &args), 0);
	assert_str(buf_view(&out), text.s);
}

static void
places(void **state)
{
	struct str text = STR("# c\nFROM x\n\n RUN a \\\n b <<E\nt\nE\n#d\nCOPY a b");
	cleanup_arena struct arena a = {0};
	struct dockerfile df;
	struct err err = {0};

	(void)state;
	assert_ok(dockerfile_parse(&a, text, "D", &df, &err), &err);
	assert_int_equal(df.ninstructions, 3);
	assert_str(str_n(text.s + df.instructions[0].begin,
			   df.instructions[0].end - df.instructions[0].begin),
		"FROM x\n");
	assert_str(str_n(text.s + df.instructions[1].begin,
			   df.instructions[1].end - df.instructions[1].begin),
		" RUN a \\\n b <<E\nt\nE\n");
	assert_str(str_from_off(text, df.instructions[1].after_keyword),
		"a \\\n b <<E\nt\nE\n#d\nCOPY a b");
	assert_str(str_from_off(text, df.instructions[2].begin), "COPY a b");
	assert_int_equal(df.instructions[2].end, text.len);
	assert_int_equal(df.instructions[0].stage, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b_15_stages),
		cmocka_unit_test(instructions),
		cmocka_unit_test(global_arguments),
		cmocka_unit_test(refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(arguments_cannot_explode),
		cmocka_unit_test(finding_stages),
		cmocka_unit_test(b_21_go_mounts),
		cmocka_unit_test(b_22_go_mounts_better),
		cmocka_unit_test(go_mounts_with_build_args),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
