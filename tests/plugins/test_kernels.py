"""Kernels of the long convolution that plug-ins offer."""

import pytest

from hyenadna_backends import current_kernel, fft_conv
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.registry import select_fft_conv
from hyenadna_plugins import collect, plugin_manager

FFT_CONV = """
from hyenadna_backends import FFTConv
def load():
    {load}
@hookimpl
def register_fft_convs(register):
    register(FFTConv("mine", load, {backends!r}, "my plug-in"))
"""


@pytest.mark.one_backend
@pytest.mark.usefixtures("fresh_kernel")
def test_a_plugin_offers_a_kernel_and_it_is_imported_when_it_is_chosen(install_plugin):
    install_plugin("one", FFT_CONV.format(load="return lambda u, k, bias: 'computed'", backends=()))
    manager = plugin_manager()
    assert collect(manager, "register_fft_convs")["mine"].plugin == "one"
    assert collect(manager, "register_fft_convs")["matmul"].plugin == "builtin"
    assert select_fft_conv(manager, None).name != "mine"
    assert select_fft_conv(manager, "mine").source == "my plug-in"
    assert fft_conv(None, None, None) == "computed"
    assert select_fft_conv(manager, None).name == "mine"  # without a name, nothing changes


@pytest.mark.one_backend
@pytest.mark.usefixtures("fresh_kernel")
@pytest.mark.parametrize(
    ("load", "backends", "name", "message"),
    [
        ("import not_there", (), "mine", "Kernel 'mine' cannot be loaded: No module named 'not_there'"),
        ("raise RuntimeError('no GPU')", (), "mine", "Kernel 'mine' cannot be loaded: no GPU"),
        (
            "pass",
            ("openvino",),
            "mine",
            "Kernel 'mine' runs on openvino: on backend .* choose one of .*generic, matmul",
        ),
        ("pass", (), "yours", "Unknown kernel 'yours': choose one of .*generic, matmul, mine"),
    ],
)
def test_a_kernel_that_cannot_be_used_is_one_line(install_plugin, load, backends, name, message):
    install_plugin("one", FFT_CONV.format(load=load, backends=backends))
    with pytest.raises(HyenaDNAError, match=f"^{message}\\.?$"):
        select_fft_conv(plugin_manager(), name)


@pytest.mark.usefixtures("fresh_kernel")
def test_a_wrong_kernel_in_the_environment_is_one_line(monkeypatch):
    monkeypatch.setenv("HYENADNA_FFT_CONV", "cuda")
    with pytest.raises(HyenaDNAError, match=r"^Unknown kernel 'cuda': choose one of .*generic, matmul\.$"):
        select_fft_conv(plugin_manager(names=[]), None)


@pytest.mark.one_backend
@pytest.mark.usefixtures("fresh_kernel")
def test_the_environment_may_name_a_kernel_of_a_plugin(install_plugin, monkeypatch):
    install_plugin("one", FFT_CONV.format(load="pass", backends=()))
    monkeypatch.setenv("HYENADNA_FFT_CONV", "mine")
    assert select_fft_conv(plugin_manager(), None).name == current_kernel().name == "mine"
