"""A process that prints forms for the service: `python -m coursewright.serve.running.form_printer FOLDER`.

FOLDER/told is what the service wrote: course, root, and what is wanted. FOLDER/forms.zip and FOLDER/facts.json are what it reads.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import sys
import zipfile
from pathlib import Path

from coursewright.build.forms import pools_at, print_forms
from coursewright.plan.form import CannotFill
from coursewright.serve.management.printing import FACTS, FILES

STORED = (".pdf", ".zip")  # what is pressed together already


def main(folder: Path) -> int:
    parent = os.getppid()
    with contextlib.suppress(OSError):  # a unit may forbid it
        os.nice(10)  # whoever saves an answer comes first
    course, root, wanted = pickle.loads((folder / "told").read_bytes())
    out = folder / "forms"
    try:
        with pools_at(None, 1) as pools:
            made = print_forms(course, root, wanted, out, pools)
    except (CannotFill, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    with zipfile.ZipFile(folder / FILES, "w") as pack:
        for path in sorted(path for path in out.rglob("*") if path.is_file()):
            pack.write(path, f"{wanted.session}/{path.relative_to(out)}", zipfile.ZIP_STORED if path.suffix in STORED else zipfile.ZIP_DEFLATED)
    facts = {"copies": made.copies, "sheets": made.sheets, "complaints": [diagnostic.message for diagnostic in made.diagnostics]}
    (folder / FACTS).write_text(json.dumps(facts), "utf-8")
    if os.getppid() != parent:  # the service was stopped meanwhile: nobody will fetch this, and it holds keys
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
