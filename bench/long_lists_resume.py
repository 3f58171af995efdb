"""Makes the directory of a run that is done: COUNT files, and a manifest that has them as `ok`, without fetching them.

    long_lists_resume.py DIR LIST URL COUNT

DIR holds a run of the one-line list LIST already, with -o {index:08}; LIST grows to COUNT lines of URL/NUMBER.
"""

import os
import sqlite3
import sys


def main():
    directory, list_file, url, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    root = os.open(directory, os.O_RDONLY)
    with open(list_file, "a", encoding="ascii") as lines:
        for number in range(2, count + 1):
            lines.write(f"{url}/{number}\n")
            file = os.open(f"{number:08}", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=root)
            os.write(file, b"x")
            os.close(file)
    manifest = sqlite3.connect(os.path.join(directory, ".overlap", "manifest.sqlite"))
    columns = [row[1] for row in manifest.execute("PRAGMA table_info(items)")]
    first = dict(zip(columns, manifest.execute("SELECT * FROM items").fetchone()))

    def rows():
        for number in range(2, count + 1):
            row = dict(first, ordinal=number, line=number, url=f"{url}/{number}", final_url=f"{url}/{number}", bytes=1,
                       path=f"{number:08}")
            yield [row[column] for column in columns]

    marks = ", ".join("?" for _ in columns)
    manifest.executemany(f"INSERT INTO items VALUES({marks})", rows())
    manifest.commit()
    manifest.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    manifest.close()


main()
