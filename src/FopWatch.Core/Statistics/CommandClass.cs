using System.Collections.Frozen;
using FopWatch.Jobs;

namespace FopWatch.Statistics;

/// <summary>
/// The class of a job: jobs of a class are taken to need about the same time. It is made of the first words of the first command, such as
/// <c>avthumb/mp4</c>. Commands are written by others, so what is not plainly the name of an operation or a format does not get in: no keys, ids or
/// encoded arguments. A format is named only after an operation whose first argument is one.
/// </summary>
public static class CommandClass
{
    /// <summary>The class of a job whose command is unknown or has no plain name, and of those in excess of <see cref="MostClasses"/>.</summary>
    public const string Other = "other";

    /// <summary>The most classes of a source, besides <see cref="Other"/>.</summary>
    public const int MostClasses = 64;

    /// <summary>The longest name.</summary>
    public const int MaxLength = 48;

    private const string Idle = "idle/";
    private const int LongestOperation = 24;
    private const int LongestFormat = 10;
    private const int MostDigits = 3;

    // Their first argument is the format of what they make, by the documents of Qiniu and Wangsu.
    private static readonly FrozenSet<string> MakesFormat =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "adapt", "avthumb", "avvod", "odconv", "vframe", "vsample");

    /// <summary>The class of a job by what is known of it.</summary>
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
    /// <param name="isIdle">Whether it runs at idle times only.</param>
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

    /// <summary>Whether a class is one of idle-time tasks.</summary>
    /// <param name="name">The name of the class.</param>
    public static bool IsIdle(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(Idle, StringComparison.Ordinal);
    }

    /// <summary>Whether a text may be the name of a class.</summary>
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
        // Lower case only: the words of encoded arguments have capitals.
        foreach (var c in word)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c))
                return false;
        }

        return word.Length <= LongestFormat && IsWord(word);
    }

    // Ids and secrets have more digits than names.
    private static bool IsWord(ReadOnlySpan<char> word)
    {
        var digits = 0;
        foreach (var c in word)
            digits += char.IsAsciiDigit(c) ? 1 : 0;
        return digits <= MostDigits && word.Length > 0 && char.IsAsciiLetter(word[0]);
    }
}
