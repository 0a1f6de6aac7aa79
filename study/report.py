"""`python -m study.report results/gtsrb`: as `python -m analysis`, also where a file analysis.py of somebody's own lies.

Knows nothing of reports.
"""

import sys

from analysis.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
