"""What clients ask before anything else: the version, and which groups and resources there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.kubernetes.resources import Resource

#: An invented build of a real minor version.
VERSION: Final = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.5-gke.1162000",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.24.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def make_pages(resources: Sequence[Resource]) -> dict[str, Mapping[str, Any]]:
    """Make all pages, by their paths."""
    groups = [group for group in dict.fromkeys(each.group for each in resources) if group]
    pages: dict[str, Mapping[str, Any]] = {
        "/version": VERSION,
        "/api": {"kind": "APIVersions", "apiVersion": "v1", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_make_group(group) for group in groups]},
        "/api/v1": _make_list("v1", resources),
        "/openapi/v3": {"paths": {f"apis/{g}/v1": {"serverRelativeURL": f"/openapi/v3/apis/{g}/v1"} for g in groups}},
    }
    for group in groups:
        pages[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1", **_make_group(group)}
        pages[f"/apis/{group}/v1"] = _make_list(f"{group}/v1", resources)
        pages[f"/openapi/v3/apis/{group}/v1"] = _make_open_api([each for each in resources if each.group == group])
    return pages


def _make_group(group: str) -> dict[str, Any]:
    version = {"groupVersion": f"{group}/v1", "version": "v1"}
    return {"name": group, "versions": [version], "preferredVersion": version}


def _make_list(api_version: str, resources: Sequence[Resource]) -> dict[str, Any]:
    listed = [
        {
            "name": each.plural,
            "singularName": each.kind.lower(),
            "namespaced": each.namespaced,
            "kind": each.kind,
            "verbs": list(each.verbs),
            "shortNames": list(each.short_names),
        }
        for each in resources
        if each.api_version == api_version
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": listed}


def _make_open_api(resources: Sequence[Resource]) -> dict[str, Any]:
    """Make as much of a group's OpenAPI as kubectl needs to know that the server validates fields itself."""
    paths = {}
    for each in resources:
        parameters = [{"name": name, "in": "query"} for name in ("dryRun", "fieldManager", "fieldValidation", "force")]
        kind = {"group": each.group, "kind": each.kind, "version": each.version}
        paths[f"/apis/{each.api_version}/{each.plural}/{{name}}"] = {
            "patch": {
                "parameters": parameters,
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": kind,
                "responses": {},
            }
        }
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.33.5"}, "paths": paths}
