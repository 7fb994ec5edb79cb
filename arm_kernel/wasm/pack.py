#!/usr/bin/env python3
"""Makes one page of index.html and all that it names as {{FILE}}.

pack.py ENGINE MODEL PAGE
"""

import base64
import re
import sys
from pathlib import Path


def main(engine, model, page):
    """Writes the page."""
    here = Path(__file__).parent
    data = {"engine.wasm": engine, "model.bifsmn": model}

    def content(match):
        name = match.group(1)
        if name in data:
            return base64.b64encode(Path(data[name]).read_bytes()).decode()
        text = (here / name).read_text()
        if "</script" in text:
            sys.exit(f"{name}: expected no </script, which ends it in a page")
        return text

    html = (here / "index.html").read_text()
    Path(page).write_text(re.sub(r"\{\{([\w.]+)\}\}", content, html))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
