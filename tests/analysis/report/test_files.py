"""What a page may do in a browser, and that files are replaced as a whole. `test_browser` opens pages in one."""

import hashlib
import re
from base64 import b64encode

import pandas as pd

from analysis.report import pages
from analysis.shell import files

TABLE = pd.DataFrame({"a": ["1,376", "–"], "<b>": ["exactly 0", "<script>"]})


def rendered() -> str:
    parts = '{% from "parts.html.j2" import grid, head, sorting %}{{ head("<t>") }}{{ grid(table) }}{{ sorting() }}'
    return pages.environment().from_string(parts).render(table=TABLE)


def test_the_policy_allows_exactly_the_pages_own_script():
    html = rendered()
    (script,) = re.findall("<script>(.*?)</script>", html, flags=re.DOTALL)
    allowed = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search('http-equiv="Content-Security-Policy" content="(.*?)"', html)[1]
    wanted = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{}'"
    assert policy == wanted.format(allowed)
    assert not re.search("innerHTML|eval|fetch|http", script)


def test_without_the_script_the_page_is_whole():
    html = re.sub("<script>.*</script>", "", rendered(), flags=re.DOTALL)
    assert "<title>&lt;t&gt;</title>" in html
    assert '<th scope="col">&lt;b&gt;</th>' in html
    assert "<td>&lt;script&gt;</td>" in html


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "new" / "file"
    assert [files.put(path, text).read_bytes() for text in (b"long before", b"now")] == [b"long before", b"now"]
    assert list(path.parent.iterdir()) == [path]
