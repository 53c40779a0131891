using System.Text;

namespace FopWatch.Infra.Tests;

/// <summary>
/// Reads as much of Bicep as infra/ is written in, and throws at anything else, so that nothing is passed over unread. What is
/// right Bicep is for the compiler to say: types are skipped here, names are not resolved, and nothing is evaluated.
/// </summary>
internal sealed class Bicep
{
    private readonly List<Token> _tokens;
    private int _at;

    private Bicep(string text) => _tokens = [.. Lex(text)];

    private Token Next => _tokens[_at];

    public static BicepFile Read(string path) => Read(File.ReadAllText(path), Path.GetFileName(path));

    public static BicepFile Read(string text, string name)
    {
        try
        {
            return new(name, new Bicep(text).Statements());
        }
        catch (FormatException e)
        {
            throw new FormatException($"{name}: {e.Message}", e);
        }
    }

    private List<Declaration> Statements()
    {
        var declarations = new List<Declaration>();
        for (SkipLines(); Next.Kind != Kind.End; SkipLines())
            declarations.Add(Declaration());
        return declarations;
    }

    private Declaration Declaration()
    {
        var decorators = new List<Node>();
        while (Is("@"))
        {
            Take("@");
            decorators.Add(Postfix());
            SkipLines();
        }

        var keyword = Take(Kind.Name);
        switch (keyword)
        {
            case "targetScope":
                Take("=");
                return new(keyword, "", null, decorators, Expression());
            case "using":
                return new(keyword, "", null, decorators, Expression());
            case "import":
                SkipTo(() => Next.Kind == Kind.Line);
                return new(keyword, "", null, decorators, null);
            case "type":
                var type = Take(Kind.Name);
                Take("=");
                SkipTo(() => Next.Kind is Kind.Line or Kind.End);
                return new(keyword, type, null, decorators, null);
            case "func":
                var function = Take(Kind.Name);
                SkipTo(() => Is("=>"));
                Take("=>");
                SkipLines();
                return new(keyword, function, null, decorators, Expression());
            case "param" or "output":
                var name = Take(Kind.Name);
                SkipTo(() => Is("=") || Next.Kind is Kind.Line or Kind.End);
                return new(keyword, name, null, decorators, TryTake("=") ? Expression() : null);
            case "var":
                var variable = Take(Kind.Name);
                Take("=");
                return new(keyword, variable, null, decorators, Expression());
            case "resource" or "module":
                var symbol = Take(Kind.Name);
                var what = ((Text)Primary()).Literal;
                var existing = TryTakeName("existing");
                Take("=");
                return new(existing ? "existing" : keyword, symbol, what, decorators, Body());
            default:
                throw Unexpected($"the statement '{keyword}'");
        }
    }

    /// <summary>An object, or one on a condition, or an array of a loop.</summary>
    private Node Body()
    {
        if (!IsName("if"))
            return Expression();
        _at++;
        Take("(");
        var condition = Expression();
        Take(")");
        return new Other([condition, Expression()]);
    }

    private Node Expression()
    {
        SkipLines();
        var left = Binary();
        if (!IsAfterLines("?"))
            return left;
        SkipLines();
        Take("?");
        var then = Expression();
        SkipLines();
        Take(":");
        return new Other([left, then, Expression()]);
    }

    private Node Binary()
    {
        var operands = new List<Node> { Unary() };
        while (Next.Kind == Kind.Sign && Next.Text is "+" or "-" or "==" or "!=" or "&&" or "||" or "??" or "<" or ">" or "<=" or ">=")
        {
            _at++;
            SkipLines();
            operands.Add(Unary());
        }

        return operands is [var one] ? one : new Other(operands);
    }

    private Node Unary()
    {
        if (TryTake("!") || TryTake("-"))
            return new Other([Unary()]);
        return Postfix();
    }

    private Node Postfix()
    {
        var node = Primary();
        while (true)
        {
            if (TryTake(".") || TryTake(".?") || TryTake("::"))
                node = new Member(node, Take(Kind.Name));
            else if (TryTake("[") || TryTake("[?"))
            {
                node = new Other([node, Expression()]);
                Take("]");
            }
            else if (Is("("))
                node = new Call(node, Arguments());
            else if (!TryTake("!"))
                return node;
        }
    }

    private List<Node> Arguments()
    {
        var arguments = new List<Node>();
        Take("(");
        for (SkipLines(); !TryTake(")"); SkipLines())
        {
            arguments.Add(Expression());
            SkipLines();
            TryTake(",");
        }

        return arguments;
    }

    private Node Primary()
    {
        var token = Next;
        if (token.Kind == Kind.Text)
        {
            _at++;
            return token.Value!;
        }

        if (token.Kind == Kind.Number)
        {
            _at++;
            return new Number(token.Text);
        }

        if (token.Kind == Kind.Name)
        {
            _at++;
            return TryTake("=>") ? Expression() : new Name(token.Text);
        }

        if (Is("("))
        {
            var inside = Arguments();
            if (TryTake("=>"))
                return Expression();
            return inside is [var one] ? one : throw Unexpected("a list in parentheses");
        }

        if (TryTake("{"))
            return Members();
        if (TryTake("["))
            return Elements();
        throw Unexpected("an expression");
    }

    private Obj Members()
    {
        var members = new List<(Node Key, Node Value)>();
        var nested = new List<Declaration>();
        for (SkipLines(); !TryTake("}"); SkipLines())
        {
            if (Is("@") || (IsName("resource") && _tokens[_at + 1].Kind == Kind.Name))
            {
                nested.Add(Declaration());
                continue;
            }

            var key = Primary();
            Take(":");
            members.Add((key, Body()));
            TryTake(",");
        }

        return new(members, nested);
    }

    private Node Elements()
    {
        SkipLines();
        if (IsName("for"))
        {
            SkipTo(() => IsName("in"));
            _at++;
            var over = Expression();
            Take(":");
            SkipLines();
            var body = Body();
            SkipLines();
            Take("]");
            return new Loop(over, body);
        }

        var elements = new List<Node>();
        for (SkipLines(); !TryTake("]"); SkipLines())
        {
            elements.Add(Expression());
            TryTake(",");
        }

        return new Arr(elements);
    }

    /// <summary>Skips what is no expression, as a whole: brackets belong together.</summary>
    private void SkipTo(Func<bool> end)
    {
        for (var depth = 0; Next.Kind != Kind.End && (depth > 0 || !end()); _at++)
            depth += Next.Text is "(" or "[" or "{" && Next.Kind == Kind.Sign ? 1 : Next.Text is ")" or "]" or "}" && Next.Kind == Kind.Sign ? -1 : 0;
    }

    private void SkipLines()
    {
        while (Next.Kind == Kind.Line)
            _at++;
    }

    private bool Is(string sign) => Next.Kind == Kind.Sign && Next.Text == sign;

    private bool IsName(string name) => Next.Kind == Kind.Name && Next.Text == name;

    private bool IsAfterLines(string sign)
    {
        var at = _at;
        while (_tokens[at].Kind == Kind.Line)
            at++;
        return _tokens[at].Kind == Kind.Sign && _tokens[at].Text == sign;
    }

    private bool TryTake(string sign)
    {
        if (!Is(sign))
            return false;
        _at++;
        return true;
    }

    private bool TryTakeName(string name)
    {
        if (!IsName(name))
            return false;
        _at++;
        return true;
    }

    private void Take(string sign)
    {
        if (!TryTake(sign))
            throw Unexpected($"'{sign}'");
    }

    private string Take(Kind kind)
    {
        if (Next.Kind != kind)
            throw Unexpected($"a {kind}");
        return _tokens[_at++].Text;
    }

    private FormatException Unexpected(string expected) =>
        new($"line {Next.Row}: expected {expected}, found '{(Next.Kind == Kind.Text ? "a string" : Next.Text)}'");

    private static IEnumerable<Token> Lex(string text)
    {
        var row = 1;
        for (var at = 0; at < text.Length;)
        {
            var c = text[at];
            if (c == '\n')
            {
                yield return new(Kind.Line, "\n", row++);
                at++;
            }
            else if (char.IsWhiteSpace(c))
                at++;
            else if (text.AsSpan(at).StartsWith("//"))
                at = text.IndexOf('\n', at) is var end and >= 0 ? end : text.Length;
            else if (char.IsAsciiLetter(c) || c == '_')
            {
                var start = at;
                while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
                    at++;
                yield return new(Kind.Name, text[start..at], row);
            }
            else if (char.IsAsciiDigit(c))
            {
                var start = at;
                while (at < text.Length && char.IsAsciiDigit(text[at]))
                    at++;
                yield return new(Kind.Number, text[start..at], row);
            }
            else if (text.AsSpan(at).StartsWith("'''"))
            {
                var end = text.IndexOf("'''", at + 3, StringComparison.Ordinal);
                var value = text[(at + 3)..end];
                yield return new(Kind.Text, value, row, new([value]));
                row += value.Count(one => one == '\n');
                at = end + 3;
            }
            else if (c == '\'')
                yield return new(Kind.Text, "", row, LexText(text, ref at));
            else
            {
                string[] signs = ["=>", "==", "!=", "&&", "||", "??", "<=", ">=", ".?", "[?", "::"];
                var sign = signs.FirstOrDefault(sign => string.CompareOrdinal(text, at, sign, 0, sign.Length) == 0) ?? c.ToString();
                if (sign.Length == 1 && !"@{}[]()<>=?:,.!*+-|/%".Contains(c, StringComparison.Ordinal))
                    throw new FormatException($"line {row}: '{c}' is unknown");
                yield return new(Kind.Sign, sign, row);
                at += sign.Length;
            }
        }

        yield return new(Kind.Line, "\n", row);
        yield return new(Kind.End, "", row);
    }

    private static Text LexText(string text, ref int at)
    {
        var parts = new List<object>();
        var literal = new StringBuilder();
        for (at++; text[at] != '\''; at++)
        {
            if (text[at] == '\\')
                literal.Append(text[++at]);
            else if (text[at] == '$' && text[at + 1] == '{')
            {
                parts.Add(literal.ToString());
                literal.Clear();
                var start = at += 2;
                for (var depth = 1; depth > 0; at++)
                {
                    if (text[at] == '\'')
                    {
                        LexText(text, ref at);
                        at--;
                        continue;
                    }

                    depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
                }

                parts.Add(new Bicep(text[start..--at]).Expression());
            }
            else
                literal.Append(text[at]);
        }

        at++;
        parts.Add(literal.ToString());
        return new(parts);
    }

    private enum Kind
    {
        Name,
        Number,
        Text,
        Sign,
        Line,
        End,
    }

    private sealed record Token(Kind Kind, string Text, int Row, Text? Value = null);
}

/// <summary>What a file declares.</summary>
internal sealed record BicepFile(string Name, IReadOnlyList<Declaration> Declarations)
{
    public IEnumerable<Declaration> All(string keyword) => Declarations.Where(one => one.Keyword == keyword);

    public Declaration The(string keyword, string name) =>
        Assert.Single(Declarations, one => one.Keyword == keyword && one.Name == name);

    /// <summary>The only resource of a type, whatever its API version.</summary>
    public Declaration Resource(string type) =>
        Assert.Single(Declarations, one => one.Keyword == "resource" && one.What!.Split('@')[0] == type);

    public IEnumerable<Node> Nodes() => Declarations.Where(one => one.Value is not null).SelectMany(one => one.Value!.All());
}

/// <summary>A statement: its keyword, the name that it declares, a resource's type or a module's path, and its value.</summary>
internal sealed record Declaration(string Keyword, string Name, string? What, IReadOnlyList<Node> Decorators, Node? Value)
{
    public bool Has(string decorator) => Decorators.OfType<Call>().Any(call => call.Function is Name { Value: var name } && name == decorator);

    public IReadOnlyList<Node> Arguments(string decorator) =>
        Decorators.OfType<Call>().Single(call => call.Function is Name { Value: var name } && name == decorator).Arguments;

    /// <summary>The object that declares a resource or module, without its condition or loop.</summary>
    public Obj Body => Value!.All().OfType<Obj>().First();
}

/// <summary>A part of an expression.</summary>
internal abstract record Node
{
    /// <summary>This and everything in it.</summary>
    public IEnumerable<Node> All() => Inside().SelectMany(node => node.All()).Prepend(this);

    protected abstract IEnumerable<Node> Inside();
}

/// <summary>A string: literal parts, and expressions between them.</summary>
internal sealed record Text(IReadOnlyList<object> Parts) : Node
{
    public string Literal => Assert.IsType<string>(Assert.Single(Parts));

    /// <summary>The text with something in the place of each expression.</summary>
    public string With(Func<Node, string> value) => string.Concat(Parts.Select(part => part as string ?? value((Node)part)));

    protected override IEnumerable<Node> Inside() => Parts.OfType<Node>();
}

internal sealed record Number(string Value) : Node
{
    protected override IEnumerable<Node> Inside() => [];
}

internal sealed record Name(string Value) : Node
{
    protected override IEnumerable<Node> Inside() => [];
}

internal sealed record Member(Node Of, string Value) : Node
{
    protected override IEnumerable<Node> Inside() => [Of];
}

internal sealed record Call(Node Function, IReadOnlyList<Node> Arguments) : Node
{
    protected override IEnumerable<Node> Inside() => Arguments.Prepend(Function);
}

internal sealed record Obj(IReadOnlyList<(Node Key, Node Value)> Members, IReadOnlyList<Declaration> Nested) : Node
{
    public IEnumerable<string> Names => Members.Select(member => member.Key switch
    {
        Name name => name.Value,
        Text text => text.With(_ => "*"),
        _ => throw new FormatException("An object has a key that is neither a name nor a string."),
    });

    public Node? Find(string name) => Names.Zip(Members).Where(one => one.First == name).Select(one => one.Second.Value).SingleOrDefault();

    /// <summary>What is at a path of names.</summary>
    public Node At(params IEnumerable<string> path) =>
        path.Aggregate((Node)this, (node, name) => Assert.IsType<Obj>(node).Find(name) ?? throw new FormatException($"'{name}' is missing."));

    protected override IEnumerable<Node> Inside() =>
        Members.SelectMany(member => new[] { member.Key, member.Value }).Concat(Nested.Where(one => one.Value is not null).Select(one => one.Value!));
}

internal sealed record Arr(IReadOnlyList<Node> Elements) : Node
{
    protected override IEnumerable<Node> Inside() => Elements;
}

internal sealed record Loop(Node Over, Node Body) : Node
{
    protected override IEnumerable<Node> Inside() => [Over, Body];
}

/// <summary>Anything else that holds expressions: operators, conditions, indexes.</summary>
internal sealed record Other(IReadOnlyList<Node> Operands) : Node
{
    protected override IEnumerable<Node> Inside() => Operands;
}
