# What is typed often; without `just`, type the lines below each name.

# the tests; `just test -m every_kind`, `just test tests/scene`
test *args:
    pytest {{args}}

# what CI asks of the code's form
lint:
    ruff check .
    ruff format --check .

# the command-line reference, written from the application
docs:
    python docs/generate_cli.py

# where a distillation step's time goes, and how long toys take to build
bench *args:
    python -m benchmarks.distil {{args}}
    python -m benchmarks.toybox_speed
