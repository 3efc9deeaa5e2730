"""Weights from the Hugging Face hub: `hf://owner/name[@revision]`."""

import re
from pathlib import Path

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.checksum import sha256_of

WEIGHTS = ("model.safetensors", "weights.ckpt")  # the first of them that a repository has
COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch(uri: str) -> Path:
    """The folder, in the hub's own cache, with the weights and config.json of a repository.

    Raises:
        HyenaDNAError: huggingface_hub is not installed, or the files cannot be had; the message says how to go on.
    """
    match = re.fullmatch(r"hf://([^/@]+/[^/@]+)(?:@(.+))?", uri)
    if match is None:
        raise HyenaDNAError(f"{uri!r} is not of the form hf://owner/name or hf://owner/name@revision.")
    repository, revision = match.groups()
    try:
        import huggingface_hub  # noqa: F401 (said here, in one line, before anything asks for it)
    except ModuleNotFoundError:
        raise HyenaDNAError(f"{uri} needs huggingface_hub: run pip install 'hyenadna[hub]'.") from None
    for name in WEIGHTS:
        if path := _download(repository, name, revision):
            _download(repository, "config.json", revision)  # there may be none: shapes say what is needed
            return path.parent
    raise HyenaDNAError(f"{uri} has none of {', '.join(WEIGHTS)}.")


def _download(repository: str, name: str, revision: str | None) -> Path | None:
    """A file of a repository, from the cache if it can be no other, or None where the repository has no such file.

    What is downloaded is compared with the SHA-256 that the hub states for large files.
    """
    from huggingface_hub import constants, errors, get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub import try_to_load_from_cache as cached

    known = cached(repository, name, revision=revision)
    if COMMIT.fullmatch(revision or "") and isinstance(known, str):
        return Path(known)
    try:
        stated = get_hf_file_metadata(hf_hub_url(repository, name, revision=revision)).etag or ""
        path = Path(hf_hub_download(repository, name, revision=revision))
    except errors.RepositoryNotFoundError:
        raise HyenaDNAError(f"{constants.ENDPOINT} has no repository {repository!r} that may be read.") from None
    except errors.RevisionNotFoundError:
        raise HyenaDNAError(f"{repository} has no revision {revision!r}.") from None
    except errors.RemoteEntryNotFoundError:
        return None
    except Exception as error:  # each of a network's many ways to fail has a class of its own
        if isinstance(known, str):
            return Path(known)
        if known is not None:
            return None  # the hub was asked for it once, and had none
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise HyenaDNAError(
            f"Cannot fetch {name} from {constants.ENDPOINT}/{repository} ({reason}). Without network: put "
            "its model.safetensors and config.json in a folder, and give the folder instead of the name."
        ) from None
    if SHA256.fullmatch(stated) and (found := sha256_of(path)) != stated:
        path.resolve().unlink()
        raise HyenaDNAError(f"{name} of {repository} came damaged: its SHA-256 is {found}, the hub states {stated}.")
    return path
