"""Weights from the Hugging Face hub: `hf://owner/name[@revision]`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.files.checksum import sha256_of
from hyenadna_core.weights.tensor_files import FILES, INDEX, files_of_index
from hyenadna_plugins import reason_of

PLACES = ("ETag", "X-Linked-ETag", "X-Repo-Commit", "X-Xet-Hash")  # headers that name files of the cache
COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch(uri: str) -> Path:
    """Download the weights and config.json of a repository; return their folder in the hub's cache.

    Raises:
        HyenaDNAError: huggingface_hub is not installed, or the download fails. The message gives a
            way out.
    """
    match = re.fullmatch(r"hf://([^/@]+/[^/@]+)(?:@(.+))?", uri)
    if match is None:
        raise HyenaDNAError(f"{uri!r} is not an address of the hub: write hf://owner/name or hf://owner/name@revision.")
    repository, revision = match.groups()
    try:
        import huggingface_hub  # noqa: F401 (a clear error before its first use)
    except ModuleNotFoundError:
        raise HyenaDNAError(f"{uri} needs huggingface_hub: run pip install 'hyenadna[hub]'.") from None
    with _checked_answers():
        for name in FILES:
            if path := _download(repository, name, revision):
                for part in dict.fromkeys(files_of_index(path).values() if name.endswith(INDEX) else ()):
                    if _download(repository, part, revision) is None:
                        raise HyenaDNAError(f"{uri} has no file {part!r}, which its {name} names.")
                _download(repository, "config.json", revision)  # may be missing: the shapes are enough
                return path.parent
    raise HyenaDNAError(f"{uri} has no weights: it needs one of {', '.join(FILES)}.")


@contextmanager
def _checked_answers() -> Iterator[None]:
    """Check each answer of the server before huggingface_hub names files by it."""
    from huggingface_hub import get_session

    hooks = get_session().event_hooks["response"]
    hooks.append(_check_places)
    try:
        yield
    finally:
        hooks.remove(_check_places)


def _check_places(response: Any) -> None:
    """Raise HyenaDNAError if a header would lead out of the hub's cache."""
    for header in PLACES:
        value = response.headers.get(header, "").lstrip("W/").strip('"')
        if value.startswith("/") or ".." in re.split(r"[/\\]", value):
            raise HyenaDNAError(
                f"{response.url.host} sent a {header} that leads out of the cache, {value!r}: nothing was written."
            )


def _download(repository: str, name: str, revision: str | None) -> Path | None:
    """Download a file of a repository; return None if the repository has no such file.

    A file of a commit comes from the cache if it is there. A large file is compared with the
    SHA-256 that the hub states.
    """
    from huggingface_hub import constants, errors, get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub import try_to_load_from_cache as cached

    known = cached(repository, name, revision=revision)
    if COMMIT.fullmatch(revision or "") and isinstance(known, str):
        return Path(known)
    try:
        stated = get_hf_file_metadata(hf_hub_url(repository, name, revision=revision)).etag or ""
        path = Path(hf_hub_download(repository, name, revision=revision))
    except HyenaDNAError:
        raise
    except errors.RepositoryNotFoundError:
        raise HyenaDNAError(
            f"{constants.ENDPOINT} has no repository {repository!r} that you may read: check its name, or log in."
        ) from None
    except errors.RevisionNotFoundError:
        raise HyenaDNAError(f"{repository} has no revision {revision!r}: check its name.") from None
    except errors.RemoteEntryNotFoundError:
        return None
    except Exception as error:  # network failures have many classes
        if isinstance(known, str):
            return Path(known)
        if known is not None:
            return None  # an earlier request showed that the hub has no such file
        raise HyenaDNAError(
            f"Cannot fetch {name} from {constants.ENDPOINT}/{repository} ({reason_of(error)}). Without network: put "
            "its model.safetensors and config.json in a folder, and give the folder instead of the name."
        ) from None
    if SHA256.fullmatch(stated) and (sha256 := sha256_of(path)) != stated:
        path.resolve().unlink()
        raise HyenaDNAError(
            f"{name} of {repository} was damaged in the download: its SHA-256 is {sha256}, not {stated}. Try again."
        )
    return path
