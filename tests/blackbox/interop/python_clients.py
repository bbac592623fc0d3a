"""Fetches a range of a URL as a Python client does by default; prints the result as JSON.

Run as `python_clients.py CLIENT URL FIRST`. All of them accept codings unasked, and decode what
they receive.
"""

import asyncio
import hashlib
import json
import sys


def by_requests(url: str, fields: dict[str, str]) -> tuple[int, bytes, str]:
    import requests
    response = requests.get(url, headers=fields, timeout=60)
    return response.status_code, response.content, response.request.headers["Accept-Encoding"]


def by_httpx(url: str, fields: dict[str, str]) -> tuple[int, bytes, str]:
    import httpx
    response = httpx.get(url, headers=fields, timeout=60)
    return response.status_code, response.content, response.request.headers["Accept-Encoding"]


def by_aiohttp(url: str, fields: dict[str, str]) -> tuple[int, bytes, str]:
    import aiohttp

    async def get() -> tuple[int, bytes, str]:
        async with aiohttp.ClientSession() as session, session.get(url, headers=fields) as response:
            accepted = response.request_info.headers["Accept-Encoding"]
            return response.status, await response.read(), accepted
    return asyncio.run(get())


def main() -> None:
    client, url, first = sys.argv[1:]
    ways = {"requests": by_requests, "httpx": by_httpx, "aiohttp": by_aiohttp}
    status, content, accepted = ways[client](url, {"Range": f"bytes={first}-"})
    print(json.dumps({"status": status, "sha256": hashlib.sha256(content).hexdigest(),
                      "accepted": accepted}))


if __name__ == "__main__":
    main()
