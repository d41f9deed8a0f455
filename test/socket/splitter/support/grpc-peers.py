"""A server and a client of gRPC (its C core), without generated code.

server NAME: prints its port; echoes with its name, one by one, as streams, and as errors.
client PORT USER: prints one line for each kind of call.
"""

import sys
import time
from concurrent import futures

import grpc

SERVICE = "/echo.Echo/"


def serve(name):
    def say(text):
        return name.encode() + b" " + text

    def unary(request, context):
        context.set_trailing_metadata((("x-name", name),))
        return say(request)

    def stream(request, context):
        for count in range(100):
            yield say(request + b" %d" % count)

    def both(requests, context):
        for request in requests:
            yield say(request)

    def fail(request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"no, says {name}: äß%")

    def hang(request, context):
        while context.is_active():
            time.sleep(0.01)
        return b""

    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
        "Both": grpc.stream_stream_rpc_method_handler(both),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Hang": grpc.unary_unary_rpc_method_handler(hang),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=20))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def call(port, user):
    metadata = (("x-user", user),)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        unary = channel.unary_unary(SERVICE + "Unary")
        answer, made = unary.with_call(b"hello", metadata=metadata, timeout=20)
        print("unary", answer.decode(), dict(made.trailing_metadata())["x-name"])
        large = unary(b"x" * 3_000_000, metadata=metadata, timeout=20)
        print("large", len(large))
        many = [unary.future(b"%d" % count, metadata=metadata, timeout=20) for count in range(200)]
        print("many", len({one.result() for one in many}))
        stream = channel.unary_stream(SERVICE + "Stream")(b"s", metadata=metadata, timeout=20)
        print("stream", list(stream)[-1].decode())
        both = channel.stream_stream(SERVICE + "Both")(iter([b"a", b"b", b"c"]), metadata=metadata, timeout=20)
        print("both", b",".join(both).decode())
        for name, limit in (("Fail", 20), ("Hang", 0.5)):
            try:
                channel.unary_unary(SERVICE + name)(b"", metadata=metadata, timeout=limit)
            except grpc.RpcError as error:
                print(name.lower(), error.code().name, error.details())


if sys.argv[1] == "server":
    serve(sys.argv[2])
else:
    call(int(sys.argv[2]), sys.argv[3])
