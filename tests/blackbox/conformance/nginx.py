"""nginx with the conformance sites, for comparison."""

import shutil
import socket
from pathlib import Path

from conformance import site
from conformance.model import HOST, OTHER
from lab import ENVIRONMENT, Lab, until

PORT = 8080

CONFIGURATION = """\
user root;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_header_timeout 2s;
    client_body_timeout 2s;
    lingering_timeout 1s;
    default_type application/octet-stream;
    if_modified_since before;
    large_client_header_buffers 4 8194;
    gzip_static on;
    gzip_vary on;
    absolute_redirect off;
    server {{
        listen 127.0.0.1:{port} default_server;
        server_name {host};
        root {folder}/site/main;
        error_page 404 /404.html;
        location / {{ try_files $uri $uri/ $uri.html =404; }}
        location = /shared/old {{ return 301 /data.json; }}
        location ^~ /shared/blog/ {{ rewrite ^/shared/blog/(.*)$ /shared/news/$1 permanent; }}
        location = /old {{ return 301 /data.json; }}
        location = /found {{ return 302 https://elsewhere.test/found?a=b; }}
        location = /temporary {{ return 307 /data.json; }}
        location = /permanent {{ return 308 /data.json; }}
        location ^~ /blog/2019/ {{ return 302 /archive.html; }}
        location ^~ /go/ {{ rewrite ^/go/(.*)$ /$1 permanent; }}
        location ^~ /blog/ {{ rewrite ^/blog/(.*)$ /news/$1 permanent; }}
        location = /healthz {{ return 200; }}
        location = {metrics} {{ return 200; }}
    }}
    server {{
        listen 127.0.0.1:{port};
        server_name {other} www.{other};
        root {folder}/site/other;
        error_page 404 /404.html;
        location = /old {{ return 301 /data.json; }}
        location = /healthz {{ return 200; }}
    }}
}}
"""


def find() -> str | None:
    """The path of nginx, if it is installed."""
    return shutil.which("nginx", path=ENVIRONMENT["PATH"])


def connects(lab: Lab) -> bool:
    try:
        connect(lab).close()
    except ConnectionRefusedError:
        return False
    return True


def connect(lab: Lab) -> socket.socket:
    return lab.connect(PORT, "127.0.0.1")


def start(lab: Lab, folder: Path) -> None:
    """Runs nginx in the lab on files in this folder, as the user who runs the test.

    That user is root within the namespace. nginx must be told, or it would switch to another user.
    """
    site.make(folder / "site")
    site.add_variants(folder / "site")
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=PORT, host=HOST,
                                                  other=OTHER, metrics=site.METRICS))
    program = find()
    assert program
    lab.start(program, "-c", str(configuration), "-e", str(folder / "error.log"))
    until(lambda: connects(lab), f"nginx's port (see {folder}/error.log)")
