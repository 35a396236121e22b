"""`/api/v1/modules/{module}/status|data|config|reset`, for every module that is found."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app

from app.core.access import Permission
from app.errors import sentence
from app.gateway import configuration
from app.gateway.context import configured, core_session
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Open, Schema, Text
from app.gateway.writing import commit_core
from app.plugins import load_plugins

from .base import Act, Done, Module

blueprint = Resources("modules", __name__, "The seven modules, each behind the same addresses.")

ORDER = ("core", "connector", "database", "gateway", "processor", "web", "clients")
MODULES: dict[str, Module] = {code: load_plugins(__package__, "MODULE")[code] for code in ORDER}


class Status(Schema):
    """How a module is, and the configuration in force."""

    module = Text(16, "core", required=True)
    facts = Open(None, {"sessions": 3}, required=True)
    config = Open(None, {"log_level": "INFO"}, required=True)


def _register(module: Module) -> None:
    path = f"/modules/{module.code}"
    blueprint.operation(
        "GET",
        f"{path}/status",
        Permission.SEE_SYSTEM,
        sentence("Status of a module"),
        answer=Status,
    )(_named(f"{module.code}_status", _status(module)))
    _register_data(module, f"{path}/data")
    if module.config:
        blueprint.operation(
            "PUT",
            f"{path}/config",
            Permission.MANAGE_SYSTEM,
            sentence("Configure a module"),
            body=module.config,
            answer=Status,
            twin=f"{path}/config",
        )(_named(f"configure_{module.code}", _configure(module)))
    else:
        blueprint.absent(f"{path}/config")
    if module.reset:
        blueprint.operation(
            "DELETE",
            f"{path}/reset",
            Permission.MANAGE_SYSTEM,
            sentence("Reset a module"),
            query=_confirmation(module.code),
            answer=Done,
            twin=f"{path}/reset",
        )(_named(f"reset_{module.code}", _reset(module)))
    else:
        blueprint.absent(f"{path}/reset")


def _register_data(module: Module, path: str) -> None:
    act = module.data
    if act is None:
        blueprint.absent(path)
    elif act.ready:
        blueprint.add_url_rule(path, f"{module.code}_data", act.view, methods=["POST"])
    else:
        blueprint.operation(
            "POST",
            path,
            act.permission,
            sentence("Give a module data"),
            body=act.body,
            answer=act.answer,
            status=act.status,
        )(_named(f"{module.code}_data", act.view))


def _status(module: Module) -> Callable[[], dict[str, Any]]:
    def status() -> dict[str, Any]:
        """How the module is, and the configuration in force."""
        settings = configured()
        names = configuration.CHANGEABLE.get(module.code, ())
        config = {name: getattr(settings, name) for name in names}
        return {"module": module.code, "facts": module.status(), "config": config}

    return status


def _configure(module: Module) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def configure(body: dict[str, Any]) -> dict[str, Any]:
        """Replace what was changed; what is absent is the environment's again."""
        core = core_session(writes=True)
        configuration.write(core, module.code, body)
        commit_core(core, "module.configure", module.code, body)
        current_app.extensions["configuration"].publish(configuration.read(core))
        return _status(module)()

    return configure


def _reset(module: Module) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def reset(query: dict[str, Any]) -> dict[str, Any]:
        """Remove derived or transient state; measurements and accounts stay."""
        removed = module.reset() if module.reset else {}
        commit_core(core_session(writes=True), "module.reset", module.code, removed)
        return {"module": module.code, "result": removed}

    return reset


def _confirmation(code: str) -> type[Schema]:
    about = "The name of the module, to show that this is meant."
    return Schema.from_dict({"confirm": Choice(code, about=about, required=True)})


def _named(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    """The view under the name of its operation; what it is called elsewhere stays."""

    @wraps(view)
    def named(*given: Any, **address: Any) -> Any:
        return view(*given, **address)

    named.__name__ = name
    return named


__all__ = ["MODULES", "Act", "blueprint"]

for _module in MODULES.values():
    _register(_module)
