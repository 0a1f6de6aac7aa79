"""A folder at a URI (s3://, gs://, file:// or any that pyarrow or fsspec opens): copies whole files to and from it."""

import contextlib
import functools
import posixpath
from pathlib import Path
from typing import Any

from study.errors import UserError

PART = 2**20
"""Bytes copied at a time."""
OBJECTS = ("s3", "gcs", "abfs")
"""Storage without folders, where a file appears whole or not at all."""


class Remote:
    """A folder at a URI."""

    def __init__(self, uri: str) -> None:
        """Choose the package that opens the URI; nothing is read or written.

        Raises:
            UserError: no package opens it.
        """
        self.uri = uri.rstrip("/")
        self._system, self._root = _opened(self.uri)

    def read(self, name: str, most: int | None = None) -> bytes | None:
        """Read a file, or its first bytes; None if it does not exist."""
        try:
            with self._system.open_input_stream(self._path(name)) as file:
                return bytes(file.read(most))
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file; concurrent readers see the old or the new one.

        Raises:
            OSError: the storage fails.
        """
        path = self._path(name)
        making = path if self._system.type_name in OBJECTS else f"{path}.new"
        if making != path:
            self._system.create_dir(posixpath.dirname(path), recursive=True)
        with self._system.open_output_stream(making) as file:
            file.write(content)
        if making != path:
            self._system.move(making, path)

    def put(self, file: Path, name: str) -> None:
        """Copy a local file to the URI."""
        self.write(name, file.read_bytes())

    def fetch(self, name: str, file: Path) -> None:
        """Copy a file from the URI to a local one."""
        making = file.with_name(f".{file.name}.new")
        try:
            with self._system.open_input_stream(self._path(name)) as source:
                file.parent.mkdir(parents=True, exist_ok=True)
                with making.open("wb") as target:
                    while part := source.read(PART):  # a file may be larger than the memory
                        target.write(part)
                making.replace(file)
        except FileNotFoundError:
            return

    def names(self, under: str = "") -> list[str]:
        """List all files below a folder by their names relative to the URI, without names that lead out of it."""
        from pyarrow import fs

        entries = self._system.get_file_info(fs.FileSelector(self._path(under), allow_not_found=True, recursive=True))
        root = f"{self._root.strip('/')}/"
        files = (entry.path.lstrip("/") for entry in entries if entry.type == fs.FileType.File)
        names = (path.removeprefix(root) for path in files if not path.endswith(".new"))
        return sorted(name for name in names if not {"", "..", "."} & set(name.split("/")))

    def drop(self, name: str) -> None:
        """Delete a file, or a folder with its content, if it exists."""
        from pyarrow import fs

        (entry,) = self._system.get_file_info([self._path(name)])
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            if entry.type == fs.FileType.Directory:
                self._system.delete_dir(self._path(name))
            elif entry.type == fs.FileType.File:
                self._system.delete_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root


@functools.cache
def opened(uri: str) -> Remote:
    """Open a URI once in a process."""
    return Remote(uri)


def is_uri(place: object) -> bool:
    """Whether an output location is a URI, not a path of this machine."""
    return isinstance(place, str) and "://" in place


def _opened(uri: str) -> tuple[Any, str]:
    """Open a URI with pyarrow, or, if it does not know the scheme, with fsspec."""
    import pyarrow
    from pyarrow import fs

    try:
        system, path = fs.FileSystem.from_uri(uri)
    except pyarrow.ArrowInvalid:
        import fsspec

        try:
            other, path = fsspec.core.url_to_fs(uri)
        except (ValueError, ImportError) as error:
            raise UserError(f"--out {uri}: cannot be opened ({str(error).splitlines()[0]})") from error
        system = fs.PyFileSystem(fs.FSSpecHandler(other))
    return system, path.rstrip("/")
