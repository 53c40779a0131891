using System.Text.RegularExpressions;

namespace FopWatch.Wording;

/// <summary>Finds the values of a template in a text that was made from it.</summary>
internal sealed partial class TextPattern
{
    private readonly string[] _literals;
    private readonly int[] _numbers;

    public TextPattern(string template)
    {
        _literals = Value().Split(template);
        _numbers = [.. Value().Matches(template).Select(match => match.Value[1] - '0')];
        Length = _literals.Sum(literal => literal.Length);
    }

    /// <summary>The number of characters outside of values.</summary>
    public int Length { get; }

    /// <summary>The values by their numbers; null if the text was not made from the template. Each value is as short as possible.</summary>
    public IReadOnlyList<object?>? ValuesIn(string text)
    {
        if (!text.StartsWith(_literals[0], StringComparison.Ordinal))
            return null;
        var (at, values) = (_literals[0].Length, new object?[_numbers.Length]);
        for (var i = 1; i < _literals.Length; i++)
        {
            var literal = _literals[i];
            var isLast = i == _literals.Length - 1;
            var end = !isLast ? text.IndexOf(literal, at, StringComparison.Ordinal)
                : text.EndsWith(literal, StringComparison.Ordinal) ? text.Length - literal.Length : -1;
            if (end < at || _numbers[i - 1] >= values.Length)
                return null;
            values[_numbers[i - 1]] = text[at..end];
            at = end + literal.Length;
        }

        return values;
    }

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Value();
}
