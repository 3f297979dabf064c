"""Key files and keys at key services together, so that an instance can move from the one to the other.

The setting decides which kind wraps new data keys; the others stay readable while a data key needs them.
"""

import secrets
from collections.abc import Collection, Sequence

from connector.domain.errors import CannotOpen, KeyServiceDown, NotSetUp
from connector.storage.kek import FileKeks, Kek
from connector.storage.kms.listed import KekList
from connector.storage.kms.service import KeyService, ServiceKek

__all__ = ["KeyRing"]

FILE = "file"


class KeyRing:
    """`connector.domain.ports.Keks`. `backend` is the service that wraps, or None for the key files."""

    def __init__(
        self, files: FileKeks, listed: KekList, services: Sequence[KeyService], backend: KeyService | None
    ) -> None:
        self._files, self._listed, self._services, self._backend = files, listed, services, backend

    def __repr__(self) -> str:
        return f"<KeyRing {', '.join(self.ids())}>"

    @property
    def remote(self) -> bool:
        """Whether the one that wraps is at another machine."""
        return self._backend is not None

    def ready_for(self, named: Collection[str]) -> "KeyRing":
        """Check that every key is known that a row of the database names, and that there is one to wrap with.

        Asks the service that wraps, and tries it: a key that does not bind its context is refused.

        Raises: NotSetUp when a key is missing, retired or not to be used; KeyServiceDown.
        """
        files = [id for id in named if self._service(id) is None]
        if self._backend is None:
            self._files.ready_for(files)
        else:
            self._files.check(files)
        used, retired = self._listed.used(), self._listed.retired()
        for id in sorted(set(named) - set(files)):
            if id in retired:
                raise NotSetUp(
                    f"The database is from before {id} was retired. Allow it again at its service, remove its line "
                    f"from {self._listed.path}, then run: connector keys rotate"
                )
            if id not in used:
                self._listed.use(id)  # the list is from another backup than the database
        if self._backend is not None:
            newest = self._backend.newest()
            if _place(self._backend, newest) > max((_place(self._backend, id) for id in self.ids()), default=-1):
                self._listed.use(newest)
            self._try(self.current())
        return self

    def ids(self) -> list[str]:
        """The keys in use, oldest first, as of now. The last is the one that wraps. Asks nobody."""
        files, used = self._files.ids(), self._listed.used()
        others = [id for id in used if self._backend is None or self._backend.order(id) is None]
        if self._backend is None:
            return others + files
        backend = self._backend
        return files + others + sorted((id for id in used if id not in others), key=lambda id: _place(backend, id))

    def current(self) -> Kek:
        """The newest key, also when another process made it."""
        return self.get(self.ids()[-1])

    def get(self, id: str) -> Kek:
        """Raises: CannotOpen when it is no key file here and no version of the services' keys."""
        service = self._service(id)
        return self._files.get(id) if service is None else ServiceKek(id, service)

    def make(self, after: str | None = None) -> str:
        """The next key: one that the service has already, made by a person or a schedule, or a new one.

        Raises: NotSetUp where only a person can make one; KeyServiceDown.
        """
        if self._backend is None:
            return self._files.make(after)
        last = self.ids()[-1]
        if after is not None and last != after:
            return last
        newest = self._backend.newest()
        if _place(self._backend, newest) <= _place(self._backend, last):
            newest = self._backend.create()
        self._try(ServiceKek(newest, self._backend))
        self._listed.use(newest)
        return newest

    def retire(self, id: str) -> None:
        """Take a key out of use here; what its service makes of it is `lock_retired`'s."""
        if self._service(id) is None:
            self._files.retire(id)
        else:
            self._listed.retire(id)

    def lock_retired(self) -> list[str]:
        """Have each service refuse what is retired here; sentences for what is left to a person."""
        told = list[str]()
        for service in self._services:
            retired = [id for id in self._listed.retired() if service.order(id) is not None]
            if not retired:
                continue
            try:
                left = service.lock(retired, [id for id in self._listed.used() if service.order(id) is not None])
            except KeyServiceDown as down:
                left = f"{down} Until it does, it still opens what is under a retired key."
            if left:
                told.append(left)
        return told

    def _service(self, id: str) -> KeyService | None:
        return next((service for service in self._services if service.order(id) is not None), None)

    def _try(self, kek: Kek) -> None:
        """What it wraps has to open with its context, and with no other."""
        secret, context = secrets.token_bytes(32), b'["v1","try"]'
        wrapped = kek.wrap(secret, context)
        if kek.unwrap(wrapped, context) != secret:
            raise NotSetUp(f"What {kek.id} wraps does not open again. Check that key at its service.")
        try:
            kek.unwrap(wrapped, context + b" ")
        except CannotOpen:
            return
        raise NotSetUp(
            f"{kek.id} opens what was wrapped for somebody else: its service ignores the context. Update it."
        )


def _place(service: KeyService, id: str) -> int:
    place = service.order(id)
    return -1 if place is None else place
