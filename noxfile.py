"""What a contributor runs: `nox` for all of it, `nox -s tests-jax` for one part, `nox --list` for the menu."""

import os
import re
import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = True

PROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = ["-c", "constraints.txt"]
TWO_AT_A_TIME = ("-n", "2")  # most tests compile, or start processes, on one core
TEST = nox.project.dependency_groups(PROJECT, "test")
CONVOLVED, ATTENDED = "1024,16386,32770,160002,450002,1000002", "1024,2048,4096,8192"  # bases
TEMPLATE = "template"  # what `hyenadna new-task` copies: never released
KERAS_NIGHTLY = "keras-nightly==3.16.0.dev2026102704"
KERAS_FACING = """model/attention model/backbone backends/blocks model/causal_lm training/checkpoint tasks/cnn_baseline
    backends/convolution model/filters checks/gradients model/heads model/hyena model/spectra model/initializers
    model/linear model/loading model/losses backends/mlx_bridge training/optimizer backends/projection
    backends/rematerialised backends/short_convolution testing training/trainer backends/updates"""


def running_on(session: nox.Session, backend: str) -> dict[str, str]:
    """The environment of a backend, where JAX and MLX keep what they compile for all sessions and the next run."""
    compiled = Path(session.cache_dir).resolve() / "compiled"
    compiled.mkdir(exist_ok=True)
    return {
        "KERAS_BACKEND": backend,
        "JAX_COMPILATION_CACHE_DIR": str(compiled / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "TMPDIR": str(compiled),  # where MLX keeps it
        "OMP_WAIT_POLICY": "PASSIVE",  # threads of tests that run side by side would spin on each other's cores
    }


def run_tests(session: nox.Session, backend: str, *extra: str) -> None:
    """Run the suite on one backend, out of reach of the checkout's own packages."""
    session.run("python", "-P", "-m", "pytest", *extra, *session.posargs, env=running_on(session, backend))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, by ruff; the workflows, by their schema and for what may be abused."""
    session.install(*CONSTRAINTS, *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    workflows = map(str, sorted(Path(".github/workflows").glob("*.yml")))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("zizmor", "--quiet", "--offline", ".github/workflows")


@nox.session
def types(session: nox.Session) -> None:
    """Types, by mypy, strict where no Keras is involved."""
    session.install(*CONSTRAINTS, ".", *nox.project.dependency_groups(PROJECT, "types"))
    session.run("mypy")


@nox.session(name="tests-jax")
def tests_jax(session: nox.Session) -> None:
    """The suite on JAX."""
    session.install(*CONSTRAINTS, ".[jax]", *TEST)
    run_tests(session, "jax", *TWO_AT_A_TIME)


@nox.session(name="tests-torch")
def tests_torch(session: nox.Session) -> None:
    """The suite on PyTorch."""
    session.install(*CONSTRAINTS, ".[torch,tensorboard,wandb]", *TEST)
    run_tests(session, "torch", *TWO_AT_A_TIME)


@nox.session(name="tests-mlx")
def tests_mlx(session: nox.Session) -> None:
    """The suite on MLX, with released Keras and the bridge: what a user installs."""
    session.install(*CONSTRAINTS, ".[mlx]", *TEST)
    run_tests(session, "mlx", *TWO_AT_A_TIME)


@nox.session(name="tests-mlx-nightly")
def tests_mlx_nightly(session: nox.Session) -> None:
    """What meets Keras, on MLX, with the Keras that takes it without the bridge: what a user will install."""
    session.install(*CONSTRAINTS, ".[mlx]", *TEST)
    session.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "keras")
    session.install("--no-deps", KERAS_NIGHTLY)
    run_tests(
        session,
        "mlx",
        *TWO_AT_A_TIME,
        *(
            f"tests/{'/test_'.join(name.split('/')) if '/' in name else 'test_' + name}.py"
            for name in KERAS_FACING.split()
        ),
    )


@nox.session(name="tests-numpy")
def tests_numpy(session: nox.Session) -> None:
    """The suite on NumPy, forward only; Keras's NumPy backend imports its JAX one."""
    session.install(*CONSTRAINTS, ".[jax]", *TEST)
    run_tests(session, "numpy", *TWO_AT_A_TIME)


@nox.session
def parity(session: nox.Session) -> None:
    """Every backend beside the original, float64 and the others, as a table; then the same short run on each."""
    session.install(*CONSTRAINTS, ".[jax,torch,mlx]", *TEST)
    run_tests(session, "jax", "-s", "tests/checks/test_parity.py")
    for backend in ("jax", "torch", "mlx"):
        run_tests(session, backend, *TWO_AT_A_TIME, "tests/training/test_resume.py")


@nox.session
def tasks(session: nox.Session) -> None:
    """Each folder in tasks/ and one from outside, as wheels in a clean environment, run there; then the tutorial."""
    session.install(*CONSTRAINTS, "build>=1.2")
    folder = Path(session.create_tmp()).resolve() / "tasks"
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    checkout = Path(__file__).parent
    names = sorted(path.parent.name for path in (checkout / "tasks").glob("*/pyproject.toml"))
    sources = {name: shutil.copytree(checkout / "tasks" / name, folder / "tasks" / name) for name in names}
    for source in (checkout, *sources.values()):
        session.run("python", "-m", "build", "--wheel", "--outdir", str(wheels), str(source), silent=True)
    (core,) = wheels.glob("hyenadna-*.whl")
    session.install(*CONSTRAINTS, f"hyenadna[jax,classify] @ {core.as_uri()}", "pytest>=8")
    environment = running_on(session, "jax")
    with session.chdir(folder):
        sources["outside"] = shutil.copytree(checkout / "tests" / "data" / "outside", folder / "outside")
        session.run("python", "-m", "build", "--wheel", "--outdir", str(wheels), "outside", silent=True)
        for name, source in sources.items():
            session.install("--no-index", "--find-links", str(wheels), f"hyenadna-{name}")
            train = ("--task", name, "--stages", "64x16@3", "--baseline", "none", "--out", f"runs/{name}")
            session.run("hyenadna", "train", *train, env=environment)
            session.run("hyenadna", "evaluate", f"runs/{name}", env=environment)
            tests = ("-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib", str(source / "tests"))
            session.run("python", "-P", "-m", "pytest", *tests, env=environment)
        page = (checkout / "docs" / "tutorial.md").read_text(encoding="utf-8")
        script = "".join(re.findall(r"^```bash\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
        session.run("bash", "-euxo", "pipefail", "-c", script, env=environment, external=True)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Times beside the plain formula and a Transformer, in 10 minutes on two cores, into docs/benchmarks.md."""
    session.install(*CONSTRAINTS, ".[jax,torch,mlx]")
    folder = Path(session.create_tmp())
    both, alone = ("--backends", "jax,torch"), ("--backends", "mlx,numpy")
    models = ("--sides", "jax:native,jax:plain,torch:native,torch:plain,torch:plain@system")
    forward = ("--sides", "jax:native,torch:native,torch:plain,torch:plain@system")
    runs = {
        "conv": (*both, "--what", "conv", "--lengths", CONVOLVED),
        "conv-others": (*alone, "--what", "conv", "--lengths", CONVOLVED),
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
    """A run that is killed twenty times on each backend, resumed each time, beside one that is not; half an hour."""
    session.install(*CONSTRAINTS, ".[jax,torch,mlx]", *TEST)
    for backend in ("jax", "torch", "mlx"):
        folder = Path(session.create_tmp()) / backend
        session.run("python", "-P", "tests/training/crash.py", "20", str(folder), env={"KERAS_BACKEND": backend})


@nox.session
def wheels(session: nox.Session) -> None:
    """What is built, and what of it reaches site-packages."""
    session.install(*CONSTRAINTS, ".[jax]", *TEST, *nox.project.dependency_groups(PROJECT, "wheels"))
    run_tests(session, "jax", "tests/test_packaging.py")


@nox.session(default=False)
def dists(session: nox.Session) -> None:
    """What a release uploads, into dist/: sdist and wheel of the core and of each task; `-- TAG` checks a tag."""
    version = PROJECT["project"]["version"]
    for tag in session.posargs:
        if tag.partition("-")[0] != f"v{version}":
            session.error(f"The tag {tag} is not of version {version} in pyproject.toml: name it v{version}.")
    session.install(*CONSTRAINTS, *nox.project.dependency_groups(PROJECT, "wheels"))
    shutil.rmtree("dist", ignore_errors=True)
    tasks = [path for path in sorted(Path("tasks").glob("*/pyproject.toml")) if path.parent.name != TEMPLATE]
    for project in (Path("pyproject.toml"), *tasks):
        session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist", str(project.parent))
    session.run("python", "-m", "twine", "check", "--strict", *map(str, sorted(Path("dist").iterdir())))


@nox.session
def docs(session: nox.Session) -> None:
    """README and docs: their Python is run, their commands are parsed."""
    session.install(*CONSTRAINTS, ".[jax]", *TEST)
    run_tests(session, "jax", "tests/test_docs.py")
