using System.Reflection;
using System.Reflection.Emit;
using FopWatch.Wording;

namespace FopWatch.PortContracts.Wording;

/// <summary>Reads the templates of all sentences from the IL of an assembly, as the compiler lowers interpolated strings of type <see cref="Sentence"/>.</summary>
public static class CompiledSentences
{
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>The templates, each once.</summary>
    public static IReadOnlyCollection<string> Of(Assembly assembly)
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return assembly.GetTypes().Where(type => type != typeof(Sentence))
            .SelectMany(type => type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
            .SelectMany(Of).ToHashSet(StringComparer.Ordinal);
    }

    // A sentence that is a value of another begins after it and ends before it.
    private static List<string> Of(MethodBase method)
    {
        var (found, open, numbers, text) = (new List<string>(), new Stack<Begun>(), new List<int>(), "");
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } il)
            return found;
        var (types, arguments) = (method.DeclaringType!.GetGenericArguments(), method.IsGenericMethod ? method.GetGenericArguments() : []);
        for (var at = 0; at < il.Length;)
        {
            var code = Codes[il[at] == 0xfe ? (short)(0xfe00 | il[at + 1]) : il[at]];
            var operand = at + code.Size;
            at = operand + LengthOf(code, il, operand);
            if (code == OpCodes.Ldstr)
                text = method.Module.ResolveString(BitConverter.ToInt32(il, operand));
            if (NumberOf(code, il, operand) is { } number)
                numbers.Add(number);
            else if (code.OperandType == OperandType.InlineMethod
                && method.Module.ResolveMethod(BitConverter.ToInt32(il, operand), types, arguments) is { } called && called.DeclaringType == typeof(Sentence))
            {
                if (called.IsConstructor)
                    open.Push(new(numbers[^2], numbers[^1]));
                else if (called.Name == nameof(Sentence.AppendLiteral))
                    open.Peek().Add(text);
                else if (called.Name == nameof(Sentence.AppendFormatted))
                    open.Peek().AddValue();
                while (open.TryPeek(out var begun) && begun.IsComplete)
                    found.Add(open.Pop().Template);
            }
        }

        return open.Count == 0 ? found : throw new InvalidOperationException($"The sentences of {method.DeclaringType}.{method.Name} cannot be read.");
    }

    private static int? NumberOf(OpCode code, byte[] il, int operand) =>
        code == OpCodes.Ldc_I4_S ? (sbyte)il[operand]
        : code == OpCodes.Ldc_I4 ? BitConverter.ToInt32(il, operand)
        : code.Value >= OpCodes.Ldc_I4_0.Value && code.Value <= OpCodes.Ldc_I4_8.Value ? code.Value - OpCodes.Ldc_I4_0.Value
        : null;

    private static int LengthOf(OpCode code, byte[] il, int operand) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, operand)),
        _ => 4,
    };

    private sealed class Begun(int literalLength, int values)
    {
        private int _values;
        private int _length;

        public string Template { get; private set; } = "";

        public bool IsComplete => _length == literalLength && _values == values;

        public void Add(string literal) => (Template, _length) = (Template + literal, _length + literal.Length);

        public void AddValue() => Template += $"{{{_values++}}}";
    }
}
