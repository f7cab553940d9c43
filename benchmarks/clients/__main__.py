"""Do exported files open in the programs that people use? What each of them sees in each file, and a picture of it.

python -m benchmarks.clients EXPORTS [--out DIR] [--node DIR] [--blender PYTHON] [--only NAME,...]

Installs nothing; what is missing is listed with the line that installs it, and left out. Exit code 1 where a program finds an
error, sees nothing, or sees another size, up axis or number of triangles than the others; 2 where no program is there.
OUT gets clients.json, a picture of each file by each program that draws, and pictures.png with all of them.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.clients import in_browser, in_process, on_the_path
from benchmarks.clients.seen import Client, Seen, disagreements

FORMATS = ("glb", "gltf", "obj", "ply", "stl", "3mf", "usdz")


def files_of(folder: Path) -> list[Path]:
    """The exported files of a folder and its subfolders, main files alone."""
    return sorted(path for path in folder.rglob("*") if path.suffix[1:].lower() in FORMATS and path.is_file())


def table(seen: dict[str, dict[str, Seen]], clients: list[Client]) -> str:
    """Markdown: a row for each file, a column for each client: triangles, or the first thing that is wrong."""
    lines = ["| file | " + " | ".join(client.name for client in clients) + " |", "|---" * (len(clients) + 1) + "|"]
    for name, by_client in seen.items():
        cells = [by_client[client.name].cell() if client.name in by_client else "" for client in clients]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def contact_sheet(out: Path, seen: dict[str, dict[str, Seen]]) -> Path | None:
    """All pictures, a row for each file, with their names."""
    from PIL import Image, ImageDraw

    rows = [(name, [one for one in by.values() if one.picture]) for name, by in seen.items()]
    rows = [row for row in rows if row[1]]
    if not rows:
        return None
    side = 224
    sheet = Image.new("RGB", (side * max(len(row[1]) for row in rows), side * len(rows)), "white")
    for top, (name, pictures) in enumerate(rows):
        for left, one in enumerate(pictures):
            picture = Image.open(out / one.picture).convert("RGB").resize((side, side))
            ImageDraw.Draw(picture).text((4, 4), f"{name}\n{one.client}", fill="black")
            sheet.paste(picture, (left * side, top * side))
    sheet.save(out / "pictures.png")
    return out / "pictures.png"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exports", type=Path, help="folder of exported files")
    parser.add_argument("--out", type=Path, default=Path("clients"), help="folder for pictures and clients.json")
    parser.add_argument("--node", type=Path, default=Path("."), help="folder that holds node_modules")
    parser.add_argument("--blender", default=sys.executable, help="a Python that has bpy")
    parser.add_argument("--only", default="", help="names of clients, with commas")
    arguments = parser.parse_args()
    files = files_of(arguments.exports)
    if not files:
        parser.error(f"{arguments.exports} holds no file of {', '.join(FORMATS)}")
    clients = [*in_browser.clients(arguments.node), *on_the_path.clients(arguments.blender), *in_process.clients()]
    wanted = [name.strip() for name in arguments.only.split(",") if name.strip()]
    if unknown := set(wanted) - {client.name for client in clients}:
        parser.error(f"there is no client {', '.join(unknown)}; known: {', '.join(client.name for client in clients)}")
    clients = [client for client in clients if not wanted or client.name in wanted]
    arguments.out.mkdir(parents=True, exist_ok=True)
    seen: dict[str, dict[str, Seen]] = {path.relative_to(arguments.exports).as_posix(): {} for path in files}
    present = [client for client in clients if client.version]
    for client in present:
        theirs = [path for path in files if path.suffix[1:].lower() in client.formats]
        print(f"{client.name} {client.version}: {len(theirs)} files", file=sys.stderr, flush=True)
        for path, one in client.look(theirs, arguments.out):
            seen[path.relative_to(arguments.exports).as_posix()][client.name] = one
    for name, by_client in seen.items():
        disagreements(name, list(by_client.values()))
    wrong = {f"{name}: {one.client}": one.problems for name, by in seen.items() for one in by.values() if one.problems}
    print(table(seen, present))
    for where, problems in wrong.items():
        print(f"{where}: {'; '.join(problems)}")
    for client in clients:
        if not client.version:
            print(f"left out: {client.name}; {client.install}")
    report = {
        "clients": {client.name: client.version for client in clients},
        "files": {name: {key: vars(one) for key, one in by_client.items()} for name, by_client in seen.items()},
    }
    (arguments.out / "clients.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if sheet := contact_sheet(arguments.out, seen):
        print(sheet)
    return 2 if not present else int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
