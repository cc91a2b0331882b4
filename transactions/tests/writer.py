"""A process that creates one expense after the other: `python -m transactions.tests.writer PORT TOKEN`.

It prints the number of each that was acknowledged, and goes on until it is ended.
"""

import http.client
import itertools
import json
import sys

from transactions.tests.live import PATIENCE


def main(port: int, token: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for number in itertools.count(1):
        body = json.dumps({"description": f"Row {number}", "amount": number})
        connection.request("POST", "/expenses", body, headers)
        response = connection.getresponse()
        response.read()
        if response.status != 201:
            raise SystemExit(f"Row {number}: {response.status}")
        print(number, flush=True)  # noqa: T201  # for the process that started this one


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
