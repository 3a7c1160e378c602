#!/usr/bin/python3
# SPDX-License-Identifier: ISC
# One form each, in the named C files: pointers are compared with NULL and what a function of ours returns with a number; sizeof stands
# without parentheses before an expression; the length of an array is ARRAY_LEN; nothing is compared with -1. A finding a line, as clang prints
# its own. FLAGS in the environment.
import os
import re
import sys

from clang.cindex import CursorKind as K, Index, TypeKind as T

INTEGERS = (T.INT, T.UINT, T.LONG, T.ULONG)


def binary_operator(cursor):
    left, right = cursor.get_children()
    for token in cursor.get_tokens():
        if token.extent.start.offset >= left.extent.end.offset and token.extent.end.offset <= right.extent.start.offset:
            if token.spelling not in ('(', ')'):
                return token.spelling
    return None


def bare(cursor):
    while cursor.kind in (K.UNEXPOSED_EXPR, K.PAREN_EXPR):
        children = list(cursor.get_children())
        if len(children) != 1:
            break
        cursor = children[0]
    return cursor


def ours(cursor):
    called = cursor.referenced
    return called is not None and called.location.file is not None and not called.location.file.name.startswith('/')


class File:
    def __init__(self, name):
        self.name = name
        self.found = set()
        self.text = open(name, 'rb').read()

    def say(self, cursor, what):
        start = cursor.extent.start
        written = self.text[start.offset:].startswith((b'sizeof', cursor.spelling.encode()))  # and not by a macro
        if start.file is not None and start.file.name.removeprefix('./') == self.name and (written or cursor.spelling == ''):
            self.found.add((start.line, what))

    # The expression decides something: is it a comparison, a bool, a flag?
    def condition(self, cursor):
        inner = bare(cursor)
        if inner.kind == K.UNARY_OPERATOR and self.text[inner.extent.start.offset:inner.extent.start.offset + 1] == b'!':
            return self.condition(next(inner.get_children()))
        if inner.kind == K.BINARY_OPERATOR and binary_operator(inner) not in ('+', '-'):
            return None
        kind = inner.type.get_canonical().kind
        if kind == T.POINTER:
            self.say(inner, 'a pointer is compared with NULL')
        elif inner.kind == K.CALL_EXPR and kind in INTEGERS and ours(inner):
            self.say(inner, f'what {inner.spelling}() returns is compared with a number')
        return None

    def walk(self, cursor, returns_bool):
        children = list(cursor.get_children())
        kind = cursor.kind
        if kind in (K.IF_STMT, K.WHILE_STMT) and children:
            self.condition(children[0])
        elif kind == K.DO_STMT and len(children) == 2:
            self.condition(children[1])
        elif kind == K.FOR_STMT and len(children) == 4:
            self.condition(children[1])
        elif kind == K.CONDITIONAL_OPERATOR and len(children) == 3:
            self.condition(children[0])
        elif kind == K.BINARY_OPERATOR and len(children) == 2 and binary_operator(cursor) in ('&&', '||'):
            self.condition(children[0])
            self.condition(children[1])
        elif kind == K.RETURN_STMT and children and returns_bool:
            self.condition(children[0])
        elif kind == K.VAR_DECL and children and cursor.type.get_canonical().kind == T.BOOL:
            self.condition(children[-1])
        elif kind == K.CXX_UNARY_EXPR and children and children[0].kind == K.PAREN_EXPR and self.text[cursor.extent.start.offset:].startswith(b'sizeof'):
            inner = bare(children[0])
            if inner.kind in (K.DECL_REF_EXPR, K.MEMBER_REF_EXPR, K.ARRAY_SUBSCRIPT_EXPR, K.UNARY_OPERATOR):
                self.say(cursor, 'sizeof x stands without parentheses')
        for child in children:
            self.walk(child, returns_bool)

    def look(self, flags):
        unit = Index.create().parse(self.name, args=flags)
        for cursor in unit.cursor.get_children():
            at = cursor.location.file
            if at is not None and at.name.removeprefix('./') == self.name:
                returns_bool = cursor.kind == K.FUNCTION_DECL and cursor.result_type.get_canonical().kind == T.BOOL
                self.walk(cursor, returns_bool)
        for number, line in enumerate(self.text.decode().split('\n'), 1):
            code = re.sub(r'"(\\.|[^"\\])*"|//.*', '', line)
            if re.search(r'sizeof[^;,&|]*/\s*sizeof', code) and '#define ARRAY_LEN' not in code:
                self.found.add((number, 'the length of an array is ARRAY_LEN()'))
            if re.search(r'[!=]= -1\b', code) and 'getopt' not in code:
                self.found.add((number, 'a failure is < 0 or != 0, not -1'))
        for line, what in sorted(self.found):
            print(f'{self.name}:{line}: warning: {what} [idiom]')


for file in sys.argv[1:]:
    File(file).look(os.environ['FLAGS'].split())
