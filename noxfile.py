"""Sessions: `nox` runs all, `nox -s quick` runs a useful part, `nox --list` shows the menu."""

import os
import re
import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True
# Python compiles what a session imports, and keeps it; pip would compile every file.
os.environ["PIP_COMPILE"] = "0"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ["-c", "constraints.txt"]
CONSTRAINTS_HERE = ["-c", str(Path("constraints.txt").resolve())]  # from any folder
TWO_AT_A_TIME = ("-n", "2", "--dist", "worksteal")  # most tests compile or start processes on one core
TEST = nox.project.dependency_groups(PROJECT, "test")
WHEELS = nox.project.dependency_groups(PROJECT, "wheels")
CONVOLVED, ATTENDED = "1024,16386,32770,160002,450002,1000002", "1024,2048,4096,8192"  # bases
TUTORIALS = ("tutorial", "tutorial_bed")  # pages in docs/
TEMPLATE = "template"  # the folder that `hyenadna new-task` copies; never released
# What the tests of the tasks need; h5py is a dependency of hyenadna-chromatin.
OF_TASKS = ("pytest>=8", "pytest-xdist>=3.6", "hypothesis>=6", "h5py>=3.10", "liftover>=1.3")
KERAS_NIGHTLY = "keras-nightly==3.16.0.dev2026102704"
WITHOUT_KERAS = "not keras and not one_backend and not all_backends"  # the markers of pyproject.toml
OF_MODEL = [f"tests/model/test_{name}.py" for name in ("backbone", "causal_lm", "continuation", "filters", "spectra")]
OF_EXACT_NUMBERS = ("tests/backends", "tests/checks", "tests/weights", *OF_MODEL)
# For JAX: a step of training compiles in a seventh of the time, and runs slower.
COMPILES_FAST = {"XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"}
ON_EACH_BACKEND = "keras and not once and not all_backends"
ON_ONE_BACKEND = "(keras or one_backend) and not all_backends"


def running_on(session: nox.Session, backend: str) -> dict[str, str]:
    """Return the environment of a backend; JAX and MLX keep compiled code for later runs."""
    compiled = Path(session.cache_dir).resolve() / "compiled"
    compiled.mkdir(exist_ok=True)
    return {
        "KERAS_BACKEND": backend,
        "JAX_COMPILATION_CACHE_DIR": str(compiled / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "TMPDIR": str(compiled),  # MLX keeps compiled code there
        "OMP_WAIT_POLICY": "PASSIVE",  # waiting threads must not take the other test's core
        "OPENBLAS_NUM_THREADS": "1",  # the same for small products of NumPy
        "TF_CPP_MIN_LOG_LEVEL": "3",  # XLA reports what it compiled itself as of another machine
    }


def run_tests(session: nox.Session, backend: str, *options: str, python: str = "python", **env: str) -> None:
    """Run pytest on one backend, with the installed packages instead of the checkout."""
    arguments = (*TWO_AT_A_TIME, *options, *session.posargs)
    session.run(python, "-P", "-m", "pytest", *arguments, env=running_on(session, backend) | env, external=True)


def install_backends(session: nox.Session, *extras: str) -> str:
    """Install extras into the environment that sessions with backends share; return its Python."""
    folder = Path(session.cache_dir).resolve().parent / "backends"
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        session.run(sys.executable, "-m", "venv", str(folder), external=True)
    command = ("-m", "pip", "install", "--quiet", *CONSTRAINTS, f".[{','.join(extras)}]", *TEST)
    session.run(python, *command, external=True, silent=True)
    return python


@nox.session
def lint(session: nox.Session) -> None:
    """Check style with ruff, and the workflows of GitHub with their schema and zizmor."""
    session.install(*CONSTRAINTS, *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    workflows = map(str, sorted(Path(".github/workflows").glob("*.yml")))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("zizmor", "--quiet", "--offline", ".github/workflows")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy."""
    session.install(*CONSTRAINTS, ".", *nox.project.dependency_groups(PROJECT, "types"))
    session.run("mypy")


@nox.session(venv_backend="none", default=False)
def quick(session: nox.Session) -> None:
    """Run the tests without Keras, the layers and a short training on PyTorch: 2 minutes."""
    python = install_backends(session, "torch")
    run_tests(session, "torch", "-m", f"core or ({WITHOUT_KERAS})", "--ignore=tests/fuzz", python=python)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests without Keras, which is not installed: files, tables, plug-ins, docs."""
    session.install(*CONSTRAINTS, ".[tensorboard,wandb]", *TEST, *WHEELS)
    run_tests(session, "", "-m", WITHOUT_KERAS)


@nox.session(name="tests-torch", venv_backend="none")
def tests_torch(session: nox.Session) -> None:
    """Run the tests with Keras on PyTorch, and the tests that need one backend only."""
    python = install_backends(session, "torch")
    run_tests(session, "torch", "-m", ON_ONE_BACKEND, python=python)


@nox.session(name="tests-jax", venv_backend="none")
def tests_jax(session: nox.Session) -> None:
    """Run the tests with Keras on JAX; those of exact numbers compile as users do."""
    python, options = install_backends(session, "jax"), ("-m", ON_EACH_BACKEND)
    if session.posargs:
        return run_tests(session, "jax", *options, python=python)
    run_tests(session, "jax", *options, *OF_EXACT_NUMBERS, python=python)
    others = [f"--ignore={folder}" for folder in OF_EXACT_NUMBERS]
    run_tests(session, "jax", *options, *others, python=python, **COMPILES_FAST)


@nox.session(name="tests-numpy", venv_backend="none")
def tests_numpy(session: nox.Session) -> None:
    """Run the tests with Keras on NumPy, which cannot train. Its Keras backend imports JAX."""
    run_tests(session, "numpy", "-m", ON_EACH_BACKEND, python=install_backends(session, "jax"))


@nox.session(name="tests-mlx", venv_backend="none")
def tests_mlx(session: nox.Session) -> None:
    """Run the tests with Keras on MLX, with the released Keras and our bridge."""
    run_tests(session, "mlx", "-m", ON_EACH_BACKEND, python=install_backends(session, "mlx"))


@nox.session(venv_backend="none")
def parity(session: nox.Session) -> None:
    """Compare all backends with the original, and resume runs of one backend on another."""
    python = install_backends(session, "jax", "torch", "mlx")
    run_tests(session, "jax", "-m", "all_backends", "-rP", "--dist", "loadfile", python=python)  # a file shares runs


@nox.session(name="tests-mlx-nightly")
def tests_mlx_nightly(session: nox.Session) -> None:
    """Check the mlx extra, then run the core tests with the next Keras, without our bridge."""
    session.install(*CONSTRAINTS, ".[mlx]", *TEST)
    session.run("hyenadna", "doctor", "--self-check", env=running_on(session, "mlx"))
    session.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "keras")
    session.install("--no-deps", KERAS_NIGHTLY)
    run_tests(session, "mlx", "-m", "core and not once")


@nox.session
def tasks(session: nox.Session) -> None:
    """Install each task as a wheel, and run its tests on each backend; run the tutorials."""
    session.install(*CONSTRAINTS, *WHEELS)
    folder = Path(session.create_tmp()).resolve() / "tasks"
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    checkout = Path(__file__).parent
    names = sorted(path.parent.name for path in (checkout / "tasks").glob("*/pyproject.toml"))
    sources = {name: shutil.copytree(checkout / "tasks" / name, folder / "tasks" / name) for name in names}
    sources["outside"] = shutil.copytree(checkout / "tests" / "data" / "outside", folder / "outside")
    build = ("python", "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels))
    for source in (checkout, *sources.values()):
        session.run(*build, str(source), silent=True)
    (core,) = wheels.glob("hyenadna-*.whl")
    session.install(*CONSTRAINTS, f"hyenadna[jax,classify] @ {core.as_uri()}", *OF_TASKS)
    environment = running_on(session, "jax")
    with session.chdir(folder):
        for name, source in sources.items():
            if needs := needs_of(source):
                session.install(*CONSTRAINTS_HERE, *needs)
            session.install("--no-index", "--find-links", str(wheels), f"hyenadna-{name}")
            train = (*task_of(source, name), "--stages", "64x16@3", "--baseline", "none", "--out", f"runs/{name}")
            session.run("hyenadna", "train", *train, env=environment)
            session.run("hyenadna", "evaluate", f"runs/{name}", env=environment)
            command = ("python", "-P", "-m", "pytest", *TWO_AT_A_TIME, *options_of(source / "tests"))
            session.run(*command, env=environment | COMPILES_FAST)
    test_on_other_backends(session, wheels, list(sources.values()))
    for name in TUTORIALS:
        script = script_of_page(checkout / "docs" / f"{name}.md")
        (folder / name).mkdir()
        with session.chdir(folder / name):
            session.run("bash", "-euxo", "pipefail", "-c", script, env=environment, external=True)


def task_of(source: Path, name: str) -> list[str]:
    """Return the options of `hyenadna train` for a distribution; {} there is its folder."""
    own = nox.project.load_toml(source / "pyproject.toml").get("tool", {}).get("hyenadna", {})
    return [part.format(source) for part in own.get("train", ["--task", name])]


def needs_of(source: Path) -> list[str]:
    """Return the packages that a distribution needs, without our own."""
    needs = nox.project.load_toml(source / "pyproject.toml")["project"].get("dependencies", [])
    return [each for each in needs if not each.startswith("hyenadna")]


def options_of(*tests: Path) -> tuple[str, ...]:
    """Return the options of pytest for folders outside the checkout, with no other settings."""
    return ("-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib", *map(str, tests))


def test_on_other_backends(session: nox.Session, wheels: Path, sources: list[Path]) -> None:
    """Run the tests in tests/each_backend of the tasks on PyTorch and MLX.

    The wheels of the tasks are in a folder of their own, beside the environment of the backends.
    """
    folders = [source / "tests" / "each_backend" for source in sources]
    python = install_backends(session, "torch", "mlx", "classify")
    packages = wheels.with_name("packages")
    built = [str(wheel) for wheel in sorted(wheels.glob("hyenadna_*.whl"))]
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(packages), *built)
    session.run(python, *install, external=True, silent=True)
    if needs := [each for source in sources for each in needs_of(source)]:
        session.run(python, "-m", "pip", "install", "--quiet", *CONSTRAINTS_HERE, *needs, external=True, silent=True)
    command = ("-P", "-m", "pytest", *TWO_AT_A_TIME, *options_of(*filter(Path.is_dir, folders)))
    for backend in ("torch", "mlx"):
        session.run(python, *command, env=running_on(session, backend) | {"PYTHONPATH": str(packages)}, external=True)


def script_of_page(page: Path) -> str:
    """Return the commands of a page, and those that write its Python blocks with a file name."""
    block = re.compile(r"^```(bash|python)\n(?:# (\S+\.py)\n)?(.*?)^```", re.DOTALL | re.MULTILINE)
    return "".join(
        text if language == "bash" else f"cat > {path} <<'END_OF_BLOCK'\n{text}END_OF_BLOCK\n"
        for language, path, text in block.findall(page.read_text(encoding="utf-8"))
        if language == "bash" or path
    )


@nox.session
def workflows(session: nox.Session) -> None:
    """Run workflows/Snakefile on a piece of E. coli, and compare with runs without shards."""
    python = install_backends(session, "torch", "vcf", "bigwig")
    session.install(*CONSTRAINTS, *nox.project.dependency_groups(PROJECT, "workflows"))
    folder = Path(session.create_tmp()).resolve() / "small"
    shutil.rmtree(folder, ignore_errors=True)
    path = os.pathsep.join([str(Path(python).parent), session.bin, os.environ["PATH"]])
    environment = running_on(session, "torch") | {"PATH": path}
    session.run(python, "-P", "tests/workflows/small.py", str(folder), env=environment, external=True)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure times and memory for docs/benchmarks.md: 10 minutes on two cores."""
    session.install(*CONSTRAINTS, ".[jax,torch,mlx]")
    folder = Path(session.create_tmp())
    both, others = ("--backends", "jax,torch"), ("--backends", "mlx,numpy")
    models = ("--sides", "jax:native,jax:plain,torch:native,torch:plain,torch:plain@system")
    forward = ("--sides", "jax:native,torch:native,torch:plain,torch:plain@system")
    runs = {
        "conv": (*both, "--what", "conv", "--lengths", CONVOLVED),
        "conv-others": (*others, "--what", "conv", "--lengths", CONVOLVED),
        "tiny": (*models, "--what", "forward", "--what", "step", "--lengths", "1024", "--batch-size", "16", "--memory"),
        "small": (*forward, "--preset", "small-32k", "--what", "forward", "--lengths", "32770"),
        "small-step": (*models, "--preset", "small-32k", "--what", "step", "--lengths", "8192"),
        "transformer": ("--backend", "jax", "--against", "attention", "--lengths", ATTENDED),
    }
    for name, options in runs.items():
        session.run("hyenadna", "bench", *options, "--pairs", "6", "--json", "--out", str(folder / name), silent=True)
    files = [str(folder / name) for name in runs]
    session.run("python", "-m", "hyenadna_core.bench.report", "docs/benchmarks.md", *files)


@nox.session(default=False)
def crash(session: nox.Session) -> None:
    """Kill and resume a job, and a run on each backend, twenty times: half an hour."""
    session.install(*CONSTRAINTS, ".[jax,torch,mlx]", *TEST)
    folder = Path(session.create_tmp())
    (folder / "numbers.txt").write_text("".join(f"{number}\n" for number in range(600)))
    numbers, end = str(folder / "numbers.txt"), ("--out", "OUT", "--seconds", "0.04")
    squares = ("tests/inference/squares.py", "squares", numbers, *end)
    session.run("python", "-P", "tests/inference/crash.py", "20", str(folder / "squares.tsv"), "python", *squares)
    for backend in ("jax", "torch", "mlx"):
        folder = Path(session.create_tmp()) / backend
        session.run("python", "-P", "tests/training/crash.py", "20", str(folder), env={"KERAS_BACKEND": backend})


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Give all readers damaged and hostile files; `-- MINUTES` says how long in all, else 10."""
    minutes = float(session.posargs[0]) if session.posargs else 10.0
    session.install(*CONSTRAINTS, ".", *TEST)
    environment = running_on(session, "") | {"HYENADNA_FUZZ_SECONDS": str(60 * minutes)}
    session.run("python", "-P", "-m", "pytest", "-q", "-rP", "tests/fuzz", env=environment)


@nox.session(default=False)
def dists(session: nox.Session) -> None:
    """Build the files of a release in dist/; `-- TAG` compares a tag with the version."""
    version = PROJECT["project"]["version"]
    for tag in session.posargs:
        if tag.partition("-")[0] != f"v{version}":
            session.error(f"The tag {tag} does not match the version {version} in pyproject.toml: use v{version}.")
    session.install(*CONSTRAINTS, *WHEELS)
    shutil.rmtree("dist", ignore_errors=True)
    tasks = [path for path in sorted(Path("tasks").glob("*/pyproject.toml")) if path.parent.name != TEMPLATE]
    for project in (Path("pyproject.toml"), *tasks):
        session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist", str(project.parent))
    session.run("python", "-m", "twine", "check", "--strict", *map(str, sorted(Path("dist").iterdir())))
