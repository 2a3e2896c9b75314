# SPDX-License-Identifier: LGPL-2.1-or-later

"""Counts the results in Meson's logs: each TAP line is one, and so is a test
program that ended badly. Fails when something failed, or nothing passed."""

import json
import re
import sys

LINE = re.compile(r'^(not )?ok\b([^#]*)(#\s*skip\b)?', re.IGNORECASE)


def count(entry):
    passed = failed = skipped = 0
    for line in entry.get('stdout', '').splitlines():
        match = LINE.match(line)
        if not match:
            continue
        if match.group(3):
            skipped += 1
        elif match.group(1):
            failed += 1
        else:
            passed += 1
    result = entry['result']
    if result == 'SKIP':
        skipped = max(skipped, 1)
    elif result in ('OK', 'EXPECTEDFAIL'):
        passed = passed if passed + skipped else 1
    else:
        failed = max(failed, 1)
    return passed, failed, skipped


def main(paths):
    totals = [0, 0, 0]
    for path in paths:
        try:
            with open(path, encoding='utf-8', errors='replace') as log:
                entries = [json.loads(line) for line in log]
        except OSError as error:
            print(error)
            entries = []
            totals[1] += 1
        for entry in entries:
            numbers = count(entry)
            totals = [a + b for a, b in zip(totals, numbers)]
            if numbers[1]:
                print('failed: %s (%s)' % (entry['name'], entry['result']))
    print('%d passed, %d failed, %d skipped' % tuple(totals))
    return 1 if totals[1] or not totals[0] else 0


sys.exit(main(sys.argv[1:]))
