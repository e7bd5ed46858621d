#!/bin/sh
# prints the banner named by the first argument, then where this image comes from
cat "${1:?usage: greet FILE}"
if [ -r /usr/local/bin/version.txt ]; then
	cat /usr/local/bin/version.txt
fi
