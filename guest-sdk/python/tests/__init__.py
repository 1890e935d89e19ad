"""Unit tests of what needs no component: `python3 -m unittest discover -t . -s tests`, from the folder
above.
"""

import sys
from pathlib import Path

SDK = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(SDK), str(SDK / "runtime")]
