#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Makes one page of its parts, and C source of the page: what comes before the data, and after it.
# May not know about: the data. To extend: a part is @NAME@ in page.html, and a line in PARTS.
"""usage: embed.py OUTPUT [DIRECTORY UPLOT] (without UPLOT, the page is empty)"""
import base64
import hashlib
import os
import re
import sys

PARTS = {"page.css": ("page", "page.css"), "page.js": ("page", "page.js"),
         "uplot.css": ("uplot", "dist/uPlot.min.css"), "uplot.js": ("uplot", "dist/uPlot.iife.min.js"),
         "uplot.licence": ("uplot", "LICENSE")}


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read().strip()


def digests(page, element):
    """What the page itself may run, by its hash: nothing else can."""
    texts = re.findall(rf"<{element}>(.*?)</{element}>", page, re.S)
    return " ".join("'sha256-" + base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() + "'"
                    for t in texts)


def make(directory, uplot):
    page = read(directory, "page.html")
    roots = {"page": directory, "uplot": uplot}
    parts = {name: read(roots[root], path) for name, (root, path) in PARTS.items()}
    page = re.sub(r"@([a-z.]+)@", lambda m: parts.get(m.group(1), m.group(0)), page)
    for element in ("script", "style"):
        page = page.replace(f"@{element}@", digests(page, element))
    return page.split("@data@")


def quoted(text):
    """A C string, as lines of at most some 90 characters: compilers bear no long ones."""
    data = text.encode()
    lines = []
    for at in range(0, len(data), 80):
        line = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}"
                       for b in data[at:at + 80])
        lines.append(f'\t"{line}"')
    return "\n".join(lines) or '\t""'


def main():
    output, *source = sys.argv[1:]
    before, after = make(*source) if source else ("", "")
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "html_page.h"\n\nconst char *const kw_html_page[2] = {\n'
                   f"{quoted(before)},\n{quoted(after)},\n}};\n")


main()
