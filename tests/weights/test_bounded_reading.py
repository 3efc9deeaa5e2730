"""Hostile files: reading costs at most a few times the file's size, in memory and in time."""

import struct
import subprocess
import sys
import zipfile

import pytest

MEMORY, SECONDS = 300 << 20, 20  # of all files together, above those of the imports
READ = """
import resource, sys
from pathlib import Path
import numpy
import safetensors
from hyenadna_core import HyenaDNAError
from hyenadna_core.weights.sources import read_weights

taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
for file in sys.argv[3:]:
    try:
        print(len(read_weights(file).tensors))
    except HyenaDNAError as error:
        print(str(error))
"""
REBUILD, FLOATS, ORDERED = (
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b"ccollections\nOrderedDict\n",
)


def number(value):
    return b"J" + struct.pack("<i", value)


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def storage(key, numel):
    return b"(" + text("storage") + FLOATS + text(key) + text("cpu") + number(numel) + b"tQ"


def tensor(key, numel, shape):
    """Return the pickle of a contiguous tensor."""
    strides = [1]
    for size in shape[:0:-1]:
        strides.insert(0, strides[0] * size)
    sizes = [b"(" + b"".join(map(number, numbers)) + b"t" for numbers in (shape, strides)]
    return REBUILD + b"(" + storage(key, numel) + number(0) + b"".join(sizes) + b"\x89" + ORDERED + b")RtR"


def write(path, pickled, storages=None, entries=0):
    """Write a PyTorch file with zeros in its storages, given as numbers by key."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("x/data.pkl", pickled)
        for key, count in (storages or {}).items():
            archive.writestr(f"x/data/{key}", bytes(4 * count))
        for entry in range(entries):
            archive.writestr(f"x/{entry}", b"")
    return path


def state_dict(tensors):
    """Return the pickle of a dict with these pickled values."""
    return b"\x80\x02}(" + b"".join(text(name) + value for name, value in tensors.items()) + b"u."


def layers_on_one_storage(path):
    """Write a model of 100 layers, of which all large tensors are the same 8 MB: 1.7 GB."""
    from hyenadna_core import HyenaConfig
    from hyenadna_core.weights.architecture import shapes

    largest, tensors = 1 << 21, {}
    for name, shape in shapes(HyenaConfig(100, 64, 4, d_inner=1 << 15)).items():
        tensors[name] = tensor("0", largest, shape)
    return write(path, state_dict(tensors), {"0": largest})


def names_on_one_storage(path):
    names = [f"backbone.layers.0.mixer.{i}" for i in range(200)]
    return write(path, state_dict(dict.fromkeys(names, tensor("0", 1 << 22, (1 << 22,)))), {"0": 1 << 22})


def entries_by_tensors(path):
    names = [f"backbone.layers.0.mixer.{i}" for i in range(1_000)]
    return write(
        path,
        state_dict({n: tensor(str(i), 1, (1,)) for i, n in enumerate(names)}),
        {str(i): 1 for i in range(1_000)},
        20_000,
    )


def long_pairs(path):
    """Write OrderedDict([p] * 500_000), where p is a long list."""
    pair = b"](" + b"N" * 100_000 + b"eq\x00"
    return write(path, b"\x80\x02" + pair + ORDERED + b"((" + b"h\x00" * 500_000 + b"ltR.")


def dicts_of_the_same_pairs(path):
    """Write 100,000 calls of OrderedDict on the same 50,000 pairs."""
    pairs = b"".join(b"(" + number(i) + b"Nt" for i in range(50_000))
    once = ORDERED + b"q\x01" + b"0((" + pairs + b"ltq\x000("
    return write(path, b"\x80\x02" + once + b"h\x01h\x00R" * 100_000 + b"l.")


def long_names(path):
    return write(
        path, b"\x80\x04" + text("torch." + "a" * (1 << 20)) + b"q\x000(" + b"h\x00h\x00\x93" * 100_000 + b"l."
    )


def long_keys(path):
    keys = text("a" * (1 << 20)) + b"q\x000" + text("a" * (1 << 20)) + b"q\x010"
    return write(path, b"\x80\x02" + keys + b"}(" + b"h\x00Nh\x01N" * 100_000 + b"u.")


def huge_integer_keys(path):
    integer = b"\x8b" + struct.pack("<i", 1 << 20) + b"\x01" * (1 << 20) + b"q\x000"
    return write(path, b"\x80\x02" + integer + b"}(" + b"h\x00N" * 200_000 + b"u.")


def tensors_of_many_axes(path):
    sizes = b"(" + b"K\x01" * 100_000 + b"tq\x000"
    one = REBUILD + b"(" + storage("0", 1) + b"K\x00h\x00h\x00\x89" + ORDERED + b")RtR"
    return write(path, b"\x80\x02" + sizes + b"}(" + b"".join(number(i) + one for i in range(5_000)) + b"u.", {"0": 1})


def names_in_a_header(path):
    """Write a .safetensors file that has many tensors without numbers."""
    tensors = (f'"{i}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for i in range(100_000))
    header = f"{{{','.join(tensors)}}}".encode()
    path = path.with_suffix(".safetensors")
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


HOSTILE = {
    layers_on_one_storage: "its tensors would take 1,703,",
    names_on_one_storage: "it lacks backbone.embeddings.word_embeddings.weight",
    entries_by_tensors: "it lacks backbone.embeddings.word_embeddings.weight",
    lambda path: write(path, b"]" * (1 << 22)): "its pickle has more than 1,048,576 steps",
    lambda path: write(path, b"\x80\x02" + b"}q\x00" * (1 << 20)): "its pickle has more than 1,048,576 steps",
    lambda path: write(path, b"]" * (1 << 25)): "'data.pkl' of 33,554,432 bytes is too large",
    long_pairs: "its pickle is damaged",
    dicts_of_the_same_pairs: "its pickle has more than 1,048,576 steps",
    long_names: "the name of a class has 2,097,164 characters",
    long_keys: "a key has 1,048,576 characters",
    huge_integer_keys: "it has no tensors",
    tensors_of_many_axes: "it has no tensors",
    names_in_a_header: "its header has 5,688,891 bytes, more than that of any model",
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_hostile_files_take_little_memory_and_time(tmp_path):
    files = [make(tmp_path / f"{i}.ckpt") for i, make in enumerate(HOSTILE)]
    command = [sys.executable, "-c", READ, str(MEMORY), str(SECONDS), *map(str, files)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    for line, file, message in zip(answer.stdout.splitlines(), files, HOSTILE.values(), strict=True):
        assert line.startswith(f"{file}: ")
        assert message in line
