"""Judges what Autobahn reported. usage: check.py WHOLE SMALL (directories of reports)"""

import json
import sys


def cases(directory):
    with open(f"{directory}/index.json", encoding="utf-8") as index:
        return json.load(index)["rapport"]


def said_no_close(directory, case):
    """Whether the connection went without the server's close frame."""
    with open(f"{directory}/{case['reportfile']}", encoding="utf-8") as report:
        told = json.load(report)
    return "8" not in told["rxFrameStats"]


whole, small = cases(sys.argv[1]), cases(sys.argv[2])
failed = [name for name, case in whole.items() if case["behavior"] not in ("OK", "NON-STRICT", "INFORMATIONAL")]
dropped = [name for name, case in whole.items() if said_no_close(sys.argv[1], case)]
is_too_big = {f"9.{group}.{number}" for group in range(1, 7) for number in range(1, 10)} - {"9.1.1", "9.2.1"}
too_big = {name for name in small if name in is_too_big}
wrong = [name for name, case in small.items() if (case["remoteCloseCode"] == 1009) != (name in too_big)]
print(f"{len(whole)} cases at 64 MiB: {len(failed)} failed {failed}, {len(dropped)} without a close frame {dropped}")
print(f"{len(small)} large messages at 64 KiB: {len(too_big)} end in 1009, {len(wrong)} wrongly {wrong}")
sys.exit(bool(failed or dropped or wrong or len(whole) != 301))
