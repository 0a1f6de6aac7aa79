"""`python -m study.report results/gtsrb`: `python -m analysis`, also beside a file analysis.py of somebody's own.

Knows nothing of reports.
"""

from analysis.__main__ import main
from analysis.shell import command

if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
