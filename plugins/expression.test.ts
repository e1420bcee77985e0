// What expr-lang 1.17.8 makes of the same expressions with CoreDNS's functions (run once to write these tables).

import t from 'tap'
import {
  ANY,
  BOOL,
  compileExpression,
  type Environment,
  type EnvironmentFunction,
  type EnvironmentValue,
  ExpressionError,
  functionOf,
  INT,
  isReservedName,
  STRING,
  type Type,
} from './expression.ts'
import { formatValue } from './go-value.ts'

type Facts = Readonly<Record<string, unknown>>

type Entry = [name: string, entry: EnvironmentFunction<Facts> | EnvironmentValue<Facts>]

const fact = (name: string, type: Type): Entry => [name, { type: functionOf([], type), call: (facts) => facts[name] }]
const variable = (name: string, type: Type, value: unknown): Entry => [name, { type, read: () => value }]

const entries: Entry[] = [
  ...['type', 'name', 'class', 'proto', 'client_ip', 'port', 'server_ip', 'server_port'].map((name) =>
    fact(name, STRING),
  ),
  ...['size', 'id', 'opcode', 'bufsize'].map((name) => fact(name, INT)),
  fact('do', BOOL),
  ['metadata', { type: functionOf([STRING], STRING), call: (_, [label]) => (label === 'a/b' ? 'meta' : '') }],
  ['group', { type: functionOf([ANY], STRING), call: (_, [name]) => (name === 0 ? 'zero' : name === 'n' ? '7' : '') }],
  [
    'incidr',
    {
      type: functionOf([STRING, STRING], BOOL, true),
      call(_, [address, network]) {
        if (address === 'x') throw new ExpressionError('first argument is not an IP address')
        if (network === 'x') throw new ExpressionError('invalid CIDR address: x')
        return network === '10.0.0.0/8'
      },
    },
  ],
  variable('num', INT, 7),
  variable('txt', STRING, 'text'),
  variable('anyv', ANY, 'dyn'),
  variable('flag', BOOL, true),
]

/** The functions that view and template give, and a few variables. */
const environment: Environment<Facts> = new Map(entries)

const FACTS: Facts = {
  type: 'A',
  name: 'www.example.org.',
  class: 'IN',
  proto: 'udp',
  size: 40,
  client_ip: '10.0.0.1',
  port: '5353',
  id: 4711,
  opcode: 0,
  do: true,
  bufsize: 4096,
  server_ip: '127.0.0.1',
  server_port: '53',
}

t.test('an expression has the value that expr-lang gives it', async (t) => {
  const results: [source: string, printed: string][] = [
    ['split(name(),".")[0]', 'www'],
    ['{a:1}.b', '<nil>'],
    ['{a:1}.a', '1'],
    ['1..3', '[1 2 3]'],
    ['6/2', '3'],
    ['int("12")+1', '13'],
    ['1e6', '1e+06'],
    ['string(123456789.5)', '1.234567895e+08'],
    ['{a:1,b:[1,2.5,nil,"x"]}', 'map[a:1 b:[1 2.5 <nil> x]]'],
    ["incidr(client_ip(), '127.9.0.0/16')", 'false'],
    ["incidr(client_ip(), '10.0.0.0/8')", 'true'],
    ["proto() == 'tcp'", 'false'],
    ["name() startsWith 'alpha'", 'false'],
    ["name() startsWith 'www'", 'true'],
    ['do() && bufsize() >= 4096', 'true'],
    ["type() in ['A', 'AAAA']", 'true'],
    ["type() not in ['A', 'AAAA']", 'false'],
    ["name() matches '^x\\\\.beta\\\\.'", 'false'],
    ["name() matches '^www\\\\.'", 'true'],
    ["not (name() matches 'foo')", 'true'],
    ["name() not matches 'foo'", 'true'],
    ["type() == 'MX' or type() == 'TXT'", 'false'],
    ["opcode() == 0 && class() == 'IN'", 'true'],
    ["client_ip() == '127.0.0.9' && size() > 10 && server_port() != '1'", 'false'],
    ['int(group("n"))', '7'],
    ['group(0)', 'zero'],
    ['group(1.5)', ''],
    ['group(nil)', ''],
    ['num < 10', 'true'],
    ['num > 5 and num < 7.5', 'true'],
    ['1 < num < 10', 'true'],
    ['num in 1..10', 'true'],
    ['num in [1,2,7]', 'true'],
    ['"a" in {a:1}', 'true'],
    ['metadata("a/b") == "meta"', 'true'],
    ["metadata('x') ?? 'd'", ''],
    ['nil ?? 1', '1'],
    ['nil ?? nil ?? 3', '3'],
    ['anyv == "dyn"', 'true'],
    ['anyv contains "y"', 'true'],
    ['[1,2,3][-1]', '3'],
    ['[1,2,3][1:]', '[2 3]'],
    ['[1,2,3][:2]', '[1 2]'],
    ['name()[0:3]', 'www'],
    ['name()[:-1]', 'www.example.org'],
    ['all([1,2,3], # > 0)', 'true'],
    ['any([1,2,3], {# > 2})', 'true'],
    ['none([1,2,3], {# > 2})', 'false'],
    ['one([1,2,3], {# > 2})', 'true'],
    ['filter(1..9, # % 2 == 0)', '[2 4 6 8]'],
    ['map(1..3, {# * 2})', '[2 4 6]'],
    ['map(1..3, #index)', '[0 1 2]'],
    ['count([true,false])', '1'],
    ['count([1,2,3], # > 1)', '2'],
    ['sum([1,2.5])', '3.5'],
    ['sum([1,2], #*2)', '6'],
    ['find([1,2,3], # > 1)', '2'],
    ['find([1,2,3], # > 5)', '<nil>'],
    ['findIndex([1,2,3], # > 1)', '1'],
    ['findLast([1,2,3], # > 1)', '3'],
    ['reduce(1..5, #acc + #)', '15'],
    ['reduce(1..5, #acc + #, 100)', '115'],
    ['sortBy([3,1,2], #)', '[1 2 3]'],
    ['sortBy([3,1,2], #, "desc")', '[3 2 1]'],
    ['sort([3,1,2])', '[1 2 3]'],
    ['sort(["b","a"], "desc")', '[b a]'],
    ['filter([{a:1},{a:2}], .a > 1)', '[map[a:2]]'],
    ['map([{a:1},{a:2}], .a)', '[1 2]'],
    ['trim("  a ")', 'a'],
    ['trim("xxaxx", "x")', 'a'],
    ['trimPrefix("abc","a")', 'bc'],
    ['trimSuffix("abc","c")', 'ab'],
    ['upper("abc") + lower("DEF")', 'ABCdef'],
    ['replace("aaa","a","b")', 'bbb'],
    ['replace("aaa","a","b",2)', 'bba'],
    ['replace("ab","","-")', '-a-b-'],
    ['repeat("ab", 3)', 'ababab'],
    ['join(["a","b"], "-")', 'a-b'],
    ['join(split("a.b","."))', 'ab'],
    ['indexOf("abc","c")', '2'],
    ['hasPrefix("abc","ab")', 'true'],
    ['split("a,b,c", ",", 2)', '[a b,c]'],
    ['splitAfter("a,b,c", ",")', '[a, b, c]'],
    ['max(1,2,3)', '3'],
    ['max([])', '<nil>'],
    ['mean([1,2])', '1.5'],
    ['median(1,2,3,4)', '2.5'],
    ['abs(-5)', '5'],
    ['abs(-5.5)', '5.5'],
    ['ceil(1.2)', '2'],
    ['floor(1.8)', '1'],
    ['round(2.5)', '3'],
    ['round(-2.5)', '-3'],
    ['float("1.5")', '1.5'],
    ['string(1) + string(true) + string(nil) + string([1,"a"])', '1true<nil>[1 a]'],
    ['first([1,2])', '1'],
    ['last([1,2])', '2'],
    ['first([])', '<nil>'],
    ['get({a:1}, "b")', '<nil>'],
    ['get([1], 5)', '<nil>'],
    ['take([1,2,3], 2)', '[1 2]'],
    ['keys({a:1})', '[a]'],
    ['values({a:1})', '[1]'],
    ['toPairs({a:1})', '[[a 1]]'],
    ['reverse([1,2])', '[2 1]'],
    ['uniq([1,1,2])', '[1 2]'],
    ['concat([1],[2])', '[1 2]'],
    ['flatten([1,[2,[3]]])', '[1 2 3]'],
    ['toBase64("hello")', 'aGVsbG8='],
    ['fromBase64("aGVsbG8=")', 'hello'],
    ['bitand(12, 10)', '8'],
    ['bitshl(1,4)', '16'],
    ['bitnot(5)', '-6'],
    ['2 ** 10', '1024'],
    ['2 ^ 3', '8'],
    ['2 ** 3 ** 2', '512'],
    ['-2 ** 2', '-4'],
    ['7 % 3', '1'],
    ['1 / 0', '+Inf'],
    ['2 * 3 + 4', '10'],
    ['1 + 2.5', '3.5'],
    ['3.0', '3'],
    ['1.0 == 1', 'true'],
    ['"a" < "b"', 'true'],
    ['not do() == true', 'false'],
    ['true ? 1 : "x"', '1'],
    ['do() ?: 5', 'true'],
    ['if do() { 1 } else { 2 }', '1'],
    ['if num > 10 { 1 } else if num > 5 { 2 } else { 3 }', '2'],
    ['let x = 5; x + 1', '6'],
    ['let x = 5; let y = x * 2; x + y', '15'],
    ['1; 2', '2'],
    ['name() | upper()', 'WWW.EXAMPLE.ORG.'],
    ['name() | split(".") | len()', '4'],
    ['"\\u0041\\x42\\n"', 'AB\n'],
    ['`raw``x`', 'raw`x'],
    ['0x1F', '31'],
    ['1_000', '1000'],
    ['{1:2, "b":3, (name()):4}', 'map[1:2 b:3 www.example.org.:4]'],
    ['[1,2,]', '[1 2]'],
    ['len("héllo")', '5'],
    ['len([1,2])', '2'],
    ['len({a:1})', '1'],
    ['int(1.9)', '1'],
    ['::len([1])', '1'],
    ['all([[1]], all(#, # > 0))', 'true'],
    ['1 // comment', '1'],
    ['1 /* c */ + 2', '3'],
    ['{a:{b:1}}.a.b', '1'],
    ['{a:nil}.a?.b', '<nil>'],
    ['{a:nil}.a?.b.c', '<nil>'],
    ['[1,2]?.[0]', '1'],
    ['map(["a"], upper(#))', '[A]'],
    ['map(["a"], # | upper())', '[A]'],
    ['"a" == nil', 'false'],
    ['[1] == [1]', 'true'],
    ['{a:1} == {a:1}', 'true'],
    ['[1] == [1.0]', 'true'],
    ['1 not in [2]', 'true'],
    ['do() == true and not false', 'true'],
    ['flag and num == 7', 'true'],
    ['txt + "!"', 'text!'],
    ['reduce(1..3, {let y = #; #acc + y})', '6'],
    ['filter([1,2], let y = #; y > 1)', '[2]'],
    ['sum([])', '0'],
  ]
  for (const [source, printed] of results) {
    t.equal(formatValue(compileExpression(source, environment).evaluate(FACTS)), printed, source)
  }
})

t.test('an expression that does not compile has the message of expr-lang, with the place', async (t) => {
  const errors: [source: string, message: string][] = [
    ['client_ip() >', 'unexpected token EOF (1:13)'],
    ['1 +', 'unexpected token EOF (1:3)'],
    ['foo', 'unknown name foo (1:1)'],
    ['type == 1', 'invalid operation: == (mismatched types func() string and int) (1:6)'],
    ['bar(1)', 'unknown name bar (1:1)'],
    ['incidr == 1', 'invalid operation: == (mismatched types func(string, string) (bool, error) and int) (1:8)'],
    ['name() == 3', 'invalid operation: == (mismatched types string and int) (1:8)'],
    ['(1+2', 'unexpected token EOF (1:4)'],
    ['name() matches "("', 'error parsing regexp: missing closing ): `(` (1:8)'],
    ['1 ==  @', "unrecognized character: U+0040 '@' (1:7)"],
    ['"abc', 'literal not terminated (1:5)'],
    ['size() ? 1 : 2', 'non-bool expression (type int) used as condition (1:1)'],
    ['client_ip() and do()', 'invalid operation: and (mismatched types string and bool) (1:13)'],
    ['name().foo', 'type string has no field foo (1:8)'],
    ['name().foo()', 'type string has no method foo (1:8)'],
    ['len(1)', 'invalid argument for len (type int) (1:1)'],
    ['incidr(client_ip())', 'not enough arguments to call incidr (1:1)'],
    ['incidr(client_ip(), 1)', 'cannot use int as argument (type string) to call incidr  (1:21)'],
    ['incidr(1,2,3)', 'too many arguments to call incidr (1:1)'],
    ['"7" in [1,2,7]', 'cannot use string as type int in array (1:5)'],
    ['1 in {a:1}', 'cannot use int as type string in map key (1:3)'],
    ['true ?? 1 + 2', 'Operator (+) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses. (1:11)'],
    ['name()[0]', 'type string[int] is undefined (1:7)'],
    ['"abc"[1:2:3]', 'unexpected token Operator(":") (1:10)'],
    ['all(1, # > 0)', 'builtin all takes only array (got int) (1:5)'],
    ['all([1], 5)', 'predicate should return boolean (got int) (1:10)'],
    ['all([1])', 'expected at least 2 arguments (1:8)'],
    ['filter(["a"], # > 1)', 'invalid operation: > (mismatched types string and int) (1:17)'],
    ['max("a")', 'invalid argument for max (type string) (1:1)'],
    ['abs("x")', 'invalid argument for abs (type string) (1:1)'],
    ['7 % 0', 'integer divide by zero (1:3)'],
    ['7.5 % 2', 'invalid operation: % (mismatched types float64 and int) (1:5)'],
    ['"a" + 1', 'invalid operation: + (mismatched types string and int) (1:5)'],
    ['"a" < 1', 'invalid operation: < (mismatched types string and int) (1:5)'],
    ['!1', 'invalid operation: ! (mismatched type int) (1:1)'],
    ['not "x"', 'invalid operation: not (mismatched type string) (1:1)'],
    ['-"x"', 'invalid operation: - (mismatched type string) (1:1)'],
    ['let num = 5; num', 'cannot redeclare num (1:5)'],
    ['let len = 5; len', 'cannot redeclare builtin len (1:5)'],
    ['let x = 1; let x = 2; x', 'cannot redeclare variable x (1:16)'],
    ['name() | foo', 'unexpected token EOF (1:12)'],
    ['"\\q"', 'invalid char escape (1:3)'],
    ["'it''s'", 'unexpected token String("s") (1:5)'],
    ['1a', 'bad number syntax: "1a" (1:2)'],
    ['0x', 'invalid hex literal: strconv.ParseInt: parsing "0x": invalid syntax (1:2)'],
    ['1 1', 'unexpected token Number("1") (1:3)'],
    [')', 'unexpected token Bracket(")") (1:1)'],
    ['[1,2', 'unexpected token EOF (1:4)'],
    ['{a 1}', 'unexpected token Number("1") (1:4)'],
    [
      '{-1:2}',
      'a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token Operator("-")) (1:2)',
    ],
    ['len()', 'invalid number of arguments (expected 1, got 0) (1:1)'],
    ['len(1,2)', 'invalid number of arguments (expected 1, got 2) (1:1)'],
    ['upper(1)', 'cannot use int as argument (type string) to call upper  (1:7)'],
    ['upper()', 'not enough arguments to call upper (1:1)'],
    ['upper("a","b")', 'too many arguments to call upper (1:1)'],
    ['int([1])', 'invalid argument for int (type []interface {}) (1:1)'],
    ['int(nil)', 'invalid argument for int (type %!s(<nil>)) (1:1)'],
    ['# > 1', 'unexpected token Operator("#") (1:1)'],
    ['1 /* c', 'unclosed comment (1:7)'],
    ['  client_ip()   ==\t5', 'invalid operation: == (mismatched types string and int) (1:17)'],
    ['name() =~ "x"', 'unexpected token Operator("=") (1:8)'],
    ['1 & 2', 'unexpected token Operator("&") (1:3)'],
    ['name() == "x" ? "a" : "b" ? "c" : "d"', 'non-bool expression (type string) used as condition (1:23)'],
    ['size() + port()', 'invalid operation: + (mismatched types int and string) (1:8)'],
    ['name() contains 1', 'invalid operation: contains (mismatched types string and int) (1:8)'],
    ['1..2..3', 'invalid operation: .. (mismatched types []interface {} and int) (1:5)'],
    ['1 in 1', 'invalid operation: in (mismatched types int and int) (1:3)'],
    ['"a" in "abc"', 'invalid operation: in (mismatched types string and string) (1:5)'],
    ['1 not 2', 'unexpected token Number("2") (1:7)'],
    ['not 1 in [2]', 'invalid operation: not (mismatched type int) (1:1)'],
    ['txt == 7', 'invalid operation: == (mismatched types string and int) (1:5)'],
    ['num()', 'int is not callable (1:1)'],
    ['filter(1..3, {#index > 0})', 'unknown pointer #index (1:15)'],
    ['sum("a")', 'builtin sum takes only array (got string) (1:5)'],
    ['sortBy([1,2], #, 5)', 'sortBy order argument must be a string (got int) (1:18)'],
    ['take([1], "a")', 'cannot take string elements (1:1)'],
    ['let x = 5', 'unexpected token EOF (1:9)'],
    ['if do() 1 else 2', 'unexpected token Number("1") (1:9)'],
    ['do() ? 1', 'unexpected token EOF (1:8)'],
    ['name().', 'unexpected end of expression (1:7)'],
    ['name()?.x', 'type string has no field x (1:9)'],
    ['"é" == é', 'unknown name é (1:8)'],
    ['"é" @', "unrecognized character: U+0040 '@' (1:5)"],
  ]
  for (const [source, message] of errors) {
    t.throws(
      () => compileExpression(source, environment),
      { message: new RegExp(`^${RegExp.escape(message)}(\n|$)`) },
      source,
    )
  }
})

t.test('an expression that fails while it runs gives an error', async (t) => {
  const errors: [source: string, message: string][] = [
    ['int("x")', 'invalid operation: int(x) (1:1)'],
    ["incidr('x', '10.0.0.0/8')", 'first argument is not an IP address (1:1)'],
    ["incidr(client_ip(), 'x')", 'invalid CIDR address: x (1:1)'],
    ['anyv + 1', 'invalid operation: string + int (1:6)'],
    ['anyv > 1', 'invalid operation: string > int (1:6)'],
    ['[1,2,3][5]', 'index out of range: 5 (array length is 3) (1:8)'],
    ['reduce([], #acc + #)', 'reduce of empty array with no initial value (1:1)'],
    ['repeat("ab", -3)', 'invalid argument for repeat (expected positive integer, got -3) (1:1)'],
    ['float("x")', 'invalid operation: float(x) (1:1)'],
    ['join([1,2])', 'interface conversion: interface {} is int, not string (1:1)'],
    ['{a:nil}.a.b', 'cannot fetch b from <nil> (1:11)'],
    ['{a:nil}?.a["b"]', 'cannot fetch b from <nil> (1:11)'],
    ['sum(["a","b"])', 'invalid operation: string + int (1:1)'],
    ['sum([true])', 'invalid operation: bool + int (1:1)'],
    ['sortBy([1,2], #, "up")', 'unknown order, use asc or desc (1:1)'],
    ['sort([1,"a"])', 'invalid operation: string < int (1:1)'],
  ]
  for (const [source, message] of errors) {
    const result = compileExpression(source, environment).evaluate(FACTS)
    t.match(result, { message: new RegExp(`^${RegExp.escape(message)}(\n|$)`) }, source)
    t.ok(result instanceof ExpressionError)
  }
})

t.test('names of the language and its words are reserved', async (t) => {
  for (const name of ['len', 'filter', 'now', 'type', 'in', 'not', 'true', 'nil', 'let', '1a', 'a.b', '']) {
    t.ok(isReservedName(name), name)
  }
  for (const name of ['num', 'x1', '_', 'name']) t.notOk(isReservedName(name), name)
})

t.test('an error shows the line and a mark under the place', async (t) => {
  const shown = (source: string): string => {
    try {
      compileExpression(source, environment)
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  t.equal(shown('1 +'), 'unexpected token EOF (1:3)\n | 1 +\n | ..^')
  t.equal(
    shown('client_ip() ==\t5'),
    'invalid operation: == (mismatched types string and int) (1:13)\n | client_ip() == 5\n | ............^',
  )
  t.equal(shown('1 ==\n  foo'), 'unknown name foo (2:3)\n |   foo\n | ..^')
  t.equal(shown(''), 'unexpected token EOF')
})

t.test('an expression tells what it uses and what type it has', async (t) => {
  const expression = compileExpression("type() == 'A' && num < 3", environment)
  t.same([...expression.uses].sort(), ['num', 'type'])
  t.equal(expression.type.name, 'bool')
  t.equal(compileExpression('int(group("n"))', environment).type.name, 'int')
  t.equal(compileExpression('num > 1 ? 1 : "x"', environment).type.kind, 'any')
})
