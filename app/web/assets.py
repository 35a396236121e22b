"""Static files: addresses with fingerprints, the import map, and the build that makes both.

`flask assets build` minifies each source, names it by its content, writes it below `static/dist`
with a compressed copy, and writes the manifest. Modules import each other by bare names which the
import map resolves, so no import is ever rewritten and a changed module changes only its own
address. Without a manifest the sources are served as they are. What others wrote is in
`static/vendor` with its licence, minified as it came; its modules are `vendor/chart`.
"""

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from flask import current_app
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

STATIC_URL = "/static"
MANIFEST = "dist/manifest.json"
NAMESPACE, VENDOR = "tb/", "vendor/"
_SKIPPED = ("dist/",)
_CSS_URL = re.compile(r'url\("(\.\./[^"]+)"\)')
_NESTED_TEMPLATE = re.compile(r"\$\{[^}`]*`")
_COMPRESSED = {".js", ".css", ".svg"}


class Assets:
    """Addresses of the static files of one folder."""

    def __init__(self, folder: Path) -> None:
        manifest = folder / MANIFEST
        self._built: Mapping[str, str] = (
            json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
        )
        self._modules = sorted(path.name for path in (folder / "js").glob("*.js"))
        self._vendored = sorted(path.name for path in (folder / "vendor").glob("*.js"))

    def url(self, name: str) -> str:
        """`js/main.js` → the address to load it from."""
        return f"{STATIC_URL}/{self._built.get(name, name)}"

    def import_map(self) -> Markup:
        """JSON of the import map: `tb/format`, `vendor/chart` → their addresses."""
        imports = {NAMESPACE + Path(n).stem: self.url(f"js/{n}") for n in self._modules}
        for name in self._vendored:
            imports[VENDOR + name.partition(".")[0]] = self.url(f"vendor/{name}")
        return htmlsafe_json_dumps({"imports": imports})


def build(folder: Path) -> dict[str, str]:
    """Write every built file and the manifest; returns the manifest. Old files are removed."""
    out = folder / "dist"
    shutil.rmtree(out, ignore_errors=True)
    manifest: dict[str, str] = {}
    for source in sorted(_sources(folder), key=_order):
        name = source.relative_to(folder).as_posix()
        data = _minified(source, manifest)
        digest = hashlib.sha256(data).hexdigest()[:12]
        target = out / source.relative_to(folder).with_name(
            f"{source.stem}.{digest}{source.suffix}"
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        if source.suffix in _COMPRESSED:
            target.with_name(target.name + ".gz").write_bytes(gzip.compress(data, 9, mtime=0))
        manifest[name] = target.relative_to(folder).as_posix()
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def _sources(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).as_posix().startswith(_SKIPPED)
    ]


def _order(path: Path) -> tuple[bool, str]:
    return path.suffix == ".css", path.as_posix()  # sheets name fonts, so fonts come first


def _minified(source: Path, manifest: Mapping[str, str]) -> bytes:
    minify: dict[str, Callable[[str], str]] = {".js": _script, ".css": _sheet}
    if source.suffix not in minify or source.name.endswith(".min.js"):
        return source.read_bytes()
    text = minify[source.suffix](source.read_text(encoding="utf-8"))
    if source.suffix == ".css":
        text = _CSS_URL.sub(lambda match: _font(match[1], manifest), text)
    return text.encode()


def _script(text: str) -> str:
    from rjsmin import jsmin

    if _NESTED_TEMPLATE.search(text):
        raise ValueError("nested template literals do not survive minification")
    return jsmin(text)


def _sheet(text: str) -> str:
    from rcssmin import cssmin

    return cssmin(text)


def _font(path: str, manifest: Mapping[str, str]) -> str:
    name = path.removeprefix("../")
    return f'url("../{manifest[name].removeprefix("dist/")}")'


@click.group("assets", help="Static files.")
def commands() -> None:
    pass


@commands.command("build", help="Minify, fingerprint and compress the static files.")
def build_command() -> None:
    manifest = build(Path(current_app.static_folder or ""))
    click.echo(f"{len(manifest)} files written to static/dist.")
