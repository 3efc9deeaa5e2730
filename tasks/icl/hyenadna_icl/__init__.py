"""In-context learning: soft prompts and few-shot classification with a frozen language model."""

from typing import Any

from hyenadna_plugins import hookimpl


@hookimpl
def register_tasks(register: Any) -> None:
    from hyenadna_icl.few_shot import FewShotTask
    from hyenadna_icl.soft_prompt import SoftPromptTask

    register(SoftPromptTask)
    register(FewShotTask)


@hookimpl
def register_commands(cli: Any) -> None:
    from hyenadna_icl.commands.icl import icl

    cli.add_command(icl)
