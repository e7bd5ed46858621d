# protobuf-c: the runtime under the C code that protoc-c makes from src/buildkit/proto.
protobuf-c_DIR := protobuf-c
protobuf-c_SRCS := protobuf-c
protobuf-c_CFLAGS := -I$(VSRC)/protobuf-c
protobuf-c_INC := -isystem $(VSRC)/protobuf-c
