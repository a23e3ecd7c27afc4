"""Stands in for sbatch, scontrol, squeue and scancel: tasks are run when a test says so.

Linked under each of these names into a folder of the PATH. What is submitted lies in the folder
SPOOL; a job leaves it by its file being removed.
"""

import json
import os
import sys
from pathlib import Path

SPOOL = Path(os.environ.get("STAND_IN_SPOOL", "."))


def main(command, *words):
    if command == "sbatch":
        number = 100 + len(list(SPOOL.glob("*.json")))
        (SPOOL / f"{number}.sh").write_text(sys.stdin.read())
        (SPOOL / f"{number}.json").write_text(json.dumps(words))
        print(f"{number};cluster")
    elif command == "squeue":
        print("\n".join(path.stem for path in SPOOL.glob("*.sh")))
    elif command == "scancel":
        (SPOOL / "cancelled").write_text(" ".join(words))
    elif words[:2] == ("show", "config"):
        print("MaxJobCount             = 10000\nMaxArraySize            = 5\nMaxDBDMsgs = 1")
    elif words[:2] == ("show", "job"):
        state = "CANCELLED" if (SPOOL / "cancelled").exists() else "RUNNING"
        print(f"JobId=7 ArrayJobId={words[2]} JobName=x\n   JobState={state} Reason=None")
    elif words[0] == "requeue":
        (SPOOL / f"{words[1]}.requeued").touch()


if __name__ == "__main__":
    main(Path(sys.argv[0]).name, *sys.argv[1:])
