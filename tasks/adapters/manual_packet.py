"""A folder from which a person posts essays by hand, to channels without an API."""

from pathlib import Path

from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.adapters.essay_post import as_html, as_read_me
from tasks.kernel.digests import sha256_hex
from tasks.ports.essay_target import EssayPacket, Offered, Receipt

TEXT, PAGE, READ_ME, SUMS = "post.md", "post.html", "README.txt", "SHA256SUMS"


class ManualPacket:
    """Lays each essay into a folder of its own.

    Args:
        folder: holds them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = DirectoryPublisher(folder)

    def offer(self, essay: EssayPacket) -> Receipt:
        """See `ports.essay_target.EssayTarget`. The sums come last: with them it is whole."""
        place = self._folder.location(essay.slot_id)
        if essay.withdrawn:
            return self._withdraw(essay, place)
        found = self._folder.read(f"{essay.slot_id}/{TEXT}")
        if found is not None and found != essay.markdown:
            said = (
                f"{TEXT} is not the approved text any more; it was left alone. Don't post it: move "
                "the folder away, and the packet is made again"
            )
            return Receipt(Offered.CHANGED, place, said)
        files = {
            TEXT: essay.markdown,
            PAGE: as_html(essay).encode(),
            READ_ME: as_read_me(essay).encode(),
        }
        sums = "".join(f"{sha256_hex(data)}  {name}\n" for name, data in files.items())
        files[SUMS] = sums.encode()
        self._folder.publish({f"{essay.slot_id}/{name}": data for name, data in files.items()})
        return Receipt(Offered.WAITING, place, f"{READ_ME} in the folder tells how to post it")

    def _withdraw(self, essay: EssayPacket, place: str) -> Receipt:
        """Say so first; then nothing is left that could be posted."""
        self._folder.publish({f"{essay.slot_id}/{READ_ME}": as_read_me(essay).encode()})
        self._folder.remove([f"{essay.slot_id}/{name}" for name in (SUMS, TEXT, PAGE)])
        said = f"withdrawn; where it was posted, a person takes it down as {READ_ME} tells"
        return Receipt(Offered.WAITING, place, said)
