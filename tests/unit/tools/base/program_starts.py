"""Finds in Python sources which programs they start, following lists, names and helpers.

A start is a call of subprocess's functions, or of a helper of ours that hands a parameter on to
one. A method counts as called where the receiver is named like its class: `bench.lab.run` is Lab's.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

STARTERS = ("run", "Popen", "call", "check_call", "check_output")
# Other functions that start programs. The check doesn't follow them, so nothing of ours may use
# them.
FORBIDDEN = ("execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe",
             "spawnl", "spawnlp", "spawnv", "spawnvp", "posix_spawn", "posix_spawnp", "system",
             "popen", "getoutput", "getstatusoutput", "create_subprocess_exec",
             "create_subprocess_shell", "startfile")
OWN = ""  # what was made here, and is no installed program
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Start:
    """A program's name, and where it is started."""

    program: str
    path: Path
    line: int


class Unclear(Exception):
    """Which program is started can't be told."""


@dataclass(frozen=True)
class Helper:
    """A function that starts what its argument at `index` names: a list, or a word and the rest."""

    name: str
    owner: str  # the class, or the module
    in_class: bool
    index: int


class Sources:
    """Modules as trees, with what is looked up in them."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.trees = {path: ast.parse(path.read_text()) for path in paths}
        self._path_of: dict[ast.AST, Path] = {}
        self._around: dict[ast.AST, ast.AST] = {}
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                self._path_of[node] = path
                for child in ast.iter_child_nodes(node):
                    self._around[child] = node
        self._helpers: set[Helper] = set()
        self._asked: list[ast.expr] = []
        self.unclear: list[str] = []

    # --- Who calls what ---

    def starts(self) -> set[Start]:
        """All starts, until no more helpers are found."""
        found: set[Start] = set()
        while True:
            before, self.unclear = len(self._helpers), []
            for path, tree in self.trees.items():
                for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
                    if called(call)[0] in ("needed", "which"):  # for others to start
                        found |= {Start(word.value, path, call.lineno) for word in call.args
                                  if isinstance(word, ast.Constant)}
                    found |= {Start(program, path, call.lineno)
                              for program in self._started(call) if program != OWN}
            if len(self._helpers) == before:
                return found

    def _started(self, call: ast.Call) -> set[str]:
        for argument in self._what_starts(call):
            try:
                return self._programs(argument) | self._wrapped(call)
            except Unclear:
                self.unclear.append(f"{self._path_of[call]}:{call.lineno}: {ast.unparse(call)}")
        return set()

    def _what_starts(self, call: ast.Call) -> Iterator[ast.expr]:
        name, receiver = called(call)
        if name in FORBIDDEN and receiver in ("os", "subprocess", "asyncio", "pty"):
            raise AssertionError(f"{self._path_of[call]}:{call.lineno}: use subprocess for it")
        if receiver == "subprocess" and name in STARTERS:
            yield call.args[0]
            return
        for helper in list(self._helpers):
            if self._calls(call, helper) and len(call.args) > helper.index:
                yield call.args[helper.index]
                return

    def _calls(self, call: ast.Call, helper: Helper) -> bool:
        name, receiver = called(call)
        if helper.name == "__init__":
            return name == helper.owner
        if name != helper.name:
            return False
        if not helper.in_class:
            same = self._path_of[call].stem == helper.owner and receiver == ""
            return same or receiver == helper.owner or self._imports(call, name, helper.owner)
        if receiver == "self":
            return any(isinstance(around, ast.ClassDef) and around.name == helper.owner
                       for around in self._outwards(call))
        return receiver.strip("_") == helper.owner.lower()

    def _imports(self, node: ast.AST, name: str, module: str) -> bool:
        return called(node)[1] == "" and any(
            isinstance(one, ast.ImportFrom) and (one.module or "").split(".")[-1] == module
            and any(alias.name == name for alias in one.names)
            for one in ast.walk(self.trees[self._path_of[node]]))

    def _outwards(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self._around:
            node = self._around[node]
            yield node

    # --- What an expression names ---

    def _wrapped(self, call: ast.Call) -> set[str]:
        """What env, sh and their like are to start, where it stands among the call's words."""
        words = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        wrapper = next((at for at, word in enumerate(words) if word in ("env", "sh")), None)
        return set() if wrapper is None else \
            {word for word in words[wrapper:] if isinstance(word, str) and word.isidentifier()}

    def _programs(self, node: ast.expr) -> set[str]:
        if node in self._asked:  # a list that is put together from itself
            return {OWN}
        self._asked.append(node)
        try:
            return self._programs_of(node)
        finally:
            self._asked.pop()

    def _programs_of(self, node: ast.expr) -> set[str]:
        match node:
            case ast.Constant(value=str(text)):
                return {OWN if text.startswith("-") else Path(text).name}
            case ast.JoinedStr() | ast.BinOp(op=ast.Div()):
                return {OWN}
            case ast.List(elts=[first, *rest]) | ast.Tuple(elts=[first, *rest]):
                return self._programs(first) | self._behind_dashes(rest)
            case ast.Starred(value=value) | ast.BinOp(op=ast.Add(), left=value):
                return self._programs(value)
            case ast.IfExp(body=one, orelse=other):
                return self._programs(one) | self._programs(other)
            case ast.BoolOp(values=values) | ast.Dict(values=values):
                return self._all(values)
            case ast.Subscript(value=value):
                return self._programs(value)
            case ast.Attribute(value=ast.Name(id="sys"), attr="executable"):
                return {"python3"}
            case ast.Attribute(attr=name) | ast.Name(id=name):
                return self._named(node, name)
            case ast.Call(args=[inner]) if called(node)[0] in ("str", "Path", "next"):
                return self._programs(inner)
            case ast.Call(args=[inner, *_]) if called(node) == ("which", "shutil"):
                return self._programs(inner)
            case ast.GeneratorExp(elt=value):
                return self._programs(value)
            case ast.Call(func=function):
                return self._returned(function)
        raise Unclear

    def _behind_dashes(self, words: list[ast.expr]) -> set[str]:
        for word, after in zip(words, words[1:]):
            if isinstance(word, ast.Constant) and word.value == "--":
                return self._programs(after)
        return set()

    def _named(self, node: ast.expr, name: str) -> set[str]:
        """By a parameter, which makes a helper of its function, or by what is assigned."""
        if isinstance(node, ast.Name):
            for function in self._outwards(node):
                if isinstance(function, Function) and self._is_parameter(function, name):
                    return {OWN}
                if isinstance(function, Function) and any(assigned(function, name)):
                    return self._all(assigned(function, name))
        return self._all(value for tree in self._where(node, name)
                         for value in assigned(tree, name))

    def _where(self, node: ast.expr, name: str) -> Iterator[ast.AST]:
        """The modules that may say what a name of this one is."""
        here = self.trees[self._path_of[node]]
        known = set()
        if isinstance(node, ast.Attribute):
            known.add(getattr(node.value, "id", ""))
        for one in ast.walk(here):
            if isinstance(one, ast.ImportFrom) and name in [alias.name for alias in one.names]:
                known.add((one.module or "").split(".")[-1])
        yield here
        yield from (tree for path, tree in self.trees.items() if path.stem in known)

    def _all(self, values: Iterable[ast.expr]) -> set[str]:
        found = [self._programs(value) for value in values]
        if not found:
            raise Unclear
        return set().union(*found)

    def _is_parameter(self, function: Function, name: str) -> bool:
        names = [argument.arg for argument in function.args.args]
        if function.args.vararg:
            names.append(function.args.vararg.arg)
        if name not in names:
            return False
        owner = self._around[function]
        in_class = isinstance(owner, ast.ClassDef)
        self._helpers.add(Helper(function.name,
                                 owner.name if in_class else self._path_of[function].stem,
                                 in_class, names.index(name) - in_class))
        return True

    def _returned(self, called_one: ast.expr) -> set[str]:
        """What a function of ours gives back."""
        name = called(called_one)[0]
        return self._all(
            node.value for tree in self._where(called_one, name) for function in ast.walk(tree)
            if isinstance(function, Function) and function.name == name
            for node in ast.walk(function) if isinstance(node, ast.Return) and node.value)


def called(call: ast.AST) -> tuple[str, str]:
    """The function's name, and the last name of what it is called on."""
    function = call.func if isinstance(call, ast.Call) else call
    if isinstance(function, ast.Name):
        return function.id, ""
    if not isinstance(function, ast.Attribute):
        return "", ""
    on = function.value
    return function.attr, on.attr if isinstance(on, ast.Attribute) else getattr(on, "id", "?")


def assigned(scope: ast.AST, name: str) -> Iterator[ast.expr]:
    """The values that a name, or an attribute of this name, is given."""
    for node in ast.walk(scope):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.For)) and \
                (node.iter if isinstance(node, ast.For) else node.value):
            targets = [node.target]
        value = node.iter if isinstance(node, ast.For) else getattr(node, "value", None)
        for target in targets:
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts))
            yield from (given for one, given in pairs
                        if getattr(one, "id", getattr(one, "attr", None)) == name)
