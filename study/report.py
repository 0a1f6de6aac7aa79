"""`python -m study.report results/gtsrb`: `python -m analysis`, also beside a file analysis.py of somebody's own.

Knows nothing of reports.
"""

from analysis import command
from analysis.__main__ import main

if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
