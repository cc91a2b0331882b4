"""What spans tags and their transactions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..models import Rule, Tag
from ..names import tag_names, tags_text

if TYPE_CHECKING:
    from users.models import User


def delete_tag(*, tag: Tag, into: Tag | None = None, force: bool) -> None:
    """Delete `tag`. Its transactions and the rules that give it get the tag `into` instead, or with `force` none; rules
    that have nothing left to give are deleted.

    Raises a Conflict with the number of its `transactions` and `rules` if there are any, and neither is given.
    """
    with Tag.objects.writing(tag.owner_id) as write:
        write.lock()
        if into:
            Tag.objects.all().exchanged(tag.owner_id, tag.name, into.name)
        elif force:
            Tag.objects.all().taken_off(tag.owner_id, [tag.name])
            if write.has_rules:
                Rule.objects.filter(owner=tag.owner_id).idle().delete()
        tag.delete()


def save_new_tags(owner: "User", tags: Sequence[Tag], text: str) -> str:
    """Save these new tags; return the text of a transaction's tags, with the names as they are stored.

    If another request saves a tag of the same name meanwhile, the transaction gets that one.
    """
    Tag.objects.bulk_create(tags, ignore_conflicts=True)
    stored = dict(Tag.objects.for_owner(owner).filter(key__in=[tag.key for tag in tags]).values_list("key", "name"))
    names = {tag.name: stored.get(tag.key, tag.name) for tag in tags}
    return tags_text([names.get(name, name) for name in tag_names(text)])
