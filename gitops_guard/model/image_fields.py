"""Where images are named outside of Pod templates: Helm values, kustomizations, patches, custom resources.

By convention of most charts: `image: {repository: …, tag: …}`, `image: name:tag`, `imageTag: …`, and the same under
longer names (`sidecarImage`). kustomize and Flux have `images: [{name, newName, newTag, digest}]`, Argo CD has
`kustomize.images` and `helm.parameters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model import image
from gitops_guard.model.image import Image
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath

# Lists and fields of Argo Workflows and of Tekton that hold containers; there, an image without a tag is `latest`.
_CONTAINERS: Final = frozenset(
    {"container", "containers", "initContainers", "script", "sidecars", "stepTemplate", "steps"}
)
_ENDINGS: Final = ("image", "Image", "imageName", "tag", "Tag")
_TEXTS: Final = frozenset({"patch", "values"})  # of kustomize and Flux, and of Argo CD: YAML in a text
_DIGESTS: Final = ("digest", "sha", "sha256")


class Use(NamedTuple):
    """An image that is named. *path* is the field with the tag. *is_open* says that a missing tag may come from a chart
    or a kustomization; *policy* is the `imagePullPolicy` beside it, or "".
    """

    path: FieldPath
    image: Image
    is_open: bool = True
    policy: str = ""


class Text(NamedTuple):
    """YAML or JSON in a text of a document: a patch, or values."""

    path: FieldPath
    text: str


class _Context(NamedTuple):
    above: FieldPath
    containers: bool


def find(body: object, *, above: FieldPath = (), containers: bool = False) -> Iterator[Use | Text]:
    """All that *body* names, in no order. *above* is the path on which it stands where that is not the document.

    With *containers*, the fields that hold containers in Argo Workflows and Tekton are taken for such.
    """
    stack: list[tuple[Any, FieldPath]] = [(body, ())]
    seen: set[int] = set()  # what several aliases share is looked at once
    while stack:
        node, path = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            for key, value in node.items():
                if isinstance(value, dict | list):
                    stack.append((value, (*path, key)))
                elif value and isinstance(key, str):
                    yield from _leaf(node, key, value, path, _Context(above, containers))
        elif isinstance(node, list):
            for number, item in enumerate(node):
                if isinstance(item, dict | list):
                    stack.append((item, (*path, number)))
                elif isinstance(item, str) and path:
                    yield from _item(item, (*path, number))


def in_json_patch(operations: list[Any]) -> Iterator[Use | Text]:
    """What a JSON6902 patch sets."""
    for number, operation in enumerate(operations):
        if not isinstance(operation, dict) or operation.get("op") not in ("add", "replace"):
            continue
        pointer, value = operation.get("path"), operation.get("value")
        if not isinstance(pointer, str):
            continue
        *above, key = pointer.split("/")
        for found in find({key: value}, above=tuple(above)):
            yield found._replace(path=(number, "value", *found.path[1:]))


def _leaf(node: Mapping[str, Any], key: str, value: object, path: FieldPath, context: _Context) -> Iterable[Use | Text]:
    if key.endswith(_ENDINGS):
        return _field(node, key, value, path, context)
    if key in _TEXTS and isinstance(value, str) and ("mage" in value or "tag" in value):
        return (Text((*path, key), value),)
    if key == "value" and "parameters" in path[-2:]:
        return _parameter(node, path)
    return ()


def _field(node: Mapping[str, Any], key: str, value: object, path: FieldPath, context: _Context) -> Iterator[Use]:
    if key == "newTag":
        if isinstance(value, str):
            name = str(node.get("newName") or node.get("name") or "")
            yield Use((*path, key), _tagged(name, value, node))
    elif key.endswith(("tag", "Tag")):
        yield from _tag(node, key, value, path, (*context.above, *path))
    elif isinstance(value, str) and image.is_reference(value) and not _has_tag_beside(node, key):
        parsed = image.parse(value)
        is_container = context.containers and _is_container(path)
        if parsed.tag or parsed.digest or is_container:
            yield Use((*path, key), parsed, not is_container, _policy(node))


def _tag(node: Mapping[str, Any], key: str, value: object, path: FieldPath, above: FieldPath) -> Iterator[Use]:
    """`tag` beside a `repository` or within something called an image; `imageTag` anywhere."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return
    stem = key[:-3].rstrip("_-")
    if not stem:
        name = _repository(node)
        if "://" in name or name.startswith("git@"):
            return
        if not name and not any("image" in str(part).lower() for part in above[-2:]):
            return
    elif stem.lower().endswith("image"):
        name = next((n for n in (node.get(stem), node.get(f"{stem}Repository"), node.get(f"{stem}Name")) if n), "")
    else:
        return
    name = name if isinstance(name, str) and name else ".".join(map(str, above[-3:])) or key
    yield Use((*path, key), _tagged(name, str(value), node), policy=_policy(node))


def _repository(node: Mapping[str, Any]) -> str:
    name = node.get("repository") or node.get("image")
    if not isinstance(name, str):
        return ""
    registry = node.get("registry")
    return f"{registry}/{name}" if isinstance(registry, str) and registry else name


def _tagged(name: str, tag: str, node: Mapping[str, Any]) -> Image:
    """Renovate writes `tag: 1.2.3@sha256:…` where a chart knows no digest."""
    tag, _, digest = tag.partition("@")
    return Image(name, tag, digest or next((str(node[key]) for key in _DIGESTS if node.get(key)), ""))


def _has_tag_beside(node: Mapping[str, Any], key: str) -> bool:
    return any(node.get(name) for name in ("tag", f"{key}Tag", f"{key}_tag", "imageTag"))


def _is_container(path: FieldPath) -> bool:
    return any(part in _CONTAINERS for part in path[-2:])


def _policy(node: Mapping[str, Any]) -> str:
    policy = node.get("imagePullPolicy") or node.get("pullPolicy")
    return policy if isinstance(policy, str) else ""


def _parameter(node: Mapping[str, Any], path: FieldPath) -> Iterator[Use]:
    """`helm.parameters` of Argo CD: `{name: image.tag, value: …}`."""
    name, value = node.get("name"), node.get("value")
    if not isinstance(name, str) or not isinstance(value, str) or "image" not in name.lower():
        return
    if name.lower().endswith("tag"):
        yield Use((*path, "value"), _tagged(name[:-3].rstrip("._-"), value, {}))
    elif name.lower().endswith("image") and image.is_reference(value):
        yield Use((*path, "value"), image.parse(value))


def _item(item: str, path: FieldPath) -> Iterator[Use | Text]:
    if path[-2] == "patchesStrategicMerge" and "mage" in item:
        yield Text(path, item)
    elif path[-3:-1] == ("kustomize", "images") and not is_placeholder(item):
        yield Use(path, image.parse(item.rpartition("=")[2]))
