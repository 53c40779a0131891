using System.Text.RegularExpressions;

namespace FopWatch.Wording;

/// <summary>Finds the values of a template in a text that was made from it.</summary>
internal sealed partial class TextPattern
{
    // Around the place of a name: "the bucket '{0}'", "FopWatch:Sources:{0}:Keys".
    private static readonly char[] AroundNames = ['\'', ':'];

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

    /// <summary>
    /// The values by their numbers: texts, and <see cref="RecognisedName"/>s. Null if the text was not made from the template. Each value is as short as possible.
    /// </summary>
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
            var value = text[at..end];
            values[_numbers[i - 1]] = IsName(i - 1) ? new RecognisedName(value) : value;
            at = end + literal.Length;
        }

        return values;
    }

    private bool IsName(int value) => (_literals[value] is [.., var before] && AroundNames.Contains(before)) || (_literals[value + 1] is [var after, ..] && after == '\'');

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Value();
}

/// <summary>A name in a text, such as that of a bucket. It may have the words of a sentence, and is none.</summary>
internal sealed record RecognisedName(string Text);
