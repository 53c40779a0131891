using System.Collections.Frozen;
using FopWatch.Jobs;

namespace FopWatch.Statistics;

/// <summary>
/// The class of a job. Jobs of a class are assumed to take about the same time. The class consists of the first words of the first command, such as
/// <c>avthumb/mp4</c>. Commands come from outside, so only plain names of operations and formats are used, and no keys, ids or encoded arguments. A
/// format is included only after an operation whose first argument is a format.
/// </summary>
public static class CommandClass
{
    /// <summary>The class of jobs whose command is unknown or has no plain name, and of classes in excess of <see cref="MostClasses"/>.</summary>
    public const string Other = "other";

    /// <summary>The most classes of a source, besides <see cref="Other"/>.</summary>
    public const int MostClasses = 64;

    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 48;

    private const string Idle = "idle/";
    private const int LongestOperation = 24;
    private const int LongestFormat = 10;
    private const int MostDigits = 3;

    // According to the documentation of Qiniu and Wangsu, the first argument of these operations is the format of the output.
    private static readonly FrozenSet<string> MakesFormat =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "adapt", "avthumb", "avvod", "odconv", "vframe", "vsample");

    /// <summary>The class of a job, from its facts.</summary>
    public static string Of(JobFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ItemFacts? first = null;
        foreach (var item in facts.Items)
        {
            if (first is null || (item.Position ?? int.MaxValue) < (first.Position ?? int.MaxValue))
                first = item;
        }

        return Of(first?.Command, facts.Idle == true);
    }

    /// <summary>The class of a command.</summary>
    /// <param name="command">The command; null if it is unknown.</param>
    /// <param name="isIdle">Whether it is an idle-time task.</param>
    public static string Of(string? command, bool isIdle)
    {
        var end = command.AsSpan().IndexOfAny('|', ';');
        var rest = end < 0 ? command.AsSpan() : command.AsSpan(0, end);
        var operation = Word(ref rest);
        if (operation.Length > LongestOperation || !IsOperation(operation))
            return isIdle ? Idle + Other : Other;

        var format = Word(ref rest);
        var name = operation.ToString();
        if (MakesFormat.Contains(name) && IsFormat(format))
            name = $"{name}/{format}";
        return (isIdle ? Idle + name : name).ToLowerInvariant();
    }

    /// <summary>Whether a class is of idle-time tasks.</summary>
    /// <param name="name">The name of the class.</param>
    public static bool IsIdle(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(Idle, StringComparison.Ordinal);
    }

    /// <summary>Whether a text is a valid class name.</summary>
    public static bool IsName(string text) =>
        text is { Length: > 0 and <= MaxLength } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.' or '/');

    private static ReadOnlySpan<char> Word(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOf('/');
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[(end + 1)..];
        return word;
    }

    private static bool IsOperation(ReadOnlySpan<char> word)
    {
        foreach (var c in word)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.'))
                return false;
        }

        return IsWord(word);
    }

    private static bool IsFormat(ReadOnlySpan<char> word)
    {
        // Lower case only: encoded arguments contain capital letters.
        foreach (var c in word)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c))
                return false;
        }

        return word.Length <= LongestFormat && IsWord(word);
    }

    // Ids and secrets contain more digits than names.
    private static bool IsWord(ReadOnlySpan<char> word)
    {
        var digits = 0;
        foreach (var c in word)
            digits += char.IsAsciiDigit(c) ? 1 : 0;
        return digits <= MostDigits && word.Length > 0 && char.IsAsciiLetter(word[0]);
    }
}
