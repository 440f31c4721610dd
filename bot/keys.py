"""The installation's keys: from the settings; on SQLite otherwise files beside the database.

``secret.key`` signs links and sessions. ``data.key`` holds the data keys (``models/vault.py``), one
a line, newest first; it is read anew when it changes, so that keys are changed while running.
"""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from config.settings import Settings, SettingsError, sqlite_path
from config.texts import t
from models.vault import DATA_KEY, SHUT, Vault


def secret_key(settings: Settings) -> str:
    """The signing key; ``SettingsError`` if PostgreSQL is used without one."""
    if settings.secret_key:
        return settings.secret_key
    if sqlite_path(settings.database_url) is None:
        raise SettingsError([t("settings.secret_key")])
    path = settings.data_dir / "secret.key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text("utf-8").strip()


def open_vault(settings: Settings) -> Vault:
    """The vault of this installation; without any key (PostgreSQL, none set) it stays shut."""
    if settings.data_keys:
        return Vault(lambda: settings.data_keys)
    path = key_file(settings)
    if path is None:
        return SHUT
    if not path.exists():
        write_private(path, new_key())
    return Vault(KeyFile(path))


def key_file(settings: Settings) -> Path | None:
    """Where the data keys lie, if they lie in a file."""
    kept_in_file = not settings.data_keys and sqlite_path(settings.database_url) is not None
    return settings.data_dir / "data.key" if kept_in_file else None


def new_key() -> str:
    """A fresh data key as it is written in settings and files."""
    return base64.urlsafe_b64encode(secrets.token_bytes(DATA_KEY)).decode()


def add_key(path: Path) -> None:
    """Put a fresh key before those of a key file."""
    write_private(path, f"{new_key()}\n{path.read_text('utf-8')}", replacing=True)


class KeyFile:
    """Reads a key file, again when it changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: tuple[int, int] = (0, 0)
        self._keys: tuple[bytes, ...] = ()

    def __call__(self) -> tuple[bytes, ...]:
        """The keys, newest first; none if the file is gone."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return ()
        state = (found.st_mtime_ns, found.st_ino)
        if state != self._state:
            lines = self._path.read_text("utf-8").split()
            self._keys = tuple(base64.urlsafe_b64decode(line) for line in lines)
            self._state = state
        return self._keys


def write_private(path: Path, text: str, *, replacing: bool = False) -> None:
    """A file that only its owner can read, there as a whole or not at all.

    Of two who write it for the first time at once, the first stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    put: Callable[..., None] = os.replace if replacing else os.link
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        put(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
