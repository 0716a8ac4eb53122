"""`python -m benchmarks [NAME]`: print one line a figure, `NAME VALUE UNIT GOAL ok|missed`."""

import sys

from benchmarks import chain, drill, estimate, notice, start, table_import

BENCHMARKS = {
    "estimate-1000": estimate.measure,
    "second-start": start.measure,
    "notices": notice.measure,
    "import-100000": table_import.measure,
    "verify-1000000-acts": chain.measure,
    "drill": drill.measure,
}


def main(names: list[str]) -> int:
    if unknown := set(names) - BENCHMARKS.keys():
        print(f"No such benchmark: {' '.join(sorted(unknown))}. There are: {' '.join(BENCHMARKS)}")
        return 2
    met = True
    for name in names or BENCHMARKS:
        for figure in BENCHMARKS[name]():
            print(figure, flush=True)
            met &= figure.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
