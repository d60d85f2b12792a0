"""Secrets in plain text, in each of the places where people leave them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from bench.plants.ground import Ground, Plant, plants, secret, value_at_any
from gitops_guard.model.resource import FileKind, Resource
from gitops_guard.model.workload import value_at

_ENV = "env:\n- name: {name}\n  value: {value} «"
_NAMES = ("DB_PASSWORD", "API_KEY", "SESSION_SECRET", "AUTH_TOKEN", "SMTP_PASSWORD", "CLIENT_SECRET")


def _name(*about: object) -> str:
    return _NAMES[sum(map(ord, " ".join(map(str, about)))) % len(_NAMES)]


def _into_env(ground: Ground, form: str, name: str, value: str) -> Iterator[Plant | None]:
    """One variable more; the list is begun where there is none. *value* is a pattern with `{0}` for the secret."""
    for resource, path, container in ground.containers():
        if resource.id.kind == "Secret":
            continue
        about = (form, resource.location, *path)
        written = value.format(secret(*about))
        if not container.get("env"):
            text = _ENV.format(name=name or _name(*about), value=written)
            yield ground.behind(resource, (*path, "image"), text)
            continue
        file, line, _column = resource.locate((*path, "env", 0), key=False)
        text = ground.lines(file)[line - 1]
        indent = len(text) - len(text.lstrip())
        if text[indent : indent + 2] == "- ":
            snippet = f"- name: {name or _name(*about)}\n  value: {written} «"
            yield ground.before(file, line, indent, snippet)


@plants("secret-in-config", "value of an environment variable")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _into_env(ground, "env", "", "{0}")


@plants("secret-in-config", "login in a URL of an environment variable")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _into_env(ground, "url", "DATABASE_URL", "postgres://app:{0}@db.internal:5432/app")


@plants("secret-in-config", "argument of a container")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, container in ground.containers():
        if "args" not in container:
            value = secret("args", resource.location, *path)
            yield ground.behind(resource, (*path, "image"), f"args:\n- --db-password={value} «")


@plants("secret-in-config", "command of a container")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, container in ground.containers():
        if "command" not in container and "args" not in container:
            value = secret("command", resource.location, *path)
            yield ground.behind(
                resource, (*path, "image"), f'command:\n- sh\n- -c\n- "server --api-key {value} --port 80" «'
            )


def _config_maps(ground: Ground, *without: str) -> Iterator[Resource]:
    """ConfigMaps with data, *without* this key: the last one of two is taken."""
    for resource in ground.of_kind("ConfigMap"):
        data = value_at(resource.body, ("data",))
        if isinstance(data, dict) and data and data.keys().isdisjoint(without):
            yield resource


@plants("secret-in-config", "key of a ConfigMap")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _config_maps(ground):
        value = secret("key", resource.location)
        yield ground.into(resource, ("data",), f"{_name(resource.location)}: {value} «")


@plants("secret-in-config", "properties in a ConfigMap")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _config_maps(ground, "application.properties"):
        value = secret("properties", resource.location)
        text = f"application.properties: |\n  server.port=8080\n  spring.datasource.password={value} «\n  debug=false"
        yield ground.into(resource, ("data",), text)


@plants("secret-in-config", "YAML in a ConfigMap")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _config_maps(ground, "config.yaml"):
        value = secret("yaml", resource.location)
        text = f"config.yaml: |\n  database:\n    host: db\n    password: {value} «"
        yield ground.into(resource, ("data",), text)


@plants("secret-in-config", "JSON in a ConfigMap")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _config_maps(ground, "config.json"):
        value = secret("json", resource.location)
        text = f'config.json: |\n  {{\n    "host": "db",\n    "apiKey": "{value}" «\n  }}'
        yield ground.into(resource, ("data",), text)


@plants("secret-in-config", "annotation")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind():
        if resource.id.kind == "Secret":
            continue
        text = f"example.com/api-token: {secret('annotation', resource.location)} «"
        if resource.annotations:
            yield ground.into(resource, ("metadata", "annotations"), text)
        else:
            yield ground.behind(resource, ("metadata", "name"), f"annotations:\n  {text}")


@plants("secret-in-config", "field of a custom resource")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind():
        if "." in resource.id.group and not resource.id.group.endswith(("k8s.io", "toolkit.fluxcd.io", "argoproj.io")):
            text = f"adminPassword: {secret('custom', resource.location)} «"
            yield ground.into(resource, ("spec",), text)


@plants("secret-in-values", "values file")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.HELM_VALUES):
        if file.documents and isinstance(file.documents[0].body, dict):
            for key, value in file.documents[0].body.items():
                if isinstance(value, dict) and isinstance(key, str):
                    text = f"{_name(file.path, key).lower()}: {secret('values', file.path, key)} «"
                    yield ground.into(file, (key,), text)


@plants("secret-in-values", "values of a HelmRelease")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        text = f"adminPassword: {secret('release', resource.location)} «"
        yield ground.into(resource, ("spec", "values"), text)


@plants("secret-in-values", "environment in the values of a HelmRelease")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        name, value = _name(resource.location), secret("release env", resource.location)
        if "env" in (value_at(resource.body, ("spec", "values")) or {}):
            continue
        yield ground.into(resource, ("spec", "values"), f"env:\n  {name}: {value} «")


@plants("secret-in-values", "values of a HelmRelease without any")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        if value_at(resource.body, ("spec", "values")) is None:
            value = secret("new values", resource.location)
            text = f"values:\n  auth:\n    username: admin\n    password: {value} «"
            yield ground.behind(resource, ("spec", "interval"), text)


def _kustomizations(ground: Ground, *without: str) -> Iterator[str]:
    for file in ground.files_of_kind(FileKind.KUSTOMIZATION):
        if len(file.documents) == 1 and isinstance(file.documents[0].body, dict):
            body = file.documents[0].body
            if not any(key in body for key in without) and body.get("resources"):
                yield file.path


@plants("secret-in-generator", "literal of a secretGenerator")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in _kustomizations(ground, "secretGenerator"):
        value = secret("literal", path)
        text = f"secretGenerator:\n- name: database\n  literals:\n  - username=app\n  - password={value} «"
        yield ground.appended(path, text, document=False)


@plants("secret-in-generator", "file that a secretGenerator reads as variables")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in _kustomizations(ground, "secretGenerator"):
        folder = path.rpartition("/")[0]
        env = f"{folder}/database.env" if folder else "database.env"
        named = ground.appended(path, "secretGenerator:\n- name: database\n  envs:\n  - database.env «", document=False)
        planted = ground.added(env, f"DB_USER=app\nDB_PASSWORD={secret('envs', path)} «\n")
        yield Plant({**named.files, **planted.files}, named.expected | planted.expected)


@plants("secret-in-generator", "literal of a configMapGenerator")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in _kustomizations(ground, "configMapGenerator"):
        value = secret("config literal", path)
        text = f"configMapGenerator:\n- name: settings\n  literals:\n  - LOG_LEVEL=info\n  - API_TOKEN={value} «"
        yield ground.appended(path, text, document=False)


@plants("secret-in-template", "template of an ExternalSecret")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("ExternalSecret"):
        value = secret("template", resource.location)
        if value_at(resource.body, ("spec", "target", "template", "data")):
            yield ground.into(resource, ("spec", "target", "template", "data"), f"ADMIN_PASSWORD: {value} «")
        elif value_at(resource.body, ("spec", "target", "template")) is None:
            text = f"template:\n  data:\n    ADMIN_PASSWORD: {value} «"
            yield ground.behind(resource, ("spec", "target", "name"), text)


@plants("secret-in-template", "configuration in the template of an ExternalSecret")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("ExternalSecret"):
        value = secret("template text", resource.location)
        text = f"config.yaml: |\n  user: admin\n  password: {value} «"
        yield ground.into(resource, ("spec", "target", "template", "data"), text)


_SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: planted\n{body}"


def _secrets(ground: Ground, form: str, body: str, *, encoded: bool = False) -> Iterator[Plant | None]:
    """A Secret behind the last document of a manifest."""
    for path in dict.fromkeys(resource.location.file for resource in ground.of_kind()):
        value = secret(form, path)
        written = b64encode(value.encode()).decode() if encoded else value
        yield ground.appended(path, _SECRET.format(body=body.format(written)))


@plants("plaintext-secret", "stringData")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _secrets(ground, "stringData", "stringData:\n  username: app\n  password: {0} «")


@plants("plaintext-secret", "data")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _secrets(ground, "data", "type: Opaque\ndata:\n  password: {0} «", encoded=True)


@plants("plaintext-secret", "basic-auth")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _secrets(ground, "basic", "type: kubernetes.io/basic-auth\nstringData:\n  password: {0} «")


@plants("plaintext-secret", "docker configuration")
def _(ground: Ground) -> Iterator[Plant | None]:
    config = '{{"auths":{{"registry.example.com":{{"username":"app","password":"{0}"}}}}}}'
    body = f"type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{config}' «"
    yield from _secrets(ground, "docker", body)


@plants("plaintext-secret", "bootstrap token")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _secrets(ground, "bootstrap", "type: bootstrap.kubernetes.io/token\nstringData:\n  token-secret: {0} «")


@plants("plaintext-secret", "in a List")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in dict.fromkeys(resource.location.file for resource in ground.of_kind()):
        value = secret("list", path)
        yield ground.appended(
            path,
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: planted\n"
            f"  stringData:\n    password: {value} «",
        )


@plants("sops-incomplete", "a value in plain text in an encrypted file")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path, data in ground.files.items():
        if ".sops." not in path or b"ENC[" not in data:
            continue
        for number, line in enumerate(ground.lines(path), 1):
            key, colon, value = line.partition(": ")
            if colon and value.startswith("ENC[AES256") and "mac" not in key:
                yield ground.instead(path, number, f"{key}: {secret('sops', path, number)} «")


@plants("sops-incomplete", "a file in plain text that has to be encrypted")
def _(ground: Ground) -> Iterator[Plant | None]:
    if ".sops.yaml" not in ground.files:
        return
    for path in ground.files:
        folder, _, name = path.rpartition("/")
        if name != "kustomization.yaml" or not path.startswith("cluster/"):
            continue
        text = f"{_SECRET.format(body='stringData: «')}\n  password: {secret('plain sops', path)} «\n"
        plant = ground.added(f"{folder}/planted.sops.yaml", text)
        yield Plant(plant.files, plant.expected | {(f"{folder}/planted.sops.yaml", 1)})


@plants("sops-incomplete", "an encrypted file whose encryption was undone")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.tree.files:
        if file.kind is FileKind.SOPS and value_at_any(file.documents[0].body if file.documents else None, ("sops",)):
            body = file.documents[0].body
            if isinstance(body.get("stringData"), dict):
                text = f"{_SECRET.format(body='stringData: «')}\n" + "".join(
                    f"  {key}: {secret('undone', file.path, key)} «\n" for key in body["stringData"]
                )
                yield Plant(
                    {file.path: text.replace(" «", "").encode()},
                    frozenset((file.path, line) for line in range(1, text.count("\n") + 1)),
                )
