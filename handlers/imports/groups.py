"""Sheet 群: the groups of WeCom and the units they are bound to."""

from handlers.imports.known import Known
from handlers.imports.people import unit_of
from handlers.imports.plan import GroupRow, Plan
from handlers.imports.sheets import Sheet
from handlers.imports.tree import Tree


def check_groups(sheet: Sheet, tree: Tree, known: Known, plan: Plan) -> None:
    """Each group stands once; a webhook belongs to one group."""
    seen: dict[str, int] = {}
    hooks: dict[str, int] = {}
    for entry in sheet:
        unit = unit_of(sheet, entry, tree)
        chatid, hook = entry.get("chatid"), entry.get("webhook")
        if hook and hook in hooks:
            sheet.note(entry.row, "webhook", "imports.group.hook_twice", row=hooks[hook])
        elif hook:
            hooks[hook] = entry.row
        if chatid is None:
            continue
        if chatid in seen:
            sheet.note(entry.row, "chatid", "imports.group.twice", chatid=chatid, row=seen[chatid])
            continue
        seen[chatid] = entry.row
        if unit is None:
            continue
        group = known.groups.get(chatid)
        name = entry.get("name")
        row = GroupRow(
            id=group.id if group else None,
            chatid=chatid,
            name=(group.name if group else "") if name is None else name,
            unit=unit,
            webhook=(group.webhook if group else "") if hook is None else hook,
            binds=group is None or group.unit is None or tree.settle(group.unit) != unit,
        )
        if group is None:
            plan.tally("group").new += 1
            plan.groups.append(row)
            continue
        differs = row.binds or (row.name, row.webhook) != (group.name, group.webhook)
        plan.tally("group").count(changed=differs or group.unit != unit)
        if differs:
            plan.groups.append(row)
