# nghttp2: HTTP/2 framing, header compression and flow control below gRPC. ratelim and time come with a security patch.
nghttp2_DIR := lib
nghttp2_SRCS := $(addprefix nghttp2_, buf callbacks debug extpri frame hd hd_huffman hd_huffman_data helper http map \
	mem npn option outbound_item pq priority_spec queue ratelim rcbuf session stream submit time version)
nghttp2_CFLAGS := -DNGHTTP2_STATICLIB -DHAVE_ARPA_INET_H -DHAVE_NETINET_IN_H -DHAVE_CLOCK_GETTIME -DHAVE_TIME_H \
	-DNDEBUG -Ivendor/config/nghttp2 -I$(VSRC)/nghttp2/lib/includes
nghttp2_INC := -DNGHTTP2_STATICLIB -isystem vendor/config/nghttp2 -isystem $(VSRC)/nghttp2/lib/includes
