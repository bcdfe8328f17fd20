# make packet: set up and build the packet. make test: set up and run the tests. Both may be run again at no cost.
.PHONY: packet test lint schema languages pictures benchmark wheel clean

packet:
	@scripts/setup
	.venv/bin/python build.py

test:
	@scripts/setup test
	.venv/bin/python -m pytest -n 2 --dist loadgroup

lint:
	@scripts/setup test
	.venv/bin/python -m ruff check coursewright tests scripts benchmarks build.py
	.venv/bin/python -m mypy

schema:
	@scripts/setup
	.venv/bin/python build.py schema

languages:
	@scripts/setup
	.venv/bin/python scripts/languages.py

pictures:
	@scripts/setup
	.venv/bin/python scripts/pictures.py

benchmark:
	@scripts/setup
	.venv/bin/python benchmarks/build.py

wheel:
	@scripts/setup test
	.venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist-wheel .

clean:
	rm -rf dist dist-wheel
