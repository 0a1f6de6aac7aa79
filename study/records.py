"""`python -m study.records results/gtsrb`: writes a study's table anew from its ledger."""

from analysis.shell import command, files
from analysis.shell.text import printable
from study.cli import existing
from study.errors import UserError
from study.search import table
from study.storage.study_folder import read_study


def _parser() -> command.Parser:
    parser = command.Parser(prog="python -m study.records", description="Write the tables of studies anew.")
    example = "a study's folder, e.g. results/gtsrb"
    parser.add_argument("folders", type=command.path, nargs="+", metavar="folder", help=example)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Write the table of each study folder named; 0, 2 where there is no study, or 4 where one is damaged."""
    with command.ending("study.records") as end:
        for folder in _parser().parse_args(arguments).folders:
            if not any((folder / name).exists() for name in ("study.json", "ledger", "table.parquet")):
                raise UserError(f"{folder}: holds no study; give the folder of one, e.g. results/gtsrb")
            files.refuse_links(folder)
            study, events = read_study(folder), existing.read(folder, networks=False)
            table.write(table.from_events(study, events), folder / "table.parquet")
            print(printable(str(folder / "table.parquet")))
    return end.code


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
