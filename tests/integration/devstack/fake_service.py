"""Small service for tests of the stack, with health and configurable faults."""

import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

STATUS = health_pb2.HealthCheckResponse


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def main() -> None:
    behavior = os.environ.get("FAKE_BEHAVIOR", "")
    if behavior == "crash":
        print("configuration: FAKE_SETTING: is not set", flush=True)
        sys.exit(2)
    dump = Path(os.environ["FAKE_DUMP"], f"{sys.argv[1]}-{os.environ['GRPC_PORT']}.json")
    dump.write_text(json.dumps(dict(os.environ)))
    done = threading.Event()
    if behavior != "deaf":
        signal.signal(signal.SIGTERM, lambda *_: done.set())
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behavior == "parent":
        child = subprocess.Popen(["sleep", "600"])
        print(f"grandchild {child.pid}", flush=True)
    servicer = health.HealthServicer()
    if behavior == "never":
        servicer.set("", STATUS.NOT_SERVING)
    server = grpc.server(ThreadPoolExecutor(4))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(f"{os.environ['GRPC_HOST']}:{os.environ['GRPC_PORT']}")
    server.start()
    if sys.argv[1] == "gateway":
        address = (os.environ["HOST"], int(os.environ["PORT"]))
        web = http.server.ThreadingHTTPServer(address, Health)
        if "SSL_CERT_PATH" in os.environ:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(os.environ["SSL_CERT_PATH"], os.environ["SSL_KEY_PATH"])
            web.socket = tls.wrap_socket(web.socket, server_side=True)
        threading.Thread(target=web.serve_forever, daemon=True).start()
    print("serving", flush=True)
    done.wait()
    print("drained", flush=True)
    server.stop(1).wait()


main()
