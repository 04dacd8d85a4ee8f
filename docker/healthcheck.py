"""Ends with 0 if the controller in this container takes commands, else with 1; says why on stdout."""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 8


def address():
    host = os.environ.get("HTTP_HOST", "").strip() or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def main():
    scheme = "https" if os.environ.get("HTTP_TLS_KEYSTORE", "").strip() else "http"
    url = f"{scheme}://{address()}:{os.environ.get('HTTP_PORT', '').strip() or '8080'}/observe/health"
    # The certificate names the host for others, not loopback, and nothing secret is sent.
    trusting = ssl._create_unverified_context()
    # the controller is never behind the proxy that scripts may need
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting))
    try:
        with opener.open(url, timeout=TIMEOUT_S) as reply:
            print(json.load(reply)["status"])
            return 0
    except urllib.error.HTTPError as refusal:
        print(refusal.read().decode(errors="replace"))
    except (OSError, ValueError, KeyError) as fault:
        print(f"{url}: {fault}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
