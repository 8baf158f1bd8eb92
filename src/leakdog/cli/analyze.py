"""`leakdog analyze`: a verdict on profiles that lie in files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakdog.cli.arguments import add_own_code
from leakdog.cli.help import Help
from leakdog.cli.scan import UNJUDGED
from leakdog.errors import LeakdogError, ProfileError

if TYPE_CHECKING:
    from leakdog.report.offline import Finding, Taken

EPILOG = """examples:
  leakdog analyze profiles/                      all profiles in a folder, heap and goroutine
  leakdog analyze heap-*.pb.gz --markdown        for a comment on a change
  leakdog analyze profiles/ --sarif > leak.sarif   for a code host, at the lines that leak
  leakdog scan http://127.0.0.1:6060 --record profiles/   makes such a folder

Those of a folder must be of one program, and so must files that are named: 26 of a kind or more, evenly spread. A scan
has its first verdict after 23 samples, as it looks on; 48 tell a plain leak.
Each folder that holds profiles is judged by itself. When each was taken is in it; for text profiles it is the time
of the file.

exit codes: 0 no leak, 1 a leak was found, 2 usage, 3 a file cannot be read, or they are too few to say,
also where something grows and they do not tell whether that goes on
"""
FEW = 3  # so many names are shortened
JSON, MARKDOWN, SARIF = "json", "markdown", "sarif"


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "analyze",
        help="a verdict on profiles that lie in files",
        description="Judge heap and goroutine profiles that lie in files: does the program leak, and which code.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("paths", metavar="DIR|FILE", nargs="+", type=Path, help="profiles, or folders of them")
    add_own_code(parser)
    add_formats(parser)
    parser.set_defaults(run=run)


def add_formats(parser: argparse.ArgumentParser) -> None:
    """Add how the verdict is printed."""
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", dest="format", action="store_const", const=JSON, help="print JSON")
    formats.add_argument(
        "--markdown", dest="format", action="store_const", const=MARKDOWN, help="print Markdown, for a comment"
    )
    formats.add_argument(
        "--sarif", dest="format", action="store_const", const=SARIF, help="print SARIF 2.1.0, for a code host"
    )


def run(args: argparse.Namespace) -> int:
    """Print what is found; 1 if that is a leak, 3 if nothing can be said.

    Raises:
        LeakdogError: a file cannot be read, or none of them tells of memory or goroutines.

    """
    from leakdog.model import TargetKey
    from leakdog.report.offline import SAME, analyze, unjudged

    folders = by_folder(args.paths)
    own, alone = tuple(args.own_code), len(folders) == 1
    judged = {
        name: analyze(taken, name, own, SAME if alone else TargetKey(SAME.job, name)) for name, taken in folders.items()
    }
    told = {name: findings for name, findings in judged.items() if findings}
    if not told:
        raise LeakdogError("none of these is a heap or a goroutine profile; others tell nothing of leaks")
    print(_all_written(told, args.format))
    findings = [finding for each in told.values() for finding in each]
    if any(finding.leak for finding in findings):
        return 1
    return UNJUDGED if unjudged(findings) else 0


def by_folder(paths: Sequence[Path]) -> dict[str, list[Taken]]:
    """Profiles by the folder in which they lie; those that were named themselves are together.

    Raises:
        LeakdogError: as for `load`.

    """
    files = [path for path in paths if not path.is_dir()]
    together, named = called(files) if files else "", set(map(str, files))
    found: dict[str, list[Taken]] = {}
    for each in load(paths):
        found.setdefault(together if each.name in named else str(Path(each.name).parent), []).append(each)
    return found


def load(paths: Sequence[Path]) -> list[Taken]:
    """Profiles from files and folders; in a folder, what is no profile is passed over.

    Raises:
        LeakdogError: a file cannot be read, a file that was named is no profile, or there is none at all.

    """
    from leakdog.pprof import Decoder, parse
    from leakdog.report.offline import Taken

    found = []
    decoder = Decoder()  # mostly they are of one process, one after the other, and share their symbols
    for file, named in _files(paths):
        try:
            profile = parse(file.read_bytes(), decoder=decoder)
            found.append(Taken(str(file), profile.time if profile.time > 0 else file.stat().st_mtime, profile))
        except ProfileError as error:
            if named:
                raise LeakdogError(f"reading {file}: {error}") from None
        except OSError as error:
            raise LeakdogError(f"reading {file}: {error.strerror}") from None
    if not found:
        raise LeakdogError(f"no profile in {', '.join(map(str, paths))}")
    return found


def called(paths: Sequence[Path]) -> str:
    """What these profiles are called together, as they were named: of many the first and the last."""
    names = list(map(str, paths))
    return ", ".join(names) if len(names) < FEW else f"{names[0]} … {names[-1]}"


def _files(paths: Sequence[Path]) -> Iterable[tuple[Path, bool]]:
    """Each file, and whether it was named itself."""
    for path in paths:
        if path.is_dir():
            yield from ((file, False) for file in sorted(path.rglob("*")) if file.is_file())
        else:
            yield path, True


def written(findings: Sequence[Finding], form: str | None) -> str:
    """The verdict as text, JSON, Markdown or SARIF."""
    from leakdog.report.sarif import sarif

    if form == JSON:
        return json.dumps(as_json(findings), indent=2)
    if form == SARIF:
        return json.dumps(sarif(as_json(findings)["leaks"]), indent=2)
    return "\n\n".join(_markdown(finding) if form == MARKDOWN else _text(finding) for finding in findings)


def _all_written(folders: Mapping[str, Sequence[Finding]], form: str | None) -> str:
    """The verdict on each folder; of one alone as `written`."""
    from leakdog.report.page import Paragraph, markdown
    from leakdog.report.sarif import sarif
    from leakdog.report.words import inert

    if len(folders) == 1:
        (findings,) = folders.values()
        return written(findings, form)
    leaks = [leak for findings in folders.values() for leak in as_json(findings)["leaks"]]
    if form == JSON:
        told = {name: as_json(findings) for name, findings in folders.items()}
        return json.dumps({"folders": told, "leaks": leaks}, indent=2)
    if form == SARIF:
        return json.dumps(sarif(leaks), indent=2)
    parts = []
    for name, findings in folders.items():
        heading = markdown([Paragraph(name)]).rstrip("\n") + "\n" if form == MARKDOWN else f"{inert(name)}:"
        parts.append(f"{heading}\n{written(findings, form)}")
    return "\n\n".join(parts)


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Signals and leaks in the shapes of the API."""
    from leakdog.pipeline.state import Fleet
    from leakdog.web.views import leak_view, verdict_view

    return {
        "signals": {each.signal.value: {"profiles": each.count, **verdict_view(each.assessment)} for each in findings},
        "leaks": [leak_view(each.leak, Fleet()) for each in findings if each.leak],
    }


def _text(finding: Finding) -> str:
    from leakdog.report.leak import leak_text

    (leak,) = as_json([finding])["leaks"] or [None]
    return leak_text(leak) if leak else f"{_title(finding)}\n" + "\n".join(f"  - {each}" for each in _reasons(finding))


def _markdown(finding: Finding) -> str:
    from leakdog.report.leak import leak_text, summary
    from leakdog.report.page import Block, Code, Heading, Items, Paragraph, markdown

    (leak,) = as_json([finding])["leaks"] or [None]
    if leak is None:
        return markdown([Heading(_title(finding)), *(Paragraph(each) for each in _reasons(finding))]).rstrip("\n")
    code = [(str(each["function"]), f"{each['file']}:{each['line']}, {each['share']:.0%}") for each in leak["culprits"]]
    page: list[Block] = [Heading(summary(leak)), Items(code)]
    page += [Paragraph(each) for each in leak["reasons"]]
    return markdown([*page, Code(leak_text(leak))]).rstrip("\n")


def _title(finding: Finding) -> str:
    from leakdog.report.words import plural

    verdict = finding.assessment.verdict.value.replace("_", " ")
    return f"{finding.signal.value}: {verdict} ({plural(finding.count, 'profile')})"


def _reasons(finding: Finding) -> Sequence[str]:
    return finding.assessment.reasons
