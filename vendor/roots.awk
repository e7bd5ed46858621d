# Turns Mozilla's certdata.txt into C: for each certificate that may vouch for servers, the row of validity, subject and
# public key that stands in it (RFC 5280, 4.1). cert_take_trusted() reads them back. A root that counts only for what it
# issued before some date is left out, because nothing here checks that date. With -v pem=1 the same certificates as PEM.
BEGIN {
	if (!pem) {
		print "#include \"net/roots.h\"\n"
		print "const unsigned char net_roots[] ="
	}
	digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for (i = 0; i < 512; i++)
		value[sprintf("%d%d%d", i / 64, i / 8 % 8, i % 8)] = i
}
/^CKA_CLASS/ {
	class = $3
	distrusted = 0
}
/^CKA_NSS_SERVER_DISTRUST_AFTER MULTILINE_OCTAL/ { distrusted = 1 }
$2 == "MULTILINE_OCTAL" {
	field[$1] = ""
	while ((getline line) > 0 && line != "END")
		field[$1] = field[$1] line
	if ($1 == "CKA_VALUE")
		pending = field["CKA_VALUE"]
	key = field["CKA_ISSUER"] field["CKA_SERIAL_NUMBER"]
}
# the last field of a certificate, and of its trust
/^CKA_NSS_EMAIL_DISTRUST_AFTER/ && class == "CKO_CERTIFICATE" && !distrusted { certificate[key] = pending }
$1 == "CKA_TRUST_SERVER_AUTH" && $3 == "CKT_NSS_TRUSTED_DELEGATOR" && key in certificate {
	der = certificate[key]
	count++
	if (pem)
		put_pem()
	else
		put()
}
END {
	if (!pem)
		print ";\nconst size_t net_roots_len = sizeof(net_roots) - 1;"
	if (count < 100) {
		print "only " count + 0 " roots found: does the source look different now?" >"/dev/stderr"
		exit 1
	}
}

# Bytes are "\ooo"; the element at offset 'at' has its content from 'inside' on and ends in front of 'after'.
function byte(at) { return value[substr(der, at * 4 + 2, 3)] }
function element(at,    len, n) {
	len = byte(at + 1)
	inside = at + 2
	if (len > 127) {
		n = len - 128
		for (len = 0; n > 0; n--)
			len = len * 256 + byte(inside++)
	}
	after = inside + len
}
function put(    from, at, n) {
	element(0)
	element(inside) # the part that is signed
	at = inside
	if (byte(at) == 160) { # version
		element(at)
		at = after
	}
	for (n = 0; n < 3; n++) { # serial number, algorithm, issuer
		element(at)
		at = after
	}
	from = at
	for (n = 0; n < 3; n++) {
		element(at)
		at = after
	}
	for (; from < at; from += 24)
		printf "\"%s\"\n", substr(der, from * 4 + 1, (at - from < 24 ? at - from : 24) * 4)
}
function digit(n) { return substr(digits, n % 64 + 1, 1) }
function put_pem(    at, len, left, bits, four) {
	print "-----BEGIN CERTIFICATE-----"
	len = length(der) / 4
	for (at = 0; at < len; at += 3) {
		left = len - at
		bits = byte(at) * 65536 + (left > 1 ? byte(at + 1) * 256 : 0) + (left > 2 ? byte(at + 2) : 0)
		four = digit(int(bits / 262144)) digit(int(bits / 4096))
		four = four (left > 1 ? digit(int(bits / 64)) : "=") (left > 2 ? digit(bits) : "=")
		printf "%s%s", four, (at % 48 == 45 || left <= 3 ? "\n" : "")
	}
	print "-----END CERTIFICATE-----"
}
